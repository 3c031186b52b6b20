//! Whatever the views have the sample site asked: `tests/it/requests.rs` holds the same tools to what real sites take.

use erpnext_sandbox::{Form, Version};

/// Whether a site is known to take it.
pub fn takes(_: Version, _: &Form) -> bool {
    true
}
