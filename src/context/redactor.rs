//! What a call may tell of the site's words. It may tell all of them, if the policy withholds nothing of the DocTypes that
//! the call asks about and of those to which they link; else only words that are known to say nothing of a document that
//! may not be read.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock, PoisonError, RwLock, RwLockReadGuard};

use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, Options, Versioned};

use super::Session;
use crate::audit::Attempt;
use crate::catalog::Catalog;
use crate::policy::{Operation, Policy};
use crate::shape::redact::{Disclosure, is_in, redact};
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

/// A DocType that the site may speak of, as far as its table is known at this moment.
#[derive(Debug)]
struct Subject {
    doctype: String,
    /// Its table, where one is known here.
    def: Option<&'static DocTypeDef>,
    /// Its child tables that are known here.
    tables: Vec<(&'static FieldDef, &'static DocTypeDef)>,
    /// Whether all of these are as the site has them: without that, links that the site added are not known.
    is_sites: bool,
}

impl Subject {
    fn new(doctype: &str, catalog: &Catalog) -> Self {
        let def = catalog.known(doctype);
        let children = |child: &str| catalog.known(child);
        let tables = def.into_iter().flat_map(|def| def.known_tables(&children)).collect();
        let is_sites = def.is_some_and(|def| {
            let mut rows = def.tables().filter_map(|table| table.rows_of());
            catalog.is_sites(doctype) && rows.all(|child| catalog.is_sites(child))
        });
        Self { doctype: doctype.to_owned(), def, tables, is_sites }
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
        self.is_sites
            && policy.shows_whole(&self.doctype)
            && self.links().all(|(_, field)| match field.options {
                Options::Target(target) => policy.shows_whole(target),
                _ => policy.shows_all(),
            })
    }

    /// Whether the caller may read those of its links that are meant; of links that are not known, whether nothing of it is
    /// withheld.
    fn shows_links(&self, policy: &Policy, is_meant: impl Fn(&FieldDef) -> bool) -> bool {
        policy.permit(Operation::Read, &self.doctype).is_ok_and(|permit| {
            (self.is_sites || permit.fields().is_open())
                && self.links().filter(|(_, field)| is_meant(field)).all(|(table, field)| match table {
                    Some(table) => permit.fields().may_read_child(table, field),
                    None => permit.fields().may_read(field),
                })
        })
    }
}

/// Decides for one call, or for one document of a batch: by what is known when the site says something, as a call may be the
/// first to learn what a DocType has.
#[derive(Debug)]
pub struct Redactor {
    policy: Arc<Policy>,
    catalog: Arc<Catalog>,
    /// What it is about.
    subject: Option<String>,
    /// What else the site was asked about.
    asked: RwLock<Vec<String>>,
    /// Another one that the site speaks of, with what it links to.
    beside: Option<String>,
    /// The document that the caller names, and the user: the caller knows both.
    names: Vec<String>,
}

impl Redactor {
    /// For the call that the attempt records.
    pub fn of(session: &Session<'_>, attempt: &Attempt) -> Arc<Self> {
        let names = attempt.document.as_deref().into_iter().chain(session.known_user());
        let names = names.filter(|name| name.len() >= SHORTEST_NAME && name.contains(char::is_alphabetic));
        Arc::new(Self {
            policy: Arc::clone(session.policy),
            catalog: session.shared_catalog(),
            subject: attempt.doctype.clone(),
            asked: RwLock::default(),
            beside: attempt.beside.clone(),
            names: names.map(str::to_owned).collect(),
        })
    }

    fn asked(&self) -> RwLockReadGuard<'_, Vec<String>> {
        self.asked.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known at this moment.
    fn known(&self) -> Known<'_> {
        let subject = |doctype: &String| Subject::new(doctype, &self.catalog);
        let asked = self.asked().iter().map(subject).collect();
        Known { redactor: self, subject: self.subject.as_ref().map(subject), asked }
    }
}

impl Redact for Redactor {
    fn asks(&self, doctype: &str) {
        if self.subject.as_deref() == Some(doctype) || self.asked().iter().any(|known| known == doctype) {
            return;
        }
        self.asked.write().unwrap_or_else(PoisonError::into_inner).push(doctype.to_owned());
    }

