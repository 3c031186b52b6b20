//! Files of a document: attached, listed, read, deleted, each with the leave that the document needs.

use erpnext_mcp::tool::progress::{Attachment, CallObserver};
use serde_json::{Value, json};

use crate::sandbox::{config, site, site_as};
use crate::support::{app_of, call, refusal};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n-made-up-";

async fn task(app: &erpnext_mcp::app::Connection) -> Value {
    let made = call(app, "create_generic_document", json!({"doctype": "Task", "data": {"subject": "Read the manual"}}));
    json!({"doctype": "Task", "name": made.await.unwrap()["created"]})
}

fn with(of: &Value, more: Value) -> Value {
    let mut arguments = of.clone();
    arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    arguments
}

/// The answer of a tool, and what stands beside it.
async fn seen(app: &erpnext_mcp::app::Connection, tool: &str, arguments: Value) -> (Value, Vec<Attachment>) {
    let watch = CallObserver::default();
    let tool = app.registry().find(tool).unwrap();
    let (answer, _) = app.observed_call(tool, arguments.as_object().unwrap().clone(), None, &watch).await.unwrap();
    (answer, watch.take())
}

#[on_every_version]
async fn a_file_elsewhere_is_called_foreign_and_is_no_link_of_the_site() {
    let (site, app) =
        site(json!({"default": crate::support::all(), "doctypes": {"File": crate::support::all()}})).await;
    let task = task(&app).await;
    let at = site.url();
    let host = at.strip_prefix("http://").unwrap();
    let elsewhere = [
        format!("http://{host}.evil.example/x.txt"),
        format!("http://{host}@evil.example/x.txt"),
        "https://evil.example/x.txt".to_owned(),
    ];
    for address in &elsewhere {
        let data = json!({"file_name": "x.txt", "file_url": address, "attached_to_doctype": "Task", "attached_to_name": task["name"]});
        call(&app, "create_generic_document", json!({"doctype": "File", "data": data})).await.unwrap();
    }
    let listed = call(&app, "list_attachments", task.clone()).await.unwrap();
    let files = listed["attachments"].as_array().unwrap();
    assert_eq!(files.len(), elsewhere.len(), "{listed}");
    for file in files {
        assert!(file.get("link").is_none() && elsewhere.iter().any(|address| file["foreign"] == *address), "{file}");
        let (read, beside) = seen(&app, "get_attachment", with(&task, json!({"file": file["file"]}))).await;
        assert!(read.get("link").is_none() && beside.is_empty(), "{read}");
    }
}

#[on_every_version]
async fn a_file_is_attached_listed_read_and_deleted() {
    let (site, app) = site(json!({"default": crate::support::all()})).await;
    let task = task(&app).await;
    let text = "line one\nä, €\r\n--boundary--\n";
    let attached =
        call(&app, "attach_file", with(&task, json!({"file_name": "note.txt", "text": text}))).await.unwrap();
    assert_eq!((&attached["file_name"], &attached["bytes"]), (&json!("note.txt"), &json!(text.len())));
    assert_eq!(attached["link"], format!("{}/private/files/note.txt", site.url()));
    let picture = json!({"file_name": "pic.png", "base64": "iVBORw0KGgotbWFkZS11cC0="});
    call(&app, "attach_file", with(&task, picture)).await.unwrap();
    let listed = call(&app, "list_attachments", task.clone()).await.unwrap();
    let names: Vec<_> = listed["attachments"].as_array().unwrap().iter().map(|file| &file["file_name"]).collect();
    assert_eq!(names, ["note.txt", "pic.png"]);
    assert_eq!((&listed["count"], &listed["attachments"][0]["bytes"]), (&json!(2), &json!(text.len())));

    let (read, beside) = seen(&app, "get_attachment", with(&task, json!({"file": "note.txt"}))).await;
    assert_eq!((&read["text"], beside), (&json!(text), vec![]));
    let (read, beside) = seen(&app, "get_attachment", with(&task, json!({"file": "pic.png"}))).await;
    assert_eq!((&read["image"], &read["bytes"]), (&json!("image/png"), &json!(PNG.len())));
    let expected = Attachment::Image { kind: "image/png".to_owned(), base64: "iVBORw0KGgotbWFkZS11cC0=".to_owned() };
    assert_eq!(beside, [expected]);

    let delete = with(&task, json!({"file": attached["attached"]}));
    let told = refusal(&app, "delete_attachment", delete.clone()).await;
    assert!(told.contains("confirm_token") && told.contains("Nothing was sent"), "{told}");
    let deleted = call(&app, "delete_attachment", with(&delete, json!({"confirm": true}))).await.unwrap();
    assert_eq!(deleted["deleted"], attached["attached"]);
    let told = refusal(&app, "get_attachment", with(&task, json!({"file": "note.txt"}))).await;
    assert!(told.contains("list_attachments shows those it has"), "{told}");
}

