//! What a call may tell of the site's words: all of them if the policy withholds nothing of its DocType, of the others that
//! it asks the site about and of those that these link to; else what is known to say nothing of a document that may not be
//! read.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock, OnceLock, PoisonError, RwLock, RwLockReadGuard};

use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, Options, Version};

use super::Session;
use crate::audit::Attempt;
use crate::policy::{Operation, Policy};
use crate::shape::redact::{Told, is_in, redact};
use crate::shape::said::Said;
use crate::shape::vocabulary::{is_common, is_form_of};
use crate::site::Redact;

/// The rights by their names, which messages quote.
const RIGHTS: &str = " amend cancel create delete email export import print read report select share submit write ";
/// A shorter name of a document is no more than a word.
const SHORTEST_NAME: usize = 3;

/// The words of the names of all DocTypes, in lower case.
static DOCTYPE_WORDS: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let names = erpnext_doctypes::ALL.iter().map(|table| table.name());
    names.flat_map(|name| name.split(' ').map(str::to_lowercase).collect::<Vec<_>>()).collect()
});

/// A field, or one of a row with its table.
type Field = (Option<&'static FieldDef>, &'static FieldDef);

/// A DocType that the site may speak of.
#[derive(Debug)]
struct Subject {
    doctype: String,
    /// Its table, where one is known here.
    def: Option<&'static DocTypeDef>,
    /// Its child tables that are known here.
    tables: Vec<(&'static FieldDef, &'static DocTypeDef)>,
}

impl Subject {
    fn new(
        doctype: &str,
        def: Option<&'static DocTypeDef>,
        children: &dyn Fn(&str) -> Option<&'static DocTypeDef>,
    ) -> Self {
        let tables = def.into_iter().flat_map(|def| def.known_tables(children)).collect();
        Self { doctype: doctype.to_owned(), def, tables }
    }

    fn fields(&self) -> impl Iterator<Item = Field> {
        let columns =
            self.tables.iter().flat_map(|(table, child)| child.fields.iter().map(move |column| (Some(*table), column)));
        self.def.into_iter().flat_map(|def| def.fields).map(|field| (None, field)).chain(columns)
    }

    fn links(&self) -> impl Iterator<Item = Field> {
        self.fields().filter(|(_, field)| matches!(field.kind, FieldKind::Link | FieldKind::DynamicLink))
    }

    /// Whether the policy withholds nothing of it and of what it links to.
    fn is_whole(&self, policy: &Policy) -> bool {
        if self.def.is_none() {
            return policy.shows_all();
        }
        policy.shows_whole(&self.doctype)
            && self.links().all(|(_, field)| match field.options {
                Options::Target(target) => policy.shows_whole(target),
                _ => policy.shows_all(),
            })
    }

    /// Whether the caller may read those of its links that are meant.
    fn shows_links(&self, policy: &Policy, is_meant: impl Fn(&FieldDef) -> bool) -> bool {
        policy.permit(Operation::Read, &self.doctype).is_ok_and(|permit| {
            self.links().filter(|(_, field)| is_meant(field)).all(|(table, field)| match table {
                Some(table) => permit.fields().may_read_child(table, field),
                None => permit.fields().may_read(field),
            })
        })
    }
}

/// Decides for one call, or for one document of a batch.
#[derive(Debug)]
pub struct Redactor {
    policy: Arc<Policy>,
    version: Version,
    /// What it is about.
    subject: Option<Subject>,
    /// What else the site was asked about.
    asked: RwLock<Vec<Subject>>,
    /// Another one that the site speaks of, and what this links to.
    beside: Vec<String>,
    /// The document that the caller names, and the user: the caller knows both.
    names: Vec<String>,
    /// Whether nothing is withheld of what it is about.
    is_whole: OnceLock<bool>,
}

