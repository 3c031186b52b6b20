//! What is doubted of a draft by what the site holds beside it: too little in stock, a price far from the last or other
//! than was agreed, a closed day.

use erpnext_sandbox::{Fault, FaultKind};
use serde_json::{Value, json};

use super::{Desk, app};
use crate::sandbox::{COMPANY, config};
use crate::support::{Version, all, app_of, call, version};

/// What is doubted of a draft, as one text.
async fn doubts(desk: &Desk, doctype: &str, name: &str) -> String {
    let shown = desk.call("submit_document", json!({"doctype": doctype, "name": name, "dry_run": true})).await;
    shown.get("warnings").unwrap_or(&Value::Null).to_string()
}

/// The same where only these DocTypes are permitted.
async fn doubts_within(desk: &Desk, doctypes: Value, doctype: &str, name: &str) -> String {
    let app = app_of(&config(&desk.site, "administrator", json!({"doctypes": doctypes})));
    let dry = json!({"doctype": doctype, "name": name, "dry_run": true});
    let shown = call(&app, "submit_document", dry).await.unwrap();
    shown.get("warnings").unwrap_or(&Value::Null).to_string()
}

/// Sets fields past the policy, which opens no settings by default.
async fn set(desk: &Desk, doctype: &str, name: &str, data: Value) {
    let app = app_of(&config(&desk.site, "administrator", json!({"doctypes": {doctype: all()}})));
    let change = json!({"doctype": doctype, "name": name, "data": data});
    call(&app, "update_generic_document", change).await.unwrap();
}

#[on_every_version]
async fn what_is_not_in_stock_is_told_before_it_leaves_a_warehouse() {
    const TOO_MUCH: &str = "would leave";
    let desk = Desk::open().await;
    let stocked = json!({"actual_qty": [">", 5], "warehouse": ["like", "Main Store%"]});
    let bin = desk.some("Bin", stocked, 1).await.remove(0);
    let bin = desk.get("Bin", &bin).await;
    let (item, store) = (bin["item_code"].as_str().unwrap(), bin["warehouse"].as_str().unwrap());
    let there = bin["actual_qty"].as_f64().unwrap();
    let customer = desk.some("Customer", json!({}), 1).await.remove(0);
    let row = |qty: f64| json!({"item_code": item, "warehouse": store, "qty": qty, "rate": 10});
    let service = json!({"item_code": "SRV-PLAN", "warehouse": store, "qty": 2, "rate": 75});
    let note = |rows: Value| json!({"customer": customer, "company": COMPANY, "items": rows});
    // Each row by itself is there, both are not; a service is in no warehouse.
    let short = desk.create("Delivery Note", note(json!([row(there - 1.0), row(8.0), service]))).await;
    let told = doubts(&desk, "Delivery Note", &short).await;
    let expected = format!("{} of {item} would leave {store}, where there is {there} now", there + 7.0);
    assert!(told.contains(&expected) && !told.contains("SRV-PLAN"), "{told}");
    let enough = desk.create("Delivery Note", note(json!([row(there)]))).await;
    let told = doubts(&desk, "Delivery Note", &enough).await;
    assert!(!told.contains(TOO_MUCH), "{told}");

    // The draft of the next document says so too.
    let mut order = note(json!([row(there + 7.0)]));
    order["delivery_date"] = json!("2026-12-24");
    let order = desk.create("Sales Order", order).await;
    desk.submit("Sales Order", &order).await;
    let next = json!({"doctype": "Sales Order", "name": order, "to": "Delivery Note"});
    let drawn = desk.call("convert_document", next).await;
    assert!(drawn["warnings"].to_string().contains(&expected), "{drawn}");

    // What may not be read raises no doubt, and what is out of sight is not told of.
    let hidden = json!({"read": true, "restricted_fields": ["actual_qty"]});
    let scoped = json!({"read": true, "conditions": {"read": {"company": [COMPANY]}}});
    for (more, is_told) in [
        (json!({}), false),
        (json!({"Bin": hidden}), false),
        (json!({"Bin": {"read": true}, "Warehouse": scoped}), false),
        (json!({"Bin": {"read": true}}), true),
    ] {
        let mut doctypes = json!({"Delivery Note": all()});
        doctypes.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let told = doubts_within(&desk, doctypes, "Delivery Note", &short).await;
        assert_eq!(told.contains(TOO_MUCH), is_told, "{more}: {told}");
    }

    // Where it may fall below 0, nothing is to be doubted: for the item, or on the whole site.
    for (doctype, name) in [("Item", item), ("Stock Settings", "Stock Settings")] {
        set(&desk, doctype, name, json!({"allow_negative_stock": 1})).await;
        let told = doubts(&desk, "Delivery Note", &short).await;
        assert!(!told.contains(TOO_MUCH), "{doctype}: {told}");
        set(&desk, doctype, name, json!({"allow_negative_stock": 0})).await;
    }
    let told = doubts(&desk, "Delivery Note", &short).await;
    assert!(told.contains(TOO_MUCH), "{told}");
}

