//! What commands print about the program itself, and where the secret comes from.

use std::path::Path;

use serde_json::{Value, json};
use tokio::process::Command;

use super::run;
use crate::support::{KEY, Site};

#[tokio::test]
async fn the_example_fits_the_schema_and_both_are_printed_alone() {
    let folder = tempfile::tempdir().unwrap();
    let schema = run(folder.path(), &[], &["config", "schema"]).await.json();
    let example = run(folder.path(), &[], &["config", "example"]).await.json();
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&example));
    assert_eq!(schema["properties"]["cache"]["properties"]["ttl"]["default"], 300);
    let reference = run(folder.path(), &[], &["config", "reference"]).await;
    assert!(reference.stdout.starts_with("# Configuration reference"));
}

#[tokio::test]
async fn completions_and_man_pages_know_every_subcommand() {
    let folder = tempfile::tempdir().unwrap();
    let page = run(folder.path(), &[], &["man"]).await.stdout;
    for subcommand in ["init", "doctor", "check", "publish", "audit", "config", "demo", "serve"] {
        assert!(page.contains(&format!("erpnext\\-mcp\\-{subcommand}")), "{subcommand}: {page}");
        let below = run(folder.path(), &[], &["man", subcommand]).await;
        assert!(below.code == Some(0) && below.stdout.starts_with(".ie"), "{subcommand}: {}", below.stdout);
    }
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let done = run(folder.path(), &[], &["completions", shell]).await;
        assert!(done.stdout.contains("doctor") && done.stdout.contains("preset"), "{shell}");
    }
    assert_eq!(run(folder.path(), &[], &["man", "nonsense"]).await.code, Some(1));
}

/// What bash proposes for the last of these words.
async fn completed(folder: &Path, words: &[&str]) -> String {
    let script = folder.join("completions");
    std::fs::write(&script, run(folder, &[], &["completions", "bash"]).await.stdout).unwrap();
    let (last, before) = (words.len() - 1, words.len() - 2);
    let asked = format!(
        "source {script:?}; function=$(complete -p erpnext-mcp | sed 's/.*-F \\([^ ]*\\).*/\\1/')\n\
         COMP_WORDS=(\"$@\"); COMP_CWORD={last}; $function erpnext-mcp \"${{COMP_WORDS[{last}]}}\" \"${{COMP_WORDS[{before}]}}\"\n\
         echo \"${{COMPREPLY[@]}}\""
    );
    let output = Command::new("bash").args(["-c", &asked, "bash"]).args(words).output().await.unwrap();
    String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
}

#[cfg(unix)]
#[tokio::test]
async fn bash_completes_subcommands_their_options_and_values() {
    let folder = tempfile::tempdir().unwrap();
    for (words, proposed) in [
        (&["erpnext-mcp", "doc"][..], "doctor"),
        (&["erpnext-mcp", "doctor", "--st"], "--strict"),
        (&["erpnext-mcp", "audit", "tail", "--res"], "--result"),
        (&["erpnext-mcp", "audit", "tail", "--result", "UN"], "UNKNOWN"),
        (&["erpnext-mcp", "demo", "--version", "1"], "15 16"),
        (&["erpnext-mcp", "init", "--preset", "sales"], "sales-user"),
        (&["erpnext-mcp", "--toolsets", "sell"], "selling"),
        (&["erpnext-mcp", "tools", "--toolsets", "hist"], "history"),
    ] {
        let found = completed(folder.path(), words).await;
        assert!(found.split_whitespace().collect::<Vec<_>>().join(" ").contains(proposed), "{words:?}: {found}");
    }
}

#[tokio::test]
async fn help_has_examples_and_no_colour_where_nobody_looks() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["--help"][..], &["init", "--help"]] {
        let help = run(folder.path(), &[], arguments).await.stdout;
        assert!(help.contains("Examples:") && !help.contains('\u{1b}'), "{help}");
        // A command's own options stand apart from those that all have.
        let (own, shared) = help.split_once("Options of every command:").unwrap();
        assert!(own.contains("Options:") && !own.contains("--toolsets") && shared.contains("--toolsets"), "{help}");
    }
}