impl Redactor {
    /// For the call that the attempt records.
    pub fn of(session: &Session<'_>, attempt: &Attempt) -> Arc<Self> {
        let known = |doctype: &str| session.catalog.known(doctype);
        let subject = attempt.doctype.as_deref().map(|doctype| Subject::new(doctype, known(doctype), &known));
        let other = attempt.beside.as_deref().and_then(|doctype| session.catalog.known(doctype));
        let linked = other.into_iter().flat_map(|def| def.fields).filter(|field| field.kind == FieldKind::Link);
        let beside = linked.filter_map(|field| field.target()).chain(attempt.beside.as_deref()).map(str::to_owned);
        let names = attempt.document.as_deref().into_iter().chain(session.known_user());
        let names = names.filter(|name| name.len() >= SHORTEST_NAME && name.contains(char::is_alphabetic));
        Arc::new(Self {
            policy: Arc::clone(session.policy),
            version: session.catalog.version(),
            subject,
            asked: RwLock::default(),
            beside: beside.collect(),
            names: names.map(str::to_owned).collect(),
            is_whole: OnceLock::new(),
        })
    }

    /// Whether the policy withholds nothing of any DocType that the site may speak of.
    fn is_whole(&self) -> bool {
        let own = *self.is_whole.get_or_init(|| match &self.subject {
            Some(subject) if subject.def.is_some() => {
                subject.is_whole(&self.policy) && self.beside.iter().all(|doctype| self.policy.shows_whole(doctype))
            }
            _ => self.policy.shows_all(),
        });
        // Else a link to what holds keys would withhold the names of all that links there.
        self.policy.opens_all() || own && self.asked().iter().all(|subject| subject.is_whole(&self.policy))
    }

    fn asked(&self) -> RwLockReadGuard<'_, Vec<Subject>> {
        self.asked.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The fields of what it is about.
    fn fields(&self) -> impl Iterator<Item = Field> {
        self.subject.iter().flat_map(Subject::fields)
    }

    /// Whether the caller may read those links that are meant, whatever DocType has them.
    fn shows_links(&self, is_meant: impl Fn(&FieldDef) -> bool) -> bool {
        let shows = |subject: &Subject| subject.shows_links(&self.policy, &is_meant);
        self.subject.as_ref().is_none_or(shows) && self.asked().iter().all(shows)
    }

    /// The DocType of that name, in any case.
    fn doctype(&self, words: &str) -> Option<&str> {
        let known = |name: &str| erpnext_doctypes::any(name).map(|def| def.name);
        let large = || words.split(' ').map(capitalized).collect::<Vec<_>>().join(" ");
        let called = self.subject.as_ref().map(|subject| subject.doctype.as_str()).filter(|doctype| *doctype == words);
        called.or_else(|| known(words)).or_else(|| known(&large()))
    }
}

impl Redact for Redactor {
    fn asks(&self, doctype: &str) {
        let is_known = |subject: &Subject| subject.doctype == doctype;
        if self.subject.as_ref().is_some_and(is_known) || self.asked().iter().any(is_known) {
            return;
        }
        let known = |doctype: &str| erpnext_doctypes::get(self.version, doctype);
        let asked = Subject::new(doctype, known(doctype), &known);
        self.asked.write().unwrap_or_else(PoisonError::into_inner).push(asked);
    }

    fn redact(&self, said: &Said) -> String {
        if self.is_whole() { said.text.clone() } else { redact(said, self) }
    }
}

impl Told for Redactor {
    fn is_term(&self, words: &str) -> bool {
        let is_field = |field: &FieldDef| field.label.eq_ignore_ascii_case(words) || field.fieldname == words;
        is_in(RIGHTS, words)
            || self.names.iter().any(|name| name == words)
            || self.doctype(words).is_some()
            || self.fields().any(|(_, field)| is_field(field))
    }

    fn may_name(&self, term: &str) -> bool {
        let is_labelled = |field: &FieldDef| field.label.eq_ignore_ascii_case(term);
        let labelled = self.subject.iter().flat_map(Subject::links).filter(|(_, field)| is_labelled(field));
        let targets = labelled.filter_map(|(_, field)| field.target());
        let doctypes: Vec<&str> = self.doctype(term).into_iter().chain(targets).collect();
        // Where no link says so, what stands there may be a title, or another value of the document.
        let is_name = |doctype: &&str| self.policy.shows_whole(doctype) && self.may_name_of(doctype);
        !doctypes.is_empty() && doctypes.iter().all(is_name) && self.shows_links(is_labelled)
    }

