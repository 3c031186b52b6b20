//! What people hang on documents and the site keeps in columns that no form shows: assignments, tags, likes. Lists are filtered
//! by them, on both versions; their values are not shown.

use erpnext_schema::doctype_flag::{CHILD, SINGLE, VIRTUAL};
use erpnext_schema::{FieldDef, FieldKind, Rule, not_permitted};

use super::reader::{Reader, named};

/// The columns: users and tags as text.
static MARKS: [FieldDef; 3] = [
    FieldDef::new("_assign", FieldKind::Data, "Assigned To"),
    FieldDef::new("_user_tags", FieldKind::Data, "Tags"),
    FieldDef::new("_liked_by", FieldKind::Data, "Liked By"),
];

impl Reader<'_> {
    /// A field that lists are filtered by: one of the document's, or what hangs on it.
    pub(super) fn compared_field(&mut self, path: &str, name: &str) -> Option<&'static FieldDef> {
        let hangs = self.def.flags & (CHILD | SINGLE | VIRTUAL) == 0 && self.def.field(name).is_none();
        let Some(mark) = MARKS.iter().find(|mark| hangs && mark.fieldname == name) else {
            return self.field(path, name);
        };
        // They are withheld with the comments among which the history tells them.
        if !self.rule.may_read(mark) || !self.rule.may_read_comments() {
            self.wrong(&named(path, name), Rule::NotPermitted, not_permitted(mark, "reading"), None);
            return None;
        }
        Some(mark)
    }
}
