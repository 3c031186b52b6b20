//! The one writer of generated files: changed files only, each atomically; or, checking, none at all.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// What differs from the wanted files, relative to the directory; written and removed unless only checked.
#[derive(Default, Debug)]
pub struct Changes {
    /// New or different.
    pub written: Vec<PathBuf>,
    /// No longer wanted.
    pub removed: Vec<PathBuf>,
}

impl Changes {
    /// Whether everything was already as wanted.
    pub fn is_empty(&self) -> bool {
        self.written.is_empty() && self.removed.is_empty()
    }
}

/// Makes the files below `directory` exactly these; with `check` it only says what it would do.
///
/// # Errors
/// A file that cannot be read, written or removed.
pub fn sync<'a>(
    directory: &Path,
    files: impl IntoIterator<Item = (&'a str, &'a str)>,
    check: bool,
) -> anyhow::Result<Changes> {
    let mut changes = Changes::default();
    let mut wanted = BTreeSet::new();
    for (name, text) in files {
        let path = directory.join(name);
        if put(&path, text, check)? {
            changes.written.push(PathBuf::from(name));
        }
        wanted.insert(path);
    }
    for path in present(directory)?.into_iter().filter(|path| !wanted.contains(path)) {
        if !check {
            fs::remove_file(&path).with_context(|| path.display().to_string())?;
        }
        changes.removed.push(path.strip_prefix(directory).unwrap_or(&path).to_owned());
    }
    Ok(changes)
}

/// Makes one file hold this text; whether it held another. With `check` it is left alone.
///
/// # Errors
/// A file that cannot be read or written.
pub fn put(path: &Path, text: &str, check: bool) -> anyhow::Result<bool> {
    if fs::read(path).is_ok_and(|bytes| bytes == text.as_bytes()) {
        return Ok(false);
    }
    if !check {
        let shown = || path.display().to_string();
        let parent = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(parent).with_context(shown)?;
        // Renamed into place whole; what an interruption leaves behind is a file too many, which the next run removes.
        let unfinished = path.with_extension("tmp");
        fs::write(&unfinished, text).and_then(|()| fs::rename(&unfinished, path)).with_context(shown)?;
    }
    Ok(true)
}

/// Every file below a directory.
fn present(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(directory) = open.pop().filter(|directory| directory.is_dir()) {
        let shown = || directory.display().to_string();
        for entry in fs::read_dir(&directory).with_context(shown)? {
            let path = entry.with_context(shown)?.path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_what_differs_is_written_and_what_is_not_wanted_goes() {
        let directory = tempfile::tempdir().unwrap();
        let sync = |files: &[(&'static str, &'static str)], check| {
            let changes = sync(directory.path(), files.iter().copied(), check).unwrap();
            (changes.written, changes.removed)
        };
        let paths = |names: &[&str]| names.iter().map(PathBuf::from).collect::<Vec<_>>();
        assert_eq!(sync(&[("a/b.rs", "1"), ("c.rs", "2")], false), (paths(&["a/b.rs", "c.rs"]), paths(&[])));
        assert_eq!(sync(&[("a/b.rs", "1"), ("c.rs", "2")], false), (paths(&[]), paths(&[])));
        assert_eq!(sync(&[("c.rs", "3")], true), (paths(&["c.rs"]), paths(&["a/b.rs"])));
        assert_eq!(fs::read_to_string(directory.path().join("c.rs")).unwrap(), "2", "a check writes nothing");
        assert_eq!(sync(&[("c.rs", "3")], false), (paths(&["c.rs"]), paths(&["a/b.rs"])));
        assert_eq!(sync(&[("c.rs", "3")], true), (paths(&[]), paths(&[])));
    }
}
