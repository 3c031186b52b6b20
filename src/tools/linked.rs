//! `get_linked_documents`: the documents around a document, found through the links of the tables. Only by fields that may be
//! read and that the site shows its user: another link would tell its value (H5).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use erpnext_schema::{DocTypeDef, Options, Order, doctype_flag};
use futures_util::{StreamExt, TryStreamExt, stream};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::read;
use crate::answer::{ToolAnswer, note_of};
use crate::context::Session;
use crate::documents::DocTypeCall;
use crate::documents::added_links;
use crate::documents::refusals::{self, Refused, is_answer, why};
use crate::documents::ways::{Way, ways_from};
use crate::error::ToolError;
use crate::policy::{Operation, Permit};
use crate::shape::text_of;
use crate::site::{Filter, ListQuery, SiteError};
use crate::tool::kinds::{DocTypeName, DocumentName, Names};
use crate::tool::spec::{handler, reads};
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset};

/// How many lists are asked for at once.
const AT_ONCE: usize = 6;
/// The most lists that one call asks for.
const MOST: usize = 150;
/// The most documents of a DocType that are counted.
const COUNTED: u32 = 100;
/// How many of them are named.
const NAMED: usize = 10;
/// The same before a delete, where somebody waits to be asked.
const MOST_OF_A_PREVIEW: usize = 40;
const NAMED_IN_A_PREVIEW: usize = 3;
/// The site does not delete these while a submittable document that is not cancelled names them.
const KEPT: [&str; 3] = ["Customer", "Item", "Supplier"];
/// What is told of links that may be missing.
const UNSEEN: &str = "links by fields that the site hides, or by fields and DocTypes that were added on it, may be missing: \
                      not all of those could be looked at; name DocTypes in only";

/// What belongs to a document.
pub static LINKED: ToolSpec = ToolSpec {
    name: "get_linked_documents",
    title: "Linked documents",
    description: "Lists the documents that link to a document and those it links to, by DocType with counts. Use it \
                  to follow a chain such as order, delivery, invoice, payment. Covers only DocTypes that may be \
                  read.",
    toolset: Toolset::History,
    operation: Operation::Read,
    effect: Effect::Reads,
    offered: reads,
    special: Special::NONE,
    handler: handler!(LinkedArgs, linked),
};

#[derive(Deserialize, JsonSchema)]
struct LinkedArgs {
    doctype: DocTypeName,
    name: DocumentName,
    /// only these DocTypes; required if very many could link to it
    only: Option<Names>,
}

async fn linked(call: Call<'_>, args: LinkedArgs) -> Result<ToolAnswer, ToolError> {
    let session = call.session;
    let permit = session.permit(Operation::Read, &args.doctype).await?;
    let on = DocTypeCall::of(&call, &permit).await?;
    let name = on.name(&args.name);
    let (on, shaped) = read::document(&on, name).await?;
    let Around { from, refused, left_out, unseen } = around(&on, name, args.only.as_deref(), MOST).await?;
    let links_to = links_to(on.def, &shaped.document, &|child| session.catalog.known(child));
    let mut result = json!({"doctype": on.def.name, "name": name, "links_to": links_to});
    result["linked_from"] = from.into_iter().map(|(doctype, entry)| entry.shown(doctype, NAMED)).collect();
    if !refused.is_empty() {
        result["not_looked_at"] = refusals::told(&refused);
    }
    let names = Vec::from_iter(left_out).join(", ");
    let left_out = (!names.is_empty()).then(|| format!("not wholly searched: {names}; name some of them in only"));
    let notes = Vec::from_iter(left_out.into_iter().chain(unseen.then(|| UNSEEN.to_owned())));
    if let Some((key, note)) = note_of(&notes) {
        result[key] = note;
    }
    Ok(result.into())
}

