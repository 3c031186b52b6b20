//! Unbelievable input never takes the site down and never makes it panic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "common/wire.rs"]
#[allow(dead_code, reason = "each test reads what it needs of an answer")]
mod wire;

use std::panic;
use std::sync::atomic::{AtomicUsize, Ordering};

use erpnext_sandbox::{Options, Sandbox};

static PANICS: AtomicUsize = AtomicUsize::new(0);

/// A site, and a look at every panic of the process from now on.
async fn site() -> Sandbox {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        PANICS.fetch_add(1, Ordering::SeqCst);
        before(info);
    }));
    Sandbox::start(Options { sample: Some(1), ..Options::default() }).await.expect("the sandbox starts")
}

fn send(sandbox: &Sandbox, method: &str, target: &str, kind: &str, body: &[u8]) -> u16 {
    let headers = [("Authorization", "token administrator:secret"), ("Content-Type", kind)];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    raw(sandbox, &wire::request(method, target, &headers, body))
}

/// The status; 0 where the connection was closed without one.
fn raw(sandbox: &Sandbox, bytes: &[u8]) -> u16 {
    wire::exchange(sandbox.url().trim_start_matches("http://"), bytes).map_or(0, |answer| answer.status)
}

fn still_well(sandbox: &Sandbox) {
    assert_eq!(
        send(sandbox, "GET", "/api/method/frappe.auth.get_logged_user", "text/plain", b""),
        200,
        "the site answers"
    );
    assert_eq!(PANICS.load(Ordering::SeqCst), 0, "nothing panicked");
}

fn bytes(depth: usize, open: &str, close: &str) -> Vec<u8> {
    format!("{}{}", open.repeat(depth), close.repeat(depth)).into_bytes()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_and_huge_bodies_are_refused() {
    let sandbox = site().await;
    let deep = bytes(200_000, "[", "]");
    let nested = bytes(100_000, "{\"a\":", "}");
    let filters = [b"filters=".to_vec(), bytes(3000, "%5B", "%5D")].concat();
    let huge = vec![b'a'; 11 * 1024 * 1024];
    let json = "application/json";
    let form = "application/x-www-form-urlencoded";
    let cases: &[(&str, &[u8])] = &[
        (json, b"{"),
        (json, b"nul"),
        (json, b"[]"),
        (json, b"\"x\""),
        (json, b"\xff\xfe\x00"),
        (json, b"{\"description\":\"\\ud800\"}"),
        (json, b"{\"name\":{},\"description\":[[]],\"docstatus\":\"x\",\"doctype\":7}"),
        (json, b"{\"description\":1e999999}"),
        (json, b"{\"fields\":7,\"filters\":\"[[[[\",\"limit_page_length\":[]}"),
        (json, &deep),
        (json, &nested),
        (json, &huge),
        (form, &filters),
        (form, b"%=%&&==%zz%f&a"),
        (form, &huge),
        ("multipart/form-data", b"--x"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n--x"),
        ("multipart/form-data; boundary=", b"----"),
        ("text/é", b"{}"),
        ("application/json; charset=utf-16", b"{\"description\":\"x\"}"),
        ("", b"{}"),
    ];
    let targets = [
        "/api/resource/ToDo",
        "/api/resource/Sales%20Order",
        "/api/method/frappe.client.get_list",
        "/api/method/frappe.client.insert",
        "/api/method/frappe.client.insert_many",
        "/api/method/upload_file",
        "/sandbox/faults",
    ];
    for target in targets {
        for (kind, body) in cases {
            for method in ["POST", "PUT"] {
                let status = send(&sandbox, method, target, kind, body);
                assert!(status == 0 || (200..600).contains(&status), "{method} {target} {kind}: {status}");
                if body.len() > 10 * 1024 * 1024 {
                    assert!(status == 0 || status >= 400, "{method} {target} took {} bytes: {status}", body.len());
                }
            }
        }
    }
    send(&sandbox, "DELETE", "/sandbox/faults", json, b"");
    still_well(&sandbox);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_http_is_refused() {
    let sandbox = site().await;
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /api/resource/ToDo HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"POST /api/resource/ToDo HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/resource/ToDo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n",
        b"GET /%00%ff%fe HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /api/resource/ToDo HTTP/1.1\r\nHost: x\r\nAuthorization: \xff\xfe \x80\r\nConnection: close\r\n\r\n",
    ] {
        raw(&sandbox, bytes);
    }
    still_well(&sandbox);
}

/// A small generator: the same requests in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap_or(0) % below
    }

    fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }
}

