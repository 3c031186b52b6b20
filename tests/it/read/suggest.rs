//! What was probably meant is named, and what is not there is not answered with zeros.

use erpnext_mcp::tool::desk_tools;
use serde_json::{Value, json};

use crate::sandbox::{first, site};
use crate::support::{all, call, refusal, version};

const ITEM: &str = "TBL-OAK-160";

fn row(more: Value) -> Value {
    let mut row = json!({"item_code": ITEM, "qty": 1, "delivery_date": "2026-12-24"});
    row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    row
}

#[on_every_version]
async fn a_link_that_leads_nowhere_is_told_with_what_it_may_have_been() {
    let (_site, app) = site(json!({"default": all()})).await;
    let customer = first(&app, "Customer", json!({"territory": "North"})).await;
    let order = |row: Value| json!({"customer": customer, "company": "Alderway Furniture", "delivery_date": "2026-12-24", "items": [row]});
    let wrong = order(row(json!({"warehouse": "Main Store - A"})));
    let text = refusal(&app, "create_sales_order_document", json!({"data": wrong})).await;
    let meant = "items[0].warehouse: there is no Warehouse \"Main Store - A\"; did you mean \"Main Store - AWF\"?";
    assert!(text.contains(meant), "{text}");
    let draft = first(&app, "Sales Order", json!({"docstatus": 0})).await;
    let change = json!({"name": draft, "data": {"items": {"add": [row(json!({"warehouse": "Main Store - A"}))]}}});
    assert!(refusal(&app, "update_sales_order_document", change).await.contains("did you mean \"Main Store - AWF\"?"));
    // All or none: which of them it is, before any is sent.
    let rows = json!([order(row(json!({}))), wrong]);
    let atomic = json!({"doctype": "Sales Order", "documents": rows, "atomic": true});
    let text = refusal(&app, "create_bulk_documents", atomic).await;
    let meant = meant.replace("Warehouse \"", "Warehouse named \"");
    assert!(text.contains(&format!("documents[1].{meant}")) && text.contains("nothing was sent"), "{text}");
}

#[on_every_version]
async fn a_title_that_is_not_certain_hides_no_other_link_that_leads_nowhere() {
    let (_site, app) = site(json!({"default": all()})).await;
    let order = json!({
        "customer": "Nobody Knows", "company": "Alderway Furniture", "delivery_date": "2026-12-24",
        "items": [row(json!({"item_code": "TBL-OAK-16", "warehouse": "No Such Store"}))],
    });
    for dry_run in [false, true] {
        let text = refusal(&app, "create_sales_order_document", json!({"data": order, "dry_run": dry_run})).await;
        for wanted in [
            "there are 3 problems",
            "data.items[0].item_code: there is no Item named \"TBL-OAK-16\"; did you mean",
            "data.customer: there is no Customer named \"Nobody Knows\"",
            "data.items[0].warehouse: there is no Warehouse named \"No Such Store\"",
        ] {
            assert!(text.contains(wanted), "{wanted}\n{text}");
        }
    }
    let draft = first(&app, "Sales Order", json!({"docstatus": 0})).await;
    let added = row(json!({"item_code": "TBL-OAK-16"}));
    let change = json!({"name": draft, "data": {"customer": "Nobody Knows", "items": {"add": [added]}}});
    let text = refusal(&app, "update_sales_order_document", change).await;
    assert!(text.contains("did you mean \"") && text.contains("no Customer named \"Nobody Knows\""), "{text}");
    let many = json!({"doctype": "Sales Order", "documents": [order]});
    let text = refusal(&app, "create_bulk_documents", many).await;
    for wanted in [
        "there are 3 problems",
        "documents[0].items[0].item_code: there is no Item named \"TBL-OAK-16\"; did you mean",
        "documents[0].customer: there is no Customer named \"Nobody Knows\"",
        "documents[0].items[0].warehouse: there is no Warehouse named \"No Such Store\"",
    ] {
        assert!(text.contains(wanted), "{wanted}\n{text}");
    }
    let order = first(&app, "Sales Order", json!({"docstatus": 1, "per_billed": 0, "status": ["!=", "Closed"]})).await;
    let data = json!({"customer_address": "Nowhere Road", "project": "kestrel"});
    let draft = json!({"doctype": "Sales Order", "name": order, "to": "Sales Invoice", "data": data});
    let text = refusal(&app, "convert_document", draft).await;
    assert!(text.contains("\"kestrel\"; did you mean \"") && text.contains("\"Nowhere Road\""), "{text}");
}

