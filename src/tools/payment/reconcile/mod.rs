//! `reconcile_payments`: payments that are submitted and not used up, matched to open invoices of the same party: Payment
//! Entries, rows of Journal Entries, and returns.

mod advances;
mod booked;
mod entries;
mod kinds;
mod matches;
mod postings;
mod sources;
mod told;
mod write;

use std::ops::ControlFlow;

use erpnext_schema::counted;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use self::booked::oldest_free;
use self::entries::{Entries, Sight};
use self::kinds::{ENTRY, PaymentKind};
use self::matches::{Match, asked, other_rows};
use self::postings::Postings;
use self::sources::{Permits, Source};
use self::told::{done, open_now, told, told_after};
use self::write::{Matched, Reconciled, allotted};
use super::PAYMENT;
use super::party::name_party;
use crate::answer::ToolAnswer;
use crate::audit::Attempt;
use crate::cleared::{Cleared, Confirmed};
use crate::documents::{DocTypeCall, titles};
use crate::error::ToolError;
use crate::policy::{Operation, Policy, WriteState};
use crate::tool::kinds::Documents;
use crate::tool::spec::handler;
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset};
use crate::tools::erp::PartyType;
use crate::writes::batch::Member;
use crate::writes::confirm::About;
use crate::writes::gate::{Go, Step};
use crate::writes::named;
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

async fn reconcile(call: Call<'_>, mut args: ReconcileArgs) -> Result<ToolAnswer, ToolError> {
    let session = call.session;
    let update = session.permit(Operation::Update, PAYMENT).await?;
    let of = session.permit(Operation::Read, args.party_type.invoice()).await?;
    name_party(session, args.party_type, &mut args.party).await;
    for account in [&mut args.account, &mut args.advance_account].into_iter().flatten() {
        *account = titles::in_full(session, "Account", account, args.company.as_deref()).await;
    }
    let on = DocTypeCall::of(&call, &update).await?;
    let invoices = DocTypeCall::of(&call, &of).await?;
    invoices.keeps_values().await?;
    invoices.needs_to_read(&["company", args.party_type.field(), "outstanding_amount"])?;
    let mut closed = Vec::new();
    let permits = permits(&call, &args, &mut closed).await?;
    let sources = sources(&call, &permits, &args, &mut closed).await?;
    let sight = Sight { sources: &sources, invoices: &invoices, asks: &update };
    named::check(&on, "party", args.party_type.as_str(), &args.party).await?;
    for (argument, doctype, name) in [
        ("company", "Company", &args.company),
        ("account", "Account", &args.account),
        ("advance_account", "Account", &args.advance_account),
    ] {
        if let Some(name) = name {
            named::check(&on, argument, doctype, name).await?;
        }
    }
    let mut entries = sight.entries(&args).await?;
    entries.left_out.extend(closed);
    let matches = chosen(&call, &sight, &args, &mut entries).await?;
    let changed = Matched::all(&sight, &call, &entries, &matches).await?;
    let mut differences = Vec::new();
    let form = allotted(&sight, &entries, &changed, &mut differences).await?;
    let told = told(&entries, &matches, &changed, differences);
    would_pass(&changed, &told).await?;
    on.has_room_for(changed.len()).await?;
    let postings = Postings::of(&call, &entries, &changed).await?;
    if call.attempt.dry_run {
        let mut answer = Map::from_iter([("dry_run".to_owned(), json!(true))]);
        answer.extend(told);
        let next = "Dry run: nothing was sent; the site was only read, and its own rules for matching were not run.";
        answer.insert("next".to_owned(), json!(next));
        return Ok(answer.into());
    }
    let confirmed = confirmed(&call, &args, &changed, &told).await?;
    session.audit.intend_batch(call.attempt)?;
    let members: Vec<Member<'_>> = changed
        .iter()
        .map(|payment| {
            let source = &payment.source.changed;
            Member::new(&on, source.def, source.permit, Some(payment.name()), Some(confirmed))
        })
        .collect();
    let leave = match leave(&members, &changed, &told).await? {
        ControlFlow::Continue(leave) => leave,
        ControlFlow::Break(answer) => return Ok(answer),
    };
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

/// The permits for each kind of payment that the configuration opens; what it closes is noted.
async fn permits(call: &Call<'_>, args: &ReconcileArgs, closed: &mut Vec<String>) -> Result<Vec<Permits>, ToolError> {
    let mut permits = Vec::new();
    for kind in PaymentKind::ALL {
        match Permits::of(call.session, kind, args.party_type).await {
            Ok(found) => permits.push(found),
            Err(error) => closed.push(not_looked_at(kind, args, error)?),
        }
    }
    Ok(permits)
}

/// The calls on each kind that may be seen and changed as far as matching needs; which may not is noted.
async fn sources<'a>(
    call: &Call<'a>,
    permits: &'a [Permits],
    args: &ReconcileArgs,
    closed: &mut Vec<String>,
) -> Result<Vec<Source<'a>>, ToolError> {
    let mut sources = Vec::new();
    for found in permits {
        match Source::of(call, found, args.party_type).await {
            Ok(source) => sources.push(source),
            Err(error) => closed.push(not_looked_at(found.kind, args, error)?),
        }
    }
    Ok(sources)
}

