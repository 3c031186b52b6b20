//! What stands around a document: its history, and the documents linked to it.

use serde_json::{Value, json};

use crate::sandbox::{config, site, site_as};
use crate::support::{app_of, call, refusal};

/// Some submitted Sales Order that was invoiced, and an invoice of it.
async fn invoiced_order(app: &erpnext_mcp::app::Connection) -> (String, String) {
    let filters = json!({"docstatus": 1});
    let list = json!({"doctype": "Sales Invoice", "filters": filters, "limit": 50});
    let invoices = call(app, "list_generic_documents", list).await.unwrap();
    for invoice in invoices["documents"].as_array().unwrap() {
        let get = json!({"doctype": "Sales Invoice", "name": invoice["name"], "fields": ["items.sales_order"]});
        let invoice = call(app, "get_generic_document", get).await.unwrap();
        if let Some(order) = invoice["document"]["items"][0]["sales_order"].as_str() {
            return (order.to_owned(), invoice["document"]["name"].as_str().unwrap().to_owned());
        }
    }
    panic!("no invoice of an order in the sample");
}

fn entry<'a>(answer: &'a Value, doctype: &str) -> Option<&'a Value> {
    answer["linked_from"].as_array().unwrap().iter().find(|entry| entry["doctype"] == doctype)
}

#[on_every_version]
async fn the_documents_around_an_order_are_found_through_rows_and_dynamic_links() {
    let (_site, app) = site(json!({"default": {"read": true}})).await;
    let (order, invoice) = invoiced_order(&app).await;
    let around = call(
        &app,
        "get_linked_documents",
        json!({"doctype": "Sales Order", "name": order, "only": ["Sales Invoice", "Delivery Note"]}),
    );
    let around = around.await.unwrap();
    let invoices = entry(&around, "Sales Invoice").unwrap_or_else(|| panic!("{around}"));
    assert!(invoices["documents"].as_array().unwrap().iter().any(|document| document["name"] == invoice), "{around}");
    assert_eq!(invoices["via"], json!(["items.sales_order"]));
    assert_eq!(invoices["count"], invoices["documents"].as_array().unwrap().len());
    assert!(around["links_to"]["Customer"].is_array() && around["links_to"]["Item"].is_array(), "{around}");
    let around =
        call(&app, "get_linked_documents", json!({"doctype": "Sales Invoice", "name": invoice})).await.unwrap();
    assert!(
        around["linked_from"].as_array().unwrap().iter().all(|entry| entry["doctype"] != "Sales Order"),
        "{around}"
    );
}

#[on_every_version]
async fn a_name_that_cannot_be_searched_is_no_empty_answer() {
    let (_site, app) = site(json!({"default": {"read": true}})).await;
    let (order, _) = invoiced_order(&app).await;
    for (only, wanted) in [
        ("Slaes Invoice", "Did you mean Sales Invoice?"),
        ("Sales Invoice Item", "is a child table"),
        ("System Settings", "System Settings has no list"),
    ] {
        let asked = json!({"doctype": "Sales Order", "name": order, "only": [only]});
        let told = refusal(&app, "get_linked_documents", asked).await;
        assert!(told.contains(wanted), "{told}");
    }
}

#[on_every_version]
async fn a_doctype_that_the_site_does_not_tell_about_is_named_among_those_not_looked_at() {
    let open =
        json!({"Sales Order": {"read": true}, "Sales Invoice": {"read": true}, "Gone App Thing": {"read": true}});
    let (_site, app) = site(json!({"doctypes": open})).await;
    let (order, _) = invoiced_order(&app).await;
    let around = call(&app, "get_linked_documents", json!({"doctype": "Sales Order", "name": order})).await.unwrap();
    assert_eq!(around["not_looked_at"][0]["doctypes"][0], "Gone App Thing", "{around}");
    assert!(entry(&around, "Sales Invoice").is_some());
}

