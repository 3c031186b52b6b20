//! A sheet of a workbook as a CSV file would have it.

use super::sheet::{MOST, Sheet, SheetRow};
use crate::error::ToolError;
use crate::extract::{Ask, Failure, Reading, Row, extract};
use crate::limit::User;

/// Reads a sheet of a workbook, the first that is shown unless it is named; within, what the file is instead, or what
/// is wrong with the sheet.
///
/// # Errors
/// That it cannot be read now.
pub(super) async fn read(user: &User, bytes: &[u8], sheet: Option<&str>) -> Result<Result<Sheet, String>, ToolError> {
    // The header, and one row by which it is seen that there are too many.
    let ask = Ask::Rows { sheet: sheet.map(str::to_owned), most: MOST + 2 };
    Ok(match extract(user, &ask, bytes).await {
        Ok(Reading::Rows { sheet, rows }) => of(sheet, rows),
        Err(failure) if failure.passes() => {
            return Err(ToolError::refused(
                format!("The file is a workbook {failure}. Nothing was sent."),
                "Try again.",
            ));
        }
        Err(Failure::Off) => Err("is a workbook, and only CSV is read here: save the sheet as CSV in UTF-8".to_owned()),
        Ok(Reading::Text { .. }) | Err(Failure::Other) => {
            Err("is no workbook that is read (XLSX): save the sheet as XLSX, or as CSV in UTF-8".to_owned())
        }
        Err(failure @ Failure::TooMuch) => Err(format!("is a workbook {failure}: divide it")),
        Err(failure) => Err(format!("is a workbook {failure}")),
    })
}

/// The first row that is not blank is the header; below it each cell has a title above it.
fn of(name: String, rows: Vec<Row>) -> Result<Sheet, String> {
    let mut rows = rows.into_iter();
    let Some(first) = rows.next().filter(|_| !rows.as_slice().is_empty()) else {
        return Err("has no row below its header: the first row names the columns".to_owned());
    };
    if rows.len() > MOST {
        return Err(format!("has more than {MOST} rows, and one call takes no more: divide it"));
    }
    let header: Vec<String> = first.cells.iter().map(|title| title.trim().to_owned()).collect();
    let row = |Row { line, mut cells }: Row| {
        if cells.len() > header.len() {
            let column = cells.len();
            return Err(format!(
                "has a cell in row {line}, column {column}, and no title above it in row {}",
                first.line
            ));
        }
        cells.resize(header.len(), String::new());
        Ok(SheetRow { line, cells })
    };
    let rows = rows.map(row).collect::<Result<_, _>>()?;
    Ok(Sheet { name: Some(name), header, rows, semicolons: false })
}

#[cfg(test)]
mod tests {
    use super::of;
    use crate::extract::Row;
    use crate::tools::bulk::import::sheet::MOST;

    fn row(line: u64, cells: &[&str]) -> Row {
        Row { line, cells: cells.iter().map(|cell| (*cell).to_owned()).collect() }
    }

    #[test]
    fn rows_keep_their_numbers_and_have_a_cell_for_each_title() {
        let sheet =
            of("S".to_owned(), vec![row(3, &[" Name ", "", "Rate"]), row(5, &["Bolt"]), row(9, &["Nut", "", "1.5"])]);
        let read = sheet.map(|sheet| {
            let rows: Vec<_> = sheet.rows.into_iter().map(|row| (row.line, row.cells.join("|"))).collect();
            (sheet.name, sheet.header.join("|"), sheet.semicolons, rows)
        });
        let rows = vec![(5, "Bolt||".to_owned()), (9, "Nut||1.5".to_owned())];
        assert_eq!(read, Ok((Some("S".to_owned()), "Name||Rate".to_owned(), false, rows)));
    }

    #[test]
    fn what_is_no_table_is_told() {
        let told = |rows: Vec<Row>| of("S".to_owned(), rows).err().unwrap_or_default();
        for rows in [vec![], vec![row(1, &["Name"])]] {
            assert!(told(rows).contains("no row below its header"));
        }
        let stray = told(vec![row(1, &["Name"]), row(2, &["Bolt"]), row(7, &["Nut", "", "a note"])]);
        assert!(stray.contains("a cell in row 7, column 3, and no title above it in row 1"), "{stray}");
        let long = (0..).take(MOST + 2).map(|line| row(line, &["x"])).collect();
        assert!(told(long).contains("more than 10000 rows"));
    }
}
