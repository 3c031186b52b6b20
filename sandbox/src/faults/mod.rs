//! Faults on demand, for tests and for people who want to see a client cope: which request is hit by which fault.
//! What a fault does to a request is in [`effect`].
//!
//! ```no_run
//! # async fn chaos() -> Result<(), erpnext_sandbox::StartError> {
//! use erpnext_sandbox::{Fault, FaultKind, Options, Sandbox};
//! let sandbox = Sandbox::start(Options { sample: Some(1), ..Options::default() }).await?;
//! sandbox.faults().seed(7);
//! for kind in FaultKind::EACH {
//!     sandbox.faults().add(Fault::new(kind).path("/api/resource").chance(0.05));
//! }
//! // … requests, then what was done to them and what took effect:
//! println!("{:?} {:?}", sandbox.faults().hits(), sandbox.journal());
//! # Ok(())
//! # }
//! ```

mod effect;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;

pub(crate) use self::effect::{Hit, cut};
use crate::http::answer;
use crate::http::args::Sent;
use crate::random::Random;

/// What goes wrong with a request. "Cut" ends the connection, "stall" leaves it open in silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Answers so many milliseconds late.
    Latency(u64),
    /// 429 with this many seconds in `Retry-After`.
    TooManyRequests(u64),
    /// An error of this status as JSON, nothing done.
    Json(u16),
    /// 417 `ValidationError` in the words that [`Faults::say`] was given, nothing done.
    Refusal,
    /// An error of this status as a page of the proxy, nothing done.
    Html(u16),
    /// The same page, but everything is done: the proxy did not wait for the site.
    HtmlAfter(u16),
    /// The same as JSON of the proxy's own, which names no exception.
    JsonAfter(u16),
    /// 503 `SessionStopped`.
    Maintenance,
    /// 401 as for a key that is no longer known.
    ExpiredKey,
    /// Cut before anything is done.
    CutBefore,
    /// Cut after everything is done, before a byte of the answer.
    CutAfter,
    /// Cut after everything is done, in the middle of the answer's body.
    CutBody,
    /// No answer, nothing done.
    StallBefore,
    /// No byte of an answer, everything done.
    StallAfter,
    /// Half the answer's body and no more, everything done.
    StallBody,
    /// Half the answer's body as if it were the whole, everything done.
    Truncate,
    /// Cut before anything is done, and so many milliseconds later everything is: the site goes on all the same.
    Late(u64),
}

impl FaultKind {
    /// One fault of each kind.
    pub const EACH: [Self; 17] = [
        Self::Latency(20),
        Self::TooManyRequests(1),
        Self::Json(500),
        Self::Refusal,
        Self::Html(502),
        Self::HtmlAfter(504),
        Self::JsonAfter(524),
        Self::Maintenance,
        Self::ExpiredKey,
        Self::CutBefore,
        Self::CutAfter,
        Self::CutBody,
        Self::StallBefore,
        Self::StallAfter,
        Self::StallBody,
        Self::Truncate,
        Self::Late(20),
    ];

    /// Whether the site does what the request asks, whatever the sender gets to see of it.
    pub fn takes_effect(self) -> bool {
        matches!(
            self,
            Self::Latency(_)
                | Self::HtmlAfter(_)
                | Self::JsonAfter(_)
                | Self::CutAfter
                | Self::CutBody
                | Self::StallAfter
                | Self::StallBody
                | Self::Truncate
                | Self::Late(_)
        )
    }
}

/// One thing that goes wrong, and with which requests.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What.
    pub kind: FaultKind,
    /// The HTTP method; any where `None`.
    #[serde(default)]
    pub method: Option<String>,
    /// A part of the path, decoded; any path where `None`.
    #[serde(default)]
    pub path: Option<String>,
    /// With how many requests, then no more; with all of them where `None`.
    #[serde(default)]
    pub times: Option<u32>,
    /// With what share of them, from 0 to 1.
    #[serde(default = "always")]
    pub chance: f64,
}

fn always() -> f64 {
    1.0
}

impl Fault {
    /// With every request.
    pub fn new(kind: FaultKind) -> Self {
        Self { kind, method: None, path: None, times: None, chance: always() }
    }

    /// Only with this HTTP method.
    #[must_use]
    pub fn method(self, method: &str) -> Self {
        Self { method: Some(method.to_owned()), ..self }
    }

    /// Only where the path has this part.
    #[must_use]
    pub fn path(self, part: &str) -> Self {
        Self { path: Some(part.to_owned()), ..self }
    }

    /// So many times, then no more.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times: Some(times), ..self }
    }

    /// With this share of the requests that fit.
    #[must_use]
    pub fn chance(self, chance: f64) -> Self {
        Self { chance, ..self }
    }

    fn fits(&self, method: &str, path: &str) -> bool {
        self.times != Some(0)
            && self.method.as_deref().is_none_or(|only| only.eq_ignore_ascii_case(method))
            && self.path.as_deref().is_none_or(|part| path.contains(part))
    }
}