#[on_every_version]
async fn a_price_far_from_the_last_is_told_in_the_same_unit_and_currency() {
    const FAR: &str = "is far from the";
    let desk = Desk::open().await;
    let item = desk.some("Item", json!({"is_sales_item": 1, "has_variants": 0}), 1).await.remove(0);
    let customer = desk.some("Customer", json!({}), 1).await.remove(0);
    let order = async |rate: f64, more: Value| {
        let row = json!({"item_code": item, "qty": 1, "rate": rate});
        let mut data = json!({"customer": customer, "company": COMPANY, "delivery_date": "2026-12-24", "items": [row]});
        data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        desk.create("Sales Order", data).await
    };
    let last = order(100.0, json!({})).await;
    desk.submit("Sales Order", &last).await;
    let expected = format!("row 1: the rate of {item}, 151, is far from the 100 in the last Sales Order of {customer}");
    let far = order(151.0, json!({})).await;
    let told = doubts(&desk, "Sales Order", &far).await;
    assert!(told.contains(&expected), "{told}");
    for (rate, more) in [(149.0, json!({})), (400.0, json!({"currency": "USD", "conversion_rate": 2}))] {
        let near = order(rate, more.clone()).await;
        let told = doubts(&desk, "Sales Order", &near).await;
        assert!(!told.contains("in the last"), "{rate} {more}: {told}");
    }
    // Ten of them in a box for the price of ten.
    let boxed = order(1000.0, json!({})).await;
    let row = desk.get("Sales Order", &boxed).await["items"][0]["name"].as_str().unwrap().to_owned();
    let unit = json!({"uom": "Box", "conversion_factor": 10.0});
    desk.site.with(|site| site.set("Sales Order Item", &row, unit.as_object().unwrap())).unwrap();
    let told = doubts(&desk, "Sales Order", &boxed).await;
    assert!(!told.contains(FAR), "{told}");

    let mut hidden = all();
    hidden["restricted_fields"] = json!(["items.rate"]);
    for (rule, is_told) in [(hidden, false), (all(), true)] {
        let told = doubts_within(&desk, json!({"Sales Order": rule}), "Sales Order", &far).await;
        assert_eq!(told.contains(FAR), is_told, "{told}");
    }

    // Of whom nothing was bought yet, what was paid to others counts.
    let supplier = desk.create("Supplier", json!({"supplier_name": "New Mill"})).await;
    let bought = json!({"last_purchase_rate": 10.0});
    desk.site.with(|site| site.set("Item", &item, bought.as_object().unwrap())).unwrap();
    let row = json!({"item_code": item, "qty": 1, "rate": 20, "schedule_date": "2026-12-24"});
    let data = json!({"supplier": supplier, "company": COMPANY, "schedule_date": "2026-12-24", "items": [row]});
    let purchase = desk.create("Purchase Order", data).await;
    let told = doubts(&desk, "Purchase Order", &purchase).await;
    let expected = format!("the rate of {item}, 20, is far from the 10 at which it was bought last");
    assert!(told.contains(&expected), "{told}");
}

