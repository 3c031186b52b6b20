//! The documentation: its links lead somewhere, the tests and files that it names exist, and what is made from the program is current.

mod administration;
mod clients;
mod exchange;
mod hazards;
mod links;
mod packaging;
mod teams;
mod tools;
mod troubles;

use std::collections::BTreeSet;
use std::path::Path;

use erpnext_mcp::audit::Audit;
use erpnext_mcp::check::{Tables, check};
use erpnext_mcp::config::Config;
use erpnext_mcp::tool::listing::{listing, tokens};
use serde_json::{Value, json};

use crate::floors::FLOORS;
use crate::support::{KEY, SECRET, all, app_from, config_json};
use crate::tidy::{files, read, root, rust_files};

/// A configuration that permits everything.
fn everything() -> Value {
    let mut operations = all();
    operations["export"] = json!(true);
    let mut config = config_json("http://127.0.0.1:9", json!({"default": operations, "reports": ["*"]}));
    config["export"] = json!({"directory": "/srv/exports"});
    config["methods"] = json!({"my_app.api.credit_check": {"description": "Whether a customer may buy on credit."}});
    config
}

/// Every page of the repository.
fn pages() -> Vec<String> {
    files(".").into_iter().filter(|file| file.ends_with(".md")).collect()
}

/// The rows of a page's tables, each with its heading, cells trimmed.
fn tables(page: &str) -> Vec<(Vec<String>, Vec<String>)> {
    let cells = |line: &str| -> Vec<String> {
        let inner = line.trim_matches('|').replace(r"\|", "\u{0}");
        inner.split('|').map(|cell| cell.trim().replace('\u{0}', "|")).collect()
    };
    let (mut rows, mut heading) = (Vec::new(), None);
    for line in page.lines() {
        if !line.starts_with('|') {
            heading = None;
        } else if let Some(heading) = &heading {
            if !line.starts_with("|---") {
                rows.push((Vec::clone(heading), cells(line)));
            }
        } else {
            heading = Some(cells(line));
        }
    }
    rows
}

/// What stands between backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// What stands before a test.
const MARKS: [&str; 3] = ["#[test]", "#[tokio::test", "#[on_every_version]"];

