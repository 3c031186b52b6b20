//! Which batches and serial numbers of items lie where. ERPNext keeps what moved of a batch in bundles, and what moved before
//! it had them in the stock ledger itself: how much there is of a batch is their sum.

use std::collections::{BTreeMap, BTreeSet};

use erpnext_schema::Operator;
use serde_json::{Value, json};

use super::seen::{Row, Scope, all_of, call_on, exact, number, seen_rows, sees, text};
use crate::documents::DocTypeCall;
use crate::documents::beyond::{PAGE, neighbour};
use crate::error::ToolError;
use crate::policy::Filter;
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

/// What is told of batches or serial numbers by item, and what of it is withheld or not counted.
pub struct Told {
    pub by_item: BTreeMap<String, Vec<Value>>,
    pub withheld: Vec<&'static str>,
    pub notes: Vec<String>,
}

impl Told {
    fn withheld(what: &'static str) -> Self {
        Self { by_item: BTreeMap::new(), withheld: vec![what], notes: Vec::new() }
    }
}

/// The batches of the items, those that expire first before the others.
///
/// # Errors
/// More bundles than one call looks through, and the site's.
pub async fn batches(call: &Call<'_>, on: &DocTypeCall<'_>, scope: &Scope, today: &str) -> Result<Told, ToolError> {
    let mut lying = Lying::new();
    if !add_bundles(call, on, scope, &mut lying).await? {
        return Ok(Told::withheld("batches"));
    }
    let mut told = Told { by_item: BTreeMap::new(), withheld: Vec::new(), notes: Vec::new() };
    if !add_ledger(on, scope, &mut lying).await? {
        let note =
            "batches: what moved before ERPNext had bundles is not counted, as Stock Ledger Entry may not be read";
        told.notes.push(note.to_owned());
    }
    let names: BTreeSet<&str> = lying.values().flat_map(|batches| batches.keys().map(String::as_str)).collect();
    let (mut known, mut only_known) = (BTreeMap::new(), false);
    match neighbour(on, "Batch").await? {
        Err(_) => told.withheld.push("expiry_date"),
        Ok(batch) => {
            let (fields, hidden): (Vec<_>, Vec<_>) =
                ["expiry_date", "disabled"].into_iter().partition(|name| sees(&batch, name));
            told.withheld.extend(hidden);
            let fields: Vec<_> = fields.into_iter().filter_map(|name| batch.def.field(name)).collect();
            known = on.fields_of(&batch, &names, &fields).await?;
            only_known = batch.permit.is_row_filtered();
        }
    }
    for (item, batches) in &lying {
        let mut rows: Vec<(String, Value)> = Vec::new();
        for (batch, warehouses) in batches {
            let warehouses: BTreeMap<&String, Value> =
                warehouses.iter().filter(|(_, qty)| qty.abs() > 1e-9).map(|(name, qty)| (name, exact(*qty))).collect();
            if warehouses.is_empty() || only_known && !known.contains_key(batch) {
                continue;
            }
            let qty: f64 = warehouses.values().filter_map(Value::as_f64).sum();
            let mut row = Row::from_iter([("batch_no".to_owned(), json!(batch)), ("qty".to_owned(), exact(qty))]);
            let facts = known.get(batch);
            let expires = facts.map(|facts| text(facts, "expiry_date")).filter(|date| !date.is_empty());
            if let Some(date) = expires {
                row.insert("expiry_date".to_owned(), json!(date));
                if date < today {
                    row.insert("expired".to_owned(), json!(true));
                }
            }
            if facts.is_some_and(|facts| number(facts, "disabled") > 0.0) {
                row.insert("disabled".to_owned(), json!(true));
            }
            row.insert("warehouses".to_owned(), json!(warehouses));
            rows.push((expires.unwrap_or("9999").to_owned(), Value::Object(row)));
        }
        rows.sort_by(|one, other| one.0.cmp(&other.0));
        told.by_item.insert(item.clone(), rows.into_iter().map(|(_, row)| row).collect());
    }
    Ok(told)
}

fn add(lying: &mut Lying, item: &str, batch: &str, warehouse: &str, qty: f64) {
    if !batch.is_empty() {
        let batches = lying.entry(item.to_owned()).or_default();
        *batches.entry(batch.to_owned()).or_default().entry(warehouse.to_owned()).or_default() += qty;
    }
}

