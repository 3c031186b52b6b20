//! A document for reading, made of the site's bytes at once: the rows of its tables are written as they are answered. All
//! else is cut and presented as any document is; what tells more than that is read in the ordinary way.

use std::fmt;

use erpnext_schema::{Children, DocTypeDef, FieldDef, Shape};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::cell::{Cell, CellSeed};
use super::row_json::RowJson;
use crate::document::fingerprint::{ComparedValue, Fingerprint, Values};
use crate::limit::written::{append, append_text};
use crate::policy::FieldRule;
use crate::shape::columns::{Columns, Fate};
use crate::shape::present::LeftOut;
use crate::shape::{self, Wanted};

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
}

/// The part of a document that may be shown.
#[derive(Debug)]
pub struct Part {
    /// Its fields; of a table that has rows one row, with the columns that may not be seen and no value.
    pub document: Map<String, Value>,
    /// Its rows.
    pub rows: Rows,
    /// What is to be said of values that no row has here.
    pub unshown: LeftOut,
    /// The version that it is, of all of its values.
    pub version: Option<Fingerprint>,
}

/// The rows of a document by their tables, each the JSON of what is shown of them.
#[derive(Default, Debug)]
pub struct Rows(Vec<(&'static str, String)>);

impl Rows {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Writes a document with those of its tables that it still has.
    pub fn write(&self, document: &Map<String, Value>, json: &mut String) {
        json.reserve(self.0.iter().map(|(_, rows)| rows.len()).sum());
        json.push('{');
        for (at, (key, value)) in document.iter().enumerate() {
            if at > 0 {
                json.push(',');
            }
            append_text(key, json);
            json.push(':');
            match self.0.iter().find(|(table, _)| table == key && value.is_array()) {
                Some((_, rows)) => json.push_str(rows),
                None => append(value, json),
            }
        }
        json.push('}');
    }
}

/// Reads the document in the site's answer; none where it is not to be had so: where rows have fields that the tables do not
/// know or values that may stand for others, or where it is not formed as documents are.
pub fn read(answer: &[u8], plan: Plan<'_>) -> Option<Part> {
    let answer = std::str::from_utf8(answer).ok()?;
    let mut reading =
        Reading { plan, unshown: LeftOut::default(), cells: Some(Vec::new()), rows: Vec::new(), tables: Vec::new() };
    let mut json = serde_json::Deserializer::from_str(answer);
    let document = Answer(&mut reading).deserialize(&mut json).ok()?;
    json.end().ok()?;
    let (unshown, version) = (reading.unshown, reading.version(&document));
    let rows = reading.tables.into_iter().filter_map(|table| Some((table.field, table.rows?))).collect();
    Some(Part { document, rows: Rows(rows), unshown, version })
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
    /// The JSON of its rows, if it has any.
    rows: Option<String>,
}

impl<'d> Reading<'_, 'd> {
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

/// The site's answer: what else it holds is read, and not kept.
struct Answer<'r, 'p, 'd>(&'r mut Reading<'p, 'd>);

impl<'d> DeserializeSeed<'d> for Answer<'_, '_, 'd> {
    type Value = Map<String, Value>;

    fn deserialize<D: Deserializer<'d>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'d> Visitor<'d> for Answer<'_, '_, 'd> {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an answer")
    }

    fn visit_map<A: MapAccess<'d>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut document = None;
        while let Some(key) = entries.next_key::<String>()? {
            if key != "data" {
                entries.next_value::<Value>()?;
            } else if document.replace(entries.next_value_seed(Document(self.0))?).is_some() {
                return Err(unlike());
            }
        }
        document.ok_or_else(unlike)
    }
}

/// That a document cannot be read so.
fn unlike<E: Error>() -> E {
    E::custom("to be read in the ordinary way")
}

struct Document<'r, 'p, 'd>(&'r mut Reading<'p, 'd>);

impl<'d> DeserializeSeed<'d> for Document<'_, '_, 'd> {
    type Value = Map<String, Value>;

    fn deserialize<D: Deserializer<'d>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'d> Visitor<'d> for Document<'_, '_, 'd> {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a document")
    }

    fn visit_map<A: MapAccess<'d>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut fields = self.0.plan.def.walk();
        let mut document = Map::with_capacity(fields.len());
        while let Some(key) = entries.next_key::<String>()? {
            let field = fields.field(&key);
            if field.is_none() && !shape::is_frappes_own(&key) {
                return Err(unlike());
            }
            let value = match field.filter(|field| field.kind.is_table()) {
                Some(table) => {
                    let (value, rows) = entries.next_value_seed(RowsOf { reading: self.0, table })?;
                    self.0.tables.push(Table { field: table.fieldname, last: self.0.rows.len(), rows });
                    value
                }
                None => entries.next_value()?,
            };
            if document.insert(key, value).is_some() {
                return Err(unlike());
            }
        }
        Ok(document)
    }
}

