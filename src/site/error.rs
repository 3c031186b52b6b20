//! What can go wrong between here and the site, with one message for the model and one for the log.

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use super::{Stranger, advice, endpoints, refusals};
use crate::shape::said::Said;
use crate::shape::text::holds_name;

/// What went wrong, as far as a program acts on it. Decided by status and `exc_type`, never by text (it is translated).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SiteErrorKind {
    /// No connection: nothing was sent.
    Unreachable,
    /// The connection broke after the request was sent.
    Cut,
    /// No whole answer in time.
    TimedOut,
    /// The encrypted connection could not be made: nothing was sent.
    Tls,
    /// The site answers from another address (redirects are not followed: they would carry the secret along).
    Redirected,
    /// Not an answer that ERPNext gives here, such as a proxy's HTML page.
    Unexpected,
    /// The answer is larger than the client takes.
    TooLarge,
    /// 401: bad key or secret, or a disabled user.
    BadKey,
    /// 403: the user has no right.
    Denied,
    /// 403: a field that the user may not see, or that the DocType does not have, in a filter or an order (H59).
    FieldDenied,
    /// 417: a form of request that this version of the site does not take (H54 to H56), which is this program's mistake.
    /// Nothing of what the site says of it is told.
    WrongForm,
    /// 404: no such document or DocType.
    Missing,
    /// The document is there, and not among those that this caller may see. Told as if it were missing.
    OutOfSight,
    /// The question cannot be asked so that its answer holds only what this caller may see: nothing was sent.
    Unscoped,
    /// 409, 417: the name or a unique value is taken.
    Duplicate,
    /// 417 TimestampMismatchError: somebody wrote in between (H9).
    Stale,
    /// 409, 417 and other 4xx: the site refused what was asked, for a reason it states.
    Rejected,
    /// 429, with the time to wait if the site told it.
    RateLimited {
        /// How long to wait.
        retry_after: Option<Duration>,
    },
    /// This server's own limit on requests: nothing was sent.
    OverLimit {
        /// How long until the next request is free.
        retry_after: Duration,
    },
    /// The site failed again and again and is left alone: nothing was sent.
    Paused {
        /// How long until it is tried again.
        retry_after: Duration,
    },
    /// 503: the site is in maintenance, or takes reads only.
    Maintenance,
    /// 502, 503, 504 from what stands before the site.
    Unavailable,
    /// 500: the site failed.
    Server,
    /// A name that cannot be sent (H48): nothing was sent.
    BadName,
    /// A mistake of this program, such as a permit that does not fit: nothing was sent.
    Misuse,
}

/// Why a write gave no answer. Nothing makes an ordinary error of it by the way: who sends a write has to say what
/// follows where nobody knows what became of it.
#[derive(Clone, Debug)]
pub enum WriteError {
    /// Nothing was changed: the site refused it, or nothing was sent.
    Refused(SiteError),
    /// No answer came that can be used: it may be done, and the site may still be at it.
    Unanswered(SiteError),
}

impl From<SiteError> for WriteError {
    fn from(error: SiteError) -> Self {
        if error.maybe_done() { Self::Unanswered(error) } else { Self::Refused(error) }
    }
}

/// What the site said of links between documents, to be compared with and never told.
#[derive(Clone)]
pub(super) struct Heard {
    text: String,
    documents: Vec<(String, String)>,
}

impl Heard {
    pub fn of(messages: &[Said]) -> Self {
        Self {
            text: messages.iter().map(|said| said.text.as_str()).collect::<Vec<_>>().join("\n"),
            documents: messages.iter().flat_map(|said| said.documents.iter().cloned()).collect(),
        }
    }
}

impl fmt::Debug for Heard {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("Heard")
    }
}

/// A call to the site that failed. Holds no secret and no traceback.
#[derive(Clone, Debug)]
pub struct SiteError {
    pub(super) kind: SiteErrorKind,
    pub(super) status: Option<u16>,
    pub(super) exc_type: Option<Box<str>>,
    pub(super) words: Vec<String>,
    pub(super) fields: Box<[String]>,
    /// Where it is about links between documents, what the site said of them.
    pub(super) heard: Option<Box<Heard>>,
    /// What is known of what answered in the place of ERPNext.
    pub(super) stranger: Option<Box<Stranger>>,
    /// Method and path.
    pub(super) call: Box<str>,
    /// Whether the call could change something on the site.
    pub(super) writes: bool,
}

