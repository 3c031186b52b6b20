//! What is told alike, to the byte and in the same steps: a document out of scope and one that is not there, a withheld field
//! that holds something and one that is empty.

use erpnext_mcp::app::Connection;
use erpnext_sandbox::{Fault, FaultKind};
use regex_lite::Regex;
use serde_json::{Map, Value, json};

use crate::sandbox::{SampleSite, first};
use crate::support::{all, app_of, call};

async fn told(app: &Connection, tool: &str, arguments: Value) -> String {
    let tool = app.registry().find(tool).unwrap_or_else(|| panic!("{tool}"));
    let answer = app.call(tool, arguments.as_object().unwrap().clone(), None).await;
    answer.map_or_else(|error| error.for_model(), |(_, text)| text)
}

/// Has the site count what it is asked, but for metadata: that is read ahead, whatever is called.
fn count(site: &SampleSite) {
    site.sandbox.faults().add(Fault::new(FaultKind::Latency(0)).path("getdoctype"));
    site.sandbox.faults().add(Fault::new(COUNTED));
}

const COUNTED: FaultKind = FaultKind::Latency(1);

/// How many requests it was asked since.
fn asked(site: &SampleSite) -> u32 {
    site.sandbox.faults().hits().get(&COUNTED).copied().unwrap_or_default()
}

#[on_every_version]
async fn what_is_out_of_scope_takes_the_steps_of_what_is_not_there() {
    let site = SampleSite::start().await;
    let hidden = first(&site.app(json!({"Customer": all()})), "Customer", json!({"territory": "South"})).await;
    let mut scoped = all();
    scoped["conditions"] = json!({"read": {"territory": ["North"]}});
    let app = site.app(json!({"Customer": scoped, "Quotation": all(), "ToDo": all()}));
    count(&site);
    for (tool, more) in [
        ("get_generic_document", json!({})),
        ("update_generic_document", json!({"data": {"website": "a.example"}})),
        ("delete_generic_document", json!({})),
        ("get_document_history", json!({})),
        ("get_linked_documents", json!({})),
        ("list_attachments", json!({})),
        ("add_comment", json!({"content": "x"})),
        ("rename_document", json!({"new_name": "Other"})),
        ("get_workflow_actions", json!({})),
        ("duplicate_document", json!({})),
        ("list_conversions", json!({})),
        ("assign_document", json!({"user": "sales@example.com"})),
    ] {
        let mut heard = Vec::new();
        // The first two are told what is asked once.
        for name in ["No Such Customer", hidden.as_str()].repeat(2) {
            let mut given = json!({"doctype": "Customer", "name": name});
            given.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let before = asked(&site);
            let text = told(&app, tool, given).await;
            assert!(text.contains("among those that") || text.contains("there is no Customer"), "{tool}: {text}");
            heard.push((text.replace(name, "NAME"), asked(&site) - before));
        }
        assert!(heard[2].1 > 0, "{tool}");
        assert_eq!(heard[2], heard[3], "{tool}");
    }
}

/// What is withheld, and by nothing but that told apart: the site makes nothing else of it.
const WITHHELD: &[(&str, &[&str])] = &[
    ("Customer", &["tax_id", "website", "customer_details", "market_segment"]),
    ("Item", &["description", "safety_stock", "customs_tariff_number"]),
    ("Lead", &["website", "annual_revenue", "fax"]),
    ("Quotation", &["terms", "order_lost_reason"]),
    ("Sales Order", &["po_no", "terms"]),
    ("Sales Invoice", &["po_no", "terms"]),
];

