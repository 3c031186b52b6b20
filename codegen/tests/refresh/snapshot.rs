//! What a refresh leaves on disk.

use std::fs;

use serde_json::{Value, json};
use wiremock::matchers::path;
use wiremock::{Mock, ResponseTemplate};

use crate::support::{KEY, Repo, VERSIONS, about, asked, child, doctype, field, refusal, site};

/// An order with rows, a customer, and a note in another module.
fn shop() -> Vec<Value> {
    vec![
        doctype("Order", "Selling", &[field("customer", "Link", "Customer"), field("items", "Table", "Order Item")]),
        child("Order Item", "Selling", &[field("qty", "Float", "")]),
        doctype("Customer", "CRM", &[field("customer_name", "Data", "")]),
        doctype("Note", "Desk", &[]),
    ]
}

#[tokio::test]
async fn child_tables_come_along_without_a_request_of_their_own() {
    let server = site(&shop()).await;
    let repo = Repo::new();
    assert_eq!(repo.run(&server.uri(), &["refresh", "--doctype", "Order"]).code, 0);
    assert_eq!(repo.names(), ["manifest.json", "selling/order.json", "selling/order_item.json"]);
    assert_eq!(asked(&server).await.into_keys().collect::<Vec<_>>(), ["Order"]);
}

#[tokio::test]
async fn a_child_table_that_no_bundle_brings_is_asked_for() {
    let server = site(&shop()).await;
    let alone = ResponseTemplate::new(200).set_body_json(json!({"docs": [shop()[0]]}));
    about("Order").respond_with(alone).with_priority(1).mount(&server).await;
    let repo = Repo::new();
    assert_eq!(repo.run(&server.uri(), &["refresh", "--module", "Selling"]).code, 0);
    assert!(repo.names().contains(&"selling/order_item.json".to_owned()));
    assert_eq!(asked(&server).await.into_keys().collect::<Vec<_>>(), ["Order", "Order Item"]);
}

#[tokio::test]
async fn h34_the_first_entry_need_not_be_the_doctype_asked_for() {
    let server = site(&shop()).await;
    let shuffled = ResponseTemplate::new(200).set_body_json(json!({"docs": [shop()[0], shop()[1]]}));
    about("Order Item").respond_with(shuffled).with_priority(1).mount(&server).await;
    let other = ResponseTemplate::new(200).set_body_json(json!({"docs": [shop()[0]]}));
    about("Customer").respond_with(other).with_priority(1).mount(&server).await;
    let repo = Repo::new();
    let run = repo.run(&server.uri(), &["refresh", "--doctype", "Order Item", "--doctype", "Customer"]);
    assert_eq!(repo.names(), ["manifest.json", "selling/order_item.json"], "no bystander is written");
    assert_eq!(run.code, 1, "a DocType that was named was not read");
    assert!(run.stderr.contains("Customer: the answer is about another DocType"), "{}", run.stderr);
}

#[tokio::test]
async fn h35_a_doctype_that_fails_keeps_its_file_and_is_named() {
    let server = site(&shop()).await;
    let repo = Repo::new();
    assert_eq!(repo.run(&server.uri(), &["refresh"]).code, 0);
    let before = repo.files();
    about("Note").respond_with(refusal(417, "ValidationError")).with_priority(1).mount(&server).await;
    let run = repo.run(&server.uri(), &["refresh"]);
    assert_eq!(run.code, 0);
    assert!(run.stderr.contains("1 not read:\n  Note: 417 ValidationError"), "{}", run.stderr);
    assert_eq!(repo.manifest()["failures"], json!({"Note": "417 ValidationError"}));
    assert_eq!(repo.files()["desk/note.json"], before["desk/note.json"]);
    // Who does not ask for it does not hear of it, and the manifest does not forget it.
    assert!(!repo.run(&server.uri(), &["refresh", "--module", "CRM"]).stderr.contains("Note"));
    assert_eq!(repo.manifest()["failures"], json!({"Note": "417 ValidationError"}));
}

#[tokio::test]
async fn h36_a_fieldname_that_occurs_twice_is_kept_once() {
    let fields = [field("a", "Data", ""), field("b", "Int", ""), field("a", "Text", "")];
    let server = site(&[doctype("Twice", "Desk", &fields)]).await;
    let repo = Repo::new();
    repo.run(&server.uri(), &["refresh"]);
    let file: Value = serde_json::from_str(&repo.read("schema/snapshot/15/desk/twice.json")).unwrap();
    let names: Vec<_> =
        file["fields"].as_array().unwrap().iter().map(|f| (f["fieldname"].clone(), f["fieldtype"].clone())).collect();
    assert_eq!(names, [(json!("a"), json!("Data")), (json!("b"), json!("Int"))]);
}

