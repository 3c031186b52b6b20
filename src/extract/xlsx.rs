//! The cells of a workbook. They are taken one by one: a sheet that says of itself that it is huge costs nothing.

use std::io::Cursor;

use calamine::{Data, ExcelDateTime, ExcelDateTimeType, Reader, SheetType, SheetVisible, Xlsx, XlsxError};

use super::child::{cut, parts};
use super::{Failure, FileFormat, MOST_HELD, MOST_TEXT, Reading, Row, held};

/// The most cells of one row.
const MOST_CELLS: usize = 1_000;
/// The days that a workbook has dates for end here: the year 9999.
const LAST_DAY: f64 = 2_958_466.0;
/// The seconds of a day.
const DAY: f64 = 86_400.0;

type Book<'a> = Xlsx<Cursor<&'a [u8]>>;

/// What a cell has.
#[derive(Clone)]
enum Cell {
    Value(Data),
    /// A formula that whoever wrote the file did not work out.
    Formula,
}

impl Cell {
    fn shown(&self) -> String {
        match self {
            Self::Value(value) => shown(value),
            Self::Formula => "[formula]".to_owned(),
        }
    }
}

/// The text of sheets: their rows as lines, cells parted by tabs.
///
/// # Errors
/// That it has no such sheets, that there is no text, or that it is broken.
pub(super) fn text(bytes: &[u8], pages: Option<(usize, usize)>) -> Result<Reading, Failure> {
    let mut book = open(bytes)?;
    let sheets = sheets(&book);
    let mut text = String::new();
    let mut is_empty = true;
    for sheet in &sheets[parts(pages, sheets.len())?] {
        text.push_str(&format!("[sheet {sheet}]\n"));
        let more = each_row(&mut book, sheet, |_, cells| {
            is_empty = false;
            let cells: Vec<String> = cells.iter().map(|cell| cell.shown().replace(['\t', '\n', '\r'], " ")).collect();
            text.push_str(&cells.join("\t"));
            text.push('\n');
            Ok(text.len() <= MOST_TEXT)
        })?;
        if !more {
            break;
        }
        text.push('\n');
    }
    if is_empty {
        return Err(Failure::NoText);
    }
    let cut = cut(&mut text, MOST_TEXT);
    Ok(Reading::Text { kind: FileFormat::Xlsx, parts: sheets.len(), text, cut })
}

/// So many rows of a sheet at most, of the first that is shown unless it is named.
///
/// # Errors
/// That there is no such sheet, that a cell holds an error, that there is too much, or that it is broken.
pub(super) fn rows(bytes: &[u8], sheet: Option<&str>, most: usize) -> Result<Reading, Failure> {
    let mut book = open(bytes)?;
    let sheets = sheets(&book);
    let wanted = match sheet {
        Some(sheet) => sheets.iter().find(|name| *name == sheet),
        None => sheets.iter().find(|name| is_visible(&book, name)).or(sheets.first()),
    };
    let wanted = wanted.cloned().ok_or(Failure::NoSheet { has: sheets })?;
    let (mut rows, mut size, mut wide) = (Vec::new(), 0, 0);
    each_row(&mut book, &wanted, |line, cells| {
        let broken = cells.iter().enumerate().find_map(|(at, cell)| {
            let error = match cell {
                Cell::Value(Data::Error(error)) => error.to_string(),
                Cell::Value(_) => return None,
                Cell::Formula => "a formula without its result".to_owned(),
            };
            Some(Failure::ErrorCell { line, column: at + 1, error })
        });
        if let Some(broken) = broken {
            return Err(broken);
        }
        let cells: Vec<String> = cells.iter().map(Cell::shown).collect();
        // The first names the columns, and each row will have all of them.
        wide = cells.len().max(wide);
        size += held(cells.iter().map(String::as_str), wide);
        rows.push(Row { line, cells });
        if size > MOST_HELD { Err(Failure::TooMuch) } else { Ok(rows.len() < most) }
    })?;
    Ok(Reading::Rows { sheet: wanted, rows })
}

fn open(bytes: &[u8]) -> Result<Book<'_>, Failure> {
    Xlsx::new(Cursor::new(bytes)).map_err(|error| failure(&error))
}

fn failure(error: &XlsxError) -> Failure {
    match error {
        XlsxError::Password => Failure::Locked,
        _ => Failure::Broken,
    }
}

