//! Payments cleared with the bank's statement.

use serde_json::{Value, json};

use super::Desk;

const TOOL: &str = "set_clearance_dates";

/// A payment over the bank on 20 November, with the bank's account.
async fn payment(desk: &Desk) -> (String, Value) {
    payment_on(desk, "2026-11-20").await
}

async fn payment_on(desk: &Desk, day: &str) -> (String, Value) {
    let customer = desk.some("Customer", json!({}), 1).await.remove(0);
    let paid = json!({"party_type": "Customer", "party": customer, "invoices": [{"name": desk.invoice().await}],
        "mode_of_payment": "Bank Transfer", "reference_no": "BT-9", "reference_date": "2026-11-22",
        "date": day, "submit": true, "confirm": true});
    let name = desk.call("record_payment", paid).await["created"].as_str().unwrap().to_owned();
    let account = desk.get("Payment Entry", &name).await["paid_to"].clone();
    (name, account)
}

/// A Journal Entry of that day, of which half goes through the account.
async fn journal_entry(desk: &Desk, account: &Value) -> String {
    let expense = desk.some("Account", json!({"is_group": 0, "root_type": "Expense"}), 1).await.remove(0);
    let rows = json!([{"account": account, "debit_in_account_currency": 5},
        {"account": expense, "debit_in_account_currency": 5},
        {"account": "Petty Cash - AWF", "credit_in_account_currency": 10}]);
    let entry = json!({"voucher_type": "Contra Entry", "company": crate::sandbox::COMPANY, "posting_date": "2026-11-20",
        "accounts": rows});
    let entry = desk.create("Journal Entry", entry).await;
    desk.submit("Journal Entry", &entry).await;
    entry
}

fn with(asked: &Value, key: &str, value: Value) -> Value {
    let mut asked = asked.clone();
    asked[key] = value;
    asked
}

/// The names that the tool lists as not cleared from the 20th to the 20th of November.
async fn uncleared(desk: &Desk, account: &Value) -> Vec<String> {
    let asked = json!({"account": account, "from_date": "2026-11-20", "to_date": "2026-11-20"});
    let listed = desk.call(TOOL, asked).await;
    assert!(listed["next"].as_str().unwrap().starts_with("Nothing was set"), "{listed}");
    let rows = listed["uncleared"].as_array().unwrap().iter();
    rows.map(|row| row["name"].as_str().unwrap().to_owned()).collect()
}

#[on_every_version]
async fn what_the_bank_had_is_listed_shown_cleared_and_taken_back() {
    let desk = Desk::open().await;
    let (payment, account) = payment(&desk).await;
    let before = desk.site.journal().len();
    let nowhere = json!({"account": "Current", "from_date": "2026-11-20", "to_date": "2026-11-20"});
    let text = desk.refusal(TOOL, nowhere).await;
    assert!(text.contains("account: there is no Account named \"Current\"; did you mean"), "{text}");
    assert!(uncleared(&desk, &account).await.contains(&payment));
    let asked = json!({"account": account, "dates": [{"name": payment, "date": "2026-11-23"}]});
    let dry = desk.call(TOOL, with(&asked, "dry_run", json!(true))).await;
    let row = &dry["dates"][0];
    assert_eq!((&row["posting_date"], &row["clearance_date"]["to"]), (&json!("2026-11-20"), &json!("2026-11-23")));
    assert_eq!((&row["reference_no"], &row["doctype"]), (&json!("BT-9"), &json!("Payment Entry")), "{dry}");
    let waits = desk.call(TOOL, asked.clone()).await;
    assert!(waits["not_done_yet"].as_str().unwrap().starts_with("set the clearance dates of 1 payment of"), "{waits}");
    assert_eq!(desk.journal(before), Vec::<String>::new());

    let done = desk.call(TOOL, with(&asked, "confirm_token", waits["confirm_token"].clone())).await;
    assert_eq!(done["set"], json!([payment]), "{done}");
    assert_eq!(desk.journal(before), ["update Payment Entry"]);
    assert_eq!(desk.get("Payment Entry", &payment).await["clearance_date"], "2026-11-23");
    assert!(!uncleared(&desk, &account).await.contains(&payment));

    let back = json!({"account": account, "dates": [{"name": payment, "date": null}], "confirm": true});
    assert_eq!(desk.call(TOOL, back).await["set"], json!([payment]));
    assert!(uncleared(&desk, &account).await.contains(&payment));
}

