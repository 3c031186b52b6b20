//! The recorded site's state before each recording, as far as the exchanges tell it: every document that is seen and was
//! not made on the way, as it was first seen, and everything that such a document links to.

use std::collections::{BTreeMap, HashMap, HashSet};

use erpnext_sandbox::Sandbox;
use erpnext_sandbox::doc::Doc;
use erpnext_sandbox::error::SiteError;
use erpnext_sandbox::store::HIDDEN_COLUMNS;
use erpnext_schema::{DocTypeDef, FieldKind, Options, doctype_flag};
use serde_json::{Value, json};

use crate::recordings::Exchange;

/// A document's DocType and name.
pub type Key = (String, String);

/// What is known of a document.
#[derive(Default)]
struct Known {
    doc: Doc,
    /// Whether it was seen whole.
    whole: bool,
    /// The recording in which it was first seen.
    since: usize,
    /// What was found changed when a later recording began.
    later: Vec<(usize, Doc)>,
}

/// The DocTypes of the recorded site.
pub type Defs = HashMap<&'static str, &'static DocTypeDef>;

/// The documents of the recorded site.
#[derive(Default)]
pub struct Fixture {
    defs: Defs,
    documents: BTreeMap<Key, Known>,
    pub made: HashSet<Key>,
    /// What an exchange of ours changed: from then on the replay keeps its state.
    pub written: HashSet<Key>,
    /// The first number of a series that was given on the way.
    given: HashMap<String, i64>,
    /// What documents link to, and since when.
    linked: Vec<(usize, &'static str, String)>,
}

/// Reads the state off the exchanges.
pub fn read(defs: Defs, exchanges: &[Exchange]) -> Fixture {
    let mut fixture = Fixture { defs, ..Fixture::default() };
    for exchange in exchanges {
        if exchange.status == 403 {
            fixture.see_refusal(exchange);
        }
        // What is refused a change is there.
        if let (Some((doctype, Some(name))), "PUT", 403 | 417) =
            (exchange.resource(), &*exchange.method, exchange.status)
        {
            fixture.merge(exchange.stage, &doctype, &name, Doc::new(), false);
        }
        if !matches!(exchange.status, 200 | 202) || exchange.path().starts_with("/api/v2/") {
            continue;
        }
        fixture.note_made(exchange);
        if exchange.user.as_deref() == Some("Administrator") {
            fixture.see(exchange);
        }
        fixture.see_rows(exchange);
        fixture.written.extend(exchange.written());
    }
    crate::guess::customers(&mut fixture, exchanges);
    fixture.complete();
    if exchanges.iter().any(|exchange| exchange.by_form) {
        crate::guess::forms(&mut fixture);
    }
    crate::guess::papers(&mut fixture, exchanges);
    fixture.add_linked();
    crate::guess::rest(&mut fixture, exchanges);
    fixture
}

impl Fixture {
    /// The DocType of this name.
    pub fn def(&self, doctype: &str) -> Option<&'static DocTypeDef> {
        self.defs.get(doctype).copied()
    }

    /// The documents of a DocType that are there from the beginning.
    pub fn of<'a>(&'a mut self, doctype: &'a str) -> impl Iterator<Item = &'a mut Doc> {
        let of = self.documents.iter_mut().filter(move |((own, _), known)| own == doctype && known.since == 0);
        of.map(|(_, known)| &mut known.doc)
    }

    /// Adds a document that is there from the beginning, or what is not known of it yet.
    pub fn add(&mut self, doctype: &str, name: &str, facts: Doc) {
        self.merge(0, doctype, name, facts, false);
    }

    /// Corrects what was guessed of a document, whenever it came.
    pub fn correct(&mut self, doctype: &str, name: &str, field: &str, value: Value) {
        if let Some(known) = self.documents.get_mut(&(doctype.to_owned(), name.to_owned())) {
            known.doc.insert(field.to_owned(), value.clone());
            known.later.push((known.since, Doc::from_iter([(field.to_owned(), value)])));
        }
    }

    /// Puts what was new when a recording began into a sandbox, past its rules.
    pub fn load(&self, sandbox: &Sandbox, stage: usize) -> Result<(), SiteError> {
        sandbox.with(|site| {
            for ((doctype, name), known) in &self.documents {
                let Some(def) = site.meta.get(doctype).filter(|def| !def.is(doctype_flag::VIRTUAL)) else { continue };
                let single = def.is(doctype_flag::SINGLE);
                if stage == if single { 0 } else { known.since } {
                    site.put(def, &if single { stored_single(&known.doc) } else { known.doc.clone() })?;
                    let hidden =
                        HIDDEN_COLUMNS.iter().filter_map(|key| Some(((*key).to_owned(), known.doc.get(*key)?.clone())));
                    let hidden: Doc = hidden.collect();
                    if !single && !hidden.is_empty() {
                        site.set(doctype, name, &hidden)?;
                    }
                    if let Some((prefix, number)) = series(name) {
                        site.continue_series(prefix, number)?;
                    }
                }
                for (_, changes) in known.later.iter().filter(|(later, _)| *later == stage && !single) {
                    site.set(doctype, name, changes)?;
                }
            }
            if stage > 0 {
                return Ok(());
            }
            self.given.iter().try_for_each(|(prefix, number)| site.continue_series(prefix, number - 1))
        })
    }

