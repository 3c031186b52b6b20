//! A whole login, and what stands around it.

use erpnext_test::on_every_version;
use serde_json::{Value, json};

use super::{Lifetimes, ORIGIN, REDIRECT, Scene, answered, location, onward, parameter};
use crate::http::data;
use crate::http::sdks::{DOCUMENT, documents};

#[on_every_version]
async fn somebody_signs_in_in_the_browser_and_works_as_themselves() {
    let scene = Scene::start().await;
    let nobody = scene.served.post("/mcp", &crate::http::message("ping", json!({}))).send().await.unwrap();
    assert_eq!(nobody.status(), 401);
    let challenge = nobody.headers()["www-authenticate"].to_str().unwrap().to_owned();
    let told = format!("resource_metadata=\"{ORIGIN}/.well-known/oauth-protected-resource/mcp\"");
    assert!(challenge.contains(&told) && challenge.contains("erpnext:read"), "{challenge}");
    let (client, tokens) = scene.signed_in("erpnext:submit", "sales@example.com").await;
    assert_eq!(tokens["scope"], "erpnext:read erpnext:write erpnext:submit");
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("Bearer"), &json!(3600)));
    let who: Value = scene.call(&tokens, "/mcp", "test_connection", json!({})).await.json().await.unwrap();
    assert_eq!(data(&who)["user"], "sales@example.com");
    let made = json!({"data": {"lead_name": "By OAuth"}});
    let made: Value = scene.call(&tokens, "/mcp", "create_lead_document", made).await.json().await.unwrap();
    assert!(data(&made)["created"].is_string(), "{made}");
    let (status, next) = answered(scene.refresh(&client, &tokens)).await;
    assert_eq!((status, scene.status(&next).await), (200, 200), "{next}");
    assert!(scene.audit().contains("\"via\":\"oauth Tests\""));
}

#[tokio::test]
async fn somebody_signs_in_through_a_client_that_keeps_a_document_of_itself() {
    let fetched = documents().await;
    let scene = Scene::at(ORIGIN, "127.0.0.1:0", |endpoint| endpoint.with_documents(fetched), |_| {}).await;
    let page = scene.authorize(DOCUMENT, &[]).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("By its document"), "{page}");
    let code = scene.code(DOCUMENT).await;
    let (status, tokens) = answered(scene.redeem(DOCUMENT, &code, &[])).await;
    assert_eq!((status, scene.status(&tokens).await), (200, 200), "{tokens}");
    let (status, next) = answered(scene.refresh(DOCUMENT, &tokens)).await;
    assert_eq!((status, scene.status(&next).await), (200, 200), "{next}");
    assert!(scene.audit().contains("\"via\":\"oauth By its document\""));
}

#[tokio::test]
async fn clients_find_everything_by_the_address_alone() {
    let scene = Scene::start().await;
    for (path, resource) in [
        ("/.well-known/oauth-protected-resource", "/mcp"),
        ("/.well-known/oauth-protected-resource/mcp", "/mcp"),
        ("/.well-known/oauth-protected-resource/mcp/readonly", "/mcp/readonly"),
    ] {
        let (status, told) = answered(scene.get(path)).await;
        assert_eq!((status, &told["resource"]), (200, &json!(format!("{ORIGIN}{resource}"))));
        assert_eq!(told["authorization_servers"], json!([ORIGIN]));
    }
    let (_, server) = answered(scene.get("/.well-known/oauth-authorization-server")).await;
    assert_eq!(server["issuer"], ORIGIN);
    assert_eq!(server["code_challenge_methods_supported"], json!(["S256"]));
    for end in ["authorization", "token", "registration", "revocation"] {
        assert!(server[format!("{end}_endpoint")].as_str().unwrap().starts_with(ORIGIN));
    }
    for path in ["/.well-known/oauth-protected-resource/key/mcp", "/.well-known/oauth-protected-resource/mcp/north"] {
        assert_eq!(scene.get(path).send().await.unwrap().status(), 404, "{path}");
    }
    let key = scene.served.post("/key/mcp", &crate::http::message("ping", json!({}))).send().await.unwrap();
    assert!(!key.headers()["www-authenticate"].to_str().unwrap().contains("resource_metadata"));
}

#[tokio::test]
async fn who_brings_nothing_is_told_every_way_to_sign_in_there() {
    let own_keys = |config: &mut Value| config["sign_in"]["own_keys"] = json!(true);
    let scene = Scene::with(Lifetimes::default(), own_keys).await;
    for (path, words) in [("/mcp", "connect this address"), ("/key/mcp", "without /key")] {
        let (status, told) =
            crate::http::refused(scene.served.post(path, &crate::http::message("ping", json!({})))).await;
        assert_eq!(status, 401);
        assert!(told.contains("token KEY:SECRET") && told.contains("OAuth") && told.contains(words), "{path}: {told}");
    }
}