#[on_every_version]
async fn a_price_of_a_first_sale_is_held_against_the_last_to_others_and_the_price_list() {
    let desk = Desk::open().await;
    let named = json!({"item_code": "LAMP-1", "item_name": "Lamp", "item_group": "Lighting", "stock_uom": "Nos", "is_stock_item": 0});
    let item = desk.create("Item", named).await;
    let order = async |customer: &str, rate: f64| {
        let row = json!({"item_code": item, "qty": 1, "rate": rate});
        let data = json!({"customer": customer, "company": COMPANY, "delivery_date": "2026-12-24", "items": [row]});
        let order = desk.create("Sales Order", data).await;
        let row = desk.get("Sales Order", &order).await["items"][0]["name"].as_str().unwrap().to_owned();
        let listed = json!({"price_list_rate": 40});
        desk.site.with(|site| site.set("Sales Order Item", &row, listed.as_object().unwrap())).unwrap();
        order
    };
    let customers = desk.some("Customer", json!({}), 2).await;
    // Sold to nobody: what the list says.
    let first = order(&customers[0], 90.0).await;
    let told = doubts(&desk, "Sales Order", &first).await;
    let expected = format!("row 1: the rate of {item}, 90, is far from the 40 of the price list");
    assert!(told.contains(&expected), "{told}");
    desk.submit("Sales Order", &first).await;
    // Sold to another.
    let far = order(&customers[1], 40.0).await;
    let told = doubts(&desk, "Sales Order", &far).await;
    let expected = format!("the rate of {item}, 40, is far from the 90 in the last Sales Order that has it");
    assert!(told.contains(&expected) && !told.contains(&customers[0]), "{told}");
    let near = order(&customers[1], 80.0).await;
    let told = doubts(&desk, "Sales Order", &near).await;
    assert!(!told.contains("is far from"), "{told}");
    // What of others may not be read is not told of.
    let scoped = json!({"read": true, "submit": true, "conditions": {"read": {"customer": customers[1]}}});
    let told = doubts_within(&desk, json!({"Sales Order": scoped}), "Sales Order", &far).await;
    assert!(!told.contains("is far from"), "{told}");
}

#[on_every_version]
async fn what_differs_from_what_was_offered_or_ordered_is_told() {
    const OTHER: &str = "is not the";
    let desk = Desk::open().await;
    let item = desk.some("Item", json!({"is_sales_item": 1, "has_variants": 0}), 1).await.remove(0);
    let customer = desk.some("Customer", json!({}), 1).await.remove(0);
    let offered = json!({"quotation_to": "Customer", "party_name": customer, "company": COMPANY,
        "items": [{"item_code": item, "qty": 2, "rate": 100}]});
    let offer = desk.create("Quotation", offered).await;
    desk.submit("Quotation", &offer).await;
    let order = desk.convert("Quotation", &offer, "Sales Order", json!({"delivery_date": "2026-12-24"})).await;
    let told = doubts(&desk, "Sales Order", &order).await;
    assert!(!told.contains(OTHER) && !told.contains("not known"), "{told}");

    let rate = json!({"doctype": "Sales Order", "name": order,
        "data": {"items": {"patch": [{"idx": 1, "rate": 90}]}}});
    desk.call("update_generic_document", rate).await;
    let expected = format!("row 1: the rate of {item}, 90, is not the 100 of Quotation {offer}");
    let told = doubts(&desk, "Sales Order", &order).await;
    assert!(told.contains(&expected), "{told}");

    // What may not be read of the offer raises no doubt.
    let hidden = json!({"read": true, "restricted_fields": ["items.rate"]});
    for (more, is_told) in
        [(json!({}), false), (json!({"Quotation": hidden}), false), (json!({"Quotation": {"read": true}}), true)]
    {
        let mut doctypes = json!({"Sales Order": all()});
        doctypes.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let told = doubts_within(&desk, doctypes, "Sales Order", &order).await;
        assert_eq!(told.contains(OTHER), is_told, "{more}: {told}");
    }

    // The bill of the order keeps the rate of the order, whatever was offered.
    desk.submit("Sales Order", &order).await;
    let bill = desk.convert("Sales Order", &order, "Sales Invoice", json!({})).await;
    let told = doubts(&desk, "Sales Invoice", &bill).await;
    assert!(!told.contains(OTHER), "{told}");
}

