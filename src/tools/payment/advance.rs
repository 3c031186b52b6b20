//! A payment in advance, for no invoice: which of the party's accounts it goes to, the site says.

use erpnext_schema::{Rule, Violation};
use serde_json::{Map, Value, json};

use super::account::Account;
use super::{PAYMENT, PaymentArgs, receives};
use crate::context::companies;
use crate::error::ToolError;
use crate::shape::text_of;
use crate::tool::Call;
use crate::tools::erp::PartyType;

/// The company that is paid or pays: the one that is named, or the only one.
///
/// # Errors
/// That it has to be named.
pub async fn company(call: &Call<'_>, args: &PaymentArgs) -> Result<String, ToolError> {
    if let Some(named) = &args.company {
        return Ok(named.clone());
    }
    let known = companies(call.session, call.session.site).await;
    match known.as_slice() {
        [only] => Ok(only.name.clone()),
        _ => {
            let message = "is mandatory where no invoice is open that says it";
            let found = Violation::new("company", Rule::Mandatory, message);
            Err(ToolError::arguments(call.tool.name(), vec![found]))
        }
    }
}

/// The payment as far as it is known before the site fills it in.
///
/// # Errors
/// That the account is not named, or is not known to be kept in the company's currency: then both amounts would be needed.
pub async fn begun(
    call: &Call<'_>,
    args: &PaymentArgs,
    account: Option<&Account>,
    company: &str,
) -> Result<Map<String, Value>, ToolError> {
    let Some(account) = account else {
        return Err(ToolError::refused(
            "account: a payment for no invoice needs the account or a mode_of_payment that has one; nothing was made.",
            "Name it.",
        ));
    };
    let known = companies(call.session, call.session.site).await;
    let own = known.into_iter().find(|known| known.name == company).and_then(|known| known.currency);
    if own.is_none() || account.currency != own {
        return Err(ToolError::refused(
            format!(
                "account: {:?} is not known to be kept in the currency of {company:?}, as a payment for no invoice has \
                 to be here; nothing was made.",
                account.name
            ),
            format!("Make the {PAYMENT} itself, with both amounts and rates."),
        ));
    }
    let kind = match args.party_type {
        PartyType::Customer => "Receive",
        PartyType::Supplier => "Pay",
    };
    // The day is the site's.
    _ = call.session.zone().await;
    let today = call.session.today().to_string();
    let begun = [
        ("posting_date", json!(today)),
        ("reference_date", json!(today)),
        ("payment_type", json!(kind)),
        ("party_type", json!(args.party_type.as_str())),
        ("party", json!(args.party())),
        ("company", json!(company)),
        ("source_exchange_rate", json!(1.0)),
        ("target_exchange_rate", json!(1.0)),
    ];
    Ok(begun.into_iter().map(|(field, value)| (field.to_owned(), value)).collect())
}

/// The party's account of a payment.
pub fn account_of(payment: &Map<String, Value>) -> Option<&str> {
    Some(text_of(payment, if receives(payment) { "paid_from" } else { "paid_to" }))
        .filter(|account| !account.is_empty())
}

/// Why what the site stored is another payment than was meant: its accounts are in two currencies, which are told if both may
/// be `seen`.
pub fn differs(stored: &Map<String, Value>, seen: &Map<String, Value>) -> Option<String> {
    let of = |doc| ["paid_from_account_currency", "paid_to_account_currency"].map(|field| text_of(doc, field));
    let ([from, to], told) = (of(stored), of(seen));
    let differ = !from.is_empty() && !to.is_empty() && from != to;
    differ.then(|| match told == [from, to] {
        true => format!("the party's account and the other one are kept in {from} and {to}"),
        false => "the party's account and the other one are kept in two currencies".to_owned(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::{account_of, differs};

    #[test]
    fn an_advance_is_in_one_currency_and_in_the_account_of_the_party() {
        let stored = json!({
            "payment_type": "Receive", "paid_from": "Advances - A", "paid_to": "Cash - A",
            "paid_from_account_currency": "EUR", "paid_to_account_currency": "EUR",
        });
        let mut stored = stored.as_object().unwrap().clone();
        assert_eq!((account_of(&stored), differs(&stored, &stored)), (Some("Advances - A"), None));
        stored.insert("payment_type".to_owned(), json!("Pay"));
        stored.insert("paid_from_account_currency".to_owned(), json!("USD"));
        assert_eq!(account_of(&stored), Some("Cash - A"));
        assert!(differs(&stored, &stored).unwrap().contains("in USD and EUR"));
        let mut seen = stored.clone();
        seen.shift_remove("paid_to_account_currency");
        let told = differs(&stored, &seen).unwrap();
        assert!(told.contains("two currencies") && !told.contains("EUR") && !told.contains("USD"), "{told}");
    }
}
