//! The filters of a run, checked against the report's form: the site answers an unknown or misspelt one with other rows, a
//! missing one with none or with a 500 (H53).

use std::collections::BTreeSet;

use erpnext_schema::{Rule, Violation, could_be, nearest, time, whole_number, with_article};
use serde_json::{Map, Value, json};

use super::Report;
use super::form::{Filter, is_date};
use crate::context::{Session, companies};
use crate::documents::{moments, suggest, titles};
use crate::error::ToolError;
use crate::policy::{Called, Operation};
use crate::site::PREPARED;
use crate::tool::Tool;

/// What lists the names of filters.
const NAMES: &str = "describe_report tells the filters, with an example.";

/// The filters that were given, by their names in the place of labels, with days in any form as the site writes them.
///
/// # Errors
/// That the site's time zone, which a day goes by, is not known.
pub(super) async fn meant(
    session: &Session<'_>,
    form: &[Filter],
    given: Map<String, Value>,
) -> Result<Map<String, Value>, ToolError> {
    let mut named = Map::with_capacity(given.len());
    for (name, value) in &given {
        // Who gives a filter twice is told.
        let is_free = |meant: &&str| !given.contains_key(*meant) && !named.contains_key(*meant);
        let meant = labelled(form, name).filter(is_free).unwrap_or(name);
        named.insert(meant.to_owned(), value.clone());
    }
    moments::local_days(session, named, |name| form.iter().any(|filter| filter.field == name && is_date(&filter.kind)))
        .await
}

/// The one filter that a text means which is the name of none.
fn labelled<'f>(form: &'f [Filter], text: &str) -> Option<&'f str> {
    let words =
        |text: &str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let said = words(text);
    let is_meant = |filter: &&Filter| words(&filter.field) == said || words(&filter.label) == said;
    let mut meant = form.iter().filter(is_meant);
    let is_name = form.iter().any(|filter| filter.field == text);
    meant.next().filter(|_| !is_name && !said.is_empty() && meant.next().is_none()).map(|filter| filter.field.as_str())
}

/// The filters as they are sent: those given, and the form's defaults where nothing was given.
pub(crate) async fn check(
    report: &Report<'_>,
    tool: Tool,
    form: &[Filter],
    given: Map<String, Value>,
) -> Result<Map<String, Value>, ToolError> {
    let mut violations = Vec::new();
    let mut filters = Map::new();
    let company = given.get("company").and_then(Value::as_str).map(str::to_owned);
    for (field, value) in given {
        let known = form.iter().find(|filter| filter.field == field);
        let label = known.map_or("", |filter| filter.label.as_str());
        // A filter by what is withheld would tell it (H5).
        let about = std::iter::once(report.permit.doctype()).chain(known.and_then(Filter::link));
        if report.withholds(about, Called::filter(report.name(), &field, label)).await? {
            violations.push(withheld(&field));
            continue;
        }
        if field == PREPARED {
            violations.push(violation(&field, Rule::UnknownField, "no filter: prepared takes a run".to_owned(), None));
            continue;
        }
        let fitted = match known {
            Some(filter) => fit(filter, &value),
            None if form.is_empty() => Ok(value),
            None => {
                let names = form.iter().map(|filter| filter.field.as_str());
                let party = || names.clone().find(|name| *name == "party" && is_party(&field));
                let near = nearest(&field, names.clone()).or_else(party).map(str::to_owned);
                let takes = names.collect::<Vec<_>>().join(", ");
                violations.push(violation(
                    &field,
                    Rule::UnknownField,
                    format!("no such filter; the report takes: {takes}"),
                    near,
                ));
                continue;
            }
        };
        match fitted {
            Ok(mut value) => {
                name_in_full(report, known, &mut value, company.as_deref()).await;
                if let Some(message) = missing(report, known, &value).await {
                    violations.push(violation(&field, Rule::Value, message, None));
                }
                filters.insert(field, value);
            }
            Err((message, near)) => violations.push(violation(&field, Rule::Value, message, near)),
        }
    }
    let mut defaults = Vec::new();
    for filter in form.iter().filter(|filter| !filters.contains_key(&filter.field)) {
        let is_wrong = || violations.iter().any(|found: &Violation| found.path == path(&filter.field));
        match &filter.default {
            Some(default) => defaults.push((filter.field.clone(), default.clone())),
            None if filter.required && !is_wrong() => {
                if let Some(only) = only_company(report, filter).await {
                    defaults.push((filter.field.clone(), json!(only)));
                    continue;
                }
                let what = filter.link().map_or_else(|| filter.kind.clone(), with_article);
                violations.push(violation(&filter.field, Rule::Mandatory, format!("is mandatory ({what})"), None));
            }
            None => {}
        }
    }
    filters.extend(defaults);
    if violations.is_empty() {
        return Ok(filters);
    }
    Err(ToolError::arguments_named_by(tool.name(), placed(tool, violations), NAMES))
}

