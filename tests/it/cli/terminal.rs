//! The program in a terminal: whoever answers `init` wrongly is told why and asked again, and the whole is a transcript that a
//! person can review; `serve` says that it waits; `demo` takes its tour and leaves nothing behind.

use std::path::Path;
use std::process::Command;

use rexpect::process::Signal;
use rexpect::session::PtySession;
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::sandbox::SampleSite;
use crate::support::{Site, config_json};

/// Runs the program in a folder that is its home too, and where it puts what it needs for a while.
fn run(folder: &Path, arguments: &[&str]) -> PtySession {
    let mut command = Command::new(env!("CARGO_BIN_EXE_erpnext-mcp"));
    command
        .env_clear()
        .env("HOME", folder)
        .env("TMPDIR", folder)
        .env("TERM", "dumb")
        .current_dir(folder)
        .args(arguments);
    rexpect::session::spawn_command(command, Some(60_000)).unwrap()
}

/// Answers the questions that these words stand in, one after the other; everything that was said up to those at the end.
fn transcript_until(session: &mut PtySession, answers: &[(&str, &str)], end: &str) -> String {
    let mut said = answered(session, answers);
    said += &session.exp_string(end).unwrap_or_else(|error| panic!("{end}: {error}; {said}"));
    text(&said)
}

/// The same up to the end of the program.
fn transcript(session: &mut PtySession, answers: &[(&str, &str)]) -> String {
    let mut said = answered(session, answers);
    said += &session.exp_eof().unwrap();
    text(&said)
}

fn answered(session: &mut PtySession, answers: &[(&str, &str)]) -> String {
    let mut said = String::new();
    for (question, answer) in answers {
        // Up to the end of the question: what is typed comes back by itself.
        let before = session.exp_string(question).unwrap_or_else(|error| panic!("{question}: {error}; {said}"));
        said += &before;
        said += question;
        session.send_line(answer).unwrap();
    }
    said
}

fn text(said: &str) -> String {
    // Each byte came as a character of its own.
    String::from_utf8(said.chars().map(|byte| u8::try_from(byte).unwrap()).collect()).unwrap()
}

#[test]
fn a_server_in_a_terminal_says_that_it_waits_for_a_client() {
    let folder = tempfile::tempdir().unwrap();
    let config = config_json("http://127.0.0.1:9", json!({"default": {"read": true}}));
    std::fs::write(folder.path().join("c.json"), config.to_string()).unwrap();
    let mut session = run(folder.path(), &["--config", "c.json"]);
    session.exp_string("waiting for a client").unwrap();
    session.send_control('d').unwrap();
    session.exp_eof().unwrap();
}

#[tokio::test]
async fn mistakes_are_told_and_asked_again_and_nothing_typed_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let site = SampleSite::start().await;
    let url = site.sandbox.url();
    let host = url.trim_start_matches("http://").to_owned();
    let client = "// mine\n{\n  \"mcpServers\": {\n    \"a\": {\"command\": \"x\"}, // keep\n  }\n}\n";
    std::fs::write(folder.path().join(".mcp.json"), client).unwrap();
    let home = folder.path().to_owned();
    let typed = tokio::task::spawn_blocking(move || {
        let mut session = run(&home, &["init", "--config", "c.json"]);
        let answers = [
            ("Address of the site", "http://erp.example.com/app/customer"),
            ("Address of the site", "127.0.0.1:1"),
            ("Address of the site", &format!("{host}/app/customer")),
            ("API key", "https://erp.example.com/app/user"),
            ("API key", "sales"),
            ("API secret", "wrong"),
            ("Address of the site", ""),
            ("API key", ""),
            ("API secret", "secret"),
            ("Which one", "sales-usr"),
            ("Which one", ""),
            ("Put it into a client", "claude-cod"),
            ("Put it into a client", "claude-code"),
        ];
        transcript(&mut session, &answers)
    });
    let said = typed.await.unwrap().replace('\r', "");
    let program = env!("CARGO_BIN_EXE_erpnext-mcp");
    let folder_name = folder.path().canonicalize().unwrap().display().to_string();
    let said = said.replace(&url, "http://SITE").replace(&url[7..], "SITE").replace(program, "PROGRAM");
    let said = said.replace(&folder_name, "HOME").replace(&folder.path().display().to_string(), "HOME");
    // The copy is named after the moment.
    let is_stamp = |part: &str| part.len() == 15 && part.starts_with("20") && part.as_bytes()[8] == b'-';
    let said: Vec<String> =
        said.split('.').map(|part| if is_stamp(part) { "WHEN".into() } else { part.to_owned() }).collect();
    insta::assert_snapshot!(said.join("."));
    let after = std::fs::read_to_string(folder.path().join(".mcp.json")).unwrap();
    assert!(after.starts_with("// mine\n") && after.contains("// keep\n    \"erpnext\": {"), "{after}");
    let config = std::fs::read_to_string(folder.path().join("c.json")).unwrap();
    assert!(config.contains("\"api_key\": \"sales\"") && config.contains(&url), "{config}");
}

