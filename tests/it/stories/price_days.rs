//! Which days a price and a rule hold on, and whose price it is.

use serde_json::json;

use super::Desk;
use super::price::{PRICE, a_tenth_off, number, priced, put};
use crate::sandbox::COMPANY;

#[on_every_version]
async fn a_price_and_a_rule_count_on_the_days_on_which_they_hold() {
    let desk = Desk::open().await;
    let price = priced(&desk).await;
    let (item, list) = (&price["item_code"], &price["price_list"]);
    let rule = a_tenth_off(&desk, item, &price["currency"]);
    let from = json!({"valid_from": "2018-06-02"});
    desk.site.with(|site| site.set("Pricing Rule", &rule, from.as_object().unwrap())).unwrap();
    let old = json!({"doctype": "Item Price", "item_code": item, "price_list": list, "price_list_rate": 3,
        "uom": price["uom"], "valid_from": "2018-01-01", "valid_upto": "2018-12-31"});
    put(&desk, old);
    let on = async |date: &str| {
        let asked = json!({"item_code": item, "company": COMPANY, "price_list": list, "qty": 5, "date": date});
        desk.call(PRICE, asked).await
    };
    for (date, off) in [("2018-06-01", 0.0), ("2018-06-02", 10.0)] {
        let told = on(date).await;
        let found = (number(&told["price_list_rate"]), told["discount_percentage"].as_f64().unwrap_or_default());
        assert_eq!(found, (3.0, off), "{told}");
    }
    let told = on("2017-06-01").await;
    assert!(told["note"].as_str().unwrap().contains("the list has no price for it"), "{told}");
}

#[on_every_version]
async fn of_more_prices_than_are_told_none_is_said_to_come_first() {
    let desk = Desk::open().await;
    let price = priced(&desk).await;
    let (item, list) = (&price["item_code"], &price["price_list"]);
    let customer = desk.some("Customer", json!({}), 1).await.remove(0);
    let of = |from: &str| {
        json!({"doctype": "Item Price", "item_code": item, "price_list": list, "price_list_rate": 3, "uom": price["uom"],
            "valid_from": from})
    };
    // The party's own is older than all others, and comes first all the same.
    let mut own = of("2018-01-01");
    own["customer"] = json!(customer);
    put(&desk, own);
    for at in 0..51 {
        put(&desk, of(&format!("20{}-{:02}-01", 19 + at / 12, at % 12 + 1)));
    }
    let asked = json!({"item_code": item, "company": COMPANY, "price_list": list, "party": customer});
    let told = desk.call(PRICE, asked).await;
    assert!(told["note"].as_str().unwrap().contains("which of all comes first is not told"), "{told}");
    assert!(!told["candidates"].to_string().contains("comes first"), "{told}");
}

#[on_every_version]
async fn a_supplier_in_the_place_of_a_customer_is_told_as_one() {
    let desk = Desk::open().await;
    let item = priced(&desk).await["item_code"].clone();
    let supplier = desk.some("Supplier", json!({}), 1).await.remove(0);
    for tool in [PRICE, "get_item_details"] {
        let told = desk.refusal(tool, json!({"item_code": item, "company": COMPANY, "party": supplier})).await;
        assert!(told.contains("it is a Supplier") && told.contains("for: \"Purchase Order\""), "{tool}: {told}");
    }
    let asked = json!({"item_code": item, "company": COMPANY, "party": "Nobody Ltd."});
    assert!(desk.refusal(PRICE, asked).await.contains("There is no Customer named"));
}
