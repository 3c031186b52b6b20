//! A part of an order: delivered, billed, credited, paid.

use serde_json::{Value, json};

use super::Desk;
use crate::sandbox::COMPANY;

#[on_every_version]
async fn a_part_of_an_order_is_delivered_billed_and_credited() {
    let desk = Desk::open().await;
    let customer = desk.some("Customer", json!({}), 1).await.remove(0);
    let items = desk.some("Item", json!({"is_sales_item": 1, "has_variants": 0}), 2).await;
    let rows: Vec<Value> = items.iter().map(|item| json!({"item_code": item, "qty": 4, "rate": 50})).collect();
    let data = json!({"customer": customer, "company": COMPANY, "delivery_date": "2026-12-24", "items": rows});
    let order = desk.create("Sales Order", data).await;
    desk.submit("Sales Order", &order).await;

    let part = |rows: Value| json!({"doctype": "Sales Order", "name": order, "to": "Delivery Note", "rows": rows, "save": true});
    let before = desk.site.journal().len();
    for (rows, told) in [
        (json!([{"idx": 1, "qty": 5}]), "5 is more than the 4 that are left"),
        (json!([{"idx": 1, "qty": 1e308}]), "1e308 is more than the 4"),
        (json!([{"idx": 3}]), "there is no row 3; what is made has 2"),
        (json!([{"item_code": "Nothing"}]), "no row is of Nothing"),
        (json!([]), "rows: is empty"),
    ] {
        let text = desk.refusal("convert_document", part(rows)).await;
        assert!(text.contains(told), "{text}");
    }
    assert_eq!(desk.journal(before), Vec::<String>::new());
    let mut drawn = json!({"doctype": "Sales Order", "name": order, "to": "Delivery Note", "data": {"lr_no": "7"}});
    let whole = desk.call("convert_document", drawn.clone()).await;
    assert_eq!((&whole["draft"]["grand_total"], &whole["draft"]["total_qty"]), (&json!(400.0), &json!(8.0)), "{whole}");
    // What is left of the whole is nothing that anybody should read, or say yes to.
    drawn["data"] = json!({"items": {"patch": [{"idx": 1, "qty": 1}]}});
    let mut asked = part(json!([{"idx": 1.0, "qty": 1}]));
    asked["dry_run"] = json!(true);
    for (asked, shown) in [(drawn, "draft"), (asked, "would_create")] {
        let told = desk.call("convert_document", asked).await;
        let (draft, row) = (told[shown].as_object().unwrap(), told[shown]["items"][0].as_object().unwrap());
        assert_eq!(
            (row["qty"].as_f64(), row["rate"].as_f64(), row.get("amount")),
            (Some(1.0), Some(50.0), None),
            "{told}"
        );
        for total in ["total_qty", "total", "net_total", "grand_total", "rounded_total", "in_words"] {
            assert!(!draft.contains_key(total), "{total}: {told}");
        }
        assert!(told["note"].as_str().unwrap().contains("totals are left out"), "{told}");
    }
    // A row that is kept is patched by the number that it has in the whole draft, and one that is not is none.
    let mut second = part(json!([{"idx": 2, "qty": 3}]));
    second["save"] = json!(false);
    second["data"] = json!({"items": {"patch": [{"idx": 2, "description": "the second"}]}});
    let told = desk.call("convert_document", second.clone()).await;
    let row = &told["draft"]["items"][0];
    assert_eq!((&row["idx"], &row["item_code"]), (&json!(2), &json!(items[1])), "{told}");
    assert!(row["description"].to_string().contains("the second"), "{told}");
    second["data"] = json!({"items": {"patch": [{"idx": 1, "description": "the first"}]}});
    let text = desk.refusal("convert_document", second).await;
    assert!(text.contains("items.patch[0]"), "{text}");
    let done = desk.call("convert_document", part(json!([{"item_code": items[1], "qty": 3}]))).await;
    let note = done["created"].as_str().unwrap().to_owned();
    let stored = desk.get("Delivery Note", &note).await;
    let rows = stored["items"].as_array().unwrap();
    assert_eq!((rows.len(), &rows[0]["item_code"], &rows[0]["qty"]), (1, &json!(items[1]), &json!(3.0)), "{stored}");
    assert_eq!(stored["grand_total"], json!(150.0), "{stored}");
    desk.submit("Delivery Note", &note).await;
    assert_eq!(desk.get("Sales Order", &order).await["per_delivered"], json!(37.5));

    let invoice = desk.invoice().await;
    let credit = json!({"doctype": "Sales Invoice", "name": invoice, "to": "Credit Note", "rows": [{"idx": 1, "qty": 1}], "save": true});
    let credit = desk.call("convert_document", credit).await;
    let stored = desk.get("Sales Invoice", credit["created"].as_str().unwrap()).await;
    assert_eq!((&stored["items"][0]["qty"], &stored["grand_total"]), (&json!(-1.0), &json!(-25.0)), "{stored}");
}

