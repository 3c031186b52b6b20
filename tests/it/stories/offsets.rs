//! What is matched with invoices beside Payment Entries: rows of Journal Entries, credit notes, advances kept apart.

use serde_json::{Value, json};

use super::Desk;
use crate::sandbox::{COMPANY, config};
use crate::support::{all, app_of, call, refusal};

const TOOL: &str = "reconcile_payments";
const BANK: &str = "Current Account - AWF";

/// An open invoice of 150, its customer and the account that it is owed in.
async fn owed(desk: &Desk) -> (String, String, String) {
    let invoice = desk.invoice().await;
    let stored = desk.get("Sales Invoice", &invoice).await;
    let fact = |field: &str| stored[field].as_str().unwrap().to_owned();
    (invoice, fact("customer"), fact("debit_to"))
}

/// A submitted Journal Entry by which the customer paid so much in each of these rows.
async fn entry(desk: &Desk, customer: &str, account: &str, amounts: &[f64]) -> String {
    let paid = amounts.iter().map(|amount| {
        json!({"account": account, "party_type": "Customer", "party": customer, "credit_in_account_currency": amount})
    });
    let bank = json!({"account": BANK, "debit_in_account_currency": amounts.iter().sum::<f64>()});
    let rows: Vec<Value> = std::iter::once(bank).chain(paid).collect();
    let data =
        json!({"company": COMPANY, "voucher_type": "Journal Entry", "posting_date": "2026-11-20", "accounts": rows});
    let name = desk.create("Journal Entry", data).await;
    desk.submit("Journal Entry", &name).await;
    name
}

fn asked(customer: &str, payment: &str, invoice: &str, amount: f64) -> Value {
    let row = json!({"payment": payment, "invoice": invoice, "amount": amount});
    json!({"party_type": "Customer", "party": customer, "company": COMPANY, "allocations": [row]})
}

/// Does it after it was shown.
async fn confirmed(desk: &Desk, asked: &Value) -> (Value, Value) {
    let waits = desk.call(TOOL, asked.clone()).await;
    let mut asked = asked.clone();
    asked["confirm_token"] = waits["confirm_token"].clone();
    (waits, desk.call(TOOL, asked).await)
}

fn outstanding(desk: &Desk, invoice: &str) -> f64 {
    let stored = desk.site.with(|site| site.load("Sales Invoice", invoice)).unwrap();
    stored["outstanding_amount"].as_f64().unwrap()
}

#[on_every_version]
async fn a_row_of_a_journal_entry_is_matched_to_an_invoice() {
    let desk = Desk::open().await;
    let (invoice, customer, account) = owed(&desk).await;
    let entry = entry(&desk, &customer, &account, &[60.0]).await;
    let before = desk.site.journal().len();
    let (waits, done) = confirmed(&desk, &asked(&customer, &entry, &invoice, 40.0)).await;
    let row = &waits["allocation"][0];
    assert_eq!((&row["payment_is"], &row["payment_open"]["after"]), (&json!("Journal Entry"), &json!(20.0)), "{waits}");
    assert_eq!((&done["reconciled"], &done["open_now"][0]["open"]), (&json!([entry]), &json!(110.0)), "{done}");
    assert_eq!(desk.journal(before), ["update Journal Entry"]);
    let stored = desk.site.with(|site| site.load("Journal Entry", &entry)).unwrap();
    let rows = stored["accounts"].as_array().unwrap();
    let credit = |booked: &Value| -> f64 {
        let rows = rows.iter().filter(|row| row["party"] == json!(customer) && &row["reference_name"] == booked);
        rows.map(|row| row["credit_in_account_currency"].as_f64().unwrap()).sum()
    };
    assert_eq!(credit(&json!(invoice)), 40.0, "{stored:?}");
    assert_eq!((&stored["total_debit"], &stored["docstatus"]), (&json!(60.0), &json!(1)), "{stored:?}");

    // Of what was shown less is open now.
    let again = desk.refusal(TOOL, asked(&customer, &entry, &invoice, 40.0)).await;
    assert!(again.contains("40 is more than the 20 that is left of"), "{again}");
}

