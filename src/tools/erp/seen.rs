//! What may be seen of the DocTypes that one answer is made of, and reading them whole in bounded steps.

use std::collections::BTreeSet;

use erpnext_schema::Operator;
use serde_json::{Map, Value, json};

use crate::context::Session;
use crate::documents::DocTypeCall;
use crate::documents::beyond::{PAGE, neighbour};
use crate::entry::is_nothing;
use crate::error::ToolError;
use crate::policy::{Filter, Operation, Permit, Rows};
use crate::query::beyond::Neighbour;
use crate::shape::page::grouped;
use crate::site::{ListQuery, SiteErrorKind};
use crate::tool::Call;

pub type Row = Map<String, Value>;

/// What may be seen of a DocType, without which there is no answer.
///
/// # Errors
/// The policy's refusal and the site's.
pub async fn needed(on: &DocTypeCall<'_>, doctype: &str) -> Result<Neighbour, ToolError> {
    neighbour(on, doctype).await?.map_err(ToolError::not_permitted)
}

/// Whether a condition keeps some documents of the DocType from the caller.
///
/// # Errors
/// That it cannot be told.
pub async fn is_row_filtered(session: &Session<'_>, doctype: &str) -> Result<bool, ToolError> {
    match session.permit(Operation::Read, doctype).await {
        Ok(permit) => Ok(permit.is_row_filtered()),
        Err(ToolError::Denied(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// What is said of a sum over a part of the stock.
pub const PART: &str = "only the stock that you may see is counted";

/// Whether a condition keeps some of the stock from the caller: some of the Bins, or what lies in some warehouses.
///
/// # Errors
/// That it cannot be told.
pub async fn is_part(session: &Session<'_>, bin: &Permit) -> Result<bool, ToolError> {
    Ok(bin.is_row_filtered() || is_row_filtered(session, "Warehouse").await?)
}

/// What was read; nothing where the site does not let the user read it, which is no reason to refuse the rest.
///
/// # Errors
/// All others.
pub fn allowed<T>(read: Result<T, ToolError>) -> Result<Option<T>, ToolError> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(ToolError::Site(error)) if error.kind() == SiteErrorKind::Denied => Ok(None),
        Err(error) => Err(error),
    }
}

/// The same of a DocType beside the one that was asked about, with a note where the site does not let it be read.
///
/// # Errors
/// All others.
pub fn beside<T>(
    read: Result<Option<T>, ToolError>,
    doctype: &str,
    notes: &mut Vec<String>,
) -> Result<Option<T>, ToolError> {
    let read = allowed(read)?;
    if read.is_none() {
        notes.push(format!("the site does not let your user read {doctype}"));
    }
    Ok(read.flatten())
}

/// Whether the caller may see the field, and a list may ask for it.
pub fn sees(there: &Neighbour, field: &str) -> bool {
    there.def.field(field).is_some_and(|field| field.in_lists()) && there.may_read(field)
}

/// The rows of a table, where the caller may see all these columns of it.
pub fn seen_rows(on: &DocTypeCall<'_>, there: &Neighbour, table: &str, columns: &[&str]) -> Option<Rows> {
    let table = there.def.table(table)?;
    let rows = Rows::of(there.def, table)?;
    let child = on.session.catalog.known(rows.doctype)?;
    let sees = |column: &&str| {
        child.field(column).filter(|column| column.in_lists()).is_some_and(|column| {
            there.permit.fields().may_read_child(table, column) && !there.hidden.hides(child.name, column.fieldname)
        })
    };
    columns.iter().all(sees).then_some(rows)
}

/// The same call on the documents of another DocType.
pub fn call_on<'c>(on: &'c DocTypeCall<'_>, there: &'c Neighbour) -> DocTypeCall<'c> {
    DocTypeCall { def: there.def, permit: &there.permit, ..*on }
}

/// All documents of a query.
///
/// # Errors
/// More than `most` of them, that the call was called off, and the site's.
pub async fn all_of(
    call: &Call<'_>,
    on: &DocTypeCall<'_>,
    query: &ListQuery,
    most: usize,
) -> Result<Vec<Row>, ToolError> {
    up_to(call, on, query, most).await?.ok_or_else(|| {
        ToolError::refused(
            format!("More than {} documents of {} fit, and one call reads no more.", grouped(most as u64), on.def.name),
            "Name fewer items or warehouses, or a smaller group.",
        )
    })
}

/// All documents of a query, a page at a time; nothing where they are more than `most`.
///
/// # Errors
/// That the call was called off, and the site's.
pub async fn up_to(
    call: &Call<'_>,
    on: &DocTypeCall<'_>,
    query: &ListQuery,
    most: usize,
) -> Result<Option<Vec<Row>>, ToolError> {
    let (mut found, mut after): (Vec<Row>, Option<Value>) = (Vec::new(), None);
    loop {
        let page = on.next_by_name(query, after.as_ref()).await?;
        let last = page.len() < PAGE;
        after = page.last().and_then(|row| row.get("name")).cloned();
        found.extend(page);
        if found.len() > most {
            return Ok(None);
        }
        if call.observer.is_stopped() {
            return Err(ToolError::refused("It was called off before all was read.", "Call again."));
        }
        if last || after.is_none() {
            return Ok(Some(found));
        }
    }
}

/// Says of something beside the items that there is too much of it to be told.
pub fn too_many(what: &str, most: usize, of: &str) -> String {
    format!("{what}: more than {} {of}, and one call reads no more", grouped(most as u64))
}

/// Which items in which warehouses are asked about.
pub struct Scope {
    pub items: Vec<Value>,
    /// All warehouses where nothing is said.
    pub warehouses: Option<BTreeSet<String>>,
}

impl Scope {
    /// Whether nothing can be in it. An empty list is no filter that the site understands (H22).
    pub fn is_empty(&self) -> bool {
        self.items.is_empty() || self.warehouses.as_ref().is_some_and(BTreeSet::is_empty)
    }

    /// The filters for documents with these fields.
    pub fn filters(&self, item: &str, warehouse: &str) -> Vec<Filter> {
        let mut filters = vec![Filter::new(item, Operator::In, self.items.clone())];
        let warehouses = self.warehouses.as_ref();
        filters.extend(warehouses.map(|names| Filter::new(warehouse, Operator::In, json!(names))));
        filters
    }

    /// Whether what lies or arrives there is asked about.
    pub fn has(&self, warehouse: &str) -> bool {
        self.warehouses.as_ref().is_none_or(|names| names.contains(warehouse))
    }
}

/// A row without what is empty, or 0 where that says as little.
pub fn filled(mut row: Row) -> Value {
    row.retain(|_, value| !is_nothing(value));
    Value::Object(row)
}

/// A sum without the noise of adding fractions: the site keeps nine digits of them.
pub fn exact(sum: f64) -> Value {
    json!(format!("{sum:.9}").parse::<f64>().unwrap_or(sum) + 0.0)
}
