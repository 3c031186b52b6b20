//! The gate that every write passes when all is decided and nothing is sent: conditions, a dry run's end, confirmation,
//! then the record of the intent.

use std::sync::Arc;

use erpnext_schema::with_article;
use serde_json::{Map, Value, json};

use super::confirm::{About, BESIDE, Shown, unasked};
use super::{asked_for, hung, links};
use crate::answer::ToolAnswer;
use crate::cleared::{Cleared, Confirmed};
use crate::documents::DocTypeCall;
use crate::documents::names::document_name;
use crate::error::ToolError;
use crate::policy::{Admitted, Denial, Operation, Reason, WriteState};
use crate::shape::present;

/// The end of every dry run.
const DRY: &str = "Dry run: nothing was sent. Local checks passed; the site's own rules were not run.";

/// Cuts the dry run of one row of a batch to what is of that row alone: what would be done, and as messages what is said of
/// it, such as fields that have to be given.
pub(crate) fn of_a_row(mut would: ToolAnswer) -> ToolAnswer {
    would.data.shift_remove("dry_run");
    let next = would.data.shift_remove("next");
    let rest = next.as_ref().and_then(Value::as_str).and_then(|next| next.strip_prefix(DRY)).map(str::trim);
    would.messages.extend(rest.filter(|rest| !rest.is_empty()).map(str::to_owned));
    would
}

/// A write to one document that was decided and not yet sent.
///
/// The operation is the permit's, the tool and its arguments are the call's.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// The document's name, where it has one already.
    pub name: Option<&'a str>,
    /// The document, before and after.
    pub state: WriteState<'a>,
    /// What would change, for the one who is asked: field by field `{"from": …, "to": …}`, or what else there is to say.
    /// Of a new document it is what stands beside it, and `would_create` where it is shown otherwise than it is sent.
    pub preview: &'a Map<String, Value>,
}

/// What the gate says.
#[derive(Debug)]
#[must_use]
pub enum Go<'a> {
    /// The intent is recorded: send it now.
    Send(Cleared<'a>),
    /// Send nothing: this is the answer, the end of a dry run.
    Answer(ToolAnswer),
}