    /// If every document of it may be read, and every link to it: that a document links to another is told by its name.
    fn may_name_of(&self, doctype: &str) -> bool {
        let is_same = |target: &str| target == doctype || target.to_lowercase().replace(' ', "-") == doctype;
        self.policy.shows_every(doctype) && self.shows_links(|field| field.target().is_none_or(is_same))
    }

    fn is_word(&self, word: &str) -> bool {
        let in_label = |word: &str| {
            let mut words = self.fields().flat_map(|(_, field)| field.label.split(' '));
            words.any(|known| known.eq_ignore_ascii_case(word))
        };
        is_common(word) || is_form_of(word, &|word| DOCTYPE_WORDS.contains(word) || in_label(word))
    }
}

fn capitalized(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::config::{Config, Narrowing};

    #[test]
    fn where_all_is_open_all_is_told_whatever_was_asked_about() {
        let erpnext = json!({"url": "https://erp.example.com", "api_key": "k", "api_secret": "s"});
        let told = |permissions: Value, toolsets: Option<&[&str]>| {
            let file = json!({"erpnext": erpnext, "permissions": permissions});
            let toolsets = toolsets.map(|sets| sets.iter().map(|set| (*set).to_owned()).collect());
            let narrowing = Narrowing { toolsets, ..Narrowing::default() };
            let config = Config::from_text(&file.to_string()).unwrap().narrowed(&narrowing);
            let redactor = Redactor {
                policy: Arc::new(Policy::from_config(&config)),
                version: Version::V15,
                subject: Some(Subject::new("Customer", erpnext_doctypes::any("Customer"), &erpnext_doctypes::any)),
                asked: RwLock::default(),
                beside: Vec::new(),
                names: Vec::new(),
                is_whole: OnceLock::new(),
            };
            // A contact links to what holds keys.
            redactor.asks("Contact");
            redactor.redact(&Said::of("Quartz Traders is linked with Blanket Order MFG-BLR-2026-00001"))
        };
        let everything = told(json!({"default": {"read": true}}), None);
        assert!(everything.contains("Quartz Traders") && everything.contains("MFG-BLR-2026-00001"), "{everything}");
        for (permissions, toolsets) in [
            (json!({"default": {"read": true}}), Some(&["selling"][..])),
            (json!({"default": {"read": true}, "doctypes": {"Lead": {}}}), None),
            (json!({"default": {"create": true}}), None),
        ] {
            let told = told(permissions.clone(), toolsets);
            assert!(!told.contains("Quartz"), "{permissions}: {told}");
        }
    }

    #[test]
    fn what_is_withheld_of_another_doctype_that_was_asked_about_is_not_told() {
        let erpnext = json!({"url": "https://erp.example.com", "api_key": "k", "api_secret": "s"});
        let doctypes = json!({"UOM": {"read": true}, "Sales Order": {"read": true, "restricted_fields": ["customer"]}});
        let file = json!({"erpnext": erpnext, "permissions": {"doctypes": doctypes}});
        let subject = Subject::new("UOM", erpnext_doctypes::any("UOM"), &erpnext_doctypes::any);
        let redactor = Redactor {
            policy: Arc::new(Policy::from_config(&Config::from_text(&file.to_string()).unwrap())),
            version: Version::V15,
            subject: Some(subject),
            asked: RwLock::default(),
            beside: Vec::new(),
            names: Vec::new(),
            is_whole: OnceLock::new(),
        };
        let said = Said::of("Credit limit has been crossed for Quartz Traders (50000.0/4321.5)");
        assert_eq!(redactor.redact(&said), said.text);
        redactor.asks("UOM");
        assert_eq!(redactor.redact(&said), said.text);
        redactor.asks("Sales Order");
        let told = redactor.redact(&said);
        assert!(told.contains("has been crossed") && !told.contains("Quartz") && !told.contains("4321"), "{told}");
    }
}
