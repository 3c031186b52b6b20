//! One call of a tool: in its turn, watched by its client, and finished where it writes.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::time::Instant;

use futures_util::FutureExt;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorCode, ProgressNotificationParam,
    ProgressToken,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use serde_json::Map;
use tokio::sync::mpsc::UnboundedReceiver;

use super::elsewhere::{self, Elsewhere};
use super::repeats::{Again, Answer, BeginOutcome, Came, Key};
use super::told::{EVERY, ProgressState, Step};
use super::{Server, cancelled, content, elicit, views};
use crate::error::{ToolError, Unconfirmed};
use crate::shared::{Away, Shared};
use crate::tool::progress::{CallObserver, Progress};
use crate::tools;

/// What came of running a tool.
pub(super) enum Ran {
    Done(CallToolResult),
    Unconfirmed(Box<Unconfirmed>),
}

impl Server {
    /// Runs a tool, and counts it.
    pub(super) async fn run(
        &self,
        request: CallToolRequestParams,
        client: Option<String>,
        watch: &CallObserver,
    ) -> Result<Ran, ErrorData> {
        let started = Instant::now();
        let tool = self.connection.registry().find(&request.name);
        let ran = self.ran(request, client, watch).await;
        if let Some(metrics) = &self.metrics {
            let outcome = match &ran {
                Ok(Ran::Done(result)) if result.is_error == Some(true) => "failed",
                Ok(Ran::Done(_)) => "done",
                Ok(Ran::Unconfirmed(_)) => "unconfirmed",
                Err(_) => "refused",
            };
            metrics.call(tool.map(|tool| tool.name().to_owned()).as_deref(), outcome, started.elapsed());
        }
        ran
    }

    async fn ran(
        &self,
        request: CallToolRequestParams,
        client: Option<String>,
        watch: &CallObserver,
    ) -> Result<Ran, ErrorData> {
        let Some(tool) = self.connection.registry().find(&request.name) else {
            let near = match tools::known(&request.name) {
                Some(refused) => {
                    let given = request.arguments.unwrap_or_default();
                    Box::pin(self.connection.refuse(refused, &given, client, watch)).await;
                    None
                }
                None => {
                    let known = self.connection.registry().tools().iter().map(|tool| tool.name());
                    erpnext_schema::nearest(&request.name, known)
                }
            };
            let near = near.map(|near| format!("did you mean {near}?"));
            let near = near.unwrap_or_else(|| "find_tools finds those there are".to_owned());
            let message = format!("there is no tool {:?} under this configuration; {near}", request.name);
            return Err(ErrorData::new(ErrorCode::INVALID_PARAMS, message, None));
        };
        let user = self.user();
        let arguments = request.arguments.unwrap_or_default();
        let _turn = tokio::select! {
            biased;
            turn = self.turns.take(&user), if !watch.is_stopped() => turn,
            // Whoever left must not wait on: what is dropped leaves the queue.
            () = watch.stopped() => return Ok(Ran::Done(elicit::called_off())),
        };
        // A call that panics would never be answered.
        let call = AssertUnwindSafe(self.connection.answer(tool, arguments, client, watch)).catch_unwind();
        Ok(Ran::Done(match call.await {
            Ok(Ok(given)) => {
                let mut answer = self.success(given);
                answer.content.extend(watch.take().into_iter().map(content));
                answer
            }
            Ok(Err(ToolError::Unconfirmed(waits))) => return Ok(Ran::Unconfirmed(waits)),
            Ok(Err(error)) => {
                let text = error.for_model();
                CallToolResult::error(vec![ContentBlock::text(crate::shape::visible(&text).unwrap_or(text))])
            }
            Err(_) => {
                tracing::error!(tool = tool.name(), "panicked");
                let text = "The server failed on this call, and its effect is not known. Read the document before \
                            trying again.";
                CallToolResult::error(vec![ContentBlock::text(text)])
            }
        }))
    }

