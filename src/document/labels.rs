//! Fields that are given by their labels, as people read them in the form.

use std::borrow::Cow;

use erpnext_schema::{Context, DocTypeDef, FieldDef, labelled_field};
use serde_json::{Map, Value};

/// The data with the names of fields in the place of labels, in rows too; of those that may be written.
pub fn resolved<'a>(
    def: &DocTypeDef,
    context: &impl Context,
    data: &'a Map<String, Value>,
) -> Cow<'a, Map<String, Value>> {
    match is_named(def, context, data) {
        true => Cow::Borrowed(data),
        false => Cow::Owned(within(def, None, context, data)),
    }
}

/// Whether all keys are names of fields already.
fn is_named(def: &DocTypeDef, context: &impl Context, data: &Map<String, Value>) -> bool {
    data.iter().all(|(key, value)| {
        let Some(field) = def.field(key) else { return false };
        let rows = value.as_array().zip(field.rows_of().and_then(|child| context.child(child)));
        rows.is_none_or(|(rows, child)| {
            rows.iter().filter_map(Value::as_object).all(|row| is_named(child, context, row))
        })
    })
}

fn within(
    def: &DocTypeDef,
    table: Option<&FieldDef>,
    context: &impl Context,
    data: &Map<String, Value>,
) -> Map<String, Value> {
    let mut named = Map::with_capacity(data.len());
    for (key, value) in data {
        let by_label = || {
            // A field that may not be written can be meant, too.
            let field = labelled_field(key, def.fields).filter(|field| context.may_write(table, field))?;
            // Who gives a field twice is told.
            let is_given = data.contains_key(field.fieldname) || named.contains_key(field.fieldname);
            (!is_given).then_some(field)
        };
        let field = def.field(key).or_else(by_label);
        let rows = field.and_then(|field| Some((field, context.child(field.rows_of()?)?)));
        let value = match (value, rows) {
            (Value::Array(rows), Some((table, child))) => {
                let named = rows.iter().map(|row| match row {
                    Value::Object(row) => Value::Object(within(child, Some(table), context, row)),
                    other => other.clone(),
                });
                named.collect()
            }
            _ => value.clone(),
        };
        named.insert(field.map_or(key.as_str(), |field| field.fieldname).to_owned(), value);
    }
    named
}
