//! The arguments of a request: query string, form or JSON body, files.

use axum::body::Body;
use axum::extract::{FromRequest as _, Multipart};
use axum::http::request::Parts;
use erpnext_schema::Version;
use serde_json::{Map, Value};

use crate::request::Upload;

/// The largest body in bytes.
pub const LARGEST: usize = 10 * 1024 * 1024;

/// What was sent.
pub struct Sent {
    /// The arguments, or that the body was no JSON.
    pub args: Result<Map<String, Value>, BadBody>,
    /// The body where it is no JSON by its content type, and not multipart.
    pub body: Vec<u8>,
    /// The files of a multipart body.
    pub files: Vec<Upload>,
}

/// A JSON body that is not JSON, or no object.
#[derive(Clone, Copy, Debug)]
pub enum BadBody {
    /// Text that is no JSON.
    NotJson,
    /// A list.
    List,
    /// A text, a number, null.
    Scalar,
}

/// A body that could not be read at all.
pub enum Unreadable {
    /// It is larger than the site takes.
    TooLarge,
    /// The sender went away, or a multipart body has no end.
    Cut,
}

/// Reads the arguments. A JSON body replaces the query string, on GET too; a form adds to it.
pub async fn read(parts: &Parts, query: &str, body: Body, version: Version) -> Result<Sent, Unreadable> {
    let kind = parts.headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.to_ascii_lowercase();
    if kind.starts_with("multipart/form-data") {
        return multipart(parts, query, body).await;
    }
    let bytes = axum::body::to_bytes(body, LARGEST).await.map_err(|error| {
        let too_large =
            std::error::Error::source(&error).is_some_and(|source| source.to_string().contains("length limit"));
        if too_large { Unreadable::TooLarge } else { Unreadable::Cut }
    })?;
    if kind.contains("json") && !bytes.is_empty() {
        let read = if version < Version::V16 { json(&bytes) } else { serde_json::from_slice(&bytes).ok() };
        let args = match read {
            Some(Value::Object(args)) => Ok(args),
            Some(Value::Array(_)) => Err(BadBody::List),
            Some(_) => Err(BadBody::Scalar),
            None => Err(BadBody::NotJson),
        };
        return Ok(Sent { args, body: Vec::new(), files: Vec::new() });
    }
    let mut args = form(query);
    if kind.starts_with("application/x-www-form-urlencoded") {
        args.extend(form(&String::from_utf8_lossy(&bytes)));
    }
    Ok(Sent { args: Ok(args), body: bytes.to_vec(), files: Vec::new() })
}

/// JSON as Python, and with it version 15, reads it: `NaN` and `Infinity` are numbers. They come as text, which a
/// number's column refuses alike.
fn json(bytes: &[u8]) -> Option<Value> {
    if let Ok(value) = serde_json::from_slice(bytes) {
        return Some(value);
    }
    // Every second part stands between quotation marks, where none is escaped.
    let text = std::str::from_utf8(bytes).ok().filter(|text| !text.contains("\\\""))?;
    let quoted = |(at, part): (usize, &str)| match at % 2 {
        0 => part.replace("-Infinity", "Infinity").replace("NaN", "\"NaN\"").replace("Infinity", "\"Infinity\""),
        _ => part.to_owned(),
    };
    let parts: Vec<String> = text.split('"').enumerate().map(quoted).collect();
    serde_json::from_str(&parts.join("\"")).ok()
}

async fn multipart(parts: &Parts, query: &str, body: Body) -> Result<Sent, Unreadable> {
    let mut request = axum::http::Request::new(body);
    *request.headers_mut() = parts.headers.clone();
    // The limit of the router stands there.
    *request.extensions_mut() = parts.extensions.clone();
    let mut form_data = Multipart::from_request(request, &()).await.map_err(|_| Unreadable::Cut)?;
    let mut args = form(query);
    let mut files = Vec::new();
    loop {
        let field = match form_data.next_field().await {
            Ok(Some(field)) => field,
            Ok(None) => break,
            Err(_) => return Err(Unreadable::Cut),
        };
        let name = field.name().unwrap_or_default().to_owned();
        let filename = field.file_name().map(str::to_owned);
        let bytes = field
            .bytes()
            .await
            .map_err(|error| if error.status().as_u16() == 413 { Unreadable::TooLarge } else { Unreadable::Cut })?;
        match filename {
            Some(filename) => files.push(Upload { field: name, filename, bytes: bytes.to_vec() }),
            None => {
                args.insert(name, Value::from(String::from_utf8_lossy(&bytes)));
            }
        }
    }
    Ok(Sent { args: Ok(args), body: Vec::new(), files })
}

/// `a=1&b=2` as arguments; of several with one name the first counts.
fn form(text: &str) -> Map<String, Value> {
    let mut args = Map::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let plain = |part: &str| percent_decode(&part.replace('+', " "));
        args.entry(plain(key)).or_insert_with(|| Value::from(plain(value)));
    }
    args
}

/// Text with `%41` for `A`; what is no such thing stays as it is.
pub fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let code = tail.get(..2).filter(|_| byte == b'%').and_then(|code| std::str::from_utf8(code).ok());
        match code.filter(|code| code.bytes().all(|b| b.is_ascii_hexdigit())).map(|code| u8::from_str_radix(code, 16)) {
            Some(Ok(decoded)) => {
                bytes.push(decoded);
                rest = tail.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(byte);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