#[on_every_version]
async fn an_empty_list_tells_which_filter_names_nothing() {
    let (_site, app) = site(json!({"default": all()})).await;
    for (filters, note) in [
        (
            json!({"set_warehouse": "Main Store - A"}),
            "set_warehouse: there is no Warehouse \"Main Store - A\"; did you mean \"Main Store - AWF\"?",
        ),
        (json!({"items.item_code": "No Such Thing"}), "items.item_code: there is no Item \"No Such Thing\""),
        (json!({"customer_name": ["like", "desk"]}), "customer_name: like without % finds only what is exactly so"),
    ] {
        let listed = call(&app, "list_sales_order_documents", json!({"filters": filters})).await.unwrap();
        assert_eq!((&listed["count"], listed["note"].as_str()), (&json!(0), Some(note)), "{listed}");
    }
    let given = json!({"doctype": "GL Entry", "measures": ["sum(debit)"], "filters": {"account": "Petty Cash - A"}});
    let summed = call(&app, "aggregate_documents", given).await.unwrap();
    let note = summed["note"].as_str().unwrap();
    assert!(
        note.contains("account: there is no Account \"Petty Cash - A\"; did you mean \"Petty Cash - AWF\"?"),
        "{note}"
    );
    // One of several that is not there is not missed in silence.
    let customer = first(&app, "Sales Order", json!({})).await;
    let customer = call(&app, "get_sales_order_document", json!({"name": customer})).await.unwrap();
    let customer = &customer["document"]["customer"];
    for (names, is_told) in [(json!([customer, "Nobody Knows"]), true), (json!([customer, customer]), false)] {
        let filters = json!({"customer": ["in", names]});
        let given = json!({"filters": filters, "fields": ["name", "customer"], "limit": 100});
        let listed = call(&app, "list_sales_order_documents", given).await.unwrap();
        assert!(listed["count"].as_u64().unwrap() > 0, "{listed}");
        let told = listed["note"].as_str().unwrap_or_default();
        assert_eq!(told.contains("there is no Customer \"Nobody Knows\""), is_told, "{listed}");
    }
    // A scope, or a closed DocType, is not told of.
    let rules = json!({"doctypes": {"Sales Order": all()}});
    let (_site, app) = site(rules).await;
    let listed = call(&app, "list_sales_order_documents", json!({"filters": {"customer": "Nobody"}})).await.unwrap();
    assert!(listed["note"].is_null(), "{listed}");
}

#[on_every_version]
async fn an_empty_list_tells_which_field_has_such_a_choice_and_which_values_there_are() {
    let (_site, app) = site(json!({"default": all()})).await;
    let list = |doctype: &str, filters: Value| json!({"doctype": doctype, "filters": filters});
    for (doctype, filters, note) in [
        ("Lead", json!({"state": "Open"}), "state: no document has \"Open\"; status has this choice"),
        ("Address", json!({"city": "Nowhere"}), "city: no document has \"Nowhere\"; the most frequent are \""),
        ("Address", json!({"city": "Bally"}), "city: no document has \"Bally\"; did you mean \"Ballyoran\"?"),
        ("Customer", json!({"image": "x"}), "image: no document that may be seen has a value here"),
    ] {
        let listed = call(&app, "list_generic_documents", list(doctype, filters)).await.unwrap();
        assert!(listed["note"].as_str().unwrap_or_default().starts_with(note), "{listed}");
    }
}

