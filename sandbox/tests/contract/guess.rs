//! Documents that the exchanges only count: as many are added as the recorded counts say.

use std::collections::HashMap;

use erpnext_sandbox::doc::Doc;
use serde_json::{Value, json};

use crate::fixture::{Fixture, fill};
use crate::recordings::Exchange;

/// The customers of the load: numbered through, with territory and segment so that the groups are as large as recorded,
/// and a score that makes up the recorded sum.
pub fn customers(fixture: &mut Fixture, exchanges: &[Exchange]) {
    let rows = |id: &str| {
        let body = exchanges.iter().find(|exchange| exchange.id == id).map(|exchange| &exchange.body["data"]);
        body.and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let model = fixture.of("Customer").find(|doc| doc["name"] == "Bulk Customer 00000").cloned();
    let Some(model) = model else { return };
    for number in 0..1500 {
        fixture.add("Customer", &format!("Bulk Customer {number:05}"), Doc::new());
    }
    let territories = rows("lists: list group_by count");
    let segments = [rows("lists: != value includes null?"), rows("lists: in with empty string elem")].concat();
    spread(fixture, "territory", &territories);
    spread(fixture, "custom_segment", &segments);
    let sum = rows("lists: fields sum").first().and_then(|row| row["s"].as_f64()).unwrap_or_default();
    let known: f64 = fixture.of("Customer").filter_map(|doc| doc.get("custom_secret_score")?.as_f64()).sum();
    let unknown = fixture.of("Customer").filter(|doc| !doc.contains_key("custom_secret_score")).count();
    let share = (sum - known) / f64::from(u32::try_from(unknown.max(1)).unwrap_or(1));
    let old = "2026-09-01 08:00:00.000001";
    for doc in fixture.of("Customer") {
        doc.entry("custom_secret_score").or_insert_with(|| json!(share));
        doc.entry("modified").or_insert_with(|| json!(old));
        doc.entry("territory").or_insert(Value::Null);
        doc.entry("custom_segment").or_insert(Value::Null);
        let name = doc["name"].as_str().unwrap_or_default().to_owned();
        fill(doc, &name, &model);
    }
}

/// Gives documents that lack a value one, until each value is there as often as its row counts.
fn spread(fixture: &mut Fixture, field: &str, counts: &[Value]) {
    let mut left: Vec<(Value, u64)> =
        counts.iter().map(|row| (row[field].clone(), row["n"].as_u64().unwrap_or_default())).collect();
    left.dedup_by(|a, b| a.0 == b.0);
    for doc in fixture.of("Customer") {
        let value = doc.get(field).cloned();
        if let Some((_, n)) = left.iter_mut().find(|(known, _)| Some(known) == value.as_ref()) {
            *n = n.saturating_sub(1);
        }
    }
    let mut open = left
        .into_iter()
        .filter(|(value, _)| !value.is_null())
        .flat_map(|(value, n)| (0..n).map(move |_| value.clone()));
    let bulk = |doc: &&mut Doc| doc["name"].as_str().is_some_and(|name| name.starts_with("Bulk"));
    for doc in fixture.of("Customer").filter(bulk).filter(|doc| !doc.contains_key(field)) {
        if let Some(value) = open.next() {
            doc.insert(field.to_owned(), value);
        }
    }
}

/// Orders with as many lines as a list over their lines repeats them, invoices with the sums that a list groups.
pub fn papers(fixture: &mut Fixture, exchanges: &[Exchange]) {
    let find = |id: &str| exchanges.iter().find(|exchange| exchange.id == id);
    let mut lines: HashMap<String, usize> = HashMap::new();
    let listed = find("lists: list filter on child").and_then(|exchange| exchange.body["data"].as_array());
    for name in listed.into_iter().flatten().filter_map(|row| row["name"].as_str()) {
        *lines.entry(name.to_owned()).or_default() += 1;
    }
    for doc in fixture.of("Sales Order") {
        let name = doc["name"].as_str().unwrap_or_default();
        let wanted = lines.get(name).copied().unwrap_or_default();
        let rows: Vec<Value> = (0..wanted).map(|_| json!({"item_code": "SKU004", "qty": 20.0})).collect();
        doc.entry("items").or_insert(Value::Array(rows));
        doc.insert("docstatus".to_owned(), json!(1));
    }
    let groups = find("verbs: get_list group sum").and_then(|exchange| exchange.body["message"].as_array());
    let mut number = 0;
    for group in groups.into_iter().flatten() {
        let n = group["n"].as_u64().unwrap_or(1);
        for _ in 0..n {
            number += 1;
            let total = group["total"].as_f64().unwrap_or_default() / f64::from(u32::try_from(n).unwrap_or(1));
            let facts = json!({"customer": group["customer"], "grand_total": total, "docstatus": 1});
            let facts = facts.as_object().cloned().unwrap_or_default();
            fixture.add("Sales Invoice", &format!("ACC-SINV-2026-{number:05}"), facts);
        }
    }
}
