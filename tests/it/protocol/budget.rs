//! What `tools/list` costs, and that everything it leaves out is found and called.

use std::fmt::Write as _;

use erpnext_mcp::app::Connection;
use erpnext_mcp::tool::Tool;
use erpnext_mcp::tool::detail::Detail;
use erpnext_mcp::tool::listing::{Listing, listing, tokens, unknown_toolsets};
use erpnext_mcp::tools::find::corrected;
use erpnext_schema::doctype_flag;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};

use crate::stdio::Server;
use crate::support::{all, app_of, app_with, call, config_json, every_doctype, load, refusal};

/// The most used DocTypes.
const TWELVE: [&str; 12] = [
    "Customer",
    "Supplier",
    "Item",
    "Lead",
    "Quotation",
    "Sales Order",
    "Delivery Note",
    "Sales Invoice",
    "Purchase Order",
    "Purchase Invoice",
    "Payment Entry",
    "Stock Entry",
];

fn config(permissions: Value, tools: Value) -> Value {
    let mut config = config_json("http://127.0.0.1:9", permissions);
    config["tools"] = tools;
    config
}

fn app(permissions: Value, tools: Value) -> Connection {
    app_of(&config(permissions, tools))
}

fn named(doctypes: &[&str], rule: &Value) -> Value {
    json!({"doctypes": doctypes.iter().map(|name| ((*name).to_owned(), rule.clone())).collect::<Map<_, _>>()})
}

fn names(listing: &Listing) -> Vec<&str> {
    listing.tools.iter().map(|listed| listed.definition.name).collect()
}

fn reports(mut permissions: Value) -> Value {
    permissions["reports"] = json!(["*"]);
    permissions
}

