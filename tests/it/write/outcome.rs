//! Writes that no answer came to: each is read back, told as what it was, and never sent twice. By wiremock, as the exact
//! requests count; what became of hundreds of them on the sandbox is in `chaos`.

use erpnext_mcp::app::Connection;
use erpnext_mcp::audit::Outcome;
use erpnext_sandbox::{Fault, FaultKind, Options, Sandbox};
use serde_json::{Value, json};

use crate::sandbox;
use crate::support::{Site, all, app_of, call, refusal};

const CREATE: &str = "create_generic_document";
const UPDATE: &str = "update_generic_document";
const DELETE: &str = "delete_generic_document";
const NOTE: &str = "no answer came from the site; reading shows that it was done";

async fn start(sample: Option<u32>) -> (Sandbox, Connection) {
    let site = sandbox::start(Options { sample, ..Options::default() }).await;
    let every = json!({"read": true, "create": true, "update": true, "delete": true, "submit": true, "cancel": true, "amend": true});
    let app = app_of(&json!({
        "erpnext": {"url": site.url(), "api_key": "administrator", "api_secret": "secret", "timeout": 1},
        "permissions": {"default": every, "confirm_argument": true},
    }));
    (site, app)
}

/// The next request with this method is hit.
fn hit(site: &Sandbox, method: &str, path: &str, kind: FaultKind) {
    site.faults().add(Fault::new(kind).method(method).path(path).times(1));
}

fn todo(words: &str) -> Value {
    json!({"doctype": "ToDo", "data": {"description": words, "priority": "High"}})
}

async fn made(app: &Connection, words: &str) -> String {
    call(app, CREATE, todo(words)).await.unwrap()["created"].as_str().unwrap().to_owned()
}

/// What the model is told, and what the audit log says.
async fn failed(app: &Connection, tool: &str, arguments: Value) -> (String, Outcome) {
    let error = call(app, tool, arguments).await.unwrap_err();
    (error.for_model(), error.outcome())
}

fn writes(site: &Sandbox) -> Vec<String> {
    site.journal().into_iter().map(|write| write.verb).collect()
}

const TAKE_EFFECT: [FaultKind; 6] = [
    FaultKind::CutAfter,
    FaultKind::CutBody,
    FaultKind::Truncate,
    FaultKind::HtmlAfter(504),
    FaultKind::JsonAfter(500),
    FaultKind::JsonAfter(524),
];

#[on_every_version]
async fn a_create_that_took_effect_is_found_by_what_was_sent() {
    let (site, app) = start(None).await;
    for (i, kind) in TAKE_EFFECT.into_iter().enumerate() {
        hit(&site, "POST", "/api/resource/ToDo", kind);
        let answer = call(&app, CREATE, todo(&format!("call {i}"))).await.unwrap();
        assert_eq!(answer["messages"], json!([NOTE]), "{kind:?}");
        assert_eq!(answer["created"], json!(site.journal().last().unwrap().name), "{kind:?}");
    }
    assert_eq!(writes(&site), ["insert"; TAKE_EFFECT.len()]);
}

#[on_every_version]
async fn a_create_that_took_no_effect_is_unknown_and_another_one_is_not_taken_for_it() {
    let (site, app) = start(None).await;
    made(&app, "call").await;
    hit(&site, "POST", "/api/resource/ToDo", FaultKind::CutBefore);
    let (said, outcome) = failed(&app, CREATE, todo("call")).await;
    assert_eq!(outcome, Outcome::Unknown);
    assert!(said.contains("Whether it was done is not known") && said.contains("may still be at it"), "{said}");
    assert_eq!(writes(&site), ["insert"]);
}

