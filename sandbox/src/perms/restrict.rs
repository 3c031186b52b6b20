//! User Permissions: a user sees only documents that link to certain others, or to none.

use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, doctype_flag, flag};

use crate::doc::{Doc, text};
use crate::error::SiteError;
use crate::site::Site;
use crate::store::{Sql, quote, table_name};

/// The documents of one DocType that a user is restricted to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Restriction {
    /// The DocType.
    pub allow: String,
    /// Its documents, those below them in a tree included.
    pub names: Vec<String>,
    /// The only DocType that the restriction counts for; every one where `None`.
    pub applies_to: Option<String>,
}

impl Restriction {
    /// Whether documents of this DocType are cut by it.
    pub fn concerns(&self, doctype: &str) -> bool {
        self.applies_to.as_deref().is_none_or(|only| only == doctype)
    }

    /// The fields of a DocType that it looks at: its Links to what is restricted.
    pub fn fields<'a>(&'a self, def: &'static DocTypeDef) -> impl Iterator<Item = &'static FieldDef> + use<'a> {
        def.fields.iter().filter(|field| {
            field.kind == FieldKind::Link
                && field.target() == Some(self.allow.as_str())
                && !field.is(flag::IGNORE_USER_PERMISSIONS)
                && !field.is(flag::VIRTUAL)
        })
    }

    fn holds(&self, name: &str) -> bool {
        self.names.iter().any(|allowed| allowed.eq_ignore_ascii_case(name))
    }

    /// The field and value by which it hides the document, if it does.
    pub fn hides<'d>(&self, def: &'static DocTypeDef, doc: &'d Doc) -> Option<(&'static str, &'d str)> {
        if !self.concerns(def.name) {
            return None;
        }
        if self.allow == def.name && !text(doc, "name").is_empty() && !self.holds(text(doc, "name")) {
            return Some(("name", text(doc, "name")));
        }
        let mut links = self.fields(def).map(|field| (field.label, text(doc, field.fieldname)));
        links.find(|(_, value)| !value.is_empty() && !self.holds(value))
    }
}

impl Site<'_> {
    /// The restrictions of the user, read once a request.
    ///
    /// # Errors
    /// The database's.
    pub fn restrictions(&self) -> Result<&[Restriction], SiteError> {
        if let Some(known) = self.restrictions.get() {
            return Ok(known);
        }
        let mut found: Vec<Restriction> = Vec::new();
        if !self.user.is_administrator() {
            for row in self.db.rows_where_in("User Permission", self.meta, "user", &self.user.name)? {
                let applies_to = match text(&row, "applicable_for") {
                    "" => None,
                    only => Some(only.to_owned()),
                };
                let (allow, value) = (text(&row, "allow"), text(&row, "for_value"));
                let names = self.with_descendants(allow, value)?;
                match found.iter_mut().find(|known| known.allow == allow && known.applies_to == applies_to) {
                    Some(known) => known.names.extend(names),
                    None => found.push(Restriction { allow: allow.to_owned(), names, applies_to }),
                }
            }
        }
        Ok(self.restrictions.get_or_init(|| found))
    }

    /// In a tree, the documents above this one.
    ///
    /// # Errors
    /// The database's.
    pub fn ancestors(&self, doctype: &str, name: &str) -> Result<Vec<String>, SiteError> {
        let mut names: Vec<String> = Vec::new();
        let Some(parent) = self.meta.get(doctype).and_then(tree_parent) else { return Ok(names) };
        let mut at = name.to_owned();
        while let Some(serde_json::Value::String(above)) = self.value(doctype, &at, parent)? {
            if above.is_empty() || names.contains(&above) {
                break;
            }
            names.push(above.clone());
            at = above;
        }
        Ok(names)
    }

    /// The document and, in a tree, all below it.
    ///
    /// # Errors
    /// The database's.
    pub fn with_descendants(&self, doctype: &str, name: &str) -> Result<Vec<String>, SiteError> {
        let mut names = vec![name.to_owned()];
        let Some(def) = self.meta.get(doctype).filter(|def| def.is(doctype_flag::TREE)) else { return Ok(names) };
        let Some(parent) = tree_parent(def) else { return Ok(names) };
        self.db.prepare(def)?;
        let sql = format!("SELECT name FROM {} WHERE {} = ?1", table_name(def.name), quote(parent));
        let mut at = 0;
        while let Some(above) = names.get(at).cloned() {
            at += 1;
            for cell in self.db.query(&sql, &[Sql::Text(above)])?.into_iter().flatten() {
                if let Sql::Text(below) = cell
                    && !names.contains(&below)
                {
                    names.push(below);
                }
            }
        }
        Ok(names)
    }
}

/// The field of a tree's documents that names the one above.
pub fn tree_parent(def: &DocTypeDef) -> Option<&'static str> {
    let usual = format!("parent_{}", def.name.to_lowercase().replace([' ', '-'], "_"));
    let link = |field: &&&'static FieldDef| field.kind == FieldKind::Link && field.target() == Some(def.name);
    let links: Vec<&'static FieldDef> = def.fields.iter().collect::<Vec<_>>().iter().filter(link).copied().collect();
    let named = links.iter().find(|field| field.fieldname == usual);
    named.or_else(|| links.iter().find(|field| field.fieldname.starts_with("parent"))).map(|field| field.fieldname)
}
