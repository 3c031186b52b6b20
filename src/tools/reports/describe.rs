//! `describe_report`: the filters and columns of a report, and a call that runs it.

use erpnext_schema::counted;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::form::{self, Filter, is_date};
use super::page::described;
use super::{Report, offered};
use crate::answer::ToolAnswer;
use crate::error::ToolError;
use crate::policy::Operation;
use crate::site::SiteErrorKind;
use crate::tool::spec::handler;
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset};

/// What a report takes and shows.
pub static DESCRIBE: ToolSpec = ToolSpec {
    name: "describe_report",
    title: "Describe a report",
    description: "Describes a report: its filters with types and which are required, its columns, an example for \
                  run_report. Use it before the first run: without a required filter a report fails or returns \
                  nothing.",
    toolset: Toolset::Core,
    operation: Operation::Report,
    effect: Effect::Reads,
    offered,
    special: Special::NONE,
    handler: handler!(DescribeArgs, describe),
};

#[derive(Deserialize, JsonSchema)]
struct DescribeArgs {
    /// as list_reports gives it
    name: String,
}

async fn describe(call: Call<'_>, args: DescribeArgs) -> Result<ToolAnswer, ToolError> {
    let report = Report::open(call.session, args.name.as_str()).await?;
    let name = report.name();
    let mut result = Map::from_iter([
        ("report".to_owned(), json!(name)),
        ("doctype".to_owned(), json!(report.permit.doctype())),
        ("type".to_owned(), json!(report.kind)),
    ]);
    if let Err(why) = report.runs() {
        result.insert("note".to_owned(), json!(why.for_model()));
        return Ok(result.into());
    }
    let form = form::of(&report).await?;
    result.insert("filters".to_owned(), form.iter().map(facts).collect());
    let example = example(&report, &form).await?;
    if let Some(filters) = &example {
        result.insert("example".to_owned(), json!({"name": name, "filters": filters}));
    }
    let note = match (example, report.prepared) {
        (_, true) => "runs in the background: run_report waits for it; its columns are known after a run".to_owned(),
        (None, _) => "no example: no document that may be read was found for a required filter".to_owned(),
        (Some(filters), _) => match call.session.site.run_report(&report.permit, name, &filters).await {
            Ok(answer) => {
                let (table, withheld) = report.table(&answer).await?;
                result.insert("columns".to_owned(), table.columns.iter().map(described).collect());
                if !withheld.is_empty() {
                    result.insert("withheld".to_owned(), json!(withheld));
                }
                match (table.columns.is_empty(), form.is_empty()) {
                    (false, _) => format!("the example gives {}", counted(table.rows.len(), "row")),
                    (true, true) => "the script of the report computes its filters: they are not known here".to_owned(),
                    (true, false) => "the example gives no columns: the report needs another filter".to_owned(),
                }
            }
            Err(error) => {
                let said = error.messages().join("; ");
                let named = form::spoken_of(&form, &said);
                if !named.is_empty() {
                    result.insert("needs".to_owned(), json!(named));
                }
                format!("the example fails, so the report needs another filter: {said}")
            }
        },
    };
    result.insert("note".to_owned(), json!(note));
    Ok(result.into())
}

fn facts(filter: &Filter) -> Value {
    let mut facts = json!({"field": filter.field, "label": filter.label, "type": filter.kind});
    if let Some(doctype) = filter.names() {
        facts["link_to"] = json!(doctype);
    }
    let choices = filter.choices();
    if !choices.is_empty() {
        facts["options"] = json!(choices);
    }
    if filter.required {
        facts["required"] = json!(true);
    }
    if let Some(default) = &filter.default {
        facts["default"] = default.clone();
    }
    facts
}

/// Filters that fill what is required, from the defaults and from what the site has; nothing where one cannot be filled.
pub(super) async fn example(report: &Report<'_>, form: &[Filter]) -> Result<Option<Map<String, Value>>, ToolError> {
    let mut filters = Map::new();
    for filter in form.iter().filter(|filter| filter.required || filter.default.is_some() || filter.field == "company")
    {
        let value = match (&filter.default, filter.link()) {
            (Some(default), _) => Some(default.clone()),
            (None, Some(doctype)) => first(report, doctype).await?,
            (None, None) if is_date(&filter.kind) => {
                let today = report.session.today();
                let from = filter.field.contains("from") || filter.field.contains("start");
                Some(json!(if from { today.first_of_year() } else { today }.to_string()))
            }
            (None, None) => filter.choices().first().map(|choice| json!(choice)),
        };
        match value {
            Some(value) => {
                filters.insert(filter.field.clone(), value);
            }
            None if filter.required => return Ok(None),
            None => {}
        }
    }
    Ok(Some(filters))
}

/// The name of some document that may be read.
async fn first(report: &Report<'_>, doctype: &str) -> Result<Option<Value>, ToolError> {
    let session = report.session;
    let permit = match session.permit(Operation::Read, doctype).await {
        Err(ToolError::Denied(_)) => return Ok(None),
        permit => permit?,
    };
    match session.site.search_link(&permit, "", 1, &[], None).await {
        Ok(found) => Ok(found.into_iter().next().and_then(|mut found| found.remove("value"))),
        Err(error)
            if matches!(
                error.kind(),
                SiteErrorKind::Denied | SiteErrorKind::Missing | SiteErrorKind::Rejected | SiteErrorKind::WrongForm
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}
