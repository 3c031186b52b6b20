//! `Session`: one caller on one site, as a call sees them.

use std::sync::Arc;
use std::time::Duration;

use erpnext_schema::{DocTypeDef, Rule, Version, Violation};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};
use tokio::sync::OnceCell;

use super::{CreateKeys, SiteInfo, SiteState, UserState};
use crate::audit::Audit;
use crate::catalog::{Asker, Catalog, SiteVersion, other_apps, said_names};
use crate::config::{Attachments, Export, Import, Quota, Tools};
use crate::error::ToolError;
use crate::policy::{Facts, Operation, Permit, Policy};
use crate::shape::{FOR_READS, Masked, text_of};
use crate::shared::Shared;
use crate::site::{Caller, CallerClient, SiteError, SiteErrorKind};

/// The one identity of a call: the caller, the user's own stores, and what the users of the site share.
#[derive(Clone, Copy, Debug)]
pub struct Session<'a> {
    /// On whose behalf.
    pub caller: &'a Caller,
    /// The user's own stores.
    pub user: &'a UserState,
    /// The way to the site, as this caller.
    pub site: CallerClient<'a>,
    /// Who may do what.
    pub policy: &'a Arc<Policy>,
    /// Which version the site runs.
    pub version: &'a SiteVersion,
    /// The DocTypes.
    pub catalog: &'a Catalog,
    /// The same as the list of tools shows them.
    pub listed: &'a Catalog,
    /// Which tools are listed, and how they answer.
    pub tools: &'a Tools,
    /// Where files to be attached may lie.
    pub attachments: &'a Attachments,
    /// Where files of exported documents go.
    pub export: &'a Export,
    /// Where files to be imported lie.
    pub import: &'a Import,
    /// Whether the list of tools can change.
    pub list_changes: bool,
    /// The record of every attempt.
    pub audit: &'a Audit,
    /// How many writes a user may send, and what a submit may be worth.
    pub quota: &'a Quota,
    /// The keys by which repeated creates are known again.
    pub create_keys: &'a CreateKeys,
    /// What other servers of the site know too, where there are any.
    pub shared: Option<&'a Shared>,
    state: &'a SiteState,
}

impl<'a> Session<'a> {
    /// The session of a caller with the stores `user`, under a policy that may be narrower than that of others.
    pub fn new(
        state: &'a SiteState,
        policy: &'a Arc<Policy>,
        tools: &'a Tools,
        user: &'a UserState,
        caller: &'a Caller,
    ) -> Self {
        Self {
            caller,
            user,
            site: state.client.as_caller(caller),
            policy,
            version: &state.version,
            catalog: &state.catalog,
            listed: &state.listed,
            tools,
            attachments: &state.attachments,
            export: &state.export,
            import: &state.import,
            list_changes: state.list_changes,
            audit: &state.audit,
            quota: &state.quota,
            create_keys: &state.create_keys,
            shared: state.client.shared(),
            state,
        }
    }

