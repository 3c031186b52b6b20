//! DocTypes and fields that were not generated: wiremock for DocTypes and choices that the sandbox does not have, for how often
//! metadata is asked for, and for a site without any.

use std::time::Duration;

use erpnext_sandbox::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::sandbox::SampleSite;
use crate::support::{META, Site, Version, all, app_of, call, refusal, version};

/// Metadata as the site gives it, as far as it matters.
fn doctype(name: &str, fields: Value) -> Value {
    json!({"doctype": "DocType", "name": name, "module": "Fleet", "custom": 1, "autoname": "field:plate", "fields": fields})
}

fn field(fieldname: &str, fieldtype: &str, options: &str) -> Value {
    json!({"doctype": "DocField", "fieldname": fieldname, "fieldtype": fieldtype, "label": fieldname, "options": options})
}

fn vehicle() -> Value {
    let mut plate = field("plate", "Data", "");
    plate["reqd"] = json!(1);
    let fields = json!([plate, field("fuel", "Select", "\nDiesel\nPetrol"), field("trips", "Table", "Fleet Trip")]);
    let mut trip = doctype("Fleet Trip", json!([field("km", "Float", "")]));
    trip["istable"] = json!(1);
    json!([doctype("Fleet Vehicle", fields), trip])
}

async fn fleet() -> Site {
    let site = Site::start().await;
    site.metadata(vehicle()).await;
    site.data("GET", "/api/resource/Fleet%20Vehicle", json!([{"name": "AB 1"}])).await;
    site.data("GET", "/api/resource/Fleet%20Vehicle/AB%201", json!({"name": "AB 1", "plate": "AB 1"})).await;
    site.data("POST", "/api/resource/Fleet%20Vehicle", json!({"name": "AB 1"})).await;
    site
}

#[on_every_version]
async fn a_doctype_that_was_not_generated_works_with_metadata_fetched_once() {
    let site = fleet().await;
    let app = site.open_app();
    let with = |more: Value| {
        let mut arguments = json!({"doctype": "Fleet Vehicle"});
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        arguments
    };
    let (list, get) = ("list_generic_documents", "get_generic_document");
    let answer = call(&app, list, with(json!({"filters": {"fuel": "Diesel"}}))).await.unwrap();
    assert_eq!(answer["documents"][0]["name"], "AB 1");
    call(&app, get, with(json!({"name": "AB 1", "fields": ["plate", "trips.km"]}))).await.unwrap();
    let data = json!({"plate": "AB 1", "fuel": "Petrol", "trips": [{"km": 12.5}]});
    let answer = call(&app, "create_generic_document", with(json!({"data": data}))).await.unwrap();
    assert_eq!(answer["created"], "AB 1");
    let schema = call(&app, "get_doctype_schema", with(json!({}))).await.unwrap();
    assert_eq!(schema["fields"][0]["required"], true);
    assert_eq!(schema["tables"]["trips"][0]["field"], "km");
    let fetched = site.lines().await.iter().filter(|line| *line == &format!("GET {META}")).count();
    assert_eq!(fetched, 1);
}

