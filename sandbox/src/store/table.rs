//! Tables and columns of a DocType, made and extended when they are first used.

use std::collections::HashMap;
use std::sync::Arc;

use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, Shape, doctype_flag, flag};

use super::{Db, Sql};

/// What is not a DocType's: counters, the values of Singles, the writes that took effect.
pub(super) const SYSTEM_TABLES: &str = "
    CREATE TABLE IF NOT EXISTS series (prefix TEXT PRIMARY KEY, current INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS singles (
        doctype TEXT NOT NULL, field TEXT NOT NULL, value TEXT, PRIMARY KEY (doctype, field)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS journal (at TEXT NOT NULL, user TEXT NOT NULL, verb TEXT NOT NULL,
        doctype TEXT NOT NULL, name TEXT NOT NULL, request TEXT NOT NULL, request_id TEXT);
    CREATE TABLE IF NOT EXISTS jobs (
        doctype TEXT NOT NULL, name TEXT NOT NULL, docstatus INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS facts (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;";

/// Columns that every document has and no form shows; the desk keeps JSON or comma-separated text in them.
pub const HIDDEN_COLUMNS: [&str; 4] = ["_user_tags", "_comments", "_assign", "_liked_by"];

/// The fields of a DocType that have a column.
pub fn columns(def: &DocTypeDef) -> impl Iterator<Item = &'static FieldDef> + use<> {
    def.all_fields()
        .filter(|field| !matches!(field.kind.shape(), Shape::Layout | Shape::Rows) && !field.is(flag::VIRTUAL))
}

/// `"tabX"`, quoted.
pub fn table_name(doctype: &str) -> String {
    quote(&format!("tab{doctype}"))
}

/// A name as an SQL identifier.
pub fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The column's type. Numbers cannot be NULL, as on the site; text compares by its collation.
fn sql_type(field: &FieldDef) -> &'static str {
    if field.fieldname == "name" {
        return "TEXT COLLATE utf8mb4_unicode_ci PRIMARY KEY NOT NULL";
    }
    match field.kind.shape() {
        Shape::Bool | Shape::Int => "INTEGER NOT NULL DEFAULT 0",
        Shape::Float if field.kind == FieldKind::Duration => "REAL",
        Shape::Float => "REAL NOT NULL DEFAULT 0",
        _ => "TEXT COLLATE utf8mb4_unicode_ci",
    }
}

/// The table of a DocType: what is worked out once for all of its rows.
pub(super) struct Table {
    def: &'static DocTypeDef,
    pub columns: Vec<&'static FieldDef>,
    /// `INSERT` with a mark for each column.
    pub insert: String,
    /// `SELECT` of each column, up to and with `WHERE`.
    pub select: String,
}

impl Table {
    fn new(def: &'static DocTypeDef) -> Self {
        let mut fields: Vec<&'static FieldDef> = Vec::new();
        for field in columns(def) {
            // SQLite does not tell columns apart by case; the site does not either.
            if !fields.iter().any(|known| known.fieldname.eq_ignore_ascii_case(field.fieldname)) {
                fields.push(field);
            }
        }
        let table = table_name(def.name);
        let names = fields.iter().map(|field| quote(field.fieldname)).collect::<Vec<_>>().join(", ");
        let marks = vec!["?"; fields.len()].join(", ");
        let insert = format!("INSERT INTO {table} ({names}) VALUES ({marks})");
        let select = format!("SELECT {names} FROM {table} WHERE ");
        Self { def, columns: fields, insert, select }
    }
}

/// The tables that are known to be as they should be.
#[derive(Clone, Default)]
pub(super) struct Tables {
    known: HashMap<&'static str, Arc<Table>>,
    /// Those among them that the transaction made or extended.
    made: Vec<&'static DocTypeDef>,
}

impl Tables {
    /// Takes note that what the transaction made is there to stay.
    pub(super) fn keep(&mut self) {
        self.made.clear();
    }

    /// Takes note that what the transaction made is gone, and says of which DocTypes.
    pub(super) fn lose(&mut self) -> Vec<&'static DocTypeDef> {
        self.lose_behind(0)
    }

    /// How many the transaction made until now.
    pub(super) fn count_made(&self) -> usize {
        self.made.len()
    }

    /// The same of what was made behind the first `count`.
    pub(super) fn lose_behind(&mut self, count: usize) -> Vec<&'static DocTypeDef> {
        let made = self.made.split_off(count.min(self.made.len()));
        for def in &made {
            self.known.remove(def.name);
        }
        made
    }
}

