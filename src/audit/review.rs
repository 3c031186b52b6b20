//! Reading the log back: which writes are open, who did what.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::rotation::{is_packed, open, rotated};

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

/// The logs at a path: those of a folder, each of which has a head beside it, or the one file. What ends as they do and has
/// no head is one whose head was lost or taken away.
///
/// # Errors
/// The system's.
pub fn logs(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let inside = std::fs::read_dir(path)?.map(|file| file.map(|file| file.path()));
    let inside = inside.collect::<io::Result<Vec<_>>>()?;
    let is_head = |file: &&PathBuf| file.extension().is_some_and(|end| end == "head");
    let mut logs: Vec<PathBuf> = inside.iter().filter(is_head).map(|head| head.with_extension("")).collect();
    let ends: Vec<_> = logs.iter().filter_map(|log| log.extension()).map(ToOwned::to_owned).collect();
    let is_one = |file: &&PathBuf| file.extension().is_some_and(|end| ends.iter().any(|known| known == end));
    logs.extend(inside.iter().filter(is_one).cloned());
    logs.sort();
    logs.dedup();
    Ok(logs)
}

/// The files of a log, oldest first.
fn files(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = rotated(path)?.into_iter().map(|rotated| rotated.file).collect();
    if path.exists() {
        files.push(path.to_owned());
    }
    Ok(files)
}

/// Every line of a log, the rotated files first; packed ones are unpacked on the way.
///
/// # Errors
/// The system's.
pub fn lines(path: &Path) -> io::Result<impl Iterator<Item = io::Result<Line>>> {
    Ok(files(path)?.into_iter().flat_map(of_file))
}

/// The lines of the last two files of a log, so that a start reads no more than two days.
///
/// # Errors
/// The system's.
pub fn recent_lines(path: &Path) -> io::Result<impl Iterator<Item = io::Result<Line>>> {
    let mut files = files(path)?;
    files.drain(..files.len().saturating_sub(2));
    Ok(files.into_iter().flat_map(of_file))
}

fn of_file(file: PathBuf) -> impl Iterator<Item = io::Result<Line>> {
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
}

/// A line that is wanted.
#[derive(Debug)]
pub struct Found {
    /// As it stands, without its end.
    pub bytes: Vec<u8>,
    /// What it says.
    pub entry: Map<String, Value>,
}

/// The last `count` lines that are wanted, in their order. The log is read from its end,
/// and no further than needed.
///
/// # Errors
/// The system's.
pub fn last(path: &Path, count: usize, wanted: impl Fn(&Map<String, Value>) -> bool) -> io::Result<Vec<Found>> {
    let read = |bytes: Vec<u8>| {
        let entry = serde_json::from_slice(&bytes).ok()?;
        wanted(&entry).then_some(Found { bytes, entry })
    };
    let mut found = VecDeque::new();
    for file in files(path)?.into_iter().rev() {
        let missing = count - found.len();
        if missing == 0 {
            break;
        }
        if is_packed(&file) {
            // What is packed can only be read from its beginning.
            let mut of_this = VecDeque::new();
            for line in BufReader::new(open(&file)?).split(b'\n') {
                of_this.extend(read(line?));
                if of_this.len() > missing {
                    of_this.pop_front();
                }
            }
            of_this.into_iter().rev().for_each(|line| found.push_front(line));
        } else {
            for line in Backwards::open(&file)?.map(|line| line.map(&read)).filter_map(Result::transpose).take(missing)
            {
                found.push_front(line?);
            }
        }
    }
    Ok(found.into())
}

/// The lines of a file, the last one first.
struct Backwards {
    file: File,
    /// How many bytes before `read` are not read yet.
    left: u64,
    read: Vec<u8>,
}

impl Backwards {
    const BLOCK: u64 = 64 << 10;

    fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let left = file.metadata()?.len();
        Ok(Self { file, left, read: Vec::new() })
    }

    fn read_more(&mut self) -> io::Result<()> {
        let size = self.left.min(Self::BLOCK);
        self.left -= size;
        let mut block = Vec::new();
        self.file.seek(SeekFrom::Start(self.left))?;
        (&self.file).take(size).read_to_end(&mut block)?;
        block.append(&mut self.read);
        self.read = block;
        Ok(())
    }

    fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(end) = self.read.iter().rposition(|byte| *byte == b'\n') {
                let line = self.read.split_off(end + 1);
                self.read.pop();
                return Ok(Some(line));
            }
            if self.left == 0 {
                return Ok((!self.read.is_empty()).then(|| std::mem::take(&mut self.read)));
            }
            self.read_more()?;
        }
    }
}

impl Iterator for Backwards {
    type Item = io::Result<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.line().transpose()
    }
}

/// The writes of which the log does not say what came: sent and then nothing, or unknown. Oldest first.
///
/// # Errors
/// The system's.
pub fn open_writes(lines: impl Iterator<Item = io::Result<Line>>) -> io::Result<Vec<Map<String, Value>>> {
    #[derive(Deserialize)]
    struct Told<'a> {
        #[serde(borrow, default)]
        id: Cow<'a, str>,
        #[serde(borrow, default)]
        result: Cow<'a, str>,
    }
    // The lines of what is open, by when they were read.
    let mut open: BTreeMap<usize, Line> = BTreeMap::new();
    let mut read_at: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, line) in lines.enumerate() {
        let line = line?;
        let Ok(told) = serde_json::from_slice::<Told<'_>>(&line.bytes) else { continue };
        if told.result != "INTENT" {
            for before in read_at.remove(&*told.id).unwrap_or_default() {
                open.remove(&before);
            }
        }
        if matches!(&*told.result, "INTENT" | "UNKNOWN") {
            read_at.entry(told.id.into_owned()).or_default().push(at);
            open.insert(at, line);
        }
    }
    Ok(open.values().filter_map(Line::entry).collect())
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
