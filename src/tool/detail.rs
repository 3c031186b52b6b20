//! How much of a typed tool its definition shows. Whatever it leaves out is taken all the same.

use erpnext_schema::{Context, DocTypeDef, FieldDef, FieldKind, Options, Purpose, Verb, doctype_flag, flag};

use super::Tool;
use super::input_schema::Arg;
use crate::document::Writing;

/// Dates that ERPNext's code asks for where its metadata does not.
const DATES: [&str; 2] = ["delivery_date", "schedule_date"];

/// How much is shown of the tools of a DocType, the least first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Detail {
    /// Not listed: found with `find_tools`, called by name.
    Found,
    /// What must be given, and of a new document what often must be, and what is bold.
    Lean,
    /// And the fields that the desk puts first (title, list, filters, bold, quick entry), and those that tell what or whom
    /// the document is about.
    Compact,
    /// Every argument, and every field that may be set.
    Full,
}

impl Detail {
    /// The level's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Lean => "lean",
            Self::Compact => "compact",
            Self::Full => "full",
        }
    }

    /// Whether the schema has this argument: below the whole, what the generic tool, which is listed, tells is told there
    /// alone. A search is by words first.
    pub fn shows(self, tool: Tool, arg: &Arg) -> bool {
        let is_search = tool.verb() == Some(Verb::Search);
        self == Self::Full
            || arg.required
            || matches!(arg.name.as_str(), "fields" | "confirm")
            || arg.name == "filters" && !is_search
    }

    /// Whether the schema of a new document or row has this field, which must be sent or not.
    fn shows_field(self, field: &FieldDef, must_be_sent: bool) -> bool {
        match self {
            Self::Full => true,
            Self::Compact => must_be_sent || field.flags & flag::FIRST != 0,
            Self::Lean | Self::Found => must_be_sent,
        }
    }
}

/// Whether a form puts the field first or asks for it on conditions, or ERPNext's code asks for it.
fn is_often_asked_for(field: &FieldDef) -> bool {
    let first = field.flags & (flag::BOLD | flag::CONDITIONALLY_REQD) != 0 || DATES.contains(&field.fieldname);
    first && field.flags & (flag::HIDDEN | flag::READ_ONLY) == 0
}

/// The formats of fields by which somebody is reached.
const REACHED_BY: [&str; 2] = ["Email", "Phone"];

fn reached_by(field: &FieldDef) -> Option<&'static str> {
    match field.options {
        Options::Format(format) if field.kind == FieldKind::Data && REACHED_BY.contains(&format) => Some(format),
        _ => None,
    }
}

/// What may be written, as far as a level shows it.
pub struct Shown<'a> {
    /// All that may be.
    pub writing: Writing<'a>,
    /// How much of it.
    pub level: Detail,
    /// What is to become of the document.
    pub purpose: Purpose,
    /// Its DocType.
    pub def: &'static DocTypeDef,
}

impl Shown<'_> {
    /// Whether the field tells what or whom the document is about: the text that its form begins with, the kind of thing, an
    /// address. Of a transaction the kind that stands first is the usual one.
    fn identifies(&self, field: &FieldDef) -> bool {
        let first = self.def.fields.iter().find(|first| first.kind.holds_value());
        let begins = field.kind == FieldKind::Data && first.is_some_and(|first| first.fieldname == field.fieldname);
        let is_choice = field.kind == FieldKind::Select && field.choices().is_some_and(|choices| choices.len() > 1);
        let is_kind = is_choice && field.is(flag::REQD) && !self.def.is(doctype_flag::SUBMITTABLE);
        begins || is_kind || self.reaches(field)
    }

    /// Whether somebody is reached by the field: by the first address of each kind, or by the rows of a new document that
    /// hold nothing else. Where a contact is linked, the addresses are copies of its own.
    fn reaches(&self, field: &FieldDef) -> bool {
        if let Some(child) = field.rows_of() {
            let holds = |child: &DocTypeDef| {
                child.fields.iter().any(|column| column.must_be_sent() && reached_by(column).is_some())
            };
            return self.purpose == Purpose::Create && self.child(child).is_some_and(holds);
        }
        let Some(format) = reached_by(field) else { return false };
        let mut edited = self.def.fields.iter().filter(|field| field.flags & (flag::HIDDEN | flag::READ_ONLY) == 0);
        let links_a_contact =
            edited.clone().any(|other| other.kind == FieldKind::Link && other.target() == Some("Contact"));
        let first = edited.find(|other| reached_by(other) == Some(format));
        !links_a_contact && first.is_some_and(|first| first.fieldname == field.fieldname)
    }
}

impl Context for Shown<'_> {
    fn child(&self, doctype: &str) -> Option<&'static DocTypeDef> {
        self.writing.child(doctype)
    }

    fn may_write(&self, table: Option<&FieldDef>, field: &FieldDef) -> bool {
        self.writing.may_write(table, field)
    }

    fn shows(&self, table: Option<&FieldDef>, field: &FieldDef) -> bool {
        if self.purpose == Purpose::Update && self.level < Detail::Compact {
            return false;
        }
        let is_title =
            table.is_none() && self.level == Detail::Compact && self.def.title_field == Some(field.fieldname);
        let must_be_sent = table.map_or_else(|| self.def.asks_for(field), |_| field.must_be_sent());
        let is_told_below_the_whole = || {
            table.is_none() && (is_often_asked_for(field) || self.level == Detail::Compact && self.identifies(field))
        };
        is_title
            || matches!(self.level, Detail::Lean | Detail::Compact) && is_told_below_the_whole()
            || self.level.shows_field(field, must_be_sent)
    }
}
