//! The rows of a file as documents: each cell as its field takes it, each document by the table, all links in one pass.

use std::collections::{BTreeMap, BTreeSet};

use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, Purpose, Violation};
use futures_util::future::join_all;
use serde_json::{Map, Value, json};

use super::called_off;
use super::columns::Columns;
use super::problems::Problems;
use super::sheet::{Sheet, SheetRow};
use super::value::value;
use crate::documents::{DocTypeCall, titles};
use crate::error::ToolError;
use crate::tool::progress::CallObserver;
use crate::tools::bulk::AT_ONCE;
use crate::writes::links;

/// A link as a row has it: its field and its text, which may be a title.
type Link = (&'static str, String);
/// The name of the document that it leads to, or why that is not clear.
type Named = Result<Value, Vec<Violation>>;

/// The data of each row, in their order, as a create takes it; what is wrong with them is added to the problems.
///
/// # Errors
/// The site's, and that the call was called off. What is wrong with rows is no error here.
pub(super) async fn read(
    on: &DocTypeCall<'_>,
    observer: &CallObserver,
    sheet: &Sheet,
    columns: &Columns,
    problems: &mut Problems,
) -> Result<Vec<Map<String, Value>>, ToolError> {
    let rows: Vec<_> = sheet.rows.iter().map(|row| data(row, columns, sheet.semicolons, problems)).collect();
    let mut docs = Vec::new();
    for (at, data) in rows.iter().enumerate() {
        if observer.is_stopped() {
            return Err(called_off());
        }
        match on.document(Purpose::Create, data).await {
            Ok((on, doc)) => docs.push((at, on.def, doc)),
            Err(error) => add(problems, columns, sheet.rows[at].line, error)?,
        }
    }
    // Each look-up is a request: where there is as much to correct as is told, they are for a later call.
    if problems.is_full() {
        return Ok(rows);
    }
    let named = named(on, observer, &docs).await?;
    for (at, def, doc) in &mut docs {
        for (key, text) in doc.iter_mut() {
            let Some(link) = link(def.field(key), text) else { continue };
            match named.get(&link) {
                Some(Ok(name)) => *text = name.clone(),
                Some(Err(found)) => {
                    found.iter().for_each(|found| add_violation(problems, columns, sheet.rows[*at].line, found));
                }
                None => {}
            }
        }
    }
    docs.retain(|(at, ..)| !problems.has(sheet.rows[*at].line));
    for dead in links::dead_links(on, observer, &docs).await? {
        add_violation(problems, columns, sheet.rows[dead.number].line, &dead.violation);
    }
    if observer.is_stopped() {
        return Err(called_off());
    }
    Ok(rows)
}

/// The cells of a row by their fields.
fn data(row: &SheetRow, columns: &Columns, semicolons: bool, problems: &mut Problems) -> Map<String, Value> {
    let (cells, titles) = (&row.cells, columns.count());
    let is_longer = cells.iter().skip(titles).any(|cell| !cell.trim().is_empty());
    if is_longer || cells.len() < titles {
        let message = format!(
            "has {} cells, and the header has {titles}: a text with the sign that parts cells stands in quotes",
            cells.len()
        );
        problems.add(row.line, "", message);
    }
    let mut data = Map::new();
    for (at, field) in columns.fields() {
        let Some(cell) = cells.get(at) else { continue };
        match value(field, cell, semicolons) {
            Ok(value) => data.extend(value.map(|value| (field.fieldname.to_owned(), value))),
            Err(message) => problems.add(row.line, columns.title(field.fieldname), message),
        }
    }
    data
}

/// What the links of all documents that are given by titles are called, or why that is not clear; each is asked for
/// once.
async fn named(
    on: &DocTypeCall<'_>,
    observer: &CallObserver,
    docs: &[(usize, &'static DocTypeDef, Map<String, Value>)],
) -> Result<BTreeMap<Link, Named>, ToolError> {
    let mut named = BTreeMap::new();
    let all =
        docs.iter().flat_map(|(_, def, doc)| doc.iter().filter_map(move |(key, text)| link(def.field(key), text)));
    let questions: BTreeSet<Link> = all.collect();
    let questions: Vec<Link> = questions.into_iter().collect();
    for some in questions.chunks(AT_ONCE) {
        if observer.is_stopped() {
            return Err(called_off());
        }
        let answers = join_all(some.iter().map(|(field, text)| resolved(on, field, text))).await;
        for (link, answer) in some.iter().zip(answers) {
            named.insert(link.clone(), answer?);
        }
    }
    Ok(named)
}

/// The name of the document that one link leads to.
async fn resolved(on: &DocTypeCall<'_>, field: &str, text: &str) -> Result<Named, ToolError> {
    let doc = Map::from_iter([(field.to_owned(), json!(text))]);
    match titles::resolve(on, doc, &Map::new()).await {
        Ok((mut doc, _)) => Ok(Ok(doc.remove(field).unwrap_or_else(|| json!(text)))),
        Err(ToolError::Arguments { violations, .. }) => Ok(Err(violations)),
        Err(error) => Err(error),
    }
}

fn link(field: Option<&'static FieldDef>, text: &Value) -> Option<Link> {
    let field = field.filter(|field| field.kind == FieldKind::Link)?;
    Some((field.fieldname, text.as_str()?.to_owned()))
}

/// Adds what is wrong with the document of a row.
fn add(problems: &mut Problems, columns: &Columns, line: u64, error: ToolError) -> Result<(), ToolError> {
    let ToolError::Arguments { violations, .. } = error else { return Err(error) };
    violations.iter().for_each(|found| add_violation(problems, columns, line, found));
    Ok(())
}

fn add_violation(problems: &mut Problems, columns: &Columns, line: u64, found: &Violation) {
    let field = found.path.strip_prefix("data.").unwrap_or(&found.path);
    problems.add_violation(line, columns.title(field), found);
}
