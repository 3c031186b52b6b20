//! Files that a server over HTTP holds for their users: the same user of the same site reads each back, for an hour. They
//! lie on the disk, so that a restart loses none and every server of the directory finds them. A file's name is a hash of
//! its user and its address, so that somebody else's request leads to a name that is not there.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ring::digest::{Context, SHA256};
use ring::rand::{SecureRandom, SystemRandom};
use tempfile::NamedTempFile;

use super::Format;
use super::folder::{Entry, Folder, is_hash, is_over, remove, sweep};
use super::seen::Source;
use crate::hex::hex;
use crate::site::{Identity, encode};

/// The largest file, in bytes: it is read back in one message.
pub(super) const MOST_BYTES: u64 = 5 << 20;
/// What it takes more on the disk, at most: behind its content stand the source of that, and the length of the source.
const MOST_BEHIND: u64 = 1 << 20;
/// The most files of one user: one more takes the place of the oldest.
const MOST_OF_ONE: usize = 5;
/// What the files of all users may come to, in bytes.
const MOST_OF_ALL: u64 = 1 << 30;

/// Held while files are counted and one is added.
static TURN: Mutex<()> = Mutex::new(());

/// What the address of a file says of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Label {
    id: String,
    doctype: String,
    /// What kind of file.
    pub format: Format,
}

impl Label {
    /// For a file about documents of this DocType, by a name that nobody guesses.
    ///
    /// # Errors
    /// No randomness.
    pub fn new(doctype: &str, format: Format) -> io::Result<Self> {
        let mut random = [0; 16];
        SystemRandom::new().fill(&mut random).map_err(|_| io::Error::other("no randomness"))?;
        Ok(Self { id: hex(&random), doctype: doctype.to_owned(), format })
    }

    /// As an address has it; none if it is none of these.
    pub fn read(name: &str, doctype: &str) -> Option<Self> {
        let (id, end) = name.rsplit_once('.')?;
        let format = [Format::Csv, Format::Xlsx].into_iter().find(|format| format.as_str() == end)?;
        is_hash(id).then(|| Self { id: id.to_owned(), doctype: doctype.to_owned(), format })
    }

    /// The address, which `resources::address` reads.
    pub fn uri(&self) -> String {
        format!("erpnext://export/{}.{}?doctype={}", self.id, self.format.as_str(), encode(&self.doctype))
    }
}

/// What a held file holds.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct HeldFile {
    /// What is in it.
    pub bytes: Vec<u8>,
    /// Where that comes from.
    pub source: Source,
}

/// The files of one user under one set of rules and User Permissions: under others, what may be seen is something else.
#[derive(Clone, Debug)]
pub(super) struct UserFiles {
    directory: PathBuf,
    owner: Identity,
    rules: String,
}

impl UserFiles {
    /// Those of this user under these rules, as a text, below the directory of exports.
    pub fn of(directory: &Path, owner: Identity, rules: &str) -> Self {
        Self { directory: directory.to_owned(), owner, rules: hash(&[rules.as_bytes()]) }
    }

    /// Holds a file of so many bytes from this source; does not where those of all users take too much.
    ///
    /// # Errors
    /// The system's.
    pub fn keep(
        &self,
        label: &Label,
        mut file: NamedTempFile,
        bytes: u64,
        source: &Source,
    ) -> io::Result<Option<Fresh>> {
        let behind = serde_json::to_vec(source)?;
        let length = u32::try_from(behind.len()).map_err(io::Error::other)?;
        file.as_file_mut().seek(SeekFrom::End(0))?;
        file.write_all(&[behind.as_slice(), &length.to_be_bytes()].concat())?;
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = Folder::make(&self.directory)?;
        let there = folder.left()?;
        let of_all: u64 = there.iter().map(|file| file.bytes).sum();
        if of_all.saturating_add(bytes) > MOST_OF_ALL {
            return Ok(None);
        }
        let prefix = self.prefix();
        let mut own: Vec<Entry> = there.into_iter().filter(|file| file.name.starts_with(&prefix)).collect();
        own.sort_by_key(|file| file.since);
        for old in own.iter().take((own.len() + 1).saturating_sub(MOST_OF_ONE)) {
            remove(&folder.file(&old.name));
        }
        let path = folder.file(&self.name(label));
        file.persist_noclobber(&path).map_err(|failed| failed.error)?;
        Ok(Some(Fresh(Some(path))))
    }

