//! The record of every attempt, allowed or denied: who tried what on which document, and what came of it.

mod entry;
mod file;
mod head;
pub mod review;
mod rotation;
mod ship;
mod tally;
#[cfg(test)]
mod tests;
pub mod verify;

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use ring::rand::{SecureRandom, SystemRandom};

use crate::config;
use crate::shape::text::shortened;
use file::LogFile;
use ship::Shipping;
use tally::{Tally, WHOLE_BATCH};

pub use entry::{Attempt, Entry, Outcome};
pub use head::Head;
pub use tally::{MAIL, counted_as, quota_of};

/// Where attempts are recorded; or nowhere, where the configuration wants no log.
#[derive(Debug, Default)]
pub struct Audit {
    log: Option<Log>,
}

#[derive(Debug)]
struct Log {
    file: Mutex<LogFile>,
    shipping: Option<Shipping>,
    settings: config::Audit,
    tally: Mutex<Tally>,
}

impl Log {
    fn room(
        &self,
        tally: &mut Tally,
        user: &str,
        attempt: &Attempt,
        limits: &[(SignedDuration, u64)],
    ) -> io::Result<Result<(), Full>> {
        let (kind, times) = counted_as(attempt);
        for (over, most) in limits {
            let sent = tally.of(&self.settings.log_file, user, kind, Timestamp::now() - *over)?;
            let spare = usize::try_from(*most).unwrap_or(usize::MAX);
            if let Some(last) = (sent.len() + times).saturating_sub(spare).checked_sub(1) {
                let free = sent.get(last).map(|sent| *sent + *over);
                return Ok(Err(Full { most: *most, over: *over, free }));
            }
        }
        Ok(Ok(()))
    }
}

/// A quota that is used up.
#[derive(Clone, Copy, Debug)]
pub struct Full {
    /// How many writes it is.
    pub most: u64,
    /// In which time.
    pub over: SignedDuration,
    /// When it may be sent, if ever: a mail may go to more recipients than there is ever room for.
    pub free: Option<Timestamp>,
}

/// That the intent to write is recorded, or that no log is wanted. Only [`Audit::intend`] makes one.
#[derive(Debug)]
#[must_use]
pub struct Recorded(());

/// The log cannot be written, and the configuration says that then nothing may be.
#[derive(Debug, thiserror::Error)]
#[error("the audit log cannot be written: {0}")]
pub struct Unrecorded(io::Error);

impl Audit {
    /// Opens the log, if there is to be one.
    ///
    /// # Errors
    /// Where the file cannot be opened; then no server should start that promises a log.
    pub fn open(settings: &config::Audit) -> io::Result<Self> {
        if !settings.enabled {
            return Ok(Self::default());
        }
        let file = LogFile::open(&settings.log_file, settings.retention_days, Timestamp::now())?;
        let (shipping, settings) = (Shipping::start(settings)?, settings.clone());
        Ok(Self { log: Some(Log { file: Mutex::new(file), shipping, settings, tally: Mutex::default() }) })
    }

    /// Whether anything is recorded.
    pub fn is_on(&self) -> bool {
        self.log.is_some()
    }

    /// How many lines did not get where they are sent beside the file, if they are sent somewhere.
    pub fn unshipped(&self) -> Option<u64> {
        Some(self.log.as_ref()?.shipping.as_ref()?.lost())
    }

    /// Records that a write is about to be sent: a crash before its outcome shows as an open intent.
    ///
    /// # Errors
    /// Where the log cannot be written and writes must not go unrecorded, or nothing is to be sent.
    pub fn intend(&self, attempt: &Attempt) -> Result<Recorded, Unrecorded> {
        if attempt.dry_run {
            return Err(Unrecorded(io::Error::other("a dry run sends nothing")));
        }
        self.record(attempt, Outcome::Intent, None, 0, 0).map(Recorded)
    }

    /// Records that a batch is about to be sent, whose rows are recorded one by one beside it.
    ///
    /// # Errors
    /// As [`Audit::intend`].
    pub fn intend_batch(&self, attempt: &Attempt) -> Result<(), Unrecorded> {
        self.record(attempt, Outcome::Intent, Some(WHOLE_BATCH), 0, 0)
    }

