//! `list_reports`: the reports that the caller may run.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::offered;
use crate::answer::ToolAnswer;
use crate::error::ToolError;
use crate::policy::Operation;
use crate::shape::{is_set, text_of};
use crate::site::Filter;
use crate::tool::spec::handler;
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset};

/// Which reports may be run.
pub static LIST: ToolSpec = ToolSpec {
    name: "list_reports",
    title: "List reports",
    description: "Lists the reports that may be run here, with the DocType of each. Use it before run_report: names \
                  are exact.",
    toolset: Toolset::Core,
    operation: Operation::Report,
    effect: Effect::Reads,
    offered,
    special: Special::NONE,
    handler: handler!(ListArgs, list),
};

#[derive(Deserialize, JsonSchema)]
struct ListArgs {
    /// words in the name
    search: Option<String>,
    /// only reports about this DocType
    doctype: Option<String>,
}

async fn list(call: Call<'_>, args: ListArgs) -> Result<ToolAnswer, ToolError> {
    let session = call.session;
    let mut filters = vec![Filter::eq("disabled", 0)];
    filters.extend(args.doctype.as_deref().map(|about| Filter::eq("ref_doctype", about)));
    let words: Vec<String> =
        args.search.as_deref().unwrap_or_default().split_whitespace().map(str::to_lowercase).collect();
    let found = session.site.reports(&filters).await?;
    let may = |entry: &Map<String, Value>| {
        let lower = text_of(entry, "name").to_lowercase();
        session.may_run(entry) && words.iter().all(|word| lower.contains(word))
    };
    let reports = found.iter().filter(|entry| may(entry)).map(|entry| {
        let mut report = json!({"name": text_of(entry, "name"), "doctype": text_of(entry, "ref_doctype")});
        if is_set(entry, "prepared_report") {
            report["runs_in_background"] = json!(true);
        }
        if text_of(entry, "report_type") == "Report Builder" {
            report["saved_list"] = json!(true);
        }
        report
    });
    let reports: Vec<Value> = reports.collect();
    let mut result = json!({"count": reports.len(), "reports": reports});
    if !reports.is_empty() {
        result["note"] = json!("the site asks for its user's roles when one is run: it may refuse some of these");
    }
    Ok(result.into())
}
