//! Answers on the wire: JSON with its server messages, errors with or without tracebacks, pages of the web server.

use axum::body::Body as Payload;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::{Map, Value, json};

use erpnext_schema::Version;

use crate::error::{Message, SiteError};
use crate::reply::{Body, Reply};

/// How a site words its answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Manner {
    /// The site's version.
    pub version: Version,
    /// Whether errors tell `exception` and `exc`.
    pub tracebacks: bool,
}

/// A handler's answer.
pub fn reply(reply: Reply, messages: &[Message], manner: Manner) -> Response {
    match reply.body {
        Body::Json(mut body) => {
            add_messages(&mut body, messages.iter(), manner);
            json_response(reply.status, &Value::Object(body))
        }
        Body::Bytes(content_type, bytes) => response(reply.status, content_type, bytes),
    }
}

/// An error: `exc_type` always, `exception` and `exc` where the site and the error tell them.
pub fn error(error: &SiteError, before: &[Message], manner: Manner) -> Response {
    error_beside(error, before, manner, Map::new())
}

/// [`error`] with keys beside its own.
pub fn error_beside(error: &SiteError, before: &[Message], manner: Manner, beside: Map<String, Value>) -> Response {
    let mut body = beside;
    let told = manner.tracebacks && error.traceback;
    let exception = match manner.version {
        Version::V15 => error.exception(),
        // The driver of the database is another one.
        _ => error.exception().replacen("pymysql.err.", "MySQLdb.", 1),
    };
    if told {
        body.insert("exception".to_owned(), json!(exception));
    }
    body.insert("exc_type".to_owned(), json!(error.exc.name));
    if told {
        let trace = format!("Traceback (most recent call last):\n  File \"app.py\", line 1\n{exception}\n");
        body.insert("exc".to_owned(), json!(json!([trace]).to_string()));
    }
    add_messages(&mut body, before.iter().chain(&error.messages), manner);
    if let Some(text) = &error.error_message {
        body.insert("_error_message".to_owned(), json!(text));
    }
    json_response(error.exc.status, &Value::Object(body))
}

/// A page of the web server or of a proxy in front of the site.
pub fn page(status: u16, title: &str, text: &str) -> Response {
    let html = format!(
        "<html>\n  <head>\n    <title>{title}</title>\n  </head>\n  <body>\n    <h1>{title}</h1>\n    {text}\n  </body>\n</html>\n"
    );
    response(status, "text/html", html.into_bytes())
}

/// A page of the desk, which hands out the token against forged requests.
pub fn desk(token: &str) -> Response {
    let html = format!("<html>\n<body>\n<script>frappe.csrf_token = \"{token}\";</script>\n</body>\n</html>\n");
    response(200, "text/html; charset=utf-8", html.into_bytes())
}

/// A page to log in by, in the place of the site's own, which was not recorded. It leads to the `redirect-to` of its address.
pub fn login() -> Response {
    response(200, "text/html; charset=utf-8", include_bytes!("login.html").to_vec())
}

/// Plain text.
pub fn text(text: &'static str) -> Response {
    response(200, "text/plain; charset=utf-8", text.as_bytes().to_vec())
}

/// JSON of a status.
pub fn json_response(status: u16, body: &Value) -> Response {
    response(status, "application/json", body.to_string().into_bytes())
}

/// An answer of the site's own with the headers that its version adds (H65).
pub fn with_headers(mut response: Response, version: Version, host: &str) -> Response {
    let own = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    if version < Version::V16 || !own {
        return response;
    }
    let kept = HeaderValue::from_static("no-store,no-cache,must-revalidate,max-age=0");
    response.headers_mut().insert(header::CACHE_CONTROL, kept);
    if matches!(response.status().as_u16(), 401 | 403) {
        let scheme = format!("Bearer resource_metadata=\"http://{host}/.well-known/oauth-protected-resource\"");
        if let Ok(scheme) = HeaderValue::try_from(scheme) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
    }
    response
}

/// The headers alone, as for HEAD.
pub fn without_body(response: Response) -> Response {
    response.map(|_| Payload::empty())
}

/// `_server_messages`: a JSON text of a list of JSON texts.
fn add_messages<'a>(body: &mut Map<String, Value>, messages: impl Iterator<Item = &'a Message>, manner: Manner) {
    let encoded = |message: &Message| {
        let mut entry = message.to_value();
        if manner.version >= Version::V16 {
            entry["as_table"] = json!(false);
        }
        written(&entry, manner.version)
    };
    let messages: Vec<String> = messages.map(encoded).collect();
    if !messages.is_empty() {
        body.insert("_server_messages".to_owned(), json!(written(&json!(messages), manner.version)));
    }
}

/// JSON as the site writes it into other JSON: version 15 in ASCII.
fn written(value: &Value, version: Version) -> String {
    let text = value.to_string();
    if version >= Version::V16 {
        return text;
    }
    let escaped =
        |char: char| -> String { char.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect() };
    text.chars().map(|char| if char.is_ascii() { char.to_string() } else { escaped(char) }).collect()
}

fn response(status: u16, content_type: &'static str, bytes: Vec<u8>) -> Response {
    let mut response = Response::new(Payload::from(bytes));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
