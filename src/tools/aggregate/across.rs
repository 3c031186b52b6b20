//! Groups over rows and linked documents, put together here in bounded steps: the site would count a document once for each
//! of its rows (H75), and drop those that link to what a user may not see (H85). All is read or nothing is computed.

use std::collections::{BTreeMap, BTreeSet};

use erpnext_schema::FieldDef;
use serde_json::{Map, Value, json};

use super::asked::{AggregateRequest, Function};
use super::groups::Merged;
use crate::documents::DocTypeCall;
use crate::documents::beyond::PAGE;
use crate::error::ToolError;
use crate::policy::{Filter, Rows};
use crate::query::beyond::{FieldOrigin, Neighbours};
use crate::shape::page::grouped;
use crate::site::{ListQuery, SiteErrorKind};
use crate::tool::Call;

type Row = Map<String, Value>;

/// The most documents that one call computes over.
const MOST_DOCUMENTS: usize = 10_000;
/// The most of their rows.
const MOST_ROWS: usize = 50_000;

/// Documents that were linked to, by the Link and their names.
type Links = BTreeMap<&'static str, BTreeMap<String, Row>>;

/// The groups in order, and what they were computed over.
///
/// # Errors
/// More documents or rows than one call computes over, and the site's.
pub(super) async fn groups(
    call: &Call<'_>,
    on: &DocTypeCall<'_>,
    neighbours: &Neighbours,
    asked: &AggregateRequest,
) -> Result<(Vec<Row>, String), ToolError> {
    let total = total(on, asked).await?;
    let table = asked.table();
    let query = ListQuery {
        fields: own(asked).iter().map(|field| (*field).to_owned()).collect(),
        filters: asked.query.filters.clone(),
        or_filters: asked.query.or_filters.clone(),
        ..ListQuery::default()
    };
    let (mut merged, mut links) = (Merged::new(asked), Links::new());
    let (mut documents, mut rows, mut after) = (0, 0, None);
    let mut unseen = BTreeMap::<String, usize>::new();
    loop {
        let page = on.next_by_name(&query, after.as_ref()).await?;
        documents += page.len();
        if documents > MOST_DOCUMENTS {
            return Err(too_many(on, &format!("more than {} documents", grouped(MOST_DOCUMENTS as u64))));
        }
        look_up(on, neighbours, asked, &page, &mut links).await?;
        for group in &asked.groups {
            *unseen.entry(group.label.clone()).or_default() +=
                page.iter().filter(|document| is_unseen(group.place, &links, document)).count();
        }
        match table {
            None => page.iter().for_each(|document| add(&mut merged, &links, document, &[None])),
            Some(table) => {
                let found = rows_of(on, asked, table, &page, MOST_ROWS - rows).await?;
                for document in &page {
                    let of = document.get("name").and_then(Value::as_str).and_then(|name| found.get(name));
                    let mut of: Vec<Option<&Row>> = of.into_iter().flatten().map(Some).collect();
                    rows += of.len();
                    // Without rows it counts all the same, unless they are what it is grouped by.
                    if of.is_empty() && !asked.is_by_rows() {
                        of.push(None);
                    }
                    add(&mut merged, &links, document, &of);
                }
            }
        }
        call.observer.tell(documents, total.unwrap_or(documents).max(documents));
        after = page.last().and_then(|document| document.get("name")).cloned();
        if page.len() < PAGE {
            break;
        }
    }
    if asked.groups.is_empty() && merged.is_empty() {
        let counts = asked.measures.iter().enumerate().filter(|(_, measure)| measure.function == Function::Count);
        merged.put(String::new(), counts.map(|(i, _)| (format!("m{i}"), json!(0))).collect());
    }
    let mut over = "computed over ".to_owned();
    over.extend(table.map(|table| format!("{} rows in {} of ", grouped(rows as u64), table.table)));
    over.push_str(&format!("{} documents", grouped(documents as u64)));
    for (label, count) in unseen.into_iter().filter(|(_, count)| *count > 0) {
        over.push_str(&format!("; {label} is not known of {count}, whose linked documents you may not see"));
    }
    Ok((merged.groups(), over))
}

/// Whether the document names one in this place that the caller may not see.
fn is_unseen(place: FieldOrigin, links: &Links, document: &Row) -> bool {
    let FieldOrigin::Linked(by) = place else { return false };
    let name = document.get(by.fieldname).and_then(Value::as_str);
    name.and_then(|name| links.get(by.fieldname)?.get(name)).is_some_and(Map::is_empty)
}

