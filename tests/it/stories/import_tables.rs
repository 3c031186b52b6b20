//! Documents with rows of child tables from a CSV file: lines that fill only columns of a table continue the document above.

use serde_json::{Value, json};

use super::Desk;
use crate::sandbox::{COMPANY, SampleSite};
use crate::support::{all, refusal};

const IMPORT: &str = "import_documents";

#[on_every_version]
async fn lines_that_fill_only_columns_of_a_table_become_rows_of_the_document_above() {
    let desk = Desk::open().await;
    let items = desk.some("Item", json!({"is_sales_item": 1, "has_variants": 0}), 2).await;
    let customers = desk.some("Customer", json!({}), 2).await;
    let title = desk.get("Customer", &customers[1]).await["customer_name"].as_str().unwrap().to_owned();
    let before = desk.site.journal().len();
    let [one, two] = [&items[0], &items[1]];
    let content = format!(
        "Customer,Company,Delivery Date,items.item_code,Quantity (Items),Items: rate\n\
         \"{}\",{COMPANY},2027-01-31,{one},2,10\n,,,{two},3,20\n\n,,,{one},1,5\n\
         \"{title}\",{COMPANY},2027-02-28,{two},4,7\n",
        customers[0]
    );
    let mut import = json!({"doctype": "Sales Order", "content": content});
    let asked = desk.call(IMPORT, import.clone()).await;
    assert_eq!(
        (&asked["documents"], &asked["mapping"]["Quantity (Items)"]),
        (&json!(2), &json!("items.qty")),
        "{asked}"
    );
    let lines: Vec<&Value> = asked["rows"].as_array().unwrap().iter().map(|row| &row["row"]).collect();
    assert_eq!(lines, [&json!(2), &json!(6)], "{asked}");
    assert_eq!(desk.journal(before), Vec::<String>::new());

    import["confirm_token"] = asked["confirm_token"].clone();
    let answer = desk.call(IMPORT, import).await;
    assert_eq!((&answer["done"], &answer["total"]), (&json!(2), &json!(2)), "{answer}");
    assert_eq!(desk.journal(before), ["insert Sales Order"; 2]);
    let rows = async |at: usize| {
        let order = desk.get("Sales Order", answer["created"][at].as_str().unwrap()).await;
        let rows = order["items"].as_array().unwrap().iter();
        rows.map(|row| (row["item_code"].clone(), row["qty"].as_f64(), row["rate"].as_f64())).collect::<Vec<_>>()
    };
    let row = |item: &str, qty: f64, rate: f64| (json!(item), Some(qty), Some(rate));
    assert_eq!(rows(0).await, [row(one, 2.0, 10.0), row(two, 3.0, 20.0), row(one, 1.0, 5.0)]);
    assert_eq!(rows(1).await, [row(two, 4.0, 7.0)]);
}

#[on_every_version]
async fn whoever_confirms_sees_what_all_rows_come_to_and_a_title_that_leads_elsewhere_by_then_is_shown_again() {
    let desk = Desk::open().await;
    let items = desk.some("Item", json!({"is_sales_item": 1, "has_variants": 0}), 2).await;
    let customers = desk.some("Customer", json!({}), 2).await;
    let [one, two] = [&items[0], &items[1]];
    let rename = async |customer: &str, title: &str| {
        let data = json!({"customer_name": title});
        let update = json!({"doctype": "Customer", "name": customer, "data": data});
        desk.call("update_generic_document", update).await;
    };
    rename(&customers[0], "Quartz Traders").await;
    let before = desk.site.journal().len();
    let order = |customer: &str, day: u8, rows: &str| format!("{customer},{COMPANY},2027-02-{day:02},{rows}\n");
    let mut content = "Customer,Company,Delivery Date,items.item_code,items.qty,items.rate\n".to_owned();
    for day in 1..=4 {
        content.push_str(&order("Quartz Traders", day, &format!("{one},1,10.1")));
    }
    // What is beyond the documents that are shown whole.
    content.push_str(&order("Quartz Traders", 5, &format!("{two},3,9000")));
    let mut import = json!({"doctype": "Sales Order", "content": content});
    let asked = desk.call(IMPORT, import.clone()).await;
    let all = &asked["all_rows"];
    let name = &customers[0];
    assert_eq!(
        all["customer"],
        json!({"filled": 5, "distinct": 1, "values": [{"value": name, "count": 5}]}),
        "{asked}"
    );
    let values = json!([{"value": one, "count": 4}, {"value": two, "count": 1}]);
    assert_eq!(all["items.item_code"]["values"], values, "{asked}");
    let figure = |column: &str, of: &str| all[column][of].as_f64();
    assert_eq!(figure("items.rate", "sum"), Some(9040.4), "{asked}");
    assert_eq!(
        (figure("items.rate", "smallest"), figure("items.rate", "largest")),
        (Some(10.1), Some(9000.0)),
        "{asked}"
    );
    assert_eq!(all["delivery_date"]["largest"], "2027-02-05", "{asked}");

    rename(name, "Somebody").await;
    rename(&customers[1], "Quartz Traders").await;
    let changed = desk.site.journal().len();
    import["confirm_token"] = asked["confirm_token"].clone();
    let again = desk.call(IMPORT, import).await;
    assert!(again["note"].as_str().unwrap().contains("confirm_token is used"), "{again}");
    assert_eq!(again["all_rows"]["customer"]["values"][0]["value"], json!(customers[1]), "{again}");
    assert!(changed > before && desk.journal(changed).is_empty(), "{again}");
}

