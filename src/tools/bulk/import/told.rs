//! What became of an import: in numbers and by its first documents for the model, document by document in a file beside
//! the one that was imported. A document is told by the line at which it begins.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tempfile::NamedTempFile;

use super::journal::Journal;
use crate::answer::ToolAnswer;
use crate::tools::bulk::MOST_PROBLEMS as MOST;
use crate::tools::bulk::account::Became;
use crate::tools::bulk::go::Ended;

/// What to do before a row is repeated, and how it is.
const LOOK: &str = "look at the documents of unknown before repeating their rows: each may be done";
const APART: &str = "rows to repeat go into a file of their own: with this one those that are done would be made twice";

/// The account as the model gets it; the whole of it goes into the directory, under a name that begins like that, in the place
/// of what was told there meanwhile.
pub(super) async fn answer(
    lines: &[u64],
    ended: Ended,
    beside: Option<(PathBuf, String)>,
    journal: Option<Arc<Journal>>,
) -> ToolAnswer {
    let Ended { account, next: first_left, why } = ended;
    let rows = account.rows();
    let line = |row: usize| lines.get(row).copied();
    let (mut created, mut done) = (Vec::new(), 0);
    let (mut failed, mut unknown) = (Vec::new(), Vec::new());
    for (row, became) in &rows {
        match became {
            Became::Done(name) => {
                done += 1;
                created.push(json!(name));
            }
            Became::Failed(why) => failed.push(json!({"row": line(*row), "error": why})),
            Became::Unknown(why) => unknown.push(json!({"row": line(*row), "error": why})),
        }
    }
    let mut answer = Map::from_iter([
        ("done".to_owned(), json!(done)),
        ("failed_rows".to_owned(), json!(failed.len())),
        ("total".to_owned(), json!(lines.len())),
    ]);
    let notes = by_line(account.notes(), line);
    if !unknown.is_empty() {
        answer.insert("unknown_rows".to_owned(), json!(unknown.len()));
    }
    let next = [(!unknown.is_empty()).then_some(LOOK), (failed.len() + unknown.len() > 0).then_some(APART)];
    let next: Vec<&str> = next.into_iter().flatten().collect();
    if !next.is_empty() {
        answer.insert("next".to_owned(), json!(next.join("; ")));
    }
    let filled = account.filled();
    for (key, mut values) in
        [("created", created), ("failed", failed), ("unknown", unknown), ("notes", notes), ("filled_in", filled)]
    {
        if values.len() > MOST {
            values.truncate(MOST);
            answer.insert(format!("{key}_shown"), json!(format!("the first {MOST}")));
        }
        if !values.is_empty() {
            answer.insert(key.to_owned(), Value::Array(values));
        }
    }
    if let Some(at) = line(first_left) {
        let left = lines.len() - first_left;
        answer.insert("stopped".to_owned(), json!({"why": why, "left": left, "start_at": at}));
    }
    let mut messages = Vec::new();
    if let Some(beside) = beside {
        match kept(beside, account_file(lines, &rows), journal).await {
            Ok(path) => {
                answer.insert("account".to_owned(), json!(path.to_string_lossy()));
            }
            Err(error) => {
                tracing::error!("the account of an import could not be written: {error}");
                messages.push(
                    "the account of all rows could not be written beside the file: tell the administrator".to_owned(),
                );
            }
        }
    }
    ToolAnswer { messages, ..answer.into() }
}

/// The notes with the lines at which their rows begin.
fn by_line(mut notes: Vec<Value>, line: impl Fn(usize) -> Option<u64>) -> Vec<Value> {
    let at = |row: &Value| json!(row.as_u64().and_then(|row| usize::try_from(row).ok()).and_then(&line));
    for note in &mut notes {
        match note.get_mut("rows").and_then(Value::as_array_mut) {
            Some(rows) => rows.iter_mut().for_each(|row| *row = at(row)),
            None => note["row"] = at(&note["row"]),
        }
    }
    notes
}

/// Writes the account beside the file, and removes what was told there meanwhile.
async fn kept(
    (folder, stem): (PathBuf, String),
    text: io::Result<Vec<u8>>,
    journal: Option<Arc<Journal>>,
) -> io::Result<PathBuf> {
    let kept = tokio::task::spawn_blocking(move || {
        let path = keep(&folder, &stem, &text?)?;
        if let Some(Err(error)) = journal.map(|journal| journal.remove()) {
            tracing::error!("what was told of an import meanwhile could not be removed: {error}");
        }
        Ok::<_, io::Error>(path)
    });
    kept.await.map_err(io::Error::other)?
}

/// The account as CSV: a line for each document of the file, also for those that were not begun.
fn account_file(lines: &[u64], rows: &BTreeMap<usize, Became<'_>>) -> io::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["row", "result", "name", "reason"])?;
    for (at, line) in lines.iter().enumerate() {
        let (result, name, reason) = match rows.get(&at) {
            Some(Became::Done(name)) => ("done", *name, ""),
            Some(Became::Failed(why)) => ("failed", "", *why),
            Some(Became::Unknown(why)) => ("unknown", "", *why),
            None => ("not sent", "", ""),
        };
        let (line, name, reason) = (line.to_string(), guarded(name), guarded(reason));
        writer.write_record([line.as_str(), result, name.as_str(), reason.as_str()])?;
    }
    writer.into_inner().map_err(|error| io::Error::other(error.to_string()))
}

/// With a `'` before what a spreadsheet would take for a formula.
pub(super) fn guarded(text: &str) -> String {
    let is_formula = text.starts_with(|c: char| matches!(c, '=' | '+' | '-' | '@') || c.is_control());
    format!("{}{text}", if is_formula { "'" } else { "" })
}

/// Writes a new file, its owner's alone; no other is written over.
fn keep(folder: &Path, stem: &str, text: &[u8]) -> io::Result<PathBuf> {
    let mut file = NamedTempFile::new_in(folder)?;
    io::Write::write_all(&mut file, text)?;
    file.as_file().sync_all()?;
    let now = Timestamp::now().strftime("%Y%m%d-%H%M%S").to_string();
    for turn in 1..=100 {
        let again = if turn > 1 { format!("-{turn}") } else { String::new() };
        let path = folder.join(format!("{stem}-account-{now}{again}.csv"));
        match file.persist_noclobber(&path) {
            Ok(_) => return Ok(path),
            Err(failed) if failed.error.kind() == io::ErrorKind::AlreadyExists => file = failed.file,
            Err(failed) => return Err(failed.error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}
