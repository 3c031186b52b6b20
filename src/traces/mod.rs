//! Spans of what this server does, for a collector that speaks OTLP over HTTP. They name methods, tools, hosts and outcomes:
//! never an argument, a value, a user or a document. Lines of the audit log go there only where they are sent on purpose.

mod answer;
pub mod logs;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{FutureExt, SpanKind, Status, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue, global};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response, ResponseBodyTooLarge};
use opentelemetry_otlp::{SpanExporter, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use reqwest::redirect::Policy;
use tokio::runtime::Handle;

/// Who makes the spans.
const NAME: &str = "erpnext-mcp";
/// How long a collector may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest answer of one, in bytes.
const MOST_ANSWERED: usize = 4 << 20;
/// The variables that name a collector; the SDK reads them, and the others of its specification.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
/// Attributes of whoever makes the spans, `key=value` with commas between them.
const ATTRIBUTES: &str = "OTEL_RESOURCE_ATTRIBUTES";

/// The spans of this process on their way to a collector.
#[derive(Debug)]
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Begins to send spans, if the environment names a collector. Called inside the runtime that will send them.
    ///
    /// # Errors
    /// An address of a collector, or another variable of the exporter, that cannot be used.
    pub fn start() -> Result<Option<Self>, HttpError> {
        if !ENDPOINTS.into_iter().any(is_stated) {
            return Ok(None);
        }
        let http = Http { http: client()?, runtime: Handle::current() };
        let exporter = SpanExporter::builder().with_http().with_http_client(http).build()?;
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource());
        let provider = provider.build();
        global::set_tracer_provider(provider.clone());
        Ok(Some(Self(provider)))
    }

    /// Sends what is left.
    pub async fn end(self) {
        // It waits for the exporter's thread, which waits for this runtime.
        let ended = tokio::task::spawn_blocking(move || self.0.shutdown()).await;
        if let Ok(Err(error)) = ended {
            tracing::warn!("the last spans could not be sent: {error}");
        }
    }
}

/// Whether a variable of the environment says anything.
fn is_stated(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
}

/// What speaks to a collector, and to nobody whom it names: what is sent is for the one of the configuration.
fn client() -> reqwest::Result<reqwest::Client> {
    // Another part of the process may have chosen it before; any will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().timeout(PATIENCE).redirect(Policy::none()).build()
}

/// Who sends, as the environment says.
fn resource() -> Resource {
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let resource = Resource::builder().with_attribute(version);
    let attributes = std::env::var(ATTRIBUTES).unwrap_or_default();
    let mut keys = attributes.split(',').filter_map(|stated| Some(stated.split_once('=')?.0.trim()));
    if is_stated("OTEL_SERVICE_NAME") || keys.any(|key| key == "service.name") {
        return resource.build();
    }
    resource.with_service_name(NAME).build()
}

/// The answer of a collector.
async fn sent(http: reqwest::Client, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let mut answer = http.execute(request.try_into()?).await?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if body.len() + chunk.len() > MOST_ANSWERED {
            return Err(ResponseBodyTooLarge::new().into());
        }
        body.extend_from_slice(&chunk);
    }
    let mut told = Response::new(Bytes::from(body));
    *told.status_mut() = status;
    // When it may be tried again.
    *told.headers_mut() = headers;
    Ok(told)
}

/// Sends spans from the exporter's own thread on the runtime of the server.
#[derive(Debug)]
struct Http {
    http: reqwest::Client,
    runtime: Handle,
}

impl HttpClient for Http {
    fn send_bytes<'own, 'sent>(
        &'own self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'sent>>
    where
        'own: 'sent,
        Self: 'sent,
    {
        let sent = self.runtime.spawn(sent(self.http.clone(), request));
        Box::pin(async move { sent.await? })
    }
}

/// One thing that is done.
#[derive(Debug)]
pub struct Span(Context);

impl Span {
    /// What a client asks of this server, under the `traceparent` and `tracestate` that it sent.
    pub fn of_request(name: String, attributes: Vec<KeyValue>, sent: (Option<&str>, Option<&str>)) -> Self {
        let parent = TraceContextPropagator::new().extract_with_context(&Context::new(), &Sent(sent));
        Self::begin(name, SpanKind::Server, attributes, &parent)
    }

    /// What this server asks of a site, as part of what it does now.
    pub fn of_site(method: &str, host: &str) -> Self {
        let attributes = vec![
            KeyValue::new("http.request.method", method.to_owned()),
            KeyValue::new("server.address", host.to_owned()),
        ];
        Self::begin(method.to_owned(), SpanKind::Client, attributes, &Context::current())
    }

    fn begin(name: String, kind: SpanKind, attributes: Vec<KeyValue>, parent: &Context) -> Self {
        let tracer = global::tracer(NAME);
        let span = tracer.span_builder(name).with_kind(kind).with_attributes(attributes);
        Self(parent.with_span(span.start_with_context(&tracer, parent)))
    }

    /// Does something as a part of it.
    pub fn holding<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        work.with_context(self.0.clone())
    }

    /// Adds what came of it.
    pub fn note(&self, attribute: &'static str, value: impl Into<opentelemetry::Value>) {
        self.0.span().set_attribute(KeyValue::new(attribute, value));
    }

    /// Ends it, with what went wrong.
    pub fn end(self, error: Option<String>) {
        if let Some(error) = error {
            self.note("error.type", error);
            self.0.span().set_status(Status::error(""));
        }
        self.0.span().end();
    }
}

/// `traceparent` and `tracestate`, as a client sent them.
struct Sent<'s>((Option<&'s str>, Option<&'s str>));

impl Extractor for Sent<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            "traceparent" => self.0.0,
            "tracestate" => self.0.1,
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent", "tracestate"]
    }
}
