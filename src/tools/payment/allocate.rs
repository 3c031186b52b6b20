//! Which part of a payment goes to which invoice: pure, in the currency of the party's account.

use erpnext_schema::{Rule, Violation};
use serde_json::{Map, Value, json};

use crate::document::amounts::{is_above, money, number_or_zero, same, told};

/// An invoice of which something is open.
#[derive(Clone, PartialEq, Debug)]
pub struct Open {
    /// Its name.
    pub name: String,
    /// When it has to be paid.
    pub due_date: Value,
    /// What is open of it, above 0.
    pub open: f64,
    /// How much of the payment it is to get; none where that follows from the rest.
    pub asked: Option<f64>,
}

/// What a payment pays.
#[derive(Clone, PartialEq, Debug)]
pub struct Plan {
    /// What is paid.
    pub amount: f64,
    /// What the invoices get beside, that nobody pays: what is written off.
    pub deducted: f64,
    /// The share of each invoice, in their order; 0 where nothing is left for it.
    pub shares: Vec<f64>,
    /// What stays with the party.
    pub unallocated: f64,
}

/// Shares a payment out, with what is `deducted` beside it: to each invoice what is asked for it, then the rest in their
/// order. Without `amount` it is as much as the invoices take. `advance` lets a rest stay with the party.
///
/// # Errors
/// More for an invoice than is open of it, more for all than the payment, a rest that is not meant to stay, and nothing that
/// is left to pay.
pub fn plan(invoices: &[Open], amount: Option<f64>, deducted: f64, advance: bool) -> Result<Plan, Vec<Violation>> {
    let above = |(at, invoice): (usize, &Open)| {
        let asked = invoice.asked.filter(|asked| is_above(*asked, invoice.open))?;
        let message = format!("{} is more than the {} that is open of {}", told(asked), invoice.open, invoice.name);
        Some(wrong(&format!("invoices[{at}].amount"), message, Some(invoice.open)))
    };
    let violations: Vec<Violation> = invoices.iter().enumerate().filter_map(above).collect();
    if !violations.is_empty() {
        return Err(violations);
    }
    let asked = money(invoices.iter().filter_map(|invoice| invoice.asked).sum());
    let all = money(invoices.iter().map(|invoice| invoice.asked.unwrap_or(invoice.open)).sum());
    let amount = money(amount.unwrap_or(all - deducted));
    let settles = money(amount + deducted);
    if same(deducted, 0.0) && !is_above(amount, 0.0) {
        return Err(vec![wrong("amount", "comes to nothing in the smallest coin".to_owned(), None)]);
    }
    if !is_above(amount, 0.0) || !is_above(settles, 0.0) {
        let message =
            format!("{} in deductions leaves nothing that is paid, or nothing for the invoices", told(deducted));
        return Err(vec![wrong("data.deductions", message, None)]);
    }
    let paid = match same(deducted, 0.0) {
        true => told(amount),
        false => format!("{}, with {} in deductions,", told(amount), told(deducted)),
    };
    if is_above(asked, settles) {
        let message = format!(
            "{paid} is less than the {} that the invoices are to get; what is written off goes into data.deductions",
            told(asked)
        );
        return Err(vec![wrong("amount", message, Some(asked - deducted))]);
    }
    let mut rest = money(settles - asked);
    let shares = invoices.iter().map(|invoice| match invoice.asked {
        Some(asked) => asked,
        None => {
            let share = rest.min(invoice.open);
            rest = money(rest - share);
            share
        }
    });
    let shares = shares.collect();
    if is_above(rest, 0.0) && !advance {
        let message = format!(
            "{paid} is {} more than the {} that is open of these invoices or asked for them; with advance: true \
             the rest stays with the party",
            told(rest),
            told(all)
        );
        return Err(vec![wrong("amount", message, Some(all - deducted))]);
    }
    Ok(Plan { amount, deducted, shares, unallocated: rest })
}

