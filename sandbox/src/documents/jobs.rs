//! Steps with large documents: the site takes them, answers with the document as it is, and does them by a job of its own.
//! Until then the document is locked.

use std::time::Duration;

use serde_json::json;

use super::change::Action;
use crate::doc::{Doc, rows, text};
use crate::error::{Message, SiteError, exc};
use crate::site::Site;
use crate::store::{Db, Sql};

/// How long after a step was taken a worker is at it.
pub(crate) const LATER: Duration = Duration::from_secs(2);
/// The tables that make a document large, each with the most rows that are done at once.
const LARGE: [(&str, &str, usize); 3] =
    [("Journal Entry", "accounts", 100), ("Stock Entry", "items", 50), ("Stock Reconciliation", "items", 100)];
/// The methods that take such steps.
const TAKEN_BY: [&str; 3] = ["frappe.client.submit", "frappe.client.cancel", "frappe.model.workflow.apply_workflow"];

/// Whether a request to this path may leave a job.
pub(crate) fn may_be_left_by(path: &str) -> bool {
    TAKEN_BY.iter().any(|method| path.ends_with(method))
}

/// A step that waits.
pub(crate) struct Job {
    doctype: String,
    name: String,
    docstatus: i64,
}

impl Job {
    /// All that wait, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub(crate) fn all(db: &Db<'_>) -> Result<Vec<Self>, SiteError> {
        let job = |row: Vec<Sql>| match <[Sql; 3]>::try_from(row) {
            Ok([Sql::Text(doctype), Sql::Text(name), Sql::Integer(docstatus)]) => {
                Some(Self { doctype, name, docstatus })
            }
            _ => None,
        };
        let rows = db.query("SELECT doctype, name, docstatus FROM jobs ORDER BY rowid", &[])?;
        Ok(rows.into_iter().filter_map(job).collect())
    }

    /// Unlocks the document, whatever becomes of the step: whether it still waited.
    ///
    /// # Errors
    /// The database's.
    pub(crate) fn unlock(&self, db: &Db<'_>) -> Result<bool, SiteError> {
        let [doctype, name] = named(&self.doctype, &self.name);
        let sql = "DELETE FROM jobs WHERE doctype = ?1 AND name = ?2 AND docstatus = ?3";
        Ok(db.execute(sql, &[doctype, name, Sql::Integer(self.docstatus)])? > 0)
    }

    /// Takes the step.
    ///
    /// # Errors
    /// As [`Site::save`].
    pub(crate) fn run(&self, site: &Site<'_>) -> Result<(), SiteError> {
        let mut doc = site.load(&self.doctype, &self.name)?;
        doc.insert("docstatus".to_owned(), json!(self.docstatus));
        site.save(doc).map(drop)
    }
}

impl Site<'_> {
    /// Leaves a step with a large document to a job: whether it did.
    ///
    /// # Errors
    /// A document that is locked or gone, a right that is missing.
    pub(super) fn leave_to_a_job(&self, doc: &Doc, action: Action) -> Result<bool, SiteError> {
        let (doctype, name) = (text(doc, "doctype"), text(doc, "name"));
        if !LARGE.iter().any(|(of, table, most)| *of == doctype && rows(doc, table).count() > *most) {
            return Ok(false);
        }
        if self.check_unlocked(doctype, name).is_err() {
            let text = "This document is currently locked and queued for execution. Please try again after some time.";
            return Err(SiteError::titled(exc::VALIDATION, "Document Queued", text));
        }
        self.check(doctype, Some(&self.load(doctype, name)?), action.right())?;
        let docstatus = if action == Action::Cancel { 2 } else { 1 };
        let [doctype, name] = named(doctype, name);
        let sql = "INSERT INTO jobs (doctype, name, docstatus) VALUES (?1, ?2, ?3)";
        self.db.execute(sql, &[doctype, name, Sql::Integer(docstatus)])?;
        self.say(Message { indicator: Some("green"), alert: true, ..Message::new("Left to a job of the site.") });
        Ok(true)
    }

    /// That no job waits for the document.
    ///
    /// # Errors
    /// 417 DocumentLockedError.
    pub(super) fn check_unlocked(&self, doctype: &str, name: &str) -> Result<(), SiteError> {
        let sql = "SELECT 1 FROM jobs WHERE doctype = ?1 AND name = ?2";
        match self.db.scalar(sql, &named(doctype, name))? {
            None => Ok(()),
            Some(_) => Err(SiteError::throw(exc::LOCKED, format!("{doctype} {name} waits for a job of the site"))),
        }
    }
}

fn named(doctype: &str, name: &str) -> [Sql; 2] {
    [doctype, name].map(|text| Sql::Text(text.to_owned()))
}
