//! Ways around the gate that are closed: workflow actions, figures that the site works out, links to what is out of sight,
//! renamings, and confirmations of something else.

use serde_json::{Value, json};

use crate::sandbox::{SampleSite, first};
use crate::support::{Site, Version, all, app_of, call, config_json, refusal, version};

/// A site where a workflow submits and cancels Sales Orders.
pub async fn with_a_workflow() -> SampleSite {
    let site = SampleSite::start().await;
    let state = |name: &str, docstatus: u8| json!({"state": name, "doc_status": docstatus.to_string(), "allow_edit": "System Manager"});
    let way = |from: &str, action: &str, to: &str| json!({"state": from, "action": action, "next_state": to, "allowed": "System Manager", "allow_self_approval": 1});
    let field = json!({"doctype": "Custom Field", "dt": "Sales Order", "fieldname": "workflow_state", "label": "State",
        "fieldtype": "Link", "options": "Workflow State"});
    let workflow = json!({"doctype": "Workflow", "workflow_name": "Orders", "document_type": "Sales Order", "is_active": 1,
        "workflow_state_field": "workflow_state",
        "states": [state("Open", 0), state("Approved", 1), state("Rejected", 2)],
        "transitions": [way("Open", "Approve", "Approved"), way("Approved", "Reject", "Rejected")]});
    let made = site.sandbox.with(|site| {
        for action in ["Approve", "Reject"] {
            let action = json!({"doctype": "Workflow Action Master", "workflow_action_name": action});
            site.insert(action.as_object().unwrap().clone())?;
        }
        site.insert(field.as_object().unwrap().clone())?;
        site.insert(workflow.as_object().unwrap().clone())
    });
    made.unwrap();
    site
}

#[on_every_version]
async fn a_workflow_s_action_is_judged_and_confirmed_as_what_it_does() {
    let site = with_a_workflow().await;
    let order = first(&site.app(json!({"Sales Order": all()})), "Sales Order", json!({"docstatus": 0})).await;
    let state = |state: &str| {
        let columns = json!({"workflow_state": state});
        site.sandbox.with(|site| site.set("Sales Order", &order, columns.as_object().unwrap())).unwrap();
    };
    state("Open");
    let act = |action: &str| json!({"doctype": "Sales Order", "name": order, "action": action});
    let permissions = |more: Value| {
        let mut rule = json!({"read": true, "update": true, "submit": true, "cancel": true});
        rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"confirm": ["submit"], "doctypes": {"Sales Order": rule}})
    };
    let before = site.writes().len();
    let held = json!({"conditions": {"update": {"workflow_state": {"not_in": ["Approved", "Rejected"]}}}});
    let text = refusal(&app_of(&site.config(permissions(held))), "apply_workflow_action", act("Approve")).await;
    assert!(text.contains("workflow_state must be none of"), "{text}");
    let figures = json!({"conditions": {"submit": {"grand_total": {"lt": 0}}}});
    let text = refusal(&app_of(&site.config(permissions(figures))), "apply_workflow_action", act("Approve")).await;
    assert!(text.contains("grand_total must be below 0"), "{text}");

    let app = app_of(&site.config(permissions(json!({}))));
    for action in ["Approve", "Reject"] {
        let shown = call(&app, "apply_workflow_action", act(action)).await.unwrap_err().for_model();
        assert!(shown.contains("not_done_yet") && shown.contains("docstatus"), "{shown}");
        assert_eq!(site.writes().len(), before + usize::from(action == "Reject"));
        let shown: Value = serde_json::from_str(&shown).unwrap();
        let mut again = act(action);
        again["confirm_token"] = shown["confirm_token"].clone();
        call(&app, "apply_workflow_action", again).await.unwrap();
    }
    assert_eq!(site.stored("Sales Order", &order).unwrap()["docstatus"], 2);
}

