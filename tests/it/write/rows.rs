//! Whole tasks on the sample site: what a model asks for, what it is told, and what the site has afterwards.

use serde_json::{Value, json};

use crate::sandbox::{SampleSite, first};
use crate::support::{all, call, refusal};

#[on_every_version]
async fn a_document_is_made_read_changed_and_deleted() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"ToDo": all()}));
    let made = call(&app, "create_todo_document", json!({"data": {"description": "call back"}})).await.unwrap();
    let name = made["created"].as_str().unwrap();
    let read = call(&app, "get_todo_document", json!({"name": name})).await.unwrap();
    assert_eq!(read["document"]["description"], "call back");
    let change = json!({"name": name, "data": {"status": "Closed", "priority": "High"}});
    call(&app, "update_todo_document", change).await.unwrap();
    assert_eq!(site.stored("ToDo", name).unwrap()["priority"], "High");
    call(&app, "delete_todo_document", json!({"name": name, "confirm": true})).await.unwrap();
    assert_eq!(site.stored("ToDo", name), None);
    assert_eq!(site.writes(), ["insert", "update", "delete"].map(|verb| format!("{verb} ToDo {name}")));
}

#[on_every_version]
async fn an_update_of_which_the_site_keeps_nothing_says_that_nothing_was_changed() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Sales Order": all()}));
    let name = first(&app, "Sales Order", json!({"status": "To Deliver and Bill"})).await;
    // The day is that of the rows, which follow it only where the form's part is done.
    let change = json!({"name": name, "data": {"delivery_date": "2027-01-15"}, "form_defaults": false});
    let told = call(&app, "update_sales_order_document", change).await.unwrap();
    assert_eq!(told["changed"], json!({}), "{told}");
    assert!(told["messages"].to_string().contains("nothing was changed: the site keeps what it had"), "{told}");
}

