//! The columns of the reports, as the site states them.

use super::columns::Column;

/// `Accounts Receivable`.
pub const RECEIVABLE: &[Column] = &[
    ("Posting Date", "posting_date", "Date", "", 90),
    ("Party Type", "party_type", "Data", "", 100),
    ("Party", "party", "Dynamic Link", "party_type", 180),
    ("Receivable Account", "party_account", "Link", "Account", 180),
    ("Customer Contact", "customer_primary_contact", "Link", "Contact", 120),
    ("Cost Center", "cost_center", "Data", "", 120),
    ("Voucher Type", "voucher_type", "Data", "", 120),
    ("Voucher No", "voucher_no", "Dynamic Link", "voucher_type", 180),
    ("Due Date", "due_date", "Date", "", 90),
    ("Invoiced Amount", "invoiced", "Currency", "currency", 120),
    ("Paid Amount", "paid", "Currency", "currency", 120),
    ("Credit Note", "credit_note", "Currency", "currency", 120),
    ("Outstanding Amount", "outstanding", "Currency", "currency", 120),
    ("Age (Days)", "age", "Int", "", 80),
    ("0-30", "range1", "Currency", "currency", 120),
    ("31-60", "range2", "Currency", "currency", 120),
    ("61-90", "range3", "Currency", "currency", 120),
    ("91-120", "range4", "Currency", "currency", 120),
    ("121-Above", "range5", "Currency", "currency", 120),
    ("Currency", "currency", "Link", "Currency", 80),
    ("Customer LPO", "po_no", "Data", "", 120),
    ("Territory", "territory", "Link", "Territory", 120),
    ("Customer Group", "customer_group", "Link", "Customer Group", 120),
];

/// `Accounts Payable`.
pub const PAYABLE: &[Column] = &[
    ("Posting Date", "posting_date", "Date", "", 90),
    ("Party Type", "party_type", "Data", "", 100),
    ("Party", "party", "Dynamic Link", "party_type", 180),
    ("Payable Account", "party_account", "Link", "Account", 180),
    ("Cost Center", "cost_center", "Data", "", 120),
    ("Voucher Type", "voucher_type", "Data", "", 120),
    ("Voucher No", "voucher_no", "Dynamic Link", "voucher_type", 180),
    ("Due Date", "due_date", "Date", "", 90),
    ("Bill No", "bill_no", "Data", "", 120),
    ("Bill Date", "bill_date", "Date", "", 90),
    ("Invoiced Amount", "invoiced", "Currency", "currency", 120),
    ("Paid Amount", "paid", "Currency", "currency", 120),
    ("Debit Note", "credit_note", "Currency", "currency", 120),
    ("Outstanding Amount", "outstanding", "Currency", "currency", 120),
    ("Age (Days)", "age", "Int", "", 80),
    ("0-30", "range1", "Currency", "currency", 120),
    ("31-60", "range2", "Currency", "currency", 120),
    ("61-90", "range3", "Currency", "currency", 120),
    ("91-120", "range4", "Currency", "currency", 120),
    ("121-Above", "range5", "Currency", "currency", 120),
    ("Currency", "currency", "Link", "Currency", 80),
    ("Supplier Group", "supplier_group", "Link", "Supplier Group", 120),
];

/// `Accounts Receivable Summary`.
pub const RECEIVABLE_SUMMARY: &[Column] = &[
    ("Party Type", "party_type", "Data", "", 100),
    ("Party", "party", "Dynamic Link", "party_type", 180),
    ("Advance Amount", "advance", "Currency", "currency", 120),
    ("Invoiced Amount", "invoiced", "Currency", "currency", 120),
    ("Paid Amount", "paid", "Currency", "currency", 120),
    ("Credit Note", "credit_note", "Currency", "currency", 120),
    ("Outstanding Amount", "outstanding", "Currency", "currency", 120),
    ("0-30", "range1", "Currency", "currency", 120),
    ("31-60", "range2", "Currency", "currency", 120),
    ("61-90", "range3", "Currency", "currency", 120),
    ("91-120", "range4", "Currency", "currency", 120),
    ("121-Above", "range5", "Currency", "currency", 120),
    ("Total Amount Due", "total_due", "Currency", "currency", 120),
    ("Territory", "territory", "Link", "Territory", 120),
    ("Customer Group", "customer_group", "Link", "Customer Group", 120),
    ("Currency", "currency", "Link", "Currency", 80),
];

/// `Accounts Payable Summary`.
pub const PAYABLE_SUMMARY: &[Column] = &[
    ("Party Type", "party_type", "Data", "", 100),
    ("Party", "party", "Dynamic Link", "party_type", 180),
    ("Advance Amount", "advance", "Currency", "currency", 120),
    ("Invoiced Amount", "invoiced", "Currency", "currency", 120),
    ("Paid Amount", "paid", "Currency", "currency", 120),
    ("Debit Note", "credit_note", "Currency", "currency", 120),
    ("Outstanding Amount", "outstanding", "Currency", "currency", 120),
    ("0-30", "range1", "Currency", "currency", 120),
    ("31-60", "range2", "Currency", "currency", 120),
    ("61-90", "range3", "Currency", "currency", 120),
    ("91-120", "range4", "Currency", "currency", 120),
    ("121-Above", "range5", "Currency", "currency", 120),
    ("Total Amount Due", "total_due", "Currency", "currency", 120),
    ("Supplier Group", "supplier_group", "Link", "Supplier Group", 120),
    ("Currency", "currency", "Link", "Currency", 80),
];

