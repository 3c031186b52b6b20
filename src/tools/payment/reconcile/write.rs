//! The payments before and after, the allocation as the site makes it, and how it is recognised where no answer came.

use std::time::Instant;

use erpnext_schema::counted;
use serde_json::{Map, Value, json};

use super::PAYMENT;
use super::entries::Entries;
use super::matches::Match;
use crate::cleared::Cleared;
use crate::document::amounts::{money, same};
use crate::document::outcome::{UNCHANGED, Verdict};
use crate::documents::DocTypeCall;
use crate::documents::names::named_exactly;
use crate::error::ToolError;
use crate::shape::text_of;
use crate::site::{Answer, DeskQuestion, SiteError, WriteError};
use crate::tool::Call;
use crate::writes::send::{Next, Write};

/// A payment that is matched.
pub struct Matched {
    pub name: String,
    /// As it is stored.
    pub before: Map<String, Value>,
    /// As it is meant to become.
    pub after: Map<String, Value>,
    /// Its place among the open payments.
    place: usize,
    /// What of it goes to which of the open invoices.
    shares: Vec<(usize, f64)>,
    /// The same by the invoices' names.
    named: Vec<(String, f64)>,
}

impl Matched {
    /// The payments of the matches, read for the change.
    ///
    /// # Errors
    /// The site's refusal, or that something else is open of one than the site said just now.
    pub async fn all(
        on: &DocTypeCall<'_>,
        call: &Call<'_>,
        entries: &Entries,
        matches: &[Match],
    ) -> Result<Vec<Self>, ToolError> {
        let mut places: Vec<usize> = matches.iter().map(|one| one.payment).collect();
        places.sort_unstable();
        places.dedup();
        let mut all = Vec::with_capacity(places.len());
        for (at, place) in places.iter().copied().enumerate() {
            call.observer.tell(at, places.len());
            let side = &entries.payments[place];
            let before = on.session.site.get(on.permit, &side.name).await?.data;
            named_exactly(on, &side.name, &before)?;
            let unallocated = number(&before, "unallocated_amount");
            if !same(unallocated, side.open) {
                return Err(ToolError::refused(
                    format!(
                        "{PAYMENT} {:?} was changed meanwhile, or not all of it can be matched; nothing was sent.",
                        side.name
                    ),
                    "Read it, then call again.",
                ));
            }
            let shares: Vec<(usize, f64)> =
                matches.iter().filter(|one| one.payment == place).map(|one| (one.invoice, one.amount)).collect();
            let named: Vec<(String, f64)> =
                shares.iter().map(|(invoice, amount)| (entries.invoices[*invoice].name.clone(), *amount)).collect();
            let after = after(&before, entries.invoice_type, &named);
            all.push(Self { name: side.name.clone(), before, after, place, shares, named });
        }
        Ok(all)
    }

    /// Whether the payment has what was meant for the invoices, beside what it had; none where it is as it was.
    fn has_it(&self, now: &Map<String, Value>) -> Option<bool> {
        if self.before.get("modified").is_some_and(|modified| now.get("modified") == Some(modified)) {
            return None;
        }
        let gained = |(invoice, amount): &(String, f64)| {
            same(allocated(now, invoice) - allocated(&self.before, invoice), *amount)
        };
        Some(self.named.iter().all(gained))
    }
}

/// What a payment has for an invoice.
fn allocated(payment: &Map<String, Value>, invoice: &str) -> f64 {
    let rows = payment.get("references").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    money(rows.filter(|row| text_of(row, "reference_name") == invoice).map(|row| number(row, "allocated_amount")).sum())
}

fn after(before: &Map<String, Value>, invoice_type: &str, shares: &[(String, f64)]) -> Map<String, Value> {
    let mut after = before.clone();
    let mut rows = match after.remove("references") {
        Some(Value::Array(rows)) => rows,
        _ => Vec::new(),
    };
    rows.extend(shares.iter().map(|(invoice, amount)| {
        json!({"reference_doctype": invoice_type, "reference_name": invoice, "allocated_amount": amount})
    }));
    after.insert("references".to_owned(), Value::Array(rows));
    let all: f64 = shares.iter().map(|(_, amount)| amount).sum();
    for (field, more) in [("unallocated_amount", -all), ("total_allocated_amount", all)] {
        after.insert(field.to_owned(), json!(money(number(before, field) + more)));
    }
    after
}

fn number(doc: &Map<String, Value>, field: &str) -> f64 {
    doc.get(field).and_then(Value::as_f64).unwrap_or_default()
}

