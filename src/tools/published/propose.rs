//! What could be published: reports of the site with the filters of their forms, saved filters, and methods, as the
//! configuration permits them.

use std::collections::BTreeSet;

use erpnext_schema::nearest;
use serde_json::{Map, Value, json};

use crate::config::{Config, FILTER_TYPES, Gives, LIST_FILTER, is_no_filter, is_of_a_call};
use crate::context::Session;
use crate::error::ToolError;
use crate::policy::Operation;
use crate::shape::text_of;
use crate::site::Filter;
use crate::tools::reports::published::form_of;
use crate::tools::saved;

/// How many reports and how many saved filters are proposed where none is named: each report is two requests.
const MOST: usize = 20;

/// Entries for the section `publish`, and what is not among them.
#[derive(Default)]
pub struct Proposal {
    /// By the names of the tools.
    pub publish: Map<String, Value>,
    /// Why something that was looked at is not there, a line each.
    pub left_out: Vec<String>,
}

/// Something of the site that could be a tool.
enum Found {
    Report(String),
    Saved { name: String, doctype: String },
    Method(String),
}

impl Found {
    fn name(&self) -> &str {
        match self {
            Self::Report(name) | Self::Saved { name, .. } | Self::Method(name) => name,
        }
    }

    fn tool(&self) -> String {
        match self {
            Self::Report(name) => format!("run_{}_report", slug(name.trim_end_matches(" Report"))),
            Self::Saved { name, doctype } => format!("list_{}_{}", slug(doctype), slug(name)),
            Self::Method(path) => slug(path.rsplit('.').next().unwrap_or(path)),
        }
    }
}

/// Proposes tools for what the site has, the user may run or read, and the configuration permits and does not publish
/// yet: for what is `named`, or for the first of each kind, under no name that another tool has.
///
/// # Errors
/// A name that nothing has, and the site's.
pub async fn propose(
    session: &Session<'_>,
    config: &Config,
    named: &[String],
    is_tool: impl Fn(&str) -> bool,
) -> Result<Proposal, ToolError> {
    let mut proposal = Proposal::default();
    let reports = reports(session).await?;
    let saved = saved_filters(session, &mut proposal.left_out).await?;
    let methods: Vec<Found> = config.methods.keys().map(|path| Found::Method(path.clone())).collect();
    let known: BTreeSet<&str> = reports.iter().chain(&saved).chain(&methods).map(Found::name).collect();
    if let Some(unknown) = named.iter().find(|name| !known.contains(name.as_str())) {
        let near = nearest(unknown, known.iter().copied());
        let near = near.map_or_else(String::new, |near| format!(" Did you mean {near:?}?"));
        return Err(ToolError::refused(
            format!(
                "No report that may be run, no filter that is saved for everybody, and no method of the section methods is \
                 named {unknown:?}.{near}"
            ),
            "Names are those of the desk, in English; permissions.reports opens reports.",
        ));
    }
    for found in [reports, saved, methods] {
        let is_meant = |found: &Found| named.is_empty() || named.iter().any(|name| name == found.name());
        let mut meant: Vec<Found> = found.into_iter().filter(is_meant).collect();
        meant.retain(|found| !is_published(config, found));
        let most = if named.is_empty() { MOST } else { usize::MAX };
        for found in meant.drain(..meant.len().min(most)) {
            let tool = found.tool();
            if is_tool(&tool) || config.publish.contains_key(&tool) || proposal.publish.contains_key(&tool) {
                proposal.left_out.push(format!("{}: another tool is named {tool}; publish it by hand", found.name()));
                continue;
            }
            match entry(session, config, &found, &mut proposal.left_out).await? {
                Ok(entry) => _ = proposal.publish.insert(tool, entry),
                Err(why) => proposal.left_out.push(format!("{}: {why}", found.name())),
            }
        }
        if let Some(first) = meant.first() {
            let count = meant.len();
            proposal.left_out.push(format!("{count} more, from {:?} on: name those that you want", first.name()));
        }
    }
    Ok(proposal)
}

/// The reports that run for this user, but for saved lists of the desk.
async fn reports(session: &Session<'_>) -> Result<Vec<Found>, ToolError> {
    if !session.policy.opens_reports() {
        return Ok(Vec::new());
    }
    let listed = session.site.reports(&[Filter::eq("disabled", 0)]).await?;
    let may = |entry: &&Map<String, Value>| text_of(entry, "report_type") != "Report Builder" && session.may_run(entry);
    Ok(listed.iter().filter(may).map(|entry| Found::Report(text_of(entry, "name").to_owned())).collect())
}

