//! Comparisons that the documents of a list satisfy.

use erpnext_schema::{DocTypeDef, FieldDef, Operator, Shape, time};
use serde_json::Value;

/// One comparison of a field, or of a column of the document's rows, which any row may satisfy.
#[derive(Clone, PartialEq, Debug)]
pub struct Filter {
    /// The rows whose column it is; the document's own field where `None`.
    pub rows: Option<Rows>,
    /// The field or column.
    pub field: String,
    /// How it is compared.
    pub operator: Operator,
    /// With what: a list for `in`, `not in` and `between`, `"set"` or `"not set"` for `is`.
    pub value: Value,
    /// Whether a field that is less than this, or not this, may be empty: the site counts empty ones (H22, H73).
    pub or_empty: bool,
}

/// The rows of one of a document's tables.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rows {
    /// The field that holds them.
    pub table: &'static str,
    /// Their DocType.
    pub doctype: &'static str,
    /// Whether another table of the document holds rows of the same DocType.
    pub shared: bool,
}

impl Rows {
    /// The rows of this table of the DocType; nothing where the field is no table.
    pub fn of(def: &DocTypeDef, table: &FieldDef) -> Option<Self> {
        let doctype = table.rows_of()?;
        let alike = def.tables().filter(|table| table.rows_of() == Some(doctype));
        Some(Self { table: table.fieldname, doctype, shared: alike.count() > 1 })
    }
}

impl Filter {
    /// A comparison of one of the document's own fields.
    pub fn new(field: impl Into<String>, operator: Operator, value: impl Into<Value>) -> Self {
        Self { rows: None, field: field.into(), operator, value: value.into(), or_empty: false }
    }

    /// The same as it is asked of this field: a number is set where it is not 0. Of the site's own `is` that depends on its
    /// version and its database, which may take no number for empty.
    #[must_use]
    pub fn of(self, field: &FieldDef) -> Self {
        let is_number = matches!(field.kind.shape(), Shape::Bool | Shape::Int | Shape::Float);
        if self.operator != Operator::Is || !is_number {
            return self;
        }
        let operator = if self.value == "set" { Operator::Ne } else { Operator::Eq };
        Self { operator, value: 0.into(), ..self }
    }

    /// That the field is this.
    pub fn eq(field: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::new(field, Operator::Eq, value)
    }

    /// What it compares, as a caller names it: `status`, `items.item_code`.
    pub fn place(&self) -> String {
        match self.rows {
            Some(Rows { table, .. }) => format!("{table}.{}", self.field),
            None => self.field.clone(),
        }
    }

    /// Whether the site would count empty fields, which were not asked for.
    pub fn leaves_out_empty(&self) -> bool {
        let never_empty = ["name", "creation", "modified", "owner", "modified_by"];
        let text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
        let texts = || self.value.as_array().is_some_and(|values| values.iter().any(text));
        let below_or_not = {
            use Operator::{Lt, Lte, Ne, NotAncestorsOf, NotDescendantsOf, NotIn, NotLike};
            matches!(self.operator, Lt | Lte | Ne | NotIn | NotLike | NotDescendantsOf | NotAncestorsOf)
        };
        below_or_not
            && (text(&self.value) || texts())
            && !self.or_empty
            && !(self.rows.is_none() && never_empty.contains(&self.field.as_str()))
    }

    /// The same where empty fields count too.
    #[must_use]
    pub fn or_empty(self) -> Self {
        Self { or_empty: true, ..self }
    }

    /// Whether the site's `between` understands the bounds: it takes them for dates whatever the field is.
    pub fn is_between_dates(&self) -> bool {
        let is_date = |value: &Value| {
            value.as_str().is_some_and(|text| time::parse_date(text).is_ok() || time::parse_datetime(text).is_ok())
        };
        self.value.as_array().is_some_and(|bounds| bounds.iter().all(is_date))
    }
}

/// What a list is filtered by so that it holds only documents within a scope.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Within {
    /// All of these hold.
    pub all: Vec<Filter>,
    /// At least one of these holds, where there are any.
    pub any: Vec<Filter>,
}

impl Within {
    /// The same as it is asked of these fields, as far as they are known.
    #[must_use]
    pub fn of(self, field: impl Fn(&str) -> Option<&'static FieldDef>) -> Self {
        let of = |filter: Filter| match field(&filter.field) {
            Some(field) => filter.of(field),
            None => filter,
        };
        Self { all: self.all.into_iter().map(of).collect(), any: self.any.into_iter().map(of).collect() }
    }
}
