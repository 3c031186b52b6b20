//! What a submission posts and what people regret, before it is final. It is told and decides nothing: what the site does
//! not show is said to be not shown.

use erpnext_schema::{Operator, Order};
use serde_json::{Map, Value, json};

use crate::documents::DocTypeCall;
use crate::policy::{Filter, Operation};
use crate::site::{Ledger, ListQuery};
use crate::writes::doubts;

/// The most entries of a ledger that are shown.
const MOST: usize = 40;

/// DocTypes whose submission posts to the accounts, and those that move stock, always or where they say so.
const POSTS: [&str; 7] = [
    "Delivery Note",
    "Journal Entry",
    "Payment Entry",
    "Purchase Invoice",
    "Purchase Receipt",
    "Sales Invoice",
    "Stock Entry",
];
const MOVES: [&str; 3] = ["Delivery Note", "Purchase Receipt", "Stock Entry"];
const MOVES_IF_SAID: [&str; 2] = ["Purchase Invoice", "Sales Invoice"];
/// Those whose entries stand in the ledgers, though the site shows none before they do.
const HAVE_POSTED: [&str; 8] = [
    "Asset",
    "Asset Capitalization",
    "Asset Repair",
    "Expense Claim",
    "Invoice Discounting",
    "Period Closing Voucher",
    "Stock Reconciliation",
    "Subcontracting Receipt",
];
const HAVE_MOVED: [&str; 3] = ["Asset Capitalization", "Stock Reconciliation", "Subcontracting Receipt"];

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
    if POSTS.contains(&doctype) {
        told.insert("accounts_ledger".to_owned(), entries(on, Ledger::Accounts, name, stored).await);
    }
    if moves(doctype, stored) {
        told.insert("stock_ledger".to_owned(), entries(on, Ledger::Stock, name, stored).await);
    }
    let mut warnings = doubts::of(on, stored);
    warnings.extend(closed_period(on, stored).await);
    if !warnings.is_empty() {
        told.insert("warnings".to_owned(), json!(warnings));
    }
    told
}

fn moves(doctype: &str, doc: &Map<String, Value>) -> bool {
    let says_so = || doc.get("update_stock").is_some_and(|says| *says == 1);
    MOVES.contains(&doctype) || MOVES_IF_SAID.contains(&doctype) && says_so()
}

/// Whether submitted documents of the DocType have entries in the accounts.
pub fn has_posted(doctype: &str) -> bool {
    POSTS.contains(&doctype) || HAVE_POSTED.contains(&doctype)
}

/// Whether the submitted document has entries in the stock.
pub fn has_moved(doctype: &str, stored: &Map<String, Value>) -> bool {
    moves(doctype, stored) || HAVE_MOVED.contains(&doctype)
}

/// The entries, each with what of it may be seen; or why there are none to see.
async fn entries(on: &DocTypeCall<'_>, ledger: Ledger, name: &str, stored: &Map<String, Value>) -> Value {
    let (of, shown) = match ledger {
        Ledger::Accounts => ("GL Entry", ACCOUNTS),
        Ledger::Stock => ("Stock Ledger Entry", STOCK),
    };
    let session = on.session;
    let (Ok(permit), Some(def)) = (session.permit(Operation::Read, of).await, session.catalog.known(of)) else {
        return json!(format!("not shown: reading {of} is not permitted here"));
    };
    let may_read = |field: &str| def.field(field).is_some_and(|field| permit.fields().may_read(field));
    // Which entries may be seen is not known of those that are not made.
    if permit.is_row_filtered() {
        return json!(format!("not shown: only some {of} may be read here"));
    }
    let company = stored.get("company").and_then(Value::as_str).unwrap_or_default();
    let rows = match session.site.ledger_preview(on.permit, ledger, company, name).await {
        Ok(rows) => rows,
        Err(error) => {
            tracing::info!("preview of {} {name:?}: {}", on.def.name, error.for_log());
            return json!(format!("the site shows no preview of this document: {}", error.for_model()));
        }
    };
    let entry = |row: &Map<String, Value>| {
        let seen = shown.iter().filter(|(_, field, _)| may_read(field)).filter_map(|(label, _, key)| {
            let value = row.iter().find(|(told, _)| bare(told) == *label).map(|(_, value)| value)?;
            let is_nothing = value.is_null() || value == "" || value.as_f64() == Some(0.0);
            (!is_nothing).then(|| ((*key).to_owned(), value.clone()))
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

/// That the accounts of its day are closed for this kind of document, as far as that may be read.
async fn closed_period(on: &DocTypeCall<'_>, stored: &Map<String, Value>) -> Option<String> {
    const PERIOD: &str = "Accounting Period";
    let text = |field: &str| stored.get(field).and_then(Value::as_str);
    let (day, company) = (text("posting_date")?, text("company")?);
    let permit = on.session.permit(Operation::Read, PERIOD).await.ok()?;
    let filters = vec![
        Filter::eq("company", company),
        Filter::new("start_date", Operator::Lte, day),
        Filter::new("end_date", Operator::Gte, day),
    ];
    let query = ListQuery { filters, order_by: vec![Order::asc("name")], limit: 5, ..ListQuery::default() };
    for period in on.session.site.list(&permit, &query).await.ok()?.data {
        let name = period.get("name")?.as_str()?;
        let whole = on.session.site.get(&permit, name).await.ok()?.data;
        let rows = whole.get("closed_documents").into_iter().flat_map(erpnext_schema::rows);
        let closes = |row: &Map<String, Value>| {
            let is = |field: &str| row.get(field).is_some_and(|value| *value == 1);
            row.get("document_type").is_some_and(|of| of == on.def.name) && is("closed")
        };
        if rows.into_iter().any(closes) {
            return Some(format!("{PERIOD} {name:?} closes {} on {day}: the site will refuse it", on.def.name));
        }
    }
    None
}
