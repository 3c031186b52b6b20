//! What the desk's form fills in and the site does not: taxes by a template, by the rule of a party, by the company;
//! terms.

use serde_json::{Value, json};

use super::Desk;
use crate::sandbox::{COMPANY, config};
use crate::support::{all, app_of, call, refusal};

const TEMPLATE: &str = "Sales Taxes and Charges Template";

/// A template of one rate of VAT; its name.
async fn template(desk: &Desk, title: &str, rate: f64, is_default: bool) -> String {
    let vat = desk.some("Account", json!({"account_name": "VAT"}), 1).await.remove(0);
    let row = json!({"charge_type": "On Net Total", "account_head": vat, "description": title, "rate": rate});
    desk.create(TEMPLATE, json!({"title": title, "company": COMPANY, "is_default": is_default, "taxes": [row]})).await
}

async fn order(desk: &Desk, more: Value) -> Value {
    let item = desk.some("Item", json!({"is_sales_item": 1, "has_variants": 0}), 1).await.remove(0);
    let customer = desk.some("Customer", json!({}), 1).await.remove(0);
    let mut data = json!({
        "customer": customer, "company": COMPANY, "delivery_date": "2026-12-24",
        "items": [{"item_code": item, "qty": 4, "rate": 50}],
    });
    data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    data
}

#[on_every_version]
async fn a_template_of_taxes_brings_its_rows_as_in_the_form() {
    let desk = Desk::open().await;
    let vat = template(&desk, "VAT 23", 23.0, false).await;
    let data = order(&desk, json!({"taxes_and_charges": vat})).await;
    let arguments = json!({"doctype": "Sales Order", "data": data});
    let answer = desk.call("create_generic_document", arguments.clone()).await;
    assert_eq!(answer["filled_in"]["taxes"][0]["rate"], 23.0, "{answer}");
    assert_eq!(answer["filled_in"]["taxes"][0]["charge_type"], "On Net Total", "{answer}");
    let made = desk.get("Sales Order", answer["created"].as_str().unwrap()).await;
    assert_eq!((&made["total_taxes_and_charges"], &made["grand_total"]), (&json!(46.0), &json!(246.0)), "{made}");

    let mut plain = arguments;
    plain["form_defaults"] = json!(false);
    let answer = desk.call("create_generic_document", plain).await;
    assert_eq!(answer.get("filled_in"), None);
    let told = answer["messages"].to_string();
    assert!(told.contains("no tax is charged") && told.contains(&vat), "{answer}");

    // The way that the message names.
    let name = answer["created"].as_str().unwrap();
    let change = json!({"doctype": "Sales Order", "name": name, "data": {"taxes_and_charges": vat}});
    let answer = desk.call("update_generic_document", change).await;
    assert_eq!(answer["filled_in"]["taxes"][0]["rate"], 23.0, "{answer}");
    assert_eq!(answer["also_changed"]["grand_total"]["to"], 246.0, "{answer}");
}

#[on_every_version]
async fn a_new_document_gets_the_taxes_of_its_party_or_company_and_none_that_the_caller_chose_otherwise() {
    let desk = Desk::open().await;
    let usual = template(&desk, "Usual", 23.0, true).await;
    let less = template(&desk, "Less", 9.0, false).await;
    let data = order(&desk, json!({})).await;
    let customer = data["customer"].clone();
    let taxed = async |data: Value| {
        let answer = desk.call("create_generic_document", json!({"doctype": "Sales Order", "data": data})).await;
        let made = desk.get("Sales Order", answer["created"].as_str().unwrap()).await;
        (answer["filled_in"]["taxes_and_charges"].clone(), made["grand_total"].clone())
    };
    assert_eq!(taxed(data.clone()).await, (json!(usual), json!(246.0)));
    let rule = json!({"tax_type": "Sales", "customer": customer, "sales_tax_template": less, "company": COMPANY});
    desk.create("Tax Rule", rule).await;
    assert_eq!(taxed(data.clone()).await, (json!(less), json!(218.0)));
    let mut none = data.clone();
    none["taxes"] = json!([]);
    assert_eq!(taxed(none).await, (Value::Null, json!(200.0)));
}

