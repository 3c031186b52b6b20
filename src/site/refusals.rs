//! The next step after a refusal that its exception alone does not tell: by the call, the field, or a few fixed words of
//! what may be told of it. Words are those of English; in another language the advice of the exception holds.

use super::endpoints;

/// What a refusal is known by, beside its exception.
#[derive(Clone, Copy, Debug)]
enum Known {
    /// One of these fields, where the site names it.
    Field(&'static [&'static str]),
    /// These words.
    Words(&'static str),
    /// That it is told without words.
    Silent,
    /// The method that was called.
    Method(&'static str),
    /// What was done with documents.
    Verb(&'static str),
}

/// The next step after a refusal, if more is known of it than its exception.
pub(super) fn next(exc_type: &str, call: &str, fields: &[String], words: &[String]) -> Option<&'static str> {
    let is = |known: &Known| match known {
        Known::Field(names) => fields.iter().any(|field| names.contains(&field.rsplit('.').next().unwrap_or(field))),
        Known::Words(said) => words.iter().any(|words| words.contains(said)),
        Known::Silent => words.is_empty(),
        Known::Method(method) => call.rsplit_once('/').is_some_and(|(_, called)| called == *method),
        Known::Verb(verb) => call.split_once(endpoints::RESOURCE).is_some_and(|(before, _)| before.trim_end() == *verb),
    };
    let row = KNOWN.iter().find(|(of, known, _)| *of == exc_type && is(known));
    let is_of_filters = || OF_FILTERS.contains(&exc_type) && is(&Known::Method(endpoints::RUN_REPORT));
    row.map(|(_, _, next)| *next).or_else(|| is_of_filters().then_some(FILTERS))
}

const INVALID: &str = "ValidationError";
/// What a report gives for a filter that it takes for granted, or that leads it nowhere.
const OF_FILTERS: &[&str] = &[
    INVALID,
    "AttributeError",
    "DataError",
    "DoesNotExistError",
    "IndexError",
    "KeyError",
    "OperationalError",
    "ProgrammingError",
    "TypeError",
    "UnboundLocalError",
];
const FILTERS: &str = "A filter is missing or does not fit: describe_report lists the filters and what each takes; give the one \
                       that the site names, else those that the report needs. If all fit, the report itself fails: tell the \
                       administrator; the site's Error Log has the cause.";
const RATES: &[&str] =
    &["conversion_rate", "plc_conversion_rate", "exchange_rate", "source_exchange_rate", "target_exchange_rate"];
const NO_RATE: &str = "The site knows no exchange rate of that day: give it (conversion_rate in orders and invoices), as what one \
                       unit of the document's currency is worth in the company's, or have a Currency Exchange made.";
const ACCOUNTS: &[&str] = &[
    "account",
    "cost_center",
    "credit_to",
    "debit_to",
    "expense_account",
    "income_account",
    "paid_from",
    "paid_to",
    "payroll_payable_account",
];
const WAREHOUSES: &[&str] =
    &["warehouse", "set_warehouse", "s_warehouse", "t_warehouse", "source_warehouse", "fg_warehouse", "wip_warehouse"];

/// The first that holds is taken.
const KNOWN: &[(&str, Known, &str)] = &[
    (INVALID, Known::Words("Currency Exchange"), NO_RATE),
    (
        INVALID,
        Known::Words("should be one of"),
        "Give one of the choices that the site names, written exactly so, or leave the field out.",
    ),
    (INVALID, Known::Words("cannot be a list"), "Give one value for this field: a list goes into a table only."),
    (INVALID, Known::Words("not a valid URL"), "Give a whole address with https://, or leave the field out."),
    (
        INVALID,
        Known::Words("must be set first"),
        "Give the field that the site names beside the name: it says of which DocType the named document is.",
    ),
    (
        INVALID,
        Known::Words("cancelled document"),
        "A cancelled document takes no change: amend_document makes a draft of it that does.",
    ),
    (
        INVALID,
        Known::Words("already exists against"),
        "Read the document that the site names: it may be the one that is meant. Else give another number of the customer's \
         order (po_no); whether one may stand in several orders is a setting of the site, for its administrator.",
    ),
    (
        INVALID,
        Known::Words("unbilled"),
        "This order is billed: record_payment for the invoice that was made of it; get_linked_documents finds it.",
    ),
    (
        INVALID,
        Known::Words("Failed to get method"),
        "The site has no such method: check its whole dotted path, and that the app and version that have it are installed.",
    ),
    (
        INVALID,
        Known::Words("is disabled"),
        "What the site names is switched off there: take another, or ask its administrator. list_reports gives the reports \
         that are on.",
    ),
    (
        INVALID,
        Known::Words("Please set the document name"),
        "Give name: documents of this DocType are named by who makes them.",
    ),
    (
        INVALID,
        Known::Words("Please set"),
        "The site's own settings lack what it names: no value in the call mends that. Tell its administrator.",
    ),
    (
        INVALID,
        Known::Words("found for this company"),
        "The company's settings lack what the site names: take another company, or tell the administrator.",
    ),
    (
        INVALID,
        Known::Words("does not belong to"),
        "What the site names first is not part of what it names last, which most often is the document's company: search_link \
         with that as a filter finds what is.",
    ),
    (INVALID, Known::Words("is required"), "The site needs this field although its form does not mark it: give it."),
    (
        INVALID,
        Known::Silent,
        "Why is not told. Read the document: a cancelled one takes no change, and amend_document makes a draft of it; else \
         compare what was sent with get_doctype_schema.",
    ),
    (
        INVALID,
        Known::Method(endpoints::RENAME),
        "The name is taken, or cannot be one: choose another. Two documents are never merged from here.",
    ),
    (
        INVALID,
        Known::Method(endpoints::MAKE_MAPPED),
        "The document is not in the state that this is made from: read its docstatus and status; a draft is submitted first.",
    ),
    (
        INVALID,
        Known::Method(endpoints::PAYMENT_ENTRY),
        "Read the document's docstatus, status and outstanding amount: only what is submitted and not yet paid is paid.",
    ),
    (
        INVALID,
        Known::Verb("DELETE"),
        "Read its docstatus: a submitted document is cancelled first (cancel_document), then deleted, if that is permitted; \
         cancelled it counts for nothing already.",
    ),
    (
        "UpdateAfterSubmitError",
        Known::Field(&["Quantity", "Rate", "qty", "rate", "Delivery Date", "Required By", "Reqd By Date"]),
        "update_order_items changes the quantity, rate and date of rows of a submitted order. What is on another submitted \
         document is put right by a return or a new document; cancel and amend it only if nothing was made from it.",
    ),
    (
        "MandatoryError",
        Known::Field(&["item_code"]),
        "Give item_code, in each row that lacks it: search_link finds the items, and name, unit and price follow from it. \
         Give what else is missing, too.",
    ),
    ("MandatoryError", Known::Field(RATES), NO_RATE),
    (
        "MandatoryError",
        Known::Field(ACCOUNTS),
        "Neither the item, the party nor the company has a default for it: give one of the document's company that is no group; \
         search_link finds them, filtered by company and is_group: 0.",
    ),
    (
        "MandatoryError",
        Known::Field(WAREHOUSES),
        "Give a warehouse of the document's company that is no group, in each row that lacks it: search_link finds them, \
         filtered by company and is_group: 0.",
    ),
    (
        "MandatoryError",
        Known::Field(&["delivery_date", "schedule_date", "due_date", "reference_date", "posting_date"]),
        "Give the day as YYYY-MM-DD; in an order each row may have its own. Give what else is missing, too.",
    ),
    (
        "UpdateAfterSubmitError",
        Known::Field(&["Status", "status"]),
        "The status of what is submitted follows from what is made of it; change_order_status closes, holds and reopens orders, \
         notes, receipts and requests.",
    ),
    (
        "UpdateAfterSubmitError",
        Known::Field(&["Clearance Date", "clearance_date"]),
        "set_clearance_dates sets the day on which the bank had a payment.",
    ),
    (
        "LinkValidationError",
        Known::Words("Workflow State: "),
        "A workflow moves this state: leave the field out, and take one of the actions that get_workflow_actions shows.",
    ),
    (
        "LinkExistsError",
        Known::Verb("DELETE"),
        "Other documents link to this one: get_linked_documents lists them. If it is only not to be used any more, set its \
         field disabled where it has one.",
    ),
    (
        "DoesNotExistError",
        Known::Verb("POST"),
        "A document that a field names does not exist: search for it and give its name exactly as found.",
    ),
    (
        "PermissionError",
        Known::Words("not submittable"),
        "Documents of this DocType are not submitted: leave docstatus out. Once saved they hold.",
    ),
];

#[cfg(test)]
mod tests {
    use super::{INVALID, KNOWN, Known, next};
    use crate::site::endpoints;

    fn told(exc_type: &str, call: &str, field: &str, words: &str) -> &'static str {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty()).into_iter().collect::<Vec<_>>();
        next(exc_type, call, &some(field), &some(words)).unwrap_or_default()
    }

    #[test]
    fn each_known_refusal_has_its_own_next_step() {
        for (exc_type, known, step) in KNOWN {
            let (call, field, words) = match *known {
                Known::Field(names) => ("PUT /api/resource/X/y".to_owned(), names[0], "w"),
                Known::Words(words) => ("PUT /api/resource/X/y".to_owned(), "", words),
                Known::Silent => ("PUT /api/resource/X/y".to_owned(), "", ""),
                Known::Method(method) => (endpoints::line("POST", method), "", "w"),
                Known::Verb(verb) => (format!("{verb} {}X/y", endpoints::RESOURCE), "", "w"),
            };
            assert_eq!(told(exc_type, &call, field, words), *step, "{exc_type} {known:?}");
        }
    }

    #[test]
    fn nothing_is_said_of_what_is_not_known() {
        assert_eq!(told(INVALID, "PUT /api/resource/X/y", "", "Etwas stimmt nicht"), "");
        assert_eq!(told("NameError", "PUT /api/resource/X/y", "", "cannot be a list"), "");
        assert_eq!(told(INVALID, "POST /api/method/a.frappe.client.rename_document", "", "w"), "");
    }
}
