//! What is told of a matching: before, what would go where and what stays open; after, what the site booked, read back.

use erpnext_schema::{Operator, Order};
use serde_json::{Map, Value, json};

use super::entries::{ADVANCES, Entries, Sight, limit};
use super::kinds::ENTRY;
use super::matches::{Match, Side};
use super::write::{Matched, Reconciled};
use super::{MOST, MOST_LEFT, PAYMENT};
use crate::document::amounts::{is_above, money};
use crate::document::outcome::Verdict;
use crate::documents::names::document_name;
use crate::policy::Filter;
use crate::site::ListQuery;

/// What is shown before and told after: how much of each payment goes to which invoice, and what stays open.
pub fn told(
    entries: &Entries,
    matches: &[Match],
    changed: &[Matched<'_>],
    differences: Vec<Value>,
) -> Map<String, Value> {
    let open = |sides: &[Side]| sides.iter().map(|side| side.open).collect::<Vec<f64>>();
    let (mut payments, mut invoices) = (open(&entries.payments), open(&entries.invoices));
    let take = |left: &mut f64, amount: f64| {
        let before = *left;
        *left = money(before - amount);
        json!({"before": before, "after": *left})
    };
    let allocated = |one: &Match| {
        let open = [take(&mut payments[one.payment], one.amount), take(&mut invoices[one.invoice], one.amount)];
        row(entries, one, changed, open)
    };
    let rows: Vec<Value> = matches.iter().map(allocated).collect();
    let mut left_out = entries.left_out.clone();
    let mut stays = |what: &str, sides: &[Side], left: &[f64]| {
        let open: Vec<_> = sides.iter().zip(left).filter(|(_, left)| is_above(**left, 0.0)).collect();
        if open.len() > MOST_LEFT {
            left_out.push(format!("{} more {what} stay open", open.len() - MOST_LEFT));
        }
        let first = open.into_iter().take(MOST_LEFT).map(|(side, left)| {
            let mut told = json!({"name": side.name, "open": left, "currency": side.currency});
            if let Some(row) = side.own_row() {
                told["row"] = json!(row);
            }
            told
        });
        Value::Array(first.collect())
    };
    let fact = |key: &str| entries.form.get(key).cloned().unwrap_or_default();
    let mut told = Map::from_iter([
        ("company".to_owned(), fact("company")),
        ("account".to_owned(), fact("receivable_payable_account")),
        ("allocation".to_owned(), Value::Array(rows)),
        ("payments_left".to_owned(), stays("payments", &entries.payments, &payments)),
        ("invoices_left".to_owned(), stays("invoices", &entries.invoices, &invoices)),
    ]);
    told.extend(account_apart(entries).map(|account| ("advance_account".to_owned(), json!(account))));
    if !differences.is_empty() {
        told.insert("exchange_differences".to_owned(), Value::Array(differences));
    }
    if !left_out.is_empty() {
        told.insert("left_out".to_owned(), json!(left_out));
    }
    told
}

/// What goes from one payment to one invoice, and what is open of either before and after.
fn row(entries: &Entries, one: &Match, changed: &[Matched<'_>], [payment_open, invoice_open]: [Value; 2]) -> Value {
    let (payment, invoice) = (&entries.payments[one.payment], &entries.invoices[one.invoice]);
    let mut told = json!({
        "payment": payment.name, "paid_on": payment.date, "invoice": invoice.name, "invoiced_on": invoice.date,
        "amount": one.amount, "currency": invoice.currency, "payment_open": payment_open, "invoice_open": invoice_open,
    });
    if payment.doctype != PAYMENT {
        told["payment_is"] = json!(payment.doctype);
    }
    if let Some(row) = payment.own_row() {
        told["row"] = json!(row);
    }
    let apart = account_apart(entries);
    let is_apart = |of: &Matched<'_>| of.name() == payment.name && apart.is_some_and(|account| of.is_in(account));
    if changed.iter().any(is_apart) {
        told["booked_in"] = json!(apart);
    }
    if payment.doctype == invoice.doctype {
        told["made_by"] = json!(format!("a {ENTRY} that the site makes and submits"));
    }
    told
}

/// The account of payments in advance: it was named, or may be read where it stands.
fn account_apart(entries: &Entries) -> Option<&str> {
    entries.form.get(ADVANCES).and_then(Value::as_str)
}

/// What of the preview is told after; where it is not shown to be done, as what was meant.
pub fn told_after(told: Map<String, Value>, is_shown: bool) -> Map<String, Value> {
    let after = told.into_iter().filter_map(|(key, value)| match (key.as_str(), is_shown) {
        ("allocation", false) => Some(("meant".to_owned(), value)),
        ("allocation" | "exchange_differences", true) | ("left_out", _) => Some((key, value)),
        _ => None,
    });
    after.collect()
}

/// What came of it, as the payments show it: that the site said yes is not enough.
pub async fn done(write: &Reconciled<'_>) -> Map<String, Value> {
    let names: Vec<&str> = write.payments.iter().map(Matched::name).collect();
    let why = match write.readings().await {
        Ok(now) => match write.verdict(&now) {
            Verdict::Made(()) => {
                let mut answer = Map::from_iter([("reconciled".to_owned(), json!(names))]);
                for (payment, now) in write.payments.iter().zip(&now) {
                    let on = &payment.source.changed;
                    if let Some(now) = now.as_ref().filter(|_| on.permit.is_conditional()) {
                        on.note_violation(&mut answer, now);
                    }
                }
                return answer;
            }
            Verdict::NotYet(why) | Verdict::Open(why) => why,
        },
        Err(error) => {
            tracing::warn!("payments after matching: {}", error.for_log());
            "the payments could not be read".to_owned()
        }
    };
    let told =
        format!("the site answered that it matched them, but reading does not show it: {why}. Read the payments.");
    Map::from_iter([("not_shown".to_owned(), json!(names)), ("look_at".to_owned(), json!(told))])
}

/// What is open of the invoices now, as they are read.
pub async fn open_now(sight: &Sight<'_>, entries: &Entries, matches: &[Match]) -> Value {
    let on = sight.invoices;
    let mut names: Vec<&str> = matches.iter().map(|one| entries.invoices[one.invoice].name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let fields =
        ["name", "outstanding_amount", "status"].into_iter().filter(|field| *field == "name" || on.may_read(field));
    let query = ListQuery {
        fields: fields.map(str::to_owned).collect(),
        filters: vec![Filter::new("name", Operator::In, json!(names))],
        order_by: vec![Order::asc("name")],
        limit: limit(MOST),
        ..ListQuery::default()
    };
    let row = |row: &Map<String, Value>| {
        let mut told = Map::from_iter([("invoice".to_owned(), json!(row.get("name").and_then(document_name)))]);
        told.extend(row.get("outstanding_amount").map(|open| ("open".to_owned(), open.clone())));
        told.extend(row.get("status").map(|status| ("status".to_owned(), status.clone())));
        Value::Object(told)
    };
    match on.session.site.list(on.permit, &query).await {
        Ok(rows) => rows.data.iter().map(row).collect(),
        Err(error) => {
            tracing::warn!("invoices after matching: {}", error.for_log());
            json!("could not be read")
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::told_after;

    #[test]
    fn what_is_not_shown_to_be_done_is_told_as_meant() {
        let told = json!({"company": "A", "allocation": [1], "exchange_differences": [2], "left_out": [3]});
        let told = told.as_object().unwrap();
        let done = json!({"allocation": [1], "exchange_differences": [2], "left_out": [3]});
        assert_eq!(json!(told_after(told.clone(), true)), done);
        assert_eq!(json!(told_after(told.clone(), false)), json!({"meant": [1], "left_out": [3]}));
    }
}
