//! A report as the site runs it: at once, or in the background.

use std::time::Duration;

use serde_json::{Map, Value};

use super::Report;
use crate::error::ToolError;
use crate::limit::memory;
use crate::shape::{is_set, text_of};
use crate::site::{SiteErrorKind, redacted};
use crate::tool::progress::CallObserver;

/// How often the state of a report in the background is asked for: altogether 44 seconds, less than clients wait.
const ASKED: usize = 22;
/// The time between.
const ASK_AGAIN: Duration = Duration::from_secs(2);

/// How far a report is.
pub(super) enum Progress {
    /// Its answer, and the Prepared Report that holds it, if one does.
    Done(Map<String, Value>, Option<String>),
    /// Under way on the site, as the Prepared Report of this name.
    Running(String),
}

impl Report<'_> {
    /// Runs it, in the background where the site does so.
    pub(super) async fn answer(
        &self,
        filters: &Map<String, Value>,
        prepared: Option<&str>,
        watch: &CallObserver,
    ) -> Result<Progress, ToolError> {
        let site = self.session.site;
        let prepared = match prepared {
            Some(prepared) => prepared.to_owned(),
            None => {
                let answer = site.run_report(&self.permit, &self.name, filters).await?;
                if !is_set(&answer, "prepared_report") || answer.get("columns").is_some() {
                    return Ok(Progress::Done(answer, None));
                }
                self.start(filters).await?
            }
        };
        let is_done = match self.wait(&prepared, filters, watch).await {
            Err(ToolError::Site(error)) if error.kind() == SiteErrorKind::Denied => {
                let answer = self.own(filters, watch).await?;
                return Ok(answer.map_or(Progress::Running(prepared), |answer| Progress::Done(answer, None)));
            }
            is_done => is_done?,
        };
        if !is_done {
            return Ok(Progress::Running(prepared));
        }
        let answer = site.prepared_rows(&self.permit, &self.name, filters, &prepared).await?;
        Ok(Progress::Done(answer, Some(prepared)))
    }

    /// Starts it in the background, and gives the name of its Prepared Report. That is a document of the site's, and so
    /// it is not done where nothing may be written.
    async fn start(&self, filters: &Map<String, Value>) -> Result<String, ToolError> {
        if self.session.tools.read_only {
            return Err(ToolError::refused(
                format!(
                    "{}: it runs only in the background, where the site stores it; this server permits no writes.",
                    self.name
                ),
                "Let a person run it in ERPNext, and give the name of its Prepared Report as prepared.",
            ));
        }
        match self.session.site.prepare_report(&self.permit, &self.name, filters).await {
            Err(error) if error.maybe_done() => {
                tracing::warn!("a report in the background: {}", error.for_log());
                Err(ToolError::refused(
                    format!(
                        "{}: the site was to run it in the background, and no answer came: {}. It may be under way.",
                        self.name,
                        error.what()
                    ),
                    "Call run_report again: at worst the site works it out twice; no document but the report is made.",
                ))
            }
            name => Ok(name?),
        }
    }

    /// Whether the Prepared Report is complete, as soon as it is; not if the time for it ends before, or the client leaves.
    /// One with other filters is none of this call's: those it was made with are not checked.
    async fn wait(
        &self,
        prepared: &str,
        filters: &Map<String, Value>,
        watch: &CallObserver,
    ) -> Result<bool, ToolError> {
        for asked in 0..ASKED {
            let state = self.session.site.prepared_report(&self.permit, prepared).await?;
            let Some(state) = state.filter(|state| text_of(state, "report_name") == self.name) else {
                return Err(ToolError::refused(
                    format!("prepared: {prepared:?} is no run of {}.", self.name),
                    "call run_report without prepared to start one.",
                ));
            };
            let made_with = memory::inner::<Map<String, Value>>(text_of(&state, "filters"));
            if !made_with.is_some_and(|made_with| made_with == *filters) {
                return Err(ToolError::refused(
                    format!("prepared: {prepared:?} is a run with other filters."),
                    "call run_report with its filters, or without prepared.",
                ));
            }
            match text_of(&state, "status") {
                "Completed" => return Ok(true),
                "Error" | "Failed" | "Cancelled" => {
                    let why = text_of(&state, "error_message").lines().last().unwrap_or_default();
                    let why = redacted(why);
                    return Err(ToolError::refused(
                        format!("{}: the site could not finish the report in the background: {why}", self.name),
                        "check its filters with describe_report.",
                    ));
                }
                _ if watch.is_stopped() => break,
                _ => {
                    // How far the report is, the site does not say: told is how much of the time for it is used up.
                    watch.tell(asked, ASKED);
                    tokio::time::sleep(ASK_AGAIN).await;
                }
            }
        }
        Ok(false)
    }

    /// What the site gives who may not list Prepared Reports: the rows of the last run of their own with these filters, as soon
    /// as there is one; not if the time for it ends before, or the client leaves.
    async fn own(
        &self,
        filters: &Map<String, Value>,
        watch: &CallObserver,
    ) -> Result<Option<Map<String, Value>>, ToolError> {
        for asked in 0..ASKED {
            let answer = self.session.site.run_report(&self.permit, &self.name, filters).await?;
            if answer.get("columns").is_some() {
                return Ok(Some(answer));
            }
            if watch.is_stopped() {
                break;
            }
            watch.tell(asked, ASKED);
            tokio::time::sleep(ASK_AGAIN).await;
        }
        Ok(None)
    }
}
