//! What the tests ask the sample site, against what real sites were seen to take: verb, path, where the arguments stand
//! and what those of one request are called. `tests/recorded/requests.txt` says what each version took. Every sandbox of
//! these tests holds what it is asked to that ([`takes`]), and fails its test over the rest. What values are made of is
//! compared in `read/recorded_forms`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::LazyLock;

use erpnext_sandbox::{Form, Version};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::read::recorded_forms::{FOLDERS, NEVER_ANSWERED, arguments};
use crate::shared;
use crate::tidy::{read, root, rust_files};

/// The facts of the recordings; `REQUESTS_UPDATE=1` beside `.ci/recordings` writes them anew.
const FILE: &str = "tests/recorded/requests.txt";

/// Forms that a site of some version was not seen to take, each with the reason why it does; written as the facts are.
const EXCEPTIONS: &[(&str, &str)] = &[
    (
        "POST /api/method/frappe.desk.form.assign_to.add json assign_to date? doctype name",
        "recorded by GET, and by POST with a description, which may be left out",
    ),
    (
        "POST /api/method/frappe.www.printview.get_html_and_style json doc name print_format",
        "recorded without a format, which is then the standard one",
    ),
    (
        "POST /api/method/erpnext.accounts.party.get_party_details json doctype party party_type posting_date?",
        "recorded by GET without a company, and by POST with one",
    ),
    (
        "POST /api/method/erpnext.stock.utils.get_stock_balance json item_code posting_date posting_time warehouse \
         with_valuation_rate",
        "recorded without the rate, which it gives beside the quantity where that is 1",
    ),
    (
        "POST /api/method/frappe.desk.query_report.run json _lang are_default_filters filters report_name",
        "recorded without the second, which is true where it is left out, and false where the desk sends filters; the first was \
         recorded beside other arguments",
    ),
    ("POST /api/method/frappe.ping json", "recorded by GET; a test configures it as a method"),
    ("POST /api/method/frappe.client.get_count json doctype", "recorded by GET; a test asks for it past the program"),
    (
        "GET /api/method/frappe.desk.reportview.get_count url distinct doctype fields filters",
        "recorded as a form with `distinct`, and by GET without it; a test counts by it past the program",
    ),
    (
        "GET /api/method/frappe.integrations.oauth2.approve url client_id code_challenge code_challenge_method \
         redirect_uri response_type scope state",
        "a browser asks for it, and is sent on with 302",
    ),
    (
        "POST /api/method/frappe.share.add json doctype name read user",
        "recorded with `share` and `write`, which are 0 where they are left out; a test configures it as a method",
    ),
];

/// The arguments of methods that no recorded site was asked for, as the sources of both versions name them; written as the
/// facts are. `_lang` is the framework's own, of every request.
#[rustfmt::skip]
const BY_SOURCE: &[&str] = &[
    "POST /api/method/run_doc_method json args? docs method",
    "POST /api/method/frappe.core.doctype.communication.email.make json cc? communication_medium content doctype name print_format? recipients send_email subject",
    "GET /api/method/frappe.model.utils.user_settings.get url doctype",
    "GET /api/method/frappe.core.doctype.user_permission.user_permission.get_user_permissions url",
    "GET /api/method/frappe.utils.print_format.download_pdf url doctype format? name",
    "POST /api/method/erpnext.controllers.accounts_controller.get_taxes_and_charges json master_doctype master_name",
    "POST /api/method/erpnext.controllers.accounts_controller.get_default_taxes_and_charges json company master_doctype tax_template",
    "POST /api/method/erpnext.setup.doctype.terms_and_conditions.terms_and_conditions.get_terms_and_conditions json doc template_name",
    "POST /api/method/erpnext.controllers.stock_controller.show_accounting_ledger_preview json _lang company docname doctype",
    "POST /api/method/erpnext.controllers.stock_controller.show_stock_ledger_preview json _lang company docname doctype",
    "POST /api/method/erpnext.controllers.accounts_controller.update_child_qty_rate json child_docname parent_doctype parent_doctype_name trans_items",
    "POST /api/method/erpnext.manufacturing.doctype.work_order.work_order.make_stock_entry json purpose qty? work_order_id",
    "POST /api/method/erpnext.selling.doctype.sales_order.sales_order.update_status json name status",
    "POST /api/method/erpnext.buying.doctype.purchase_order.purchase_order.update_status json name status",
    "POST /api/method/erpnext.stock.doctype.delivery_note.delivery_note.update_delivery_note_status json docname status",
    "POST /api/method/erpnext.stock.doctype.purchase_receipt.purchase_receipt.update_purchase_receipt_status json docname status",
    "POST /api/method/erpnext.stock.doctype.material_request.material_request.update_status json name status",
];

