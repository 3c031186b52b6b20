//! Which recorded exchanges touch calls that the sandbox answers, and which of those cannot be compared.

use std::collections::HashSet;

use erpnext_sandbox::{Fault, FaultKind, Sandbox};
use serde_json::Value;

use crate::recordings::Exchange;

/// Paths that are no document and no method of the sandbox, and that it answers as the site does.
const BESIDE: &[&str] = &[
    "/api/nope",
    "/app",
    "/desk",
    "/api/method/login",
    "/api/method/nope",
    "/api/method/version",
    "/api/method/frappe.nope.nope",
    "/api/method/frappe.utils.now_datetime",
];

/// What was switched on at the site for some exchanges, and how the sandbox is made to do the same.
const SWITCHED: &[(&str, FaultKind)] = &[
    ("toggles: rate 1", FaultKind::TooManyRequests(59)),
    ("toggles: 429", FaultKind::TooManyRequests(58)),
    ("toggles: maintenance", FaultKind::Maintenance),
];

/// The fault that stands for what was switched on.
pub fn fault(exchange: &Exchange) -> Option<Fault> {
    let switched = SWITCHED.iter().find(|(start, _)| exchange.id.starts_with(start));
    let switched = switched.filter(|_| matches!(exchange.status, 429 | 503));
    switched.map(|(_, kind)| Fault::new(*kind).times(1))
}

/// Does what a call does that the sandbox has not, where what follows hangs on it: an update by version 2 of the API.
pub fn write(sandbox: &Sandbox, exchange: &Exchange) {
    let path = exchange.path();
    if let Some((doctype, name)) = path.strip_prefix("/api/v2/document/").and_then(|rest| rest.split_once('/'))
        && exchange.method == "PATCH"
        && exchange.status == 200
    {
        let user = exchange.user.clone().unwrap_or_default();
        let mut changes = exchange.args();
        changes.insert("modified_by".to_owned(), Value::from(user));
        sandbox.with(|site| site.set(doctype, name, &changes)).expect("the update fits in");
    }
}

/// Whether it touches a call that we support: a document or a file by its path, a method that the sandbox has, and of the
/// reports those that it has or that no site has.
pub fn is_supported(exchange: &Exchange, reports: &HashSet<String>) -> bool {
    let path = exchange.path();
    let below = path.strip_prefix("/api/v1/").or_else(|| path.strip_prefix("/api/")).unwrap_or_default();
    let method = below.strip_prefix("method/").unwrap_or_default().trim_end_matches('/');
    if method == "frappe.desk.query_report.run" {
        let name = exchange.args().get("report_name").and_then(Value::as_str).unwrap_or_default().to_owned();
        return reports.contains(&name) || name.is_empty() || name.starts_with("No Such");
    }
    if method == "frappe.desk.query_report.get_script" {
        return exchange.args().get("report_name").and_then(Value::as_str).is_none_or(|name| reports.contains(name));
    }
    if method == "frappe.model.mapper.make_mapped_doc" {
        return exchange.args().get("method").and_then(Value::as_str).is_none_or(erpnext_sandbox::maps);
    }
    below.starts_with("resource/")
        || path.starts_with("/files/")
        || path.starts_with("/private/files/")
        || BESIDE.contains(&path.as_str())
        || method.starts_with("frappe.client.")
        || erpnext_sandbox::answers(method)
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
    if exchange.body.to_string().contains("left out") {
        return Some("an answer that the recording leaves out");
    }
    if exchange.id.contains("conc create same UOM") {
        return Some("eight at once: which of them wins is chance");
    }
    None
}
