//! Orders after their submission: held, closed and opened again, and their items changed.

use erpnext_schema::Version;
use serde_json::{Value, json};

use super::Desk;
use crate::sandbox::{COMPANY, config};
use crate::support::{all, app_of, call, version};

async fn order(desk: &Desk) -> String {
    let customer = desk.some("Customer", json!({}), 1).await.remove(0);
    let items = desk.some("Item", json!({"is_sales_item": 1, "has_variants": 0}), 2).await;
    let rows: Vec<Value> = items.iter().map(|item| json!({"item_code": item, "qty": 4, "rate": 50})).collect();
    let data = json!({"customer": customer, "company": COMPANY, "delivery_date": "2026-12-24", "items": rows});
    let name = desk.create("Sales Order", data).await;
    desk.submit("Sales Order", &name).await;
    name
}

fn to(name: &str, to: &str) -> Value {
    json!({"doctype": "Sales Order", "name": name, "to": to})
}

#[on_every_version]
async fn an_order_is_held_closed_and_opened_again() {
    let desk = Desk::open().await;
    let name = order(&desk).await;
    let held = desk.call("change_order_status", to(&name, "hold")).await;
    assert_eq!((&held["held"], &held["status"]), (&json!(name), &json!("On Hold")), "{held}");
    let text = desk.refusal("change_order_status", to(&name, "hold")).await;
    assert!(text.contains("is held already"), "{text}");
    let mut dry = to(&name, "close");
    dry["dry_run"] = json!(true);
    let dry = desk.call("change_order_status", dry).await;
    assert_eq!(dry["would_change"]["status"], json!({"from": "On Hold", "to": "Closed"}), "{dry}");
    let closed = desk.call("change_order_status", to(&name, "close")).await;
    assert_eq!((&closed["closed"], &closed["status"]), (&json!(name), &json!("Closed")), "{closed}");
    let before = desk.site.journal().len();
    for (step, told) in [("close", "is closed already"), ("hold", "is closed")] {
        let text = desk.refusal("change_order_status", to(&name, step)).await;
        assert!(text.contains(told) && text.contains("nothing was done"), "{text}");
    }
    let items = json!({"doctype": "Sales Order", "name": name, "items": {"patch": [{"idx": 1, "qty": 5}]}});
    let text = desk.refusal("update_order_items", items).await;
    assert!(text.contains("is closed") && text.contains("reopens it"), "{text}");
    assert_eq!(desk.journal(before), Vec::<String>::new());
    let open = desk.call("change_order_status", to(&name, "reopen")).await;
    assert_eq!((&open["reopened"], &open["status"]), (&json!(name), &json!("To Deliver and Bill")), "{open}");
    let text = desk.refusal("change_order_status", to(&name, "reopen")).await;
    assert!(text.contains("is neither closed nor held: its status is To Deliver and Bill"), "{text}");
}

#[on_every_version]
async fn what_a_submitted_order_keeps_is_refused_with_the_tool_that_is_meant() {
    let desk = Desk::open().await;
    let name = order(&desk).await;
    let before = desk.site.journal().len();
    for (data, meant) in [
        (json!({"items": {"patch": [{"idx": 1, "qty": 5}]}}), "update_order_items changes quantity"),
        (json!({"status": "Closed"}), "change_order_status closes"),
        (json!({"order_type": "Maintenance"}), "cancel and amend it only if nothing was made from it"),
    ] {
        let change = json!({"doctype": "Sales Order", "name": name, "data": data});
        let text = desk.refusal("update_generic_document", change).await;
        assert!(text.contains("once the document is submitted") && text.contains(meant), "{text}");
    }
    let text = desk.refusal("submit_document", json!({"doctype": "Sales Order", "name": name})).await;
    assert!(text.contains("only if nothing was made from it"), "{text}");
    assert_eq!(desk.journal(before), Vec::<String>::new());
    let closed = json!({"doctype": "Sales Order", "name": name, "status": "Closed"});
    assert_eq!(desk.call("change_order_status", closed).await["status"], "Closed");
    assert_eq!(desk.call("change_order_status", to(&name, "Reopened")).await["reopened"], json!(name));
}

/// Version 15 closes an order for whoever may sign in.
#[on_every_version]
async fn who_may_only_read_orders_closes_none() {
    use crate::support::refusal;
    let desk = Desk::open().await;
    let name = order(&desk).await;
    let before = desk.site.journal().len();
    let said = refusal(&super::app(&desk.site, "reader"), "change_order_status", to(&name, "close")).await;
    assert!(said.contains("do not give the right to submit Sales Order"), "{said}");
    assert_eq!(desk.journal(before), Vec::<String>::new());
}

