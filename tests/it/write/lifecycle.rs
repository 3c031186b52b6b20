//! Submitting, cancelling, converting and approving: on the sandbox, and by wiremock where exactly what is sent counts or an
//! answer that no site gives.

use erpnext_sandbox::query::List;
use serde_json::{Value, json};

use crate::sandbox::{SampleSite, first};
use crate::support::{META, Site, Version, all, call, refusal, table, version};

const ORDER: &str = "/api/resource/Sales%20Order/SO-1";
const SUBMIT: &str = "submit_sales_order_document";

fn method(name: &str) -> String {
    format!("/api/method/{name}")
}

fn order(docstatus: u64, status: &str) -> Value {
    json!({"name": "SO-1", "customer": "Zod Co", "docstatus": docstatus, "status": status, "modified": format!("m{docstatus}"),
        "grand_total": 5.0, "items": [{"name": "r1", "idx": 1, "item_code": "SKU-1", "qty": 2.0}]})
}

/// A site whose order is a draft when it is first read, and whose DocTypes have no workflow.
async fn site(after: Value) -> Site {
    let site = Site::start().await;
    site.answer_once("GET", ORDER, 200, json!({"data": order(0, "Draft")})).await;
    site.data("GET", ORDER, after).await;
    let none = json!({"exc_type": "DoesNotExistError"});
    site.answer("POST", &method("frappe.model.workflow.get_transitions"), 404, none).await;
    site
}

#[on_every_version]
async fn a_submission_sends_the_document_as_it_was_read_and_reads_it_back() {
    let site = site(order(1, "To Deliver and Bill")).await;
    site.method("frappe.client.submit", json!({"docstatus": 1})).await;
    let app = site.app(json!({"Sales Order": all()}));
    let answer = call(&app, SUBMIT, json!({"name": "SO-1"})).await.unwrap();
    assert_eq!(answer["submitted"], "SO-1");
    assert_eq!((&answer["docstatus"], &answer["status"]), (&json!(1), &json!("To Deliver and Bill")), "{answer}");
    let sent = site.sent().await;
    let lines: Vec<&str> = sent.iter().map(|(line, _)| line.as_str()).collect();
    let get = format!("GET {ORDER}");
    let asked = "POST /api/method/frappe.model.workflow.get_transitions";
    assert_eq!(lines, [get.as_str(), asked, "POST /api/method/frappe.client.submit", get.as_str()]);
    let mut whole = order(0, "Draft");
    whole["doctype"] = json!("Sales Order");
    assert_eq!(sent[2].1, json!({ "doc": whole }));
}

#[on_every_version]
async fn a_document_under_a_workflow_is_not_submitted_past_its_approval() {
    let site = Site::start().await;
    site.data("GET", ORDER, order(0, "Draft")).await;
    site.method("frappe.model.workflow.get_transitions", json!([])).await;
    let app = site.app(json!({"Sales Order": all()}));
    let text = refusal(&app, SUBMIT, json!({"name": "SO-1"})).await;
    assert!(text.contains("governed by a workflow") && text.contains("apply_workflow_action"), "{text}");
    assert!(!site.lines().await.contains(&"POST /api/method/frappe.client.submit".to_owned()));
}

#[on_every_version]
async fn a_submission_that_waits_for_a_job_is_not_told_as_done() {
    let site = site(order(0, "Draft")).await;
    site.method("frappe.client.submit", json!({})).await;
    let app = site.app(json!({"Sales Order": all()}));
    let answer = call(&app, SUBMIT, json!({"name": "SO-1"})).await.unwrap();
    assert_eq!((&answer["in_background"], answer.get("submitted")), (&json!("SO-1"), None), "{answer}");
    assert!(answer["messages"][0].as_str().unwrap().contains("still a draft"), "{answer}");
}

#[on_every_version]
async fn a_document_that_somebody_changed_meanwhile_is_not_submitted() {
    let site = site(order(0, "Draft")).await;
    let stale = json!({"exc_type": "TimestampMismatchError"});
    site.answer("POST", &method("frappe.client.submit"), 417, stale).await;
    let app = site.app(json!({"Sales Order": all()}));
    let text = refusal(&app, SUBMIT, json!({"name": "SO-1"})).await;
    assert!(text.contains("was changed by somebody else") && text.contains("nothing was done"), "{text}");
}

