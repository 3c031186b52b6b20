//! What a call may tell of the site's words: all of them if the policy withholds nothing of its DocType and of those that
//! this links to; else what is known to say nothing of a document that may not be read.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock, OnceLock};

use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, Options};

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

/// Decides for one call, or for one document of a batch.
#[derive(Debug)]
pub struct Redactor {
    policy: Arc<Policy>,
    doctype: Option<String>,
    /// Its table, where one is known here.
    def: Option<&'static DocTypeDef>,
    /// Another one that the site speaks of, and what this links to.
    beside: Vec<String>,
    /// Its child tables that are known here.
    tables: Vec<(&'static FieldDef, &'static DocTypeDef)>,
    /// The document that the caller names, and the user: the caller knows both.
    names: Vec<String>,
    is_whole: OnceLock<bool>,
}

impl Redactor {
    /// For the call that the attempt records.
    pub fn of(session: &Session<'_>, attempt: &Attempt) -> Arc<Self> {
        let def = attempt.doctype.as_deref().and_then(|doctype| session.catalog.known(doctype));
        let children = |child: &str| session.catalog.known(child);
        let tables = def.into_iter().flat_map(|def| def.known_tables(&children)).collect();
        let other = attempt.beside.as_deref().and_then(|doctype| session.catalog.known(doctype));
        let linked = other.into_iter().flat_map(|def| def.fields).filter(|field| field.kind == FieldKind::Link);
        let beside = linked.filter_map(|field| field.target()).chain(attempt.beside.as_deref()).map(str::to_owned);
        let names = attempt.document.as_deref().into_iter().chain(session.known_user());
        let names = names.filter(|name| name.len() >= SHORTEST_NAME && name.contains(char::is_alphabetic));
        Arc::new(Self {
            policy: Arc::clone(session.policy),
            doctype: attempt.doctype.clone(),
            def,
            beside: beside.collect(),
            tables,
            names: names.map(str::to_owned).collect(),
            is_whole: OnceLock::new(),
        })
    }

    /// Whether the policy withholds nothing of the DocType and of those that it links to.
    fn is_whole(&self) -> bool {
        *self.is_whole.get_or_init(|| {
            let known = self.doctype.as_ref().filter(|_| self.def.is_some());
            let Some(doctype) = known else { return self.policy.shows_all() };
            self.policy.shows_whole(doctype)
                && self.beside.iter().all(|doctype| self.policy.shows_whole(doctype))
                && self.links().all(|(_, field)| match field.options {
                    Options::Target(target) => self.policy.shows_whole(target),
                    _ => self.policy.shows_all(),
                })
        })
    }

    /// The fields of the DocType, and those of its rows with their table.
    fn fields(&self) -> impl Iterator<Item = (Option<&'static FieldDef>, &'static FieldDef)> {
        let columns =
            self.tables.iter().flat_map(|(table, child)| child.fields.iter().map(move |column| (Some(*table), column)));
        self.def.into_iter().flat_map(|def| def.fields).map(|field| (None, field)).chain(columns)
    }

    fn links(&self) -> impl Iterator<Item = (Option<&'static FieldDef>, &'static FieldDef)> {
        self.fields().filter(|(_, field)| matches!(field.kind, FieldKind::Link | FieldKind::DynamicLink))
    }

    /// Whether the caller may read these fields.
    fn may_read(&self, mut fields: impl Iterator<Item = (Option<&'static FieldDef>, &'static FieldDef)>) -> bool {
        let Some(doctype) = &self.doctype else { return true };
        let permit = self.policy.permit(Operation::Read, doctype);
        permit.is_ok_and(|permit| {
            fields.all(|(table, field)| match table {
                Some(table) => permit.fields().may_read_child(table, field),
                None => permit.fields().may_read(field),
            })
        })
    }

    /// The DocType of that name, in any case.
    fn doctype(&self, words: &str) -> Option<&str> {
        let known = |name: &str| erpnext_doctypes::any(name).map(|def| def.name);
        let large = || words.split(' ').map(capitalized).collect::<Vec<_>>().join(" ");
        let called = self.doctype.as_deref().filter(|doctype| *doctype == words);
        called.or_else(|| known(words)).or_else(|| known(&large()))
    }
}

impl Redact for Redactor {
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
        let labelled = || self.links().filter(|(_, field)| field.label.eq_ignore_ascii_case(term));
        let targets = labelled().filter_map(|(_, field)| field.target());
        let doctypes: Vec<&str> = self.doctype(term).into_iter().chain(targets).collect();
        // Where no link says so, what stands there may be a title, or another value of the document.
        let is_name = |doctype: &&str| self.policy.shows_whole(doctype) && self.may_name_of(doctype);
        !doctypes.is_empty() && doctypes.iter().all(is_name) && self.may_read(labelled())
    }

    /// If every document of it may be read, and every link to it: that a document links to another is told by its name.
    fn may_name_of(&self, doctype: &str) -> bool {
        let is_same = |target: &str| target == doctype || target.to_lowercase().replace(' ', "-") == doctype;
        let links = self.links().filter(|(_, field)| field.target().is_none_or(is_same));
        self.policy.shows_every(doctype) && self.may_read(links)
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
