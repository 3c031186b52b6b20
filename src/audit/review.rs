//! Reading the log back: which writes are open, who did what.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::rotation::{open, rotated};

/// One line of a JSON log, with where it stands.
#[derive(Debug)]
pub struct Line {
    /// The file.
    pub file: PathBuf,
    /// Counted from 1.
    pub number: usize,
    /// As it stands, without its end.
    pub bytes: Vec<u8>,
}

impl Line {
    /// What it says, where it is whole.
    pub fn entry(&self) -> Option<Map<String, Value>> {
        serde_json::from_slice(&self.bytes).ok()
    }

    /// As text; bytes that are none are shown as such.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }
}

/// Every line of a log, the rotated files first; packed ones are unpacked on the way.
///
/// # Errors
/// The system's.
pub fn lines(path: &Path) -> io::Result<impl Iterator<Item = io::Result<Line>>> {
    let mut files: Vec<PathBuf> = rotated(path)?.into_iter().map(|rotated| rotated.file).collect();
    if path.exists() {
        files.push(path.to_owned());
    }
    Ok(files.into_iter().flat_map(|file| {
        let (lines, failed) = match open(&file) {
            // Only \n ends a line: what an editor put before it is part of what was changed.
            Ok(read) => (Some(BufReader::new(read).split(b'\n')), None),
            Err(error) => (None, Some(Err(error))),
        };
        let numbered = lines
            .into_iter()
            .flatten()
            .enumerate()
            .map(move |(i, bytes)| bytes.map(|bytes| Line { file: file.clone(), number: i + 1, bytes }));
        failed.into_iter().chain(numbered)
    }))
}
/// The writes of which the log does not say what came: sent and then nothing, or unknown. By id, oldest first.
///
/// # Errors
/// The system's.
pub fn open_writes(lines: impl Iterator<Item = io::Result<Line>>) -> io::Result<Vec<Map<String, Value>>> {
    let mut open: Vec<(String, Map<String, Value>)> = Vec::new();
    for line in lines {
        let Some(entry) = line?.entry() else { continue };
        let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let id = text("id");
        match text("result").as_str() {
            "INTENT" => open.push((id, entry)),
            "UNKNOWN" => {
                open.retain(|(known, _)| *known != id);
                open.push((id, entry));
            }
            _ => open.retain(|(known, _)| *known != id),
        }
    }
    Ok(open.into_iter().map(|(_, entry)| entry).collect())
}

/// How often something happened.
#[derive(Default, Debug)]
pub struct Stats {
    /// By user, operation and result.
    pub results: BTreeMap<(String, String, String), usize>,
    /// Denials by DocType and reason.
    pub denied: BTreeMap<(String, String), usize>,
}

/// Counts the lines about finished attempts.
///
/// # Errors
/// The system's.
pub fn stats(lines: impl Iterator<Item = io::Result<Line>>) -> io::Result<Stats> {
    let mut stats = Stats::default();
    for line in lines {
        let Some(entry) = line?.entry() else { continue };
        let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or("-").to_owned();
        let result = text("result");
        if result == "INTENT" {
            continue;
        }
        if result == "DENIED" {
            *stats.denied.entry((text("doctype"), text("reason"))).or_default() += 1;
        }
        *stats.results.entry((text("user"), text("operation"), result)).or_default() += 1;
    }
    Ok(stats)
}
