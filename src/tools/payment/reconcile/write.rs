//! The payments before and after, the allocation as the site makes it, and how it is recognised where no answer came.

use std::time::Instant;

use erpnext_schema::counted;
use serde_json::{Map, Value, json};

use super::entries::{Entries, Sight};
use super::kinds::{PaymentKind, Share, booked_for};
use super::matches::{Match, Side};
use super::sources::Source;
use crate::cleared::Cleared;
use crate::document::amounts::{number_or_zero, same};
use crate::document::outcome::{UNCHANGED, Verdict};
use crate::documents::DocTypeCall;
use crate::documents::names::named_exactly;
use crate::error::ToolError;
use crate::policy::{FieldRef, Operation, Policy};
use crate::shape::text_of;
use crate::site::{Answer, DeskQuestion, SiteError, WriteError};
use crate::tool::Call;
use crate::writes::send::{Next, Write};

/// A payment that is matched.
pub struct Matched<'a> {
    /// The site's row about it.
    side: &'a Side,
    /// The calls on it.
    pub source: &'a Source<'a>,
    /// As it is stored.
    pub before: Map<String, Value>,
    /// As it is meant to become.
    pub after: Map<String, Value>,
    /// What of it goes to which of the open invoices.
    shares: Vec<(usize, f64)>,
    /// The same by the invoices' names.
    named: Vec<Share>,
}

impl<'a> Matched<'a> {
    /// The payments of the matches, read for the change.
    ///
    /// # Errors
    /// The site's refusal, or that something else is open of one than the site said just now.
    pub async fn all(
        sight: &Sight<'a>,
        call: &Call<'_>,
        entries: &'a Entries,
        matches: &[Match],
    ) -> Result<Vec<Self>, ToolError> {
        let mut places: Vec<usize> = matches.iter().map(|one| one.payment).collect();
        places.sort_unstable();
        places.dedup();
        let mut all = Vec::with_capacity(places.len());
        for (at, place) in places.iter().copied().enumerate() {
            call.observer.tell(at, places.len());
            let side = &entries.payments[place];
            let sources: &'a [Source<'a>] = sight.sources;
            let Some(source) = sources.iter().find(|source| source.seen.def.name == side.doctype) else { continue };
            let on = &source.changed;
            let before = on.session.site.get(on.permit, &side.name).await?.data;
            named_exactly(on, &side.name, &before)?;
            let row = text_of(&side.row, "reference_row");
            if let Some(order) = booked_for(&before, row) {
                return Err(ToolError::refused(
                    format!("{} {:?} is booked for {order:?} already; nothing was sent.", side.doctype, side.name),
                    "Name the others in allocations to leave it out; the desk's Payment Reconciliation takes it.",
                ));
            }
            if !same(source.kind.open(source.party_type, &before, row), side.open) {
                return Err(ToolError::refused(
                    format!(
                        "{} {:?} was changed meanwhile, or not all of it can be matched; nothing was sent.",
                        side.doctype, side.name
                    ),
                    "Read it, then call again.",
                ));
            }
            let shares: Vec<(usize, f64)> =
                matches.iter().filter(|one| one.payment == place).map(|one| (one.invoice, one.amount)).collect();
            let named: Vec<Share> =
                shares.iter().map(|(invoice, amount)| (entries.invoices[*invoice].name.clone(), *amount)).collect();
            let after = source.kind.after(source.party_type, &before, row, &named);
            all.push(Self { side, source, before, after, shares, named });
        }
        Ok(all)
    }

    /// Its name.
    pub fn name(&self) -> &'a str {
        &self.side.name
    }

    /// Whether it is booked in this account, and that may be told.
    pub fn is_in(&self, account: &str) -> bool {
        let Source { kind, seen, .. } = self.source;
        let is_told =
            *kind != PaymentKind::Payment || ["paid_from", "paid_to"].iter().all(|field| seen.may_read(field));
        is_told && kind.account(&self.before, text_of(&self.side.row, "reference_row")) == Some(account)
    }

    /// The entries that the site makes of it, each by its currency and amount: none of what is changed itself.
    pub fn posted(&self) -> Vec<(&'a str, f64)> {
        let (currency, is_posted) = (self.side.currency.as_str(), self.source.kind == PaymentKind::Return);
        self.named.iter().filter(|_| is_posted).map(|(_, amount)| (currency, *amount)).collect()
    }

    /// Whether the payment has what was meant for the invoices, beside what it had; none where it is as it was.
    fn has_it(&self, now: &Map<String, Value>) -> Option<bool> {
        self.source.kind.has(self.source.party_type, &self.before, now, &self.named)
    }
}

