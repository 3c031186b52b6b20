//! What comes: the rows of purchase orders that are not received yet, by their dates, and what is free then.

use std::collections::BTreeMap;

use erpnext_schema::Operator;
use serde_json::{Value, json};

use super::seen::{Row, Scope, call_on, exact, seen_rows, sees, too_many, up_to};
use crate::document::amounts::number_or_zero;
use crate::documents::DocTypeCall;
use crate::documents::beyond::neighbour;
use crate::error::ToolError;
use crate::policy::Filter;
use crate::shape::text_of;
use crate::site::ListQuery;
use crate::tool::Call;

/// The states of orders of which something is to be received.
const OPEN: [&str; 2] = ["To Receive and Bill", "To Receive"];
/// The columns that tell what comes.
const COLUMNS: [&str; 7] =
    ["item_code", "warehouse", "qty", "received_qty", "conversion_factor", "schedule_date", "delivered_by_supplier"];
/// The most orders that one call looks through, and the most of their rows.
const MOST_ORDERS: usize = 5_000;
const MOST_ROWS: usize = 20_000;
/// How many arrivals of an item are told.
pub const MOST_TOLD: usize = 50;

/// What comes of an item, the earliest first.
pub struct Arrival {
    date: String,
    order: String,
    warehouse: String,
    qty: f64,
}

/// What comes of the items, by item; nothing where that may not be read, or is more than one call looks through.
///
/// # Errors
/// The site's.
pub async fn arrivals(
    call: &Call<'_>,
    on: &DocTypeCall<'_>,
    scope: &Scope,
    notes: &mut Vec<String>,
) -> Result<Option<BTreeMap<String, Vec<Arrival>>>, ToolError> {
    let Ok(orders) = neighbour(on, "Purchase Order").await? else { return Ok(None) };
    let Some(rows) = seen_rows(on, &orders, "items", &COLUMNS).filter(|_| sees(&orders, "status")) else {
        return Ok(None);
    };
    let items = Filter::new("item_code", Operator::In, scope.items.clone());
    let filters = vec![
        Filter::eq("docstatus", 1),
        Filter::new("status", Operator::In, json!(OPEN)),
        Filter { rows: Some(rows), ..items.clone() },
    ];
    let on_orders = call_on(on, &orders);
    let query = ListQuery { filters, ..ListQuery::default() };
    let Some(found) = up_to(call, &on_orders, &query, MOST_ORDERS).await? else {
        notes.push(too_many("arrivals", MOST_ORDERS, "orders bring these items"));
        return Ok(None);
    };
    let names: Vec<Value> = found.into_iter().filter_map(|mut row| row.remove("name")).collect();
    let Some(child) = on.session.catalog.known(rows.doctype) else { return Ok(None) };
    let columns: Vec<_> = COLUMNS.iter().filter_map(|column| child.field(column)).collect();
    let Some(found) = on_orders.rows_of(rows, &names, &columns, &[items], MOST_ROWS).await? else {
        notes.push(too_many("arrivals", MOST_ROWS, "rows of orders bring these items"));
        return Ok(None);
    };
    if orders.permit.is_row_filtered() {
        notes.push("arrivals: only those of orders that you may see".to_owned());
    }
    let mut by_item = BTreeMap::<String, Vec<Arrival>>::new();
    for row in &found {
        let factor = Some(number_or_zero(row, "conversion_factor")).filter(|factor| *factor > 0.0).unwrap_or(1.0);
        let qty = (number_or_zero(row, "qty") - number_or_zero(row, "received_qty")) * factor;
        let warehouse = text_of(row, "warehouse");
        // Such a row goes to the customer without ever lying in a warehouse.
        if number_or_zero(row, "delivered_by_supplier") > 0.0 {
            continue;
        }
        if qty > 0.0 && scope.has(warehouse) {
            by_item.entry(text_of(row, "item_code").to_owned()).or_default().push(Arrival {
                date: text_of(row, "schedule_date").to_owned(),
                order: text_of(row, "parent").to_owned(),
                warehouse: warehouse.to_owned(),
                qty,
            });
        }
    }
    for arrivals in by_item.values_mut() {
        arrivals.sort_by(|one, other| (&one.date, &one.order).cmp(&(&other.date, &other.order)));
    }
    Ok(Some(by_item))
}

/// The arrivals of an item as they are told: with what is free once each is there, if it is known what is free now. One whose
/// day has passed is late.
pub fn told(arrivals: &[Arrival], free: Option<f64>, today: &str) -> Vec<Value> {
    let mut then = free;
    let tell = |arrival: &Arrival| {
        let mut told = Row::new();
        told.insert("date".to_owned(), json!(arrival.date));
        told.insert("qty".to_owned(), exact(arrival.qty));
        told.insert("purchase_order".to_owned(), json!(arrival.order));
        if !arrival.warehouse.is_empty() {
            told.insert("warehouse".to_owned(), json!(arrival.warehouse));
        }
        if arrival.date.as_str() < today {
            told.insert("late".to_owned(), json!(true));
        }
        then = then.map(|then| then + arrival.qty);
        if let Some(then) = then {
            told.insert("free_then".to_owned(), exact(then));
        }
        Value::Object(told)
    };
    arrivals.iter().take(MOST_TOLD).map(tell).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Arrival, told};

    #[test]
    fn what_is_free_grows_by_what_comes_and_what_is_late_says_so() {
        let arrival = |date: &str, qty: f64| Arrival {
            date: date.to_owned(),
            order: "PO-1".to_owned(),
            warehouse: String::new(),
            qty,
        };
        let arrivals = [arrival("2026-11-01", 2.0), arrival("2026-12-01", 0.5)];
        let known = told(&arrivals, Some(1.0), "2026-11-20");
        assert_eq!(
            known[0],
            json!({"date": "2026-11-01", "qty": 2.0, "purchase_order": "PO-1", "late": true, "free_then": 3.0})
        );
        assert_eq!((&known[1]["free_then"], known[1].get("late")), (&json!(3.5), None));
        // What is free now is withheld: nothing is told that it could be had from.
        assert!(told(&arrivals, None, "2026-11-20").iter().all(|arrival| arrival.get("free_then").is_none()));
    }
}
