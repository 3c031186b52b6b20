//! Tokens after the login: whose they are, what for, until when, and that the site's are nobody's.

use erpnext_sandbox::{Fault, FaultKind};
use erpnext_test::on_every_version;
use serde_json::{Value, json};

use super::{Scene, answered};

#[on_every_version]
async fn a_disabled_user_gets_no_token_any_more() {
    let scene = Scene::start().await;
    let (client, tokens) = scene.signed_in("erpnext:submit", "sales@example.com").await;
    scene.disable("sales@example.com");
    let (status, told) = answered(scene.refresh(&client, &tokens)).await;
    assert_eq!((status, &told["error"]), (400, &json!("invalid_grant")));
    assert_eq!(scene.status(&tokens).await, 401);
    let client = scene.register(super::REDIRECT).await;
    assert_eq!(scene.out_in_the_middle(&client, "reader@example.com").await, "access_denied");
}

#[tokio::test]
async fn a_refresh_token_that_comes_again_ends_all_of_its_tokens() {
    let lifetimes = super::Lifetimes { grace: std::time::Duration::ZERO, ..super::Lifetimes::default() };
    let scene = Scene::with(lifetimes, |_| {}).await;
    let (client, first) = scene.signed_in("erpnext:submit", "sales@example.com").await;
    let (status, second) = answered(scene.refresh(&client, &first)).await;
    assert_eq!((status, scene.status(&second).await), (200, 200));
    let (status, told) = answered(scene.refresh(&client, &first)).await;
    assert_eq!((status, &told["error"]), (400, &json!("invalid_grant")));
    assert_eq!((scene.status(&first).await, scene.status(&second).await), (401, 401));
    assert_eq!(answered(scene.refresh(&client, &second)).await.0, 400);
    // Those of another login go on.
    let (client, other) = scene.signed_in("erpnext:submit", "sales@example.com").await;
    let stranger = scene.register(super::REDIRECT).await;
    assert_eq!(answered(scene.refresh(&stranger, &other)).await.1["error"], "invalid_grant");
    assert_eq!(answered(scene.refresh(&client, &other)).await.0, 200);
}

#[tokio::test]
async fn a_grant_keeps_two_access_tokens_and_knows_every_refresh_token_of_its_own() {
    let scene = Scene::start().await;
    let (client, first) = scene.signed_in("erpnext:submit", "sales@example.com").await;
    let (_, second) = answered(scene.refresh(&client, &first)).await;
    let (_, third) = answered(scene.refresh(&client, &second)).await;
    assert_eq!((scene.status(&first).await, scene.status(&second).await), (401, 200));
    assert_eq!(scene.status(&third).await, 200);
    // However old it is: that it comes again means that two have it.
    assert_eq!(answered(scene.refresh(&client, &first)).await.1["error"], "invalid_grant");
    assert_eq!((scene.status(&second).await, scene.status(&third).await), (401, 401));
    let made_up = json!({"refresh_token": format!("{}x", third["refresh_token"].as_str().unwrap())});
    assert_eq!(answered(scene.refresh(&client, &made_up)).await.1["error"], "invalid_grant");
}

#[tokio::test]
async fn a_person_has_twenty_logins_and_another_one_ends_their_oldest() {
    let scene = Scene::start().await;
    let (_, of_another) = scene.signed_in("erpnext:read", "other@example.com").await;
    let mut logins = Vec::new();
    for _ in 0..21 {
        logins.push(scene.signed_in("erpnext:read", "sales@example.com").await.1);
    }
    assert_eq!((scene.status(&logins[0]).await, scene.status(&logins[1]).await), (401, 200));
    assert_eq!((scene.status(&logins[20]).await, scene.status(&of_another).await), (200, 200));
}

#[tokio::test]
async fn a_refresh_token_that_comes_again_at_once_gives_its_client_the_pair() {
    let scene = Scene::start().await;
    let (client, first) = scene.signed_in("erpnext:submit", "sales@example.com").await;
    let (_, lost) = answered(scene.refresh(&client, &first)).await;
    let asked = scene.site.sandbox.oauth().tokens().len();
    let stranger = scene.register(super::REDIRECT).await;
    assert_eq!(answered(scene.refresh(&stranger, &first)).await.1["error"], "invalid_grant");
    let (status, again) = answered(scene.refresh(&client, &first)).await;
    assert_eq!((status, scene.status(&again).await), (200, 200), "{again}");
    assert_eq!(scene.site.sandbox.oauth().tokens().len(), asked, "the site is not asked again");
    let (_, next) = answered(scene.refresh(&client, &again)).await;
    assert_eq!(scene.status(&next).await, 200);
    // The other of the pair is as old as the one that was used: it comes at once too.
    assert_eq!(answered(scene.refresh(&client, &lost)).await.0, 200);
    assert_eq!(answered(scene.refresh(&client, &first)).await.1["error"], "invalid_grant");
    assert_eq!(scene.status(&next).await, 401);
}

