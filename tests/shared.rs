//! What a real site answered, for the tests of every crate. A small excerpt stands in the repository (`tests/recorded/README.md`);
//! all of it stands beside the repository, where it does: tests that need all are ignored, and `.ci/run` runs them where it is.

use std::path::{Path, PathBuf};

/// The folder of the excerpt, laid out as `recordings` is: `site/recordings/<file>.jsonl`, one exchange a line.
#[allow(dead_code, reason = "each crate takes what it needs")]
pub fn excerpt() -> PathBuf {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    above
        .map(|above| above.join("tests/recorded"))
        .find(|folder| folder.is_dir())
        .expect("tests/recorded is in the repository")
}

/// The folder `shared` with all recordings: the one that `ERPNEXT_SHARED` names, else the first beside or above the repository.
///
/// # Panics
/// Where there is none: only tests that were asked for in spite of `#[ignore]` come here.
#[allow(dead_code, reason = "each crate takes what it needs")]
pub fn recordings() -> PathBuf {
    let holds = |folder: &PathBuf| folder.join("site/recordings").is_dir();
    if let Some(named) = std::env::var_os("ERPNEXT_SHARED").map(PathBuf::from) {
        assert!(holds(&named), "ERPNEXT_SHARED is {}, where no site/recordings are", named.display());
        return named;
    }
    let mut above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|above| above.join("shared"));
    above.find(holds).expect("no ../shared with the recordings beside the repository, and no ERPNEXT_SHARED")
}
