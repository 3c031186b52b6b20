//! Updates: wiremock where the exact requests count, or where somebody writes between two requests of one call.

use erpnext_mcp::app::Connection;
use serde_json::{Value, json};

use crate::hazards::{Place, typed_in};
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
async fn site(after: Value) -> (Site, Connection) {
    let site = Site::start().await;
    let before = order(READ_AT, "PO-1", &json!([row("r1", 1, 1.0), row("r2", 2, 2.0)]));
    site.answer_once("GET", ORDER, 200, json!({"data": before})).await;
    site.data("GET", ORDER, after).await;
    site.data("PUT", ORDER, json!({"name": "SO-1", "po_no": "echo"})).await;
    site.method("frappe.client.get_value", json!({"name": "found"})).await;
    let app = site.app(json!({"Sales Order": all(), "System Settings": all()}));
    (site, app)
}

#[on_every_version]
async fn an_update_reads_first_sends_what_was_read_as_modified_and_reads_back() {
    let after = order("later", "PO-2", &json!([row("r1", 1, 1.0), row("r2", 2, 2.0)]));
    let (site, app) = site(after).await;
    let answer = call(&app, UPDATE, json!({"name": "SO-1", "data": {"po_no": "PO-2"}})).await.unwrap();
    assert_eq!(
        answer,
        json!({"updated": "SO-1", "modified": "later", "changed": {"po_no": {"from": "PO-1", "to": "PO-2"}}})
    );
    let sent = site.sent().await;
    assert_eq!(site.lines().await, [format!("GET {ORDER}"), format!("PUT {ORDER}"), format!("GET {ORDER}")]);
    assert_eq!(sent[1].1, json!({"po_no": "PO-2", "modified": READ_AT}));
}

#[on_every_version]
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

#[on_every_version]
async fn a_row_can_be_added() {
    let place = Place::new().await;
    let order = place.order(2).await;
    let before = place.stored("Sales Order", &order);
    let [first, second] = [0, 1].map(|at| before["items"][at].clone());
    let new = json!({"item_code": first["item_code"], "qty": 3, "delivery_date": "2026-12-24"});
    let items = json!([{"name": first["name"]}, {"name": second["name"]}, new]);
    let answer = place.update("Sales Order", &order, json!({"items": items})).await;
    let added = &answer["changed"]["items"][0]["added"];
    assert_eq!((&added["idx"], &added["item_code"], &added["qty"]), (&json!(3), &first["item_code"], &json!(3.0)));
    let stored = typed_in(&place.stored("Sales Order", &order));
    assert_eq!((stored.len(), &stored[..2]), (3, &typed_in(&before)[..]));
}

#[on_every_version]
async fn a_change_that_would_lose_rows_or_is_none_is_refused() {
    let place = Place::new().await;
    let order = place.order(2).await;
    let before = place.stored("Sales Order", &order);
    let [first, second] = [0, 1].map(|at| before["items"][at].clone());
    let told = |row: &Value| format!("{} (row {}, {})", row["name"], row["idx"], row["item_code"].as_str().unwrap());
    let names = [&first["name"], &second["name"]];
    for (change, wanted) in [
        (
            json!({"items": [{"name": names[0]}, {"name": names[1]}, {"name": names[0]}]}),
            format!("{} is named twice", told(&first)),
        ),
        (
            json!({"items": [{"name": names[0], "qty": 4}]}),
            format!("would be lost with what they hold: {}", told(&second)),
        ),
        (json!({}), "no field to change".to_owned()),
        (json!({"name": "SO-2"}), "data.name: a document is not renamed".to_owned()),
        (json!({"docstatus": 1}), "data.docstatus".to_owned()),
        (json!({"modified": READ_AT}), "data.modified".to_owned()),
        (json!({"items": []}), "data.items: is mandatory".to_owned()),
    ] {
        let text = place.refused_update("Sales Order", &order, change).await;
        assert!(text.contains(&wanted), "{wanted}: {text}");
    }
    assert_eq!(place.stored("Sales Order", &order), before);
}

