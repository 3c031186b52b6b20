//! Documents: read, insert, save, submit, cancel, delete, each under the site's rules. All as methods of [`Site`].
//!
//! A document is worked on in memory as it was sent and stored as the columns take it: what comes back from a write
//! is the former (H13). Every rule that applies to a whole document stands in [`Site::insert`] and [`Site::save`],
//! in the site's order, since that decides which of several errors is seen.

mod approvals;
mod backlinks;
mod bins;
mod business;
mod change;
mod clearance;
mod defaults;
mod fill;
pub(crate) mod jobs;
mod journal;
pub(crate) mod ledger;
mod left;
mod links;
mod load;
mod matching;
mod naming;
mod offsets;
mod orders;
pub(crate) mod own;
mod payments;
mod production;
mod progress;
mod remove;
mod render;
mod rows;
mod stamp;
mod status;
mod stock;
mod taken_back;
mod validate;
mod version;

use erpnext_schema::{DocTypeDef, doctype_flag};
use serde_json::{Value, json};

use crate::doc::{Doc, int, text};
use crate::error::SiteError;
use crate::perms::Right;
use crate::site::Site;

pub use change::{Action, same};
pub(crate) use fill::words;
pub use left::Left;
pub use naming::random;
pub(crate) use payments::total;
pub use render::without_nulls;

