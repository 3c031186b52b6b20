//! `reconcile_payments`: payments that are submitted and not used up, matched to open invoices of the same party: Payment
//! Entries, rows of Journal Entries, and returns.

mod advances;
mod booked;
mod entries;
mod kinds;
mod matches;
mod postings;
mod sources;
mod write;

use erpnext_schema::{Operator, Order, counted};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use self::booked::oldest_free;
use self::entries::{ADVANCES, Entries, Sight, limit};
use self::kinds::{ENTRY, Kind};
use self::matches::{Match, Side, asked, other_rows};
use self::postings::Postings;
use self::sources::{Permits, Source};
use self::write::{Matched, Reconciled, allotted};
use super::PAYMENT;
use crate::answer::ToolAnswer;
use crate::audit::Attempt;
use crate::cleared::Cleared;
use crate::document::amounts::{is_above, money};
use crate::document::outcome::Verdict;
use crate::documents::DocTypeCall;
use crate::documents::names::document_name;
use crate::error::ToolError;
use crate::policy::{Filter, Operation, Policy, WriteState};
use crate::site::ListQuery;
use crate::tool::kinds::Documents;
use crate::tool::spec::handler;
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset};
use crate::tools::erp::PartyType;
use crate::writes::batch::Member;
use crate::writes::confirm::About;
use crate::writes::gate::{Go, Step};
use crate::writes::links;
use crate::writes::send::send;

/// How many allocations one call makes at most.
const MOST: usize = 50;
/// How many of those that stay open are told at most, of payments and of invoices.
const MOST_LEFT: usize = 20;

/// Matches payments to invoices.
pub static RECONCILE: ToolSpec = ToolSpec {
    name: "reconcile_payments",
    title: "Match payments to invoices",
    description: "Matches submitted payments of a customer or supplier that are not used up (Payment Entries, Journal \
                  Entries, credit notes) with their open invoices: the oldest, or as allocations say. The first call \
                  shows what is open before and after, and gives a confirm_token.",
    toolset: Toolset::Data,
    operation: Operation::Update,
    effect: Effect::Destroys,
    offered,
    // The books are changed: it is asked about like what cannot be taken back.
    special: Special { confirm_as: &[Operation::Cancel], subject, ..Special::NONE },
    handler: handler!(ReconcileArgs, reconcile),
};

#[derive(Deserialize, JsonSchema)]
struct ReconcileArgs {
    party_type: PartyType,
    /// its name (ID)
    party: String,
    /// [{"payment": …, "row": …, "invoice": …, "amount": …}]; row if a Journal Entry has several; no amount: all open
    allocations: Option<Documents>,
    /// needed where invoices of several are open
    company: Option<String>,
    /// receivable or payable account; default: that of the open invoices
    account: Option<String>,
    /// account of payments in advance; default: that of the party or company
    advance_account: Option<String>,
}

fn offered(policy: &Policy) -> bool {
    let may = |doctype: &str, operation| policy.operations(doctype).contains(operation);
    let invoices = [PartyType::Customer, PartyType::Supplier].map(PartyType::invoice);
    [Operation::Read, Operation::Update, Operation::Submit].into_iter().all(|operation| may(PAYMENT, operation))
        && invoices.into_iter().any(|invoice| may(invoice, Operation::Read))
}

fn subject(attempt: &mut Attempt, arguments: &Map<String, Value>) {
    super::subject(attempt, arguments);
    attempt.fields = vec!["references".to_owned()];
}