#[tokio::test]
async fn a_client_that_leaves_in_the_midst_of_a_refresh_gets_the_pair_when_it_comes_again() {
    let scene = Scene::start().await;
    let (client, tokens) = scene.signed_in("erpnext:submit", "sales@example.com").await;
    // The site has given its pair, and is asked about the user.
    let slow = Fault::new(FaultKind::Latency(1_000)).path("/api/resource/User/").times(1);
    scene.site.sandbox.faults().add(slow);
    let patience = std::time::Duration::from_millis(400);
    assert!(tokio::time::timeout(patience, scene.refresh(&client, &tokens).send()).await.is_err());
    let (status, again) = answered(scene.refresh(&client, &tokens)).await;
    assert_eq!((status, scene.status(&again).await), (200, 200), "{again}");
    assert_eq!(scene.site.sandbox.oauth().tokens().len(), 2, "one of the login, one of the refresh");
}

#[tokio::test]
async fn what_is_revoked_ends_here_and_at_the_site() {
    let scene = Scene::start().await;
    let (client, tokens) = scene.signed_in("erpnext:submit", "sales@example.com").await;
    for token in ["refresh_token", "access_token"] {
        let (other, theirs) = scene.signed_in("erpnext:read", "other@example.com").await;
        let revoke = [("token", theirs[token].as_str().unwrap()), ("client_id", &other)];
        assert_eq!(answered(scene.form("/oauth/revoke", &revoke)).await.0, 200);
        assert_eq!(scene.status(&theirs).await, 401, "{token}");
    }
    let made_up = [("token", "none"), ("client_id", client.as_str())];
    assert_eq!(answered(scene.form("/oauth/revoke", &made_up)).await.0, 200);
    assert_eq!(scene.status(&tokens).await, 200);
    // Nobody waits for the site.
    let tokens = || scene.site.sandbox.oauth().tokens();
    scene.until(|| tokens().iter().filter(|(.., is_active)| !is_active).count() == 2).await;
}

#[tokio::test]
async fn calls_under_way_keep_the_sites_token_until_the_renewal_after_the_next() {
    let scene = Scene::start().await;
    let (client, first) = scene.signed_in("erpnext:submit", "sales@example.com").await;
    let active = || scene.site.sandbox.oauth().tokens().iter().map(|(.., active)| *active).collect::<Vec<_>>();
    let (_, second) = answered(scene.refresh(&client, &first)).await;
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert_eq!(active(), [true, true]);
    let (_, third) = answered(scene.refresh(&client, &second)).await;
    scene.until(|| active() == [false, true, true]).await;
    let revoke = [("token", third["access_token"].as_str().unwrap())];
    assert_eq!(answered(scene.form("/oauth/revoke", &revoke)).await.0, 200);
    scene.until(|| active() == [false, false, false]).await;
}

#[tokio::test]
async fn the_sites_tokens_of_a_login_that_nobody_redeems_end_with_its_code() {
    let lifetimes = super::Lifetimes { code: std::time::Duration::from_secs(3), ..super::Lifetimes::default() };
    let scene = Scene::with(lifetimes, |_| {}).await;
    let client = scene.register(super::REDIRECT).await;
    let active = || scene.site.sandbox.oauth().tokens().iter().map(|(.., active)| *active).collect::<Vec<_>>();
    let (code, other) = (scene.code(&client).await, scene.code(&client).await);
    let (status, tokens) = answered(scene.redeem(&client, &other, &[])).await;
    assert_eq!((status, active()), (200, vec![true, true]));
    scene.until(|| active() == [false, true]).await;
    assert_eq!(answered(scene.redeem(&client, &code, &[])).await.1["error"], "invalid_grant");
    // One that was redeemed is still known, should it come again.
    assert_eq!(scene.status(&tokens).await, 200);
    assert_eq!(scene.out_in_the_middle(&client, "sales@example.com").await, "access_denied");
    scene.until(|| active() == [false, true, false]).await;
}

