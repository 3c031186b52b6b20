//! The child: takes a question and a file on standard input, gives the answer as JSON on standard output, and has
//! bounds that the system holds it to.

use std::io::{Read, Write};
use std::process::ExitCode;

use super::{Ask, Failure, Reading, archive, docx, is_compound, is_pdf, is_zip, pdf, xlsx};

/// The largest file, in bytes, with the question before it.
const MOST_INPUT: u64 = 32 << 20;
/// The address space that the child may have, in bytes: two and a server fit into the gigabyte of a small container,
/// with what it holds of their answers, which their readers count ([`super::MOST_HELD`]).
#[cfg(unix)]
const MEMORY: u64 = 384 << 20;
/// The seconds of a processor that it may take.
#[cfg(unix)]
const SECONDS: u64 = 20;

/// What a process does that was started with [`super::ARGUMENT`].
pub fn child() -> ExitCode {
    if !is_bound() {
        return ExitCode::FAILURE;
    }
    let mut input = Vec::new();
    if std::io::stdin().lock().take(MOST_INPUT).read_to_end(&mut input).is_err() {
        return ExitCode::FAILURE;
    }
    let Some(end) = input.iter().position(|byte| *byte == b'\n') else { return ExitCode::FAILURE };
    let Ok(ask) = serde_json::from_slice(&input[..end]) else { return ExitCode::FAILURE };
    let Ok(answer) = serde_json::to_vec(&read(&ask, &input[end + 1..])) else { return ExitCode::FAILURE };
    let mut out = std::io::stdout().lock();
    match out.write_all(&answer).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Has the system bound this process, as far as it can: memory, time, no file written, none opened. Whether it did.
#[cfg(unix)]
fn is_bound() -> bool {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let bounds = [
        (Resource::Core, 0),
        (Resource::Fsize, 0),
        // Standard input, output and error are open already.
        (Resource::Nofile, 3),
        (Resource::Cpu, SECONDS),
        (Resource::As, MEMORY),
    ];
    bounds.into_iter().all(|(resource, most)| {
        let most = getrlimit(resource).maximum.map_or(most, |now| now.min(most));
        let bound = setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) });
        // Other systems have not all of them: there the parent's clock and what the readers count have to do.
        bound.is_ok() || cfg!(not(target_os = "linux"))
    })
}

/// Where systems have no such bounds, the parent's clock and what the readers count have to do.
#[cfg(not(unix))]
fn is_bound() -> bool {
    true
}

fn read(ask: &Ask, bytes: &[u8]) -> Result<Reading, Failure> {
    if is_zip(bytes) {
        let book = archive::check(bytes)?;
        return match (ask, book) {
            (Ask::Text { pages }, archive::Holds::Workbook) => xlsx::text(bytes, *pages),
            (Ask::Rows { sheet, most }, archive::Holds::Workbook) => xlsx::rows(bytes, sheet.as_deref(), *most),
            (Ask::Text { pages: None }, archive::Holds::Document) => docx::text(bytes),
            (Ask::Text { .. }, archive::Holds::Document) => Err(Failure::NoPart { has: 0 }),
            _ => Err(Failure::Other),
        };
    }
    match ask {
        Ask::Text { pages } if is_pdf(bytes) => pdf::text(bytes, *pages),
        // So begins what has a password, and what is older than these formats.
        _ if is_compound(bytes) => Err(Failure::Locked),
        _ => Err(Failure::Other),
    }
}

/// The parts of a file that are asked for, as positions from 0.
///
/// # Errors
/// That it has no such parts.
pub(super) fn parts(pages: Option<(usize, usize)>, has: usize) -> Result<std::ops::Range<usize>, Failure> {
    match pages {
        None => Ok(0..has),
        Some((first, last)) if first >= 1 && first <= last && first <= has => Ok(first - 1..last.min(has)),
        Some(_) => Err(Failure::NoPart { has }),
    }
}

/// Cuts a text at the bound. Whether there was more.
pub(super) fn cut(text: &mut String, most: usize) -> bool {
    if text.len() <= most {
        return false;
    }
    let end = (0..=most).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    text.truncate(end);
    true
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{cut, parts, read};
    use crate::extract::{Ask, Failure};

    #[test]
    fn parts_are_those_that_the_file_has() {
        assert_eq!(parts(None, 3), Ok(0..3));
        assert_eq!(parts(Some((2, 2)), 3), Ok(1..2));
        assert_eq!(parts(Some((2, 9)), 3), Ok(1..3));
        for wrong in [(0, 1), (4, 4), (3, 2)] {
            assert_eq!(parts(Some(wrong), 3), Err(Failure::NoPart { has: 3 }), "{wrong:?}");
        }
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        let mut text = "aé".to_owned();
        assert!(!cut(&mut text, 3));
        assert!(cut(&mut text, 2));
        assert_eq!(text, "a");
    }

    #[test]
    fn what_is_no_such_file_is_told() {
        let text = Ask::Text { pages: None };
        for (bytes, failure) in [
            (&b""[..], Failure::Other),
            (b"plain", Failure::Other),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1old", Failure::Locked),
            (b"PK\x03\x04", Failure::Broken),
            (b"%PDF-1.7\n", Failure::Broken),
        ] {
            assert_eq!(read(&text, bytes), Err(failure), "{bytes:?}");
        }
        assert_eq!(read(&Ask::Rows { sheet: None, most: 9 }, b"%PDF-1.7\n"), Err(Failure::Other));
    }
}
