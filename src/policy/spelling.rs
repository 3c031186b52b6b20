//! The names of the tables' DocTypes, found in any spelling that could be taken for theirs.

use std::collections::HashMap;
use std::sync::LazyLock;

use erpnext_schema::collation;

/// Each name under what a fold makes of it.
type Names = HashMap<String, &'static str>;

static SAME: LazyLock<Names> = LazyLock::new(|| names(collation::fold));
static ALIKE: LazyLock<Names> = LazyLock::new(|| names(fold));

fn names(fold: fn(&str) -> String) -> Names {
    // Of names that fold to one, the first counts.
    erpnext_doctypes::ALL.iter().rev().map(|table| (fold(table.name()), table.name())).collect()
}

/// The name that the site's database takes for the same as this one.
pub(super) fn same(doctype: &str) -> Option<&'static str> {
    SAME.get(&collation::fold(doctype.trim())).copied()
}

/// The name that the site, or who asks, could take for the same as this one.
pub(super) fn alike(doctype: &str) -> Option<&'static str> {
    ALIKE.get(&fold(doctype)).copied()
}

/// What is the same in every name that the site, or who asks, could take for the same.
pub(super) fn fold(name: &str) -> String {
    collation::fold(name).chars().filter(|c| !matches!(c, ' ' | '-' | '_')).collect()
}
