//! What forms fill in for taxes: the rows that a template stands for, the template of a company, the one of a Tax Rule.

use serde_json::{Value, json};

use crate::doc::{Doc, rows, text};
use crate::error::SiteError;
use crate::reply::Reply;
use crate::request::Request;
use crate::site::Site;
use crate::store::Sql;

/// What rows have because they are rows.
const OF_A_ROW: &[&str] = &[
    "doctype",
    "name",
    "owner",
    "creation",
    "modified",
    "modified_by",
    "parent",
    "parentfield",
    "parenttype",
    "idx",
    "docstatus",
];

/// `erpnext.controllers.accounts_controller.get_taxes_and_charges`: nothing without a template, and no rights are asked for.
pub fn get_taxes_and_charges(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let doctype = request.text("master_doctype")?;
    match request.opt("master_name") {
        Some(name) => Ok(Reply::message(of_template(&request.site, &doctype, &name)?)),
        None => Ok(Reply::message(Value::Null)),
    }
}

/// `erpnext.controllers.accounts_controller.get_default_taxes_and_charges`.
pub fn get_default_taxes_and_charges(request: &mut Request<'_>) -> Result<Reply, SiteError> {
    let doctype = request.text("master_doctype")?;
    let Some(company) = request.opt("company") else { return Ok(Reply::message(json!({}))) };
    let site = &request.site;
    let condition = "is_default = 1 AND company = ?1 LIMIT 1";
    let found = site.db.rows_where(site.controller(&doctype)?, condition, &[Sql::Text(company)])?;
    let name = found.first().map(|template| text(template, "name").to_owned());
    let taxes = name.as_deref().map(|name| of_template(site, &doctype, name)).transpose()?;
    Ok(Reply::message(json!({ "taxes_and_charges": name, "taxes": taxes })))
}

fn of_template(site: &Site<'_>, doctype: &str, name: &str) -> Result<Value, SiteError> {
    let template = site.load(doctype, name)?;
    let of_the_form = |row: &Doc| -> Doc {
        let own = row.iter().filter(|(key, _)| !OF_A_ROW.contains(&key.as_str()));
        own.map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    Ok(rows(&template, "taxes").map(of_the_form).map(Value::Object).collect())
}

/// The template that a Tax Rule of a party's tax category names: the one for this party, or else for every one.
pub fn by_rule(site: &Site<'_>, kind: &str, party: &Doc, company: &str) -> Result<Option<String>, SiteError> {
    let (field, template) = match kind {
        "Supplier" => ("supplier", "purchase_tax_template"),
        _ => ("customer", "sales_tax_template"),
    };
    let condition = "company = ?1 OR ?1 = '' ORDER BY name";
    let mut rules = site.db.rows_where(site.controller("Tax Rule")?, condition, &[Sql::Text(company.to_owned())])?;
    rules.retain(|rule| {
        ["", text(party, "name")].contains(&text(rule, field))
            && text(rule, "tax_category") == text(party, "tax_category")
            && !text(rule, template).is_empty()
    });
    let own = rules.iter().find(|rule| !text(rule, field).is_empty());
    Ok(own.or_else(|| rules.first()).map(|rule| text(rule, template).to_owned()))
}
