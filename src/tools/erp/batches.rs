//! Which batches and serial numbers of items lie where. ERPNext keeps what moved of a batch in bundles, and what moved before
//! it had them in the stock ledger itself: how much there is of a batch is their sum.

use std::collections::{BTreeMap, BTreeSet};

use erpnext_schema::Operator;
use serde_json::{Value, json};

use super::seen::{Row, Scope, allowed, beside, call_on, exact, is_row_filtered, seen_rows, sees, too_many, up_to};
use crate::document::amounts::number_or_zero;
use crate::documents::DocTypeCall;
use crate::documents::beyond::{PAGE, neighbour};
use crate::error::ToolError;
use crate::policy::Filter;
use crate::shape::text_of;
use crate::site::{Function, GroupKey, GroupQuery, ListQuery, Measure};
use crate::tool::Call;

/// The most bundles that one call looks through, and the most of their rows.
const MOST_BUNDLES: usize = 10_000;
const MOST_ROWS: usize = 50_000;
/// The most groups of the stock ledger, and the most serial numbers.
const MOST_ENTRIES: usize = 10_000;
const MOST_SERIALS: usize = 5_000;
/// How many batches or serial numbers of an item are told.
pub const MOST_TOLD: usize = 200;

/// How much of each batch lies in each warehouse, by item and batch.
type Lying = BTreeMap<String, BTreeMap<String, BTreeMap<String, f64>>>;
/// What is told of batches, by their names, and what of it is withheld.
type Known = (BTreeMap<String, Row>, Vec<&'static str>);

/// What is told of batches or serial numbers by item, and what of it is withheld.
pub struct DetailsByItem {
    pub by_item: BTreeMap<String, Vec<Value>>,
    pub withheld: Vec<&'static str>,
}

/// The batches of the items, those that expire first before the others; nothing where they may not be read, or more moved
/// than one call adds up.
///
/// # Errors
/// The site's.
pub async fn batches(
    call: &Call<'_>,
    on: &DocTypeCall<'_>,
    scope: &Scope,
    today: &str,
    notes: &mut Vec<String>,
) -> Result<Option<DetailsByItem>, ToolError> {
    let mut lying = Lying::new();
    if add_bundles(call, on, scope, &mut lying, notes).await?.is_none() {
        return Ok(None);
    }
    match allowed(of_ledger(on, scope).await)?.flatten() {
        Some(entries) if entries.len() > MOST_ENTRIES => {
            notes.push(too_many("batches", MOST_ENTRIES, "of these items are in the stock ledger"));
            return Ok(None);
        }
        Some(entries) => entries.iter().for_each(|row| {
            add(
                &mut lying,
                text_of(row, "item_code"),
                text_of(row, "batch_no"),
                text_of(row, "warehouse"),
                number_or_zero(row, "m0"),
            );
        }),
        None => {
            let note =
                "batches: what moved before ERPNext had bundles is not counted, as Stock Ledger Entry may not be read";
            notes.push(note.to_owned());
        }
    }
    let names: BTreeSet<&str> = lying.values().flat_map(|batches| batches.keys().map(String::as_str)).collect();
    let only_known = is_row_filtered(on.session, "Batch").await?;
    if only_known {
        notes.push("batches: only those that you may see".to_owned());
    }
    let facts = beside(facts_of(on, &names).await, "Batch", notes)?;
    let (known, withheld) = facts.unwrap_or_else(|| (BTreeMap::new(), vec!["expiry_date"]));
    let mut told = DetailsByItem { by_item: BTreeMap::new(), withheld };
    for (item, batches) in &lying {
        let mut rows: Vec<(String, Value)> = Vec::new();
        for (batch, warehouses) in batches {
            let facts = known.get(batch);
            if only_known && facts.is_none() {
                continue;
            }
            rows.extend(told_of(batch, warehouses, facts, today));
        }
        rows.sort_by(|one, other| one.0.cmp(&other.0));
        told.by_item.insert(item.clone(), rows.into_iter().map(|(_, row)| row).collect());
    }
    Ok(Some(told))
}

/// What is told of a batch, behind the day on which it expires, or one after all days; nothing where none of it is left.
fn told_of(
    batch: &str,
    warehouses: &BTreeMap<String, f64>,
    facts: Option<&Row>,
    today: &str,
) -> Option<(String, Value)> {
    let warehouses: BTreeMap<&String, Value> =
        warehouses.iter().filter(|(_, qty)| qty.abs() > 1e-9).map(|(name, qty)| (name, exact(*qty))).collect();
    if warehouses.is_empty() {
        return None;
    }
    let qty: f64 = warehouses.values().filter_map(Value::as_f64).sum();
    let mut row = Row::from_iter([("batch_no".to_owned(), json!(batch)), ("qty".to_owned(), exact(qty))]);
    let expires = facts.map(|facts| text_of(facts, "expiry_date")).filter(|date| !date.is_empty());
    if let Some(date) = expires {
        row.insert("expiry_date".to_owned(), json!(date));
        if date < today {
            row.insert("expired".to_owned(), json!(true));
        }
    }
    if facts.is_some_and(|facts| number_or_zero(facts, "disabled") > 0.0) {
        row.insert("disabled".to_owned(), json!(true));
    }
    row.insert("warehouses".to_owned(), json!(warehouses));
    Some((expires.unwrap_or("9999").to_owned(), Value::Object(row)))
}

/// What is told of batches; nothing where none may be read.
async fn facts_of(on: &DocTypeCall<'_>, names: &BTreeSet<&str>) -> Result<Option<Known>, ToolError> {
    let Ok(batch) = neighbour(on, "Batch").await? else { return Ok(None) };
    let (fields, hidden): (Vec<_>, Vec<_>) =
        ["expiry_date", "disabled"].into_iter().partition(|name| sees(&batch, name));
    let fields: Vec<_> = fields.into_iter().filter_map(|name| batch.def.field(name)).collect();
    Ok(Some((on.fields_of(&batch, names, &fields).await?, hidden)))
}

fn add(lying: &mut Lying, item: &str, batch: &str, warehouse: &str, qty: f64) {
    if !batch.is_empty() {
        let batches = lying.entry(item.to_owned()).or_default();
        *batches.entry(batch.to_owned()).or_default().entry(warehouse.to_owned()).or_default() += qty;
    }
}

/// Adds what bundles moved; nothing where that may not be read, or is too much.
async fn add_bundles(
    call: &Call<'_>,
    on: &DocTypeCall<'_>,
    scope: &Scope,
    lying: &mut Lying,
    notes: &mut Vec<String>,
) -> Result<Option<()>, ToolError> {
    let Ok(bundle) = neighbour(on, "Serial and Batch Bundle").await? else { return Ok(None) };
    let own = ["item_code", "warehouse", "is_cancelled", "has_batch_no", "type_of_transaction", "voucher_type"];
    // A sum over a part of what moved is no quantity.
    let is_whole = !bundle.permit.is_row_filtered() && own.iter().all(|field| sees(&bundle, field));
    let rows = seen_rows(on, &bundle, "entries", &["batch_no", "qty"]);
    let Some(rows) = rows.filter(|_| is_whole) else { return Ok(None) };
    let mut filters = scope.filters("item_code", "warehouse");
    filters.extend([
        Filter::eq("docstatus", 1),
        Filter::eq("is_cancelled", 0),
        Filter::eq("has_batch_no", 1),
        Filter::new("type_of_transaction", Operator::In, json!(["Inward", "Outward"])),
        // What a pick list picked is moved by the delivery, which has a bundle of its own.
        Filter::new("voucher_type", Operator::Ne, "Pick List"),
    ]);
    let fields = ["name", "item_code", "warehouse"].map(str::to_owned).to_vec();
    let query = ListQuery { fields, filters, ..ListQuery::default() };
    let on_bundles = call_on(on, &bundle);
    let Some(bundles) = up_to(call, &on_bundles, &query, MOST_BUNDLES).await? else {
        notes.push(too_many("batches", MOST_BUNDLES, "bundles moved these items"));
        return Ok(None);
    };
    let Some(child) = on.session.catalog.known(rows.doctype) else { return Ok(None) };
    let columns: Vec<_> = ["batch_no", "qty"].into_iter().filter_map(|column| child.field(column)).collect();
    let mut room = MOST_ROWS;
    for (page, bundles_here) in bundles.chunks(PAGE).enumerate() {
        call.observer.tell(page * PAGE, bundles.len());
        let names: Vec<Value> = bundles_here.iter().filter_map(|bundle| bundle.get("name").cloned()).collect();
        let Some(found) = on_bundles.rows_of(rows, &names, &columns, &[], room).await? else {
            notes.push(too_many("batches", MOST_ROWS, "rows of bundles moved these items"));
            return Ok(None);
        };
        room -= found.len();
        let by_name: BTreeMap<&str, &Row> =
            bundles_here.iter().map(|bundle| (text_of(bundle, "name"), bundle)).collect();
        for row in &found {
            if let Some(bundle) = by_name.get(text_of(row, "parent")) {
                let (item, warehouse) = (text_of(bundle, "item_code"), text_of(bundle, "warehouse"));
                add(lying, item, text_of(row, "batch_no"), warehouse, number_or_zero(row, "qty"));
            }
        }
    }
    Ok(Some(()))
}

/// What the stock ledger says of batches without a bundle; nothing where that may not be read, and where it is too much
/// more than that.
async fn of_ledger(on: &DocTypeCall<'_>, scope: &Scope) -> Result<Option<Vec<Row>>, ToolError> {
    let Ok(ledger) = neighbour(on, "Stock Ledger Entry").await? else { return Ok(None) };
    let keys = ["item_code", "warehouse", "batch_no"];
    let others = ["actual_qty", "is_cancelled", "serial_and_batch_bundle"];
    if ledger.permit.is_row_filtered() || !keys.iter().chain(&others).all(|field| sees(&ledger, field)) {
        return Ok(None);
    }
    let mut filters = scope.filters("item_code", "warehouse");
    filters.extend([
        Filter::eq("is_cancelled", 0),
        Filter::new("batch_no", Operator::Is, "set"),
        Filter::new("serial_and_batch_bundle", Operator::Is, "not set"),
    ]);
    let mut query = GroupQuery {
        group_by: keys.to_vec(),
        measures: vec![Measure { function: Function::Sum, field: "actual_qty", alias: "m0".to_owned() }],
        filters,
        order_by: keys.map(|key| (GroupKey::Field(key), false)).to_vec(),
        limit: 500,
        ..GroupQuery::default()
    };
    let mut entries = Vec::new();
    loop {
        let page = on.session.site.groups(&ledger.permit, &query, on.session.catalog.version()).await?.data;
        let is_last = page.len() < PAGE;
        query.start += page.len() as u64;
        entries.extend(page);
        if is_last || entries.len() > MOST_ENTRIES {
            return Ok(Some(entries));
        }
    }
}

/// The serial numbers of the items that lie in a warehouse, by item; nothing where they may not be read, or are more than
/// one call reads.
///
/// # Errors
/// The site's.
pub async fn serials(
    call: &Call<'_>,
    on: &DocTypeCall<'_>,
    scope: &Scope,
    notes: &mut Vec<String>,
) -> Result<Option<DetailsByItem>, ToolError> {
    let Ok(serial) = neighbour(on, "Serial No").await? else { return Ok(None) };
    if !["item_code", "warehouse"].iter().all(|field| sees(&serial, field)) {
        return Ok(None);
    }
    let mut filters = scope.filters("item_code", "warehouse");
    if scope.warehouses.is_none() {
        filters.push(Filter::new("warehouse", Operator::Is, "set"));
    }
    let (more, hidden): (Vec<_>, Vec<_>) = ["status", "batch_no"].into_iter().partition(|name| sees(&serial, name));
    let fields = ["name", "item_code", "warehouse"].into_iter().chain(more).map(str::to_owned).collect();
    let query = ListQuery { fields, filters, own_columns: true, ..ListQuery::default() };
    let Some(found) = up_to(call, &call_on(on, &serial), &query, MOST_SERIALS).await? else {
        notes.push(too_many("serial_numbers", MOST_SERIALS, "are of these items"));
        return Ok(None);
    };
    if serial.permit.is_row_filtered() {
        notes.push("serial_numbers: only those that you may see".to_owned());
    }
    let mut told = DetailsByItem { by_item: BTreeMap::new(), withheld: hidden };
    for mut row in found {
        row.retain(|_, value| !value.is_null() && *value != "");
        let name = row.remove("name").unwrap_or_default();
        let item = text_of(&row, "item_code").to_owned();
        row.remove("item_code");
        row.insert("serial_no".to_owned(), name);
        told.by_item.entry(item).or_default().push(Value::Object(row));
    }
    Ok(Some(told))
}
