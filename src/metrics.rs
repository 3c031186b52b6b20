//! What a server counts of itself, in the form that Prometheus reads. Labels are sites, tools and outcomes: never a user, a
//! document or a value.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

/// The bounds between which the times of calls are counted, in seconds.
const BOUNDS: [f64; 10] = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 180.0];

/// What a server counts; cheap to clone.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Arc<Registry>,
    requests: Family<Status, Counter>,
    sign_ins: Family<Of, Counter>,
    calls: Family<Called, Counter>,
    seconds: Family<Site, Histogram>,
    gauges: [Gauge; 3],
    site_requests: Family<Of, Counter>,
    resting: Family<Site, Gauge>,
    shared: Family<Site, Gauge>,
    unshipped: Family<Site, Counter>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct Status {
    status: u16,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct Site {
    site: String,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct Of {
    site: String,
    outcome: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct Called {
    site: String,
    tool: String,
    outcome: &'static str,
}

/// What is not counted but looked at when it is asked for.
#[derive(Debug)]
pub struct Now<'a> {
    /// Connections of clients.
    pub connections: usize,
    /// Calls that run.
    pub running: usize,
    /// Calls that wait for their turn.
    pub waiting: usize,
    /// The sites, by name.
    pub sites: Vec<(&'a str, Health)>,
}

/// How a site has been.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Health {
    /// Requests that it answered, whatever it said.
    pub answered: u64,
    /// Requests that it did not answer.
    pub failed: u64,
    /// Whether it is left alone for a while, as it failed several times in a row.
    pub is_resting: bool,
    /// Whether what servers share of it answers, where they share something.
    pub is_shared_up: Option<bool>,
    /// Lines of its audit log that did not get where they are sent, where they are sent somewhere.
    pub unshipped: Option<u64>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("erpnext_mcp");
        let made = Self {
            registry: Arc::default(),
            requests: Family::default(),
            sign_ins: Family::default(),
            calls: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(BOUNDS)),
            gauges: Default::default(),
            site_requests: Family::default(),
            resting: Family::default(),
            shared: Family::default(),
            unshipped: Family::default(),
        };
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The program", build);
        registry.register("http_requests", "Requests by the status of their answer", made.requests.clone());
        registry.register("sign_ins", "Requests by what came of their signing in", made.sign_ins.clone());
        registry.register("tool_calls", "Calls of tools", made.calls.clone());
        let help = "Time from a call's arrival to its answer";
        registry.register_with_unit("tool_call_duration", help, Unit::Seconds, made.seconds.clone());
        let [connections, running, waiting] = &made.gauges;
        registry.register("connections", "Connections of clients", connections.clone());
        registry.register("calls_running", "Calls under way", running.clone());
        registry.register("calls_waiting", "Calls that wait for their turn", waiting.clone());
        registry.register("site_requests", "Requests to the site", made.site_requests.clone());
        registry.register("site_resting", "1 while the site is left alone after failures", made.resting.clone());
        let help = "1 while what servers share (http.redis) answers; writes are refused while it does not";
        registry.register("shared_up", help, made.shared.clone());
        let help = "Lines of the audit log that did not get where audit.ship sends them; they stand in its file";
        registry.register("audit_unshipped", help, made.unshipped.clone());
        Self { registry: Arc::new(registry), ..made }
    }
}

impl Metrics {
    /// A request was answered.
    pub fn request(&self, status: u16) {
        self.requests.get_or_create(&Status { status }).inc();
    }

    /// The signing in of a request had an outcome.
    pub fn sign_in(&self, site: &str, outcome: &'static str) {
        self.sign_ins.get_or_create(&Of { site: site.to_owned(), outcome }).inc();
    }

    /// What is counted for one site.
    pub fn of_site(&self, site: &str) -> SiteMetrics {
        SiteMetrics { metrics: self.clone(), site: site.into() }
    }

    /// All of it, as text.
    pub fn text(&self, now: &Now<'_>) -> String {
        let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        for (gauge, value) in self.gauges.iter().zip([now.connections, now.running, now.waiting]) {
            gauge.set(count(value));
        }
        for (name, health) in &now.sites {
            let site = (*name).to_owned();
            for (outcome, counted) in [("answered", health.answered), ("failed", health.failed)] {
                let counter = self.site_requests.get_or_create_owned(&Of { site: site.clone(), outcome });
                counter.inner().store(counted, Ordering::Relaxed);
            }
            if let Some(is_up) = health.is_shared_up {
                self.shared.get_or_create(&Site { site: site.clone() }).set(i64::from(is_up));
            }
            if let Some(lost) = health.unshipped {
                let counter = self.unshipped.get_or_create_owned(&Site { site: site.clone() });
                counter.inner().store(lost, Ordering::Relaxed);
            }
            self.resting.get_or_create(&Site { site }).set(i64::from(health.is_resting));
        }
        let mut text = String::new();
        // A string takes whatever is written.
        let _ = text::encode(&mut text, &self.registry);
        text
    }
}

/// What is counted for one site.
#[derive(Clone, Debug)]
pub struct SiteMetrics {
    metrics: Metrics,
    site: Arc<str>,
}

impl SiteMetrics {
    /// A tool was called; it is one that there is, or none.
    pub fn call(&self, tool: Option<&str>, outcome: &'static str, took: Duration) {
        let site = self.site.to_string();
        self.metrics.seconds.get_or_create(&Site { site: site.clone() }).observe(took.as_secs_f64());
        let tool = tool.unwrap_or("other").to_owned();
        self.metrics.calls.get_or_create(&Called { site, tool, outcome }).inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_told() {
        let metrics = Metrics::default();
        metrics.request(200);
        metrics.request(200);
        metrics.sign_in("north", "refused");
        metrics.of_site("north").call(Some("list_lead_documents"), "done", Duration::from_millis(20));
        let health = Health { answered: 7, failed: 1, is_resting: true, is_shared_up: Some(true), unshipped: Some(4) };
        let text = metrics.text(&Now { connections: 3, running: 2, waiting: 1, sites: vec![("north", health)] });
        for line in [
            "erpnext_mcp_http_requests_total{status=\"200\"} 2",
            "erpnext_mcp_sign_ins_total{site=\"north\",outcome=\"refused\"} 1",
            "erpnext_mcp_tool_calls_total{site=\"north\",tool=\"list_lead_documents\",outcome=\"done\"} 1",
            "erpnext_mcp_tool_call_duration_seconds_bucket{le=\"0.03\",site=\"north\"} 1",
            "erpnext_mcp_connections 3",
            "erpnext_mcp_calls_waiting 1",
            "erpnext_mcp_site_requests_total{site=\"north\",outcome=\"answered\"} 7",
            "erpnext_mcp_site_resting{site=\"north\"} 1",
            "erpnext_mcp_shared_up{site=\"north\"} 1",
            "erpnext_mcp_audit_unshipped_total{site=\"north\"} 4",
            "# EOF",
        ] {
            assert!(text.lines().any(|told| told == line), "{line}: {text}");
        }
    }
}