/// Adds what bundles moved; false where that may not be read.
async fn add_bundles(
    call: &Call<'_>,
    on: &DocTypeCall<'_>,
    scope: &Scope,
    lying: &mut Lying,
) -> Result<bool, ToolError> {
    let Ok(bundle) = neighbour(on, "Serial and Batch Bundle").await? else { return Ok(false) };
    let own = ["item_code", "warehouse", "is_cancelled", "has_batch_no", "type_of_transaction"];
    // A sum over a part of what moved is no quantity.
    let is_whole = !bundle.permit.is_row_filtered() && own.iter().all(|field| sees(&bundle, field));
    let rows = seen_rows(on, &bundle, "entries", &["batch_no", "qty"]);
    let Some(rows) = rows.filter(|_| is_whole) else { return Ok(false) };
    let mut filters = scope.filters("item_code", "warehouse");
    filters.extend([
        Filter::eq("docstatus", 1),
        Filter::eq("is_cancelled", 0),
        Filter::eq("has_batch_no", 1),
        Filter::new("type_of_transaction", Operator::In, json!(["Inward", "Outward"])),
    ]);
    let fields = ["name", "item_code", "warehouse"].map(str::to_owned).to_vec();
    let query = ListQuery { fields, filters, ..ListQuery::default() };
    let on_bundles = call_on(on, &bundle);
    let bundles = all_of(call, &on_bundles, &query, MOST_BUNDLES).await?;
    let Some(child) = on.session.catalog.known(rows.doctype) else { return Ok(false) };
    let columns: Vec<_> = ["batch_no", "qty"].into_iter().filter_map(|column| child.field(column)).collect();
    let mut room = MOST_ROWS;
    for (page, bundles_here) in bundles.chunks(PAGE).enumerate() {
        call.observer.tell(page * PAGE, bundles.len());
        let names: Vec<Value> = bundles_here.iter().filter_map(|bundle| bundle.get("name").cloned()).collect();
        let Some(found) = on_bundles.rows_of(rows, &names, &columns, &[], room).await? else {
            return Err(ToolError::refused(
                format!(
                    "The batches of these items moved in more than {MOST_ROWS} rows, and one call adds up no more."
                ),
                "Name fewer items or warehouses.",
            ));
        };
        room -= found.len();
        let by_name: BTreeMap<&str, &Row> = bundles_here.iter().map(|bundle| (text(bundle, "name"), bundle)).collect();
        for row in &found {
            if let Some(bundle) = by_name.get(text(row, "parent")) {
                let (item, warehouse) = (text(bundle, "item_code"), text(bundle, "warehouse"));
                add(lying, item, text(row, "batch_no"), warehouse, number(row, "qty"));
            }
        }
    }
    Ok(true)
}

/// Adds what the stock ledger says of batches without a bundle; false where that may not be read.
async fn add_ledger(on: &DocTypeCall<'_>, scope: &Scope, lying: &mut Lying) -> Result<bool, ToolError> {
    let Ok(ledger) = neighbour(on, "Stock Ledger Entry").await? else { return Ok(false) };
    let keys = ["item_code", "warehouse", "batch_no"];
    let others = ["actual_qty", "is_cancelled", "serial_and_batch_bundle"];
    if ledger.permit.is_row_filtered() || !keys.iter().chain(&others).all(|field| sees(&ledger, field)) {
        return Ok(false);
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
    loop {
        let page = on.session.site.groups(&ledger.permit, &query, on.session.catalog.version()).await?.data;
        for row in &page {
            add(lying, text(row, "item_code"), text(row, "batch_no"), text(row, "warehouse"), number(row, "m0"));
        }
        query.start += page.len() as u64;
        if page.len() < PAGE {
            return Ok(true);
        }
        if query.start > MOST_ENTRIES as u64 {
            return Err(ToolError::refused(
                format!("More than {MOST_ENTRIES} batches of these items are in the stock ledger."),
                "Name fewer items or warehouses.",
            ));
        }
    }
}

/// The serial numbers of the items that lie in a warehouse, by item.
///
/// # Errors
/// More of them than one call reads, and the site's.
pub async fn serials(call: &Call<'_>, on: &DocTypeCall<'_>, scope: &Scope) -> Result<Told, ToolError> {
    let Ok(serial) = neighbour(on, "Serial No").await? else { return Ok(Told::withheld("serial_numbers")) };
    if !["item_code", "warehouse"].iter().all(|field| sees(&serial, field)) {
        return Ok(Told::withheld("serial_numbers"));
    }
    let mut filters = scope.filters("item_code", "warehouse");
    if scope.warehouses.is_none() {
        filters.push(Filter::new("warehouse", Operator::Is, "set"));
    }
    let (more, hidden): (Vec<_>, Vec<_>) = ["status", "batch_no"].into_iter().partition(|name| sees(&serial, name));
    let fields = ["name", "item_code", "warehouse"].into_iter().chain(more).map(str::to_owned).collect();
    let query = ListQuery { fields, filters, own_columns: true, ..ListQuery::default() };
    let mut told = Told { by_item: BTreeMap::new(), withheld: hidden, notes: Vec::new() };
    for mut row in all_of(call, &call_on(on, &serial), &query, MOST_SERIALS).await? {
        row.retain(|_, value| !value.is_null() && *value != "");
        let name = row.remove("name").unwrap_or_default();
        let item = text(&row, "item_code").to_owned();
        row.remove("item_code");
        row.insert("serial_no".to_owned(), name);
        told.by_item.entry(item).or_default().push(Value::Object(row));
    }
    Ok(told)
}