#[tokio::test]
async fn without_a_configuration_every_command_says_where_to_go() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&[][..], &["serve"], &["doctor"], &["publish"], &["check", "--live"]] {
        let done = run(folder.path(), &[], arguments).await;
        assert_eq!(done.code, Some(1), "{arguments:?}");
        for command in ["`erpnext-mcp init`", "`erpnext-mcp demo`"] {
            assert!(done.stderr.contains(command), "{arguments:?}: {}", done.stderr);
        }
        assert!(done.stderr.starts_with("erpnext-mcp: There is no configuration file"), "first: {}", done.stderr);
        assert!(done.stderr.contains("erpnext.url: missing"), "{}", done.stderr);
    }
    // What can be shown without one is shown.
    for arguments in [&["tools"][..], &["tools", "--json"]] {
        let done = run(folder.path(), &[], arguments).await;
        assert!(done.code == Some(0) && done.stdout.contains("find_tools"), "{arguments:?}: {}", done.stdout);
        assert!(done.stderr.contains("`erpnext-mcp init`"), "{arguments:?}: {}", done.stderr);
        assert!(done.stderr.contains("`erpnext-mcp demo`"), "{arguments:?}: {}", done.stderr);
    }
    let listed = run(folder.path(), &[], &["tools", "--json"]).await.json();
    assert!(listed["budget_tokens"].is_u64(), "{listed}");
    for question in ["tail", "stats", "open", "head", "verify"] {
        let done = run(folder.path(), &[], &["audit", question]).await;
        assert!(
            done.code == Some(1) && done.stderr.contains("audit.enabled is not true"),
            "{question}: {}",
            done.stderr
        );
        let done = run(folder.path(), &[("MCP_AUDIT_ENABLED", "true")], &["audit", question]).await;
        let told = "there is no audit log at logs/audit.log yet";
        assert!(done.code == Some(1) && done.stderr.contains(told), "{question}: {}", done.stderr);
    }
}

#[tokio::test]
async fn of_a_log_that_is_kept_as_text_nothing_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let line = "2026-11-30 23:54:19 - INFO - Operation: READ | DocType: Customer | Result: ALLOWED\n";
    std::fs::write(folder.path().join("t.log"), line).unwrap();
    for question in ["tail", "stats", "open", "head"] {
        let done = run(folder.path(), &[], &["audit", question, "--file", "t.log"]).await;
        assert!(done.code == Some(1) && done.stderr.contains("t.log is kept as text"), "{question}: {}", done.stderr);
    }
    let done = run(folder.path(), &[], &["audit", "verify", "--file", "t.log"]).await;
    assert_eq!(done.code, Some(1), "{}", done.stdout);
}

#[tokio::test]
async fn errors_of_the_configuration_name_line_and_key() {
    let folder = tempfile::tempdir().unwrap();
    let text = "{\n  \"cache\": {\n    \"ttl\": 0\n  },\n  \"audit\": {\"enabeld\": true},\n  \"cache\": {}\n}";
    std::fs::write(folder.path().join("c.json"), text).unwrap();
    let done = run(folder.path(), &[], &["--config", "c.json", "check"]).await;
    assert_eq!(done.code, Some(1));
    for wanted in [
        "line 3: cache.ttl: expected a whole number",
        "line 5: audit.enabeld: unknown key; did you mean enabled?",
        "lines 2, 6: cache: named twice",
    ] {
        assert!(done.stderr.contains(wanted), "{wanted}: {}", done.stderr);
    }
}

#[tokio::test]
async fn a_configuration_of_this_version_needs_no_migration_and_one_of_the_next_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.json");
    let migrate = ["--config", "c.json", "config", "migrate"];
    let write = [&migrate[..], &["--write"]].concat();
    let example = run(folder.path(), &[], &["config", "example"]).await.stdout;
    for text in [example.as_str(), "{}"] {
        std::fs::write(&file, text).unwrap();
        for arguments in [&migrate[..], &write[..]] {
            let done = run(folder.path(), &[], arguments).await;
            assert!(
                done.code == Some(0) && done.stdout.contains("nothing to change"),
                "{}{}",
                done.stdout,
                done.stderr
            );
        }
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    }
    std::fs::write(&file, "{\n  \"version\": 99,\n  \"no_such_key\": 1\n}").unwrap();
    for arguments in [&migrate[..], &["--config", "c.json", "check"]] {
        let done = run(folder.path(), &[], arguments).await;
        assert!(done.code == Some(1) && done.stderr.contains("line 2: version: this program reads"), "{}", done.stderr);
        assert!(done.stderr.contains("upgrade it") && !done.stderr.contains("no_such_key"), "{}", done.stderr);
    }
    let done = run(folder.path(), &[], &["--config", "none.json", "config", "migrate"]).await;
    assert!(done.code == Some(1) && done.stderr.contains("none.json cannot be used"), "{}", done.stderr);
}

