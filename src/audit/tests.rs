#![allow(clippy::unwrap_used)]

use std::path::Path;

use jiff::{Timestamp, ToSpan};

use super::file::LogFile;
use super::review::{last, lines, open_writes, stats};
use super::verify::verify;
use super::*;

fn attempt(id: &str) -> Attempt {
    Attempt { id: id.to_owned(), operation: "UPDATE".to_owned(), user: Some("a@x".to_owned()), ..Attempt::default() }
}

fn settings(path: &Path) -> config::Audit {
    config::Audit { enabled: true, log_file: path.to_owned(), ..config::Audit::default() }
}

fn verified(path: &Path) -> Result<usize, String> {
    let head = Head::of(path).unwrap().unwrap();
    verify(lines(path).unwrap(), Some(&head), None).unwrap().map_err(|broken| match broken.at {
        Some((file, line)) => {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            format!("{}:{line} {}", name.trim_start_matches("audit.log"), broken.why)
        }
        None => broken.why,
    })
}

/// A log of so many lines, in one file.
fn log_of(count: usize) -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("logs/audit.log");
    let audit = Audit::open(&settings(&path)).unwrap();
    (1..=count).for_each(|id| audit.settle(&attempt(&id.to_string()), Outcome::Allowed, None, 1, 1));
    (dir, path)
}

/// A rotation would take a device away from all programs.
#[cfg(unix)]
#[test]
fn a_log_that_is_no_file_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit.log");
    let _listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let refused = Audit::open(&settings(&path)).err().unwrap();
    assert_eq!(refused.kind(), std::io::ErrorKind::InvalidInput);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn verify_names_the_line_that_was_changed_and_what_is_missing_at_either_end() {
    let (_dir, path) = log_of(5);
    assert_eq!(verified(&path), Ok(5));
    let whole = std::fs::read_to_string(&path).unwrap();
    let with = |change: &dyn Fn(&mut Vec<String>)| {
        let mut lines: Vec<String> = whole.lines().map(|line| format!("{line}\n")).collect();
        change(&mut lines);
        std::fs::write(&path, lines.concat()).unwrap();
        verified(&path).unwrap_err()
    };
    for at in 0..5 {
        let said = with(&|lines| lines[at] = lines[at].replace("a@x", "b@x"));
        assert_eq!(said, format!(":{} was changed", at + 1));
        let said = with(&|lines| lines[at] = lines[at].replace("\"prev\":\"", "\"prev\":\"0"));
        // Whether it was the hash that was changed or the line that it is of, nobody can tell.
        let unsure = if at == 0 { "" } else { ", and the line before it may be too" };
        assert_eq!(said, format!(":{} was changed{unsure}", at + 1));
        let said = with(&|lines| lines[at] = lines[at].replace(&format!("\"n\":{}", at + 1), "\"n\":9"));
        assert_eq!(said, format!(":{} was changed", at + 1), "the number");
        let said = with(&|lines| lines[at] = lines[at].replace('\n', "\r\n"));
        assert_eq!(said, format!(":{} was changed", at + 1), "its end");
        let missing = format!("line {} of the chain is missing", at + 1);
        let said = with(&|lines| drop(lines.remove(at)));
        let expected =
            if at == 4 { format!("{missing} at the end") } else { format!(":{} comes after a gap; {missing}", at + 1) };
        assert_eq!(said, expected);
    }
    assert_eq!(with(&|lines| lines.swap(1, 2)), ":2 does not belong here");
    assert_eq!(with(&|lines| lines.insert(3, lines[1].clone())), ":4 does not belong here");
    assert_eq!(with(&|lines| lines.push(lines[0].replace("\"n\":1,", "\"n\":6,"))), ":6 does not belong here");
    let edit = |line: &String| line.replace("a@x", "b@x");
    let two = with(&|lines| (lines[1], lines[3]) = (edit(&lines[1]), edit(&lines[3])));
    assert_eq!(two, ":2 was changed", "the first of two");
    let two = with(&|lines| (lines[1], lines[2]) = (edit(&lines[1]), edit(&lines[2])));
    assert_eq!(two, ":3 was changed, and the line before it may be too");
    let broken = whole.replacen("a@x", "\u{1}\u{1}\u{1}", 3).into_bytes();
    let broken: Vec<u8> = broken.into_iter().map(|byte| if byte == 1 { 0xff } else { byte }).collect();
    std::fs::write(&path, &broken[..]).unwrap();
    assert_eq!(verified(&path).unwrap_err(), ":1 is not a whole JSON line");
    assert_eq!(with(&|lines| lines.clear()), "lines 1 to 5 of the chain are missing at the end");
}

