//! Asking the person behind a client whether a write is meant: by a request of the server's in the handshake era, by an
//! answer that asks for input in the stateless one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ClientCapabilities, ContentBlock, ElicitRequest,
    ElicitRequestParams, ElicitResult, ElicitationAction, ElicitationSchema, InputRequest, InputRequiredResult,
    ProtocolVersion, ServerRequest,
};
use rmcp::service::{PeerRequestOptions, RequestContext};
use rmcp::{ErrorData, Peer, RoleServer};
use serde_json::{Map, Value, json};

use super::Server;
use super::call::Ran;
use super::questions::question_id;
use super::repeats::Key;
use crate::answer::Given;
use crate::error::Unconfirmed;
use crate::site::RequestId;
use crate::tool::arguments::TOKEN;
use crate::tool::progress::CallObserver;
use crate::tools::find::CALL_TOOL;

/// The one question that is asked, and the one field of its form.
const QUESTION: &str = "confirm";

/// How a client can ask its user.
pub enum Way {
    /// It answers requests of the server.
    Request(Peer<RoleServer>),
    /// It is asked on the stream of its request, about this write, and answers by a request of its own.
    Stream(Peer<RoleServer>, Arc<RequestId>, Key),
    /// It repeats the call with the answer.
    Repeat,
}

/// Whether this client speaks the protocol without a handshake.
pub fn is_stateless(context: &RequestContext<RoleServer>) -> bool {
    context.protocol_version().is_some_and(|version| version >= ProtocolVersion::V_2026_07_28)
}

/// Whether a client with these capabilities asks its user by a form. One that names no kind of question does.
pub fn can_ask(capabilities: &ClientCapabilities) -> bool {
    capabilities.elicitation.as_ref().is_some_and(|kinds| kinds.form.is_some() || kinds.url.is_none())
}

/// Asks, and waits for the answer: whether it is a yes. None where the client fails over the question, so that nobody was
/// asked.
async fn ask(peer: &Peer<RoleServer>, question: ElicitRequestParams) -> Option<bool> {
    match peer.create_elicitation(question).await {
        Ok(answer) => Some(is_yes(&answer)),
        Err(error) => {
            tracing::debug!("elicitation: {error}");
            None
        }
    }
}

/// The answer that has the client ask and repeat the call.
fn input_required(question: ElicitRequestParams, token: String) -> InputRequiredResult {
    let request = InputRequest::Elicitation(ElicitRequest::new(question));
    InputRequiredResult::new(Some(BTreeMap::from([(QUESTION.to_owned(), request)])), Some(token))
}

/// What a repeated call brings back: whether the user said yes. A yes puts the token among the arguments.
pub fn answered(request: &mut CallToolRequestParams) -> Option<bool> {
    let answer = request.input_responses.as_ref()?.get(QUESTION)?;
    let yes = serde_json::from_value::<ElicitResult>(answer.clone()).is_ok_and(|answer| is_yes(&answer));
    if yes && let Some(token) = request.request_state.clone() {
        confirm(request, token);
    }
    Some(yes)
}

/// Puts the token among the arguments of the tool that is meant.
pub fn confirm(request: &mut CallToolRequestParams, token: String) {
    let arguments = request.arguments.get_or_insert_default();
    match request.name.as_ref() {
        CALL_TOOL => {
            let inner = arguments.entry("arguments").or_insert_with(|| json!({}));
            // Some clients send objects as JSON in a string.
            if let Some(Ok(unpacked @ Value::Object(_))) = inner.as_str().map(serde_json::from_str) {
                *inner = unpacked;
            }
            if let Some(inner) = inner.as_object_mut() {
                approve(inner, token);
            }
        }
        _ => approve(arguments, token),
    }
}

/// What the user says stands in the place of what the call said.
fn approve(arguments: &mut Map<String, Value>, token: String) {
    arguments.remove("confirm");
    arguments.insert(TOKEN.to_owned(), json!(token));
}

fn question(waits: &Unconfirmed) -> Option<ElicitRequestParams> {
    let schema = ElicitationSchema::builder().required_bool(QUESTION).build_unchecked();
    let message = waits.question.clone()?;
    Some(ElicitRequestParams::FormElicitationParams { meta: None, message, requested_schema: schema })
}

fn is_yes(answer: &ElicitResult) -> bool {
    let said = answer.content.as_ref().and_then(|content| content.get(QUESTION));
    answer.action == ElicitationAction::Accept && said == Some(&Value::Bool(true))
}

