//! A run of a report with the filters of its example, for whoever wants to know whether it runs.

use super::Report;
use super::describe::example;
use super::form;
use crate::context::Session;
use crate::error::ToolError;
use crate::shape::is_set;
use crate::site::SiteErrorKind;

/// What became of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trial {
    /// It answered with columns.
    Ran,
    /// It was not run, or its answer tells nothing, and why.
    Untold(&'static str),
}

/// Runs the report with the example that `describe_report` makes, unless something is stored by that or a required filter
/// cannot be filled.
///
/// # Errors
/// A report that is not open here or not on the site, and whatever the site answers.
pub async fn try_report(session: &Session<'_>, name: &str) -> Result<Trial, ToolError> {
    let report = Report::open(session, name).await?;
    if report.runs().is_err() {
        return Ok(Trial::Untold("it is a saved list of the desk, which no tool runs"));
    }
    if report.prepared {
        return Ok(Trial::Untold(IN_BACKGROUND));
    }
    let form = form::of(&report).await?;
    let Some(filters) = example(&report, &form).await? else {
        return Ok(Trial::Untold("no document that may be read was found for a filter that it requires"));
    };
    let answer = session.site.run_report(&report.permit, report.name(), &filters).await?;
    let (table, withheld) = report.table(&answer).await?;
    Ok(match table.columns.is_empty() && withheld.is_empty() {
        false => Trial::Ran,
        true if is_set(&answer, "prepared_report") => Trial::Untold(IN_BACKGROUND),
        true => Trial::Untold("it gives no columns without filters that nothing tells"),
    })
}

const IN_BACKGROUND: &str = "the site runs it in the background and stores the result";

/// Whether the user may run the report, which is not run: the site asks for the same rights before it gives a report's form. One
/// that is not there, or that no tool runs, may not be run by anybody.
///
/// # Errors
/// Whatever else the site answers.
pub async fn may_run(session: &Session<'_>, name: &str) -> Result<bool, ToolError> {
    match ask_form(session, name).await {
        Ok(()) => Ok(true),
        Err(ToolError::Refused { .. }) => Ok(false),
        Err(ToolError::Site(error))
            if matches!(error.kind(), SiteErrorKind::Denied | SiteErrorKind::FieldDenied | SiteErrorKind::Missing) =>
        {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

async fn ask_form(session: &Session<'_>, name: &str) -> Result<(), ToolError> {
    let report = Report::open(session, name).await?;
    report.runs()?;
    session.site.report_form(&report.permit, report.name()).await?;
    Ok(())
}
