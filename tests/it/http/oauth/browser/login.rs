//! Whole logins in the browser.

use erpnext_schema::Version;
use serde_json::json;

use super::super::{answered, parameter};
use super::{Browser, Scene, asked};
use crate::support::run_on;

#[test]
#[ignore = "needs a browser"]
fn a_person_signs_in_by_the_keyboard_alone_and_gives_less_than_was_asked_for() {
    for version in Version::ALL {
        run_on(*version, by_keyboard());
    }
}

async fn by_keyboard() {
    let (scene, mut browser) = (Scene::where_it_says().await, Browser::start().await);
    // The client waits on another port than the one that it registered.
    let (client, redirect) = (scene.register("http://127.0.0.1/callback").await, browser.redirect());
    let address = asked(&scene, &client, &redirect);
    browser.does(json!({"open": {"address": address, "width": 400}})).await;
    // From the most to the least, and on to the button.
    browser.does(json!({"press": ["Tab", "ArrowUp", "ArrowUp", "Tab", "Enter"]})).await;
    browser.does(json!({"until": "document.querySelector('[name=usr]')"})).await;
    browser.does(json!({"press": ["Tab", "sales@example.com", "Tab", "secret", "Enter"]})).await;
    browser.does(json!({"until": "document.querySelector('a[href*=approve]')"})).await;
    browser.does(json!({"press": ["Tab", "Enter"]})).await;
    let code = parameter(&browser.back().await, "code");
    let resource = scene.mcp();
    let redeemed = scene.redeem(&client, &code, &[("redirect_uri", &redirect), ("resource", &resource)]);
    let (status, tokens) = answered(redeemed).await;
    assert_eq!((status, &tokens["scope"]), (200, &json!("erpnext:read")), "{tokens}");
    assert_eq!(scene.status(&tokens).await, 200);
    let step_up = scene.call(&tokens, "/mcp", "create_lead_document", json!({"data": {"lead_name": "None"}})).await;
    assert_eq!(step_up.status(), 403);
    let (status, next) = answered(scene.refresh(&client, &tokens)).await;
    assert_eq!((status, scene.status(&next).await), (200, 200), "{next}");
    let revoke = [("token", next["refresh_token"].as_str().unwrap())];
    assert_eq!(answered(scene.form("/oauth/revoke", &revoke)).await.0, 200);
    assert_eq!(scene.status(&next).await, 401);
}

#[tokio::test]
#[ignore = "needs a browser"]
async fn a_client_that_leads_people_on_to_another_host_has_them_back_when_they_refuse() {
    let (scene, mut browser) = (Scene::where_it_says().await, Browser::start().await);
    let redirect = browser.redirect_at("/hop");
    let client = scene.register(&redirect).await;
    browser.does(json!({"open": {"address": asked(&scene, &client, &redirect)}})).await;
    browser.does(json!({"click": "button[value=deny]"})).await;
    assert!(browser.back().await.starts_with("http://localhost:"));
}
