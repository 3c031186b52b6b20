//! The zip that DOCX and XLSX are: what it holds, and that it unpacks to no more than is read.

use std::io::{self, Cursor, Read};

use zip::ZipArchive;
use zip::result::ZipError;

use super::Failure;

/// The most that all files in it may unpack to, in bytes.
const MOST: u64 = 128 << 20;
/// The most files in it.
const MOST_FILES: usize = 10_000;
/// Where a document has its text.
pub(super) const DOCUMENT: &str = "word/document.xml";
/// What every workbook has.
const WORKBOOK: &str = "xl/workbook.xml";

/// What a zip is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Holds {
    Document,
    Workbook,
}

/// What a zip holds, after each of its files was unpacked once and counted: the sizes that it states may be lies.
///
/// # Errors
/// That it is broken, locked, too much, or something else.
pub(super) fn check(bytes: &[u8]) -> Result<Holds, Failure> {
    check_within(bytes, MOST)
}

fn check_within(bytes: &[u8], most: u64) -> Result<Holds, Failure> {
    let mut zip = open(bytes)?;
    if zip.len() > MOST_FILES {
        return Err(Failure::TooMuch);
    }
    let has = |wanted: &str| zip.file_names_raw().any(|name| name == wanted.as_bytes());
    let holds = match (has(WORKBOOK), has(DOCUMENT)) {
        (true, false) => Holds::Workbook,
        (false, true) => Holds::Document,
        _ => return Err(Failure::Other),
    };
    let mut left = most;
    for at in 0..zip.len() {
        let file = zip.by_index(at).map_err(|error| failure(&error))?;
        let unpacked = io::copy(&mut file.take(left + 1), &mut io::sink()).map_err(|_| Failure::Broken)?;
        left = left.checked_sub(unpacked).ok_or(Failure::TooMuch)?;
    }
    Ok(holds)
}

/// A zip that was checked.
///
/// # Errors
/// That it is broken.
pub(super) fn open(bytes: &[u8]) -> Result<ZipArchive<Cursor<&[u8]>>, Failure> {
    ZipArchive::new(Cursor::new(bytes)).map_err(|error| failure(&error))
}

/// Why a zip is not read.
pub(super) fn failure(error: &ZipError) -> Failure {
    match error {
        ZipError::InvalidPassword => Failure::Locked,
        ZipError::UnsupportedArchive(why) if *why == ZipError::PASSWORD_REQUIRED => Failure::Locked,
        _ => Failure::Broken,
    }
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::{Cursor, Write};

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::{DOCUMENT, Holds, check, check_within};
    use crate::extract::Failure;

    /// A zip of these files.
    pub fn packed(files: &[(&str, &str)]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in files {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    #[test]
    fn a_zip_is_what_it_holds() {
        assert_eq!(check(&packed(&[(DOCUMENT, "<w:p/>")])), Ok(Holds::Document));
        assert_eq!(check(&packed(&[("xl/workbook.xml", "")])), Ok(Holds::Workbook));
        assert_eq!(check(&packed(&[("readme.txt", "x")])), Err(Failure::Other));
        let whole = packed(&[(DOCUMENT, "<w:p/>")]);
        assert_eq!(check(&whole[..whole.len() - 10]), Err(Failure::Broken));
    }

    #[test]
    fn a_bomb_is_refused_by_what_it_unpacks_to() {
        let zeros = "\0".repeat(1 << 20);
        let bomb = packed(&[(DOCUMENT, ""), ("a", &zeros), ("b", &zeros)]);
        assert!(bomb.len() < 10_000, "{}", bomb.len());
        assert_eq!(check_within(&bomb, 2 << 20), Ok(Holds::Document));
        assert_eq!(check_within(&bomb, (2 << 20) - 1), Err(Failure::TooMuch));
    }
}
