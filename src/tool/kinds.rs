//! The kinds of arguments, each a type: the schema that a client sees and the rule that a call is checked by come from it.

use std::borrow::Cow;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::{Map, Value};

/// The largest number of documents in one answer.
pub const MAX_LIMIT: u64 = 500;
/// How many documents a list gives where nobody says.
pub const DEFAULT_LIMIT: u64 = 20;

/// What an argument holds, as its schema says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ArgumentType {
    /// A name or a text.
    Text,
    /// A day.
    Day,
    /// `true` or `false`.
    Flag,
    /// A whole number in these bounds.
    Count {
        /// The least.
        least: u64,
        /// The greatest.
        most: u64,
    },
    /// A number above 0.
    Amount,
    /// Any number.
    Number,
    /// One of these texts.
    Choice(Vec<String>),
    /// `field desc, other asc`.
    OrderBy,
    /// `{"field": value}`, `{"field": [operator, value]}` or a list of triples.
    Filters,
    /// A list of fieldnames.
    FieldNames,
    /// A list of names of documents or DocTypes.
    Names,
    /// The fields of a document.
    Data,
    /// The fields of several documents.
    Documents,
    /// Objects for which their names alone may stand.
    NamedRows,
    /// An object that the tool reads itself.
    Object,
    /// Rows to change, add and remove, or a plain list of rows.
    RowChanges,
    /// A list of whatever a method of the site takes.
    List,
}

/// The kinds that JSON Schema has no words for, by the `format` that their types put into it. It stays on this side.
const FORMATS: [(&str, ArgumentType); 10] = [
    ("day", ArgumentType::Day),
    ("order_by", ArgumentType::OrderBy),
    ("filters", ArgumentType::Filters),
    ("fieldnames", ArgumentType::FieldNames),
    ("names", ArgumentType::Names),
    ("data", ArgumentType::Data),
    ("documents", ArgumentType::Documents),
    ("named_rows", ArgumentType::NamedRows),
    ("object", ArgumentType::Object),
    ("row_changes", ArgumentType::RowChanges),
];

impl ArgumentType {
    /// The kind of an argument with this schema.
    pub fn of(schema: &Map<String, Value>) -> Self {
        let text = |key: &str| schema.get(key).and_then(Value::as_str);
        let bound = |key: &str| schema.get(key).and_then(Value::as_u64);
        let named = text("format").and_then(|format| FORMATS.iter().find(|(name, _)| *name == format));
        if let Some((_, kind)) = named {
            return kind.clone();
        }
        let choices = schema.get("enum").and_then(Value::as_array);
        match (text("type"), choices) {
            (_, Some(choices)) => Self::Choice(choices.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
            (Some("boolean"), _) => Self::Flag,
            (Some("integer"), _) => {
                Self::Count { least: bound("minimum").unwrap_or(0), most: bound("maximum").unwrap_or(u64::MAX) }
            }
            (Some("number"), _) => Self::Amount,
            (Some("object"), _) => Self::Object,
            _ => Self::Text,
        }
    }
}

/// Types of arguments: what each holds, its schema, and what a model has to know of it wherever it stands.
macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident($holds:ty => $target:ty) = $schema:tt;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Debug, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $holds);

        impl Deref for $name {
            type Target = $target;

            fn deref(&self) -> &$target {
                &self.0
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )*};
}

// An object names one property at least, as some model APIs refuse one without; any other is taken too.
kinds! {
    /// Which DocType a tool for any of them is asked about.
    DocTypeName(String => str) = {"type": "string", "description": "exact name, such as Sales Invoice"};
    /// Which document.
    DocumentName(String => str) = {"type": "string", "description": "the document's name (ID)"};
    /// Which day: in another form than the site's, it is that one's by the time that a tool sees it.
    Day(String => str) = {"type": "string", "format": "day"};
    /// Where to go on.
    Cursor(String => str) = {"type": "string", "description": "next_cursor of the previous page"};
    /// In which order.
    OrderBy(String => str) = {"type": "string", "format": "order_by", "description": "field asc or desc, comma-separated"};
    /// Which documents. An object is what models write best; triples are taken too.
    Filters(Value => Value) = {"type": "object", "format": "filters", "properties": {"name": {"type": "string"}}, "description": "{\"field\": value} or {\"field\": [operator, value]}; operators: = != > < >= <= like not like in not in between is Timespan descendants of"};
    /// Which fields.
    FieldNames(Vec<String> => [String]) = {"type": "array", "format": "fieldnames", "items": {"type": "string"}};
    /// Which documents or DocTypes.
    Names(Vec<String> => [String]) = {"type": "array", "format": "names", "items": {"type": "string"}};
    /// The fields of a document.
    Data(Map<String, Value> => Map<String, Value>) = {"type": "object", "format": "data", "properties": {"description": {"type": "string"}}, "description": "fields of the document, see get_doctype_schema"};
    /// A sum of money, or a quantity.
    Amount(f64 => f64) = {"type": "number"};
    /// The fields of several documents.
    Documents(Vec<Map<String, Value>> => [Map<String, Value>]) = {"type": "array", "format": "documents", "items": {"type": "object", "properties": {"name": {"type": "string"}}}};
    /// Objects for which their names alone may stand.
    NamedRows(Vec<Map<String, Value>> => [Map<String, Value>]) = {"type": "array", "format": "named_rows", "items": {"type": "object", "properties": {"name": {"type": "string"}}}};
    /// An object that the tool reads itself.
    Object(Map<String, Value> => Map<String, Value>) = {"type": "object", "format": "object", "properties": {"name": {"type": "string"}}};
    /// Rows to change, add and remove. A plain list of rows is taken too.
    RowChanges(Value => Value) = {"type": "object", "format": "row_changes", "properties": {"name": {"type": "string"}}};
}

impl Default for Data {
    fn default() -> Self {
        Self(Map::new())
    }
}

impl Default for Object {
    fn default() -> Self {
        Self(Map::new())
    }
}

/// How many documents are wanted, from 1 to [`MAX_LIMIT`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(transparent)]
pub struct Limit<const DEFAULT: u64 = DEFAULT_LIMIT>(u64);

impl<const DEFAULT: u64> Limit<DEFAULT> {
    /// As a number of documents.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// As the site's API takes it.
    pub fn rows(self) -> u32 {
        u32::try_from(self.0).unwrap_or(u32::MAX)
    }

    /// As a number of things in memory.
    pub fn count(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl<const DEFAULT: u64> Default for Limit<DEFAULT> {
    fn default() -> Self {
        Self(DEFAULT)
    }
}

impl<const DEFAULT: u64> JsonSchema for Limit<DEFAULT> {
    fn schema_name() -> Cow<'static, str> {
        format!("Limit_{DEFAULT}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT})
    }
}

/// An argument that is one of a few texts.
macro_rules! choices {
    ($(#[$doc:meta])* $vis:vis $name:ident { $($variant:ident = $text:tt,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Deserialize, schemars::JsonSchema)]
        $vis enum $name {
            $(#[serde(rename = $text)] $variant,)*
        }

        impl $name {
            /// As it is written on the wire.
            $vis const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}
pub(crate) use choices;