/// The filters of what may be read that are saved for everybody: nobody but their user has the others.
async fn saved_filters(session: &Session<'_>, left_out: &mut Vec<String>) -> Result<Vec<Found>, ToolError> {
    if !session.policy.permits(Operation::Read, LIST_FILTER) {
        left_out.push(format!("saved filters: reading {LIST_FILTER} is not permitted"));
        return Ok(Vec::new());
    }
    let all = saved::all(session, None, None).await?.into_iter().filter(|saved| saved.for_everybody);
    let may_be_read = all.filter(|saved| session.policy.permits(Operation::Read, &saved.doctype));
    Ok(may_be_read.map(|saved| Found::Saved { name: saved.name, doctype: saved.doctype }).collect())
}

fn is_published(config: &Config, found: &Found) -> bool {
    config.publish.values().any(|published| match (&published.gives, found) {
        (Gives::Report { report, .. }, Found::Report(name)) => report == name,
        (Gives::List { doctype, saved_filter }, Found::Saved { name, doctype: of }) => {
            doctype == of && saved_filter == name
        }
        (Gives::Method { method }, Found::Method(path)) => method == path,
        _ => false,
    })
}

/// What stands in the configuration for it, or why it cannot be published.
async fn entry(
    session: &Session<'_>,
    config: &Config,
    found: &Found,
    left_out: &mut Vec<String>,
) -> Result<Result<Value, String>, ToolError> {
    let report = match found {
        Found::Report(report) => report,
        Found::Saved { name, doctype } => {
            let description = format!("Lists the documents of {doctype} that the saved filter {name} finds.");
            return Ok(Ok(json!({"description": description, "doctype": doctype, "saved_filter": name})));
        }
        Found::Method(path) => {
            let Some(method) = config.methods.get(path) else { return Ok(Err("methods does not name it".to_owned())) };
            if let Some(name) = method.arguments.keys().find(|name| is_of_a_call(name)) {
                return Ok(Err(format!("it has the argument {name}, which every tool has")));
            }
            return Ok(Ok(json!({"description": method.description, "method": path})));
        }
    };
    let form = match form_of(session, report).await {
        Ok(form) => form,
        Err(error @ (ToolError::Refused { .. } | ToolError::Denied(_) | ToolError::Site(_))) => {
            return Ok(Err(error.what().into_owned()));
        }
        Err(error) => return Err(error),
    };
    let mut filters = Map::new();
    for filter in form {
        let kind = FILTER_TYPES.iter().find(|kind| **kind == filter.kind);
        if kind.is_none() || is_no_filter(&filter.field) {
            if filter.needed {
                return Ok(Err(format!("it needs the filter {} of type {}", filter.field, filter.kind)));
            }
            left_out.push(format!("{report}: its filter {} of type {}", filter.field, filter.kind));
            continue;
        }
        let mut stated = json!({"type": filter.kind});
        if let Some(doctype) = filter.link_to {
            stated["link_to"] = json!(doctype);
        }
        if !filter.options.is_empty() {
            stated["options"] = json!(filter.options);
        }
        if filter.needed {
            stated["required"] = json!(true);
        }
        filters.insert(filter.field, stated);
    }
    Ok(Ok(json!({"description": format!("Runs the report {report}."), "report": report, "filters": filters})))
}

/// A name as part of a tool's: `Accounts Receivable` is `accounts_receivable`.
fn slug(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    // A tool's name has at most 64 characters.
    let slug = words.map(str::to_lowercase).collect::<Vec<_>>().join("_");
    slug.chars().take(28).collect::<String>().trim_end_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::Found;

    #[test]
    fn tools_are_named_after_what_they_give() {
        let report = |name: &str| Found::Report(name.to_owned()).tool();
        assert_eq!(report("Accounts Receivable"), "run_accounts_receivable_report");
        assert_eq!(report("Item-wise Sales Register"), "run_item_wise_sales_register_report");
        assert_eq!(report("BOM Stock Report"), "run_bom_stock_report");
        let saved = Found::Saved { name: "Late & large".to_owned(), doctype: "Sales Invoice".to_owned() };
        assert_eq!(saved.tool(), "list_sales_invoice_late_large");
        assert_eq!(Found::Method("my_app.api.credit_check".to_owned()).tool(), "credit_check");
        assert!(report(&"Very long ".repeat(20)).len() <= 64);
    }
}
