//! `get_changes_since`: documents in the order in which they were changed, for agents that poll. A cursor names the last
//! document seen, not how many: so neither documents of the same moment nor those changed meanwhile are lost.

use std::fmt;
use std::str::FromStr;

use erpnext_schema::{DocTypeDef, Fingerprint, Operator, Order, time};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::answer::{ToolAnswer, note_of};
use crate::context::Session;
use crate::documents::{DocTypeCall, moments};
use crate::error::ToolError;
use crate::policy::{Operation, Permit};
use crate::query::cursor;
use crate::shape::page::how_many;
use crate::shape::text_of;
use crate::site::{Filter, ListQuery, SiteErrorKind};
use crate::tool::kinds::{Cursor, Limit, Names};
use crate::tool::spec::{handler, reads};
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset};

/// The most DocTypes in one call: each is a request or two.
const MOST: usize = 20;
/// Where the site keeps what was deleted.
const DELETED: &str = "Deleted Document";

/// What was changed since a time.
pub static CHANGES: ToolSpec = ToolSpec {
    name: "get_changes_since",
    title: "Changes since a time",
    description: "Lists documents of some DocTypes created or changed since a time, oldest change first, and deleted \
                  ones if they may be seen. To poll, call again with the cursor of the last answer.",
    toolset: Toolset::More,
    operation: Operation::Read,
    effect: Effect::Reads,
    offered: reads,
    special: Special::NONE,
    handler: handler!(ChangesArgs, changes),
};

#[derive(Deserialize, JsonSchema)]
struct ChangesArgs {
    doctypes: Names,
    /// YYYY-MM-DD HH:MM:SS in the site's time; required in the first call
    since: Option<String>,
    #[serde(default)]
    limit: Limit,
    /// cursor of the previous answer
    cursor: Option<Cursor>,
}

/// How far back a poll looks once more: what was written before the last one and committed after it is not lost.
const OVERLAP: SignedDuration = SignedDuration::from_secs(60);
/// How many changes a cursor knows, each in so many bytes; where more were given, it looks back less far.
const MOST_KNOWN: usize = 300;
const KNOWN: usize = 17;

/// A list whose rows are changes: of a DocType, or of what was deleted.
struct Source {
    permit: Permit,
    /// The field that says when.
    at: &'static str,
    /// Whether its rows are documents that were deleted.
    deleted: bool,
    filters: Vec<Filter>,
    fields: Vec<String>,
}

/// The last change that was seen, and those shortly before it.
#[derive(Clone, PartialEq, Debug)]
struct Seen {
    at: String,
    /// What was made up to here was told; earlier than `at` while pages are left that were asked for then.
    began: String,
    /// Source and document, where one was seen; else everything after the time is new.
    document: Option<(usize, String)>,
    /// From when on all that was given is known.
    from: String,
    /// What was given since then, hashed.
    given: Vec<String>,
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.document {
            Some((source, name)) => {
                write!(f, "{}|{}|{}|{}|{source}|{name}", self.at, self.began, self.from, self.given.join(","))
            }
            None => f.write_str(&self.at),
        }
    }
}

impl FromStr for Seen {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.splitn(6, '|');
        let mut part = || parts.next().map(str::to_owned);
        let at = part().unwrap_or_default();
        let Some(began) = part() else { return Ok(Self::from(at)) };
        let from = part().ok_or(())?;
        let given = part().ok_or(())?.split(',').filter(|hash| !hash.is_empty()).map(str::to_owned).collect();
        let source = part().ok_or(())?.parse().map_err(|_| ())?;
        Ok(Self { at, began, from, given, document: Some((source, part().ok_or(())?)) })
    }
}

impl From<String> for Seen {
    fn from(at: String) -> Self {
        Self { from: at.clone(), began: at.clone(), at, document: None, given: Vec::new() }
    }
}