/// A sample site where these fields hold something, or nothing, in two documents of each DocType; and the documents.
async fn twin(holds: bool) -> (SampleSite, Vec<(&'static str, String)>) {
    let site = SampleSite::start().await;
    let open = app_of(&site.config(json!({"default": all()})));
    let mut documents = Vec::new();
    for (doctype, fields) in WITHHELD {
        let two = json!({"doctype": doctype, "fields": ["name"], "order_by": "name asc", "limit": 2});
        let listed = call(&open, "list_generic_documents", two).await.unwrap();
        for row in listed["documents"].as_array().unwrap() {
            let name = row["name"].as_str().unwrap().to_owned();
            let value = |field: &str| match (field, holds) {
                ("safety_stock" | "annual_revenue", _) => json!(if holds { 77.5 } else { 0.0 }),
                (_, true) => json!("canary"),
                (_, false) => Value::Null,
            };
            let columns: Map<String, Value> = fields.iter().map(|&field| (field.to_owned(), value(field))).collect();
            site.sandbox.with(|site| site.set(doctype, &name, &columns)).unwrap();
            documents.push((*doctype, name));
        }
    }
    (site, documents)
}

/// What a caller may ask about a document.
fn calls(doctype: &str, name: &str) -> Vec<(&'static str, Value)> {
    let restricted = WITHHELD.iter().find(|(known, _)| *known == doctype).unwrap().1[0];
    let about = |more: Value| {
        let mut given = json!({"doctype": doctype});
        given.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        given
    };
    let named = about(json!({"name": name}));
    let tried = about(json!({"name": name, "dry_run": true}));
    vec![
        ("get_generic_document", named.clone()),
        ("get_generic_document", about(json!({"name": name, "fields": ["*"]}))),
        ("get_document_history", named.clone()),
        ("get_linked_documents", named.clone()),
        ("list_conversions", named.clone()),
        ("duplicate_document", named.clone()),
        ("list_attachments", named.clone()),
        ("print_document", named),
        ("list_generic_documents", about(json!({"fields": ["*"], "limit": 5, "count": true}))),
        ("list_generic_documents", about(json!({"filters": {restricted: ["is", "set"]}}))),
        ("list_generic_documents", about(json!({"order_by": format!("{restricted} desc")}))),
        ("search_generic_documents", about(json!({"search_term": "canary"}))),
        ("search_link", about(json!({"text": "canary"}))),
        ("global_search", json!({"text": "canary"})),
        ("find_duplicates", about(json!({}))),
        ("aggregate_documents", about(json!({"measures": ["count"], "group_by": [restricted]}))),
        ("update_generic_document", about(json!({"name": name, "data": {"language": "en"}, "dry_run": true}))),
        ("delete_generic_document", tried.clone()),
        ("submit_document", tried.clone()),
        ("cancel_document", tried),
    ]
}

#[on_every_version]
async fn whether_a_withheld_field_holds_anything_is_told_by_nothing() {
    let permissions: Map<String, Value> = WITHHELD
        .iter()
        .map(|(doctype, fields)| {
            let mut rule = all();
            rule["restricted_fields"] = json!(fields);
            ((*doctype).to_owned(), rule)
        })
        .collect();
    let mut heard = Vec::new();
    for holds in [true, false] {
        let (site, documents) = twin(holds).await;
        let app = site.app(json!(permissions));
        count(&site);
        let mut answers = Vec::new();
        for (doctype, name) in documents {
            for (tool, given) in calls(doctype, &name) {
                let what = format!("{tool} {given}");
                let before = asked(&site);
                let text = told(&app, tool, given).await.replace(&site.sandbox.url(), "SITE");
                answers.push((what, text, asked(&site) - before));
            }
        }
        heard.push(answers);
    }
    let [full, empty] = heard.as_slice() else { unreachable!() };
    assert!(full.len() > 200 && full.iter().any(|(_, text, _)| text.contains("\"tax_id\"")));
    for (one, other) in full.iter().zip(empty) {
        assert_eq!(one, other);
    }
}

#[on_every_version]
async fn a_column_that_is_withheld_is_named_in_what_is_read_and_in_what_is_made_of_it_whatever_it_holds() {
    let rule = |restricted: &[&str]| {
        let mut rule = all();
        rule["restricted_fields"] = json!(restricted);
        rule
    };
    for value in [json!("canary"), Value::Null] {
        let site = SampleSite::start().await;
        let open = site.app(json!({"Sales Order": all()}));
        let order = first(&open, "Sales Order", json!({"status": "To Deliver and Bill"})).await;
        let row = site.stored("Sales Order", &order).unwrap()["items"][0]["name"].as_str().unwrap().to_owned();
        let notes = json!({"additional_notes": value});
        site.sandbox.with(|site| site.set("Sales Order Item", &row, notes.as_object().unwrap())).unwrap();
        let app = site.app(json!({
            "Sales Order": rule(&["items.additional_notes"]), "Sales Invoice": rule(&["po_no"]),
        }));
        let named = json!({"doctype": "Sales Order", "name": order});
        let has = |names: &Value, name: &str| names.as_array().is_some_and(|names| names.contains(&json!(name)));
        let read = call(&app, "get_generic_document", named.clone()).await.unwrap();
        assert!(has(&read["withheld"], "items.additional_notes"), "{value}: {read}");
        let copy = call(&app, "duplicate_document", named.clone()).await.unwrap();
        assert!(has(&copy["left_out"], "items.additional_notes"), "{value}: {copy}");
        let mut convert = named;
        convert["to"] = json!("Sales Invoice");
        let made = call(&app, "convert_document", convert).await.unwrap();
        assert!(has(&made["left_out"], "po_no"), "{value}: {made}");
    }
}

#[on_every_version]
async fn a_guess_of_what_the_source_withholds_of_its_rows_is_not_answered_by_what_follows() {
    let site = SampleSite::start().await;
    let open = site.app(json!({"Sales Order": all()}));
    let order = first(&open, "Sales Order", json!({"status": "To Deliver and Bill"})).await;
    let held = site.stored("Sales Order", &order).unwrap()["items"][0]["warehouse"].clone();
    let shown = json!({"read": true, "allowed_fields": ["customer", "items.item_code", "items.qty"]});
    let app = site.app(json!({"Sales Order": shown, "Delivery Note": all()}));
    let mut told = Vec::new();
    for guess in [held.as_str().unwrap(), "Showroom - AWF"] {
        let data = json!({"set_warehouse": guess});
        let convert = json!({"doctype": "Sales Order", "name": order, "to": "Delivery Note", "data": data});
        let answer = call(&app, "convert_document", convert).await.unwrap().to_string();
        let moments = Regex::new(r"\d\d:\d\d:\d\d(\.\d+)?").unwrap();
        told.push(moments.replace_all(&answer.replace(guess, "GUESS"), "MOMENT").into_owned());
    }
    assert_eq!(told[0], told[1]);
}