#[on_every_version]
async fn whatever_can_be_closed_is_closed_and_goes_on_as_before() {
    let desk = Desk::open().await;
    let mut tried = 0;
    for doctype in ["Purchase Order", "Delivery Note", "Purchase Receipt"] {
        let open = json!({"docstatus": 1, "per_billed": 0, "status": ["not in", ["Closed", "Completed"]]});
        let Some(name) = desk.some(doctype, open, 1).await.pop() else { continue };
        tried += 1;
        let before = desk.get(doctype, &name).await["status"].clone();
        let step = async |step: &str| {
            desk.call("change_order_status", json!({"doctype": doctype, "name": name, "to": step})).await["status"]
                .clone()
        };
        assert_eq!((step("close").await, step("reopen").await), (json!("Closed"), before), "{doctype} {name}");
    }
    assert!(tried >= 2, "{tried}");
}

#[on_every_version]
async fn what_has_no_such_status_is_told_so() {
    let desk = Desk::open().await;
    let request = desk.some("Material Request", json!({"docstatus": 1, "status": "Pending"}), 1).await;
    if let Some(name) = request.first() {
        let asked = |step: &str| json!({"doctype": "Material Request", "name": name, "to": step});
        let text = desk.refusal("change_order_status", asked("hold")).await;
        assert!(text.contains("cannot be held: a Material Request has no such status"), "{text}");
        assert_eq!(desk.call("change_order_status", asked("close")).await["status"], "Stopped");
        assert_eq!(desk.call("change_order_status", asked("reopen")).await["status"], "Pending");
    } else {
        panic!("the sample site has no open Material Request");
    }
    let invoice = desk.invoice().await;
    let text =
        desk.refusal("change_order_status", json!({"doctype": "Sales Invoice", "name": invoice, "to": "close"})).await;
    assert!(text.contains("a Sales Invoice is neither closed nor held"), "{text}");
}

#[on_every_version]
async fn the_items_of_a_submitted_order_are_changed_after_they_were_shown() {
    let desk = Desk::open().await;
    let name = order(&desk).await;
    let asked = json!({"doctype": "Sales Order", "name": name, "items": {"patch": [{"idx": 1, "qty": 6}], "remove": [{"idx": 2}]}});
    let before = desk.site.journal().len();
    let mut dry = asked.clone();
    dry["dry_run"] = json!(true);
    let dry = desk.call("update_order_items", dry).await;
    assert!(dry["would_change"].to_string().contains("\"qty\""), "{dry}");
    assert_eq!(desk.journal(before), Vec::<String>::new());
    let mut confirmed = asked;
    confirmed["confirm"] = json!(true);
    let done = desk.call("update_order_items", confirmed.clone()).await;
    assert_eq!((&done["updated"], &done["grand_total"]), (&json!(name), &json!(300.0)), "{done}");
    let stored = desk.get("Sales Order", &name).await;
    assert_eq!((stored["items"].as_array().unwrap().len(), &stored["items"][0]["qty"]), (1, &json!(6.0)), "{stored}");

    let again = desk.refusal("update_order_items", confirmed).await;
    assert!(again.contains("idx"), "{again}");
    let refused = async |items: Value| {
        desk.refusal("update_order_items", json!({"doctype": "Sales Order", "name": name, "items": items})).await
    };
    let text = refused(json!({"patch": [{"idx": 1, "qty": 6}]})).await;
    assert!(text.contains("has these rows already"), "{text}");
    let text = refused(json!({"patch": [{"idx": 99, "qty": 6}]})).await;
    assert!(text.contains("- items.patch[0]: items has no row with idx 99"), "{text}");
    let text = refused(json!({"patch": [{"idx": 1, "description": "x"}]})).await;
    assert!(text.contains("description") && text.contains("a row takes item_code, qty, rate"), "{text}");
    let text = refused(json!({"patch": [{"idx": 1, "qty": 0}]})).await;
    assert!(text.contains("has to be above 0"), "{text}");
    let note = desk.convert("Sales Order", &name, "Delivery Note", json!({})).await;
    desk.submit("Delivery Note", &note).await;
    let text = refused(json!({"patch": [{"idx": 1, "qty": 2}]})).await;
    assert!(text.contains("2 is less than its delivered_qty of 6"), "{text}");
}

