//! What ERPNext's code chooses by fields that it does not tell with it, as data: who asks it for one day, quantity or party after
//! another finds those fields by what is chosen.

/// One entry: what is chosen for whoever asks.
pub struct Chosen {
    /// What it is called where it is told.
    pub called: &'static [&'static str],
    /// By which fields of a DocType.
    pub by: &'static [(&'static str, &'static [&'static str])],
}

/// How the stock of an item at the end of a day is called here.
pub const STOCK_ON_A_DAY: &str = "actual_qty on a day";

/// All of them: which price of a list, which template of taxes of those that Tax Rules name, and what moved by a day.
pub const CHOSEN: &[Chosen] = &[
    Chosen {
        called: &["price_list_rate", "rate", "amount"],
        by: &[(
            "Item Price",
            &[
                "item_code",
                "price_list",
                "uom",
                "customer",
                "supplier",
                "valid_from",
                "valid_upto",
                "packing_unit",
                "batch_no",
            ],
        )],
    },
    Chosen { called: &["taxes_and_charges"], by: TAX_RULES },
    Chosen {
        called: &[STOCK_ON_A_DAY],
        by: &[("Stock Ledger Entry", &["posting_date", "posting_time", "actual_qty", "qty_after_transaction"])],
    },
    Chosen { called: &["tax_category"], by: &[("Address", &["tax_category"])] },
];

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
