//! Links that the site itself would not check. It stores whatever it is given where another field fetches from the link (H10),
//! never checks Dynamic Links, and takes a DocType in another spelling, for which there is no rule, for the same. And links
//! that would tell what the caller may not see: to DocTypes of which they may see only part, from which the site would
//! copy, and with numbers that it compares with a withheld field.

use std::collections::{BTreeMap, BTreeSet};

use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, Options, Rule, Violation, rows, with_article};
use serde_json::{Map, Value};

use super::comparisons;
use crate::document::merge::Merged;
use crate::documents::titles::{self, Resolved};
use crate::documents::{DocTypeCall, suggest};
use crate::error::ToolError;
use crate::policy::Operation;
use crate::site::{SiteError, SiteErrorKind};
use crate::tool::progress::CallObserver;

/// How many links are looked up at once.
const AT_ONCE: usize = 4;
/// Links to this DocType say which one a Dynamic Link leads to.
const DOCTYPE: &str = "DocType";
/// For how many links of a call it is looked up what was meant.
const MOST_MEANT: usize = 5;

/// One link that a document holds.
#[derive(PartialEq, Eq, Debug)]
struct Link {
    path: String,
    doctype: String,
    name: String,
}

impl Link {
    fn leads_to(&self) -> (&str, &str) {
        (&self.doctype, &self.name)
    }
}

/// The document, or the change of the one that is `stored`, with names in the place of titles; what was replaced comes
/// beside it, by place.
///
/// # Errors
/// Titles that are not certain, and with them every other link that leads nowhere.
pub async fn resolved(
    on: &DocTypeCall<'_>,
    doc: Map<String, Value>,
    stored: &Map<String, Value>,
) -> Result<(Map<String, Value>, Map<String, Value>), ToolError> {
    let Resolved { doc, replaced, unclear } = titles::look_up(on, doc, stored).await;
    let dead = if unclear.is_empty() { return Ok((doc, replaced)) } else { dead(on, &doc, stored, &unclear).await? };
    Err(ToolError::arguments(on.tool.name(), [unclear, dead].concat()))
}

/// The links that lead nowhere, except for those of which something is told already.
pub(super) async fn dead(
    on: &DocTypeCall<'_>,
    doc: &Map<String, Value>,
    stored: &Map<String, Value>,
    told: &[Violation],
) -> Result<Vec<Violation>, SiteError> {
    let mut links = links_of(on, doc, stored, &|table, row| format!("{table}[{row}]"), true);
    links.retain(|link| !told.iter().any(|told| told.path.strip_prefix("data.") == Some(link.path.as_str())));
    Ok(judged(on, &links, None).await?.into_iter().flatten().collect())
}

/// Refuses links to documents that do not exist; `stored` tells what is not being changed.
pub async fn check(
    on: &DocTypeCall<'_>,
    doc: &Map<String, Value>,
    stored: &Map<String, Value>,
) -> Result<(), ToolError> {
    check_at(on, doc, stored, &|table, row| format!("{table}[{row}]")).await
}

/// The same for a change that is laid onto the stored document.
pub async fn check_merged(on: &DocTypeCall<'_>, merged: &Merged, stored: &Map<String, Value>) -> Result<(), ToolError> {
    check_at(on, &merged.body, stored, &|table, row| merged.place(table, row)).await
}

/// Refuses a document that the site filled and that would link to one out of the caller's sight.
///
/// # Errors
/// Where it would link there; the site named it, so it is not named here.
pub async fn check_sight(on: &DocTypeCall<'_>, doc: &Map<String, Value>) -> Result<(), ToolError> {
    let policy = on.session.policy;
    let mut links = Vec::new();
    let collect = |def: &'static DocTypeDef, at: &str, doc: &Map<String, Value>, links: &mut Vec<Link>| {
        for (field, name) in doc.iter().filter_map(|(key, value)| Some((def.field(key)?, value.as_str()?))) {
            let target = match field.options {
                Options::Target(target) if field.kind == FieldKind::Link => Some(target),
                Options::TargetField(by) => doc.get(by).and_then(Value::as_str).map(|by| policy.exact_name(by)),
                _ => None,
            };
            if let Some(doctype) = target.filter(|target| !name.is_empty() && policy.is_row_filtered(target)) {
                let path = format!("{at}{}", field.fieldname);
                links.push(Link { path, doctype: doctype.to_owned(), name: name.to_owned() });
            }
        }
    };
    collect(on.def, "", doc, &mut links);
    let children = |child: &str| on.session.catalog.known(child);
    for (table, child, value) in on.def.tables_in(&children, doc) {
        rows(value).for_each(|row| collect(child, &format!("{}.", table.fieldname), row, &mut links));
    }
    let mut known: Vec<Link> = Vec::new();
    for link in links {
        if known.iter().any(|known| (&known.doctype, &known.name) == (&link.doctype, &link.name)) {
            continue;
        }
        if !is_there(on, &link.doctype, &link.name).await? {
            return Err(ToolError::refused(
                format!(
                    "{}: {} would be {} that is not among those that this server's configuration lets you read; nothing was \
                     made.",
                    on.def.name,
                    link.path,
                    with_article(&link.doctype)
                ),
                "Make the document itself, with links to what may be read only.",
            ));
        }
        known.push(link);
    }
    Ok(())
}

