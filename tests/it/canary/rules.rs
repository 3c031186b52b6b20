//! Permissions by chance, and what they forbid: read from the configuration as its reference describes it, and not with
//! the policy's own code.

use std::collections::BTreeSet;

use erpnext_schema::{DocTypeDef, Shape};
use serde_json::{Map, Value, json};

use super::chance::Chance;
use super::world::{Document, Place, World};

const OPERATIONS: &[&str] = &["create", "update", "delete", "submit", "cancel", "amend", "report", "export", "print"];

/// What the site works out from a field, and is the same where there is no discount and one currency.
const WORKED_OUT: &[(&str, &[&str])] = &[("items.rate", &["items.net_rate", "items.base_rate", "items.base_net_rate"])];

/// The framework's own DocTypes among those that documents are of, or hang on.
const OF_FRAPPE: &[&str] = &["Comment", "DocType", "Email Account", "File", "Note", "ToDo", "User", "Version"];

/// The section `permissions` of a configuration.
pub struct Rules(pub Value);

impl Rules {
    pub fn throw(chance: &mut Chance, world: &World) -> Self {
        let mut doctypes = Map::new();
        for document in &world.documents {
            if chance.percent(85) && !doctypes.contains_key(document.def.name) {
                doctypes.insert(document.def.name.to_owned(), rule(chance, document));
            }
        }
        let mut permissions = json!({"doctypes": doctypes, "confirm_argument": chance.percent(50)});
        if chance.percent(8) {
            permissions["default"] = operations(chance);
        }
        if chance.percent(15) {
            permissions["reports"] = json!(["*"]);
        }
        if chance.percent(30) {
            permissions["confirm"] = json!([chance.pick(&["create", "update", "submit"])]);
        }
        Self(permissions)
    }

    fn rule(&self, doctype: &str) -> Option<&Value> {
        self.0["doctypes"].get(doctype)
    }

    /// Whether documents of the DocType may be read at all.
    pub fn reads(&self, doctype: &str) -> bool {
        self.permits(doctype, "read")
    }

    /// Whether the operation is permitted on the DocType.
    pub fn permits(&self, doctype: &str, operation: &str) -> bool {
        match self.rule(doctype) {
            Some(rule) => rule[operation] == true,
            // Where rules stand, nothing of Frappe's own is open by default that could tell of other documents.
            None => {
                let beside_rules = self.0["doctypes"].as_object().is_some_and(|doctypes| !doctypes.is_empty());
                let closed = OF_FRAPPE.contains(&doctype) && beside_rules || doctype == "LDAP Settings";
                self.0["default"][operation] == true && !closed
            }
        }
    }

    /// Whether the field, or the column `items.rate`, may be seen in documents that may be read.
    pub fn shows(&self, def: &DocTypeDef, path: &str) -> bool {
        let (field, column) = path.split_once('.').map_or((path, None), |(field, column)| (field, Some(column)));
        let known = def.field(field);
        let child = known.and_then(|table| crate::support::table(table.target()?));
        let of = column.map_or(known, |column| child?.field(column));
        let level = |field: Option<&erpnext_schema::FieldDef>| field.map_or(0, |field| field.permlevel);
        if of.is_some_and(|of| of.kind.shape() == Shape::Secret) {
            return false;
        }
        let list = |key: &str| -> Option<Vec<&str>> {
            Some(self.rule(def.name)?.get(key)?.as_array()?.iter().filter_map(Value::as_str).collect())
        };
        let allowed = list("allowed_fields");
        let allows = |name: &str| allowed.as_ref().is_none_or(|allowed| allowed.contains(&name));
        let names = |name: &str| allowed.as_ref().is_some_and(|allowed| allowed.contains(&name));
        let restricted = list("restricted_fields").unwrap_or_default();
        if restricted.contains(&field) || restricted.contains(&path) {
            return false;
        }
        match column {
            None if matches!(field, "name" | "doctype" | "docstatus" | "modified") => true,
            None => allows(field) && (level(known) == 0 || names(field)),
            Some(column) => {
                let by_column = allowed
                    .as_ref()
                    .is_some_and(|allowed| allowed.iter().any(|name| name.starts_with(&format!("{field}."))));
                let table = (allows(field) || by_column) && (level(known) == 0 || names(field) || by_column);
                let of_every_row = matches!(column, "name" | "doctype");
                table && (of_every_row || names(path) || allows(field) && level(of) == 0)
            }
        }
    }

    /// Whether the list of the DocType's rule names the field.
    fn names(&self, list: &str, def: &DocTypeDef, path: &str) -> bool {
        self.rule(def.name)
            .and_then(|rule| rule[list].as_array())
            .is_some_and(|list| list.iter().any(|name| name == path))
    }

    /// Whether it is the field that decides which documents may be read.
    pub fn scopes(&self, doctype: &str, field: &str) -> bool {
        self.rule(doctype).is_some_and(|rule| rule["conditions"]["read"].get(field).is_some())
    }

