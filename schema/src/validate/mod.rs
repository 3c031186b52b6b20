//! Checks a whole document against its DocType before anything is sent: every violation at once, with its path.

mod rows;

use serde_json::{Map, Value};

use crate::format::check_format;
use crate::value::{Rule, Violation, check_value, not_permitted, quoted};
use crate::{DocTypeDef, FieldDef, flag, nearest_field, with_article};

/// For how many violations a field is looked for that may be meant.
const MOST_NEAREST: usize = 30;

/// What is about to happen to the document.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// A new document: mandatory fields must be there.
    Create,
    /// A change of some fields.
    Update,
}

/// What a document is checked against besides its own table.
pub trait Context {
    /// The table of a child DocType.
    fn child(&self, doctype: &str) -> Option<&'static DocTypeDef>;

    /// Whether the caller may write this field, of the document or of the rows in `table`.
    fn may_write(&self, table: Option<&FieldDef>, field: &FieldDef) -> bool;

    /// Whether a schema names this field, if the caller may write it.
    fn shows(&self, _table: Option<&FieldDef>, _field: &FieldDef) -> bool {
        true
    }

    /// Whether the caller may see this column of the rows in `table`, and so find rows by it.
    fn may_match(&self, table: &FieldDef, column: &FieldDef) -> bool {
        self.may_write(Some(table), column)
    }
}

/// Checks the fields of a document and gives them as the site stores them; the tables of an update in the form in which
/// they are given (see [`TableChange`](crate::TableChange)).
///
/// # Errors
/// Every rule that is broken, in the order of the fields sent, missing mandatory fields last.
pub fn check_document(
    def: &DocTypeDef,
    purpose: Purpose,
    data: &Map<String, Value>,
    context: &dyn Context,
) -> Result<Map<String, Value>, Vec<Violation>> {
    let mut check = Check { purpose, context, violations: Vec::new() };
    let wire = check.fields(def, None, "", data, purpose == Purpose::Create);
    if check.violations.is_empty() { Ok(wire) } else { Err(check.violations) }
}

struct Check<'a> {
    purpose: Purpose,
    context: &'a dyn Context,
    violations: Vec<Violation>,
}

