//! The head of the chain: how many lines there were and what the last one hashes to, kept beside the log, so that lines
//! cut off at either end show. The file is locked while a line is written.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::str::FromStr;

use super::file::{beside, private};

/// What is known of the chain without its lines.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Head {
    /// The number of the first line that is kept: what went before was older than the retention.
    pub first: u64,
    /// The number of the last line; 0 before the first.
    pub count: u64,
    /// The hash of the last line; empty before the first.
    pub last: String,
    /// The hash of the line that is being written; empty when none is.
    pub next: String,
}

impl Default for Head {
    fn default() -> Self {
        Self { first: 1, count: 0, last: String::new(), next: String::new() }
    }
}

impl FromStr for Head {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.trim().splitn(4, ':');
        let mut number = || parts.next()?.trim().parse().ok();
        let (Some(first), Some(count)) = (number(), number()) else { return Err(()) };
        let last = parts.next().ok_or(())?.trim().to_owned();
        let next = parts.next().unwrap_or_default().trim().to_owned();
        let is_hash = |text: &str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_last = is_hash(&last) || count == 0 && last.is_empty();
        if is_last && (next.is_empty() || is_hash(&next)) { Ok(Self { first, count, last, next }) } else { Err(()) }
    }
}

impl Head {
    /// The head of the log at this path, if it is there and whole.
    ///
    /// # Errors
    /// The system's.
    pub fn of(log: &Path) -> io::Result<Option<Self>> {
        match std::fs::read_to_string(beside(log, "head")) {
            Ok(text) => Ok(text.parse().ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The open file of a head.
#[derive(Debug)]
pub(super) struct HeadFile(File);

impl HeadFile {
    pub(super) fn open(log: &Path) -> io::Result<Self> {
        Ok(Self(private().read(true).write(true).create(true).truncate(false).open(beside(log, "head"))?))
    }

    /// Keeps every other process from writing, until it is unlocked.
    pub(super) fn lock(&self) -> io::Result<()> {
        self.0.lock()
    }

    pub(super) fn unlock(&self) -> io::Result<()> {
        self.0.unlock()
    }

    pub(super) fn read(&self) -> io::Result<Option<Head>> {
        let mut text = String::new();
        (&self.0).seek(SeekFrom::Start(0))?;
        (&self.0).read_to_string(&mut text)?;
        Ok(text.parse().ok())
    }

    /// The numbers are as wide as they get, so that one head is written over another: a full disk takes it all the same.
    pub(super) fn write(&self, head: &Head) -> io::Result<()> {
        let text = format!("{:>20}:{:>20}:{:<64}:{:<64}\n", head.first, head.count, head.last, head.next);
        (&self.0).seek(SeekFrom::Start(0))?;
        (&self.0).write_all(text.as_bytes())
    }
}