#[on_every_version]
async fn a_dry_run_looks_for_links_that_may_be_read() {
    let (_site, app) = site(json!({"default": all()})).await;
    let data =
        json!({"customer_name": "A", "customer_type": "Company", "customer_group": "Offices", "territory": "Nrth"});
    let text = refusal(&app, "create_customer_document", json!({"data": data, "dry_run": true})).await;
    assert!(text.contains("data.territory: there is no Territory named \"Nrth\""), "{text}");
    let mut near = data;
    near["territory"] = json!("Nort");
    let text = refusal(&app, "create_customer_document", json!({"data": near, "dry_run": true})).await;
    assert!(text.contains("no Territory named \"Nort\"; did you mean \"North\"?"), "{text}");
}

#[on_every_version]
async fn stock_and_prices_of_what_is_not_there_are_not_zero() {
    let (_site, app) = site(json!({"default": {"read": true}})).await;
    let text = refusal(&app, "get_stock_balance", json!({"item_code": ITEM, "warehouse": "Nowhere"})).await;
    assert!(text.contains("There is no Warehouse named \"Nowhere\""), "{text}");
    let text = refusal(&app, "get_stock_balance", json!({"item_code": "TBL-OAK-16"})).await;
    assert!(text.contains("There is no Item named \"TBL-OAK-16\"; did you mean \"TBL-OAK-160\""), "{text}");
    let details = |key: &str, value: &str| {
        let mut given = json!({"item_code": ITEM, "company": "Alderway Furniture"});
        given[key] = json!(value);
        given
    };
    for (key, value, told) in [
        ("price_list", "Nope", "There is no Price List named"),
        ("warehouse", "main stor", "There is no Warehouse named"),
        ("date", "1.2.2026", "date: "),
    ] {
        let text = refusal(&app, "get_item_details", details(key, value)).await;
        assert!(text.contains(told), "{key}: {text}");
    }
}

#[on_every_version]
async fn what_is_called_by_its_title_is_found_and_what_is_nearly_there_is_named() {
    let (_site, app) = site(json!({"default": {"read": true}})).await;
    for tool in ["get_stock_balance", "get_item_details", "get_item_price"] {
        let told = call(&app, tool, json!({"item_code": "oak desk 160 cm"})).await.unwrap();
        assert_eq!(told["item_code"], ITEM, "{tool}: {told}");
    }
    for (tool, given, meant) in [
        (
            "get_party_details",
            json!({"party_type": "Customer", "party": "Bluewater"}),
            "There is no Customer named \"Bluewater\"; did you mean \"Bluewater Hotel\"?",
        ),
        (
            "get_stock_balance",
            json!({"item_code": ITEM, "warehouse": "Showroom - A"}),
            "There is no Warehouse named \"Showroom - A\"; did you mean \"Showroom - AWF\"?",
        ),
        ("get_customer_document", json!({"name": "Bluewater"}), "did you mean \"Bluewater Hotel\"?"),
    ] {
        let text = refusal(&app, tool, given).await;
        assert!(text.contains(meant), "{tool}: {text}");
    }
}

#[on_every_version]
async fn a_party_of_the_kind_that_the_site_fills_in_is_looked_up_as_one_of_it() {
    let (_site, app) = site(json!({"default": all()})).await;
    let quoted = |more: Value| {
        let mut data = json!({"items": [{"item_code": ITEM, "qty": 1}]});
        data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"data": data})
    };
    let text = refusal(&app, "create_quotation_document", quoted(json!({"party_name": "Bluewater"}))).await;
    let meant = "data.party_name: there is no Customer named \"Bluewater\"; did you mean \"Bluewater Hotel\"?";
    assert!(text.contains(meant), "{text}");
    let text = refusal(&app, "create_quotation_document", quoted(json!({"customer": "Bluewater Hotel"}))).await;
    let named = r#"no such field in Quotation; it is named by {"quotation_to": "Customer", "party_name": …}"#;
    assert!(text.contains(named), "{text}");
}

