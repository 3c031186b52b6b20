//! What was probably meant by a link that leads nowhere: of a write the site only says that it does ("Main Store" for "Main
//! Store - AB"), and a list by one is empty.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, Operator, Order, Shape};
use serde_json::{Map, Value, json};

use super::found::Found;
use super::titles::{Question, Words};
use super::{DocTypeCall, titles};
use crate::context::Session;
use crate::error::ToolError;
use crate::policy::{Filter, Operation, Permit};
use crate::query::compare::literal;
use crate::site::{Function, GroupKey, GroupQuery, ListQuery, Measure, SiteError, SiteErrorKind};

/// The exception that lists such links.
const LINKS: &str = "LinkValidationError";
/// The most links that candidates are looked for.
const MOST: usize = 5;
/// The most candidates of one.
const EACH: u32 = 3;
/// How many documents of a DocType are so few that all are named.
const FEW: u32 = 5;
/// The most words of a text that are looked for by themselves, the letters of the shortest, and how many documents with one
/// are looked at.
const WORDS: usize = 4;
const SHORTEST: usize = 4;
const WITH_A_WORD: u32 = 10;

/// A link that was sent.
struct Sent<'a> {
    /// Which of the documents, where there are several.
    row: usize,
    path: String,
    doctype: &'static str,
    name: &'a str,
}

/// The error with what the links that it names were probably meant to be, and in which of the documents they stand.
pub async fn named(on: &DocTypeCall<'_>, mut error: ToolError, docs: &[&Map<String, Value>]) -> ToolError {
    let ToolError::Site(site) = &mut error else { return error };
    if site.exc_type() == Some("WarehouseRequired") {
        let companies = docs.iter().filter_map(|doc| doc.get("company")?.as_str());
        let told = warehouses(on, companies.collect()).await;
        told.into_iter().for_each(|told| site.add(told));
    }
    if site.exc_type() != Some(LINKS) {
        return error;
    }
    let mut links: Vec<Sent<'_>> = Vec::new();
    for (row, doc) in docs.iter().enumerate() {
        collect(on, on.def, row, "", doc, &mut links);
    }
    links.retain(|link| site.lists_dead_link(link.name));
    let mut lines = Vec::new();
    for link in links.iter().take(MOST) {
        let place = if docs.len() > 1 { format!("documents[{}].{}", link.row, link.path) } else { link.path.clone() };
        lines.push(told(on, &place, link).await);
    }
    lines.into_iter().for_each(|line| site.add(line));
    error
}

/// The error of a document that was asked for, with what its name was probably meant to be where none is there. One that is
/// out of sight is told like one that is missing.
pub async fn of_name(on: &DocTypeCall<'_>, mut error: SiteError, name: &str) -> ToolError {
    if matches!(error.kind(), SiteErrorKind::Missing | SiteErrorKind::OutOfSight)
        && let Some(meant) = meant(on.session, on.def.name, name).await
    {
        error.add(format!("no {} is named {name:?}; {meant}", on.def.name));
    }
    error.into()
}

impl DocTypeCall<'_> {
    /// The document of that name.
    ///
    /// # Errors
    /// The site's; where none is there, with what the name was probably meant to be.
    pub(crate) async fn existing(&self, name: &str) -> Result<Map<String, Value>, ToolError> {
        match self.session.site.get(self.permit, name).await {
            Ok(found) => Ok(found.data),
            Err(error) => Err(of_name(self, error, name).await),
        }
    }
}

/// Puts the name of a document where a filter that nothing fits compares a link with its title, if one alone has that; what is
/// said of it.
pub async fn by_title(on: &DocTypeCall<'_>, filters: &mut [Filter]) -> Vec<String> {
    let mut said = Vec::new();
    for filter in filters.iter_mut().filter(|filter| filter.operator == Operator::Eq).take(MOST) {
        let (Some(doctype), Some(text)) = (target(on, filter), filter.value.as_str()) else { continue };
        if text.is_empty() {
            continue;
        }
        if let Some(name) = titles::name_of(on.session, doctype, text, None).await {
            said.push(format!("{}: {text:?} is {name:?}", filter.place()));
            filter.value = json!(name);
        }
    }
    said
}

/// Why nothing may have fitted these filters: they name documents that do not exist, where that may be told, or look for a text
/// by `like` without `%`.
pub async fn of_filters(on: &DocTypeCall<'_>, filters: impl Iterator<Item = &Filter>) -> Vec<String> {
    let mut notes = Vec::new();
    for filter in filters {
        let (operator, value) = (filter.operator, &filter.value);
        if operator == Operator::Like && value.as_str().is_some_and(|text| !text.contains(['%', '_'])) {
            notes.push(format!("{}: like without % finds only what is exactly so", filter.place()));
        }
        let named = match value {
            Value::Array(values) if operator == Operator::In => values.iter().collect(),
            value if operator == Operator::Eq || operator.walks_a_tree() => vec![value],
            _ => Vec::new(),
        };
        let Some(doctype) = target(on, filter) else {
            notes.extend(other_values(on, filter).await);
            continue;
        };
        for name in named.into_iter().filter_map(Value::as_str).filter(|name| !name.is_empty()).take(MOST) {
            notes.extend(dead(on, &filter.place(), doctype, name).await);
        }
    }
    notes.truncate(MOST);
    notes
}

