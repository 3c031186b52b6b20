//! From a raw answer to data or to an error: pure, so that recorded answers test it.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::error::Heard;
use super::list::fieldname;
use super::stranger::{beginning, is_page};
use super::{Answer, Credentials, Download, Redact, SiteError, SiteErrorKind, Stranger, endpoints};
use crate::cache::Beside;
use crate::limit::memory::{self, Share};
use crate::shape::said::Said;
use crate::shape::{html, shortened};

/// The most text of the site that an error carries, in characters.
const MAX_WORDS: usize = 2_000;
/// The exceptions about links between documents: that lists Links which lead nowhere, this names what links to a document.
const ABOUT_LINKS: [&str; 2] = ["LinkValidationError", "LinkExistsError"];
/// The most fields an error names.
const MAX_FIELDS: usize = 10;

/// An HTTP answer, read whole.
pub(super) struct Reply {
    pub status: u16,
    pub retry_after: Option<String>,
    pub location: Option<String>,
    pub content_type: Option<String>,
    pub body: Vec<u8>,
    /// The body as JSON, where it was parsed already: a large one is, elsewhere.
    pub json: Option<Value>,
    /// What the body weighs as JSON.
    pub weight: usize,
    /// The memory that is set aside for it, where it is large.
    pub share: Option<Share>,
}

/// A good answer, parsed or not.
pub(super) enum Sent {
    Parsed(Answer<Map<String, Value>>),
    Bytes(Arc<Weighed>),
}

/// The bytes of a good answer, its status, and what they weigh as JSON.
#[derive(Debug)]
pub(super) struct Weighed {
    pub status: u16,
    pub bytes: Box<[u8]>,
    pub weight: usize,
    /// The place of what is made of them, where they are kept.
    pub beside: Option<Beside>,
}

impl From<Reply> for Weighed {
    fn from(reply: Reply) -> Self {
        Self { status: reply.status, bytes: reply.body.into(), weight: reply.weight, beside: None }
    }
}

/// What was asked, as far as an error tells it.
#[derive(Clone, Copy)]
pub(super) struct RequestInfo<'a> {
    /// Method and path.
    pub call: &'a str,
    pub writes: bool,
    pub credentials: &'a Credentials,
    /// Who decides how much of the site's words is told; if nobody does, all of it is.
    pub redactor: Option<&'a dyn Redact>,
}

impl RequestInfo<'_> {
    pub fn error(&self, kind: SiteErrorKind, words: impl Into<String>) -> SiteError {
        SiteError::new(kind, self.call, self.writes, words)
    }

    /// The error of a request that was not sent.
    pub fn unsent(&self, kind: SiteErrorKind, words: impl Into<String>) -> SiteError {
        SiteError::new(kind, self.call, false, words)
    }
}

/// The JSON object of a good answer with the site's messages beside it, or the error.
pub(super) fn decode(asked: RequestInfo<'_>, reply: &mut Reply) -> Result<Answer<Map<String, Value>>, SiteError> {
    if reply.weight > memory::MOST {
        return Err(with_status(asked.error(SiteErrorKind::TooLarge, "it holds too many values"), reply));
    }
    let body = reply.json.take().or_else(|| parsed(&reply.body));
    match (reply.status, body) {
        (200..300, Some(Value::Object(body))) => {
            let messages = told(asked, &server_messages(&body));
            Ok(Answer { data: body, messages })
        }
        (300..400, _) => Err(with_status(asked.error(SiteErrorKind::Redirected, redirect(reply)), reply)),
        (200..300, Some(_)) => Err(with_status(asked.error(SiteErrorKind::Unexpected, "JSON, but no object"), reply)),
        (_, Some(Value::Object(body))) => Err(refusal(asked, reply, &body)),
        (status, _) => {
            let kind = match status {
                // A body that is too large is not passed on.
                401 | 413 | 429 | 502..=504 => by_status(reply),
                // What refuses a file is a page.
                403 | 404 if endpoints::is_file(asked.call) => by_status(reply),
                _ => SiteErrorKind::Unexpected,
            };
            Err(with_status(asked.error(kind, page(asked, reply.status, &reply.body)), reply))
        }
    }
}

/// The JSON of a body: as text, which is checked faster as a whole than text by text.
pub(super) fn parsed<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    serde_json::from_str(std::str::from_utf8(body).ok()?).ok()
}

