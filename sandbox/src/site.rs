//! The site as one request sees it: one user, one transaction, one moment. Handlers and rules work through it.
//!
//! Documents are read and written by [`documents`](crate::documents), rights are asked in [`perms`](crate::perms),
//! lists in [`query`](crate::query); all of them are methods of [`Site`].

use std::cell::{OnceCell, RefCell};

use erpnext_schema::{DocTypeDef, Version, time};
use jiff::civil::DateTime;
use serde_json::{Map, Value};

use crate::error::{Message, SiteError, exc};
use crate::meta::Meta;
use crate::perms::{Restriction, User};
use crate::store::{Db, Sql};

/// The request that a write came with; empty where none did.
#[derive(Clone, Default)]
pub struct Origin {
    /// Method and path.
    pub request: String,
    /// Its `X-Request-Id`.
    pub id: Option<String>,
}

/// One request's view of the site.
pub struct Site<'a> {
    /// The database inside the request's transaction: kept for POST, PUT and DELETE that succeed, else undone.
    pub db: &'a Db<'a>,
    /// The DocTypes.
    pub meta: &'a Meta,
    /// Who asks.
    pub user: &'a User,
    /// The moment of the request; every document that it writes carries it.
    pub now: DateTime,
    /// Where the request came from, for the journal.
    pub origin: Origin,
    messages: RefCell<Vec<Message>>,
    pub(crate) restrictions: OnceCell<Vec<Restriction>>,
}

impl<'a> Site<'a> {
    /// A view for this user, now.
    pub fn new(db: &'a Db<'a>, meta: &'a Meta, user: &'a User) -> Self {
        Self {
            db,
            meta,
            user,
            now: meta.now(),
            origin: Origin::default(),
            messages: RefCell::default(),
            restrictions: OnceCell::new(),
        }
    }

    /// The same view with another user's rights, for what the site does by itself.
    pub fn as_user<'b>(&'b self, user: &'b User) -> Site<'b> {
        Site {
            db: self.db,
            meta: self.meta,
            user,
            now: self.now,
            origin: self.origin.clone(),
            messages: RefCell::default(),
            restrictions: OnceCell::new(),
        }
    }

    /// The version that the site runs: what it refuses and how it words its answers.
    pub fn version(&self) -> Version {
        self.meta.version()
    }

    /// The moment as documents carry it: `YYYY-MM-DD HH:MM:SS.ffffff`.
    pub fn now_text(&self) -> String {
        let text = time::format_datetime(self.now);
        if text.len() == 19 { format!("{text}.000000") } else { text }
    }

    /// The day as `YYYY-MM-DD`.
    pub fn today(&self) -> String {
        time::format_date(self.now.date())
    }

    /// The DocType of this name.
    ///
    /// # Errors
    /// 404, or 403 for a user who may not read DocTypes (H31).
    pub fn doctype(&self, name: &str) -> Result<&'static DocTypeDef, SiteError> {
        match self.meta.get(name) {
            Some(def) => Ok(def),
            None if self.user.is_administrator() => Err(SiteError::missing("DocType", name)),
            None => Err(SiteError::no_role(&self.user.name, "DocType").quiet()),
        }
    }

    /// The DocType of this name, for a new or a single document: where it is missing the site fails to import it.
    ///
    /// # Errors
    /// 500 ImportError.
    pub fn controller(&self, name: &str) -> Result<&'static DocTypeDef, SiteError> {
        let module = || name.to_lowercase().replace([' ', '-'], "_");
        self.meta
            .get(name)
            .ok_or_else(|| SiteError::new(exc::IMPORT, format!("No module named 'frappe.core.doctype.{}'", module())))
    }

    /// Adds a message for the person at the desk; it travels on answers of status 200 as well.
    pub fn say(&self, message: Message) {
        self.messages.borrow_mut().push(message);
    }

    /// Takes the messages that were added so far.
    pub fn take_messages(&self) -> Vec<Message> {
        self.messages.take()
    }

    /// Runs SQL that a handler made itself, and gives every row as an object of the named columns.
    ///
    /// # Errors
    /// The database's, as the site's 500. Tables are there only after `db.prepare(def)`.
    pub fn sql(&self, sql: &str, params: &[Sql], names: &[&str]) -> Result<Vec<Map<String, Value>>, SiteError> {
        let rows = self.db.query(sql, params)?;
        let object = |row: Vec<Sql>| {
            let cells = names.iter().zip(row);
            cells.map(|(name, cell)| ((*name).to_owned(), crate::store::from_sql(None, cell))).collect()
        };
        Ok(rows.into_iter().map(object).collect())
    }

    /// Notes a write that is about to take effect: `insert`, `update`, `delete`, `submit`, `cancel`, `rename`.
    ///
    /// # Errors
    /// The database's.
    pub fn journal(&self, verb: &str, doctype: &str, name: &str) -> Result<(), SiteError> {
        let Origin { request, id } = self.origin.clone();
        let texts =
            [&self.now_text(), &self.user.name, verb, doctype, name, &request].map(|text| Sql::Text(text.to_owned()));
        let id = id.map_or(Sql::Null, Sql::Text);
        let sql = "INSERT INTO journal (at, user, verb, doctype, name, request, request_id)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        self.db.execute(sql, &[texts.as_slice(), &[id]].concat())?;
        Ok(())
    }
}
