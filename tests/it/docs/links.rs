//! That links between pages, and to files, lead somewhere.

use std::collections::BTreeSet;
use std::path::Path;

use super::pages;
use crate::tidy::{read, root};

/// The anchors of a page, as its readers make them of headings: lower case, spaces as hyphens, nothing but letters, digits, `_` and `-`.
fn anchors(page: &str) -> BTreeSet<String> {
    let headings = prose(page).filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| -> String {
        let text = heading.trim_start_matches('#').trim().to_lowercase();
        text.chars()
            .filter(|c| c.is_alphanumeric() || "-_ ".contains(*c))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect()
    };
    headings.map(anchor).collect()
}

/// The lines outside of code blocks.
fn prose(page: &str) -> impl Iterator<Item = &str> {
    let mut code = false;
    page.lines().filter(move |line| {
        let fence = line.starts_with("```");
        code ^= fence;
        !code && !fence
    })
}

/// Where the links of a page lead.
fn targets(page: &str) -> Vec<&str> {
    let links = prose(page).flat_map(|line| line.split("](").skip(1));
    links.filter_map(|after| after.split_once(')')).map(|(target, _)| target).collect()
}

#[test]
fn every_page_of_docs_is_in_the_book_and_in_the_readme() {
    let (book, readme) = (read("docs/SUMMARY.md"), read("README.md"));
    let (book, readme) = (targets(&book), targets(&readme));
    let pages = pages().into_iter().filter(|page| page.starts_with("docs/") && page != "docs/SUMMARY.md");
    let mut seen = 0;
    for page in pages {
        let file = page.trim_start_matches("docs/");
        assert!(book.contains(&file), "docs/SUMMARY.md: {file} is missing");
        assert!(readme.contains(&page.as_str()), "README.md: {page} is missing");
        seen += 1;
    }
    assert!(seen > 12, "{seen}");
}

#[test]
fn links_between_pages_lead_somewhere() {
    let mut seen = 0;
    for page in pages() {
        let text = read(&page);
        for target in targets(&text).into_iter().filter(|target| !target.contains("://")) {
            seen += 1;
            let (file, anchor) = target.split_once('#').map_or((target, None), |(file, anchor)| (file, Some(anchor)));
            let path = Path::new(&page).parent().unwrap().join(file);
            let path = if file.is_empty() { Path::new(&page).to_owned() } else { path };
            assert!(root().join(&path).exists(), "{page}: {target}: no such file");
            if let Some(anchor) = anchor {
                assert!(anchors(&read(&path.to_string_lossy())).contains(anchor), "{page}: {target}: no such heading");
            }
        }
    }
    assert!(seen > 10, "{seen}");
}

#[test]
fn the_dependencies_of_the_rust_api_are_the_same_on_both_pages_and_lead_to_its_crates() {
    let dependencies = |text: &str| -> Vec<String> {
        let block = text.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
        block.lines().map(str::to_owned).collect()
    };
    let stated = dependencies(&read("docs/own-site.md"));
    assert_eq!(stated, dependencies(&read("src/lib.rs").replace("//! ", "")));
    for line in stated.iter().filter(|line| line.contains("path = ")) {
        let (name, path) = (line.split(' ').next().unwrap(), line.split('"').nth(1).unwrap());
        let manifest = read(&format!("{}/Cargo.toml", path.replace("../erpnext-mcp", ".")));
        assert!(manifest.contains(&format!("\nname = \"{name}\"\n")), "{line}");
    }
}
