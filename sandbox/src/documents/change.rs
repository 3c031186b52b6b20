//! The rules for a change: who was faster, which moves of `docstatus` there are, what stays fixed.

use erpnext_schema::{DocTypeDef, FieldDef, Shape, doctype_flag, flag};
use serde_json::Value;

use crate::doc::{Doc, cint, display, flt, int, text};
use crate::error::{SiteError, exc};
use crate::perms::Right;
use crate::site::Site;

/// What a save does to a document.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// A draft stays a draft.
    Save,
    /// A draft is submitted.
    Submit,
    /// A submitted document is changed.
    UpdateAfterSubmit,
    /// A submitted document is cancelled.
    Cancel,
}

impl Action {
    /// The right that it takes.
    pub fn right(self) -> Right {
        match self {
            Self::Save => Right::Write,
            Self::Submit | Self::UpdateAfterSubmit => Right::Submit,
            Self::Cancel => Right::Cancel,
        }
    }

    /// What the journal calls it.
    pub fn verb(self) -> &'static str {
        match self {
            Self::Save | Self::UpdateAfterSubmit => "update",
            Self::Submit => "submit",
            Self::Cancel => "cancel",
        }
    }
}

/// The action between two values of `docstatus`.
///
/// # Errors
/// 417, without a message, for a move that there is not.
pub fn action(before: i64, after: i64) -> Result<Action, SiteError> {
    let refused = |names: &str| Err(SiteError::new(exc::DOCSTATUS, format!("Cannot change docstatus from {names}")));
    match (before, after) {
        (0, 0) => Ok(Action::Save),
        (0, 1) => Ok(Action::Submit),
        (1, 1) => Ok(Action::UpdateAfterSubmit),
        (1, 2) => Ok(Action::Cancel),
        (0, 2) => refused("0 (Draft) to 2 (Cancelled)"),
        (1, 0) => refused("1 (Submitted) to 0 (Draft)"),
        (2, _) => Err(SiteError::new(exc::VALIDATION, "Cannot edit cancelled document")),
        _ => Err(SiteError::new(exc::VALUE, format!("Invalid docstatus {after}"))),
    }
}

/// H9: `modified` has to be the stored one, byte for byte; null is not.
///
/// # Errors
/// 417 TimestampMismatchError.
pub fn check_latest(stored: &Doc, sent: &Doc, now: &str) -> Result<(), SiteError> {
    if stored.get("modified") == sent.get("modified") {
        return Ok(());
    }
    let stored = text(stored, "modified");
    let text = format!("Error: Document has been modified after you have opened it ({stored}, {now}). Please refresh.");
    Err(SiteError::throw(exc::TIMESTAMP, text))
}

/// What a new document or a change may not set.
///
/// # Errors
/// 417 CannotChangeConstantError.
pub fn check_constants(def: &'static DocTypeDef, stored: &Doc, doc: &Doc) -> Result<(), SiteError> {
    let standard = def.standard_fields().iter().filter(|field| matches!(field.fieldname, "creation" | "owner"));
    for field in def.fields.iter().filter(|field| field.is(flag::SET_ONLY_ONCE)).chain(standard) {
        if !same(field, stored.get(field.fieldname), doc.get(field.fieldname)) {
            let label = if field.label.is_empty() { field.fieldname } else { field.label };
            let text = format!("Value cannot be changed for <strong>{label}</strong>");
            return Err(SiteError::throw(exc::CONSTANT, text));
        }
    }
    Ok(())
}

impl Site<'_> {
    /// What may still change once a document is submitted.
    ///
    /// # Errors
    /// 417 UpdateAfterSubmitError.
    pub fn check_submitted(&self, def: &'static DocTypeDef, stored: &Doc, doc: &Doc) -> Result<(), SiteError> {
        let row = if def.is(doctype_flag::CHILD) { format!("Row #{}:", int(doc, "idx")) } else { String::new() };
        let refused =
            |text: String| Err(SiteError::titled(exc::UPDATE_AFTER_SUBMIT, "Cannot Update After Submit", text));
        for field in def.fields.iter().filter(|field| !field.is(flag::ALLOW_ON_SUBMIT) && !field.is(flag::VIRTUAL)) {
            let (before, after) = (stored.get(field.fieldname), doc.get(field.fieldname));
            if field.kind.is_table() {
                self.check_submitted_rows(field, before, after)?;
            } else if !same(field, before, after) {
                let shown = |value: Option<&Value>| value.map(display).unwrap_or_default();
                return refused(format!(
                    "{row} Not allowed to change <strong>{}</strong> after submission from <strong>{}</strong> to \
                     <strong>{}</strong>",
                    field.label,
                    shown(before),
                    shown(after)
                ));
            }
        }
        Ok(())
    }

    fn check_submitted_rows(
        &self,
        table: &FieldDef,
        before: Option<&Value>,
        after: Option<&Value>,
    ) -> Result<(), SiteError> {
        let Some(child) = table.target().and_then(|target| self.meta.get(target)) else { return Ok(()) };
        let rows = |value: Option<&Value>| -> Vec<Doc> {
            value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object).cloned().collect()
        };
        let (before, after) = (rows(before), rows(after));
        if before.len() != after.len() {
            let text =
                format!("Not allowed to add or remove rows of <strong>{}</strong> after submission", table.label);
            return Err(SiteError::titled(exc::UPDATE_AFTER_SUBMIT, "Cannot Update After Submit", text));
        }
        for row in &after {
            if let Some(stored) = before.iter().find(|stored| text(stored, "name") == text(row, "name")) {
                self.check_submitted(child, stored, row)?;
            }
        }
        Ok(())
    }

    /// H7: what the user's level does not reach stays as it was, without a word.
    pub fn keep_higher_levels(&self, def: &'static DocTypeDef, parent: &str, stored: Option<&Doc>, doc: &mut Doc) {
        for field in def.fields.iter().filter(|field| !self.level_allows(parent, field.permlevel, Right::Write)) {
            match stored.and_then(|stored| stored.get(field.fieldname)) {
                Some(value) => doc.insert(field.fieldname.to_owned(), value.clone()),
                None => doc.remove(field.fieldname),
            };
        }
    }
}

/// Whether two values are the same once they are stored; empty text, null and 0 of a number are.
pub fn same(field: &FieldDef, before: Option<&Value>, after: Option<&Value>) -> bool {
    let null = Value::Null;
    let (before, after) = (before.unwrap_or(&null), after.unwrap_or(&null));
    match field.kind.shape() {
        Shape::Bool => (cint(before) != 0) == (cint(after) != 0),
        Shape::Int => cint(before) == cint(after),
        Shape::Float => (flt(before) - flt(after)).abs() < 1e-9,
        Shape::Date | Shape::Datetime | Shape::Time => {
            let stored = |value: &Value| crate::store::to_sql(field, value).ok();
            stored(before) == stored(after)
        }
        Shape::Layout => true,
        _ => display(before) == display(after),
    }
}
