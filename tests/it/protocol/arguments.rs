//! What tools take: one type is the schema, the check and the value, for every tool; and what is plain though it is written
//! in another form is taken.

use erpnext_mcp::tool::input_schema::Arg;
use erpnext_mcp::tool::kinds::ArgumentType;
use erpnext_mcp::tool::{Tool, arguments};
use serde_json::{Map, Value, json};

use crate::sandbox::SampleSite;
use crate::support::{all, app_of, call, config_json, refusal};

/// Every tool that is not typed, and the typed ones of a document, a Single and a tree.
fn tools() -> Vec<Tool> {
    let doctypes = json!({"Sales Order": all(), "System Settings": all(), "Territory": all(),
        "Item": {"read": true}, "Item Price": {"read": true}, "Sales Invoice": {"read": true}, "Payment Entry": {"create": true}});
    let mut config = config_json("http://127.0.0.1:9", json!({"doctypes": doctypes, "reports": ["*"]}));
    config["methods"] = json!({"my_app.api.check": {"description": "Checks.", "arguments": {
        "what": {}, "kind": {"enum": ["New", "Old"]}, "times": {"type": "integer"}, "rows": {"type": "array"},
        "options": {"type": "object"}, "all": {"type": "boolean", "required": true},
    }}});
    let filters = json!({
        "on": {"type": "Check"}, "times": {"type": "Int"}, "rate": {"type": "Float", "default": "0.5"}, "of": {},
        "parties": {"type": "MultiSelectList"}, "kind": {"type": "Select", "options": ["New", "Old"]},
    });
    config["publish"] = json!({
        "run_sales": {"description": "Sales.", "report": "Sales Register", "filters": filters},
        "check_all": {"description": "Checks.", "method": "my_app.api.check"},
    });
    app_of(&config).registry().tools().to_vec()
}

/// A value as the schema shows it.
fn plain(arg: &Arg) -> Value {
    match &arg.kind {
        ArgumentType::Text | ArgumentType::Day | ArgumentType::OrderBy => json!("x y"),
        ArgumentType::Flag => json!(true),
        ArgumentType::Count { .. } => json!(3),
        ArgumentType::Amount | ArgumentType::Number => json!(2.5),
        ArgumentType::Choice(choices) => json!(choices[0]),
        ArgumentType::Filters | ArgumentType::Data | ArgumentType::Object | ArgumentType::RowChanges => json!({"a": 1}),
        ArgumentType::FieldNames | ArgumentType::Names => json!(["x"]),
        ArgumentType::Documents => json!([{"a": 1}]),
        ArgumentType::NamedRows => json!([{"name": "x"}]),
        ArgumentType::List => json!([1, "x"]),
    }
}

/// The same in other forms.
fn otherwise(arg: &Arg) -> Vec<Value> {
    match &arg.kind {
        ArgumentType::Text | ArgumentType::Day => vec![json!("x y"), json!(["x y"])],
        ArgumentType::OrderBy => vec![json!("x y"), json!(["x y"])],
        ArgumentType::Flag => vec![json!("true"), json!("True"), json!(1), json!("1")],
        ArgumentType::Count { .. } => vec![json!("3"), json!(" 3 "), json!(3.0)],
        ArgumentType::Amount | ArgumentType::Number => vec![json!("2.5"), json!(" 2.5 ")],
        ArgumentType::Choice(choices) => vec![json!(choices[0].to_uppercase())],
        ArgumentType::Filters | ArgumentType::Data | ArgumentType::Object | ArgumentType::RowChanges => {
            vec![json!("{\"a\": 1}")]
        }
        ArgumentType::FieldNames | ArgumentType::Names => vec![json!("x"), json!("[\"x\"]")],
        ArgumentType::Documents => {
            vec![json!({"a": 1}), json!(["{\"a\": 1}"]), json!("[{\"a\": 1}]"), json!("{\"a\": 1}")]
        }
        ArgumentType::NamedRows => {
            vec![json!("x"), json!(["x"]), json!({"name": "x"}), json!(["{\"name\": \"x\"}"]), json!("[\"x\"]")]
        }
        ArgumentType::List => vec![json!("[1, \"x\"]")],
    }
}

