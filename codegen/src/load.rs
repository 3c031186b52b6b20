//! The snapshot on disk: where each DocType's file stands, and reading them all.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use erpnext_schema::snapshot::DocType;

/// The snapshot's directory, relative to the repository's root.
pub const SNAPSHOT: &str = "schema/snapshot";

/// A name as a file name.
pub fn slug(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("_").to_lowercase()
}

/// Where the DocType's file stands, relative to [`SNAPSHOT`].
pub fn path(doctype: &DocType) -> PathBuf {
    Path::new(&slug(&doctype.module)).join(slug(&doctype.name)).with_extension("json")
}

/// Every DocType of the snapshot, sorted by name.
///
/// # Errors
/// Files that cannot be read or understood.
pub fn load(root: &Path) -> anyhow::Result<Vec<DocType>> {
    let mut doctypes = Vec::new();
    for module in fs::read_dir(root.join(SNAPSHOT)).context(SNAPSHOT)? {
        let module = module?.path();
        if !module.is_dir() {
            continue;
        }
        for file in fs::read_dir(module)? {
            let file = file?.path();
            let read = DocType::from_snapshot(&fs::read_to_string(&file)?);
            doctypes.push(read.map_err(|e| anyhow!("{}: {e}", file.display()))?);
        }
    }
    doctypes.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(doctypes)
}
