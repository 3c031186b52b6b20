#![allow(clippy::panic)]

use super::text;
use crate::extract::{Failure, FileFormat, Reading};

/// A PDF with a page for each of these contents, and these entries in its trailer.
fn pdf(pages: &[&str], trailer: &str) -> Vec<u8> {
    let kids: String = (0..pages.len()).map(|at| format!("{} 0 R ", 4 + 2 * at)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{kids}] /Count {} >>", pages.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
    ];
    for (at, content) in pages.iter().enumerate() {
        let held = format!("/Contents {} 0 R /Resources << /Font << /F1 3 0 R >> >>", 5 + 2 * at);
        objects.push(format!("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 300] {held} >>"));
        objects.push(stream("", content));
    }
    file(&objects, trailer)
}

/// A stream with these entries.
fn stream(entries: &str, content: &str) -> String {
    format!("<< {entries} /Length {} >>\nstream\n{content}\nendstream", content.len())
}

/// A PDF of these objects, the first of which is its catalog.
fn file(objects: &[String], trailer: &str) -> Vec<u8> {
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

/// A PDF of one page whose fonts, forms and so on are those of the tree of pages, and the objects from the fifth on.
fn page(resources: &str, content: &str, objects: &[String]) -> Vec<u8> {
    let mut all = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [3 0 R] /Count 1 /Resources << {resources} >> >>"),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 300] /Contents 4 0 R >>".to_owned(),
        stream("", content),
    ];
    all.extend_from_slice(objects);
    file(&all, "")
}

/// What the first page says.
fn said(file: &[u8]) -> String {
    match text(file, None) {
        Ok(Reading::Text { text, .. }) => text.trim_start_matches("[page 1]\n").trim_end().to_owned(),
        other => panic!("{other:?}"),
    }
}

/// The content of a page that says so.
fn says(words: &str) -> String {
    format!("BT /F1 12 Tf 20 200 Td ({words}) Tj ET")
}

#[test]
fn pages_are_told_apart_and_taken_by_their_numbers() {
    let file = pdf(&[&says("Total 12.50"), &says("Page two"), &says("The end")], "");
    let Ok(Reading::Text { kind, parts, text: all, cut }) = text(&file, None) else { panic!("no text") };
    assert_eq!((kind, parts, cut), (FileFormat::Pdf, 3, false));
    assert!(all.starts_with("[page 1]\nTotal 12.50\n\n[page 2]\nPage two\n\n[page 3]\n"), "{all}");
    let Ok(Reading::Text { parts, text: some, .. }) = text(&file, Some((2, 3))) else { panic!("no text") };
    assert!(parts == 3 && some.starts_with("[page 2]\nPage two") && some.contains("The end"), "{some}");
    assert_eq!(text(&file, Some((4, 5))), Err(Failure::NoPart { has: 3 }));
}

#[test]
fn lines_and_words_are_told_by_where_they_stand() {
    let table = "BT /F1 12 Tf 20 200 Td (Item) Tj 100 0 Td (Rate) Tj \
                 -100 -20 Td [(Bo) 20 (lt) -500 (M8)] TJ T* (4711) Tj ET \
                 BT /F1 12 Tf 1 0 0 1 20 160 Tm (Total ) Tj 1 0 0 1 80 160 Tm (12.50) Tj 14 TL (Net) ' ET";
    let Ok(Reading::Text { text, .. }) = text(&pdf(&[table], ""), None) else { panic!("no text") };
    assert_eq!(text, "[page 1]\nItem Rate\nBolt M8\n4711\nTotal 12.50\nNet\n\n");
}

/// A font of two bytes a code, which are what the characters are in Unicode and half as wide as high, and its parts as
/// the objects from the fifth on.
fn wide_font(entries: &str) -> Vec<String> {
    let map = "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n\
               /CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n\
               /CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n\
               1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n\
               1 beginbfrange\n<0020> <007E> <0020>\nendbfrange\n\
               endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend";
    let font = "<< /Type /Font /Subtype /Type0 /BaseFont /Sans /Encoding /Identity-H /DescendantFonts [6 0 R]";
    vec![
        format!("{font} {entries} >>"),
        "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Sans /DW 1000 /W [32 [500 500] 34 126 500] >>".to_owned(),
        stream("", map),
    ]
}

#[test]
fn glyphs_that_are_written_one_by_one_are_words_where_they_touch() {
    // As Qt writes, and so ERPNext prints: upside down, a move before each glyph.
    let mut content = "q 0.12 0 0 -0.12 28 813 cm q BT /F1 100 Tf 1 0 0 -1 0 0 Tm\n".to_owned();
    for (x, y, words) in [(100, -200, "Total due"), (900, -200, "12.50"), (100, -320, "Net"), (275, -320, "9.00")] {
        for (at, c) in words.chars().enumerate() {
            let (right, up) = (x + 50 * at as i32, y);
            content.push_str(&format!("{right} {up} Td <{:04x}> Tj {} {} Td\n", u32::from(c), -right, -up));
        }
    }
    content.push_str("ET Q Q");
    let file = page("/Font << /F1 5 0 R >>", &content, &wide_font("/ToUnicode 7 0 R"));
    assert_eq!(said(&file), "Total due 12.50\nNet 9.00");
}

