//! Documents by what people call them: the name, or the title that stands over it.

use std::collections::BTreeMap;

use erpnext_schema::{
    Children, DocTypeDef, FieldDef, FieldKind, Operator, Options, Order, Rule, Shape, Violation, doctype_flag,
};
use serde_json::{Map, Value, json};

use super::DocTypeCall;
use super::found::Found;
use crate::context::Session;
use crate::error::ToolError;
use crate::policy::{Operation, Permit, may_be_mask};
use crate::query::compare::literal;
use crate::shape::{self, FOR_READS};
use crate::site::{Filter, ListQuery, SiteError};

/// How many candidates an error names.
const NAMED: u32 = 5;
/// How many titles are looked up at once.
const AT_ONCE: usize = 4;

/// The field that holds the title, or the name without the company's suffix, where documents have one besides their name and
/// it may be seen.
fn title_field(def: &DocTypeDef, permit: &Permit) -> Option<&'static FieldDef> {
    let field = def.title_field.and_then(|title| def.field(title)).or_else(|| def.named_in_company())?;
    // Version 15 compares what it hides by its level, and so would tell of it (H5).
    let is_shown = field.permlevel == 0 && permit.fields().may_read(field);
    let usable = field.in_lists() && field.kind.shape() == Shape::Text && is_shown;
    usable.then_some(field).filter(|field| field.fieldname != "name")
}

/// The field that the title repeats, where the stored title can be the pattern for it (H64).
fn titled_by(def: &DocTypeDef, permit: &Permit) -> Option<&'static FieldDef> {
    def.titled_by().filter(|field| field.in_lists() && field.permlevel == 0 && permit.fields().may_read(*field))
}

/// What is known of a name or a title.
#[derive(Clone, Copy, Debug)]
pub enum Words<'a> {
    /// A part of it.
    Part(&'a str),
    /// All of it.
    Whole(&'a str),
}

/// Which documents are looked for.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The leave to read them.
    pub permit: &'a Permit,
    /// Their DocType.
    pub def: &'static DocTypeDef,
    /// What is known of their name or title.
    pub words: Words<'a>,
    /// What else holds of them.
    pub filters: &'a [Filter],
    /// How many are given at most.
    pub limit: u32,
}

/// The documents that are looked for.
///
/// # Errors
/// The site's.
pub async fn find(session: &Session<'_>, question: Question<'_>) -> Result<Vec<Found>, ToolError> {
    let Question { permit, def, .. } = question;
    let by = [title_field(def, permit), titled_by(def, permit)];
    // H84: who sees masks finds nothing by what they hide. Only where there may be some is the site asked for them; where there
    // were some at all, before the question: one more after it would say that a guess was right.
    let masked = session.last_masked(def.name);
    let may_be_masked = by.iter().flatten().any(|field| masked.hides(def.name, field.fieldname));
    let asked = if may_be_masked { unmasked(session, def, by).await? } else { by };
    let found = find_by(session, question, asked).await?;
    if !found.iter().any(|found| found.title.as_deref().is_some_and(may_be_mask)) {
        return Ok(found);
    }
    let shown = unmasked(session, def, by).await?;
    if shown == asked {
        return Ok(found);
    }
    find_by(session, question, shown).await
}

