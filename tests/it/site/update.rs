use erpnext_mcp::call::App;
use serde_json::{Value, json};

use crate::support::{Site, all, call, refusal};

const ORDER: &str = "/api/resource/Sales%20Order/SO-1";
const UPDATE: &str = "update_sales_order_document";
const READ_AT: &str = "2026-11-22 07:49:07.158980";

fn row(name: &str, idx: u64, qty: f64) -> Value {
    json!({
        "name": name, "idx": idx, "item_code": "SKU-1", "qty": qty, "valuation_rate": 77.7, "parent": "SO-1",
        "parentfield": "items", "parenttype": "Sales Order", "doctype": "Sales Order Item", "delivery_date": "2026-12-01",
    })
}

fn order(modified: &str, po_no: &str, rows: &Value) -> Value {
    json!({"name": "SO-1", "customer": "Zod Co", "po_no": po_no, "modified": modified, "grand_total": 5.0, "items": rows})
}

/// A site whose order has two rows; the second reading gives what is stored after the update.
async fn site(after: Value) -> (Site, App) {
    let site = Site::start().await;
    let before = order(READ_AT, "PO-1", &json!([row("r1", 1, 1.0), row("r2", 2, 2.0)]));
    site.answer_once("GET", ORDER, 200, json!({"data": before})).await;
    site.data("GET", ORDER, after).await;
    site.data("PUT", ORDER, json!({"name": "SO-1", "po_no": "echo"})).await;
    site.method("frappe.client.validate_link", json!({"name": "found"})).await;
    let app = site.app(json!({"Sales Order": all(), "System Settings": all()}));
    (site, app)
}

async fn refused(data: Value) -> String {
    let (site, app) = site(json!({})).await;
    let text = refusal(&app, UPDATE, json!({"name": "SO-1", "data": data})).await;
    assert_eq!(site.writes().await, Vec::<String>::new());
    text
}

#[tokio::test]
async fn an_update_reads_first_sends_what_was_read_as_modified_and_reads_back() {
    let after = order("later", "PO-2", &json!([row("r1", 1, 1.0), row("r2", 2, 2.0)]));
    let (site, app) = site(after).await;
    let answer = call(&app, UPDATE, json!({"name": "SO-1", "data": {"po_no": "PO-2"}})).await.unwrap();
    assert_eq!(answer, json!({"updated": "SO-1", "changed": {"po_no": {"from": "PO-1", "to": "PO-2"}}}));
    let sent = site.sent().await;
    assert_eq!(site.lines().await, [format!("GET {ORDER}"), format!("PUT {ORDER}"), format!("GET {ORDER}")]);
    assert_eq!(sent[1].1, json!({"po_no": "PO-2", "modified": READ_AT}));
}

#[tokio::test]
async fn rows_are_sent_whole_in_the_order_given() {
    let after = order("later", "PO-1", &json!([row("r2", 1, 5.0), row("r1", 2, 1.0)]));
    let (site, app) = site(after).await;
    let rows = json!([{"name": "r2", "qty": 5}, {"name": "r1"}]);
    let answer = call(&app, UPDATE, json!({"name": "SO-1", "data": {"items": rows}})).await.unwrap();
    let sent = site.sent().await.into_iter().find(|(line, _)| line.starts_with("PUT")).unwrap().1;
    let mut second = row("r2", 1, 5.0);
    second["qty"] = json!(5);
    assert_eq!(sent["items"], json!([second, row("r1", 2, 1.0)]));
    let row = json!({"row": {"idx": 1, "item_code": "SKU-1"}, "changes": {"qty": {"from": 2.0, "to": 5.0}}});
    assert_eq!(answer["changed"], json!({"items": [row]}), "{answer}");
    assert!(answer.get("stored_differently").is_none(), "{answer}");
}

#[tokio::test]
async fn a_row_can_be_added_and_needs_its_mandatory_columns() {
    let after = order("later", "PO-1", &json!([row("r1", 1, 1.0), row("r2", 2, 2.0), row("r3", 3, 3.0)]));
    let (site, app) = site(after).await;
    let new = json!({"item_code": "SKU-1", "qty": 3, "delivery_date": "2026-12-01"});
    let rows = json!([{"name": "r1"}, {"name": "r2"}, new]);
    let answer = call(&app, UPDATE, json!({"name": "SO-1", "data": {"items": rows}})).await.unwrap();
    let added = json!([{"added": {"idx": 3, "item_code": "SKU-1", "qty": 3.0}}]);
    assert_eq!(answer["changed"]["items"], added, "{answer}");
    let sent = site.sent().await.into_iter().find(|(line, _)| line.starts_with("PUT")).unwrap().1;
    assert_eq!(sent["items"].as_array().unwrap().len(), 3);
    assert!(sent["items"][2].get("name").is_none());
}

