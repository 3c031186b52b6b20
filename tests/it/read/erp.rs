//! Stock, prices, and what ERPNext would fill in for an item or a party.

use serde_json::{Value, json};

use crate::sandbox::{COMPANY, config, site};
use crate::support::{app_of, call, refusal};

async fn stocked(app: &erpnext_mcp::app::Connection) -> (String, String) {
    let bins = json!({"doctype": "Bin", "filters": {"actual_qty": [">", 0]}, "fields": ["item_code", "warehouse"], "limit": 1});
    let bins = call(app, "list_generic_documents", bins).await.unwrap();
    let text = |key: &str| bins["documents"][0][key].as_str().unwrap_or_else(|| panic!("{bins}")).to_owned();
    (text("item_code"), text("warehouse"))
}

#[on_every_version]
async fn stock_is_told_by_warehouse_with_a_total_and_for_a_day() {
    let (_site, app) = site(json!({"default": {"read": true}})).await;
    let (item, warehouse) = stocked(&app).await;
    let stock = call(&app, "get_stock_balance", json!({"item_code": item})).await.unwrap();
    let rows = stock["warehouses"].as_array().unwrap();
    let sum: f64 = rows.iter().map(|row| row["actual_qty"].as_f64().unwrap_or(0.0)).sum();
    assert!(sum > 0.0 && stock["total"]["actual_qty"] == json!(sum), "{stock}");
    let here = call(&app, "get_stock_balance", json!({"item_code": item, "warehouse": warehouse})).await.unwrap();
    assert_eq!(here["warehouses"].as_array().unwrap().len(), 1);
    let day = json!({"item_code": item, "warehouse": warehouse, "date": "2026-11-20"});
    let day = call(&app, "get_stock_balance", day).await.unwrap();
    assert_eq!(day["actual_qty"], here["warehouses"][0]["actual_qty"]);
    let service = call(&app, "get_stock_balance", json!({"item_code": "SRV-PLAN"})).await.unwrap();
    assert_eq!(service["note"], "SRV-PLAN is no stock item: no stock of it is kept", "{service}");
    assert!(stock.get("note").is_none(), "{stock}");
    let told = refusal(&app, "get_stock_balance", json!({"item_code": "No such"})).await;
    assert!(told.contains("no Item named") && told.contains("search_link"), "{told}");
    let other = json!({"item_code": item, "warehouse": warehouse, "date": "20261120"});
    let read = call(&app, "get_stock_balance", other).await.unwrap();
    assert_eq!((&read["date"], &read["actual_qty"]), (&json!("2026-11-20"), &day["actual_qty"]), "{read}");
    let told = refusal(&app, "get_stock_balance", json!({"item_code": item, "date": "2026-11-20"})).await;
    assert!(told.contains("needs a warehouse") && told.contains("ask get_stock_levels"), "{told}");
    for group in [json!({}), json!({"date": "2026-11-20"})] {
        let mut asked = json!({"item_code": item, "warehouse": "All Warehouses - AWF"});
        asked.as_object_mut().unwrap().extend(group.as_object().unwrap().clone());
        let told = refusal(&app, "get_stock_balance", asked).await;
        assert!(told.contains("is a group") && told.contains("get_stock_levels adds up"), "{told}");
    }
}

#[on_every_version]
async fn prices_accounts_and_terms_are_what_erpnext_would_fill_in() {
    let (_site, app) = site(json!({"default": {"read": true}})).await;
    let price = json!({"doctype": "Item Price", "filters": {"selling": 1}, "fields": ["item_code", "price_list", "price_list_rate"], "limit": 1});
    let price = call(&app, "list_generic_documents", price).await.unwrap()["documents"][0].clone();
    let asked = json!({"item_code": price["item_code"], "company": COMPANY, "price_list": price["price_list"]});
    let item = call(&app, "get_item_details", asked).await.unwrap();
    assert_eq!((&item["price_list_rate"], &item["for"]), (&price["price_list_rate"], &json!("Sales Order")), "{item}");
    assert!(item["income_account"].is_string() && item.get("withheld").is_none(), "{item}");
    let customer = call(&app, "list_generic_documents", json!({"doctype": "Customer", "limit": 1})).await.unwrap();
    let customer = customer["documents"][0]["name"].clone();
    let party =
        call(&app, "get_party_details", json!({"party_type": "Customer", "party": customer, "company": COMPANY}));
    let party = party.await.unwrap();
    assert!(party["customer"] == customer && party["currency"].is_string(), "{party}");
    let told = refusal(&app, "get_party_details", json!({"party_type": "Supplier", "party": "No such"})).await;
    assert!(told.contains("no Supplier named"), "{told}");
}

fn withheld(answer: &Value) -> Vec<&str> {
    answer["withheld"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[on_every_version]
async fn what_the_rules_withhold_the_helpers_withhold_too() {
    let (site, open) = site(json!({"default": {"read": true}})).await;
    let (item, _) = stocked(&open).await;
    let rules = json!({"doctypes": {
        "Item": {"read": true, "restricted_fields": ["item_group", "item_defaults.income_account"]},
        "Bin": {"read": true, "restricted_fields": ["valuation_rate", "actual_qty"]},
        "Customer": {"read": true, "restricted_fields": ["territory"]},
    }});
    let app = app_of(&config(&site, "administrator", rules));
    let details = call(&app, "get_item_details", json!({"item_code": item, "company": COMPANY})).await.unwrap();
    for key in ["item_group", "income_account", "actual_qty", "valuation_rate", "price_list_rate"] {
        assert!(details.get(key).is_none() && withheld(&details).contains(&key), "{key}: {details}");
    }
    assert!(details["item_name"].is_string(), "{details}");
    // Where nothing is in stock, the site takes the item's own.
    let rules = json!({"Item": {"read": true, "restricted_fields": ["valuation_rate"]}, "Bin": {"read": true}});
    let of_item = app_of(&config(&site, "administrator", json!({"doctypes": rules})));
    let details = call(&of_item, "get_item_details", json!({"item_code": item, "company": COMPANY})).await.unwrap();
    assert!(details.get("valuation_rate").is_none() && withheld(&details).contains(&"valuation_rate"), "{details}");
    assert!(details["actual_qty"].is_number(), "{details}");
    let stock = call(&app, "get_stock_balance", json!({"item_code": item})).await.unwrap();
    assert_eq!(withheld(&stock), ["actual_qty", "valuation_rate"]);
    assert!(stock["total"].get("actual_qty").is_none() && stock["warehouses"][0].get("valuation_rate").is_none());
    let customer = call(&app, "list_customer_documents", json!({"limit": 1})).await.unwrap();
    let party = json!({"party_type": "Customer", "party": customer["documents"][0]["name"]});
    let party = call(&app, "get_party_details", party).await.unwrap();
    assert!(party.get("territory").is_none() && withheld(&party).contains(&"territory"), "{party}");
    let told = refusal(&app, "get_party_details", json!({"party_type": "Supplier", "party": "x"})).await;
    assert!(told.contains("not available by this server's configuration"), "{told}");
}