#[on_every_version]
async fn terms_of_payment_other_than_those_of_the_offer_or_of_the_last_order_are_told() {
    let desk = Desk::open().await;
    let item = desk.some("Item", json!({"is_sales_item": 1, "has_variants": 0}), 1).await.remove(0);
    let customer = desk.create("Customer", json!({"customer_name": "Terms Taken"})).await;
    let row = json!({"item_code": item, "qty": 1, "rate": 100});
    let data = json!({"customer": customer, "company": COMPANY, "delivery_date": "2026-12-24", "items": [row]});
    let put = |of: &str, name: &str, terms: &str| {
        let terms = json!({"payment_terms_template": terms});
        desk.site.with(|site| site.set(of, name, terms.as_object().unwrap())).unwrap();
    };
    let first = desk.create("Sales Order", data.clone()).await;
    let told = doubts(&desk, "Sales Order", &first).await;
    assert!(!told.contains("payment_terms_template"), "there is no last order: {told}");
    desk.submit("Sales Order", &first).await;
    put("Sales Order", &first, "Thirty Days");
    let second = desk.create("Sales Order", data).await;
    let told = doubts(&desk, "Sales Order", &second).await;
    let expected = format!("payment_terms_template is empty, and {first}, the last of {customer}, has ");
    assert!(told.contains(&expected) && told.contains("Thirty Days"), "{told}");
    let mut hidden = all();
    hidden["restricted_fields"] = json!(["payment_terms_template"]);
    let told = doubts_within(&desk, json!({"Sales Order": hidden}), "Sales Order", &second).await;
    assert!(!told.contains("payment_terms_template"), "{told}");

    // An offer comes before the last order.
    let offered = json!({"quotation_to": "Customer", "party_name": customer, "company": COMPANY,
        "items": [{"item_code": item, "qty": 2, "rate": 100}]});
    let offer = desk.create("Quotation", offered).await;
    desk.submit("Quotation", &offer).await;
    let order = desk.convert("Quotation", &offer, "Sales Order", json!({"delivery_date": "2026-12-24"})).await;
    let told = doubts(&desk, "Sales Order", &order).await;
    assert!(!told.contains("payment_terms_template"), "{told}");
    put("Quotation", &offer, "Sixty Days");
    let told = doubts(&desk, "Sales Order", &order).await;
    assert!(told.contains(&format!("and Quotation {offer} has ")) && told.contains("Sixty Days"), "{told}");
}

#[on_every_version]
async fn a_day_that_is_closed_or_frozen_is_told() {
    let desk = Desk::open().await;
    let invoice = desk.invoice_draft().await;
    let told = doubts(&desk, "Sales Invoice", &invoice).await;
    assert!(!told.contains("closed the books") && !told.contains("freezes"), "{told}");
    // Version 15 keeps it in a setting, 16 in the company.
    let (of, field) = match version() {
        Version::V15 => ("Accounts Settings", "acc_frozen_upto"),
        _ => ("Company", "accounts_frozen_till_date"),
    };
    let until = json!({field: "2098-12-31"});
    match version() {
        Version::V15 => set(&desk, of, of, until).await,
        _ => desk.site.with(|site| site.set(of, COMPANY, until.as_object().unwrap())).unwrap(),
    }
    let account = desk.some("Account", json!({"is_group": 0, "company": COMPANY}), 1).await.remove(0);
    let closing = json!({
        "doctype": "Period Closing Voucher", "company": COMPANY, "fiscal_year": "2026",
        "period_start_date": "2026-01-01", "period_end_date": "2099-12-31", "closing_account_head": account,
        "remarks": "the year", "docstatus": 1,
    });
    let period = json!({
        "doctype": "Accounting Period", "period_name": "All", "company": COMPANY, "start_date": "2026-01-01",
        "end_date": "2099-12-31", "closed_documents": [{"document_type": "Sales Invoice", "closed": 1}],
    });
    for doc in [closing, period] {
        desk.site.with(|site| site.insert(doc.as_object().unwrap().clone())).unwrap();
    }
    let told = doubts(&desk, "Sales Invoice", &invoice).await;
    assert!(told.contains("closed the books up to 2099-12-31"), "{told}");
    assert!(told.contains("closes Sales Invoice on"), "{told}");
    assert!(told.contains(&format!("{of} freezes what is not after 2098-12-31 ({field})")), "{told}");
    let customer = desk.get("Sales Invoice", &invoice).await["customer"].clone();
    let open = desk.invoice().await;
    let pay = json!({"party_type": "Customer", "party": customer, "invoices": [{"name": open}], "reference_no": "BT-9",
        "submit": true, "dry_run": true});
    let shown = desk.call("record_payment", pay).await;
    assert!(shown["warnings"].to_string().contains("closed the books up to 2099-12-31"), "{shown}");
    // What moves stock is refused only if the company keeps its stock in the accounts.
    let bin =
        desk.some("Bin", json!({"actual_qty": [">", 5], "warehouse": ["like", "Main Store%"]}), 1).await.remove(0);
    let bin = desk.get("Bin", &bin).await;
    let row = json!({"item_code": bin["item_code"], "warehouse": bin["warehouse"], "qty": 1, "rate": 25});
    let note = desk.create("Delivery Note", json!({"customer": customer, "company": COMPANY, "items": [row]})).await;
    let told = doubts(&desk, "Delivery Note", &note).await;
    assert!(told.contains("the site will refuse what it posts to the accounts on"), "{told}");
    assert!(told.contains("the site refuses what it posts to the accounts on"), "{told}");
    // An order posts nothing.
    let item = desk.some("Item", json!({"is_sales_item": 1, "has_variants": 0}), 1).await.remove(0);
    let row = json!({"item_code": item, "qty": 1, "rate": 25});
    let order = json!({"customer": customer, "company": COMPANY, "delivery_date": "2026-12-24", "items": [row]});
    let order = desk.create("Sales Order", order).await;
    let told = doubts(&desk, "Sales Order", &order).await;
    assert!(!told.contains("closed the books") && !told.contains("freezes"), "{told}");
    let told = doubts_within(&desk, json!({"Sales Invoice": all()}), "Sales Invoice", &invoice).await;
    assert!(!told.contains("2099-12-31") && !told.contains("2098-12-31"), "{told}");
}