/// What goes wrong, and when. Shared by the server and whoever started it.
pub struct Faults {
    state: Mutex<State>,
    /// Tells stalled connections that they are released.
    released: watch::Sender<()>,
}

struct State {
    faults: Vec<Fault>,
    expired: Vec<String>,
    hits: BTreeMap<FaultKind, u32>,
    random: Random,
    words: String,
}

impl Default for Faults {
    fn default() -> Self {
        let state = State {
            faults: Vec::new(),
            expired: Vec::new(),
            hits: BTreeMap::new(),
            random: Random(0),
            words: String::new(),
        };
        Self { state: Mutex::new(state), released: watch::Sender::new(()) }
    }
}

impl Faults {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a fault. A request is hit by one at most: one throw decides among those that fit, in the order in which
    /// they were added, so that each hits its whole share as long as the shares come to no more than 1.
    pub fn add(&self, fault: Fault) {
        self.state().faults.push(fault);
    }

    /// Makes the throws start over: the same requests in the same order are hit by the same faults again.
    pub fn seed(&self, seed: u64) {
        self.state().random = Random(seed);
    }

    /// What refusals say, as HTML.
    pub fn say(&self, words: impl Into<String>) {
        self.state().words = words.into();
    }

    /// Lets a key open the site no more.
    pub fn expire(&self, key: &str) {
        self.state().expired.push(key.to_owned());
    }

    /// Takes all faults back and cuts the connections that are stalled.
    pub fn clear(&self) {
        let mut state = self.state();
        state.faults.clear();
        state.expired.clear();
        self.released.send_replace(());
    }

    /// How many requests each kind of fault has hit.
    pub fn hits(&self) -> BTreeMap<FaultKind, u32> {
        self.state().hits.clone()
    }

    /// The fault that hits this request, if any.
    pub(crate) fn take(&self, method: &str, path: &str) -> Option<Hit> {
        let mut state = self.state();
        let mut throw = state.random.share();
        let hit = state.faults.iter_mut().filter(|fault| fault.fits(method, path)).find(|fault| {
            throw -= fault.chance;
            throw < 0.0
        })?;
        hit.times = hit.times.map(|times| times.saturating_sub(1));
        let kind = hit.kind;
        *state.hits.entry(kind).or_default() += 1;
        Some(Hit { kind, words: state.words.clone(), released: self.released.subscribe() })
    }

    /// Whether this key no longer opens the site.
    pub(crate) fn is_expired(&self, key: &str) -> bool {
        self.state().expired.iter().any(|expired| expired == key)
    }

    /// `POST /sandbox/faults`: `{"kind": "cut_after", "method": "POST", "times": 1}`, `{"kind": {"latency": 300},
    /// "chance": 0.05}`, `{"expire": "sales"}` or `{"clear": true}`.
    pub(crate) fn over_http(&self, method: &str, sent: &Sent) -> Response {
        let refused = |reason: &str| answer::json_response(400, &json!({ "error": reason }));
        let (Ok(args), "POST") = (&sent.args, method) else { return refused("POST a JSON object") };
        if args.contains_key("clear") {
            self.clear();
        } else if let Some(key) = args.get("expire").and_then(Value::as_str) {
            self.expire(key);
        } else {
            match serde_json::from_value(Value::Object(args.clone())) {
                Ok(fault) => self.add(fault),
                Err(error) => return refused(&error.to_string()),
            }
        }
        answer::json_response(200, &json!({}))
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, FaultKind, Faults};

    fn thrown(seed: u64) -> (Vec<Option<FaultKind>>, Faults) {
        let faults = Faults::default();
        faults.seed(seed);
        FaultKind::EACH.into_iter().for_each(|kind| faults.add(Fault::new(kind).chance(0.05)));
        let hits = (0..10_000).map(|_| faults.take("GET", "/").map(|hit| hit.kind)).collect();
        (hits, faults)
    }

    #[test]
    fn each_fault_hits_its_share_and_a_seed_gives_the_same_hits() {
        let (first, faults) = thrown(7);
        assert_eq!(first, thrown(7).0);
        assert_ne!(first, thrown(8).0);
        let hits = faults.hits();
        assert!(
            FaultKind::EACH.iter().all(|kind| hits.get(kind).is_some_and(|hits| (400..600).contains(hits))),
            "{hits:?}"
        );
    }

    #[test]
    fn a_fault_hits_what_fits_and_so_often() {
        let faults = Faults::default();
        faults.add(Fault::new(FaultKind::CutAfter).method("POST").path("/api/resource").times(2));
        let hit = |method, path| faults.take(method, path).is_some();
        assert!(!hit("GET", "/api/resource/ToDo"));
        assert!(!hit("POST", "/api/method/ping"));
        assert!(hit("post", "/api/resource/ToDo"));
        assert!(hit("POST", "/api/resource/ToDo"));
        assert!(!hit("POST", "/api/resource/ToDo"));
    }
}
