//! Amounts and quantities as the site's floats give them: when one is another, and what a document is worth.

use erpnext_schema::{Children, DocTypeDef, FieldDef, FieldKind, rows};
use serde_json::{Map, Value};

/// A difference that is none: no currency has more than three decimals.
const ROUNDING: f64 = 0.000_5;

/// The number in a field, if there is one.
pub fn number(doc: &Map<String, Value>, field: &str) -> Option<f64> {
    doc.get(field).and_then(Value::as_f64)
}

/// The number in a field; 0 where there is none.
pub fn number_or_zero(doc: &Map<String, Value>, field: &str) -> f64 {
    number(doc, field).unwrap_or_default()
}

/// The number that an argument states, if only as a text.
pub fn stated_number(argument: &Value) -> Option<f64> {
    argument.as_f64().or_else(|| argument.as_str()?.trim().parse().ok())
}

/// Without what adding floats leaves.
pub fn money(amount: f64) -> f64 {
    (amount * 1e6).round() / 1e6
}

/// A number in a message: what no site holds in short.
pub fn told(amount: f64) -> String {
    if amount.abs() < 1e15 { amount.to_string() } else { format!("{amount:e}") }
}

/// Whether two amounts are one.
pub fn same(one: f64, other: f64) -> bool {
    (one - other).abs() < ROUNDING
}

/// Whether an amount is above another by more than rounding.
pub fn is_above(amount: f64, other: f64) -> bool {
    amount - other > ROUNDING
}

/// What a row without an amount comes to is one times the other.
const QUANTITY: &str = "qty";
const RATE: &str = "rate";

/// What rows book, in the currency of their account: of the document in the company's.
const BOOKED: [&str; 2] = ["debit_in_account_currency", "credit_in_account_currency"];

/// What a document is worth, whichever way the money goes: the largest of its amounts and of the sums that its rows book;
/// where it states none, the sum of its rows, each of which may state a rate alone. It is worth what it comes to in the
/// currency that gives more, since the rate between the two is sent by whoever makes the document.
pub fn worth(def: &DocTypeDef, children: Children<'_>, doc: &Map<String, Value>) -> f64 {
    let tables = || def.tables_in(children, doc).map(|(_, child, table)| (child, table));
    let sum = |table: &Value, field: &str| rows(table).filter_map(|row| number(row, field)).sum::<f64>().abs();
    let booked = tables().flat_map(|(_, table)| BOOKED.map(|field| sum(table, field)));
    let own = amounts(def, doc).chain(booked).fold(0.0, f64::max);
    if own > 0.0 {
        return own;
    }
    let largest = |child, row| amounts(child, row).chain(product(row).map(f64::abs)).fold(0.0, f64::max);
    tables().map(|(child, table)| rows(table).map(|row| largest(child, row)).sum()).fold(0.0, f64::max)
}

/// The same if all that it goes by is seen: `sees` tells that of a field, or of a column of a table.
pub fn worth_seen(
    def: &DocTypeDef,
    children: Children<'_>,
    doc: &Map<String, Value>,
    sees: &dyn Fn(Option<&FieldDef>, &FieldDef) -> bool,
) -> Option<f64> {
    let is_seen = |table: Option<&FieldDef>, def: &DocTypeDef| {
        let quantity = def.field(QUANTITY).filter(|_| table.is_some() && def.field(RATE).is_some());
        amount_fields(def).chain(quantity).all(|field| sees(table, field))
    };
    // The rows count where they book, and where the document itself states nothing, which is seen then.
    let by_rows = || amounts(def, doc).fold(0.0, f64::max) == 0.0;
    let counts = |child: &DocTypeDef| BOOKED.iter().any(|name| child.field(name).is_some()) || by_rows();
    let rows_are_seen =
        || def.tables_in(children, doc).all(|(table, child, _)| !counts(child) || is_seen(Some(table), child));
    (is_seen(None, def) && rows_are_seen()).then(|| worth(def, children, doc))
}

/// The worth of a document whose rows were changed before the site worked out its amounts again: the sum of the rows, in
/// the document's currency or the company's, whichever gives more.
pub fn worth_of_rows(items: &Value, conversion_rate: Option<f64>) -> f64 {
    let sum: f64 = rows(items).filter_map(product).sum();
    sum * conversion_rate.unwrap_or(1.0).max(1.0)
}

/// What a row comes to by its quantity and its rate.
fn product(row: &Map<String, Value>) -> Option<f64> {
    Some(number(row, QUANTITY)? * number(row, RATE)?)
}

