//! Updates by several people at once: none is overwritten unseen, and what may not be seen is not told.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{Place, at, rows};
use crate::support::{all, call, refusal};

#[on_every_version]
async fn h9_the_last_write_wins() {
    let place = Place::new().await;
    let order = place.order(2).await;
    let read = place.stored("Sales Order", &order);
    let row = rows(&read, "items")[0].clone();
    // Two who read the same: the second one's whole rows undo the first one's price.
    let table = |rate: u8| {
        let mut rows = rows(&read, "items");
        rows[0]["rate"] = json!(rate);
        json!({"items": rows})
    };
    place.put("Sales Order", &order, table(120)).await;
    place.put("Sales Order", &order, table(130)).await;
    assert_eq!(rows(&place.stored("Sales Order", &order), "items")[0]["rate"], 130.0, "nobody was told of the 120");

    let read = place.stored("Sales Order", &order);
    let path = at("Sales Order", &order);
    let (status, _) = place.raw("sales", "PUT", &path, json!({"po_no": "PO-S"})).await;
    assert_eq!(status, 200);
    place.put("Sales Order", &order, table(150)).await;
    let now = place.stored("Sales Order", &order);
    let change = json!({
        "doctype": "Sales Order", "name": order, "modified": read["modified"],
        "data": {"items": {"patch": [{"name": row["name"], "rate": 140}]}},
    });
    let text = place.refusal("update_generic_document", change.clone()).await;
    let item = row["item_code"].as_str().unwrap();
    for wanted in [
        "was changed since it was read".to_owned(),
        "- by sales@example.com at ".to_owned(),
        "po_no null → \"PO-S\"".to_owned(),
        "- by Administrator at ".to_owned(),
        format!("items row 1 ({item}): rate 130.0 → 150.0"),
        format!("You wanted: items row 1 ({item}): rate 150.0 → 140."),
        format!("repeat the update with \"modified\": {}", now["modified"]),
    ] {
        assert!(text.contains(&wanted), "{wanted}: {text}");
    }
    assert_eq!(place.stored("Sales Order", &order), now);

    let mut again = change;
    again["modified"] = now["modified"].clone();
    place.call("update_generic_document", again).await;
    assert_eq!(rows(&place.stored("Sales Order", &order), "items")[0]["rate"], 140.0);
}

#[on_every_version]
async fn h9_of_many_at_once_none_is_overwritten_unseen() {
    let place = Place::new().await;
    let order = place.order(1).await;
    let before = place.site.writes().len();
    let writes = (0..8).map(|i| {
        let change = json!({"doctype": "Sales Order", "name": order, "data": {"po_no": format!("PO-{i}")}});
        let app = place.app_as("administrator", json!({"default": all()}));
        async move { (format!("PO-{i}"), call(&app, "update_generic_document", change).await) }
    });
    let (done, refused): (Vec<_>, Vec<_>) = join_all(writes).await.into_iter().partition(|(_, told)| told.is_ok());
    assert_eq!(place.site.writes().len() - before, done.len(), "each that was told done was done, and no other");
    for (_, error) in refused {
        let text = error.unwrap_err().for_model();
        assert!(text.contains("was changed since it was read") && text.contains("You wanted: po_no"), "{text}");
    }
    // Each starts from what the one before it set: the chain has no gap. What is stored when it looks may be another's already.
    let from = |told: Result<Value, _>| told.unwrap()["changed"]["po_no"]["from"].clone();
    let mut steps: Vec<(Value, String)> = done.into_iter().map(|(set, told)| (from(told), set)).collect();
    let mut at = Value::Null;
    while !steps.is_empty() {
        let next = steps.iter().position(|(from, _)| *from == at).unwrap_or_else(|| panic!("{at}: {steps:?}"));
        at = json!(steps.remove(next).1);
    }
    assert_eq!(place.stored("Sales Order", &order)["po_no"], at);
}

#[on_every_version]
async fn h9_what_may_not_be_seen_is_not_told_of_a_late_update() {
    let place = Place::new().await;
    let order = place.order(1).await;
    let read = place.stored("Sales Order", &order);
    place.put("Sales Order", &order, json!({"po_no": "canary", "tax_id": "canary"})).await;
    let mut rule = all();
    rule["restricted_fields"] = json!(["po_no", "tax_id"]);
    let app = place.app_as("administrator", json!({"doctypes": {"Sales Order": rule}}));
    let change = json!({"name": order, "modified": read["modified"], "data": {"order_type": "Maintenance"}});
    let text = refusal(&app, "update_sales_order_document", change).await;
    assert!(text.contains("by Administrator at") && text.contains("which fields is not known"), "{text}");
    assert!(text.contains("You wanted: order_type \"Sales\" → \"Maintenance\"") && !text.contains("canary"), "{text}");
}

#[on_every_version]
async fn h9_rows_of_a_batch_may_say_which_version_they_mean() {
    let place = Place::new().await;
    let (one, two) = (place.order(1).await, place.order(1).await);
    let modified = |name: &str| place.stored("Sales Order", name)["modified"].clone();
    let (first, second) = (modified(&one), modified(&two));
    place.put("Sales Order", &two, json!({"po_no": "PO-0"})).await;
    let row = |name: &str, modified: Value| json!({"name": name, "modified": modified, "po_no": "PO-1"});
    let documents = json!([row(&one, first), row(&two, second)]);
    let answer = place.call("update_bulk_documents", json!({"doctype": "Sales Order", "documents": documents})).await;
    assert_eq!(answer["updated"], json!([one, null]), "{answer}");
    assert!(answer["failed"][0]["error"].as_str().unwrap().contains("was changed since it was read"), "{answer}");
    assert_eq!(place.stored("Sales Order", &two)["po_no"], "PO-0");
}
