//! Which payment goes to which invoice, and how much of it: pure, in the currency of the party's account.

use erpnext_schema::{Rule, Violation};
use serde_json::{Map, Value};

use super::super::allocate::wrong;
use super::MOST;
use crate::document::amounts::{is_above, money, stated_number};
use crate::documents::names::document_name;
use crate::shape::text_of;

/// A payment or an invoice of which something is open.
#[derive(Clone, PartialEq, Debug)]
pub struct Side {
    /// Its DocType.
    pub doctype: &'static str,
    /// Its name.
    pub name: String,
    /// When it was posted; null where that may not be told.
    pub date: Value,
    /// What is open of it, above 0.
    pub open: f64,
    /// The currency of that.
    pub currency: String,
    /// The invoice that it is a return of, where that may be told.
    pub against: Option<String>,
    /// The site's own row about it.
    pub row: Map<String, Value>,
}

impl Side {
    /// The row of a Journal Entry that is open; none of other documents.
    pub fn own_row(&self) -> Option<&str> {
        Some(text_of(&self.row, "reference_row")).filter(|row| !row.is_empty())
    }

    fn is_in_the_document_of(&self, other: &Self) -> bool {
        (self.doctype, &self.name) == (other.doctype, &other.name)
    }
}

/// What of a payment goes to an invoice, each by its place in the list of those that are open.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Match {
    pub payment: usize,
    pub invoice: usize,
    pub amount: f64,
}

/// What is still open of each payment and each invoice while allocations are made.
struct Left {
    payments: Vec<f64>,
    invoices: Vec<f64>,
}

impl Left {
    fn of(payments: &[Side], invoices: &[Side]) -> Self {
        let open = |sides: &[Side]| sides.iter().map(|side| side.open).collect();
        Self { payments: open(payments), invoices: open(invoices) }
    }

    fn take(&mut self, payment: usize, invoice: usize, amount: f64) {
        self.payments[payment] = money(self.payments[payment] - amount);
        self.invoices[invoice] = money(self.invoices[invoice] - amount);
    }
}

/// Returns to their own invoices; then the oldest payments to the oldest invoices, both as they are listed, as far as they
/// go; of a Journal Entry one row.
pub fn oldest(payments: &[Side], invoices: &[Side]) -> Vec<Match> {
    let (mut left, mut matches) = (Left::of(payments, invoices), Vec::<Match>::new());
    for own_only in [true, false] {
        for (payment, from) in payments.iter().enumerate() {
            let is_other_row =
                |one: &Match| one.payment != payment && payments[one.payment].is_in_the_document_of(from);
            if matches.iter().any(is_other_row) {
                continue;
            }
            for (invoice, to) in invoices.iter().enumerate() {
                let is_own = from.against.as_ref() == Some(&to.name);
                let amount = left.payments[payment].min(left.invoices[invoice]);
                if is_above(amount, 0.0) && from.currency == to.currency && (is_own || !own_only) {
                    left.take(payment, invoice, amount);
                    matches.push(Match { payment, invoice, amount });
                }
            }
        }
    }
    matches
}

/// How many rows are open of the Journal Entries of which another row is matched.
pub fn other_rows(payments: &[Side], matches: &[Match]) -> usize {
    let is_matched = |place: usize| matches.iter().any(|one| one.payment == place);
    let is_beside = |side: &Side| matches.iter().any(|one| payments[one.payment].is_in_the_document_of(side));
    payments.iter().enumerate().filter(|(place, side)| !is_matched(*place) && is_beside(side)).count()
}

/// What is asked for: first all that names an amount, then the rest as far as both sides have it.
///
/// # Errors
/// All that is wrong with the rows, by their places.
pub fn asked(rows: &[Map<String, Value>], payments: &[Side], invoices: &[Side]) -> Result<Vec<Match>, Vec<Violation>> {
    let (mut violations, mut read) = (Vec::new(), Vec::<Allocation>::new());
    if rows.is_empty() {
        violations.push(wrong("allocations", "is empty; without it the oldest are matched".to_owned(), None));
    }
    if rows.len() > MOST {
        let message = format!("{} allocations; one call makes at most {MOST}", rows.len());
        violations.push(wrong("allocations", message, None));
    }
    for (at, row) in rows.iter().enumerate().take(MOST) {
        match Allocation::read(at, row, &read, payments, invoices) {
            Ok(allocation) => read.push(allocation),
            Err(found) => violations.extend(found.into_iter().map(|found| found_in(at, found))),
        }
    }
    if violations.is_empty() { shared_out(read, payments, invoices) } else { Err(violations) }
}