#[on_every_version]
async fn a_link_that_was_added_on_the_site_is_followed_from_the_first_call() {
    let open = json!({"Customer": {"read": true}, "Sales Order": {"read": true}});
    let (site, app) = site(json!({"doctypes": open})).await;
    let agent = crate::sandbox::first(&app, "Customer", json!({"territory": "North"})).await;
    let order = crate::sandbox::first(&app, "Sales Order", json!({"customer": ["!=", agent]})).await;
    let field = json!({"doctype": "Custom Field", "dt": "Sales Order", "fieldname": "custom_agent", "label": "Agent",
        "fieldtype": "Link", "options": "Customer"});
    let value = json!({"custom_agent": agent});
    let added = site.with(|site| {
        site.insert(field.as_object().unwrap().clone())?;
        site.set("Sales Order", &order, value.as_object().unwrap())
    });
    added.unwrap();
    let of_agent = json!({"doctype": "Customer", "name": agent});
    let around = call(&app, "get_linked_documents", of_agent.clone()).await.unwrap();
    let orders = entry(&around, "Sales Order").unwrap_or_else(|| panic!("{around}"));
    assert!(orders["via"].as_array().unwrap().contains(&json!("custom_agent")), "{around}");
    assert_eq!(around["note"], Value::Null, "{around}");
    // Who may not list what was added is told that something may be missing.
    let app = app_of(&config(&site, "sales", json!({"doctypes": open})));
    let around = call(&app, "get_linked_documents", of_agent).await.unwrap();
    assert!(around["note"].as_str().unwrap_or_default().contains("may be missing"), "{around}");
}

#[on_every_version]
async fn only_permitted_doctypes_and_fields_lead_to_linked_documents() {
    let open = json!({"Sales Order": {"read": true}, "Sales Invoice": {"read": true}});
    let (site, app) = site(json!({"doctypes": open})).await;
    let (order, _) = invoiced_order(&app).await;
    let of_order = json!({"doctype": "Sales Order", "name": order});
    assert!(entry(&call(&app, "get_linked_documents", of_order.clone()).await.unwrap(), "Sales Invoice").is_some());
    let hidden = json!({"Sales Order": {"read": true}, "Sales Invoice": {"read": true, "restricted_fields": ["items.sales_order"]}});
    for rules in [json!({"Sales Order": {"read": true}}), hidden] {
        let app = app_of(&config(&site, "administrator", json!({"doctypes": rules})));
        let around = call(&app, "get_linked_documents", of_order.clone()).await.unwrap();
        assert_eq!(around["linked_from"], json!([]), "{rules}");
    }
}

#[on_every_version]
async fn what_was_not_searched_for_links_is_named_and_what_is_submitted_comes_first() {
    let (_site, app) = site(json!({"default": {"read": true}})).await;
    let of = json!({"doctype": "Item", "name": "LIT-DESK"});
    let around = call(&app, "get_linked_documents", of.clone()).await.unwrap();
    for submitted in ["Delivery Note", "Sales Invoice", "Sales Order", "Stock Ledger Entry"] {
        assert!(entry(&around, submitted).is_some(), "{submitted}: {around}");
    }
    let (_, names) = around["note"].as_str().unwrap().split_once("not wholly searched: ").unwrap();
    let names: Vec<&str> = names.split(';').next().unwrap().split(", ").collect();
    let mut rest = of;
    rest["only"] = names.iter().rev().take(5).copied().collect();
    let rest = call(&app, "get_linked_documents", rest).await.unwrap();
    assert!(rest.get("note").is_none(), "{rest}");
}

