//! Field enums: the fields of a DocType as Rust names, each an index into the table.

use std::fmt;

use serde_json::Value;

use crate::{FieldDef, Filter, Operator, Order, Versioned, nearest_field};

/// The fields of one DocType in any version, in the order of [`Versioned::members`].
pub trait DocTypeFields: Copy + 'static {
    /// The table.
    const DEF: &'static Versioned;
    /// Every field, in order.
    const ALL: &'static [Self];

    /// The field's place in [`Self::ALL`].
    fn index(self) -> usize;

    /// The field's row, as the newest version that has the field states it.
    fn def(self) -> &'static FieldDef {
        #[allow(clippy::expect_used, reason = "the crate's own test holds every field against its table")]
        Self::DEF.members().nth(self.index()).expect("a field enum fits its table")
    }

    /// The field's name on the wire.
    fn as_str(self) -> &'static str {
        self.def().fieldname
    }

    /// Equal. NULL counts as the empty value.
    fn eq(self, value: impl Into<Value>) -> Filter {
        filter(self.as_str(), Operator::Eq, value.into())
    }

    /// Different; includes documents where the field is empty (H22).
    fn ne(self, value: impl Into<Value>) -> Filter {
        filter(self.as_str(), Operator::Ne, value.into())
    }

    /// Greater.
    fn gt(self, value: impl Into<Value>) -> Filter {
        filter(self.as_str(), Operator::Gt, value.into())
    }

    /// Greater or equal.
    fn gte(self, value: impl Into<Value>) -> Filter {
        filter(self.as_str(), Operator::Gte, value.into())
    }

    /// Less.
    fn lt(self, value: impl Into<Value>) -> Filter {
        filter(self.as_str(), Operator::Lt, value.into())
    }

    /// Less or equal.
    fn lte(self, value: impl Into<Value>) -> Filter {
        filter(self.as_str(), Operator::Lte, value.into())
    }

    /// Like a pattern in which `%` stands for any text.
    fn like(self, pattern: &str) -> Filter {
        filter(self.as_str(), Operator::Like, pattern.into())
    }

    /// Unlike a pattern in which `%` stands for any text.
    fn not_like(self, pattern: &str) -> Filter {
        filter(self.as_str(), Operator::NotLike, pattern.into())
    }

    /// One of these; nothing where the list is empty (H22).
    fn is_in<V: Into<Value>>(self, values: impl IntoIterator<Item = V>) -> Filter {
        filter(self.as_str(), Operator::In, values.into_iter().map(Into::into).collect())
    }

    /// None of these; everything where the list is empty (H22).
    fn not_in<V: Into<Value>>(self, values: impl IntoIterator<Item = V>) -> Filter {
        filter(self.as_str(), Operator::NotIn, values.into_iter().map(Into::into).collect())
    }

    /// From the one to the other, both included.
    fn between(self, from: impl Into<Value>, to: impl Into<Value>) -> Filter {
        filter(self.as_str(), Operator::Between, Value::Array(vec![from.into(), to.into()]))
    }

    /// Not empty.
    fn is_set(self) -> Filter {
        filter(self.as_str(), Operator::Is, "set".into())
    }

    /// Empty.
    fn is_not_set(self) -> Filter {
        filter(self.as_str(), Operator::Is, "not set".into())
    }

    /// Smallest first.
    fn asc(self) -> Order {
        Order { fieldname: self.as_str(), descending: false }
    }

    /// Largest first.
    fn desc(self) -> Order {
        Order { fieldname: self.as_str(), descending: true }
    }
}

fn filter(fieldname: &'static str, operator: Operator, value: Value) -> Filter {
    Filter { fieldname, operator, value }
}

/// The field of that name on the wire: what `FromStr` of every field enum does.
///
/// # Errors
/// A name that the DocType does not have.
pub fn parse_field<F: DocTypeFields>(fieldname: &str) -> Result<F, UnknownField> {
    let index = F::DEF.members().position(|field| field.fieldname == fieldname);
    let found = index.and_then(|index| F::ALL.get(index).copied());
    let near = || nearest_field(fieldname, F::DEF.members());
    found.ok_or_else(|| UnknownField { doctype: F::DEF.name(), fieldname: fieldname.to_owned(), near: near() })
}

/// Where a field enum does not fit its table: nowhere, if the generator is right.
#[doc(hidden)]
pub fn misfits<F: DocTypeFields>(table: &'static Versioned) -> Vec<String> {
    let mut misfits = Vec::new();
    if !std::ptr::eq(F::DEF, table) || F::ALL.len() != table.members().count() {
        misfits.push(format!("{}: another table or another number of fields", table.name()));
    }
    for (index, (field, def)) in F::ALL.iter().zip(table.members()).enumerate() {
        let back = parse_field::<F>(def.fieldname).map(F::index);
        if field.index() != index || field.def() != def || back != Ok(index) {
            misfits.push(format!("{}.{}", table.name(), def.fieldname));
        }
    }
    misfits
}

/// A field that a DocType does not have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownField {
    /// The DocType.
    pub doctype: &'static str,
    /// What was asked for.
    pub fieldname: String,
    near: Option<&'static str>,
}

impl fmt::Display for UnknownField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: no such field of {}", self.fieldname, self.doctype)?;
        match self.near {
            Some(near) => write!(f, "; did you mean {near}?"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for UnknownField {}

/// A field enum over a table: `fields! { pub CustomerField(CUSTOMER): Name Owner … CustomerName … }`, the names in
/// the order of [`Versioned::members`].
#[macro_export]
macro_rules! fields {
    ($vis:vis $name:ident($def:ident): $($variant:ident)*) => {
        #[doc = concat!("The fields of [`", stringify!($def), "`].")]
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        $vis enum $name { $($variant,)* }

        impl $crate::DocTypeFields for $name {
            const DEF: &'static $crate::Versioned = &$def;
            const ALL: &'static [Self] = &[$(Self::$variant,)*];

            fn index(self) -> usize {
                self as usize
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::UnknownField;

            fn from_str(fieldname: &str) -> ::std::result::Result<Self, $crate::UnknownField> {
                $crate::parse_field(fieldname)
            }
        }
    };
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;
    use crate::{DocTypeDef, FieldKind, Stated, field, versioned};

    static NOTE: Versioned = versioned!(Stated::new(DocTypeDef {
        fields: &[field!("title", Data, "Title"), FieldDef::new("type", FieldKind::Select, "Type")],
        ..DocTypeDef::new("Note", "Desk")
    }));

    fields! { pub NoteField(NOTE): Name Owner Creation Modified ModifiedBy Docstatus Idx Title Type }

    #[test]
    fn a_field_knows_its_row() {
        assert_eq!(NoteField::Name.as_str(), "name");
        assert_eq!(NoteField::Type.def().kind, FieldKind::Select);
        assert_eq!("type".parse(), Ok(NoteField::Type));
        let error = "titel".parse::<NoteField>().unwrap_err();
        assert_eq!(error.to_string(), "titel: no such field of Note; did you mean title?");
    }

    #[test]
    fn filters_and_orders_are_built_from_fields() {
        let filter = NoteField::Type.is_in(["a", "b"]);
        assert_eq!((filter.fieldname, filter.operator, filter.value), ("type", Operator::In, json!(["a", "b"])));
        assert_eq!(NoteField::Title.eq("x").operator, Operator::Eq);
        assert_eq!(NoteField::Idx.between(1, 5).value, json!([1, 5]));
        assert_eq!(NoteField::Title.is_not_set().value, json!("not set"));
        assert!(NoteField::Modified.desc().descending);
    }
}
