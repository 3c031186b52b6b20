//! What becomes of the columns of a table in an answer, told before its rows are read: by the rule that cuts documents, and
//! by how they are presented.

use erpnext_schema::{Children, DocTypeDef, FieldDef, FieldWalk};

use super::{ROW_NOISE, Wanted, present};
use crate::policy::FieldRule;

/// What becomes of a column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// It may not be seen.
    Withheld,
    /// Nothing of it is told.
    Dropped,
    /// It may be seen, and is shown or told of as the rows of its table are shown.
    Seen {
        /// Whether it is a main one.
        is_main: bool,
    },
}

/// The columns of one table: each is decided once, for all rows.
pub struct Columns<'a> {
    /// The table.
    pub table: &'static FieldDef,
    rule: &'a FieldRule,
    wanted: Option<&'a Wanted>,
    children: Children<'a>,
    /// How its rows are shown.
    pub rows: present::Rows,
    walk: FieldWalk,
    /// By the place of the field.
    decided: Vec<Option<Fate>>,
}

impl<'a> Columns<'a> {
    /// The columns of a table whose rows are those of `child`; without `wanted`, nobody asked for fields by name.
    pub fn new(
        (table, child): (&'static FieldDef, &'static DocTypeDef),
        rule: &'a FieldRule,
        (wanted, raw): (Option<&'a Wanted>, bool),
        children: Children<'a>,
    ) -> Self {
        let rows = present::Rows::new(Some(child), wanted.is_some(), raw);
        let walk = child.walk();
        Self { table, rule, wanted, children, rows, walk, decided: vec![None; walk.len()] }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.decided.len()
    }

    /// Whether there is none; never, as there are standard ones.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The column of that name, with its place; none where the table does not know it.
    pub fn find(&mut self, name: &str) -> Option<(usize, &'static FieldDef, Fate)> {
        let (place, column) = self.walk.find(name)?;
        if let Some(fate) = self.decided[place] {
            return Some((place, column, fate));
        }
        let fate = self.fate(column);
        self.decided[place] = Some(fate);
        Some((place, column, fate))
    }

    fn fate(&self, column: &'static FieldDef) -> Fate {
        let name = column.fieldname;
        if !self.rule.may_read(self.table) {
            return Fate::Dropped;
        }
        if !self.rule.may_read_child(self.table, column) {
            return Fate::Withheld;
        }
        if ROW_NOISE.contains(&name) {
            return Fate::Dropped;
        }
        match self.wanted {
            Some(wanted) if !wanted.has(self.table.fieldname, name) => Fate::Dropped,
            Some(_) => Fate::Seen { is_main: true },
            None => Fate::Seen { is_main: present::is_main(self.children, column) },
        }
    }
}
