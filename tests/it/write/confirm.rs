//! Confirmation and dry runs.

use serde_json::{Value, json};

use crate::sandbox::{SampleSite, first};
use crate::support::{all, app_of, call, refusal};

fn strict(site: &SampleSite, confirm: Value) -> erpnext_mcp::app::Connection {
    let permissions =
        json!({"confirm_argument": false, "confirm": confirm, "doctypes": {"ToDo": all(), "Sales Order": all()}});
    app_of(&site.config(permissions))
}

async fn todo(app: &erpnext_mcp::app::Connection) -> Value {
    let data = json!({"description": "x", "status": "Open"});
    call(app, "create_todo_document", json!({"data": data})).await.unwrap()["created"].clone()
}

/// What the model is shown, of a call that waits for a confirmation.
async fn preview(app: &erpnext_mcp::app::Connection, tool: &str, given: Value) -> Value {
    serde_json::from_str(&refusal(app, tool, given).await).unwrap()
}

#[on_every_version]
async fn a_delete_is_shown_first_and_done_with_the_token_once() {
    let site = SampleSite::start().await;
    let app = strict(&site, json!([]));
    let name = todo(&app).await;
    let shown = preview(&app, "delete_todo_document", json!({"name": name, "confirm": true})).await;
    assert_eq!(shown["would_delete"]["status"], "Open", "{shown}");
    assert!(shown["next"].as_str().unwrap().contains("delete_todo_document"), "{shown}");
    assert_eq!(site.writes().len(), 1);
    let token = shown["confirm_token"].clone();
    // A token is for its own document.
    let other = todo(&app).await;
    let shown = preview(&app, "delete_todo_document", json!({"name": other, "confirm_token": token})).await;
    assert!(shown["note"].as_str().unwrap().contains("issued for other arguments"), "{shown}");
    call(&app, "delete_todo_document", json!({"name": name, "confirm_token": token})).await.unwrap();
    assert_eq!(site.writes().last().unwrap(), &format!("delete ToDo {}", name.as_str().unwrap()));
}

#[on_every_version]
async fn a_document_that_was_changed_meanwhile_is_shown_again() {
    let site = SampleSite::start().await;
    let app = strict(&site, json!([]));
    let name = todo(&app).await;
    let token = preview(&app, "delete_todo_document", json!({"name": name})).await["confirm_token"].clone();
    call(&app, "update_todo_document", json!({"name": name, "data": {"status": "Closed"}})).await.unwrap();
    let shown = preview(&app, "delete_todo_document", json!({"name": name, "confirm_token": token})).await;
    assert_eq!(shown["would_delete"]["status"], "Closed", "{shown}");
    assert!(site.stored("ToDo", name.as_str().unwrap()).is_some());
}

#[on_every_version]
async fn operations_that_the_configuration_names_wait_too() {
    let site = SampleSite::start().await;
    let app = strict(&site, json!(["update", "submit"]));
    let name = todo(&app).await;
    let update = json!({"name": name, "data": {"status": "Closed"}});
    let shown = preview(&app, "update_todo_document", update.clone()).await;
    assert_eq!(shown["would_change"]["status"], json!({"from": "Open", "to": "Closed"}), "{shown}");
    // The token is for these changes and no others.
    let mut other = json!({"name": name, "data": {"status": "Cancelled"}});
    other["confirm_token"] = shown["confirm_token"].clone();
    preview(&app, "update_todo_document", other).await;
    let mut update = update;
    update["confirm_token"] = shown["confirm_token"].clone();
    call(&app, "update_todo_document", update).await.unwrap();
    let draft = first(&app, "Sales Order", json!({"docstatus": 0})).await;
    let shown = preview(&app, "submit_sales_order_document", json!({"name": draft})).await;
    assert!(shown["confirm_token"].is_string(), "{shown}");
    let permitted = call(&app, "get_doctype_permissions", json!({"doctype": "Sales Order"})).await.unwrap();
    assert_eq!(permitted["needs_confirmation"], json!(["update", "delete", "submit", "cancel"]), "{permitted}");
}

#[on_every_version]
async fn a_batch_is_confirmed_as_a_whole() {
    let site = SampleSite::start().await;
    let app = strict(&site, json!([]));
    let names = [todo(&app).await, todo(&app).await];
    let given = json!({"doctype": "ToDo", "names": names});
    let shown = preview(&app, "delete_bulk_documents", given.clone()).await;
    let rows: Vec<&Value> = shown["rows"].as_array().unwrap().iter().map(|row| &row["name"]).collect();
    assert_eq!((&shown["documents"], rows), (&json!(2), names.iter().collect()), "{shown}");
    let mut confirmed = given;
    confirmed["confirm_token"] = shown["confirm_token"].clone();
    let answer = call(&app, "delete_bulk_documents", confirmed).await.unwrap();
    assert_eq!(answer["done"], 2, "{answer}");
}