impl Seen {
    /// The same with so many at most of what was given of late: times and hashes.
    fn knowing(mut self, mut known: Vec<(String, String)>, most: usize) -> Self {
        let back = time::parse_datetime(&self.at).ok().and_then(|at| at.checked_sub(OVERLAP).ok());
        self.from = back.map_or_else(|| self.at.clone(), time::format_datetime);
        known.retain(|(at, _)| *at > self.from);
        known.sort();
        if let Some(dropped) = known.len().checked_sub(most + 1) {
            self.from.clone_from(&known[dropped].0);
            known.drain(..=dropped);
            // Of one moment, all are known or none.
            known.retain(|(at, _)| *at > self.from);
        }
        self.given = known.into_iter().map(|(_, hash)| hash).collect();
        self
    }
}

/// A change as a cursor knows it.
fn hashed(source: usize, at: &str, name: &str) -> String {
    Fingerprint::default().file(&source.to_string(), &format!("{at}|{name}")).hex()
}

async fn changes(call: Call<'_>, args: ChangesArgs) -> Result<ToolAnswer, ToolError> {
    let session = call.session;
    let doctypes: Vec<&str> = args.doctypes.iter().map(String::as_str).collect();
    if doctypes.is_empty() || doctypes.len() > MOST {
        return Err(ToolError::refused(
            format!("doctypes: found {}, expected 1 to {MOST}.", doctypes.len()),
            format!("Name 1 to {MOST} DocTypes."),
        ));
    }
    let sources = sources(call, &doctypes).await?;
    let identity = json!([doctypes, sources.len()]).to_string();
    let mut seen = begin(session, args.cursor.as_deref(), args.since.as_deref(), &identity).await?;
    let limit = args.limit.count();
    let mut found: Vec<(usize, Map<String, Value>)> = Vec::new();
    let mut known: Vec<(String, String)> = Vec::new();
    let mut more = false;
    let mut told_deleted = sources.iter().any(|source| source.deleted);
    for (index, source) in sources.iter().enumerate() {
        let hash = |row: &Map<String, Value>| hashed(index, text_of(row, source.at), &name(row));
        let read = async {
            let earlier = before(session, source, &seen).await?;
            Ok((earlier, rows(session, source, index, &seen, limit).await?))
        };
        let (earlier, rows) = match read.await {
            Err(error) if source.deleted && is_denial(&error) => {
                told_deleted = false;
                continue;
            }
            read => read?,
        };
        let (given, mut late): (Vec<_>, Vec<_>) = earlier.into_iter().partition(|row| seen.given.contains(&hash(row)));
        // Those of the last moment itself come in their order.
        late.retain(|row| text_of(row, source.at) < seen.at.as_str());
        known.extend(given.iter().map(|row| (text_of(row, source.at).to_owned(), hash(row))));
        more |= rows.len() >= limit;
        found.extend(late.into_iter().chain(rows).map(|row| (index, row)));
    }
    // The order within a source is the site's: only it knows how its names are sorted.
    found.sort_by(|(one, a), (other, b)| {
        (text_of(a, sources[*one].at), one).cmp(&(text_of(b, sources[*other].at), other))
    });
    more |= found.len() > limit;
    found.truncate(limit);
    let mut told: Vec<Value> =
        found.iter().map(|(index, row)| change(&doctypes, *index, row.clone(), &seen.began)).collect();
    // The cursor goes on from the last that has room, beside the cursor itself.
    let most_known = MOST_KNOWN.min(session.tools.bytes_for_result() / 4 / KNOWN);
    let room = how_many(&told, session.tools.bytes_for_rows().saturating_sub(most_known * KNOWN));
    more |= room < told.len();
    told.truncate(room);
    found.truncate(room);
    known.extend(found.iter().map(|(index, row)| {
        let at = text_of(row, sources[*index].at);
        (at.to_owned(), hashed(*index, at, &name(row)))
    }));
    if let Some((index, last)) =
        found.last().filter(|(index, last)| text_of(last, sources[*index].at) >= seen.at.as_str())
    {
        seen = Seen { at: text_of(last, sources[*index].at).to_owned(), document: Some((*index, name(last))), ..seen };
    }
    if !more {
        seen.began.clone_from(&seen.at);
    }
    let seen = seen.knowing(known, most_known);
    let mut result =
        json!({"count": told.len(), "more": more, "cursor": cursor::write(seen, &identity), "changes": told});
    if let Some((key, note)) = note_of(&untold(session, &doctypes, told_deleted)) {
        result[key] = note;
    }
    Ok(result.into())
}

