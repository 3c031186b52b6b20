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
