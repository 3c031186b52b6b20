//! What a submittable document goes through: submit, cancel, amend.

use erpnext_schema::document::{Document, Extra};
use serde_json::{Value, json};

use super::writing::exactly;
use super::{Error, Site};
use crate::document::amendment;
use crate::policy::{Operation, Permit, WriteState};

const BY_WORKFLOW: &str = "a workflow of the site decides when this is done; nothing was done";

impl Site {
    /// Submits a draft as it is stored, and gives it as the site has it then. The site submits large documents later, in
    /// the background: those are still drafts.
    ///
    /// ```
    /// use erpnext_doctypes::{SalesOrder, SalesOrderField as Field};
    /// use erpnext_schema::DocTypeFields;
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let sample = erpnext_sandbox::Options { sample: Some(1), ..Default::default() };
    /// # let sample = erpnext_sandbox::Sandbox::start(sample).await?;
    /// # let site = erpnext_mcp::Site::connect(&sample.url(), "administrator", "secret")?;
    /// let drafts = site.list::<SalesOrder>().filter(Field::Docstatus.eq(0)).fetch().await?;
    /// let name = drafts[0].name.clone().unwrap_or_default();
    /// let order: SalesOrder = site.submit(&name).await?;
    /// assert_eq!(order.docstatus, Some(1));
    /// let _: SalesOrder = site.cancel(&name).await?;
    /// let mut draft: SalesOrder = site.amend(&name).await?;
    /// draft.items[0].qty = Some(5.0);
    /// site.update(&draft).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::NotNow`] where it is no draft or a workflow decides (H51), or the policy's or the site's refusal.
    pub async fn submit<D: Document>(&self, name: &str) -> Result<D, Error> {
        let permit = self.permit::<D>(Operation::Submit)?;
        let stored = self.in_state::<D>(&permit, name, 0, "it is no draft: only drafts are submitted").await?;
        if self.bound().transitions(&permit, &stored).await?.is_some() {
            return Err(not_now::<D>(name, BY_WORKFLOW));
        }
        let def = self.table::<D>().await?;
        let result = with_docstatus(&stored, 1);
        let state = WriteState::Changed { stored: &stored, result: &result };
        let cleared = self.cleared(&permit, def, Some(name), state).await?;
        self.bound().submit(cleared, &stored).await?;
        self.written(&permit, name).await
    }

    /// Cancels a submitted document, and gives it as the site has it then. The site cancels large documents later, in the
    /// background: those are still submitted.
    ///
    /// # Errors
    /// [`Error::NotNow`] where it is not submitted or a workflow decides (H51); or the policy's or the site's refusal, as
    /// where submitted documents link to it.
    pub async fn cancel<D: Document>(&self, name: &str) -> Result<D, Error> {
        let permit = self.permit::<D>(Operation::Cancel)?;
        let why = "it is not submitted: only what is submitted is cancelled";
        let stored = self.in_state::<D>(&permit, name, 1, why).await?;
        if self.catalog.state_field(self.asker(), D::DEF.name()).await?.is_some() {
            let workflow = self.bound().workflow(D::DEF.name()).await?;
            if workflow.is_some_and(|workflow| workflow.states.iter().any(|state| state.docstatus == 2)) {
                return Err(not_now::<D>(name, BY_WORKFLOW));
            }
        }
        let def = self.table::<D>().await?;
        let result = with_docstatus(&stored, 2);
        let state = WriteState::Changed { stored: &stored, result: &result };
        let cleared = self.cleared(&permit, def, Some(name), state).await?;
        self.bound().cancel(cleared).await?;
        self.written(&permit, name).await
    }

    /// Makes the new draft of a cancelled document, and gives it as the site stored it.
    ///
    /// # Errors
    /// [`Error::NotNow`] where it is not cancelled or amended already, or the policy's or the site's refusal.
    pub async fn amend<D: Document>(&self, name: &str) -> Result<D, Error> {
        let permit = self.permit::<D>(Operation::Amend)?;
        let why = "it is not cancelled: only what is cancelled is amended";
        let stored = self.in_state::<D>(&permit, name, 2, why).await?;
        if self.bound().is_amended(&permit, name).await? {
            return Err(not_now::<D>(name, "it is amended already; nothing was made"));
        }
        let def = self.table::<D>().await?;
        let mut draft = amendment::draft_of(def, &|child| self.catalog.known(child), name, &stored);
        // A workflow begins anew with a draft: the state of the cancelled one is none that it may begin in.
        if let Some(state) = self.catalog.state_field(self.asker(), D::DEF.name()).await? {
            draft.remove(&state);
        }
        let state = WriteState::Changed { stored: &stored, result: &draft };
        let cleared = self.cleared(&permit, def, None, state).await?;
        let made = self.bound().amend(cleared, &draft).await?.data;
        self.written(&permit, &made).await
    }

    /// The document as it is stored, if it is in this state.
    async fn in_state<D: Document>(
        &self,
        permit: &Permit,
        name: &str,
        docstatus: u64,
        why: &'static str,
    ) -> Result<Extra, Error> {
        self.keeps_values::<D>().await?;
        let stored = self.bound().get(permit, name).await?.data;
        exactly::<D>(name, &stored)?;
        match stored.get("docstatus").and_then(Value::as_u64).unwrap_or_default() == docstatus {
            true => Ok(stored),
            false => Err(not_now::<D>(name, why)),
        }
    }
}

fn not_now<D: Document>(name: &str, why: &'static str) -> Error {
    Error::NotNow { doctype: D::DEF.name(), name: name.to_owned(), why }
}

fn with_docstatus(stored: &Extra, docstatus: u64) -> Extra {
    let mut result = stored.clone();
    result.insert("docstatus".to_owned(), json!(docstatus));
    result
}
