//! The text of files that others made, read in a child process of this program. The parsers get bytes that anybody may
//! have written: a file on which they crash, hang or take all memory ends the child, not the server.

#[cfg(feature = "file-texts")]
mod archive;
#[cfg(feature = "file-texts")]
mod child;
#[cfg(feature = "file-texts")]
mod docx;
#[cfg(feature = "file-texts")]
mod pdf;
#[cfg(feature = "file-texts")]
mod xlsx;

use std::fmt;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{LazyLock, OnceLock};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::time::timeout;

use crate::limit::{Fair, User, aside};

#[cfg(feature = "file-texts")]
pub use child::child;

/// The argument that makes a child of this program. It is no subcommand: it is for nobody to type.
pub const ARGUMENT: &str = "--read-a-file-on-stdin";

/// How long a file may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// The largest answer of a child, in bytes: [`MOST_TEXT`] as JSON writes it at its longest.
const MOST_ANSWER: u64 = 6 * MOST_TEXT as u64 + (1 << 20);
/// The most text that is given of a file, in bytes.
pub const MOST_TEXT: usize = 8 << 20;
/// The most memory that the rows of a sheet may take, as [`held`] counts it, in bytes.
pub const MOST_HELD: usize = 32 << 20;
/// How many files are read at a time, each of which may take the memory of a child, and how many of them for one user.
static TURNS: LazyLock<Fair> = LazyLock::new(|| Fair::new(2, 1));
/// How long a file waits until others are read.
const WAIT: Duration = Duration::from_secs(30);

/// The program that a child is started from.
static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Has files read by that program, which must be this one: it is started with [`ARGUMENT`]. Until it is named, no file
/// is read; naming another later changes nothing.
pub fn by(program: PathBuf) {
    let _ = PROGRAM.set(program);
}

/// What is asked of a file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// Its text: of the pages of a PDF, or of the sheets of a workbook, from the first to the last that are named.
    Text {
        /// Counted from 1, both included; all where there are none.
        pages: Option<(usize, usize)>,
    },
    /// The rows of one sheet of a workbook.
    Rows {
        /// Its name; the first that is shown where there is none.
        sheet: Option<String>,
        /// How many are given at most: no more are read.
        most: usize,
    },
}

/// What a file is, by what is in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileFormat {
    /// A PDF.
    Pdf,
    /// A document of a word processor.
    Docx,
    /// A workbook.
    Xlsx,
}

/// What a file says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// Its text.
    Text {
        /// What it is.
        kind: FileFormat,
        /// How many pages or sheets it has; 1 of what has neither.
        parts: usize,
        /// Each page below a line `[page 2]`, each sheet below `[sheet Name]`.
        text: String,
        /// Whether it would be longer than [`MOST_TEXT`].
        cut: bool,
    },
    /// The rows of a sheet that are not blank.
    Rows {
        /// The name of the sheet.
        sheet: String,
        /// In their order.
        rows: Vec<Row>,
    },
}

/// A row of a sheet.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Row {
    /// Its number, from 1.
    pub line: u64,
    /// Its cells as texts, up to the last that is not empty: dates as `2026-12-31` or `2026-12-31 10:00:00`, numbers
    /// with a point, `true` and `false`.
    pub cells: Vec<String>,
}

