//! The names of fields that a request may use, and what SQL calls them.

use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, Version, doctype_flag};

use super::select::Select;
use crate::error::{SiteError, exc};
use crate::perms::Right;
use crate::store::{HIDDEN_COLUMNS, Sql, columns, quote, table_name};

/// A field that was found, and how SQL names it.
pub struct Found {
    pub sql: String,
    pub field: Option<&'static FieldDef>,
    /// Whether the user may see it.
    pub visible: bool,
}

impl Found {
    /// Whether it is kept in a column: parts of the layout and tables are not.
    pub fn is_column(&self) -> bool {
        self.sql != "NULL"
    }
}

impl<'a> Select<'a> {
    /// 403 for a field that is above the user's levels, or that is none (H59).
    pub fn forbidden(&self, doctype: Option<&str>, field: &str) -> SiteError {
        let doctype = doctype.unwrap_or(self.def().name);
        let text = format!("You do not have permission to access field: <strong>{doctype}.{field}</strong>");
        SiteError::titled(exc::PERMISSION, "Permission Error", text)
    }

    /// H5. A level that no role reaches is closed to Administrator as well, whose single reads show it.
    pub fn visible(&self, def: &'static DocTypeDef, field: &FieldDef) -> bool {
        let reached = || {
            field.permlevel == 0 || self.site().meta.permissions(def.name).iter().any(|p| p.level == field.permlevel)
        };
        let allowed = || self.site().level_allows(def.name, field.permlevel, Right::Read) && reached();
        let named = !self.bare || field.fieldname == "name";
        named && (self.free || def.is(doctype_flag::CHILD) || allowed())
    }

    /// A name in any of the site's forms: `field`, `` `tabX`.`field` ``, `items.item_code`, `customer.territory`.
    pub fn find(&mut self, doctype: Option<&str>, name: &str) -> Result<Found, SiteError> {
        let unknown = || SiteError::throw(exc::DATA, format!("Field not permitted in query: {name}"));
        let plain = name.replace(['`', '"'], "");
        let (table, fieldname) = match plain.split_once('.') {
            Some((table, field)) => (Some(table.trim().to_owned()), field.trim().to_owned()),
            None => (doctype.map(|doctype| format!("tab{doctype}")), plain),
        };
        let (def, alias) = match table {
            None => (self.def(), table_name(self.def().name)),
            Some(table) => match table.strip_prefix("tab").and_then(|name| self.site().meta.get(name)) {
                Some(def) if def.name == self.def().name => (def, table_name(def.name)),
                Some(def) => (def, self.join_rows(def, None).ok_or_else(unknown)?),
                None => self.join(&table).ok_or_else(unknown)?,
            },
        };
        if let Some(field) = columns(def).find(|field| field.fieldname == fieldname) {
            let sql = format!("{alias}.{}", quote(field.fieldname));
            return Ok(Found { sql, field: Some(field), visible: self.visible(def, field) });
        }
        if HIDDEN_COLUMNS.contains(&fieldname.as_str()) && !def.is(doctype_flag::CHILD) {
            return Ok(Found { sql: format!("{alias}.{fieldname}"), field: None, visible: true });
        }
        // H18: what the form has without a column is dropped.
        let form = self.site().meta.form(def.name);
        let on_form = form.is_some_and(|form| form.fields.iter().any(|field| field.fieldname == fieldname));
        let new = self.version() >= Version::V16;
        let place = matches!(fieldname.as_str(), "parent" | "parentfield" | "parenttype");
        if on_form || if new { place } else { fieldname == "_seen" } {
            return Ok(Found { sql: "NULL".to_owned(), field: None, visible: false });
        }
        if place || fieldname == "_seen" {
            return Err(SiteError::database(format!("(1054, \"Unknown column '{fieldname}' in 'SELECT'\")")));
        }
        Err(unknown())
    }

    /// Whether the user may read the DocType that a dotted Link leads to; 16 drops such a column, and 15 refuses (H85).
    pub fn reaches(&self, name: &str) -> Result<bool, SiteError> {
        let link = name.split_once('.').and_then(|(by, _)| self.def().field(by));
        let Some(target) = link.filter(|field| field.kind == FieldKind::Link).and_then(|field| field.target()) else {
            return Ok(true);
        };
        let allowed = |right| self.site().role_allows(target, right);
        match self.free || allowed(Right::Read) || allowed(Right::Select) {
            false if self.version() < Version::V16 => Err(SiteError::no_role(&self.site().user.name, target)),
            reached => Ok(reached),
        }
    }

    /// H85: on 16 what a User Permission hides takes the rows that lead there along.
    fn restrict_joined(&mut self, target: &'static DocTypeDef, alias: &str) -> Result<(), SiteError> {
        if self.version() < Version::V16 || self.free {
            return Ok(());
        }
        for restriction in self.site().restrictions()?.iter().filter(|restriction| restriction.concerns(target.name)) {
            let parts = super::restricted(self, target, alias, restriction);
            self.wheres.extend(parts);
        }
        Ok(())
    }

    fn join(&mut self, by: &str) -> Option<(&'static DocTypeDef, String)> {
        let field = self.def().fields.iter().find(|field| field.fieldname == by)?;
        let target = self.site().meta.get(field.target()?)?;
        if field.kind.is_table() {
            return Some((target, self.join_rows(target, Some(by))?));
        }
        if field.kind != FieldKind::Link || target.flags & (doctype_flag::SINGLE | doctype_flag::VIRTUAL) != 0 {
            return None;
        }
        let alias = quote(&format!("{by}.{}", target.name));
        if !self.joins.contains(&alias) {
            self.site().db.prepare(target).ok()?;
            let (own, there) = (table_name(self.def().name), table_name(target.name));
            self.joins.push_str(&format!(" LEFT JOIN {there} AS {alias} ON {alias}.name = {own}.{}", quote(by)));
            self.restrict_joined(target, &alias).ok()?;
        }
        Some((target, alias))
    }

    /// H19: joins the rows, which multiplies the documents.
    fn join_rows(&mut self, child: &'static DocTypeDef, table: Option<&str>) -> Option<String> {
        let named = |field: &&FieldDef| table.is_none_or(|by| by == field.fieldname);
        let field = self.def().tables().filter(named).find(|field| field.rows_of() == Some(child.name))?;
        let alias = quote(&format!("rows.{}", child.name));
        if !self.joins.contains(&alias) {
            self.site().db.prepare(child).ok()?;
            let (doctype, by) = (Sql::Text(self.def().name.to_owned()), Sql::Text(field.fieldname.to_owned()));
            let (doctype, by) = (self.param(doctype), self.param(by));
            let (own, there) = (table_name(self.def().name), table_name(child.name));
            self.joins.push_str(&format!(
                " LEFT JOIN {there} AS {alias} ON {alias}.parent = {own}.name AND {alias}.parenttype = {doctype} \
                 AND {alias}.parentfield = {by}"
            ));
        }
        Some(alias)
    }
}
