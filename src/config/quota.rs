//! `permissions.quota`: how many writes a user may send, and what a submit may be worth.

use std::collections::BTreeMap;

use super::Operation;
use super::reader::Reader;

/// The operations that can be counted.
const COUNTED: [Operation; 3] = [Operation::Create, Operation::Submit, Operation::Delete];

/// What a user may write.
#[derive(Clone, Default, Debug)]
pub struct Quota {
    /// How many writes of an operation.
    pub writes: BTreeMap<Operation, Writes>,
    /// A submit of a document over more than this needs a confirmation, in its currency or the company's.
    pub confirm_above: Option<u64>,
    /// A submit of one over more than this is refused.
    pub refuse_above: Option<u64>,
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
    section.only(&["create", "submit", "delete", "submit_amount"]);
    let mut quota = Quota::default();
    for operation in COUNTED {
        let Some(writes) = section.object(operation.as_str()) else { continue };
        writes.only(&["hour", "day"]);
        let of = Writes { hour: writes.optional_count("hour", "writes"), day: writes.optional_count("day", "writes") };
        quota.writes.insert(operation, of);
    }
    if let Some(amount) = section.object("submit_amount") {
        amount.only(&["confirm", "refuse"]);
        quota.confirm_above = amount.optional_count("confirm", "money");
        quota.refuse_above = amount.optional_count("refuse", "money");
    }
    quota
}
