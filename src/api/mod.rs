//! The Rust API: ERPNext's documents as typed structs, read and written with the same checks as the tools.

mod beyond;
mod error;
mod files;
mod hung;
mod lifecycle;
mod list;
#[cfg(test)]
mod tests;
mod writing;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use erpnext_schema::document::{self, Document, Extra};
use erpnext_schema::{DocTypeDef, Filter, Purpose, Version, check_document, rows_mut};
use serde_json::{Value, json};

use crate::catalog::{Asker, Catalog, Masks, SiteVersion};
use crate::config::Config;
use crate::document::{Writing, merge};
use crate::policy::{Permit, Policy, WriteState};
use crate::shape::{FOR_READS, FOR_WRITES, Masked, take_unknown};
use crate::site::{Caller, CallerClient, Client, ClientOptions, Credentials, SiteUrl};

pub use crate::config::{ConfigError, ConfigErrors};
pub use crate::policy::{Denial, Operation, Reason};
pub use crate::shape::report::{Column, Table};
pub use crate::site::{Attachment, BadCredentials, BadUrl, Download, SetUpError, SiteError, SiteErrorKind};
pub use error::Error;
pub use list::List;

/// A site, as one user sees it.
///
/// ```
/// use erpnext_doctypes::{Customer, SalesInvoice, SalesInvoiceField as Field};
/// use erpnext_mcp::Site;
/// use erpnext_schema::DocTypeFields;
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let sample = erpnext_sandbox::Options { sample: Some(1), ..Default::default() };
/// # let sample = erpnext_sandbox::Sandbox::start(sample).await?;
/// # let (url, key, secret) = (sample.url(), "administrator", "secret");
/// let site = Site::connect(&url, key, secret)?;
/// let overdue = site
///     .list::<SalesInvoice>()
///     .filter(Field::Status.eq("Overdue"))
///     .fields(&[Field::Customer, Field::OutstandingAmount, Field::DueDate])
///     .order_by(Field::DueDate.asc())
///     .fetch()
///     .await?;
/// for invoice in overdue {
///     let customer: Customer = site.get(invoice.customer.get().unwrap_or_default()).await?;
///     println!("{:?} owes {:?}", customer.customer_name, invoice.outstanding_amount);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Site {
    client: Client,
    caller: Caller,
    policy: Policy,
    /// Whether the policy is another than what the user's rights permit.
    ruled: bool,
    version: SiteVersion,
    catalog: Catalog,
    masks: Masks,
}

impl Site {
    /// A site at `https://…` (or on this machine), as the user of the key. Nothing is sent yet.
    ///
    /// # Errors
    /// An address or a key that cannot be one.
    pub fn connect(url: &str, api_key: &str, api_secret: &str) -> Result<Self, Error> {
        let version = SiteVersion::default();
        Ok(Self {
            client: client(Duration::from_secs(60))?,
            caller: Caller::new(SiteUrl::parse(url, false)?, Credentials::new(api_key.into(), api_secret.into())?),
            policy: Policy::full(),
            ruled: false,
            catalog: Catalog::new(version.clone(), None, false),
            masks: Masks::default(),
            version,
        })
    }

    /// The same, for a site that is known to run this version: then it is not asked for it.
    #[must_use]
    pub fn of_version(self, version: Version) -> Self {
        let version = SiteVersion::new(Some(version));
        Self { catalog: Catalog::new(version.clone(), None, self.ruled), version, ..self }
    }

    /// The same with another time-out than 60 seconds. That of a read holds for all its tries together. After that of a
    /// write, [`Error::Unanswered`] says that nobody knows whether it was done.
    ///
    /// # Errors
    /// An HTTP client that cannot be set up.
    pub fn with_timeout(self, timeout: Duration) -> Result<Self, Error> {
        Ok(Self { client: client(timeout)?, ..self })
    }

