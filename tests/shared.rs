//! Where the recordings of a real site are, for the tests of every crate: they stand beside the repository, not in it.

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The folder `shared`: the one that `ERPNEXT_SHARED` names, else the first beside or above the repository. Where none
/// is here it is said past the harness's capture, and the caller's test checks nothing.
///
/// # Panics
/// Where `ERPNEXT_SHARED` names a folder without recordings: who sets it wants them compared.
pub fn folder() -> Option<PathBuf> {
    let holds = |folder: &PathBuf| folder.join("site/recordings").is_dir();
    if let Some(named) = std::env::var_os("ERPNEXT_SHARED").map(PathBuf::from) {
        assert!(holds(&named), "ERPNEXT_SHARED is {}, where no site/recordings are", named.display());
        return Some(named);
    }
    let found = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|above| above.join("shared")).find(holds);
    if found.is_none() {
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        let _ = writeln!(std::io::stderr(), "NOT CHECKED: {test}: no ../shared beside the repository");
    }
    found
}

/// The folder `shared` with all recordings, for tests that are ignored where there is none.
///
/// # Panics
/// Where there is none: only tests that were asked for in spite of `#[ignore]` come here.
#[allow(dead_code, clippy::expect_used, reason = "each crate takes what it needs; only tests come here")]
pub fn recordings() -> PathBuf {
    folder().expect("no ../shared beside the repository")
}
