//! The columns of a list that lie beyond its documents: rows of a table as rows within the row, and fields of linked
//! documents.

use std::collections::{BTreeMap, BTreeSet};

use erpnext_schema::{FieldDef, counted, with_article};
use serde_json::{Map, Value};

use crate::documents::DocTypeCall;
use crate::error::ToolError;
use crate::policy::{Filter, Rows};
use crate::query::beyond::{At, FieldOrigin, Neighbours};
use crate::shape;
use crate::site::{ListQuery, PageRow};

type Row = Map<String, Value>;

/// The most rows that one answer reads; documents whose rows would be more are on the next page.
const MOST_ROWS: usize = 5_000;
/// How many documents the rows are read of at once.
const AT_ONCE: usize = 100;

/// One column of the answer.
enum Column {
    /// The rows of a table, each with these columns.
    Rows(Rows, Vec<&'static FieldDef>),
    /// A field of the document that the Link names.
    Linked(&'static FieldDef, &'static FieldDef),
}

/// What was read beside a page of documents.
pub(super) struct Beyond {
    /// The columns by their names: `items(item_code, qty)`, `customer.territory`.
    pub columns: Vec<String>,
    /// Their values, for each document.
    pub cells: Vec<Vec<Value>>,
    /// What has to be said of them.
    pub notes: Vec<String>,
    /// Whether a text was cut.
    pub cut: bool,
}

/// Reads the columns for each of the documents, or for as many from the first on as an answer holds the rows of.
///
/// # Errors
/// The site's; more rows in the first documents than an answer holds.
pub(super) async fn read(
    on: &DocTypeCall<'_>,
    neighbours: &Neighbours,
    asked: &[At],
    query: &ListQuery,
    page: &[PageRow],
) -> Result<Beyond, ToolError> {
    let columns = columns(asked);
    // Only what lies beyond them takes them as objects.
    let documents: Vec<Row> = page.iter().filter(|_| !asked.is_empty()).map(PageRow::to_object).collect();
    let mut read = Beyond {
        columns: columns.iter().map(Column::label).collect(),
        cells: vec![Vec::new(); page.len()],
        notes: Vec::new(),
        cut: false,
    };
    let links = linked(on, neighbours, asked, &documents).await?;
    for column in &columns {
        match column {
            Column::Rows(rows, fields) => read.rows(on, *rows, fields, query, &documents).await?,
            Column::Linked(by, field) => read.linked(neighbours, &links, by, field, &documents),
        }
    }
    Ok(read)
}

impl Beyond {
    async fn rows(
        &mut self,
        on: &DocTypeCall<'_>,
        rows: Rows,
        fields: &[&'static FieldDef],
        query: &ListQuery,
        documents: &[Row],
    ) -> Result<(), ToolError> {
        if on.session.catalog.known(rows.doctype).is_none() {
            return Ok(());
        }
        let filters: Vec<Filter> = query.filters.iter().filter(|filter| filter.rows == Some(rows)).cloned().collect();
        let documents = &documents[..self.cells.len()];
        let mut of: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        let (mut whole, mut count) = (0, 0);
        for some in documents.chunks(AT_ONCE) {
            if count >= MOST_ROWS {
                break;
            }
            let parents: Vec<Value> = some.iter().filter_map(|document| document.get("name").cloned()).collect();
            let Some(found) = on.rows_of(rows, &parents, fields, &filters, MOST_ROWS).await? else {
                if whole > 0 {
                    break;
                }
                let what =
                    format!("The first {} documents have more than {MOST_ROWS} rows in {}.", some.len(), rows.table);
                let next = format!("Call with a lower limit, or filter by columns of {}.", rows.table);
                return Err(ToolError::refused(what, next));
            };
            whole += some.len();
            count += found.len();
            for mut row in found {
                let Some(parent) = row.remove("parent").as_ref().and_then(Value::as_str).map(str::to_owned) else {
                    continue;
                };
                let cells = shape::cells(fields, row, &mut self.cut);
                of.entry(parent).or_default().push(Value::Array(cells));
            }
        }
        self.cells.truncate(whole);
        for (cells, document) in self.cells.iter_mut().zip(documents) {
            let rows = document.get("name").and_then(Value::as_str).and_then(|name| of.remove(name));
            cells.push(Value::Array(rows.unwrap_or_default()));
        }
        if !filters.is_empty() && !documents.is_empty() {
            self.notes.push(format!("of {} only the rows that fit the filters are shown", rows.table));
        }
        Ok(())
    }

    fn linked(
        &mut self,
        neighbours: &Neighbours,
        links: &BTreeMap<&str, BTreeMap<String, Row>>,
        by: &'static FieldDef,
        field: &'static FieldDef,
        documents: &[Row],
    ) {
        let Some(Ok(there)) = by.target().and_then(|target| neighbours.get(target)) else { return };
        let found = links.get(by.fieldname);
        let mut unseen = 0;
        for (cells, document) in self.cells.iter_mut().zip(documents) {
            let name = document.get(by.fieldname).and_then(Value::as_str).filter(|name| !name.is_empty());
            let row = name.and_then(|name| found?.get(name));
            unseen += usize::from(name.is_some() && row.is_none());
            let mut shaped = row.map(|row| shape::cells(&[field], row.clone(), &mut self.cut));
            cells.push(shaped.as_mut().and_then(Vec::pop).unwrap_or_default());
        }
        if unseen > 0 {
            let label = At { place: FieldOrigin::Linked(by), field }.label();
            let one = with_article(there.def.name);
            let (documents, ending) = (counted(unseen, "document"), if unseen == 1 { "s" } else { "" });
            self.notes.push(format!("{label}: {documents} name{ending} {one} that you may not see"));
        }
    }
}

impl Column {
    fn label(&self) -> String {
        match self {
            Self::Rows(rows, fields) => {
                let fields: Vec<&str> = fields.iter().map(|field| field.fieldname).collect();
                format!("{}({})", rows.table, fields.join(", "))
            }
            Self::Linked(by, field) => At { place: FieldOrigin::Linked(by), field }.label(),
        }
    }
}

/// The columns of one table together, where the first of them was asked for.
fn columns(asked: &[At]) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    for at in asked {
        match at.place {
            FieldOrigin::Own => {}
            FieldOrigin::Linked(by) => columns.push(Column::Linked(by, at.field)),
            FieldOrigin::Rows(rows) => {
                let known = columns.iter_mut().find_map(|column| match column {
                    Column::Rows(of, fields) if *of == rows => Some(fields),
                    _ => None,
                });
                match known {
                    Some(fields) => fields.push(at.field),
                    None => columns.push(Column::Rows(rows, vec![at.field])),
                }
            }
        }
    }
    columns
}

/// The documents that those of the page link to, by the Link and their names.
pub(crate) async fn linked(
    on: &DocTypeCall<'_>,
    neighbours: &Neighbours,
    asked: &[At],
    documents: &[Row],
) -> Result<BTreeMap<&'static str, BTreeMap<String, Row>>, ToolError> {
    let mut fields: BTreeMap<&str, (&FieldDef, Vec<&'static FieldDef>)> = BTreeMap::new();
    for at in asked {
        if let FieldOrigin::Linked(by) = at.place {
            fields.entry(by.fieldname).or_insert((by, Vec::new())).1.push(at.field);
        }
    }
    let mut links = BTreeMap::new();
    for (name, (by, fields)) in fields {
        let Some(Ok(there)) = by.target().and_then(|target| neighbours.get(target)) else { continue };
        let values = documents.iter().filter_map(|document| document.get(name)?.as_str());
        let names: BTreeSet<&str> = values.filter(|value| !value.is_empty()).collect();
        links.insert(name, on.fields_of(there, &names, &fields).await?);
    }
    Ok(links)
}
