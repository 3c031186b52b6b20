//! `codegen.toml`: which DocTypes are refreshed.

use std::fs;
use std::path::Path;

use anyhow::Context;
use serde::Deserialize;

/// The file, relative to the repository's root.
pub const PATH: &str = "codegen/codegen.toml";

/// Everything that people decide.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Choices {
    /// What `refresh` pulls when the command line says nothing.
    pub refresh: Refresh,
}

/// What `refresh` pulls.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Refresh {
    /// Every DocType of the site.
    pub all: bool,
    /// Every DocType of these modules.
    pub modules: Vec<String>,
    /// These DocTypes.
    pub doctypes: Vec<String>,
}

impl Choices {
    /// Reads the file.
    ///
    /// # Errors
    /// A file that cannot be read or is not TOML.
    pub fn load(root: &Path) -> anyhow::Result<Self> {
        let path = root.join(PATH);
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        toml::from_str(&text).context(PATH)
    }
}
