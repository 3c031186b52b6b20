//! Who may do what: roles by DocType and permission level, User Permissions by linked document.

mod roles;

use crate::doc::{Doc, text};
use crate::error::SiteError;
use crate::site::Site;

/// Who asks, and in which roles.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct User {
    /// The user's name, an address but for Administrator and Guest.
    pub name: String,
    /// The roles, `All` and `Guest` included.
    pub roles: Vec<String>,
}

impl User {
    /// The user who may do everything that the site's rules allow at all.
    pub fn administrator() -> Self {
        Self { name: "Administrator".to_owned(), roles: Vec::new() }
    }

    /// Somebody without a key.
    pub fn guest() -> Self {
        Self { name: "Guest".to_owned(), roles: vec!["Guest".to_owned()] }
    }

    /// Whether role permissions do not apply.
    pub fn is_administrator(&self) -> bool {
        self.name == "Administrator"
    }

    /// Whether nobody is logged in.
    pub fn is_guest(&self) -> bool {
        self.name == "Guest"
    }

    /// Whether the user has this role; Administrator has all.
    pub fn has(&self, role: &str) -> bool {
        self.is_administrator() || self.roles.iter().any(|own| own == role)
    }
}

/// What a role may give.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[expect(missing_docs, reason = "named as on the site")]
pub enum Right {
    Select,
    Read,
    Write,
    Create,
    Delete,
    Submit,
    Cancel,
    Amend,
    Print,
    Email,
    Report,
    Import,
    Export,
    Share,
}

impl Site<'_> {
    /// Whether the user's roles give this right on the DocType, at level 0.
    pub fn role_allows(&self, doctype: &str, right: Right) -> bool {
        self.user.is_administrator() || roles::allows(&self.user.roles, doctype, right)
    }

    /// Whether the user has this right on this very document, User Permissions included.
    ///
    /// # Errors
    /// The database's.
    pub fn may(&self, doc: &Doc, right: Right) -> Result<bool, SiteError> {
        Ok(self.role_allows(text(doc, "doctype"), right))
    }

    /// [`Site::may`] as an error.
    ///
    /// # Errors
    /// 403, with the words that fit the reason.
    pub fn check(&self, doctype: &str, doc: Option<&Doc>, right: Right) -> Result<(), SiteError> {
        let allowed = match doc {
            Some(doc) => self.may(doc, right)?,
            None => self.role_allows(doctype, right),
        };
        if allowed { Ok(()) } else { Err(SiteError::no_role(&self.user.name, doctype)) }
    }
}
