//! What a model writes into a document.

use erpnext_schema::{FieldDef, FieldKind, Shape, flag};
use serde_json::{Map, Value, json};

use super::calls::Caller;
use super::chance::Chance;
use super::world::Document;

impl Caller<'_> {
    /// Fields to be set, right ones and wrong ones.
    pub fn data(&self, chance: &mut Chance, document: &Document) -> Value {
        let fields: Vec<&FieldDef> = document.def.fields.iter().filter(|field| field.kind.holds_value()).collect();
        // What may be set is tried most: what may not is refused before anything happens.
        let may = |field: &FieldDef| self.rules.shows(document.def, field.fieldname) && !field.is(flag::READ_ONLY);
        let open: Vec<&FieldDef> = fields.iter().filter(|field| may(field)).copied().collect();
        let mut data = Map::new();
        for _ in 0..1 + chance.throw(3) {
            let from = if chance.percent(95) && !open.is_empty() { &open } else { &fields };
            let field = chance.one(from).unwrap();
            data.insert(field.fieldname.to_owned(), self.value(chance, document, field));
        }
        Value::Object(data)
    }

    fn value(&self, chance: &mut Chance, document: &Document, field: &FieldDef) -> Value {
        if field.kind.is_table() {
            let Some(child) = field.target().and_then(crate::support::table) else { return json!([]) };
            let columns: Vec<&FieldDef> = child
                .fields
                .iter()
                .filter(|column| {
                    column.kind.holds_value()
                        && !column.kind.is_table()
                        && self.rules.shows(document.def, &format!("{}.{}", field.fieldname, column.fieldname))
                })
                .collect();
            let Some(column) = chance.one(&columns) else { return json!([]) };
            let value = self.value(chance, document, column);
            return match chance.throw(4) {
                0 => json!({"add": [{column.fieldname: value}]}),
                1 => json!({"remove": [1]}),
                2 => json!([{column.fieldname: value}]),
                _ => json!({"patch": [{"idx": 1, column.fieldname: value}]}),
            };
        }
        let wrong = chance.percent(8);
        match (field.kind, field.kind.shape()) {
            _ if wrong => json!(chance.pick(&["no such thing", "", "<b>x</b>"])),
            (FieldKind::Link | FieldKind::DynamicLink, _) => {
                let fits: Vec<&str> = self
                    .world
                    .documents
                    .iter()
                    .filter(|there| Some(there.def.name) == field.target())
                    .map(|there| there.name.as_str())
                    .collect();
                let stored = document.stored.get(field.fieldname).and_then(Value::as_str);
                json!(chance.one(&fits).copied().or(stored.filter(|text| !text.contains("cnry"))).unwrap_or("North"))
            }
            (FieldKind::Select, _) => match field.options {
                erpnext_schema::Options::Choices(choices) => json!(chance.one(choices).copied().unwrap_or_default()),
                _ => json!("x"),
            },
            (_, Shape::Bool) => json!(chance.percent(50)),
            (_, Shape::Int | Shape::Float) => json!(1 + chance.throw(9)),
            (_, Shape::Date) => json!("2026-07-01"),
            (_, Shape::Datetime) => json!("2026-07-01 10:00:00"),
            (_, Shape::Time) => json!("10:00:00"),
            (_, Shape::Json) => json!({"a": 1}),
            _ => json!(format!("said {}", chance.throw(1000))),
        }
    }
}