#[on_every_version]
async fn a_dry_run_shows_the_taxes_that_would_be_filled_in() {
    let desk = Desk::open().await;
    let vat = template(&desk, "VAT 23", 23.0, false).await;
    let data = order(&desk, json!({"taxes_and_charges": vat})).await;
    let shown =
        desk.call("create_generic_document", json!({"doctype": "Sales Order", "data": data, "dry_run": true})).await;
    assert_eq!(shown["would_create"]["taxes"][0]["rate"], 23.0, "{shown}");
}

#[on_every_version]
async fn a_template_for_the_next_document_is_charged_and_what_the_site_keeps_otherwise_is_told() {
    let desk = Desk::open().await;
    let vat = template(&desk, "VAT 23", 23.0, false).await;
    let source = order(&desk, json!({})).await;
    let source = desk.create("Sales Order", source).await;
    desk.submit("Sales Order", &source).await;
    let data = json!({"taxes_and_charges": vat, "due_date": "2026-12-31", "status": "Paid"});
    let mut arguments = json!({"doctype": "Sales Order", "name": source, "to": "Sales Invoice", "data": data});
    let shown = desk.call("convert_document", arguments.clone()).await;
    assert_eq!(shown["filled_in"]["taxes"][0]["rate"], 23.0, "{shown}");
    arguments["save"] = json!(true);
    let answer = desk.call("convert_document", arguments).await;
    assert_eq!(answer["filled_in"]["taxes"][0]["rate"], 23.0, "{answer}");
    assert_eq!(answer["stored_differently"]["status"]["stored"], "Draft", "{answer}");
    let made = desk.get("Sales Invoice", answer["created"].as_str().unwrap()).await;
    assert_eq!((&made["total_taxes_and_charges"], &made["grand_total"]), (&json!(46.0), &json!(246.0)), "{made}");
}

#[on_every_version]
async fn the_next_document_has_no_taxes_of_a_template_where_the_form_is_not_to_fill_in() {
    let desk = Desk::open().await;
    let vat = template(&desk, "VAT 23", 23.0, false).await;
    let source = order(&desk, json!({})).await;
    let source = desk.create("Sales Order", source).await;
    desk.submit("Sales Order", &source).await;
    let arguments = json!({"doctype": "Sales Order", "name": source, "to": "Sales Invoice", "save": true,
        "form_defaults": false, "data": {"taxes_and_charges": vat, "due_date": "2026-12-31"}});
    let answer = desk.call("convert_document", arguments).await;
    assert_eq!(answer.get("filled_in"), None, "{answer}");
    assert!(answer["messages"].to_string().contains("no tax is charged"), "{answer}");
}

