//! Documents as structs: filled from the site's JSON and emitted to it by the table, so that generated code is one
//! straight line of calls to a dozen small helpers.

mod read;
mod value;
mod write;

use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};
use serde_json::{Map, Value};

pub use read::{Errors, Mismatch, Reader};
pub use value::{Choice, DateOrDateTime, Link, Scalar, Secret, Select, Target};
pub use write::Writer;

use crate::Versioned;

/// The keys of a document that its struct has no field for. A value of the wrong type is kept here as well.
pub type Extra = Map<String, Value>;

/// A struct that holds the documents of one DocType, with the fields of all versions.
///
/// A field that is absent was not read, and is not sent: the site then keeps or fills it. Nothing is lost on the
/// way through a struct but nulls, empty tables (sending one would empty the site's, H3) and the asterisks in
/// place of a password. To empty a table on purpose, put an empty list under its name into `extra`.
pub trait Document: Default {
    /// The table.
    const DEF: &'static Versioned;

    /// Takes what the struct knows out of `doc`; everything else, and what has the wrong type, goes to `extra`.
    fn fill(doc: &mut Extra, errors: &mut Errors) -> Self;

    /// The document as the site takes it.
    fn emit(&self) -> Extra;
}

/// Reads a document, and says which of its values have the wrong type: those are in `extra`.
pub fn read<D: Document>(mut doc: Extra) -> (D, Vec<Mismatch>) {
    let mut errors = Errors::default();
    let document = D::fill(&mut doc, &mut errors);
    (document, errors.into_list())
}

/// What `Serialize` of every document does.
///
/// # Errors
/// The serializer's.
pub fn serialize<D: Document, S: Serializer>(document: &D, serializer: S) -> Result<S::Ok, S::Error> {
    document.emit().serialize(serializer)
}

/// What `Deserialize` of every document does.
///
/// # Errors
/// The deserializer's, or all values of the wrong type at once.
pub fn deserialize<'de, D: Document, De: Deserializer<'de>>(deserializer: De) -> Result<D, De::Error> {
    let (document, mismatches) = read(Extra::deserialize(deserializer)?);
    if mismatches.is_empty() {
        return Ok(document);
    }
    let lines: Vec<String> = mismatches.iter().map(Mismatch::to_string).collect();
    Err(serde::de::Error::custom(lines.join("\n")))
}

/// A field of a struct: it takes its value from the reader and gives it to the writer.
pub trait Slot {
    /// Takes the next field's value.
    fn fill(&mut self, reader: &mut Reader<'_>);
    /// Gives the next field's value.
    fn emit(&self, writer: &mut Writer);
}

/// Implements [`Document`] and serde's traits: `document! { Customer(CUSTOMER): name owner … }`, the struct's fields
/// in the order of [`Versioned::members`], from which the names on the wire are taken.
#[macro_export]
macro_rules! document {
    ($name:ident($def:ident): $($field:ident)*) => {
        impl $crate::document::Document for $name {
            const DEF: &'static $crate::Versioned = &$def;

            fn fill(doc: &mut $crate::document::Extra, errors: &mut $crate::document::Errors) -> Self {
                let mut document = Self::default();
                let mut reader = $crate::document::Reader::new(&$def, doc, errors);
                $($crate::document::Slot::fill(&mut document.$field, &mut reader);)*
                document.extra = reader.rest();
                document
            }

            fn emit(&self) -> $crate::document::Extra {
                let mut writer = $crate::document::Writer::new(&$def);
                $($crate::document::Slot::emit(&self.$field, &mut writer);)*
                writer.finish(&self.extra)
            }
        }

        impl $crate::serde::Serialize for $name {
            fn serialize<S: $crate::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::document::serialize(self, serializer)
            }
        }

        impl<'de> $crate::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::document::deserialize(deserializer)
            }
        }
    };
}

/// The enum of a Select: `choices! { pub CustomerType { Company = "Company", … } }`.
#[macro_export]
macro_rules! choices {
    ($vis:vis $name:ident { $($variant:ident = $text:literal),* $(,)? }) => {
        #[doc = concat!("The values of ", stringify!($name), ".")]
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        $vis enum $name { $($variant,)* }

        impl $crate::document::Choice for $name {
            const ALL: &'static [Self] = &[$(Self::$variant,)*];

            fn as_str(self) -> &'static str {
                const TEXTS: &[&str] = &[$($text,)*];
                TEXTS[self as usize]
            }
        }
    };
}

/// What Links point to: `targets! { Territory = "Territory", … }`.
#[macro_export]
macro_rules! targets {
    ($($name:ident = $doctype:literal),* $(,)?) => {$(
        #[doc = concat!("The DocType ", $doctype, ", as what a Link points to.")]
        pub struct $name;

        impl $crate::document::Target for $name {
            const DOCTYPE: &'static str = $doctype;
        }
    )*};
}

#[cfg(test)]
mod tests;