/// Of which documents it is not told that they were deleted.
fn untold(session: &Session<'_>, doctypes: &[&str], told_deleted: bool) -> Vec<String> {
    let (limited, others) = by_scope(session, doctypes);
    let mut notes = Vec::new();
    if !told_deleted && !others.is_empty() {
        notes.push("deleted documents are not told: Deleted Document may not be read".to_owned());
    }
    if !limited.is_empty() {
        notes.push(format!("of {} deleted documents are not told: only some may be read", limited.join(", ")));
    }
    notes
}

/// Whether the site says that its user may not look.
fn is_denial(error: &ToolError) -> bool {
    matches!(error, ToolError::Site(error) if matches!(error.kind(), SiteErrorKind::Denied | SiteErrorKind::FieldDenied))
}

/// The DocTypes in their order, and what was deleted of them where that may be read.
async fn sources(call: Call<'_>, doctypes: &[&str]) -> Result<Vec<Source>, ToolError> {
    let session = call.session;
    let mut sources = Vec::new();
    for doctype in doctypes {
        let permit = session.permit(Operation::Read, doctype).await?;
        let on = DocTypeCall::of(&call, &permit).await?;
        on.fits(erpnext_schema::Verb::List)?;
        let fields = readable(on.def, &permit, &["name", "modified", "modified_by", "creation", "docstatus"]);
        sources.push(Source { permit, at: "modified", deleted: false, filters: Vec::new(), fields });
    }
    if let Ok(permit) = session.permit(Operation::Read, DELETED).await
        && let Some(def) = session.catalog.known(DELETED)
    {
        let fields = ["name", "creation", "deleted_doctype", "deleted_name", "owner"];
        let fields = readable(def, &permit, &fields);
        let told = |field: &str| fields.iter().any(|known| known == field);
        let (_, doctypes) = by_scope(session, doctypes);
        if !doctypes.is_empty() && ["creation", "deleted_doctype", "deleted_name"].into_iter().all(told) {
            let filters = vec![Filter::new("deleted_doctype", Operator::In, json!(doctypes))];
            sources.push(Source { permit, at: "creation", deleted: true, filters, fields });
        }
    }
    Ok(sources)
}

/// The DocTypes of which only some documents may be read, and the others. Of what was deleted nobody knows whether it was
/// among those.
fn by_scope<'d>(session: &Session<'_>, doctypes: &[&'d str]) -> (Vec<&'d str>, Vec<&'d str>) {
    doctypes.iter().copied().partition(|doctype| session.policy.is_row_filtered(doctype))
}

fn readable(def: &DocTypeDef, permit: &Permit, fields: &[&str]) -> Vec<String> {
    let may = |name: &&&str| def.field(name).is_some_and(|field| permit.fields().may_read(field));
    fields.iter().filter(may).map(|name| (*name).to_owned()).collect()
}

async fn begin(
    session: &Session<'_>,
    given: Option<&str>,
    since: Option<&str>,
    identity: &str,
) -> Result<Seen, ToolError> {
    match (given, since) {
        (Some(given), _) => cursor::read(given, identity).ok_or_else(|| {
            ToolError::refused(
                "cursor: not one of these DocTypes: it is valid only for the same ones in the same order.",
                "Call again without cursor.",
            )
        }),
        (None, Some(since)) => Ok(moment(session, since).await?.into()),
        (None, None) => {
            Err(ToolError::refused("since: is mandatory in the first call.", "Give it; afterwards cursor is enough."))
        }
    }
}

/// A time from which on changes are wanted, as the site writes it.
pub async fn moment(session: &Session<'_>, since: &str) -> Result<String, ToolError> {
    let since = &*moments::local(session, "since", since).await?;
    let at = time::parse_datetime(since).or_else(|_| time::parse_date(since).map(Into::into));
    at.map(time::format_datetime).map_err(|_| {
        ToolError::refused(
            format!("since: has to be YYYY-MM-DD or YYYY-MM-DD HH:MM:SS in the site's time zone, found {since:?}"),
            "Give it in this form.",
        )
    })
}

