//! What all writes of a program share: their clearance, and the document after them.

use erpnext_schema::DocTypeDef;
use erpnext_schema::document::{Document, Extra};

use super::{Error, Site};
use crate::audit::{Attempt, Audit, Recorded};
use crate::cleared::{Cleared, Confirmed};
use crate::documents::names::document_name;
use crate::policy::{Denial, Operation, Permit, Reason, WriteState};

/// That the site knows the document by just this name: it finds it in other letters, and with spaces at the end (H26).
///
/// # Errors
/// [`Error::NotNow`].
pub(super) fn exactly<D: Document>(name: &str, stored: &Extra) -> Result<(), Error> {
    if stored.get("name").and_then(document_name).is_some_and(|known| known == name) {
        return Ok(());
    }
    let why = "the site writes its name otherwise; nothing was done";
    Err(Error::NotNow { doctype: D::DEF.name(), name: name.to_owned(), why })
}

impl Site {
    /// The clearance for a write of a program: its conditions are judged, and those on what it hangs on; its call is the
    /// confirmation; and it keeps no audit log, unless of its own.
    pub(super) async fn cleared<'a>(
        &self,
        permit: &'a Permit,
        def: &DocTypeDef,
        name: Option<&'a str>,
        state: WriteState<'_>,
    ) -> Result<Cleared<'a>, Error> {
        self.judge_hung(permit, state).await?;
        let admitted = permit.admits(state, def, &|child| self.catalog.known(child))?;
        let (confirmed, recorded) = self.proofs(def.name, permit.operation())?;
        Ok(Cleared::new(admitted, name, confirmed, recorded))
    }

    /// The document after a write that the site did.
    pub(super) async fn written<D: Document>(&self, permit: &Permit, name: &str) -> Result<D, Error> {
        self.read(permit, name).await.map_err(|error| match error {
            Error::Site(error) => Error::Unread { doctype: D::DEF.name(), name: name.to_owned(), error },
            other => other,
        })
    }

    /// What a program's call stands for: the confirmation, and the record.
    pub(super) fn proofs(&self, of: &str, operation: Operation) -> Result<(Confirmed, Recorded), Error> {
        let no = |why: &str| {
            let (doctype, reason) = (of.to_owned(), Reason::Refused(why.to_owned()));
            Error::Denied(Denial { doctype, operation, reason })
        };
        let confirmed = Confirmed::unasked(&self.policy, operation, true).ok_or_else(|| no("it asks for a person"))?;
        let recorded = Audit::default().intend(&Attempt::default()).map_err(|error| no(&error.to_string()))?;
        Ok((confirmed, recorded))
    }
}