/// Why a file is not read. Written out, it goes on from what the file is: "a PDF" "that needs a password".
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// It is of another kind.
    Other,
    /// It needs a password.
    Locked,
    /// It has no text.
    NoText,
    /// It is not what it begins as.
    Broken,
    /// It unpacks to more than is read, or has more text.
    TooMuch,
    /// A row has more cells than is read.
    TooWide {
        /// Its number.
        line: u64,
    },
    /// It has no such pages or sheets.
    NoPart {
        /// How many it has; 0 where it has none that could be named.
        has: usize,
    },
    /// It has no sheet of that name.
    NoSheet {
        /// Those that it has.
        has: Vec<String>,
    },
    /// A cell holds no value.
    ErrorCell {
        /// The number of its row.
        line: u64,
        /// The number of its column, from 1.
        column: usize,
        /// What it holds, such as `#N/A`.
        error: String,
    },
    /// It took too long.
    TooLong,
    /// The child ended without an answer.
    Died,
    /// Others are read, and it would wait for too long.
    Busy,
    /// No child could be started.
    NotNow,
    /// This program reads no files.
    Off,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other => f.write_str("of a kind that is not read: PDF, DOCX and XLSX are"),
            Self::Locked => f.write_str("that needs a password"),
            Self::NoText => {
                f.write_str("without text that can be read: it may hold only pictures, or fonts that cannot be read")
            }
            Self::Broken => f.write_str("that is broken or not whole"),
            Self::TooMuch => f.write_str("that holds more than is read of a file"),
            Self::TooWide { line } => write!(f, "whose row {line} has more cells than is read"),
            Self::NoPart { has: 0 } => f.write_str("without pages that could be named"),
            Self::NoPart { has } => write!(f, "that has {has} of them"),
            Self::NoSheet { has } => write!(f, "without that sheet; it has {}", has.join(", ")),
            Self::ErrorCell { line, column, error } => {
                write!(f, "with {error} in row {line}, column {column}: the cell holds no value")
            }
            Self::TooLong => write!(f, "that could not be read within {} seconds", PATIENCE.as_secs()),
            Self::Died => {
                f.write_str("that takes more memory or time to read than is given to a file, or breaks its reader")
            }
            Self::Busy => f.write_str("that cannot be read now: other files are being read"),
            Self::NotNow => f.write_str("that could not be read now"),
            Self::Off => f.write_str("whose text is not read here"),
        }
    }
}

impl Failure {
    /// Whether it says nothing of the file: it may be read a moment later.
    pub fn passes(&self) -> bool {
        matches!(self, Self::Busy | Self::NotNow)
    }
}

/// About how much memory a row takes in which so many cells will be, in bytes.
pub fn held<'a>(cells: impl IntoIterator<Item = &'a str>, wide: usize) -> usize {
    let (mut count, mut text) = (0, 0);
    for cell in cells {
        (count, text) = (count + 1, text + cell.len());
    }
    64 + text + 48 * wide.max(count)
}

/// Whether these bytes begin like a PDF. Some have a few bytes before.
pub fn is_pdf(bytes: &[u8]) -> bool {
    bytes[..bytes.len().min(1024)].windows(5).any(|some| some == b"%PDF-")
}

/// Whether these bytes begin like a zip, as DOCX and XLSX are.
pub fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04")
}

/// Whether a zip names the file that every workbook has: such names are not packed.
pub fn names_a_workbook(bytes: &[u8]) -> bool {
    const WORKBOOK: &[u8] = b"xl/workbook.xml";
    bytes.windows(WORKBOOK.len()).any(|some| some == WORKBOOK)
}

/// Whether these bytes begin like DOC and XLS, and like a DOCX or XLSX with a password.
pub fn is_compound(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
}

/// What a file says, read in a turn of that user's.
///
/// # Errors
/// Why it is not read.
pub async fn extract(user: &User, ask: &Ask, bytes: &[u8]) -> Result<Reading, Failure> {
    let program = PROGRAM.get().ok_or(Failure::Off)?;
    let _turn = timeout(WAIT, TURNS.take(user)).await.map_err(|_| Failure::Busy)?;
    let mut command = Command::new(program);
    command.arg(ARGUMENT);
    run(command, ask, bytes, PATIENCE).await
}

