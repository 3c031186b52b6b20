//! The company itself: its accounts, warehouses, groups and lists of choices.

use AccountAccountType as Kind;
use AccountRootType::{Asset, Equity, Expense, Income, Liability};
use erpnext_doctypes::*;
use jiff::civil::date;

use super::words::{
    ABBR, BRANDS, COMPANY, COUNTRY, CURRENCY, CUSTOMER_GROUPS, INDUSTRIES, ITEM_GROUPS, SUPPLIER_GROUPS, TERRITORIES,
};
use super::{Sample, text};

/// The name of something that carries the company's abbreviation.
pub fn own(name: &str) -> String {
    format!("{name} - {ABBR}")
}

pub const DEBTORS: &str = "Debtors";
pub const CREDITORS: &str = "Creditors";
pub const BANK: &str = "Current Account";
pub const SALES: &str = "Sales of Goods";
pub const PURCHASES: &str = "Materials and Goods Bought";
pub const VAT: &str = "VAT";
pub const MAIN_STORE: &str = "Main Store";
pub const SHOWROOM: &str = "Showroom";
pub const WORKSHOP: &str = "Workshop";
pub const GOODS_IN: &str = "Goods In";
pub const SELLING_LIST: &str = "Standard Selling";
pub const BUYING_LIST: &str = "Standard Buying";

/// Account, parent, root, type; a parent comes before its children, and none has a type.
const ACCOUNTS: &[(&str, &str, AccountRootType, Option<AccountAccountType>)] = &[
    ("Assets", "", Asset, None),
    ("Current Assets", "Assets", Asset, None),
    (DEBTORS, "Current Assets", Asset, Some(Kind::Receivable)),
    (BANK, "Current Assets", Asset, Some(Kind::Bank)),
    ("Petty Cash", "Current Assets", Asset, Some(Kind::Cash)),
    ("Stock on Hand", "Current Assets", Asset, Some(Kind::Stock)),
    ("Fixed Assets", "Assets", Asset, None),
    ("Machines", "Fixed Assets", Asset, Some(Kind::FixedAsset)),
    ("Vans", "Fixed Assets", Asset, Some(Kind::FixedAsset)),
    ("Liabilities", "", Liability, None),
    ("Current Liabilities", "Liabilities", Liability, None),
    (CREDITORS, "Current Liabilities", Liability, Some(Kind::Payable)),
    (VAT, "Current Liabilities", Liability, Some(Kind::Tax)),
    ("Goods Received Not Billed", "Current Liabilities", Liability, Some(Kind::StockReceivedButNotBilled)),
    ("Capital", "", AccountRootType::Equity, None),
    ("Owners' Capital", "Capital", Equity, Some(Kind::Equity)),
    ("Earnings Kept", "Capital", Equity, Some(Kind::Equity)),
    ("Income", "", Income, None),
    (SALES, "Income", Income, Some(Kind::IncomeAccount)),
    ("Workshop Income", "Income", Income, Some(Kind::IncomeAccount)),
    ("Expenses", "", Expense, None),
    (PURCHASES, "Expenses", Expense, Some(Kind::CostOfGoodsSold)),
    ("Carriage", "Expenses", Expense, Some(Kind::ExpenseAccount)),
    ("Wages", "Expenses", Expense, Some(Kind::ExpenseAccount)),
    ("Rent", "Expenses", Expense, Some(Kind::ExpenseAccount)),
    ("Rounding", "Expenses", Expense, Some(Kind::RoundOff)),
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
        let currency = Currency {
            currency_name: text(name),
            enabled: Some(true),
            fraction: text(fraction),
            fraction_units: Some(100),
            symbol: text(symbol),
            number_format: text("#,###.##"),
            ..Currency::default()
        };
        sample.put(name, &currency);
    }
    for (name, code) in [("Ireland", "ie"), ("United Kingdom", "gb"), ("Germany", "de"), ("United States", "us")] {
        sample.put(name, &Country { country_name: text(name), code: text(code), ..Country::default() });
    }
}

fn lists(sample: &mut Sample<'_>) {
    for (name, whole) in [("Nos", true), ("Box", true), ("Hour", false), ("Meter", false), ("Litre", false)] {
        let uom =
            Uom { uom_name: text(name), enabled: Some(true), must_be_whole_number: Some(whole), ..Uom::default() };
        sample.put(name, &uom);
    }
    for brand in BRANDS {
        sample.put(brand, &Brand { brand: text(*brand), ..Brand::default() });
    }
    for industry in INDUSTRIES {
        sample.put(industry, &IndustryType { industry: text(*industry), ..IndustryType::default() });
    }
    for source in ["Walk In", "Website Form", "Trade Fair", "Recommendation"] {
        sample.put(source, &LeadSource { source_name: text(source), ..LeadSource::default() });
    }
    for stage in ["First Talk", "Needs Known", "Offer Made", "Haggling"] {
        sample.put(stage, &SalesStage { stage_name: text(stage), ..SalesStage::default() });
    }
    for priority in ["Low", "Medium", "High"] {
        sample.put(priority, &IssuePriority::default());
    }
    for kind in ["Delivery", "Quality", "Billing", "Question"] {
        sample.put(kind, &IssueType::default());
    }
    for kind in ["External", "Internal"] {
        sample.put(kind, &ProjectType { project_type: text(kind), ..ProjectType::default() });
    }
    for (name, selling) in [(SELLING_LIST, true), (BUYING_LIST, false)] {
        let list = PriceList {
            price_list_name: text(name),
            enabled: Some(true),
            currency: CURRENCY.into(),
            selling: Some(selling),
            buying: Some(!selling),
            ..PriceList::default()
        };
        sample.put(name, &list);
    }
    for (mode, kind) in [
        ("Bank Transfer", ModeOfPaymentType::Bank),
        ("Card", ModeOfPaymentType::Bank),
        ("Cash", ModeOfPaymentType::Cash),
    ] {
        let mode_of_payment = ModeOfPayment {
            mode_of_payment: text(mode),
            enabled: Some(true),
            r#type: kind.into(),
            ..ModeOfPayment::default()
        };
        sample.put(mode, &mode_of_payment);
    }
}