impl Db<'_> {
    /// Makes the table of this DocType, or adds the columns that it lacks.
    ///
    /// # Errors
    /// The database's.
    pub fn prepare(&self, def: &'static DocTypeDef) -> rusqlite::Result<()> {
        self.table(def).map(drop)
    }

    /// The table of this DocType, as it should be.
    pub(super) fn table(&self, def: &'static DocTypeDef) -> rusqlite::Result<Arc<Table>> {
        // Of another site it may be that of another DocType of this name.
        if let Some(table) = self.tables.borrow().known.get(def.name).filter(|table| std::ptr::eq(table.def, def)) {
            return Ok(table.clone());
        }
        let table = Arc::new(Table::new(def));
        let made = !def.is(doctype_flag::SINGLE) && self.lay_out(def, &table)?;
        let mut tables = self.tables.borrow_mut();
        tables.known.insert(def.name, table.clone());
        if made {
            tables.made.push(def);
        }
        Ok(table)
    }

    /// Makes the table or the columns that are not there, and says whether any were not.
    fn lay_out(&self, def: &'static DocTypeDef, table: &Table) -> rusqlite::Result<bool> {
        let name = table_name(def.name);
        let existing =
            self.query("SELECT name FROM pragma_table_info(?1)", &[Sql::Text(format!("tab{}", def.name))])?;
        let exists = |column: &str| {
            let mut names = existing.iter().flatten();
            names.any(|known| matches!(known, Sql::Text(known) if known.eq_ignore_ascii_case(column)))
        };
        let hidden = if def.is(doctype_flag::CHILD) { &[] } else { &HIDDEN_COLUMNS[..] };
        // Communication has one of them on its form.
        let hidden = hidden.iter().filter(|name| table.columns.iter().all(|field| field.fieldname != **name));
        let mut fields = table.columns.clone();
        fields.sort_by_key(|field| place(field));
        let fields = fields.into_iter().map(|field| (field.fieldname, sql_type(field)));
        let columns = fields.chain(hidden.map(|name| (*name, "TEXT")));
        let missing = columns.filter(|(name, _)| !exists(name)).map(|(name, sql)| format!("{} {sql}", quote(name)));
        let missing = missing.collect::<Vec<_>>();
        if missing.is_empty() {
            return Ok(false);
        }
        let mut sql = if existing.is_empty() {
            format!("CREATE TABLE {name} ({});", missing.join(", "))
        } else {
            missing.iter().map(|column| format!("ALTER TABLE {name} ADD COLUMN {column};")).collect()
        };
        for (number, columns) in indexes(def).into_iter().enumerate() {
            let index = quote(&format!("{}-{number}", def.name));
            sql.push_str(&format!("CREATE INDEX IF NOT EXISTS {index} ON {name} ({columns});"));
        }
        self.conn.execute_batch(&sql).map(|()| true)
    }

    /// Whether there is a table of this DocType: nothing made one as long as nobody asked for its documents.
    ///
    /// # Errors
    /// The database's.
    pub fn has_table(&self, doctype: &str) -> rusqlite::Result<bool> {
        let sql = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1";
        Ok(self.scalar(sql, &[Sql::Text(format!("tab{doctype}"))])?.is_some())
    }

    /// Gives the table the columns of the DocType as it is by now, before anybody comes who knows it as it was.
    ///
    /// # Errors
    /// The database's.
    pub fn renew(&self, def: &'static DocTypeDef) -> rusqlite::Result<()> {
        self.tables.borrow_mut().known.remove(def.name);
        self.prepare(def)
    }
}

/// Where a column stands in its table. A row is read from its beginning up to the last column that a query names: what lists
/// show and filter comes first, texts of any length last.
fn place(field: &FieldDef) -> u8 {
    const ASKED_FOR: [u32; 6] =
        [flag::STANDARD, flag::IN_LIST_VIEW, flag::IN_STANDARD_FILTER, flag::SEARCH_INDEX, flag::REQD, flag::BOLD];
    match field.kind.shape() {
        _ if ASKED_FOR.iter().any(|bit| field.is(*bit)) => 0,
        Shape::Text if field.max_length().is_none() => 2,
        _ => 1,
    }
}

/// The columns to index: what lists are sorted by, rows are found by, and unique values are looked up by.
///
/// Each index goes on with what a list or a group asks for beside it: the newest come out of it in order, and the states and
/// amounts that the DocType's list shows are read from it alone.
fn indexes(def: &DocTypeDef) -> Vec<String> {
    let wanted = columns(def).filter(|field| field.is(flag::UNIQUE) || field.is(flag::SEARCH_INDEX));
    let wanted = wanted.map(|field| quote(field.fieldname));
    if def.is(doctype_flag::CHILD) {
        return std::iter::once("\"parent\", \"parenttype\"".to_owned()).chain(wanted).collect();
    }
    let amounts = columns(def).filter(|field| field.is(flag::IN_LIST_VIEW) && field.kind.shape() == Shape::Float);
    let beside: String = amounts.map(|field| format!(", {}", quote(field.fieldname))).collect();
    let newest = "\"modified\", \"docstatus\"";
    let found = wanted.map(|column| format!("{column}, {newest}{beside}"));
    std::iter::once(newest.to_owned()).chain(found).collect()
}
