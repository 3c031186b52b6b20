//! Files that are values of fields.

use erpnext_sandbox::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::sandbox::{SampleSite, first};
use crate::support::{all, call, refusal};

const ADDRESS: &str = "/private/files/drawing.png";

/// The site's draft order, in whose first row a picture is that was attached to the order.
async fn with_a_picture_in_a_row() -> (SampleSite, String) {
    let site = SampleSite::start().await;
    let order = first(&site.app(json!({"Sales Order": all()})), "Sales Order", json!({"docstatus": 0})).await;
    let row = site.stored("Sales Order", &order).unwrap()["items"][0]["name"].as_str().unwrap().to_owned();
    let doc = |value: Value| value.as_object().unwrap().clone();
    let made = site.sandbox.with(|site| {
        site.insert(doc(json!({"doctype": "File", "file_name": "drawing.png", "file_url": ADDRESS, "is_private": 1,
            "attached_to_doctype": "Sales Order", "attached_to_name": order})))?;
        site.insert(doc(
            json!({"doctype": "Comment", "comment_type": "Attachment", "reference_doctype": "Sales Order",
            "reference_name": order, "content": format!("<a href='{ADDRESS}'>drawing.png</a>")}),
        ))?;
        site.set("Sales Order Item", &row, &doc(json!({"image": ADDRESS})))
    });
    made.unwrap();
    (site, order)
}

fn of(order: &str, more: Value) -> Value {
    let mut given = json!({"doctype": "Sales Order", "name": order});
    given.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    given
}

#[on_every_version]
async fn the_file_of_a_withheld_column_is_neither_listed_nor_read_nor_told_of() {
    let (site, order) = with_a_picture_in_a_row().await;
    let open = site.app(json!({"Sales Order": all()}));
    assert_eq!(call(&open, "list_attachments", of(&order, json!({}))).await.unwrap()["count"], 1);
    let told = call(&open, "get_document_history", of(&order, json!({}))).await.unwrap();
    assert!(told.to_string().contains("drawing.png"), "{told}");

    let mut rule = all();
    rule["restricted_fields"] = json!(["items.image"]);
    let app = site.app(json!({"Sales Order": rule}));
    assert_eq!(call(&app, "list_attachments", of(&order, json!({}))).await.unwrap()["count"], 0);
    let text = refusal(&app, "get_attachment", of(&order, json!({"file": "drawing.png"}))).await;
    assert!(text.contains("has no file"), "{text}");
    call(&app, "attach_file", of(&order, json!({"file_name": "note.txt", "text": "x"}))).await.unwrap();
    let told = call(&app, "get_document_history", of(&order, json!({}))).await.unwrap().to_string();
    assert!(!told.contains("drawing.png") && told.contains("note.txt"), "{told}");
}

#[on_every_version]
async fn a_file_of_which_the_site_does_not_tell_the_field_may_be_of_one_that_is_withheld() {
    let site = SampleSite::start().await;
    let open = site.app(json!({"Item": all()}));
    let item = first(&open, "Item", json!({})).await;
    // The item had it before, and has another picture by now.
    let file = json!({"doctype": "File", "file_name": "old.png", "file_url": "/private/files/old.png", "is_private": 1,
        "attached_to_doctype": "Item", "attached_to_name": item, "attached_to_field": "image"});
    site.sandbox.with(|site| site.insert(file.as_object().unwrap().clone())).unwrap();
    let mut rule = all();
    rule["restricted_fields"] = json!(["image"]);
    let cut = site.app(json!({"Item": rule}));
    let of = json!({"doctype": "Item", "name": item});
    for is_told in [true, false] {
        if !is_told {
            site.sandbox.faults().add(Fault::new(FaultKind::Refusal).path("frappe.client.get_list"));
        }
        assert_eq!(call(&open, "list_attachments", of.clone()).await.unwrap()["count"], 1, "{is_told}");
        assert_eq!(call(&cut, "list_attachments", of.clone()).await.unwrap()["count"], 0, "{is_told}");
    }
}

#[on_every_version]
async fn a_field_takes_no_private_file_of_another_document() {
    let (site, order) = with_a_picture_in_a_row().await;
    let app = site.app(json!({"Customer": all(), "Sales Order": all()}));
    let customer = first(&app, "Customer", json!({})).await;
    let set = |address: &str| json!({"name": customer, "data": {"image": address}});
    let before = site.writes();
    for address in [ADDRESS, "/files/../../private/files/drawing.png"] {
        let text = refusal(&app, "update_customer_document", set(address)).await;
        assert!(text.contains("data.image: is no file of this document; attach_file attaches one"), "{text}");
    }
    let data = json!({"customer_name": "New", "customer_type": "Company", "image": ADDRESS});
    for (tool, given) in [
        ("create_customer_document", json!({"data": data})),
        ("create_bulk_documents", json!({"doctype": "Customer", "documents": [data], "atomic": true})),
    ] {
        let text = refusal(&app, tool, given).await;
        assert!(text.contains("data.image: a new document has no files: create it without"), "{tool}: {text}");
    }
    let file = json!({"file_name": "x.png", "file_url": ADDRESS, "attached_to_doctype": "Customer", "attached_to_name": customer});
    let files = site.app(json!({"File": all(), "Customer": all()}));
    let text = refusal(&files, "create_generic_document", json!({"doctype": "File", "data": file})).await;
    assert!(text.contains("data.file_url: a new document has no files"), "{text}");
    let row = json!({"name": order, "data": {"items": {"patch": [{"idx": 1, "image": "/private/files/other.png"}]}}});
    let text = refusal(&app, "update_sales_order_document", row).await;
    assert!(text.contains("data.items[0].image: is no file of this document"), "{text}");
    assert_eq!(site.writes(), before);
    // What is there stays, and the document's own files are taken.
    let row = json!({"name": order, "data": {"items": {"patch": [{"idx": 1, "image": ADDRESS, "qty": 3}]}}});
    call(&app, "update_sales_order_document", row).await.unwrap();
    let file = json!({"doctype": "Customer", "name": customer, "file_name": "logo.txt", "text": "x"});
    call(&app, "attach_file", file).await.unwrap();
    call(&app, "update_customer_document", set("/private/files/logo.txt")).await.unwrap();
}

