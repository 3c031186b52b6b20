//! How much of many items lies where, what of it is free, what comes, and in which batches it lies.

use serde_json::{Value, json};

use super::Desk;
use crate::sandbox::{COMPANY, config, site};
use crate::support::{all, app_of, call, refusal};

const LEVELS: &str = "get_stock_levels";

/// An item that lies in the showroom and in another warehouse, the showroom, and the group above all warehouses.
async fn stocked(desk: &Desk) -> (String, String, String) {
    let asked = json!({"doctype": "Bin", "filters": {"warehouse": ["like", "Showroom%"], "actual_qty": [">", 0]},
        "fields": ["item_code", "warehouse"], "order_by": "item_code asc", "limit": 1});
    let bin = desk.call("list_generic_documents", asked).await["documents"][0].clone();
    let text = |key: &str| bin[key].as_str().unwrap().to_owned();
    let group = desk.some("Warehouse", json!({"is_group": 1}), 1).await.remove(0);
    (text("item_code"), text("warehouse"), group)
}

/// Puts a document into the site, as its own code would.
fn put(desk: &Desk, doc: Value) -> String {
    let doc = doc.as_object().unwrap().clone();
    desk.site.with(|site| site.insert(doc)).unwrap()["name"].as_str().unwrap().to_owned()
}

fn rows(item: &Value) -> &Vec<Value> {
    item["warehouses"].as_array().unwrap_or_else(|| panic!("{item}"))
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value}"))
}

