//! Create, update and delete. What was stored is read back, because the site's answer to a write only echoes it (H13).

use erpnext_schema::{FieldDef, Purpose, Violation, check_document, doctype_flag};
use serde_json::{Map, Value, json};

use super::gate::{Go, Step};
use super::{Arguments, On, ToolError, links, titles};
use crate::document::Writing;
use crate::document::merge::{self, Dropped};
use crate::shape;
use crate::site::Kind;

/// Makes a document.
pub async fn create(on: &On<'_>, given: &Arguments) -> Result<Value, ToolError> {
    let (on, doc) = on.document(Purpose::Create, &given.data()).await?;
    let (doc, titled) = titles::resolve(&on, doc, &Map::new()).await?;
    links::check(&on, &doc, &Map::new()).await?;
    let step = Step { name: None, stored: None, result: Some(&doc), preview: &doc };
    if let Go::Answer(answer) = on.gate(given, step).await? {
        return Ok(answer);
    }
    let answer = on.send_create(&doc, given.text("idempotency_key")).await?;
    let Some(name) = answer.data.get("name").and_then(document_name) else {
        return Err(ToolError::refused(format!(
            "The site took the new {} and did not say its name. Look for it with a list before trying again.",
            on.def.name
        )));
    };
    let mut result = Map::from_iter([("created".to_owned(), json!(name))]);
    note_titles(&mut result, titled);
    match on.stored(&name).await {
        Ok(mut stored) => {
            let on = on.knowing(&mut stored).await;
            result.extend(on.summary(&stored));
            note_differences(&on, &mut result, &doc, &stored);
        }
        Err(note) => note_messages(&mut result, vec![note]),
    }
    note_messages(&mut result, answer.messages);
    Ok(Value::Object(result))
}

/// Changes some fields of a document, starting from what is stored, so that nobody's change is overwritten (H9) and no
/// row loses a column (H1).
pub async fn update(on: &On<'_>, given: &Arguments) -> Result<Value, ToolError> {
    let name = on.name(given);
    let data = given.data();
    if data.is_empty() {
        return Err(ToolError::refused("data: no field to change. Name at least one."));
    }
    let (on, changes) = on.document(Purpose::Update, &data).await?;
    let mut before = on.app.site.get(&on.app.caller, on.permit, name).await?.data;
    named_exactly(&on, name, &before)?;
    let (changes, titled) = titles::resolve(&on, changes, &before).await?;
    let mut body = merge::onto_stored(on.def, &before, changes.clone(), Dropped::Refuse)
        .map_err(|found| ToolError::arguments(on.tool, found))?;
    links::check(&on, &changes, &before).await?;
    if let Some(modified) = before.get("modified") {
        body.insert("modified".to_owned(), modified.clone());
    }
    let mut result = before.clone();
    result.extend(body.clone());
    let step = Step { name: Some(name), stored: Some(&before), result: Some(&result), preview: &changes };
    if let Go::Answer(answer) = on.gate(given, step).await? {
        return Ok(answer);
    }
    let answer = match on.send_update(name, &before, &body).await {
        Ok(answer) => answer,
        Err(ToolError::Site(error)) if error.kind() == Kind::Stale => {
            return Err(ToolError::refused(format!(
                "{} {name:?} was changed by somebody else between reading and writing; nothing was changed. \
                 Read it again, see whether the change is still right, and repeat the update.",
                on.def.name
            )));
        }
        Err(error) => return Err(error),
    };
    let mut result = Map::from_iter([("updated".to_owned(), json!(name))]);
    note_titles(&mut result, titled);
    match on.stored(name).await {
        Ok(mut after) => {
            on.knowing(&mut before).await;
            let on = on.knowing(&mut after).await;
            let (before, shown) = (on.visible(before), on.visible(after.clone()));
            result.insert("changed".to_owned(), Value::Object(merge::changes(&before, &shown)));
            note_differences(&on, &mut result, &changes, &after);
        }
        Err(note) => note_messages(&mut result, vec![note]),
    }
    note_messages(&mut result, answer.messages);
    Ok(Value::Object(result))
}

