//! What people regret about a document once it is final, told before: from the document itself, and from what the site
//! holds beside it. A doubt is told and decides nothing.

mod agreed;
mod closed;
mod prices;
mod stock;

use erpnext_schema::rows;
use futures_util::future::join4;
use serde_json::{Map, Value};

use crate::document::amounts::{is_above, money, number, same};
use crate::documents::DocTypeCall;
use crate::policy::{Operation, Permit};
use crate::shape::{FOR_READS, is_set, text_of};
use crate::site::{SiteError, SiteErrorKind};

/// The most doubts of a kind that are told one by one.
const MOST: usize = 5;

/// The doubts about a document by its own fields, as far as the caller may see these.
pub(crate) fn of(on: &DocTypeCall<'_>, doc: &Map<String, Value>) -> Vec<String> {
    let seen = on.visible(doc.clone());
    match on.def.name {
        "Payment Entry" => of_payment(&seen),
        "Sales Invoice" | "Purchase Invoice" => of_invoice(&seen),
        _ => Vec::new(),
    }
}

/// The doubts about a draft that is to be submitted, by what else the site holds: stock, prices, what was agreed, closed days.
/// What may not be read, whoever denies it, raises none; where the site does not answer, that is said beside the doubts
/// that were found before.
pub(crate) async fn by_the_site(on: &DocTypeCall<'_>, doc: &Map<String, Value>) -> Vec<String> {
    let seen = on.visible(doc.clone());
    let (mut doubts, mut of_prices, mut of_agreed, mut of_day) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let asked = join4(
        stock::of(on, &seen, &mut doubts),
        prices::of(on, &seen, &mut of_prices),
        agreed::of(on, &seen, &mut of_agreed),
        closed::of(on, &seen, &mut of_day),
    );
    let (stock, prices, agreed, closed) = asked.await;
    note_end("whether the stock is enough", stock, &mut doubts);
    note_end("whether the prices are as usual", prices, &mut of_prices);
    note_end("whether it is as it was agreed", agreed, &mut of_agreed);
    note_end("whether its day is closed", closed, &mut of_day);
    doubts.extend(of_prices.into_iter().chain(of_agreed).chain(of_day));
    doubts
}

/// The same by the stock alone, of a draft that is only shown.
pub(crate) async fn by_the_stock(on: &DocTypeCall<'_>, shown: &Map<String, Value>) -> Vec<String> {
    let mut doubts = Vec::new();
    let stock = stock::of(on, shown, &mut doubts).await;
    note_end("whether the stock is enough", stock, &mut doubts);
    doubts
}

/// Says what is not known where an error ended the looking.
fn note_end(what: &str, end: Result<(), SiteError>, doubts: &mut Vec<String>) {
    if let Err(error) = end {
        tracing::info!("{what}: {}", error.for_log());
        doubts.push(format!("not known: {what}; the site did not tell"));
    }
}

/// Nothing where the site does not let the user read what was looked at.
fn if_allowed<T: Default>(found: Result<T, SiteError>) -> Result<T, SiteError> {
    match found {
        Err(error) if matches!(error.kind(), SiteErrorKind::Denied | SiteErrorKind::FieldDenied) => Ok(T::default()),
        found => found,
    }
}

/// Leave to read all documents of a DocType with these fields, and columns such as `items.rate`; none where only some may
/// be read, or one of them is masked.
pub(super) async fn sees(on: &DocTypeCall<'_>, doctype: &str, fields: &[&str]) -> Option<Permit> {
    let permit = on.session.permit(Operation::Read, doctype).await.ok()?;
    let def = on.session.catalog.known(doctype)?;
    let children = |child: &str| on.session.catalog.known(child);
    let may_read = |name: &&str| permit.fields().may_read_named(def, &children, name);
    if permit.is_row_filtered() || !fields.iter().all(may_read) {
        return None;
    }
    let masked = on.session.masked(doctype, FOR_READS).await.ok()?;
    let hidden = |name: &&str| match name.split_once('.') {
        None => masked.hides(doctype, name),
        Some((table, column)) => {
            def.table(table).and_then(|table| table.rows_of()).is_none_or(|child| masked.hides(child, column))
        }
    };
    (!fields.iter().any(hidden)).then_some(permit)
}

/// The first of many, and how many more there are.
fn few(mut doubts: Vec<String>) -> Vec<String> {
    if doubts.len() > MOST {
        let more = format!("and {} more rows like these", doubts.len() - MOST);
        doubts.truncate(MOST);
        doubts.push(more);
    }
    doubts
}