async fn reconcile(call: Call<'_>, args: ReconcileArgs) -> Result<ToolAnswer, ToolError> {
    let session = call.session;
    let update = session.permit(Operation::Update, PAYMENT).await?;
    let of = session.permit(Operation::Read, args.party_type.invoice()).await?;
    let on = DocTypeCall::of(&call, &update).await?;
    let invoices = DocTypeCall::of(&call, &of).await?;
    invoices.keeps_values().await?;
    invoices.needs_to_read(&["company", args.party_type.field(), "outstanding_amount"])?;
    let (mut permits, mut closed) = (Vec::new(), Vec::new());
    for kind in Kind::ALL {
        match Permits::of(session, kind, args.party_type).await {
            Ok(found) => permits.push(found),
            Err(error) => closed.push(not_looked_at(kind, &args, error)?),
        }
    }
    let mut sources = Vec::new();
    for found in &permits {
        match Source::of(&call, found, args.party_type).await {
            Ok(source) => sources.push(source),
            Err(error) => closed.push(not_looked_at(found.kind, &args, error)?),
        }
    }
    let sight = Sight { sources: &sources, invoices: &invoices, asks: &update };
    links::check_named(&on, "party", args.party_type.as_str(), &args.party).await?;
    let mut entries = sight.entries(&args).await?;
    entries.left_out.extend(closed);
    let mut matches = match &args.allocations {
        Some(rows) => asked(rows, &entries.payments, &entries.invoices)
            .map_err(|found| ToolError::arguments(call.tool.name(), found))?,
        None => oldest_free(&sight, &mut entries).await?,
    };
    if matches.len() > MOST {
        let message = format!("{} more allocations are possible: call again after these", matches.len() - MOST);
        entries.left_out.push(message);
        matches.truncate(MOST);
    }
    if matches.is_empty() {
        let mut what = format!(
            "{} and {} of {:?} are open and in sight: nothing can be matched, and nothing was sent.",
            counted(entries.payments.len(), "payment"),
            counted(entries.invoices.len(), "invoice"),
            args.party
        );
        entries.left_out.iter().for_each(|left| what.push_str(&format!(" {left}.")));
        let next = format!(
            "Before anything is recorded, list {PAYMENT} of this party with unallocated_amount above 0: what is there is \
             recorded already, and record_payment would record it again."
        );
        return Err(ToolError::refused(what, next));
    }
    let others = other_rows(&entries.payments, &matches);
    if others > 0 {
        let rows = counted(others, "open row");
        entries
            .left_out
            .push(format!("{rows} of Journal Entries that are matched by another row: call again after these"));
    }
    let changed = Matched::all(&sight, &call, &entries, &matches).await?;
    let mut differences = Vec::new();
    let form = allotted(&sight, &entries, &changed, &mut differences).await?;
    let told = told(&entries, &matches, &changed, differences);
    for payment in &changed {
        let Source { changed: on, submit, .. } = payment.source;
        submit.map_or(Ok(()), |permit| permit.admits_stored(&payment.before))?;
        on.permit.keeps_in_sight("changed", &payment.after)?;
        on.would_pass(&step(payment, &told)).await?;
    }
    on.has_room_for(changed.len()).await?;
    let postings = Postings::of(&call, &entries, &changed).await?;
    if call.attempt.dry_run {
        let mut answer = Map::from_iter([("dry_run".to_owned(), json!(true))]);
        answer.extend(told);
        let next = "Dry run: nothing was sent; the site was only read, and its own rules for matching were not run.";
        answer.insert("next".to_owned(), json!(next));
        return Ok(answer.into());
    }
    let state: Value = changed.iter().map(|payment| json!([payment.name(), payment.before.get("modified")])).collect();
    let about = About {
        tool: call.tool.name(),
        doctype: PAYMENT,
        state: Some(&state),
        operation: Operation::Cancel,
        always: false,
        what: format!("match {} of {:?} with invoices", counted(changed.len(), "payment"), args.party),
    };
    let confirmed = about.confirmed(session, call.given, || told.clone()).await?;
    session.audit.intend_batch(call.attempt)?;
    let members: Vec<Member<'_>> = changed
        .iter()
        .map(|payment| {
            let source = &payment.source.changed;
            Member::new(&on, source.def, source.permit, Some(payment.name()), Some(confirmed))
        })
        .collect();
    let mut leave: Vec<Cleared<'_>> = Vec::with_capacity(changed.len());
    for (at, payment) in changed.iter().enumerate() {
        match members[at].on().gate_as(Operation::Cancel, step(payment, &told)).await {
            Ok(Go::Send(cleared)) => leave.push(cleared),
            Ok(Go::Answer(answer)) => return Ok(answer),
            // With one that may not be matched none is.
            Err(error) => {
                members[..=at].iter().for_each(|member| member.settle(Err(&error)));
                return Err(error);
            }
        }
    }
    let posted = postings.members(&on, confirmed);
    for (at, member) in posted.iter().enumerate() {
        if let Err(error) = member.begin().await {
            members.iter().chain(&posted[..=at]).for_each(|member| member.settle(Err(&error)));
            return Err(error);
        }
    }
    let write = Reconciled { on: &on, form: &form, payments: &changed };
    let sent = send(session, &write, leave).await;
    members.iter().chain(&posted).for_each(|member| member.settle(sent.as_ref().map(|_| None)));
    let messages = sent?.messages;
    let mut answer = done(&write).await;
    answer.extend(told_after(told, !answer.contains_key("not_shown")));
    answer.insert("open_now".to_owned(), open_now(&sight, &entries, &matches).await);
    Ok(ToolAnswer { messages, ..answer.into() })
}