/// The site's tool with the allocation in it, as the site makes one of each payment and what of the invoices it is to
/// get; the exchange gains and losses that it would post are added to `differences`.
///
/// # Errors
/// The site's refusal, or an allocation that is another than is meant.
pub async fn allotted(
    on: &DocTypeCall<'_>,
    entries: &Entries,
    payments: &[Matched],
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
        rows(&mut of_payments, &entries.payments[payment.place].row);
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
            "payments": [entries.payments[payment.place].row],
            "invoices": payment.shares.iter().map(share).collect::<Vec<_>>(),
        });
        let made = on.session.site.ask_desk_tool(on.permit, DeskQuestion::Allocation, &form, Some(&args)).await?;
        let made = made.get("allocation").and_then(Value::as_array).cloned().unwrap_or_default();
        if !is_meant(payment, &made) {
            return Err(ToolError::refused(
                format!(
                    "{PAYMENT} {:?}: the site would allocate it otherwise than is meant; nothing was sent.",
                    payment.name
                ),
                "Somebody has to do it in the desk's Payment Reconciliation.",
            ));
        }
        for row in made.iter().filter_map(Value::as_object).filter(|row| !same(number(row, "difference_amount"), 0.0)) {
            let fact = |key: &str| row.get(key).cloned().unwrap_or_default();
            differences.push(json!({
                "payment": payment.name, "invoice": fact("invoice_number"), "gain_or_loss": fact("difference_amount"),
                "account": fact("difference_account"),
            }));
        }
        allocation.extend(made);
    }
    form.insert("allocation".to_owned(), Value::Array(allocation));
    Ok(form)
}

/// Whether the site's rows give the payment's shares, and nothing else.
fn is_meant(payment: &Matched, made: &[Value]) -> bool {
    let is_there = |(invoice, amount): &(String, f64)| {
        made.iter().filter_map(Value::as_object).any(|row| {
            text_of(row, "reference_type") == PAYMENT
                && text_of(row, "reference_name") == payment.name
                && text_of(row, "invoice_number") == invoice
                && same(number(row, "allocated_amount"), *amount)
        })
    };
    made.len() == payment.named.len() && payment.named.iter().all(is_there)
}

/// Payments matched to invoices: all of them or none.
pub struct Reconciled<'a> {
    pub on: &'a DocTypeCall<'a>,
    pub form: &'a Map<String, Value>,
    pub payments: &'a [Matched],
}

impl Reconciled<'_> {
    /// The payments as they are now; nothing of one that is gone.
    ///
    /// # Errors
    /// The site's.
    pub async fn readings(&self) -> Result<Vec<Option<Map<String, Value>>>, SiteError> {
        let mut now = Vec::with_capacity(self.payments.len());
        for payment in self.payments {
            now.push(self.on.now(&payment.name).await?);
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
        let names = self.payments.iter().map(|payment| format!("{:?}", payment.name)).collect::<Vec<_>>().join(", ");
        Next::Look(format!("read the references of {PAYMENT} {names}"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::{Matched, PAYMENT, after, is_meant};

    fn doc(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn matched() -> Matched {
        let before = doc(json!({
            "modified": "1", "unallocated_amount": 50.0, "total_allocated_amount": 10.0,
            "references": [{"reference_name": "I1", "allocated_amount": 10.0}],
        }));
        let named = vec![("I1".to_owned(), 20.0), ("I2".to_owned(), 25.0)];
        let after = after(&before, "Sales Invoice", &named);
        Matched { name: "P1".to_owned(), before, after, place: 0, shares: vec![(0, 20.0), (1, 25.0)], named }
    }

    #[test]
    fn a_payment_shows_what_it_gained_and_nothing_less() {
        let matched = matched();
        assert_eq!(
            (&matched.after["unallocated_amount"], &matched.after["total_allocated_amount"]),
            (&json!(5.0), &json!(55.0))
        );
        let mut now = matched.after.clone();
        assert_eq!(matched.has_it(&now), None, "modified is the same");
        now.insert("modified".to_owned(), json!("2"));
        assert_eq!(matched.has_it(&now), Some(true));
        now["references"].as_array_mut().unwrap().pop();
        assert_eq!(matched.has_it(&now), Some(false));
    }

    #[test]
    fn an_allocation_of_the_site_that_is_another_is_not_sent() {
        let row = |invoice: &str, amount: f64| {
            let (kind, payment) = (PAYMENT, "P1");
            json!({
                "reference_type": kind, "reference_name": payment, "invoice_number": invoice,
                "allocated_amount": amount,
            })
        };
        assert!(is_meant(&matched(), &[row("I1", 20.0), row("I2", 25.0)]));
        for made in
            [vec![row("I1", 20.0)], vec![row("I1", 20.0), row("I2", 20.0)], vec![row("I1", 20.0), row("I3", 25.0)]]
        {
            assert!(!is_meant(&matched(), &made), "{made:?}");
        }
    }
}