impl Check<'_> {
    fn fields(
        &mut self,
        def: &DocTypeDef,
        table: Option<&FieldDef>,
        at: &str,
        data: &Map<String, Value>,
        new: bool,
    ) -> Map<String, Value> {
        let mut wire = Map::with_capacity(data.len());
        for (key, value) in data {
            let path = format!("{at}{key}");
            let checked = match self.field(def, table, &path, key) {
                // Nothing was chosen: the site fills in its default, which an empty value or a 0 would replace.
                Ok(_) if new && value.is_null() => continue,
                Ok(None) => self.name(def, table, &path, key, value),
                Ok(Some(field)) if field.kind.is_table() => self.table(field, &path, value),
                Ok(Some(field)) => {
                    check_value(field, &path, value).and_then(|value| check_format(def.name, field, &path, value))
                }
                Err(violation) => Err(violation),
            };
            match checked {
                Ok(value) => {
                    wire.insert(key.clone(), value);
                }
                Err(violation) => self.violations.push(violation),
            }
        }
        if new {
            self.mandatory(def, table, at, data);
        }
        wire
    }

    /// The field that may be meant, of the first unknown ones: nobody is told of more.
    fn nearest<'f>(&self, key: &str, fields: impl Iterator<Item = &'f FieldDef>) -> Option<&'static str> {
        if self.violations.len() < MOST_NEAREST { nearest_field(key, fields) } else { None }
    }

    /// Whether the field is a table whose rows have this column, for the caller to write.
    fn has_column(&self, def: &DocTypeDef, rows: &str, column: &str) -> bool {
        let found = def.field(rows).and_then(|table| Some((table, self.context.child(table.rows_of()?)?)));
        let column = found.and_then(|(table, child)| Some((table, child.field(column)?)));
        column.is_some_and(|(table, column)| self.context.may_write(Some(table), column))
    }

    /// The table whose rows fill in a field that is locked itself.
    fn filled_from(&self, def: &DocTypeDef, field: &str) -> Option<&'static str> {
        def.field(field).filter(|field| field.is(flag::READ_ONLY))?;
        def.fields.iter().map(|rows| rows.fieldname).find(|rows| self.has_column(def, rows, field))
    }

    /// The field that a key names; `None` for the keys that say which document or row is meant.
    fn field(
        &self,
        def: &DocTypeDef,
        table: Option<&FieldDef>,
        path: &str,
        key: &str,
    ) -> Result<Option<&'static FieldDef>, Violation> {
        if matches!(key, "name" | "doctype") {
            return Ok(None);
        }
        let Some(field) = def.field(key) else {
            let visible = def.fields.iter().filter(|field| self.context.may_write(table, field));
            let mut message = format!("no such field in {}", def.name);
            let party = def.party_link(key).filter(|(links, _)| self.context.may_write(table, links));
            if let Some((links, party)) = party {
                let row = format!("[{{\"link_doctype\": {party:?}, \"link_name\": …}}]");
                message.push_str(&format!("; its {} name it: {{{:?}: {row}}}", links.fieldname, links.fieldname));
                return Err(Violation::new(path, Rule::UnknownField, message));
            }
            let may_write = |field: &FieldDef| self.context.may_write(table, field);
            let party = def.party_field(key).filter(|(kind, party, _)| may_write(kind) && may_write(party));
            if let Some((kind, party, doctype)) = party {
                let (kind, party) = (kind.fieldname, party.fieldname);
                message.push_str(&format!("; it is named by {{{kind:?}: {doctype:?}, {party:?}: …}}"));
                return Err(Violation::new(path, Rule::UnknownField, message));
            }
            let nearest = self.nearest(key, visible);
            let filled = |near| Some((self.filled_from(def, near)?, near));
            let in_rows = |near| self.has_column(def, near, key).then_some((near, key)).or_else(|| filled(near));
            if let Some((rows, column)) = nearest.filter(|_| table.is_none()).and_then(in_rows) {
                let row = format!("[{{{column:?}: …}}]");
                let row = if self.purpose == Purpose::Update { format!("{{\"add\": {row}}}") } else { row };
                message.push_str(&format!("; rows of {rows} have it: {{{rows:?}: {row}}}"));
                return Err(Violation::new(path, Rule::UnknownField, message));
            }
            return Err(Violation::new(path, Rule::UnknownField, message).nearest(nearest));
        };
        let refuse = |message: &str| Err(Violation::new(path, Rule::NotWritable, message));
        if field.fieldname == "docstatus" {
            return refuse("is not set through a field: submitting and cancelling are operations of their own");
        }
        // H51: the site would take it, and pass the workflow by.
        if field.is(flag::CUSTOM) && field.target() == Some("Workflow State") {
            return refuse("is not set through a field: it moves by the actions of the workflow");
        }
        if field.fieldname == "modified" && table.is_none() && self.purpose == Purpose::Update {
            return refuse("is kept by the site; to say which version was read, give modified beside the data");
        }
        if field.is(flag::STANDARD) {
            return refuse("is kept by the site and cannot be written");
        }
        if field.is(flag::VIRTUAL) {
            return refuse("is computed by the site and cannot be written");
        }
        if !self.context.may_write(table, field) {
            return Err(Violation::new(path, Rule::NotPermitted, not_permitted(field, "writing")));
        }
        Ok(Some(field))
    }

    fn name(
        &self,
        def: &DocTypeDef,
        table: Option<&FieldDef>,
        path: &str,
        key: &str,
        value: &Value,
    ) -> Result<Value, Violation> {
        let refuse = |message: String| Err(Violation::new(path, Rule::NotWritable, message));
        match (key, value) {
            ("doctype", Value::String(text)) if text == def.name => Ok(value.clone()),
            ("doctype", _) => refuse(format!("must be {:?} or left out", def.name)),
            (_, Value::String(text)) if text.trim().is_empty() => refuse("must not be empty".to_owned()),
            // H2: a row with a name that the document does not have is echoed back and not saved.
            _ if self.purpose == Purpose::Create && table.is_some() => {
                refuse("a new row has no name yet; leave it out".to_owned())
            }
            _ if self.purpose == Purpose::Update && table.is_none() => {
                refuse("a document is not renamed by an update; leave it out of the data".to_owned())
            }
            // H11: the site drops a name that it did not ask for and makes its own.
            _ if table.is_none() && !def.is_named_by_creator() => {
                refuse(format!("the site names {} itself; leave it out", with_article(def.name)))
            }
            (_, Value::String(_)) => Ok(value.clone()),
            _ => Err(Violation::new(path, Rule::Value, format!("expected a string, found {}", quoted(value)))),
        }
    }

    fn mandatory(&mut self, def: &DocTypeDef, table: Option<&FieldDef>, at: &str, data: &Map<String, Value>) {
        let sent = |name: &str| data.get(name).is_some_and(|value| !value.is_null());
        let missing = def.fields.iter().filter(|field| def.asks_for(field) && !sent(field.fieldname));
        for field in missing {
            let path = format!("{at}{}", field.fieldname);
            let found = if self.context.may_write(table, field) {
                let message = format!("is mandatory ({})", describe(field));
                Violation::new(path, Rule::Mandatory, message).nearest(told_by(def, field, data))
            } else {
                let message = "is mandatory, and this server's configuration does not permit writing it";
                Violation::new(path, Rule::Mandatory, message)
            };
            self.violations.push(found);
        }
        if def.is_named_by_creator() && table.is_none() && !sent("name") {
            let message = format!("is mandatory: whoever makes {} chooses its name", with_article(def.name));
            self.violations.push(Violation::new(format!("{at}name"), Rule::Mandatory, message));
        }
    }
}

