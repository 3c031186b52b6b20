//! Where the file of an export goes: into the one directory of the configuration, under a name that no file has.

use std::io;
use std::path::{Path, PathBuf};

use erpnext_schema::{Rule, Violation};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tempfile::NamedTempFile;

use super::Format;
use crate::error::ToolError;
use crate::tool::Call;

/// The longest name of a file, in bytes.
const LONGEST: usize = 120;
/// Names that Windows keeps for devices, whatever follows the dot.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];
/// What stands in an address of a file as it is.
const IN_ADDRESS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.');

/// The place of a file that is not written yet.
pub(super) struct Place<'a> {
    /// The directory.
    pub directory: &'a Path,
    /// What kind of file.
    pub format: Format,
    stem: String,
    /// Whether the caller chose the name: then no other will do.
    is_chosen: bool,
}

impl<'a> Place<'a> {
    /// The place for an export of `what`, under the name that was given if one was.
    ///
    /// # Errors
    /// Names that are none, and that there is no such place for this caller.
    pub fn of(call: &Call<'a>, what: &str, name: Option<&str>, format: Option<Format>) -> Result<Self, ToolError> {
        if call.session.caller.request.is_some() {
            return Err(ToolError::refused(
                "A file would lie on the machine of this server, which its users over HTTP do not have. No file was written.",
                "Read it with a list or run_report, or ask whoever runs the server to export it over stdio.",
            ));
        }
        let Some(directory) = call.session.export.directory.as_deref() else {
            return Err(ToolError::refused(
                "This server's configuration names no directory for exports (export.directory).",
                "Read it with a list or run_report.",
            ));
        };
        if !directory.is_dir() {
            return Err(ToolError::refused(
                "The directory of the configuration's export.directory is not there. No file was written.",
                "Tell the administrator: it has to be made first.",
            ));
        }
        let Some(name) = name else {
            let now = Timestamp::now().strftime("%Y%m%d-%H%M%S");
            let stem = format!("{}-{now}", slug(what));
            return Ok(Self { directory, format: format.unwrap_or(Format::Csv), stem, is_chosen: false });
        };
        let (stem, format) = named(name, format).map_err(|message| {
            let path = "file_name".to_owned();
            let found = Violation { path, rule: Rule::Value, message, nearest: Some(format!("{}.csv", slug(what))) };
            ToolError::arguments(call.tool.name(), vec![found])
        })?;
        let place = Self { directory, format, stem: stem.to_owned(), is_chosen: true };
        if directory.join(place.name(1)).symlink_metadata().is_ok() {
            return Err(place.taken());
        }
        Ok(place)
    }

    /// Gives the file its name: another one than it has, if nobody chose it and it is taken.
    ///
    /// # Errors
    /// That the name is taken, and the system's.
    pub fn keep(&self, mut file: NamedTempFile) -> Result<PathBuf, ToolError> {
        file.as_file().sync_all().map_err(unwritable)?;
        for turn in 1..=100 {
            let path = self.directory.join(self.name(turn));
            match file.persist_noclobber(&path) {
                Ok(_) => return Ok(path),
                Err(failed) if failed.error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(unwritable(failed.error));
                }
                Err(_) if self.is_chosen => break,
                Err(failed) => file = failed.file,
            }
        }
        Err(self.taken())
    }

    fn name(&self, turn: u32) -> String {
        let again = if turn > 1 { format!("-{turn}") } else { String::new() };
        format!("{}{again}.{}", self.stem, self.format.as_str())
    }

    fn taken(&self) -> ToolError {
        ToolError::refused(
            format!("file_name: there is a file {:?} already, and no file is overwritten.", self.name(1)),
            "Give another file_name, or none.",
        )
    }
}