/// What a text that no document has in this field may have been meant for: a choice of another field, or one of the values
/// that there are.
async fn other_values(on: &DocTypeCall<'_>, filter: &Filter) -> Option<String> {
    let text = filter.value.as_str().filter(|text| !text.is_empty() && filter.operator == Operator::Eq)?;
    let field = on.def.field(&filter.field).filter(|_| filter.rows.is_none())?;
    if field.kind.shape() != Shape::Text || field.choices().is_some() || field.fieldname == "name" {
        return None;
    }
    // Where some have it, another filter left them out.
    if !frequent(on, field, vec![Filter::eq(field.fieldname, text)]).await?.is_empty() {
        return None;
    }
    let may = |field: &FieldDef| field.in_lists() && on.permit.fields().may_read(field);
    let chosen = |other: &&FieldDef| may(other) && other.choices().is_some_and(|choices| choices.contains(&text));
    if let Some(other) = on.def.fields.iter().find(chosen) {
        return Some(format!("{}: no document has {text:?}; {} has this choice", filter.field, other.fieldname));
    }
    let like = Filter::new(field.fieldname, Operator::Like, format!("%{}%", literal(text)));
    let alike = frequent(on, field, vec![like]).await?;
    if !alike.is_empty() {
        return Some(format!("{}: no document has {text:?}; did you mean {}?", filter.field, alike.join(" or ")));
    }
    let values = frequent(on, field, Vec::new()).await?;
    if values.is_empty() {
        return Some(format!("{}: no document that may be seen has a value here", filter.field));
    }
    Some(format!("{}: no document has {text:?}; the most frequent are {}", filter.field, values.join(", ")))
}

/// The values that most of the documents have in this field; `None` where the site does not tell.
async fn frequent(on: &DocTypeCall<'_>, field: &FieldDef, filters: Vec<Filter>) -> Option<Vec<String>> {
    let count = Measure { function: Function::Count, field: "name", alias: "m0".to_owned() };
    let query = GroupQuery {
        group_by: vec![field.fieldname],
        measures: vec![count],
        filters,
        order_by: vec![(GroupKey::Measure("m0".to_owned()), true)],
        limit: EACH,
        ..GroupQuery::default()
    };
    let session = on.session;
    let groups = match session.site.groups(on.permit, &query, session.catalog.version()).await {
        Ok(groups) => groups.data,
        Err(error) => {
            tracing::debug!("values of {}.{}: {}", on.def.name, field.fieldname, error.for_log());
            return None;
        }
    };
    let values =
        groups.iter().filter_map(|group| group.get(field.fieldname)?.as_str()).filter(|value| !value.is_empty());
    Some(values.map(|value| format!("{value:?}")).collect())
}

