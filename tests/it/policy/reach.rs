//! What a rule reaches beyond the fields and documents that it names: what the site hides, fills in, works out and writes
//! beside a document.

use serde_json::{Value, json};

use super::ways_around::with_a_workflow;
use crate::sandbox::{COMPANY, SampleSite, first};
use crate::support::{all, app_of, call, refusal};

fn with(mut rule: Value, more: Value) -> Value {
    rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    rule
}

#[on_every_version]
async fn nothing_is_asked_about_a_field_that_the_site_hides_from_its_user() {
    let site = SampleSite::bench().await;
    let rule = json!({"read": true, "allowed_fields": ["customer_name", "custom_secret_score", "territory"]});
    let app = |key: &str| app_of(&site.config_of(key, json!({"doctypes": {"Customer": rule}})));
    let list = |more: Value| with(json!({"doctype": "Customer"}), more);
    let questions = [
        ("list_generic_documents", list(json!({"filters": {"custom_secret_score": [">", 37]}}))),
        ("list_generic_documents", list(json!({"or_filters": {"custom_secret_score": 37}}))),
        ("list_generic_documents", list(json!({"order_by": "custom_secret_score desc"}))),
        ("aggregate_documents", list(json!({"measures": ["max(custom_secret_score)"]}))),
        ("aggregate_documents", list(json!({"group_by": ["custom_secret_score"]}))),
        ("aggregate_documents", list(json!({"filters": {"custom_secret_score": [">", 37]}}))),
        ("search_link", list(json!({"text": "a", "filters": {"custom_secret_score": [">", 37]}}))),
    ];
    let (shown, hidden) = (app("administrator"), app("reader"));
    for (tool, question) in questions {
        call(&shown, tool, question.clone()).await.unwrap_or_else(|error| panic!("{tool} {question}: {error:?}"));
        let text = refusal(&hidden, tool, question).await;
        assert!(text.contains("the site hides it from this user"), "{tool}: {text}");
    }
    let every = call(&hidden, "list_generic_documents", list(json!({"fields": ["*"]}))).await.unwrap();
    assert_eq!(every["withheld"], json!(["custom_secret_score"]), "{every}");
}

#[on_every_version]
async fn a_history_tells_nothing_that_the_site_hides_from_its_user() {
    let site = SampleSite::bench().await;
    let rule =
        json!({"read": true, "update": true, "allowed_fields": ["customer_name", "custom_secret_score", "website"]});
    let app = |key: &str| app_of(&site.config_of(key, json!({"doctypes": {"Customer": rule}})));
    let (shown, hidden) = (app("administrator"), app("reader"));
    let name = first(&shown, "Customer", json!({})).await;
    let change = json!({"name": name, "data": {"custom_secret_score": 73, "website": "quartz.example"}});
    call(&shown, "update_customer_document", change).await.unwrap();
    for (app, is_told) in [(shown, true), (hidden, false)] {
        let asked = json!({"doctype": "Customer", "name": name});
        let history = call(&app, "get_document_history", asked).await.unwrap().to_string();
        assert!(history.contains("quartz.example"), "{history}");
        assert_eq!(history.contains("custom_secret_score"), is_told, "{history}");
    }
}

