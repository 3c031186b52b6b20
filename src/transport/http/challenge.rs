//! How a client learns where to sign in, or that its token lets too little be done (RFC 6750, RFC 9728).

use hyper::StatusCode;
use hyper::header::{HeaderValue, WWW_AUTHENTICATE};

use super::refusal::Refusal;
use super::route::is_for_keys;
use crate::oauth::{Addresses, Scope};

/// The refusal with the words by which a client learns where to sign in, for the endpoint at a path.
pub fn challenged(refusal: Refusal, addresses: &Addresses, path: &str, sent_one: bool) -> Refusal {
    if is_for_keys(path) {
        return refusal;
    }
    let error = if sent_one { ", error=\"invalid_token\"" } else { "" };
    let scope = scope(addresses, Scope::Submit);
    worded(refusal, format!("Bearer resource_metadata=\"{}\"{scope}{error}", addresses.metadata_of(path)))
}

/// That the token is good and lets too little be done: which scope would do.
pub fn insufficient(needed: Scope, addresses: &Addresses, path: &str) -> Refusal {
    let message = format!("the token does not let this be done: sign in again with the scope {}", needed.as_str());
    if is_for_keys(path) {
        return Refusal::new(StatusCode::FORBIDDEN, message);
    }
    let (metadata, scope) = (addresses.metadata_of(path), scope(addresses, needed));
    let words = format!(
        "Bearer error=\"insufficient_scope\"{scope}, resource_metadata=\"{metadata}\", error_description=\"{message}\""
    );
    worded(Refusal::new(StatusCode::FORBIDDEN, message), words)
}

/// The scopes to ask for, where the issuer knows any.
fn scope(addresses: &Addresses, most: Scope) -> String {
    let scopes = addresses.scopes(most);
    if scopes.is_empty() { String::new() } else { format!(", scope=\"{}\"", scopes.join(" ")) }
}

fn worded(refusal: Refusal, words: String) -> Refusal {
    match HeaderValue::try_from(words) {
        Ok(words) => refusal.with_only(WWW_AUTHENTICATE, words),
        Err(_) => refusal,
    }
}
