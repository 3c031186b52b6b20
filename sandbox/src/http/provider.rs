//! The site's OAuth provider as 15 and 16 have it, holes included: a wrong secret passes, consent is a GET, old tokens stay
//! good when they are renewed, and those of a disabled user too. What it knows lasts as long as the process.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value, json};

use super::args::percent_decode;
use crate::doc::{cint, display};
use crate::documents::random;
use crate::error::{Exc, SiteError, exc};
use crate::perms::User;
use crate::reply::{Body, Reply};
use crate::site::Site;

/// Before the name of each of its methods.
pub const BELOW: &str = "/api/method/frappe.integrations.oauth2.";
const KEY_ERROR: Exc = Exc { name: "KeyError", status: 500, class: "KeyError" };

/// An OAuth Client, by its name. Its secret is not here: nobody checks it.
struct Client {
    redirects: String,
    scopes: String,
    roles: Vec<String>,
    skips: bool,
}

impl Client {
    fn find(site: &Site<'_>, id: &str) -> Option<Self> {
        let doc = site.load("OAuth Client", id).ok().filter(|_| !id.is_empty())?;
        let text = |key: &str| doc.get(key).map(display).unwrap_or_default();
        let rows = doc.get("allowed_roles").and_then(Value::as_array);
        let roles = rows.into_iter().flatten().filter_map(|row| row["role"].as_str().map(str::to_owned)).collect();
        let skips = doc.get("skip_authorization").is_some_and(|skips| cint(skips) != 0);
        Some(Self { redirects: text("redirect_uris"), scopes: text("scopes"), roles, skips })
    }

    fn serves(&self, user: &User) -> bool {
        self.roles.is_empty() || self.roles.iter().any(|role| user.has(role))
    }
}

/// A code that was handed out.
struct Code {
    client: String,
    user: String,
    redirect: String,
    scope: String,
    challenge: Option<String>,
    method: String,
}

/// A pair of tokens.
struct Token {
    access: String,
    refresh: String,
    client: String,
    user: String,
    scope: String,
    until: Instant,
    is_active: bool,
}

struct State {
    codes: HashMap<String, Code>,
    tokens: Vec<Token>,
    lives: u64,
}

/// The codes and tokens of a site.
pub struct Provider(Mutex<State>);

impl Default for Provider {
    fn default() -> Self {
        Self(Mutex::new(State { codes: HashMap::new(), tokens: Vec::new(), lives: 3600 }))
    }
}

/// What a request brings.
pub struct Asked<'a> {
    /// The verb.
    pub method: &'a str,
    /// The path.
    pub path: &'a str,
    /// The site, as it sees itself.
    pub site: &'a Site<'a>,
    /// Who asks.
    pub user: &'a User,
    /// The cookies.
    pub cookies: Option<&'a str>,
    /// Whether the body is JSON, which nothing here reads.
    pub is_json: bool,
    /// The arguments.
    pub args: &'a Map<String, Value>,
}

impl Asked<'_> {
    fn arg(&self, name: &str) -> &str {
        self.args.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// The address of a method with the arguments of this one.
    fn again(&self, path: &str) -> String {
        let pairs =
            self.args.iter().map(|(key, value)| format!("{key}={}", encode(value.as_str().unwrap_or_default())));
        format!("{path}?{}", pairs.collect::<Vec<_>>().join("&"))
    }
}

/// An answer, and where it leads.
pub type Given = (Reply, Option<String>);

impl Provider {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long the tokens live that are handed out from now on, in seconds.
    pub fn lives(&self, seconds: u64) {
        self.state().lives = seconds;
    }

    /// Every access and refresh token that was handed out, and whether it is active.
    pub fn tokens(&self) -> Vec<(String, String, bool)> {
        self.state().tokens.iter().map(|token| (token.access.clone(), token.refresh.clone(), token.is_active)).collect()
    }

    /// The user of an access token, enabled or not.
    pub fn user(&self, access: &str) -> Option<String> {
        let state = self.state();
        let good = |token: &&Token| token.access == access && token.is_active && token.until > Instant::now();
        state.tokens.iter().find(good).map(|token| token.user.clone())
    }

