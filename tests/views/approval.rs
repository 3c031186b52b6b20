//! The approval card: it asks once, for exactly what it shows.

use serde_json::{Value, json};

use crate::desk::{Desk, data, shown, with};

const BUTTONS: &str = ".ask button";

/// A write that waits for an approval: the deletion of a draft.
async fn waiting(desk: &Desk) -> (String, Value) {
    let name = desk.first("Sales Order", json!({"docstatus": 0})).await;
    let scenario = desk.scenario("delete_sales_order_document", json!({"name": name})).await;
    (name, scenario)
}

#[tokio::test]
async fn approving_makes_the_same_call_with_the_token_of_the_preview_and_shows_what_came_of_it() {
    let desk = Desk::start().await;
    let (name, scenario) = waiting(&desk).await;
    let token = data(&scenario["result"])["confirm_token"].clone();
    assert!(token.is_string());
    let look = json!([{"read": "h1"}, {"read": "[role=status]"}, {"read": BUTTONS}, {"click": ".grave"}, {"read": "[role=alert]"}]);
    // A host that refuses the call: the card says so, and can be approved again.
    let seen = shown("approval", with(scenario.clone(), look));
    assert_eq!(seen.read(0), [format!("Delete Sales Order {name:?}")]);
    assert_eq!(seen.read(1), ["Waiting for approval"]);
    assert_eq!(seen.read(2), ["Approve", "Discard"]);
    assert_eq!(seen.read(3), ["the host does not allow it"]);
    let calls = seen.sent("tools/call");
    assert_eq!(
        calls,
        [&json!({"name": "delete_sales_order_document", "arguments": {"name": name, "confirm_token": token}})]
    );
    assert!(desk.site.stored("Sales Order", &name).is_some());
    // What the card asks for is what the server takes.
    let done = desk.call(calls[0]["name"].as_str().unwrap(), calls[0]["arguments"].clone()).await;
    assert!(desk.site.stored("Sales Order", &name).is_none());
    let mut scenario = scenario;
    scenario["answers"] = json!([{"result": done}]);
    let steps = json!([{"click": ".grave"}, {"read": "h1"}, {"read": "[role=status]"}, {"read": BUTTONS}]);
    let seen = shown("approval", with(scenario, steps));
    assert_eq!((seen.read(0), seen.read(1), seen.read(2).len()), (vec![name.as_str()], vec!["Deleted"], 0));
    let told = seen.sent("ui/update-model-context")[0]["content"][0]["text"].as_str().unwrap();
    assert!(told.starts_with(&format!("The user approved: delete Sales Order {name:?}.")), "{told}");
}

#[tokio::test]
async fn discarding_calls_nothing() {
    let desk = Desk::start().await;
    let (_, scenario) = waiting(&desk).await;
    let steps = json!([{"click": ".grave + button"}, {"read": "[role=status]"}, {"read": BUTTONS}]);
    let seen = shown("approval", with(scenario, steps));
    assert_eq!((seen.read(0), seen.read(1).len()), (vec!["Discarded"], 0));
    for method in ["tools/call", "ui/message", "ui/update-model-context"] {
        assert!(seen.sent(method).is_empty(), "{method}");
    }
}

#[tokio::test]
async fn where_the_host_lets_no_view_call_the_card_says_what_to_tell() {
    let desk = Desk::start().await;
    let (_, scenario) = waiting(&desk).await;
    let (mut no_tools, mut no_name) = (scenario.clone(), scenario);
    no_tools["capabilities"] = json!({});
    no_name["tool"] = Value::Null;
    for scenario in [no_tools, no_name] {
        let seen = shown("approval", with(scenario, json!([{"read": BUTTONS}, {"read": ".ask"}])));
        assert!(seen.read(0).is_empty());
        assert!(seen.read(1)[0].contains("say so in the conversation"), "{:?}", seen.read(1));
    }
}

