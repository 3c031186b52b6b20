//! Files of this machine that may be attached: those in and below the directories that the configuration names, whatever
//! a path says and wherever a link in it leads.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::attach::MOST;
use crate::error::ToolError;

/// The name and the bytes of a file; a path that is not absolute begins in one of the directories.
///
/// # Errors
/// One and the same for a file that is not there and one that lies elsewhere: what lies there is nobody's business.
pub(crate) async fn read(directories: &[PathBuf], path: &str) -> Result<(String, Vec<u8>), ToolError> {
    if directories.is_empty() {
        return Err(ToolError::refused(
            "path: this server's configuration opens no directory (attachments.directories): nothing was sent.",
            "give text or base64.",
        ));
    }
    let (directories, wanted) = (directories.to_vec(), PathBuf::from(path));
    let read = tokio::task::spawn_blocking(move || directories.iter().find_map(|directory| below(directory, &wanted)));
    match read.await.ok().flatten() {
        Some(Ok(file)) => Ok(file),
        Some(Err(why)) => Err(ToolError::refused(
            format!("path: {path:?} {why}. Nothing was sent."),
            "give another file, or its text or base64.",
        )),
        None => Err(ToolError::refused(
            format!(
                "path: there is no file {path:?} in or below a directory that this server's configuration opens; nothing was sent."
            ),
            "give its text or base64, or ask where files may lie.",
        )),
    }
}

fn below(directory: &Path, path: &Path) -> Option<Result<(String, Vec<u8>), String>> {
    real(directory, path).map(|real| bytes(&real))
}

/// The file's real place, where that is below the real place of the directory.
pub(crate) fn real(directory: &Path, path: &Path) -> Option<PathBuf> {
    let directory = fs::canonicalize(directory).ok()?;
    let real = fs::canonicalize(directory.join(path)).ok()?;
    real.starts_with(&directory).then_some(real)
}

/// The name and the bytes of a file, or why it cannot be read; one byte of what is too large is read too.
///
/// # Errors
/// What it is instead of a file, or the system's.
pub(crate) fn bytes(real: &Path) -> Result<(String, Vec<u8>), String> {
    let unreadable = |why: std::io::Error| format!("cannot be read: {why}");
    // Opening a pipe would wait for who writes to it.
    if !fs::metadata(real).map_err(unreadable)?.is_file() {
        return Err("is no file".to_owned());
    }
    let name = real.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut bytes = Vec::new();
    File::open(real).and_then(|file| file.take(MOST + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
    Ok((name, bytes))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fs;
    use std::path::PathBuf;

    use super::read;

    #[tokio::test]
    async fn only_files_below_the_directories_are_read() {
        let place = tempfile::tempdir().unwrap();
        let at = |path: &str| place.path().join(path);
        fs::create_dir_all(at("open/sub")).unwrap();
        fs::create_dir_all(at("open-beside")).unwrap();
        for file in ["open/a.txt", "open/sub/b.txt", "open-beside/c.txt", "secret.txt"] {
            fs::write(at(file), file).unwrap();
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(at("secret.txt"), at("open/link.txt")).unwrap();
            std::os::unix::fs::symlink(place.path(), at("open/up")).unwrap();
            std::os::unix::fs::symlink(at("open/a.txt"), at("open/inside.txt")).unwrap();
            assert_eq!(read(&[at("open")], "inside.txt").await.unwrap().0, "a.txt");
        }
        let directories: [PathBuf; 2] = [at("nowhere"), at("open")];
        for path in ["a.txt", "sub/../a.txt", at("open/a.txt").to_str().unwrap()] {
            assert_eq!(read(&directories, path).await.unwrap(), ("a.txt".to_owned(), b"open/a.txt".to_vec()), "{path}");
        }
        let outside = at("secret.txt");
        let beside = at("open-beside/c.txt");
        let escapes = ["../secret.txt", "link.txt", "up/secret.txt", "missing.txt", "", "sub/../../secret.txt"];
        for path in escapes.into_iter().chain([outside.to_str().unwrap(), beside.to_str().unwrap()]) {
            let told = read(&directories, path).await.unwrap_err().for_model();
            assert!(told.contains(if path.is_empty() { "is no file" } else { "there is no file" }), "{path}: {told}");
        }
        assert!(read(&[], "a.txt").await.unwrap_err().for_model().contains("opens no directory"));
    }
}