#[on_every_version]
async fn a_conversion_or_an_amendment_reaches_no_document_out_of_scope() {
    let site = SampleSite::start().await;
    let open = site.app(json!({"Customer": all(), "Sales Order": all()}));
    let asked = json!({"filters": {"territory": "South"}, "fields": ["name"], "limit": 100});
    let south = call(&open, "list_customer_documents", asked).await.unwrap();
    let names: Vec<&Value> = south["documents"].as_array().unwrap().iter().map(|row| &row["name"]).collect();
    let of_south = json!({"customer": ["in", names], "docstatus": 1, "per_billed": 0});
    let order = first(&open, "Sales Order", of_south).await;
    let north = json!({"read": true, "conditions": {"read": {"territory": ["North"]}}});
    let app = site.app(json!({"Customer": north, "Sales Order": all(), "Sales Invoice": all()}));
    let before = site.writes().len();
    for save in [false, true] {
        let convert = json!({"doctype": "Sales Order", "name": order, "to": "Sales Invoice", "save": save});
        let text = refusal(&app, "convert_document", convert).await;
        assert!(text.contains("customer would be a Customer that is not among those"), "{text}");
        assert!(names.iter().all(|name| !text.contains(name.as_str().unwrap())), "{text}");
    }
    // What is made has to be in sight itself.
    let ours = json!({"conditions": {"read": {"company": ["Another Company"]}}});
    let narrow = site.app(json!({"Customer": all(), "Sales Order": all(), "Sales Invoice": with(all(), ours)}));
    let convert = json!({"doctype": "Sales Order", "name": order, "to": "Sales Invoice"});
    let text = refusal(&narrow, "convert_document", convert).await;
    assert!(text.contains("company must be"), "{text}");

    let columns = json!({"docstatus": 2});
    site.sandbox.with(|site| site.set("Sales Order", &order, columns.as_object().unwrap())).unwrap();
    let amend = json!({"doctype": "Sales Order", "name": order});
    let text = refusal(&app, "amend_document", amend.clone()).await;
    assert!(text.contains("customer would be a Customer that is not among those"), "{text}");
    assert_eq!(site.writes().len(), before);
    call(&open, "amend_document", amend).await.unwrap();
}

#[on_every_version]
async fn comments_and_files_are_seen_only_where_a_list_of_fields_names_them() {
    let site = SampleSite::start().await;
    let open = site.app(json!({"Customer": all()}));
    let name = first(&open, "Customer", json!({})).await;
    let customer = json!({"doctype": "Customer", "name": name});
    call(&open, "add_comment", with(customer.clone(), json!({"content": "Owes us Quartz"}))).await.unwrap();
    let task = json!({"user": "aoife@alderway.example", "description": "Ask for the Quartz"});
    call(&open, "assign_document", with(customer.clone(), task)).await.unwrap();
    let file = json!({"file_name": "quartz.txt", "text": "Quartz"});
    call(&open, "attach_file", with(customer.clone(), file)).await.unwrap();
    for (lists, comments, files) in [
        (json!({}), true, true),
        (json!({"restricted_fields": ["tax_id"]}), true, true),
        (json!({"restricted_fields": ["_comments", "attachments"]}), false, false),
        (json!({"allowed_fields": ["customer_name"]}), false, false),
        (json!({"allowed_fields": ["customer_name", "_comments"]}), true, false),
        (json!({"allowed_fields": ["customer_name", "attachments"]}), false, true),
    ] {
        let app = site.app(json!({"Customer": with(all(), lists.clone())}));
        let history = call(&app, "get_document_history", customer.clone()).await.unwrap()["entries"].to_string();
        assert_eq!(history.contains("Owes us Quartz"), comments, "{lists}: {history}");
        assert_eq!(history.contains("assignment"), comments, "{lists}: {history}");
        assert_eq!(history.contains("quartz"), files, "{lists}: {history}");
        for tool in ["assign_document", "unassign_document"] {
            let told = call(&app, tool, with(customer.clone(), json!({"user": "sales@example.com"}))).await.unwrap();
            assert_eq!(told.to_string().contains("aoife"), comments, "{lists}: {told}");
            assert!(told["assigned"] == "sales@example.com" || told["unassigned"] == "sales@example.com", "{told}");
        }
        let listed = call(&app, "list_attachments", customer.clone()).await.unwrap();
        assert_eq!((listed["count"] == 1, listed["withheld"] == json!(["attachments"])), (files, !files), "{listed}");
        let get = with(customer.clone(), json!({"file": "quartz.txt"}));
        assert_eq!(call(&app, "get_attachment", get).await.is_ok(), files, "{lists}");
    }
}

