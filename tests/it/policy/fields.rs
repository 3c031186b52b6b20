//! What the configuration permits: wiremock where nothing may be asked, and for answers that show more than was asked for.

use serde_json::{Value, json};

use crate::sandbox::{COMPANY, SampleSite, first};
use crate::support::{Site, all, app_of, call, refusal};

const ZOD: &str = "/api/resource/Customer/Zod";

fn zod() -> Value {
    json!({
        "name": "Zod", "customer_name": "Zod", "tax_id": "hidden-1", "territory": "North", "modified": "m",
        "sales_team": [{"name": "s1", "idx": 1, "sales_person": "Ann", "incentives": 99.5}],
    })
}

const MODIFIED: &str = "2026-11-20 10:00:00";

/// The sample site with that customer.
async fn sample() -> SampleSite {
    let site = SampleSite::start().await;
    let mut zod = zod();
    zod["modified"] = json!(MODIFIED);
    let put = site.sandbox.with(|site| site.put(site.controller("Customer")?, zod.as_object().unwrap()));
    put.unwrap();
    site
}

fn restricted() -> Value {
    let mut rule = all();
    rule["restricted_fields"] = json!(["tax_id", "sales_team.incentives"]);
    rule
}

#[on_every_version]
async fn what_is_not_configured_is_not_there() {
    let site = Site::start().await;
    let app = site.app(json!({"Customer": {"read": true}, "ToDo": {"delete": false}}));
    let names: Vec<_> = app.registry().tools().iter().map(erpnext_mcp::tool::Tool::name).collect();
    let documents: Vec<_> = names.iter().filter(|name| name.contains("_document")).copied().collect();
    let expected = [
        "aggregate_documents",
        "get_document_history",
        "get_linked_documents",
        "get_generic_document",
        "list_generic_documents",
        "search_generic_documents",
        "list_customer_documents",
        "get_customer_document",
        "search_customer_documents",
    ];
    assert_eq!(documents, expected);
    for doctype in ["Item", "ToDo", "item", "Sales Team"] {
        let text = refusal(&app, "get_generic_document", json!({"doctype": doctype, "name": "x"})).await;
        let no = ["permitted", "not available", "names of DocTypes are exact"];
        assert!(no.iter().any(|no| text.contains(no)), "{doctype}: {text}");
    }
    for tool in ["get_doctype_schema", "get_doctype_permissions"] {
        let text = refusal(&app, tool, json!({"doctype": "Item"})).await;
        assert!(text.contains("not available by this server's configuration"), "{text}");
    }
    let listed = call(&app, "list_doctypes", json!({})).await.unwrap();
    assert!(!listed.to_string().contains("\"Item\""), "{listed}");
    assert_eq!(site.lines().await, Vec::<String>::new());
}

#[on_every_version]
async fn nothing_at_all_is_open_without_permissions() {
    let site = Site::start().await;
    let app = site.app(json!({}));
    assert_eq!(app.registry().tools().len(), 7);
    for tool in app.registry().tools() {
        assert!(tool.verb().is_none(), "{}", tool.name());
    }
}

#[on_every_version]
async fn a_restricted_field_is_refused_wherever_it_is_named() {
    let site = Site::start().await;
    let app = site.app(json!({"Customer": restricted()}));
    for (tool, arguments) in [
        ("list_customer_documents", json!({"fields": ["tax_id"]})),
        ("list_customer_documents", json!({"filters": {"tax_id": ["like", "1%"]}})),
        ("list_customer_documents", json!({"or_filters": [["tax_id", "=", "1"]]})),
        ("list_customer_documents", json!({"order_by": "tax_id desc"})),
        ("list_generic_documents", json!({"doctype": "Customer", "filters": {"tax_id": 1}})),
        ("search_customer_documents", json!({"search_term": "x", "filters": {"tax_id": 1}})),
        ("get_customer_document", json!({"name": "Zod", "fields": ["tax_id"]})),
        ("get_customer_document", json!({"name": "Zod", "fields": ["sales_team.incentives"]})),
        ("create_customer_document", json!({"data": {"customer_name": "x", "tax_id": "1"}})),
        ("update_customer_document", json!({"name": "Zod", "data": {"tax_id": "1"}})),
        ("update_customer_document", json!({"name": "Zod", "data": {"sales_team": [{"name": "s1", "incentives": 1}]}})),
    ] {
        let text = refusal(&app, tool, arguments.clone()).await;
        assert!(text.contains("configuration does not permit"), "{tool} {arguments}: {text}");
    }
    assert_eq!(site.lines().await, Vec::<String>::new());
}

