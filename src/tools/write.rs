//! Create, update and delete. What was stored is read back, because the site's answer to a write only echoes it (H13).

use std::time::Instant;

use erpnext_schema::{DocTypeDef, Purpose, Rule, Violation, check_document};
use serde_json::{Map, Value, json};

use crate::answer::{Made, ToolAnswer};
use crate::cleared::Cleared;
use crate::context::recent_creates::MADE_BEFORE;
use crate::document::changes::{self, Change};
use crate::document::outcome::{self, Verdict};
use crate::document::{Writing, merge, overlaid, unpack};
use crate::documents::names::named_exactly;
use crate::documents::{DocTypeCall, file_fields, suggest, titles};
use crate::error::ToolError;
use crate::policy::WriteState;
use crate::site::{Answer, Kind, SiteError, WriteError, unreachable};
use crate::tool::document_args::{CreateArgs, NameArgs, UpdateArgs};
use crate::writes::conflict::Stale;
use crate::writes::gate::{Go, Step};
use crate::writes::report::note_titles;
use crate::writes::send::{Next, Write, send};
use crate::writes::{links, protected_fields};

/// The most rows of a table that one create takes.
const MOST_ROWS: usize = 1_000;

/// Makes a document.
pub async fn create(on: &DocTypeCall<'_>, args: &CreateArgs) -> Result<ToolAnswer, ToolError> {
    let (on, doc) = on.document(Purpose::Create, &args.data).await?;
    let (doc, titled) = titles::resolve(&on, doc, &Map::new()).await?;
    links::check(&on, &doc, &Map::new()).await?;
    file_fields::check(&on, &doc, None).await?;
    let mut key = on.hold_key(args.idempotency_key.as_deref()).await?;
    let before = on.made_before(key.as_mut()).await?;
    let made_before = before.is_some();
    let Answer { data: name, messages: said } = match before {
        Some(name) => Answer { data: name, messages: vec![MADE_BEFORE.to_owned()] },
        None => {
            let step = Step { name: None, state: WriteState::New(&doc), preview: &doc };
            let cleared = match on.gate(step).await? {
                Go::Send(cleared) => cleared,
                Go::Answer(answer) => return Ok(answer),
            };
            match on.send_create(cleared, &doc, key, None).await {
                Ok(answer) => answer,
                Err(error) => return Err(suggest::named(&on, error, &[&doc]).await),
            }
        }
    };
    let mut result = Map::from_iter([("created".to_owned(), json!(name))]);
    let mut messages = Vec::new();
    note_titles(&mut result, titled);
    match on.stored(&name).await {
        Ok(mut stored) => {
            on.note_violation(&mut result, &stored);
            let on = on.with_live_metadata(&mut stored).await;
            result.extend(on.summary(&stored));
            messages.extend(on.name_taken(&doc, &name));
            on.note_differences(&mut result, &Map::new(), &doc, &stored);
            on.note_document(&mut result, args.return_document, stored);
        }
        Err(note) => messages.push(note),
    }
    messages.extend(said);
    Ok(ToolAnswer { made: Some(Made { name, before: made_before }), messages, ..result.into() })
}

