//! Many documents in one call: checked together before anything is sent, confirmed once, written a few at a time, and
//! accounted for row by row, also where the call is stopped half-way.

mod account;
mod act;
mod check;
mod create;
mod delete;
mod go;
mod import;
mod select;
mod update;
mod upsert;

pub use act::ACT;
pub use create::CREATE;
pub use delete::DELETE;
pub use import::IMPORT;
pub use update::UPDATE;
pub use upsert::UPSERT;

use erpnext_schema::{Purpose, Rule, Violation};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesOrdered;
use serde_json::{Map, Value, json};

use crate::answer::ToolAnswer;
use crate::audit::Attempt;
use crate::cleared::Confirmed;
use crate::documents::DocTypeCall;
use crate::error::ToolError;
use crate::policy::{Operation, Permit};
use crate::tool::Call;
use crate::tool::document_args::{CreateArgs, NameArgs, UpdateArgs};
use crate::writes::batch::Member;
use go::{Ended, go, stops_all};

/// The most documents that one call takes.
const MOST: usize = 500;
/// How many documents are worked on at once.
const AT_ONCE: usize = 4;
/// How many of those that a filter selected are shown whole; the others are named.
const FIRST: usize = 10;
/// How much is shown to the one who is asked about a batch, as JSON, in bytes. A confirmation is for no more.
const SHOWN_BYTES: usize = 16_000;
/// How many problems are named; more would hide the first.
const MOST_PROBLEMS: usize = 30;

/// The end of a dry run.
const DRY: &str = "Nothing was sent. Call again without dry_run to do it.";

/// One document of a batch.
trait Row: Sync {
    /// Its name, where it has one already.
    fn name(&self) -> Option<&str>;
    /// The fields that it brings.
    fn data(&self) -> Option<&Map<String, Value>>;

    /// The leave for it, where that is another than the batch's.
    fn permit(&self) -> Option<&Permit> {
        None
    }

    /// The document and its version, where what is shown of it does not say them: a confirmation stands for both.
    fn state(&self) -> Option<Value> {
        None
    }

    /// What its fields are for.
    fn purpose(&self) -> Purpose {
        Purpose::Update
    }
}

impl Row for CreateArgs {
    fn name(&self) -> Option<&str> {
        None
    }

    fn purpose(&self) -> Purpose {
        Purpose::Create
    }

    fn data(&self) -> Option<&Map<String, Value>> {
        Some(&self.data)
    }
}

