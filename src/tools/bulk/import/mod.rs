//! Making documents of the rows of a CSV file or of a sheet: all rows are checked before the first document is sent, and
//! accounted for after it.

mod check;
mod columns;
mod entries;
mod journal;
mod over_all;
mod problems;
mod sheet;
mod source;
mod told;
mod value;
mod workbook;

use std::sync::Arc;

use erpnext_schema::{DocTypeDef, Purpose, Verb};
use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::go::go;
use super::{DRY, Row, rehearse, stops_all, wrong};
use crate::answer::ToolAnswer;
use crate::audit::Attempt;
use crate::documents::DocTypeCall;
use crate::error::ToolError;
use crate::extract;
use crate::hex::sha256;
use crate::policy::Operation;
use crate::shape;
use crate::site;
use crate::tool::document_args::CreateArgs;
use crate::tool::kinds::{Data, DocTypeName, Object};
use crate::tool::spec::handler;
use crate::tool::{Call, Effect, Special, ToolSpec, Toolset};
use crate::tools::write;
use crate::writes::gate::of_a_row;
use check::Checked;
use entries::Entry;
use journal::{Journal, Place};
use problems::Problems;
use sheet::{Sheet, SheetRow};
use source::Source;

/// How many documents are shown as they would be made.
const FIRST: usize = 3;
/// How many bytes of what would be done a person is asked about: laid out as lines it is up to twice as much.
const MOST_SHOWN: usize = 12_000;
/// How the others are seen.
const OTHERS: &str = "all_rows tells of every document; dry_run with start_at shows the first three from any line on";

/// Makes documents of the rows of a file.
pub static IMPORT: ToolSpec = ToolSpec {
    name: "import_documents",
    title: "Import documents from CSV or XLSX",
    description: "Creates a document of each row of a CSV file or an XLSX sheet, up to 10,000; its first row names fields \
                  or labels. A row that fills only columns of child tables (items.item_code) continues the document above. The \
                  first call sends nothing: it shows the mapping, the problems of all rows and the first \
                  documents, and gives a confirm_token. The answer accounts for the rows and says where to continue.",
    toolset: Toolset::Bulk,
    operation: Operation::Create,
    effect: Effect::Adds,
    offered: |policy| policy.permits_somewhere(Operation::Create),
    special: Special { confirm_as: &[Operation::Cancel], ..Special::NONE },
    handler: handler!(ImportArgs, import),
};

#[derive(Deserialize, JsonSchema)]
struct ImportArgs {
    doctype: DocTypeName,
    /// the CSV itself
    content: Option<String>,
    /// in the place of content: a file below this server's directory for imports
    file: Option<String>,
    /// or {"doctype", "name", "file"} of an attached file
    attachment: Option<Object>,
    /// of a workbook; the first by default
    sheet: Option<String>,
    /// {"column": "fieldname"} where they are called otherwise; "" leaves the column out
    mapping: Option<Object>,
    /// false leaves out what the desk's form would fill in: taxes
    form_defaults: Option<bool>,
    /// first row to process, as given by the answer of a stopped call
    start_at: Option<u64>,
}

