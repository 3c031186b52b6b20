//! The ways in which documents of one DocType can link to those of another.

use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, Options};

use crate::context::Session;
use crate::policy::{FieldRule, Rows};
use crate::shape::Masked;

/// One way in which documents of a DocType can link to another: the field, and for a Dynamic Link the field that names
/// the DocType.
pub struct Way {
    /// The DocType that links.
    pub from: &'static DocTypeDef,
    /// The rows whose column it is; the document's own field where `None`.
    pub rows: Option<Rows>,
    /// The field or column.
    pub field: &'static str,
    /// The field beside it that names the DocType of a Dynamic Link.
    pub by: Option<&'static str>,
}

impl Way {
    /// Whether the site hides from its user what the way goes by: what it leads to would tell that.
    pub fn is_hidden(&self, hidden: &Masked) -> bool {
        let holder = self.rows.map_or(self.from.name, |rows| rows.doctype);
        hidden.hides(holder, self.field) || self.by.is_some_and(|by| hidden.hides(holder, by))
    }
}

/// The way in which a file is attached to documents, which no Dynamic Link tells; none where it may not be read.
pub fn attached(def: &'static DocTypeDef, rule: &FieldRule) -> Option<Way> {
    let (field, by) = ("attached_to_name", "attached_to_doctype");
    let is_read = |name: &str| def.field(name).is_some_and(|field| rule.may_read(field));
    let is_attached = def.name == "File" && is_read(field) && is_read(by);
    is_attached.then_some(Way { from: def, rows: None, field, by: Some(by) })
}

/// The ways in which documents of `def` can link to `target`, by what may be read.
pub fn ways_from(session: &Session<'_>, def: &'static DocTypeDef, rule: &FieldRule, target: &str) -> Vec<Way> {
    let way = |rows: Option<Rows>, field: &FieldDef| match field.options {
        Options::Target(to) if field.kind == FieldKind::Link && to == target => {
            Some(Way { from: def, rows, field: field.fieldname, by: None })
        }
        Options::TargetField(by) => Some(Way { from: def, rows, field: field.fieldname, by: Some(by) }),
        _ => None,
    };
    let mut ways = Vec::new();
    for field in def.fields {
        match field.rows_of().and_then(|child| session.catalog.known(child)) {
            None if field.in_lists() && rule.may_read(field) => ways.extend(way(None, field)),
            None => {}
            Some(child) => {
                let seen = |name: &str| child.field(name).is_some_and(|column| rule.may_read_child(field, column));
                let columns = child.fields.iter().filter(|column| column.in_lists() && seen(column.fieldname));
                let ways_in_rows = columns.filter_map(|column| way(Rows::of(def, field), column));
                ways.extend(ways_in_rows.filter(|way| way.by.is_none_or(seen)));
            }
        }
    }
    let seen = |way: &Way| {
        let of_document = way.by.filter(|_| way.rows.is_none());
        of_document.is_none_or(|by| def.field(by).is_some_and(|field| rule.may_read(field)))
    };
    ways.retain(seen);
    ways
}
