//! The rows of a file as documents: a row that fills only columns of child tables continues the document above it, as in
//! the desk's Data Import.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::columns::Columns;
use super::problems::Problems;
use super::sheet::{Sheet, SheetRow};
use super::value::value;

/// A document of the file.
#[derive(Debug)]
pub(super) struct Entry {
    /// The line at which it begins.
    pub line: u64,
    /// All its lines.
    pub lines: Vec<u64>,
    /// What a create takes.
    pub data: Map<String, Value>,
    /// The lines of the rows of its tables, in their order.
    tables: BTreeMap<&'static str, Vec<u64>>,
}

impl Entry {
    /// The line of a place in the document, and the path of the column that is for it: `items[2].qty` is `items.qty` in
    /// the line of the third row.
    pub fn find(&self, place: &str) -> (u64, String) {
        let found = || {
            let (table, rest) = place.split_once('[')?;
            let (row, column) = rest.split_once(']')?;
            let line = self.tables.get(table)?.get(row.parse::<usize>().ok()?)?;
            Some((*line, format!("{table}{column}")))
        };
        found().unwrap_or_else(|| (self.line, place.to_owned()))
    }
}

/// The rows of each document.
pub(super) fn documents<'s>(sheet: &'s Sheet, columns: &Columns) -> Vec<&'s [SheetRow]> {
    sheet.rows.chunk_by(|_, next| columns.fill_tables_only(&next.cells)).collect()
}

/// The documents, each cell as its field takes it; what is wrong with cells is added to the problems.
pub(super) fn read(
    documents: &[&[SheetRow]],
    columns: &Columns,
    semicolons: bool,
    problems: &mut Problems,
) -> Vec<Entry> {
    let first = documents.first().and_then(|rows| rows.first());
    if let Some(first) = first.filter(|row| columns.has_own() && columns.fill_tables_only(&row.cells)) {
        let message = "continues the document above it, and there is none: it fills columns of tables only";
        problems.add(first.line, "", message.to_owned());
    }
    documents.iter().filter_map(|rows| entry(rows, columns, semicolons, problems)).collect()
}

fn entry(rows: &[SheetRow], columns: &Columns, semicolons: bool, problems: &mut Problems) -> Option<Entry> {
    let lines: Vec<u64> = rows.iter().map(|row| row.line).collect();
    let mut entry = Entry { line: *lines.first()?, lines, data: Map::new(), tables: BTreeMap::new() };
    for row in rows {
        whole(row, columns.count(), problems);
        let mut filled: BTreeMap<&'static str, Map<String, Value>> = BTreeMap::new();
        for (at, target) in columns.targets() {
            let Some(cell) = row.cells.get(at) else { continue };
            let into = match target.table {
                Some(table) => filled.entry(table.fieldname).or_default(),
                None => &mut entry.data,
            };
            match value(target.field, cell, semicolons) {
                Ok(value) => into.extend(value.map(|value| (target.field.fieldname.to_owned(), value))),
                Err(message) => problems.add(row.line, columns.title(&target.path()), message),
            }
        }
        for (table, cells) in filled.into_iter().filter(|(_, cells)| !cells.is_empty()) {
            if let Value::Array(rows) = entry.data.entry(table).or_insert_with(|| json!([])) {
                rows.push(Value::Object(cells));
            }
            entry.tables.entry(table).or_default().push(row.line);
        }
    }
    Some(entry)
}

