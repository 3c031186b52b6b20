//! What a request for authorization is answered with.

use super::addresses::Addresses;
use super::client::Client;
use super::form::Form;
use super::grant::Request;
use super::{Scope, redirect};

/// The longest `state` that is carried.
const LONGEST_STATE: usize = 1_000;
/// The characters of a challenge: a SHA-256 in base64.
const CHALLENGE: usize = 43;

/// The answer.
#[derive(PartialEq, Eq, Debug)]
pub enum Decision {
    /// The person is asked.
    Ask(Request),
    /// The client is told that it asked wrongly, at this address.
    Tell(String),
    /// Nobody is sent anywhere: it is not known whose address that would be.
    Refuse(&'static str),
}

/// Decides what a client's request is answered with.
pub fn decide(form: &Form, client_id: &str, client: &Client, addresses: &Addresses) -> Decision {
    if form.has_one_twice() {
        return Decision::Refuse("a parameter was sent twice");
    }
    let back = match (form.get("redirect_uri"), client.redirects.as_slice()) {
        (Some(asked), registered) if registered.iter().any(|known| redirect::matches(known, asked)) => asked,
        (None, [only]) => only,
        _ => return Decision::Refuse("the program asks to send you to an address that it has not registered"),
    };
    let state = form.get("state");
    let tell =
        |code, words| Decision::Tell(refusal(back, state.filter(|s| s.len() <= LONGEST_STATE), addresses, code, words));
    if state.is_some_and(|state| state.len() > LONGEST_STATE) {
        return tell("invalid_request", "state is too long");
    }
    if form.get("response_type") != Some("code") {
        return tell("unsupported_response_type", "response_type is code");
    }
    if form.get("response_mode").is_some_and(|mode| mode != "query") {
        return tell("invalid_request", "response_mode is query");
    }
    let base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let challenge = form.get("code_challenge").filter(|text| text.len() == CHALLENGE && text.chars().all(base64));
    let (Some(challenge), Some("S256")) = (challenge, form.get("code_challenge_method")) else {
        return tell("invalid_request", "PKCE is needed: a code_challenge with code_challenge_method S256");
    };
    let Some(resource) = addresses.resource(form.get("resource")) else {
        return tell("invalid_target", "resource is not served here");
    };
    let Some(scope) = Scope::asked(form.get("scope")) else {
        return tell("invalid_scope", "scope names none of erpnext:read, erpnext:write, erpnext:submit");
    };
    Decision::Ask(Request {
        client_id: client_id.to_owned(),
        client: client.name.clone(),
        redirect: back.to_owned(),
        state: state.map(str::to_owned),
        challenge: challenge.to_owned(),
        scope,
        resource,
    })
}

/// The address that tells a client of an error.
pub fn refusal(back: &str, state: Option<&str>, addresses: &Addresses, code: &str, words: &str) -> String {
    let mut told = vec![("error", code), ("error_description", words)];
    told.extend(state.map(|state| ("state", state)));
    told.push(("iss", &addresses.issuer));
    redirect::with(back, &told)
}

#[cfg(test)]
#[allow(clippy::panic)]
mod tests {
    use super::*;
    use crate::oauth::addresses::tests::addresses;

    const GOOD: &str = "response_type=code&redirect_uri=https%3A%2F%2Fclaude.ai%2Fcb&state=s1&scope=erpnext:write\
                        &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256\
                        &resource=https://mcp.example.com/mcp";

    fn of(query: &str) -> Decision {
        let client = Client { name: "Claude".to_owned(), redirects: vec!["https://claude.ai/cb".to_owned()] };
        decide(&Form::parse(query), "c1", &client, &addresses())
    }

    fn told(query: &str) -> String {
        match of(query) {
            Decision::Tell(to) => {
                assert!(to.starts_with("https://claude.ai/cb?error=") && to.contains("&iss=https%3A%2F%2F"), "{to}");
                to["https://claude.ai/cb?error=".len()..].split('&').next().unwrap_or_default().to_owned()
            }
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn a_good_request_is_asked_about() {
        let Decision::Ask(request) = of(GOOD) else { panic!("{:?}", of(GOOD)) };
        assert_eq!((request.scope, request.state.as_deref()), (Scope::Write, Some("s1")));
        assert_eq!(request.resource, addresses().resource);
        let without = GOOD.replace("redirect_uri=https%3A%2F%2Fclaude.ai%2Fcb&", "");
        assert!(matches!(of(&without), Decision::Ask(_)), "there is one to choose from");
    }

    #[test]
    fn a_client_is_told_what_it_asked_wrongly() {
        for (part, other, code) in [
            ("response_type=code", "response_type=token", "unsupported_response_type"),
            ("S256", "plain", "invalid_request"),
            ("&code_challenge_method=S256", "", "invalid_request"),
            ("E9Melhoa", "", "invalid_request"),
            ("erpnext:write", "everything", "invalid_scope"),
            ("mcp.example.com/mcp", "other.example.com/mcp", "invalid_target"),
            ("example.com/mcp", "example.com/mcp/north", "invalid_target"),
        ] {
            assert_eq!(told(&GOOD.replace(part, other)), code, "{other}");
        }
    }

    #[test]
    fn nobody_is_sent_to_an_address_that_is_not_the_clients() {
        for query in [
            GOOD.replace("claude.ai", "evil.example"),
            GOOD.replace("%2Fcb", "%2Fcb%2F"),
            format!("{GOOD}&redirect_uri=https://evil.example"),
        ] {
            assert!(matches!(of(&query), Decision::Refuse(_)), "{query}");
        }
    }
}
