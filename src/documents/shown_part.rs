//! A document for reading, made of the site's bytes at once: the rows of its tables are written as they are answered. All
//! else is cut and presented as any document is; what tells more than that is read in the ordinary way.

use erpnext_schema::{Children, DocTypeDef, FieldDef, Shape};
use serde_json::{Map, Value};

use super::cell::Cell;
use super::row_json::RowJson;
use crate::document::fingerprint::{ComparedValue, Fingerprint, Values};
use crate::limit::scan::{Found, Scan};
use crate::policy::FieldRule;
use crate::shape::columns::{Columns, Fate};
use crate::shape::present::LeftOut;
use crate::shape::{self, RowTexts, TableText, Wanted};

/// What a document is read by.
#[derive(Clone, Copy)]
pub struct Plan<'a> {
    /// Its table.
    pub def: &'static DocTypeDef,
    /// What may be seen of it.
    pub rule: &'a FieldRule,
    /// Finds the tables of its rows, and of what they link to.
    pub children: Children<'a>,
    /// The fields that were asked for by name.
    pub wanted: Option<&'a Wanted>,
    /// Whether HTML is shown as it is stored.
    pub raw: bool,
    /// How many bytes an answer may have: of rows for which none has room, no more than their number is known.
    pub most: usize,
}

/// The part of a document that may be shown.
#[derive(Debug)]
pub struct Part {
    /// Its fields; of a table that has rows, one row without values.
    pub document: Map<String, Value>,
    /// Its rows.
    pub rows: RowTexts,
    /// What is to be said of values that no row has here.
    pub unshown: LeftOut,
    /// The version that it is, of all of its values.
    pub version: Option<Fingerprint>,
}

/// Reads the document in the site's answer. None where it has to be read as values: where rows have fields that no table
/// knows, or values that may stand for others, or where the answer does not have the form of a document.
pub fn read(answer: &[u8], plan: Plan<'_>) -> Option<Part> {
    let mut scan = Scan::new(std::str::from_utf8(answer).ok()?);
    let mut reading =
        Reading { plan, unshown: LeftOut::default(), cells: Some(Vec::new()), rows: Vec::new(), tables: Vec::new() };
    let mut document = None;
    scan.entries(|scan, key| {
        if key == "data" {
            let read = reading.document(scan)?;
            return document.replace(read).is_none().then_some(());
        }
        scan.value()?;
        Some(())
    })?;
    let document = document.filter(|_| scan.is_over())?;
    let (unshown, version) = (reading.unshown, reading.version(&document));
    let rows = reading.tables.into_iter().filter_map(|table| Some((table.field, table.rows?))).collect();
    Some(Part { document, rows: RowTexts::new(rows), unshown, version })
}

struct Reading<'p, 'd> {
    plan: Plan<'p>,
    unshown: LeftOut,
    /// The cells of the rows that hold something, one row after the other, and none once they are too many to be remembered.
    cells: Option<Vec<(&'static str, Cell<'d>)>>,
    /// Where the cells of each row end.
    rows: Vec<usize>,
    tables: Vec<Table>,
}

struct Table {
    field: &'static str,
    /// How many rows there are with its own.
    last: usize,
    /// What is shown of its rows, if it has any.
    rows: Option<TableText>,
}

impl<'p, 'd> Reading<'p, 'd> {
    fn document(&mut self, scan: &mut Scan<'d>) -> Option<Map<String, Value>> {
        let mut fields = self.plan.def.walk();
        let mut document = Map::with_capacity(fields.len());
        scan.entries(|scan, key| {
            let field = fields.field(&key);
            if field.is_none() && !shape::is_frappes_own(&key) {
                return None;
            }
            let value = match field.filter(|field| field.kind.is_table()) {
                Some(table) => self.table(scan, table)?,
                None => scan.value()?.parsed()?,
            };
            document.insert(key.into_owned(), value).is_none().then_some(())
        })?;
        Some(document)
    }

