//! All that is wrong with a document, told in one call: beside what breaks its form, the links that lead nowhere.

use erpnext_schema::Violation;
use serde_json::{Map, Value};

use super::links;
use crate::documents::DocTypeCall;
use crate::documents::titles::{self, Resolved};
use crate::error::ToolError;

/// The most texts of a document, its rows among them, whose links are looked up beside other problems.
const MOST: usize = 200;
const LATER: &str = "Correct these and call the tool again. Links were not looked up: one may lead nowhere.";

/// The error, with the links of the data that lead nowhere where it is about problems of form.
pub async fn with_links(on: &DocTypeCall<'_>, error: ToolError, data: &Map<String, Value>) -> ToolError {
    let ToolError::Arguments { tool, violations, next } = error else { return error };
    let later = |violations: Vec<Violation>| ToolError::Arguments { tool, violations, next: LATER };
    if data.values().map(texts).sum::<usize>() > MOST {
        return later(violations);
    }
    let nothing = Map::new();
    let Resolved { doc, unclear, .. } = titles::look_up(on, data.clone(), &nothing).await;
    let is_told = |found: &Violation| violations.iter().any(|told| told.path == found.path);
    let unclear: Vec<Violation> = unclear.into_iter().filter(|found| !is_told(found)).collect();
    let found = [violations, unclear].concat();
    match links::dead(on, &doc, &nothing, &found).await {
        Ok(dead) => ToolError::Arguments { tool, violations: [found, dead].concat(), next },
        Err(_) => later(found),
    }
}

/// How many texts there are in a value.
fn texts(value: &Value) -> usize {
    match value {
        Value::String(_) => 1,
        Value::Array(values) => values.iter().map(texts).sum(),
        Value::Object(fields) => fields.values().map(texts).sum(),
        _ => 0,
    }
}
