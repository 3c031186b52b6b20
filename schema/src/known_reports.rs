//! What ERPNext's reports are made of, as data: the documents that they sum up and do not link to, and what stands behind columns
//! that are named by a period, an account or a warehouse.

mod hrms;

/// One entry, of reports that are made alike.
pub struct Made {
    /// Their names.
    pub reports: &'static [&'static str],
    /// The DocTypes whose documents they show or sum up, beside the one that they are about and those that they link to.
    pub from: &'static [&'static str],
    /// Which of their columns show the fields, or sums of them.
    pub columns: Numbers,
    /// The fields.
    pub sums: &'static [&'static str],
}

/// Columns of a report.
#[derive(Clone, Copy)]
pub enum Numbers {
    /// All numbers.
    All,
    /// Numbers that are called like no field, nor as another column is known to be.
    Unnamed,
    /// Whatever is called so, of numbers and texts.
    Others,
    /// Those of these names, and filters of these names.
    These(&'static [&'static str]),
    /// Those of these names, and no filters.
    Columns(&'static [&'static str]),
}

use Numbers::{All, These, Unnamed};

/// What the report of this name is made of.
pub fn made(report: &str) -> impl Iterator<Item = &'static Made> {
    every().filter(move |made| made.reports.contains(&report))
}

/// What every report is made of.
pub fn every() -> impl Iterator<Item = &'static Made> {
    MADE.iter().chain(hrms::MADE)
}

const fn summed(
    reports: &'static [&'static str],
    from: &'static [&'static str],
    columns: Numbers,
    sums: &'static [&'static str],
) -> Made {
    Made { reports, from, columns, sums }
}

const fn from(reports: &'static [&'static str], from: &'static [&'static str]) -> Made {
    Made { reports, from, columns: Unnamed, sums: &[] }
}

