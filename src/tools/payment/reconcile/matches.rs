//! Which payment goes to which invoice, and how much of it: pure, in the currency of the party's account.

use erpnext_schema::{Rule, Violation};
use serde_json::{Map, Value};

use super::super::allocate::wrong;
use super::MOST;
use crate::document::amounts::{is_above, money};
use crate::documents::names::document_name;

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

/// What of a payment goes to an invoice, each by its place in the list of those that are open.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Match {
    pub payment: usize,
    pub invoice: usize,
    pub amount: f64,
}

/// What is open of each, and what is left of that while it is given away.
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
/// go.
pub fn oldest(payments: &[Side], invoices: &[Side]) -> Vec<Match> {
    let (mut left, mut matches) = (Left::of(payments, invoices), Vec::new());
    for own_only in [true, false] {
        for (payment, from) in payments.iter().enumerate() {
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

/// What is asked for: first all that names an amount, then the rest as far as both sides have it.
///
/// # Errors
/// All that is wrong with the rows, by their places.
pub fn asked(rows: &[Map<String, Value>], payments: &[Side], invoices: &[Side]) -> Result<Vec<Match>, Vec<Violation>> {
    let (mut violations, mut read) = (Vec::new(), Vec::<(usize, Match, bool)>::new());
    if rows.is_empty() {
        violations.push(wrong("allocations", "is empty; without it the oldest are matched".to_owned(), None));
    }
    if rows.len() > MOST {
        let message = format!("{} allocations; one call makes at most {MOST}", rows.len());
        violations.push(wrong("allocations", message, None));
    }
    for (at, row) in rows.iter().enumerate().take(MOST) {
        let before = violations.len();
        let path = |key: &str| format!("allocations[{at}].{key}");
        for key in row.keys().filter(|key| !matches!(key.as_str(), "payment" | "invoice" | "amount")) {
            violations.push(wrong(
                &path(key),
                "no such key; an allocation has payment, invoice and amount".to_owned(),
                None,
            ));
        }
        let amount = row.get("amount").filter(|amount| !amount.is_null());
        let number = amount.and_then(|amount| amount.as_f64().or_else(|| amount.as_str()?.trim().parse().ok()));
        if amount.is_some() && number.is_none_or(|number: f64| number <= 0.0 || !number.is_finite()) {
            violations.push(wrong(&path("amount"), "expected a number above 0".to_owned(), None));
        }
        let mut side = |key: &str, sides: &[Side]| match named(row, key, sides) {
            Ok(place) => Some(place),
            Err(found) => {
                violations.push(Violation { path: path(key), ..found });
                None
            }
        };
        let (payment, invoice) = (side("payment", payments), side("invoice", invoices));
        let Some((payment, invoice)) = payment.zip(invoice).filter(|_| violations.len() == before) else { continue };
        let (from, to) = (&payments[payment], &invoices[invoice]);
        if read.iter().any(|(_, known, _)| (known.payment, known.invoice) == (payment, invoice)) {
            violations.push(wrong(
                &path("invoice"),
                "this payment and this invoice are matched twice".to_owned(),
                None,
            ));
        } else if from.currency != to.currency {
            let message = format!("{} is open in {}, {} in {}", from.name, from.currency, to.name, to.currency);
            violations.push(wrong(&path("invoice"), message, None));
        } else {
            read.push((at, Match { payment, invoice, amount: number.unwrap_or_default() }, number.is_some()));
        }
    }
    if !violations.is_empty() {
        return Err(violations);
    }
    let mut left = Left::of(payments, invoices);
    let (stated, open): (Vec<usize>, Vec<usize>) = (0..read.len()).partition(|row| read[*row].2);
    for row in stated.into_iter().chain(open) {
        let (at, found, is_stated) = &mut read[row];
        let (of_payment, of_invoice) = (left.payments[found.payment], left.invoices[found.invoice]);
        let most = of_payment.min(of_invoice);
        if !*is_stated {
            found.amount = most;
        }
        let path = format!("allocations[{at}].amount");
        if is_above(found.amount, most) {
            let (of, least) = match of_payment < of_invoice {
                true => (&payments[found.payment].name, of_payment),
                false => (&invoices[found.invoice].name, of_invoice),
            };
            let message = format!("{} is more than the {least} that is left of {of}", found.amount);
            violations.push(wrong(&path, message, Some(least).filter(|least| is_above(*least, 0.0))));
        } else if !is_above(found.amount, 0.0) {
            violations.push(wrong(&path, "nothing is left for it after the others".to_owned(), None));
        } else {
            let Match { payment, invoice, amount } = *found;
            left.take(payment, invoice, amount);
        }
    }
    if violations.is_empty() { Ok(read.into_iter().map(|(_, found, _)| found).collect()) } else { Err(violations) }
}

/// The place of what a row names among those that are open.
fn named(row: &Map<String, Value>, key: &str, sides: &[Side]) -> Result<usize, Violation> {
    let Some(name) = row.get(key).and_then(document_name).filter(|name| !name.trim().is_empty()) else {
        let message = format!("is mandatory: the {key}'s name");
        return Err(Violation { path: String::new(), rule: Rule::Mandatory, message, nearest: None });
    };
    sides.iter().position(|side| side.name == name).ok_or_else(|| {
        let nearest = erpnext_schema::nearest(&name, sides.iter().map(|side| side.name.as_str()));
        let message =
            format!("{name:?} is no {key} of this party in this account of which something is open and may be seen");
        Violation { path: String::new(), rule: Rule::Value, message, nearest: nearest.map(str::to_owned) }
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::{Match, Side, asked, oldest};

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
