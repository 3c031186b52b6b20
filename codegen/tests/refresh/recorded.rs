//! All DocTypes of the recorded site, also while it stumbles. In a plain clone `sandbox.rs` reads back the same DocTypes, and
//! `retries.rs` is about sites that stumble.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Repo, Run, files_below, finish, shipped};

/// The recorded site, until it is dropped.
struct Recorded {
    process: Child,
    url: String,
}

impl Recorded {
    fn start(options: &[&str]) -> Self {
        let script = crate::shared::recordings().join("site/serve.py");
        let port = crate::shared::free_port().to_string();
        let mut command = Command::new("python3");
        command.arg(script).args(["--port", &port]).args(options).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        // It says so when it has read the recordings; it listens a moment later.
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut String::new()).unwrap();
        let started = Instant::now();
        while std::net::TcpStream::connect(format!("127.0.0.1:{port}")).is_err() {
            assert!(started.elapsed() < Duration::from_secs(20), "the recorded site does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        Self { process, url: format!("http://127.0.0.1:{port}") }
    }

    fn run(&self, repo: &Repo, args: &[&str]) -> Run {
        let mut command = repo.command(&self.url, args);
        command.env("ERPNEXT_API_KEY", "administrator").env("ERPNEXT_API_SECRET", "secret");
        finish(command)
    }
}

impl Drop for Recorded {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
#[ignore = "needs the recordings of a real site"]
fn the_whole_site_becomes_a_snapshot() {
    let site = Recorded::start(&[]);
    let repo = Repo::new();
    let started = Instant::now();
    let run = site.run(&repo, &["refresh", "--all"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.contains("schema/snapshot/15: 763 DocTypes read"), "{}", run.stderr);
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    let manifest = repo.manifest();
    assert_eq!(repo.names().len(), 764, "763 of 764 DocTypes, and the manifest");
    assert_eq!((&manifest["counts"]["doctypes"], &manifest["counts"]["child_tables"]), (&json!(763), &json!(317)));
    assert_eq!(manifest["failures"], json!({"Payment Gateway Account": "417 ValidationError"}));
    for (file, (_, text)) in repo.files() {
        for (word, hazard) in
            [("eval:", "an expression"), ("\"description\":", "a description"), ("127.0.0.1", "an address")]
        {
            assert!(!text.contains(word), "{file} holds {hazard}");
        }
    }
    let run = site.run(&repo, &["diff"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{}", run.stderr);
}

#[test]
#[ignore = "needs the recordings of a real site"]
fn a_site_that_stumbles_gives_the_same_snapshot() {
    let (steady, stumbling) = (Recorded::start(&[]), Recorded::start(&["--fail-every", "7"]));
    let (one, other) = (Repo::new(), Repo::new());
    let modules = ["refresh", "--module", "Selling", "--module", "CRM", "--module", "Setup"];
    assert_eq!(steady.run(&one, &modules).code, 0);
    let run = stumbling.run(&other, &modules);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let texts = |repo: &Repo| repo.files().into_iter().map(|(file, (_, text))| (file, text)).collect::<Vec<_>>();
    assert_eq!(texts(&one), texts(&other));
}

/// What is shipped is what each site gives without what was added on it.
#[test]
#[ignore = "needs the recordings of a real site"]
fn a_stock_refresh_of_each_version_gives_the_committed_snapshot() {
    let repo = Repo::shipped();
    for version in ["15", "16"] {
        let site = Recorded::start(&["--version", version]);
        let run = site.run(&repo, &["refresh", "--all", "--stock", "--prune"]);
        assert_eq!(run.code, 0, "{}", run.stderr);
    }
    let files = |snapshot: &Path| -> Vec<_> {
        files_below(snapshot).into_iter().map(|(name, (_, text))| (name, text)).collect()
    };
    let (ours, shipped) = (files(&repo.root().join("schema/snapshot")), files(&shipped().join("schema/snapshot")));
    let differ: Vec<_> =
        ours.iter().zip(&shipped).filter(|(ours, theirs)| ours != theirs).map(|(ours, _)| &ours.0).collect();
    assert!(differ.is_empty() && ours.len() == shipped.len(), "{} of {}: {differ:?}", ours.len(), shipped.len());
}

/// No site of either version, customised or with an app of its own, needs a line in `codegen.toml`, and what is
/// generated from it compiles: the tables of each, and all structs of the site that differs the most. Without what sites added
/// the tables are the committed ones, which every build compiles; `typed.rs` builds the server on others.
#[test]
#[ignore = "needs the recordings of a real site"]
fn every_recorded_site_is_refreshed_generated_and_compiled_without_an_edit() {
    const TABLES: &[&str] = &["-p", "erpnext-doctypes"];
    const STRUCTS: &[&str] = &["-p", "erpnext-doctypes", "--all-features"];
    let sites: [(&[&str], usize, &str, &[&str]); 3] = [
        (&["--version", "15"], 817, "pub custom_segment:", TABLES),
        (&["--version", "16"], 819, "pub custom_margin_target:", TABLES),
        (&["--hrms"], 964, "pub health_insurance_provider:", STRUCTS),
    ];
    for (site, doctypes, of_its_own, compiled) in sites {
        let repo = Repo::to_compile();
        let run = Recorded::start(site).run(&repo, &["refresh", "--all"]);
        assert_eq!(run.code, 0, "{site:?}: {}", run.stderr);
        let run = finish(repo.command("", &["generate"]));
        assert_eq!(run.code, 0, "{site:?}: {}", run.stderr);
        assert!(run.stderr.contains(&format!("{doctypes} DocTypes,")), "{site:?}: {}", run.stderr);
        let texts = files_below(&repo.root().join("generated/src"));
        assert!(texts.values().any(|(_, text)| text.contains(of_its_own)), "{site:?}");
        let run = finish(repo.cargo(&[&["check"][..], compiled].concat()));
        assert_eq!(run.code, 0, "{site:?}: {}", run.stderr);
    }
}
