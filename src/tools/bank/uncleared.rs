//! The payments of an account without a clearance date: as the site's own tool finds them, as far as the caller may see
//! them.

use erpnext_schema::{Operator, Order, Rule, Violation};
use serde_json::{Map, Value, json};

use super::{CLEARANCE, ClearArgs, KINDS, VoucherKind, day, entries, form, goes_on};
use crate::answer::ToolAnswer;
use crate::documents::DocTypeCall;
use crate::documents::names::document_name;
use crate::error::ToolError;
use crate::policy::{Filter, Operation, Policy};
use crate::shape::page::how_many;
use crate::shape::text_of;
use crate::site::{DeskQuestion, ListQuery};
use crate::tool::Call;
use crate::tool::kinds::Day;
use crate::writes::named;

/// How many of a DocType are told at most, and looked at in one request.
const MOST: usize = 200;
/// How many requests look at those of a DocType at most: few of very many may be seen.
const MOST_LOOKS: usize = 10;

/// Lists the payments of the account in the range that have no clearance date.
///
/// # Errors
/// A range that is none, or the site's refusal.
pub async fn list(call: &Call<'_>, args: &ClearArgs) -> Result<ToolAnswer, ToolError> {
    let (from, to) = range(args).map_err(|found| ToolError::arguments(call.tool.name(), found))?;
    let session = call.session;
    let update = match session.permit(Operation::Update, KINDS[0].doctype).await {
        Ok(permit) => permit,
        Err(error) => session.permit(Operation::Update, KINDS[1].doctype).await.map_err(|_| error)?,
    };
    let asked = form(&args.account, &from, &to, false);
    let found = entries(session.site.ask_desk_tool(&update, DeskQuestion::BankEntries, &asked, None).await?);
    if found.is_empty() {
        named::check(&DocTypeCall::of(call, &update).await?, "account", "Account", &args.account).await?;
    }
    let (mut told, mut left_out, mut is_whole) = (Vec::new(), Vec::new(), true);
    let (mut is_looked_at, mut refused) = (false, None);
    for kind in &KINDS {
        let of_kind = found.iter().filter(|row| text_of(row, "payment_document") == kind.doctype);
        let names: Vec<String> = of_kind.filter_map(|row| document_name(row.get("payment_entry")?)).collect();
        let Ok(permit) = session.permit(Operation::Read, kind.doctype).await else {
            left_out.push(format!("each {}, which may not be read here", kind.doctype));
            continue;
        };
        let on = DocTypeCall::of(call, &permit).await?;
        // Whether or not there are some: that would be told.
        if let Some(name) = kind.withheld(&on) {
            left_out.push(format!("each {}, of which {name} may not be read here", kind.doctype));
            refused = refused.or(kind.seen(&on).err());
            continue;
        }
        is_looked_at = true;
        if names.is_empty() {
            continue;
        }
        let (first, is_all) = first_of(call, kind, &on, &names, &found).await?;
        if !is_all {
            left_out.push(format!("{} after these, not looked at: give a shorter range", kind.doctype));
            is_whole = false;
        }
        told.extend(first);
    }
    if let Some(error) = refused.filter(|_| !is_looked_at) {
        return Err(error);
    }
    left_out.extend(others(session.policy, &found));
    oldest_first(&mut told);
    let mut answer = Map::from_iter([("account".to_owned(), json!(args.account))]);
    if is_whole {
        answer.insert("count".to_owned(), json!(told.len()));
    }
    let mut told: Vec<Value> = told.into_iter().map(Value::Object).collect();
    let room = how_many(&told, call.session.tools.bytes_for_rows());
    if room < told.len() {
        left_out.push("those after these, more than a result holds: give a shorter range".to_owned());
        told.truncate(room);
    }
    answer.insert("uncleared".to_owned(), told.into());
    let next = "Nothing was set. Compare them with the bank's statement, then call with dates.";
    answer.insert("next".to_owned(), json!(next));
    if !left_out.is_empty() {
        answer.insert("left_out".to_owned(), json!(left_out));
    }
    Ok(answer.into())
}

