//! Killed at any moment, a site that keeps its data loses no write that it acknowledged. `ERPNEXT_MCP_KILLS=200` kills it so often.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "common/wire.rs"]
#[allow(dead_code, reason = "each test reads what it needs of an answer")]
mod wire;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// Clients that write at the same time.
const WRITERS: usize = 2;
/// How long a write may take on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(60);

/// The site as a process; killed when dropped.
struct Victim {
    process: Child,
    address: String,
}

impl Victim {
    fn start(program: &Path, data: &Path) -> Self {
        let mut process = Command::new(program).arg(data).stdout(Stdio::piped()).spawn().expect("the site starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().trim_start_matches("http://").to_owned();
        assert!(!address.is_empty(), "the site opens its data after a kill");
        Self { process, address }
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        // On Unix this is SIGKILL: the process does nothing more.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The example beside this test, which cargo builds with the tests.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let target = test.parent().and_then(Path::parent).unwrap();
    let program = target.join("examples").join(format!("victim{}", std::env::consts::EXE_SUFFIX));
    assert!(program.is_file(), "cargo build -p erpnext-sandbox --example victim");
    program
}

fn send(address: &str, method: &str, target: &str, body: &Value) -> Option<(u16, Value)> {
    let headers = [("Authorization", "token administrator:secret"), ("Content-Type", "application/json")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let answer = wire::exchange(address, &wire::request(method, target, &headers, &body)).ok()?;
    Some((answer.status, serde_json::from_slice(&answer.body).ok()?))
}

/// Writes until nobody answers any more; tells every write that was acknowledged.
fn write(address: &str, round: u64, writer: usize, acknowledged: &mpsc::Sender<(String, String)>) {
    for turn in 0.. {
        let text = format!("round {round}, writer {writer}, turn {turn}");
        let Some((200, body)) = send(address, "POST", "/api/resource/ToDo", &json!({"description": text})) else {
            return;
        };
        let name = body["data"]["name"].as_str().expect("a new document has a name").to_owned();
        acknowledged.send((name.clone(), text)).unwrap();
        let text = format!("changed in round {round} by writer {writer} in turn {turn}");
        let changed = send(address, "PUT", &format!("/api/resource/ToDo/{name}"), &json!({"description": text}));
        let Some((200, _)) = changed else {
            // Whether an unanswered write took effect is open.
            acknowledged.send((name, String::new())).unwrap();
            return;
        };
        acknowledged.send((name, text)).unwrap();
    }
}

#[test]
fn no_acknowledged_write_is_lost_however_often_the_site_is_killed() {
    let kills: u64 = std::env::var("ERPNEXT_MCP_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(30);
    let directory = tempfile::tempdir().unwrap();
    let program = program();
    let (sender, receiver) = mpsc::channel();
    let mut wanted: BTreeMap<String, String> = BTreeMap::new();
    for round in 0..kills {
        let victim = Victim::start(&program, directory.path());
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (address, sender) = (victim.address.clone(), sender.clone());
                thread::spawn(move || write(&address, round, writer, &sender))
            })
            .collect();
        // After some writes, and at another moment of the next one in each round.
        for _ in 0..=round % 6 {
            let (name, text) = receiver.recv_timeout(PATIENCE).expect("a write is acknowledged");
            wanted.insert(name, text);
        }
        thread::sleep(Duration::from_micros(round * 700 % 4100));
        drop(victim);
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        wanted.extend(receiver.try_iter());
    }
    let victim = Victim::start(&program, directory.path());
    let has = |name: &str| {
        let (status, body) = send(&victim.address, "GET", &format!("/api/resource/ToDo/{name}"), &Value::Null)?;
        body["data"]["description"].as_str().filter(|_| status == 200).map(str::to_owned)
    };
    let lost: Vec<_> =
        wanted.iter().filter(|(name, text)| has(name).is_none_or(|is| !text.is_empty() && is != **text)).collect();
    assert!(lost.is_empty(), "{} of {} were lost: {:?}", lost.len(), wanted.len(), &lost[..lost.len().min(5)]);
    eprintln!("{kills} kills, {} documents written, none lost", wanted.len());
}