/// `Customer Ledger Summary`.
pub const CUSTOMER_SUMMARY: &[Column] = &[
    ("Customer", "party", "Link", "Customer", 200),
    ("Opening Balance", "opening_balance", "Currency", "currency", 120),
    ("Invoiced Amount", "invoiced_amount", "Currency", "currency", 120),
    ("Paid Amount", "paid_amount", "Currency", "currency", 120),
    ("Credit Note", "return_amount", "Currency", "currency", 120),
    ("Closing Balance", "closing_balance", "Currency", "currency", 120),
    ("Currency", "currency", "Link", "Currency", 50),
    ("Territory", "territory", "Link", "Territory", 0),
    ("Customer Group", "customer_group", "Link", "Customer Group", 0),
];

/// `Supplier Ledger Summary`.
pub const SUPPLIER_SUMMARY: &[Column] = &[
    ("Supplier", "party", "Link", "Supplier", 200),
    ("Opening Balance", "opening_balance", "Currency", "currency", 120),
    ("Invoiced Amount", "invoiced_amount", "Currency", "currency", 120),
    ("Paid Amount", "paid_amount", "Currency", "currency", 120),
    ("Debit Note", "return_amount", "Currency", "currency", 120),
    ("Closing Balance", "closing_balance", "Currency", "currency", 120),
    ("Currency", "currency", "Link", "Currency", 50),
    ("Supplier Group", "supplier_group", "Link", "Supplier Group", 0),
];

/// `General Ledger`.
pub const GENERAL_LEDGER: &[Column] = &[
    ("GL Entry", "gl_entry", "Link", "GL Entry", 0),
    ("Posting Date", "posting_date", "Date", "", 100),
    ("Account", "account", "Link", "Account", 180),
    ("Debit ({currency})", "debit", "Currency", "presentation_currency", 130),
    ("Credit ({currency})", "credit", "Currency", "presentation_currency", 130),
    ("Balance ({currency})", "balance", "Currency", "presentation_currency", 130),
    ("Voucher Type", "voucher_type", "", "", 120),
    ("Voucher Subtype", "voucher_subtype", "Data", "", 180),
    ("Voucher No", "voucher_no", "Dynamic Link", "voucher_type", 180),
    ("Against Account", "against", "", "", 120),
    ("Party Type", "party_type", "", "", 100),
    ("Party", "party", "", "", 100),
    ("Against Voucher Type", "against_voucher_type", "", "", 100),
    ("Against Voucher", "against_voucher", "Dynamic Link", "against_voucher_type", 100),
    ("Supplier Invoice No", "bill_no", "Data", "", 100),
];

/// `Item Balance (Simple)`.
pub const ITEM_BALANCE: &[Column] = &[
    ("Item", "item", "Link", "Item", 120),
    ("Item Name", "item_name", "", "", 150),
    ("Item Group", "item_group", "Link", "Item Group", 120),
    ("Brand", "brand", "Link", "Brand", 120),
    ("Description", "description", "", "", 150),
    ("Warehouse", "warehouse", "Link", "Warehouse", 120),
    ("Balance Qty", "balance_qty", "Float", "", 140),
];

/// `Lead Details`.
pub const LEADS: &[Column] = &[
    ("Lead", "name", "Link", "Lead", 150),
    ("Lead Name", "lead_name", "Data", "", 120),
    ("Status", "status", "Data", "", 100),
    ("Lead Owner", "lead_owner", "Link", "User", 100),
    ("Territory", "territory", "Link", "Territory", 100),
    ("Source", "source", "Data", "", 120),
    ("Email", "email_id", "Data", "", 120),
    ("Mobile", "mobile_no", "Data", "", 120),
    ("Phone", "phone", "Data", "", 120),
    ("Owner", "owner", "Link", "user", 120),
    ("Company", "company", "Link", "Company", 120),
    ("Address", "address", "Data", "", 130),
    ("Postal Code", "pincode", "Data", "", 90),
    ("City", "city", "Data", "", 100),
    ("State/Province", "state", "Data", "", 100),
    ("Country", "country", "Link", "Country", 100),
];

