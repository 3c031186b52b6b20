//! `codegen.toml`: which DocTypes are refreshed, what is renamed, which structs are on by default.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context;
use serde::Deserialize;

/// The file, relative to the repository's root.
pub const PATH: &str = "codegen/codegen.toml";

/// Everything that people decide; an unknown key is an error.
#[derive(Deserialize, Default, Debug)]
#[serde(deny_unknown_fields, default)]
pub struct Choices {
    /// What `refresh` pulls when the command line says nothing.
    pub refresh: Refresh,
    /// Rust names in place of the derived ones: `DocType` = a type's name, `DocType.field` = a field's name.
    pub rename: BTreeMap<String, String>,
    /// What `refresh --stock` takes for ERPNext's own.
    pub stock: Stock,
    /// Which structs exist.
    pub structs: Structs,
    /// Mandatory fields that the site's own code fills where they are left out.
    pub filled: Vec<Filled>,
}

/// What `refresh` pulls.
#[derive(Deserialize, Default, Debug)]
#[serde(deny_unknown_fields, default)]
pub struct Refresh {
    /// Every DocType of the site.
    pub all: bool,
    /// Every DocType of these modules.
    pub modules: Vec<String>,
    /// These DocTypes.
    pub doctypes: Vec<String>,
}

/// What of a site is ERPNext's own though its metadata does not tell; each entry is `DocType.field`.
#[derive(Deserialize, Default, Debug)]
#[serde(deny_unknown_fields, default)]
pub struct Stock {
    /// Custom fields that the installation makes on every site.
    pub keep: Vec<String>,
    /// Fields that the set-up wizard hides.
    pub shown: Vec<String>,
}

/// Which structs exist.
#[derive(Deserialize, Default, Debug)]
#[serde(deny_unknown_fields, default)]
pub struct Structs {
    /// The modules whose structs are compiled by default.
    pub default: Vec<String>,
}

/// Fields that the site's own code fills, on every DocType named.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Filled {
    /// Names of DocTypes.
    pub doctypes: Vec<String>,
    /// Fieldnames; each of at least one of the DocTypes.
    pub fields: Vec<String>,
}

impl Choices {
    /// Reads the file.
    ///
    /// # Errors
    /// A file that cannot be read, is not TOML or holds an unknown key.
    pub fn load(root: &Path) -> anyhow::Result<Self> {
        let path = root.join(PATH);
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        toml::from_str(&text).context(PATH)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_unknown_key_is_an_error_that_names_it() {
        let error = toml::from_str::<Choices>("[refresh]\nmodule = [\"Stock\"]\n").unwrap_err().to_string();
        assert!(error.contains("unknown field `module`") && error.contains("`modules`"), "{error}");
        assert!(toml::from_str::<Choices>("[[filled]]\nfields = []\n").unwrap_err().to_string().contains("doctypes"));
    }
}
