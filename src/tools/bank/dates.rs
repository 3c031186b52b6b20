//! Clearance dates as they are asked for: checked against the payments, shown, and set in one request.

use std::collections::BTreeSet;

use erpnext_schema::{Rule, Violation, counted, nearest, rows};
use serde_json::{Map, Value, json};

use super::write::{Clearing, Dated};
use super::{CLEARANCE, ClearArgs, KINDS, VoucherKind, day, entries, form, goes_on, ranges};
use crate::answer::ToolAnswer;
use crate::cleared::Cleared;
use crate::document::outcome::Verdict;
use crate::documents::names::{document_name, named_exactly};
use crate::documents::{DocTypeCall, moments};
use crate::error::ToolError;
use crate::policy::{Operation, Permit, WriteState};
use crate::shape::text_of;
use crate::site::DeskQuestion;
use crate::tool::Call;
use crate::tools::lifecycle::Docstatus;
use crate::writes::batch::Member;
use crate::writes::confirm::About;
use crate::writes::gate::{Go, Step};
use crate::writes::send::send;

/// How many payments one call clears at most.
const MOST: usize = 100;

/// What is asked for one payment.
struct Asked {
    kind: &'static VoucherKind,
    name: String,
    /// None takes the date away.
    date: Option<String>,
}

/// # Errors
/// Whatever of it cannot be, before anything is sent; the site's refusal.
pub async fn set(call: &Call<'_>, args: &ClearArgs, rows: &[Map<String, Value>]) -> Result<ToolAnswer, ToolError> {
    let (session, tool) = (call.session, call.tool.name());
    let mut local = Vec::with_capacity(rows.len());
    for row in rows {
        local.push(moments::local_days(session, row.clone(), |key| key == "date").await?);
    }
    let asked = asked(args, &local).map_err(|found| ToolError::arguments(tool, found))?;
    let mut permits: Vec<(&VoucherKind, Permit)> = Vec::new();
    for kind in KINDS.iter().filter(|kind| asked.iter().any(|one| one.kind.doctype == kind.doctype)) {
        permits.push((kind, session.permit(Operation::Update, kind.doctype).await?));
    }
    let mut calls: Vec<DocTypeCall<'_>> = Vec::new();
    for (kind, permit) in &permits {
        let on = DocTypeCall::of(call, permit).await?;
        on.keeps_values().await?;
        kind.seen(&on)?;
        on.needs_to_update(&[CLEARANCE])?;
        calls.push(on);
    }
    let dated = read(call, &calls, asked, &args.account).await?;
    let form = filled(call, &args.account, &dated).await?;
    let told = told(&args.account, &dated, &form);
    for one in &dated {
        one.on.permit.keeps_in_sight("changed", &one.after)?;
        one.on.would_pass(&step(one, &told)).await?;
    }
    for on in &calls {
        on.has_room_for(dated.iter().filter(|one| one.on.def.name == on.def.name).count()).await?;
    }
    if call.attempt.dry_run {
        let mut answer = Map::from_iter([("dry_run".to_owned(), json!(true))]);
        answer.extend(told);
        answer.insert("next".to_owned(), json!("Dry run: nothing was sent; the site was only read."));
        return Ok(answer.into());
    }
    let state: Value = dated.iter().map(|one| json!([one.name, one.before.get("modified")])).collect();
    let about = About {
        tool,
        doctype: KINDS[0].doctype,
        state: Some(&state),
        operation: Operation::Cancel,
        always: false,
        what: format!("set the clearance dates of {} of {:?}", counted(dated.len(), "payment"), args.account),
    };
    let confirmed = about.confirmed(session, call.given, || told.clone()).await?;
    session.audit.intend_batch(call.attempt)?;
    let members: Vec<Member<'_>> = dated
        .iter()
        .map(|one| Member::new(one.on, one.on.def, one.on.permit, Some(one.name.as_str()), Some(confirmed)))
        .collect();
    let mut leave: Vec<Cleared<'_>> = Vec::with_capacity(dated.len());
    for (at, one) in dated.iter().enumerate() {
        match members[at].on().gate_as(Operation::Cancel, step(one, &told)).await {
            Ok(Go::Send(cleared)) => leave.push(cleared),
            Ok(Go::Answer(answer)) => return Ok(answer),
            // With one that may not be dated none is.
            Err(error) => {
                members[..=at].iter().for_each(|member| member.settle(Err(&error)));
                return Err(error);
            }
        }
    }
    let write = Clearing { session, dated: &dated, form: &form };
    let sent = send(session, &write, leave).await;
    members.iter().for_each(|member| member.settle(sent.as_ref().map(|_| None)));
    let messages = sent?.messages;
    let mut answer = done(&write).await;
    answer.extend(told_after(told, !answer.contains_key("not_shown")));
    Ok(ToolAnswer { messages, ..answer.into() })
}

