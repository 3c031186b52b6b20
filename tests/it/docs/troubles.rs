//! That `docs/troubleshooting.md` has what `doctor` and the advice of errors say, word for word.

use std::collections::BTreeSet;

use super::{quoted, tables};
use crate::tidy::{read, rust_files};

/// A text of the program as the page shows it: `…` for what is put in.
fn shown(literal: &str) -> String {
    let mut shown = String::new();
    for (at, part) in literal.split('{').enumerate() {
        let rest = if at == 0 { part } else { part.split_once('}').map_or("", |(_, rest)| rest) };
        if at > 0 && !shown.ends_with('…') {
            shown.push('…');
        }
        shown.push_str(rest);
    }
    shown
}

/// What the source says in these areas, except for what it calls well on the spot.
fn findings(file: &str, areas: &[&str]) -> BTreeSet<String> {
    let source = read(file);
    let parts: Vec<&str> = source.split('"').collect();
    let texts = parts.windows(2).filter(|pair| {
        let before = pair[0].trim_end();
        let is_well = before.ends_with("Finding::ok(") || before.ends_with("Finding::ok(format!(");
        areas.iter().any(|area| pair[1].starts_with(&format!("{area}: "))) && !is_well
    });
    texts.map(|pair| shown(pair[1])).collect()
}

#[test]
fn every_finding_of_doctor_that_is_not_well_has_a_row() {
    let print = read("src/cli/print.rs");
    let areas = print.split_once("const AREAS").unwrap().1.split_once(';').unwrap().1;
    let areas: Vec<&str> = areas.split_once("];").unwrap().0.split('"').skip(1).step_by(2).collect();
    assert!(areas.contains(&"reports") && areas.len() > 8, "{areas:?}");
    let page = read("docs/troubleshooting.md");
    let rows: BTreeSet<&str> = quoted(&page).into_iter().collect();
    let files = [
        "src/cli/doctor.rs",
        "src/cli/doctor_http.rs",
        "src/cli/doctor_keys.rs",
        "src/cli/newer.rs",
        "src/cli/tried.rs",
    ];
    let said: BTreeSet<String> = files.iter().flat_map(|file| findings(file, &areas)).collect();
    assert!(said.len() > 30, "{said:?}");
    let missing: Vec<&String> = said.iter().filter(|text| !rows.contains(text.as_str())).collect();
    assert!(missing.is_empty(), "docs/troubleshooting.md: no row for {missing:#?}");
}

#[test]
fn every_exception_that_has_an_advice_of_its_own_has_a_row() {
    let source = read("src/site/advice.rs");
    let table = source.split_once("const BY_TYPE").unwrap().1.split_once("\n];").unwrap().0;
    let names = table.split("(\"").skip(1).chain(table.split("(\n        \"").skip(1));
    let names: BTreeSet<&str> = names.filter_map(|rest| rest.split('"').next()).collect();
    assert!(names.len() > 35, "{names:?}");
    let page = read("docs/troubleshooting.md");
    let rows: BTreeSet<&str> = quoted(&page).into_iter().collect();
    let missing: Vec<&&str> = names.iter().filter(|name| !rows.contains(*name)).collect();
    assert!(missing.is_empty(), "docs/troubleshooting.md: no row for {missing:?}");
}

/// The texts of a source, as the compiler reads them.
fn literals(source: &str) -> Vec<String> {
    let (mut texts, mut chars) = (Vec::new(), source.chars().peekable());
    while chars.any(|c| c == '"') {
        let mut text = String::new();
        while let Some(c) = chars.next().filter(|c| *c != '"') {
            match (c, chars.peek().copied()) {
                ('\\', Some('\n')) => while chars.next_if(|c| c.is_whitespace()).is_some() {},
                ('\\', Some(_)) => text.extend(chars.next()),
                _ => text.push(c),
            }
        }
        texts.push(text);
    }
    texts
}

/// The arguments of a call, from behind its bracket on.
fn arguments(source: &str) -> Vec<&str> {
    let (mut depth, mut start, mut is_text, mut is_escaped, mut found) = (0, 0, false, false, Vec::new());
    for (at, c) in source.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_text => is_escaped = true,
            '"' => is_text = !is_text,
            _ if is_text => {}
            ',' | ')' if depth == 0 => {
                found.push(&source[start..at]);
                start = at + 1;
                if c == ')' {
                    break;
                }
            }
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
    }
    found
}

