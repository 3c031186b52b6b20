//! Which role gives which rights on which DocType, and at which permission level.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::{Right, User};

/// One line a DocType: `Customer: Sales User 0 rwc; …`, the rights as letters of [`Right::letter`], `o` where they
/// hold for the owner's own documents only.
const PERMISSIONS: &str = include_str!("permissions.txt");

/// What one role may do with the documents of a DocType.
#[derive(Clone, Copy, Debug)]
pub struct Permission {
    /// The role.
    pub role: &'static str,
    /// The level of the fields that it is about; 0 is the document itself.
    pub level: u8,
    /// The rights, as letters.
    pub rights: &'static str,
}

impl Permission {
    /// Whether it gives this right.
    pub fn gives(&self, right: Right) -> bool {
        self.rights.contains(right.letter())
    }

    /// Whether it holds for one's own documents only.
    pub fn if_owner(&self) -> bool {
        self.rights.contains('o')
    }
}

/// The permissions of a DocType.
pub fn of(doctype: &str) -> &'static [Permission] {
    static TABLE: OnceLock<HashMap<&'static str, Vec<Permission>>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        let lines = PERMISSIONS.lines().filter_map(|line| line.split_once(": "));
        lines.map(|(doctype, rest)| (doctype, rest.split("; ").filter_map(parse).collect())).collect()
    });
    table.get(doctype).map_or(&[], Vec::as_slice)
}

fn parse(entry: &'static str) -> Option<Permission> {
    let mut parts = entry.rsplitn(3, ' ');
    let rights = parts.next()?;
    let level = parts.next()?.parse().ok()?;
    Some(Permission { role: parts.next()?, level, rights })
}

/// The permissions of a DocType that this user has through a role.
pub fn held<'a>(user: &'a User, doctype: &str) -> impl Iterator<Item = &'static Permission> + use<'a> {
    of(doctype).iter().filter(|permission| user.has(permission.role))
}
