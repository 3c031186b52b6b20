//! What a new site has before anybody works with it: the DocTypes as documents, users, roles, languages, a User Permission.

use erpnext_schema::Version;
use erpnext_schema::snapshot::DOCTYPE_FLAGS;
use serde_json::{Map, Value, json};

use crate::doc::Doc;
use crate::error::SiteError;
use crate::keys::KEYS;
use crate::site::Site;

/// The roles of the users that have any.
const ROLES: &[(&str, &[&str])] = &[
    ("sales@example.com", &["Sales User"]),
    ("other@example.com", &["Sales User"]),
    ("reader@example.com", &["API Reader"]),
];

/// Languages that documents are printed in.
const LANGUAGES: &[(&str, &str)] = &[("de", "Deutsch"), ("en", "English"), ("es", "Español"), ("fr", "Français")];

/// The DocType that the site lists and cannot give (H35).
pub(crate) const BROKEN: &str = "Payment Gateway Account";

/// When the DocTypes of a new site were made and changed last: with ERPNext, before the site was there. As a column gives it.
pub(crate) const RELEASED: &str = "2026-01-01 00:00:00";

/// Puts the first documents into a new site, and learns the Custom Fields of one that is not new.
///
/// # Errors
/// The database's.
pub fn lay(site: &Site<'_>) -> Result<(), SiteError> {
    for field in site.db.rows_where_in("Custom Field", site.meta, "docstatus", "0")? {
        site.meta.add_field(&field);
    }
    if site.has("User", "Administrator") {
        return Ok(());
    }
    for def in site.meta.all() {
        let mut row = row(json!({ "name": def.name, "module": def.module, "autoname": def.autoname }));
        row.extend(DOCTYPE_FLAGS.iter().map(|(key, bit)| ((*key).to_owned(), json!(u8::from(def.is(*bit))))));
        add(site, "DocType", row)?;
    }
    if site.version() < Version::V16 && site.meta.get(BROKEN).is_none() {
        add(site, "DocType", row(json!({ "name": BROKEN, "module": "Accounts" })))?;
    }
    for key in KEYS {
        let roles = ROLES.iter().find(|(user, _)| *user == key.user).map_or(&[][..], |(_, roles)| roles);
        add_user(site, key.user, key.key, key.enabled, roles)?;
    }
    for role in
        ["Administrator", "System Manager", "Guest", "All", "Desk User", "Sales User", "Sales Manager", "API Reader"]
    {
        add(site, "Role", row(json!({ "name": role, "role_name": role, "desk_access": 1 })))?;
    }
    for (code, name) in LANGUAGES {
        add(
            site,
            "Language",
            row(json!({ "name": code, "language_code": code, "language_name": name, "enabled": 1 })),
        )?;
    }
    for name in ["System User", "Website User"] {
        add(site, "User Type", row(json!({ "name": name, "is_standard": 1 })))?;
    }
    let restriction = json!({
        "name": crate::documents::random(), "user": "sales@example.com", "allow": "Territory", "for_value": "North",
        "apply_to_all_doctypes": 1,
    });
    add(site, "User Permission", row(restriction))
}

/// A user with a key and roles.
///
/// # Errors
/// The database's.
pub fn add_user(site: &Site<'_>, user: &str, key: &str, enabled: bool, roles: &[&str]) -> Result<(), SiteError> {
    let first = user.split('@').next().unwrap_or(user);
    let stated = json!({
        "name": user, "email": user, "first_name": first, "full_name": first, "enabled": u8::from(enabled),
        "user_type": "System User", "api_key": key,
    });
    add(site, "User", row(stated))?;
    for (at, role) in roles.iter().enumerate() {
        let entry = json!({
            "name": crate::documents::random(), "role": role, "parent": user, "parenttype": "User",
            "parentfield": "roles", "idx": at + 1,
        });
        add(site, "Has Role", row(entry))?;
    }
    Ok(())
}

fn row(value: Value) -> Doc {
    if let Value::Object(row) = value { row } else { Map::new() }
}

/// Adds a row as it is: a site's first documents are not checked against documents that are not there yet.
fn add(site: &Site<'_>, doctype: &str, mut row: Doc) -> Result<(), SiteError> {
    let def = site.controller(doctype)?;
    let at = if doctype == "DocType" { RELEASED.to_owned() } else { site.now_text() };
    for (key, value) in [("creation", &at), ("modified", &at)] {
        row.insert(key.to_owned(), json!(value));
    }
    for key in ["owner", "modified_by"] {
        row.insert(key.to_owned(), json!("Administrator"));
    }
    site.db.add_row(def, &row)
}