#[on_every_version]
async fn a_conflict_is_told_as_one_and_nothing_is_overwritten() {
    let site = Site::start().await;
    site.data("GET", ORDER, order(READ_AT, "PO-1", &json!([]))).await;
    let stale = json!({"exc_type": "TimestampMismatchError", "exception": "frappe.exceptions.TimestampMismatchError"});
    site.answer("PUT", ORDER, 417, stale).await;
    let app = site.app(json!({"Sales Order": all()}));
    let text = refusal(&app, UPDATE, json!({"name": "SO-1", "data": {"po_no": "PO-2"}})).await;
    assert!(text.contains("was changed since it was read") && text.contains("Read it again"), "{text}");
    assert_eq!(site.writes().await.len(), 1);
}

#[on_every_version]
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

#[on_every_version]
async fn what_the_site_did_not_take_over_is_said() {
    let (_site, app) = site(order("later", "PO-1", &json!([row("r1", 1, 1.0), row("r2", 2, 2.0)]))).await;
    let answer = call(&app, UPDATE, json!({"name": "SO-1", "data": {"po_no": "PO-2"}})).await.unwrap();
    assert_eq!(answer["changed"], json!({}));
    assert_eq!(answer["stored_differently"], json!({"po_no": {"sent": "PO-2", "stored": "PO-1", "ignored": true}}));
}

#[on_every_version]
async fn a_document_that_is_not_there_is_not_written() {
    let place = Place::new().await;
    let text = place.refused_update("Sales Order", "SAL-ORD-0000-00000", json!({"po_no": "PO-2"})).await;
    assert!(text.contains("DoesNotExistError"), "{text}");
    assert_eq!(place.site.writes(), Vec::<String>::new());
}

#[on_every_version]
async fn a_single_is_updated_by_its_own_name() {
    let (site, app) = site(json!({})).await;
    let at = "/api/resource/System%20Settings/System%20Settings";
    site.data("GET", at, json!({"name": "System Settings", "language": "de", "modified": READ_AT})).await;
    site.data("PUT", at, json!({})).await;
    let answer = call(&app, "update_system_settings_document", json!({"data": {"language": "de"}})).await.unwrap();
    assert_eq!(answer["updated"], "System Settings");
    assert_eq!(site.writes().await, [format!("PUT {at}")]);
}

#[on_every_version]
async fn what_is_fixed_is_told_before_it_is_sent_in_a_dry_run_too() {
    let site = crate::sandbox::SampleSite::bench().await;
    let app = site.app(json!({"Odd Thing": all(), "Sales Order": all()}));
    let made = call(
        &app,
        "create_generic_document",
        json!({"doctype": "Odd Thing", "data": {"title": "x", "only_once": "a"}}),
    );
    let name = made.await.unwrap()["created"].clone();
    let order = crate::sandbox::first(&app, "Sales Order", json!({"docstatus": 1})).await;
    let before = site.writes().len();
    for dry_run in [true, false] {
        let change = json!({"doctype": "Odd Thing", "name": name, "data": {"only_once": "b"}, "dry_run": dry_run});
        let text = refusal(&app, "update_generic_document", change).await;
        assert!(text.contains("data.only_once: is set once"), "{text}");
        let change = json!({"name": order, "data": {"items": {"patch": [{"idx": 1, "item_name": "other"}]}}, "dry_run": dry_run});
        let text = refusal(&app, "update_sales_order_document", change).await;
        assert!(text.contains("item_name: cannot be changed once the document is submitted"), "{text}");
    }
    assert_eq!(site.writes().len(), before);
}

