//! A CSV file as rows of cells, by RFC 4180 and with what spreadsheets make of it: a byte order mark, and `;` between
//! cells.

use csv::ReaderBuilder;

use crate::extract;

/// The most rows of one file, beside its header.
pub(super) const MOST: usize = 10_000;

/// The most cells of one row: no DocType has as many fields.
const MOST_CELLS: usize = 1_000;

/// A file that was read.
#[derive(Debug)]
pub(super) struct Sheet {
    /// What it is called in its workbook.
    pub name: Option<String>,
    /// What the first row says, without the space around it.
    pub header: Vec<String>,
    /// The rows below, without those that are blank.
    pub rows: Vec<SheetRow>,
    /// Whether `;` stands between the cells, as where a comma begins the decimals.
    pub semicolons: bool,
}

/// One row.
#[derive(Debug)]
pub(super) struct SheetRow {
    /// The line of the file at which it begins, from 1.
    pub line: u64,
    /// As they are in the file.
    pub cells: Vec<String>,
}

/// Reads a file.
///
/// # Errors
/// What it is instead of CSV with a header and at least one row.
pub(super) fn read(bytes: &[u8]) -> Result<Sheet, String> {
    let text = text(bytes)?;
    // The parser takes what follows an open quote, to the end of the file, for one cell.
    if text.matches('"').count() % 2 != 0 {
        return Err("has a quote that is not closed; a quote within a quoted text is written twice".to_owned());
    }
    let semicolons = has_semicolons(text);
    let delimiter = if semicolons { b';' } else { b',' };
    let mut reader =
        ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text.as_bytes());
    let (mut header, mut rows, mut size) = (None, Vec::new(), 0);
    let (mut at, mut line) = (0, 1);
    for record in reader.records() {
        let record = record.map_err(|error| format!("is no CSV: {error}"))?;
        if record.len() > MOST_CELLS {
            return Err(format!("has a row of more than {MOST_CELLS} cells"));
        }
        let position = record.position().and_then(|position| usize::try_from(position.byte()).ok());
        // The parser counts the blank lines before a row to it.
        let mut begins = position.unwrap_or(at);
        while matches!(text.as_bytes().get(begins), Some(b'\r' | b'\n')) {
            begins += 1;
        }
        let passed = text.as_bytes().get(at..begins).unwrap_or_default();
        // A carriage return by itself ends a line too.
        let next = passed.iter().skip(1).chain([&0u8]);
        let ends = |(byte, next): &(&u8, &u8)| **byte == b'\n' || **byte == b'\r' && **next != b'\n';
        line += passed.iter().zip(next).filter(ends).count() as u64;
        at = at.max(begins);
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if header.is_none() {
            header = Some(record.iter().map(|cell| cell.trim().to_owned()).collect());
            continue;
        }
        if rows.len() == MOST {
            return Err(format!("has more than {MOST} rows, and one call takes no more: divide it"));
        }
        size += extract::held(&record, 0);
        if size > extract::MOST_HELD {
            return Err("holds more than is read at once: divide it".to_owned());
        }
        rows.push(SheetRow { line, cells: record.iter().map(str::to_owned).collect() });
    }
    match header {
        Some(header) if !rows.is_empty() => Ok(Sheet { name: None, header, rows, semicolons }),
        _ => Err("has no row below its header: the first row names the columns".to_owned()),
    }
}

fn text(bytes: &[u8]) -> Result<&str, String> {
    if extract::is_zip(bytes) {
        return Err(
            "is a workbook (XLSX, XLS, ODS), and only CSV is read from a text: give the file itself, or save the \
                    sheet as CSV in UTF-8"
                .to_owned(),
        );
    }
    if extract::is_compound(bytes) {
        return Err(
            "is a workbook of an older kind (XLS), or one with a password: save it as XLSX without, or the sheet \
                    as CSV in UTF-8"
                .to_owned(),
        );
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err("is UTF-16: save it as CSV in UTF-8".to_owned());
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| format!("is no UTF-8 text from byte {}: save it as CSV in UTF-8", error.valid_up_to()))?;
    if text.contains('\0') {
        return Err("holds zero bytes, which no text has: save it as CSV in UTF-8".to_owned());
    }
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// Whether the first row has a `;` and no comma, outside quotes.
fn has_semicolons(text: &str) -> bool {
    let (mut quoted, mut found) = (false, false);
    for c in text.trim_start().chars() {
        match c {
            '"' => quoted = !quoted,
            '\r' | '\n' if !quoted => break,
            ',' if !quoted => return false,
            ';' if !quoted => found = true,
            _ => {}
        }
    }
    found
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{MOST, read};

    fn rows(text: &str) -> Vec<(u64, Vec<String>)> {
        read(text.as_bytes()).unwrap().rows.into_iter().map(|row| (row.line, row.cells)).collect()
    }

    fn row(line: u64, cells: &[&str]) -> (u64, Vec<String>) {
        (line, cells.iter().map(|cell| (*cell).to_owned()).collect())
    }

    #[test]
    fn rows_are_told_by_the_line_at_which_they_begin() {
        let wanted = [row(2, &["x, \"y\"\nz", "1"]), row(5, &["b", ""]), row(6, &["c", "3"])];
        let text = "a,n\n\"x, \"\"y\"\"\nz\",1\n\nb,\nc,3";
        assert_eq!(rows(text), wanted);
        for end in ["\r\n", "\r"] {
            let lines: Vec<u64> = rows(&text.replace('\n', end)).into_iter().map(|(line, _)| line).collect();
            assert_eq!(lines, [2, 5, 6], "{end:?}");
        }
        assert_eq!(rows("a,n\nx,1\n,\n , \ny,2\n"), [row(2, &["x", "1"]), row(5, &["y", "2"])]);
    }

    #[test]
    fn semicolons_part_the_cells_of_a_header_without_a_comma() {
        let sheet = read("\u{feff} Name ;Rate\nx;1,5\n".as_bytes()).unwrap();
        assert_eq!((sheet.header, sheet.semicolons), (vec!["Name".to_owned(), "Rate".to_owned()], true));
        assert_eq!(rows("\"a,b\";c\nx;y\n"), [row(2, &["x", "y"])]);
        assert!(!read(b"a,b;c\nx,y\n").unwrap().semicolons);
        assert_eq!(rows("a\nx;y\n"), [row(2, &["x;y"])]);
    }

    #[test]
    fn what_is_no_csv_is_told() {
        let long = format!("a\n{}", "x\n".repeat(MOST + 1));
        let wrong: [(&[u8], &str); 9] = [
            (b"PK\x03\x04rest", "only CSV is read from a text"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "of an older kind (XLS), or one with a password"),
            (b"\xff\xfea\0", "UTF-16"),
            (b"a\nM\xfcller\n", "no UTF-8 text from byte 3"),
            (b"a\nx\0y\n", "zero bytes"),
            (b"a,b\n\"x,1\ny,2\n", "a quote that is not closed"),
            (b"a,b\n", "no row below its header"),
            (b"\n \n", "no row below its header"),
            (long.as_bytes(), "more than 10000 rows"),
        ];
        for (bytes, told) in wrong {
            let found = read(bytes).unwrap_err();
            assert!(found.contains(told), "{told}: {found}");
        }
        assert_eq!(read(&long.as_bytes()[..long.len() - 2]).unwrap().rows.len(), MOST);
        // A million empty cells are a million bytes in the file, and many more in memory.
        let wide = format!("a\n{}", format!("x{}\n", ",".repeat(999)).repeat(1_000));
        assert!(read(wide.as_bytes()).unwrap_err().contains("holds more than is read at once"));
    }
}