/// That a row has a cell for each title.
fn whole(row: &SheetRow, titles: usize, problems: &mut Problems) {
    let is_longer = row.cells.iter().skip(titles).any(|cell| !cell.trim().is_empty());
    if is_longer || row.cells.len() < titles {
        let message = format!(
            "has {} cells, and the header has {titles}: a text with the sign that parts cells stands in quotes",
            row.cells.len()
        );
        problems.add(row.line, "", message);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, Options};
    use serde_json::{Map, json};

    use super::super::columns::{self, Columns};
    use super::super::sheet::{self, Sheet};
    use super::{Problems, documents, read};
    use crate::policy::FieldRule;

    static ROW: DocTypeDef = DocTypeDef {
        fields: &[
            FieldDef::new("item_code", FieldKind::Data, "Item Code"),
            FieldDef::new("rate", FieldKind::Float, "Rate (Net)"),
        ],
        ..DocTypeDef::new("Order Row", "Test")
    };
    static ORDER: DocTypeDef = DocTypeDef {
        fields: &[
            FieldDef::new("customer", FieldKind::Data, "Customer"),
            FieldDef::new("remark", FieldKind::Data, "Remark"),
            FieldDef { options: Options::Target("Order Row"), ..FieldDef::new("items", FieldKind::Table, "Lines") },
        ],
        ..DocTypeDef::new("Order", "Test")
    };

    fn columns(text: &str) -> Result<(Sheet, Columns), String> {
        let sheet = sheet::read(text.as_bytes()).unwrap();
        let children = |name: &str| (name == ROW.name).then_some(&ROW);
        match columns::of(&ORDER, &children, &FieldRule::default(), &sheet, &Map::new()) {
            Ok(columns) => Ok((sheet, columns)),
            Err(found) => Err(found.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")),
        }
    }

    #[test]
    fn rows_that_fill_columns_of_tables_only_continue_the_document_above() {
        let text = "Customer,remark,items.item_code,Rate (Net) (Lines)\n\
                    A,first,X,1\n,,Y,2\n\n,,,\n,,Z,\nB,,X,3\n,second,,\n";
        let (sheet, columns) = columns(text).unwrap();
        let mut problems = Problems::default();
        let entries = read(&documents(&sheet, &columns), &columns, false, &mut problems);
        assert!(problems.is_empty(), "{}", problems.lines());
        let data: Vec<_> = entries.iter().map(|entry| json!(entry.data)).collect();
        let rows = json!([{"item_code": "X", "rate": "1"}, {"item_code": "Y", "rate": "2"}, {"item_code": "Z"}]);
        assert_eq!(data[0], json!({"customer": "A", "remark": "first", "items": rows}));
        assert_eq!(data[1], json!({"customer": "B", "items": [{"item_code": "X", "rate": "3"}]}));
        assert_eq!(data[2], json!({"remark": "second"}), "a row of another document, as it fills a field of it");
        let lines: Vec<_> = entries.iter().map(|entry| (entry.line, entry.lines.len())).collect();
        assert_eq!(lines, [(2, 3), (7, 1), (8, 1)]);
        assert_eq!(entries[0].find("items[2].rate"), (6, "items.rate".to_owned()));
        assert_eq!(entries[0].find("items[3].rate"), (2, "items[3].rate".to_owned()), "no row of the file");
        assert_eq!(entries[0].find("customer"), (2, "customer".to_owned()));
        assert_eq!(columns.title("items.rate"), "Rate (Net) (Lines)");
    }

    #[test]
    fn a_column_of_a_table_has_any_of_its_names() {
        for title in ["items.item_code", "items: Item Code", "Lines: item_code", "lines.itemcode", "Item Code (Lines)"]
        {
            let told = columns(&format!("Customer,{title}\nA,X\n")).map(|(_, columns)| json!(columns.told()));
            assert_eq!(told, Ok(json!({"Customer": "customer", title: "items.item_code"})));
        }
        for (title, expected) in [
            ("Lines", "is a table: its cells go into the columns of its rows, such as items.item_code"),
            ("items.item_cod", "did you mean items.item_code?"),
            ("Lines: Itm Code", "no field of Order that may be set"),
        ] {
            let told = columns(&format!("Customer,{title}\nA,X\n")).err().unwrap_or_default();
            assert!(told.contains(expected), "{title}: {told}");
        }
    }

    #[test]
    fn the_first_row_continues_nothing() {
        let (sheet, columns) = columns("customer,items.item_code\n,X\nA,Y\n").unwrap();
        let mut problems = Problems::default();
        read(&documents(&sheet, &columns), &columns, false, &mut problems);
        assert!(problems.lines().contains("row 2: continues the document above it, and there is none"));
    }
}