#[test]
fn what_is_written_in_another_form_is_the_same_call() {
    for tool in tools() {
        let args = arguments::of(&tool);
        let plainly: Map<_, _> = args.iter().map(|arg| (arg.name.clone(), plain(arg))).collect();
        let mut checked = plainly.clone();
        arguments::check(&args, &mut checked).unwrap();
        assert_eq!(checked, plainly, "{}", tool.name());
        for arg in &args {
            for form in otherwise(arg) {
                let mut given = plainly.clone();
                given.insert(arg.name.clone(), form.clone());
                let checked = arguments::check(&args, &mut given);
                assert!(checked.is_ok() && given == plainly, "{}: {}: {form}: {checked:?}", tool.name(), arg.name);
            }
        }
    }
}

#[test]
fn what_may_mean_two_things_is_not_taken() {
    let wrong = [
        ("limit", json!("ten"), "expected a whole number from 1 to 500"),
        ("limit", json!(2.5), "expected a whole number from 1 to 500"),
        ("limit", json!("501"), "expected a whole number from 1 to 500"),
        ("count", json!("yes"), "expected true or false"),
        ("count", json!(2), "expected true or false"),
        ("filters", json!("status = Open"), "expected {\"field\": value}"),
        ("fields", json!({"name": 1}), "expected a list of fieldnames"),
    ];
    let args = arguments::of(&Tool::Generic(erpnext_schema::Verb::List));
    let all: Map<_, _> = wrong.iter().map(|(name, value, _)| ((*name).to_owned(), value.clone())).collect();
    let found = arguments::check(&args, &mut all.clone()).unwrap_err();
    let mut paths: Vec<&str> = found.iter().map(|violation| violation.path.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["count", "doctype", "fields", "filters", "limit"], "all at once");
    for (name, value, message) in wrong {
        let mut given = Map::from_iter([("doctype".to_owned(), json!("ToDo")), (name.to_owned(), value.clone())]);
        let found = arguments::check(&args, &mut given).unwrap_err();
        assert!(found[0].path == name && found[0].message.starts_with(message), "{value}: {found:?}");
    }
}

#[test]
fn quantities_units_and_ways_to_pay_go_by_several_names() {
    let payment = json!({"party_type": "Customer", "party": "x", "payment_method": "Cash", "reference_number": "7"});
    for (tool, given, meant) in [
        ("get_item_price", json!({"item_code": "x", "quantity": 3, "unit": "Box"}), ["qty", "uom"]),
        ("record_payment", payment, ["mode_of_payment", "reference_no"]),
    ] {
        let tool = tools().into_iter().find(|known| known.name() == tool).unwrap();
        let mut given = given.as_object().unwrap().clone();
        arguments::check(&arguments::of(&tool), &mut given).unwrap();
        assert!(meant.iter().all(|name| given.contains_key(*name)), "{given:?}");
    }
}

#[tokio::test]
async fn every_tool_reads_what_passed_the_check() {
    let doctypes = json!({"Sales Order": all(), "System Settings": all()});
    let mut config = config_json("http://127.0.0.1:9", json!({"doctypes": doctypes, "reports": ["*"]}));
    config["methods"] = json!({"my_app.api.check": {"description": "Checks."}});
    let app = app_of(&config);
    for tool in app.registry().tools() {
        let args = arguments::of(tool);
        let least = args.iter().filter(|arg| arg.required).map(|arg| (arg.name.clone(), plain(arg)));
        let most = args.iter().map(|arg| (arg.name.clone(), plain(arg)));
        for given in [least.collect::<Map<_, _>>(), most.collect()] {
            if let Err(error) = app.call(*tool, given, None).await {
                assert!(!error.for_model().contains("could not be read"), "{}: {}", tool.name(), error.for_model());
            }
        }
    }
}

