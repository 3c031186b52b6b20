//! A report that the configuration publishes as a tool: its filters are the arguments, its columns are chosen. It is
//! run as by `run_report`, through the same checks.

use serde_json::{Map, Value, json};

use super::Report;
use super::describe::example;
use super::filters::fit;
use super::form::{self, Filter};
use super::run::{ReportRequest, RunArgs, rows};
use crate::answer::ToolAnswer;
use crate::config::{FILTER_TYPES, PublishedFilter};
use crate::context::Session;
use crate::error::ToolError;
use crate::shape::report::Table;
use crate::tool::{Arguments, Call, Tool};

/// What has no text that stands for it: a filter of these types is published by its type.
const NO_TEXTS: [&str; 5] = ["Check", "Int", "Float", "Currency", "Percent"];

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
    let asked = ReportRequest::by_form(&report, call.tool, published(&own, stated), given).await?;
    rows(&call, &report, &asked, all.read::<RunArgs>()?, columns).await
}

/// The filters of the published report: those that are stated, by the report's own form where they say nothing else,
/// and the form's others, which no call gives, for their defaults.
fn published(own: &[Filter], stated: &[(String, PublishedFilter)]) -> Vec<Filter> {
    let published = stated.iter().map(|(field, stated)| {
        let own = own.iter().find(|own| own.field == *field);
        let options = match (stated.link_to.as_str(), stated.options.as_slice()) {
            ("", []) => {
                let same = own.filter(|own| stated.kind.is_none_or(|kind| own.kind == kind));
                same.map(|own| own.options.clone()).unwrap_or_default()
            }
            ("", options) => options.join("\n"),
            (doctype, _) => doctype.to_owned(),
        };
        let mut filter = Filter {
            field: field.clone(),
            label: own.map_or_else(|| field.clone(), |own| own.label.clone()),
            kind: stated.kind.or(own.map(|own| own.kind.as_str())).unwrap_or("Data").to_owned(),
            options,
            required: stated.required || own.is_some_and(|own| own.required),
            default: None,
        };
        // Where the type is the form's, the default is a text until now.
        let default = stated.default.as_ref().map(|default| fit(&filter, default).unwrap_or_else(|_| default.clone()));
        filter.default = default.or_else(|| own.and_then(|own| own.default.clone()));
        filter
    });
    let others = own.iter().filter(|own| !stated.iter().any(|(field, _)| own.field == *field));
    published.chain(others.cloned()).collect()
}

/// Says which of the stated filters do not fit the report's form, so that it cannot be run.
fn misfits(own: &[Filter], stated: &[(String, PublishedFilter)]) -> Vec<String> {
    let mut found = Vec::new();
    for (field, _) in stated.iter().filter(|(field, _)| !own.is_empty() && !own.iter().any(|own| own.field == *field)) {
        let takes = own.iter().map(|own| own.field.as_str()).collect::<Vec<_>>().join(", ");
        found.push(format!("the report has no filter {field}; it takes: {takes}"));
    }
    for (own, stated) in pairs(own, stated).filter(|(_, stated)| stated.kind.is_none()) {
        if NO_TEXTS.contains(&own.kind.as_str()) {
            found.push(format!("the report's filter {} is of type {}, which has to be stated", own.field, own.kind));
        } else if let Some(Err((why, _))) = stated.default.as_ref().map(|default| fit(own, default)) {
            found.push(format!("the default of the filter {} does not fit the report's: {why}", own.field));
        }
    }
    let is_stated = |own: &&Filter| stated.iter().any(|(field, _)| own.field == *field);
    let needed = own.iter().filter(|own| own.required && own.default.is_none() && !is_stated(own));
    found.extend(needed.map(|own| format!("the report needs the filter {}, which is not published", own.field)));
    found
}

