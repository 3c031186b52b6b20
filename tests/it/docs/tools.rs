//! That `docs/tools.md` has every tool and prompt, as a client is told of them. The tables under its markers are made here;
//! `DOCS_UPDATE=1 cargo test --test it docs` writes them anew.

use std::collections::BTreeSet;

use erpnext_mcp::tool::{Tool, definition};
use serde_json::{Value, json};

use super::everything;
use crate::stdio::Server;
use crate::support::app_of;
use crate::tidy::{read, root};

const PAGE: &str = "docs/tools.md";
/// Arguments that nearly every tool takes: the page explains them once.
const COMMON: [&str; 4] = ["dry_run", "confirm_token", "confirm", "fresh"];
/// Whose typed tools the page shows.
const EXAMPLES: [&str; 2] = ["Customer", "Sales Order"];

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// Names in code, those that can be left out in brackets.
fn listed(arguments: impl Iterator<Item = (String, bool)>) -> String {
    let one = |(name, required)| if required { format!("`{name}`") } else { format!("[`{name}`]") };
    arguments.map(one).collect::<Vec<_>>().join(" ")
}

fn tool_row(tool: &Value) -> String {
    let schema = &tool["inputSchema"];
    let required = |name: &str| schema["required"].as_array().is_some_and(|names| names.contains(&json!(name)));
    let names = schema["properties"].as_object().unwrap().keys().filter(|name| !COMMON.contains(&name.as_str()));
    let arguments = listed(names.map(|name| (name.clone(), required(name))));
    format!("| `{}` | {} | {arguments} |", text(tool, "name"), text(tool, "description").replace('|', r"\|"))
}

fn prompt_row(prompt: &Value) -> String {
    let arguments = prompt["arguments"].as_array().into_iter().flatten();
    let arguments = listed(arguments.map(|arg| (text(arg, "name").to_owned(), arg["required"] == true)));
    format!("| `{}` | {} | {arguments} |", text(prompt, "name"), text(prompt, "description"))
}

/// The page with the tables under its markers made anew, and the tools that the markers name.
fn made(page: &str, tools: &[Value], prompts: &[Value]) -> (String, Vec<String>) {
    let (mut made, mut named) = (Vec::new(), Vec::new());
    let mut lines = page.lines().peekable();
    while let Some(line) = lines.next() {
        made.push(line.to_owned());
        let Some(marker) = line.strip_prefix("<!-- ").and_then(|line| line.strip_suffix(" -->")) else { continue };
        let (heading, rows): (_, Vec<String>) = match marker.split_once(' ') {
            Some(("tools", names)) => {
                let tool = |name: &str| tools.iter().find(|tool| tool["name"] == name);
                let row = |name| tool_row(tool(name).unwrap_or_else(|| panic!("{PAGE}: there is no tool {name}")));
                named.extend(names.split(' ').map(str::to_owned));
                ("Tool", names.split(' ').map(row).collect())
            }
            _ if marker == "prompts" => ("Prompt", prompts.iter().map(prompt_row).collect()),
            _ => panic!("{PAGE}: {marker}: expected tools and their names, or prompts"),
        };
        made.extend([String::new(), format!("| {heading} | What it does | Arguments |"), "|---|---|---|".to_owned()]);
        made.extend(rows);
        // The table that stood here.
        lines.next_if(|line| line.is_empty());
        while lines.next_if(|line| line.starts_with('|')).is_some() {}
        if lines.peek().is_some_and(|line| !line.is_empty()) {
            made.push(String::new());
        }
    }
    (made.join("\n") + "\n", named)
}

#[tokio::test]
async fn the_page_has_every_tool_and_prompt_as_a_client_is_told_of_them() {
    let app = app_of(&everything());
    let all: Vec<Tool> = app.registry().tools().to_vec();
    let shown = all.iter().filter(|tool| !matches!(tool, Tool::Typed(_, def) if !EXAMPLES.contains(&def.name)));
    let tools: Vec<Value> = shown.map(|tool| definition::definition(&app.session(), *tool).to_json()).collect();
    let prompts = Server::initialized(&everything()).await.request("prompts/list", json!({})).await;
    let page = read(PAGE);
    let (made, named) = made(&page, &tools, prompts["result"]["prompts"].as_array().unwrap());
    assert_eq!(named.iter().collect::<BTreeSet<_>>().len(), named.len(), "{PAGE} names a tool twice");
    for tool in all.iter().filter(|tool| !matches!(tool, Tool::Typed(..))) {
        assert!(named.iter().any(|known| known == tool.name()), "{PAGE}: {} is under no marker", tool.name());
    }
    if std::env::var_os("DOCS_UPDATE").is_some() {
        std::fs::write(root().join(PAGE), &made).unwrap();
    } else {
        assert!(
            made == page,
            "{PAGE} is not current: DOCS_UPDATE=1 cargo test --test it docs, then read the difference"
        );
    }
}
