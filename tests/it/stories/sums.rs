//! Sums over rows and linked documents. What is wanted is added up from the documents themselves.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Desk;
use crate::sandbox::site;
use crate::support::{all, call, refusal};

const TOOL: &str = "aggregate_documents";

/// The groups of an answer by their first key: what was asked of each.
fn groups(answer: &Value, key: &str) -> BTreeMap<String, Value> {
    let groups = answer["groups"].as_array().unwrap().iter();
    groups.map(|group| (group[key].as_str().unwrap_or_default().to_owned(), group.clone())).collect()
}

#[on_every_version]
async fn the_best_selling_items_are_those_of_the_rows_of_all_orders() {
    let desk = Desk::open().await;
    let (mut sold, mut rows, mut amounts, mut orders) =
        (BTreeMap::new(), BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let names = desk.some("Sales Order", json!({"docstatus": 1}), 500).await;
    for name in &names {
        let order = desk.get("Sales Order", name).await;
        let mut here = BTreeSet::new();
        for row in order["items"].as_array().unwrap() {
            let item = row["item_code"].as_str().unwrap().to_owned();
            *sold.entry(item.clone()).or_insert(0.0) += row["qty"].as_f64().unwrap();
            *amounts.entry(item.clone()).or_insert(0.0) += row["amount"].as_f64().unwrap();
            *rows.entry(item.clone()).or_insert(0) += 1;
            here.insert(item);
        }
        here.into_iter().for_each(|item| *orders.entry(item).or_insert(0) += 1);
    }
    assert!(sold.len() > 3 && orders.values().any(|count| *count > 1));
    let asked = json!({"doctype": "Sales Order", "filters": {"docstatus": 1}, "limit": 500, "group_by": ["items.item_code"],
        "measures": ["sum(items.qty)", "count", "count(items)", "sum(items.amount)", "max(items.qty)", "avg(items.qty)"]});
    let answer = desk.call(TOOL, asked).await;
    let found = groups(&answer, "items.item_code");
    assert_eq!(found.len(), sold.len(), "{answer}");
    for (item, group) in &found {
        assert_eq!(group["sum(items.qty)"].as_f64(), Some(sold[item]), "{group}");
        assert_eq!(group["sum(items.amount)"].as_f64(), Some(amounts[item]), "{group}");
        assert_eq!((&group["count"], &group["count(items)"]), (&json!(orders[item]), &json!(rows[item])), "{group}");
        let average = sold[item] / f64::from(rows[item]);
        assert!((group["avg(items.qty)"].as_f64().unwrap() - average).abs() < 1e-6, "{group}");
        assert!(group["currency"].is_string(), "an amount of a row is in the currency of its order: {group}");
    }
    let largest = answer["groups"][0]["sum(items.qty)"].as_f64();
    assert_eq!(largest, sold.values().copied().reduce(f64::max), "the largest comes first");
    let over = format!("computed over {} rows in items of {} documents", rows.values().sum::<i32>(), names.len());
    assert!(answer["note"].as_str().unwrap().contains(&over), "{answer}");

    // A filter on the rows says which of them count.
    let item = sold.keys().next().unwrap();
    let asked = json!({"doctype": "Sales Order", "filters": {"docstatus": 1, "items.item_code": item}, "measures": ["sum(items.qty)"]});
    assert_eq!(desk.call(TOOL, asked).await["groups"], json!([{"sum(items.qty)": sold[item]}]));
    // And for the documents which of them do, each once (H75).
    let asked =
        json!({"doctype": "Sales Order", "filters": {"docstatus": 1, "items.qty": [">", 0]}, "measures": ["count"]});
    assert_eq!(desk.call(TOOL, asked).await["groups"], json!([{"count": names.len()}]));
    let asked = json!({"doctype": "Sales Order", "filters": {"items.item_code": "nothing"}, "measures": ["count", "sum(items.qty)"]});
    assert_eq!(desk.call(TOOL, asked).await["groups"], json!([{"count": 0, "sum(items.qty)": null}]));
}

#[on_every_version]
async fn what_is_owed_is_grouped_by_what_the_customers_say() {
    let desk = Desk::open().await;
    let mut owed: BTreeMap<(String, String), f64> = BTreeMap::new();
    for name in desk.some("Sales Invoice", json!({}), 500).await {
        let invoice = desk.get("Sales Invoice", &name).await;
        let customer = desk.get("Customer", invoice["customer"].as_str().unwrap()).await;
        let key = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let group = (key(&customer["territory"]), key(&invoice["currency"]));
        *owed.entry(group).or_default() += invoice["grand_total"].as_f64().unwrap();
    }
    let asked = json!({"doctype": "Sales Invoice", "measures": ["sum(grand_total)"], "group_by": ["customer.territory"], "limit": 500});
    let answer = desk.call(TOOL, asked).await;
    let found = answer["groups"].as_array().unwrap();
    assert_eq!(found.len(), owed.len(), "{answer}");
    for group in found {
        let key = |name: &str| group[name].as_str().unwrap_or_default().to_owned();
        let wanted = owed[&(key("customer.territory"), key("currency"))];
        assert!((group["sum(grand_total)"].as_f64().unwrap() - wanted).abs() < 0.01, "{group} {wanted}");
    }
}

#[on_every_version]
async fn what_would_count_twice_or_is_withheld_is_refused() {
    let desk = Desk::open().await;
    for (arguments, wanted) in [
        (json!({"measures": ["sum(grand_total)"], "group_by": ["items.item_code"]}), "once for each of its rows"),
        (json!({"measures": ["sum(items.qty)", "sum(taxes.tax_amount)"]}), "rows of one table at a time"),
        (json!({"measures": ["max(customer.credit_days)"]}), "customer.credit_days"),
        (json!({"measures": ["min(customer.creation)"]}), "once for each that links to it"),
        (json!({"measures": ["sum(items.item_code)"]}), "not a number"),
        (json!({"measures": ["sum(items.qyt)"]}), "did you mean items.qty?"),
        (json!({"group_by": ["customer.teritory"]}), "did you mean customer.territory?"),
        (json!({"measures": ["sum(items.qty)"], "or_filters": {"items.qty": 1, "status": "Draft"}}), "by filters only"),
        (json!({"measures": ["sum(items.qty)"], "order_by": "items.qty"}), "groups are sorted by one of"),
    ] {
        let mut arguments = arguments;
        arguments["doctype"] = json!("Sales Order");
        let text = desk.refusal(TOOL, arguments.clone()).await;
        assert!(text.contains(wanted), "{arguments}: {text}");
    }
    let orders = json!({"read": true, "restricted_fields": ["items.rate"]});
    let (_site, app) = site(json!({"doctypes": {"Sales Order": orders, "Item": all()}})).await;
    for (arguments, wanted) in [
        (json!({"measures": ["sum(items.rate)"]}), "does not permit reading it"),
        (json!({"group_by": ["customer.territory"]}), "Customer: not available"),
        (json!({"filters": {"items.rate": 1}}), "does not permit reading it"),
    ] {
        let mut arguments = arguments;
        arguments["doctype"] = json!("Sales Order");
        let text = refusal(&app, TOOL, arguments.clone()).await;
        assert!(text.contains(wanted), "{arguments}: {text}");
    }
    let asked = json!({"doctype": "Sales Order", "measures": ["count(items)"], "group_by": ["customer"]});
    assert!(call(&app, TOOL, asked).await.unwrap()["groups"].as_array().unwrap().len() > 1);
}

#[on_every_version]
async fn amounts_whose_currency_is_withheld_are_not_put_together() {
    let orders = json!({"read": true, "restricted_fields": ["currency"]});
    let (_site, app) = site(json!({"doctypes": {"Sales Order": orders}})).await;
    for field in ["grand_total", "items.amount"] {
        for function in ["sum", "avg", "max"] {
            let asked = json!({"doctype": "Sales Order", "measures": ["count", format!("{function}({field})")]});
            let text = refusal(&app, TOOL, asked).await;
            assert!(text.contains("measures[1]") && text.contains("its currency, currency, may not be read"), "{text}");
        }
    }
    let asked = json!({"doctype": "Sales Order", "measures": ["sum(base_grand_total)"]});
    let told = call(&app, TOOL, asked).await.unwrap();
    assert!(told["groups"][0]["sum(base_grand_total)"].is_number(), "{told}");
    let together = "sum(base_grand_total): of all companies together";
    assert!(!told["note"].to_string().contains(together), "{told}");
    let orders = json!({"read": true, "restricted_fields": ["company"]});
    let (_site, app) = site(json!({"doctypes": {"Sales Order": orders}})).await;
    let asked = json!({"doctype": "Sales Order", "measures": ["count", "sum(base_grand_total)"]});
    let told = call(&app, TOOL, asked).await.unwrap();
    assert!(told["note"].to_string().contains(together), "{told}");
}

#[on_every_version]
async fn that_a_ledger_keeps_the_entries_of_what_was_cancelled_is_told_until_they_are_left_out() {
    let desk = Desk::open().await;
    let unpaid = json!({"docstatus": 1, "status": "Unpaid", "is_return": 0});
    let invoice = desk.some("Sales Invoice", unpaid, 1).await.remove(0);
    let cancel = json!({"doctype": "Sales Invoice", "name": invoice, "confirm": true});
    desk.call("cancel_document", cancel).await;
    let sum = |filters: Value| json!({"doctype": "GL Entry", "measures": ["sum(debit)"], "filters": filters});
    let told = desk.call("aggregate_documents", sum(json!({}))).await;
    let note = told["note"].as_str().unwrap_or_default();
    assert!(note.contains("entries of what was cancelled count too: filter by is_cancelled 0"), "{told}");
    let left = desk.call("aggregate_documents", sum(json!({"is_cancelled": 0}))).await;
    assert!(!left["note"].as_str().unwrap_or_default().contains("is_cancelled"), "{left}");
    let total = |told: &Value| told["groups"][0]["sum(debit)"].as_f64().unwrap();
    assert!(total(&told) > total(&left), "{told} {left}");
    let of = json!({"voucher_no": invoice, "is_cancelled": 0});
    let count = json!({"doctype": "GL Entry", "measures": ["count"], "filters": of});
    let counted = desk.call("aggregate_documents", count).await;
    assert_eq!(counted["groups"][0]["count"].as_u64().unwrap_or_default(), 0, "{counted}");
    let tree = json!({"doctype": "Account", "measure": {"doctype": "GL Entry", "link": "account", "field": "debit"}});
    let tree = desk.call("get_tree", tree).await;
    assert!(tree["note"].as_str().unwrap_or_default().contains("is_cancelled 0"), "{tree}");
}

#[on_every_version]
async fn who_has_what_is_overdue_is_told_in_two_calls() {
    let desk = Desk::open().await;
    let late = json!({"exp_end_date": ["<", "2099-01-01"]});
    let asked = json!({"doctype": "Task", "measures": ["count"], "group_by": ["assigned_to"], "filters": late});
    let text = desk.refusal("aggregate_documents", asked).await;
    assert!(text.contains("group ToDo by allocated_to, with them in reference_name"), "{text}");
    let listed = json!({"doctype": "Task", "filters": late, "fields": ["name"], "limit": 2});
    let listed = desk.call("list_generic_documents", listed).await;
    let names: Vec<&Value> = listed["documents"].as_array().unwrap().iter().map(|task| &task["name"]).collect();
    for name in &names {
        let assigned = json!({"doctype": "Task", "name": name, "user": "sales@example.com"});
        desk.call("assign_document", assigned).await;
    }
    let filters = json!({"status": "Open", "reference_type": "Task", "reference_name": ["in", names]});
    let asked = json!({"doctype": "ToDo", "measures": ["count"], "group_by": ["allocated_to"], "filters": filters});
    let groups = desk.call("aggregate_documents", asked).await["groups"].clone();
    assert_eq!(groups, json!([{"allocated_to": "sales@example.com", "count": names.len()}]));
}

#[on_every_version]
async fn more_groups_than_the_site_gives_at_once_are_counted_and_sorted_all_the_same() {
    let desk = Desk::open().await;
    let lead = |n: u32| match n {
        ..501 => json!({"lead_name": format!("Many {n}"), "city": format!("City {n}"), "annual_revenue": 8}),
        _ => json!({"lead_name": format!("Many {n}"), "city": "Twice", "annual_revenue": 5}),
    };
    for part in [0..300, 300..503] {
        let documents: Vec<Value> = part.map(lead).collect();
        desk.call("create_bulk_documents", json!({"doctype": "Lead", "documents": documents})).await;
    }
    let asked =
        json!({"doctype": "Lead", "group_by": ["city"], "filters": {"lead_name": ["like", "Many %"]}, "limit": 500});
    let answer = desk.call(TOOL, asked.clone()).await;
    assert_eq!(answer["shown"], "500, more follow", "{}", answer["note"]);
    let note = answer["note"].as_str().unwrap();
    assert!(note.contains("there are more groups: add filters"), "the limit cannot be raised: {note}");
    // The least average is not among the least sums.
    let mut by_average = asked;
    let average = "avg(annual_revenue)";
    by_average["measures"] = json!([average]);
    by_average["order_by"] = json!(format!("{average} asc"));
    by_average["limit"] = json!(1);
    let answer = desk.call(TOOL, by_average).await;
    assert_eq!(answer["groups"], json!([{"city": "Twice", average: 5.0}]), "{answer}");
    let of_all = json!({"doctype": "Lead", "filters": {"lead_name": ["like", "Many 50%"]}, "measures": [average]});
    let answer = desk.call(TOOL, of_all).await;
    assert_eq!(answer["groups"], json!([{average: 6.5}]), "{answer}");
}

#[on_every_version]
async fn a_document_without_rows_has_none_that_is_empty() {
    let desk = Desk::open().await;
    let invoices = desk.some("Sales Invoice", json!({}), 500).await.len();
    for filter in [
        json!({"sales_team.sales_person": ["is", "not set"]}),
        json!({"sales_team.sales_person": ""}),
        json!({"sales_team.sales_person": ["in", ["", "Sales Team"]]}),
        json!({"sales_team.allocated_amount": ["<", 5]}),
        json!({"sales_team.allocated_amount": 0}),
    ] {
        let asked = json!({"doctype": "Sales Invoice", "filters": filter, "count": true});
        let answer = desk.call("list_generic_documents", asked).await;
        assert_eq!((&answer["total"], &answer["documents"]), (&json!(0), &json!([])), "{filter}: {answer}");
    }
    let asked = json!({"doctype": "Sales Invoice", "filters": {"sales_team.sales_person": ["!= or empty", "Sales Team"]},
        "count": true, "limit": 1});
    let answer = desk.call("list_generic_documents", asked).await;
    assert_eq!(answer["total"], json!(invoices), "who asks for the empty ones means those without rows, too: {answer}");
}

#[on_every_version]
async fn texts_that_the_database_takes_for_the_same_are_one_group_whoever_puts_it_together() {
    let desk = Desk::open().await;
    let lead = |city: &str| json!({"lead_name": format!("In {city}"), "city": city});
    let documents: Vec<Value> = ["Zürich", "zurich", "ZURICH"].map(lead).into();
    desk.call("create_bulk_documents", json!({"doctype": "Lead", "documents": documents})).await;
    let filters = json!({"lead_name": ["like", "In Z%rich"]});
    for groups in [json!(["city"]), json!(["city", "creation:year"])] {
        let asked = json!({"doctype": "Lead", "group_by": groups, "filters": filters});
        let answer = desk.call(TOOL, asked).await;
        assert_eq!((&answer["shown"], &answer["groups"][0]["count"]), (&json!("all 1"), &json!(3)), "{answer}");
    }
}

#[on_every_version]
async fn documents_without_rows_count_where_rows_are_measured() {
    let desk = Desk::open().await;
    let invoices = desk.some("Sales Invoice", json!({}), 500).await.len();
    let measures = json!(["count", "count(sales_team)", "sum(sales_team.allocated_percentage)"]);
    let asked = json!({"doctype": "Sales Invoice", "measures": measures});
    let group = desk.call(TOOL, asked.clone()).await["groups"][0].clone();
    assert_eq!((&group["count"], &group["count(sales_team)"]), (&json!(invoices), &json!(0)), "{group}");
    let mut by_customer = asked.clone();
    by_customer["group_by"] = json!(["customer"]);
    by_customer["limit"] = json!(500);
    let answer = desk.call(TOOL, by_customer).await;
    let counts = answer["groups"].as_array().unwrap().iter().map(|group| group["count"].as_u64().unwrap());
    assert_eq!(counts.sum::<u64>(), invoices as u64, "{answer}");
    let mut by_rows = asked;
    by_rows["group_by"] = json!(["sales_team.sales_person"]);
    assert_eq!(desk.call(TOOL, by_rows).await["groups"], json!([]));
}

#[on_every_version]
async fn documents_without_a_value_are_one_group_however_the_site_keeps_that() {
    let desk = Desk::open().await;
    for (at, city) in [json!("Cork"), json!(""), Value::Null].into_iter().enumerate() {
        let name = desk.create("Lead", json!({"lead_name": format!("Kept {at}"), "city": "Galway"})).await;
        let kept = json!({"city": city});
        desk.site.with(|site| site.set("Lead", &name, kept.as_object().unwrap())).unwrap();
    }
    let mut asked = json!({"doctype": "Lead", "group_by": ["city"], "filters": {"lead_name": ["like", "Kept %"]}});
    let answer = desk.call(TOOL, asked.clone()).await;
    assert_eq!(answer["groups"], json!([{"city": null, "count": 2}, {"city": "Cork", "count": 1}]), "{answer}");
    // Where not all groups are known, no two are put together.
    asked["limit"] = json!(2);
    asked["order_by"] = json!("city asc");
    let answer = desk.call(TOOL, asked).await;
    assert!(answer["note"].as_str().unwrap_or_default().contains("city are in two groups"), "{answer}");
}
