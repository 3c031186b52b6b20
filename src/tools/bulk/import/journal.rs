//! How far an import got, in a file beside its own: written while rows are sent, so that it tells of them if this server is
//! killed. At the end the account takes its place.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use super::told::guarded;
use crate::answer::ToolAnswer;
use crate::audit::Outcome;
use crate::error::ToolError;
use crate::files;
use crate::tools::bulk::MOST_PROBLEMS as MOST;

/// What the names of such files have in the middle, and those of which the next import took over.
const UNFINISHED: &str = "-unfinished-";
const TAKEN_OVER: &str = "-cut-short-";
/// Of a row that is under way, or was when the server was killed.
const SENT: &str = "sent";

/// Where imports of one file tell how far they got.
#[derive(Clone)]
pub(super) struct Place {
    folder: PathBuf,
    /// What the names begin with: that of the file, and what is in it.
    prefix: String,
}

/// The file of an import that is under way.
pub(super) struct Journal {
    file: Mutex<File>,
    path: PathBuf,
}

/// What is known of imports that did not end.
pub(super) struct Left {
    files: Vec<PathBuf>,
    /// What became of each row, by the line at which it begins.
    rows: BTreeMap<u64, String>,
}

/// What is told before the rows from the line `start` on are sent: that others of this file were, by an import that did not end.
pub(super) async fn cut_short(place: Option<&Place>, start: u64) -> Option<Value> {
    let place = place?.clone();
    let left = tokio::task::spawn_blocking(move || place.left()).await;
    match left.map_err(io::Error::other).and_then(|left| left) {
        Ok(left) => left?.told(start),
        Err(error) => {
            tracing::error!("what imports told of themselves could not be read: {error}");
            Some(json!("not known: the directory in which an import of this file would have told cannot be read"))
        }
    }
}

/// Begins the file of an import; without one it is done all the same, and its account says so if it cannot be written either.
pub(super) async fn begin(place: Option<Place>) -> Option<Arc<Journal>> {
    let place = place?;
    let begun = tokio::task::spawn_blocking(move || place.begin()).await;
    let begun = begun.map_err(io::Error::other).and_then(|begun| begun);
    begun.inspect_err(|error| tracing::error!("how far an import gets cannot be written: {error}")).ok().map(Arc::new)
}

impl Place {
    /// The place of a file that lies in the folder and is called so; `key` tells what is imported of it, and as what.
    pub fn new(folder: &Path, stem: &str, key: &str) -> Self {
        Self { folder: folder.to_owned(), prefix: format!("{stem}{UNFINISHED}{key}-") }
    }

    /// What imports of the same left that did not end; nothing where all did.
    ///
    /// # Errors
    /// The system's.
    pub fn left(&self) -> io::Result<Option<Left>> {
        let mut left = Left { files: Vec::new(), rows: BTreeMap::new() };
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let is_one = entry.file_name().to_str().is_some_and(|name| name.starts_with(&self.prefix));
            if !is_one || !entry.file_type()?.is_file() {
                continue;
            }
            let mut lines =
                csv::ReaderBuilder::new().flexible(true).from_path(entry.path()).map_err(io::Error::other)?;
            // The last line may be cut.
            for line in lines.records().map_while(Result::ok) {
                let row = line.get(0).and_then(|row| row.parse().ok());
                if let (Some(row), Some(result)) = (row, line.get(1)) {
                    left.rows.insert(row, result.to_owned());
                }
            }
            left.files.push(entry.path());
        }
        Ok((!left.rows.is_empty()).then_some(left))
    }

    /// Begins the file of an import; what is left of those before is not told of again.
    ///
    /// # Errors
    /// The system's.
    pub fn begin(&self) -> io::Result<Journal> {
        for file in self.left()?.map(|left| left.files).unwrap_or_default() {
            let name = file.file_name().map(|name| name.to_string_lossy().replace(UNFINISHED, TAKEN_OVER));
            fs::rename(&file, self.folder.join(name.unwrap_or_default()))?;
        }
        let file = tempfile::Builder::new().prefix(&self.prefix).suffix(".csv").tempfile_in(&self.folder)?;
        let (file, path) = file.keep().map_err(|failed| failed.error)?;
        let journal = Journal { file: Mutex::new(file), path };
        journal.write(["row", "result", "name", "reason"])?;
        files::keep_name(&journal.path)?;
        Ok(journal)
    }
}