/// What stands in a source between these two.
fn between(file: &str, begins: &str, ends: &str) -> String {
    let source = read(file);
    source.split_once(begins).unwrap().1.split_once(ends).unwrap().0.to_owned()
}

#[test]
fn every_next_step_of_an_error_has_a_row() {
    let sources = [
        between("src/site/advice.rs", "const fn by_kind(", "\n}\n"),
        between("src/site/stranger.rs", "pub fn next(", "\n    }\n"),
        between("src/policy/denial.rs", "pub fn next(", "\n    }\n"),
        between("src/error.rs", "fn arguments(", "fn refused("),
        between("src/error.rs", "fn next(", "\n    }\n"),
        between("src/writes/send.rs", "fn told(", "\n    }\n"),
    ];
    let steps: BTreeSet<String> = sources.iter().flat_map(|source| literals(source)).map(|text| shown(&text)).collect();
    assert!(steps.len() > 28, "{steps:?}");
    let page = read("docs/troubleshooting.md");
    let rows: BTreeSet<&str> = quoted(&page).into_iter().collect();
    let missing: Vec<&String> = steps.iter().filter(|step| !rows.contains(step.as_str())).collect();
    assert!(missing.is_empty(), "docs/troubleshooting.md: no row for {missing:#?}");
}

#[test]
fn every_next_step_of_a_refusal_begins_with_a_tool_or_a_word_that_has_a_row() {
    let page = read("docs/troubleshooting.md");
    let rows = tables(&page).into_iter().filter(|(heading, _)| heading[0] == "First word");
    let words: BTreeSet<String> =
        rows.flat_map(|(_, row)| quoted(&row[0]).into_iter().map(str::to_lowercase).collect::<Vec<_>>()).collect();
    let (mut seen, mut missing) = (0, Vec::new());
    for file in rust_files("src") {
        let source = read(&file);
        let source = source.split("#[cfg(test)]").next().unwrap();
        for call in source.split("::refused(").skip(1) {
            let Some(next) = arguments(call).get(1).and_then(|next| literals(next).into_iter().next()) else {
                continue;
            };
            seen += 1;
            let first = next.split_whitespace().next().unwrap_or_default();
            // What is put in there is the name of a tool.
            let is_a_tool = first.contains(['_', '{']);
            if !is_a_tool && !words.contains(&first.trim_end_matches([',', '.', ':']).to_lowercase()) {
                missing.push(format!("{file}: {next}"));
            }
        }
    }
    assert!(seen > 120, "{seen}");
    assert!(missing.is_empty(), "docs/troubleshooting.md: no row for the first word of {missing:#?}");
}

#[test]
fn every_doubt_about_a_configuration_has_a_row() {
    let page = read("docs/troubleshooting.md");
    let rows = quoted(&page);
    // A row that begins with `…` is for all that ends as it does.
    let has_row = |text: &str| {
        let ends = |row: &str| row.strip_prefix('…').is_some_and(|rest| rest.len() > 10 && text.ends_with(rest));
        rows.iter().any(|row| *row == text || ends(row))
    };
    let sources =
        ["src/check/mod.rs", "src/check/operations.rs", "src/check/reports.rs", "src/config/secret.rs"].map(read);
    let texts = sources.iter().flat_map(|source| literals(source.split("#[cfg(test)]").next().unwrap()));
    let begins = |text: &String| ["permissions", "publish.", "{"].iter().any(|begin| text.starts_with(begin));
    // What mends it stands in a line of its own.
    let told = |text: &str| text.split("; run: ").next().unwrap_or_default().to_owned();
    let said: BTreeSet<String> =
        texts.filter(|text| begins(text) && text.contains(": ")).map(|text| told(&shown(&text))).collect();
    assert!(said.len() > 10, "{said:?}");
    let missing: Vec<&String> = said.iter().filter(|text| !has_row(text.as_str())).collect();
    assert!(missing.is_empty(), "docs/troubleshooting.md: no row for {missing:#?}");
}
