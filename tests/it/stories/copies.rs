//! Copies of documents, documents that are there twice, and rows that are changed or made by a unique field.

use serde_json::{Value, json};

use super::Desk;
use crate::sandbox::{COMPANY, site, site_as};
use crate::support::{all, call, refusal};

const COPY: &str = "duplicate_document";
const FIND: &str = "find_duplicates";
const UPSERT: &str = "upsert_bulk_documents";

#[on_every_version]
async fn a_copy_is_the_desks_and_shown_first() {
    let desk = Desk::open().await;
    let invoice = desk.invoice().await;
    let before = desk.site.journal().len();
    let mut copy = json!({"doctype": "Sales Invoice", "name": invoice});
    let shown = desk.call(COPY, copy.clone()).await;
    assert_eq!(desk.journal(before), Vec::<String>::new());
    let draft = &shown["draft"];
    assert_eq!(draft["items"].as_array().unwrap().len(), 2, "{shown}");
    for old in ["name", "docstatus", "amended_from", "naming_series", "status", "outstanding_amount"] {
        assert_eq!(draft.get(old), None, "{old}: {shown}");
    }
    assert!(shown["next"].as_str().unwrap().contains("save: true"), "{shown}");
    copy["save"] = json!(true);
    copy["data"] = json!({"due_date": "2027-01-31", "items": {"patch": [{"idx": 1, "qty": 7}]}});
    let made = desk.call(COPY, copy).await;
    assert_eq!(desk.journal(before), ["insert Sales Invoice"]);
    let (old, new) = (desk.get("Sales Invoice", &invoice).await, made["created"].as_str().unwrap().to_owned());
    let new = desk.get("Sales Invoice", &new).await;
    assert_eq!(
        (&new["docstatus"], &new["due_date"], &new["customer"]),
        (&json!(0), &json!("2027-01-31"), &old["customer"])
    );
    assert_eq!((&new["items"][0]["qty"], &new["items"][1]["qty"]), (&json!(7.0), &old["items"][1]["qty"]));
    assert_eq!(new["items"][0]["item_code"], old["items"][0]["item_code"]);
    assert_ne!(new["items"][0]["name"], old["items"][0]["name"]);
}

#[on_every_version]
async fn a_copy_has_a_name_of_its_own() {
    let desk = Desk::open().await;
    let item = desk.some("Item", json!({"is_sales_item": 1, "has_variants": 0}), 1).await.remove(0);
    let text = desk.refusal(COPY, json!({"doctype": "Item", "name": item, "save": true})).await;
    assert!(text.contains("data.item_code") && text.contains("needs a name of its own"), "{text}");
    let copy = json!({"doctype": "Item", "name": item, "save": true, "data": {"item_code": "COPY-1"}});
    assert_eq!(desk.call(COPY, copy.clone()).await["created"], "COPY-1");
    let (old, new) = (desk.get("Item", &item).await, desk.get("Item", "COPY-1").await);
    assert_eq!((&new["item_group"], &new["stock_uom"]), (&old["item_group"], &old["stock_uom"]));
    let text = desk.refusal(COPY, copy).await;
    assert!(text.contains("COPY-1"), "{text}");
    for (arguments, wanted) in [
        (json!({"doctype": "Item", "name": "nothing", "data": {"item_code": "x"}}), "nothing"),
        (
            json!({"doctype": "Item", "name": item, "data": {"item_code": "x", "item_grp": "y"}}),
            "did you mean item_group?",
        ),
        (json!({"doctype": "System Settings", "name": "System Settings"}), "is a Single"),
    ] {
        let text = desk.refusal(COPY, arguments.clone()).await;
        assert!(text.contains(wanted), "{arguments}: {text}");
    }
}

#[on_every_version]
async fn what_is_withheld_is_in_no_copy() {
    let mut rule = all();
    rule["restricted_fields"] = json!(["tax_id"]);
    let (site, app) = site(json!({"doctypes": {"Customer": rule}})).await;
    let customer = json!({"doctype": "Customer", "customer_name": "With number", "tax_id": "canary-7", "customer_type": "Company"});
    let made = site.with(|site| site.insert(customer.as_object().unwrap().clone())).unwrap();
    let copy = json!({"doctype": "Customer", "name": made["name"], "save": true, "data": {"customer_name": "Without"}});
    let answer = call(&app, COPY, copy).await.unwrap();
    assert!(answer["left_out"].as_array().unwrap().contains(&json!("tax_id")), "{answer}");
    let name = answer["created"].as_str().unwrap();
    let stored = site.with(|site| site.load("Customer", name)).unwrap();
    assert!(stored.get("tax_id").is_none_or(|value| value.is_null() || *value == ""), "{stored:?}");
    assert_eq!(stored["customer_type"], "Company");
}