#[on_every_version]
async fn a_field_above_permission_level_0_is_refused_with_its_level_and_what_opens_it() {
    let site = Site::start().await;
    let app = site.app(json!({"Timesheet": all(), "Sales Order": all()}));
    for (tool, arguments) in [
        ("list_sales_order_documents", json!({"filters": {"ignore_pricing_rule": 1}})),
        ("get_sales_order_document", json!({"name": "x", "fields": ["ignore_pricing_rule"]})),
        ("update_sales_order_document", json!({"name": "x", "data": {"ignore_pricing_rule": 1}})),
        ("list_timesheet_documents", json!({"filters": {"time_logs.billing_rate": [">", 1]}})),
        ("get_timesheet_document", json!({"name": "x", "fields": ["time_logs.billing_rate"]})),
        ("create_timesheet_document", json!({"data": {"time_logs": [{"billing_rate": 90}]}})),
    ] {
        let text = refusal(&app, tool, arguments.clone()).await;
        assert!(text.contains("permission level 1, which extra_fields"), "{tool} {arguments}: {text}");
    }
    assert_eq!(site.lines().await, Vec::<String>::new());
}

#[on_every_version]
async fn permissions_name_each_withheld_field_and_column() {
    let site = Site::start().await;
    let names =
        |told: &Value, key: &str| -> Vec<String> { serde_json::from_value(told[key].clone()).unwrap_or_default() };
    let permissions = async |app: &erpnext_mcp::app::Connection, doctype: &str| {
        call(app, "get_doctype_permissions", json!({"doctype": doctype})).await.unwrap()
    };
    let mut rule = all();
    rule["restricted_fields"] = json!(["items.rate", "items.amount", "taxes"]);
    let listed = json!({"read": true, "allowed_fields": ["customer_name", "sales_team.sales_person"]});
    let app = site.app(json!({"Sales Order": rule, "Timesheet": all(), "Customer": listed}));
    let told = permissions(&app, "Sales Order").await;
    for key in ["not_readable", "not_writable"] {
        let withheld = names(&told, key);
        for name in ["items.rate", "items.amount", "taxes", "ignore_pricing_rule"] {
            assert!(withheld.iter().any(|known| known == name), "{key} {name}: {told}");
        }
        assert!(!withheld.iter().any(|name| name == "items.qty" || name.starts_with("taxes.")), "{told}");
    }
    let told = permissions(&app, "Timesheet").await;
    assert!(names(&told, "not_readable").contains(&"time_logs.billing_rate".to_owned()), "{told}");
    let told = permissions(&app, "Customer").await;
    assert_eq!(told["only_readable"], json!(["customer_name", "sales_team.sales_person"]));
}

#[on_every_version]
async fn nothing_is_permitted_on_a_child_table_by_itself() {
    let site = Site::start().await;
    let told = call(&site.open_app(), "get_doctype_permissions", json!({"doctype": "Sales Order Item"})).await.unwrap();
    assert_eq!((&told["operations"], &told["held_by"]), (&json!([]), &json!(["Sales Order"])), "{told}");
    assert!(told.get("not_readable").is_none(), "{told}");
    let schema = call(&site.open_app(), "get_doctype_schema", json!({"doctype": "Sales Order Item"})).await.unwrap();
    assert_eq!(schema["operations"], json!([]), "{schema}");
}

#[on_every_version]
async fn a_restricted_field_is_cut_from_what_is_read_and_not_asked_for() {
    let site = Site::start().await;
    site.data("GET", "/api/resource/Customer", json!([zod()])).await;
    let app = site.app(json!({"Customer": restricted()}));
    let answer = call(&app, "list_customer_documents", json!({"fields": ["*"]})).await.unwrap();
    assert!(!answer.to_string().contains("hidden-1"), "{answer}");
    assert!(!site.sent().await[0].1.to_string().contains("tax_id"));

    let site = sample().await;
    let app = site.app(json!({"Customer": restricted()}));
    let answer = call(&app, "get_customer_document", json!({"name": "Zod"})).await.unwrap();
    for withheld in ["tax_id", "sales_team.incentives"] {
        assert!(answer["withheld"].as_array().unwrap().contains(&json!(withheld)), "{answer}");
    }
    assert_eq!(answer["document"]["sales_team"][0]["sales_person"], "Ann");
    assert!(!answer.to_string().contains("hidden-1") && !answer.to_string().contains("99.5"), "{answer}");
}

