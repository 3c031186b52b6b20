//! Every way to write, with its connection cut before, during and after the answer, and with a site that goes on after the
//! cut: what is told is what became of it, it is done once, and doing what is proposed does not do it twice.

mod again;
mod papers;
mod twins;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use erpnext_mcp::app::{App, Connection};
use erpnext_mcp::audit::Audit;
use erpnext_mcp::context::client_options;
use erpnext_mcp::site::{Caller, Client, ClientOptions, Credentials, Retry, SiteUrl};
use erpnext_mcp::tool::Effect;
use erpnext_sandbox::{Fault, FaultKind};
use futures_util::future::{BoxFuture, join_all};
use serde_json::{Value, json};

use crate::sandbox::SampleSite;
use crate::support::{all, call, load};

const METHOD: &str = "frappe.share.add";
const READ_BACK: &str = "no answer came from the site; reading shows that it was done";

/// One way to write.
struct Write {
    tool: &'static str,
    /// Which of its requests writes.
    request: (&'static str, &'static str),
    /// What it does to the site, as the journal has it.
    effects: &'static [&'static str],
    /// Whether done twice it is the same as done once.
    repeats: bool,
    /// Makes what it needs, and its arguments.
    arguments: for<'a> fn(&'a World) -> BoxFuture<'a, Value>,
}

const fn write(
    tool: &'static str,
    request: (&'static str, &'static str),
    effects: &'static [&'static str],
    arguments: for<'a> fn(&'a World) -> BoxFuture<'a, Value>,
) -> Write {
    Write { tool, request, effects, repeats: false, arguments }
}

/// One whose repetition changes nothing.
const fn sets(
    tool: &'static str,
    request: (&'static str, &'static str),
    effects: &'static [&'static str],
    arguments: for<'a> fn(&'a World) -> BoxFuture<'a, Value>,
) -> Write {
    Write { repeats: true, ..write(tool, request, effects, arguments) }
}

const TODO: &str = "/api/resource/ToDo";
const USER: &str = "sales@example.com";

