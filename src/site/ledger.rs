//! What the submission of a document would post, as the site works it out and takes back at once.

use serde_json::{Map, Value, json};

use super::{Body, CallerClient, SiteError, check, endpoints, unexpected};
use crate::policy::{Operation, Permit};

/// A ledger that a submission posts to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ledger {
    /// Debit and credit of accounts.
    Accounts,
    /// Quantities and values of items in warehouses.
    Stock,
}

impl CallerClient<'_> {
    /// The entries that the submission of the document would make, each by the labels of its columns; nothing where the
    /// site works out no such ledger for the document.
    ///
    /// # Errors
    /// The site's refusal: not every DocType has such a preview, and what could not be submitted has none.
    pub async fn ledger_preview(
        &self,
        permit: &Permit,
        ledger: Ledger,
        company: &str,
        name: &str,
    ) -> Result<Option<Vec<Map<String, Value>>>, SiteError> {
        check(permit, &[Operation::Submit])?;
        let (method, columns, rows) = match ledger {
            Ledger::Accounts => (endpoints::ACCOUNTS_PREVIEW, "gl_columns", "gl_data"),
            Ledger::Stock => (endpoints::STOCK_PREVIEW, "sl_columns", "sl_data"),
        };
        // The labels come in the site's language unless another is asked for.
        let body = json!({ "company": company, "doctype": permit.doctype(), "docname": name, "_lang": "en" });
        let answer = self.method_post(method, Body::Json(body)).await?.data;
        let labels = answer.get(columns).and_then(Value::as_array).map(|columns| columns.iter().map(label).collect());
        let entries = answer.get(rows).and_then(Value::as_array);
        let entries = entries.zip(labels).and_then(|(rows, labels): (_, Vec<String>)| match labels.is_empty() {
            true => Some(None),
            false => rows.iter().map(|row| by_label(row, &labels)).collect::<Option<Vec<_>>>().map(Some),
        });
        entries.ok_or_else(|| unexpected(&endpoints::line("POST", method), false, "no ledger in it"))
    }
}

/// What a column is called: the site gives it as the table of the desk takes it.
fn label(column: &Value) -> String {
    let text = |key: &str| column.get(key).and_then(Value::as_str);
    let label = column.as_str().or_else(|| ["label", "name", "content", "fieldname"].into_iter().find_map(text));
    label.unwrap_or_default().to_owned()
}

/// A row as an object, whether it comes as one or as a list of cells.
fn by_label(row: &Value, labels: &[String]) -> Option<Map<String, Value>> {
    match row {
        Value::Array(cells) => Some(labels.iter().cloned().zip(cells.iter().cloned()).collect()),
        Value::Object(row) => Some(row.clone()),
        _ => None,
    }
}
