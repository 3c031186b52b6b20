//! Papers of trade that a write needs, and its arguments.

use serde_json::{Value, json};

use super::World;
use crate::sandbox::COMPANY;

impl World {
    pub(super) async fn first(&self, doctype: &str, filters: Value) -> Value {
        let listed = json!({"doctype": doctype, "filters": filters, "fields": ["name"], "limit": 1});
        self.done("list_generic_documents", listed).await["documents"][0]["name"].clone()
    }

    pub(super) async fn payment(&self) -> Value {
        let open = json!({"docstatus": 1, "is_return": 0, "outstanding_amount": [">", 10]});
        let invoice = self.first("Sales Invoice", open).await;
        let read = json!({"doctype": "Sales Invoice", "name": invoice, "fields": ["customer"]});
        let customer = self.done("get_generic_document", read).await["document"]["customer"].clone();
        json!({"party_type": "Customer", "party": customer, "invoices": [{"name": invoice, "amount": 1}],
            "reference_no": "BT-1", "confirm": true})
    }

    /// A payment of which something is left, and an invoice for it.
    pub(super) async fn matching(&self) -> Value {
        let mut paid = self.payment().await;
        for (argument, value) in [("amount", json!(3)), ("advance", json!(true)), ("submit", json!(true))] {
            paid[argument] = value;
        }
        let (party, invoice) = (paid["party"].clone(), paid["invoices"][0]["name"].clone());
        let payment = self.done("record_payment", paid).await["created"].clone();
        json!({"party_type": "Customer", "party": party, "confirm": true,
            "allocations": [{"payment": payment, "invoice": invoice, "amount": 2}]})
    }

    /// A payment that the bank had.
    pub(super) async fn clearing(&self) -> Value {
        let mut paid = self.payment().await;
        paid["submit"] = json!(true);
        let payment = self.done("record_payment", paid).await["created"].clone();
        let read = json!({"doctype": "Payment Entry", "name": payment, "fields": ["paid_to"]});
        let account = self.done("get_generic_document", read).await["document"]["paid_to"].clone();
        json!({"account": account, "dates": [{"name": payment, "date": "2027-12-31"}], "confirm": true})
    }

    pub(super) async fn order(&self, more: Value) -> Value {
        let customer = self.first("Customer", json!({})).await;
        let item = self.first("Item", json!({"is_sales_item": 1, "has_variants": 0})).await;
        let ordered = json!({"customer": customer, "company": COMPANY, "delivery_date": "2026-12-24",
            "items": [{"item_code": item, "qty": 4, "rate": 50}]});
        let arguments = self.of("Sales Order", ordered, more).await;
        self.done("submit_document", json!({"doctype": "Sales Order", "name": arguments["name"]})).await;
        arguments
    }

    pub(super) async fn quotation(&self) -> Value {
        let customer = self.first("Customer", json!({})).await;
        let item = self.first("Item", json!({"is_sales_item": 1, "has_variants": 0})).await;
        let offered = json!({"quotation_to": "Customer", "party_name": customer, "company": COMPANY,
            "items": [{"item_code": item, "qty": 4, "rate": 50}]});
        let more = json!({"to": "Sales Order", "data": {"delivery_date": "2026-12-24"}, "save": true});
        let arguments = self.of("Quotation", offered, more).await;
        self.done("submit_document", json!({"doctype": "Quotation", "name": arguments["name"]})).await;
        arguments
    }
}

/// Rows of which none is there yet.
pub(super) async fn brand() -> Value {
    json!({"doctype": "Brand", "by": "brand", "documents": [{"brand": "Cut"}], "confirm": true})
}
