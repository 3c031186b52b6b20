//! Chains beside those that sites were recorded with: what is offered of the sample's documents is made by them. The fields
//! are those that link one document to the other; what a site fills in beside is not known.

use super::chains::{Chain, Rows};
use crate::documents::Left;

/// A chain from submitted documents that copies what bears the same name.
const fn copies(from: &'static str, to: &'static str, method: &'static str) -> Chain {
    Chain { method, from, to, submitted: true, fields: &[], set: &[], rows: &[] }
}

const fn items(left: Left, fields: &'static [(&'static str, &'static str)]) -> Rows {
    Rows { from: "items", to: "items", fields, left }
}

const REQUESTED: &[(&str, &str)] = &[("name", "material_request_item"), ("parent", "material_request")];

/// All of them.
#[rustfmt::skip]
pub const FURTHER: &[Chain] = &[
    Chain {
        submitted: false,
        rows: &[items(Left::All, &[])],
        ..copies("Opportunity", "Request for Quotation", "erpnext.crm.doctype.opportunity.opportunity.make_request_for_quotation")
    },
    Chain {
        submitted: false,
        rows: &[items(Left::All, &[])],
        ..copies("Opportunity", "Supplier Quotation", "erpnext.crm.doctype.opportunity.opportunity.make_supplier_quotation")
    },
    Chain {
        set: &[("material_request_type", "Purchase")],
        rows: &[items(
            Left::Less("delivered_qty"),
            &[("name", "sales_order_item"), ("parent", "sales_order"), ("delivery_date", "schedule_date")],
        )],
        ..copies("Sales Order", "Material Request", "erpnext.selling.doctype.sales_order.sales_order.make_material_request")
    },
    Chain {
        set: &[("purpose", "Delivery")],
        rows: &[Rows { to: "locations", ..items(Left::Less("delivered_qty"), &[("name", "sales_order_item"), ("parent", "sales_order")]) }],
        ..copies("Sales Order", "Pick List", "erpnext.selling.doctype.sales_order.sales_order.create_pick_list")
    },
    Chain {
        submitted: false,
        fields: &[("name", "delivery_note")],
        set: &[("from_case_no", "1")],
        rows: &[items(Left::All, &[("name", "dn_detail")])],
        ..copies("Delivery Note", "Packing Slip", "erpnext.stock.doctype.delivery_note.delivery_note.make_packing_slip")
    },
    Chain {
        rows: &[items(
            Left::Less("installed_qty"),
            &[("name", "prevdoc_detail_docname"), ("parent", "prevdoc_docname"), ("parenttype", "prevdoc_doctype")],
        )],
        ..copies("Delivery Note", "Installation Note", "erpnext.stock.doctype.delivery_note.delivery_note.make_installation_note")
    },
    Chain {
        rows: &[items(
            Left::Less("delivered_qty"),
            &[("name", "si_detail"), ("parent", "against_sales_invoice"), ("so_detail", "so_detail"), ("sales_order", "against_sales_order")],
        )],
        ..copies("Sales Invoice", "Delivery Note", "erpnext.accounts.doctype.sales_invoice.sales_invoice.make_delivery_note")
    },
    Chain {
        rows: &[Rows {
            from: "payment_schedule",
            to: "overdue_payments",
            fields: &[("name", "payment_schedule"), ("parent", "sales_invoice")],
            left: Left::All,
        }],
        ..copies("Sales Invoice", "Dunning", "erpnext.accounts.doctype.sales_invoice.sales_invoice.create_dunning")
    },
    Chain {
        rows: &[items(Left::All, REQUESTED)],
        ..copies("Material Request", "Request for Quotation", "erpnext.stock.doctype.material_request.material_request.make_request_for_quotation")
    },
    Chain {
        rows: &[items(Left::All, REQUESTED)],
        ..copies("Material Request", "Supplier Quotation", "erpnext.stock.doctype.material_request.material_request.make_supplier_quotation")
    },
    Chain {
        rows: &[items(Left::All, &[("name", "request_for_quotation_item"), ("parent", "request_for_quotation")])],
        ..copies("Request for Quotation", "Supplier Quotation", "erpnext.buying.doctype.request_for_quotation.request_for_quotation.make_supplier_quotation_from_rfq")
    },
    Chain {
        rows: &[items(Left::All, &[])],
        ..copies("Supplier Quotation", "Purchase Invoice", "erpnext.buying.doctype.supplier_quotation.supplier_quotation.make_purchase_invoice")
    },
    Chain {
        set: &[("stock_entry_type", "Material Transfer"), ("purpose", "Material Transfer")],
        rows: &[items(Left::All, &[("warehouse", "s_warehouse"), ("parent", "reference_purchase_receipt")])],
        ..copies("Purchase Receipt", "Stock Entry", "erpnext.stock.doctype.purchase_receipt.purchase_receipt.make_stock_entry")
    },
    Chain {
        rows: &[items(
            Left::Less("received_qty"),
            &[("name", "purchase_invoice_item"), ("parent", "purchase_invoice"), ("po_detail", "purchase_order_item"), ("purchase_order", "purchase_order")],
        )],
        ..copies("Purchase Invoice", "Purchase Receipt", "erpnext.accounts.doctype.purchase_invoice.purchase_invoice.make_purchase_receipt")
    },
];

/// The chain of that method.
pub fn further(method: &str) -> Option<&'static Chain> {
    FURTHER.iter().find(|chain| chain.method == method)
}
