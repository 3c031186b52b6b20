//! The major versions of ERPNext that there are tables for. A new one is one line of `versions!` and one folder of the
//! snapshot.

use std::fmt;
use std::str::FromStr;

macro_rules! versions {
    ($($name:ident = $major:literal,)*) => {
        /// A major version of ERPNext, older before newer.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Version {
            $(#[doc = concat!("ERPNext ", $major, ".")] $name,)*
        }

        impl Version {
            /// Every version, oldest first.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The number before the first dot.
            pub const fn major(self) -> u8 {
                match self { $(Self::$name => $major,)* }
            }
        }

        /// Each version as a set of one, for the rows of tables.
        pub mod only {
            use super::{Version, Versions};
            $(#[doc = concat!("In version ", $major, " only.")] pub const $name: Versions = Versions::of(Version::$name);)*
        }
    };
}

versions! {
    V15 = 15,
    V16 = 16,
}

impl Version {
    /// The newest version.
    pub const NEWEST: Self = Self::ALL[Self::ALL.len() - 1];
    /// How many there are.
    pub const COUNT: usize = Self::ALL.len();

    /// The version whose tables fit a site best, from what it tells of itself; none where that is no number.
    pub fn nearest(text: &str) -> Option<Self> {
        let major = major(text)?;
        let not_above = Self::ALL.iter().rev().copied().find(|version| version.major() <= major);
        Some(not_above.unwrap_or(Self::ALL[0]))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.major().fmt(f)
    }
}

/// From `15`, or from a full number as a site tells it: `15.71.1`, `16.0.0-dev`.
impl FromStr for Version {
    type Err = UnknownVersion;

    fn from_str(text: &str) -> Result<Self, UnknownVersion> {
        let found = Self::ALL.iter().find(|version| Some(version.major()) == major(text));
        found.copied().ok_or_else(|| UnknownVersion(text.to_owned()))
    }
}

fn major(text: &str) -> Option<u8> {
    text.trim().trim_start_matches('v').split('.').next()?.parse().ok()
}

/// A version without tables.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownVersion(pub String);

impl fmt::Display for UnknownVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known: Vec<String> = Version::ALL.iter().map(Version::to_string).collect();
        write!(f, "{:?} is no version of ERPNext that is known here; known are {}", self.0, known.join(" and "))
    }
}

impl std::error::Error for UnknownVersion {}

/// A set of versions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Versions(u8);

impl Versions {
    /// Every version, those to come included.
    pub const ALL: Self = Self(u8::MAX);
    /// No version.
    pub const NONE: Self = Self(0);

    /// A set of one.
    pub const fn of(version: Version) -> Self {
        Self(1 << version as u8)
    }

    pub(crate) const fn bits(self) -> u8 {
        self.0
    }

    pub(crate) const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// Those of either set.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the version is among them.
    pub const fn has(self, version: Version) -> bool {
        self.0 & Self::of(version).0 != 0
    }

    /// The newest of them.
    pub fn newest(self) -> Option<Version> {
        Version::ALL.iter().rev().copied().find(|version| self.has(*version))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_version_is_read_from_what_sites_tell() {
        for (text, version) in [("15.71.1", Version::V15), ("16.0.0-dev", Version::V16), (" v16 ", Version::V16)] {
            assert_eq!(text.parse(), Ok(version));
        }
        assert_eq!(Version::V15.to_string().parse(), Ok(Version::V15));
        let error = "14.3".parse::<Version>().unwrap_err().to_string();
        assert!(error.contains("14.3") && error.contains("15 and 16"), "{error}");
        let nearest = ["13.9", "15.1", "16.0", "17.0-dev", "develop"].map(Version::nearest);
        assert_eq!(nearest, [Some(Version::V15), Some(Version::V15), Some(Version::V16), Some(Version::V16), None]);
    }

    #[test]
    fn a_set_holds_what_was_put_in() {
        assert!(Version::ALL.iter().all(|version| Versions::ALL.has(*version) && !Versions::NONE.has(*version)));
        assert!(only::V15.has(Version::V15) && !only::V15.has(Version::V16));
        assert_eq!(only::V15.or(only::V16).newest(), Some(Version::V16));
    }
}