#[test]
fn words_are_parted_by_their_distance_where_no_width_is_stated_too() {
    // In Helvetica "To" is 14 wide at that size, and a space 3.3.
    let words = "BT /F1 12 Tf 1 0 0 1 20 200 Tm (To) Tj 1 0 0 1 34 200 Tm (tal) Tj 1 0 0 1 50 200 Tm (due) Tj \
                 1 0 0 1 20 180 Tm (m) Tj /F1 7 Tf 1 0 0 1 30.6 184 Tm (2) Tj ET";
    assert_eq!(said(&pdf(&[words], "")), "Total due\nm2");
}

#[test]
fn what_is_kept_comes_back_and_what_moves_the_page_parts_lines() {
    let content = "BT /F1 12 Tf ET q 1 0 0 1 20 200 cm BT /None 12 Tf ET Q \
                   q 1 0 0 1 20 200 cm BT (One) Tj ET Q q 1 0 0 1 20 180 cm BT (Two) Tj ET Q";
    assert_eq!(said(&pdf(&[content], "")), "One\nTwo");
}

#[test]
fn what_a_font_does_not_say_is_lost_and_told_and_never_other_letters() {
    let content = "BT /F1 12 Tf 20 200 Td <0037005200570044004F> Tj ET BT /F2 12 Tf 20 100 Td (Total) Tj ET";
    let helvetica = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>";
    let fonts = format!("/Font << /F1 5 0 R /F2 {helvetica} >>");
    assert_eq!(said(&page(&fonts, content, &wide_font(""))), "Total\n[some text of this page cannot be read]");
    let alone = "BT /F1 12 Tf 20 200 Td <0037005200570044004F> Tj ET";
    assert_eq!(text(&page(&fonts, alone, &wide_font("")), None), Err(Failure::NoText));
    let after = said(&page(&fonts, "BT /F2 12 Tf (One) Tj ET } BT /F2 12 Tf (Two) Tj ET", &[]));
    assert!(after.starts_with("One") && after.ends_with("[some text of this page cannot be read]"), "{after}");
}

#[test]
fn an_encoding_is_read_with_what_differs_from_it() {
    let encodings = [
        ("/Differences [65 /eacute /uni20AC]", "(ABC) Tj", "\u{e9}\u{20ac}C"),
        ("/Type /Encoding /Differences [65 /g17] ", "(CA) Tj", "C\n[some text of this page cannot be read]"),
        ("/BaseEncoding /WinAnsiEncoding", "(\\200 5) Tj", "\u{20ac} 5"),
    ];
    for (encoding, write, wanted) in encodings {
        let font = format!("/F1 << /Subtype /Type1 /BaseFont /Helvetica /Encoding << {encoding} >> >>");
        let content = format!("BT /F1 12 Tf 20 200 Td {write} ET");
        assert_eq!(said(&page(&format!("/Font << {font} >>"), &content, &[])), wanted, "{encoding}");
    }
}

#[test]
fn forms_are_read_where_they_are_drawn_and_not_without_end() {
    let helvetica = "/Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>";
    let forms = format!("{helvetica} /XObject << /X 5 0 R /Y 6 0 R >>");
    let form = |entries: &str, content: &str| stream(&format!("/Type /XObject /Subtype /Form {entries}"), content);
    let objects = [
        form("/Matrix [1 0 0 1 20 100]", "q BT /F1 12 Tf (in the form) Tj ET"),
        form(&format!("/Resources << {helvetica} >>"), "BT /F1 12 Tf (again) Tj ET /Y Do"),
    ];
    let content = "BT /F1 12 Tf 20 200 Td (Above) Tj ET /X Do BT 20 80 Td (below) Tj ET";
    assert_eq!(said(&page(&forms, content, &objects)), "Above\nin the form\nbelow");
    let endless = said(&page(&forms, "/Y Do", &objects));
    assert!(endless.contains("again") && endless.ends_with("[some text of this page cannot be read]"), "{endless}");
}

#[test]
fn what_has_no_text_to_give_says_why() {
    assert_eq!(text(&pdf(&["q 300 0 0 300 0 0 cm Q"], ""), None), Err(Failure::NoText));
    let locked = pdf(&["\x01\x02\x03"], "/Encrypt << /Filter /Unknown /V 9 >>");
    assert_eq!(text(&locked, None), Err(Failure::Locked));
    let whole = pdf(&[&says("x")], "");
    assert_eq!(text(&whole[..whole.len() / 4], None), Err(Failure::Broken));
    assert_eq!(text(b"%PDF-1.7\nnothing of it", None), Err(Failure::Broken));
}