#[on_every_version]
async fn a_history_tells_changes_from_to_and_leaves_out_what_is_withheld() {
    let open = json!({"Customer": {"read": true, "create": true, "update": true}});
    let (site, app) = site(json!({"doctypes": open})).await;
    let data = json!({"customer_name": "History Co", "customer_type": "Company", "customer_group": "All Customer Groups", "territory": "North"});
    call(&app, "create_customer_document", json!({"data": data})).await.unwrap();
    let change = |data: Value| json!({"name": "History Co", "data": data});
    call(&app, "update_customer_document", change(json!({"territory": "South", "tax_id": "T-1"}))).await.unwrap();
    call(&app, "update_customer_document", change(json!({"territory": "North", "disabled": true}))).await.unwrap();
    let of = json!({"doctype": "Customer", "name": "History Co"});
    let told = call(&app, "get_document_history", of.clone()).await.unwrap();
    let entries = told["entries"].as_array().unwrap();
    assert_eq!(told["count"], 3, "{told}");
    assert_eq!(entries[0]["changes"]["territory"], json!({"from": "South", "to": "North"}));
    assert_eq!(entries[1]["changes"]["tax_id"]["to"], "T-1");
    assert_eq!((&entries[2]["what"], &entries[2]["by"]), (&json!("created"), &json!("Administrator")));
    let rule = json!({"Customer": {"read": true, "restricted_fields": ["tax_id"]}});
    let app = app_of(&config(&site, "administrator", json!({"doctypes": rule})));
    let told = call(&app, "get_document_history", of.clone()).await.unwrap();
    assert!(!told.to_string().contains("T-1"), "{told}");
    assert_eq!(told["withheld"], json!(["changes of withheld fields", "what e-mails say"]), "{told}");
    let rule = json!({"Customer": {"read": true, "allowed_fields": ["tax_id"]}});
    let few = app_of(&config(&site, "administrator", json!({"doctypes": rule})));
    let told = call(&few, "get_document_history", of.clone()).await.unwrap();
    for what in ["comments, assignments, likes and shares", "files"] {
        assert!(
            told["withheld"].as_array().unwrap().contains(&json!(what)),
            "{what} of a document without any: {told}"
        );
    }
    let since = json!({"doctype": "Customer", "name": "History Co", "since": "2999-01-01"});
    assert_eq!(call(&app, "get_document_history", since).await.unwrap()["count"], 0);
    let since = json!({"doctype": "Customer", "name": "History Co", "since": "01.12.2026"});
    let told = refusal(&app, "get_document_history", since).await;
    assert!(told.contains("since: has to be YYYY-MM-DD"), "{told}");
}

#[on_every_version]
async fn a_history_can_be_cut_to_the_newest_and_to_some_fields() {
    let (_site, app) = site(json!({"doctypes": {"Customer": {"read": true, "update": true}}})).await;
    let change = |data: Value| json!({"name": "Kestrel Software", "data": data});
    for data in
        [json!({"website": "https://a.example"}), json!({"tax_id": "T-1"}), json!({"tax_id": "T-2", "website": ""})]
    {
        call(&app, "update_customer_document", change(data)).await.unwrap();
    }
    let of = |more: Value| {
        let mut of = json!({"doctype": "Customer", "name": "Kestrel Software"});
        of.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        of
    };
    let newest = call(&app, "get_document_history", of(json!({"limit": 1}))).await.unwrap();
    assert_eq!(newest["entries"][0]["changes"]["tax_id"]["to"], "T-2", "{newest}");
    assert_eq!(
        (newest["entries"].as_array().unwrap().len(), newest["count"].as_u64() > Some(3)),
        (1, true),
        "{newest}"
    );
    let taxes = call(&app, "get_document_history", of(json!({"fields": ["tax_id"]}))).await.unwrap();
    let told: Vec<&Value> = taxes["entries"].as_array().unwrap().iter().map(|entry| &entry["changes"]).collect();
    assert_eq!(told.len(), 2, "{taxes}");
    assert!(told.iter().all(|changes| changes.as_object().unwrap().len() == 1), "{taxes}");
    let text = refusal(&app, "get_document_history", of(json!({"fields": ["tax_idd"]}))).await;
    assert!(text.contains("did you mean tax_id?"), "{text}");
}

