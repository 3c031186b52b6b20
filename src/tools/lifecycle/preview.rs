//! What a submission posts and what people regret, before it is final. It is told and decides nothing: what the site does
//! not show is said to be not shown.

use serde_json::{Map, Value, json};

use super::ledger;
use crate::document::ledgers;
use crate::documents::DocTypeCall;
use crate::entry::is_nothing;
use crate::shape::text_of;
use crate::site::Ledger;
use crate::writes::doubts;

/// The most entries of a ledger that are shown.
const MOST: usize = 40;

/// A column of a preview: what the site calls it, the field of an entry that it shows, and what it is called here.
type Shown = (&'static str, &'static str, &'static str);

const ACCOUNTS: [Shown; 6] = [
    ("Account", "account", "account"),
    ("Debit", "debit", "debit"),
    ("Credit", "credit", "credit"),
    ("Party", "party", "party"),
    ("Cost Center", "cost_center", "cost_center"),
    ("Against Voucher", "against_voucher", "against_voucher"),
];
const STOCK: [Shown; 6] = [
    ("Item", "item_code", "item_code"),
    ("Warehouse", "warehouse", "warehouse"),
    ("In Qty", "actual_qty", "in_qty"),
    ("Out Qty", "actual_qty", "out_qty"),
    ("Balance Qty", "qty_after_transaction", "balance_qty"),
    ("Value Change", "stock_value_difference", "value_change"),
];

/// What there is to say of a draft that is to be submitted.
pub async fn preview(on: &DocTypeCall<'_>, name: &str, stored: &Map<String, Value>) -> Map<String, Value> {
    let mut told = Map::new();
    let doctype = on.def.name;
    if ledgers::posts_are_shown(doctype) {
        told.insert("accounts_ledger".to_owned(), entries(on, Ledger::Accounts, name, stored).await);
    }
    if ledgers::moves_are_shown(doctype, stored) {
        told.insert("stock_ledger".to_owned(), entries(on, Ledger::Stock, name, stored).await);
    }
    let mut warnings = doubts::of(on, stored);
    warnings.extend(doubts::by_the_site(on, stored).await);
    if !warnings.is_empty() {
        told.insert("warnings".to_owned(), json!(warnings));
    }
    told
}

/// The entries, each with what of it may be seen; or why there are none to see.
async fn entries(on: &DocTypeCall<'_>, ledger: Ledger, name: &str, stored: &Map<String, Value>) -> Value {
    let (of, shown) = match ledger {
        Ledger::Accounts => ("GL Entry", ACCOUNTS),
        Ledger::Stock => ("Stock Ledger Entry", STOCK),
    };
    let there = match ledger::seen(on, of).await {
        Ok(there) => there,
        Err(why) => return json!(why),
    };
    // Which entries may be seen is not known of those that are not made.
    if there.permit.is_row_filtered() {
        return json!(format!("not shown: only some {of} may be read here"));
    }
    let company = text_of(stored, "company");
    let rows = match on.session.site.ledger_preview(on.permit, ledger, company, name).await {
        // Of a Stock Entry version 15 works nothing out before, whatever it posts.
        Ok(Some(rows)) if !rows.is_empty() || on.def.name != "Stock Entry" => rows,
        Ok(_) => return json!("not shown: the site works none out before; read the ledger after the submission"),
        Err(error) => {
            tracing::info!("preview of {} {name:?}: {}", on.def.name, error.for_log());
            return json!(format!("the site shows no preview of this document: {}", error.for_model()));
        }
    };
    let entry = |row: &Map<String, Value>| {
        let seen = shown.iter().filter(|(_, field, _)| there.may_read(field)).filter_map(|(label, _, key)| {
            let value = row.iter().find(|(told, _)| bare(told) == *label).map(|(_, value)| value)?;
            (!is_nothing(value)).then(|| ((*key).to_owned(), value.clone()))
        });
        Value::Object(seen.collect())
    };
    let mut entries: Vec<Value> = rows.iter().take(MOST).map(entry).collect();
    if !entries.is_empty() && entries.iter().all(|entry| entry.as_object().is_some_and(Map::is_empty)) {
        return json!("not shown: the site names the columns of its preview otherwise");
    }
    if rows.len() > MOST {
        entries.push(json!(format!("and {} more", rows.len() - MOST)));
    }
    Value::Array(entries)
}

/// A label without the currency after it.
fn bare(label: &str) -> &str {
    label.split_once(" (").map_or(label, |(label, _)| label)
}
