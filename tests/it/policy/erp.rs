//! Conditions on reading, where ERPNext's helpers answer: stock of an item, what it costs, the terms of a party.

use erpnext_mcp::app::Connection;
use serde_json::{Value, json};

use crate::sandbox::{COMPANY, SampleSite};
use crate::support::{all, app_of, call, refusal};

/// Every DocType that the helpers tell of, with these conditions on reading some of them.
fn rules(conditions: Value) -> Value {
    let doctypes = [
        "Item",
        "Bin",
        "Warehouse",
        "Price List",
        "Item Price",
        "Pricing Rule",
        "Company",
        "Customer",
        "Supplier",
        "Customer Group",
        "Supplier Group",
        "Item Group",
        "Brand",
        "Payment Terms Template",
        "Address",
        "Contact",
    ];
    let rule = |doctype: &str| {
        let mut rule = all();
        if let Some(condition) = conditions.get(doctype) {
            rule["conditions"] = json!({"read": condition});
        }
        (doctype.to_owned(), rule)
    };
    doctypes.into_iter().map(rule).collect()
}

/// The first document that fits, past every rule.
async fn some(site: &SampleSite, doctype: &str, filters: Value) -> Value {
    let asked = json!({"doctype": doctype, "filters": filters, "fields": ["*"], "order_by": "name asc", "limit": 1});
    let open = app_of(&site.config(json!({"default": all()})));
    let found = call(&open, "list_generic_documents", asked).await.unwrap();
    found["documents"][0].clone()
}

/// An item that lies in two warehouses, and those, the one that it is taken from first.
async fn stocked(site: &SampleSite) -> (String, [String; 2]) {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let showroom = some(site, "Bin", json!({"warehouse": ["like", "Showroom%"], "actual_qty": [">", 0]})).await;
    let item = text(&showroom["item_code"]);
    let home = site.stored("Item", &item).unwrap()["item_defaults"][0]["default_warehouse"].clone();
    assert_ne!(home, showroom["warehouse"]);
    (item, [text(&home), text(&showroom["warehouse"])])
}

/// That a call which names a document outside is answered as one which names none.
async fn as_if_missing(app: &Connection, tool: &str, given: Value, argument: &str) {
    let told = refusal(app, tool, given.clone()).await;
    let name = given[argument].as_str().unwrap().to_owned();
    let mut missing = given;
    missing[argument] = json!("No Such Thing");
    let missing = refusal(app, tool, missing).await;
    assert!(told.contains("There is no "), "{tool} {argument}: {told}");
    assert_eq!(
        told.replace(&name, "X"),
        missing.replace("No Such Thing", "X"),
        "{tool}: whether it exists is not told"
    );
}

fn withheld(answer: &Value, keys: &[&str]) {
    for key in keys {
        assert!(answer.get(*key).is_none(), "{key}: {answer}");
        assert!(
            answer["withheld"].as_array().is_some_and(|withheld| withheld.contains(&json!(key))),
            "{key}: {answer}"
        );
    }
}

#[on_every_version]
async fn an_item_outside_has_no_stock_and_no_price() {
    let site = SampleSite::start().await;
    let (item, [home, _]) = stocked(&site).await;
    let app = site.app(rules(json!({"Item": {"name": {"ne": item}}})));
    as_if_missing(&app, "get_stock_balance", json!({"item_code": item}), "item_code").await;
    let on_a_day = json!({"item_code": item, "warehouse": home, "date": "2026-11-20"});
    as_if_missing(&app, "get_stock_balance", on_a_day, "item_code").await;
    as_if_missing(&app, "get_item_details", json!({"item_code": item, "company": COMPANY}), "item_code").await;
}