    fn redact(&self, said: &Said) -> String {
        let known = self.known();
        if known.is_whole() { said.text.clone() } else { redact(said, &known) }
    }
}

/// What decides about one message.
struct Known<'a> {
    redactor: &'a Redactor,
    subject: Option<Subject>,
    asked: Vec<Subject>,
}

impl Known<'_> {
    fn policy(&self) -> &Policy {
        &self.redactor.policy
    }

    /// Whether the policy withholds nothing of any DocType that the site may speak of.
    fn is_whole(&self) -> bool {
        let is_whole = |subject: &Subject| subject.is_whole(self.policy());
        self.subject.as_ref().is_some_and(is_whole) && self.is_whole_beside() && self.asked.iter().all(is_whole)
    }

    /// The same of the other one and of what its own fields link to.
    fn is_whole_beside(&self) -> bool {
        let Some(beside) = &self.redactor.beside else { return true };
        let beside = Subject::new(beside, &self.redactor.catalog);
        let own = beside.def.into_iter().flat_map(|def| def.fields).filter(|field| field.kind == FieldKind::Link);
        beside.is_sites
            && self.policy().shows_whole(&beside.doctype)
            && own.filter_map(|field| field.target()).all(|target| self.policy().shows_whole(target))
    }

    /// The fields of what it is about.
    fn fields(&self) -> impl Iterator<Item = Field> {
        self.subject.iter().flat_map(Subject::fields)
    }

    /// Whether the caller may read those links that are meant, whatever DocType has them.
    fn shows_links(&self, is_meant: impl Fn(&FieldDef) -> bool) -> bool {
        let shows = |subject: &Subject| subject.shows_links(self.policy(), &is_meant);
        self.subject.as_ref().is_none_or(shows) && self.asked.iter().all(shows)
    }

    /// The DocType of that name, in any case.
    fn doctype(&self, words: &str) -> Option<&str> {
        let known = |name: &str| erpnext_doctypes::versioned(name).map(Versioned::name);
        let large = || words.split(' ').map(capitalized).collect::<Vec<_>>().join(" ");
        let called = self.redactor.subject.as_deref().filter(|doctype| *doctype == words);
        called.or_else(|| known(words)).or_else(|| known(&large()))
    }
}

