//! A site that answers from memory: what is measured is the way to it and back.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use erpnext_schema::{DocTypeDef, Shape, Version};
use serde_json::{Map, Value, json};

/// How many rows an invoice has.
const ROWS: usize = 200;

/// A request, as far as its answer hangs on it.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Request {
    pub method: String,
    pub target: String,
    pub body: Vec<u8>,
}

/// A site that is served until the program ends.
pub struct Stub {
    pub address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

/// How many requests came of late, the one with the largest answer, and the size of that.
#[derive(Default)]
struct Seen {
    count: usize,
    size: usize,
    largest: Request,
}

impl Stub {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, all) = (listener.local_addr().unwrap(), Arc::<Mutex<Seen>>::default());
        let (seen, known) = (Arc::clone(&all), Arc::<Mutex<HashMap<Request, Arc<[u8]>>>>::default());
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, seen, known) = (stream.unwrap(), Arc::clone(&seen), Arc::clone(&known));
                thread::spawn(move || serve(stream, &seen, &known));
            }
        });
        Self { address, seen: all }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many requests came since this was last asked, and the one with the largest answer.
    pub fn seen(&self) -> (usize, Request) {
        let seen = std::mem::take(&mut *self.seen.lock().unwrap());
        (seen.count, seen.largest)
    }
}

fn serve(mut stream: TcpStream, seen: &Mutex<Seen>, known: &Mutex<HashMap<Request, Arc<[u8]>>>) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let (mut bytes, mut more) = (Vec::new(), [0; 16 << 10]);
    loop {
        let (request, length) = loop {
            if let Some(whole) = parse(&bytes) {
                break whole;
            }
            let read = stream.read(&mut more).ok().filter(|read| *read > 0)?;
            bytes.extend_from_slice(&more[..read]);
        };
        bytes.drain(..length);
        let held = known.lock().unwrap().get(&request).cloned();
        let reply = held.unwrap_or_else(|| {
            let body = answer(&request).to_string();
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length:";
            let reply: Arc<[u8]> = format!("{head} {}\r\n\r\n{body}", body.len()).into_bytes().into();
            known.lock().unwrap().insert(request.clone(), Arc::clone(&reply));
            reply
        });
        let mut all = seen.lock().unwrap();
        all.count += 1;
        if reply.len() > all.size {
            (all.size, all.largest) = (reply.len(), request);
        }
        drop(all);
        stream.write_all(&reply).ok()?;
    }
}

/// The first request in these bytes, and where it ends.
fn parse(bytes: &[u8]) -> Option<(Request, usize)> {
    let head_end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..head_end]).unwrap();
    let header =
        |line: &str| line.to_ascii_lowercase().strip_prefix("content-length:").map(|n| n.trim().parse().unwrap());
    let (start, end) = (head_end + 4, head_end + 4 + head.lines().find_map(header).unwrap_or(0usize));
    let mut words = head.split(' ').map(str::to_owned);
    let (method, target) = (words.next()?, words.next()?);
    Some((Request { method, target, body: bytes.get(start..end)?.to_vec() }, end))
}

fn answer(request: &Request) -> Value {
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let body = String::from_utf8_lossy(&request.body).into_owned();
    let asked = if query.is_empty() { &body } else { query };
    if let Some(resource) = path.strip_prefix("/api/resource/") {
        return match resource.split_once('/') {
            Some((doctype, name)) => json!({"data": document(&doctype.replace("%20", " "), name)}),
            None => json!({"data": rows(asked)}),
        };
    }
    if path.ends_with("get_versions") {
        return json!({"message": {"frappe": {"version": "15.75.0"}, "erpnext": {"version": "15.70.0"}}});
    }
    if path.ends_with("getdoctype") {
        return json!({"docs": []});
    }
    if path.ends_with("get_list") {
        return json!({"message": rows(asked)});
    }
    json!({"message": {}})
}

/// As many rows as are asked for, with the fields that are.
fn rows(query: &str) -> Vec<Value> {
    let form: HashMap<_, _> =
        reqwest::Url::parse(&format!("http://x/?{query}")).unwrap().query_pairs().into_owned().collect();
    let json: Value = serde_json::from_str(query).unwrap_or_default();
    let read = |key: &str| match form.get(key) {
        Some(text) => serde_json::from_str(text).unwrap_or_default(),
        None => json[key].clone(),
    };
    let fields: Vec<String> = serde_json::from_value(read("fields")).unwrap_or_default();
    let row = |n| fields.iter().map(|field| (field.clone(), json!(format!("{field} {n}")))).collect();
    (0..read("limit_page_length").as_u64().unwrap_or(20).min(21)).map(row).map(Value::Object).collect()
}

/// The table of the version that the site says it runs: a field that only another has would be looked for.
fn table(doctype: &str) -> Option<&'static DocTypeDef> {
    erpnext_doctypes::get(Version::V15, doctype)
}

/// A document with a value in each field, and rows in its `items`.
fn document(doctype: &str, name: &str) -> Map<String, Value> {
    let def = table(doctype).unwrap();
    let mut document = filled(def, name);
    let child = def.field("items").and_then(|items| items.rows_of()).and_then(table);
    let rows = child.map(|child| (0..ROWS).map(|n| Value::Object(filled(child, &format!("row {n}")))).collect());
    document.extend(rows.map(|rows| ("items".to_owned(), Value::Array(rows))));
    document
}

fn filled(def: &'static DocTypeDef, name: &str) -> Map<String, Value> {
    let mut filled = Map::from_iter([("name".to_owned(), json!(name)), ("doctype".to_owned(), json!(def.name))]);
    for field in def.fields {
        let value = match field.kind.shape() {
            _ if field.kind.is_table() => json!([]),
            Shape::Bool | Shape::Int => json!(0),
            Shape::Float => json!(0.0),
            Shape::Date => json!("2026-01-01"),
            Shape::Datetime => json!("2026-01-01 10:00:00.000000"),
            _ if field.kind.holds_value() => json!(format!("value of {}", field.fieldname)),
            _ => continue,
        };
        filled.insert(field.fieldname.to_owned(), value);
    }
    filled
}
