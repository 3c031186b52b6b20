//! Two sites that differ only in a field that is withheld run every report alike, whatever the report makes of the field.

use erpnext_mcp::app::Connection;
use serde_json::{Map, Value, json};

use crate::sandbox::{COMPANY, SampleSite};
use crate::support::{app_of, call, stated};

/// A run takes the first of them; with `ERPNEXT_MCP_CANARY` one for each 700 of its cases.
const WITHHELD: &[(&str, &str)] = &[
    ("Sales Invoice", "grand_total"),
    ("GL Entry", "debit"),
    ("Bin", "valuation_rate"),
    ("Item Price", "price_list_rate"),
    ("Purchase Invoice", "due_date"),
    ("Bin", "actual_qty"),
    ("Purchase Invoice", "grand_total"),
    ("Sales Invoice", "due_date"),
    ("Sales Order", "grand_total"),
];

/// It is run in the background, under a name of its own.
const IN_BACKGROUND: &str = "Stock Balance";

/// What the reports of the site answer to who may not read the field.
async fn reports(site: &SampleSite, doctype: &str, field: &str) -> Vec<(String, String)> {
    let rule = json!({"read": true, "report": true, "restricted_fields": [field]});
    let permissions = json!({"default": {"read": true}, "reports": ["*"], "doctypes": {doctype: rule}});
    let app = app_of(&site.config(permissions));
    let listed = call(&app, "list_reports", json!({})).await.unwrap();
    let mut told = Vec::new();
    for report in listed["reports"].as_array().unwrap() {
        let name = report["name"].as_str().unwrap();
        if name == IN_BACKGROUND || report["saved_list"] == true {
            continue;
        }
        for filters in [json!({}), json!({"company": COMPANY})] {
            let run = json!({"name": name, "filters": filters, "limit": 100});
            let answer = call(&app, "run_report", run).await;
            let answer = answer.map_or_else(|refused| refused.for_model(), |answer| answer.to_string());
            told.push((name.to_owned(), answer));
        }
    }
    told
}

/// Gives other values to the field of up to a hundred documents; how many those are.
async fn change(site: &SampleSite, open: &Connection, doctype: &str, field: &str) -> usize {
    let asked = json!({"doctype": doctype, "fields": ["name", field], "limit": 100});
    let listed = call(open, "list_generic_documents", asked).await.unwrap();
    let documents = listed["documents"].as_array().unwrap();
    for document in documents {
        let other = match document[field].as_f64() {
            Some(number) => json!(number + 7.25),
            None => json!("2999-01-01"),
        };
        let other: Map<String, Value> = Map::from_iter([(field.to_owned(), other)]);
        site.sandbox.with(|site| site.set(doctype, document["name"].as_str().unwrap(), &other)).unwrap();
    }
    documents.len()
}

#[on_every_version]
async fn reports_of_two_sites_that_differ_in_what_is_withheld_alone_are_alike() {
    let one = SampleSite::start().await;
    let fields = stated("ERPNEXT_MCP_CANARY").map_or(1, |cases: usize| cases.div_ceil(700));
    let (mut run, withheld) = (0, WITHHELD.iter().take(fields));
    for (doctype, field) in withheld.clone() {
        let other = SampleSite::start().await;
        let open = app_of(&other.config(json!({"default": {"read": true}})));
        assert!(change(&other, &open, doctype, field).await > 5, "{doctype}");
        let (told, of_other) = (reports(&one, doctype, field).await, reports(&other, doctype, field).await);
        for ((name, one), (_, other)) in told.iter().zip(&of_other) {
            assert_eq!(one, other, "{doctype}.{field}: {name}");
        }
        run += told.iter().filter(|(_, answer)| answer.contains("\"rows\"")).count();
    }
    assert!(run > 5 * withheld.len(), "{run}");
}
