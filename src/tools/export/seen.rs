//! What a held file tells of: the site is asked whether its user still sees that before the file is given.

use std::collections::BTreeSet;

use erpnext_schema::{Operator, Order};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::context::Session;
use crate::error::ToolError;
use crate::policy::{Filter, Operation};
use crate::shape::FOR_WRITES;
use crate::site::{ListQuery, SiteErrorKind};
use crate::tools::reports::Report;

/// How many documents of a DocType are asked about: of more, some from all over the file.
pub(super) const SOME: usize = 20;

/// Where what is in a file comes from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) enum Source {
    /// Documents: of the DocType that was exported, then of those that it links to.
    Documents(Vec<Excerpt>),
    /// The report of this name.
    Report(String),
}

/// Documents of one DocType, and what of them is told.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub(super) struct Excerpt {
    doctype: String,
    columns: BTreeSet<String>,
    /// Columns that the site gives where it gives those of the rows, as they are of the same permlevel.
    beside: BTreeSet<String>,
    /// Child tables whose rows are told, with the columns.
    rows: Vec<(String, String)>,
    /// Some of the documents.
    names: Vec<Value>,
}

impl Source {
    /// Whether the site shows its user this, of a file about documents of `doctype`.
    ///
    /// # Errors
    /// The site's, where it says neither.
    pub async fn is_seen(&self, session: &Session<'_>, doctype: &str) -> Result<bool, ToolError> {
        match self {
            Self::Documents(excerpts) => {
                for excerpt in excerpts {
                    if !said(excerpt.is_seen(session, doctype).await)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Report(name) => said(runs(session, name, doctype).await),
        }
    }
}

impl Excerpt {
    /// Of these columns, as far as the site gives them.
    pub fn of<'c>(doctype: &str, columns: impl IntoIterator<Item = &'c str>) -> Self {
        let columns = columns.into_iter().map(str::to_owned).collect();
        Self { doctype: doctype.to_owned(), columns, ..Self::default() }
    }

    /// Takes note of a document, as long as there is room.
    pub fn note(&mut self, document: &Map<String, Value>) {
        let Some(name) = document.get("name").filter(|name| !self.names.contains(name)) else { return };
        // What the site does not give is not in the file.
        if self.names.is_empty() {
            self.columns.retain(|column| document.contains_key(column));
        }
        if self.names.len() < SOME {
            self.names.push(name.clone());
        }
    }

    /// Takes note of one more column.
    pub fn note_column(&mut self, column: &str) {
        self.columns.insert(column.to_owned());
    }

    /// Takes note of a column of its rows, and of one of its own of the same permlevel.
    pub fn note_rows(&mut self, child: &str, column: &str, beside: Option<&str>) {
        self.rows.push((child.to_owned(), column.to_owned()));
        self.beside.extend(beside.map(str::to_owned));
    }

    async fn is_seen(&self, session: &Session<'_>, exported: &str) -> Result<bool, ToolError> {
        // Of the one that was exported that was asked already.
        if self.doctype != exported && !session.site.may(Operation::Export, &self.doctype).await? {
            return Ok(false);
        }
        let masked = session.masked(&self.doctype, FOR_WRITES).await?;
        let hides = |doctype: &str, column: &str| masked.hides(doctype, column);
        if self.columns.iter().any(|column| hides(&self.doctype, column))
            || self.rows.iter().any(|(child, column)| hides(child, column))
        {
            return Ok(false);
        }
        if self.names.is_empty() {
            return Ok(true);
        }
        let permit = session.permit(Operation::Read, &self.doctype).await?;
        let columns: BTreeSet<&String> = self.columns.union(&self.beside).collect();
        let query = ListQuery {
            fields: columns.iter().map(|column| (*column).clone()).collect(),
            filters: vec![Filter::new("name", Operator::In, json!(self.names))],
            order_by: vec![Order::asc("name")],
            limit: 500,
            ..ListQuery::default()
        };
        let seen = session.site.list(&permit, &query).await?.data;
        let is_whole = |row: &Map<String, Value>| columns.iter().all(|column| row.contains_key(*column));
        Ok(seen.len() == self.names.len() && seen.iter().all(is_whole))
    }
}

/// Whether the user may run the report, and it is about this DocType.
async fn runs(session: &Session<'_>, report: &str, doctype: &str) -> Result<bool, ToolError> {
    let report = Report::open(session, report).await?;
    Ok(report.doctype() == doctype && session.site.may(Operation::Report, doctype).await?)
}

/// A refusal is a no; where the site did not answer, nothing is known.
fn said(answer: Result<bool, ToolError>) -> Result<bool, ToolError> {
    use SiteErrorKind::{Denied, FieldDenied, Missing, OutOfSight, Rejected};
    match answer {
        Err(ToolError::Denied(_) | ToolError::Refused { .. }) => Ok(false),
        Err(ToolError::Site(error))
            if error.column().is_some()
                || matches!(error.kind(), Denied | FieldDenied | Missing | OutOfSight | Rejected) =>
        {
            Ok(false)
        }
        answer => answer,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::policy::{Denial, Reason};

    #[test]
    fn an_excerpt_has_some_of_the_documents_and_the_columns_that_the_site_gave() {
        let mut excerpt = Excerpt::of("Customer", ["name", "territory", "tax_id"]);
        for i in 0..2 * SOME {
            let document = json!({"name": format!("C-{}", i / 2), "territory": "North"});
            excerpt.note(document.as_object().unwrap());
        }
        for i in SOME..2 * SOME {
            excerpt.note(json!({"name": format!("C-{i}"), "territory": "North"}).as_object().unwrap());
        }
        excerpt.note_rows("Customer Credit Limit", "credit_limit", Some("payment_terms"));
        assert_eq!(excerpt.names.len(), SOME);
        assert_eq!(excerpt.names[SOME - 1], format!("C-{}", SOME - 1));
        assert_eq!(excerpt.columns.iter().collect::<Vec<_>>(), ["name", "territory"]);
        assert_eq!(excerpt.beside.iter().collect::<Vec<_>>(), ["payment_terms"]);
        let source = Source::Documents(vec![excerpt]);
        assert_eq!(serde_json::from_str::<Source>(&serde_json::to_string(&source).unwrap()).unwrap(), source);
    }

    #[test]
    fn a_refusal_is_a_no_and_a_silence_is_none() {
        let (doctype, operation) = ("Customer".to_owned(), Operation::Read);
        let denial = Denial { doctype, operation, reason: Reason::Refused("closed".to_owned()) };
        assert!(!said(Err(denial.into())).unwrap());
        assert!(!said(Err(ToolError::refused("no", "none"))).unwrap());
        assert!(said(Ok(true)).unwrap());
        let cause = Box::new(ToolError::refused("no", "none"));
        assert!(said(Err(ToolError::HalfWay { account: String::new(), made: None, cause })).is_err());
    }
}