async fn check_at(
    on: &DocTypeCall<'_>,
    doc: &Map<String, Value>,
    stored: &Map<String, Value>,
    place: &(dyn Fn(&str, usize) -> String + Sync),
) -> Result<(), ToolError> {
    let tried = comparisons::withheld(on, doc, stored, place);
    if !tried.is_empty() {
        return Err(ToolError::arguments(on.tool.name(), tried));
    }
    // A dry run sends nothing that the site could check.
    let links = links_of(on, doc, stored, place, on.attempt.dry_run);
    let violations: Vec<Violation> = judged(on, &links, None).await?.into_iter().flatten().collect();
    if violations.is_empty() { Ok(()) } else { Err(ToolError::arguments(on.tool.name(), violations)) }
}

/// A link of a document of a batch that leads nowhere.
#[derive(Debug)]
pub struct DeadLink {
    /// The number of its document.
    pub number: usize,
    /// What is wrong with it.
    pub violation: Violation,
    link: Link,
}

impl DeadLink {
    /// Whether the stored document holds it already, so that this change of it brings nothing new.
    pub fn is_held(&self, on: &DocTypeCall<'_>, merged: &Merged, stored: &Map<String, Value>) -> bool {
        let brought = links_of(on, &merged.body, stored, &|table, row| merged.place(table, row), true);
        !brought.iter().any(|link| link.leads_to() == self.link.leads_to())
    }
}

