//! Which fields above permlevel 0 the site shows to the user: reading a document gives 0 for a number that the user may not
//! see (H4), where a list leaves its column out (H5). Asked for each user and level, and believed for a while.

use std::sync::Arc;

use erpnext_schema::{FieldDef, Shape, doctype_flag, rows};
use serde_json::{Map, Value};

use super::DocTypeCall;
use super::names::document_name;
use crate::shape::{FOR_READS, Masked};
use crate::site::SiteError;

impl DocTypeCall<'_> {
    /// Takes out of a document as it is stored the zeros that may stand for what the user may not see.
    /// Masks are taken out too (H84).
    pub(crate) async fn drop_masked_zeros(&self, doc: &mut Map<String, Value>) -> Result<(), SiteError> {
        self.masked().await?.take_out(self.def, doc);
        let name = doc.get("name").and_then(document_name).unwrap_or_default();
        let rule = self.permit.fields();
        // The level first: hardly a field is above 0.
        for field in self.def.fields.iter().filter(|field| field.permlevel > 0 && rule.may_read(*field)) {
            if may_lie(field, doc) && !self.site_shows(Some(&name), field.permlevel).await? {
                doc.remove(field.fieldname);
            }
        }
        for table in self.def.tables() {
            let Some(Value::Array(rows)) = doc.get_mut(table.fieldname).filter(|rows| has_rows(rows)) else { continue };
            let Some(child) = table.rows_of().and_then(|child| self.session.catalog.known(child)) else { continue };
            let above = child.fields.iter().filter(|column| column.permlevel > 0);
            for column in above.filter(|column| rule.may_read_child(table, *column)) {
                for row in rows.iter_mut().filter_map(Value::as_object_mut).filter(|row| may_lie(column, row)) {
                    if !self.site_shows(Some(&name), column.permlevel).await? {
                        row.remove(column.fieldname);
                    }
                }
            }
        }
        Ok(())
    }

    /// What the user may not ask about by filters, order, groups and measures, as the answer would tell it: what the site
    /// masks, and what it hides by its permlevel and version 15 compares all the same (H5).
    ///
    /// # Errors
    /// The site's.
    pub(crate) async fn hidden(&self) -> Result<Arc<Masked>, SiteError> {
        let masked = self.masked().await?;
        let rule = self.permit.fields();
        let mut above: Vec<(&str, &FieldDef)> = Vec::new();
        // The level first: hardly a field is above 0.
        let is_above = |field: &&FieldDef| field.permlevel > 0 && field.kind.holds_value();
        for field in self.def.fields.iter().filter(|field| is_above(field) || field.kind.is_table()) {
            if is_above(&field) && rule.may_read(field) {
                above.push((self.def.name, field));
            }
            let child = field.rows_of().and_then(|child| self.session.catalog.known(child));
            let columns = child.into_iter().flat_map(|child| child.fields.iter().filter(is_above));
            let columns = columns.filter(|column| rule.may_read_child(field, *column));
            above.extend(columns.filter_map(|column| Some((child?.name, column))));
        }
        if above.is_empty() {
            return Ok(masked);
        }
        let mut hidden = Masked::clone(&masked);
        for (doctype, field) in above {
            if !self.site_shows(None, field.permlevel).await? {
                hidden.0.entry(doctype.to_owned()).or_default().push(field.fieldname.to_owned());
            }
        }
        Ok(Arc::new(hidden))
    }

    /// The same for what stands beside a document: what is in the document as it is shown, the site shows.
    ///
    /// # Errors
    /// The site's.
    pub(crate) async fn hidden_beside(&self, document: &Map<String, Value>) -> Result<Masked, SiteError> {
        let mut hidden = Masked::clone(&*self.hidden().await?);
        for (doctype, fields) in &mut hidden.0 {
            let tables = self.def.tables().filter(|table| table.rows_of() == Some(doctype));
            let rows: Vec<_> = tables.filter_map(|table| document.get(table.fieldname)).flat_map(rows).collect();
            let is_own = doctype == self.def.name;
            fields.retain(|field| {
                !(is_own && document.contains_key(field) || rows.iter().any(|row| row.contains_key(field)))
            });
        }
        Ok(hidden)
    }

    /// Whether the site shows the user the fields of this level, in the rows of the DocType's tables too; `name` is a
    /// document that the user may read, any where there is none. Not where it cannot be told: a Single has no list, and a level
    /// may have no column. Where there is no document at all, there is nothing that it would hide.
    pub(crate) async fn site_shows(&self, name: Option<&str>, level: u8) -> Result<bool, SiteError> {
        let def = self.def;
        if let Some(known) = self.session.user.permlevels.known(def.name, level, FOR_READS) {
            return Ok(known);
        }
        let column = def.fields.iter().find(|field| field.permlevel == level && field.in_lists());
        let Some(column) = column.filter(|_| !def.is(doctype_flag::SINGLE)) else { return Ok(false) };
        let columns = ["name", column.fieldname];
        let shown = self.session.site.columns_shown(self.permit, name, &columns).await?;
        let seen = shown.contains(column.fieldname);
        // Where no row came back nothing was learned.
        let learned = shown.contains("name");
        if learned {
            self.session.user.permlevels.learn(def.name, level, seen);
        }
        Ok(seen || name.is_none() && !learned)
    }
}

fn has_rows(value: &Value) -> bool {
    value.as_array().is_some_and(|rows| !rows.is_empty())
}

/// Whether the value of the field may stand for one that the user may not see.
fn may_lie(field: &FieldDef, doc: &Map<String, Value>) -> bool {
    let number = matches!(field.kind.shape(), Shape::Int | Shape::Float | Shape::Bool);
    field.permlevel > 0 && number && doc.get(field.fieldname).and_then(Value::as_f64) == Some(0.0)
}
