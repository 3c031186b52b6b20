//! Documents that the exchanges only count: as many are added as the recorded counts say.

use std::collections::HashMap;

use erpnext_sandbox::doc::Doc;
use serde_json::{Value, json};

use crate::fixture::{Fixture, fill};
use crate::recordings::Exchange;

/// The customers of the load: numbered through, with territory and segment so that the groups are as large as recorded,
/// a score that makes up the recorded sum, and those that the recorded orders begin with in front.
pub fn customers(fixture: &mut Fixture, exchanges: &[Exchange]) {
    let rows = |id: &str| {
        let body = exchanges.iter().find(|exchange| exchange.id == id).map(|exchange| &exchange.body["data"]);
        body.and_then(Value::as_array).cloned().unwrap_or_default()
    };
    if rows("lists: list group_by count").is_empty() {
        for doc in fixture.of("Customer").filter(|doc| is_bulk(doc)) {
            doc.entry("territory").or_insert_with(|| json!("Rest Of The World"));
        }
    }
    let model =
        fixture.of("Customer").find(|doc| doc.get("name").is_some_and(|name| name == "Bulk Customer 00000")).cloned();
    let Some(model) = model else { return };
    for number in 0..1500 {
        fixture.add("Customer", &format!("Bulk Customer {number:05}"), Doc::new());
    }
    let newest = ["2026-11-22 07:30:00.000002", "2026-11-22 07:30:00.000001"].map(|moment| json!(moment));
    let listed = exchanges.iter().find(|exchange| exchange.id == "lists: reportview.get");
    let listed = listed.and_then(|exchange| exchange.body["message"]["values"].as_array()).cloned().unwrap_or_default();
    for (row, moment) in listed.iter().zip(newest) {
        let facts = json!({ "modified": moment, "territory": row[1] });
        fixture.add("Customer", row[0].as_str().unwrap_or_default(), facts.as_object().cloned().unwrap_or_default());
    }
    // The second of the North, of which the list shows the third and the fourth.
    let second = json!({ "modified": "2026-11-21 23:00:00.000001" });
    fixture.add("Customer", "Bulk Customer 00013", second.as_object().cloned().unwrap_or_default());
    for doc in fixture.of("Customer").filter(|doc| {
        doc.get("name").cloned().unwrap_or_default().as_str().is_some_and(|name| !name.starts_with("Bulk"))
    }) {
        for field in ["territory", "custom_segment"] {
            doc.entry(field).or_insert(Value::Null);
        }
    }
    let mut segments: Vec<Value> = Vec::new();
    for row in [rows("lists: != value includes null?"), rows("lists: in with empty string elem")].concat() {
        if !segments.iter().any(|known| known["custom_segment"] == row["custom_segment"]) {
            segments.push(row);
        }
    }
    spread(fixture, "territory", &rows("lists: list group_by count"));
    spread(fixture, "custom_segment", &segments);
    let first = |id: &str, field: &str, values: &[Value], fixture: &mut Fixture| {
        for (row, value) in rows(id).iter().zip(values) {
            if let Some(doc) = fixture.of("Customer").find(|doc| doc.get("name") == row.get("name")) {
                doc.entry(field).or_insert_with(|| value.clone());
            }
        }
    };
    first("lists: list order_by permlevel field as reader", "custom_secret_score", &[json!(100), json!(99)], fixture);
    first("lists: list filter by permlevel field as reader", "custom_secret_score", &[json!(60), json!(60)], fixture);
    let sum = rows("lists: fields sum").first().and_then(|row| row["s"].as_f64()).unwrap_or_default();
    let score = |doc: &mut Doc| doc.get("custom_secret_score").and_then(Value::as_f64);
    let mut left = sum - fixture.of("Customer").filter_map(score).sum::<f64>();
    let mut unknown: Vec<&mut Doc> =
        fixture.of("Customer").filter(|doc| !doc.contains_key("custom_secret_score")).collect();
    while let Some(doc) = unknown.pop() {
        let share = left / f64::from(u32::try_from(unknown.len() + 1).unwrap_or(1));
        let share = if unknown.is_empty() { left } else { share.floor() };
        left -= share;
        doc.insert("custom_secret_score".to_owned(), json!(share));
    }
    for doc in fixture.of("Customer") {
        doc.entry("modified").or_insert_with(|| json!("2026-09-01 08:00:00.000001"));
        let name = doc.get("name").cloned().unwrap_or_default().as_str().unwrap_or_default().to_owned();
        fill(doc, &name, &model);
    }
    let items = exchanges.iter().find(|exchange| exchange.id.starts_with("quirks: GET with JSON body"));
    let items = items.and_then(|exchange| exchange.body["message"].as_u64()).unwrap_or_default();
    for number in (1..).map(|number| format!("SKU{number:03}")) {
        if u64::try_from(fixture.of("Item").count()).unwrap_or(u64::MAX) >= items {
            break;
        }
        fixture.add("Item", &number, Doc::new());
    }
}

