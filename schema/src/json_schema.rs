//! The JSON Schema of a field and of a document's data, derived from the table: portable (inline, no `$ref`, no
//! combinators, no `additionalProperties`), exact, and in the form's field order.

use serde_json::{Map, Value, json};

use crate::validate::{Context, Purpose};
use crate::{DocTypeDef, FieldDef, FieldKind, Shape, flag};

/// The schema of `data` for a create or an update: the fields that the caller may write and a form would show.
///
/// Fields that the form hides or does not let people edit are left out; a value sent for one is checked like any other.
/// An object names one field at least, if any may be written: some model APIs refuse an object without properties.
pub fn data_schema(def: &DocTypeDef, purpose: Purpose, context: &dyn Context) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    if purpose == Purpose::Create && def.is_named_by_creator() {
        properties.insert("name".to_owned(), json!({"type": "string", "description": "chosen by you, unique"}));
        required.push("name");
    }
    for field in def.fields.iter().filter(|field| offered(None, field, purpose, context)) {
        let schema = match field.kind.shape() {
            Shape::Rows => match field.target().and_then(|target| context.child(target)) {
                Some(child) => rows_schema(child, field, purpose, context),
                None => continue,
            },
            _ => field_schema(field),
        };
        properties.insert(field.fieldname.to_owned(), schema);
        if purpose == Purpose::Create && def.asks_for(field) {
            required.push(field.fieldname);
        }
    }
    if properties.is_empty() {
        properties.extend(first(None, def, purpose, context));
    }
    object(properties, required)
}

/// The field by which an object is known that would name none: of those that may be written one that people edit and the
/// desk puts first, if there is one.
fn first(
    table: Option<&FieldDef>,
    def: &DocTypeDef,
    purpose: Purpose,
    context: &dyn Context,
) -> Option<(String, Value)> {
    let fields = def.fields.iter().filter(|field| field.kind.holds_value() && context.may_write(table, field));
    let best = fields.min_by_key(|field| {
        let is_title = def.title_field == Some(field.fieldname);
        (!is_edited(field, purpose), field.kind.is_table(), !is_title, field.flags & flag::FIRST == 0)
    })?;
    let schema = match best.rows_of().filter(|_| table.is_none()).and_then(|child| context.child(child)) {
        Some(child) => rows_schema(child, best, purpose, context),
        None => field_schema(best),
    };
    Some((best.fieldname.to_owned(), schema))
}

fn rows_schema(child: &DocTypeDef, table: &FieldDef, purpose: Purpose, context: &dyn Context) -> Value {
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!(if purpose == Purpose::Create { "array" } else { "object" }));
    title(&mut schema, table);
    match purpose {
        Purpose::Create => {
            let offered = |column: &FieldDef| offered(Some(table), column, purpose, context);
            schema.insert("items".to_owned(), row_schema(child, table, purpose, context, &offered));
            if table.must_be_sent() {
                schema.insert("minItems".to_owned(), json!(1));
            }
        }
        // The columns are told once, and of several forms the one that needs no combinator: see `TableChange`.
        Purpose::Update => {
            let mut columns = Map::from_iter([("name".to_owned(), json!({"type": "string"}))]);
            let offered = child.fields.iter().filter(|column| offered(Some(table), column, purpose, context));
            let offered = offered.filter(|column| !column.kind.is_table());
            columns.extend(offered.map(|column| (column.fieldname.to_owned(), field_schema(column))));
            let mut changes = Map::new();
            if columns.len() > 1 {
                let rows = object(columns, Vec::new());
                changes.insert("patch".to_owned(), json!({"type": "array", "items": rows}));
            }
            let must = |column: &FieldDef| column.must_be_sent() && context.may_write(Some(table), column);
            let added = row_schema(child, table, Purpose::Create, context, &must);
            changes.insert("add".to_owned(), json!({"type": "array", "items": added}));
            changes.insert("remove".to_owned(), json!({"type": "array", "items": {"type": "string"}}));
            schema.insert("properties".to_owned(), Value::Object(changes));
        }
    }
    Value::Object(schema)
}

/// A new row with the columns that are wanted.
fn row_schema(
    child: &DocTypeDef,
    table: &FieldDef,
    purpose: Purpose,
    context: &dyn Context,
    wanted: &dyn Fn(&FieldDef) -> bool,
) -> Value {
    let columns: Vec<&FieldDef> =
        child.fields.iter().filter(|column| !column.kind.is_table() && wanted(column)).collect();
    let required = columns.iter().filter(|column| column.must_be_sent()).map(|column| column.fieldname).collect();
    let mut properties: Map<String, Value> =
        columns.iter().map(|column| (column.fieldname.to_owned(), field_schema(column))).collect();
    if properties.is_empty() {
        properties.extend(first(Some(table), child, purpose, context));
    }
    object(properties, required)
}