    /// Answers a method; none where there is no such.
    ///
    /// # Errors
    /// The site's.
    pub fn answer(&self, asked: &Asked<'_>) -> Option<Result<Given, SiteError>> {
        Some(match asked.path.strip_prefix(BELOW)? {
            "authorize" => Ok(authorize(asked)),
            "approve" => self.approve(asked),
            "get_token" => self.get_token(asked),
            "revoke_token" => self.revoke(asked),
            "introspect_token" => Ok(self.introspect(asked)),
            "openid_profile" => profile(asked),
            _ => return None,
        })
    }

    fn approve(&self, asked: &Asked<'_>) -> Result<Given, SiteError> {
        if asked.user.is_guest() {
            return Err(SiteError::closed("frappe.integrations.oauth2.approve"));
        }
        if let Err(wrong) = checked(asked) {
            return Ok(wrong);
        }
        // The code is for whom this cookie names, whoever's the session is.
        let cookies = asked.cookies.unwrap_or_default().split(';');
        let user = cookies.filter_map(|cookie| cookie.trim().strip_prefix("user_id=")).next();
        let user = user.map(percent_decode).ok_or_else(|| SiteError::new(KEY_ERROR, "'user_id'"))?;
        let code = secret();
        let text = |name: &str| asked.arg(name).to_owned();
        let to = format!("{}?code={code}&state={}", asked.arg("redirect_uri"), encode(asked.arg("state")));
        let kept = Code {
            client: text("client_id"),
            user,
            redirect: text("redirect_uri"),
            scope: text("scope"),
            challenge: Some(text("code_challenge")).filter(|challenge| !challenge.is_empty()),
            method: text("code_challenge_method"),
        };
        self.state().codes.insert(code, kept);
        Ok((page("Redirecting...").with_status(302), Some(to)))
    }

    fn get_token(&self, asked: &Asked<'_>) -> Result<Given, SiteError> {
        let refused = |error: &str| Ok((Reply::json(json!({ "error": error })).with_status(400), None));
        if asked.is_json {
            return refused("unsupported_grant_type");
        }
        let mut state = self.state();
        let client = asked.arg("client_id").to_owned();
        if Client::find(asked.site, &client).is_none() {
            return Err(SiteError::no_role("Guest", "OAuth Client").quiet());
        }
        let (user, scope, with_id) = match asked.arg("grant_type") {
            "authorization_code" => {
                let Some(code) = state.codes.get(asked.arg("code")).filter(|code| code.client == client) else {
                    return refused("invalid_grant");
                };
                if !["", &code.redirect].contains(&asked.arg("redirect_uri")) {
                    let body = json!({"error": "invalid_request", "error_description": "Mismatching redirect URI."});
                    return Ok((Reply::json(body).with_status(400), None));
                }
                let verifier = asked.arg("code_verifier");
                let answers = |challenge: &String| match code.method.as_str() {
                    "S256" => BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes())) == *challenge,
                    _ => verifier == challenge,
                };
                if !code.challenge.as_ref().is_none_or(answers) {
                    return refused("invalid_grant");
                }
                let given = (code.user.clone(), code.scope.clone(), code.scope.contains("openid"));
                state.codes.remove(asked.arg("code"));
                given
            }
            "refresh_token" => {
                let known = |token: &&Token| token.refresh == asked.arg("refresh_token") && token.is_active;
                let Some(old) = state.tokens.iter().find(known) else {
                    return Err(SiteError::no_role("Guest", "OAuth Bearer Token").quiet());
                };
                (old.user.clone(), old.scope.clone(), false)
            }
            "password" => return Err(SiteError::new(exc::AUTHENTICATION, "")),
            "client_credentials" => return refused("unauthorized_client"),
            _ => return refused("unsupported_grant_type"),
        };
        let (access, refresh, lives) = (secret(), secret(), state.lives);
        let mut body = json!({
            "access_token": access, "expires_in": lives, "token_type": "Bearer", "scope": scope, "refresh_token": refresh,
        });
        if with_id {
            body["id_token"] = json!(secret());
        }
        let until = Instant::now() + Duration::from_secs(lives);
        state.tokens.push(Token { access, refresh, client, user, scope, until, is_active: true });
        Ok((Reply::json(body), None))
    }

    fn revoke(&self, asked: &Asked<'_>) -> Result<Given, SiteError> {
        if asked.method != "POST" {
            return Ok((Reply::json(json!({})).with_status(400), None));
        }
        let by_refresh = asked.arg("token_type_hint") == "refresh_token" && !asked.arg("client_id").is_empty();
        // H81.
        let sent = if asked.arg("client_id").is_empty() { "" } else { asked.arg("token") };
        let mut state = self.state();
        let known = |token: &&mut Token| token.access == sent || by_refresh && token.refresh == sent;
        match state.tokens.iter_mut().find(known) {
            Some(token) => token.is_active = false,
            None => return Err(SiteError::no_role("Guest", "OAuth Client").quiet()),
        }
        Ok((Reply::json(json!({})), None))
    }

    /// Whoever asks is told, and of a token that is over as of any other (H82).
    fn introspect(&self, asked: &Asked<'_>) -> Given {
        let (sent, by_refresh) = (asked.arg("token"), asked.arg("token_type_hint") == "refresh_token");
        let state = self.state();
        let known = |token: &&Token| (if by_refresh { &token.refresh } else { &token.access }) == sent;
        let told = state.tokens.iter().find(known).map_or(json!({"active": false}), |token| {
            json!({"client_id": token.client, "trusted_client": 0, "active": token.is_active, "scope": token.scope})
        });
        (Reply::json(told), None)
    }
}

