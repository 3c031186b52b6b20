#![allow(clippy::unwrap_used)]

#[path = "../../tests/it/http/signer.rs"]
mod signer;

use std::time::Duration;

use serde_json::{Value, json};
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::jwks::{Key, keys};
use super::jwt::{Expectation, LONGEST, Untrusted, verify};
use super::keys::{Keys, NoKeys, Times, Unanswered};
use crate::config::{Algorithm, Idp, PublicUrl};
use crate::oauth::Unfetched;
use signer::{Signer, encoded};

const ISSUER: &str = "https://login.example.com/realms/acme";
const HERE: &str = "https://mcp.example.com/mcp";
const NOW: i64 = 1_800_000_000;

fn claims() -> Value {
    json!({"iss": ISSUER, "aud": HERE, "sub": "anna", "exp": NOW + 300, "nbf": NOW - 300})
}

/// The claims with one changed; without it where it is null.
fn changed(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

fn known(signers: &[&Signer]) -> Vec<Key> {
    keys(&json!({"keys": signers.iter().map(|signer| signer.public()).collect::<Vec<_>>()}))
}

/// Whose a token is, where any of the algorithms will do.
fn decided(keys: &[Key], token: &str) -> Result<String, Untrusted> {
    decided_by(keys, token, &Algorithm::ALL)
}

fn decided_by(keys: &[Key], token: &str, algorithms: &[Algorithm]) -> Result<String, Untrusted> {
    let expected = Expectation { issuer: ISSUER, audiences: &[HERE], are_addresses: true, algorithms };
    verify(token, keys, &expected, NOW).map(|claims| claims["sub"].as_str().unwrap().to_owned())
}

#[test]
fn a_token_is_trusted_by_the_key_that_signed_it_and_no_other() {
    for algorithm in ["RS256", "ES256", "EdDSA"] {
        let signer = Signer::new(algorithm, "1");
        let token = signer.token(&claims());
        assert_eq!(decided(&known(&[&signer]), &token).as_deref(), Ok("anna"), "{algorithm}");
        let (rest, _) = token.rsplit_once('.').unwrap();
        let (header, _) = rest.split_once('.').unwrap();
        let forged = token.replace(rest, &format!("{header}.{}", encoded(changed("sub", json!("boss")).to_string())));
        assert_eq!(decided(&known(&[&signer]), &forged), Err(Untrusted::Signature), "{algorithm}");
        for signature in [String::new(), encoded([0_u8; 64]), encoded([7_u8; 256])] {
            let unsigned = format!("{rest}.{signature}");
            assert_eq!(decided(&known(&[&signer]), &unsigned), Err(Untrusted::Signature), "{algorithm}");
        }
    }
    let (one, other) = (Signer::new("EdDSA", "1"), Signer::new("EdDSA", "1"));
    assert_eq!(decided(&known(&[&other]), &one.token(&claims())), Err(Untrusted::Signature));
    assert!(decided(&known(&[&other, &one]), &one.token(&claims())).is_ok(), "a name may be given twice");
}

#[test]
fn the_algorithm_is_that_of_the_key_and_of_the_configuration() {
    let rsa = Signer::new("RS256", "1");
    let keys = known(&[&rsa]);
    let text = claims().to_string();
    // Of those who know the public key alone.
    let secret = rsa.public()["n"].as_str().unwrap().to_owned();
    for algorithm in ["HS256", "HS512"] {
        let signed = format!("{}.{}", encoded(json!({"alg": algorithm, "kid": "1"}).to_string()), encoded(&text));
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
        let token = format!("{signed}.{}", encoded(ring::hmac::sign(&key, signed.as_bytes())));
        assert_eq!(decided(&keys, &token), Err(Untrusted::Algorithm));
    }
    for algorithm in ["none", "None", "NONE", "", "rs256", "RS512", "PS256", "ES256", "EdDSA"] {
        let token = rsa.signed(&json!({"alg": algorithm, "kid": "1"}).to_string(), &text);
        assert_eq!(decided(&keys, &token), Err(Untrusted::Algorithm), "{algorithm}");
        let unsigned = format!("{}.", token.rsplit_once('.').unwrap().0);
        assert_eq!(decided(&keys, &unsigned), Err(Untrusted::Algorithm), "{algorithm}");
    }
    let (good, bad) = ([Algorithm::Rs256], [Algorithm::Es256, Algorithm::EdDsa]);
    assert!(decided_by(&keys, &rsa.token(&claims()), &good).is_ok());
    assert_eq!(decided_by(&keys, &rsa.token(&claims()), &bad), Err(Untrusted::Algorithm));
}

#[test]
fn the_header_names_one_of_the_providers_keys_and_brings_none() {
    let (own, foreign) = (Signer::new("EdDSA", "1"), Signer::new("EdDSA", "2"));
    let keys = known(&[&own]);
    assert_eq!(decided(&keys, &foreign.token(&claims())), Err(Untrusted::UnknownKey));
    let text = claims().to_string();
    let brought = json!({
        "alg": "EdDSA", "kid": "1", "jwk": foreign.public(), "jku": "https://evil.example/keys", "x5u": "https://evil.example/x",
    });
    assert_eq!(decided(&keys, &foreign.signed(&brought.to_string(), &text)), Err(Untrusted::Signature));
    for (header, why) in [
        (json!({"alg": "EdDSA"}), Untrusted::Malformed),
        (json!({"alg": "EdDSA", "kid": 1}), Untrusted::Malformed),
        (json!({"alg": "EdDSA", "kid": "1", "crit": ["b64"], "b64": false}), Untrusted::Kind),
        (json!({"alg": "EdDSA", "kid": "1", "typ": "logout+jwt"}), Untrusted::Kind),
        (json!({"alg": "EdDSA", "kid": "1", "typ": 1}), Untrusted::Kind),
        (json!({"alg": ["EdDSA"], "kid": "1"}), Untrusted::Algorithm),
    ] {
        assert_eq!(decided(&keys, &own.signed(&header.to_string(), &text)), Err(why), "{header}");
    }
    for kind in ["at+jwt", "application/at+JWT", "JWT"] {
        let header = json!({"alg": "EdDSA", "kid": "1", "typ": kind});
        assert!(decided(&keys, &own.signed(&header.to_string(), &text)).is_ok(), "{kind}");
    }
}

#[test]
fn a_token_is_its_issuers_for_this_server_and_for_now() {
    let signer = Signer::new("ES256", "1");
    let keys = known(&[&signer]);
    for (name, value, why) in [
        ("iss", json!("https://login.example.com/realms/acme/"), Untrusted::Issuer),
        ("iss", json!([ISSUER]), Untrusted::Issuer),
        ("iss", Value::Null, Untrusted::Issuer),
        ("aud", json!("https://mcp.example.com"), Untrusted::Audience),
        ("aud", json!("https://mcp.example.com/mcp/north"), Untrusted::Audience),
        ("aud", json!([]), Untrusted::Audience),
        ("aud", json!({HERE: true}), Untrusted::Audience),
        ("aud", Value::Null, Untrusted::Audience),
        ("exp", json!(NOW - 60), Untrusted::Expired),
        ("exp", json!(0), Untrusted::Expired),
        ("exp", json!("never"), Untrusted::Malformed),
        ("exp", Value::Null, Untrusted::Malformed),
        ("nbf", json!(NOW + 61), Untrusted::TooEarly),
        ("nbf", json!("x"), Untrusted::Malformed),
        ("cnf", json!({"jkt": "x"}), Untrusted::Kind),
    ] {
        let told = changed(name, value);
        assert_eq!(decided(&keys, &signer.token(&told)), Err(why), "{told}");
    }
    for (name, value) in [
        ("aud", json!(["account", HERE])),
        ("exp", json!(NOW - 59)),
        ("exp", json!(1.9e9)),
        ("nbf", json!(NOW + 60)),
        ("nbf", Value::Null),
    ] {
        let told = changed(name, value);
        assert!(decided(&keys, &signer.token(&told)).is_ok(), "{told}");
    }
}

#[test]
fn a_token_that_tells_a_client_who_signed_in_is_no_access_token() {
    let signer = Signer::new("EdDSA", "1");
    let keys = known(&[&signer]);
    let of = |kind: &str, told: &Value, are_addresses| {
        let expected = Expectation { issuer: ISSUER, audiences: &[HERE], are_addresses, algorithms: &Algorithm::ALL };
        let header = json!({"alg": "EdDSA", "kid": "1", "typ": kind}).to_string();
        verify(&signer.signed(&header, &told.to_string()), &keys, &expected, NOW).map(drop)
    };
    for name in ["nonce", "at_hash", "c_hash"] {
        assert_eq!(of("at+jwt", &changed(name, json!("x")), true), Err(Untrusted::Identity), "{name}");
    }
    // What another audience stands for may be a client.
    for told in [claims(), changed("scope", json!("")), changed("scp", json!([])), changed("roles", json!(["all"]))] {
        assert_eq!((of("JWT", &told, true), of("JWT", &told, false)), (Ok(()), Err(Untrusted::Identity)), "{told}");
        assert_eq!(of("application/at+JWT", &told, false), Ok(()), "{told}");
    }
    let mut of_client = changed("roles", json!(["all"]));
    of_client["azp"] = json!("client");
    for told in [changed("scope", json!("openid")), changed("scp", json!(["a"])), of_client] {
        assert_eq!(of("JWT", &told, false), Ok(()), "{told}");
    }
}

#[test]
fn what_two_readers_could_read_differently_is_read_by_nobody() {
    let signer = Signer::new("EdDSA", "1");
    let keys = known(&[&signer]);
    let (header, text) = (r#"{"alg":"EdDSA","kid":"1"}"#, claims().to_string());
    for (header, text) in [
        (header, text.replacen('{', r#"{"sub":"boss","#, 1)),
        (header, text.replacen('{', r#"{"aud":"x","#, 1)),
        (header, text.replacen('{', r#"{"x":{"a":1,"a":2},"#, 1)),
        (r#"{"alg":"EdDSA","kid":"1","kid":"2"}"#, text.clone()),
        (r#"{"alg":"none","alg":"EdDSA","kid":"1"}"#, text.clone()),
    ] {
        assert_eq!(decided(&keys, &signer.signed(header, &text)), Err(Untrusted::Twice), "{header} {text}");
    }
    let good = signer.token(&claims());
    for bad in [
        String::new(),
        "eyJ".to_owned(),
        "..".to_owned(),
        good.replacen('.', "", 1),
        format!("{good}="),
        format!("{good}\n"),
        signer.signed("[]", &text),
        signer.signed(header, "7"),
        signer.signed(header, &"[".repeat(10_000)),
    ] {
        assert_eq!(decided(&keys, &bad), Err(Untrusted::Malformed), "{bad:?}");
    }
    assert!(decided(&keys, &format!("{good}.{good}")).is_err());
    let long = signer.token(&changed("groups", json!("x".repeat(LONGEST))));
    assert_eq!(decided(&keys, &long), Err(Untrusted::TooLong));
}

/// The configuration of a provider; its keys are where it says that they are, unless that is stated.
fn provider(issuer: &str, jwks_url: Option<String>) -> Idp {
    Idp {
        url: PublicUrl::parse(HERE).unwrap(),
        issuer: issuer.to_owned(),
        audience: None,
        jwks_url,
        algorithms: Algorithm::ALL.to_vec(),
        claim: "sub".to_owned(),
        scopes: false,
        scope_prefix: String::new(),
        users: Default::default(),
    }
}

#[test]
fn a_provider_is_the_same_whoever_has_a_key_here_and_another_by_all_else() {
    let stated = provider(ISSUER, None);
    let known = super::IdentityProvider::new(&stated).unwrap();
    let person = crate::config::Person { key: Default::default(), narrowing: Default::default() };
    assert!(known.is_of(&Idp { users: [("anna".to_owned(), person)].into(), ..stated.clone() }));
    for other in [
        Idp { url: PublicUrl::parse("https://other.example.com/mcp").unwrap(), ..stated.clone() },
        Idp { issuer: "https://evil.example".to_owned(), ..stated.clone() },
        Idp { audience: Some("api://erp".to_owned()), ..stated.clone() },
        Idp { jwks_url: Some(format!("{ISSUER}/keys")), ..stated.clone() },
        Idp { algorithms: vec![Algorithm::Rs256], ..stated.clone() },
        Idp { claim: "email".to_owned(), ..stated.clone() },
        Idp { scopes: true, ..stated.clone() },
        Idp { scope_prefix: "api://erp/".to_owned(), ..stated.clone() },
    ] {
        assert!(!known.is_of(&other), "{other:?}");
    }
}

const NO_TIME: Times =
    Times { kept: Duration::ZERO, longest: Duration::from_secs(60), pause: Duration::ZERO, failed: Duration::ZERO };

/// A server that answers with this there.
async fn answering(at: &str, answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(path(at)).respond_with(answer).mount(&server).await;
    server
}

fn published(signer: &Signer) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({"keys": [signer.public()]}))
}

async fn asked(server: &MockServer) -> usize {
    server.received_requests().await.unwrap().len()
}

#[tokio::test]
async fn keys_are_asked_for_once_and_for_one_that_is_not_known_once_in_a_while() {
    let server = answering("/keys", published(&Signer::new("EdDSA", "1"))).await;
    let idp = provider(ISSUER, Some(format!("{}/keys", server.uri())));
    let keys = Keys::new(&idp, Times::default()).unwrap();
    let (one, other) = tokio::join!(keys.current(), keys.current());
    assert_eq!((one.unwrap().len(), other.unwrap().len(), asked(&server).await), (1, 1, 1));
    for _ in 0..10 {
        assert_eq!(keys.renewed().await.unwrap().len(), 1);
    }
    assert_eq!(asked(&server).await, 2);
    // Where that was long ago, they are asked for again.
    let keys = Keys::new(&idp, NO_TIME).unwrap();
    keys.current().await.unwrap();
    keys.renewed().await.unwrap();
    keys.renewed().await.unwrap();
    assert_eq!(asked(&server).await, 5);
}

#[tokio::test]
async fn a_provider_that_is_away_costs_nobody_their_login_for_a_day() {
    let server = answering("/keys", published(&Signer::new("EdDSA", "1"))).await;
    let idp = provider(ISSUER, Some(format!("{}/keys", server.uri())));
    let keys = Keys::new(&idp, NO_TIME).unwrap();
    let short = Keys::new(&idp, Times { longest: Duration::ZERO, ..NO_TIME }).unwrap();
    assert_eq!((keys.current().await.unwrap().len(), short.current().await), (1, Err(Unanswered)));
    server.reset().await;
    assert_eq!(keys.current().await.unwrap().len(), 1);
    // Nobody can say that it has no key of another name.
    assert_eq!(keys.renewed().await, Err(Unanswered));
    let never = Keys::new(&idp, Times::default()).unwrap();
    assert_eq!(never.current().await, Err(Unanswered));
    let patient = Keys::new(&idp, Times { failed: Duration::from_secs(60), ..Times::default() }).unwrap();
    assert_eq!(patient.current().await, Err(Unanswered));
    Mock::given(path("/keys")).respond_with(published(&Signer::new("EdDSA", "1"))).mount(&server).await;
    assert_eq!((patient.renewed().await, keys.renewed().await.unwrap().len()), (Err(Unanswered), 1));
}

#[tokio::test]
async fn what_the_provider_publishes_no_more_is_over() {
    let server = answering("/keys", published(&Signer::new("EdDSA", "1"))).await;
    let keys = Keys::new(&provider(ISSUER, Some(format!("{}/keys", server.uri()))), NO_TIME).unwrap();
    assert_eq!(keys.current().await.unwrap().len(), 1);
    server.reset().await;
    let none = ResponseTemplate::new(200).set_body_json(json!({"keys": []}));
    Mock::given(path("/keys")).respond_with(none).mount(&server).await;
    assert_eq!((keys.current().await.unwrap().len(), keys.renewed().await.unwrap().len()), (0, 0));
}

#[tokio::test]
async fn keys_are_read_for_all_when_who_asked_for_them_leaves() {
    let slow = published(&Signer::new("EdDSA", "1")).set_delay(Duration::from_millis(300));
    let server = answering("/keys", slow).await;
    let keys = Keys::new(&provider(ISSUER, Some(format!("{}/keys", server.uri()))), Times::default()).unwrap();
    let left = tokio::time::timeout(Duration::from_millis(100), keys.current()).await;
    assert!(left.is_err(), "{left:?}");
    assert_eq!((keys.current().await.unwrap().len(), asked(&server).await), (1, 1));
}

/// Has a provider tell of itself that it is this issuer, and has its keys there.
async fn tell(server: &MockServer, issuer: &str, keys: &str) {
    server.reset().await;
    let told = ResponseTemplate::new(200).set_body_json(json!({"issuer": issuer, "jwks_uri": keys}));
    Mock::given(path("/.well-known/openid-configuration")).respond_with(told).mount(server).await;
    Mock::given(path("/keys")).respond_with(published(&Signer::new("EdDSA", "1"))).mount(server).await;
}

#[tokio::test]
async fn a_provider_is_believed_about_itself_and_its_keys_are_not_fetched_from_inside() {
    let server = MockServer::start().await;
    let other = answering("/keys", published(&Signer::new("EdDSA", "1"))).await;
    let issuer = server.uri();
    let keys = Keys::new(&provider(&issuer, None), Times::default()).unwrap();
    tell(&server, &issuer, &format!("{issuer}/keys")).await;
    assert_eq!(keys.count().await, Ok(1));
    tell(&server, &format!("{issuer}/"), &format!("{issuer}/keys")).await;
    assert_eq!(keys.count().await, Err(NoKeys::Issuer));
    let inner = [
        format!("{}/keys", other.uri()),
        "https://127.0.0.1/keys".to_owned(),
        "https://169.254.169.254/keys".to_owned(),
        "https://[::1]/keys".to_owned(),
        "https://localhost/keys".to_owned(),
        "file:///etc/passwd".to_owned(),
    ];
    for address in inner {
        tell(&server, &issuer, &address).await;
        let why = keys.count().await.unwrap_err();
        assert!(matches!(why, NoKeys::Unfetched(_, Unfetched::Address)), "{address}: {why}");
    }
    assert_eq!(asked(&other).await, 0);
}

#[tokio::test]
async fn what_is_no_set_of_keys_is_none() {
    let large = json!({"keys": [Signer::new("EdDSA", "1").public()], "x": "x".repeat(300 << 10)});
    let mut nameless = Signer::new("EdDSA", "1").public();
    nameless["kid"] = Value::Null;
    let elsewhere = ResponseTemplate::new(302).insert_header("location", "http://127.0.0.1/keys");
    for (answer, why) in [
        (ResponseTemplate::new(200).set_body_json(large), "larger than it may be"),
        (elsewhere, "answers 302"),
        (ResponseTemplate::new(500), "answers 500"),
        (ResponseTemplate::new(200).set_body_string("<html>"), "not JSON"),
        (ResponseTemplate::new(200).set_body_json(json!({"error": "busy"})), "no set of keys"),
    ] {
        let server = answering("/keys", answer).await;
        let keys = Keys::new(&provider(ISSUER, Some(format!("{}/keys", server.uri()))), Times::default()).unwrap();
        let said = keys.count().await.unwrap_err().to_string();
        assert!(said.contains(why), "{said}");
        assert_eq!(keys.current().await, Err(Unanswered));
    }
    for (key, why) in [(json!({}), "no key for RS256"), (nameless, "has a name")] {
        let server = answering("/keys", ResponseTemplate::new(200).set_body_json(json!({"keys": [key]}))).await;
        let keys = Keys::new(&provider(ISSUER, Some(format!("{}/keys", server.uri()))), Times::default()).unwrap();
        let said = keys.count().await.unwrap_err().to_string();
        assert!(said.contains(why), "{said}");
    }
}
