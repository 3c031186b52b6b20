//! Payments recorded for invoices: in full, in part, in advance, between currencies.

use serde_json::{Value, json};

use super::Desk;
use crate::sandbox::COMPANY;

/// The customer whose invoices `Desk::invoice` makes, and arguments of a payment of theirs.
async fn of_customer(desk: &Desk, more: Value) -> Value {
    let customer = desk.some("Customer", json!({}), 1).await.remove(0);
    let mut arguments = json!({"party_type": "Customer", "party": customer, "reference_no": "BT-5"});
    arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    arguments
}

async fn open(desk: &Desk, invoice: &str) -> (f64, Value) {
    let invoice = desk.get("Sales Invoice", invoice).await;
    (invoice["outstanding_amount"].as_f64().unwrap_or_default(), invoice["status"].clone())
}

#[on_every_version]
async fn one_payment_settles_an_invoice_and_part_of_another() {
    let desk = Desk::open().await;
    let (first, second) = (desk.invoice().await, desk.invoice().await);
    let before = desk.site.journal().len();
    let asked = of_customer(
        &desk,
        json!({"invoices": [{"name": first}, {"name": second}], "amount": 180, "mode_of_payment": "Bank Transfer",
            "date": "2026-11-20", "submit": true}),
    )
    .await;

    // What it would do is told before, and nothing is done.
    let mut dry = asked.clone();
    dry["dry_run"] = json!(true);
    let dry = desk.call("record_payment", dry).await;
    assert_eq!(dry["allocation"][1]["stays_open"], json!(120.0), "{dry}");
    // What the allocation says, and an amount that is the same in the company's currency, is told once.
    let would = dry["would_create"].as_object().unwrap();
    assert_eq!((&would["paid_amount"], would.get("references")), (&json!(180.0), None), "{dry}");
    let twin = |key: &&String| key.strip_prefix("base_").is_some_and(|of| would.get(of) == would.get(*key));
    assert_eq!(would.keys().find(twin), None, "{dry}");
    assert!(!would.values().any(|value| value.is_null() || *value == ""), "{dry}");
    let says_nothing = |key: &&String| key.ends_with("_exchange_rate") || *key == "naming_series";
    assert_eq!(would.keys().find(says_nothing), None, "{dry}");
    let waits = desk.call("record_payment", asked.clone()).await;
    assert_eq!(waits["not_done_yet"], "record_payment: a new Payment Entry", "what is asked about is what is done");
    assert_eq!(waits["allocation"], dry["allocation"], "{waits}");
    assert_eq!(waits["allocation"][0]["allocated"], json!(150.0), "{waits}");
    assert_eq!(desk.journal(before), Vec::<String>::new());

    let mut confirmed = asked;
    confirmed["confirm_token"] = waits["confirm_token"].clone();
    let done = desk.call("record_payment", confirmed).await;
    assert_eq!((&done["docstatus"], &done["submitted"]), (&json!(1), &done["created"]), "{done}");
    assert_eq!(desk.journal(before), ["insert Payment Entry", "submit Payment Entry"]);
    assert_eq!(done["open_now"][0]["open"], json!(0.0), "{done}");
    assert_eq!(done["open_now"][1]["open"], json!(120.0), "{done}");
    assert_eq!(open(&desk, &first).await, (0.0, json!("Paid")));
    assert_eq!(open(&desk, &second).await, (120.0, json!("Partly Paid")));
    let payment = desk.get("Payment Entry", done["created"].as_str().unwrap()).await;
    assert_eq!((&payment["paid_amount"], &payment["received_amount"]), (&json!(180.0), &json!(180.0)), "{payment}");
    assert_eq!((&payment["posting_date"], &payment["reference_date"]), (&json!("2026-11-20"), &json!("2026-11-20")));
    assert_eq!(payment["mode_of_payment"], "Bank Transfer");
}