/// The DocType that the field, or column of rows, links to.
fn target(on: &DocTypeCall<'_>, filter: &Filter) -> Option<&'static str> {
    let def = match filter.rows {
        None => on.def,
        Some(rows) => on.session.catalog.known(rows.doctype)?,
    };
    let field = def.field(&filter.field)?;
    field.target().filter(|_| field.kind == FieldKind::Link)
}

/// Says that no document has that name, and which was probably meant; nothing where the caller may not know.
pub(super) async fn dead(on: &DocTypeCall<'_>, place: &str, doctype: &'static str, name: &str) -> Option<String> {
    let permit = on.session.permit(Operation::Read, doctype).await.ok()?;
    let Ok(None) = on.session.site.validate_link(&permit, name, &[]).await else { return None };
    let link = Sent { row: 0, path: place.to_owned(), doctype, name };
    Some(told(on, place, &link).await)
}

async fn told(on: &DocTypeCall<'_>, place: &str, link: &Sent<'_>) -> String {
    let meant = meant(on.session, link.doctype, link.name).await.map_or_else(String::new, |meant| format!("; {meant}"));
    format!("{place}: there is no {} {:?}{meant}", link.doctype, link.name)
}

/// The warehouses of the companies that goods can lie in, as far as they may be read.
async fn warehouses(on: &DocTypeCall<'_>, companies: BTreeSet<&str>) -> Option<String> {
    let permit = on.session.permit(Operation::Read, "Warehouse").await.ok()?;
    let rule = permit.fields();
    let def = on.session.catalog.known("Warehouse")?;
    let may_see = |field| def.field(field).is_some_and(|field| rule.may_read(field));
    if companies.is_empty() || !may_see("company") || !may_see("is_group") {
        return None;
    }
    let filters =
        vec![Filter::new("company", Operator::In, json!(companies)), Filter::new("is_group", Operator::Eq, json!(0))];
    let (fields, order_by) = (vec!["name".to_owned()], vec![Order::asc("name")]);
    let query = ListQuery { fields, filters, order_by, limit: 10, ..ListQuery::default() };
    let rows = on.session.site.list(&permit, &query).await.ok()?.data;
    let names: Vec<&str> = rows.iter().filter_map(|row| row.get("name")?.as_str()).collect();
    (!names.is_empty()).then(|| format!("warehouses of {}: {}", Vec::from_iter(companies).join(", "), names.join(", ")))
}

/// What a link that leads nowhere probably meant, as the end of a sentence, of the documents that may be read: those with a
/// similar name; else all, where they are few; else those with some of its words.
pub async fn meant(session: &Session<'_>, doctype: &str, name: &str) -> Option<String> {
    let permit = session.permit(Operation::Read, doctype).await.ok()?;
    let def = session.catalog.known(doctype)?;
    let alike = called(session, &permit, def, name, EACH + 1).await;
    if let Some(meant) = did_you_mean(name, &alike) {
        return Some(meant);
    }
    let all = called(session, &permit, def, "", FEW + 1).await;
    if all.len() > FEW as usize {
        let near = by_words(session, &permit, def, name).await;
        if let Some(numbered) = near.iter().find_map(|found| with_digits(name, &found.name)) {
            let found = called(session, &permit, def, &numbered, EACH).await;
            if let Some(found) = found.into_iter().find(|found| found.is_named(&numbered)) {
                return did_you_mean(name, &[found]);
            }
        }
        return did_you_mean(name, &near);
    }
    let all: Vec<String> = all.iter().map(|found| format!("{:?}", found.name)).collect();
    match all.as_slice() {
        [] => None,
        [only] => Some(format!("there is only {only}")),
        few => Some(format!("there are {}", few.join(", "))),
    }
}

fn did_you_mean(text: &str, found: &[Found]) -> Option<String> {
    match found {
        [] => None,
        [one] if one.is_called(text) => Some(format!("did you mean {:?}?", one.name)),
        // A code alone does not tell what it stands for.
        [one] => Some(format!("did you mean {}?", one.with_title())),
        several => {
            let shown: Vec<String> = several.iter().take(EACH as usize).map(Found::with_title).collect();
            let more = if several.len() > shown.len() { " or another" } else { "" };
            Some(format!("did you mean {}{more}?", shown.join(" or ")))
        }
    }
}

/// A text that ends in a number, with as many digits as a name of the same beginning has: `SINV-7` is `SINV-00007` beside
/// `SINV-00003`.
fn with_digits(text: &str, name: &str) -> Option<String> {
    let (begin, number) = by_number(text.trim());
    let (own, digits) = by_number(name);
    let number = number.trim_start_matches('0');
    let is_alike = !number.is_empty() && begin.eq_ignore_ascii_case(own);
    is_alike.then(|| format!("{own}{number:0>width$}", width = digits.len()))
}

/// A text before the number that it ends in, and that.
fn by_number(text: &str) -> (&str, &str) {
    text.split_at(text.trim_end_matches(|c: char| c.is_ascii_digit()).len())
}

/// What has words of a text that nothing holds as a whole; what has most of them comes first.
async fn by_words(session: &Session<'_>, permit: &Permit, def: &'static DocTypeDef, text: &str) -> Vec<Found> {
    // The company's suffix is in every name.
    let own = text.rsplit_once(" - ").filter(|_| def.named_in_company().is_some()).map_or(text, |(own, _)| own);
    let words = own.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() >= SHORTEST);
    let words: Vec<&str> = words.take(WORDS).collect();
    let asked = words.iter().map(|word| called(session, permit, def, word, WITH_A_WORD));
    let found = futures_util::future::join_all(asked).await.into_iter().flatten();
    let mut counted: Vec<(usize, Found)> = Vec::new();
    for one in found {
        let count = words.iter().filter(|word| one.has_word(word)).count();
        if count > 0 && !counted.iter().any(|(_, known)| *known == one) {
            counted.push((count, one));
        }
    }
    counted.sort_by_key(|(count, _)| Reverse(*count));
    counted.into_iter().map(|(_, found)| found).collect()
}

async fn called(
    session: &Session<'_>,
    permit: &Permit,
    def: &'static DocTypeDef,
    words: &str,
    limit: u32,
) -> Vec<Found> {
    let question = Question { permit, def, words: Words::Part(words), filters: &[], limit };
    titles::find(session, question).await.unwrap_or_default()
}

fn collect<'a>(
    on: &DocTypeCall<'_>,
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
                let Some(child) = on.session.catalog.known(target) else { continue };
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