async fn import(call: Call<'_>, args: ImportArgs) -> Result<ToolAnswer, ToolError> {
    let permit = call.session.permit(Operation::Create, &args.doctype).await?;
    let on = DocTypeCall::of(&call, &permit).await?;
    on.fits(Verb::Create)?;
    let Source { argument, bytes, beside } =
        Source::of(&call, args.content, args.file.as_deref(), args.attachment.as_deref()).await?;
    let sheet = sheet_in(&call, argument, &bytes, args.sheet.as_deref()).await?;
    let mapping = args.mapping.map(|mapping| mapping.0).unwrap_or_default();
    let open = |on: &DocTypeCall<'_>| {
        let children = |child: &str| on.session.catalog.known(child);
        columns::of(on.def, &children, on.permit.fields(), &sheet, &mapping)
    };
    let (on, columns) = on.checked(open).await.map_err(mapped)?;
    site::learn_days(columns.day_orders(&sheet));
    let attempt = Attempt { fields: columns.paths(), ..on.attempt.clone() };
    let on = DocTypeCall { attempt: &attempt, ..on };

    let mut problems = Problems::default();
    let documents = from(&call, args.start_at, entries::documents(&sheet, &columns))?;
    let entries = entries::read(&documents, &columns, sheet.semicolons, &mut problems);
    let checked = check::check(&on, call.observer, &entries, &columns, &mut problems).await?;
    let mut rows: Vec<Ready> = checked.into_iter().map(|checked| Ready::new(checked, args.form_defaults)).collect();
    let docs = rows.iter().map(|row| &*row.args.data);
    let operation = on.permit.operation();
    let mut shown = Map::from_iter([
        ("documents".to_owned(), json!(entries.len())),
        ("mapping".to_owned(), Value::Object(columns.told())),
    ]);
    shown.extend(sheet.name.as_ref().map(|name| ("sheet".to_owned(), json!(name))));
    let place = beside.as_ref().map(|(folder, stem)| {
        let what = json!([on.def.name, sheet.name, sha256(&bytes)]).to_string();
        Place::new(folder, stem, &sha256(what.as_bytes())[..12])
    });
    let start = entries.first().map_or(0, |entry| entry.line);
    shown.extend(journal::cut_short(place.as_ref(), start).await.map(|told| ("cut_short".to_owned(), told)));
    if problems.is_empty() {
        shown.insert("all_rows".to_owned(), Value::Object(over_all::of(&columns, docs.clone())));
    }
    if on.attempt.dry_run || on.must_ask_as(operation, true) {
        let first = first(&on, &entries, &rows, &mut problems).await?;
        if first.len() < entries.len() {
            shown.insert("others".to_owned(), json!(OTHERS));
        }
        shown.insert("rows".to_owned(), Value::Array(first));
    }
    if on.attempt.dry_run {
        return Ok(dry(shown, &problems).into());
    }
    if !problems.is_empty() {
        return Err(unfit(&entries, &problems));
    }
    on.has_room_for(rows.len()).await?;
    // The documents as they are sent, beside the file: what a title in it leads to may be another document by then.
    let docs: Vec<&Map<String, Value>> = docs.collect();
    let state = json!({"file": sha256(&bytes), "documents": sha256(json!(docs).to_string().as_bytes())});
    let confirmed = on.gate_batch(operation, true, &fitted(shown), &state).await?;
    let lines: Vec<u64> = rows.iter().map(|row| entries[row.at].line).collect();
    let journal = journal::begin(place).await;
    for (row, line) in rows.iter_mut().zip(&lines) {
        row.journal = journal.clone().map(|journal| (journal, *line));
    }
    let ended = go(&call, &on, &rows, 0..rows.len(), confirmed, one).await;
    Ok(told::answer(&lines, ended, beside, journal).await)
}

/// The rows that are in the bytes: in a workbook those of the sheet that is named, or of the first.
async fn sheet_in(call: &Call<'_>, argument: &str, bytes: &[u8], named: Option<&str>) -> Result<Sheet, ToolError> {
    let read = if argument != "content" && extract::is_zip(bytes) {
        workbook::read(call.session.caller.identity().as_bytes(), bytes, named).await?
    } else if named.is_some() {
        return Err(wrong(call, "sheet", "only a workbook (XLSX) has sheets".to_owned()));
    } else {
        sheet::read(bytes)
    };
    read.map_err(|why| {
        let next = "Give a CSV or XLSX file that is whole.";
        ToolError::refused(format!("{argument}: the file {why}. Nothing was sent."), next)
    })
}

/// That rows have problems, and which.
fn unfit(entries: &[Entry], problems: &Problems) -> ToolError {
    let what = format!(
        "Nothing was sent, and nobody was asked: {} of {} rows have problems; a row is told by the line at which it \
         begins:{}",
        problems.rows(),
        entries.iter().map(|entry| entry.lines.len()).sum::<usize>(),
        problems.lines()
    );
    ToolError::refused(what, "Correct the file, or say in mapping what its columns are for, and call again.")
}

/// What would be done, short enough for a question: one that is too long is not asked, and the model alone would decide.
fn fitted(shown: Map<String, Value>) -> Map<String, Value> {
    let mut shown = Value::Object(shown);
    let left_out = shape::fit(&mut shown, MOST_SHOWN).err().unwrap_or_default();
    if !left_out.is_empty() {
        shown["left_out"] = Value::Object(left_out);
    }
    match shown {
        Value::Object(shown) => shown,
        _ => Map::new(),
    }
}