/// `Sales Register`.
pub const SALES_REGISTER: &[Column] = &[
    ("Voucher Type", "voucher_type", "", "", 120),
    ("Voucher", "voucher_no", "Dynamic Link", "voucher_type", 120),
    ("Posting Date", "posting_date", "Date", "", 80),
    ("Customer", "customer", "Link", "Customer", 120),
    ("Customer Name", "customer_name", "Data", "", 120),
    ("Customer Group", "customer_group", "Link", "Customer Group", 120),
    ("Territory", "territory", "Link", "Territory", 80),
    ("Tax Id", "tax_id", "Data", "", 80),
    ("Receivable Account", "receivable_account", "Link", "Account", 100),
    ("Mode Of Payment", "mode_of_payment", "Data", "", 120),
    ("Project", "project", "Link", "Project", 80),
    ("Owner", "owner", "Data", "", 100),
    ("Sales Order", "sales_order", "Link", "Sales Order", 100),
    ("Delivery Note", "delivery_note", "Link", "Delivery Note", 100),
    ("Cost Center", "cost_center", "Link", "Cost Center", 100),
    ("Warehouse", "warehouse", "Link", "Warehouse", 100),
    ("Currency", "currency", "Data", "", 80),
    ("Net Total", "net_total", "Currency", "currency", 120),
    ("Tax Total", "tax_total", "Currency", "currency", 120),
    ("Grand Total", "grand_total", "Currency", "currency", 120),
    ("Rounded Total", "rounded_total", "Currency", "currency", 120),
    ("Outstanding Amount", "outstanding_amount", "Currency", "currency", 120),
    ("Remarks", "remarks", "Data", "", 150),
];

/// `Purchase Register`.
pub const PURCHASE_REGISTER: &[Column] = &[
    ("Voucher Type", "voucher_type", "", "", 120),
    ("Voucher", "voucher_no", "Dynamic Link", "voucher_type", 120),
    ("Posting Date", "posting_date", "Date", "", 80),
    ("Supplier", "supplier_id", "Link", "Supplier", 120),
    ("Supplier Name", "supplier_name", "Data", "", 120),
    ("Supplier Group", "supplier_group", "Link", "Supplier Group", 120),
    ("Tax Id", "tax_id", "Data", "", 80),
    ("Payable Account", "payable_account", "Link", "Account", 100),
    ("Mode Of Payment", "mode_of_payment", "Data", "", 120),
    ("Project", "project", "Link", "Project", 80),
    ("Bill No", "bill_no", "Data", "", 120),
    ("Bill Date", "bill_date", "Date", "", 80),
    ("Purchase Order", "purchase_order", "Link", "Purchase Order", 100),
    ("Purchase Receipt", "purchase_receipt", "Link", "Purchase Receipt", 100),
    ("Currency", "currency", "Data", "", 80),
    ("Net Total", "net_total", "Currency", "currency", 120),
    ("Total Tax", "total_tax", "Currency", "currency", 120),
    ("Grand Total", "grand_total", "Currency", "currency", 120),
    ("Rounded Total", "rounded_total", "Currency", "currency", 120),
    ("Outstanding Amount", "outstanding_amount", "Currency", "currency", 120),
    ("Remarks", "remarks", "Data", "", 120),
];

/// `Sales Order Analysis`.
pub const SALES_ORDERS: &[Column] = &[
    ("Date", "date", "Date", "", 90),
    ("Sales Order", "sales_order", "Link", "Sales Order", 160),
    ("Status", "status", "Data", "", 130),
    ("Customer", "customer", "Link", "Customer", 130),
    ("Item Code", "item_code", "Link", "Item", 100),
    ("Description", "description", "Small Text", "", 100),
    ("Qty", "qty", "Float", "", 120),
    ("Delivered Qty", "delivered_qty", "Float", "", 120),
    ("Qty to Deliver", "pending_qty", "Float", "", 120),
    ("Billed Qty", "billed_qty", "Float", "", 80),
    ("Qty to Bill", "qty_to_bill", "Float", "", 80),
    ("Amount", "amount", "Currency", "Company:company:default_currency", 110),
    ("Billed Amount", "billed_amount", "Currency", "Company:company:default_currency", 110),
    ("Pending Amount", "pending_amount", "Currency", "Company:company:default_currency", 130),
    ("Amount Delivered", "delivered_qty_amount", "Currency", "Company:company:default_currency", 100),
    ("Delivery Date", "delivery_date", "Date", "", 120),
    ("Delay (in Days)", "delay", "Data", "", 100),
    ("Time Taken to Deliver", "time_taken_to_deliver", "Duration", "", 100),
    ("Warehouse", "warehouse", "Link", "Warehouse", 100),
    ("Company", "company", "Link", "Company", 100),
];

/// `Territory-wise Sales`.
pub const TERRITORIES: &[Column] = &[
    ("Territory", "territory", "Link", "Territory", 150),
    ("Opportunity Amount", "opportunity_amount", "Currency", "USD", 150),
    ("Quotation Amount", "quotation_amount", "Currency", "USD", 150),
    ("Order Amount", "order_amount", "Currency", "USD", 150),
    ("Billing Amount", "billing_amount", "Currency", "USD", 150),
];

/// `Trial Balance (Simple)`.
pub const TRIAL_BALANCE: &[Column] = &[
    ("Fiscal Year", "fiscal_year", "Data", "", 80),
    ("Company", "company", "Data", "", 220),
    ("Posting Date", "posting_date", "Date", "", 100),
    ("Account", "account", "Data", "", 380),
    ("Debit", "debit", "Currency", "", 140),
    ("Credit", "credit", "Currency", "", 140),
    ("Finance Book", "finance_book", "Link", "Finance Book", 140),
];
