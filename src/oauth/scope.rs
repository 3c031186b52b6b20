//! How much a token lets its holder do: less than the policy, never more.

use serde::{Deserialize, Serialize};

use crate::config::Narrowing;

/// Each holds those before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Scope {
    /// Nothing that writes.
    Read,
    /// Nothing that submits or cancels.
    Write,
    /// All that the policy permits.
    Submit,
}

impl Scope {
    /// All of them, the least first.
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Submit];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "erpnext:read",
            Self::Write => "erpnext:write",
            Self::Submit => "erpnext:submit",
        }
    }

    /// The most of what a `scope` names; everything where there is none. Names of others, such as `offline_access`, count
    /// for nothing; none where there are no names of ours.
    pub fn asked(scope: Option<&str>) -> Option<Self> {
        match scope.map(str::trim).filter(|scope| !scope.is_empty()) {
            None => Some(Self::Submit),
            Some(names) => names.split_whitespace().filter_map(Self::from_name).max(),
        }
    }

    /// The scope of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }

    /// It and those that it holds, as a `scope` names them.
    pub fn names(self) -> String {
        Self::ALL.into_iter().filter(|scope| *scope <= self).map(Self::as_str).collect::<Vec<_>>().join(" ")
    }

    /// What it leaves.
    pub fn narrowing(self) -> Narrowing {
        Narrowing { read_only: self == Self::Read, drafts_only: self < Self::Submit, toolsets: None }
    }
}

#[cfg(test)]
mod tests {
    use super::Scope;

    #[test]
    fn a_broader_scope_holds_the_narrower_ones_and_names_of_others_count_for_nothing() {
        assert_eq!(Scope::asked(None), Some(Scope::Submit));
        assert_eq!(Scope::asked(Some("offline_access erpnext:write")), Some(Scope::Write));
        assert_eq!(Scope::asked(Some("erpnext:read erpnext:submit")), Some(Scope::Submit));
        assert_eq!(Scope::asked(Some("openid all")), None);
        assert_eq!(Scope::Write.names(), "erpnext:read erpnext:write");
        assert!(Scope::Read.narrowing().read_only && Scope::Write.narrowing().drafts_only);
        assert_eq!(Scope::Submit.narrowing(), crate::config::Narrowing::default());
    }
}
