//! What forms fill in for Terms and Conditions: their text. Nobody recorded the answer; of a template only `{{ field }}` is
//! worked out.

use serde_json::{Value, json};

use crate::doc::{display, text};
use crate::error::SiteError;
use crate::reply::Reply;
use crate::request::Request;

/// `erpnext.setup.doctype.terms_and_conditions.terms_and_conditions.get_terms_and_conditions`: nothing where there is
/// no text, and no rights are asked for.
pub fn get_terms_and_conditions(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let (name, doc) = (request.text("template_name")?, request.doc("doc")?);
    let template = request.site.load("Terms and Conditions", &name)?;
    let mut terms = text(&template, "terms").to_owned();
    if terms.is_empty() {
        return Ok(Reply::message(Value::Null));
    }
    for (field, value) in doc.iter().filter(|(_, value)| !value.is_array()) {
        terms = terms.replace(&format!("{{{{ {field} }}}}"), &display(value));
    }
    Ok(Reply::message(json!(terms)))
}