#[tokio::test]
async fn an_error_or_a_newer_preview_takes_the_place_of_the_first() {
    let desk = Desk::start().await;
    let (name, mut scenario) = waiting(&desk).await;
    let error = desk.call("delete_sales_order_document", json!({"name": "nope"})).await;
    scenario["answers"] = json!([{"result": error}]);
    let steps = json!([{"click": ".grave"}, {"read": "[role=status]"}, {"read": "[role=alert]"}, {"read": BUTTONS}]);
    let seen = shown("approval", with(scenario.clone(), steps));
    assert_eq!((seen.read(0), seen.read(2).len()), (vec!["Failed"], 0));
    let told = error["content"][0]["text"]
        .as_str()
        .unwrap()
        .split("\nexc_type: ")
        .next()
        .unwrap()
        .split("\nnext: ")
        .next()
        .unwrap();
    assert_eq!(seen.read(1), [told]);
    // The document was changed meanwhile: the server shows it anew, and the card asks anew.
    let newer = desk.call("delete_sales_order_document", json!({"name": name, "confirm_token": "old"})).await;
    let token = data(&newer)["confirm_token"].clone();
    scenario["answers"] = json!([{"result": newer}]);
    let steps = json!([{"click": ".grave"}, {"read": ".foot"}, {"click": ".grave"}]);
    let seen = shown("approval", with(scenario.clone(), steps));
    assert!(seen.read(0)[0].contains("has changed or expired"), "{:?}", seen.read(0));
    assert_eq!(seen.sent("tools/call")[1]["arguments"]["confirm_token"], token);
    assert!(seen.sent("ui/update-model-context").is_empty(), "nothing that was done was approved");
    // Any other note says nothing of the kind.
    let mut noted = data(&scenario["result"]);
    noted["note"] = json!("fields that hold 0 are left out");
    scenario["result"]["content"][0]["text"] = json!(noted.to_string());
    let seen = shown("approval", with(scenario, json!([{"read": ".foot"}])));
    assert_eq!(seen.read(0), ["Fields that hold 0 are left out"]);
}

#[tokio::test]
async fn what_links_to_a_document_that_would_be_deleted_is_told_by_name() {
    let desk = Desk::start().await;
    let customer = desk.first("Customer", json!({})).await;
    let customer = desk.data("get_customer_document", json!({"name": customer, "fields": ["customer_group"]})).await;
    let group = json!({"doctype": "Customer Group", "name": customer["document"]["customer_group"]});
    let scenario = desk.scenario("delete_generic_document", group).await;
    let linked = data(&scenario["result"])["linked_from"].clone();
    let customers = linked.as_array().unwrap().iter().find(|entry| entry["doctype"] == "Customer").unwrap();
    let line = format!("Customer ({}): {}", customers["count"], customers["documents"][0]["name"].as_str().unwrap());
    let steps = json!([{"read": "main li"}, {"read": "main h2"}, {"read": "main th"}]);
    let seen = shown("approval", with(scenario, steps));
    assert!(seen.read(0).iter().any(|text| text.starts_with(&line)), "{line}: {:?}", seen.read(0));
    assert!(seen.read(1).contains(&"Documents that link to it"), "{:?}", seen.read(1));
    assert!(seen.read(2).is_empty(), "no columns of the program's own: {:?}", seen.read(2));
}

#[tokio::test]
async fn a_write_is_shown_from_what_to_what_before_and_after() {
    let desk = Desk::start().await;
    let name = desk.first("Sales Order", json!({"docstatus": 0})).await;
    let change = json!({"po_no": "PO-77", "items": {"patch": [{"idx": 1, "qty": 42}]}});
    let dry = json!({"name": name, "data": change, "dry_run": true});
    let steps = json!([{"read": "[role=status]"}, {"read": "tbody tr"}, {"read": BUTTONS}, {"read": "details summary"}, {"read": ".sum"}, {"read": "main > p"}]);
    let dry = desk.scenario("update_sales_order_document", dry).await;
    let done = desk.scenario("update_sales_order_document", json!({"name": name, "data": change})).await;
    for (scenario, state, besides) in [(dry, "Dry run: nothing was sent", 0), (done, "Updated", 1)] {
        let seen = shown("approval", with(scenario, steps.clone()));
        assert_eq!(seen.read(0), [state]);
        let rows = seen.read(1);
        assert_eq!(rows[0], "Customer's Purchase Order–PO-77", "{rows:?}");
        assert!(
            rows[1].starts_with("Items: row 1 · ") && rows[2].starts_with("Quantity") && rows[2].ends_with("42"),
            "{rows:?}"
        );
        assert!(seen.read(2).is_empty(), "nothing is asked");
        assert_eq!(seen.read(3).len(), besides, "what the site changed besides");
        assert_eq!(seen.read(4).len(), besides, "what the order comes to by the change");
        assert_eq!(seen.read(5).first(), Some(&"Update Sales Order"));
    }
}

