//! Whether a document takes more out of a warehouse than there is: the site's word on the stock as it is now.

use std::collections::BTreeMap;

use erpnext_schema::{Operator, Order, rows};
use serde_json::{Map, Value, json};

use super::{few, if_allowed, sees};
use crate::document::amounts::{is_above, money, number};
use crate::document::ledgers;
use crate::documents::DocTypeCall;
use crate::policy::Filter;
use crate::shape::{is_set, text_of};
use crate::site::{ListQuery, SiteError};

/// The most items, and the most warehouses, that are looked up.
const MOST: usize = 50;
/// The longest page of a list.
const PAGE: u32 = 500;

/// Rows that take goods out of a warehouse.
struct Takes {
    /// Of which DocType.
    of: &'static str,
    /// The row's field with the warehouse.
    warehouse: &'static str,
    /// The row's field with the quantity in the item's own unit.
    quantity: &'static str,
    /// 1 where a quantity above 0 goes out, -1 where one below 0 does.
    sign: f64,
}

const fn takes(of: &'static str, warehouse: &'static str, quantity: &'static str, sign: f64) -> Takes {
    Takes { of, warehouse, quantity, sign }
}

const TAKES: &[Takes] = &[
    takes("Delivery Note", "warehouse", "stock_qty", 1.0),
    takes("POS Invoice", "warehouse", "stock_qty", 1.0),
    takes("Sales Invoice", "warehouse", "stock_qty", 1.0),
    takes("Stock Entry", "s_warehouse", "transfer_qty", 1.0),
    takes("Purchase Receipt", "warehouse", "stock_qty", -1.0),
    takes("Purchase Invoice", "warehouse", "stock_qty", -1.0),
];

/// An item and a warehouse.
type Place<'d> = (&'d str, &'d str);

/// What a warehouse has too little of.
struct Short<'d> {
    item: &'d str,
    warehouse: &'d str,
    taken: f64,
    /// How much there is; none where the warehouse never had any, or the user may not see it.
    there: Option<f64>,
}

/// Adds the rows for which there is too little, at most three requests.
///
/// # Errors
/// The site's, with what was found before it added.
pub(super) async fn of(
    on: &DocTypeCall<'_>,
    doc: &Map<String, Value>,
    doubts: &mut Vec<String>,
) -> Result<(), SiteError> {
    let (taken, policy) = (taken(on.def.name, doc), on.session.policy);
    // What is in a warehouse out of sight is not told.
    if taken.is_empty() || policy.is_row_filtered("Warehouse") || policy.is_row_filtered("Item") {
        return Ok(());
    }
    let mut short = if_allowed(short(on, taken).await)?;
    if short.is_empty() {
        return Ok(());
    }
    let limited = if_allowed(limited(on, &short).await);
    match &limited {
        Ok(Some(items)) => short.retain(|short| items.iter().any(|item| item == short.item)),
        Ok(None) | Err(_) => short.retain(|short| short.there.is_some()),
    }
    if short.is_empty() {
        return limited.map(|_| ());
    }
    let may_fall = if_allowed(all_may_fall(on).await);
    if matches!(may_fall, Ok(true)) {
        return Ok(());
    }
    let told = short.into_iter().map(|Short { item, warehouse, taken, there }| {
        let there = there.map_or_else(|| "none".to_owned(), |there| money(there).to_string());
        format!(
            "{} of {item} would leave {warehouse}, where there is {there} now: the site refuses what falls below 0, unless \
             it is set to allow that",
            money(taken)
        )
    });
    doubts.extend(few(told.collect()));
    limited.and(may_fall).map(|_| ())
}

/// Those of the items that keep stock and may not go below 0; none where items may not be read.
async fn limited(on: &DocTypeCall<'_>, short: &[Short<'_>]) -> Result<Option<Vec<String>>, SiteError> {
    const FIELDS: [&str; 2] = ["is_stock_item", "allow_negative_stock"];
    let Some(permit) = sees(on, "Item", &FIELDS).await else { return Ok(None) };
    let names: Vec<&str> = short.iter().map(|short| short.item).collect();
    let query = ListQuery {
        fields: ["name"].into_iter().chain(FIELDS).map(str::to_owned).collect(),
        filters: vec![Filter::new("name", Operator::In, json!(names))],
        order_by: vec![Order::asc("name")],
        limit: PAGE,
        ..ListQuery::default()
    };
    let items = on.session.site.list(&permit, &query).await?.data;
    let counts = |item: &&Map<String, Value>| is_set(item, "is_stock_item") && !is_set(item, "allow_negative_stock");
    Ok(Some(items.iter().filter(counts).map(|item| text_of(item, "name").to_owned()).collect()))
}

/// Whether the site lets everything go below 0, as far as its settings may be read.
async fn all_may_fall(on: &DocTypeCall<'_>) -> Result<bool, SiteError> {
    const SETTINGS: &str = "Stock Settings";
    let Some(permit) = sees(on, SETTINGS, &["allow_negative_stock"]).await else { return Ok(false) };
    Ok(is_set(&on.session.site.get(&permit, SETTINGS).await?.data, "allow_negative_stock"))
}