#[on_every_version]
async fn words_are_found_in_any_order() {
    let (_site, app) = site(json!({"default": {"read": true}})).await;
    let listed = call(&app, "list_item_documents", json!({"fields": ["name", "item_name"], "limit": 1})).await.unwrap();
    let name = listed["documents"][0]["item_name"].as_str().unwrap();
    let turned = name.split_whitespace().rev().collect::<Vec<_>>().join(" ");
    assert_ne!(turned, name);
    let found = call(&app, "search_item_documents", json!({"search_term": turned})).await.unwrap();
    assert!(found.to_string().contains(name), "{turned}: {found}");
    let none = call(&app, "search_item_documents", json!({"search_term": format!("{turned} zzz")})).await.unwrap();
    assert_eq!(none["count"], 0, "{none}");
}

#[on_every_version]
async fn the_site_s_date_is_told() {
    let (_site, app) = site(json!({"default": {"read": true}})).await;
    let told = call(&app, "test_connection", json!({})).await.unwrap();
    assert_eq!(told["today"].as_str().map(str::len), Some(10), "{told}");
}

#[on_every_version]
async fn a_date_that_is_none_is_not_sent() {
    let (site, app) = site(json!({"default": all()})).await;
    let todo = first(&app, "ToDo", json!({})).await;
    let assign = json!({"doctype": "ToDo", "name": todo, "user": "sales@example.com", "date": "01.12.2026"});
    let text = refusal(&app, "assign_document", assign).await;
    assert!(text.contains("date: ") && text.contains("next: Nothing was sent; give the day as YYYY-MM-DD."), "{text}");
    assert!(site.journal().is_empty());
}

#[on_every_version]
async fn what_the_tools_of_a_doctype_have_in_common_is_told_with_the_first() {
    let (_site, app) = site(json!({"default": all()})).await;
    let found = call(&app, "find_tools", json!({"doctype": "Quotation"})).await.unwrap();
    let second = &found["tools"][1];
    let alone = call(&app, "find_tools", json!({"query": second["name"]})).await.unwrap();
    assert_eq!(alone["tools"][0]["name"], second["name"]);
    assert!(second.to_string().len() < alone["tools"][0].to_string().len(), "{second}");
}

#[on_every_version]
async fn a_doctype_of_almost_that_name_is_named_where_tools_are_looked_for() {
    let (_site, app) = site(json!({"default": all()})).await;
    let found = call(&app, "find_tools", json!({"doctype": "timeshets"})).await.unwrap();
    assert_eq!(found["next"], "No DocType \"timeshets\" is available here; did you mean Timesheet?");
    let found = call(&app, "find_tools", json!({"doctype": "timesheets", "operation": "create"})).await.unwrap();
    assert_eq!(found["tools"][0]["name"], "create_timesheet_document");
}

#[on_every_version]
async fn a_doctype_of_the_sites_own_is_found_where_tools_are_looked_for() {
    let site = crate::sandbox::SampleSite::bench().await;
    let app = crate::support::app_of(&site.config(json!({"default": {"read": true}})));
    let found = call(&app, "find_tools", json!({"doctype": "Odd Thing"})).await.unwrap();
    assert_eq!(found["doctypes"][0]["name"], "Odd Thing", "{found}");
    assert!(found["next"].as_str().unwrap().contains("the generic tools take them"), "{found}");
    let rules = json!({"doctypes": {"Odd Thing": {"read": true}, "Customer": {"read": true}}});
    let app = crate::support::app_of(&site.config(rules));
    let found = call(&app, "find_tools", json!({"query": "list odd things"})).await.unwrap();
    assert_eq!(found["doctypes"], json!([{"name": "Odd Thing", "operations": ["read"]}]), "{found}");
}

