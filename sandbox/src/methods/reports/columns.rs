//! The columns of a report, and the total row that the site adds below: a list among objects (H53).

use serde_json::{Map, Value, json};

use crate::doc::{Doc, flt};

/// One column: `(label, fieldname, fieldtype, options, width)`, with empty text for what is not stated and a width
/// of 0 for a hidden column.
pub type Column = (&'static str, &'static str, &'static str, &'static str, u16);

/// How a report states its columns; reports differ in it, and so must what reads them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// Objects without the keys that have no value.
    Sparse,
    /// Objects whose `options` is null where there are none.
    Nulls,
    /// The columns of an SQL report: the width is a string, an unknown fieldtype is empty.
    Query,
}

/// The columns as the report states them.
pub fn to_json(columns: &[Column], style: Style, currency: &str) -> Vec<Value> {
    columns.iter().map(|column| one(column, style, currency)).collect()
}

fn one(&(label, fieldname, fieldtype, options, width): &Column, style: Style, currency: &str) -> Value {
    let mut column = Map::new();
    let mut set = |key: &str, value: Value| {
        column.insert(key.to_owned(), value);
    };
    let label = label.replace("{currency}", currency);
    if style == Style::Query {
        set("fieldtype", json!(fieldtype));
        if !options.is_empty() {
            set("options", json!(options));
        }
        set("width", json!(width.to_string()));
        set("label", json!(label));
        set("fieldname", json!(fieldname));
        return Value::Object(column);
    }
    set("label", json!(label));
    set("fieldname", json!(fieldname));
    if !fieldtype.is_empty() {
        set("fieldtype", json!(fieldtype));
    }
    match (options, style) {
        ("", Style::Nulls) => set("options", Value::Null),
        ("", _) => {}
        (options, _) => set("options", json!(options)),
    }
    if width == 0 {
        set("hidden", json!(1));
    } else {
        set("width", json!(width));
    }
    Value::Object(column)
}

/// The total row: one cell for each column, empty text where nothing adds up, `Total` first unless the first column
/// is a date or a number.
pub fn total_row(columns: &[Column], rows: &[Doc]) -> Vec<Value> {
    let total = |&(_, fieldname, fieldtype, options, _): &Column| match fieldtype {
        "Currency" | "Float" | "Int" | "Duration" | "Percent" => {
            let values: Vec<f64> = rows.iter().filter_map(|row| row.get(fieldname)).map(flt).collect();
            let sum: f64 = values.iter().sum();
            let mean = if fieldtype == "Percent" { sum / values.len().max(1) as f64 } else { sum };
            if mean == 0.0 { json!("") } else { json!(mean) }
        }
        "Link" if options == "Currency" => {
            rows.first().and_then(|row| row.get(fieldname)).cloned().unwrap_or_else(|| json!(""))
        }
        _ => json!(""),
    };
    let mut cells: Vec<Value> = columns.iter().map(total).collect();
    let named = |column: &Column| !matches!(column.2, "Currency" | "Float" | "Int" | "Percent" | "Date");
    if let (Some(first), Some(column)) = (cells.first_mut(), columns.first())
        && named(column)
    {
        *first = json!("Total");
    }
    cells
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::{Column, Style, to_json, total_row};

    const COLUMNS: &[Column] = &[
        ("Party", "party", "Dynamic Link", "party_type", 180),
        ("Paid Amount", "paid", "Currency", "currency", 120),
        ("Debit ({currency})", "debit", "Currency", "currency", 0),
        ("Currency", "currency", "Link", "Currency", 80),
        ("Remark", "remark", "", "", 100),
    ];

    #[test]
    fn the_total_row_is_a_list_that_sums_numbers_names_the_currency_and_leaves_zero_empty() {
        let rows = [json!({"debit": 2.5, "paid": 0, "currency": "USD"}), json!({"debit": 2, "currency": "EUR"})];
        let rows: Vec<_> = rows.iter().map(|row| row.as_object().unwrap().clone()).collect();
        assert_eq!(total_row(COLUMNS, &rows), [json!("Total"), json!(""), json!(4.5), json!("USD"), json!("")]);
        let dated: &[Column] = &[("Posting Date", "posting_date", "Date", "", 90)];
        assert_eq!(total_row(dated, &rows), [json!("")]);
    }

    #[test]
    fn each_style_states_a_column_in_its_own_way() {
        let sparse = to_json(COLUMNS, Style::Sparse, "USD");
        assert_eq!(
            sparse[2],
            json!({"label": "Debit (USD)", "fieldname": "debit", "fieldtype": "Currency", "options": "currency", "hidden": 1})
        );
        assert_eq!(sparse[4], json!({"label": "Remark", "fieldname": "remark", "width": 100}));
        let nulls = to_json(COLUMNS, Style::Nulls, "USD");
        assert_eq!(nulls[4]["options"], json!(null));
        let query = to_json(COLUMNS, Style::Query, "USD");
        assert_eq!(query[4], json!({"fieldtype": "", "width": "100", "label": "Remark", "fieldname": "remark"}));
    }
}
