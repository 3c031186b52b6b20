//! One document of a batch: the batch is confirmed as a whole, and each of its documents is recorded for itself.

use std::future::Future;
use std::time::Instant;

use erpnext_schema::DocTypeDef;

use crate::answer::{Made, ToolAnswer};
use crate::audit::{Attempt, new_id};
use crate::cleared::Confirmed;
use crate::context::{Redactor, Session, record_result};
use crate::documents::DocTypeCall;
use crate::error::ToolError;
use crate::policy::Permit;
use crate::site::CallState;
use crate::tool::{Arguments, Registry, Tool};

/// One document of a batch.
pub struct Member<'a> {
    session: &'a Session<'a>,
    registry: &'a Registry,
    tool: Tool,
    def: &'static DocTypeDef,
    permit: &'a Permit,
    given: &'a Arguments,
    confirmed: Option<Confirmed>,
    attempt: Attempt,
    started: Instant,
}

impl<'a> Member<'a> {
    /// The document `name` of a batch that was `confirmed`, unless it is a dry run; `permit` is for what is done with this
    /// one.
    pub fn new(
        on: &DocTypeCall<'a>,
        def: &'static DocTypeDef,
        permit: &'a Permit,
        name: Option<&str>,
        confirmed: Option<Confirmed>,
    ) -> Self {
        let attempt = Attempt {
            id: new_id(),
            operation: permit.operation().as_str().to_uppercase(),
            doctype: Some(def.name.to_owned()),
            document: name.map(str::to_owned),
            ..on.attempt.clone()
        };
        Self {
            session: on.session,
            registry: on.registry,
            tool: on.tool,
            def,
            permit,
            given: on.given,
            confirmed,
            attempt,
            started: Instant::now(),
        }
    }

    /// The call as one on this document.
    pub fn on(&self) -> DocTypeCall<'_> {
        let Self { session, registry, tool, def, permit, given, confirmed, attempt, .. } = self;
        DocTypeCall { session, registry, tool: *tool, def, permit, given, attempt, confirmed: *confirmed }
    }

    /// Does it and records what came of it; the site knows its requests by its own name.
    pub async fn run(
        &self,
        work: impl Future<Output = Result<ToolAnswer, ToolError>>,
    ) -> Result<ToolAnswer, ToolError> {
        let result = self.rehearse(work).await;
        self.settle(result.as_ref().map(|answer| answer.made.as_ref()));
        result
    }

    /// Does what is not recorded, such as a dry run; what the site says is told as it may be told of this document.
    pub async fn rehearse(
        &self,
        work: impl Future<Output = Result<ToolAnswer, ToolError>>,
    ) -> Result<ToolAnswer, ToolError> {
        // On the heap: the future of a whole write within that of another is more than a stack holds.
        let state = CallState::new(&self.attempt.id, true, Some(Redactor::of(self.session, &self.attempt)));
        let result = state.clone().run(Box::pin(work)).await;
        state.hand_over();
        result
    }

    /// Records that the site is about to do it, along with what is sent, where the quota has room for it.
    ///
    /// # Errors
    /// That it has none, or that the intent cannot be recorded.
    pub async fn begin(&self) -> Result<(), ToolError> {
        self.on().intend().await.map(drop)
    }

    /// Records what came of it.
    pub fn settle(&self, result: Result<Option<&Made>, &ToolError>) {
        record_result(self.session, self.attempt.clone(), self.started, result.map(|made| (made, None)), 0);
    }
}
