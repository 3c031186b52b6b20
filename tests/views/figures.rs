//! Charts, and the history.

use serde_json::{Value, json};

use crate::desk::{Desk, data, shown, with};

#[tokio::test]
async fn groups_are_bars_with_their_figures_and_a_table_below() {
    let desk = Desk::start().await;
    let arguments = json!({"doctype": "Sales Invoice", "measures": ["sum(grand_total)", "count"], "group_by": ["customer"], "limit": 5});
    let scenario = desk.scenario("aggregate_documents", arguments).await;
    let groups = data(&scenario["result"])["groups"].clone();
    let steps = json!([
        {"read": "rect.bar title"}, {"read": "svg .tick"}, {"read": "main > p"}, {"read": "tbody tr td:first-child"},
        {"read": ".foot p"}, {"choose": ["select", "count"]}, {"read": "rect.bar title"},
    ]);
    let seen = shown("chart", with(scenario, steps));
    let bars = |figure: &dyn Fn(&Value) -> String| -> Vec<String> {
        let name = |group: &Value| format!("{}: {}", group["customer"].as_str().unwrap(), figure(group));
        groups.as_array().unwrap().iter().map(name).collect()
    };
    let plain: Vec<String> = seen.read(0).iter().map(|text| text.replace(',', "")).collect();
    assert_eq!(plain, bars(&|group| format!("{:.2} EUR", group["sum(grand_total)"].as_f64().unwrap())));
    assert!(seen.read(1).contains(&"0") && seen.read(1).iter().any(|tick| tick.ends_with('k')), "{:?}", seen.read(1));
    assert_eq!(seen.read(2), ["Sum of Grand Total in EUR by Customer · the first 5"]);
    assert_eq!(seen.read(3).len(), 5);
    assert!(seen.read(4)[0].starts_with("5, more follow"), "{:?}", seen.read(4));
    assert_eq!(seen.read(5), bars(&|group| group["count"].to_string()));
}

#[tokio::test]
async fn groups_by_date_are_a_line_in_the_order_of_time() {
    let desk = Desk::start().await;
    let arguments =
        json!({"doctype": "Sales Invoice", "measures": ["sum(grand_total)"], "group_by": ["posting_date:month"]});
    let scenario = desk.scenario("aggregate_documents", arguments).await;
    let many = data(&scenario["result"])["groups"].as_array().unwrap().len();
    let steps = json!([{"read": "circle title"}, {"attribute": ["path.line", "d"]}, {"read": "rect"},
        {"read": "svg .tick"}, {"read": "td:first-child"}]);
    let seen = shown("chart", with(scenario, steps));
    let points = seen.read(0);
    assert!(points.len() == many && points.is_sorted() && points[0].starts_with("2026-"), "{points:?}");
    let month = |point: &&str| point[5..7].parse::<usize>().unwrap();
    let gaps = points.windows(2).filter(|pair| month(&pair[1]) - month(&pair[0]) > 1).count();
    assert_eq!((seen.read(1).len(), seen.read(2).len()), (gaps + 1, 0), "a line ends where a month is missing");
    let drawn: usize = seen.read(1).iter().map(|path| path.matches(['M', 'L']).count()).sum();
    assert_eq!(drawn, many, "{:?}", seen.read(1));
    // A month is told as people say it, and the last one always.
    let months = seen.read(4);
    assert!(months.iter().all(|month| month.ends_with(" 2026")) && months.len() == many, "{months:?}");
    assert_eq!(seen.read(3).last(), months.last());
}

