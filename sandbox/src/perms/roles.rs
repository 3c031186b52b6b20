//! Which role gives which rights on which DocType, and at which permission level.

use std::collections::HashMap;
use std::sync::OnceLock;

use erpnext_schema::Version;

use super::{Right, User};
use crate::meta::Meta;

/// One line a DocType: `Customer: Sales User 0 rwc; …`, the rights as letters of [`Right::letter`], `o` where they
/// hold for the owner's own documents only. The line of a newer version stands in the place of an older one's.
const PERMISSIONS: &[(Version, &str)] =
    &[(Version::V15, include_str!("permissions.txt")), (Version::V16, include_str!("permissions_16.txt"))];

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

/// The permissions of a stock DocType.
pub fn of(version: Version, doctype: &str) -> &'static [Permission] {
    static TABLES: [OnceLock<HashMap<&'static str, Vec<Permission>>>; Version::COUNT] =
        [const { OnceLock::new() }; Version::COUNT];
    let table = || {
        let texts = PERMISSIONS.iter().filter(|(since, _)| *since <= version);
        let lines = texts.flat_map(|(_, text)| text.lines()).filter_map(|line| line.split_once(": "));
        lines.map(|(doctype, rest)| (doctype, parse(rest))).collect()
    };
    let table = TABLES.get(version as usize).map(|known| known.get_or_init(table));
    table.and_then(|table| table.get(doctype)).map_or(&[], Vec::as_slice)
}

/// Reads `Sales User 0 rwc; Sales Manager 1 rw`; what is no permission is left out.
pub fn parse(text: &'static str) -> Vec<Permission> {
    let permission = |entry: &'static str| {
        let mut parts = entry.rsplitn(3, ' ');
        let rights = parts.next()?;
        let level = parts.next()?.parse().ok()?;
        Some(Permission { role: parts.next()?, level, rights })
    };
    text.split("; ").filter_map(permission).collect()
}

impl Meta {
    /// The permissions of a DocType: its own where it was given any, else those of the stock.
    pub fn permissions(&self, doctype: &str) -> &'static [Permission] {
        self.permitted(doctype).unwrap_or_else(|| of(self.version(), doctype))
    }

    /// The permissions of a DocType that this user has through a role.
    pub fn held<'a>(&self, user: &'a User, doctype: &str) -> impl Iterator<Item = &'static Permission> + use<'a> {
        self.permissions(doctype).iter().filter(|permission| user.has(permission.role))
    }
}
