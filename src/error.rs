//! What a tool can fail with: one message that tells the model what to do next, one for the log.

mod together;

use std::borrow::Cow;

use erpnext_schema::{Rule, Violation};
use serde_json::Value;

use crate::answer::Made;
use crate::audit::{Outcome, Unrecorded};
use crate::policy::Denial;
use crate::shape::text::shortened;
use crate::site::{SiteError, SiteErrorKind, with_next};

/// How many problems are told; more would hide the first.
const MOST_PROBLEMS: usize = 30;
/// The longest that is told of one, in characters: it may quote what was given.
const LONGEST_PROBLEM: usize = 2_000;
/// The longest error, in characters, without its next step.
const LONGEST: usize = 16_000;

/// A write that waits for somebody to say that it is meant.
#[derive(Debug)]
pub struct Unconfirmed {
    /// Asks a person, with all that would be done; none where that is too long for a question.
    pub question: Option<String>,
    /// Says that it is meant, once.
    pub token: String,
    /// What would be done, for the model, with the token and the way on.
    pub answer: Value,
}

/// Why a call gave no result.
#[derive(Debug)]
pub enum ToolError {
    /// Arguments or data that break rules; nothing was sent.
    Arguments {
        /// The tool's name.
        tool: &'static str,
        /// All of them.
        violations: Vec<Violation>,
        /// What to do next.
        next: &'static str,
    },
    /// The policy says no; nothing was sent.
    Denied(Denial),
    /// The site said no, or did not answer.
    Site(Box<SiteError>),
    /// A write was sent, no answer came, and reading does not show whether it was done.
    Unsettled {
        /// Operation, DocType and document.
        what: String,
        /// Why no answer came.
        error: Box<SiteError>,
        /// Why it is not known.
        why: String,
        /// What to do next: nothing that could do it twice.
        next: String,
    },
    /// It waits for a confirmation; nothing was sent.
    Unconfirmed(Box<Unconfirmed>),
    /// It cannot be done like this.
    Refused {
        /// Why not, and that nothing was done.
        what: String,
        /// What can be done.
        next: String,
    },
    /// Something of several was done, then the rest was not.
    HalfWay {
        /// What was done and what was not.
        account: String,
        /// The document that this very attempt made before the rest was not done.
        made: Option<Made>,
        /// What stopped it.
        cause: Box<ToolError>,
    },
    /// The write cannot be recorded, and so was not sent.
    Unrecorded(Unrecorded),
}

impl ToolError {
    /// Arguments or data of a call of the named tool that break rules.
    pub(crate) fn arguments(tool: &'static str, violations: Vec<Violation>) -> Self {
        Self::arguments_named_by(tool, violations, "get_doctype_schema lists the fields.")
    }

    /// The same where `names` says what lists the names that may be given.
    pub(crate) fn arguments_named_by(tool: &'static str, violations: Vec<Violation>, names: &'static str) -> Self {
        let breaks = |rule: Rule| violations.iter().any(|violation| violation.rule == rule);
        let next = if breaks(Rule::UnknownField) {
            names
        } else if breaks(Rule::NotPermitted) {
            "Leave out what is not permitted: get_doctype_permissions tells which fields are withheld."
        } else {
            "Correct these and call the tool again."
        };
        Self::Arguments { tool, violations, next }
    }

    /// Why it cannot be done like this, and what can be done.
    pub(crate) fn refused(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self::Refused { what: what.into(), next: next.into() }
    }

    /// A field that may not be read, and without which it cannot be done.
    pub(crate) fn not_readable(field: &str, doctype: &str) -> Self {
        Self::not_permitted(format!("This server's configuration does not permit reading {field} of {doctype}."))
    }

    /// A field that may not be written, and without which it cannot be done.
    pub(crate) fn not_writable(field: &str, doctype: &str) -> Self {
        Self::not_permitted(format!("This server's configuration does not permit writing {field} of {doctype}."))
    }

    /// What the configuration does not permit.
    pub(crate) fn not_permitted(what: impl Into<String>) -> Self {
        Self::refused(what, "get_doctype_permissions tells what is permitted.")
    }

    /// What servers share does not answer, and without it something cannot be done.
    pub(crate) fn away(what: &str) -> Self {
        Self::refused(
            format!(
                "What this server shares with others (http.redis) does not answer now, and without it {what}; nothing was sent."
            ),
            "Try again in a minute; reading works meanwhile. If it lasts, tell the administrator.",
        )
    }

