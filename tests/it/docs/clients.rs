//! That the page of the clients has what `init` writes for each, and entries that their files take.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{quoted, tables};
use crate::stdio::command;
use crate::tidy::read;

/// The blocks of code in a section, with their language.
fn blocks(section: &str) -> Vec<(&str, &str)> {
    section.split("```").skip(1).step_by(2).filter_map(|block| block.split_once('\n')).collect()
}

fn section<'a>(page: &'a str, title: &str) -> &'a str {
    let after = page.split(&format!("\n## {title}\n")).nth(1).unwrap_or_else(|| panic!("no section {title}"));
    after.split("\n## ").next().unwrap()
}

#[tokio::test]
async fn every_client_that_init_knows_has_a_section_with_an_entry_for_stdio_and_an_address() {
    let page = read("docs/clients.md");
    let rows = tables(&page).into_iter().filter(|(heading, _)| heading[1] == "NAME");
    let titles: BTreeMap<String, String> =
        rows.map(|(_, row)| (quoted(&row[1])[0].to_owned(), row[0].clone())).collect();
    let (mut program, _folder) = command(&serde_json::json!({}));
    let help = program.args(["init", "--help"]).output().await.unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let values = help.split("--client <CLIENT>").nth(1).unwrap().split("--client-file").next().unwrap();
    let known: Vec<&str> =
        values.lines().filter_map(|line| line.trim().strip_prefix("- ")?.split(':').next()).collect();
    assert!(known.len() > 7, "{help}");
    assert_eq!(titles.len(), known.len(), "{titles:?}, {known:?}");
    for name in known {
        let section = section(&page, titles.get(name).unwrap_or_else(|| panic!("docs/clients.md: no row of {name}")));
        assert!(section.contains("/path/to/erpnext-mcp"), "docs/clients.md: {name}: no entry for stdio");
        assert!(section.contains("https://mcp.example.com/"), "docs/clients.md: {name}: no address");
    }
}

#[test]
fn the_entries_of_the_page_are_what_the_clients_files_take() {
    let page = read("docs/clients.md");
    let mut seen = 0;
    for (language, block) in blocks(&page) {
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