#[on_every_version]
async fn a_date_that_cannot_be_is_refused_with_the_reason_and_nothing_is_set() {
    let desk = Desk::open().await;
    let (payment, account) = payment(&desk).await;
    let draft = {
        let customer = desk.some("Customer", json!({}), 1).await.remove(0);
        let paid = json!({"party_type": "Customer", "party": customer, "invoices": [{"name": desk.invoice().await}],
            "mode_of_payment": "Bank Transfer", "reference_no": "BT-10"});
        desk.call("record_payment", paid).await["created"].clone()
    };
    let before = desk.site.journal().len();
    let row = |date: Value| json!([{"name": payment, "date": date}]);
    for (dates, told) in [
        (row(json!("2026-11-19")), "has a reference_date of 2026-11-22"),
        (row(json!("2026-11-21")), "has a reference_date of 2026-11-22"),
        (row(json!(null)), "has no clearance date"),
        (row(json!("2026-13-01")), "dates[0].date: "),
        (json!([{"name": payment}]), "dates[0].date: is mandatory"),
        (json!([{"date": "2026-11-23"}]), "dates[0].name: is mandatory"),
        (json!([{"name": payment, "date": "2026-11-23", "doctype": "Journal"}]), "\"Journal\" is not one of"),
        (json!([{"name": payment, "day": "2026-11-23"}]), "dates[0].day: no such key"),
        (json!([{"name": draft, "date": "2027-01-05"}]), "is a draft"),
        (json!([]), "expected 1 to 100 of them"),
        // One that cannot be stops the other.
        (
            json!([{"name": payment, "date": "2026-11-23"}, {"name": payment, "date": "2026-11-24"}]),
            "dates[1].name: is named twice",
        ),
        (json!([{"name": payment, "date": "2026-11-23"}, {"name": draft, "date": "2027-01-05"}]), "is a draft"),
    ] {
        let text = desk.refusal(TOOL, json!({"account": account, "dates": dates, "confirm": true})).await;
        assert!(text.contains(told), "{dates}: {text}");
    }
    let till = json!({"account": "Petty Cash - AWF", "dates": row(json!("2026-11-23"))});
    assert!(desk.refusal(TOOL, till).await.contains("is no payment of \"Petty Cash - AWF\""));
    let by_hand = json!({"doctype": "Payment Entry", "name": payment, "data": {"clearance_date": "2026-11-23"}});
    let text = desk.refusal("update_generic_document", by_hand).await;
    assert!(text.contains("set_clearance_dates sets it"), "{text}");
    for (range, told) in [
        (json!({}), "from_date: is mandatory"),
        (json!({"from_date": "2026-11-20", "to_date": "2026-11-19"}), "to_date: 2026-11-19 is before"),
        (json!({"from_date": "2026-11-20", "to_date": "some day"}), "to_date: "),
    ] {
        let mut asked = json!({ "account": account });
        asked.as_object_mut().unwrap().extend(range.as_object().unwrap().clone());
        let text = desk.refusal(TOOL, asked).await;
        assert!(text.contains(told), "{range}: {text}");
    }
    assert_eq!(desk.journal(before), Vec::<String>::new());
}

#[on_every_version]
async fn a_journal_entry_is_cleared_and_told_without_what_is_withheld() {
    use crate::sandbox::SampleSite;
    use crate::support::{all, app_of, call, refusal};
    let desk = Desk::open().await;
    let (_, account) = payment(&desk).await;
    let entry = journal_entry(&desk, &account).await;
    assert!(uncleared(&desk, &account).await.contains(&entry));
    let dates = json!([{"name": entry, "doctype": "Journal Entry", "date": "2026-11-23"}]);
    let asked = json!({"account": account, "from_date": "2026-11-20", "to_date": "2026-11-20"});
    let listed = desk.call(TOOL, asked).await;
    let row = listed["uncleared"].as_array().unwrap().iter().find(|row| row["name"] == json!(entry)).unwrap();
    assert_eq!((&row["amount"], row.get("total_debit")), (&json!("€ 5.00 Dr"), None), "{listed}");
    let dry = desk.call(TOOL, json!({"account": account, "dates": dates, "dry_run": true})).await;
    assert_eq!(dry["dates"][0]["amount"], "€ 5.00 Dr", "{dry}");
    let done = desk.call(TOOL, json!({"account": account, "dates": dates, "confirm": true})).await;
    assert_eq!(done["set"], json!([entry]), "{done}");
    assert_eq!(desk.get("Journal Entry", &entry).await["clearance_date"], "2026-11-23");

    let site = SampleSite::start().await;
    let (mut hides, mut fixed) = (all(), all());
    hides["restricted_fields"] = json!(["paid_amount", "received_amount", "party"]);
    fixed["restricted_fields"] = json!(["clearance_date"]);
    let under = |rule: Value| app_of(&site.config(json!({ "doctypes": { "Payment Entry": rule } })));
    let asked = json!({"account": account, "from_date": "2026-01-01", "to_date": "2026-12-31"});
    let told = call(&under(hides), TOOL, asked.clone()).await.unwrap();
    let row = told["uncleared"][0].as_object().unwrap();
    assert!(
        row.contains_key("reference_no")
            && !["paid_amount", "party", "amount"].into_iter().any(|field| row.contains_key(field)),
        "{told}"
    );
    let told = refusal(&under(fixed), TOOL, asked).await;
    assert!(told.contains("does not permit reading clearance_date of Payment Entry"), "{told}");
}

