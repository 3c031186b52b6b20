//! A payment between accounts of two currencies: what each of them gets or gives, and the rates that follow from that.

use erpnext_schema::{Rule, Violation};
use serde_json::{Map, Value, json};

use super::allocate::wrong;
use crate::context::companies;
use crate::document::amounts::money;
use crate::error::ToolError;
use crate::shape::text_of;
use crate::tool::Call;

/// The fields of a payment with the two amounts.
pub const AMOUNTS: [&str; 2] = ["paid_amount", "received_amount"];

/// Both sides of such a payment.
#[derive(Clone, PartialEq, Debug)]
pub struct Across {
    /// Whether money comes in.
    receives: bool,
    /// What the bank's account gets or gives, in its currency, and what one of that is worth in the company's.
    bank: (f64, String, f64),
    /// The same of the party's account.
    party: (f64, String, f64),
}

impl Across {
    /// The payment that the site made for the first invoice, if it is between currencies; `amount` is in that of the
    /// party.
    ///
    /// # Errors
    /// An amount in `data` where the arguments say it, none where the bank's account needs one, and a rate that follows
    /// from nothing that is known.
    pub async fn of(
        call: &Call<'_>,
        made: &Map<String, Value>,
        data: &Map<String, Value>,
        company: &str,
        amount: f64,
    ) -> Result<Option<Self>, ToolError> {
        let receives = made.get("payment_type").is_some_and(|kind| kind == "Receive");
        let (ours, theirs, rate) = match receives {
            true => ("paid_to_account_currency", "paid_from_account_currency", "source_exchange_rate"),
            false => ("paid_from_account_currency", "paid_to_account_currency", "target_exchange_rate"),
        };
        let (bank, party) = (text_of(made, ours), text_of(made, theirs));
        let differ = !bank.is_empty() && !party.is_empty() && bank != party;
        let takes = if receives { "received_amount" } else { "paid_amount" };
        let twice = AMOUNTS.into_iter().filter(|field| data.contains_key(*field) && !(differ && *field == takes));
        let twice: Vec<Violation> = twice.map(said_twice).collect();
        if !twice.is_empty() {
            return Err(ToolError::arguments(call.tool.name(), twice));
        }
        if !differ {
            return Ok(None);
        }
        let Some(given) = data.get(takes) else {
            let does = if receives { "gets" } else { "gives" };
            return Err(ToolError::refused(
                format!("account: it is kept in {bank} and that of the party in {party}; nothing was made."),
                format!("Give {takes} in data: what the account {does} in {bank}. amount is in {party}."),
            ));
        };
        let number = given.as_f64().or_else(|| given.as_str()?.trim().parse().ok());
        let Some(at_bank) = number.filter(|number: &f64| *number > 0.0 && number.is_finite()) else {
            let found = wrong(&format!("data.{takes}"), format!("expected a number above 0 in {bank}"), None);
            return Err(ToolError::arguments(call.tool.name(), vec![found]));
        };
        let known = companies(call.session, call.session.site).await;
        let own = known.into_iter().find(|known| known.name == company).and_then(|known| known.currency);
        let of_party = made.get(rate).and_then(Value::as_f64).filter(|rate| *rate > 0.0);
        let Some((bank_rate, party_rate)) = rates((at_bank, bank), (amount, party), own.as_deref(), of_party) else {
            return Err(ToolError::refused(
                format!("account: what {bank} and {party} are worth to the company is not known; nothing was made."),
                "convert_document makes such a payment, with both amounts and rates in data.",
            ));
        };
        let (bank, party) = ((at_bank, bank.to_owned(), bank_rate), (amount, party.to_owned(), party_rate));
        Ok(Some(Self { receives, bank, party }))
    }

