//! Where the file of an export goes: into the one directory of the configuration, under a name that no file has; or over HTTP to
//! what is held for its user.

use std::io;
use std::path::{Path, PathBuf};

use erpnext_schema::{Rule, Violation};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use super::folder::LIVES;
use super::held::{Label, MOST_BYTES, UserFiles};
use super::seen::Source;
use super::sheet::{PACKED, Sheet};
use super::{Format, files_of};
use crate::error::ToolError;
use crate::tool::Call;

/// The longest name of a file, in bytes.
const LONGEST: usize = 120;
/// The most bytes of a file on this machine, before anything is packed: what is written may not fill its disk.
const MOST_ON_DISK: u64 = 1 << 30;
/// Names that Windows keeps for devices, whatever follows the dot.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];
/// Who reads a file back that is held, and how.
const READ_BY: &str = "the client, as a resource (resources/read), signed in as the same user";
/// What stands in an address of a file as it is.
const IN_ADDRESS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.');

/// The place of a file that is not written yet.
pub(super) struct ExportTarget<'a> {
    /// The directory.
    pub directory: &'a Path,
    /// What kind of file.
    pub format: Format,
    stem: String,
    /// Whether the caller chose the name: then no other will do.
    is_chosen: bool,
    /// Among which it is held, where it is read back through this server: the machine that it lies on is not the caller's.
    held: Option<UserFiles>,
}

/// A file that is in its place.
pub(super) struct Kept {
    /// Its address.
    pub uri: String,
    /// What it is called.
    pub name: String,
    /// Where it is, as the answer says it.
    pub told: Vec<(&'static str, Value)>,
}

impl<'a> ExportTarget<'a> {
    /// The place for an export of `what`, under the name that was given if one was.
    ///
    /// # Errors
    /// Names that are none, that there is no such place for this caller, and the site's.
    pub async fn of(
        call: &Call<'a>,
        what: &str,
        name: Option<&str>,
        format: Option<Format>,
    ) -> Result<Self, ToolError> {
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
        let is_remote = call.session.caller.request.is_some();
        // Before anything is read: what its user may no longer see by the end is in no file of theirs.
        let held = if is_remote { Some(files_of(call.session, directory).await?) } else { None };
        let Some(name) = name else {
            let now = Timestamp::now().strftime("%Y%m%d-%H%M%S");
            let stem = format!("{}-{now}", slug(what));
            return Ok(Self { directory, format: format.unwrap_or(Format::Csv), stem, is_chosen: false, held });
        };
        let (stem, format) = named(name, format).map_err(|message| {
            let path = "file_name".to_owned();
            let found = Violation { path, rule: Rule::Value, message, nearest: Some(format!("{}.csv", slug(what))) };
            ToolError::arguments(call.tool.name(), vec![found])
        })?;
        let place = Self { directory, format, stem: stem.to_owned(), is_chosen: true, held };
        if !is_remote && directory.join(place.name(1)).symlink_metadata().is_ok() {
            return Err(place.taken());
        }
        Ok(place)
    }

    /// Adds a row to what becomes the file, unless that is larger by it than a file here may be.
    ///
    /// # Errors
    /// It is; and the system's.
    pub fn add(&self, sheet: &mut Sheet, row: &[Value]) -> Result<(), ToolError> {
        sheet.add(row).map_err(unwritable)?;
        self.fits(if self.held.is_some() { sheet.weight() } else { sheet.bytes() })
    }

    /// Refuses a file that is larger than one that is read back through this server, or than one may be beside it.
    pub fn fits(&self, bytes: u64) -> Result<(), ToolError> {
        let most = if self.held.is_some() { MOST_BYTES } else { MOST_ON_DISK };
        if bytes <= most {
            return Ok(());
        }
        if self.held.is_none() {
            return Err(ToolError::refused(
                format!(
                    "The file is too large: one has up to {} GB, before xlsx packs it. Nothing is left of it.",
                    most >> 30
                ),
                "Narrow the filters or name fewer fields, and export each part.",
            ));
        }
        let most = MOST_BYTES >> 20;
        Err(ToolError::refused(
            format!(
                "The file is too large: over HTTP one has up to {most} MB, and up to {} MB before xlsx packs it. Nothing is \
                 left of it.",
                most * PACKED
            ),
            "Narrow the filters or name fewer fields, and export each part; xlsx is packed and takes a quarter of csv.",
        ))
    }