#[on_every_version]
async fn stock_in_a_warehouse_outside_is_neither_told_nor_counted() {
    let site = SampleSite::start().await;
    let (item, [home, showroom]) = stocked(&site).await;
    let stock = json!({"item_code": item});
    let everything = call(&site.app(rules(json!({}))), "get_stock_balance", stock.clone()).await.unwrap();
    assert_eq!(everything["warehouses"].as_array().unwrap().len(), 2);
    for conditions in [json!({"Warehouse": {"name": [showroom]}}), json!({"Bin": {"warehouse": [showroom]}})] {
        let app = site.app(rules(conditions.clone()));
        let told = call(&app, "get_stock_balance", stock.clone()).await.unwrap();
        let rows = told["warehouses"].as_array().unwrap();
        assert_eq!((rows.len(), &rows[0]["warehouse"]), (1, &json!(showroom)), "{told}");
        assert_eq!(told["total"]["actual_qty"], rows[0]["actual_qty"], "{told}");
        assert!(!told.to_string().contains(&home), "{told}");
        let levels = call(&app, "get_stock_levels", json!({"items": [item]})).await.unwrap();
        let is_part = |told: &Value| told["note"].to_string().contains("only the stock that you may see is counted");
        assert!(is_part(&told) && is_part(&levels), "{told} {levels}");
        // What the item would be taken from, and how much lies there.
        let details = json!({"item_code": item, "company": COMPANY});
        let details = call(&app, "get_item_details", details).await.unwrap();
        withheld(&details, &["actual_qty", "projected_qty", "reserved_qty"]);
    }
    let app = site.app(rules(json!({"Warehouse": {"name": [showroom]}})));
    let details = json!({"item_code": item, "company": COMPANY, "warehouse": home});
    as_if_missing(&app, "get_item_details", details.clone(), "warehouse").await;
    as_if_missing(&app, "get_stock_balance", json!({"item_code": item, "warehouse": home}), "warehouse").await;
    let on_a_day = json!({"item_code": item, "warehouse": home, "date": "2026-11-20"});
    as_if_missing(&app, "get_stock_balance", on_a_day, "warehouse").await;
    let mut here = details;
    here["warehouse"] = json!(showroom);
    let here = call(&app, "get_item_details", here).await.unwrap();
    assert!(here["actual_qty"].as_f64().unwrap() > 0.0 && here["warehouse"] == showroom.as_str(), "{here}");
    // A day's balance is the site's own sum over Bins, which no condition on Bins can be put into.
    let app = site.app(rules(json!({"Bin": {"warehouse": [showroom]}})));
    let on_a_day = json!({"item_code": item, "warehouse": home, "date": "2026-11-20"});
    let told = refusal(&app, "get_stock_balance", on_a_day).await;
    assert!(told.contains("a balance is counted over all of them"), "{told}");
}

#[on_every_version]
async fn a_price_of_a_list_outside_is_not_told() {
    let site = SampleSite::start().await;
    let price = some(&site, "Item Price", json!({"selling": 1})).await;
    let (item, list) = (&price["item_code"], &price["price_list"]);
    let given = json!({"item_code": item, "company": COMPANY, "price_list": list});
    let told = call(&site.app(rules(json!({}))), "get_item_details", given.clone()).await.unwrap();
    assert_eq!((&told["price_list_rate"], &told["price_list"]), (&price["price_list_rate"], list), "{told}");
    let app = site.app(rules(json!({"Price List": {"selling": 0}})));
    as_if_missing(&app, "get_item_details", given.clone(), "price_list").await;
    let unnamed = json!({"item_code": item, "company": COMPANY});
    withheld(&call(&app, "get_item_details", unnamed).await.unwrap(), &["price_list_rate", "price_list"]);
    let app = site.app(rules(json!({"Item Price": {"buying": 1}})));
    withheld(&call(&app, "get_item_details", given).await.unwrap(), &["price_list_rate"]);
}

#[on_every_version]
async fn a_party_outside_has_no_terms_and_no_prices() {
    let site = SampleSite::start().await;
    let customer = some(&site, "Customer", json!({"territory": "South"})).await;
    let supplier = some(&site, "Supplier", json!({})).await;
    let item = some(&site, "Item", json!({"is_sales_item": 1, "has_variants": 0})).await;
    let conditions = json!({"Customer": {"territory": ["North"]}, "Supplier": {"name": {"ne": supplier["name"]}}});
    let app = site.app(rules(conditions));
    for (kind, party, transaction) in
        [("Customer", &customer["name"], "Sales Order"), ("Supplier", &supplier["name"], "Purchase Order")]
    {
        as_if_missing(&app, "get_party_details", json!({"party_type": kind, "party": party}), "party").await;
        let given = json!({"item_code": item["name"], "company": COMPANY, "party": party, "for": transaction});
        as_if_missing(&app, "get_item_details", given, "party").await;
    }
}

#[on_every_version]
async fn the_address_and_the_contact_of_a_party_are_told_only_where_the_fields_that_name_them_may_be_read() {
    let site = SampleSite::start().await;
    for (kind, address) in [("Customer", "customer_address"), ("Supplier", "supplier_address")] {
        let party = some(&site, kind, json!({})).await;
        let given = json!({"party_type": kind, "party": party["name"]});
        let told = call(&site.app(rules(json!({}))), "get_party_details", given.clone()).await.unwrap();
        // The suppliers of the sample have neither.
        let is_told = told[address].is_string() && told["contact_person"].is_string();
        assert!(is_told || kind == "Supplier", "{told}");
        let mut permitted = rules(json!({}));
        let named = ["address", "contact"].map(|what| format!("{}_primary_{what}", kind.to_lowercase()));
        permitted[kind]["restricted_fields"] = json!(named);
        let told = call(&site.app(permitted), "get_party_details", given).await.unwrap();
        withheld(&told, &[address, "contact_person"]);
    }
}