/// The site makes the payment of such an invoice with a deduction, which belongs to the smaller amount.
#[on_every_version]
async fn a_discount_for_early_payment_is_told_and_deducts_nothing_from_the_whole() {
    let desk = Desk::open().await;
    let invoice = desk.invoice().await;
    let stored = desk.site.with(|site| site.load("Sales Invoice", &invoice)).unwrap();
    let term = json!({"discount_type": "Percentage", "discount": 10, "discount_date": "2099-12-31"});
    let row = stored["payment_schedule"][0]["name"].as_str().unwrap();
    desk.site.with(|site| site.set("Payment Schedule", row, term.as_object().unwrap())).unwrap();
    let account = json!({"default_discount_account": "Petty Cash - AWF"});
    desk.site.with(|site| site.set("Company", COMPANY, account.as_object().unwrap())).unwrap();
    let draft = json!({"doctype": "Sales Invoice", "name": invoice, "to": "Payment Entry"});
    let draft = desk.call("convert_document", draft).await;
    assert!(draft.to_string().contains("deductions"), "the site would deduct: {draft}");

    let asked = json!({"invoices": [{"name": invoice}], "mode_of_payment": "Cash", "submit": true, "confirm": true});
    let done = desk.call("record_payment", of_customer(&desk, asked).await).await;
    assert_eq!((&done["docstatus"], &done["open_now"][0]["open"]), (&json!(1), &json!(0.0)), "{done}");
    assert!(done["discount"].as_str().is_some_and(|told| told.contains("not taken")), "{done}");
    let payment = desk.site.with(|site| site.load("Payment Entry", done["created"].as_str().unwrap())).unwrap();
    assert_eq!((&payment["paid_amount"], &payment["unallocated_amount"]), (&json!(150.0), &json!(0.0)), "{payment:?}");
    assert_eq!(payment["deductions"], json!([]));
}

#[on_every_version]
async fn a_payment_stays_a_draft_and_may_leave_an_advance() {
    let desk = Desk::open().await;
    let invoice = desk.invoice().await;
    let asked = json!({"invoices": [{"name": invoice}], "amount": 200, "advance": true, "mode_of_payment": "Cash",
        "idempotency_key": "till-1"});
    let asked = of_customer(&desk, asked).await;
    let done = desk.call("record_payment", asked.clone()).await;
    assert_eq!((&done["docstatus"], &done["stays_with_party"]), (&json!(0), &json!(50.0)), "{done}");
    assert!(done["next"].as_str().unwrap().contains("makes it final"), "{done}");
    let payment = desk.get("Payment Entry", done["created"].as_str().unwrap()).await;
    assert_eq!((&payment["unallocated_amount"], &payment["total_allocated_amount"]), (&json!(50.0), &json!(150.0)));
    assert!(payment["paid_to"].as_str().unwrap().starts_with("Petty Cash"), "{payment}");
    assert_eq!(open(&desk, &invoice).await.0, 150.0, "a draft pays nothing");
    assert_eq!(desk.call("record_payment", asked).await["created"], done["created"], "it is made once");
}

#[on_every_version]
async fn who_pays_is_known_from_the_invoices() {
    let desk = Desk::open().await;
    let invoice = desk.invoice().await;
    let customer = desk.get("Sales Invoice", &invoice).await["customer"].clone();
    let pay = json!({"party_type": "Customer", "invoices": [invoice], "mode_of_payment": "Cash", "dry_run": true});
    let would = desk.call("record_payment", pay).await;
    assert!(would["would_create"].to_string().contains(customer.as_str().unwrap()), "{would}");
    for (given, told) in [
        (json!({"party_type": "Customer", "amount": 5}), "party: is mandatory where no invoices are named"),
        (json!({"party_type": "Customer", "invoices": []}), "party: is mandatory where no invoices are named"),
        (json!({"party_type": "Supplier", "invoices": [invoice]}), "Purchase Invoice"),
    ] {
        let refused = desk.refusal("record_payment", given.clone()).await;
        assert!(refused.contains(told), "{given}: {refused}");
    }
}