    /// Runs a tool that writes where no other server runs the same.
    async fn alone(
        &self,
        shared: &Shared,
        key: Key,
        request: CallToolRequestParams,
        context: &RequestContext<RoleServer>,
        (watch, told): (&CallObserver, UnboundedReceiver<Progress>),
    ) -> Result<CallToolResponse, ErrorData> {
        let refused = |why: ToolError| {
            tracing::info!("{}", why.for_log());
            watch.ends("whether another server does the same is not known");
            Ok(CallToolResult::error(vec![ContentBlock::text(why.for_model())]).into())
        };
        let found = tokio::select! {
            found = elsewhere::of(shared, key.bytes()) => found,
            () = context.ct.cancelled() => return Err(cancelled()),
        };
        let alone = match found {
            Ok(Elsewhere::Nothing(alone)) => alone,
            Ok(Elsewhere::Done(answer, alone)) => {
                self.noted_as_again(request, context, watch).await;
                if !context.ct.is_cancelled() {
                    alone.told().await;
                }
                return *answer;
            }
            Ok(Elsewhere::Asked) => return Ok(elicit::asked_already(watch).into()),
            Ok(Elsewhere::Unknown) => {
                self.noted_as_again(request, context, watch).await;
                return refused(ToolError::refused(
                    "The same call was begun through another server, and what came of it is not known here; this one sent nothing.",
                    "Read the document, or list the newest ones; only if it was not done, call again in a minute.",
                ));
            }
            Err(Away) => return refused(ToolError::away("nobody can tell whether another server does the same")),
        };
        let answer = self.observed(request, context, true, (watch, told)).await;
        // What was called off before anything was sent has no answer that another server could give.
        alone.done((context.ct.is_cancelled() && watch.has_sent()).then_some(&answer)).await;
        answer
    }

    /// Records that a call asks for what was asked for before.
    async fn noted_as_again(
        &self,
        request: CallToolRequestParams,
        context: &RequestContext<RoleServer>,
        watch: &CallObserver,
    ) {
        if let Some(tool) = self.connection.registry().find(&request.name) {
            let given = request.arguments.unwrap_or_default();
            self.connection.repeat(tool, given, self.client_of(context), watch).await;
        }
    }

    /// Calls a tool: a write that the same caller asks for again is not done again.
    pub(super) async fn called(
        &self,
        request: CallToolRequestParams,
        context: &RequestContext<RoleServer>,
        writes: bool,
    ) -> Result<CallToolResponse, ErrorData> {
        let caller = self.connection.session().caller;
        // What comes over stdio is called off by the protocol.
        let _held = caller.request.is_some().then(|| {
            let call = context.ct.clone();
            self.turns.calls.hold(caller, context.id.clone(), move || call.cancel())
        });
        let (watch, told) = CallObserver::new();
        let is_viewed = views::are_shown(self, context);
        let watch = if is_viewed { watch.with_views(crate::views::meta) } else { watch };
        // From here to the answer: wherever it ends, the log has a line of it.
        let tool = self.connection.registry().find(&request.name).or_else(|| tools::known(&request.name));
        let _waits = tool.map(|tool| {
            let nothing = Map::new();
            let given = request.arguments.as_ref().unwrap_or(&nothing);
            self.connection.waits(tool, given, || self.client_of(context), &watch)
        });
        if !writes || caller.request.is_none() {
            return self.observed(request, context, writes, (&watch, told)).await;
        }
        let key = Key::new(caller, self.connection.narrowing(), &request);
        let shared = self.connection.session().shared;
        let first = loop {
            match self.turns.repeats.begin(key) {
                BeginOutcome::First(first) => break first,
                BeginOutcome::Again(held) => {
                    // What sent nothing has no answer for whoever asks again: now it is done.
                    let Some(repeated) = again(held, context).await else { continue };
                    let is_over = !matches!(repeated, Repeated::Asked);
                    if let Some(shared) = shared.filter(|_| is_over && !context.ct.is_cancelled()) {
                        Box::pin(elsewhere::told(shared, key.bytes())).await;
                    }
                    return match repeated {
                        Repeated::Answered(answer) => {
                            Box::pin(self.noted_as_again(request, context, &watch)).await;
                            *answer
                        }
                        Repeated::Unanswered(error, why) => {
                            watch.ends(why);
                            Err(error)
                        }
                        Repeated::Asked => Ok(elicit::asked_already(&watch).into()),
                    };
                }
            }
        };
        let answer = match shared {
            Some(shared) => Box::pin(self.alone(shared, key, request, context, (&watch, told))).await,
            None => self.observed(request, context, writes, (&watch, told)).await,
        };
        match context.ct.is_cancelled() {
            true if !watch.has_sent() => first.unsent(),
            // Where several servers serve, what all know keeps it.
            is_gone => first.done(&answer, is_gone && shared.is_none()),
        }
        answer
    }

