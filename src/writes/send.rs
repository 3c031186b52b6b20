//! The one way in which writes are sent: once. Where no answer came, the site is read until it shows what became of the
//! write, for as long as it may still be at work on it.

use std::time::Instant;

use crate::context::Session;
use crate::document::outcome::Verdict;
use crate::error::ToolError;
use crate::site::{Answer, SiteError, WriteError};

/// Said of a write that was done and whose answer was lost.
pub(crate) const READ_BACK: &str = "no answer came from the site; reading shows that it was done";

/// A write: how it is sent, and how it is recognised on the site where no answer came. None can be sent without both.
pub(crate) trait Write {
    /// The leave to send it: [`Cleared`](crate::cleared::Cleared), of one document or of several.
    type Leave;
    /// What it gives.
    type Made;

    /// Sends it, through the one method of the client that does.
    async fn send(&self, leave: Self::Leave) -> Result<Answer<Self::Made>, WriteError>;

    /// Reads what became of it; it was sent at `since`.
    async fn read_back(&self, since: Instant) -> Result<Verdict<Self::Made>, SiteError>;

    /// Operation, DocType and document: `update of ToDo "x"`.
    fn what(&self) -> String;

    /// Where it can be seen later whether it was done, and what may follow.
    fn next(&self) -> Next;
}

/// What may follow a write of which nobody knows whether it was done.
pub(crate) enum Next {
    /// Done twice it could be two: the words say where to look first. A site ends a request after two minutes unless it
    /// is set up otherwise.
    Look(String),
    /// Done twice it is the same as done once.
    Repeat,
    /// It can't be seen from here; the words say what to do.
    Ask(String),
}

impl Next {
    pub(crate) fn told(self) -> String {
        match self {
            Self::Look(words) => format!(
                "do not repeat it yet: {words} in two minutes, when the site has finished what it was doing. Only if it was not done \
                 by then, call again."
            ),
            Self::Repeat => "call again with the same arguments: done twice it is the same as done once.".to_owned(),
            Self::Ask(words) => words,
        }
    }
}

/// Sends a write and gives the site's answer, or what reading shows where none came.
///
/// # Errors
/// The site's refusal; or that it is not known whether it was done.
pub(crate) async fn send<W: Write>(
    session: &Session<'_>,
    write: &W,
    leave: W::Leave,
) -> Result<Answer<W::Made>, ToolError> {
    let since = Instant::now();
    let error = match Box::pin(write.send(leave)).await {
        Ok(answer) => return Ok(answer),
        Err(WriteError::Refused(error)) => return Err(error.into()),
        Err(WriteError::Unanswered(error)) => error,
    };
    let mut waits = session.site.waits(since);
    let why = loop {
        let so_far = match Box::pin(write.read_back(since)).await {
            Ok(Verdict::Made(made)) => return Ok(Answer { data: made, messages: vec![READ_BACK.to_owned()] }),
            Ok(Verdict::Open(why)) => break why,
            Ok(Verdict::NotYet(so_far)) => format!("{so_far}; the site may still be at it"),
            Err(_) => "it could not be read".to_owned(),
        };
        match waits.next() {
            Some(wait) => tokio::time::sleep(wait).await,
            None => break so_far,
        }
    };
    Err(ToolError::Unsettled { what: write.what(), error: Box::new(error), why, next: write.next().told() })
}
