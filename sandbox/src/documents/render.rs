//! A document as the site writes it out: known fields in the form's order, numbers as numbers, all else as it stands
//! in memory (H13), child rows last.

use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, Shape, doctype_flag, flag};
use serde_json::{Value, json};

use crate::doc::{Doc, cint, flt};
use crate::site::Site;

impl Site<'_> {
    /// The document with nulls, as `frappe.client.get` gives it. Keys that are no fields are gone (H7).
    pub fn render(&self, def: &'static DocTypeDef, doc: &Doc) -> Doc {
        let mut out = Doc::new();
        let child = def.is(doctype_flag::CHILD);
        let (standard, parents) = def.standard_fields().split_at(7.min(def.standard_fields().len()));
        let form = def.fields.iter().filter(|field| field.kind.holds_value() && !field.kind.is_table());
        for field in standard.iter().chain(form).chain(parents) {
            let value = match doc.get(field.fieldname) {
                // Computed on read; the form says from what.
                _ if field.is(flag::VIRTUAL) => self.computed(def, field, doc),
                // A Single's is not cast: text once it was saved.
                Some(value) if field.fieldname == "idx" && def.is(doctype_flag::SINGLE) => {
                    out.insert("idx".to_owned(), value.clone());
                    continue;
                }
                Some(value) => value.clone(),
                None => Value::Null,
            };
            out.insert(field.fieldname.to_owned(), shown(field, value));
        }
        if def.is(doctype_flag::SINGLE) && doc.get("creation").is_none_or(Value::is_null) {
            out.remove("creation");
        }
        out.insert("doctype".to_owned(), json!(def.name));
        for table in def.tables() {
            let rows = doc.get(table.fieldname).and_then(Value::as_array);
            let target = table.target().and_then(|target| self.meta.get(target)).filter(|_| !child);
            let rows = rows.into_iter().flatten().filter_map(Value::as_object);
            let rows = rows.filter_map(|row| Some(Value::Object(self.render(target?, row))));
            out.insert(table.fieldname.to_owned(), rows.collect());
        }
        if let Some(onload) = doc.get("__onload") {
            out.insert("__onload".to_owned(), onload.clone());
        }
        // H14.
        if child && doc.contains_key("__unsaved") {
            out.insert("__unsaved".to_owned(), json!(1));
        }
        out
    }

    fn computed(&self, def: &'static DocTypeDef, field: &FieldDef, doc: &Doc) -> Value {
        let form =
            self.meta.form(def.name).and_then(|form| form.fields.iter().find(|f| f.fieldname == field.fieldname));
        let source = form.and_then(|field| field.options.as_deref()).and_then(|options| options.strip_prefix("doc."));
        source.and_then(|source| doc.get(source)).cloned().unwrap_or_default()
    }
}

/// What the site casts on the way out.
fn shown(field: &FieldDef, value: Value) -> Value {
    match (field.kind, &value) {
        (FieldKind::Check, _) => json!(i64::from(cint(&value) != 0)),
        (FieldKind::Int, Value::Number(number)) if number.is_f64() => json!(cint(&value)),
        (FieldKind::Int, Value::Number(_) | Value::Bool(_)) => value,
        (FieldKind::Int, _) => json!(cint(&value)),
        (FieldKind::Currency | FieldKind::Float | FieldKind::Percent, _) => json!(flt(&value)),
        (_, Value::Object(_)) if field.kind.shape() == Shape::Json => json!(value.to_string()),
        (_, Value::String(text)) if text.is_empty() && matches!(field.kind.shape(), Shape::Date | Shape::Datetime) => {
            Value::Null
        }
        _ => value,
    }
}

/// The document as `/api/resource` sends it: without nulls (H25).
pub fn without_nulls(mut doc: Doc) -> Doc {
    doc.retain(|_, value| !value.is_null());
    for value in doc.values_mut() {
        for row in value.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
            row.retain(|_, value| !value.is_null());
        }
    }
    doc
}