#[on_every_version]
async fn a_party_that_is_not_there_is_told_as_such_with_the_one_that_was_meant() {
    let desk = Desk::open().await;
    let told = "party: there is no Customer named \"Bluewater\"; did you mean \"Bluewater Hotel\"?";
    let paid = json!({"party_type": "Customer", "party": "Bluewater", "amount": 5, "mode_of_payment": "Cash"});
    assert!(desk.refusal("record_payment", paid).await.contains(told));
    let matched = json!({"party_type": "Customer", "party": "Bluewater"});
    assert!(desk.refusal("reconcile_payments", matched).await.contains(told));
}

#[on_every_version]
async fn an_advance_for_no_invoice_leaves_what_is_open_as_it_is() {
    let desk = Desk::open().await;
    let invoice = desk.invoice().await;
    let asked = json!({"invoices": [], "amount": 200, "advance": true, "mode_of_payment": "Cash"});
    let done = desk.call("record_payment", of_customer(&desk, asked).await).await;
    assert_eq!((&done["allocation"], &done["stays_with_party"]), (&json!([]), &json!(200.0)), "{done}");
    assert_eq!(open(&desk, &invoice).await.0, 150.0);
}

#[on_every_version]
async fn a_supplier_is_paid_what_is_due_first() {
    let desk = Desk::open().await;
    let filters = json!({"docstatus": 1, "outstanding_amount": [">", 0]});
    let listed = json!({"doctype": "Purchase Invoice", "filters": filters, "order_by": "due_date asc, name asc",
        "fields": ["name", "supplier", "outstanding_amount"], "limit": 1});
    let oldest = desk.call("list_generic_documents", listed).await["documents"][0].clone();
    let amount = oldest["outstanding_amount"].as_f64().unwrap() / 2.0;
    let asked = json!({"party_type": "Supplier", "party": oldest["supplier"], "amount": amount, "reference_no": "S-1"});
    let done = desk.call("record_payment", asked).await;
    assert_eq!(done["allocation"].as_array().unwrap().len(), 1, "{done}");
    assert_eq!(done["allocation"][0]["invoice"], oldest["name"], "{done}");
    let payment = desk.get("Payment Entry", done["created"].as_str().unwrap()).await;
    assert_eq!((&payment["payment_type"], &payment["party"]), (&json!("Pay"), &oldest["supplier"]));
    assert_eq!(payment["references"][0]["reference_doctype"], "Purchase Invoice");
}

#[on_every_version]
async fn what_is_withheld_of_an_account_or_a_mode_is_in_no_refusal() {
    use crate::sandbox::config;
    use crate::support::{all, app_of, call};
    let desk = Desk::open().await;
    let invoice = desk.invoice().await;
    let group = desk.some("Account", json!({"is_group": 1, "company": COMPANY}), 1).await.remove(0);
    let off = json!({"enabled": 0});
    desk.site.with(|site| site.set("Mode of Payment", "Cash", off.as_object().unwrap())).unwrap();
    for (way, told, doctype, field) in [
        (json!({"account": group}), "is a group of accounts", "Account", "is_group"),
        (json!({"mode_of_payment": "Cash"}), "is not enabled", "Mode of Payment", "enabled"),
    ] {
        let mut asked = of_customer(&desk, way).await;
        asked["invoices"] = json!([{"name": invoice}]);
        asked["dry_run"] = json!(true);
        for (withheld, is_told) in [(json!([]), true), (json!([field]), false)] {
            let mut doctypes = json!({"Payment Entry": all(), "Sales Invoice": all(), "Account": all(),
                "Mode of Payment": all()});
            doctypes[doctype]["restricted_fields"] = withheld.clone();
            let app = app_of(&config(&desk.site, "administrator", json!({ "doctypes": doctypes })));
            let said = match call(&app, "record_payment", asked.clone()).await {
                Ok(answer) => answer.to_string(),
                Err(error) => error.for_model(),
            };
            assert_eq!(said.contains(told), is_told, "{doctype} {withheld}: {said}");
        }
    }
}