#[on_every_version]
async fn a_restricted_state_of_a_workflow_is_in_no_history() {
    let site = with_a_workflow().await;
    let open = site.app(json!({"Sales Order": all()}));
    let order = first(&open, "Sales Order", json!({"docstatus": 0})).await;
    let columns = json!({"workflow_state": "Open"});
    site.sandbox.with(|site| site.set("Sales Order", &order, columns.as_object().unwrap())).unwrap();
    let order = json!({"doctype": "Sales Order", "name": order});
    call(&open, "apply_workflow_action", with(order.clone(), json!({"action": "Approve"}))).await.unwrap();
    let history = call(&open, "get_document_history", order.clone()).await.unwrap().to_string();
    assert!(history.contains("Approved"), "{history}");
    for lists in [json!({"restricted_fields": ["workflow_state"]}), json!({"allowed_fields": ["customer"]})] {
        let app = site.app(json!({"Sales Order": with(all(), lists.clone())}));
        let history = call(&app, "get_document_history", order.clone()).await.unwrap().to_string();
        assert!(!history.contains("Approved"), "{lists}: {history}");
    }
}

#[on_every_version]
async fn a_restricted_state_of_a_workflow_is_told_by_none_of_its_actions() {
    let site = with_a_workflow().await;
    let open = site.app(json!({"Sales Order": all()}));
    let order = first(&open, "Sales Order", json!({"docstatus": 0})).await;
    let columns = json!({"workflow_state": "Open"});
    site.sandbox.with(|site| site.set("Sales Order", &order, columns.as_object().unwrap())).unwrap();
    let of = json!({"doctype": "Sales Order", "name": order});
    let tells = |told: &str| {
        ["\"Open\"", "Approve", "Approved", "Reject", "leads_to"].into_iter().any(|word| told.contains(word))
    };
    let seen = call(&open, "get_workflow_actions", of.clone()).await.unwrap().to_string();
    assert!(tells(&seen), "{seen}");
    // A change opens an action for the state.
    call(&open, "update_sales_order_document", json!({"name": order, "data": {"po_no": "P-1"}})).await.unwrap();
    let waiting = call(&open, "list_pending_approvals", json!({})).await.unwrap();
    assert!(waiting.to_string().contains(&order) && waiting.get("note").is_none(), "{waiting}");
    for lists in [json!({"restricted_fields": ["workflow_state"]}), json!({"allowed_fields": ["customer"]})] {
        let app = site.app(json!({"Sales Order": with(all(), lists.clone())}));
        let actions = call(&app, "get_workflow_actions", of.clone()).await.unwrap();
        assert!(!tells(&actions.to_string()) && actions["note"].is_string(), "{lists}: {actions}");
        // Neither a dry run nor a question tells whether an action is open.
        for how in [json!({"dry_run": true}), json!({})] {
            let of_action = |action: &str| with(with(of.clone(), json!({"action": action})), how.clone());
            let open = refusal(&app, "apply_workflow_action", of_action("Approve")).await;
            let none = refusal(&app, "apply_workflow_action", of_action("Sign")).await;
            for text in [open, none] {
                assert!(text.contains("withholds the state") || text.contains("confirm_token"), "{lists}: {text}");
            }
        }
        let other = with(of.clone(), json!({"action": "Sign", "confirm": true}));
        let text = refusal(&app, "apply_workflow_action", other).await;
        assert!(text.contains("is not open to this user now") && !tells(&text), "{lists}: {text}");
        let waiting = call(&app, "list_pending_approvals", json!({})).await.unwrap();
        assert!(!waiting.to_string().contains(&order) && waiting["note"].is_string(), "{lists}: {waiting}");
    }
    let app = site.app(json!({"Sales Order": with(all(), json!({"restricted_fields": ["workflow_state"]}))}));
    let approve = with(of.clone(), json!({"action": "Approve", "confirm": true}));
    let taken = call(&app, "apply_workflow_action", approve).await.unwrap();
    assert!(taken.get("state").is_none() && taken.get("actions").is_none(), "{taken}");
}

#[on_every_version]
async fn a_document_under_a_workflow_is_not_cancelled_past_it() {
    let site = with_a_workflow().await;
    let app = site.app(json!({"Sales Order": all()}));
    let order = first(&app, "Sales Order", json!({"docstatus": 1, "per_billed": 0, "per_delivered": 0})).await;
    let before = site.writes().len();
    let text = refusal(&app, "cancel_sales_order_document", json!({"name": order, "confirm": true})).await;
    assert!(text.contains("governed by a workflow") && text.contains("apply_workflow_action"), "{text}");
    assert_eq!(site.writes().len(), before);
}

