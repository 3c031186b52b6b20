//! `erpnext-mcp init` without anybody to ask: what it writes, what it leaves alone, and that what it wrote serves.

use serde_json::{Value, json};

use super::{Done, run};
use crate::sandbox::SampleSite;
use crate::stdio::Server;

const SECRET: (&str, &str) = ("ERPNEXT_API_SECRET", "secret");

async fn init(folder: &std::path::Path, site: &SampleSite, key: &str, more: &[&str]) -> Done {
    let url = site.sandbox.url();
    let arguments = ["init", "--yes", "--url", &url, "--api-key", key, "--config", "c.json"];
    run(folder, &[SECRET], &[&arguments, more].concat()).await
}

fn read(file: std::path::PathBuf) -> Value {
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

#[tokio::test]
async fn a_sales_user_gets_the_sales_preset_cut_to_what_the_site_lets_them_do() {
    let folder = tempfile::tempdir().unwrap();
    let site = SampleSite::start().await;
    let done = init(folder.path(), &site, "sales", &["--preset", "sales-user"]).await;
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(done.stderr.contains("\nroles: "), "{}", done.stderr);
    assert!(done.stderr.contains("it is sales@example.com's"), "{}", done.stderr);
    assert!(done.stderr.contains("sales-user, as far as the site's user may"), "{}", done.stderr);
    assert!(!done.stderr.contains("secret\""), "{}", done.stderr);
    let text = std::fs::read_to_string(folder.path().join("c.json")).unwrap();
    assert!(
        text.lines().any(|line| line.starts_with("      \"Customer\": { \"read\": true,")),
        "a rule is a line: {text}"
    );
    let config = read(folder.path().join("c.json"));
    let rules = config["permissions"]["doctypes"].as_object().unwrap();
    assert_eq!(rules["Quotation"]["submit"], true);
    assert!(rules["Customer"].get("delete").is_none());
    // Nothing that the site would refuse.
    let doctor = run(folder.path(), &[], &["doctor", "--json", "--config", "c.json"]).await;
    let doubts: Vec<_> =
        doctor.json()["findings"].as_array().unwrap().iter().filter(|f| f["level"] != "ok").cloned().collect();
    assert_eq!(doubts, Vec::<Value>::new());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(folder.path().join("c.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    // What belongs into a client is printed.
    let client = done.json();
    let server = &client["mcpServers"]["erpnext"];
    let file = server["args"][1].as_str().unwrap();
    assert!(file.ends_with("c.json") && std::path::Path::new(file).is_absolute(), "{server}");
    let mut server = Server::initialized(&config).await;
    assert_eq!(server.data("test_connection", json!({})).await["user"], "sales@example.com");
}

#[tokio::test]
async fn a_preset_opens_no_report_that_the_user_may_not_run() {
    let folder = tempfile::tempdir().unwrap();
    let site = SampleSite::start().await;
    for (key, runs) in [("reader", false), ("administrator", true)] {
        let done = init(folder.path(), &site, key, &["--preset", "read-only-analyst", "--force"]).await;
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        let reports = read(folder.path().join("c.json"))["permissions"]["reports"].clone();
        assert_eq!(reports.as_array().unwrap().contains(&json!("General Ledger")), runs, "{reports}");
        let told = done.stderr.lines().filter(|line| line.contains("reports left out, as the site does not let"));
        let told: Vec<&str> = told.collect();
        assert!(runs || told.len() == 1 && told[0].contains("General Ledger"), "{told:?}");
        assert!(!done.stderr.contains("reports: the site's user may not run"), "{}", done.stderr);
    }
}

#[tokio::test]
async fn doctypes_are_opened_for_what_the_user_may_do_and_a_wrong_one_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let site = SampleSite::start().await;
    let done = init(folder.path(), &site, "reader", &["--doctypes", "Customer"]).await;
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let rule = &read(folder.path().join("c.json"))["permissions"]["doctypes"]["Customer"];
    assert_eq!(rule["read"], true);
    assert!(rule.get("create").is_none() && rule.get("delete").is_none(), "{rule}");
    std::fs::remove_file(folder.path().join("c.json")).unwrap();
    for (key, doctypes, wanted) in [
        ("reader", "Customer,Custmer", "did you mean Customer?"),
        ("reader", "Journal Entry", "has no right on it"),
        ("disabled", "Customer", "make a new key on the site (your user's Settings, API Access, Generate Keys)"),
        ("disabled", "Customer", "nothing was written"),
        ("nobody", "Customer", "has no right on it"),
        ("sales:secret", "Customer", "--api-key, or ERPNEXT_API_KEY: expected letters and digits"),
    ] {
        let done = init(folder.path(), &site, key, &["--doctypes", doctypes]).await;
        assert!(done.code == Some(1) && done.stderr.contains(wanted), "{wanted}: {}", done.stderr);
        assert!(!folder.path().join("c.json").exists());
    }
}

#[tokio::test]
async fn what_is_there_is_replaced_only_when_told_and_kept_as_a_copy() {
    let folder = tempfile::tempdir().unwrap();
    let site = SampleSite::start().await;
    std::fs::write(folder.path().join("c.json"), "mine").unwrap();
    let done = init(folder.path(), &site, "sales", &[]).await;
    assert!(done.code == Some(1) && done.stderr.contains("--force"), "{}", done.stderr);
    assert_eq!(std::fs::read_to_string(folder.path().join("c.json")).unwrap(), "mine");
    let done = init(folder.path(), &site, "sales", &["--force"]).await;
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let copies = std::fs::read_dir(folder.path()).unwrap().filter(|entry| {
        let path = entry.as_ref().unwrap().path();
        path.extension().is_some_and(|end| end == "bak") && std::fs::read_to_string(path).unwrap() == "mine"
    });
    assert_eq!(copies.count(), 1);
}

#[tokio::test]
async fn a_client_is_told_and_keeps_what_it_had() {
    let folder = tempfile::tempdir().unwrap();
    let site = SampleSite::start().await;
    let file = folder.path().join("client.json");
    std::fs::write(&file, r#"{"theme": "dark", "mcpServers": {"other": {"command": "x"}}}"#).unwrap();
    let client = ["--client", "claude-desktop", "--client-file", "client.json"];
    let done = init(folder.path(), &site, "sales", &client).await;
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let written = read(file);
    assert_eq!(written["theme"], "dark");
    assert_eq!(written["mcpServers"]["other"], json!({"command": "x"}));
    assert_eq!(written["mcpServers"]["erpnext"]["args"][0], "--config");
    let done = init(folder.path(), &site, "sales", &["--force", "--client", "claude-code"]).await;
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(read(folder.path().join(".mcp.json"))["mcpServers"]["erpnext"]["type"], "stdio");
}

#[tokio::test]
async fn the_secret_of_a_file_stays_there_and_no_flag_takes_one() {
    let folder = tempfile::tempdir().unwrap();
    let site = SampleSite::start().await;
    std::fs::write(folder.path().join("s"), "secret\n").unwrap();
    let url = site.sandbox.url();
    let base = ["init", "--yes", "--url", &url, "--api-key", "sales", "--config", "c.json"];
    let done = run(folder.path(), &[], &[&base[..], &["--secret-file", "s"]].concat()).await;
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let erpnext = &read(folder.path().join("c.json"))["erpnext"];
    assert!(erpnext["api_secret_file"].as_str().unwrap().ends_with("/s") && erpnext.get("api_secret").is_none());
    let done = run(folder.path(), &[], &[&base[..], &["--force"]].concat()).await;
    assert!(done.stderr.contains("ERPNEXT_API_SECRET"), "{}", done.stderr);
    let done = run(folder.path(), &[], &[&base[..], &["--api-secret", "x"]].concat()).await;
    assert!(done.stderr.contains("unexpected argument '--api-secret'"), "{}", done.stderr);
}

#[tokio::test]
async fn nobody_who_was_not_asked_permits_more_than_reading() {
    let folder = tempfile::tempdir().unwrap();
    let site = SampleSite::start().await;
    let done = init(folder.path(), &site, "sales", &[]).await;
    assert!(done.code == Some(0) && done.stderr.contains("--preset sales-user permits more"), "{}", done.stderr);
    let rules = read(folder.path().join("c.json"))["permissions"]["doctypes"].clone();
    let rules = rules.as_object().unwrap();
    assert!(rules.contains_key("Quotation") && rules.len() > 10, "{rules:?}");
    let permitted: Vec<&String> = rules.values().flat_map(|rule| rule.as_object().unwrap().keys()).collect();
    assert!(permitted.iter().all(|name| ["read", "report", "print"].contains(&name.as_str())), "{permitted:?}");
    // Whose key it is does not matter, but what it may do.
    std::fs::remove_file(folder.path().join("c.json")).unwrap();
    let done = init(folder.path(), &site, "administrator", &[]).await;
    assert!(done.stderr.contains("create a user with the roles that are needed"), "{}", done.stderr);
    assert!(done.stderr.contains("doctor: "), "{}", done.stderr);
}

#[tokio::test]
async fn a_system_manager_is_told_that_the_key_opens_all_though_it_may_not_make_everything() {
    let folder = tempfile::tempdir().unwrap();
    let site = SampleSite::start().await;
    site.sandbox.add_user("manager", &["System Manager", "Sales User"]).unwrap();
    let done = init(folder.path(), &site, "manager", &[]).await;
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    for wanted in ["may make or change User, Role, Custom Field: ", "--preset read-only-analyst permits more"] {
        assert!(done.stderr.contains(wanted), "{wanted}: {}", done.stderr);
    }
    std::fs::remove_file(folder.path().join("c.json")).unwrap();
    let done = init(folder.path(), &site, "sales", &[]).await;
    assert!(!done.stderr.contains("may make or change"), "{}", done.stderr);
}

#[tokio::test]
async fn a_client_alone_is_added_to_the_configuration_that_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let site = SampleSite::start().await;
    assert_eq!(init(folder.path(), &site, "sales", &[]).await.code, Some(0));
    let before = std::fs::read(folder.path().join("c.json")).unwrap();
    let arguments = ["init", "--yes", "--client", "vscode", "--config", "c.json"];
    let done = run(folder.path(), &[], &arguments).await;
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(std::fs::read(folder.path().join("c.json")).unwrap(), before);
    let client = folder.path().join(".vscode/mcp.json");
    assert_eq!(read(client.clone())["servers"]["erpnext"]["type"], "stdio");
    // --force is for the client's entry then: nothing was said that would make another configuration.
    std::fs::write(&client, r#"{"servers": {"erpnext": {"command": "mine"}}}"#).unwrap();
    let done = run(folder.path(), &[SECRET], &[&arguments[..], &["--force"]].concat()).await;
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(std::fs::read(folder.path().join("c.json")).unwrap(), before);
    assert_eq!(read(client)["servers"]["erpnext"]["args"][0], "--config");
}

#[tokio::test]
async fn what_a_shared_configuration_leaves_to_the_environment_is_told_for_the_clients_entry() {
    let folder = tempfile::tempdir().unwrap();
    let permissions = json!({"doctypes": {"Customer": {"read": true}}});
    let told = async |whole: Value| {
        std::fs::write(folder.path().join("c.json"), whole.to_string()).unwrap();
        let arguments = ["init", "--yes", "--client", "vscode", "--config", "c.json"];
        // That this shell has them says nothing of the client.
        let env = [("ERPNEXT_URL", "https://erp.example.com"), SECRET];
        let done = run(folder.path(), &env, &arguments).await;
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        done.stderr
    };
    let said = told(json!({"permissions": permissions})).await;
    assert!(said.contains("leaves ERPNEXT_URL, ERPNEXT_API_KEY, ERPNEXT_API_SECRET to the environment"), "{said}");
    assert!(said.contains("give \"erpnext\" an \"env\" with them"), "{said}");
    let erpnext = json!({"url": "https://erp.example.com", "api_key": "", "api_secret_file": "/run/secret"});
    let said = told(json!({"erpnext": erpnext, "permissions": permissions})).await;
    assert!(said.contains("leaves ERPNEXT_API_KEY to the environment"), "{said}");
    let erpnext = json!({"url": "https://erp.example.com", "api_key": "a", "api_secret_command": ["pass", "erp"]});
    let said = told(json!({"erpnext": erpnext, "permissions": permissions})).await;
    assert!(!said.contains("to the environment") && !said.contains("has paths that begin"), "{said}");
    let shared =
        json!({"erpnext": {"api_secret_file": "secret"}, "permissions": permissions, "audit": {"enabled": true}});
    let said = told(shared).await;
    let relative = "the folder in which a client starts the program: audit.log_file, erpnext.api_secret_file";
    assert!(said.contains(relative), "{said}");
    let log = if cfg!(windows) { "C:\\log" } else { "/log" };
    let said = told(json!({"permissions": permissions, "audit": {"enabled": true, "log_file": log}})).await;
    assert!(!said.contains("has paths that begin"), "{said}");
}

#[tokio::test]
async fn each_client_gets_its_entry_where_it_looks_and_keeps_its_comments() {
    let folder = tempfile::tempdir().unwrap();
    let site = SampleSite::start().await;
    assert_eq!(init(folder.path(), &site, "sales", &[]).await.code, Some(0));
    let codex = "# mine\nmodel = \"m\"\n\n[mcp_servers.other]\ncommand = \"x\" # theirs\n";
    std::fs::create_dir(folder.path().join(".codex")).unwrap();
    std::fs::write(folder.path().join(".codex/config.toml"), codex).unwrap();
    for client in ["windsurf", "codex", "gemini-cli"] {
        let done = run(folder.path(), &[], &["init", "--yes", "--client", client, "--config", "c.json"]).await;
        assert_eq!(done.code, Some(0), "{client}: {}", done.stderr);
    }
    let zed = ["init", "--yes", "--client", "zed", "--client-file", "zed.json", "--config", "c.json"];
    assert_eq!(run(folder.path(), &[], &zed).await.code, Some(0));
    for (file, section) in [
        (".codeium/windsurf/mcp_config.json", "mcpServers"),
        (".gemini/settings.json", "mcpServers"),
        ("zed.json", "context_servers"),
    ] {
        assert_eq!(read(folder.path().join(file))[section]["erpnext"]["args"][0], "--config", "{file}");
    }
    let after = std::fs::read_to_string(folder.path().join(".codex/config.toml")).unwrap();
    let added = after.strip_prefix(codex).unwrap_or_else(|| panic!("{after}"));
    assert!(added.starts_with("\n[mcp_servers.erpnext]\ncommand = ") && added.contains("--config"), "{added}");
    // Another of that name gives way only when told.
    let other = after.replace("\"--config\"", "\"--other\"");
    assert_ne!(other, after);
    std::fs::write(folder.path().join(".codex/config.toml"), &other).unwrap();
    let again = ["init", "--yes", "--client", "codex", "--config", "c.json"];
    let done = run(folder.path(), &[], &again).await;
    assert!(done.code == Some(1) && done.stderr.contains("--force replaces it"), "{}", done.stderr);
    assert_eq!(std::fs::read_to_string(folder.path().join(".codex/config.toml")).unwrap(), other);
}

#[tokio::test]
async fn a_clients_file_that_is_not_understood_stops_everything_before_it_begins() {
    let folder = tempfile::tempdir().unwrap();
    let site = SampleSite::start().await;
    std::fs::create_dir(folder.path().join(".codex")).unwrap();
    for (client, file) in [("claude-code", ".mcp.json"), ("codex", ".codex/config.toml")] {
        std::fs::write(folder.path().join(file), "{").unwrap();
        let done = init(folder.path(), &site, "sales", &["--client", client]).await;
        assert!(done.code == Some(1) && done.stderr.contains("by hand"), "{client}: {}", done.stderr);
        assert_eq!(std::fs::read_to_string(folder.path().join(file)).unwrap(), "{");
        assert!(!folder.path().join("c.json").exists());
    }
}

#[tokio::test]
async fn what_cannot_be_read_or_written_is_told_before_the_site_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    std::fs::write(folder.path().join("two words"), "sec ret\n").unwrap();
    for (arguments, wanted) in [
        (&["--config", "file/c.json"][..], "c.json cannot be written"),
        (&["--config", "c.json", "--secret-file", "none"][..], "--secret-file: none cannot be read"),
        (
            &["--config", "c.json", "--secret-file", "two words"][..],
            "--secret-file: two words: expected letters and digits",
        ),
    ] {
        // Nothing listens there.
        let base = ["init", "--yes", "--url", "http://127.0.0.1:1", "--api-key", "sales"];
        let done = run(folder.path(), &[], &[&base[..], arguments].concat()).await;
        assert!(done.code == Some(1) && done.stderr.contains(wanted), "{wanted}: {}", done.stderr);
        assert!(!done.stderr.contains("127.0.0.1") && !done.stderr.contains("sec ret"), "{}", done.stderr);
    }
}
