use serde_json::{Value, json};

use super::Desk;

#[on_every_version]
async fn an_invoice_is_mailed_after_it_was_shown_to_whom() {
    let desk = Desk::open().await;
    let invoice = desk.invoice().await;
    let asked = |recipients: Value| {
        json!({"doctype": "Sales Invoice", "name": invoice, "recipients": recipients, "subject": "Your invoice",
            "content": "Dear Ann,\n1 < 2", "cc": ["books@example.com"]})
    };
    let before = desk.site.journal().len();
    for (recipients, told) in [
        (json!(["ann"]), "recipients[0]: \"ann\" is no e-mail address"),
        (json!(["ann@example.com, bob@example.com\nBcc: eve@example.com"]), "is no e-mail address"),
        (json!([]), "recipients: is mandatory"),
    ] {
        let text = desk.refusal("send_document", asked(recipients)).await;
        assert!(text.contains(told), "{text}");
    }
    let mut dry = asked(json!(["ann@example.com"]));
    dry["dry_run"] = json!(true);
    let dry = desk.call("send_document", dry).await;
    assert_eq!((&dry["recipients"], &dry["subject"]), (&json!(["ann@example.com"]), &json!("Your invoice")), "{dry}");
    assert_eq!((&dry["text"], &dry["print"]), (&json!("Dear Ann,\n1 < 2"), &json!("Standard")), "{dry}");
    assert_eq!(desk.journal(before), Vec::<String>::new());

    let mut confirmed = asked(json!(["ann@example.com"]));
    confirmed["confirm"] = json!(true);
    let sent = desk.call("send_document", confirmed).await;
    assert_eq!(sent["queued"], json!(["Not Sent"]), "{sent}");
    assert_eq!(desk.journal(before), ["insert Communication"]);
    let mail = desk.get("Communication", sent["sent"].as_str().unwrap()).await;
    assert_eq!((&mail["recipients"], &mail["reference_name"]), (&json!("ann@example.com"), &json!(invoice)), "{mail}");
}