#[on_every_version]
async fn terms_that_only_the_form_copies_are_told_where_they_are_not_filled_in() {
    let desk = Desk::open().await;
    let terms = json!({"title": "Thirty days", "selling": 1, "terms": "Within thirty days."});
    let terms = desk.create("Terms and Conditions", terms).await;
    let told = "not filled in: terms, which the form takes from tc_name";
    let data = order(&desk, json!({"tc_name": terms})).await;
    let plain = json!({"doctype": "Sales Order", "data": data, "form_defaults": false});
    let answer = desk.call("create_generic_document", plain).await;
    assert!(answer["messages"].to_string().contains(told), "{answer}");
    let data = order(&desk, json!({"tc_name": terms, "terms": "Within thirty days."})).await;
    let answer = desk.call("create_generic_document", json!({"doctype": "Sales Order", "data": data})).await;
    assert!(!answer.to_string().contains("not filled in"), "{answer}");
    let source = answer["created"].as_str().unwrap();
    desk.submit("Sales Order", source).await;
    let other = json!({"title": "At once", "selling": 1, "terms": "At once."});
    let other = desk.create("Terms and Conditions", other).await;
    let arguments = json!({"doctype": "Sales Order", "name": source, "to": "Sales Invoice", "save": true,
        "data": {"tc_name": other, "terms": "", "due_date": "2026-12-31"}});
    let answer = desk.call("convert_document", arguments).await;
    assert!(answer["messages"].to_string().contains(told), "{answer}");
    // What may not be read there is copied nowhere.
    let permissions = json!({"doctypes": {"Sales Order": all(), "Customer": all(), "Item": all()}});
    let app = app_of(&config(&desk.site, "administrator", permissions));
    let data = order(&desk, json!({"tc_name": terms, "taxes": []})).await;
    let answer = call(&app, "create_generic_document", json!({"doctype": "Sales Order", "data": data})).await.unwrap();
    assert!(answer.get("filled_in").is_none() && answer["messages"].to_string().contains(told), "{answer}");
}

#[on_every_version]
async fn the_text_of_the_terms_that_are_chosen_is_filled_in_as_in_the_form() {
    let desk = Desk::open().await;
    let thirty = json!({"title": "Thirty days", "selling": 1, "terms": "Within thirty days, {{ customer }}."});
    let thirty = desk.create("Terms and Conditions", thirty).await;
    let once = json!({"title": "At once", "selling": 1, "terms": "At once."});
    let once = desk.create("Terms and Conditions", once).await;
    let data = order(&desk, json!({"tc_name": thirty})).await;
    let text = format!("Within thirty days, {}.", data["customer"].as_str().unwrap());
    let mut arguments = json!({"doctype": "Sales Order", "data": data, "dry_run": true});
    let shown = desk.call("create_generic_document", arguments.clone()).await;
    assert!(shown["would_create"]["terms"].to_string().contains(&text), "{shown}");
    arguments["dry_run"] = json!(false);
    let answer = desk.call("create_generic_document", arguments.clone()).await;
    assert!(answer["filled_in"]["terms"].to_string().contains(&text), "{answer}");
    assert!(!answer.to_string().contains("not filled in"), "{answer}");
    let name = answer["created"].as_str().unwrap().to_owned();
    assert!(desk.get("Sales Order", &name).await["terms"].to_string().contains(&text));

    // Others that are chosen take their place; the same again, and a text of one's own, leave it.
    let change = |data: Value| json!({"doctype": "Sales Order", "name": name, "data": data});
    let answer = desk.call("update_generic_document", change(json!({"tc_name": once}))).await;
    assert!(answer["filled_in"]["terms"].to_string().contains("At once."), "{answer}");
    for kept in [json!({"tc_name": once, "po_no": "1"}), json!({"tc_name": thirty, "terms": "At once."})] {
        let answer = desk.call("update_generic_document", change(kept)).await;
        assert_eq!(answer.get("filled_in"), None, "{answer}");
        assert!(desk.get("Sales Order", &name).await["terms"].to_string().contains("At once."), "{answer}");
    }
    // The text of others does not stay without a word: where those that are chosen have none, or may not be read.
    let silent = desk.create("Terms and Conditions", json!({"title": "Silent", "selling": 1})).await;
    let answer = desk.call("update_generic_document", change(json!({"tc_name": silent}))).await;
    let told = answer["messages"].to_string();
    assert!(told.contains("terms stays as it is") && told.contains("has none"), "{answer}");
    let permissions = json!({"doctypes": {"Sales Order": all(), "Customer": all(), "Item": all()}});
    let app = app_of(&config(&desk.site, "administrator", permissions));
    let answer = call(&app, "update_generic_document", change(json!({"tc_name": once}))).await.unwrap();
    let told = answer["messages"].to_string();
    assert!(told.contains("terms stays as it is") && told.contains("may not be read here"), "{answer}");
    arguments["data"]["tc_name"] = json!("Nothing of the kind");
    let text = desk.refusal("create_generic_document", arguments).await;
    assert!(text.contains("tc_name") && text.contains("Nothing of the kind"), "{text}");
}

