//! Which document ERPNext makes from which, as data.

use crate::site::Mapper;

/// One way on from a document.
#[derive(Clone, Copy, Debug)]
pub struct Conversion {
    /// The DocType of the document there is.
    pub from: &'static str,
    /// What the desk calls what is made; the DocType, where nothing else of that DocType is made.
    pub makes: &'static str,
    /// The DocType of what is made.
    pub to: &'static str,
    /// How the site makes it.
    pub mapper: Mapper,
    /// What must hold of the document there is.
    pub when: &'static [When],
}

impl Conversion {
    /// The source's fields, and columns of its rows, whose values the made document holds under other names, where its own
    /// field rule does not withhold them; and `per_billed`: the site makes no payment of an order that is billed in full.
    pub fn amounts(&self) -> &'static [&'static str] {
        match (self.mapper, self.to) {
            (Mapper::Payment, _) => {
                &["outstanding_amount", "grand_total", "rounded_total", "advance_paid", "per_billed"]
            }
            (Mapper::MethodFor(..), _) => &["items.rate"],
            (_, "Dunning") => {
                &["outstanding_amount", "payment_schedule.outstanding", "payment_schedule.payment_amount"]
            }
            (Mapper::Method(_) | Mapper::StockEntry(_), _) => &[],
        }
    }
}