#[tokio::test]
async fn flags_written_as_text_hold() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"ToDo": all()}));
    let given = json!({"data": "{\"description\": \"call back\"}", "dry_run": "true"});
    let would = call(&app, "create_todo_document", given).await.unwrap();
    assert_eq!(would["dry_run"], true);
    assert!(site.writes().is_empty(), "{:?}", site.writes());
    let made = call(&app, "create_todo_document", json!({"data": {"description": "call back"}})).await.unwrap();
    let name = made["created"].as_str().unwrap();
    let text = refusal(&app, "delete_todo_document", json!({"name": name, "confirm": "false"})).await;
    assert!(text.contains("confirm_token"), "{text}");
    let gone = call(&app, "delete_todo_document", json!({"name": name, "confirm": "true"})).await.unwrap();
    assert_eq!(gone, json!({"deleted": name}));
    let listed = call(&app, "list_todo_documents", json!({"limit": "2", "fields": "name, status"})).await.unwrap();
    assert_eq!(listed["count"], 2, "{listed}");
}

#[tokio::test]
async fn a_single_needs_no_name() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"System Settings": all()}));
    for given in
        [json!({"doctype": "System Settings"}), json!({"doctype": "System Settings", "name": "System Settings"})]
    {
        let read = call(&app, "get_generic_document", given).await.unwrap();
        assert_eq!(read["document"]["name"], "System Settings", "{read}");
    }
    let read = call(&app, "get_system_settings_document", json!({"name": "System Settings"})).await.unwrap();
    assert_eq!(read["document"]["name"], "System Settings", "{read}");
}

#[on_every_version]
async fn an_argument_under_another_name_is_taken_where_one_thing_can_be_meant() {
    let site = SampleSite::start().await;
    let doctypes = json!({"ToDo": all(), "Customer": all()});
    let app = app_of(&site.config(json!({"doctypes": doctypes, "reports": ["*"]})));
    for (tool, given) in [
        ("call_tool", json!({"name": "list_todo_documents", "args": {"limit": 1}})),
        ("list_todo_documents", json!({"limit_page_length": 1, "where": {"status": "Open"}, "columns": ["name"]})),
        ("list_todo_documents", json!({"sort_by": ["modified desc", "name"]})),
        ("list_todo_documents", json!({"order_by": {"modified": "desc"}})),
        ("search_customer_documents", json!({"query": "Soft"})),
        ("search_link", json!({"doctype": "Customer", "q": "Soft"})),
        ("global_search", json!({"search_term": "Soft", "doctypes": ["Customer"]})),
        ("get_customer_document", json!({"docname": "Kestrel Software"})),
        ("get_customer_document", json!({"name": ["Kestrel Software"]})),
        ("create_todo_document", json!({"fields": {"description": "x"}})),
        ("update_customer_document", json!({"name": "Kestrel Software", "values": {"website": "https://x.example"}})),
        ("describe_report", json!({"report": "General Ledger"})),
    ] {
        call(&app, tool, given.clone()).await.unwrap_or_else(|error| panic!("{tool} {given}: {}", error.for_model()));
    }
    // What would be taken for a number of rows, and what does not fit, is named.
    for (tool, given, wanted) in [
        ("list_todo_documents", json!({"offset": 5}), "did you mean cursor?"),
        ("list_todo_documents", json!({"page_length": 0}), "did you mean limit?"),
        ("get_customer_document", json!({"name": "x", "id": "y"}), "did you mean name?"),
    ] {
        let text = refusal(&app, tool, given).await;
        assert!(text.contains(wanted), "{text}");
    }
}

