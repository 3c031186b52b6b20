//! The one place where requests leave: reads are answered from the cache or sent, and tried again where that is safe; a
//! write is sent once and drops what was cached.

use std::sync::Arc;
use std::time::Instant;

use serde_json::{Map, Value};

use super::reply::{Reply, RequestInfo, Sent, Weighed, decode, unparsed};
use super::retry::may_repeat;
use super::{Answer, Body, Call, CallerClient, Redact, SiteError, SiteErrorKind, call_state, endpoints, url};
use crate::cache::{Beside, Cache, LARGEST};
use crate::policy::{Operation, Permit};

/// Answers as the site sent them: unpacked, they take several times the room.
pub(super) type Cached = Cache<Weighed, SiteError>;

impl CallerClient<'_> {
    /// Sends a request that is answered with a JSON object.
    pub(super) async fn send(&self, call: Call<'_>) -> Result<Answer<Map<String, Value>>, SiteError> {
        // On the heap: every future of the program ends in this one, and would hold all of it.
        Box::pin(self.send_for(call, |asked, mut reply| decode(asked, &mut reply))).await
    }

    /// Sends a request, again where that is safe and can help, until the time for it is over; `read` makes of the reply
    /// what it is.
    pub(super) async fn send_for<T>(
        &self,
        call: Call<'_>,
        read: fn(RequestInfo<'_>, Reply) -> Result<T, SiteError>,
    ) -> Result<T, SiteError> {
        self.send_as(call, true, read).await
    }

    /// The same for a reply that is parsed on the way, or not.
    async fn send_as<T>(
        &self,
        call: Call<'_>,
        parses: bool,
        read: fn(RequestInfo<'_>, Reply) -> Result<T, SiteError>,
    ) -> Result<T, SiteError> {
        let line = call.line();
        let redactor = call_state::redactor();
        let credentials = &self.caller.credentials;
        let asked = RequestInfo { call: &line, writes: call.writes, credentials, redactor: redactor.as_deref() };
        let mut prepared = Some(self.client.prepare(self.caller, asked, &call).await?);
        let _forget = Forget(self.client.cache.as_ref().filter(|_| call.writes));
        let is_metadata = call.path.ends_with(endpoints::DOCTYPE);
        let identity = self.caller.identity();
        let timeout = self.client.options.timeout;
        let deadline = Instant::now() + timeout;
        let mut waits = self.client.options.retry.waits();
        loop {
            let (http, mut request) = match prepared.take() {
                Some(prepared) => prepared,
                None => self.client.prepare(self.caller, asked, &call).await?,
            };
            let permit = self.client.traffic.enter(asked, identity.as_bytes(), deadline).await?;
            let mut left = timeout;
            if call.writes {
                call_state::writes();
            } else {
                // A write that has begun keeps the whole time: cut short, nobody would know what it did.
                left = deadline.saturating_duration_since(Instant::now());
                *request.timeout_mut() = Some(left);
            }
            let since = Instant::now();
            let among = self.client.traffic.under_way();
            let result = self.client.exchange(asked, &http, request, parses).await.and_then(|mut reply| {
                // Bytes that are not parsed here stay beside what is made of them.
                let kept = if parses { 0 } else { reply.body.len() };
                let (share, held) = (reply.share.take(), reply.weight.saturating_add(kept));
                let result = read(asked, reply);
                // Of metadata only what is learned of it at once stays: a call that asks for that of many DocTypes would hold all.
                if let Some(mut share) = share.filter(|_| !is_metadata) {
                    share.shrink(held);
                    call_state::hold(share);
                }
                result
            });
            self.client.traffic.heard(asked, &result, (since, among), left < timeout / 2);
            drop(permit);
            let Err(error) = result else { return result };
            if error.kind() == SiteErrorKind::BadKey {
                credentials.reject();
            }
            let wait = waits.next().filter(|_| may_repeat(error.kind(), call.writes));
            match wait.filter(|wait| Instant::now() + *wait < deadline) {
                None => return Err(error),
                Some(wait) => {
                    tracing::debug!("{}; again in {wait:?}", error.for_log());
                    tokio::time::sleep(wait).await;
                }
            }
        }
    }

    /// The answer to a read, as it was kept where that will do.
    pub(super) async fn recall(
        &self,
        permit: &Permit,
        call: Call<'_>,
    ) -> Result<Answer<Map<String, Value>>, SiteError> {
        let Some(cache) = self.cache(permit) else { return self.send(call).await };
        let line = call.line();
        match self.kept(cache, permit, call).await? {
            Sent::Parsed(answer) => Ok(answer),
            Sent::Bytes(bytes) => self.parsed(&line, bytes).await,
        }
    }

    /// The same, not parsed where that is not needed on the way.
    pub(super) async fn recall_unparsed(&self, permit: &Permit, call: Call<'_>) -> Result<Sent, SiteError> {
        match self.cache(permit) {
            Some(cache) => self.kept(cache, permit, call).await,
            None => Box::pin(self.send_as(call, false, unparsed)).await,
        }
    }

    /// Parses the answer to a read.
    pub(super) async fn parsed(
        &self,
        line: &str,
        bytes: Arc<Weighed>,
    ) -> Result<Answer<Map<String, Value>>, SiteError> {
        let redactor = call_state::redactor();
        self.client.parsed(self.read_by(line, redactor.as_deref()), bytes).await
    }

    fn read_by<'a>(&'a self, line: &'a str, redactor: Option<&'a dyn Redact>) -> RequestInfo<'a> {
        RequestInfo { call: line, writes: false, credentials: &self.caller.credentials, redactor }
    }

    /// What is kept, for a permit to read only: what a write starts from and what it stored are always asked for.
    fn cache(&self, permit: &Permit) -> Option<&Cached> {
        self.client.cache.as_ref().filter(|_| permit.operation() == Operation::Read)
    }

    /// The answer as it is kept, or as the site gives it. The permit is part of the question: under another rule it is
    /// another one.
    async fn kept(&self, cache: &Cached, permit: &Permit, call: Call<'_>) -> Result<Sent, SiteError> {
        let body = match &call.body {
            Body::None => Vec::new(),
            Body::Json(body) => body.to_string().into_bytes(),
            Body::Form(pairs) => url::query_string(pairs).into_bytes(),
            Body::Parts { bytes, .. } => bytes.clone(),
        };
        let line = call.line();
        let key = cache.key(&(self.caller.identity().as_bytes(), permit, &line, &call.query, &body));
        let mut own = None;
        let ask = async {
            let whole = |asked: RequestInfo<'_>, mut reply: Reply| {
                let answer = decode(asked, &mut reply)?;
                // What unpacks to more would take that room whenever it is used.
                let size = if reply.weight > LARGEST { reply.weight } else { reply.body.len() };
                let beside = Some(Beside::new(size));
                Ok((answer, Weighed { beside, ..Weighed::from(reply) }, size))
            };
            let (answer, body, size) = Box::pin(self.send_for(call, whole)).await?;
            own = Some(answer);
            Ok((body, size))
        };
        let (kept, age) = cache.get(key, call_state::is_fresh(), ask).await?;
        age.into_iter().for_each(call_state::used);
        if let Some(answer) = own {
            return Ok(Sent::Parsed(answer));
        }
        self.client.make_room(self.read_by(&line, None), kept.weight).await?;
        Ok(Sent::Bytes(kept))
    }
}

/// Drops what is kept when a write is over, however it ends: cut, refused or given up, it may have changed something.
struct Forget<'a>(Option<&'a Cached>);

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        if let Some(cache) = self.0 {
            cache.forget();
        }
    }
}
