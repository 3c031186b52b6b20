//! What a tool takes, read off the type of its arguments.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::kinds::ArgumentType;

/// One argument of a tool.
#[derive(Clone, PartialEq, Debug)]
pub struct Arg {
    /// Its name on the wire.
    pub name: String,
    /// What it holds.
    pub kind: ArgumentType,
    /// Whether a call must have it.
    pub required: bool,
    /// Its JSON Schema, with what a model has to know of it as description.
    pub schema: Map<String, Value>,
}

/// The arguments of a type, in the order of its fields.
#[derive(Debug)]
pub struct InputSchema(Vec<Arg>);

impl InputSchema {
    /// The arguments that `T` holds.
    pub fn of<T: JsonSchema>() -> Self {
        Self::read(T::json_schema)
    }

    /// Once for all types: as a part of the function above it would be compiled for each.
    fn read(schema: fn(&mut SchemaGenerator) -> Schema) -> Self {
        let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
        let mut schema = schema(&mut settings.into_generator());
        let required = schema.remove("required").unwrap_or_default();
        let Some(Value::Object(properties)) = schema.remove("properties") else { return Self(Vec::new()) };
        let arg = |(name, schema): (String, Value)| {
            let Value::Object(schema) = schema else { return None };
            let schema = portable(schema);
            let required = required.as_array().is_some_and(|required| required.contains(&json!(name)));
            Some(Arg { required, kind: ArgumentType::of(&schema), schema: wire(schema), name })
        };
        Self(properties.into_iter().filter_map(arg).collect())
    }

    /// The arguments.
    pub fn args(&self) -> &[Arg] {
        &self.0
    }
}

/// The schema without the marks by which an argument may be left out: null for an `Option`, the default false for a flag.
fn portable(mut schema: Map<String, Value>) -> Map<String, Value> {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [one] = types.as_mut_slice() {
            let one = one.take();
            schema.insert("type".to_owned(), one);
        }
    }
    if let Some(Value::Array(choices)) = schema.get_mut("enum") {
        choices.retain(|choice| !choice.is_null());
    }
    if schema.get("default").is_some_and(|default| default.is_null() || *default == Value::Bool(false)) {
        schema.shift_remove("default");
    }
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = text.replace('\n', " ");
    }
    schema
}

/// As a client sees it: type first, then its bounds, then the words.
fn wire(mut schema: Map<String, Value>) -> Map<String, Value> {
    schema.shift_remove("format");
    let words = schema.shift_remove("description");
    schema.extend(words.map(|words| ("description".to_owned(), words)));
    schema
}
