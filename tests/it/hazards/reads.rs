//! Reads that show too much or too little: values above the user's level, filters by hidden columns, dotted links,
//! histories.

use serde_json::{Value, json};

use super::{Place, at, encoded, raw_list};
use crate::support::{Version, all, call, refusal, version};

/// A customer whose score the user `reader` may not see.
async fn scored(place: &Place) -> String {
    let customer = place.some("Customer", json!({"territory": "North"})).await;
    place.set("Customer", &customer, json!({"custom_secret_score": 77.5}));
    customer
}

#[on_every_version]
async fn h4_zero_in_the_place_of_a_sum_that_may_not_be_seen() {
    let place = Place::new().await;
    let customer = scored(&place).await;
    let (_, read) = place.raw("reader", "GET", &at("Customer", &customer), Value::Null).await;
    assert_eq!(read["data"]["custom_secret_score"], 0.0, "it is 77.5");

    let app = place.app_as("reader", json!({"doctypes": {"Customer": {"read": true}}}));
    let answer = call(&app, "get_customer_document", json!({"name": customer})).await.unwrap();
    assert_eq!(answer["document"].get("custom_secret_score"), None, "{answer}");
    let withheld = answer["withheld"].as_array().unwrap();
    assert!(withheld.contains(&json!("custom_secret_score")), "{answer}");
}

#[on_every_version]
async fn h5_a_filter_on_a_column_that_may_not_be_seen() {
    let place = Place::new().await;
    let customer = scored(&place).await;
    let fields = encoded(r#"["name","custom_secret_score"]"#);
    let filters = encoded(r#"[["custom_secret_score",">",77],["custom_secret_score","<",78]]"#);
    let list = format!("/api/resource/Customer?fields={fields}&filters={filters}");
    let (status, found) = place.raw("reader", "GET", &list, Value::Null).await;
    if version() < Version::V16 {
        assert_eq!(found["data"], json!([{"name": customer}]), "no score, and yet it is told");
    } else {
        assert_eq!(status, 403, "{found}");
    }

    let app = place.app_as("reader", json!({"doctypes": {"Customer": {"read": true}}}));
    for arguments in [
        json!({"fields": ["name", "custom_secret_score"]}),
        json!({"filters": {"custom_secret_score": [">", 77]}}),
        json!({"order_by": "custom_secret_score desc"}),
    ] {
        let text = refusal(&app, "list_customer_documents", arguments).await;
        assert!(text.contains("custom_secret_score") && text.contains("does not permit"), "{text}");
    }
}

#[on_every_version]
async fn h6_the_answer_to_a_write_shows_what_a_read_hides() {
    let place = Place::new().await;
    let order = place.order(1).await;
    place.set("Sales Order", &order, json!({"ignore_pricing_rule": 1}));
    let path = at("Sales Order", &order);
    let (_, read) = place.raw("sales", "GET", &path, Value::Null).await;
    assert_eq!(read["data"]["ignore_pricing_rule"], 0, "hidden");
    let (status, echo) = place.raw("sales", "PUT", &path, json!({"po_no": "PO-1"})).await;
    assert_eq!((status, &echo["data"]["ignore_pricing_rule"]), (200, &json!(1)), "{echo}");

    let app = place.app_as("sales", json!({"doctypes": {"Sales Order": all()}}));
    let change = json!({"name": order, "data": {"po_no": "PO-2"}, "return_document": true});
    let answer = call(&app, "update_sales_order_document", change).await.unwrap();
    assert_eq!(answer["document"]["po_no"], "PO-2", "{answer}");
    assert!(!answer.to_string().contains("ignore_pricing_rule"), "{answer}");
}

#[on_every_version]
async fn h85_a_dotted_link_drops_rows_or_shows_what_is_hidden() {
    let place = Place::new().await;
    let mut orders = Vec::new();
    for territory in ["North", "South"] {
        let customer = place.some("Customer", json!({"territory": territory})).await;
        let order = place.order(1).await;
        place.set("Sales Order", &order, json!({"customer": customer, "territory": "North"}));
        orders.push(order);
    }
    // Whoever sees the territory North only sees both orders, and the customer of one.
    let rows = async |fields: Value| {
        let filters = json!([["name", "in", orders]]);
        let list = raw_list("Sales Order", &[("fields", fields), ("filters", filters)]);
        let (status, plain) = place.raw("sales", "GET", &list, Value::Null).await;
        assert_eq!(status, 200, "{plain}");
        plain["data"].as_array().unwrap().clone()
    };
    assert_eq!(rows(json!(["name"])).await.len(), 2);
    let dotted = rows(json!(["name", "customer.territory"])).await;
    match version() {
        Version::V15 => assert!(dotted.iter().any(|row| row["territory"] == "South"), "{dotted:?}"),
        Version::V16 => assert_eq!(dotted.len(), 1, "{dotted:?}"),
    }

    let app = place.app_as("sales", json!({"doctypes": {"Sales Order": all(), "Customer": all()}}));
    let list = |fields: Value| json!({"filters": {"name": ["in", orders]}, "fields": fields, "count": true});
    let listed = call(&app, "list_sales_order_documents", list(json!(["name", "customer"]))).await.unwrap();
    assert_eq!((listed["documents"].as_array().unwrap().len(), &listed["total"]), (2, &json!(2)), "{listed}");
    let listed = call(&app, "list_sales_order_documents", list(json!(["name", "customer.territory"]))).await.unwrap();
    let told: Vec<Option<&str>> =
        listed["documents"].as_array().unwrap().iter().map(|row| row["customer.territory"].as_str()).collect();
    assert_eq!((told.len(), told.contains(&Some("North")), told.contains(&None)), (2, true, true), "{listed}");
}

#[on_every_version]
async fn h85_a_column_of_what_the_user_may_not_read_is_refused_and_no_row_is_lost() {
    let place = Place::new().await;
    let app = place.app_as("reader", json!({"default": {"read": true}}));
    let list = |field: &str| json!({"doctype": "Sales Order", "fields": ["name", field], "limit": 500});
    let rows = async |field: &str| match call(&app, "list_generic_documents", list(field)).await {
        Ok(listed) => listed["documents"].as_array().unwrap().len(),
        Err(error) => panic!("{field}: {}", error.for_model()),
    };
    assert_eq!(rows("customer.territory").await, rows("customer").await);
    let said = refusal(&app, "list_generic_documents", list("company.country")).await;
    assert!(said.contains("Company") && said.contains("no right"), "{said}");
}

#[on_every_version]
async fn h68_a_history_reads_the_keys_that_both_versions_have() {
    let place = Place::new().await;
    let todo = place.post("ToDo", json!({"description": "x"})).await;
    let named = json!({"doctype": "ToDo", "name": todo["name"]});
    place.call("add_comment", json!({"doctype": "ToDo", "name": todo["name"], "content": "Quartz"})).await;
    let history = place.call("get_document_history", named).await;
    let what: Vec<&Value> = history["entries"].as_array().unwrap().iter().map(|entry| &entry["what"]).collect();
    assert_eq!(what, ["comment", "created"], "{history}");
}
