//! What a request for authorization is answered with.

use super::addresses::Addresses;
use super::client::Client;
use super::form::Form;
use super::grant::Request;
use super::{Scope, redirect};

/// The longest `state` that is carried.
const LONGEST_STATE: usize = 1_000;
/// The longest request, in bytes of its JSON: the browser keeps it during the login, sealed, in one cookie of 4,096 at most.
const LONGEST_REQUEST: usize = 2_600;
/// The characters of a challenge: a SHA-256 in base64.
const CHALLENGE: usize = 43;

/// The answer.
#[derive(PartialEq, Eq, Debug)]
pub enum Decision {
    /// The person is asked.
    Ask(Request),
    /// The person is told why not, and sent nowhere: anybody can register an address, and nobody has consented to this one.
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
    if state.is_some_and(|state| state.len() > LONGEST_STATE) {
        return Decision::Refuse("the program asks wrongly: its state is too long");
    }
    if form.get("response_type") != Some("code") {
        return Decision::Refuse("the program asks for another response_type than code");
    }
    if form.get("response_mode").is_some_and(|mode| mode != "query") {
        return Decision::Refuse("the program asks for another response_mode than query");
    }
    let base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let challenge = form.get("code_challenge").filter(|text| text.len() == CHALLENGE && text.chars().all(base64));
    let (Some(challenge), Some("S256")) = (challenge, form.get("code_challenge_method")) else {
        return Decision::Refuse("the program does not use PKCE: a code_challenge with code_challenge_method S256");
    };
    let Some(resource) = addresses.resource(form.get("resource")) else {
        return Decision::Refuse("the program asks for a resource that is not served here");
    };
    let Some(scope) = Scope::asked(form.get("scope")) else {
        return Decision::Refuse("the program asks for no scope of erpnext:read, erpnext:write, erpnext:submit");
    };
    let request = Request {
        client_id: client_id.to_owned(),
        client: client.name.clone(),
        redirect: back.to_owned(),
        state: state.map(str::to_owned),
        challenge: challenge.to_owned(),
        scope,
        resource,
    };
    if serde_json::to_string(&request).map_or(0, |text| text.len()) > LONGEST_REQUEST {
        return Decision::Refuse("the program asks wrongly: its id, its address and its state are too long together");
    }
    Decision::Ask(request)
}

/// The address that tells a client of an error, after its person has decided.
pub fn refusal(back: &str, state: Option<&str>, addresses: &Addresses, code: &str, words: &str) -> String {
    let mut told = vec![("error", code), ("error_description", words)];
    told.extend(state.map(|state| ("state", state)));
    told.push(("iss", &addresses.issuer));
    redirect::with(back, &told)
}

#[cfg(test)]
#[allow(clippy::panic, clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::oauth::addresses::tests::addresses;
    use crate::oauth::grant::Login;
    use crate::shared::seal::Sealer;

    const GOOD: &str = "response_type=code&redirect_uri=https%3A%2F%2Fclaude.ai%2Fcb&state=s1&scope=erpnext:write\
                        &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256\
                        &resource=https://mcp.example.com/mcp";

    #[test]
    fn a_request_that_no_cookie_holds_is_refused_before_anybody_is_asked() {
        let client = Client { name: "Claude".to_owned(), redirects: vec!["https://claude.ai/cb".to_owned()] };
        let asked = |id: usize| decide(&Form::parse(GOOD), &"c".repeat(id), &client, &addresses());
        assert!(matches!(asked(3_000), Decision::Refuse(_)));
        let Decision::Ask(request) = asked(2_200) else { panic!("{:?}", asked(2_200)) };
        let (state, verifier) = ("s".repeat(43), "v".repeat(43));
        let sealer = Sealer::new(None).unwrap();
        let longest = 2_600 - serde_json::to_string(&request).unwrap().len();
        let request = Request { client_id: "c".repeat(2_200 + longest), ..request };
        let login = Login { request, state, until: u64::MAX, verifier };
        let kept = sealer.seal_text("login", &login).unwrap().len();
        assert!(kept < 4_000, "{kept}");
    }

    fn of(query: &str) -> Decision {
        let client = Client { name: "Claude".to_owned(), redirects: vec!["https://claude.ai/cb".to_owned()] };
        decide(&Form::parse(query), "c1", &client, &addresses())
    }

    fn told(query: &str) -> &'static str {
        let decision = of(query);
        let Decision::Refuse(why) = decision else { panic!("{decision:?}") };
        why
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
    fn a_person_is_told_what_the_client_asks_wrongly() {
        for (part, other, word) in [
            ("response_type=code", "response_type=token", "response_type"),
            ("response_type=code", "response_type=code&response_mode=fragment", "response_mode"),
            ("state=s1", &format!("state={}", "s".repeat(1_001)), "state"),
            ("S256", "plain", "PKCE"),
            ("&code_challenge_method=S256", "", "PKCE"),
            ("E9Melhoa", "", "PKCE"),
            ("erpnext:write", "everything", "scope"),
            ("mcp.example.com/mcp", "other.example.com/mcp", "resource"),
            ("example.com/mcp", "example.com/mcp/north", "resource"),
        ] {
            let why = told(&GOOD.replace(part, other));
            assert!(why.contains(word), "{other}: {why}");
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