    /// Puts the file, about documents of this DocType and from this source, in its place.
    ///
    /// # Errors
    /// That the name is taken, that too much is held already, and the system's.
    pub async fn keep(
        &self,
        doctype: &str,
        file: NamedTempFile,
        bytes: u64,
        source: Source,
    ) -> Result<Kept, ToolError> {
        let Some(held) = self.held.clone() else {
            let path = self.give_name(file)?;
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            return Ok(Kept { uri: address(&path), name, told: vec![("file", json!(path.to_string_lossy()))] });
        };
        let label = Label::new(doctype, self.format).map_err(unwritable)?;
        let of = label.clone();
        let kept = tokio::task::spawn_blocking(move || held.keep(&of, file, bytes, &source)).await;
        let Some(fresh) = kept.map_err(io::Error::other).and_then(|kept| kept).map_err(unwritable)? else {
            return Err(ToolError::refused(
                "The files that this server holds for its users come to 1 GB already; nothing is left of this one.",
                "Call again later: each is withdrawn after an hour.",
            ));
        };
        fresh.stays();
        let until = (Timestamp::now() + LIVES).strftime("%Y-%m-%d %H:%M UTC").to_string();
        let uri = label.uri();
        let told = vec![("resource", json!(uri)), ("read_by", json!(READ_BY)), ("until", json!(until))];
        Ok(Kept { uri, name: self.name(1), told })
    }

    /// Gives the file its name: another one than it has, if nobody chose it and it is taken.
    fn give_name(&self, mut file: NamedTempFile) -> Result<PathBuf, ToolError> {
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
fn address(path: &Path) -> String {
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
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;

    use secrecy::SecretString;

    use super::super::sheet::Holds;
    use super::{ExportTarget, Format, MOST_BYTES, MOST_ON_DISK, Sheet, UserFiles, Value, address, named, slug};
    use crate::site::{Caller, Credentials, SiteUrl};

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
    fn what_is_read_back_is_no_larger_than_a_message_may_be_and_what_lies_on_disk_fills_none() {
        let url = SiteUrl::parse("https://erp.example.com", false).unwrap();
        let caller = Caller::new(url, Credentials::bearer(SecretString::from("token")).unwrap());
        let (directory, stem) = (Path::new("/"), "x".to_owned());
        let held = Some(UserFiles::of(directory, caller.identity(), ""));
        let held = ExportTarget { directory, format: Format::Csv, stem, is_chosen: false, held };
        assert!(held.fits(MOST_BYTES).is_ok());
        let refused = held.fits(MOST_BYTES + 1).unwrap_err().for_model();
        assert!(refused.contains("up to 5 MB") && refused.contains("xlsx"), "{refused}");
        let on_disk = ExportTarget { held: None, ..held };
        assert!(on_disk.fits(MOST_ON_DISK).is_ok());
        let refused = on_disk.fits(MOST_ON_DISK + 1).unwrap_err().for_model();
        assert!(refused.contains("up to 1 GB") && refused.contains("Nothing is left of it"), "{refused}");
    }

    #[test]
    fn a_file_that_becomes_too_large_is_refused_before_it_is_whole() {
        let url = SiteUrl::parse("https://erp.example.com", false).unwrap();
        let caller = Caller::new(url, Credentials::bearer(SecretString::from("token")).unwrap());
        let directory = tempfile::tempdir().unwrap();
        let held = Some(UserFiles::of(directory.path(), caller.identity(), ""));
        let row = [Value::from("x".repeat(30_000))];
        let begin = |format| {
            let place = ExportTarget {
                directory: directory.path(),
                format,
                stem: "x".into(),
                is_chosen: false,
                held: held.clone(),
            };
            (place, Sheet::begin(directory.path(), format, vec![("text".to_owned(), Holds::Other)]).unwrap())
        };
        let (place, mut sheet) = begin(Format::Csv);
        let refused = (0..=MOST_BYTES / 30_000).find_map(|_| place.add(&mut sheet, &row).err());
        assert!(refused.unwrap().for_model().contains("up to 5 MB"));
        assert!(sheet.rows() > MOST_BYTES / 30_000, "no sooner than has to be");
        drop(sheet);
        let (place, mut sheet) = begin(Format::Xlsx);
        assert!((0..20).all(|_| place.add(&mut sheet, &row).is_ok()));
        assert!(
            (30_000..31_000).contains(&sheet.weight()),
            "a twentieth of what is not packed yet: {}",
            sheet.weight()
        );
        drop(sheet);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "nothing is left of it");
    }

    #[test]
    fn what_it_is_about_makes_a_name() {
        assert_eq!(slug("Sales Order"), "sales-order");
        assert_eq!(slug("../é"), "export");
        assert_eq!(address(Path::new("/srv/a b/ü.csv")), "file:///srv/a%20b/%C3%BC.csv");
    }
}
