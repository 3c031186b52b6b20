//! `Sheet`: a table on its way into a file, a row at a time, so that memory holds no more than one. Texts stay texts: none
//! is a formula for the program that opens the file.

use std::borrow::Cow;
use std::io::{self, BufWriter, Read, Seek, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use ring::digest::{Context, SHA256};
use rust_xlsxwriter::{ExcelDateTime, Format as Style, Workbook, XlsxError};
use serde_json::Value;
use tempfile::NamedTempFile;

use super::Format;
use super::folder::UNFINISHED;
use crate::hex::hex;

/// The longest text of a cell of XLSX, in units of UTF-16.
const LONGEST_CELL: usize = 32_767;
/// How many times as large as a file XLSX may be before it is packed, and how many bytes a cell takes beside its text.
pub(super) const PACKED: u64 = 20;
const CELL: u64 = 8;
/// The largest whole number that XLSX holds exactly.
const EXACT: u64 = 1 << 53;

/// What the values of a column are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Holds {
    /// A day.
    Date,
    /// A day and a time.
    Datetime,
    /// Anything else: texts and numbers.
    Other,
}

/// A table that is being written; gone if it is not kept.
pub(super) struct Sheet {
    writer: Writer,
    columns: Vec<(String, Holds)>,
    rows: u64,
    /// The bytes of what is written so far, before anything is packed.
    bytes: u64,
    defused: u64,
    cut: u64,
}

enum Writer {
    Csv(BufWriter<NamedTempFile>),
    Xlsx { file: NamedTempFile, book: Box<Workbook>, row: u32, styles: Box<[Style; 2]> },
}

/// A file that is whole.
pub(super) struct Written {
    /// The file, which has no name yet.
    pub file: NamedTempFile,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256 in hexadecimal digits.
    pub sha256: String,
    /// How many rows it has, without the one that names the columns.
    pub rows: u64,
    /// How many texts have a mark before them, as they begin like a formula.
    pub defused: u64,
    /// How many texts are longer than a cell.
    pub cut: u64,
}

impl Sheet {
    /// Begins a file that is its owner's alone.
    ///
    /// # Errors
    /// The system's.
    pub fn begin(directory: &Path, format: Format, columns: Vec<(String, Holds)>) -> io::Result<Self> {
        let file = NamedTempFile::with_prefix_in(UNFINISHED, directory)?;
        let writer = match format {
            Format::Csv => Writer::Csv(BufWriter::new(file)),
            Format::Xlsx => {
                let mut book = Box::new(Workbook::new());
                book.set_tempdir(directory).map_err(failed)?;
                book.add_worksheet_with_constant_memory().map_err(failed)?;
                let style = |format| Style::new().set_num_format(format);
                let styles = Box::new([style("yyyy-mm-dd"), style("yyyy-mm-dd hh:mm:ss")]);
                Writer::Xlsx { file, book, row: 0, styles }
            }
        };
        let labels: Vec<Value> = columns.iter().map(|(label, _)| Value::from(label.as_str())).collect();
        let plain = columns.iter().map(|(label, _)| (label.clone(), Holds::Other)).collect();
        let mut sheet = Self { writer, columns: plain, rows: 0, bytes: 0, defused: 0, cut: 0 };
        sheet.write(&labels)?;
        (sheet.columns, sheet.defused) = (columns, 0);
        Ok(sheet)
    }

