//! The gate that every write passes when all is decided and nothing is sent: conditions, a dry run's end, confirmation,
//! then the record of the intent.

use serde_json::{Map, Value, json};

use super::confirm::About;
use crate::documents::DocTypeCall;
use crate::documents::names::document_name;
use crate::error::ToolError;
use crate::policy::{Denial, Operation, Reason, unforeseen};
use crate::tool::Arguments;

/// A write that was decided and not yet sent.
///
/// The operation is the permit's, the tool and its arguments are the call's.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// The document's name, where it has one already; none too for a batch as a whole, which has neither `stored` nor
    /// `result`: its documents pass the gate one by one as its [`Member`](super::batch::Member)s.
    pub name: Option<&'a str>,
    /// The document as it is stored, where there is one.
    pub stored: Option<&'a Map<String, Value>>,
    /// The document as the write would leave it, as far as is known before the site computes; none for a delete.
    pub result: Option<&'a Map<String, Value>>,
    /// What would change, for the one who is asked: field by field `{"from": …, "to": …}`, or what else there is to say.
    pub preview: &'a Map<String, Value>,
}

impl Step<'_> {
    /// Whether it stands for a batch as a whole.
    fn is_batch(&self) -> bool {
        self.stored.is_none() && self.result.is_none()
    }
}

/// What the gate says.
#[derive(Debug)]
#[must_use]
pub enum Go {
    /// The intent is recorded: send it now.
    Send,
    /// Send nothing: this is the answer, the end of a dry run.
    Answer(Value),
}

impl DocTypeCall<'_> {
    /// Asks the gate. Every write calls this exactly once, directly before it is sent.
    ///
    /// # Errors
    /// A condition that is not satisfied, what is not confirmed yet, or cannot be recorded.
    pub async fn gate(&self, given: &Arguments, step: Step<'_>) -> Result<Go, ToolError> {
        self.gate_as(self.permit.operation(), given, step).await
    }

    /// The same for a write that is confirmed as if it were `operation`, whatever the permit is for.
    ///
    /// # Errors
    /// As [`DocTypeCall::gate`].
    pub async fn gate_as(&self, operation: Operation, given: &Arguments, step: Step<'_>) -> Result<Go, ToolError> {
        self.judge(&step).await?;
        if self.attempt.dry_run {
            // A batch goes on to its documents, each of which ends here.
            return Ok(if step.is_batch() { Go::Send } else { Go::Answer(self.dry(&step)) });
        }
        if !self.in_batch {
            self.confirmed(operation, given, &step)?;
        }
        self.session.audit.intend(self.attempt)?;
        Ok(Go::Send)
    }

    /// The conditions on the document as it is stored, and as the write would leave it.
    pub(crate) async fn judge(&self, step: &Step<'_>) -> Result<(), ToolError> {
        // Of a new document all is known.
        if let Some(stored) = step.stored {
            self.can_be_judged(stored).await?;
        }
        step.stored.map_or(Ok(()), |stored| self.permit.admits_stored(stored))?;
        if let Some(result) = step.result {
            let children = |child: &str| self.session.catalog.known(child);
            let unknown = unforeseen(self.permit.judged_by(), self.def, &children, step.stored, result);
            self.permit.admits_result(result, &unknown)?;
        }
        Ok(())
    }

    /// Refuses to judge by a field that the site does not show to the user: it would be judged as empty, or as 0 (H4).
    async fn can_be_judged(&self, doc: &Map<String, Value>) -> Result<(), ToolError> {
        let document = doc.get("name").and_then(document_name).unwrap_or_default();
        for name in self.permit.judged_by() {
            let (field, column) = name.split_once('.').map_or((name, None), |(field, column)| (field, Some(column)));
            let field = self.def.field(field);
            let child = || field?.target().and_then(|child| self.session.catalog.known(child));
            let judged = column.map_or(field, |column| child()?.field(column));
            let level = judged.map_or(0, |field| field.permlevel).max(field.map_or(0, |field| field.permlevel));
            let may_lie =
                |value: Option<&Value>| value.is_none_or(|value| value.is_null() || value.as_f64() == Some(0.0));
            if level > 0 && (column.is_some() || may_lie(doc.get(name))) && !self.site_shows(&document, level).await? {
                let why = format!("its condition looks at {name}, which the site does not show to this user");
                let (doctype, operation) = (self.def.name.to_owned(), self.permit.operation());
                return Err(Denial { doctype, operation, reason: Reason::Refused(why) }.into());
            }
        }
        Ok(())
    }

    fn confirmed(&self, operation: Operation, given: &Arguments, step: &Step<'_>) -> Result<(), ToolError> {
        let what = match (step.name, self.permit.operation() == operation) {
            (Some(name), true) => format!("{operation} {} {name:?}", self.def.name),
            (Some(name), false) => format!("{} of {} {name:?}", self.tool.name(), self.def.name),
            (None, _) if step.is_batch() => format!("{operation} {} documents", self.def.name),
            (None, _) => format!("{operation} a {}", self.def.name),
        };
        let modified = step.stored.and_then(|stored| stored.get("modified"));
        let about = About { tool: self.tool.name(), doctype: self.def.name, modified, operation, what };
        about.confirmed(self.session, given, || self.shown(step))
    }

    fn dry(&self, step: &Step<'_>) -> Value {
        let mut answer = Map::from_iter([("dry_run".to_owned(), json!(true))]);
        answer.extend(step.name.map(|name| ("name".to_owned(), json!(name))));
        answer.extend(self.shown(step));
        answer.insert(
            "next".to_owned(),
            json!("Nothing was sent. What can be checked without the site's own rules is right."),
        );
        Value::Object(answer)
    }

    /// What the write would do, as far as the caller may see it.
    fn shown(&self, step: &Step<'_>) -> Map<String, Value> {
        let entry = |key: &str, value: Map<String, Value>| Map::from_iter([(key.to_owned(), Value::Object(value))]);
        match (self.permit.operation(), step.stored, step.result) {
            (Operation::Update, Some(_), Some(_)) => entry("would_change", step.preview.clone()),
            (Operation::Create | Operation::Amend, _, Some(result)) => {
                entry("would_create", self.visible(result.clone()))
            }
            (Operation::Delete, Some(stored), _) => entry("would_delete", self.card(stored)),
            (_, Some(stored), _) => {
                let mut shown = entry("document", self.card(stored));
                shown.extend(entry("would_change", step.preview.clone()));
                shown
            }
            _ => step.preview.clone(),
        }
    }
}