#[on_every_version]
async fn of_an_entry_with_two_open_rows_the_one_that_is_named_is_matched_and_then_the_other() {
    let desk = Desk::open().await;
    let (invoice, customer, account) = owed(&desk).await;
    let entry = entry(&desk, &customer, &account, &[30.0, 20.0]).await;
    let stored = desk.site.with(|site| site.load("Journal Entry", &entry)).unwrap();
    let row = |at: usize| stored["accounts"][at]["name"].as_str().unwrap().to_owned();
    let before = desk.site.journal().len();
    let mut given = asked(&customer, &entry, &invoice, 10.0);
    let told = desk.refusal(TOOL, given.clone()).await;
    assert!(
        told.contains("allocations[0].row: is mandatory") && told.contains(&row(1)) && told.contains(&row(2)),
        "{told}"
    );
    assert_eq!(desk.journal(before), Vec::<String>::new());
    given["allocations"][0]["row"] = json!(row(2));
    let (waits, done) = confirmed(&desk, &given).await;
    assert_eq!(waits["allocation"][0]["row"], row(2), "{waits}");
    let left: Vec<(&Value, &Value)> =
        waits["payments_left"].as_array().unwrap().iter().map(|left| (&left["row"], &left["open"])).collect();
    for expected in [(&json!(row(1)), &json!(30.0)), (&json!(row(2)), &json!(10.0))] {
        assert!(left.contains(&expected), "{waits}");
    }
    assert!(waits["left_out"].to_string().contains("1 open row of Journal Entries"), "{waits}");
    assert_eq!((&done["reconciled"], outstanding(&desk, &invoice)), (&json!([entry]), 140.0), "{done}");
    given["allocations"][0] = json!({"payment": entry, "row": row(1), "invoice": invoice});
    let (_, done) = confirmed(&desk, &given).await;
    assert_eq!((&done["reconciled"], outstanding(&desk, &invoice)), (&json!([entry]), 110.0), "{done}");
}

#[on_every_version]
async fn a_credit_note_settles_an_invoice_by_an_entry_of_the_site() {
    let desk = Desk::open().await;
    let (invoice, customer, _) = owed(&desk).await;
    let credit = desk.convert("Sales Invoice", &invoice, "Credit Note", json!({})).await;
    desk.submit("Sales Invoice", &credit).await;
    assert_eq!(outstanding(&desk, &credit), -150.0);
    let before = desk.site.journal().len();
    let (waits, done) = confirmed(&desk, &asked(&customer, &credit, &invoice, 100.0)).await;
    let row = &waits["allocation"][0];
    assert!(row["made_by"].as_str().unwrap().contains("Journal Entry"), "{waits}");
    assert_eq!(done["reconciled"], json!([credit]), "{done}");
    assert_eq!((outstanding(&desk, &credit), outstanding(&desk, &invoice)), (-50.0, 50.0));
    assert!(desk.journal(before).iter().all(|write| write.ends_with("Journal Entry")), "{:?}", desk.journal(before));
    assert!(!desk.journal(before).is_empty());
}

#[on_every_version]
async fn a_credit_note_goes_to_its_own_invoice_where_nobody_said_otherwise() {
    let desk = Desk::open().await;
    let (older, customer, _) = owed(&desk).await;
    let (invoice, ..) = owed(&desk).await;
    let credit = desk.convert("Sales Invoice", &invoice, "Credit Note", json!({})).await;
    desk.submit("Sales Invoice", &credit).await;
    let asked = json!({"party_type": "Customer", "party": customer, "company": COMPANY, "dry_run": true});
    let told = desk.call(TOOL, asked).await;
    let rows = told["allocation"].as_array().unwrap().iter().filter(|row| row["payment"] == json!(credit));
    let rows: Vec<_> = rows.map(|row| (&row["invoice"], &row["amount"])).collect();
    assert_eq!(rows, [(&json!(invoice), &json!(150.0))], "{told}");
    assert_ne!(older, invoice);
}

