//! The forms of requests against those that real sites of both versions took, where their recordings stand beside the
//! repository. Whatever a list is made of has to be part of a request that such a site answered with 200.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use erpnext_schema::Version;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use wiremock::http::Url;

use crate::shared;
use crate::support::{Site, all, call};
use crate::tidy::read;

/// Where the recordings of each version are, below `shared/site`.
pub const FOLDERS: [(Version, &[&str]); 2] =
    [(Version::V15, &["recordings", "v15-forms"]), (Version::V16, &["v16/recordings"])];

/// Parts of our requests that nobody recorded, each with what was recorded that the sites read in the same way.
const NEVER_RECORDED: &[(&str, &str)] = &[
    ("field max(`t`.`f`) as f", "field sum(`t`.`f`) as f"),
    ("field min(`t`.`f`) as f", "field sum(`t`.`f`) as f"),
    ("filters of 3 >=", "filters of 3 <="),
    ("or_filters of 3 like", "filters of 3 like"),
    ("or_filters of 3 <=", "filters of 3 <="),
    ("filters of 3 ancestors of", "filters of 3 descendants of"),
    ("filters of 3 descendants of (inclusive)", "filters of 3 descendants of"),
];

/// Methods that no site of either version was seen to answer, each with the reason.
pub const NEVER_ANSWERED: &[(&str, &str)] = &[
    ("frappe.integrations.oauth2.authorize", "a browser is sent there, and from there on"),
    (
        "frappe.utils.print_format.download_pdf",
        "the recorded sites have no program that makes a PDF: they answered 500",
    ),
    ("frappe.core.doctype.communication.email.make", "no mail was sent from the recorded sites"),
    ("frappe.model.utils.user_settings.get", OF_THE_DESK),
    ("frappe.core.doctype.user_permission.user_permission.get_user_permissions", OF_THE_DESK),
    ("erpnext.controllers.accounts_controller.get_taxes_and_charges", OF_THE_DESK),
    ("erpnext.controllers.accounts_controller.get_default_taxes_and_charges", OF_THE_DESK),
    ("erpnext.setup.doctype.terms_and_conditions.terms_and_conditions.get_terms_and_conditions", OF_THE_DESK),
    ("erpnext.controllers.stock_controller.show_accounting_ledger_preview", OF_THE_DESK),
    ("erpnext.controllers.stock_controller.show_stock_ledger_preview", OF_THE_DESK),
    ("erpnext.controllers.accounts_controller.update_child_qty_rate", OF_THE_DESK),
    ("erpnext.manufacturing.doctype.work_order.work_order.make_stock_entry", OF_THE_DESK),
    ("erpnext.selling.doctype.sales_order.sales_order.update_status", OF_THE_DESK),
    ("erpnext.buying.doctype.purchase_order.purchase_order.update_status", OF_THE_DESK),
    ("erpnext.stock.doctype.delivery_note.delivery_note.update_delivery_note_status", OF_THE_DESK),
    ("erpnext.stock.doctype.purchase_receipt.purchase_receipt.update_purchase_receipt_status", OF_THE_DESK),
    ("erpnext.stock.doctype.material_request.material_request.update_status", OF_THE_DESK),
    ("run_doc_method", OF_THE_DESK),
];
const OF_THE_DESK: &str = "the form is that of the desk's scripts; a tool came after the recordings";

/// What a request for rows, counts, a value or details is made of.
fn parts(verb: &str, path: &str, sent: &Map<String, Value>) -> BTreeSet<String> {
    let method = path.strip_prefix("/api/method/").unwrap_or_default();
    let is_list = verb == "GET" && path.starts_with("/api/resource/") && path.split('/').count() == 4
        || matches!(method, "frappe.client.get_list" | "frappe.desk.reportview.get");
    let mut parts = BTreeSet::new();
    let mut part = |text: String| _ = parts.insert(text);
    let keys = |sent: &Map<String, Value>| sent.keys().cloned().collect::<Vec<_>>().join(" ");
    match method {
        _ if is_list => {}
        "frappe.desk.reportview.get_count" => {
            part(format!("count distinct={}", sent.get("distinct").unwrap_or(&Value::Null)))
        }
        "frappe.client.get_value"
        | "erpnext.stock.get_item_details.get_item_details"
        | "frappe.desk.form.assign_to.add" => {
            part(format!("{method} {}", keys(sent)));
            return parts;
        }
        _ => return parts,
    }
    for argument in ["filters", "or_filters"] {
        let Some(filters) = sent.get(argument).and_then(Value::as_array) else { continue };
        for filter in filters.iter().filter_map(Value::as_array) {
            let operator = filter.get(filter.len().saturating_sub(2)).and_then(Value::as_str).unwrap_or_default();
            part(format!("{argument} of {} {}", filter.len(), operator.to_lowercase()));
            if filters.len() == 1 {
                part(format!("{argument} alone {}", operator.to_lowercase()));
            }
        }
    }
    for field in sent.get("fields").and_then(Value::as_array).into_iter().flatten() {
        part(match field {
            Value::Object(function) => format!("field {{{}}}", function.keys().cloned().collect::<Vec<_>>().join(" ")),
            text => match text.as_str().unwrap_or_default().split_once('(') {
                Some((function, inside)) => format!("field {function}({}", quoted(inside)),
                None => format!("field {}", quoted(text.as_str().unwrap_or_default())),
            },
        });
    }
    for (argument, what) in [("order_by", "order"), ("group_by", "group")] {
        for key in sent.get(argument).and_then(Value::as_str).into_iter().flat_map(|keys| keys.split(", ")) {
            part(format!("{what} {}", quoted(key)));
        }
    }
    parts
}