#[on_every_version]
async fn what_is_not_permitted_changes_nothing() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Sales Order": {"read": true, "update": true}, "ToDo": all()}));
    assert!(app.registry().find(SUBMIT).is_none());
    let draft = first(&app, "Sales Order", json!({"docstatus": 0})).await;
    for tool in ["submit_document", "cancel_document", "amend_document"] {
        let text = refusal(&app, tool, json!({"doctype": "Sales Order", "name": draft})).await;
        assert!(text.contains("is not permitted by this server's configuration"), "{text}");
    }
    assert_eq!(site.stored("Sales Order", &draft).unwrap()["docstatus"], 0);
    assert_eq!(site.writes(), Vec::<String>::new());
}

#[on_every_version]
async fn a_cascade_needs_leave_to_cancel_everything_it_reaches() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Sales Order": all(), "Sales Invoice": {"read": true}, "Delivery Note": all()}));
    let billed = List {
        fields: json!(["items.sales_order as sales_order"]),
        filters: json!([["docstatus", "=", 1], ["Sales Invoice Item", "sales_order", "is", "set"]]),
        length: Some(1),
        ..List::default()
    };
    let order = site.sandbox.with(|site| site.list("Sales Invoice", &billed)).unwrap()[0]["sales_order"].clone();
    let cascade = json!({"name": order, "cascade": true, "confirm": true});
    let text = refusal(&app, "cancel_sales_order_document", cascade).await;
    assert!(text.contains("Sales Invoice: cancel is not permitted"), "{text}");
    assert_eq!(site.stored("Sales Order", order.as_str().unwrap()).unwrap()["docstatus"], 1);
    assert_eq!(site.writes(), Vec::<String>::new());
}

/// A submitted order that is mapped to an invoice; both know `tax_id`, and `remarks` is the invoice's own.
async fn mapped() -> Site {
    let site = Site::start().await;
    let mut source = order(1, "To Deliver and Bill");
    source["tax_id"] = json!("canary-source");
    site.data("GET", ORDER, source).await;
    let row = json!({"item_code": "SKU-1", "qty": 2.0, "sales_order": "SO-1", "__islocal": 1, "parentfield": "items", "idx": 1});
    let made = json!({"doctype": "Sales Invoice", "customer": "Zod Co", "company": "Acme", "tax_id": "canary-source",
        "remarks": "canary-target", "docstatus": 0, "owner": "x", "__islocal": 1, "__onload": {}, "total": 0.0, "items": [row]});
    site.method("frappe.model.mapper.make_mapped_doc", made).await;
    site.data("POST", "/api/resource/Sales%20Invoice", json!({"name": "SI-1"})).await;
    let stored = json!({"name": "SI-1", "docstatus": 0, "status": "Draft", "tax_id": "canary-source"});
    site.data("GET", "/api/resource/Sales%20Invoice/SI-1", stored).await;
    site
}

#[on_every_version]
async fn a_draft_shows_and_stores_only_what_both_ends_leave() {
    let site = mapped().await;
    let restricted = |field: &str| {
        let mut rule = all();
        rule["restricted_fields"] = json!([field]);
        rule
    };
    let app = site.app(json!({"Sales Order": restricted("tax_id"), "Sales Invoice": restricted("remarks")}));
    let mut convert = json!({"doctype": "Sales Order", "name": "SO-1", "to": "Sales Invoice"});
    let shown = call(&app, "convert_document", convert.clone()).await.unwrap();
    assert!(!shown.to_string().contains("canary"), "{shown}");
    assert_eq!(shown["draft"]["customer"], "Zod Co");
    assert!(shown["left_out"].as_array().unwrap().contains(&json!("remarks")), "{shown}");
    assert!(!site.lines().await.contains(&"POST /api/resource/Sales%20Invoice".to_owned()));
    convert["save"] = json!(true);
    convert["data"] = json!({"due_date": "2026-12-31"});
    let mut dry = convert.clone();
    dry["dry_run"] = json!(true);
    let dry = call(&app, "convert_document", dry).await.unwrap();
    assert_eq!(dry["would_create"]["due_date"], "2026-12-31", "{dry}");
    assert!(!dry.to_string().contains("canary"), "{dry}");
    let made = call(&app, "convert_document", convert).await.unwrap();
    assert_eq!((&made["created"], &made["docstatus"]), (&json!("SI-1"), &json!(0)), "{made}");
    assert!(!made.to_string().contains("canary"), "{made}");
    let sent = site.sent().await.into_iter().find(|(line, _)| line == "POST /api/resource/Sales%20Invoice").unwrap().1;
    assert_eq!(
        sent,
        json!({"customer": "Zod Co", "company": "Acme", "tax_id": "canary-source", "due_date": "2026-12-31",
            "items": [{"item_code": "SKU-1", "qty": 2.0, "sales_order": "SO-1"}]})
    );
}

