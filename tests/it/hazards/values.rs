//! Values that the site drops, changes or takes without a check, and answers that only repeat what was sent.

use serde_json::{Value, json};

use super::{Place, at};
use crate::support::{Version, all, call, version};

#[on_every_version]
async fn h7_fields_that_are_silently_ignored() {
    let place = Place::new().await;
    let order = place.order(1).await;
    place.put("Sales Order", &order, json!({"po_nr": "PO-1"})).await;
    let text = place.refused_update("Sales Order", &order, json!({"po_nr": "PO-1"})).await;
    assert!(text.contains("data.po_nr: no such field in Sales Order; did you mean po_no?"), "{text}");

    let path = at("Sales Order", &order);
    let (status, _) = place.raw("sales", "PUT", &path, json!({"ignore_pricing_rule": 1})).await;
    assert_eq!((status, &place.stored("Sales Order", &order)["ignore_pricing_rule"]), (200, &json!(0)));
    let mut rule = all();
    rule["allowed_fields"] = json!(["ignore_pricing_rule", "po_no"]);
    let app = place.app_as("sales", json!({"doctypes": {"Sales Order": rule}}));
    let change = json!({"name": order, "data": {"ignore_pricing_rule": true, "po_no": "PO-3"}});
    let answer = call(&app, "update_sales_order_document", change).await.unwrap();
    assert_eq!(answer["changed"], json!({"po_no": {"from": null, "to": "PO-3"}}), "{answer}");
    // The 0 that the site shows in the place of what the user may not see is not told (H4).
    let ignored = json!({"sent": 1, "stored": null, "ignored": true});
    assert_eq!(answer["stored_differently"], json!({"ignore_pricing_rule": ignored}), "{answer}");
}

#[on_every_version]
async fn h10_a_link_to_nothing_where_another_field_fetches_from_it() {
    let place = Place::new().await;
    let todo = json!({"description": "call", "assigned_by": "nobody@nowhere"});
    if version() < Version::V16 {
        let made = place.post("ToDo", todo.clone()).await;
        assert_eq!(place.stored("ToDo", made["name"].as_str().unwrap())["assigned_by"], "nobody@nowhere");
    } else {
        assert_eq!(place.raw("administrator", "POST", "/api/resource/ToDo", todo.clone()).await.0, 417);
    }
    let text = place.refusal("create_generic_document", json!({"doctype": "ToDo", "data": todo})).await;
    assert!(text.contains("data.assigned_by: there is no User named \"nobody@nowhere\""), "{text}");
}

#[on_every_version]
async fn h11_a_second_document_under_another_name() {
    let place = Place::new().await;
    let data = json!({"customer_name": "Zed Co", "customer_type": "Company"});
    let (first, second) = (place.post("Customer", data.clone()).await, place.post("Customer", data.clone()).await);
    assert_eq!((&first["name"], &second["name"]), (&json!("Zed Co"), &json!("Zed Co - 1")), "both 200");

    let answer = place.call("create_generic_document", json!({"doctype": "Customer", "data": data})).await;
    assert_eq!(answer["created"], "Zed Co - 2");
    let told = "the name \"Zed Co\" is taken: this is a second document, named \"Zed Co - 2\"";
    assert_eq!(answer["messages"][0], told, "{answer}");
}

#[on_every_version]
async fn h12_values_that_become_others() {
    let place = Place::new().await;
    let item = place.some("Item", json!({})).await;
    for (field, sent, stored, nearest) in [
        ("standard_rate", json!("12.5abc"), json!(0.0), "expected a number, found \"12.5abc\""),
        ("standard_rate", json!("1,234.50"), json!(1234.5), "did you mean 1234.5?"),
        ("disabled", json!("yes"), json!(0), "did you mean true?"),
        ("disabled", json!(5), json!(1), "expected true or false"),
    ] {
        place.put("Item", &item, json!({field: sent})).await;
        assert_eq!(place.stored("Item", &item)[field], stored, "{sent}");
        let text = place.refused_update("Item", &item, json!({field: sent})).await;
        assert!(text.contains(nearest), "{sent}: {text}");
    }
}

#[on_every_version]
async fn h13_the_answer_to_a_write_is_an_echo() {
    let place = Place::new().await;
    let todo = json!({"description": "call", "date": "2026-1-5"});
    let echo = place.post("ToDo", todo.clone()).await;
    let stored = place.stored("ToDo", echo["name"].as_str().unwrap());
    assert_eq!((&echo["date"], &stored["date"]), (&json!("2026-1-5"), &json!("2026-01-05")));

    let create = json!({"doctype": "ToDo", "data": todo, "return_document": true});
    let answer = place.call("create_generic_document", create).await;
    assert_eq!(answer["document"]["date"], "2026-01-05", "{answer}");
    assert_eq!(answer.get("stored_differently"), None, "{answer}");

    // The site keeps so many decimals, and works out what depends on it.
    let order = place.order(1).await;
    let echo = place.put("Sales Order", &order, json!({"po_no": "<b>7</b><script>x</script>"})).await;
    assert_ne!(echo["po_no"], Value::Null);
    place.look("Sales Order", &order).await;
    let change = json!({"po_no": "<i>8</i><script>y</script>"});
    let answer = place.update("Sales Order", &order, change).await;
    let told = &answer["stored_differently"]["po_no"];
    assert_eq!(told["stored"], place.stored("Sales Order", &order)["po_no"], "{answer}");
    assert_ne!(told["sent"], told["stored"], "{answer}");
}
