//! Single documents: wiremock where the exact requests count, or that nothing is asked.

use erpnext_mcp::app::Connection;
use serde_json::{Value, json};

use crate::cli::add_custom_field;
use crate::hazards::{Place, rows};
use crate::sandbox::{SampleSite, first, site};
use crate::support::{META, Site, all, call, refusal};

const ORDER: &str = "/api/resource/Sales%20Order/SO-1";

async fn order() -> (Site, Connection) {
    let site = Site::start().await;
    let row = json!({
        "name": "row1", "idx": 1, "item_code": "SKU-1", "qty": 2.5, "rate": 0.1, "page_break": 0, "parent": "SO-1",
        "parentfield": "items", "parenttype": "Sales Order", "doctype": "Sales Order Item", "owner": "x", "docstatus": 0,
    });
    let document = json!({
        "name": "SO-1", "doctype": "Sales Order", "customer": "Zod Co", "grand_total": 12345678901234.56, "po_no": null,
        "disable_rounded_total": 1, "items": [row], "docstatus": 0, "custom_on_the_site": "x",
    });
    site.data("GET", ORDER, document).await;
    let app = site.app(json!({"Sales Order": all(), "System Settings": all()}));
    (site, app)
}

#[on_every_version]
async fn a_document_comes_whole_without_what_says_nothing() {
    let (site, app) = order().await;
    let answer = call(&app, "get_sales_order_document", json!({"name": "SO-1"})).await.unwrap();
    let rows = json!([{"name": "row1", "item_code": "SKU-1", "qty": 2.5, "rate": 0.1}]);
    let document = json!({
        "name": "SO-1", "customer": "Zod Co", "grand_total": 12345678901234.56, "disable_rounded_total": true,
        "items": rows, "docstatus": 0,
    });
    assert_eq!(answer, json!({"document": document, "withheld": ["ignore_pricing_rule"]}));
    // What no table knows may be a password or above permlevel 0: without the site's metadata it is not shown.
    let asked = site.lines().await;
    assert!(asked[0] == format!("GET {ORDER}") && asked[1..].iter().all(|line| line.ends_with(META)), "{asked:?}");
}

#[on_every_version]
async fn fields_choose_columns_of_tables_too() {
    let place = Place::new().await;
    let order = place.order(2).await;
    let stored = place.stored("Sales Order", &order);
    let app = place.site.app(json!({"Sales Order": all()}));
    let get = |fields| call(&app, "get_sales_order_document", json!({"name": order, "fields": fields}));
    let answer = get(json!(["customer", "items.qty"])).await.unwrap();
    let rows: Vec<_> = rows(&stored, "items").iter().map(|row| json!({"name": row["name"], "qty": 2.0})).collect();
    let (customer, modified) = (&stored["customer"], &stored["modified"]);
    let wanted = json!({"name": order, "customer": customer, "items": rows, "modified": modified});
    assert_eq!(answer["document"], wanted);
    let answer = get(json!(["items"])).await.unwrap();
    assert_eq!(answer["document"]["items"][0]["item_code"], stored["items"][0]["item_code"]);
    assert_eq!(answer["document"].as_object().unwrap().len(), 3);
}

#[on_every_version]
async fn a_number_without_its_zeros_is_told_with_the_name_that_has_them() {
    let (_site, app) = site(json!({"default": all()})).await;
    for (wrong, meant) in [("ACC-SINV-2026-1", "ACC-SINV-2026-00001"), ("acc-sinv-2026-000012", "ACC-SINV-2026-00012")]
    {
        let text = refusal(&app, "get_sales_invoice_document", json!({"name": wrong})).await;
        assert!(text.contains(&format!("did you mean \"{meant}\"")) && !text.contains("or another"), "{text}");
    }
    let text = refusal(&app, "get_sales_invoice_document", json!({"name": "ACC-SINV-2026-99999999"})).await;
    assert!(!text.contains("99999999\" ("), "no such number is proposed: {text}");
}

#[on_every_version]
async fn unknown_fields_are_refused_with_the_nearest_name() {
    let (site, app) = order().await;
    let fields = json!(["custmer", "items.qyt", "customer.x", "assigned_to"]);
    let text = refusal(&app, "get_sales_order_document", json!({"name": "SO-1", "fields": fields})).await;
    assert!(text.contains("fields[0]: custmer: no such field in Sales Order; did you mean customer?"), "{text}");
    assert!(text.contains("fields[1]: items.qyt: no such field in Sales Order Item; did you mean qty?"), "{text}");
    assert!(text.contains("fields[2]"), "{text}");
    assert!(text.contains("fields[3]: assigned_to: no field of Sales Order but of lists"), "{text}");
    assert!(!site.lines().await.contains(&format!("GET {ORDER}")));
}

#[on_every_version]
async fn a_single_needs_no_name() {
    let (site, app) = order().await;
    let at = "/api/resource/System%20Settings/System%20Settings";
    site.data("GET", at, json!({"name": "System Settings", "language": "en"})).await;
    let answer = call(&app, "get_system_settings_document", json!({})).await.unwrap();
    assert_eq!(answer["document"]["language"], "en");
    let text = refusal(&app, "get_system_settings_document", json!({"name": "Other"})).await;
    assert!(text.contains("name: there is exactly one System Settings"), "{text}");
    assert_eq!(site.lines().await, [format!("GET {at}")]);
}

#[on_every_version]
async fn arguments_are_checked_all_at_once() {
    let (site, app) = order().await;
    let text = refusal(&app, "get_sales_order_document", json!({"nam": "SO-1", "fields": {"customer": 1}})).await;
    assert!(text.contains("there are 3 problems"), "{text}");
    assert!(text.contains("nam: no such argument") && text.contains("did you mean name?"), "{text}");
    assert!(text.contains("name: is mandatory"), "{text}");
    assert!(text.contains("fields: expected a list of fieldnames"), "{text}");
    assert_eq!(site.lines().await, Vec::<String>::new());
}