#[tokio::test]
async fn a_line_has_a_gap_where_a_month_quarter_or_week_is_missing_and_none_at_new_year() {
    let desk = Desk::start().await;
    let group = json!({"doctype": "Sales Invoice", "group_by": ["posting_date:month"]});
    let scenario = desk.scenario("aggregate_documents", group).await;
    for (spans, runs) in [
        (["2025-11", "2025-12", "2026-01", "2026-02"], 1),
        (["2025-11", "2025-12", "2026-02", "2026-03"], 2),
        (["2025-Q3", "2025-Q4", "2026-Q1", "2026-Q3"], 2),
        (["2025-W51", "2025-W52", "2026-W01", "2026-W02"], 1),
        (["2025-W51", "2026-W01", "2026-W02", "2026-W04"], 3),
        (["2026-01-02", "2026-01-05", "2026-01-06", "2026-01-30"], 1),
    ] {
        let groups: Value = spans.iter().map(|span| json!({"posting_date": span, "count": 3})).collect();
        let mut scenario = scenario.clone();
        scenario["result"]["content"][0]["text"] = json!(json!({"shown": "all 4", "groups": groups}).to_string());
        let seen = shown("gaps", with(scenario, json!([{"read": "path.line"}, {"read": "circle"}])));
        assert_eq!((seen.read(0).len(), seen.read(1).len()), (runs, 4), "{spans:?}");
    }
}

#[tokio::test]
async fn a_chart_draws_the_measure_that_was_ordered_by_and_says_how_many_of_how_many() {
    let desk = Desk::start().await;
    let arguments = json!({"doctype": "Sales Invoice", "measures": ["count", "sum(grand_total)"], "group_by": ["customer"],
        "order_by": "sum(grand_total) desc"});
    let mut scenario = desk.scenario("aggregate_documents", arguments).await;
    let steps = json!([{"read": "main > p"}, {"read": "rect.bar"}]);
    let seen = shown("ordered", with(scenario.clone(), steps.clone()));
    assert!(seen.read(0)[0].starts_with("Sum of Grand Total in EUR by Customer"), "{:?}", seen.read(0));
    let group =
        |i: usize| json!({"customer": format!("C{i}"), "currency": "EUR", "count": 1, "sum(grand_total)": 100 - i});
    let groups: Vec<Value> = (0..57).map(group).collect();
    for (told, part) in
        [("all 57", " · 20 of 57"), ("57 of 1,204", " · 20 of 1,204"), ("57, more follow", " · the first 20")]
    {
        scenario["result"]["content"][0]["text"] = json!(json!({"shown": told, "groups": groups}).to_string());
        let seen = shown("part", with(scenario.clone(), steps.clone()));
        assert!(seen.read(0)[0].ends_with(part), "{:?}", seen.read(0));
        assert_eq!(seen.read(1).len(), 20);
    }
}

#[tokio::test]
async fn a_report_is_drawn_only_by_what_tells_its_rows_apart() {
    let desk = Desk::start().await;
    let company = desk.first("Company", json!({})).await;
    // The last of them are of one day, which does not tell them apart.
    let arguments = json!({"name": "Accounts Receivable", "filters": {"company": company}, "limit": 5, "order_by": "posting_date desc"});
    let scenario = desk.scenario("run_report", arguments).await;
    let rows = data(&scenario["result"])["rows"].as_array().unwrap().len();
    let steps = json!([{"read": "rect.bar title"}, {"read": "tbody tr"}, {"read": ".foot p"}, {"read": "h1"}]);
    let seen = shown("chart", with(scenario.clone(), steps.clone()));
    assert_eq!((seen.read(0).len(), seen.read(1).len()), (rows, rows));
    assert!(seen.read(2)[0].contains("every row: Party Type Customer"), "{:?}", seen.read(2));
    assert_eq!(seen.read(3), ["Accounts Receivable"]);
    // Two rows that nothing tells apart are not added up, and not drawn.
    let mut twice = scenario;
    let mut report = data(&twice["result"]);
    let row = report["rows"][0].clone();
    report["rows"] = json!([row, row]);
    twice["result"] = json!({"content": [{"type": "text", "text": report.to_string()}]});
    let seen = shown("chart", with(twice, steps));
    assert_eq!((seen.read(0).len(), seen.read(1).len()), (0, 2));
}

