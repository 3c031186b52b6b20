//! What an item costs whom, and why.

use serde_json::{Value, json};

use super::Desk;
use crate::sandbox::{COMPANY, config};
use crate::support::{all, app_of, call, refusal};

pub(super) const PRICE: &str = "get_item_price";

/// A price in a list for customers: item, list, rate, unit.
pub(super) async fn priced(desk: &Desk) -> Value {
    let asked = json!({"doctype": "Item Price", "filters": {"selling": 1}, "order_by": "item_code asc", "limit": 1,
        "fields": ["item_code", "price_list", "price_list_rate", "uom", "currency"]});
    desk.call("list_generic_documents", asked).await["documents"][0].clone()
}

/// Puts a document into the site, as its own code would.
pub(super) fn put(desk: &Desk, doc: Value) -> String {
    let doc = doc.as_object().unwrap().clone();
    desk.site.with(|site| site.insert(doc)).unwrap()["name"].as_str().unwrap().to_owned()
}

pub(super) fn a_tenth_off(desk: &Desk, item: &Value, currency: &Value) -> String {
    let rule = json!({"doctype": "Pricing Rule", "naming_series": "PRLE-.####", "title": "A tenth off five", "apply_on": "Item Code", "selling": 1,
        "company": COMPANY, "currency": currency, "price_or_product_discount": "Price", "min_qty": 5,
        "rate_or_discount": "Discount Percentage", "discount_percentage": 10, "items": [{"item_code": item}]});
    put(desk, rule)
}

pub(super) fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value}"))
}