/// Deletes a document, once that was confirmed.
pub async fn delete(on: &On<'_>, given: &Arguments) -> Result<Value, ToolError> {
    let name = on.name(given);
    let stored = on.app.site.get(&on.app.caller, on.permit, name).await?.data;
    named_exactly(on, name, &stored)?;
    let step = Step { name: Some(name), stored: Some(&stored), result: None, preview: &Map::new() };
    if let Go::Answer(answer) = on.gate(given, step).await? {
        return Ok(answer);
    }
    let answer = on.send_delete(name, &stored).await?;
    let mut result = Map::from_iter([("deleted".to_owned(), json!(name))]);
    note_messages(&mut result, answer.messages);
    Ok(Value::Object(result))
}

impl<'a> On<'a> {
    /// The data as the site stores it.
    pub(super) async fn document(
        &self,
        purpose: Purpose,
        data: &Map<String, Value>,
    ) -> Result<(On<'a>, Map<String, Value>), ToolError> {
        let in_data = |violation: Violation| Violation { path: format!("data.{}", violation.path), ..violation };
        self.checked(|on| {
            let writing = Writing { rule: on.permit.fields(), catalog: &on.app.catalog };
            let checked = check_document(on.def, purpose, data, &writing);
            checked.map_err(|found| found.into_iter().map(in_data).collect())
        })
        .await
    }

    /// The document as it is stored now, or a note that says why that is not known.
    pub(super) async fn stored(&self, name: &str) -> Result<Map<String, Value>, String> {
        let answer = self.app.site.get(&self.app.caller, self.permit, name).await;
        answer.map(|answer| answer.data).map_err(|error| {
            if error.kind() == Kind::OutOfSight {
                return "written; it is not among the documents that may be read, so what the site stored is not told"
                    .to_owned();
            }
            tracing::warn!("reading back: {}", error.for_log());
            "written, but reading it back failed: what the site stored is not known; get the document to see it"
                .to_owned()
        })
    }

    pub(super) fn visible(&self, doc: Map<String, Value>) -> Map<String, Value> {
        shape::document(self.def, self.permit, &|child| self.app.catalog.known(child), doc).document
    }

    /// The few fields that tell which document it is and in which state.
    pub(super) fn summary(&self, stored: &Map<String, Value>) -> Map<String, Value> {
        let submittable = self.def.is(doctype_flag::SUBMITTABLE);
        let shown =
            |name: &str| name == "status" || name == "docstatus" && submittable || self.def.title_field == Some(name);
        let visible = self.visible(stored.clone());
        visible.into_iter().filter(|(key, _)| shown(key)).collect()
    }
}

/// The site takes a name in another case, with other accents or a space at its end for the same (H26): what is to be
/// changed has to be named as it is.
pub(super) fn named_exactly(on: &On<'_>, name: &str, stored: &Map<String, Value>) -> Result<(), ToolError> {
    match stored.get("name").and_then(document_name) {
        Some(right) if right != name => Err(ToolError::refused(format!(
            "name: there is no {} named exactly {name:?}, and nothing was changed; did you mean {right:?}?",
            on.def.name
        ))),
        _ => Ok(()),
    }
}

/// Names of documents are texts, or numbers where the database counts.
pub(super) fn document_name(value: &Value) -> Option<String> {
    match value {
        Value::String(name) => Some(name.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Says where the site stored something else than was sent (H7, H12, H13), as far as the caller may see it.
fn note_differences(
    on: &On<'_>,
    result: &mut Map<String, Value>,
    sent: &Map<String, Value>,
    stored: &Map<String, Value>,
) {
    let rule = on.permit.fields();
    let may_see = |table: Option<&FieldDef>, field: &FieldDef| match table {
        Some(table) => rule.may_read_child(table, field),
        None => rule.may_read(field),
    };
    let differences = merge::differences(on.def, &|child| on.app.catalog.known(child), &may_see, sent, stored);
    if !differences.is_empty() {
        result.insert("stored_differently".to_owned(), Value::Object(differences));
    }
}

/// Says which names were put in the place of titles.
fn note_titles(result: &mut Map<String, Value>, titled: Map<String, Value>) {
    if !titled.is_empty() {
        result.insert("links_by_title".to_owned(), Value::Object(titled));
    }
}

pub(super) fn note_messages(result: &mut Map<String, Value>, messages: Vec<String>) {
    if messages.is_empty() {
        return;
    }
    let notes = result.entry("messages").or_insert_with(|| json!([]));
    if let Some(notes) = notes.as_array_mut() {
        notes.extend(messages.into_iter().map(Value::from));
    }
}
