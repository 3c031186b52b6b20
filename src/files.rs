//! Files that this program writes for its user: where they belong, written whole or not at all.

use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use tempfile::NamedTempFile;

type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The configuration file of the user who runs this; none where the system has no place for one.
pub fn config_file(env: Env<'_>) -> Option<PathBuf> {
    Some(folder(env, "XDG_CONFIG_HOME", ".config", "APPDATA")?.join("erpnext-mcp").join("config.json"))
}

/// The folder for what can be fetched again; none where the system has no place for one.
pub fn cache_folder(env: Env<'_>) -> Option<PathBuf> {
    Some(folder(env, "XDG_CACHE_HOME", ".cache", "LOCALAPPDATA")?.join("erpnext-mcp"))
}

/// The folder for what must outlive the process; none where the system has no place for one.
pub fn state_folder(env: Env<'_>) -> Option<PathBuf> {
    Some(folder(env, "XDG_STATE_HOME", ".local/state", "LOCALAPPDATA")?.join("erpnext-mcp"))
}

fn folder(env: Env<'_>, variable: &str, below_home: &str, on_windows: &str) -> Option<PathBuf> {
    let stated = |name: &str| env(name).map(PathBuf::from).filter(|path| path.is_absolute());
    if cfg!(windows) {
        return stated(on_windows);
    }
    stated(variable).or_else(|| Some(stated("HOME")?.join(below_home)))
}

/// Writes a file whole or not at all, with its folders. One that was there keeps its rights; a new one is its owner's alone.
///
/// # Errors
/// Whatever the system says.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // What a link leads to is written, not the link.
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    is_replaceable(&target)?;
    let folder = folder_of(&target);
    std::fs::create_dir_all(folder)?;
    // Its owner's alone, and gone if anything fails.
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    if let Ok(there) = std::fs::metadata(&target) {
        keep_owner(file.as_file(), &there);
        file.as_file().set_permissions(there.permissions())?;
    }
    file.persist(&target)?;
    keep_name(&target)
}

/// Refuses what is there and no file: root would put a file in the place of `/dev/null`, for all programs of the machine.
///
/// # Errors
/// [`ErrorKind::InvalidInput`].
pub fn is_replaceable(path: &Path) -> io::Result<()> {
    match std::fs::metadata(path) {
        Ok(there) if !there.is_file() => {
            Err(io::Error::new(ErrorKind::InvalidInput, "it is a folder, a device or a pipe, not a file"))
        }
        _ => Ok(()),
    }
}

/// Gives a file to whom another belongs: an administrator who changes a service's file would take it away. Who may not give
/// it away keeps it.
#[cfg(unix)]
fn keep_owner(file: &File, there: &Metadata) {
    use std::os::unix::fs::{MetadataExt, fchown};
    let _ = fchown(file, Some(there.uid()), Some(there.gid()));
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: &Metadata) {}

/// Whether [`write_whole`] could write the file; nothing is left behind.
///
/// # Errors
/// Whatever the system says.
pub fn can_be_written(path: &Path) -> io::Result<()> {
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    is_replaceable(&target)?;
    // Folders that are not there yet are made in the first that is.
    let there = folder_of(&target).ancestors().find(|folder| folder.exists());
    let there = there.filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    drop(NamedTempFile::new_in(there)?);
    Ok(())
}

