//! Tokens of a company's identity provider: who it knows and has a key here is their own ERPNext user, and nobody else is
//! anybody.

use reqwest::Response;
use serde_json::{Value, json};
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::sign_in::Team;
use super::signer::Signer;
use super::{data, message, told};

/// What the address of the server is to the world.
const HERE: &str = "https://mcp.example.com/mcp";
const METADATA: &str = "https://mcp.example.com/.well-known/oauth-protected-resource/mcp";

/// A server whose people sign in at a provider, and the provider.
struct Scene {
    team: Team,
    provider: MockServer,
}

impl Scene {
    async fn start(signers: &[&Signer]) -> Self {
        Self::with(signers, |_| {}).await
    }

    async fn with(signers: &[&Signer], change: impl FnOnce(&mut Value)) -> Self {
        let provider = MockServer::start().await;
        let key = |name: &str| json!({"api_key": name, "api_secret": "secret"});
        let mut idp = json!({
            "url": HERE, "issuer": provider.uri(),
            "users": {"anna": key("sales"), "ben": key("other"), "gone": key("disabled"), "reader": key("sales")},
        });
        idp["users"]["reader"]["read_only"] = json!(true);
        change(&mut idp);
        let scene = Self { team: Team::start(|config| config["sign_in"] = json!({"idp": idp})).await, provider };
        scene.publish(signers).await;
        scene
    }

    /// The provider has these keys.
    async fn publish(&self, signers: &[&Signer]) {
        self.provider.reset().await;
        let at = |at: &str, body: Value| {
            Mock::given(path(at)).respond_with(ResponseTemplate::new(200).set_body_json(body)).mount(&self.provider)
        };
        let issuer = self.provider.uri();
        let of_itself = json!({"issuer": issuer, "jwks_uri": format!("{issuer}/keys")});
        at("/.well-known/openid-configuration", of_itself).await;
        at("/keys", json!({"keys": signers.iter().map(|signer| signer.public()).collect::<Vec<_>>()})).await;
    }

    /// How often it was asked for them.
    async fn asked(&self) -> usize {
        let requests = self.provider.received_requests().await.unwrap();
        requests.iter().filter(|request| request.url.path() == "/keys").count()
    }

    /// The claims of somebody's token, with these in the place of others; without those that are null.
    fn claims(&self, subject: &str, changed: Value) -> Value {
        let now = jiff::Timestamp::now().as_second();
        let mut claims = json!({"iss": self.provider.uri(), "aud": HERE, "sub": subject, "exp": now + 300, "iat": now});
        let claims = claims.as_object_mut().unwrap();
        claims.extend(changed.as_object().unwrap().clone());
        claims.retain(|_, value| !value.is_null());
        Value::Object(claims.clone())
    }

    fn bearer(&self, signer: &Signer, subject: &str) -> String {
        format!("Bearer {}", signer.token(&self.claims(subject, json!({}))))
    }

    /// The answer to a call of a tool.
    async fn call(&self, credential: &str, tool: &str, arguments: Value) -> Response {
        let call = message("tools/call", json!({"name": tool, "arguments": arguments}));
        self.team.served.post("/mcp", &call).header("authorization", credential).send().await.unwrap()
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let answer = super::http().get(self.team.served.url(path)).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }
}

