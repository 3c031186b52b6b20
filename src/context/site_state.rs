//! `SiteState`: what all users of one site share.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OnceCell, Semaphore};

use super::{CreateKeys, UserState};
use crate::audit::Audit;
use crate::cache::CacheOptions;
use crate::catalog::unknown_names::UnknownNames;
use crate::catalog::{Catalog, SiteVersion};
use crate::config::{Attachments, Config, Export, Import, Quota};
use crate::limit::Rates;
use crate::site::{CallerClient, Client, ClientOptions, Identity, SiteError};

/// How many users are remembered; the one that was away longest makes room, unless a call of that user is under way.
const MOST_USERS: usize = 10_000;

/// A site under one configuration.
#[derive(Debug)]
pub struct SiteState {
    /// The way to the site.
    pub client: Client,
    /// Which version the site runs.
    pub version: SiteVersion,
    /// The DocTypes.
    pub catalog: Arc<Catalog>,
    /// The same as the list of tools shows them: the site's metadata as it was laid over them, whatever calls found out since.
    pub listed: Catalog,
    /// Whether that can change.
    pub list_changes: bool,
    /// Where files to be attached may lie.
    pub attachments: Attachments,
    /// Where files of exported documents go.
    pub export: Export,
    /// Where files to be imported lie.
    pub import: Import,
    /// The record of every attempt.
    pub audit: Audit,
    /// How many writes a user may send, and what a submit may be worth.
    pub quota: Quota,
    /// The keys by which repeated creates are known again.
    pub create_keys: CreateKeys,
    /// Names in the configuration that no table knows.
    pub(super) unknown_names: UnknownNames,
    zone: OnceCell<String>,
    users: Mutex<Users>,
}

#[derive(Debug, Default)]
struct Users {
    states: HashMap<Identity, (Arc<UserState>, u64)>,
    /// Counts up at each look, to tell who was away longest.
    looks: u64,
}

impl SiteState {
    /// Puts the parts together; nothing is asked of the site.
    pub fn new(config: &Config, client: Client, audit: Audit) -> Self {
        let version = SiteVersion::new(config.erpnext.version);
        let create_keys = CreateKeys::new(config.state_folder.as_deref(), client.shared().cloned());
        let shown = config.cache.enabled.then_some(config.cache.metadata_ttl);
        Self {
            client,
            catalog: Arc::new(Catalog::new(version.clone(), shown, config.schema.overlay)),
            listed: Catalog::new(version.clone(), None, false),
            version,
            list_changes: config.schema.overlay,
            attachments: config.attachments.clone(),
            export: config.export.clone(),
            import: config.import.clone(),
            audit,
            quota: config.permissions.quota.clone(),
            create_keys,
            unknown_names: UnknownNames::new(config),
            zone: OnceCell::new(),
            users: Mutex::default(),
        }
    }

    /// What belongs to this user, made at the first look.
    pub fn user(&self, identity: Identity) -> Arc<UserState> {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        users.looks += 1;
        let now = users.looks;
        if !users.states.contains_key(&identity) && users.states.len() >= MOST_USERS {
            let idle = users.states.iter().filter(|(_, (state, _))| Arc::strong_count(state) == 1);
            if let Some(oldest) = idle.min_by_key(|(_, (_, looked))| *looked).map(|(identity, _)| *identity) {
                users.states.remove(&oldest);
            }
        }
        let (state, looked) = users.states.entry(identity).or_default();
        *looked = now;
        Arc::clone(state)
    }

    /// The zone of the site's dates and times, which is the same for all users; asked for once.
    pub(super) async fn zone(&self, site: CallerClient<'_>) -> Result<&str, SiteError> {
        self.zone.get_or_try_init(|| site.time_zone()).await.map(String::as_str)
    }

    /// The same if it is known already.
    pub(super) fn known_zone(&self) -> Option<&str> {
        self.zone.get().map(String::as_str)
    }
}

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
        cache: cache.enabled.then_some(CacheOptions { ttl: cache.ttl, max_size: cache.max_size }),
        ..ClientOptions::default()
    }
}
