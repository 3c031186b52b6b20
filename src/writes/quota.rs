//! Quotas: how many writes a user may still send and files export, told before none is left, and what a submit may be worth.

use std::collections::BTreeMap;

use erpnext_schema::{FieldDef, counted};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::gate::Step;
use crate::audit::{Attempt, Full, MAIL, Recorded, counted_as, quota_of};
use crate::config::quota::Writes;
use crate::context::Session;
use crate::document::amounts::worth_seen;
use crate::documents::DocTypeCall;
use crate::error::ToolError;
use crate::policy::{Denial, Operation, Operations, Reason};
use crate::shared::{Counted, Window};

/// A quota is told of when no more than one in so many writes is left, and with the last but one of few.
const TOLD_AT: u64 = 5;

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// How many writes of this attempt's operation its user may send, in which times; none where any number may be.
fn limits(session: &Session<'_>, attempt: &Attempt) -> Vec<(SignedDuration, u64)> {
    let quota = session.quota;
    let writes = match counted_as(attempt).0 {
        MAIL => quota.mail,
        kind => Operation::from_name(&kind.to_lowercase()).and_then(|operation| quota.writes.get(&operation).copied()),
    };
    let writes = writes.unwrap_or_default();
    [writes.hour.map(|most| (HOUR, most)), writes.day.map(|most| (DAY, most))].into_iter().flatten().collect()
}

const fn span(over: SignedDuration) -> &'static str {
    if over.as_secs() == HOUR.as_secs() { "an hour" } else { "a day" }
}

/// What quotas there are for writes of these operations, as they are configured.
pub fn told(session: &Session<'_>, doctype: &str, operations: Operations) -> Map<String, Value> {
    let quota = session.quota;
    let most = |writes: &Writes| {
        let most = [("hour", writes.hour), ("day", writes.day)];
        json!(most.into_iter().filter_map(|(over, most)| Some((over, most?))).collect::<BTreeMap<_, _>>())
    };
    let counted = |(operation, _): &(&Operation, &Writes)| {
        let amends = **operation == Operation::Create && operations.contains(Operation::Amend);
        operations.contains(**operation) || amends
    };
    let writes = quota.writes.iter().filter(counted).map(|(operation, writes)| (operation.to_string(), most(writes)));
    let mut told: Map<String, Value> = writes.collect();
    let mails = doctype == "Communication" && operations.contains(Operation::Create);
    told.extend(quota.mail.filter(|_| mails).map(|writes| ("mail".to_owned(), most(&writes))));
    let amounts = [("confirm", quota.confirm_above), ("refuse", quota.refuse_above)];
    let amounts: Map<_, _> =
        amounts.into_iter().filter_map(|(key, amount)| Some((key.to_owned(), json!(amount?)))).collect();
    if operations.contains(Operation::Submit) && !amounts.is_empty() {
        told.insert("submit_amount".to_owned(), Value::Object(amounts));
    }
    told
}

/// Tells in the answer to a write that its quota is nearly used up.
pub async fn note(session: &Session<'_>, attempt: &Attempt, answer: &mut Map<String, Value>) {
    let limits = limits(session, attempt);
    if limits.is_empty() || attempt.dry_run {
        return;
    }
    let Ok(user) = session.user_name().await else { return };
    let left = |(over, most): &(SignedDuration, u64)| {
        let sent = session.audit.sent(user, attempt, Timestamp::now() - *over).ok()?;
        Some((most.saturating_sub(sent), *most, *over))
    };
    let left = match of_all(session, user, attempt, None, &limits).await {
        Some(counted) => limits
            .iter()
            .zip(counted.before)
            .map(|((over, most), sent)| (most.saturating_sub(sent), *most, *over))
            .collect(),
        None => limits.iter().filter_map(left).collect::<Vec<_>>(),
    };
    let near = left.into_iter().filter(|(left, most, _)| *left <= most.div_ceil(TOLD_AT)).min();
    if let Some((left, most, over)) = near {
        let operation = counted_as(attempt).0.to_lowercase();
        answer.insert("quota".to_owned(), json!(format!("{left} of {most} times {operation} {} are left", span(over))));
    }
}

/// What all servers have counted; none where this one is alone, or what they share is away: then each counts for itself.
/// With an `entry`, that is counted where there is room.
async fn of_all(
    session: &Session<'_>,
    user: &str,
    attempt: &Attempt,
    entry: Option<&str>,
    limits: &[(SignedDuration, u64)],
) -> Option<Counted> {
    let (key, times) = quota_of(user, attempt);
    let window = |(over, most): &(SignedDuration, u64)| Window { most: *most, over: over.unsigned_abs() };
    let windows: Vec<Window> = limits.iter().map(window).collect();
    session.shared?.count(&key, entry, times, &windows).await.ok()
}

