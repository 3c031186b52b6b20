//! Whether a token is one that its issuer signed for this server and for now (RFC 7515, 7519, 8725): decided from the token, the
//! keys and the time alone.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::jwks::Key;
use crate::config::{Algorithm, names_twice};

/// The longest token, in bytes.
pub const LONGEST: usize = 16 << 10;
/// By how many seconds the clocks of two machines may differ.
const LEEWAY: f64 = 60.0;

/// What a token has to say.
#[derive(Clone, Copy, Debug)]
pub struct Expectation<'e> {
    /// Who issued it.
    pub issuer: &'e str,
    /// For whom: one of these.
    pub audiences: &'e [&'e str],
    /// Whether these are addresses of this server, which no ID token is for: those are for a client.
    pub are_addresses: bool,
    /// By which algorithms it may be signed.
    pub algorithms: &'e [Algorithm],
}

/// Why a token is not taken; nothing of the token.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Untrusted {
    /// More than is read.
    #[error("it is longer than 16 KiB: have the provider put fewer groups and claims into it")]
    TooLong,
    /// Not three parts of base64url, the first two of which are JSON objects with what a token needs.
    #[error("it cannot be read")]
    Malformed,
    /// Two readers could take two things from it.
    #[error("it names something twice")]
    Twice,
    /// It is made for another purpose, or needs what is not known here.
    #[error("it is no access token of a kind that is known here")]
    Kind,
    /// It tells a client who signed in, or nothing says that it does not.
    #[error(
        "nothing says that it is an access token: have the client send that, not the ID token, and the provider put typ at+jwt \
             or the claim scope or scp into it"
    )]
    Identity,
    /// The algorithm is not let, or not that of the key.
    #[error("it is not signed by an algorithm that is taken here")]
    Algorithm,
    /// The provider has no such key, as far as is known.
    #[error("the provider has no key of that name")]
    UnknownKey,
    /// Somebody else made it, or changed it.
    #[error("its signature is not the provider's")]
    Signature,
    /// Another provider's.
    #[error("it is another issuer's")]
    Issuer,
    /// For somebody else.
    #[error("it is not meant for this server: its audience is another")]
    Audience,
    /// It was good.
    #[error("it is over")]
    Expired,
    /// It will be good.
    #[error("it is not good yet")]
    TooEarly,
}

/// The claims of a token that can be trusted.
///
/// # Errors
/// [`Untrusted`].
pub fn verify(
    token: &str,
    keys: &[Key],
    expected: &Expectation<'_>,
    now: i64,
) -> Result<Map<String, Value>, Untrusted> {
    if token.len() > LONGEST {
        return Err(Untrusted::TooLong);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(Untrusted::Malformed)?;
    let (header, claims) = signed.split_once('.').ok_or(Untrusted::Malformed)?;
    let header = object(header)?;
    let algorithm = header.get("alg").and_then(Value::as_str).and_then(Algorithm::from_name);
    let algorithm = algorithm.filter(|stated| expected.algorithms.contains(stated)).ok_or(Untrusted::Algorithm)?;
    // What the header says of keys (jwk, jku, x5c, x5u) is the token's own word, and not heard.
    if !is_access_token(&header) {
        return Err(Untrusted::Kind);
    }
    let id = header.get("kid").and_then(Value::as_str).ok_or(Untrusted::Malformed)?;
    let mut named = keys.iter().filter(|key| key.id == id).peekable();
    named.peek().ok_or(Untrusted::UnknownKey)?;
    let mut fitting = named.filter(|key| key.algorithm() == algorithm).peekable();
    fitting.peek().ok_or(Untrusted::Algorithm)?;
    let signature = bytes(signature)?;
    if !fitting.any(|key| key.verifies(signed.as_bytes(), &signature)) {
        return Err(Untrusted::Signature);
    }
    let claims = object(claims)?;
    check(&claims, expected, now)?;
    if is_id_token(&header, &claims, expected.are_addresses) {
        return Err(Untrusted::Identity);
    }
    Ok(claims)
}

/// Whether it is made for a client, by which it lets nobody in anywhere, or may be: an audience may be a client's name, too.
fn is_id_token(header: &Map<String, Value>, claims: &Map<String, Value>, is_for_address: bool) -> bool {
    let has = |name: &str| claims.get(name).is_some_and(|claim| ![json!(null), json!(""), json!([])].contains(claim));
    // Some providers write the roles of a person into both, and the client of a token beside them into access tokens alone.
    let grants = || has("scope") || has("scp") || (has("roles") && (has("azp") || has("appid")));
    let is_marked = header.get("typ").and_then(Value::as_str).is_some_and(|kind| kind_of(kind) == "at+jwt");
    ["nonce", "at_hash", "c_hash"].iter().any(|name| claims.contains_key(*name))
        || !(is_for_address || is_marked || grants())
}

/// Whether nothing in the header says that it is something else (RFC 9068, 8725), or needs what is not known here.
fn is_access_token(header: &Map<String, Value>) -> bool {
    let is_kind = |kind: &str| ["jwt", "at+jwt"].contains(&kind_of(kind).as_str());
    header.get("typ").is_none_or(|kind| kind.as_str().is_some_and(is_kind)) && !header.contains_key("crit")
}

/// A `typ`, which may stand without its `application/`.
fn kind_of(stated: &str) -> String {
    let kind = stated.to_ascii_lowercase();
    kind.strip_prefix("application/").map_or(kind.clone(), str::to_owned)
}

fn check(claims: &Map<String, Value>, expected: &Expectation<'_>, now: i64) -> Result<(), Untrusted> {
    // One that is bound to a key of its client is more than a bearer's, and nobody proves here that the key is theirs.
    if claims.contains_key("cnf") {
        return Err(Untrusted::Kind);
    }
    if claims.get("iss").is_none_or(|issuer| issuer != expected.issuer) {
        return Err(Untrusted::Issuer);
    }
    let is_meant = |one: &Value| one.as_str().is_some_and(|one| expected.audiences.contains(&one));
    let is_for_us = match claims.get("aud") {
        Some(Value::Array(all)) => all.iter().any(is_meant),
        Some(one) => is_meant(one),
        None => false,
    };
    if !is_for_us {
        return Err(Untrusted::Audience);
    }
    let time = |name: &str| match claims.get(name) {
        Some(time) => time.as_f64().map(Some).ok_or(Untrusted::Malformed),
        None => Ok(None),
    };
    let now = now as f64;
    if time("exp")?.ok_or(Untrusted::Malformed)? <= now - LEEWAY {
        return Err(Untrusted::Expired);
    }
    if time("nbf")?.is_some_and(|from| from > now + LEEWAY) {
        return Err(Untrusted::TooEarly);
    }
    Ok(())
}

/// A part that is a JSON object.
fn object(part: &str) -> Result<Map<String, Value>, Untrusted> {
    let json = bytes(part)?;
    if names_twice(&json).is_some() {
        return Err(Untrusted::Twice);
    }
    serde_json::from_slice(&json).map_err(|_| Untrusted::Malformed)
}

fn bytes(part: &str) -> Result<Vec<u8>, Untrusted> {
    BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| Untrusted::Malformed)
}