#[on_every_version]
async fn a_doctype_of_the_sites_own_is_found_by_a_part_of_its_name_and_by_its_module() {
    let site = crate::sandbox::SampleSite::bench().await;
    let app = crate::support::app_of(&site.config_of("reader", json!({"default": {"read": true}})));
    let names = |listed: &Value| -> Vec<String> {
        let entries = listed["doctypes"].as_array().unwrap().iter();
        entries.map(|entry| entry["name"].as_str().unwrap().to_owned()).collect()
    };
    let listed = call(&app, "list_doctypes", json!({"search": "odd th"})).await.unwrap();
    assert!(names(&listed).contains(&"Odd Thing".to_owned()), "{listed}");
    assert!(!names(&listed).contains(&"Odd Thing Row".to_owned()), "a child table: {listed}");
    let module = listed["doctypes"][0]["module"].clone();
    let of_module = call(&app, "list_doctypes", json!({"module": module})).await.unwrap();
    assert!(names(&of_module).contains(&"Odd Thing".to_owned()), "{of_module}");
    let found = call(&app, "find_tools", json!({"doctype": "odd things"})).await.unwrap();
    assert!(names(&found).contains(&"Odd Thing".to_owned()), "{found}");
    // Where only what is named is open, the site's others are not.
    let app = crate::support::app_of(&site.config(json!({"doctypes": {"Customer": {"read": true}}})));
    let listed = call(&app, "list_doctypes", json!({"search": "odd"})).await.unwrap();
    assert_eq!(listed["total"], 0, "{listed}");
}

#[on_every_version]
async fn a_doctype_of_the_sites_own_is_found_where_tools_fit_some_of_the_words() {
    let site = crate::sandbox::SampleSite::bench().await;
    let app = crate::support::app_of(&site.config(json!({"default": all()})));
    for query in ["update odd things", "update this odd thing"] {
        let found = call(&app, "find_tools", json!({"query": query})).await.unwrap();
        let is_named = found["doctypes"].as_array().is_some_and(|own| own.iter().any(|own| own["name"] == "Odd Thing"));
        assert!(found["found"].as_u64().unwrap() > 0 && is_named, "{query}: {found}");
    }
    let found = call(&app, "find_tools", json!({"query": "list customers"})).await.unwrap();
    assert!(found["doctypes"].is_null(), "{found}");
}

#[on_every_version]
async fn a_site_that_does_not_tell_its_own_doctypes_is_told_of_as_such() {
    let site = crate::support::Site::start().await;
    let app = site.open_app();
    let listed = call(&app, "list_doctypes", json!({"search": "sales order"})).await.unwrap();
    assert_eq!(listed["doctypes"][0]["name"], "Sales Order", "{listed}");
    assert!(listed["others"].as_str().unwrap().contains("it did not tell"), "{listed}");
}

/// The site's search for links gives so many DocTypes and no more, and takes `_` for any character.
#[on_every_version]
async fn that_the_site_may_have_more_doctypes_is_told_and_one_that_does_not_hold_the_text_is_not_shown() {
    const SEARCH: &str = "frappe.desk.search.search_link";
    let of = |names: &[String]| -> Value {
        names.iter().map(|name| json!({"value": name, "description": "Fleet"})).collect()
    };
    for (count, is_told) in [(199, false), (200, true)] {
        let site = crate::support::Site::start().await;
        let names: Vec<String> = (0..count).map(|i| format!("Van {i}")).collect();
        site.method(SEARCH, of(&names)).await;
        let app = site.open_app();
        let listed = call(&app, "list_doctypes", json!({"search": "van"})).await.unwrap();
        let others = listed["others"].as_str().unwrap_or_default();
        assert_eq!(others.contains("some of its own may be missing here"), is_told, "{listed}");
        // None of those that came holds it.
        let found = call(&app, "find_tools", json!({"doctype": "Lorry"})).await.unwrap();
        let note = found["note"].as_str().unwrap_or_default();
        assert_eq!(note.contains("some of its own may be missing here"), is_told, "{found}");
        assert!(found["doctypes"].is_null(), "{found}");
    }
    let site = crate::support::Site::start().await;
    site.method(SEARCH, of(&["Van_Trip".to_owned(), "Van Trip".to_owned()])).await;
    let listed = call(&site.open_app(), "list_doctypes", json!({"search": "van_t"})).await.unwrap();
    assert_eq!((&listed["total"], &listed["doctypes"][0]["name"]), (&json!(1), &json!("Van_Trip")), "{listed}");
}

