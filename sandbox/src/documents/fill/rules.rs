//! The fields that ERPNext's own code fills in where nothing was sent, as data: of which DocTypes, and from where.

use Source::{Linked, Number, Own, Parent, ParentLinked, Setting, Text};

/// Where a value comes from.
#[derive(Clone, Copy, Debug)]
pub enum Source {
    /// Another field of the same document or row.
    Own(&'static str),
    /// A Link of the document, and a field of the document that it names.
    Linked(&'static str, &'static str),
    /// A field of the document that the row is of.
    Parent(&'static str),
    /// A Link of that document, and a field of the document that it names.
    ParentLinked(&'static str, &'static str),
    /// A Single and its field.
    Setting(&'static str, &'static str),
    /// The same text always.
    Text(&'static str),
    /// The same number always.
    Number(f64),
}

/// A field, and the sources of which the first that has a value fills it.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Of these DocTypes.
    pub of: &'static [&'static str],
    /// Which field.
    pub field: &'static str,
    /// From where.
    pub from: &'static [Source],
}

const fn rule(of: &'static [&'static str], field: &'static str, from: &'static [Source]) -> Rule {
    Rule { of, field, from }
}

const SALES: &[&str] = &["Sales Order", "Delivery Note", "Sales Invoice", "POS Invoice"];
const SELLING: &[&str] = &["Quotation", "Sales Order", "Delivery Note", "Sales Invoice", "POS Invoice"];
const BUYING: &[&str] = &["Supplier Quotation", "Purchase Order", "Purchase Receipt", "Purchase Invoice"];
const SELLING_ROWS: &[&str] =
    &["Quotation Item", "Sales Order Item", "Delivery Note Item", "Sales Invoice Item", "POS Invoice Item"];
const BUYING_ROWS: &[&str] =
    &["Supplier Quotation Item", "Purchase Order Item", "Purchase Receipt Item", "Purchase Invoice Item"];
const ITEM_ROWS: &[&[&str]] =
    &[SELLING_ROWS, BUYING_ROWS, &["Material Request Item", "Opportunity Item", "Stock Entry Detail"]];

/// Whether this is a row of an item.
pub fn is_item_row(doctype: &str) -> bool {
    ITEM_ROWS.iter().any(|rows| rows.contains(&doctype))
}

/// What a row takes from its item: (the row's field, the item's).
pub const FROM_ITEM: &[(&str, &str)] = &[
    ("item_name", "item_name"),
    ("description", "description"),
    ("item_group", "item_group"),
    ("brand", "brand"),
    ("image", "image"),
    ("stock_uom", "stock_uom"),
    ("uom", "stock_uom"),
];

/// What a row has from its document, whatever was sent.
pub const FOLLOWS: &[(&str, &str)] = &[("Sales Order Item", "reserve_stock")];

/// What is the latest of the rows, whatever was sent.
pub const LATEST: &[(&str, &str)] = &[("Sales Order", "delivery_date")];

/// What an empty field holds once its document is submitted.
pub const SUBMITTED: &[(&str, &str, &str)] =
    &[("Sales Invoice", "remarks", "No Remarks"), ("Purchase Invoice", "remarks", "No Remarks")];