#[on_every_version]
async fn a_doctype_that_was_not_generated_is_checked_like_any_other() {
    let site = fleet().await;
    let app = site.open_app();
    let data = json!({"fuel": "Deisel", "trips": [{"km": "far"}, {"miles": 1}]});
    let text = refusal(&app, "create_generic_document", json!({"doctype": "Fleet Vehicle", "data": data})).await;
    for wanted in
        ["data.plate: is mandatory", "did you mean Diesel?", "data.trips[0].km", "data.trips[1].miles: no such field"]
    {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    assert_eq!(site.writes().await, Vec::<String>::new());
}

#[on_every_version]
async fn a_configured_doctype_that_was_not_generated_has_no_tools_of_its_own_and_works() {
    let site = fleet().await;
    let app = site.app(json!({"Fleet Vehicle": {"read": true, "restricted_fields": ["fuel"]}}));
    assert!(app.registry().tools().iter().all(|tool| !tool.name().contains("fleet")));
    let list = "list_generic_documents";
    assert!(call(&app, list, json!({"doctype": "Fleet Vehicle"})).await.is_ok());
    let text = refusal(&app, list, json!({"doctype": "Fleet Vehicle", "fields": ["fuel"]})).await;
    assert!(text.contains("does not permit reading it"), "{text}");
}

#[on_every_version]
async fn a_doctype_that_nobody_knows_gets_a_clear_no() {
    let site = Site::start().await;
    site.answer("GET", META, 403, json!({"exc_type": "PermissionError"})).await;
    let app = site.open_app();
    for (wrong, meant) in [("Sales Ordr", "Sales Order"), ("Vendor", "Supplier"), ("Tickets", "Issue")] {
        let text = refusal(&app, "list_generic_documents", json!({"doctype": wrong})).await;
        let told = format!("no DocType {wrong:?}, or its user may not see it. Did you mean {meant}?");
        assert!(text.contains(&told), "{text}");
    }
}

#[on_every_version]
async fn doctypes_are_listed_and_proposed_by_what_people_call_them() {
    let site = SampleSite::start().await;
    let app = app_of(&site.config(json!({"default": all()})));
    let listed = call(&app, "list_doctypes", json!({"search": "Vendor"})).await.unwrap();
    assert_eq!((&listed["total"], &listed["doctypes"][0]["name"]), (&json!(1), &json!("Supplier")), "{listed}");
    let found = call(&app, "find_tools", json!({"doctype": "Rechnung"})).await.unwrap();
    let next = found["next"].as_str().unwrap();
    assert!(next.contains("did you mean Sales Invoice or Purchase Invoice?"), "{found}");
    let found = call(&app, "find_tools", json!({"query": "create a ticket"})).await.unwrap();
    assert_eq!(found["tools"][0]["name"], "create_issue_document", "{found}");
}

#[on_every_version]
async fn a_doctype_of_the_site_that_is_called_like_the_plural_of_another_is_taken_for_itself() {
    let site = Site::start().await;
    let own = |name: &str| doctype(name, json!([field("plate", "Data", "")]));
    site.metadata(json!([own("Sales Orders"), own("SalesInvoice")])).await;
    let app = site.open_app();
    for (name, path) in [("Sales Orders", "Sales%20Orders"), ("SalesInvoice", "SalesInvoice")] {
        site.data("GET", &format!("/api/resource/{path}"), json!([{"name": name}])).await;
        let listed = call(&app, "list_generic_documents", json!({"doctype": name})).await.unwrap();
        assert_eq!(listed["documents"][0]["name"], name, "{listed}");
    }
}

#[on_every_version]
async fn a_doctype_of_which_the_site_does_not_tell_is_not_taken_for_another() {
    let site = Site::start().await;
    site.answer("GET", META, 500, json!({"exc_type": "InternalError"})).await;
    site.data("GET", "/api/resource/Sales%20Order", json!([{"name": "SO-1"}])).await;
    let text = refusal(&site.open_app(), "list_generic_documents", json!({"doctype": "Sales Orders"})).await;
    assert!(!text.contains("SO-1"), "{text}");
}

#[on_every_version]
async fn what_may_be_a_doctype_of_the_site_is_not_taken_for_another_while_the_site_does_not_say() {
    let site = SampleSite::start().await;
    let app = app_of(&site.config(json!({"default": all()})));
    site.sandbox.faults().add(Fault::new(FaultKind::Truncate).path("getdoctype").times(1));
    let text = refusal(&app, "list_generic_documents", json!({"doctype": "Sales Orders"})).await;
    assert!(text.contains("\"Sales Orders\""), "{text}");
}

/// Customer with a field and a choice that the snapshot does not know.
async fn custom() -> Site {
    let site = Site::start().await;
    let kinds = field("customer_type", "Select", "Company\nIndividual\nGovernment");
    let mut note = field("custom_note_of_ours", "Data", "");
    note["is_custom_field"] = json!(1);
    let fields = json!([field("customer_name", "Data", ""), kinds, note]);
    site.metadata(json!([doctype("Customer", fields)])).await;
    site
}

#[on_every_version]
async fn a_new_field_and_a_new_choice_are_taken_once_the_site_confirms_them() {
    let site = custom().await;
    let stored =
        json!({"name": "Zod", "customer_name": "Zod", "customer_type": "Government", "custom_note_of_ours": "n"});
    site.data("POST", "/api/resource/Customer", stored.clone()).await;
    site.data("GET", "/api/resource/Customer/Zod", stored).await;
    let app = site.app(json!({"Customer": all()}));
    let data = json!({"customer_name": "Zod", "customer_type": "Government", "custom_note_of_ours": "n"});
    for _ in 0..2 {
        let answer = call(&app, "create_customer_document", json!({"data": data})).await.unwrap();
        assert_eq!(answer["created"], "Zod", "{answer}");
    }
    let sent = site.sent().await;
    assert_eq!(sent.iter().filter(|(line, _)| line.contains("getdoctype")).count(), 1);
    assert_eq!(sent.iter().find(|(line, _)| line.starts_with("POST")).unwrap().1, data);
}

#[on_every_version]
async fn a_new_field_can_be_listed_filtered_and_read() {
    let site = SampleSite::start().await;
    let field = json!({
        "doctype": "Custom Field", "dt": "Customer", "fieldname": "custom_note_of_ours", "fieldtype": "Data",
        "label": "Note of Ours",
    });
    let (field, note) = (field.as_object().unwrap().clone(), json!({"custom_note_of_ours": "n"}));
    site.sandbox.with(|site| site.insert(field)).unwrap();
    site.sandbox.with(|site| site.set("Customer", "Kestrel Software", note.as_object().unwrap())).unwrap();
    let app = site.app(json!({"Customer": all()}));
    let get = json!({"name": "Kestrel Software", "fields": ["custom_note_of_ours"]});
    let answer = call(&app, "get_customer_document", get).await.unwrap();
    assert_eq!(answer["document"]["custom_note_of_ours"], "n");
    let arguments =
        json!({"fields": ["name", "custom_note_of_ours"], "filters": {"custom_note_of_ours": ["is", "set"]}});
    let answer = call(&app, "list_customer_documents", arguments).await.unwrap();
    assert_eq!(answer["documents"], json!([{"name": "Kestrel Software", "custom_note_of_ours": "n"}]));
}

#[on_every_version]
async fn a_field_that_a_call_makes_is_there_for_the_next_call() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Supplier": all(), "Custom Field": all()}));
    let schema = json!({"doctype": "Supplier", "fields": ["custom_note_of_ours"]});
    let text = refusal(&app, "get_doctype_schema", schema.clone()).await;
    assert!(text.contains("no such field in Supplier"), "{text}");
    let field =
        json!({"dt": "Supplier", "fieldname": "custom_note_of_ours", "fieldtype": "Data", "label": "Note of Ours"});
    let create = json!({"doctype": "Custom Field", "data": field, "dry_run": true});
    call(&app, "create_generic_document", create).await.unwrap();
    refusal(&app, "get_doctype_schema", schema.clone()).await;
    call(&app, "create_generic_document", json!({"doctype": "Custom Field", "data": field})).await.unwrap();
    let shown = call(&app, "get_doctype_schema", schema.clone()).await.unwrap();
    assert_eq!(shown["fields"][0]["field"], "custom_note_of_ours", "{shown}");
    let list = json!({"fields": ["name", "custom_note_of_ours"], "limit": 1});
    call(&app, "list_supplier_documents", list).await.unwrap();
}

