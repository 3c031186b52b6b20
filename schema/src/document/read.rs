//! From the site's JSON to a struct: one value after the other in the table's order, errors collected.

use serde_json::Value;
use std::fmt;

use super::{Document, Extra, Scalar, Slot, Writer};
use crate::versioned::Members;
use crate::{FieldDef, Versioned};

/// Hands the values of one document to the fields of its struct.
pub struct Reader<'a> {
    doc: &'a mut Extra,
    errors: &'a mut Errors,
    fields: Members,
}

impl<'a> Reader<'a> {
    /// Stands before the first field.
    pub fn new(def: &'static Versioned, doc: &'a mut Extra, errors: &'a mut Errors) -> Self {
        Self { doc, errors, fields: def.members() }
    }

    /// What no field took.
    pub fn rest(self) -> Extra {
        std::mem::take(self.doc)
    }

    /// The next field and its value, if it has one.
    fn take(&mut self) -> Option<(&'static FieldDef, Value)> {
        let field = self.fields.next()?;
        let value = self.doc.remove(field.fieldname)?;
        (!value.is_null()).then_some((field, value))
    }

    /// Puts a value of the wrong type back. An empty text says only that there is none: it is no error.
    fn refuse(&mut self, field: &'static FieldDef, value: Value, rule: &'static str) {
        if value.as_str() != Some("") {
            self.errors.add(field.fieldname, rule, &value);
        }
        self.doc.insert(field.fieldname.to_owned(), value);
    }

    /// The next field's rows, if all of them are objects.
    #[inline(never)]
    fn rows(&mut self) -> Option<(&'static FieldDef, Vec<Extra>)> {
        let (field, value) = self.take()?;
        let Value::Array(values) = value else {
            self.refuse(field, value, "a list of rows");
            return None;
        };
        let wrong: Vec<usize> = (0..values.len()).filter(|at| !values[*at].is_object()).collect();
        if wrong.is_empty() {
            let row = |value| if let Value::Object(row) = value { row } else { Extra::new() };
            return Some((field, values.into_iter().map(row).collect()));
        }
        for at in wrong {
            self.errors.add(&format!("{}[{at}]", field.fieldname), "a row with fields", &values[at]);
        }
        self.doc.insert(field.fieldname.to_owned(), Value::Array(values));
        None
    }
}

impl<T: Scalar> Slot for Option<T> {
    #[inline(never)]
    fn fill(&mut self, reader: &mut Reader<'_>) {
        let Some((field, value)) = reader.take() else { return };
        match T::from_wire(value) {
            Ok(value) => *self = value,
            Err(value) => reader.refuse(field, value, T::RULE),
        }
    }

    #[inline(never)]
    fn emit(&self, writer: &mut Writer) {
        writer.put(self.as_ref().map(T::to_wire));
    }
}

impl<D: Document> Slot for Vec<D> {
    #[inline(never)]
    fn fill(&mut self, reader: &mut Reader<'_>) {
        let Some((field, rows)) = reader.rows() else { return };
        for (at, mut row) in rows.into_iter().enumerate() {
            let outer = reader.errors.enter(field.fieldname, at);
            self.push(D::fill(&mut row, reader.errors));
            reader.errors.leave(outer);
        }
    }

    #[inline(never)]
    fn emit(&self, writer: &mut Writer) {
        writer.put_rows(self.iter().map(|row| Value::Object(row.emit())).collect());
    }
}

/// Rows of a child DocType that did not load (H35).
impl Slot for Vec<Extra> {
    fn fill(&mut self, reader: &mut Reader<'_>) {
        if let Some((_, rows)) = reader.rows() {
            *self = rows;
        }
    }

    fn emit(&self, writer: &mut Writer) {
        writer.put_rows(self.iter().cloned().map(Value::Object).collect());
    }
}

/// Collects the values of the wrong type, with the path to each.
#[derive(Default, Debug)]
pub struct Errors {
    path: String,
    list: Vec<Mismatch>,
}

impl Errors {
    /// Everything that was found.
    pub fn into_list(self) -> Vec<Mismatch> {
        self.list
    }

    /// Goes into a row; gives what [`Self::leave`] needs to come back.
    fn enter(&mut self, table: &str, row: usize) -> usize {
        let outer = self.path.len();
        self.path.push_str(&format!("{table}[{row}]."));
        outer
    }

    fn leave(&mut self, outer: usize) {
        self.path.truncate(outer);
    }

    fn add(&mut self, place: &str, rule: &'static str, found: &Value) {
        let found = match found {
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::String(_) => "text",
            Value::Array(_) => "a list",
            Value::Object(_) | Value::Null => "an object",
        };
        self.list.push(Mismatch { path: format!("{}{place}", self.path), rule, found });
    }
}

/// A value of the wrong type. What was found is named by its type only: it may be a secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mismatch {
    /// Where it is: `items[2].qty`, rows counted from 0.
    pub path: String,
    /// What the field holds.
    pub rule: &'static str,
    /// What was there instead.
    pub found: &'static str,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, rule, found } = self;
        // "text" instead of "a date" would leave open what was wrong with it.
        let other = if *found == "text" { "other text" } else { found };
        write!(f, "{path}: expected {rule}, found {other}")
    }
}

impl std::error::Error for Mismatch {}
