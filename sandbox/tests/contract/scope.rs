//! Which recorded exchanges touch calls that the sandbox answers, and which of those cannot be compared.

use erpnext_sandbox::{Fault, Kind};

use crate::recordings::Exchange;

/// The calls of a client of ours, as prefixes of path and query; `$` ends a prefix that has to be the whole path.
const SUPPORTED: &[&str] = &[
    "/api/resource/",
    "/api/nope$",
    "/app$",
    "/api/method/login$",
    "/api/method/ping$",
    "/api/method/nope$",
    "/api/method/version$",
    "/api/method/frappe.ping$",
    "/api/method/frappe.nope.nope$",
    "/api/method/frappe.utils.now_datetime$",
    "/api/method/frappe.auth.get_logged_user",
    "/api/method/frappe.utils.change_log.get_versions",
    "/api/method/frappe.desk.form.load.getdoctype",
    "/api/method/frappe.desk.form.load.get_docinfo",
    "/api/method/frappe.desk.form.linked_with.get_submitted_linked_docs",
    "/api/method/frappe.desk.form.utils.add_comment",
    "/api/method/frappe.desk.form.assign_to.",
    "/api/method/frappe.desk.doctype.tag.tag.",
    "/api/method/frappe.desk.reportview.get$",
    "/api/method/frappe.desk.reportview.get_count",
    "/api/method/frappe.desk.reportview.get_list",
    "/api/method/frappe.desk.search.search_link",
    "/api/method/frappe.desk.query_report.run$",
    "/api/method/frappe.desk.query_report.run?report_name=General%20Ledger",
    "/api/method/frappe.desk.query_report.run?report_name=Accounts%20Receivable&",
    "/api/method/frappe.desk.query_report.run?report_name=No%20Such",
    "/api/method/frappe.client.",
    "/api/method/frappe.model.workflow.",
    "/api/method/frappe.model.mapper.make_mapped_doc",
    "/api/method/upload_file",
    "/private/files/",
    "/files/",
];

/// What was switched on at the site for some exchanges, and how the sandbox is made to do the same.
const SWITCHED: &[(&str, Kind)] = &[
    ("toggles: rate 1", Kind::TooManyRequests(59)),
    ("toggles: 429", Kind::TooManyRequests(58)),
    ("toggles: maintenance", Kind::Maintenance),
];

/// The fault that stands for what was switched on.
pub fn fault(exchange: &Exchange) -> Option<Fault> {
    let switched = SWITCHED.iter().find(|(start, _)| exchange.id.starts_with(start));
    switched.map(|(_, kind)| Fault::new(*kind).times(1))
}

/// Whether it touches a call that we support.
pub fn is_supported(exchange: &Exchange) -> bool {
    SUPPORTED.iter().any(|prefix| match prefix.strip_suffix('$') {
        Some(path) => exchange.target == path,
        None => exchange.target.starts_with(prefix),
    })
}

/// Why an exchange cannot be replayed; `None` where it can.
pub fn not_comparable(exchange: &Exchange) -> Option<&'static str> {
    let header = |name: &str| {
        exchange.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    };
    if header("authorization").is_some_and(|value| value.starts_with("Basic Z")) {
        return Some("a key in a form that the sandbox does not take");
    }
    if exchange.id == "toggles: maint reads allowed POST" {
        return Some("a mode that the sandbox does not have: reads only");
    }
    if exchange.id.contains("conc create same UOM") {
        return Some("eight at once: which of them wins is chance");
    }
    None
}
