//! One line of the audit log: what was tried, by whom, and what came of it. Names of fields, never their values.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::file::Link;

/// What came of an attempt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// A write is about to be sent; a second line with the same id says what came of it.
    Intent,
    /// Done.
    Allowed,
    /// It waits for a confirmation: what it would do was shown, nothing was sent.
    Preview,
    /// The policy said no; nothing was sent.
    Denied,
    /// The arguments broke rules, or the site said no.
    Failed,
    /// A write was sent, and whether it took effect is not known.
    Unknown,
    /// The same write is under way, or was done and its answer lost: it was not done again.
    Repeated,
    /// A person looked into an intent or an unknown outcome and says what came of it.
    Resolved,
}

impl Outcome {
    /// Every one.
    pub const ALL: [Self; 8] = [
        Self::Intent,
        Self::Allowed,
        Self::Preview,
        Self::Denied,
        Self::Failed,
        Self::Unknown,
        Self::Repeated,
        Self::Resolved,
    ];

    /// The word in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Intent => "INTENT",
            Self::Allowed => "ALLOWED",
            Self::Preview => "PREVIEW",
            Self::Denied => "DENIED",
            Self::Failed => "FAILED",
            Self::Unknown => "UNKNOWN",
            Self::Repeated => "REPEATED",
            Self::Resolved => "RESOLVED",
        }
    }

    /// Whether something was refused, went wrong, or is not known.
    pub(super) const fn is_warning(self) -> bool {
        matches!(self, Self::Denied | Self::Failed | Self::Unknown)
    }
}

/// Who tries what; the same on every line about one attempt.
#[derive(Clone, Debug, Default)]
pub struct Attempt {
    /// Names the attempt.
    pub id: String,
    /// The ERPNext user, where it is known.
    pub user: Option<String>,
    /// The MCP session, where there are sessions.
    pub session: Option<String>,
    /// Name and version of the MCP client.
    pub client: Option<String>,
    /// The client's address, where there is a network between.
    pub address: Option<String>,
    /// How the user signed in, where that is asked.
    pub via: Option<String>,
    /// The tool's name.
    pub tool: String,
    /// READ, CREATE, UPDATE, DELETE.
    pub operation: String,
    /// The DocType, if it is about one.
    pub doctype: Option<String>,
    /// The document, if one is named.
    pub document: Option<String>,
    /// Another DocType that the site speaks of as well; not recorded.
    pub beside: Option<String>,
    /// The document that it starts from, where that is another than it is about; a reason tells it.
    pub source: Option<String>,
    /// To how many addresses a mail goes, where it is one.
    pub recipients: Option<usize>,
    /// The fields that are named, sorted as given.
    pub fields: Vec<String>,
    /// Whether nothing is to be sent.
    pub dry_run: bool,
}

/// One line: an attempt and what is known of it now.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// Through which of several servers.
    pub replica: Option<&'a str>,
    /// What was tried.
    pub attempt: &'a Attempt,
    /// What came of it.
    pub outcome: Outcome,
    /// Why, where it did not simply work.
    pub reason: Option<&'a str>,
    /// From the call to its result, in microseconds; 0 for an intent.
    pub micros: u64,
    /// The size of the result in bytes; 0 where there is none.
    pub bytes: usize,
}

