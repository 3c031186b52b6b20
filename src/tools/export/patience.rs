//! Waiting for the limits on requests: a file takes more of them than a minute may have.

use std::time::Duration;

use futures_util::future::BoxFuture;

use super::stopped;
use crate::error::ToolError;
use crate::site::SiteErrorKind;
use crate::tool::progress::CallObserver;

/// How long one export may still wait.
pub(super) struct Patience(Duration);

impl Default for Patience {
    fn default() -> Self {
        Self(Duration::from_secs(600))
    }
}

impl Patience {
    /// Asks, and asks again once the limit lets it, unless that takes longer than is left or the client leaves.
    pub async fn ask<'q, T>(
        &mut self,
        observer: &CallObserver,
        question: impl Fn() -> BoxFuture<'q, Result<T, ToolError>>,
    ) -> Result<T, ToolError> {
        loop {
            if observer.is_stopped() {
                return Err(stopped());
            }
            let error = match question().await {
                Err(ToolError::Site(error)) => error,
                answer => return answer,
            };
            let wait = match error.kind() {
                SiteErrorKind::OverLimit { retry_after }
                | SiteErrorKind::RateLimited { retry_after: Some(retry_after) } => retry_after,
                _ => return Err(ToolError::Site(error)),
            };
            // A wait of no time would be one without end.
            let wait = wait.max(Duration::from_secs(1));
            let Some(left) = self.0.checked_sub(wait) else { return Err(ToolError::Site(error)) };
            self.0 = left;
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = observer.stopped() => return Err(stopped()),
            }
        }
    }
}