#[on_every_version]
async fn an_update_is_told_by_version_and_fields() {
    let (site, app) = start(None).await;
    let name = made(&app, "call").await;
    let high = |words: &str| json!({"doctype": "ToDo", "name": name, "data": {"description": words}});
    for kind in TAKE_EFFECT {
        hit(&site, "PUT", "/api/resource/ToDo", kind);
        let answer = call(&app, UPDATE, high(&format!("{kind:?}"))).await.unwrap();
        assert_eq!(answer["messages"], json!([NOTE]), "{kind:?}");
    }
    for kind in [FaultKind::CutBefore, FaultKind::Html(502)] {
        hit(&site, "PUT", "/api/resource/ToDo", kind);
        let (said, outcome) = failed(&app, UPDATE, high("never")).await;
        assert_eq!(outcome, Outcome::Unknown, "{said}");
        assert!(said.contains("so far nothing was changed; the site may still be at it"), "{said}");
    }
    let updated = writes(&site).into_iter().filter(|verb| verb == "update").count();
    assert_eq!((updated, writes(&site).len()), (TAKE_EFFECT.len(), TAKE_EFFECT.len() + 1));
}

#[on_every_version]
async fn a_site_that_is_silent_may_still_be_at_it() {
    let (site, app) = start(None).await;
    let name = made(&app, "call").await;
    hit(&site, "PUT", "/api/resource/ToDo", FaultKind::StallBefore);
    let change = json!({"doctype": "ToDo", "name": name, "data": {"description": "other"}});
    let (said, outcome) = failed(&app, UPDATE, change).await;
    assert_eq!(outcome, Outcome::Unknown, "{said}");
    assert!(said.contains("the site may still be at it"), "{said}");
}

#[on_every_version]
async fn a_delete_is_told_by_whether_the_document_is_there() {
    let (site, app) = start(None).await;
    let name = made(&app, "call").await;
    let delete = json!({"doctype": "ToDo", "name": name, "confirm": true});
    hit(&site, "DELETE", "/api/resource/ToDo", FaultKind::CutBefore);
    assert_eq!(failed(&app, DELETE, delete.clone()).await.1, Outcome::Unknown);
    hit(&site, "DELETE", "/api/resource/ToDo", FaultKind::CutAfter);
    assert_eq!(call(&app, DELETE, delete).await.unwrap()["messages"], json!([NOTE]));
    assert_eq!(writes(&site), ["insert", "delete"]);
}

#[on_every_version]
async fn submit_cancel_and_amend_are_told_by_what_the_document_became() {
    let (site, app) = start(Some(1)).await;
    let drafts = json!({"doctype": "Sales Order", "filters": {"docstatus": 0}, "limit": 1});
    let draft = call(&app, "list_generic_documents", drafts).await.unwrap()["documents"][0]["name"].clone();
    let before = site.journal().len();
    let order = json!({"doctype": "Sales Order", "name": draft, "confirm": true});
    let without_confirm = json!({"doctype": "Sales Order", "name": draft});
    for (verb, path, arguments) in [
        ("submit", "frappe.client.submit", &without_confirm),
        ("cancel", "frappe.client.cancel", &order),
        ("amend", "frappe.client.insert", &without_confirm),
    ] {
        hit(&site, "POST", path, FaultKind::CutAfter);
        let answer = call(&app, &format!("{verb}_document"), arguments.clone()).await.unwrap();
        assert!(answer["messages"].as_array().unwrap().contains(&json!(NOTE)), "{verb}: {answer}");
    }
    assert_eq!(writes(&site)[before..], ["submit", "cancel", "insert"]);
}

/// A site with a DocType of its own that has a field for the key.
async fn parcels() -> (Site, Connection) {
    parcels_with(true).await
}

/// The same, in whose field each key is once, or as often as it is sent.
async fn parcels_with(is_unique: bool) -> (Site, Connection) {
    let site = Site::start().await;
    let field = |name: &str, unique: bool| json!({"fieldname": name, "fieldtype": "Data", "label": name, "unique": u8::from(unique)});
    let fields = [field("content", false), field("idempotency_key", is_unique)];
    site.metadata(json!([{"doctype": "DocType", "name": "Parcel", "module": "X", "fields": fields}])).await;
    let app = site.app(json!({"Parcel": all()}));
    (site, app)
}