#[on_every_version]
async fn a_payment_that_cannot_be_is_refused_before_anything_is_made() {
    let desk = Desk::open().await;
    let (invoice, paid, draft, cancelled) =
        (desk.invoice().await, desk.invoice().await, desk.invoice_draft().await, desk.invoice().await);
    desk.call("cancel_document", json!({"doctype": "Sales Invoice", "name": cancelled, "confirm": true})).await;
    let all = of_customer(&desk, json!({"invoices": [{"name": paid}], "submit": true, "confirm": true})).await;
    desk.call("record_payment", all).await;
    let foreign = json!({"docstatus": 1, "outstanding_amount": [">", 0], "is_return": 0});
    let customer = desk.some("Customer", json!({}), 1).await.remove(0);
    let mut foreign = foreign;
    foreign["customer"] = json!(["!=", customer]);
    let foreign = desk.some("Sales Invoice", foreign, 1).await.remove(0);
    let before = desk.site.journal().len();
    for (arguments, told) in [
        (json!({"invoices": [{"name": invoice, "amount": 151}]}), "151 is more than the 150 that is open"),
        (json!({"invoices": [{"name": invoice}], "amount": 160}), "160 is 10 more than the 150 that is open"),
        (json!({"invoices": [{"name": invoice, "amount": 100}], "amount": 90}), "90 is less than the 100"),
        (json!({"invoices": [{"name": paid}]}), "is paid: nothing is open of it"),
        (json!({"invoices": [{"name": draft}]}), "is a draft"),
        (json!({"invoices": [{"name": cancelled}]}), "is cancelled"),
        (json!({"invoices": [{"name": foreign}]}), "is of another customer"),
        (json!({"invoices": [paid]}), "is paid: nothing is open of it"),
        (json!({"invoices": paid}), "is paid: nothing is open of it"),
        (json!({"invoices": [7]}), "invoices: expected a list such as [{\"name\": \"A\"}"),
        (json!({"invoices": [{"name": invoice}, {"name": invoice}]}), "invoices[1].name: is named twice"),
        (json!({"invoices": [{"name": invoice, "amont": 1}]}), "invoices[0].amont: no such key"),
        (json!({"invoices": ["SINV-NOPE"]}), "Sales Invoice SINV-NOPE not found"),
        (json!({"invoices": []}), "invoices: is empty"),
        (json!({}), "amount: is mandatory where no invoices are named"),
        (json!({"invoices": [{"name": invoice}], "amount": -5}), "amount: expected a number above 0"),
        (json!({"invoices": [{"name": invoice}], "amount": "993,60"}), "did you mean 993.6?"),
        (json!({"invoices": [{"name": invoice}], "mode_of_payment": "Card"}), "\"Card\" has no default account"),
        (json!({"invoices": [{"name": invoice}], "mode_of_payment": "Crad"}), "named \"Crad\"; there are \""),
        (json!({"invoices": [{"name": invoice}], "account": "Nowhere"}), "Nowhere"),
        (json!({"invoices": [{"name": invoice}], "company": "Another"}), "company: there is no Company named"),
        (json!({"invoices": [{"name": invoice}], "date": "2026-13-01"}), "date:"),
        (json!({"invoices": [{"name": invoice}], "reference_no": null}), "reference_no: is needed"),
        (json!({"invoices": [{"name": invoice}], "data": {"paid_amount": 3}}), "data.paid_amount: is said by"),
    ] {
        let text = desk.refusal("record_payment", of_customer(&desk, arguments.clone()).await).await;
        assert!(text.contains(told), "{arguments}: {text}");
    }
    let group = desk.some("Account", json!({"is_group": 1, "company": COMPANY}), 1).await.remove(0);
    let of_group = of_customer(&desk, json!({"invoices": [{"name": invoice}], "account": group})).await;
    assert!(desk.refusal("record_payment", of_group).await.contains("is a group of accounts"));
    assert_eq!(desk.journal(before), Vec::<String>::new());
}

