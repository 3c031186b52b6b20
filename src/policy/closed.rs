//! What `permissions.default` does not open: such a DocType has to be named.

/// The modules of Frappe itself, and of ERPNext what works like them. Their documents hang on others (File, Comment, ToDo),
/// copy them (Version, logs, mails) or shape the site (DocType, scripts, formats, permissions).
const FRAMEWORK: &[&str] = &[
    "Automation",
    "Bulk Transaction",
    "Contacts",
    "Core",
    "Custom",
    "Desk",
    "Email",
    "Geo",
    "Integrations",
    "Printing",
    "Social",
    "Telephony",
    "Utilities",
    "Website",
    "Workflow",
];

/// Those of them that are lists as others are, and no more.
const HARMLESS: &[&str] = &[
    "Address",
    "Contact",
    "Country",
    "Currency",
    "Gender",
    "Language",
    "Salutation",
    "UTM Campaign",
    "UTM Medium",
    "UTM Source",
];

/// What the site signs in elsewhere with.
const CREDENTIALS: &[&str] = &["Integrations", "ERPNext Integrations"];

/// And those of other modules: a name or a row of theirs is a key or a password, or to submit one deletes a company's books.
const KEYS: &[&str] = &["Document Share Key", "SMS Settings", "Transaction Deletion Record", "User Social Login"];

/// Whether the default leaves a DocType closed that an app made; more of them where rules stand on other DocTypes.
pub fn is_closed(doctype: &str, module: &str, beside_rules: bool) -> bool {
    CREDENTIALS.contains(&module)
        || KEYS.contains(&doctype)
        || beside_rules && FRAMEWORK.contains(&module) && !HARMLESS.contains(&doctype)
}