#[on_every_version]
async fn what_an_order_has_is_left_out_where_nobody_named_it() {
    let desk = Desk::open().await;
    let (invoice, customer, account) = owed(&desk).await;
    let booked = entry(&desk, &customer, &account, &[30.0]).await;
    let free = entry(&desk, &customer, &account, &[20.0]).await;
    let stored = desk.site.with(|site| site.load("Journal Entry", &booked)).unwrap();
    let row = stored["accounts"][1]["name"].as_str().unwrap().to_owned();
    let order = json!({"reference_type": "Sales Order", "reference_name": "SO-1"});
    desk.site.with(|site| site.set("Journal Entry Account", &row, order.as_object().unwrap())).unwrap();
    let oldest = json!({"party_type": "Customer", "party": customer, "company": COMPANY, "dry_run": true});
    let told = desk.call(TOOL, oldest).await;
    let allocation = told["allocation"].to_string();
    assert!(allocation.contains(&free) && !allocation.contains(&booked), "{told}");
    assert!(told["left_out"].to_string().contains(&booked), "{told}");
    // Who names it is told why it is not matched.
    let told = desk.refusal(TOOL, asked(&customer, &booked, &invoice, 10.0)).await;
    assert!(told.contains("is booked for \"SO-1\" already"), "{told}");
}

#[on_every_version]
async fn the_entry_that_settles_a_credit_note_is_permitted_and_weighed_as_one() {
    let desk = Desk::open().await;
    let (invoice, customer, _) = owed(&desk).await;
    let credit = desk.convert("Sales Invoice", &invoice, "Credit Note", json!({})).await;
    desk.submit("Sales Invoice", &credit).await;
    let app = |entries: Value, quota: Value| {
        let doctypes = json!({"Payment Entry": all(), "Sales Invoice": all(), "Journal Entry": entries,
            "Customer": all(), "Company": all()});
        app_of(&config(&desk.site, "administrator", json!({"doctypes": doctypes, "quota": quota})))
    };
    let before = desk.site.journal().len();
    let given = asked(&customer, &credit, &invoice, 100.0);
    let told = refusal(&app(all(), json!({"submit_amount": {"refuse": 50}})), TOOL, given.clone()).await;
    assert!(told.contains("submit_amount") && told.contains("a Journal Entry that settles a return"), "{told}");
    let mut hides = all();
    hides["restricted_fields"] = json!(["accounts"]);
    let told = refusal(&app(hides, json!({})), TOOL, given).await;
    assert!(told.contains("is no payment of this party"), "{told}");
    assert_eq!(desk.journal(before), Vec::<String>::new());
}

#[on_every_version]
async fn without_the_leave_for_entries_only_payment_entries_are_looked_at() {
    let desk = Desk::open().await;
    let (invoice, customer, account) = owed(&desk).await;
    let entry = entry(&desk, &customer, &account, &[60.0]).await;
    let doctypes = json!({"Payment Entry": all(), "Sales Invoice": all(), "Customer": all(), "Company": all()});
    let app = app_of(&config(&desk.site, "administrator", json!({ "doctypes": doctypes })));
    let before = desk.site.journal().len();
    let told = refusal(&app, TOOL, asked(&customer, &entry, &invoice, 40.0)).await;
    assert!(told.contains("is no payment of this party"), "{told}");
    assert_eq!(desk.journal(before), Vec::<String>::new());
}