/// The amounts that a document or a row states.
fn amounts<'a>(def: &'a DocTypeDef, doc: &'a Map<String, Value>) -> impl Iterator<Item = f64> + 'a {
    amount_fields(def).filter_map(|field| doc.get(field.fieldname)?.as_f64()).map(f64::abs)
}

/// The fields of amounts. A balance is that of an account or a party.
fn amount_fields(def: &DocTypeDef) -> impl Iterator<Item = &FieldDef> {
    def.fields.iter().filter(|field| field.kind == FieldKind::Currency && !field.fieldname.ends_with("balance"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use erpnext_schema::FieldDef;
    use serde_json::{Value, json};

    use super::{is_above, money, same, worth, worth_of_rows, worth_seen};

    #[test]
    fn what_a_document_is_worth_is_known_where_all_that_it_goes_by_is_seen() {
        let order = erpnext_doctypes::any("Sales Order").unwrap();
        let of = |doc: &Value, hidden: &str| {
            let sees = |_: Option<&FieldDef>, field: &FieldDef| field.fieldname != hidden;
            worth_seen(order, &erpnext_doctypes::any, doc.as_object().unwrap(), &sees)
        };
        let whole = json!({"base_grand_total": 5.0, "items": [{"base_rate": 7.0}]});
        assert_eq!((of(&whole, ""), of(&whole, "base_grand_total")), (Some(5.0), None));
        assert_eq!(of(&whole, "base_rate"), Some(5.0), "what the document states itself is what counts");
        let rows = json!({"items": [{"base_rate": 7.0}]});
        assert_eq!((of(&rows, ""), of(&rows, "base_rate")), (Some(7.0), None));
        assert_eq!(of(&rows, "qty"), None, "a quantity tells as much as a rate");
    }

    #[test]
    fn no_rate_that_is_sent_makes_a_document_worth_less() {
        let is = |doctype: &str, doc: Value, expected: f64| {
            let doc = doc.as_object().cloned().unwrap_or_default();
            let def = erpnext_doctypes::any(doctype).unwrap();
            let found = worth(def, &erpnext_doctypes::any, &doc);
            assert!(same(found, expected), "{doctype} {doc:?}: {found}");
        };
        for (rate, expected) in [(0.0001, 900_000.0), (1.0, 900_000.0), (2.0, 1_800_000.0)] {
            let base = 900_000.0 * rate;
            is(
                "Sales Order",
                json!({"conversion_rate": rate, "grand_total": 900_000, "base_grand_total": base}),
                expected,
            );
            is(
                "Payment Entry",
                json!({"paid_amount": 900_000, "base_paid_amount": base, "party_balance": 1e9}),
                expected,
            );
            let account = |side: &str| json!({format!("{side}_in_account_currency"): 450_000, side: base / 2.0, "exchange_rate": rate});
            let accounts = json!([account("debit"), account("debit"), account("credit"), account("credit")]);
            is("Journal Entry", json!({"total_debit": base, "total_credit": base, "accounts": accounts}), expected);
        }
        // What states none itself is worth its rows, and a row without an amount its quantity times its rate.
        let rows = json!([{"qty": 1000, "rate": 26.0}, {"qty": 2, "rate": 10}]);
        is("Blanket Order", json!({"items": rows}), 26_020.0);
        is("Timesheet", json!({"time_logs": [{"billing_amount": 2}, {"billing_amount": 3}]}), 5.0);
    }

    #[test]
    fn what_adding_floats_leaves_is_no_difference_and_a_thousandth_is_one() {
        assert!(same(0.1 + 0.2, 0.3) && !is_above(0.1 + 0.2, 0.3));
        assert!(!same(1.001, 1.0) && is_above(1.001, 1.0) && !is_above(1.0, 1.001));
        assert_eq!(money(0.1 + 0.2).to_string(), "0.3");
    }

    #[test]
    fn changed_rows_are_worth_what_they_come_to_in_the_currency_in_which_that_is_more() {
        let rows = json!([{"qty": 2, "rate": 10.5, "amount": 1}, {"qty": 1.5, "rate": 2}, {"qty": 3}]);
        let is = |rows: &Value, rate: Option<f64>, worth: f64| same(worth_of_rows(rows, rate), worth);
        assert!(is(&rows, None, 24.0) && is(&rows, Some(0.5), 24.0) && is(&rows, Some(2.0), 48.0));
        assert!(is(&json!(null), Some(2.0), 0.0));
    }
}
