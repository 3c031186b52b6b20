//! Files as people attach them, made where they are needed.

use std::io::{Cursor, Write};

use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet};
use serde_json::Value;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// A PDF with a page for each of these contents, and these entries in its trailer.
pub fn pdf_of(contents: &[String], trailer: &str) -> Vec<u8> {
    let kids: String = (0..contents.len()).map(|at| format!("{} 0 R ", 4 + 2 * at)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{kids}] /Count {} >>", contents.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
    ];
    for (at, content) in contents.iter().enumerate() {
        let held = format!("/Contents {} 0 R /Resources << /Font << /F1 3 0 R >> >>", 5 + 2 * at);
        objects.push(format!("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 300] {held} >>"));
        objects.push(format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()));
    }
    let (mut file, mut places) = ("%PDF-1.4\n".to_owned(), Vec::new());
    for (at, object) in objects.iter().enumerate() {
        places.push(file.len());
        file.push_str(&format!("{} 0 obj\n{object}\nendobj\n", at + 1));
    }
    let (table, size) = (file.len(), objects.len() + 1);
    file.push_str(&format!("xref\n0 {size}\n0000000000 65535 f \n"));
    places.iter().for_each(|place| file.push_str(&format!("{place:010} 00000 n \n")));
    file.push_str(&format!("trailer\n<< /Size {size} /Root 1 0 R {trailer} >>\nstartxref\n{table}\n%%EOF\n"));
    file.into_bytes()
}

/// A PDF whose pages say these words.
pub fn pdf(pages: &[&str]) -> Vec<u8> {
    let contents: Vec<String> = pages.iter().map(|words| format!("BT /F1 12 Tf 20 200 Td ({words}) Tj ET")).collect();
    pdf_of(&contents, "")
}

/// A zip of these files.
pub fn zip_of(files: &[(String, String)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        zip.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A DOCX whose body is that.
pub fn docx(body: &str) -> Vec<u8> {
    let xml = format!("<?xml version=\"1.0\"?><w:document xmlns:w=\"w\"><w:body>{body}</w:body></w:document>");
    zip_of(&[("[Content_Types].xml".to_owned(), String::new()), ("word/document.xml".to_owned(), xml)])
}

/// A workbook with these sheets: lists of rows of cells, null for none, `{"date": [2026, 12, 31, 15, 30]}` for a moment.
pub fn workbook(sheets: &[(&str, Value)]) -> Vec<u8> {
    let mut book = Workbook::new();
    for (name, rows) in sheets {
        let sheet = book.add_worksheet().set_name(*name).unwrap();
        for (row, cells) in (0..).zip(rows.as_array().unwrap()) {
            for (column, cell) in (0..).zip(cells.as_array().unwrap()) {
                fill(sheet, row, column, cell);
            }
        }
    }
    book.save_to_buffer().unwrap()
}

fn fill(sheet: &mut Worksheet, row: u32, column: u16, cell: &Value) {
    match cell {
        Value::Null => {}
        Value::Bool(flag) => _ = sheet.write_boolean(row, column, *flag).unwrap(),
        Value::Number(number) => _ = sheet.write_number(row, column, number.as_f64().unwrap()).unwrap(),
        Value::String(text) => _ = sheet.write_string(row, column, text).unwrap(),
        moment => {
            let part = |at: usize| u16::try_from(moment["date"][at].as_u64().unwrap_or_default()).unwrap();
            let day = ExcelDateTime::from_ymd(part(0), part(1) as u8, part(2) as u8).unwrap();
            let at = day.and_hms(part(3), part(4) as u8, 0).unwrap();
            let format = if part(3) > 0 { "yyyy-mm-dd hh:mm" } else { "dd/mm/yyyy" };
            sheet.write_datetime_with_format(row, column, &at, &Format::new().set_num_format(format)).unwrap();
        }
    }
}