/// What must hold of a document.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum When {
    /// It is a draft.
    Draft,
    /// It is submitted.
    Submitted,
    /// The Select field has one of these values.
    Is(&'static str, &'static [&'static str]),
    /// The Check field is off.
    Not(&'static str),
    /// It is on.
    Set(&'static str),
    /// The Percent field is below 100: something is left to do.
    Left(&'static str),
    /// The amount is not 0.
    Some(&'static str),
    /// The field has none of these values: choices of a Select, or DocTypes.
    None(&'static str, &'static [&'static str]),
    /// The column of its rows names no document, of which those rows were made.
    NotOf(&'static str),
}

use When::{Draft, Is, Left, Not, NotOf, Set, Submitted};

const SUBMITTED: &[When] = &[Submitted];
const ANY: &[When] = &[];
const NO_RETURN: &[When] = &[Submitted, Not("is_return")];
const OPEN: When = When::None("status", &["Closed", "On Hold"]);
const TO_DELIVER: &[When] = &[Submitted, OPEN, Left("per_delivered")];
const TO_RECEIVE: &[When] = &[Submitted, OPEN, Left("per_received")];
const TO_BILL: &[When] = &[Submitted, OPEN, Left("per_billed")];
const NOTE_TO_BILL: &[When] = &[Submitted, Not("is_return"), When::None("status", &["Closed"]), Left("per_billed")];
const BACK_TO_CREDIT: &[When] = &[Submitted, Set("is_return"), When::None("status", &["Closed"]), Left("per_billed")];
const TO_PAY: &[When] = &[Submitted, When::Some("outstanding_amount")];
const OVERDUE: &[When] = &[Submitted, Not("is_return"), Is("status", &["Overdue", "Overdue and Discounted"])];
const TO_SELL: &[When] = &[Submitted, Is("blanket_order_type", &["Selling"])];
const TO_BUY: &[When] = &[Submitted, Is("blanket_order_type", &["Purchasing"])];
const TO_PACK: &[When] = &[Draft, Not("is_return")];
const TO_INSTALL: &[When] = &[Submitted, Not("is_return"), Left("per_installed")];
const TO_SEND_BACK: &[When] = &[Submitted, Not("is_return"), Left("per_returned")];
const NOT_DELIVERED: &[When] = &[Submitted, Not("is_return"), Not("update_stock"), NotOf("items.delivery_note")];
const NOT_RECEIVED: &[When] =
    &[Submitted, Not("is_return"), Not("update_stock"), NotOf("items.purchase_receipt"), Left("per_received")];
const OFFERED: &[When] = &[Submitted, When::None("status", &["Ordered", "Lost"])];
const NO_CUSTOMER_YET: &[When] = &[When::None("opportunity_from", &["Customer"])];
const TO_MAKE: &[When] = &[Submitted, When::None("status", &["Completed", "Stopped", "Closed"])];

const fn makes(from: &'static str, to: &'static str, method: &'static str, when: &'static [When]) -> Conversion {
    Conversion { from, makes: to, to, mapper: Mapper::Method(method), when }
}

const fn payment(from: &'static str, when: &'static [When]) -> Conversion {
    Conversion { from, makes: "Payment Entry", to: "Payment Entry", mapper: Mapper::Payment, when }
}

const fn blanket_order(to: &'static str, when: &'static [When]) -> Conversion {
    let method = "erpnext.manufacturing.doctype.blanket_order.blanket_order.make_order";
    Conversion { from: "Blanket Order", makes: to, to, mapper: Mapper::MethodFor(method, to), when }
}

const fn returns(of: &'static str, makes: &'static str, method: &'static str, when: &'static [When]) -> Conversion {
    Conversion { from: of, makes, to: of, mapper: Mapper::Method(method), when }
}

/// The note that credits what came back: the site makes it as it makes the invoice of what went.
const fn credits(back: &'static str, makes: &'static str, to: &'static str, method: &'static str) -> Conversion {
    Conversion { from: back, makes, to, mapper: Mapper::Method(method), when: BACK_TO_CREDIT }
}

const fn stock_entry(purpose: &'static str) -> Conversion {
    Conversion {
        from: "Work Order",
        makes: purpose,
        to: "Stock Entry",
        mapper: Mapper::StockEntry(purpose),
        when: TO_MAKE,
    }
}

const fn request(to: &'static str, method: &'static str, when: &'static [When]) -> Conversion {
    makes("Material Request", to, method, when)
}

const fn requested(kinds: &'static [&'static str]) -> [When; 4] {
    [Submitted, Is("material_request_type", kinds), When::None("status", &["Stopped"]), Left("per_ordered")]
}

const TO_ORDER: &[When] = &requested(&["Purchase", "Subcontracting"]);
const TO_ASK_FOR: &[When] = &requested(&["Purchase"]);
const TO_MOVE: &[When] = &requested(&["Material Transfer", "Material Issue", "Customer Provided"]);

/// Every way on, by the order of the chain.
#[rustfmt::skip]
pub const CONVERSIONS: &[Conversion] = &[
    makes("Lead", "Customer", "erpnext.crm.doctype.lead.lead.make_customer", ANY),
    makes("Lead", "Opportunity", "erpnext.crm.doctype.lead.lead.make_opportunity", ANY),
    makes("Lead", "Quotation", "erpnext.crm.doctype.lead.lead.make_quotation", ANY),
    makes("Opportunity", "Quotation", "erpnext.crm.doctype.opportunity.opportunity.make_quotation", ANY),
    makes("Opportunity", "Customer", "erpnext.crm.doctype.opportunity.opportunity.make_customer", NO_CUSTOMER_YET),
    makes("Opportunity", "Request for Quotation", "erpnext.crm.doctype.opportunity.opportunity.make_request_for_quotation", ANY),
    makes("Opportunity", "Supplier Quotation", "erpnext.crm.doctype.opportunity.opportunity.make_supplier_quotation", ANY),
    blanket_order("Quotation", TO_SELL),
    blanket_order("Sales Order", TO_SELL),
    blanket_order("Purchase Order", TO_BUY),
    makes("Quotation", "Sales Order", "erpnext.selling.doctype.quotation.quotation.make_sales_order", OFFERED),
    makes("Quotation", "Sales Invoice", "erpnext.selling.doctype.quotation.quotation.make_sales_invoice", OFFERED),
    makes("Sales Order", "Delivery Note", "erpnext.selling.doctype.sales_order.sales_order.make_delivery_note", TO_DELIVER),
    makes("Sales Order", "Sales Invoice", "erpnext.selling.doctype.sales_order.sales_order.make_sales_invoice", TO_BILL),
    makes("Sales Order", "Material Request", "erpnext.selling.doctype.sales_order.sales_order.make_material_request", TO_DELIVER),
    makes("Sales Order", "Pick List", "erpnext.selling.doctype.sales_order.sales_order.create_pick_list", TO_DELIVER),
    makes("Sales Order", "Project", "erpnext.selling.doctype.sales_order.sales_order.make_project", SUBMITTED),
    payment("Sales Order", TO_BILL),
    makes("Delivery Note", "Sales Invoice", "erpnext.stock.doctype.delivery_note.delivery_note.make_sales_invoice", NOTE_TO_BILL),
    makes("Delivery Note", "Packing Slip", "erpnext.stock.doctype.delivery_note.delivery_note.make_packing_slip", TO_PACK),
    makes("Delivery Note", "Installation Note", "erpnext.stock.doctype.delivery_note.delivery_note.make_installation_note", TO_INSTALL),
    returns("Delivery Note", "Sales Return", "erpnext.stock.doctype.delivery_note.delivery_note.make_sales_return", TO_SEND_BACK),
    credits("Delivery Note", "Credit Note", "Sales Invoice", "erpnext.stock.doctype.delivery_note.delivery_note.make_sales_invoice"),
    makes("Sales Invoice", "Delivery Note", "erpnext.accounts.doctype.sales_invoice.sales_invoice.make_delivery_note", NOT_DELIVERED),
    payment("Sales Invoice", TO_PAY),
    returns("Sales Invoice", "Credit Note", "erpnext.accounts.doctype.sales_invoice.sales_invoice.make_sales_return", NO_RETURN),
    makes("Sales Invoice", "Dunning", "erpnext.accounts.doctype.sales_invoice.sales_invoice.create_dunning", OVERDUE),
    returns("POS Invoice", "Return", "erpnext.accounts.doctype.pos_invoice.pos_invoice.make_sales_return", NO_RETURN),
    request("Purchase Order", "erpnext.stock.doctype.material_request.material_request.make_purchase_order", TO_ORDER),
    request("Request for Quotation", "erpnext.stock.doctype.material_request.material_request.make_request_for_quotation", TO_ASK_FOR),
    request("Supplier Quotation", "erpnext.stock.doctype.material_request.material_request.make_supplier_quotation", TO_ASK_FOR),
    request("Stock Entry", "erpnext.stock.doctype.material_request.material_request.make_stock_entry", TO_MOVE),
    makes("Request for Quotation", "Supplier Quotation", "erpnext.buying.doctype.request_for_quotation.request_for_quotation.make_supplier_quotation_from_rfq", SUBMITTED),
    makes("Supplier Quotation", "Purchase Order", "erpnext.buying.doctype.supplier_quotation.supplier_quotation.make_purchase_order", SUBMITTED),
    makes("Supplier Quotation", "Purchase Invoice", "erpnext.buying.doctype.supplier_quotation.supplier_quotation.make_purchase_invoice", SUBMITTED),
    makes("Purchase Order", "Purchase Receipt", "erpnext.buying.doctype.purchase_order.purchase_order.make_purchase_receipt", TO_RECEIVE),
    makes("Purchase Order", "Purchase Invoice", "erpnext.buying.doctype.purchase_order.purchase_order.make_purchase_invoice", TO_BILL),
    payment("Purchase Order", TO_BILL),
    makes("Purchase Receipt", "Purchase Invoice", "erpnext.stock.doctype.purchase_receipt.purchase_receipt.make_purchase_invoice", NOTE_TO_BILL),
    makes("Purchase Receipt", "Stock Entry", "erpnext.stock.doctype.purchase_receipt.purchase_receipt.make_stock_entry", NO_RETURN),
    returns("Purchase Receipt", "Purchase Return", "erpnext.stock.doctype.purchase_receipt.purchase_receipt.make_purchase_return", TO_SEND_BACK),
    credits("Purchase Receipt", "Debit Note", "Purchase Invoice", "erpnext.stock.doctype.purchase_receipt.purchase_receipt.make_purchase_invoice"),
    makes("Purchase Invoice", "Purchase Receipt", "erpnext.accounts.doctype.purchase_invoice.purchase_invoice.make_purchase_receipt", NOT_RECEIVED),
    payment("Purchase Invoice", TO_PAY),
    returns("Purchase Invoice", "Debit Note", "erpnext.accounts.doctype.purchase_invoice.purchase_invoice.make_debit_note", NO_RETURN),
    stock_entry("Material Transfer for Manufacture"),
    stock_entry("Manufacture"),
];

#[cfg(test)]
mod tests {
    #![allow(clippy::panic)]

    use super::*;

    /// A misspelt DocType or field would never be offered, and nobody would see why.
    #[test]
    fn every_conversion_names_doctypes_and_fields_that_exist() {
        for conversion in CONVERSIONS {
            let def = |name: &str| erpnext_doctypes::any(name).unwrap_or_else(|| panic!("no DocType {name}"));
            let from = def(conversion.from);
            def(conversion.to);
            let has_column = |path: &str| {
                let (table, column) = path.split_once('.')?;
                let rows = from.table(table).and_then(erpnext_schema::FieldDef::rows_of);
                Some(rows.is_some_and(|rows| def(rows).field(column).is_some()))
            };
            for amount in conversion.amounts() {
                // Of invoices and orders each has some of these.
                assert_ne!(has_column(amount), Some(false), "{conversion:?}");
            }
            for when in conversion.when {
                match when {
                    Draft | Submitted => assert!(from.is(erpnext_schema::doctype_flag::SUBMITTABLE), "{conversion:?}"),
                    NotOf(path) => assert_eq!(has_column(path), Some(true), "{conversion:?}"),
                    Not(field) | Set(field) | Left(field) | When::Some(field) => {
                        assert!(from.field(field).is_some(), "{conversion:?}");
                    }
                    Is(field, values) | When::None(field, values) => {
                        let field = from.field(field).unwrap_or_else(|| panic!("{conversion:?}"));
                        let exists = |value: &&str| match field.choices() {
                            Some(choices) => choices.contains(value),
                            None => {
                                field.kind == erpnext_schema::FieldKind::Link && erpnext_doctypes::any(value).is_some()
                            }
                        };
                        assert!(values.iter().all(exists), "{conversion:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_a_document_makes_is_named_once() {
        for (i, one) in CONVERSIONS.iter().enumerate() {
            let same = |other: &&Conversion| other.from == one.from && other.makes == one.makes;
            assert!(CONVERSIONS[i + 1..].iter().find(same).is_none(), "{one:?}");
        }
    }
}
