//! What a real site answered, and ports to listen at, for the tests of every crate. A small excerpt stands in the repository
//! (`tests/recorded/README.md`); all of it stands beside the repository, where it does: tests that need all are ignored, and
//! `.ci/run` runs them where it is.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, Ordering};

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

/// A port that nothing listens at.
///
/// # Panics
/// Where there is none.
#[allow(dead_code, reason = "each crate takes what it needs")]
pub fn free_port() -> u16 {
    // Below those that the system gives to whoever asks for any, and a hundred for each process that tests: nobody else takes one
    // before it is used.
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    let of_this_process = 20_000 + u16::try_from(std::process::id() % 120).expect("below 120") * 100;
    let next = || of_this_process + TAKEN.fetch_add(1, Ordering::Relaxed);
    std::iter::repeat_with(next)
        .find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("a free port")
}
