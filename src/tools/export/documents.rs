//! `export_documents`: all documents that a list would give, in a file.

use std::collections::BTreeMap;

use erpnext_schema::{FieldDef, FieldKind, Order, Rule, Verb, Violation};
use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::patience::Patience;
use super::place::{self, ExportTarget};
use super::seen::{Excerpt, SOME, Source};
use super::sheet::{Holds, Sheet};
use super::{Format, fits, keep, may_leave, offered};
use crate::answer::{ToolAnswer, note_of};
use crate::context::Session;
use crate::documents::DocTypeCall;
use crate::documents::beyond::{PAGE, neighbours};
use crate::documents::names::document_name;
use crate::error::ToolError;
use crate::policy::{Filter, Operation, Rows};
use crate::query::beyond::{At, FieldOrigin as Stands, Neighbours};
use crate::query::compare::notes_on_filters;
use crate::query::reader::Reader;
use crate::shape::Masked;
use crate::site::{self, ListQuery};
use crate::tool::kinds::{DocTypeName, FieldNames, Filters};
use crate::tool::spec::handler;
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset};
use crate::tools::list::beyond::linked;

type Row = Map<String, Value>;

/// Documents in a file.
pub static DOCUMENTS: ToolSpec = ToolSpec {
    name: "export_documents",
    title: "Export documents to a file",
    description: "Writes all documents that fit the filters, up to 100,000 rows, to a new CSV or XLSX file (spreadsheet); \
                  gives its path or resource, rows and SHA-256. No row passes through you.",
    toolset: Toolset::Data,
    operation: Operation::Export,
    effect: Effect::Reads,
    offered,
    special: Special::NONE,
    handler: handler!(DocumentsArgs, export),
};

#[derive(Deserialize, JsonSchema)]
struct DocumentsArgs {
    doctype: DocTypeName,
    filters: Option<Filters>,
    or_filters: Option<Filters>,
    /// ["*"] for all; items.qty gives a line for each row of items, customer.territory a linked field
    fields: Option<FieldNames>,
    /// csv unless file_name says
    format: Option<Format>,
    /// of the new file, without a folder
    file_name: Option<String>,
}

