//! Reports that the configuration publishes: tools of their own, which answer as `run_report` does.

use erpnext_mcp::app::Connection;
use erpnext_mcp::audit::Audit;
use erpnext_mcp::tool::definition::definition;
use erpnext_mcp::tool::listing::listing;
use serde_json::{Value, json};

use crate::sandbox::{COMPANY, SampleSite};
use crate::support::{app_of, app_with, call, load, refusal};

const TOOL: &str = "run_receivables";

/// The configuration with the report published under these columns.
fn publishing(mut config: Value, columns: &[&str]) -> Value {
    config["publish"] = json!({TOOL: {
        "description": "Open invoices of customers with their age.",
        "report": "Accounts Receivable",
        "filters": {
            "company": {"type": "Link", "link_to": "Company", "required": true, "description": "whose books"},
            "report_date": {"type": "Date"},
            "ageing_based_on": {"type": "Select", "options": ["Posting Date", "Due Date"], "default": "Posting Date"},
            "party": {"type": "MultiSelectList"},
        },
        "columns": columns,
    }});
    config
}

fn permitted() -> Value {
    json!({"default": {"read": true}, "reports": ["Accounts Receivable"]})
}

async fn site(columns: &[&str]) -> (SampleSite, Connection) {
    let site = SampleSite::start().await;
    let app = app_of(&publishing(site.config(permitted()), columns));
    (site, app)
}

#[on_every_version]
async fn a_published_report_answers_as_run_report_with_the_filters_and_columns_of_the_configuration() {
    let (_site, app) = site(&["party", "outstanding"]).await;
    let own = call(&app, TOOL, json!({"company": COMPANY, "limit": 3})).await.unwrap();
    let filters = json!({"company": COMPANY, "ageing_based_on": "Posting Date"});
    let run =
        json!({"name": "Accounts Receivable", "filters": filters, "columns": ["party", "outstanding"], "limit": 3});
    let run = call(&app, "run_report", run).await.unwrap();
    // A cursor is one of the call that gave it.
    let without_cursor = |answer: &Value| {
        let mut answer = answer.clone();
        answer.as_object_mut().unwrap().remove("next_cursor");
        answer
    };
    assert_eq!(without_cursor(&own), without_cursor(&run));
    assert_eq!(own["rows"].as_array().unwrap().len(), 3, "{own}");
    assert!(own["total"]["outstanding"].is_number(), "{own}");
    let next =
        json!({"company": COMPANY, "limit": 3, "cursor": own["next_cursor"], "columns_known": own["columns_known"]});
    let next = call(&app, TOOL, next).await.unwrap();
    assert!(next["columns_as_before"].is_string() && next["rows"] != own["rows"], "{next}");
}

#[on_every_version]
async fn its_schema_is_what_the_configuration_says_of_its_filters() {
    let (_site, app) = site(&[]).await;
    let shown = definition(&app.session(), app.registry().find(TOOL).unwrap()).to_json();
    assert_eq!(
        (&shown["title"], &shown["description"], &shown["annotations"]["readOnlyHint"]),
        (&json!("Accounts Receivable"), &json!("Open invoices of customers with their age."), &json!(true))
    );
    let schema = &shown["inputSchema"];
    assert_eq!(schema["required"], json!(["company"]));
    let properties = schema["properties"].as_object().unwrap();
    let names: Vec<&str> = properties.keys().map(String::as_str).collect();
    assert_eq!(names[..4], ["company", "report_date", "ageing_based_on", "party"]);
    assert!(names.contains(&"cursor") && !names.contains(&"name") && !names.contains(&"filters"), "{names:?}");
    assert_eq!(
        properties["company"],
        json!({"type": "string", "description": "whose books; name of a document of Company"})
    );
    assert_eq!(properties["report_date"], json!({"type": "string", "description": "YYYY-MM-DD"}));
    assert_eq!(
        properties["ageing_based_on"],
        json!({"type": "string", "enum": ["Posting Date", "Due Date"], "default": "Posting Date"})
    );
    assert_eq!(properties["party"], json!({"type": "array", "items": {"type": "string"}}));
}

#[on_every_version]
async fn wrong_filters_are_told_where_the_tool_has_them() {
    let (_site, app) = site(&[]).await;
    let text = refusal(&app, TOOL, json!({"company": "No Such Company", "report_date": "24.11.26"})).await;
    for wrong in
        ["company: there is no Company named \"No Such Company\"", "report_date: expected a date as YYYY-MM-DD"]
    {
        assert!(text.contains(wrong) && !text.contains(&format!("filters.{wrong}")), "{wrong}: {text}");
    }
    // What is not published is taken by run_report alone.
    let text = refusal(&app, TOOL, json!({"compny": COMPANY, "range": "15, 30"})).await;
    assert!(text.contains("company") && text.contains("range: no such argument"), "{text}");
    let text = refusal(&app, TOOL, json!({})).await;
    assert!(text.contains("company: is mandatory"), "{text}");
}

