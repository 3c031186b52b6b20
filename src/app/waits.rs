//! A call that waits to begin: if it ends before it began, however that is, it is recorded as one that did nothing.

use serde_json::{Map, Value};

use super::begun::CallRecorder;
use super::{Connection, attempt, pipeline};
use crate::audit::Attempt;
use crate::tool::Tool;
use crate::tool::progress::CallObserver;

/// Records a call when it is dropped, unless the call has its line by then or has begun.
pub struct Waits<'a> {
    connection: &'a Connection,
    /// None where nothing is recorded.
    attempt: Option<Box<Attempt>>,
    client: Option<String>,
    observer: &'a CallObserver,
}

impl Connection {
    /// A call of a tool that has not begun.
    pub fn waits<'a>(
        &'a self,
        tool: Tool,
        given: &Map<String, Value>,
        client: impl FnOnce() -> Option<String>,
        observer: &'a CallObserver,
    ) -> Waits<'a> {
        let recorded = || (Box::new(attempt::of_waiting(self.registry(), tool, given)), client());
        let (attempt, client) = self.session().audit.is_on().then(recorded).unzip();
        Waits { connection: self, attempt, client: client.flatten(), observer }
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        let Some(attempt) = self.attempt.take().filter(|_| !self.observer.is_recorded()) else { return };
        let session = self.connection.session();
        let user = session.known_user().map(str::to_owned);
        // Signed only now: each signature has another id.
        let attempt = pipeline::signed(*attempt, &session, self.client.take(), user);
        drop(CallRecorder::new(session.audit, self.observer, attempt));
        self.observer.record();
    }
}
