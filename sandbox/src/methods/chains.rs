//! The next documents of the common chains, as data: which method makes what from what, and which fields of the
//! one become which fields of the other. What bears the same name on both sides is copied without being listed.

use crate::documents::Left;

/// One method of `make_mapped_doc`.
pub struct Chain {
    /// The method's path on the site.
    pub method: &'static str,
    /// The DocType of the source.
    pub from: &'static str,
    /// The DocType of what is made.
    pub to: &'static str,
    /// Whether the source has to be submitted.
    pub submitted: bool,
    /// `(field of the source, field of the target)`.
    pub fields: &'static [(&'static str, &'static str)],
    /// `(field of the target, value)`.
    pub set: &'static [(&'static str, &'static str)],
    /// The tables whose rows become rows of another DocType.
    pub rows: &'static [Rows],
}

/// The rows of one table that become rows of another DocType.
pub struct Rows {
    /// The table of the source.
    pub from: &'static str,
    /// The table of the target.
    pub to: &'static str,
    /// `(field of the source's row, field of the target's row)`.
    pub fields: &'static [(&'static str, &'static str)],
    /// What of the source's row is left for the target's.
    pub left: Left,
}

const fn items(left: Left, fields: &'static [(&'static str, &'static str)]) -> Rows {
    Rows { from: "items", to: "items", fields, left }
}

/// The chains that sites were recorded with, and others of the same kind.
pub const CHAINS: &[Chain] = &[
    Chain {
        method: "erpnext.selling.doctype.quotation.quotation.make_sales_order",
        from: "Quotation",
        to: "Sales Order",
        submitted: true,
        fields: &[("party_name", "customer")],
        set: &[],
        rows: &[items(Left::Ordered, &[("parent", "prevdoc_docname"), ("name", "quotation_item")])],
    },
    Chain {
        method: "erpnext.selling.doctype.quotation.quotation.make_sales_invoice",
        from: "Quotation",
        to: "Sales Invoice",
        submitted: true,
        fields: &[("party_name", "customer")],
        set: &[],
        rows: &[items(Left::All, &[])],
    },
    Chain {
        method: "erpnext.selling.doctype.sales_order.sales_order.make_delivery_note",
        from: "Sales Order",
        to: "Delivery Note",
        submitted: true,
        fields: &[],
        set: &[],
        rows: &[items(Left::Less("delivered_qty"), &[("name", "so_detail"), ("parent", "against_sales_order")])],
    },
    Chain {
        method: "erpnext.selling.doctype.sales_order.sales_order.make_sales_invoice",
        from: "Sales Order",
        to: "Sales Invoice",
        submitted: true,
        fields: &[],
        set: &[("po_no", "")],
        rows: &[items(Left::Unbilled(Some("returned_qty")), &[("name", "so_detail"), ("parent", "sales_order")])],
    },
    Chain {
        method: "erpnext.selling.doctype.sales_order.sales_order.make_project",
        from: "Sales Order",
        to: "Project",
        submitted: true,
        fields: &[("name", "sales_order"), ("customer_name", "project_name")],
        set: &[],
        rows: &[],
    },
    Chain {
        method: "erpnext.stock.doctype.delivery_note.delivery_note.make_sales_invoice",
        from: "Delivery Note",
        to: "Sales Invoice",
        submitted: true,
        fields: &[],
        set: &[],
        rows: &[items(
            Left::Made("Sales Invoice Item", "dn_detail"),
            &[
                ("name", "dn_detail"),
                ("parent", "delivery_note"),
                ("so_detail", "so_detail"),
                ("against_sales_order", "sales_order"),
            ],
        )],
    },
    Chain {
        method: "erpnext.stock.doctype.material_request.material_request.make_purchase_order",
        from: "Material Request",
        to: "Purchase Order",
        submitted: true,
        fields: &[],
        set: &[],
        rows: &[items(
            Left::Stock("ordered_qty"),
            &[("name", "material_request_item"), ("parent", "material_request")],
        )],
    },
    Chain {
        method: "erpnext.buying.doctype.supplier_quotation.supplier_quotation.make_purchase_order",
        from: "Supplier Quotation",
        to: "Purchase Order",
        submitted: true,
        fields: &[],
        set: &[],
        rows: &[items(Left::All, &[("name", "supplier_quotation_item"), ("parent", "supplier_quotation")])],
    },
    Chain {
        method: "erpnext.buying.doctype.purchase_order.purchase_order.make_purchase_receipt",
        from: "Purchase Order",
        to: "Purchase Receipt",
        submitted: true,
        fields: &[],
        set: &[],
        rows: &[items(
            Left::Less("received_qty"),
            &[
                ("name", "purchase_order_item"),
                ("parent", "purchase_order"),
                ("material_request", "material_request"),
                ("material_request_item", "material_request_item"),
            ],
        )],
    },
    Chain {
        method: "erpnext.buying.doctype.purchase_order.purchase_order.make_purchase_invoice",
        from: "Purchase Order",
        to: "Purchase Invoice",
        submitted: true,
        fields: &[],
        set: &[],
        rows: &[items(Left::Unbilled(None), &[("name", "po_detail"), ("parent", "purchase_order")])],
    },
    Chain {
        method: "erpnext.stock.doctype.purchase_receipt.purchase_receipt.make_purchase_invoice",
        from: "Purchase Receipt",
        to: "Purchase Invoice",
        submitted: true,
        fields: &[],
        set: &[],
        rows: &[items(
            Left::Made("Purchase Invoice Item", "pr_detail"),
            &[
                ("name", "pr_detail"),
                ("parent", "purchase_receipt"),
                ("purchase_order_item", "po_detail"),
                ("purchase_order", "purchase_order"),
            ],
        )],
    },
    Chain {
        method: "erpnext.accounts.doctype.sales_invoice.sales_invoice.make_sales_return",
        from: "Sales Invoice",
        to: "Sales Invoice",
        submitted: true,
        fields: &[("name", "return_against")],
        set: &[],
        rows: &[items(
            Left::Returned,
            &[
                ("name", "sales_invoice_item"),
                ("sales_order", "sales_order"),
                ("so_detail", "so_detail"),
                ("delivery_note", "delivery_note"),
                ("dn_detail", "dn_detail"),
            ],
        )],
    },
    Chain {
        method: "erpnext.stock.doctype.delivery_note.delivery_note.make_sales_return",
        from: "Delivery Note",
        to: "Delivery Note",
        submitted: true,
        fields: &[("name", "return_against")],
        set: &[],
        rows: &[items(
            Left::Returned,
            &[
                ("name", "dn_detail"),
                ("against_sales_order", "against_sales_order"),
                ("so_detail", "so_detail"),
                ("against_sales_invoice", "against_sales_invoice"),
            ],
        )],
    },
    Chain {
        method: "erpnext.accounts.doctype.purchase_invoice.purchase_invoice.make_debit_note",
        from: "Purchase Invoice",
        to: "Purchase Invoice",
        submitted: true,
        fields: &[("name", "return_against")],
        set: &[],
        rows: &[items(
            Left::Returned,
            &[
                ("name", "purchase_invoice_item"),
                ("purchase_order", "purchase_order"),
                ("po_detail", "po_detail"),
                ("purchase_receipt", "purchase_receipt"),
                ("pr_detail", "pr_detail"),
            ],
        )],
    },
    Chain {
        method: "erpnext.stock.doctype.purchase_receipt.purchase_receipt.make_purchase_return",
        from: "Purchase Receipt",
        to: "Purchase Receipt",
        submitted: true,
        fields: &[("name", "return_against")],
        set: &[],
        rows: &[items(
            Left::Returned,
            &[
                ("name", "purchase_receipt_item"),
                ("purchase_order", "purchase_order"),
                ("purchase_order_item", "purchase_order_item"),
            ],
        )],
    },
    Chain {
        method: "erpnext.crm.doctype.lead.lead.make_customer",
        from: "Lead",
        to: "Customer",
        submitted: false,
        fields: &[("name", "lead_name"), ("lead_name", "customer_name"), ("company_name", "customer_name")],
        set: &[("customer_type", "Company")],
        rows: &[],
    },
    Chain {
        method: "erpnext.crm.doctype.lead.lead.make_opportunity",
        from: "Lead",
        to: "Opportunity",
        submitted: false,
        fields: &[
            ("name", "party_name"),
            ("lead_name", "customer_name"),
            ("company_name", "customer_name"),
            ("campaign_name", "campaign"),
            ("email_id", "contact_email"),
            ("mobile_no", "contact_mobile"),
            ("lead_owner", "opportunity_owner"),
        ],
        set: &[("opportunity_from", "Lead")],
        rows: &[],
    },
    Chain {
        method: "erpnext.crm.doctype.lead.lead.make_quotation",
        from: "Lead",
        to: "Quotation",
        submitted: false,
        fields: &[("name", "party_name")],
        set: &[("quotation_to", "Lead")],
        rows: &[],
    },
    Chain {
        method: "erpnext.crm.doctype.opportunity.opportunity.make_quotation",
        from: "Opportunity",
        to: "Quotation",
        submitted: false,
        fields: &[("opportunity_from", "quotation_to"), ("name", "opportunity")],
        set: &[],
        rows: &[items(Left::All, &[("parent", "prevdoc_docname"), ("parenttype", "prevdoc_doctype")])],
    },
    Chain {
        method: "erpnext.crm.doctype.opportunity.opportunity.make_customer",
        from: "Opportunity",
        to: "Customer",
        submitted: false,
        fields: &[("name", "opportunity_name")],
        set: &[("customer_type", "Company")],
        rows: &[],
    },
];