/// Version 16 stores a row without a description where none is sent, and no version knows the price of a row.
#[on_every_version]
async fn rows_of_a_submitted_order_keep_their_texts_and_one_that_is_added_has_a_price() {
    let desk = Desk::open().await;
    let name = order(&desk).await;
    let load = |doctype: &str, name: &str| Value::Object(desk.site.with(|site| site.load(doctype, name)).unwrap());
    let texts = |order: &Value| -> Vec<Value> {
        order["items"].as_array().unwrap().iter().map(|row| row["description"].clone()).collect()
    };
    let before = texts(&load("Sales Order", &name));
    assert!(before.iter().all(|text| text.as_str().is_some_and(|text| !text.is_empty())), "{before:?}");
    let item = desk.some("Item", json!({"is_sales_item": 1, "has_variants": 0}), 3).await.remove(2);
    let asked = |row: Value| {
        let items = json!({"patch": [{"idx": 1, "qty": 5}], "add": [row]});
        json!({"doctype": "Sales Order", "name": name, "items": items, "confirm": true})
    };
    let said = desk.refusal("update_order_items", asked(json!({"item_code": item, "qty": 1}))).await;
    assert!(said.contains("rate") && said.contains("is needed in a row that is added"), "{said}");
    desk.call("update_order_items", asked(json!({"item_code": item, "qty": 1, "rate": 9}))).await;
    let stored = load("Sales Order", &name);
    let after = texts(&stored);
    assert_eq!((&after[..2], &stored["items"][2]["rate"]), (&before[..], &json!(9.0)), "{stored}");
    assert_eq!(after[2], load("Item", &item)["description"], "{stored}");

    // Where the text may not be read, version 16 stores a row without one: that is said before.
    let app = app_of(&config(&desk.site, "administrator", json!({"doctypes": {"Sales Order": all()}})));
    let mut bare = asked(json!({"item_code": item, "qty": 1, "rate": 8}));
    bare["items"]["patch"][0]["qty"] = json!(4);
    bare["dry_run"] = json!(true);
    let told = call(&app, "update_order_items", bare).await.unwrap()["warnings"].to_string();
    assert_eq!(told.contains("have no description"), version() > Version::V15, "{told}");
}

#[on_every_version]
async fn what_the_configuration_withholds_is_in_no_refusal_of_these() {
    use crate::sandbox::{SampleSite, first};
    use crate::support::refusal;
    let site = SampleSite::start().await;
    let open = app_of(&site.config(json!({"doctypes": {"Sales Order": all()}})));
    let name =
        first(&open, "Sales Order", json!({"docstatus": 1, "per_delivered": [">", 0], "status": ["!=", "Closed"]}))
            .await;
    let app = |withheld: Value| {
        let mut rule = all();
        rule["restricted_fields"] = withheld;
        app_of(&site.config(json!({"confirm_argument": false, "doctypes": {"Sales Order": rule}})))
    };
    let of_rows = |rows: Value| json!({"doctype": "Sales Order", "name": name, "items": rows});
    let without_status = app(json!(["status"]));
    let said = refusal(&without_status, "change_order_status", to(&name, "reopen")).await;
    assert!(said.contains("withholds status of Sales Order"), "{said}");
    let mut told = Vec::new();
    for status in ["Closed", "To Bill"] {
        let columns = json!({ "status": status });
        site.sandbox.with(|site| site.set("Sales Order", &name, columns.as_object().unwrap())).unwrap();
        let raised = of_rows(json!({"patch": [{"idx": 1, "qty": 99}]}));
        told.push(refusal(&without_status, "update_order_items", raised).await);
    }
    assert_eq!(told[0], told[1], "whether it is closed");
    let app = app(json!(["items.delivered_qty", "items.billed_amt"]));
    let qty = site.stored("Sales Order", &name).unwrap()["items"][0]["qty"].as_f64().unwrap();
    // Whatever is done of it: where it is lowered by nearly nothing as where by nearly all.
    let mut told = Vec::new();
    for lowered in [0.001, qty - 0.001] {
        let said = refusal(&app, "update_order_items", of_rows(json!({"patch": [{"idx": 1, "qty": lowered}]}))).await;
        assert!(said.contains("cannot be lowered: delivered_qty and billed_amt of it is withheld"), "{said}");
        told.push(said);
    }
    assert_eq!(told[0], told[1]);
    let said = refusal(&app, "update_order_items", of_rows(json!({"remove": [{"idx": 1}]}))).await;
    assert!(said.contains("cannot be removed") && said.contains("is withheld"), "{said}");
    assert!(site.writes().is_empty());
}

