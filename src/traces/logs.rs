//! Lines of a log for a collector that speaks OTLP over HTTP. They are sent by whoever keeps them, who learns which did not get
//! there.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use opentelemetry::InstrumentationScope;
use opentelemetry::logs::{LogRecord, Logger, LoggerProvider, Severity};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{LogExporter, WithHttpConfig};
use opentelemetry_sdk::logs::{LogBatch, LogExporter as _, SdkLogger, SdkLoggerProvider};

use super::answer::rejected;
use super::{NAME, client, is_stated, resource, sent};

/// The variables that name a collector of logs.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];

/// A line.
#[derive(Clone, Copy, Debug)]
pub struct Line<'l> {
    /// The log that it stands in.
    pub log: &'l str,
    /// The line.
    pub text: &'l str,
    /// When it was written.
    pub time: Timestamp,
    /// Whether it is about something that was refused or went wrong.
    pub is_warning: bool,
}

/// The way to a collector.
#[derive(Debug)]
pub struct Logs {
    exporter: LogExporter,
    /// Makes records; none goes through it.
    logger: SdkLogger,
    scope: InstrumentationScope,
    /// The last answer of the collector: the exporter does not give it on.
    answer: Arc<Mutex<Bytes>>,
}

impl Logs {
    /// To the collector that the environment names.
    ///
    /// # Errors
    /// It names none, or an address that cannot be used.
    pub fn new() -> io::Result<Self> {
        if !ENDPOINTS.into_iter().any(is_stated) {
            let message = format!("no collector is named: set {} or {}", ENDPOINTS[1], ENDPOINTS[0]);
            return Err(io::Error::other(message));
        }
        let answer = Arc::<Mutex<Bytes>>::default();
        let http = Here { http: client().map_err(io::Error::other)?, answer: Arc::clone(&answer) };
        let exporter = LogExporter::builder().with_http().with_http_client(http).build();
        let mut exporter = exporter.map_err(io::Error::other)?;
        exporter.set_resource(&resource());
        let logger = SdkLoggerProvider::builder().build().logger(NAME);
        Ok(Self { exporter, logger, scope: InstrumentationScope::builder(NAME).build(), answer })
    }

    /// Sends these lines, in one request; gives how many of them the collector rejected.
    ///
    /// # Errors
    /// The collector did not take them.
    pub async fn send(&self, lines: impl Iterator<Item = Line<'_>>) -> io::Result<u64> {
        let record = |line: Line<'_>| {
            let mut record = self.logger.create_log_record();
            record.set_timestamp(line.time.into());
            record.set_observed_timestamp(line.time.into());
            let (severity, name) = if line.is_warning { (Severity::Warn, "WARN") } else { (Severity::Info, "INFO") };
            record.set_severity_number(severity);
            record.set_severity_text(name);
            record.set_body(line.text.to_owned().into());
            record.add_attribute("audit", line.log.to_owned());
            record
        };
        let records: Vec<_> = lines.map(record).collect();
        let scoped: Vec<_> = records.iter().map(|record| (record, &self.scope)).collect();
        let taken = self.exporter.export(LogBatch::new(&scoped)).await;
        taken.map_err(|error| io::Error::other(error.to_string()))?;
        let answer = std::mem::take(&mut *self.answer.lock().unwrap_or_else(PoisonError::into_inner));
        rejected(&answer).ok_or_else(|| io::Error::other("what answered is no collector of logs"))
    }
}

/// Sends where it is called.
#[derive(Debug)]
struct Here {
    http: reqwest::Client,
    answer: Arc<Mutex<Bytes>>,
}

impl HttpClient for Here {
    fn send_bytes<'own, 'sent>(
        &'own self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'sent>>
    where
        'own: 'sent,
        Self: 'sent,
    {
        let (sent, last) = (sent(self.http.clone(), request), Arc::clone(&self.answer));
        Box::pin(async move {
            let answer = sent.await?;
            last.lock().unwrap_or_else(PoisonError::into_inner).clone_from(answer.body());
            Ok(answer)
        })
    }
}
