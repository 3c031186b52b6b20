//! The sentences of an error: what happened, by kind, and what to try next, by `exc_type` or else by kind.

use super::Kind;

/// What happened, where the site's own words are added or missing.
pub(super) const fn what(kind: Kind) -> &'static str {
    match kind {
        Kind::Unreachable => "The ERPNext site cannot be reached",
        Kind::Cut => "The connection to the ERPNext site broke",
        Kind::TimedOut => "The ERPNext site did not answer in time",
        Kind::Tls => "No encrypted connection to the ERPNext site could be made",
        Kind::Redirected => "The site address in the configuration redirects to another one",
        Kind::Unexpected => "The answer did not come from ERPNext, or has an unexpected form",
        Kind::TooLarge => "The site's answer is too large",
        Kind::BadKey => "The site does not take the API key and secret",
        Kind::Denied => "The user has no right to do this",
        Kind::FieldDenied => "The user may not filter or sort by this field, or there is none of this name",
        Kind::WrongForm => "This server asked in a form that the site's version does not take",
        Kind::Missing | Kind::OutOfSight => "The site has no such document or DocType",
        Kind::Unscoped => "This server's configuration limits which documents may be read; nothing was sent",
        Kind::Duplicate => "The site has such a document already",
        Kind::Stale => "The document was changed since it was read",
        Kind::Rejected => "The site refused this",
        Kind::RateLimited { .. } => "The site takes no more requests for now",
        Kind::OverLimit { .. } => "This server's limit of requests to the site is reached; nothing was sent",
        Kind::Paused { .. } => {
            "The site did not answer several times in a row and is left alone for a while; nothing was sent"
        }
        Kind::Maintenance => "The site is in maintenance",
        Kind::Unavailable => "The site is not available right now",
        Kind::Server => "The site failed with an internal error",
        Kind::BadName => "This name cannot be sent to the site",
        Kind::Misuse => "This server made a mistake and sent nothing to the site",
    }
}

/// What to try next.
pub(super) fn next(kind: Kind, exc_type: Option<&str>) -> &'static str {
    let exc_type = exc_type.filter(|_| !matches!(kind, Kind::WrongForm | Kind::FieldDenied));
    let by_type = exc_type.and_then(|exc_type| BY_TYPE.iter().find(|(known, _)| *known == exc_type));
    by_type.map_or(by_kind(kind), |(_, advice)| advice)
}

const BY_TYPE: [(&str, &str); 22] = [
    ("MandatoryError", "Give a value for each field that is missing, in child rows too, and call again."),
    ("LinkValidationError", "A linked document does not exist: search for it and give its name exactly as found."),
    ("TimestampMismatchError", "Read the document again, apply the change to what it holds now, and retry."),
    (
        "UpdateAfterSubmitError",
        "A submitted document keeps this field: leave it out, or cancel and amend the document.",
    ),
    (
        "DocstatusTransitionError",
        "A draft can be submitted and a submitted document cancelled; no other step exists. Read the document for its docstatus.",
    ),
    ("CannotChangeConstantError", "This field is set once, when the document is made: leave it out."),
    ("CharacterLengthExceededError", "Give a shorter text or a smaller number for this field."),
    ("NonNegativeError", "Give zero or more for this field."),
    ("LinkExistsError", "Other documents link to this one: deal with those first."),
    ("DuplicateEntryError", "Read or update the document of that name, or choose another name."),
    ("UniqueValidationError", "Another document has this value already: find it, or give another value."),
    ("NameError", "Choose a name without the characters that the site names."),
    ("DataError", "Use only fields that the DocType has: get_doctype_schema lists them."),
    ("InvalidEmailAddressError", "Give a valid email address, or leave the field out."),
    (
        "InvalidPhoneNumberError",
        "Give a valid phone number with digits only after an optional +, or leave the field out.",
    ),
    (
        "WorkflowTransitionError",
        "Take one of the workflow actions that are open to this user in the document's present state.",
    ),
    ("DoesNotExistError", "Check the name: list or search for it, and give it exactly as found."),
    ("ImportError", "Check the DocType's name, upper and lower case too: list_doctypes gives the names."),
    ("JSONDecodeError", "Give filters, fields and JSON values as valid JSON."),
    (
        "OperationalError",
        "Check the values: dates as YYYY-MM-DD, date and time as YYYY-MM-DD HH:MM:SS without a zone, real numbers, known fields.",
    ),
    ("ProgrammingError", "Check the DocType's name (a Single has no list), the fields, and that numbers are finite."),
    ("InReadOnlyMode", "Reading works; try to write later."),
];

const fn by_kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Unreachable => "Check that the site is up and that erpnext.url is right; then try again.",
        Kind::Cut | Kind::Unavailable => "Try again in a little while.",
        Kind::TimedOut => "Ask for less (fewer fields, a smaller limit, narrower filters), or try again later.",
        Kind::Tls => {
            "Check erpnext.url and the site's certificate; a private certificate authority must be known to this \
             machine (or named by SSL_CERT_FILE)."
        }
        Kind::Redirected => "Put the address it redirects to into erpnext.url.",
        Kind::Unexpected => "Check that erpnext.url is the address of the site itself, and check any proxy before it.",
        Kind::TooLarge => "Ask for less: fewer fields, a smaller limit, narrower filters.",
        Kind::BadKey => {
            "Nothing can be done from here: check api_key and api_secret, and that their user is enabled in ERPNext."
        }
        Kind::Denied => "Do not retry: this user needs the right in ERPNext (roles or user permissions) first.",
        Kind::FieldDenied => {
            "Leave the field out. get_doctype_schema lists the fields; one above permission level 0 needs a role for its level in ERPNext."
        }
        Kind::WrongForm => "Nothing is wrong with the call: report this as a bug of this server.",
        Kind::Unscoped => "Use filters in the place of or_filters, or several calls.",
        Kind::Missing | Kind::OutOfSight => "Check the name: list or search for it, and give it exactly as found.",
        Kind::Duplicate => "Use the document that exists, or choose another name.",
        Kind::Stale => "Read the document again, apply the change to what it holds now, and retry.",
        Kind::Rejected => "Correct what the site names, and call again.",
        Kind::RateLimited { .. } | Kind::OverLimit { .. } | Kind::Paused { .. } => "Wait a minute, then try again.",
        Kind::Maintenance => "Try again when the maintenance is over.",
        Kind::Server => "Check names and values; if they are right, the site's error log has the cause.",
        Kind::BadName => "Give the name exactly as the site has it; such a name cannot be reached through the API.",
        Kind::Misuse => "Report this as a bug.",
    }
}

#[cfg(test)]
mod tests {
    use super::{BY_TYPE, Kind, next};

    #[test]
    fn advice_follows_the_exception_and_else_the_kind() {
        assert!(next(Kind::Rejected, Some("LinkValidationError")).contains("search"));
        assert_eq!(next(Kind::Rejected, Some("WarehouseRequired")), next(Kind::Rejected, None));
    }

    #[test]
    fn each_exception_is_listed_once() {
        let names: std::collections::BTreeSet<_> = BY_TYPE.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), BY_TYPE.len());
    }
}