/// The changes of one source shortly before the last that was seen, given or late.
async fn before(session: &Session<'_>, source: &Source, seen: &Seen) -> Result<Vec<Map<String, Value>>, ToolError> {
    if seen.document.is_none() {
        return Ok(Vec::new());
    }
    let at = |operator, moment: &str| Filter::new(source.at, operator, moment);
    list(session, source, vec![at(Operator::Gt, &seen.from), at(Operator::Lte, &seen.at)], 500).await
}

/// The next changes of one source: the rest of the moment that was seen last, then what came after it.
async fn rows(
    session: &Session<'_>,
    source: &Source,
    index: usize,
    seen: &Seen,
    limit: usize,
) -> Result<Vec<Map<String, Value>>, ToolError> {
    let moment = |operator| Filter::new(source.at, operator, seen.at.as_str());
    let mut rows = Vec::new();
    let after = match &seen.document {
        Some((last, name)) if *last == index => {
            let rest = vec![moment(Operator::Eq), Filter::new("name", Operator::Gt, name.as_str())];
            rows = list(session, source, rest, limit).await?;
            Operator::Gt
        }
        // Of one moment, the sources come in their order.
        Some((last, _)) if *last < index => Operator::Gte,
        _ => Operator::Gt,
    };
    if rows.len() < limit {
        let left = limit - rows.len();
        rows.extend(list(session, source, vec![moment(after)], left).await?);
    }
    Ok(rows)
}

async fn list(
    session: &Session<'_>,
    source: &Source,
    mut filters: Vec<Filter>,
    limit: usize,
) -> Result<Vec<Map<String, Value>>, ToolError> {
    filters.extend(source.filters.iter().cloned());
    let order_by = vec![Order::asc(source.at), Order::asc("name")];
    let limit = u32::try_from(limit).unwrap_or(500).clamp(1, 500);
    let query = ListQuery { fields: source.fields.clone(), filters, order_by, limit, ..ListQuery::default() };
    Ok(session.site.list(&source.permit, &query).await?.data)
}

/// A change as it is told: of a document that was made since `began` nothing was told before.
fn change(doctypes: &[&str], index: usize, mut row: Map<String, Value>, began: &str) -> Value {
    let Some(doctype) = doctypes.get(index) else {
        let mut change = json!({
            "doctype": row.get("deleted_doctype"), "name": row.get("deleted_name"), "deleted": true, "at": row.get("creation"),
        });
        if let Some(by) = row.get("owner") {
            change["by"] = by.clone();
        }
        return change;
    };
    let mut change = json!({"doctype": doctype, "name": row.remove("name"), "at": row.get("modified")});
    let creation = text_of(&row, "creation");
    if creation > began || !creation.is_empty() && creation == text_of(&row, "modified") {
        change["created"] = json!(true);
    }
    for (key, shown) in [("modified_by", "by"), ("docstatus", "docstatus")] {
        if let Some(value) = row.remove(key).filter(|value| !value.is_null()) {
            change[shown] = value;
        }
    }
    change
}

fn name(row: &Map<String, Value>) -> String {
    row.get("name").and_then(crate::documents::names::document_name).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::Seen;

    #[test]
    fn what_was_seen_is_read_as_it_was_written() {
        let at = "2026-11-25 10:00:00.000001".to_owned();
        assert_eq!(at.parse(), Ok(Seen::from(at.clone())));
        for document in [(3, "A|B-1".to_owned()), (0, String::new())] {
            let seen = Seen { document: Some(document), ..Seen::from(at.clone()) };
            let known = vec![(at.clone(), "0a".to_owned()), ("2026-11-25 09:00:00".to_owned(), "0b".to_owned())];
            let seen = seen.knowing(known, 9);
            assert_eq!(
                (seen.from.as_str(), seen.given.as_slice()),
                ("2026-11-25 09:59:00.000001", &["0a".to_owned()][..])
            );
            let seen = Seen { began: "2026-11-24 00:00:00".to_owned(), ..seen };
            assert_eq!(seen.to_string().parse(), Ok(seen));
        }
    }
}