fn company(sample: &mut Sample<'_>) {
    for year in [2025, 2026] {
        let name = year.to_string();
        let fiscal = FiscalYear {
            year: text(&*name),
            year_start_date: Some(date(year, 1, 1)),
            year_end_date: Some(date(year, 12, 31)),
            ..FiscalYear::default()
        };
        sample.put(&name, &fiscal);
    }
    let company = Company {
        company_name: text(COMPANY),
        abbr: text(ABBR),
        default_currency: CURRENCY.into(),
        country: COUNTRY.into(),
        phone_no: text("+353 1 555 0100"),
        email: text("hello@alderway.example"),
        website: text("https://alderway.example"),
        default_bank_account: own(BANK).into(),
        default_receivable_account: own(DEBTORS).into(),
        default_payable_account: own(CREDITORS).into(),
        default_income_account: own(SALES).into(),
        default_expense_account: own(PURCHASES).into(),
        cost_center: own("Main").into(),
        enable_perpetual_inventory: Some(false),
        ..Company::default()
    };
    sample.put(COMPANY, &company);
    for (name, group) in [("All Work", true), ("Main", false), ("Workshop", false), ("Showroom", false)] {
        let cost_center = CostCenter {
            cost_center_name: text(name),
            company: COMPANY.into(),
            is_group: Some(group),
            parent_cost_center: if group { Default::default() } else { own("All Work").into() },
            ..CostCenter::default()
        };
        sample.put(&own(name), &cost_center);
    }
}

fn accounts(sample: &mut Sample<'_>) {
    let bounds = nested(&ACCOUNTS.iter().map(|(name, parent, ..)| (*name, *parent)).collect::<Vec<_>>());
    for ((name, parent, root, kind), (lft, rgt)) in ACCOUNTS.iter().zip(bounds) {
        let profit = matches!(root, Income | Expense);
        let account = Account {
            account_name: text(*name),
            company: COMPANY.into(),
            is_group: Some(kind.is_none()),
            root_type: (*root).into(),
            report_type: if profit { AccountReportType::ProfitAndLoss } else { AccountReportType::BalanceSheet }.into(),
            account_currency: CURRENCY.into(),
            parent_account: if parent.is_empty() { Default::default() } else { own(parent).into() },
            account_type: kind.map(Into::into).unwrap_or_default(),
            lft: Some(lft),
            rgt: Some(rgt),
            ..Account::default()
        };
        sample.put(&own(name), &account);
    }
}

fn warehouses(sample: &mut Sample<'_>) {
    const ALL: &str = "All Warehouses";
    let tree = [(ALL, ""), (MAIN_STORE, ALL), (SHOWROOM, ALL), (WORKSHOP, ALL), (GOODS_IN, ALL), ("Returns", ALL)];
    for ((name, parent), (lft, rgt)) in tree.iter().zip(nested(&tree)) {
        let warehouse = Warehouse {
            warehouse_name: text(*name),
            company: COMPANY.into(),
            is_group: Some(parent.is_empty()),
            parent_warehouse: if parent.is_empty() { Default::default() } else { own(parent).into() },
            lft: Some(lft),
            rgt: Some(rgt),
            ..Warehouse::default()
        };
        sample.put(&own(name), &warehouse);
    }
}

/// A root and its leaves, in four DocTypes of the same make.
macro_rules! tree {
    ($sample:ident, $ty:ident, $root:literal, $leaves:expr, $name:ident, $parent:ident) => {{
        let names: Vec<(&str, &str)> =
            std::iter::once(($root, "")).chain($leaves.iter().map(|leaf: &&'static str| (*leaf, $root))).collect();
        for ((name, parent), (lft, rgt)) in names.iter().zip(nested(&names)) {
            let node = $ty {
                $name: text(*name),
                $parent: if parent.is_empty() { Default::default() } else { (*parent).into() },
                is_group: Some(parent.is_empty()),
                lft: Some(lft),
                rgt: Some(rgt),
                ..$ty::default()
            };
            $sample.put(name, &node);
        }
    }};
}

fn groups(sample: &mut Sample<'_>) {
    tree!(sample, Territory, "All Territories", TERRITORIES, territory_name, parent_territory);
    tree!(sample, CustomerGroup, "All Customer Groups", CUSTOMER_GROUPS, customer_group_name, parent_customer_group);
    tree!(sample, SupplierGroup, "All Supplier Groups", SUPPLIER_GROUPS, supplier_group_name, parent_supplier_group);
    tree!(sample, ItemGroup, "All Item Groups", ITEM_GROUPS, item_group_name, parent_item_group);
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