impl Server {
    /// How this client asks its user, if it can.
    pub(super) fn way(&self, context: &RequestContext<RoleServer>, call: &CallToolRequestParams) -> Option<Way> {
        if let Some(said) = self.in_session {
            let caller = self.connection.session().caller;
            let request = caller.request.clone().filter(|_| said.asks)?;
            let key = Key::new(caller, self.connection.narrowing(), call);
            return Some(Way::Stream(context.peer.clone(), request, key));
        }
        context.client_capabilities().filter(can_ask)?;
        Some(if is_stateless(context) { Way::Repeat } else { Way::Request(context.peer.clone()) })
    }

    /// Asks on the stream of a request, and waits for the answer, as [`ask`] does. What cannot be read is no yes, nor is what
    /// does not come.
    async fn ask_on_stream(
        &self,
        peer: &Peer<RoleServer>,
        request: &RequestId,
        write: Key,
        question: ElicitRequestParams,
    ) -> Option<bool> {
        let session = self.connection.session();
        // Before it is asked: its answer may come at once.
        let expected = self.turns.questions.expect(session.caller, request.as_str(), write, session.shared);
        let mut expected = expected.await?;
        let _asking = self.turns.repeats.asks(write);
        let question = ServerRequest::ElicitRequest(ElicitRequest::new(question));
        let asked = peer.send_request_with_option(question, PeerRequestOptions::no_options()).await;
        let asked = asked.inspect_err(|error| tracing::debug!("elicitation: {error}")).ok()?;
        let id = question_id(request.as_str(), &asked.id.to_string());
        let Ok(answer) = tokio::time::timeout(PATIENCE, expected.answer(&id)).await else { return Some(false) };
        Some(serde_json::from_value(answer?).is_ok_and(|answer| is_yes(&answer)))
    }

    /// Runs the tool, and asks the user where it waits for a confirmation and the client can ask.
    pub(super) async fn run_confirmed(
        &self,
        mut request: CallToolRequestParams,
        client: Option<String>,
        way: Option<Way>,
        watch: &CallObserver,
    ) -> Result<CallToolResponse, ErrorData> {
        if answered(&mut request) == Some(false) {
            watch.ends("the user did not confirm it");
            return Ok(declined().into());
        }
        // The document can be changed while the user thinks about it: then they are asked about what it has become.
        for _ in 0..MOST_QUESTIONS {
            let waits = match self.run(request.clone(), client.clone(), watch).await? {
                Ran::Done(result) => return Ok(result.into()),
                Ran::Unconfirmed(waits) => waits,
            };
            match (&way, question(&waits)) {
                (None, _) | (_, None) => return Ok(self.preview(*waits).into()),
                (Some(Way::Repeat), Some(question)) => return Ok(input_required(question, waits.token).into()),
                (Some(Way::Request(_) | Way::Stream(..)), Some(question)) => {
                    let asked = async {
                        match &way {
                            Some(Way::Request(peer)) => ask(peer, question).await,
                            Some(Way::Stream(peer, request, write)) => {
                                self.ask_on_stream(peer, request, *write, question).await
                            }
                            Some(Way::Repeat) | None => None,
                        }
                    };
                    let answer = tokio::select! {
                        biased;
                        () = watch.stopped() => return Ok(called_off().into()),
                        answer = Box::pin(asked) => answer,
                    };
                    match answer {
                        Some(true) => {
                            confirm(&mut request, waits.token);
                            watch.begin_again();
                        }
                        Some(false) => return Ok(declined().into()),
                        None => return Ok(self.preview(*waits).into()),
                    }
                }
            }
        }
        Ok(restless().into())
    }

    /// The preview of a write that waits for a confirmation, for clients that cannot ask their user.
    fn preview(&self, waits: Unconfirmed) -> CallToolResult {
        let text = waits.answer.to_string();
        self.success(Given::new(waits.answer, text))
    }
}

/// How long an answer is waited for over HTTP, where the client may have lost the question.
const PATIENCE: Duration = Duration::from_secs(600);
/// How often one call asks the user.
const MOST_QUESTIONS: usize = 4;

fn restless() -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(
        "The document was changed again each time while the user was asked; nothing was sent.\nnext: Read it, and find out who works on it.",
    )])
}

/// The answer of a call that was called off before it did anything.
pub fn called_off() -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text("The call was called off before it began; nothing was sent.")])
}

/// The answer of a call that asks for what a person is asked about for another one: who says yes there has it done once.
pub fn asked_already(watch: &CallObserver) -> CallToolResult {
    watch.ends("a person is asked about the same write");
    CallToolResult::error(vec![ContentBlock::text(
        "A person is asked about the same call already, in another request of the same user; this one sent nothing.\nnext: Have them answer that question, and look what became of it before calling again. It is given up after ten minutes.",
    )])
}

fn declined() -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(
        "The user did not confirm it; nothing was sent.\nnext: Ask the user what to do instead; do not repeat the call.",
    )])
}
