//! `import`: where files to be imported lie.

use std::path::PathBuf;

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
    Import { directory: section.directory("directory", "/srv/imports") }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;

    use crate::config::sections::read;

    #[test]
    fn the_directory_is_an_absolute_path_or_none() {
        let env = |name: &str| match name {
            "ERPNEXT_URL" => Some("https://env.example.com".to_owned()),
            "ERPNEXT_API_KEY" | "ERPNEXT_API_SECRET" => Some("x".to_owned()),
            _ => None,
        };
        let directory = |text: &str| read(Some(text), &env).map(|config| config.import.directory);
        let path = if cfg!(windows) { "C:/imports" } else { "/srv/imports" };
        let absolute = format!(r#"{{"import": {{"directory": "{path}"}}}}"#);
        assert_eq!(directory(&absolute).unwrap().as_deref(), Some(Path::new(path)));
        assert_eq!(directory("{}").unwrap(), None);
        let errors = directory(r#"{"import": {"directory": "imports", "folder": 1}}"#).unwrap_err();
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        let told = |wanted: &str| errors.iter().any(|error| error.contains(wanted));
        assert!(told("import.directory: expected an absolute path"), "{errors:?}");
        assert!(told("import.folder: unknown key"), "{errors:?}");
    }
}
