//! The JSON Schema of the configuration file: what the reader asks for, with the meanings that the reference gives.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::reader::ANY;
use super::{condition, sections};

/// The reference. Each key has one place where it is explained.
const REFERENCE: &str = include_str!("../../docs/configuration.md");

/// The schema, for editors and checkers.
pub fn schema() -> Value {
    let (asked, meanings) = (sections::asked(), meanings());
    let mut root = json!({"type": "object"});
    for (path, keys) in &asked.keys {
        let object = at(&mut root, path);
        object.insert("additionalProperties".to_owned(), json!(false));
        let empty = keys.iter().map(|key| (key.clone(), json!({}))).collect();
        object.insert("properties".to_owned(), Value::Object(empty));
    }
    for (path, value) in asked.values {
        let place = at(&mut root, &path);
        // Objects have their keys already, which come later in the text.
        place.extend(value.as_object().cloned().unwrap_or_default());
        if let Some(meaning) = meanings.get(&path) {
            place.insert("description".to_owned(), json!(meaning));
        }
    }
    let whole = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of erpnext-mcp",
        "$defs": {"condition": condition::schema()},
    });
    let mut whole = whole.as_object().cloned().unwrap_or_default();
    whole.extend(root.as_object().cloned().unwrap_or_default());
    Value::Object(whole)
}

/// The schema of the value at a path.
fn at<'a>(root: &'a mut Value, path: &str) -> &'a mut Map<String, Value> {
    let mut place = root;
    for key in path.split('.').filter(|key| !key.is_empty()) {
        place = match key {
            ANY => &mut place["additionalProperties"],
            key => &mut place["properties"][key],
        };
        if !place.is_object() {
            *place = json!({"type": "object"});
        }
    }
    if !place.is_object() {
        *place = json!({});
    }
    place.as_object_mut().unwrap_or_else(|| unreachable!("made an object above"))
}

/// The meanings of the keys, by path, from the tables of the reference: those whose first column is `Key`. What stands
/// between backticks in a heading is the path that the keys below it stand in.
fn meanings() -> HashMap<String, String> {
    let mut meanings = HashMap::new();
    let (mut parent, mut of_keys) = (String::new(), false);
    for line in REFERENCE.lines() {
        if let Some(heading) = line.strip_prefix('#') {
            parent = between_backticks(heading).next().map(|path| format!("{path}.")).unwrap_or_default();
        }
        let cells: Vec<&str> = line.split(" | ").collect();
        let (Some(keys), Some(meaning), true) = (cells.first(), cells.last(), line.starts_with('|')) else {
            of_keys = false;
            continue;
        };
        of_keys |= keys.trim_matches(['|', ' ']) == "Key";
        if of_keys && cells.len() > 2 {
            let meaning = meaning.trim_matches(['|', ' ']).replace(['`', '*'], "");
            meanings.extend(between_backticks(keys).map(|key| (format!("{parent}{key}"), meaning.clone())));
        }
    }
    meanings
}

fn between_backticks(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}
