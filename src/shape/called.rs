//! What people call a row: its number and what it is about, never its hash.

use erpnext_schema::{DocTypeDef, FieldKind, Shape, flag};
use serde_json::{Map, Value, json};

/// Columns that tell a row of an order, an invoice or an entry from the next one.
const FIGURES: [&str; 8] =
    ["qty", "rate", "amount", "debit", "credit", "allocated_amount", "tax_amount", "payment_amount"];

/// A row by its number and what it links to, as far as that may be seen.
pub fn called(
    child: Option<&'static DocTypeDef>,
    row: Option<&Map<String, Value>>,
    idx: Option<Value>,
    may_see: &dyn Fn(&str) -> bool,
) -> Map<String, Value> {
    let mut called = Map::from_iter(idx.map(|idx| ("idx".to_owned(), idx)));
    let columns = child.into_iter().flat_map(|child| child.fields);
    // A Dynamic Link tells more than the DocType that it goes to.
    let links = columns.filter(|column| {
        column.kind == FieldKind::DynamicLink || column.target().is_some_and(|target| target != "DocType")
    });
    let mut about = links.filter(|column| may_see(column.fieldname)).filter_map(|column| {
        let value = row?.get(column.fieldname)?;
        value.as_str().filter(|text| !text.is_empty()).map(|text| (column.fieldname, text))
    });
    if let Some((column, text)) = about.next() {
        called.insert(column.to_owned(), json!(text));
    }
    called
}

/// The same with the figures that it holds: the usual ones, else those that the grid shows.
pub fn with_figures(
    child: Option<&'static DocTypeDef>,
    row: Option<&Map<String, Value>>,
    idx: Option<Value>,
    may_see: &dyn Fn(&str) -> bool,
) -> Map<String, Value> {
    let mut called = called(child, row, idx, may_see);
    let held = |column: &str| {
        let value = row.filter(|_| may_see(column))?.get(column)?;
        (!is_same(value, &Value::Null)).then(|| (column.to_owned(), value.clone()))
    };
    let mut figures: Vec<_> = FIGURES.into_iter().filter_map(held).collect();
    if figures.is_empty() {
        let columns = child.into_iter().flat_map(|child| child.fields);
        let shown = columns.filter(|column| column.is(flag::IN_LIST_VIEW) && column.kind.shape() == Shape::Float);
        figures.extend(shown.filter_map(|column| held(column.fieldname)));
    }
    // What neither links nor counts is told by what it must have: an address, a number.
    if figures.is_empty() && called.keys().all(|key| key == "idx") {
        let columns = child.into_iter().flat_map(|child| child.fields);
        let needed = columns.filter(|column| column.is(flag::REQD) && column.kind.shape() == Shape::Text);
        figures.extend(needed.filter_map(|column| held(column.fieldname)).take(1));
    }
    called.extend(figures);
    called
}

/// Whether two values say the same to a reader: nothing in one form and in another, a number and its text.
pub fn is_same(from: &Value, to: &Value) -> bool {
    let number = |value: &Value| match value {
        Value::Null => Some(0.0),
        Value::Bool(on) => Some(f64::from(u8::from(*on))),
        Value::Number(number) => number.as_f64(),
        Value::String(text) if text.is_empty() => Some(0.0),
        Value::String(text) => text.parse().ok(),
        Value::Array(_) | Value::Object(_) => None,
    };
    from == to || number(from).zip(number(to)).is_some_and(|(from, to)| from == to)
}
