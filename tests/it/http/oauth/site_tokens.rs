//! Tokens of the site's own OAuth provider, taken as they are.

use erpnext_sandbox::{Fault, FaultKind};
use erpnext_schema::Version;
use serde_json::{Value, json};

use super::{CHALLENGE, ORIGIN, Scene, VERIFIER, answered, parameter};
use crate::http::data;
use crate::support::run_on;

/// A site whose tokens are taken, and a client that was made for this server.
struct Taken {
    scene: Scene,
    client: String,
}

impl Taken {
    async fn start() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut Value)) -> Self {
        let mut client = String::new();
        let taking = |config: &mut Value| {
            client = config["sign_in"]["oauth"]["client_id"].as_str().unwrap().to_owned();
            config["sign_in"] = json!({"site_oauth": {"url": format!("{ORIGIN}/mcp"), "clients": [client]}});
            change(config);
        };
        let scene = Scene::at(ORIGIN, "127.0.0.1:0", |endpoint| endpoint, taking).await;
        let taken = Self { scene, client };
        taken.has(&taken.client, "all openid erpnext:read erpnext:write");
        taken
    }

    /// The site lets a client ask for these scopes.
    fn has(&self, client: &str, scopes: &str) {
        let scopes = json!({"scopes": scopes});
        self.scene.site.sandbox.with(|site| site.set("OAuth Client", client, scopes.as_object().unwrap())).unwrap();
    }

    /// The tokens that the site gives a client for somebody.
    async fn tokens(&self, client: &str, scope: &str, user: &str) -> Value {
        let below = format!("{}/api/method/frappe.integrations.oauth2.", self.scene.site.sandbox.url());
        let callback = format!("{ORIGIN}/oauth/callback");
        let asked = [
            ("client_id", client),
            ("response_type", "code"),
            ("redirect_uri", callback.as_str()),
            ("scope", scope),
            ("state", "s"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        let address = reqwest::Url::parse_with_params(&format!("{below}authorize"), asked).unwrap();
        let code = parameter(&self.scene.at_the_site(address.as_str(), user).await, "code");
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", client),
            ("code", code.as_str()),
            ("code_verifier", VERIFIER),
            ("redirect_uri", callback.as_str()),
        ];
        let (status, tokens) = answered(self.scene.http.post(format!("{below}get_token")).form(&form)).await;
        assert_eq!(status, 200, "{tokens}");
        tokens
    }
}

#[test]
fn the_sites_own_token_is_taken_while_it_is_good_of_a_client_made_for_this_server() {
    run_on(Version::V16, async {
        let taken = Taken::start().await;
        let (scene, client) = (&taken.scene, taken.client.as_str());
        let sales = taken.tokens(client, "all erpnext:write", "sales@example.com").await;
        let who: Value = scene.call(&sales, "/mcp", "test_connection", json!({})).await.json().await.unwrap();
        assert_eq!(data(&who)["user"], "sales@example.com");
        assert!(scene.audit().contains(&format!("\"via\":\"site {client}\"")));
        assert!(!scene.audit().contains(sales["access_token"].as_str().unwrap()));
        let foreign = super::oauth_client(&scene.site, ORIGIN);
        taken.has(&foreign, "all openid erpnext:write");
        let foreign = taken.tokens(&foreign, "all erpnext:write", "sales@example.com").await;
        let scopeless = taken.tokens(client, "all openid", "sales@example.com").await;
        scene.site.sandbox.oauth().lives(0);
        let over = taken.tokens(client, "all erpnext:write", "sales@example.com").await;
        scene.site.sandbox.oauth().lives(3600);
        let out = taken.tokens(client, "all erpnext:write", "reader@example.com").await;
        scene.disable("reader@example.com");
        let unknown = json!({"access_token": "unknownunknownunknownunknown"});
        for (tokens, status, why) in [
            (&foreign, 401, "of another client"),
            (&over, 401, "over"),
            (&out, 401, "of a disabled user"),
            (&unknown, 401, "unknown"),
            (&scopeless, 403, "without a scope of ours"),
        ] {
            let answer = scene.call(tokens, "/mcp", "test_connection", json!({})).await;
            let challenge = answer.headers()["www-authenticate"].to_str().unwrap().to_owned();
            assert_eq!(answer.status(), status, "{why}");
            assert!(challenge.contains("/.well-known/oauth-protected-resource/mcp"), "{why}: {challenge}");
        }
    });
}

