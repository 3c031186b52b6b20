//! The developer's way from a DocType of an app on the site to typed tools, as it is printed. `typed.rs` goes on from there: it
//! builds the server and calls them.

use erpnext_sandbox::{Options, Sandbox};

use crate::sandbox::run;
use crate::support::Repo;

/// The DocTypes of the bench are named by words of languages and of SQL: no app's are harder to name in Rust.
const TRANSCRIPT: &str = "\
$ codegen diff --doctype Odd Thing
+ Odd Thing
+ Odd Thing Row
exit code 1

$ codegen add Odd Thing
schema/snapshot/15: N DocTypes read: N written, N unchanged; N files removed
N DocTypes, N fields, N tools; N Selects as enums, N as text; N files changed
Odd Thing has typed tools and a struct from the next build on: cargo build --release
exit code 0

$ codegen diff --doctype Odd Thing
exit code 0

$ codegen generate --check
N DocTypes, N fields, N tools; N Selects as enums, N as text; N files changed
exit code 0
";

/// Without how many there are.
pub fn uncounted(text: &str) -> String {
    let is_number = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    let word = |word: &str| if is_number(word) { "N".to_owned() } else { word.to_owned() };
    let line = |line: &str| line.split(' ').map(word).collect::<Vec<_>>().join(" ");
    text.lines().map(|text| line(text) + "\n").collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_doctype_of_an_app_is_seen_added_generated_and_then_no_difference() {
    let site = Sandbox::start(Options { bench: true, ..Options::default() }).await.unwrap();
    let repo = Repo::shipped();
    let steps: [&[&str]; 4] = [
        &["diff", "--doctype", "Odd Thing"],
        &["add", "Odd Thing"],
        &["diff", "--doctype", "Odd Thing"],
        &["generate", "--check"],
    ];
    let said = steps.map(|args| {
        let run = run(&site, &repo, args);
        format!("$ codegen {}\n{}{}exit code {}\n", args.join(" "), run.stdout, uncounted(&run.stderr), run.code)
    });
    assert_eq!(said.join("\n"), TRANSCRIPT);
    let table = repo.read("generated/src/core/odd_thing.rs");
    for tool in ["list", "get", "search", "create", "update", "delete", "submit", "cancel", "amend"] {
        let name =
            format!("\"{tool}_odd_thing_document{}\"", if tool == "list" || tool == "search" { "s" } else { "" });
        assert!(table.contains(&name), "{name}: {table}");
    }
}