#[on_every_version]
async fn documents_that_say_the_same_are_found_together() {
    let desk = Desk::open().await;
    for (name, tax) in
        [("Dupli Parts Ltd.", "DE 1"), ("DUPLI PARTS Limited", "de-1"), ("Dupli Other", ""), ("Parts, Dupli", "DE 2")]
    {
        desk.create("Customer", json!({"customer_name": name, "tax_id": tax})).await;
    }
    let asked = json!({"doctype": "Customer", "filters": {"customer_name": ["like", "%dupli%"]}});
    let answer = desk.call(FIND, asked).await;
    assert_eq!((&answer["looked_at"], &answer["shown"]), (&json!(4), &json!("all 2")), "{answer}");
    let titles = |group: &Value| -> Vec<String> {
        let documents = group["documents"].as_array().unwrap().iter();
        let mut titles: Vec<String> = documents
            .map(|document| document.get("title").unwrap_or(&document["name"]).as_str().unwrap().to_owned())
            .collect();
        titles.sort_unstable();
        titles
    };
    let groups = answer["groups"].as_array().unwrap();
    let by_name = groups.iter().find(|group| group["same"] == json!(["customer_name"])).unwrap();
    assert_eq!(titles(by_name), ["DUPLI PARTS Limited", "Dupli Parts Ltd.", "Parts, Dupli"]);
    let by_number = groups.iter().find(|group| group["same"] == json!(["tax_id"])).unwrap();
    assert_eq!(titles(by_number), ["DUPLI PARTS Limited", "Dupli Parts Ltd."]);
    assert!(answer["compared"]["tax_id"].is_string(), "{answer}");

    let asked = json!({"doctype": "Customer", "fields": ["customer_group"], "limit": 1});
    let answer = desk.call(FIND, asked).await;
    assert!(answer["groups"][0]["count"].as_u64().unwrap() > 1, "{answer}");
    for (arguments, wanted) in [
        (json!({"doctype": "Customer", "fields": ["tax_idd"]}), "did you mean tax_id?"),
        (json!({"doctype": "GL Entry"}), "name some"),
        (json!({"doctype": "Sales Order Item"}), "is a child table"),
    ] {
        let text = desk.refusal(FIND, arguments.clone()).await;
        assert!(text.contains(wanted), "{arguments}: {text}");
    }
}

#[on_every_version]
async fn what_is_withheld_tells_no_duplicates() {
    let rule = json!({"read": true, "restricted_fields": ["tax_id"]});
    let (site, app) = site_as("administrator", json!({"doctypes": {"Customer": rule}})).await;
    for name in ["One", "Two"] {
        let customer = json!({"doctype": "Customer", "customer_name": format!("Number {name}"), "tax_id": "same"});
        site.with(|site| site.insert(customer.as_object().unwrap().clone())).unwrap();
    }
    let filters = json!({"customer_name": ["like", "Number %"]});
    let answer = call(&app, FIND, json!({"doctype": "Customer", "filters": filters})).await.unwrap();
    assert_eq!((&answer["groups"], answer["compared"].get("tax_id")), (&json!([]), None), "{answer}");
    let text = refusal(&app, FIND, json!({"doctype": "Customer", "fields": ["tax_id"]})).await;
    assert!(text.contains("does not permit reading it"), "{text}");
}

