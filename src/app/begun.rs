//! A call that has begun and is not over: if it is dropped, since its client cancelled it or it panicked, it is recorded all
//! the same.

use std::time::Instant;

use crate::audit::{Attempt, Audit, Outcome};
use crate::context::give_back;
use crate::shared::Shared;
use crate::tool::progress::CallObserver;

/// Records a call when it is dropped, unless it was said to be over.
pub struct CallRecorder<'a> {
    audit: &'a Audit,
    observer: &'a CallObserver,
    started: Instant,
    attempt: Option<Attempt>,
    counts: Option<&'a Shared>,
}

impl<'a> CallRecorder<'a> {
    /// For a call that is about this, as far as is known.
    pub fn new(audit: &'a Audit, observer: &'a CallObserver, attempt: Attempt) -> Self {
        Self { audit, observer, started: Instant::now(), attempt: Some(attempt), counts: None }
    }

    /// For one that all servers may have counted by its end.
    pub fn counted(mut self, counts: Option<&'a Shared>) -> Self {
        self.counts = counts;
        self
    }

    /// Takes over what is known of it meanwhile.
    pub fn learn(&mut self, attempt: &Attempt) {
        if self.audit.is_on() || self.counts.is_some() {
            self.attempt = Some(attempt.clone());
        }
    }

    /// Leaves it to others to record what came of it.
    pub fn over(mut self) {
        self.attempt = None;
    }
}

impl Drop for CallRecorder<'_> {
    fn drop(&mut self) {
        let Some(attempt) = self.attempt.take() else { return };
        let why = match (std::thread::panicking(), self.observer.is_cut()) {
            (true, _) => "the server failed on it",
            (false, true) => "the server ended before it was over",
            (false, false) => self.observer.why().unwrap_or("it was called off"),
        };
        let outcome = if self.observer.has_sent() { Outcome::Unknown } else { Outcome::Failed };
        let micros = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        give_back(self.counts, attempt.user.as_deref(), &attempt, outcome);
        self.audit.settle(&attempt, outcome, Some(why), micros, 0);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Arc;
    use std::sync::atomic::Ordering;
    use std::time::Duration;

    use super::*;
    use crate::audit::quota_of;
    use crate::config;
    use crate::shared::{Memory, Window};

    #[test]
    fn a_call_that_is_dropped_has_its_line_and_one_that_is_over_has_none_of_here() {
        let folder = tempfile::tempdir().unwrap();
        let log_file = folder.path().join("audit.log");
        let settings = config::Audit { enabled: true, log_file: log_file.clone(), ..config::Audit::default() };
        let audit = Audit::open(&settings).unwrap();
        let observer = CallObserver::default();
        let begin =
            |tool: &str| CallRecorder::new(&audit, &observer, Attempt { tool: tool.to_owned(), ..Attempt::default() });
        begin("over").over();
        drop(begin("left"));
        let failed = catch_unwind(AssertUnwindSafe(|| {
            let _begun = begin("broken");
            panic!("on purpose");
        }));
        assert!(failed.is_err());
        observer.sent().store(true, Ordering::Relaxed);
        let mut begun = begin("sent");
        begun.learn(&Attempt { tool: "learned".to_owned(), ..Attempt::default() });
        drop(begun);
        observer.end();
        drop(begin("cut"));
        let log = std::fs::read_to_string(log_file).unwrap();
        let lines = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let told: Vec<String> =
            lines.map(|line| format!("{} {} {}", line["tool"], line["result"], line["reason"])).collect();
        let expected = [
            r#""left" "FAILED" "it was called off""#,
            r#""broken" "FAILED" "the server failed on it""#,
            r#""learned" "UNKNOWN" "it was called off""#,
            r#""cut" "UNKNOWN" "the server ended before it was over""#,
        ];
        assert_eq!(told, expected);
    }

    #[tokio::test]
    async fn what_is_dropped_before_anything_was_sent_is_counted_no_more() {
        let site = "https://erp.example.com";
        let shared = Shared::new(Arc::<Memory>::default(), [7; 32], site).unwrap();
        let (audit, observer) = (Audit::default(), CallObserver::default());
        let attempt = |id: &str| Attempt {
            id: id.to_owned(),
            operation: "EXPORT".to_owned(),
            user: Some("jane@example.com".to_owned()),
            ..Attempt::default()
        };
        let (key, times) = quota_of("jane@example.com", &attempt(""));
        let windows = [Window { most: 9, over: Duration::from_secs(3_600) }];
        let begin = |id: &str| CallRecorder::new(&audit, &observer, attempt(id)).counted(Some(&shared));
        let counted = async || {
            // It is counted no more by a task of its own.
            tokio::time::sleep(Duration::from_millis(50)).await;
            shared.count(&key, None, times, &windows).await.unwrap().before
        };
        shared.count(&key, Some("left"), times, &windows).await.unwrap();
        drop(begin("left"));
        assert_eq!(counted().await, [0]);
        shared.count(&key, Some("sent"), times, &windows).await.unwrap();
        observer.sent().store(true, Ordering::Relaxed);
        drop(begin("sent"));
        assert_eq!(counted().await, [1], "nobody knows what became of it");
    }
}