impl Disclosure for Known<'_> {
    fn is_term(&self, words: &str) -> bool {
        let is_field = |field: &FieldDef| field.label.eq_ignore_ascii_case(words) || field.fieldname == words;
        is_in(RIGHTS, words)
            || self.redactor.names.iter().any(|name| name == words)
            || self.doctype(words).is_some()
            || self.fields().any(|(_, field)| is_field(field))
    }

    fn may_name(&self, term: &str) -> bool {
        let is_labelled = |field: &FieldDef| field.label.eq_ignore_ascii_case(term);
        let labelled = self.subject.iter().flat_map(Subject::links).filter(|(_, field)| is_labelled(field));
        let targets = labelled.filter_map(|(_, field)| field.target());
        let doctypes: Vec<&str> = self.doctype(term).into_iter().chain(targets).collect();
        // Where no link says so, what stands there may be a title, or another value of the document.
        let is_name = |doctype: &&str| self.policy().shows_whole(doctype) && self.may_name_of(doctype);
        !doctypes.is_empty() && doctypes.iter().all(is_name) && self.shows_links(is_labelled)
    }

    /// If every document of it may be read, and every link to it: that a document links to another is told by its name.
    fn may_name_of(&self, doctype: &str) -> bool {
        let is_same = |target: &str| target == doctype || target.to_lowercase().replace(' ', "-") == doctype;
        self.policy().shows_every(doctype) && self.shows_links(|field| field.target().is_none_or(is_same))
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
    use std::time::SystemTime;

    use erpnext_schema::Version;
    use erpnext_schema::snapshot::DocType;
    use serde_json::{Value, json};

    use super::*;
    use crate::catalog::{Asked, SiteVersion, Snapshots};
    use crate::config::Config;

    const WHOLE: &str = "Credit limit has been crossed for Quartz Traders (50000.0/4321.5)";

    /// About a UOM, on a site whose metadata is laid over the tables, or not.
    fn redactor(lays: bool, doctypes: &Value) -> Redactor {
        let erpnext = json!({"url": "https://erp.example.com", "api_key": "k", "api_secret": "s"});
        let file = json!({"erpnext": erpnext, "permissions": {"doctypes": doctypes}});
        Redactor {
            policy: Arc::new(Policy::from_config(&Config::from_text(&file.to_string()).unwrap())),
            catalog: Arc::new(Catalog::new(SiteVersion::new(Some(Version::V15)), None, lays)),
            subject: Some("UOM".to_owned()),
            asked: RwLock::default(),
            beside: None,
            names: Vec::new(),
        }
    }

    fn is_told_whole(redactor: &Redactor) -> bool {
        let told = redactor.redact(&Said::of(WHOLE));
        assert!(told == WHOLE || !told.contains("Quartz") && !told.contains("4321"), "{told}");
        told == WHOLE
    }

    #[test]
    fn what_is_withheld_of_another_doctype_that_was_asked_about_is_not_told() {
        let restricted = json!({"read": true, "restricted_fields": ["customer"]});
        let redactor = redactor(false, &json!({"UOM": {"read": true}, "Sales Order": restricted}));
        assert!(is_told_whole(&redactor));
        redactor.asks("UOM");
        assert!(is_told_whole(&redactor));
        redactor.asks("Sales Order");
        assert!(!is_told_whole(&redactor));
        assert!(redactor.redact(&Said::of(WHOLE)).contains("has been crossed"));
    }

    /// Takes it that the site told the tables of these a moment ago.
    fn told(catalog: &Catalog, doctypes: &[&str]) {
        let at = doctypes.iter().map(|doctype| ((*doctype).to_owned(), SystemTime::now()));
        let understood = doctypes.iter().map(|doctype| (*doctype).to_owned());
        catalog.recall(Asked::new(at.collect(), understood.collect()));
    }

    #[test]
    fn links_that_the_site_added_are_judged_and_while_they_are_not_known_nothing_is_told_whole() {
        let redactor = redactor(true, &json!({"UOM": {"read": true}, "Industry Type": {"read": true}}));
        assert!(!is_told_whole(&redactor), "the site may have added a link");
        told(&redactor.catalog, &["UOM"]);
        assert!(is_told_whole(&redactor));
        redactor.asks("Industry Type");
        assert!(!is_told_whole(&redactor), "nor is it known what this one links to");
        told(&redactor.catalog, &["UOM", "Industry Type"]);
        assert!(is_told_whole(&redactor));
        let link = json!({"fieldname": "custom_rule", "fieldtype": "Link", "label": "Rule", "options": "House Rule"});
        let meta = json!({"name": "Industry Type", "module": "Setup", "fields": [link]});
        let table = DocType::from_site(&meta, true).unwrap().to_snapshot();
        redactor.catalog.lay(&Snapshots::from([("Industry Type".to_owned(), Arc::from(table))]));
        assert!(!is_told_whole(&redactor), "it leads to what may not be read");
    }

    #[test]
    fn of_a_table_that_the_site_does_not_tell_or_that_changed_nothing_is_told_whole() {
        let redactor = redactor(true, &json!({"UOM": {"read": true}}));
        redactor.catalog.note_untold("UOM");
        assert!(!is_told_whole(&redactor), "the site was asked, and did not tell");
        told(&redactor.catalog, &["UOM"]);
        assert!(is_told_whole(&redactor));
        redactor.catalog.outdate();
        assert!(!is_told_whole(&redactor), "a link may have been added");
        redactor.catalog.renew();
        assert!(!is_told_whole(&redactor), "that nothing changed was asked before");
        told(&redactor.catalog, &["UOM"]);
        let rows = json!({"fieldname": "custom_rows", "fieldtype": "Table", "label": "Rows", "options": "House Row"});
        let meta = json!({"name": "UOM", "module": "Setup", "fields": [rows]});
        let table = DocType::from_site(&meta, true).unwrap().to_snapshot();
        redactor.catalog.lay(&Snapshots::from([("UOM".to_owned(), Arc::from(table))]));
        assert!(!is_told_whole(&redactor), "the rows may link to anything");
    }
}