/// How a name is written: `` `t`.`f` desc ``, `` `f` ``, `f`.
fn quoted(name: &str) -> String {
    let mut shape = String::new();
    let mut inside = String::new();
    for c in name.chars() {
        match c {
            '`' | '.' | ' ' | ')' => {
                if !inside.is_empty() {
                    let word = matches!(inside.as_str(), "asc" | "desc" | "as");
                    shape.push_str(if word { &inside } else { "f" });
                    inside.clear();
                }
                shape.push(c);
            }
            c => inside.push(c),
        }
    }
    if !inside.is_empty() {
        shape.push_str(if matches!(inside.as_str(), "asc" | "desc") { &inside } else { "f" });
    }
    // A table's name has words; only that it stands there counts.
    let table = shape.split_once("`.`").map(|(_, rest)| format!("`t`.`{rest}"));
    table.unwrap_or(shape)
}

/// The arguments of a recorded request, from its query, its form or its JSON.
pub fn arguments(recorded: &Value) -> (String, Map<String, Value>) {
    let path = recorded["path"].as_str().unwrap_or_default();
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let from_pairs = |text: &str| -> Map<String, Value> {
        let url = Url::parse(&format!("http://x/?{text}")).unwrap();
        let read = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| json!(text));
        url.query_pairs().map(|(key, value)| (key.into_owned(), read(&value))).collect()
    };
    let sent = match &recorded["request_body"] {
        Value::Object(body) => body.clone(),
        Value::String(text) => serde_json::from_str(text).unwrap_or_else(|_| from_pairs(text)),
        _ => from_pairs(query),
    };
    let unpacked = |value: Value| match &value {
        Value::String(text) => {
            serde_json::from_str(text).ok().filter(|read: &Value| !read.is_number()).unwrap_or(value)
        }
        _ => value,
    };
    let sent = sent.into_iter().map(|(key, value)| (key, unpacked(value))).collect();
    (percent_decode_str(path).decode_utf8_lossy().into_owned(), sent)
}

/// What was part of some request that a site of that version answered with 200.
fn taken(site: &Path, folders: &[&str]) -> BTreeSet<String> {
    let mut taken = BTreeSet::new();
    for folder in folders {
        for file in fs::read_dir(site.join(folder)).unwrap().map(|file| file.unwrap().path()) {
            for line in fs::read_to_string(file).unwrap().lines() {
                let recorded: Value = serde_json::from_str(line).unwrap();
                if recorded["status"] == 200 {
                    let (path, sent) = arguments(&recorded);
                    taken.append(&mut parts(recorded["method"].as_str().unwrap_or_default(), &path, &sent));
                }
            }
        }
    }
    taken
}

/// The methods that a site of that version was seen to answer.
fn answered(site: &Path, folders: &[&str]) -> BTreeSet<String> {
    let mut answered = BTreeSet::new();
    for folder in folders {
        for file in fs::read_dir(site.join(folder)).unwrap().map(|file| file.unwrap().path()) {
            for line in fs::read_to_string(file).unwrap().lines() {
                let recorded: Value = serde_json::from_str(line).unwrap();
                let path = recorded["path"].as_str().unwrap_or_default().split('?').next().unwrap_or_default();
                let method = path.strip_prefix("/api/method/");
                let is_good = recorded["status"].as_u64().is_some_and(|status| status < 300);
                answered.extend(method.filter(|_| is_good).map(str::to_owned));
            }
        }
    }
    answered
}

/// The methods that this program names, but for those of conversions, which go through one method.
fn asked() -> BTreeSet<String> {
    let mut asked = BTreeSet::new();
    for file in ["src/site/endpoints.rs", "src/tools/orders/status.rs"] {
        let source = read(file);
        for start in ["\"frappe.", "\"erpnext.", "\"run_doc_method\""] {
            let paths = source.match_indices(start).filter_map(|(at, _)| source[at + 1..].split('"').next());
            asked.extend(paths.map(str::to_owned));
        }
    }
    asked
}

#[tokio::test]
#[ignore = "needs the recordings of a real site"]
async fn every_method_was_answered_by_a_real_site_of_the_version_or_is_named_with_a_reason() {
    let folder = shared::recordings();
    let named: BTreeSet<String> = NEVER_ANSWERED.iter().map(|(method, _)| (*method).to_owned()).collect();
    for (version, folders) in FOLDERS {
        let answered = answered(&folder.join("site"), folders);
        let unseen: BTreeSet<String> = asked().difference(&answered).cloned().collect();
        assert_eq!(unseen, named, "what no site of version {version} answered, and what is named for it");
    }
}