/// Every rule, in the order of its working: what one fills another may take.
pub const RULES: &[Rule] = &[
    rule(&["Lead"], "title", &[Own("company_name"), Own("lead_name")]),
    rule(SALES, "currency", &[Linked("customer", "default_currency"), Linked("company", "default_currency")]),
    rule(&["Quotation"], "currency", &[Linked("company", "default_currency")]),
    rule(BUYING, "currency", &[Linked("supplier", "default_currency"), Linked("company", "default_currency")]),
    rule(SALES, "selling_price_list", &[Linked("customer", "default_price_list")]),
    rule(SELLING, "selling_price_list", &[Setting("Selling Settings", "selling_price_list"), Text("Standard Selling")]),
    rule(BUYING, "buying_price_list", &[Linked("supplier", "default_price_list")]),
    rule(BUYING, "buying_price_list", &[Setting("Buying Settings", "buying_price_list"), Text("Standard Buying")]),
    rule(SELLING, "price_list_currency", &[Linked("selling_price_list", "currency"), Own("currency")]),
    rule(BUYING, "price_list_currency", &[Linked("buying_price_list", "currency"), Own("currency")]),
    rule(SELLING, "plc_conversion_rate", &[Number(1.0)]),
    rule(BUYING, "plc_conversion_rate", &[Number(1.0)]),
    rule(SALES, "tax_category", &[Linked("customer", "tax_category"), Text("")]),
    rule(SALES, "customer_group", &[Linked("customer", "customer_group")]),
    rule(SALES, "territory", &[Linked("customer", "territory")]),
    rule(SALES, "language", &[Linked("customer", "language")]),
    rule(BUYING, "language", &[Linked("supplier", "language")]),
    rule(&["Sales Invoice", "Purchase Invoice"], "due_date", &[Own("posting_date")]),
    rule(&["Sales Invoice"], "debit_to", &[Linked("company", "default_receivable_account")]),
    rule(&["Purchase Invoice"], "credit_to", &[Linked("company", "default_payable_account")]),
    rule(&["Sales Invoice"], "party_account_currency", &[Linked("debit_to", "account_currency"), Own("currency")]),
    rule(&["Purchase Invoice"], "party_account_currency", &[Linked("credit_to", "account_currency"), Own("currency")]),
    rule(SELLING_ROWS, "conversion_factor", &[Number(1.0)]),
    rule(BUYING_ROWS, "conversion_factor", &[Number(1.0)]),
    rule(&["Material Request Item", "Stock Entry Detail"], "conversion_factor", &[Number(1.0)]),
    rule(SELLING_ROWS, "item_tax_rate", &[Text("{}")]),
    rule(BUYING_ROWS, "item_tax_rate", &[Text("{}")]),
    rule(SELLING_ROWS, "cost_center", &[ParentLinked("company", "cost_center")]),
    rule(BUYING_ROWS, "cost_center", &[ParentLinked("company", "cost_center")]),
    rule(&["Sales Order Item"], "delivery_date", &[Parent("delivery_date")]),
    rule(&["Sales Order Item"], "transaction_date", &[Parent("transaction_date")]),
    rule(&["Purchase Order Item", "Material Request Item"], "schedule_date", &[Parent("schedule_date")]),
    rule(&["Sales Invoice Item"], "income_account", &[ParentLinked("company", "default_income_account")]),
    rule(
        &["Sales Invoice Item", "Delivery Note Item", "Purchase Invoice Item"],
        "expense_account",
        &[ParentLinked("company", "default_expense_account")],
    ),
    rule(&["Sales Invoice Item", "Delivery Note Item"], "use_serial_batch_fields", &[Number(1.0)]),
];

/// The rules of a DocType.
pub fn of(doctype: &str) -> impl Iterator<Item = &'static Rule> {
    RULES.iter().filter(move |rule| rule.of.contains(&doctype))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use erpnext_schema::Version;

    use super::{FROM_ITEM, ITEM_ROWS, RULES, Source};

    #[test]
    fn every_rule_names_fields_that_exist() {
        for rule in RULES {
            for doctype in rule.of {
                let def = erpnext_doctypes::get(Version::V15, doctype).unwrap_or_else(|| panic!("no {doctype}"));
                let known = |field: &str| assert!(def.field(field).is_some(), "{doctype} has no {field}");
                // Not every DocType of a group has every field of the group.
                assert!(
                    rule.of
                        .iter()
                        .any(|of| erpnext_doctypes::get(Version::V15, of).unwrap().field(rule.field).is_some())
                );
                for source in rule.from.iter().filter(|_| def.field(rule.field).is_some()) {
                    match source {
                        Source::Own(field) => known(field),
                        Source::Linked(link, field) => {
                            let target = def.field(link).and_then(|field| field.target()).unwrap();
                            let target = erpnext_doctypes::get(Version::V15, target).unwrap();
                            assert!(target.field(field).is_some(), "{} has no {field}", target.name);
                        }
                        Source::Setting(single, field) => {
                            assert!(erpnext_doctypes::get(Version::V15, single).unwrap().field(field).is_some());
                        }
                        Source::Parent(_) | Source::ParentLinked(..) | Source::Text(_) | Source::Number(_) => {}
                    }
                }
            }
        }
        for doctype in ITEM_ROWS.iter().copied().flatten() {
            let def = erpnext_doctypes::get(Version::V15, doctype).unwrap_or_else(|| panic!("no {doctype}"));
            assert!(FROM_ITEM.iter().any(|(field, _)| def.field(field).is_some()), "{doctype}");
        }
    }
}
