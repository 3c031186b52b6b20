//! `export_report`: the rows of a report, in a file.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::place::{self, ExportTarget};
use super::seen::Source;
use super::sheet::{Holds, Sheet};
use super::{Format, fits, keep, may_leave, offered_reports, stopped};
use crate::answer::ToolAnswer;
use crate::error::ToolError;
use crate::policy::Operation;
use crate::shape::report::Column;
use crate::tool::kinds::{FieldNames, Object};
use crate::tool::spec::handler;
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset};
use crate::tools::reports::Report;
use crate::tools::reports::run::{Ran, ReportRequest};
use crate::tools::reports::select::{self, COLUMNS};

/// How many rows are written between two looks at whether the client is still there.
const AT_ONCE: usize = 1_000;

/// A report in a file.
pub static REPORT: ToolSpec = ToolSpec {
    name: "export_report",
    title: "Export a report to a file",
    description: "Runs a report and writes its rows, without the total, to a new CSV or XLSX file (spreadsheet); gives its \
                  path or resource, rows and SHA-256. Filters as for run_report.",
    toolset: Toolset::Data,
    operation: Operation::Export,
    effect: Effect::Reads,
    offered: offered_reports,
    special: Special::NONE,
    handler: handler!(ReportArgs, export),
};

#[derive(Deserialize, JsonSchema)]
struct ReportArgs {
    /// as list_reports gives it
    name: String,
    /// {"filter": value}
    #[serde(default)]
    #[schemars(extend("properties" = {"company": {"type": "string"}}))]
    filters: Object,
    columns: Option<FieldNames>,
    /// csv unless file_name says
    format: Option<Format>,
    /// of the new file, without a folder
    file_name: Option<String>,
    /// for a report in the background: its run, as named by an earlier call
    prepared: Option<String>,
}

async fn export(call: Call<'_>, args: ReportArgs) -> Result<ToolAnswer, ToolError> {
    let place = ExportTarget::of(&call, &args.name, args.file_name.as_deref(), args.format).await?;
    let report = Report::open(call.session, &args.name).await?;
    may_leave(&call, report.doctype()).await?;
    let asked = ReportRequest::read(&report, call.tool, args.filters.0.clone()).await?;
    let Ran { mut table, withheld, .. } =
        match asked.run(&report, call.tool, args.prepared.as_deref(), call.observer).await? {
            Ok(ran) => ran,
            Err(prepared) => {
                let next = "call export_report again with the same arguments and this as prepared";
                let running = json!({"report": report.name(), "status": "running", "prepared": prepared, "next": next});
                return Ok(running.into());
            }
        };
    if let Some(wanted) = args.columns.as_deref() {
        select::keep(&mut table, wanted)
            .map_err(|found| ToolError::arguments_named_by(call.tool.name(), vec![found], COLUMNS))?;
    }
    fits(table.rows.len() as u64, "The report")?;
    let columns = table.columns.iter().map(|column| (label(column), holds(column))).collect();
    let mut sheet = Sheet::begin(place.directory, place.format, columns).map_err(place::unwritable)?;
    for (done, rows) in table.rows.chunks(AT_ONCE).enumerate() {
        if call.observer.is_stopped() {
            return Err(stopped());
        }
        call.observer.tell(done * AT_ONCE, table.rows.len());
        for row in rows {
            place.add(&mut sheet, row)?;
        }
        tokio::task::yield_now().await;
    }
    let mut answer = keep(&call, report.doctype(), place, sheet, Source::Report(report.name().to_owned())).await?;
    answer.data.insert("report".to_owned(), json!(report.name()));
    if !withheld.is_empty() {
        answer.data.insert("withheld".to_owned(), json!(withheld));
    }
    Ok(answer)
}

fn label(column: &Column) -> String {
    if column.label.is_empty() { column.field.clone() } else { column.label.clone() }
}

fn holds(column: &Column) -> Holds {
    match column.kind.as_str() {
        "Date" => Holds::Date,
        "Datetime" => Holds::Datetime,
        _ => Holds::Other,
    }
}
