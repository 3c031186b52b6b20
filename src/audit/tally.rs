//! How many writes a user sent of late, counted from the log's own lines, so that neither a restart nor another server of
//! the same log forgets any.

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::entry::Attempt;
use super::rotation::{open, rotated};

/// The longest time that is counted over.
pub const DAY: SignedDuration = SignedDuration::from_hours(24);
/// The reason of an intent that stands for a whole batch, whose rows have intents of their own.
pub const WHOLE_BATCH: &str = "the whole batch";

/// As what mails are counted, by their recipients.
pub const MAIL: &str = "MAIL";

/// What was sent in the last day.
#[derive(Debug, Default)]
pub struct Tally {
    /// The newest file that the log was rotated into, and how far the log itself was read.
    newest: Option<PathBuf>,
    read: u64,
    sent: Vec<Sent>,
}

/// As what a write is counted, and how often.
pub fn counted_as(attempt: &Attempt) -> (&str, usize) {
    (kind(&attempt.operation, attempt.recipients), attempt.recipients.unwrap_or(1))
}

/// What writes of this attempt's kind are counted under by all servers, for that user, and how often this one is.
pub fn quota_of(user: &str, attempt: &Attempt) -> (Vec<u8>, u64) {
    let (kind, times) = counted_as(attempt);
    (format!("{kind} {user}").into_bytes(), times as u64)
}

/// An amendment is a new document, a mail is none.
fn kind(operation: &str, recipients: Option<usize>) -> &str {
    match operation {
        _ if recipients.is_some() => MAIL,
        "AMEND" => "CREATE",
        other => other,
    }
}

#[derive(Debug)]
struct Sent {
    id: String,
    at: Timestamp,
    user: Option<String>,
    kind: String,
    times: usize,
}

impl Tally {
    /// When this user sent writes of this kind since then, oldest first, a mail for each of its recipients.
    /// What the site refused is not counted, what it may have done is.
    ///
    /// # Errors
    /// The system's.
    pub fn of(&mut self, log: &Path, user: &str, kind: &str, since: Timestamp) -> io::Result<Vec<Timestamp>> {
        self.catch_up(log)?;
        let theirs = |sent: &&Sent| sent.user.as_deref().is_none_or(|by| by == user) && sent.kind == kind;
        let since = self.sent.iter().filter(theirs).filter(|sent| sent.at > since);
        Ok(since.flat_map(|sent| std::iter::repeat_n(sent.at, sent.times)).collect())
    }

    fn catch_up(&mut self, log: &Path) -> io::Result<()> {
        let files = rotated(log)?;
        let newest = files.last().map(|newest| newest.file.clone());
        let length = std::fs::metadata(log).map_or(0, |there| there.len());
        let oldest = Timestamp::now() - DAY;
        if newest != self.newest || length < self.read {
            (self.newest, self.read, self.sent) = (newest, 0, Vec::new());
            let first_day = super::file::day(oldest);
            for file in files.iter().filter(|file| file.day >= first_day) {
                self.take(BufReader::new(open(&file.file)?), oldest)?;
            }
        }
        if length > self.read {
            let mut file = std::fs::File::open(log)?;
            file.seek(SeekFrom::Start(self.read))?;
            self.read += self.take(BufReader::new(file.take(length - self.read)), oldest)?;
        }
        self.sent.retain(|sent| sent.at > oldest);
        Ok(())
    }

    /// Takes whole lines; gives how many bytes they are.
    fn take(&mut self, mut lines: impl BufRead, oldest: Timestamp) -> io::Result<u64> {
        let (mut line, mut taken) = (String::new(), 0);
        loop {
            line.clear();
            let length = lines.read_line(&mut line)?;
            if length == 0 || !line.ends_with('\n') {
                return Ok(taken);
            }
            taken += length as u64;
            let Ok(entry) = serde_json::from_str::<Map<String, Value>>(&line) else { continue };
            let text = |key: &str| entry.get(key).and_then(Value::as_str);
            let (Some(id), Some(result)) = (text("id"), text("result")) else { continue };
            match result {
                "INTENT" if text("reason") != Some(WHOLE_BATCH) => {
                    let Some(at) = text("time").and_then(|at| at.parse().ok()).filter(|at| *at > oldest) else {
                        continue;
                    };
                    let recipients = entry.get("recipients").and_then(Value::as_u64);
                    let recipients = recipients.and_then(|recipients| usize::try_from(recipients).ok());
                    let kind = kind(text("operation").unwrap_or_default(), recipients).to_owned();
                    let user = text("user").map(str::to_owned);
                    self.sent.push(Sent { id: id.to_owned(), at, user, kind, times: recipients.unwrap_or(1) });
                }
                "FAILED" | "DENIED" => self.sent.retain(|sent| sent.id != id),
                _ => {}
            }
        }
    }
}