#[on_every_version]
async fn rows_are_changed_or_made_by_a_unique_field() {
    let desk = Desk::open().await;
    let item = desk.some("Item", json!({"is_sales_item": 1, "has_variants": 0}), 1).await.remove(0);
    let group = desk.get("Item", &item).await["item_group"].clone();
    let rows = json!([
        {"item_code": item, "description": "changed"},
        {"item_code": "NEW-1", "item_group": group, "stock_uom": "Nos"},
        {"item_code": "NEW-2", "item_group": group, "stock_uom": "Nos"},
    ]);
    let before = desk.site.journal().len();
    let mut upsert = json!({"doctype": "Item", "by": "item_code", "documents": rows});
    let asked = desk.call(UPSERT, upsert.clone()).await;
    assert_eq!((&asked["will_create"], &asked["will_update"]), (&json!(2), &json!(1)), "{asked}");
    assert!(
        asked["rows"][0].get("would_change").is_some() && asked["rows"][1].get("would_create").is_some(),
        "{asked}"
    );
    assert_eq!(desk.journal(before), Vec::<String>::new());
    upsert["confirm_token"] = asked["confirm_token"].clone();
    let answer = desk.call(UPSERT, upsert.clone()).await;
    assert_eq!(answer["done"], 3, "{answer}");
    assert_eq!((&answer["created"], &answer["updated"]), (&json!(["NEW-1", "NEW-2"]), &json!([item])), "{answer}");
    assert!(desk.get("Item", &item).await["description"].as_str().unwrap().contains("changed"));
    // Done again, all of them are there.
    upsert.as_object_mut().unwrap().remove("confirm_token");
    upsert["documents"] =
        json!([{"item_code": "new-1", "description": "x"}, {"item_code": "NEW-2", "description": "x"}]);
    let asked = desk.call(UPSERT, upsert).await;
    assert_eq!((&asked["will_create"], &asked["will_update"]), (&json!(0), &json!(2)), "{asked}");

    // One confirmation covers no more rows than were shown.
    let long = |at: usize| json!({"item_code": format!("LONG-{at}"), "item_group": group, "stock_uom": "Nos", "description": "long ".repeat(200)});
    let many: Vec<Value> = (0..40).map(long).collect();
    let mut upsert = json!({"doctype": "Item", "by": "item_code", "documents": many});
    let before = desk.site.journal().len();
    let asked = desk.call(UPSERT, upsert.clone()).await;
    let shown = asked["rows"].as_array().unwrap().len();
    assert!((1..40).contains(&shown) && asked["documents"] == json!(shown) && asked["left"].is_string(), "{asked}");
    assert_eq!((&asked["will_create"], &asked["will_update"]), (&json!(shown), &json!(0)), "{asked}");
    upsert["confirm_token"] = asked["confirm_token"].clone();
    let answer = desk.call(UPSERT, upsert).await;
    assert_eq!((&answer["done"], desk.journal(before).len()), (&json!(shown), shown), "{answer}");
    let stopped = &answer["stopped"];
    assert!(stopped["next"].as_str().unwrap().contains(&format!("documents[{shown}]")), "{answer}");
    assert_eq!((&stopped["left"], stopped.get("start_at")), (&json!(40 - shown), None), "{answer}");

    let known = desk.some("Customer", json!({}), 1).await.remove(0);
    let by_name = |name: &str| json!({"doctype": "Customer", "by": "name", "documents": [{"name": name, "website": "x.example"}]});
    let asked = desk.call(UPSERT, by_name(&known)).await;
    assert_eq!((&asked["will_create"], &asked["will_update"]), (&json!(0), &json!(1)), "{asked}");

    let customer = json!({"customer_name": "x", "company": COMPANY});
    let before = desk.site.journal().len();
    for (arguments, wanted) in [
        (json!({"doctype": "Item", "by": "item_name", "documents": rows}), "two documents may have the same value"),
        (json!({"doctype": "Item", "by": "item_cod", "documents": rows}), "did you mean item_code?"),
        (by_name("Nobody Ltd."), "documents[0].name: there is no Customer named \"Nobody Ltd.\""),
        (
            json!({"doctype": "Item", "by": "item_code", "documents": [{"item_code": "A"}, {"item_code": "a"}]}),
            "is in an earlier row too",
        ),
        (
            json!({"doctype": "Item", "by": "item_code", "documents": [{"description": "x"}]}),
            "tells which document it is",
        ),
        (
            json!({"doctype": "Item", "by": "item_code", "documents": [{"item_code": "NEW-9"}]}),
            "documents[0].item_group",
        ),
        (json!({"doctype": "Customer", "by": "customer_name", "documents": [customer]}), "customer_name"),
    ] {
        let text = desk.refusal(UPSERT, arguments.clone()).await;
        assert!(text.contains(wanted), "{arguments}: {text}");
    }
    assert_eq!(desk.journal(before), Vec::<String>::new());
}