#[on_every_version]
async fn a_payment_between_currencies_needs_both_amounts_and_tells_the_rate() {
    let desk = Desk::open().await;
    let parent = desk.get("Account", "Current Account - AWF").await["parent_account"].clone();
    let dollars = json!({"account_name": "Dollars", "parent_account": parent, "company": COMPANY,
        "account_type": "Bank", "account_currency": "USD"});
    let dollars = desk.create("Account", dollars).await;
    let invoice = desk.invoice().await;
    let asked = json!({"invoices": [{"name": invoice}], "account": dollars, "submit": true, "confirm": true});
    let mut asked = of_customer(&desk, asked).await;
    let before = desk.site.journal().len();
    let text = desk.refusal("record_payment", asked.clone()).await;
    assert!(text.contains("kept in USD and that of the party in EUR"), "{text}");
    assert!(text.contains("Give received_amount in data: what the account gets in USD"), "{text}");
    for (data, told) in [
        (json!({"paid_amount": 150, "received_amount": 165}), "data.paid_amount: is said by"),
        (json!({"received_amount": "much"}), "data.received_amount: expected a number above 0 in USD"),
    ] {
        asked["data"] = data;
        let text = desk.refusal("record_payment", asked.clone()).await;
        assert!(text.contains(told), "{text}");
    }
    assert_eq!(desk.journal(before), Vec::<String>::new());

    asked["data"] = json!({"received_amount": 165});
    let done = desk.call("record_payment", asked).await;
    let across = json!({"account_amount": 165.0, "account_currency": "USD", "party_amount": 150.0,
        "party_currency": "EUR", "rate": "1 EUR = 1.1 USD"});
    assert_eq!((&done["across"], &done["docstatus"]), (&across, &json!(1)), "{done}");
    let payment = desk.get("Payment Entry", done["created"].as_str().unwrap()).await;
    assert_eq!((&payment["paid_amount"], &payment["received_amount"]), (&json!(150.0), &json!(165.0)), "{payment}");
    // What is paid is in the company's currency already.
    assert_eq!(payment["base_received_amount"], payment["paid_amount"], "{payment}");
    assert_eq!(open(&desk, &invoice).await, (0.0, json!("Paid")));
}

#[on_every_version]
async fn an_account_whose_currency_is_unknown_is_not_taken_for_one_of_the_partys() {
    use crate::sandbox::config;
    use crate::support::{all, app_of, call, refusal};
    let desk = Desk::open().await;
    let parent = desk.get("Account", "Current Account - AWF").await["parent_account"].clone();
    // An account may have no type.
    let dollars = json!({"account_name": "Dollars", "parent_account": parent, "company": COMPANY,
        "account_currency": "USD"});
    let dollars = desk.create("Account", dollars).await;
    let invoice = desk.invoice().await;
    let asked = json!({"invoices": [{"name": invoice}], "account": dollars, "dry_run": true});
    let mut asked = of_customer(&desk, asked).await;
    let text = desk.refusal("record_payment", asked.clone()).await;
    assert!(text.contains("kept in USD and that of the party in EUR"), "{text}");

    let read = json!({"read": true});
    let doctypes = json!({"Sales Invoice": read, "Payment Entry": all(), "Company": read});
    let app = app_of(&config(&desk.site, "administrator", json!({ "doctypes": doctypes })));
    let text = refusal(&app, "record_payment", asked.clone()).await;
    assert!(text.contains("its currency may not be read here, and that of the party is EUR"), "{text}");
    assert!(text.contains("Give received_amount in data"), "{text}");
    asked["data"] = json!({"received_amount": 165});
    let told = call(&app, "record_payment", asked.clone()).await.unwrap();
    let across = &told["across"];
    assert!(across["account_currency"].is_null() && across["account_amount"] == json!(165.0), "{told}");
    assert_eq!(across["rate"], "1 EUR = 1.1 of the account's currency", "{told}");
    assert_eq!(told["would_create"]["received_amount"], json!(165.0), "{told}");

    // Where that of the party may be another than the company's, no rate follows from the amounts.
    let company = json!({"read": true, "restricted_fields": ["default_currency"]});
    let doctypes = json!({"Sales Invoice": read, "Payment Entry": all(), "Company": company});
    let app = app_of(&config(&desk.site, "administrator", json!({ "doctypes": doctypes })));
    for data in [json!({}), json!({"received_amount": 165})] {
        asked["data"] = data;
        let text = refusal(&app, "record_payment", asked.clone()).await;
        assert!(text.contains("the account's currency has to be readable here"), "{text}");
    }
}

