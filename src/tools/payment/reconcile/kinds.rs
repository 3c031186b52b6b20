//! What can be matched as a payment: a Payment Entry, a row of a Journal Entry, a return; and what each shows. Pure.

use erpnext_schema::rows;
use serde_json::{Map, Value, json};

use super::super::advance::account_of;
use super::PAYMENT;
use crate::document::amounts::{money, number_or_zero, same};
use crate::shape::text_of;
use crate::tools::erp::PartyType;

pub const ENTRY: &str = "Journal Entry";

/// What is matched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PaymentKind {
    /// A Payment Entry that is not used up.
    Payment,
    /// A row of a Journal Entry that is booked for nothing.
    Entry,
    /// A credit or debit note: the site books it against the invoice by a Journal Entry of its own.
    Return,
}

/// A share of a payment: the invoice and the amount.
pub type Share = (String, f64);

impl PaymentKind {
    pub const ALL: [Self; 3] = [Self::Payment, Self::Entry, Self::Return];

    pub const fn doctype(self, party_type: PartyType) -> &'static str {
        match self {
            Self::Payment => PAYMENT,
            Self::Entry => ENTRY,
            Self::Return => party_type.invoice(),
        }
    }

    /// The fields by which it is seen what is open, and whose it is; columns as `accounts.party`.
    pub const fn shown_by(self, party_type: PartyType) -> &'static [&'static str] {
        match (self, party_type) {
            (Self::Payment, _) => &["company", "party_type", "party", "unallocated_amount", "references"],
            (Self::Entry, _) => &[
                "company",
                "accounts.account",
                "accounts.party",
                "accounts.debit_in_account_currency",
                "accounts.credit_in_account_currency",
                "accounts.reference_name",
            ],
            (Self::Return, PartyType::Customer) => &["company", "customer", "outstanding_amount"],
            (Self::Return, PartyType::Supplier) => &["company", "supplier", "outstanding_amount"],
        }
    }

    /// The fields that change.
    pub const fn changes(self) -> &'static [&'static str] {
        match self {
            Self::Payment => &["references", "unallocated_amount"],
            Self::Entry => &["accounts"],
            Self::Return => &["outstanding_amount"],
        }
    }

    /// What is open of a document, as it shows it; `row` names the row of a Journal Entry.
    pub fn open(self, party_type: PartyType, doc: &Map<String, Value>, row: &str) -> f64 {
        match self {
            Self::Payment => number_or_zero(doc, "unallocated_amount"),
            Self::Entry => own_row(doc, row).map_or(0.0, |row| number_or_zero(row, side(party_type))),
            Self::Return => -number_or_zero(doc, "outstanding_amount"),
        }
    }

    /// The account of the party that the payment is booked in; none of a return, which is in that of the invoices.
    pub fn account<'d>(self, doc: &'d Map<String, Value>, row: &str) -> Option<&'d str> {
        match self {
            Self::Payment => account_of(doc),
            Self::Entry => own_row(doc, row).map(|row| text_of(row, "account")),
            Self::Return => None,
        }
    }

    /// The document with its shares given away.
    pub fn after(
        self,
        party_type: PartyType,
        before: &Map<String, Value>,
        row: &str,
        shares: &[Share],
    ) -> Map<String, Value> {
        let mut after = before.clone();
        let all: f64 = shares.iter().map(|(_, amount)| amount).sum();
        let mut add = |field: &str, amount: f64| {
            after.insert(field.to_owned(), json!(money(number_or_zero(before, field) + amount)));
        };
        match self {
            Self::Payment => {
                add("unallocated_amount", -all);
                add("total_allocated_amount", all);
                let references = shares.iter().map(|(invoice, amount)| {
                    let doctype = party_type.invoice();
                    json!({"reference_doctype": doctype, "reference_name": invoice, "allocated_amount": amount})
                });
                after.insert("references".to_owned(), rows_of(before, "references").chain(references).collect());
            }
            Self::Return => add("outstanding_amount", all),
            Self::Entry => {
                let (side, of_row) = (side(party_type), own_row(before, row).cloned().unwrap_or_default());
                let with = |amount: f64| {
                    let mut row = of_row.clone();
                    row.insert(side.to_owned(), json!(money(amount)));
                    row
                };
                let left = with(number_or_zero(&of_row, side) - all);
                let booked = shares.iter().map(|(invoice, amount)| {
                    let mut booked = with(*amount);
                    booked.remove("name");
                    booked.insert("reference_type".to_owned(), json!(party_type.invoice()));
                    booked.insert("reference_name".to_owned(), json!(invoice));
                    Value::Object(booked)
                });
                let kept = rows_of(before, "accounts").filter_map(|kept| match kept["name"] == row {
                    true => Some(Value::Object(left.clone())).filter(|_| !same(number_or_zero(&left, side), 0.0)),
                    false => Some(kept),
                });
                after.insert("accounts".to_owned(), kept.chain(booked).collect());
            }
        }
        after
    }

    /// Whether the document has its shares, beside what it had; none where it is as it was.
    pub fn has(
        self,
        party_type: PartyType,
        before: &Map<String, Value>,
        now: &Map<String, Value>,
        shares: &[Share],
    ) -> Option<bool> {
        let (table, column) = match self {
            Self::Payment => ("references", "allocated_amount"),
            Self::Entry => ("accounts", side(party_type)),
            // The site tells a return's amount without a new version of it.
            Self::Return => {
                let gained = number_or_zero(now, "outstanding_amount") - number_or_zero(before, "outstanding_amount");
                let all: f64 = shares.iter().map(|(_, amount)| amount).sum();
                return (!same(gained, 0.0)).then(|| same(gained, all));
            }
        };
        if before.get("modified").is_some_and(|modified| now.get("modified") == Some(modified)) {
            return None;
        }
        let of = |doc: &Map<String, Value>, invoice: &str| -> f64 {
            let rows = doc.get(table).into_iter().flat_map(rows);
            rows.filter(|row| text_of(row, "reference_name") == invoice).map(|row| number_or_zero(row, column)).sum()
        };
        Some(shares.iter().all(|(invoice, amount)| same(of(now, invoice) - of(before, invoice), *amount)))
    }
}

