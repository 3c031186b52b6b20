//! Documents as a print format shows them, in HTML or as a PDF.

use reqwest::Method;
use serde_json::{Value, json};

use super::list::rows;
use super::{Body, Call, CallerClient, Download, SiteError, check, endpoints, reply, unexpected, url};
use crate::policy::{Operation, Permit};

impl CallerClient<'_> {
    /// A document as its print format shows it, in HTML; `format` is the DocType's own choice where nobody says. What it
    /// shows of which fields is the format's to say, not the field rule's.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn print(&self, permit: &Permit, name: &str, format: Option<&str>) -> Result<String, SiteError> {
        check(permit, &[Operation::Print])?;
        let method = endpoints::PRINT;
        let mut body = json!({ "doc": permit.doctype(), "name": name });
        if let Some(format) = format {
            body["print_format"] = json!(format);
        }
        let answer = self.method_post(method, Body::Json(body)).await?;
        let html = answer.data.get("html").and_then(Value::as_str).map(str::to_owned);
        html.ok_or_else(|| unexpected(&endpoints::line("POST", method), false, "no HTML in it"))
    }

    /// The names of the Print Formats of the permit's DocType, by name; without those that are switched off.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn print_formats(&self, permit: &Permit) -> Result<Vec<String>, SiteError> {
        check(permit, &[Operation::Print])?;
        let body = json!({
            "doctype": "Print Format", "fields": ["name"], "order_by": "name asc", "limit_page_length": 100,
            "filters": [["doc_type", "=", permit.doctype()], ["disabled", "=", 0]],
        });
        let answer = self.method_post(endpoints::LIST, Body::Json(body)).await?;
        let found = rows(answer.data).ok_or_else(|| unexpected(endpoints::LIST, false, "no list in it"))?;
        let name = |row: &serde_json::Map<String, Value>| row.get("name").and_then(Value::as_str).map(str::to_owned);
        Ok(found.iter().filter_map(name).collect())
    }

    /// The same as a PDF. A site without a converter fails with a 500.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn print_pdf(&self, permit: &Permit, name: &str, format: Option<&str>) -> Result<Download, SiteError> {
        check(permit, &[Operation::Print])?;
        let query = pdf_query(permit, name, format);
        let call = Call {
            method: Method::GET,
            path: endpoints::method(endpoints::PDF),
            query,
            body: Body::None,
            writes: false,
        };
        self.send_for(call, reply::download).await
    }

    /// Where a person who is logged in finds the PDF.
    pub fn pdf_address(&self, permit: &Permit, name: &str, format: Option<&str>) -> String {
        let (site, path) = (self.caller.site.as_str(), endpoints::method(endpoints::PDF));
        format!("{site}{path}?{}", url::query_string(&pdf_query(permit, name, format)))
    }
}

fn pdf_query(permit: &Permit, name: &str, format: Option<&str>) -> Vec<(&'static str, String)> {
    let mut query = vec![("doctype", permit.doctype().to_owned()), ("name", name.to_owned())];
    query.extend(format.map(|format| ("format", format.to_owned())));
    query
}
