//! The history of a document from what stands beside it: who changed what, from which value to which, and what people
//! wrote; newest first, without the changes that are none.

mod version;

use erpnext_schema::{Children, DocTypeDef, FieldDef, rows};
use serde_json::{Map, Value, json};

use super::{Masked, called, html, text_of};
use crate::limit::memory;
use crate::policy::{FieldRef, FieldRule};

/// What a history is read with.
pub struct Reader<'a> {
    /// The document's table.
    pub def: &'static DocTypeDef,
    /// Those of its child tables.
    pub children: Children<'a>,
    /// Which fields may be seen.
    pub rule: &'a FieldRule,
    /// What the site hides from its user, and quotes in its versions all the same.
    pub hidden: &'a Masked,
    /// The document as it may be seen now: it tells what a row is about.
    pub document: &'a Map<String, Value>,
    /// Whether e-mails may be quoted; they hold copies of fields.
    pub emails: bool,
    /// Whether approvals may be told; they hold the state of the workflow.
    pub approvals: bool,
    /// The addresses of the only files that may be told of, where a field withholds others.
    pub files: Option<&'a [String]>,
}

/// The lists of the timeline, and what their entries are.
const LOGS: [(&str, &str); 7] = [
    ("comments", "comment"),
    ("workflow_logs", "approval"),
    ("assignment_logs", "assignment"),
    ("attachment_logs", "attachment"),
    ("like_logs", "like"),
    ("share_logs", "share"),
    ("milestones", "milestone"),
];

impl Reader<'_> {
    /// Whether the tables know every field that was changed; the entries leave out the others.
    pub fn knows_all(&self, info: &Map<String, Value>) -> bool {
        info.get("versions").into_iter().flat_map(rows).filter_map(data).all(|data| {
            let fields = list(&data, "changed").filter_map(|change| change.first()?.as_str());
            let columns = |change: &Vec<Value>| {
                let child = self.def.field(change.first()?.as_str()?)?.target().and_then(self.children)?;
                let columns = change.get(3)?.as_array()?.iter().filter_map(|cell| cell.get(0)?.as_str());
                Some(columns.into_iter().all(|column| child.field(column).is_some()))
            };
            fields.into_iter().all(|field| self.def.field(field).is_some())
                && list(&data, "row_changed").all(|change| columns(change).unwrap_or(false))
        })
    }

    /// The entries, newest first.
    pub fn entries(&self, info: &Map<String, Value>) -> Vec<Value> {
        let list = |key: &str| info.get(key).into_iter().flat_map(rows);
        let mut entries: Vec<Map<String, Value>> =
            list("versions").filter_map(|version| self.version(version)).collect();
        for (key, what) in LOGS {
            let told = |entry: &&Map<String, Value>| match key {
                // What an assignment asks for is written by people, as a comment is; by who likes a document no list is
                // filtered either.
                "comments" | "assignment_logs" | "like_logs" | "share_logs" => self.rule.may_read_comments(),
                "workflow_logs" => self.approvals,
                "attachment_logs" => self.may_tell_file(entry),
                _ => true,
            };
            entries.extend(list(key).filter(told).filter_map(|entry| {
                let said = html::to_text(text_of(entry, "content"));
                let by = if key == "workflow_logs" { self.if_seen("modified_by", "owner") } else { Some("owner") };
                let mut shown = stamped(entry, by, what);
                shown.insert("text".to_owned(), json!(said));
                (!said.is_empty()).then_some(shown)
            }));
        }
        for key in ["communications", "automated_messages"] {
            entries.extend(list(key).map(|mail| self.email(mail)));
        }
        if self.document.contains_key("creation") {
            entries.push(stamped(self.document, self.if_seen("owner", "owner"), "created"));
        }
        let at = |entry: &Map<String, Value>| text_of(entry, "at").to_owned();
        entries.sort_by_key(|entry| std::cmp::Reverse(at(entry)));
        entries.into_iter().map(Value::Object).collect()
    }

    /// The key that tells who it was, where the document's own field of that may be seen.
    fn if_seen(&self, field: &str, key: &'static str) -> Option<&'static str> {
        self.rule.may_read(FieldRef::find(Some(self.def), field)).then_some(key)
    }

    /// Whether the entry, which quotes the file as a link, is of one that may be told of.
    fn may_tell_file(&self, entry: &Map<String, Value>) -> bool {
        let Some(files) = self.files else { return true };
        let mut quoted = text_of(entry, "content").split(['"', '\'']);
        quoted.any(|part| files.iter().any(|file| file == part))
    }

    fn email(&self, mail: &Map<String, Value>) -> Map<String, Value> {
        let mut entry = stamped(mail, Some("sender"), "e-mail");
        if self.emails {
            for (from, to) in [("recipients", "to"), ("subject", "subject"), ("content", "text")] {
                let said = html::to_text(text_of(mail, from));
                if !said.is_empty() {
                    entry.insert(to.to_owned(), json!(said));
                }
            }
        }
        entry
    }

    fn table(&self, name: &str) -> Option<(&'static FieldDef, Option<&'static DocTypeDef>)> {
        let field = self.shown(name)?;
        Some((field, field.target().and_then(self.children)))
    }

    fn shown(&self, name: &str) -> Option<&'static FieldDef> {
        self.def.field(name).filter(|field| self.rule.may_read(*field) && !self.hidden.hides(self.def.name, name))
    }

    fn may_see(&self, table: &FieldDef, child: Option<&DocTypeDef>, column: &str) -> bool {
        let column = child.and_then(|child| child.field(column).filter(|_| !self.hidden.hides(child.name, column)));
        column.is_some_and(|column| self.rule.may_read_child(table, column))
    }

    fn rows(&self, table: &str) -> impl Iterator<Item = &Map<String, Value>> {
        self.document.get(table).into_iter().flat_map(rows)
    }

    /// A row by its number and the thing that it is about, where that may be seen.
    fn called(
        &self,
        table: &FieldDef,
        child: Option<&'static DocTypeDef>,
        row: Option<&Map<String, Value>>,
        idx: Option<Value>,
    ) -> Value {
        Value::Object(called::with_figures(child, row, idx, &|column| self.may_see(table, child, column)))
    }
}

