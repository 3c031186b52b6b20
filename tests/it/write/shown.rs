//! A write starts from the version that its session was shown: what was changed since is told before anything is sent,
//! unless the change touches nothing of it.

use erpnext_mcp::app::Connection;
use serde_json::{Value, json};

use crate::sandbox::{SampleSite, first};
use crate::support::{all, app_of, call, refusal};

const UPDATE: &str = "update_sales_order_document";

/// Two people on one site, and a draft with two rows or more; the names of the first two.
async fn two() -> (SampleSite, Connection, Connection, String, [Value; 2]) {
    let site = SampleSite::start().await;
    let app = || app_of(&site.config(json!({"doctypes": {"Sales Order": all(), "Customer": all()}})));
    let (ours, theirs) = (app(), app());
    let drafts = json!({"filters": {"docstatus": 0}, "fields": ["name"], "limit": 50, "order_by": "name asc"});
    let drafts = call(&ours, "list_sales_order_documents", drafts).await.unwrap();
    for draft in drafts["documents"].as_array().unwrap() {
        let name = draft["name"].as_str().unwrap().to_owned();
        let items = site.stored("Sales Order", &name).unwrap()["items"].clone();
        if let [one, two, ..] = items.as_array().unwrap().as_slice() {
            let rows = [one["name"].clone(), two["name"].clone()];
            return (site, ours, theirs, name, rows);
        }
    }
    panic!("no draft with two rows");
}

fn patch(name: &str, row: &Value, columns: Value) -> Value {
    let mut patch = columns;
    patch["name"] = row.clone();
    json!({"name": name, "data": {"items": {"patch": [patch]}}})
}

#[on_every_version]
async fn every_answer_about_one_document_says_which_version_it_is() {
    let (site, ours, _, name, _) = two().await;
    let modified = |answer: &Value| answer["modified"].as_str().map(str::to_owned);
    let got = call(&ours, "get_sales_order_document", json!({"name": name, "fields": ["status"]})).await.unwrap();
    assert_eq!(got["document"]["modified"], site.stored("Sales Order", &name).unwrap()["modified"]);
    let changed = call(&ours, UPDATE, json!({"name": name, "data": {"po_no": "A"}})).await.unwrap();
    assert_eq!(json!(modified(&changed)), site.stored("Sales Order", &name).unwrap()["modified"]);
    let made = call(&ours, "create_customer_document", json!({"data": {"customer_name": "Zod"}})).await.unwrap();
    assert!(modified(&made).is_some(), "{made}");
    let submitted = call(&ours, "submit_sales_order_document", json!({"name": name, "confirm": true})).await.unwrap();
    assert!(modified(&submitted).is_some(), "{submitted}");
}

#[on_every_version]
async fn what_was_changed_since_it_was_shown_is_no_more_overwritten_unsaid() {
    let (site, ours, theirs, name, [row, _]) = two().await;
    call(&ours, "get_sales_order_document", json!({"name": name})).await.unwrap();
    call(&theirs, UPDATE, json!({"name": name, "data": {"po_no": "THEIRS"}})).await.unwrap();
    call(&theirs, UPDATE, patch(&name, &row, json!({"qty": 7}))).await.unwrap();
    let before = site.writes().len();
    let change = json!({"name": name, "data": {"po_no": "OURS"}});
    let text = refusal(&ours, UPDATE, change.clone()).await;
    assert!(text.contains("was changed since it was read") && text.contains("THEIRS"), "{text}");
    let text = refusal(&ours, UPDATE, patch(&name, &row, json!({"qty": 8}))).await;
    assert!(text.contains("was changed since it was read"), "{text}");
    for tool in ["submit_sales_order_document", "delete_sales_order_document"] {
        let text = refusal(&ours, tool, json!({"name": name, "confirm": true})).await;
        assert!(text.contains("was changed since you were shown it") && text.contains("THEIRS"), "{tool}: {text}");
    }
    assert_eq!(site.writes().len(), before, "nothing was sent");
    let mut anyway = change;
    anyway["overwrite"] = json!(true);
    call(&ours, UPDATE, anyway).await.unwrap();
    assert_eq!(site.stored("Sales Order", &name).unwrap()["po_no"], "OURS");
    // What the write answered is what was shown now.
    call(&ours, "submit_sales_order_document", json!({"name": name, "confirm": true})).await.unwrap();
}

#[on_every_version]
async fn a_change_beside_what_was_changed_meanwhile_is_applied_and_says_so() {
    let (site, ours, theirs, name, [one, two]) = two().await;
    let shown = call(&ours, "get_sales_order_document", json!({"name": name})).await.unwrap();
    call(&theirs, UPDATE, patch(&name, &two, json!({"qty": 7}))).await.unwrap();
    let mut change = patch(&name, &one, json!({"qty": 9}));
    change["modified"] = shown["document"]["modified"].clone();
    let answer = call(&ours, UPDATE, change).await.unwrap();
    assert!(answer["messages"][0].as_str().unwrap().contains("touches nothing of that"), "{answer}");
    let quantities = || {
        let stored = site.stored("Sales Order", &name).unwrap();
        (stored["items"][0]["qty"].clone(), stored["items"][1]["qty"].clone())
    };
    assert_eq!(quantities(), (json!(9.0), json!(7.0)));
    // So is one whose row is called by its number.
    call(&theirs, UPDATE, patch(&name, &two, json!({"qty": 6}))).await.unwrap();
    let by_number = |idx: u8, qty: u8| json!({"name": name, "data": {"items": {"patch": [{"idx": idx, "qty": qty}]}}});
    call(&ours, UPDATE, by_number(1, 8)).await.unwrap();
    assert_eq!(quantities(), (json!(8.0), json!(6.0)));
    call(&theirs, UPDATE, patch(&name, &two, json!({"qty": 5}))).await.unwrap();
    let text = refusal(&ours, UPDATE, by_number(2, 4)).await;
    assert!(text.contains("was changed since it was read"), "{text}");
}

#[on_every_version]
async fn clerks_who_each_change_a_row_of_their_own_at_once_lose_nothing() {
    let (site, ours, theirs, name, [one, two]) = two().await;
    for round in 1..5 {
        let (mine, yours) = futures_util::future::join(
            call(&ours, UPDATE, patch(&name, &one, json!({"qty": 10 + round}))),
            call(&theirs, UPDATE, patch(&name, &two, json!({"qty": 20 + round}))),
        )
        .await;
        mine.unwrap();
        yours.unwrap();
        let stored = site.stored("Sales Order", &name).unwrap();
        let qty = [&stored["items"][0]["qty"], &stored["items"][1]["qty"]];
        assert_eq!(qty, [&json!(f64::from(10 + round)), &json!(f64::from(20 + round))]);
    }
}

#[on_every_version]
async fn what_the_site_works_out_beside_a_document_keeps_nobody_from_it() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Sales Order": all()}));
    let order = first(&app, "Sales Order", json!({"docstatus": 1, "per_billed": 0})).await;
    call(&app, "get_sales_order_document", json!({"name": order})).await.unwrap();
    let worked_out = json!({"per_billed": 50.0, "modified": "2027-01-01 00:00:00.000001"});
    site.sandbox.with(|site| site.set("Sales Order", &order, worked_out.as_object().unwrap())).unwrap();
    let shown = call(&app, "cancel_sales_order_document", json!({"name": order, "dry_run": true})).await.unwrap();
    assert_eq!(shown["dry_run"], true, "{shown}");
}
