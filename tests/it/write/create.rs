//! New documents: wiremock where the exact requests count, or for answers that the sandbox does not give, such as a document
//! that is stored otherwise or cannot be read back.

use erpnext_mcp::app::Connection;
use erpnext_sandbox::query::List;
use serde_json::{Value, json};

use crate::sandbox::{SampleSite, first};
use crate::support::{Site, all, call, refusal};

const LINK: &str = "frappe.client.get_value";
const CREATE: &str = "create_todo_document";

async fn todos(stored: Value) -> (Site, Connection) {
    let site = Site::start().await;
    site.data("POST", "/api/resource/ToDo", json!({"name": "t-1", "priority": "as sent, not as stored"})).await;
    site.data("GET", "/api/resource/ToDo/t-1", stored).await;
    let app = site.app(json!({"ToDo": all(), "Customer": all(), "Delivery Note": all(), "Note": all()}));
    (site, app)
}

#[on_every_version]
async fn a_document_is_sent_as_the_site_stores_it_and_read_back() {
    let stored =
        json!({"name": "t-1", "status": "Open", "priority": "High", "date": "2026-01-05", "description": "call"});
    let (site, app) = todos(stored).await;
    let answer =
        call(&app, CREATE, json!({"data": {"description": "call", "date": "2026-1-5", "priority": "High"}})).await;
    assert_eq!(answer.unwrap(), json!({"created": "t-1", "status": "Open", "description": "call"}));
    let sent = site.sent().await;
    let body = json!({"description": "call", "date": "2026-01-05", "priority": "High"});
    assert_eq!(sent[0], ("POST /api/resource/ToDo".to_owned(), body));
    assert_eq!(sent[1].0, "GET /api/resource/ToDo/t-1");
    assert_eq!(sent.len(), 2);
}

#[on_every_version]
async fn what_was_stored_differently_is_said() {
    let (_site, app) = todos(json!({"name": "t-1", "priority": "Medium", "description": "call"})).await;
    let answer = call(&app, CREATE, json!({"data": {"description": "call", "priority": "High"}})).await.unwrap();
    assert_eq!(answer["stored_differently"], json!({"priority": {"sent": "High", "stored": "Medium"}}));
}

#[on_every_version]
async fn a_day_of_posting_that_the_site_does_not_keep_is_told_and_one_that_is_set_is_kept() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Sales Invoice": all(), "Customer": all()}));
    let customer = first(&app, "Customer", json!({})).await;
    let make = async |more: Value, form_defaults: bool| {
        let mut data = json!({"customer": customer, "posting_date": "2026-01-20", "due_date": "2099-12-31",
            "items": [{"item_code": "MAT-FABRIC", "qty": 1}]});
        data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let given = json!({"data": data, "form_defaults": form_defaults});
        call(&app, "create_sales_invoice_document", given).await.unwrap()
    };
    let made = make(json!({}), false).await;
    let told = &made["stored_differently"]["posting_date"];
    assert_eq!(told["sent"], "2026-01-20", "{made}");
    assert!(told["stored"] != "2026-01-20" && told["why"].to_string().contains("set_posting_time"), "{made}");
    // Whoever gives a day means it, as the form has it.
    for (more, is_filled) in [(json!({}), true), (json!({"set_posting_time": true}), false)] {
        let made = make(more, true).await;
        assert!(made["stored_differently"].get("posting_date").is_none(), "{made}");
        assert_eq!(made["filled_in"]["set_posting_time"] == true, is_filled, "{made}");
        let got = call(&app, "get_sales_invoice_document", json!({"name": made["created"]})).await.unwrap();
        assert_eq!(got["document"]["posting_date"], "2026-01-20", "{got}");
    }
}

#[on_every_version]
async fn links_that_the_site_would_not_check_are_checked() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"ToDo": all(), "Customer": all()}));
    let data = json!({
        "description": "call", "assigned_by": "nobody@x", "reference_type": "Customer", "reference_name": "Zod C",
    });
    let text = refusal(&app, CREATE, json!({"data": data})).await;
    assert!(text.contains("data.assigned_by: there is no User named \"nobody@x\""), "{text}");
    assert!(text.contains("data.reference_name: there is no Customer named \"Zod C\""), "{text}");
    assert_eq!(site.writes(), Vec::<String>::new());
}

