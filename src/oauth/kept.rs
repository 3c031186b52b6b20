//! What has to outlive the process, in one sealed file: who has let whom in, and the access tokens that were handed out for
//! it. What changes is appended, so that a renewal costs what it changes; now and then all is written anew.

use std::fs::OpenOptions;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use futures_util::future::{BoxFuture, FutureExt};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use super::store::{Key, Memory, Store, now};
use crate::shared::seal::Sealer;
use crate::shared::{Keyspace, StoreFuture};

/// For what the beginning of the file is sealed, and with the hash of what stands before it, each part after it: none can
/// be left out in the middle, or put elsewhere.
const PURPOSE: &str = "state";
/// The largest file, in bytes.
const LARGEST: u64 = 256 << 20;
/// So much may be appended before all is written anew, in bytes; more where all is more.
const APPENDED: u64 = 1 << 20;
/// How many bytes of a part are like those of no other: what it is sealed with.
const TAIL: usize = 16;
/// What is kept in it. Used logins and codes are a matter of minutes.
const KEYSPACES: [Keyspace; 3] = [Keyspace::Grant, Keyspace::Access, Keyspace::Person];

/// A change: its kind, its hash, and the value with its end; no value where it was taken.
#[derive(Serialize, Deserialize)]
struct Change(u8, String, Option<(String, u64)>);

impl Change {
    fn put(space: Keyspace, key: &Key, value: &[u8], until: u64) -> Self {
        Self(space as u8, text(key), Some((text(value), until)))
    }

    /// Makes it, where it is one of this server's.
    fn make(self, memory: &Memory) -> Option<()> {
        let Self(space, key, put) = self;
        let space = KEYSPACES.into_iter().find(|known| *known as u8 == space)?;
        let key = Key::try_from(bytes(&key)?).ok()?;
        match put {
            Some((value, until)) => memory.put_until(space, key, bytes(&value)?, until),
            None => memory.remove(space, key),
        }
        Some(())
    }
}

fn text(bytes: &[u8]) -> String {
    BASE64_STANDARD_NO_PAD.encode(bytes)
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    BASE64_STANDARD_NO_PAD.decode(text).ok()
}

/// Memory, and a file with what is in it.
#[derive(Debug)]
pub struct Kept(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    memory: Memory,
    sealer: Arc<Sealer>,
    file: PathBuf,
    /// What the file has not yet, in the order in which it was done.
    pending: Mutex<Vec<Change>>,
    /// Held while the file is written.
    end: Mutex<End>,
    /// Who waits for the file does so here, and takes up no thread.
    turn: tokio::sync::Mutex<()>,
}

impl std::fmt::Debug for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Change").finish_non_exhaustive()
    }
}

/// Where the file ends.
#[derive(Debug, Default)]
struct End {
    /// The purpose of the next part; none where all has to be written.
    purpose: Option<String>,
    /// How much was written when all was, and how much since.
    whole: u64,
    appended: u64,
    /// Its last bytes, which no other program's file has.
    tail: [u8; TAIL],
}