#[tokio::test]
async fn the_answer_names_its_issuer_and_carries_the_state() {
    let scene = Scene::start().await;
    let client = scene.register("http://127.0.0.1/callback").await;
    let to = scene.through_the_site(&client, "erpnext:read", "sales@example.com").await;
    assert!(to.starts_with(&format!("{REDIRECT}?")), "any port of the person's own machine: {to}");
    assert_eq!((parameter(&to, "iss"), parameter(&to, "state")), (ORIGIN.to_owned(), "the-state".to_owned()));
}

#[tokio::test]
async fn a_person_gives_less_than_was_asked_for_or_nothing() {
    let scene = Scene::start().await;
    let (_, tokens) = scene.signed_in("erpnext:read", "sales@example.com").await;
    assert_eq!(tokens["scope"], "erpnext:read");
    // More than was asked for is not given.
    let client = scene.register(REDIRECT).await;
    let page = scene.page(&client, &[("scope", "erpnext:read")]).await;
    let (site, cookie) = scene.consent(&page, "erpnext:submit").await;
    let back = scene.at_the_site(&site, "sales@example.com").await;
    let to = location(&scene.get(&back).header("cookie", cookie).send().await.unwrap());
    let (_, tokens) = answered(scene.redeem(&client, &parameter(&to, "code"), &[])).await;
    assert_eq!(tokens["scope"], "erpnext:read");
    let page = scene.page(&client, &[]).await;
    let refused = scene.form("/oauth/consent", &[("request", &page.request), ("decision", "deny")]);
    let to = onward(refused.header("cookie", page.cookie).send().await.unwrap()).await;
    assert_eq!((parameter(&to, "error"), parameter(&to, "iss")), ("access_denied".to_owned(), ORIGIN.to_owned()));
}

#[on_every_version]
async fn what_a_scope_does_not_hold_is_told_before_anything_is_done() {
    let scene = Scene::start().await;
    let (_, reader) = scene.signed_in("erpnext:read", "sales@example.com").await;
    let (_, writer) = scene.signed_in("erpnext:write", "sales@example.com").await;
    let lead = json!({"data": {"lead_name": "None"}});
    let through = json!({"tool": "create_lead_document", "arguments": lead});
    for (tokens, tool, arguments, scope) in [
        (&reader, "create_lead_document", lead, "\"erpnext:read erpnext:write\""),
        (&reader, "call_tool", through, "\"erpnext:read erpnext:write\""),
        (&writer, "submit_sales_order_document", json!({"name": "x"}), "\"erpnext:read erpnext:write erpnext:submit\""),
    ] {
        let answer = scene.call(tokens, "/mcp", tool, arguments).await;
        assert_eq!(answer.status(), 403, "{tool}");
        let told = answer.headers()["www-authenticate"].to_str().unwrap();
        assert!(told.contains("insufficient_scope") && told.contains(scope), "{tool}: {told}");
    }
    // Each has its line, as any call that is not permitted.
    let audit = scene.audit();
    let lines = audit.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let denied = lines.filter(|line| line["result"] == "DENIED");
    let denied: Vec<_> =
        denied.map(|line| json!([line["tool"], line["document"], line["fields"], line["user"]])).collect();
    let create = json!(["create_lead_document", null, ["lead_name"], "sales@example.com"]);
    let submit = json!(["submit_sales_order_document", "x", null, "sales@example.com"]);
    assert_eq!(denied, [create.clone(), create, submit]);
    assert!(!scene.site.writes().iter().any(|write| write.contains(" Lead ")));
    assert_eq!(scene.status(&reader).await, 200);
    let lead = json!({"data": {"lead_name": "Some"}});
    assert_eq!(scene.call(&writer, "/mcp", "create_lead_document", lead).await.status(), 200);
}

#[tokio::test]
async fn the_sites_token_is_renewed_once_when_it_is_due() {
    let scene = Scene::start().await;
    scene.site.sandbox.oauth().lives(30);
    let (_, tokens) = scene.signed_in("erpnext:submit", "sales@example.com").await;
    scene.site.sandbox.oauth().lives(3600);
    let before = scene.site.sandbox.oauth().tokens().len();
    let calls = (0..8).map(|_| scene.status(&tokens));
    assert_eq!(futures_util::future::join_all(calls).await, [200; 8]);
    assert_eq!(scene.site.sandbox.oauth().tokens().len(), before + 1);
}

#[tokio::test]
async fn a_token_that_is_over_gets_401_and_can_be_renewed() {
    let lifetimes = Lifetimes { access: std::time::Duration::ZERO, ..Lifetimes::default() };
    let scene = Scene::with(lifetimes, |_| {}).await;
    let (client, tokens) = scene.signed_in("erpnext:submit", "sales@example.com").await;
    let over = scene.call(&tokens, "/mcp", "test_connection", json!({})).await;
    assert_eq!(over.status(), 401);
    assert!(over.headers()["www-authenticate"].to_str().unwrap().contains("invalid_token"));
    assert_eq!(answered(scene.refresh(&client, &tokens)).await.0, 200);
}
