//! `diff` and `add`.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Repo, about, child, doctype, field, refusal, site};

fn before() -> Vec<Value> {
    vec![
        doctype("Customer", "CRM", &[field("customer_name", "Data", ""), field("old", "Int", "")]),
        doctype("Gone", "CRM", &[]),
        doctype("Same", "Desk", &[field("rows", "Table", "Row")]),
        child("Row", "Desk", &[]),
    ]
}

fn after() -> Vec<Value> {
    let mut customer = doctype("Customer", "CRM", &[field("customer_name", "Small Text", ""), field("new", "Int", "")]);
    customer["track_changes"] = json!(1);
    vec![customer, doctype("Fresh", "CRM", &[]), before().remove(2), before().remove(3)]
}

async fn refreshed() -> Repo {
    let repo = Repo::new();
    assert_eq!(repo.run(&site(&before()).await.uri(), &["refresh"]).code, 0);
    repo
}

#[tokio::test]
async fn no_drift_is_silent() {
    let repo = refreshed().await;
    let run = repo.run(&site(&before()).await.uri(), &["diff"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{}", run.stderr);
}

#[tokio::test]
async fn drift_is_told_to_people_and_changes_nothing() {
    let repo = refreshed().await;
    let files = repo.files();
    let run = repo.run(&site(&after()).await.uri(), &["diff"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    for line in [
        "+ Fresh\n",
        "- Gone\n",
        "~ Customer\n",
        "    track_changes nothing → true\n",
        "    + new\n",
        "    - old\n",
        "    ~ customer_name: fieldtype \"Data\" → \"Small Text\"\n",
    ] {
        assert!(run.stdout.contains(line), "{line:?} is not in:\n{}", run.stdout);
    }
    assert!(!run.stdout.contains("Same") && !run.stdout.contains("Row"));
    assert_eq!(repo.files(), files);
}

#[tokio::test]
async fn drift_is_told_to_programs() {
    let repo = refreshed().await;
    let run = repo.run(&site(&after()).await.uri(), &["diff", "--json"]);
    assert_eq!(run.code, 1);
    let drift: Value = serde_json::from_str(&run.stdout).unwrap();
    let expected = json!({
        "added": ["Fresh"],
        "removed": ["Gone"],
        "changed": [{
            "doctype": "Customer",
            "keys": [{"key": "track_changes", "from": null, "to": true}],
            "added_fields": ["new"],
            "removed_fields": ["old"],
            "changed_fields": [{
                "fieldname": "customer_name",
                "keys": [{"key": "fieldtype", "from": "Data", "to": "Small Text"}],
            }],
            "reordered": false,
        }],
        "unreadable": {},
    });
    assert_eq!(drift, expected);
}

#[tokio::test]
async fn options_narrow_what_is_compared() {
    let repo = refreshed().await;
    let server = site(&after()).await;
    assert_eq!(repo.run(&server.uri(), &["diff", "--module", "Desk"]).code, 0);
    let run = repo.run(&server.uri(), &["diff", "--doctype", "Gone"]);
    assert_eq!((run.code, run.stdout.as_str()), (1, "- Gone\n"), "{}", run.stderr);
    let run = repo.run(&server.uri(), &["diff", "--module", "CRM"]);
    assert!(run.stdout.contains("+ Fresh\n- Gone\n~ Customer\n"), "{}", run.stdout);
}

#[tokio::test]
async fn a_doctype_that_turned_unreadable_is_drift_and_a_known_one_is_not() {
    let repo = refreshed().await;
    let server = site(&before()).await;
    about("Gone").respond_with(refusal(417, "ValidationError")).with_priority(1).mount(&server).await;
    let run = repo.run(&server.uri(), &["diff"]);
    assert_eq!((run.code, run.stdout.as_str()), (1, "? Gone: 417 ValidationError\n"));
    repo.run(&server.uri(), &["refresh"]);
    assert_eq!(repo.run(&server.uri(), &["diff"]).code, 0);
}

#[tokio::test]
async fn an_error_is_no_drift() {
    let repo = refreshed().await;
    let run = repo.run("http://erp.example.com", &["diff"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.starts_with("error: "));
    let run = repo.run(&site(&after()).await.uri(), &["diff", "--doctype", "Custmer"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("\"Customer\"?"), "{}", run.stderr);
}

#[tokio::test]
async fn add_refreshes_one_doctype_with_its_rows_and_chooses_it() {
    let repo = Repo::new();
    repo.write("codegen/codegen.toml", "# ours\n[refresh]\ndoctypes = [\"Customer\"]\n");
    let by_hand = Path::new(env!("CARGO_MANIFEST_DIR")).join("../generated/Cargo.toml");
    repo.write("generated/Cargo.toml", &fs::read_to_string(by_hand).unwrap());
    let server = site(&before()).await;
    let run = repo.run(&server.uri(), &["add", "Same"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(repo.names(), ["desk/row.json", "desk/same.json", "manifest.json"]);
    assert_eq!(repo.read("codegen/codegen.toml"), "# ours\n[refresh]\ndoctypes = [\"Customer\", \"Same\"]\n");
}

#[tokio::test]
async fn add_of_an_unknown_doctype_changes_nothing() {
    let repo = Repo::new();
    let choices = repo.read("codegen/codegen.toml");
    let run = repo.run(&site(&before()).await.uri(), &["add", "Custmer"]);
    assert_eq!((run.code, repo.names().len()), (1, 0));
    assert!(run.stderr.contains("\"Customer\"?"), "{}", run.stderr);
    assert_eq!(repo.read("codegen/codegen.toml"), choices);
}
