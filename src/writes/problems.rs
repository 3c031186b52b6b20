//! All that is wrong with a document, told in one call: beside what breaks its form, the links that lead nowhere.

use erpnext_schema::{Violation, rows_mut};
use serde_json::{Map, Value};

use super::links;
use crate::documents::DocTypeCall;
use crate::documents::titles::{self, Resolved};
use crate::error::ToolError;

/// The most texts of a document, its rows among them, whose links are looked up beside other problems.
const MOST: usize = 50;
const LATER: &str = "Correct these and call the tool again. Links were not looked up: one may lead nowhere.";

/// The error; where it is about problems of form, the links of the data that lead nowhere come with it. `of` is the name of
/// the document that is changed: its company decides which documents a link can mean.
pub async fn with_links(
    on: &DocTypeCall<'_>,
    error: ToolError,
    data: &Map<String, Value>,
    of: Option<&str>,
) -> ToolError {
    let ToolError::Arguments { tool, violations, next } = error else { return error };
    let later = |violations: Vec<Violation>| ToolError::Arguments { tool, violations, next: LATER };
    if data.values().map(texts).sum::<usize>() > MOST {
        return later(violations);
    }
    let (data, nothing) = (writable(on, data), Map::new());
    let mut found = titles::look_up(on, data.clone(), &nothing).await;
    let has_titles = !(found.replaced.is_empty() && found.unclear.is_empty());
    if let Some(name) = of.filter(|_| has_titles)
        && let Ok(stored) = on.session.site.get(on.permit, name).await
    {
        found = titles::look_up(on, data, &stored.data).await;
    }
    let Resolved { doc, unclear, .. } = found;
    let is_told = |found: &Violation| violations.iter().any(|told| told.path == found.path);
    let unclear: Vec<Violation> = unclear.into_iter().filter(|found| !is_told(found)).collect();
    let found = [violations, unclear].concat();
    match links::dead(on, &doc, &nothing, &found).await {
        Ok(dead) => ToolError::Arguments { tool, violations: [found, dead].concat(), next },
        Err(_) => later(found),
    }
}

/// What of the data may be written. Whether a link of anything else leads somewhere is nobody's to learn, and not every problem
/// that is told says that a value may not be written.
fn writable(on: &DocTypeCall<'_>, data: &Map<String, Value>) -> Map<String, Value> {
    let (rule, children) = (on.permit.fields(), |child: &str| on.session.catalog.known(child));
    let mut data = data.clone();
    data.retain(|key, _| on.def.field(key).is_some_and(|field| rule.may_write(field)));
    for (table, child, value) in on.def.tables_in_mut(&children, &mut data) {
        for row in rows_mut(value) {
            row.retain(|key, _| child.field(key).is_some_and(|column| rule.may_write_child(table, column)));
        }
    }
    data
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