/// Arguments that were sent to see whether a site minds them: that it answered says nothing of them.
const PROBES: &[(&str, &str)] = &[
    ("/api/method/frappe.auth.get_logged_user", "zzz"),
    ("/api/resource/{doctype}", "debug"),
    ("/api/resource/{doctype}", "pluck"),
    ("/api/resource/{doctype}", "start"),
    ("/api/resource/{doctype}", "x"),
];

/// Calls for rows and their number: each argument says something of its own, so that what some requests had may be there
/// or not. The arguments of one request of any other call belong together, and are held to those of a recorded one.
const OF_ROWS: [&str; 6] = [
    "/api/method/frappe.client.get_count",
    "/api/method/frappe.client.get_list",
    "/api/method/frappe.desk.reportview.get",
    "/api/method/frappe.desk.reportview.get_count",
    "/api/method/frappe.desk.reportview.get_list",
    "/api/resource/{doctype}",
];

/// What the arguments of a call are called: in every request, and in some of them.
struct Keys {
    always: BTreeSet<String>,
    some: BTreeSet<String>,
}

impl Keys {
    /// Reads `a b?`: `a` in each request, `b` in some.
    fn of(words: &[&str]) -> Self {
        let always = words.iter().filter(|key| !key.ends_with('?')).map(|key| (*key).to_owned());
        let some = words.iter().map(|key| key.trim_end_matches('?').to_owned());
        Self { always: always.collect(), some: some.collect() }
    }

    fn fit(&self, form: &Form) -> bool {
        self.always.is_subset(&form.keys) && form.keys.is_subset(&self.some)
    }

    /// Takes in the keys of one more request.
    fn widen(&mut self, keys: &BTreeSet<String>) {
        self.always.retain(|key| keys.contains(key));
        self.some.extend(keys.iter().cloned());
    }
}

/// By version and call, as `POST /api/method/frappe.client.submit json`, the keys of its requests: those of each, or of
/// all that ask for rows.
type Facts = BTreeMap<(u8, String), Vec<Keys>>;

static FACTS: LazyLock<Facts> = LazyLock::new(|| facts(&read(FILE)));

/// Whether a site of that version was seen to take requests of that form, its source takes them, or it is among the
/// exceptions.
pub fn takes(version: Version, form: &Form) -> bool {
    let fits = |named: &str| {
        let words: Vec<&str> = named.split(' ').collect();
        words[..3].join(" ") == call(form) && Keys::of(&words[3..]).fit(form)
    };
    let method = form.path.strip_prefix("/api/method/").unwrap_or_default();
    let is_a_browsers = !has_source(method) && NEVER_ANSWERED.iter().any(|(named, _)| *named == method);
    was_taken(version, form)
        || is_a_browsers
        || BY_SOURCE.iter().any(|named| fits(named))
        || EXCEPTIONS.iter().any(|(named, _)| fits(named))
}

fn has_source(method: &str) -> bool {
    let path = format!(" /api/method/{method} ");
    BY_SOURCE.iter().any(|named| named.contains(&path))
}

