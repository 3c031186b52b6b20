//! What a create must not bring about on the side.

use serde_json::{Value, json};

use crate::sandbox::{SampleSite, first};
use crate::support::{all, call, refusal};

#[on_every_version]
async fn no_create_makes_an_amendment() {
    let site = SampleSite::start().await;
    let open = site.app(json!({"Sales Order": all(), "Quotation": all()}));
    let order = first(&open, "Sales Order", json!({"docstatus": 1, "per_delivered": 0, "per_billed": 0})).await;
    let quotation = first(&open, "Quotation", json!({"docstatus": 1, "status": "Open"})).await;
    let stored = site.stored("Sales Order", &order).unwrap();
    let rule = json!({"read": true, "create": true, "update": true});
    let app = site.app(json!({"Sales Order": rule, "Quotation": rule}));
    let data = |amended: Value| {
        json!({
            "customer": stored["customer"], "company": stored["company"], "delivery_date": "2030-01-01", "amended_from": amended,
            "items": [{"item_code": stored["items"][0]["item_code"], "qty": 1, "warehouse": stored["items"][0]["warehouse"]}],
        })
    };
    let draft = first(&open, "Sales Order", json!({"docstatus": 0})).await;
    for (tool, given) in [
        ("create_sales_order_document", json!({"data": data(json!(order))})),
        ("create_generic_document", json!({"doctype": "Sales Order", "data": data(json!(order))})),
        ("create_bulk_documents", json!({"doctype": "Sales Order", "documents": [data(json!(order))]})),
        ("update_sales_order_document", json!({"name": draft, "data": {"amended_from": order}})),
        (
            "convert_document",
            json!({"doctype": "Quotation", "name": quotation, "to": "Sales Order", "save": true,
                "data": {"amended_from": order, "delivery_date": "2030-01-01"}}),
        ),
    ] {
        let text = refusal(&app, tool, given).await;
        assert!(
            text.contains("amended_from: amend_document makes the new draft of a cancelled document"),
            "{tool}: {text}"
        );
    }
    assert_eq!(site.writes(), Vec::<String>::new());
    for nothing in [json!(null), json!("")] {
        call(&app, "create_sales_order_document", json!({"data": data(nothing)})).await.unwrap();
    }
}

#[on_every_version]
async fn a_payment_needs_leave_for_all_that_it_reads_and_does_before_anything_is_made() {
    let site = SampleSite::start().await;
    let open = json!({"docstatus": 1, "is_return": 0, "outstanding_amount": [">", 1]});
    let invoice = first(&site.app(json!({"Sales Invoice": all()})), "Sales Invoice", open).await;
    let customer = site.stored("Sales Invoice", &invoice).unwrap()["customer"].clone();
    let asked = json!({"party_type": "Customer", "party": customer, "invoices": [{"name": invoice, "amount": 1}],
        "reference_no": "BT-1", "submit": true, "confirm": true});
    let (makes, reads) = (json!({"read": true, "create": true}), json!({"read": true}));
    for (payments, invoices, told) in [
        (makes.clone(), reads.clone(), "submit"),
        (
            all(),
            json!({"read": true, "restricted_fields": ["outstanding_amount"]}),
            "does not permit reading outstanding_amount of Sales Invoice",
        ),
        (
            json!({"read": true, "create": true, "submit": true, "restricted_fields": ["paid_amount"]}),
            reads.clone(),
            "does not permit writing paid_amount of Payment Entry",
        ),
        (
            json!({"read": true, "create": true, "submit": true, "conditions": {"submit": {"paid_amount": [">", 5]}}}),
            reads.clone(),
            "paid_amount",
        ),
    ] {
        let app = site.app(json!({"Payment Entry": payments, "Sales Invoice": invoices}));
        let text = refusal(&app, "record_payment", asked.clone()).await;
        assert!(text.contains(told), "{told}: {text}");
    }
    assert_eq!(site.writes(), Vec::<String>::new());
}