#[on_every_version]
async fn a_text_that_was_read_is_written_back_as_it_is_stored() {
    let site = crate::sandbox::SampleSite::start().await;
    let app = site.app(json!({"ToDo": all()}));
    let html = "<div class=\"ql-editor\"><p>One <strong>two</strong></p><table><tr><th>a</th></tr><tr><td>1</td></tr></table></div>";
    let data = json!({"description": html});
    let made = call(&app, "create_todo_document", json!({"data": data})).await.unwrap();
    assert!(made["description"].as_str().unwrap().starts_with("One **two**"), "{made}");
    let name = made["created"].as_str().unwrap();
    let stored = || site.stored("ToDo", name).unwrap()["description"].clone();
    let was = stored();
    let read = async || {
        let get = json!({"name": name, "fields": ["description"]});
        call(&app, "get_todo_document", get).await.unwrap()["document"]["description"].clone()
    };
    let text = read().await;
    assert!(text.as_str().unwrap().contains("| a |\n|---|\n| 1 |"), "{text}");
    let answer =
        call(&app, "update_todo_document", json!({"name": name, "data": {"description": text}})).await.unwrap();
    assert_eq!(stored(), was);
    assert!(answer["messages"].to_string().contains("nothing was changed"), "{answer}");

    let more = format!("{}\n\nand **three**", text.as_str().unwrap());
    let answer =
        call(&app, "update_todo_document", json!({"name": name, "data": {"description": more}})).await.unwrap();
    let told = &answer["changed"]["description"];
    assert_eq!(
        (told["from"].as_str().unwrap().trim(), told["to"].as_str().unwrap().trim()),
        (text.as_str().unwrap().trim(), more.trim())
    );
    assert!(stored().as_str().unwrap().contains("<strong>three</strong>"), "{}", stored());
    assert!(stored().as_str().unwrap().contains("<table>"), "{}", stored());
    assert_eq!(read().await.as_str().unwrap().trim(), more.trim());
    let raw = json!({"name": name, "format": "html"});
    let raw = call(&app, "get_todo_document", raw).await.unwrap()["document"]["description"].clone();
    assert_eq!(raw, stored());

    let long = "x".repeat(1_500);
    call(&app, "update_todo_document", json!({"name": name, "data": {"description": long}})).await.unwrap();
    let cut = call(&app, "get_todo_document", json!({"name": name})).await.unwrap()["document"]["description"].clone();
    let text = refusal(&app, "update_todo_document", json!({"name": name, "data": {"description": cut}})).await;
    assert!(text.contains("is the cut text that was shown"), "{text}");
    assert_eq!(stored(), json!(long));
}

#[on_every_version]
async fn characters_that_are_shown_are_taken_back_as_they_were() {
    let site = crate::sandbox::SampleSite::start().await;
    let app = site.app(json!({"Note": all(), "ToDo": all()}));
    let data = json!({"title": "a\u{200f}b", "content": "x"});
    let made = call(&app, "create_note_document", json!({"data": data})).await.unwrap();
    assert_eq!(made["title"], "a⟨U+200F⟩b", "{made}");
    let change = json!({"name": made["created"], "data": {"title": made["title"], "content": "y"}});
    let changed = call(&app, "update_note_document", change).await.unwrap();
    assert_eq!(changed["changed"].as_object().unwrap().keys().collect::<Vec<_>>(), ["content"], "{changed}");
}

/// The same sums in the company's currency, before taxes that are none, in words: they say nothing more.
#[on_every_version]
async fn a_history_tells_a_sum_once_and_its_twins_where_they_are_asked_for() {
    let site = crate::sandbox::SampleSite::start().await;
    let app = site.app(json!({"Sales Order": all()}));
    let order = crate::sandbox::first(&app, "Sales Order", json!({"docstatus": 0})).await;
    let change = json!({"name": order, "data": {"items": {"patch": [{"idx": 1, "qty": 77}]}}});
    call(&app, UPDATE, change).await.unwrap();
    let asked = json!({"doctype": "Sales Order", "name": order});
    let told = call(&app, "get_document_history", asked.clone()).await.unwrap();
    let last = &told["entries"][0];
    let row = &last["rows"][0]["changes"];
    assert!(last["also_changed"]["grand_total"].is_object() && row["qty"].is_object(), "{last}");
    for twin in ["base_grand_total", "base_total", "in_words", "base_amount", "net_amount", "stock_qty"] {
        assert!(!last.to_string().contains(&format!("{twin:?}")), "{twin}: {last}");
    }
    let mut asked = asked;
    asked["fields"] = json!(["base_grand_total"]);
    let told = call(&app, "get_document_history", asked).await.unwrap();
    assert!(told["entries"][0].to_string().contains("base_grand_total"), "{told}");
}

#[on_every_version]
async fn an_offer_that_is_lost_is_told_to_be_marked_by_hand() {
    let site = crate::sandbox::SampleSite::start().await;
    let app = site.app(json!({"Quotation": all()}));
    let offer = crate::sandbox::first(&app, "Quotation", json!({"docstatus": 1, "status": "Open"})).await;
    let change = json!({"name": offer, "data": {"status": "Lost"}});
    let text = refusal(&app, "update_quotation_document", change).await;
    assert!(text.contains("\"Set as Lost\" in the desk") && !text.contains("cancel and amend"), "{text}");
}