fn parcel() -> Value {
    json!({"doctype": "Parcel", "data": {"content": "books"}, "idempotency_key": "k-1"})
}

#[on_every_version]
async fn a_create_with_a_key_that_was_used_answers_the_document_it_made() {
    let (site, app) = parcels().await;
    site.data("GET", "/api/resource/Parcel", json!([{"name": "P-1"}])).await;
    site.data("GET", "/api/resource/Parcel/P-1", json!({"name": "P-1", "content": "books"})).await;
    assert_eq!(call(&app, CREATE, parcel()).await.unwrap()["created"], "P-1");
    assert_eq!(site.writes().await, Vec::<String>::new());
    let asked = site.sent().await.into_iter().find(|(line, _)| line == "GET /api/resource/Parcel").unwrap().1;
    assert_eq!(asked["filters"], json!([["idempotency_key", "=", "k-1"]]));
}

#[on_every_version]
async fn a_key_is_kept_with_the_document_and_finds_it_where_no_answer_came() {
    let (site, app) = parcels().await;
    site.answer_once("GET", "/api/resource/Parcel", 200, json!({"data": []})).await;
    site.data("GET", "/api/resource/Parcel", json!([{"name": "P-1"}])).await;
    site.data("GET", "/api/resource/Parcel/P-1", json!({"name": "P-1", "content": "books"})).await;
    let page = wiremock::ResponseTemplate::new(504).set_body_raw("<html></html>", "text/html");
    site.respond("POST", "/api/resource/Parcel", page).await;
    let answer = call(&app, CREATE, parcel()).await.unwrap();
    assert_eq!((&answer["created"], &answer["messages"]), (&json!("P-1"), &json!([NOTE])));
    assert_eq!(site.writes().await, ["POST /api/resource/Parcel"]);
    let sent = site.sent().await.into_iter().find(|(line, _)| line.starts_with("POST /api/resource")).unwrap().1;
    assert_eq!(sent["idempotency_key"], "k-1");
}

#[on_every_version]
async fn a_field_that_takes_a_key_twice_keeps_none() {
    let (site, app) = parcels_with(false).await;
    site.data("GET", "/api/resource/Parcel", json!([])).await;
    site.data("POST", "/api/resource/Parcel", json!({"name": "P-1", "content": "books"})).await;
    site.data("GET", "/api/resource/Parcel/P-1", json!({"name": "P-1", "content": "books"})).await;
    let made = call(&app, CREATE, parcel()).await.unwrap();
    assert!(made["messages"].to_string().contains("it is known until this server ends"), "{made}");
    let sent = site.sent().await.into_iter().find(|(line, _)| line.starts_with("POST /api/resource")).unwrap().1;
    assert_eq!(sent.get("idempotency_key"), None);
}

#[on_every_version]
async fn a_key_that_the_site_does_not_keep_is_known_until_the_server_ends() {
    let site = crate::sandbox::SampleSite::start().await;
    let app = site.app(json!({"Task": crate::support::all()}));
    let make = |key: &str| json!({"doctype": "Task", "data": {"subject": "call"}, "idempotency_key": key});
    let made = call(&app, "create_generic_document", make("k-1")).await.unwrap();
    assert!(made["messages"].to_string().contains("it is known until this server ends"), "{made}");
    let again = call(&app, "create_generic_document", make("k-1")).await.unwrap();
    assert_eq!(again["created"], made["created"]);
    assert!(again["messages"].to_string().contains("nothing was sent now"), "{again}");
    let other = call(&app, "create_generic_document", make("k-2")).await.unwrap();
    assert_ne!(other["created"], made["created"]);
    assert_eq!(site.writes().len(), 2);
    // What is gone is not made anew: who repeats a call asks for what it made.
    let gone = json!({"doctype": "Task", "name": made["created"], "confirm": true});
    call(&app, "delete_generic_document", gone).await.unwrap();
    let said = refusal(&app, "create_generic_document", make("k-1")).await;
    assert!(said.contains("was deleted") && said.contains("call with another key"), "{said}");
}
