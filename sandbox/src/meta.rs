//! The DocTypes that the site knows: those of the snapshot, and fields that were added on the site itself.

use std::collections::HashMap;
use std::io::Read;
use std::sync::{LazyLock, OnceLock, PoisonError, RwLock};

use erpnext_schema::snapshot::{DocType, Field};
use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, Version, flag};
use flate2::read::DeflateDecoder;
use jiff::SignedDuration;
use jiff::civil::{Date, DateTime};
use serde_json::json;

use crate::doc::{Doc, int, text};
use crate::perms::roles::Permission;

/// A DocType's name, a version that has it, and from where to where its file lies among those that are deflated with it.
type Place = (&'static str, u8, usize, usize);

/// The files of the snapshots, some DocTypes with all their versions deflated together.
static SNAPSHOTS: &[(&[Place], &[u8])] = include!(concat!(env!("OUT_DIR"), "/snapshot.rs"));

/// A field of some DocType that names documents of another.
#[derive(Clone, Copy, Debug)]
pub struct Reference {
    /// Whose field it is.
    pub def: &'static DocTypeDef,
    /// The Link or Dynamic Link.
    pub field: &'static FieldDef,
}

/// The forms of each version's snapshot that were read, for all sites of the process.
static FORMS: [LazyLock<RwLock<HashMap<&'static str, &'static DocType>>>; Version::COUNT] =
    [const { LazyLock::new(RwLock::default) }; Version::COUNT];

/// What names documents of a DocType, in each version's snapshot.
static REFERENCES: [OnceLock<HashMap<&'static str, Vec<Reference>>>; Version::COUNT] =
    [const { OnceLock::new() }; Version::COUNT];

/// The DocTypes of a site. What is handed out lives as long as the process, so that rules hold it without a lock.
pub struct Meta {
    version: Version,
    /// How far its clock is behind ours.
    behind: SignedDuration,
    /// DocTypes that the site has changed or added: their tables and their forms.
    changed: RwLock<HashMap<&'static str, (&'static DocTypeDef, &'static DocType)>>,
    /// The masked fields by DocType.
    masked: RwLock<HashMap<String, Vec<String>>>,
    /// Permissions in the place of the stock's.
    permissions: RwLock<HashMap<String, &'static [Permission]>>,
}

impl Meta {
    /// The DocTypes that a site of this version begins with.
    pub fn new(version: Version) -> Self {
        Self {
            version,
            behind: SignedDuration::ZERO,
            changed: RwLock::default(),
            masked: RwLock::default(),
            permissions: RwLock::default(),
        }
    }

    /// The same where today is this day.
    #[must_use]
    pub fn on(self, day: Option<Date>) -> Self {
        let behind = day.map_or(SignedDuration::ZERO, |day| crate::clock::now().date().duration_since(day));
        Self { behind, ..self }
    }

    /// The present moment on the site, later than every moment given before.
    pub fn now(&self) -> DateTime {
        let now = crate::clock::now();
        now.checked_sub(self.behind).unwrap_or(now)
    }

    /// The version of the site.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The DocType of exactly this name.
    pub fn get(&self, name: &str) -> Option<&'static DocTypeDef> {
        let changed = self.changed.read().unwrap_or_else(PoisonError::into_inner);
        changed.get(name).map(|(def, _)| *def).or_else(|| erpnext_doctypes::get(self.version, name))
    }

    /// Its form: every field with its facts as the site states them, parts of the layout included.
    pub fn form(&self, name: &str) -> Option<&'static DocType> {
        if let Some((_, form)) = self.changed.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            return Some(form);
        }
        let forms = &FORMS[self.version as usize];
        if let Some(form) = forms.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            return Some(form);
        }
        let is_meant = |(known, major, ..): &&Place| *known == name && *major == self.version.major();
        let mut places = SNAPSHOTS.iter().filter_map(|(places, packed)| Some((places.iter().find(is_meant)?, packed)));
        let ((name, _, start, end), packed) = places.next()?;
        let mut texts = String::new();
        DeflateDecoder::new(*packed).read_to_string(&mut texts).ok()?;
        let form: &'static DocType = Box::leak(Box::new(DocType::from_snapshot(texts.get(*start..*end)?).ok()?));
        forms.write().unwrap_or_else(PoisonError::into_inner).insert(name, form);
        Some(form)
    }

    /// Whether a DocType is as every site of this version begins with it: its form, its permissions, nothing masked.
    pub fn is_stock(&self, name: &str) -> bool {
        let changed = self.changed.read().unwrap_or_else(PoisonError::into_inner);
        !changed.contains_key(name) && self.permitted(name).is_none() && self.masked(name).is_empty()
    }

    /// Every DocType, sorted by name.
    pub fn all(&self) -> Vec<&'static DocTypeDef> {
        let changed = self.changed.read().unwrap_or_else(PoisonError::into_inner);
        let known = erpnext_doctypes::all(self.version).filter(|def| !changed.contains_key(def.name));
        let mut all: Vec<_> = known.chain(changed.values().map(|(def, _)| *def)).collect();
        all.sort_by_key(|def| def.name);
        all
    }

    /// Puts a DocType in the place of the snapshot's, or beside those.
    pub fn set(&self, form: DocType) {
        let def: &'static DocTypeDef = Box::leak(Box::new(form.to_def()));
        let form: &'static DocType = Box::leak(Box::new(form));
        self.changed.write().unwrap_or_else(PoisonError::into_inner).insert(def.name, (def, form));
    }

    /// Takes away a DocType that was put beside those of the snapshot.
    pub fn remove(&self, doctype: &str) {
        self.changed.write().unwrap_or_else(PoisonError::into_inner).remove(doctype);
    }

    /// Adds or replaces the field that a Custom Field describes.
    pub fn add_field(&self, field: &Doc) {
        let mut facts = field.clone();
        facts.insert("is_custom_field".to_owned(), json!(1));
        let doctype = text(field, "dt");
        let carrier = json!({ "name": doctype, "fields": [facts] });
        if let Ok(DocType { fields, .. }) = DocType::from_site(&carrier, false) {
            self.add_fields(doctype, text(field, "insert_after"), fields);
        }
        if self.version >= Version::V16 && int(field, "mask") == 1 {
            self.mask(doctype, text(field, "fieldname"));
        }
    }

    /// Adds custom fields to a DocType behind one of its fields, else at the end; those of the same name are replaced.
    pub fn add_fields(&self, doctype: &str, behind: &str, fields: Vec<Field>) {
        let Some(mut form) = self.form(doctype).cloned() else { return };
        form.fields.retain(|known| !fields.iter().any(|new| new.fieldname == known.fieldname));
        let behind = form.fields.iter().position(|known| known.fieldname == behind);
        let at = behind.map_or(form.fields.len(), |behind| behind + 1);
        let custom = |field: Field| Field { flags: field.flags | flag::CUSTOM, ..field };
        form.fields.splice(at..at, fields.into_iter().map(custom));
        self.set(form);
    }

    /// Takes a custom field out of a DocType; its column stays.
    pub fn remove_field(&self, doctype: &str, name: &str) {
        let Some(mut form) = self.form(doctype).cloned() else { return };
        form.fields.retain(|field| field.fieldname != name || field.flags & flag::CUSTOM == 0);
        self.set(form);
        self.unmask(doctype, name);
    }

    /// Masks a field of a DocType (H84).
    pub fn mask(&self, doctype: &str, field: &str) {
        if self.version >= Version::V16 {
            let mut masked = self.masked.write().unwrap_or_else(PoisonError::into_inner);
            masked.entry(doctype.to_owned()).or_default().push(field.to_owned());
        }
    }

    /// Takes the mask of a field off again.
    pub fn unmask(&self, doctype: &str, field: &str) {
        let mut masked = self.masked.write().unwrap_or_else(PoisonError::into_inner);
        masked.entry(doctype.to_owned()).or_default().retain(|masked| masked != field);
    }

    /// The masked fields of a DocType.
    pub fn masked(&self, doctype: &str) -> Vec<String> {
        let masked = self.masked.read().unwrap_or_else(PoisonError::into_inner);
        masked.get(doctype).cloned().unwrap_or_default()
    }

    /// Gives a DocType permissions of its own.
    pub fn permit(&self, doctype: &str, permissions: Vec<Permission>) {
        let permissions: &'static [Permission] = Vec::leak(permissions);
        self.permissions.write().unwrap_or_else(PoisonError::into_inner).insert(doctype.to_owned(), permissions);
    }

    /// The permissions that a DocType was given.
    pub fn permitted(&self, doctype: &str) -> Option<&'static [Permission]> {
        self.permissions.read().unwrap_or_else(PoisonError::into_inner).get(doctype).copied()
    }

    /// The Links of the snapshot's DocTypes that point to this one; under `""` the Dynamic Links.
    pub fn references(&self, doctype: &str) -> &'static [Reference] {
        let references = REFERENCES[self.version as usize].get_or_init(|| {
            let mut found: HashMap<&'static str, Vec<Reference>> = HashMap::new();
            for def in erpnext_doctypes::all(self.version) {
                for field in def.fields {
                    let target = match field.kind {
                        FieldKind::Link => field.target(),
                        FieldKind::DynamicLink => Some(""),
                        _ => None,
                    };
                    if let Some(target) = target {
                        found.entry(target).or_default().push(Reference { def, field });
                    }
                }
            }
            found
        });
        references.get(doctype).map_or(&[], Vec::as_slice)
    }
}