#[tokio::test]
async fn the_draft_of_a_conversion_is_shown_as_a_document_and_made_by_its_button() {
    let desk = Desk::start().await;
    let unbilled = json!({"docstatus": 1, "per_billed": 0, "status": ["not in", ["Closed", "On Hold"]]});
    let order = desk.first("Sales Order", unbilled).await;
    let convert = json!({"doctype": "Sales Order", "name": order, "to": "Sales Invoice"});
    let mut scenario = desk.scenario("convert_document", convert.clone()).await;
    let draft = data(&scenario["result"])["draft"].clone();
    let mut save = convert;
    save["save"] = json!(true);
    let done = desk.call("convert_document", save.clone()).await;
    let created = data(&done)["created"].as_str().unwrap().to_owned();
    scenario["answers"] = json!([{"result": done}]);
    let steps = json!([
        {"read": "main > p"}, {"read": "h1"}, {"read": "[role=status]"}, {"read": ".sums dt"}, {"read": "main > dl > div > dt"},
        {"read": "[aria-label=Items] th"}, {"read": BUTTONS}, {"click": ".first"}, {"read": "h1"}, {"read": "[role=status]"},
        {"read": "main > p"}, {"read": ".address"},
    ]);
    let seen = shown("draft", with(scenario.clone(), steps));
    assert_eq!(seen.read(0)[0], format!("New Sales Invoice from Sales Order {order}"));
    assert_eq!(
        (seen.read(1), seen.read(2)),
        (vec![draft["customer_name"].as_str().unwrap()], vec!["Nothing is stored yet"])
    );
    assert_eq!(seen.read(3), ["Grand Total", "Outstanding Amount"]);
    // The labels are those of the invoice, which is what is shown.
    assert!(seen.read(4).starts_with(&["Date", "Payment Due Date"]), "{:?}", seen.read(4));
    assert!(
        ["Item", "Quantity", "Rate", "Amount"].iter().all(|head| seen.read(5).contains(head)),
        "{:?}",
        seen.read(5)
    );
    assert_eq!(seen.read(6), ["Create draft", "Discard"]);
    assert_eq!(seen.sent("tools/call"), [&json!({"name": "convert_document", "arguments": save})]);
    assert_eq!((seen.read(7), seen.read(8)), (vec![created.as_str()], vec!["Created"]));
    assert_eq!(seen.read(9)[0], format!("Sales Invoice from Sales Order {order}"));
    assert!(seen.read(10)[0].ends_with(&format!("/app/sales-invoice/{created}")), "{:?}", seen.read(10));
    // An answer that never came may have been that it was created: once more would make another.
    scenario["answers"] = json!([]);
    let steps = json!([{"click": ".first"}, {"read": "[role=status]"}, {"read": "[role=alert]"}, {"read": BUTTONS}]);
    let seen = shown("draft", with(scenario.clone(), steps));
    assert_eq!((seen.read(0), seen.read(2).len()), (vec!["Not known"], 0));
    assert!(seen.read(1)[0].contains("look for it before"), "{:?}", seen.read(1));
    scenario["capabilities"] = json!({});
    let seen = shown("draft", with(scenario, json!([{"read": BUTTONS}, {"read": ".ask"}])));
    assert!(seen.read(0).is_empty() && seen.read(1)[0].contains("To create it, say so"), "{:?}", seen.read(1));
}

#[tokio::test]
async fn what_would_be_created_is_a_document_and_what_was_done_is_told_in_one_block() {
    let desk = Desk::start().await;
    let (customer, item) =
        (desk.first("Customer", json!({})).await, desk.first("Item", json!({"is_sales_item": 1})).await);
    let order = json!({"customer": customer, "delivery_date": "2027-01-01", "items": [{"item_code": item, "qty": 2}]});
    let dry = desk.scenario("create_sales_order_document", json!({"data": order, "dry_run": true})).await;
    let steps = json!([{"read": "main > p"}, {"read": "h1"}, {"read": "[aria-label=Items] td"}, {"read": BUTTONS}]);
    let seen = shown("dry", with(dry, steps));
    assert_eq!((seen.read(0), seen.read(1)), (vec!["New Sales Order"], vec![customer.as_str()]));
    assert_eq!((seen.read(2), seen.read(3).len()), (vec![item.as_str(), "2"], 0));
    let draft = desk.first("Sales Order", json!({"docstatus": 0})).await;
    let submitted = desk.scenario("submit_sales_order_document", json!({"name": draft})).await;
    let total = data(&submitted["result"])["grand_total"].as_f64().unwrap();
    let seen = shown("submitted", with(submitted, json!([{"read": "main > dl dt"}, {"read": "main > dl dd"}])));
    assert!(seen.read(0).contains(&"Customer Name") && !seen.read(0).contains(&"Currency"), "{:?}", seen.read(0));
    let told: Vec<String> = seen.read(1).iter().map(|text| text.replace(',', "")).collect();
    assert!(told.contains(&format!("{total:.2} EUR")), "{told:?}");
}

