//! An update of a document that somebody else changed meanwhile (H9): who changed what, and what the update wanted.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::context::last_shown::Document;
use crate::document::changes::{self, Change, Row, What};
use crate::document::fingerprint::Fingerprint;
use crate::document::overlaid;
use crate::documents::DocTypeCall;
use crate::error::ToolError;
use crate::policy::Operation;
use crate::shape;
use crate::shape::history::Reader;

/// An update that comes too late.
pub(crate) struct Stale<'a> {
    /// The document.
    pub name: &'a str,
    /// The `modified` of the version that was read.
    pub read: &'a str,
    /// That version, where it is known.
    pub before: Option<&'a Map<String, Value>>,
    /// What was to be changed, as the data gives it.
    pub changes: &'a Map<String, Value>,
}

impl DocTypeCall<'_> {
    /// Remembers which version of a document the caller was shown; of none that nothing is known any more.
    pub(crate) fn was_shown(&self, name: &str, doc: Option<&Map<String, Value>>) {
        self.was_shown_as(name, doc.and_then(Fingerprint::of));
    }

    /// The same where it is known which version it is.
    pub(crate) fn was_shown_as(&self, name: &str, version: Option<Fingerprint>) {
        self.session.user.last_shown.note(self.of_document(name), version);
    }

    /// Whether the caller was last shown this version, which is shown again; of none that nothing is known.
    pub(crate) fn is_shown_again(&self, name: &str, version: Option<&str>) -> bool {
        match version {
            Some(version) => self.session.user.last_shown.again(&self.of_document(name), version),
            None => {
                self.was_shown_as(name, None);
                true
            }
        }
    }

    /// The version of a document that the caller was shown last.
    pub(crate) fn last_shown(&self, name: &str) -> Option<Arc<Fingerprint>> {
        self.session.user.last_shown.of(&self.of_document(name))
    }

    /// Remembers of a write of unknown outcome which version it began from, and no value of it. It may be done by the time that
    /// it is repeated, and would be done to what it made: rows would be added twice.
    pub(crate) fn note_unsettled(&self, name: &str, before: &Map<String, Value>, error: &ToolError) {
        if matches!(error, ToolError::Unsettled { .. }) {
            self.was_shown_as(name, Fingerprint::unsettled(before));
        }
    }

    /// Refuses what done twice would be two, where the document was changed since a write of unknown outcome began.
    ///
    /// # Errors
    /// That it was.
    pub(crate) fn not_done_by_now(&self, name: &str, stored: &Map<String, Value>) -> Result<(), ToolError> {
        if !self.last_shown(name).is_some_and(|shown| shown.is_unsettled() && !shown.is_of(stored)) {
            return Ok(());
        }
        Err(ToolError::refused(
            format!(
                "{} {name:?} was changed since an earlier call of unknown outcome began, perhaps by that; nothing was sent.",
                self.def.name
            ),
            "Read it and see what is still to be done, then call again for that.",
        ))
    }

    fn of_document(&self, name: &str) -> Document {
        Document { session: self.session.caller.session.clone(), doctype: self.def.name, name: name.to_owned() }
    }

    /// Refuses a step on a document as a whole, where somebody changed it since the caller was shown it.
    ///
    /// # Errors
    /// That it was, by whom and how, unless `overwrite` says that it is meant all the same.
    pub(crate) async fn as_last_shown(
        &self,
        name: &str,
        stored: &Map<String, Value>,
        overwrite: bool,
    ) -> Result<(), ToolError> {
        // Who is asked first is shown the document as it is now.
        let is_asked = self.confirmed.is_some() || self.attempt.dry_run || self.must_ask();
        let shown = self.last_shown(name).filter(|shown| !overwrite && !is_asked && !shown.is_of(stored));
        let Some(shown) = shown else { return Ok(()) };
        let children = |child: &str| self.session.catalog.known(child);
        if !shown.was_changed_by_hand(self.def, &children, stored) {
            return Ok(());
        }
        let stale = Stale { name, read: shown.modified(), before: None, changes: &Map::new() };
        let mut now = stored.clone();
        let on = self.with_live_metadata(&mut now).await;
        let lines = stale.lines(&on, &now).await;
        Err(ToolError::refused(
            format!(
                "{} {name:?} was changed since you were shown it ({:?}); nothing was done.{}",
                self.def.name,
                shown.modified(),
                lines.concat()
            ),
            "Read it again and see whether this is still right, then repeat the call; \"overwrite\": true does it in any case.",
        ))
    }
}