#[on_every_version]
async fn links_in_rows_are_checked_once_each() {
    let (site, app) = todos(json!({})).await;
    site.method(LINK, json!({})).await;
    let rows = json!([{"item_code": "NOPE", "qty": 1}, {"item_code": "NOPE", "qty": 2}]);
    let data = json!({"customer": "Zod Co", "company": "Acme", "items": rows});
    let text = refusal(&app, "create_delivery_note_document", json!({"data": data})).await;
    assert!(text.contains("data.items[0].item_code: there is no Item named \"NOPE\""), "{text}");
    assert!(text.contains("data.items[1].item_code"), "{text}");
    let asked = site.sent().await.iter().filter(|(_, body)| body["filters"]["name"] == "NOPE").count();
    assert_eq!(asked, 1);
    assert_eq!(site.writes().await, Vec::<String>::new());
}

#[on_every_version]
async fn where_the_user_may_not_look_a_link_up_the_site_decides() {
    let (site, app) = todos(json!({"name": "t-1", "description": "call"})).await;
    site.answer("POST", &format!("/api/method/{LINK}"), 403, json!({"exc_type": "PermissionError"})).await;
    let answer = call(&app, CREATE, json!({"data": {"description": "call", "assigned_by": "a@x"}})).await.unwrap();
    assert_eq!(answer["created"], "t-1");
}

#[on_every_version]
async fn every_violation_comes_at_once_and_nothing_is_sent() {
    let (site, app) = todos(json!({})).await;
    let data = json!({
        "customer_nam": "Zod", "customer_type": "Compny", "disabled": "yes", "default_commission_rate": "12,5",
        "docstatus": 1, "owner": "me", "name": "Zod", "website": "w".repeat(141), "territory": 5,
        "sales_team": [{"allocated_percentage": "much"}, 5, "Sam"], "credit_limits": {}, "tax_id": ["x"],
    });
    let text = refusal(&app, "create_customer_document", json!({"data": data})).await;
    for wanted in [
        "create_customer_document: nothing was sent; there are 16 problems:",
        "data.customer_nam: no such field in Customer; did you mean customer_name?",
        "data.customer_name: is mandatory",
        "data.customer_type: \"Compny\" is not one of: Company, Individual, Partnership; did you mean Company?",
        "data.disabled: expected true or false, found \"yes\"; did you mean true?",
        "data.default_commission_rate: expected a number, found \"12,5\"; did you mean 12.5?",
        "data.docstatus: is not set through a field",
        "data.owner: is kept by the site",
        "data.name: the site names a Customer itself",
        "data.website: holds at most 140 characters, found 141",
        "data.territory: expected a string, found 5; did you mean \"5\"?",
        "data.sales_team[0].allocated_percentage: expected a number",
        "data.sales_team[0].sales_person: is mandatory (the name of a Sales Person)",
        "data.sales_team[1]: expected a row as an object, found 5",
        "data.sales_team[2]: expected a row as an object, found \"Sam\"; did you mean {\"sales_person\":\"Sam\"}?",
        "data.credit_limits: expected a list of rows, found {}",
        "data.tax_id: expected a string",
    ] {
        assert!(text.contains(wanted), "{wanted}\n{text}");
    }
    assert!(site.lines().await.iter().all(|line| line.contains("getdoctype")), "{:?}", site.lines().await);
}