#[on_every_version]
async fn a_filter_without_a_type_is_checked_as_the_report_has_it() {
    let site = SampleSite::start().await;
    let mut config = publishing(site.config(permitted()), &[]);
    config["publish"][TOOL]["filters"] = json!({"company": {}, "report_date": {}});
    let app = app_of(&config);
    let text = refusal(&app, TOOL, json!({"company": "No Such Company", "report_date": "24.11.26"})).await;
    for wrong in
        ["company: there is no Company named \"No Such Company\"", "report_date: expected a date as YYYY-MM-DD"]
    {
        assert!(text.contains(wrong), "{wrong}: {text}");
    }
    call(&app, TOOL, json!({"company": COMPANY})).await.unwrap();
}

#[on_every_version]
async fn a_column_that_is_withheld_stays_withheld_where_it_is_published() {
    let site = SampleSite::start().await;
    let mut permissions = permitted();
    permissions["doctypes"] =
        json!({"Sales Invoice": {"read": true, "report": true, "restricted_fields": ["territory"]}});
    let app = app_of(&publishing(site.config(permissions.clone()), &["outstanding", "territory"]));
    let told = call(&app, TOOL, json!({"company": COMPANY})).await.unwrap();
    assert_eq!(told["columns_not_there"], json!(["territory"]));
    assert!(told["withheld"].as_array().unwrap().contains(&json!("Territory")), "{told}");
    let columns: Vec<&Value> = told["columns"].as_array().unwrap().iter().map(|column| &column["field"]).collect();
    assert_eq!(columns, ["outstanding"]);
    let app = app_of(&publishing(site.config(permissions), &["territory"]));
    let text = refusal(&app, TOOL, json!({"company": COMPANY})).await;
    assert!(text.contains("none of the columns that are published: territory"), "{text}");
}

#[on_every_version]
async fn a_published_tool_that_does_not_fit_its_report_says_so_and_runs_nothing() {
    let site = SampleSite::start().await;
    let mut config = publishing(site.config(permitted()), &[]);
    config["publish"][TOOL]["filters"] = json!({"customer": {"type": "Link", "link_to": "Customer"}});
    let text = refusal(&app_of(&config), TOOL, json!({"customer": "X"})).await;
    assert!(text.contains("the report has no filter customer"), "{text}");
    config["publish"][TOOL]["filters"] = json!({"report_date": {"type": "Date"}});
    let text = refusal(&app_of(&config), TOOL, json!({})).await;
    assert!(text.contains("the report needs the filter company, which is not published"), "{text}");
}

#[on_every_version]
async fn a_published_tool_is_recorded_as_the_report_that_it_runs() {
    let site = SampleSite::start().await;
    let folder = tempfile::tempdir().unwrap();
    let mut config = publishing(site.config(permitted()), &[]);
    config["audit"] = json!({"enabled": true, "log_file": folder.path().join("audit.log")});
    let app = app_with(&config, Audit::open(&load(&config).audit).unwrap());
    call(&app, TOOL, json!({"company": COMPANY, "order_by": "outstanding desc"})).await.unwrap();
    let log = std::fs::read_to_string(folder.path().join("audit.log")).unwrap();
    let line: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&line["tool"], &line["operation"], &line["document"], &line["result"]),
        (&json!(TOOL), &json!("REPORT"), &json!("Accounts Receivable"), &json!("ALLOWED"))
    );
    assert!(line["fields"].as_array().unwrap().contains(&json!("company")), "{line}");
    assert!(!log.contains(COMPANY), "{log}");
}

#[on_every_version]
async fn published_tools_are_listed_within_the_budget_and_found_beyond_it() {
    let site = SampleSite::start().await;
    for (budget, is_listed) in [(10_000, true), (1, false)] {
        let mut config = publishing(site.config(permitted()), &[]);
        config["tools"] = json!({"budget_tokens": budget});
        let app = app_of(&config);
        let listed = listing(&app.session(), app.registry());
        assert_eq!(listed.tools.iter().any(|tool| tool.definition.name == TOOL), is_listed);
        let found = call(&app, "find_tools", json!({"query": "receivables"})).await.unwrap();
        assert_eq!(found["tools"][0]["name"], TOOL);
        let arguments = json!({"tool": TOOL, "arguments": {"company": COMPANY}});
        assert!(call(&app, "call_tool", arguments).await.is_ok());
    }
}