    /// Where all servers count what a user may still send, if there are others and anything is counted.
    pub fn counts(&self) -> Option<&'a Shared> {
        self.shared.filter(|_| self.quota.counts())
    }

    /// The user as one who asks for metadata.
    pub fn asker(&self) -> Asker<'a> {
        Asker { site: self.site, masks: &self.user.masks }
    }

    /// The fields of a DocType and of its rows that 16 masks for this user (H84), as the site said at most `age` ago.
    ///
    /// # Errors
    /// The site's.
    pub async fn masked(&self, doctype: &str, age: Duration) -> Result<Arc<Masked>, SiteError> {
        if self.version.is_known() && self.version.get() < Version::V16 {
            return Ok(Arc::default());
        }
        self.asker().masked(doctype, age).await
    }

    /// The same for reads, if that is known without asking.
    pub fn masked_as_known(&self, doctype: &str) -> Option<Arc<Masked>> {
        if self.version.is_known() && self.version.get() < Version::V16 {
            return Some(Arc::default());
        }
        self.user.masks.known(doctype, FOR_READS)
    }

    /// The same as the site said last, however long ago. It serves to take out what looks like a mask, where a mask that is
    /// gone since does no harm.
    pub fn last_masked(&self, doctype: &str) -> Arc<Masked> {
        if self.version.is_known() && self.version.get() < Version::V16 {
            return Arc::default();
        }
        self.user.masks.last(doctype).unwrap_or_default()
    }

    /// Asks the site for its version through `site`, and says so if the tools are others by it.
    ///
    /// # Errors
    /// The site's.
    pub async fn ask_version(&self, site: CallerClient<'_>) -> Result<(), SiteError> {
        if self.version.ask(site).await? {
            tracing::info!("the site runs ERPNext {}", self.version.get());
            self.listed.changed();
        }
        Ok(())
    }

    /// Leave for one operation.
    ///
    /// # Errors
    /// The policy's no, or the site's failure if a name in the configuration has to be looked up first.
    pub async fn permit(&self, operation: Operation, doctype: &str) -> Result<Permit, ToolError> {
        let permit = self.policy.permit(operation, doctype)?;
        let judged = self.state.unknown_names.judge(self.asker(), self.catalog, operation, doctype).await;
        judged.map_err(|error| self.no_doctype(doctype, error))??;
        let table = permit.is_row_filtered().then(|| self.catalog.known(doctype)).flatten();
        let permit = permit.with_table(table);
        if permit.needs_facts() {
            return Ok(permit.with_facts(self.facts().await?));
        }
        Ok(permit)
    }

    /// Who asks, and what day it is on the site.
    async fn facts(&self) -> Result<Arc<Facts>, ToolError> {
        let (user, zone) = futures_util::future::try_join(self.user_name(), self.time_zone()).await?;
        let here = Timestamp::now().in_tz(zone).map_err(|error| {
            tracing::warn!("time zone {zone:?}: {error}");
            ToolError::refused(
                format!("The site's time zone {zone:?} is not known here, and so its date is not known."),
                "Tell the administrator: the conditions of the configuration ask for the date.",
            )
        })?;
        Ok(Arc::new(Facts { user: user.into(), today: here.date().to_string().into() }))
    }

    /// The ERPNext user behind the credentials, asked for once.
    ///
    /// # Errors
    /// The site's.
    pub async fn user_name(&self) -> Result<&'a str, SiteError> {
        match self.caller.user() {
            Some(user) => Ok(user),
            None => self.user.name(self.site).await,
        }
    }

    /// The same if it is known already, if only from an earlier start: to be told, not to decide by.
    pub fn known_user(&self) -> Option<&'a str> {
        self.caller.user().or_else(|| self.user.known_name())
    }

    /// What the instructions tell under this policy.
    pub fn info(&self) -> &'a OnceCell<SiteInfo> {
        self.user.info(self.policy.permits(Operation::Read, "Company"))
    }

    /// Asks for what the instructions tell, unless it is known. A failure is none of the caller's: the instructions say less.
    pub async fn learn_info(&self) {
        let learnt = self.info().get_or_try_init(|| SiteInfo::ask(self, self.site)).await;
        if let Err(error) = learnt {
            tracing::debug!("who the user is: {}", error.for_log());
        }
    }

    /// The time zone of the site's dates and times, asked for once.
    ///
    /// # Errors
    /// The site's.
    pub async fn time_zone(&self) -> Result<&'a str, SiteError> {
        self.state.zone(self.site).await
    }

    /// The same, none if the site does not tell it now.
    pub async fn zone(&self) -> Option<&'a str> {
        self.time_zone().await.inspect_err(|error| tracing::debug!("zone: {}", error.for_log())).ok()
    }

    /// The DocTypes, for what outlives the session.
    pub(super) fn shared_catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.state.catalog)
    }

    /// The same if it is known already, if only from an earlier start.
    pub fn known_zone(&self) -> Option<&'a str> {
        self.state.known_zone().or_else(|| self.user.known_info()?.time_zone.as_deref())
    }

    /// The date on the site; in UTC if its zone is not known yet.
    pub fn today(&self) -> Date {
        let zone = self.known_zone().and_then(|zone| TimeZone::get(zone).ok()).unwrap_or(TimeZone::UTC);
        Timestamp::now().to_zoned(zone).date()
    }

    /// The DocType as the site has it now, if that may settle one of these violations: a site adds fields and choices,
    /// makes fields optional or longer, and changes their types.
    pub async fn newer(&self, def: &DocTypeDef, violations: &[Violation]) -> Option<&'static DocTypeDef> {
        if violations.iter().all(|found| matches!(found.rule, Rule::NotWritable | Rule::NotPermitted)) {
            return None;
        }
        match self.catalog.live(self.asker(), def.name).await {
            Ok(def) => Some(def),
            Err(error) => {
                tracing::warn!("live metadata of {}: {}", def.name, error.for_log());
                None
            }
        }
    }

    /// Whether a report of the site's list may be run, as far as that tells.
    pub fn may_run(&self, entry: &Map<String, Value>) -> bool {
        let (name, is_saved) = (text_of(entry, "name"), text_of(entry, "report_type") == "Custom Report");
        self.policy.permit_report(name, text_of(entry, "ref_doctype")).is_ok()
            && (!is_saved || self.policy.admits_behind(name, text_of(entry, "reference_report")).is_ok())
    }

    /// The error for a DocType whose metadata the site does not give; a missing one is a 403 for most users (H31).
    pub fn no_doctype(&self, doctype: &str, error: SiteError) -> ToolError {
        match error.kind() {
            SiteErrorKind::Missing | SiteErrorKind::Denied => {}
            // Nothing of the caller's was in the question.
            SiteErrorKind::Rejected => {
                return ToolError::refused(
                    format!("The site cannot load its DocType {doctype:?}: {}", error.messages().join("; ")),
                    format!("Go on without {doctype}: only an administrator of the site can mend it."),
                );
            }
            _ => return error.into(),
        }
        // A site that has it answers to another spelling with the name that it has.
        let of_app = other_apps::named(doctype);
        if let Some(doctype) = of_app.filter(|known| *known == doctype) {
            return ToolError::refused(other_apps::absent(doctype), other_apps::NEXT);
        }
        let available = self.catalog.generated_names().filter(|name| !self.policy.operations(name).is_empty());
        let called = || said_names::near(doctype, &available.collect::<Vec<_>>());
        let near = of_app.map(str::to_owned).or_else(called);
        let near = near.map_or_else(String::new, |near| format!(" Did you mean {near}?"));
        ToolError::refused(
            format!("The site has no DocType {doctype:?}, or its user may not see it.{near}"),
            "Names are exact; list_doctypes shows those available.",
        )
    }
}