#[on_every_version]
async fn what_is_neither_text_nor_a_picture_is_a_link() {
    let (site, app) = site(json!({"default": crate::support::all()})).await;
    let task = task(&app).await;
    for (name, base64, note) in [("bill.pdf", "JVBERi0xLjcK", "a PDF"), ("raw.bin", "AP8A/w==", "neither text")] {
        call(&app, "attach_file", with(&task, json!({"file_name": name, "base64": base64}))).await.unwrap();
        let (read, beside) = seen(&app, "get_attachment", with(&task, json!({"file": name}))).await;
        assert!(read["note"].as_str().unwrap().starts_with(note), "{read}");
        let uri = format!("{}/private/files/{name}", site.url());
        assert_eq!(beside, [Attachment::Link { uri, name: name.to_owned(), facts: None }]);
    }
}

#[on_every_version]
async fn a_file_needs_the_leave_that_its_document_needs() {
    let (site, app) = site(json!({"default": crate::support::all()})).await;
    let task = task(&app).await;
    call(&app, "attach_file", with(&task, json!({"file_name": "a.txt", "text": "x"}))).await.unwrap();
    let reader = app_of(&config(&site, "administrator", json!({"doctypes": {"Task": {"read": true}}})));
    assert_eq!(call(&reader, "list_attachments", task.clone()).await.unwrap()["count"], 1);
    assert!(reader.registry().find("attach_file").is_none() && reader.registry().find("delete_attachment").is_none());
    let other =
        app_of(&config(&site, "administrator", json!({"doctypes": {"Project": {"read": true, "update": true}}})));
    for (tool, more) in [
        ("list_attachments", json!({})),
        ("get_attachment", json!({"file": "a.txt"})),
        ("attach_file", json!({"file_name": "b.txt", "text": "x"})),
        ("delete_attachment", json!({"file": "a.txt", "confirm": true})),
    ] {
        let told = refusal(&other, tool, with(&task, more)).await;
        assert!(told.contains("not available by this server's configuration"), "{tool}: {told}");
    }
    // The site's own rights count beside ours.
    let (_other_site, nobody) = site_as("nobody", json!({"default": {"read": true}})).await;
    assert!(call(&nobody, "list_attachments", task).await.is_err());
}

#[on_every_version]
async fn the_file_of_a_field_that_is_withheld_is_withheld() {
    let (site, app) = site(json!({"default": crate::support::all()})).await;
    let item = call(&app, "list_generic_documents", json!({"doctype": "Item", "limit": 1})).await.unwrap();
    let item = json!({"doctype": "Item", "name": item["documents"][0]["name"]});
    let made =
        call(&app, "attach_file", with(&item, json!({"file_name": "i.png", "base64": "iVBORw0KGgo="}))).await.unwrap();
    let address = made["link"].as_str().unwrap().strip_prefix(site.url().as_str()).unwrap().to_owned();
    let set = json!({"doctype": "Item", "name": item["name"], "data": {"image": address}});
    call(&app, "update_generic_document", set).await.unwrap();
    assert_eq!(call(&app, "list_attachments", item.clone()).await.unwrap()["count"], 1);
    let rules = json!({"doctypes": {"Item": {"read": true, "update": true, "restricted_fields": ["image"]}}});
    let cut = app_of(&config(&site, "administrator", rules));
    assert_eq!(call(&cut, "list_attachments", item.clone()).await.unwrap()["count"], 0);
    for (tool, more) in [("get_attachment", json!({})), ("delete_attachment", json!({"confirm": true}))] {
        let told = refusal(&cut, tool, with(&with(&item, more), json!({"file": made["attached"]}))).await;
        assert!(told.contains("has no file"), "{told}");
    }
}

#[on_every_version]
async fn a_file_comes_from_exactly_one_place_and_from_open_directories_only() {
    let (site, app) = site(json!({"default": crate::support::all()})).await;
    let task = task(&app).await;
    let before = site.journal().len();
    for (arguments, why) in [
        (json!({"file_name": "a.txt"}), "exactly one of text, base64 and path"),
        (json!({"file_name": "a.txt", "text": "x", "base64": "eA=="}), "exactly one of"),
        (json!({"text": "x"}), "file_name: is mandatory"),
        (json!({"file_name": "../a.txt", "text": "x"}), "is no name of a file"),
        (json!({"file_name": ".htaccess", "text": "x"}), "is no name of a file"),
        (json!({"file_name": "a.bin", "base64": "no base64!"}), "base64: nothing was sent"),
        (json!({"path": "/etc/hostname"}), "opens no directory"),
    ] {
        let told = refusal(&app, "attach_file", with(&task, arguments)).await;
        assert!(told.contains(why), "{told}");
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("open")).unwrap();
    std::fs::write(folder.path().join("open/list.csv"), "a,b\n1,2\n").unwrap();
    std::fs::write(folder.path().join("closed.csv"), "secret").unwrap();
    let mut file = config(&site, "administrator", json!({"default": crate::support::all()}));
    file["attachments"] = json!({"directories": [folder.path().join("open")]});
    let app = app_of(&file);
    let told = refusal(&app, "attach_file", with(&task, json!({"path": folder.path().join("closed.csv")}))).await;
    assert!(told.contains("in or below a directory that this server's configuration opens"), "{told}");
    assert_eq!(site.journal().len(), before);
    let attached = call(&app, "attach_file", with(&task, json!({"path": "list.csv"}))).await.unwrap();
    assert_eq!(attached["file_name"], "list.csv");
    let (read, _) = seen(&app, "get_attachment", with(&task, json!({"file": "list.csv"}))).await;
    assert_eq!(read["text"], "a,b\n1,2\n");
}
