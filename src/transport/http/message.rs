//! A message of somebody who is known: checked, read within the limits, and answered by a server of its caller.

use std::net::IpAddr;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, HeaderValue, RETRY_AFTER};
use hyper::http::request::Parts;
use hyper::{Response, StatusCode};
use rmcp::model::{ClientJsonRpcMessage, ClientRequest};

use super::admission::is_large;
use super::refusal::{Body, Refusal, empty, worded};
use super::session::Part;
use super::sign_in::Signed;
use super::site::Site;
use super::{Endpoint, body, challenge, oauth, route, session};
use crate::app::Connection;
use crate::config::Narrowing;
use crate::oauth::Scope;
use crate::server::Server;
use crate::tool::Effect;
use crate::tools::find;
use crate::transport::message;

impl Endpoint {
    /// The answer to a message for a site; `narrowing` is that of the path that it was sent to.
    pub(super) async fn message(
        &self,
        site: &Site,
        narrowing: Narrowing,
        address: IpAddr,
        id: &str,
        mut head: Parts,
        body: &mut Incoming,
    ) -> Result<Response<Body>, Refusal> {
        if self.turns().is_stopped() {
            let message = "the server is ending: try again in seconds";
            let again = HeaderValue::from_static("5");
            return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, message).with(RETRY_AFTER, again));
        }
        body::check_types(&mut head.headers)?;
        let narrowing = narrowing.and(route::narrowing_by(&head.headers)?);
        let Signed { mut caller, narrowing: left, scope } = self.caller(site, address, id, &head).await?;
        let user = caller.identity();
        let admitted = self.admission.admit(user.as_bytes()).await?;
        let narrowing = narrowing.and(left);
        let under = |scope: Scope| site.views.view(narrowing.clone().and(scope.narrowing()));
        let (app, list) = under(scope.unwrap_or(Scope::Submit))?;
        // Nothing behind this needs it.
        head.headers.remove(AUTHORIZATION);
        let read = self.admission.read(admitted, user.as_bytes(), &self.bodies, body, self.patience.body);
        let (body, held) = read.await?;
        body::check(&body)?;
        let part = match &site.sessions {
            Some(sessions) => sessions.enter(&mut caller, &head.headers, &body).await?,
            None => Part::Nothing,
        };
        if let Some((issuer, scope)) = site.issuer.as_ref().zip(scope) {
            let has = |scope, tool: &str| under(scope).is_ok_and(|(app, _)| app.has_tool(tool));
            if let Some(step) = oauth::needed(&body, scope, has) {
                oauth::record(&under(step.scope)?.0, caller, &step).await;
                return Err(challenge::insufficient(step.scope, issuer.addresses(), head.uri.path()));
            }
        }
        let unknown = || Refusal::new(StatusCode::NOT_FOUND, "the site is not served");
        let connection = Arc::new(app.connect(caller).ok_or_else(unknown)?);
        site.read_metadata(&connection);
        let server = Server::sharing(Arc::clone(&connection), list, self.turns.clone())
            .counted(self.metrics.of_site(site.label()));
        let said = part.said(&body);
        let server = server.in_session(said);
        if said.is_some()
            && let Some(is_awaited) = server.take_reply(&body).await
        {
            return if is_awaited { Ok(empty(StatusCode::ACCEPTED)) } else { Err(session::late()) };
        }
        server.call_off(&body);
        let answer = self.protocol.answer(server, head, body.clone()).await;
        match answer.status() {
            // The media type was right: it is the message that could not be read.
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Err(body::reason(&body)),
            _ => {
                let answer = worded(answer).await?;
                // What a write answers is not asked for again.
                let held = match is_large(&answer) && reads(&connection, &body) {
                    true => self.admission.hold_large(held, user.as_bytes()).await?,
                    false => held,
                };
                Ok(held.until_the_end_of(part.mark(answer, id)))
            }
        }
    }
}

/// Whether what a message asks for changes nothing.
fn reads(connection: &Connection, body: &[u8]) -> bool {
    let Ok(Some(ClientJsonRpcMessage::Request(message))) = message::read(body) else { return true };
    let ClientRequest::CallToolRequest(call) = message.request else { return true };
    let tool = find::named(connection.registry(), &call.params.name, call.params.arguments.as_ref());
    tool.is_none_or(|tool| tool.effect() == Effect::Reads)
}
