//! Files attached to a document. They belong to it: who may read it gets them, who may update it adds and takes away.

use erpnext_schema::document::{Document, Extra};

use super::{Error, Site};
use crate::policy::{Denial, Operation, Permit, Reason, WriteState};
use crate::site::{Attachment, Download};

impl Site {
    /// The files attached to a document.
    ///
    /// ```
    /// use erpnext_doctypes::Customer;
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let sample = erpnext_sandbox::Options { sample: Some(1), ..Default::default() };
    /// # let sample = erpnext_sandbox::Sandbox::start(sample).await?;
    /// # let site = erpnext_mcp::Site::connect(&sample.url(), "administrator", "secret")?;
    /// # let name = site.list::<Customer>().page_size(1).fetch().await?.remove(0).name.unwrap_or_default();
    /// site.attach::<Customer>(&name, "note.txt", b"Rings on Fridays.").await?;
    /// let files = site.attachments::<Customer>(&name).await?;
    /// assert_eq!(site.download::<Customer>(&files[0]).await?.bytes, b"Rings on Fridays.");
    /// site.detach::<Customer>(&name, &files[0]).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The policy's or the site's refusal. A policy that withholds fields of the DocType gives no files: any of them may be
    /// the value of such a field.
    pub async fn attachments<D: Document>(&self, name: &str) -> Result<Vec<Attachment>, Error> {
        let permit = self.permit_files::<D>(Operation::Read)?;
        // The document first: who may not read it must not learn of its files.
        self.bound().get(&permit, name).await?;
        Ok(self.bound().attachments(&permit, name).await?)
    }

    /// The bytes of an attached file.
    ///
    /// # Errors
    /// A file that lies elsewhere than on the site, or of another DocType; or as [`Self::attachments`].
    pub async fn download<D: Document>(&self, file: &Attachment) -> Result<Download, Error> {
        let permit = self.permit_files::<D>(Operation::Read)?;
        Ok(self.bound().download(&permit, file).await?)
    }

    /// Attaches a file to a document, for those who may read it. Gives what the site says of it: `name` of its File
    /// document, `file_name`, which may be another than was given, and `file_url`.
    ///
    /// # Errors
    /// The policy's or the site's refusal, or that no answer came.
    pub async fn attach<D: Document>(&self, name: &str, file_name: &str, bytes: &[u8]) -> Result<Extra, Error> {
        let permit = self.permit::<D>(Operation::Update)?;
        let def = self.table::<D>().await?;
        let stored = self.bound().get(&permit, name).await?.data;
        // The document stays as it is.
        let state = WriteState::Changed { stored: &stored, result: &stored };
        let cleared = self.cleared(&permit, def, Some(name), state).await?;
        Ok(self.bound().attach(cleared, file_name, bytes).await?.data)
    }

    /// Deletes a file of the document.
    ///
    /// # Errors
    /// [`Error::NotNow`] where the document has no such file, or as [`Self::attachments`].
    pub async fn detach<D: Document>(&self, name: &str, file: &Attachment) -> Result<(), Error> {
        let permit = self.permit_files::<D>(Operation::Update)?;
        let def = self.table::<D>().await?;
        let stored = self.bound().get(&permit, name).await?.data;
        let held = self.bound().attachments(&permit, name).await?;
        if held.iter().all(|held| held.file() != file.file()) {
            let why = "it has no such file";
            return Err(Error::NotNow { doctype: D::DEF.name(), name: name.to_owned(), why });
        }
        let state = WriteState::Changed { stored: &stored, result: &stored };
        let cleared = self.cleared(&permit, def, Some(name), state).await?;
        self.bound().detach(cleared, file).await?;
        Ok(())
    }

    /// Leave to see which files documents of the DocType have.
    fn permit_files<D: Document>(&self, operation: Operation) -> Result<Permit, Error> {
        let permit = self.permit::<D>(operation)?;
        if permit.fields().is_open() {
            return Ok(permit);
        }
        let why = "fields of it are withheld, and a file may be the value of one".to_owned();
        let doctype = D::DEF.name().to_owned();
        Err(Denial { doctype, operation, reason: Reason::Refused(why) }.into())
    }
}