/// A good answer, once its body is parsed.
pub(super) fn good(
    asked: RequestInfo<'_>,
    data: Option<Map<String, Value>>,
    body: &Weighed,
) -> Result<Answer<Map<String, Value>>, SiteError> {
    let data = data.ok_or_else(|| {
        let error = asked.error(SiteErrorKind::Unexpected, page(asked, body.status, &body.bytes));
        SiteError { status: Some(body.status), ..error }
    })?;
    let messages = told(asked, &server_messages(&data));
    Ok(Answer { data, messages })
}

/// The bytes of a good answer to be parsed later, if an object begins in them; or the error.
pub(super) fn unparsed(asked: RequestInfo<'_>, mut reply: Reply) -> Result<Sent, SiteError> {
    let is_object = reply.body.trim_ascii_start().first() == Some(&b'{');
    if matches!(reply.status, 200..300) && is_object && reply.weight <= memory::MOST {
        return Ok(Sent::Bytes(Arc::new(reply.into())));
    }
    decode(asked, &mut reply).map(Sent::Parsed)
}

/// The bytes of a good answer, or the error.
pub(super) fn download(asked: RequestInfo<'_>, mut reply: Reply) -> Result<Download, SiteError> {
    match reply.status {
        200..300 => Ok(Download { content_type: reply.content_type.unwrap_or_default(), bytes: reply.body }),
        _ => Err(decode(asked, &mut reply).err().unwrap_or_else(|| asked.error(SiteErrorKind::Unexpected, ""))),
    }
}

fn with_status(error: SiteError, reply: &Reply) -> SiteError {
    let stranger = Stranger::of(error.kind, &error.call, reply).map(Box::new);
    SiteError { status: Some(reply.status), stranger, ..error }
}

/// Where a redirect leads, without query or credentials.
fn redirect(reply: &Reply) -> String {
    let Some(mut to) = reply.location.as_deref().and_then(|to| Url::parse(to).ok()) else { return String::new() };
    to.set_query(None);
    to.set_fragment(None);
    // Fails only where a URL can have no user: then there is nothing to take out.
    let _ = to.set_username("");
    let _ = to.set_password(None);
    to.to_string()
}

/// What can be said of a body that is no JSON: its kind and its title, as far as that may be told.
fn page(asked: RequestInfo<'_>, status: u16, body: &[u8]) -> String {
    let text = beginning(body);
    let lower = text.to_ascii_lowercase();
    // The offsets hold for both: ASCII case keeps every length.
    let title = lower.find("<title>").and_then(|start| {
        let start = start + "<title>".len();
        Some(html::fold(&html::to_text(text.get(start..start + lower[start..].find("</title>")?)?)))
    });
    let what = match text.trim() {
        "" => "an empty answer",
        text if is_page(text) => "an HTML page",
        _ => "text that is no JSON",
    };
    let title = title.map(|text| told(asked, &[Said { text, ..Said::default() }]).concat());
    let title = title.filter(|title| !title.is_empty()).map(|title| format!(" titled {:?}", shortened(&title, 100)));
    format!("HTTP status {status}, {what}{}", title.unwrap_or_default())
}

