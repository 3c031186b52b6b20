//! What has to outlive the process, in one sealed file: who has let whom in, and the tokens that were handed out for it.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use futures_util::future::{BoxFuture, FutureExt};
use tokio::sync::Mutex;

use super::seal::Sealer;
use super::store::{Key, Kind, Memory, Store};

/// For what the file is sealed.
const PURPOSE: &str = "state";
/// The largest file, in bytes.
const LARGEST: u64 = 256 << 20;
/// What is kept in it. Logins and codes are a matter of minutes.
const KINDS: [Kind; 3] = [Kind::Grant, Kind::Access, Kind::Person];

/// An entry of the file: of which kind, under which hash, what, until when.
type Entry = (u8, String, String, u64);

/// Memory, and a file with what is in it.
#[derive(Debug)]
pub struct Kept {
    memory: Memory,
    sealer: Arc<Sealer>,
    file: PathBuf,
    /// Whether there is something that the file has not.
    is_changed: AtomicBool,
    /// Held while the file is written.
    turn: Mutex<()>,
}

impl Kept {
    /// With what the file holds, where there is one.
    ///
    /// # Errors
    /// A file that cannot be read, or that was sealed with another key.
    pub fn read(file: &Path, sealer: Arc<Sealer>) -> io::Result<Self> {
        let memory = Memory::default();
        let mut bytes = Vec::new();
        match std::fs::File::open(file) {
            Ok(file) => _ = file.take(LARGEST).read_to_end(&mut bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        if !bytes.is_empty() {
            let another = || io::Error::other("it was sealed with another key, or is no file of this server");
            let entries: Vec<Entry> = sealer.open(PURPOSE, &bytes).ok_or_else(another)?;
            for (kind, key, value, until) in entries {
                let decoded = |text: &str| BASE64_STANDARD_NO_PAD.decode(text).ok();
                let kind = KINDS.into_iter().find(|known| *known as u8 == kind);
                let key = decoded(&key).and_then(|key| Key::try_from(key).ok());
                let (kind, key, value) =
                    kind.zip(key).zip(decoded(&value)).map(|((kind, key), v)| (kind, key, v)).ok_or_else(another)?;
                memory.put_until(kind, key, value, until);
            }
        }
        let file = file.to_owned();
        Ok(Self { memory, sealer, file, is_changed: AtomicBool::new(false), turn: Mutex::default() })
    }

    async fn write(&self) {
        let _turn = self.turn.lock().await;
        // Whoever waited for the turn may find all of theirs written.
        if !self.is_changed.swap(false, Ordering::AcqRel) {
            return;
        }
        let text = |bytes: &[u8]| BASE64_STANDARD_NO_PAD.encode(bytes);
        let entry =
            |(kind, key, value, until): (Kind, Key, Vec<u8>, u64)| (kind as u8, text(&key), text(&value), until);
        let entries: Vec<Entry> = KINDS.into_iter().flat_map(|kind| self.memory.all(kind)).map(entry).collect();
        let (sealed, file) = (self.sealer.seal(PURPOSE, &entries), self.file.clone());
        let written = match sealed {
            Ok(sealed) => tokio::task::spawn_blocking(move || crate::files::write_whole(&file, &sealed)).await,
            Err(_) => return self.is_changed.store(true, Ordering::Release),
        };
        if let Err(error) = written.map_err(io::Error::other).flatten() {
            // The next one tries again: what was taken back must not be there after a start.
            self.is_changed.store(true, Ordering::Release);
            tracing::error!("{} was not written, and people may have to sign in again: {error}", self.file.display());
        }
    }
}

impl Store for Kept {
    fn put(&self, kind: Kind, key: Key, value: Vec<u8>, lives: std::time::Duration) -> BoxFuture<'_, ()> {
        let put = self.memory.put(kind, key, value, lives);
        self.is_changed.fetch_or(KINDS.contains(&kind), Ordering::AcqRel);
        put
    }

    fn get(&self, kind: Kind, key: Key) -> BoxFuture<'_, Option<Vec<u8>>> {
        self.memory.get(kind, key)
    }

    fn take(&self, kind: Kind, key: Key) -> BoxFuture<'_, Option<Vec<u8>>> {
        let taken = self.memory.take(kind, key);
        self.is_changed.fetch_or(KINDS.contains(&kind), Ordering::AcqRel);
        taken
    }

    fn settle(&self) -> BoxFuture<'_, ()> {
        self.write().boxed()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn what_was_settled_is_there_after_a_start_with_the_same_key_and_nothing_is_legible() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("oauth.state");
        let sealer = |key: u8| Arc::new(Sealer::new(Some([key; 32])).unwrap());
        let (kept, hour) = (Kept::read(&file, sealer(1)).unwrap(), Duration::from_secs(3600));
        kept.put(Kind::Grant, [7; 32], b"canary".to_vec(), hour).await;
        kept.put(Kind::Access, [8; 32], b"gone".to_vec(), hour).await;
        kept.put(Kind::Code, [9; 32], b"code".to_vec(), hour).await;
        kept.take(Kind::Access, [8; 32]).await;
        kept.settle().await;
        assert!(!String::from_utf8_lossy(&std::fs::read(&file).unwrap()).contains("canary"));
        let again = Kept::read(&file, sealer(1)).unwrap();
        assert_eq!(again.get(Kind::Grant, [7; 32]).await.as_deref(), Some(&b"canary"[..]));
        assert_eq!(again.get(Kind::Access, [8; 32]).await, None);
        assert_eq!(again.get(Kind::Code, [9; 32]).await, None);
        assert!(Kept::read(&file, sealer(2)).unwrap_err().to_string().contains("another key"));
    }
}
