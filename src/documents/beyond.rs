//! Reads what lies beyond documents that were listed: their rows, and fields of the documents that they link to. A list that
//! joins them would multiply its documents (H19) or drop some (H85), so each is asked for by itself.

use std::collections::{BTreeMap, BTreeSet};

use erpnext_schema::doctype_flag::{SINGLE, VIRTUAL};
use erpnext_schema::{FieldDef, Operator, Order};
use serde_json::{Map, Value, json};

use super::DocTypeCall;
use crate::error::ToolError;
use crate::policy::{Filter, Operation, Rows};
use crate::query::beyond::{Neighbour, Neighbours, linked};
use crate::site::{ListQuery, RowQuery};

/// How many documents or rows are asked for at once.
pub const PAGE: usize = 500;

type Row = Map<String, Value>;

/// What may be seen of the DocTypes that the dotted `names` of a call link to.
///
/// # Errors
/// The site's, and not the policy's refusal: that is said of the name.
pub async fn neighbours(on: &DocTypeCall<'_>, names: &[String]) -> Result<Neighbours, ToolError> {
    let mut found = Neighbours::new();
    for name in names {
        let Some(target) = linked(on.def, name).and_then(|(by, _)| by.target()) else { continue };
        if !found.contains_key(target) {
            found.insert(target, neighbour(on, target).await?);
        }
    }
    Ok(found)
}

/// What may be seen of a DocType beside the one of the call, or why nothing may.
///
/// # Errors
/// The site's.
pub async fn neighbour(on: &DocTypeCall<'_>, doctype: &str) -> Result<Result<Neighbour, String>, ToolError> {
    let permit = match on.session.permit(Operation::Read, doctype).await {
        Ok(permit) => permit,
        Err(ToolError::Denied(denial)) => return Ok(Err(denial.for_model())),
        Err(error) => return Err(error),
    };
    let def = match DocTypeCall::def_of(on.session, &permit).await {
        Ok(def) if def.flags & (SINGLE | VIRTUAL) != 0 => return Ok(Err(format!("{doctype} has no list to ask"))),
        Ok(def) => def,
        Err(ToolError::Denied(denial)) => return Ok(Err(denial.for_model())),
        Err(error) => return Err(error),
    };
    let hidden = DocTypeCall { def, permit: &permit, ..*on }.hidden().await?;
    Ok(Ok(Neighbour { def, permit, hidden }))
}

impl DocTypeCall<'_> {
    /// The rows in one table of these documents, in their order, with these columns and those that they satisfy; nothing
    /// where they are more than `most`.
    ///
    /// # Errors
    /// The site's.
    pub async fn rows_of(
        &self,
        rows: Rows,
        parents: &[Value],
        columns: &[&'static FieldDef],
        filters: &[Filter],
        most: usize,
    ) -> Result<Option<Vec<Row>>, ToolError> {
        let columns: Vec<_> = columns.iter().map(|column| column.fieldname).collect();
        let mut found: Vec<Row> = Vec::new();
        for parents in parents.chunks(PAGE) {
            let mut after = None;
            loop {
                let columns = columns.clone();
                let query = RowQuery { rows, parents, columns, filters, after: after.as_ref() };
                let page = self.session.site.rows(self.permit, &query).await?.data;
                let last = page.len() < PAGE;
                after = page.last().and_then(|row| row.get("name")).cloned();
                found.extend(page);
                if found.len() > most {
                    return Ok(None);
                }
                if last || after.is_none() {
                    break;
                }
            }
        }
        found.sort_by_key(|row| row.get("idx").and_then(Value::as_u64));
        Ok(Some(found))
    }

    /// Fields of documents of another DocType, by the names of these. One that the caller may not see is not among them.
    ///
    /// # Errors
    /// The site's.
    pub async fn fields_of(
        &self,
        there: &Neighbour,
        names: &BTreeSet<&str>,
        fields: &[&'static FieldDef],
    ) -> Result<BTreeMap<String, Row>, ToolError> {
        let names: Vec<Value> = names.iter().map(|name| json!(name)).collect();
        let mut columns = vec!["name".to_owned()];
        columns.extend(fields.iter().map(|field| field.fieldname.to_owned()).filter(|field| field != "name"));
        let mut found = BTreeMap::new();
        for names in names.chunks(PAGE) {
            let query = ListQuery {
                fields: columns.clone(),
                filters: vec![Filter::new("name", Operator::In, names)],
                order_by: vec![Order::asc("name")],
                limit: 500,
                ..ListQuery::default()
            };
            for row in self.session.site.list(&there.permit, &query).await?.data {
                if let Some(name) = row.get("name").and_then(Value::as_str) {
                    found.insert(name.to_owned(), row);
                }
            }
        }
        Ok(found)
    }

    /// The next page of all documents that satisfy a query, by their names: after the last of the page before.
    ///
    /// # Errors
    /// The site's, and that its list does not go on.
    pub async fn next_by_name(&self, query: &ListQuery, after: Option<&Value>) -> Result<Vec<Row>, ToolError> {
        let mut filters = query.filters.clone();
        filters.extend(after.map(|name| Filter::new("name", Operator::Gt, name.clone())));
        let query = ListQuery { filters, order_by: vec![Order::asc("name")], limit: 500, ..query.clone() };
        let page = self.session.site.list(self.permit, &query).await?.data;
        // Who asks for the next page until one is not full would ask for ever.
        let last = page.last().and_then(|row| row.get("name"));
        if page.len() >= PAGE && (last.is_none() || last == after) {
            return Err(ToolError::refused(
                format!(
                    "The site gives the same documents of {} again where the next ones are asked for.",
                    self.def.name
                ),
                "Tell the administrator: its lists do not go on by name.",
            ));
        }
        Ok(page)
    }
}
