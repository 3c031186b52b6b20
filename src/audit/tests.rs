#![allow(clippy::unwrap_used)]

use std::path::Path;

use jiff::{Timestamp, ToSpan};

use super::file::LogFile;
use super::review::{lines, open_writes, stats, verify};
use super::*;

fn attempt(id: &str) -> Attempt {
    Attempt { id: id.to_owned(), operation: "UPDATE".to_owned(), user: Some("a@x".to_owned()), ..Attempt::default() }
}

fn settings(path: &Path) -> config::Audit {
    config::Audit { enabled: true, log_file: path.to_owned(), ..config::Audit::default() }
}

fn verified(path: &Path) -> Result<usize, String> {
    verify(lines(path).unwrap()).unwrap().map_err(|broken| format!("line {} {}", broken.line.number, broken.why))
}

#[test]
fn every_line_continues_the_one_before_and_a_changed_one_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("logs/audit.log");
    let audit = Audit::open(&settings(&path)).unwrap();
    for id in ["1", "2", "3", "4"] {
        audit.settle(&attempt(id), Outcome::Allowed, None, 1, 1);
    }
    assert_eq!(verified(&path), Ok(4));
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace(r#""id":"2""#, r#""id":"9""#)).unwrap();
    assert_eq!(verified(&path), Err("line 3 does not continue the line before it".to_owned()));
    std::fs::write(&path, text.lines().filter(|line| !line.contains(r#""id":"2""#)).collect::<Vec<_>>().join("\n"))
        .unwrap();
    assert_eq!(verified(&path), Err("line 2 does not continue the line before it".to_owned()));
}

#[test]
fn two_servers_write_one_chain() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit.log");
    let (a, b) = (Audit::open(&settings(&path)).unwrap(), Audit::open(&settings(&path)).unwrap());
    std::thread::scope(|threads| {
        for audit in [&a, &b] {
            threads
                .spawn(|| (0..200).for_each(|i| audit.settle(&attempt(&i.to_string()), Outcome::Allowed, None, 1, 1)));
        }
    });
    assert_eq!(verified(&path), Ok(400));
}

#[test]
fn the_chain_goes_on_after_a_restart_and_a_half_written_line_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit.log");
    for id in ["1", "2"] {
        Audit::open(&settings(&path)).unwrap().settle(&attempt(id), Outcome::Allowed, None, 1, 1);
    }
    assert_eq!(verified(&path), Ok(2));
    let mut half = std::fs::read_to_string(&path).unwrap();
    half.push_str(r#"{"time":"2026"#);
    std::fs::write(&path, half).unwrap();
    Audit::open(&settings(&path)).unwrap().settle(&attempt("3"), Outcome::Allowed, None, 1, 1);
    assert_eq!(verified(&path), Err("line 3 is not a whole JSON line".to_owned()));
    let last = std::fs::read_to_string(&path).unwrap();
    assert!(last.lines().last().unwrap().contains(r#""id":"3""#), "the next line stands on its own");
}

#[test]
fn a_write_without_an_outcome_is_open_until_it_is_settled() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit.log");
    let audit = Audit::open(&settings(&path)).unwrap();
    for id in ["done", "lost", "unsure"] {
        let _recorded = audit.intend(&attempt(id)).unwrap();
    }
    audit.settle(&attempt("done"), Outcome::Allowed, None, 1, 1);
    audit.settle(&attempt("unsure"), Outcome::Unknown, Some("cut"), 1, 0);
    let ids = |path: &Path| -> Vec<String> {
        let open = open_writes(lines(path).unwrap()).unwrap();
        open.iter().map(|entry| entry["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&path), ["lost", "unsure"]);
    audit.settle(&attempt("lost"), Outcome::Resolved, Some("was not made"), 0, 0);
    assert_eq!(ids(&path), ["unsure"]);
    let counted = stats(lines(&path).unwrap()).unwrap();
    assert_eq!(counted.results[&("a@x".to_owned(), "UPDATE".to_owned(), "ALLOWED".to_owned())], 1);
}

#[test]
fn files_are_rotated_by_day_packed_and_thinned_out_and_the_chain_runs_through_them() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit.log");
    let start: Timestamp = "2026-01-01T12:00:00Z".parse().unwrap();
    let mut log = LogFile::open(&path, 3, start).unwrap();
    for days in 0..7 {
        let now = start + (days * 24).hours();
        let attempt = attempt(&days.to_string());
        let entry =
            Entry { attempt: &attempt, time: now, outcome: Outcome::Allowed, reason: None, micros: 0, bytes: 0 };
        log.append(now, false, |before| entry.json(before)).unwrap();
    }
    let mut names: Vec<String> =
        std::fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    let expected =
        ["audit.log", "audit.log.2026-01-04.gz", "audit.log.2026-01-05.gz", "audit.log.2026-01-06", "audit.log.lock"];
    assert_eq!(names, expected);
    assert_eq!(verified(&path), Ok(4));
}

#[cfg(unix)]
#[test]
fn the_log_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit.log");
    Audit::open(&settings(&path)).unwrap().settle(&attempt("1"), Outcome::Allowed, None, 1, 1);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_dry_run_has_no_intent() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit.log");
    for audit in [Audit::open(&settings(&path)).unwrap(), Audit::default()] {
        assert!(audit.intend(&Attempt { dry_run: true, ..attempt("1") }).is_err());
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), "");
}

#[test]
fn a_log_that_cannot_be_written_stops_writes_unless_they_are_let_through() {
    let open = |on_failure| {
        let dir = tempfile::tempdir().unwrap();
        let settings = config::Audit { on_failure, ..settings(&dir.path().join("audit.log")) };
        let audit = Audit::open(&settings).unwrap();
        // Without its directory the log cannot be opened again.
        dir.close().unwrap();
        audit.intend(&attempt("1")).is_ok()
    };
    assert!(!open(config::OnFailure::Deny));
    assert!(open(config::OnFailure::Allow));
}
