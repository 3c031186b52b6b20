//! What the server refuses in words of its own: each refusal says what to do instead.

use std::fs;
use std::path::{Path, PathBuf};

/// What a next step is worded with.
const STEPS: &[&str] = &[
    "next:",
    "again",
    "Use ",
    "Get ",
    "Read ",
    "Look ",
    "Name ",
    "Choose ",
    "Begin ",
    "Update ",
    "Call ",
    "Cancel ",
    "first",
    "did you mean",
    "has to",
    "narrow",
    "needs",
    "tell",
    "Tell ",
    "instead",
    "list_",
    "get_",
    "find_",
    "search_",
    "finds",
    "makes",
    "To correct",
    "changes",
    "{why}",
    "{next}",
    "{message}",
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        match entry.is_dir() {
            true => sources(&entry, found),
            false => found.push(entry),
        }
    }
}

/// The literals of the refusals in a source text.
fn refusals(source: &str) -> Vec<String> {
    let calls = source.split("ToolError::refused(").skip(1);
    let literals = calls.filter_map(|call| {
        let statement = call.split(";\n").next()?;
        let texts: Vec<&str> = statement.split('"').skip(1).step_by(2).collect();
        (!texts.is_empty()).then(|| texts.join(" "))
    });
    literals.collect()
}

#[test]
fn every_refusal_says_what_to_do_instead() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let mut seen = 0;
    for file in files {
        for text in refusals(&fs::read_to_string(&file).unwrap()) {
            seen += 1;
            // What cannot happen needs no advice.
            let cannot_happen = text.contains("the gate holds");
            assert!(cannot_happen || STEPS.iter().any(|step| text.contains(step)), "{}: {text}", file.display());
        }
    }
    assert!(seen > 25, "{seen} refusals");
}
