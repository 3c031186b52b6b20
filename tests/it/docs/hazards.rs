//! That `docs/hazards.md` has every hazard that the code speaks of, that tests name hazards as it does, and that nobody else
//! reads their numbers.

use std::collections::{BTreeMap, BTreeSet};

use erpnext_mcp::tool::definition;
use serde_json::json;

use super::{everything, quoted, tables, tests};
use crate::stdio::Server;
use crate::support::app_of;
use crate::tidy::{read, rust_files};

/// The rows of the page by number: what is in the last column.
fn legend() -> BTreeMap<u32, String> {
    let mut legend = BTreeMap::new();
    for (_, row) in tables(&read("docs/hazards.md")) {
        let number = row[0].strip_prefix('H').and_then(|number| number.parse().ok());
        let number: u32 = number.unwrap_or_else(|| panic!("{}: expected H and a number", row[0]));
        assert!(row[1..].iter().all(|cell| !cell.is_empty()), "H{number}");
        assert!(legend.insert(number, row.last().unwrap().clone()).is_none(), "H{number} stands there twice");
    }
    legend
}

/// The numbers that a text mentions: `H9`, `H14–H16` and `H14, H15`.
fn mentioned(text: &str) -> BTreeSet<u32> {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let mut numbers = BTreeSet::new();
    for (at, _) in text.match_indices('H') {
        let after = &text[at + 1..];
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, after) = after.split_at(digits);
        let alone = !text[..at].ends_with(word) && !after.starts_with(word);
        if alone && (1..=2).contains(&digits.len()) {
            numbers.insert(digits.parse().unwrap());
        }
    }
    numbers
}

#[test]
fn every_hazard_that_the_code_mentions_is_explained() {
    let legend = legend();
    let mut seen = 0;
    for file in ["src", "tests", "schema/src", "codegen", "sandbox"].into_iter().flat_map(rust_files) {
        for number in mentioned(&read(&file)) {
            assert!(legend.contains_key(&number), "{file} mentions H{number}, which docs/hazards.md does not explain");
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn every_test_that_is_named_after_a_hazard_is_named_in_its_row() {
    let legend = legend();
    let texts: Vec<String> = rust_files("tests/it").iter().map(|file| read(file)).collect();
    let functions = texts.iter().flat_map(|text| text.split("fn ").skip(1));
    let ours: BTreeSet<&str> = functions.filter_map(|text| Some(text.split_once('(')?.0)).collect();
    let mut seen = 0;
    for name in tests().into_iter().filter(|name| ours.contains(name.as_str())) {
        let number = name.strip_prefix('h').and_then(|rest| rest.split('_').next()?.parse().ok());
        let Some(number) = number else { continue };
        let row: &String = legend.get(&number).unwrap_or_else(|| panic!("docs/hazards.md: no H{number}"));
        assert!(quoted(row).contains(&name.as_str()), "docs/hazards.md: the row of H{number} does not name {name}");
        seen += 1;
    }
    assert!(seen > 40, "{seen}");
}

/// The string literals of a file, and in `src/cli` the doc comments, which are its help texts.
fn texts(file: &str) -> Vec<String> {
    let (source, mut texts) = (read(file), Vec::new());
    let mut rest = source.as_str();
    while let Some(at) = rest.find(['"', '\'', '/']) {
        let raw = rest[..at].trim_end_matches('#');
        let hashes = "#".repeat(at - raw.len());
        let raw = raw.ends_with('r');
        let (here, after) = rest[at..].split_at(1);
        rest = after;
        if here == "/" && after.starts_with('/') {
            let line = after.split('\n').next().unwrap();
            if file.starts_with("src/cli/") && line.starts_with("//") {
                texts.push(line.to_owned());
            }
            rest = &after[line.len()..];
        } else if here == "'" {
            // A character; else a lifetime, which ends nowhere.
            let mut chars = after.chars();
            let escaped = chars.next() == Some('\\');
            let quote = if escaped { after[2..].find('\'').map(|at| at + 2) } else { after.find('\'') };
            rest = quote.filter(|at| escaped || after[..*at].chars().count() == 1).map_or(after, |at| &after[at + 1..]);
        } else if here == "\"" {
            let end = if raw {
                after.find(&format!("\"{hashes}"))
            } else {
                let mut escaped = false;
                after.find(|c| {
                    let end = c == '"' && !escaped;
                    escaped = c == '\\' && !escaped;
                    end
                })
            };
            let end = end.unwrap_or_else(|| panic!("{file}: a string without an end"));
            texts.push(after[..end].to_owned());
            rest = &after[end + 1..];
        }
    }
    texts
}

#[test]
fn no_text_of_the_program_cites_a_hazard() {
    let mut seen = 0;
    for file in ["src", "schema/src"].into_iter().flat_map(rust_files) {
        for text in texts(&file) {
            assert!(mentioned(&text).is_empty(), "{file}: a number of docs/hazards.md in a text: {text}");
            seen += 1;
        }
    }
    assert!(seen > 4_000, "{seen}");
}

#[tokio::test]
async fn nothing_that_a_client_is_told_cites_a_hazard() {
    let app = app_of(&everything());
    for tool in app.registry().tools() {
        let told = definition::definition(&app.session(), *tool).to_json().to_string();
        assert!(mentioned(&told).is_empty(), "{told}");
    }
    let mut server = Server::start(&everything());
    let told = server.initialize().await;
    assert!(told["result"]["instructions"].is_string() && mentioned(&told.to_string()).is_empty(), "{told}");
    for (method, list) in [("prompts/list", "prompts"), ("resources/templates/list", "resourceTemplates")] {
        let told = server.request(method, json!({})).await;
        assert!(!told["result"][list].as_array().unwrap().is_empty(), "{told}");
        assert!(mentioned(&told.to_string()).is_empty(), "{told}");
    }
}
