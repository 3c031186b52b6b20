//! What the audit log names of a call.

use erpnext_mcp::app::Connection;
use erpnext_mcp::audit::Audit;
use serde_json::{Value, json};

use crate::sandbox::{SampleSite, first};
use crate::support::{all, app_with, call, load};

struct Recorded {
    app: Connection,
    folder: tempfile::TempDir,
}

impl Recorded {
    fn new(mut config: Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        config["audit"] = json!({"enabled": true, "log_file": folder.path().join("audit.log")});
        let app = app_with(&config, Audit::open(&load(&config).audit).unwrap());
        Self { app, folder }
    }

    /// Result, operation, DocType, document and reason of each line since the last time.
    fn lines(&self, known: &mut usize) -> Vec<[String; 5]> {
        let log = std::fs::read_to_string(self.folder.path().join("audit.log")).unwrap();
        let lines = log.lines().skip(*known).map(|line| serde_json::from_str::<Value>(line).unwrap());
        let named = |line: Value| {
            ["result", "operation", "doctype", "document", "reason"]
                .map(|key| line[key].as_str().unwrap_or("-").to_owned())
        };
        let lines: Vec<_> = lines.map(named).collect();
        *known += lines.len();
        lines
    }
}

#[on_every_version]
async fn lines_name_what_was_made_and_from_what() {
    let site = SampleSite::start().await;
    let recorded = Recorded::new(site.config(json!({"doctypes": {
        "ToDo": all(), "Sales Order": all(), "Delivery Note": all(),
    }})));
    let (app, mut known) = (&recorded.app, 0);
    let made = call(app, "create_todo_document", json!({"data": {"description": "Call"}})).await.unwrap();
    let made = made["created"].as_str().unwrap();
    let lines = recorded.lines(&mut known);
    assert_eq!(lines[0], ["INTENT", "CREATE", "ToDo", "-", "-"]);
    assert_eq!(lines[1], ["ALLOWED", "CREATE", "ToDo", made, "-"]);

    let documents = json!([{"description": "A"}, {"description": "B"}]);
    for atomic in [true, false] {
        let given = json!({"doctype": "ToDo", "documents": documents, "atomic": atomic});
        call(app, "create_bulk_documents", given).await.unwrap();
        let lines = recorded.lines(&mut known);
        let named = lines.iter().filter(|line| line[0] == "ALLOWED" && line[3] != "-").count();
        assert_eq!(named, 2, "{lines:?}");
    }

    let order = first(app, "Sales Order", json!({"docstatus": 1, "per_delivered": 0})).await;
    recorded.lines(&mut known);
    let mut given = json!({"doctype": "Sales Order", "name": order, "to": "Delivery Note"});
    call(app, "convert_document", given.clone()).await.unwrap();
    assert_eq!(recorded.lines(&mut known), [["ALLOWED", "READ", "Sales Order", &order, "-"]]);
    given["save"] = json!(true);
    let made = call(app, "convert_document", given).await.unwrap();
    let from = format!("from Sales Order {order}");
    let lines = recorded.lines(&mut known);
    assert_eq!(lines[0], ["INTENT", "CREATE", "Delivery Note", "-", &from]);
    assert_eq!(lines[1], ["ALLOWED", "CREATE", "Delivery Note", made["created"].as_str().unwrap(), &from]);
}

#[on_every_version]
async fn a_call_of_a_method_names_it() {
    let site = SampleSite::start().await;
    let mut config = site.config(json!({}));
    config["methods"] = json!({"frappe.ping": {"description": "Whether it is there.", "write": false}});
    let recorded = Recorded::new(config);
    let _ = call(&recorded.app, "call_method", json!({"method": "frappe.ping"})).await;
    assert_eq!(recorded.lines(&mut 0)[0][3], "frappe.ping");
}

/// The sample site whose customers keep the key of a create.
async fn with_keys() -> SampleSite {
    let site = SampleSite::start().await;
    let field = json!({"doctype": "Custom Field", "dt": "Customer", "fieldname": "idempotency_key", "label": "Key",
        "fieldtype": "Data", "unique": 1});
    site.sandbox.with(|site| site.insert(field.as_object().unwrap().clone())).unwrap();
    site
}

fn customer(territory: &str) -> Value {
    let data = json!({"customer_name": "Twice Ltd", "territory": territory, "customer_group": "Offices", "customer_type": "Company"});
    json!({"data": data, "doctype": "Customer", "idempotency_key": "k-1"})
}

#[on_every_version]
async fn what_a_key_found_is_recorded_as_not_sent() {
    let site = with_keys().await;
    let doctypes = json!({"Customer": all(), "Territory": all(), "Customer Group": all()});
    let recorded = Recorded::new(site.config(json!({"doctypes": doctypes})));
    let (app, mut known) = (&recorded.app, 0);
    let made = call(app, "create_generic_document", customer("South")).await.unwrap();
    recorded.lines(&mut known);
    let again = call(app, "create_generic_document", customer("South")).await.unwrap();
    assert_eq!(again["created"], made["created"]);
    let lines = recorded.lines(&mut known);
    assert_eq!((lines.len(), lines[0][0].as_str()), (1, "ALLOWED"), "{lines:?}");
    assert!(lines[0][4].contains("nothing was sent now"), "{lines:?}");
}

#[on_every_version]
async fn a_key_does_not_name_a_document_out_of_sight() {
    let site = with_keys().await;
    let others = json!({"Territory": all(), "Customer Group": all()});
    let app = |rule: Value| {
        let mut doctypes = others.clone();
        doctypes["Customer"] = rule;
        site.app(doctypes)
    };
    call(&app(all()), "create_generic_document", customer("South")).await.unwrap();
    let before = site.writes();
    let mut rule = all();
    rule["conditions"] = json!({"read": {"territory": ["North"]}});
    let text = crate::support::refusal(&app(rule), "create_generic_document", customer("South")).await;
    assert!(text.contains("was deleted, or is not among those that may be read"), "{text}");
    assert!(!text.contains("Twice"), "{text}");
    assert_eq!(site.writes(), before);
}
