//! The pipeline that every call passes: registry → arguments → policy → audit → site → shape → result.

use std::num::NonZeroU32;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use erpnext_schema::{DocTypeDef, Rule, Violation, nearest};
use futures_util::future::join;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};
use tokio::sync::{OnceCell, Semaphore};

use crate::audit::{Attempt, Audit};
use crate::cache::Keeping;
use crate::catalog::Catalog;
use crate::catalog::unknown_names::UnknownNames;
use crate::cleared::Tokens;
use crate::config::{Attachments, Config, Tools};
use crate::context::{Permlevels, RecentCreates, SiteInfo};
use crate::error::ToolError;
use crate::limit::Rates;
use crate::policy::{Facts, Operation, Permit, Policy};
use crate::shape;
use crate::site::{Caller, Client, ClientOptions, Kind, SiteError};
use crate::site_version::SiteVersion;
use crate::tool::progress::CallObserver;
use crate::tool::{Registry, Tool};
use crate::tools::{self, Masks};

/// How long a call waits to learn on whose behalf it is recorded, and which version the site runs.
const USER_WAIT: Duration = Duration::from_secs(2);

/// Room beside the rows of a page, in bytes: what they are rows of, and where they go on.
const SLACK: usize = 2_000;
/// What a model can do about an answer that was too large.
const TO_SEE_IT: &str = "ask for less at a time: name fields (items.qty for a column of a table; of one document, items[120:] or \
                         terms[8000:] goes on after so many rows or characters), narrow with filters, lower the limit; \
                         tools.max_result_tokens sets how large an answer may be";

/// How a client behaves under a configuration.
pub fn client_options(config: &Config) -> ClientOptions {
    let (erpnext, limits, cache) = (&config.erpnext, &config.rate_limiting, &config.cache);
    let rate = |stated: Option<u64>| {
        let stated = stated.filter(|_| limits.enabled)?;
        NonZeroU32::new(u32::try_from(stated).unwrap_or(u32::MAX))
    };
    ClientOptions {
        timeout: erpnext.timeout,
        concurrent: usize::try_from(erpnext.concurrent_requests).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS),
        rates: Rates {
            per_minute: rate(Some(limits.requests_per_minute)),
            per_hour: rate(Some(limits.requests_per_hour)),
            total_per_minute: rate(limits.total_per_minute),
            total_per_hour: rate(limits.total_per_hour),
        },
        cache: cache.enabled.then_some(Keeping { ttl: cache.ttl, max_size: cache.max_size }),
        ..ClientOptions::default()
    }
}

/// Everything that calls need, made once.
#[derive(Debug)]
pub struct App {
    /// Who may do what.
    pub policy: Arc<Policy>,
    /// The way to the site.
    pub site: Client,
    /// On whose behalf: over stdio one for the life of the process.
    pub caller: Caller,
    /// Which version the site runs.
    pub version: SiteVersion,
    /// The DocTypes.
    pub catalog: Catalog,
    /// The same as the list of tools shows them: the site's metadata as it was laid over them, whatever calls found out since.
    pub listed: Catalog,
    /// Whether that can change.
    pub list_changes: bool,
    /// The tools.
    pub registry: Registry,
    /// Which of them are listed, and how they answer.
    pub tools: Tools,
    /// Where files to be attached may lie.
    pub attachments: Attachments,
    /// The record of every attempt.
    pub audit: Audit,
    /// The documents made of late.
    pub made: RecentCreates,
    /// The writes that wait for a confirmation.
    pub tokens: Tokens,
    /// Which fields the site shows to whom.
    pub sight: Permlevels,
    /// Which fields the site masks for whom.
    pub masks: Masks,
    /// What the instructions tell of the site and its user.
    pub greeting: OnceLock<SiteInfo>,
    user: OnceCell<String>,
    zone: OnceCell<String>,
    names: UnknownNames,
}