/// What is wrong with a row, by its place among them.
fn found_in(row: usize, found: Violation) -> Violation {
    Violation { path: format!("allocations[{row}].{}", found.path), ..found }
}

/// One row of what is asked for.
struct Allocation {
    /// Its place among them.
    at: usize,
    /// What goes where; of an amount that is not stated 0.
    found: Match,
    is_stated: bool,
}

impl Allocation {
    fn read(
        at: usize,
        row: &Map<String, Value>,
        before: &[Self],
        payments: &[Side],
        invoices: &[Side],
    ) -> Result<Self, Vec<Violation>> {
        let mut violations = Vec::new();
        for key in row.keys().filter(|key| !matches!(key.as_str(), "payment" | "row" | "invoice" | "amount")) {
            let message = "no such key; an allocation has payment, row, invoice and amount".to_owned();
            violations.push(wrong(key, message, None));
        }
        let amount = row.get("amount").filter(|amount| !amount.is_null());
        let number = amount.and_then(stated_number);
        if amount.is_some() && number.is_none_or(|number| number <= 0.0 || !number.is_finite()) {
            violations.push(wrong("amount", "expected a number above 0".to_owned(), None));
        }
        let mut side = |key: &str, sides: &[Side]| match named(row, key, sides) {
            Ok(place) => Some(place),
            Err(found) => {
                violations.push(found);
                None
            }
        };
        let (payment, invoice) = (side("payment", payments), side("invoice", invoices));
        let Some((payment, invoice)) = payment.zip(invoice).filter(|_| violations.is_empty()) else {
            return Err(violations);
        };
        let found = Match { payment, invoice, amount: number.unwrap_or_default() };
        match found.beside(before, payments, invoices) {
            Some(wrong) => Err(vec![wrong]),
            None => Ok(Self { at, found, is_stated: number.is_some() }),
        }
    }
}

impl Match {
    /// Why it cannot be made beside those that were asked for before it.
    fn beside(&self, before: &[Allocation], payments: &[Side], invoices: &[Side]) -> Option<Violation> {
        let (from, to) = (&payments[self.payment], &invoices[self.invoice]);
        let known = || before.iter().map(|known| known.found);
        if known().any(|known| (known.payment, known.invoice) == (self.payment, self.invoice)) {
            return Some(wrong("invoice", "this payment and this invoice are matched twice".to_owned(), None));
        }
        let is_other_row =
            |known: &Match| known.payment != self.payment && payments[known.payment].is_in_the_document_of(from);
        if let Some(other) = known().find(is_other_row) {
            let row = payments[other.payment].own_row().unwrap_or_default();
            let message = format!("row {row} of {} is matched already: match this one by a call after that", from.name);
            return Some(wrong("row", message, None));
        }
        (from.currency != to.currency).then(|| {
            let message = format!("{} is open in {}, {} in {}", from.name, from.currency, to.name, to.currency);
            wrong("invoice", message, None)
        })
    }
}

/// Gives each allocation its amount: what is stated first, then as much as is left.
fn shared_out(mut read: Vec<Allocation>, payments: &[Side], invoices: &[Side]) -> Result<Vec<Match>, Vec<Violation>> {
    let (mut left, mut violations) = (Left::of(payments, invoices), Vec::new());
    let (stated, open): (Vec<usize>, Vec<usize>) = (0..read.len()).partition(|row| read[*row].is_stated);
    for row in stated.into_iter().chain(open) {
        let Allocation { at, found, is_stated } = &mut read[row];
        let (of_payment, of_invoice) = (left.payments[found.payment], left.invoices[found.invoice]);
        let most = of_payment.min(of_invoice);
        if !*is_stated {
            found.amount = most;
        }
        if is_above(found.amount, most) {
            let (of, least) = match of_payment < of_invoice {
                true => (&payments[found.payment].name, of_payment),
                false => (&invoices[found.invoice].name, of_invoice),
            };
            let message = format!("{} is more than the {least} that is left of {of}", found.amount);
            let nearest = Some(least).filter(|least| is_above(*least, 0.0));
            violations.push(found_in(*at, wrong("amount", message, nearest)));
        } else if !is_above(found.amount, 0.0) {
            let message = "nothing is left for it after the others".to_owned();
            violations.push(found_in(*at, wrong("amount", message, None)));
        } else {
            left.take(found.payment, found.invoice, found.amount);
        }
    }
    if violations.is_empty() { Ok(read.into_iter().map(|one| one.found).collect()) } else { Err(violations) }
}

