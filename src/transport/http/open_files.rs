//! How many files this process may have open: each connection is one, and systems start processes with fewer than a server needs.

/// Has the system let this process have so many files open, as far as it may be raised; gives how many it may have then,
/// where that is known.
#[cfg(unix)]
pub fn allow(files: u64) -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let now = limit.current?;
    let wanted = limit.maximum.map_or(files, |most| files.min(most));
    if wanted <= now {
        return Some(now);
    }
    let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), ..limit });
    Some(if raised.is_ok() { wanted } else { now })
}

/// Where connections are no files.
#[cfg(not(unix))]
pub fn allow(_: u64) -> Option<u64> {
    None
}