/// Whether it is the kind of a party, which reports of several kinds filter by `party`.
fn is_party(field: &str) -> bool {
    ["customer", "supplier"].contains(&field)
}

/// The company where there is one alone, which the desk's form puts in as well.
async fn only_company(report: &Report<'_>, filter: &Filter) -> Option<String> {
    if filter.link() != Some("Company") {
        return None;
    }
    let session = report.session;
    match companies(session, session.site).await.as_slice() {
        [only] => Some(only.name.clone()),
        _ => None,
    }
}

/// Refuses a filter by a field that is withheld on a DocType to which the answer links: which those are is known only once
/// the report ran.
pub(crate) async fn check_linked(
    report: &Report<'_>,
    tool: Tool,
    form: &[Filter],
    given: &[String],
    linked: &BTreeSet<String>,
) -> Result<(), ToolError> {
    let mut violations = Vec::new();
    for field in given {
        let label = form.iter().find(|filter| filter.field == *field).map_or("", |filter| filter.label.as_str());
        let about = std::iter::once(report.permit.doctype()).chain(linked.iter().map(String::as_str));
        if report.withholds(about, Called::filter(report.name(), field, label)).await? {
            violations.push(withheld(field));
        }
    }
    if violations.is_empty() { Ok(()) } else { Err(ToolError::arguments(tool.name(), placed(tool, violations))) }
}

/// The violations where a published tool has them: its filters are arguments of their own.
fn placed(tool: Tool, mut found: Vec<Violation>) -> Vec<Violation> {
    if let Tool::Published(_) = tool {
        for violation in &mut found {
            violation.path = violation.path.trim_start_matches("filters.").to_owned();
        }
    }
    found
}

fn withheld(field: &str) -> Violation {
    violation(field, Rule::NotPermitted, "this server's configuration does not permit reading it".to_owned(), None)
}

/// The most names of one filter that are looked up.
const MOST_NAMES: usize = 20;

/// Writes the names of accounts, warehouses and the like with their company's suffix, where it was left out.
async fn name_in_full(report: &Report<'_>, filter: Option<&Filter>, value: &mut Value, company: Option<&str>) {
    let Some(doctype) = filter.and_then(Filter::names) else { return };
    let names = match value {
        Value::Array(names) => names.as_mut_slice(),
        name => std::slice::from_mut(name),
    };
    for name in names.iter_mut().take(MOST_NAMES) {
        if let Value::String(text) = name {
            *text = titles::in_full(report.session, doctype, text, company).await;
        }
    }
}

/// Why a document that a link, or a list of them, names cannot be meant: a report answers with no rows in that case.
async fn missing(report: &Report<'_>, filter: Option<&Filter>, value: &Value) -> Option<String> {
    let session = report.session;
    let doctype = filter.and_then(Filter::names)?;
    let permit = session.permit(Operation::Read, doctype).await.ok()?;
    let given = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    let mut unknown = None;
    for name in given.iter().filter_map(Value::as_str).take(MOST_NAMES) {
        // Where the site does not tell, the report decides.
        if session.site.validate_link(&permit, name, &[]).await.ok()?.is_none() {
            unknown = Some(name);
            break;
        }
    }
    let name = unknown?;
    let meant = suggest::meant(session, doctype, name).await;
    let meant = meant.unwrap_or_else(|| "search_link finds the right name".to_owned());
    Some(format!("there is no {doctype} named {name:?}; {meant}"))
}

