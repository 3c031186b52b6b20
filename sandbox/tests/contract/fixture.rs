//! The recorded site's state before the first exchange, as far as the exchanges tell it: every document that is seen and
//! was not made on the way, as it was first seen, and everything that such a document links to.

use std::collections::{BTreeMap, HashMap, HashSet};

use erpnext_sandbox::Sandbox;
use erpnext_sandbox::doc::Doc;
use erpnext_sandbox::error::SiteError;
use erpnext_sandbox::store::columns;
use erpnext_schema::{DocTypeDef, FieldKind, Options, doctype_flag};
use serde_json::{Value, json};

use crate::recordings::Exchange;

type Key = (String, String);

/// Documents by DocType and name, each with whether it was seen whole.
#[derive(Default)]
pub struct Fixture {
    documents: BTreeMap<Key, (Doc, bool)>,
    made: HashSet<Key>,
    /// The first number of a series that was given on the way.
    given: HashMap<String, i64>,
    /// What documents that were made on the way link to.
    linked: Vec<(&'static str, String)>,
}

/// Reads the state off the exchanges.
pub fn read(exchanges: &[Exchange]) -> Fixture {
    let mut fixture = Fixture::default();
    for exchange in exchanges.iter().filter(|exchange| exchange.status == 200) {
        fixture.note_made(exchange);
        if exchange.user.as_deref() == Some("Administrator") {
            fixture.see(exchange);
        }
    }
    crate::guess::customers(&mut fixture, exchanges);
    fixture.complete();
    crate::guess::papers(&mut fixture, exchanges);
    fixture.add_linked();
    fixture
}

impl Fixture {
    /// The documents of a DocType.
    pub fn of<'a>(&'a mut self, doctype: &'a str) -> impl Iterator<Item = &'a mut Doc> {
        self.documents.iter_mut().filter(move |((own, _), _)| own == doctype).map(|(_, (doc, _))| doc)
    }

    /// Adds a document, or what is not known of it yet.
    pub fn add(&mut self, doctype: &str, name: &str, facts: Doc) {
        self.merge(doctype, name, facts, false);
    }

    /// Puts everything into a sandbox, past its rules.
    pub fn load(&self, sandbox: &Sandbox) -> Result<(), SiteError> {
        sandbox.with(|site| {
            for ((doctype, name), (doc, _)) in &self.documents {
                if let Some(def) = site.meta.get(doctype) {
                    site.put(def, doc)?;
                }
                if let Some((prefix, number)) = series(name) {
                    site.continue_series(prefix, number)?;
                }
            }
            self.given.iter().try_for_each(|(prefix, number)| site.continue_series(prefix, number - 1))
        })
    }

    fn merge(&mut self, doctype: &str, name: &str, facts: Doc, whole: bool) {
        let key = (doctype.to_owned(), name.to_owned());
        if self.made.contains(&key) || erpnext_doctypes::get(doctype).is_none() || doctype == "DocType" {
            return;
        }
        let (doc, seen) = self.documents.entry(key).or_default();
        *seen |= whole;
        doc.entry("name").or_insert_with(|| json!(name));
        for (field, value) in facts.into_iter().filter(|(_, value)| !value.is_null()) {
            doc.entry(field).or_insert(value);
        }
    }

    /// Documents that an exchange makes are not of the fixture.
    fn note_made(&mut self, exchange: &Exchange) {
        let body = &exchange.body;
        let made = match (&*exchange.method, exchange.resource()) {
            ("POST", Some((doctype, None))) => Some((doctype, body["data"]["name"].clone())),
            ("POST", None) => {
                let path = exchange.path();
                let insert =
                    path.ends_with("client.insert") || path.ends_with("upload_file") || path.ends_with("add_comment");
                let message = &body["message"];
                let doctype = message["doctype"].as_str().filter(|_| insert);
                doctype.map(|doctype| (doctype.to_owned(), message["name"].clone()))
            }
            _ => None,
        };
        if let Some((doctype, Value::String(name))) = made {
            if let Some((prefix, number)) = series(&name) {
                self.given.entry(prefix.to_owned()).or_insert(number);
            }
            self.made.insert((doctype, name));
        }
        let rename = exchange.path().ends_with("rename_doc").then(|| exchange.args());
        if let Some((Some(doctype), Some(name))) = rename
            .map(|args| (args["doctype"].as_str().map(str::to_owned), args["new_name"].as_str().map(str::to_owned)))
            && !self.documents.contains_key(&(doctype.clone(), name.clone()))
        {
            self.made.insert((doctype, name));
        }
    }

