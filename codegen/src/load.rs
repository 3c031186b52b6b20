//! The snapshot on disk: a folder for each version, where each DocType's file stands in it, and reading them all.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use erpnext_schema::Version;
use erpnext_schema::snapshot::DocType;

/// The snapshot's directory, relative to the repository's root.
const SNAPSHOT: &str = "schema/snapshot";

/// The snapshot's directory for one version, relative to the repository's root.
pub fn folder(version: Version) -> String {
    format!("{SNAPSHOT}/{version}")
}

/// A name as a file name of `[a-z0-9_]`: letters in lower case, other characters as one underscore, letters beyond
/// ASCII by their number (`xfc` for ü), so that no script of the world gives an empty name.
pub fn slug(name: &str) -> String {
    let mut slug = String::new();
    let mut gap = false;
    for c in name.chars() {
        let piece = match c {
            'a'..='z' | '0'..='9' => c.to_string(),
            'A'..='Z' => c.to_ascii_lowercase().to_string(),
            _ if c.is_alphanumeric() => {
                gap = true;
                format!("x{:x}", u32::from(c))
            }
            _ => {
                gap = true;
                continue;
            }
        };
        if gap && !slug.is_empty() {
            slug.push('_');
        }
        slug.push_str(&piece);
        gap = !c.is_ascii();
    }
    slug
}

/// Where the DocType's file stands, relative to [`folder`].
pub fn path(doctype: &DocType) -> PathBuf {
    Path::new(&slug(&doctype.module)).join(slug(&doctype.name)).with_extension("json")
}

/// The versions that have a folder, oldest first, each with its DocTypes.
///
/// # Errors
/// As [`load`], and where there is none.
pub fn load_all(root: &Path) -> anyhow::Result<Vec<(Version, Vec<DocType>)>> {
    let there = Version::ALL.iter().copied().filter(|version| root.join(folder(*version)).is_dir());
    let loaded = there.map(|version| Ok((version, load(root, version)?))).collect::<anyhow::Result<Vec<_>>>()?;
    if loaded.is_empty() {
        bail!("{SNAPSHOT}: no version has a folder here; `refresh` makes one");
    }
    Ok(loaded)
}

/// Every DocType of one version's snapshot, sorted by name.
///
/// # Errors
/// All at once: files that cannot be read or understood, files in the wrong place, two DocTypes of one name.
pub fn load(root: &Path, version: Version) -> anyhow::Result<Vec<DocType>> {
    let folder = folder(version);
    let base = root.join(&folder);
    let mut doctypes = Vec::new();
    let mut errors = Vec::new();
    for module in entries(&base)?.into_iter().filter(|path| path.is_dir()) {
        for file in entries(&module)? {
            let place = file.strip_prefix(&base).unwrap_or(&file).to_owned();
            match read(&file) {
                Ok(doctype) if path(&doctype) == place => doctypes.push(doctype),
                Ok(doctype) => errors.push(format!("{}: belongs at {}", place.display(), path(&doctype).display())),
                Err(error) => errors.push(format!("{}: {error}", place.display())),
            }
        }
    }
    doctypes.sort_by(|a, b| a.name.cmp(&b.name));
    for pair in doctypes.windows(2).filter(|pair| pair[0].name == pair[1].name) {
        errors.push(format!("{}: stands at {} too", path(&pair[1]).display(), path(&pair[0]).display()));
    }
    if errors.is_empty() { Ok(doctypes) } else { bail!("{folder}:\n{}", errors.join("\n")) }
}

fn read(file: &Path) -> Result<DocType, String> {
    DocType::from_snapshot(&fs::read_to_string(file).map_err(|e| e.to_string())?)
}

/// What a directory holds, sorted by name.
fn entries(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let shown = || directory.display().to_string();
    let found = fs::read_dir(directory).with_context(shown)?;
    let mut paths = found.map(|entry| entry.map(|e| e.path())).collect::<Result<Vec<_>, _>>().with_context(shown)?;
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn slugs_are_lower_snake_in_every_script() {
        assert_eq!(slug("Sales Order"), "sales_order");
        assert_eq!(slug("POS Invoice"), "pos_invoice");
        assert_eq!(slug(" a--b/c "), "a_b_c");
        assert_eq!(slug("Tür"), "t_xfc_r");
        assert_eq!(slug("客户"), "x5ba2_x6237");
    }

    #[test]
    fn a_wrong_place_and_a_broken_file_are_reported_together() {
        let root = tempfile::tempdir().unwrap();
        let base = root.path().join(folder(Version::V15)).join("desk");
        fs::create_dir_all(&base).unwrap();
        fs::write(base.join("note.json"), r#"{"name": "Note", "module": "Core", "fields": []}"#).unwrap();
        fs::write(base.join("tag.json"), r#"{"name": "Tag", "colour": true}"#).unwrap();
        let error = load_all(root.path()).unwrap_err().to_string();
        assert!(error.contains("desk/note.json: belongs at core/note.json"), "{error}");
        assert!(error.contains("desk/tag.json: colour: unknown key"), "{error}");
    }
}
