//! The rows that the site gave, under the names that were asked for and put together by spans of time.

use std::collections::BTreeMap;

use erpnext_schema::collation::fold;
use erpnext_schema::time;
use jiff::civil::Date;
use serde_json::{Map, Number, Value, json};

use super::asked::{AggregateRequest, Function, Span};
use crate::entry::{compare, rounded};
use crate::shape::present::as_day;

/// A row of the site under the names that were asked for.
pub(crate) fn named(asked: &AggregateRequest, row: &Map<String, Value>) -> Map<String, Value> {
    let of = |key: &str| row.get(key).cloned().unwrap_or_default();
    let mut named = Map::new();
    for group in &asked.groups {
        let mut value = of(&group.label);
        as_day(Some(group.field), &mut value);
        named.insert(group.label.clone(), if value == "" { Value::Null } else { value });
    }
    for (i, measure) in asked.measures.iter().enumerate() {
        let mut value = match measure.function {
            Function::Avg => average(of(&format!("m{i}")).as_f64(), of(&format!("n{i}")).as_f64()),
            _ => of(&format!("m{i}")),
        };
        as_day(measure.field, &mut value);
        named.insert(measure.label.clone(), rounded(value));
    }
    named
}

/// A field of which two groups have nothing: the site keeps that as no text, and as none at all.
pub(crate) fn empty_twice<'a>(asked: &'a AggregateRequest, rows: &[Map<String, Value>]) -> Option<&'a str> {
    let has = |label: &str, nothing: &Value| rows.iter().any(|row| row.get(label) == Some(nothing));
    let mut labels = asked.groups.iter().map(|group| group.label.as_str());
    labels.find(|label| has(label, &Value::Null) && has(label, &json!("")))
}

/// Rows by exact date, put together by span.
pub(crate) fn put_together(asked: &AggregateRequest, rows: &[Map<String, Value>]) -> Vec<Map<String, Value>> {
    let mut merged = Merged::new(asked);
    for row in rows {
        let mut row = row.clone();
        merged.put(merged.key(&mut row), row);
    }
    merged.groups()
}

/// Groups in the making, as rows of the site that are put together by what they are grouped by.
pub(crate) struct Merged<'a> {
    asked: &'a AggregateRequest,
    by_key: BTreeMap<String, Map<String, Value>>,
}

impl<'a> Merged<'a> {
    /// No groups yet.
    pub(crate) fn new(asked: &'a AggregateRequest) -> Self {
        Self { asked, by_key: BTreeMap::new() }
    }

    /// What is asked of them.
    pub(crate) fn asked(&self) -> &'a AggregateRequest {
        self.asked
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// The group that a row belongs to, whose dates become those of their spans.
    pub(crate) fn key(&self, row: &mut Map<String, Value>) -> String {
        for group in self.asked.groups.iter().filter(|group| group.span.is_some()) {
            let value = row.get(&group.label).and_then(Value::as_str).map(|text| span_of(text, group.span));
            row.insert(group.label.clone(), value.map_or(Value::Null, Value::from));
        }
        let values = self.asked.groups.iter().filter_map(|group| row.get(&group.label));
        // Texts that the site's database takes for the same are in one group there, too; no text is one, however it is kept.
        let folded = |value: &Value| match value.as_str().map(fold) {
            Some(text) if text.is_empty() => Value::Null,
            Some(text) => json!(text),
            None => value.clone(),
        };
        values.map(folded).collect::<Value>().to_string()
    }

    /// Adds a row to its group.
    pub(crate) fn put(&mut self, key: String, row: Map<String, Value>) {
        match self.by_key.get_mut(&key) {
            None => {
                self.by_key.insert(key, row);
            }
            Some(known) => {
                let measures = self.asked.measures.iter().enumerate();
                measures.for_each(|(i, measure)| add(known, &row, i, measure.function));
            }
        }
    }

    /// The groups, in order.
    pub(crate) fn groups(&self) -> Vec<Map<String, Value>> {
        let mut groups: Vec<_> = self.by_key.values().map(|row| named(self.asked, row)).collect();
        let (label, descending) = &self.asked.order;
        sort(&mut groups, |group| group.get(label).cloned().unwrap_or_default(), *descending);
        groups
    }
}

fn add(known: &mut Map<String, Value>, row: &Map<String, Value>, i: usize, function: Function) {
    for key in [format!("m{i}"), format!("n{i}")] {
        let (Some(a), Some(b)) = (known.get(&key), row.get(&key)) else { continue };
        let better = |wanted: std::cmp::Ordering| {
            if a.is_null() || !b.is_null() && compare(b, a) == wanted { b.clone() } else { a.clone() }
        };
        let sum = match function {
            Function::Min => better(std::cmp::Ordering::Less),
            Function::Max => better(std::cmp::Ordering::Greater),
            _ => match (a.as_i64(), b.as_i64()) {
                (Some(a), Some(b)) => json!(a.saturating_add(b)),
                _ => json!(a.as_f64().unwrap_or_default() + b.as_f64().unwrap_or_default()),
            },
        };
        known.insert(key, sum);
    }
}

fn average(sum: Option<f64>, count: Option<f64>) -> Value {
    let average = sum.zip(count.filter(|count| *count > 0.0)).map(|(sum, count)| sum / count);
    average.and_then(Number::from_f64).map_or(Value::Null, Value::Number)
}

/// The span that a date or a date with time is in: `2026-11-23`, `2026-W48`, `2026-11`, `2026-Q4`, `2026`.
fn span_of(text: &str, span: Option<Span>) -> String {
    let day = text.split(' ').next().unwrap_or(text);
    let Ok(date) = time::parse_date(day) else { return text.to_owned() };
    let (year, month) = (date.year(), date.month());
    match span {
        None | Some(Span::Day) => date.to_string(),
        Some(Span::Week) => week(date),
        Some(Span::Month) => format!("{year:04}-{month:02}"),
        Some(Span::Quarter) => format!("{year:04}-Q{}", (month + 2) / 3),
        Some(Span::Year) => format!("{year:04}"),
    }
}

fn week(date: Date) -> String {
    let iso = date.iso_week_date();
    format!("{:04}-W{:02}", iso.year(), iso.week())
}

pub(crate) fn sort<T>(rows: &mut [T], key: impl Fn(&T) -> Value, descending: bool) {
    rows.sort_by(|a, b| {
        let order = compare(&key(a), &key(b));
        if descending { order.reverse() } else { order }
    });
}
