//! The reports of the sandbox: what each is about, its columns, and what makes its rows.

use super::columns::{Column, Style};
use super::layouts::{
    CUSTOMER_SUMMARY, GENERAL_LEDGER, ITEM_BALANCE, LEADS, PAYABLE, PAYABLE_SUMMARY, PURCHASE_REGISTER, RECEIVABLE,
    RECEIVABLE_SUMMARY, SALES_ORDERS, SALES_REGISTER, SUPPLIER_SUMMARY, TERRITORIES, TRIAL_BALANCE,
};
use super::source::{Filters, Side, Source};
use super::{ledger, receivables, registers};
use crate::doc::Doc;
use crate::error::{Exc, SiteError, exc};

const KEY_ERROR: Exc = Exc { name: "KeyError", status: 500, class: "KeyError" };

/// What makes the rows of a report.
pub enum Rows {
    /// From the documents.
    From(fn(&Source<'_>, &Filters) -> Result<Vec<Doc>, SiteError>),
    /// Run in the background; the answer names a `Prepared Report` instead of holding rows (H53).
    Prepared(fn(&Source<'_>, &Filters) -> Result<Vec<Doc>, SiteError>),
    /// A saved list of the desk: this call answers it without columns.
    Builder,
}

/// What a report does where a filter is missing (H53).
pub enum Missing {
    /// Nothing: it answers with what it has.
    Ignored,
    /// 200 without columns and rows.
    Empty(&'static str),
    /// The exception and its text.
    Fails(&'static str, Exc, &'static str),
}

/// One report.
pub struct Report {
    /// Its name.
    pub name: &'static str,
    /// The DocType it is about; reading it opens the report.
    pub ref_doctype: &'static str,
    /// Its columns.
    pub columns: &'static [Column],
    /// How it states them.
    pub style: Style,
    /// Whether the site adds a total row.
    pub total: bool,
    /// Which filter it cannot do without.
    pub missing: Missing,
    /// Whether it refuses a period that ends before it begins.
    pub ordered: bool,
    /// What makes its rows.
    pub rows: Rows,
}

impl Report {
    /// `report_type` of the `Report` document.
    pub fn report_type(&self) -> &'static str {
        match (&self.rows, self.style) {
            (Rows::Builder, _) => "Report Builder",
            (_, Style::Query) => "Query Report",
            _ => "Script Report",
        }
    }
}

/// The report of that name.
pub fn report(name: &str) -> Option<&'static Report> {
    REPORTS.iter().find(|report| report.name.eq_ignore_ascii_case(name))
}

const PLAIN: Report = Report {
    name: "",
    ref_doctype: "",
    columns: &[],
    style: Style::Sparse,
    total: false,
    missing: Missing::Ignored,
    ordered: false,
    rows: Rows::Builder,
};

/// Every report of the sandbox, by name.
pub const REPORTS: &[Report] = &[
    Report {
        name: "Accounts Payable",
        ref_doctype: "Purchase Invoice",
        columns: PAYABLE,
        style: Style::Nulls,
        total: true,
        rows: Rows::From(|source, filters| receivables::invoices(source, filters, Side::Buying)),
        ..PLAIN
    },
    Report {
        name: "Accounts Payable Summary",
        ref_doctype: "Purchase Invoice",
        columns: PAYABLE_SUMMARY,
        style: Style::Nulls,
        total: true,
        rows: Rows::From(|source, filters| receivables::parties(source, filters, Side::Buying)),
        ..PLAIN
    },
    Report {
        name: "Accounts Receivable",
        ref_doctype: "Sales Invoice",
        columns: RECEIVABLE,
        style: Style::Nulls,
        total: true,
        rows: Rows::From(|source, filters| receivables::invoices(source, filters, Side::Selling)),
        ..PLAIN
    },
    Report {
        name: "Accounts Receivable Summary",
        ref_doctype: "Sales Invoice",
        columns: RECEIVABLE_SUMMARY,
        style: Style::Nulls,
        total: true,
        rows: Rows::From(|source, filters| receivables::parties(source, filters, Side::Selling)),
        ..PLAIN
    },
    Report { name: "Asset Activity", ref_doctype: "Asset Activity", ..PLAIN },
    Report { name: "Asset Maintenance", ref_doctype: "Asset Maintenance", ..PLAIN },
    Report {
        name: "Bank Clearance Summary",
        ref_doctype: "Journal Entry",
        missing: Missing::Fails("account", KEY_ERROR, "'account'"),
        rows: Rows::From(|_, _| Ok(Vec::new())),
        ..PLAIN
    },
    Report {
        name: "Customer Ledger Summary",
        ref_doctype: "Sales Invoice",
        columns: CUSTOMER_SUMMARY,
        total: true,
        ordered: true,
        rows: Rows::From(|source, filters| ledger::party_summary(source, filters, Side::Selling)),
        ..PLAIN
    },
    Report {
        name: "Customer-wise Item Price",
        ref_doctype: "Customer",
        missing: Missing::Fails("customer", exc::VALIDATION, "Please select a Customer"),
        rows: Rows::From(|_, _| Ok(Vec::new())),
        ..PLAIN
    },
    Report {
        name: "General Ledger",
        ref_doctype: "GL Entry",
        columns: GENERAL_LEDGER,
        missing: Missing::Empty("company"),
        ordered: true,
        rows: Rows::From(ledger::general_ledger),
        ..PLAIN
    },
    Report {
        name: "Item Balance (Simple)",
        ref_doctype: "Item",
        columns: ITEM_BALANCE,
        style: Style::Query,
        rows: Rows::From(registers::stock),
        ..PLAIN
    },
    Report { name: "Item-wise Price List Rate", ref_doctype: "Item Price", ..PLAIN },
    Report { name: "Lead Details", ref_doctype: "Lead", columns: LEADS, rows: Rows::From(registers::leads), ..PLAIN },
    Report {
        name: "Purchase Register",
        ref_doctype: "Purchase Invoice",
        columns: PURCHASE_REGISTER,
        total: true,
        rows: Rows::From(|source, filters| registers::invoices(source, filters, Side::Buying)),
        ..PLAIN
    },
    Report {
        name: "Sales Order Analysis",
        ref_doctype: "Sales Order",
        columns: SALES_ORDERS,
        total: true,
        missing: Missing::Empty("company"),
        ordered: true,
        rows: Rows::From(registers::sales_orders),
        ..PLAIN
    },
    Report {
        name: "Sales Register",
        ref_doctype: "Sales Invoice",
        columns: SALES_REGISTER,
        total: true,
        rows: Rows::From(|source, filters| registers::invoices(source, filters, Side::Selling)),
        ..PLAIN
    },
    Report {
        name: "Stock Balance",
        ref_doctype: "Stock Ledger Entry",
        columns: ITEM_BALANCE,
        total: true,
        rows: Rows::Prepared(registers::stock),
        ..PLAIN
    },
    Report {
        name: "Supplier Ledger Summary",
        ref_doctype: "Purchase Invoice",
        columns: SUPPLIER_SUMMARY,
        total: true,
        ordered: true,
        rows: Rows::From(|source, filters| ledger::party_summary(source, filters, Side::Buying)),
        ..PLAIN
    },
    Report {
        name: "Territory-wise Sales",
        ref_doctype: "Opportunity",
        columns: TERRITORIES,
        rows: Rows::From(registers::territories),
        ..PLAIN
    },
    Report {
        name: "Trial Balance (Simple)",
        ref_doctype: "GL Entry",
        columns: TRIAL_BALANCE,
        style: Style::Query,
        total: true,
        rows: Rows::From(ledger::trial_balance),
        ..PLAIN
    },
];