/// The site's tool with the allocation in it, as the site makes one of each payment and what of the invoices it is to
/// get; the exchange gains and losses that it would post are added to `differences`.
///
/// # Errors
/// The site's refusal, or an allocation that is another than is meant.
pub async fn allotted(
    sight: &Sight<'_>,
    entries: &Entries,
    payments: &[Matched<'_>],
    differences: &mut Vec<Value>,
) -> Result<Map<String, Value>, ToolError> {
    let mut form = entries.form.clone();
    let rows = |table: &mut Vec<Value>, row: &Map<String, Value>| {
        let row = Value::Object(row.clone());
        if !table.contains(&row) {
            table.push(row);
        }
    };
    let (mut of_payments, mut of_invoices, mut allocation) = (Vec::new(), Vec::new(), Vec::new());
    for payment in payments {
        rows(&mut of_payments, &payment.side.row);
        payment.shares.iter().for_each(|(invoice, _)| rows(&mut of_invoices, &entries.invoices[*invoice].row));
    }
    form.insert("payments".to_owned(), Value::Array(of_payments));
    form.insert("invoices".to_owned(), Value::Array(of_invoices));
    for payment in payments {
        // An invoice of which no more is open than is meant gets just that.
        let share = |(invoice, amount): &(usize, f64)| {
            let mut row = entries.invoices[*invoice].row.clone();
            row.insert("outstanding_amount".to_owned(), json!(amount));
            Value::Object(row)
        };
        let args = json!({
            "payments": [payment.side.row],
            "invoices": payment.shares.iter().map(share).collect::<Vec<_>>(),
        });
        let site = sight.invoices.session.site;
        let made = site.ask_desk_tool(sight.asks, DeskQuestion::Allocation, &form, Some(&args)).await?;
        let made = made.get("allocation").and_then(Value::as_array).cloned().unwrap_or_default();
        if !is_meant(payment.side, &payment.named, &made) {
            return Err(ToolError::refused(
                format!(
                    "{} {:?}: the site would allocate it otherwise than is meant; nothing was sent.",
                    payment.side.doctype, payment.side.name
                ),
                "Somebody has to do it in the desk's Payment Reconciliation.",
            ));
        }
        for row in
            made.iter().filter_map(Value::as_object).filter(|row| !same(number_or_zero(row, "difference_amount"), 0.0))
        {
            let fact = |key: &str| row.get(key).cloned().unwrap_or_default();
            let mut told = json!({
                "payment": payment.name(), "invoice": fact("invoice_number"), "gain_or_loss": fact("difference_amount"),
            });
            if tells_account(sight.invoices.session.policy) {
                told["account"] = fact("difference_account");
            }
            differences.push(told);
        }
        allocation.extend(made);
    }
    form.insert("allocation".to_owned(), Value::Array(allocation));
    Ok(form)
}

/// Whether the account of gains and losses may be told, which is the company's.
fn tells_account(policy: &Policy) -> bool {
    const COMPANY: &str = "Company";
    let field = FieldRef::find(erpnext_doctypes::any(COMPANY), "exchange_gain_loss_account");
    let permit = policy.permit(Operation::Read, COMPANY);
    permit.is_ok_and(|permit| !permit.is_row_filtered() && permit.fields().may_read(field))
}

/// Whether the site's rows give the payment's shares, and nothing else.
fn is_meant(side: &Side, named: &[Share], made: &[Value]) -> bool {
    let is_there = |(invoice, amount): &Share| {
        made.iter().filter_map(Value::as_object).any(|row| {
            text_of(row, "reference_type") == side.doctype
                && text_of(row, "reference_name") == side.name
                && text_of(row, "reference_row") == text_of(&side.row, "reference_row")
                && text_of(row, "invoice_number") == invoice
                && same(number_or_zero(row, "allocated_amount"), *amount)
        })
    };
    made.len() == named.len() && named.iter().all(is_there)
}

/// Payments matched to invoices: all of them or none.
pub struct Reconciled<'a> {
    pub on: &'a DocTypeCall<'a>,
    pub form: &'a Map<String, Value>,
    pub payments: &'a [Matched<'a>],
}

