//! Requests in the form that both versions of ERPNext take: wiremock, as the exact request counts.

use serde_json::{Value, json};

use crate::support::{Site, all, call, refusal};

const ORDERS: &str = "/api/resource/Sales%20Order";
const COUNT: &str = "/api/method/frappe.desk.reportview.get_count";
const LIST: &str = "list_sales_order_documents";

/// What is sent for a list of orders, and the answer to it.
async fn list(arguments: Value) -> (Value, Value) {
    let site = Site::start().await;
    site.data("GET", ORDERS, json!([{"name": "SO-1"}])).await;
    let app = site.app(json!({"Sales Order": all()}));
    let answer = call(&app, LIST, arguments).await.unwrap();
    let mut sent = site.sent().await;
    assert_eq!(sent.len(), 1, "{sent:?}");
    (sent.remove(0).1, answer)
}

#[tokio::test]
async fn a_filter_on_rows_names_their_doctype_and_gives_each_document_once() {
    let by_item = json!(["Sales Order Item", "item_code", "=", "A"]);
    let (query, _) = list(json!({"filters": {"items.item_code": "A"}})).await;
    assert_eq!(query["filters"], json!([by_item]));
    assert_eq!(query["group_by"], "`tabSales Order`.`name`");
    assert_eq!(query["order_by"], "`tabSales Order`.`modified` desc, `tabSales Order`.`name` asc");
    let (query, _) = list(json!({"or_filters": {"items.item_code": "A", "status": "Draft"}})).await;
    assert_eq!(query["or_filters"], json!([by_item, ["status", "=", "Draft"]]));
    assert_eq!(query["group_by"], "`tabSales Order`.`name`");
}

#[tokio::test]
async fn documents_are_counted_once_each() {
    for filters in [json!({"items.item_code": "A"}), json!({"status": "Draft"}), json!({})] {
        let site = Site::start().await;
        site.data("GET", ORDERS, json!([])).await;
        site.answer("POST", COUNT, 200, json!({"message": 3})).await;
        let app = site.app(json!({"Sales Order": all()}));
        call(&app, LIST, json!({"filters": filters, "count": true})).await.unwrap();
        let sent = site.sent().await;
        let (_, form) = sent.iter().find(|(line, _)| line.ends_with("get_count")).unwrap();
        assert_eq!(form["distinct"], true, "{form}");
    }
}

#[tokio::test]
async fn what_lies_before_a_date_has_a_date_unless_the_empty_ones_are_asked_for() {
    let set = json!(["po_date", "is", "set"]);
    for operator in ["<", "<="] {
        let before = json!(["po_date", operator, "2026-01-01"]);
        let (query, answer) = list(json!({"filters": [before]})).await;
        assert_eq!(query["filters"], json!([before, set]));
        let note = format!("documents without po_date are left out: \"{operator} or empty\" takes them too");
        assert_eq!(answer["note"], note);
        for words in ["or empty", "OR  Empty"] {
            let asked = json!(["po_date", format!("{operator} {words}"), "2026-01-01"]);
            let (query, answer) = list(json!({"filters": [asked]})).await;
            assert_eq!(query["filters"], json!([before]));
            assert_eq!(answer["note"], "documents without po_date count too");
        }
    }
    // A date after another is a date, and a mandatory one is always there.
    let (query, answer) = list(json!({"filters": {"po_date": [">", "2026-01-01"]}})).await;
    assert_eq!((&query["filters"], &answer["note"]), (&json!([["po_date", ">", "2026-01-01"]]), &Value::Null));
    let (_, answer) = list(json!({"filters": {"transaction_date": ["<", "2026-01-01"]}})).await;
    assert_eq!(answer["note"], Value::Null);
}

#[tokio::test]
async fn a_date_before_another_is_a_choice_only_with_the_empty_ones() {
    let site = Site::start().await;
    site.answer_anywhere("GET", json!({})).await;
    let app = site.app(json!({"Sales Order": all()}));
    let choices = json!([["po_date", "<", "2026-01-01"], ["status", "=", "Draft"]]);
    let text = refusal(&app, LIST, json!({"or_filters": choices})).await;
    assert!(text.contains(r#"did you mean ["po_date","< or empty","2026-01-01"]?"#), "{text}");
    let (query, _) =
        list(json!({"or_filters": [["po_date", "< or empty", "2026-01-01"], ["status", "=", "Draft"]]})).await;
    assert_eq!(query["or_filters"], json!([["po_date", "<", "2026-01-01"], ["status", "=", "Draft"]]));
}

#[tokio::test]
async fn between_on_anything_but_dates_is_two_filters() {
    let (query, _) = list(json!({"filters": {"grand_total": ["between", [10, 20]]}})).await;
    assert_eq!(query["filters"], json!([["grand_total", ">=", 10], ["grand_total", "<=", 20]]));
    let days = json!(["transaction_date", "between", ["2026-01-01", "2026-01-31"]]);
    assert_eq!(list(json!({"filters": [days]})).await.0["filters"], json!([days]));
}
