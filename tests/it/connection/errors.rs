//! What goes wrong on the site: wiremock, for answers that tell too much, are none of ERPNext, or do not come.

use std::time::Duration;

use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::stdio::Server;
use crate::support::{KEY, SECRET, Site, all, config_json, refusal};

const ZOD: &str = "/api/resource/Customer/Zod";

/// An error as a site in developer mode gives it, with everything that must not come through.
fn telling_too_much() -> Value {
    let words = format!("Value for <strong>Territory</strong> is bad; token {KEY}:{SECRET}");
    json!({
        "exception": format!("frappe.exceptions.LinkValidationError: {words}"),
        "exc_type": "LinkValidationError",
        "exc": json!([format!("Traceback (most recent call last):\n  File \"/home/frappe/bench/x.py\"\n{SECRET}")]).to_string(),
        "_server_messages": json!([json!({"message": words, "title": "Message"}).to_string()]).to_string(),
    })
}

#[tokio::test]
async fn a_refusal_of_the_site_is_told_in_its_own_words_with_advice() {
    let site = Site::start().await;
    site.answer("GET", ZOD, 417, telling_too_much()).await;
    let app = site.app(json!({"Customer": all()}));
    let text = refusal(&app, "get_customer_document", json!({"name": "Zod"})).await;
    assert!(text.contains("Value for Territory is bad"), "{text}");
    assert!(text.contains("exc_type: LinkValidationError") && text.contains("\nnext: "), "{text}");
    assert!(!text.contains("Traceback") && !text.contains("<strong>") && !text.contains("bench"), "{text}");
}

#[tokio::test]
async fn neither_key_nor_secret_is_ever_written() {
    let site = Site::start().await;
    site.answer("GET", ZOD, 417, telling_too_much()).await;
    site.answer("POST", "/api/resource/Customer", 500, telling_too_much()).await;
    site.data("PUT", ZOD, json!({"name": "Zod"})).await;
    site.answer("GET", "/api/method/frappe.auth.get_logged_user", 401, telling_too_much()).await;
    let page = ResponseTemplate::new(502).set_body_string(format!("<html><title>{SECRET}</title>{KEY}</html>"));
    site.respond("GET", "/api/resource/Customer", page).await;
    let mut config = config_json(&site.url(), json!({"doctypes": {"Customer": all()}}));
    config["log_level"] = json!("trace");
    let mut server = Server::initialized(&config).await;
    server.error("get_customer_document", json!({"name": "Zod"})).await;
    server.error("create_customer_document", json!({"data": {"customer_name": "Zod"}})).await;
    server.error("update_customer_document", json!({"name": "Zod", "data": {"website": "x"}})).await;
    server.error("list_customer_documents", json!({})).await;
    server.error("test_connection", json!({})).await;
    server.error("get_system_info", json!({})).await;
    server.tools().await;
    let ended = server.end().await;
    for (stream, text) in [("stdout", &ended.stdout), ("stderr", &ended.stderr)] {
        assert!(!text.is_empty(), "{stream}");
        for secret in [KEY, SECRET] {
            assert!(!text.contains(secret), "{secret} in {stream}: {text}");
        }
    }
    assert!(!ended.stdout.contains("Traceback") && !ended.stderr.contains("Traceback"));
}

#[tokio::test]
async fn a_configuration_with_a_bad_key_does_not_show_it() {
    let mut config = config_json("http://127.0.0.1:9", json!({}));
    config["erpnext"]["api_secret"] = json!(format!("{SECRET} and more"));
    let ended = Server::start(&config).end().await;
    assert_eq!(ended.status.code(), Some(1));
    assert!(ended.stderr.contains("api_secret") && !ended.stderr.contains(SECRET), "{}", ended.stderr);
}

#[tokio::test]
async fn what_is_no_answer_of_erpnext_is_called_that() {
    let site = Site::start().await;
    site.respond("GET", ZOD, ResponseTemplate::new(200).set_body_string("<html>Login</html>")).await;
    site.answer("GET", "/api/resource/Customer/List", 200, json!({"data": []})).await;
    site.respond(
        "GET",
        "/api/resource/Customer/Moved",
        ResponseTemplate::new(301).insert_header("location", "https://x/"),
    )
    .await;
    let app = site.app(json!({"Customer": all()}));
    for (name, wanted) in [
        ("Zod", "did not come from ERPNext"),
        ("List", "did not come from ERPNext"),
        ("Moved", "redirects"),
        ("Missing", "did not come from ERPNext"),
    ] {
        let text = refusal(&app, "get_customer_document", json!({"name": name})).await;
        assert!(text.contains(wanted), "{name}: {text}");
    }
}

#[tokio::test]
async fn a_site_that_is_slow_or_gone_is_called_that() {
    let site = Site::start().await;
    let slow = ResponseTemplate::new(200).set_body_json(json!({"data": {}})).set_delay(Duration::from_secs(3));
    site.respond("GET", ZOD, slow).await;
    let mut config = config_json(&site.url(), json!({"doctypes": {"Customer": all()}}));
    config["erpnext"]["timeout"] = json!(1);
    let app = crate::support::app_of(&config);
    let text = refusal(&app, "get_customer_document", json!({"name": "Zod"})).await;
    assert!(text.contains("did not answer in time"), "{text}");
    config["erpnext"]["url"] = json!("http://127.0.0.1:9");
    let app = crate::support::app_of(&config);
    let text = refusal(&app, "get_customer_document", json!({"name": "Zod"})).await;
    assert!(text.contains("cannot be reached"), "{text}");
}