/// Gives each row of a reference its part of an invoice's share, in their order: an invoice with payment terms has one for
/// each term. Rows that get nothing are dropped; what no row takes is given back.
pub fn spread(rows: Vec<Map<String, Value>>, share: f64) -> (Vec<Map<String, Value>>, f64) {
    let (mut rest, mut taken) = (share, Vec::new());
    for mut row in rows {
        let open = number_or_zero(&row, "allocated_amount");
        let part = rest.min(open);
        if is_above(part, 0.0) {
            rest = money(rest - part);
            row.insert("allocated_amount".to_owned(), json!(part));
            taken.push(row);
        }
    }
    (taken, rest)
}

pub fn wrong(path: &str, message: String, nearest: Option<f64>) -> Violation {
    Violation {
        path: path.to_owned(),
        rule: Rule::Value,
        message,
        nearest: nearest.map(|amount| money(amount).to_string()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::{Open, plan, spread};

    fn open(name: &str, open: f64, asked: Option<f64>) -> Open {
        Open { name: name.to_owned(), due_date: Value::Null, open, asked }
    }

    #[test]
    fn a_payment_goes_to_what_is_asked_for_first_and_then_in_order() {
        let invoices = [open("A", 100.0, None), open("B", 50.0, Some(20.0)), open("C", 80.1, None)];
        let all = plan(&invoices, None, 0.0, false).unwrap();
        assert_eq!((all.amount, all.shares, all.unallocated), (200.1, vec![100.0, 20.0, 80.1], 0.0));
        let part = plan(&invoices, Some(130.0), 0.0, false).unwrap();
        assert_eq!(part.shares, [100.0, 20.0, 10.0]);
        let advance = plan(&invoices, Some(250.0), 0.0, true).unwrap();
        assert_eq!((advance.shares, advance.unallocated), (vec![100.0, 20.0, 80.1], 49.9));
    }

    #[test]
    fn what_does_not_add_up_is_named_with_what_would() {
        let told = |invoices: &[Open], amount| {
            plan(invoices, amount, 0.0, false)
                .unwrap_err()
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("; ")
        };
        let above = told(&[open("A", 100.0, Some(100.01))], None);
        assert!(above.contains("invoices[0].amount") && above.contains("100.01 is more than the 100"), "{above}");
        let less = told(&[open("A", 100.0, Some(60.0))], Some(50.0));
        assert!(less.contains("50 is less than the 60"), "{less}");
        let more = told(&[open("A", 100.0, None)], Some(100.5));
        assert!(more.contains("100.5 is 0.5 more than the 100") && more.contains("advance: true"), "{more}");
    }

    #[test]
    fn what_is_deducted_settles_invoices_beside_what_is_paid() {
        let invoices = [open("A", 100.0, None), open("B", 50.0, None)];
        let all = plan(&invoices, None, 2.0, false).unwrap();
        assert_eq!((all.amount, all.shares, all.unallocated), (148.0, vec![100.0, 50.0], 0.0));
        let part = plan(&invoices, Some(99.0), 1.0, false).unwrap();
        assert_eq!((part.amount, part.shares), (99.0, vec![100.0, 0.0]));
        // A supplier's bank charges are paid beside the invoice.
        let charged = plan(&invoices, Some(103.0), -3.0, false).unwrap();
        assert_eq!(charged.shares, [100.0, 0.0]);
        let told = |amount, deducted| plan(&invoices, amount, deducted, false).unwrap_err()[0].to_string();
        let more = told(Some(150.0), 2.0);
        assert!(more.contains("150, with 2 in deductions, is 2 more than the 150"), "{more}");
        assert!(told(None, 150.0).contains("leaves nothing"), "{}", told(None, 150.0));
        assert!(told(Some(3.0), -3.0).contains("leaves nothing"), "{}", told(Some(3.0), -3.0));
    }

    #[test]
    fn terms_of_an_invoice_are_paid_in_their_order() {
        let row = |amount: f64| json!({"allocated_amount": amount}).as_object().unwrap().clone();
        let (rows, rest) = spread(vec![row(30.0), row(70.0)], 45.0);
        assert_eq!((json!(rows), rest), (json!([{"allocated_amount": 30.0}, {"allocated_amount": 15.0}]), 0.0));
        assert_eq!(spread(vec![row(30.0), row(70.0)], 30.0).0.len(), 1);
        assert_eq!(spread(vec![row(30.0)], 45.0).1, 15.0);
    }
}