/// Gives documents that lack a value one, until each value is there as often as its row counts.
fn spread(fixture: &mut Fixture, field: &str, counts: &[Value]) {
    let mut left: Vec<(Value, u64)> =
        counts.iter().map(|row| (row[field].clone(), row["n"].as_u64().unwrap_or_default())).collect();
    for doc in fixture.of("Customer") {
        let value = doc.get(field).cloned();
        if let Some((_, n)) = left.iter_mut().find(|(known, _)| Some(known) == value.as_ref()) {
            *n = n.saturating_sub(1);
        }
    }
    let mut open = left.into_iter().flat_map(|(value, n)| std::iter::repeat_n(value, usize::try_from(n).unwrap_or(0)));
    let bulk = |doc: &&mut Doc| {
        doc.get("name").cloned().unwrap_or_default().as_str().is_some_and(|name| name.starts_with("Bulk"))
    };
    for doc in fixture.of("Customer").filter(bulk).filter(|doc| !doc.contains_key(field)) {
        if let Some(value) = open.next() {
            doc.insert(field.to_owned(), value);
        }
    }
}

/// Below the root of the territories stand all others, the second of two customers of one name has no territory, as the
/// counts say, and the users are who the timeline says.
pub fn rest(fixture: &mut Fixture, exchanges: &[Exchange]) {
    for doc in fixture.of("Territory").filter(|doc| doc.get("name").is_some_and(|name| name != "All Territories")) {
        doc.entry("parent_territory").or_insert_with(|| json!("All Territories"));
    }
    fixture.correct("Customer", "Zed Co - 1", "territory", Value::Null);
    for exchange in exchanges.iter().filter(|exchange| exchange.target.ends_with("/login") && exchange.status == 200) {
        let (user, name) =
            (exchange.args().get("usr").cloned().unwrap_or_default(), exchange.body["full_name"].clone());
        fixture.correct("User", user.as_str().unwrap_or_default(), "full_name", name);
    }
    let infos = exchanges.iter().filter_map(|exchange| exchange.body["docinfo"]["user_info"].as_object());
    for (user, info) in infos.flatten() {
        for field in ["email", "time_zone"] {
            fixture.correct("User", user, field, info.get(field).cloned().unwrap_or_default());
        }
    }
}

fn is_bulk(doc: &Doc) -> bool {
    doc.get("name").and_then(Value::as_str).is_some_and(|name| name.starts_with("Bulk"))
}

/// What lists by form ask for: orders have lines, customers tags, territories a place in the tree.
pub fn forms(fixture: &mut Fixture) {
    for doc in fixture.of("Sales Order") {
        let row = json!({ "item_code": "SKU001", "qty": 20.0, "rate": 100.0 });
        doc.entry("items").or_insert_with(|| json!([row]));
    }
    for doc in fixture.of("Territory") {
        let below = doc.get("name").is_some_and(|name| name == "France" || name == "Germany" || name == "Iberia");
        if below {
            doc.insert("parent_territory".to_owned(), json!("Europe"));
        }
    }
    let facts = |value: Value| value.as_object().cloned().unwrap_or_default();
    let paper = json!({
        "customer": "V16 Customer 00000", "company": "Acme Trading (Demo)", "currency": "USD", "docstatus": 1, "per_billed": 100,
        "items": [{ "item_code": "SKU001", "qty": 20.0, "rate": 100.0, "docstatus": 1 }],
    });
    fixture.add("Sales Order", "SAL-ORD-2026-00020", facts(paper.clone()));
    fixture.add("Sales Invoice", "ACC-SINV-2026-00010", facts(paper.clone()));
    let mut quotation = facts(paper);
    quotation.insert("docstatus".to_owned(), json!(0));
    fixture.add("Quotation", "SAL-QTN-2026-00001", quotation);
    let lead = json!({ "lead_name": "Prospect 05", "company_name": "Prospect 05 Inc", "workflow_state": "Open" });
    fixture.add("Lead", "CRM-LEAD-2026-00005", facts(lead));
    fixture.add("Country", "United States", Doc::new());
    fixture.add("Language", "en", Doc::new());
    let settings = json!({ "country": "United States", "language": "en" });
    fixture.add("System Settings", "System Settings", facts(settings));
    fixture.add("Territory", "Europe", facts(json!({ "parent_territory": "All Territories", "is_group": 1 })));
    fixture.add("Territory", "V16 North", facts(json!({ "parent_territory": "All Territories" })));
    fixture.correct("Customer", "FR-Webshop Buyer", "territory", json!("All Territories"));
    fixture.add("Customer", "FR-Webshop Buyer", facts(json!({ "territory": "All Territories" })));
    fixture.correct("Territory", "V16 North", "parent_territory", json!("All Territories"));
    fixture.add("UOM", "Nos", Doc::new());
    fixture.add("Sales Invoice", "ACC-SINV-2026-00001", Doc::new());
    fixture.add("Customer", "FR Seg Co", facts(json!({ "territory": null })));
    fixture.add("Customer", "100% Discount & Co.", facts(json!({ "territory": "France" })));
    for user in ["nobody@example.com", "other@example.com"] {
        fixture.add("User", user, Doc::new());
        fixture.correct("User", user, "full_name", json!(format!("V16 {user}")));
        fixture.correct("User", user, "enabled", json!(1));
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
        let name = doc.get("name").and_then(Value::as_str).unwrap_or_default();
        let wanted = lines.get(name).copied().unwrap_or_default();
        let rows: Vec<Value> = (0..wanted).map(|_| json!({"item_code": "SKU004", "qty": 20.0})).collect();
        doc.entry("items").or_insert(Value::Array(rows));
        doc.insert("docstatus".to_owned(), json!(1));
        // Of the only customer without a territory, as a list over the Link shows.
        doc.entry("customer").or_insert_with(|| json!("Grant Plastics Ltd."));
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