impl App {
    /// Puts the parts together; nothing is asked of the site.
    pub fn new(config: &Config, site: Client, caller: Caller, audit: Audit) -> Self {
        let policy = Arc::new(Policy::from_config(config));
        let version = SiteVersion::new(config.erpnext.version);
        Self {
            registry: Registry::new(Arc::clone(&policy), version.clone(), &config.tools),
            policy,
            site,
            caller,
            catalog: Catalog::new(version.clone(), config.cache.enabled.then_some(config.cache.metadata_ttl)),
            listed: Catalog::new(version.clone(), None),
            version,
            list_changes: config.schema.overlay,
            tools: config.tools.clone(),
            attachments: config.attachments.clone(),
            audit,
            made: RecentCreates::default(),
            tokens: Tokens::default(),
            sight: Permlevels::default(),
            masks: Masks::default(),
            greeting: OnceLock::new(),
            user: OnceCell::new(),
            zone: OnceCell::new(),
            names: UnknownNames::new(config),
        }
    }

    /// Runs a tool for an MCP client, and records it. The result is the data and the same as JSON text.
    ///
    /// # Errors
    /// Whatever stopped it, with a message that says what to do next.
    pub async fn call(
        &self,
        tool: Tool,
        arguments: Map<String, Value>,
        client: Option<String>,
    ) -> Result<(Value, String), ToolError> {
        self.watched_call(tool, arguments, client, &CallObserver::default()).await
    }

    /// As [`App::call`], for a client that is told how far the call is and may call off what it has not begun.
    ///
    /// # Errors
    /// As [`App::call`].
    pub async fn watched_call(
        &self,
        tool: Tool,
        arguments: Map<String, Value>,
        client: Option<String>,
        watch: &CallObserver,
    ) -> Result<(Value, String), ToolError> {
        let started = Instant::now();
        let ((), user) = join(self.settle_version(), self.recorded_user()).await;
        // Now that the version is known, the name may stand for another table.
        let tool = self.registry.find(tool.name()).unwrap_or(tool);
        let (tool, arguments) = tools::meant(&self.registry, tool, arguments);
        let mut attempt = Attempt::of(tool, &arguments);
        if self.audit.is_on() {
            (attempt.client, attempt.user) = (client, user);
        }
        let result = tools::run(self, tool, arguments, &attempt, watch).await;
        let result = result
            .map(|data| self.presented(data))
            .map(|data| (data.to_string(), data))
            .map(|(text, data)| (data, text));
        let bytes = result.as_ref().map_or(0, |(_, text)| text.len());
        self.audit.settle_result(&attempt, started, result.as_ref().map(|(data, _)| data), bytes);
        let micros = started.elapsed().as_micros();
        match &result {
            Ok(_) => tracing::debug!(tool = tool.name(), micros, "done"),
            Err(why) => tracing::info!(tool = tool.name(), micros, "{}", why.for_log()),
        }
        result
    }

    /// Asks the site for its version, and says so where the tools are others by it.
    ///
    /// # Errors
    /// The site's.
    pub async fn ask_version(&self, site: &Client) -> Result<(), SiteError> {
        if self.version.ask(site, &self.caller).await? {
            tracing::info!("the site runs ERPNext {}", self.version.get());
            self.listed.changed();
        }
        Ok(())
    }

    /// Sees that the version is more than a guess before the first call, unless the site does not tell it soon.
    async fn settle_version(&self) {
        if self.version.is_known() {
            return;
        }
        match tokio::time::timeout(USER_WAIT, self.ask_version(&self.site)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!("the site's version was not read: {}", error.for_log()),
            Err(_) => tracing::debug!("the site's version was not read in time"),
        }
    }

    /// On whose behalf a call is recorded, if it is.
    async fn recorded_user(&self) -> Option<String> {
        if !self.audit.is_on() {
            return None;
        }
        // A site that is down must not hold up what needs no site.
        let user = tokio::time::timeout(USER_WAIT, self.user()).await;
        user.ok().and_then(Result::ok).map(str::to_owned)
    }

    /// The result as a model may see it: every character visible, and no larger than it may be.
    fn presented(&self, mut data: Value) -> Value {
        shape::make_visible(&mut data);
        let left_out = shape::fit(&mut data, self.most_bytes());
        if let (Some(left_out), Value::Object(data)) = (left_out.filter(|left_out| !left_out.is_empty()), &mut data) {
            data.insert("left_out".to_owned(), Value::Object(left_out));
            data.insert("to_see_it".to_owned(), TO_SEE_IT.into());
        }
        data
    }

    /// How large the data of a result may be, in bytes of JSON.
    fn most_bytes(&self) -> usize {
        usize::try_from(self.tools.max_result_tokens).unwrap_or(usize::MAX).saturating_mul(4)
    }