/// What the model is told of a file that could not be written: nothing of this machine.
pub(super) fn unwritable(error: io::Error) -> ToolError {
    tracing::error!("an export could not be written: {error}");
    let what = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "The disk of the exports is full",
        io::ErrorKind::PermissionDenied => "This server may not write into the directory of the exports",
        _ => "The file could not be written",
    };
    ToolError::refused(format!("{what}; nothing is left of it."), "Tell the administrator.")
}

/// The address of a file of this machine.
pub(super) fn address(path: &Path) -> String {
    let path = path.to_string_lossy().replace('\\', "/");
    let root = if path.starts_with('/') { "" } else { "/" };
    format!("file://{root}{}", utf8_percent_encode(&path, IN_ADDRESS))
}

/// The name without its end, and the format that this and the argument say.
fn named(name: &str, format: Option<Format>) -> Result<(&str, Format), String> {
    let ends = [Format::Csv, Format::Xlsx].into_iter().find_map(|format| {
        let (stem, end) = name.rsplit_once('.')?;
        end.eq_ignore_ascii_case(format.as_str()).then_some((stem, format))
    });
    let (stem, format) = match (ends, format) {
        (Some((_, ends)), Some(format)) if ends != format => {
            return Err(format!("ends like a file of {}, and format is {}", ends.as_str(), format.as_str()));
        }
        (Some((stem, format)), _) => (stem, format),
        (None, format) => (name, format.unwrap_or(Format::Csv)),
    };
    let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | '(' | ')');
    let lower = stem.to_lowercase();
    let device = lower.split('.').next().unwrap_or_default().trim_end();
    let numbered = device.strip_prefix("com").or_else(|| device.strip_prefix("lpt"));
    let is_device = DEVICES.contains(&device) || numbered.is_some_and(|rest| rest.chars().count() == 1);
    if stem.is_empty() || stem.len() > LONGEST || !stem.chars().all(plain) {
        return Err(format!("is a name of letters, digits, spaces and -_.() without a folder, up to {LONGEST} bytes"));
    }
    if stem.starts_with(['.', ' ', '-']) || stem.ends_with(['.', ' ']) || is_device {
        return Err("is a name that some system hides, cuts or keeps for a device".to_owned());
    }
    Ok((stem, format))
}

/// A name for a file, of what it is about.
fn slug(what: &str) -> String {
    let words: Vec<&str> = what.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let slug = words.join("-").to_lowercase();
    let slug: String = slug.chars().take(LONGEST / 2).collect();
    if slug.is_empty() { "export".to_owned() } else { slug }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Format, address, named, slug};

    #[test]
    fn a_name_leads_nowhere_else_and_is_one_everywhere() {
        for name in [
            "",
            ".csv",
            "..",
            "../x",
            "a/b",
            "a\\b",
            "/etc/x",
            "C:x",
            "x\0y",
            "x\ny",
            ".hidden",
            "-rf",
            "x.",
            "x ",
            "CON",
            "nul.csv",
            "com1.tar.csv",
            "lpt9",
            "a*b",
            "a|b",
            "a\u{202e}b",
            "~",
            "$HOME",
            &"x".repeat(121),
        ] {
            assert!(named(name, None).is_err(), "{name:?}");
        }
        for (name, format, wanted) in [
            ("orders", None, ("orders", Format::Csv)),
            ("orders.XLSX", None, ("orders", Format::Xlsx)),
            ("Größe (2026).v2", Some(Format::Xlsx), ("Größe (2026).v2", Format::Xlsx)),
            ("console.csv", Some(Format::Csv), ("console", Format::Csv)),
        ] {
            assert_eq!(named(name, format), Ok(wanted));
        }
        assert!(named("x.csv", Some(Format::Xlsx)).is_err());
    }

    #[test]
    fn what_it_is_about_makes_a_name() {
        assert_eq!(slug("Sales Order"), "sales-order");
        assert_eq!(slug("../é"), "export");
        assert_eq!(address(Path::new("/srv/a b/ü.csv")), "file:///srv/a%20b/%C3%BC.csv");
    }
}