/// Where what is stated of a filter says something else than the report's form, in words. It is run as it is stated.
fn differences(own: &[Filter], stated: &[(String, PublishedFilter)]) -> Vec<String> {
    let mut found = Vec::new();
    for (own, stated) in pairs(own, stated) {
        let is_known = FILTER_TYPES.contains(&own.kind.as_str());
        if let Some(kind) = stated.kind.filter(|kind| is_known && *kind != own.kind) {
            found.push(format!(
                "the filter {} is published as {kind}, and the report has it as {}",
                own.field, own.kind
            ));
        } else if let Some(linked) = own.link().filter(|linked| !["", *linked].contains(&stated.link_to.as_str())) {
            let to = &stated.link_to;
            found.push(format!(
                "the filter {} is published as a link to {to}, and the report's is to {linked}",
                own.field
            ));
        }
    }
    found
}

/// The filters of the form that are published, with what is stated of them.
fn pairs<'a>(
    own: &'a [Filter],
    stated: &'a [(String, PublishedFilter)],
) -> impl Iterator<Item = (&'a Filter, &'a PublishedFilter)> {
    stated.iter().filter_map(move |(field, stated)| Some((own.iter().find(|own| own.field == *field)?, stated)))
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

/// What is wrong with the publication of a report, by the site's own report: its filters, and its columns as a run with the
/// form's example shows them.
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
    found.extend(differences(&own, stated));
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

    use super::{Filter, differences, misfits, published};
    use crate::config::PublishedFilter;

    fn own(field: &str, kind: &str, options: &str, required: bool) -> Filter {
        let (field, kind, options) = (field.to_owned(), kind.to_owned(), options.to_owned());
        Filter { label: field.to_uppercase(), field, kind, options, required, default: None }
    }

    fn stated(field: &str, kind: &'static str) -> (String, PublishedFilter) {
        let (description, link_to, options) = (String::new(), String::new(), Vec::new());
        let kind = Some(kind);
        let filter = PublishedFilter { kind, description, link_to, options, required: false, default: None };
        (field.to_owned(), filter)
    }

    fn untyped(field: &str) -> (String, PublishedFilter) {
        let (field, filter) = stated(field, "Data");
        (field, PublishedFilter { kind: None, ..filter })
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
        // So is its type, and with it what a value has to name.
        let mut company = untyped("company");
        company.1.default = Some(json!("Mine"));
        let form = published(&own, &[company]);
        assert_eq!((form[0].link(), form[0].kind.as_str()), (Some("Company"), "Link"));
        // Of another type, the form's choices mean nothing.
        let form = published(&own, &[stated("company", "Data")]);
        assert_eq!((form[0].options.as_str(), form[0].required), ("", true));
    }

    #[test]
    fn a_type_that_is_not_stated_or_another_is_told_where_it_matters() {
        let own = [
            own("company", "Link", "Company", false),
            own("all", "Check", "", false),
            own("on", "Date", "", false),
            own("party", "MultiSelectList", "", false),
        ];
        let mut on = untyped("on");
        on.1.default = Some(json!("24.12.2026"));
        let found = misfits(&own, &[untyped("company"), untyped("all"), on]);
        assert_eq!(found[0], "the report's filter all is of type Check, which has to be stated");
        assert!(found[1].starts_with("the default of the filter on does not fit the report's: expected a date"));
        assert_eq!(found.len(), 2);
        let mut party = untyped("party");
        party.1.default = Some(json!("A"));
        assert_eq!(published(&own, &[party])[0].default, Some(json!(["A"])));
        let mut other = stated("company", "Link");
        other.1.link_to = "Customer".to_owned();
        let found = differences(&own, &[stated("company", "Data"), other.clone(), stated("all", "Check")]);
        assert_eq!(
            found,
            [
                "the filter company is published as Data, and the report has it as Link",
                "the filter company is published as a link to Customer, and the report's is to Company"
            ]
        );
        other.1.link_to = "Company".to_owned();
        assert!(differences(&own, &[other, untyped("company")]).is_empty());
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