#[on_every_version]
async fn a_site_that_does_not_tell_is_told_of_beside_that_nothing_sends_mail() {
    let site = crate::support::Site::start().await;
    let permissions = json!({"default": {"read": true}});
    let app = crate::support::app_of(&crate::support::config_json(&site.url(), permissions));
    let find = json!({"doctype": "Flight Booking", "query": "send email"});
    let found = call(&app, "find_tools", find).await.unwrap();
    let note = found["note"].as_str().unwrap();
    assert!(note.contains("it did not tell") && note.contains("no tool sends e-mail"), "{found}");
}

#[on_every_version]
async fn who_looks_for_a_way_to_send_mail_finds_it_or_is_told_that_nothing_does() {
    let (_site, open) = site(json!({"default": all()})).await;
    let (_other, app) = site(json!({"default": {"read": true, "update": true}})).await;
    for query in ["send email", "e-mail an invoice", "email the customer"] {
        let found = call(&open, "find_tools", json!({"query": query})).await.unwrap();
        let names = found["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap());
        assert!(names.take(3).any(|name| name == "send_document") && found["note"].is_null(), "{query}: {found}");
        let found = call(&app, "find_tools", json!({"query": query})).await.unwrap();
        assert!(found["note"].as_str().unwrap_or_default().contains("no tool sends e-mail"), "{query}: {found}");
    }
    assert!(call(&app, "find_tools", json!({"query": "customer"})).await.unwrap()["note"].is_null());
}

#[on_every_version]
async fn sums_say_that_drafts_count_and_counts_that_they_count_documents() {
    let (_site, app) = site(json!({"default": all()})).await;
    let sum =
        |filters: Value| json!({"doctype": "Sales Invoice", "measures": ["sum(grand_total)"], "filters": filters});
    let told = call(&app, "aggregate_documents", sum(json!({}))).await.unwrap();
    assert!(told["note"].as_str().unwrap().starts_with("drafts and cancelled documents count too"), "{told}");
    let told = call(&app, "aggregate_documents", sum(json!({"docstatus": 1}))).await.unwrap();
    assert!(told["note"].is_null(), "{told}");
    let count = |of: &str| json!({"doctype": "Customer", "measures": [of]});
    for of in ["count", "count()", "count(*)", "count(name)"] {
        call(&app, "aggregate_documents", count(of)).await.unwrap();
    }
    let text = refusal(&app, "aggregate_documents", count("count(distinct territory)")).await;
    assert!(text.contains("count counts documents"), "{text}");
}

#[on_every_version]
async fn nobody_is_led_to_a_tool_of_the_desk() {
    let (_site, app) = site(json!({"default": all()})).await;
    let mut looked_at = 0;
    for def in erpnext_doctypes::all(version()).filter(|def| desk_tools::instead(def.name).is_some()) {
        for query in [def.name.to_owned(), format!("update {}", def.name)] {
            let found = call(&app, "find_tools", json!({"query": query})).await.unwrap();
            let next = found["next"].as_str().unwrap();
            assert!(next.starts_with(def.name) && next.contains("writing to it does nothing; "), "{query}: {next}");
            let found = found["tools"].to_string();
            for tool in def.tools {
                looked_at += 1;
                assert!(!found.contains(&format!("\"{}\"", tool.name)), "{}: {found}", tool.name);
            }
        }
    }
    assert!(looked_at > 10, "{looked_at}");
}
