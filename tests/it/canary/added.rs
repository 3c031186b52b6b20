//! Fields that no table knows.

use erpnext_sandbox::error::SiteError;
use erpnext_sandbox::site::Site;
use serde_json::json;

/// Fields that the site's people added: DocType, fieldname, kind, options, permlevel.
const ADDED: &[(&str, &str, &str, &str, u8)] = &[
    ("Customer", "custom_note", "Data", "", 0),
    ("Customer", "custom_margin", "Currency", "", 1),
    ("Customer", "custom_rival", "Link", "Supplier", 0),
    ("Sales Order", "custom_note", "Small Text", "", 0),
    ("Sales Order", "custom_code", "Password", "", 0),
    ("Sales Order Item", "custom_cost", "Currency", "", 0),
    ("Sales Invoice Item", "custom_cost", "Currency", "", 1),
    ("Item", "custom_formula", "Text", "", 1),
    ("Lead", "custom_score", "Int", "", 0),
    ("Supplier", "custom_buyer", "Link", "User", 1),
    ("ToDo", "custom_when", "Date", "", 0),
    ("Odd Thing", "custom_note", "Data", "", 0),
];

/// Whether the field, or column, was added above level 0: the site alone hides it.
pub fn is_leveled(path: &str) -> bool {
    let name = path.rsplit('.').next().unwrap_or(path);
    ADDED.iter().any(|(_, fieldname, .., level)| *level > 0 && *fieldname == name)
}

/// Adds the fields to a site.
pub fn add_fields(site: &Site<'_>) -> Result<(), SiteError> {
    for (doctype, fieldname, kind, options, permlevel) in ADDED {
        let field = json!({"doctype": "Custom Field", "dt": doctype, "fieldname": fieldname, "label": fieldname,
            "fieldtype": kind, "options": options, "permlevel": permlevel});
        site.insert(field.as_object().unwrap().clone())?;
    }
    Ok(())
}
