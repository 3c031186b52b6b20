//! Shapes that change from call to call.

use erpnext_sandbox::Version;
use serde_json::{Value, json};

use crate::Desk;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h17_an_unknown_field_is_417_in_fields_and_filters_and_500_in_an_order_on_15() {
    let desk = Desk::open(Version::V15).await;
    let status = |arguments: Value| desk.list("administrator", "Odd Thing", &arguments).0;
    let (fields, body) = desk.list("administrator", "Odd Thing", &json!({"fields": ["nope"]}));
    assert_eq!((fields, &body["exc_type"]), (417, &json!("DataError")));
    assert_eq!(status(json!({"filters": [["nope", "=", 1]]})), 417);
    assert_eq!(status(json!({"order_by": "nope"})), 500);
    assert_eq!(status(json!({"order_by": "order"})), 500);
    assert_eq!(status(json!({"order_by": "`order`"})), 200);
    assert_eq!(status(json!({"fields": ["group"], "group_by": "group"})), 500);
    assert_eq!(status(json!({"fields": ["group"], "group_by": "`group`"})), 200);
    assert_eq!(status(json!({"fields": ["max(order) as m"]})), 500);
    assert_eq!(status(json!({"fields": ["max(`order`) as m"]})), 200);
    assert_eq!(status(json!({"fields": ["count(*)"]})), 417);
    assert_eq!(desk.rows("Odd Thing", &json!({"fields": ["count(name) as n"]})), [json!({"n": 0})]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h25_nulls_and_the_doctype_are_there_or_not_by_call_on_15() {
    let desk = Desk::open(Version::V15).await;
    let thing = desk.thing(&json!({}));
    let name = thing.rsplit('/').next().unwrap();
    let row = &desk.rows("Odd Thing", &json!({"fields": ["*"]}))[0];
    assert_eq!((row.get("class"), row.get("doctype")), (Some(&Value::Null), None));
    let single = desk.get(&thing);
    assert_eq!((single.get("class"), &single["doctype"]), (None, &json!("Odd Thing")));
    let whole = desk.get(&format!("/api/method/frappe.client.get?doctype=Odd%20Thing&name={name}"));
    assert_eq!(whole.get("class"), Some(&Value::Null));
    assert_eq!(desk.put(&thing, &json!({"title": "b"})).get("class"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h26_a_doctype_is_exact_in_lists_and_a_name_forgives_case_and_space() {
    for desk in Desk::each().await {
        for doctype in ["customer", "System Settings", "RQ Job"] {
            assert_eq!(desk.list("administrator", doctype, &json!({})).0, 500, "{doctype}");
        }
        desk.post("/api/resource/UOM", &json!({"uom_name": "Dozen Boxes"}));
        for name in ["dozen%20boxes", "Dozen%20Boxes%20"] {
            assert_eq!(desk.get(&format!("/api/resource/UOM/{name}"))["name"], "Dozen Boxes");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h27_values_come_in_their_own_forms() {
    for desk in Desk::each().await {
        let geo = r#"{"type":"FeatureCollection","features":[]}"#;
        let data = json!({
            "at_time": "01:02:03", "js": {"a": 1}, "geo": geo, "pwd": "canary", "big": 9_007_199_254_740_993_i64,
        });
        let stored = desk.get(&desk.thing(&data));
        assert_eq!(stored["at_time"], "1:02:03");
        assert_eq!(serde_json::from_str::<Value>(stored["js"].as_str().unwrap()).unwrap(), json!({"a": 1}));
        assert_eq!(stored["geo"], geo);
        assert_eq!(stored["big"], 9_007_199_254_740_993_i64);
        assert!(stored["pwd"].as_str().unwrap().chars().all(|c| c == '*'), "{}", stored["pwd"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h28_a_request_line_over_4094_bytes_is_refused_with_a_page() {
    for desk in Desk::each().await {
        let target = |length: usize| {
            let start = "/api/resource/ToDo?x=";
            format!("{start}{}", "a".repeat(length - start.len() - "GET  HTTP/1.1".len()))
        };
        assert_eq!(desk.ask("administrator", "GET", &target(4094), &Value::Null).0, 200);
        assert_eq!(desk.ask("administrator", "GET", &target(4095), &Value::Null), (400, Value::Null));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h48_a_name_with_a_slash_at_an_end_is_stored_and_never_found() {
    for desk in Desk::each().await {
        for name in ["/ahead", "behind/"] {
            assert_eq!(desk.post("/api/resource/UOM", &json!({"uom_name": name}))["name"], name);
            let at = format!("/api/resource/UOM/{}", crate::encode(name));
            assert_eq!(desk.refused("administrator", "GET", &at, &Value::Null).0, 404, "{name}");
            assert_eq!(desk.rows("UOM", &json!({"filters": [["name", "=", name]]})).len(), 1);
        }
    }
}
