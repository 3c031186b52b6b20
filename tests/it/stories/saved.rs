//! Filters that people saved in the desk: told in the form of our lists, and published as lists of their own.

use erpnext_mcp::app::Connection;
use erpnext_mcp::tool::definition::definition;
use serde_json::{Value, json};

use crate::sandbox::SampleSite;
use crate::support::{Site, app_of, call, refusal};

const TOOL: &str = "list_late_invoices";

fn permitted() -> Value {
    json!({"List Filter": {"read": true}, "Sales Invoice": {"read": true, "restricted_fields": ["remarks"]}})
}

fn save(site: &SampleSite, name: &str, user: &str, filters: &Value) {
    let saved = json!({
        "doctype": "List Filter", "filter_name": name, "reference_doctype": "Sales Invoice", "for_user": user,
        "filters": filters.to_string(),
    });
    site.sandbox.with(|site| site.insert(saved.as_object().unwrap().clone())).unwrap();
}

fn late() -> Value {
    json!([["Sales Invoice", "status", "=", "Overdue", false]])
}

/// A server that publishes the saved filter of that name.
fn publishing(site: &SampleSite, saved_filter: &str, columns: &[&str]) -> Connection {
    let mut config = site.config(json!({"doctypes": permitted()}));
    let list = json!({"doctype": "Sales Invoice", "saved_filter": saved_filter, "columns": columns, "description": "Late invoices."});
    config["publish"] = json!({TOOL: list});
    app_of(&config)
}

fn statuses(answer: &Value) -> Vec<&str> {
    answer["documents"].as_array().unwrap().iter().map(|document| document["status"].as_str().unwrap()).collect()
}

#[on_every_version]
async fn saved_filters_are_told_as_a_list_takes_them_and_no_other_users() {
    let site = SampleSite::start().await;
    save(&site, "Late", "Administrator", &late());
    save(&site, "Theirs", "sales@example.com", &late());
    save(&site, "Sold", "", &json!([["Sales Invoice Item", "qty", ">", 0, false]]));
    save(&site, "Said", "", &json!([["Sales Invoice", "remarks", "like", "%canary-7%", false]]));
    save(&site, "Broken", "", &json!("no list"));
    let app = site.app(permitted());
    let told = call(&app, "get_saved_filters", json!({"doctype": "Sales Invoice"})).await.unwrap();
    let saved = told["saved_filters"].as_array().unwrap();
    let named = |name: &str| saved.iter().find(|saved| saved["name"] == name).unwrap_or_else(|| panic!("{told}"));
    assert_eq!(saved.len(), 4, "{told}");
    assert_eq!(saved[0], json!({"name": "Late", "for": "this user", "filters": [["status", "=", "Overdue"]]}));
    assert_eq!(named("Sold")["filters"], json!([["items.qty", ">", 0]]));
    assert_eq!(named("Sold")["for"], "everybody");
    let why = named("Said")["unusable"].as_str().unwrap();
    assert!(why.contains("remarks") && !told.to_string().contains("canary-7"), "{told}");
    assert!(named("Broken")["unusable"].is_string(), "{told}");
    let list = json!({"filters": named("Late")["filters"], "fields": ["status"], "limit": 500});
    let listed = call(&app, "list_sales_invoice_documents", list).await.unwrap();
    assert!(!statuses(&listed).is_empty() && statuses(&listed).iter().all(|status| *status == "Overdue"), "{listed}");
    let closed = site.app(json!({"Sales Invoice": {"read": true}}));
    assert!(closed.registry().find("get_saved_filters").is_none(), "List Filter may not be read there");
}

#[on_every_version]
async fn the_list_as_the_user_left_it_is_told_too() {
    let site = Site::start().await;
    site.data("GET", "/api/resource/List%20Filter", json!([])).await;
    site.answer("GET", "/api/method/frappe.auth.get_logged_user", 200, json!({"message": "mara@example.com"})).await;
    let list = json!({"filters": [["Customer", "territory", "=", "North", false]], "sort_by": "modified", "sort_order": "desc"});
    let settings = json!({"List": list, "last_view": "List"}).to_string();
    let place = "/api/method/frappe.model.utils.user_settings.get";
    site.answer("GET", place, 200, json!({"message": settings})).await;
    let app =
        site.app(json!({"List Filter": {"read": true}, "Customer": {"read": true, "allowed_fields": ["territory"]}}));
    let told = call(&app, "get_saved_filters", json!({"doctype": "Customer"})).await.unwrap();
    assert_eq!(told["last_list"], json!({"filters": [["territory", "=", "North"]], "order_by": "modified desc"}));
    assert_eq!(told["saved_filters"], json!([]));
    assert!(site.sent().await.iter().any(|(line, sent)| line.ends_with(place) && sent["doctype"] == "Customer"));
}

