//! Texts of a write in the form in which they were shown: Markdown becomes the HTML of its field, a text that was not changed
//! stays as stored, and a mark that stood for something not shown is refused.

use erpnext_schema::{DocTypeDef, FieldDef, Rule, Shape, Violation};
use serde_json::{Map, Value};

use super::DocTypeCall;
use crate::error::ToolError;
use crate::shape::{markdown, rich_text, text};

/// The parts of a change of a table that hold rows.
const PARTS: [&str; 3] = ["patch", "add", "rows"];

/// Refuses texts that were cut when they were shown, and the asterisks that stand for a password.
///
/// # Errors
/// All of them.
pub fn check(on: &DocTypeCall<'_>, doc: &Map<String, Value>) -> Result<(), ToolError> {
    let mut found = Vec::new();
    each(on, doc, None, &mut |path, field, value, _| {
        let Value::String(given) = value else { return };
        let message = if field.kind.shape() == Shape::Secret && !given.is_empty() && given.bytes().all(|c| c == b'*') {
            "is what the site shows in the place of a password: leave it out, and the password stays"
        } else if text::is_cut(given) {
            "is the cut text that was shown, which would be stored in the place of the whole: get the field by its name, \
             which gives it whole, or leave it out"
        } else {
            return;
        };
        found.push(violation(path, message));
    });
    done(on, found)
}

/// The document as the site takes it: HTML for Markdown where the field holds HTML; `stored` is the document as it is.
///
/// # Errors
/// A change of a text with images, which its Markdown does not carry.
pub fn to_stored(
    on: &DocTypeCall<'_>,
    doc: &mut Map<String, Value>,
    stored: Option<&Map<String, Value>>,
) -> Result<(), ToolError> {
    let mut found = Vec::new();
    let mut written: Vec<(String, String)> = Vec::new();
    each(on, doc, stored, &mut |path, field, value, was| {
        let (true, Value::String(given)) = (field.kind.is_rich_text(), value) else {
            return;
        };
        let was = was.and_then(Value::as_str).unwrap_or_default();
        let html = if !was.is_empty() && (was == given || markdown::from_html(was).trim() == given.trim()) {
            was.to_owned()
        } else if given.contains(markdown::IMAGE) && rich_text::holds_images(was) {
            let message =
                "holds images, which its Markdown does not carry: get it with format \"html\", and give HTML back";
            return found.push(violation(path, message));
        } else {
            rich_text::to_html(given).into_owned()
        };
        if html != *given {
            written.push((path, html));
        }
    });
    done(on, found)?;
    for (path, html) in written {
        if let Some(value) = at(doc, &path) {
            *value = Value::String(html);
        }
    }
    Ok(())
}

fn done(on: &DocTypeCall<'_>, found: Vec<Violation>) -> Result<(), ToolError> {
    if found.is_empty() { Ok(()) } else { Err(ToolError::arguments(on.tool.name(), found)) }
}

fn violation(path: String, message: &str) -> Violation {
    Violation::new(format!("data.{path}"), Rule::Value, message)
}

/// What is done with a value: its path, its field, itself, and what is stored there.
type Visit<'v> = &'v mut dyn FnMut(String, &FieldDef, &Value, Option<&Value>);

/// Goes through the values of a document and of its rows, in whatever form a table is given.
fn each(on: &DocTypeCall<'_>, doc: &Map<String, Value>, stored: Option<&Map<String, Value>>, visit: Visit<'_>) {
    for (key, value) in doc {
        let Some(field) = on.def.field(key) else { continue };
        let was = stored.and_then(|stored| stored.get(key));
        let child = field.rows_of().and_then(|child| on.session.catalog.known(child));
        match (child, value) {
            (Some(child), Value::Array(rows)) => each_row(child, key, rows, was, visit),
            (Some(child), Value::Object(parts)) => {
                for part in PARTS {
                    if let Some(Value::Array(rows)) = parts.get(part) {
                        each_row(child, &format!("{key}.{part}"), rows, was, visit);
                    }
                }
            }
            _ => visit(key.clone(), field, value, was),
        }
    }
}

fn each_row(child: &DocTypeDef, at: &str, rows: &[Value], stored: Option<&Value>, visit: Visit<'_>) {
    let stored = stored.and_then(Value::as_array);
    for (i, row) in rows.iter().enumerate().filter_map(|(i, row)| Some((i, row.as_object()?))) {
        let is_it = |was: &&Value| {
            let named = row.get("name").filter(|name| was.get("name") == Some(name)).is_some();
            named || row.get("name").is_none() && row.get("idx").is_some_and(|idx| was.get("idx") == Some(idx))
        };
        let was = stored.and_then(|stored| stored.iter().find(is_it));
        for (column, value) in row {
            if let Some(field) = child.field(column) {
                visit(format!("{at}[{i}].{column}"), field, value, was.and_then(|was| was.get(column)));
            }
        }
    }
}

/// The value at a path such as `items.patch[0].description`.
fn at<'d>(doc: &'d mut Map<String, Value>, path: &str) -> Option<&'d mut Value> {
    let mut steps = path.split('.').flat_map(|step| step.split(['[', ']'])).filter(|step| !step.is_empty());
    let mut value = doc.get_mut(steps.next()?)?;
    for step in steps {
        value = match value {
            Value::Array(rows) => rows.get_mut(step.parse::<usize>().ok()?)?,
            other => other.get_mut(step)?,
        };
    }
    Some(value)
}