/// Changes some fields of a document, starting from what is stored, so that nobody's change is overwritten (H9) and no
/// row loses a column (H1).
pub async fn update(on: &DocTypeCall<'_>, args: &UpdateArgs) -> Result<ToolAnswer, ToolError> {
    on.keeps_values().await?;
    let name = on.name(&args.name);
    if args.data.is_empty() {
        return Err(ToolError::refused("data: no field to change.", "Name at least one."));
    }
    let (on, changes) = on.document(Purpose::Update, &args.data).await?;
    let mut before = on.session.site.get(on.permit, name).await?.data;
    named_exactly(&on, name, &before)?;
    let read = args.modified.as_deref();
    if let Some(read) = read.filter(|read| before.get("modified").and_then(Value::as_str) != Some(read)) {
        return Err(Stale { name, read, before: None, changes: &changes }.told(&on, before).await);
    }
    let (changes, titled) = titles::resolve(&on, changes, &before).await?;
    let mut merged = on.merged(&before, &changes)?;
    links::check_merged(&on, &merged, &before).await?;
    file_fields::check(&on, &merged.body, Some((name, &before))).await?;
    let modified = before.get("modified").cloned();
    merged.body.extend(modified.map(|modified| ("modified".to_owned(), modified)));
    let result = overlaid(&before, &merged.body);
    let preview = on.preview(&before, &result, &changes);
    let state = WriteState::Changed { stored: &before, result: &result };
    let cleared = match on.gate(Step { name: Some(name), state, preview: &preview }).await? {
        Go::Send(cleared) => cleared,
        Go::Answer(answer) => return Ok(answer),
    };
    let answer = match send(on.session, &Update { on: &on, name, before: &before, merged: &merged }, cleared).await {
        Ok(answer) => answer,
        Err(ToolError::Site(error)) if error.kind() == Kind::Stale => {
            let read = before.get("modified").and_then(Value::as_str).unwrap_or_default();
            let stale = Stale { name, read, before: Some(&before), changes: &changes };
            return Err(match on.stored(name).await {
                Ok(now) => stale.told(&on, now).await,
                Err(_) => stale.untold(&on),
            });
        }
        Err(error) => return Err(suggest::named(&on, error, &[&merged.given]).await),
    };
    let mut result = Map::from_iter([("updated".to_owned(), json!(name))]);
    let mut messages = Vec::new();
    match on.stored(name).await {
        Ok(mut after) => {
            on.note_violation(&mut result, &after);
            on.with_live_metadata(&mut before).await;
            let on = on.with_live_metadata(&mut after).await;
            result.extend(on.state(&after));
            let changes = on.changes(&before, &after);
            let (asked, besides): (Vec<Change>, Vec<Change>) =
                changes.into_iter().partition(|change| change.is_given(&merged.given));
            result.insert("changed".to_owned(), Value::Object(changes::shown(&asked)));
            let besides = changes::without_echoes(besides, &asked);
            if !besides.is_empty() {
                result.insert("also_changed".to_owned(), Value::Object(changes::shown(&besides)));
            }
            note_titles(&mut result, titled);
            on.note_differences(&mut result, &before, &merged.given, &after);
            on.note_document(&mut result, args.return_document, after);
        }
        Err(note) => {
            note_titles(&mut result, titled);
            messages.push(note);
        }
    }
    messages.extend(answer.messages);
    Ok(ToolAnswer { messages, ..result.into() })
}

/// Deletes a document, once that was confirmed.
pub async fn delete(on: &DocTypeCall<'_>, args: &NameArgs) -> Result<ToolAnswer, ToolError> {
    let name = on.name(&args.name);
    let stored = on.session.site.get(on.permit, name).await?.data;
    named_exactly(on, name, &stored)?;
    if stored.get("docstatus").and_then(Value::as_u64) == Some(1) {
        return Err(ToolError::refused(
            format!(
                "{} {name:?} is submitted, and the site deletes no submitted document; nothing was sent.",
                on.def.name
            ),
            "Cancel it first, if that is meant.",
        ));
    }
    let step = Step { name: Some(name), state: WriteState::Gone(&stored), preview: &Map::new() };
    let cleared = match on.gate(step).await? {
        Go::Send(cleared) => cleared,
        Go::Answer(answer) => return Ok(answer),
    };
    let answer = send(on.session, &Delete { on, name, before: &stored }, cleared).await?;
    let result = Map::from_iter([("deleted".to_owned(), json!(name))]);
    Ok(ToolAnswer { messages: answer.messages, ..result.into() })
}

/// Changed fields of a document that was read as `before`.
struct Update<'a> {
    on: &'a DocTypeCall<'a>,
    name: &'a str,
    before: &'a Map<String, Value>,
    merged: &'a merge::Merged,
}

impl<'a> Write for Update<'a> {
    type Leave = Cleared<'a>;
    type Made = ();

    async fn send(&self, cleared: Cleared<'a>) -> Result<Answer<()>, WriteError> {
        self.on.session.site.update(cleared, &self.merged.body).await
    }

    async fn read_back(&self, _: Instant) -> Result<Verdict, SiteError> {
        let now = self.on.now(self.name).await?;
        let child = |name: &str| self.on.session.catalog.known(name);
        Ok(outcome::of_update(self.on.def, &child, self.before, &self.merged.given, now.as_ref()))
    }

    fn what(&self) -> String {
        self.on.doing(self.name)
    }

    fn next(&self) -> Next {
        self.on.read_it(self.name)
    }
}

/// The end of a document that was read as `before`.
struct Delete<'a> {
    on: &'a DocTypeCall<'a>,
    name: &'a str,
    before: &'a Map<String, Value>,
}

