//! Where a page of a list begins: after the last row of the page before, known by the values that the list is sorted by. So a
//! change between two pages moves no other document from one to the other. Where those values do not tell, a page begins
//! by position.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use erpnext_schema::{DocTypeDef, FieldKind, Operator, Order};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::policy::Filter;

/// The most keys of an order that rows are found by: each is a question of its own.
const MOST_KEYS: usize = 4;

/// What a cursor keeps.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct Position {
    /// How many rows came before.
    pub before: u64,
    /// How many there were in all when the first page was asked for, where they were counted.
    pub total: Option<u64>,
    /// The values of the last row, one for each key of the order; none where the position has to do.
    pub after: Option<Vec<Value>>,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let json = serde_json::to_vec(&(self.before, self.total, &self.after)).map_err(|_| fmt::Error)?;
        f.write_str(&BASE64_URL_SAFE_NO_PAD.encode(json))
    }
}

impl FromStr for Position {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let json = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(drop)?;
        let (before, total, after) = serde_json::from_slice(&json).map_err(drop)?;
        Ok(Self { before, total, after })
    }
}

/// The keys that decide the order: none counts after the name.
pub fn keys(order: &[Order]) -> &[Order] {
    let name = order.iter().position(|key| key.fieldname == "name");
    name.map_or(order, |at| &order[..=at])
}

/// The values of a row after which the next page begins; `held` gives them by column. None where they do not tell: where one
/// is empty, which the site cannot be asked to go on after, or is not shown, or is a long text, of which only the beginning
/// is sorted.
pub fn values<'r>(def: &DocTypeDef, order: &[Order], held: impl Fn(&str) -> Option<&'r Value>) -> Option<Vec<Value>> {
    let keys = keys(order);
    let tells = |key: &Order| {
        let value = held(key.fieldname)?;
        let told = match value {
            Value::String(text) => {
                !text.is_empty() && def.field(key.fieldname).is_some_and(|field| is_short(field.kind))
            }
            Value::Number(_) => {
                key.fieldname != "name" && def.field(key.fieldname).is_some_and(|field| is_number(field.kind))
            }
            _ => false,
        };
        told.then(|| value.clone())
    };
    let named = keys.last().is_some_and(|key| key.fieldname == "name") && keys.len() <= MOST_KEYS;
    named.then(|| keys.iter().map(tells).collect())?
}

const fn is_short(kind: FieldKind) -> bool {
    use FieldKind::{Data, Date, Datetime, DynamicLink, Link, Select};
    matches!(kind, Data | Date | Datetime | DynamicLink | Link | Select)
}

/// Kinds whose columns are never null.
const fn is_number(kind: FieldKind) -> bool {
    matches!(kind, FieldKind::Check | FieldKind::Currency | FieldKind::Float | FieldKind::Int | FieldKind::Percent)
}

/// The questions whose answers, one after the other, are the rows after one with these values: those that share all but its
/// last value, then all but its last two, and so on.
pub fn after(order: &[Order], values: &[Value]) -> Vec<Vec<Filter>> {
    let keys = keys(order);
    let question = |last: usize| {
        let same = keys.iter().zip(values).take(last).map(|(key, value)| Filter::eq(key.fieldname, value.clone()));
        let next = keys.iter().zip(values).skip(last).take(1).map(|(key, value)| {
            let operator = if key.descending { Operator::Lt } else { Operator::Gt };
            // Empty values come last where the greatest come first.
            Filter::new(key.fieldname, operator, value.clone()).or_empty()
        });
        same.chain(next).collect()
    };
    (0..keys.len()).rev().map(question).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use erpnext_schema::{DocTypeDef, Operator as O, Order};
    use serde_json::{Map, Value, json};

    use super::{Filter, Position, after};

    fn values(def: &DocTypeDef, order: &[Order], row: &Map<String, Value>) -> Option<Vec<Value>> {
        super::values(def, order, |column| row.get(column))
    }

    fn row(row: Value) -> Map<String, Value> {
        row.as_object().unwrap().clone()
    }

    #[test]
    fn a_place_is_read_as_it_was_written() {
        for place in [
            Position::default(),
            Position { before: 40, total: Some(1506), after: Some(vec![json!("2026-01-01"), json!("SO–\"1\"")]) },
        ] {
            assert_eq!(place.to_string().parse(), Ok(place));
        }
        assert_eq!("40".parse::<Position>(), Err(()));
    }

    #[test]
    fn a_row_tells_where_the_next_begins_unless_a_value_is_empty_hidden_or_long() {
        let def = erpnext_doctypes::any("Sales Order").unwrap();
        let by = |field| vec![Order::desc(field), Order::asc("name")];
        let of = |field, value: Value| values(def, &by(field), &row(json!({field: value, "name": "SO-1"})));
        assert_eq!(of("po_date", json!("2026-01-01")), Some(vec![json!("2026-01-01"), json!("SO-1")]));
        assert_eq!(of("grand_total", json!(0.0)), Some(vec![json!(0.0), json!("SO-1")]));
        for (field, value) in [("po_date", json!(null)), ("po_no", json!("")), ("terms", json!("long"))] {
            assert_eq!(of(field, value), None, "{field}");
        }
        assert_eq!(values(def, &by("po_date"), &row(json!({"name": "SO-1"}))), None);
        assert_eq!(values(def, &by("po_date"), &row(json!({"po_date": "2026-01-01", "name": 5}))), None);
        // What stands after the name decides nothing.
        let named = [Order::asc("name"), Order::asc("po_date")];
        assert_eq!(values(def, &named, &row(json!({"name": "SO-1"}))), Some(vec![json!("SO-1")]));
    }

    #[test]
    fn the_rows_after_one_share_its_values_up_to_one_that_is_greater_or_less() {
        let order = [Order::desc("modified"), Order::asc("name")];
        let questions = after(&order, &[json!("2026-01-01"), json!("A")]);
        let next = |field, operator, value: &str| Filter::new(field, operator, value).or_empty();
        assert_eq!(
            questions,
            [
                vec![Filter::eq("modified", "2026-01-01"), next("name", O::Gt, "A")],
                vec![next("modified", O::Lt, "2026-01-01")],
            ]
        );
    }
}
