//! The company itself: its accounts, warehouses, groups and lists of choices.

use jiff::civil::date;

use super::words::{
    ABBR, BRANDS, COMPANY, COUNTRY, CURRENCY, CUSTOMER_GROUPS, INDUSTRIES, ITEM_GROUPS, SUPPLIER_GROUPS, TERRITORIES,
};
use super::{Choice, Sample};
use crate::doc::Doc;

/// The name of something that carries the company's abbreviation.
pub fn own(name: &str) -> String {
    format!("{name} - {ABBR}")
}

pub const DEBTORS: &str = "Debtors";
pub const CREDITORS: &str = "Creditors";
pub const BANK: &str = "Current Account";
const PETTY_CASH: &str = "Petty Cash";
pub const SALES: &str = "Sales of Goods";
pub const PURCHASES: &str = "Materials and Goods Bought";
pub const VAT: &str = "VAT";
pub const MAIN_STORE: &str = "Main Store";
pub const SHOWROOM: &str = "Showroom";
pub const WORKSHOP: &str = "Workshop";
/// Where leads come from.
pub const SOURCES: &[&str] = &["Walk In", "Website Form", "Trade Fair", "Recommendation"];
pub const GOODS_IN: &str = "Goods In";
pub const SELLING_LIST: &str = "Standard Selling";
pub const BUYING_LIST: &str = "Standard Buying";

/// Account, parent, root, type; a parent comes before its children, and none has a type.
const ACCOUNTS: &[(&str, &str, Choice, Option<Choice>)] = &[
    ("Assets", "", "Asset", None),
    ("Current Assets", "Assets", "Asset", None),
    (DEBTORS, "Current Assets", "Asset", Some("Receivable")),
    (BANK, "Current Assets", "Asset", Some("Bank")),
    (PETTY_CASH, "Current Assets", "Asset", Some("Cash")),
    ("Stock on Hand", "Current Assets", "Asset", Some("Stock")),
    ("Fixed Assets", "Assets", "Asset", None),
    ("Machines", "Fixed Assets", "Asset", Some("Fixed Asset")),
    ("Vans", "Fixed Assets", "Asset", Some("Fixed Asset")),
    ("Liabilities", "", "Liability", None),
    ("Current Liabilities", "Liabilities", "Liability", None),
    (CREDITORS, "Current Liabilities", "Liability", Some("Payable")),
    (VAT, "Current Liabilities", "Liability", Some("Tax")),
    ("Goods Received Not Billed", "Current Liabilities", "Liability", Some("Stock Received But Not Billed")),
    ("Capital", "", "Equity", None),
    ("Owners' Capital", "Capital", "Equity", Some("Equity")),
    ("Earnings Kept", "Capital", "Equity", Some("Equity")),
    ("Income", "", "Income", None),
    (SALES, "Income", "Income", Some("Income Account")),
    ("Workshop Income", "Income", "Income", Some("Income Account")),
    ("Expenses", "", "Expense", None),
    (PURCHASES, "Expenses", "Expense", Some("Cost of Goods Sold")),
    ("Carriage", "Expenses", "Expense", Some("Expense Account")),
    ("Wages", "Expenses", "Expense", Some("Expense Account")),
    ("Rent", "Expenses", "Expense", Some("Expense Account")),
    ("Rounding", "Expenses", "Expense", Some("Round Off")),
];

pub fn write(sample: &mut Sample<'_>) {
    places(sample);
    lists(sample);
    company(sample);
    accounts(sample);
    warehouses(sample);
    groups(sample);
}

fn places(sample: &mut Sample<'_>) {
    for (name, fraction, symbol) in [("EUR", "Cent", "€"), ("USD", "Cent", "$"), ("GBP", "Penny", "£")] {
        sample.put("Currency", name, currency(name, fraction, symbol));
    }
    for (name, code) in [("Ireland", "ie"), ("United Kingdom", "gb"), ("Germany", "de"), ("United States", "us")] {
        sample.put("Country", name, fields! { country_name: name, code });
    }
}

fn currency(name: &str, fraction: &str, symbol: &str) -> Doc {
    fields! {
        currency_name: name,
        enabled: true,
        fraction,
        fraction_units: 100,
        symbol,
        number_format: "#,###.##",
    }
}

