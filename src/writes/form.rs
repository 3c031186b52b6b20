//! A document, or a row in one, as its form has it: what of its fields decides of others.

use erpnext_schema::form_rules::{Condition, Judged, NEW, Term};
use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, Version};
use serde_json::{Map, Value, json};

/// A document, or a row in one.
pub(super) struct Form<'a> {
    pub version: Version,
    pub def: &'static DocTypeDef,
    pub is_new: bool,
    pub doc: &'a Map<String, Value>,
    /// Whether a new document that is sent without the field begins with its default.
    pub is_settled: fn(&FieldDef) -> bool,
    pub may_read: &'a dyn Fn(&FieldDef) -> bool,
    /// The document that the row stands in.
    pub parent: Option<&'a Form<'a>>,
}

impl Form<'_> {
    /// Whether the condition holds, by what is known and may be told.
    pub fn judge<'c>(&self, when: &'c Condition) -> Judged<'c> {
        when.judge(|term| self.value(term))
    }

    fn value(&self, term: &Term) -> Option<Value> {
        if term.parent { self.parent?.said(&term.field) } else { self.said(&term.field) }
    }

    fn said(&self, name: &str) -> Option<Value> {
        match (name, self.parent) {
            (NEW, _) => return Some(json!(u8::from(self.is_new))),
            ("docstatus", _) => return Some(self.doc.get(name).cloned().unwrap_or(json!(0))),
            ("doctype", _) => return Some(json!(self.def.name)),
            ("parenttype", Some(parent)) => return Some(json!(parent.def.name)),
            _ => {}
        }
        // What is withheld, or above a level that not everybody reads, tells nothing here either.
        let field = self.def.field(name)?;
        if field.permlevel > 0 || !(self.may_read)(field) {
            return None;
        }
        match self.doc.get(name) {
            // Of a table it is how many rows there are.
            Some(Value::Array(rows)) => Some(json!(rows.len())),
            Some(value) => Some(value.clone()),
            None if self.is_new && !(self.is_settled)(field) => None,
            None if field.kind == FieldKind::Check => Some(json!(u8::from(field.default == Some("1")))),
            None => Some(Value::Null),
        }
    }
}

/// The terms, for a sentence.
pub(super) fn joined(terms: &[Term]) -> String {
    terms.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
}
