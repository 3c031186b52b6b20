//! Doing the rows of a batch that was confirmed: in order, a few at once, until one shows that the next would fail too
//! or the client calls it off.

use std::ops::Range;

use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;

use super::account::Account;
use super::{AT_ONCE, Row, Work, one};
use crate::audit::Outcome;
use crate::cleared::Confirmed;
use crate::documents::DocTypeCall;
use crate::error::ToolError;
use crate::site;
use crate::tool::Call;

/// What became of a batch.
pub(super) struct Ended {
    /// What became of each row that was begun.
    pub account: Account,
    /// The row to go on with: the first that was not done, or was refused for a reason that holds for all after it.
    pub next: usize,
    /// Why it was not, where there is one.
    pub why: String,
}

/// Does the rows of this range. A row that fails does not stop the others. A site that cannot be worked with does, and so do
/// a client that cancels, and as many rows of unknown outcome, one after another, as are done at once: somebody has to look
/// at each of these.
pub(super) async fn go<R: Row>(
    call: &Call<'_>,
    on: &DocTypeCall<'_>,
    rows: &[R],
    range: Range<usize>,
    confirmed: Option<Confirmed>,
    work: Work<R>,
) -> Ended {
    let Range { start, end } = range;
    let mut account = Account::new(on.permit.operation(), start, rows.len(), on.attempt.dry_run);
    let mut under_way = FuturesOrdered::new();
    let mut next = start;
    let (mut broken, mut not_known, mut lost) = (false, 0, false);
    let mut refused: Vec<ToolError> = Vec::new();
    loop {
        while next < end && under_way.len() < AT_ONCE && !broken && !call.observer.is_stopped() {
            under_way.push_back(one(on, &rows[next], confirmed, work));
            next += 1;
        }
        let Some(result) = under_way.next().await else { break };
        let stops = result.as_ref().is_err_and(stops_all);
        not_known =
            if result.as_ref().is_err_and(|error| error.outcome() == Outcome::Unknown) { not_known + 1 } else { 0 };
        lost = lost || not_known == AT_ONCE;
        broken = broken || stops || lost;
        match result {
            Err(error) if stops && !on.attempt.dry_run => refused.push(error),
            result => {
                // What was under way behind a refused row may be done: nobody goes on at that row.
                for error in refused.drain(..) {
                    account.add(rows[account.next()].name(), Err(error));
                }
                account.add(rows[account.next()].name(), result);
            }
        }
        call.observer.tell(account.next() + refused.len() - start, rows.len() - start);
    }
    next = account.next();
    let why = if call.observer.is_stopped() {
        "it was called off".to_owned()
    } else if let Some(error) = refused.first() {
        format!("those that are left would fail too: {}", error.for_model().replace('\n', " "))
    } else if lost {
        "of several in a row it is not known whether they were done".to_owned()
    } else if next == end {
        "no more was shown and confirmed; those that are left are by another call".to_owned()
    } else {
        "the site cannot be worked with now".to_owned()
    };
    if next < rows.len() {
        // A client that called it off may not read the answer.
        tracing::warn!(tool = call.tool.name(), start_at = next, total = rows.len(), "stopped before the end");
    }
    Ended { account, next, why }
}

/// Whether the next row would fail in the same way.
pub(super) fn stops_all(error: &ToolError) -> bool {
    use site::SiteErrorKind::{BadKey, Maintenance, OverLimit, Paused, RateLimited, Redirected, Tls, Unreachable};
    match error {
        ToolError::Site(error) => {
            matches!(
                error.kind(),
                BadKey
                    | Maintenance
                    | OverLimit { .. }
                    | Paused { .. }
                    | RateLimited { .. }
                    | Redirected
                    | Tls
                    | Unreachable
            )
        }
        ToolError::Unrecorded(_) => true,
        _ => false,
    }
}