/// What goes where: as it is asked for, or else the oldest; no more than one call takes. What is left for another call is
/// noted.
///
/// # Errors
/// Allocations that are wrong, and nothing to match.
async fn chosen(
    call: &Call<'_>,
    sight: &Sight<'_>,
    args: &ReconcileArgs,
    entries: &mut Entries,
) -> Result<Vec<Match>, ToolError> {
    let mut matches = match &args.allocations {
        Some(rows) => asked(rows, &entries.payments, &entries.invoices)
            .map_err(|found| ToolError::arguments(call.tool.name(), found))?,
        None => oldest_free(sight, entries).await?,
    };
    if matches.len() > MOST {
        let message = format!("{} more allocations are possible: call again after these", matches.len() - MOST);
        entries.left_out.push(message);
        matches.truncate(MOST);
    }
    if matches.is_empty() {
        return Err(nothing_to_match(entries, &args.party));
    }
    let others = other_rows(&entries.payments, &matches);
    if others > 0 {
        let rows = counted(others, "open row");
        entries
            .left_out
            .push(format!("{rows} of Journal Entries that are matched by another row: call again after these"));
    }
    Ok(matches)
}

fn nothing_to_match(entries: &Entries, party: &str) -> ToolError {
    let mut what = format!(
        "{} and {} of {party:?} are open and in sight: nothing can be matched, and nothing was sent.",
        counted(entries.payments.len(), "payment"),
        counted(entries.invoices.len(), "invoice"),
    );
    entries.left_out.iter().for_each(|left| what.push_str(&format!(" {left}.")));
    let next = format!(
        "Before anything is recorded, list {PAYMENT} of this party with unallocated_amount above 0: what is there is \
         recorded already, and record_payment would record it again."
    );
    ToolError::refused(what, next)
}

/// That each payment could be changed, before anybody is asked.
async fn would_pass(changed: &[Matched<'_>], told: &Map<String, Value>) -> Result<(), ToolError> {
    for payment in changed {
        let Source { changed: on, submit, .. } = payment.source;
        submit.map_or(Ok(()), |permit| permit.admits_stored(&payment.before))?;
        on.permit.keeps_in_sight("changed", &payment.after)?;
        on.would_pass(&step(payment, told)).await?;
    }
    Ok(())
}

/// That all of it is confirmed, as the payments are now.
async fn confirmed(
    call: &Call<'_>,
    args: &ReconcileArgs,
    changed: &[Matched<'_>],
    told: &Map<String, Value>,
) -> Result<Confirmed, ToolError> {
    let state: Value = changed.iter().map(|payment| json!([payment.name(), payment.before.get("modified")])).collect();
    let about = About {
        tool: call.tool.name(),
        doctype: PAYMENT,
        state: Some(&state),
        operation: Operation::Cancel,
        always: false,
        what: format!("match {} of {:?} with invoices", counted(changed.len(), "payment"), args.party),
    };
    about.confirmed(call.session, call.given, || told.clone()).await
}

/// The leave to change each payment: with one that may not be matched none is.
async fn leave<'a>(
    members: &'a [Member<'_>],
    changed: &'a [Matched<'_>],
    told: &'a Map<String, Value>,
) -> Result<ControlFlow<ToolAnswer, Vec<Cleared<'a>>>, ToolError> {
    let mut leave = Vec::with_capacity(changed.len());
    for (at, (member, payment)) in members.iter().zip(changed).enumerate() {
        match member.on().gate_as(Operation::Cancel, step(payment, told)).await {
            Ok(Go::Send(cleared)) => leave.push(cleared),
            Ok(Go::Answer(answer)) => return Ok(ControlFlow::Break(answer)),
            Err(error) => {
                members[..=at].iter().for_each(|member| member.settle(Err(&error)));
                return Err(error);
            }
        }
    }
    Ok(ControlFlow::Continue(leave))
}

/// That payments of a kind are left out, where that is the configuration's; without Payment Entries there is nothing to do.
fn not_looked_at(kind: PaymentKind, args: &ReconcileArgs, error: ToolError) -> Result<String, ToolError> {
    match error {
        ToolError::Refused { .. } | ToolError::Denied(_) if kind != PaymentKind::Payment => {
            let what = if kind == PaymentKind::Return { "return" } else { ENTRY };
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
