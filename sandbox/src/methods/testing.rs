//! A small site for the tests of methods, and what a real site answered.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use erpnext_schema::Version;
use serde_json::{Value, json};

use super::find;
use crate::doc::Doc;
use crate::error::SiteError;
use crate::meta::Meta;
use crate::perms::User;
use crate::reply::{Body, Reply};
use crate::request::{Request, Upload};
use crate::site::Site;
use crate::store::Store;

#[path = "../../../tests/shared.rs"]
mod shared;

/// A site in memory.
pub struct World {
    store: Store,
    meta: Meta,
}

impl World {
    /// With a customer, an item, a lead with its workflow, and people.
    pub fn new() -> Self {
        let world = Self { store: Store::in_memory(None).unwrap(), meta: Meta::new(Version::V15) };
        super::workflow::add_state(&world.meta);
        for user in ["Administrator", "sales@example.com", "reader@example.com"] {
            world.add("User", json!({"name": user, "email": user, "full_name": user, "enabled": 1}));
        }
        for (doctype, name) in [
            ("Currency", "USD"),
            ("Territory", "North"),
            ("Territory", "South"),
            ("Language", "en"),
            ("Customer Group", "All Customer Groups"),
            ("UOM", "Nos"),
            ("Workflow State", "Open"),
            ("Workflow State", "Approved"),
        ] {
            world.add(doctype, json!({ "name": name }));
        }
        world.add("Company", json!({"name": "Acme Ltd", "default_currency": "USD", "cost_center": "Main - AL"}));
        world.add(
            "Customer",
            json!({
                "name": "Bulk Customer 00000", "customer_name": "Bulk Customer 00000", "customer_group": "All Customer Groups",
                "territory": "North", "language": "en", "customer_type": "Individual",
            }),
        );
        world.add("Item", json!({"name": "SKU001", "item_code": "SKU001", "item_name": "T-shirt", "stock_uom": "Nos"}));
        world.add(
            "Item Price",
            json!({"name": "p", "item_code": "SKU001", "price_list": "Standard Selling", "price_list_rate": 800}),
        );
        world.add("Bin", json!({"name": "b", "item_code": "SKU001", "warehouse": "Stores - AL", "actual_qty": 7.5}));
        world.add(
            "Lead",
            json!({"name": "CRM-LEAD-2026-00007", "lead_name": "Wf", "company_name": "Wf Co", "status": "Lead", "workflow_state": "Open"}),
        );
        world.add(
            "Workflow",
            json!({"name": "Lead Approval", "document_type": "Lead", "is_active": 1, "workflow_state_field": "workflow_state"}),
        );
        for (idx, (action, next)) in [("Approve", "Approved"), ("Reject", "Rejected")].into_iter().enumerate() {
            world.row(
                "Workflow Document State",
                "Workflow",
                "Lead Approval",
                "states",
                json!({"state": next, "doc_status": "0"}),
            );
            let transition = json!({
                "idx": idx + 1, "state": "Open", "action": action, "next_state": next, "allowed": "Sales Manager",
                "allow_self_approval": 1,
            });
            world.row("Workflow Transition", "Workflow", "Lead Approval", "transitions", transition);
        }
        world
    }

    /// Adds a document without any rule.
    pub fn add(&self, doctype: &str, doc: Value) {
        self.as_user("Administrator", |site| {
            let mut row = doc.as_object().unwrap().clone();
            for (key, value) in [("owner", "Administrator"), ("creation", "2026-01-02 03:04:05.678900")] {
                row.insert(key.to_owned(), json!(value));
            }
            row.entry("modified").or_insert(json!("2026-01-02 03:04:05.678900"));
            row.entry("modified_by").or_insert(json!("Administrator"));
            site.db.add_row(site.controller(doctype)?, &row)
        })
        .unwrap();
    }

    /// Adds a row of a document.
    pub fn row(&self, doctype: &str, parenttype: &str, parent: &str, parentfield: &str, row: Value) {
        let mut row = row.as_object().unwrap().clone();
        row.entry("name").or_insert_with(|| json!(format!("{parentfield}-{parent}-{}", row_number())));
        for (key, value) in [("parenttype", parenttype), ("parent", parent), ("parentfield", parentfield)] {
            row.insert(key.to_owned(), json!(value));
        }
        self.add(doctype, Value::Object(row));
    }

