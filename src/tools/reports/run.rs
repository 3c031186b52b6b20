//! `run_report`: the rows of a report.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::background::Progress;
use super::page::page;
use super::select::{COLUMNS, select};
use super::{Report, filters, form, offered, published};
use crate::answer::{ToolAnswer, note_of};
use crate::error::ToolError;
use crate::policy::{Operation, equal};
use crate::query::cursor;
use crate::shape::report::Table;
use crate::site::redacted;
use crate::tool::kinds::{Cursor, FieldNames, Limit, Object, OrderBy};
use crate::tool::progress::CallObserver;
use crate::tool::spec::handler;
use crate::tool::{Call, Effect, Special, Tool, ToolSpec, Toolset};

/// The rows of a report.
pub static RUN: ToolSpec = ToolSpec {
    name: "run_report",
    title: "Run a report",
    description: "Runs a report and returns its rows, the total apart. Use it for ledger questions: receivables, \
                  balances, registers. Each report has its own filters: describe_report lists them.",
    toolset: Toolset::Core,
    operation: Operation::Report,
    effect: Effect::Reads,
    offered,
    special: Special::NONE,
    handler: handler!(RunArgs, run),
};

#[derive(Deserialize, JsonSchema)]
pub(super) struct RunArgs {
    /// as list_reports gives it
    name: String,
    /// {"filter": value}
    #[serde(default)]
    #[schemars(extend("properties" = {"company": {"type": "string"}}))]
    filters: Object,
    pub(super) columns: Option<FieldNames>,
    /// a column, asc or desc
    pub(super) order_by: Option<OrderBy>,
    /// 1 leaves out the rows below others
    pub(super) levels: Option<u64>,
    /// as an earlier answer of this report has it: columns that are still the same are not told again
    columns_known: Option<String>,
    #[serde(default)]
    pub(super) totals_only: bool,
    #[serde(default)]
    limit: Limit,
    cursor: Option<Cursor>,
    /// for a report in the background: its run, as named by an earlier call
    prepared: Option<String>,
}

async fn run(call: Call<'_>, args: RunArgs) -> Result<ToolAnswer, ToolError> {
    let report = Report::open(call.session, args.name.as_str()).await?;
    let asked = ReportRequest::read(&report, call.tool, args.filters.0.clone()).await?;
    rows(&call, &report, &asked, args, &[]).await
}

/// The rows of a run; where columns are chosen for it beforehand, those of them that it has.
pub(super) async fn rows(
    call: &Call<'_>,
    report: &Report<'_>,
    asked: &ReportRequest,
    mut args: RunArgs,
    chosen: &[String],
) -> Result<ToolAnswer, ToolError> {
    let name = report.name();
    let filters = &asked.filters;
    let identity = json!([name, filters, args.order_by.as_deref(), args.levels, args.totals_only]).to_string();
    let start = match args.cursor.as_deref() {
        None => 0,
        Some(at) => cursor::read(at, &identity).ok_or_else(|| {
            ToolError::refused(
                "cursor: not one of this report: it is valid only with the same filters.",
                "Call again without cursor.",
            )
        })?,
    };
    let Ran { mut table, withheld, answer, prepared } =
        match asked.run(report, call.tool, args.prepared.as_deref(), call.observer).await? {
            Ok(ran) => ran,
            Err(prepared) => {
                let next = format!("call {} again with the same arguments and this as prepared", call.tool.name());
                return Ok(json!({"report": name, "status": "running", "prepared": prepared, "next": next}).into());
            }
        };
    let absent = match chosen {
        [] => Vec::new(),
        chosen => {
            let (there, absent) = published::columns(call.tool, &table, chosen)?;
            args.columns = Some(FieldNames(there));
            absent
        }
    };
    let unheeded = asked.unheeded(&table).join(", ");
    let left_out =
        select(&mut table, &args).map_err(|found| ToolError::arguments_named_by(call.tool.name(), found, COLUMNS))?;
    let mut result = Map::from_iter([("report".to_owned(), json!(name)), ("filters".to_owned(), json!(filters))]);
    left_out.note(&mut result);
    let mut notes = Vec::new();
    if !unheeded.is_empty() {
        notes.push(format!("the rows hold other values in {unheeded} too: the report may not filter by it"));
    }
    let told = |field: &&String| table.columns.iter().any(|column| column.field == **field);
    let mixed: Vec<&str> = table.mixed.iter().filter(told).map(String::as_str).collect();
    if !mixed.is_empty() {
        notes.push(format!("no total of {}: the rows are in several currencies", mixed.join(", ")));
    }
    if !absent.is_empty() {
        result.insert("columns_not_there".to_owned(), json!(absent));
    }
    let limit = if args.totals_only { 0 } else { args.limit.get() };
    let known = args.columns_known.as_deref().unwrap_or_default();
    let page = page(table, start, limit, call.session.tools.bytes_for_rows(), &identity, known);
    if page.contains_key("next_cursor") && prepared.is_none() {
        notes.push("the next page is of another run: rows may shift".to_owned());
    }
    result.extend(note_of(&notes));
    result.extend(page);
    // The next page is one of the same run.
    result.extend(prepared.map(|prepared| ("prepared".to_owned(), json!(prepared))));
    if !withheld.is_empty() {
        result.insert("withheld".to_owned(), json!(withheld));
    }
    if let Some(message) = answer.get("message").and_then(Value::as_str).filter(|message| !message.is_empty()) {
        result.insert("message".to_owned(), json!(redacted(message)));
    }
    if let Some(at) = answer.get("doc").and_then(|doc| doc.get("report_end_time")).filter(|at| !at.is_null()) {
        result.insert("as_of".to_owned(), at.clone());
    }
    Ok(result.into())
}