/// The payments and days that are named, each payment once.
fn asked(args: &ClearArgs, rows: &[Map<String, Value>]) -> Result<Vec<Asked>, Vec<Violation>> {
    let (mut asked, mut violations) = (Vec::<Asked>::new(), Vec::new());
    let wrong = |path: &str, rule, message: String, nearest: Option<&str>| Violation {
        path: path.to_owned(),
        rule,
        message,
        nearest: nearest.map(str::to_owned),
    };
    for (path, given) in [("from_date", &args.from_date), ("to_date", &args.to_date)] {
        if given.is_some() {
            let message = "is for the list of what is not cleared, without dates".to_owned();
            violations.push(wrong(path, Rule::Value, message, None));
        }
    }
    if rows.is_empty() || rows.len() > MOST {
        let message = format!("expected 1 to {MOST} of them, found {}", rows.len());
        violations.push(wrong("dates", Rule::Value, message, None));
    }
    for (at, row) in rows.iter().enumerate().take(MOST) {
        let before = violations.len();
        let path = |key: &str| format!("dates[{at}].{key}");
        for key in row.keys().filter(|key| !matches!(key.as_str(), "name" | "date" | "doctype")) {
            let message = "no such key; a date has name, date and doctype".to_owned();
            violations.push(wrong(&path(key), Rule::Value, message, None));
        }
        let doctype = row.get("doctype").map_or(Some(KINDS[0].doctype), Value::as_str).unwrap_or_default();
        let kind = KINDS.iter().find(|kind| kind.doctype == doctype);
        if kind.is_none() {
            let names = KINDS.iter().map(|kind| kind.doctype);
            let message = format!("{doctype:?} is not one of: {}", names.clone().collect::<Vec<_>>().join(", "));
            violations.push(wrong(&path("doctype"), Rule::Choice, message, nearest(doctype, names)));
        }
        let name = row.get("name").and_then(document_name).filter(|name| !name.trim().is_empty());
        if name.is_none() {
            violations.push(wrong(&path("name"), Rule::Mandatory, "is mandatory: the payment's name".to_owned(), None));
        }
        let date = match row.get("date") {
            Some(Value::Null) => None,
            Some(Value::String(text)) => match day(&path("date"), text) {
                Ok(day) => Some(day),
                Err(found) => {
                    violations.push(found);
                    None
                }
            },
            _ => {
                let message = "is mandatory: the day as YYYY-MM-DD, or null to take it away".to_owned();
                violations.push(wrong(&path("date"), Rule::Mandatory, message, None));
                None
            }
        };
        let Some((kind, name)) = kind.zip(name).filter(|_| violations.len() == before) else { continue };
        if asked.iter().any(|known| (known.kind.doctype, &known.name) == (kind.doctype, &name)) {
            violations.push(wrong(&path("name"), Rule::Value, "is named twice".to_owned(), None));
        } else {
            asked.push(Asked { kind, name, date });
        }
    }
    if violations.is_empty() { Ok(asked) } else { Err(violations) }
}

/// The payments as they are stored, with what they are to become; all that stands against it is told at once.
async fn read<'a>(
    call: &Call<'_>,
    calls: &'a [DocTypeCall<'a>],
    asked: Vec<Asked>,
    account: &str,
) -> Result<Vec<Dated<'a>>, ToolError> {
    let (mut dated, mut violations, all) = (Vec::with_capacity(asked.len()), Vec::new(), asked.len());
    for (at, Asked { kind, name, date }) in asked.into_iter().enumerate() {
        call.observer.tell(at, all);
        goes_on(call)?;
        let Some(on) = calls.iter().find(|on| on.def.name == kind.doctype) else { continue };
        let before = on.session.site.get(on.permit, &name).await?.data;
        named_exactly(on, &name, &before)?;
        if let Some((key, message)) = against(kind, &before, date.as_deref(), account) {
            let path = format!("dates[{at}].{key}");
            let message = format!("{} {name:?} {message}", kind.doctype);
            violations.push(Violation::new(path, Rule::Value, message));
        }
        let mut after = before.clone();
        after.insert(CLEARANCE.to_owned(), json!(date));
        dated.push(Dated { on, kind, name, date, before, after });
    }
    if violations.is_empty() { Ok(dated) } else { Err(ToolError::arguments(call.tool.name(), violations)) }
}

