//! What `permissions.default` opens.

use erpnext_mcp::config::Config;
use erpnext_mcp::policy::{Operation, Policy};
use serde_json::{Value, json};

use crate::sandbox::SampleSite;
use crate::support::{all, app_of, call, config_json, refusal};

fn policy(permissions: Value) -> Policy {
    Policy::from_config(&Config::from_text(&config_json("http://localhost", permissions).to_string()).unwrap())
}

fn reads(policy: &Policy, doctype: &str) -> bool {
    policy.permit(Operation::Read, doctype).is_ok()
}

#[test]
fn beside_rules_the_default_opens_nothing_of_the_framework_that_is_not_named() {
    let open = policy(json!({"default": {"read": true}}));
    let ruled = policy(json!({"default": {"read": true}, "doctypes": {"Customer": {"read": true}}}));
    let framework = [
        "File",
        "Comment",
        "ToDo",
        "DocShare",
        "Milestone",
        "Tag Link",
        "Workflow Action",
        "Communication",
        "Version",
        "Activity Log",
        "User",
        "DocType",
        "Custom Field",
        "Property Setter",
        "Custom DocPerm",
        "Client Script",
        "Server Script",
        "Print Format",
        "Letter Head",
        "Report",
        "Notification",
        "Auto Email Report",
        "Workflow",
        "Dashboard Chart",
        "Web Form",
        "SMS Log",
        "Call Log",
    ];
    for doctype in framework {
        assert!(reads(&open, doctype), "{doctype}: there is no rule to slip by");
        assert!(!reads(&ruled, doctype), "{doctype}");
        assert!(!reads(&ruled, &doctype.to_lowercase()) && !reads(&ruled, &format!("{doctype} ")), "{doctype}");
        assert!(reads(&policy(json!({"doctypes": {doctype: {"read": true}}})), doctype));
    }
    for doctype in
        ["Address", "Contact", "Country", "Currency", "Language", "UOM", "Item", "Sales Order", "My Own", "UTM Source"]
    {
        assert!(reads(&ruled, doctype), "{doctype}");
    }
}

#[test]
fn what_holds_keys_is_open_only_where_it_is_named() {
    let open = policy(json!({"default": all()}));
    for doctype in [
        "OAuth Bearer Token",
        "OAuth Client",
        "Token Cache",
        "Slack Webhook URL",
        "Google Drive",
        "Google Calendar",
        "Webhook",
        "Webhook Request Log",
        "SMS Settings",
        "Social Login Key",
        "Plaid Settings",
        "Document Share Key",
        "Transaction Deletion Record",
    ] {
        assert!(crate::support::table(doctype).is_some() && !reads(&open, doctype), "{doctype}");
        assert!(reads(&policy(json!({"doctypes": {doctype: {"read": true}}})), doctype), "{doctype}");
    }
    // Where a DocType holds a key beside much else, the field alone is withheld.
    for (doctype, field) in
        [("Bank", "plaid_access_token"), ("Website Settings", "indexing_refresh_token"), ("User", "api_key")]
    {
        let def = crate::support::table(doctype).unwrap().field(field).unwrap();
        let fields = |policy: &Policy| policy.permit(Operation::Read, doctype).unwrap().fields().clone();
        assert!(!fields(&open).may_read(def), "{doctype}.{field}");
        let named = policy(json!({"doctypes": {doctype: {"read": true, "allowed_fields": [field]}}}));
        assert!(fields(&named).may_read(def), "{doctype}.{field}");
    }
    // And where the site has one that no table knows.
    assert!(
        !open
            .permit(Operation::Read, "My Own")
            .unwrap()
            .fields()
            .may_read(erpnext_mcp::policy::FieldRef::find(None, "shop_api_key"))
    );
}

#[on_every_version]
async fn files_and_comments_of_what_may_not_be_read_are_not_open_by_default() {
    let site = SampleSite::start().await;
    let app = app_of(&site.config(json!({"default": all(), "doctypes": {"Sales Order": {}}})));
    for doctype in ["File", "Comment", "Version"] {
        let text = refusal(&app, "list_generic_documents", json!({"doctype": doctype})).await;
        assert!(text.contains("not available"), "{text}");
    }
    call(&app, "list_generic_documents", json!({"doctype": "Country"})).await.unwrap();
}

