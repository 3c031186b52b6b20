//! `permissions.quota`: how many writes a user may send and files export, and what a submit may be worth.

use std::collections::BTreeMap;

use super::Operation;
use super::reader::Reader;

/// The operations that can be counted.
const COUNTED: [Operation; 4] = [Operation::Create, Operation::Submit, Operation::Delete, Operation::Export];

/// What a user may write.
#[derive(Clone, Default, Debug)]
pub struct Quota {
    /// How many writes of an operation; of `export`, how many files.
    pub writes: BTreeMap<Operation, Writes>,
    /// To how many recipients mails may go.
    pub mail: Option<Writes>,
    /// A submit of a document over more than this needs a confirmation, in its currency or the company's.
    pub confirm_above: Option<u64>,
    /// A submit of one over more than this is refused.
    pub refuse_above: Option<u64>,
}

impl Quota {
    /// Whether anything has to be counted.
    pub fn counts(&self) -> bool {
        !self.writes.is_empty() || self.mail.is_some()
    }
}

/// How many writes of one operation; any number where there is none.
#[derive(Clone, Copy, Default, Debug)]
pub struct Writes {
    /// In an hour.
    pub hour: Option<u64>,
    /// In a day.
    pub day: Option<u64>,
}

/// Reads the section.
pub(super) fn read(section: &Reader<'_>) -> Quota {
    section.only(&["create", "submit", "delete", "export", "mail", "submit_amount"]);
    let mut quota = Quota::default();
    let writes = |key: &str, unit: &str| {
        section.object(key).map(|writes| {
            writes.only(&["hour", "day"]);
            Writes { hour: writes.optional_count("hour", unit), day: writes.optional_count("day", unit) }
        })
    };
    for operation in COUNTED {
        let unit = if operation == Operation::Export { "files" } else { "writes" };
        quota.writes.extend(writes(operation.as_str(), unit).map(|of| (operation, of)));
    }
    quota.mail = writes("mail", "recipients");
    if let Some(amount) = section.object("submit_amount") {
        amount.only(&["confirm", "refuse"]);
        quota.confirm_above = amount.optional_count("confirm", "money");
        quota.refuse_above = amount.optional_count("refuse", "money");
    }
    quota
}
