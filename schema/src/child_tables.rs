//! Child tables: whose rows a DocType's documents hold, and the one way through the rows of a document.

use serde_json::{Map, Value};

use crate::known_copies::PARTIES;
use crate::{DocTypeDef, FieldDef, Options};

/// The table of a child DocType by its name, if it is known.
pub type Children<'c> = &'c dyn Fn(&str) -> Option<&'static DocTypeDef>;

impl FieldDef {
    /// The DocType of its rows, if the field is a child table.
    pub const fn rows_of(&self) -> Option<&'static str> {
        if self.kind.is_table() { self.target() } else { None }
    }
}

impl DocTypeDef {
    /// The child tables, in the form's order.
    pub fn tables(&self) -> impl Iterator<Item = &'static FieldDef> + Clone + use<> {
        self.fields.iter().filter(|field| field.kind.is_table())
    }

    /// The child table of that name.
    pub fn table(&self, fieldname: &str) -> Option<&'static FieldDef> {
        self.field(fieldname).filter(|field| field.kind.is_table())
    }

    /// The table of links by which documents name those of any DocType, as an Address does its customer, with the DocType
    /// that the word stands for where it is one of parties.
    pub fn party_link(&self, word: &str) -> Option<(&'static FieldDef, &'static str)> {
        let party = if word.eq_ignore_ascii_case("Company") { "Company" } else { party(word)? };
        self.tables().find(|table| table.rows_of() == Some("Dynamic Link")).map(|table| (table, party))
    }

    /// The field that says of which DocType a document's party is, and the one that names it, as a Quotation has them, with the
    /// DocType that the word stands for where it is one of parties.
    pub fn party_field(&self, word: &str) -> Option<(&'static FieldDef, &'static FieldDef, &'static str)> {
        let doctype = party(word)?;
        let named = ["party", "party_name"].into_iter().filter_map(|name| self.field(name));
        let mut named = named.filter_map(|field| match field.options {
            Options::TargetField(kind) => Some((self.field(kind)?, field)),
            _ => None,
        });
        let (kind, field) = named.next()?;
        let is_one = kind.choices().is_none_or(|choices| choices.contains(&doctype));
        is_one.then_some((kind, field, doctype))
    }

    /// The child tables whose DocType is known, each with it.
    pub fn known_tables<'c>(
        &self,
        children: Children<'c>,
    ) -> impl Iterator<Item = (&'static FieldDef, &'static DocTypeDef)> + use<'c> {
        self.tables().filter_map(move |table| Some((table, children(table.rows_of()?)?)))
    }

    /// Every field of the form, then every column of the known child tables, with its table.
    pub fn fields_and_columns<'c>(
        &self,
        children: Children<'c>,
    ) -> impl Iterator<Item = (Option<&'static FieldDef>, &'static FieldDef)> + use<'c> {
        let columns = self.known_tables(children);
        let columns = columns.flat_map(|(table, child)| child.fields.iter().map(move |column| (Some(table), column)));
        self.fields.iter().map(|field| (None, field)).chain(columns)
    }

    /// The known child tables that a document holds, each with the DocType and the value of its rows.
    pub fn tables_in<'d>(
        &self,
        children: Children<'_>,
        doc: &'d Map<String, Value>,
    ) -> impl Iterator<Item = (&'static FieldDef, &'static DocTypeDef, &'d Value)> {
        doc.iter().filter_map(move |(key, value)| {
            let table = self.table(key)?;
            Some((table, children(table.rows_of()?)?, value))
        })
    }

    /// As [`tables_in`](Self::tables_in), to change the rows.
    pub fn tables_in_mut<'d>(
        &self,
        children: Children<'_>,
        doc: &'d mut Map<String, Value>,
    ) -> impl Iterator<Item = (&'static FieldDef, &'static DocTypeDef, &'d mut Value)> {
        doc.iter_mut().filter_map(move |(key, value)| {
            let table = self.table(key)?;
            Some((table, children(table.rows_of()?)?, value))
        })
    }
}

/// The rows of the value of a child table; none where it is no list.
pub fn rows(table: &Value) -> impl Iterator<Item = &Map<String, Value>> {
    table.as_array().into_iter().flatten().filter_map(Value::as_object)
}

/// As [`rows`], to change them.
pub fn rows_mut(table: &mut Value) -> impl Iterator<Item = &mut Map<String, Value>> {
    table.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut)
}

/// The rows of a value that is given up for them.
pub fn into_rows(table: Value) -> impl Iterator<Item = Map<String, Value>> {
    let rows = match table {
        Value::Array(rows) => rows,
        _ => Vec::new(),
    };
    rows.into_iter().filter_map(|row| if let Value::Object(row) = row { Some(row) } else { None })
}

/// The DocType of parties that a word stands for.
fn party(word: &str) -> Option<&'static str> {
    PARTIES.iter().copied().find(|party| party.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::{rows, rows_mut};
    use crate::{DocTypeDef, FieldDef, FieldKind, Options};

    static ROW: DocTypeDef =
        DocTypeDef { fields: &[FieldDef::new("qty", FieldKind::Float, "Qty")], ..DocTypeDef::new("Row", "Test") };
    static DOCUMENT: DocTypeDef = DocTypeDef {
        fields: &[
            FieldDef { options: Options::Target("Row"), ..FieldDef::new("row", FieldKind::Link, "Row") },
            FieldDef { options: Options::Target("Row"), ..FieldDef::new("items", FieldKind::Table, "Items") },
            FieldDef { options: Options::Target("Gone"), ..FieldDef::new("others", FieldKind::Table, "Others") },
        ],
        ..DocTypeDef::new("Document", "Test")
    };

    #[test]
    fn rows_are_those_of_tables_whose_doctype_is_known() {
        let children = |name: &str| (name == "Row").then_some(&ROW);
        let all: Vec<_> = DOCUMENT
            .fields_and_columns(&children)
            .map(|(table, field)| (table.map(|t| t.fieldname), field.fieldname))
            .collect();
        assert_eq!(all, [(None, "row"), (None, "items"), (None, "others"), (Some("items"), "qty")]);
        let mut doc =
            json!({"row": "R1", "items": [{"qty": 1}, "no row"], "others": [{"qty": 2}], "unknown": [{"qty": 3}]});
        let doc = doc.as_object_mut().unwrap();
        for (_, _, table) in DOCUMENT.tables_in_mut(&children, doc) {
            rows_mut(table).for_each(|row| row["qty"] = json!(4));
        }
        let found: Vec<_> = DOCUMENT.tables_in(&children, doc).collect();
        let told: Vec<_> = found.iter().map(|(table, child, _)| (table.fieldname, child.name)).collect();
        assert_eq!(told, [("items", "Row")]);
        let quantities: Vec<_> = rows(found[0].2).map(|row| &row["qty"]).collect();
        assert_eq!(quantities, [4]);
        assert_eq!(doc["others"], json!([{"qty": 2}]));
    }
}