    /// A sales order with one row.
    pub fn order(&self, name: &str, docstatus: i64) {
        let status = ["Draft", "To Deliver and Bill", "Cancelled"][usize::try_from(docstatus).unwrap()];
        self.add(
            "Sales Order",
            json!({
                "name": name, "docstatus": docstatus, "status": status, "customer": "Bulk Customer 00000", "company": "Acme Ltd",
                "order_type": "Sales", "price_list_currency": "USD", "conversion_rate": 1, "plc_conversion_rate": 1,
                "currency": "USD", "transaction_date": "2026-11-22", "delivery_date": "2026-12-01", "grand_total": 200,
                "base_grand_total": 200, "territory": "North", "customer_name": "Bulk Customer 00000",
            }),
        );
        let item = json!({"name": format!("row-{name}"), "idx": 1, "docstatus": docstatus, "item_code": "SKU001", "qty": 2, "rate": 100});
        self.row("Sales Order Item", "Sales Order", name, "items", item);
    }

    /// A submitted invoice of a submitted order.
    pub fn invoice(&self, name: &str, order: &str) {
        self.add(
            "Sales Invoice",
            json!({
                "name": name, "docstatus": 1, "status": "Unpaid", "customer": "Bulk Customer 00000", "company": "Acme Ltd",
                "currency": "USD", "posting_date": "2026-11-01", "due_date": "2026-11-01", "base_grand_total": 200,
                "outstanding_amount": 150, "debit_to": "Debtors - AL",
            }),
        );
        let item = json!({"docstatus": 1, "idx": 1, "item_code": "SKU001", "sales_order": order});
        self.row("Sales Invoice Item", "Sales Invoice", name, "items", item);
    }

    /// Works on the site with a user's rights.
    pub fn as_user<T>(&self, user: &str, work: impl FnOnce(&Site<'_>) -> Result<T, SiteError>) -> Result<T, SiteError> {
        let user = person(user);
        self.store.transaction(|db| Ok((work(&Site::new(db, &self.meta, &user))?, true)))
    }

    /// Calls a method as a POST and gives its answer, and what it said beside.
    pub fn send(
        &self,
        user: &str,
        path: &str,
        args: Value,
        files: Vec<Upload>,
    ) -> Result<(Reply, Vec<String>), SiteError> {
        let user = person(user);
        self.store.transaction(|db| {
            let method =
                find(if path.starts_with('/') { "/files" } else { path }).unwrap_or_else(|| panic!("no method {path}"));
            let args = args.as_object().cloned().unwrap_or_default();
            let site = Site::new(db, &self.meta, &user);
            let mut request =
                Request { site, method: "POST", path, args, body: Vec::new(), files, headers: Vec::new() };
            let reply = (method.handler)(&mut request)?;
            let said = request.site.take_messages().into_iter().map(|message| message.text).collect();
            Ok(((reply, said), true))
        })
    }

    /// The JSON body of a method's answer.
    pub fn call(&self, user: &str, path: &str, args: Value) -> Result<Value, SiteError> {
        let (reply, _) = self.send(user, path, args, Vec::new())?;
        match reply.body {
            Body::Json(body) => Ok(Value::Object(body)),
            Body::Bytes("application/json", text) => Ok(serde_json::from_slice(&text).unwrap()),
            Body::Bytes(..) => panic!("{path} answered with bytes"),
        }
    }

    /// The JSON body of a method's answer to Administrator.
    pub fn ask(&self, path: &str, args: Value) -> Value {
        self.call("Administrator", path, args).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// A stored document.
    pub fn stored(&self, doctype: &str, name: &str) -> Doc {
        self.as_user("Administrator", |site| site.load(doctype, name)).unwrap()
    }
}

fn row_number() -> u64 {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

fn person(user: &str) -> User {
    match user {
        "Administrator" => User::administrator(),
        "Guest" => User::guest(),
        user => {
            let role = if user.starts_with("sales") { "Sales User" } else { "All" };
            User { name: user.to_owned(), roles: vec!["All".to_owned(), "Guest".to_owned(), role.to_owned()] }
        }
    }
}

/// The shape of what a real site answered to the request of this label: keys and types, of rows the first.
pub fn recorded(file: &str, label: &str) -> Value {
    let text = std::fs::read_to_string(shared::excerpt().join("shapes.json")).unwrap();
    let mut shapes: Value = serde_json::from_str(&text).unwrap();
    let shape = shapes[format!("{file}: {label}")].take();
    assert!(shape.is_object(), "shapes.json has no {file}: {label}");
    shape
}

/// The keys of an object.
pub fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap_or_else(|| panic!("no object: {value}")).keys().map(String::as_str).collect()
}

/// Compares the keys of a part of the answer with those that the real site sent.
pub fn assert_recorded_keys(answer: &Value, file: &str, label: &str, pointer: &str) {
    let part = |value: &Value| value.pointer(pointer).cloned().unwrap_or_else(|| panic!("no {pointer} in {value}"));
    assert_eq!(keys(&part(answer)), keys(&part(&recorded(file, label))), "{label} at {pointer}");
}