impl<'a> DocTypeCall<'a> {
    /// Asks the gate. Every write calls this exactly once, directly before it is sent.
    ///
    /// # Errors
    /// A condition that is not satisfied, what is not confirmed yet, or cannot be recorded.
    pub async fn gate<'s>(&self, step: Step<'s>) -> Result<Go<'s>, ToolError>
    where
        'a: 's,
    {
        self.gate_as(self.permit.operation(), step).await
    }

    /// The same for a write that is confirmed as if it were `operation`, whatever the permit is for.
    ///
    /// # Errors
    /// As [`DocTypeCall::gate`].
    pub async fn gate_as<'s>(&self, operation: Operation, step: Step<'s>) -> Result<Go<'s>, ToolError>
    where
        'a: 's,
    {
        let admitted = self.judge(&step).await?;
        let operation = self.within_quota(operation, &step).await?;
        let is_shown = self.is_shown_first() || self.confirmed.is_none() && self.must_ask_as(operation, false);
        // Nobody is shown what stands in the place of a document's values (H84).
        if is_shown && step.state.stored().is_some() {
            self.masked().await?;
        }
        if self.attempt.dry_run {
            return Ok(Go::Answer(self.dry(&step).into()));
        }
        let confirmed = match self.confirmed {
            Some(confirmed) => confirmed,
            None => self.ask(operation, &step).await?,
        };
        let recorded = self.intend().await?;
        Ok(Go::Send(Cleared::new(admitted, step.name, confirmed, recorded)))
    }

    /// Whether a later step would pass conditions and quota, before the first one is taken. The gate judges it again.
    ///
    /// # Errors
    /// A condition that is not satisfied, a quota that has no room.
    pub async fn would_pass(&self, step: &Step<'_>) -> Result<(), ToolError> {
        drop(self.judge(step).await?);
        self.within_quota(self.permit.operation(), step).await.map(drop)
    }

    /// Whether somebody has to be asked about this call before anything is sent.
    pub fn must_ask(&self) -> bool {
        self.must_ask_as(self.permit.operation(), false)
    }

    /// The same for what is confirmed as if it were `operation`, or `always`.
    pub fn must_ask_as(&self, operation: Operation, always: bool) -> bool {
        let said = self.given.write.confirm == Some(true);
        !self.attempt.dry_run && unasked(self.session.policy, operation, always, said).is_none()
    }

    /// Whether somebody looks at what would be done before it is done: in a dry run, or because they are asked.
    pub fn is_shown_first(&self) -> bool {
        let asks = self.must_ask() || self.session.quota.confirm_above.is_some();
        self.attempt.dry_run || asks && self.confirmed.is_none()
    }

    /// Asks about a batch as a whole, whose documents then pass the gate one by one as its
    /// [`Member`](super::batch::Member)s, with this confirmation; none in a dry run, which ends at each of them. `state` is
    /// that of every document, with what would be done to it. It is confirmed as `operation`, or `always`.
    ///
    /// # Errors
    /// What is not confirmed yet, or cannot be recorded.
    pub async fn gate_batch(
        &self,
        operation: Operation,
        always: bool,
        preview: &Map<String, Value>,
        state: &Value,
    ) -> Result<Option<Confirmed>, ToolError> {
        if self.attempt.dry_run {
            return Ok(None);
        }
        let what = format!("{} {} documents", self.permit.operation(), self.def.name);
        let tool = self.tool.name();
        let about = About { tool, doctype: self.def.name, state: Some(state), operation, always, what };
        let confirmed = about.confirmed(self.session, self.given, || preview.clone()).await?;
        self.session.audit.intend_batch(self.attempt)?;
        Ok(Some(confirmed))
    }

    /// The conditions on the document as it is stored, and as the write would leave it, and on what it hangs on.
    pub(crate) async fn judge(&self, step: &Step<'_>) -> Result<Admitted<'a>, ToolError> {
        let stored = step.state.stored();
        // Of a new document all is known.
        if let Some(stored) = stored {
            self.can_be_judged(stored).await?;
        }
        hung::judge(self, step.state).await?;
        let result = match step.state.result() {
            Some(result) if self.permit.is_conditional() => Some(links::as_stored(self, result.clone(), stored).await),
            _ => None,
        };
        let state = result.as_ref().map_or(step.state, |result| step.state.with_result(result));
        Ok(self.permit.admits(state, self.def, &|child| self.session.catalog.known(child))?)
    }

    /// Refuses to judge by a field that the site does not show to the user: it would be judged as empty, as 0 (H4), or by a
    /// mask (H84).
    pub(super) async fn can_be_judged(&self, doc: &Map<String, Value>) -> Result<(), ToolError> {
        let document = doc.get("name").and_then(document_name).unwrap_or_default();
        let masked = if self.permit.is_conditional() { self.masked().await? } else { Arc::default() };
        for name in self.permit.judged_by() {
            let (field, column) = name.split_once('.').map_or((name, None), |(field, column)| (field, Some(column)));
            let field = self.def.field(field);
            let child = || field?.target().and_then(|child| self.session.catalog.known(child));
            let judged = column.map_or(field, |column| child()?.field(column));
            let level = judged.map_or(0, |field| field.permlevel).max(field.map_or(0, |field| field.permlevel));
            let may_lie =
                |value: Option<&Value>| value.is_none_or(|value| value.is_null() || value.as_f64() == Some(0.0));
            let is_masked = match column {
                None => masked.hides(self.def.name, name),
                Some(column) => child().is_some_and(|child| masked.hides(child.name, column)),
            };
            let is_above = level > 0 && (column.is_some() || may_lie(doc.get(name)));
            if is_masked || is_above && !self.site_shows(Some(&document), level).await? {
                let why = format!("its condition looks at {name}, which the site does not show to this user");
                let (doctype, operation) = (self.def.name.to_owned(), self.permit.operation());
                return Err(Denial { doctype, operation, reason: Reason::Refused(why) }.into());
            }
        }
        Ok(())
    }

    async fn ask(&self, operation: Operation, step: &Step<'_>) -> Result<Confirmed, ToolError> {
        let what = match (step.name, self.permit.operation() == operation) {
            (Some(name), true) => format!("{operation} {} {name:?}", self.def.name),
            (Some(name), false) => format!("{} of {} {name:?}", self.tool.name(), self.def.name),
            (None, true) => format!("{operation} {}", with_article(self.def.name)),
            (None, false) => format!("{}: a new {}", self.tool.name(), self.def.name),
        };
        let state = step.state.stored().and_then(|stored| stored.get("modified"));
        let about = About { tool: self.tool.name(), doctype: self.def.name, state, operation, always: false, what };
        let shown = || Shown { entries: self.shown(step), stated: self.stated(step) };
        about.confirmed(self.session, self.given, shown).await
    }

    /// What the document says before and after the write, as far as the caller may see it, such as its currency. Of a new
    /// document all is shown as what would be made.
    fn stated(&self, step: &Step<'_>) -> Map<String, Value> {
        let Some(stored) = step.state.stored() else { return Map::new() };
        let mut stated = self.visible(stored.clone());
        stated.retain(|key, value| step.state.result().is_none_or(|result| result.get(key) == Some(&*value)));
        stated
    }

    fn dry(&self, step: &Step<'_>) -> Map<String, Value> {
        let mut answer = Map::from_iter([("dry_run".to_owned(), json!(true))]);
        answer.extend(step.name.map(|name| ("name".to_owned(), json!(name))));
        let modified = step.state.stored().and_then(|stored| stored.get("modified"));
        answer.extend(modified.map(|modified| ("modified".to_owned(), modified.clone())));
        answer.extend(self.shown(step));
        let mut next = DRY.to_owned();
        next.push_str(&step.state.result().map(|doc| asked_for::told(self, doc)).unwrap_or_default());
        answer.insert("next".to_owned(), json!(next));
        answer
    }

    /// What the write would do, as far as the caller may see it.
    fn shown(&self, step: &Step<'_>) -> Map<String, Value> {
        let entry = |key: &str, value: Map<String, Value>| Map::from_iter([(key.to_owned(), Value::Object(value))]);
        let changes = || -> Map<String, Value> {
            let is_beside = |(key, _): &(String, Value)| BESIDE.contains(&key.as_str());
            let (beside, changed): (Map<_, _>, Map<_, _>) = step.preview.clone().into_iter().partition(is_beside);
            let mut shown = entry("would_change", changed);
            shown.extend(beside);
            shown
        };
        match (self.permit.operation(), step.state.stored(), step.state.result()) {
            (Operation::Update, Some(_), Some(_)) => changes(),
            (Operation::Amend, _, Some(result)) => {
                let mut draft = self.visible(result.clone());
                let zeros = present::draft(self.def, &|child| self.session.catalog.known(child), &mut draft);
                let mut shown = entry("would_create", draft);
                shown.extend(zeros.then(|| ("note".to_owned(), json!("fields that hold 0 are left out"))));
                shown.extend(step.preview.clone());
                shown
            }
            (Operation::Create, _, Some(result)) => {
                let mut shown = step.preview.clone();
                shown.entry("would_create").or_insert_with(|| Value::Object(self.visible(result.clone())));
                shown
            }
            (Operation::Delete, Some(stored), _) => {
                let mut shown = entry("would_delete", self.card(stored));
                shown.extend(step.preview.clone());
                shown
            }
            (_, Some(stored), _) => {
                let mut shown = entry("document", self.card(stored));
                shown.extend(changes());
                shown
            }
            _ => step.preview.clone(),
        }
    }
}
