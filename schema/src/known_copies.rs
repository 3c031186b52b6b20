//! Copies that ERPNext's code makes and that its metadata does not tell, as data. To add one: the field that holds the copy,
//! what it may be filled from, and why. Names of documents are such copies too.

mod own;

pub use own::{ABOVE, BESIDE, NAMED, UNFILLED};

/// Fields that hold documents of any DocType as they were, and so all that a rule withholds of these.
pub const WHOLE: &[(&str, &str)] = &[("Version", "data"), ("Deleted Document", "data"), ("Transaction Log", "data")];

/// One entry: fields that are filled from fields of other DocTypes.
pub struct Known {
    /// The DocType that holds the copies; with `None` every one that has such a field, in rows too. Links hold names and not
    /// what is copied, so they are left out.
    pub on: Option<&'static str>,
    /// The fields that hold them.
    pub fields: &'static [&'static str],
    /// What they may be filled from: a DocType and some of its fields.
    pub of: &'static [(&'static str, &'static [&'static str])],
}

/// The DocTypes that a Dynamic Link to a party may lead to.
pub const PARTIES: &[&str] = &["Customer", "Supplier", "Employee", "Lead", "Prospect", "Shareholder"];

/// The DocTypes whose fields ERPNext's code writes into fields of the same name, editable or not, of whatever links to them.
pub const MASTERS: &[&str] =
    &["Customer", "Supplier", "Employee", "Lead", "Prospect", "Shareholder", "Item", "Contact", "Address"];

/// Fields that say the same of each document that has them and are filled from no other.
pub const OWN: &[&str] = &["company", "disabled", "naming_series", "status"];

/// Entries that ERPNext's code makes of other documents, and to which no Dynamic Link leads.
pub const LEDGERS: &[&str] = &[
    "Account Closing Balance",
    "Advance Payment Ledger Entry",
    "GL Entry",
    "Payment Ledger Entry",
    "Stock Ledger Entry",
];

const ADDRESS: &[&str] = &[
    "address_title",
    "address_line1",
    "address_line2",
    "city",
    "county",
    "state",
    "country",
    "pincode",
    "phone",
    "fax",
    "email_id",
];

const COST: &[(&str, &[&str])] = &[
    ("Item", &["valuation_rate"]),
    ("Bin", &["valuation_rate"]),
    ("Stock Ledger Entry", &["valuation_rate", "incoming_rate"]),
];

/// What vouchers come to, as it is booked.
const BOOKED: &[(&str, &[&str])] = &[
    ("Sales Invoice", &["grand_total", "rounded_total", "outstanding_amount"]),
    ("Purchase Invoice", &["grand_total", "rounded_total", "outstanding_amount"]),
    ("Payment Entry", &["paid_amount", "received_amount"]),
    ("Journal Entry", &["total_debit", "total_credit", "accounts.debit", "accounts.credit"]),
];

/// What of a payment may be booked ahead of an invoice, or matched with what a bank says.
const PAID: &[(&str, &[&str])] = &[
    ("Payment Entry", &["paid_amount", "received_amount"]),
    ("Journal Entry", &["accounts.debit", "accounts.credit"]),
];

/// What a purchase came at.
const BOUGHT: &[(&str, &[&str])] = &[
    ("Item", &["last_purchase_rate"]),
    ("Purchase Order", &["items.rate", "items.net_rate"]),
    ("Purchase Receipt", &["items.rate", "items.net_rate"]),
];

const POSTED: &[(&str, &[&str])] = &[
    ("Sales Invoice", &["posting_date"]),
    ("Purchase Invoice", &["posting_date"]),
    ("Payment Entry", &["posting_date"]),
    ("Journal Entry", &["posting_date"]),
];

const MOVED_ON: &[(&str, &[&str])] = &[
    ("Delivery Note", &["posting_date"]),
    ("Purchase Invoice", &["posting_date"]),
    ("Purchase Receipt", &["posting_date"]),
    ("Sales Invoice", &["posting_date"]),
    ("Stock Entry", &["posting_date"]),
    ("Stock Reconciliation", &["posting_date"]),
    ("Subcontracting Receipt", &["posting_date"]),
    ("Asset Capitalization", &["posting_date"]),
];