impl Row for UpdateArgs {
    fn name(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn data(&self) -> Option<&Map<String, Value>> {
        Some(&self.data)
    }
}

impl Row for NameArgs {
    fn name(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn data(&self) -> Option<&Map<String, Value>> {
        None
    }
}

/// How a batch is asked about.
struct Ask {
    /// As if it were this operation.
    operation: Operation,
    /// Whatever the policy says of the operation, telling how many rows make a document and how many change one.
    always: bool,
    /// The state of all that a filter selected: asked about as a whole, by their names and the first of them, whatever the
    /// policy says of the operation. Otherwise for what is shown of each.
    whole: Option<Value>,
}

impl Ask {
    /// By what each row would do, where the policy says so of the operation.
    fn of(permit: &Permit) -> Self {
        Self { operation: permit.operation(), always: false, whole: None }
    }
}

/// What is done with each document: one of the tools for single documents.
type Work<R> = for<'r> fn(&'r DocTypeCall<'r>, &'r R) -> BoxFuture<'r, Result<ToolAnswer, ToolError>>;

/// Confirms the batch and does its rows from `start_at`, as far as [`go()`] gets.
async fn run<R: Row>(
    call: &Call<'_>,
    on: &DocTypeCall<'_>,
    start_at: Option<u64>,
    rows: &[R],
    ask: Ask,
    work: Work<R>,
) -> Result<ToolAnswer, ToolError> {
    let start = start(call, start_at, rows.len())?;
    let (confirmed, end) = confirmed(on, rows, start, &ask, work, false).await?;
    let Ended { account, next, why } = go(call, on, rows, start..end, confirmed, work).await;
    let left = ask.whole.is_some().then(|| rows[next..].iter().filter_map(R::name).collect::<Vec<&str>>());
    Ok(account.answer(&why, left.as_deref()))
}

/// Has the batch confirmed, where somebody has to be asked, by what each row would do to its document as it is now. Nobody is
/// asked where a row could not be done, or where only a part of what is `all_or_none` can be shown. Gives the end of the rows
/// that were shown: only those are confirmed.
async fn confirmed<R: Row>(
    on: &DocTypeCall<'_>,
    rows: &[R],
    start: usize,
    ask: &Ask,
    work: Work<R>,
    all_or_none: bool,
) -> Result<(Option<Confirmed>, usize), ToolError> {
    on.has_room_for(rows.len() - start).await?;
    let always = ask.always || ask.whole.is_some();
    if !on.must_ask_as(ask.operation, always) {
        let all = Map::from_iter([("documents".to_owned(), json!(rows.len() - start))]);
        return Ok((on.gate_batch(ask.operation, always, &all, &Value::Null).await?, rows.len()));
    }
    if let Some(state) = &ask.whole {
        let first = rehearsed(on, &rows[..rows.len().min(FIRST)], 0, work).await?;
        let mut preview = Map::from_iter([("documents".to_owned(), json!(rows.len()))]);
        if first.len() < rows.len() {
            let others = format!("{} more, as they are now, in the same way", rows.len() - first.len());
            preview.insert("others".to_owned(), json!(others));
            let names: Vec<&str> = rows[first.len()..].iter().filter_map(R::name).collect();
            preview.insert("other_names".to_owned(), json!(names));
        }
        preview.insert("rows".to_owned(), json!(first));
        return Ok((on.gate_batch(ask.operation, always, &preview, state).await?, rows.len()));
    }
    let shown = rehearsed(on, rows, start, work).await?;
    let end = start + shown.len();
    if all_or_none && end < rows.len() {
        let what = format!(
            "documents: with atomic all are confirmed at once, and of {} no more than {end} can be shown; nothing was sent.",
            rows.len()
        );
        return Err(ToolError::refused(what, "Call with no more than these, or without atomic."));
    }
    let mut preview = Map::from_iter([("documents".to_owned(), json!(shown.len()))]);
    if end < rows.len() {
        let left = rows.len() - end;
        preview.insert("left".to_owned(), json!(format!("{left} more are not shown, and are asked about after these")));
    }
    let asked = &rows[start..end];
    if ask.always {
        let creates = asked.iter().filter(|row| row.name().is_none()).count();
        preview.insert("will_create".to_owned(), json!(creates));
        preview.insert("will_update".to_owned(), json!(asked.len() - creates));
    }
    let states: Vec<Value> = asked.iter().filter_map(R::state).collect();
    let state = json!([shown, states]);
    preview.insert("rows".to_owned(), json!(shown));
    Ok((on.gate_batch(ask.operation, always, &preview, &state).await?, end))
}

/// What each row would do, as its dry run says; of as many rows as can be shown.
async fn rehearsed<R: Row>(
    on: &DocTypeCall<'_>,
    rows: &[R],
    start: usize,
    work: Work<R>,
) -> Result<Vec<Map<String, Value>>, ToolError> {
    let attempt = Attempt { dry_run: true, ..on.attempt.clone() };
    let on = DocTypeCall { attempt: &attempt, ..*on };
    let (mut shown, mut failed, mut room) = (Vec::new(), Vec::new(), SHOWN_BYTES);
    let (mut under_way, mut rest) = (FuturesOrdered::new(), rows[start..].iter());
    for (at, row) in rows.iter().enumerate().skip(start) {
        under_way.extend(rest.by_ref().take(AT_ONCE - under_way.len()).map(|row| rehearse(&on, row, work)));
        let Some(result) = under_way.next().await else { break };
        match result {
            Ok(mut would) => {
                would.data.retain(|key, _| !matches!(key.as_str(), "dry_run" | "next"));
                let bytes = json!(would.data).to_string().len();
                if bytes > room && !shown.is_empty() {
                    break;
                }
                room = room.saturating_sub(bytes);
                shown.push(would.data);
            }
            Err(error) if stops_all(&error) => return Err(error),
            Err(error) => {
                let name = row.name().map_or_else(String::new, |name| format!(" {name:?}"));
                failed.push(format!("\n- row {at}{name}: {}", error.for_model().replace('\n', " ")));
            }
        }
    }
    if failed.is_empty() {
        return Ok(shown);
    }
    let (count, told) = (failed.len(), failed.into_iter().take(MOST_PROBLEMS).collect::<String>());
    let what = format!("Nothing was sent, and nobody was asked: {count} of {} rows cannot be done:{told}", rows.len());
    Err(ToolError::refused(what, "Leave these out, or correct them, and call again."))
}

/// What a row would do, told as of its document.
async fn rehearse<R: Row>(on: &DocTypeCall<'_>, row: &R, work: Work<R>) -> Result<ToolAnswer, ToolError> {
    let member = Member::new(on, on.def, on.permit, row.name(), on.confirmed);
    member.rehearse(work(&member.on(), row)).await
}

async fn one<R: Row>(
    on: &DocTypeCall<'_>,
    row: &R,
    confirmed: Option<Confirmed>,
    work: Work<R>,
) -> Result<ToolAnswer, ToolError> {
    let member = Member::new(on, on.def, row.permit().unwrap_or(on.permit), row.name(), confirmed);
    member.run(work(&member.on(), row)).await
}

fn start(call: &Call<'_>, at: Option<u64>, rows: usize) -> Result<usize, ToolError> {
    match usize::try_from(at.unwrap_or(0)) {
        Ok(start) if start < rows => Ok(start),
        _ => Err(wrong(call, "start_at", format!("rows are numbered from 0 to {}", rows.saturating_sub(1)))),
    }
}

/// Refuses more than [`MOST`] documents, and none.
fn within_most(call: &Call<'_>, argument: &str, count: usize) -> Result<(), ToolError> {
    match count {
        1..=MOST => Ok(()),
        _ => Err(wrong(call, argument, format!("expected 1 to {MOST} of them, found {count}"))),
    }
}

/// Refuses to go on within what a filter selects: after a part was done it may select others.
fn not_within(call: &Call<'_>, start_at: Option<u64>) -> Result<(), ToolError> {
    match start_at {
        None => Ok(()),
        Some(_) => Err(wrong(call, "start_at", "where selects anew: call without start_at".to_owned())),
    }
}

fn wrong(call: &Call<'_>, path: &str, message: String) -> ToolError {
    let violation = Violation::new(path, Rule::Value, message);
    ToolError::arguments(call.tool.name(), vec![violation])
}
