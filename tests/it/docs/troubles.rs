//! That `docs/troubleshooting.md` has what `doctor` and the advice of errors say, word for word.

use std::collections::BTreeSet;

use super::quoted;
use crate::tidy::read;

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
    let files = ["src/cli/doctor.rs", "src/cli/doctor_http.rs", "src/cli/tried.rs"];
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