    /// Runs a tool while its client watches, and may call off what has not begun; what is told through `watch` comes by `told`.
    async fn observed(
        &self,
        request: CallToolRequestParams,
        context: &RequestContext<RoleServer>,
        writes: bool,
        (watch, mut told): (&CallObserver, UnboundedReceiver<Progress>),
    ) -> Result<CallToolResponse, ErrorData> {
        let client = self.client_of(context);
        let token = context.meta.get_progress_token();
        // A write that has begun is finished, also when the client leaves.
        let _begun = if writes { Some(self.turns.begin_write().await) } else { None };
        let way = self.way(context, &request);
        let is_viewed = views::are_shown(self, context);
        let viewed = is_viewed.then(|| views::doctype(&self.connection, &request)).flatten();
        let (mut is_cancelled, mut so_far) = (false, ProgressState::default());
        let mut goes_on = tokio::time::Instant::now() + EVERY;
        if context.ct.is_cancelled() {
            watch.stop();
        }
        let mut run = pin!(self.run_confirmed(request, client, way, watch));
        loop {
            tokio::select! {
                biased;
                () = self.turns.stopped(), if !watch.is_stopped() => watch.end(),
                // Before what gives it up: what has never run is not recorded.
                mut result = &mut run => {
                    // What was told last may still be on its way.
                    while let (Some(token), Ok(progress)) = (&token, told.try_recv()) {
                        Box::pin(tell(context, token, so_far.said(progress))).await;
                    }
                    if let (Some(doctype), Ok(answer)) = (&viewed, &mut result) {
                        views::furnish(&self.connection, doctype, answer);
                    }
                    return result;
                }
                () = context.ct.cancelled(), if !is_cancelled => {
                    is_cancelled = true;
                    watch.stop();
                    // A write that has begun is finished: nobody could tell afterwards what it had done.
                    if !writes {
                        return Err(cancelled());
                    }
                }
                Some(progress) = told.recv() => if let Some(token) = &token {
                    Box::pin(tell(context, token, so_far.said(progress))).await;
                    goes_on = tokio::time::Instant::now() + EVERY;
                },
                () = tokio::time::sleep_until(goes_on), if token.is_some() && !is_cancelled => {
                    if let Some(token) = &token {
                        Box::pin(tell(context, token, Some(so_far.goes_on()))).await;
                    }
                    goes_on = tokio::time::Instant::now() + EVERY;
                }
            }
        }
    }
}

/// How a write ends that was asked for before.
enum Repeated {
    /// With the answer of the first.
    Answered(Box<Answer>),
    /// Without, and why.
    Unanswered(ErrorData, &'static str),
    /// Not yet: a person is asked about the first.
    Asked,
}

/// The end of a write that was asked for before; none where the first was called off before anything was sent.
async fn again(mut again: Again, context: &RequestContext<RoleServer>) -> Option<Repeated> {
    let came = tokio::select! {
        came = again.came() => came,
        () = context.ct.cancelled() => return Some(Repeated::Unanswered(cancelled(), "it was called off")),
    };
    let repeated = match came {
        Some(Came::Answered(answer)) => Repeated::Answered(answer),
        Some(Came::Asked) => return Some(Repeated::Asked),
        Some(Came::Unsent | Came::Open) => return None,
        None => {
            let why = "the same write was given up; read the document before trying again";
            let error = ErrorData::new(ErrorCode::INTERNAL_ERROR, why, None);
            Repeated::Unanswered(error, "the same write was given up")
        }
    };
    tracing::info!("the same write was under way, or its answer was lost: it is not done again");
    again.told();
    Some(repeated)
}

/// Tells the client how far a call is. A client that cannot be told learns it from the answer.
async fn tell(context: &RequestContext<RoleServer>, token: &ProgressToken, step: Option<Step>) {
    let Some((done, total)) = step else { return };
    let told = ProgressNotificationParam::new(token.clone(), done);
    let told = match total {
        Some(total) => told.with_total(total),
        None => told,
    };
    if let Err(error) = context.peer.notify_progress(told).await {
        tracing::debug!("progress: {error}");
    }
}
