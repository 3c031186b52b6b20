#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use erpnext_schema::Version;

use super::*;
use crate::load::folder;

/// A repository with one DocType.
fn repository() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let put = |path: &str, text: &str| write::put(&root.path().join(path), text, false).unwrap();
    let note = r##"{"name": "Note", "module": "Desk", "fields": [
        {"fieldname": "type", "fieldtype": "Select", "options": "A \"#\" b\nC"}]}"##;
    put(&format!("{}/desk/note.json", folder(Version::V15)), note);
    put("codegen/codegen.toml", "[structs]\ndefault = [\"Desk\"]\n");
    put("generated/Cargo.toml", "[package]\nname = \"x\"\n");
    root
}

#[test]
fn generating_twice_changes_nothing_and_a_check_agrees() {
    let root = repository();
    assert!(run(root.path(), true).unwrap_err().to_string().contains(COMMAND));
    assert!(!root.path().join("generated/src").exists(), "a check writes nothing");
    assert!(run(root.path(), false).unwrap().changed > 0);
    assert_eq!(run(root.path(), false).unwrap().changed, 0);
    assert_eq!(run(root.path(), true).unwrap().doctypes, 1);
}

#[test]
fn a_check_names_what_was_edited_and_what_is_too_many() {
    let root = repository();
    run(root.path(), false).unwrap();
    let generated = root.path().join("generated/src");
    fs::write(generated.join("desk/note.rs"), "// edited").unwrap();
    fs::write(generated.join("desk/gone.rs"), "").unwrap();
    let error = run(root.path(), true).unwrap_err().to_string();
    assert!(error.contains("differs: generated/src/desk/note.rs"), "{error}");
    assert!(error.contains("too many: generated/src/desk/gone.rs"), "{error}");
    run(root.path(), false).unwrap();
    assert!(!generated.join("desk/gone.rs").exists());
}

#[test]
fn errors_of_every_kind_come_together_and_nothing_is_written() {
    let root = repository();
    let choices = "[rename]\nNot = \"X\"\n[[filled]]\ndoctypes = [\"Note\"]\nfields = [\"tipe\"]\n";
    fs::write(root.path().join("codegen/codegen.toml"), choices).unwrap();
    let error = run(root.path(), false).unwrap_err().to_string();
    assert!(error.contains("tipe: [[filled]]") && error.contains("Not: [rename]"), "{error}");
    assert!(!root.path().join("generated/src").exists());
}

#[test]
fn the_manifest_keeps_what_people_wrote() {
    let root = repository();
    run(root.path(), false).unwrap();
    let manifest = fs::read_to_string(root.path().join("generated/Cargo.toml")).unwrap();
    assert!(manifest.starts_with("[package]\nname = \"x\"\n\n#"), "{manifest}");
    assert!(manifest.ends_with("[features]\ndefault = [\n    \"desk\",\n]\ndesk = []\n"), "{manifest}");
}

#[test]
fn the_committed_files_are_what_the_committed_snapshot_gives() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let summary = run(&root, true).unwrap();
    assert!(summary.doctypes > 700 && summary.tools > 2000, "{summary}");
}