impl Stale<'_> {
    /// The error that tells both sides, from the document as it is stored now.
    pub async fn told(&self, on: &DocTypeCall<'_>, mut now: Map<String, Value>) -> ToolError {
        let on = on.with_live_metadata(&mut now).await;
        let lines = self.lines(&on, &now).await;
        let modified = shape::text_of(&now, "modified");
        ToolError::refused(
            format!(
                "{} {:?} was changed since it was read ({:?}); nothing was changed now.{}\n{}",
                on.def.name,
                self.name,
                self.read,
                lines.concat(),
                self.wanted(&on, &now)
            ),
            format!(
                "Read it again, see whether the change is still right, and repeat the update with \"modified\": {modified:?}; \
                 \"overwrite\": true does it in any case."
            ),
        )
    }

    /// The same where the document cannot be read any more.
    pub fn untold(&self, on: &DocTypeCall<'_>) -> ToolError {
        ToolError::refused(
            format!(
                "{} {:?} was changed by somebody else between reading and writing; nothing was changed.",
                on.def.name, self.name
            ),
            "Read it again, see whether the change is still right, and repeat the update.",
        )
    }

    /// A line for each change since; without versions one for the last of them.
    async fn lines(&self, on: &DocTypeCall<'_>, now: &Map<String, Value>) -> Vec<String> {
        let mut lines = self.versions(on, now).await;
        if lines.is_empty() {
            let mut before = self.before.cloned();
            if let Some(before) = &mut before {
                on.with_live_metadata(before).await;
            }
            lines.push(self.last(on, before.as_ref(), now));
        }
        lines
    }

    /// A line for each change since, where the site keeps versions and they may be read.
    async fn versions(&self, on: &DocTypeCall<'_>, now: &Map<String, Value>) -> Vec<String> {
        let session = on.session;
        let Ok(permit) = session.permit(Operation::Read, on.def.name).await else { return Vec::new() };
        let children = |child: &str| session.catalog.known(child);
        let document = shape::document(on.def, &permit, &children, now.clone()).document;
        let beside = futures_util::try_join!(session.site.docinfo(&permit, self.name), on.hidden_beside(&document));
        let (info, hidden) = match beside {
            Ok(known) => known,
            Err(error) => {
                tracing::warn!("versions of {}: {}", on.def.name, error.for_log());
                return Vec::new();
            }
        };
        let reader = Reader {
            def: on.def,
            children: &children,
            rule: permit.fields(),
            hidden: &hidden,
            document: &document,
            emails: false,
            approvals: false,
            files: Some(&[]),
        };
        let mut since: Vec<(String, Value)> = Vec::new();
        for entry in reader.entries(&info) {
            let at = entry["at"].as_str().unwrap_or_default();
            let a_change = matches!(entry["what"].as_str(), Some("changed" | "submitted" | "cancelled"));
            if a_change && at >= self.read {
                since.push((at.to_owned(), entry));
            }
        }
        since.reverse();
        // The first may be what made the version that was read: the site notes it some moments after its `modified`.
        let is_new = now.get("creation").and_then(Value::as_str) == Some(self.read);
        let made_it = |at: &str| at == self.read || since.len() > 1 && !is_new && soon(self.read, at);
        if since.first().is_some_and(|(at, _)| made_it(at)) {
            since.remove(0);
        }
        since
            .iter()
            .map(|(at, entry)| self.line(entry["by"].as_str(), at, entry["what"].as_str(), read(entry)))
            .collect()
    }

    /// What is known without versions: the last one who changed it, and what differs from the version that was read.
    fn last(&self, on: &DocTypeCall<'_>, before: Option<&Map<String, Value>>, now: &Map<String, Value>) -> String {
        let changes = before.map(|before| on.changes(before, now)).unwrap_or_default();
        let seen = on.visible(now.clone());
        let text = |key: &str| seen.get(key).and_then(Value::as_str);
        self.line(text("modified_by"), text("modified").unwrap_or_default(), None, changes)
    }

    fn line(&self, by: Option<&str>, at: &str, what: Option<&str>, changes: Vec<Change>) -> String {
        let mut changes = changes::without_echoes(changes, &[]);
        // What both want to change comes first.
        changes.sort_by_key(|change| !self.is_about(change));
        let what = what.filter(|what| *what != "changed").map_or_else(String::new, |what| format!("{what}; "));
        let told = if changes.is_empty() { "which fields is not known".to_owned() } else { changes::told(&changes) };
        let by = by.map_or_else(String::new, |by| format!("by {by} "));
        format!("\n- {by}at {at}: {what}{told}")
    }

    fn is_about(&self, change: &Change) -> bool {
        match (&change.row, &change.what) {
            (Some(row), What::Value { field, .. }) => {
                self.changes.get(&row.table).is_some_and(|table| names_column(table, field))
            }
            (Some(row), _) => self.changes.contains_key(&row.table),
            (None, What::Value { field, .. }) => self.changes.contains_key(field),
            (None, _) => false,
        }
    }

    /// What the update would make of the document as it is now.
    fn wanted(&self, on: &DocTypeCall<'_>, now: &Map<String, Value>) -> String {
        let merged = match on.merged(now, self.changes) {
            Ok(merged) => merged,
            Err(ToolError::Arguments { violations, .. }) => {
                let why: Vec<String> = violations.iter().map(ToString::to_string).collect();
                return format!("Your change does not fit it any more: {}", why.join("; "));
            }
            Err(error) => return error.for_model(),
        };
        let changes = on.changes(now, &overlaid(now, &merged.body));
        match changes.is_empty() {
            true => "Your change would change nothing that may be seen.".to_owned(),
            false => format!("You wanted: {}.", changes::told(&changes)),
        }
    }
}