/// Of what the warehouses have too little, as the site holds it now.
async fn short<'d>(on: &DocTypeCall<'_>, taken: BTreeMap<Place<'d>, f64>) -> Result<Vec<Short<'d>>, SiteError> {
    const COLUMNS: [&str; 3] = ["item_code", "warehouse", "actual_qty"];
    let Some(permit) = sees(on, "Bin", &COLUMNS).await else { return Ok(Vec::new()) };
    let mut items: Vec<&str> = taken.keys().map(|(item, _)| *item).collect();
    let mut warehouses: Vec<&str> = taken.keys().map(|(_, warehouse)| *warehouse).collect();
    for names in [&mut items, &mut warehouses] {
        names.sort_unstable();
        names.dedup();
        names.truncate(MOST);
    }
    let query = ListQuery {
        fields: COLUMNS.map(str::to_owned).to_vec(),
        filters: vec![
            Filter::new("item_code", Operator::In, json!(items)),
            Filter::new("warehouse", Operator::In, json!(warehouses)),
        ],
        order_by: vec![Order::asc("name")],
        limit: PAGE,
        ..ListQuery::default()
    };
    let bins = on.session.site.list(&permit, &query).await?.data;
    let is_whole = bins.len() < PAGE as usize;
    let short = taken.into_iter().filter_map(|((item, warehouse), taken)| {
        let was_asked = items.contains(&item) && warehouses.contains(&warehouse);
        let is_here =
            |bin: &&Map<String, Value>| text_of(bin, "item_code") == item && text_of(bin, "warehouse") == warehouse;
        let there = match bins.iter().find(is_here) {
            // A quantity that is masked is not known.
            Some(bin) => Some(number(bin, "actual_qty")?),
            None if was_asked && is_whole => None,
            None => return None,
        };
        is_above(taken, there.unwrap_or_default()).then_some(Short { item, warehouse, taken, there })
    });
    Ok(short.collect())
}

/// What goes out of each warehouse, in the items' own units.
fn taken<'d>(doctype: &str, doc: &'d Map<String, Value>) -> BTreeMap<Place<'d>, f64> {
    let mut taken: BTreeMap<Place<'d>, f64> = BTreeMap::new();
    let of_it = TAKES.iter().find(|takes| takes.of == doctype && ledgers::is_held_against_stock(doctype, doc));
    let Some(takes) = of_it else { return taken };
    let mut take = |row: &'d Map<String, Value>, warehouse: &str, quantity: f64| {
        let place = (text_of(row, "item_code"), text_of(row, warehouse));
        if !place.0.is_empty() && !place.1.is_empty() {
            *taken.entry(place).or_default() += takes.sign * quantity;
        }
    };
    // What the supplier delivers was never there.
    for row in doc.get("items").into_iter().flat_map(rows).filter(|row| !is_set(row, "delivered_by_supplier")) {
        let own = number(row, takes.quantity).filter(|quantity| *quantity != 0.0);
        let factor = number(row, "conversion_factor").filter(|factor| *factor > 0.0).unwrap_or(1.0);
        take(row, takes.warehouse, own.unwrap_or_else(|| number(row, "qty").unwrap_or_default() * factor));
    }
    for row in doc.get("packed_items").into_iter().flat_map(rows) {
        take(row, "warehouse", number(row, "qty").unwrap_or_default());
    }
    taken.retain(|_, taken| is_above(*taken, 0.0));
    taken
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use erpnext_schema::Version;
    use serde_json::{Value, json};

    use super::{TAKES, taken};

    #[test]
    fn every_row_that_takes_names_fields_that_exist() {
        for version in Version::ALL {
            for takes in TAKES {
                let def = erpnext_doctypes::get(*version, takes.of).unwrap();
                let rows = erpnext_doctypes::get(*version, def.field("items").unwrap().target().unwrap()).unwrap();
                for field in ["item_code", takes.warehouse, takes.quantity] {
                    assert!(rows.field(field).is_some(), "{} has no {field}", rows.name);
                }
            }
        }
    }

    #[test]
    fn what_leaves_is_added_up_over_rows_in_the_items_own_unit() {
        let of = |doctype: &str, doc: Value| {
            let taken = taken(doctype, doc.as_object().unwrap());
            taken.into_iter().map(|((item, at), taken)| format!("{item}@{at}={taken}")).collect::<Vec<_>>().join(" ")
        };
        let rows = json!([
            {"item_code": "A", "warehouse": "W", "qty": 2, "conversion_factor": 10},
            {"item_code": "A", "warehouse": "W", "stock_qty": 5.0},
            {"item_code": "B", "warehouse": "W", "qty": 1, "delivered_by_supplier": 1},
            {"item_code": "C", "qty": 1},
        ]);
        assert_eq!(of("Delivery Note", json!({"items": rows})), "A@W=25");
        let packed = json!([{"item_code": "P", "warehouse": "W", "qty": 3}]);
        assert_eq!(of("Delivery Note", json!({"items": [], "packed_items": packed})), "P@W=3");
        assert_eq!(of("Sales Invoice", json!({"items": rows})), "");
        assert_eq!(of("Sales Invoice", json!({"items": rows, "update_stock": 1})), "A@W=25");
        let moved = json!([{"item_code": "A", "s_warehouse": "W", "t_warehouse": "V", "transfer_qty": 4}]);
        assert_eq!(of("Stock Entry", json!({"items": moved})), "A@W=4");
        // What goes back: to the stock, and to the supplier.
        let back = json!([{"item_code": "A", "warehouse": "W", "stock_qty": -4.0}]);
        assert_eq!(of("Delivery Note", json!({"is_return": 1, "items": back})), "");
        assert_eq!(of("Purchase Receipt", json!({"is_return": 1, "items": back})), "A@W=4");
        assert_eq!(of("Sales Order", json!({"items": rows})), "");
    }
}
