//! `import`: where files to be imported lie.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::reader::Reader;

/// Where files to be imported lie.
#[derive(Clone, Default, Debug)]
pub struct Import {
    /// The absolute path of a directory; without one the text of a file has to be given.
    pub directory: Option<PathBuf>,
}

/// Reads the section.
pub(super) fn read(file: &Reader<'_>) -> Import {
    let Some(section) = file.object("import") else { return Import::default() };
    section.only(&["directory"]);
    section.asks("directory", || json!({"type": "string", "examples": ["/srv/imports"]}));
    let directory = section.text("directory");
    if let Some(path) = directory.filter(|path| !Path::new(path).is_absolute()) {
        section.errors.note(section.at("directory"), format!("expected an absolute path, found {path:?}"));
    }
    Import { directory: directory.map(PathBuf::from) }
}
