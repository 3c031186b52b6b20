//! What differs between two readings of a document, told by field, and in rows by item and column.

use erpnext_schema::{Children, DocTypeDef};
use serde_json::{Map, Value, json};

use crate::shape::called::{self, is_same};
use crate::shape::present::{IN_WORDS, REPEATED};

/// One difference between two readings.
#[derive(Clone, PartialEq, Debug)]
pub struct Change {
    /// The row that it is in, or that it is; none for a field of the document itself.
    pub row: Option<Row>,
    /// What differs.
    pub what: What,
}

/// A row of a table.
#[derive(Clone, PartialEq, Debug)]
pub struct Row {
    /// The table's fieldname.
    pub table: String,
    /// Its place in the later reading, from 0 on; of a row that is gone, in the earlier one.
    pub at: usize,
    /// What people call it.
    pub called: Map<String, Value>,
}

/// What differs.
#[derive(Clone, PartialEq, Debug)]
pub enum What {
    /// A value.
    Value {
        /// The fieldname.
        field: String,
        /// What it was.
        from: Value,
        /// What it is.
        to: Value,
    },
    /// The row is new.
    Added,
    /// The row is gone.
    Removed,
}

/// What changed from one reading to the other, both cut to what may be seen. Nothing in another form is no change.
pub fn between(
    def: &DocTypeDef,
    children: Children<'_>,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
) -> Vec<Change> {
    let mut changes = Vec::new();
    for key in keys(before, after).filter(|key| !matches!(key.as_str(), "modified" | "modified_by")) {
        let (from, to) = (before.get(key), after.get(key));
        match def.table(key) {
            None => changes.extend(value(key, from, to).map(|what| Change { row: None, what })),
            Some(field) => {
                let child = field.rows_of().and_then(children);
                row_changes(key, child, rows(from), rows(to), &mut changes);
            }
        }
    }
    changes
}

