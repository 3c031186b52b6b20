//! The table: medians of rounds in turn, beside those of the ceiling.

use std::time::Duration;

use serde_json::json;

use crate::cases::{Bench, Case, Setting};
use crate::process::{Calls, Process, Program, Took};

const ROUNDS: usize = 5;
const STARTS: usize = 15;
const UNDER_WAY: usize = 32;

pub fn print() {
    let bench = Bench::new();
    println!("| | server | ceiling | ratio |\n|---|---|---|---|");
    for case in bench.cases() {
        let (server, ceiling) = (bench.program(case.setting), bench.ceiling());
        if case.count > 1_000 {
            let alone = case.count / 4;
            let [own, least] = pair((&server, &case.calls), (&ceiling, &case.ceiling), alone, 1);
            row(&format!("{}: latency of one, µs", case.name), own.latency, least.latency);
        }
        let under_way = UNDER_WAY.min(case.count / 15);
        let [own, least] = pair((&server, &case.calls), (&ceiling, &case.ceiling), case.count, under_way);
        row(&format!("{}: processor time at {under_way}, µs", case.name), own.cpu, least.cpu);
        row(&format!("{}: calls a second at {under_way}", case.name), own.per_second, least.per_second);
        if case.name.starts_with("get") {
            over_http(&bench, &case);
        }
    }
    starts(&bench);
    memory(&bench);
}

fn row(name: &str, own: f64, least: f64) {
    println!("| {name} | {own:.1} | {least:.1} | {:.2} |", own / least);
}

fn over_http(bench: &Bench, case: &Case) {
    let (http, stdio) = (bench.over_http(case.setting), bench.program(case.setting));
    let [http, stdio] = pair((&http, &case.calls), (&stdio, &case.calls), case.count, UNDER_WAY);
    row("the same over HTTP, beside stdio: processor time, µs", http.cpu, stdio.cpu);
    row("the same over HTTP, beside stdio: calls a second", http.per_second, stdio.per_second);
}

/// The medians of two programs, measured in turn.
fn pair(first: (&Program, &Calls), second: (&Program, &Calls), count: usize, under_way: usize) -> [Took; 2] {
    let mut took = [Vec::new(), Vec::new()];
    for round in 0..ROUNDS {
        for at in [round % 2, 1 - round % 2] {
            let (program, calls) = [first, second][at];
            let mut process = Process::start(program);
            process.first(calls);
            process.run(calls, count / 5, under_way);
            took[at].push(process.run(calls, count, under_way));
        }
    }
    took.map(|took| {
        let of = |part: fn(&Took) -> f64| median(took.iter().map(part).collect());
        Took { latency: of(|took| took.latency), cpu: of(|took| took.cpu), per_second: of(|took| took.per_second) }
    })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Processor time from the start to the answer.
fn starts(bench: &Bench) {
    let programs = [bench.program(Setting::Default), bench.ceiling()];
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    let mut taken = [0; 4].map(|_| Vec::new());
    let mut private = [0; 2].map(|_| Vec::new());
    for _ in 0..STARTS {
        for (at, program) in programs.iter().enumerate() {
            let mut process = Process::start(program);
            taken[at].push(milliseconds(process.cpu()));
            process.ask("tools/list", &json!({}));
            taken[2 + at].push(milliseconds(process.cpu()));
            private[at].push(process.memory("Private_Dirty"));
        }
    }
    let [own, least, own_list, least_list] = taken.map(median);
    row("start to `initialize`: processor time, ms", own, least);
    row("start to `tools/list`: processor time, ms", own_list, least_list);
    let [own, least] = private.map(median);
    row("private memory after `tools/list`, kB", own, least);
}

/// What a cached answer keeps, and what many large calls hold at once.
fn memory(bench: &Bench) {
    let kept = |setting| {
        let calls =
            Calls { tool: "get_generic_document".to_owned(), arguments: json!({"doctype": "Customer", "name": "C-#"}) };
        let mut process = Process::start(&bench.program(setting));
        process.first(&calls);
        process.run(&calls, 500, UNDER_WAY);
        let before = process.memory("Private_Dirty");
        process.run(&calls, 5_000, UNDER_WAY);
        process.memory("Private_Dirty") - before
    };
    println!(
        "| a cached answer of 2 kB keeps, kB | {:.1} | | |",
        (kept(Setting::Cached) - kept(Setting::Default)) / 5_000.0
    );
    let cases = bench.cases();
    let large = cases.iter().find(|case| case.name.starts_with("invoice")).unwrap();
    let peak = |program: &Program, calls: &Calls| {
        let mut process = Process::start(program);
        let before = process.memory("VmRSS");
        process.run(calls, 128, 64);
        (process.memory("VmHWM") - before) / 1024.0
    };
    let own = peak(&bench.program(large.setting), &large.calls);
    row("64 large calls at once, MB", own, peak(&bench.ceiling(), &large.ceiling));
}