/// The secret that the program sends, with a configuration that states it so.
async fn sent(folder: &std::path::Path, stated: Value, env: &[(&str, &str)]) -> (Option<i32>, String) {
    let site = Site::start().await;
    site.answer("GET", "/api/method/frappe.auth.get_logged_user", 200, json!({"message": "a@x"})).await;
    let mut config =
        json!({"erpnext": {"url": site.url(), "api_key": KEY}, "permissions": {"default": {"read": true}}});
    config["erpnext"].as_object_mut().unwrap().extend(stated.as_object().unwrap().clone());
    std::fs::write(folder.join("c.json"), config.to_string()).unwrap();
    let done = run(folder, env, &["--config", "c.json", "doctor"]).await;
    assert!(!format!("{}{}", done.stdout, done.stderr).contains("canary"), "{}{}", done.stdout, done.stderr);
    let header = site.authorizations().await.into_iter().next().unwrap_or_default();
    (done.code, header.replace(&format!("token {KEY}:"), "").to_owned() + &done.stderr)
}

#[cfg(unix)]
#[tokio::test]
async fn the_secret_comes_from_the_environment_the_file_a_file_or_a_command() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    std::fs::write(path.join("secret"), "canary-file\n").unwrap();
    let file = json!({"api_secret_file": "secret"});
    let command = json!({"api_secret_command": ["printf", "%s\\n", "canary-command"]});
    assert_eq!(sent(path, json!({"api_secret": "canary-text"}), &[]).await.1, "canary-text");
    assert_eq!(sent(path, file.clone(), &[]).await.1, "canary-file");
    assert_eq!(sent(path, command, &[]).await.1, "canary-command");
    let env = [("ERPNEXT_API_SECRET", "canary-env")];
    assert_eq!(sent(path, file, &env).await.1, "canary-env");
    for (stated, wanted) in [
        (json!({"api_secret_file": "nowhere"}), "erpnext.api_secret_file: nowhere cannot be read"),
        (json!({"api_secret_command": ["false"]}), "erpnext.api_secret_command: false failed"),
        (json!({"api_secret": "canary", "api_secret_file": "secret"}), "there is api_secret too; keep one of them"),
        (json!({"api_secret_command": []}), "erpnext.api_secret_command: expected a program"),
        (json!({}), "erpnext.api_secret: missing"),
    ] {
        let (code, said) = sent(path, stated, &[]).await;
        assert!(code == Some(1) && said.contains(wanted), "{wanted}: {said}");
    }
}

#[tokio::test]
async fn the_default_configuration_is_the_users_own() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join(".config/erpnext-mcp");
    std::fs::create_dir_all(&own).unwrap();
    std::fs::write(own.join("config.json"), r#"{"cache": {"ttll": 1}}"#).unwrap();
    let done = run(folder.path(), &[], &["check"]).await;
    assert!(done.stderr.contains("cache.ttll: unknown key"), "{}", done.stderr);
}

#[cfg(unix)]
#[test]
fn whoever_stops_reading_ends_a_command_quietly() {
    let folder = tempfile::tempdir().unwrap();
    let command = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_erpnext-mcp"));
        command
            .args(arguments)
            .current_dir(folder.path())
            .env("HOME", folder.path())
            .stdin(std::process::Stdio::null());
        command
    };
    let unread = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        writer
    };
    for arguments in [&["tools"][..], &["tools", "--json"], &["config", "example"]] {
        let done = command(arguments).stdout(unread()).output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.code() == Some(141) && said.is_empty(), "{arguments:?}: {:?} {said}", done.status);
    }
    // Nor does a message that nobody reads turn the exit code into that of a panic.
    for (arguments, code) in [(&["tools"][..], 0), (&["man", "nonsense"], 1)] {
        let done = command(arguments).stderr(unread()).output().unwrap();
        assert_eq!(done.status.code(), Some(code), "{arguments:?}");
    }
}