    /// What the columns are called.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(label, _)| label.as_str())
    }

    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// How many bytes are written by now, before anything is packed.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How many bytes the file has by now, of those that it may have: XLSX is packed only at the end.
    pub fn weight(&self) -> u64 {
        match self.writer {
            Writer::Csv(_) => self.bytes,
            Writer::Xlsx { .. } => self.bytes / PACKED,
        }
    }

    /// Adds a row, a value for each column.
    ///
    /// # Errors
    /// The system's.
    pub fn add(&mut self, cells: &[Value]) -> io::Result<()> {
        self.rows += 1;
        // The library of workbooks panics where it cannot write.
        catch_unwind(AssertUnwindSafe(|| self.write(cells))).unwrap_or_else(|_| Err(io::ErrorKind::StorageFull.into()))
    }

    fn write(&mut self, cells: &[Value]) -> io::Result<()> {
        match &mut self.writer {
            Writer::Csv(file) => {
                for (at, cell) in cells.iter().enumerate() {
                    let separator = if at > 0 { "," } else { "" };
                    let text = text(cell);
                    let safe = if cell.is_number() { Cow::Borrowed(&*text) } else { defused(&text) };
                    self.defused += u64::from(safe.len() > text.len());
                    let quoted = quoted(&safe);
                    self.bytes += (separator.len() + quoted.len()) as u64;
                    write!(file, "{separator}{quoted}")?;
                }
                self.bytes += 2;
                file.write_all(b"\r\n")
            }
            Writer::Xlsx { book, row, styles, .. } => {
                let page = book.worksheet_from_index(0).map_err(failed)?;
                for ((column, cell), (_, holds)) in (0..).zip(cells).zip(&self.columns) {
                    let number = cell.as_f64().filter(|_| is_exact(cell));
                    let [day, moment] = &**styles;
                    let style = if *holds == Holds::Date { day } else { moment };
                    let time = cell.as_str().filter(|_| *holds != Holds::Other).and_then(time);
                    self.bytes += CELL;
                    let written = match (cell, number, time) {
                        (Value::Null, ..) => continue,
                        (Value::Bool(is), ..) => page.write_boolean(*row, column, *is),
                        (_, Some(number), _) => page.write_number(*row, column, number),
                        (_, _, Some(time)) => page.write_datetime_with_format(*row, column, time, style),
                        (cell, ..) => {
                            let text = text(cell);
                            let fitted = fitted(&text);
                            self.cut += u64::from(fitted.len() < text.len());
                            self.bytes += fitted.len() as u64;
                            page.write_string(*row, column, fitted)
                        }
                    };
                    written.map_err(failed)?;
                }
                *row += 1;
                Ok(())
            }
        }
    }

    /// Ends the file; takes as long as packing it does.
    ///
    /// # Errors
    /// The system's.
    pub fn end(self) -> io::Result<Written> {
        let mut file = match self.writer {
            Writer::Csv(file) => file.into_inner().map_err(io::IntoInnerError::into_error)?,
            Writer::Xlsx { mut file, mut book, .. } => {
                book.save_to_writer(BufWriter::new(&mut file)).map_err(failed)?;
                file
            }
        };
        file.flush()?;
        file.rewind()?;
        let (mut whole, mut bytes, mut part) = (Context::new(&SHA256), 0, vec![0; 64 << 10]);
        loop {
            let read = file.read(&mut part)?;
            if read == 0 {
                break;
            }
            whole.update(&part[..read]);
            bytes += read as u64;
        }
        let sha256 = hex(whole.finish().as_ref());
        Ok(Written { file, bytes, sha256, rows: self.rows, defused: self.defused, cut: self.cut })
    }
}

fn failed(error: XlsxError) -> io::Error {
    match error {
        XlsxError::IoError(error) => error,
        other => io::Error::other(other),
    }
}

/// A value as text; lists and objects as JSON.
fn text(cell: &Value) -> Cow<'_, str> {
    match cell {
        Value::Null => "".into(),
        Value::String(text) => text.into(),
        Value::Bool(is) => (if *is { "1" } else { "0" }).into(),
        other => other.to_string().into(),
    }
}

/// A text that no program takes for a formula: with a mark before what one begins with.
fn defused(text: &str) -> Cow<'_, str> {
    let begins = |c: char| c.is_control() || matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠');
    if text.starts_with(begins) { format!("'{text}").into() } else { text.into() }
}

/// A text as a field of CSV (RFC 4180).
fn quoted(text: &str) -> Cow<'_, str> {
    let plain = !text.contains([',', ';', '"', '\r', '\n', '\t']) && text.trim() == text;
    if plain { text.into() } else { format!("\"{}\"", text.replace('"', "\"\"")).into() }
}

/// As much of a text as a cell of XLSX holds.
fn fitted(text: &str) -> &str {
    let mut units = 0;
    let end = text.char_indices().find(|(_, c)| {
        units += c.len_utf16();
        units > LONGEST_CELL
    });
    end.map_or(text, |(at, _)| &text[..at])
}

fn is_exact(cell: &Value) -> bool {
    let Value::Number(number) = cell else { return false };
    number.is_f64() || number.as_i64().is_some_and(|number| number.unsigned_abs() <= EXACT)
}

/// A date or a time as XLSX keeps it, which is none before 1900.
fn time(text: &str) -> Option<ExcelDateTime> {
    let begins = text.get(..10)?.bytes().zip(b"dddd-dd-dd").all(|(byte, form)| match form {
        b'd' => byte.is_ascii_digit(),
        form => byte == *form,
    });
    (begins && text > "1900-03-01").then(|| ExcelDateTime::parse_from_str(text).ok())?
}
