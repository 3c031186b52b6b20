//! The next document of a chain, as the site's own code makes it from the one before: unsaved.

use serde_json::{Map, Value, json};

use super::{Body, CallerClient, SiteError, check, endpoints, unexpected};
use crate::policy::{Operation, Permit};

/// How the site is asked for the next document.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mapper {
    /// Through `make_mapped_doc`, with the path of this method.
    Method(&'static str),
    /// The same by a method that makes documents of several DocTypes, and which of them is wanted.
    MethodFor(&'static str, &'static str),
    /// The payment of an order or an invoice.
    Payment,
    /// The stock entry of a work order, for this purpose.
    StockEntry(&'static str),
}

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
            Mapper::Method(method) => (endpoints::MAKE_MAPPED, json!({ "method": method, "source_name": name })),
            Mapper::MethodFor(method, doctype) => {
                let args = json!({ "doctype": doctype }).to_string();
                (endpoints::MAKE_MAPPED, json!({ "method": method, "source_name": name, "args": args }))
            }
            Mapper::Payment => (endpoints::PAYMENT_ENTRY, json!({ "dt": source.doctype(), "dn": name })),
            Mapper::StockEntry(purpose) => {
                (endpoints::STOCK_ENTRY, json!({ "work_order_id": name, "purpose": purpose }))
            }
        };
        match self.method_post(method, Body::Json(body)).await?.data {
            Value::Object(doc) => Ok(doc),
            _ => Err(unexpected(&endpoints::line("POST", method), false, "no document in it")),
        }
    }
}