#[on_every_version]
async fn a_condition_on_what_the_site_works_out_is_not_met_by_what_is_sent() {
    let site = SampleSite::start().await;
    let open = site.app(json!({"Sales Order": all(), "Customer": all()}));
    let customer = first(&open, "Customer", json!({"territory": "North"})).await;
    let rule = |conditions: Value| {
        let mut rule = all();
        rule["conditions"] = conditions;
        site.app(json!({"Sales Order": rule, "Customer": all()}))
    };
    let row = json!({"item_code": "TBL-OAK-160", "qty": 1000, "rate": 1000, "delivery_date": "2026-12-24"});
    let mut new = json!({"data": {"customer": customer, "company": "Alderway Furniture", "delivery_date": "2026-12-24",
        "grand_total": 1, "items": [row]}});
    let app = rule(json!({"create": {"grand_total": {"lte": 1000}}}));
    let text = refusal(&app, "create_sales_order_document", new.clone()).await;
    assert!(text.contains("data.grand_total: is not set by hand"), "{text}");
    new["data"].as_object_mut().unwrap().remove("grand_total");
    let text = refusal(&app, "create_sales_order_document", new).await;
    assert!(text.contains("grand_total must be at most 1000 (which the site decides"), "{text}");

    let order = first(&open, "Sales Order", json!({"docstatus": 0})).await;
    let update = |data: Value| json!({"name": order, "data": data});
    let app = rule(json!({"update": {"grand_total": {"lte": 10_000_000}}}));
    let text = refusal(&app, "update_sales_order_document", update(json!({"items": {"add": [row]}}))).await;
    assert!(text.contains("which the site decides"), "{text}");
    call(&app, "update_sales_order_document", update(json!({"po_no": "PO-9"}))).await.unwrap();
    // Of a new row nobody knows the warehouse.
    let app = rule(json!({"update": {"items.warehouse": {"ne": "Nowhere"}}}));
    let text = refusal(&app, "update_sales_order_document", update(json!({"items": {"add": [row]}}))).await;
    assert!(text.contains("items.warehouse must be other than"), "{text}");
    let mut named = row;
    named["warehouse"] = json!("Main Store - AWF");
    call(&app, "update_sales_order_document", update(json!({"items": {"add": [named]}}))).await.unwrap();
}

#[on_every_version]
async fn a_scope_by_a_field_above_level_0_is_what_the_site_counts() {
    let site = SampleSite::bench().await;
    let open = site.app(json!({"Customer": all()}));
    let name = first(&open, "Customer", json!({"territory": "North"})).await;
    let columns = json!({"custom_secret_score": 77});
    site.sandbox.with(|site| site.set("Customer", &name, columns.as_object().unwrap())).unwrap();
    for (test, seen) in [(json!({"lte": 10}), false), (json!({"gt": 10}), true), (json!([0]), false)] {
        let rule = json!({"read": true, "conditions": {"read": {"custom_secret_score": test}}});
        for key in ["administrator", "reader"] {
            let app = app_of(&site.config_of(key, json!({"doctypes": {"Customer": rule}})));
            let got = call(&app, "get_customer_document", json!({"name": name})).await;
            // 16 filters by no field above the user's level: then no document is known to be inside.
            let told = key == "administrator" || version() < Version::V16;
            assert_eq!(got.is_ok(), seen && told, "{key} {rule}: {got:?}");
        }
    }
}

#[on_every_version]
async fn links_lead_to_nothing_that_is_out_of_sight() {
    let site = SampleSite::start().await;
    let south = first(&site.app(json!({"Customer": all()})), "Customer", json!({"territory": "South"})).await;
    let rules = json!({"doctypes": {
        "Customer": {"read": true, "conditions": {"read": {"territory": ["North"]}}},
        "Sales Order": {"read": true, "create": true}, "ToDo": {"read": true, "create": true},
    }});
    let app = app_of(&site.config(rules));
    let order = json!({"data": {"customer": south, "company": "Alderway Furniture", "delivery_date": "2026-12-24",
        "items": [{"item_code": "TBL-OAK-160", "qty": 1, "delivery_date": "2026-12-24"}]}, "return_document": true});
    let text = refusal(&app, "create_sales_order_document", order).await;
    assert!(text.contains("data.customer: there is no Customer named"), "{text}");
    let todo = |doctype: &str, name: &str| json!({"data": {"description": "x", "reference_type": doctype, "reference_name": name}, "dry_run": true});
    for name in [south.as_str(), "No Such"] {
        let text = refusal(&app, "create_todo_document", todo("Customer", name)).await;
        assert!(text.contains(&format!("there is no Customer named {name:?}")), "{text}");
    }
    // Of what is closed nothing is told.
    for name in ["HR-EMP-00001", "No Such"] {
        call(&app, "create_todo_document", todo("Employee", name)).await.unwrap();
    }
    assert_eq!(site.writes(), Vec::<String>::new());
}

