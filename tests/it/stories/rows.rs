//! Rows, linked documents and documents that link here, over many documents at once. What is wanted is told by the documents
//! themselves, each got alone.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Desk;
use crate::sandbox::{first, site, site_as};
use crate::support::{all, call, refusal};

const LIST: &str = "list_generic_documents";

/// Every document of a DocType, whole.
async fn documents(desk: &Desk, doctype: &str) -> Vec<Value> {
    let mut found = Vec::new();
    for name in desk.some(doctype, json!({}), 500).await {
        found.push(desk.get(doctype, &name).await);
    }
    found
}

fn rows(document: &Value) -> Vec<Value> {
    document["items"].as_array().cloned().unwrap_or_default()
}

/// What a list gives of the rows of a document: these columns of each.
fn cells(rows: &[Value], columns: &[&str]) -> Value {
    rows.iter().map(|row| columns.iter().map(|column| row[column].clone()).collect::<Value>()).collect()
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

#[on_every_version]
async fn the_lines_of_many_orders_come_with_what_they_link_to() {
    let desk = Desk::open().await;
    let orders = documents(&desk, "Sales Order").await;
    let asked = json!({"doctype": "Sales Order", "limit": 500, "order_by": "name asc",
        "fields": ["name", "items.item_code", "customer.territory", "items.qty"]});
    let answer = desk.call(LIST, asked).await;
    let listed = answer["documents"].as_array().unwrap();
    assert!(orders.len() > 5 && orders.len() == listed.len(), "{answer}");
    let mut several = false;
    for (order, row) in orders.iter().zip(listed) {
        assert_eq!(row["items(item_code, qty)"], cells(&rows(order), &["item_code", "qty"]), "{row}");
        let customer = desk.get("Customer", text(order, "customer")).await;
        assert_eq!(row.get("customer.territory"), customer.get("territory"), "{row}");
        several |= rows(order).len() > 1;
    }
    assert!(several, "an order with several rows comes once");

    // Of the rows of a document those that fit a filter on them.
    let item = text(&rows(&orders[0])[0], "item_code").to_owned();
    let asked = json!({"doctype": "Sales Order", "limit": 500, "order_by": "name asc", "count": true,
        "fields": ["items.item_code"], "filters": {"items.item_code": item}});
    let answer = desk.call(LIST, asked).await;
    let with_it = orders.iter().filter(|order| rows(order).iter().any(|row| row["item_code"] == json!(item)));
    assert_eq!(answer["total"], json!(with_it.count()), "{answer}");
    for row in answer["documents"].as_array().unwrap() {
        assert!(row["items(item_code)"].as_array().unwrap().iter().all(|cells| *cells == json!([item])), "{row}");
    }
    assert!(text(&answer, "note").contains("of items only the rows that fit the filters are shown"), "{answer}");
    let none = json!({"doctype": "Sales Order", "fields": ["items.qty"], "filters": {"items.qty": [">", 999_999]}});
    let none = desk.call(LIST, none).await;
    assert!(!none["note"].to_string().contains("only the rows"), "{none}");
}

#[on_every_version]
async fn pages_of_documents_with_their_rows_follow_each_other() {
    let desk = Desk::open().await;
    let fields = json!(["items.item_code", "customer.customer_group"]);
    let mut asked = json!({"doctype": "Sales Order", "fields": fields, "limit": 500});
    asked["filters"] = json!({"customer.customer_group": ["is", "set"]});
    let whole = desk.call(LIST, asked.clone()).await["documents"].as_array().unwrap().clone();
    asked["limit"] = json!(4);
    let mut found = Vec::new();
    loop {
        let page = desk.call(LIST, asked.clone()).await;
        found.extend(page["documents"].as_array().unwrap().iter().cloned());
        match page.get("next_cursor") {
            Some(cursor) => asked["cursor"] = cursor.clone(),
            None => break,
        }
    }
    assert_eq!(found, whole);
}

#[on_every_version]
async fn a_filter_by_a_linked_document_finds_what_links_to_those_that_fit() {
    let desk = Desk::open().await;
    let customers = documents(&desk, "Customer").await;
    let territory = text(&customers[0], "territory").to_owned();
    let there: BTreeSet<&str> =
        customers.iter().filter(|c| text(c, "territory") == territory).map(|c| text(c, "name")).collect();
    let orders = documents(&desk, "Sales Order").await;
    let wanted: Vec<&str> = orders
        .iter()
        .filter(|order| there.contains(text(order, "customer")))
        .map(|order| text(order, "name"))
        .collect();
    assert!(!wanted.is_empty() && wanted.len() < orders.len());
    for filters in [
        json!({"customer.territory": territory, "docstatus": ["in", [0, 1, 2]]}),
        json!([["customer.territory", "=", territory]]),
        json!(["Sales Order", "customer.territory", "like", territory]),
    ] {
        assert_eq!(desk.some("Sales Order", filters, 500).await, wanted);
    }
    let none = desk.some("Sales Order", json!({"customer.territory": "nowhere"}), 500).await;
    assert_eq!(none, Vec::<String>::new(), "orders without a customer are none of them");
}

#[on_every_version]
async fn customers_that_bought_nothing_since_are_found() {
    let desk = Desk::open().await;
    let customers = desk.some("Customer", json!({}), 500).await;
    let invoices = documents(&desk, "Sales Invoice").await;
    let mut dates: Vec<&str> = invoices.iter().map(|invoice| text(invoice, "posting_date")).collect();
    dates.sort_unstable();
    let since = dates[dates.len() / 2];
    let bought: BTreeSet<&str> = invoices
        .iter()
        .filter(|invoice| text(invoice, "posting_date") >= since && invoice["docstatus"] == 1)
        .map(|invoice| text(invoice, "customer"))
        .collect();
    let (used, unused): (Vec<String>, Vec<String>) =
        customers.into_iter().partition(|name| bought.contains(name.as_str()));
    assert!(!used.is_empty() && !unused.is_empty());
    let sub = json!({"posting_date": [">=", since], "docstatus": 1});
    assert_eq!(desk.some("Customer", json!([["name", "not used in", "Sales Invoice", sub]]), 500).await, unused);
    assert_eq!(desk.some("Customer", json!({"name": ["used in", "Sales Invoice", sub]}), 500).await, used);
    assert_eq!(desk.some("Customer", json!({"name": ["not in", ["Sales Invoice", sub]]}), 500).await, unused);
    // By rows too: items that no order has.
    let ordered: BTreeSet<String> = documents(&desk, "Sales Order")
        .await
        .iter()
        .flat_map(rows)
        .map(|row| text(&row, "item_code").to_owned())
        .collect();
    let found = desk.some("Item", json!({"name": ["used in", "Sales Order"]}), 500).await;
    assert_eq!(found, ordered.into_iter().collect::<Vec<_>>());
    let answer = desk.call(LIST, json!({"doctype": "Item", "filters": {"name": ["not used in", "Sales Order"]}})).await;
    assert!(
        text(&answer, "note").contains("are used in Sales Order, by ")
            && text(&answer, "note").contains("items.item_code")
    );
    assert!(text(&answer, "note").contains("drafts and cancelled documents of Sales Order count too"), "{answer}");
}

#[on_every_version]
async fn what_is_wrong_beyond_a_document_is_named() {
    let desk = Desk::open().await;
    for (arguments, wanted) in [
        (json!({"fields": ["items"]}), "name the columns that are wanted"),
        (json!({"fields": ["items.qyt"]}), "did you mean items.qty?"),
        (json!({"fields": ["customer.teritory"]}), "did you mean customer.territory?"),
        (json!({"fields": ["status.x"]}), "status is no table of Sales Order"),
        (json!({"filters": {"customer.teritory": "x"}}), "teritory"),
        (json!({"filters": {"name": ["used in", "Sales Invoces"]}}), "Sales Invoces"),
        (json!({"filters": {"name": ["used in", "Currency"]}}), "Currency has no field that links to Sales Order"),
        (json!({"filters": {"name": ["used in", "Delivery Note", "x"]}}), "are an object"),
        (json!({"filters": {"name": ["used in", "Delivery Note", {"nothing": 1}]}}), "no such field in Delivery Note"),
        (json!({"order_by": "items.qty desc"}), "has this only in its rows"),
    ] {
        let mut arguments = arguments;
        arguments["doctype"] = json!("Sales Order");
        let text = desk.refusal(LIST, arguments.clone()).await;
        assert!(text.contains(wanted), "{arguments}: {text}");
    }
    // Rows are read through the documents that hold them.
    for tool in [LIST, "list_rows"] {
        let text = desk.refusal(tool, json!({"doctype": "Sales Order Item"})).await;
        let call = r#"list_generic_documents {"doctype":"Sales Order","fields":["name","items.item_code","#;
        assert!(text.contains(call) && text.contains("such as items.item_code"), "{tool}: {text}");
    }
}

/// What of a document's rows fits is asked of the rows themselves, with the fields of the documents that hold them.
#[on_every_version]
async fn customers_that_never_bought_an_item_are_found_by_rows() {
    let desk = Desk::open().await;
    let customers = desk.some("Customer", json!({}), 500).await;
    let invoices = documents(&desk, "Sales Invoice").await;
    let item = text(&rows(&invoices[0])[0], "item_code").to_owned();
    let mut dates: Vec<&str> = invoices.iter().map(|invoice| text(invoice, "posting_date")).collect();
    dates.sort_unstable();
    let since = dates[dates.len() / 3];
    let has_it = |invoice: &&Value| rows(invoice).iter().any(|row| row["item_code"] == json!(item));
    let submitted = || invoices.iter().filter(|invoice| invoice["docstatus"] == 1);
    let bought: BTreeSet<&str> = submitted().filter(has_it).map(|invoice| text(invoice, "customer")).collect();
    let never: Vec<&str> = customers.iter().map(String::as_str).filter(|name| !bought.contains(name)).collect();
    assert!(!bought.is_empty() && !never.is_empty());
    for sub in [
        json!(["not used in", "Sales Invoice Item", {"item_code": item, "parent.docstatus": 1}]),
        json!(["not used in", "Sales Invoice Item", [["item_code", "=", item], ["docstatus", "=", 1]]]),
        json!(["not used in", "Sales Invoice Item", {"Item Code": item, "parent.docstatus": 1}]),
        json!(["not used in", "Sales Invoice", {"items.item_code": item, "docstatus": 1}]),
    ] {
        assert_eq!(desk.some("Customer", json!({"name": sub}), 500).await, never, "{sub}");
    }
    // Items not sold since: rows by the day of the invoices that hold them.
    let late = submitted().filter(|invoice| text(invoice, "posting_date") >= since);
    let sold: BTreeSet<String> = late.flat_map(rows).map(|row| text(&row, "item_code").to_owned()).collect();
    let sub = json!(["used in", "Sales Invoice Item", {"posting_date": [">=", since], "docstatus": 1}]);
    assert_eq!(desk.some("Item", json!({"name": sub}), 500).await, sold.into_iter().collect::<Vec<_>>());
    // The row that fits is the one that links.
    let many = |row: &Value| row["qty"].as_f64() > Some(1.0);
    let sold: BTreeSet<String> =
        submitted().flat_map(rows).filter(many).map(|row| text(&row, "item_code").to_owned()).collect();
    let sub = json!(["used in", "Sales Invoice Item", {"qty": [">", 1], "parent.docstatus": 1}]);
    assert_eq!(desk.some("Item", json!({"name": sub}), 500).await, sold.into_iter().collect::<Vec<_>>());

    for (sub, wanted) in [
        (json!(["not used in", "Sales Invoice Item", {"item_cod": "x"}]), "item_cod"),
        (json!(["not used in", "Sales Invoice Item", {"parent.nothing": "x"}]), "no such field in Sales Invoice"),
        (json!(["not used in", "Sales Invoice Item", "x"]), "are an object"),
        (json!(["not used in", "Sales Taxes and Charges", {"rate": 1}]), "name the DocType that is meant"),
    ] {
        let text = desk.refusal(LIST, json!({"doctype": "Customer", "filters": {"name": sub}})).await;
        assert!(text.contains(wanted), "{sub}: {text}");
    }
    let read = json!({"read": true});
    let invoices = json!({"read": true, "restricted_fields": ["items.rate"]});
    let (_site, app) = site(json!({"doctypes": {"Customer": read, "Sales Invoice": invoices}})).await;
    for (sub, wanted) in [
        (json!(["not used in", "Sales Invoice Item", {"rate": [">", 5]}]), "does not permit reading it"),
        (json!(["not used in", "Sales Order Item", {"qty": 1}]), "no DocType that may be read holds rows"),
    ] {
        let asked = json!({"doctype": "Customer", "filters": {"name": sub}});
        let text = refusal(&app, LIST, asked).await;
        assert!(text.contains(wanted), "{sub}: {text}");
    }
}

/// The rules of the DocType of rows and of what is linked to hold, and nothing is told by a filter that may not be read.
#[on_every_version]
async fn what_is_withheld_stays_so_beyond_a_document() {
    let read = json!({"read": true});
    let orders = json!({"read": true, "restricted_fields": ["items.rate"]});
    let customers = json!({"read": true, "restricted_fields": ["territory"],
        "conditions": {"read": {"customer_group": "nobody's"}}});
    let (_site, app) =
        site(json!({"doctypes": {"Sales Order": orders, "Customer": customers, "Item": read, "Territory": read}}))
            .await;
    for (doctype, arguments, wanted) in [
        ("Sales Order", json!({"fields": ["items.rate"]}), "does not permit reading it"),
        ("Sales Order", json!({"fields": ["customer.territory"]}), "does not permit reading it"),
        ("Sales Order", json!({"filters": {"customer.territory": "x"}}), "does not permit reading it"),
        ("Sales Order", json!({"fields": ["company.country"]}), "Company: not available"),
        ("Sales Order", json!({"filters": {"company.country": "x"}}), "Company: not available"),
        ("Territory", json!({"filters": {"name": ["used in", "Customer"]}}), "has no field that links to Territory"),
        ("Item", json!({"filters": {"name": ["used in", "Sales Invoice"]}}), "Sales Invoice: not available"),
    ] {
        let mut arguments = arguments;
        arguments["doctype"] = json!(doctype);
        let text = refusal(&app, LIST, arguments.clone()).await;
        assert!(text.contains(wanted), "{arguments}: {text}");
    }
    // Customers out of sight: their orders stay, without a word of them.
    let asked = json!({"doctype": "Sales Order", "fields": ["customer.customer_group"]});
    let answer = call(&app, LIST, asked).await.unwrap();
    assert!(answer["count"].as_u64().unwrap() > 3, "{answer}");
    let shown = answer["documents"].as_array().unwrap();
    assert!(shown.iter().all(|row| row.get("customer.customer_group").is_none()), "{answer}");
    assert!(text(&answer, "note").contains(" a Customer that you may not see"), "{answer}");
    let found = json!({"doctype": "Sales Order", "filters": {"customer.customer_group": ["is", "set"]}});
    assert_eq!(call(&app, LIST, found).await.unwrap()["count"], 0);
}

/// H20, H85: rows are read through the documents that the user may see, and documents are not dropped with what they link to.
#[on_every_version]
async fn a_user_sees_the_rows_of_the_documents_that_they_see() {
    let (sandbox, app) = site_as("sales", json!({"default": all()})).await;
    let customer = first(&app, "Sales Order", json!({})).await;
    let customer = sandbox.with(|site| site.load("Sales Order", &customer)).unwrap()["customer"].clone();
    let mine =
        json!({"doctype": "User Permission", "user": "sales@example.com", "allow": "Customer", "for_value": customer});
    sandbox.with(|site| site.insert(mine.as_object().unwrap().clone())).unwrap();
    let asked = json!({"doctype": "Sales Order", "limit": 500, "fresh": true,
        "fields": ["customer", "items.item_code", "customer.customer_group"]});
    let answer = call(&app, LIST, asked).await.unwrap();
    let mut seen = BTreeMap::new();
    for row in answer["documents"].as_array().unwrap() {
        assert_eq!(row["customer"], customer, "{answer}");
        let stored = sandbox.with(|site| site.load("Sales Order", text(row, "name"))).unwrap();
        let rows = stored["items"].as_array().unwrap().clone();
        assert_eq!(row["items(item_code)"], cells(&rows, &["item_code"]));
        seen.insert(text(row, "name").to_owned(), rows.len());
    }
    assert!(!seen.is_empty());
}

#[on_every_version]
async fn a_change_that_names_its_row_by_the_item_is_proposed_as_one_that_can_be_sent() {
    let (sandbox, app) = site(json!({"default": all()})).await;
    let order = first(&app, "Sales Order", json!({"docstatus": 0})).await;
    let stored = sandbox.with(|site| site.load("Sales Order", &order)).unwrap();
    let item = &stored["items"][0]["item_code"];
    let patch = json!({"qty": 3, "item_code": item});
    let change = json!({"name": order, "data": {"items": {"patch": [patch]}}});
    let told = refusal(&app, "update_sales_order_document", change).await;
    let right = json!({"match": {"item_code": item}, "qty": 3});
    assert!(told.contains(&format!("did you mean {right}?")), "{told}");
}

#[on_every_version]
async fn what_the_site_would_miss_is_told() {
    let (_site, app) = site(json!({"default": all()})).await;
    let items = json!([{"item_code": "TBL-OAK-160", "qty": 1}]);
    let data = json!({"customer": "Kestrel Software", "currency": "USD", "items": items});
    let told = refusal(&app, "create_sales_invoice_document", json!({"data": data})).await;
    assert!(told.contains("give it (conversion_rate in orders and invoices)"), "{told}");
    let given = json!({"inspection_type": "Incoming", "reference_type": "Purchase Receipt", "sample_size": 1});
    let told = refusal(&app, "create_quality_inspection_document", json!({"data": given})).await;
    assert!(told.contains("data.inspected_by: is mandatory"), "{told}");
    let moved = json!({"purpose": "Material Transfer", "items": [{"item_code": "MAT-FOAM", "qty": 2}]});
    let told = refusal(&app, "create_stock_entry_document", json!({"data": moved})).await;
    let meant =
        "data.stock_entry_type: is mandatory (the name of a Stock Entry Type); did you mean \"Material Transfer\"?";
    assert!(told.contains(meant), "{told}");
    let asset = json!({"item_code": "x", "cost": 5000});
    let told = refusal(&app, "create_asset_document", json!({"data": asset})).await;
    assert!(told.contains("_purchase_amount?"), "{told}");
}