#[on_every_version]
async fn what_an_argument_says_of_another_is_not_asked_for() {
    let site = SampleSite::start().await;
    let app = app_of(&site.config(json!({"default": all()})));
    let rows = json!([{"doctype": "ToDo", "description": "x"}, {"doctype": "ToDo", "description": "y"}]);
    for (tool, given) in [
        ("get_party_details", json!({"customer": "Kestrel Software", "company": "Alderway Furniture"})),
        ("get_party_details", json!({"party": "Kestrel Software", "for": "sales order"})),
        ("create_bulk_documents", json!({"documents": rows})),
        ("create_generic_document", json!({"data": rows[0]})),
    ] {
        call(&app, tool, given.clone()).await.unwrap_or_else(|error| panic!("{tool} {given}: {}", error.for_model()));
    }
    let paid = refusal(&app, "record_payment", json!({"customer": "Kestrel Software", "reference_date": "x"})).await;
    assert!(paid.contains("date: ") && !paid.contains("party_type"), "{paid}");
    let mixed = json!([rows[0], {"doctype": "Note", "title": "x"}]);
    for (tool, given, missing) in [
        ("record_payment", json!({"customer": "Kestrel Software", "supplier": "x"}), "party_type: is mandatory"),
        ("record_payment", json!({"customer": "", "party": "x", "amount": 5}), "party_type: is mandatory"),
        ("create_bulk_documents", json!({"documents": mixed}), "doctype: is mandatory"),
        ("create_bulk_documents", json!({"documents": []}), "doctype: is mandatory"),
    ] {
        let told = refusal(&app, tool, given).await;
        assert!(told.contains(missing), "{tool}: {told}");
    }
}

#[test]
fn no_object_with_a_form_of_its_own_is_said_to_take_what_no_argument_is_called() {
    let mut led = 0;
    for tool in tools() {
        let mut given = Map::from_iter([("xyzzy".to_owned(), json!(1))]);
        let violations = arguments::check(&arguments::of(&tool), &mut given).unwrap_err();
        let told = &violations.iter().find(|found| found.path == "xyzzy").unwrap().message;
        let Some((_, place)) = told.split_once(" goes into ") else { continue };
        let place = place.split(':').next().unwrap_or_default();
        assert!(["data", "arguments", "filters"].contains(&place), "{}: {told}", tool.name());
        led += 1;
    }
    assert!(led > 5, "{led}");
}

#[tokio::test]
async fn what_is_called_otherwise_is_led_to_its_place() {
    let app = app_of(&config_json("http://127.0.0.1:9", json!({"doctypes": {"ToDo": all()}, "reports": ["*"]})));
    let text = refusal(&app, "call_tool", json!({"tool": "list_todo_documents", "status": "Open"})).await;
    assert!(text.contains("everything else goes into arguments: {\"arguments\": {\"status\": …}}"), "{text}");
    let text = refusal(&app, "run_report", json!({"name": "General Ledger", "company": "Acme"})).await;
    assert!(text.contains("everything else goes into filters: {\"filters\": {\"company\": …}}"), "{text}");
    let doctypes = json!({"Sales Order": all(), "Payment Entry": all(), "Sales Invoice": all()});
    let app = app_of(&config_json("http://127.0.0.1:9", json!({ "doctypes": doctypes })));
    let comment = json!({"doctype": "Sales Order", "action": "comment", "names": ["x"], "content": "y", "value": "z"});
    for (tool, given, place, told) in [
        ("act_on_bulk_documents", comment, "content: no such argument", "did you mean value?"),
        ("import_documents", json!({"by": "name"}), "by: no such argument", "this tool takes: doctype, content"),
        ("update_order_items", json!({"rows": 12}), "rows: no such", "did you mean items?"),
        ("record_payment", json!({"doctype": "Payment Entry"}), "doctype: no such", "this tool takes: party_type"),
        ("convert_document", json!({"to": "Invoice", "status": "Closed"}), "status: no such", "into data: {\"data\""),
        ("aggregate_documents", json!({"measures": [{"sum": "grand_total"}]}), "measures: ", "\"sum(grand_total)\""),
    ] {
        let text = refusal(&app, tool, given).await;
        assert!(text.contains(place) && text.contains(told), "{text}");
    }
}
