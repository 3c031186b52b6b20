//! The files that a log was rotated into: named by their day, never over another, packed, and thinned out one by one.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::Value;

use super::file::{beside, hash, private};
use super::head::Head;
use crate::files::{folder_of, keep_name};

/// How many files one rotation deletes: a clock that jumps ahead must not take the whole log along.
const MOST_DELETED: usize = 2;
/// How many of the newest are never deleted, unless the retention is shorter.
const NEVER_DELETED: u64 = 7;

/// A file that the log was rotated into.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Rotated {
    /// Its day.
    pub day: Date,
    /// Which of that day, from 1.
    pub part: u32,
    /// `audit.log.2026-11-28`, `audit.log.2026-11-28.2`; packed, with `.gz`.
    pub file: PathBuf,
}

/// The rotated files of a log, oldest first.
///
/// # Errors
/// The system's.
pub fn rotated(path: &Path) -> io::Result<Vec<Rotated>> {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder_of(path))? {
        let file = entry?.path();
        let rest =
            file.file_name().and_then(|file| file.to_str()).and_then(|file| file.strip_prefix(name)?.strip_prefix('.'));
        let named = rest.map(|rest| rest.strip_suffix(".gz").unwrap_or(rest)).and_then(|rest| {
            let (day, part) = rest.split_once('.').unwrap_or((rest, "1"));
            Some((day.parse().ok()?, part.parse().ok()?))
        });
        found.extend(named.map(|(day, part)| Rotated { day, part, file: file.clone() }));
    }
    found.sort();
    // A crash while it was packed leaves a file twice: the plain one, which comes first, is whole.
    found.dedup_by(|packed, plain| (packed.day, packed.part) == (plain.day, plain.part));
    Ok(found)
}

/// Opens a file of the log, packed or not.
///
/// # Errors
/// The system's.
pub fn open(file: &Path) -> io::Result<Box<dyn Read>> {
    let opened = File::open(file)?;
    Ok(if is_packed(file) { Box::new(GzDecoder::new(opened)) } else { Box::new(opened) })
}

/// Whether a file of the log is packed.
pub fn is_packed(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "gz")
}

/// Moves the log aside under the name of its day. That never goes back, whatever the clock does: the names are in the
/// order of the chain.
pub fn set_aside(path: &Path, day: Date) -> io::Result<()> {
    let newest = rotated(path)?.pop();
    let (day, part) = match newest {
        Some(newest) if newest.day >= day => (newest.day, newest.part + 1),
        _ => (day, 1),
    };
    let suffix = if part == 1 { day.to_string() } else { format!("{day}.{part}") };
    let aside = beside(path, &suffix);
    if aside.exists() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{} is there already", aside.display())));
    }
    std::fs::rename(path, aside)
}

/// The day by which files are old, by the chain's own `last` one: a clock that jumps ahead makes nothing older than it is.
pub fn today(last: Date, now: Date) -> Date {
    now.min(last.checked_add(1.day()).unwrap_or(last))
}

fn age(file: &Rotated, today: Date) -> i32 {
    today.since(file.day).map_or(0, |span| span.get_days())
}

/// The files that the retention lets go, oldest first.
pub fn outlived(path: &Path, retention_days: u64, today: Date) -> io::Result<Vec<PathBuf>> {
    let files = rotated(path)?;
    let kept = usize::try_from(retention_days.min(NEVER_DELETED)).unwrap_or(usize::MAX);
    let is_old = |file: &Rotated| u64::try_from(age(file, today)).is_ok_and(|age| age > retention_days);
    let deletable = files.len().saturating_sub(kept).min(MOST_DELETED);
    Ok(files.into_iter().take(deletable).take_while(is_old).map(|file| file.file).collect())
}

/// Packs what is no longer looked into every day.
pub fn pack_old(path: &Path, today: Date) -> io::Result<()> {
    let files = rotated(path)?;
    files.iter().filter(|file| age(file, today) > 1 && !is_packed(&file.file)).try_for_each(|file| pack(&file.file))
}

/// The number of the first line in the rotated files.
pub fn first(path: &Path) -> io::Result<Option<u64>> {
    rotated(path)?.first().map_or(Ok(None), |first| first_number(&first.file))
}

/// The number of a file's first line, where its lines are numbered.
fn first_number(file: &Path) -> io::Result<Option<u64>> {
    let mut line = String::new();
    BufReader::new(open(file)?).read_line(&mut line)?;
    Ok(serde_json::from_str::<Value>(&line).ok().and_then(|entry| entry.get("n")?.as_u64()))
}

fn pack(file: &Path) -> io::Result<()> {
    let (packed, packing) = (beside(file, "gz"), beside(file, "packing"));
    if packed.exists() {
        return Ok(());
    }
    if let Err(error) = compress(file, &packing) {
        // On a full disk a part of it would be in the way.
        let _ = std::fs::remove_file(&packing);
        return Err(error);
    }
    std::fs::rename(&packing, &packed)?;
    // The packed one is there for sure before the other goes.
    keep_name(&packed)?;
    std::fs::remove_file(file)
}

fn compress(file: &Path, into: &Path) -> io::Result<()> {
    let into = private().write(true).create(true).truncate(true).open(into)?;
    let mut encoder = GzEncoder::new(into, Compression::default());
    io::copy(&mut File::open(file)?, &mut encoder)?;
    encoder.finish()?.sync_all()
}

/// The head of a log that has none, by its lines.
pub fn count(path: &Path) -> io::Result<Head> {
    let mut head = Head::default();
    let mut files: Vec<PathBuf> = rotated(path)?.into_iter().map(|rotated| rotated.file).collect();
    files.push(path.to_owned());
    for (at, file) in files.iter().enumerate() {
        if at == 0 {
            let first = first_number(file)?.unwrap_or(1);
            head = Head { first, count: first - 1, ..head };
        }
        for line in BufReader::new(open(file)?).split(b'\n') {
            let line = line?;
            // A part of a line is none yet.
            if serde_json::from_slice::<Value>(&line).is_ok() {
                head = Head { count: head.count + 1, last: hash(&line), ..head };
            }
        }
    }
    Ok(head)
}