    /// How large the rows of a page and their columns may be, in bytes of JSON.
    pub fn bytes_for_rows(&self) -> usize {
        self.most_bytes().saturating_sub(SLACK)
    }

    /// Leave for one operation.
    ///
    /// # Errors
    /// The policy's no, or the site's failure where a name in the configuration has to be looked up first.
    pub async fn permit(&self, operation: Operation, doctype: &str) -> Result<Permit, ToolError> {
        let permit = self.policy.permit(operation, doctype)?;
        self.names.judge(self.site, &self.catalog, operation, doctype).await??;
        if permit.needs_facts() {
            return Ok(permit.knowing(self.facts().await?));
        }
        Ok(permit)
    }

    /// Who asks, and what day it is on the site.
    async fn facts(&self) -> Result<Arc<Facts>, ToolError> {
        let (user, zone) = futures_util::future::try_join(self.user(), self.time_zone()).await?;
        let here = Timestamp::now().in_tz(zone).map_err(|error| {
            tracing::warn!("time zone {zone:?}: {error}");
            ToolError::refused(format!(
                "The site's time zone {zone:?} is not known here, so that its date is not either.\nnext: Tell the administrator: the conditions of the configuration ask for the date."
            ))
        })?;
        Ok(Arc::new(Facts { user: user.into(), today: here.date().to_string().into() }))
    }

    /// The time zone of the site's dates and times, asked for once.
    ///
    /// # Errors
    /// The site's.
    pub async fn time_zone(&self) -> Result<&str, SiteError> {
        self.zone.get_or_try_init(|| self.site.time_zone()).await.map(String::as_str)
    }

    /// The ERPNext user behind the credentials, asked for once.
    ///
    /// # Errors
    /// The site's.
    pub async fn user(&self) -> Result<&str, SiteError> {
        self.user.get_or_try_init(|| self.site.logged_user()).await.map(String::as_str)
    }

    /// The same where it is known already, if only from an earlier start: to be told, not to decide by.
    pub fn known_user(&self) -> Option<&str> {
        self.user.get().or_else(|| Some(&self.greeting.get()?.user)).map(String::as_str)
    }

    /// The zone that the site's times are in, asked for until the site tells it.
    pub async fn zone(&self) -> Option<&str> {
        let asked = self.zone.get_or_try_init(|| self.site.time_zone()).await;
        asked.inspect_err(|error| tracing::debug!("zone: {}", error.for_log())).ok().map(String::as_str)
    }

    /// The same where it is known already, if only from an earlier start.
    pub fn known_zone(&self) -> Option<&str> {
        self.zone.get().or_else(|| self.greeting.get()?.time_zone.as_ref()).map(String::as_str)
    }

    /// The date on the site; in UTC where its zone is not known yet.
    pub fn today(&self) -> Date {
        let zone = self.known_zone().and_then(|zone| TimeZone::get(zone).ok()).unwrap_or(TimeZone::UTC);
        Timestamp::now().to_zoned(zone).date()
    }

    /// The DocType as the site has it now, where that may settle one of these violations: a site adds fields and choices,
    /// makes fields optional or longer, and changes their types.
    pub async fn newer(&self, def: &DocTypeDef, violations: &[Violation]) -> Option<&'static DocTypeDef> {
        if violations.iter().all(|found| matches!(found.rule, Rule::NotWritable | Rule::NotPermitted)) {
            return None;
        }
        match self.catalog.live(self.site, def.name).await {
            Ok(def) => Some(def),
            Err(error) => {
                tracing::warn!("live metadata of {}: {}", def.name, error.for_log());
                None
            }
        }
    }

    /// The error for a DocType whose metadata the site does not give; a missing one is a 403 for most users (H31).
    pub fn no_doctype(&self, doctype: &str, error: SiteError) -> ToolError {
        if !matches!(error.kind(), Kind::Missing | Kind::Denied) {
            return error.into();
        }
        let near = nearest(
            doctype,
            self.catalog.all_generated().map(|def| def.name).filter(|name| !self.policy.operations(name).is_empty()),
        );
        let near = near.map_or_else(String::new, |near| format!(" Did you mean {near}?"));
        ToolError::refused(format!(
            "The site has no DocType {doctype:?}, or its user may not see it.{near} Names are exact; list_doctypes shows those available."
        ))
    }
}
