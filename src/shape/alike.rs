//! What all rows of a report say alike: told once beside them.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::report::{Column, Table};

/// With fewer rows a column costs no more than what tells of it.
const FEW: usize = 5;

impl Table {
    /// The texts that stand in every row, by column.
    pub(crate) fn alike(&self) -> Map<String, Value> {
        if self.rows.len() < FEW {
            return Map::new();
        }
        let is_one = |field: &str| self.columns.iter().filter(|column| column.field == field).count() == 1;
        let text = |at: usize| {
            let text = self.rows.first()?.get(at).filter(|value| value.is_string())?;
            self.rows.iter().all(|row| row.get(at) == Some(text)).then(|| text.clone())
        };
        let columns = self.columns.iter().enumerate().filter(|(_, column)| is_one(&column.field));
        columns.filter_map(|(at, column)| Some((column.field.clone(), text(at)?))).collect()
    }

    /// Takes their columns out, if others stay, and gives them.
    pub(crate) fn leave_out_alike(&mut self) -> Map<String, Value> {
        let alike = self.alike();
        if alike.len() == self.columns.len() {
            return Map::new();
        }
        self.retain(|column| !alike.contains_key(&column.field));
        alike
    }

    /// Says in each column what all rows say of it in another: the currency of amounts, the DocType of names.
    pub(crate) fn settle(&mut self, alike: &Map<String, Value>) {
        for column in &mut self.columns {
            let Some(says) = alike.get(&column.options).and_then(Value::as_str) else { continue };
            match column.kind.as_str() {
                "Currency" => column.currency = Some(says.to_owned()),
                "Dynamic Link" => {
                    column.kind = "Link".to_owned();
                    column.options = says.to_owned();
                }
                _ => {}
            }
        }
    }
}

/// What the rows hold in the column that the options of this one name: the DocTypes of names, the currencies of amounts.
pub(super) fn beside(column: &Column, columns: &[Column], rows: &[Value]) -> BTreeSet<String> {
    let at = columns.iter().position(|other| other.field == column.options);
    let held = |row: &Value| match row {
        Value::Array(row) => row.get(at?)?.as_str().map(str::to_owned),
        row => row.get(&column.options)?.as_str().map(str::to_owned),
    };
    rows.iter().filter_map(held).filter(|held| !held.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value, json};

    use super::Table;

    fn table(rows: usize) -> Table {
        let columns = json!([
            {"fieldname": "party_type"}, {"fieldname": "party", "fieldtype": "Dynamic Link", "options": "party_type"},
            {"fieldname": "due", "fieldtype": "Currency", "options": "currency"}, {"fieldname": "currency"},
            {"fieldname": "group"}, {"fieldname": "qty", "fieldtype": "Int"},
        ]);
        let row = |at: usize| json!({"party_type": "Customer", "party": format!("C{at}"), "due": at, "currency": "EUR", "group": "A", "qty": 1});
        let rows: Vec<Value> = (0..rows).map(row).collect();
        Table::read(json!({"columns": columns, "result": rows}).as_object().unwrap())
    }

    #[test]
    fn texts_that_all_rows_say_are_told_once() {
        let mut many = table(5);
        assert_eq!(json!(many.leave_out_alike()), json!({"party_type": "Customer", "currency": "EUR", "group": "A"}));
        assert_eq!(many.rows[4], [json!("C4"), json!(4), json!(1)]);
        let mut few = table(4);
        assert!(few.leave_out_alike().is_empty() && few.columns.len() == 6);
        let mut only = table(5);
        only.keep(&["group".to_owned()]).unwrap();
        assert!(only.leave_out_alike().is_empty() && only.columns.len() == 1);
    }

    #[test]
    fn amounts_and_names_that_are_chosen_say_their_currency_and_doctype() {
        let mut table = table(5);
        let alike = table.alike();
        table.keep(&["party".to_owned(), "due".to_owned(), "qty".to_owned()]).unwrap();
        table.settle(&alike);
        let told: Vec<_> =
            table.columns.iter().map(|c| (c.kind.as_str(), c.options.as_str(), c.currency.as_deref())).collect();
        assert_eq!(told, [("Link", "Customer", None), ("Currency", "currency", Some("EUR")), ("Int", "", None)]);
    }

    #[test]
    fn amounts_in_several_currencies_and_shares_have_no_total_of_the_sites() {
        let columns = json!([
            {"fieldname": "party"}, {"fieldname": "due", "fieldtype": "Currency", "options": "currency"}, {"fieldname": "currency"},
            {"fieldname": "share", "fieldtype": "Percent"}, {"fieldname": "qty", "fieldtype": "Int"},
        ]);
        let read_of = |currencies: [&str; 2]| {
            let row = |currency| json!({"party": "A", "due": 5, "currency": currency, "share": 50, "qty": 1});
            let rows = json!([row(currencies[0]), row(currencies[1]), ["Total", 10, "", 50, 2]]);
            Table::read(json!({"columns": columns, "result": rows, "add_total_row": 1}).as_object().unwrap())
        };
        let table = read_of(["EUR", "USD"]);
        assert_eq!(table.total, json!(["Total", null, "", null, 2]).as_array().cloned());
        assert_eq!(table.mixed, ["due"]);
        let table = read_of(["EUR", "EUR"]);
        assert_eq!((table.total.unwrap()[1].clone(), table.mixed.len()), (json!(10), 0));
        // Whether there are several is not told of currencies that are withheld.
        for currencies in [["EUR", "EUR"], ["EUR", "USD"]] {
            let mut table = read_of(currencies);
            table.withhold(|column| column.field == "currency");
            assert_eq!((table.total, table.mixed.len()), (json!(["Total", null, null, 2]).as_array().cloned(), 0));
        }
    }
}
