//! What a call is about, as the audit log names it: read from its arguments before anything is decided.

use serde_json::{Map, Value};

use crate::audit::{Attempt, short};
use crate::documents::nested::{asks_for_use, compares};
use crate::shape::text::shortened;
use crate::tool::{Registry, Tool};
use crate::tools::find;

/// More names than this say no more, and a caller must not fill the disk with them.
const MOST_FIELDS: usize = 200;
/// The longest list of names that is kept, in characters.
const LONGEST_LIST: usize = 2_000;

/// The attempt that a call is, which has no id before it is signed.
pub fn of(tool: Tool, arguments: &Map<String, Value>) -> Attempt {
    let text = |key: &str| arguments.get(key).and_then(Value::as_str).map(short);
    let doctype = match tool {
        Tool::Typed(_, def) => Some(def.name.to_owned()),
        Tool::Published(published) => published.doctype().map(str::to_owned),
        _ => text("doctype"),
    };
    let mut attempt = Attempt {
        tool: tool.name().to_owned(),
        operation: tool.operation().as_str().to_uppercase(),
        doctype,
        document: text("name"),
        fields: named_fields(arguments),
        dry_run: arguments.get("dry_run") == Some(&Value::Bool(true)),
        ..Attempt::default()
    };
    match tool {
        Tool::Named(spec) => (spec.special.subject)(&mut attempt, arguments),
        Tool::Published(published) => published.record(&mut attempt, arguments),
        _ => {}
    }
    attempt
}

/// The same before anything of the call is checked: one of `call_tool` is about what that names.
pub fn of_call(registry: &Registry, tool: Tool, given: &Map<String, Value>) -> Attempt {
    let called = find::recorded(registry, tool, given);
    called.map_or_else(|| of(tool, given), |(tool, given)| of(tool, &given))
}

/// The same of a call that ends before that.
pub fn of_waiting(registry: &Registry, tool: Tool, given: &Map<String, Value>) -> Attempt {
    let called = find::recorded(registry, tool, given);
    called.map_or_else(|| with_names(tool, given), |(tool, given)| with_names(tool, &given))
}

/// The attempt with the documents that it names for a batch, if it names no other: for a call that runs no tool.
pub fn with_names(tool: Tool, arguments: &Map<String, Value>) -> Attempt {
    let attempt = of(tool, arguments);
    Attempt { document: attempt.document.or_else(|| names(arguments)), ..attempt }
}

/// The documents that a call names for a batch. They have lines of their own, unless it is refused.
pub fn names(arguments: &Map<String, Value>) -> Option<String> {
    let list = |key: &str| arguments.get(key).and_then(Value::as_array).into_iter().flatten();
    let documents = list("documents").filter_map(|document| document.get("name"));
    let names: Vec<&str> = list("names").chain(documents).filter_map(Value::as_str).collect();
    (!names.is_empty()).then(|| shortened(&names.join(", "), LONGEST_LIST).into_owned())
}

/// The fields that the arguments name: those to be set, shown, filtered or sorted by. Never their values.
fn named_fields(arguments: &Map<String, Value>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut add = |name: &str| {
        let name = short(name);
        if names.len() < MOST_FIELDS && !names.contains(&name) {
            names.push(name);
        }
    };
    for (argument, value) in arguments {
        match (argument.as_str(), value) {
            ("data", Value::Object(data)) => {
                for (field, value) in data {
                    add(field);
                    // A table is a list of rows, or an object of such lists.
                    let lists = [Some(value), value.get("patch"), value.get("add"), value.get("rows")];
                    let rows = lists.into_iter().flatten().filter_map(Value::as_array).flatten();
                    let rows = rows.filter_map(Value::as_object);
                    rows.flat_map(Map::keys).for_each(|column| add(&format!("{field}.{column}")));
                }
            }
            ("documents", Value::Array(documents)) => {
                documents.iter().filter_map(Value::as_object).flat_map(Map::keys).for_each(|field| add(field));
            }
            ("fields" | "columns" | "group_by" | "measures", Value::Array(fields)) => {
                fields.iter().filter_map(Value::as_str).filter_map(field_in).for_each(&mut add);
            }
            ("filters" | "or_filters" | "where", filters) => filtered(filters, "", &mut add),
            ("order_by", Value::String(order)) => {
                order.split(',').filter_map(|key| field_in(key.split_whitespace().next()?)).for_each(&mut add);
            }
            _ => {}
        }
    }
    names
}