#[on_every_version]
async fn what_may_be_seen_is_found_behind_many_that_may_not_and_counted_only_as_a_whole() {
    use crate::sandbox::config;
    use crate::support::{app_of, call};
    let desk = Desk::open().await;
    let (seen, account) = payment(&desk).await;
    let mut earlier = desk.site.with(|site| site.load("Payment Entry", &seen)).unwrap();
    ["name", "references"].iter().for_each(|field| drop(earlier.remove(*field)));
    earlier.insert("posting_date".to_owned(), json!("2026-11-19"));
    desk.site.with(|site| (0..201).try_for_each(|_| site.insert(earlier.clone()).map(drop))).unwrap();
    let asked = json!({"account": account, "from_date": "2026-11-19", "to_date": "2026-11-20"});

    let rule = json!({"read": true, "update": true, "conditions": {"read": {"name": seen}}});
    let app = app_of(&config(&desk.site, "administrator", json!({"doctypes": {"Payment Entry": rule}})));
    let told = call(&app, TOOL, asked.clone()).await.unwrap();
    assert_eq!((&told["uncleared"][0]["name"], &told["count"]), (&json!(seen), &json!(1)), "{told}");
    // How many there are beside tells of what may not be seen.
    let left_out =
        json!(["each Journal Entry, which may not be read here", "others may be open that are not told here"]);
    assert_eq!(told["left_out"], left_out, "{told}");

    let told = desk.call(TOOL, asked).await;
    let shown = told["uncleared"].as_array().unwrap().len();
    assert!(shown > 50 && shown < 200 && told.get("count").is_none(), "{shown}: {told}");
    let left_out: Vec<_> = told["left_out"].as_array().unwrap().iter().map(|why| why.as_str().unwrap()).collect();
    for start in ["Payment Entry after these, not looked at", "those after these, more than a result holds"] {
        assert!(left_out.iter().any(|why| why.starts_with(start)), "{start}: {left_out:?}");
    }
}

#[on_every_version]
async fn behind_very_many_that_may_not_be_seen_it_is_said_that_not_all_were_looked_at() {
    use crate::sandbox::config;
    use crate::support::{app_of, call};
    let desk = Desk::open().await;
    let (seen, account) = payment(&desk).await;
    let mut earlier = desk.site.with(|site| site.load("Payment Entry", &seen)).unwrap();
    ["name", "references"].iter().for_each(|field| drop(earlier.remove(*field)));
    earlier.insert("posting_date".to_owned(), json!("2026-11-19"));
    desk.site.with(|site| (0..2_000).try_for_each(|_| site.insert(earlier.clone()).map(drop))).unwrap();
    let asked = json!({"account": account, "from_date": "2026-11-19", "to_date": "2026-11-20"});
    let rule = json!({"read": true, "update": true, "conditions": {"read": {"name": seen}}});
    let app = app_of(&config(&desk.site, "administrator", json!({"doctypes": {"Payment Entry": rule}})));
    let told = call(&app, TOOL, asked).await.unwrap();
    assert_eq!((&told["uncleared"], told.get("count")), (&json!([]), None), "{told}");
    assert!(told["left_out"][0].as_str().unwrap().starts_with("Payment Entry after these, not looked at"), "{told}");
}

#[on_every_version]
async fn the_site_is_asked_about_the_days_around_the_payments_alone() {
    use erpnext_sandbox::{Fault, FaultKind};
    const COUNTED: FaultKind = FaultKind::Latency(0);
    let desk = Desk::open().await;
    let (one, account) = payment(&desk).await;
    let (same_day, near) = (payment(&desk).await.0, payment_on(&desk, "2026-11-25").await.0);
    let far = payment_on(&desk, "2026-11-05").await.0;
    let dates = [one, same_day, near, far].map(|name| json!({"name": name, "date": "2026-11-26"}));
    desk.site.faults().add(Fault::new(COUNTED).path("run_doc_method"));
    let dry = desk.call(TOOL, json!({"account": account, "dates": dates, "dry_run": true})).await;
    assert_eq!(dry["dates"].as_array().map(Vec::len), Some(4), "{dry}");
    assert_eq!(desk.site.faults().hits()[&COUNTED], 2);
}