#[test]
fn what_is_missing_is_missed_after_the_log_went_on_too() {
    let (_dir, path) = log_of(3);
    std::fs::write(&path, "").unwrap();
    Audit::open(&settings(&path)).unwrap().settle(&attempt("4"), Outcome::Allowed, None, 1, 1);
    assert_eq!(verified(&path).unwrap_err(), ":1 comes after a gap; lines 1 to 3 of the chain are missing");
}

#[test]
fn a_head_that_was_kept_elsewhere_shows_a_log_that_was_written_anew() {
    let (_dir, path) = log_of(3);
    let head = Head::of(&path).unwrap().unwrap();
    let (_other, anew) = log_of(0);
    let audit = Audit::open(&settings(&anew)).unwrap();
    (1..5).for_each(|id| audit.settle(&attempt(&format!("anew {id}")), Outcome::Allowed, None, 1, 1));
    let kept = (head.count, head.last);
    assert!(verify(lines(&path).unwrap(), None, Some(&kept)).unwrap().is_ok());
    let broken = verify(lines(&anew).unwrap(), None, Some(&kept)).unwrap().unwrap_err();
    assert_eq!((broken.at.unwrap().1, broken.why.as_str()), (3, "is another than the head that was kept says"));
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
fn a_line_that_was_not_written_whole_is_cut_off_before_the_next() {
    let (_dir, path) = log_of(2);
    let half = |text: &str| {
        let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
        std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
    };
    // A crash, and a disk that is full while the server goes on.
    half(r#"{"n":3,"time":"2026"#);
    let audit = Audit::open(&settings(&path)).unwrap();
    audit.settle(&attempt("3"), Outcome::Allowed, None, 1, 1);
    assert_eq!(verified(&path), Ok(3));
    half("{");
    audit.settle(&attempt("4"), Outcome::Allowed, None, 1, 1);
    assert_eq!(verified(&path), Ok(4));
    // An editor that took the last end of a line along.
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.trim_end()).unwrap();
    audit.settle(&attempt("5"), Outcome::Allowed, None, 1, 1);
    assert_eq!(verified(&path), Ok(5));
}

#[test]
fn a_line_that_the_head_does_not_know_yet_is_one_of_the_chain() {
    let (_dir, path) = log_of(2);
    let head = path.with_file_name("audit.log.head");
    let before = Head::of(&path).unwrap().unwrap();
    let audit = Audit::open(&settings(&path)).unwrap();
    audit.settle(&attempt("3"), Outcome::Allowed, None, 1, 1);
    drop(audit);
    let announced = Head::of(&path).unwrap().unwrap().last;
    std::fs::write(&head, format!("1:2:{}:{announced}\n", before.last)).unwrap();
    assert_eq!(verified(&path), Ok(3));
    Audit::open(&settings(&path)).unwrap().settle(&attempt("4"), Outcome::Allowed, None, 1, 1);
    assert_eq!(verified(&path), Ok(4));
}

#[test]
fn a_line_that_continues_the_chain_and_that_no_server_wrote_is_not_taken_over() {
    let (_dir, path) = log_of(2);
    let last = Head::of(&path).unwrap().unwrap().last;
    let forged = Entry {
        replica: None,
        attempt: &attempt("forged"),
        outcome: Outcome::Allowed,
        reason: None,
        micros: 1,
        bytes: 1,
    };
    let forged = forged.json(file::Link { number: 3, before: &last, time: Timestamp::now() });
    let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    std::io::Write::write_all(&mut file, format!("{forged}\n").as_bytes()).unwrap();
    assert_eq!(verified(&path).unwrap_err(), ":3 does not belong here");
    // Nor later.
    Audit::open(&settings(&path)).unwrap().settle(&attempt("3"), Outcome::Allowed, None, 1, 1);
    assert_eq!(verified(&path).unwrap_err(), ":3 does not belong here");
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

fn write(log: &mut LogFile, now: Timestamp) {
    let attempt = attempt("x");
    let entry =
        Entry { replica: None, attempt: &attempt, outcome: Outcome::Allowed, reason: None, micros: 0, bytes: 0 };
    log.append(|| now, false, |link| entry.json(link)).unwrap();
}

fn names(dir: &Path) -> Vec<String> {
    let files = std::fs::read_dir(dir).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = files.collect();
    names.sort();
    names
}

#[test]
fn rotation_writes_over_no_file_and_loses_no_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit.log");
    let at = |time: &str| time.parse::<Timestamp>().unwrap();
    let mut log = LogFile::open(&path, 30, at("2026-01-01T12:00:00Z")).unwrap();
    // The clock is set back and forth, and a second server rotates at the same midnight.
    for time in ["2026-01-01T12:00:00Z", "2026-01-02T12:00:00Z", "2026-01-01T12:00:00Z", "2026-01-02T12:00:00Z"] {
        write(&mut log, at(time));
    }
    let mut other = LogFile::open(&path, 30, at("2026-01-02T13:00:00Z")).unwrap();
    write(&mut log, at("2026-01-03T00:00:00Z"));
    write(&mut other, at("2026-01-03T00:00:00Z"));
    assert_eq!(verified(&path), Ok(6));
    let expected = [
        "audit.log",
        "audit.log.2026-01-01.gz",
        "audit.log.2026-01-02",
        "audit.log.2026-01-02.2",
        "audit.log.2026-01-02.3",
        "audit.log.head",
    ];
    assert_eq!(names(dir.path()), expected);
    std::fs::remove_file(dir.path().join("audit.log.2026-01-02.2")).unwrap();
    let said = verified(&path).unwrap_err();
    assert!(
        said.contains("line 3 of the chain is missing: a file between audit.log.2026-01-02 and audit.log.2026-01-02.3"),
        "{said}"
    );
}

#[test]
fn a_clock_that_jumps_ahead_takes_no_more_than_two_files_a_rotation_and_never_the_newest() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit.log");
    let start: Timestamp = "2026-01-01T12:00:00Z".parse().unwrap();
    let mut log = LogFile::open(&path, 30, start).unwrap();
    (0..20).for_each(|days| write(&mut log, start + (days * 24).hours()));
    let files = || names(dir.path()).iter().filter(|name| name.starts_with("audit.log.2")).count();
    assert_eq!(files(), 19);
    let ahead = start + (5 * 365 * 24).hours();
    write(&mut log, ahead);
    assert_eq!(files(), 20, "by the chain nothing is old yet");
    (1..20).for_each(|days| write(&mut log, ahead + (days * 24).hours()));
    assert!(verified(&path).is_ok(), "{:?}", verified(&path));
    assert!(files() >= 19, "{:?}", names(dir.path()));
}

