//! The full circle: the sandbox is built on the committed snapshot, and what is read back from it is that snapshot.

use erpnext_sandbox::{Options, Sandbox};
use serde_json::{Value, json};

use crate::support::{Repo, Run, SNAPSHOT, files_below, finish, shipped};

/// Runs it on the site as its Administrator.
pub fn run(site: &Sandbox, repo: &Repo, args: &[&str]) -> Run {
    let mut command = repo.command(&site.url(), args);
    command.env("ERPNEXT_API_KEY", "administrator").env("ERPNEXT_API_SECRET", "secret");
    finish(command)
}

/// The snapshot that the repository holds of the sandbox's version.
fn committed() -> Repo {
    let repo = Repo::new();
    for (file, (_, text)) in files_below(&shipped().join(SNAPSHOT)) {
        repo.write(&format!("{SNAPSHOT}/{file}"), &text);
    }
    repo
}

fn texts(repo: &Repo) -> Vec<(String, String)> {
    repo.files().into_iter().map(|(file, (_, text))| (file, text)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_from_the_sandbox_gives_the_committed_snapshot_byte_for_byte() {
    let site = Sandbox::start(Options::default()).await.unwrap();
    let repo = Repo::shipped();
    std::fs::remove_dir_all(repo.snapshot()).unwrap();
    let refresh = run(&site, &repo, &["refresh", "--all", "--stock"]);
    assert_eq!(refresh.code, 0, "{}", refresh.stderr);
    let (ours, committed) = (texts(&repo), texts(&committed()));
    let differ: Vec<&String> =
        ours.iter().zip(&committed).filter(|(ours, theirs)| ours != theirs).map(|(ours, _)| &ours.0).collect();
    assert!(
        differ.is_empty() && ours.len() == committed.len(),
        "{} of {} files: {differ:?}",
        ours.len(),
        committed.len()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_committed_snapshot_shows_drift_where_the_site_has_a_field_of_its_own() {
    let site = Sandbox::start(Options::default()).await.unwrap();
    let repo = committed();
    let diff = run(&site, &repo, &["diff"]);
    // The sample has a workflow, and that a field of its own.
    assert_eq!((diff.code, diff.stdout.as_str()), (1, "~ Lead\n    + workflow_state\n"), "{}", diff.stderr);
    let field = json!({"doctype": "Custom Field", "dt": "Customer", "fieldname": "custom_shoe_size", "fieldtype": "Int",
        "label": "Shoe Size", "insert_after": "customer_name"});
    let field = field.as_object().cloned().unwrap_or_default();
    site.with(|site| site.insert(field).map(drop)).unwrap();
    let diff = run(&site, &repo, &["diff", "--json"]);
    let drift: Value = serde_json::from_str(&diff.stdout).unwrap_or_else(|_| panic!("{}", diff.stderr));
    let changed = drift["changed"].as_array().unwrap();
    let customer = changed.iter().find(|change| change["doctype"] == "Customer").unwrap();
    assert_eq!((diff.code, changed.len()), (1, 2), "{drift}");
    assert_eq!(customer["added_fields"], json!(["custom_shoe_size"]));
}
