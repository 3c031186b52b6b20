//! Tables and columns of a DocType, made and extended when they are first used.

use erpnext_schema::{DocTypeDef, FieldDef, FieldKind, Shape, doctype_flag, flag};

use super::Db;

/// What is not a DocType's: counters, the values of Singles, the writes that took effect.
pub(super) const SYSTEM_TABLES: &str = "
    CREATE TABLE IF NOT EXISTS series (prefix TEXT PRIMARY KEY, current INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS singles (
        doctype TEXT NOT NULL, field TEXT NOT NULL, value TEXT, PRIMARY KEY (doctype, field)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS journal (at TEXT NOT NULL, user TEXT NOT NULL, verb TEXT NOT NULL,
        doctype TEXT NOT NULL, name TEXT NOT NULL);
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

/// The column's type. Numbers cannot be NULL, as on the site; text compares without regard to case.
fn sql_type(field: &FieldDef) -> &'static str {
    if field.fieldname == "name" {
        return "TEXT COLLATE NOCASE PRIMARY KEY NOT NULL";
    }
    match field.kind.shape() {
        Shape::Bool | Shape::Int => "INTEGER NOT NULL DEFAULT 0",
        Shape::Float if field.kind == FieldKind::Duration => "REAL",
        Shape::Float => "REAL NOT NULL DEFAULT 0",
        _ => "TEXT COLLATE NOCASE",
    }
}

impl Db<'_> {
    /// Makes the table of this DocType, or adds the columns that it lacks.
    ///
    /// # Errors
    /// The database's.
    pub fn prepare(&self, def: &'static DocTypeDef) -> rusqlite::Result<()> {
        if def.is(doctype_flag::SINGLE) || self.ready.borrow().contains(def.name) {
            return Ok(());
        }
        let table = table_name(def.name);
        let existing = self
            .conn
            .prepare(&format!("SELECT * FROM {table} LIMIT 0"))
            .map(|statement| statement.column_names().map(str::to_lowercase).collect::<Vec<_>>());
        let mut lines: Vec<(String, &'static str)> = Vec::new();
        let hidden = if def.is(doctype_flag::CHILD) { &[] } else { &HIDDEN_COLUMNS[..] };
        let named = columns(def).map(|field| (field.fieldname, sql_type(field)));
        for (name, sql) in named.chain(hidden.iter().map(|name| (*name, "TEXT"))) {
            // SQLite does not tell columns apart by case; the site does not either.
            if !lines.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
                lines.push((name.to_owned(), sql));
            }
        }
        match existing {
            Ok(existing) => {
                for (name, sql) in lines.iter().filter(|(name, _)| !existing.contains(&name.to_lowercase())) {
                    self.conn.execute_batch(&format!("ALTER TABLE {table} ADD COLUMN {} {sql}", quote(name)))?;
                }
            }
            Err(_) => {
                let lines: Vec<String> = lines.iter().map(|(name, sql)| format!("{} {sql}", quote(name))).collect();
                self.conn.execute_batch(&format!("CREATE TABLE {table} ({})", lines.join(", ")))?;
            }
        }
        for (number, columns) in indexes(def).into_iter().enumerate() {
            let index = quote(&format!("{}-{number}", def.name));
            self.conn.execute_batch(&format!("CREATE INDEX IF NOT EXISTS {index} ON {table} ({columns})"))?;
        }
        self.ready.borrow_mut().insert(def.name);
        Ok(())
    }

    /// Looks at the table anew when it is next used: the DocType has other fields now.
    pub fn forget(&self, doctype: &str) {
        self.ready.borrow_mut().remove(doctype);
    }
}

/// The columns to index: what lists are sorted by, rows are found by, and unique values are looked up by.
fn indexes(def: &DocTypeDef) -> Vec<String> {
    let wanted = columns(def).filter(|field| field.is(flag::UNIQUE) || field.is(flag::SEARCH_INDEX));
    let first = if def.is(doctype_flag::CHILD) { "\"parent\", \"parenttype\"" } else { "\"modified\"" };
    std::iter::once(first.to_owned()).chain(wanted.map(|field| quote(field.fieldname))).collect()
}