/// That payments of a kind are left out, where that is the configuration's; without Payment Entries there is nothing to do.
fn not_looked_at(kind: Kind, args: &ReconcileArgs, error: ToolError) -> Result<String, ToolError> {
    match error {
        ToolError::Refused { .. } | ToolError::Denied(_) if kind != Kind::Payment => {
            let what = if kind == Kind::Return { "return" } else { ENTRY };
            let doctype = kind.doctype(args.party_type);
            Ok(format!("no {what} is looked at as a payment: {doctype}: {}", error.what().trim_end_matches('.')))
        }
        error => Err(error),
    }
}

fn step<'a>(payment: &'a Matched<'_>, told: &'a Map<String, Value>) -> Step<'a> {
    let state = WriteState::Changed { stored: &payment.before, result: &payment.after };
    Step { name: Some(payment.name()), state, preview: told }
}

/// What is shown before and told after: what of each goes where, and what stays open.
fn told(entries: &Entries, matches: &[Match], changed: &[Matched<'_>], differences: Vec<Value>) -> Map<String, Value> {
    let open = |sides: &[Side]| sides.iter().map(|side| side.open).collect::<Vec<f64>>();
    let (mut payments, mut invoices) = (open(&entries.payments), open(&entries.invoices));
    let take = |left: &mut f64, amount: f64| {
        let before = *left;
        *left = money(before - amount);
        json!({"before": before, "after": *left})
    };
    // It was named, or may be read where it stands.
    let apart = entries.form.get(ADVANCES).and_then(Value::as_str);
    let rows: Vec<Value> = matches
        .iter()
        .map(|one| {
            let (payment, invoice) = (&entries.payments[one.payment], &entries.invoices[one.invoice]);
            let mut told = json!({
                "payment": payment.name, "paid_on": payment.date, "invoice": invoice.name, "invoiced_on": invoice.date,
                "amount": one.amount, "currency": invoice.currency,
                "payment_open": take(&mut payments[one.payment], one.amount),
                "invoice_open": take(&mut invoices[one.invoice], one.amount),
            });
            if payment.doctype != PAYMENT {
                told["payment_is"] = json!(payment.doctype);
            }
            if let Some(row) = payment.own_row() {
                told["row"] = json!(row);
            }
            let is_apart =
                |of: &Matched<'_>| of.name() == payment.name && apart.is_some_and(|account| of.is_in(account));
            if changed.iter().any(is_apart) {
                told["booked_in"] = json!(apart);
            }
            if payment.doctype == invoice.doctype {
                told["made_by"] = json!(format!("a {ENTRY} that the site makes and submits"));
            }
            told
        })
        .collect();
    let mut left_out = entries.left_out.clone();
    let mut stays = |what: &str, sides: &[Side], left: &[f64]| {
        let open: Vec<_> = sides.iter().zip(left).filter(|(_, left)| is_above(**left, 0.0)).collect();
        if open.len() > MOST_LEFT {
            left_out.push(format!("{} more {what} stay open", open.len() - MOST_LEFT));
        }
        let first = open.into_iter().take(MOST_LEFT).map(|(side, left)| {
            let mut told = json!({"name": side.name, "open": left, "currency": side.currency});
            if let Some(row) = side.own_row() {
                told["row"] = json!(row);
            }
            told
        });
        Value::Array(first.collect())
    };
    let fact = |key: &str| entries.form.get(key).cloned().unwrap_or_default();
    let mut told = Map::from_iter([
        ("company".to_owned(), fact("company")),
        ("account".to_owned(), fact("receivable_payable_account")),
        ("allocation".to_owned(), Value::Array(rows)),
        ("payments_left".to_owned(), stays("payments", &entries.payments, &payments)),
        ("invoices_left".to_owned(), stays("invoices", &entries.invoices, &invoices)),
    ]);
    told.extend(apart.map(|account| ("advance_account".to_owned(), json!(account))));
    if !differences.is_empty() {
        told.insert("exchange_differences".to_owned(), Value::Array(differences));
    }
    if !left_out.is_empty() {
        told.insert("left_out".to_owned(), json!(left_out));
    }
    told
}

/// What of the preview is told after; where it is not shown to be done, as what was meant.
fn told_after(told: Map<String, Value>, is_shown: bool) -> Map<String, Value> {
    let after = told.into_iter().filter_map(|(key, value)| match (key.as_str(), is_shown) {
        ("allocation", false) => Some(("meant".to_owned(), value)),
        ("allocation" | "exchange_differences", true) | ("left_out", _) => Some((key, value)),
        _ => None,
    });
    after.collect()
}

/// What came of it, as the payments show it: that the site said yes is not enough.
async fn done(write: &Reconciled<'_>) -> Map<String, Value> {
    let names: Vec<&str> = write.payments.iter().map(Matched::name).collect();
    let why = match write.readings().await {
        Ok(now) => match write.verdict(&now) {
            Verdict::Made(()) => {
                let mut answer = Map::from_iter([("reconciled".to_owned(), json!(names))]);
                for (payment, now) in write.payments.iter().zip(&now) {
                    let on = &payment.source.changed;
                    if let Some(now) = now.as_ref().filter(|_| on.permit.is_conditional()) {
                        on.note_violation(&mut answer, now);
                    }
                }
                return answer;
            }
            Verdict::NotYet(why) | Verdict::Open(why) => why,
        },
        Err(error) => {
            tracing::warn!("payments after matching: {}", error.for_log());
            "the payments could not be read".to_owned()
        }
    };
    let told =
        format!("the site answered that it matched them, but reading does not show it: {why}. Read the payments.");
    Map::from_iter([("not_shown".to_owned(), json!(names)), ("look_at".to_owned(), json!(told))])
}

/// What is open of the invoices now, as they are read.
async fn open_now(sight: &Sight<'_>, entries: &Entries, matches: &[Match]) -> Value {
    let on = sight.invoices;
    let mut names: Vec<&str> = matches.iter().map(|one| entries.invoices[one.invoice].name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let fields =
        ["name", "outstanding_amount", "status"].into_iter().filter(|field| *field == "name" || on.may_read(field));
    let query = ListQuery {
        fields: fields.map(str::to_owned).collect(),
        filters: vec![Filter::new("name", Operator::In, json!(names))],
        order_by: vec![Order::asc("name")],
        limit: limit(MOST),
        ..ListQuery::default()
    };
    let row = |row: &Map<String, Value>| {
        let mut told = Map::from_iter([("invoice".to_owned(), json!(row.get("name").and_then(document_name)))]);
        told.extend(row.get("outstanding_amount").map(|open| ("open".to_owned(), open.clone())));
        told.extend(row.get("status").map(|status| ("status".to_owned(), status.clone())));
        Value::Object(told)
    };
    match on.session.site.list(on.permit, &query).await {
        Ok(rows) => rows.data.iter().map(row).collect(),
        Err(error) => {
            tracing::warn!("invoices after matching: {}", error.for_log());
            json!("could not be read")
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::told_after;

    #[test]
    fn what_is_not_shown_to_be_done_is_told_as_meant() {
        let told = json!({"company": "A", "allocation": [1], "exchange_differences": [2], "left_out": [3]});
        let told = told.as_object().unwrap();
        let done = json!({"allocation": [1], "exchange_differences": [2], "left_out": [3]});
        assert_eq!(json!(told_after(told.clone(), true)), done);
        assert_eq!(json!(told_after(told.clone(), false)), json!({"meant": [1], "left_out": [3]}));
    }
}