#[on_every_version]
async fn what_is_wrong_with_a_row_of_a_table_is_told_by_its_line_and_column() {
    let desk = Desk::open().await;
    let item = desk.some("Item", json!({"is_sales_item": 1, "has_variants": 0}), 1).await.remove(0);
    let customer = desk.some("Customer", json!({}), 1).await.remove(0);
    let before = desk.site.journal().len();
    let order = |rows: &str| {
        json!({"doctype": "Sales Order", "confirm": true, "content": format!(
            "Customer,Company,Delivery Date,items.item_code,Quantity (Items),items.delivery_date\n{rows}")})
    };
    let begun = format!("\"{customer}\",{COMPANY},2027-01-31,{item},2,\n");
    for (rows, wanted) in [
        (format!("{begun},,,{item},many,\n"), "- row 3, Quantity (Items): "),
        (format!("{begun}\n,,,{item},1,01.02.2027\n"), "- row 4, items.delivery_date: "),
        (format!("{begun},,,No Such Item,1,\n"), "- row 3, items.item_code: there is no Item named \"No Such Item\""),
        (format!("{begun},,,{item},1\n"), "- row 3: has 5 cells, and the header has 6"),
        (format!(",,,{item},1,\n{begun}"), "- row 2: continues the document above it, and there is none"),
    ] {
        let told = desk.refusal(IMPORT, order(&rows)).await;
        assert!(told.contains(wanted), "{wanted}: {told}");
        assert!(told.contains("1 of 2 rows have problems"), "{told}");
    }
    assert_eq!(desk.journal(before), Vec::<String>::new());
}

#[on_every_version]
async fn a_column_of_a_table_that_is_withheld_is_for_nothing() {
    let site = SampleSite::start().await;
    let mut rule = all();
    rule["restricted_fields"] = json!(["items.rate"]);
    let app = site.app(json!({"Sales Order": rule}));
    let told = async |column: &str| {
        let content = format!("customer,items.item_code,{column}\nx,y,1\n");
        refusal(&app, IMPORT, json!({"doctype": "Sales Order", "content": content})).await
    };
    for column in ["items.rate", "Rate (Items)"] {
        let told = told(column).await;
        assert!(told.contains(&format!("column {column:?}: no field of Sales Order that may be set")), "{told}");
    }
    let told = told("items.item_cod").await;
    assert!(told.contains("column \"items.item_cod\"") && told.contains("did you mean items.item_code?"), "{told}");
    assert!(site.writes().is_empty(), "{:?}", site.writes());
}

#[on_every_version]
async fn a_warehouse_without_its_suffix_is_that_of_the_company_of_its_row() {
    let desk = Desk::open().await;
    let quay = json!({"company_name": "Quay Works", "abbr": "QW", "default_currency": "EUR", "country": "Ireland"});
    let quay = desk.create("Company", quay).await;
    for warehouse in ["Showroom", "Annex"] {
        desk.create("Warehouse", json!({"warehouse_name": warehouse, "company": quay})).await;
    }
    let item = desk.some("Item", json!({"is_sales_item": 1, "has_variants": 0}), 1).await.remove(0);
    let customer = desk.some("Customer", json!({}), 1).await.remove(0);
    let order = |warehouse: &str| {
        let content = format!(
            "customer,company,delivery_date,items.item_code,items.qty,items.warehouse\n\
             \"{customer}\",{COMPANY},2027-01-31,{item},2,{warehouse}\n"
        );
        json!({"doctype": "Sales Order", "content": content})
    };
    let asked = desk.call(IMPORT, order("showroom")).await;
    assert_eq!(asked["rows"][0]["would_create"]["items"][0]["warehouse"], "Showroom - AWF", "{asked}");
    let told = desk.refusal(IMPORT, order("Annex")).await;
    assert!(told.contains("there is no Warehouse named \"Annex\""), "{told}");
}