/// The window that has no room for the attempt, of what all servers have counted.
fn full_of(counted: &Counted, limits: &[(SignedDuration, u64)]) -> Option<Full> {
    let full = counted.full?;
    let (over, most) = *limits.get(full.window)?;
    let free = full.free.and_then(|free| Timestamp::from_microsecond(i64::try_from(free).ok()?).ok());
    Some(Full { most, over, free })
}

/// That the quota has room for one more file of documents of this DocType, before any of them is read.
///
/// # Errors
/// That it has none.
pub(crate) async fn has_room_for_a_file(
    session: &Session<'_>,
    attempt: &Attempt,
    doctype: &str,
) -> Result<(), ToolError> {
    let limits = limits(session, attempt);
    if limits.is_empty() {
        return Ok(());
    }
    let user = session.user_name().await?;
    let room = room(session, user, attempt, &limits).await?;
    room.map(drop).map_err(|full| refused(doctype, Operation::Export, words(attempt, user, &full)))
}

/// Records that a file of documents of this DocType is about to be had, where the quota has room for it.
///
/// # Errors
/// That it has none, or that the intent cannot be recorded.
pub(crate) async fn file_leaves(
    session: &Session<'_>,
    attempt: &Attempt,
    doctype: &str,
) -> Result<Recorded, ToolError> {
    intended(session, attempt).await?.map_err(|why| refused(doctype, Operation::Export, why))
}

/// Records the intent, or says why the quota has no room for it.
async fn intended(session: &Session<'_>, attempt: &Attempt) -> Result<Result<Recorded, String>, ToolError> {
    let limits = limits(session, attempt);
    if limits.is_empty() {
        return Ok(Ok(session.audit.intend(attempt)?));
    }
    let user = session.user_name().await?;
    let Some(counted) = of_all(session, user, attempt, Some(&attempt.id), &limits).await else {
        return Ok(session.audit.intend_within(attempt, user, &limits)?.map_err(|full| words(attempt, user, &full)));
    };
    if let Some(full) = full_of(&counted, &limits) {
        return Ok(Err(words(attempt, user, &full)));
    }
    Ok(Ok(session.audit.intend(attempt).inspect_err(|_| {
        let (key, times) = quota_of(user, attempt);
        session.shared.iter().for_each(|shared| shared.uncount(&key, &attempt.id, times));
    })?))
}

/// How many were sent in each time, if there is room for this attempt; else the time that has none.
async fn room(
    session: &Session<'_>,
    user: &str,
    attempt: &Attempt,
    limits: &[(SignedDuration, u64)],
) -> Result<Result<Vec<Option<u64>>, Full>, ToolError> {
    if let Some(counted) = of_all(session, user, attempt, None, limits).await {
        let before = || counted.before.iter().copied().map(Some).collect();
        return Ok(full_of(&counted, limits).map_or_else(|| Ok(before()), Err));
    }
    if let Err(full) = session.audit.room(user, attempt, limits)? {
        return Ok(Err(full));
    }
    // A log that cannot be read lets no row pass either.
    let sent = |(over, _): &(SignedDuration, u64)| session.audit.sent(user, attempt, Timestamp::now() - *over).ok();
    Ok(Ok(limits.iter().map(sent).collect()))
}

/// What is said of a quota that is used up.
fn words(attempt: &Attempt, user: &str, full: &Full) -> String {
    let (most, over) = (full.most, span(full.over));
    let free = full.free.map(|free| free.strftime("%Y-%m-%d %H:%M:%S UTC").to_string());
    match (attempt.recipients, free) {
        (None, free) => {
            let free = free.unwrap_or_else(|| "no time".to_owned());
            let does = if counted_as(attempt).0 == "EXPORT" { "export" } else { "send" };
            format!("permissions.quota: {user} may {does} {most} of these {over}, and has; the next is free at {free}")
        }
        (Some(recipients), Some(free)) => format!(
            "permissions.quota: {user} may mail {most} recipients {over}; there is room for these {recipients} at {free}"
        ),
        (Some(recipients), None) => format!(
            "permissions.quota: {user} may mail {most} recipients {over}; these are {recipients}, for whom there is never \
             room"
        ),
    }
}

