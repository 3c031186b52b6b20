//! The next document of a chain, as the site's own code makes it from the one before: unsaved.

use serde_json::{Map, Value, json};

use super::{Body, CallerClient, SiteError, check, unexpected};
use crate::policy::{Operation, Permit};

/// How the site is asked for the next document.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mapper {
    /// Through `make_mapped_doc`, with the path of this method.
    Method(&'static str),
    /// The payment of an order or an invoice.
    Payment,
    /// The stock entry of a work order, for this purpose.
    StockEntry(&'static str),
}

const MAKE: &str = "frappe.model.mapper.make_mapped_doc";
const PAYMENT: &str = "erpnext.accounts.doctype.payment_entry.payment_entry.get_payment_entry";
const STOCK_ENTRY: &str = "erpnext.manufacturing.doctype.work_order.work_order.make_stock_entry";

impl CallerClient<'_> {
    /// What the site makes of the document `name`. `source` is leave to read that one, `target` to create what is made;
    /// nothing is stored.
    ///
    /// # Errors
    /// The site's refusal, such as a source that is not submitted.
    pub async fn next_document(
        &self,
        source: &Permit,
        target: &Permit,
        mapper: Mapper,
        name: &str,
    ) -> Result<Map<String, Value>, SiteError> {
        check(source, &[Operation::Read])?;
        check(target, &[Operation::Create])?;
        let (method, body) = match mapper {
            Mapper::Method(method) => (MAKE, json!({ "method": method, "source_name": name })),
            Mapper::Payment => (PAYMENT, json!({ "dt": source.doctype(), "dn": name })),
            Mapper::StockEntry(purpose) => (STOCK_ENTRY, json!({ "work_order_id": name, "purpose": purpose })),
        };
        match self.method_post(method, Body::Json(body)).await?.data {
            Value::Object(doc) => Ok(doc),
            _ => Err(unexpected(&format!("POST /api/method/{method}"), false, "no document in it")),
        }
    }
}
