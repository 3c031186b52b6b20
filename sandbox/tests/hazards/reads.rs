//! Reads that lie or leak.

use erpnext_sandbox::Version;
use serde_json::{Value, json};

use crate::Desk;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h4_a_hidden_currency_reads_as_zero_and_other_hidden_fields_are_absent() {
    for desk in Desk::each().await {
        let name = desk.rows("Customer", &json!({"limit": "1"}))[0]["name"].as_str().unwrap().to_owned();
        let customer = format!("/api/resource/Customer/{}", crate::encode(&name));
        desk.put(&customer, &json!({"custom_secret_score": 77}));
        assert_eq!(desk.get(&customer)["custom_secret_score"], 77.0);
        assert_eq!(desk.done("reader", "GET", &customer, &Value::Null)["custom_secret_score"], 0.0);
        let thing = desk.thing(&json!({"secret": "canary"}));
        assert_eq!(desk.get(&thing)["secret"], "canary");
        assert_eq!(desk.done("sales", "GET", &thing, &Value::Null).get("secret"), None);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h5_a_list_drops_the_hidden_column_and_still_filters_and_sorts_by_it_on_15() {
    let desk = Desk::open(Version::V15).await;
    let names = desk.rows("Customer", &json!({"limit": "2"}));
    for (row, score) in names.iter().zip([10, 20]) {
        let at = format!("/api/resource/Customer/{}", crate::encode(row["name"].as_str().unwrap()));
        desk.put(&at, &json!({ "custom_secret_score": score }));
    }
    let ask = |more: Value| {
        let mut arguments = json!({"fields": ["custom_secret_score", "name"], "limit": "2"});
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        desk.list("reader", "Customer", &arguments).1["data"].clone()
    };
    let oracle = ask(json!({"filters": [["custom_secret_score", ">", 15]]}));
    assert_eq!(oracle, json!([{"name": names[1]["name"]}]), "a filter on it tells its value");
    let sorted = ask(json!({"order_by": "custom_secret_score desc"}));
    assert_eq!(sorted, json!([{"name": names[1]["name"]}, {"name": names[0]["name"]}]));
    let shifted = ask(json!({"order_by": "custom_secret_score desc", "as_dict": "false"}));
    assert_eq!(shifted[0], json!([names[1]["name"]]), "the positions shift");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h15_pages_without_an_order_overlap() {
    for desk in Desk::each().await {
        let page = |start: &str, order: Value| {
            let mut arguments = json!({"limit_start": start, "limit_page_length": "20"});
            arguments.as_object_mut().unwrap().extend(order.as_object().unwrap().clone());
            desk.rows("Sales Order", &arguments)
        };
        let shared = |order: Value| {
            let first = page("0", order.clone());
            page("20", order).iter().filter(|row| first.contains(row)).count()
        };
        assert!(shared(json!({})) > 0);
        assert_eq!(shared(json!({"order_by": "name asc"})), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h16_a_length_of_nothing_gives_everything_and_skips_nothing_on_15() {
    let desk = Desk::open(Version::V15).await;
    let count = desk.rows("Sales Order", &json!({"limit_page_length": "100000"})).len();
    assert!(count > 20);
    for length in ["0", "", "None", "abc"] {
        let rows = desk.rows("Sales Order", &json!({"limit_page_length": length, "limit_start": "10"}));
        assert_eq!(rows.len(), count, "{length:?}");
    }
    assert_eq!(desk.list("administrator", "Sales Order", &json!({"limit_page_length": "-1"})).0, 500);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h18_fields_that_are_no_columns_are_dropped_without_a_word() {
    for desk in Desk::each().await {
        desk.thing(&json!({}));
        let fields = json!(["title", "sec2", "rows", "html_block", "btn", "virt"]);
        assert_eq!(desk.rows("Odd Thing", &json!({ "fields": fields })), [json!({"title": "thing"})]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h19_a_childs_column_multiplies_its_parents_and_a_link_reaches_another_doctype() {
    for desk in Desk::each().await {
        let rows = json!([{"qty": 1}, {"qty": 1}, {"qty": 2}]);
        desk.thing(&json!({ "rows": rows }));
        let fields = json!(["name", "rows.qty"]);
        assert_eq!(desk.rows("Odd Thing", &json!({ "fields": fields })).len(), 3);
        let mut by_child = json!({"fields": ["name"], "filters": [["Odd Thing Row", "qty", "=", 1]]});
        assert_eq!(desk.rows("Odd Thing", &by_child).len(), 2);
        by_child["group_by"] = json!("name");
        assert_eq!(desk.rows("Odd Thing", &by_child).len(), 1);
        let linked = json!({"fields": ["customer", "customer.territory"], "limit": "1"});
        let order = &desk.rows("Sales Order", &linked)[0];
        let customer = crate::encode(order["customer"].as_str().unwrap());
        assert_eq!(order["territory"], desk.get(&format!("/api/resource/Customer/{customer}"))["territory"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h22_unequal_and_empty_text_include_what_is_not_set() {
    for desk in Desk::each().await {
        for class in [json!("a"), json!("b"), Value::Null] {
            desk.thing(&json!({ "class": class }));
        }
        let count = |operator: &str, value: Value| {
            desk.rows("Odd Thing", &json!({"filters": [["class", operator, value]]})).len()
        };
        assert_eq!(count("!=", json!("a")), 2);
        assert_eq!(count("in", json!([""])), 1);
        assert_eq!(count("in", json!([])), 0);
        assert_eq!(count("not in", json!([])), 3);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h23_one_count_asks_for_no_right_and_the_other_does_on_15() {
    let desk = Desk::open(Version::V15).await;
    let all = desk.get("/api/method/frappe.client.get_count?doctype=Customer");
    let doctype = json!({"doctype": "Customer"});
    assert_eq!(desk.done("sales", "POST", "/api/method/frappe.client.get_count", &doctype), all);
    let own = desk.done("sales", "POST", "/api/method/frappe.desk.reportview.get_count", &doctype);
    assert!(own.as_u64() < all.as_u64(), "{own} of {all}");
    let invoices = json!({"doctype": "Sales Invoice"});
    desk.done("reader", "POST", "/api/method/frappe.client.get_count", &invoices);
    assert_eq!(desk.refused("reader", "POST", "/api/method/frappe.desk.reportview.get_count", &invoices).0, 403);
}