#[on_every_version]
async fn a_rate_that_is_withheld_is_not_found_out_by_what_an_order_may_be_over() {
    use crate::sandbox::{SampleSite, first};
    use crate::support::refusal;
    let site = SampleSite::start().await;
    let open = app_of(&site.config(json!({"doctypes": {"Sales Order": all()}})));
    let name = first(&open, "Sales Order", json!({"docstatus": 1, "status": ["!=", "Closed"]})).await;
    let app = |withheld: Value| {
        let mut rule = all();
        rule["restricted_fields"] = withheld;
        let quota = json!({"submit_amount": {"refuse": 1_000_000}});
        app_of(&site.config(json!({"quota": quota, "doctypes": {"Sales Order": rule}})))
    };
    let of_rows = |qty: f64| json!({"doctype": "Sales Order", "name": name, "items": {"patch": [{"idx": 1, "qty": qty}]}, "dry_run": true});
    let said = refusal(&app(json!([])), "update_order_items", of_rows(1e9)).await;
    assert!(said.contains("would be over more than 1000000"), "{said}");
    for withheld in [json!(["items.rate"]), json!(["conversion_rate"])] {
        let app = app(withheld.clone());
        let little = refusal(&app, "update_order_items", of_rows(10_000.0)).await;
        let much = refusal(&app, "update_order_items", of_rows(1e9)).await;
        assert!(much.contains("what the order would be over is withheld"), "{withheld}: {much}");
        assert_eq!(little, much, "{withheld}");
    }
}

#[on_every_version]
async fn a_row_that_is_added_takes_its_item_by_title_and_all_that_is_wrong_with_one_is_told_at_once() {
    let desk = Desk::open().await;
    let name = order(&desk).await;
    let asked = |row: Value| json!({"doctype": "Sales Order", "name": name, "items": {"add": [row]}, "confirm": true});
    let mut wrong = asked(json!({"item_code": "No Such Thing", "qty": 1}));
    wrong["dry_run"] = json!(true);
    let text = desk.refusal("update_order_items", wrong).await;
    assert!(text.contains("items[3].rate: is needed") && text.contains("item_code: there is no Item named"), "{text}");
    assert!(text.contains("2 problems") && !text.contains("data."), "{text}");
    let text = desk.refusal("update_order_items", asked(json!({"item_code": "x", "qty": 1, "foo": 1}))).await;
    assert!(text.contains("items.add[0].foo: no such field") && !text.contains("data."), "{text}");
    let item = desk.some("Item", json!({"is_sales_item": 1, "has_variants": 0}), 3).await.remove(2);
    let title = desk.get("Item", &item).await["item_name"].clone();
    let done = desk.call("update_order_items", asked(json!({"item_code": title, "qty": 1, "rate": 9}))).await;
    assert_eq!(done["links_by_title"]["items.add[0].item_code"]["name"], json!(item), "{done}");
    assert_eq!(desk.get("Sales Order", &name).await["items"][2]["item_code"], json!(item));
}

#[on_every_version]
async fn a_plain_list_changes_the_rows_that_it_names_and_adds_the_others() {
    let desk = Desk::open().await;
    let name = order(&desk).await;
    let stored = desk.get("Sales Order", &name).await;
    let [first, second] = [0, 1].map(|at| stored["items"][at]["item_code"].clone());
    let other = json!({"is_sales_item": 1, "has_variants": 0, "name": ["not in", [first, second]]});
    let other = desk.some("Item", other, 1).await.remove(0);
    let asked = |items: Value, key: &str| json!({"doctype": "Sales Order", "name": name, "items": items, key: true});
    let rows =
        json!([{"idx": 1, "qty": 6}, {"item_code": second, "qty": 5}, {"item_code": other, "qty": 1, "rate": 9}]);
    desk.call("update_order_items", asked(rows, "confirm")).await;
    let stored = desk.get("Sales Order", &name).await;
    let told: Vec<Value> =
        stored["items"].as_array().unwrap().iter().map(|row| json!([row["item_code"], row["qty"]])).collect();
    assert_eq!(json!(told), json!([[first, 6.0], [second, 5.0], [other, 1.0]]));
    // As the site's database compares: in another case it is the same item.
    let row = json!({"item_code": second.as_str().unwrap().to_lowercase(), "qty": 5, "rate": 9});
    desk.call("update_order_items", asked(row, "confirm")).await;
    assert_eq!(desk.get("Sales Order", &name).await["items"].as_array().unwrap().len(), 3);
    // One row is a list of it, and a row that is not named stays.
    desk.call("update_order_items", asked(json!({"item_code": other, "qty": 2}), "confirm")).await;
    assert_eq!(desk.get("Sales Order", &name).await["items"].as_array().unwrap().len(), 3);
    let twice = json!({"add": [{"item_code": first, "qty": 1, "rate": 9}]});
    desk.call("update_order_items", asked(twice, "confirm")).await;
    for (rows, told) in [
        (json!([{"item_code": first, "qty": 1}]), "items[0]: several rows are of this item"),
        (json!([{"qty": 1}]), "items[0]: which row is meant?"),
        (json!([]), "items: there is nothing in it to change"),
    ] {
        let text = desk.refusal("update_order_items", asked(rows, "dry_run")).await;
        assert!(text.contains(told), "{text}");
    }
}