#[on_every_version]
async fn payment_terms_of_another_template_take_the_place_of_the_rows_of_before() {
    let desk = Desk::open().await;
    let some = desk.some("Payment Terms Template", json!({}), 2).await;
    assert_eq!(some, ["Within 14 Days", "Within 30 Days"]);
    let data = order(&desk, json!({})).await;
    let name = desk.create("Sales Order", data).await;
    let made = desk.get("Sales Order", &name).await;
    let day: jiff::civil::Date = made["transaction_date"].as_str().unwrap().parse().unwrap();
    let due = |days: i64| json!(day.saturating_add(jiff::Span::new().days(days)).to_string());
    let mut change = json!({"doctype": "Sales Order", "name": name, "data": {"payment_terms_template": some[0]}});
    let mut dry = change.clone();
    dry["dry_run"] = json!(true);
    let shown = desk.call("update_generic_document", dry).await;
    assert!(shown.to_string().contains("the site makes the rows of"), "{shown}");
    let answer = desk.call("update_generic_document", change.clone()).await;
    let told = answer["messages"].to_string();
    assert!(told.contains("in the place of those of before"), "{answer}");
    let rows = desk.get("Sales Order", &name).await["payment_schedule"].clone();
    let row = (rows.as_array().unwrap().len(), &rows[0]["due_date"], &rows[0]["payment_amount"]);
    assert_eq!(row, (1, &due(14), &json!(200.0)), "{rows}");
    // Of what may come from an order before, the site may take the terms of that.
    let mut orders = all();
    orders["restricted_fields"] = json!(["items.prevdoc_docname"]);
    let app = app_of(&config(&desk.site, "administrator", json!({"doctypes": {"Sales Order": orders}})));
    let data = json!({"payment_terms_template": some[1]});
    let other = json!({"doctype": "Sales Order", "name": name, "data": data, "dry_run": true});
    let shown = call(&app, "update_generic_document", other).await.unwrap();
    assert!(shown.to_string().contains("as the order has them"), "{shown}");

    // Rows of one's own, and the wish that nothing is filled in, count.
    change["data"] = json!({"payment_terms_template": some[1]});
    change["form_defaults"] = json!(false);
    let answer = desk.call("update_generic_document", change.clone()).await;
    assert_eq!(answer.get("filled_in"), None, "{answer}");
    assert_eq!(desk.get("Sales Order", &name).await["payment_schedule"][0]["due_date"], due(14));
    change["data"] = json!({"payment_terms_template": some[0], "payment_schedule": []});
    change["form_defaults"] = json!(true);
    let answer = desk.call("update_generic_document", change).await;
    assert_eq!(answer.get("filled_in"), None, "{answer}");
}

#[on_every_version]
async fn without_a_company_the_only_one_counts_and_where_none_is_known_that_is_told() {
    let desk = Desk::open().await;
    let usual = template(&desk, "Usual", 23.0, true).await;
    let mut data = order(&desk, json!({})).await;
    data.as_object_mut().unwrap().remove("company");
    let mut arguments = json!({"doctype": "Sales Order", "data": data});
    let answer = desk.call("create_generic_document", arguments.clone()).await;
    assert_eq!(answer["filled_in"]["taxes_and_charges"], json!(usual), "{answer}");
    // Who may not read companies cannot know which one the site takes.
    let permissions = json!({"doctypes": {"Sales Order": all(), "Customer": all(), "Item": all()}});
    let app = app_of(&config(&desk.site, "administrator", permissions));
    let answer = call(&app, "create_generic_document", arguments.clone()).await.unwrap();
    assert_eq!(answer.get("filled_in"), None, "{answer}");
    assert!(answer["messages"].to_string().contains("not known: no company was given"), "{answer}");
    // Whoever looks before knows it too.
    arguments["dry_run"] = json!(true);
    let shown = call(&app, "create_generic_document", arguments).await.unwrap();
    assert!(shown["warnings"].to_string().contains("not known: no company was given"), "{shown}");
}