/// The place of what a row names among those that are open; what is wrong has the key for its path.
fn named(row: &Map<String, Value>, key: &str, sides: &[Side]) -> Result<usize, Violation> {
    let text = |key: &str| row.get(key).and_then(document_name).filter(|name| !name.trim().is_empty());
    let wrong = |path: &str, rule: Rule, message: String, nearest: Option<&str>| {
        Err(Violation { path: path.to_owned(), rule, message, nearest: nearest.map(str::to_owned) })
    };
    let Some(name) = text(key) else {
        return wrong(key, Rule::Mandatory, format!("is mandatory: the {key}'s name"), None);
    };
    let mut open = sides.iter().enumerate().filter(|(_, side)| side.name == name);
    let Some((place, first)) = open.next() else {
        let nearest = erpnext_schema::nearest(&name, sides.iter().map(|side| side.name.as_str()));
        let message =
            format!("{name:?} is no {key} of this party in this account of which something is open and may be seen");
        return wrong(key, Rule::Value, message, nearest);
    };
    let others: Vec<(usize, &Side)> = open.collect();
    let asked = text("row").filter(|_| key == "payment");
    if asked.is_none() && others.is_empty() {
        return Ok(place);
    }
    let all = || std::iter::once((place, first)).chain(others.iter().copied());
    if let Some(found) = all().find(|(_, side)| asked.is_some() && side.own_row() == asked.as_deref()) {
        return Ok(found.0);
    }
    let rows = all().filter_map(|(_, side)| Some(format!("{} ({} {})", side.own_row()?, side.open, side.currency)));
    let rows = rows.collect::<Vec<_>>().join(", ");
    match (asked, rows.is_empty()) {
        (Some(_), true) => wrong("row", Rule::Value, format!("{name:?} has no rows to be matched: leave it out"), None),
        (Some(row), false) => wrong("row", Rule::Value, format!("{row:?} is no open row of {name:?}: {rows}"), None),
        (None, _) => wrong("row", Rule::Mandatory, format!("is mandatory: of {name:?} are open {rows}"), None),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::{Match, Side, asked, oldest, other_rows};

    fn side(name: &str, open: f64) -> Side {
        Side {
            doctype: "D",
            name: name.to_owned(),
            date: Value::Null,
            open,
            currency: "USD".to_owned(),
            against: None,
            row: Map::new(),
        }
    }

    fn told(matches: &[Match]) -> Vec<(usize, usize, f64)> {
        matches.iter().map(|one| (one.payment, one.invoice, one.amount)).collect()
    }

    fn rows(rows: Value) -> Vec<Map<String, Value>> {
        rows.as_array().unwrap().iter().map(|row| row.as_object().unwrap().clone()).collect()
    }

    #[test]
    fn the_oldest_payment_goes_to_the_oldest_invoice_of_its_currency() {
        let (payments, mut invoices) =
            ([side("P1", 100.1), side("P2", 50.0)], vec![side("I1", 60.05), side("I2", 80.0)]);
        assert_eq!(told(&oldest(&payments, &invoices)), [(0, 0, 60.05), (0, 1, 40.05), (1, 1, 39.95)]);
        invoices[0].currency = "EUR".to_owned();
        assert_eq!(told(&oldest(&payments, &invoices)), [(0, 1, 80.0)]);
        assert!(oldest(&payments, &[]).is_empty());
    }

    fn of_entry(row: &str, open: f64) -> Side {
        let about = json!({"reference_row": row});
        Side { row: about.as_object().unwrap().clone(), ..side("J1", open) }
    }

    #[test]
    fn of_an_entry_with_two_open_rows_one_is_matched_and_named() {
        let payments = [of_entry("r1", 30.0), of_entry("r2", 20.0), side("P1", 10.0)];
        let invoices = [side("I1", 100.0)];
        let by_itself = oldest(&payments, &invoices);
        assert_eq!((told(&by_itself), other_rows(&payments, &by_itself)), (vec![(0, 0, 30.0), (2, 0, 10.0)], 1));
        let row = |row: Value| json!({"payment": "J1", "row": row, "invoice": "I1"});
        let second = asked(&rows(json!([row(json!("r2"))])), &payments, &invoices).unwrap();
        assert_eq!((told(&second), other_rows(&payments, &second)), (vec![(1, 0, 20.0)], 1));
        for (given, expected) in [
            (
                json!([row(Value::Null)]),
                "allocations[0].row: is mandatory: of \"J1\" are open r1 (30 USD), r2 (20 USD)",
            ),
            (json!([row(json!("r3"))]), "\"r3\" is no open row of \"J1\": r1 (30 USD), r2 (20 USD)"),
            (json!([row(json!("r1")), row(json!("r2"))]), "allocations[1].row: row r1 of J1 is matched already"),
            (json!([{"payment": "P1", "row": "r1", "invoice": "I1"}]), "\"P1\" has no rows to be matched"),
        ] {
            let found = asked(&rows(given.clone()), &payments, &invoices).unwrap_err();
            let found = found.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            assert!(found.contains(expected), "{given}: {found}");
        }
    }

    #[test]
    fn a_return_goes_to_its_own_invoice_before_anything_goes_to_the_oldest() {
        let invoices = [side("I1", 60.0), side("I2", 80.0)];
        let credit = Side { against: Some("I2".to_owned()), ..side("C1", 90.0) };
        let payments = [side("P1", 100.0), credit.clone()];
        assert_eq!(told(&oldest(&payments, &invoices)), [(1, 1, 80.0), (0, 0, 60.0)]);
        // What its own does not take, and all of one whose own is not open, goes on.
        assert_eq!(told(&oldest(&payments[1..], &invoices)), [(0, 1, 80.0), (0, 0, 10.0)]);
        assert_eq!(told(&oldest(&payments[1..], &invoices[..1])), [(0, 0, 60.0)]);
    }

    #[test]
    fn what_is_asked_for_is_given_first_and_what_names_no_amount_takes_the_rest() {
        let (payments, invoices) = ([side("P1", 100.0)], [side("I1", 60.0), side("I2", 80.0)]);
        let given = json!([{"payment": "P1", "invoice": "I1"}, {"payment": "P1", "invoice": "I2", "amount": "70"}]);
        assert_eq!(told(&asked(&rows(given), &payments, &invoices).unwrap()), [(0, 0, 30.0), (0, 1, 70.0)]);
    }

    #[test]
    fn what_cannot_be_allocated_is_named_with_what_is_left() {
        let mut invoices = vec![side("I1", 60.0), side("I2", 80.0), side("I3", 5.0)];
        invoices[2].currency = "EUR".to_owned();
        let payments = [side("P1", 100.0)];
        let row = |invoice: &str, amount: Value| json!({"payment": "P1", "invoice": invoice, "amount": amount});
        for (given, expected) in [
            (json!([]), "allocations: is empty"),
            (json!([row("I1", json!(61))]), "61 is more than the 60 that is left of I1"),
            (json!([row("I1", json!(60)), row("I2", json!(41))]), "allocations[1].amount: 41 is more than the 40"),
            (json!([row("I1", json!(60)), row("I1", json!(1))]), "matched twice"),
            (json!([row("I2", json!(80)), row("I1", json!(20)), row("I3", json!(1))]), "open in USD, I3 in EUR"),
            (json!([row("I2", json!(-1))]), "expected a number above 0"),
            (json!([row("I4", json!(1))]), "\"I4\" is no invoice of this party"),
            (json!([{"invoice": "I1"}]), "allocations[0].payment: is mandatory"),
            (json!([{"payment": "P1", "invoice": "I1", "amont": 1}]), "allocations[0].amont: no such key"),
        ] {
            let found = asked(&rows(given.clone()), &payments, &invoices).unwrap_err();
            let found = found.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            assert!(found.contains(expected), "{given}: {found}");
        }
        let all = json!([row("I2", json!(80)), {"payment": "P1", "invoice": "I1", "amount": 20}]);
        assert_eq!(asked(&rows(all), &payments, &invoices).unwrap().len(), 2);
    }
}