/// What links to a document that would be deleted, for the one who is asked; nothing where nothing is found.
///
/// # Errors
/// That the site surely does not delete it, and failures that do not come of the question.
pub async fn preview(on: &DocTypeCall<'_>, name: &str) -> Result<Map<String, Value>, ToolError> {
    let Around { from, refused, left_out, unseen } = around(on, name, None, MOST_OF_A_PREVIEW).await?;
    let obstacle = || from.iter().find_map(|(doctype, entry)| Some((*doctype, entry.standing(on, doctype)?)));
    if KEPT.contains(&on.def.name)
        && let Some((doctype, linked)) = obstacle()
    {
        return Err(ToolError::refused(
            format!(
                "{} {name:?} cannot be deleted while {doctype} {linked:?} links to it; nothing was sent.",
                on.def.name
            ),
            "Use disabled: true to keep it out of new documents.",
        ));
    }
    let mut preview = Map::new();
    if !from.is_empty() {
        let shown = from.into_iter().map(|(doctype, entry)| entry.shown(doctype, NAMED_IN_A_PREVIEW)).collect();
        preview.insert("linked_from".to_owned(), shown);
    }
    if !left_out.is_empty() || unseen || !refused.is_empty() {
        preview.insert("linked_from_more".to_owned(), json!("not everything that may link to it was looked at"));
    }
    Ok(preview)
}

/// The documents that link to a document, by DocType; and the DocTypes of which not all ways to link to it were asked for.
struct Around {
    from: BTreeMap<&'static str, Entry>,
    refused: Refused,
    left_out: BTreeSet<&'static str>,
    /// Whether there may be links by what was added on the site that were not looked at.
    unseen: bool,
}

/// Looks for what links to a document of the call's DocType, in so many lists at most.
async fn around(on: &DocTypeCall<'_>, name: &str, only: Option<&[String]>, most: usize) -> Result<Around, ToolError> {
    let (session, target) = (on.session, on.def.name);
    let Tables { looked_at, mut refused, mut unseen } = tables(session, only).await?;
    let defs: Vec<&'static DocTypeDef> = looked_at.iter().map(|(_, def)| *def).collect();
    match added_links::learn(session, &defs, target).await {
        Ok(all) => unseen |= !all,
        Err(error) => {
            tracing::debug!("links that were added: {}", error.for_log());
            unseen = true;
        }
    }
    let mut ways = Vec::new();
    for ((permit, _), def) in looked_at.iter().zip(defs) {
        let def = session.catalog.known(def.name).unwrap_or(def);
        ways.extend(ways_from(session, def, permit.fields(), target));
    }
    // What may link to any DocType seldom links to this one. Of the others, what is submitted, and what it books, weighs most.
    let is_other = |def: &DocTypeDef| !def.is(doctype_flag::SUBMITTABLE) && def.field("voucher_no").is_none();
    ways.sort_by_key(|way| (way.by.is_some(), is_other(way.from)));
    let left_out = ways.iter().skip(most).map(|way| way.from.name).collect();
    ways.truncate(most);
    let asked = stream::iter(ways).map(|way| found(on, way, name)).buffered(AT_ONCE);
    let mut from: BTreeMap<&str, Entry> = BTreeMap::new();
    for (doctype, via, found) in asked.try_collect::<Vec<_>>().await? {
        match found {
            Ok(None) => unseen = true,
            Ok(Some(rows)) if rows.is_empty() => {}
            Ok(Some(rows)) => from.entry(doctype).or_default().add(&via, rows),
            Err(error) => drop(refused.insert(doctype.to_owned(), why(&error))),
        }
    }
    Ok(Around { from, refused, left_out, unseen })
}

/// The DocTypes whose lists are asked for, and why others are not; all that may be read where `only` names none.
///
/// # Errors
/// A name in `only` that has no list, or may not be read.
async fn tables(session: &Session<'_>, only: Option<&[String]>) -> Result<Tables, ToolError> {
    let mut tables = Vec::new();
    let mut refused = Refused::new();
    if let Some(only) = only {
        for doctype in only {
            let permit = session.permit(Operation::Read, doctype).await?;
            let def = DocTypeCall::def_of(session, &permit).await?;
            if !has_lists(def) {
                return Err(ToolError::refused(
                    format!("only: {doctype} has no list that could be searched for links."),
                    "Leave it out, and read it with get_generic_document.",
                ));
            }
            tables.push((permit, def));
        }
        return Ok(Tables { looked_at: tables, refused, unseen: false });
    }
    let (own, unseen) = own(session).await;
    for doctype in readable(session, &own) {
        let permit = match session.permit(Operation::Read, doctype).await {
            Ok(permit) => permit,
            Err(ToolError::Denied(_)) => continue,
            Err(error) => {
                refused.insert(doctype.to_owned(), first_line(&error));
                continue;
            }
        };
        // One of the site's own is in no table until its metadata is read.
        let def = match session.catalog.known(doctype) {
            Some(def) => Ok(def),
            None => session.catalog.live(session.asker(), doctype).await,
        };
        match def {
            // The metadata tells of one of the site's own whether it is open where nobody names it.
            Ok(def) if has_lists(def) && session.policy.admits(&permit, def).is_ok() => tables.push((permit, def)),
            Ok(_) => {}
            Err(error) => drop(refused.insert(doctype.to_owned(), why(&error))),
        }
    }
    Ok(Tables { looked_at: tables, refused, unseen })
}