fn withheld(answer: &Value) -> Vec<&str> {
    answer["withheld"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[on_every_version]
async fn stock_of_items_in_warehouses_is_told_with_totals_and_value() {
    let desk = Desk::open().await;
    let (item, showroom, group) = stocked(&desk).await;
    let everywhere = desk.call(LEVELS, json!({"items": [item]})).await;
    let told = &everywhere["items"][0];
    assert_eq!((rows(told).len(), &everywhere["shown"]), (3, &json!("all 1")), "{everywhere}");
    for key in ["actual_qty", "reserved_qty", "ordered_qty", "projected_qty", "free", "stock_value"] {
        let sum: f64 = rows(told).iter().map(|row| number(&row[key])).sum();
        assert!((sum - number(&told["total"][key])).abs() < 1e-6, "{key}: {told}");
    }
    assert_eq!(
        number(&told["total"]["free"]),
        number(&told["total"]["actual_qty"]) - number(&told["total"]["reserved_qty"])
    );
    assert!(number(&told["total"]["valuation_rate"]) > 0.0 && told["stock_uom"].is_string(), "{told}");
    assert!(everywhere["currency"][COMPANY].is_string() && everywhere.get("withheld").is_none(), "{everywhere}");
    // A group of warehouses stands for all below it.
    let below = desk.call(LEVELS, json!({"items": [item], "warehouses": [group]})).await;
    assert_eq!(below["items"], everywhere["items"]);
    // What is named twice, and within another that is named, counts once.
    let twice = json!({"items": [item], "warehouses": [group, group, showroom]});
    assert_eq!(desk.call(LEVELS, twice).await["items"], everywhere["items"]);
    let here = desk.call(LEVELS, json!({"items": [item], "warehouses": [showroom]})).await;
    let by_other_names = json!({"item_code": item, "warehouse": showroom});
    assert_eq!(desk.call(LEVELS, by_other_names).await["items"], here["items"]);
    assert_eq!((rows(&here["items"][0]).len(), &rows(&here["items"][0])[0]["warehouse"]), (1, &json!(showroom)));
    // And a group of items for all in it and below it.
    let groups = desk.some("Item Group", json!({"is_group": 1}), 1).await;
    let asked = json!({"item_group": groups[0], "warehouses": [showroom], "limit": 500});
    let of_all = desk.call(LEVELS, asked.clone()).await;
    let items = desk.some("Item", json!({}), 500).await;
    assert_eq!(of_all["shown"], format!("all {}", items.len()), "{of_all}");
    let found = of_all["items"].as_array().unwrap().iter().find(|told| told["item_code"] == item).unwrap();
    assert_eq!(found, &here["items"][0]);
    let mut first = asked;
    first["limit"] = json!(2);
    let first = desk.call(LEVELS, first).await;
    assert_eq!(first["shown"], format!("2 of {}", items.len()));
    assert!(first["note"].as_str().unwrap().contains("raise limit"), "{first}");
}

#[on_every_version]
async fn what_is_kept_for_production_and_subcontractors_is_not_free() {
    let desk = Desk::open().await;
    let (item, showroom, _) = stocked(&desk).await;
    let asked = json!({"items": [item], "warehouses": [showroom]});
    let before = desk.call(LEVELS, asked.clone()).await["items"][0]["total"].clone();
    assert_eq!(before.get("reserved_qty_for_production"), None, "{before}");
    let bin = desk.some("Bin", json!({"item_code": item, "warehouse": showroom}), 1).await.remove(0);
    let kept = ["reserved_qty_for_production", "reserved_qty_for_sub_contract", "reserved_qty_for_production_plan"];
    for (key, qty) in kept.into_iter().zip([1.0, 0.5, 0.25]) {
        let columns = json!({key: qty});
        desk.site.with(|site| site.set("Bin", &bin, columns.as_object().unwrap())).unwrap();
    }
    let told = desk.call(LEVELS, asked.clone()).await["items"][0].clone();
    assert!((number(&told["total"]["free"]) - (number(&before["free"]) - 1.75)).abs() < 1e-6, "{told}");
    assert_eq!((&rows(&told)[0]["free"], &rows(&told)[0][kept[2]]), (&told["total"]["free"], &json!(0.25)), "{told}");
    for key in kept {
        let read = json!({"read": true});
        let rules = json!({"Item": read, "Warehouse": read, "Bin": {"read": true, "restricted_fields": [key]}});
        let app = app_of(&config(&desk.site, "administrator", json!({"doctypes": rules})));
        let told = call(&app, LEVELS, asked.clone()).await.unwrap();
        assert_eq!((withheld(&told), told["items"][0]["total"].get("free")), (vec![key], None), "{told}");
    }
}

#[on_every_version]
async fn what_comes_is_told_by_its_day_with_what_is_free_then() {
    let desk = Desk::open().await;
    let (item, showroom, _) = stocked(&desk).await;
    let supplier = desk.some("Supplier", json!({}), 1).await.remove(0);
    let order = async |date: &str, qty: f64| {
        let row = json!({"item_code": item, "qty": qty, "schedule_date": date, "rate": 7, "warehouse": showroom});
        let data = json!({"supplier": supplier, "company": COMPANY, "transaction_date": "2026-11-24",
            "schedule_date": date, "items": [row]});
        let name = desk.create("Purchase Order", data).await;
        desk.submit("Purchase Order", &name).await;
        name
    };
    let (later, sooner) = (order("2099-12-20", 5.0).await, order("2099-12-10", 3.0).await);
    let asked = json!({"items": [item], "warehouses": [showroom], "arrivals": true});
    let told = desk.call(LEVELS, asked.clone()).await["items"][0].clone();
    let free = number(&told["total"]["free"]);
    let arrivals = told["arrivals"].as_array().unwrap();
    let of = |name: &str| arrivals.iter().position(|arrival| arrival["purchase_order"] == name).unwrap();
    assert_eq!(of(&sooner) + 1, of(&later), "{told}");
    let before: f64 = arrivals[..of(&sooner)].iter().map(|arrival| number(&arrival["qty"])).sum();
    let first = &arrivals[of(&sooner)];
    assert_eq!((&first["qty"], &first["warehouse"], first.get("late")), (&json!(3.0), &json!(showroom), None));
    assert!((number(&first["free_then"]) - (free + before + 3.0)).abs() < 1e-6, "{told}");
    assert!((number(&arrivals[of(&later)]["free_then"]) - (free + before + 8.0)).abs() < 1e-6, "{told}");
    // What goes from the supplier to a customer never lies here.
    let row = desk.get("Purchase Order", &later).await["items"][0]["name"].as_str().unwrap().to_owned();
    let drop_ship = async |is_one: u8| {
        let columns = json!({"delivered_by_supplier": is_one});
        desk.site.with(|site| site.set("Purchase Order Item", &row, columns.as_object().unwrap())).unwrap();
        desk.call(LEVELS, asked.clone()).await["items"][0]["arrivals"].to_string().contains(&later)
    };
    assert_eq!((drop_ship(1).await, drop_ship(0).await), (false, true));
    // What was received comes no more, and neither does what was closed.
    let receipt = desk.convert("Purchase Order", &sooner, "Purchase Receipt", json!({})).await;
    desk.submit("Purchase Receipt", &receipt).await;
    let status = json!({"doctype": "Purchase Order", "name": later, "to": "close"});
    desk.call("change_order_status", status).await;
    let told = desk.call(LEVELS, asked).await["items"][0].clone();
    assert!(!told["arrivals"].to_string().contains(&later), "{told}");
    assert!(!told["arrivals"].to_string().contains(&sooner), "{told}");
}

#[on_every_version]
async fn stock_is_told_as_it_was_at_the_end_of_a_day() {
    let desk = Desk::open().await;
    let (item, showroom, _) = stocked(&desk).await;
    let asked = json!({"items": [item], "warehouses": [showroom]});
    let before = desk.call(LEVELS, asked.clone()).await["items"][0]["total"].clone();
    let customer = desk.some("Customer", json!({}), 1).await.remove(0);
    let row = json!({"item_code": item, "qty": 1, "rate": 5, "warehouse": showroom});
    let note = desk.create("Delivery Note", json!({"customer": customer, "company": COMPANY, "items": [row]})).await;
    desk.submit("Delivery Note", &note).await;
    let now = desk.call(LEVELS, asked.clone()).await["items"][0]["total"].clone();
    assert_eq!(number(&now["actual_qty"]), number(&before["actual_qty"]) - 1.0);
    let mut then = asked;
    then["date"] = json!("2026-01-31");
    let then = desk.call(LEVELS, then).await;
    let total = &then["items"][0]["total"];
    assert_eq!((&total["actual_qty"], &then["date"]), (&before["actual_qty"], &json!("2026-01-31")), "{then}");
    let worth = number(&total["actual_qty"]) * number(&total["valuation_rate"]);
    assert!((number(&total["stock_value"]) - worth).abs() < 0.01, "{then}");
    // What is reserved or ordered is known of now alone.
    for key in ["reserved_qty", "projected_qty", "free"] {
        assert!(total.get(key).is_none() && rows(&then["items"][0])[0].get(key).is_none(), "{key}: {then}");
    }
}

#[on_every_version]
async fn batches_are_told_with_expiry_and_serial_numbers_with_their_warehouse() {
    let desk = Desk::open().await;
    let (item, showroom, _) = stocked(&desk).await;
    for (batch, expires) in [("B-late", "2099-01-31"), ("B-soon", "2026-01-31")] {
        put(&desk, json!({"doctype": "Batch", "batch_id": batch, "item": item, "expiry_date": expires}));
    }
    let bundle = |kind: &str, voucher: &str, entries: Value| {
        let bundle = json!({"doctype": "Serial and Batch Bundle", "docstatus": 1, "company": COMPANY, "item_code": item,
            "warehouse": showroom, "has_batch_no": 1, "type_of_transaction": kind, "voucher_type": voucher,
            "entries": entries});
        put(&desk, bundle);
    };
    bundle("Inward", "Stock Entry", json!([{"batch_no": "B-late", "qty": 5}, {"batch_no": "B-soon", "qty": 2}]));
    // What is picked lies there until it is delivered.
    bundle("Outward", "Pick List", json!([{"batch_no": "B-late", "qty": -1.5}]));
    bundle("Outward", "Delivery Note", json!([{"batch_no": "B-late", "qty": -1.5}]));
    // From before there were bundles.
    let entry = json!({"doctype": "Stock Ledger Entry", "docstatus": 1, "item_code": item, "warehouse": showroom,
        "company": COMPANY, "posting_date": "2026-01-31", "actual_qty": 4, "batch_no": "B-soon", "is_cancelled": 0});
    put(&desk, entry);
    put(
        &desk,
        json!({"doctype": "Serial No", "serial_no": "S-1", "item_code": item, "company": COMPANY, "warehouse": showroom}),
    );
    put(&desk, json!({"doctype": "Serial No", "serial_no": "S-gone", "item_code": item, "company": COMPANY}));

    let asked = json!({"items": [item], "batches": true, "serial_numbers": true});
    let told = desk.call(LEVELS, asked.clone()).await;
    let batches = told["items"][0]["batches"].as_array().unwrap();
    assert_eq!(
        batches[0],
        json!({"batch_no": "B-soon", "qty": 6.0, "expiry_date": "2026-01-31", "expired": true,
            "warehouses": {showroom.as_str(): 6.0}})
    );
    assert_eq!((&batches[1]["batch_no"], &batches[1]["qty"]), (&json!("B-late"), &json!(3.5)), "{told}");
    assert_eq!(batches[1].get("expired"), None);
    let serials = told["items"][0]["serial_numbers"].as_array().unwrap();
    assert_eq!((serials.len(), &serials[0]["serial_no"]), (1, &json!("S-1")), "{told}");
    assert_eq!(serials[0]["warehouse"], json!(showroom));

    // What may not be read is withheld, and not told as none.
    let read = json!({"read": true});
    let mut doctypes = json!({"Item": read, "Bin": read, "Warehouse": read});
    let app = app_of(&config(&desk.site, "administrator", json!({"doctypes": doctypes})));
    let told = call(&app, LEVELS, asked.clone()).await.unwrap();
    assert_eq!(withheld(&told), ["batches", "serial_numbers"], "{told}");
    for key in ["batches", "serial_numbers"] {
        assert_eq!(told["items"][0].get(key), None, "{told}");
    }
    doctypes["Serial and Batch Bundle"] = read.clone();
    doctypes["Serial No"] = json!({"read": true, "restricted_fields": ["status"]});
    let app = app_of(&config(&desk.site, "administrator", json!({"doctypes": doctypes})));
    let told = call(&app, LEVELS, asked).await.unwrap();
    assert_eq!(withheld(&told), ["expiry_date", "status"], "{told}");
    assert!(told["note"].as_str().unwrap().contains("Stock Ledger Entry may not be read"), "{told}");
    let batches = told["items"][0]["batches"].to_string();
    assert!(!batches.contains("expir") && batches.contains("B-late"), "{told}");
}

#[on_every_version]
async fn what_the_site_does_not_show_a_user_is_withheld_and_the_rest_is_told() {
    let desk = Desk::open().await;
    let (item, showroom, _) = stocked(&desk).await;
    put(&desk, json!({"doctype": "Batch", "batch_id": "B-1", "item": item, "expiry_date": "2099-01-31"}));
    let bundle = json!({"doctype": "Serial and Batch Bundle", "docstatus": 1, "company": COMPANY, "item_code": item,
        "warehouse": showroom, "has_batch_no": 1, "type_of_transaction": "Inward", "voucher_type": "Stock Entry",
        "entries": [{"batch_no": "B-1", "qty": 5}]});
    put(&desk, bundle);
    desk.site.add_user("storekeeper", &["Stock Manager"]).unwrap();
    desk.site.add_user("seller", &["Sales User"]).unwrap();
    let app = |key: &str| app_of(&config(&desk.site, key, json!({"default": all()})));
    let asked = json!({"items": [item], "arrivals": true, "batches": true, "serial_numbers": true});

    let told = call(&app("storekeeper"), LEVELS, asked.clone()).await.unwrap();
    assert_eq!(withheld(&told), ["arrivals", "expiry_date"], "{told}");
    let one = &told["items"][0];
    assert!(number(&one["total"]["actual_qty"]) > 0.0 && one["serial_numbers"].is_array(), "{told}");
    assert_eq!((&one["batches"][0]["batch_no"], one.get("arrivals")), (&json!("B-1"), None), "{told}");
    let note = told["note"].as_str().unwrap();
    for doctype in ["Purchase Order", "Batch"] {
        assert!(note.contains(&format!("does not let your user read {doctype}")), "{note}");
    }
    assert!(note.contains("Stock Ledger Entry may not be read"), "{note}");
    assert!(note.contains("whose company may not be read") && one["total"].get("stock_value").is_none(), "{told}");
    let here = json!({"items": [item], "warehouses": [showroom]});
    let told = call(&app("storekeeper"), LEVELS, here).await.unwrap();
    assert_eq!(rows(&told["items"][0]).len(), 1, "{told}");
    assert!(told["note"].as_str().unwrap().contains("does not let your user read Warehouse"), "{told}");

    let told = call(&app("seller"), LEVELS, asked).await.unwrap();
    assert_eq!(withheld(&told), ["arrivals", "batches", "serial_numbers"], "{told}");
    assert!(told["items"][0]["total"]["free"].is_number(), "{told}");
}

#[on_every_version]
async fn where_a_condition_holds_it_is_said_that_only_a_part_is_told() {
    let desk = Desk::open().await;
    let (item, _, _) = stocked(&desk).await;
    let (read, none) = (json!({"read": true}), json!({"read": true, "conditions": {"read": {"name": "nothing"}}}));
    let rules = json!({"Item": read, "Bin": read, "Warehouse": read, "Serial and Batch Bundle": read,
        "Stock Ledger Entry": read, "Batch": none, "Serial No": none, "Purchase Order": none});
    let app = app_of(&config(&desk.site, "administrator", json!({"doctypes": rules})));
    let asked = json!({"items": [item], "arrivals": true, "batches": true, "serial_numbers": true});
    let told = call(&app, LEVELS, asked).await.unwrap();
    for key in ["arrivals", "batches", "serial_numbers"] {
        assert_eq!(told["items"][0][key], json!([]), "{key}: {told}");
        assert!(told["note"].as_str().unwrap().contains(&format!("{key}: only those")), "{key}: {told}");
    }
}

#[on_every_version]
async fn what_the_rules_withhold_of_stock_is_told_as_withheld() {
    let desk = Desk::open().await;
    let (item, showroom, _) = stocked(&desk).await;
    let app = |rules: Value| app_of(&config(&desk.site, "administrator", json!({"doctypes": rules})));
    let read = || json!({"read": true});
    let bin = json!({"read": true, "restricted_fields": ["reserved_qty", "stock_value", "valuation_rate"]});
    let here = app(json!({"Item": read(), "Bin": bin, "Warehouse": read()}));
    let told = call(&here, LEVELS, json!({"items": [item], "arrivals": true})).await.unwrap();
    assert_eq!(withheld(&told), ["reserved_qty", "valuation_rate", "stock_value", "arrivals"], "{told}");
    let one = &told["items"][0];
    for key in ["reserved_qty", "free", "stock_value", "valuation_rate"] {
        assert!(one["total"].get(key).is_none() && rows(one).iter().all(|row| row.get(key).is_none()), "{key}: {one}");
    }
    assert!(number(&one["total"]["actual_qty"]) > 0.0 && one.get("arrivals").is_none(), "{one}");
    // Without what is free now, nobody is told what will be.
    let orders = json!({"Item": read(), "Bin": bin, "Warehouse": read(), "Purchase Order": all()});
    let told = call(&app(orders), LEVELS, json!({"items": [item], "arrivals": true})).await.unwrap();
    assert!(told["items"][0]["arrivals"].is_array() && !told.to_string().contains("free"), "{told}");
    // Values of warehouses whose company is not known are not added up.
    let warehouse = json!({"read": true, "restricted_fields": ["company"]});
    let here = app(json!({"Item": read(), "Bin": read(), "Warehouse": warehouse}));
    let told = call(&here, LEVELS, json!({"items": [item]})).await.unwrap();
    assert!(told["items"][0]["total"].get("stock_value").is_none(), "{told}");
    assert!(told["note"].as_str().unwrap().contains("whose company may not be read"), "{told}");
    // Conditions on reading hold: of another warehouse nothing is told, of another item not even that it is there.
    let only = json!({"read": true, "conditions": {"read": {"name": [showroom]}}});
    let here = app(json!({"Item": read(), "Bin": read(), "Warehouse": only}));
    let told = call(&here, LEVELS, json!({"items": [item]})).await.unwrap();
    assert_eq!((rows(&told["items"][0]).len(), told.to_string().contains("Main Store")), (1, false), "{told}");
    let other = json!({"read": true, "conditions": {"read": {"name": {"ne": item}}}});
    let here = app(json!({"Item": other, "Bin": read()}));
    let text = refusal(&here, LEVELS, json!({"items": [item]})).await;
    assert!(text.contains("There is no Item named"), "{text}");
    let (_site, closed) =
        site(json!({"doctypes": {"Item": read(), "Bin": {"read": true, "restricted_fields": ["warehouse"]}}})).await;
    let text = refusal(&closed, LEVELS, json!({"items": [item]})).await;
    assert!(text.contains("does not permit reading warehouse of Bin"), "{text}");
}

#[on_every_version]
async fn a_wrong_question_about_stock_names_what_is_wrong() {
    let desk = Desk::open().await;
    let (item, showroom, _) = stocked(&desk).await;
    let too_many: Vec<String> = (0..1_001).map(|at| format!("W-{at}")).collect();
    for (arguments, wanted) in [
        (json!({"items": [item], "warehouses": too_many}), "one call takes 1000"),
        (json!({}), "items or item_group"),
        (json!({"items": []}), "items or item_group"),
        (json!({"items": [item], "item_group": "x"}), "not both"),
        (json!({"items": [item, "No such"]}), "no Item named \"No such\""),
        (json!({"item_group": "No such"}), "no Item Group named"),
        (json!({"items": [item], "warehouses": ["No such"]}), "no Warehouse named"),
        (json!({"items": [item], "date": "11/12/2026"}), "is not a date as YYYY-MM-DD"),
        (json!({"items": [item], "date": "2026-11-20", "arrivals": true}), "are those of now"),
        (json!({"items": [item], "warehouses": [showroom], "limit": 0}), "limit"),
    ] {
        let text = desk.refusal(LEVELS, arguments.clone()).await;
        assert!(text.contains(wanted), "{arguments}: {text}");
    }
}