const WRITES: &[Write] = &[
    write("create_generic_document", ("POST", TODO), &["insert ToDo"], |_| {
        Box::pin(async { json!({"doctype": "ToDo", "data": {"description": "created"}}) })
    }),
    write("update_generic_document", ("PUT", TODO), &["update ToDo"], |world| {
        Box::pin(world.todo(json!({"data": {"description": "updated"}})))
    }),
    write("delete_generic_document", ("DELETE", TODO), &["delete ToDo"], |world| Box::pin(world.todo(json!({})))),
    write("submit_document", ("POST", "client.submit"), &["submit Odd Thing"], |world| Box::pin(world.thing(&[]))),
    write("cancel_document", ("POST", "client.cancel"), &["cancel Odd Thing"], |world| {
        Box::pin(world.thing(&["submit_document"]))
    }),
    write("amend_document", ("POST", "client.insert"), &["insert Odd Thing"], |world| {
        Box::pin(world.thing(&["submit_document", "cancel_document"]))
    }),
    write("convert_document", ("POST", "/api/resource/Sales Order"), &["insert Sales Order"], |world| {
        Box::pin(world.quotation())
    }),
    write("duplicate_document", ("POST", TODO), &["insert ToDo"], |world| Box::pin(world.todo(json!({"save": true})))),
    write("record_payment", ("POST", "/api/resource/Payment Entry"), &["insert Payment Entry"], |world| {
        Box::pin(world.payment())
    }),
    write("reconcile_payments", ("POST", "run_doc_method/reconcile"), &["update Payment Entry"], |world| {
        Box::pin(world.matching())
    }),
    write(
        "set_clearance_dates",
        ("POST", "run_doc_method/update_clearance_date"),
        &["update Payment Entry"],
        |world| Box::pin(world.clearing()),
    ),
    write("change_order_status", ("POST", "sales_order.update_status"), &["update Sales Order"], |world| {
        Box::pin(world.order(json!({"to": "close"})))
    }),
    write("update_order_items", ("POST", "update_child_qty_rate"), &["update Sales Order"], |world| {
        Box::pin(world.order(json!({"items": {"patch": [{"idx": 1, "qty": 7}]}})))
    }),
    write("send_document", ("POST", "communication.email.make"), &["insert Communication"], |world| {
        let more = json!({"recipients": ["ann@example.com"], "subject": "About it", "content": "x"});
        Box::pin(world.of("Customer", json!({"customer_name": "Mailed"}), more))
    }),
    write("apply_workflow_action", ("POST", "apply_workflow"), &["update Lead"], |world| {
        Box::pin(world.of(
            "Lead",
            json!({"first_name": "Mara", "company_name": "Mara & Co"}),
            json!({"action": "Approve"}),
        ))
    }),
    write("create_bulk_documents", ("POST", "client.insert_many"), &["insert ToDo", "insert ToDo"], |_| {
        Box::pin(async {
            json!({"doctype": "ToDo", "documents": [{"description": "one"}, {"description": "two"}], "atomic": true})
        })
    }),
    write("create_bulk_documents", ("POST", TODO), &["insert ToDo"], |_| {
        Box::pin(async { json!({"doctype": "ToDo", "documents": [{"description": "by itself"}]}) })
    }),
    write("import_documents", ("POST", TODO), &["insert ToDo"], |_| {
        Box::pin(async { json!({"doctype": "ToDo", "content": "Description\nimported\n", "confirm": true}) })
    }),
    write("update_bulk_documents", ("PUT", TODO), &["update ToDo"], |world| {
        Box::pin(async {
            let name = world.created("ToDo", json!({"description": "x"})).await;
            json!({"doctype": "ToDo", "documents": [{"name": name, "description": "updated"}]})
        })
    }),
    write("upsert_bulk_documents", ("POST", "/api/resource/Brand"), &["insert Brand"], |_| Box::pin(papers::brand())),
    write("delete_bulk_documents", ("DELETE", TODO), &["delete ToDo"], |world| Box::pin(world.todo(json!({})))),
    sets("act_on_bulk_documents", ("POST", "add_tag"), &["insert Tag Link"], |world| {
        Box::pin(world.todo(json!({"action": "tag", "value": "vip"})))
    }),
    write("add_comment", ("POST", "add_comment"), &["insert Comment"], |world| {
        Box::pin(world.todo(json!({"content": "1 < 2 & \"so on\"\nsecond line"})))
    }),
    sets("assign_document", ("POST", "assign_to.add"), &["insert ToDo"], |world| {
        Box::pin(world.todo(json!({"user": USER})))
    }),
    sets("unassign_document", ("POST", "assign_to.remove"), &["update ToDo"], |world| {
        Box::pin(world.with("assign_document", json!({"user": USER})))
    }),
    sets("tag_document", ("POST", "add_tag"), &["insert Tag Link"], |world| {
        Box::pin(world.todo(json!({"tag": "vip"})))
    }),
    sets("untag_document", ("POST", "remove_tag"), &["delete Tag Link"], |world| {
        Box::pin(world.with("tag_document", json!({"tag": "vip"})))
    }),
    sets("share_document", ("POST", "share.add"), &["insert DocShare"], |world| {
        Box::pin(world.todo(json!({"user": USER, "write": true})))
    }),
    sets("follow_document", ("POST", "follow_document"), &["insert Document Follow"], |world| {
        Box::pin(world.of("Customer", json!({"customer_name": "Followed"}), json!({})))
    }),
    write("rename_document", ("POST", "rename_doc"), &["rename Customer"], |world| {
        Box::pin(world.of("Customer", json!({"customer_name": "Old"}), json!({"new_name": "New"})))
    }),
    write("attach_file", ("POST", "upload_file"), &["insert File"], |world| {
        Box::pin(world.todo(json!({"file_name": "note.txt", "text": "Total 12.50"})))
    }),
    write("delete_attachment", ("DELETE", "/api/resource/File"), &["delete File"], |world| {
        Box::pin(async {
            let held = world.with("attach_file", json!({"file_name": "note.txt", "text": "x"})).await;
            json!({"doctype": "ToDo", "name": held["name"], "file": "note.txt", "confirm": true})
        })
    }),
    write("call_method", ("POST", METHOD), &["insert DocShare"], |world| {
        Box::pin(async {
            let name = world.created("ToDo", json!({"description": "x"})).await;
            json!({"method": METHOD, "arguments": {"doctype": "ToDo", "name": name, "user": USER, "read": 1}, "confirm": true})
        })
    }),
];

struct World {
    site: SampleSite,
    app: Connection,
    /// Administrator can follow nothing (H68).
    follower: Connection,
    folder: tempfile::TempDir,
}

/// What a call came to, as far as its caller can act on it.
#[derive(Debug)]
enum Told {
    Done(String),
    Unknown(String),
}

