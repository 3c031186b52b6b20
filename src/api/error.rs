//! Why a call of the Rust API gave nothing.

use erpnext_schema::Violation;

use crate::config::ConfigErrors;
use crate::policy::Denial;
use crate::site::{BadCredentials, BadUrl, SetUpError, SiteError, WriteError};

/// Why a call of the API gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address cannot be used.
    #[error(transparent)]
    Url(#[from] BadUrl),
    /// The key or the secret cannot be one.
    #[error(transparent)]
    Credentials(#[from] BadCredentials),
    /// The configuration whose permissions were to hold cannot be used.
    #[error(transparent)]
    Configuration(#[from] ConfigErrors),
    /// The HTTP client cannot be set up.
    #[error(transparent)]
    SetUp(#[from] SetUpError),
    /// The document breaks rules of its DocType; nothing was sent.
    #[error("{}", .0.iter().map(Violation::to_string).collect::<Vec<_>>().join("\n"))]
    Invalid(Vec<Violation>),
    /// The policy of this [`Site`](super::Site) does not permit it; nothing was sent.
    #[error(transparent)]
    Denied(#[from] Denial),
    /// The site said no, or did not answer a read.
    #[error("{}", .0.for_model())]
    Site(Box<SiteError>),
    /// A write got no answer: whether it was done is not known. Read what it is about before anything else, and not too
    /// soon: the site may still be at it.
    #[error("{}", .0.for_model())]
    Unanswered(Box<SiteError>),
    /// The write was done, and the document could not be read after it: do not write it again.
    #[error("{doctype} {name}: it was done, and could not be read after: {}", .error.for_model())]
    Unread {
        /// The DocType.
        doctype: &'static str,
        /// The document.
        name: String,
        /// Why not.
        error: Box<SiteError>,
    },
    /// Somebody changed the document since it was read; nothing was changed.
    #[error("{doctype} {name}: changed by somebody else since it was read; read it again")]
    Stale {
        /// The DocType.
        doctype: &'static str,
        /// The document.
        name: String,
    },
    /// The site masks fields of the document for this user, and would store the masks over the values; nothing was sent.
    #[error("{doctype}: the site masks {fields} for this user, and would store the masks over the values")]
    Masked {
        /// The DocType.
        doctype: &'static str,
        /// Which fields.
        fields: String,
    },
    /// The document is in no state for what was to be done; nothing was done.
    #[error("{doctype} {name}: {why}")]
    NotNow {
        /// The DocType.
        doctype: &'static str,
        /// The document.
        name: String,
        /// Why not.
        why: &'static str,
    },
    /// The report gives no rows here.
    #[error("report {report}: {why}")]
    NoReport {
        /// The report.
        report: String,
        /// Why not.
        why: &'static str,
    },
    /// The document has no name or no `modified`: they say which document is updated, and which version of it.
    #[error("{0}: only a document that was read from the site can be updated")]
    NotRead(&'static str),
}

impl From<SiteError> for Error {
    fn from(error: SiteError) -> Self {
        Self::Site(Box::new(error))
    }
}

impl From<WriteError> for Error {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Refused(error) => Self::Site(Box::new(error)),
            WriteError::Unanswered(error) => Self::Unanswered(Box::new(error)),
        }
    }
}