impl SiteError {
    /// An error without an answer of the site; `words` may be empty.
    pub(super) fn new(kind: SiteErrorKind, call: &str, writes: bool, words: impl Into<String>) -> Self {
        let words = Some(words.into()).filter(|words| !words.is_empty()).into_iter().collect();
        Self {
            kind,
            status: None,
            exc_type: None,
            words,
            fields: Box::default(),
            heard: None,
            stranger: None,
            call: call.into(),
            writes,
        }
    }

    /// The site's metadata does not hold this DocType.
    pub(crate) fn no_doctype(doctype: &str) -> Self {
        Self::new(SiteErrorKind::Missing, "metadata", false, format!("no DocType is named {doctype:?}"))
    }

    /// That the site's metadata of a DocType is not understood.
    pub(crate) fn no_metadata(doctype: &str) -> Self {
        let words = format!("the metadata of {doctype:?} is not in it, or not understood");
        Self::new(SiteErrorKind::Unexpected, "metadata", false, words)
    }

    /// That there is no such document among those that a caller may see, who may not see all of them: whether there is one
    /// beside them is not told.
    pub(super) fn out_of_sight(kind: SiteErrorKind, doctype: &str, name: &str) -> Self {
        let words = format!("there is no {doctype} {name:?} among those that this server's configuration lets be read");
        Self::new(kind, "scope", false, words)
    }

    /// Adds what is known here to what the site said.
    pub(crate) fn add(&mut self, words: String) {
        self.words.push(words);
    }

    /// Whether the site says of a Link to this name that it leads nowhere.
    pub(crate) fn lists_dead_link(&self, name: &str) -> bool {
        self.heard.as_ref().is_some_and(|heard| heard.text.contains(&format!(": {name}")))
    }

    /// Whether the site names this document in its refusal: by a link to it, or where it gives no links, in its words.
    pub(crate) fn names(&self, doctype: &str, name: &str) -> bool {
        let slug = doctype.to_lowercase().replace(' ', "-");
        self.heard.as_ref().is_some_and(|heard| match heard.documents.as_slice() {
            [] => holds_name(&heard.text, name),
            linked => linked.iter().any(|(of, named)| named == name && (of == doctype || *of == slug)),
        })
    }

    /// What went wrong.
    pub fn kind(&self) -> SiteErrorKind {
        self.kind
    }

    /// The HTTP status, if the site or something before it answered.
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// Frappe's name of the exception, such as `MandatoryError`.
    pub fn exc_type(&self) -> Option<&str> {
        self.exc_type.as_deref()
    }

    /// What answered in the place of ERPNext, where its answer tells.
    pub fn stranger(&self) -> Option<&Stranger> {
        self.stranger.as_deref()
    }

    /// What the site said as far as it may be told, as plain text, one message each. Where a redirect leads is not among it:
    /// whatever stands between here and the site can say that.
    pub fn messages(&self) -> &[String] {
        if self.kind == SiteErrorKind::Redirected { &[] } else { &self.words }
    }

    /// Where a redirect leads: for administrators, never for a model.
    pub fn leads_to(&self) -> Option<&str> {
        self.words.first().filter(|_| self.kind == SiteErrorKind::Redirected).map(String::as_str)
    }

    /// The fields it is about, where the site told: fieldnames, or labels in the user's language where it gives only those.
    pub fn fields(&self) -> &[String] {
        &self.fields
    }

    /// The column that the site does not have, or does not show to the user, where it refused a list for one.
    pub fn column(&self) -> Option<&str> {
        let about_a_column = match (self.kind, self.exc_type()) {
            (SiteErrorKind::FieldDenied, _) | (SiteErrorKind::Rejected, Some("DataError")) => true,
            // Of a column in an order version 15 does not know before it asks its database (H17).
            (SiteErrorKind::Server, Some("OperationalError")) => true,
            _ => false,
        };
        let named = self.fields.first().map(|field| field.rsplit('.').next().unwrap_or(field));
        named.filter(|_| about_a_column && !self.writes)
    }

    /// Whether the site may have made the change although no good answer came back: see [`WriteError`].
    pub fn maybe_done(&self) -> bool {
        use SiteErrorKind::{Cut, TimedOut, TooLarge, Unavailable, Unexpected};
        self.writes && matches!(self.kind, Cut | TimedOut | TooLarge | Unavailable | Unexpected)
    }