fn was_taken(version: Version, form: &Form) -> bool {
    FACTS.get(&(version.major(), call(form))).is_some_and(|known| known.iter().any(|keys| keys.fit(form)))
}

/// The form but for its keys.
fn call(form: &Form) -> String {
    format!("{} {} {}", form.verb, form.path, form.encoding)
}

/// Reads lines of a version, a call and its keys: `15 POST /api/method/frappe.client.submit json doc`.
fn facts(text: &str) -> Facts {
    let mut facts = Facts::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let call = (words[0].parse().unwrap(), words[1..4].join(" "));
        facts.entry(call).or_default().push(Keys::of(&words[4..]));
    }
    facts
}

/// The form of a recorded request below the addresses of methods and documents.
fn form(recorded: &Value) -> Option<Form> {
    let (path, _) = recorded["path"].as_str()?.split_once('?').unwrap_or((recorded["path"].as_str()?, ""));
    let path = percent_decode_str(path).decode_utf8_lossy().into_owned();
    if !["/api/method/", "/api/resource/"].iter().any(|start| path.starts_with(start)) {
        return None;
    }
    let headers = recorded["request_headers"].as_object();
    let kind = headers.and_then(|all| all.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type")));
    let kind = kind.and_then(|(_, kind)| kind.as_str()).unwrap_or_default().to_ascii_lowercase();
    let bodies = [("json", "json"), ("x-www-form-urlencoded", "form"), ("multipart/form-data", "multipart")];
    let body = recorded["request_body"].as_str().unwrap_or_default();
    let has_body = !recorded["request_body"].is_null() && recorded["request_body"] != "";
    let encoding = bodies.iter().find(|(word, _)| has_body && kind.contains(word));
    let encoding = encoding.map_or("url", |(_, encoding)| *encoding);
    let keys: Vec<String> = match encoding {
        "multipart" => {
            let names = body.split("; name=\"").skip(1);
            names.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())).collect()
        }
        _ => arguments(recorded).1.into_iter().map(|(key, _)| key).collect(),
    };
    Some(Form::new(recorded["method"].as_str()?, &path, encoding, keys))
}

fn is_probe(form: &Form) -> bool {
    PROBES.iter().any(|(path, key)| form.path == *path && form.keys.contains(*key))
}

/// What the recordings say, in the lines of the file.
fn lines_of_recordings() -> String {
    let site = shared::recordings().join("site");
    let mut facts = Facts::new();
    for (version, folders) in FOLDERS {
        let files = folders.iter().flat_map(|folder| fs::read_dir(site.join(folder)).unwrap());
        for line in files.flat_map(|file| {
            fs::read_to_string(file.unwrap().path()).unwrap().lines().map(str::to_owned).collect::<Vec<_>>()
        }) {
            let exchange: Value = serde_json::from_str(&line).unwrap();
            let is_good = exchange["status"].as_u64().is_some_and(|status| (200..300).contains(&status));
            let Some(form) = Some(&exchange).filter(|_| is_good).and_then(form).filter(|form| !is_probe(form)) else {
                continue;
            };
            let known = facts.entry((version.major(), call(&form))).or_default();
            match known.first_mut().filter(|_| OF_ROWS.contains(&form.path.as_str())) {
                Some(keys) => keys.widen(&form.keys),
                None => known.push(Keys { always: form.keys.clone(), some: form.keys }),
            }
        }
    }
    let mut lines = BTreeSet::new();
    for ((version, call), known) in &facts {
        for Keys { always, some } in known {
            let name = |key: &String| format!(" {key}{}", if always.contains(key) { "" } else { "?" });
            lines.insert(format!("{version} {call}{}\n", some.iter().map(name).collect::<String>()));
        }
    }
    lines.into_iter().collect()
}

