//! What an order goes through after it is submitted, short of cancelling: closed, held, opened again, its rows changed.

mod items;
mod meant;
mod status;

pub use items::UPDATE;
pub use status::STATUS;

use crate::policy::{Operation, Policy};

/// Whether one of the DocTypes may be updated: else such a tool has nothing to do.
fn may_update(policy: &Policy, mut doctypes: impl Iterator<Item = &'static str>) -> bool {
    doctypes.any(|doctype| policy.operations(doctype).contains(Operation::Update))
}