#[on_every_version]
async fn links_that_lead_nowhere_are_told_beside_what_breaks_the_form() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Sales Order": all(), "Customer": all(), "Item": all(), "Warehouse": all()}));
    let row = json!({"item_code": "NOPE", "qty": "much", "warehouse": "Nowhere"});
    let data = json!({"customer": "Nobody at all", "delivery_date": "soon", "items": [row]});
    let text = refusal(&app, "create_sales_order_document", json!({"data": data})).await;
    for told in [
        "data.delivery_date: ",
        "data.items[0].qty: ",
        "data.customer: there is no Customer named \"Nobody at all\"",
        "data.items[0].item_code: there is no Item named \"NOPE\"",
        "data.items[0].warehouse: there is no Warehouse named \"Nowhere\"",
    ] {
        assert!(text.contains(told), "{told}\n{text}");
    }
    // What is too much to be looked up in passing is said to be left.
    let rows: Vec<Value> = (0..250).map(|i| json!({"item_code": format!("NOPE-{i}"), "qty": "much"})).collect();
    let text = refusal(&app, "create_sales_order_document", json!({"data": {"customer": "x", "items": rows}})).await;
    assert!(text.contains("Links were not looked up") && !text.contains("there is no"), "{text}");
    assert_eq!(site.writes(), Vec::<String>::new());
}

#[on_every_version]
async fn whether_a_withheld_link_leads_somewhere_is_told_by_no_problem_beside_it() {
    let (site, mut customers) = (SampleSite::start().await, all());
    customers["restricted_fields"] = json!(["sales_team"]);
    let app = site.app(json!({"Customer": customers}));
    let people = site.sandbox.with(|site| site.list("Sales Person", &List::default())).unwrap();
    let there = people[0]["name"].as_str().unwrap().to_owned();
    for tool in ["create_customer_document", "update_customer_document"] {
        let told = async |name: &str| {
            let data = json!({"bogus": 1, "sales_team": [{"idx": 1, "sales_person": name}]});
            let arguments = match tool.starts_with("create") {
                true => json!({"data": data}),
                false => json!({"name": "X", "data": data}),
            };
            refusal(&app, tool, arguments).await
        };
        let (right, wrong) = (told(&there).await, told("Nowhere").await);
        assert!(right.contains("data.bogus") && !wrong.contains("there is no"), "{tool}: {wrong}");
        assert_eq!(right.replace(&there, "Nowhere"), wrong, "{tool}");
    }
}

#[on_every_version]
async fn a_name_that_the_site_changed_is_the_one_that_is_told() {
    let site = Site::start().await;
    let messages = json!([json!({"message": "Changed customer name to 'Zod Co - 1'"}).to_string()]).to_string();
    let made = json!({"data": {"name": "Zod Co - 1", "customer_name": "Zod Co"}, "_server_messages": messages});
    site.answer("POST", "/api/resource/Customer", 200, made).await;
    let stored = json!({"name": "Zod Co - 1", "customer_name": "Zod Co"});
    site.data("GET", "/api/resource/Customer/Zod%20Co%20-%201", stored).await;
    let app = site.app(json!({"Customer": all()}));
    let answer = call(&app, "create_customer_document", json!({"data": {"customer_name": "Zod Co"}})).await.unwrap();
    assert_eq!(answer["created"], "Zod Co - 1");
    let taken = "the name \"Zod Co\" is taken: this is a second document, named \"Zod Co - 1\"";
    assert_eq!(answer["messages"], json!([taken, "Changed customer name to [withheld]"]));
}

#[on_every_version]
async fn a_failed_reading_back_is_no_failed_write() {
    let site = Site::start().await;
    site.data("POST", "/api/resource/ToDo", json!({"name": 17})).await;
    site.answer("GET", "/api/resource/ToDo/17", 403, json!({"exc_type": "PermissionError"})).await;
    let app = site.app(json!({"ToDo": {"create": true}}));
    let answer = call(&app, CREATE, json!({"data": {"description": "call"}})).await.unwrap();
    assert_eq!(answer["created"], "17");
    assert!(answer["messages"][0].as_str().unwrap().contains("reading it back failed"), "{answer}");
}