    /// What happened, in a few words of ours.
    pub fn what(&self) -> &'static str {
        if self.is_of_a_guest() {
            return "The site takes this server for a guest: no API key or token arrives there";
        }
        if self.is_of_a_lost_file() {
            return "The site has a record of this file, and not the file";
        }
        advice::what(self.kind)
    }

    /// Whether the site says that nobody is logged in: whoever is may ask who they are.
    fn is_of_a_guest(&self) -> bool {
        self.kind == SiteErrorKind::Denied && self.call.ends_with(endpoints::LOGGED_USER)
    }

    /// Whether a file is missing whose record the site gave.
    fn is_of_a_lost_file(&self) -> bool {
        self.kind == SiteErrorKind::Missing && endpoints::is_file(&self.call)
    }

    /// What happened and what to try next.
    pub fn for_model(&self) -> String {
        with_next(&self.told(), &self.next())
    }

    /// What happened in the site's words, the exception and the fields.
    pub fn told(&self) -> String {
        let mut text = self.what().to_owned();
        let words = self.messages();
        if !words.is_empty() {
            text.push_str(": ");
            text.push_str(&words.join("\n"));
        }
        if let Some(exc_type) = &self.exc_type {
            text.push_str(&format!("\nexc_type: {exc_type}"));
        }
        if !self.fields.is_empty() {
            text.push_str(&format!("\nfields: {}", self.fields.join(", ")));
        }
        text
    }

    /// What to try next.
    pub fn next(&self) -> Cow<'static, str> {
        match self.kind {
            _ if self.maybe_done() => {
                "The change may have been made all the same: read what it is about before anything else.".into()
            }
            _ if self.is_of_a_guest() => {
                "Tell the administrator: what stands before the site, such as a reverse proxy, has to pass on the \
                 header Authorization."
                    .into()
            }
            _ if self.is_of_a_lost_file() => {
                "Nothing can be read of it from here: tell the administrator, who may have a copy of the site's files."
                    .into()
            }
            SiteErrorKind::RateLimited { retry_after: Some(wait) }
            | SiteErrorKind::OverLimit { retry_after: wait }
            | SiteErrorKind::Paused { retry_after: wait } => {
                format!("Wait {} s, then try again.", wait.as_secs_f64().ceil().max(1.0)).into()
            }
            kind => match self.stranger() {
                Some(stranger) => stranger.next().into(),
                None => self.known().unwrap_or_else(|| advice::next(kind, self.exc_type())).into(),
            },
        }
    }

    /// The next step that is known of just this refusal, by what of it may be told.
    fn known(&self) -> Option<&'static str> {
        use SiteErrorKind::{Denied, Missing, Rejected, Server};
        let exc_type = self.exc_type().filter(|_| matches!(self.kind, Denied | Missing | Rejected | Server))?;
        refusals::next(exc_type, &self.call, &self.fields, self.messages())
    }

    /// Status, `exc_type`, kind, method and path; no query values and nothing of the site's text.
    pub fn for_log(&self) -> String {
        self.to_string()
    }
}

/// What happened and what to do next, as a client reads them.
pub fn with_next(what: &str, next: &str) -> String {
    format!("{what}\nnext: {next}")
}

impl Display for SiteError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.call)?;
        if let Some(status) = self.status {
            write!(f, " {status}")?;
        }
        if let Some(exc_type) = &self.exc_type {
            write!(f, " {exc_type}")?;
        }
        write!(f, " {:?}", self.kind)?;
        // Without an answer the words are ours or the system's, and the log needs them.
        if self.status.is_none() && !self.words.is_empty() {
            write!(f, ": {}", self.words.join("; "))?;
        }
        Ok(())
    }
}

impl std::error::Error for SiteError {}

#[cfg(test)]
impl WriteError {
    /// The error, whatever follows from it.
    pub(crate) fn for_test(self) -> SiteError {
        match self {
            Self::Refused(error) | Self::Unanswered(error) => error,
        }
    }
}

#[cfg(test)]
impl SiteError {
    /// An error of that kind for tests of what is made of it.
    pub(crate) fn for_test(kind: SiteErrorKind, writes: bool) -> Self {
        Self::new(kind, "PUT /api/resource/Thing/x", writes, "the site's words")
    }
}