/// The names of the sheets that have cells: a chart may have one of its own.
fn sheets(book: &Book<'_>) -> Vec<String> {
    let all = book.sheets_metadata().iter();
    all.filter(|sheet| matches!(sheet.typ, SheetType::WorkSheet)).map(|sheet| sheet.name.clone()).collect()
}

fn is_visible(book: &Book<'_>, name: &str) -> bool {
    book.sheets_metadata().iter().any(|sheet| sheet.name == name && sheet.visible == SheetVisible::Visible)
}

/// Gives each row that is not blank, with its number, up to its last cell that is not empty, until one says that it is
/// enough. Whether all were given.
fn each_row(
    book: &mut Book<'_>,
    sheet: &str,
    mut give: impl FnMut(u64, &[Cell]) -> Result<bool, Failure>,
) -> Result<bool, Failure> {
    let mut reader = book.worksheet_cells_reader(sheet).map_err(|error| failure(&error))?;
    let (mut line, mut cells) = (0, Vec::new());
    while let Some(cell) = reader.next_cell_with_formula_metadata().map_err(|error| failure(&error))? {
        let value = match (Data::from(cell.value), cell.formula) {
            (Data::Empty, Some(_)) => Cell::Formula,
            (value, _) => Cell::Value(value),
        };
        if value.shown().trim().is_empty() {
            continue;
        }
        let (row, column) = cell.pos;
        let (row, column) = (u64::from(row) + 1, usize::try_from(column).unwrap_or(usize::MAX));
        // Whoever continues an import does so by the numbers of its rows.
        if row < line || (row == line && column < cells.len()) {
            return Err(Failure::Broken);
        }
        if column >= MOST_CELLS {
            return Err(Failure::TooWide { line: row });
        }
        if row != line {
            if !cells.is_empty() && !give(line, &cells)? {
                return Ok(false);
            }
            cells.clear();
            line = row;
        }
        if column >= cells.len() {
            cells.resize(column + 1, Cell::Value(Data::Empty));
        }
        cells[column] = value;
    }
    if cells.is_empty() { Ok(true) } else { give(line, &cells) }
}

/// A cell as a text that says what it holds.
fn shown(cell: &Data) -> String {
    match cell {
        Data::Int(number) => number.to_string(),
        Data::Float(float) => number(*float),
        Data::Bool(flag) => flag.to_string(),
        Data::String(text) | Data::DurationIso(text) => text.clone(),
        Data::DateTimeIso(text) => text.trim_end_matches('Z').replacen('T', " ", 1),
        Data::DateTime(at) => moment(at),
        Data::Error(error) => error.to_string(),
        _ => String::new(),
    }
}

/// A number as a sheet shows it: with fifteen digits, so that 0.1 + 0.2 is 0.3.
fn number(float: f64) -> String {
    format!("{float:.14e}").parse().unwrap_or(float).to_string()
}