    /// What such a file of this user holds; none if there is none any more.
    ///
    /// # Errors
    /// The system's.
    pub fn read(&self, label: &Label) -> io::Result<Option<HeldFile>> {
        let Some(folder) = Folder::find(&self.directory)? else { return Ok(None) };
        let file = match File::open(folder.file(&self.name(label))) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        if is_over(file.metadata()?.modified()?) {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        file.take(MOST_BYTES + MOST_BEHIND).read_to_end(&mut bytes)?;
        Ok(parted(bytes))
    }

    fn name(&self, label: &Label) -> String {
        let of: [&[u8]; 4] =
            [self.owner.as_bytes(), self.rules.as_bytes(), label.id.as_bytes(), label.doctype.as_bytes()];
        format!("{}{}.{}", self.prefix(), hash(&of), label.format.as_str())
    }

    /// What the names of this user's files begin with.
    fn prefix(&self) -> String {
        format!("{}-", hash(&[self.owner.as_bytes()]))
    }
}

/// What is in a file apart from where it comes from; nothing if that is not there.
fn parted(mut bytes: Vec<u8>) -> Option<HeldFile> {
    let (rest, length) = bytes.split_last_chunk()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let end = rest.len().checked_sub(length)?;
    let source = serde_json::from_slice(&rest[end..]).ok()?;
    bytes.truncate(end);
    Some(HeldFile { bytes, source })
}

/// A file that nobody was told of yet: removed unless it stays. Who asked for it may be gone by now.
#[derive(Debug)]
pub(super) struct Fresh(Option<PathBuf>);

impl Fresh {
    /// Leaves it there.
    pub fn stays(mut self) {
        self.0 = None;
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        self.0.iter().for_each(|file| remove(file));
    }
}

/// Removes the files of this directory of exports whose time is over, at once and then each time that so long has passed.
pub async fn withdraw(directory: PathBuf, every: Duration) {
    loop {
        let directory = directory.clone();
        let withdrawn = tokio::task::spawn_blocking(move || {
            sweep(&directory)?;
            Folder::find(&directory)?.map_or(Ok(()), |folder| folder.left().map(drop))
        });
        // A directory that is not there holds none; who exports is told.
        if let Err(error) = withdrawn.await.map_err(io::Error::other).and_then(|withdrawn| withdrawn)
            && error.kind() != ErrorKind::NotFound
        {
            tracing::error!("exports whose time is over could not be removed: {error}");
        }
        tokio::time::sleep(every).await;
    }
}

/// Half a SHA-256 in hexadecimal digits: as many as nobody finds twice, in a name that is short enough.
fn hash(parts: &[&[u8]]) -> String {
    let mut whole = Context::new(&SHA256);
    for part in parts {
        whole.update(&part.len().to_be_bytes());
        whole.update(part);
    }
    hex(&whole.finish().as_ref()[..16])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;
    use std::time::SystemTime;

    use jiff::SignedDuration;
    use secrecy::SecretString;

    use super::super::folder::{LIVES, NAME};
    use super::*;
    use crate::site::{Caller, Credentials, SiteUrl};

    fn of(folder: &Path, user: &str) -> UserFiles {
        let url = SiteUrl::parse("https://erp.example.com", false).unwrap();
        let caller = Caller::new(url, Credentials::bearer(SecretString::from("token")).unwrap());
        UserFiles::of(folder, caller.of_user(user).identity(), "rules")
    }

    fn source() -> Source {
        Source::Report("General Ledger".to_owned())
    }

    fn path(held: &UserFiles, label: &Label) -> PathBuf {
        held.directory.join(NAME).join(held.name(label))
    }

    fn keep(held: &UserFiles, directory: &Path, text: &str, bytes: u64) -> (Label, bool) {
        let mut file = NamedTempFile::new_in(directory).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let label = Label::new("Customer", Format::Csv).unwrap();
        let kept = held.keep(&label, file, bytes, &source()).unwrap();
        let is_kept = kept.is_some();
        kept.into_iter().for_each(Fresh::stays);
        (label, is_kept)
    }

    fn age(held: &UserFiles, label: &Label, by: SignedDuration) {
        let file = File::options().write(true).open(path(held, label)).unwrap();
        file.set_modified(SystemTime::now() - by.unsigned_abs()).unwrap();
    }

    #[test]
    fn a_file_is_read_back_by_its_user_alone_and_for_what_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let (jane, john) = (of(folder.path(), "jane@example.com"), of(folder.path(), "john@example.com"));
        let (label, _) = keep(&jane, folder.path(), "of jane", 7);
        let of_jane = HeldFile { bytes: b"of jane".to_vec(), source: source() };
        assert_eq!(jane.read(&label).unwrap(), Some(of_jane));
        assert_eq!(john.read(&label).unwrap(), None);
        let narrower = UserFiles::of(folder.path(), jane.owner, "fewer rules");
        assert_eq!(narrower.read(&label).unwrap(), None, "other fields and documents may be seen by now");
        let other = Label { doctype: "Item".to_owned(), ..label.clone() };
        assert_eq!(jane.read(&other).unwrap(), None, "the right that is asked for is that of its own DocType");
        let uri = label.uri();
        let name = uri.strip_prefix("erpnext://export/").unwrap().split('?').next().unwrap();
        assert_eq!(Label::read(name, "Customer"), Some(label));
        for name in ["", ".csv", "x.csv", "../x.csv", &format!("{}.pdf", "0".repeat(32)), &"0".repeat(32)] {
            assert_eq!(Label::read(name, "Customer"), None, "{name}");
        }
    }