/// Whether the change of a table speaks of this column, in any of its parts.
fn names_column(table: &Value, column: &str) -> bool {
    match table {
        Value::Array(rows) => rows.iter().any(|row| row.get(column).is_some()),
        Value::Object(parts) => parts.values().any(|rows| names_column(rows, column)),
        _ => false,
    }
}

/// The changes of one entry of a history.
fn read(entry: &Value) -> Vec<Change> {
    let value = |(field, change): (&String, &Value)| What::Value {
        field: field.clone(),
        from: change["from"].clone(),
        to: change["to"].clone(),
    };
    let fields =
        |entry: &Value| -> Vec<What> { entry["changes"].as_object().into_iter().flatten().map(value).collect() };
    let mut changes: Vec<Change> = fields(entry).into_iter().map(|what| Change { row: None, what }).collect();
    for (at, row) in entry["rows"].as_array().into_iter().flatten().enumerate() {
        let table = row["table"].as_str().unwrap_or_default();
        let place = |called: &Value| {
            Some(Row { table: table.to_owned(), at, called: called.as_object().cloned().unwrap_or_default() })
        };
        if row["added"].is_object() {
            changes.push(Change { row: place(&row["added"]), what: What::Added });
        } else if row["removed"].is_object() {
            changes.push(Change { row: place(&row["removed"]), what: What::Removed });
        } else {
            changes.extend(fields(row).into_iter().map(|what| Change { row: place(&row["row"]), what }));
        }
    }
    changes
}

/// Whether the later of two times of the site comes within two seconds.
fn soon(earlier: &str, later: &str) -> bool {
    use erpnext_schema::time::parse_datetime;
    let (Ok(earlier), Ok(later)) = (parse_datetime(earlier), parse_datetime(later)) else { return false };
    later.duration_since(earlier) <= jiff::SignedDuration::from_secs(2)
}