/// `2026-12-31`, `2026-12-31 10:00:00`, `10:00:00`, or `30:15:00` of a length of time; a number where no calendar has
/// the day.
fn moment(at: &ExcelDateTime) -> String {
    let days = at.as_f64();
    if !(0.0..LAST_DAY).contains(&days) {
        return number(days);
    }
    let clock = |seconds: f64| {
        let seconds = seconds.round() as u64;
        format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
    };
    let length = |is_1904| ExcelDateTime::new(days, ExcelDateTimeType::TimeDelta, is_1904);
    if *at == length(false) || *at == length(true) {
        return clock(days * DAY);
    }
    // Its own time of the day is cut to whole seconds: 15:30 is kept as a little less.
    let (year, month, day, ..) = at.to_ymd_hms_milli();
    let (date, time) = (format!("{year:04}-{month:02}-{day:02}"), clock((days.fract() * DAY).min(DAY - 1.0)));
    match (days < 1.0, time.as_str()) {
        (true, _) => time,
        (false, "00:00:00") => date,
        (false, _) => format!("{date} {time}"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, clippy::unwrap_used)]

    use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};

    use super::{number, rows, text};
    use crate::extract::archive::tests::packed;
    use crate::extract::{Failure, FileFormat, Reading};

    /// A workbook of two sheets: cells of every kind, and one cell far away.
    fn book() -> Vec<u8> {
        let mut book = Workbook::new();
        let first = book.add_worksheet();
        first.write(0, 0, "Name").unwrap();
        first.write(0, 2, "Rate").unwrap();
        first.write(2, 0, "Bolt & nut").unwrap();
        first.write(2, 1, 0.1 + 0.2).unwrap();
        first.write(2, 2, 1_234.5).unwrap();
        first.write(2, 3, true).unwrap();
        let dates = [("yyyy-mm-dd", 2026, 0), ("yyyy-mm-dd hh:mm", 2026, 15)];
        for (column, (format, year, hour)) in (4..).zip(dates) {
            let at = ExcelDateTime::from_ymd(year, 12, 31).unwrap().and_hms(hour, 30 * u8::from(hour > 0), 0).unwrap();
            first.write_datetime_with_format(2, column, &at, &Format::new().set_num_format(format)).unwrap();
        }
        let second = book.add_worksheet().set_name("Far & wide").unwrap();
        second.write(1_048_575, 3, "end").unwrap();
        book.save_to_buffer().unwrap()
    }

    /// A workbook of sheets S1, S2 and so on, each with its state and what stands in its file.
    fn raw(sheets: &[(&str, &str)]) -> Vec<u8> {
        let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
        let of = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
        let package = "http://schemas.openxmlformats.org/package/2006/relationships";
        let (mut listed, mut related, mut files) = (String::new(), String::new(), Vec::new());
        for (at, (state, rows)) in (1..).zip(sheets) {
            listed += &format!(r#"<sheet name="S{at}" sheetId="{at}" state="{state}" r:id="rId{at}"/>"#);
            let target = format!("worksheets/sheet{at}.xml");
            related += &format!(r#"<Relationship Id="rId{at}" Type="{of}/worksheet" Target="{target}"/>"#);
            let sheet = format!(r#"<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>"#);
            files.push((format!("xl/{target}"), sheet));
        }
        let book = format!(r#"<workbook xmlns="{main}" xmlns:r="{of}"><sheets>{listed}</sheets></workbook>"#);
        files.push(("xl/workbook.xml".to_owned(), book));
        let related = format!(r#"<Relationships xmlns="{package}">{related}</Relationships>"#);
        files.push(("xl/_rels/workbook.xml.rels".to_owned(), related));
        let whole = format!(r#"<Relationship Id="r" Type="{of}/officeDocument" Target="xl/workbook.xml"/>"#);
        let whole = format!(r#"<Relationships xmlns="{package}">{whole}</Relationships>"#);
        files.push(("_rels/.rels".to_owned(), whole));
        packed(&files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect::<Vec<_>>())
    }

    fn cells(bytes: &[u8], sheet: Option<&str>) -> Vec<(u64, Vec<String>)> {
        match rows(bytes, sheet, usize::MAX) {
            Ok(Reading::Rows { rows, .. }) => rows.into_iter().map(|row| (row.line, row.cells)).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn cells_are_texts_that_say_what_they_hold() {
        let found = cells(&book(), None);
        assert_eq!(found[0], (1, ["Name", "", "Rate"].map(str::to_owned).to_vec()));
        let second = ["Bolt & nut", "0.3", "1234.5", "true", "2026-12-31", "2026-12-31 15:30:00"];
        assert_eq!(found[1], (3, second.map(str::to_owned).to_vec()));
        assert_eq!(found.len(), 2);
        for (float, shown) in
            [(3.0, "3"), (-0.5, "-0.5"), (1e21, "1000000000000000000000"), (1.0 / 3.0, "0.333333333333333")]
        {
            assert_eq!(number(float), shown);
        }
    }

    #[test]
    fn a_sheet_is_named_and_a_cell_far_away_costs_nothing() {
        assert_eq!(cells(&book(), Some("Far & wide")), [(1_048_576, ["", "", "", "end"].map(str::to_owned).to_vec())]);
        let has = vec!["Sheet1".to_owned(), "Far & wide".to_owned()];
        assert_eq!(rows(&book(), Some("Sheet2"), 9), Err(Failure::NoSheet { has }));
    }

    #[test]
    fn the_text_of_sheets_has_their_names() {
        let Ok(Reading::Text { kind, parts, text: all, cut }) = text(&book(), None) else { panic!("no text") };
        assert_eq!((kind, parts, cut), (FileFormat::Xlsx, 2, false));
        assert!(all.starts_with("[sheet Sheet1]\nName\t\tRate\nBolt & nut\t0.3\t1234.5\ttrue\t2026-12-31\t"), "{all}");
        assert!(all.contains("\n\n[sheet Far & wide]\n\t\t\tend\n"), "{all}");
        let Ok(Reading::Text { text: second, .. }) = text(&book(), Some((2, 2))) else { panic!("no text") };
        assert!(all.ends_with(&second) && !second.contains("Sheet1"), "{second}");
        assert_eq!(text(&book(), Some((3, 3))), Err(Failure::NoPart { has: 2 }));
    }

    #[test]
    fn what_cannot_be_taken_is_told_with_its_place() {
        let mut wide = Workbook::new();
        wide.add_worksheet().write(4, 1_000, "x").unwrap();
        assert_eq!(rows(&wide.save_to_buffer().unwrap(), None, 9), Err(Failure::TooWide { line: 5 }));
        let mut broken = Workbook::new();
        let sheet = broken.add_worksheet();
        sheet.write_formula(1, 2, Formula::new("=NA()").set_result("#N/A")).unwrap();
        let error = "#N/A".to_owned();
        let found = rows(&broken.save_to_buffer().unwrap(), None, 9);
        assert_eq!(found, Err(Failure::ErrorCell { line: 2, column: 3, error }));
        assert_eq!(text(&Workbook::new().save_to_buffer().unwrap(), None), Err(Failure::NoText));
        assert_eq!(rows(&packed(&[("xl/workbook.xml", "<workbook>")]), None, 9), Err(Failure::Broken));
    }

    #[test]
    fn the_first_sheet_is_the_first_that_is_shown() {
        let row = |text: &str| format!(r#"<row r="1"><c r="A1" t="str"><v>{text}</v></c></row>"#);
        let (old, new) = (row("old"), row("new"));
        let read = |states: [&str; 2], sheet| match rows(&raw(&[(states[0], &old), (states[1], &new)]), sheet, 9) {
            Ok(Reading::Rows { sheet, rows }) => (sheet, rows[0].cells.join("|")),
            other => panic!("{other:?}"),
        };
        assert_eq!(read(["hidden", "visible"], None), ("S2".to_owned(), "new".to_owned()));
        assert_eq!(read(["hidden", "visible"], Some("S1")), ("S1".to_owned(), "old".to_owned()));
        assert_eq!(read(["veryHidden", "hidden"], None), ("S1".to_owned(), "old".to_owned()));
    }

    #[test]
    fn a_formula_without_its_result_is_no_blank() {
        let book = |value: &str| {
            raw(&[("visible", &format!(r#"<row r="1"><c r="A1"><v>1</v></c><c r="B1"><f>A1*2</f>{value}</c></row>"#))])
        };
        for value in ["", "<v></v>", "<v/>"] {
            let error = "a formula without its result".to_owned();
            let found = rows(&book(value), None, 9);
            assert_eq!(found, Err(Failure::ErrorCell { line: 1, column: 2, error }), "{value}");
            let Ok(Reading::Text { text, .. }) = text(&book(value), None) else { panic!("no text") };
            assert_eq!(text, "[sheet S1]\n1\t[formula]\n\n");
        }
        assert_eq!(cells(&book("<v>2</v>"), None), [(1, vec!["1".to_owned(), "2".to_owned()])]);
    }

    #[test]
    fn rows_and_cells_come_in_their_order_or_not_at_all() {
        let cell = |at: &str| format!(r#"<c r="{at}"><v>1</v></c>"#);
        for wrong in [["A2", "A1"], ["B1", "A1"], ["A1", "A1"]] {
            let both = format!("<row>{}</row><row>{}</row>", cell(wrong[0]), cell(wrong[1]));
            assert_eq!(rows(&raw(&[("visible", &both)]), None, 9), Err(Failure::Broken), "{wrong:?}");
        }
    }

    #[test]
    fn no_more_rows_are_taken_than_are_wanted_and_no_more_memory_than_there_is() {
        // Each row is one cell in the file, and as wide as the first once it is read.
        let book = |last: u16| {
            let mut book = Workbook::new();
            let sheet = book.add_worksheet();
            sheet.write(0, last, "last").unwrap();
            for row in 1..1_000 {
                sheet.write(row, 0, "x").unwrap();
            }
            book.save_to_buffer().unwrap()
        };
        assert_eq!(rows(&book(999), None, usize::MAX), Err(Failure::TooMuch));
        for (most, taken) in [(10, 10), (usize::MAX, 1_000)] {
            let found = rows(&book(0), None, most);
            assert!(matches!(&found, Ok(Reading::Rows { rows, .. }) if rows.len() == taken), "{found:?}");
        }
    }
}
