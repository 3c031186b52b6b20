//! The folder in which files are held over HTTP. It is this server's alone, or nothing is written, read or removed there: who may
//! write beside it could else choose what the server removes.

use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::SignedDuration;

/// How long a file can be read back.
pub(super) const LIVES: SignedDuration = SignedDuration::from_hours(1);
/// Where it lies below the directory of exports.
pub(super) const NAME: &str = "over-http";
/// What the name of a file begins with that is being written, and how many characters follow.
pub(super) const UNFINISHED: &str = ".export-";
const RANDOM: usize = 6;
/// Nobody writes any more into a file that has not changed for so long.
const LEFT_BEHIND: Duration = Duration::from_secs(24 * 60 * 60);

/// The folder, once it was looked at.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

/// A file that can still be read back.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its name.
    pub name: String,
    /// Since when it is held.
    pub since: SystemTime,
    /// Its size.
    pub bytes: u64,
}

impl Folder {
    /// That below the directory of exports; it is made if it is not there.
    ///
    /// # Errors
    /// The system's, and that it is not this server's alone.
    pub fn make(directory: &Path) -> io::Result<Self> {
        let path = directory.join(NAME);
        let mut new = fs::DirBuilder::new();
        new.recursive(false);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut new, 0o700);
        match new.create(&path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
            _ => Self::at(path),
        }
    }

    /// The same if it is there.
    ///
    /// # Errors
    /// As [`Folder::make`].
    pub fn find(directory: &Path) -> io::Result<Option<Self>> {
        match Self::at(directory.join(NAME)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            found => found.map(Some),
        }
    }

    fn at(path: PathBuf) -> io::Result<Self> {
        let known = path.symlink_metadata()?;
        if known.is_dir() && is_alone(&path, &known)? {
            return Ok(Self(path));
        }
        let why = "is no folder of this server's user: remove it";
        Err(io::Error::new(ErrorKind::PermissionDenied, format!("{} {why}", path.display())))
    }

    /// The file of this name.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// What can still be read back, once what of it is over is removed. What no export made is left alone, and what cannot be
    /// removed does not keep the rest.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn left(&self) -> io::Result<Vec<Entry>> {
        let mut left = Vec::new();
        for (name, known) in files(&self.0, is_held)? {
            let Ok(since) = known.modified() else { continue };
            if is_over(since) {
                remove(&self.file(&name));
            } else {
                left.push(Entry { name, since, bytes: known.len() });
            }
        }
        Ok(left)
    }
}

/// Whether it is a folder of this process's user, which it makes that user's alone: some systems open a volume to a group each
/// time that they mount it.
#[cfg(unix)]
fn is_alone(path: &Path, known: &Metadata) -> io::Result<bool> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    if known.uid() != rustix::process::geteuid().as_raw() {
        return Ok(false);
    }
    if known.mode() & 0o077 == 0 {
        return Ok(true);
    }
    let opened = fs::File::open(path)?;
    let there = opened.metadata()?;
    let is_same = (there.dev(), there.ino()) == (known.dev(), known.ino());
    if is_same {
        opened.set_permissions(fs::Permissions::from_mode(0o700))?;
    }
    Ok(is_same)
}

#[cfg(not(unix))]
fn is_alone(_: &Path, _: &Metadata) -> io::Result<bool> {
    Ok(true)
}

/// Removes what was left in the directory of exports by a server that was killed while it wrote.
///
/// # Errors
/// The directory cannot be read.
pub(super) fn sweep(directory: &Path) -> io::Result<()> {
    for (name, known) in files(directory, is_unfinished)? {
        let age = known.modified().ok().and_then(|since| since.elapsed().ok());
        if age.is_some_and(|age| age >= LEFT_BEHIND) {
            remove(&directory.join(name));
        }
    }
    Ok(())
}

/// The files of a folder whose names are such; no links.
fn files(folder: &Path, is_one: fn(&str) -> bool) -> io::Result<Vec<(String, Metadata)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        // Another server may have removed it meanwhile.
        let known = if is_one(&name) { entry.metadata().ok() } else { None };
        found.extend(known.filter(Metadata::is_file).map(|known| (name, known)));
    }
    Ok(found)
}