/// How many documents there are, where the site can count them: too many are refused before any is read.
async fn total(on: &DocTypeCall<'_>, asked: &AggregateRequest) -> Result<Option<usize>, ToolError> {
    let query = &asked.query;
    match on.session.site.count(on.permit, &query.filters, &query.or_filters, None).await {
        Ok(total) if total > MOST_DOCUMENTS as u64 => Err(too_many(on, &format!("{} documents", grouped(total)))),
        Ok(total) => Ok(usize::try_from(total).ok()),
        Err(error) if error.kind() == SiteErrorKind::Unscoped => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn too_many(on: &DocTypeCall<'_>, what: &str) -> ToolError {
    let most = format!("{} documents and {} rows", grouped(MOST_DOCUMENTS as u64), grouped(MOST_ROWS as u64));
    ToolError::refused(
        format!("{}: {what} fit, and over rows or linked documents one call computes {most} at most.", on.def.name),
        "Narrow with filters, such as a shorter time; the results of several calls can be added up, except averages.",
    )
}

/// The columns of the documents themselves that are needed.
fn own(asked: &AggregateRequest) -> BTreeSet<&'static str> {
    let places = asked.groups.iter().map(|group| (group.place, Some(group.field)));
    let places = places.chain(asked.measures.iter().map(|measure| (measure.place, measure.field)));
    let needed = places.filter_map(|(place, field)| match place {
        FieldOrigin::Own => field.map(|field| field.fieldname),
        FieldOrigin::Linked(by) => Some(by.fieldname),
        FieldOrigin::Rows(_) => None,
    });
    needed.chain(["name"]).collect()
}

/// Reads the linked documents that the page names and that are not known yet.
async fn look_up(
    on: &DocTypeCall<'_>,
    neighbours: &Neighbours,
    asked: &AggregateRequest,
    page: &[Row],
    links: &mut Links,
) -> Result<(), ToolError> {
    let mut fields: BTreeMap<&'static str, (&'static FieldDef, Vec<&'static FieldDef>)> = BTreeMap::new();
    for group in &asked.groups {
        if let FieldOrigin::Linked(by) = group.place {
            fields.entry(by.fieldname).or_insert((by, Vec::new())).1.push(group.field);
        }
    }
    for (link, (by, fields)) in fields {
        let Some(Ok(there)) = by.target().and_then(|target| neighbours.get(target)) else { continue };
        let known = links.entry(link).or_default();
        let names = page.iter().filter_map(|document| document.get(link)?.as_str());
        let names: BTreeSet<&str> = names.filter(|name| !name.is_empty() && !known.contains_key(*name)).collect();
        let mut found = on.fields_of(there, &names, &fields).await?;
        // One that may not be seen is not asked for again.
        let unseen = names.into_iter().filter(|name| !found.contains_key(*name)).map(str::to_owned).collect::<Vec<_>>();
        found.extend(unseen.into_iter().map(|name| (name, Row::new())));
        known.extend(found);
    }
    Ok(())
}

/// The rows of the page's documents, by these: of a table that filters compare, those that fit.
async fn rows_of(
    on: &DocTypeCall<'_>,
    asked: &AggregateRequest,
    table: Rows,
    page: &[Row],
    room: usize,
) -> Result<BTreeMap<String, Vec<Row>>, ToolError> {
    let filters: Vec<Filter> =
        asked.query.filters.iter().filter(|filter| filter.rows == Some(table)).cloned().collect();
    let groups = asked.groups.iter().filter(|group| group.place == FieldOrigin::Rows(table)).map(|group| group.field);
    let measures = asked.measures.iter().filter(|measure| measure.place == FieldOrigin::Rows(table));
    let columns: Vec<_> = groups.chain(measures.filter_map(|measure| measure.field)).collect();
    let parents: Vec<Value> = page.iter().filter_map(|document| document.get("name").cloned()).collect();
    let Some(found) = on.rows_of(table, &parents, &columns, &filters, room).await? else {
        return Err(too_many(on, &format!("more than {} rows in {}", grouped(MOST_ROWS as u64), table.table)));
    };
    let mut of: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for mut row in found {
        if let Some(Value::String(parent)) = row.remove("parent") {
            of.entry(parent).or_default().push(row);
        }
    }
    Ok(of)
}

/// Adds a document by each of its rows, or by itself.
fn add(merged: &mut Merged<'_>, links: &Links, document: &Row, rows: &[Option<&Row>]) {
    let asked = merged.asked();
    let mut counted = BTreeSet::new();
    for row in rows {
        let value = |place: FieldOrigin, field: &FieldDef| {
            let from = match place {
                FieldOrigin::Own => Some(document),
                FieldOrigin::Rows(_) => *row,
                FieldOrigin::Linked(by) => {
                    let name = document.get(by.fieldname).and_then(Value::as_str);
                    name.and_then(|name| links.get(by.fieldname)?.get(name))
                }
            };
            from.and_then(|from| from.get(field.fieldname)).cloned().unwrap_or_default()
        };
        let mut line: Row =
            asked.groups.iter().map(|group| (group.label.clone(), value(group.place, group.field))).collect();
        let key = merged.key(&mut line);
        // A document counts once in a group, whatever of its rows are there.
        let first = u64::from(counted.insert(key.clone()));
        for (i, measure) in asked.measures.iter().enumerate() {
            let of = match (measure.function, measure.place, measure.field) {
                (Function::Count, FieldOrigin::Rows(_), _) => json!(u64::from(row.is_some())),
                (_, _, None) | (Function::Count, ..) => json!(first),
                (_, place, Some(field)) => value(place, field),
            };
            if measure.function == Function::Avg {
                line.insert(format!("n{i}"), json!(u64::from(of.is_number())));
            }
            line.insert(format!("m{i}"), of);
        }
        merged.put(key, line);
    }
}
