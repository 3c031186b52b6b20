//! What a request leaves of a configuration: less of it, never more.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Config, Operation, Operations, Tools};

/// How much less.
#[derive(Clone, Default, PartialEq, Eq, Hash, Debug, Serialize)]
pub struct Narrowing {
    /// Whether nothing that writes is left.
    pub read_only: bool,
    /// Whether nothing that submits or cancels is left.
    pub drafts_only: bool,
    /// The toolsets that are left beside the core: tools of others cannot be called, and DocTypes of other modules cannot be
    /// reached; all where there is no list.
    pub toolsets: Option<BTreeSet<String>>,
}

impl Narrowing {
    /// What both leave.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let toolsets = match (self.toolsets, other.toolsets) {
            (Some(one), Some(other)) => Some(one.intersection(&other).cloned().collect()),
            (one, other) => one.or(other),
        };
        Self {
            read_only: self.read_only || other.read_only,
            drafts_only: self.drafts_only || other.drafts_only,
            toolsets,
        }
    }
}

impl Config {
    /// What is left of the configuration.
    #[must_use]
    pub fn narrowed(&self, narrowing: &Narrowing) -> Self {
        let mut config = self.clone();
        if narrowing.drafts_only {
            // Nobody knows what a method of the site's own does.
            config.methods.retain(|_, method| !method.writes);
            let left = |stated: Operations| {
                stated.iter().filter(|operation| !matches!(operation, Operation::Submit | Operation::Cancel)).collect()
            };
            let permissions = &mut config.permissions;
            permissions.default = left(permissions.default);
            permissions.doctypes.values_mut().for_each(|rule| rule.operations = left(rule.operations));
        }
        let tools = &mut config.tools;
        tools.read_only |= narrowing.read_only;
        if let Some(left) = &narrowing.toolsets {
            if !left.contains(MORE) {
                // A method is of no module; the tool that calls any of them is of this toolset.
                config.methods.clear();
            }
            let listed =
                |set: &String| tools.toolsets.is_empty() || tools.toolsets.iter().any(|one| toolset(one) == *set);
            let mut listed: Vec<String> = left.iter().filter(|set| listed(set)).cloned().collect();
            if listed.is_empty() {
                // No toolset at all would mean those that the mode lists.
                listed.push(CORE.to_owned());
            }
            *tools = Tools { toolsets: listed, within: Some(left.clone()), ..tools.clone() };
        }
        config
    }
}

/// The toolset that is always there.
pub const CORE: &str = "core";

/// The toolset of `call_method`, and so of the methods of the site.
pub const MORE: &str = "more";

/// The toolset of a module: `Quality Management` is `quality_management`.
pub fn toolset(module: &str) -> String {
    module.trim().to_lowercase().replace([' ', '-'], "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(read_only: bool, toolsets: Option<&[&str]>) -> Narrowing {
        let toolsets = toolsets.map(|sets| sets.iter().map(|set| (*set).to_owned()).collect());
        Narrowing { read_only, drafts_only: false, toolsets }
    }

    #[test]
    fn together_they_leave_what_each_leaves() {
        let both = of(true, None).and(of(false, Some(&["selling", "stock"])));
        assert_eq!(both, of(true, Some(&["selling", "stock"])));
        assert_eq!(both.clone().and(of(false, Some(&["stock", "buying"]))), of(true, Some(&["stock"])));
        assert_eq!(both.and(of(false, Some(&["buying"]))).toolsets, Some(BTreeSet::new()));
    }
}
