//! How long lists over 100,000 documents take: `cargo run --release -p erpnext-sandbox --example lists`.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::time::Instant;

use erpnext_sandbox::doc::Doc;
use erpnext_sandbox::query::List;
use erpnext_sandbox::{Options, Sandbox};
use serde_json::{Value, json};

fn doc(value: Value) -> Doc {
    value.as_object().cloned().unwrap()
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let started = Instant::now();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    println!("start in memory: {:?}", started.elapsed());
    let filled = sandbox.with(|site| {
        let def = site.controller("Customer")?;
        for n in 0..100_000 {
            let territory = ["North", "South", "All Territories"][n % 3];
            site.db.add_row(
                def,
                &doc(json!({
                    "name": format!("C{n:06}"), "customer_name": format!("Customer {n}"), "territory": territory,
                    "creation": "2026-01-01 00:00:00.000000", "modified": format!("2026-01-01 00:00:00.{n:06}"),
                })),
            )?;
        }
        Ok(())
    });
    filled.unwrap();
    let fields = json!(["name", "customer_name", "territory", "modified"]);
    let page =
        List { fields: fields.clone(), length: Some(20), order_by: Some("modified desc".into()), ..List::default() };
    let filtered = List { filters: json!([["territory", "=", "North"]]), ..page.clone() };
    let like = List { filters: json!([["customer_name", "like", "%9999%"]]), ..page.clone() };
    let deep = List { start: 90_000, ..page.clone() };
    let grouped = List {
        fields: json!(["territory", "count(name) as n"]),
        group_by: Some("territory".into()),
        length: None,
        ..List::default()
    };
    for (what, list) in [("page", page), ("filtered", filtered), ("like", like), ("deep", deep), ("grouped", grouped)] {
        let started = Instant::now();
        let rows = sandbox.with(|site| site.list("Customer", &list)).unwrap();
        println!("{what}: {:?}, {} rows", started.elapsed(), rows.len());
    }
}