/// A row whose document was checked, and is sent as that.
struct Ready {
    /// Which entry of the file it is.
    at: usize,
    def: &'static DocTypeDef,
    args: CreateArgs,
    /// The links that are titles in the file, by place.
    titled: Map<String, Value>,
    /// Where it is noted before it is sent, and the line under which it is noted.
    journal: Option<(Arc<Journal>, u64)>,
}

impl Ready {
    fn new(Checked { at, def, doc, titled }: Checked, form_defaults: Option<bool>) -> Self {
        let args = CreateArgs { data: Data(doc), idempotency_key: None, form_defaults, return_document: false };
        Self { at, def, args, titled, journal: None }
    }
}

impl Row for Ready {
    fn name(&self) -> Option<&str> {
        None
    }

    fn purpose(&self) -> Purpose {
        Purpose::Create
    }

    fn data(&self) -> Option<&Map<String, Value>> {
        Some(&self.args.data)
    }
}

/// What is done with each row: what was shown and confirmed, whatever its titles have come to mean.
fn one<'r>(on: &'r DocTypeCall<'r>, row: &'r Ready) -> BoxFuture<'r, Result<ToolAnswer, ToolError>> {
    Box::pin(async move {
        let on = DocTypeCall { def: row.def, ..*on };
        let create = write::create_checked(&on, &row.args, row.args.data.0.clone(), row.titled.clone());
        match &row.journal {
            None => create.await,
            Some((journal, line)) => {
                journal.sent(*line);
                let result = create.await;
                journal.ended(*line, &result);
                result
            }
        }
    })
}

/// Leaves out the documents before the one at which a stopped call is continued.
fn from<'s>(
    call: &Call<'_>,
    start_at: Option<u64>,
    mut documents: Vec<&'s [SheetRow]>,
) -> Result<Vec<&'s [SheetRow]>, ToolError> {
    let Some(start) = start_at else { return Ok(documents) };
    let line = |rows: &[SheetRow]| rows.first().map_or(0, |row| row.line);
    let last = documents.last().map_or(0, |rows| line(rows));
    documents.retain(|rows| line(rows) >= start);
    if documents.is_empty() {
        let message = format!("rows are told by the line at which they begin, and the last begins at {last}");
        return Err(wrong(call, "start_at", message));
    }
    Ok(documents)
}

/// The first documents as they would be made; where they could not be, that is a problem of their rows.
async fn first(
    on: &DocTypeCall<'_>,
    entries: &[Entry],
    rows: &[Ready],
    problems: &mut Problems,
) -> Result<Vec<Value>, ToolError> {
    let attempt = Attempt { dry_run: true, ..on.attempt.clone() };
    let on = DocTypeCall { attempt: &attempt, ..*on };
    let mut shown = Vec::new();
    for row in rows.iter().take(FIRST) {
        let line = entries[row.at].line;
        match rehearse(&on, row, one).await {
            Ok(would) => {
                let mut would = of_a_row(would);
                would.data.insert("row".to_owned(), json!(line));
                shown.push(would.into_value());
            }
            Err(error) if stops_all(&error) => return Err(error),
            Err(error) => problems.add(line, "", error.for_model().replace('\n', " ")),
        }
    }
    Ok(shown)
}

/// The end of a dry run: what the first call shows, and what is wrong.
fn dry(shown: Map<String, Value>, problems: &Problems) -> Map<String, Value> {
    let mut answer = Map::from_iter([("dry_run".to_owned(), json!(true))]);
    answer.extend(shown);
    let mut next = DRY;
    if !problems.is_empty() {
        answer.insert("rows_with_problems".to_owned(), json!(problems.rows()));
        answer.insert("problems".to_owned(), Value::Array(problems.told()));
        next = "Nothing was sent, and nothing will be while a row has a problem: correct the file, or change mapping.";
    }
    answer.insert("next".to_owned(), json!(next));
    answer
}

/// That the client left before anything was sent.
fn called_off() -> ToolError {
    ToolError::refused("The import was called off; nothing was sent.", "Call again for the whole file.")
}

/// Columns that are for no field, with how they are given one.
fn mapped(error: ToolError) -> ToolError {
    const HOW: &str = "mapping says which field a column is for, as {\"Price\": \"standard_rate\"}, and \"\" leaves it out; \
                       get_doctype_schema lists the fields.";
    match error {
        ToolError::Arguments { tool, violations, .. } => ToolError::arguments_named_by(tool, violations, HOW),
        error => error,
    }
}
