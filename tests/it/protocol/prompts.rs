//! Prompts name only what the policy permits, and what they name works.

use std::collections::BTreeSet;

use erpnext_mcp::app::Connection;
use erpnext_mcp::error::ToolError;
use erpnext_mcp::prompts::{self, Given, Prompt, PromptArgumentKind, render};
use erpnext_mcp::tool::Effect;
use jiff::civil::date;
use rmcp::model::GetPromptRequestParams;
use serde_json::{Value, json};

use super::client::{Client, preset, presets};
use crate::sandbox::{COMPANY, SampleSite, config};
use crate::support::{all, app_of, config_json};

const TODAY: jiff::civil::Date = date(2026, 3, 31);

/// A value for every argument.
fn given(prompt: &Prompt) -> Given {
    let value = |kind: PromptArgumentKind| match kind {
        PromptArgumentKind::Link("Company") => COMPANY.to_owned(),
        PromptArgumentKind::Link(_) | PromptArgumentKind::Text => "Some \"name\" of } it".to_owned(),
        PromptArgumentKind::Date(_) => "2026-01-31".to_owned(),
    };
    prompt.arguments.iter().map(|argument| (argument.name.to_owned(), value(argument.kind))).collect()
}

fn required(prompt: &Prompt) -> Given {
    let mut given = given(prompt);
    given.retain(|name, _| prompt.arguments.iter().any(|argument| argument.required && argument.name == name));
    given
}

fn open(permissions: Value) -> Connection {
    app_of(&config_json("http://127.0.0.1:9", permissions))
}

fn names(app: &Connection) -> Vec<&'static str> {
    prompts::offered(app).map(|prompt| prompt.name).collect()
}

fn everything() -> Value {
    json!({"default": all(), "reports": ["*"]})
}

#[test]
fn everything_permitted_every_prompt_is_whole() {
    let app = open(everything());
    assert_eq!(names(&app).len(), 16);
    for prompt in prompts::offered(&app) {
        let (calls, text) = render(&app, prompt, &given(prompt), TODAY).unwrap();
        assert_eq!(calls.len(), prompt.steps.len(), "{}: a step is left out: {text}", prompt.name);
        for argument in prompt.arguments {
            let used = prompt.steps.iter().any(|step| step.arguments.contains(&format!("{{{}}}", argument.name)));
            assert!(used, "{}: {} is used nowhere", prompt.name, argument.name);
        }
        // A step that others name by its number is always there, and so are those before it.
        let needed = prompt.steps.iter().take_while(|step| step.needed).count();
        for number in text.split("of step ").skip(1).filter_map(|rest| rest.chars().next()?.to_digit(10)) {
            assert!((1..=needed).contains(&(number as usize)), "{}: step {number} may be left out", prompt.name);
        }
        assert!(needed > 0, "{}", prompt.name);
    }
}

#[test]
fn under_no_preset_a_prompt_names_what_is_not_there() {
    for preset_file in presets() {
        for reports in [json!([]), json!(["*"])] {
            let mut permissions = preset(&preset_file);
            permissions["reports"] = reports;
            let app = open(permissions);
            for prompt in prompts::offered(&app) {
                let (calls, text) = render(&app, prompt, &given(prompt), TODAY).unwrap();
                for call in &calls {
                    assert!(app.registry().find(call.tool.name()) == Some(call.tool), "{preset_file}: {text}");
                    let doctype = call.arguments.get("doctype").and_then(Value::as_str);
                    let denied = doctype
                        .filter(|name| !name.starts_with('<') && app.session().policy.operations(name).is_empty());
                    assert_eq!(denied, None, "{preset_file}: {text}");
                }
                // What looks like a tool's name is one.
                let words = text.split(|c: char| !c.is_ascii_lowercase() && c != '_').filter(|word| word.len() > 8);
                let like_a_tool = |word: &&str| word.ends_with("_documents") || word.ends_with("_document");
                for word in words.filter(like_a_tool).filter(|word| word.contains('_')) {
                    assert!(app.registry().find(word).is_some(), "{preset_file}: {}: {word}", prompt.name);
                }
            }
        }
    }
}