fn offered(table: Option<&FieldDef>, field: &FieldDef, purpose: Purpose, context: &dyn Context) -> bool {
    is_edited(field, purpose) && context.may_write(table, field) && context.shows(table, field)
}

fn is_edited(field: &FieldDef, purpose: Purpose) -> bool {
    const NOT_EDITED: u32 = flag::READ_ONLY | flag::HIDDEN | flag::VIRTUAL;
    field.flags & NOT_EDITED == 0
        && field.kind != FieldKind::ReadOnly
        && !(purpose == Purpose::Update && field.is(flag::SET_ONLY_ONCE))
}

/// The schema of one value on input. Texts say only what name and type do not.
pub fn field_schema(field: &FieldDef) -> Value {
    let shape = field.kind.shape();
    let mut schema = Map::new();
    let kind = match shape {
        Shape::Bool => "boolean",
        Shape::Int => "integer",
        Shape::Float => "number",
        Shape::Rows => "array",
        // JSON too: a schema without a type is refused by some clients, and the site itself keeps a string.
        _ => "string",
    };
    schema.insert("type".to_owned(), json!(kind));
    title(&mut schema, field);
    if let Some(choices) = field.choices() {
        schema.insert("enum".to_owned(), json!(choices));
    }
    let length = if field.kind == FieldKind::Data { field.max_length() } else { Some(field.length).filter(|n| *n > 0) };
    if let Some(length) = length.filter(|_| shape == Shape::Text && field.choices().is_none()) {
        schema.insert("maxLength".to_owned(), json!(length));
    }
    if field.is(flag::NON_NEGATIVE) || matches!(field.kind, FieldKind::Rating | FieldKind::Duration) {
        schema.insert("minimum".to_owned(), json!(0));
    }
    if field.kind == FieldKind::Rating {
        schema.insert("maximum".to_owned(), json!(1));
    }
    if let Some(text) = description(field) {
        schema.insert("description".to_owned(), json!(text));
    }
    Value::Object(schema)
}

/// What a value must be beyond its JSON type: the link's target, the form of a date, the site's own description.
fn description(field: &FieldDef) -> Option<String> {
    use crate::Options::{Format, Target, TargetField};
    let rule = match (field.kind, field.options) {
        (FieldKind::Link, Target(target)) => Some(format!("Link to {target}")),
        (FieldKind::DynamicLink, TargetField(by)) => Some(format!("Link to the DocType in {by}")),
        (FieldKind::Date, _) => Some("YYYY-MM-DD".to_owned()),
        (FieldKind::Datetime, _) => Some("YYYY-MM-DD HH:MM:SS, site time".to_owned()),
        (FieldKind::Time, _) => Some("HH:MM:SS".to_owned()),
        (FieldKind::Duration, _) => Some("seconds".to_owned()),
        (FieldKind::Percent, _) => Some("percent".to_owned()),
        (FieldKind::Currency, Format(by)) if !by.contains(':') => Some(format!("money in {by}")),
        (FieldKind::Currency, _) => Some("money".to_owned()),
        (FieldKind::TextEditor | FieldKind::HtmlEditor, _) => Some("HTML".to_owned()),
        (FieldKind::MarkdownEditor, _) => Some("Markdown".to_owned()),
        (FieldKind::Json, _) => Some("JSON".to_owned()),
        (FieldKind::Geolocation, _) => Some("GeoJSON".to_owned()),
        (FieldKind::Color, _) => Some("#RRGGBB".to_owned()),
        (FieldKind::Attach | FieldKind::AttachImage, _) => Some("URL of a file".to_owned()),
        (FieldKind::Data | FieldKind::Code | FieldKind::SmallText, Format(format)) => Some(format.to_owned()),
        _ => None,
    };
    match (rule, field.description) {
        (Some(rule), Some(text)) => Some(format!("{rule}. {text}")),
        (rule, text) => rule.or_else(|| text.map(str::to_owned)),
    }
}

/// The label, where it says more than the fieldname does.
fn title(schema: &mut Map<String, Value>, field: &FieldDef) {
    let plain =
        |text: &str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    if !field.label.is_empty() && plain(field.label) != plain(field.fieldname) {
        schema.insert("title".to_owned(), json!(field.label));
    }
}

fn object(properties: Map<String, Value>, required: Vec<&str>) -> Value {
    let mut schema =
        Map::from_iter([("type".to_owned(), json!("object")), ("properties".to_owned(), Value::Object(properties))]);
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    Value::Object(schema)
}
