//! What an accountant is asked for: taxes, payments, journals and what is owed.

use serde_json::{Value, json};

use crate::Task;
use crate::desk::rows;

const COMPANY: &str = "Alderway Furniture";
const TEMPLATE: &str = "Sales Taxes and Charges Template";

/// The name of the first document that fits.
async fn first(desk: &mut crate::Desk, doctype: &str, filters: Value, order_by: &str) -> String {
    let found = desk.list(doctype, json!(["name"]), filters, json!({"limit": 1, "order_by": order_by})).await;
    found[0]["name"].as_str().unwrap().to_owned()
}

/// A template of VAT of 23 per cent; its name.
async fn template(desk: &mut crate::Desk) -> String {
    let row = json!({"charge_type": "On Net Total", "account_head": "VAT - AWF", "description": "VAT", "rate": 23});
    desk.create(TEMPLATE, json!({"title": "VAT 23", "company": COMPANY, "taxes": [row]})).await
}

/// What is open of an invoice, as the site has it.
fn open(desk: &crate::Desk, invoice: &str) -> f64 {
    desk.stored("Sales Invoice", invoice)["outstanding_amount"].as_f64().unwrap()
}

pub const TASKS: &[Task] = &[
    Task {
        name: "tax an order",
        asked: "Set up VAT of 23 per cent, and order four task chairs at 50 for Tandem Bicycles with it.",
        solve: |desk| {
            Box::pin(async move {
                let template = template(desk).await;
                let row = json!({"item_code": "SEA-TASK", "qty": 4, "rate": 50, "warehouse": "Main Store - AWF"});
                let data = json!({"customer": "Tandem Bicycles", "company": COMPANY, "delivery_date": "2026-12-18",
                    "taxes_and_charges": template, "items": [row]});
                let name = desk.create("Sales Order", data).await;
                let stored = desk.stored("Sales Order", &name);
                assert_eq!((&stored["total_taxes_and_charges"], &stored["grand_total"]), (&json!(46.0), &json!(246.0)));
            })
        },
    },
    Task {
        name: "part of an invoice is paid",
        asked: "Ten of the first overdue invoice were paid in cash: book it for good.",
        solve: |desk| {
            Box::pin(async move {
                let more = json!({"limit": 1, "order_by": "name asc"});
                let overdue = json!({"status": "Overdue"});
                let found = desk.list("Sales Invoice", json!(["name", "customer"]), overdue, more).await.remove(0);
                let invoice = found["name"].as_str().unwrap();
                let before = open(desk, invoice);
                let mut pay = json!({"party_type": "Customer", "party": found["customer"], "mode_of_payment": "Cash",
                    "invoices": [{"name": invoice, "amount": 10}], "submit": true});
                pay["confirm_token"] = desk.call("record_payment", pay.clone()).await["confirm_token"].clone();
                desk.call("record_payment", pay).await;
                assert!((before - open(desk, invoice) - 10.0).abs() < 0.01);
            })
        },
    },
    Task {
        name: "pay a supplier",
        asked: "Make a draft of a payment of 5 to the supplier whose invoice is due first, reference S-1.",
        solve: |desk| {
            Box::pin(async move {
                let owed = json!({"docstatus": 1, "outstanding_amount": [">", 0]});
                let more = json!({"limit": 1, "order_by": "due_date asc, name asc"});
                let found = desk.list("Purchase Invoice", json!(["name", "supplier"]), owed, more).await.remove(0);
                let pay = json!({"party_type": "Supplier", "party": found["supplier"], "amount": 5,
                    "reference_no": "S-1"});
                let made = desk.call("record_payment", pay).await["created"].as_str().unwrap().to_owned();
                let stored = desk.stored("Payment Entry", &made);
                assert_eq!((&stored["docstatus"], &stored["paid_amount"]), (&json!(0), &json!(5.0)));
                assert_eq!(stored["references"][0]["reference_name"], found["name"]);
            })
        },
    },
    Task {
        name: "credit an invoice",
        asked: "The first unpaid invoice was wrong: credit it whole.",
        solve: |desk| {
            Box::pin(async move {
                let unpaid = json!({"status": "Unpaid", "is_return": 0});
                let invoice = first(desk, "Sales Invoice", unpaid, "name asc").await;
                let credit = desk.convert("Sales Invoice", &invoice, "Credit Note", json!({})).await;
                desk.submit("Sales Invoice", &credit).await;
                let (charged, credited) =
                    (desk.stored("Sales Invoice", &invoice), desk.stored("Sales Invoice", &credit));
                assert_eq!((&credited["docstatus"], &credited["return_against"]), (&json!(1), &json!(invoice)));
                let sum = charged["grand_total"].as_f64().unwrap() + credited["grand_total"].as_f64().unwrap();
                assert!(sum.abs() < 0.01, "{sum}");
            })
        },
    },
    Task {
        name: "journal entry",
        asked: "Ten went from petty cash to the current account on 20 November: enter it.",
        solve: |desk| {
            Box::pin(async move {
                let sides = json!([{"account": "Current Account - AWF", "debit_in_account_currency": 10},
                    {"account": "Petty Cash - AWF", "credit_in_account_currency": 10}]);
                let data = json!({"company": COMPANY, "posting_date": "2026-11-20", "accounts": sides});
                let name = desk.create("Journal Entry", data).await;
                desk.submit("Journal Entry", &name).await;
                let stored = desk.stored("Journal Entry", &name);
                assert_eq!((&stored["docstatus"], &stored["total_debit"]), (&json!(1), &json!(10.0)));
            })
        },
    },
    Task {
        name: "largest debts",
        asked: "Which three invoices are the largest that are open, and what is owed altogether?",
        solve: |desk| {
            Box::pin(async move {
                let asked = json!({"name": "Accounts Receivable", "filters": {"company": COMPANY}, "limit": 3,
                    "columns": ["voucher_no", "outstanding"], "order_by": "outstanding desc"});
                let told = desk.call("run_report", asked).await;
                let largest = rows(&told);
                assert_eq!(largest.len(), 3);
                let open = |name: &Value| open(desk, name.as_str().unwrap());
                let most = desk.all("Sales Invoice").iter().map(|invoice| open(&invoice["name"])).fold(0.0, f64::max);
                assert!((largest[0]["outstanding"].as_f64().unwrap() - most).abs() < 0.01, "{told} {most}");
                assert!(told["total"]["outstanding"].as_f64().unwrap() > most, "{told}");
            })
        },
    },
    Task {
        name: "what is owed",
        asked: "Only the sum: how much do customers owe?",
        solve: |desk| {
            Box::pin(async move {
                let asked =
                    json!({"name": "Accounts Receivable", "filters": {"company": COMPANY}, "totals_only": true});
                let told = desk.call("run_report", asked).await;
                let invoices = desk.all("Sales Invoice");
                let submitted = invoices.iter().filter(|invoice| invoice["docstatus"] == 1);
                let owed: f64 = submitted.filter_map(|invoice| invoice["outstanding_amount"].as_f64()).sum();
                assert!((told["total"]["outstanding"].as_f64().unwrap() - owed).abs() < 0.01, "{told} {owed}");
            })
        },
    },
];
