//! What a cancellation takes back in the ledgers: the entries of the document that count, added up, before they do no
//! more.

use std::collections::BTreeMap;

use erpnext_schema::Order;
use serde_json::{Map, Value, json};

use super::ledger;
use crate::context::companies;
use crate::document::amounts::{money, number};
use crate::document::ledgers;
use crate::documents::DocTypeCall;
use crate::policy::Filter;
use crate::shape::text_of;
use crate::site::ListQuery;

/// The most entries that are added up, and the most totals that are shown.
const MOST_READ: u32 = 500;
const MOST: usize = 40;

/// A ledger whose entries name the document that they are of.
struct Ledger {
    /// The DocType of the entries.
    of: &'static str,
    /// What they are added up by.
    by: &'static [&'static str],
    /// What of them is added up.
    sums: &'static [&'static str],
}

const ACCOUNTS: Ledger = Ledger { of: "GL Entry", by: &["account"], sums: &["debit", "credit"] };
const STOCK: Ledger = Ledger {
    of: "Stock Ledger Entry",
    by: &["item_code", "warehouse"],
    sums: &["actual_qty", "stock_value_difference"],
};
/// By what the entries of a document are found.
const OF_DOCUMENT: [&str; 3] = ["voucher_type", "voucher_no", "is_cancelled"];

/// What there is to say of a submitted document that is to be cancelled; what is cancelled along with it is not looked
/// at.
pub async fn undone(on: &DocTypeCall<'_>, name: &str, stored: &Map<String, Value>) -> Map<String, Value> {
    let mut told = Map::new();
    if ledgers::posts(on.def.name) {
        let mut accounts = entries(on, &ACCOUNTS, name).await;
        if let Some(accounts) = accounts.as_object_mut().filter(|accounts| accounts.contains_key("totals")) {
            let of = text_of(stored, "company");
            let company = companies(on.session, on.session.site).await.into_iter().find(|company| company.name == of);
            let currency = company.and_then(|company| company.currency);
            accounts.extend(currency.map(|currency| ("currency".to_owned(), json!(currency))));
        }
        told.insert("accounts_undone".to_owned(), accounts);
    }
    if ledgers::moves(on.def.name, stored) {
        told.insert("stock_undone".to_owned(), entries(on, &STOCK, name).await);
    }
    told
}

/// How many entries count, and what they come to as far as it may be seen; or why that is not shown.
async fn entries(on: &DocTypeCall<'_>, ledger: &Ledger, name: &str) -> Value {
    let of = ledger.of;
    let there = match ledger::seen(on, of).await {
        Ok(there) => there,
        Err(why) => return json!(why),
    };
    // A filter by what is withheld would tell it, and a sum over some of them would be taken for that of all.
    if there.permit.is_row_filtered() || !OF_DOCUMENT.into_iter().all(|name| there.may_read(name)) {
        return json!(format!("not shown: only some {of} or some of its fields may be read here"));
    }
    let readable = |names: &'static [&'static str]| -> Vec<&'static str> {
        names.iter().copied().filter(|name| there.may_read(name)).collect()
    };
    let (by, sums) = (readable(ledger.by), readable(ledger.sums));
    let query = ListQuery {
        fields: ["name"].iter().chain(&by).chain(&sums).map(|field| (*field).to_owned()).collect(),
        filters: vec![
            Filter::eq("voucher_type", on.def.name),
            Filter::eq("voucher_no", name),
            Filter::eq("is_cancelled", 0),
        ],
        order_by: vec![Order::asc("name")],
        limit: MOST_READ,
        own_columns: true,
        ..ListQuery::default()
    };
    let rows = match on.session.site.list(&there.permit, &query).await {
        Ok(answer) => answer.data,
        Err(error) => {
            tracing::info!("{of} of {} {name:?}: {}", on.def.name, error.for_log());
            return json!(format!("not shown: {}", error.for_model()));
        }
    };
    let mut told = Map::new();
    let entries = match rows.len() {
        read if read < MOST_READ as usize => json!(read),
        read => json!(format!("the first {read}; there may be more")),
    };
    told.insert("entries".to_owned(), entries);
    let mut totals = totals(&rows, &by, &sums);
    if totals.len() > MOST {
        let more = totals.len() - MOST;
        totals.truncate(MOST);
        totals.push(json!(format!("and {more} more")));
    }
    if !totals.is_empty() && !by.is_empty() && !sums.is_empty() {
        told.insert("totals".to_owned(), Value::Array(totals));
    }
    Value::Object(told)
}

/// The sums of what has the same values, without those that are 0.
fn totals(rows: &[Map<String, Value>], by: &[&'static str], sums: &[&'static str]) -> Vec<Value> {
    let mut totals: BTreeMap<Vec<&str>, Vec<f64>> = BTreeMap::new();
    for row in rows {
        let key: Vec<&str> = by.iter().map(|field| text_of(row, field)).collect();
        let total = totals.entry(key).or_insert_with(|| vec![0.0; sums.len()]);
        for (total, field) in total.iter_mut().zip(sums) {
            *total += number(row, field).unwrap_or_default();
        }
    }
    let told = totals.into_iter().map(|(key, total)| {
        let key = by.iter().zip(key).map(|(field, value)| ((*field).to_owned(), json!(value)));
        let total = sums.iter().zip(total).map(|(field, total)| ((*field).to_owned(), json!(money(total))));
        Value::Object(key.chain(total.filter(|(_, total)| total.as_f64() != Some(0.0))).collect())
    });
    told.collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::totals;

    #[test]
    fn entries_are_added_up_by_what_they_have_in_common() {
        let rows = [
            json!({"account": "B", "debit": 0.1, "credit": 0.0}),
            json!({"account": "A", "debit": 0.0, "credit": 0.3}),
            json!({"account": "B", "debit": 0.2, "credit": 0.0}),
            json!({"account": "C", "debit": "masked", "credit": null}),
        ];
        let rows: Vec<Map<String, Value>> = rows.iter().map(|row| row.as_object().unwrap().clone()).collect();
        assert_eq!(
            json!(totals(&rows, &["account"], &["debit", "credit"])),
            json!([{"account": "A", "credit": 0.3}, {"account": "B", "debit": 0.3}, {"account": "C"}])
        );
    }
}
