//! Rows of child tables that a plain request loses or reaches past their document.

use serde_json::{Value, json};

use super::{Place, at, raw_list, rows, typed_in};
use crate::support::{Version, version};

#[on_every_version]
async fn h1_columns_and_rows_that_are_not_sent() {
    let place = Place::new().await;
    let (plain, careful) = (place.order(2).await, place.order(2).await);
    let row = rows(&place.stored("Sales Order", &plain), "items").remove(0);

    let item = &row["item_code"];
    place.put("Sales Order", &plain, json!({"items": [{"name": row["name"], "item_code": item, "qty": 9}]})).await;
    let lost = rows(&place.stored("Sales Order", &plain), "items");
    assert_eq!((lost.len(), &lost[0]["additional_notes"]), (1, &Value::Null), "a row and a note are gone");
    assert_ne!(lost[0]["rate"], 100.0, "and the price is another one");

    let mut expected = typed_in(&place.stored("Sales Order", &careful));
    expected[0]["qty"] = json!(9.0);
    let answer = place.update("Sales Order", &careful, json!({"items": {"patch": [{"idx": 1, "qty": 9}]}})).await;
    assert_eq!(typed_in(&place.stored("Sales Order", &careful)), expected);
    let row = json!({"row": {"idx": 1, "item_code": item}, "changes": {"qty": {"from": 2.0, "to": 9.0}}});
    assert_eq!(answer["changed"], json!({"items": [row]}), "{answer}");
    assert_eq!(answer["also_changed"]["grand_total"], json!({"from": 402.0, "to": 1102.0}), "{answer}");
    assert!(answer.to_string().len() < 1_000, "{} bytes: {answer}", answer.to_string().len());

    let before = place.stored("Sales Order", &careful);
    let text = place.refused_update("Sales Order", &careful, json!({"items": [{"item_code": item, "qty": 7}]})).await;
    for lost in ["additional_notes \"note 0\"", "additional_notes \"note 1\"", "qty 9.0", "\"replace\": true"] {
        assert!(text.contains(lost), "{lost}: {text}");
    }
    assert_eq!(place.stored("Sales Order", &careful), before);
}

#[on_every_version]
async fn h2_a_row_with_a_name_that_does_not_exist() {
    let place = Place::new().await;
    let (plain, careful) = (place.order(2).await, place.order(2).await);
    let mut row = rows(&place.stored("Sales Order", &plain), "items")[0].clone();
    row["name"] = json!("no-such-row");
    let echo = place.put("Sales Order", &plain, json!({"items": [row]})).await;
    assert_eq!(rows(&echo, "items")[0]["name"], "no-such-row", "it is said to be there");
    assert_eq!(rows(&place.stored("Sales Order", &plain), "items"), Vec::<Value>::new(), "and no row is");

    let before = place.stored("Sales Order", &careful);
    let names: Vec<_> = rows(&before, "items").into_iter().map(|row| row["name"].clone()).collect();
    for change in [
        json!({"patch": [{"name": "no-such-row", "qty": 1}]}),
        json!({"remove": ["no-such-row"]}),
        json!([{"name": "no-such-row", "qty": 1}, {"name": names[0]}, {"name": names[1]}]),
    ] {
        let text = place.refused_update("Sales Order", &careful, json!({"items": change})).await;
        assert!(text.contains("items has no row named \"no-such-row\"; its rows are"), "{text}");
        assert!(names.iter().all(|name| text.contains(&name.to_string())), "{text}");
    }
    assert_eq!(place.stored("Sales Order", &careful), before);
}

#[on_every_version]
async fn h3_null_for_a_table() {
    let place = Place::new().await;
    let item = place.some("Item", json!({})).await;
    let barcodes = json!({"barcodes": [{"barcode": "4006381333931"}, {"barcode": "4006381333948"}]});
    place.update("Item", &item, barcodes.clone()).await;
    place.put("Item", &item, json!({"barcodes": null})).await;
    assert_eq!(rows(&place.stored("Item", &item), "barcodes"), Vec::<Value>::new());

    place.look("Item", &item).await;
    place.update("Item", &item, barcodes).await;
    let text = place.refused_update("Item", &item, json!({"barcodes": null})).await;
    assert!(text.contains("an empty list empties the table"), "{text}");
    assert_eq!(rows(&place.stored("Item", &item), "barcodes").len(), 2);

    // The number of a row is its place in the list, whatever number it was read with.
    let mut read = rows(&place.stored("Item", &item), "barcodes");
    read.reverse();
    let listed: Vec<_> = read.iter().map(|row| json!({"name": row["name"], "idx": row["idx"]})).collect();
    place.update("Item", &item, json!({"barcodes": listed})).await;
    let now = rows(&place.stored("Item", &item), "barcodes");
    assert_eq!((&now[0]["name"], &now[0]["idx"]), (&read[0]["name"], &json!(1)));

    let answer = place.update("Item", &item, json!({"barcodes": []})).await;
    assert_eq!(rows(&place.stored("Item", &item), "barcodes"), Vec::<Value>::new());
    assert_eq!(answer["changed"]["barcodes"].as_array().unwrap().len(), 2, "{answer}");
}

#[on_every_version]
async fn h20_rows_are_read_and_written_past_their_document() {
    let place = Place::new().await;
    let order = place.order(2).await;
    let row = place.stored("Sales Order", &order)["items"][0]["name"].as_str().unwrap().to_owned();
    let child = "Sales Order Item";
    let alone = place.raw("administrator", "GET", &raw_list(child, &[]), Value::Null).await;
    assert_eq!(alone.0, if version() < Version::V16 { 403 } else { 200 }, "for Administrator");
    let with_parent = raw_list(child, &[("parent", json!("Sales Order"))]);
    assert_eq!(place.raw("administrator", "GET", &with_parent, Value::Null).await.0, 200);
    place.put(child, &row, json!({"rate": 1})).await;
    let stored = place.stored("Sales Order", &order);
    assert_eq!((&stored["items"][0]["rate"], &stored["grand_total"]), (&json!(1.0), &json!(402.0)), "no total follows");

    let named = |more: Value| {
        let mut given = json!({"doctype": child, "name": row});
        given.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        given
    };
    for (tool, given) in [
        ("get_generic_document", named(json!({}))),
        ("update_generic_document", named(json!({"data": {"rate": 2}}))),
        ("delete_generic_document", named(json!({"confirm": true}))),
        ("create_generic_document", json!({"doctype": child, "data": {"item_code": "x"}})),
        ("list_generic_documents", json!({"doctype": child})),
        ("search_generic_documents", json!({"doctype": child, "search_term": "x"})),
        ("aggregate_documents", json!({"doctype": child})),
        ("search_link", json!({"doctype": child, "text": "x"})),
        ("add_comment", named(json!({"content": "x"}))),
        ("update_bulk_documents", json!({"doctype": child, "documents": [{"name": row, "data": {"rate": 2}}]})),
        ("delete_bulk_documents", json!({"doctype": child, "names": [row], "confirm": true})),
        ("create_bulk_documents", json!({"doctype": child, "documents": [{"item_code": "x"}]})),
    ] {
        let text = place.refusal(tool, given).await;
        assert!(text.contains("is a child table"), "{tool}: {text}");
    }
    assert_eq!(place.stored("Sales Order", &order), stored);
    let (status, _) = place.raw("administrator", "DELETE", &at(child, &row), Value::Null).await;
    assert_eq!((status, place.stored("Sales Order", &order)["items"].as_array().unwrap().len()), (202, 1));
}