impl<'a> Write for Delete<'a> {
    type Leave = Cleared<'a>;
    type Made = ();

    async fn send(&self, cleared: Cleared<'a>) -> Result<Answer<()>, WriteError> {
        self.on.session.site.delete(cleared).await
    }

    async fn read_back(&self, _: Instant) -> Result<Verdict, SiteError> {
        Ok(outcome::of_delete(self.before, self.on.now(self.name).await?.as_ref()))
    }

    fn what(&self) -> String {
        self.on.doing(self.name)
    }

    fn next(&self) -> Next {
        self.on.read_it(self.name)
    }
}

impl<'a> DocTypeCall<'a> {
    /// The document as it is now; nothing where it is not there.
    pub(crate) async fn now(&self, name: &str) -> Result<Option<Map<String, Value>>, SiteError> {
        match self.session.site.get(self.permit, name).await {
            Ok(now) => Ok(Some(now.data)),
            Err(error) if error.kind() == Kind::Missing => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What is done, in words: `update of ToDo "x"`.
    pub(crate) fn doing(&self, name: &str) -> String {
        format!("{} of {} {name:?}", self.permit.operation(), self.def.name)
    }

    /// That the document itself shows whether something was done.
    pub(crate) fn read_it(&self, name: &str) -> Next {
        Next::Look(format!("read {} {name:?}", self.def.name))
    }

    /// The data as the site stores it.
    pub(crate) async fn document(
        &self,
        purpose: Purpose,
        data: &Map<String, Value>,
    ) -> Result<(DocTypeCall<'a>, Map<String, Value>), ToolError> {
        let data = &self.local_data(data).await?;
        let in_data = |violation: Violation| Violation { path: format!("data.{}", violation.path), ..violation };
        let checked = self.checked(|on| {
            let data = &*unpack::tables(on.def, purpose, data);
            let checked = check_document(on.def, purpose, data, &on.writing());
            let checked = checked.and_then(|doc| match bad_name(on.def, &doc) {
                Some(found) if purpose == Purpose::Create => Err(vec![found]),
                _ => Ok(doc),
            });
            checked.map_err(|found| {
                found.into_iter().map(in_data).map(|found| protected_fields::named(on, data, found)).collect()
            })
        });
        let (on, doc) = checked.await?;
        if purpose == Purpose::Create {
            few_rows(&on, &doc)?;
        }
        protected_fields::check(&on, &doc).await?;
        Ok((on, doc))
    }

    /// The changes laid onto the stored document.
    pub(crate) fn merged(
        &self,
        stored: &Map<String, Value>,
        changes: &Map<String, Value>,
    ) -> Result<merge::Merged, ToolError> {
        let merged = merge::onto_stored(self.def, &self.writing(), stored, changes);
        merged.map_err(|found| ToolError::arguments(self.tool.name(), found))
    }

    fn writing(&self) -> Writing<'a> {
        Writing { rule: self.permit.fields(), catalog: self.session.catalog }
    }
}

/// Refuses tables that one create should not bring: each of their links may cost a look-up.
fn few_rows(on: &DocTypeCall<'_>, data: &Map<String, Value>) -> Result<(), ToolError> {
    let rows = data.iter().filter_map(|(key, value)| Some((key, value.as_array()?.len())));
    let violations: Vec<_> = rows
        .filter(|(_, rows)| *rows > MOST_ROWS)
        .map(|(key, rows)| Violation {
            path: format!("data.{key}"),
            rule: Rule::Value,
            message: format!(
                "{rows} rows; one create takes at most {MOST_ROWS} of a table: create it with those, then add the others by updates"
            ),
            nearest: None,
        })
        .collect();
    if violations.is_empty() { Ok(()) } else { Err(ToolError::arguments(on.tool.name(), violations)) }
}

/// The site takes names for new documents that no address leads to (H48): nobody could read them back, change or delete
/// them, and the address of one may be that of another.
fn bad_name(def: &DocTypeDef, doc: &Map<String, Value>) -> Option<Violation> {
    let by = if def.is_named_by_creator() { "name" } else { def.autoname?.strip_prefix("field:")? };
    let rule = unreachable(doc.get(by)?.as_str()?.trim())?;
    let message = format!("names the document, and {rule}");
    Some(Violation { path: by.to_owned(), rule: Rule::Value, message, nearest: None })
}
