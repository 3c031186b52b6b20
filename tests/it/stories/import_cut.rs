//! An import whose connection breaks at a row, and one whose site goes away: of each row it is told what is known, and
//! going on makes none twice.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use erpnext_mcp::app::Connection;
use erpnext_mcp::tool::progress::CallObserver;
use erpnext_sandbox::{Fault, FaultKind, Sandbox};
use serde_json::{Value, json};

use crate::sandbox::{SampleSite, config};
use crate::support::{all, app_of, call};

const IMPORT: &str = "import_documents";

/// A server that imports files below a folder, and looks two seconds for what a write came to.
fn importing(site: &Sandbox, folder: &Path) -> Connection {
    let mut config = config(site, "administrator", json!({"default": all()}));
    config["erpnext"]["timeout"] = json!(2);
    config["import"] = json!({"directory": folder});
    app_of(&config)
}

fn brands(folder: &Path, file: &str, names: &[String]) -> Value {
    fs::write(folder.join(file), format!("Brand Name\n{}\n", names.join("\n"))).unwrap();
    json!({"doctype": "Brand", "file": file, "confirm": true})
}

/// By line of the file, what the account says became of its row.
fn results(answer: &Value) -> BTreeMap<usize, String> {
    let mut account = csv::Reader::from_path(answer["account"].as_str().unwrap()).unwrap();
    let lines = account.records().map(Result::unwrap);
    lines.map(|line| (line[0].parse().unwrap(), line[1].to_owned())).collect()
}

fn made(site: &Sandbox, doctype: &str) -> usize {
    site.journal().iter().filter(|write| write.verb == "insert" && write.doctype == doctype).count()
}

#[on_every_version]
async fn an_import_whose_connection_is_cut_at_rows_tells_of_each_what_is_known_and_repeating_those_doubles_none() {
    let site = SampleSite::start().await;
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<String> = (0..12).map(|at| format!("Imported {at:02}")).collect();
    let app = importing(&site.sandbox, folder.path());
    for kind in [FaultKind::CutBefore, FaultKind::CutAfter] {
        site.sandbox.faults().add(Fault::new(kind).method("POST").path("/api/resource/Brand").times(1));
    }
    let answer = call(&app, IMPORT, brands(folder.path(), "all.csv", &names)).await.unwrap();
    assert_eq!(
        (&answer["done"], &answer["failed_rows"], &answer["unknown_rows"], &answer["total"]),
        (&json!(11), &json!(0), &json!(1), &json!(12)),
        "{answer}"
    );
    assert!(answer["next"].as_str().unwrap().contains("go into a file of their own"), "{answer}");
    assert_eq!(made(&site.sandbox, "Brand"), 11);
    let results = results(&answer);
    assert_eq!(results.len(), 12, "{results:?}");
    let mut unknown = Vec::new();
    for (line, result) in &results {
        let name = &names[line - 2];
        let there = site.sandbox.with(|site| site.load("Brand", name)).is_ok();
        match result.as_str() {
            "done" => assert!(there, "{name}: {answer}"),
            "unknown" => unknown.push(name.clone()),
            other => panic!("{name}: {other}"),
        }
    }
    // What is proposed: the rows of which it is not known, alone.
    let answer = call(&app, IMPORT, brands(folder.path(), "rest.csv", &unknown)).await.unwrap();
    assert_eq!((&answer["done"], answer.get("next")), (&json!(1), None), "{answer}");
    assert_eq!(made(&site.sandbox, "Brand"), 12);
}

#[on_every_version]
async fn an_import_of_which_nothing_more_is_known_stops_and_does_not_leave_all_rows_to_be_looked_at() {
    let site = SampleSite::start().await;
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<String> = (0..30).map(|at| format!("Imported {at:02}")).collect();
    let app = importing(&site.sandbox, folder.path());
    site.sandbox.faults().add(Fault::new(FaultKind::CutBefore).method("POST").path("/api/resource/Brand"));
    let answer = call(&app, IMPORT, brands(folder.path(), "all.csv", &names)).await.unwrap();
    assert_eq!((&answer["done"], made(&site.sandbox, "Brand")), (&json!(0), 0), "{answer}");
    let start = answer["stopped"]["start_at"].as_u64().unwrap();
    assert!(start < 12, "{answer}");
    let results = results(&answer);
    assert!(results.iter().all(|(line, result)| (result == "not sent") == (*line as u64 >= start)), "{results:?}");
}

