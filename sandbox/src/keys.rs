//! The keys that open the site.

/// A user's key, for clients.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Key {
    /// The user.
    pub user: &'static str,
    /// The API key.
    pub key: &'static str,
    /// The API secret.
    pub secret: &'static str,
    /// What the user may do, for people.
    pub what: &'static str,
    /// Whether the user may log in.
    pub enabled: bool,
}

/// The secret of every key.
pub const SECRET: &str = "secret";

const fn key(user: &'static str, key: &'static str, what: &'static str, enabled: bool) -> Key {
    Key { user, key, secret: SECRET, what, enabled }
}

/// Every key.
pub static KEYS: &[Key] = &[
    key("Administrator", "administrator", "may do everything", true),
    key("sales@example.com", "sales", "sells; sees the territory North only", true),
    key("other@example.com", "other", "sells in every territory", true),
    key("reader@example.com", "reader", "reads customers and little else", true),
    key("nobody@example.com", "nobody", "has no role", true),
    key("disabled@example.com", "disabled", "may not log in", false),
];