#[on_every_version]
async fn a_template_that_is_taken_away_leaves_rows_which_are_told() {
    let desk = Desk::open().await;
    let vat = template(&desk, "VAT 23", 23.0, false).await;
    let data = order(&desk, json!({"taxes_and_charges": vat})).await;
    let name = desk.create("Sales Order", data).await;
    let mut change = json!({"doctype": "Sales Order", "name": name, "data": {"taxes_and_charges": ""}});
    change["dry_run"] = json!(true);
    let shown = desk.call("update_generic_document", change.clone()).await;
    assert!(shown["warnings"].to_string().contains("taxes still has rows (1)"), "{shown}");
    let rules = json!({"doctypes": {"Sales Order": all()}, "confirm": ["update"], "confirm_argument": false});
    change["dry_run"] = json!(false);
    let strict = app_of(&config(&desk.site, "administrator", rules));
    let asks = refusal(&strict, "update_generic_document", change.clone()).await;
    let asks: Value = serde_json::from_str(&asks).unwrap();
    assert!(asks["warnings"].to_string().contains("taxes still has rows (1)"), "{asks}");
    assert_eq!(asks["would_change"].get("warnings"), None, "{asks}");
    let answer = desk.call("update_generic_document", change).await;
    assert!(answer["messages"].to_string().contains("taxes still has rows (1)"), "{answer}");
    // The way that the message names.
    let change = json!({"doctype": "Sales Order", "name": name, "data": {"taxes": []}});
    let answer = desk.call("update_generic_document", change).await;
    assert_eq!(answer["changed"]["taxes"][0]["removed"]["rate"], 23.0, "{answer}");
}

#[on_every_version]
async fn who_is_asked_about_the_next_document_is_told_what_is_not_filled_in() {
    let desk = Desk::open().await;
    let vat = template(&desk, "VAT 23", 23.0, false).await;
    let data = order(&desk, json!({"taxes_and_charges": vat})).await;
    let source = desk.create("Sales Order", data).await;
    desk.submit("Sales Order", &source).await;
    let mut make = json!({"doctype": "Sales Order", "name": source, "to": "Sales Invoice", "save": true,
        "data": {"taxes_and_charges": "", "due_date": "2026-12-31"}});
    let rules = json!({"default": all(), "confirm": ["create"], "confirm_argument": false});
    let strict = app_of(&config(&desk.site, "administrator", rules));
    let asks: Value = serde_json::from_str(&refusal(&strict, "convert_document", make.clone()).await).unwrap();
    make["dry_run"] = json!(true);
    let tried = desk.call("convert_document", make).await;
    for shown in [asks, tried] {
        assert!(shown["warnings"].to_string().contains("taxes still has rows (1)"), "{shown}");
        assert!(!shown["messages"].to_string().contains("taxes still has rows"), "told once: {shown}");
    }
}