#[tokio::test]
async fn one_group_is_told_in_large_and_no_figures_are_a_table() {
    let desk = Desk::start().await;
    let one = desk.scenario("aggregate_documents", json!({"doctype": "Sales Order"})).await;
    let count = data(&one["result"])["groups"][0]["count"].to_string();
    let mut none = one.clone();
    let report = json!({"report": "Names", "columns": [{"field": "a", "label": "A", "type": "Data"}], "rows": [["x"], ["y"]], "shown": "all 2"});
    none["result"] = json!({"content": [{"type": "text", "text": report.to_string()}]});
    let seen = shown("chart", with(one, json!([{"read": ".cards dd"}, {"read": "svg"}])));
    assert_eq!((seen.read(0), seen.read(1).len()), (vec![count.as_str()], 0));
    let seen = shown("chart", with(none, json!([{"read": "td"}, {"read": "svg"}])));
    assert_eq!((seen.read(0), seen.read(1).len()), (vec!["x", "y"], 0));
}

#[tokio::test]
async fn what_is_rounded_to_nothing_has_no_sign_and_a_row_that_a_report_adds_no_quotes() {
    let desk = Desk::start().await;
    let mut scenario = desk.scenario("aggregate_documents", json!({"doctype": "Sales Order"})).await;
    let columns = json!([{"field": "account", "type": "Link"}, {"field": "gl_balance", "type": "Currency"}]);
    let rows = json!([["'Opening'", -0.0], ["Debtors", -0.001], ["Sales", -2.5]]);
    let report = json!({"report": "Ledger", "columns": columns, "rows": rows, "shown": "all 3"});
    scenario["result"] = json!({"content": [{"type": "text", "text": report.to_string()}]});
    let seen = shown("ledger", with(scenario, json!([{"read": "td"}, {"read": "th"}, {"read": "rect title"}])));
    assert_eq!(seen.read(0), ["Opening", "0.00", "Debtors", "0.00", "Sales", "-2.50"]);
    assert_eq!(seen.read(1), ["Account", "GL Balance"]);
    assert_eq!(seen.read(2)[0], "Opening: 0.00");
}

#[tokio::test]
async fn the_history_is_told_by_day_with_what_changed_to_what() {
    let desk = Desk::start().await;
    let name = desk.first("Sales Order", json!({"docstatus": 0})).await;
    desk.data("update_sales_order_document", json!({"name": name, "data": {"po_no": "PO-77"}})).await;
    let scenario = desk.scenario("get_document_history", json!({"doctype": "Sales Order", "name": name})).await;
    let entries = data(&scenario["result"])["entries"].as_array().unwrap().len();
    let steps = json!([{"read": ".days > li strong"}, {"read": "h2"}, {"read": ".days tbody"}]);
    let seen = shown("history", with(scenario, steps));
    assert_eq!(seen.read(0).len(), entries);
    assert_eq!((seen.read(0)[0], *seen.read(0).last().unwrap()), ("Changed", "Created"));
    assert_eq!(seen.read(1).len(), 2, "two days: {:?}", seen.read(1));
    assert!(seen.read(2)[0].contains("Customer's Purchase Order–PO-77"), "{:?}", seen.read(2));
}

#[tokio::test]
async fn at_the_width_of_a_phone_the_history_keeps_what_came_of_it_in_sight() {
    let desk = Desk::start().await;
    let name = desk.first("Sales Order", json!({"docstatus": 0})).await;
    let number = "PO-".repeat(30);
    desk.data("update_sales_order_document", json!({"name": name, "data": {"po_no": number}})).await;
    let mut scenario = desk.scenario("get_document_history", json!({"doctype": "Sales Order", "name": name})).await;
    scenario["width"] = json!(400);
    let seen = shown("history", with(scenario, json!([{"open": "details"}, {"sight": "thead th"}, {"sight": "ins"}])));
    assert_eq!(seen.read(0), ["Field", "Before", "After"]);
    assert_eq!(seen.read(1)[0], number);
}
