//! Saved filters as the site keeps them, documents of List Filter: any user of the desk may read everybody's there,
//! and is given no other's here.

use erpnext_schema::{DocTypeDef, Operator, Order};
use serde_json::{Map, Value, json};

use crate::config::LIST_FILTER;
use crate::context::Session;
use crate::documents::DocTypeCall;
use crate::error::ToolError;
use crate::policy::{Filter, Operation};
use crate::shape::text_of;
use crate::site::ListQuery;

/// The most of a user's own, and of everybody's, that are looked at.
const MOST: u32 = 200;

/// What is read of one.
const FIELDS: [&str; 4] = ["filter_name", "reference_doctype", "for_user", "filters"];

/// A filter that was saved.
pub struct Saved {
    /// The name of its document.
    pub id: String,
    /// As the desk shows it.
    pub name: String,
    /// The DocType whose documents it is about.
    pub doctype: String,
    /// Whether it is not one user's alone.
    pub for_everybody: bool,
    /// As the desk writes them; none where they cannot be read.
    pub filters: Option<Vec<Value>>,
}

impl Saved {
    /// Whose it is, in words.
    pub fn whose(&self) -> &'static str {
        if self.for_everybody { "everybody" } else { "this user" }
    }
}

/// The filters that the caller saved, then those for everybody: of lists of one DocType, or of all; those of one name,
/// or all.
///
/// # Errors
/// The policy's no, the site's, and rules that withhold what has to be read.
pub async fn all(session: &Session<'_>, doctype: Option<&str>, name: Option<&str>) -> Result<Vec<Saved>, ToolError> {
    let permit = session.permit(Operation::Read, LIST_FILTER).await?;
    let def = DocTypeCall::def_of(session, &permit).await?;
    let may = |name: &&str| def.field(name).is_some_and(|field| permit.fields().may_read(field));
    if let Some(withheld) = FIELDS.iter().find(|name| !may(name)) {
        return Err(ToolError::refused(
            format!("Saved filters are not shown: this server's configuration withholds {withheld} of {LIST_FILTER}."),
            "Write the filters yourself.",
        ));
    }
    let user = session.user_name().await?;
    let mut found = Vec::new();
    for whose in [Filter::eq("for_user", user), Filter::new("for_user", Operator::Is, "not set")] {
        let about = doctype.map(|doctype| Filter::eq("reference_doctype", doctype));
        let called = name.map(|name| Filter::eq("filter_name", name));
        let query = ListQuery {
            fields: ["name"].iter().chain(&FIELDS).map(|field| (*field).to_owned()).collect(),
            filters: std::iter::once(whose).chain(about).chain(called).collect(),
            order_by: vec![Order::asc("name")],
            limit: MOST,
            ..ListQuery::default()
        };
        found.extend(session.site.list(&permit, &query).await?.data);
    }
    // The site's database takes a name in another case for the same.
    let is_ours = |row: &Map<String, Value>| ["", user].contains(&text_of(row, "for_user"));
    let has = |row: &Map<String, Value>, key: &str, wanted: Option<&str>| {
        wanted.is_none_or(|wanted| text_of(row, key) == wanted)
    };
    let is_meant = |row: &Map<String, Value>| has(row, "reference_doctype", doctype) && has(row, "filter_name", name);
    found.retain(|row| is_ours(row) && is_meant(row));
    Ok(found.iter().map(saved).collect())
}

fn saved(row: &Map<String, Value>) -> Saved {
    Saved {
        id: text_of(row, "name").to_owned(),
        name: text_of(row, "filter_name").to_owned(),
        doctype: text_of(row, "reference_doctype").to_owned(),
        for_everybody: text_of(row, "for_user").is_empty(),
        filters: serde_json::from_str(text_of(row, "filters")).ok(),
    }
}

/// Filters of the desk, each `[DocType, field, operator, value, hidden]`, in the form of our lists: without the list's own
/// DocType and without what the desk notes for itself, and with `table.field` for a column where one table alone has rows of
/// the other DocType.
pub(super) fn filters_of(def: &DocTypeDef, filters: &[Value]) -> Value {
    let one = |filter: &Value| match filter.as_array().map(Vec::as_slice) {
        Some([Value::String(doctype), Value::String(field), operator, value, ..]) => {
            let mut tables = def.tables().filter(|table| table.rows_of() == Some(doctype.as_str()));
            match (tables.next(), tables.next()) {
                _ if doctype == def.name => json!([field, operator, value]),
                (Some(table), None) => json!([format!("{}.{field}", table.fieldname), operator, value]),
                _ => json!([doctype, field, operator, value]),
            }
        }
        _ => filter.clone(),
    };
    filters.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::filters_of;

    #[test]
    fn filters_of_the_desk_are_written_as_lists_take_them() {
        let def = erpnext_doctypes::any("Sales Invoice").unwrap();
        let kept = json!([
            ["Sales Invoice", "status", "in", ["Overdue", "Unpaid"], false],
            ["Sales Invoice Item", "item_code", "=", "CHAIR"],
            ["Customer", "territory", "=", "North", false],
            ["status", "=", "Paid"],
        ]);
        assert_eq!(
            filters_of(def, kept.as_array().unwrap()),
            json!([
                ["status", "in", ["Overdue", "Unpaid"]],
                ["items.item_code", "=", "CHAIR"],
                ["Customer", "territory", "=", "North"],
                ["status", "=", "Paid"],
            ])
        );
    }
}