#[on_every_version]
async fn what_documents_outside_would_fill_in_is_withheld() {
    let site = SampleSite::start().await;
    let customer = some(&site, "Customer", json!({})).await;
    let (item, _) = stocked(&site).await;
    site.sandbox
        .with(|site| {
            let columns = json!({"default_income_account": "canary - AF", "default_currency": "CHF"});
            site.set("Company", COMPANY, columns.as_object().unwrap())
        })
        .unwrap();
    let details = json!({"item_code": item, "company": COMPANY, "currency": "EUR"});
    let party = json!({"party_type": "Customer", "party": customer["name"], "company": COMPANY});
    let open = site.app(rules(json!({})));
    assert_eq!(call(&open, "get_item_details", details.clone()).await.unwrap()["income_account"], "canary - AF");
    assert!(call(&open, "get_party_details", party.clone()).await.unwrap()["currency"].is_string());

    let app = site.app(rules(json!({"Company": {"name": {"ne": COMPANY}}})));
    as_if_missing(&app, "get_item_details", details.clone(), "company").await;
    as_if_missing(&app, "get_party_details", party.clone(), "company").await;
    // Without a company it is the site's own choice of one.
    let unnamed = json!({"party_type": "Customer", "party": customer["name"]});
    let told = call(&app, "get_party_details", unnamed).await.unwrap();
    assert!(told.get("currency").is_none(), "{told}");

    let outside = json!({
        "Item Group": {"name": ["No Such Group"]}, "Customer Group": {"name": ["No Such Group"]},
        "Address": {"name": ["None"]}, "Contact": {"name": ["None"]},
    });
    let app = site.app(rules(outside));
    withheld(&call(&app, "get_item_details", details).await.unwrap(), &["income_account"]);
    let told = call(&app, "get_party_details", party).await.unwrap();
    for key in ["payment_terms_template", "selling_price_list", "customer_address", "contact_person"] {
        assert!(told.get(key).is_none(), "{key}: {told}");
    }
    assert!(told["customer_name"].is_string(), "{told}");
}

#[on_every_version]
async fn where_a_pricing_rule_that_may_not_be_read_begins_is_told_by_no_price() {
    let site = SampleSite::start().await;
    let price = some(&site, "Item Price", json!({"selling": 1})).await;
    let item = &price["item_code"];
    let rule = json!({"doctype": "Pricing Rule", "naming_series": "PRLE-.####", "title": "Five", "apply_on": "Item Code",
        "selling": 1, "company": COMPANY, "currency": price["currency"], "price_or_product_discount": "Price",
        "min_qty": 5, "rate_or_discount": "Rate", "rate": 3.4375, "items": [{"item_code": item}]});
    site.sandbox.with(|site| site.insert(rule.as_object().unwrap().clone())).unwrap();
    let read = || json!({"read": true});
    let some_of_them = json!({"read": true, "conditions": {"read": {"title": "Other"}}});
    let part_of_each = json!({"read": true, "restricted_fields": ["min_qty"]});
    for rules in [None, Some(some_of_them), Some(part_of_each)] {
        let mut doctypes = json!({"Item": read(), "Item Price": read(), "Price List": read(), "Company": read()});
        doctypes.as_object_mut().unwrap().extend(rules.map(|rule| ("Pricing Rule".to_owned(), rule)));
        let app = site.app(doctypes);
        for tool in ["get_item_price", "get_item_details"] {
            let mut told = Vec::new();
            for qty in [4, 5] {
                let asked =
                    json!({"item_code": item, "company": COMPANY, "price_list": price["price_list"], "qty": qty});
                let mut answer = call(&app, tool, asked).await.unwrap();
                ["qty", "amount"].iter().for_each(|key| drop(answer.as_object_mut().unwrap().remove(*key)));
                told.push(answer);
            }
            assert_eq!(told[0], told[1], "{tool}");
            assert_eq!(told[1]["price_list_rate"], price["price_list_rate"], "{tool}: {told:?}");
            assert!(told[1]["note"].as_str().unwrap().contains("pricing rules are left out"), "{tool}: {told:?}");
        }
    }
}

