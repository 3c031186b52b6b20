//! The field rule on whole documents: what is taken out of an answer, and what makes a write be refused.

use erpnext_schema::{DocTypeDef, FieldWalk};
use serde_json::{Map, Value};

use super::{FieldRef, FieldRule, Operation};

impl FieldRule {
    /// Takes out of a document, as the site sent it, whatever may not be seen.
    ///
    /// `def` is the DocType's table and `children` finds those of its child tables. Returns the names of the form's fields
    /// that may not be seen (`items.rate` for a column, of tables that have rows). They are all named, whether or not they
    /// have a value: the site sends no empty ones, so that a name would tell that there is a value. A key that no table
    /// knows is taken out silently.
    pub fn cut<'d>(
        &self,
        def: Option<&'d DocTypeDef>,
        children: impl Fn(&str) -> Option<&'d DocTypeDef>,
        doc: &mut Map<String, Value>,
    ) -> Vec<String> {
        let mut fields = def.map(DocTypeDef::walk);
        // By the place of the field, as for columns.
        let mut decided = vec![None; fields.map_or(0, |fields| fields.len())];
        doc.retain(|key, value| {
            let (place, known) = fields.as_mut().and_then(|fields| fields.find(key)).unzip();
            let field = FieldRef { name: key, def: known };
            let is_seen = self.may_read(field);
            if let Some(place) = place {
                decided[place] = Some(is_seen);
            }
            if !is_seen {
                return false;
            }
            match value {
                Value::Array(rows) if holds_rows(field, rows) => {
                    if rows.is_empty() {
                        return true;
                    }
                    let child = field.def.and_then(|field| field.target()).and_then(&children);
                    let mut columns = Columns::new(self, field, child);
                    rows.retain_mut(|row| match row {
                        Value::Object(row) => {
                            row.retain(|key, _| columns.may_read(key));
                            true
                        }
                        _ => false,
                    });
                    true
                }
                Value::Null => true,
                // A table that is no list of rows is nothing that the rule could look into.
                _ => !field.is_table() && !self.names_columns_of(field),
            }
        });
        def.map(|def| self.withheld(def, &children, doc, &decided)).unwrap_or_default()
    }

    /// The names of the form's fields, and of the columns of the rows that the document has, that may not be seen. What is
    /// decided stands by the place among all fields, of which the form's are the last.
    fn withheld<'d>(
        &self,
        def: &'d DocTypeDef,
        children: &impl Fn(&str) -> Option<&'d DocTypeDef>,
        doc: &Map<String, Value>,
        decided: &[Option<bool>],
    ) -> Vec<String> {
        let mut withheld = Vec::new();
        let fields = def.all_fields().zip(decided).skip(decided.len() - def.fields.len());
        for (field, decided) in fields.filter(|(field, _)| field.kind.holds_value()) {
            if !decided.unwrap_or_else(|| self.may_read(field)) {
                withheld.push(field.fieldname.to_owned());
                continue;
            }
            let has_rows = || doc.get(field.fieldname).and_then(Value::as_array).is_some_and(|rows| !rows.is_empty());
            let child = field.rows_of().filter(|_| has_rows()).and_then(children);
            let columns = child.into_iter().flat_map(|child| child.fields).filter(|column| column.kind.holds_value());
            let unseen = columns.filter(|column| !self.may_read_child(field, *column));
            withheld.extend(unseen.map(|column| format!("{}.{}", field.fieldname, column.fieldname)));
        }
        withheld
    }

    /// The names in the data of a write that may not be set (`items.rate` for a column), each once; the write is
    /// refused whole where there is any.
    ///
    /// A new document may carry its own `name`, which some DocTypes ask for.
    pub fn refused<'d>(
        &self,
        operation: Operation,
        def: Option<&'d DocTypeDef>,
        children: impl Fn(&str) -> Option<&'d DocTypeDef>,
        data: &Map<String, Value>,
    ) -> Vec<String> {
        let mut refused = Vec::new();
        for (key, value) in data {
            if key == "name" && operation == Operation::Create {
                continue;
            }
            let field = FieldRef::find(def, key);
            if !self.may_write(field) {
                refused.push(key.clone());
                continue;
            }
            let Some(rows) = value.as_array().filter(|rows| holds_rows(field, rows)) else { continue };
            let child = field.def.and_then(|field| field.target()).and_then(&children);
            for column in rows.iter().filter_map(Value::as_object).flat_map(Map::keys) {
                let name = format!("{key}.{column}");
                if !self.may_write_child(field, FieldRef::find(child, column)) && !refused.contains(&name) {
                    refused.push(name);
                }
            }
        }
        refused
    }
}

/// The columns of one table: each that its child DocType knows is decided once, for all rows.
struct Columns<'a> {
    rule: &'a FieldRule,
    table: FieldRef<'a>,
    fields: Option<FieldWalk>,
    /// By the place of the field.
    decided: Vec<Option<bool>>,
}

impl<'a> Columns<'a> {
    fn new(rule: &'a FieldRule, table: FieldRef<'a>, child: Option<&'a DocTypeDef>) -> Self {
        let fields = child.map(DocTypeDef::walk);
        let decided = vec![None; fields.map_or(0, |fields| fields.len())];
        Self { rule, table, fields, decided }
    }

    fn may_read(&mut self, key: &str) -> bool {
        let Some((place, def)) = self.fields.as_mut().and_then(|fields| fields.find(key)) else {
            return self.rule.may_read_child(self.table, FieldRef { name: key, def: None });
        };
        *self.decided[place].get_or_insert_with(|| self.rule.may_read_child(self.table, def))
    }
}

/// Without a table, a list with an object in it is taken for rows: too much is cut rather than too little.
fn holds_rows(field: FieldRef<'_>, list: &[Value]) -> bool {
    field.may_hold_rows() && (field.def.is_some() || list.iter().any(Value::is_object))
}