/// Why the payment cannot be cleared on that day, with the key of the row that is wrong.
fn against(
    kind: &VoucherKind,
    stored: &Map<String, Value>,
    date: Option<&str>,
    account: &str,
) -> Option<(&'static str, String)> {
    let (cheque, now) = (text_of(stored, kind.cheque), text_of(stored, CLEARANCE));
    let is_of = |name: &&str| match name.split_once('.') {
        None => text_of(stored, name) == account,
        Some((table, column)) => {
            stored.get(table).into_iter().flat_map(rows).any(|row| text_of(row, column) == account)
        }
    };
    Some(match (Docstatus::of(stored), date) {
        (Docstatus::Draft, _) => ("name", "is a draft: no money has moved by it".to_owned()),
        (Docstatus::Cancelled, _) => ("name", "is cancelled".to_owned()),
        _ if !kind.account.iter().any(is_of) => ("name", format!("is no payment of {account:?}")),
        (_, None) if now.is_empty() => ("date", "has no clearance date that could be taken away".to_owned()),
        (_, Some(date)) if date == now => ("date", format!("has this clearance date already, {now}")),
        (_, Some(date)) if date < cheque => {
            ("date", format!("has a {} of {cheque}, before which the site clears nothing", kind.cheque))
        }
        _ => return None,
    })
}

/// The site's tool with the rows that it has of these payments, dated: it is asked about the days around which they
/// were posted, since an account has many of others in between.
///
/// # Errors
/// That it does not count one among the payments of the account, or its refusal.
async fn filled(call: &Call<'_>, account: &str, dated: &[Dated<'_>]) -> Result<Map<String, Value>, ToolError> {
    let days: BTreeSet<&str> = dated.iter().map(|one| text_of(&one.before, "posting_date")).collect();
    let (Some(first), Some(last)) = (dated.first(), days.last()) else {
        return Err(ToolError::refused("dates: none is left.", "Name the payments."));
    };
    // What has a date already is asked for only where it is to get another, or none.
    let all = dated.iter().any(|one| !text_of(&one.before, CLEARANCE).is_empty());
    let (site, mut found) = (call.session.site, Vec::new());
    for (from, to) in ranges(days.iter().copied()) {
        goes_on(call)?;
        let asked = form(account, from, to, all);
        found.extend(entries(site.ask_desk_tool(first.on.permit, DeskQuestion::BankEntries, &asked, None).await?));
    }
    // The site reads the range once more when all is set.
    let mut form = form(account, last, last, all);
    let mut rows = Vec::with_capacity(dated.len());
    for one in dated {
        let is_it = |row: &&Map<String, Value>| {
            text_of(row, "payment_document") == one.kind.doctype && text_of(row, "payment_entry") == one.name
        };
        let Some(row) = found.iter().find(is_it) else {
            return Err(ToolError::refused(
                format!(
                    "{} {:?} is no payment of {account:?} that the site clears; nothing was sent.",
                    one.kind.doctype, one.name
                ),
                "Without dates this tool lists those of the account that are not cleared.",
            ));
        };
        let mut row = row.clone();
        row.insert("idx".to_owned(), json!(rows.len() + 1));
        row.insert(CLEARANCE.to_owned(), json!(one.date));
        rows.push(Value::Object(row));
    }
    form.insert("payment_entries".to_owned(), Value::Array(rows));
    Ok(form)
}

/// That the bank had a payment before it was posted: the site takes it, and a year may be mistyped.
fn early(one: &Dated<'_>) -> Option<String> {
    let (posted, date) = (text_of(&one.before, "posting_date"), one.date.as_deref()?);
    (date < posted).then(|| format!("{} {:?} was posted on {posted}, after {date}", one.kind.doctype, one.name))
}

fn step<'a>(one: &'a Dated<'_>, told: &'a Map<String, Value>) -> Step<'a> {
    let state = WriteState::Changed { stored: &one.before, result: &one.after };
    Step { name: Some(&one.name), state, preview: told }
}