#[on_every_version]
async fn a_field_that_the_site_does_not_know_either_is_refused() {
    let site = custom().await;
    let app = site.app(json!({"Customer": all()}));
    let data = json!({"customer_name": "Zod", "customer_typ": "Company", "customer_type": "Alien"});
    let text = refusal(&app, "create_customer_document", json!({"data": data})).await;
    assert!(text.contains("data.customer_typ: no such field in Customer; did you mean customer_type?"), "{text}");
    assert!(text.contains("Company, Individual, Government"), "{text}");
    assert_eq!(site.writes().await, Vec::<String>::new());
}

#[on_every_version]
async fn the_metadata_of_one_doctype_does_not_wait_for_that_of_another() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Customer": all(), "Supplier": all()}));
    // One of the two, whichever comes first, is answered late.
    site.sandbox.faults().add(Fault::new(FaultKind::Latency(10_000)).path("getdoctype").times(1));
    let session = app.session();
    let read = async |doctype: &'static str| session.catalog.live(session.asker(), doctype).await;
    let first = futures_util::future::select(Box::pin(read("Customer")), Box::pin(read("Supplier")));
    assert!(tokio::time::timeout(Duration::from_secs(5), first).await.is_ok());
}

#[on_every_version]
async fn a_doctype_with_a_field_of_a_type_to_come_is_not_told_as_missing() {
    let site = Site::start().await;
    site.metadata(json!([doctype("Fleet Vehicle", json!([field("view", "Hologram", "")]))])).await;
    let app = site.app(json!({"Fleet Vehicle": all()}));
    let text = refusal(&app, "get_doctype_schema", json!({"doctype": "Fleet Vehicle"})).await;
    assert!(text.contains("not understood") && !text.contains("has no DocType"), "{text}");
}