#[on_every_version]
async fn two_clients_of_one_person_stand_apart() {
    let scene = Scene::start().await;
    let (one, ones) = scene.signed_in("erpnext:read", "sales@example.com").await;
    let (other, others) = scene.signed_in("erpnext:submit", "sales@example.com").await;
    assert_eq!((&ones["scope"], others["scope"] == ones["scope"]), (&json!("erpnext:read"), false));
    // Neither renews or takes back what is the other's.
    assert_eq!(answered(scene.refresh(&one, &others)).await.1["error"], "invalid_grant");
    let foreign = [("token", others["access_token"].as_str().unwrap()), ("client_id", &one)];
    assert_eq!(answered(scene.form("/oauth/revoke", &foreign)).await.0, 200);
    assert_eq!(scene.status(&others).await, 200);
    let own = [("token", ones["access_token"].as_str().unwrap()), ("client_id", &one)];
    assert_eq!(answered(scene.form("/oauth/revoke", &own)).await.0, 200);
    assert_eq!((scene.status(&ones).await, scene.status(&others).await), (401, 200));
    // Out on the site is out through each of them.
    scene.disable("sales@example.com");
    assert_eq!(answered(scene.refresh(&other, &others)).await.1["error"], "invalid_grant");
    assert_eq!(scene.status(&others).await, 401);
}

#[tokio::test]
async fn a_token_of_the_site_or_for_another_endpoint_is_none_here() {
    let scene = Scene::start().await;
    let (_, tokens) = scene.signed_in("erpnext:submit", "sales@example.com").await;
    let (of_the_site, ..) = scene.site.sandbox.oauth().tokens().remove(0);
    assert_eq!(scene.status(&json!({"access_token": of_the_site})).await, 401);
    assert_eq!(scene.status(&json!({"access_token": tokens["refresh_token"]})).await, 401);
    assert_eq!(scene.call(&tokens, "/key/mcp", "test_connection", json!({})).await.status(), 401);
    assert_eq!(scene.call(&tokens, "/mcp/readonly", "test_connection", json!({})).await.status(), 200);
    // Another server, with the same site and another address.
    let other = Scene::start().await;
    assert_eq!(other.status(&tokens).await, 401);
}

#[tokio::test]
async fn a_token_of_one_site_is_none_at_another() {
    let south = crate::sandbox::SampleSite::start().await;
    let scene = Scene::with(super::Lifetimes::default(), |config| {
        let mut of = south.config(json!({"doctypes": {}}))["erpnext"].clone();
        of["permissions"] = json!({"doctypes": {"Lead": crate::support::all()}});
        of["sign_in"] = config["sign_in"].clone();
        of["sign_in"]["oauth"]["url"] = json!("https://mcp.example.com/mcp/south");
        config["sites"] = json!({"south": of});
    })
    .await;
    let (_, tokens) = scene.signed_in("erpnext:submit", "sales@example.com").await;
    assert_eq!(scene.call(&tokens, "/mcp/south", "test_connection", json!({})).await.status(), 401);
    let (_, told) = answered(scene.get("/.well-known/oauth-authorization-server/oauth/south")).await;
    assert_eq!(told["issuer"], "https://mcp.example.com/oauth/south");
    let (_, told) = answered(scene.get("/.well-known/oauth-protected-resource/mcp/south")).await;
    assert_eq!(told["authorization_servers"], json!(["https://mcp.example.com/oauth/south"]));
}

#[tokio::test]
async fn a_site_that_is_away_costs_nobody_their_login() {
    let scene = Scene::with(super::Lifetimes::default(), |config| config["erpnext"]["timeout"] = json!(1)).await;
    let (client, tokens) = scene.signed_in("erpnext:submit", "sales@example.com").await;
    scene.site.sandbox.faults().add(Fault::new(FaultKind::StallBefore).path("get_token").times(1));
    let (status, told) = answered(scene.refresh(&client, &tokens)).await;
    assert_eq!((status, &told["error"]), (503, &json!("temporarily_unavailable")));
    assert_eq!(answered(scene.refresh(&client, &tokens)).await.0, 200);
}

