//! That the page of each client has what `init` writes for it, and entries that its file takes.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{quoted, tables};
use crate::cli::run;
use crate::tidy::{files, read};

/// The blocks of code in a page, with their language.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    page.split("```").skip(1).step_by(2).filter_map(|block| block.split_once('\n')).collect()
}

/// The clients that `init` knows.
async fn known() -> BTreeSet<String> {
    let folder = tempfile::tempdir().unwrap();
    let help = run(folder.path(), &[], &["init", "--help"]).await.stdout;
    let values = help.split("--client <CLIENT>").nth(1).unwrap().split("--client-file").next().unwrap();
    let known = values.lines().filter_map(|line| line.trim().strip_prefix("- ")?.split(':').next());
    let known: BTreeSet<String> = known.map(str::to_owned).collect();
    assert!(known.len() > 7, "{help}");
    known
}

#[tokio::test]
async fn the_page_of_a_client_has_the_entry_the_place_and_the_next_step_of_init() {
    for name in known().await {
        let page = read(&format!("docs/clients/{name}.md"));
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().to_str().unwrap();
        let (config, codex) = (format!("{home}/config.json"), format!("{home}/.codex"));
        std::fs::write(&config, r#"{"erpnext": {"url": "https://a.example", "api_key": "k", "api_secret": "s"}}"#)
            .unwrap();
        let env =
            [("ERPNEXT_MCP_COMMAND", r#"["/path/to/erpnext-mcp"]"#), ("APPDATA", home), ("CODEX_HOME", codex.as_str())];
        let done = run(folder.path(), &env, &["--config", &config, "init", "--client", &name]).await;
        let told =
            done.stderr.split("put \"erpnext\" into ").nth(1).unwrap_or_else(|| panic!("{name}: {}", done.stderr));
        let (file, then) = told.trim_end().split_once("; ").unwrap();
        let written = std::fs::read_to_string(file).unwrap().replace(&config, "/path/to/config.json");
        assert!(page.contains(&format!("\n{written}```\n")), "docs/clients/{name}.md: expected the entry\n{written}");
        assert!(page.contains(then), "docs/clients/{name}.md: expected what comes next: {then}");
        if cfg!(target_os = "linux") {
            let file = file.strip_prefix(home).unwrap().trim_start_matches('/');
            assert!(page.contains(&format!("{file}`")), "docs/clients/{name}.md: expected the place {file}");
        }
        assert!(page.contains("\n## Over HTTP\n"), "docs/clients/{name}.md: nothing about HTTP");
    }
}

#[tokio::test]
async fn the_page_of_clients_leads_to_the_page_of_each_and_names_it_as_init_does() {
    let page = read("docs/clients.md");
    let rows = tables(&page).into_iter().filter(|(heading, _)| heading[1] == "`init --client`");
    let rows: Vec<Vec<String>> = rows.map(|(_, row)| row).collect();
    let named: BTreeSet<String> = rows.iter().flat_map(|row| quoted(&row[1])).map(str::to_owned).collect();
    assert_eq!(named, known().await);
    for row in &rows {
        let name = quoted(&row[1]).first().map(|name| format!("(clients/{name}.md)"));
        assert!(name.is_none_or(|name| row[0].ends_with(&name)), "{row:?}");
    }
    let missing: Vec<String> = files("docs/clients");
    let missing =
        missing.iter().filter(|file| !rows.iter().any(|row| row[0].contains(file.trim_start_matches("docs/"))));
    assert_eq!(missing.collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn the_entries_of_the_pages_are_what_the_clients_files_take() {
    let pages: Vec<String> = files("docs/clients").iter().map(|file| read(file)).collect();
    let mut seen = 0;
    for (language, block) in pages.iter().flat_map(|page| blocks(page)) {
        match language {
            "json" => {
                let file: Value = serde_json::from_str(block).unwrap_or_else(|why| panic!("{why}: {block}"));
                let keys = ["mcpServers", "servers", "context_servers"];
                let entry = keys.iter().find_map(|key| file[key].get("erpnext")).unwrap_or_else(|| panic!("{block}"));
                let remote = ["url", "serverUrl", "httpUrl"].iter().find_map(|key| entry[key].as_str());
                match (entry["command"].as_str(), remote) {
                    (Some(_), None) => assert_eq!(entry["args"][0], "--config", "{block}"),
                    (None, Some(url)) => {
                        assert_eq!(url, "https://mcp.example.com/key/mcp", "{block}");
                        let sent = entry["headers"]["Authorization"].as_str().unwrap();
                        assert!(sent.starts_with("token ") && sent.contains(':'), "{block}");
                    }
                    _ => panic!("neither a command nor an address: {block}"),
                }
            }
            "toml" => {
                let file = block.parse::<toml_edit::DocumentMut>().unwrap_or_else(|why| panic!("{why}: {block}"));
                let entry = &file["mcp_servers"]["erpnext"];
                assert!(entry.get("command").is_some() != entry.get("url").is_some(), "{block}");
            }
            _ => continue,
        }
        seen += 1;
    }
    assert!(seen > 14, "{seen}");
}