/// The oldest of these documents that [`seen`] gives, and whether they are all: only some are told, and looked at.
async fn first_of(
    call: &Call<'_>,
    kind: &VoucherKind,
    on: &DocTypeCall<'_>,
    names: &[String],
    found: &[Map<String, Value>],
) -> Result<(Vec<Map<String, Value>>, bool), ToolError> {
    on.keeps_values().await?;
    let (mut first, mut chunks) = (Vec::new(), names.chunks(MOST));
    for chunk in chunks.by_ref().take(MOST_LOOKS) {
        goes_on(call)?;
        first.extend(seen(kind, on, chunk, found).await?);
        if first.len() >= MOST {
            break;
        }
    }
    let is_all = first.len() <= MOST && chunks.next().is_none();
    oldest_first(&mut first);
    first.truncate(MOST);
    Ok((first, is_all))
}

fn oldest_first(rows: &mut [Map<String, Value>]) {
    rows.sort_by_key(|row| (text_of(row, "posting_date").to_owned(), text_of(row, "name").to_owned()));
}

/// What is to be said of the rows that are no payments: how many they are only where all of them may be seen.
fn others(policy: &Policy, found: &[Map<String, Value>]) -> Option<String> {
    let kinds = found.iter().map(|row| text_of(row, "payment_document"));
    let others: Vec<&str> = kinds.filter(|of| KINDS.iter().all(|kind| kind.doctype != *of)).collect();
    let mut possible = ["Purchase Invoice", "Sales Invoice"].into_iter().chain(others.iter().copied());
    match possible.all(|of| policy.shows_whole(of)) {
        true if others.is_empty() => None,
        true => Some(format!("{} of other kinds, which the desk's Bank Clearance has", others.len())),
        false => Some("others may be open that are not told here".to_owned()),
    }
}

/// The range that is asked for.
fn range(args: &ClearArgs) -> Result<(String, String), Vec<Violation>> {
    let read = |path: &str, given: Option<&Day>| match given {
        Some(text) => day(path, text),
        None => {
            let message = "is mandatory where no dates are set";
            Err(Violation::new(path, Rule::Mandatory, message))
        }
    };
    match (read("from_date", args.from_date.as_ref()), read("to_date", args.to_date.as_ref())) {
        (Ok(from), Ok(to)) if from > to => {
            let message = format!("{to} is before from_date, {from}");
            Err(vec![Violation::new("to_date", Rule::Value, message)])
        }
        (Ok(from), Ok(to)) => Ok((from, to)),
        (from, to) => Err([from.err(), to.err()].into_iter().flatten().collect()),
    }
}

/// The documents that the caller may see and that still have no clearance date, with what the site found of each.
async fn seen(
    kind: &VoucherKind,
    on: &DocTypeCall<'_>,
    names: &[String],
    found: &[Map<String, Value>],
) -> Result<Vec<Map<String, Value>>, ToolError> {
    let fields = ["name", "posting_date", CLEARANCE, kind.cheque].into_iter().chain(kind.told.iter().copied());
    let query = ListQuery {
        fields: fields.filter(|field| *field == "name" || on.may_read(field)).map(str::to_owned).collect(),
        filters: vec![Filter::new("name", Operator::In, json!(names)), Filter::eq("docstatus", 1)],
        order_by: vec![Order::asc("name")],
        limit: u32::try_from(MOST).unwrap_or(u32::MAX),
        ..ListQuery::default()
    };
    let rows = on.session.site.list(on.permit, &query).await?.data;
    let open = rows.into_iter().filter(|row| text_of(row, CLEARANCE).is_empty());
    let row = |row: Map<String, Value>| {
        let mut told = Map::from_iter([("doctype".to_owned(), json!(kind.doctype))]);
        let days = ["name", "posting_date"].into_iter();
        told.extend(days.filter_map(|field| Some((field.to_owned(), row.get(field)?.clone()))));
        let is_it = |found: &&Map<String, Value>| {
            text_of(found, "payment_document") == kind.doctype
                && text_of(found, "payment_entry") == text_of(&row, "name")
        };
        told.extend(found.iter().find(is_it).and_then(|found| kind.amount(on, found)));
        told.extend(kind.facts(&row));
        told
    };
    Ok(open.map(row).collect())
}