#[on_every_version]
async fn a_restricted_field_is_cut_from_the_answers_to_writes() {
    let site = Site::start().await;
    site.answer_once("GET", ZOD, 200, json!({"data": zod()})).await;
    let mut after = zod();
    after["tax_id"] = json!("hidden-2");
    after["website"] = json!("w");
    after["sales_team"][0]["incentives"] = json!(12.25);
    site.data("GET", ZOD, after.clone()).await;
    site.data("PUT", ZOD, after.clone()).await;
    site.data("POST", "/api/resource/Customer", after).await;
    let app = site.app(json!({"Customer": restricted()}));
    let answer =
        call(&app, "update_customer_document", json!({"name": "Zod", "data": {"website": "w"}})).await.unwrap();
    assert_eq!(answer["changed"], json!({"website": {"from": null, "to": "w"}}));
    let made = call(&app, "create_customer_document", json!({"data": {"customer_name": "Zod"}})).await.unwrap();
    for answer in [answer, made] {
        let text = answer.to_string();
        assert!(!text.contains("hidden") && !text.contains("12.25"), "{text}");
    }
}

#[on_every_version]
async fn allowed_fields_are_all_that_is_seen() {
    let site = sample().await;
    let rule = json!({"read": true, "update": true, "allowed_fields": ["customer_name"]});
    let app = site.app(json!({"Customer": rule}));
    let answer = call(&app, "get_customer_document", json!({"name": "Zod"})).await.unwrap();
    assert_eq!(answer["document"], json!({"name": "Zod", "customer_name": "Zod", "modified": MODIFIED}));
    let text = refusal(&app, "update_customer_document", json!({"name": "Zod", "data": {"territory": "x"}})).await;
    assert!(text.contains("data.territory: this server's configuration does not permit writing it"), "{text}");
    let tool = app.registry().find("update_customer_document").unwrap();
    let schema = erpnext_mcp::tool::definition::definition(&app.session(), tool).input_schema;
    let data = schema["properties"]["data"]["properties"].as_object().unwrap();
    assert_eq!(data.keys().collect::<Vec<_>>(), ["customer_name"]);
}

#[on_every_version]
async fn who_may_only_write_reads_nothing_from_the_answer() {
    let site = Site::start().await;
    site.data("POST", "/api/resource/Customer", zod()).await;
    site.data("GET", ZOD, zod()).await;
    let app = site.app(json!({"Customer": {"create": true}}));
    let data = json!({"customer_name": "Zod", "territory": "South"});
    let answer = call(&app, "create_customer_document", json!({"data": data})).await.unwrap();
    assert_eq!(answer, json!({"created": "Zod"}));
}

#[on_every_version]
async fn a_password_is_never_read_even_where_it_is_allowed() {
    let site = Site::start().await;
    let user = json!({"name": "a@x", "first_name": "Ann", "new_password": "pw-1", "api_secret": "pw-2"});
    site.data("GET", "/api/resource/User/a%40x", user.clone()).await;
    site.data("GET", "/api/resource/User", json!([user])).await;
    let mut rule = all();
    rule["allowed_fields"] = json!(["first_name", "new_password", "api_secret"]);
    let app = site.app(json!({"User": rule}));
    let answer = call(&app, "get_user_document", json!({"name": "a@x"})).await.unwrap();
    assert!(!answer.to_string().contains("pw-"), "{answer}");
    let answer = call(&app, "list_user_documents", json!({"fields": ["*"]})).await.unwrap();
    assert!(!answer.to_string().contains("pw-"), "{answer}");
    let text = refusal(&app, "list_user_documents", json!({"filters": {"new_password": ["like", "p%"]}})).await;
    assert!(text.contains("new_password"), "{text}");
}

