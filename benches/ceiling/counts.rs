//! Instructions a call, under valgrind: what another load on the machine does not change.

use std::collections::BTreeMap;
use std::fs;

use crate::cases::Bench;
use crate::process::{Calls, Process, Program};

/// How far a count may be from the one that is kept, in percent.
const MOST_OFF: f64 = 3.0;
const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/ceiling/counts.txt");

pub fn print() {
    let bench = Bench::new();
    let kept = fs::read_to_string(KEPT).unwrap_or_default();
    let kept: BTreeMap<&str, f64> = kept
        .lines()
        .filter_map(|line| line.rsplit_once(": "))
        .map(|(name, count)| (name, count.parse().unwrap()))
        .collect();
    let (mut lines, mut off) = (String::new(), Vec::new());
    println!("| instructions a call | server | ceiling | ratio | kept |\n|---|---|---|---|---|");
    for case in bench.cases() {
        let own = count(&bench.program(case.setting), &case.calls, case.count / 20);
        let least = count(&bench.ceiling(), &case.ceiling, case.count / 20);
        // What was never kept is off, as there is nothing to compare it with.
        let known = kept.get(case.name).copied().unwrap_or(0.0);
        println!(
            "| {} | {own:.0} | {least:.0} | {:.2} | {:+.1} % |",
            case.name,
            own / least,
            (own / known - 1.0) * 100.0
        );
        lines.push_str(&format!("{}: {own:.0}\n", case.name));
        if (own / known - 1.0).abs() * 100.0 > MOST_OFF {
            off.push(case.name);
        }
    }
    if std::env::var_os("COUNTS_UPDATE").is_some() {
        return fs::write(KEPT, lines).unwrap();
    }
    assert!(off.is_empty(), "more than {MOST_OFF} % from counts.txt (COUNTS_UPDATE=1 writes it anew): {off:?}");
}

/// The instructions of one call: the difference between many and few.
fn count(program: &Program, calls: &Calls, count: usize) -> f64 {
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut line: Vec<String> =
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"].map(str::to_owned).into();
    line.push(format!("--log-file={}", log.path().display()));
    line.extend(program.line.iter().cloned());
    let program = Program { line, ..*program };
    let collected = |more: usize| {
        let mut process = Process::start(&program);
        process.first(calls);
        process.run(calls, 20 + more, 1);
        process.leave();
        let text = fs::read_to_string(log.path()).unwrap();
        let line =
            text.lines().find_map(|line| Some(line.split_once("Collected : ")?.1.trim().parse::<f64>().unwrap()));
        line.unwrap_or_else(|| panic!("valgrind counted nothing: {text}"))
    };
    (collected(count) - collected(0)) / count as f64
}
