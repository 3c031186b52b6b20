//! The keys by which a repeated create is known again, in files that all servers of this machine share: each is locked
//! while a call works with it, says that something was sent before it is sent, and then what was made.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

/// How often a key that another call holds is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// How long a key is remembered.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Where keys are kept.
#[derive(Debug)]
pub struct CreateKeys {
    folder: PathBuf,
    /// Whether they outlive this process.
    pub last: bool,
}

/// What became of the creates with a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum KeyState {
    /// There was none, or the site refused it.
    New,
    /// One was sent at this time, and what became of it was not noted.
    Sent(Timestamp),
    /// It made the document of this name.
    Made(String),
}

/// What a call asks for, as a hash: a key stands for one thing.
pub type Asked = String;

/// A key that one call holds, and no other on this machine, until it is dropped.
#[derive(Debug)]
pub struct HeldKey {
    file: File,
    state: KeyState,
    /// What the create was that it was used for; none where that was not noted.
    asked: Option<Asked>,
}

impl CreateKeys {
    /// Keys in a folder of the user's; without one, they are this process's own.
    pub fn new(state: Option<&std::path::Path>) -> Self {
        let own = || std::env::temp_dir().join(format!("erpnext-mcp-{}", std::process::id()));
        let last = state.is_some();
        Self { folder: state.map_or_else(own, PathBuf::from).join("keys"), last }
    }

    /// Holds a key, named by all that it belongs to, once no other call does.
    ///
    /// # Errors
    /// The system's; [`io::ErrorKind::WouldBlock`] if another call held it all the time.
    pub async fn hold(&self, parts: &[&str], patience: Duration) -> io::Result<HeldKey> {
        std::fs::create_dir_all(&self.folder)?;
        let name = digest(&SHA256, json!(parts).to_string().as_bytes());
        let name: String = name.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(self.folder.join(name))?;
        let until = tokio::time::Instant::now() + patience;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(error)) => return Err(error),
                Err(TryLockError::WouldBlock) if tokio::time::Instant::now() >= until => {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                Err(TryLockError::WouldBlock) => tokio::time::sleep(LOOK).await,
            }
        }
        let mut held = HeldKey { file, state: KeyState::New, asked: None };
        held.read()?;
        Ok(held)
    }
}

impl HeldKey {
    /// What became of the creates before this one.
    pub fn state(&self) -> &KeyState {
        &self.state
    }

    /// Whether it was used for something else before.
    pub fn is_for_another(&self, asked: &str) -> bool {
        self.state != KeyState::New && self.asked.as_ref().is_some_and(|known| known != asked)
    }

    /// Notes what became of this one, and what it was; on the disk when it returns.
    ///
    /// # Errors
    /// The system's.
    pub fn note(&mut self, state: KeyState, asked: &str) -> io::Result<()> {
        let at = Timestamp::now().to_string();
        let text = match &state {
            KeyState::New => String::new(),
            KeyState::Sent(at) => json!({"at": at.to_string(), "of": asked}).to_string(),
            KeyState::Made(name) => json!({"at": at, "of": asked, "made": name}).to_string(),
        };
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(text.as_bytes())?;
        self.file.set_len(text.len() as u64)?;
        self.file.sync_data()?;
        (self.state, self.asked) = (state, Some(asked.to_owned()));
        Ok(())
    }

    fn read(&mut self) -> io::Result<()> {
        let mut text = String::new();
        self.file.read_to_string(&mut text)?;
        if text.is_empty() {
            return Ok(());
        }
        // Half a note was written when something was sent, or had been.
        let noted: Value = serde_json::from_str(&text).unwrap_or_default();
        let at = noted["at"].as_str().and_then(|at| at.parse().ok()).unwrap_or_else(Timestamp::now);
        if Timestamp::now().duration_since(at) <= REMEMBERED {
            self.asked = noted["of"].as_str().map(str::to_owned);
            self.state = noted["made"].as_str().map_or(KeyState::Sent(at), |name| KeyState::Made(name.to_owned()));
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(50);

    #[tokio::test]
    async fn a_key_is_held_by_one_and_tells_the_next_what_became_of_it() {
        let folder = tempfile::tempdir().unwrap();
        // As two processes have it.
        let (one, other) = (CreateKeys::new(Some(folder.path())), CreateKeys::new(Some(folder.path())));
        let mut held = one.hold(&["ToDo", "k"], SHORT).await.unwrap();
        assert_eq!(held.state(), &KeyState::New);
        assert_eq!(other.hold(&["ToDo", "k"], SHORT).await.unwrap_err().kind(), io::ErrorKind::WouldBlock);
        assert!(other.hold(&["ToDo", "other"], SHORT).await.is_ok());
        let at = Timestamp::now();
        held.note(KeyState::Sent(at), "a").unwrap();
        drop(held);
        let mut held = other.hold(&["ToDo", "k"], SHORT).await.unwrap();
        assert_eq!(held.state(), &KeyState::Sent(at));
        assert!(held.is_for_another("b") && !held.is_for_another("a"));
        held.note(KeyState::Made("T-1".to_owned()), "a").unwrap();
        drop(held);
        assert_eq!(one.hold(&["ToDo", "k"], SHORT).await.unwrap().state(), &KeyState::Made("T-1".to_owned()));
    }

    #[tokio::test]
    async fn a_note_that_cannot_be_read_means_that_something_was_sent() {
        let folder = tempfile::tempdir().unwrap();
        let keys = CreateKeys::new(Some(folder.path()));
        let mut held = keys.hold(&["k"], SHORT).await.unwrap();
        held.file.write_all(b"{\"at\":").unwrap();
        drop(held);
        assert!(matches!(keys.hold(&["k"], SHORT).await.unwrap().state(), KeyState::Sent(_)));
    }
}
