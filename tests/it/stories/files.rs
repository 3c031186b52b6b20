//! A supplier's bill as a file of its document.

use serde_json::{Value, json};

use super::Desk;

#[on_every_version]
async fn a_supplier_bill_is_attached_looked_at_and_taken_off() {
    let desk = Desk::open().await;
    let invoice = desk.some("Purchase Invoice", json!({}), 1).await.remove(0);
    let of = |more: Value| {
        let mut arguments = json!({"doctype": "Purchase Invoice", "name": invoice});
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        arguments
    };
    desk.call("attach_file", of(json!({"file_name": "bill.txt", "text": "Total 12.50"}))).await;
    desk.call("attach_file", of(json!({"file_name": "scan.png", "base64": "iVBORw0KGgo="}))).await;
    desk.call("attach_file", of(json!({"file_name": "bill.pdf", "base64": "JVBERi0xLjcK"}))).await;
    assert_eq!(desk.call("get_attachment", of(json!({"file": "bill.txt"}))).await["text"], "Total 12.50");
    let scan = desk.result("get_attachment", of(json!({"file": "scan.png"}))).await;
    assert_eq!(scan["content"][1], json!({"type": "image", "data": "iVBORw0KGgo=", "mimeType": "image/png"}));
    let bill = desk.result("get_attachment", of(json!({"file": "bill.pdf"}))).await;
    let link = json!({"type": "resource_link", "uri": format!("{}/private/files/bill.pdf", desk.site.url()), "name": "bill.pdf"});
    assert_eq!(bill["content"][1], link);
    let shown = desk.call("delete_attachment", of(json!({"file": "bill.pdf"}))).await;
    let confirmed = json!({"file": "bill.pdf", "confirm_token": shown["confirm_token"]});
    desk.call("delete_attachment", of(confirmed)).await;
    assert_eq!(desk.call("list_attachments", of(json!({}))).await["count"], 2);
}
