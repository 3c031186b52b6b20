//! The files of one version's snapshot: what a refresh changes is decided first, then each changed file is replaced as a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Component, Path};

use anyhow::{Context, bail};
use erpnext_schema::snapshot::DocType;

use crate::load;
use crate::manifest::File;

/// The snapshot as it stands; paths are relative to its directory, with `/`.
#[derive(Default)]
pub struct Files {
    pub known: BTreeMap<String, File>,
    /// Files that are not understood → why. A refresh of their DocTypes mends them.
    pub broken: BTreeMap<String, String>,
}

/// What a refresh does to the files.
#[derive(Default)]
pub struct Plan {
    /// Every file as it will stand.
    pub after: BTreeMap<String, File>,
    /// Paths of new and changed files.
    pub write: Vec<String>,
    /// Paths of files to delete.
    pub remove: Vec<String>,
    /// DocTypes of the snapshot that the site no longer lists.
    pub vanished: Vec<String>,
    /// DocTypes that the snapshot has no place for → why.
    pub failures: BTreeMap<String, String>,
}

/// Reads the snapshot; one that does not exist yet is empty.
///
/// # Errors
/// A directory or file that cannot be read.
pub fn read(base: &Path) -> anyhow::Result<Files> {
    let mut files = Files::default();
    if !base.exists() {
        return Ok(files);
    }
    for module in entries(base)?.filter(|path| path.is_dir()) {
        for path in entries(&module)?.filter(|path| path.extension().is_some_and(|end| end == "json")) {
            let place = place(path.strip_prefix(base).unwrap_or(&path)).unwrap_or_default();
            let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            match DocType::from_snapshot(&text) {
                Ok(doctype) => drop(files.known.insert(place, File { text, doctype })),
                Err(reason) => drop(files.broken.insert(place, reason)),
            }
        }
    }
    Ok(files)
}

fn entries(directory: &Path) -> anyhow::Result<impl Iterator<Item = std::path::PathBuf>> {
    let found = fs::read_dir(directory).with_context(|| directory.display().to_string())?;
    let paths: Result<Vec<_>, _> = found.map(|entry| entry.map(|entry| entry.path())).collect();
    Ok(paths?.into_iter())
}

/// Decides what to write and to delete. What was not read again stays as it is.
///
/// # Errors
/// Files that are not understood and that this refresh does not replace.
pub fn plan(
    before: Files,
    fetched: BTreeMap<String, DocType>,
    listed: &BTreeSet<&str>,
    prune: bool,
) -> anyhow::Result<Plan> {
    let mut plan = Plan::default();
    let mut broken = before.broken;
    for (path, file) in &before.known {
        let name = &file.doctype.name;
        if let Some(new) = fetched.get(name) {
            // Moved to another module.
            if place(&load::path(new)).is_some_and(|new| new != *path) {
                plan.remove.push(path.clone());
            }
        } else if !listed.contains(name.as_str()) {
            plan.vanished.push(name.clone());
            if prune {
                plan.remove.push(path.clone());
            }
        }
    }
    plan.after = before.known.clone();
    plan.after.retain(|path, _| !plan.remove.contains(path));
    for (name, doctype) in fetched {
        let Some(path) = place(&load::path(&doctype)) else {
            plan.failures.insert(name, "its name or its module makes no file name".to_owned());
            continue;
        };
        if let Some(holder) = plan.after.get(&path).filter(|file| file.doctype.name != name) {
            let reason = format!("its file {path} is that of {:?}", holder.doctype.name);
            plan.failures.insert(name, reason);
            continue;
        }
        broken.remove(&path);
        let file = File { text: doctype.to_snapshot(), doctype };
        if before.known.get(&path).is_none_or(|old| old.text != file.text) {
            plan.write.push(path.clone());
        }
        plan.after.insert(path, file);
    }
    // A place that is taken over is written, not deleted.
    plan.remove.retain(|path| !plan.after.contains_key(path));
    if !broken.is_empty() {
        let lines: Vec<String> = broken.iter().map(|(path, reason)| format!("{path}: {reason}")).collect();
        bail!("{}\nrefresh these DocTypes too, or delete the files", lines.join("\n"));
    }
    Ok(plan)
}

/// Module and file, and nothing that leads out of the snapshot.
fn place(path: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = path
        .components()
        .map(|part| match part {
            Component::Normal(name) => name.to_str(),
            _ => None,
        })
        .collect();
    parts.filter(|parts| parts.len() == 2 && parts[1] != ".json").map(|parts| parts.join("/"))
}

/// Writes what the plan says, and the manifest last: until then the old one tells what the files were.
///
/// # Errors
/// A file that cannot be written; those before it are complete.
pub fn apply(base: &Path, plan: &Plan, manifest: &str) -> anyhow::Result<()> {
    fs::create_dir_all(base).with_context(|| base.display().to_string())?;
    for path in &plan.write {
        if let Some(file) = plan.after.get(path) {
            replace(base, path, &file.text)?;
        }
    }
    for path in &plan.remove {
        let path = base.join(path);
        fs::remove_file(&path).with_context(|| path.display().to_string())?;
        // The module's directory, where this was its last file.
        let _ = path.parent().map(fs::remove_dir);
    }
    replace(base, crate::manifest::FILE, manifest)
}

/// Replaces one file as a whole, unless it says so already.
///
/// # Errors
/// A file or directory that cannot be written.
pub fn replace(base: &Path, path: &str, text: &str) -> anyhow::Result<()> {
    let target = base.join(path);
    if fs::read_to_string(&target).is_ok_and(|old| old == text) {
        return Ok(());
    }
    let write = || {
        fs::create_dir_all(target.parent().unwrap_or(base))?;
        // In the base directory, where nobody takes what a killed run leaves behind for a DocType.
        // Made by hand, since a temporary file is its owner's alone and the snapshot is everybody's.
        let mut file = tempfile::Builder::new().prefix(".refresh-").make_in(base, |path| fs::File::create_new(path))?;
        file.write_all(text.as_bytes())?;
        file.persist(&target).map_err(|failed| failed.error).map(drop)
    };
    write().with_context(|| target.display().to_string())
}