/// Whatever the invoices would tell of it.
#[on_every_version]
async fn a_party_out_of_sight_is_told_like_one_that_is_missing() {
    let site = SampleSite::start().await;
    let open = json!({"docstatus": 1, "is_return": 0, "outstanding_amount": [">", 1]});
    let invoice = first(&site.app(json!({"Sales Invoice": all()})), "Sales Invoice", open).await;
    let customer = site.stored("Sales Invoice", &invoice).unwrap()["customer"].clone();
    let customer = customer.as_str().unwrap();
    let scoped = json!({"read": true, "conditions": {"read": {"territory": ["Nowhere"]}}});
    let app = site.app(json!({"Payment Entry": all(), "Sales Invoice": all(), "Customer": scoped}));
    for named in [json!({"invoices": [{"name": invoice, "amount": 1}]}), json!({"amount": 1})] {
        let mut told = Vec::new();
        for party in [customer, "Nobody Such"] {
            let mut asked = json!({"party_type": "Customer", "party": party, "reference_no": "BT-1"});
            asked.as_object_mut().unwrap().extend(named.as_object().unwrap().clone());
            told.push(refusal(&app, "record_payment", asked).await.replace(party, "PARTY"));
        }
        assert_eq!(told[0], told[1], "{named}");
        assert!(told[0].contains("party: there is no Customer named"), "{told:?}");
    }
    assert_eq!(site.writes(), Vec::<String>::new());
}

#[on_every_version]
async fn no_number_is_tried_against_a_withheld_amount_of_the_document_it_is_for() {
    let site = SampleSite::start().await;
    let open = site.app(json!({"Sales Invoice": all(), "Payment Entry": all(), "Journal Entry": all()}));
    let due = json!({"docstatus": 1, "is_return": 0, "outstanding_amount": [">", 1]});
    let invoice = first(&open, "Sales Invoice", due).await;
    let received = first(&open, "Payment Entry", json!({"docstatus": 1, "payment_type": "Receive"})).await;
    let (invoice, received) =
        (site.stored("Sales Invoice", &invoice).unwrap(), site.stored("Payment Entry", &received).unwrap());
    let payment = |amount: Value| {
        json!({
            "payment_type": "Receive", "posting_date": "2026-11-24", "company": invoice["company"], "party_type": "Customer",
            "party": invoice["customer"], "paid_from": received["paid_from"], "paid_to": received["paid_to"],
            "paid_from_account_currency": received["paid_from_account_currency"],
            "paid_to_account_currency": received["paid_to_account_currency"], "source_exchange_rate": 1,
            "target_exchange_rate": 1, "paid_amount": 1, "received_amount": 1, "reference_no": "BT-1",
            "reference_date": "2026-11-24",
            "references": [
                {"reference_doctype": "Sales Invoice", "reference_name": invoice["name"], "allocated_amount": amount},
            ],
        })
    };
    let account = |account: &Value, side: &str, row: Value| {
        let mut row = row;
        row["account"] = account.clone();
        row[format!("{side}_in_account_currency")] = json!(1);
        row
    };
    let party = json!({"party_type": "Customer", "party": invoice["customer"], "reference_type": "Sales Invoice",
        "reference_name": invoice["name"]});
    let entry = json!({
        "voucher_type": "Journal Entry", "posting_date": "2026-11-24", "company": invoice["company"],
        "accounts": [account(&received["paid_to"], "debit", json!({})), account(&received["paid_from"], "credit", party)],
    });
    let create = |doctype: &str, data: Value| {
        ("create_generic_document", json!({"doctype": doctype, "data": data, "dry_run": true}))
    };
    let (tool, given) = create("Payment Entry", payment(json!(1)));
    call(&open, tool, given).await.unwrap();
    let made = json!({"data": payment(json!(0.01))});
    let draft = call(&open, "create_payment_entry_document", made).await.unwrap()["created"].clone();
    let before = site.writes().len();

    let withheld = json!({"read": true, "restricted_fields": ["outstanding_amount"]});
    let app = site.app(json!({"Sales Invoice": withheld, "Payment Entry": all(), "Journal Entry": all()}));
    let patch = json!({"references": {"patch": [{"idx": 1, "allocated_amount": 2}]}});
    for ((tool, given), path) in [
        (create("Payment Entry", payment(json!(1))), "data.references[0].allocated_amount"),
        (create("Payment Entry", payment(json!(1e9))), "data.references[0].allocated_amount"),
        (create("Journal Entry", entry), "data.accounts[1].credit_in_account_currency"),
        (
            ("update_generic_document", json!({"doctype": "Payment Entry", "name": draft, "data": patch})),
            "data.references.patch[0].allocated_amount",
        ),
    ] {
        let text = refusal(&app, tool, given).await;
        let told = format!("{path}: the site compares it with outstanding_amount of the Sales Invoice");
        assert!(text.contains(&told), "{tool}: {text}");
    }
    // Another spelling of the DocType is the same to the site.
    for spelling in ["sales invoice", "Sales Invoice ", "Sáles Invoice"] {
        let mut data = payment(json!(1));
        data["references"][0]["reference_doctype"] = json!(spelling);
        let (tool, given) = create("Payment Entry", data);
        let text = refusal(&app, tool, given).await;
        assert!(text.contains("the site compares it with outstanding_amount of the Sales Invoice"), "{text}");
    }
    // What says nothing of the row is changed as ever.
    let remarks = json!({"doctype": "Payment Entry", "name": draft, "data": {"reference_no": "BT-2"}});
    call(&app, "update_generic_document", remarks).await.unwrap();
    assert_eq!(site.writes().len(), before + 1);
}