#[on_every_version]
async fn a_published_filter_lists_what_it_finds_and_a_call_narrows_it() {
    let site = SampleSite::start().await;
    save(&site, "Late", "", &late());
    let app = publishing(&site, "Late", &["name", "customer", "status"]);
    let shown = definition(&app.session(), app.registry().find(TOOL).unwrap()).to_json();
    let properties = shown["inputSchema"]["properties"].as_object().unwrap();
    assert!(properties.contains_key("filters") && !properties.contains_key("fields"), "{shown}");
    let all = call(&app, TOOL, json!({"limit": 500})).await.unwrap();
    assert!(all["documents"].as_array().unwrap().len() > 1, "{all}");
    assert!(statuses(&all).iter().all(|status| *status == "Overdue"), "{all}");
    assert_eq!(all["saved_filter"], json!([["status", "=", "Overdue"]]));
    let customer = &all["documents"][0]["customer"];
    for filters in [json!({"customer": customer}), json!([["customer", "=", customer]])] {
        let some = call(&app, TOOL, json!({"filters": filters})).await.unwrap();
        let documents = some["documents"].as_array().unwrap();
        assert!(!documents.is_empty() && documents.iter().all(|document| document["customer"] == *customer), "{some}");
        assert!(statuses(&some).iter().all(|status| *status == "Overdue"), "{some}");
    }
    let none = call(&app, TOOL, json!({"filters": {"status": "Paid"}})).await.unwrap();
    assert_eq!(none["count"], 0, "{none}");
}

#[on_every_version]
async fn nobody_puts_another_filter_in_the_place_of_one_that_is_published() {
    let site = SampleSite::start().await;
    save(&site, "Late", "", &late());
    let app = publishing(&site, "Late", &["name", "status"]);
    assert_eq!(call(&app, TOOL, json!({})).await.unwrap()["saved_filter_for"], "everybody");
    save(&site, "Late", "", &json!([["Sales Invoice", "status", "=", "Paid", false]]));
    let app = publishing(&site, "Late", &["name", "status"]);
    let text = refusal(&app, TOOL, json!({})).await;
    assert!(text.contains("several filters saved as \"Late\" for Sales Invoice and for everybody"), "{text}");
    // What the user saved is the user's choice.
    save(&site, "Late", "Administrator", &late());
    let app = publishing(&site, "Late", &["name", "status"]);
    let own = call(&app, TOOL, json!({"limit": 500})).await.unwrap();
    assert_eq!(own["saved_filter_for"], "this user");
    assert!(statuses(&own).iter().all(|status| *status == "Overdue"), "{own}");
}

#[on_every_version]
async fn a_published_filter_that_is_gone_or_withheld_lists_nothing() {
    let site = SampleSite::start().await;
    save(&site, "Said", "", &json!([["Sales Invoice", "remarks", "like", "%canary-7%", false]]));
    save(&site, "Theirs", "sales@example.com", &late());
    let text = refusal(&publishing(&site, "Said", &[]), TOOL, json!({})).await;
    assert!(text.contains("cannot be used here") && !text.contains("canary-7"), "{text}");
    for name in ["Gone", "Theirs"] {
        let text = refusal(&publishing(&site, name, &[]), TOOL, json!({})).await;
        assert!(text.contains(&format!("no filter saved as {name:?} for Sales Invoice")), "{text}");
    }
    let mut config = site.config(json!({"doctypes": {"List Filter": {"read": true}}}));
    config["publish"] = json!({TOOL: {"doctype": "Sales Invoice", "saved_filter": "Said", "description": "d"}});
    assert!(app_of(&config).registry().find(TOOL).is_none(), "Sales Invoice may not be read there");
}