fn of_payment(doc: &Map<String, Value>) -> Vec<String> {
    let (Some(paid), Some(received)) = (number(doc, "paid_amount"), number(doc, "received_amount")) else {
        return Vec::new();
    };
    let text = |field: &str| text_of(doc, field);
    let receives = text("payment_type") == "Receive";
    let references = doc.get("references").into_iter().flat_map(rows);
    let allocated = references.filter_map(|row| number(row, "allocated_amount")).sum::<f64>().abs();
    let deducted = !doc.get("deductions").and_then(Value::as_array).is_none_or(Vec::is_empty);
    let of_party = if receives { paid } else { received };
    let mut doubts = Vec::new();
    let one_currency = text("paid_from_account_currency") == text("paid_to_account_currency");
    // What is deducted the site alone works in.
    let rest = if deducted { number(doc, "unallocated_amount").unwrap_or_default() } else { of_party - allocated };
    if !text("party").is_empty() && is_above(rest, 0.0) {
        let rest = money(rest);
        doubts.push(format!("{rest} of the payment is allocated to nothing and stays with the party"));
    }
    let (sign, rate) = if receives { (1.0, "source_exchange_rate") } else { (-1.0, "target_exchange_rate") };
    let rate = number(doc, rate).filter(|rate| *rate > 0.0).unwrap_or(1.0);
    // In the company's currency; what rates leave settles nothing.
    let own = doc.get("deductions").into_iter().flat_map(rows).filter(|row| !is_set(row, "is_exchange_gain_loss"));
    let settled = money(of_party + sign * own.filter_map(|row| number(row, "amount")).sum::<f64>() / rate);
    if is_above(allocated, settled) {
        let paid = if same(settled, of_party) { "paid" } else { "paid and deducted" };
        doubts.push(format!(
            "{allocated} is allocated and {settled} {paid}: the site does not submit it before both agree (Difference Amount \
             must be zero); change allocated_amount of the references with the amounts"
        ));
    }
    if one_currency && !same(paid, received) && !deducted {
        doubts.push(format!(
            "paid_amount {paid} and received_amount {received} differ in one currency: the site does not submit it \
             (Difference Amount must be zero)"
        ));
    }
    let at_a_bank = ["paid_from_account_type", "paid_to_account_type"].into_iter().any(|kind| text(kind) == "Bank");
    if at_a_bank && text("reference_no").is_empty() {
        doubts.push("a bank account takes part, and reference_no is empty: the site asks for one".to_owned());
    }
    doubts
}

fn of_invoice(doc: &Map<String, Value>) -> Vec<String> {
    if !is_set(doc, "is_return") {
        return Vec::new();
    }
    let against = text_of(doc, "return_against");
    let why = match against {
        "" => "it is a return of no invoice".to_owned(),
        against if is_set(doc, "update_outstanding_for_self") => {
            format!("update_outstanding_for_self is set, so what is open of {against} stays open")
        }
        _ => return Vec::new(),
    };
    vec![format!("it settles no invoice: {why}; it stays open itself until a payment or a reconciliation takes it")]
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::{of_invoice, of_payment};

    #[test]
    fn a_payment_that_does_not_add_up_is_told() {
        let doubts = |more: serde_json::Value| {
            let mut doc = json!({"payment_type": "Receive", "party": "A", "paid_amount": 100.0, "received_amount": 100.0,
                "references": [{"allocated_amount": 100.0}]});
            doc.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            of_payment(doc.as_object().unwrap()).join("; ")
        };
        assert_eq!(doubts(json!({})), "");
        assert!(doubts(json!({"references": []})).contains("100 of the payment is allocated to nothing"));
        let deducted = json!({"deductions": [{"amount": 5.0}], "unallocated_amount": 20.0});
        assert!(doubts(deducted).contains("20 of the payment is allocated to nothing"));
        assert!(doubts(json!({"paid_amount": 60.0, "received_amount": 60.0})).contains("100 is allocated and 60 paid"));
        let written_off = |amount: f64| json!({"paid_amount": 98.0, "deductions": [{"amount": amount}]});
        assert_eq!(doubts(written_off(2.0)), "");
        assert!(doubts(written_off(1.0)).contains("100 is allocated and 99 paid and deducted"));
        assert!(doubts(json!({"received_amount": 90.0})).contains("differ in one currency"));
        assert!(doubts(json!({"paid_to_account_type": "Bank"})).contains("reference_no is empty"));
    }

    #[test]
    fn a_credit_note_that_settles_nothing_is_told() {
        let doubts = |doc: serde_json::Value| of_invoice(doc.as_object().unwrap()).join("; ");
        assert_eq!(doubts(json!({"is_return": 1, "return_against": "SI-1"})), "");
        assert!(doubts(json!({"is_return": 1})).contains("a return of no invoice"));
        let own = json!({"is_return": 1, "return_against": "SI-1", "update_outstanding_for_self": 1});
        assert!(doubts(own).contains("open of SI-1 stays open"));
    }
}