const MOVED_AT: &[(&str, &[&str])] = &[
    ("Delivery Note", &["posting_time"]),
    ("Purchase Invoice", &["posting_time"]),
    ("Purchase Receipt", &["posting_time"]),
    ("Sales Invoice", &["posting_time"]),
    ("Stock Entry", &["posting_time"]),
    ("Stock Reconciliation", &["posting_time"]),
    ("Subcontracting Receipt", &["posting_time"]),
    ("Asset Capitalization", &["posting_time"]),
];

const REMARKED: &[(&str, &[&str])] = &[
    ("Sales Invoice", &["remarks"]),
    ("Purchase Invoice", &["remarks"]),
    ("Payment Entry", &["remarks"]),
    ("Journal Entry", &["remark", "user_remark"]),
    ("Purchase Receipt", &["remarks"]),
    ("Stock Entry", &["remarks"]),
    ("Subcontracting Receipt", &["remarks"]),
];

const RECEIVED_FOR: &[(&str, &[&str])] =
    &[("Purchase Invoice", &["grand_total", "rounded_total"]), ("Purchase Receipt", &["grand_total", "rounded_total"])];

/// What may be asked for of a document that is to be paid.
const ASKED_FOR: &[(&str, &[&str])] = &[
    ("Sales Invoice", &["grand_total", "rounded_total", "outstanding_amount"]),
    ("Purchase Invoice", &["grand_total", "rounded_total", "outstanding_amount"]),
    ("Sales Order", &["grand_total", "rounded_total"]),
    ("Purchase Order", &["grand_total", "rounded_total"]),
];

/// What says how much of a document is still to be paid.
pub(crate) const OPEN: &[(&str, &[&str])] = &[
    ("Sales Invoice", &["outstanding_amount"]),
    ("Purchase Invoice", &["outstanding_amount"]),
    ("Sales Order", &["grand_total", "rounded_total", "advance_paid"]),
    ("Purchase Order", &["grand_total", "rounded_total", "advance_paid"]),
];

/// What a material may be costed by.
const MATERIAL: &[(&str, &[&str])] = &[
    ("Item", &["valuation_rate", "last_purchase_rate"]),
    ("Bin", &["valuation_rate"]),
    ("Item Price", &["price_list_rate"]),
];

const fn everywhere(fields: &'static [&'static str], of: &'static [(&'static str, &'static [&'static str])]) -> Known {
    Known { on: None, fields, of }
}

const fn on(
    doctype: &'static str,
    field: &'static [&'static str],
    of: &'static [(&'static str, &'static [&'static str])],
) -> Known {
    Known { on: Some(doctype), fields: field, of }
}

