//! Which version of ERPNext the site runs, as far as that is known: by the configuration, else by the site, else by what
//! was kept of it, else the newest.

use std::sync::{Arc, PoisonError, RwLock};

use erpnext_schema::Version;

use crate::site::{CallerClient, SiteError};

/// How the version is known; what comes later is believed before.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum By {
    Guess,
    Disk,
    Site,
    Configuration,
}

/// The version of a site, one for all that look at its tables.
#[derive(Clone, Debug)]
pub struct SiteVersion(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    known: RwLock<(Version, By)>,
    /// One question at a time: calls that come together ask once.
    asking: tokio::sync::Mutex<()>,
}

impl Default for SiteVersion {
    /// Not known yet: taken for the newest.
    fn default() -> Self {
        Self::new(None)
    }
}

impl SiteVersion {
    /// As the configuration states it, where it does: then nothing else is believed.
    pub fn new(stated: Option<Version>) -> Self {
        let known = stated.map_or((Version::NEWEST, By::Guess), |version| (version, By::Configuration));
        Self(Arc::new(Inner { known: RwLock::new(known), asking: tokio::sync::Mutex::default() }))
    }

    /// The version whose tables fit.
    pub fn get(&self) -> Version {
        self.known().0
    }

    /// Whether it is more than a guess.
    pub fn is_known(&self) -> bool {
        self.known().1 > By::Guess
    }

    /// Whether the configuration states it.
    pub fn is_stated(&self) -> bool {
        self.known().1 == By::Configuration
    }

    /// Takes what was kept of an earlier start. Whether another version is known now.
    pub fn recall(&self, version: Version) -> bool {
        self.learn(version, By::Disk)
    }

    /// Asks the site, unless it has told already or the configuration states it. Whether another version is known now.
    ///
    /// # Errors
    /// The site's.
    pub async fn ask(&self, site: CallerClient<'_>) -> Result<bool, SiteError> {
        let _one = self.0.asking.lock().await;
        if self.known().1 >= By::Site {
            return Ok(false);
        }
        let Some(number) = site.erpnext_version().await? else {
            tracing::warn!("the site does not tell its version; it is taken for ERPNext {}", self.get());
            return Ok(self.learn(self.get(), By::Site));
        };
        let version = Version::nearest(&number).unwrap_or(Version::NEWEST);
        if let Some(differs) = unknown_version(&number) {
            tracing::warn!("{differs}");
        }
        Ok(self.learn(version, By::Site))
    }

    fn known(&self) -> (Version, By) {
        *self.0.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn learn(&self, version: Version, by: By) -> bool {
        let mut known = self.0.known.write().unwrap_or_else(PoisonError::into_inner);
        let (before, believed) = *known;
        if by < believed {
            return false;
        }
        *known = (version, by);
        before != version
    }
}

/// What is known to differ on a site whose version has no tables of its own; nothing where it has.
pub fn unknown_version(number: &str) -> Option<String> {
    if number.parse::<Version>().is_ok() {
        return None;
    }
    let nearest = Version::nearest(number);
    let how = match nearest {
        Some(Version::NEWEST) => "which is newer than what this program knows",
        Some(_) => "which is older than what this program knows: no such site was ever asked by it",
        None => "from which this program cannot tell how old it is",
    };
    let known = Version::ALL.iter().map(Version::to_string).collect::<Vec<_>>().join(" and ");
    let tables = nearest.unwrap_or(Version::NEWEST);
    Some(format!(
        "the site runs ERPNext {number}, {how}. It knows {known}, and the tables of {tables} are used. DocTypes and \
         fields may be missing, new or of another type, which schema.overlay \"live\" mends for what it reads; methods \
         of the site may be missing or answer otherwise, which nothing mends"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_is_believed_before_the_site_and_the_site_before_the_disk() {
        let version = SiteVersion::default();
        assert_eq!((version.get(), version.is_known()), (Version::NEWEST, false));
        assert!(version.recall(Version::V15) && version.is_known());
        assert!(version.learn(Version::V16, By::Site) && !version.recall(Version::V15));
        assert_eq!(version.get(), Version::V16);
        let stated = SiteVersion::new(Some(Version::V15));
        assert!(!stated.learn(Version::V16, By::Site));
        assert_eq!(stated.get(), Version::V15);
    }

    #[test]
    fn a_version_without_tables_is_said() {
        assert_eq!(unknown_version("15.71.1").or_else(|| unknown_version("16.0.0-dev")), None);
        let old = unknown_version("14.5.0").unwrap_or_default();
        assert!(old.contains("ERPNext 14.5.0, which is older") && old.contains("the tables of 15 are used"), "{old}");
        let new = unknown_version("17.0.0").unwrap_or_default();
        assert!(new.contains("ERPNext 17.0.0, which is newer") && new.contains("the tables of 16 are used"), "{new}");
        let odd = unknown_version("develop").unwrap_or_default();
        assert!(odd.contains("cannot tell how old it is") && odd.contains("the tables of 16 are used"), "{odd}");
    }
}