    fn see(&mut self, exchange: &Exchange) {
        let args = exchange.args();
        let body = &exchange.body;
        let changed = if exchange.method == "PUT" { args.clone() } else { Doc::new() };
        let answers =
            [&body["data"], &body["message"]].into_iter().chain(body["docs"].as_array().into_iter().flatten());
        for doc in answers.filter_map(Value::as_object) {
            let mut doc = doc.clone();
            let (Some(doctype), Some(name)) = (take(&mut doc, "doctype"), doc.get("name").and_then(Value::as_str))
            else {
                continue;
            };
            let name = name.to_owned();
            if let Some(def) = erpnext_doctypes::get(&doctype) {
                links(def, &doc, &mut self.linked);
            }
            doc.retain(|key, _| !changed.contains_key(key));
            if exchange.method == "PUT" {
                // Seen only after it was changed.
                for (key, before) in [("modified", "creation"), ("modified_by", "owner")] {
                    if let Some(value) = doc.get(before).cloned() {
                        doc.insert(key.to_owned(), value);
                    }
                }
            }
            self.merge(&doctype, &name, doc, true);
        }
        let method = exchange.path();
        let listed = match exchange.resource() {
            Some((doctype, None)) if exchange.method == "GET" => Some(doctype),
            Some(_) => None,
            None if method.ends_with("get_list") || method.ends_with("search_link") => text(&args, "doctype"),
            None => None,
        };
        let grouped = args.contains_key("group_by");
        if let Some(def) = listed.as_deref().and_then(erpnext_doctypes::get).filter(|_| !grouped) {
            let rows = [&body["data"], &body["message"]].into_iter().filter_map(Value::as_array).flatten();
            for row in rows.filter_map(Value::as_object) {
                let Some(name) = row.get("name").or_else(|| row.get("value")).and_then(Value::as_str) else { continue };
                let known = row.iter().filter(|(key, _)| columns(def).any(|field| field.fieldname == *key));
                let facts = known.map(|(key, value)| (key.clone(), value.clone())).collect();
                self.merge(def.name, name, facts, false);
            }
        }
        if method.ends_with("get_value") || method.ends_with("validate_link") {
            let (doctype, facts) = (text(&args, "doctype"), body["message"].as_object());
            if let (Some(doctype), Some(facts)) = (doctype, facts)
                && let Some(name) = facts.get("name").and_then(Value::as_str)
            {
                self.merge(&doctype, name, facts.clone(), false);
            }
        }
    }

    /// Fills documents of which only some fields were seen after the first of their kind that was seen whole.
    fn complete(&mut self) {
        let mut models: HashMap<String, Doc> = HashMap::new();
        for ((doctype, _), (doc, _)) in self.documents.iter().filter(|(_, (_, whole))| *whole) {
            models.entry(doctype.clone()).or_insert_with(|| doc.clone());
        }
        for ((doctype, name), (doc, _)) in self.documents.iter_mut().filter(|(_, (_, whole))| !*whole) {
            if let Some(model) = models.get(doctype) {
                fill(doc, name, model);
            }
        }
    }

    /// What a document links to exists as well, if only by name.
    fn add_linked(&mut self) {
        let mut wanted = std::mem::take(&mut self.linked);
        for ((doctype, _), (doc, _)) in &self.documents {
            if let Some(def) = erpnext_doctypes::get(doctype) {
                links(def, doc, &mut wanted);
            }
        }
        for (doctype, name) in wanted {
            let Some(def) = erpnext_doctypes::get(doctype).filter(|def| !def.is(doctype_flag::SINGLE)) else {
                continue;
            };
            let title = def.title_field.or_else(|| def.autoname.and_then(|rule| rule.strip_prefix("field:")));
            let facts = title.map(|field| (field.to_owned(), json!(name))).into_iter().collect();
            self.merge(doctype, &name, facts, false);
        }
    }
}

/// Fills in what is not known of a document after another one of its DocType; rows of tables are not copied.
pub fn fill(doc: &mut Doc, name: &str, model: &Doc) {
    let own = model.get("name").cloned().unwrap_or_default();
    doc.entry("name").or_insert_with(|| json!(name));
    for (key, value) in model.iter().filter(|(_, value)| !value.is_array()) {
        doc.entry(key.clone()).or_insert_with(|| if *value == own { json!(name) } else { value.clone() });
    }
}

fn links(def: &'static DocTypeDef, doc: &Doc, wanted: &mut Vec<(&'static str, String)>) {
    for field in def.all_fields() {
        match (field.options, doc.get(field.fieldname)) {
            (Options::Target(target), Some(Value::String(name)))
                if field.kind == FieldKind::Link && !name.is_empty() =>
            {
                wanted.push((target, name.clone()));
            }
            (Options::Target(target), Some(Value::Array(rows))) if field.kind.is_table() => {
                let Some(child) = erpnext_doctypes::get(target) else { continue };
                rows.iter().filter_map(Value::as_object).for_each(|row| links(child, row, wanted));
            }
            _ => {}
        }
    }
}

/// `SAL-ORD-2026-` and 6 of `SAL-ORD-2026-00006`.
fn series(name: &str) -> Option<(&str, i64)> {
    let digits = name.bytes().rev().take_while(u8::is_ascii_digit).count();
    let (prefix, number) = name.split_at(name.len() - digits);
    Some((prefix, number.parse().ok()?)).filter(|_| digits == 5 && prefix.ends_with('-'))
}

fn take(doc: &mut Doc, key: &str) -> Option<String> {
    doc.shift_remove(key).and_then(|value| value.as_str().map(str::to_owned))
}

fn text(doc: &Doc, key: &str) -> Option<String> {
    doc.get(key).and_then(Value::as_str).map(str::to_owned)
}