struct RowsOf<'r, 'p, 'd> {
    reading: &'r mut Reading<'p, 'd>,
    table: &'static FieldDef,
}

impl<'d> DeserializeSeed<'d> for RowsOf<'_, '_, 'd> {
    type Value = (Value, Option<String>);

    fn deserialize<D: Deserializer<'d>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'d> Visitor<'d> for RowsOf<'_, '_, 'd> {
    type Value = (Value, Option<String>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("rows")
    }

    fn visit_seq<A: SeqAccess<'d>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let Self { reading, table } = self;
        let seen_before = reading.plan.wanted.map_or(0, |wanted| wanted.seen_before(table.fieldname));
        let mut way = Way { reading, table, known: None };
        let mut number = 0;
        while entries.next_element_seed(Row { way: &mut way, number, is_old: number < seen_before })?.is_some() {
            number += 1;
        }
        Ok(way.known.map_or((Value::Array(Vec::new()), None), |known| {
            (Value::Array(vec![Value::Object(Map::new())]), Some(known.json.into_json()))
        }))
    }
}

/// The way along the rows of a table.
struct Way<'r, 'p, 'd> {
    reading: &'r mut Reading<'p, 'd>,
    table: &'static FieldDef,
    /// Found for the first row: most tables of a document have none.
    known: Option<Known<'p>>,
}

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
        let (json, last) = (RowJson::new(columns.len()), vec![None; columns.len()]);
        Some(Self { columns, json, last })
    }
}

struct Row<'w, 'r, 'p, 'd> {
    way: &'w mut Way<'r, 'p, 'd>,
    number: usize,
    /// Whether the caller has seen it before.
    is_old: bool,
}

impl<'d> DeserializeSeed<'d> for Row<'_, '_, '_, 'd> {
    type Value = ();

    fn deserialize<D: Deserializer<'d>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'d> Visitor<'d> for Row<'_, '_, '_, 'd> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row")
    }

    fn visit_map<A: MapAccess<'d>>(self, mut entries: A) -> Result<(), A::Error> {
        let Self { way: Way { reading, table, known }, number, is_old } = self;
        if known.is_none() {
            *known = Known::new(table, reading.plan);
        }
        let Some(Known { columns, json, last }) = known else { return Err(unlike()) };
        json.begin();
        let mut is_typed = false;
        while let Some(key) = entries.next_key_seed(Key(columns))? {
            let cell = entries.next_value_seed(CellSeed)?;
            let Some((place, column, fate)) = key else {
                // Its DocType, which the table tells too.
                if std::mem::replace(&mut is_typed, true) {
                    return Err(unlike());
                }
                reading.remember("doctype", cell);
                continue;
            };
            if last[place].replace(number) == Some(number) || may_lie(column, fate, &cell) {
                return Err(unlike());
            }
            match fate {
                Fate::Seen { is_main } => {
                    json.add((place, column), is_main, &cell, columns.rows, &mut reading.unshown);
                }
                Fate::Withheld | Fate::Dropped => {}
            }
            reading.remember(column.fieldname, cell);
        }
        json.end(is_old);
        reading.rows.push(reading.cells.as_ref().map_or(0, Vec::len));
        Ok(())
    }
}

/// Whether the value may be a zero that stands for what the user may not see (H4): the site has to be asked.
fn may_lie(column: &FieldDef, fate: Fate, cell: &Cell<'_>) -> bool {
    let is_number = || matches!(column.kind.shape(), Shape::Int | Shape::Float | Shape::Bool);
    column.permlevel > 0 && fate != Fate::Withheld && is_number() && cell.is_zero()
}

/// The column of a key; none for the DocType that each row names.
struct Key<'k, 'p>(&'k mut Columns<'p>);

impl<'d> DeserializeSeed<'d> for Key<'_, '_> {
    type Value = Option<(usize, &'static FieldDef, Fate)>;

    fn deserialize<D: Deserializer<'d>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'d> Visitor<'d> for Key<'_, '_> {
    type Value = Option<(usize, &'static FieldDef, Fate)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a column")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        // Whatever the table says of it, it is not shown.
        if key == "doctype" {
            return Ok(None);
        }
        self.0.find(key).map(Some).ok_or_else(unlike)
    }
}

#[cfg(test)]
#[path = "shown_part_tests.rs"]
mod tests;
