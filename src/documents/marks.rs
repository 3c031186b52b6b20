//! Filters by what hangs on documents, in plain words: `assigned_to`, `tagged`, `liked_by`, of which the site keeps texts.

use erpnext_schema::{DocTypeDef, Rule, Violation};
use serde_json::{Value, json};

use super::{DocTypeCall, suggest, titles};
use crate::error::ToolError;
use crate::query::marks::ASSIGNED;

/// The words and the columns that they stand for.
const WORDS: [(&str, &str); 3] = [(ASSIGNED.1, ASSIGNED.0), ("tagged", "_user_tags"), ("liked_by", "_liked_by")];
/// The user who asks.
const ME: &str = "me";

/// The column that a word stands for, unless the DocType has a field of that name.
pub(super) fn column(def: &DocTypeDef, name: &str) -> Option<&'static str> {
    let (_, column) = WORDS.iter().find(|(word, _)| *word == name && def.field(name).is_none())?;
    Some(column)
}

/// The filter as the site takes it, and what has to be said of it.
///
/// # Errors
/// Another comparison than whether it is so, and the site's if it does not tell who asks.
pub(super) async fn filter(
    on: &DocTypeCall<'_>,
    argument: &str,
    column: &str,
    rest: &[Value],
) -> Result<(Value, Option<String>), ToolError> {
    let (operator, value) = match rest {
        [Value::String(value)] => ("=", value.as_str()),
        [Value::String(operator), Value::String(value)] => (operator.trim(), value.as_str()),
        _ => return Err(wrong(on, argument, column)),
    };
    let is_tag = column == "_user_tags";
    // Users are kept as a JSON list, which stays as `[]`; tags each after a comma.
    let any = if is_tag { "%,_%".to_owned() } else { "%\"_%".to_owned() };
    let mut said = None;
    let (not, pattern) = match (operator.to_lowercase().as_str(), value.trim().to_lowercase().as_str()) {
        ("is", "set") => (false, any),
        ("is", "not set") => (true, any),
        (operator @ ("=" | "==" | "!=" | "<>"), _) => {
            let value = match value {
                ME if !is_tag => on.session.user_name().await?.to_owned(),
                value if is_tag || value.contains('@') => value.to_owned(),
                value => {
                    let (user, of_user) = user(on, word(column), value).await;
                    said = of_user;
                    user
                }
            };
            let value = value.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            let pattern = if is_tag { format!("%,{value}%") } else { format!("%\"{value}\"%") };
            (!operator.starts_with('='), pattern)
        }
        _ => return Err(wrong(on, argument, column)),
    };
    let note = (is_tag && pattern != "%,_%").then(|| format!("{argument}: tags that begin like this count too"));
    let note = note.or(said);
    let operator = if not { "not like or empty" } else { "like" };
    Ok((json!([column, operator, pattern]), note))
}

/// The name of the user who is meant, and what is to be said of it: people say the full name.
async fn user(on: &DocTypeCall<'_>, word: &str, value: &str) -> (String, Option<String>) {
    match titles::name_of(on.session, "User", value, None).await {
        Some(name) => {
            let said = format!("{word}: {value:?} is {name:?}");
            (name, Some(said))
        }
        None => (value.to_owned(), suggest::dead(on, word, "User", value).await),
    }
}

/// The word for a column.
fn word(column: &str) -> &'static str {
    WORDS.iter().find(|(_, known)| *known == column).map_or("", |(word, _)| word)
}

fn wrong(on: &DocTypeCall<'_>, argument: &str, column: &str) -> ToolError {
    let word = word(column);
    let message = format!("{word} takes a name, [\"!=\", name], or [\"is\", \"set\"] and [\"is\", \"not set\"]");
    let violation = Violation::new(format!("{argument}.{word}"), Rule::Value, message);
    ToolError::arguments(on.tool.name(), vec![violation])
}
