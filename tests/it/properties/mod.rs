//! Whatever a client sends and whatever a configuration holds: no panic, and nothing asked of the site where the answer is a
//! refusal.
//!
//! A run makes some two thousand inputs; `ERPNEXT_MCP_FUZZ=1000000 cargo test --test it properties::` as many over all of
//! these tests together, each with its share.

mod config;
mod tools;

use std::sync::{Mutex, OnceLock, PoisonError};

use erpnext_mcp::app::Connection;
use erpnext_mcp::error::ToolError;
use erpnext_schema::{FieldDef, FieldKind, Options, check_value, flag};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;

use crate::support::{META, Site, all, app_of, call, config_json, stated};

const TEXTS: &[&str] = &[
    "",
    " ",
    "name",
    "territory",
    "modified desc",
    "=",
    "like",
    "in",
    "between",
    "is",
    "set",
    "Timespan",
    "today",
    "*",
    "items.qty",
    "2026-02-30",
    "2026-02-28",
    "24:00:00",
    "1e999",
    "null",
    "{\"a\":1}",
    "[\"name\"]",
    "`",
    "'; drop table",
    "\u{0}",
    "ünï",
    "20-abc",
    "9999999999999999999",
];

/// Any JSON, with what breaks programs more often than chance would have it.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-3i64..600).prop_map(Value::from),
        select(TEXTS).prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        let key = prop_oneof![select(TEXTS).prop_map(str::to_owned), ".{0,8}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..5).prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

/// Some of a tool's arguments, each of any kind.
fn any_arguments(names: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let name = prop_oneof![20 => select(names).prop_map(str::to_owned), 1 => ".{0,8}"];
    prop::collection::vec((name, any_json()), 0..4).prop_map(|pairs| Value::Object(pairs.into_iter().collect()))
}

/// The shares of all tests of this folder together.
const SHARES: u32 = 11_550;

/// The same cases at each run: this share of all inputs that are wanted.
fn runner(share: u32) -> TestRunner {
    let wanted: u32 = stated("ERPNEXT_MCP_FUZZ").unwrap_or(2_000);
    let cases = u32::try_from(u64::from(share) * u64::from(wanted) / u64::from(SHARES)).unwrap();
    eprintln!("{cases} inputs");
    TestRunner::new_with_rng(
        Config { failure_persistence: None, ..Config::with_cases(cases) },
        TestRng::deterministic_rng(RngAlgorithm::ChaCha),
    )
}

/// How often a stand-in can be reset: it counts in 16 bits.
const RESETS: u32 = 60_000;

struct Stand {
    runtime: Runtime,
    site: Site,
    app: Connection,
    resets: u32,
}

impl Stand {
    fn new(permitted: &Value) -> Self {
        let runtime = Runtime::new().unwrap();
        let site = runtime.block_on(Site::start());
        let app = app_of(&config_json(&site.url(), permitted.clone()));
        Self { runtime, site, app, resets: 0 }
    }

    /// Calls the tool on a site that gives this answer to anything: what came of it, and what was sent.
    fn call(
        &mut self,
        permitted: &Value,
        answer: &Value,
        tool: &str,
        arguments: Value,
    ) -> (Result<Value, ToolError>, Vec<String>) {
        if self.resets == RESETS {
            *self = Self::new(permitted);
        }
        self.resets += 1;
        self.runtime.block_on(async {
            self.site.reset().await;
            for verb in ["GET", "POST", "PUT", "DELETE"] {
                self.site.answer_anywhere(verb, answer.clone()).await;
            }
            (call(&self.app, tool, arguments).await, self.site.lines().await)
        })
    }
}

/// Calls the tool with whatever arguments; a call that is refused leaves the site alone but for metadata.
fn leaves_the_site_alone(tool: &str, fixed: &Value, arguments: impl Strategy<Value = Value>) {
    static STAND: OnceLock<Mutex<Stand>> = OnceLock::new();
    let permitted = json!({"doctypes": {"Customer": all(), "ToDo": all()}});
    let stand = STAND.get_or_init(|| Mutex::new(Stand::new(&permitted)));
    let mut runner = runner(150);
    let outcome = runner.run(&arguments, |mut arguments| {
        arguments.as_object_mut().unwrap().extend(fixed.as_object().unwrap().clone());
        let mut stand = stand.lock().unwrap_or_else(PoisonError::into_inner);
        let nothing = json!({"docs": [], "data": [], "message": []});
        let (result, sent) = stand.call(&permitted, &nothing, tool, arguments);
        drop(stand);
        if let Err(ToolError::Arguments { .. } | ToolError::Refused { .. } | ToolError::Denied(_)) = result {
            let metadata = format!("GET {META}");
            prop_assert!(sent.iter().all(|line| *line == metadata), "{sent:?}");
        }
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn list_arguments_that_are_refused_leave_the_site_alone() {
    let names = &["filters", "or_filters", "fields", "order_by", "limit", "cursor", "count"];
    leaves_the_site_alone("list_customer_documents", &json!({}), any_arguments(names));
}

#[test]
fn filters_that_are_refused_leave_the_site_alone() {
    let filters = any_json().prop_map(|filters| json!({"filters": filters}));
    leaves_the_site_alone("list_customer_documents", &json!({}), filters);
}

#[test]
fn comparisons_that_are_refused_leave_the_site_alone() {
    let operators = select(&["=", "like", "in", "between", "is", "Timespan", "descendants of", "x"][..]);
    let fields = select(&["name", "territory", "disabled", "modified", "default_commission_rate", "nope"][..]);
    let filter = (fields, operators, any_json())
        .prop_map(|(field, operator, value)| json!({"filters": {field: [operator, value]}}));
    leaves_the_site_alone("list_customer_documents", &json!({}), filter);
}

#[test]
fn data_of_a_new_document_that_is_refused_leaves_the_site_alone() {
    let fields =
        &["customer_name", "customer_type", "disabled", "sales_team", "website", "docstatus", "name", "territory"];
    let data = any_arguments(fields).prop_map(|data| json!({"data": data}));
    leaves_the_site_alone("create_customer_document", &json!({}), data);
}

#[test]
fn arguments_of_other_tools_that_are_refused_leave_the_site_alone() {
    let names = &["name", "fields", "search_term", "filters", "limit", "data", "confirm", "doctype"];
    for tool in ["get_customer_document", "search_customer_documents", "delete_todo_document", "get_generic_document"] {
        leaves_the_site_alone(tool, &json!({}), any_arguments(names));
    }
}

/// A field of every kind, with every rule that changes the check.
fn any_field() -> impl Strategy<Value = FieldDef> {
    let flags = select(&[0, flag::REQD, flag::NON_NEGATIVE, flag::REQD | flag::FILLED][..]);
    let options = select(&[Options::None, Options::Choices(&["A", "today", ""]), Options::Target("Customer")][..]);
    (select(FieldKind::ALL), flags, options, select(&[0, 3][..])).prop_map(|(kind, flags, options, length)| FieldDef {
        flags,
        options,
        length,
        ..FieldDef::new("any", kind, "Any")
    })
}

#[test]
fn a_value_that_was_accepted_is_accepted_again_unchanged() {
    let mut runner = runner(4_000);
    let outcome = runner.run(&(any_field(), any_json()), |(field, value)| {
        if let Ok(stored) = check_value(&field, "any", &value) {
            prop_assert_eq!(check_value(&field, "any", &stored), Ok(stored));
        }
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn an_object_of_arguments_may_hold_anything() {
    let whole: Map<String, Value> = Map::from_iter([("x".repeat(100_000), json!([[[[]]]]))]);
    leaves_the_site_alone("list_customer_documents", &Value::Object(whole), Just(json!({})));
}
