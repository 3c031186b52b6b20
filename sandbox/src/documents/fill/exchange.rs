//! What a paper's currency is worth in that of its company.

use erpnext_schema::DocTypeDef;
use serde_json::{Value, json};

use crate::doc::{Doc, number, text};
use crate::error::SiteError;
use crate::site::Site;
use crate::store::Sql;

const RATE: &str = "conversion_rate";

impl Site<'_> {
    /// Sets the rate: 1 in the company's own currency, whatever was sent; else what was sent, or what the latest Currency
    /// Exchange of the paper's day says. Without any it stays open.
    pub(super) fn fill_rate(&self, def: &'static DocTypeDef, doc: &mut Doc) -> Result<(), SiteError> {
        if def.field(RATE).is_none() {
            return Ok(());
        }
        let rate = match self.own_currency(doc)? {
            Some(own) if !is_foreign(doc, &own) => 1.0,
            _ if number(doc, RATE) != 0.0 => return Ok(()),
            Some(own) => self.exchange_rate(doc, &own)?,
            None => 1.0,
        };
        doc.insert(RATE.to_owned(), json!(rate));
        Ok(())
    }

    /// That the rate is known.
    ///
    /// # Errors
    /// 417.
    pub(super) fn check_rate(&self, def: &'static DocTypeDef, doc: &Doc) -> Result<(), SiteError> {
        let is_open = def.field(RATE).is_some() && number(doc, RATE) == 0.0;
        match self.own_currency(doc)?.filter(|own| is_open && is_foreign(doc, own)) {
            None => Ok(()),
            Some(own) => {
                let currency = text(doc, "currency");
                let text = format!("Exchange Rate is needed: no Currency Exchange says what a {currency} is in {own}");
                Err(SiteError::invalid(text))
            }
        }
    }

    /// The currency of the paper's company, if it has one.
    fn own_currency(&self, doc: &Doc) -> Result<Option<String>, SiteError> {
        let own = self.value("Company", text(doc, "company"), "default_currency")?;
        Ok(own.as_ref().and_then(Value::as_str).filter(|own| !own.is_empty()).map(str::to_owned))
    }

    /// The rate on the paper's day; 0 where nobody entered one.
    fn exchange_rate(&self, doc: &Doc, own: &str) -> Result<f64, SiteError> {
        let days = ["posting_date", "transaction_date"].map(|field| text(doc, field));
        let day = days.into_iter().find(|day| !day.is_empty()).map_or_else(|| self.today(), str::to_owned);
        let condition = "from_currency = ?1 AND to_currency = ?2 AND date <= ?3 ORDER BY date DESC LIMIT 1";
        let params = [text(doc, "currency"), own, day.as_str()].map(|text| Sql::Text(text.to_owned()));
        let rates = self.db.rows_where(self.controller("Currency Exchange")?, condition, &params)?;
        Ok(rates.first().map_or(0.0, |rate| number(rate, "exchange_rate")))
    }
}

/// Whether a paper is in another currency than this.
fn is_foreign(doc: &Doc, own: &str) -> bool {
    !text(doc, "currency").is_empty() && text(doc, "currency") != own
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value, json};

    use crate::doc::Doc;
    use crate::{Sandbox, Version};

    fn invoice(customer: &Value, more: &Value) -> Doc {
        let mut invoice = json!({"doctype": "Sales Invoice", "customer": customer, "due_date": "2099-12-31",
            "set_posting_time": 1, "posting_date": "2026-11-20", "items": [{"item_code": "SRV-REPAIR", "qty": 2, "rate": 100}]});
        invoice.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        invoice.as_object().unwrap().clone()
    }

    #[tokio::test]
    async fn an_invoice_in_another_currency_is_owed_in_that_of_the_account() {
        for &version in Version::ALL {
            let sandbox = Sandbox::sample(version).await;
            sandbox
                .with(|site| {
                    let customer = site.load("Sales Invoice", "ACC-SINV-2026-00001")?["customer"].clone();
                    let told = site.insert(invoice(&customer, &json!({"currency": "USD"}))).unwrap_err().text;
                    assert!(told.contains("Exchange Rate is needed") && told.contains("USD"), "{told}");
                    let rate = json!({"doctype": "Currency Exchange", "from_currency": "USD", "to_currency": "EUR",
                        "exchange_rate": 0.8, "date": "2026-11-01", "for_buying": 1, "for_selling": 1});
                    site.insert(rate.as_object().unwrap().clone())?;
                    for (sent, rate, owed) in [(json!(0.9), 0.9, 180.0), (Value::Null, 0.8, 160.0)] {
                        let sent = json!({"currency": "USD", "conversion_rate": sent});
                        let made = site.insert(invoice(&customer, &sent))?;
                        assert_eq!((&made["conversion_rate"], &made["grand_total"]), (&json!(rate), &json!(200.0)));
                        assert_eq!(
                            (&made["party_account_currency"], &made["outstanding_amount"]),
                            (&json!("EUR"), &json!(owed))
                        );
                    }
                    let own = site.insert(invoice(&customer, &json!({"currency": "EUR", "conversion_rate": 3})))?;
                    assert_eq!((&own["conversion_rate"], &own["outstanding_amount"]), (&json!(1.0), &json!(200.0)));
                    Ok(())
                })
                .unwrap();
        }
    }
}