#[on_every_version]
async fn a_renaming_sets_the_field_that_names() {
    let site = SampleSite::start().await;
    let item = |more: Value| {
        let mut rule = json!({"read": true, "update": true});
        rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        site.app(json!({"Item": rule}))
    };
    let rename = json!({"doctype": "Item", "name": "TBL-OAK-160", "new_name": "FOO-1"});
    let text = refusal(&item(json!({"allowed_fields": ["description"]})), "rename_document", rename.clone()).await;
    assert!(text.contains("named by its item_code"), "{text}");
    let like = json!({"conditions": {"update": {"item_code": {"like": "TBL-%"}}}});
    let text = refusal(&item(like.clone()), "rename_document", rename.clone()).await;
    assert!(text.contains("item_code must be like"), "{text}");
    let mut within = rename;
    within["new_name"] = json!("TBL-OAK-161");
    call(&item(like), "rename_document", within).await.unwrap();
}

#[on_every_version]
async fn a_token_is_for_what_was_shown() {
    let site = SampleSite::start().await;
    let app = app_of(&site.config(json!({"confirm_argument": false, "doctypes": {
        "Sales Order": all(), "Sales Invoice": all(), "Delivery Note": all()}})));
    let order = first(&app, "Sales Order", json!({"docstatus": 1, "per_billed": 0, "per_delivered": 0})).await;
    let make = async |to: &str, data: Value| {
        let made = json!({"doctype": "Sales Order", "name": order, "to": to, "save": true, "data": data});
        let made = call(&app, "convert_document", made).await.unwrap()["created"].as_str().unwrap().to_owned();
        call(&app, "submit_document", json!({"doctype": to, "name": made})).await.unwrap();
        made
    };
    make("Sales Invoice", json!({"due_date": "2999-01-01", "cost_center": "Main - AWF"})).await;
    let mut cancel = json!({"doctype": "Sales Order", "name": order, "cascade": true});
    let shown = call(&app, "cancel_document", cancel.clone()).await.unwrap_err().for_model();
    let shown: Value = serde_json::from_str(&shown).unwrap();
    let second = make("Delivery Note", json!({})).await;
    cancel["confirm_token"] = shown["confirm_token"].clone();
    let text = call(&app, "cancel_document", cancel).await.unwrap_err().for_model();
    assert!(text.contains("not_done_yet") && text.contains(&second), "{text}");
}

#[on_every_version]
async fn what_the_site_s_own_fields_fetch_from_a_restricted_one_needs_naming() {
    let site = SampleSite::start().await;
    let issue = first(&site.app(json!({"Issue": all()})), "Issue", json!({})).await;
    let field = json!({"doctype": "Custom Field", "dt": "Issue", "fieldname": "custom_tax", "label": "Tax", "fieldtype": "Data",
        "fetch_from": "customer.tax_id"});
    let columns = json!({"custom_tax": "SECRET-1"});
    let made = site.sandbox.with(|site| {
        site.insert(field.as_object().unwrap().clone())?;
        site.set("Issue", &issue, columns.as_object().unwrap())
    });
    made.unwrap();
    let get = json!({"name": issue});
    let restricted = json!({"read": true, "restricted_fields": ["tax_id"]});
    for (rule, seen) in
        [(json!({"read": true}), false), (json!({"read": true, "allowed_fields": ["subject", "custom_tax"]}), true)]
    {
        let app = site.app(json!({"Customer": restricted, "Issue": rule}));
        let got = call(&app, "get_issue_document", get.clone()).await.unwrap();
        assert_eq!(got.to_string().contains("SECRET-1"), seen, "{got}");
    }
    let got = call(&site.app(json!({"Issue": {"read": true}})), "get_issue_document", get).await.unwrap();
    assert!(got.to_string().contains("SECRET-1"), "{got}");
    // A print shows the whole document.
    let app = site.app(json!({"Customer": restricted, "Issue": {"read": true, "print": true}}));
    let text = refusal(&app, "print_document", json!({"doctype": "Issue", "name": issue, "as": "markdown"})).await;
    assert!(text.contains("custom_tax is withheld") && !text.contains("SECRET-1"), "{text}");
}

