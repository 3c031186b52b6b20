//! How long a sandbox takes to start, and lists over 100,000 documents:
//! `cargo run --release -p erpnext-sandbox --example lists`.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::time::Instant;

use erpnext_sandbox::doc::Doc;
use erpnext_sandbox::query::List;
use erpnext_sandbox::{Options, Sandbox};
use serde_json::{Value, json};

const DOCUMENTS: usize = 100_000;

fn doc(value: Value) -> Doc {
    value.as_object().cloned().unwrap()
}

/// The lists that are measured: a name, and what is asked of Sales Order.
fn lists() -> Vec<(&'static str, List)> {
    let newest = List {
        fields: json!(["name", "customer", "status", "grand_total", "modified"]),
        length: Some(20),
        order_by: Some("modified desc".into()),
        ..List::default()
    };
    let with = |filters: Value| List { filters, ..newest.clone() };
    let grouped = |field: &str| List {
        fields: json!([field, "count(name) as n", "sum(grand_total) as total"]),
        group_by: Some(field.into()),
        ..List::default()
    };
    vec![
        ("the newest 20", newest.clone()),
        ("20 from 90,000 on", List { start: 90_000, ..newest.clone() }),
        ("all names", List { fields: json!(["name"]), length: None, order_by: None, ..newest.clone() }),
        ("by a column without index", List { order_by: Some("grand_total desc".into()), ..newest.clone() }),
        ("customer = (200 of them)", with(json!([["customer", "=", "Customer 7"]]))),
        ("status = (a third of them)", with(json!([["status", "=", "To Bill"]]))),
        ("status = (none of them)", with(json!([["status", "=", "Closed"]]))),
        ("customer_name like", with(json!([["customer_name", "like", "%mer 499%"]]))),
        ("grand_total between", with(json!([["grand_total", "between", [99_000, 99_100]]]))),
        ("transaction_date in a month", with(json!([["transaction_date", "between", ["2026-03-01", "2026-03-31"]]]))),
        ("items.item_code =", with(json!([["Sales Order Item", "item_code", "=", "ITEM-77"]]))),
        ("customer.territory =", List { fields: json!(["name", "customer.territory"]), ..newest }),
        ("grouped by status", grouped("status")),
        ("grouped by customer", grouped("customer")),
        ("grouped by transaction_date", grouped("transaction_date")),
    ]
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    for (what, sample) in [("without data", None), ("with the sample", Some(1))] {
        let started = Instant::now();
        drop(Sandbox::start(Options { sample, ..Options::default() }).await.unwrap());
        println!("start in memory, {what}: {:.1?}", started.elapsed());
    }
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let started = Instant::now();
    sandbox.with(|site| {
        let customers = site.controller("Customer")?;
        for n in 0..500 {
            let name = format!("Customer {n}");
            let territory = ["North", "South"][n % 2];
            site.put(customers, &doc(json!({"name": name, "customer_name": name, "territory": territory})))?;
        }
        let orders = site.controller("Sales Order")?;
        for n in 0..DOCUMENTS {
            let customer = format!("Customer {}", n * 7 % 500);
            let status = ["To Bill", "Completed", "To Deliver and Bill"][n % 3];
            let order = json!({
                "name": format!("SAL-ORD-2026-{n:06}"), "customer": customer, "customer_name": customer, "docstatus": 1,
                "status": status, "grand_total": n * 31 % 100_000,
                "transaction_date": format!("2026-{:02}-{:02}", n % 12 + 1, n % 28 + 1),
                "creation": "2026-01-01 00:00:00.000000", "modified": format!("2026-01-01 00:00:00.{n:06}"),
                "items": [{"item_code": format!("ITEM-{}", n % 300), "qty": 1.0}],
            });
            site.put(orders, &doc(order))?;
        }
        Ok(())
    }).unwrap();
    println!("{DOCUMENTS} orders of one item put in: {:.1?}", started.elapsed());
    for (what, list) in lists() {
        let best = (0..5).map(|_| {
            let started = Instant::now();
            let rows = sandbox.with(|site| site.list("Sales Order", &list)).unwrap();
            (started.elapsed(), rows.len())
        });
        let (taken, rows) = best.min().unwrap();
        println!("{taken:>8.1?}  {what}: {rows} rows");
    }
    let all = List::default();
    let started = Instant::now();
    let count = sandbox.with(|site| site.count("Sales Order", &all)).unwrap();
    println!("{:>8.1?}  counted: {count}", started.elapsed());
}