    /// What happened and what to do next, no longer than it may be.
    pub fn for_model(&self) -> String {
        match self {
            Self::Unconfirmed(waits) => waits.answer.to_string(),
            _ => with_next(&shortened(&self.what(), LONGEST), &shortened(&self.next(), LONGEST_PROBLEM)),
        }
    }

    /// What happened.
    pub fn what(&self) -> Cow<'_, str> {
        Cow::Owned(match self {
            Self::Arguments { tool, violations, .. } => {
                let told = violations.iter().take(MOST_PROBLEMS);
                let mut listed: String = told
                    .map(|violation| format!("\n- {}", shortened(&violation.to_string(), LONGEST_PROBLEM)))
                    .collect();
                if let more @ 1.. = violations.len().saturating_sub(MOST_PROBLEMS) {
                    listed.push_str(&format!("\n- and {more} more"));
                }
                let (were, problems) = if violations.len() == 1 { ("is", "problem") } else { ("are", "problems") };
                format!("{tool}: nothing was sent; there {were} {} {problems}:{listed}", violations.len())
            }
            Self::Denied(denial) => denial.for_model(),
            Self::Site(error) => error.told(),
            Self::Unsettled { what, error, why, .. } => {
                format!("{what}: {}. Whether it was done is not known: {why}.", error.what())
            }
            Self::Refused { what, .. } => return what.into(),
            Self::HalfWay { account, cause, .. } => format!("{account}\n{}", cause.what()),
            Self::Unconfirmed(_) => return "It waits for a confirmation; nothing was sent.".into(),
            Self::Unrecorded(_) => {
                return "Nothing was sent: this server's audit log cannot be written, and no write goes unrecorded."
                    .into();
            }
        })
    }

    /// What to do next.
    fn next(&self) -> Cow<'_, str> {
        match self {
            Self::Arguments { next, .. } => (*next).into(),
            Self::Denied(denial) => denial.next().into(),
            Self::Site(error) => error.next(),
            Self::Unsettled { next, .. } | Self::Refused { next, .. } => next.into(),
            Self::HalfWay { cause, .. } => cause.next(),
            Self::Unconfirmed(waits) => format!("Call again with the token {:?} if it is meant.", waits.token).into(),
            Self::Unrecorded(_) => "Reading still works; tell the administrator.".into(),
        }
    }

    /// What the log keeps: names and rules, no values.
    pub fn for_log(&self) -> String {
        match self {
            Self::Arguments { violations, .. } => {
                let told = violations.iter().take(MOST_PROBLEMS);
                let paths = told.map(|found| format!("{:?} {:?}", shortened(&found.path, LONGEST_PROBLEM), found.rule));
                let more = violations.len().saturating_sub(MOST_PROBLEMS);
                let more = if more > 0 { format!(", and {more} more") } else { String::new() };
                format!("arguments: {}{more}", paths.collect::<Vec<_>>().join(", "))
            }
            Self::Denied(denial) => denial.for_log(),
            Self::Site(error) => error.for_log(),
            Self::Unsettled { error, .. } => format!("{}; not known", error.for_log()),
            Self::Unrecorded(error) => error.to_string(),
            Self::HalfWay { cause, .. } => format!("half way: {}", cause.for_log()),
            Self::Unconfirmed(_) => "not confirmed yet: a preview was given".to_owned(),
            Self::Refused { .. } => "refused: not possible for this DocType or document".to_owned(),
        }
    }

    /// The document that the attempt made all the same.
    pub fn made(&self) -> Option<&Made> {
        if let Self::HalfWay { made, .. } = self { made.as_ref() } else { None }
    }

    /// What the audit log says came of the attempt.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Denied(_) => Outcome::Denied,
            Self::Unconfirmed(_) => Outcome::Preview,
            Self::Arguments { violations, .. } if violations.iter().any(|found| found.rule == Rule::NotPermitted) => {
                Outcome::Denied
            }
            Self::Site(error) if matches!(error.kind(), SiteErrorKind::OverLimit { .. }) => Outcome::Denied,
            Self::Unsettled { .. } => Outcome::Unknown,
            // What stopped the rest has a line of its own.
            Self::HalfWay { made: Some(_), .. } => Outcome::Allowed,
            Self::HalfWay { cause, .. } => cause.outcome(),
            Self::Arguments { .. } | Self::Site(_) | Self::Refused { .. } | Self::Unrecorded(_) => Outcome::Failed,
        }
    }
}

impl From<Unrecorded> for ToolError {
    fn from(error: Unrecorded) -> Self {
        Self::Unrecorded(error)
    }
}

impl From<Denial> for ToolError {
    fn from(denial: Denial) -> Self {
        Self::Denied(denial)
    }
}

