//! What reports read: the filters of the request and the documents of the site.

use erpnext_schema::{FieldKind, time};
use serde_json::Value;

use crate::doc::{Doc, display, text};
use crate::error::SiteError;
use crate::site::Site;
use crate::store::Sql;

/// Whether a report is about what is sold or what is bought.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// Customers and sales invoices.
    Selling,
    /// Suppliers and purchase invoices.
    Buying,
}

macro_rules! sides {
    ($($(#[$doc:meta])* $method:ident: $type:ty = $selling:expr, $buying:expr;)*) => {
        impl Side {
            $($(#[$doc])* pub const fn $method(self) -> $type {
                match self { Self::Selling => $selling, Self::Buying => $buying }
            })*
        }
    };
}

sides! {
    /// The DocType of its invoices.
    invoice: &'static str = "Sales Invoice", "Purchase Invoice";
    /// The DocType of its parties.
    party: &'static str = "Customer", "Supplier";
    /// The invoice's field that names the party.
    party_field: &'static str = "customer", "supplier";
    /// The report's field that holds the party's name.
    name_field: &'static str = "customer_name", "supplier_name";
    /// The invoice's field that names the party's account.
    account_field: &'static str = "debit_to", "credit_to";
    /// The field of an invoice's row that names the other account.
    counter_account_field: &'static str = "income_account", "expense_account";
    /// The register's column of the party's account.
    register_account: &'static str = "receivable_account", "payable_account";
    /// The register's column of the taxes.
    tax_column: &'static str = "tax_total", "total_tax";
    /// The invoice's fields that the register repeats.
    register_fields: &'static [&'static str] = &[
        "posting_date", "customer", "customer_name", "customer_group", "territory", "tax_id", "mode_of_payment", "project",
        "owner", "sales_order", "delivery_note", "cost_center", "warehouse", "currency",
    ], &[
        "posting_date", "supplier", "supplier_name", "supplier_group", "tax_id", "mode_of_payment", "project", "bill_no",
        "bill_date", "purchase_order", "purchase_receipt", "currency",
    ];
}

/// The filters of a report.
#[derive(Clone, Default, Debug)]
pub struct Filters(pub Doc);

impl Filters {
    /// The text of a filter, where it is set.
    pub fn text(&self, field: &str) -> Option<String> {
        self.0.get(field).map(display).filter(|text| !text.is_empty())
    }

    /// Whether `value` passes a filter that is one text or a list of texts; a filter that is not set lets all pass.
    pub fn one_of(&self, field: &str, value: &str) -> bool {
        match self.0.get(field) {
            None | Some(Value::Null) => true,
            Some(Value::Array(list)) => list.is_empty() || list.iter().any(|one| display(one).eq_ignore_ascii_case(value)),
            Some(one) => display(one).is_empty() || display(one).eq_ignore_ascii_case(value),
        }
    }

    /// `from_date` and `to_date`; the ends of time where they are not set.
    pub fn period(&self) -> (String, String) {
        let end = |field: &str, none: &str| self.text(field).unwrap_or_else(|| none.to_owned());
        (end("from_date", "0000-00-00"), end("to_date", "9999-12-31"))
    }
}