    /// The amounts of the payment by their fields.
    pub fn amounts(&self) -> [(&'static str, f64); 2] {
        let [paid, received] = AMOUNTS;
        match self.receives {
            true => [(paid, self.party.0), (received, self.bank.0)],
            false => [(paid, self.bank.0), (received, self.party.0)],
        }
    }

    /// Sets amounts and rates, of which `allocated` goes to invoices.
    pub fn put(&self, made: &mut Map<String, Value>, allocated: f64) {
        let (source, target) = match self.receives {
            true => (self.party.2, self.bank.2),
            false => (self.bank.2, self.party.2),
        };
        let [(_, paid), (_, received)] = self.amounts();
        for (field, amount) in [
            ("paid_amount", paid),
            ("received_amount", received),
            ("base_paid_amount", paid * source),
            ("base_received_amount", received * target),
            ("base_total_allocated_amount", allocated * self.party.2),
        ] {
            made.insert(field.to_owned(), json!(money(amount)));
        }
        for (field, rate) in [("source_exchange_rate", source), ("target_exchange_rate", target)] {
            // As many digits as the site keeps of a rate.
            made.insert(field.to_owned(), json!((rate * 1e9).round() / 1e9));
        }
    }

    /// What is shown before and told after.
    pub fn told(&self) -> Value {
        let ((at_bank, bank, _), (amount, party, _)) = (&self.bank, &self.party);
        json!({
            "account_amount": at_bank, "account_currency": bank, "party_amount": amount, "party_currency": party,
            "rate": format!("1 {party} = {} {bank}", money(at_bank / amount)),
        })
    }
}

pub fn said_twice(field: &str) -> Violation {
    let message = "is said by the arguments of this tool, not in data".to_owned();
    Violation { path: format!("data.{field}"), rule: Rule::Value, message, nearest: None }
}

/// What one of each currency is worth in the company's, so that both amounts are worth the same: where neither is the
/// company's, by the rate that the site has for the party's.
fn rates(bank: (f64, &str), party: (f64, &str), company: Option<&str>, of_party: Option<f64>) -> Option<(f64, f64)> {
    let company = company?;
    if company == party.1 {
        return Some((party.0 / bank.0, 1.0));
    }
    if company == bank.1 {
        return Some((1.0, bank.0 / party.0));
    }
    of_party.map(|rate| (party.0 * rate / bank.0, rate))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Map, json};

    use super::{Across, rates};

    #[test]
    fn both_amounts_are_worth_the_same_to_the_company() {
        let (bank, party) = ((165.0, "USD"), (150.0, "EUR"));
        assert_eq!(rates(bank, party, Some("EUR"), None), Some((150.0 / 165.0, 1.0)));
        assert_eq!(rates(bank, party, Some("USD"), Some(1.0)), Some((1.0, 1.1)));
        let (of_bank, of_party) = rates(bank, party, Some("GBP"), Some(0.8)).unwrap();
        assert!((of_bank * 165.0 - of_party * 150.0).abs() < 1e-9 && of_party == 0.8);
        assert_eq!(rates(bank, party, Some("GBP"), None), None);
        assert_eq!(rates(bank, party, None, Some(0.8)), None);
    }

    #[test]
    fn each_side_gets_its_amount_and_its_rate() {
        let bank = (165.0, "USD".to_owned(), 150.0 / 165.0);
        let across = Across { receives: true, bank, party: (150.0, "EUR".to_owned(), 1.0) };
        let (mut received, mut paid) = (Map::new(), Map::new());
        across.put(&mut received, 100.0);
        assert_eq!((&received["paid_amount"], &received["received_amount"]), (&json!(150.0), &json!(165.0)));
        assert_eq!(
            (&received["base_received_amount"], &received["target_exchange_rate"]),
            (&json!(150.0), &json!(0.909090909))
        );
        assert_eq!(
            (&received["source_exchange_rate"], &received["base_total_allocated_amount"]),
            (&json!(1.0), &json!(100.0))
        );
        Across { receives: false, ..across.clone() }.put(&mut paid, 100.0);
        assert_eq!((&paid["paid_amount"], &paid["received_amount"]), (&json!(165.0), &json!(150.0)));
        assert_eq!(paid["source_exchange_rate"], json!(0.909090909));
        assert_eq!(across.told()["rate"], "1 EUR = 1.1 USD");
    }
}
