//! Which recorded exchanges touch calls that the sandbox answers, and which of those cannot be compared.

use crate::recordings::Exchange;

/// The calls of a client of ours, as prefixes of path and query; `$` ends a prefix that has to be the whole path.
const SUPPORTED: &[&str] = &[
    "/api/resource/",
    "/api/nope$",
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

/// Made while the site limited its rate, was in maintenance, or let other origins in.
const SWITCHED: &[&str] = &["toggles: rate", "toggles: 429", "toggles: maint", "toggles: cors", "toggles: monitor"];

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
    if header("cookie").is_some() || exchange.target.contains("/login") {
        return Some("a browser's session");
    }
    if header("authorization").is_some_and(|value| value.contains("REDACTED") || value.starts_with("Basic Z")) {
        return Some("the recording hides the key");
    }
    if header("accept-language").is_some() || exchange.target.contains("_lang=") {
        return Some("a translation");
    }
    if SWITCHED.iter().any(|start| exchange.id.starts_with(start)) {
        return Some("a limit or a mode that was switched on at the site");
    }
    if exchange.id.contains("conc create same UOM") {
        return Some("eight at once: which of them wins is chance");
    }
    None
}
