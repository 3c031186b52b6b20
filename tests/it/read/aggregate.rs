//! Sums and counts: wiremock, as the exact query counts. Over real documents they are looked at in `policy/scope.rs`.

use erpnext_schema::Version;
use serde_json::{Value, json};

use crate::support::{Site, call, refusal, version};

const ORDERS: &str = "/api/resource/Sales%20Order";
const TOOL: &str = "aggregate_documents";

/// The query that is sent and the answer, with these rows from the site.
async fn ask(arguments: Value, rows: Value) -> (Value, Value) {
    let site = Site::start().await;
    site.data("GET", ORDERS, rows).await;
    site.metadata(json!([{"name": "Sales Order"}])).await;
    let app = site.app_on(version(), json!({"Sales Order": {"read": true}}));
    let answer = call(&app, TOOL, arguments).await.unwrap();
    let mut sent = site.sent().await;
    sent.retain(|(line, _)| line.ends_with(ORDERS));
    assert_eq!(sent.len(), 1, "{sent:?}");
    (sent.remove(0).1, answer)
}

/// A function as this version takes it.
fn measure(function: &str, field: &str, alias: &str) -> Value {
    match version() {
        Version::V15 => json!(format!("{function}(`tabSales Order`.`{field}`) as {alias}")),
        Version::V16 => json!({(function.to_uppercase()): field, "as": alias}),
    }
}

#[on_every_version]
async fn a_site_of_another_version_than_was_thought_is_asked_in_its_own_form() {
    for (stated, taken, status, exc_type) in
        [(Version::V15, "COUNT", 417, "ValidationError"), (Version::V16, "count(", 500, "TypeError")]
    {
        let site = Site::start().await;
        site.metadata(json!([{"name": "Sales Order"}])).await;
        site.answer_once("GET", ORDERS, status, json!({"exc_type": exc_type})).await;
        site.data("GET", ORDERS, json!([{"m0": 12}])).await;
        let app = site.app_on(stated, json!({"Sales Order": {"read": true}}));
        let answer = call(&app, TOOL, json!({"doctype": "Sales Order"})).await.unwrap();
        assert_eq!(answer["groups"], json!([{"count": 12}]));
        let sent = site.sent().await;
        assert!(sent.last().unwrap().1["fields"].to_string().contains(taken), "{sent:?}");
    }
}

#[on_every_version]
async fn money_is_grouped_by_its_currency_without_being_asked() {
    let arguments = json!({"doctype": "Sales Order", "measures": ["count", "sum(grand_total)"], "group_by": ["customer"],
        "order_by": "sum(grand_total) desc", "limit": 5, "filters": {"docstatus": 1}});
    let rows = json!([{"customer": "A", "currency": "INR", "m0": 2, "m1": 300.5}]);
    let (query, answer) = ask(arguments, rows).await;
    let fields = json!(["customer", "currency", measure("count", "name", "m0"), measure("sum", "grand_total", "m1")]);
    assert_eq!(query["fields"], fields);
    assert_eq!(query["group_by"], "`tabSales Order`.`customer`, `tabSales Order`.`currency`");
    let order = "m1 desc, `tabSales Order`.`customer` asc, `tabSales Order`.`currency` asc";
    assert_eq!(query["order_by"], order);
    assert_eq!(query["limit_page_length"], json!(6), "one more tells whether there are more");
    let groups = json!([{"customer": "A", "currency": "INR", "count": 2, "sum(grand_total)": 300.5}]);
    assert_eq!(answer, json!({"shown": "all 1", "groups": groups}));
}

#[on_every_version]
async fn without_anything_asked_documents_are_counted() {
    let (query, answer) = ask(json!({"doctype": "Sales Order"}), json!([{"m0": 12}])).await;
    assert_eq!(query["fields"], json!([measure("count", "name", "m0")]));
    assert_eq!((&query["group_by"], &query["order_by"]), (&Value::Null, &json!("m0 desc")));
    assert_eq!((&answer["shown"], &answer["groups"]), (&json!("all 1"), &json!([{"count": 12}])));
}

#[on_every_version]
async fn dates_are_put_together_by_span_and_averages_weigh_their_parts() {
    let rows = json!([
        {"transaction_date": "2026-10-31", "m0": 10.0, "n0": 1, "m1": 10.0},
        {"transaction_date": "2026-11-01", "m0": 40.0, "n0": 2, "m1": 5.0},
        {"transaction_date": "2026-11-23", "m0": 80.0, "n0": 1, "m1": 80.0},
        {"transaction_date": null, "m0": null, "n0": 0, "m1": null},
    ]);
    let arguments = json!({"doctype": "Sales Order", "measures": ["avg(total_qty)", "min(total_qty)"], "group_by": ["transaction_date:month"]});
    let (query, answer) = ask(arguments, rows).await;
    assert_eq!(
        query["fields"],
        json!([
            "transaction_date",
            measure("sum", "total_qty", "m0"),
            measure("count", "total_qty", "n0"),
            measure("min", "total_qty", "m1"),
        ])
    );
    assert_eq!(
        answer["groups"],
        json!([
            {"transaction_date": null, "avg(total_qty)": null, "min(total_qty)": null},
            {"transaction_date": "2026-10", "avg(total_qty)": 10.0, "min(total_qty)": 10.0},
            {"transaction_date": "2026-11", "avg(total_qty)": 40.0, "min(total_qty)": 5.0},
        ])
    );
}

#[on_every_version]
async fn a_day_that_the_site_gives_as_a_moment_is_told_as_a_day() {
    let rows =
        json!([{"transaction_date": "2026-11-23 00:00:00", "m0": "2026-12-24 00:00:00", "m1": "2026-11-23 00:00:00"}]);
    let measures = json!(["max(delivery_date)", "max(modified)"]);
    let arguments = json!({"doctype": "Sales Order", "measures": measures, "group_by": ["transaction_date"]});
    let (_, answer) = ask(arguments, rows).await;
    let told = json!({"transaction_date": "2026-11-23", "max(delivery_date)": "2026-12-24",
        "max(modified)": "2026-11-23 00:00:00"});
    assert_eq!(answer["groups"], json!([told]), "{answer}");
}

#[on_every_version]
async fn only_fields_of_the_table_reach_the_query_and_every_mistake_is_named() {
    let site = Site::start().await;
    site.method("frappe.desk.form.load.getdoctype", json!(null)).await;
    let app = site.app(json!({"Sales Order": {"read": true, "restricted_fields": ["po_no"]}}));
    let arguments = json!({"doctype": "Sales Order", "measures": ["sum(grand_total) from tabUser --", "total", "sum(customer)"],
        "group_by": ["po_no", "transaction_date:mont", "status; drop table"], "order_by": "customer"});
    let text = refusal(&app, TOOL, arguments).await;
    assert!(text.contains("there are 6 problems"), "{text}");
    for wrong in
        ["measures[1]", "group_by[0]: po_no", "did you mean transaction_date:month?", "group_by[2]: status; drop table"]
    {
        assert!(text.contains(wrong), "{wrong}: {text}");
    }
    assert!(site.lines().await.iter().all(|line| line.contains("getdoctype")), "no list is asked for");
}