/// The chain of that method.
pub fn chain(method: &str) -> Option<&'static Chain> {
    CHAINS.iter().find(|chain| chain.method == method)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::{CHAINS, Chain};
    use crate::methods::further_chains::FURTHER;
    use erpnext_schema::{DocTypeDef, FieldKind, Version};

    fn def(name: &str) -> &'static DocTypeDef {
        erpnext_doctypes::get(Version::V15, name).unwrap_or_else(|| panic!("no DocType {name}"))
    }

    fn rows_of(parent: &str, table: &str) -> &'static DocTypeDef {
        let field = def(parent).field(table).unwrap_or_else(|| panic!("{parent} has no {table}"));
        assert_eq!(field.kind, FieldKind::Table, "{parent}.{table}");
        def(field.target().unwrap())
    }

    fn check(chain: &Chain, from: &DocTypeDef, to: &DocTypeDef, fields: &[(&str, &str)]) {
        for (source, target) in fields {
            assert!(from.field(source).is_some(), "{}: {} has no {source}", chain.method, from.name);
            assert!(to.field(target).is_some(), "{}: {} has no {target}", chain.method, to.name);
        }
    }

    #[test]
    fn every_chain_names_fields_that_exist_on_both_sides() {
        for chain in CHAINS.iter().chain(FURTHER) {
            let (from, to) = (def(chain.from), def(chain.to));
            check(chain, from, to, chain.fields);
            for (field, _) in chain.set {
                assert!(to.field(field).is_some(), "{}: {} has no {field}", chain.method, chain.to);
            }
            for rows in chain.rows {
                check(chain, rows_of(chain.from, rows.from), rows_of(chain.to, rows.to), rows.fields);
            }
        }
    }
}
