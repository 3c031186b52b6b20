//! Answers that differ between the versions where both take the request.

use erpnext_sandbox::Version::{V15, V16};
use serde_json::{Value, json};

use crate::Desk;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h27_a_time_that_was_not_given_is_that_of_the_creation_on_15_alone() {
    for desk in Desk::each().await {
        let stored = desk.get(&desk.thing(&json!({})));
        assert_eq!(stored.get("at_time").is_some_and(|time| !time.is_null()), desk.version == V15, "{stored}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h58_a_timespan_or_a_range_that_is_none_matches_everything_on_15_and_nothing_on_16() {
    for desk in Desk::each().await {
        let all = desk.rows("Sales Order", &json!({"limit_page_length": 0})).len();
        for filter in [
            json!(["transaction_date", "Timespan", "last fortnight"]),
            json!(["transaction_date", "between", ["2026-01-01"]]),
        ] {
            let found = desk.rows("Sales Order", &json!({"limit_page_length": 0, "filters": [filter]})).len();
            assert_eq!(found, if desk.version == V15 { all } else { 0 }, "{filter}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_site_says_is_json_in_json_and_in_ascii_on_15_alone() {
    for desk in Desk::each().await {
        let (status, body) = desk.ask("administrator", "GET", "/api/resource/UOM/Gr%C3%B6%C3%9Fe", &Value::Null);
        let said = body["_server_messages"].as_str().unwrap();
        assert_eq!((status, said.is_ascii()), (404, desk.version == V15), "{said}");
        let entries: Vec<String> = serde_json::from_str(said).unwrap();
        let entry: Value = serde_json::from_str(&entries[0]).unwrap();
        assert!(entry["message"].as_str().unwrap().contains("Gr\u{f6}\u{df}e"), "{entry}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h66_the_link_search_labels_what_has_no_title_on_16_alone() {
    for desk in Desk::each().await {
        let asked = json!({"doctype": "UOM", "txt": "Nos", "page_length": 5});
        let found = desk.post("/api/method/frappe.desk.search.search_link", &asked);
        let first = &found[0];
        assert_eq!(first.get("label"), (desk.version == V16).then_some(&first["value"]), "{found}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h68_the_timeline_has_other_keys_on_16() {
    for desk in Desk::each().await {
        let new = desk.version == V16;
        let asked = json!({"doctype": "Customer", "name": "Umber Gallery"});
        let (_, info) = desk.ask("administrator", "POST", "/api/method/frappe.desk.form.load.get_docinfo", &asked);
        let info = &info["docinfo"];
        assert_eq!(
            (info.get("energy_point_logs").is_some(), info.get("custom_perm_types").is_some()),
            (!new, new),
            "{info}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h68_the_steps_of_a_workflow_and_the_rights_of_a_role_have_another_key_on_16() {
    for desk in Desk::each().await {
        let new = desk.version == V16;
        let leads = desk.rows("Lead", &json!({"limit_page_length": 1}));
        let asked = json!({"doc": {"doctype": "Lead", "name": leads[0]["name"]}});
        let steps = desk.post("/api/method/frappe.model.workflow.get_transitions", &asked);
        assert_eq!(steps[0].get("transition_tasks").is_some(), new, "{steps}");
        let (_, meta) =
            desk.ask("administrator", "GET", "/api/method/frappe.desk.form.load.getdoctype?doctype=Lead", &Value::Null);
        let right = &meta["docs"][0]["permissions"][0];
        assert_eq!(right.get("impersonate").is_some(), new, "{right}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h68_following_what_nobody_can_follow_is_answered_with_200_and_false_on_16() {
    for desk in Desk::each().await {
        let todo = desk.post("/api/resource/ToDo", &json!({"description": "x"}));
        let asked = json!({"doctype": "ToDo", "doc_name": todo["name"], "user": "Administrator"});
        let at = "/api/method/frappe.desk.form.document_follow.follow_document";
        let (status, body) = desk.ask("administrator", "POST", at, &asked);
        let told = if desk.version == V16 { Some(&Value::Bool(false)) } else { None };
        assert_eq!((status, body.get("message")), (200, told), "{body}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h69_a_request_for_options_with_a_token_is_refused_by_16() {
    for desk in Desk::each().await {
        let (status, _) = desk.ask("administrator", "OPTIONS", "/api/resource/Customer", &Value::Null);
        assert_eq!(status == 401, desk.version == V16, "{status}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h72_a_virtual_doctype_has_no_list_but_that_of_the_desk() {
    for desk in Desk::each().await {
        let asked = json!({"doctype": "RQ Job"});
        assert_eq!(desk.list("administrator", "RQ Job", &json!({})).0, 500);
        assert_eq!(desk.ask("administrator", "POST", "/api/method/frappe.client.get_list", &asked).0, 500);
        let asked = json!({"doctype": "RQ Job", "fields": ["name"]});
        assert_eq!(desk.ask("administrator", "POST", "/api/method/frappe.desk.reportview.get", &asked).0, 200);
    }
}
