//! A month closed from reports.

use serde_json::{Value, json};

use super::Desk;
use crate::sandbox::COMPANY;

/// The sum of a column, and what the report says that it is.
fn column(answer: &Value, field: &str) -> (f64, f64) {
    let at = answer["columns"].as_array().unwrap().iter().position(|column| column["field"] == field);
    let at = at.unwrap_or_else(|| panic!("{field}: {}", answer["columns"]));
    let sum = answer["rows"].as_array().unwrap().iter().map(|row| row[at].as_f64().unwrap_or(0.0)).sum();
    (sum, answer["total"][field].as_f64().unwrap_or(sum))
}

fn near(one: f64, other: f64) -> bool {
    (one - other).abs() < 0.01
}

#[on_every_version]
async fn the_month_is_closed_from_reports() {
    let desk = Desk::open().await;
    let report = async |name: &str, filters: Value| {
        desk.call("run_report", json!({"name": name, "filters": filters, "limit": 500})).await
    };
    let company = json!({"company": COMPANY});
    let year = json!({"company": COMPANY, "from_date": "2026-01-01", "to_date": "2026-12-31"});

    // What reports there are, and what the first of them takes.
    let known = desk.call("list_reports", json!({"search": "receivable"})).await;
    assert!(known.to_string().contains("\"Accounts Receivable\""), "{known}");
    let about = desk.call("describe_report", json!({"name": "Accounts Receivable"})).await;
    assert_eq!(about["filters"][0]["field"], "company");

    // A new invoice is owed until it is paid.
    let before = column(&report("Accounts Receivable", company.clone()).await, "outstanding");
    assert!(near(before.0, before.1), "{before:?}");
    let invoice = desk.invoice().await;
    let owed = column(&report("Accounts Receivable", company.clone()).await, "outstanding").1;
    assert!(near(owed, before.1 + 150.0), "{before:?} {owed}");
    let paid = json!({"reference_no": "BT-7", "reference_date": "2026-11-30"});
    let payment = desk.convert("Sales Invoice", &invoice, "Payment Entry", paid).await;
    desk.submit("Payment Entry", &payment).await;

    // The register agrees with the invoices themselves.
    let register = report("Sales Register", year.clone()).await;
    let filters =
        json!({"company": COMPANY, "docstatus": 1, "posting_date": ["between", ["2026-01-01", "2026-12-31"]]});
    let asked = json!({"doctype": "Sales Invoice", "measures": ["count", "sum(base_grand_total)"], "filters": filters});
    let invoices = desk.call("aggregate_documents", asked).await;
    assert!(register["total_rows"].as_u64().is_some_and(|rows| rows > 0), "{register}");
    assert!(
        invoices.to_string().contains(&register["total_rows"].to_string()),
        "{invoices} {}",
        register["total_rows"]
    );

    // The books balance.
    let ledger = report("General Ledger", year).await;
    assert!(ledger["total_rows"].as_u64().is_some_and(|rows| rows > 0), "{ledger}");
    let owed_to = column(&report("Accounts Payable", company).await, "outstanding");
    assert!(near(owed_to.0, owed_to.1) && owed_to.1 > 0.0, "{owed_to:?}");
}