impl World {
    async fn start() -> Self {
        let (site, folder) = (SampleSite::bench().await, tempfile::tempdir().unwrap());
        let mut config = site.config(json!({"default": all()}));
        config["audit"] = json!({"enabled": true, "log_file": folder.path().join("audit.log")});
        config["rate_limiting"] = json!({"enabled": false});
        let argument = json!({"type": "string", "required": true});
        config["methods"] = json!({METHOD: {"description": "Shares.", "arguments": {
            "doctype": argument, "name": argument, "user": argument, "read": {"type": "integer"}}}});
        let config = load(&config);
        let options = ClientOptions {
            timeout: Duration::from_millis(700),
            retry: Retry { first: Duration::from_millis(2), ..Retry::default() },
            ..client_options(&config)
        };
        let audit = Audit::open(&config.audit).unwrap();
        let (all, app) = App::with_client(&config, Client::new(options).unwrap(), audit).unwrap();
        let url = SiteUrl::parse(&config.erpnext.url, false).unwrap();
        let credentials = Credentials::new("other".into(), "secret".into()).unwrap();
        let follower = all.connect(Caller::new(url, credentials)).unwrap();
        Self { site, app, follower, folder }
    }

    async fn done(&self, tool: &str, arguments: Value) -> Value {
        call(&self.app, tool, allowed(&self.app, tool, &arguments))
            .await
            .unwrap_or_else(|error| panic!("{tool}: {}", error.for_model()))
    }

    async fn created(&self, doctype: &str, data: Value) -> String {
        let made = self.done("create_generic_document", json!({"doctype": doctype, "data": data})).await;
        made["created"].as_str().unwrap().to_owned()
    }

    /// Arguments about a new document.
    async fn of(&self, doctype: &str, data: Value, more: Value) -> Value {
        let mut arguments = json!({"doctype": doctype, "name": self.created(doctype, data).await, "confirm": true});
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        arguments
    }

    async fn todo(&self, more: Value) -> Value {
        self.of("ToDo", json!({"description": "x"}), more).await
    }

    /// Arguments about a new document with which another tool was called.
    async fn with(&self, tool: &str, more: Value) -> Value {
        let arguments = self.todo(more).await;
        self.done(tool, arguments.clone()).await;
        arguments
    }

    /// Arguments about a new submittable document that went through these.
    async fn thing(&self, steps: &[&str]) -> Value {
        let rows = json!([{"qty": 1.0, "class": "first"}]);
        let arguments = self.of("Odd Thing", json!({"title": "x", "rows": rows}), json!({})).await;
        for step in steps {
            self.done(step, arguments.clone()).await;
        }
        arguments
    }

    /// What the site did since, and to what.
    fn effects(&self, since: usize) -> Vec<(String, String)> {
        let journal = self.site.sandbox.journal().into_iter().skip(since);
        journal.map(|write| (format!("{} {}", write.verb, write.doctype), write.name)).collect()
    }

    async fn told(&self, tool: &str, arguments: &Value) -> Told {
        let app = if tool == "follow_document" { &self.follower } else { &self.app };
        match call(app, tool, allowed(app, tool, arguments)).await {
            // A batch tells of each of its rows.
            Ok(answer) if answer.get("unknown").is_some() => Told::Unknown(answer["unknown"][0]["error"].to_string()),
            Ok(answer) => Told::Done(answer.to_string()),
            Err(error) => Told::Unknown(error.for_model()),
        }
    }

    /// What the audit log says of calls since that many lines.
    fn results(&self, since: usize) -> Vec<String> {
        let lines = lines(self.folder.path()).into_iter().skip(since);
        lines.map(|line| line["result"].as_str().unwrap().to_owned()).collect()
    }
}

/// Without the confirmation, where the tool takes none.
fn allowed(app: &Connection, tool: &str, arguments: &Value) -> Value {
    let definition = erpnext_mcp::tool::definition::definition(&app.session(), app.registry().find(tool).unwrap());
    let mut arguments = arguments.clone();
    let properties = definition.input_schema["properties"].as_object().unwrap();
    if !properties.contains_key("confirm") {
        arguments.as_object_mut().unwrap().remove("confirm");
    }
    arguments
}

