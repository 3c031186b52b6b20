//! Rights on a DocType and on a document, and the words in which the site refuses them.

use erpnext_schema::{DocTypeDef, FieldDef, Version, doctype_flag};
use serde_json::Value;

use super::Right;
use crate::doc::{Doc, text};
use crate::error::{Message, SiteError, exc};
use crate::site::Site;

impl Site<'_> {
    /// Whether the user's roles give this right on the DocType's documents, not only on one's own.
    pub fn role_allows(&self, doctype: &str, right: Right) -> bool {
        self.user.is_administrator()
            || self.meta.held(self.user, doctype).any(|p| p.level == 0 && p.gives(right) && !p.if_owner())
    }

    fn own_role_allows(&self, doctype: &str, right: Right) -> bool {
        self.meta.held(self.user, doctype).any(|p| p.level == 0 && p.gives(right))
    }

    /// Whether the user may read or write fields of this level.
    pub fn level_allows(&self, doctype: &str, level: u8, right: Right) -> bool {
        level == 0
            || self.user.is_administrator()
            || self.meta.held(self.user, doctype).any(|p| p.level == level && p.gives(right))
    }

    /// Whether a document of this DocType tells the user the field; `parent` for the fields of its rows.
    pub fn may_see(&self, parent: &str, field: &FieldDef) -> bool {
        self.level_allows(parent, field.permlevel, Right::Read)
    }

    /// Whether the user has this right on this very document, User Permissions included.
    ///
    /// # Errors
    /// The database's.
    pub fn may(&self, doc: &Doc, right: Right) -> Result<bool, SiteError> {
        match self.check(text(doc, "doctype"), Some(doc), right) {
            Ok(()) => Ok(true),
            Err(error) if error.exc == exc::PERMISSION => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// [`Site::may`] as an error; without a document, whether the user's roles give the right at all.
    ///
    /// # Errors
    /// 403, with the words that fit the reason.
    pub fn check(&self, doctype: &str, doc: Option<&Doc>, right: Right) -> Result<(), SiteError> {
        if self.user.is_administrator() {
            return Ok(());
        }
        let Some(def) = self.meta.get(doctype) else {
            return Err(SiteError::no_role(&self.user.name, doctype).quiet());
        };
        if def.is(doctype_flag::CHILD) {
            return self.check_row(doc, right);
        }
        if matches!(right, Right::Submit | Right::Cancel | Right::Amend) && !def.is(doctype_flag::SUBMITTABLE) {
            let message = Message::new("Document Type is not submittable");
            let error = SiteError::new(exc::PERMISSION, "").with(message);
            return Err(error.saying(format!("No permission for {doctype}")).quiet());
        }
        let owns = doc.is_none_or(|doc| matches!(text(doc, "owner"), "") || text(doc, "owner") == self.user.name);
        // A user is shared with themselves.
        let is_self = doctype == "User" && doc.is_some_and(|doc| text(doc, "name") == self.user.name);
        let is_shared = is_self && right == Right::Read;
        if !(is_shared || self.role_allows(doctype, right) || owns && self.own_role_allows(doctype, right)) {
            let error = SiteError::no_role(&self.user.name, doctype);
            return Err(match doc {
                Some(_) if right == Right::Read && self.version() < Version::V16 => {
                    SiteError { error_message: None, ..error }
                }
                _ => error.quiet(),
            });
        }
        match doc {
            Some(doc) => {
                self.check_own_task(doctype, doc, right)?;
                self.check_restrictions(def, doc, right)
            }
            None => Ok(()),
        }
    }

    /// Whether the user reaches only ToDos that concern him: those of no role but that of every user.
    pub fn reaches_own_tasks_only(&self, right: Right) -> bool {
        let by_role = || self.meta.held(self.user, "ToDo").any(|p| p.role != "All" && p.gives(right));
        !self.user.is_administrator() && !by_role()
    }

    fn check_own_task(&self, doctype: &str, doc: &Doc, right: Right) -> Result<(), SiteError> {
        let concerned = || ["allocated_to", "assigned_by"].iter().any(|field| text(doc, field) == self.user.name);
        if doctype != "ToDo" || !self.reaches_own_tasks_only(right) || concerned() {
            return Ok(());
        }
        let name = if text(doc, "name").is_empty() { "None" } else { text(doc, "name") };
        let words = format!("User <strong>{}</strong> may not reach this document: {doctype} - {name}", self.user.name);
        let error = SiteError::new(exc::PERMISSION, "").with(Message::new(words));
        Err(error.saying(format!("The right '{}' on <strong>{doctype}</strong> is needed", right.as_str())))
    }

    fn check_restrictions(&self, def: &'static DocTypeDef, doc: &Doc, right: Right) -> Result<(), SiteError> {
        for restriction in self.restrictions()? {
            let Some((field, value)) = restriction.hides(def, doc) else { continue };
            let name = if text(doc, "name").is_empty() { "None" } else { text(doc, "name") };
            let words = format!(
                "This {} is linked to {} '{value}' in field {field}<br>User <strong>{}</strong> does not have access \
                 to this document: {} - {name}",
                def.name, restriction.allow, self.user.name, def.name
            );
            let error = SiteError::new(exc::PERMISSION, "").with(Message::new(words));
            return Err(match right {
                Right::Read if self.version() < Version::V16 => error,
                Right::Read => error.saying(format!("No permission for {}", def.name)),
                _ => error.saying(format!("The right '{}' on <strong>{}</strong> is needed", right.as_str(), def.name)),
            });
        }
        Ok(())
    }

    /// A row is as open as the document that it belongs to.
    fn check_row(&self, row: Option<&Doc>, right: Right) -> Result<(), SiteError> {
        let refused = || SiteError::new(exc::PERMISSION, "").with(Message::new("")).with(Message::new(""));
        let row = row.ok_or_else(|| SiteError::new(exc::PERMISSION, ""))?;
        let right = if right == Right::Read { right } else { Right::Write };
        let parent = self.meta.get(text(row, "parenttype")).ok_or_else(refused)?;
        let parent = match self.db.row(parent, text(row, "parent"))? {
            Some(mut doc) => {
                doc.insert("doctype".to_owned(), Value::from(parent.name));
                doc
            }
            None => return Err(refused()),
        };
        let checked = self.check(text(&parent, "doctype"), Some(&parent), right);
        checked.map_err(|error| error.with(Message::new("")))
    }
}