#[on_every_version]
async fn rows_of_the_next_document_are_told_only_where_a_template_is_taken_away_and_its_source_shows_them() {
    let desk = Desk::open().await;
    let vat = template(&desk, "VAT 23", 23.0, false).await;
    let account = desk.some("Account", json!({"account_name": "VAT"}), 1).await.remove(0);
    let row = json!({"charge_type": "On Net Total", "account_head": account, "description": "VAT", "rate": 23});
    let by_hand = order(&desk, json!({"taxes_and_charges": "", "taxes": [row]})).await;
    let by_template = order(&desk, json!({"taxes_and_charges": vat})).await;
    let rule = |withheld: Value| {
        let mut rule = all();
        rule["restricted_fields"] = withheld;
        rule
    };
    for (data, withheld, is_told) in
        [(by_hand, json!([]), false), (by_template.clone(), json!([]), true), (by_template, json!(["taxes"]), false)]
    {
        let source = desk.create("Sales Order", data).await;
        desk.submit("Sales Order", &source).await;
        let rules = json!({"default": all(), "doctypes": {"Sales Order": rule(withheld)}});
        let app = app_of(&config(&desk.site, "administrator", rules));
        let make = json!({"doctype": "Sales Order", "name": source, "to": "Sales Invoice",
            "data": {"taxes_and_charges": "", "due_date": "2026-12-31"}});
        let shown = call(&app, "convert_document", make).await.unwrap();
        assert_eq!(shown.to_string().contains("taxes still has rows (1)"), is_told, "{shown}");
    }
}

#[on_every_version]
async fn a_batch_tells_what_was_filled_in_once_with_its_rows() {
    let desk = Desk::open().await;
    let usual = template(&desk, "Usual", 23.0, true).await;
    let data = order(&desk, json!({})).await;
    let mut none = data.clone();
    none["taxes"] = json!([]);
    for atomic in [false, true] {
        let batch = json!({"doctype": "Sales Order", "documents": [data, none, data], "atomic": atomic});
        let answer = desk.call("create_bulk_documents", batch).await;
        let filled = &answer["filled_in"];
        assert_eq!((filled.as_array().unwrap().len(), &filled[0]["rows"]), (1, &json!([0, 2])), "{answer}");
        assert_eq!(filled[0]["fields"]["taxes_and_charges"], json!(usual), "{answer}");
    }
}

#[on_every_version]
async fn rows_of_templates_that_may_not_be_read_are_copied_nowhere_and_a_hidden_one_is_told_like_a_missing_one() {
    let desk = Desk::open().await;
    let vat = template(&desk, "VAT 23", 23.0, true).await;
    let under = |templates: Option<Value>| {
        let mut doctypes = json!({"Sales Order": all(), "Customer": all(), "Item": all(), "Company": all()});
        doctypes.as_object_mut().unwrap().extend(templates.map(|rule| (TEMPLATE.to_owned(), rule)));
        app_of(&config(&desk.site, "administrator", json!({ "doctypes": doctypes })))
    };
    let scoped = json!({"read": true, "conditions": {"read": {"name": ["No Such Template"]}}});
    // A rate that may not be read there is copied with no row.
    let without_rates = json!({"read": true, "allowed_fields": ["title", "taxes.charge_type", "taxes.account_head"]});
    for (templates, more) in [
        (None, json!({"taxes_and_charges": vat})),
        (None, json!({})),
        (Some(scoped.clone()), json!({})),
        (Some(without_rates), json!({"taxes_and_charges": vat})),
    ] {
        let data = order(&desk, more).await;
        let asked = json!({"doctype": "Sales Order", "data": data});
        let answer = call(&under(templates), "create_generic_document", asked).await.unwrap();
        assert!(answer.get("filled_in").is_none(), "{answer}");
        assert!(
            answer["messages"].to_string().contains("may not be read here; see whether taxes are right"),
            "{answer}"
        );
        let made = desk.get("Sales Order", answer["created"].as_str().unwrap()).await;
        assert_eq!(made["grand_total"], json!(200.0), "{made}");
    }
    let data = order(&desk, json!({"taxes": []})).await;
    let name = desk.create("Sales Order", data).await;
    let app = under(Some(scoped));
    let mut told = Vec::new();
    for template in [vat.as_str(), "Nothing of the kind"] {
        let change = json!({"doctype": "Sales Order", "name": name, "data": {"taxes_and_charges": template}});
        told.push(refusal(&app, "update_generic_document", change).await.replace(template, "X"));
    }
    assert_eq!(told[0], told[1]);
    assert!(told[0].contains("there is no Sales Taxes and Charges Template named"), "{told:?}");
}