/// The client of a request for a code, or what is wrong with the request.
fn checked(asked: &Asked<'_>) -> Result<Client, Given> {
    let refused = |error: &str, description: &str| {
        let body = json!({"description": description, "status_code": 400, "error": error});
        Err((Reply::json(body).with_status(400), None))
    };
    let found = Client::find(asked.site, asked.arg("client_id"));
    let Some(client) = found.filter(|client| client.serves(asked.user)) else {
        return refused("invalid_request", "Invalid client_id parameter value.");
    };
    if !client.redirects.split(' ').any(|known| known == asked.arg("redirect_uri")) {
        return refused("invalid_request", "Mismatching redirect URI.");
    }
    if asked.arg("response_type") != "code" {
        return refused("unauthorized_client", "");
    }
    let known = |scope: &str| client.scopes.split(' ').any(|known| known == scope);
    if !asked.arg("scope").split_whitespace().all(known) {
        return refused("invalid_scope", "");
    }
    Ok(client)
}

/// The page that asks was recorded without its styles, as an error of the site: this one stands for it.
fn authorize(asked: &Asked<'_>) -> Given {
    if asked.user.is_guest() {
        let back = encode(&asked.again(asked.path));
        return (page("Redirecting...").with_status(302), Some(format!("/login?redirect-to={back}")));
    }
    let allow = asked.again(&format!("{BELOW}approve"));
    match checked(asked) {
        Err(wrong) => wrong,
        Ok(Client { skips: true, .. }) => (page("Redirecting...").with_status(302), Some(allow)),
        Ok(_) => (page(&format!("<a href=\"{}\">Allow</a>", allow.replace('&', "&amp;"))), None),
    }
}

fn profile(asked: &Asked<'_>) -> Result<Given, SiteError> {
    if asked.user.is_guest() {
        return Err(SiteError::closed("frappe.integrations.oauth2.openid_profile"));
    }
    let User { name, roles } = asked.user;
    Ok((Reply::json(json!({"sub": digested(name), "name": name, "email": name, "roles": roles})), None))
}

fn digested(text: &str) -> String {
    digest(&SHA256, text.as_bytes()).as_ref().iter().take(19).map(|byte| format!("{byte:02x}")).collect()
}

fn page(body: &str) -> Reply {
    let html = format!("<!doctype html>\n<html lang=en>\n<title>OAuth</title>\n{body}\n");
    Reply { status: 200, body: Body::Bytes("text/html; charset=utf-8", html.into_bytes()) }
}

/// 30 characters.
fn secret() -> String {
    (0..4).map(|_| random()).collect::<String>().chars().take(30).collect()
}

fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
