//! What is tried against a login: each attempt by itself.

use erpnext_test::on_every_version;
use serde_json::json;

use super::{REDIRECT, Scene, answered, parameter};

#[on_every_version]
async fn a_code_is_good_once_and_trying_it_again_ends_what_it_gave() {
    let scene = Scene::start().await;
    let client = scene.register(REDIRECT).await;
    let code = scene.code(&client).await;
    let (status, tokens) = answered(scene.redeem(&client, &code, &[])).await;
    assert_eq!((status, scene.status(&tokens).await), (200, 200));
    let (status, again) = answered(scene.redeem(&client, &code, &[])).await;
    assert_eq!((status, &again["error"]), (400, &json!("invalid_grant")));
    assert_eq!(scene.status(&tokens).await, 401);
    assert_eq!(answered(scene.refresh(&client, &tokens)).await.1["error"], "invalid_grant");
}

#[tokio::test]
async fn a_code_is_its_clients_with_its_verifier_at_its_address_for_its_resource() {
    let scene = Scene::start().await;
    let (client, other) = (scene.register(REDIRECT).await, scene.register(REDIRECT).await);
    for changed in [
        ("client_id", other.as_str()),
        ("code_verifier", "wrongwrongwrongwrongwrongwrongwrongwrongwrong"),
        ("redirect_uri", "http://127.0.0.1:33419/callback"),
        ("resource", "https://mcp.example.com/mcp/readonly"),
        ("resource", "https://other.example.com/mcp"),
    ] {
        let code = scene.code(&client).await;
        let (status, told) = answered(scene.redeem(&client, &code, &[changed])).await;
        assert_eq!((status, &told["error"]), (400, &json!("invalid_grant")), "{changed:?}");
        // It was tried: it is good no more.
        assert_eq!(answered(scene.redeem(&client, &code, &[])).await.0, 400, "{changed:?}");
    }
    let code = scene.code(&client).await;
    assert_eq!(answered(scene.redeem(&client, &code, &[("code_verifier", "")])).await.1["error"], "invalid_request");
    assert_eq!(answered(scene.redeem("made-up", &code, &[])).await.0, 401);
    let twice = scene.form("/oauth/token", &[("client_id", &client), ("client_id", &other), ("grant_type", "x")]);
    assert_eq!(answered(twice).await.1["error"], "invalid_request");
}

#[tokio::test]
async fn logins_that_strangers_begin_cost_nobody_theirs() {
    let scene = Scene::start().await;
    let client = scene.register(REDIRECT).await;
    let page = scene.page(&client, &[]).await;
    let (site, cookie) = scene.consent(&page, "erpnext:read").await;
    let back = scene.at_the_site(&site, "sales@example.com").await;
    let pairs = [("request", page.request.as_str()), ("decision", "allow")];
    for _ in 0..70 {
        let answer = scene.form("/oauth/consent", &pairs).header("cookie", &page.cookie).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }
    // What was under way goes on, and another one begins.
    assert_eq!(scene.get(&back).header("cookie", &cookie).send().await.unwrap().status(), 303);
    scene.code(&client).await;
}

#[tokio::test]
async fn an_address_has_the_site_asked_for_so_many_codes() {
    let scene = Scene::start().await;
    let page = scene.page(&scene.register(REDIRECT).await, &[]).await;
    let (site, cookie) = scene.consent(&page, "erpnext:read").await;
    let made_up = format!("/oauth/callback?code=made-up&state={}", parameter(&site, "state"));
    let mut last = None;
    for _ in 0..100 {
        let answer = scene.get(&made_up).header("cookie", &cookie).send().await.unwrap();
        last = Some((answer.status().as_u16(), answer.text().await.unwrap()));
        if last.as_ref().is_some_and(|(status, _)| *status != 303) {
            break;
        }
    }
    let (status, page) = last.unwrap();
    assert!(status == 429 && page.contains("try again in a minute"), "{status} {page}");
}

#[tokio::test]
async fn nobody_is_sent_to_an_address_that_was_not_registered() {
    let scene = Scene::start().await;
    let client = scene.register(REDIRECT).await;
    for near in [
        "http://127.0.0.1:33418/callback/",
        "http://127.0.0.1:33418/callback?x",
        "http://localhost:33418/callback",
        "https://127.0.0.1:33418/callback",
        "http://127.0.0.1:33418@evil.example/callback",
        "http://evil.example/callback",
        "javascript:alert(1)",
    ] {
        let answer = scene.authorize(&client, &[("redirect_uri", near)]).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{near}");
        assert!(!answer.headers().contains_key("location"), "{near}");
        let page = answer.text().await.unwrap();
        assert!(!page.contains("<form") && !page.contains("evil"), "{page}");
    }
    let told = json!({"redirect_uris": ["http://evil.example/cb"]}).to_string();
    let refused = scene.http.post(scene.here("/oauth/register")).body(told);
    assert_eq!(answered(refused).await.1["error"], "invalid_redirect_uri");
}