#[on_every_version]
async fn what_is_withheld_is_named_whether_or_not_there_is_anything() {
    let site = SampleSite::start().await;
    let customer = some(&site, "Customer", json!({})).await["name"].as_str().unwrap().to_owned();
    let list = some(&site, "Price List", json!({"selling": 1})).await["name"].clone();
    let rule = json!({"read": true, "restricted_fields": ["default_price_list"]});
    let mut told = Vec::new();
    for list in [json!(null), list] {
        let columns = json!({ "default_price_list": list });
        site.sandbox.with(|site| site.set("Customer", &customer, columns.as_object().unwrap())).unwrap();
        let asked = json!({"party_type": "Customer", "party": customer});
        told.push(call(&site.app(json!({ "Customer": rule })), "get_party_details", asked).await.unwrap());
    }
    withheld(&told[0], &["selling_price_list", "contact_email"]);
    assert_eq!(told[0], told[1]);
    // Nor is a note made of it.
    let price = some(&site, "Item Price", json!({"selling": 1})).await;
    site.sandbox
        .with(|site| site.insert(json!({"doctype": "UOM", "uom_name": "Crate"}).as_object().unwrap().clone()))
        .unwrap();
    let item = json!({"read": true, "restricted_fields": ["uoms.conversion_factor"]});
    let rules = json!({"Item": item, "Item Price": {"read": true}, "Price List": {"read": true}});
    let asked =
        json!({"item_code": price["item_code"], "company": COMPANY, "price_list": price["price_list"], "uom": "Crate"});
    let told = call(&site.app(rules), "get_item_price", asked).await.unwrap();
    withheld(&told, &["conversion_factor"]);
    assert!(!told.to_string().contains("one for one"), "{told}");
}

#[on_every_version]
async fn when_and_in_which_unit_a_price_holds_is_told_by_no_price_where_it_is_withheld() {
    let site = SampleSite::start().await;
    let price = some(&site, "Item Price", json!({"selling": 1})).await;
    let item = &price["item_code"];
    let read = || json!({"read": true});
    let asked = |more: Value| {
        let mut asked = json!({"item_code": item, "company": COMPANY, "price_list": price["price_list"]});
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        asked
    };
    let app = |items: Value, prices: Value| {
        site.app(json!({"Item": items, "Item Price": prices, "Price List": read(), "Company": read()}))
    };
    let without_days = app(read(), json!({"read": true, "restricted_fields": ["valid_from"]}));
    for tool in ["get_item_price", "get_item_details"] {
        let mut told = Vec::new();
        for date in ["2000-01-01", "2099-01-01"] {
            let mut answer = call(&without_days, tool, asked(json!({ "date": date }))).await.unwrap();
            answer.as_object_mut().unwrap().remove("date");
            told.push(answer);
        }
        withheld(&told[1], &["price_list_rate"]);
        assert_eq!(told[0], told[1], "{tool}");
    }
    let open = app_of(&site.config(json!({"default": all()})));
    let unit = json!({"doctype": "UOM", "uom_name": "Crate"});
    site.sandbox.with(|site| site.insert(unit.as_object().unwrap().clone())).unwrap();
    let crates = json!({"uoms": {"add": [{"uom": "Crate", "conversion_factor": 12}]}});
    call(&open, "update_generic_document", json!({"doctype": "Item", "name": item, "data": crates})).await.unwrap();
    let without_factors = app(json!({"read": true, "restricted_fields": ["uoms.conversion_factor"]}), read());
    let told = call(&without_factors, "get_item_price", asked(json!({"uom": "Crate"}))).await.unwrap();
    withheld(&told, &["price_list_rate", "rate", "amount", "conversion_factor"]);
    let told = call(&without_factors, "get_item_price", asked(json!({}))).await.unwrap();
    assert_eq!(told["price_list_rate"].as_f64(), price["price_list_rate"].as_f64(), "{told}");
}

