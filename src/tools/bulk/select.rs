//! The documents that a filter selects for a change, all of them or none.

use erpnext_schema::Order;
use serde_json::{Value, json};

use super::MOST;
use crate::documents::names::document_name;
use crate::documents::{DocTypeCall, nested};
use crate::error::ToolError;
use crate::policy::Operation;
use crate::query::compare::notes_on_filters;
use crate::query::reader::Reader;
use crate::site::{self, ListQuery};

/// The documents that were selected, by their names.
pub(super) struct Selected {
    /// Their names.
    pub names: Vec<String>,
    /// When each was changed last, as it was selected.
    pub modified: Vec<Option<String>>,
}

impl Selected {
    /// What a confirmation of the whole set stands for.
    pub fn state(&self) -> Value {
        json!([self.names, self.modified])
    }
}

/// The documents that the caller may read and that fit the filters: up to 500.
///
/// # Errors
/// Filters that are wrong, more documents than one call takes, none at all, and the site's.
pub(super) async fn select(on: &DocTypeCall<'_>, filters: &Value) -> Result<Selected, ToolError> {
    let session = on.session;
    let permit = session.permit(Operation::Read, on.def.name).await?;
    let on = DocTypeCall { permit: &permit, ..*on };
    on.fits(erpnext_schema::Verb::List)?;
    let hidden = on.hidden().await?;
    let local = on.meant_filters(Some(filters)).await?;
    let nested::Resolved { filters, notes } = nested::resolve(&on, "where", local).await?;
    let children = |child: &str| session.catalog.known(child);
    let read = |on: &DocTypeCall<'_>| {
        let mut reader = Reader::new(on.def, on.permit.fields()).with_rows(&children).with_trees(session.policy);
        reader = reader.with_masked(&hidden);
        let filters = reader.filters("where", filters.as_ref());
        reader.done(filters)
    };
    let (on, filters) = on.checked(read).await?;
    if filters.is_empty() {
        return Err(ToolError::refused(
            "where: without a filter it would be every document; nothing was sent.",
            "Say which documents are meant; {\"name\": [\"is\", \"set\"]} selects all of them.",
        ));
    }
    let notes = notes.into_iter().chain(notes_on_filters(on.def, filters.iter()));
    notes.for_each(site::note);
    let fields = vec!["name".to_owned(), "modified".to_owned()];
    let order_by = vec![Order::asc("name")];
    let query = ListQuery { fields, filters, order_by, limit: 500, ..ListQuery::default() };
    let rows = session.site.list(&permit, &query).await?.data;
    if rows.len() >= MOST {
        let total = session.site.count(&permit, &query.filters, &[], None).await?;
        if total > MOST as u64 {
            return Err(ToolError::refused(
                format!("where: {total} documents fit, and one call takes {MOST}; nothing was sent."),
                "Narrow it, and call again for the others.",
            ));
        }
    }
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let found = rows.iter().filter_map(|row| Some((document_name(row.get("name")?)?, text(row.get("modified")))));
    let (names, modified): (Vec<String>, Vec<Option<String>>) = found.unzip();
    if names.is_empty() {
        return Err(ToolError::refused(
            format!("where: no {} fits; nothing was done.", on.def.name),
            "Look with a list and the same filters.",
        ));
    }
    Ok(Selected { names, modified })
}