/// Gives the bytes to a child and takes its answer. It gets nothing of this process but the bytes, and is gone when
/// this ends, however it ends.
async fn run(mut command: Command, ask: &Ask, bytes: &[u8], patience: Duration) -> Result<Reading, Failure> {
    // Not in the arguments, which every user of the machine can read.
    let mut line = serde_json::to_vec(ask).map_err(|_| Failure::Died)?;
    line.push(b'\n');
    command.env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| {
        tracing::error!("the child that reads files cannot be started: {error}");
        Failure::NotNow
    })?;
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(Failure::Died);
    };
    let mut answer = Vec::new();
    let talk = async {
        // One that has seen enough reads no further: what it says counts.
        let give = async move {
            if stdin.write_all(&line).await.is_ok() {
                let _ = stdin.write_all(bytes).await;
            }
        };
        let mut stdout = stdout.take(MOST_ANSWER);
        tokio::join!(give, stdout.read_to_end(&mut answer)).1
    };
    let talked = timeout(patience, talk).await;
    // Whatever it still does is for nothing.
    let _ = child.kill().await;
    match talked {
        Err(_) => Err(Failure::TooLong),
        Ok(Err(_)) => Err(Failure::Died),
        Ok(Ok(_)) => aside(answer.len(), move || serde_json::from_slice(&answer)).await.unwrap_or(Err(Failure::Died)),
    }
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::path::Path;
    use std::time::{Duration, Instant};

    use tokio::process::Command;

    use super::{Ask, Failure, Reading, Row, run};

    const ASK: Ask = Ask::Text { pages: None };

    /// A child that does what a line of a shell says.
    fn shell(line: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", line]);
        command
    }

    #[tokio::test]
    async fn a_child_that_hangs_is_killed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let began = Instant::now();
        let line = format!("echo $$ > {}; exec /bin/sleep 600", file.display());
        let patience = Duration::from_secs(1);
        assert_eq!(run(shell(&line), &ASK, b"bytes", patience).await, Err(Failure::TooLong));
        assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
        let pid = std::fs::read_to_string(&file).unwrap();
        if cfg!(target_os = "linux") {
            assert!(!Path::new("/proc").join(pid.trim()).exists(), "{pid} goes on");
        }
    }

    #[tokio::test]
    async fn a_child_that_ends_without_an_answer_is_told_and_takes_nobody_with_it() {
        let patience = Duration::from_secs(20);
        // More than a pipe holds: this side is still writing when the child is gone.
        let bytes = vec![b'x'; 1 << 20];
        for line in ["exit 0", "exit 7", "kill -9 $$", "echo no JSON", "echo '{\"Ok\":'"] {
            assert_eq!(run(shell(line), &ASK, &bytes, patience).await, Err(Failure::Died), "{line}");
        }
        let endless =
            "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done";
        let found = run(shell(endless), &ASK, &bytes, Duration::from_secs(2)).await;
        assert!(matches!(found, Err(Failure::TooLong | Failure::Died)), "{found:?}");
    }

    #[tokio::test]
    async fn one_that_cannot_be_started_says_nothing_of_the_file() {
        let nowhere = Command::new("/nowhere/at/all");
        let failure = run(nowhere, &ASK, b"bytes", Duration::from_secs(20)).await.unwrap_err();
        assert!(failure == Failure::NotNow && failure.passes() && !Failure::Died.passes(), "{failure:?}");
    }

    #[tokio::test]
    async fn a_child_gets_the_question_the_bytes_and_no_environment() {
        let answer = r#"{"Ok":{"rows":{"sheet":"S","rows":[{"line":1,"cells":["%s","%s"]}]}}}"#;
        // Cargo gives its tests that variable.
        let line = format!("read ask; read bytes; printf '{answer}' \"$CARGO_MANIFEST_DIR\" \"$bytes\"");
        let found = run(shell(&line), &ASK, b"the bytes\n", Duration::from_secs(20)).await;
        let cells = vec![String::new(), "the bytes".to_owned()];
        assert_eq!(found, Ok(Reading::Rows { sheet: "S".to_owned(), rows: vec![Row { line: 1, cells }] }));
    }
}