/// The DocTypes whose lists are asked for, and why others are not.
struct Tables {
    /// Each with the leave to read it.
    looked_at: Vec<(Permit, &'static DocTypeDef)>,
    refused: Refused,
    unseen: bool,
}

/// The DocTypes of the site's own, as far as they can be open without a rule; and whether there may be others.
async fn own(session: &Session<'_>) -> (Vec<String>, bool) {
    if !session.policy.default_operations().contains(Operation::Read) {
        return (Vec::new(), false);
    }
    match added_links::own_doctypes(session).await {
        Ok(own) => own,
        Err(error) => {
            tracing::debug!("DocTypes of the site's own: {}", error.for_log());
            (Vec::new(), true)
        }
    }
}

fn first_line(error: &ToolError) -> String {
    error.for_model().lines().next().unwrap_or_default().to_owned()
}

/// The DocTypes that may be read: the configured ones, the site's own, and all others.
fn readable<'a>(session: &Session<'a>, own: &'a [String]) -> Vec<&'a str> {
    let mut doctypes: Vec<&str> = session.policy.doctypes().map(|(name, _)| name).collect();
    if session.policy.default_operations().contains(Operation::Read) {
        let own: Vec<&str> = own.iter().map(String::as_str).filter(|name| !doctypes.contains(name)).collect();
        doctypes.extend(own);
        let others = session.catalog.generated_names().filter(|name| !doctypes.contains(name));
        let others: Vec<&str> = others.collect();
        doctypes.extend(others);
    }
    doctypes.retain(|doctype| session.policy.operations(doctype).contains(Operation::Read));
    doctypes
}

fn has_lists(def: &DocTypeDef) -> bool {
    use doctype_flag::{CHILD, SINGLE, VIRTUAL};
    !(def.is(CHILD) || def.is(SINGLE) || def.is(VIRTUAL))
}

/// What one way led to: the DocType, the field, and the documents or the site's refusal to tell them; none by a field that
/// the site hides by its permlevel.
type Found = (&'static str, String, Result<Option<Vec<Map<String, Value>>>, SiteError>);

/// The documents that link in that way.
///
/// # Errors
/// The policy's refusal, and failures that do not come of the question.
async fn found(on: &DocTypeCall<'_>, way: Way, name: &str) -> Result<Found, ToolError> {
    let session = on.session;
    let permit = session.permit(Operation::Read, way.from.name).await?;
    let mut fields = vec!["name".to_owned()];
    for shown in ["docstatus", "status"] {
        if way.from.field(shown).is_some_and(|field| field.in_lists() && permit.fields().may_read(field)) {
            fields.push(shown.to_owned());
        }
    }
    let equal = |field: &str, to: &str| Filter { rows: way.rows, ..Filter::eq(field, to) };
    let by_name = equal(way.field, name);
    let via = by_name.place();
    let filters = std::iter::once(by_name).chain(way.by.map(|by| equal(by, on.def.name))).collect();
    let query = ListQuery {
        fields,
        filters,
        order_by: vec![Order::desc("name")],
        limit: COUNTED,
        own_columns: true,
        ..ListQuery::default()
    };
    let there = DocTypeCall { def: way.from, permit: &permit, ..*on };
    let found = match is_above(&there, &way).await {
        Ok(true) => Ok(None),
        Ok(false) => listed(&there, &way, &query).await.map(Some),
        Err(error) => Err(error),
    };
    match found {
        Ok(rows) => Ok((way.from.name, via, Ok(rows))),
        Err(error) if is_answer(&error) => {
            tracing::info!("links of {}: {}", way.from.name, error.for_log());
            Ok((way.from.name, via, Err(error)))
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether the permlevel of what the way goes by is above the user: asked whether or not there is something to tell.
async fn is_above(there: &DocTypeCall<'_>, way: &Way) -> Result<bool, SiteError> {
    let holder = way.rows.map_or(Some(way.from), |rows| there.session.catalog.known(rows.doctype));
    let fields = std::iter::once(way.field).chain(way.by).filter_map(|name| holder?.field(name));
    let levels: Vec<u8> = fields.map(|field| field.permlevel).filter(|level| *level > 0).collect();
    for level in levels {
        if !there.site_shows(None, level).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The documents that link in that way, without masks and none by what the site masks. That is asked where there is
/// something to tell, since it is a request for each DocType; and so it is told nowhere: it would say that there is something.
async fn listed(there: &DocTypeCall<'_>, way: &Way, query: &ListQuery) -> Result<Vec<Map<String, Value>>, SiteError> {
    // Where it was told once, a question would take longer only where there is more.
    if way.is_hidden(&there.session.last_masked(way.from.name)) && way.is_hidden(&*there.masked().await?) {
        return Ok(Vec::new());
    }
    let mut rows = there.session.site.list(there.permit, query).await?.data;
    let masked = if rows.is_empty() { Arc::default() } else { there.masked().await? };
    rows.retain(|_| !way.is_hidden(&masked));
    rows.iter_mut().for_each(|row| masked.take_out(way.from, row));
    Ok(rows)
}

/// The documents of one DocType that link to the document.
#[derive(Default)]
struct Entry {
    via: Vec<String>,
    documents: Vec<Map<String, Value>>,
    more: bool,
}

impl Entry {
    fn add(&mut self, via: &str, rows: Vec<Map<String, Value>>) {
        self.more |= rows.len() >= COUNTED as usize;
        self.via.push(via.to_owned());
        for row in rows {
            if !self.documents.iter().any(|known| known.get("name") == row.get("name")) {
                self.documents.push(row);
            }
        }
    }

    /// A document with states that is seen not to be cancelled.
    fn standing(&self, on: &DocTypeCall<'_>, doctype: &str) -> Option<&str> {
        on.session.catalog.generated(doctype).filter(|def| def.is(doctype_flag::SUBMITTABLE))?;
        let stands = |row: &&Map<String, Value>| row.get("docstatus").is_some_and(|state| state == 0 || state == 1);
        Some(text_of(self.documents.iter().find(stands)?, "name"))
    }

    fn shown(mut self, doctype: &str, named: usize) -> Value {
        let count = self.documents.len();
        self.documents.truncate(named);
        let mut entry = json!({"doctype": doctype, "count": count, "via": self.via, "documents": self.documents});
        if self.more {
            entry["at_least"] = json!(true);
        }
        entry
    }
}

/// The documents that a document's own links name, by DocType.
fn links_to(
    def: &DocTypeDef,
    document: &Map<String, Value>,
    children: &dyn Fn(&str) -> Option<&'static DocTypeDef>,
) -> BTreeMap<String, Vec<String>> {
    let mut links = BTreeMap::new();
    add_links(def, document, children, &mut links);
    links
}

fn add_links(
    def: &DocTypeDef,
    document: &Map<String, Value>,
    children: &dyn Fn(&str) -> Option<&'static DocTypeDef>,
    links: &mut BTreeMap<String, Vec<String>>,
) {
    for (key, value) in document {
        let Some(field) = def.field(key) else { continue };
        let target = match field.options {
            Options::TargetField(by) => document.get(by).and_then(Value::as_str),
            _ => field.target(),
        };
        match (target, value) {
            (Some(child), Value::Array(rows)) => {
                let Some(child) = children(child) else { continue };
                rows.iter().filter_map(Value::as_object).for_each(|row| add_links(child, row, children, links));
            }
            (Some(doctype), Value::String(name)) if !name.is_empty() => {
                let names: &mut Vec<String> = links.entry(doctype.to_owned()).or_default();
                if !names.contains(name) {
                    names.push(name.clone());
                }
            }
            _ => {}
        }
    }
}
