//! One request and its answer, over the two connection pools.

use std::error::Error;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, SystemTime};

use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER,
};
use reqwest::{ClientBuilder, Request, Response};
use secrecy::ExposeSecret;
use serde_json::{Map, Value};

use super::reply::{Reply, RequestInfo, Weighed, good, parsed};
use super::{Answer, Body, Call, Caller, Client, ClientOptions, SiteError, SiteErrorKind, Stranger, call_state, url};
use crate::limit::aside;
use crate::limit::memory::{self, Share};

/// The name of the call that a request serves, as the audit log has it; Frappe's monitor keeps the second.
const REQUEST_ID: [HeaderName; 2] =
    [HeaderName::from_static("x-request-id"), HeaderName::from_static("x-frappe-request-id")];

impl Client {
    /// The request as it leaves.
    pub(super) async fn prepare(
        &self,
        caller: &Caller,
        asked: RequestInfo<'_>,
        call: &Call<'_>,
    ) -> Result<(reqwest::Client, Request), SiteError> {
        let Some(address) = caller.site.join(&call.path, &url::query_string(&call.query)) else {
            return Err(asked.error(SiteErrorKind::BadName, "it would lead to another address"));
        };
        let http = self.http(caller, asked).await?;
        let mut request = http.request(call.method.clone(), address);
        if let Some(authorization) = caller.credentials.authorization() {
            let mut authorization = HeaderValue::from_str(authorization.expose_secret())
                .map_err(|_| asked.error(SiteErrorKind::BadKey, "they have characters that cannot be sent"))?;
            authorization.set_sensitive(true);
            request = request.header(AUTHORIZATION, authorization);
        }
        if let Some(id) = call_state::id() {
            request = REQUEST_ID.into_iter().fold(request, |request, name| request.header(name, &id));
        }
        let request = match &call.body {
            Body::None => request,
            Body::Json(body) => request.json(body),
            Body::Form(pairs) => request.form(pairs),
            Body::Parts { boundary, bytes } => {
                let kind = format!("multipart/form-data; boundary={boundary}");
                request.header(CONTENT_TYPE, kind).body(bytes.clone())
            }
        };
        let request = request.build().map_err(|error| self.broken(asked, error))?;
        Ok((http.clone(), request))
    }

    /// Sends it and reads the reply, whatever it says; parsed already, where that is wanted.
    pub(super) async fn exchange(
        &self,
        asked: RequestInfo<'_>,
        http: &reqwest::Client,
        request: Request,
        parses: bool,
    ) -> Result<Reply, SiteError> {
        #[cfg(feature = "otel")]
        let span =
            crate::traces::Span::of_site(request.method().as_str(), request.url().host_str().unwrap_or_default());
        let reply = async {
            let response = http.execute(request).await.map_err(|error| self.broken(asked, error))?;
            self.read(asked, response, parses).await
        };
        let reply = reply.await;
        #[cfg(feature = "otel")]
        {
            if let Ok(reply) = &reply {
                span.note("http.response.status_code", i64::from(reply.status));
            }
            let failed = reply.as_ref().map_or_else(|error| Some(format!("{:?}", error.kind())), |_| None);
            span.end(failed);
        }
        reply
    }

    async fn http(&self, caller: &Caller, asked: RequestInfo<'_>) -> Result<&reqwest::Client, SiteError> {
        if !caller.site.is_encrypted() {
            return Ok(&self.plain);
        }
        let make = async || builder(&self.options).https_only(true).build();
        self.encrypted.get_or_try_init(make).await.map_err(|error| asked.error(SiteErrorKind::Tls, root_cause(&error)))
    }

    async fn read(&self, asked: RequestInfo<'_>, mut response: Response, parses: bool) -> Result<Reply, SiteError> {
        let max = self.options.max_answer;
        let too_large = || asked.error(SiteErrorKind::TooLarge, format!("more than {max} bytes"));
        let (mut share, mut length) = (None, 0);
        let stated = response.content_length().map(|length| usize::try_from(length).unwrap_or(usize::MAX));
        if stated.is_some_and(|length| length > max) {
            return Err(too_large());
        }
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let mut reply = Reply {
            status: response.status().as_u16(),
            retry_after: header(RETRY_AFTER),
            location: header(LOCATION),
            content_type: header(CONTENT_TYPE),
            body: Vec::with_capacity(stated.unwrap_or(0).min(memory::SMALL)),
            json: None,
            weight: 0,
            share: None,
        };
        if let Some(date) = header(DATE) {
            *self.date.lock().unwrap_or_else(PoisonError::into_inner) = Some((date, SystemTime::now()));
        }
        loop {
            let chunk = response.chunk().await.map_err(|error| match &share {
                // What was waited for was memory of this machine.
                Some(_) if error.is_timeout() => busy(asked),
                _ => self.broken(asked, error),
            })?;
            let Some(chunk) = chunk else { break };
            length += chunk.len();
            if length > max {
                return Err(too_large());
            }
            if share.is_none() && length > memory::SMALL {
                share = Some(self.share(asked).await?);
            }
            reply.body.extend_from_slice(&chunk);
        }
        // Of what is not parsed whole, less is made than it weighs at most.
        reply.weight = memory::weight(&reply.body, if parses { memory::SMALL } else { memory::MOST / 4 });
        if share.is_none() && reply.weight > memory::SMALL {
            share = Some(self.share(asked).await?);
        }
        let is_json = reply.content_type.as_deref().is_some_and(|kind| kind.starts_with("application/json"));
        if parses && is_json && reply.weight <= memory::MOST {
            let body = reply.body;
            let parse = move || (parsed(&body), body);
            (reply.json, reply.body) = aside(length, parse).await;
        }
        Ok(Reply { share, ..reply })
    }