fn refused(doctype: &str, operation: Operation, why: String) -> ToolError {
    Denial { doctype: doctype.to_owned(), operation, reason: Reason::Quota(why) }.into()
}

impl DocTypeCall<'_> {
    /// Records that the write is about to be sent, where the quota has room for it.
    ///
    /// # Errors
    /// That it has none, or that the intent cannot be recorded.
    pub(super) async fn intend(&self) -> Result<Recorded, ToolError> {
        intended(self.session, self.attempt).await?.map_err(|why| self.refused(why))
    }

    /// That the quota has room for so many documents of a batch, before anybody is asked about it.
    ///
    /// # Errors
    /// That it has none, or not for all.
    pub(crate) async fn has_room_for(&self, documents: usize) -> Result<(), ToolError> {
        let operation = self.permit.operation().as_str();
        let attempt = Attempt { operation: operation.to_uppercase(), ..self.attempt.clone() };
        let limits = limits(self.session, &attempt);
        if limits.is_empty() {
            return Ok(());
        }
        let user = self.session.user_name().await?;
        let sent = room(self.session, user, &attempt, &limits).await?.map_err(|full| self.full(user, &full))?;
        for ((over, most), sent) in limits.into_iter().zip(sent) {
            let Some(sent) = sent else { continue };
            let left = most.saturating_sub(sent);
            if u64::try_from(documents).is_ok_and(|documents| documents > left) {
                let (documents, are) = (counted(documents, "document"), if documents == 1 { "is" } else { "are" });
                return Err(self.refused(format!(
                    "permissions.quota: {documents} {are} more than the {left} of {most} times {operation} {} that are left",
                    span(over)
                )));
            }
        }
        Ok(())
    }

    /// That the quota has room, before anybody is asked; a look at what is stored decides whether somebody has to be.
    ///
    /// # Errors
    /// That it has none, or that the document is worth too much.
    pub(super) async fn within_quota(&self, operation: Operation, step: &Step<'_>) -> Result<Operation, ToolError> {
        let limits = limits(self.session, self.attempt);
        if !limits.is_empty() {
            let user = self.session.user_name().await?;
            room(self.session, user, self.attempt, &limits).await?.map_err(|full| self.full(user, &full))?;
        }
        let submits = |doc: Option<&Map<String, Value>>| doc.and_then(|doc| doc.get("docstatus")?.as_u64()) == Some(1);
        let is_submit = self.permit.operation() == Operation::Submit
            || submits(step.state.result()) && !submits(step.state.stored());
        let quota = self.session.quota;
        let is_limited = is_submit && quota.refuse_above.or(quota.confirm_above).is_some();
        let Some(doc) = step.state.stored().or(step.state.result()).filter(|_| is_limited) else {
            return Ok(operation);
        };
        let amount = self.worth_seen(doc).await?;
        // What is not seen may be over anything: by one draft after the other its value would be found out.
        let above = |most: Option<u64>| most.filter(|most| amount.is_none_or(|amount| amount > *most as f64));
        if let Some(most) = above(quota.refuse_above) {
            let why = match amount {
                Some(_) => format!("it is over more than {most}"),
                None => format!("what it is over is withheld here, and may be more than {most}"),
            };
            return Err(self.refused(format!(
                "permissions.quota.submit_amount: {why}, which no call submits; a person does that on the site"
            )));
        }
        // What is worth that much is asked about like a cancel.
        Ok(if above(quota.confirm_above).is_some() { Operation::Cancel } else { operation })
    }

    /// What a document is worth, if the configuration and the site show the caller all that this goes by.
    async fn worth_seen(&self, doc: &Map<String, Value>) -> Result<Option<f64>, ToolError> {
        let (hidden, rule) = (self.hidden().await?, self.permit.fields());
        let sees = |table: Option<&FieldDef>, field: &FieldDef| match table {
            None => rule.may_read(field) && !hidden.hides(self.def.name, field.fieldname),
            Some(table) => {
                let is_hidden = table.rows_of().is_some_and(|child| hidden.hides(child, field.fieldname));
                rule.may_read_child(table, field) && !is_hidden
            }
        };
        Ok(worth_seen(self.def, &|child| self.session.catalog.known(child), doc, &sees))
    }

    fn full(&self, user: &str, full: &Full) -> ToolError {
        self.refused(words(self.attempt, user, full))
    }

    fn refused(&self, why: String) -> ToolError {
        refused(self.def.name, self.permit.operation(), why)
    }
}
