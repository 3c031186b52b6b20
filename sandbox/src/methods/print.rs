//! Documents on paper: plain HTML. For a PDF the site needs a converter that this one does not have either.

use erpnext_schema::DocTypeDef;
use serde_json::{Value, json};

use crate::doc::{Doc, display, int, is_empty, rows, text};
use crate::error::{SiteError, exc};
use crate::perms::Right;
use crate::reply::Reply;
use crate::request::Request;
use crate::site::Site;

/// `frappe.www.printview.get_html_and_style`: `doc` is a document, or the DocType of the document called `name`.
pub fn get_html_and_style(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let site = &request.site;
    let doc = match request.opt("name") {
        Some(name) => site.read(&request.text("doc")?, &name)?,
        None => {
            let sent = request.doc("doc")?;
            site.read(text(&sent, "doctype"), text(&sent, "name"))?
        }
    };
    site.check(text(&doc, "doctype"), Some(&doc), Right::Print)?;
    let def = site.controller(text(&doc, "doctype"))?;
    Ok(Reply::message(json!({ "html": html(site, def, &doc), "style": ".print-format { padding: 1em; }" })))
}

/// `frappe.utils.print_format.download_pdf`.
pub fn download_pdf(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let doc = request.site.load(&request.text("doctype")?, &request.text("name")?)?;
    request.site.check(text(&doc, "doctype"), Some(&doc), Right::Print)?;
    Err(SiteError::new(exc::OS, "No wkhtmltopdf executable found"))
}

fn html(site: &Site<'_>, def: &DocTypeDef, doc: &Doc) -> String {
    let draft = if int(doc, "docstatus") == 0 && def.is(erpnext_schema::doctype_flag::SUBMITTABLE) {
        "<p>Draft</p>"
    } else {
        ""
    };
    let mut html =
        format!("<div class=\"page-break\"><h2>{} {}</h2>{draft}", escape(def.name), escape(text(doc, "name")));
    html.push_str(&lines(def, doc));
    for table in def.tables() {
        let Some(child) = table.target().and_then(|target| site.meta.get(target)) else { continue };
        for row in rows(doc, table.fieldname) {
            html.push_str(&format!("<h4>{} {}</h4>{}", escape(table.label), int(row, "idx"), lines(child, row)));
        }
    }
    html.push_str("</div>");
    html
}

fn lines(def: &DocTypeDef, doc: &Doc) -> String {
    let mut lines = String::from("<table>");
    for field in def.fields.iter().filter(|field| !field.is(erpnext_schema::flag::HIDDEN) && !field.label.is_empty()) {
        let value = doc.get(field.fieldname);
        if let Some(value) = value.filter(|value| !is_empty(Some(value)) && !matches!(value, Value::Array(_))) {
            lines.push_str(&format!("<tr><th>{}</th><td>{}</td></tr>", escape(field.label), escape(&display(value))));
        }
    }
    lines.push_str("</table>");
    lines
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
