//! What a tool can fail with: one message that tells the model what to do next, one for the log.

use erpnext_schema::{Rule, Violation};

use crate::audit::{Outcome, Unrecorded};
use crate::document::outcome::Verdict;
use crate::error::Unconfirmed;
use crate::policy::Denial;
use crate::site::{Kind, SiteError};
use crate::tool::Tool;

/// How many problems are told; more would hide the first.
const MOST_PROBLEMS: usize = 30;
/// The longest that is told of one, in characters: it may quote what was given.
const LONGEST_PROBLEM: usize = 2_000;
/// The longest error, in characters, without its next step.
const LONGEST: usize = 16_000;

/// Why a call gave no result.
#[derive(Debug)]
pub enum ToolError {
    /// Arguments or data that break rules; nothing was sent.
    Arguments {
        /// The tool's name.
        tool: &'static str,
        /// All of them.
        violations: Vec<Violation>,
    },
    /// The policy says no; nothing was sent.
    Denied(Denial),
    /// The site said no, or did not answer.
    Site(Box<SiteError>),
    /// A write was sent, no answer came, and reading does not show that it was made.
    Unsettled {
        /// Operation, DocType and document.
        what: String,
        /// Why no answer came.
        error: Box<SiteError>,
        /// What reading shows.
        verdict: Verdict,
    },
    /// It waits for a confirmation; nothing was sent.
    Unconfirmed(Box<Unconfirmed>),
    /// It cannot be done like this; the message says what can.
    Refused(String),
    /// Something of several was done, then the rest was not.
    HalfWay {
        /// What was done and what was not.
        account: String,
        /// What stopped it.
        cause: Box<ToolError>,
    },
    /// The write cannot be recorded, and so was not sent.
    Unrecorded(Unrecorded),
}

impl ToolError {
    pub(crate) fn arguments(tool: Tool, violations: Vec<Violation>) -> Self {
        Self::Arguments { tool: tool.name(), violations }
    }

    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self::Refused(message.into())
    }

    /// What happened and what to do next, no longer than it may be.
    pub fn for_model(&self) -> String {
        match self {
            Self::Unconfirmed(waits) => waits.answer.to_string(),
            _ => bounded(self.told()),
        }
    }

    fn told(&self) -> String {
        match self {
            Self::Arguments { tool, violations } => {
                let told = violations.iter().take(MOST_PROBLEMS);
                let mut listed: String =
                    told.map(|violation| format!("\n- {}", cut(&violation.to_string(), LONGEST_PROBLEM))).collect();
                if let more @ 1.. = violations.len().saturating_sub(MOST_PROBLEMS) {
                    listed.push_str(&format!("\n- and {more} more"));
                }
                let breaks = |rule: Rule| violations.iter().any(|violation| violation.rule == rule);
                let next = if breaks(Rule::UnknownField) && tool.ends_with("_report") {
                    "describe_report tells the filters, with an example."
                } else if breaks(Rule::UnknownField) {
                    "get_doctype_schema lists the fields."
                } else if breaks(Rule::NotPermitted) {
                    "Leave out what is not permitted: get_doctype_permissions tells which fields are withheld."
                } else {
                    "Correct these and call the tool again."
                };
                let (were, problems) = if violations.len() == 1 { ("is", "problem") } else { ("are", "problems") };
                format!("{tool}: nothing was sent; there {were} {} {problems}:{listed}\nnext: {next}", violations.len())
            }
            Self::Denied(denial) => {
                format!(
                    "{}\nnext: list_doctypes shows what is permitted; an administrator can change the configuration.",
                    denial.for_model()
                )
            }
            Self::Site(error) => error.for_model(),
            Self::Unsettled { what, error, verdict } => {
                let (shows, next) = match verdict {
                    Verdict::Open(why) => (
                        format!("Whether it was done is not known: {why}."),
                        "read or list what it is about before trying again.",
                    ),
                    _ => ("Reading shows that nothing was changed.".to_owned(), "call again with the same arguments."),
                };
                format!("{what}: {}. {shows}\nnext: {next}", error.what())
            }
            Self::Refused(message) => message.clone(),
            Self::HalfWay { account, cause } => format!("{account}\n{}", cause.for_model()),
            Self::Unconfirmed(_) => "It waits for a confirmation; nothing was sent.".to_owned(),
            Self::Unrecorded(_) => "Nothing was sent: this server's audit log cannot be written, and no write goes \
                 unrecorded.\nnext: Reading still works; tell the administrator."
                .to_owned(),
        }
    }

    /// What the log keeps: names and rules, no values.
    pub fn for_log(&self) -> String {
        match self {
            Self::Arguments { violations, .. } => {
                let told = violations.iter().take(MOST_PROBLEMS);
                let paths = told.map(|found| format!("{:?} {:?}", cut(&found.path, LONGEST_PROBLEM), found.rule));
                let more = violations.len().saturating_sub(MOST_PROBLEMS);
                let more = if more > 0 { format!(", and {more} more") } else { String::new() };
                format!("arguments: {}{more}", paths.collect::<Vec<_>>().join(", "))
            }
            Self::Denied(denial) => denial.for_log(),
            Self::Site(error) => error.for_log(),
            Self::Unsettled { error, verdict: Verdict::Open(_), .. } => format!("{}; not known", error.for_log()),
            Self::Unsettled { error, .. } => format!("{}; not done", error.for_log()),
            Self::Unrecorded(error) => error.to_string(),
            Self::HalfWay { cause, .. } => format!("half way: {}", cause.for_log()),
            Self::Unconfirmed(_) => "not confirmed yet: a preview was given".to_owned(),
            Self::Refused(_) => "refused: not possible for this DocType or document".to_owned(),
        }
    }
}