#[on_every_version]
async fn without_live_metadata_the_generated_table_decides() {
    let site = Site::start().await;
    site.answer("GET", META, 500, json!({"exc_type": "TypeError"})).await;
    let app = site.app(json!({"Customer": all()}));
    let text = refusal(&app, "list_customer_documents", json!({"filters": {"custom_x": 1}})).await;
    // What 16 masks is in the metadata alone.
    let why = match version() {
        Version::V15 => "filters.custom_x: no such field in Customer",
        Version::V16 => "The site failed with an internal error",
    };
    assert!(text.contains(why), "{text}");
    let schema =
        call(&app, "get_doctype_schema", json!({"doctype": "Customer", "fields": ["territory"]})).await.unwrap();
    assert_eq!(schema["fields"][0]["link_to"], "Territory");
}

#[on_every_version]
async fn of_many_companies_it_is_said_that_there_are_others() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Company": all()}));
    let told = async || call(&app, "test_connection", json!({})).await.unwrap();
    assert!(told().await.get("note").is_none());
    for at in 0..5 {
        let company = json!({"company_name": format!("Works {at}"), "abbr": format!("W{at}"), "default_currency": "EUR", "country": "Ireland"});
        call(&app, "create_company_document", json!({"data": company})).await.unwrap();
    }
    let told = told().await;
    assert_eq!(told["companies"].as_array().map(Vec::len), Some(5), "{told}");
    assert!(told["note"].as_str().unwrap_or_default().contains("other companies"), "{told}");
}

#[on_every_version]
async fn fields_that_the_site_did_not_tell_are_not_said_to_be_all() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Customer": all()}));
    let of = json!({"doctype": "Customer"});
    let told = call(&app, "get_doctype_schema", of.clone()).await.unwrap();
    assert!(told.get("note").is_none(), "{told}");
    site.sandbox.faults().add(Fault::new(FaultKind::Refusal).path("getdoctype"));
    let app = site.app(json!({"Customer": all()}));
    let told = call(&app, "get_doctype_schema", of).await.unwrap();
    assert!(told["note"].as_str().unwrap_or_default().contains("custom fields"), "{told}");
    assert!(!told["fields"].as_array().unwrap().is_empty(), "{told}");
}
