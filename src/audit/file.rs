//! The log file: appended under a lock so that several servers can share it, chained line to line, rotated by day,
//! packed and thinned out.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};
use ring::digest::{SHA256, digest};

/// The hash that chains a line to the one before it: SHA-256 of the line without its end, in hexadecimal.
pub fn hash(line: &str) -> String {
    digest(&SHA256, line.as_bytes()).as_ref().iter().fold(String::with_capacity(64), |mut hex, byte| {
        use std::fmt::Write as _;
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The day in UTC, by which files are rotated.
pub fn day(time: Timestamp) -> Date {
    time.to_zoned(TimeZone::UTC).date()
}

/// An open log file.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
    /// Held while a line is written: the log itself changes its name on rotation.
    lock: File,
    file: File,
    /// As far as this process knows; more than that was written by another.
    length: u64,
    /// The hash of the last line.
    last: String,
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
        let lock = private().append(true).create(true).open(beside(path, "lock"))?;
        let file = private().read(true).append(true).create(true).open(path)?;
        let mut log =
            Self { path: path.to_owned(), lock, file, length: 0, last: String::new(), day: day(now), retention_days };
        log.lock.lock()?;
        let caught_up = log.catch_up();
        log.lock.unlock()?;
        caught_up.map(|()| log)
    }

    /// Writes one line, made from the hash of the line before it.
    ///
    /// # Errors
    /// The system's; then nothing, or a part of a line that the next one does not continue, is in the file.
    pub fn append(&mut self, now: Timestamp, durable: bool, line: impl FnOnce(&str) -> String) -> io::Result<()> {
        self.lock.lock()?;
        let written = self.append_locked(now, durable, line);
        self.lock.unlock()?;
        written
    }

    fn append_locked(&mut self, now: Timestamp, durable: bool, line: impl FnOnce(&str) -> String) -> io::Result<()> {
        if !self.is_current()? {
            self.file = private().read(true).append(true).create(true).open(&self.path)?;
            self.length = 0;
        }
        if self.file.metadata()?.len() != self.length {
            self.catch_up()?;
        }
        if self.length > 0 && day(now) > self.day {
            self.rotate(now)?;
        }
        let mut text = line(&self.last);
        self.last = hash(&text);
        text.push('\n');
        self.file.write_all(text.as_bytes())?;
        self.length += text.len() as u64;
        self.day = day(now);
        if durable { self.file.sync_data() } else { Ok(()) }
    }

    /// Takes over what stands in the file: where it ends, the last line's hash, and the day it was written.
    fn catch_up(&mut self) -> io::Result<()> {
        self.length = self.file.metadata()?.len();
        if self.length == 0 {
            return Ok(());
        }
        let written = self.file.metadata()?.modified()?;
        self.day = Timestamp::try_from(written).map_or(self.day, day);
        let last = last_line(&mut self.file, self.length)?;
        if !last.ends_with('\n') {
            // A crash or a full disk left a part of a line: it stays as it is, and the next begins on its own.
            self.file.write_all(b"\n")?;
            self.length += 1;
        }
        self.last = hash(last.trim_end_matches('\n'));
        Ok(())
    }

    fn rotate(&mut self, now: Timestamp) -> io::Result<()> {
        std::fs::rename(&self.path, beside(&self.path, &self.day.to_string()))?;
        self.file = private().read(true).append(true).create(true).open(&self.path)?;
        self.length = 0;
        for (date, file) in rotated(&self.path)? {
            let age = day(now).since(date).map_or(0, |span| i64::from(span.get_days()));
            if u64::try_from(age).is_ok_and(|age| age > self.retention_days) {
                std::fs::remove_file(&file)?;
            } else if age > 1 && file.extension().is_none_or(|extension| extension != "gz") {
                pack(&file)?;
            }
        }
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

/// The rotated files of a log with their days, oldest first; packed or not.
///
/// # Errors
/// The system's.
pub fn rotated(path: &Path) -> io::Result<Vec<(Date, PathBuf)>> {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return Ok(Vec::new()) };
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let file = entry?.path();
        let rest =
            file.file_name().and_then(|file| file.to_str()).and_then(|file| file.strip_prefix(name)?.strip_prefix('.'));
        let date = rest.map(|rest| rest.strip_suffix(".gz").unwrap_or(rest)).and_then(|date| date.parse().ok());
        found.extend(date.map(|date: Date| (date, file.clone())));
    }
    found.sort();
    Ok(found)
}

fn pack(file: &Path) -> io::Result<()> {
    let packed = beside(file, "gz");
    let mut encoder =
        GzEncoder::new(private().write(true).create(true).truncate(true).open(&packed)?, Compression::default());
    io::copy(&mut File::open(file)?, &mut encoder)?;
    encoder.finish()?.sync_all()?;
    std::fs::remove_file(file)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// The last line with its end, if it has one.
fn last_line(file: &mut File, length: u64) -> io::Result<String> {
    let mut size = 4096;
    loop {
        let from = length.saturating_sub(size);
        let mut tail = Vec::new();
        file.seek(SeekFrom::Start(from))?;
        file.take(length - from).read_to_end(&mut tail)?;
        let body = tail.strip_suffix(b"\n").unwrap_or(&tail);
        match body.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => return Ok(String::from_utf8_lossy(&tail[end + 1..]).into_owned()),
            None if from == 0 => return Ok(String::from_utf8_lossy(&tail).into_owned()),
            None => size *= 4,
        }
    }
}