#[test]
fn files_are_rotated_by_day_packed_and_thinned_out_and_the_chain_runs_through_them() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit.log");
    let start: Timestamp = "2026-01-01T12:00:00Z".parse().unwrap();
    let mut log = LogFile::open(&path, 3, start).unwrap();
    for days in 0..7 {
        write(&mut log, start + (days * 24).hours());
    }
    let names = names(dir.path());
    let expected =
        ["audit.log", "audit.log.2026-01-04.gz", "audit.log.2026-01-05.gz", "audit.log.2026-01-06", "audit.log.head"];
    assert_eq!(names, expected);
    assert_eq!(verified(&path), Ok(4));
}

#[test]
fn a_file_that_cannot_be_packed_keeps_nobody_from_knowing_what_was_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit.log");
    let start: Timestamp = "2026-01-01T12:00:00Z".parse().unwrap();
    // In the rotation that packs this day, another one is deleted.
    std::fs::create_dir(dir.path().join("audit.log.2026-01-05.packing")).unwrap();
    let mut log = LogFile::open(&path, 3, start).unwrap();
    for days in 0..7 {
        write(&mut log, start + (days * 24).hours());
    }
    assert!(names(dir.path()).contains(&"audit.log.2026-01-05".to_owned()), "{:?}", names(dir.path()));
    assert_eq!(verified(&path), Ok(4));
}

#[test]
fn the_last_lines_are_those_at_the_end_of_all_whatever_files_they_stand_in() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit.log");
    let start: Timestamp = "2026-01-01T12:00:00Z".parse().unwrap();
    let mut log = LogFile::open(&path, 30, start).unwrap();
    // One file that is packed, one that is not, and one that is longer than what is read at once.
    (0..300).for_each(|at| write(&mut log, start + (48 * (at / 10).min(2)).hours() + at.minutes()));
    assert_eq!(names(dir.path()).iter().filter(|name| name.ends_with(".gz")).count(), 1, "{:?}", names(dir.path()));
    let all: Vec<Vec<u8>> = lines(&path).unwrap().map(|line| line.unwrap().bytes).collect();
    let numbered =
        |every: u64| move |entry: &serde_json::Map<_, serde_json::Value>| entry["n"].as_u64().unwrap() % every == 0;
    for every in [1, 7] {
        let wanted = numbered(every);
        let is_wanted = |line: &&Vec<u8>| wanted(&serde_json::from_slice(line).unwrap());
        let wanted_lines: Vec<&Vec<u8>> = all.iter().filter(is_wanted).collect();
        for count in [0, 1, 20, 39, 285, 295, 1000] {
            let found = last(&path, count, wanted).unwrap();
            let expected = &wanted_lines[wanted_lines.len().saturating_sub(count)..];
            assert!(found.iter().map(|line| &line.bytes).eq(expected.iter().copied()), "{count} of every {every}");
        }
    }
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