#[on_every_version]
async fn what_looks_like_an_act_and_is_none_is_told_so() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Communication": all(), "Bulk Update": all()}));
    let mail = json!({"subject": "hello", "content": "x", "communication_medium": "Email", "sent_or_received": "Sent"});
    let mut of_no_medium = mail.clone();
    of_no_medium.as_object_mut().unwrap().remove("communication_medium");
    let bulk = json!({"document_type": "ToDo", "field": "status", "update_value": "x"});
    for dry_run in [true, false] {
        for mail in [&mail, &of_no_medium] {
            let make = json!({"doctype": "Communication", "data": mail, "dry_run": dry_run});
            let made = call(&app, "create_generic_document", make).await.unwrap();
            assert!(made["messages"].to_string().contains("a Communication sends nothing"), "{made}");
        }
        let change = json!({"doctype": "Bulk Update", "data": bulk, "dry_run": dry_run});
        let changed = call(&app, "update_generic_document", change).await.unwrap();
        assert!(changed["messages"].to_string().contains("update_bulk_documents changes many"), "{changed}");
    }
    let text = refusal(&app, "create_generic_document", json!({"doctype": "Bulk Update", "data": bulk})).await;
    assert!(text.contains("next: It is a tool of the desk") && text.contains("update_bulk_documents"), "{text}");
}

#[on_every_version]
async fn a_new_document_says_what_the_site_made_of_it() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Sales Order": all(), "Item": all(), "Customer": all()}));
    let item = crate::sandbox::first(&app, "Item", json!({"is_sales_item": 1, "has_variants": 0})).await;
    let customer = crate::sandbox::first(&app, "Customer", json!({})).await;
    let rows = json!([{"item_code": item, "qty": 4, "rate": 50}]);
    let data =
        json!({"customer": customer, "company": crate::sandbox::COMPANY, "delivery_date": "2026-12-24", "items": rows});
    let made = call(&app, "create_sales_order_document", json!({"data": data})).await.unwrap();
    assert_eq!((&made["grand_total"], &made["currency"]), (&json!(200.0), &json!("EUR")), "{made}");
    assert_eq!(
        (&made["status"], made.get("delivery_date")),
        (&json!("Draft"), None),
        "what was sent so is not repeated"
    );
    let text = made.to_string();
    assert!(!text.contains("base_") && text.len() < 600, "{} bytes: {text}", text.len());

    // An item without a price.
    let rows = json!([{"item_code": "MAT-FABRIC", "qty": 1}]);
    let data =
        json!({"customer": customer, "company": crate::sandbox::COMPANY, "delivery_date": "2026-12-24", "items": rows});
    let made = call(&app, "create_sales_order_document", json!({"data": data})).await.unwrap();
    assert_eq!((&made["grand_total"], &made["currency"]), (&json!(0.0), &json!("EUR")), "{made}");
}

#[on_every_version]
async fn amounts_that_the_site_works_out_are_not_set_by_hand() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Purchase Order": all(), "Item": all(), "Supplier": all()}));
    let order = crate::sandbox::first(&app, "Purchase Order", json!({"docstatus": 0})).await;
    let before = site.stored("Purchase Order", &order);
    for change in [json!({"per_received": 100}), json!({"items": {"patch": [{"idx": 1, "received_qty": 5}]}})] {
        let text = refusal(&app, "update_purchase_order_document", json!({"name": order, "data": change})).await;
        assert!(text.contains("is not set by hand"), "{text}");
    }
    let read = before.clone().unwrap();
    let same = json!({"per_received": read["per_received"], "grand_total": read["grand_total"]});
    let kept =
        call(&app, "update_purchase_order_document", json!({"name": order, "data": same, "dry_run": true})).await;
    assert_eq!(kept.unwrap()["would_change"], json!({}), "what was read may come back");
    assert_eq!(site.stored("Purchase Order", &order), before);
    let supplier = crate::sandbox::first(&app, "Supplier", json!({})).await;
    let item = crate::sandbox::first(&app, "Item", json!({"is_purchase_item": 1})).await;
    let rows = json!([{"item_code": item, "qty": 4, "rate": 50, "received_qty": 4, "schedule_date": "2026-12-24"}]);
    let data = json!({"supplier": supplier, "company": crate::sandbox::COMPANY, "schedule_date": "2026-12-24", "per_received": 100, "items": rows});
    let text = refusal(&app, "create_purchase_order_document", json!({"data": data})).await;
    assert!(text.contains("data.per_received") && text.contains("data.items[0].received_qty"), "{text}");
}