impl Journal {
    /// Tells that a row is sent.
    pub fn sent(&self, line: u64) {
        self.tell([&line.to_string(), SENT, "", ""]);
    }

    /// Tells what became of it.
    pub fn ended(&self, line: u64, result: &Result<ToolAnswer, ToolError>) {
        let line = line.to_string();
        match result {
            Ok(answer) => {
                let name = answer.made.as_ref().map(|made| guarded(&made.name)).unwrap_or_default();
                self.tell([&line, "done", &name, ""]);
            }
            Err(error) => {
                let became = if error.outcome() == Outcome::Unknown { "unknown" } else { "failed" };
                self.tell([&line, became, "", &guarded(&error.for_model())]);
            }
        }
    }

    /// The account is written: this file is for nobody.
    ///
    /// # Errors
    /// The system's.
    pub fn remove(&self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }

    fn tell(&self, record: [&str; 4]) {
        // The rows are sent whether or not somebody may read of them later.
        if let Err(error) = self.write(record) {
            tracing::error!("how far an import got could not be written: {error}");
        }
    }

    /// Writes a line at once, which is no work to speak of: the system has it then, whatever becomes of this process.
    fn write(&self, record: [&str; 4]) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(record)?;
        let line = writer.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
        self.file.lock().unwrap_or_else(PoisonError::into_inner).write_all(&line)
    }
}

impl Left {
    /// What is told of it before the rows from the line `start` on are sent; nothing where none of them was.
    pub fn told(&self, start: u64) -> Option<Value> {
        let last = *self.rows.last_key_value()?.0;
        if start > last {
            return None;
        }
        let those = |became: fn(&str) -> bool| {
            self.rows.iter().filter(|(_, known)| became(known)).map(|(row, _)| *row).collect::<Vec<u64>>()
        };
        let done = those(|became| became == "done");
        let failed = those(|became| became == "failed");
        let unknown = those(|became| !matches!(became, "done" | "failed"));
        let files: Vec<_> = self.files.iter().map(|file| file.to_string_lossy()).collect();
        let mut told = json!({"done": done.len(), "start_at": last + 1, "accounts": files});
        for (key, rows) in [("failed_rows", failed), ("unknown_rows", unknown)] {
            if !rows.is_empty() {
                told[key] = json!(rows.iter().take(MOST).collect::<Vec<_>>());
            }
        }
        told["next"] = json!(
            "an import of this file was cut short, or still runs: with start_at it goes on behind the last row that was sent. \
             Look at the documents of unknown_rows first: each may be done"
        );
        Some(told)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_killed_server_had_sent_is_told_until_it_is_gone_on_with() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::new(folder.path(), "brands", "0123");
        assert!(place.left().unwrap().is_none());
        let journal = place.begin().unwrap();
        for line in 2..6 {
            journal.sent(line);
        }
        journal.ended(2, &Ok(serde_json::Map::new().into()));
        journal.ended(4, &Err(ToolError::refused("=no", "Nothing.")));
        // In the midst of a line.
        journal.file.lock().unwrap().write_all(b"6,se").unwrap();
        let told = place.left().unwrap().unwrap().told(2).unwrap();
        assert_eq!((&told["done"], &told["failed_rows"]), (&json!(1), &json!([4])), "{told}");
        assert_eq!((&told["unknown_rows"], &told["start_at"]), (&json!([3, 5, 6]), &json!(7)), "{told}");
        assert!(place.left().unwrap().unwrap().told(7).is_none());
        // Another file, and the import that goes on.
        assert!(Place::new(folder.path(), "brands", "4567").left().unwrap().is_none());
        let next = place.begin().unwrap();
        assert!(place.left().unwrap().is_none());
        next.sent(7);
        assert_eq!(place.left().unwrap().unwrap().told(2).unwrap()["unknown_rows"], json!([7]));
        next.remove().unwrap();
        assert!(place.left().unwrap().is_none());
        let kept = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let kept: Vec<String> = kept.map(|name| name.into_string().unwrap()).collect();
        assert!(kept.len() == 1 && kept[0].starts_with("brands-cut-short-0123-"), "{kept:?}");
    }
}
