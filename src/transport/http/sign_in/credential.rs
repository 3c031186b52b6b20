//! What a request presents to prove who sends it.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper::StatusCode;
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use ring::digest::{SHA256, digest};
use secrecy::SecretString;

use crate::oauth::is_access_token;
use crate::site::Credentials;
use crate::transport::http::refusal::Refusal;

/// A credential, or that there is none.
#[derive(Debug)]
pub enum Presented {
    /// None.
    Nothing,
    /// The API key of an ERPNext user.
    Key(Credentials),
    /// A token that stands for one, or is the site's, and its SHA-256.
    Token([u8; 32], SecretString),
    /// The SHA-256 of an access token.
    Access([u8; 32]),
    /// A token that somebody signed.
    Signed(SecretString),
}

/// Reads the `Authorization` header: `token KEY:SECRET` as Frappe has it, `Basic`, or `Bearer` with either.
///
/// # Errors
/// More than one, or one that can be none of these.
pub fn presented(headers: &HeaderMap) -> Result<Presented, Refusal> {
    let mut stated = headers.get_all(AUTHORIZATION).iter();
    let (first, second) = (stated.next(), stated.next());
    if second.is_some() {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "there are two Authorization headers: send one"));
    }
    let Some(stated) = first else { return Ok(Presented::Nothing) };
    let form = "the Authorization header cannot be read: send `token KEY:SECRET` or `Bearer TOKEN`";
    let text = stated.to_str().map_err(|_| unauthorized(form))?;
    let (scheme, rest) = text.trim().split_once(' ').ok_or_else(|| unauthorized(form))?;
    let rest = rest.trim();
    match scheme.to_ascii_lowercase().as_str() {
        "token" => key(rest).ok_or_else(|| unauthorized(form))?,
        "bearer" => match key(rest) {
            Some(key) => key,
            None if is_signed(rest) => Ok(Presented::Signed(rest.into())),
            None => {
                let mut hash = [0; 32];
                hash.copy_from_slice(digest(&SHA256, rest.as_bytes()).as_ref());
                Ok(if is_access_token(rest) { Presented::Access(hash) } else { Presented::Token(hash, rest.into()) })
            }
        },
        "basic" => {
            let decoded = BASE64_STANDARD.decode(rest).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            decoded.and_then(|text| key(&text)).ok_or_else(|| unauthorized(form))?
        }
        _ => Err(unauthorized(form)),
    }
}

/// Whether it has the form of a JWT: three parts, the first of which is a JSON object in base64url.
fn is_signed(text: &str) -> bool {
    text.starts_with("eyJ") && text.split('.').count() == 3
}

/// `KEY:SECRET`; none where there is no colon.
fn key(text: &str) -> Option<Result<Presented, Refusal>> {
    let (key, secret) = text.split_once(':')?;
    let credentials = Credentials::new(key.into(), secret.into());
    Some(credentials.map(Presented::Key).map_err(|why| unauthorized(why.to_string())))
}

/// That whoever asks has to sign in, or to sign in anew.
pub fn unauthorized(message: impl Into<String>) -> Refusal {
    let challenge = HeaderValue::from_static("Bearer realm=\"erpnext-mcp\"");
    Refusal::new(StatusCode::UNAUTHORIZED, message).with(WWW_AUTHENTICATE, challenge)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn of(values: &[&str]) -> Result<String, (u16, String)> {
        let mut headers = HeaderMap::new();
        values.iter().for_each(|value| _ = headers.append(AUTHORIZATION, HeaderValue::from_str(value).unwrap()));
        match presented(&headers) {
            Ok(Presented::Nothing) => Ok("nothing".to_owned()),
            Ok(Presented::Key(credentials)) => Ok(credentials.authorization().unwrap().expose_secret().to_owned()),
            Ok(Presented::Token(hash, _) | Presented::Access(hash)) => Ok(format!("{:02x}{:02x}", hash[0], hash[1])),
            Ok(Presented::Signed(token)) => Ok(format!("signed {}", token.expose_secret())),
            Err(refusal) => Err((refusal.status.as_u16(), refusal.message)),
        }
    }

    #[test]
    fn a_key_comes_in_three_forms_and_a_token_in_one() {
        for value in ["token k:s", "TOKEN  k:s", "Bearer k:s", "Basic azpz", "basic azpz"] {
            assert_eq!(of(&[value]), Ok("token k:s".to_owned()), "{value}");
        }
        assert_eq!(of(&["Bearer abc"]), Ok("ba78".to_owned()));
        assert_eq!(of(&["Bearer eyJ.e30.c2ln"]), Ok("signed eyJ.e30.c2ln".to_owned()));
        assert!(of(&["Bearer eyJ.e30"]).unwrap().len() == 4, "it is a token as any other");
        assert_eq!(of(&[]), Ok("nothing".to_owned()));
    }

    #[test]
    fn what_is_no_credential_is_refused_and_not_repeated() {
        for value in ["canary", "token canary", "Basic canary", "Digest canary", "token canary:", "token :canary", ""] {
            let (status, message) = of(&[value]).unwrap_err();
            assert_eq!(status, 401, "{value}");
            assert!(!message.contains("canary") && !message.is_empty(), "{message}");
        }
        assert_eq!(of(&["token k:s", "token k:s"]).unwrap_err().0, 400);
    }
}