#[on_every_version]
async fn what_the_form_only_shows_is_told_where_it_is_stored_as_sent() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Issue": all(), "Sales Order": all()}));
    let data = json!({"subject": "x", "agreement_status": "Fulfilled"});
    let made = call(&app, "create_issue_document", json!({"data": data})).await.unwrap();
    let told = made["messages"].to_string();
    assert!(told.contains("agreement_status: stored as sent, though the form only shows it"), "{made}");
    let order = crate::sandbox::first(&app, "Sales Order", json!({"docstatus": 0})).await;
    let change = json!({"name": order, "data": {"billing_status": "Fully Billed", "po_no": "7"}});
    let changed = call(&app, "update_sales_order_document", change.clone()).await.unwrap();
    let told = changed["messages"].to_string();
    assert!(told.contains("billing_status: stored as sent"), "{changed}");
    // What it held before is nobody's doing.
    let again = call(&app, "update_sales_order_document", change).await.unwrap();
    assert!(!again["messages"].to_string().contains("stored as sent"), "{again}");
    // A status that the form begins with by itself is as little anybody's to set.
    let change = json!({"name": order, "data": {"status": "Completed"}});
    let changed = call(&app, "update_sales_order_document", change).await.unwrap();
    assert!(changed["messages"].to_string().contains("\"status: stored as sent"), "{changed}");
}

#[on_every_version]
async fn an_amount_that_comes_of_another_is_refused_with_that_one_where_they_may_differ() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Journal Entry": all(), "Account": all()}));
    let of = |kind: &str| json!({"account_type": kind, "is_group": 0, "company": crate::sandbox::COMPANY});
    let bank = crate::sandbox::first(&app, "Account", of("Bank")).await;
    let cash = crate::sandbox::first(&app, "Account", of("Cash")).await;
    let rows = json!([{"account": bank, "debit": 10}, {"account": cash, "credit": 10}]);
    let mut data = json!({"posting_date": "2026-11-01", "company": crate::sandbox::COMPANY, "accounts": rows});
    let made = call(&app, "create_journal_entry_document", json!({"data": data})).await.unwrap();
    let stored = site.stored("Journal Entry", made["created"].as_str().unwrap()).unwrap();
    assert_eq!(stored["accounts"][0]["debit_in_account_currency"], 10.0, "{stored:?}");
    data["multi_currency"] = json!(true);
    let text = refusal(&app, "create_journal_entry_document", json!({"data": data})).await;
    assert!(
        text.contains("data.accounts[0].debit: is not set by hand") && text.contains("debit_in_account_currency"),
        "{text}"
    );
}

#[on_every_version]
async fn the_address_of_a_new_contact_is_a_row_of_its_table() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Contact": all()}));
    let data = json!({"first_name": "Dara", "email_id": "dara@example.com", "phone": "+353 1 555 0101"});
    let made = call(&app, "create_contact_document", json!({"data": data})).await.unwrap();
    let stored = site.stored("Contact", made["created"].as_str().unwrap()).unwrap();
    assert_eq!(stored["email_ids"][0]["email_id"], "dara@example.com", "{stored:?}");
    assert_eq!(stored["phone_nos"][0]["is_primary_phone"], 1, "{stored:?}");
}

#[on_every_version]
async fn a_journal_entry_says_its_total_and_in_which_currency() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Journal Entry": all(), "Account": all(), "Company": {"read": true}}));
    let of = |kind: &str| json!({"account_type": kind, "is_group": 0, "company": crate::sandbox::COMPANY});
    let [bank, cash] = [
        crate::sandbox::first(&app, "Account", of("Bank")).await,
        crate::sandbox::first(&app, "Account", of("Cash")).await,
    ];
    let rows = json!([{"account": bank, "debit_in_account_currency": 10},
        {"account": cash, "credit_in_account_currency": 10}]);
    let data = json!({"posting_date": "2026-11-20", "company": crate::sandbox::COMPANY, "accounts": rows});
    let made = call(&app, "create_journal_entry_document", json!({"data": data})).await.unwrap();
    assert_eq!((&made["total_debit"], &made["currency"]), (&json!(10.0), &json!("EUR")), "{made}");
}