#[on_every_version]
async fn the_tax_category_of_a_party_is_told_by_no_taxes_where_it_is_withheld() {
    let site = SampleSite::start().await;
    let open = app_of(&site.config(json!({"default": all()})));
    let create = async |app: &Connection, doctype: &str, data: &Value, dry_run: bool| {
        call(app, "create_generic_document", json!({"doctype": doctype, "data": data, "dry_run": dry_run}))
            .await
            .unwrap()
    };
    let account = some(&site, "Account", json!({"account_name": "VAT"})).await["name"].clone();
    let row = json!({"charge_type": "On Net Total", "account_head": account, "description": "VAT", "rate": 9});
    let template = json!({"title": "Abroad", "company": COMPANY, "taxes": [row]});
    let template = create(&open, "Sales Taxes and Charges Template", &template, false).await["created"].clone();
    create(&open, "Tax Category", &json!({"title": "Abroad"}), false).await;
    let rule =
        json!({"tax_type": "Sales", "tax_category": "Abroad", "sales_tax_template": template, "company": COMPANY});
    create(&open, "Tax Rule", &rule, false).await;
    let customer = some(&site, "Customer", json!({})).await["name"].as_str().unwrap().to_owned();
    let item = some(&site, "Item", json!({"is_sales_item": 1, "has_variants": 0})).await["name"].clone();
    let order = json!({"customer": customer, "company": COMPANY, "delivery_date": "2099-12-24",
        "items": [{"item_code": item, "qty": 4, "rate": 50}]});
    let mut customers = all();
    customers["restricted_fields"] = json!(["tax_category"]);
    let (mut terms, mut orders) = (Vec::new(), Vec::new());
    for category in [Value::Null, json!("Abroad")] {
        let columns = json!({ "tax_category": category });
        site.sandbox.with(|site| site.set("Customer", &customer, columns.as_object().unwrap())).unwrap();
        let app = app_of(&site.config(json!({"default": all(), "doctypes": {"Customer": customers}})));
        let asked = json!({"party_type": "Customer", "party": customer, "company": COMPANY});
        terms.push(call(&app, "get_party_details", asked).await.unwrap());
        orders.push(create(&app, "Sales Order", &order, true).await);
    }
    withheld(&terms[1], &["tax_category", "taxes_and_charges"]);
    assert_eq!(terms[0], terms[1]);
    assert_eq!(orders[0], orders[1]);
    assert!(orders[1].to_string().contains("which taxes the form would fill in is not known"), "{}", orders[1]);
    // To whom nothing of it is withheld, they are filled in.
    let shown = create(&open, "Sales Order", &order, true).await;
    assert_eq!(shown["would_create"]["taxes_and_charges"], template, "{shown}");
}

#[on_every_version]
async fn when_something_moved_is_told_by_no_stock_of_a_day_where_it_is_withheld() {
    let site = SampleSite::start().await;
    let entry = some(&site, "Stock Ledger Entry", json!({"actual_qty": [">", 0]})).await;
    let of = |date: &str| json!({"item_code": entry["item_code"], "warehouse": entry["warehouse"], "date": date});
    let read = || json!({"read": true});
    for (entries, is_told) in [
        (read(), true),
        (json!({"read": true, "restricted_fields": ["posting_date"]}), false),
        (json!({"read": true, "conditions": {"read": {"voucher_type": ["None"]}}}), false),
    ] {
        let app = site.app(json!({"Item": read(), "Bin": read(), "Warehouse": read(), "Stock Ledger Entry": entries}));
        let levels = json!({"items": [entry["item_code"]], "date": "2000-01-01"});
        assert_eq!(call(&app, "get_stock_levels", levels).await.is_ok(), is_told);
        if is_told {
            let told = call(&app, "get_stock_balance", of("2000-01-01")).await.unwrap();
            assert_eq!(told["actual_qty"], 0.0, "{told}");
        } else {
            let said = refusal(&app, "get_stock_balance", of("2000-01-01")).await;
            assert_eq!(said, refusal(&app, "get_stock_balance", of("2099-01-01")).await);
            assert!(said.contains("withholds what moved when"), "{said}");
        }
    }
}

#[on_every_version]
async fn which_contact_of_a_party_is_the_first_is_told_only_where_that_may_be_read() {
    let site = SampleSite::start().await;
    let party = some(&site, "Customer", json!({})).await["name"].clone();
    for (doctype, field, facts) in [
        ("Contact", "is_primary_contact", ["contact_person", "contact_email"]),
        ("Address", "is_primary_address", ["customer_address", "address_display"]),
        ("Address", "is_shipping_address", ["shipping_address_name", "shipping_address"]),
    ] {
        let asked = json!({"party_type": "Customer", "party": party, "company": COMPANY});
        let rules = json!({"default": all(), "doctypes": {doctype: {"read": true, "restricted_fields": [field]}}});
        let told = call(&app_of(&site.config(rules)), "get_party_details", asked).await.unwrap();
        let is_withheld = |fact: &&str| told["withheld"].as_array().unwrap().contains(&json!(fact));
        assert!(facts.iter().all(is_withheld), "{field}: {told}");
    }
}