#[on_every_version]
async fn what_is_open_after_a_payment_is_told_without_what_is_withheld() {
    use crate::sandbox::{SampleSite, first};
    use crate::support::{all, app_of};
    let site = SampleSite::start().await;
    let mut rule = all();
    rule["restricted_fields"] = json!(["status"]);
    let read = json!({"read": true});
    let app = app_of(&site.config(json!({"doctypes": {
        "Sales Invoice": rule, "Payment Entry": all(), "Mode of Payment": read, "Account": read,
    }})));
    let invoice = first(&app, "Sales Invoice", json!({"docstatus": 1, "outstanding_amount": [">", 10]})).await;
    let customer = site.stored("Sales Invoice", &invoice).unwrap()["customer"].clone();
    let pay = json!({"party_type": "Customer", "party": customer, "invoices": [{"name": invoice, "amount": 10}],
        "mode_of_payment": "Cash", "submit": true, "confirm": true});
    let paid = crate::support::call(&app, "record_payment", pay).await.unwrap();
    let now = paid["open_now"][0].as_object().unwrap();
    assert!(now["open"].is_number() && !now.contains_key("status"), "{paid}");
}

#[on_every_version]
async fn what_the_site_stored_otherwise_is_told_with_figures_that_may_be_read_only() {
    use crate::sandbox::config;
    use crate::support::{all, app_of, call};
    let desk = Desk::open().await;
    let invoice = desk.invoice().await;
    // Both accounts are in one currency: that one of them is worth twice as much leaves a difference.
    let data = json!({"source_exchange_rate": 2});
    let asked = of_customer(
        &desk,
        json!({"invoices": [{"name": invoice, "amount": 10}], "mode_of_payment": "Bank Transfer", "data": data}),
    )
    .await;
    let mut dry = asked.clone();
    dry["dry_run"] = json!(true);
    let shown = desk.call("record_payment", dry).await;
    assert_eq!(shown["would_create"]["base_paid_amount"], json!(20.0), "{shown}");
    let told = desk.call("record_payment", asked.clone()).await;
    assert_eq!(told["look_at"], "the site stored 10 as difference_amount, not 0", "{told}");
    let mut rule = all();
    rule["restricted_fields"] = json!(["difference_amount"]);
    let app =
        app_of(&config(&desk.site, "administrator", json!({"default": all(), "doctypes": {"Payment Entry": rule}})));
    let told = call(&app, "record_payment", asked).await.unwrap();
    assert_eq!(told["look_at"], "the site stored another difference_amount than 0", "{told}");
}

#[on_every_version]
async fn who_or_what_a_payment_names_and_is_not_there_is_told_so_with_what_was_meant() {
    let desk = Desk::open().await;
    let asked = of_customer(&desk, json!({"amount": 10})).await;
    let with = |argument: &str, value: &str| {
        let mut asked = asked.clone();
        asked[argument] = json!(value);
        asked
    };
    for (argument, value, told) in [
        ("party", "Kestrel", "party: there is no Customer named \"Kestrel\"; did you mean \"Kestrel Software\"?"),
        (
            "company",
            "Nowhere Ltd",
            &*format!("company: there is no Company named \"Nowhere Ltd\"; there is only {COMPANY:?}"),
        ),
        (
            "account",
            "Current Acc",
            "account: there is no Account named \"Current Acc\"; did you mean \"Current Account - AWF\"?",
        ),
        (
            "mode_of_payment",
            "Transfer",
            "mode_of_payment: there is no Mode of Payment named \"Transfer\"; did you mean",
        ),
    ] {
        let text = desk.refusal("record_payment", with(argument, value)).await;
        assert!(text.contains(told) && text.contains("nothing was sent"), "{argument}: {text}");
    }
}