/// The names of all tests.
fn tests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in ["src", "tests", "schema", "codegen", "sandbox"].into_iter().flat_map(rust_files) {
        let text = read(&file);
        for after in MARKS.iter().flat_map(|mark| text.split(mark).skip(1)) {
            let name = after.split_once("fn ").map_or("", |(_, rest)| rest);
            names.insert(name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    names
}

#[test]
fn the_tests_that_pages_name_exist() {
    let tests = tests();
    assert!(tests.len() > 300, "{}", tests.len());
    let mut seen = 0;
    for page in pages() {
        for (heading, row) in tables(&read(&page)) {
            if heading.last().is_none_or(|last| last != "Shown by") {
                continue;
            }
            let shown = row.last().unwrap();
            for name in quoted(shown).into_iter().filter(|_| !shown.starts_with("none: ")) {
                assert!(tests.contains(name), "{page}: {}: there is no test {name}", row[0]);
            }
            let reason = shown.strip_prefix("none: ").is_some_and(|reason| reason.len() > 20);
            assert!(reason || !quoted(shown).is_empty(), "{page}: {}: neither a test nor a reason", row[0]);
            seen += 1;
        }
    }
    assert!(seen > 90, "{seen}");
}

#[test]
fn the_page_of_the_architecture_names_files_that_exist_and_all_rooms_in_their_order() {
    let page = read("ARCHITECTURE.md");
    let prose: String = page.split("```").step_by(2).collect();
    let is_path = |name: &&str| name.contains('/') && !name.contains([' ', '*']);
    let paths: Vec<_> = quoted(&prose).into_iter().filter(is_path).collect();
    assert!(paths.len() > 25, "{paths:?}");
    for path in paths {
        assert!(root().join(path).exists(), "ARCHITECTURE.md: {path}: no such file");
    }
    let tables = tables(&page);
    let rooms = tables.iter().filter(|(heading, _)| heading[0] == "Room").flat_map(|(_, row)| quoted(&row[0]));
    assert_eq!(rooms.collect::<Vec<_>>(), FLOORS.concat());
}

#[test]
fn the_readme_is_short_enough_to_be_read() {
    let lines = read("README.md").lines().count();
    assert!(lines <= 220, "README.md has {lines} lines; what is long goes to docs/");
}

/// The configuration in a file, for a site that is not there.
fn loaded(file: &Path) -> Config {
    let env = |name: &str| match name {
        "ERPNEXT_URL" => Some("http://127.0.0.1:9".to_owned()),
        "ERPNEXT_API_KEY" => Some(KEY.to_owned()),
        "ERPNEXT_API_SECRET" => Some(SECRET.to_owned()),
        // Their files are on no machine of ours.
        "MCP_OAUTH_CLIENT_SECRET" => Some(SECRET.to_owned()),
        "MCP_OAUTH_KEY" => Some("0".repeat(64)),
        _ => None,
    };
    Config::load(Some(file), &env).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_configurations_that_pages_show_can_be_used_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.json");
    let doctypes: Vec<_> = erpnext_doctypes::ALL.iter().map(|table| table.name()).collect();
    let mut seen = 0;
    for page in pages() {
        let text = read(&page);
        let blocks = text.split("```json\n").skip(1).map(|after| after.split("```").next().unwrap());
        for block in blocks.filter(|block| block.contains("\"erpnext\": {\"url\"")) {
            std::fs::write(&file, block).unwrap();
            let unknown = loaded(&file).unknown_names(&erpnext_doctypes::any, &doctypes);
            assert!(unknown.is_empty(), "{page}: {unknown:?}");
            seen += 1;
        }
    }
    assert!(seen > 3, "{seen}");
}

#[test]
fn a_check_of_the_configuration_of_the_readme_finds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.json");
    let page = read("README.md");
    let mut blocks = page.split("```json\n").skip(1).map(|after| after.split("```").next().unwrap());
    let block = blocks.find(|block| block.contains("\"permissions\"")).unwrap();
    std::fs::write(&file, block).unwrap();
    let config = Config::load_offline(Some(&file), &|_| None).unwrap_or_else(|error| panic!("{error}"));
    let findings = check(&config, &Tables { lookup: &erpnext_doctypes::any, live: false });
    assert!(findings.is_empty(), "{findings:?}");
}

#[test]
fn the_costs_of_the_lists_are_those_of_the_presets() {
    let figures = tables(&read("docs/figures.md"));
    for preset in ["read-only-analyst.json", "sales-user.json", "full-access.json"] {
        let app = app_from(&loaded(&root().join("config").join(preset)), Audit::default());
        let listed = listing(&app.session(), app.registry());
        let cell = |row: &str| {
            let of = |(heading, cells): &(Vec<String>, Vec<String>)| {
                let column = heading.iter().position(|cell| cell.contains(preset))?;
                (cells[0] == row).then(|| cells[column].replace(',', "").parse::<usize>().unwrap())
            };
            figures.iter().find_map(of).unwrap_or_else(|| panic!("docs/figures.md: no {row} of {preset}"))
        };
        let told = ["tools permitted", "tools listed", "tokens"].map(cell);
        let counted = [app.registry().tools().len(), listed.tools.len(), tokens(listed.bytes)];
        assert_eq!(told, counted, "docs/figures.md: {preset}");
    }
}

#[test]
fn the_page_of_troubles_has_every_sentence_that_an_error_of_the_site_begins_with() {
    let source = read("src/site/advice.rs");
    let sentences = source.split_once("const fn what(").unwrap().1.split_once("\n}\n").unwrap().0;
    let sentences: Vec<&str> = sentences.split('"').skip(1).step_by(2).collect();
    assert!(sentences.len() > 20, "{sentences:?}");
    let page = read("docs/troubleshooting.md");
    let missing: Vec<&&str> =
        sentences.iter().filter(|sentence| !page.contains(&format!("| `{sentence}` |"))).collect();
    assert!(missing.is_empty(), "docs/troubleshooting.md: no row for {missing:?}");
}

#[test]
fn the_figures_of_the_comparison_are_measured_ones() {
    let (comparison, figures) = (read("docs/comparison.md"), read("docs/figures.md"));
    let section =
        comparison.split("\n## What is measured of this one\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let words =
        section.split(|c: char| !c.is_ascii_digit() && !".,".contains(c)).map(|word| word.trim_matches(['.', ',']));
    let exact: Vec<&str> = words.filter(|word| word.contains(['.', ','])).collect();
    assert!(exact.len() > 5, "{exact:?}");
    // What a preset may cost is its budget.
    for figure in exact.into_iter().filter(|figure| *figure != "10,000") {
        assert!(figures.contains(figure), "docs/comparison.md: {figure} is not in docs/figures.md");
    }
}

#[test]
fn the_limits_that_an_administrator_reads_have_the_defaults_of_the_reference() {
    let named = |heading: &[String], name: &str| heading.iter().position(|cell| cell == name);
    let reference: Vec<(String, String)> = tables(&read("docs/configuration.md"))
        .into_iter()
        .filter_map(|(heading, row)| {
            let (key, default) = (named(&heading, "Key")?, named(&heading, "Default")?);
            Some(((*quoted(&row[key]).first()?).to_owned(), row[default].clone()))
        })
        .collect();
    let mut seen = 0;
    for (heading, row) in tables(&read("docs/administration.md")) {
        if named(&heading, "What is limited").is_none() {
            continue;
        }
        let key = row[1].trim_matches('`');
        let known = reference.iter().filter(|(known, _)| key == known || key.ends_with(&format!(".{known}")));
        let (_, default) = known.max_by_key(|(known, _)| known.len()).unwrap_or_else(|| panic!("no key {key}"));
        assert_eq!(&row[2], default, "docs/administration.md: {key}");
        seen += 1;
    }
    assert!(seen > 10, "{seen}");
}