/// What is shown before and told after; of the site's tool are the amounts.
fn told(account: &str, dated: &[Dated<'_>], form: &Map<String, Value>) -> Map<String, Value> {
    let found = form.get("payment_entries").into_iter().flat_map(rows);
    let row = |(one, found): (&Dated<'_>, &Map<String, Value>)| {
        let mut row = Map::from_iter([
            ("doctype".to_owned(), json!(one.kind.doctype)),
            ("name".to_owned(), json!(one.name)),
            ("posting_date".to_owned(), json!(one.before.get("posting_date"))),
            (CLEARANCE.to_owned(), json!({"from": one.before.get(CLEARANCE), "to": one.date})),
        ]);
        row.extend(one.kind.amount(one.on, found));
        row.extend(one.kind.facts(&one.on.visible(one.before.clone())));
        Value::Object(row)
    };
    let dates = dated.iter().zip(found).map(row).collect();
    let mut told = Map::from_iter([("account".to_owned(), json!(account)), ("dates".to_owned(), dates)]);
    let early: Vec<String> = dated.iter().filter_map(early).collect();
    if !early.is_empty() {
        told.insert("warnings".to_owned(), json!(early));
    }
    told
}

/// What of the preview is told after; where it is not shown to be done, as what was meant.
fn told_after(mut told: Map<String, Value>, is_shown: bool) -> Map<String, Value> {
    let dates = told.remove("dates").unwrap_or_default();
    told.insert(if is_shown { "dates" } else { "meant" }.to_owned(), dates);
    told
}

/// What came of it, as the payments show it: that the site said yes is not enough.
async fn done(write: &Clearing<'_>) -> Map<String, Value> {
    let names: Vec<&str> = write.dated.iter().map(|one| one.name.as_str()).collect();
    let why = match write.verdict().await {
        Ok(Verdict::Made(())) => return Map::from_iter([("set".to_owned(), json!(names))]),
        Ok(Verdict::NotYet(why) | Verdict::Open(why)) => why,
        Err(error) => {
            tracing::warn!("payments after clearing: {}", error.for_log());
            "they could not be read".to_owned()
        }
    };
    let told = format!("the site answered that it set them, but reading does not show it: {why}. Read the payments.");
    Map::from_iter([("not_shown".to_owned(), json!(names)), ("look_at".to_owned(), json!(told))])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::{KINDS, against, told_after};

    #[test]
    fn what_is_not_shown_to_be_done_is_told_as_meant() {
        let told = json!({"account": "Bank", "dates": [1]});
        let told = told.as_object().unwrap();
        assert_eq!(json!(told_after(told.clone(), true)), json!(told));
        assert_eq!(json!(told_after(told.clone(), false)), json!({"account": "Bank", "meant": [1]}));
    }

    #[test]
    fn a_day_is_refused_with_the_reason() {
        let stored = json!({
            "docstatus": 1, "posting_date": "2026-11-10", "reference_date": "2026-11-12", "paid_to": "Bank",
        });
        let with = |key: &str, value: Value| {
            let mut stored = stored.clone();
            stored[key] = value;
            stored
        };
        for (stored, date, told) in [
            (stored.clone(), Some("2026-11-11"), "has a reference_date of 2026-11-12"),
            (stored.clone(), None, "has no clearance date"),
            (with("clearance_date", json!("2026-11-20")), Some("2026-11-20"), "has this clearance date already"),
            (with("docstatus", json!(0)), Some("2026-11-20"), "is a draft"),
            (with("docstatus", json!(2)), Some("2026-11-20"), "is cancelled"),
            (with("paid_to", json!("Till")), Some("2026-11-20"), "is no payment of \"Bank\""),
        ] {
            let found = against(&KINDS[0], stored.as_object().unwrap(), date, "Bank").unwrap().1;
            assert!(found.contains(told), "{found}");
        }
        let cleared = with("clearance_date", json!("2026-11-20"));
        // Posted after the bank had it: the site takes that.
        let late = with("posting_date", json!("2026-11-30"));
        for (stored, date) in [
            (&stored, Some("2026-11-12")),
            (&late, Some("2026-11-12")),
            (&cleared, Some("2026-11-21")),
            (&cleared, None),
        ] {
            assert_eq!(against(&KINDS[0], stored.as_object().unwrap(), date, "Bank"), None);
        }
        let rows = json!([{"account": "Bank"}, {"account": "Fees"}]);
        let entry = json!({"docstatus": 1, "posting_date": "2026-11-10", "accounts": rows});
        let entry = entry.as_object().unwrap();
        assert_eq!(against(&KINDS[1], entry, Some("2026-11-10"), "Bank"), None);
        assert!(against(&KINDS[1], entry, Some("2026-11-10"), "Till").is_some());
    }
}