fn rows(table: Option<&Value>) -> &[Value] {
    table.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn keys<'a>(before: &'a Map<String, Value>, after: &'a Map<String, Value>) -> impl Iterator<Item = &'a String> {
    after.keys().chain(before.keys().filter(|key| !after.contains_key(*key)))
}

fn value(field: &str, from: Option<&Value>, to: Option<&Value>) -> Option<What> {
    let (from, to) = (from.unwrap_or(&Value::Null), to.unwrap_or(&Value::Null));
    (!is_same(from, to)).then(|| What::Value { field: field.to_owned(), from: from.clone(), to: to.clone() })
}

fn row_changes(
    table: &str,
    child: Option<&'static DocTypeDef>,
    before: &[Value],
    after: &[Value],
    changes: &mut Vec<Change>,
) {
    let name = |row: &Value| row.get("name").filter(|name| !name.is_null()).cloned();
    let place = |at: usize, row: &Value, figures: bool| {
        let call = if figures { called::with_figures } else { called::called };
        let idx = row.get("idx").cloned().unwrap_or_else(|| json!(at + 1));
        Row { table: table.to_owned(), at, called: call(child, row.as_object(), Some(idx), &|_| true) }
    };
    for (at, row) in after.iter().enumerate() {
        let old = before.iter().find(|old| name(old).is_some() && name(old) == name(row));
        let (Some(Value::Object(old)), Value::Object(new)) = (old, row) else {
            changes.push(Change { row: Some(place(at, row, true)), what: What::Added });
            continue;
        };
        let columns = keys(old, new).filter(|key| *key != "idx");
        let found = columns.filter_map(|column| value(column, old.get(column), new.get(column)));
        changes.extend(found.map(|what| Change { row: Some(place(at, row, false)), what }));
    }
    for (at, row) in before.iter().enumerate() {
        if !after.iter().any(|new| name(new).is_some() && name(new) == name(row)) {
            changes.push(Change { row: Some(place(at, row, true)), what: What::Removed });
        }
    }
}

impl Change {
    /// Whether it is one of those given, as [`Merged`](super::merge::Merged) tells them.
    pub fn is_given(&self, given: &Map<String, Value>) -> bool {
        let Some(row) = &self.row else {
            return matches!(&self.what, What::Value { field, .. } if given.contains_key(field));
        };
        let columns = given.get(&row.table).and_then(|rows| rows.get(row.at)).and_then(Value::as_object);
        match &self.what {
            What::Value { field, .. } => columns.is_some_and(|columns| columns.contains_key(field)),
            What::Added => columns.is_some_and(|columns| !columns.is_empty()),
            What::Removed => given.contains_key(&row.table),
        }
    }
}

/// Without those that repeat another one: the same sum in the company's currency, before taxes or a discount that there
/// are none of, or in words; the same quantity in the unit of the stock.
pub fn without_echoes(changes: Vec<Change>, told: &[Change]) -> Vec<Change> {
    let echoes = |change: &Change| {
        let What::Value { field, from, to } = &change.what else { return false };
        if field.ends_with(IN_WORDS) {
            return true;
        }
        let plain = plain(field);
        let says = |other: &Change| {
            let row = |change: &Change| change.row.as_ref().map(|row| (row.table.clone(), row.at));
            let What::Value { field, from: was, to: is } = &other.what else { return false };
            field == plain && is_same(was, from) && is_same(is, to) && row(other) == row(change)
        };
        plain != field && changes.iter().chain(told).any(says)
    };
    changes.iter().filter(|change| !echoes(change)).cloned().collect()
}

/// Whether a change that is told as `{"from": …, "to": …}` repeats one of those beside it, as in [`without_echoes`].
pub fn is_echo(field: &str, change: &Value, beside: &Map<String, Value>) -> bool {
    let plain = plain(field);
    let says = |other: &Value| ["from", "to"].iter().all(|side| is_same(&other[*side], &change[*side]));
    field.ends_with(IN_WORDS) || plain != field && beside.get(plain).is_some_and(says)
}

/// The field that another may repeat: the same sum in the document's currency, with taxes and without a discount.
fn plain(field: &str) -> &str {
    let of = field.trim_start_matches("base_").trim_start_matches("net_");
    REPEATED.iter().find(|(repeat, _)| *repeat == field).map_or(of, |(_, of)| *of)
}

/// As a result shows them: `{"po_no": {"from": …, "to": …}, "items": [{"row": {"idx": 1, "item_code": …}, "changes": …}]}`.
pub fn shown(changes: &[Change]) -> Map<String, Value> {
    let mut shown = Map::new();
    for change in changes {
        let entry = |from: &Value, to: &Value| json!({"from": from, "to": to});
        let Some(row) = &change.row else {
            if let What::Value { field, from, to } = &change.what {
                shown.insert(field.clone(), entry(from, to));
            }
            continue;
        };
        let Some(rows) = shown.entry(row.table.as_str()).or_insert_with(|| json!([])).as_array_mut() else { continue };
        let called = Value::Object(row.called.clone());
        match &change.what {
            What::Added => rows.push(json!({"added": called})),
            What::Removed => rows.push(json!({"removed": called})),
            What::Value { field, from, to } => match rows.last_mut().filter(|last| last["row"] == called) {
                Some(last) => last["changes"][field] = entry(from, to),
                None => rows.push(json!({"row": called, "changes": {field: entry(from, to)}})),
            },
        }
    }
    shown
}

/// As a sentence tells them: `po_no "A" → "B"; items row 1 (SKU001): rate 100 → 120, amount 100 → 120`.
pub fn told(changes: &[Change]) -> String {
    const MOST: usize = 20;
    let mut told = String::new();
    let mut last = None;
    for change in changes.iter().take(MOST) {
        let row = change.row.as_ref();
        let same_row = row.is_some() && row == last;
        told.push_str(match (told.is_empty(), same_row) {
            (true, _) => "",
            (false, true) => ", ",
            (false, false) => "; ",
        });
        if let Some(row) = row.filter(|_| !same_row) {
            let about = row.called.values().find_map(Value::as_str);
            let about = about.map_or_else(String::new, |about| format!(" ({about})"));
            told.push_str(&format!("{} row {}{about}: ", row.table, row.called.get("idx").unwrap_or(&Value::Null)));
        }
        told.push_str(&match &change.what {
            What::Value { field, from, to } => format!("{field} {from} → {to}"),
            What::Added => "added".to_owned(),
            What::Removed => "removed".to_owned(),
        });
        last = row;
    }
    if changes.len() > MOST {
        told.push_str(&format!("; {} more", changes.len() - MOST));
    }
    told
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn changes(before: Value, after: Value) -> Vec<Change> {
        let def = erpnext_doctypes::any("Sales Order").unwrap();
        between(def, &erpnext_doctypes::any, before.as_object().unwrap(), after.as_object().unwrap())
    }

    #[test]
    fn changes_are_told_by_field_and_item() {
        let row = |name: &str, idx: u8, item: &str, rate: f64| json!({"name": name, "idx": idx, "item_code": item, "qty": 2.0, "rate": rate});
        let before = json!({"po_no": "A", "modified": "1", "tax_id": null, "items": [row("r1", 1, "CHAIR", 5.0), row("r2", 2, "DESK", 7.0)]});
        let new = json!({"idx": 2, "item_code": "LAMP", "qty": 1});
        let after = json!({"po_no": "B", "modified": "2", "tax_id": "", "items": [row("r1", 1, "CHAIR", 6.0), new]});
        let changes = changes(before, after);
        let expected = json!({
            "po_no": {"from": "A", "to": "B"},
            "items": [
                {"row": {"idx": 1, "item_code": "CHAIR"}, "changes": {"rate": {"from": 5.0, "to": 6.0}}},
                {"added": {"idx": 2, "item_code": "LAMP", "qty": 1}},
                {"removed": {"idx": 2, "item_code": "DESK", "qty": 2.0, "rate": 7.0}},
            ],
        });
        assert_eq!(json!(shown(&changes)), expected);
        let text = r#"po_no "A" → "B"; items row 1 (CHAIR): rate 5.0 → 6.0; items row 2 (LAMP): added; items row 2 (DESK): removed"#;
        assert_eq!(told(&changes), text);
        let given = json!({"po_no": "B", "items": [{}, {"item_code": "LAMP"}]});
        let asked: Vec<bool> = changes.iter().map(|change| change.is_given(given.as_object().unwrap())).collect();
        assert_eq!(asked, [true, false, true, true]);
    }

    #[test]
    fn what_repeats_another_sum_is_left_out() {
        let sums = |sum: f64, base: f64| json!({"grand_total": sum, "base_grand_total": base, "total": sum, "base_net_total": sum, "in_words": sum.to_string()});
        let left = |before, after| {
            let left = without_echoes(changes(before, after), &[]);
            shown(&left).keys().cloned().collect::<Vec<_>>()
        };
        assert_eq!(left(sums(1.0, 1.0), sums(2.0, 2.0)), ["grand_total", "total"]);
        assert_eq!(left(sums(1.0, 3.0), sums(2.0, 6.0)), ["grand_total", "base_grand_total", "total"]);
        let row = |qty: f64, factor: f64| {
            let sums = json!({"name": "r1", "idx": 1, "qty": qty, "stock_qty": qty * factor, "amount": qty, "net_amount": qty});
            json!({ "items": [sums] })
        };
        let columns = |factor| {
            let left = without_echoes(changes(row(1.0, factor), row(2.0, factor)), &[]);
            let shown = json!(shown(&left));
            shown["items"][0]["changes"].as_object().unwrap().keys().cloned().collect::<Vec<_>>()
        };
        assert_eq!((columns(1.0), columns(12.0).len()), (vec!["qty".to_owned(), "amount".to_owned()], 3));
    }
}