#[on_every_version]
async fn every_field_is_those_of_the_site_too() {
    let site = SampleSite::start().await;
    add_custom_field(&site, "Customer", "custom_tier", "Gold\nTin");
    // Without an overlay nothing is known of the field before the document shows it.
    let app = site.app(json!({"Customer": all()}));
    let name = first(&app, "Customer", json!({})).await;
    let data = json!({"name": name, "data": {"custom_tier": "Tin"}});
    call(&app, "update_customer_document", data).await.unwrap();
    let app = site.app(json!({"Customer": all()}));
    let asked = json!({"name": name, "fields": ["*"]});
    let read = call(&app, "get_customer_document", asked).await.unwrap();
    assert_eq!(read["document"]["custom_tier"], "Tin", "{read}");
    let whole = call(&app, "get_customer_document", json!({"name": name})).await.unwrap();
    for (field, value) in whole["document"].as_object().unwrap() {
        assert_eq!(read["document"][field], *value, "{field}");
    }
}

#[on_every_version]
async fn rows_show_what_the_desk_s_grid_shows_and_the_rest_where_it_is_asked_for() {
    let (_site, app) = site(json!({"default": {"read": true}})).await;
    let name = first(&app, "Sales Invoice", json!({"docstatus": 1})).await;
    let get = async |more: serde_json::Value| {
        let mut asked = json!({"name": name});
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        call(&app, "get_sales_invoice_document", asked).await.unwrap()
    };
    let short = get(json!({})).await;
    let rows = short["document"]["items"].as_array().unwrap();
    for row in rows {
        for column in ["name", "item_code", "qty", "rate", "amount"] {
            assert!(row.get(column).is_some(), "{column}: {row}");
        }
        for (column, value) in row.as_object().unwrap() {
            assert!(!column.starts_with("base_") && *value != 0.0 && *value != false, "{column}: {row}");
        }
    }
    assert!(short["document"]["items"].to_string().len() <= 340 * rows.len(), "{}", short["document"]["items"]);
    assert!(short["note"].as_str().unwrap().contains("rows show their main columns"), "{short}");
    let whole = get(json!({"fields": ["items"]})).await;
    assert!(whole["document"]["items"][0].as_object().unwrap().len() > rows[0].as_object().unwrap().len(), "{whole}");
    let one = get(json!({"fields": ["items.qty"]})).await;
    assert!(one["document"]["items"][0]["qty"].is_number() && one["note"].is_null(), "{one}");
}

#[on_every_version]
async fn a_head_leaves_out_what_is_0_and_what_repeats_an_amount() {
    let (_site, app) = site(json!({"default": {"read": true}})).await;
    let name = first(&app, "Sales Invoice", json!({"docstatus": 1, "currency": "EUR"})).await;
    let short = call(&app, "get_sales_invoice_document", json!({"name": name})).await.unwrap();
    let document = short["document"].as_object().unwrap();
    assert!(!document.contains_key("base_grand_total") && !document.contains_key("is_pos"), "{short}");
    assert!(document["grand_total"].is_number() && document["outstanding_amount"].is_number(), "{short}");
    assert!(short["note"].as_str().unwrap().contains("fields that hold 0 or false are left out"), "{short}");
    let asked = json!({"name": name, "fields": ["base_grand_total", "is_pos"]});
    let asked = call(&app, "get_sales_invoice_document", asked).await.unwrap();
    assert_eq!((&asked["document"]["is_pos"], &asked["note"]), (&json!(false), &json!(null)), "{asked}");
    assert_eq!(asked["document"]["base_grand_total"], document["grand_total"], "{asked}");
}

#[on_every_version]
async fn a_field_that_was_asked_for_is_told_to_be_empty() {
    let (_site, app) = site(json!({"default": {"read": true}})).await;
    let asked = json!({"name": "Kestrel Software", "fields": ["customer_name", "image", "accounts"]});
    let got = call(&app, "get_customer_document", asked).await.unwrap();
    let document = got["document"].as_object().unwrap();
    assert_eq!((document.get("image"), document.len()), (Some(&Value::Null), 5), "{got}");
}

/// As if somebody had raised the level of the total on the site, which no table tells: a document that the user may
/// read has 0 for it then.
#[on_every_version]
async fn a_document_whose_scope_tests_an_empty_field_is_in_sight_as_the_site_counts() {
    let orders = ORDER.trim_end_matches("/SO-1");
    let rule = json!({"read": true, "conditions": {"read": {"grand_total": {"lte": 10}}}});
    let get = json!({"name": "SO-1"});
    // What the name of one that is not there is meant to be is looked up, in one list or two.
    for (total, listed, seen, lists) in [
        (0.0, json!([]), false, 3),
        (0.0, json!([{"name": "SO-1"}]), true, 1),
        // What has a value is not hidden: nothing more is asked.
        (5.0, json!([]), true, 0),
        (234.0, json!([{"name": "SO-1"}]), false, 1),
    ] {
        let site = Site::start().await;
        site.data("GET", ORDER, json!({"name": "SO-1", "docstatus": 0, "grand_total": total})).await;
        site.data("GET", orders, listed.clone()).await;
        let app = site.app(json!({"Sales Order": rule}));
        let got = call(&app, "get_sales_order_document", get.clone()).await;
        assert_eq!(got.is_ok(), seen, "{total} {listed}: {got:?}");
        let asked = site.lines().await.iter().filter(|line| line.ends_with("Sales%20Order")).count();
        assert_eq!(asked, lists, "{total} {listed}");
    }
}
