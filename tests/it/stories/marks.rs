//! What is hung on a document: comments, tags, tasks, shares, followers; and another name for it.

use serde_json::json;

use super::Desk;

#[on_every_version]
async fn what_is_hung_on_a_document_is_there_and_can_be_taken_off() {
    let desk = Desk::open().await;
    let customer = desk.some("Customer", json!({}), 1).await.remove(0);
    let with = |key: &str, value: &str| {
        let mut arguments = json!({"doctype": "Customer", "name": customer});
        arguments[key] = json!(value);
        arguments
    };
    let stored = || async {
        let fields = json!({"doctype": "Comment", "filters": {"reference_name": customer, "comment_type": "Comment"}, "fields": ["content"]});
        desk.call("list_generic_documents", fields).await
    };
    desk.call("add_comment", with("content", "1 < 2\nsecond line")).await;
    assert_eq!(stored().await["documents"][0]["content"], "1 < 2\nsecond line");
    let listed = "to do:\n\n- **pay**\n- <b>call</b>";
    let told = desk.call("add_comment", with("content", listed)).await;
    assert!(told["commented"].as_str().unwrap().contains("- **pay**"), "{told}");
    let comments = stored().await;
    let mut texts =
        comments["documents"].as_array().unwrap().iter().map(|comment| comment["content"].as_str().unwrap());
    let is_read = |text: &str| text.contains("- **pay**\n- \\<b>call\\</b>");
    assert!(texts.any(is_read), "{comments}");
    let assigned = desk.call("assign_document", with("user", "sales@example.com")).await;
    assert_eq!(assigned["assigned_to"], json!(["sales@example.com"]));
    let again = desk.call("assign_document", with("user", "sales@example.com")).await;
    assert!(again["messages"][0].as_str().unwrap().contains("Already"), "{again}");
    let taken = desk.call("unassign_document", with("user", "sales@example.com")).await;
    assert_eq!(taken["assigned_to"], json!([]));
    // By the name that people say.
    let assigned = desk.call("assign_document", with("user", "Ines Duarte")).await;
    assert_eq!(assigned["assigned_to"], json!(["ines@alderway.example"]));
    for tool in ["assign_document", "unassign_document", "share_document"] {
        let text = desk.refusal(tool, with("user", "Ines")).await;
        let meant = "user: there is no User named \"Ines\"; did you mean \"ines@alderway.example\"";
        assert!(text.contains(meant), "{tool}: {text}");
    }
    desk.call("tag_document", with("tag", "vip")).await;
    assert_eq!(desk.some("Tag Link", json!({"document_name": customer}), 5).await.len(), 1);
    desk.call("untag_document", with("tag", "vip")).await;
    assert_eq!(desk.some("Tag Link", json!({"document_name": customer}), 5).await.len(), 0);
    desk.call("share_document", with("user", "reader@example.com")).await;
    assert_eq!(desk.some("DocShare", json!({"share_name": customer}), 5).await.len(), 1);
    let text = desk.refusal("follow_document", json!({"doctype": "Customer", "name": customer})).await;
    assert!(text.contains("Administrator does not follow"), "{text}");
}

#[on_every_version]
async fn nothing_is_hung_on_a_document_that_is_not_there() {
    let desk = Desk::open().await;
    let before = desk.site.journal().len();
    for (tool, key) in [("add_comment", "content"), ("tag_document", "tag"), ("assign_document", "user")] {
        let mut arguments = json!({"doctype": "Customer", "name": "No Such Customer"});
        arguments[key] = json!("x");
        let text = desk.refusal(tool, arguments).await;
        assert!(text.contains("No Such Customer") || text.contains("no such document"), "{text}");
    }
    assert_eq!(desk.journal(before), Vec::<String>::new());
}

#[on_every_version]
async fn a_renamed_document_is_found_by_its_new_name_and_never_merged() {
    let desk = Desk::open().await;
    let customers = desk.some("Customer", json!({}), 2).await;
    let rename = |to: &str| json!({"doctype": "Customer", "name": customers[0], "new_name": to});
    let text = desk.refusal("rename_document", rename(&customers[1])).await;
    assert!(text.contains("never merged"), "{text}");
    let answer = desk.call("rename_document", rename("A New Name")).await;
    assert_eq!(answer["renamed"], json!({"from": customers[0], "to": "A New Name"}));
    assert_eq!(desk.get("Customer", "A New Name").await["name"], "A New Name");
    let invoice = desk.invoice().await;
    let text =
        desk.refusal("rename_document", json!({"doctype": "Sales Invoice", "name": invoice, "new_name": "x"})).await;
    assert!(text.contains("does not let its documents be renamed"), "{text}");
}
