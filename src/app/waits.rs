//! A call that waits for its turn: if it is dropped before that comes, it is recorded as one that did nothing.

use serde_json::{Map, Value};

use super::begun::Begun;
use super::{Connection, attempt, pipeline};
use crate::tool::Tool;
use crate::tool::progress::CallObserver;

/// Records a call when it is dropped, unless its turn came.
pub struct Waits<'a> {
    connection: &'a Connection,
    tool: Tool,
    given: &'a Map<String, Value>,
    client: Option<&'a str>,
    observer: &'a CallObserver,
    is_over: bool,
}

impl Connection {
    /// A call of a tool that waits for its turn.
    pub fn waits<'a>(
        &'a self,
        tool: Tool,
        given: &'a Map<String, Value>,
        client: Option<&'a str>,
        observer: &'a CallObserver,
    ) -> Waits<'a> {
        Waits { connection: self, tool, given, client, observer, is_over: false }
    }
}

impl Waits<'_> {
    /// Leaves it to the call itself to be recorded.
    pub fn over(mut self) {
        self.is_over = true;
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            let session = self.connection.session();
            let (client, user) = (self.client.map(str::to_owned), session.known_user().map(str::to_owned));
            // Signed only now: each signature has another id.
            let attempt = pipeline::signed(attempt::of(self.tool, self.given), &session, client, user);
            drop(Begun::new(session.audit, self.observer, attempt));
        }
    }
}