#[on_every_version]
async fn terms_that_ask_the_site_are_not_filled_in_where_anything_is_withheld() {
    let site = SampleSite::start().await;
    let open = app_of(&site.config(json!({"default": all()})));
    let text = "{{ frappe.db.get_value('Customer', customer, 'tax_id') }}";
    let terms = json!({"doctype": "Terms and Conditions", "data": {"title": "Asks", "selling": 1, "terms": text}});
    let terms = call(&open, "create_generic_document", terms).await.unwrap()["created"].clone();
    let customer = first(&open, "Customer", json!({})).await;
    let item = first(&open, "Item", json!({"is_sales_item": 1, "has_variants": 0})).await;
    let data = json!({"customer": customer, "company": COMPANY, "delivery_date": "2099-12-24",
        "tc_name": terms, "taxes": [], "items": [{"item_code": item, "qty": 1, "rate": 50}]});
    let order = json!({"doctype": "Sales Order", "data": data, "dry_run": true});
    let told = call(&open, "create_generic_document", order.clone()).await.unwrap();
    assert!(told["would_create"]["terms"].is_string(), "{told}");
    let mut customers = all();
    customers["restricted_fields"] = json!(["tax_id"]);
    let rules = json!({"default": all(), "doctypes": {"Customer": customers}});
    let app = app_of(&site.config(rules));
    let told = call(&app, "create_generic_document", order).await.unwrap();
    assert!(told["would_create"].get("terms").is_none(), "{told}");
    assert!(told["warnings"].to_string().contains("terms are not filled in"), "{told}");
}

#[on_every_version]
async fn a_draft_is_filled_in_by_nothing_that_its_source_withholds() {
    let site = SampleSite::start().await;
    let open = app_of(&site.config(json!({"default": all()})));
    let terms = json!({"title": "Group", "selling": 1, "terms": "For {{ customer_group }}."});
    let terms = json!({"doctype": "Terms and Conditions", "data": terms});
    let terms = call(&open, "create_generic_document", terms).await.unwrap()["created"].clone();
    let held = json!({"status": "To Deliver and Bill", "items.warehouse": ["is", "set"]});
    let order = first(&open, "Sales Order", held).await;
    let stored = site.stored("Sales Order", &order).unwrap();
    let (group, held) = (stored["customer_group"].as_str().unwrap(), stored["items"][0]["warehouse"].as_str().unwrap());
    let other = first(&open, "Warehouse", json!([["is_group", "=", 0], ["name", "!=", held]])).await;
    let mut orders = all();
    orders["restricted_fields"] = json!(["customer_group", "items.warehouse"]);
    let app = app_of(&site.config(json!({"default": all(), "doctypes": {"Sales Order": orders}})));
    let mut told = Vec::new();
    for warehouse in [held, other.as_str()] {
        let asked = json!({"doctype": "Sales Order", "name": order, "to": "Sales Invoice",
            "data": {"tc_name": terms, "set_warehouse": warehouse}});
        let whole = call(&open, "convert_document", asked.clone()).await.unwrap();
        assert_eq!(whole["filled_in"]["terms"], format!("For {group}."), "{whole}");
        assert_eq!(whole.to_string().contains("follows set_warehouse"), warehouse == other, "{whole}");
        let some = call(&app, "convert_document", asked).await.unwrap();
        assert!(!some.to_string().contains(group), "{some}");
        told.push(some.to_string().contains("follows set_warehouse"));
    }
    assert_eq!(told, [false, false]);
}

#[on_every_version]
async fn a_guess_at_a_figure_that_the_source_of_a_draft_withholds_is_told_like_any_other() {
    let site = SampleSite::start().await;
    let open = app_of(&site.config(json!({"default": all()})));
    let held = json!({"status": "To Deliver and Bill", "items.rate": [">", 1]});
    let order = first(&open, "Sales Order", held).await;
    let rate = site.stored("Sales Order", &order).unwrap()["items"][0]["rate"].as_f64().unwrap();
    let mut orders = all();
    orders["restricted_fields"] = json!(["items.rate"]);
    let app = app_of(&site.config(json!({"default": all(), "doctypes": {"Sales Order": orders}})));
    for guess in [rate, rate + 1.0] {
        let asked = json!({"doctype": "Sales Order", "name": order, "to": "Sales Invoice",
            "data": {"items": {"patch": [{"idx": 1, "rate": guess}]}}});
        let told = call(&app, "convert_document", asked).await.unwrap();
        assert!(told["note"].is_string() && told["draft"].get("total_qty").is_none(), "{guess}: {told}");
        let found = json!({"doctype": "Sales Order", "name": order, "to": "Sales Invoice",
            "data": {"items": {"patch": [{"match": {"rate": guess}, "description": "y"}]}}});
        let told = refusal(&app, "convert_document", found).await;
        assert!(told.contains("has no row with"), "{guess}: {told}");
    }
}