impl Site<'_> {
    /// Adds a document under all rules and gives it as `insert` of the site echoes it (H13), nulls included.
    ///
    /// # Errors
    /// The rule that is broken.
    pub fn insert(&self, mut doc: Doc) -> Result<Doc, SiteError> {
        let def = self.controller(text(&doc, "doctype"))?;
        if def.is(doctype_flag::SINGLE) {
            return self.save(doc);
        }
        self.check_create(def, &doc)?;
        self.require_materials(def, &mut doc)?;
        self.take_rows(def, &mut doc)?;
        self.fill_defaults(def, &mut doc);
        doc.retain(|key, _| !matches!(key.as_str(), "modified" | "creation" | "modified_by" | "owner"));
        self.stamp(def, &mut doc);
        self.stamp_rows(def, &mut doc)?;
        if int(&doc, "docstatus") > 0 {
            change::action(0, int(&doc, "docstatus"))?;
            self.check(def.name, None, Right::Submit)?;
        }
        self.check_all_links(def, &mut doc)?;
        let unnamed = Doc::from_iter(doc.iter().filter(|(key, _)| *key != "name").map(|(k, v)| (k.clone(), v.clone())));
        if !def.is(doctype_flag::CHILD) {
            self.check(def.name, Some(&unnamed), Right::Create)?;
        }
        let name = self.new_name(def, &mut doc)?;
        doc.insert("name".to_owned(), name);
        self.name_rows(def, &mut doc)?;
        self.keep_all_higher_levels(def, None, &mut doc);
        self.fill(def, &mut doc)?;
        status::begin(def, &mut doc);
        status::set(self, def, &mut doc)?;
        self.check_business(def, &doc)?;
        self.check_all_values(def, &mut doc)?;
        self.check_free(def, &doc)?;
        self.db.add_row(def, &doc)?;
        self.each_row(def, &mut doc, |child, row, _| self.db.add_row(child, row))?;
        self.journal("insert", def.name, &crate::doc::display(&doc["name"]))?;
        // An amendment is compared with the document that it comes from.
        let from = text(&doc, "amended_from");
        if !from.is_empty() && def.field("amended_from").is_some() {
            self.keep_version(def, &self.load(def.name, from)?, &doc)?;
        }
        self.ask_for_approval(def, &doc)?;
        self.learn(def, &doc)?;
        Ok(self.render(def, &doc))
    }

    fn check_create(&self, def: &'static DocTypeDef, doc: &Doc) -> Result<(), SiteError> {
        if def.is(doctype_flag::VIRTUAL) {
            return Err(SiteError::new(crate::error::exc::TYPE, "virtual DocTypes have no table"));
        }
        let row = def.is(doctype_flag::CHILD);
        self.check(def.name, row.then_some(doc), if row { Right::Write } else { Right::Create })
    }

    /// Saves a whole document as it was read and changed; rows that it does not list are deleted, columns that it or
    /// a row does not state are emptied (H1, H3). Its `docstatus` submits and cancels.
    ///
    /// # Errors
    /// The rule that is broken; 417 TimestampMismatchError where `modified` is not the stored one (H9).
    pub fn save(&self, mut doc: Doc) -> Result<Doc, SiteError> {
        let def = self.controller(text(&doc, "doctype"))?;
        let single = def.is(doctype_flag::SINGLE);
        if text(&doc, "name").is_empty() && !single && !doc.get("name").is_some_and(Value::is_number) {
            return self.insert(doc);
        }
        let name = crate::doc::display(doc.get("name").unwrap_or(&Value::Null));
        let stored = self.load(def.name, &name)?;
        let name = stored.get("name").cloned().unwrap_or_default();
        doc.insert("name".to_owned(), name.clone());
        self.check_unlocked(def.name, &crate::doc::display(&name))?;
        if !single {
            change::check_latest(&stored, &doc, &self.now_text())?;
        }
        if !doc.contains_key("docstatus") {
            doc.insert("docstatus".to_owned(), json!(0));
        }
        let action = change::action(int(&stored, "docstatus"), int(&doc, "docstatus"))?;
        self.check(def.name, Some(&stored), action.right())?;
        self.check(def.name, Some(&doc), action.right())?;
        if matches!(action, Action::Save | Action::Submit) {
            self.require_materials(def, &mut doc)?;
        }
        self.take_rows(def, &mut doc)?;
        self.stamp(def, &mut doc);
        self.stamp_rows(def, &mut doc)?;
        self.name_rows(def, &mut doc)?;
        self.keep_all_higher_levels(def, Some(&stored), &mut doc);
        if action == Action::Cancel {
            self.check_back_links(def, &crate::doc::display(&name), true)?;
        } else {
            self.check_all_links(def, &mut doc)?;
            self.check_workflow(def, &stored, &doc)?;
            match action {
                Action::UpdateAfterSubmit => fill::follow_rows(def, &mut doc),
                _ => {
                    self.fill(def, &mut doc)?;
                    self.check_business(def, &doc)?;
                }
            }
            self.check_all_values(def, &mut doc)?;
            if !single {
                change::check_constants(def, &stored, &doc)?;
            }
            self.check_unique(def, &doc)?;
        }
        if matches!(action, Action::Submit | Action::Cancel) {
            status::set(self, def, &mut doc)?;
            fill::finish(def, &mut doc);
        }
        if action == Action::UpdateAfterSubmit {
            self.check_submitted(def, &stored, &doc)?;
        }
        self.write(def, &mut doc)?;
        let name = crate::doc::display(&name);
        self.journal(action.verb(), def.name, &name)?;
        self.keep_version(def, &stored, &doc)?;
        if action == Action::Submit {
            self.note_status(def, &doc)?;
        }
        if matches!(action, Action::Submit | Action::Cancel) {
            let submitted = action == Action::Submit;
            self.tell_orders(def, &doc, submitted)?;
            self.tell_invoices(def, &doc, submitted)?;
            self.tell_production(def, &doc, submitted)?;
            self.recount_bins(&doc)?;
            if submitted { self.post(&doc) } else { self.take_back(&doc) }?;
            self.move_stock(def, &doc, submitted)?;
        }
        self.ask_for_approval(def, &doc)?;
        self.learn(def, &doc)?;
        Ok(self.render(def, &doc))
    }

    /// Changes some fields: what `PUT /api/resource/X/NAME` does. A table that is named is replaced (H1).
    ///
    /// # Errors
    /// As [`Site::save`]; 404, also where another name is sent (H49).
    pub fn update(&self, doctype: &str, name: &str, changes: &Doc) -> Result<Doc, SiteError> {
        let def = self.controller(doctype)?;
        let mut doc = self.load(doctype, name)?;
        // H84: what the user did not change is written as the user sees it.
        self.put_masks(def, &mut doc);
        for (key, value) in changes.iter().filter(|(key, _)| *key != "doctype") {
            doc.insert(key.clone(), value.clone());
        }
        if def.is(doctype_flag::CHILD) { self.save_row(def, doc) } else { self.save(doc) }
    }

    /// Submits a whole document; a large one is left to a job.
    ///
    /// # Errors
    /// As [`Site::save`].
    pub fn submit(&self, mut doc: Doc) -> Result<Doc, SiteError> {
        if self.leave_to_a_job(&doc, Action::Submit)? {
            return Ok(doc);
        }
        doc.insert("docstatus".to_owned(), json!(1));
        self.save(doc)
    }

    /// Cancels a submitted document; a large one is left to a job.
    ///
    /// # Errors
    /// As [`Site::save`]; 417 LinkExistsError where submitted documents link to it.
    pub fn cancel(&self, doctype: &str, name: &str) -> Result<Doc, SiteError> {
        let mut doc = self.load(doctype, name)?;
        if self.leave_to_a_job(&doc, Action::Cancel)? {
            return Ok(doc);
        }
        doc.insert("docstatus".to_owned(), json!(2));
        self.save(doc)
    }

    /// Sets columns of a stored document, `_user_tags` and its like included, without rules, rights or a new
    /// `modified`.
    ///
    /// # Errors
    /// The database's.
    pub fn set(&self, doctype: &str, name: &str, columns: &Doc) -> Result<(), SiteError> {
        let def = self.controller(doctype)?;
        self.db.set_row(def, name, columns)
    }

    fn check_all_links(&self, def: &'static DocTypeDef, doc: &mut Doc) -> Result<(), SiteError> {
        let mut links = links::Links::default();
        self.check_links(def, doc, &mut links)?;
        self.each_row(def, doc, |child, row, _| self.check_links(child, row, &mut links))?;
        links.finish()
    }

    fn check_all_values(&self, def: &'static DocTypeDef, doc: &mut Doc) -> Result<(), SiteError> {
        let mut missing = validate::missing(def, doc);
        self.each_row(def, doc, |child, row, _| {
            missing.extend(validate::missing(child, row));
            Ok(())
        })?;
        validate::mandatory(def, &crate::doc::display(doc.get("name").unwrap_or(&Value::Null)), missing)?;
        self.check_values(def, doc)?;
        self.each_row(def, doc, |child, row, _| self.check_values(child, row))
    }

    fn keep_all_higher_levels(&self, def: &'static DocTypeDef, stored: Option<&Doc>, doc: &mut Doc) {
        if self.user.is_administrator() {
            return;
        }
        self.keep_higher_levels(def, def.name, stored, doc);
        let _ = self.each_row(def, doc, |child, row, _| {
            let before = stored.into_iter().flat_map(|stored| crate::doc::rows(stored, text(row, "parentfield")));
            let before = before.into_iter().find(|before| before.get("name") == row.get("name"));
            self.keep_higher_levels(child, def.name, before, row);
            Ok(())
        });
    }
}