#[tokio::test]
async fn rows_that_do_not_exist_are_refused() {
    let text = refused(json!({"items": [{"name": "r1"}, {"name": "r2"}, {"name": "r9", "qty": 1}]})).await;
    assert!(
        text.contains("data.items[2].name: items has no row named \"r9\"; its rows are \"r1\" (row 1, SKU-1), \"r2\" (row 2, SKU-1)"),
        "{text}"
    );
    let text = refused(json!({"items": [{"name": "r1"}, {"name": "r2"}, {"name": "r1"}]})).await;
    assert!(text.contains("\"r1\" (row 1, SKU-1) is named twice"), "{text}");
}

#[tokio::test]
async fn rows_are_not_dropped_by_leaving_them_out() {
    let text = refused(json!({"items": [{"name": "r1", "qty": 4}]})).await;
    assert!(text.contains("would be lost with what they hold: \"r2\" (row 2, SKU-1): item_code"), "{text}");
}

#[tokio::test]
async fn an_update_that_changes_nothing_or_the_wrong_things_is_refused() {
    assert!(refused(json!({})).await.contains("no field to change"));
    let text = refused(json!({"name": "SO-2", "docstatus": 1, "modified": READ_AT, "items": []})).await;
    for wanted in
        ["data.name: a document is not renamed", "data.docstatus", "data.modified", "data.items: is mandatory"]
    {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
}

#[tokio::test]
async fn a_conflict_is_told_as_one_and_nothing_is_overwritten() {
    let site = Site::start().await;
    site.data("GET", ORDER, order(READ_AT, "PO-1", &json!([]))).await;
    let stale = json!({"exc_type": "TimestampMismatchError", "exception": "frappe.exceptions.TimestampMismatchError"});
    site.answer("PUT", ORDER, 417, stale).await;
    let app = site.app(json!({"Sales Order": all()}));
    let text = refusal(&app, UPDATE, json!({"name": "SO-1", "data": {"po_no": "PO-2"}})).await;
    assert!(text.contains("was changed by somebody else") && text.contains("Read it again"), "{text}");
    assert_eq!(site.writes().await.len(), 1);
}

#[tokio::test]
async fn a_conflict_between_reading_and_writing_tells_both_sides() {
    let site = Site::start().await;
    let theirs = |modified: &str, po_no: &str| {
        let mut order = order(modified, po_no, &json!([row("r1", 1, 1.0)]));
        order["modified_by"] = json!("ann@x");
        order
    };
    site.answer_once("GET", ORDER, 200, json!({"data": theirs(READ_AT, "PO-1")})).await;
    let mut now = theirs("2026-11-22 07:50:00", "PO-3");
    now["items"][0]["qty"] = json!(4.0);
    site.data("GET", ORDER, now).await;
    site.answer("PUT", ORDER, 417, json!({"exc_type": "TimestampMismatchError"})).await;
    let app = site.app(json!({"Sales Order": all()}));
    let data = json!({"po_no": "PO-2", "items": {"patch": [{"match": {"qty": 1}, "qty": 9}]}});
    let text = refusal(&app, UPDATE, json!({"name": "SO-1", "data": data})).await;
    // Without versions it is the two readings that tell.
    let by = r#"by ann@x at 2026-11-22 07:50:00: po_no "PO-1" → "PO-3"; items row 1 (SKU-1): qty 1.0 → 4.0"#;
    assert!(text.contains(by), "{text}");
    assert!(
        text.contains("does not fit it any more: data.items.patch[0]: items has no row with {\"qty\":1}"),
        "{text}"
    );
    assert_eq!(site.writes().await.len(), 1);
}

#[tokio::test]
async fn what_the_site_did_not_take_over_is_said() {
    let (_site, app) = site(order("later", "PO-1", &json!([row("r1", 1, 1.0), row("r2", 2, 2.0)]))).await;
    let answer = call(&app, UPDATE, json!({"name": "SO-1", "data": {"po_no": "PO-2"}})).await.unwrap();
    assert_eq!(answer["changed"], json!({}));
    assert_eq!(answer["stored_differently"], json!({"po_no": {"sent": "PO-2", "stored": "PO-1", "ignored": true}}));
}

#[tokio::test]
async fn a_document_that_is_not_there_is_not_written() {
    let site = Site::start().await;
    site.answer("GET", ORDER, 404, json!({"exc_type": "DoesNotExistError"})).await;
    let app = site.app(json!({"Sales Order": all()}));
    let text = refusal(&app, UPDATE, json!({"name": "SO-1", "data": {"po_no": "PO-2"}})).await;
    assert!(text.contains("DoesNotExistError"), "{text}");
    assert_eq!(site.lines().await, [format!("GET {ORDER}")]);
}

#[tokio::test]
async fn a_single_is_updated_by_its_own_name() {
    let (site, app) = site(json!({})).await;
    let at = "/api/resource/System%20Settings/System%20Settings";
    site.data("GET", at, json!({"name": "System Settings", "language": "de", "modified": READ_AT})).await;
    site.data("PUT", at, json!({})).await;
    let answer = call(&app, "update_system_settings_document", json!({"data": {"language": "de"}})).await.unwrap();
    assert_eq!(answer["updated"], "System Settings");
    assert_eq!(site.writes().await, [format!("PUT {at}")]);
}