#[tokio::test]
async fn nobody_is_sent_to_a_clients_address_before_they_have_consented() {
    let scene = Scene::start().await;
    // Anybody can register any address.
    let client = scene.register("https://phishing.example/login").await;
    for wrong in [
        ("response_type", "token"),
        ("code_challenge_method", "plain"),
        ("scope", "everything"),
        ("resource", "https://other.example.com/mcp"),
    ] {
        let changed = [("redirect_uri", "https://phishing.example/login"), wrong];
        let answer = scene.authorize(&client, &changed).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{wrong:?}");
        assert!(!answer.headers().contains_key("location"), "{wrong:?}");
        let page = answer.text().await.unwrap();
        assert!(page.contains(wrong.0.split('_').next().unwrap()) && !page.contains("phishing"), "{page}");
    }
}

#[tokio::test]
async fn consent_is_the_persons_own_click_in_their_own_browser() {
    let scene = Scene::start().await;
    let client = scene.register(REDIRECT).await;
    let page = scene.page(&client, &[]).await;
    let pairs = [("request", page.request.as_str()), ("decision", "allow"), ("scope", "erpnext:read")];
    let by_get = scene.get("/oauth/consent").query(&pairs).header("cookie", &page.cookie).send().await.unwrap();
    assert_eq!(by_get.status(), 405);
    let other = scene.page(&client, &[]).await;
    for cookie in ["", "__Host-erpnext-mcp=guess", other.cookie.as_str()] {
        let forged = scene.form("/oauth/consent", &pairs).header("cookie", cookie).send().await.unwrap();
        assert_eq!(forged.status(), 400, "{cookie}");
        assert!(!forged.headers().contains_key("location"));
    }
    let elsewhere = scene.form("/oauth/consent", &pairs).header("cookie", &page.cookie);
    let elsewhere = elsewhere.header("origin", "https://evil.example").send().await.unwrap();
    assert_eq!(elsewhere.status(), 403);
    let mut changed = page.request.clone();
    changed.replace_range(40..41, if &changed[40..41] == "A" { "B" } else { "A" });
    let changed = [("request", changed.as_str()), ("decision", "allow")];
    let changed = scene.form("/oauth/consent", &changed).header("cookie", &page.cookie).send().await.unwrap();
    assert_eq!(changed.status(), 400);
}

#[tokio::test]
async fn a_login_goes_on_in_the_browser_where_it_began_and_once() {
    let scene = Scene::start().await;
    let client = scene.register(REDIRECT).await;
    let page = scene.page(&client, &[]).await;
    let (site, cookie) = scene.consent(&page, "erpnext:submit").await;
    let back = scene.at_the_site(&site, "sales@example.com").await;
    let (theirs, _) = (scene.page(&client, &[]).await, ());
    for brought in ["", theirs.cookie.as_str(), page.cookie.as_str()] {
        let page = scene.page(&client, &[]).await;
        let (site, _) = scene.consent(&page, "erpnext:submit").await;
        let stolen = scene.at_the_site(&site, "sales@example.com").await;
        let answer = scene.get(&stolen).header("cookie", brought).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{brought}");
    }
    let made_up = scene.get("/oauth/callback?code=x&state=y").header("cookie", &cookie).send().await.unwrap();
    assert_eq!(made_up.status(), 400);
    assert_eq!(scene.get(&back).header("cookie", &cookie).send().await.unwrap().status(), 303);
    assert_eq!(scene.get(&back).header("cookie", &cookie).send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn no_other_page_shows_ours_in_a_frame_and_ours_runs_no_script() {
    let scene = Scene::start().await;
    let client = scene.register(REDIRECT).await;
    let answer = scene.authorize(&client, &[]).send().await.unwrap();
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self';"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert_eq!(answer.headers()["x-frame-options"], "DENY");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let page = answer.text().await.unwrap();
    assert!(!page.contains("<script") && page.contains("127.0.0.1:33418") && page.contains("Tests"), "{page}");
}

#[tokio::test]
async fn the_document_of_a_client_is_not_fetched_from_inside() {
    let scene = Scene::start().await;
    for id in ["https://127.0.0.1/m", "https://localhost/m", "https://169.254.169.254/m", "https://a.localhost/m"] {
        let answer = scene.authorize(id, &[]).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{id}");
        assert!(!answer.headers().contains_key("location"));
    }
    let large = "x".repeat(20 << 10);
    let answer = scene.http.post(scene.here("/oauth/register")).body(large).send().await.unwrap();
    assert_eq!(answer.status(), 413);
}

#[tokio::test]
async fn no_address_asks_without_end() {
    let scene = Scene::start().await;
    let mut last = 0;
    for _ in 0..250 {
        last = scene.get("/oauth/authorize").send().await.unwrap().status().as_u16();
        if last == 429 {
            break;
        }
    }
    assert_eq!(last, 429);
}