fn lines(folder: &Path) -> Vec<Value> {
    let log = std::fs::read_to_string(folder.join("audit.log")).unwrap();
    log.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Makes the call with this fault, and then what its answer proposes.
async fn cut(world: &World, write: &Write, kind: FaultKind) {
    let arguments = (write.arguments)(world).await;
    let (site, at) = (&world.site.sandbox, format!("{} with {kind:?}", write.tool));
    let (journal, log) = (site.journal().len(), lines(world.folder.path()).len());
    let (method, path) = write.request;
    site.faults().add(Fault::new(kind).method(method).path(path).times(1));
    let told = world.told(write.tool, &arguments).await;
    let effects = world.effects(journal);
    let names: BTreeSet<&String> = effects.iter().map(|(_, name)| name).collect();
    let done: Vec<&str> = effects.iter().map(|(effect, _)| effect.as_str()).collect();
    let results = world.results(log);
    assert_eq!(done, if kind.takes_effect() { write.effects } else { &[] }, "{at}: {told:?}");
    assert!(!results.contains(&"FAILED".to_owned()), "{at}: {results:?}");
    let shows = write.tool != "call_method";
    match &told {
        Told::Done(answer) => {
            assert!(kind.takes_effect() && shows, "{at}: {answer}");
            assert!(answer.contains(READ_BACK) || write.tool.contains("_bulk_"), "{at}: {answer}");
            let creates = write.effects[0].starts_with("insert ")
                && arguments.get("name").is_none_or(|_| arguments["save"] == true);
            assert!(!creates || names.iter().all(|name| answer.contains(name.as_str())), "{at}: {names:?} {answer}");
            assert!(!results.contains(&"UNKNOWN".to_owned()), "{at}: {results:?}");
        }
        Told::Unknown(said) => {
            assert!(!kind.takes_effect() || !shows, "{at}: {said}");
            assert!(said.contains("Whether it was done is not known"), "{at}: {said}");
            assert!(!said.to_lowercase().contains("try again"), "{at}: {said}");
            let about = arguments["name"].as_str().or(arguments["method"].as_str()).unwrap_or_default();
            assert!(said.contains(about), "{at}: {said}");
            assert!(results.contains(&"UNKNOWN".to_owned()), "{at}: {results:?}");
            let next = said.split("next: ").nth(1).unwrap();
            if !shows {
                assert!(next.starts_with("do not call it again"), "{at}: {next}");
                return;
            }
            assert_eq!(next.starts_with("call again with the same arguments"), write.repeats, "{at}: {next}");
            assert!(
                write.repeats || next.starts_with("do not repeat it yet") && next.contains("Only if it was not done")
            );
            // It was not done: what is proposed then does it, once.
            let again = world.told(write.tool, &arguments).await;
            let done: Vec<String> = world.effects(journal).into_iter().map(|(effect, _)| effect).collect();
            assert!(matches!(again, Told::Done(_)) && done == write.effects, "{at}: {done:?} {again:?}");
        }
    }
    if write.repeats {
        let again = world.told(write.tool, &arguments).await;
        let all: BTreeSet<(String, String)> = world.effects(journal).into_iter().collect();
        assert!(matches!(again, Told::Done(_)) && all.len() == write.effects.len(), "{at}: {all:?} {again:?}");
    }
}

async fn all_cut(kind: FaultKind) {
    // Most of it is waiting.
    let at_once = WRITES.chunks(WRITES.len().div_ceil(3)).map(|writes| async move {
        let world = World::start().await;
        for write in writes {
            cut(&world, write, kind).await;
        }
    });
    join_all(at_once).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_cut_before_the_site_did_it_is_told_as_not_known() {
    all_cut(FaultKind::CutBefore).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_cut_in_its_answer_is_told_as_done() {
    all_cut(FaultKind::CutBody).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_cut_after_the_site_did_it_is_told_as_done() {
    all_cut(FaultKind::CutAfter).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_a_proxy_did_not_wait_for_is_told_as_done() {
    all_cut(FaultKind::JsonAfter(524)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_the_site_does_after_the_cut_is_told_as_done() {
    let world = World::start().await;
    // Nobody looks for what a method did.
    for write in WRITES.iter().filter(|write| write.tool != "call_method") {
        cut(&world, write, FaultKind::Late(60)).await;
    }
}

#[tokio::test]
async fn every_tool_that_writes_is_among_them() {
    let world = World::start().await;
    let tested: BTreeSet<&str> = WRITES.iter().map(|write| write.tool).collect();
    // What calls another tool does what that one does.
    let writes = world.app.registry().general().iter().filter(|tool| tool.effect() != Effect::Reads);
    let writes: BTreeSet<&str> = writes.map(|tool| tool.name()).filter(|name| *name != "call_tool").collect();
    assert_eq!(tested, writes);
}

#[tokio::test]
async fn a_site_that_lets_nobody_follow_is_told_so() {
    let world = World::start().await;
    let todo = world.todo(json!({})).await;
    let todo = allowed(&world.app, "follow_document", &todo);
    let text = call(&world.app, "follow_document", todo).await.unwrap_err().for_model();
    assert!(text.contains("does not follow ToDo") && text.contains("Do not repeat it"), "{text}");
    assert!(world.site.sandbox.journal().iter().all(|write| write.doctype != "Document Follow"));
}