const PARTS: &[&str] = &[
    "\"name\"",
    "\"items\"",
    "\"items.item_code\"",
    "\"customer.territory\"",
    "\"nope\"",
    "\"*\"",
    "\"count(name) as n\"",
    "\"sum(grand_total)\"",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "null",
    "true",
    "-1",
    "1e308",
    "0",
    "\"\"",
    "\"in\"",
    "\"like\"",
    "\"between\"",
    "\"timespan\"",
    "\"%\"",
    "\"';--\"",
    "\"`tabUser`.`name`\"",
    "\"\\u0000\"",
    "\"2026-02-30\"",
    "\"ü\"",
];
const KEYS: &[&str] = &[
    "fields",
    "filters",
    "or_filters",
    "order_by",
    "group_by",
    "limit_page_length",
    "limit_start",
    "as_dict",
    "parent",
    "doc",
    "docs",
    "doctype",
    "name",
    "docname",
    "data",
    "items",
    "run_method",
    "modified",
    "docstatus",
    "customer",
    "txt",
    "action",
    "report_name",
    "assign_to",
    "method",
    "source_name",
    "old_name",
    "new_name",
    "fieldname",
    "value",
    "amended_from",
];
const DOCTYPES: &[&str] = &[
    "ToDo",
    "Customer",
    "Sales%20Order",
    "Sales%20Order%20Item",
    "DocType",
    "User",
    "System%20Settings",
    "Nope",
    "",
    "..",
    "Odd%20Thing",
    "Sales%20Invoice",
    "Item",
    "File",
    "Lead",
    "RQ%20Job",
    "Payment%20Gateway%20Account",
    "%00",
    "customer",
];
const METHODS: &[&str] = &[
    "frappe.client.get_list",
    "frappe.client.get",
    "frappe.client.insert",
    "frappe.client.insert_many",
    "frappe.client.submit",
    "frappe.client.cancel",
    "frappe.client.save",
    "frappe.client.set_value",
    "frappe.client.bulk_update",
    "frappe.client.rename_doc",
    "frappe.client.get_count",
    "frappe.client.get_value",
    "frappe.client.validate_link",
    "frappe.client.get_doc_permissions",
    "frappe.desk.search.search_link",
    "frappe.desk.reportview.get",
    "frappe.desk.reportview.get_count",
    "frappe.desk.query_report.run",
    "frappe.desk.form.load.getdoctype",
    "frappe.desk.form.load.get_docinfo",
    "frappe.desk.form.utils.add_comment",
    "frappe.desk.form.assign_to.add",
    "frappe.desk.doctype.tag.tag.add_tag",
    "frappe.desk.form.linked_with.get_submitted_linked_docs",
    "frappe.model.workflow.get_transitions",
    "frappe.model.workflow.apply_workflow",
    "frappe.model.mapper.make_mapped_doc",
    "run_doc_method",
    "upload_file",
    "nope",
    "",
];

fn value(dice: &mut Dice) -> String {
    match dice.below(6) {
        0 => dice.of(PARTS).to_owned(),
        1 => format!("[[{},\"=\",{}]]", dice.of(PARTS), dice.of(PARTS)),
        2 => format!(
            "{{\"doctype\":\"{}\",{}:{}}}",
            dice.of(DOCTYPES).replace("%20", " "),
            dice.of(PARTS),
            dice.of(PARTS)
        ),
        3 => format!("[{}]", dice.of(PARTS)),
        4 => format!("\"{}\"", dice.of(DOCTYPES).replace("%20", " ")),
        _ => (0..dice.below(8)).map(|_| dice.of(PARTS)).collect(),
    }
}

fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_requests_leave_the_site_well() {
    let wanted = std::env::var("ERPNEXT_MCP_FUZZ").ok().and_then(|wanted| wanted.parse().ok()).unwrap_or(2_000);
    let sandbox = site().await;
    let mut dice = Dice(0x2545_F491_4F6C_DD1D);
    for number in 0..wanted {
        let method = dice.of(&["GET", "GET", "POST", "POST", "PUT", "DELETE", "PATCH", "HEAD"]);
        let base = match dice.below(3) {
            0 => format!("/api/method/{}", dice.of(METHODS)),
            1 => format!("/api/resource/{}", dice.of(DOCTYPES)),
            _ => {
                let doctype = dice.of(DOCTYPES);
                format!("/api/resource/{doctype}/{}", encode(&value(&mut dice)))
            }
        };
        let pairs: Vec<(&str, String)> = (0..dice.below(4)).map(|_| (dice.of(KEYS), value(&mut dice))).collect();
        let query: Vec<String> = pairs.iter().map(|(key, value)| format!("{key}={}", encode(value))).collect();
        let json: Vec<String> = pairs.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
        let status = if dice.below(2) == 0 {
            send(&sandbox, method, &format!("{base}?{}", query.join("&")), "text/plain", b"")
        } else {
            send(&sandbox, method, &base, "application/json", format!("{{{}}}", json.join(",")).as_bytes())
        };
        assert!((200..600).contains(&status), "request {number}: {method} {base}: {status}");
    }
    still_well(&sandbox);
}