/// All of them.
pub const KNOWN: &[Known] = &[
    // Whoever is chosen as the contact of a transaction; without one, what the party has from its primary contact.
    everywhere(
        &["contact_mobile", "contact_phone"],
        &[
            ("Contact", &["mobile_no", "phone"]),
            ("Customer", &["mobile_no"]),
            ("Supplier", &["mobile_no"]),
            ("Lead", &["mobile_no", "phone"]),
        ],
    ),
    everywhere(
        &["contact_email"],
        &[
            ("Contact", &["email_id"]),
            ("Customer", &["email_id"]),
            ("Supplier", &["email_id"]),
            ("Lead", &["email_id"]),
        ],
    ),
    everywhere(
        &["contact_display"],
        &[
            ("Contact", &["first_name", "middle_name", "last_name", "full_name"]),
            ("Lead", &["first_name", "middle_name", "last_name", "lead_name"]),
        ],
    ),
    // The first contact of a lead, a customer or a supplier is made of what its own form says; to whom it belongs stands in
    // its rows.
    on(
        "Contact",
        &["first_name"],
        &[("Lead", &["first_name", "lead_name"]), ("Customer", &["customer_name"]), ("Supplier", &["supplier_name"])],
    ),
    on("Contact", &["middle_name"], &[("Customer", &["customer_name"]), ("Supplier", &["supplier_name"])]),
    on(
        "Contact",
        &["last_name"],
        &[("Lead", &["last_name"]), ("Customer", &["customer_name"]), ("Supplier", &["supplier_name"])],
    ),
    on(
        "Contact",
        &["company_name"],
        &[("Lead", &["company_name"]), ("Customer", &["customer_name"]), ("Supplier", &["supplier_name"])],
    ),
    on("Contact", &["designation"], &[("Lead", &["job_title"])]),
    on("Contact", &["gender"], &[("Lead", &["gender"])]),
    on("Contact", &["salutation"], &[("Lead", &["salutation"])]),
    on("Contact", &["phone"], &[("Lead", &["phone"])]),
    on(
        "Contact",
        &["mobile_no"],
        &[("Lead", &["mobile_no"]), ("Customer", &["mobile_no"]), ("Supplier", &["mobile_no"])],
    ),
    on("Contact", &["email_id"], &[("Lead", &["email_id"]), ("Customer", &["email_id"]), ("Supplier", &["email_id"])]),
    // What the form of a contact shows is filled from its rows.
    on("Contact Email", &["email_id"], &[("Contact", &["email_id"])]),
    on("Contact Phone", &["phone"], &[("Contact", &["mobile_no", "phone"])]),
    // Addresses are printed into a text when they are chosen.
    everywhere(
        &[
            "address_display",
            "shipping_address",
            "shipping_address_display",
            "billing_address_display",
            "company_address_display",
            "dispatch_address",
            "dispatch_address_display",
            "primary_address",
        ],
        &[("Address", ADDRESS)],
    ),
    // What an item costs is written onto every row that moves or quotes it; stock values are that times a quantity, and
    // gross profit is the rate without it.
    everywhere(
        &[
            "incoming_rate",
            "outgoing_rate",
            "valuation_rate",
            "current_valuation_rate",
            "basic_rate",
            "stock_value",
            "stock_value_difference",
            "gross_profit",
        ],
        COST,
    ),
    // A bill of materials takes the cost of each item, by whatever it is set to go by, and sums it; work orders and supplied
    // materials take it from there. A serial number keeps what it came for.
    on("BOM Item", &["rate"], MATERIAL),
    on("BOM Explosion Item", &["rate"], MATERIAL),
    on("BOM Creator Item", &["rate"], MATERIAL),
    on("BOM", &["raw_material_cost", "total_cost"], MATERIAL),
    on("BOM Creator", &["raw_material_cost"], MATERIAL),
    on("Work Order Item", &["rate"], MATERIAL),
    on("Subcontracting Order Supplied Item", &["rate"], MATERIAL),
    on("Subcontracting Receipt Supplied Item", &["rate"], MATERIAL),
    on("Serial No", &["purchase_rate"], COST),
    // An item says what it was bought at last, and so do rows of it.
    everywhere(&["last_purchase_rate"], BOUGHT),
    // The rate of the price list stays on the row beside the rate that was agreed.
    everywhere(&["price_list_rate"], &[("Item Price", &["price_list_rate"])]),
    // An opportunity is filled from its party through a Dynamic Link, field by field.
    on("Opportunity", &["contact_mobile"], &[("Lead", &["mobile_no"])]),
    on("Opportunity", &["contact_email"], &[("Lead", &["email_id"])]),
    on("Opportunity", &["phone"], &[("Lead", &["phone"])]),
    on("Opportunity", &["phone_ext"], &[("Lead", &["phone_ext"])]),
    on("Opportunity", &["whatsapp"], &[("Lead", &["whatsapp_no"])]),
    on("Opportunity", &["job_title"], &[("Lead", &["job_title"])]),
    on("Opportunity", &["city"], &[("Lead", &["city"])]),
    on("Opportunity", &["state"], &[("Lead", &["state"])]),
    on("Opportunity", &["country"], &[("Lead", &["country"])]),
    on("Opportunity", &["annual_revenue"], &[("Lead", &["annual_revenue"]), ("Prospect", &["annual_revenue"])]),
    on("Opportunity", &["no_of_employees"], &[("Lead", &["no_of_employees"]), ("Prospect", &["no_of_employees"])]),
    on(
        "Opportunity",
        &["industry"],
        &[("Lead", &["industry"]), ("Prospect", &["industry"]), ("Customer", &["industry"])],
    ),
    on(
        "Opportunity",
        &["market_segment"],
        &[("Lead", &["market_segment"]), ("Prospect", &["market_segment"]), ("Customer", &["market_segment"])],
    ),
    on("Opportunity", &["website"], &[("Lead", &["website"]), ("Prospect", &["website"]), ("Customer", &["website"])]),
    on(
        "Opportunity",
        &["territory"],
        &[("Lead", &["territory"]), ("Prospect", &["territory"]), ("Customer", &["territory"])],
    ),
    on(
        "Opportunity",
        &["customer_name", "title"],
        &[("Lead", &["lead_name", "company_name"]), ("Prospect", &["company_name"]), ("Customer", &["customer_name"])],
    ),
    // The rows of a payment say what it was for, and how much of that was open.
    on(
        "Payment Entry Reference",
        &["total_amount"],
        &[
            ("Sales Invoice", &["grand_total", "rounded_total"]),
            ("Purchase Invoice", &["grand_total", "rounded_total"]),
            ("Sales Order", &["grand_total", "rounded_total"]),
            ("Purchase Order", &["grand_total", "rounded_total"]),
        ],
    ),
    on("Payment Entry Reference", &["outstanding_amount", "payment_term_outstanding"], OPEN),
    // They say when it is due, too, and by which number the supplier knows it: a Dynamic Link leads there.
    on(
        "Payment Entry Reference",
        &["due_date"],
        &[("Sales Invoice", &["due_date"]), ("Purchase Invoice", &["due_date"])],
    ),
    on("Payment Entry Reference", &["bill_no"], &[("Purchase Invoice", &["bill_no"])]),
    on(
        "Journal Entry Account",
        &["reference_due_date"],
        &[("Sales Invoice", &["due_date"]), ("Purchase Invoice", &["due_date"])],
    ),
    // An invoice says how much was paid ahead of it.
    everywhere(&["advance_amount"], &[("Payment Entry", &["paid_amount", "received_amount", "unallocated_amount"])]),
    on("Landed Cost Purchase Receipt", &["grand_total"], RECEIVED_FOR),
    on(
        "Landed Cost Purchase Receipt",
        &["posting_date"],
        &[("Purchase Invoice", &["posting_date"]), ("Purchase Receipt", &["posting_date"])],
    ),
    // A ledger is of the days of its vouchers, and says what these remark.
    on(
        "GL Entry",
        &["due_date"],
        &[("Sales Invoice", &["due_date"]), ("Purchase Invoice", &["due_date"]), ("Journal Entry", &["due_date"])],
    ),
    on(
        "Payment Ledger Entry",
        &["due_date"],
        &[("Sales Invoice", &["due_date"]), ("Purchase Invoice", &["due_date"]), ("Journal Entry", &["due_date"])],
    ),
    on("GL Entry", &["posting_date"], POSTED),
    on("Payment Ledger Entry", &["posting_date"], POSTED),
    on("Stock Ledger Entry", &["posting_date", "posting_datetime"], MOVED_ON),
    on("Stock Ledger Entry", &["posting_time", "posting_datetime"], MOVED_AT),
    on("GL Entry", &["posting_date"], MOVED_ON),
    on("GL Entry", &["remarks"], REMARKED),
    on("Payment Ledger Entry", &["remarks"], REMARKED),
    // The ledgers book what a voucher comes to, as a debit or a credit, in each of their currencies.
    on(
        "GL Entry",
        &[
            "debit",
            "debit_in_account_currency",
            "debit_in_transaction_currency",
            "debit_in_reporting_currency",
            "credit",
            "credit_in_account_currency",
            "credit_in_transaction_currency",
            "credit_in_reporting_currency",
        ],
        BOOKED,
    ),
    on("Payment Ledger Entry", &["amount", "amount_in_account_currency"], BOOKED),
    on("Advance Payment Ledger Entry", &["amount"], PAID),
    on("Bank Transaction Payments", &["allocated_amount"], PAID),
    // At the end of a period the ledger is summed up by account.
    on(
        "Account Closing Balance",
        &[
            "debit",
            "debit_in_account_currency",
            "debit_in_reporting_currency",
            "credit",
            "credit_in_account_currency",
            "credit_in_reporting_currency",
        ],
        &[("GL Entry", &["debit", "credit"])],
    ),
    // Points are given for the whole of an invoice.
    on(
        "Loyalty Point Entry",
        &["purchase_amount"],
        &[("Sales Invoice", &["grand_total", "rounded_total"]), ("POS Invoice", &["grand_total", "rounded_total"])],
    ),
    // Who asks for a payment, or reminds of one, says how much it is.
    on("Payment Request", &["grand_total", "outstanding_amount"], ASKED_FOR),
    on(
        "Overdue Payment",
        &["payment_amount", "outstanding"],
        &[("Sales Invoice", &["grand_total", "rounded_total", "outstanding_amount"])],
    ),
    on("Dunning", &["total_outstanding", "grand_total"], &[("Sales Invoice", &["outstanding_amount"])]),
    // A quotation carries the name of whom it is for.
    on("Quotation", &["customer_name"], &[("Lead", &["lead_name", "company_name"]), ("Customer", &["customer_name"])]),
];