    #[tokio::test]
    async fn a_file_is_gone_at_the_end_of_its_time_whoever_made_it() {
        let folder = tempfile::tempdir().unwrap();
        let jane = of(folder.path(), "jane@example.com");
        let (old, _) = keep(&jane, folder.path(), "old", 3);
        let (young, _) = keep(&jane, folder.path(), "young", 5);
        let task = tokio::spawn(withdraw(folder.path().to_owned(), Duration::from_millis(5)));
        age(&jane, &young, LIVES - SignedDuration::from_mins(1));
        assert!(jane.read(&old).unwrap().is_some());
        age(&jane, &old, LIVES);
        assert_eq!(jane.read(&old).unwrap(), None);
        let started = std::time::Instant::now();
        while path(&jane, &old).exists() {
            assert!(started.elapsed() < Duration::from_secs(20), "nothing withdraws it");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(jane.read(&young).unwrap().is_some());
        task.abort();
    }

    #[test]
    fn what_nobody_was_told_of_is_not_held() {
        let folder = tempfile::tempdir().unwrap();
        let jane = of(folder.path(), "jane@example.com");
        let label = Label::new("Customer", Format::Csv).unwrap();
        let fresh = jane.keep(&label, NamedTempFile::new_in(folder.path()).unwrap(), 0, &source()).unwrap();
        assert!(fresh.is_some() && path(&jane, &label).exists());
        drop(fresh);
        assert!(!path(&jane, &label).exists());
    }

    #[test]
    fn one_file_too_many_takes_the_place_of_the_oldest_of_its_user() {
        let folder = tempfile::tempdir().unwrap();
        let (jane, john) = (of(folder.path(), "jane@example.com"), of(folder.path(), "john@example.com"));
        let (of_john, _) = keep(&john, folder.path(), "of john", 7);
        age(&john, &of_john, SignedDuration::from_mins(50));
        let mut labels = Vec::new();
        for minutes in (1..=MOST_OF_ONE as i64).rev() {
            let (label, _) = keep(&jane, folder.path(), "of jane", 7);
            age(&jane, &label, SignedDuration::from_mins(minutes));
            labels.push(label);
        }
        assert!(labels.iter().all(|label| jane.read(label).unwrap().is_some()));
        keep(&jane, folder.path(), "one more", 8);
        let left: Vec<bool> = labels.iter().map(|label| jane.read(label).unwrap().is_some()).collect();
        assert_eq!(left, [false, true, true, true, true]);
        assert!(john.read(&of_john).unwrap().is_some());
        let (label, is_kept) = keep(&jane, folder.path(), "too much", MOST_OF_ALL);
        assert!(!is_kept && jane.read(&label).unwrap().is_none());
    }

    #[test]
    fn a_file_of_which_it_is_not_known_where_it_comes_from_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let jane = of(folder.path(), "jane@example.com");
        let (label, _) = keep(&jane, folder.path(), "of jane", 7);
        let whole = fs::read(path(&jane, &label)).unwrap();
        for end in [0, 3, 7, whole.len() - 1] {
            fs::write(path(&jane, &label), &whole[..end]).unwrap();
            assert_eq!(jane.read(&label).unwrap(), None, "{end}");
        }
        assert_eq!(parted(whole).unwrap().bytes, b"of jane");
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_of_the_machine_reads_them() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let jane = of(folder.path(), "jane@example.com");
        let (label, _) = keep(&jane, folder.path(), "x", 1);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder.path().join(NAME)), mode(&path(&jane, &label))), (0o700, 0o600));
    }
}