/// What a row of a Journal Entry is booked for, where it is: an order.
pub fn booked_for<'d>(doc: &'d Map<String, Value>, row: &str) -> Option<&'d str> {
    own_row(doc, row).map(|row| text_of(row, "reference_name")).filter(|name| !name.is_empty())
}

/// The column of a Journal Entry that pays what the party owes or is owed.
const fn side(party_type: PartyType) -> &'static str {
    match party_type {
        PartyType::Customer => "credit_in_account_currency",
        PartyType::Supplier => "debit_in_account_currency",
    }
}

fn own_row<'d>(doc: &'d Map<String, Value>, row: &str) -> Option<&'d Map<String, Value>> {
    rows(doc.get("accounts")?).find(|own| text_of(own, "name") == row)
}

fn rows_of(doc: &Map<String, Value>, table: &str) -> impl Iterator<Item = Value> + use<> {
    doc.get(table).and_then(Value::as_array).cloned().unwrap_or_default().into_iter()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::PaymentKind;
    use crate::tools::erp::PartyType::{Customer, Supplier};

    fn doc(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn shares() -> Vec<(String, f64)> {
        vec![("I1".to_owned(), 20.0), ("I2".to_owned(), 25.0)]
    }

    fn payment() -> Map<String, Value> {
        doc(json!({
            "modified": "1", "unallocated_amount": 50.0, "total_allocated_amount": 10.0,
            "references": [{"reference_name": "I1", "allocated_amount": 10.0}],
        }))
    }

    fn entry() -> Map<String, Value> {
        doc(json!({"modified": "1", "accounts": [
            {"name": "r1", "account": "Bank", "debit_in_account_currency": 45.0},
            {"name": "r2", "account": "Debtors", "credit_in_account_currency": 45.0},
        ]}))
    }

    #[test]
    fn a_payment_shows_what_it_gained_and_nothing_less() {
        let before = payment();
        assert_eq!(PaymentKind::Payment.open(Customer, &before, ""), 50.0);
        let mut now = PaymentKind::Payment.after(Customer, &before, "", &shares());
        assert_eq!((&now["unallocated_amount"], &now["total_allocated_amount"]), (&json!(5.0), &json!(55.0)));
        let has = |now: &Map<String, Value>| PaymentKind::Payment.has(Customer, &before, now, &shares());
        assert_eq!(has(&now), None, "modified is the same");
        now.insert("modified".to_owned(), json!("2"));
        assert_eq!(has(&now), Some(true));
        now["references"].as_array_mut().unwrap().pop();
        assert_eq!(has(&now), Some(false));
    }

    #[test]
    fn a_row_of_an_entry_is_parted_by_the_invoices() {
        let before = entry();
        assert_eq!(
            (PaymentKind::Entry.open(Customer, &before, "r2"), PaymentKind::Entry.open(Supplier, &before, "r1")),
            (45.0, 45.0)
        );
        assert_eq!(PaymentKind::Entry.open(Customer, &before, "gone"), 0.0);
        let mut now = PaymentKind::Entry.after(Customer, &before, "r2", &shares());
        let told: Vec<_> =
            now["accounts"].as_array().unwrap().iter().map(|row| row["reference_name"].clone()).collect();
        assert_eq!(told, [Value::Null, json!("I1"), json!("I2")], "nothing is left of the row");
        now.insert("modified".to_owned(), json!("2"));
        assert_eq!(PaymentKind::Entry.has(Customer, &before, &now, &shares()), Some(true));
        let part = PaymentKind::Entry.after(Customer, &before, "r2", &shares()[..1]);
        assert_eq!(part["accounts"][1]["credit_in_account_currency"], json!(25.0));
        assert_eq!(part["accounts"][2]["credit_in_account_currency"], json!(20.0));
    }

    #[test]
    fn a_return_shows_what_was_taken_of_it_by_what_is_left() {
        let before = doc(json!({"modified": "1", "outstanding_amount": -60.0}));
        assert_eq!(PaymentKind::Return.open(Customer, &before, ""), 60.0);
        let after = PaymentKind::Return.after(Customer, &before, "", &shares());
        assert_eq!(after["outstanding_amount"], json!(-15.0));
        assert_eq!(PaymentKind::Return.has(Customer, &before, &after, &shares()), Some(true));
        assert_eq!(PaymentKind::Return.has(Customer, &before, &before, &shares()), None);
        let other = doc(json!({"outstanding_amount": -50.0}));
        assert_eq!(PaymentKind::Return.has(Customer, &before, &other, &shares()), Some(false));
    }
}