fn withheld(answer: &Value) -> Vec<&str> {
    answer["withheld"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[on_every_version]
async fn a_price_is_told_with_its_rules_and_the_prices_that_it_was_chosen_from() {
    let desk = Desk::open().await;
    let price = priced(&desk).await;
    let (item, list, whole) = (&price["item_code"], &price["price_list"], number(&price["price_list_rate"]));
    let rule = a_tenth_off(&desk, item, &price["currency"]);
    let old = json!({"doctype": "Item Price", "item_code": item, "price_list": list, "price_list_rate": 1,
        "uom": price["uom"], "valid_from": "2020-01-01", "valid_upto": "2020-12-31"});
    let old = put(&desk, old);
    let customer = desk.some("Customer", json!({}), 1).await.remove(0);
    let mut asked = json!({"item_code": item, "company": COMPANY, "party": customer, "price_list": list, "qty": 5});
    let told = desk.call(PRICE, asked.clone()).await;
    assert_eq!((number(&told["price_list_rate"]), number(&told["discount_percentage"])), (whole, 10.0), "{told}");
    assert!((number(&told["rate"]) - whole * 0.9).abs() < 1e-6, "{told}");
    assert!((number(&told["amount"]) - whole * 4.5).abs() < 1e-6, "{told}");
    assert_eq!((&told["currency"], &told["party"]), (&price["currency"], &json!(customer)), "{told}");
    let rules = told["pricing_rules"].as_array().unwrap();
    assert_eq!((rules.len(), &rules[0]["name"], &rules[0]["title"]), (1, &json!(rule), &json!("A tenth off five")));
    let candidates = told["candidates"].as_array().unwrap();
    let past = candidates.iter().find(|candidate| candidate["name"] == old).unwrap();
    assert_eq!((candidates.len(), &past["left_out"]), (2, &json!("no longer valid")), "{told}");
    assert_eq!(candidates.iter().filter(|candidate| candidate.get("left_out").is_none()).count(), 1, "{told}");
    assert_eq!(told.get("withheld"), None, "{told}");
    // A price in another unit, for a batch or for whole packs does not hold, and it is told which.
    put(&desk, json!({"doctype": "UOM", "uom_name": "Crate"}));
    put(&desk, json!({"doctype": "Batch", "batch_id": "B-1", "item": item}));
    for (more, wanted) in [
        (json!({"uom": "Crate"}), "for another unit"),
        (json!({"uom": price["uom"], "batch_no": "B-1"}), "for one batch"),
        (json!({"uom": price["uom"], "packing_unit": 3, "customer": customer}), "for whole packs"),
    ] {
        let mut other = json!({"doctype": "Item Price", "item_code": item, "price_list": list, "price_list_rate": 2,
            "valid_from": "2020-01-01"});
        other.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let other = put(&desk, other);
        let told = desk.call(PRICE, asked.clone()).await;
        let found = told["candidates"].as_array().unwrap().iter().find(|candidate| candidate["name"] == other).unwrap();
        assert_eq!(found["left_out"], wanted, "{told}");
        // The party's own price is asked for first, and no other once it fails.
        let none = told["note"].as_str().is_some_and(|note| note.contains("the site takes none"));
        assert_eq!(none, wanted == "for whole packs", "{told}");
    }
    // Where what decides it is withheld, none is said to hold or not to.
    let read = json!({"read": true});
    let prices = json!({"read": true, "restricted_fields": ["valid_upto"]});
    let rules = json!({"Item": read, "Item Price": prices, "Price List": read, "Customer": read});
    let app = app_of(&config(&desk.site, "administrator", json!({"doctypes": rules})));
    let told = call(&app, PRICE, asked.clone()).await.unwrap();
    assert!(!told["candidates"].to_string().contains("left_out"), "{told}");
    assert!(told["note"].as_str().unwrap().contains("which of them hold is not told"), "{told}");
    // Of fewer no rule makes the price.
    asked["qty"] = json!(4);
    let told = desk.call(PRICE, asked).await;
    assert_eq!((number(&told["rate"]), &told["pricing_rules"]), (whole, &json!([])), "{told}");
}

#[on_every_version]
async fn a_price_is_that_of_the_unit_and_of_the_partys_own_list() {
    let desk = Desk::open().await;
    let price = priced(&desk).await;
    let (item, list, whole) = (&price["item_code"], &price["price_list"], number(&price["price_list_rate"]));
    for unit in ["Crate of 12", "Unheard Of"] {
        put(&desk, json!({"doctype": "UOM", "uom_name": unit}));
    }
    let uoms = json!({"uoms": {"add": [{"uom": "Crate of 12", "conversion_factor": 12}]}});
    desk.call("update_generic_document", json!({"doctype": "Item", "name": item, "data": uoms})).await;
    let mut asked = json!({"item_code": item, "company": COMPANY, "price_list": list, "uom": "Crate of 12"});
    let told = desk.call(PRICE, asked.clone()).await;
    assert_eq!((&told["uom"], number(&told["conversion_factor"])), (&json!("Crate of 12"), 12.0), "{told}");
    assert!((number(&told["price_list_rate"]) - whole * 12.0).abs() < 1e-6, "{told}");
    asked["uom"] = json!("Unheard Of");
    let told = desk.call(PRICE, asked).await;
    assert!(told["note"].as_str().unwrap().contains("one for one"), "{told}");

    let customer = desk.some("Customer", json!({}), 1).await.remove(0);
    let own = put(
        &desk,
        json!({"doctype": "Price List", "price_list_name": "Friends", "currency": price["currency"],
        "selling": 1, "enabled": 1}),
    );
    let friends = json!({"doctype": "Item Price", "item_code": item, "price_list": own, "price_list_rate": 7,
        "uom": price["uom"], "valid_from": "2026-01-01"});
    put(&desk, friends);
    let data = json!({"default_price_list": own});
    desk.call("update_generic_document", json!({"doctype": "Customer", "name": customer, "data": data})).await;
    let asked = json!({"item_code": item, "company": COMPANY, "party": customer});
    let told = desk.call(PRICE, asked.clone()).await;
    assert_eq!((&told["price_list"], number(&told["rate"])), (&json!(own), 7.0), "{told}");
    let told = desk.call(PRICE, json!({"item_code": item, "company": COMPANY})).await;
    assert!(told["note"].as_str().unwrap().contains("no price list was named"), "{told}");
    // The settings say which is the site's own; without it and without the list of the usual name none is asked for.
    let in_settings = erpnext_sandbox::store::Sql::Text(own.clone());
    desk.site.with(|site| site.db.set_single("Selling Settings", "selling_price_list", in_settings)).unwrap();
    let told = desk.call(PRICE, json!({"item_code": item, "company": COMPANY})).await;
    assert_eq!((&told["price_list"], number(&told["rate"])), (&json!(own), 7.0), "{told}");
    let read = json!({"read": true});
    let others = json!({"read": true, "conditions": {"read": {"name": {"ne": "Standard Selling"}}}});
    for lists in [Some(others), None] {
        let mut rules = json!({"Item": read, "Item Price": read, "Company": read});
        rules.as_object_mut().unwrap().extend(lists.map(|lists| ("Price List".to_owned(), lists)));
        let app = app_of(&config(&desk.site, "administrator", json!({"doctypes": rules})));
        let text = refusal(&app, PRICE, json!({"item_code": item, "company": COMPANY})).await;
        assert!(text.contains("price_list: none was named") && text.contains("Name the price list"), "{text}");
    }
    // What the settings name holds where lists may not be looked up.
    let rules = json!({"Item": read, "Item Price": read, "Company": read, "Selling Settings": read});
    let app = app_of(&config(&desk.site, "administrator", json!({"doctypes": rules})));
    let told = call(&app, PRICE, json!({"item_code": item, "company": COMPANY})).await.unwrap();
    assert_eq!((&told["price_list"], number(&told["price_list_rate"])), (&json!(own), 7.0), "{told}");
    // A list without a price is not a price of nothing.
    let empty = put(
        &desk,
        json!({"doctype": "Price List", "price_list_name": "Empty", "currency": price["currency"],
        "selling": 1, "enabled": 1}),
    );
    let told = desk.call(PRICE, json!({"item_code": item, "company": COMPANY, "price_list": empty})).await;
    assert!(told.get("rate").is_none() && told["note"].as_str().unwrap().contains("has no price"), "{told}");
    // Which list is the customer's own is not found out by its prices.
    let customers = json!({"read": true, "restricted_fields": ["default_price_list"]});
    let read = json!({"read": true});
    let rules = json!({"Item": read, "Item Price": read, "Price List": read, "Customer": customers});
    let app = app_of(&config(&desk.site, "administrator", json!({"doctypes": rules})));
    let text = call(&app, PRICE, asked).await.unwrap_err().for_model();
    assert!(text.contains("may not be read here"), "{text}");
}

#[on_every_version]
async fn what_the_rules_withhold_of_a_price_is_told_as_withheld() {
    let desk = Desk::open().await;
    let price = priced(&desk).await;
    let rule = a_tenth_off(&desk, &price["item_code"], &price["currency"]);
    let read = || json!({"read": true});
    let app = |rules: Value| app_of(&config(&desk.site, "administrator", json!({"doctypes": rules})));
    let asked =
        json!({"item_code": price["item_code"], "company": COMPANY, "price_list": price["price_list"], "qty": 5});
    let here = app(json!({"Item": read(), "Item Price": read(), "Price List": read()}));
    let told = call(&here, PRICE, asked.clone()).await.unwrap();
    for key in ["discount_percentage", "discount_amount", "rate", "amount", "pricing_rules"] {
        assert!(told.get(key).is_none() && withheld(&told).contains(&key), "{key}: {told}");
    }
    // Without rules, the rate of the list is that of its price.
    assert!(!told.to_string().contains(&rule) && told["price_list_rate"] == price["price_list_rate"], "{told}");
    let prices = json!({"read": true, "restricted_fields": ["price_list_rate"]});
    let here = app(json!({"Item": read(), "Item Price": prices, "Price List": read(), "Pricing Rule": read()}));
    let told = call(&here, PRICE, asked.clone()).await.unwrap();
    assert_eq!(withheld(&told), ["price_list_rate", "rate", "amount"], "{told}");
    assert_eq!((told["candidates"][0].get("price_list_rate"), &told["pricing_rules"][0]["name"]), (None, &json!(rule)));
    // A condition on reading rules or prices leaves nothing of them.
    let none = || json!({"read": true, "conditions": {"read": {"name": "nothing"}}});
    let here = app(json!({"Item": read(), "Item Price": none(), "Price List": read(), "Pricing Rule": none()}));
    let told = call(&here, PRICE, asked.clone()).await.unwrap();
    assert_eq!((&told["candidates"], told.get("pricing_rules")), (&json!([]), None), "{told}");
    assert!(told["note"].as_str().unwrap().contains("you may not see") && !told.to_string().contains(&rule), "{told}");
    assert!(withheld(&told).contains(&"price_list_rate") && told.get("discount_percentage").is_none(), "{told}");
}

#[on_every_version]
async fn what_the_site_does_not_show_a_user_is_withheld_and_the_price_is_told() {
    let desk = Desk::open().await;
    let price = priced(&desk).await;
    desk.site.add_user("seller", &["Sales User"]).unwrap();
    desk.site.add_user("storekeeper", &["Stock Manager"]).unwrap();
    // Of the unit a seller may read nothing on 15, of the list, its currency and the company a storekeeper nothing.
    let asked = json!({"item_code": price["item_code"], "company": COMPANY, "price_list": price["price_list"],
        "uom": price["uom"]});
    for key in ["seller", "storekeeper"] {
        let app = app_of(&config(&desk.site, key, json!({"default": all()})));
        let told = call(&app, PRICE, asked.clone()).await.unwrap();
        // No rule was applied: there is nothing of one to withhold.
        assert_eq!(withheld(&told), ["candidates"], "{key}: {told}");
        assert_eq!(number(&told["rate"]), number(&price["price_list_rate"]), "{key}: {told}");
        let note = told["note"].as_str().unwrap();
        assert!(note.contains("does not let your user read Item Price"), "{key}: {note}");
        assert_eq!(told.get("currency").is_some(), key == "seller", "{key}: {told}");
    }
}

#[on_every_version]
async fn of_prices_that_hold_one_is_taken_and_of_the_others_it_is_told_why_not() {
    let desk = Desk::open().await;
    let price = priced(&desk).await;
    let (item, list) = (&price["item_code"], &price["price_list"]);
    let customer = desk.some("Customer", json!({}), 1).await.remove(0);
    let add = |rate: u32, from: &str, more: Value| {
        let mut doc = json!({"doctype": "Item Price", "item_code": item, "price_list": list, "price_list_rate": rate,
            "uom": price["uom"], "valid_from": from});
        doc.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        put(&desk, doc)
    };
    let newer = add(7, "2030-01-02", json!({}));
    let older = add(6, "2030-01-01", json!({}));
    let asked = json!({"item_code": item, "company": COMPANY, "price_list": list, "party": customer,
        "date": "2030-06-01"});
    let why = |told: &Value, name: &str| {
        let found = told["candidates"].as_array().unwrap().iter().find(|candidate| candidate["name"] == name);
        found.unwrap()["left_out"].as_str().map(str::to_owned)
    };
    let told = desk.call(PRICE, asked.clone()).await;
    assert_eq!(number(&told["price_list_rate"]), 7.0, "{told}");
    assert_eq!((why(&told, &newer), why(&told, &older).as_deref()), (None, Some("another one comes first")), "{told}");
    let own = add(5, "2020-01-01", json!({"customer": customer}));
    let told = desk.call(PRICE, asked.clone()).await;
    assert_eq!(
        (why(&told, &own), why(&told, &newer).as_deref()),
        (None, Some("the party's own comes first")),
        "{told}"
    );
    let same = add(4, "2020-01-01", json!({"customer": customer}));
    let told = desk.call(PRICE, asked).await;
    assert_eq!((why(&told, &own), why(&told, &same)), (None, None), "{told}");
    assert!(told["note"].as_str().unwrap().contains("it takes one of them"), "{told}");
}

#[on_every_version]
async fn the_only_company_need_not_be_named_and_several_are_named_for_the_caller() {
    let desk = Desk::open().await;
    let item = priced(&desk).await["item_code"].clone();
    for tool in [PRICE, "get_item_details"] {
        let told = desk.call(tool, json!({"item_code": item})).await;
        assert_eq!(told["company"], COMPANY, "{tool}: {told}");
        let app =
            app_of(&config(&desk.site, "administrator", json!({"doctypes": {"Item": all(), "Item Price": all()}})));
        let text = refusal(&app, tool, json!({"item_code": item})).await;
        assert!(text.contains("which there are is not known here"), "{tool}: {text}");
    }
    let first = desk.get("Company", COMPANY).await;
    let second = json!({"doctype": "Company", "company_name": "Second", "abbr": "S",
        "default_currency": first["default_currency"], "country": first["country"]});
    put(&desk, second);
    let text = desk.refusal(PRICE, json!({"item_code": item})).await;
    assert!(text.contains("there are several, such as") && text.contains("Second") && text.contains(COMPANY), "{text}");
}

#[on_every_version]
async fn of_many_prices_the_newest_are_told_and_that_there_are_more() {
    let desk = Desk::open().await;
    let price = priced(&desk).await;
    for day in 0..51 {
        let from = format!("19{:02}-01-01", day + 10);
        put(
            &desk,
            json!({"doctype": "Item Price", "item_code": price["item_code"], "price_list": price["price_list"],
            "price_list_rate": 1, "uom": price["uom"], "valid_from": from, "valid_upto": from}),
        );
    }
    let asked = json!({"item_code": price["item_code"], "company": COMPANY, "price_list": price["price_list"]});
    let told = desk.call(PRICE, asked).await;
    let candidates = told["candidates"].as_array().unwrap();
    assert_eq!(candidates.len(), 50, "{told}");
    assert!(candidates.iter().any(|candidate| candidate.get("left_out").is_none()), "{told}");
    assert!(told["note"].as_str().unwrap().contains("there are more than these 50"), "{told}");
}

#[on_every_version]
async fn what_a_rule_withholds_is_not_worked_out_from_the_rate_of_the_list() {
    let desk = Desk::open().await;
    let price = priced(&desk).await;
    let (item, list) = (&price["item_code"], &price["price_list"]);
    // The answer of the site calls the last one a discount: that the first put its rate in is not seen from it.
    let rate = json!({"doctype": "Pricing Rule", "naming_series": "PRLE-.####", "title": "A rate", "apply_on": "Item Code",
        "selling": 1, "company": COMPANY, "currency": price["currency"], "price_or_product_discount": "Price",
        "min_qty": 5, "rate_or_discount": "Rate", "rate": 3.4375, "items": [{"item_code": item}]});
    put(&desk, rate);
    a_tenth_off(&desk, item, &price["currency"]);
    let read = || json!({"read": true});
    let here = |restricted: &str| {
        let rule = json!({"read": true, "restricted_fields": [restricted]});
        let rules = json!({"Item": read(), "Item Price": read(), "Price List": read(), "Pricing Rule": rule});
        app_of(&config(&desk.site, "administrator", json!({"doctypes": rules})))
    };
    let asked = json!({"item_code": item, "company": COMPANY, "price_list": list, "qty": 5});
    let nothing: &[&str] = &[];
    for (restricted, hidden) in [
        ("rate", nothing),
        ("discount_percentage", &["discount_percentage", "discount_amount"][..]),
        ("discount_amount", &["discount_percentage", "discount_amount"][..]),
    ] {
        let here = here(restricted);
        for tool in [PRICE, "get_item_details"] {
            let told = call(&here, tool, asked.clone()).await.unwrap();
            for key in hidden {
                assert!(told.get(*key).is_none() && withheld(&told).contains(key), "{tool} {restricted} {key}: {told}");
            }
            assert_eq!(told["price_list_rate"], price["price_list_rate"], "{tool} {restricted}: {told}");
        }
    }
}

#[on_every_version]
async fn of_a_free_item_its_name_and_what_the_rule_says_are_told_and_no_more() {
    let desk = Desk::open().await;
    let price = priced(&desk).await;
    let gift = desk.some("Item", json!({"name": ["!=", price["item_code"]], "has_variants": 0}), 1).await.remove(0);
    let rule = json!({"doctype": "Pricing Rule", "naming_series": "PRLE-.####", "title": "One free", "apply_on": "Item Code",
        "selling": 1, "company": COMPANY, "currency": price["currency"], "price_or_product_discount": "Product",
        "min_qty": 5, "free_item": gift, "free_qty": 2, "free_item_rate": 0.25, "items": [{"item_code": price["item_code"]}]});
    put(&desk, rule);
    let asked =
        json!({"item_code": price["item_code"], "company": COMPANY, "price_list": price["price_list"], "qty": 5});
    let told = desk.call(PRICE, asked.clone()).await;
    let unit = desk.get("Item", &gift).await["stock_uom"].clone();
    let free = json!([{"item_code": gift, "qty": 2.0, "uom": unit, "rate": 0.25}]);
    assert_eq!((&told["free_item_data"], told.get("withheld")), (&free, None), "{told}");

    let read = || json!({"read": true});
    let here = |item: Value, rule: Value| {
        let rules = json!({"Item": item, "Item Price": read(), "Price List": read(), "Pricing Rule": rule});
        app_of(&config(&desk.site, "administrator", json!({"doctypes": rules})))
    };
    let item = json!({"read": true, "restricted_fields": ["stock_uom"]});
    let told = call(&here(item, read()), PRICE, asked.clone()).await.unwrap();
    assert_eq!(told["free_item_data"], json!([{"item_code": gift, "qty": 2.0, "rate": 0.25}]), "{told}");
    let rule = json!({"read": true, "restricted_fields": ["free_qty"]});
    let other = json!({"read": true, "conditions": {"read": {"name": {"ne": gift}}}});
    for here in [here(read(), rule), here(other, read())] {
        let told = call(&here, PRICE, asked.clone()).await.unwrap();
        assert!(told.get("free_item_data").is_none() && withheld(&told).contains(&"free_item_data"), "{told}");
    }
}

#[on_every_version]
async fn a_wrong_question_about_a_price_names_what_is_wrong() {
    let desk = Desk::open().await;
    let price = priced(&desk).await;
    let right = json!({"item_code": price["item_code"], "company": COMPANY, "price_list": price["price_list"]});
    for (argument, value, wanted) in [
        ("item_code", json!("No such"), "no Item named"),
        ("company", json!("No such"), "no Company named"),
        ("price_list", json!("No such"), "no Price List named"),
        ("party", json!("No such"), "no Customer named"),
        ("uom", json!("No such"), "no UOM named"),
        ("date", json!("11/12/2026"), "is not a date as YYYY-MM-DD"),
        ("qty", json!(0), "qty"),
        ("for", json!("Sales"), "Sales Order"),
    ] {
        let mut asked = right.clone();
        asked[argument] = value;
        let text = desk.refusal(PRICE, asked).await;
        assert!(text.contains(wanted), "{argument}: {text}");
    }
}