pub(super) type Misfit = (String, Option<String>);

/// The value as the site takes it.
pub(super) fn fit(filter: &Filter, value: &Value) -> Result<Value, Misfit> {
    let wrong = |expected: &str, near: Option<String>| Err((format!("expected {expected}, found {value}"), near));
    match (filter.kind.as_str(), value) {
        (kind, Value::String(text)) if is_date(kind) && time::parse_date(text).is_ok() => Ok(value.clone()),
        (kind, _) if is_date(kind) => {
            let days = value.as_str().map(could_be).unwrap_or_default();
            Err((format!("expected a date as YYYY-MM-DD, found {value}{days}"), None))
        }
        ("Check", Value::Bool(on)) => Ok(json!(u8::from(*on))),
        ("Check", Value::Number(number)) if matches!(number.as_u64(), Some(0 | 1)) => Ok(value.clone()),
        ("Check", _) => wrong("true or false", None),
        ("Int", Value::Number(number)) => match whole_number(number) {
            Some(whole) => Ok(json!(whole)),
            None => wrong("a whole number", None),
        },
        ("Float" | "Currency" | "Percent", Value::Number(_)) => Ok(value.clone()),
        ("Int" | "Float" | "Currency" | "Percent", Value::String(text)) => {
            wrong("a number", text.trim().parse::<f64>().ok().map(|number| number.to_string()))
        }
        ("Int", _) => wrong("a whole number", None),
        ("Float" | "Currency" | "Percent", _) => wrong("a number", None),
        ("MultiSelectList" | "MultiSelect" | "Table MultiSelect", Value::Array(list))
            if list.iter().all(Value::is_string) =>
        {
            Ok(value.clone())
        }
        ("MultiSelectList" | "Table MultiSelect", Value::String(text)) => Ok(json!([text])),
        ("Select", Value::String(text)) => {
            let choices = filter.choices();
            if choices.is_empty() || text.is_empty() || choices.contains(&text.as_str()) {
                return Ok(value.clone());
            }
            if let Some(choice) = choices.iter().find(|choice| choice.eq_ignore_ascii_case(text.trim())) {
                return Ok(json!(choice));
            }
            let near = nearest(text, choices.iter().copied()).map(str::to_owned);
            Err((format!("{text:?} is not one of: {}", choices.join(", ")), near))
        }
        (_, Value::String(_)) => Ok(value.clone()),
        // Many filters take a number as text: years, ranges.
        (_, Value::Number(number)) => Ok(json!(number.to_string())),
        // Some links take a list of names.
        ("Link" | "Data" | "Autocomplete", Value::Array(list)) if list.iter().all(Value::is_string) => {
            Ok(value.clone())
        }
        _ => wrong("a text", None),
    }
}

fn path(field: &str) -> String {
    format!("filters.{field}")
}

fn violation(field: &str, rule: Rule, message: String, nearest: Option<String>) -> Violation {
    Violation { path: path(field), rule, message, nearest }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Filter, fit};

    #[test]
    fn a_whole_number_is_one_however_it_is_written() {
        let filter = Filter {
            field: "range".to_owned(),
            label: "Range".to_owned(),
            kind: "Int".to_owned(),
            options: String::new(),
            required: false,
            default: None,
        };
        let is = |value: Value| fit(&filter, &value).ok();
        assert_eq!((is(json!(30)), is(json!(30.0))), (Some(json!(30)), Some(json!(30))));
        assert_eq!((is(json!(1.5)), is(json!("30"))), (None, None));
    }
}