    /// As [`Audit::intend`], where the user has sent fewer such writes than `limits` say of each time; between the count and
    /// the record no other call of this server is counted.
    ///
    /// # Errors
    /// As [`Audit::intend`], or where the log cannot be read.
    pub fn intend_within(
        &self,
        attempt: &Attempt,
        user: &str,
        limits: &[(SignedDuration, u64)],
    ) -> Result<Result<Recorded, Full>, Unrecorded> {
        let Some(log) = &self.log else { return self.intend(attempt).map(Ok) };
        let mut tally = log.tally.lock().unwrap_or_else(PoisonError::into_inner);
        match log.room(&mut tally, user, attempt, limits).map_err(Unrecorded)? {
            Ok(()) => self.intend(attempt).map(Ok),
            Err(full) => Ok(Err(full)),
        }
    }

    /// Whether a user has sent fewer such writes than `limits` say of each time.
    ///
    /// # Errors
    /// Where the log cannot be read.
    pub fn room(
        &self,
        user: &str,
        attempt: &Attempt,
        limits: &[(SignedDuration, u64)],
    ) -> Result<Result<(), Full>, Unrecorded> {
        let Some(log) = &self.log else { return Ok(Ok(())) };
        let mut tally = log.tally.lock().unwrap_or_else(PoisonError::into_inner);
        log.room(&mut tally, user, attempt, limits).map_err(Unrecorded)
    }

    /// How many writes a user sent since then that are counted as such ones.
    ///
    /// # Errors
    /// Where the log cannot be read.
    pub fn sent(&self, user: &str, attempt: &Attempt, since: Timestamp) -> io::Result<u64> {
        let Some(log) = &self.log else { return Ok(0) };
        let mut tally = log.tally.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = tally.of(&log.settings.log_file, user, counted_as(attempt).0, since)?;
        Ok(u64::try_from(sent.len()).unwrap_or(u64::MAX))
    }

    /// Records what came of an attempt. It has happened: a log that cannot be written is told to the server's log.
    pub fn settle(&self, attempt: &Attempt, outcome: Outcome, reason: Option<&str>, micros: u64, bytes: usize) {
        if let Err(error) = self.record(attempt, outcome, reason, micros, bytes) {
            tracing::error!(id = attempt.id, "{error}; {} of {} is not recorded", outcome.as_str(), attempt.operation);
        }
    }

    fn record(
        &self,
        attempt: &Attempt,
        outcome: Outcome,
        reason: Option<&str>,
        micros: u64,
        bytes: usize,
    ) -> Result<(), Unrecorded> {
        let Some(log) = &self.log else { return Ok(()) };
        if !is_wanted(log.settings.log_level, attempt, outcome) {
            return Ok(());
        }
        let source = attempt.source.as_ref().map(|source| format!("from {source}"));
        let told: Vec<&str> = source.as_deref().into_iter().chain(reason).collect();
        let told = told.join("; ");
        let reason = Some(told.as_str()).filter(|told| !told.is_empty());
        let replica = log.settings.replica.as_deref();
        let entry = Entry { replica, attempt, outcome, reason, micros, bytes };
        let durable = log.settings.fsync && attempt.operation != "READ";
        let mut file = log.file.lock().unwrap_or_else(PoisonError::into_inner);
        let written = file.append(Timestamp::now, durable, |link| match log.settings.format {
            config::AuditFormat::Json => entry.json(link),
            config::AuditFormat::Text => entry.text(link.time),
        });
        match (written, log.settings.on_failure) {
            (Ok(line), _) => {
                // In the order of the file, which is still held.
                if let Some(shipping) = &log.shipping {
                    shipping.send(line, outcome.is_warning());
                }
                Ok(())
            }
            (Err(error), config::OnFailure::Deny) => Err(Unrecorded(error)),
            (Err(error), config::OnFailure::Allow) => {
                tracing::error!(id = attempt.id, "the audit log cannot be written ({error}); going on all the same");
                Ok(())
            }
        }
    }
}

/// A name for an attempt that no other has, of whichever server.
pub fn new_id() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    // In a container every process has the same number.
    static PROCESS: LazyLock<u32> = LazyLock::new(|| {
        let mut random = [0; 4];
        let made = SystemRandom::new().fill(&mut random);
        made.map_or_else(|_| std::process::id(), |()| u32::from_be_bytes(random))
    });
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{:x}-{:x}-{count:x}", Timestamp::now().as_microsecond(), *PROCESS)
}

/// The longest name that is kept, in characters: what the site allows for a name.
const LONGEST: usize = 140;

/// A name as the log keeps it.
pub fn short(text: &str) -> String {
    shortened(text, LONGEST).into_owned()
}

/// Above INFO, reads that simply worked are left out; writes and refusals never are.
fn is_wanted(level: config::LogLevel, attempt: &Attempt, outcome: Outcome) -> bool {
    level >= config::LogLevel::Info || outcome != Outcome::Allowed || attempt.operation != "READ"
}
