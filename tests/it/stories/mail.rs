//! An invoice mailed with its print, after it was shown to whom.

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
    let mail = &dry["would_create"];
    assert_eq!((&mail["recipients"], &mail["subject"]), (&json!("ann@example.com"), &json!("Your invoice")), "{dry}");
    assert_eq!((&mail["text"], &mail["print"]), (&json!("Dear Ann,\n1 < 2"), &json!("Standard")), "{dry}");
    // Each is told once.
    for once in ["ann@example.com", "Your invoice", "1 < 2"] {
        assert_eq!(dry.to_string().matches(once).count(), 1, "{once}: {dry}");
    }
    assert_eq!(desk.journal(before), Vec::<String>::new());

    let mut confirmed = asked(json!(["ann@example.com"]));
    confirmed["confirm"] = json!(true);
    let sent = desk.call("send_document", confirmed).await;
    assert_eq!(sent["queued"], json!(["Not Sent"]), "{sent}");
    assert_eq!(desk.journal(before), ["insert Communication"]);
    let mail = desk.get("Communication", sent["sent"].as_str().unwrap()).await;
    assert_eq!((&mail["recipients"], &mail["reference_name"]), (&json!("ann@example.com"), &json!(invoice)), "{mail}");
}

#[on_every_version]
async fn what_became_of_a_mail_is_told_only_where_the_queue_may_be_seen() {
    use crate::sandbox::{SampleSite, first};
    use crate::support::{all, app_of, call};
    let site = SampleSite::start().await;
    for (at, (withheld, is_told)) in
        [(json!([]), true), (json!(["status"]), false), (json!(["communication"]), false)].into_iter().enumerate()
    {
        let queue = json!({"read": true, "restricted_fields": withheld});
        let doctypes = json!({"Sales Invoice": all(), "Communication": all(), "Email Queue": queue});
        let app = app_of(&site.config(json!({"doctypes": doctypes})));
        let name = first(&app, "Sales Invoice", json!({"docstatus": 1})).await;
        let asked = json!({"doctype": "Sales Invoice", "name": name, "recipients": ["ann@example.com"],
            "subject": format!("Your invoice {at}"), "content": "Dear Ann", "confirm": true});
        let sent = call(&app, "send_document", asked).await.unwrap();
        assert_eq!((sent.get("queued").is_some(), sent["note"].is_string()), (is_told, !is_told), "{withheld}: {sent}");
    }
}

#[on_every_version]
async fn what_may_not_be_written_of_a_mail_is_not_sent() {
    use crate::sandbox::{SampleSite, first};
    use crate::support::{all, app_of, refusal};
    let site = SampleSite::start().await;
    let mut invoice = all();
    invoice["print"] = json!(true);
    let mut mail = all();
    mail["restricted_fields"] = json!(["cc"]);
    let app = app_of(&site.config(json!({"doctypes": {"Sales Invoice": invoice, "Communication": mail}})));
    let name = first(&app, "Sales Invoice", json!({"docstatus": 1})).await;
    let mut asked = json!({"doctype": "Sales Invoice", "name": name, "recipients": ["ann@example.com"],
        "subject": "Your invoice", "content": "Dear Ann", "cc": ["books@example.com"], "confirm": true});
    let said = refusal(&app, "send_document", asked.clone()).await;
    assert!(said.contains("does not permit writing cc of Communication"), "{said}");
    assert!(site.writes().is_empty());
    asked.as_object_mut().unwrap().remove("cc");
    crate::support::call(&app, "send_document", asked).await.unwrap();
}