#[tokio::test]
async fn only_changed_files_are_written() {
    let server = site(&shop()).await;
    let repo = Repo::new();
    repo.run(&server.uri(), &["refresh"]);
    let first = repo.files();
    repo.run(&server.uri(), &["refresh"]);
    assert_eq!(repo.files(), first, "not even touched");

    let mut changed = shop();
    changed[2]["fields"][0]["reqd"] = json!(1);
    let run = repo.run(&site(&changed).await.uri(), &["refresh"]);
    assert!(run.stderr.contains("4 DocTypes read: 1 written, 3 unchanged"), "{}", run.stderr);
    let last = repo.files();
    let touched: Vec<_> = last.keys().filter(|file| last[*file] != first[*file]).collect();
    assert_eq!(touched, ["crm/customer.json", "manifest.json"]);
}

#[tokio::test]
async fn doctypes_that_vanished_are_listed_and_removed_on_demand() {
    let repo = Repo::new();
    repo.run(&site(&shop()).await.uri(), &["refresh"]);
    let server = site(&shop()[..3]).await;
    let run = repo.run(&server.uri(), &["refresh"]);
    assert!(run.stderr.contains("no longer on the site (--prune removes them): Note"), "{}", run.stderr);
    assert!(repo.names().contains(&"desk/note.json".to_owned()));
    let run = repo.run(&server.uri(), &["refresh", "--prune", "--module", "CRM"]);
    assert!(run.stderr.contains("1 files removed"), "{}", run.stderr);
    assert!(!repo.snapshot().join("desk").exists());
    assert_eq!(repo.manifest()["counts"]["doctypes"], 3);
}

#[tokio::test]
async fn a_doctype_that_moved_to_another_module_stands_once() {
    let repo = Repo::new();
    repo.run(&site(&shop()).await.uri(), &["refresh"]);
    let mut moved = shop();
    moved[3]["module"] = json!("CRM");
    repo.run(&site(&moved).await.uri(), &["refresh"]);
    assert_eq!(
        repo.names(),
        ["crm/customer.json", "crm/note.json", "manifest.json", "selling/order.json", "selling/order_item.json"]
    );
}

#[tokio::test]
async fn the_manifest_counts_all_files_and_tells_nothing_of_the_site() {
    let server = site(&shop()).await;
    let repo = Repo::new();
    repo.run(&server.uri(), &["refresh"]);
    let whole = repo.manifest();
    assert_eq!(whole["versions"], json!({"erpnext": "15.2.0", "frappe": "15.1.0"}));
    assert_eq!((&whole["counts"]["doctypes"], &whole["counts"]["child_tables"]), (&json!(4), &json!(1)));
    assert_eq!((&whole["counts"]["fields"], &whole["counts"]["fields_with_values"]), (&json!(4), &json!(4)));
    repo.run(&server.uri(), &["refresh", "--doctype", "Note"]);
    assert_eq!(repo.manifest(), whole, "the same files give the same manifest");
    for (file, (_, text)) in repo.files() {
        assert!(!text.contains(&server.uri()) && !text.contains("127.0.0.1") && !text.contains(KEY), "{file}");
    }
}

#[tokio::test]
async fn descriptions_and_expressions_stay_on_the_site_unless_asked_for() {
    let mut note = doctype("Note", "Desk", &[field("title", "Data", "")]);
    note["fields"][0]["description"] = json!("Long words");
    note["fields"][0]["depends_on"] = json!("eval:doc.secret_rule");
    let server = site(&[note]).await;
    let repo = Repo::new();
    repo.run(&server.uri(), &["refresh"]);
    let text = repo.read("schema/snapshot/15/desk/note.json");
    assert!(text.contains("conditional") && !text.contains("Long words") && !text.contains("secret_rule"), "{text}");
    repo.run(&server.uri(), &["refresh", "--descriptions"]);
    let text = repo.read("schema/snapshot/15/desk/note.json");
    assert!(text.contains("Long words") && !text.contains("secret_rule"), "{text}");
}

#[tokio::test]
async fn a_broken_file_is_mended_by_its_own_refresh_and_by_no_other() {
    let server = site(&shop()).await;
    let repo = Repo::new();
    repo.write("schema/snapshot/15/desk/note.json", "<<<<<<< HEAD\n");
    let run = repo.run(&server.uri(), &["refresh", "--module", "CRM"]);
    assert_eq!((run.code, repo.names().len()), (1, 1));
    assert!(run.stderr.contains("desk/note.json"), "{}", run.stderr);
    assert_eq!(repo.run(&server.uri(), &["refresh"]).code, 0);
    assert!(repo.read("schema/snapshot/15/desk/note.json").contains("\"Note\""));
}