/// What was given of the document that a missing link would name, where that is mostly its name: who gives the purpose of a Stock
/// Entry has told its type.
fn told_by(def: &DocTypeDef, link: &FieldDef, data: &Map<String, Value>) -> Option<String> {
    let names = |field: &&FieldDef| {
        let fetched = field.fetch_from.and_then(|from| from.split_once('.'));
        fetched.is_some_and(|(by, column)| by == link.fieldname && (column == "purpose" || column.ends_with("_name")))
    };
    let told = def.fields.iter().filter(names).find_map(|field| data.get(field.fieldname)?.as_str())?;
    (!told.trim().is_empty()).then(|| Value::from(told).to_string())
}

/// What a value of this field is, in a few words.
fn describe(field: &FieldDef) -> String {
    match (field.target(), field.choices()) {
        (Some(target), _) if field.kind.is_table() => format!("rows of {target}"),
        (Some(target), _) => format!("the name of {}", with_article(target)),
        (None, Some(choices)) if choices.len() <= 12 => format!("one of: {}", choices.join(", ")),
        _ => field.kind.as_str().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;
    use crate::{Options, field};

    static ROW: DocTypeDef =
        DocTypeDef { fields: &[field!("qty", Float, "Qty", default = Some("1"))], ..DocTypeDef::new("Row", "Desk") };
    static THING: DocTypeDef = DocTypeDef {
        fields: &[
            field!("title", Data, "Title", flags = flag::REQD),
            field!("is_stock_item", Check, "Keep Stock", default = Some("1")),
            field!("rows", Table, "Rows", options = Options::Target("Row")),
            field!("state", Link, "State", flags = flag::CUSTOM, options = Options::Target("Workflow State")),
        ],
        ..DocTypeDef::new("Thing", "Desk")
    };

    struct Open;

    impl Context for Open {
        fn child(&self, _: &str) -> Option<&'static DocTypeDef> {
            Some(&ROW)
        }

        fn may_write(&self, _: Option<&FieldDef>, _: &FieldDef) -> bool {
            true
        }
    }

    fn check(purpose: Purpose, data: Value) -> Result<Value, Vec<String>> {
        let checked = check_document(&THING, purpose, data.as_object().unwrap(), &Open);
        checked.map(Value::Object).map_err(|found| found.iter().map(Violation::to_string).collect())
    }

    #[test]
    fn null_leaves_a_new_document_or_row_its_default_and_empties_a_stored_field() {
        let new = json!({"title": "a", "name": null, "is_stock_item": null, "rows": [{"qty": null}]});
        assert_eq!(check(Purpose::Create, new), Ok(json!({"title": "a", "rows": [{}]})));
        let change = json!({"is_stock_item": null, "rows": [{"qty": null}, {"name": "r1", "qty": null}]});
        let sent = json!({"is_stock_item": 0, "rows": [{}, {"name": "r1", "qty": 0}]});
        assert_eq!(check(Purpose::Update, change), Ok(sent));
    }

    #[test]
    fn rows_are_patched_by_name_number_or_values_and_new_ones_are_whole() {
        let patch = json!([{"name": "r1", "qty": 2}, {"idx": 2, "qty": null}, {"match": {"qty": 5}, "qty": 6}]);
        let change = json!({"rows": {"patch": patch, "add": [{"qty": 1}], "remove": ["r4", 5, {"match": {"qty": 7}}]}});
        let mut sent = change.clone();
        sent["rows"]["patch"][1]["qty"] = json!(0);
        assert_eq!(check(Purpose::Update, change), Ok(sent));
    }

    #[test]
    fn a_change_of_rows_that_is_unclear_is_told_with_its_place() {
        let patch = json!([{"qty": 2}, {"name": "r1"}, {"idx": 1, "qtty": 3}, {"match": {"qtty": 3}, "qty": 4}]);
        let change =
            json!({"rows": {"patch": patch, "add": [{"name": "r9", "qty": 1}, 7], "remove": [{"qty": 1}, null]}});
        let found = check(Purpose::Update, change).unwrap_err();
        let places = [
            "rows.patch[0]: which row is meant?",
            "rows.patch[1]: no column to change is given",
            "rows.patch[2].qtty: no such field in Row; did you mean qty?",
            "rows.patch[3].match.qtty: no such field in Row; did you mean qty?",
            "rows.add[0].name: a new row has no name yet",
            "rows.add[1]: expected a row as an object, found 7",
            "rows.remove[0].qty: does not say which row is meant",
            "rows.remove[0]: which row is meant?",
            "rows.remove[1]: expected a row's name",
        ];
        for place in places {
            assert!(found.iter().any(|found| found.starts_with(place)), "{place}: {found:#?}");
        }
        assert_eq!(found.len(), places.len(), "{found:#?}");
    }

    #[test]
    fn a_name_in_the_place_of_a_row_is_told_with_the_row_that_links_to_it() {
        static TAG: DocTypeDef = DocTypeDef {
            fields: &[field!("tag", Link, "Tag", options = Options::Target("Tag"))],
            ..DocTypeDef::new("Thing Tag", "Desk")
        };
        static TAGGED: DocTypeDef = DocTypeDef {
            fields: &[field!("tags", TableMultiSelect, "Tags", options = Options::Target("Thing Tag"))],
            ..DocTypeDef::new("Tagged", "Desk")
        };
        struct Tags;
        impl Context for Tags {
            fn child(&self, _: &str) -> Option<&'static DocTypeDef> {
                Some(&TAG)
            }

            fn may_write(&self, _: Option<&FieldDef>, _: &FieldDef) -> bool {
                true
            }
        }
        let data = json!({"tags": ["New"]});
        let found = check_document(&TAGGED, Purpose::Create, data.as_object().unwrap(), &Tags).unwrap_err();
        let told = found[0].to_string();
        assert!(told.starts_with("tags[0]: expected a row as an object, found \"New\""), "{told}");
        assert!(told.contains(r#"{"tag":"New"}"#), "{told}");
    }

    #[test]
    fn a_row_of_the_whole_table_is_one_that_was_read_or_new() {
        let read = json!({"rows": [{"name": "r2", "idx": 2, "qty": 1}, {"qty": 3}]});
        assert_eq!(check(Purpose::Update, read), Ok(json!({"rows": [{"name": "r2", "qty": 1}, {"qty": 3}]})));
        let whole = json!({"rows": {"rows": [{"qty": 3}], "replace": true}});
        assert_eq!(check(Purpose::Update, whole.clone()), Ok(whole));
        let found = check(Purpose::Update, json!({"rows": [{"idx": 1, "qty": 9}]})).unwrap_err();
        assert!(
            found[0].starts_with("rows[0].idx: a row of the whole table is named by name; {\"patch\""),
            "{found:?}"
        );
        let found = check(Purpose::Create, json!({"title": "a", "rows": {"add": []}})).unwrap_err();
        assert!(found[0].starts_with("rows: expected a list of rows"), "{found:?}");
    }

    #[test]
    fn a_field_given_by_its_label_is_named_where_it_may_be_set() {
        let found = check(Purpose::Update, json!({"Keep Stock": 1}));
        assert_eq!(found.unwrap_err()[0], "Keep Stock: no such field in Thing; did you mean is_stock_item?");
        struct Shut;
        impl Context for Shut {
            fn child(&self, _: &str) -> Option<&'static DocTypeDef> {
                Some(&ROW)
            }

            fn may_write(&self, _: Option<&FieldDef>, field: &FieldDef) -> bool {
                field.fieldname != "is_stock_item"
            }
        }
        let data = json!({"Keep Stock": 1});
        let found = check_document(&THING, Purpose::Update, data.as_object().unwrap(), &Shut).unwrap_err();
        assert_eq!(found[0].to_string(), "Keep Stock: no such field in Thing");
    }

    #[test]
    fn null_is_no_value_for_a_mandatory_field() {
        let missing = vec!["title: is mandatory (Data)".to_owned()];
        assert_eq!(check(Purpose::Create, json!({"title": null})), Err(missing));
    }

    #[test]
    fn the_state_of_a_workflow_is_no_field_to_be_set() {
        let found = check(Purpose::Update, json!({"state": "Approved"})).unwrap_err();
        assert!(found[0].starts_with("state: is not set through a field"), "{found:?}");
    }
}