/// The links of documents of a batch that lead nowhere, also where they are stored and said again. All are looked at, until
/// the call is called off: the site would look at those of one only after it wrote those before it.
///
/// # Errors
/// That one could not be looked at.
pub async fn dead_links(
    on: &DocTypeCall<'_>,
    observer: &CallObserver,
    docs: &[(usize, &'static DocTypeDef, Map<String, Value>)],
) -> Result<Vec<DeadLink>, SiteError> {
    let nothing = Map::new();
    let (mut links, mut numbers) = (Vec::new(), Vec::new());
    for &(number, def, ref doc) in docs {
        let on = DocTypeCall { def, ..*on };
        let found = links_of(&on, doc, &nothing, &|table, row| format!("{table}[{row}]"), true);
        numbers.extend(found.iter().map(|_| number));
        links.extend(found);
    }
    let judged = judged(on, &links, Some(observer)).await?;
    let dead = numbers.into_iter().zip(links).zip(judged);
    Ok(dead.filter_map(|((number, link), found)| Some(DeadLink { number, violation: found?, link })).collect())
}

/// The links that the document holds and that have to be looked at; `every` one that may be, or those that the site
/// would not check.
fn links_of(
    on: &DocTypeCall<'_>,
    doc: &Map<String, Value>,
    stored: &Map<String, Value>,
    place: &(dyn Fn(&str, usize) -> String + Sync),
    every: bool,
) -> Vec<Link> {
    let mut links = to_check(on, on.def, "", doc, stored, every);
    let children = |child: &str| on.session.catalog.known(child);
    for (table, child, value) in on.def.tables_in(&children, doc) {
        let key = table.fieldname;
        let stored = stored.get(key).and_then(Value::as_array);
        for (i, row) in rows(value).enumerate() {
            let was = row.get("name").and_then(|name| stored?.iter().find(|was| was.get("name") == Some(name)));
            let was = was.and_then(Value::as_object).cloned().unwrap_or_default();
            links.extend(to_check(on, child, &format!("{}.", place(key, i)), row, &was, every));
        }
    }
    links
}

/// For each of the links, in order, that it leads nowhere, where it does; each document is asked for once, and none after the
/// call was called off.
async fn judged(
    on: &DocTypeCall<'_>,
    links: &[Link],
    observer: Option<&CallObserver>,
) -> Result<Vec<Option<Violation>>, SiteError> {
    let questions: BTreeSet<(&str, &str)> = links.iter().map(Link::leads_to).collect();
    let questions: Vec<(&str, &str)> = questions.into_iter().collect();
    let mut missing: BTreeMap<(&str, &str), String> = BTreeMap::new();
    for some in questions.chunks(AT_ONCE) {
        if observer.is_some_and(CallObserver::is_stopped) {
            break;
        }
        let answers =
            futures_util::future::join_all(some.iter().map(|(doctype, name)| is_there(on, doctype, name))).await;
        for (&(doctype, name), there) in some.iter().zip(answers) {
            if there? {
                continue;
            }
            let meant = match exact(on, doctype, name) {
                Some(exact) => Some(format!("it is {exact:?}")),
                None if missing.len() < MOST_MEANT => suggest::meant(on.session, doctype, name).await,
                None => None,
            };
            missing.insert((doctype, name), meant.unwrap_or_else(|| "search for the right name".to_owned()));
        }
    }
    let found = links.iter().map(|link| {
        let meant = missing.get(&link.leads_to())?;
        let message = format!("there is no {} named {:?}; {meant}", link.doctype, link.name);
        Some(Violation::new(format!("data.{}", link.path), Rule::Value, message))
    });
    Ok(found.collect())
}

/// The document with the Links that conditions look at as the site will store them: it takes another spelling of a name
/// for the same, and stores the name (H26). What the site does not tell stays as it was sent.
pub async fn as_stored(
    on: &DocTypeCall<'_>,
    mut doc: Map<String, Value>,
    stored: Option<&Map<String, Value>>,
) -> Map<String, Value> {
    for path in on.permit.judged_by() {
        let (key, column) = path.split_once('.').map_or((path, None), |(table, column)| (table, Some(column)));
        let Some(field) = on.def.field(key) else { continue };
        let child = || on.session.catalog.known(field.target()?);
        let Some(link) = column.map_or(Some(field), |column| child()?.field(column)) else { continue };
        if doc.get(key).is_none_or(|value| stored.and_then(|stored| stored.get(key)) == Some(value)) {
            continue;
        }
        let mut values: Vec<(String, &mut Value)> = Vec::new();
        match column {
            None => values.extend(target(link, &doc).zip(doc.get_mut(key))),
            Some(column) => {
                let rows = doc.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten();
                let rows = rows.filter_map(Value::as_object_mut);
                values.extend(rows.filter_map(|row| target(link, row).zip(row.get_mut(column))));
            }
        }
        values.retain(|(_, value)| value.as_str().is_some_and(|name| !name.is_empty()));
        let sent: BTreeSet<(String, String)> =
            values.iter().filter_map(|(target, value)| Some((target.clone(), value.as_str()?.to_owned()))).collect();
        let sent: Vec<(String, String)> = sent.into_iter().collect();
        let mut known: BTreeMap<&(String, String), Value> = BTreeMap::new();
        for some in sent.chunks(AT_ONCE) {
            let asked = some.iter().map(|(target, name)| on.session.site.link_as_stored(on.permit, target, name));
            let found = some.iter().zip(futures_util::future::join_all(asked).await);
            known.extend(found.filter_map(|(link, found)| Some((link, found.ok()??))));
        }
        for (target, value) in values {
            let link = value.as_str().map(|name| (target, name.to_owned()));
            if let Some(name) = link.and_then(|link| known.get(&link)).cloned() {
                *value = name;
            }
        }
    }
    doc
}

/// The DocType that a link of the document, or row, leads to.
fn target(link: &FieldDef, holder: &Map<String, Value>) -> Option<String> {
    match link.options {
        Options::Target(target) if link.kind == FieldKind::Link => Some(target.to_owned()),
        Options::TargetField(by) => holder.get(by)?.as_str().filter(|target| !target.is_empty()).map(str::to_owned),
        _ => None,
    }
}

/// The name of the DocType that the link leads to, where it is spelt otherwise.
fn exact<'a>(on: &'a DocTypeCall<'_>, doctype: &str, name: &'a str) -> Option<&'a str> {
    let exact = Some(name).filter(|_| doctype == DOCTYPE).map(|name| on.session.policy.exact_name(name));
    exact.filter(|exact| *exact != name)
}