#[tokio::test]
async fn names_that_make_no_file_or_the_same_file_fail_by_name() {
    let doctypes = [
        doctype("Foo Bar", "Desk", &[]),
        doctype("foo-bar", "Desk", &[]),
        doctype("../../evil", "../..", &[]),
        doctype("Homeless", "", &[]),
    ];
    let repo = Repo::new();
    let run = repo.run(&site(&doctypes).await.uri(), &["refresh"]);
    let failures = repo.manifest()["failures"].clone();
    assert_eq!(failures["foo-bar"], "its file desk/foo_bar.json is that of \"Foo Bar\"", "{}", run.stderr);
    for name in ["../../evil", "Homeless"] {
        assert!(failures[name].as_str().unwrap().contains("no file name"), "{failures}");
    }
    assert_eq!(repo.names(), ["desk/foo_bar.json", "manifest.json"]);
}

#[tokio::test]
async fn files_are_readable_by_whom_the_directory_is() {
    let repo = Repo::new();
    repo.run(&site(&shop()).await.uri(), &["refresh"]);
    let mode = |path: &str| fs::metadata(repo.root().join(path)).unwrap().permissions();
    assert_eq!(mode("schema/snapshot/15/desk/note.json"), mode("codegen/codegen.toml"));
}

/// A site that tells this version, whatever else was mounted.
async fn telling(version: &str) -> wiremock::MockServer {
    let server = site(&shop()).await;
    let apps = json!({"message": {"frappe": {"version": version}, "erpnext": {"version": version}}});
    let answer = ResponseTemplate::new(200).set_body_json(apps);
    Mock::given(path(VERSIONS)).respond_with(answer).with_priority(1).mount(&server).await;
    server
}

#[tokio::test]
async fn each_version_has_its_folder_and_leaves_the_others_alone() {
    let repo = Repo::new();
    repo.run(&telling("15.2.0").await.uri(), &["refresh"]);
    let before = repo.files();
    let run = repo.run(&telling("16.0.0-dev").await.uri(), &["refresh", "--doctype", "Note"]);
    assert!(run.stderr.contains("schema/snapshot/16: 1 DocType read"), "{}", run.stderr);
    assert!(repo.read("schema/snapshot/16/desk/note.json").contains("\"Note\""));
    assert!(repo.read("schema/snapshot/16/manifest.json").contains("16.0.0-dev"));
    assert_eq!(repo.files(), before);
    // What only one of them has is drift of that one.
    assert_eq!(repo.run(&telling("15.2.0").await.uri(), &["diff"]).stdout, "");
    assert!(repo.run(&telling("16.0.1").await.uri(), &["diff", "--all"]).stdout.contains("+ Customer\n"));
}

#[tokio::test]
async fn a_version_without_a_place_is_an_error_that_names_the_known_ones() {
    let repo = Repo::new();
    let run = repo.run(&telling("14.9.1").await.uri(), &["refresh"]);
    assert_eq!((run.code, repo.names().len()), (1, 0));
    assert!(run.stderr.contains("14.9.1") && run.stderr.contains("15 and 16"), "{}", run.stderr);
}

#[tokio::test]
async fn stock_leaves_out_what_was_made_on_the_site_and_removes_it_from_the_snapshot() {
    let mut doctypes = shop();
    doctypes[3]["custom"] = json!(1);
    for name in ["custom_rank", "tax_category"] {
        let mut custom = field(name, "Data", "");
        custom["is_custom_field"] = json!(1);
        doctypes[2]["fields"].as_array_mut().unwrap().push(custom);
    }
    let server = site(&doctypes).await;
    let repo = Repo::new();
    repo.write("codegen/codegen.toml", "[refresh]\nall = true\n[stock]\nkeep = [\"Customer.tax_category\"]\n");
    repo.run(&server.uri(), &["refresh"]);
    let text = repo.read("schema/snapshot/15/crm/customer.json");
    assert!(text.contains("custom_rank") && text.contains("is_custom_field"), "they come along, and say so: {text}");
    assert!(repo.names().contains(&"desk/note.json".to_owned()));
    let run = repo.run(&server.uri(), &["refresh", "--stock", "--prune"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let text = repo.read("schema/snapshot/15/crm/customer.json");
    assert!(!text.contains("custom_rank") && text.contains("tax_category"), "{text}");
    assert!(!repo.names().contains(&"desk/note.json".to_owned()));
}
