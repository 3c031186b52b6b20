//! The sentences of an error: what happened, by kind, and what to try next, by `exc_type` or else by kind.

use super::SiteErrorKind;

/// What happened, where the site's own words are added or missing.
pub(super) const fn what(kind: SiteErrorKind) -> &'static str {
    match kind {
        SiteErrorKind::Unreachable => "The ERPNext site cannot be reached",
        SiteErrorKind::Cut => "The connection to the ERPNext site broke",
        SiteErrorKind::TimedOut => "The ERPNext site did not answer in time",
        SiteErrorKind::Tls => "No encrypted connection to the ERPNext site could be made",
        SiteErrorKind::Redirected => "The site address in the configuration redirects to another one",
        SiteErrorKind::Unexpected => "The answer did not come from ERPNext, or has an unexpected form",
        SiteErrorKind::TooLarge => "The site's answer is too large",
        SiteErrorKind::BadKey => "The site does not take the API key and secret",
        SiteErrorKind::Denied => "The user has no right to do this",
        SiteErrorKind::FieldDenied => "The user may not filter or sort by this field, or there is none of this name",
        SiteErrorKind::WrongForm => "This server asked in a form that the site's version does not take",
        SiteErrorKind::Missing | SiteErrorKind::OutOfSight => "The site has no such document or DocType",
        SiteErrorKind::Unscoped => "This server's configuration limits which documents may be read; nothing was sent",
        SiteErrorKind::Duplicate => "The site has such a document already",
        SiteErrorKind::Stale => "The document was changed since it was read",
        SiteErrorKind::Rejected => "The site refused this",
        SiteErrorKind::RateLimited { .. } => "The site takes no more requests for now",
        SiteErrorKind::OverLimit { .. } => "This server's limit of requests to the site is reached; nothing was sent",
        SiteErrorKind::Paused { .. } => {
            "The site did not answer several times in a row and is left alone for a while; nothing was sent"
        }
        SiteErrorKind::Maintenance => "The site is in maintenance",
        SiteErrorKind::Unavailable => "The site is not available right now",
        SiteErrorKind::Server => "The site failed with an internal error",
        SiteErrorKind::BadName => "This name cannot be sent to the site",
        SiteErrorKind::Misuse => "This server made a mistake and sent nothing to the site",
    }
}

/// What to try next.
pub(super) fn next(kind: SiteErrorKind, exc_type: Option<&str>) -> &'static str {
    let exc_type = exc_type.filter(|_| !matches!(kind, SiteErrorKind::WrongForm | SiteErrorKind::FieldDenied));
    // As a 500 it is about a value, else about a column.
    if kind == SiteErrorKind::Server && exc_type == Some("DataError") {
        return "A value does not fit its column: give a number or a date where one goes, or a shorter text.";
    }
    let by_type = exc_type.and_then(|exc_type| BY_TYPE.iter().find(|(known, _)| *known == exc_type));
    by_type.map_or(by_kind(kind), |(_, advice)| advice)
}

const BY_TYPE: &[(&str, &str)] = &[
    ("MandatoryError", "Give a value for each field that is missing, in child rows too, and call again."),
    ("LinkValidationError", "A linked document does not exist: search for it and give its name exactly as found."),
    ("TimestampMismatchError", "Read the document again, apply the change to what it holds now, and retry."),
    (
        "UpdateAfterSubmitError",
        "A submitted document keeps this field: leave it out. What is meant often has a way of its own: a return or a new \
         document for what goes back or comes in addition, a comment for a remark, closing for what is not to be delivered. \
         Cancel and amend it only if nothing was made from it, and if that is what is wanted.",
    ),
    (
        "DocstatusTransitionError",
        "A draft can be submitted and a submitted document cancelled; no other step exists. Read the document for its docstatus.",
    ),
    ("CannotChangeConstantError", "This field is set once, when the document is made: leave it out."),
    ("CharacterLengthExceededError", "Give a shorter text or a smaller number for this field."),
    ("NonNegativeError", "Give zero or more for this field."),
    ("DocumentLockedError", "A job of the site is at it: read it in a minute, and repeat nothing before that."),
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
    (
        "WarehouseRequired",
        "Give warehouse in each row with a stock item, or set_warehouse: search_link finds the warehouses, filtered by the \
         document's company.",
    ),
    (
        "FiscalYearError",
        "The date lies in no Fiscal Year of the company: list Fiscal Year for those there are, and give a date in one.",
    ),
    (
        "NegativeStockError",
        "There is less in the warehouse than is taken: get_stock_balance tells how much; take less, or have it received first.",
    ),
    ("OverAllowanceError", "It is more than the document before leaves: read that for what is left, and give no more."),
    (
        "ClosedAccountingPeriod",
        "The period is closed: give a date after it, with set_posting_time, or ask who closed it.",
    ),
    ("StockFreezeError", "Stock is frozen up to a date: give a later one, with set_posting_time, or ask who froze it."),
    ("PartyDisabled", "The party is disabled: take another, or ask whether it may be enabled."),
    ("PartyFrozen", "The party is frozen: take another, or ask whether it may be used."),
    ("WorkflowPermissionError", "A workflow moves this state: get_workflow_actions shows what is open to this user."),
    ("FrappeTypeError", "An argument has the wrong type: give it as the tool's schema says."),
    // What comes of the site's own code.
    ("AttributeError", BROKEN),
    ("IndexError", BROKEN),
    ("KeyError", BROKEN),
    ("TypeError", BROKEN),
    ("UnboundLocalError", BROKEN),
    ("ValueError", "Check numbers, dates and times: the site cannot read one of them."),
    ("ModuleNotFoundError", INCOMPLETE),
    ("OSError", INCOMPLETE),
];