const MADE: &[Made] = &[
    // What the ledger says of accounts: by period, company, dimension.
    summed(
        &[
            "Account Balance",
            "Balance Sheet",
            "Cash Flow",
            "Consolidated Financial Statement",
            "Consolidated Trial Balance",
            "Custom Financial Statement",
            "Deferred Revenue and Expense",
            "Dimension-wise Accounts Balance Report",
            "Financial Ratios",
            "Gross and Net Profit Report",
            "IRS 1099",
            "Profit and Loss Statement",
            "Profitability Analysis",
        ],
        &["GL Entry"],
        Unnamed,
        BOOKED,
    ),
    summed(&["Budget Variance Report"], &["GL Entry", "Budget"], Unnamed, &["debit", "credit", "budget_amount"]),
    summed(
        &["Customer Ledger Summary", "Supplier Ledger Summary"],
        &["GL Entry", "Journal Entry"],
        These(&["opening_balance", "invoiced_amount", "paid_amount", "return_amount", "closing_balance"]),
        BOOKED,
    ),
    summed(
        &["Customer Ledger Summary", "Supplier Ledger Summary"],
        &["Payment Entry"],
        These(&["opening_balance", "paid_amount", "closing_balance"]),
        PAID,
    ),
    // What is owed is the sum of the entries of a ledger of payments.
    summed(OWED, &["Payment Ledger Entry"], Unnamed, &["amount"]),
    summed(
        OWED,
        &["Payment Ledger Entry"],
        These(&["invoiced", "paid", "credit_note", "outstanding", "advance", "total_due", "remaining_balance"]),
        &["amount"],
    ),
    summed(
        OWED,
        &["Payment Entry"],
        These(&["paid", "outstanding", "advance", "total_due", "future_amount", "remaining_balance"]),
        PAID,
    ),
    summed(
        OWED,
        &["Payment Entry", "Payment Ledger Entry"],
        These(&["range1", "range2", "range3", "range4", "range5", "range6"]),
        &["amount", "paid_amount", "received_amount"],
    ),
    // An entry of a journal stands in a row of its own, or is summed up with the invoices.
    summed(
        OWED,
        &["Journal Entry"],
        These(&[
            "invoiced",
            "paid",
            "credit_note",
            "outstanding",
            "advance",
            "total_due",
            "remaining_balance",
            "future_amount",
            "range1",
            "range2",
            "range3",
            "range4",
            "range5",
            "range6",
        ]),
        BOOKED,
    ),
    from(&["Sales Payment Summary"], &["Payment Entry"]),
    from(&["Payment Terms Status for Sales Order"], &["Sales Invoice"]),
    from(&["General and Payment Ledger Comparison"], &["Payment Ledger Entry"]),
    summed(
        &["Stock and Account Value Comparison"],
        &["GL Entry"],
        These(&["account_value", "difference_value"]),
        BOOKED,
    ),
    from(&["Customer Credit Balance"], &["GL Entry", "Sales Invoice", "Sales Order", "Delivery Note"]),
    summed(
        &["Bank Clearance Summary", "Bank Reconciliation Statement", "Cheques and Deposits Incorrectly cleared"],
        &["Journal Entry", "Payment Entry", "Purchase Invoice", "Sales Invoice"],
        All,
        &["paid_amount", "received_amount", "debit", "credit"],
    ),
    summed(
        &["Payment Period Based On Invoice Date"],
        &["Payment Ledger Entry", "Payment Entry", "Purchase Invoice", "Sales Invoice"],
        All,
        &["amount", "paid_amount", "received_amount", "debit", "credit"],
    ),
    summed(
        &["TDS Computation Summary", "Tax Withholding Details"],
        &["GL Entry", "Journal Entry"],
        These(&["total_amount", "base_total", "grand_total", "tax_amount"]),
        BOOKED,
    ),
    summed(
        &["Tax Withholding Details"],
        &["Journal Entry", "Payment Entry", "Purchase Invoice", "Sales Invoice"],
        These(&["transaction_date"]),
        &["posting_date"],
    ),
    summed(
        &["TDS Computation Summary", "Tax Withholding Details"],
        &["Journal Entry", "Payment Entry", "Purchase Invoice", "Sales Invoice"],
        These(&["total_amount", "base_total", "grand_total", "tax_amount"]),
        &["grand_total", "rounded_total", "net_total", "total_taxes_and_charges", "tax_amount", "paid_amount"],
    ),
    summed(
        &["UAE VAT 201", "VAT Audit Report"],
        &["Purchase Invoice", "Sales Invoice", "Journal Entry"],
        All,
        &["net_total", "net_amount", "total_taxes_and_charges", "tax_amount", "grand_total"],
    ),
    // A column for each account of income, of expense and of taxes.
    summed(&["Purchase Register", "Sales Register"], &[], Unnamed, ACCOUNTED),
    summed(
        &["Item-wise Purchase Register", "Item-wise Sales Register"],
        &[],
        Unnamed,
        // Of a rate of taxes and its amount follows what is taxed.
        &["total_taxes_and_charges", "tax_amount", "rate", "net_amount", "amount"],
    ),
    summed(
        &["Item-wise Purchase Register", "Item-wise Sales Register"],
        &[],
        These(&["total"]),
        &["grand_total", "rounded_total", "total_taxes_and_charges", "net_amount", "amount"],
    ),
    summed(&["Electronic Invoice Register"], &["Sales Invoice"], Unnamed, ACCOUNTED),
    from(&["Gross Profit"], &["Delivery Note", "Stock Ledger Entry"]),
    // What is sold and bought, by month or year.
    summed(
        &["Delivery Note Trends", "Purchase Invoice Trends", "Purchase Order Trends", "Purchase Receipt Trends"],
        &[],
        All,
        TRADED,
    ),
    summed(&["Quotation Trends", "Sales Invoice Trends", "Sales Order Trends"], &[], All, TRADED),
    summed(
        &["Exponential Smoothing Forecasting", "Sales Analytics"],
        &["Delivery Note", "Quotation", "Sales Invoice", "Sales Order"],
        All,
        TRADED,
    ),
    summed(&["Purchase Analytics", "Sales Analytics"], &["Payment Entry"], All, &["paid_amount", "received_amount"]),
    summed(&["Purchase Analytics"], &["Purchase Invoice", "Purchase Order", "Purchase Receipt"], All, TRADED),
    summed(
        &[
            "Sales Partner Target Variance based on Item Group",
            "Sales Person Target Variance Based On Item Group",
            "Territory Target Variance Based On Item Group",
        ],
        &["Delivery Note", "Sales Invoice", "Sales Order", "Sales Partner", "Sales Person", "Territory"],
        Unnamed,
        &["target_amount", "target_qty", "net_amount", "amount", "net_total", "stock_qty", "qty"],
    ),
    summed(
        &["Sales Person Commission Summary", "Sales Person-wise Transaction Summary"],
        &["Delivery Note", "Sales Invoice", "Sales Order"],
        These(&["amount"]),
        &["net_total", "net_amount"],
    ),
    summed(
        &["Sales Partner Commission Summary", "Sales Partner Transaction Summary", "Sales Partners Commission"],
        &["Delivery Note", "Sales Invoice", "Sales Order"],
        These(&["amount", "rate", "amount_eligible_for_commission"]),
        &["net_total", "net_amount", "net_rate", "amount_eligible_for_commission"],
    ),
    from(&["Inactive Customers", "Inactive Sales Items"], &["Customer", "Sales Invoice", "Sales Order"]),
    from(&["Territory-wise Sales"], &["Quotation", "Sales Invoice", "Sales Order"]),
    from(&["Campaign Efficiency", "Lead Owner Efficiency"], &["Opportunity", "Quotation", "Sales Order"]),
    from(&["Customer Acquisition and Loyalty"], &["Sales Invoice"]),
    from(&["Calculated Discount Mismatch"], INVOICES_AND_ORDERS),
    summed(
        &["Supplier-Wise Sales Analytics"],
        &["Delivery Note", "Sales Invoice", "Stock Entry"],
        These(&["consumed_qty", "delivered_qty", "total_qty"]),
        &["actual_qty", "stock_qty", "qty"],
    ),
    summed(
        &["Supplier-Wise Sales Analytics"],
        &["Delivery Note", "Sales Invoice", "Stock Entry"],
        These(&["consumed_amount", "delivered_amount", "total_amount"]),
        &["stock_value_difference", "valuation_rate", "net_amount", "amount"],
    ),
    from(&["Delivered Items To Be Billed"], &["Delivery Note"]),
    from(&["Received Items To Be Billed"], &["Purchase Receipt"]),
    from(
        &["Procurement Tracker"],
        &["Material Request", "Purchase Invoice", "Purchase Order", "Purchase Receipt", "Stock Entry"],
    ),
    summed(
        &["Opportunity Summary by Sales Stage", "Sales Pipeline Analytics"],
        &["Opportunity"],
        Unnamed,
        &["opportunity_amount"],
    ),
    // What is in stock, and what it is worth.
    summed(&["Stock Analytics"], &["Stock Ledger Entry"], All, STOCKED),
    summed(
        &[
            "Available Serial No",
            "FIFO Queue vs Qty After Transaction Comparison",
            "Incorrect Balance Qty After Transaction",
            "Incorrect Stock Value Report",
            "Stock Ledger Invariant Check",
            "Stock Ledger Variance",
        ],
        &["Stock Ledger Entry"],
        Unnamed,
        STOCKED,
    ),
    summed(
        &[
            "Available Stock for Packing Items",
            "Batch Item Expiry Status",
            "Stock Qty vs Batch Qty",
            "Total Stock Summary",
        ],
        &["Bin", "Stock Ledger Entry"],
        These(&["quantity", "current_qty", "stock_qty", "difference"]),
        MOVED,
    ),
    summed(&["Incorrect Serial No Valuation", "Serial No Ledger"], &["Stock Ledger Entry"], These(&["qty"]), MOVED),
    // How old the stock is has ranges as what is owed has, but of quantities.
    summed(
        &["Stock Ageing"],
        &["Stock Ledger Entry"],
        These(&["qty", "range1", "range2", "range3", "range4", "range5", "range6"]),
        MOVED,
    ),
    summed(&["Warehouse wise Item Balance Age and Value"], &["Stock Ledger Entry"], Unnamed, MOVED),
    from(&["Item Price Stock", "Item Prices"], &["BOM", "Bin", "Item Price"]),
    from(&["Customer-wise Item Price"], &["Bin", "Item Price"]),
    from(&["Item Variant Details"], &["Bin", "Item Price", "Sales Order"]),
    summed(
        &["BOM Stock Calculated", "BOM Stock Report"],
        &["Bin"],
        These(&["required_qty", "difference_qty", "enough_parts_to_build"]),
        &["qty", "stock_qty"],
    ),
    from(&["Product Bundle Balance", "Warehouse Wise Stock Balance", "Work Order Stock Report"], &["Bin"]),
    from(&["Item Balance (Simple)"], &["Bin", "Stock Ledger Entry"]),
    from(&["Issued Items Against Work Order", "Items To Be Requested", "Stock Projected Qty"], &["Bin"]),
    from(
        &["Itemwise Recommended Reorder Level"],
        &["Delivery Note", "Sales Invoice", "Stock Entry", "Stock Ledger Entry"],
    ),
    from(&["Process Loss Report"], &["Stock Entry"]),
    from(&["Landed Cost Report"], &["Purchase Invoice", "Purchase Receipt"]),
    summed(&["Cost of Poor Quality Report"], &["Workstation"], These(&["operating_cost"]), &["hour_rate"]),
    // What is owned, worked and known.
    from(&["Asset Depreciation Ledger", "Fixed Asset Register"], &["Asset Depreciation Schedule"]),
    summed(
        &["Asset Depreciation Ledger", "Fixed Asset Register"],
        &["GL Entry", "Journal Entry"],
        These(&[
            "depreciation_amount",
            "accumulated_depreciation_amount",
            "value_after_depreciation",
            "depreciated_amount",
            "asset_value",
        ]),
        BOOKED,
    ),
    summed(
        &["Asset Depreciations and Balances"],
        &["Asset Depreciation Schedule", "GL Entry"],
        Unnamed,
        &[
            "gross_purchase_amount",
            "net_purchase_amount",
            "value_after_depreciation",
            "opening_accumulated_depreciation",
            "depreciation_amount",
            "debit",
            "credit",
        ],
    ),
    from(
        &["Project wise Stock Tracking"],
        &["Delivery Note", "Purchase Invoice", "Purchase Receipt", "Sales Invoice", "Stock Entry"],
    ),
    summed(
        &["Employee Billing Summary", "Project Billing Summary", "Timesheet Billing Summary"],
        &["Timesheet"],
        These(&["total_hours"]),
        &["hours"],
    ),
    // What is billed of a row is above permission level 0, but its sum in the document is not.
    summed(
        &["Employee Billing Summary", "Project Billing Summary", "Timesheet Billing Summary"],
        &["Timesheet"],
        These(&["amount"]),
        &["total_billable_amount"],
    ),
    from(&["Lead Details"], &["Address"]),
    from(&["Address And Contacts", "Addresses And Contacts"], &["Address", "Contact"]),
    from(&["Prospects Engaged But Not Converted"], &["Communication"]),
];

const OWED: &[&str] =
    &["Accounts Payable", "Accounts Payable Summary", "Accounts Receivable", "Accounts Receivable Summary"];
const PAID: &[&str] = &["paid_amount", "received_amount", "unallocated_amount"];
const BOOKED: &[&str] = &["debit", "credit"];
const ACCOUNTED: &[&str] = &["net_total", "total_taxes_and_charges", "tax_amount"];
/// What documents and their rows come to, and how much of it there is.
const TRADED: &[&str] = &["net_amount", "amount", "net_total", "stock_qty", "qty", "total_qty"];
const MOVED: &[&str] = &["actual_qty", "qty_after_transaction"];
const STOCKED: &[&str] = &[
    "actual_qty",
    "qty_after_transaction",
    "stock_value",
    "stock_value_difference",
    "valuation_rate",
    "incoming_rate",
    "outgoing_rate",
];
const INVOICES_AND_ORDERS: &[&str] = &[
    "Delivery Note",
    "Purchase Invoice",
    "Purchase Order",
    "Purchase Receipt",
    "Quotation",
    "Sales Invoice",
    "Sales Order",
];
