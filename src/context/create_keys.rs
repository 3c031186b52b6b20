//! The keys by which a repeated create is known again: each is held while a call works with it, says that something was sent
//! before it is sent, and then what was made. They are in files that all servers of this machine share, or in the store of
//! all machines.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::hex::hex;
use crate::shared::{Keyspace, Lease, Shared};

/// How often a key that another call holds is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// How long a key is remembered.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Where keys are kept.
#[derive(Debug)]
pub struct CreateKeys {
    folder: PathBuf,
    shared: Option<Shared>,
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
pub type RequestHash = String;

/// A key that one call holds, and no other, until it is dropped.
#[derive(Debug)]
pub struct HeldKey {
    at: Place,
    state: KeyState,
    /// What the create was that it was used for; none where that was not noted.
    asked: Option<RequestHash>,
}

/// Where what is held is noted.
#[derive(Debug)]
enum Place {
    /// A locked file.
    File(File),
    /// Held in the store of all servers, under this.
    Shared(Lease, Vec<u8>),
}

/// A note: when, of what, and the name of what was made.
#[derive(Default, Serialize, Deserialize)]
struct Note {
    at: String,
    of: Option<RequestHash>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    made: Option<String>,
}

impl CreateKeys {
    /// Keys in a folder of the user's, or in what servers share; without either, they are this process's own.
    pub fn new(state: Option<&std::path::Path>, shared: Option<Shared>) -> Self {
        let own = || std::env::temp_dir().join(format!("erpnext-mcp-{}", std::process::id()));
        let last = state.is_some() || shared.is_some();
        Self { folder: state.map_or_else(own, PathBuf::from).join("keys"), shared, last }
    }

    /// Holds a key, named by all that it belongs to, once no other call does.
    ///
    /// # Errors
    /// The system's; [`io::ErrorKind::WouldBlock`] if another call held it all the time.
    pub async fn hold(&self, parts: &[&str], patience: Duration) -> io::Result<HeldKey> {
        let name = digest(&SHA256, json!(parts).to_string().as_bytes());
        if let Some(shared) = &self.shared {
            return HeldKey::of_all(shared, name.as_ref(), patience).await;
        }
        std::fs::create_dir_all(&self.folder)?;
        let name = hex(name.as_ref());
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
        HeldKey::read(file)
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
    pub async fn note(&mut self, state: KeyState, asked: &str) -> io::Result<()> {
        let of = Some(asked.to_owned());
        let note = match &state {
            KeyState::New => None,
            KeyState::Sent(at) => Some(Note { at: at.to_string(), of, made: None }),
            KeyState::Made(name) => Some(Note { at: Timestamp::now().to_string(), of, made: Some(name.clone()) }),
        };
        match &mut self.at {
            Place::File(file) => {
                let text = note.map_or_else(String::new, |note| json!(note).to_string());
                file.seek(SeekFrom::Start(0))?;
                file.write_all(text.as_bytes())?;
                file.set_len(text.len() as u64)?;
                file.sync_data()?;
            }
            Place::Shared(held, key) => {
                let lives = Duration::try_from(REMEMBERED).unwrap_or_default();
                held.put(Keyspace::Create, key, &note, lives).await.map_err(io::Error::other)?;
            }
        }
        (self.state, self.asked) = (state, Some(asked.to_owned()));
        Ok(())
    }

    async fn of_all(shared: &Shared, key: &[u8], patience: Duration) -> io::Result<Self> {
        let held = shared.hold(Keyspace::Creating, key, patience).await.map_err(io::Error::other)?;
        let held = held.ok_or(io::ErrorKind::WouldBlock)?;
        let note = shared.get::<Option<Note>>(Keyspace::Create, key).await.map_err(io::Error::other)?;
        Ok(Self::noted(Place::Shared(held, key.to_vec()), note.flatten()))
    }

    fn read(mut file: File) -> io::Result<Self> {
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        // Half a note was written when something was sent, or had been.
        let note = (!text.is_empty()).then(|| serde_json::from_str(&text).unwrap_or_default());
        Ok(Self::noted(Place::File(file), note))
    }

    fn noted(at: Place, note: Option<Note>) -> Self {
        let sent = |note: &Note| note.at.parse().unwrap_or_else(|_| Timestamp::now());
        match note.filter(|note| Timestamp::now().duration_since(sent(note)) <= REMEMBERED) {
            None => Self { at, state: KeyState::New, asked: None },
            Some(note) => {
                let state = note.made.clone().map_or(KeyState::Sent(sent(&note)), KeyState::Made);
                Self { at, state, asked: note.of }
            }
        }
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
        let (one, other) = (CreateKeys::new(Some(folder.path()), None), CreateKeys::new(Some(folder.path()), None));
        let mut held = one.hold(&["ToDo", "k"], SHORT).await.unwrap();
        assert_eq!(held.state(), &KeyState::New);
        assert_eq!(other.hold(&["ToDo", "k"], SHORT).await.unwrap_err().kind(), io::ErrorKind::WouldBlock);
        assert!(other.hold(&["ToDo", "other"], SHORT).await.is_ok());
        let at = Timestamp::now();
        held.note(KeyState::Sent(at), "a").await.unwrap();
        drop(held);
        let mut held = other.hold(&["ToDo", "k"], SHORT).await.unwrap();
        assert_eq!(held.state(), &KeyState::Sent(at));
        assert!(held.is_for_another("b") && !held.is_for_another("a"));
        held.note(KeyState::Made("T-1".to_owned()), "a").await.unwrap();
        drop(held);
        assert_eq!(one.hold(&["ToDo", "k"], SHORT).await.unwrap().state(), &KeyState::Made("T-1".to_owned()));
    }

    #[tokio::test]
    async fn a_note_that_cannot_be_read_means_that_something_was_sent() {
        let folder = tempfile::tempdir().unwrap();
        let keys = CreateKeys::new(Some(folder.path()), None);
        let mut held = keys.hold(&["k"], SHORT).await.unwrap();
        let Place::File(file) = &mut held.at else { unreachable!() };
        file.write_all(b"{\"at\":").unwrap();
        drop(held);
        assert!(matches!(keys.hold(&["k"], SHORT).await.unwrap().state(), KeyState::Sent(_)));
    }
}