impl Reconciled<'_> {
    /// The payments as they are now; nothing of one that is gone.
    ///
    /// # Errors
    /// The site's.
    pub async fn readings(&self) -> Result<Vec<Option<Map<String, Value>>>, SiteError> {
        let mut now = Vec::with_capacity(self.payments.len());
        for payment in self.payments {
            now.push(payment.source.changed.now(payment.name()).await?);
        }
        Ok(now)
    }

    /// What the payments show as they are now.
    pub fn verdict(&self, now: &[Option<Map<String, Value>>]) -> Verdict {
        let shown = self.payments.iter().zip(now).map(|(payment, now)| Some(payment.has_it(now.as_ref()?)));
        let shown: Vec<Option<Option<bool>>> = shown.collect();
        if shown.iter().all(|shown| *shown == Some(Some(true))) {
            return Verdict::Made(());
        }
        if shown.iter().all(|shown| *shown == Some(None)) {
            return Verdict::NotYet(UNCHANGED.to_owned());
        }
        Verdict::Open("the payments were changed, and do not all have what was meant for the invoices".to_owned())
    }
}

impl<'a> Write for Reconciled<'a> {
    type Leave = Vec<Cleared<'a>>;
    type Made = ();

    async fn send(&self, leave: Self::Leave) -> Result<Answer<()>, WriteError> {
        self.on.session.site.reconcile(leave, self.form).await
    }

    async fn read_back(&self, _: Instant) -> Result<Verdict, SiteError> {
        Ok(self.verdict(&self.readings().await?))
    }

    fn what(&self) -> String {
        format!("matching of {} with invoices", counted(self.payments.len(), "payment"))
    }

    fn next(&self) -> Next {
        let named = |payment: &Matched<'_>| format!("{} {:?}", payment.side.doctype, payment.side.name);
        let names = self.payments.iter().map(named).collect::<Vec<_>>().join(", ");
        Next::Look(format!("read what is booked for the invoices in {names}"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::{Side, is_meant, tells_account};
    use crate::config::Config;
    use crate::policy::Policy;

    #[test]
    fn the_account_of_gains_and_losses_is_told_where_the_company_shows_it() {
        let tells = |company: Value| {
            let erpnext = json!({"url": "https://erp.example.com", "api_key": "k", "api_secret": "s"});
            let file = json!({"erpnext": erpnext, "permissions": {"doctypes": {"Company": company}}});
            tells_account(&Policy::from_config(&Config::from_text(&file.to_string()).unwrap()))
        };
        assert!(tells(json!({"read": true})));
        assert!(!tells(json!({"read": true, "restricted_fields": ["exchange_gain_loss_account"]})));
        assert!(!tells(json!({"read": true, "conditions": {"read": {"name": "Ours"}}})));
        assert!(!tells(json!({"create": true})));
    }

    #[test]
    fn an_allocation_of_the_site_that_is_another_is_not_sent() {
        let row = |row: &str, invoice: &str, amount: f64| {
            json!({
                "reference_type": "Journal Entry", "reference_name": "P1", "reference_row": row,
                "invoice_number": invoice, "allocated_amount": amount,
            })
        };
        let side = Side {
            doctype: "Journal Entry",
            name: "P1".to_owned(),
            date: Value::Null,
            open: 45.0,
            currency: "USD".to_owned(),
            against: None,
            row: json!({"reference_row": "r1"}).as_object().unwrap().clone(),
        };
        let named = [("I1".to_owned(), 20.0), ("I2".to_owned(), 25.0)];
        assert!(is_meant(&side, &named, &[row("r1", "I1", 20.0), row("r1", "I2", 25.0)]));
        for made in [
            vec![row("r1", "I1", 20.0)],
            vec![row("r1", "I1", 20.0), row("r1", "I2", 20.0)],
            vec![row("r1", "I1", 20.0), row("r1", "I3", 25.0)],
            vec![row("r1", "I1", 20.0), row("r2", "I2", 25.0)],
        ] {
            assert!(!is_meant(&side, &named, &made), "{made:?}");
        }
    }
}
