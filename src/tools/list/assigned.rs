//! Who has the documents of a list: users as a list, of which the site keeps a text in each.

use serde_json::Value;

use crate::error::ToolError;
use crate::query::marks::ASSIGNED;
use crate::site::{ListQuery, PageRow};

/// Where the column stands among those that the site is asked for.
pub(super) fn place(query: &ListQuery) -> Option<usize> {
    query.fields.iter().position(|field| field == ASSIGNED.0)
}

/// The columns as they are answered.
pub(super) fn labels(query: &ListQuery) -> impl Iterator<Item = String> {
    query.fields.iter().map(|field| match field.as_str() {
        column if column == ASSIGNED.0 => ASSIGNED.1.to_owned(),
        column => column.to_owned(),
    })
}

/// The users who have the document of a row, if there are any.
pub(super) fn users(row: &PageRow) -> Value {
    let Some(kept) = row.get(ASSIGNED.0).filter(|kept| **kept != "") else { return Value::Null };
    let users = kept.as_str().and_then(|text| serde_json::from_str::<Vec<String>>(text).ok());
    match users {
        Some(users) if users.is_empty() => Value::Null,
        Some(users) => Value::from(users),
        None => kept.clone(),
    }
}

/// That the column is in the rows where it was asked for: a site drops in silence what it does not let a user list.
///
/// # Errors
/// Where it is not, with where else to look.
pub(super) fn is_told(query: &ListQuery, rows: &[PageRow]) -> Result<(), ToolError> {
    match place(query) {
        Some(_) if rows.iter().any(|row| row.get(ASSIGNED.0).is_none()) => Err(untold()),
        _ => Ok(()),
    }
}

/// That the site tells this user of no list who has its documents.
pub(super) fn untold() -> ToolError {
    ToolError::refused(
        "fields: the site shows assigned_to to this user in no list.",
        "List the open ToDo with allocated_to and reference_name, with the names in reference_name.",
    )
}
