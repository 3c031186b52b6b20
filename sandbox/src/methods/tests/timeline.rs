use serde_json::json;

use crate::methods::testing::{World, assert_recorded_keys, keys, recorded};
use crate::reply::Body;
use crate::request::Upload;

#[test]
fn a_comment_is_answered_as_a_document_and_stands_in_the_docinfo() {
    let world = World::new();
    world.order("SO-1", 1);
    let args = json!({
        "reference_doctype": "Sales Order", "reference_name": "SO-1", "content": "hello", "comment_email": "Administrator",
        "comment_by": "Administrator",
    });
    let answer = world.ask("frappe.desk.form.utils.add_comment", args);
    assert_recorded_keys(&answer, "verbs", "add_comment", "/message");
    let info = world.ask("frappe.desk.form.load.get_docinfo", json!({"doctype": "Sales Order", "name": "SO-1"}));
    assert_recorded_keys(&info, "verbs", "get_docinfo", "/docinfo");
    assert_recorded_keys(&info, "verbs", "get_docinfo", "/docinfo/permissions");
    assert_recorded_keys(&info, "verbs", "get_docinfo", "/docinfo/user_info/Administrator");
    let comments = info["docinfo"]["comments"].as_array().unwrap();
    assert_eq!((comments.len(), &comments[0]["content"]), (1, &json!("hello")));
    assert_eq!(keys(&comments[0]), keys(&recorded("verbs", "get_docinfo")["docinfo"]["info_logs"][0]));
}

#[test]
fn an_assignment_makes_one_todo_and_removing_it_leaves_none() {
    let world = World::new();
    world.order("SO-1", 1);
    let add =
        json!({"doctype": "Sales Order", "name": "SO-1", "assign_to": "[\"sales@example.com\"]", "description": "x"});
    let answer = world.ask("frappe.desk.form.assign_to.add", add.clone());
    assert_recorded_keys(&answer, "verbs", "assign_to.add", "/message/0");
    assert_eq!(answer["message"][0]["owner"], "sales@example.com");
    assert_eq!(world.ask("frappe.desk.form.assign_to.add", add)["message"].as_array().unwrap().len(), 1);
    let info = world.ask("frappe.desk.form.load.get_docinfo", json!({"doctype": "Sales Order", "name": "SO-1"}));
    assert_eq!(info["docinfo"]["assignments"][0]["status"], "Open");
    let remove = json!({"doctype": "Sales Order", "name": "SO-1", "assign_to": "sales@example.com"});
    assert_eq!(world.ask("frappe.desk.form.assign_to.remove", remove), json!({"message": []}));
}

#[test]
fn a_tag_is_added_once_and_its_removal_answers_nothing() {
    let world = World::new();
    let args = json!({"tag": "vip", "dt": "Customer", "dn": "Bulk Customer 00000"});
    let tags = || {
        let info = world
            .ask("frappe.desk.form.load.get_docinfo", json!({"doctype": "Customer", "name": "Bulk Customer 00000"}));
        info["docinfo"]["tags"].clone()
    };
    world.ask("frappe.desk.doctype.tag.tag.add_tag", args.clone());
    assert_eq!(world.ask("frappe.desk.doctype.tag.tag.add_tag", args.clone()), json!({"message": "vip"}));
    assert_eq!(tags(), "vip");
    assert_eq!(world.ask("frappe.desk.doctype.tag.tag.remove_tag", args), json!({}));
    assert_eq!(tags(), "");
}

#[test]
fn a_change_leaves_a_version_that_tells_it() {
    let world = World::new();
    let change =
        json!({"doctype": "Customer", "name": "Bulk Customer 00000", "fieldname": "territory", "value": "South"});
    world.ask("frappe.client.set_value", change);
    let info =
        world.ask("frappe.desk.form.load.get_docinfo", json!({"doctype": "Customer", "name": "Bulk Customer 00000"}));
    assert_recorded_keys(&info, "verbs", "get_docinfo", "/docinfo/versions/0");
    let data = info["docinfo"]["versions"][0]["data"].as_str().unwrap();
    assert!(data.contains(r#""changed":[["territory","North","South"]]"#), "{data}");
}

fn upload(world: &World, name: &str, bytes: &[u8], args: serde_json::Value) -> serde_json::Value {
    let file = Upload { field: "file".to_owned(), filename: name.to_owned(), bytes: bytes.to_vec() };
    let (reply, _) = world.send("Administrator", "upload_file", args, vec![file]).unwrap();
    match reply.body {
        Body::Json(body) => body["message"].clone(),
        Body::Bytes(..) => panic!("bytes"),
    }
}

#[test]
fn an_uploaded_file_is_answered_as_recorded_and_read_back_by_its_address() {
    let world = World::new();
    let attached = json!({"is_private": "1", "doctype": "Customer", "docname": "Bulk Customer 00000"});
    let file = upload(&world, "note.txt", b"hello file", attached);
    assert_recorded_keys(&json!({ "message": file }), "verbs", "upload_file", "/message");
    assert_eq!(file["file_url"], "/private/files/note.txt");
    assert_eq!(file["content_hash"], "cf0be5077e7ed25a944c353d77df0f10");
    let (reply, _) = world.send("Administrator", "/private/files/note.txt", json!({}), Vec::new()).unwrap();
    assert_eq!(reply.body, Body::Bytes("text/plain; charset=utf-8", b"hello file".to_vec()));
    for stranger in ["Guest", "reader@example.com"] {
        let error = world.send(stranger, "/private/files/note.txt", json!({}), Vec::new()).unwrap_err();
        assert_eq!(error.exc.status, 403, "{stranger}");
    }
}

#[test]
fn the_same_bytes_share_an_address_and_other_bytes_of_the_same_name_do_not() {
    let world = World::new();
    let public = || json!({"is_private": 0});
    assert_eq!(upload(&world, "hello.txt", b"hello", public())["file_url"], "/files/hello.txt");
    assert_eq!(upload(&world, "t.txt", b"hello", public())["file_url"], "/files/hello.txt");
    assert_eq!(upload(&world, "hello.txt", b"other", public())["file_url"], "/files/hello6c9eaf.txt");
    let (reply, _) = world.send("Guest", "/files/hello.txt", json!({}), Vec::new()).unwrap();
    assert_eq!(reply.body, Body::Bytes("text/plain; charset=utf-8", b"hello".to_vec()));
}
