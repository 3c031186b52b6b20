//! What ERPNext's code chooses by fields that it does not tell with it, as data: who asks it for one day, quantity or party after
//! another finds those fields by what is chosen.

/// One entry: what is chosen for whoever asks.
pub struct Chosen {
    /// What it is called where it is told.
    pub called: &'static [&'static str],
    /// By which fields of a DocType, or columns of its rows.
    pub by: &'static [(&'static str, &'static [&'static str])],
    /// Whether it is known which documents it was chosen by: then a condition on reading them is asked of those.
    pub named: bool,
}

/// How the stock of an item at the end of a day is called here.
pub const STOCK_ON_A_DAY: &str = "actual_qty on a day";

/// All of them: which price of a list, which template of taxes of those that Tax Rules name, what moved by a day, which contact
/// and addresses of a party; and what an item or a party without an answer of its own takes from elsewhere.
pub const CHOSEN: &[Chosen] = &[
    among(&["price_list_rate", "rate", "amount"], PRICES),
    among(&["taxes_and_charges"], TAX_RULES),
    among(
        &[STOCK_ON_A_DAY],
        &[(
            "Stock Ledger Entry",
            &["posting_date", "posting_time", "posting_datetime", "actual_qty", "qty_after_transaction"],
        )],
    ),
    among(&["actual_qty", "projected_qty", "reserved_qty", "valuation_rate"], &[("Bin", &["item_code", "warehouse"])]),
    among(&["tax_category"], &[("Address", &["tax_category"])]),
    among(
        &[
            "contact_person",
            "contact_display",
            "contact_email",
            "contact_mobile",
            "contact_phone",
            "contact_designation",
            "contact_department",
        ],
        &[("Contact", &["is_primary_contact"])],
    ),
    among(
        &["customer_address", "supplier_address", "address_display"],
        &[("Address", &["is_primary_address", "disabled"])],
    ),
    among(
        &["shipping_address_name", "shipping_address"],
        &[("Address", &["is_shipping_address", "address_type", "disabled"])],
    ),
    from(
        &["warehouse"],
        &[
            ("Item Group", &["item_group_defaults.default_warehouse"]),
            ("Brand", &["brand_defaults.default_warehouse"]),
            ("Stock Settings", &["default_warehouse"]),
        ],
    ),
    from(
        &["income_account"],
        &[
            ("Company", &["default_income_account"]),
            ("Item Group", &["item_group_defaults.income_account"]),
            ("Brand", &["brand_defaults.income_account"]),
        ],
    ),
    from(
        &["expense_account"],
        &[
            ("Company", &["default_expense_account"]),
            ("Item Group", &["item_group_defaults.expense_account"]),
            ("Brand", &["brand_defaults.expense_account"]),
        ],
    ),
    from(
        &["cost_center"],
        &[
            ("Company", &["cost_center"]),
            ("Item Group", &["item_group_defaults.selling_cost_center", "item_group_defaults.buying_cost_center"]),
            ("Brand", &["brand_defaults.selling_cost_center", "brand_defaults.buying_cost_center"]),
        ],
    ),
    from(&["item_tax_template", "item_tax_rate"], &[("Item Group", &["taxes.item_tax_template"])]),
    from(&["currency"], &[("Company", &["default_currency"])]),
    from(&["selling_price_list"], &[("Customer Group", &["default_price_list"])]),
    from(&["payment_terms_template"], TERMS),
    from(&["due_date"], TERMS),
    from(
        &["due_date"],
        &[("Payment Terms Template", &["terms.due_date_based_on", "terms.credit_days", "terms.credit_months"])],
    ),
];

const fn among(called: &'static [&'static str], by: &'static [(&'static str, &'static [&'static str])]) -> Chosen {
    Chosen { called, by, named: false }
}

const fn from(called: &'static [&'static str], by: &'static [(&'static str, &'static [&'static str])]) -> Chosen {
    Chosen { called, by, named: true }
}

/// The fields by which a price that a list has for an item holds or does not.
pub const PRICE_HOLDS_BY: &[&str] =
    &["uom", "customer", "supplier", "valid_from", "valid_upto", "packing_unit", "batch_no"];

const PRICES: &[(&str, &[&str])] = &[("Item Price", &["item_code", "price_list"]), ("Item Price", PRICE_HOLDS_BY)];

const TERMS: &[(&str, &[&str])] =
    &[("Customer Group", &["payment_terms"]), ("Supplier Group", &["payment_terms"]), ("Company", &["payment_terms"])];

const TAX_RULES: &[(&str, &[&str])] = &[
    ("Customer", &["customer_group", "tax_category"]),
    ("Supplier", &["supplier_group", "tax_category"]),
    ("Address", &["city", "county", "state", "pincode", "country", "tax_category"]),
    (
        "Tax Rule",
        &[
            "customer",
            "supplier",
            "customer_group",
            "supplier_group",
            "tax_category",
            "billing_city",
            "billing_county",
            "billing_state",
            "billing_zipcode",
            "billing_country",
            "shipping_city",
            "shipping_county",
            "shipping_state",
            "shipping_zipcode",
            "shipping_country",
            "from_date",
            "to_date",
            "priority",
            "sales_tax_template",
            "purchase_tax_template",
        ],
    ),
];