/// Whether it is over for a file that is held since then.
pub(super) fn is_over(since: SystemTime) -> bool {
    since.elapsed().unwrap_or_default() >= LIVES.unsigned_abs()
}

/// Removes a file; that it cannot be is for the administrator.
pub(super) fn remove(file: &Path) {
    if let Err(error) = fs::remove_file(file)
        && error.kind() != ErrorKind::NotFound
    {
        tracing::error!("{} could not be removed: {error}", file.display());
    }
}

/// Whether it is half a SHA-256, or as much randomness, in hexadecimal digits.
pub(super) fn is_hash(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_held(name: &str) -> bool {
    let stem = name.strip_suffix(".csv").or_else(|| name.strip_suffix(".xlsx"));
    stem.and_then(|stem| stem.split_once('-')).is_some_and(|(owner, file)| is_hash(owner) && is_hash(file))
}

fn is_unfinished(name: &str) -> bool {
    let random = name.strip_prefix(UNFINISHED);
    random.is_some_and(|rest| rest.len() == RANDOM && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn age(file: &Path, by: Duration) {
        let file = fs::File::options().write(true).open(file).unwrap();
        file.set_modified(SystemTime::now() - by).unwrap();
    }

    fn held() -> String {
        format!("{}-{}.csv", "0".repeat(32), "a".repeat(32))
    }

    #[cfg(unix)]
    #[test]
    fn what_a_link_in_its_place_leads_to_is_neither_read_nor_removed() {
        let (directory, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let files = [elsewhere.path().join("audit.log"), elsewhere.path().join(held())];
        for file in &files {
            fs::write(file, "kept").unwrap();
            age(file, 2 * LIVES.unsigned_abs());
        }
        std::os::unix::fs::symlink(elsewhere.path(), directory.path().join(NAME)).unwrap();
        for refused in [Folder::make(directory.path()).map(Some), Folder::find(directory.path())] {
            assert_eq!(refused.unwrap_err().kind(), ErrorKind::PermissionDenied);
        }
        assert!(files.iter().all(|file| file.exists()));
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_others_may_enter_is_its_owners_alone_once_it_is_used() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        assert!(Folder::find(directory.path()).unwrap().is_none());
        let folder = directory.path().join(NAME);
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
        assert!(Folder::find(directory.path()).unwrap().is_some());
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        fs::remove_dir(&folder).unwrap();
        fs::write(&folder, "x").unwrap();
        assert_eq!(Folder::make(directory.path()).unwrap_err().kind(), ErrorKind::PermissionDenied);
    }

    #[test]
    fn what_no_export_made_is_left_alone_and_keeps_nothing_from_being_removed() {
        let directory = tempfile::tempdir().unwrap();
        let folder = Folder::make(directory.path()).unwrap();
        let other = held().replace(".csv", ".log");
        let strays = ["notes.csv", "audit.log", other.as_str()];
        for name in strays.into_iter().chain([held().as_str()]) {
            fs::write(folder.file(name), "x").unwrap();
            age(&folder.file(name), LIVES.unsigned_abs());
        }
        // A folder of such a name is none of them either.
        let young = held().replace('a', "b");
        fs::create_dir(folder.file(&young.replace('b', "c"))).unwrap();
        fs::write(folder.file(&young), "young").unwrap();
        let left = folder.left().unwrap();
        assert_eq!(left.iter().map(|file| (&file.name, file.bytes)).collect::<Vec<_>>(), [(&young, 5)]);
        assert!(!folder.file(&held()).exists());
        assert!(strays.iter().all(|name| folder.file(name).exists()));
    }

    #[test]
    fn what_a_killed_server_left_is_removed_and_what_is_being_written_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let make = |age_of: Duration| {
            let file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(directory.path()).unwrap();
            age(file.path(), age_of);
            file.keep().unwrap().1
        };
        let (old, young) = (make(LEFT_BEHIND), make(LEFT_BEHIND / 2));
        let other = directory.path().join(".export-of-march");
        fs::write(&other, "x").unwrap();
        age(&other, 2 * LEFT_BEHIND);
        sweep(directory.path()).unwrap();
        assert_eq!((old.exists(), young.exists(), other.exists()), (false, true, true));
    }
}
