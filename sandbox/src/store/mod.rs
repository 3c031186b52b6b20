//! The database: one SQLite connection, one request at a time, every request one transaction.
//!
//! One table with real columns per DocType, made when it is first used: a list over 100,000 documents then reads only
//! the columns that it names and can use an index, where JSON columns would be parsed row by row. What lists name stands first
//! in a row, and every index goes on with `modified`, `docstatus` and the amounts that the DocType's list shows
//! (`table.rs`): the newest of a status or a customer come out of one in order, and most groups and counts need nothing else.
//!
//! Over 100,000 orders (`examples/lists.rs`, an idle machine of 2 cores), in memory and in a file alike: a page by an index below
//! 1 ms, by a scan 4 to 40 ms, a search that finds nothing 28 ms, groups and sums of what the list shows 9 ms, all 100,000 names
//! without a limit 37 to 54 ms; groups and sums of other columns 44 to 72 ms, as every document is looked up.

mod row;
mod table;
mod value;

use std::cell::RefCell;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use erpnext_schema::collation::{fold, like};
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;

use self::table::Tables;
pub use rusqlite::types::Value as Sql;
pub use table::{HIDDEN_COLUMNS, columns, quote, table_name};
pub use value::{from_sql, to_column, to_sql};

/// The database of a site.
pub struct Store {
    inner: Mutex<(Connection, RefCell<Tables>)>,
}

/// The database inside one transaction.
pub struct Db<'t> {
    conn: &'t Connection,
    tables: &'t RefCell<Tables>,
}

/// All data of a site.
#[derive(Clone)]
pub struct Image {
    data: Arc<[u8]>,
    /// The tables that need no look there.
    tables: Tables,
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Image({} bytes)", self.data.len())
    }
}

/// Lets texts compare as on a site: its collation under its name, and patterns by it.
fn compare_as_the_site(conn: &Connection) -> rusqlite::Result<()> {
    conn.create_collation("utf8mb4_unicode_ci", |one, other| match one.is_ascii() && other.is_ascii() {
        true => {
            let [one, other] = [one, other].map(|text| text.trim_end_matches(' ').bytes());
            one.map(|byte| byte.to_ascii_lowercase()).cmp(other.map(|byte| byte.to_ascii_lowercase()))
        }
        false => fold(one).cmp(&fold(other)),
    })?;
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    conn.create_scalar_function("like", 2, flags, |given| {
        let text = |value| match value {
            Sql::Text(text) => Some(text),
            Sql::Integer(number) => Some(number.to_string()),
            Sql::Real(number) => Some(number.to_string()),
            Sql::Null | Sql::Blob(_) => None,
        };
        let (pattern, of) = (text(given.get::<Sql>(0)?), text(given.get::<Sql>(1)?));
        Ok(pattern.zip(of).map(|(pattern, of)| like(&pattern, &of)))
    })
}

impl Store {
    /// Opens `site.db` in this directory.
    ///
    /// An acknowledged write survives the process: the log is flushed at every commit.
    ///
    /// # Errors
    /// A file that cannot be opened or is no database of this kind.
    pub fn open(directory: &Path) -> rusqlite::Result<Self> {
        let conn = Connection::open(directory.join("site.db"))?;
        conn.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA mmap_size = 1073741824;")?;
        Self::on(conn, Tables::default())
    }

    /// A database in memory, empty or as the image has it.
    ///
    /// # Errors
    /// An image that is no database.
    pub fn in_memory(image: Option<&Image>) -> rusqlite::Result<Self> {
        let mut conn = Connection::open_in_memory()?;
        let Some(Image { data, tables }) = image else { return Self::on(conn, Tables::default()) };
        conn.deserialize_read_exact(rusqlite::MAIN_DB, &**data, data.len(), false)?;
        Self::on(conn, tables.clone())
    }

    fn on(conn: Connection, tables: Tables) -> rusqlite::Result<Self> {
        conn.set_prepared_statement_cache_capacity(512);
        conn.busy_timeout(std::time::Duration::from_secs(5))?;
        conn.execute_batch("PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;")?;
        compare_as_the_site(&conn)?;
        conn.execute_batch(table::SYSTEM_TABLES)?;
        Ok(Self { inner: Mutex::new((conn, RefCell::new(tables))) })
    }