#[on_every_version]
async fn a_dry_run_checks_everything_shows_the_difference_and_sends_nothing() {
    let site = SampleSite::start().await;
    let app = strict(&site, json!([]));
    let name = todo(&app).await;
    let before = site.writes();
    let update = |status: &str| json!({"name": name, "data": {"status": status}, "dry_run": true});
    let answer = call(&app, "update_todo_document", update("Closed")).await.unwrap();
    assert_eq!(answer["would_change"], json!({"status": {"from": "Open", "to": "Closed"}}), "{answer}");
    assert_eq!(answer["next"], "Dry run: nothing was sent. Local checks passed; the site's own rules were not run.");
    let text = refusal(&app, "update_todo_document", update("Shut")).await;
    assert!(text.contains("status"), "{text}");
    let create = json!({"data": {"description": "y"}, "dry_run": true});
    let answer = call(&app, "create_todo_document", create).await.unwrap();
    assert_eq!(answer["would_create"]["description"], "y", "{answer}");
    let answer = call(&app, "delete_todo_document", json!({"name": name, "dry_run": true})).await.unwrap();
    assert_eq!(answer["would_delete"]["status"], "Open", "{answer}");
    let draft = first(&app, "Sales Order", json!({"docstatus": 0})).await;
    let answer = call(&app, "submit_sales_order_document", json!({"name": draft, "dry_run": true})).await.unwrap();
    assert_eq!(answer["dry_run"], true, "{answer}");
    let comment = json!({"doctype": "ToDo", "name": name, "content": "c", "dry_run": true});
    call(&app, "add_comment", comment).await.unwrap();
    for atomic in [true, false] {
        let bulk = json!({"doctype": "ToDo", "documents": [{"description": "a"}, {"description": "b"}], "atomic": atomic, "dry_run": true});
        let answer = call(&app, "create_bulk_documents", bulk).await.unwrap();
        assert_eq!(answer["rows"][1]["would_create"]["description"], "b", "{answer}");
    }
    assert_eq!(site.writes(), before);
}

#[on_every_version]
async fn a_dry_run_says_that_the_site_posts_on_the_day_itself() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Sales Invoice": all(), "Customer": all(), "Journal Entry": all()}));
    let customer = first(&app, "Customer", json!({})).await;
    let dry = async |more: Value| {
        let mut data = json!({"customer": customer, "posting_date": "2026-01-20", "items": [{"item_code": "MAT-FABRIC", "qty": 1}]});
        data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let given = json!({"data": data, "dry_run": true});
        call(&app, "create_sales_invoice_document", given).await.unwrap()["warnings"].to_string()
    };
    let told = "posting_date: the site posts on the day itself, unless set_posting_time is true";
    assert!(dry(json!({"set_posting_time": false})).await.contains(told));
    for by in [json!({}), json!({"set_posting_time": true})] {
        assert!(!dry(by.clone()).await.contains("posting_date"), "{by}");
    }
    // A Journal Entry is posted on the day that it is given.
    let rows = json!([{"account": "Debtors - AWF", "party_type": "Customer", "party": customer, "debit_in_account_currency": 5},
        {"account": "Sales of Goods - AWF", "credit_in_account_currency": 5}]);
    let data = json!({"posting_date": "2026-01-20", "company": crate::sandbox::COMPANY, "accounts": rows});
    let answer = call(&app, "create_journal_entry_document", json!({"data": data, "dry_run": true})).await.unwrap();
    assert!(!answer.to_string().contains("the site posts on the day itself"), "{answer}");
}

#[on_every_version]
async fn a_document_that_is_made_from_another_is_told_on_which_day_it_is_posted() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Sales Order": all(), "Sales Invoice": all()}));
    let open = json!({"docstatus": 1, "per_billed": 0, "status": "To Deliver and Bill"});
    let order = first(&app, "Sales Order", open).await;
    let told = "posting_date: the site posts on the day itself, unless set_posting_time is true";
    for save in [false, true] {
        for (data, is_told) in [
            (json!({"posting_date": "2026-01-20", "set_posting_time": false}), true),
            (json!({"posting_date": "2026-01-20"}), false),
            (json!({"posting_date": "2026-01-20", "set_posting_time": true}), false),
            (json!({}), false),
        ] {
            let asked = json!({"doctype": "Sales Order", "name": order, "to": "Sales Invoice", "data": data,
                "save": save, "dry_run": save});
            let answer = call(&app, "convert_document", asked).await.unwrap().to_string();
            assert_eq!(answer.contains(told), is_told, "{data}: {answer}");
        }
    }
}

#[on_every_version]
async fn a_dry_run_refuses_what_is_in_no_format() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Lead": all()}));
    let data = json!({"first_name": "L", "email_id": "a@b", "mobile_no": "call me", "website": "https://x.example"});
    for dry_run in [true, false] {
        let given = json!({"data": data, "dry_run": dry_run});
        let text = refusal(&app, "create_lead_document", given).await;
        for place in ["data.email_id: expected an e-mail address", "data.mobile_no: expected a phone number"] {
            assert!(text.contains(place), "{text}");
        }
    }
    assert!(site.writes().is_empty(), "{:?}", site.writes());
}
