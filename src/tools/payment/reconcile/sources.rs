//! The documents that can be matched as payments, as far as the configuration opens them to this caller.

use serde_json::{Map, Value};

use super::kinds::{ENTRY, PaymentKind};
use crate::context::Session;
use crate::documents::DocTypeCall;
use crate::error::ToolError;
use crate::policy::{Operation, Permit};
use crate::tool::Call;
use crate::tools::erp::PartyType;

/// What the site does with the entry that settles a return.
pub const STEPS: [Operation; 2] = [Operation::Create, Operation::Submit];
/// The columns of the entry that settles a return.
const POSTED: [&str; 7] = [
    "account",
    "party_type",
    "party",
    "debit_in_account_currency",
    "credit_in_account_currency",
    "reference_type",
    "reference_name",
];

/// What is needed to match documents of one kind.
pub struct Permits {
    pub kind: PaymentKind,
    update: Permit,
    read: Permit,
    /// What is matched is posted anew, as by a submit; a return itself is not.
    submit: Option<Permit>,
}

/// The calls on documents of one kind.
pub struct Source<'a> {
    pub kind: PaymentKind,
    pub party_type: PartyType,
    /// The one that changes them.
    pub changed: DocTypeCall<'a>,
    /// The one by which they are seen.
    pub seen: DocTypeCall<'a>,
    pub submit: Option<&'a Permit>,
}

impl Permits {
    /// # Errors
    /// What is not permitted.
    pub async fn of(session: &Session<'_>, kind: PaymentKind, party_type: PartyType) -> Result<Self, ToolError> {
        let doctype = kind.doctype(party_type);
        let update = session.permit(Operation::Update, doctype).await?;
        let submit = match kind {
            PaymentKind::Return => {
                posts(session).await?;
                None
            }
            _ => Some(session.permit(Operation::Submit, doctype).await?),
        };
        Ok(Self { kind, update, submit, read: session.permit(Operation::Read, doctype).await? })
    }
}

/// That the Journal Entry may be made with which the site settles a return. It is the site's own: no condition on one
/// could be judged before.
async fn posts(session: &Session<'_>) -> Result<(), ToolError> {
    let row: Map<String, Value> = POSTED.iter().map(|column| ((*column).to_owned(), Value::Null)).collect();
    let made = Map::from_iter([("accounts".to_owned(), Value::Array(vec![Value::Object(row)]))]);
    for operation in STEPS {
        let permit = session.permit(operation, ENTRY).await?;
        if permit.is_conditional() {
            let what = format!("A condition of this server's configuration is to hold for each {ENTRY}.");
            return Err(ToolError::not_permitted(what));
        }
        let def = DocTypeCall::def_of(session, &permit).await?;
        let children = |child: &str| session.catalog.known(child);
        let refused = permit.fields().refused(operation, Some(def), children, &made);
        refused.first().map_or(Ok(()), |field| Err(ToolError::not_writable(field, ENTRY)))?;
    }
    Ok(())
}

impl<'a> Source<'a> {
    /// # Errors
    /// A field that is withheld and has to be seen or changed; values that the site masks.
    pub async fn of(call: &Call<'a>, permits: &'a Permits, party_type: PartyType) -> Result<Self, ToolError> {
        let Permits { kind, update, read, submit } = permits;
        let (changed, seen) = (DocTypeCall::of(call, update).await?, DocTypeCall::of(call, read).await?);
        changed.keeps_values().await?;
        seen.needs_to_read(kind.shown_by(party_type))?;
        changed.needs_to_update(kind.changes())?;
        Ok(Self { kind: *kind, party_type, changed, seen, submit: submit.as_ref() })
    }
}
