//! A report that the configuration publishes as a tool: its filters are the arguments, its columns are chosen. It is
//! run as by `run_report`, through the same checks.

use serde_json::{Map, Value, json};

use super::Report;
use super::describe::example;
use super::form::{self, Filter};
use super::run::{Asked, RunArgs, rows};
use crate::answer::ToolAnswer;
use crate::config::PublishedFilter;
use crate::context::Session;
use crate::error::ToolError;
use crate::shape::report::Table;
use crate::tool::{Arguments, Call, Tool};

/// Runs the report with the filters among the arguments of the call.
pub async fn run(
    call: Call<'_>,
    name: &str,
    stated: &[(String, PublishedFilter)],
    columns: &[String],
) -> Result<ToolAnswer, ToolError> {
    let mut all = call.given.all().clone();
    let given = stated.iter().filter_map(|(field, _)| Some((field.clone(), all.shift_remove(field)?)));
    let given: Map<String, Value> = given.collect();
    all.insert("name".to_owned(), json!(name));
    let all = Arguments::new(all)?;
    let report = Report::open(call.session, name).await?;
    report.runs()?;
    let own = form::of(&report).await?;
    if let Some(found) = misfits(&own, stated).first() {
        return Err(ToolError::refused(
            format!("{} cannot be run as it is published: {found}.", call.tool.name()),
            "run_report takes every filter of the report. Tell the administrator.",
        ));
    }
    let asked = Asked::by_form(&report, call.tool, published(&own, stated), given).await?;
    rows(&call, &report, &asked, all.read::<RunArgs>()?, columns).await
}

/// The filters of the published report: those that are stated, by the report's own form where they say nothing else,
/// and the form's others, which no call gives, for their defaults.
fn published(own: &[Filter], stated: &[(String, PublishedFilter)]) -> Vec<Filter> {
    let published = stated.iter().map(|(field, stated)| {
        let own = own.iter().find(|own| own.field == *field);
        let options = match (stated.link_to.as_str(), stated.options.as_slice()) {
            ("", []) => own.filter(|own| own.kind == stated.kind).map(|own| own.options.clone()).unwrap_or_default(),
            ("", options) => options.join("\n"),
            (doctype, _) => doctype.to_owned(),
        };
        Filter {
            field: field.clone(),
            label: own.map_or_else(|| field.clone(), |own| own.label.clone()),
            kind: stated.kind.to_owned(),
            options,
            required: stated.required || own.is_some_and(|own| own.required),
            default: stated.default.clone().or_else(|| own.and_then(|own| own.default.clone())),
        }
    });
    let others = own.iter().filter(|own| !stated.iter().any(|(field, _)| own.field == *field));
    published.chain(others.cloned()).collect()
}

/// What of the filters that are stated does not fit the report's form, in words.
fn misfits(own: &[Filter], stated: &[(String, PublishedFilter)]) -> Vec<String> {
    let mut found = Vec::new();
    for (field, _) in stated.iter().filter(|(field, _)| !own.is_empty() && !own.iter().any(|own| own.field == *field)) {
        let takes = own.iter().map(|own| own.field.as_str()).collect::<Vec<_>>().join(", ");
        found.push(format!("the report has no filter {field}; it takes: {takes}"));
    }
    let is_stated = |own: &&Filter| stated.iter().any(|(field, _)| own.field == *field);
    let needed = own.iter().filter(|own| own.required && own.default.is_none() && !is_stated(own));
    found.extend(needed.map(|own| format!("the report needs the filter {}, which is not published", own.field)));
    found
}

/// The chosen columns that a run has, and those that it has not: reports have other columns by their filters.
pub(super) fn columns(tool: Tool, table: &Table, chosen: &[String]) -> Result<(Vec<String>, Vec<String>), ToolError> {
    let is_there = |name: &String| table.columns.iter().any(|column| column.field == *name);
    let (there, absent): (Vec<String>, Vec<String>) = chosen.iter().cloned().partition(is_there);
    if there.is_empty() {
        return Err(ToolError::refused(
            format!("{}: the report has none of the columns that are published: {}.", tool.name(), absent.join(", ")),
            "run_report shows those it has. Tell the administrator.",
        ));
    }
    Ok((there, absent))
}

