//! Doing the rows of a batch that was confirmed: in order, a few at once, until one shows that the next would fail too
//! or the client calls it off.

use std::ops::Range;

use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;

use super::account::Account;
use super::{AT_ONCE, Row, Work, one};
use crate::cleared::Confirmed;
use crate::documents::DocTypeCall;
use crate::error::ToolError;
use crate::site;
use crate::tool::Call;

/// What became of a batch.
pub(super) struct Ended {
    /// What became of each row that was begun.
    pub account: Account,
    /// The first row that was not.
    pub next: usize,
    /// Why it was not, where there is one.
    pub why: &'static str,
}

/// Does the rows of this range. A row that fails does not stop the others; a site that cannot be worked with, or a
/// client that calls it off, does.
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
    let mut broken = false;
    loop {
        while next < end && under_way.len() < AT_ONCE && !broken && !call.observer.is_stopped() {
            under_way.push_back(one(on, &rows[next], confirmed, work));
            next += 1;
        }
        let Some(result) = under_way.next().await else { break };
        broken = broken || result.as_ref().is_err_and(stops_all);
        account.add(rows[account.next()].name(), result);
        call.observer.tell(account.next() - start, rows.len() - start);
    }
    let why = if call.observer.is_stopped() {
        "it was called off"
    } else if next == end {
        "no more was shown and confirmed; those that are left are by another call"
    } else {
        "the site cannot be worked with now"
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
