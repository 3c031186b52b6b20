use erpnext_schema::Version;
use serde_json::{Value, json};

use crate::meta::Meta;
use crate::methods::testing::{World, assert_recorded_keys, keys, recorded};

fn run(world: &World, report: &str, filters: Value) -> Value {
    world.ask("frappe.desk.query_report.run", json!({"report_name": report, "filters": filters}))["message"].clone()
}

#[test]
fn receivables_come_in_the_recorded_columns_with_a_list_as_total_row() {
    let world = World::new();
    world.invoice("SI-1", "");
    let answer = run(&world, "Accounts Receivable", json!({"company": "Acme Ltd", "report_date": "2026-11-21"}));
    let rows = answer["result"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(
        (&rows[0]["outstanding"], &rows[0]["age"], &rows[0]["range1"]),
        (&json!(150.0), &json!(20), &json!(150.0))
    );
    assert_eq!(rows[1].as_array().unwrap().len(), answer["columns"].as_array().unwrap().len());
    assert_eq!(answer["add_total_row"], true);
    let recorded_answer = recorded("reports", "run Accounts Receivable");
    assert_eq!(answer["columns"], recorded_answer["message"]["columns"]);
    assert_eq!(keys(&rows[0]), keys(&recorded_answer["message"]["result"][0]));
    let summary = run(&world, "Accounts Receivable Summary", json!({"company": "Acme Ltd"}));
    assert_eq!(summary["result"][0]["outstanding"], 150.0);
}

#[test]
fn a_general_ledger_opens_runs_and_closes_and_without_filters_has_no_columns() {
    let world = World::new();
    let entry = |name: &str, account: &str, debit: f64, credit: f64| {
        let entry = json!({
            "name": name, "docstatus": 1, "company": "Acme Ltd", "posting_date": "2026-03-01", "account": account, "debit": debit,
            "credit": credit, "voucher_type": "Sales Invoice", "voucher_no": "SI-1",
        });
        world.add("GL Entry", entry);
    };
    entry("g1", "Debtors - AL", 200.0, 0.0);
    entry("g2", "Sales - AL", 0.0, 200.0);
    let filters = json!({"company": "Acme Ltd", "from_date": "2026-01-01", "to_date": "2026-12-31"});
    let answer = run(&world, "General Ledger", filters);
    let rows = answer["result"].as_array().unwrap();
    let accounts: Vec<&Value> = rows.iter().map(|row| &row["account"]).collect();
    assert_eq!(accounts, ["'Opening'", "Debtors - AL", "Sales - AL", "'Total'", "'Closing (Opening + Total)'"]);
    assert_eq!((&rows[1]["balance"], &rows[2]["balance"]), (&json!(200.0), &json!(0.0)));
    let recorded_answer = recorded("verbs", "query_report.run GL");
    assert_eq!(answer["columns"], recorded_answer["message"]["columns"]);
    assert_eq!(keys(&rows[0]), keys(&recorded_answer["message"]["result"][0]));
    assert_eq!(keys(&rows[1]), keys(&recorded_answer["message"]["result"][1]));
    let turned = json!({"company": "Acme Ltd", "from_date": "2026-12-31", "to_date": "2026-01-01"});
    let turned = json!({"report_name": "General Ledger", "filters": turned});
    let told = world.call("Administrator", "frappe.desk.query_report.run", turned).unwrap_err();
    assert!(told.text.contains("is before"), "{}", told.text);
    let empty = run(&world, "General Ledger", json!({}));
    assert_eq!((&empty["result"], &empty["columns"]), (&json!([]), &json!([])));
    assert_recorded_keys(&json!({ "message": empty }), "lists", "General Ledger missing filters", "/message");
}

#[test]
fn every_report_states_its_recorded_columns() {
    let world = World::new();
    for report in crate::methods::reports::documents(&Meta::new(Version::V15)) {
        let name = report["name"].as_str().unwrap();
        let recorded = recorded("reports", &format!("run {name}"));
        let Some(columns) = recorded["message"]["columns"].as_array() else { continue };
        let answer = run(&world, name, json!({"company": "Acme Ltd"}));
        // One column for each account of the recorded company, and marks for the desk's unit switch, are left out.
        let named: Vec<&Value> = columns.iter().map(|column| &column["fieldname"]).collect();
        let named: Vec<&&Value> = named.iter().filter(|name| !name.as_str().unwrap().contains("___")).collect();
        let ours: Vec<&Value> =
            answer["columns"].as_array().unwrap().iter().map(|column| &column["fieldname"]).collect();
        assert_eq!(ours.iter().collect::<Vec<_>>(), named, "{name}");
    }
}

#[test]
fn reports_fail_as_recorded() {
    let world = World::new();
    let fail = |user: &str, report: &str| {
        let args = json!({"report_name": report, "filters": {}});
        world.call(user, "frappe.desk.query_report.run", args).unwrap_err()
    };
    let missing = fail("Administrator", "No Such Report");
    assert_eq!((missing.exc.status, missing.text.as_str()), (404, "Report No Such Report not found"));
    let refused = fail("reader@example.com", "General Ledger");
    assert_eq!((refused.exc.status, refused.text.as_str()), (403, "You don't have access to Report: General Ledger"));
    let key = fail("Administrator", "Bank Clearance Summary");
    assert_eq!((key.exc.status, key.exception().as_str()), (500, "KeyError: 'account'"));
    assert_eq!(fail("Administrator", "Customer-wise Item Price").exc.name, "ValidationError");
    let prepared = run(&world, "Stock Balance", json!({}));
    assert_eq!(prepared, json!({"prepared_report": true, "doc": null, "add_total_row": true}));
}
