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

/// A link as a document has it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Link {
    /// The table that it is in, if it is in one.
    table: Option<&'static str>,
    field: &'static str,
    /// What may be a title.
    text: String,
    /// The company whose document is meant, where names end with its suffix.
    company: Option<String>,
}
/// The field that says whose document is meant.
const COMPANY: &str = "company";

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

/// The names that the titles in links of all documents stand for, or why that is not clear; each title is asked for once.
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
async fn resolved(on: &DocTypeCall<'_>, link: &Link) -> Result<Named, ToolError> {
    let Link { table, field, text, company } = link;
    let row = Map::from_iter([((*field).to_owned(), json!(text))]);
    let mut doc = match table {
        Some(table) => Map::from_iter([((*table).to_owned(), json!([row]))]),
        None => row,
    };
    doc.extend(company.as_ref().map(|company| (COMPANY.to_owned(), json!(company))));
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
    let company = company_in(doc);
    for (key, value) in doc.iter_mut() {
        let Some(field) = def.field(key) else { continue };
        if let Some(link) = link(on, None, field, value, company.as_deref()) {
            see(key, link, value);
        }
        let Some(child) = field.rows_of().and_then(|child| on.session.catalog.known(child)) else { continue };
        for (i, row) in rows_mut(value).enumerate() {
            let company = company_in(row).or_else(|| company.clone());
            for (column, value) in row.iter_mut() {
                let Some(of_row) = child.field(column) else { continue };
                if let Some(link) = link(on, Some(field.fieldname), of_row, value, company.as_deref()) {
                    see(&format!("{}[{i}].{column}", field.fieldname), link, value);
                }
            }
        }
    }
}

fn company_in(doc: &Map<String, Value>) -> Option<String> {
    doc.get(COMPANY).and_then(Value::as_str).map(str::to_owned)
}

fn link(
    on: &DocTypeCall<'_>,
    table: Option<&'static str>,
    field: &'static FieldDef,
    text: &Value,
    company: Option<&str>,
) -> Option<Link> {
    let text = text.as_str().filter(|_| field.kind == FieldKind::Link)?;
    let target = || on.session.catalog.known(field.target()?);
    let company = company.filter(|_| target().is_some_and(|target| target.may_be_first_part(text)));
    Some(Link { table, field: field.fieldname, text: text.to_owned(), company: company.map(str::to_owned) })
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
