//! The recorded exchanges of a real site, in the order in which they were made.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use erpnext_sandbox::Version;
use serde_json::{Map, Value};

/// Recordings that began in one state of a site.
pub struct Suite {
    pub version: Version,
    /// The day on which they were made.
    pub day: &'static str,
    /// Where the site's metadata is, below `shared/site`, and where that of what people added to it.
    pub metadata: (&'static str, &'static str),
    /// The territory that sales@example.com is kept to.
    pub territory: &'static str,
    /// The folder below `shared/site`.
    pub folder: &'static str,
    /// The files in the order of their making.
    pub files: &'static [&'static str],
    /// Those whose values hang on documents that no exchange tells: of them the form of the answers is compared.
    pub by_form: &'static [&'static str],
}

/// Every recording.
pub const SUITES: &[Suite] = &[
    Suite {
        version: Version::V15,
        day: "2026-11-22",
        metadata: ("getdoctype.jsonl.gz", "getdoctype.jsonl.gz"),
        territory: "North",
        folder: "recordings",
        files: &["lists", "crud_and_errors", "quirks", "toggles", "quirks2", "reports", "verbs"],
        by_form: &[],
    },
    Suite {
        version: Version::V15,
        day: "2026-11-28",
        metadata: ("getdoctype.jsonl.gz", "v16/getdoctype.jsonl.gz"),
        territory: "V16 North",
        folder: "v15-forms",
        files: &["forms_15", "hazards_15"],
        by_form: &["forms_15"],
    },
    Suite {
        version: Version::V16,
        day: "2026-11-28",
        metadata: ("v16/getdoctype.jsonl.gz", "v16/getdoctype.jsonl.gz"),
        territory: "V16 North",
        folder: "v16/recordings",
        files: &["lists", "crud_and_errors", "quirks", "quirks2", "verbs", "toggles", "reports"],
        by_form: &[],
    },
    Suite {
        version: Version::V16,
        day: "2026-11-28",
        metadata: ("v16/getdoctype.jsonl.gz", "v16/getdoctype.jsonl.gz"),
        territory: "V16 North",
        folder: "v16/recordings",
        files: &["forms", "hazards"],
        by_form: &["forms"],
    },
];

/// A request and what the site answered.
pub struct Exchange {
    /// `file: label`, with a number where a label comes again.
    pub id: String,
    /// Which recording it is of, counted from 0.
    pub stage: usize,
    /// Whether its answer is compared by form alone.
    pub by_form: bool,
    pub user: Option<String>,
    pub method: String,
    /// Path and query, encoded.
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub sent: Vec<u8>,
    pub status: u16,
    pub content_type: String,
    /// The body; null where it was no JSON.
    pub body: Value,
}

impl Exchange {
    /// The path without the query, decoded.
    pub fn path(&self) -> String {
        decode(self.target.split('?').next().unwrap_or_default())
    }

    /// The arguments: a JSON object that was sent, else what the query and a form hold.
    pub fn args(&self) -> Map<String, Value> {
        if let Ok(Value::Object(args)) = serde_json::from_slice(&self.sent) {
            return args;
        }
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        let form = std::str::from_utf8(&self.sent).unwrap_or_default();
        let pairs = query.split('&').chain(form.split('&')).filter_map(|pair| pair.split_once('='));
        pairs.map(|(key, value)| (key.to_owned(), Value::from(decode(&value.replace('+', " "))))).collect()
    }

    /// The DocType and, where there is one, the name in `/api/resource/DocType/name`.
    pub fn resource(&self) -> Option<(String, Option<String>)> {
        let path = self.path();
        let rest = path.strip_prefix("/api/resource/")?;
        match rest.split_once('/') {
            Some((doctype, name)) if !name.is_empty() => Some((doctype.to_owned(), Some(name.to_owned()))),
            Some((doctype, _)) => Some((doctype.to_owned(), None)),
            None => Some((rest.to_owned(), None)),
        }
    }

    /// Whether the recording kept only a part of the body, or nothing.
    pub fn is_cut(&self) -> bool {
        self.body.get("_trimmed").is_some() || self.body.as_str().is_some_and(|text| text.starts_with("(dropped"))
    }
}

/// Every exchange of a suite.
pub fn read(shared: &Path, suite: &Suite) -> Vec<Exchange> {
    let mut exchanges = Vec::new();
    let mut times: HashMap<String, usize> = HashMap::new();
    for (stage, file) in suite.files.iter().enumerate() {
        let file_name = format!("site/{}/{file}.jsonl", suite.folder);
        // The excerpt has not all of them.
        let text = fs::read_to_string(shared.join(&file_name)).unwrap_or_default();
        for line in text.lines() {
            let line: Value = serde_json::from_str(line).expect("a recording is JSON");
            let label = format!("{file}: {}", line["label"].as_str().unwrap_or_default());
            let time = times.entry(label.clone()).or_default();
            *time += 1;
            let id = if *time == 1 { label } else { format!("{label} ({time})") };
            exchanges.push(exchange(id, stage, suite.by_form.contains(file), &line));
        }
    }
    exchanges
}

fn exchange(id: String, stage: usize, by_form: bool, line: &Value) -> Exchange {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let headers = line["request_headers"].as_object().into_iter().flatten();
    let headers = headers.filter(|(_, value)| value.as_str().is_some_and(|text| text != "None"));
    let form = line["request_headers"]["Content-Type"] == "application/x-www-form-urlencoded";
    let sent = match &line["request_body"] {
        Value::Null => Vec::new(),
        Value::String(text) => text.clone().into_bytes(),
        Value::Object(pairs) if form => {
            let pairs =
                pairs.iter().map(|(key, value)| format!("{key}={}", encode(value.as_str().unwrap_or_default())));
            pairs.collect::<Vec<_>>().join("&").into_bytes()
        }
        other => other.to_string().into_bytes(),
    };
    let answer = line["response_headers"].as_object().into_iter().flatten();
    let mut content_type =
        answer.filter(|(key, _)| key.eq_ignore_ascii_case("content-type")).map(|(_, value)| text(value));
    Exchange {
        id,
        stage,
        by_form,
        user: line["user"].as_str().map(str::to_owned),
        method: text(&line["method"]),
        // What cannot stand in a request line went over the wire encoded.
        target: text(&line["path"]).replace('"', "%22").replace(' ', "%20"),
        headers: headers.map(|(key, value)| (key.clone(), text(value))).collect(),
        sent,
        status: u16::try_from(line["status"].as_u64().unwrap_or_default()).unwrap_or_default(),
        content_type: content_type.next_back().unwrap_or_default(),
        body: line["body"].clone(),
    }
}

/// Text with `%41` for everything but letters and digits.
fn encode(text: &str) -> String {
    let byte =
        |byte: u8| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(byte).collect()
}

/// Text with `%41` for `A`.
pub fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let code = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok()).filter(|_| byte == b'%');
        if let Some(decoded) = code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            bytes.push(decoded);
            rest = &tail[2..];
        } else {
            bytes.push(byte);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
