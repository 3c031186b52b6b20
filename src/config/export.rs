//! `export`: where files of exported documents go.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::reader::Reader;

/// Where files of exported documents go.
#[derive(Clone, Default, Debug)]
pub struct Export {
    /// The absolute path of a directory; without one nothing is exported.
    pub directory: Option<PathBuf>,
}

/// Reads the section.
pub(super) fn read(file: &Reader<'_>) -> Export {
    let Some(section) = file.object("export") else { return Export::default() };
    section.only(&["directory"]);
    section.asks("directory", || json!({"type": "string", "examples": ["/srv/exports"]}));
    let directory = section.text("directory");
    if let Some(path) = directory.filter(|path| !Path::new(path).is_absolute()) {
        section.errors.note(section.at("directory"), format!("expected an absolute path, found {path:?}"));
    }
    Export { directory: directory.map(PathBuf::from) }
}