#[on_every_version]
async fn only_the_sites_own_word_ends_a_login_and_no_page_of_a_proxy() {
    let scene = Scene::start().await;
    let (client, mut tokens) = scene.signed_in("erpnext:submit", "sales@example.com").await;
    for (path, fault) in [
        ("get_token", FaultKind::Html(403)),
        ("get_token", FaultKind::Html(404)),
        ("get_token", FaultKind::Html(401)),
        ("get_token", FaultKind::Json(403)),
        ("/api/resource/User/", FaultKind::Html(403)),
        ("/api/resource/User/", FaultKind::Html(404)),
    ] {
        scene.site.sandbox.faults().add(Fault::new(fault).path(path));
        let (status, told) = answered(scene.refresh(&client, &tokens)).await;
        assert_eq!((status, &told["error"]), (503, &json!("temporarily_unavailable")), "{path} {fault:?}");
        scene.site.sandbox.faults().clear();
        let (status, next) = answered(scene.refresh(&client, &tokens)).await;
        assert_eq!(status, 200, "{path} {fault:?}: {next}");
        tokens = next;
    }
    // The site's own word, by which somebody is put out there.
    let revoke = format!("{}/api/method/frappe.integrations.oauth2.revoke_token", scene.site.sandbox.url());
    let client_of_ours = scene.config["sign_in"]["oauth"]["client_id"].as_str().unwrap();
    for (access, ..) in scene.site.sandbox.oauth().tokens() {
        let taken = [("token", access.as_str()), ("client_id", client_of_ours)];
        scene.http.post(&revoke).form(&taken).send().await.unwrap();
    }
    let (status, told) = answered(scene.refresh(&client, &tokens)).await;
    assert_eq!((status, &told["error"]), (400, &json!("invalid_grant")));
    assert_eq!(scene.status(&tokens).await, 401);
}

#[tokio::test]
async fn who_signed_in_is_known_after_a_start_where_it_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (key, state) = (folder.path().join("key"), folder.path().join("state"));
    std::fs::write(&key, "7".repeat(64)).unwrap();
    let mut scene = Scene::with(super::Lifetimes::default(), |config| {
        config["audit"] = json!({"enabled": false});
        config["sign_in"]["oauth"]["key_file"] = json!(key);
        config["sign_in"]["oauth"]["state_file"] = json!(state);
    })
    .await;
    let (client, tokens) = scene.signed_in("erpnext:submit", "sales@example.com").await;
    let (_, revoked) = scene.signed_in("erpnext:submit", "sales@example.com").await;
    let revoke = [("token", revoked["access_token"].as_str().unwrap())];
    assert_eq!(answered(scene.form("/oauth/revoke", &revoke)).await.0, 200);
    scene.served = crate::http::Served::start(&scene.config).await;
    assert_eq!((scene.status(&tokens).await, scene.status(&revoked).await), (200, 401));
    assert_eq!(answered(scene.refresh(&client, &tokens)).await.0, 200);
}

#[tokio::test]
async fn the_sites_tokens_are_shown_nowhere() {
    let scene = Scene::start().await;
    let (client, tokens) = scene.signed_in("erpnext:submit", "sales@example.com").await;
    let mut told = vec![tokens.to_string()];
    for tool in ["test_connection", "list_lead_documents", "get_lead_document"] {
        told.push(scene.call(&tokens, "/mcp", tool, json!({"name": "none"})).await.text().await.unwrap());
    }
    let echo: Vec<(String, String, bool)> = scene.site.sandbox.oauth().tokens();
    // A site that repeats what it was sent.
    scene.site.sandbox.faults().say(format!("no such token: {}", echo[0].0));
    scene.site.sandbox.faults().add(Fault::new(FaultKind::Refusal).path("/api/resource").times(1));
    told.push(scene.call(&tokens, "/mcp", "get_lead_document", json!({"name": "x"})).await.text().await.unwrap());
    let (_, next): (u16, Value) = answered(scene.refresh(&client, &tokens)).await;
    told.push(next.to_string());
    told.push(scene.audit());
    let secrets = scene.site.sandbox.oauth().tokens();
    assert!(secrets.len() >= 2);
    for (access, refresh, _) in &secrets {
        assert!(!told.iter().any(|text| text.contains(access) || text.contains(refresh)), "{told:?}");
    }
    assert!(!told.iter().any(|text| text.contains("canary-client-secret")));
    for key in ["access_token", "refresh_token"] {
        assert!(!scene.audit().contains(tokens[key].as_str().unwrap()));
    }
}
