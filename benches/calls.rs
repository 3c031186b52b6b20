//! What a call costs here, without the site: the policy, the pipeline, the audit log, a kept answer.

#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use erpnext_mcp::app::App;
use erpnext_mcp::audit::{Attempt, Audit, Outcome};
use erpnext_mcp::cache::{Cache, CacheOptions};
use erpnext_mcp::config::Config;
use erpnext_mcp::policy::{Operation, Policy};
use erpnext_sandbox::{Options, Sandbox};
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;

/// Nobody listens there; what is measured asks nobody.
const NOWHERE: &str = "http://127.0.0.1:9";

fn config(log: Option<&Path>) -> Config {
    let mut config = json!({
        "erpnext": {"url": NOWHERE, "api_key": "k", "api_secret": "s"},
        "permissions": {"doctypes": {"Sales Invoice": {
            "read": true, "create": true,
            "restricted_fields": ["remarks", "items.margin_type", "tax_id"],
        }}},
    });
    if let Some(log) = log {
        config["audit"] = json!({"enabled": true, "log_file": log});
    }
    Config::from_text(&config.to_string()).unwrap()
}

fn policy(bench: &mut Criterion) {
    let policy = Policy::from_config(&config(None));
    let def = erpnext_doctypes::any("Sales Invoice").unwrap();
    // The largest documents have about as many.
    let fields: Vec<_> = def.all_fields().chain(def.all_fields()).take(150).collect();
    bench.bench_function("policy: permit and 150 fields", |b| {
        b.iter(|| {
            let permit = policy.permit(Operation::Read, black_box("Sales Invoice")).unwrap();
            fields.iter().filter(|field| permit.fields().may_read(black_box(**field))).count()
        });
    });
}

fn pipeline(bench: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let config = config(None);
    let app = App::from_config(&config, Audit::default()).unwrap().1;
    let tool = app.registry().find("get_doctype_permissions").unwrap();
    let arguments = json!({"doctype": "Sales Invoice"});
    bench.bench_function("call: get_doctype_permissions, nothing asked of the site", |b| {
        b.to_async(&runtime).iter(|| app.call(tool, arguments.as_object().unwrap().clone(), None));
    });
    let tool = app.registry().find("create_sales_invoice_document").unwrap();
    let arguments = json!({"data": {"customr": "x", "items": [{"item_code": "a", "qty": "one"}]}});
    bench.bench_function("call: a create that is refused by its fields", |b| {
        b.to_async(&runtime).iter(|| app.call(tool, arguments.as_object().unwrap().clone(), None));
    });
}

/// All that a call passes but the way to the site: the document was read before, and is kept.
fn whole(bench: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let options = Options { sample: Some(1), ..Options::default() };
    let site = runtime.block_on(Sandbox::start(options)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("audit.log");
    for (log, what) in
        [(None, "call: a kept invoice, no audit log"), (Some(&log), "call: a kept invoice, with the audit log")]
    {
        let mut config = json!({
            "erpnext": {"url": site.url(), "api_key": "administrator", "api_secret": "secret"},
            "permissions": {"doctypes": {"Sales Invoice": {"read": true, "restricted_fields": ["remarks", "items.margin_type"]}}},
            "cache": {"enabled": true, "ttl": 3_600}, "schema": {"overlay": "off"},
        });
        if let Some(log) = log {
            config["audit"] = json!({"enabled": true, "log_file": log});
        }
        let config = Config::from_text(&config.to_string()).unwrap();
        let audit = Audit::open(&config.audit).unwrap();
        let app = App::from_config(&config, audit).unwrap().1;
        let tools = ["list_sales_invoice_documents", "get_sales_invoice_document"];
        let [list, get] = tools.map(|tool| app.registry().find(tool).unwrap());
        let listed = runtime.block_on(app.call(list, Map::new(), None)).unwrap().0;
        let arguments = Map::from_iter([("name".to_owned(), listed["rows"][0][0].clone())]);
        bench.bench_function(what, |b| {
            b.to_async(&runtime).iter(async || app.call(get, arguments.clone(), None).await.unwrap());
        });
    }
}

fn audit(bench: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let audit = Audit::open(&config(Some(&folder.path().join("audit.log"))).audit).unwrap();
    let attempt = Attempt {
        id: "65a1b2c3-1f-2a".to_owned(),
        user: Some("sales@example.com".to_owned()),
        tool: "update_sales_invoice_document".to_owned(),
        operation: "UPDATE".to_owned(),
        doctype: Some("Sales Invoice".to_owned()),
        document: Some("ACC-SINV-2026-00001".to_owned()),
        fields: (0..10).map(|i| format!("field_{i}")).collect(),
        ..Attempt::default()
    };
    bench.bench_function("audit: the intent and the outcome of a write", |b| {
        b.iter(|| {
            let _recorded = audit.intend(&attempt).unwrap();
            audit.settle(&attempt, Outcome::Allowed, None, 1_200, 400);
        });
    });
}

fn kept(bench: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let cache: Cache<Value, String> = Cache::new(CacheOptions { ttl: Duration::from_secs(3_600), max_size: 1_000 });
    let answer =
        json!({"data": (0..150).map(|i| (format!("field_{i}"), json!("a value"))).collect::<serde_json::Map<_, _>>()});
    let question: [&[u8]; 3] =
        [b"https://erp.example.com", b"GET", b"/api/resource/Sales%20Invoice/ACC-SINV-2026-00001"];
    bench.bench_function("cache: a kept document of 150 fields", |b| {
        b.to_async(&runtime).iter(async || {
            let ask = async { Ok((answer.clone(), 5_000)) };
            let (answer, _) = cache.get(cache.key(&question), false, ask).await.unwrap();
            black_box(Value::clone(&answer))
        });
    });
}

criterion_group!(benches, policy, pipeline, whole, audit, kept);
criterion_main!(benches);