#[on_every_version]
async fn a_history_does_not_tell_who_it_was_where_that_is_withheld() {
    let site = SampleSite::start().await;
    let order = first(&site.app(json!({"Sales Order": all()})), "Sales Order", json!({"docstatus": 0})).await;
    let open = site.app(json!({"Sales Order": all()}));
    let update = json!({"name": order, "data": {"po_no": "PO-77"}});
    call(&open, "update_sales_order_document", update).await.unwrap();
    let by = async |rule: Value| {
        let app = site.app(json!({"Sales Order": rule}));
        let told = call(&app, "get_document_history", of(&order, json!({}))).await.unwrap();
        let what = |what: &str| {
            let entry = told["entries"].as_array().unwrap().iter().find(|entry| entry["what"] == what);
            entry.unwrap_or_else(|| panic!("{what}: {told}"))["by"].is_string()
        };
        (what("changed"), what("created"))
    };
    assert_eq!(by(all()).await, (true, true));
    for (field, told) in [("modified_by", (false, true)), ("owner", (true, false))] {
        assert_eq!(by(json!({"read": true, "restricted_fields": [field]})).await, told, "{field}");
    }
}

#[on_every_version]
async fn a_file_is_attached_elsewhere_and_made_public_only_where_it_may_be_read() {
    let site = SampleSite::start().await;
    let rules = |customers: Option<Value>| {
        let mut rules = json!({"ToDo": all(), "File": all()});
        rules.as_object_mut().unwrap().extend(customers.map(|rule| ("Customer".to_owned(), rule)));
        rules
    };
    let open = site.app(rules(Some(all())));
    let customer = first(&open, "Customer", json!({"territory": "South"})).await;
    let file = json!({"doctype": "Customer", "name": customer, "file_name": "a.txt", "text": "x"});
    let file = call(&open, "attach_file", file).await.unwrap()["attached"].clone();
    let task = json!({"doctype": "ToDo", "data": {"description": "mine"}});
    let task = call(&open, "create_generic_document", task).await.unwrap()["created"].clone();
    let update = |data: Value| json!({"doctype": "File", "name": file, "data": data});
    // The sample site has no folders.
    let moved = update(json!({"attached_to_doctype": "ToDo", "attached_to_name": task, "folder": ""}));
    let public = update(json!({"is_private": false, "folder": ""}));
    let (mut some, mut without_files) = (all(), all());
    some["conditions"] = json!({"read": {"territory": ["North"]}});
    without_files["restricted_fields"] = json!(["attachments"]);
    for customers in [None, Some(some), Some(without_files)] {
        let app = site.app(rules(customers));
        let before = site.writes().len();
        for change in [&moved, &public] {
            refusal(&app, "update_generic_document", change.clone()).await;
        }
        assert_eq!(site.writes().len(), before);
    }
    // Whoever makes a File could have it hold what another one does.
    let (mut north, url) = (all(), site.sandbox.url());
    north["conditions"] = json!({"read": {"territory": ["North"]}});
    let app = site.app(rules(Some(north)));
    let before = site.writes().len();
    let mine = |more: Value| {
        let mut data =
            json!({"file_name": "b.txt", "attached_to_doctype": "ToDo", "attached_to_name": task, "folder": ""});
        data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        data
    };
    for more in [
        json!({"file_url": "/private/files/a.txt"}),
        json!({"file_url": format!("{url}/private/files/a.txt")}),
        json!({"file_url": "/files/../../private/files/a.txt"}),
        json!({"file_name": "a.txt", "is_private": true}),
    ] {
        let made = json!({"doctype": "File", "data": mine(more)});
        refusal(&app, "create_generic_document", made).await;
    }
    for more in [json!({}), json!({"is_private": false})] {
        let copied = json!({"doctype": "File", "name": file, "data": mine(more), "save": true});
        let told = refusal(&app, "duplicate_document", copied).await;
        assert!(told.contains("a private file of another document"), "{told}");
    }
    assert_eq!(site.writes().len(), before);
    call(&open, "update_generic_document", moved).await.unwrap();
    let told = call(&open, "list_attachments", json!({"doctype": "ToDo", "name": task})).await.unwrap();
    assert_eq!(told["count"], 1, "{told}");
}
