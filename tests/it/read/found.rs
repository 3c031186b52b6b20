//! What is told of tools that were found: as much as a call needs.

use serde_json::{Value, json};

use crate::sandbox::site;
use crate::support::{all, call};
use crate::tidy::read;

/// What people ask for, a line for each tool.
fn questions() -> Vec<String> {
    let lines = read("src/tool/search_questions.txt");
    let asked = lines
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(": "))
        .map(|(_, asked)| asked.split(" | "));
    asked.filter_map(|mut ways| ways.next().map(str::to_owned)).collect()
}

#[on_every_version]
async fn what_is_found_is_told_in_a_few_bytes_with_all_that_a_call_needs() {
    let (_site, app) = site(json!({"default": all()})).await;
    let (mut sum, questions) = (0, questions());
    for query in &questions {
        let found = call(&app, "find_tools", json!({"query": query})).await.unwrap();
        let bytes = found.to_string().len();
        assert!(bytes < 6_000, "{query}: {bytes} bytes: {found}");
        sum += bytes;
        let tools = found["tools"].as_array().unwrap();
        for (at, tool) in tools.iter().enumerate() {
            assert_eq!(tool.get("inputSchema").is_some(), at == 0, "{query}: {tool}");
            if at == 0 {
                continue;
            }
            // What a call must have is there.
            let whole = call(&app, "find_tools", json!({"query": tool["name"]})).await.unwrap();
            let required = whole["tools"][0]["inputSchema"]["required"].clone();
            for name in required.as_array().into_iter().flatten().filter_map(Value::as_str) {
                assert!(tool["arguments"].as_str().unwrap().contains(&format!("{name}: ")), "{name}: {tool}");
            }
        }
    }
    assert!(questions.len() > 50 && sum / questions.len() < 2_500, "{} bytes on average", sum / questions.len());
    let quoted = call(&app, "find_tools", json!({"query": "new quotation"})).await.unwrap();
    let whole = call(&app, "find_tools", json!({"query": "create_quotation_document"})).await.unwrap();
    let size = |found: &Value| found["tools"][0].to_string().len();
    assert!(size(&quoted) * 3 < size(&whole), "{quoted}");
}
