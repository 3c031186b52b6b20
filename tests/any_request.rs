//! Whatever the site is asked by tests of views and of the protocol: `tests/it/requests.rs` holds the tools to what real sites take.

use erpnext_sandbox::{Form, Version};

/// Whether a site is known to take it.
pub fn takes(_: Version, _: &Form) -> bool {
    true
}