/// No generated table tells of these: a DocType of an app, and a field of ERPNext's that this site fetches from elsewhere.
#[on_every_version]
async fn what_an_app_fetches_from_a_restricted_field_needs_naming() {
    let field =
        |name: &str, from: &str| json!({"fieldname": name, "fieldtype": "Data", "label": name, "fetch_from": from});
    let link = |name: &str, to: &str| json!({"fieldname": name, "fieldtype": "Link", "label": name, "options": to});
    let stored = json!({"name": "X-1", "left_on": "SECRET-1", "title": "SECRET-1"});
    for (doctype, copy, fields) in [
        ("Exit Talk", "left_on", json!([link("employee", "Employee"), field("left_on", "employee.relieving_date")])),
        ("Timesheet", "title", json!([link("employee", "Employee"), field("title", "employee.relieving_date")])),
    ] {
        let site = Site::start().await;
        site.metadata(json!([{"name": doctype, "module": "HR", "fields": fields}])).await;
        site.data("GET", &format!("/api/resource/{}/X-1", doctype.replace(' ', "%20")), stored.clone()).await;
        let get = json!({"doctype": doctype, "name": "X-1"});
        let told = async |restricted: Value, rule: Value| {
            let employee = json!({"read": true, "restricted_fields": restricted});
            let permissions = json!({"doctypes": {"Employee": employee, doctype: rule}});
            let mut config = config_json(&site.url(), permissions);
            config["schema"]["overlay"] = json!("live");
            call(&app_of(&config), "get_generic_document", get.clone()).await.unwrap()
        };
        let read = told(json!(["relieving_date"]), json!({"read": true})).await;
        assert!(read["document"].get(copy).is_none(), "{doctype}: {read}");
        let read = told(json!(["relieving_date"]), json!({"read": true, "extra_fields": [copy]})).await;
        assert_eq!(read["document"][copy], "SECRET-1", "{doctype}");
        let read = told(json!(["date_of_birth"]), json!({"read": true})).await;
        assert_eq!(read["document"][copy], "SECRET-1", "{doctype}");
    }
}

#[on_every_version]
async fn a_document_that_the_site_hides_is_missing_where_not_all_may_be_seen() {
    let site = SampleSite::start().await;
    let south = first(&site.app(json!({"Customer": all()})), "Customer", json!({"territory": "South"})).await;
    let rule = json!({"read": true, "conditions": {"read": {"disabled": [0]}}});
    let app = app_of(&site.config_of("sales", json!({"doctypes": {"Customer": rule}})));
    let told = refusal(&app, "get_customer_document", json!({"name": south})).await;
    let missing = refusal(&app, "get_customer_document", json!({"name": "No Such"})).await;
    assert_eq!(told.replace(&south, "X"), missing.replace("No Such", "X"));
}

#[on_every_version]
async fn a_batch_is_confirmed_with_a_look_at_its_documents() {
    let site = SampleSite::start().await;
    let permissions = json!({"confirm": ["create"], "confirm_argument": false, "doctypes": {"ToDo": all()}});
    let app = app_of(&site.config(permissions));
    let documents: Vec<Value> = (0..12).map(|i| json!({"description": format!("call {i}")})).collect();
    for atomic in [false, true] {
        let make = json!({"doctype": "ToDo", "documents": documents, "atomic": atomic});
        let shown = call(&app, "create_bulk_documents", make).await.unwrap_err().for_model();
        let shown: Value = serde_json::from_str(&shown).unwrap();
        assert_eq!((&shown["documents"], &shown["rows"][9]["would_create"]), (&json!(12), &documents[9]), "{shown}");
        assert_eq!(shown["rows"].as_array().unwrap().len(), 12);
    }
    assert_eq!(site.writes(), Vec::<String>::new());
}