/// Those of the fields that the site does not mask for the user.
async fn unmasked(
    session: &Session<'_>,
    def: &DocTypeDef,
    by: [Option<&'static FieldDef>; 2],
) -> Result<[Option<&'static FieldDef>; 2], SiteError> {
    let masked = session.masked(def.name, FOR_READS).await?;
    Ok(by.map(|field| field.filter(|field| !masked.hides(def.name, field.fieldname))))
}

/// The same by the name and these fields: the title, and what it repeats.
async fn find_by(
    session: &Session<'_>,
    Question { permit, def, words, filters, limit }: Question<'_>,
    [title, instead]: [Option<&'static FieldDef>; 2],
) -> Result<Vec<Found>, ToolError> {
    let mut fields = vec!["name".to_owned()];
    fields.extend(title.into_iter().chain(instead).map(|field| field.fieldname.to_owned()));
    let (operator, value) = match words {
        // What the words contain stands for itself, not for a pattern.
        Words::Part(text) => (Operator::Like, format!("%{}%", literal(text))),
        Words::Whole(text) => (Operator::Eq, text.to_owned()),
    };
    let or_filters = fields.iter().map(|field| Filter::new(field.clone(), operator, value.as_str())).collect();
    let order_by = vec![Order::desc("modified"), Order::asc("name")];
    let query = ListQuery {
        fields,
        filters: filters.to_vec(),
        or_filters,
        order_by,
        limit,
        own_columns: true,
        own_choices: true,
        ..ListQuery::default()
    };
    let rows = session.site.list(permit, &query).await?.data;
    let found = rows.into_iter().filter_map(|row| {
        let row = shape::row(def, permit, &query.fields, row);
        let text = |field: &FieldDef| row.get(field.fieldname).and_then(Value::as_str).map(str::to_owned);
        let name = row.get("name").and_then(Value::as_str)?.to_owned();
        let pattern = title.and_then(|field| field.default).filter(|_| def.titled_by().is_some());
        let stored = title.and_then(text).filter(|title| Some(title.as_str()) != pattern);
        let title = stored.or_else(|| instead.and_then(text)).filter(|title| *title != name && !title.is_empty());
        Some(Found { name, title })
    });
    Ok(found.collect())
}

/// Replaces links that are given by a title with the name it stands for, where it stands for one document; `stored`
/// tells what is not being changed. What was replaced comes beside the document, by place.
///
/// # Errors
/// Titles that several documents have, and names that none has but some are like: with the candidates.
pub async fn resolve(
    on: &DocTypeCall<'_>,
    doc: Map<String, Value>,
    stored: &Map<String, Value>,
) -> Result<(Map<String, Value>, Map<String, Value>), ToolError> {
    let Resolved { doc, replaced, unclear } = look_up(on, doc, stored).await;
    if unclear.is_empty() { Ok((doc, replaced)) } else { Err(ToolError::arguments(on.tool.name(), unclear)) }
}

/// A document whose links were looked up.
#[derive(Debug)]
pub struct Resolved {
    /// With names in the place of the titles that are certain.
    pub doc: Map<String, Value>,
    /// What was replaced, by place.
    pub replaced: Map<String, Value>,
    /// The others, with the candidates.
    pub unclear: Vec<Violation>,
}

/// The same as [`resolve`], for whom there is more to look at where a title is not certain.
pub async fn look_up(on: &DocTypeCall<'_>, mut doc: Map<String, Value>, stored: &Map<String, Value>) -> Resolved {
    let mut links = Vec::new();
    let children = |child: &str| on.session.catalog.known(child);
    let seen = deciding(on, stored);
    let beside = Beside { stored, seen: &seen, company: None };
    visit(on.def, "", &mut doc, beside, &children, &mut |at, given| {
        links.push((at.to_owned(), given));
        None
    });
    let mut questions: Vec<&Given> = Vec::new();
    for (_, given) in &links {
        if !questions.contains(&given) {
            questions.push(given);
        }
    }
    let mut answers = Vec::new();
    for some in questions.chunks(AT_ONCE) {
        let asked = some.iter().map(|given| meant(on.session, given.target, &given.text, given.company.as_deref()));
        answers.extend(futures_util::future::join_all(asked).await);
    }
    let mut unclear = Vec::new();
    let mut replaced = Map::new();
    let mut names = BTreeMap::new();
    for (at, given) in &links {
        match questions.iter().position(|asked| *asked == given).and_then(|asked| answers.get(asked)) {
            Some(Meant::One(name)) => {
                replaced.insert(at.clone(), json!({"given": given.text, "name": name}));
                names.insert(at.clone(), name.clone());
            }
            Some(Meant::Unclear(message)) => {
                let path = format!("data.{at}");
                unclear.push(Violation::new(path, Rule::Value, message.clone()));
            }
            _ => {}
        }
    }
    visit(on.def, "", &mut doc, beside, &children, &mut |at, _| names.get(at).cloned());
    Resolved { doc, replaced, unclear }
}

/// The name of the document that is called so, where one alone is, of those of the company if there are several, and may be
/// read.
pub async fn name_of(
    session: &Session<'_>,
    doctype: &'static str,
    text: &str,
    company: Option<&str>,
) -> Option<String> {
    match meant(session, doctype, text, company).await {
        Meant::One(name) => Some(name),
        Meant::Itself | Meant::Unclear(_) => None,
    }
}

/// The whole name of a document that may be given without its company's suffix; as it is given, where it is not certain.
pub async fn in_full(session: &Session<'_>, doctype: &str, given: &str, company: Option<&str>) -> String {
    whole(session, doctype, given, company).await.unwrap_or_else(|_| given.to_owned())
}

/// The same.
///
/// # Errors
/// Why it is not certain.
pub async fn whole(session: &Session<'_>, doctype: &str, given: &str, company: Option<&str>) -> Result<String, String> {
    let first_part = session.catalog.known(doctype).filter(|def| def.may_be_first_part(given));
    let Some(def) = first_part else { return Ok(given.to_owned()) };
    match meant(session, def.name, given, company).await {
        Meant::One(name) => Ok(name),
        Meant::Itself => Ok(given.to_owned()),
        Meant::Unclear(why) => Err(why),
    }
}

/// What a link's text means.
enum Meant {
    /// What it says, as far as is known.
    Itself,
    /// The document of this name.
    One(String),
    /// Nothing certain: what there is instead.
    Unclear(String),
}

/// Where the name ends with the company's suffix, `company` says which is meant.
async fn meant(session: &Session<'_>, target: &'static str, text: &str, company: Option<&str>) -> Meant {
    let (Ok(permit), Some(def)) = (session.permit(Operation::Read, target).await, session.catalog.known(target)) else {
        return Meant::Itself;
    };
    // Where the user may not look, the site decides.
    let exactly = Question { permit: &permit, def, words: Words::Whole(text), filters: &[], limit: NAMED + 1 };
    let Ok(mut found) = find(session, exactly).await else { return Meant::Itself };
    // Of many that have the title, the one that has the name may be another.
    if found.len() > NAMED as usize && !found.iter().any(|found| found.is_named(text)) {
        let named = find_by(session, Question { limit: 1, ..exactly }, [None, None]).await;
        let Ok(named) = named else { return Meant::Itself };
        found.extend(named);
    }
    if let Some(named) = found.iter().find(|found| found.is_named(text)) {
        return if named.name == text { Meant::Itself } else { Meant::One(named.name.clone()) };
    }
    let company = company.filter(|_| found.iter().any(|found| found.is_called(text)));
    if let Some(company) = company.filter(|_| is_readable(def, &permit, "company")) {
        let within = [Filter::eq("company", company)];
        let of_it = find(session, Question { filters: &within, ..exactly }).await;
        let Ok(of_it) = of_it else { return Meant::Itself };
        found = of_it;
    }
    let mut called = found.iter().filter(|found| found.is_called(text));
    match (called.next(), called.next()) {
        (Some(one), None) => return Meant::One(one.name.clone()),
        (Some(_), Some(_)) => return unclear(&format!("several {target} documents are called {text:?}"), &found),
        (None, _) => {}
    }
    match find(session, Question { words: Words::Part(text), limit: NAMED, ..exactly }).await {
        Ok(like) => match like.as_slice() {
            [] => Meant::Itself,
            [one] => Meant::Unclear(format!("there is no {target} named {text:?}; did you mean {}?", one.with_title())),
            like => unclear(&format!("there is no {target} named {text:?}; like it are"), like),
        },
        Err(_) => Meant::Itself,
    }
}

fn is_readable(def: &DocTypeDef, permit: &Permit, field: &str) -> bool {
    def.field(field).is_some_and(|field| permit.fields().may_read(field))
}

fn unclear(what: &str, found: &[Found]) -> Meant {
    let listed: Vec<String> = found.iter().take(NAMED as usize).map(Found::with_title).collect();
    Meant::Unclear(format!("{what}: {}; give the name", listed.join(", ")))
}

/// A link that may be given by a title.
#[derive(PartialEq, Eq, Debug)]
struct Given {
    target: &'static str,
    text: String,
    /// The company whose document is meant, where names end with its suffix.
    company: Option<String>,
}

impl Given {
    fn new(target: &'static DocTypeDef, text: &str, company: Option<&str>) -> Option<Self> {
        let in_company = target.may_be_first_part(text);
        let company = company.filter(|_| in_company).map(str::to_owned);
        let may_be_title = in_company || target.title_field.is_some();
        may_be_title.then(|| Self { target: target.name, text: text.to_owned(), company })
    }
}

/// What is known beside a document or row whose links are looked at.
#[derive(Clone, Copy)]
struct Beside<'a> {
    /// What is not being changed.
    stored: &'a Map<String, Value>,
    /// What of that says which document is meant.
    seen: &'a Map<String, Value>,
    /// The company of the document that holds the row.
    company: Option<&'a str>,
}

/// What of the stored document says which one a link means, as far as it may be read: whoever gives a title learns it.
fn deciding(on: &DocTypeCall<'_>, stored: &Map<String, Value>) -> Map<String, Value> {
    let leads = |field: &FieldDef| if let Options::TargetField(by) = field.options { Some(by) } else { None };
    let keys = on.def.fields.iter().filter_map(leads).chain(["company"]).filter(|key| on.may_read(key));
    keys.filter_map(|key| Some((key.to_owned(), stored.get(key)?.clone()))).collect()
}

/// Shows each link to a DocType whose documents have titles, with its place; what comes back takes its place.
fn visit(
    def: &'static DocTypeDef,
    at: &str,
    doc: &mut Map<String, Value>,
    Beside { stored, seen, company }: Beside<'_>,
    children: Children<'_>,
    link: &mut dyn FnMut(&str, Given) -> Option<String>,
) {
    let said = |key: &str| doc.get(key).or_else(|| seen.get(key)).and_then(Value::as_str);
    let company = said("company").or(company).map(str::to_owned);
    let company = company.as_deref();
    let led_to = |key: &String| {
        let Options::TargetField(by) = def.field(key)?.options else { return None };
        let target = children(said(by).or_else(|| def.field(by)?.default)?)?;
        // A transaction is named by its number, and its title is that of its party.
        (!target.is(doctype_flag::SUBMITTABLE)).then(|| (key.clone(), target))
    };
    let led: BTreeMap<String, &'static DocTypeDef> = doc.keys().filter_map(led_to).collect();
    for (key, value) in doc {
        let Some(field) = def.field(key) else { continue };
        match value {
            Value::String(text) if !text.is_empty() => {
                let target = match field.kind {
                    FieldKind::Link => field.target().and_then(children),
                    _ => led.get(key).copied(),
                };
                let changed = stored.get(key).and_then(Value::as_str) != Some(text);
                let given = target.filter(|_| changed).and_then(|target| Given::new(target, text, company));
                if let Some(name) = given.and_then(|given| link(&format!("{at}{key}"), given)) {
                    *text = name;
                }
            }
            rows if field.kind.is_table() => {
                let Some(child) = field.target().and_then(children) else { continue };
                let nothing = Map::new();
                let beside = Beside { stored: &nothing, seen: &nothing, company };
                for (place, row) in rows_of(&format!("{at}{key}"), rows) {
                    if let Some(Value::Object(matching)) = row.get_mut("match") {
                        visit(child, &format!("{place}.match."), matching, beside, children, link);
                    }
                    visit(child, &format!("{place}."), row, beside, children, link);
                }
            }
            _ => {}
        }
    }
}

/// The rows that a table's value holds, whether it is the table or what is to be changed and added in it.
fn rows_of<'v>(at: &str, value: &'v mut Value) -> Vec<(String, &'v mut Map<String, Value>)> {
    fn list<'v>(at: &str, rows: &'v mut [Value]) -> impl Iterator<Item = (String, &'v mut Map<String, Value>)> {
        let rows = rows.iter_mut().enumerate().filter_map(|(i, row)| Some((i, row.as_object_mut()?)));
        rows.map(move |(i, row)| (format!("{at}[{i}]"), row))
    }
    match value {
        Value::Array(rows) => list(at, rows).collect(),
        Value::Object(edits) => {
            let parts =
                edits.iter_mut().filter_map(|(part, rows)| Some((format!("{at}.{part}"), rows.as_array_mut()?)));
            parts.flat_map(|(at, rows)| list(&at, rows).collect::<Vec<_>>()).collect()
        }
        _ => Vec::new(),
    }
}