/// The fields that filters are on, in whichever form they come; with their DocType those `of` another one.
fn filtered(filters: &Value, of: &str, add: &mut dyn FnMut(&str)) {
    match filters {
        Value::Object(entries) => {
            for (field, value) in entries {
                compared(field, value.as_array().map(Vec::as_slice).unwrap_or_default(), of, add);
            }
        }
        Value::Array(parts) if parts.first().is_some_and(Value::is_string) => comparison(parts, of, add),
        Value::Array(items) => {
            for item in items {
                match (item.as_array(), item.get("field").or_else(|| item.get("fieldname")).and_then(Value::as_str)) {
                    (Some(parts), _) => comparison(parts, of, add),
                    (None, Some(field)) => compared(field, &[], of, add),
                    (None, None) => filtered(item, of, add),
                }
            }
        }
        _ => {}
    }
}

/// `[field, operator, value]`, in which the DocType may stand before the field.
fn comparison(parts: &[Value], of: &str, add: &mut dyn FnMut(&str)) {
    let parts = match parts {
        [_, Value::String(field), _, _, ..] if !compares(field) => &parts[1..],
        parts => parts,
    };
    if let [Value::String(field), rest @ ..] = parts {
        compared(field, rest, of, add);
    }
}

/// A field, and what is asked about documents of another DocType in the place of its value.
fn compared(field: &str, rest: &[Value], of: &str, add: &mut dyn FnMut(&str)) {
    let place = |of: &str, field: &str| if of.is_empty() { field.to_owned() } else { format!("{of}.{field}") };
    add(&place(of, field));
    let asked = match rest {
        [Value::String(operator), Value::String(doctype), filters @ ..] if asks_for_use(operator) => {
            Some((doctype, filters.first()))
        }
        [_, Value::Array(asked)] => match asked.as_slice() {
            [Value::String(doctype), filters @ Value::Object(_)] => Some((doctype, Some(filters))),
            _ => None,
        },
        _ => None,
    };
    let Some((doctype, filters)) = asked else { return };
    add(&place(doctype, "name"));
    if let Some(filters) = filters {
        filtered(filters, doctype, add);
    }
}

/// The field in `status`, `posting_date:month` or `sum(grand_total)`; none in `count`.
fn field_in(text: &str) -> Option<&str> {
    let inner = text.split_once('(').map_or(text, |(_, inner)| inner.trim_end_matches(')'));
    let field = inner.split(':').next().unwrap_or(inner).trim();
    (field != "count" && !field.is_empty()).then_some(field)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_kept_and_values_are_not() {
        let arguments = json!({
            "doctype": "Customer", "name": "ACME",
            "data": {"tax_id": "canary-1", "sales_team": [{"sales_person": "canary-2"}],
                "credit_limits": {"patch": [{"idx": 1, "credit_limit": 7}], "remove": ["canary-5"]}},
            "filters": [["status", "=", "canary-3"]], "order_by": "sum(grand_total) desc", "search_term": "canary-4",
            "measures": ["count", "sum(grand_total)"], "group_by": ["posting_date:month"],
        });
        let attempt = of(Tool::Generic(erpnext_schema::Verb::Update), arguments.as_object().unwrap_or(&Map::new()));
        assert_eq!(
            attempt.fields,
            [
                "tax_id",
                "sales_team",
                "sales_team.sales_person",
                "credit_limits",
                "credit_limits.idx",
                "credit_limits.credit_limit",
                "status",
                "grand_total",
                "posting_date"
            ]
        );
        assert_eq!((attempt.doctype.as_deref(), attempt.operation.as_str()), (Some("Customer"), "UPDATE"));
        assert!(!format!("{attempt:?}").contains("canary"));
    }

    #[test]
    fn a_filter_names_its_field_in_every_form() {
        let named = |filters: Value| named_fields(&Map::from_iter([("where".to_owned(), filters)]));
        for filters in [
            json!({"tax_id": "canary"}),
            json!({"tax_id": ["=", "canary"]}),
            json!(["tax_id", "=", "canary"]),
            json!([["tax_id", "canary"]]),
            json!([["Customer", "tax_id", "=", "canary"]]),
            json!([["tax_id", "between", "canary", "canary"]]),
            json!([["tax_id", "in", ["canary", "canary"]]]),
            json!([{"tax_id": "canary"}]),
            json!([{"field": "tax_id", "operator": "=", "value": "canary"}]),
            json!([{"fieldname": "tax_id", "value": "canary"}]),
        ] {
            assert_eq!(named(filters.clone()), ["tax_id"], "{filters}");
        }
        let of_orders = json!({"grand_total": [">", 7], "name": ["used in", "Sales Invoice"]});
        for filters in [
            json!({"name": ["used in", "Sales Order", of_orders]}),
            json!([["name", "not used in", "Sales Order", of_orders]]),
            json!([["Customer", "name", "used in", "Sales Order", of_orders]]),
            json!(["name", "in", ["Sales Order", of_orders]]),
        ] {
            let all = ["name", "Sales Order.name", "Sales Order.grand_total", "Sales Invoice.name"];
            assert_eq!(named(filters.clone()), all, "{filters}");
        }
    }
}
