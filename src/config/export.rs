//! `export`: where files of exported documents go.

use std::path::PathBuf;

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
    Export { directory: section.directory("directory", "/srv/exports") }
}