#[on_every_version]
async fn what_is_called_off_looks_at_nothing_more_and_sets_nothing() {
    let desk = Desk::open().await;
    let (payment, account) = payment(&desk).await;
    let app = super::app(&desk.site, "administrator");
    let tool = app.registry().find(TOOL).unwrap();
    let before = desk.site.journal().len();
    let (watch, _told) = erpnext_mcp::tool::progress::CallObserver::new();
    watch.stop();
    for asked in [
        json!({"account": account, "from_date": "2026-11-20", "to_date": "2026-11-20"}),
        json!({"account": account, "dates": [{"name": payment, "date": "2026-11-23"}], "confirm": true}),
    ] {
        let asked = asked.as_object().unwrap().clone();
        let text = app.observed_call(tool, asked, None, &watch).await.unwrap_err().for_model();
        assert!(text.contains("called off before anything was set"), "{text}");
    }
    assert_eq!(desk.journal(before), Vec::<String>::new());
}

#[on_every_version]
async fn a_day_before_the_payment_was_posted_is_warned_of_and_set() {
    let desk = Desk::open().await;
    let (payment, account) = payment_on(&desk, "2026-11-24").await;
    let asked = json!({"account": account, "dates": [{"name": payment, "date": "2026-11-23"}]});
    let waits = desk.call(TOOL, asked.clone()).await;
    let warned = format!("Payment Entry \"{payment}\" was posted on 2026-11-24, after 2026-11-23");
    assert_eq!(waits["warnings"], json!([warned]), "{waits}");
    let done = desk.call(TOOL, with(&asked, "confirm_token", waits["confirm_token"].clone())).await;
    assert_eq!(done["set"], json!([payment]), "{done}");
}

#[on_every_version]
async fn of_which_accounts_a_journal_entry_is_is_told_only_where_they_may_be_read() {
    use crate::sandbox::config;
    use crate::support::{all, app_of, call, refusal};
    let desk = Desk::open().await;
    let (_, account) = payment(&desk).await;
    let entry = journal_entry(&desk, &account).await;
    let mut rule = all();
    rule["restricted_fields"] = json!(["accounts.account"]);
    let app =
        app_of(&config(&desk.site, "administrator", json!({"default": all(), "doctypes": {"Journal Entry": rule}})));
    let dates = json!([{"name": entry, "doctype": "Journal Entry", "date": "2026-11-23"}]);
    for guess in [account, json!("Debtors - AWF")] {
        let text = refusal(&app, TOOL, json!({"account": guess, "dates": dates, "dry_run": true})).await;
        assert!(text.contains("does not permit reading accounts.account of Journal Entry"), "{guess}: {text}");
        let asked = json!({"account": guess, "from_date": "2026-11-20", "to_date": "2026-11-20"});
        let told = call(&app, TOOL, asked).await.unwrap();
        assert!(!told.to_string().contains(&entry), "{guess}: {told}");
        let left_out = json!("each Journal Entry, of which accounts.account may not be read here");
        assert!(told["left_out"].as_array().unwrap().contains(&left_out), "{guess}: {told}");
    }
}

#[on_every_version]
async fn an_account_or_a_party_that_is_not_there_is_told_and_is_no_empty_answer() {
    let desk = Desk::open().await;
    let customer = desk.some("Customer", json!({}), 1).await.remove(0);
    let range = json!({"account": "Bank of Nobody", "from_date": "2026-01-01", "to_date": "2026-12-31"});
    let nobody = json!({"party_type": "Customer", "party": "Nobody", "amount": 5, "reference_no": "BT-1"});
    let matched = |party: &str| json!({"party_type": "Customer", "party": party, "account": "Bank of Nobody"});
    for (tool, asked, told) in [
        ("set_clearance_dates", range, "account: there is no Account named \"Bank of Nobody\""),
        ("record_payment", nobody, "party: there is no Customer named \"Nobody\""),
        ("reconcile_payments", matched("Nobody"), "party: there is no Customer named \"Nobody\""),
        ("reconcile_payments", matched(&customer), "account: there is no Account named \"Bank of Nobody\""),
    ] {
        let text = desk.refusal(tool, asked).await;
        assert!(text.contains(told), "{text}");
    }
}
