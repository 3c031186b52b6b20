//! The site's table of one DocType, laid over the generated one.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use erpnext_schema::snapshot::DocType;
use erpnext_schema::{DocTypeDef, FieldDef, Version, flag, intern};

/// The site's table of one DocType.
#[derive(Debug)]
pub(super) enum Sites {
    /// Laid over the generated one, and not read yet: most are not used in the life of a process.
    Unread(Arc<str>),
    Live(Box<Live>),
}

#[derive(Debug)]
pub(super) struct Live {
    /// Over whose generated table it was laid.
    version: Version,
    /// As the site gave it, to see whether it changed.
    pub(super) source: DocType,
    pub(super) def: &'static DocTypeDef,
    /// Whether it says something that the generated table does not.
    pub(super) differs: bool,
    /// The field that the DocType's workflow moves, if it has one; not known of what was laid over.
    pub(super) state_field: Option<String>,
    /// When the site gave it to this process for a question of its own; none for what was laid over.
    pub(super) read: Option<Instant>,
}

impl Live {
    /// What the site gave, laid over the generated table.
    pub(super) fn new(version: Version, source: DocType) -> Option<Self> {
        let made = overlay(version, &source);
        let known = erpnext_doctypes::get(version, &source.name);
        let differs = known.is_none_or(|known| differs(known, &made));
        let [def] = intern::list(vec![made]) else { return None };
        Some(Self { version, source, def, differs, state_field: None, read: None })
    }

    /// What the site gave, without descriptions.
    pub(super) fn text(&self) -> Arc<str> {
        let mut source = self.source.clone();
        source.fields.iter_mut().for_each(|field| field.description = None);
        one_line(&source)
    }
}

impl Sites {
    pub(super) fn live(&self) -> Option<&Live> {
        match self {
            Self::Unread(_) => None,
            Self::Live(live) => Some(live),
        }
    }

    /// What was not read differed when it was kept.
    pub(super) fn differs(&self) -> bool {
        self.live().is_none_or(|live| live.differs)
    }

    pub(super) fn text(&self) -> Arc<str> {
        match self {
            Self::Unread(table) => Arc::clone(table),
            Self::Live(live) => live.text(),
        }
    }
}

pub(super) fn one_line(source: &DocType) -> Arc<str> {
    // JSON has line ends only between its parts.
    source.to_snapshot().replace('\n', "").into()
}

/// Takes what the site gave for its table, given `read`. Whether it can be.
pub(super) fn keep(
    version: Version,
    sites: &mut HashMap<String, Sites>,
    source: DocType,
    state_field: Option<String>,
    read: Option<Instant>,
) -> bool {
    let name = source.name.clone();
    let known = match sites.remove(&name) {
        Some(Sites::Live(live)) if live.version == version && live.source == source => Some(*live),
        _ => Live::new(version, source),
    };
    let live = known.map(|known| Live { state_field, read, ..known });
    let is_kept = live.is_some();
    sites.extend(live.map(|live| (name, Sites::Live(Box::new(live)))));
    is_kept
}

/// The site's table with what only the generator knows: tool names, and the fields that the site's code fills. Version 16
/// lists no field whose name is not ASCII (H40).
fn overlay(version: Version, source: &DocType) -> DocTypeDef {
    let mut def = source.to_def();
    if version >= Version::V16 && def.fields.iter().any(|field| !field.fieldname.is_ascii()) {
        let unlisted = |field: &FieldDef| if field.fieldname.is_ascii() { 0 } else { flag::UNLISTED };
        let fields = def.fields.iter().map(|field| FieldDef { flags: field.flags | unlisted(field), ..*field });
        def.fields = intern::list(fields.collect());
    }
    if let Some(generated) = erpnext_doctypes::get(version, &source.name) {
        let filled = |field: &FieldDef| generated.field(field.fieldname).map_or(0, |known| known.flags & flag::FILLED);
        let about = |field: &FieldDef| field.description.or_else(|| generated.field(field.fieldname)?.description);
        let fields = def.fields.iter().map(|field| FieldDef {
            flags: field.flags | filled(field),
            description: about(field),
            ..*field
        });
        def.fields = intern::list(fields.collect());
        def.tools = generated.tools;
    } else {
        let filled = |field: &FieldDef| if has_default(field) { flag::FILLED } else { 0 };
        let fields = def.fields.iter().map(|field| FieldDef { flags: field.flags | filled(field), ..*field });
        def.fields = intern::list(fields.collect());
    }
    let known = |field: &FieldDef| erpnext_doctypes::get(version, &source.name)?.field(field.fieldname)?.fetch_from;
    let is_otherwise = |field: &FieldDef| field.fetch_from.is_some() && known(field) != field.fetch_from;
    if def.fields.iter().any(is_otherwise) {
        let fetched = |field: &FieldDef| if is_otherwise(field) { flag::FETCHED_OTHERWISE } else { 0 };
        let fields = def.fields.iter().map(|field| FieldDef { flags: field.flags | fetched(field), ..*field });
        def.fields = intern::list(fields.collect());
    }
    def
}

/// Whether a new document of any app gets the field where it is not sent: the first of the series, and what the defaults of the
/// user or the site say. Where there is none, the site asks for it.
fn has_default(field: &FieldDef) -> bool {
    field.is(flag::REQD)
        && matches!(
            (field.fieldname, field.target()),
            ("naming_series", None) | ("company", Some("Company")) | ("currency", Some("Currency"))
        )
}

/// Whether the site's table says something that the generated one does not, but for descriptions.
fn differs(generated: &DocTypeDef, sites: &DocTypeDef) -> bool {
    let rest = |def: &DocTypeDef| DocTypeDef { fields: &[], ..*def };
    let facts = |field: &FieldDef| FieldDef { description: None, ..*field };
    !generated.fields.iter().map(facts).eq(sites.fields.iter().map(facts)) || rest(generated) != rest(sites)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_the_sites_defaults_give_is_not_asked_for_in_the_doctypes_of_an_app() {
        let text = r#"{"name": "Employee Advance", "module": "HR", "fields": [
            {"fieldname": "naming_series", "fieldtype": "Select", "options": "\nHR-.####", "reqd": true},
            {"fieldname": "employee", "fieldtype": "Link", "options": "Employee", "reqd": true},
            {"fieldname": "company", "fieldtype": "Link", "options": "Company", "reqd": true},
            {"fieldname": "currency", "fieldtype": "Link", "options": "Currency", "reqd": true},
            {"fieldname": "advance_account", "fieldtype": "Link", "options": "Account", "reqd": true}]}"#;
        for version in Version::ALL.iter().copied() {
            assert!(erpnext_doctypes::get(version, "Employee Advance").is_none());
            let def = overlay(version, &DocType::from_snapshot(text).unwrap());
            let sent = def.fields.iter().filter(|field| field.must_be_sent()).map(|field| field.fieldname);
            assert_eq!(sent.collect::<Vec<_>>(), ["employee", "advance_account"]);
        }
    }
}