fn lists(sample: &mut Sample<'_>) {
    for (name, whole) in [("Nos", true), ("Box", true), ("Hour", false), ("Meter", false), ("Litre", false)] {
        let uom = fields! { uom_name: name, enabled: true, must_be_whole_number: whole };
        sample.put("UOM", name, uom);
    }
    for brand in BRANDS {
        sample.put("Brand", brand, fields! { brand: *brand });
    }
    for industry in INDUSTRIES {
        sample.put("Industry Type", industry, fields! { industry: *industry });
    }
    // What 15 calls a lead's source is one of the UTM sources of 16.
    for source in SOURCES {
        sample.put("Lead Source", source, fields! { source_name: *source });
        sample.put("UTM Source", source, Doc::new());
    }
    for stage in ["First Talk", "Needs Known", "Offer Made", "Haggling"] {
        sample.put("Sales Stage", stage, fields! { stage_name: stage });
    }
    for priority in ["Low", "Medium", "High"] {
        sample.put("Issue Priority", priority, Doc::new());
    }
    for kind in ["Delivery", "Quality", "Billing", "Question"] {
        sample.put("Issue Type", kind, Doc::new());
    }
    for kind in ["External", "Internal"] {
        sample.put("Project Type", kind, fields! { project_type: kind });
    }
    for (name, selling) in [(SELLING_LIST, true), (BUYING_LIST, false)] {
        let list = fields! {
            price_list_name: name,
            enabled: true,
            currency: CURRENCY,
            selling,
            buying: !selling,
        };
        sample.put("Price List", name, list);
    }
    // Nobody set up which account cards are paid to.
    for (mode, kind, account) in
        [("Bank Transfer", "Bank", Some(BANK)), ("Card", "Bank", None), ("Cash", "Cash", Some(PETTY_CASH))]
    {
        let accounts = account.map(|account| fields! { company: COMPANY, default_account: own(account) });
        let mode_of_payment = fields! {
            mode_of_payment: mode,
            enabled: true,
            r#type: kind,
            accounts: accounts.into_iter().collect::<Vec<_>>(),
        };
        sample.put("Mode of Payment", mode, mode_of_payment);
    }
}

fn company(sample: &mut Sample<'_>) {
    for year in [2025, 2026] {
        let name = year.to_string();
        let fiscal = fields! {
            year: &*name,
            year_start_date: date(year, 1, 1),
            year_end_date: date(year, 12, 31),
        };
        sample.put("Fiscal Year", &name, fiscal);
    }
    let company = fields! {
        company_name: COMPANY,
        abbr: ABBR,
        default_currency: CURRENCY,
        country: COUNTRY,
        phone_no: "+353 1 555 0100",
        email: "hello@alderway.example",
        website: "https://alderway.example",
        default_bank_account: own(BANK),
        default_receivable_account: own(DEBTORS),
        default_payable_account: own(CREDITORS),
        default_income_account: own(SALES),
        default_expense_account: own(PURCHASES),
        cost_center: own("Main"),
        enable_perpetual_inventory: false,
    };
    sample.put("Company", COMPANY, company);
    for (name, group) in [("All Work", true), ("Main", false), ("Workshop", false), ("Showroom", false)] {
        let cost_center = fields! {
            cost_center_name: name,
            company: COMPANY,
            is_group: group,
            parent_cost_center: (!group).then(|| own("All Work")),
        };
        sample.put("Cost Center", &own(name), cost_center);
    }
}

fn accounts(sample: &mut Sample<'_>) {
    let bounds = nested(&ACCOUNTS.iter().map(|(name, parent, ..)| (*name, *parent)).collect::<Vec<_>>());
    for (&(name, parent, root, kind), (lft, rgt)) in ACCOUNTS.iter().zip(bounds) {
        let profit = matches!(root, "Income" | "Expense");
        let account = fields! {
            account_name: name,
            company: COMPANY,
            is_group: kind.is_none(),
            root_type: root,
            report_type: if profit { "Profit and Loss" } else { "Balance Sheet" },
            account_currency: CURRENCY,
            parent_account: (!parent.is_empty()).then(|| own(parent)),
            account_type: kind,
            lft,
            rgt,
        };
        sample.put("Account", &own(name), account);
    }
}