fn challenge(answer: &Response) -> String {
    answer.headers()["www-authenticate"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn whoever_the_provider_knows_works_as_their_own_user_by_any_algorithm() {
    let signers = ["RS256", "ES256", "EdDSA"].map(|algorithm| Signer::new(algorithm, algorithm));
    let scene = Scene::start(&signers.iter().collect::<Vec<_>>()).await;
    for signer in &signers {
        assert_eq!(scene.team.whom(&scene.bearer(signer, "anna")).await, "sales@example.com");
        assert_eq!(scene.team.whom(&scene.bearer(signer, "ben")).await, "other@example.com");
    }
    assert_eq!(scene.asked().await, 1);
    let lines = scene.team.lines();
    assert_eq!((&lines[0]["via"], &lines[0]["user"]), (&json!("idp anna"), &json!("sales@example.com")));
    let log = lines.iter().map(Value::to_string).collect::<String>();
    assert!(!log.contains("eyJ") && !log.contains("secret"), "{log}");
}

#[tokio::test]
async fn a_token_that_is_not_the_providers_for_this_server_is_401_and_nothing_is_asked_of_the_site() {
    let (own, foreign) = (Signer::new("EdDSA", "1"), Signer::new("EdDSA", "1"));
    let scene = Scene::start(&[&own]).await;
    let now = jiff::Timestamp::now().as_second();
    let of = |changed: Value| own.token(&scene.claims("anna", changed));
    let unknown = Signer::new("ES256", "2").token(&scene.claims("anna", json!({})));
    let text = scene.claims("anna", json!({})).to_string();
    let doubled = text.replacen('{', "{\"sub\":\"ben\",", 1);
    for (token, words) in [
        (of(json!({"exp": now - 61})), "it is over"),
        (of(json!({"nbf": now + 90})), "not good yet"),
        (of(json!({"aud": "https://mcp.example.com/mcp/north"})), "audience"),
        (of(json!({"iss": "https://evil.example"})), "another issuer"),
        (of(json!({"nonce": "n"})), "not the ID token"),
        (foreign.token(&scene.claims("anna", json!({}))), "signature"),
        (unknown, "no key of that name"),
        (own.signed(r#"{"alg":"none","kid":"1"}"#, &text), "algorithm"),
        (own.signed(r#"{"alg":"HS256","kid":"1"}"#, &text), "algorithm"),
        (own.signed(r#"{"alg":"RS256","kid":"1"}"#, &text), "algorithm"),
        (own.signed(r#"{"alg":"EdDSA","kid":"1"}"#, &doubled), "twice"),
        (of(json!({"groups": "x".repeat(17 << 10)})), "16 KiB"),
    ] {
        let answer = scene.call(&format!("Bearer {token}"), "test_connection", json!({})).await;
        let challenge = challenge(&answer);
        assert!(challenge.contains(METADATA) && challenge.contains("error=\"invalid_token\""), "{challenge}");
        let (status, said) = told(answer).await;
        assert!(status == 401 && said.contains(words), "{words}: {status} {said}");
    }
    assert!(scene.team.lines().is_empty());
    // It is for nobody to guess: whoever is known goes on from the same address.
    assert_eq!(scene.team.whom(&scene.bearer(&own, "anna")).await, "sales@example.com");
}

#[tokio::test]
async fn who_has_no_key_here_and_who_is_disabled_are_told_so_and_not_to_sign_in_again() {
    let signer = Signer::new("ES256", "1");
    let scene = Scene::start(&[&signer]).await;
    let nameless = format!("Bearer {}", signer.token(&scene.claims("anna", json!({"sub": null}))));
    for (credential, words) in [
        (scene.bearer(&signer, "nobody"), "that you are \"nobody\", for whom no key is kept"),
        (scene.bearer(&signer, "Anna"), "no key is kept"),
        (scene.bearer(&signer, "gone"), "your user is disabled"),
        (nameless, "no claim sub"),
    ] {
        let (status, said) = scene.team.refusal(&credential).await;
        assert!(status == 403 && said.contains(words), "{status} {said}");
    }
    let (status, said) = scene.team.refusal("token sales:secret").await;
    assert!(status == 401 && said.contains("API keys are not taken here"), "{said}");
}

#[tokio::test]
async fn a_new_key_of_the_provider_is_found_once_and_not_for_each_token_that_names_one() {
    let (old, new, later) = (Signer::new("ES256", "1"), Signer::new("ES256", "2"), Signer::new("ES256", "3"));
    let scene = Scene::start(&[&old]).await;
    assert_eq!(scene.team.whom(&scene.bearer(&old, "anna")).await, "sales@example.com");
    scene.publish(&[&new]).await;
    assert_eq!(scene.team.whom(&scene.bearer(&new, "anna")).await, "sales@example.com");
    let (status, said) = scene.team.refusal(&scene.bearer(&old, "anna")).await;
    assert!(status == 401 && said.contains("no key of that name"), "what it took back is over: {said}");
    for _ in 0..20 {
        assert_eq!(scene.team.refusal(&scene.bearer(&later, "anna")).await.0, 401);
    }
    assert_eq!(scene.asked().await, 1);
}

#[tokio::test]
async fn a_provider_that_is_away_is_no_wrong_token() {
    let signer = Signer::new("ES256", "1");
    let scene = Scene::start(&[&signer]).await;
    scene.provider.reset().await;
    let ping = scene.team.served.post("/mcp", &message("ping", json!({})));
    let answer = ping.header("authorization", scene.bearer(&signer, "anna")).send().await.unwrap();
    assert!(answer.status() == 503 && answer.headers().contains_key("retry-after"), "{answer:?}");
    assert!(told(answer).await.1.contains("identity provider"));
}

#[tokio::test]
async fn clients_find_the_provider_by_the_address_alone() {
    let scene = Scene::start(&[]).await;
    let nobody = scene.team.served.post("/mcp", &message("ping", json!({}))).send().await.unwrap();
    assert_eq!(
        (nobody.status().as_u16(), challenge(&nobody)),
        (401, format!("Bearer resource_metadata=\"{METADATA}\""))
    );
    for (at, resource) in [("", "/mcp"), ("/mcp", "/mcp"), ("/mcp/readonly", "/mcp/readonly")] {
        let (status, told) = scene.get(&format!("/.well-known/oauth-protected-resource{at}")).await;
        assert_eq!((status, &told["resource"]), (200, &json!(format!("https://mcp.example.com{resource}"))));
        assert_eq!(told["authorization_servers"], json!([scene.provider.uri()]));
        assert!(told.get("scopes_supported").is_none(), "a provider refuses scopes that it does not know");
    }
    // It is no authorization server itself.
    for at in
        ["/.well-known/oauth-authorization-server", "/oauth/authorize", "/.well-known/oauth-protected-resource/key/mcp"]
    {
        assert_eq!(scene.get(at).await.0, 404, "{at}");
    }
}

#[tokio::test]
async fn a_token_does_what_its_scope_holds_and_its_person_is_left() {
    let signer = Signer::new("ES256", "1");
    let scene = Scene::with(&[&signer], |idp| {
        (idp["scopes"], idp["scope_prefix"]) = (json!(true), json!("api://erp/"));
    })
    .await;
    let of = |who: &str, scope: &str| format!("Bearer {}", signer.token(&scene.claims(who, json!({"scope": scope}))));
    let lead = json!({"data": {"lead_name": "By a token"}});
    let none = scene.call(&of("anna", "openid"), "test_connection", json!({})).await;
    let reader = scene.call(&of("anna", "erpnext:read"), "create_lead_document", lead.clone()).await;
    for (answer, scopes) in [
        (none, "scope=\"api://erp/erpnext:read\""),
        (reader, "scope=\"api://erp/erpnext:read api://erp/erpnext:write\""),
    ] {
        let words = challenge(&answer);
        assert_eq!(answer.status(), 403);
        assert!(words.contains("insufficient_scope") && words.contains(scopes), "{words}");
    }
    // Nothing tells there where to sign in.
    let ping = scene.team.served.post("/key/mcp", &message("ping", json!({})));
    let keyed = ping.header("authorization", of("anna", "openid")).send().await.unwrap();
    assert!(keyed.status() == 403 && !keyed.headers().contains_key("www-authenticate"), "{keyed:?}");
    let made = scene.call(&of("anna", "api://erp/erpnext:write"), "create_lead_document", lead.clone()).await;
    assert!(data(&made.json().await.unwrap())["created"].is_string());
    // More scope would give this one no more: to sign in again is no advice.
    let refused = scene.call(&of("reader", "erpnext:read"), "create_lead_document", lead).await;
    assert_eq!(refused.status(), 200);
    assert!(refused.text().await.unwrap().contains("error"));
    let (_, told) = scene.get("/.well-known/oauth-protected-resource").await;
    assert_eq!(told["scopes_supported"][0], "api://erp/erpnext:read");
}

#[tokio::test]
async fn a_token_is_taken_for_the_audience_and_by_the_claim_that_the_configuration_names() {
    let signer = Signer::new("ES256", "1");
    let scene = Scene::with(&[&signer], |idp| {
        (idp["audience"], idp["claim"]) = (json!("api://erp"), json!("email"));
        idp["users"] = json!({"anna@example.com": {"api_key": "sales", "api_secret": "secret"}});
    })
    .await;
    let of = |changed: Value| format!("Bearer {}", signer.token(&scene.claims("7", changed)));
    let email = json!({"aud": "api://erp", "scp": "use", "email": "anna@example.com", "email_verified": true});
    assert_eq!(scene.team.whom(&of(email.clone())).await, "sales@example.com");
    for (name, value, status) in [
        ("aud", json!(HERE), 401),
        ("scp", Value::Null, 401),
        ("email_verified", json!(false), 403),
        ("email_verified", Value::Null, 403),
    ] {
        let mut changed = email.clone();
        changed[name] = value;
        assert_eq!(scene.team.refusal(&of(changed)).await.0, status, "{name}");
    }
}
