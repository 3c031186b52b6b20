//! The documents of a file before anything is sent: each by the table, all their links in one pass.

use std::collections::{BTreeMap, BTreeSet};

use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, Purpose, Violation, rows, rows_mut};
use futures_util::future::join_all;
use serde_json::{Map, Value, json};

use super::called_off;
use super::columns::Columns;
use super::entries::Entry;
use super::problems::Problems;
use crate::documents::{DocTypeCall, titles};
use crate::error::ToolError;
use crate::tool::progress::CallObserver;
use crate::tools::bulk::AT_ONCE;
use crate::writes::links;

/// A link as a document has it: the table that it is in, if it is in one, its field, and its text, which may be a title.
type Link = (Option<&'static str>, &'static str, String);
/// The name of the document that it leads to, or why that is not clear.
type Named = Result<Value, Vec<Violation>>;

/// A document as it is sent.
pub(super) struct Checked {
    /// Which entry of the file it is.
    pub at: usize,
    /// Its DocType, as it was checked by.
    pub def: &'static DocTypeDef,
    pub doc: Map<String, Value>,
    /// The links that are titles in the file, by place.
    pub titled: Map<String, Value>,
}

/// The documents as they would be sent, links by the names that they lead to; what is wrong with one is added to the problems,
/// and it is left out.
///
/// # Errors
/// The site's, and that the call was called off. What is wrong with documents is no error here.
pub(super) async fn check(
    on: &DocTypeCall<'_>,
    observer: &CallObserver,
    entries: &[Entry],
    columns: &Columns,
    problems: &mut Problems,
) -> Result<Vec<Checked>, ToolError> {
    let mut docs = Vec::new();
    for (at, entry) in entries.iter().enumerate() {
        if observer.is_stopped() {
            return Err(called_off());
        }
        match on.document(Purpose::Create, &entry.data).await {
            Ok((on, doc)) => docs.push((at, on.def, doc)),
            Err(error) => add(problems, columns, entry, error)?,
        }
    }
    // Each look-up is a request: where there is as much to correct as is told, they are for a later call.
    if problems.is_full() {
        return Ok(Vec::new());
    }
    let named = named(on, observer, &mut docs).await?;
    let mut titled = BTreeMap::new();
    for (at, def, doc) in &mut docs {
        let def: &'static DocTypeDef = def;
        let titled: &mut Map<String, Value> = titled.entry(*at).or_default();
        visit(on, def, doc, &mut |place, link, text| match named.get(&link) {
            Some(Ok(name)) if name != text => {
                titled.insert(place.to_owned(), json!({"given": text, "name": name}));
                *text = name.clone();
            }
            Some(Ok(_)) => {}
            Some(Err(found)) => found.iter().for_each(|found| {
                let found = Violation { path: place.to_owned(), ..found.clone() };
                add_violation(problems, columns, &entries[*at], &found);
            }),
            None => {}
        });
    }
    docs.retain(|(at, ..)| !problems.has_any(&entries[*at].lines));
    for dead in links::dead_links(on, observer, &docs).await? {
        add_violation(problems, columns, &entries[dead.number], &dead.violation);
    }
    if observer.is_stopped() {
        return Err(called_off());
    }
    docs.retain(|(at, ..)| !problems.has_any(&entries[*at].lines));
    let docs = docs.into_iter();
    Ok(docs.map(|(at, def, doc)| Checked { at, def, doc, titled: titled.remove(&at).unwrap_or_default() }).collect())
}

/// What the links of all documents that are given by titles are called, or why that is not clear; each is asked for
/// once.
async fn named(
    on: &DocTypeCall<'_>,
    observer: &CallObserver,
    docs: &mut [(usize, &'static DocTypeDef, Map<String, Value>)],
) -> Result<BTreeMap<Link, Named>, ToolError> {
    let (mut named, mut questions) = (BTreeMap::new(), BTreeSet::new());
    for (_, def, doc) in docs {
        let def: &'static DocTypeDef = def;
        visit(on, def, doc, &mut |_, link, _| {
            questions.insert(link);
        });
    }
    let questions: Vec<Link> = questions.into_iter().collect();
    for some in questions.chunks(AT_ONCE) {
        if observer.is_stopped() {
            return Err(called_off());
        }
        let answers = join_all(some.iter().map(|link| resolved(on, link))).await;
        for (link, answer) in some.iter().zip(answers) {
            named.insert(link.clone(), answer?);
        }
    }
    Ok(named)
}

/// The name of the document that one link leads to.
async fn resolved(on: &DocTypeCall<'_>, (table, field, text): &Link) -> Result<Named, ToolError> {
    let row = Map::from_iter([((*field).to_owned(), json!(text))]);
    let doc = match table {
        Some(table) => Map::from_iter([((*table).to_owned(), json!([row]))]),
        None => row,
    };
    match titles::resolve(on, doc, &Map::new()).await {
        Ok((doc, _)) => {
            let row = match table {
                Some(table) => doc.get(*table).and_then(|value| rows(value).next()),
                None => Some(&doc),
            };
            Ok(Ok(row.and_then(|row| row.get(*field)).cloned().unwrap_or_else(|| json!(text))))
        }
        Err(ToolError::Arguments { violations, .. }) => Ok(Err(violations)),
        Err(error) => Err(error),
    }
}

/// Shows each Link of a document and of its rows, with its place.
fn visit(
    on: &DocTypeCall<'_>,
    def: &'static DocTypeDef,
    doc: &mut Map<String, Value>,
    see: &mut dyn FnMut(&str, Link, &mut Value),
) {
    for (key, value) in doc.iter_mut() {
        let Some(field) = def.field(key) else { continue };
        if let Some(link) = link(None, field, value) {
            see(key, link, value);
        }
        let Some(child) = field.rows_of().and_then(|child| on.session.catalog.known(child)) else { continue };
        for (i, row) in rows_mut(value).enumerate() {
            for (column, value) in row.iter_mut() {
                if let Some(link) = child.field(column).and_then(|of_row| link(Some(field.fieldname), of_row, value)) {
                    see(&format!("{}[{i}].{column}", field.fieldname), link, value);
                }
            }
        }
    }
}

fn link(table: Option<&'static str>, field: &'static FieldDef, text: &Value) -> Option<Link> {
    let text = text.as_str().filter(|_| field.kind == FieldKind::Link)?;
    Some((table, field.fieldname, text.to_owned()))
}

/// Adds what is wrong with a document.
fn add(problems: &mut Problems, columns: &Columns, entry: &Entry, error: ToolError) -> Result<(), ToolError> {
    let ToolError::Arguments { violations, .. } = error else { return Err(error) };
    violations.iter().for_each(|found| add_violation(problems, columns, entry, found));
    Ok(())
}

fn add_violation(problems: &mut Problems, columns: &Columns, entry: &Entry, found: &Violation) {
    let (line, path) = entry.find(found.path.strip_prefix("data.").unwrap_or(&found.path));
    problems.add_violation(line, columns.title(&path), found);
}