/// What the user of a key is told of a draft, everything permitted by the configuration.
async fn doubts_of(desk: &Desk, key: &str, doctype: &str, name: &str) -> String {
    let dry = json!({"doctype": doctype, "name": name, "dry_run": true});
    let shown = call(&app(&desk.site, key), "submit_document", dry).await.unwrap();
    shown.get("warnings").unwrap_or(&Value::Null).to_string()
}

/// An Accounting Period that closes this DocType for good.
fn close(desk: &Desk, doctype: &str) {
    let period = json!({
        "doctype": "Accounting Period", "period_name": "All", "company": COMPANY, "start_date": "2026-01-01",
        "end_date": "2099-12-31", "closed_documents": [{"document_type": doctype, "closed": 1}],
    });
    desk.site.with(|site| site.insert(period.as_object().unwrap().clone())).unwrap();
}

#[on_every_version]
async fn what_the_site_lets_a_user_not_read_raises_no_doubt_and_hides_none() {
    let desk = Desk::open().await;
    desk.site.add_user("clerk", &["Accounts User"]).unwrap();
    desk.site.add_user("porter", &["Stock User"]).unwrap();
    let invoice = desk.invoice_draft().await;
    // Whoever keeps accounts reads no Period Closing Voucher, and nobody of the stock any of the accounts' periods.
    let told = doubts_of(&desk, "clerk", "Sales Invoice", &invoice).await;
    assert!(!told.contains("not known"), "{told}");
    close(&desk, "Sales Invoice");
    let told = doubts_of(&desk, "clerk", "Sales Invoice", &invoice).await;
    assert!(told.contains("closes Sales Invoice on") && !told.contains("not known"), "{told}");

    let stocked = json!({"actual_qty": [">", 5], "warehouse": ["like", "Main Store%"]});
    let bin = desk.some("Bin", stocked, 1).await.remove(0);
    let bin = desk.get("Bin", &bin).await;
    let customer = desk.some("Customer", json!({}), 1).await.remove(0);
    let qty = bin["actual_qty"].as_f64().unwrap() + 7.0;
    let row = json!({"item_code": bin["item_code"], "warehouse": bin["warehouse"], "qty": qty, "rate": 10});
    let note = json!({"customer": customer, "company": COMPANY, "items": [row]});
    let note = desk.create("Delivery Note", note).await;
    let told = doubts_of(&desk, "porter", "Delivery Note", &note).await;
    assert!(told.contains("would leave") && !told.contains("not known"), "{told}");
}

#[on_every_version]
async fn what_was_found_before_the_site_failed_is_told_beside_what_is_not_known() {
    let desk = Desk::open().await;
    let invoice = desk.invoice_draft().await;
    close(&desk, "Sales Invoice");
    desk.site.faults().add(Fault::new(FaultKind::Refusal).path("/api/resource/Period Closing Voucher"));
    let told = doubts(&desk, "Sales Invoice", &invoice).await;
    assert!(told.contains("closes Sales Invoice on"), "{told}");
    assert!(told.contains("not known: whether its day is closed"), "{told}");
}

#[on_every_version]
async fn what_is_withheld_of_a_period_does_not_tell_that_a_day_is_closed() {
    let desk = Desk::open().await;
    let invoice = desk.invoice_draft().await;
    close(&desk, "Sales Invoice");
    for (period, is_told) in [
        (json!({"read": true}), true),
        (json!({"read": true, "restricted_fields": ["company"]}), false),
        (json!({"read": true, "restricted_fields": ["end_date"]}), false),
        (json!({"read": true, "restricted_fields": ["closed_documents"]}), false),
        (json!({"read": true, "restricted_fields": ["closed_documents.closed"]}), false),
    ] {
        let doctypes = json!({"Sales Invoice": all(), "Accounting Period": period});
        let told = doubts_within(&desk, doctypes, "Sales Invoice", &invoice).await;
        assert_eq!(told.contains("closes Sales Invoice on"), is_told, "{told}");
    }
}