    /// Whether the document is one of those that may be read.
    pub fn in_scope(&self, document: &Document) -> bool {
        let scope = self.rule(document.def.name).and_then(|rule| rule["conditions"]["read"].as_object());
        let holds = |(field, test): (&String, &Value)| {
            let value = document.stored.get(field).and_then(Value::as_str).unwrap_or_default();
            let is_in = |list: &Value| {
                list.as_array()
                    .unwrap()
                    .iter()
                    .any(|known| known.as_str().is_some_and(|known| known.eq_ignore_ascii_case(value)))
            };
            match test {
                Value::Array(_) => is_in(test),
                _ => !is_in(&test["not_in"]),
            }
        };
        scope.is_none_or(|scope| scope.iter().all(holds))
    }

    /// Whether the value may be seen: in its own field, or in one that the site works out from it and that may hold the same.
    fn tells(&self, def: &DocTypeDef, path: &str) -> bool {
        let same = WORKED_OUT.iter().filter(|(from, _)| *from == path).flat_map(|(_, to)| *to);
        self.shows(def, path) || same.into_iter().any(|path| self.shows(def, path))
    }

    /// Whether what stands there may be seen. With `reported`, reports were run: they show also what no rule speaks of.
    pub fn allows(&self, world: &World, place: &Place, reported: bool) -> bool {
        let (Place::Name(of) | Place::Field(of, _) | Place::Copy((of, _), _) | Place::Beside(of, _)) = place;
        let document = &world.documents[*of];
        let doctype = document.def.name;
        let in_reports = reported && self.rule(doctype).is_none();
        let open = (self.reads(doctype) || in_reports) && self.in_scope(document);
        match place {
            Place::Name(_) => open,
            Place::Field(_, path) => open && self.tells(document.def, path),
            // What is restricted by name is restricted where it is copied to, unless that is allowed by name.
            Place::Copy((_, path), (from, source)) => {
                let source = self.names("restricted_fields", world.documents[*from].def, source);
                open && self.tells(document.def, path) && (!source || self.names("allowed_fields", document.def, path))
            }
            Place::Beside(_, by) => open || self.reads(by),
        }
    }

    /// The canaries that must not leave the server.
    pub fn forbidden<'w>(&self, world: &'w World, reported: bool) -> BTreeSet<&'w str> {
        let hidden = |places: &Vec<Place>| !places.iter().any(|place| self.allows(world, place, reported));
        world.canaries.iter().filter(|(_, places)| hidden(places)).map(|(key, _)| key.as_str()).collect()
    }
}

fn operations(chance: &mut Chance) -> Value {
    let mut stated = Map::from_iter([("read".to_owned(), json!(chance.percent(92)))]);
    stated.extend(OPERATIONS.iter().map(|operation| ((*operation).to_owned(), json!(chance.percent(60)))));
    Value::Object(stated)
}

fn rule(chance: &mut Chance, document: &Document) -> Value {
    let mut rule = operations(chance);
    let share = [10, 40, 70][chance.throw(3)];
    if chance.percent(60) {
        rule["restricted_fields"] = json!(names(chance, document.def, share));
    }
    if chance.percent(40) {
        rule["allowed_fields"] = json!(names(chance, document.def, share));
    }
    // What a condition compares with is no canary: documents share it.
    let shared =
        |(key, value): &(&String, &Value)| {
            document.def.fields.iter().any(|field| {
                field.fieldname == key.as_str() && field.kind.shape() == Shape::Text && field.permlevel == 0
            }) && value.as_str().is_some_and(|text| !text.is_empty() && text.len() < 60 && !text.contains("cnry"))
        };
    let shared: Vec<_> = document.stored.iter().filter(shared).collect();
    if let Some((field, value)) = chance.one(&shared).filter(|_| chance.percent(25)) {
        let test = match chance.throw(3) {
            0 => json!([value]),
            1 => json!({"not_in": [value]}),
            _ => json!(["No such value"]),
        };
        rule["conditions"] = json!({"read": {field.as_str(): test}});
    }
    rule
}

/// Some of the fields, and of the columns of tables.
fn names(chance: &mut Chance, def: &'static DocTypeDef, share: usize) -> Vec<String> {
    let mut names = Vec::new();
    for field in def.all_fields().filter(|field| field.kind.holds_value() && field.fieldname != "name") {
        let child = field.target().filter(|_| field.kind.is_table()).and_then(crate::support::table);
        match child.filter(|_| chance.percent(60)) {
            Some(child) => {
                let columns =
                    child.all_fields().filter(|column| column.kind.holds_value() && column.fieldname != "name");
                let columns = columns.filter(|_| chance.percent(share));
                names.extend(columns.map(|column| format!("{}.{}", field.fieldname, column.fieldname)));
            }
            None if chance.percent(share) && !matches!(field.fieldname, "docstatus" | "modified") => {
                names.push(field.fieldname.to_owned())
            }
            None => {}
        }
    }
    names
}