fn refusal(asked: RequestInfo<'_>, reply: &Reply, body: &Map<String, Value>) -> SiteError {
    // A name of an exception and nothing else: it is shown to the model as it is.
    let exc_type = text(body, "exc_type")
        .filter(|name| name.len() <= 100 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
    let fields = fields(exc_type.unwrap_or_default(), body);
    let kind = match kind(asked, reply, exc_type) {
        // The site names an exception in each of its errors; what stands before it may have passed the request on.
        _ if !body.contains_key("exc_type") && (reply.status == 408 || reply.status >= 500) => {
            SiteErrorKind::Unavailable
        }
        // A missing right names no field.
        SiteErrorKind::Denied if !fields.is_empty() => SiteErrorKind::FieldDenied,
        // The caller did not choose it.
        SiteErrorKind::Rejected if exc_type == Some("ValidationError") && endpoints::form_is_ours(asked.call) => {
            SiteErrorKind::WrongForm
        }
        kind => kind,
    };
    let mut words = server_messages(body);
    words.extend(text(body, "_error_message").map(Said::of));
    if words.is_empty() && kind != SiteErrorKind::Missing {
        words.extend(text(body, "exception").and_then(last_line).as_deref().map(Said::of));
    }
    let fields = fields.iter().take(MAX_FIELDS).map(|field| asked.credentials.mask(&shortened(field, 40)));
    let is_about_links = exc_type.is_some_and(|exc_type| ABOUT_LINKS.contains(&exc_type));
    let heard = is_about_links.then(|| Box::new(Heard::of(&words)));
    let error = SiteError {
        status: Some(reply.status),
        exc_type: exc_type.map(Into::into),
        heard,
        words: told(asked, &words),
        fields: fields.filter(|field| is_told(asked, field)).collect(),
        ..asked.error(kind, "")
    };
    if kind == SiteErrorKind::WrongForm {
        tracing::error!("the site does not take the form of a request: {error}");
        // What it says of the form would be read as advice.
        return SiteError { words: Vec::new(), ..error };
    }
    error
}

/// Whether a field may be named: its name has the form of one, which no value has, or its label may be told.
fn is_told(asked: RequestInfo<'_>, field: &str) -> bool {
    let is_name =
        field.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'.'))
            && field.contains(|char: char| char.is_ascii_lowercase());
    let said = Said { text: field.to_owned(), ..Said::default() };
    is_name || asked.redactor.is_none_or(|redactor| redactor.redact(&said) == field)
}

fn kind(asked: RequestInfo<'_>, reply: &Reply, exc_type: Option<&str>) -> SiteErrorKind {
    match exc_type {
        Some("TimestampMismatchError") => SiteErrorKind::Stale,
        Some("DuplicateEntryError" | "UniqueValidationError") => SiteErrorKind::Duplicate,
        Some("SessionStopped" | "InReadOnlyMode") => SiteErrorKind::Maintenance,
        // What a resource of a DocType that does not exist answers.
        Some("ImportError") if asked.call.contains(endpoints::RESOURCE) => SiteErrorKind::Missing,
        _ => by_status(reply),
    }
}

fn by_status(reply: &Reply) -> SiteErrorKind {
    match reply.status {
        401 => SiteErrorKind::BadKey,
        403 => SiteErrorKind::Denied,
        404 => SiteErrorKind::Missing,
        429 => {
            let seconds = reply.retry_after.as_deref().and_then(|text| text.trim().parse().ok());
            SiteErrorKind::RateLimited { retry_after: seconds.map(Duration::from_secs) }
        }
        502..=504 => SiteErrorKind::Unavailable,
        500.. => SiteErrorKind::Server,
        _ => SiteErrorKind::Rejected,
    }
}

fn server_messages(body: &Map<String, Value>) -> Vec<Said> {
    raw_messages(body).iter().map(|message| Said::of(message)).collect()
}

/// The messages of `_server_messages`: a JSON string of a list of JSON strings, each an object with `message`.
fn raw_messages(body: &Map<String, Value>) -> Vec<String> {
    let list = text(body, "_server_messages").and_then(memory::inner::<Vec<Value>>);
    let message = |entry: Value| {
        let entry = match entry {
            Value::String(inner) => memory::inner(&inner).unwrap_or(Value::String(inner)),
            other => other,
        };
        match entry {
            Value::Object(entry) => text(&entry, "message").map(str::to_owned),
            Value::String(text) => Some(text),
            _ => None,
        }
    };
    list.unwrap_or_default().into_iter().filter_map(message).collect()
}

/// Plain text on one line.
fn plain(text: &str) -> String {
    Said::of(text).text
}

/// The message of `exception`, which is `module.Class: message`, if it is fit to be shown.
fn last_line(exception: &str) -> Option<String> {
    let line = exception.lines().rfind(|line| !line.trim().is_empty())?;
    let message = match line.split_once(": ") {
        Some((class, message)) if !class.contains(' ') => message,
        _ if !line.contains(' ') => return None,
        _ => line,
    };
    let message = if message.starts_with('(') { of_database(message)? } else { plain(message) };
    let path = |word: &str| word.trim_start_matches(['"', '\'', '(']).starts_with('/') || word.contains(".py");
    (!message.is_empty() && !message.split(' ').any(path)).then_some(message)
}

/// MariaDB's errors that tell of a value or a column; the others quote statements.
const TELLING: [&str; 6] = ["1054", "1264", "1292", "1366", "1406", "4025"];