#[on_every_version]
async fn a_blanket_order_is_asked_for_the_document_that_is_wanted() {
    const MAPPER: &str = "frappe.model.mapper.make_mapped_doc";
    let site = Site::start().await;
    let row = json!({"name": "r1", "idx": 1, "item_code": "SKU-1", "qty": 9.0, "rate": 5.0});
    let source = json!({"name": "BO-1", "customer": "Zod Co", "blanket_order_type": "Selling", "docstatus": 1, "modified": "m1", "items": [row]});
    site.data("GET", "/api/resource/Blanket%20Order/BO-1", source).await;
    let row = json!({"item_code": "SKU-1", "qty": 9.0, "blanket_order": "BO-1", "blanket_order_rate": 5.0});
    site.method(MAPPER, json!({"doctype": "Sales Order", "customer": "Zod Co", "items": [row]})).await;
    let mut withheld = all();
    withheld["restricted_fields"] = json!(["items.rate"]);
    let convert = |to: &str| json!({"doctype": "Blanket Order", "name": "BO-1", "to": to});
    for (blanket, is_made) in [(all(), true), (withheld, false)] {
        let app = site.app(json!({"Blanket Order": blanket, "Sales Order": all(), "Purchase Order": all()}));
        let text = refusal(&app, "convert_document", convert("Purchase Order")).await;
        assert!(text.contains("cannot become a Purchase Order now"), "{text}");
        if is_made {
            let shown = call(&app, "convert_document", convert("Sales Order")).await.unwrap();
            assert_eq!(shown["draft"]["items"][0]["blanket_order"], "BO-1", "{shown}");
        } else {
            let text = refusal(&app, "convert_document", convert("Sales Order")).await;
            assert!(text.contains("it would tell items.rate of Blanket Order"), "{text}");
        }
    }
    let sent = site.sent().await;
    let asked: Vec<_> = sent.iter().filter(|(line, _)| line.ends_with(MAPPER)).map(|(_, body)| &body["args"]).collect();
    assert_eq!(asked, [&json!(r#"{"doctype":"Sales Order"}"#)]);
}

#[on_every_version]
async fn what_may_not_be_created_is_not_even_drafted() {
    let site = SampleSite::start().await;
    let app = site.app(json!({"Sales Order": all(), "Sales Invoice": {"read": true}}));
    let order = first(&app, "Sales Order", json!({"docstatus": 1})).await;
    let convert = json!({"doctype": "Sales Order", "name": order, "to": "Sales Invoice"});
    let text = refusal(&app, "convert_document", convert).await;
    assert!(text.contains("Sales Invoice: create is not permitted"), "{text}");
    let ways = call(&app, "list_conversions", json!({"doctype": "Sales Order", "name": order})).await.unwrap();
    let invoice = ways["conversions"].as_array().unwrap().iter().find(|way| way["to"] == "Sales Invoice").unwrap();
    assert_eq!(invoice["possible"], false);
    assert_eq!(site.writes(), Vec::<String>::new());
}

/// An action that leads to a state of this `docstatus`, or to one of which nothing is known.
async fn approval(leads_to: Option<&str>) -> Site {
    let site = Site::start().await;
    site.data("GET", ORDER, order(0, "Draft")).await;
    site.answer("GET", &method("frappe.auth.get_logged_user"), 200, json!({"message": "boss@example.com"})).await;
    let transition = json!({"action": "Approve", "state": "Open", "next_state": "Approved", "allowed": "Boss", "allow_self_approval": 1});
    site.method("frappe.model.workflow.get_transitions", json!([transition])).await;
    let states: Vec<_> = leads_to.iter().map(|status| json!({"state": "Approved", "doc_status": status})).collect();
    let workflow = json!([{"doctype": "Workflow", "workflow_state_field": "workflow_state", "states": states}]);
    site.answer(
        "GET",
        META,
        200,
        json!({"docs": [{"name": "Sales Order", "__workflow_docs": workflow, "fields": []}]}),
    )
    .await;
    site.method("frappe.model.workflow.apply_workflow", json!({})).await;
    site
}

#[on_every_version]
async fn of_several_actions_with_one_name_the_last_is_taken() {
    for (last, passes) in [("0", true), ("1", false)] {
        let site = Site::start().await;
        site.data("GET", ORDER, order(0, "Draft")).await;
        site.answer("GET", &method("frappe.auth.get_logged_user"), 200, json!({"message": "boss@example.com"})).await;
        let way = |to: &str| json!({"action": "Approve", "state": "Open", "next_state": to, "allowed": "Boss", "allow_self_approval": 1});
        site.method("frappe.model.workflow.get_transitions", json!([way("First"), way("Last")])).await;
        let first = if last == "0" { "1" } else { "0" };
        let states = json!([{"state": "First", "doc_status": first}, {"state": "Last", "doc_status": last}]);
        let workflow = json!([{"doctype": "Workflow", "workflow_state_field": "workflow_state", "states": states}]);
        site.metadata(json!([{"name": "Sales Order", "__workflow_docs": workflow, "fields": []}])).await;
        site.method("frappe.model.workflow.apply_workflow", json!({})).await;
        let app = site.app(json!({"Sales Order": {"read": true, "update": true}}));
        let approve = json!({"doctype": "Sales Order", "name": "SO-1", "action": "Approve"});
        let result = call(&app, "apply_workflow_action", approve).await;
        assert_eq!(result.is_ok(), passes, "{last}: {result:?}");
    }
}

#[on_every_version]
async fn an_action_that_submits_needs_leave_to_submit() {
    let approve = json!({"doctype": "Sales Order", "name": "SO-1", "action": "Approve"});
    let sent = "POST /api/method/frappe.model.workflow.apply_workflow".to_owned();
    for (leads_to, passes) in [(Some("0"), true), (Some("1"), false), (Some("2"), false), (None, false)] {
        let site = approval(leads_to).await;
        let app = site.app(json!({"Sales Order": {"read": true, "update": true}}));
        let result = call(&app, "apply_workflow_action", approve.clone()).await;
        assert_eq!(result.is_ok(), passes, "{leads_to:?}: {result:?}");
        assert_eq!(site.lines().await.contains(&sent), passes, "{leads_to:?}");
    }
    let site = approval(Some("1")).await;
    let app = site.app(json!({"Sales Order": {"read": true, "update": true, "submit": true}}));
    // A site that is set up so takes it, and submits by a job.
    let answer = call(&app, "apply_workflow_action", approve).await.unwrap();
    assert_eq!((&answer["in_background"], answer.get("updated")), (&json!("SO-1"), None), "{answer}");
    assert_eq!((answer.get("state"), answer.get("actions")), (None, None), "{answer}");
}

#[on_every_version]
async fn what_waits_is_shown_only_of_permitted_doctypes() {
    let site = Site::start().await;
    let waiting = |doctype: &str, name: &str| json!({"reference_doctype": doctype, "reference_name": name});
    let all_of_them = json!([waiting("Lead", "L-1"), waiting("Salary Slip", "canary-1"), waiting("Lead", "L-gone")]);
    site.method("frappe.client.get_list", all_of_them).await;
    site.data("GET", "/api/resource/Lead", json!([{"name": "L-1", "lead_name": "canary-2", "status": "Lead"}])).await;
    site.metadata(json!([{"name": "Lead"}])).await;
    let app = site.app(json!({"Lead": {"read": true, "restricted_fields": ["lead_name"]}}));
    let answer = call(&app, "list_pending_approvals", json!({})).await.unwrap();
    assert_eq!(answer["count"], 1, "{answer}");
    assert_eq!(answer["waiting"][0]["documents"], json!([{"name": "L-1", "status": "Lead"}]));
    assert!(!answer.to_string().contains("canary"), "{answer}");
}

#[on_every_version]
async fn of_more_that_waits_than_is_asked_for_it_is_said_that_some_was_looked_at() {
    for (waiting, says_so) in [(500, true), (499, false)] {
        let site = Site::start().await;
        let action = json!({"reference_doctype": "Lead", "reference_name": "L-1"});
        site.method("frappe.client.get_list", json!(vec![action; waiting])).await;
        site.data("GET", "/api/resource/Lead", json!([{"name": "L-1", "status": "Lead"}])).await;
        site.metadata(json!([{"name": "Lead"}])).await;
        let answer =
            call(&site.app(json!({"Lead": {"read": true}})), "list_pending_approvals", json!({})).await.unwrap();
        assert_eq!(answer["note"].to_string().contains("the oldest 500 were looked at"), says_so, "{answer}");
    }
}

#[on_every_version]
async fn what_waits_is_in_no_order_that_is_withheld() {
    let site = Site::start().await;
    site.method("frappe.client.get_list", json!([{"reference_doctype": "Lead", "reference_name": "L-1"}])).await;
    site.data("GET", "/api/resource/Lead", json!([{"name": "L-1", "status": "Lead"}])).await;
    site.metadata(json!([{"name": "Lead"}])).await;
    for (withheld, is_ordered) in [(json!([]), true), (json!(["creation"]), false)] {
        let app = site.app(json!({"Lead": {"read": true, "restricted_fields": withheld}}));
        call(&app, "list_pending_approvals", json!({})).await.unwrap();
        let sent = site.sent().await;
        let (_, asked) = sent.iter().rfind(|(line, _)| line == "GET /api/resource/Lead").unwrap();
        assert_eq!(asked["order_by"].to_string().contains("creation"), is_ordered, "{asked}");
    }
}

#[on_every_version]
async fn who_made_a_document_is_told_by_no_action_where_it_is_withheld() {
    let site = Site::start().await;
    let mut own = order(0, "Draft");
    own["owner"] = json!("boss@example.com");
    site.data("GET", ORDER, own).await;
    site.answer("GET", &method("frappe.auth.get_logged_user"), 200, json!({"message": "boss@example.com"})).await;
    let transition = json!({"action": "Approve", "state": "Open", "next_state": "Approved", "allowed": "Boss", "allow_self_approval": 0});
    site.method("frappe.model.workflow.get_transitions", json!([transition])).await;
    let workflow = json!([{"doctype": "Workflow", "workflow_state_field": "workflow_state", "states": []}]);
    site.metadata(json!([{"name": "Sales Order", "__workflow_docs": workflow, "fields": []}])).await;
    let of = json!({"doctype": "Sales Order", "name": "SO-1"});
    let approve = json!({"doctype": "Sales Order", "name": "SO-1", "action": "Approve"});
    for (withheld, is_told) in [(json!([]), true), (json!(["owner"]), false)] {
        let rule = json!({"read": true, "update": true, "restricted_fields": withheld});
        let app = site.app(json!({"Sales Order": rule}));
        let actions = call(&app, "get_workflow_actions", of.clone()).await.unwrap();
        assert_eq!(actions["actions"][0]["note"].is_string(), is_told, "{actions}");
        let text = refusal(&app, "apply_workflow_action", approve.clone()).await;
        assert_eq!(text.contains("whoever made the document"), is_told, "{text}");
        assert_eq!(text.contains("is not open to this user now"), !is_told, "{text}");
    }
}

#[on_every_version]
async fn h84_what_waits_is_not_named_by_a_mask() {
    let title = table("Lead").unwrap().title_field.unwrap();
    let site = Site::start().await;
    site.method("frappe.client.get_list", json!([{"reference_doctype": "Lead", "reference_name": "L-1"}])).await;
    site.data("GET", "/api/resource/Lead", json!([{"name": "L-1", "status": "Lead"}])).await;
    site.metadata(json!([{"name": "Lead", "masked_fields": [title]}])).await;
    let app = site.app(json!({"Lead": {"read": true}}));
    let answer = call(&app, "list_pending_approvals", json!({})).await.unwrap();
    assert_eq!(answer["count"], 1, "{answer}");
    let sent = site.sent().await;
    let (_, asked) = sent.iter().find(|(line, _)| line == "GET /api/resource/Lead").unwrap();
    let fields = asked["fields"].as_array().unwrap();
    assert_eq!(fields.contains(&json!(title)), version() < Version::V16, "{asked}");
}