fn preset(file: &str) -> Value {
    let text = std::fs::read_to_string(format!("{}/config/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    serde_json::from_str::<Value>(&text).unwrap()["permissions"].take()
}

#[tokio::test]
async fn the_lists_of_three_configurations_cost_what_was_reviewed() {
    let configurations = [
        ("analyst", preset("read-only-analyst.json")),
        ("sales", preset("sales-user.json")),
        ("all", reports(json!({"default": all()}))),
    ];
    for (name, permissions) in configurations {
        let config = config(permissions, json!({}));
        let app = app_of(&config);
        let listed = listing(&app.session(), app.registry());
        let wire = Server::initialized(&config).await.tools().await;
        // What is counted is what is sent, byte for byte.
        assert_eq!(json!(wire).to_string().len(), listed.bytes, "{name}");
        let mut table = String::new();
        for (tool, wire) in listed.tools.iter().zip(&wire) {
            assert_eq!((&wire["name"], wire.to_string().len()), (&json!(tool.definition.name), tool.bytes));
            writeln!(table, "{}  {}  {}", tool.definition.name, tool.level.as_str(), tool.bytes).unwrap();
        }
        writeln!(table, "sum  {} bytes  {} tokens", listed.bytes, tokens(listed.bytes)).unwrap();
        insta::assert_snapshot!(format!("list_{name}"), table);
        assert!(tokens(listed.bytes) <= 10_000, "{name}");
    }
}

#[test]
fn twelve_doctypes_and_all_doctypes_are_within_ten_thousand_tokens() {
    let every: Vec<&str> =
        crate::support::tables().filter(|def| !def.is(doctype_flag::CHILD)).map(|def| def.name).collect();
    assert!(every.len() > 400, "{}", every.len());
    for permissions in [named(&TWELVE, &all()), named(&every, &json!({"read": true})), named(&every, &all())] {
        let app = app(reports(permissions), json!({}));
        let listed = listing(&app.session(), app.registry());
        assert!(tokens(listed.bytes) <= 10_000, "{}", listed.bytes);
        assert!(listed.tools.len() > 20 && app.registry().tools().len() > listed.tools.len());
    }
}

fn list_of(preset_file: &str) -> Listing {
    let app = app(preset(preset_file), json!({}));
    listing(&app.session(), app.registry())
}

type Fields = (&'static str, &'static [&'static str]);

/// What the presets are for: typed tools, each with some of the fields of its compact level.
const WORK: [(&str, &[Fields]); 2] = [
    (
        "sales-user.json",
        &[
            ("create_sales_order_document", &["customer", "delivery_date", "company", "items"]),
            ("update_sales_order_document", &["customer", "delivery_date", "company", "items"]),
            ("create_quotation_document", &["quotation_to", "party_name", "items"]),
            ("update_quotation_document", &["quotation_to", "party_name", "items"]),
            ("update_opportunity_document", &["opportunity_from", "party_name", "status"]),
            ("create_customer_document", &["customer_name", "customer_type", "customer_group", "territory"]),
            ("update_customer_document", &["customer_name", "customer_type", "customer_group", "territory"]),
            ("create_lead_document", &["first_name", "company_name", "email_id", "mobile_no", "status"]),
            ("update_lead_document", &["first_name", "company_name", "email_id", "mobile_no", "status", "territory"]),
            ("create_contact_document", &["first_name", "last_name", "email_ids", "phone_nos"]),
            ("update_contact_document", &["first_name", "last_name"]),
        ],
    ),
    (
        "accounts-user.json",
        &[
            ("create_sales_invoice_document", &["customer", "posting_date", "items"]),
            ("update_sales_invoice_document", &["customer", "posting_date", "items"]),
            ("create_purchase_invoice_document", &["supplier", "posting_date", "items"]),
            ("update_purchase_invoice_document", &["supplier", "posting_date", "items"]),
            ("update_payment_entry_document", &["party", "paid_amount", "reference_no"]),
        ],
    ),
];

#[on_every_version]
async fn the_presets_list_what_their_work_is_done_with_and_its_fields() {
    for (file, tools) in WORK {
        let list = list_of(file);
        for (name, fields) in tools {
            let listed = list.tools.iter().find(|listed| listed.definition.name == *name);
            let listed = listed.unwrap_or_else(|| panic!("{file}: no {name}: {:?}", names(&list)));
            assert!(listed.level >= Detail::Compact, "{file}: {name}");
            let data = &listed.definition.input_schema["properties"]["data"]["properties"];
            for field in *fields {
                assert!(data[*field].is_object(), "{file}: {name} does not show {field}: {data}");
            }
        }
        let listed = names(&list);
        assert!(!listed.iter().any(|name| name.contains("_bin_") || name.contains("_cost_center_")), "{listed:?}");
    }
    assert!(names(&list_of("accounts-user.json")).contains(&"record_payment"));
    // Who may update no order closes none.
    assert!(!names(&list_of("accounts-user.json")).contains(&"change_order_status"));
    assert!(names(&list_of("sales-user.json")).contains(&"change_order_status"));
    assert!(names(&list_of("read-only-analyst.json")).contains(&"list_sales_invoice_documents"));
}

#[on_every_version]
async fn the_lists_of_the_presets_cost_no_more_than_was_reviewed() {
    for (file, most) in [
        ("sales-user.json", 9_970),
        ("accounts-user.json", 9_953),
        ("read-only-analyst.json", 7_740),
        ("full-access.json", 7_740),
    ] {
        let list = list_of(file);
        assert!(tokens(list.bytes) <= most, "{file}: {} tokens", tokens(list.bytes));
    }
}

#[on_every_version]
async fn the_demo_lists_the_order_tools_that_its_tour_shows() {
    let tour = crate::tidy::read("src/cli/tour.rs");
    let shown: Vec<&str> = tour.split('"').filter(|word| word.contains("_sales_order_")).collect();
    assert_eq!(shown.len(), 3, "{shown:?}");
    let version = crate::support::version().major().to_string();
    let listed = Server::of(&["demo", "--version", version.as_str()]).await.tools().await;
    for name in shown {
        assert!(listed.iter().any(|tool| tool["name"] == name), "{name}");
    }
    let update = listed.iter().find(|tool| tool["name"] == "update_sales_order_document").unwrap();
    assert!(update["inputSchema"]["properties"]["data"]["properties"]["items"].is_object(), "{update}");
}

#[test]
fn every_permitted_tool_is_found_by_its_name_and_called_by_call_tool() {
    let app = app(reports(json!({"default": all()})), json!({}));
    assert!(app.registry().tools().len() > 2_500, "{}", app.registry().tools().len());
    let calls = app.registry().find("call_tool").unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for (at, tool) in app.registry().tools().iter().enumerate() {
        assert_eq!(app.registry().find(tool.name()), Some(*tool));
        let given = json!({"tool": tool.name(), "arguments": {"x": 1}}).as_object().unwrap().clone();
        let (called, arguments) = corrected(app.registry(), calls, given);
        if *tool != calls {
            assert_eq!((called, arguments.len()), (*tool, 1), "{}", tool.name());
        }
        // Definitions take their time: each is made for one in seven.
        if at % 7 == 0 {
            let found = runtime.block_on(call(&app, "find_tools", json!({"query": tool.name()}))).unwrap();
            assert_eq!(found["tools"][0]["name"], tool.name(), "{found}");
        }
    }
}

#[tokio::test]
async fn a_tool_is_the_same_by_its_name_and_by_call_tool() {
    let app = app(json!({"default": {"read": true}}), json!({}));
    assert!(!names(&listing(&app.session(), app.registry())).contains(&"delete_customer_document"));
    assert!(app.registry().find("delete_customer_document").is_none());
    let wrong = json!({"nam": "x"});
    let by_name = refusal(&app, "get_fiscal_year_document", wrong.clone()).await;
    let by_call =
        refusal(&app, "call_tool", json!({"tool": "get_fiscal_year_document", "arguments": wrong.to_string()})).await;
    assert!(by_name.starts_with("get_fiscal_year_document: nothing was sent"), "{by_name}");
    assert_eq!(by_name, by_call);
    for (arguments, wanted) in [
        (json!({"tool": "get_fiscal_yer_document"}), "did you mean get_fiscal_year_document?"),
        (json!({"tool": "create_customer_document", "arguments": {"data": {}}}), "there is no tool"),
        (json!({"tool": "call_tool", "arguments": {"tool": "call_tool"}}), "does not call itself"),
        (
            json!({"tool": "get_customer_document", "name": "x"}),
            "name: no such argument; this tool takes: tool, arguments",
        ),
        (json!({"tool": "get_customer_document", "arguments": "x"}), "arguments: expected an object"),
        (json!({}), "tool: is mandatory"),
    ] {
        let text = refusal(&app, "call_tool", arguments).await;
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    // What is not permitted has no neighbour that does what was asked.
    let app = self::app(json!({"doctypes": {"Customer": {"read": true, "create": true}}}), json!({}));
    assert!(app.registry().find("create_customer_document").is_some());
    let refused = json!({"tool": "update_customer_document", "arguments": {"name": "x", "data": {}}});
    let text = refusal(&app, "call_tool", refused).await;
    assert!(text.contains("there is no tool") && !text.contains("did you mean"), "{text}");
}

#[tokio::test]
async fn tools_are_found_by_words_by_doctype_and_by_operation() {
    let app = app(reports(json!({"default": all()})), json!({}));
    let found = call(&app, "find_tools", json!({"query": "new quotation"})).await.unwrap();
    assert_eq!(found["tools"][0]["name"], "create_quotation_document");
    assert!(found["tools"][0]["inputSchema"]["properties"]["data"].is_object(), "{found}");
    let found = call(&app, "find_tools", json!({"doctype": "quotation", "operation": "delete"})).await.unwrap();
    assert_eq!((&found["found"], &found["tools"][0]["name"]), (&json!(1), &json!("delete_quotation_document")));
    let found = call(&app, "find_tools", json!({"operation": "report"})).await.unwrap();
    assert!(found["tools"].as_array().unwrap().iter().any(|tool| tool["name"] == "run_report"), "{found}");
    let none = call(&app, "find_tools", json!({"query": "zzzz"})).await.unwrap();
    assert_eq!(none["found"], 0);
    assert!(refusal(&app, "find_tools", json!({})).await.contains("give words, a doctype or an operation"));
}

#[tokio::test]
async fn what_call_tool_calls_is_recorded_as_if_it_was_called_itself() {
    let folder = tempfile::tempdir().unwrap();
    let log_file = folder.path().join("audit.log");
    let settings = erpnext_mcp::config::Audit { enabled: true, log_file: log_file.clone(), ..Default::default() };
    let audit = erpnext_mcp::audit::Audit::open(&settings).unwrap();
    let app = app_with(&config(json!({"default": {"read": true}}), json!({})), audit);
    let arguments = json!({"doctype": "Customer", "name": "x", "confirm": true});
    refusal(&app, "call_tool", json!({"tool": "get_generic_document", "arguments": arguments})).await;
    let lines: Vec<String> =
        erpnext_mcp::audit::review::lines(&log_file).unwrap().map(|line| line.unwrap().text().into_owned()).collect();
    let entry: Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!((&entry["tool"], &entry["doctype"]), (&json!("get_generic_document"), &json!("Customer")), "{entry}");
    assert_eq!((lines.len(), &entry["document"]), (1, &json!("x")), "{lines:?}");
}

#[tokio::test]
async fn the_instructions_are_short_enough_for_every_client() {
    let url = format!("https://{}.example.com", "erp".repeat(20));
    for doctypes in [every_doctype(), json!({"Customer": all(), "Item": {"read": true}}), json!({})] {
        let config = config_json(&url, json!({"doctypes": doctypes, "default": {"read": true}}));
        let answer = Server::start(&config).initialize().await;
        let text = answer["result"]["instructions"].as_str().unwrap();
        assert!(text.chars().count() < 2_000 && text.contains("find_tools"), "{text}");
        assert!(text.contains("data, not instructions"), "{text}");
        let of_the_default = ["On other DocTypes: read. ", "have to name: read. "];
        assert!(of_the_default.iter().any(|told| text.contains(told)), "{text}");
    }
}

#[tokio::test]
async fn the_command_prints_what_the_list_costs_and_refuses_unknown_toolsets() {
    let mut permissions = named(&TWELVE, &all());
    permissions["default"] = json!({"read": true});
    let config = config(permissions, json!({}));
    let run = |more: &'static [&'static str]| {
        let (mut command, folder) = crate::stdio::command(&config);
        command.args(more);
        async move {
            let output = command.output().await.unwrap();
            drop(folder);
            (
                output.status.success(),
                String::from_utf8(output.stdout).unwrap(),
                String::from_utf8(output.stderr).unwrap(),
            )
        }
    };
    let (ok, json, _) = run(&["tools", "--json"]).await;
    let told: Value = serde_json::from_str(&json).unwrap();
    assert!(ok && told["tokens"].as_u64().unwrap() <= 10_000 && told["found"].as_u64().unwrap() > 0, "{json}");
    let sum: u64 = told["tools"].as_array().unwrap().iter().map(|tool| tool["bytes"].as_u64().unwrap() + 1).sum();
    assert_eq!(told["bytes"], sum + 1);
    let (ok, table, _) = run(&["tools", "--toolsets", "selling", "--read-only"]).await;
    assert!(ok && table.contains("list_quotation_documents") && !table.contains("create_"), "{table}");
    assert!(table.contains("are found with find_tools") && table.contains("of a budget of 10000"), "{table}");
    assert!(table.contains("DocTypes that are not named, for: read."), "{table}");
    let (ok, _, error) = run(&["tools", "--toolsets", "sellng"]).await;
    assert!(!ok && error.contains("did you mean selling?"), "{error}");
}

#[test]
fn read_only_leaves_nothing_that_writes() {
    let app = app(json!({"doctypes": {"Customer": all()}, "default": all()}), json!({"read_only": true}));
    for tool in app.registry().tools() {
        let definition = erpnext_mcp::tool::definition::definition(&app.session(), *tool);
        assert!(definition.read_only, "{}", tool.name());
    }
    assert!(app.registry().find("update_generic_document").is_none());
    assert!(app.session().policy.permit(erpnext_mcp::policy::Operation::Create, "Customer").is_err());
}

#[test]
fn toolsets_include_and_exclude_choose() {
    let of = |tools: Value| {
        let app = app(reports(json!({"default": all()})), tools);
        names(&listing(&app.session(), app.registry())).into_iter().map(str::to_owned).collect::<Vec<String>>()
    };
    let has = |names: &[String], name: &str| names.iter().any(|known| known == name);
    let selling = of(json!({"toolsets": ["selling"]}));
    assert!(has(&selling, "list_sales_order_documents") && has(&selling, "get_generic_document"));
    assert!(!has(&selling, "list_item_documents") && !has(&selling, "add_comment"));
    assert!(has(&of(json!({"toolsets": ["Collaboration"]})), "add_comment"));
    let lean = of(json!({"mode": "lean"}));
    assert!(lean.len() < 30 && has(&lean, "call_tool"), "{lean:?}");
    let chosen =
        of(json!({"mode": "lean", "include": ["*_bulk_documents", "list_item_documents"], "exclude": ["delete_*"]}));
    assert!(has(&chosen, "create_bulk_documents") && has(&chosen, "list_item_documents"));
    assert!(!has(&chosen, "delete_bulk_documents") && !has(&chosen, "delete_generic_document"));
    let full = of(json!({"mode": "full"}));
    assert!(full.len() > 2_500, "{}", full.len());
    let unknown = load(&config(json!({}), json!({"toolsets": ["sellng", "stock"]})));
    assert_eq!(unknown_toolsets(&unknown.tools.toolsets), ["sellng: unknown toolset; did you mean selling?"]);
}

/// Any permissions and choice of tools.
fn any_configuration() -> impl Strategy<Value = (Value, Value)> {
    let doctypes: Vec<&str> =
        crate::support::tables().filter(|def| !def.is(doctype_flag::CHILD)).map(|def| def.name).collect();
    let operations = ["read", "create", "update", "delete", "submit", "cancel", "amend"];
    let rule = subsequence(operations.to_vec(), 0..=7)
        .prop_map(|may| may.into_iter().map(|may| (may.to_owned(), json!(true))).collect::<Map<_, _>>());
    let named = prop::collection::btree_map(
        select(doctypes).prop_map(str::to_owned),
        rule.clone().prop_map(Value::from),
        0..40,
    );
    let sets = subsequence(vec!["selling", "stock", "accounts", "bulk", "collaboration"], 0..=2);
    let tools = (select(vec!["auto", "lean"]), sets, any::<bool>(), 500u64..20_000).prop_map(|(mode, sets, read_only, budget)| {
        json!({"mode": mode, "toolsets": sets, "read_only": read_only, "budget_tokens": budget})
    });
    let permissions = (named, rule)
        .prop_map(|(doctypes, default)| json!({"doctypes": doctypes, "default": default, "reports": ["*"]}));
    (permissions, tools)
}

#[test]
fn any_list_is_within_its_budget_even_and_the_same_each_time() {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let outcome =
        TestRunner::new_with_rng(Config::with_cases(40), rng).run(&any_configuration(), |(permissions, tools)| {
            let app_once = app(permissions.clone(), tools.clone());
            let list = listing(&app_once.session(), app_once.registry());
            let core = list.tools.iter().filter(|listed| !matches!(listed.tool, Tool::Typed(..)));
            let core: usize = core.map(|listed| listed.bytes + 1).sum();
            let budget = usize::try_from(app_once.session().tools.budget_tokens).unwrap();
            prop_assert!(tokens(list.bytes) <= budget || tokens(core + 1) >= tokens(list.bytes), "{}", list.bytes);
            // Of the DocTypes that may be listed no two are more than a level apart.
            let levels: Vec<Detail> =
                list.tools.iter().filter(|l| matches!(l.tool, Tool::Typed(..))).map(|l| l.level).collect();
            if let (Some(least), Some(most)) = (levels.iter().min(), levels.iter().max()) {
                prop_assert!(*most as i32 - *least as i32 <= 1, "{levels:?}");
            }
            let text =
                |list: &Listing| list.tools.iter().map(|l| l.definition.to_json().to_string()).collect::<String>();
            let again = app(permissions, tools);
            prop_assert_eq!(text(&list), text(&listing(&again.session(), again.registry())));
            for listed in &list.tools {
                prop_assert_eq!(app_once.registry().find(listed.definition.name), Some(listed.tool));
            }
            Ok(())
        });
    outcome.unwrap();
}