#[test]
#[ignore = "needs the recordings of a real site"]
fn the_forms_that_are_known_are_those_of_the_recordings() {
    let recorded = lines_of_recordings();
    if std::env::var_os("REQUESTS_UPDATE").is_some() {
        fs::write(root().join(FILE), &recorded).unwrap();
    }
    let (told, recorded) = (read(FILE), recorded.lines().collect::<BTreeSet<_>>());
    let told: BTreeSet<&str> = told.lines().collect();
    let (more, less): (Vec<_>, Vec<_>) = (told.difference(&recorded).collect(), recorded.difference(&told).collect());
    assert!(more.is_empty() && less.is_empty(), "{FILE} says {more:#?}, the recordings {less:#?}");
}

#[test]
fn a_form_is_known_by_its_verb_its_encoding_and_its_keys() {
    let asked = |verb: &str, path: &str, encoding: &str, keys: &[&str]| {
        let form = Form::new(verb, path, encoding, keys.iter().map(|key| (*key).to_owned()));
        Version::ALL.iter().map(|version| takes(*version, &form)).collect::<Vec<_>>()
    };
    let count = "/api/method/frappe.desk.reportview.get_count";
    let keys = ["distinct", "doctype", "fields", "filters"];
    assert_eq!(asked("POST", count, "form", &keys), [true, true]);
    assert_eq!(asked("PUT", count, "form", &keys), [false, false], "another verb");
    assert_eq!(asked("POST", count, "multipart", &keys), [false, false], "another encoding");
    assert_eq!(asked("POST", count, "form", &keys[1..]), [false, false], "H70: a key is missing that each request had");
    let more = [&keys[..], &["strict"][..]].concat();
    assert_eq!(asked("POST", count, "form", &more), [false, false], "a key that none had");
    let upload = "/api/method/upload_file";
    let attached = ["docname", "doctype", "file", "is_private"];
    assert_eq!(asked("POST", upload, "multipart", &attached), [true, true]);
    assert_eq!(asked("POST", upload, "multipart", &attached[2..]), [true, true], "attached to nothing");
    assert_eq!(asked("POST", upload, "multipart", &attached[1..]), [false, false], "keys that no request had together");
    for (path, key) in PROBES {
        let form = Form::new("GET", path, "url", [(*key).to_owned()]);
        assert!(!Version::ALL.iter().any(|version| was_taken(*version, &form)), "{path} {key}: a probe tells nothing");
    }
}

#[test]
fn what_no_site_answered_is_held_to_its_source() {
    let without = NEVER_ANSWERED.iter().map(|(method, _)| *method).filter(|method| !has_source(method));
    assert_eq!(without.collect::<Vec<_>>(), ["frappe.integrations.oauth2.authorize"]);
    let path = "/api/method/erpnext.selling.doctype.sales_order.sales_order.update_status";
    let asked = |keys: &[&str]| {
        let form = Form::new("POST", path, "json", keys.iter().map(|key| (*key).to_owned()));
        Version::ALL.iter().all(|version| takes(*version, &form))
    };
    assert!(asked(&["name", "status"]));
    assert!(!asked(&["docname", "status"]) && !asked(&["name"]));
}

#[test]
fn no_exception_is_made_for_what_every_version_was_seen_to_take() {
    for (named, reason) in EXCEPTIONS {
        let words: Vec<&str> = named.split(' ').collect();
        let keys = Keys::of(&words[3..]);
        for keys in [keys.always, keys.some] {
            let form = Form::new(words[0], words[1], words[2], keys);
            assert!(!Version::ALL.iter().all(|version| was_taken(*version, &form)), "{named} was recorded: {reason}");
        }
    }
}

#[test]
fn every_sandbox_of_these_tests_is_held_to_what_sites_take() {
    let start = format!("Sandbox::{}(", "start");
    let starts = |file: &String| read(file).contains(&start);
    let files: Vec<String> = rust_files("tests/it").into_iter().filter(starts).collect();
    assert_eq!(files, ["tests/it/sandbox.rs"], "crate::sandbox::start starts one");
}