const BROKEN: &str = "The site's own code failed over this, mostly for a value that it takes for granted: give what \
                      get_doctype_schema shows beside the fields sent (numbers, units, accounts), in rows too. With the same \
                      values it fails again.";
const INCOMPLETE: &str = "Nothing in the call is wrong: something is missing or broken on the site itself. Tell its administrator; \
                          its Error Log has the cause.";

const fn by_kind(kind: SiteErrorKind) -> &'static str {
    match kind {
        SiteErrorKind::Unreachable => "Check that the site is up and that erpnext.url is right; then try again.",
        SiteErrorKind::Cut | SiteErrorKind::Unavailable => "Try again in a little while.",
        SiteErrorKind::TimedOut => {
            "Ask for less (fewer fields, a smaller limit, narrower filters), or try again later."
        }
        SiteErrorKind::Tls => {
            "Check erpnext.url and the site's certificate; a private certificate authority must be known to this \
             machine (or named by SSL_CERT_FILE)."
        }
        SiteErrorKind::Redirected => {
            "Open the address it redirects to in a browser: put it into erpnext.url if it is the site; sign in there if it is \
             a login page of the network."
        }
        SiteErrorKind::Unexpected => {
            "Check that erpnext.url is the address of the site itself, and check any proxy before it."
        }
        SiteErrorKind::TooLarge => "Ask for less: fewer fields, a smaller limit, narrower filters.",
        SiteErrorKind::BadKey => {
            "Nothing can be done from here: check api_key and api_secret, and that their user is enabled in ERPNext."
        }
        SiteErrorKind::Denied => {
            "Do not retry: this user needs the right in ERPNext (roles or user permissions) first."
        }
        SiteErrorKind::FieldDenied => {
            "Leave the field out. get_doctype_schema lists the fields; one above permission level 0 needs a role for its level in ERPNext."
        }
        SiteErrorKind::WrongForm => "Nothing is wrong with the call: report this as a bug of this server.",
        SiteErrorKind::Unscoped => "Use filters instead of or_filters, or several calls.",
        SiteErrorKind::Missing | SiteErrorKind::OutOfSight => {
            "Check the name: list or search for it, and give it exactly as found."
        }
        SiteErrorKind::Duplicate => "Use the document that exists, or choose another name.",
        SiteErrorKind::Stale => "Read the document again, apply the change to what it holds now, and retry.",
        SiteErrorKind::Rejected => "Correct what the site names, and call again.",
        SiteErrorKind::RateLimited { .. } | SiteErrorKind::OverLimit { .. } | SiteErrorKind::Paused { .. } => {
            "Wait a minute, then try again."
        }
        SiteErrorKind::Maintenance => "Try again when the maintenance is over.",
        SiteErrorKind::Server => {
            "The site failed over this, and would again: change what is special about the call, or tell the administrator; \
             the site's Error Log has the cause."
        }
        SiteErrorKind::BadName => {
            "Give the name exactly as the site has it; such a name cannot be reached through the API."
        }
        SiteErrorKind::Misuse => "Report this as a bug.",
    }
}

#[cfg(test)]
mod tests {
    use super::{BY_TYPE, SiteErrorKind, by_kind, next};

    #[test]
    fn advice_follows_the_exception_and_else_the_kind() {
        assert!(next(SiteErrorKind::Rejected, Some("LinkValidationError")).contains("search"));
        assert_eq!(next(SiteErrorKind::Rejected, Some("ValidationError")), next(SiteErrorKind::Rejected, None));
    }

    #[test]
    fn each_exception_is_listed_once() {
        let names: std::collections::BTreeSet<_> = BY_TYPE.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), BY_TYPE.len());
    }

    /// Every exception with which sites of both versions were seen to refuse a write, or to fail over one.
    #[test]
    fn every_refusal_that_a_site_was_seen_to_give_has_a_next_step_of_its_own() {
        const REFUSED: &[&str] = &[
            "CannotChangeConstantError",
            "CharacterLengthExceededError",
            "DataError",
            "DocstatusTransitionError",
            "DuplicateEntryError",
            "FiscalYearError",
            "FrappeTypeError",
            "InvalidEmailAddressError",
            "InvalidPhoneNumberError",
            "LinkExistsError",
            "LinkValidationError",
            "MandatoryError",
            "NameError",
            "NonNegativeError",
            "TimestampMismatchError",
            "UniqueValidationError",
            "UpdateAfterSubmitError",
            "WarehouseRequired",
            "WorkflowPermissionError",
            "WorkflowTransitionError",
        ];
        const FAILED: &[&str] = &[
            "AttributeError",
            "DataError",
            "ImportError",
            "IndexError",
            "JSONDecodeError",
            "KeyError",
            "ModuleNotFoundError",
            "OSError",
            "OperationalError",
            "ProgrammingError",
            "TypeError",
            "UnboundLocalError",
        ];
        for (kind, seen) in [(SiteErrorKind::Rejected, REFUSED), (SiteErrorKind::Server, FAILED)] {
            for exc_type in seen {
                assert_ne!(next(kind, Some(exc_type)), by_kind(kind), "{kind:?} {exc_type}");
            }
        }
        // It says in words what it is about.
        assert_eq!(next(SiteErrorKind::Rejected, Some("ValidationError")), by_kind(SiteErrorKind::Rejected));
    }
}