    /// Reads the rows of a table: in their place, the document has one without values.
    fn table(&mut self, scan: &mut Scan<'d>, table: &'static FieldDef) -> Option<Value> {
        let seen_before = self.plan.wanted.map_or(0, |wanted| wanted.seen_before(table.fieldname));
        // Found for the first row: most tables of a document have none.
        let mut known: Option<Known<'p>> = None;
        let mut number = 0;
        scan.elements(|scan| {
            let known = match &mut known {
                Some(known) => known,
                none => none.insert(Known::new(table, self.plan)?),
            };
            // The version takes the values of all rows, unless they are too many.
            if known.json.is_full() && self.cells.is_none() {
                known.json.pass();
                return matches!(scan.value()?, Found::Json(row) if row.starts_with('{')).then_some(());
            }
            self.row(scan, known, number)?;
            known.json.end(number < seen_before);
            number += 1;
            Some(())
        })?;
        let rows = known.map(|known| known.json.into_text());
        let stand_in = rows.iter().map(|_| Value::Object(Map::new())).collect();
        self.tables.push(Table { field: table.fieldname, last: self.rows.len(), rows });
        Some(Value::Array(stand_in))
    }

    fn row(&mut self, scan: &mut Scan<'d>, known: &mut Known<'p>, number: usize) -> Option<()> {
        let Known { columns, json, last } = known;
        json.begin();
        let mut is_typed = false;
        scan.entries(|scan, key| {
            let found = scan.value()?;
            // Its DocType, which the table tells too: whatever that says of it, it is not shown.
            if key == "doctype" {
                self.remember("doctype", Cell::of(found)?);
                return (!std::mem::replace(&mut is_typed, true)).then_some(());
            }
            let (place, column, fate) = columns.find(&key)?;
            if last[place].replace(number) == Some(number) {
                return None;
            }
            let is_looked_at = self.cells.is_some() || column.permlevel > 0 || matches!(fate, Fate::Seen { .. });
            if !is_looked_at {
                return Some(());
            }
            let cell = Cell::of(found)?;
            if may_lie(column, fate, &cell) {
                return None;
            }
            if let Fate::Seen { is_main } = fate {
                json.add((place, column), is_main, &cell, columns.rows, &mut self.unshown);
            }
            self.remember(column.fieldname, cell);
            Some(())
        })?;
        self.rows.push(self.cells.as_ref().map_or(0, Vec::len));
        Some(())
    }

    fn remember(&mut self, column: &'static str, cell: Cell<'d>) {
        if let Some(cells) = &mut self.cells
            && (column == "name" || !cell.held().is_nothing())
        {
            cells.push((column, cell));
            if cells.len() > Values::MOST {
                self.cells = None;
            }
        }
    }

    fn version(&self, document: &Map<String, Value>) -> Option<Fingerprint> {
        let is_table = |field: &String| self.tables.iter().any(|table| table.field == field);
        let values = self.cells.as_ref().map(|all| {
            let mut values = Values::default();
            document.iter().filter(|(field, _)| !is_table(field)).for_each(|(field, value)| values.field(field, value));
            let (mut first, mut begin) = (0, 0);
            for Table { field, last, .. } in &self.tables {
                values.rows(field, last - first);
                for end in &self.rows[first..*last] {
                    let cells = &all[begin..*end];
                    let name = cells.iter().find(|(column, _)| *column == "name");
                    let name = name.map_or(ComparedValue::Other(&Value::Null), |(_, cell)| cell.held());
                    values.row(field, name, cells.iter().map(|(column, cell)| (*column, cell.held())));
                    begin = *end;
                }
                first = *last;
            }
            values
        });
        Fingerprint::with(document, values)
    }
}

/// A table whose rows are read.
struct Known<'p> {
    columns: Columns<'p>,
    json: RowJson,
    /// By the place of the column: the last row that has it, and whether there is one.
    last: Vec<Option<usize>>,
}

impl<'p> Known<'p> {
    fn new(table: &'static FieldDef, plan: Plan<'p>) -> Option<Self> {
        let child = table.rows_of().and_then(plan.children)?;
        let columns = Columns::new((table, child), plan.rule, (plan.wanted, plan.raw), plan.children);
        let (json, last) = (RowJson::new(columns.len(), plan.most), vec![None; columns.len()]);
        Some(Self { columns, json, last })
    }
}

/// Whether the value may be a zero that stands for what the user may not see (H4): the site has to be asked.
fn may_lie(column: &FieldDef, fate: Fate, cell: &Cell<'_>) -> bool {
    let is_number = || matches!(column.kind.shape(), Shape::Int | Shape::Float | Shape::Bool);
    column.permlevel > 0 && fate != Fate::Withheld && is_number() && cell.is_zero()
}

#[cfg(test)]
#[path = "shown_part_tests.rs"]
mod tests;