/// What a report is run with.
pub(crate) struct ReportRequest {
    form: Vec<form::Filter>,
    /// The names of the filters that were given.
    given: Vec<String>,
    /// All filters, with the form's defaults.
    filters: Map<String, Value>,
}

/// What a run gave.
pub(crate) struct Ran {
    /// The rows, without what is withheld.
    pub table: Table,
    /// The labels of what is.
    pub withheld: Vec<String>,
    /// The site's answer.
    answer: Map<String, Value>,
    /// The Prepared Report that holds it, if one does.
    prepared: Option<String>,
}

impl ReportRequest {
    /// Checks the filters that were given against the report's form.
    ///
    /// # Errors
    /// Everything that is wrong with them, and the site's.
    pub(crate) async fn read(report: &Report<'_>, tool: Tool, given: Map<String, Value>) -> Result<Self, ToolError> {
        report.runs()?;
        Self::by_form(report, tool, form::of(report).await?, given).await
    }

    /// The same where the form is known.
    pub(super) async fn by_form(
        report: &Report<'_>,
        tool: Tool,
        form: Vec<form::Filter>,
        given: Map<String, Value>,
    ) -> Result<Self, ToolError> {
        let given = filters::meant(report.session, &form, given).await?;
        let names = given.keys().cloned().collect();
        let filters = filters::check(report, tool, &form, given).await?;
        Ok(Self { form, given: names, filters })
    }

    /// The filters that a report which states none was given and did not heed: its rows hold other values there.
    fn unheeded(&self, table: &Table) -> Vec<&str> {
        let is_unheeded = |name: &&String| {
            let wanted = self.filters.get(*name).filter(|value| value.is_string() || value.is_number());
            let at = table.columns.iter().position(|column| column.field == **name);
            let holds_other = |(wanted, at): (&Value, usize)| {
                let held = table.rows.iter().filter_map(|row| row.get(at));
                held.filter(|value| !value.is_null() && **value != "").any(|value| !equal(value, wanted))
            };
            wanted.zip(at).is_some_and(holds_other)
        };
        match self.form.is_empty() {
            true => self.given.iter().filter(is_unheeded).map(String::as_str).collect(),
            false => Vec::new(),
        }
    }

    /// Runs the report; if it is still under way in the background, gives the name of its run.
    ///
    /// # Errors
    /// The site's, and what may not be seen of the answer.
    pub(crate) async fn run(
        &self,
        report: &Report<'_>,
        tool: Tool,
        prepared: Option<&str>,
        observer: &CallObserver,
    ) -> Result<Result<Ran, String>, ToolError> {
        let (answer, prepared) = match report.answer(&self.filters, prepared, observer).await? {
            Progress::Done(answer, prepared) => (answer, prepared),
            Progress::Running(prepared) => return Ok(Err(prepared)),
        };
        let (table, withheld) = report.table(&answer).await?;
        filters::check_linked(report, tool, &self.form, &self.given, &table.doctypes).await?;
        if table.columns.is_empty() && withheld.is_empty() {
            let takes: Vec<&str> = self.form.iter().map(|filter| filter.field.as_str()).collect();
            return Err(ToolError::refused(
                format!(
                    "{}: the report answered without columns, as reports do if a filter is missing. Filters sent: {}; it takes: {}.",
                    report.name(),
                    json!(self.filters),
                    if takes.is_empty() { "not stated".to_owned() } else { takes.join(", ") }
                ),
                "describe_report shows what each filter is.",
            ));
        }
        Ok(Ok(Ran { table, withheld, answer, prepared }))
    }
}

impl Report<'_> {
    /// The answer without the columns that are withheld, and their labels.
    ///
    /// # Errors
    /// Where a column links to a DocType of which only some documents may be read: its rows are about all of them.
    pub(crate) async fn table(&self, answer: &Map<String, Value>) -> Result<(Table, Vec<String>), ToolError> {
        let mut table = Table::read(answer);
        if let Some(doctype) = table.doctypes.iter().find(|doctype| self.session.policy.is_row_filtered(doctype)) {
            return Err(ToolError::refused(
                format!(
                    "{}: its rows are about every {doctype}, of which this server's configuration lets only some be read.",
                    self.name
                ),
                "list_generic_documents or aggregate_documents hold to what may be read.",
            ));
        }
        let mut hidden = Vec::new();
        for column in &table.columns {
            let about = std::iter::once(self.permit.doctype()).chain(table.doctypes.iter().map(String::as_str));
            if self.withholds(about, column.called(&self.name)).await? {
                hidden.push(column.clone());
            }
        }
        let withheld = table.withhold(|column| hidden.contains(column));
        Ok((table, withheld))
    }
}