#[tokio::test]
async fn what_is_decided_on_is_shown_whole_below_the_question() {
    let desk = Desk::start().await;
    let (customer, item) =
        (desk.first("Customer", json!({})).await, desk.first("Item", json!({"is_sales_item": 1})).await);
    let row = json!({"item_code": item, "qty": 2, "rate": 0, "discount_percentage": 100});
    let order = json!({"customer": customer, "delivery_date": "2027-01-01", "currency": "USD", "items": [row]});
    let mut scenario = desk.scenario("create_sales_order_document", json!({"data": order, "dry_run": true})).await;
    let mut waits = data(&scenario["result"]);
    let would = waits["would_create"].as_object_mut().unwrap();
    would.extend(
        json!({"name": "SO-9", "docstatus": 1, "workflow_state": "Sent", "language": "en"})
            .as_object()
            .unwrap()
            .clone(),
    );
    waits.as_object_mut().unwrap().remove("dry_run");
    (waits["not_done_yet"], waits["confirm_token"]) = (json!("create a Sales Order"), json!("t"));
    scenario["result"]["content"][0]["text"] = json!(waits.to_string());
    let steps = json!([
        {"read": "main > p"}, {"read": "h1"}, {"read": ".head .pill"}, {"read": "main > dl dd"}, {"read": "[aria-label=Items] td"},
        {"read": "details[open] dd"}, {"read": BUTTONS},
    ]);
    let seen = shown("whole", with(scenario.clone(), steps.clone()));
    assert_eq!((seen.read(0), seen.read(1)), (vec!["New Sales Order"], vec!["Create a Sales Order"]));
    assert_eq!(seen.read(2), ["Waiting for approval", "Sent"]);
    // No sum says the currency, and no heading whose it is.
    assert_eq!(seen.read(3), ["SO-9", "Submitted", customer.as_str(), "1 Jan 2027", "USD"]);
    assert!(["0.00", "100%"].iter().all(|told| seen.read(4).contains(told)), "{:?}", seen.read(4));
    assert_eq!((seen.read(5), seen.read(6)), (vec!["en"], vec!["Approve", "Discard"]));
    // What a sum says is not said again.
    waits["would_create"]["grand_total"] = json!(7);
    scenario["result"]["content"][0]["text"] = json!(waits.to_string());
    let seen = shown("summed", with(scenario, steps));
    assert_eq!(seen.read(3), ["SO-9", "Submitted", customer.as_str(), "1 Jan 2027"]);
}

#[tokio::test]
async fn a_batch_is_told_by_document_and_in_columns_and_never_as_json() {
    let desk = Desk::start().await;
    let change =
        json!({"doctype": "Customer", "where": {"territory": "North"}, "data": {"website": "https://x.example"}});
    let update = desk.scenario("update_bulk_documents", change).await;
    let rows = data(&update["result"])["rows"].clone();
    let names: Vec<&str> = rows.as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    let steps = json!([{"read": "th[scope=rowgroup]"}, {"read": "ins"}, {"read": "h2"}, {"read": "main"}]);
    let seen = shown("update", with(update, steps.clone()));
    assert_eq!(seen.read(0), names);
    assert!(seen.read(1).len() == names.len() && seen.read(1).iter().all(|told| *told == "https://x.example"));
    assert_eq!(seen.read(2), [format!("Documents ({})", names.len())]);
    assert!(!seen.read(3)[0].contains(['{', '"']), "{:?}", seen.read(3));
    let documents = json!([{"description": "one"}, {"description": "two"}]);
    let create = json!({"doctype": "ToDo", "documents": documents, "dry_run": true});
    let create = desk.scenario("create_bulk_documents", create).await;
    let seen = shown("create", with(create, json!([{"read": "th"}, {"read": "td"}, {"read": "main"}])));
    assert_eq!((seen.read(0), seen.read(1)), (vec!["Description"], vec!["one", "two"]));
    assert!(!seen.read(2)[0].contains('{'), "{:?}", seen.read(2));
}