    /// Notes what is told of a document: what was seen first counts, unless it was changed between two recordings.
    pub fn merge(&mut self, stage: usize, doctype: &str, name: &str, facts: Doc, whole: bool) {
        let key = (doctype.to_owned(), name.to_owned());
        if self.made.contains(&key) || self.def(doctype).is_none() || doctype == "DocType" {
            return;
        }
        let written = self.written.contains(&key);
        let known = self.documents.entry(key).or_insert_with(|| Known { since: stage, ..Known::default() });
        known.doc.entry("name").or_insert_with(|| json!(name));
        if whole && !written && stage > known.since {
            let news = facts.iter().filter(|(field, value)| {
                !value.is_array() && known.doc.get(*field).is_some_and(|before| before != *value)
            });
            known.later.push((stage, news.map(|(field, value)| (field.clone(), value.clone())).collect()));
        }
        if known.whole {
            return;
        }
        known.whole = whole;
        for (field, value) in facts {
            known.doc.entry(field).or_insert(value);
        }
    }

    /// Notes that a document was made on the way: it is not of the fixture.
    pub fn make(&mut self, doctype: String, name: String) {
        if let Some((prefix, number)) = series(&name) {
            self.given.entry(prefix.to_owned()).or_insert(number);
        }
        self.made.insert((doctype, name));
    }

    /// Whether the document was seen whole.
    pub fn knows_whole(&self, key: &Key) -> bool {
        self.documents.get(key).is_some_and(|known| known.whole)
    }

    /// Whether the document was there when it was first seen.
    pub fn knows(&self, key: &Key) -> bool {
        self.documents.contains_key(key)
    }

    /// Notes what a document links to. Of one that is being made, links from which other fields fetch prove nothing: the
    /// site does not check them (H10).
    pub fn link(&mut self, stage: usize, def: &'static DocTypeDef, doc: &Doc, made: bool) {
        for field in def.all_fields() {
            let fetched = def.fields.iter().filter_map(|field| field.fetch_from?.split_once('.'));
            let unchecked = made && fetched.into_iter().any(|(by, _)| by == field.fieldname);
            match (field.options, doc.get(field.fieldname)) {
                (Options::Target(target), Some(Value::String(name)))
                    if field.kind == FieldKind::Link && !name.is_empty() && !unchecked =>
                {
                    self.linked.push((stage, target, name.clone()));
                }
                (Options::Target(target), Some(Value::Array(rows))) if field.kind.is_table() => {
                    let Some(child) = self.def(target) else { continue };
                    rows.iter().filter_map(Value::as_object).for_each(|row| self.link(stage, child, row, made));
                }
                _ => {}
            }
        }
    }

    /// Fills documents of which only some fields were seen after the first of their kind that was seen whole.
    fn complete(&mut self) {
        let mut models: HashMap<String, Doc> = HashMap::new();
        for ((doctype, _), known) in self.documents.iter().filter(|(_, known)| known.whole) {
            models.entry(doctype.clone()).or_insert_with(|| known.doc.clone());
        }
        for ((doctype, name), known) in self.documents.iter_mut().filter(|(_, known)| !known.whole) {
            if let Some(model) = models.get(doctype) {
                fill(&mut known.doc, name, model);
            }
        }
    }

    /// What a document links to exists as well, if only by name.
    fn add_linked(&mut self) {
        let documents: Vec<(usize, String, Doc)> = self
            .documents
            .iter()
            .map(|((doctype, _), known)| (known.since, doctype.clone(), known.doc.clone()))
            .collect();
        for (since, doctype, doc) in &documents {
            if let Some(def) = self.def(doctype) {
                self.link(*since, def, doc, false);
            }
        }
        for (since, doctype, name) in std::mem::take(&mut self.linked) {
            let Some(def) = self.def(doctype).filter(|def| !def.is(doctype_flag::SINGLE)) else {
                continue;
            };
            let title = def.title_field.or_else(|| def.autoname.and_then(|rule| rule.strip_prefix("field:")));
            let facts = title.map(|field| (field.to_owned(), json!(name))).into_iter().collect();
            self.merge(since, doctype, &name, facts, false);
        }
    }
}

/// What of a Single is stored: a standard field only where it came as text.
fn stored_single(doc: &Doc) -> Doc {
    let own = |key: &str, value: &Value| {
        !matches!(key, "name" | "owner" | "docstatus" | "idx") || key == "idx" && value.is_string()
    };
    doc.iter().filter(|(key, value)| own(key, value)).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Fills in what is not known of a document after another one of its DocType; rows of tables are not copied.
pub fn fill(doc: &mut Doc, name: &str, model: &Doc) {
    let own = model.get("name").cloned().unwrap_or_default();
    doc.entry("name").or_insert_with(|| json!(name));
    for (key, value) in model.iter().filter(|(_, value)| !value.is_array()) {
        doc.entry(key.clone()).or_insert_with(|| if *value == own { json!(name) } else { value.clone() });
    }
}

/// `SAL-ORD-2026-` and 6 of `SAL-ORD-2026-00006`.
fn series(name: &str) -> Option<(&str, i64)> {
    let digits = name.bytes().rev().take_while(u8::is_ascii_digit).count();
    let (prefix, number) = name.split_at(name.len() - digits);
    Some((prefix, number.parse().ok()?)).filter(|_| digits == 5 && prefix.ends_with('-'))
}