impl Entry<'_> {
    /// A JSON object on one line, numbered, and chained to the line before by its hash.
    pub fn json(&self, link: Link<'_>) -> String {
        let attempt = self.attempt;
        let mut line = Map::new();
        line.insert("n".to_owned(), json!(link.number));
        let time = link.time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
        line.insert("time".to_owned(), json!(time));
        line.insert("id".to_owned(), json!(attempt.id));
        line.extend(self.replica.map(|replica| ("replica".to_owned(), json!(replica))));
        line.insert("result".to_owned(), json!(self.outcome.as_str()));
        line.insert("operation".to_owned(), json!(attempt.operation));
        let texts = [
            ("doctype", &attempt.doctype),
            ("document", &attempt.document),
            ("user", &attempt.user),
            ("session", &attempt.session),
            ("client", &attempt.client),
            ("address", &attempt.address),
            ("via", &attempt.via),
        ];
        line.extend(texts.into_iter().filter_map(|(key, text)| Some((key.to_owned(), json!(text.as_ref()?)))));
        line.insert("tool".to_owned(), json!(attempt.tool));
        if !attempt.fields.is_empty() {
            line.insert("fields".to_owned(), json!(attempt.fields));
        }
        line.extend(attempt.recipients.map(|recipients| ("recipients".to_owned(), json!(recipients))));
        line.extend(self.reason.map(|reason| ("reason".to_owned(), json!(reason))));
        if self.outcome != Outcome::Intent {
            line.insert("micros".to_owned(), json!(self.micros));
            line.insert("bytes".to_owned(), json!(self.bytes));
        }
        line.insert("prev".to_owned(), json!(link.before));
        // JSON escapes control characters; the separators of Unicode stay on one line too.
        Value::Object(line).to_string().replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
    }

    /// The line that users of plain text logs know; in UTC.
    pub fn text(&self, time: Timestamp) -> String {
        let attempt = self.attempt;
        let mut line = format!(
            "{} - {} - Operation: {} | DocType: {} | Result: {}",
            time.strftime("%Y-%m-%d %H:%M:%S"),
            if self.outcome.is_warning() { "WARNING" } else { "INFO" },
            plain(&attempt.operation),
            plain(attempt.doctype.as_deref().unwrap_or("-")),
            self.outcome.as_str(),
        );
        if let Some(document) = &attempt.document {
            let _ = write!(line, " | Document: {}", plain(document));
        }
        if !attempt.fields.is_empty() {
            let names: Vec<String> = attempt.fields.iter().map(|field| format!("'{}'", plain(field))).collect();
            let _ = write!(line, " | Fields: [{}]", names.join(", "));
        }
        if let Some(reason) = self.reason {
            let _ = write!(line, " | Reason: {}", plain(reason));
        }
        line
    }
}

/// Text that cannot end a line, begin another field or close a quotation.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '|' | '\'' | '\\' => plain.extend(['\\', c]),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => plain.extend(c.escape_default()),
            c => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn attempt() -> Attempt {
        Attempt {
            id: "1".to_owned(),
            tool: "get_customer_document".to_owned(),
            operation: "READ".to_owned(),
            doctype: Some("Customer".to_owned()),
            document: Some("ABC Corp".to_owned()),
            fields: vec!["customer_name".to_owned(), "email_id".to_owned()],
            ..Attempt::default()
        }
    }

    fn time() -> Timestamp {
        "2024-01-15T10:30:45.123456Z".parse().unwrap()
    }

    fn link(before: &str) -> Link<'_> {
        Link { number: 7, before, time: time() }
    }

    fn entry<'a>(attempt: &'a Attempt, outcome: Outcome, reason: Option<&'a str>) -> Entry<'a> {
        Entry { replica: None, attempt, outcome, reason, micros: 1500, bytes: 64 }
    }

    #[test]
    fn the_text_line_is_the_one_that_users_know() {
        let attempt = attempt();
        assert_eq!(
            entry(&attempt, Outcome::Allowed, None).text(time()),
            "2024-01-15 10:30:45 - INFO - Operation: READ | DocType: Customer | Result: ALLOWED | Document: ABC Corp \
             | Fields: ['customer_name', 'email_id']"
        );
        let denied = entry(&attempt, Outcome::Denied, Some("not permitted")).text(time());
        assert!(denied.starts_with("2024-01-15 10:30:45 - WARNING - ") && denied.ends_with(" | Reason: not permitted"));
    }

    #[test]
    fn names_cannot_forge_a_line_or_a_field() {
        let document = "x\n2024-01-15 10:30:45 - INFO - Operation: DELETE | Result: ALLOWED\u{2028}'".to_owned();
        let attempt = Attempt { document: Some(document.clone()), ..attempt() };
        let text = entry(&attempt, Outcome::Allowed, None).text(time());
        assert_eq!(text.lines().count(), 1);
        assert_eq!(text.matches(" | Result: ").count(), 1, "{text}");
        let json = entry(&attempt, Outcome::Allowed, None).json(link(""));
        assert_eq!(json.lines().count(), 1);
        let read: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(read["document"], json!(document));
    }

    #[test]
    fn the_json_line_says_what_when_who_and_is_chained() {
        let line = entry(&attempt(), Outcome::Allowed, None).json(link("abc"));
        assert_eq!(
            line,
            r#"{"n":7,"time":"2024-01-15T10:30:45.123Z","id":"1","result":"ALLOWED","operation":"READ","doctype":"Customer","document":"ABC Corp","tool":"get_customer_document","fields":["customer_name","email_id"],"micros":1500,"bytes":64,"prev":"abc"}"#
        );
    }
}