/// Whether the document is there for this caller; where the user may not look, the site decides.
///
/// # Errors
/// That there was no answer, which says nothing of the document.
pub(super) async fn is_there(on: &DocTypeCall<'_>, doctype: &str, name: &str) -> Result<bool, SiteError> {
    if exact(on, doctype, name).is_some() {
        return Ok(false);
    }
    let session = on.session;
    let permit = match session.policy.is_row_filtered(doctype) {
        true => match session.permit(Operation::Read, doctype).await {
            Ok(permit) => Some(permit),
            // What nobody could find out binds the look all the same.
            Err(ToolError::Site(error)) => return Err(*error),
            Err(_) => None,
        },
        false => None,
    };
    let seen = match permit {
        Some(permit) => session.site.get(&permit, name).await.map(|_| true),
        None => session.site.link_exists(on.permit, doctype, name).await,
    };
    seen.or_else(|error| match error.kind() {
        SiteErrorKind::Missing | SiteErrorKind::OutOfSight => Ok(false),
        SiteErrorKind::OverLimit { .. }
        | SiteErrorKind::RateLimited { .. }
        | SiteErrorKind::Paused { .. }
        | SiteErrorKind::Unreachable
        | SiteErrorKind::TimedOut
        | SiteErrorKind::Cut
        | SiteErrorKind::Maintenance
        | SiteErrorKind::Unavailable => Err(error),
        _ => Ok(true),
    })
}

/// Of the links among these fields that differ from what is stored, those that the site would not check as they have to be;
/// with `every`, all to DocTypes that may be read too.
fn to_check(
    on: &DocTypeCall<'_>,
    def: &DocTypeDef,
    at: &str,
    doc: &Map<String, Value>,
    stored: &Map<String, Value>,
    every: bool,
) -> Vec<Link> {
    let mut links = Vec::new();
    let policy = &on.session.policy;
    let is_changed = |key: &str| doc.get(key).is_some_and(|value| stored.get(key) != Some(value));
    // Another DocType makes another link of the same name.
    let led_by = |field: &FieldDef| matches!(field.options, Options::TargetField(by) if is_changed(by));
    let kept = def.fields.iter().filter(|field| led_by(field) && !doc.contains_key(field.fieldname));
    let kept = kept.filter_map(|field| Some((field.fieldname, stored.get(field.fieldname)?)));
    for (key, value) in doc.iter().map(|(key, value)| (key.as_str(), value)).chain(kept) {
        let (Some(field), Some(name)) = (def.field(key), value.as_str().filter(|name| !name.is_empty())) else {
            continue;
        };
        if !is_changed(key) && !led_by(field) {
            continue;
        }
        let doctype = match field.options {
            Options::Target(target) if field.kind == FieldKind::Link => {
                let tried = every && policy.permits(Operation::Read, target);
                let is_misspelt = exact(on, target, name).is_some();
                let looks = |target: &&str| is_fetched_from(def, field) || policy.is_row_filtered(target);
                Some(target).filter(|target| tried || is_misspelt || looks(target))
            }
            // What the site does not tell, nobody is told of DocTypes that are closed.
            Options::TargetField(by) => {
                let given = doc.get(by).or_else(|| stored.get(by)).and_then(Value::as_str);
                // What nobody says, the site fills in.
                let target = given.or_else(|| def.field(by)?.default).map(|target| policy.exact_name(target));
                target.filter(|target| policy.permits(Operation::Read, target))
            }
            _ => None,
        };
        if let Some(doctype) = doctype.filter(|doctype| !doctype.is_empty()) {
            links.push(Link { path: format!("{at}{key}"), doctype: doctype.to_owned(), name: name.to_owned() });
        }
    }
    links
}

fn is_fetched_from(def: &DocTypeDef, link: &FieldDef) -> bool {
    let source = |field: &FieldDef| field.fetch_from.and_then(|from| from.split_once('.')).map(|(link, _)| link);
    def.fields.iter().any(|field| source(field) == Some(link.fieldname))
}