/// What lists, counts, sums and look-ups of ours are made of.
async fn ours(version: Version) -> BTreeSet<String> {
    let site = Site::start().await;
    let orders = "/api/resource/Sales%20Order";
    site.metadata(json!([{"name": "Sales Order"}, {"name": "Customer"}, {"name": "Item"}])).await;
    site.data("GET", orders, json!([])).await;
    site.data("GET", "/api/resource/Customer", json!([])).await;
    site.data("GET", &format!("{orders}/SO-1"), json!({"name": "SO-1"})).await;
    site.method("frappe.desk.reportview.get_count", json!(0)).await;
    site.method("frappe.client.get_value", json!({"name": "A"})).await;
    site.method("erpnext.stock.get_item_details.get_item_details", json!({"item_code": "A"})).await;
    site.method("frappe.desk.form.assign_to.add", json!([])).await;
    let app = site.app_on(
        version,
        json!({
            "Sales Order": all(), "Customer": all(), "Territory": all(), "Item": all(), "Company": all(),
        }),
    );
    let list = |doctype: &str, more: Value| {
        let mut asked = json!({"doctype": doctype, "count": true});
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        asked
    };
    for (tool, asked) in [
        ("list_generic_documents", list("Sales Order", json!({}))),
        ("list_generic_documents", list("Sales Order", json!({"filters": {"items.item_code": "A", "docstatus": 1}}))),
        ("list_generic_documents", list("Sales Order", json!({"filters": {"items.item_code": ["like", "A%"]}}))),
        (
            "list_generic_documents",
            list("Sales Order", json!({"or_filters": {"items.item_code": "A", "status": "Draft"}})),
        ),
        ("list_generic_documents", list("Sales Order", json!({"filters": {"po_date": ["<", "2026-01-01"]}}))),
        ("list_generic_documents", list("Sales Order", json!({"filters": {"po_date": ["<= or empty", "2026-01-01"]}}))),
        ("list_generic_documents", list("Sales Order", json!({"filters": {"grand_total": ["between", [1, 9]]}}))),
        (
            "list_generic_documents",
            list("Customer", json!({"filters": {"creation": ["between", ["2026-01-01", "2026-01-02"]]}})),
        ),
        ("list_generic_documents", list("Customer", json!({"filters": {"creation": ["Timespan", "this year"]}}))),
        ("list_generic_documents", list("Customer", json!({"filters": {"territory": ["descendants of", "A"]}}))),
        ("list_generic_documents", list("Customer", json!({"filters": {"territory": ["not descendants of", "A"]}}))),
        (
            "list_generic_documents",
            list("Customer", json!({"filters": {"territory": ["descendants of (inclusive)", "A"]}})),
        ),
        ("list_generic_documents", list("Customer", json!({"filters": {"territory": ["ancestors of", "A"]}}))),
        (
            "list_generic_documents",
            list("Customer", json!({"filters": {"territory": ["not in", ["A"]], "language": ["!=", "de"]}})),
        ),
        ("list_generic_documents", list("Customer", json!({"order_by": "territory desc, creation asc"}))),
        ("search_link", json!({"doctype": "Customer", "text": "A"})),
        ("aggregate_documents", json!({"doctype": "Sales Order"})),
        (
            "aggregate_documents",
            json!({"doctype": "Sales Order", "group_by": ["customer"],
            "measures": ["count", "sum(grand_total)", "avg(grand_total)", "min(grand_total)", "max(grand_total)"]}),
        ),
        ("get_item_details", json!({"item_code": "A", "company": "A", "currency": "INR"})),
        (
            "assign_document",
            json!({"doctype": "Sales Order", "name": "SO-1", "user": "ann@example.com", "confirm": true}),
        ),
    ] {
        call(&app, tool, asked.clone()).await.unwrap_or_else(|error| panic!("{tool} {asked}: {error:?}"));
    }
    let mut ours = BTreeSet::new();
    for (line, sent) in site.sent().await {
        let (verb, path) = line.split_once(' ').unwrap();
        let path = percent_decode_str(path).decode_utf8_lossy();
        ours.append(&mut parts(verb, &path, sent.as_object().unwrap_or(&Map::new())));
    }
    ours
}

#[tokio::test]
#[ignore = "needs the recordings of a real site"]
async fn every_form_of_a_request_was_taken_by_a_real_site_of_the_version() {
    let folder = shared::recordings();
    for (version, folders) in FOLDERS {
        let taken = taken(&folder.join("site"), folders);
        let ours = ours(version).await;
        assert!(ours.len() > 25 && taken.len() > 50, "{} {}", ours.len(), taken.len());
        let alike = |part: &str| {
            let known = NEVER_RECORDED.iter().find(|(never, _)| *never == part);
            known.is_some_and(|(_, alike)| taken.contains(*alike))
        };
        let unknown: Vec<&String> = ours.iter().filter(|part| !taken.contains(*part) && !alike(part)).collect();
        assert_eq!(unknown, Vec::<&String>::new(), "no site of version {version} was seen to take these");
    }
}