    /// Parses a good answer, for which memory is set aside already.
    pub(super) async fn parsed(
        &self,
        asked: RequestInfo<'_>,
        body: Arc<Weighed>,
    ) -> Result<Answer<Map<String, Value>>, SiteError> {
        let length = body.bytes.len();
        let parse = move || (parsed(&body.bytes), body);
        let (data, body) = aside(length, parse).await;
        good(asked, data, &body)
    }

    /// Sets memory aside for an answer from the cache, or one that another call asked for at the same time: as much as the
    /// call that asked.
    pub(super) async fn make_room(&self, asked: RequestInfo<'_>, weight: usize) -> Result<(), SiteError> {
        if weight > memory::SMALL {
            call_state::hold(self.share_of(asked, weight).await?);
        }
        Ok(())
    }

    /// Memory for a large answer, and for what it is parsed to.
    async fn share(&self, asked: RequestInfo<'_>) -> Result<Share, SiteError> {
        self.share_of(asked, self.options.max_answer + memory::MOST).await
    }

    async fn share_of(&self, asked: RequestInfo<'_>, bytes: usize) -> Result<Share, SiteError> {
        let share = if call_state::holds_a_share() {
            // Two calls that wait for what the other one holds would wait for ever.
            self.budget.take_now(bytes)
        } else {
            tokio::time::timeout(self.options.timeout, self.budget.take(bytes)).await.ok().flatten()
        };
        share.ok_or_else(|| busy(asked))
    }

    fn broken(&self, asked: RequestInfo<'_>, error: reqwest::Error) -> SiteError {
        let kind = if error.is_connect() {
            // An alert that comes later ends a connection over which something was sent.
            if is_tls(&error) { SiteErrorKind::Tls } else { SiteErrorKind::Unreachable }
        } else if error.is_timeout() {
            return asked.error(SiteErrorKind::TimedOut, format!("no whole answer within {:?}", self.options.timeout));
        } else if error.is_builder() {
            SiteErrorKind::Misuse
        } else {
            SiteErrorKind::Cut
        };
        let words = root_cause(&error);
        let is_encrypted = error.url().is_none_or(|url| url.scheme() == "https");
        let stranger = Stranger::without_answer(kind, &words, is_encrypted).map(Box::new);
        SiteError { stranger, ..asked.error(kind, asked.credentials.mask(&words)) }
    }
}

fn busy(asked: RequestInfo<'_>) -> SiteError {
    asked.error(SiteErrorKind::TooLarge, "other calls hold the memory for large answers now")
}

/// A client without certificates, for plain http.
pub(super) fn plain(options: &ClientOptions) -> Result<reqwest::Client, String> {
    // A proxy would read the secret of a plain request; and plain is for this machine or the next.
    builder(options).tls_certs_only([]).no_proxy().build().map_err(|error| root_cause(&error))
}

fn builder(options: &ClientOptions) -> ClientBuilder {
    let accept = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]);
    // No cookie store is compiled in: a session cookie would beat the token.
    reqwest::Client::builder()
        .user_agent(concat!("erpnext-mcp/", env!("CARGO_PKG_VERSION")))
        .default_headers(accept)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .timeout(options.timeout)
        .connect_timeout(options.timeout.min(Duration::from_secs(10)))
        .tcp_nodelay(true)
        .gzip(true)
}

/// What lies at the bottom of an error; the layers above it repeat the address.
pub(super) fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(below) = cause.source() {
        cause = below;
    }
    cause.to_string()
}

/// Whether the encrypted connection could not be made.
pub(super) fn is_tls(error: &(dyn Error + 'static)) -> bool {
    // The source of an I/O error is the source of what it wraps, not what it wraps.
    let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    error.is::<rustls::Error>() || wrapped.is_some_and(|inner| is_tls(inner)) || error.source().is_some_and(is_tls)
}