#[on_every_version]
async fn a_payment_of_a_part_is_one_amount_and_a_draft_that_cannot_be_submitted_says_so() {
    let desk = Desk::open().await;
    let invoice = desk.invoice().await;
    let asked = |more: Value| {
        let mut asked = json!({"doctype": "Sales Invoice", "name": invoice, "to": "Payment Entry"});
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        asked
    };
    let text = desk.refusal("convert_document", asked(json!({"amount": 151}))).await;
    assert!(text.contains("151 is more than the 150 that is open"), "{text}");
    let shown = desk.call("convert_document", asked(json!({"amount": 60, "data": {"reference_no": "BT-3"}}))).await;
    assert_eq!(shown["draft"]["references"][0]["allocated_amount"], json!(60.0), "{shown}");
    assert!(shown.get("warnings").is_none(), "{shown}");
    let shown = desk.call("convert_document", asked(json!({"data": {"paid_amount": 60, "received_amount": 60}}))).await;
    let warnings = shown["warnings"].to_string();
    assert!(warnings.contains("150 is allocated and 60 paid") && warnings.contains("reference_no is empty"), "{shown}");
    let saved = json!({"amount": 60, "save": true, "data": {"reference_no": "BT-3", "reference_date": "2026-11-20"}});
    let payment = desk.call("convert_document", asked(saved)).await["created"].as_str().unwrap().to_owned();
    desk.submit("Payment Entry", &payment).await;
    assert_eq!(desk.get("Sales Invoice", &invoice).await["outstanding_amount"], json!(90.0));
}

#[on_every_version]
async fn what_is_withheld_of_a_document_is_told_by_no_payment_and_by_no_part_of_it() {
    use crate::sandbox::config;
    use crate::support::{all, app_of, call, refusal};
    let desk = Desk::open().await;
    let app = |doctype: &str, withheld: &str| {
        let mut doctypes = json!({ doctype: all() });
        doctypes[doctype]["restricted_fields"] = json!([withheld]);
        app_of(&config(&desk.site, "administrator", json!({"default": all(), "doctypes": doctypes})))
    };
    let invoice = desk.invoice().await;
    for withheld in ["outstanding_amount", "grand_total"] {
        let app = app("Sales Invoice", withheld);
        for amount in [json!(null), json!(1), json!(1e9)] {
            let asked = json!({"doctype": "Sales Invoice", "name": invoice, "to": "Payment Entry", "amount": amount});
            let text = refusal(&app, "convert_document", asked).await;
            let told = format!("now: it would tell {withheld} of Sales Invoice, which may not be read here.");
            assert!(text.contains(&told), "{amount}: {text}");
        }
        let listed = json!({"doctype": "Sales Invoice", "name": invoice});
        let listed = call(&app, "list_conversions", listed).await.unwrap();
        let ways = listed["conversions"].as_array().unwrap();
        let payment = ways.iter().find(|way| way["to"] == "Payment Entry").unwrap();
        assert_eq!(payment["possible"], json!(false), "{listed}");
    }
    // A payment that was made says in its rows what was open.
    let data = json!({"reference_no": "BT-3", "reference_date": "2026-11-20"});
    let payment = desk.convert("Sales Invoice", &invoice, "Payment Entry", data).await;
    let asked = json!({"doctype": "Payment Entry", "name": payment});
    let (shown, withheld) = ("outstanding_amount", "total_amount");
    assert!(desk.get("Payment Entry", &payment).await["references"][0][withheld].is_number());
    let told = call(&app("Sales Invoice", "grand_total"), "get_generic_document", asked).await.unwrap();
    let row = told["document"]["references"][0].as_object().unwrap();
    assert!(row.contains_key(shown) && !row.contains_key(withheld), "{told}");

    let customer = desk.some("Customer", json!({}), 1).await.remove(0);
    let items = desk.some("Item", json!({"is_sales_item": 1, "has_variants": 0}), 2).await;
    let rows: Vec<Value> = items.iter().map(|item| json!({"item_code": item, "qty": 4, "rate": 50})).collect();
    let data = json!({"customer": customer, "company": COMPANY, "delivery_date": "2026-12-24", "items": rows});
    let order = desk.create("Sales Order", data).await;
    desk.submit("Sales Order", &order).await;
    let part = |row: &Value| json!({"doctype": "Sales Order", "name": order, "to": "Delivery Note", "rows": [row]});
    for (withheld, right, wrong) in [
        ("items.item_code", json!({"item_code": items[0]}), json!({"item_code": "Nothing"})),
        ("items.qty", json!({"idx": 1, "qty": 4}), json!({"idx": 1, "qty": 5})),
        ("items", json!({"idx": 1}), json!({"idx": 9})),
    ] {
        let app = app("Sales Order", withheld);
        let told = refusal(&app, "convert_document", part(&right)).await;
        assert_eq!(told, refusal(&app, "convert_document", part(&wrong)).await, "{withheld}");
        assert!(told.contains("may not be read here"), "{withheld}: {told}");
    }
    let made = call(&app("Sales Order", "items.qty"), "convert_document", part(&json!({"idx": 2}))).await.unwrap();
    let rows = made["draft"]["items"].as_array().unwrap();
    assert_eq!((rows.len(), &rows[0]["item_code"], rows[0].get("qty")), (1, &json!(items[1]), None), "{made}");
}

#[on_every_version]
async fn a_part_of_what_a_supplier_sends_is_taxed_as_a_part() {
    let desk = Desk::open().await;
    let order = desk.some("Purchase Order", json!({"status": "To Receive and Bill"}), 1).await.remove(0);
    let part = json!({"doctype": "Purchase Order", "name": order, "to": "Purchase Receipt",
        "rows": [{"idx": 1, "qty": 1}], "save": true});
    let made = desk.call("convert_document", part).await;
    let number = |key: &str| made[key].as_f64().unwrap();
    let (grand, taxes) = (number("grand_total"), number("total_taxes_and_charges"));
    assert!((taxes - (grand - taxes) * 0.2).abs() < 0.01, "{made}");
}