#[on_every_version]
async fn an_import_whose_site_goes_away_goes_on_at_the_first_row_that_was_refused() {
    let site = SampleSite::start().await;
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<String> = (0..40).map(|at| format!("Imported {at:02}")).collect();
    let app = importing(&site.sandbox, folder.path());
    let tool = app.registry().find(IMPORT).unwrap();
    let mut arguments = brands(folder.path(), "all.csv", &names).as_object().unwrap().clone();
    let (watch, _told) = CallObserver::new();
    let import = app.observed_call(tool, arguments.clone(), None, &watch);
    let away = async {
        while made(&site.sandbox, "Brand") == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        site.sandbox.faults().add(Fault::new(FaultKind::Maintenance).method("POST").path("/api/resource/Brand"));
    };
    let (answer, ()) = tokio::join!(import, away);
    let answer = answer.unwrap().0;
    assert_eq!(answer["done"], made(&site.sandbox, "Brand"), "{answer}");
    let stopped = &answer["stopped"];
    assert!(stopped["why"].as_str().unwrap().starts_with("those that are left would fail too: "), "{answer}");
    // One that was refused before another was done is told as failed; behind the last that was done none is.
    let start = usize::try_from(stopped["start_at"].as_u64().unwrap()).unwrap();
    let results = results(&answer);
    assert_eq!((results[&(start - 1)].as_str(), results[&start].as_str()), ("done", "not sent"), "{answer}");

    site.sandbox.faults().clear();
    arguments.insert("start_at".to_owned(), stopped["start_at"].clone());
    // A server that does not leave the site alone for a while.
    let rest = call(&importing(&site.sandbox, folder.path()), IMPORT, Value::Object(arguments)).await.unwrap();
    assert_eq!((&rest["done"], rest.get("stopped")), (&json!(42 - start), None), "{rest}");
    let failed = usize::try_from(answer["failed_rows"].as_u64().unwrap()).unwrap();
    assert_eq!(made(&site.sandbox, "Brand"), 40 - failed, "no row is left out or made twice");
}

/// Nothing runs after a server was killed: what it wrote while it sent rows is there.
#[on_every_version]
async fn an_import_that_was_cut_short_tells_how_far_it_got_and_goes_on_there() {
    let site = SampleSite::start().await;
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<String> = (0..40).map(|at| format!("Imported {at:02}")).collect();
    let arguments = brands(folder.path(), "all.csv", &names);
    {
        let app = importing(&site.sandbox, folder.path());
        let tool = app.registry().find(IMPORT).unwrap();
        let (watch, _told) = CallObserver::new();
        let import = app.observed_call(tool, arguments.as_object().unwrap().clone(), None, &watch);
        let some = async {
            while made(&site.sandbox, "Brand") < 5 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::select! {
            biased;
            () = some => {}
            _ = import => panic!("it ended"),
        }
    }
    let unfinished: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("all-unfinished-"))
        .collect();
    assert_eq!(unfinished.len(), 1, "{unfinished:?}");

    let app = importing(&site.sandbox, folder.path());
    let mut dry = arguments.clone();
    dry.as_object_mut().unwrap().remove("confirm");
    dry["dry_run"] = json!(true);
    let shown = call(&app, IMPORT, dry.clone()).await.unwrap();
    let cut = &shown["cut_short"];
    assert!(cut["done"].as_u64().unwrap() >= 1, "{shown}");
    assert!(cut["accounts"][0].as_str().unwrap().ends_with(&unfinished[0]), "{shown}");
    // Who goes on where it says is not told of it again.
    dry["start_at"] = cut["start_at"].clone();
    assert_eq!(call(&app, IMPORT, dry).await.unwrap().get("cut_short"), None);
    let mut rest = arguments.clone();
    rest["start_at"] = cut["start_at"].clone();
    let answer = call(&app, IMPORT, rest).await.unwrap();
    let start = usize::try_from(cut["start_at"].as_u64().unwrap()).unwrap();
    assert_eq!((&answer["done"], &answer["total"]), (&json!(42 - start), &json!(42 - start)), "{answer}");
    let unknown: Vec<usize> = cut["unknown_rows"].as_array().into_iter().flatten().map(number).collect();
    for (at, name) in names.iter().enumerate().filter(|(at, _)| !unknown.contains(&(at + 2))) {
        assert!(site.sandbox.with(|site| site.load("Brand", name)).is_ok(), "{name} of line {}: {cut}", at + 2);
    }
    // Another file is another import.
    let other = brands(folder.path(), "all.csv", &["Other".to_owned()]);
    assert_eq!(call(&app, IMPORT, other).await.unwrap()["done"], 1);
}

fn number(row: &Value) -> usize {
    usize::try_from(row.as_u64().unwrap()).unwrap()
}
