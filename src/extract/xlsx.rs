//! The cells of a workbook. They are taken one by one: a sheet that says of itself that it is huge costs nothing.

use std::io::Cursor;

use calamine::{Data, ExcelDateTime, ExcelDateTimeType, Reader, SheetType, Xlsx, XlsxError};

use super::child::{cut, parts};
use super::{Failure, Kind, MOST_TEXT, Reading, Row};

/// The most cells of one row.
const MOST_CELLS: usize = 1_000;
/// The days that a workbook has dates for end here: the year 9999.
const LAST_DAY: f64 = 2_958_466.0;
/// The seconds of a day.
const DAY: f64 = 86_400.0;

type Book<'a> = Xlsx<Cursor<&'a [u8]>>;

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
            let cells: Vec<String> = cells.iter().map(|cell| shown(cell).replace(['\t', '\n', '\r'], " ")).collect();
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
    Ok(Reading::Text { kind: Kind::Xlsx, parts: sheets.len(), text, cut })
}

/// The rows of a sheet, the first unless it is named.
///
/// # Errors
/// That there is no such sheet, that a cell holds an error, that there is too much, or that it is broken.
pub(super) fn rows(bytes: &[u8], sheet: Option<&str>) -> Result<Reading, Failure> {
    let mut book = open(bytes)?;
    let sheets = sheets(&book);
    let wanted = sheets.iter().find(|name| sheet.is_none_or(|sheet| sheet == name.as_str()));
    let wanted = wanted.ok_or_else(|| Failure::NoSheet { has: sheets.clone() })?;
    let (mut rows, mut size) = (Vec::new(), 0);
    each_row(&mut book, wanted, |line, cells| {
        let broken = cells.iter().enumerate().find_map(|(at, cell)| match cell {
            Data::Error(error) => Some(Failure::ErrorCell { line, column: at + 1, error: error.to_string() }),
            _ => None,
        });
        if let Some(broken) = broken {
            return Err(broken);
        }
        let cells: Vec<String> = cells.iter().map(shown).collect();
        size += cells.iter().map(|cell| cell.len() + 1).sum::<usize>();
        rows.push(Row { line, cells });
        if size > MOST_TEXT { Err(Failure::TooMuch) } else { Ok(true) }
    })?;
    Ok(Reading::Rows(rows))
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

/// Gives each row that is not blank, with its number, up to its last cell that is not empty, until one says that it is
/// enough. Whether all were given.
fn each_row(
    book: &mut Book<'_>,
    sheet: &str,
    mut give: impl FnMut(u64, &[Data]) -> Result<bool, Failure>,
) -> Result<bool, Failure> {
    let mut reader = book.worksheet_cells_reader(sheet).map_err(|error| failure(&error))?;
    let (mut line, mut cells) = (0, Vec::new());
    while let Some(cell) = reader.next_cell().map_err(|error| failure(&error))? {
        let value = Data::from(cell.get_value().clone());
        if shown(&value).trim().is_empty() {
            continue;
        }
        let (row, column) = cell.get_position();
        let (row, column) = (u64::from(row) + 1, usize::try_from(column).unwrap_or(usize::MAX));
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
            cells.resize(column + 1, Data::Empty);
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
    use crate::extract::{Failure, Kind, Reading};

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

    fn cells(bytes: &[u8], sheet: Option<&str>) -> Vec<(u64, Vec<String>)> {
        match rows(bytes, sheet) {
            Ok(Reading::Rows(rows)) => rows.into_iter().map(|row| (row.line, row.cells)).collect(),
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
        assert_eq!(rows(&book(), Some("Sheet2")), Err(Failure::NoSheet { has }));
    }

    #[test]
    fn the_text_of_sheets_has_their_names() {
        let Ok(Reading::Text { kind, parts, text: all, cut }) = text(&book(), None) else { panic!("no text") };
        assert_eq!((kind, parts, cut), (Kind::Xlsx, 2, false));
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
        assert_eq!(rows(&wide.save_to_buffer().unwrap(), None), Err(Failure::TooWide { line: 5 }));
        let mut broken = Workbook::new();
        let sheet = broken.add_worksheet();
        sheet.write_formula(1, 2, Formula::new("=NA()").set_result("#N/A")).unwrap();
        let error = "#N/A".to_owned();
        let found = rows(&broken.save_to_buffer().unwrap(), None);
        assert_eq!(found, Err(Failure::ErrorCell { line: 2, column: 3, error }));
        assert_eq!(text(&Workbook::new().save_to_buffer().unwrap(), None), Err(Failure::NoText));
        assert_eq!(rows(&packed(&[("xl/workbook.xml", "<workbook>")]), None), Err(Failure::Broken));
    }
}
