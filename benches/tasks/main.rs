//! Forty tasks of a clerk, each with a reference solution through MCP calls and a goal on the sandbox of every version:
//! how many calls and bytes the tools cost who knows them. `figures.txt` keeps what they cost; a task that costs more
//! fails, and `TASKS_UPDATE=1 cargo test --test tasks` writes the figures anew.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod books;
mod chain;
mod change;
mod days;
mod desk;
mod find;
mod make;
mod stock;

use std::fmt::Write as _;
use std::path::Path;

use erpnext_sandbox::Version;
use futures_util::future::LocalBoxFuture;

use crate::desk::{Cost, Desk};

/// What a clerk is asked for, and how it is done: the solution makes the calls and checks the goal.
pub struct Task {
    pub name: &'static str,
    pub asked: &'static str,
    pub solve: for<'a> fn(&'a mut Desk) -> LocalBoxFuture<'a, ()>,
}

/// By how much the bytes of a task may grow before it counts, in per cent: names and dates differ in length.
const TOLERANCE: usize = 10;

fn figures() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/tasks/figures.txt")
}

/// One line a task of a version: calls, bytes to the server, bytes from it.
fn line(version: Version, name: &str, cost: Cost) -> String {
    format!("{version:<3} {name:<28} {:>5} {:>8} {:>8}\n", cost.calls, cost.sent, cost.received)
}

/// What the figures say of a task.
fn kept(text: &str, version: Version, name: &str) -> Option<Cost> {
    let begin = format!("{version:<3} {name:<28} ");
    let line = text.lines().find_map(|line| line.strip_prefix(&begin))?;
    let mut numbers = line.split_whitespace().map(|number| number.parse().ok());
    Some(Cost { calls: numbers.next()??, sent: numbers.next()??, received: numbers.next()?? })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_task_reaches_its_goal_at_its_kept_cost() {
    let all = [find::TASKS, make::TASKS, change::TASKS, chain::TASKS, books::TASKS, stock::TASKS, days::TASKS];
    let tasks: Vec<&Task> = all.into_iter().flatten().collect();
    let count = tasks.len();
    assert_eq!(count, 40);
    let before = std::fs::read_to_string(figures()).unwrap_or_default();
    let (mut table, mut worse) = (String::new(), Vec::new());
    for &version in Version::ALL {
        let mut sum = Cost::default();
        for task in &tasks {
            let mut desk = Desk::open(version).await;
            (task.solve)(&mut desk).await;
            let cost = desk.cost();
            sum = sum + cost;
            table += &line(version, task.name, cost);
            let most = |bytes: usize| bytes + bytes * TOLERANCE / 100;
            let within = kept(&before, version, task.name).is_some_and(|kept| {
                cost.calls <= kept.calls && cost.sent <= most(kept.sent) && cost.received <= most(kept.received)
            });
            if !within {
                worse.push(format!("{} ({}): {}", task.name, task.asked, line(version, "", cost).trim()));
            }
        }
        table += &line(version, "sum", sum);
        let of_twelve = |all: usize| all * 12 / count;
        let twelve = Cost { calls: of_twelve(sum.calls), sent: of_twelve(sum.sent), received: of_twelve(sum.received) };
        table += &line(version, "mean of twelve", twelve);
    }
    let mut text = String::new();
    writeln!(text, "{:<32} {:>5} {:>8} {:>8}\n{table}", "ERPNext, task", "calls", "sent", "received").unwrap();
    let text = format!("{}\n", text.trim_end());
    eprintln!("{text}");
    if std::env::var_os("TASKS_UPDATE").is_some() {
        return std::fs::write(figures(), text).unwrap();
    }
    assert!(worse.is_empty(), "these cost more than benches/tasks/figures.txt says: {worse:#?}");
}