#[test]
fn a_scope_of_the_sites_token_limits_here_what_it_does_not_limit_there() {
    run_on(Version::V16, async {
        let taken = Taken::start().await;
        let (scene, client) = (&taken.scene, taken.client.as_str());
        let reader = taken.tokens(client, "all erpnext:read", "sales@example.com").await;
        let lead = json!({"data": {"lead_name": "By the site's token"}});
        let refused = scene.call(&reader, "/mcp", "create_lead_document", lead.clone()).await;
        let challenge = refused.headers()["www-authenticate"].to_str().unwrap();
        assert!(refused.status() == 403 && challenge.contains("insufficient_scope"), "{challenge}");
        let writer = taken.tokens(client, "all erpnext:write", "sales@example.com").await;
        let made: Value = scene.call(&writer, "/mcp", "create_lead_document", lead).await.json().await.unwrap();
        assert!(data(&made)["created"].is_string(), "{made}");
    });
}

#[test]
fn a_token_that_the_site_took_back_is_none_from_the_call_on_that_meets_it_and_a_site_that_is_away_is_no_word() {
    run_on(Version::V16, async {
        let taken = Taken::with(|config| config["erpnext"]["timeout"] = json!(1)).await;
        let (scene, client) = (&taken.scene, taken.client.as_str());
        let tokens = taken.tokens(client, "all erpnext:read", "sales@example.com").await;
        scene.site.sandbox.faults().add(Fault::new(FaultKind::StallBefore).path("introspect_token").times(1));
        assert_eq!(scene.status(&tokens).await, 503);
        assert_eq!(scene.status(&tokens).await, 200);
        let below = format!("{}/api/method/frappe.integrations.oauth2.", scene.site.sandbox.url());
        let form = [("token", tokens["access_token"].as_str().unwrap()), ("client_id", client)];
        scene.http.post(format!("{below}revoke_token")).form(&form).send().await.unwrap();
        // The site says so in the midst of this one.
        scene.call(&tokens, "/mcp", "list_lead_documents", json!({"limit": 1})).await;
        assert_eq!(scene.status(&tokens).await, 401);
    });
}

#[test]
fn tokens_that_somebody_makes_up_keep_out_nobody_whom_the_site_has_let_in() {
    run_on(Version::V16, async {
        let limits = json!({"enabled": true, "requests_per_minute": 30});
        let taken = Taken::with(|config| config["rate_limiting"] = limits).await;
        let scene = &taken.scene;
        let good = taken.tokens(&taken.client, "all erpnext:read", "sales@example.com").await;
        assert_eq!(scene.status(&good).await, 200);
        let mut answered = Vec::new();
        for n in 0..245 {
            answered.push(scene.status(&json!({"access_token": format!("made-up-{n}")})).await);
        }
        let (asked, limited) = answered.split_at(240);
        assert!(asked.iter().all(|status| *status == 401), "each is asked about for itself: {asked:?}");
        assert!(limited.iter().all(|status| *status == 429), "{limited:?}");
        assert_eq!(scene.status(&good).await, 200);
    });
}

#[test]
fn clients_find_the_sites_own_provider_by_the_address_alone() {
    run_on(Version::V16, async {
        let taken = Taken::start().await;
        let (status, told) = answered(taken.scene.get("/.well-known/oauth-protected-resource/mcp")).await;
        assert_eq!((status, &told["resource"]), (200, &json!(format!("{ORIGIN}/mcp"))));
        assert_eq!(told["authorization_servers"], json!([taken.scene.site.sandbox.url()]));
        assert_eq!(told["scopes_supported"][0], "erpnext:read");
        let answer = taken.scene.get("/.well-known/oauth-authorization-server").send().await.unwrap();
        assert_eq!(answer.status(), 404);
    });
}