#[on_every_version]
async fn an_amount_that_the_site_works_out_is_judged_again_once_it_is_stored_and_not_submitted() {
    let site = SampleSite::start().await;
    let open = site.app(json!({"Sales Order": all(), "Customer": all()}));
    let customer = first(&open, "Customer", json!({"territory": "North"})).await;
    let few = json!({"items.discount_amount": {"lte": 10}});
    let conditions = json!({"conditions": {"create": few, "update": few}});
    let app = site.app(json!({"Sales Order": with(all(), conditions), "Customer": all()}));
    let new = |row: Value| {
        let row = with(json!({"item_code": "TBL-OAK-160", "qty": 1, "delivery_date": "2026-12-24"}), row);
        json!({"data": {"customer": customer, "company": COMPANY, "delivery_date": "2026-12-24", "items": [row]}})
    };
    // A percentage decides the amount: it is not foreseen.
    let sent = new(json!({"discount_amount": 0, "discount_percentage": 90}));
    let text = refusal(&app, "create_sales_order_document", sent).await;
    assert!(text.contains("items.discount_amount must be at most 10 (which the site decides"), "{text}");
    let fine = call(&app, "create_sales_order_document", new(json!({"discount_amount": 0}))).await.unwrap();
    assert_eq!(fine.get("violation"), None, "{fine}");
    // So does a rate far below the price of the list.
    let made = call(&app, "create_sales_order_document", new(json!({"discount_amount": 0, "rate": 1}))).await.unwrap();
    let told = made["violation"].as_str().unwrap_or_else(|| panic!("{made}"));
    assert!(
        told.contains("items.discount_amount must be at most 10") && told.contains("before it is submitted"),
        "{told}"
    );
    for atomic in [false, true] {
        let row = new(json!({"discount_amount": 0, "rate": 1}))["data"].clone();
        let rows = json!({"doctype": "Sales Order", "documents": [row], "atomic": atomic});
        let many = call(&app, "create_bulk_documents", rows).await.unwrap();
        assert!(many["notes"][0]["violation"].is_string(), "{many}");
    }
    let text = refusal(&app, "submit_sales_order_document", json!({"name": made["created"]})).await;
    assert!(text.contains("items.discount_amount must be at most 10"), "{text}");
    call(&app, "submit_sales_order_document", json!({"name": fine["created"]})).await.unwrap();
}

/// What is told afterwards comes too late for what is final.
#[on_every_version]
async fn another_rate_of_a_submitted_order_is_held_to_the_discount_that_it_means() {
    let site = SampleSite::start().await;
    let open = site.app(json!({"Sales Order": all(), "Customer": all()}));
    let customer = first(&open, "Customer", json!({"territory": "North"})).await;
    let row = json!({"item_code": "TBL-OAK-160", "qty": 1, "delivery_date": "2026-12-24"});
    let data = json!({"customer": customer, "company": COMPANY, "delivery_date": "2026-12-24", "items": [row]});
    let order = call(&open, "create_sales_order_document", json!({"data": data})).await.unwrap()["created"].clone();
    call(&open, "submit_sales_order_document", json!({"name": order})).await.unwrap();
    let few = json!({"conditions": {"update": {"items.discount_amount": {"lte": 10}}}});
    let app = site.app(json!({"Sales Order": with(all(), few), "Customer": all()}));
    let patched = |patch: Value| json!({"doctype": "Sales Order", "name": order, "items": {"patch": [patch]}});
    let writes = site.writes().len();
    let text = refusal(&app, "update_order_items", patched(json!({"idx": 1, "rate": 1}))).await;
    assert!(text.contains("items.discount_amount must be at most 10"), "{text}");
    assert_eq!(site.writes().len(), writes);
    let waits = refusal(&app, "update_order_items", patched(json!({"idx": 1, "qty": 3}))).await;
    assert!(waits.contains("confirm_token"), "{waits}");
}