impl Kept {
    /// With what the file holds, where there is one.
    ///
    /// # Errors
    /// A file that cannot be read, or that was sealed with another key.
    pub fn read(file: &Path, sealer: Arc<Sealer>) -> io::Result<Self> {
        let memory = Memory::default();
        let mut held = Vec::new();
        match std::fs::File::open(file) {
            Ok(file) => {
                if file.take(LARGEST + 1).read_to_end(&mut held)? as u64 > LARGEST {
                    return Err(io::Error::other("it is larger than 256 MiB"));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        // Nothing is written yet: a server may run with it, and this one only look whether it could.
        let end = Mutex::new(replay(&held, &sealer, &memory)?);
        let (file, turn) = (file.to_owned(), tokio::sync::Mutex::default());
        Ok(Self(Arc::new(Inner { memory, sealer, file, pending: Mutex::default(), end, turn })))
    }
}

/// Makes all changes of a file. What a crash has cut at its end was never said to be done; nothing is appended to it.
fn replay(held: &[u8], sealer: &Sealer, memory: &Memory) -> io::Result<End> {
    let another = || io::Error::other("it was sealed with another key, or is no file of this server");
    let (mut rest, mut purpose, mut whole) = (held, PURPOSE.to_owned(), None);
    while !rest.is_empty() {
        let part = part(rest);
        let (sealed, after) = part.unwrap_or_default();
        let changes = part.and_then(|_| sealer.open::<Vec<Change>>(&purpose, sealed));
        let Some(changes) = changes else {
            // Some file systems leave zeros where a crash kept them from writing.
            let is_cut = purpose != PURPOSE && after.iter().all(|byte| *byte == 0);
            return if is_cut { Ok(End::default()) } else { Err(another()) };
        };
        for change in changes {
            change.make(memory).ok_or_else(another)?;
        }
        (rest, purpose) = (after, following(sealed));
        whole = whole.or(Some(held.len() - rest.len()));
    }
    Ok(whole.map_or_else(End::default, |whole| End {
        purpose: Some(purpose),
        whole: whole as u64,
        appended: (held.len() - whole) as u64,
        tail: tail(held),
    }))
}

/// The first part of what is left, and what is left then; none where it is cut.
fn part(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = rest.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

/// The purpose of the part after this one.
fn following(sealed: &[u8]) -> String {
    format!("{PURPOSE} {}", text(digest(&SHA256, sealed).as_ref()))
}

/// The end of what was written.
fn tail(written: &[u8]) -> [u8; TAIL] {
    written.last_chunk().copied().unwrap_or_default()
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inner {
    /// Notes a change, and makes it, in one order for both.
    fn change<T>(&self, space: Keyspace, change: impl FnOnce() -> Change, make: impl FnOnce() -> T) -> T {
        if !KEYSPACES.contains(&space) {
            return make();
        }
        let mut pending = locked(&self.pending);
        pending.push(change());
        make()
    }

    /// Brings the file up to date, and comes back when that will outlive the machine.
    fn write(&self) -> io::Result<()> {
        let mut end = locked(&self.end);
        let is_long = end.appended > APPENDED.max(end.whole.min(LARGEST / 4));
        // Another program may have written it, whose parts do not fit between these.
        let purpose = end.purpose.clone().filter(|_| !is_long && self.ends_with(end.tail));
        let Some(purpose) = purpose else { return self.write_all(&mut end) };
        let pending = std::mem::take(&mut *locked(&self.pending));
        // Whoever waited for the file may find all of theirs written.
        if pending.is_empty() {
            return Ok(());
        }
        let written = self.sealed(&purpose, &pending).and_then(|(part, next)| {
            let mut file = OpenOptions::new().append(true).open(&self.file)?;
            file.write_all(&part)?;
            file.sync_data()?;
            Ok((part, next))
        });
        match written {
            Ok((part, next)) => {
                end.appended += part.len() as u64;
                end.tail = tail(&part);
                end.purpose = Some(next);
                Ok(())
            }
            // A part of it may be there, and the file may be gone.
            Err(_) => self.write_all(&mut end),
        }
    }

    fn ends_with(&self, tail: [u8; TAIL]) -> bool {
        let read = || {
            let mut file = std::fs::File::open(&self.file)?;
            file.seek(SeekFrom::End(-(TAIL as i64)))?;
            let mut there = [0; TAIL];
            file.read_exact(&mut there)?;
            io::Result::Ok(there)
        };
        read().is_ok_and(|there| there == tail)
    }

    /// Writes all anew. Where that fails, the next one tries again: what was taken back must not be there after a start.
    fn write_all(&self, end: &mut End) -> io::Result<()> {
        end.purpose = None;
        // What is done from here on may be in it too, and is the same when it is done twice.
        locked(&self.pending).clear();
        let put = |(space, key, value, until): (Keyspace, Key, Vec<u8>, u64)| Change::put(space, &key, &value, until);
        let all: Vec<Change> = KEYSPACES.into_iter().flat_map(|space| self.memory.all(space)).map(put).collect();
        let (whole, next) = self.sealed(PURPOSE, &all)?;
        crate::files::write_whole(&self.file, &whole)?;
        *end = End { purpose: Some(next), whole: whole.len() as u64, appended: 0, tail: tail(&whole) };
        Ok(())
    }

    /// A part of the file, and the purpose of the next.
    fn sealed(&self, purpose: &str, changes: &[Change]) -> io::Result<(Vec<u8>, String)> {
        let sealed = self.sealer.seal(purpose, &changes).map_err(io::Error::other)?;
        let length = u32::try_from(sealed.len()).map_err(io::Error::other)?;
        Ok(([length.to_be_bytes().as_slice(), &sealed].concat(), following(&sealed)))
    }
}

impl Store for Kept {
    fn put(&self, space: Keyspace, key: Key, value: Vec<u8>, lives: Duration) -> StoreFuture<'_, ()> {
        let until = now().saturating_add(lives.as_secs());
        let change = Change::put(space, &key, &value, until);
        self.0.change(space, || change, || self.0.memory.put_until(space, key, value, until));
        std::future::ready(Ok(())).boxed()
    }

    fn get(&self, space: Keyspace, key: Key) -> StoreFuture<'_, Option<Vec<u8>>> {
        self.0.memory.get(space, key)
    }

    fn take(&self, space: Keyspace, key: Key) -> StoreFuture<'_, Option<Vec<u8>>> {
        self.0.change(space, || Change(space as u8, text(&key), None), || self.0.memory.take(space, key))
    }

    fn settle(&self) -> BoxFuture<'_, ()> {
        async {
            let _turn = self.0.turn.lock().await;
            let inner = Arc::clone(&self.0);
            // It is finished, whoever leaves meanwhile.
            let written = tokio::task::spawn_blocking(move || inner.write()).await;
            if let Err(error) = written.map_err(io::Error::other).flatten() {
                let file = self.0.file.display();
                tracing::error!("{file} was not written, and people may have to sign in again: {error}");
            }
        }
        .boxed()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn sealer(key: u8) -> Arc<Sealer> {
        Arc::new(Sealer::new(Some([key; 32])).unwrap())
    }

    const HOUR: Duration = Duration::from_secs(3600);

    #[tokio::test]
    async fn what_was_settled_is_there_after_a_start_with_the_same_key_and_nothing_is_legible() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("oauth.state");
        let kept = Kept::read(&file, sealer(1)).unwrap();
        kept.put(Keyspace::Grant, [7; 32], b"canary".to_vec(), HOUR).await.unwrap();
        kept.put(Keyspace::Access, [8; 32], b"gone".to_vec(), HOUR).await.unwrap();
        kept.put(Keyspace::Code, [9; 32], b"code".to_vec(), HOUR).await.unwrap();
        kept.settle().await;
        kept.take(Keyspace::Access, [8; 32]).await.unwrap();
        kept.settle().await;
        assert!(!String::from_utf8_lossy(&std::fs::read(&file).unwrap()).contains("canary"));
        let again = Kept::read(&file, sealer(1)).unwrap();
        assert_eq!(again.get(Keyspace::Grant, [7; 32]).await.unwrap().as_deref(), Some(&b"canary"[..]));
        assert_eq!(again.get(Keyspace::Access, [8; 32]).await.unwrap(), None);
        assert_eq!(again.get(Keyspace::Code, [9; 32]).await.unwrap(), None);
        assert!(Kept::read(&file, sealer(2)).unwrap_err().to_string().contains("another key"));
    }

    #[tokio::test]
    async fn a_change_is_appended_and_all_is_written_anew_when_that_has_grown() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("oauth.state");
        let size = || std::fs::metadata(&file).unwrap().len();
        let kept = Kept::read(&file, sealer(1)).unwrap();
        for number in 0..100 {
            kept.put(Keyspace::Grant, [number; 32], vec![number; 10_000], HOUR).await.unwrap();
        }
        kept.settle().await;
        let whole = size();
        kept.put(Keyspace::Grant, [7; 32], b"renewed".to_vec(), HOUR).await.unwrap();
        kept.settle().await;
        assert!(size() > whole && size() < whole + 1_000, "{} after {whole}", size());
        for _ in 0..200 {
            kept.put(Keyspace::Grant, [8; 32], vec![8; 10_000], HOUR).await.unwrap();
            kept.settle().await;
        }
        assert!(size() < 4 * whole, "{} after {whole}", size());
        let again = Kept::read(&file, sealer(1)).unwrap();
        assert_eq!(again.get(Keyspace::Grant, [7; 32]).await.unwrap().as_deref(), Some(&b"renewed"[..]));
        assert_eq!(again.get(Keyspace::Grant, [99; 32]).await.unwrap().map(|value| value.len()), Some(10_000));
    }

