//! Filters as both versions of the site take them, and as they mean what they say.

use std::cmp::Ordering;

use erpnext_schema::Operator;
use serde_json::{Value, json};

use super::Filter;

/// The filters of one question, ready to be sent.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Wire {
    /// All of these hold.
    pub all: Vec<Value>,
    /// At least one of these holds, where there are any.
    pub any: Vec<Value>,
    /// Whether rows are joined, so that a document comes once for each of them (H19).
    pub joins: bool,
}

/// Whether the site needs more than one comparison for it, which it cannot take as one of several choices.
pub fn is_compound(filter: &Filter) -> bool {
    parts(filter).len() > 1
}

/// The filters of a question that all of `all` hold and one of `any`.
///
/// # Errors
/// The choice that the site cannot be told.
pub(super) fn wire<'a>(
    all: impl IntoIterator<Item = &'a Filter>,
    any: impl IntoIterator<Item = &'a Filter>,
) -> Result<Wire, String> {
    let (mut all, mut any) = (Vec::from_iter(all), Vec::from_iter(any));
    if let [only] = any.as_slice() {
        all.push(only);
        any.clear();
    }
    if let Some(choice) = any.iter().find(|choice| is_compound(choice)) {
        return Err(format!("{} {} cannot be one of several choices", choice.place(), choice.operator));
    }
    let joins = all.iter().chain(&any).any(|filter| filter.rows.is_some());
    let mut wire = Wire { all: Vec::new(), any: any.into_iter().flat_map(parts).collect(), joins };
    for part in all.iter().copied().flat_map(parts) {
        if !wire.all.contains(&part) {
            wire.all.push(part);
        }
    }
    // Version 16 takes a single list of this kind for something else (H56); one that was given twice is single, too.
    if wire.all.len() == 1 && all.iter().any(|filter| filter.operator.walks_a_tree()) {
        wire.all.push(json!(["name", "is", "set"]));
    }
    Ok(wire)
}

/// The comparisons that say together what the filter says.
fn parts(filter: &Filter) -> Vec<Value> {
    let part = |operator: Operator, value: &Value| match filter.rows {
        // `items.item_code` is a 500 on version 15 (H19).
        Some(rows) => json!([rows.doctype, filter.field, operator.as_str(), value]),
        None => json!([filter.field, operator.as_str(), value]),
    };
    let set = || part(Operator::Is, &json!("set"));
    let mut parts = match (filter.operator, filter.value.as_array().map(Vec::as_slice)) {
        // The site makes dates of the bounds, whatever the field is.
        (Operator::Between, Some([from, to])) if !filter.is_between_dates() => {
            vec![part(Operator::Gte, from), part(Operator::Lte, to)]
        }
        _ => vec![part(filter.operator, &filter.value)],
    };
    // Below a leaf, and above a root, version 15 finds the documents whose field is empty (H57).
    let walks =
        matches!(filter.operator, Operator::DescendantsOf | Operator::DescendantsOfInclusive | Operator::AncestorsOf);
    if walks || filter.leaves_out_empty() {
        parts.push(set());
    }
    match filter.rows {
        Some(rows) if rows.shared => parts.push(json!([rows.doctype, "parentfield", "=", rows.table])),
        // A document without rows has one that is empty, to the site.
        Some(rows) if !filter.or_empty && takes_empty(filter.operator, &filter.value) => {
            parts.push(json!([rows.doctype, "name", "is", "set"]));
        }
        _ => {}
    }
    parts
}

