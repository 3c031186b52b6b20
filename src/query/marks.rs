//! What people hang on documents and the site keeps in columns that no form shows: assignments, tags, likes. Lists are filtered
//! by them, on both versions; of their values those show who has a document.

use erpnext_schema::doctype_flag::{CHILD, SINGLE, VIRTUAL};
use erpnext_schema::{FieldDef, FieldKind, Rule, not_permitted};

use super::reader::{Reader, named};

/// The column of who has a document, a JSON list of users as text, and the word for it.
pub const ASSIGNED: (&str, &str) = ("_assign", "assigned_to");

/// The columns: users and tags as text.
static MARKS: [FieldDef; 3] = [
    FieldDef::new(ASSIGNED.0, FieldKind::Data, "Assigned To"),
    FieldDef::new("_user_tags", FieldKind::Data, "Tags"),
    FieldDef::new("_liked_by", FieldKind::Data, "Liked By"),
];

impl Reader<'_> {
    /// A field that lists are filtered by: one of the document's, or what hangs on it.
    pub(super) fn compared_field(&mut self, path: &str, name: &str) -> Option<&'static FieldDef> {
        match MARKS.iter().find(|mark| mark.fieldname == name && self.hangs(name)) {
            Some(mark) => self.mark(path, name, mark),
            None => self.field(path, name),
        }
    }

    /// Whether the list is to show to whom each document is assigned, and its columns with the name in the place of that one:
    /// the name is there in any case.
    pub fn assigned(&mut self, asked: Option<&[String]>) -> (bool, Option<Vec<String>>) {
        let mut is_shown = false;
        let Some(asked) = asked else { return (is_shown, None) };
        let mut others = asked.to_vec();
        for (i, name) in others.iter_mut().enumerate() {
            // Of a ToDo the field is meant that says whose it is.
            let is_meant = self.hangs(name) && self.def.field("allocated_to").is_none();
            if is_meant && [ASSIGNED.0, ASSIGNED.1].contains(&name.as_str()) {
                is_shown |= self.mark(&format!("fields[{i}]"), name, &MARKS[0]).is_some();
                *name = "name".to_owned();
            }
        }
        (is_shown, Some(others))
    }

    /// Whether something of that name can hang on the documents.
    fn hangs(&self, name: &str) -> bool {
        self.def.flags & (CHILD | SINGLE | VIRTUAL) == 0 && self.def.field(name).is_none()
    }

    fn mark(&mut self, path: &str, name: &str, mark: &'static FieldDef) -> Option<&'static FieldDef> {
        // They are withheld with the comments among which the history tells them.
        if !self.rule.may_read(mark) || !self.rule.may_read_comments() {
            self.wrong(&named(path, name), Rule::NotPermitted, not_permitted(mark, "reading"), None);
            return None;
        }
        Some(mark)
    }
}