    #[tokio::test]
    async fn wherever_a_crash_cuts_the_last_part_what_stands_before_it_is_whole_and_is_added_to() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("oauth.state");
        let kept = Kept::read(&file, sealer(1)).unwrap();
        kept.put(Keyspace::Grant, [1; 32], b"one".to_vec(), HOUR).await.unwrap();
        kept.settle().await;
        let one = std::fs::read(&file).unwrap();
        kept.put(Keyspace::Grant, [2; 32], b"two".to_vec(), HOUR).await.unwrap();
        kept.settle().await;
        let two = std::fs::read(&file).unwrap();
        for end in [one.len() + 1, one.len() + 4, one.len() + 20, two.len() - 1] {
            std::fs::write(&file, &two[..end]).unwrap();
            let cut = Kept::read(&file, sealer(1)).unwrap();
            assert_eq!(cut.get(Keyspace::Grant, [1; 32]).await.unwrap().as_deref(), Some(&b"one"[..]), "{end}");
            assert_eq!(cut.get(Keyspace::Grant, [2; 32]).await.unwrap(), None, "{end}");
            cut.put(Keyspace::Grant, [3; 32], b"three".to_vec(), HOUR).await.unwrap();
            cut.settle().await;
            let again = Kept::read(&file, sealer(1)).unwrap();
            assert_eq!(again.get(Keyspace::Grant, [3; 32]).await.unwrap().as_deref(), Some(&b"three"[..]), "{end}");
        }
        // Two servers, as at a change of versions: who writes last has written all.
        std::fs::write(&file, &two).unwrap();
        let (old, new) = (Kept::read(&file, sealer(1)).unwrap(), Kept::read(&file, sealer(1)).unwrap());
        assert_eq!(std::fs::read(&file).unwrap(), two, "to read it writes nothing");
        for number in 4..8 {
            for server in [&old, &new] {
                server.put(Keyspace::Grant, [number; 32], vec![number], HOUR).await.unwrap();
                server.settle().await;
            }
        }
        assert!(Kept::read(&file, sealer(1)).unwrap().get(Keyspace::Grant, [7; 32]).await.unwrap().is_some());
        // What is wrong in the middle is no crash.
        let mut changed = two;
        changed[10] ^= 1;
        std::fs::write(&file, &changed).unwrap();
        assert!(Kept::read(&file, sealer(1)).is_err());
    }
}
