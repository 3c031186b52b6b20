//! Rows of a DocType's table as documents without their child rows, and the one row of values that a Single has.

use erpnext_schema::{DocTypeDef, FieldDef, doctype_flag};
use serde_json::Value;

use super::table::HIDDEN_COLUMNS;
use super::{Db, Sql, columns, from_sql, quote, table_name, to_column};
use crate::doc::{Doc, display};
use crate::error::SiteError;
use crate::meta::Meta;

impl Db<'_> {
    /// The name as it is stored: case and trailing spaces do not count (H26).
    ///
    /// # Errors
    /// The database's.
    pub fn exists(&self, def: &'static DocTypeDef, name: &str) -> Result<Option<String>, SiteError> {
        if def.is(doctype_flag::SINGLE) {
            return Ok(Some(def.name.to_owned()));
        }
        if def.is(doctype_flag::VIRTUAL) {
            return Ok(None);
        }
        self.prepare(def)?;
        let sql = format!("SELECT name FROM {} WHERE name = ?1", table_name(def.name));
        Ok(match self.scalar(&sql, &[Sql::Text(name.trim_end().to_owned())])? {
            Some(Sql::Text(name)) => Some(name),
            _ => None,
        })
    }

    /// The row of that name, every column in the form's order, NULLs included.
    ///
    /// # Errors
    /// The database's.
    pub fn row(&self, def: &'static DocTypeDef, name: &str) -> Result<Option<Doc>, SiteError> {
        let rows = self.rows_where(def, "name = ?1", &[Sql::Text(name.trim_end().to_owned())])?;
        Ok(rows.into_iter().next())
    }

    /// The rows for which the SQL condition holds; the condition may go on with `ORDER BY`.
    ///
    /// # Errors
    /// The database's.
    pub fn rows_where(&self, def: &'static DocTypeDef, condition: &str, params: &[Sql]) -> Result<Vec<Doc>, SiteError> {
        let table = self.table(def)?;
        let rows = self.query(&format!("{}{condition}", table.select), params)?;
        let numbered = def.autoname.is_some_and(|rule| rule.eq_ignore_ascii_case("autoincrement"));
        Ok(rows
            .into_iter()
            .map(|row| {
                let cells = table.columns.iter().zip(row).map(|(field, cell)| {
                    let value = from_sql(Some(field), cell);
                    match value.as_str().and_then(|text| text.parse::<i64>().ok()) {
                        Some(number) if numbered && field.fieldname == "name" => (field, Value::from(number)),
                        _ => (field, value),
                    }
                });
                cells.map(|(field, value)| (field.fieldname.to_owned(), value)).collect()
            })
            .collect())
    }

    /// The rows of a DocType in which a field has this value; none where the DocType is not known.
    ///
    /// # Errors
    /// The database's.
    pub fn rows_where_in(&self, doctype: &str, meta: &Meta, field: &str, value: &str) -> Result<Vec<Doc>, SiteError> {
        match meta.get(doctype) {
            Some(def) => self.rows_where(def, &format!("{} = ?1", quote(field)), &[Sql::Text(value.to_owned())]),
            None => Ok(Vec::new()),
        }
    }

    /// Adds a row. Keys without a column are left aside, columns without a key get NULL or 0 (H1).
    ///
    /// # Errors
    /// A value that its column refuses.
    pub fn add_row(&self, def: &'static DocTypeDef, row: &Doc) -> Result<(), SiteError> {
        let table = self.table(def)?;
        let value = |field: &&'static FieldDef| to_column(field, row.get(field.fieldname).unwrap_or(&Value::Null));
        let params = table.columns.iter().map(value).collect::<Result<Vec<_>, _>>()?;
        self.execute(&table.insert, &params)?;
        Ok(())
    }

    /// Writes every column of a row that `row` has a key for, `_user_tags` and its like included; `name` says which.
    ///
    /// # Errors
    /// A value that its column refuses.
    pub fn set_row(&self, def: &'static DocTypeDef, name: &str, row: &Doc) -> Result<(), SiteError> {
        self.prepare(def)?;
        let mut parts = Vec::new();
        let mut params = Vec::new();
        for field in columns(def).filter(|field| field.fieldname != "name") {
            if let Some(value) = row.get(field.fieldname) {
                parts.push(format!("{} = ?", quote(field.fieldname)));
                params.push(to_column(field, value)?);
            }
        }
        for column in HIDDEN_COLUMNS {
            if let Some(value) = row.get(column) {
                parts.push(format!("{column} = ?"));
                params.push(if value.is_null() { Sql::Null } else { Sql::Text(display(value)) });
            }
        }
        if parts.is_empty() {
            return Ok(());
        }
        params.push(Sql::Text(name.to_owned()));
        self.execute(&format!("UPDATE {} SET {} WHERE name = ?", table_name(def.name), parts.join(", ")), &params)?;
        Ok(())
    }

    /// Deletes the rows for which the SQL condition holds.
    ///
    /// # Errors
    /// The database's.
    pub fn delete_where(&self, def: &'static DocTypeDef, condition: &str, params: &[Sql]) -> Result<usize, SiteError> {
        self.prepare(def)?;
        Ok(self.execute(&format!("DELETE FROM {} WHERE {condition}", table_name(def.name)), params)?)
    }

    /// The values of a Single that were ever set, as text.
    ///
    /// # Errors
    /// The database's.
    pub fn single(&self, doctype: &str) -> Result<Vec<(String, Option<String>)>, SiteError> {
        let sql = "SELECT field, value FROM singles WHERE doctype = ?1";
        let rows = self.query(sql, &[Sql::Text(doctype.to_owned())])?;
        Ok(rows
            .into_iter()
            .filter_map(|row| match <[Sql; 2]>::try_from(row) {
                Ok([Sql::Text(field), Sql::Text(value)]) => Some((field, Some(value))),
                Ok([Sql::Text(field), _]) => Some((field, None)),
                _ => None,
            })
            .collect())
    }

    /// One value of a Single as text, if it was ever set.
    ///
    /// # Errors
    /// The database's.
    pub fn single_value(&self, doctype: &str, field: &str) -> rusqlite::Result<Option<String>> {
        let sql = "SELECT value FROM singles WHERE doctype = ?1 AND field = ?2";
        let cell = self.scalar(sql, &[doctype, field].map(|text| Sql::Text(text.to_owned())))?;
        Ok(cell.and_then(|cell| if let Sql::Text(text) = cell { Some(text) } else { None }))
    }

    /// Sets one value of a Single.
    ///
    /// # Errors
    /// The database's.
    pub fn set_single(&self, doctype: &str, field: &str, value: Sql) -> Result<(), SiteError> {
        let sql = "INSERT INTO singles (doctype, field, value) VALUES (?1, ?2, ?3)
            ON CONFLICT (doctype, field) DO UPDATE SET value = excluded.value";
        self.execute(sql, &[Sql::Text(doctype.to_owned()), Sql::Text(field.to_owned()), value])?;
        Ok(())
    }
}