/// What a Version says, and its lists.
fn data(version: &Map<String, Value>) -> Option<Map<String, Value>> {
    memory::inner(text_of(version, "data"))
}

fn list<'a>(data: &'a Map<String, Value>, key: &str) -> impl Iterator<Item = &'a Vec<Value>> {
    data.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_array)
}

/// When, who where that may be told, and what.
fn stamped(entry: &Map<String, Value>, by: Option<&str>, what: &str) -> Map<String, Value> {
    let of = |key: &str| entry.get(key).cloned().unwrap_or_default();
    let at = if entry.contains_key("creation") { of("creation") } else { of("communication_date") };
    let by = by.map(|by| ("by", of(by)));
    [Some(("at", at)), by, Some(("what", json!(what)))].into_iter().flatten().map(owned).collect()
}

fn owned((key, value): (&str, Value)) -> (String, Value) {
    (key.to_owned(), value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Map, Value, json};

    use super::{FieldRule, Masked, Reader};
    use crate::shape::called::is_same;

    fn entries(rule: &FieldRule, info: Value) -> Value {
        let document = json!({"creation": "2026-11-01 10:00:00", "owner": "a@x", "items": [{"name": "r1", "idx": 1, "item_code": "CHAIR"}]});
        let (document, info): (&Map<_, _>, &Map<_, _>) = (document.as_object().unwrap(), info.as_object().unwrap());
        let def = erpnext_doctypes::any("Sales Order").unwrap();
        let reader = Reader {
            def,
            children: &erpnext_doctypes::any,
            rule,
            hidden: &Masked::in_bundle(&[json!({"name": "Sales Order", "masked_fields": ["po_date"]})]),
            document,
            emails: false,
            approvals: true,
            files: None,
        };
        json!(reader.entries(info))
    }

    fn version(at: &str, data: Value) -> Value {
        json!({"owner": "b@x", "creation": at, "data": data.to_string()})
    }

    #[test]
    fn changes_are_told_from_to_by_item_and_newest_first() {
        let first = version(
            "2026-11-02 10:00:00",
            json!({"changed": [["po_no", null, ""], ["po_date", null, "2026-11-01"], ["status", "Draft", "To Bill"], ["docstatus", 0, 1], ["total_qty", null, 0.0]]}),
        );
        let second = version(
            "2026-11-03 10:00:00",
            json!({"row_changed": [["items", 0, "r1", [["qty", 2.0, 9.0], ["rate", "0", null]]]], "changed": [],
                "removed": [["items", {"name": "r9", "idx": 2, "item_code": "DESK", "qty": 4.0}]]}),
        );
        let said = json!({"owner": "c@x", "creation": "2026-11-02 11:00:00", "content": "<p>Call <b>first</b></p>"});
        let nothing = version("2026-11-04 10:00:00", json!({"changed": [["po_no", "", null]]}));
        let told = entries(&FieldRule::default(), json!({"versions": [nothing, second, first], "comments": [said]}));
        assert_eq!(
            told,
            json!([
                {"at": "2026-11-03 10:00:00", "by": "b@x", "what": "changed", "rows": [
                    {"table": "items", "row": {"idx": 1, "item_code": "CHAIR"}, "changes": {"qty": {"from": 2.0, "to": 9.0}}},
                    {"table": "items", "removed": {"idx": 2, "item_code": "DESK", "qty": 4.0}},
                ]},
                {"at": "2026-11-02 11:00:00", "by": "c@x", "what": "comment", "text": "Call first"},
                {"at": "2026-11-02 10:00:00", "by": "b@x", "what": "submitted", "also_changed": {"status": {"from": "Draft", "to": "To Bill"}}},
                {"at": "2026-11-01 10:00:00", "by": "a@x", "what": "created"},
            ])
        );
    }

    #[test]
    fn an_amendment_is_no_cancellation() {
        let moves = |from: u8, to: u8| version("2026-11-02", json!({"changed": [["docstatus", from, to]]}));
        for (from, to, what) in [(0, 1, "submitted"), (1, 2, "cancelled"), (2, 0, "amended")] {
            assert_eq!(entries(&FieldRule::default(), json!({"versions": [moves(from, to)]}))[0]["what"], what);
        }
    }

    #[test]
    fn a_row_of_an_amendment_is_told_once_and_only_where_it_is_another() {
        let row = |name: &str, idx: u8, item: &str, qty: f64| -> Value {
            json!({"name": name, "idx": idx, "item_code": item, "qty": qty})
        };
        let table = |rows: Vec<Value>| json!(rows.into_iter().map(|row| json!(["items", row])).collect::<Vec<_>>());
        let old = vec![row("a", 1, "CHAIR", 2.0), row("b", 2, "DESK", 1.0), row("c", 3, "LAMP", 1.0)];
        let new = vec![row("d", 1, "CHAIR", 2.0), row("e", 2, "DESK", 4.0), row("f", 3, "SHELF", 1.0)];
        let data = json!({"changed": [["docstatus", 2, 0]], "added": table(new), "removed": table(old)});
        let told = entries(&FieldRule::default(), json!({"versions": [version("2026-11-02", data)]}));
        assert_eq!(
            told[0]["rows"],
            json!([
                {"table": "items", "row": {"idx": 2, "item_code": "DESK"}, "changes": {"qty": {"from": 1.0, "to": 4.0}}},
                {"table": "items", "added": {"idx": 3, "item_code": "SHELF", "qty": 1.0}},
                {"table": "items", "removed": {"idx": 3, "item_code": "LAMP", "qty": 1.0}},
            ])
        );
    }

    #[test]
    fn withheld_fields_are_in_no_entry() {
        let rule = FieldRule::new(
            None,
            &["po_no".to_owned(), "items.rate".to_owned(), "taxes".to_owned(), "items.item_code".to_owned()],
        );
        let data = json!({
            "changed": [["po_no", "canary", "canary2"]], "row_changed": [["items", 0, "r1", [["rate", 777, 778]]]],
            "added": [["taxes", {"idx": 1, "tax_amount": 779}], ["items", {"idx": 2, "item_code": "canary", "rate": 777}]],
        });
        let mail = json!({"sender": "d@x", "creation": "2026-11-05", "subject": "canary", "content": "canary"});
        let told =
            entries(&rule, json!({"versions": [version("2026-11-02", data)], "communications": [mail]})).to_string();
        assert!(!told.contains("canary") && !told.contains("77"), "{told}");
        assert!(told.contains("e-mail") && told.contains("added"), "{told}");
    }

    #[test]
    fn what_people_hang_on_a_document_is_told_with_the_comments() {
        let said = |by: &str| json!([{"owner": by, "creation": "2026-11-02 11:00:00", "content": "said"}]);
        let info = json!({"comments": said("e@x"), "assignment_logs": said("b@x"), "like_logs": said("c@x"), "share_logs": said("d@x")});
        let told = |fields: &[&str]| {
            let fields: Vec<String> = fields.iter().map(|field| (*field).to_owned()).collect();
            entries(&FieldRule::new(Some(&fields), &[]), info.clone()).to_string()
        };
        let (with, without) = (told(&["_comments"]), told(&["po_no"]));
        for by in ["b@x", "c@x", "d@x", "e@x"] {
            assert!(with.contains(by) && !without.contains(by), "{by}: {with} {without}");
        }
    }

    #[test]
    fn nothing_in_another_form_is_no_change() {
        for (from, to) in
            [(json!(null), json!(0)), (json!(""), json!(null)), (json!(5), json!("5.00")), (json!(false), json!(0))]
        {
            assert!(is_same(&from, &to), "{from} {to}");
        }
        assert!(!is_same(&json!("a"), &json!(null)) && !is_same(&json!(1), &json!(2)));
    }
}