    fn bound(&self) -> CallerClient<'_> {
        self.client.as_caller(&self.caller)
    }

    /// The same under the permissions of a configuration file, such as `erpnext-mcp init` writes: DocTypes, fields,
    /// conditions, reports and methods. It asks for no confirmation, as the program's call is one. Without permissions
    /// everything is permitted that the user's rights on the site permit, but for methods.
    ///
    /// ```
    /// use erpnext_doctypes::Customer;
    /// use erpnext_mcp::{Site, api::Error};
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let file = folder.path().join("config.json");
    /// std::fs::write(&file, r#"{"permissions": {"doctypes": {"Customer": {"read": true}}}}"#)?;
    /// let site = Site::connect("https://erp.example.com", "key", "secret")?.with_permissions(&file)?;
    /// let denied = site.delete::<Customer>("CUST-2026-00001").await;
    /// assert!(matches!(denied, Err(Error::Denied(_))), "nothing is sent");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// A file that is no configuration, with all that is wrong in it.
    pub fn with_permissions(self, file: impl AsRef<Path>) -> Result<Self, Error> {
        let config = Config::load_offline(Some(file.as_ref()), &|name| std::env::var(name).ok())?;
        Ok(self.with_policy(Policy::from_config(&config)))
    }

    /// The same under a policy.
    #[doc(hidden)]
    #[must_use]
    pub fn with_policy(self, policy: Policy) -> Self {
        // What the site added is judged by the site's own metadata.
        let catalog = Catalog::new(self.version.clone(), None, true);
        Self { policy: policy.for_programs(), ruled: true, catalog, ..self }
    }

    /// The document of that name.
    ///
    /// # Errors
    /// The policy's or the site's refusal.
    pub async fn get<D: Document>(&self, name: &str) -> Result<D, Error> {
        self.read(&self.permit::<D>(Operation::Read)?, name).await
    }

    /// The document as the site has it now. What it masks is left out (H84).
    async fn read<D: Document>(&self, permit: &Permit, name: &str) -> Result<D, Error> {
        let mut doc = self.bound().get(permit, name).await?.data;
        self.masked::<D>(FOR_READS).await?.take_out(D::DEF.any(), &mut doc);
        Ok(self.typed(permit, doc))
    }

    /// What the site masks for the user; nothing before version 16 (H84).
    async fn masked<D: Document>(&self, age: Duration) -> Result<Arc<Masked>, Error> {
        self.table::<D>().await?;
        if self.version.get() < Version::V16 {
            return Ok(Arc::default());
        }
        Ok(self.asker().masked(D::DEF.name(), age).await?)
    }

    /// That the site masks nothing of the DocType: it would store the masks.
    async fn keeps_values<D: Document>(&self) -> Result<(), Error> {
        let masked = self.masked::<D>(FOR_WRITES).await?;
        match masked.is_empty() {
            true => Ok(()),
            false => Err(Error::Masked { doctype: D::DEF.name(), fields: masked.to_string() }),
        }
    }

    fn asker(&self) -> Asker<'_> {
        Asker { site: self.bound(), masks: &self.masks }
    }

    /// Many documents: set filters, order and page, then fetch.
    pub fn list<D: Document>(&self) -> List<'_, D> {
        List::new(self)
    }

    /// How many documents there are for which all of these hold, as far as the user may see.
    ///
    /// # Errors
    /// The policy's or the site's refusal.
    pub async fn count<D: Document>(&self, filters: impl IntoIterator<Item = Filter>) -> Result<u64, Error> {
        let list = filters.into_iter().fold(self.list::<D>(), |list, filter| list.filter(filter));
        list.count().await
    }

    /// Makes a document and gives it as the site stored it.
    ///
    /// ```
    /// use erpnext_doctypes::{Customer, CustomerCustomerType};
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let sample = erpnext_sandbox::Options { sample: Some(1), ..Default::default() };
    /// # let sample = erpnext_sandbox::Sandbox::start(sample).await?;
    /// # let site = erpnext_mcp::Site::connect(&sample.url(), "administrator", "secret")?;
    /// let mut zod = site
    ///     .insert(&Customer {
    ///         customer_name: Some("Zod Co".to_owned()),
    ///         customer_type: CustomerCustomerType::Company.into(),
    ///         customer_group: "Offices".into(),
    ///         territory: "North".into(),
    ///         ..Customer::default()
    ///     })
    ///     .await?;
    /// zod.website = Some("zod.example".to_owned());
    /// let zod = site.update(&zod).await?;
    /// site.delete::<Customer>(&zod.name.unwrap_or_default()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Every rule that the document breaks, or the policy's or the site's refusal.
    pub async fn insert<D: Document>(&self, doc: &D) -> Result<D, Error> {
        let permit = self.permit::<D>(Operation::Create)?;
        let def = self.table::<D>().await?;
        let mut data = self.without_standard_fields(def, doc.emit());
        if def.is_named_by_creator() {
            data.extend(doc.emit().remove("name").map(|name| ("name".to_owned(), name)));
        }
        let data = self.checked(def, Purpose::Create, &permit, data)?;
        let cleared = self.cleared(&permit, def, None, WriteState::New(&data)).await?;
        let name = self.bound().insert(cleared, &data).await?.data;
        // The site's answer to a write echoes what was sent: only reading tells what it stored (H13).
        self.written(&permit, &name).await
    }

    /// Writes what changed in a document since it was read, and gives it as the site stored it. Rows that are gone from
    /// a table are deleted, rows with a name are changed, rows without one are added; an empty `Vec` changes nothing.
    ///
    /// # Errors
    /// [`Error::Stale`] where somebody else wrote since, every rule that the document breaks, or the policy's or the
    /// site's refusal.
    pub async fn update<D: Document>(&self, doc: &D) -> Result<D, Error> {
        let permit = self.permit::<D>(Operation::Update)?;
        let data = doc.emit();
        let text = |key: &str| data.get(key).and_then(Value::as_str).map(str::to_owned);
        let (Some(name), Some(modified)) = (text("name"), text("modified")) else {
            return Err(Error::NotRead(D::DEF.name()));
        };
        let def = self.table::<D>().await?;
        self.keeps_values::<D>().await?;
        let stored = self.bound().get(&permit, &name).await?.data;
        if stored.get("modified").and_then(Value::as_str) != Some(&modified) {
            return Err(Error::Stale { doctype: D::DEF.name(), name });
        }
        let mut changes = self.without_standard_fields(def, data);
        // As the program was shown it: a value that is withheld is refused whether it is right or wrong.
        let shown: D = self.typed(&permit, stored.clone());
        let was = self.without_standard_fields(def, shown.emit());
        changes.retain(|key, value| was.get(key) != Some(value));
        // The document was read whole: what its tables do not hold any more is meant to go.
        for (_, rows) in changes.iter_mut().filter(|(key, value)| value.is_array() && def.table(key).is_some()) {
            *rows = json!({"rows": rows.take(), "replace": true});
        }
        let changes = self.checked(def, Purpose::Update, &permit, changes)?;
        let writing = Writing { rule: permit.fields(), catalog: &self.catalog };
        let mut body = merge::onto_stored(def, &writing, &stored, &changes).map_err(Error::Invalid)?.body;
        body.insert("modified".to_owned(), Value::from(modified));
        let mut result = stored.clone();
        result.extend(body.clone());
        let state = WriteState::Changed { stored: &stored, result: &result };
        let cleared = self.cleared(&permit, def, Some(&name), state).await?;
        self.bound().update(cleared, &body).await?;
        self.written(&permit, &name).await
    }

    /// Deletes the document of that name.
    ///
    /// # Errors
    /// [`Error::NotNow`] where the site writes the name otherwise; the policy's or the site's refusal.
    pub async fn delete<D: Document>(&self, name: &str) -> Result<(), Error> {
        let permit = self.permit::<D>(Operation::Delete)?;
        let stored = self.bound().get(&permit, name).await?.data;
        writing::exactly::<D>(name, &stored)?;
        let def = self.table::<D>().await?;
        let cleared = self.cleared(&permit, def, Some(name), WriteState::Gone(&stored)).await?;
        self.bound().delete(cleared).await?;
        Ok(())
    }

    fn permit<D: Document>(&self, operation: Operation) -> Result<Permit, Error> {
        Ok(self.policy.permit(operation, D::DEF.name())?)
    }

    async fn know_version(&self) -> Result<(), Error> {
        if !self.version.is_known() {
            self.version.ask(self.bound()).await?;
        }
        Ok(())
    }

    /// The table of the site's version, which is asked for once; any version's where that one has no such DocType. Under a
    /// policy the site's own.
    async fn table<D: Document>(&self) -> Result<&'static DocTypeDef, Error> {
        self.know_version().await?;
        match self.ruled {
            true => Ok(self.catalog.def(self.asker(), D::DEF.name()).await?),
            false => Ok(self.known::<D>()),
        }
    }

    /// As far as it is known here.
    fn known<D: Document>(&self) -> &'static DocTypeDef {
        self.catalog.known(D::DEF.name()).unwrap_or_else(|| D::DEF.any())
    }

    /// The document as the struct holds it, cut to what the policy lets be seen.
    fn typed<D: Document>(&self, permit: &Permit, mut doc: Extra) -> D {
        if self.ruled {
            let (def, children) = (self.known::<D>(), |child: &str| self.catalog.known(child));
            // What no table knows may be what needs naming.
            take_unknown(def, &children, &mut doc);
            permit.fields().cut(Some(def), children, &mut doc);
        }
        let (document, mismatches) = document::read(doc);
        for mismatch in mismatches {
            tracing::debug!("{}: {mismatch}", D::DEF.name());
        }
        document
    }

    /// The fields as the site takes them; those that the table does not know go as they are.
    fn checked(
        &self,
        def: &'static DocTypeDef,
        purpose: Purpose,
        permit: &Permit,
        data: Extra,
    ) -> Result<Extra, Error> {
        let (known, mut extra): (Extra, Extra) =
            data.into_iter().partition(|(key, _)| def.field(key).is_some() || key == "name");
        extra.retain(|key, _| key != "doctype" && !key.starts_with('_'));
        let refused = permit.fields().refused(permit.operation(), Some(def), |child| self.catalog.known(child), &extra);
        if self.ruled && !refused.is_empty() {
            let (doctype, operation) = (def.name.to_owned(), permit.operation());
            return Err(Denial { doctype, operation, reason: Reason::Fields(refused) }.into());
        }
        let writing = Writing { rule: permit.fields(), catalog: &self.catalog };
        let mut wire = check_document(def, purpose, &known, &writing).map_err(Error::Invalid)?;
        wire.extend(extra);
        Ok(wire)
    }

    /// Without the fields that the site keeps itself, in rows too; a row keeps its name.
    fn without_standard_fields(&self, def: &DocTypeDef, mut doc: Extra) -> Extra {
        let standard = |key: &str| key == "doctype" || def.standard_fields().iter().any(|field| field.fieldname == key);
        doc.retain(|key, _| !standard(key));
        let children = |child: &str| self.catalog.known(child);
        for (_, child, value) in def.tables_in_mut(&children, &mut doc) {
            let kept = |key: &str| key == "name" || child.fields.iter().any(|field| field.fieldname == key);
            rows_mut(value).for_each(|row| row.retain(|key, _| kept(key)));
        }
        doc
    }
}

fn client(timeout: Duration) -> Result<Client, SetUpError> {
    Client::new(ClientOptions { timeout, ..ClientOptions::default() })
}
