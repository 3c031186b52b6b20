//! The field rule on whole documents: what is taken out of an answer, and what makes a write be refused.

use erpnext_schema::DocTypeDef;
use serde_json::{Map, Value};

use super::{FieldRef, FieldRule, Operation};

impl FieldRule {
    /// Takes out of a document, as the site sent it, whatever may not be seen.
    ///
    /// `def` is the DocType's table and `children` finds those of its child tables. The names of what was taken out are
    /// returned (`items.rate` for a column) as far as the form's fields in those tables name them: a caller may know that
    /// they exist. A key that no table knows is taken out silently.
    pub fn cut<'d>(
        &self,
        def: Option<&'d DocTypeDef>,
        children: impl Fn(&str) -> Option<&'d DocTypeDef>,
        doc: &mut Map<String, Value>,
    ) -> Vec<String> {
        let mut withheld = Vec::new();
        doc.retain(|key, value| {
            let field = FieldRef::find(def, key);
            if !self.may_read(field) {
                if is_of_the_form(def, key) {
                    withheld.push(key.to_owned());
                }
                return false;
            }
            match value {
                Value::Array(rows) if holds_rows(field, rows) => {
                    let child = field.def.and_then(|field| field.target()).and_then(&children);
                    rows.retain_mut(|row| match row {
                        Value::Object(row) => {
                            self.cut_row(field, child, row, &mut withheld);
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
        withheld
    }

    fn cut_row(
        &self,
        table: FieldRef<'_>,
        child: Option<&DocTypeDef>,
        row: &mut Map<String, Value>,
        withheld: &mut Vec<String>,
    ) {
        row.retain(|key, _| {
            let seen = self.may_read_child(table, FieldRef::find(child, key));
            if !seen && is_of_the_form(child, key) {
                let name = format!("{}.{key}", table.name);
                if !withheld.contains(&name) {
                    withheld.push(name);
                }
            }
            seen
        });
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

fn is_of_the_form(def: Option<&DocTypeDef>, name: &str) -> bool {
    def.is_some_and(|def| def.fields.iter().any(|field| field.fieldname == name))
}

/// Without a table, a list with an object in it is taken for rows: too much is cut rather than too little.
fn holds_rows(field: FieldRef<'_>, list: &[Value]) -> bool {
    field.may_hold_rows() && (field.def.is_some() || list.iter().any(Value::is_object))
}