/// Whether the comparison may hold for nothing: for no text, or for 0.
fn takes_empty(operator: Operator, value: &Value) -> bool {
    use Operator as O;
    let zero = |value: &Value| 0.0_f64.partial_cmp(&value.as_f64()?);
    let mut values = value.as_array().into_iter().flatten();
    match operator {
        O::Is => *value == "not set",
        O::Eq => *value == "" || zero(value) == Some(Ordering::Equal),
        O::Ne => zero(value).is_some_and(Ordering::is_ne),
        O::Lt => zero(value).is_some_and(Ordering::is_lt),
        O::Lte => zero(value).is_some_and(Ordering::is_le),
        O::Gt => zero(value).is_some_and(Ordering::is_gt),
        O::Gte => zero(value).is_some_and(Ordering::is_ge),
        O::In => values.any(|value| takes_empty(O::Eq, value)),
        O::NotIn => values.all(|value| takes_empty(O::Ne, value)),
        O::Between => match value.as_array().map(Vec::as_slice) {
            Some([from, to]) => takes_empty(O::Gte, from) && takes_empty(O::Lte, to),
            _ => false,
        },
        _ => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use erpnext_schema::Operator as O;
    use serde_json::{Value, json};

    use super::{Filter, Wire, is_compound, wire};
    use crate::policy::Rows;

    const ITEMS: Rows = Rows { table: "items", doctype: "Sales Order Item", shared: false };

    fn all(filters: &[Filter]) -> Value {
        Value::Array(wire(filters, []).unwrap().all)
    }

    fn column(filter: Filter, rows: Rows) -> Filter {
        Filter { rows: Some(rows), ..filter }
    }

    #[test]
    fn a_column_of_rows_is_named_with_its_doctype() {
        let filter = column(Filter::eq("item_code", "A"), ITEMS);
        let wire = wire([&filter, &Filter::eq("docstatus", 1)], []).unwrap();
        assert_eq!(json!(wire.all), json!([["Sales Order Item", "item_code", "=", "A"], ["docstatus", "=", 1]]));
        assert!(wire.joins);
        assert_eq!(filter.place(), "items.item_code");
        let shared = column(filter, Rows { shared: true, ..ITEMS });
        let table = json!(["Sales Order Item", "parentfield", "=", "items"]);
        assert_eq!(all(&[shared]), json!([["Sales Order Item", "item_code", "=", "A"], table]));
    }

    #[test]
    fn what_a_row_does_not_have_is_asked_of_rows_that_there_are() {
        for (operator, value) in [
            (O::Is, json!("not set")),
            (O::Eq, json!("")),
            (O::Eq, json!(0)),
            (O::Ne, json!(5)),
            (O::In, json!(["A", ""])),
            (O::NotIn, json!([1, 2])),
            (O::Lt, json!(5)),
            (O::Lte, json!(0)),
            (O::Gt, json!(-0.5)),
            (O::Gte, json!(0)),
            (O::Between, json!([-1, 9.5])),
        ] {
            let filter = column(Filter::new("qty", operator, value), ITEMS);
            let there = json!(["Sales Order Item", "name", "is", "set"]);
            assert!(all(std::slice::from_ref(&filter)).as_array().unwrap().contains(&there), "{filter:?}");
            assert!(
                !all(&[Filter { rows: None, ..filter.clone() }]).as_array().unwrap().contains(&there),
                "{filter:?}"
            );
            assert!(!all(&[filter.or_empty()]).as_array().unwrap().contains(&there));
        }
        for (operator, value) in [
            (O::Eq, json!("A")),
            (O::Gt, json!(0)),
            (O::Lt, json!(0)),
            (O::NotIn, json!([0, 1])),
            (O::Like, json!("%")),
        ] {
            let filter = column(Filter::new("qty", operator, value), ITEMS);
            assert!(!is_compound(&filter), "{filter:?}");
        }
    }

    #[test]
    fn a_tree_is_never_walked_alone_and_never_from_an_empty_field() {
        let set = json!(["territory", "is", "set"]);
        for operator in
            [O::DescendantsOf, O::DescendantsOfInclusive, O::AncestorsOf, O::NotDescendantsOf, O::NotAncestorsOf]
        {
            let filter = Filter::new("territory", operator, "X");
            let alone = json!([["territory", operator.as_str(), "X"], set]);
            assert_eq!(all(std::slice::from_ref(&filter)), alone);
            assert_eq!(all(&[filter.clone(), filter]), alone, "given twice");
            // The name is set in any case.
            let filter = Filter::new("name", operator, "X");
            assert_eq!(all(&[filter]), json!([["name", operator.as_str(), "X"], ["name", "is", "set"]]));
        }
    }

    #[test]
    fn what_lies_before_a_date_has_a_date() {
        let before = Filter::new("due_date", O::Lt, "2026-01-01");
        assert_eq!(
            all(std::slice::from_ref(&before)),
            json!([["due_date", "<", "2026-01-01"], ["due_date", "is", "set"]])
        );
        let or_empty = Filter { or_empty: true, ..before.clone() };
        assert_eq!(all(&[or_empty]), json!([["due_date", "<", "2026-01-01"]]));
        // Once is enough; a number is never empty, and neither is what the site itself keeps.
        let after = Filter::new("due_date", O::Is, "set");
        assert_eq!(all(&[before, after]).as_array().unwrap().len(), 2);
        assert_eq!(all(&[Filter::new("total", O::Lt, 5)]), json!([["total", "<", 5]]));
        assert_eq!(all(&[Filter::new("modified", O::Lte, "2026-01-01")]).as_array().unwrap().len(), 1);
    }

    #[test]
    fn between_is_for_dates_and_two_comparisons_else() {
        let dates = Filter::new("due_date", O::Between, json!(["2026-01-01", "2026-01-31 10:00:00"]));
        assert_eq!(all(&[dates]), json!([["due_date", "between", ["2026-01-01", "2026-01-31 10:00:00"]]]));
        let numbers = Filter::new("total", O::Between, json!([5, 9.5]));
        assert_eq!(all(&[numbers]), json!([["total", ">=", 5], ["total", "<=", 9.5]]));
    }

    #[test]
    fn a_choice_is_one_comparison_and_a_single_choice_is_none() {
        let tree = Filter::new("territory", O::DescendantsOf, "X");
        let open = Filter::eq("status", "Open");
        assert!(is_compound(&tree) && !is_compound(&open));
        let sent = Wire { all: vec![json!(["status", "=", "Open"])], ..Wire::default() };
        assert_eq!(wire([], [&open]), Ok(sent));
        assert_eq!(wire([], [&tree]).unwrap().all.len(), 2);
        assert!(wire([], [&tree, &open]).unwrap_err().contains("territory descendants of"));
        assert_eq!(wire([], [&open, &open]).unwrap().any.len(), 2);
    }
}
