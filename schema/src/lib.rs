//! The model of a DocType that the generator, the generated tables and the runtime share.

mod article;
mod child_tables;
pub mod collation;
pub mod copies;
mod def;
pub mod document;
mod fields;
mod filter;
mod fingerprint;
mod flags;
pub mod form_rules;
mod format;
pub mod intern;
pub mod json_schema;
mod kind;
pub mod known_comparisons;
pub mod known_copies;
mod meant;
mod nearest;
pub mod prelude;
pub mod snapshot;
mod table;
pub mod time;
mod validate;
mod value;
mod version;
mod versioned;
mod walk;

pub use article::{counted, with_article};
pub use child_tables::{Children, into_rows, rows, rows_mut};
pub use def::{CHILD_STANDARD_FIELDS, DocTypeDef, FieldDef, Options, STANDARD_FIELDS, ToolDef, Verb};
pub use fields::{DocTypeFields, UnknownField, misfits, parse_field};
pub use filter::{Filter, Operator, Order, UnknownOperator};
pub use fingerprint::Fingerprint;
pub use flags::{doctype_flag, flag};
pub use kind::{FieldKind, Shape, UnknownKind};
pub use meant::{meant_date, meant_datetime};
pub use nearest::{labelled_field, nearest, nearest_field};
#[doc(hidden)]
pub use serde;
pub use table::{RowKey, TableChange};
pub use validate::{Context, Purpose, check_document};
pub use value::{Rule, Violation, check_value, not_permitted, whole_number};
pub use version::{UnknownVersion, Version, Versions, only};
pub use versioned::{Fact, Versioned};
pub use walk::FieldWalk;
