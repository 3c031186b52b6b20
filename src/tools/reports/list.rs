//! `list_reports`.

use serde_json::{Map, Value, json};

use super::{offered, text};
use crate::answer::ToolAnswer;
use crate::error::ToolError;
use crate::policy::Operation;
use crate::site::Filter;
use crate::tool::arguments::{Kind, optional};
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset};

/// Which reports may be run.
pub const LIST: ToolSpec = ToolSpec {
    name: "list_reports",
    title: "List reports",
    description: "Lists the reports that may be run here, with the DocType of each. Use it before run_report: names \
                  are exact.",
    args: &[
        optional("search", Kind::Text).about("words in the name"),
        optional("doctype", Kind::Text).about("only reports about this DocType"),
    ],
    toolset: Toolset::Core,
    operation: Operation::Report,
    effect: Effect::Reads,
    offered,
    special: Special::NONE,
    run: |call| Box::pin(list(call)),
};

async fn list(call: Call<'_>) -> Result<ToolAnswer, ToolError> {
    let session = call.session;
    let mut filters = vec![Filter::eq("disabled", 0)];
    filters.extend(call.given.text("doctype").map(|about| Filter::eq("ref_doctype", about)));
    let words: Vec<String> =
        call.given.text("search").unwrap_or_default().split_whitespace().map(str::to_lowercase).collect();
    let found = session.site.reports(&filters).await?;
    let may = |entry: &Map<String, Value>| {
        let name = text(entry, "name");
        let lower = name.to_lowercase();
        session.policy.permit_report(name, text(entry, "ref_doctype")).is_ok()
            && words.iter().all(|word| lower.contains(word))
    };
    let reports = found.iter().filter(|entry| may(entry)).map(|entry| {
        let mut report = json!({"name": text(entry, "name"), "doctype": text(entry, "ref_doctype")});
        if entry.get("prepared_report").is_some_and(|on| *on == 1) {
            report["runs_in_background"] = json!(true);
        }
        if text(entry, "report_type") == "Report Builder" {
            report["saved_list"] = json!(true);
        }
        report
    });
    let reports: Vec<Value> = reports.collect();
    Ok(json!({"count": reports.len(), "reports": reports}).into())
}