#[on_every_version]
async fn the_module_that_the_site_tells_closes_a_doctype_that_no_table_knows() {
    let site = crate::support::Site::start().await;
    let meta = |module: &str, custom: u8| {
        json!([{"name": "Kitchen Log", "module": module, "custom": custom, "fields": [
            {"fieldname": "changed_by", "fieldtype": "Data", "label": "By"},
        ]}])
    };
    let ruled = json!({"default": {"read": true}, "doctypes": {"Customer": {"read": true}}});
    for (module, custom, open) in [("Core", 0, false), ("Core", 1, true), ("My App", 0, true)] {
        site.reset().await;
        site.metadata(meta(module, custom)).await;
        site.data("GET", "/api/resource/Kitchen%20Log/X", json!({"name": "X", "changed_by": "me"})).await;
        let app = app_of(&config_json(&site.url(), ruled.clone()));
        let read = call(&app, "get_generic_document", json!({"doctype": "Kitchen Log", "name": "X"})).await;
        assert_eq!(read.is_ok(), open, "{module} {custom}: {read:?}");
    }
}

/// What people write for Sales Order.
const SPELLINGS: [&str; 7] =
    ["sales order", "SALES ORDER", "Sales_Order", "sales-order", "SalesOrder", "sales orders", "Sales_Orders"];

#[on_every_version]
async fn a_doctype_in_other_letters_or_in_the_plural_is_the_same_under_its_own_rule() {
    let site = SampleSite::start().await;
    for permissions in [
        json!({"default": {"read": true}}),
        json!({"default": {"read": true}, "doctypes": {"Sales Order": {"read": true}}}),
        json!({"doctypes": {"Sales Order": {"read": true}}}),
    ] {
        let app = app_of(&site.config(permissions));
        for name in SPELLINGS {
            let listed = call(&app, "list_generic_documents", json!({"doctype": name})).await.unwrap();
            assert!(!listed["documents"].as_array().unwrap().is_empty(), "{name}: {listed}");
        }
    }
    let app = app_of(&site.config(json!({"doctypes": {"Customer": {"read": true}}})));
    let denied = async |name: &str| refusal(&app, "list_generic_documents", json!({"doctype": name})).await;
    for name in SPELLINGS {
        assert_eq!(denied(name).await, denied("Sales Order").await, "{name}");
    }
    let app = app_of(&site.config(json!({"default": {"read": true}})));
    let given = json!({"text": "Saltmarsh", "doctypes": ["customers", "SalesOrder"]});
    assert_eq!(call(&app, "global_search", given).await.unwrap()["doctypes_searched"], 2);
}

#[on_every_version]
async fn a_question_about_others_and_the_document_of_a_file_take_a_doctype_as_people_write_it() {
    let site = SampleSite::start().await;
    let rules = |others: Value| {
        let mut rules = json!({"Customer": {"read": true, "create": true}});
        rules.as_object_mut().unwrap().extend(others.as_object().unwrap().clone());
        site.config(json!({"doctypes": rules}))
    };
    let open = app_of(&rules(json!({"Sales Order": {"read": true}})));
    let closed = app_of(&rules(json!({})));
    let used = |name: &str| json!({"doctype": "Customer", "filters": {"name": ["used in", name]}});
    let file =
        |name: &str| json!({"doctype": "Customer", "attachment": {"doctype": name, "name": "none", "file": "x"}});
    let right = call(&open, "list_generic_documents", used("Sales Order")).await.unwrap();
    for name in SPELLINGS {
        assert_eq!(call(&open, "list_generic_documents", used(name)).await.unwrap(), right, "{name}");
        for (tool, given, right) in [
            ("list_generic_documents", used(name), used("Sales Order")),
            ("import_documents", file(name), file("Sales Order")),
        ] {
            assert_eq!(refusal(&closed, tool, given).await, refusal(&closed, tool, right).await, "{tool}: {name}");
        }
    }
}