/// What is wrong with a report as it is published, on the site that has it: its filters, and its columns as far as a
/// run with the example of its form tells them.
///
/// # Errors
/// A report that is not open here or not on the site, and whatever the site answers.
pub async fn doubts(
    session: &Session<'_>,
    name: &str,
    stated: &[(String, PublishedFilter)],
    columns: &[String],
) -> Result<Vec<String>, ToolError> {
    let report = Report::open(session, name).await?;
    report.runs()?;
    let own = form::of(&report).await?;
    let mut found = misfits(&own, stated);
    if columns.is_empty() || report.prepared || !found.is_empty() {
        return Ok(found);
    }
    let Some(filters) = example(&report, &published(&own, stated)).await? else { return Ok(found) };
    let answer = session.site.run_report(&report.permit, report.name(), &filters).await?;
    let (table, _) = report.table(&answer).await?;
    let absent = columns.iter().filter(|name| !table.columns.iter().any(|column| column.field == **name));
    if !table.columns.is_empty() {
        found.extend(absent.map(|name| format!("a run with the filters of its example shows no column {name}")));
    }
    Ok(found)
}

/// A filter of a report's form, for whoever writes the configuration.
pub struct FormFilter {
    /// The fieldname.
    pub field: String,
    /// The fieldtype.
    pub kind: String,
    /// The DocType that a Link names.
    pub link_to: Option<String>,
    /// What may be chosen of a Select.
    pub options: Vec<String>,
    /// Whether a run needs it and the report has no default.
    pub needed: bool,
}

/// The filters of a report that may be run, as its form has them.
///
/// # Errors
/// A report that is not open here or does not run, and the site's.
pub async fn form_of(session: &Session<'_>, name: &str) -> Result<Vec<FormFilter>, ToolError> {
    let report = Report::open(session, name).await?;
    report.runs()?;
    let form = form::of(&report).await?;
    let filter = |filter: &Filter| FormFilter {
        field: filter.field.clone(),
        kind: filter.kind.clone(),
        link_to: filter.link().map(str::to_owned),
        options: filter.choices().into_iter().map(str::to_owned).collect(),
        needed: filter.required && filter.default.is_none(),
    };
    Ok(form.iter().map(filter).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Filter, misfits, published};
    use crate::config::PublishedFilter;

    fn own(field: &str, kind: &str, options: &str, required: bool) -> Filter {
        let (field, kind, options) = (field.to_owned(), kind.to_owned(), options.to_owned());
        Filter { label: field.to_uppercase(), field, kind, options, required, default: None }
    }

    fn stated(field: &str, kind: &'static str) -> (String, PublishedFilter) {
        let (description, link_to, options) = (String::new(), String::new(), Vec::new());
        let filter = PublishedFilter { kind, description, link_to, options, required: false, default: None };
        (field.to_owned(), filter)
    }

    #[test]
    fn what_is_not_stated_of_a_filter_is_as_the_form_has_it() {
        let own = [own("company", "Link", "Company", true), own("mode", "Select", "A\nB", false)];
        let mut mode = stated("mode", "Select");
        mode.1.default = Some(json!("B"));
        let form = published(&own, &[mode]);
        let fields: Vec<&str> = form.iter().map(|filter| filter.field.as_str()).collect();
        assert_eq!(fields, ["mode", "company"]);
        assert_eq!(
            (form[0].choices(), &form[0].default, form[0].label.as_str()),
            (vec!["A", "B"], &Some(json!("B")), "MODE")
        );
        // Of another type, the form's choices mean nothing.
        let form = published(&own, &[stated("company", "Data")]);
        assert_eq!((form[0].options.as_str(), form[0].required), ("", true));
    }

    #[test]
    fn filters_that_the_report_has_not_or_needs_are_told() {
        let own = [own("company", "Link", "Company", true), own("mode", "Select", "A\nB", false)];
        let found = misfits(&own, &[stated("compny", "Link")]);
        assert_eq!(
            found,
            [
                "the report has no filter compny; it takes: company, mode",
                "the report needs the filter company, which is not published"
            ]
        );
        assert!(misfits(&own, &[stated("company", "Link")]).is_empty());
        // Where the script computes its filters, nobody knows them.
        assert!(misfits(&[], &[stated("company", "Link")]).is_empty());
    }
}
