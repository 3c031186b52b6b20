//! What was probably meant by a link that leads nowhere: the site only says that it does ("Main Store" for "Main Store - AB").

use erpnext_schema::{DocTypeDef, FieldKind};
use serde_json::{Map, Value};

use super::{On, ToolError, titles};
use crate::policy::Operation;

/// The exception that lists such links.
const LINKS: &str = "LinkValidationError";
/// The most links that candidates are looked for.
const MOST: usize = 5;
/// The most candidates of one.
const EACH: u32 = 3;

/// A link that was sent.
struct Sent<'a> {
    /// Which of the documents, where there are several.
    row: usize,
    path: String,
    doctype: &'static str,
    name: &'a str,
}

/// The error with what the links that it names were probably meant to be, and in which of the documents they stand.
pub async fn named(on: &On<'_>, mut error: ToolError, docs: &[&Map<String, Value>]) -> ToolError {
    let ToolError::Site(site) = &mut error else { return error };
    if site.exc_type() != Some(LINKS) {
        return error;
    }
    let words = site.messages().join("\n");
    let mut links: Vec<Sent<'_>> = Vec::new();
    for (row, doc) in docs.iter().enumerate() {
        collect(on, on.def, row, "", doc, &mut links);
    }
    links.retain(|link| words.contains(link.name));
    let mut lines = Vec::new();
    for link in links.iter().take(MOST) {
        let place = if docs.len() > 1 { format!("documents[{}].{}", link.row, link.path) } else { link.path.clone() };
        let meant = candidates(on, link).await;
        let meant = if meant.is_empty() { String::new() } else { format!("; did you mean {}?", meant.join(" or ")) };
        lines.push(format!("{place}: there is no {} {:?}{meant}", link.doctype, link.name));
    }
    lines.into_iter().for_each(|line| site.add(line));
    error
}

/// The names of documents that may be read and are called like it.
async fn candidates(on: &On<'_>, link: &Sent<'_>) -> Vec<String> {
    let Ok(permit) = on.app.permit(Operation::Read, link.doctype).await else { return Vec::new() };
    let Some(def) = on.app.catalog.known(link.doctype) else { return Vec::new() };
    let found = titles::find(on.app, &permit, def, link.name, &[], false, EACH).await.unwrap_or_default();
    found.into_iter().map(|found| format!("{:?}", found.name)).collect()
}

fn collect<'a>(
    on: &On<'_>,
    def: &'static DocTypeDef,
    row: usize,
    at: &str,
    doc: &'a Map<String, Value>,
    links: &mut Vec<Sent<'a>>,
) {
    for (key, value) in doc {
        let Some((field, target)) = def.field(key).and_then(|field| Some((field, field.target()?))) else { continue };
        match value {
            Value::String(name) if field.kind == FieldKind::Link && !name.is_empty() => {
                links.push(Sent { row, path: format!("{at}{key}"), doctype: target, name });
            }
            Value::Array(rows) if field.kind.is_table() => {
                let Some(child) = on.app.catalog.known(target) else { continue };
                for (i, value) in rows.iter().enumerate() {
                    if let Some(doc) = value.as_object() {
                        collect(on, child, row, &format!("{at}{key}[{i}]."), doc, links);
                    }
                }
            }
            _ => {}
        }
    }
}