#[tokio::test]
async fn a_key_of_a_user_without_rights_leads_back_to_the_key_and_a_secret_with_a_space_to_the_secret() {
    let folder = tempfile::tempdir().unwrap();
    let site = SampleSite::start().await;
    let url = site.sandbox.url();
    let home = folder.path().to_owned();
    let typed = tokio::task::spawn_blocking(move || {
        let mut session = run(&home, &["init", "--config", "c.json", "--url", &url]);
        let answers = [
            ("API key", "nobody"),
            ("API secret", "sec ret"),
            ("without spaces", ""),
            ("API secret", "secret"),
            ("may read nothing of", ""),
            ("[nobody]: ", "sales"),
            ("API secret", "secret"),
            ("Which one", ""),
            ("Put it into a client", ""),
        ];
        // What stands with no answer is only waited for.
        let mut said = String::new();
        for (words, answer) in answers {
            said += &session.exp_string(words).unwrap_or_else(|error| panic!("{words}: {error}; {said}"));
            said += words;
            if !answer.is_empty() || words.ends_with("one") || words.ends_with("client") {
                session.send_line(answer).unwrap();
            }
        }
        said += &session.exp_eof().unwrap();
        text(&said)
    });
    let said = typed.await.unwrap();
    assert!(said.contains("give the key of a user who may") && !said.contains("environment"), "{said}");
    assert!(!said.contains("Address of the site"), "{said}");
    let config = std::fs::read_to_string(folder.path().join("c.json")).unwrap();
    assert!(config.contains("\"api_key\": \"sales\""), "{config}");
}

#[tokio::test]
async fn what_stands_before_a_site_is_told_when_its_address_is_given() {
    let page = ResponseTemplate::new(401).set_body_raw("<html><title>Sign in</title></html>", "text/html");
    let to_login = ResponseTemplate::new(302).insert_header("location", "/login");
    for (answer, told) in [
        (page.insert_header("www-authenticate", "Basic"), "asks for a password of its own"),
        (to_login, "asks for a login of its own"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let site = Site::start().await;
        site.respond("GET", "/api/method/frappe.auth.get_logged_user", answer).await;
        let (home, url) = (folder.path().to_owned(), site.url());
        let typed = tokio::task::spawn_blocking(move || {
            let mut session = run(&home, &["init", "--config", "c.json"]);
            let said = transcript_until(&mut session, &[("Address of the site", url.as_str())], "Address of the site");
            // Whoever gives up writes nothing.
            session.send_control('d').unwrap();
            said + &text(&session.exp_eof().unwrap())
        });
        let said = typed.await.unwrap();
        assert!(said.contains(told) && said.contains("nothing was written"), "{told}: {said}");
        assert!(!folder.path().join("c.json").exists());
    }
}

#[tokio::test]
async fn a_key_that_was_mistyped_is_asked_for_again_where_a_file_holds_the_secret() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secret"), "secret\n").unwrap();
    let site = SampleSite::start().await;
    let (home, url) = (folder.path().to_owned(), site.sandbox.url());
    let typed = tokio::task::spawn_blocking(move || {
        let mut session = run(&home, &["init", "--config", "c.json", "--url", &url, "--secret-file", "secret"]);
        let answers = [
            ("API key", "slaes"),
            ("Address of the site", ""),
            ("[slaes]: ", "sales"),
            ("Which one", ""),
            ("Put it into a client", ""),
        ];
        transcript(&mut session, &answers)
    });
    let said = typed.await.unwrap();
    assert!(said.contains("the secret is read from secret each time"), "{said}");
    let config = std::fs::read_to_string(folder.path().join("c.json")).unwrap();
    assert!(config.contains("\"api_key\": \"sales\"") && config.contains("api_secret_file"), "{config}");
}