#[on_every_version]
async fn a_history_that_would_be_too_large_has_fewer_entries_and_says_so() {
    let (site, app) = site(json!({"default": crate::support::all()})).await;
    let named = json!({"doctype": "Customer", "name": "Kestrel Software"});
    for at in 0..12 {
        let mut said = named.clone();
        said["content"] = json!(format!("{at} {}", "said ".repeat(150)));
        call(&app, "add_comment", said).await.unwrap();
    }
    let mut config = config(&site, "administrator", json!({"default": {"read": true}}));
    config["tools"] = json!({"max_result_tokens": 1_500});
    let told = call(&app_of(&config), "get_document_history", named).await.unwrap();
    let here = told["entries"].as_array().unwrap().len();
    assert!((1..12).contains(&here) && told.get("left_out").is_none(), "{told}");
    assert_eq!(told["shown"], format!("{here} of {}", told["count"]));
    assert!(told["note"].as_str().unwrap().contains("too large"), "{told}");
}

#[on_every_version]
async fn an_amendment_is_told_as_one() {
    let (_site, app) = site(json!({"default": crate::support::all()})).await;
    let order = json!(crate::sandbox::first(&app, "Sales Order", json!({"docstatus": 0})).await);
    let of = |name: &Value| json!({"doctype": "Sales Order", "name": name, "confirm": true});
    call(&app, "submit_document", of(&order)).await.unwrap();
    call(&app, "cancel_document", of(&order)).await.unwrap();
    let amended = call(&app, "amend_document", of(&order)).await.unwrap();
    let name = &amended["created"];
    let told = call(&app, "get_document_history", json!({"doctype": "Sales Order", "name": name})).await.unwrap();
    let what: Vec<&str> =
        told["entries"].as_array().unwrap().iter().filter_map(|entry| entry["what"].as_str()).collect();
    assert!(what.contains(&"amended") && !what.contains(&"cancelled"), "{told}");
    let rows: Vec<&Value> = told["entries"].as_array().unwrap().iter().filter_map(|entry| entry.get("rows")).collect();
    let mut moved = rows.iter().filter_map(|rows| rows.as_array()).flatten();
    assert!(moved.all(|row| row.get("added").is_none() && row.get("removed").is_none()), "{told}");
}

#[on_every_version]
async fn a_document_that_the_user_may_not_read_has_no_history() {
    let (_site, app) = site_as("reader", json!({"default": {"read": true}})).await;
    for tool in ["get_document_history", "get_linked_documents"] {
        let asked = call(&app, tool, json!({"doctype": "Sales Invoice", "name": "ACC-SINV-2026-00001"})).await;
        assert!(asked.is_err(), "{tool}: {asked:?}");
    }
}

#[on_every_version]
async fn a_link_that_the_site_hides_from_its_user_leads_to_no_document() {
    let order = json!({"read": true, "extra_fields": ["custom_agent"]});
    let open = json!({"Customer": {"read": true, "delete": true}, "Sales Order": order});
    let (site, app) = site(json!({"doctypes": open})).await;
    let agent = crate::sandbox::first(&app, "Customer", json!({"territory": "North"})).await;
    let order = crate::sandbox::first(&app, "Sales Order", json!({"customer": ["!=", agent]})).await;
    let field = json!({"doctype": "Custom Field", "dt": "Sales Order", "fieldname": "custom_agent", "label": "Agent",
        "fieldtype": "Link", "options": "Customer", "permlevel": 7});
    site.with(|site| site.insert(field.as_object().unwrap().clone())).unwrap();
    let of_agent = json!({"doctype": "Customer", "name": agent});
    let dry = json!({"doctype": "Customer", "name": agent, "dry_run": true});
    let mut told = Vec::new();
    for value in [json!(null), json!(agent)] {
        site.with(|site| site.set("Sales Order", &order, json!({"custom_agent": value}).as_object().unwrap())).unwrap();
        let app = app_of(&config(&site, "administrator", json!({"doctypes": open})));
        let around = call(&app, "get_linked_documents", of_agent.clone()).await.unwrap();
        assert!(entry(&around, "Sales Order").is_none_or(|orders| !orders["via"].to_string().contains("custom_agent")));
        assert!(around["note"].as_str().unwrap_or_default().contains("fields that the site hides"), "{around}");
        told.push([around, call(&app, "delete_generic_document", dry.clone()).await.unwrap()]);
    }
    assert_eq!(told[0], told[1], "whether an order names it is not told");
}
