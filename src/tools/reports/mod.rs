//! Reports: which may be run, what each takes, and its rows.

mod background;
mod describe;
mod filters;
mod form;
mod list;
pub(super) mod page;
pub(super) mod published;
pub(super) mod run;
pub(super) mod select;
mod trial;

use erpnext_schema::nearest;

use crate::context::Session;
use crate::error::ToolError;
use crate::policy::{Called, Permit, Policy};
use crate::shape::{is_set, text_of};
use crate::site::{Filter, SiteError};

pub use describe::DESCRIBE;
pub use list::LIST;
pub use run::RUN;
pub use trial::{Trial, may_run, try_report};

/// Where any report may be run.
fn offered(policy: &Policy) -> bool {
    policy.opens_reports()
}

/// A report that may be run.
pub(crate) struct Report<'a> {
    session: &'a Session<'a>,
    name: String,
    /// The one that runs, where it was saved from another.
    behind: String,
    kind: String,
    prepared: bool,
    permit: Permit,
}

impl<'a> Report<'a> {
    /// The report of that name, if the configuration opens it and the site has it.
    pub(crate) async fn open(session: &'a Session<'a>, name: &str) -> Result<Self, ToolError> {
        session.policy.admits_report(name)?;
        let found = session.site.reports(&[Filter::eq("name", name)]).await?;
        // The site's database takes a name in another case for the same.
        let Some(entry) = found.into_iter().find(|entry| text_of(entry, "name").eq_ignore_ascii_case(name)) else {
            let near = nearest_report(session, name).await?;
            let near = near.map_or_else(String::new, |near| format!(" Did you mean {near:?}?"));
            return Err(ToolError::refused(
                format!("The site has no report named {name:?}, or its user may not see it.{near}"),
                "list_reports shows those available.",
            ));
        };
        let name = text_of(&entry, "name");
        session.policy.admits_report(name)?;
        if is_set(&entry, "disabled") {
            return Err(ToolError::refused(
                format!("The report {name:?} is switched off on the site."),
                "list_reports shows the others.",
            ));
        }
        let permit = session.policy.permit_report(name, text_of(&entry, "ref_doctype"))?;
        let behind = session.site.report_behind(&entry).await?.ok_or_else(|| {
            ToolError::refused(
                format!("{name:?} was saved from other reports without an end: which one runs is not known."),
                "list_reports shows the others.",
            )
        })?;
        let about = text_of(&behind, "ref_doctype");
        let permit = session.policy.permit_behind(permit, name, text_of(&behind, "name"), about)?;
        let (kind, prepared) = (text_of(&entry, "report_type").to_owned(), is_set(&entry, "prepared_report"));
        let behind = text_of(&behind, "name").to_owned();
        Ok(Self { session, name: name.to_owned(), behind, kind, prepared, permit })
    }

    /// Its name, as the site writes it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The DocType that it is about.
    pub(crate) fn doctype(&self) -> &str {
        self.permit.doctype()
    }

    /// Refuses a saved list of the desk, which the site answers without columns.
    fn runs(&self) -> Result<(), ToolError> {
        if self.kind != "Report Builder" {
            return Ok(());
        }
        Err(ToolError::refused(
            format!("{:?} is no report that runs but a saved list of {}.", self.name, self.permit.doctype()),
            format!("list_generic_documents or aggregate_documents on {}.", self.permit.doctype()),
        ))
    }

    /// Whether the rules on any of the DocTypes keep back what the report calls so.
    ///
    /// # Errors
    /// That the site did not tell what they have.
    async fn withholds<'d>(
        &self,
        doctypes: impl Iterator<Item = &'d str>,
        called: Called<'_>,
    ) -> Result<bool, SiteError> {
        let session = self.session;
        let called = Called { report: &self.behind, ..called };
        session.catalog.withholds(session.asker(), session.policy, doctypes, called).await
    }
}

/// The report that may be run and was meant by a name which none has.
async fn nearest_report(session: &Session<'_>, name: &str) -> Result<Option<String>, ToolError> {
    let found = session.site.reports(&[Filter::eq("disabled", 0)]).await?;
    let names = found.iter().filter(|entry| session.may_run(entry)).map(|entry| text_of(entry, "name"));
    Ok(nearest(name, names).map(str::to_owned))
}