#[on_every_version]
async fn an_advance_for_no_invoice_is_recorded_where_the_company_keeps_them() {
    let desk = Desk::open().await;
    let customer = desk.create("Customer", json!({"customer_name": "Pays Ahead"})).await;
    let paid = json!({"party_type": "Customer", "party": customer, "amount": 60, "mode_of_payment": "Cash",
        "company": COMPANY});
    let told = desk.refusal("record_payment", paid.clone()).await;
    assert!(told.contains("has no open Sales Invoice") && told.contains("advance: true"), "{told}");
    let ahead = |more: Value| {
        let mut paid = paid.clone();
        paid.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        paid["advance"] = json!(true);
        paid
    };
    let told = desk.refusal("record_payment", ahead(json!({"mode_of_payment": null}))).await;
    assert!(told.contains("needs the account or a mode_of_payment"), "{told}");

    let with_the_rest = desk.call("record_payment", ahead(json!({"submit": true, "confirm": true}))).await;
    assert_eq!(
        (&with_the_rest["stays_with_party"], &with_the_rest["docstatus"]),
        (&json!(60.0), &json!(1)),
        "{with_the_rest}"
    );
    assert_eq!(with_the_rest["booked_in"], "Debtors - AWF", "{with_the_rest}");
    let kept = desk.some("Account", json!({"is_group": 0, "account_type": "Payable", "company": COMPANY}), 1).await;
    let apart = json!({
        "book_advance_payments_in_separate_party_account": 1, "default_advance_received_account": kept[0],
    });
    desk.site.with(|site| site.set("Company", COMPANY, apart.as_object().unwrap())).unwrap();
    let apart = desk.call("record_payment", ahead(json!({}))).await;
    assert_eq!((&apart["booked_in"], &apart["docstatus"]), (&json!(kept[0]), &json!(0)), "{apart}");
    let stored = desk.get("Payment Entry", apart["created"].as_str().unwrap()).await;
    assert!(stored["posting_date"].is_string() && stored["reference_date"] == stored["posting_date"], "{stored}");
}

#[on_every_version]
async fn an_advance_in_an_account_of_its_own_is_matched() {
    let desk = Desk::open().await;
    let (invoice, customer, account) = owed(&desk).await;
    let kept = desk.some("Account", json!({"is_group": 0, "account_type": "Payable", "company": COMPANY}), 1).await;
    let apart = json!({
        "book_advance_payments_in_separate_party_account": 1, "default_advance_received_account": kept[0],
    });
    desk.site.with(|site| site.set("Company", COMPANY, apart.as_object().unwrap())).unwrap();
    let paid = json!({"doctype": "Payment Entry", "naming_series": "ACC-PAY-.YYYY.-", "payment_type": "Receive", "party_type": "Customer", "party": customer, "company": COMPANY,
        "paid_from": account, "paid_to": "Petty Cash - AWF", "paid_amount": 60, "received_amount": 60,
        "source_exchange_rate": 1, "target_exchange_rate": 1, "posting_date": "2026-11-20"});
    let payment = desk.site.with(|site| {
        let made = site.insert(paid.as_object().unwrap().clone())?;
        let name = made["name"].as_str().unwrap().to_owned();
        site.submit(site.load("Payment Entry", &name)?)?;
        Ok(name)
    });
    let payment = payment.unwrap();
    assert_eq!(desk.get("Payment Entry", &payment).await["paid_from"], json!(kept[0]));
    let (waits, done) = confirmed(&desk, &asked(&customer, &payment, &invoice, 40.0)).await;
    assert!(!waits["left_out"].to_string().contains("advances"), "{waits}");
    let booked = (&waits["advance_account"], &waits["allocation"][0]["booked_in"]);
    assert_eq!(booked, (&json!(kept[0]), &json!(kept[0])), "{waits}");
    assert_eq!(done["reconciled"], json!([payment]), "{done}");
    assert_eq!(outstanding(&desk, &invoice), 110.0);

    // Who may not read where it stands can name the account.
    let doctypes = json!({"Payment Entry": all(), "Sales Invoice": all()});
    let app = app_of(&config(&desk.site, "administrator", json!({ "doctypes": doctypes })));
    let mut rest = asked(&customer, &payment, &invoice, 20.0);
    let told = refusal(&app, TOOL, rest.clone()).await;
    assert!(told.contains("is no payment of this party"), "{told}");
    rest["advance_account"] = json!(kept[0]);
    rest["dry_run"] = json!(true);
    let told = call(&app, TOOL, rest).await.unwrap();
    assert_eq!(told["allocation"][0]["payment_open"]["after"], json!(0.0), "{told}");
}
