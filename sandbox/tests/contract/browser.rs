//! What a browser keeps between exchanges and a recording hides: the cookie of its session, the token of its page.

use serde_json::json;

use crate::recordings::Exchange;
use crate::wire::Answer;

/// The cookie and the token that were last handed out.
#[derive(Default)]
pub struct Browser {
    sid: Option<String>,
    token: Option<String>,
}

impl Browser {
    /// A header's value with our cookie or token in the place of the hidden one.
    pub fn own(&self, value: &str) -> String {
        match (&self.sid, &self.token) {
            (Some(sid), _) if value.starts_with("sid=REDACTED") => value.replacen("REDACTED", sid, 1),
            (_, Some(token)) if value == "REDACTED" => token.clone(),
            _ => value.to_owned(),
        }
    }

    /// The body of a login that succeeded, with our password.
    pub fn password(&self, exchange: &Exchange) -> Option<Vec<u8>> {
        if !exchange.target.ends_with("/login") || exchange.status != 200 {
            return None;
        }
        let user = exchange.args()["usr"].as_str()?.to_owned();
        Some(match exchange.sent.first() {
            Some(b'{') => json!({ "usr": user, "pwd": "secret" }).to_string().into_bytes(),
            _ => format!("usr={user}&pwd=secret").into_bytes(),
        })
    }

    /// Keeps what an answer hands out.
    pub fn keep(&mut self, answer: &Answer) {
        if let Some((_, rest)) = answer.header("set-cookie").and_then(|cookie| cookie.split_once("sid=")) {
            self.sid = rest.split(';').next().map(str::to_owned);
        }
        let page = String::from_utf8_lossy(&answer.body);
        if let Some((_, rest)) = page.split_once("frappe.csrf_token = \"") {
            self.token = rest.split('"').next().map(str::to_owned);
        }
    }
}
