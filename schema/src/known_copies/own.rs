//! What a document's own fields say of each other, of its name, and of its rows.

/// Fields that ERPNext's code fills from others of the same document: the DocType, with `None` every one that has both; the
/// field; and what it says.
pub const BESIDE: &[(Option<&str>, &str, &[&str])] = &[
    (None, "in_words", &["grand_total", "rounded_total", "paid_amount", "received_amount"]),
    (None, "base_in_words", &["base_grand_total", "base_rounded_total", "base_paid_amount", "base_received_amount"]),
    (None, "total_amount_in_words", &["total_amount"]),
    // Taxes on a payment are rare.
    (None, "paid_amount_after_tax", &["paid_amount"]),
    (None, "received_amount_after_tax", &["received_amount"]),
    // Rounding leaves the most of it.
    (None, "rounded_total", &["grand_total"]),
    (None, "grand_total", &["rounded_total"]),
    // In the stock's unit, which is mostly the row's.
    (None, "stock_uom_rate", &["rate"]),
    (Some("Contact"), "full_name", &["first_name", "middle_name", "last_name", "company_name"]),
    (Some("Journal Entry"), "title", &["pay_to_recd_from"]),
    (Some("Lead"), "title", &["lead_name", "company_name"]),
    (Some("Material Request"), "title", &["items.item_name"]),
    (Some("Opportunity"), "title", &["customer_name"]),
    (Some("Payment Entry"), "title", &["party", "party_name"]),
];

/// Fields of rows that ERPNext's code fills from the document that holds them: the DocType of the rows, the field, and what of
/// the document it says. What is due at once is the whole, on the day of the whole, and so is the last running total of the
/// taxes.
pub const ABOVE: &[(&str, &str, &[&str])] = &[
    ("Payment Schedule", "due_date", &["due_date"]),
    ("Payment Schedule", "payment_amount", &["grand_total", "rounded_total"]),
    ("Payment Schedule", "outstanding", &["outstanding_amount", "grand_total", "rounded_total"]),
    ("Purchase Taxes and Charges", "total", &["grand_total", "rounded_total"]),
    ("Sales Taxes and Charges", "total", &["grand_total", "rounded_total"]),
];

/// Links to what goes with a document, or is made of it: nothing is filled from there. An invoice between two companies has
/// totals of its own.
pub const UNFILLED: &[&str] = &[
    "consolidated_credit_note",
    "consolidated_invoice",
    "inter_company_invoice_reference",
    "inter_company_journal_entry_reference",
    "inter_company_order_reference",
    "inter_company_reference",
    "return_against",
];

/// Fields that ERPNext's code makes the names of documents of, where no rule of naming tells that.
pub const NAMED: &[(&str, &[&str])] =
    &[("Address", &["address_title"]), ("Contact", &["first_name", "middle_name", "last_name", "company_name"])];