fn warehouses(sample: &mut Sample<'_>) {
    const ALL: &str = "All Warehouses";
    let tree = [(ALL, ""), (MAIN_STORE, ALL), (SHOWROOM, ALL), (WORKSHOP, ALL), (GOODS_IN, ALL), ("Returns", ALL)];
    for ((name, parent), (lft, rgt)) in tree.iter().zip(nested(&tree)) {
        let warehouse = fields! {
            warehouse_name: *name,
            company: COMPANY,
            is_group: parent.is_empty(),
            parent_warehouse: (!parent.is_empty()).then(|| own(parent)),
            lft,
            rgt,
        };
        sample.put("Warehouse", &own(name), warehouse);
    }
}

fn groups(sample: &mut Sample<'_>) {
    tree(sample, "Territory", "All Territories", TERRITORIES);
    tree(sample, "Customer Group", "All Customer Groups", CUSTOMER_GROUPS);
    tree(sample, "Supplier Group", "All Supplier Groups", SUPPLIER_GROUPS);
    tree(sample, "Item Group", "All Item Groups", ITEM_GROUPS);
}

/// What the site fills in where nobody says: nearly every paper is of the one company.
pub fn defaults(sample: &mut Sample<'_>) {
    let defaults = fields! { default_company: COMPANY, default_currency: CURRENCY, country: COUNTRY };
    sample.put("Global Defaults", "Global Defaults", defaults);
}

/// What papers choose from that the sample's own papers do not.
pub fn choices(sample: &mut Sample<'_>) {
    for purpose in ["Material Issue", "Material Receipt", "Material Transfer"] {
        sample.put("Stock Entry Type", purpose, fields! { purpose, is_standard: true });
    }
    for (name, rate) in [("Workshop Hours", 38.0), ("Fitting on Site", 46.0), ("Drawing Office", 52.0)] {
        sample.put("Activity Type", name, fields! { activity_type: name, billing_rate: rate });
    }
    for (name, days) in [("Within 14 Days", 14_i64), ("Within 30 Days", 30)] {
        let term = fields! {
            invoice_portion: 100.0,
            due_date_based_on: "Day(s) after invoice date",
            credit_days: days,
        };
        sample.put("Payment Terms Template", name, fields! { template_name: name, terms: vec![term] });
    }
    for purpose in ["Material Transfer for Manufacture", "Manufacture", "Material Consumption for Manufacture"] {
        sample.put("Stock Entry Type", purpose, fields! { purpose, is_standard: true });
    }
    for (name, fraction, symbol) in
        [("CHF", "Rappen", "Fr"), ("DKK", "Øre", "kr"), ("JPY", "Sen", "¥"), ("SEK", "Öre", "kr")]
    {
        sample.put("Currency", name, currency(name, fraction, symbol));
    }
}

/// A root and its leaves, in a DocType whose documents are named by `<doctype>_name` and hang on `parent_<doctype>`.
fn tree(sample: &mut Sample<'_>, doctype: &'static str, root: &'static str, leaves: &[&'static str]) {
    let key = doctype.to_lowercase().replace(' ', "_");
    let names: Vec<(&str, &str)> = std::iter::once((root, "")).chain(leaves.iter().map(|leaf| (*leaf, root))).collect();
    for ((name, parent), (lft, rgt)) in names.iter().zip(nested(&names)) {
        let mut node = fields! { is_group: parent.is_empty(), lft, rgt };
        node.insert(format!("{key}_name"), (*name).into());
        node.insert(format!("parent_{key}"), (*parent).into());
        sample.put(doctype, name, node);
    }
}

/// `lft` and `rgt` of each node of a tree that is listed with its parents, depth first.
fn nested(tree: &[(&str, &str)]) -> Vec<(i64, i64)> {
    let mut bounds = vec![(0, 0); tree.len()];
    let mut open: Vec<usize> = Vec::new();
    let mut next = 0;
    let mut step = || {
        next += 1;
        next
    };
    for (at, (_, parent)) in tree.iter().enumerate() {
        while open.last().is_some_and(|&node| tree[node].0 != *parent) {
            if let Some(closed) = open.pop() {
                bounds[closed].1 = step();
            }
        }
        bounds[at].0 = step();
        open.push(at);
    }
    while let Some(closed) = open.pop() {
        bounds[closed].1 = step();
    }
    bounds
}