#[test]
fn the_presets_offer_what_their_people_do() {
    let analyst = open(preset("read-only-analyst.json"));
    let offered = names(&analyst);
    assert_eq!(offered.len(), 12, "{offered:?}");
    assert!(!offered.contains(&"onboard_customer"));
    for prompt in prompts::offered(&analyst) {
        let (calls, _) = render(&analyst, prompt, &given(prompt), TODAY).unwrap();
        assert!(calls.iter().all(|call| call.tool.effect() == Effect::Reads), "{}", prompt.name);
    }
    let sales = names(&open(preset("sales-user.json")));
    assert!(sales.contains(&"onboard_customer") && !sales.contains(&"cash_position"), "{sales:?}");
    let accounts = names(&open(preset("accounts-user.json")));
    assert!(accounts.contains(&"month_end_check") && !accounts.contains(&"pipeline_review"), "{accounts:?}");
    assert_eq!(names(&open(json!({"doctypes": {"Customer": {"read": true}}}))), ["approvals_waiting"]);
}

#[test]
fn withheld_fields_are_in_no_step() {
    let rules = |restricted: Value| json!({"doctypes": {"Sales Invoice": {"read": true, "restricted_fields": restricted}, "Payment Entry": {"read": true}}});
    let app = open(rules(json!(["grand_total"])));
    let overdue = prompts::find(&app, "overdue_receivables").unwrap();
    let (_, text) = render(&app, overdue, &Given::new(), TODAY).unwrap();
    assert!(text.contains("outstanding_amount") && !text.contains("grand_total"), "{text}");
    // Without the field that it filters by, the list would mean something else.
    let app = open(rules(json!(["due_date"])));
    let refused = prompts::find(&app, "overdue_receivables").unwrap_err();
    assert!(refused.contains("no prompt \"overdue_receivables\" under this configuration"), "{refused}");
}

