//! ERPNext's helpers for forms: what lies where, what an item costs, what is to be filled in for a party. They answer
//! with fields of many DocTypes: what of it may be seen is for the caller of these to decide.

use serde_json::{Map, Value, json};

use super::{Body, CallerClient, SiteError, SiteErrorKind, check, endpoints, unexpected};
use crate::policy::{Operation, Permit};

impl CallerClient<'_> {
    /// How much of an item lay in a warehouse at the end of a day (`YYYY-MM-DD`). Takes the permit to read Bins.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn stock_balance(
        &self,
        permit: &Permit,
        item: &str,
        warehouse: &str,
        date: &str,
    ) -> Result<f64, SiteError> {
        let body = balance(item, warehouse, date);
        self.balance(permit, body).await?.as_f64().ok_or_else(|| no_number("no number in it"))
    }

    /// The same with what one of it was worth then.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn stock_value(
        &self,
        permit: &Permit,
        item: &str,
        warehouse: &str,
        date: &str,
    ) -> Result<(f64, f64), SiteError> {
        let mut body = balance(item, warehouse, date);
        body["with_valuation_rate"] = json!(1);
        let answer = self.balance(permit, body).await?;
        let number = |at: usize| answer.get(at).and_then(Value::as_f64);
        number(0).zip(number(1)).ok_or_else(|| no_number("no two numbers in it"))
    }

    async fn balance(&self, permit: &Permit, body: Value) -> Result<Value, SiteError> {
        check(permit, &[Operation::Read])?;
        if permit.is_row_filtered() {
            let words = format!("of {}, and a balance is counted over all of them", permit.doctype());
            return Err(SiteError::new(SiteErrorKind::Unscoped, permit.doctype(), false, words));
        }
        Ok(self.ask(permit, endpoints::STOCK_BALANCE, Body::Json(body)).await?.data)
    }

    /// What ERPNext would fill into a row for an item. Takes the permit to read Items.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn item_details(
        &self,
        permit: &Permit,
        args: &Map<String, Value>,
    ) -> Result<Map<String, Value>, SiteError> {
        check(permit, &[Operation::Read])?;
        // The arguments are JSON text; version 16 calls them `ctx`, and each version leaves the other's name alone (H61).
        let args = Value::Object(args.clone()).to_string();
        let body = json!({ "args": args, "ctx": args });
        self.details(permit, endpoints::ITEM_DETAILS, body).await
    }

    /// What ERPNext would fill into a document for a party. Takes the permit to read parties of its kind.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn party_details(
        &self,
        permit: &Permit,
        party: &str,
        args: &Map<String, Value>,
    ) -> Result<Map<String, Value>, SiteError> {
        check(permit, &[Operation::Read])?;
        let mut body = args.clone();
        body.insert("party".to_owned(), json!(party));
        body.insert("party_type".to_owned(), json!(permit.doctype()));
        self.details(permit, endpoints::PARTY_DETAILS, Value::Object(body)).await
    }

    /// The rows of taxes that a template stands for, as forms copy them. Takes the permit to write what they go into.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn tax_rows(&self, permit: &Permit, template: &str, name: &str) -> Result<Vec<Value>, SiteError> {
        check(permit, &[Operation::Create, Operation::Update])?;
        let (method, body) = (endpoints::TAX_ROWS, json!({ "master_doctype": template, "master_name": name }));
        match self.ask(permit, method, Body::Json(body)).await?.data {
            Value::Array(rows) => Ok(rows),
            _ => Err(unexpected(&endpoints::line("POST", method), false, "no list in it")),
        }
    }

    /// The name of the template of taxes that a company has for all its new documents. Takes the permit to make them.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn default_taxes(
        &self,
        permit: &Permit,
        template: &str,
        company: &str,
    ) -> Result<Option<String>, SiteError> {
        check(permit, &[Operation::Create])?;
        let body = json!({ "master_doctype": template, "tax_template": "", "company": company });
        let mut found = self.ask(permit, endpoints::DEFAULT_TAXES, Body::Json(body)).await?.data;
        match found.get_mut("taxes_and_charges").map(Value::take) {
            Some(Value::String(name)) if !name.is_empty() => Ok(Some(name)),
            _ => Ok(None),
        }
    }

    /// The text of terms as forms copy it, worked out for the document. Takes the permit to write what it goes into.
    ///
    /// # Errors
    /// The site's refusal.
    pub async fn terms_text(
        &self,
        permit: &Permit,
        name: &str,
        doc: &Map<String, Value>,
    ) -> Result<Option<String>, SiteError> {
        check(permit, &[Operation::Create, Operation::Update])?;
        // The document is JSON text, as forms send it.
        let doc = Value::Object(doc.clone()).to_string();
        let (method, body) = (endpoints::TERMS_TEXT, json!({ "template_name": name, "doc": doc }));
        match self.ask(permit, method, Body::Json(body)).await?.data {
            Value::String(text) => Ok(Some(text).filter(|text| !text.is_empty())),
            Value::Null => Ok(None),
            _ => Err(unexpected(&endpoints::line("POST", method), false, "no text in it")),
        }
    }

    async fn details(&self, permit: &Permit, method: &str, body: Value) -> Result<Map<String, Value>, SiteError> {
        match self.ask(permit, method, Body::Json(body)).await?.data {
            Value::Object(details) => Ok(details),
            _ => Err(unexpected(&endpoints::line("POST", method), false, "no object in it")),
        }
    }
}

fn balance(item: &str, warehouse: &str, date: &str) -> Value {
    json!({ "item_code": item, "warehouse": warehouse, "posting_date": date, "posting_time": "23:59:59" })
}

fn no_number(words: &str) -> SiteError {
    unexpected(&endpoints::line("POST", endpoints::STOCK_BALANCE), false, words)
}