impl From<SiteError> for ToolError {
    fn from(error: SiteError) -> Self {
        Self::Site(Box::new(error))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::policy::{Operation, Operations, Reason, Unmet};
    use crate::writes::send::Next;

    /// Every kind of failure of the site; a new one does not compile until it is here.
    fn kinds() -> Vec<SiteErrorKind> {
        let retry_after = Duration::from_secs(3);
        let first = |kind: SiteErrorKind| -> Option<SiteErrorKind> {
            Some(match kind {
                SiteErrorKind::Unreachable => SiteErrorKind::Cut,
                SiteErrorKind::Cut => SiteErrorKind::TimedOut,
                SiteErrorKind::TimedOut => SiteErrorKind::Tls,
                SiteErrorKind::Tls => SiteErrorKind::Redirected,
                SiteErrorKind::Redirected => SiteErrorKind::Unexpected,
                SiteErrorKind::Unexpected => SiteErrorKind::TooLarge,
                SiteErrorKind::TooLarge => SiteErrorKind::BadKey,
                SiteErrorKind::BadKey => SiteErrorKind::Denied,
                SiteErrorKind::Denied => SiteErrorKind::FieldDenied,
                SiteErrorKind::FieldDenied => SiteErrorKind::WrongForm,
                SiteErrorKind::WrongForm => SiteErrorKind::Missing,
                SiteErrorKind::Missing => SiteErrorKind::OutOfSight,
                SiteErrorKind::OutOfSight => SiteErrorKind::Unscoped,
                SiteErrorKind::Unscoped => SiteErrorKind::Duplicate,
                SiteErrorKind::Duplicate => SiteErrorKind::Stale,
                SiteErrorKind::Stale => SiteErrorKind::Rejected,
                SiteErrorKind::Rejected => SiteErrorKind::RateLimited { retry_after: None },
                SiteErrorKind::RateLimited { .. } => SiteErrorKind::OverLimit { retry_after },
                SiteErrorKind::OverLimit { .. } => SiteErrorKind::Paused { retry_after },
                SiteErrorKind::Paused { .. } => SiteErrorKind::Maintenance,
                SiteErrorKind::Maintenance => SiteErrorKind::Unavailable,
                SiteErrorKind::Unavailable => SiteErrorKind::Server,
                SiteErrorKind::Server => SiteErrorKind::BadName,
                SiteErrorKind::BadName => SiteErrorKind::Misuse,
                SiteErrorKind::Misuse => return None,
            })
        };
        std::iter::successors(Some(SiteErrorKind::Unreachable), |kind| first(*kind)).collect()
    }

    fn broken(rule: Rule) -> ToolError {
        let violation = Violation::new("data.x", rule, "is wrong");
        ToolError::arguments("create_thing_document", vec![violation])
    }

    #[test]
    fn every_error_names_a_next_step() {
        let site = |kind| Box::new(SiteError::for_test(kind, true));
        let mut errors: Vec<ToolError> = kinds().into_iter().map(|kind| ToolError::Site(site(kind))).collect();
        assert_eq!(errors.len(), 25);
        let rules =
            [Rule::UnknownField, Rule::NotWritable, Rule::NotPermitted, Rule::Mandatory, Rule::Choice, Rule::Value];
        errors.extend(rules.map(broken));
        let reasons = [
            Reason::NotPermitted(Operations::NONE),
            Reason::NotConfigured,
            Reason::NotExact("Thing".to_owned()),
            Reason::Refused("why".to_owned()),
            Reason::Quota("why".to_owned()),
            Reason::Fields(vec!["tax_id".to_owned()]),
            Reason::Unmet { which: "stored", unmet: Unmet::for_test("status must be \"Open\"") },
        ];
        let denial = |reason| Denial { doctype: "Thin".to_owned(), operation: Operation::Read, reason };
        errors.extend(reasons.map(|reason| ToolError::Denied(denial(reason))));
        let unsettled = |next: Next| ToolError::Unsettled {
            what: "update of Thing \"x\"".to_owned(),
            error: site(SiteErrorKind::Cut),
            why: "nobody knows".to_owned(),
            next: next.told(),
        };
        errors.extend([Next::Look("read Thing \"x\"".to_owned()), Next::Repeat].map(unsettled));
        let cause = Box::new(broken(Rule::Value));
        errors.push(ToolError::HalfWay { account: "one of two was done".to_owned(), made: None, cause });
        for error in errors {
            let text = error.for_model();
            let next = text.rsplit_once("\nnext: ").map_or("", |(_, next)| next);
            assert!(next.len() > 15 && next.ends_with('.'), "{text}");
        }
    }
}