/// What is asked of the site, and what becomes of it.
struct Asked {
    query: ListQuery,
    /// The table that has a line for each of its rows, with the columns of these that are wanted.
    rows: Option<(Rows, Vec<&'static FieldDef>)>,
    beyond: Vec<At>,
    columns: Vec<Column>,
}

/// A column of the file, and where its values come from.
struct Column {
    label: String,
    holds: Holds,
    from: From,
}

enum From {
    Own,
    Row(&'static str),
    Linked(&'static str, &'static str),
}

async fn export(call: Call<'_>, args: DocumentsArgs) -> Result<ToolAnswer, ToolError> {
    let session = call.session;
    let place = ExportTarget::of(&call, &args.doctype, args.file_name.as_deref(), args.format).await?;
    may_leave(&call, &args.doctype).await?;
    let permit = session.permit(Operation::Read, &args.doctype).await?;
    let on = DocTypeCall::of(&call, &permit).await?;
    on.fits(Verb::List)?;
    let hidden = on.hidden().await?;
    let resolved = on.resolved_filters(args.filters.as_deref(), args.or_filters.as_deref()).await?;
    let mut neighbours = neighbours(&on, args.fields.as_deref().unwrap_or_default()).await?;
    close_to_exports(session, &mut neighbours).await?;
    let given = (resolved.filters.as_ref(), resolved.or_filters.as_ref());
    let check = |on: &DocTypeCall<'_>| ask(on, given, args.fields.as_deref(), &neighbours, &hidden);
    let (mut on, mut asked) = on.checked(check).await?;
    let mut patience = Patience::default();
    // A column that the site does not have shows at the first page; then all is asked by the site's metadata.
    let first = session.site.list(on.permit, &ListQuery { limit: 1, ..asked.query.clone() }).await;
    if let Err(error) = first
        && error.column().is_some()
    {
        on = on.mended(error).await?;
        asked = check(&on).map_err(|found| ToolError::arguments(on.tool.name(), found))?;
    }
    let (on, asked, neighbours) = (&on, &asked, &neighbours);
    let query = &asked.query;
    let count = || -> BoxFuture<'_, Result<u64, ToolError>> {
        let counted = session.site.count(on.permit, &query.filters, &query.or_filters, None);
        Box::pin(async move { Ok(counted.await?) })
    };
    let total = patience.ask(call.observer, count).await?;
    fits(total, "The documents")?;
    let columns = asked.columns.iter().map(|column| (column.label.clone(), column.holds)).collect();
    let mut sheet = Sheet::begin(place.directory, place.format, columns).map_err(place::unwritable)?;
    let (mut done, mut unseen, mut after) = (0, 0, None);
    let every = usize::try_from(total).unwrap_or(usize::MAX).div_ceil(SOME).max(1);
    let mut excerpts = asked.excerpts(on);
    loop {
        call.observer.tell(done, usize::try_from(total).unwrap_or(usize::MAX).max(done));
        let room = usize::try_from(super::MOST.saturating_sub(sheet.rows())).unwrap_or(usize::MAX);
        let from: Option<&Value> = after.as_ref();
        let read = || -> BoxFuture<'_, Result<Page, ToolError>> { Box::pin(page(on, asked, neighbours, from, room)) };
        let mut here = patience.ask(call.observer, read).await?;
        let spread = here.documents.iter().enumerate().filter(|(at, _)| (done + at).is_multiple_of(every));
        spread.for_each(|(_, document)| here.note(&mut excerpts, document));
        here.write_to((&place, &mut sheet), &asked.columns, &mut unseen)?;
        fits(sheet.rows(), "The rows of these documents")?;
        done += here.documents.len();
        after = here.documents.last().and_then(|row| row.get("name")).cloned();
        if here.documents.len() < PAGE {
            break;
        }
        drop(here);
        site::let_go();
    }
    call.observer.tell(done, done);
    let mut notes = resolved.notes;
    notes.extend(notes_on_filters(on.def, query.filters.iter().chain(&query.or_filters)));
    if unseen > 0 {
        notes.push(format!("{unseen} cells are empty as the user may not see the document that is linked to"));
    }
    let source = Source::Documents(excerpts.into_values().collect());
    let mut answer = keep(&call, on.def.name, place, sheet, source).await?;
    if let Some((rows, _)) = &asked.rows {
        answer.data.insert("documents".to_owned(), json!(done));
        notes.push(format!("a line for each row of {}: what the document itself says is repeated", rows.table));
    }
    notes.extend(answer.data.get("note").and_then(Value::as_str).map(str::to_owned));
    answer.data.extend(note_of(&notes));
    Ok(answer)
}

/// Closes the DocTypes that are linked to where they may be read and not exported.
async fn close_to_exports(session: &Session<'_>, neighbours: &mut Neighbours) -> Result<(), ToolError> {
    for (doctype, there) in neighbours {
        if let Err(denial) = session.policy.permit(Operation::Export, doctype) {
            *there = Err(denial.for_model());
        } else if there.is_ok() && !session.site.may(Operation::Export, doctype).await? {
            *there = Err(format!("the site's user has no right to export {doctype}"));
        }
    }
    Ok(())
}

fn ask(
    on: &DocTypeCall<'_>,
    (filters, or_filters): (Option<&Value>, Option<&Value>),
    fields: Option<&[String]>,
    neighbours: &Neighbours,
    hidden: &Masked,
) -> Result<Asked, Vec<Violation>> {
    let session = on.session;
    let children = |child: &str| session.catalog.known(child);
    let mut reader = Reader::new(on.def, on.permit.fields()).with_rows(&children).with_trees(session.policy);
    reader = reader.with_masked(hidden).with_neighbours(neighbours);
    let filters = reader.filters("filters", filters);
    let or_filters = reader.choices("or_filters", or_filters);
    let mut columns = reader.fields(fields);
    let beyond = reader.beyond(fields, &mut columns);
    let own = columns.iter().map(|name| Column {
        label: name.clone(),
        holds: on.def.field(name).map_or(Holds::Other, holds),
        from: From::Own,
    });
    let mut shown: Vec<Column> = own.collect();
    let mut rows: Option<(Rows, Vec<&'static FieldDef>)> = None;
    for at in &beyond {
        let from = match at.place {
            Stands::Own => From::Own,
            Stands::Linked(by) => {
                if !columns.iter().any(|name| name == by.fieldname) {
                    columns.push(by.fieldname.to_owned());
                }
                From::Linked(by.fieldname, at.field.fieldname)
            }
            Stands::Rows(of) => {
                let (known, wanted) = rows.get_or_insert((of, Vec::new()));
                if *known != of {
                    let message = format!("lines are of one table, and {} has some already", known.table);
                    reader.wrong(&format!("fields: {}", at.label()), Rule::Value, message, None);
                }
                wanted.push(at.field);
                From::Row(at.field.fieldname)
            }
        };
        shown.push(Column { label: at.label(), holds: holds(at.field), from });
    }
    let query = ListQuery { fields: columns, filters, or_filters, limit: 500, ..ListQuery::default() };
    let query = ListQuery { order_by: vec![Order::asc("name")], ..query };
    reader.done(Asked { query, rows, beyond, columns: shown })
}

fn holds(field: &FieldDef) -> Holds {
    match field.kind {
        FieldKind::Date => Holds::Date,
        FieldKind::Datetime => Holds::Datetime,
        _ => Holds::Other,
    }
}

impl Asked {
    /// What is to be noted of the documents, by the Links that lead to them; by none those that are exported themselves.
    fn excerpts(&self, on: &DocTypeCall<'_>) -> BTreeMap<&'static str, Excerpt> {
        let mut own = Excerpt::of(on.def.name, self.query.fields.iter().map(String::as_str));
        if let Some((rows, columns)) = &self.rows {
            for column in columns {
                let is_beside = |field: &&FieldDef| field.permlevel == column.permlevel && field.in_lists();
                let beside = on.def.fields.iter().find(is_beside).filter(|_| column.permlevel > 0);
                own.note_rows(rows.doctype, column.fieldname, beside.map(|field| field.fieldname));
            }
        }
        let mut excerpts = BTreeMap::from([("", own)]);
        for at in &self.beyond {
            if let Stands::Linked(by) = at.place
                && let Some(target) = by.target()
            {
                excerpts.entry(by.fieldname).or_insert_with(|| Excerpt::of(target, [])).note_column(at.field.fieldname);
            }
        }
        excerpts
    }
}

/// A page of documents, with what lies beyond them.
struct Page {
    documents: Vec<Row>,
    /// The rows of each document, by its name: those that fit the filters on them.
    lines: BTreeMap<String, Vec<Row>>,
    /// The documents that are linked to, by the Link and their names.
    links: BTreeMap<&'static str, BTreeMap<String, Row>>,
}

impl Page {
    /// Takes note of one of its documents, and of those that it links to.
    fn note(&self, excerpts: &mut BTreeMap<&'static str, Excerpt>, document: &Row) {
        for (by, excerpt) in excerpts {
            let there = || self.links.get(by)?.get(document.get(*by)?.as_str()?);
            let noted = if by.is_empty() { Some(document) } else { there() };
            noted.into_iter().for_each(|document| excerpt.note(document));
        }
    }

    /// Adds its lines to the file; counts documents that are linked to and not seen.
    fn write_to(
        &mut self,
        (place, sheet): (&ExportTarget, &mut Sheet),
        columns: &[Column],
        unseen: &mut usize,
    ) -> Result<(), ToolError> {
        for document in &self.documents {
            let name = document.get("name").and_then(document_name).unwrap_or_default();
            let own = self.lines.remove(&name).filter(|own| !own.is_empty());
            // Without a table, or without rows in it, a document has a line all the same.
            for row in &own.unwrap_or_else(|| vec![Row::new()]) {
                let cells = columns.iter().map(|column| column.value(document, row, &self.links, unseen));
                place.add(sheet, &cells.collect::<Vec<_>>())?;
            }
        }
        Ok(())
    }
}

/// The documents after that name, with no more rows than there is room for.
async fn page(
    on: &DocTypeCall<'_>,
    asked: &Asked,
    neighbours: &Neighbours,
    after: Option<&Value>,
    room: usize,
) -> Result<Page, ToolError> {
    let query = &asked.query;
    let documents = on.next_by_name(query, after).await?;
    let links = linked(on, neighbours, &asked.beyond, &documents).await?;
    let mut lines: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    if let Some((rows, columns)) = &asked.rows {
        let filters: Vec<Filter> = query.filters.iter().filter(|filter| filter.rows == Some(*rows)).cloned().collect();
        let parents: Vec<Value> = documents.iter().filter_map(|document| document.get("name").cloned()).collect();
        let found = on.rows_of(*rows, &parents, columns, &filters, room).await?;
        if found.is_none() {
            fits(super::MOST + 1, "The rows of these documents")?;
        }
        for row in found.unwrap_or_default() {
            if let Some(parent) = row.get("parent").and_then(Value::as_str).map(str::to_owned) {
                lines.entry(parent).or_default().push(row);
            }
        }
    }
    Ok(Page { documents, lines, links })
}

impl Column {
    /// Its value in a line of a document; counts documents that are linked to and not seen.
    fn value(
        &self,
        document: &Row,
        row: &Row,
        links: &BTreeMap<&str, BTreeMap<String, Row>>,
        unseen: &mut usize,
    ) -> Value {
        let value = match self.from {
            From::Own => document.get(&self.label),
            From::Row(column) => row.get(column),
            From::Linked(by, field) => {
                let name = document.get(by).and_then(Value::as_str).filter(|name| !name.is_empty());
                let there = name.and_then(|name| links.get(by)?.get(name));
                *unseen += usize::from(name.is_some() && there.is_none());
                there.and_then(|there| there.get(field))
            }
        };
        value.cloned().unwrap_or_default()
    }
}