#[test]
fn arguments_are_checked_and_stand_where_they_belong() {
    let app = open(everything());
    let overdue = prompts::find(&app, "overdue_receivables").unwrap();
    let with = |name: &str, value: &str| render(&app, overdue, &Given::from([(name.into(), value.into())]), TODAY);
    let (calls, text) = with("customer", "A \"B\" <C>").unwrap();
    assert_eq!(calls[0].arguments["filters"]["customer"], "A \"B\" <C>");
    assert_eq!(calls[0].arguments["filters"]["due_date"], json!(["<", "2026-03-31"]));
    assert!(calls[0].arguments["filters"].get("company").is_none());
    assert!(text.contains(r#"customer: "A \"B\" <C>""#), "{text}");
    assert!(with("custmer", "x").unwrap_err().contains("did you mean customer?"));
    assert!(with("date", "31.3.2026").unwrap_err().contains("YYYY-MM-DD"));
    let cash = prompts::find(&app, "cash_position").unwrap();
    assert!(render(&app, cash, &Given::new(), TODAY).unwrap_err().contains("company is mandatory"));
    let month = prompts::find(&app, "month_end_check").unwrap();
    let (_, text) = render(&app, month, &required(month), TODAY).unwrap();
    assert!(text.contains(r#"["between",["2026-02-01","2026-02-28"]]"#), "{text}");
}

#[test]
fn no_step_asks_about_other_documents_that_may_not_be_read() {
    let rules = |invoices: Value| {
        let doctypes = json!({"Customer": {"read": true, "update": true}, "Supplier": {"read": true}});
        let mut rules = json!({ "doctypes": doctypes });
        rules["doctypes"]["Sales Invoice"] = invoices;
        rules
    };
    let text = |invoices: Value| {
        let app = open(rules(invoices));
        let (_, text) = render(&app, prompts::find(&app, "data_clean_up").unwrap(), &Given::new(), TODAY).unwrap();
        text
    };
    let open = text(json!({"read": true}));
    assert!(open.contains("Sales Invoice") && open.contains("update_bulk_documents"), "{open}");
    for closed in [json!({"create": true}), json!({"read": true, "restricted_fields": ["posting_date"]})] {
        let text = text(closed);
        assert!(!text.contains("Sales Invoice") && text.contains("update_bulk_documents"), "{text}");
    }
}

#[test]
fn an_argument_is_no_longer_than_a_name_that_a_tool_takes() {
    let app = open(everything());
    let month = prompts::find(&app, "month_end_check").unwrap();
    let of = |length: usize| Given::from([("company".to_owned(), "\"".repeat(length))]);
    assert!(render(&app, month, &of(4_096), TODAY).is_ok());
    let refused = render(&app, month, &of(4_097), TODAY).unwrap_err();
    assert!(refused.contains("company holds 4097 bytes"), "{refused}");
}

#[test]
fn what_would_not_be_seen_of_an_argument_is_shown() {
    let app = open(everything());
    let overdue = prompts::find(&app, "overdue_receivables").unwrap();
    let given = Given::from([("customer".to_owned(), "AC\u{202e}ME\u{e0041}".to_owned())]);
    let (_, text) = render(&app, overdue, &given, TODAY).unwrap();
    assert!(text.contains("AC⟨U+202E⟩ME⟨U+E0041⟩") && !text.contains(['\u{202e}', '\u{e0041}']), "{text}");
}

#[tokio::test]
async fn every_step_is_a_call_that_works_on_the_sample_site() {
    let site = SampleSite::start().await.sandbox;
    let app = app_of(&config(&site, "administrator", everything()));
    let mut rows = BTreeSet::new();
    for prompt in prompts::offered(&app) {
        for given in [required(prompt), given(prompt)] {
            let (calls, _) = render(&app, prompt, &given, jiff::civil::date(2026, 11, 25)).unwrap();
            for call in calls.into_iter().filter(|call| call.tool.effect() == Effect::Reads) {
                let asked = Value::Object(call.arguments.clone()).to_string();
                match app.call(call.tool, call.arguments, None).await {
                    Ok((answer, _)) if answer["count"].as_u64() > Some(0) || !answer["rows"][0].is_null() => {
                        rows.insert(prompt.name);
                    }
                    Ok(_) => {}
                    // What an earlier step would have given, and the made-up names.
                    Err(ToolError::Site(_) | ToolError::Refused { .. })
                        if asked.contains('<') || asked.contains("Some") => {}
                    Err(ToolError::Denied(_)) if asked.contains("<its") => {}
                    // The sample site has few reports.
                    Err(error) if error.for_model().contains("The site has no report named") => {}
                    // Reports that need a company where none is given say so.
                    Err(error) if call.tool.name() == "run_report" && error.for_model().contains("filters.") => {}
                    Err(error) => panic!("{}: {} {asked}: {}", prompt.name, call.tool.name(), error.for_model()),
                }
            }
        }
    }
    // The sample has no papers for the others.
    assert!(rows.len() >= 6, "{rows:?}");
}

#[tokio::test]
async fn a_client_lists_prompts_and_gets_one() {
    let site = SampleSite::start().await.sandbox;
    let client = Client::open(&site, preset("read-only-analyst.json")).await;
    let listed = client.0.list_all_prompts().await.unwrap();
    let cash = listed.iter().find(|prompt| prompt.name == "cash_position").unwrap();
    let required = cash.arguments.iter().flatten().filter(|argument| argument.required == Some(true));
    assert_eq!(required.map(|argument| argument.name.as_str()).collect::<Vec<_>>(), ["company"]);
    let asked = json!({"name": "cash_position", "arguments": {"company": COMPANY}});
    let asked: GetPromptRequestParams = serde_json::from_value(asked).unwrap();
    let got = serde_json::to_value(client.0.get_prompt(asked).await.unwrap()).unwrap();
    let text = got["messages"][0]["content"]["text"].as_str().unwrap();
    assert!(text.contains("list_account_documents") && text.contains(COMPANY), "{text}");
    let missing: GetPromptRequestParams = serde_json::from_value(json!({"name": "onboard_customer"})).unwrap();
    let error = client.0.get_prompt(missing).await.unwrap_err().to_string();
    assert!(error.contains("no prompt \"onboard_customer\" under this configuration"), "{error}");
}
