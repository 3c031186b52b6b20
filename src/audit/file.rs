//! The log file: appended under a lock so that several servers can share it, chained line to line, rotated by day.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Map, Value};

use super::head::{Head, HeadFile};
use super::rotation;
use crate::files::{is_replaceable, keep_name};
use crate::hex::sha256;

/// The hash that chains a line to the one before it: SHA-256 of the line without its end, in hexadecimal.
pub fn hash(line: impl AsRef<[u8]>) -> String {
    sha256(line.as_ref())
}

/// The day in UTC, by which files are rotated.
pub fn day(time: Timestamp) -> Date {
    time.to_zoned(TimeZone::UTC).date()
}

/// What a new line is chained to.
#[derive(Clone, Copy, Debug)]
pub struct Link<'a> {
    /// Its number, counted from 1 over all files.
    pub number: u64,
    /// The hash of the line before it; empty for the first.
    pub before: &'a str,
    /// Its time.
    pub time: Timestamp,
}

/// An open log file.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
    head_file: HeadFile,
    head: Head,
    file: File,
    /// As far as this process knows; other than that, another wrote, or a line of ours was not written whole.
    length: u64,
    /// The day of the last line.
    day: Date,
    retention_days: u64,
}

impl LogFile {
    /// Opens or makes the file and its directory; readable by the owner only.
    ///
    /// # Errors
    /// The system's.
    pub fn open(path: &Path, retention_days: u64, now: Timestamp) -> io::Result<Self> {
        if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
            std::fs::create_dir_all(dir)?;
        }
        is_replaceable(path)?;
        let head_file = HeadFile::open(path)?;
        let file = private().read(true).append(true).create(true).open(path)?;
        let (path, head) = (path.to_owned(), Head::default());
        let mut log = Self { path, head_file, head, file, length: 0, day: day(now), retention_days };
        log.head_file.lock()?;
        let caught_up = log.catch_up();
        log.head_file.unlock()?;
        caught_up.map(|()| log)
    }

    /// Writes one line, made from what it continues, and gives it. The time is taken when no other can write any more.
    ///
    /// # Errors
    /// The system's. What was written of the line is taken out before the next one.
    pub fn append(
        &mut self,
        clock: impl FnOnce() -> Timestamp,
        durable: bool,
        line: impl FnOnce(Link<'_>) -> String,
    ) -> io::Result<String> {
        self.head_file.lock()?;
        let written = self.append_locked(clock(), durable, line);
        self.head_file.unlock()?;
        written
    }

    fn append_locked(
        &mut self,
        time: Timestamp,
        durable: bool,
        line: impl FnOnce(Link<'_>) -> String,
    ) -> io::Result<String> {
        if !self.is_current()? {
            self.reopen()?;
        }
        if self.file.metadata()?.len() != self.length {
            self.catch_up()?;
        }
        if self.length > 0 && day(time) != self.day {
            self.rotate(time)?;
        }
        let number = self.head.count + 1;
        let mut text = line(Link { number, before: &self.head.last, time });
        let head = Head { count: number, last: hash(&text), ..self.head.clone() };
        // Announced before it is written: a line that nobody announced is none of this chain.
        self.head_file.write(&Head { next: head.last.clone(), ..self.head.clone() })?;
        text.push('\n');
        self.file.write_all(text.as_bytes())?;
        self.head_file.write(&head)?;
        self.length += text.len() as u64;
        self.day = day(time);
        self.head = head;
        if durable {
            self.file.sync_data()?;
        }
        text.pop();
        Ok(text)
    }

    /// Takes over the head, and what stands in the file; cuts off a line that was not written whole. The chain goes on
    /// from the head, so that lines which are missing are missed for good.
    fn catch_up(&mut self) -> io::Result<()> {
        let known = self.head_file.read()?;
        self.length = self.file.metadata()?.len();
        let last = last_line(&mut self.file, self.length)?;
        let whole = last.strip_suffix(b"\n");
        let text = whole.unwrap_or(&last);
        let entry: Option<Map<String, Value>> = serde_json::from_slice(text).ok();
        let of = |key: &str| entry.as_ref()?.get(key)?.as_str();
        self.head = match known {
            Some(head) => head,
            // Of a log that was begun without a head, what is there is all that is known.
            None => rotation::count(&self.path)?,
        };
        let hash = hash(text);
        // A crash between the line and the head.
        if !self.head.next.is_empty() && hash == self.head.next {
            self.head.count += 1;
            self.head.last = hash.clone();
            self.head_file.write(&Head { next: String::new(), ..self.head.clone() })?;
        }
        self.head.next.clear();
        if whole.is_none() && !last.is_empty() {
            if hash == self.head.last {
                self.file.write_all(b"\n")?;
                self.length += 1;
            } else {
                self.length -= last.len() as u64;
                self.file.set_len(self.length)?;
            }
        }
        if self.length > 0 {
            let written = of("time").and_then(|time| time.parse().ok());
            let written = written.or_else(|| self.file.metadata().ok()?.modified().ok()?.try_into().ok());
            self.day = written.map_or(self.day, day);
        }
        Ok(())
    }

    fn rotate(&mut self, now: Timestamp) -> io::Result<()> {
        rotation::set_aside(&self.path, self.day)?;
        self.reopen()?;
        keep_name(&self.path)?;
        let today = rotation::today(self.day, day(now));
        for file in rotation::outlived(&self.path, self.retention_days, today)? {
            std::fs::remove_file(file)?;
            // At once: until the head says so, these lines are missing.
            self.head.first = rotation::first(&self.path)?.unwrap_or(self.head.count + 1);
            self.head_file.write(&self.head)?;
        }
        // A disk that is too full to pack may still take a line.
        if let Err(error) = rotation::pack_old(&self.path, today) {
            tracing::warn!("an old file of the audit log was not packed: {error}");
        }
        Ok(())
    }

    fn reopen(&mut self) -> io::Result<()> {
        self.file = private().read(true).append(true).create(true).open(&self.path)?;
        self.length = 0;
        Ok(())
    }

    /// Whether the open file is the one at the path: another server may have rotated it away.
    fn is_current(&self) -> io::Result<bool> {
        match std::fs::metadata(&self.path) {
            Ok(there) => Ok(is_same(&self.file.metadata()?, &there)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

#[cfg(unix)]
fn is_same(ours: &Metadata, there: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (ours.dev(), ours.ino()) == (there.dev(), there.ino())
}

/// Where files have no number, one that was rotated away is told by its time of birth.
#[cfg(not(unix))]
fn is_same(ours: &Metadata, there: &Metadata) -> bool {
    matches!((ours.created(), there.created()), (Ok(ours), Ok(there)) if ours == there)
}

/// A name beside the log: `audit.log.SUFFIX`.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

/// A new file is its owner's alone.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// The last line with its end, if it has one.
fn last_line(file: &mut File, length: u64) -> io::Result<Vec<u8>> {
    let mut size = 4096;
    loop {
        let from = length.saturating_sub(size);
        let mut tail = Vec::new();
        file.seek(SeekFrom::Start(from))?;
        file.take(length - from).read_to_end(&mut tail)?;
        let body = tail.strip_suffix(b"\n").unwrap_or(&tail);
        match body.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => return Ok(tail[end + 1..].to_vec()),
            None if from == 0 => return Ok(tail),
            None => size *= 4,
        }
    }
}
