//! Checking the documents of a batch together before anything is sent: their names, their fields, and where their links lead.

use std::collections::BTreeSet;

use erpnext_schema::doctype_flag::{SINGLE, VIRTUAL};
use erpnext_schema::{DocTypeDef, Operator, Order, Purpose, Rule, Violation, collation, nearest};
use serde_json::{Map, Value, json};

use super::{MOST_PROBLEMS, Row, start};
use crate::documents::DocTypeCall;
use crate::documents::names::document_name;
use crate::documents::titles::{self, Resolved};
use crate::error::ToolError;
use crate::policy::Operation;
use crate::site::{Filter, ListQuery, SiteErrorKind};
use crate::tool::Call;
use crate::writes::links::{self, DeadLink};

/// A document as it would be sent, with the number of its row.
type Sent = (usize, &'static DocTypeDef, Map<String, Value>);

/// A document that was checked.
struct Checked {
    def: &'static DocTypeDef,
    doc: Map<String, Value>,
    /// The titles in it that are not certain.
    unclear: Vec<Violation>,
    /// Whether it goes by what the stored document holds.
    is_its_own: bool,
}

/// Checks every document from `start_at` on against its DocType, their links in one pass, and that none is named twice; every
/// problem is named by its row. Once the call is called off, nothing more is looked at.
pub(super) async fn check<R: Row>(
    call: &Call<'_>,
    on: &DocTypeCall<'_>,
    argument: &str,
    start_at: Option<u64>,
    rows: &[R],
) -> Result<(), ToolError> {
    let start = start(call, start_at, rows.len())?;
    let mut found = twice(argument, rows);
    found.extend(unknown(on, argument, start, rows).await?);
    let in_row = |i: usize, violation: Violation| {
        let field = violation.path.strip_prefix("data.").unwrap_or(&violation.path);
        Violation { path: format!("{argument}[{i}].{field}"), ..violation }
    };
    let mut docs: Vec<Sent> = Vec::new();
    let mut last: Option<(Purpose, &Map<String, Value>)> = None;
    let there = rows.iter().enumerate().skip(start);
    for (i, row, data) in there.filter_map(|(i, row)| Some((i, row, row.data()?))) {
        if call.observer.is_stopped() {
            break;
        }
        // All that a filter selects gets the same.
        let same = docs.last().filter(|_| last == Some((row.purpose(), data)));
        if let Some((def, doc)) = same.map(|(_, def, doc)| (*def, doc.clone())) {
            docs.push((i, def, doc));
            continue;
        }
        let on = DocTypeCall { permit: row.permit().unwrap_or(on.permit), ..*on };
        last = None;
        match checked(&on, row.name(), row.purpose(), data).await {
            Ok(Checked { def, doc, unclear, is_its_own }) => {
                docs.push((i, def, doc));
                // What went by the values that one document holds is not what another gets.
                last = (!is_its_own && unclear.is_empty()).then_some((row.purpose(), data));
                found.extend(unclear.into_iter().map(|violation| in_row(i, violation)));
            }
            Err(ToolError::Arguments { violations, .. }) => {
                found.extend(violations.into_iter().map(|violation| in_row(i, violation)));
            }
            Err(error) => return Err(error),
        }
        if found.len() >= MOST_PROBLEMS {
            break;
        }
    }
    if found.len() < MOST_PROBLEMS {
        let (made, changed): (Vec<Sent>, Vec<Sent>) = docs.into_iter().partition(|(i, ..)| rows[*i].name().is_none());
        let mut dead = links::dead_links(on, call.observer, &made).await?;
        dead.extend(dead_changes(call, on, rows, &changed).await?);
        let dead = dead.into_iter().map(|dead| in_row(dead.number, dead.violation));
        let dead: Vec<Violation> = dead.filter(|dead| found.iter().all(|told| told.path != dead.path)).collect();
        found.extend(dead);
    }
    found.truncate(MOST_PROBLEMS);
    if found.is_empty() { Ok(()) } else { Err(ToolError::arguments(on.tool.name(), found)) }
}

/// The links that these changes would bring and that lead nowhere. Where this server's own limit ends the look-ups, the rest
/// is left to the site: the changes that fit into the limit are done, and the answer says where to go on.
async fn dead_changes<R: Row>(
    call: &Call<'_>,
    on: &DocTypeCall<'_>,
    rows: &[R],
    changed: &[Sent],
) -> Result<Vec<DeadLink>, ToolError> {
    let mut dead = match links::dead_links(on, call.observer, changed).await {
        Err(error) if matches!(error.kind(), SiteErrorKind::OverLimit { .. }) => return Ok(Vec::new()),
        dead => dead?,
    };
    for &(i, def, ref doc) in changed {
        let Some(name) = rows[i].name().filter(|_| dead.iter().any(|dead| dead.number == i)) else { continue };
        let on = DocTypeCall { def, ..*on };
        let Some(stored) = stored(&on, name).await else { continue };
        let Ok(merged) = on.merged(&stored, doc) else { continue };
        dead.retain(|dead| dead.number != i || !dead.is_held(&on, &merged, &stored));
    }
    Ok(dead)
}

/// The document that a row changes, where it can be read.
async fn stored(on: &DocTypeCall<'_>, name: &str) -> Option<Map<String, Value>> {
    on.session.site.get(on.permit, name).await.ok().map(|answer| answer.data)
}

/// Names that no document has, before anything is sent to the others.
pub(super) async fn unknown<R: Row>(
    on: &DocTypeCall<'_>,
    argument: &str,
    start: usize,
    rows: &[R],
) -> Result<Vec<Violation>, ToolError> {
    let names: Vec<&str> = rows[start..].iter().filter_map(Row::name).collect();
    // A list of a Single or of rows without a table is none (H26), and what only may be written is not listed.
    let permit = on.session.permit(Operation::Read, on.def.name).await.ok();
    let Some(permit) = permit.filter(|_| !names.is_empty() && on.def.flags & (SINGLE | VIRTUAL) == 0) else {
        return Ok(Vec::new());
    };
    let filters = vec![Filter::new("name", Operator::In, json!(names))];
    let (fields, order_by) = (vec!["name".to_owned()], vec![Order::asc("name")]);
    let query = ListQuery { fields, filters, order_by, limit: 500, ..ListQuery::default() };
    let listed = on.session.site.list(&permit, &query).await?.data;
    let there: Vec<String> = listed.iter().filter_map(|row| document_name(row.get("name")?)).collect();
    let is_there = |name: &str| there.iter().any(|there| collation::same(there.trim(), name.trim()));
    let missing = rows.iter().enumerate().skip(start).filter_map(|(i, row)| Some((i, row.name()?)));
    let missing = missing.filter(|(_, name)| !is_there(name)).map(|(i, name)| Violation {
        path: format!("{argument}[{i}]"),
        rule: Rule::Value,
        message: format!("there is no {} named {name:?}", on.def.name),
        nearest: nearest(name, there.iter().map(String::as_str)).map(str::to_owned),
    });
    Ok(missing.collect())
}

/// Checks one document; `name` is that of the stored one which it changes. Gives it as it would be sent, with its links still
/// to be looked at.
async fn checked(
    on: &DocTypeCall<'_>,
    name: Option<&str>,
    purpose: Purpose,
    data: &Map<String, Value>,
) -> Result<Checked, ToolError> {
    let (on, doc) = on.document(purpose, data).await?;
    let Resolved { doc: named, replaced, unclear } = titles::look_up(&on, doc.clone(), &Map::new()).await;
    // What the document holds already may be said again, and its company says which documents are meant.
    let is_of_its_company = !replaced.is_empty() && on.def.field("company").is_some() && !doc.contains_key("company");
    if let Some(name) = name.filter(|_| is_of_its_company || !unclear.is_empty())
        && let Some(stored) = stored(&on, name).await
    {
        let Resolved { doc, unclear, .. } = titles::look_up(&on, doc, &stored).await;
        return Ok(Checked { def: on.def, doc, unclear, is_its_own: true });
    }
    Ok(Checked { def: on.def, doc: named, unclear, is_its_own: false })
}

/// A document that is named by two rows: which of them wins would be chance.
pub(super) fn twice<R: Row>(argument: &str, rows: &[R]) -> Vec<Violation> {
    let mut seen = BTreeSet::new();
    let again = rows.iter().enumerate().filter_map(|(i, row)| {
        let name = row.name()?;
        let message = format!("{name:?} is named by an earlier row too");
        let path = format!("{argument}[{i}]");
        (!seen.insert(name)).then_some(Violation::new(path, Rule::Value, message))
    });
    again.collect()
}