#[on_every_version]
async fn who_is_whose_parent_is_told_only_where_it_may_be_read() {
    let site = SampleSite::start().await;
    let below = |field: &str| json!({"filters": [[field, "descendants of", "All Territories"]], "fields": ["name"]});
    let customers = json!({"read": true});
    for (territory, told) in [
        (json!({"read": true}), true),
        (json!({"read": true, "restricted_fields": ["parent_territory"]}), false),
        (json!({"read": true, "conditions": {"read": {"is_group": [0]}}}), false),
        (Value::Null, false),
    ] {
        let mut rules = json!({"Customer": customers});
        if !territory.is_null() {
            rules["Territory"] = territory.clone();
            let listed = call(&site.app(rules.clone()), "list_territory_documents", below("name")).await;
            assert_eq!(listed.is_ok(), told, "{territory}: {listed:?}");
        }
        let listed = call(&site.app(rules), "list_customer_documents", below("territory")).await;
        assert_eq!(listed.is_ok(), told, "{territory}: {listed:?}");
    }
}

#[on_every_version]
async fn what_hangs_on_a_document_is_made_changed_and_removed_only_where_that_may_be_changed() {
    let site = SampleSite::start().await;
    let rules = |customers: Value| json!({"Customer": customers, "Auto Repeat": all(), "Comment": all(), "File": all(), "ToDo": all()});
    let open = site.app(rules(all()));
    let north = first(&open, "Customer", json!({"territory": "North"})).await;
    let south = first(&open, "Customer", json!({"territory": "South"})).await;
    let mut some = all();
    some["conditions"] = json!({"update": {"territory": ["North"]}});
    let app = site.app(rules(some));
    let task = json!({"description": "x", "reference_type": "Customer"});
    let comment = json!({"comment_type": "Comment", "content": "x", "reference_doctype": "Customer"});
    let file = json!({"file_name": "x.txt", "file_url": "/files/x.txt", "attached_to_doctype": "Customer"});
    let repeat = json!({"frequency": "Daily", "start_date": "2099-01-01", "reference_doctype": "Customer"});
    for (doctype, data, link, text) in [
        ("Auto Repeat", repeat, "reference_document", "message"),
        ("ToDo", task, "reference_name", "description"),
        ("Comment", comment, "reference_name", "content"),
        ("File", file, "attached_to_name", "file_name"),
    ] {
        let create = |on: &str| {
            let mut data = data.clone();
            data[link] = json!(on);
            json!({"doctype": doctype, "data": data})
        };
        call(&app, "create_generic_document", create(&north)).await.unwrap();
        let made = call(&open, "create_generic_document", create(&south)).await.unwrap()["created"].clone();
        let before = site.writes().len();
        let change = json!({"doctype": doctype, "name": made, "data": {text: "y"}});
        let delete = json!({"doctype": doctype, "name": made, "confirm": true});
        for (tool, asked) in [
            ("create_generic_document", create(&south)),
            ("update_generic_document", change),
            ("delete_generic_document", delete),
        ] {
            let told = refusal(&app, tool, asked).await;
            assert!(told.contains("territory must be"), "{doctype}: {tool}: {told}");
        }
        assert_eq!(site.writes().len(), before, "{doctype}");
    }
}

#[on_every_version]
async fn what_came_in_is_recorded_only_about_what_may_be_changed_which_it_opens_again() {
    let site = SampleSite::start().await;
    let mut some = all();
    some["conditions"] = json!({"update": {"territory": ["North"]}});
    let app = site.app(json!({"Customer": some, "Communication": all()}));
    let north = first(&app, "Customer", json!({"territory": "North"})).await;
    let south = first(&app, "Customer", json!({"territory": "South"})).await;
    let message = |way: &str, on: &str| {
        json!({"doctype": "Communication", "data": {"communication_type": "Communication", "subject": "x", "content": "x",
            "communication_medium": "Phone", "sent_or_received": way, "reference_doctype": "Customer", "reference_name": on}})
    };
    for (way, on) in [("Sent", &south), ("Sent", &north), ("Received", &north)] {
        call(&app, "create_generic_document", message(way, on)).await.unwrap();
    }
    let told = refusal(&app, "create_generic_document", message("Received", &south)).await;
    assert!(told.contains("territory must be"), "{told}");
}