/// The message of `(1292, "Incorrect date value … for column `db`.`tabX`.`field`")`, without the name of the database.
fn of_database(tuple: &str) -> Option<String> {
    let (code, message) = tuple.strip_prefix('(')?.strip_suffix(')')?.split_once(", ")?;
    if !TELLING.contains(&code) {
        return None;
    }
    let quoted = |quote| message.strip_prefix(quote).and_then(|inner| inner.strip_suffix(quote));
    let message = quoted('"').or_else(|| quoted('\'')).unwrap_or(message);
    let database = message.find("`.`tab").and_then(|end| Some(message[..end].rfind('`')?..end + 2));
    let mut message = message.to_owned();
    if let Some(range) = database {
        message.replace_range(range, "");
    }
    // Tables are named after their DocType.
    Some(plain(&message.replace("`tab", "`")))
}

/// The fields that an error is about, from where each exception has them.
fn fields(exc_type: &str, body: &Map<String, Value>) -> Vec<String> {
    let exception = text(body, "exception").unwrap_or_default();
    let one = |field: Option<&str>| field.map(plain).into_iter().collect::<Vec<_>>();
    match exc_type {
        // [Customer, X]: customer_name, territory
        "MandatoryError" => {
            let list = exception.rsplit_once("]: ").map_or("", |(_, list)| list);
            let mut fields = Vec::new();
            for field in list.split(',').map(str::trim).filter(|field| is_fieldname(field)) {
                if !fields.iter().any(|seen| seen == field) {
                    fields.push(field.to_owned());
                }
            }
            fields
        }
        // … for key 'fieldname'
        "UniqueValidationError" => {
            let key = exception.rsplit_once("for key '").and_then(|(_, key)| key.split('\'').next());
            one(key.filter(|key| is_fieldname(key)))
        }
        // …: fieldname
        "DataError" => {
            let field = server_messages(body).first().and_then(|said| Some(said.text.rsplit_once(": ")?.1.to_owned()));
            one(field.as_deref().filter(|field| is_fieldname(field)))
        }
        // … for column `db`.`tabX`.`field` …, or Unknown column 'field' in …
        "OperationalError" => {
            let known =
                exception.split_once("`.`tab").and_then(|(_, after)| after.split_once("`.`")?.1.split('`').next());
            let unknown = || exception.split_once("(1054, ")?.1.split('\'').nth(1).map(fieldname);
            one(known.or_else(unknown).filter(|field| is_fieldname(field)))
        }
        // The field stands in bold with its DocType: Customer.credit_limit; else a user does, a DocType, or the path of
        // a method that is not open to the caller (H59).
        "PermissionError" => {
            let bold = first_bold(body).filter(|bold| !bold.contains('@') && !bold.starts_with(char::is_lowercase));
            let field = bold.as_deref().and_then(|bold| Some(fieldname(bold.split_once('.')?.1)));
            one(field.filter(|field| is_fieldname(field) && !field.contains('.')))
        }
        // The label stands first in bold.
        "NonNegativeError"
        | "CannotChangeConstantError"
        | "CharacterLengthExceededError"
        | "UpdateAfterSubmitError" => one(first_bold(body).as_deref()),
        _ => Vec::new(),
    }
}

/// What stands first in bold in the site's messages.
fn first_bold(body: &Map<String, Value>) -> Option<String> {
    let bold = |message: &String| Some(message.split_once("<strong>")?.1.split("</strong>").next()?.to_owned());
    raw_messages(body).iter().find_map(bold)
}

fn is_fieldname(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
}

/// The messages as they may be told, each once, without secrets, together no longer than an error may be.
fn told(asked: RequestInfo<'_>, messages: &[Said]) -> Vec<String> {
    let mut left = MAX_WORDS;
    let mut kept: Vec<String> = Vec::new();
    for said in messages {
        let message = asked.redactor.map_or_else(|| said.text.clone(), |redactor| redactor.redact(said));
        let message = asked.credentials.mask(&message);
        let message = shortened(&message, left).into_owned();
        if left > 0 && !message.is_empty() && !kept.contains(&message) {
            left = left.saturating_sub(message.chars().count());
            kept.push(message);
        }
    }
    kept
}

fn text<'a>(body: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    body.get(key)?.as_str()
}

#[cfg(test)]
#[path = "reply_tests.rs"]
mod tests;
