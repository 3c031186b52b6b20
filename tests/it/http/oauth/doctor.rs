//! `erpnext-mcp doctor --http` on a server that runs, and on addresses where it does not.

use erpnext_test::on_every_version;
use serde_json::{Value, json};
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::Scene;
use crate::cli::run;
use crate::http::signer::Signer;

/// A server that is reached where the world knows it.
async fn reached() -> Scene {
    let port = crate::shared::free_port();
    let address = format!("127.0.0.1:{port}");
    Scene::at(&format!("http://{address}"), &address, |endpoint| endpoint, |_| {}).await
}

/// The exit code, and a line for each finding.
async fn doctor(config: &Value) -> (Option<i32>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("c.json"), config.to_string()).unwrap();
    let done = run(folder.path(), &[], &["doctor", "--http", "--json", "--config", "c.json"]).await;
    assert!(!done.stdout.contains("canary-client-secret"), "{}", done.stdout);
    let line = |f: &Value| format!("{} {}", f["level"].as_str().unwrap(), f["what"].as_str().unwrap());
    (done.code, done.json()["findings"].as_array().unwrap().iter().map(line).collect())
}

fn has(lines: &[String], wanted: &[&str]) {
    for wanted in wanted {
        assert!(lines.iter().any(|line| line.contains(wanted)), "{wanted}: {lines:#?}");
    }
}

#[on_every_version]
async fn a_server_that_people_can_sign_in_to_is_well_and_its_sites_holes_are_told() {
    let scene = reached().await;
    let before = scene.site.sandbox.oauth().tokens().len();
    let (code, lines) = doctor(&scene.config).await;
    assert_eq!(code, Some(0), "{lines:#?}");
    let callback = format!("ok oauth: the site sends people back to {}/oauth/callback", scene.origin);
    has(
        &lines,
        &[
            "is not encrypted, which is safe within this machine",
            "/mcp asks who has not signed in to do so",
            "/.well-known/oauth-protected-resource/mcp tells what clients need",
            "/.well-known/oauth-protected-resource tells what clients need",
            "/.well-known/oauth-authorization-server tells what clients need",
            "ok oauth: the site has the OAuth Client ",
            &callback,
            "warning oauth: Frappe 1",
            "has these holes: a code is given for the user whom a cookie names",
        ],
    );
    assert_eq!(scene.site.sandbox.oauth().tokens().len(), before, "nothing was granted by it");
    // Without a key, what only a user sees is not told.
    let mut keyless = scene.config.clone();
    keyless["sign_in"]["own_keys"] = json!(true);
    let erpnext = keyless["erpnext"].as_object_mut().unwrap();
    erpnext.retain(|key, _| !key.starts_with("api_"));
    let (code, lines) = doctor(&keyless).await;
    assert_eq!(code, Some(0), "{lines:#?}");
    has(&lines, &["ok oauth: the site has the OAuth Client ", "ok oauth: without a key in erpnext"]);
}

#[on_every_version]
async fn what_would_keep_people_out_is_told_with_what_mends_it() {
    let scene = reached().await;
    let oauth = |key: &str, value: Value| {
        let mut config = scene.config.clone();
        config["sign_in"]["oauth"][key] = value;
        config
    };
    let (code, lines) = doctor(&oauth("client_id", json!("unknown"))).await;
    assert_eq!(code, Some(1), "{lines:#?}");
    has(&lines, &["error oauth: the site has no OAuth Client unknown"]);
    // The same server by another name: another resource, another issuer, and another place to be sent back to.
    let other = scene.origin.replace("127.0.0.1", "localhost");
    let (code, lines) = doctor(&oauth("url", json!(format!("{other}/mcp")))).await;
    assert_eq!(code, Some(1), "{lines:#?}");
    has(&lines, &["error http: ", "error oauth: the site does not let people in", "Mismatching redirect URI."]);
    let (code, lines) = doctor(&oauth("url", json!("http://127.0.0.1:1/mcp"))).await;
    assert_eq!(code, Some(1), "{lines:#?}");
    has(&lines, &["error http: http://127.0.0.1:1/mcp cannot be reached"]);
    let mut without = scene.config.clone();
    without.as_object_mut().unwrap().remove("sign_in");
    has(&doctor(&without).await.1, &["warning http: neither http.hosts nor sign_in.oauth"]);
    // Where people bring keys, the names of the server are where they do.
    let mut keys = without;
    keys["sign_in"] = json!({"own_keys": true});
    keys["http"] = json!({"hosts": ["127.0.0.1:1"]});
    let (code, lines) = doctor(&keys).await;
    assert_eq!(code, Some(1), "{lines:#?}");
    has(&lines, &["error http: https://127.0.0.1:1/key/mcp cannot be reached"]);
}

#[tokio::test]
async fn a_site_that_tells_nobody_of_its_own_provider_is_told_with_its_holes() {
    let port = crate::shared::free_port();
    let address = format!("127.0.0.1:{port}");
    let origin = format!("http://{address}");
    let own = json!({"site_oauth": {"url": format!("{origin}/mcp"), "clients": ["ours"]}});
    let taking = |config: &mut Value| {
        config["sign_in"] = own;
        // With the version stated, the configuration is refused.
        config["erpnext"].as_object_mut().unwrap().remove("version");
    };
    let scene = Scene::at(&origin, &address, |endpoint| endpoint, taking).await;
    let (code, lines) = doctor(&scene.config).await;
    assert_eq!(code, Some(1), "{lines:#?}");
    has(
        &lines,
        &[
            "/mcp asks who has not signed in to do so",
            "/.well-known/oauth-protected-resource/mcp tells what clients need",
            "error oauth: the site tells clients nothing of its OAuth provider at ",
            "warning oauth: Frappe 1",
        ],
    );
}

#[tokio::test]
async fn a_provider_that_gives_no_keys_is_told_with_what_mends_it() {
    let provider = MockServer::start().await;
    let port = crate::shared::free_port();
    let (address, issuer) = (format!("127.0.0.1:{port}"), provider.uri());
    let origin = format!("http://{address}");
    let anna = json!({"anna": {"api_key": "sales", "api_secret": "secret"}});
    let idp = json!({"idp": {"url": format!("{origin}/mcp"), "issuer": issuer, "users": anna}});
    let scene = Scene::at(&origin, &address, |endpoint| endpoint, |config| config["sign_in"] = idp).await;
    let (code, lines) = doctor(&scene.config).await;
    assert_eq!(code, Some(1), "{lines:#?}");
    has(&lines, &["/mcp asks who has not signed in to do so", &format!("error idp: {issuer} gives no keys: ")]);
    let told = json!({"issuer": issuer, "jwks_uri": format!("{issuer}/keys")});
    let keys = json!({"keys": [Signer::new("RS256", "1").public()]});
    for (at, body) in [("/.well-known/openid-configuration", told), ("/keys", keys)] {
        Mock::given(path(at)).respond_with(ResponseTemplate::new(200).set_body_json(body)).mount(&provider).await;
    }
    let (code, lines) = doctor(&scene.config).await;
    assert_eq!(code, Some(0), "{lines:#?}");
    has(
        &lines,
        &[
            "/.well-known/oauth-protected-resource/mcp tells what clients need",
            &format!("ok idp: {issuer} has 1 key with which"),
            "ok idp: 1 user of the provider with a key here",
        ],
    );
}
