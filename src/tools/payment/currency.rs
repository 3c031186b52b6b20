//! A payment between accounts of two currencies: what each of them gets or gives, and the rates that follow from that.

use erpnext_schema::{Rule, Violation};
use serde_json::{Map, Value, json};

use super::allocate::wrong;
use super::receives;
use crate::context::companies;
use crate::document::amounts::{money, number, stated_number};
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
    /// Of the bank's account: the amount that it gets or gives, its currency (empty where unknown), and the worth of one unit
    /// of that in the company's currency.
    bank: (f64, String, f64),
    /// The same of the party's account.
    party: (f64, String, f64),
}

impl Across {
    /// The payment that the site made for the first invoice, if it is between currencies, or may be since that of the
    /// bank's account is unknown; `amount` is in that of the party.
    ///
    /// # Errors
    /// An amount in `data` that an argument states too, or none where the bank's account needs one; a currency of that
    /// account that may not be read where the rate depends on it; a rate that follows from nothing known.
    pub async fn of(
        call: &Call<'_>,
        made: &Map<String, Value>,
        data: &Map<String, Value>,
        (company, is_unknown): (&str, bool),
        amount: f64,
    ) -> Result<Option<Self>, ToolError> {
        let receives = receives(made);
        let (ours, theirs, rate) = match receives {
            true => ("paid_to_account_currency", "paid_from_account_currency", "source_exchange_rate"),
            false => ("paid_from_account_currency", "paid_to_account_currency", "target_exchange_rate"),
        };
        let (bank, party) = (if is_unknown { "" } else { text_of(made, ours) }, text_of(made, theirs));
        let differ = is_unknown || !bank.is_empty() && !party.is_empty() && bank != party;
        let takes = if receives { "received_amount" } else { "paid_amount" };
        let twice = AMOUNTS.into_iter().filter(|field| data.contains_key(*field) && !(differ && *field == takes));
        let twice: Vec<Violation> = twice.map(said_twice).collect();
        if !twice.is_empty() {
            return Err(ToolError::arguments(call.tool.name(), twice));
        }
        if !differ {
            return Ok(None);
        }
        let known = companies(call.session, call.session.site).await;
        let own = known.into_iter().find(|known| known.name == company).and_then(|known| known.currency);
        // Whether the account's is the company's, and so worth 1, is known only where the party's is.
        if is_unknown && own.as_deref() != Some(party) {
            return Err(ToolError::refused(
                format!(
                    "account: the account's currency has to be readable here, as that of the party, {party}, is not \
                     known to be the company's; nothing was made."
                ),
                "convert_document makes such a payment, with both amounts and rates in data.",
            ));
        }
        let Some(given) = data.get(takes) else {
            let does = if receives { "gets" } else { "gives" };
            let what = match is_unknown {
                true => format!("account: its currency may not be read here, and that of the party is {party}"),
                false => format!("account: it is kept in {bank} and that of the party in {party}"),
            };
            let bank = if is_unknown { "its own currency" } else { bank };
            return Err(ToolError::refused(
                format!("{what}; nothing was made."),
                format!("Give {takes} in data: what the account {does} in {bank}. amount is in {party}."),
            ));
        };
        let Some(at_bank) = stated_number(given).filter(|said| *said > 0.0 && said.is_finite()) else {
            let bank = if is_unknown { "the account's currency" } else { bank };
            let found = wrong(&format!("data.{takes}"), format!("expected a number above 0 in {bank}"), None);
            return Err(ToolError::arguments(call.tool.name(), vec![found]));
        };
        let of_party = number(made, rate).filter(|rate| *rate > 0.0);
        let both = if is_unknown { format!("{party} is") } else { format!("{bank} and {party} are") };
        let Some((bank_rate, party_rate)) = rates((at_bank, bank), (amount, party), own.as_deref(), of_party) else {
            return Err(ToolError::refused(
                format!("account: what {both} worth to the company is not known; nothing was made."),
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
            made.insert(field.to_owned(), json!(rate));
        }
    }

    /// By how much what is paid is worth more to the company than what is received, by rates as the site keeps them; none
    /// where the site takes it for nothing.
    fn difference(&self) -> Option<f64> {
        let (bank, party) = (self.bank.0 * self.bank.2, self.party.0 * self.party.2);
        let difference = if self.receives { party - bank } else { bank - party };
        (difference.abs() >= 0.005).then(|| (difference * 100.0).round() / 100.0)
    }

    /// What is shown before and told after.
    pub fn told(&self) -> Value {
        let ((at_bank, bank, _), (amount, party, _)) = (&self.bank, &self.party);
        let known = Some(bank.as_str()).filter(|bank| !bank.is_empty());
        let bank = known.unwrap_or("of the account's currency");
        let mut told = json!({
            "account_amount": at_bank, "account_currency": known, "party_amount": amount, "party_currency": party,
            "rate": format!("1 {party} = {} {bank}", significant(at_bank / amount)),
        });
        if let Some(difference) = self.difference() {
            told["difference_amount"] = json!(difference);
            told["look_at"] = json!(
                "a rate of nine decimals leaves this difference_amount in the company's currency: the site books it \
                 as exchange gain or loss if the company has an account for that; add no deduction for it"
            );
        }
        told
    }
}

pub fn said_twice(field: &str) -> Violation {
    let message = "is said by the arguments of this tool, not in data";
    Violation::new(format!("data.{field}"), Rule::Value, message)
}

/// A rate with the digits that count, however small it is.
fn significant(rate: f64) -> f64 {
    format!("{rate:.6e}").parse().unwrap_or(rate)
}

/// The rates of the bank's and the party's currency to the company's under which both amounts are worth the same, to the
/// nine decimals that the site keeps of a rate. Where neither is the company's currency, `of_party` is the site's rate for
/// the party's.
fn rates(bank: (f64, &str), party: (f64, &str), company: Option<&str>, of_party: Option<f64>) -> Option<(f64, f64)> {
    let company = company?;
    let kept = |rate: f64| (rate * 1e9).round() / 1e9;
    let rates = match company {
        company if company == party.1 => (kept(party.0 / bank.0), 1.0),
        company if company == bank.1 => (1.0, kept(bank.0 / party.0)),
        // One that is not known may be the company's.
        _ if bank.1.is_empty() => return None,
        _ => {
            let of_party = kept(of_party?);
            (kept(party.0 * of_party / bank.0), of_party)
        }
    };
    Some(rates).filter(|(of_bank, of_party)| *of_bank > 0.0 && *of_party > 0.0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Map, json};

    use super::{Across, rates};

    #[test]
    fn both_amounts_are_worth_the_same_to_the_company() {
        let (bank, party) = ((165.0, "USD"), (150.0, "EUR"));
        assert_eq!(rates(bank, party, Some("EUR"), None), Some((0.909090909, 1.0)));
        assert_eq!(rates(bank, party, Some("USD"), Some(1.0)), Some((1.0, 1.1)));
        assert_eq!(rates(bank, party, Some("GBP"), Some(0.8)), Some((0.727272727, 0.8)));
        assert_eq!(rates(bank, party, Some("GBP"), None), None);
        assert_eq!(rates(bank, party, None, Some(0.8)), None);
        // Of an account whose currency is not known there is a rate only where the party's is the company's.
        let unknown = (165.0, "");
        assert_eq!(rates(unknown, party, Some("EUR"), Some(0.8)), Some((0.909090909, 1.0)));
        assert_eq!(rates(unknown, party, Some("USD"), Some(1.1)), None);
        assert_eq!(rates(unknown, party, Some("GBP"), Some(0.8)), None);
    }

    #[test]
    fn each_side_gets_its_amount_and_its_rate() {
        let bank = (165.0, "USD".to_owned(), 0.909090909);
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
        assert_eq!(across.told().get("difference_amount"), None);
    }

    #[test]
    fn what_a_rate_of_nine_decimals_leaves_is_told_and_amounts_follow_from_the_rate_that_is_sent() {
        let (bank, party) = ((987_654_321.0, "IDR"), (57_321.12, "EUR"));
        let (of_bank, of_party) = rates(bank, party, Some("EUR"), None).unwrap();
        assert_eq!((of_bank, of_party), (0.000058038, 1.0));
        let bank = (bank.0, bank.1.to_owned(), of_bank);
        let across = Across { receives: true, bank, party: (party.0, party.1.to_owned(), of_party) };
        let mut made = Map::new();
        across.put(&mut made, 0.0);
        let received = made["base_received_amount"].as_f64().unwrap();
        assert!((received - 987_654_321.0 * 0.000058038).abs() < 1e-6, "{received}");
        assert_eq!(
            (&across.told()["difference_amount"], &made["base_paid_amount"]),
            (&json!(-0.36), &json!(57_321.12))
        );
        // On saving the site adds a deduction of its own: another would be one too many.
        let look_at = across.told()["look_at"].to_string();
        assert!(look_at.contains("exchange gain or loss") && look_at.contains("add no deduction"), "{look_at}");
        let told = Across { receives: false, ..across }.told();
        assert_eq!((&told["difference_amount"], &told["rate"]), (&json!(0.36), &json!("1 EUR = 17230.2 IDR")));
        let (bank, party) = ((57.5, "EUR".to_owned(), 1.0), (1_000_000.0, "IDR".to_owned(), 0.0000575));
        assert_eq!(Across { receives: true, bank, party }.told()["rate"], "1 IDR = 0.0000575 EUR");
    }
}