#[test]
fn a_doctype_that_is_nearly_one_is_told_before_anything_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["init", "--config", "c.json", "--doctypes", "Custmer,Sales Order"];
    let said = transcript(&mut run(folder.path(), &arguments), &[("did you mean Customer?", "")]);
    assert!(said.contains("start again with Customer for Custmer"), "{said}");
    assert!(!said.contains("Address of the site"), "{said}");
}

/// What a demo left in the folder.
fn left(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    entries.filter(|name| name.starts_with("erpnext-mcp-demo")).collect()
}

#[test]
fn a_tour_is_six_calls_each_with_what_a_model_says_and_ends_with_init() {
    let folder = tempfile::tempdir().unwrap();
    let said = transcript(&mut run(folder.path(), &["demo"]), &[]);
    let lines: Vec<&str> = said.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let beginning = |mark: &str| lines.iter().filter(|line| line.contains(mark)).count();
    assert_eq!((beginning("→ "), beginning("← "), beginning("model:")), (6, 6, 6), "{said}");
    assert!(!said.contains("(not shown)"), "{said}");
    // An amount has cents, or none.
    let words = lines.iter().filter(|line| line.contains("model:")).flat_map(|line| line.split(' '));
    let parts = words.filter_map(|word| word.split_once('.')).map(|(_, part)| part.trim_end_matches('.'));
    let cents: Vec<&str> = parts.filter(|part| part.starts_with(|first: char| first.is_ascii_digit())).collect();
    assert!(!cents.is_empty() && cents.iter().all(|cents| cents.len() == 2), "{cents:?}: {said}");
    assert!(lines.last().unwrap().contains("erpnext-mcp init"), "{said}");
    assert_eq!(left(folder.path()), Vec::<String>::new());
}

/// Ends a demo by a signal before it is over by itself, which a slow machine may need several for.
fn end_in_the_middle(folder: &Path, signal: Signal) {
    let in_time = (0..20).any(|_| {
        let mut session = run(folder, &["demo"]);
        session.exp_string("The tools").unwrap();
        let in_time = left(folder).len() == 1;
        session.process_mut().signal(signal).unwrap();
        session.exp_eof().unwrap();
        // A process that nobody waited for is still there.
        let _ = session.process_mut().wait();
        in_time
    });
    assert!(in_time, "{signal}: the demo was over each time");
}

#[test]
fn a_demo_leaves_nothing_behind_whatever_signal_ends_it() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGQUIT, Signal::SIGHUP] {
        let folder = tempfile::tempdir().unwrap();
        end_in_the_middle(folder.path(), signal);
        assert_eq!(left(folder.path()), Vec::<String>::new(), "{signal}");
    }
}

#[test]
fn a_demo_takes_away_what_one_that_was_killed_has_left_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    end_in_the_middle(folder.path(), Signal::SIGKILL);
    assert_eq!(left(folder.path()).len(), 1);
    // Of one that runs, and what only looks like one.
    let own = std::process::id();
    let others = [format!("{own}-x"), "x".to_owned(), "0-x".to_owned(), format!("{}-x", u32::MAX), "-1-x".to_owned()];
    let others = others.map(|name| format!("erpnext-mcp-demo-{name}"));
    others.iter().for_each(|name| std::fs::create_dir(folder.path().join(name)).unwrap());
    transcript(&mut run(folder.path(), &["demo"]), &[]);
    let (mut there, mut others) = (left(folder.path()), others.to_vec());
    there.sort();
    others.sort();
    assert_eq!(there, others);
}