#[on_every_version]
async fn a_row_that_is_added_is_told_with_the_figures_that_its_grid_shows() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Customer": all()}));
    let name = first(&app, "Customer", json!({})).await;
    let row = json!({"company": "Alderway Furniture", "credit_limit": 5000});
    let change = json!({"name": name, "data": {"credit_limits": [row]}});
    let told = call(&app, "update_customer_document", change).await.unwrap();
    assert_eq!(told["changed"]["credit_limits"][0]["added"]["credit_limit"], 5000.0, "{told}");
    // Who names the column for the table is told the form of a row.
    let change = json!({"name": name, "data": {"credit_limit": 5000}});
    let text = refusal(&app, "update_customer_document", change).await;
    let meant = r#"rows of credit_limits have it: {"credit_limits": {"add": [{"credit_limit": …}]}}"#;
    assert!(text.contains(meant) && !text.contains("did you mean"), "{text}");
    let text = refusal(&app, "create_customer_document", json!({"data": {"credit_limit": 5000}})).await;
    assert!(text.contains(r#"{"credit_limits": [{"credit_limit": …}]}"#), "{text}");
    // One that has none, with what it must have.
    let app = site.app(json!({"Contact": all()}));
    let name = first(&app, "Contact", json!({})).await;
    let rows = json!({"add": [{"email_id": "desk@example.com"}]});
    let told = call(&app, "update_contact_document", json!({"name": name, "data": {"email_ids": rows}})).await.unwrap();
    assert_eq!(told["changed"]["email_ids"][0]["added"]["email_id"], "desk@example.com", "{told}");
    // Its own is locked: the site fills it in from these rows.
    let text = refusal(&app, "create_contact_document", json!({"data": {"email": "desk@example.com"}})).await;
    assert!(text.contains(r#"rows of email_ids have it: {"email_ids": [{"email_id": …}]}"#), "{text}");
}

#[on_every_version]
async fn one_quantity_changes_and_what_else_the_rows_hold_stays() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Sales Order": all()}));
    let name = first(&app, "Sales Order", json!({"docstatus": 0})).await;
    let before = site.stored("Sales Order", &name).unwrap();
    let rows = before["items"].as_array().unwrap();
    let quantity = rows[0]["qty"].as_f64().unwrap() + 1.0;
    let kept = rows.iter().skip(1).map(|row| json!({"name": row["name"]}));
    let sent: Vec<Value> = std::iter::once(json!({"name": rows[0]["name"], "qty": quantity})).chain(kept).collect();
    call(&app, "update_sales_order_document", json!({"name": name, "data": {"items": sent}})).await.unwrap();
    let after = site.stored("Sales Order", &name).unwrap();
    assert_eq!(after["items"][0]["qty"], quantity);
    assert_eq!(typed_in(&after), typed_in(&before));
}

#[on_every_version]
async fn a_row_is_named_by_what_it_is_about_and_links_in_it_by_their_titles() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Sales Order": all(), "Item": {"read": true}}));
    let name = first(&app, "Sales Order", json!({"docstatus": 0})).await;
    let before = site.stored("Sales Order", &name).unwrap()["items"][0].clone();
    let lamp =
        first(&app, "Item", json!({"name": ["!=", before["item_code"]], "is_sales_item": 1, "has_variants": 0})).await;
    let title = site.stored("Item", &lamp).unwrap()["item_name"].clone();
    let patch = json!([{"match": {"item_code": before["item_name"]}, "additional_notes": "by hand"}]);
    let change = json!({"name": name, "data": {"items": {"patch": patch, "add": [{"item_code": title, "qty": 1, "delivery_date": "2026-12-24"}]}}});
    let answer = call(&app, "update_sales_order_document", change).await.unwrap();
    assert_eq!(answer["links_by_title"]["items.add[0].item_code"], json!({"given": title, "name": lamp}), "{answer}");
    let matched = &answer["links_by_title"]["items.patch[0].match.item_code"]["name"];
    assert_eq!(*matched, before["item_code"], "{answer}");
    let after = site.stored("Sales Order", &name).unwrap();
    assert_eq!(after["items"][0]["additional_notes"], "by hand");
    assert_eq!(after["items"].as_array().unwrap().last().unwrap()["item_code"], json!(lamp));
}

#[on_every_version]
async fn rows_are_changed_within_the_policy_and_without_links_to_nothing() {
    let site = SampleSite::start().await;
    let mut rule = all();
    rule["restricted_fields"] = json!(["items.rate"]);
    let app = site.app(json!({"Sales Order": rule, "Contact": all(), "Customer": {"read": true}}));
    let name = first(&app, "Sales Order", json!({"docstatus": 0})).await;
    for row in [json!({"patch": [{"idx": 1, "rate": 1}]}), json!({"add": [{"item_code": "x", "qty": 1, "rate": 1}]})] {
        let text = refusal(&app, "update_sales_order_document", json!({"name": name, "data": {"items": row}})).await;
        assert!(text.contains("[0].rate: this server's configuration does not permit writing it"), "{text}");
    }
    let told = refusal(
        &app,
        "update_sales_order_document",
        json!({"name": name, "data": {"items": [{"item_code": "x", "qty": 1}]}}),
    )
    .await;
    assert!(told.contains("would be lost") && !told.contains(" rate "), "{told}");

    let customer = site.stored("Sales Order", &name).unwrap()["customer"].clone();
    let links = json!([{"link_doctype": "Customer", "link_name": customer}]);
    let made =
        call(&app, "create_contact_document", json!({"data": {"first_name": "Ann", "links": links}})).await.unwrap();
    let patch = json!({"links": {"patch": [{"idx": 1, "link_name": "Nobody"}]}});
    let text = refusal(&app, "update_contact_document", json!({"name": made["created"], "data": patch})).await;
    assert!(text.contains("data.links.patch[0].link_name: there is no Customer named \"Nobody\""), "{text}");
    assert_eq!(site.writes().len(), 1);
}

/// Of every row of an order what a person gives, not what the site works out; but for the quantity.
fn typed_in(order: &Value) -> Vec<Value> {
    let column =
        |row: &Value| ["name", "item_code", "uom", "rate", "warehouse", "delivery_date"].map(|key| row[key].clone());
    order["items"].as_array().unwrap().iter().map(|row| json!(column(row))).collect()
}

#[on_every_version]
async fn amounts_that_change_are_told_with_their_currency_and_other_changes_with_none() {
    let site = SampleSite::start().await;
    let rules = json!({"Sales Order": all(), "Journal Entry": all(), "Account": all(), "Company": {"read": true}});
    let app = site.app(rules);
    let name = first(&app, "Sales Order", json!({"docstatus": 0})).await;
    let order = async |data: Value| {
        call(&app, "update_sales_order_document", json!({"name": name, "data": data})).await.unwrap()
    };
    let answer = order(json!({"po_no": "PO-7"})).await;
    assert_eq!(answer.get("currency"), None, "{answer}");
    let answer = order(json!({"items": {"patch": [{"idx": 1, "qty": 77}]}})).await;
    assert!(answer["also_changed"]["grand_total"]["to"].is_number(), "{answer}");
    assert_eq!(answer["currency"], "EUR", "{answer}");
    // A journal entry names no currency: its totals are in that of the company.
    let of = |kind: &str| json!({"account_type": kind, "is_group": 0, "company": crate::sandbox::COMPANY});
    let [bank, cash] = [first(&app, "Account", of("Bank")).await, first(&app, "Account", of("Cash")).await];
    let rows = json!([{"account": bank, "debit_in_account_currency": 10},
        {"account": cash, "credit_in_account_currency": 10}]);
    let data = json!({"posting_date": "2026-11-20", "company": crate::sandbox::COMPANY, "accounts": rows});
    let made = call(&app, "create_journal_entry_document", json!({"data": data})).await.unwrap();
    let rows =
        json!({"patch": [{"idx": 1, "debit_in_account_currency": 12}, {"idx": 2, "credit_in_account_currency": 12}]});
    let change = json!({"name": made["created"], "data": {"accounts": rows}});
    let answer = call(&app, "update_journal_entry_document", change).await.unwrap();
    assert_eq!(answer["also_changed"]["total_debit"]["to"], 12.0, "{answer}");
    assert_eq!(answer["currency"], "EUR", "{answer}");
}

#[on_every_version]
async fn a_list_that_has_each_row_once_changes_them_and_one_that_could_mean_another_is_refused() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Sales Order": all()}));
    let name = first(&app, "Sales Order", json!({"docstatus": 0})).await;
    let before = site.stored("Sales Order", &name).unwrap();
    let rows = before["items"].as_array().unwrap();
    let list: Vec<Value> = rows.iter().map(|row| json!({"item_code": row["item_code"], "qty": 7})).collect();
    let change = |items: &[Value]| json!({"name": name, "data": {"items": items}});
    let twice = [list.as_slice(), list.as_slice()].concat();
    for items in [&twice[..], &[json!({"item_code": "SRV-PLAN", "qty": 1})]] {
        let text = refusal(&app, "update_sales_order_document", change(items)).await;
        assert!(text.contains("would be lost"), "{text}");
    }
    call(&app, "update_sales_order_document", change(&list)).await.unwrap();
    let after = site.stored("Sales Order", &name).unwrap();
    assert_eq!(after["items"][0]["qty"], 7.0);
    assert_eq!((&after["items"][0]["name"], &after["items"][0]["rate"]), (&rows[0]["name"], &rows[0]["rate"]));
}

#[on_every_version]
async fn a_row_is_not_taken_for_another_of_the_same_unit_or_kind_of_document() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Quotation": all(), "Contact": all()}));
    let item = |item: &str| json!([{"item_code": item, "qty": 1, "uom": "Nos"}]);
    let to = |customer: &str| json!([{"link_doctype": "Customer", "link_name": customer}]);
    let offer = json!({"quotation_to": "Customer", "party_name": "Kestrel Software", "items": item("TBL-OAK-160")});
    let contact = json!({"first_name": "Ann", "links": to("Kestrel Software")});
    for (of, data, table, other, same) in [
        ("quotation", offer, "items", item("TBL-ASH-RND"), item("TBL-OAK-160")),
        ("contact", contact, "links", to("Tandem Bicycles"), to("Kestrel Software")),
    ] {
        let made = call(&app, &format!("create_{of}_document"), json!({"data": data})).await.unwrap();
        let (tool, name) = (format!("update_{of}_document"), &made["created"]);
        let text = refusal(&app, &tool, json!({"name": name, "data": {table: other}})).await;
        assert!(text.contains("would be lost"), "{text}");
        call(&app, &tool, json!({"name": name, "data": {table: same}})).await.unwrap();
    }
}