/// The folder that a file is in.
pub fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Has the name of a file outlast a power cut: one that was renamed may else be found under its old name. Not every file
/// system can, and not every folder may be opened by who writes into it.
///
/// # Errors
/// What the disk says.
pub fn keep_name(file: &Path) -> io::Result<()> {
    if cfg!(windows) {
        return Ok(());
    }
    match File::open(folder_of(file)).and_then(|folder| folder.sync_all()) {
        Err(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => Ok(()),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(()),
        kept => kept,
    }
}

/// Copies a file that is there to a new name beside it, which is given.
///
/// # Errors
/// Whatever the system says.
pub fn back_up(path: &Path) -> io::Result<Option<PathBuf>> {
    if !path.exists() {
        return Ok(None);
    }
    let now = Timestamp::now().strftime("%Y%m%d-%H%M%S").to_string();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let free = (0..).map(|n| match n {
        0 => path.with_file_name(format!("{name}.{now}.bak")),
        n => path.with_file_name(format!("{name}.{now}-{n}.bak")),
    });
    let Some(copy) = free.into_iter().find(|copy| !copy.exists()) else { return Ok(None) };
    std::fs::copy(path, &copy)?;
    Ok(Some(copy))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{back_up, cache_folder, can_be_written, config_file, keep_name, state_folder, write_whole};

    #[test]
    fn a_new_file_is_its_owners_alone_and_an_old_one_keeps_its_rights() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a/b/c.json");
        write_whole(&file, b"one").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::{MetadataExt, PermissionsExt};
            let mode = || std::fs::metadata(&file).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(), 0o600);
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
            // Only root can give it away.
            let _ = std::os::unix::fs::chown(&file, Some(65_532), Some(65_532));
            let owner = || std::fs::metadata(&file).map(|there| (there.uid(), there.gid())).unwrap();
            let before = owner();
            write_whole(&file, b"two").unwrap();
            assert_eq!((mode(), owner()), (0o640, before));
        }
        let kept = [back_up(&file).unwrap().unwrap(), back_up(&file).unwrap().unwrap()];
        assert_ne!(kept[0], kept[1]);
        write_whole(&file, b"three").unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"three");
        assert_ne!(std::fs::read(&kept[0]).unwrap(), b"three");
        assert_eq!(std::fs::read_dir(file.parent().unwrap()).unwrap().count(), 3, "nothing else is left");
        assert_eq!(back_up(&folder.path().join("none")).unwrap(), None);
    }

    #[test]
    fn what_can_be_written_is_known_before_and_nothing_is_left() {
        let folder = tempfile::tempdir().unwrap();
        can_be_written(&folder.path().join("a/b/c.json")).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        can_be_written(folder.path()).unwrap_err();
        std::fs::write(folder.path().join("file"), "").unwrap();
        can_be_written(&folder.path().join("file")).unwrap();
        can_be_written(&folder.path().join("file/c.json")).unwrap_err();
        can_be_written(&folder.path().join("file/a/c.json")).unwrap_err();
    }

    #[cfg(unix)]
    #[test]
    fn a_name_is_kept_by_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        keep_name(&folder.path().join("file")).unwrap();
        assert_eq!(keep_name(&folder.path().join("none/file")).unwrap_err().kind(), std::io::ErrorKind::NotFound);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        std::fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write_whole(&link, b"new").unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"new");
        assert!(link.is_symlink());
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_not_replaced_by_one() {
        use std::os::unix::net::UnixListener;
        let folder = tempfile::tempdir().unwrap();
        let (socket, link) = (folder.path().join("socket"), folder.path().join("link"));
        let _listener = UnixListener::bind(&socket).unwrap();
        std::os::unix::fs::symlink(&socket, &link).unwrap();
        for path in [socket.as_path(), link.as_path(), folder.path()] {
            for refused in [write_whole(path, b"new"), can_be_written(path)] {
                assert_eq!(refused.unwrap_err().kind(), std::io::ErrorKind::InvalidInput, "{}", path.display());
            }
        }
        assert!(!std::fs::metadata(&socket).unwrap().is_file());
    }

    #[cfg(unix)]
    #[test]
    fn places_are_the_users_own() {
        let home = |name: &str| (name == "HOME").then(|| "/home/u".to_owned());
        assert_eq!(config_file(&home).unwrap().to_str(), Some("/home/u/.config/erpnext-mcp/config.json"));
        let stated = |name: &str| (name == "XDG_CACHE_HOME").then(|| "/c".to_owned());
        assert_eq!(cache_folder(&stated).unwrap().to_str(), Some("/c/erpnext-mcp"));
        assert_eq!(cache_folder(&|_| None), None);
        assert_eq!(state_folder(&home).unwrap().to_str(), Some("/home/u/.local/state/erpnext-mcp"));
    }
}