impl ToolError {
    /// Rewrites what the site said, and what was said of it.
    pub(crate) fn reword(&mut self, rewrite: &dyn Fn(&str) -> String) {
        match self {
            Self::Site(error) | Self::Unsettled { error, .. } => error.reword(rewrite),
            Self::HalfWay { account, cause } => {
                *account = rewrite(account);
                cause.reword(rewrite);
            }
            Self::Refused(message) => *message = rewrite(message),
            Self::Arguments { .. } | Self::Denied(_) | Self::Unconfirmed(_) | Self::Unrecorded(_) => {}
        }
    }

    /// What the audit log says came of the attempt.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Denied(_) | Self::Unconfirmed(_) => Outcome::Denied,
            Self::Arguments { violations, .. } if violations.iter().any(|found| found.rule == Rule::NotPermitted) => {
                Outcome::Denied
            }
            Self::Site(error) if matches!(error.kind(), Kind::OverLimit { .. }) => Outcome::Denied,
            Self::Site(error) if error.maybe_done() => Outcome::Unknown,
            Self::Unsettled { verdict: Verdict::Open(_), .. } => Outcome::Unknown,
            Self::Unsettled { .. } => Outcome::Failed,
            Self::HalfWay { cause, .. } => cause.outcome(),
            Self::Arguments { .. } | Self::Site(_) | Self::Refused(_) | Self::Unrecorded(_) => Outcome::Failed,
        }
    }
}

/// The text, or its beginning and the next step that it ends with.
fn bounded(text: String) -> String {
    if text.len() <= LONGEST {
        return text;
    }
    let (what, next) = text.rsplit_once("\nnext: ").unwrap_or((&text, ""));
    let next = if next.is_empty() { String::new() } else { format!("\nnext: {}", cut(next, LONGEST_PROBLEM)) };
    format!("{}{next}", cut(what, LONGEST))
}

fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
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

    /// Every kind of failure of the site; a new one does not compile until it is here.
    fn kinds() -> Vec<Kind> {
        let retry_after = Duration::from_secs(3);
        let first = |kind: Kind| -> Option<Kind> {
            Some(match kind {
                Kind::Unreachable => Kind::Cut,
                Kind::Cut => Kind::TimedOut,
                Kind::TimedOut => Kind::Tls,
                Kind::Tls => Kind::Redirected,
                Kind::Redirected => Kind::Unexpected,
                Kind::Unexpected => Kind::TooLarge,
                Kind::TooLarge => Kind::BadKey,
                Kind::BadKey => Kind::Denied,
                Kind::Denied => Kind::FieldDenied,
                Kind::FieldDenied => Kind::WrongForm,
                Kind::WrongForm => Kind::Missing,
                Kind::Missing => Kind::OutOfSight,
                Kind::OutOfSight => Kind::Unscoped,
                Kind::Unscoped => Kind::Duplicate,
                Kind::Duplicate => Kind::Stale,
                Kind::Stale => Kind::Rejected,
                Kind::Rejected => Kind::RateLimited { retry_after: None },
                Kind::RateLimited { .. } => Kind::OverLimit { retry_after },
                Kind::OverLimit { .. } => Kind::Paused { retry_after },
                Kind::Paused { .. } => Kind::Maintenance,
                Kind::Maintenance => Kind::Unavailable,
                Kind::Unavailable => Kind::Server,
                Kind::Server => Kind::BadName,
                Kind::BadName => Kind::Misuse,
                Kind::Misuse => return None,
            })
        };
        std::iter::successors(Some(Kind::Unreachable), |kind| first(*kind)).collect()
    }

    fn broken(rule: Rule) -> ToolError {
        let violation = Violation { path: "data.x".to_owned(), rule, message: "is wrong".to_owned(), nearest: None };
        ToolError::Arguments { tool: "create_thing_document", violations: vec![violation] }
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
            Reason::Fields(vec!["tax_id".to_owned()]),
            Reason::Unmet { which: "stored", unmet: Unmet::for_test("status must be \"Open\"") },
        ];
        let denial = |reason| Denial { doctype: "Thin".to_owned(), operation: Operation::Read, reason };
        errors.extend(reasons.map(|reason| ToolError::Denied(denial(reason))));
        for verdict in [Verdict::Open("nobody knows".to_owned()), Verdict::NotMade] {
            errors.push(ToolError::Unsettled {
                what: "update Thing \"x\"".to_owned(),
                error: site(Kind::Cut),
                verdict,
            });
        }
        let cause = Box::new(broken(Rule::Value));
        errors.push(ToolError::HalfWay { account: "one of two was done".to_owned(), cause });
        for error in errors {
            let text = error.for_model();
            let next = text.rsplit_once("\nnext: ").map_or("", |(_, next)| next);
            assert!(next.len() > 15 && next.ends_with('.'), "{text}");
        }
    }
}