#[on_every_version]
async fn another_spelling_of_a_doctype_makes_no_link_past_its_rule() {
    let site = SampleSite::start().await;
    let customer = async |territory: &str| {
        first(&site.app(json!({"Customer": all()})), "Customer", json!({"territory": territory})).await
    };
    let (seen, hidden) = (customer("North").await, customer("South").await);
    let limited = json!({"read": true, "conditions": {"read": {"territory": ["North"]}}});
    let app = site.app(json!({"Customer": limited, "Address": all(), "ToDo": all()}));
    let todo =
        |doctype: &str, name: &str| json!({"description": "call", "reference_type": doctype, "reference_name": name});
    let address = |doctype: &str, name: &str| {
        json!({
            "address_title": "A", "address_type": "Billing", "address_line1": "1 Road", "city": "C", "country": "Germany",
            "links": [{"link_doctype": doctype, "link_name": name}],
        })
    };
    for spelling in ["customer", "Customer ", "Cústomer"] {
        // One that may be read is refused too.
        for name in [&seen, &hidden] {
            for (doctype, data) in [("ToDo", todo(spelling, name)), ("Address", address(spelling, name))] {
                for (tool, given) in [
                    ("create_generic_document", json!({"doctype": doctype, "data": data})),
                    ("create_bulk_documents", json!({"doctype": doctype, "documents": [data]})),
                ] {
                    let text = refusal(&app, tool, given).await;
                    let told = "there is no DocType named";
                    assert!(text.contains(told) && text.contains("it is \"Customer\""), "{tool}: {text}");
                }
            }
        }
    }
    assert_eq!(site.writes(), Vec::<String>::new());
    call(&app, "create_generic_document", json!({"doctype": "ToDo", "data": todo("Customer", &seen)})).await.unwrap();
}

#[on_every_version]
async fn a_dynamic_link_is_judged_where_only_the_doctype_that_it_goes_by_is_changed() {
    let site = SampleSite::start().await;
    let hidden = first(&site.app(json!({"Customer": all()})), "Customer", json!({"territory": "South"})).await;
    let limited = json!({"read": true, "conditions": {"read": {"territory": ["North"]}}});
    let app = site.app(json!({"Customer": limited, "UOM": all(), "Address": all(), "ToDo": all()}));
    let make = async |doctype: &str, data: Value| {
        let made = call(&app, "create_generic_document", json!({"doctype": doctype, "data": data})).await;
        made.unwrap_or_else(|error| panic!("{}", error.for_model()))["created"].as_str().unwrap().to_owned()
    };
    make("UOM", json!({"uom_name": hidden})).await;
    let todo = make("ToDo", json!({"description": "x", "reference_type": "UOM", "reference_name": hidden})).await;
    let links = json!([{"link_doctype": "UOM", "link_name": hidden}]);
    let address = json!({
        "address_title": "A", "address_type": "Billing", "address_line1": "1 Road", "city": "C", "country": "Germany",
        "links": links,
    });
    let address = make("Address", address).await;
    let before = site.writes().len();
    for (doctype, name, data) in [
        ("ToDo", todo, json!({"reference_type": "Customer"})),
        ("Address", address, json!({"links": {"patch": [{"idx": 1, "link_doctype": "Customer"}]}})),
    ] {
        let given = json!({"doctype": doctype, "name": name, "data": data});
        let text = refusal(&app, "update_generic_document", given).await;
        assert!(text.contains(&format!("there is no Customer named {hidden:?}")), "{doctype}: {text}");
    }
    assert_eq!(site.writes().len(), before, "{:?}", site.writes());
}
