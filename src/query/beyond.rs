//! What lies beyond a document's own fields: a column of its rows (`items.qty`), a field of a document that it links to
//! (`customer.territory`).

use std::collections::BTreeMap;
use std::sync::Arc;

use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, Rule, Violation, flag};

use super::reader::{Reader, named};
use crate::policy::{Filter, Permit, Rows};
use crate::shape::Masked;

/// Where a value stands, as seen from a document.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FieldOrigin {
    /// In a field of its own.
    Own,
    /// In a column of its rows.
    Rows(Rows),
    /// In a field of the document that this Link names.
    Linked(&'static FieldDef),
}

/// A field and where it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct At {
    /// Where.
    pub place: FieldOrigin,
    /// The field of the document, the row or the linked document.
    pub field: &'static FieldDef,
}

impl At {
    /// As a caller names it: `status`, `items.qty`, `customer.territory`.
    pub fn label(&self) -> String {
        match self.place {
            FieldOrigin::Own => self.field.fieldname.to_owned(),
            FieldOrigin::Rows(rows) => format!("{}.{}", rows.table, self.field.fieldname),
            FieldOrigin::Linked(by) => format!("{}.{}", by.fieldname, self.field.fieldname),
        }
    }

    /// The rows whose column it is.
    pub fn rows(&self) -> Option<Rows> {
        match self.place {
            FieldOrigin::Rows(rows) => Some(rows),
            _ => None,
        }
    }
}

/// A DocType that is linked to, and what the caller may see of it.
#[derive(Clone, Debug)]
pub struct Neighbour {
    /// The DocType.
    pub def: &'static DocTypeDef,
    /// The leave to read it.
    pub permit: Permit,
    /// What the site hides of it from the user.
    pub hidden: Arc<Masked>,
}

impl Neighbour {
    /// Whether it has this field, and the caller may see it.
    pub fn may_read(&self, name: &str) -> bool {
        let field = self.def.field(name).filter(|field| self.permit.fields().may_read(*field));
        field.is_some() && !self.hidden.hides(self.def.name, name)
    }
}

/// The DocTypes that are linked to by the names of a call; of those that may not be read, why not.
pub type Neighbours = BTreeMap<&'static str, Result<Neighbour, String>>;

/// The Link that a dotted name begins with, and the name of the field behind it.
pub fn linked<'n>(def: &DocTypeDef, name: &'n str) -> Option<(&'static FieldDef, &'n str)> {
    let (by, field) = name.split_once('.')?;
    let by = def.field(by).filter(|by| by.kind == FieldKind::Link && by.target().is_some())?;
    Some((by, field))
}

impl Reader<'_> {
    /// A field of the document, a column of its rows, or a field of a document that it links to, which the caller may see.
    pub fn at(&mut self, path: &str, name: &str) -> Option<At> {
        match (linked(self.def, name), self.children) {
            (Some((by, field)), _) if self.neighbours.is_some() => self.linked(path, name, by, field),
            (None, Some(children)) if name.contains('.') => {
                let (rows, field) = self.column(path, name, children)?;
                Some(At { place: FieldOrigin::Rows(rows), field })
            }
            _ => Some(At { place: FieldOrigin::Own, field: self.field(path, name)? }),
        }
    }

    /// The table of that name, whose rows the caller may see.
    pub fn rows(&self, name: &str) -> Option<Rows> {
        let table = self.def.table(name).filter(|table| self.rule.may_read(*table))?;
        Rows::of(self.def, table).filter(|_| self.children.is_some())
    }

    /// Refuses filters on rows of one DocType in several tables: the site looks for one row that is in all of them.
    pub(super) fn of_one_table(&mut self, argument: &str, filters: &[Filter]) {
        let shared = || filters.iter().filter_map(|filter| filter.rows).filter(|rows| rows.shared);
        let is_beside = |one: Rows| shared().find(|other| other.doctype == one.doctype && other.table != one.table);
        let Some((one, other)) = shared().find_map(|one| Some((one, is_beside(one)?))) else { return };
        if self.is_right() {
            let message = format!(
                "{} and {} hold rows of one DocType, of which the site compares one table at a time: filter by one of them",
                one.table, other.table
            );
            self.wrong(argument, Rule::Value, message, None);
        }
    }

    fn linked(&mut self, path: &str, name: &str, by: &'static FieldDef, field: &str) -> Option<At> {
        self.field(path, by.fieldname)?;
        let neighbour = self.neighbours?.get(by.target()?)?;
        let neighbour = match neighbour {
            Ok(neighbour) => neighbour,
            Err(why) => {
                self.wrong(&named(path, name), Rule::NotPermitted, why.clone(), None);
                return None;
            }
        };
        let mut there = Reader::new(neighbour.def, neighbour.permit.fields()).with_masked(&neighbour.hidden);
        let found = there.field(path, field);
        if let Err(violations) = there.done(()) {
            for Violation { rule, message, nearest, .. } in violations {
                let nearest = nearest.map(|near| format!("{}.{near}", by.fieldname));
                self.wrong(&named(path, name), rule, message, nearest);
            }
        }
        Some(At { place: FieldOrigin::Linked(by), field: found? })
    }

    /// The columns of a list that lie beyond the documents. What they need of the documents themselves, such as the
    /// currency of an amount in a row, is put among the `columns` of these.
    pub fn beyond(&mut self, asked: Option<&[String]>, columns: &mut Vec<String>) -> Vec<At> {
        let mut found: Vec<At> = Vec::new();
        for (i, name) in asked.into_iter().flatten().enumerate() {
            if !self.is_beyond(name) {
                continue;
            }
            let path = format!("fields[{i}]");
            if let Some(table) = self.def.table(name) {
                self.whole_table(&path, name, table);
                continue;
            }
            let Some(at) = self.at(&path, name).filter(|at| !found.contains(at)) else { continue };
            found.push(at);
            if let Some(currency) = self.currency_beyond(at).filter(|by| !columns.iter().any(|known| known == by)) {
                columns.push(currency.to_owned());
            }
        }
        found
    }

    /// Whether a name in `fields` is for [`Self::beyond`].
    pub(super) fn is_beyond(&self, name: &str) -> bool {
        self.neighbours.is_some() && !name.contains('(') && (name.contains('.') || self.def.table(name).is_some())
    }

    fn whole_table(&mut self, path: &str, name: &str, table: &'static FieldDef) {
        let child = table.rows_of().zip(self.children).and_then(|(child, children)| children(child));
        let rule = self.rule;
        let column = child.and_then(|child| {
            let seen = |field: &&'static FieldDef| field.in_lists() && rule.may_read_child(table, *field);
            let mut seen = child.fields.iter().filter(seen);
            seen.find(|field| field.is(flag::IN_LIST_VIEW))
        });
        let near = column.map(|column| format!("{name}.{}", column.fieldname));
        let message = "holds rows: name the columns that are wanted, or get one document to see them all";
        self.wrong(&named(path, name), Rule::Value, message, near);
    }

    /// The field of the document that names the currency of an amount in its rows, which they do not name themselves.
    fn currency_beyond(&self, at: At) -> Option<&'static str> {
        let by = at.rows().and_then(|_| crate::shape::present::currency_field(at.field))?;
        self.known(by).map(|field| field.fieldname)
    }
}