    /// All data.
    ///
    /// # Errors
    /// The database's.
    pub fn image(&self) -> rusqlite::Result<Image> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let (conn, tables) = &mut *inner;
        let data = Arc::from(&*conn.serialize(rusqlite::MAIN_DB)?);
        Ok(Image { data, tables: tables.get_mut().clone() })
    }

    /// Does the work in one transaction, and keeps what it wrote where the work says `true`.
    ///
    /// # Errors
    /// The work's own, or the database's; nothing is kept then.
    pub fn transaction<T, E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce(&Db<'_>) -> Result<(T, bool), E>,
    ) -> Result<T, E> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let (conn, tables) = &mut *inner;
        let transaction = conn.transaction()?;
        let worked = work(&Db { conn: &transaction, tables });
        let keep = worked.as_ref().is_ok_and(|(_, keep)| *keep);
        let ended = if keep { transaction.commit() } else { transaction.rollback() };
        if keep && ended.is_ok() {
            tables.get_mut().keep();
        } else {
            make_again(conn, tables)?;
        }
        let (result, _) = worked?;
        ended?;
        Ok(result)
    }
}

/// Makes the tables that went with a transaction which was not kept. Else every read of a DocType without documents would make
/// its table and take it back, and after each time SQLite reads the layout of all tables anew.
fn make_again(conn: &mut Connection, tables: &mut RefCell<Tables>) -> rusqlite::Result<()> {
    let lost = tables.get_mut().lose();
    if lost.is_empty() {
        return Ok(());
    }
    let transaction = conn.transaction()?;
    let db = Db { conn: &transaction, tables };
    lost.into_iter().try_for_each(|def| db.prepare(def))?;
    transaction.commit()?;
    tables.get_mut().keep();
    Ok(())
}

impl Db<'_> {
    /// Runs a query and gives its rows.
    ///
    /// # Errors
    /// The database's.
    pub fn query(&self, sql: &str, params: &[Sql]) -> rusqlite::Result<Vec<Vec<Sql>>> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let width = statement.column_count();
        let rows = statement.query_map(rusqlite::params_from_iter(params), |row| {
            (0..width).map(|column| row.get(column)).collect::<rusqlite::Result<Vec<Sql>>>()
        })?;
        rows.collect()
    }

    /// The first column of the first row.
    ///
    /// # Errors
    /// The database's.
    pub fn scalar(&self, sql: &str, params: &[Sql]) -> rusqlite::Result<Option<Sql>> {
        let rows = self.query(sql, params)?;
        Ok(rows.into_iter().next().and_then(|row| row.into_iter().next()))
    }

    /// Runs a statement and gives the number of rows that it changed.
    ///
    /// # Errors
    /// The database's.
    pub fn execute(&self, sql: &str, params: &[Sql]) -> rusqlite::Result<usize> {
        self.conn.prepare_cached(sql)?.execute(rusqlite::params_from_iter(params))
    }

    /// Does the work as a part that can be undone by itself.
    ///
    /// # Errors
    /// The work's own; what it wrote is undone, what stood before stays.
    pub fn savepoint<T, E: From<rusqlite::Error>>(&self, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let made = self.tables.borrow().count_made();
        self.conn.execute_batch("SAVEPOINT part")?;
        let result = work();
        if result.is_err() {
            self.tables.borrow_mut().lose_behind(made);
        }
        self.conn.execute_batch(if result.is_ok() { "RELEASE part" } else { "ROLLBACK TO part; RELEASE part" })?;
        result
    }

    /// The next number of a naming series; numbers that an undone request took are given again.
    ///
    /// # Errors
    /// The database's.
    pub fn next_in_series(&self, prefix: &str) -> rusqlite::Result<i64> {
        let sql = "INSERT INTO series (prefix, current) VALUES (?1, 1)
            ON CONFLICT (prefix) DO UPDATE SET current = current + 1 RETURNING current";
        self.conn.prepare_cached(sql)?.query_row([prefix], |row| row.get(0))
    }
}
