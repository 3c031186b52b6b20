//! The text of a PDF, page by page. A page says where glyphs are painted, not what a line or a word is: what stands at
//! another height is taken for another line, and what was moved to for another word.

use std::collections::BTreeMap;

use lopdf::content::Content;
use lopdf::{Document, Encoding, LoadOptions, Object, ObjectId};

use super::child::{cut, parts};
use super::{Failure, Kind, MOST_TEXT, Reading};

/// The most that one stream of it may unpack to, in bytes.
const MOST: usize = 64 << 20;
/// What a PDF that needs a password has.
const ENCRYPTED: &[u8] = b"/Encrypt";
/// What the library gives in the place of glyphs that stand for no characters.
const UNKNOWN: &str = "?Identity-H Unimplemented?";
/// A gap between glyphs, in thousandths of their size, that parts words.
const GAP: f64 = -200.0;
/// How far lines are apart at least.
const APART: f64 = 0.5;

/// The text of pages.
///
/// # Errors
/// That it has no such pages, needs a password, is broken, or has no text.
pub(super) fn text(bytes: &[u8], pages: Option<(usize, usize)>) -> Result<Reading, Failure> {
    let is_locked = || bytes.windows(ENCRYPTED.len()).any(|some| some == ENCRYPTED);
    let or_locked = |failure| if is_locked() { Failure::Locked } else { failure };
    let document = Document::load_mem_with_options(bytes, LoadOptions::with_max_decompressed_size(MOST));
    let document = document.map_err(|_| or_locked(Failure::Broken))?;
    let all: Vec<(u32, ObjectId)> = document.get_pages().into_iter().collect();
    if all.is_empty() {
        return Err(or_locked(Failure::Broken));
    }
    let mut text = String::new();
    let (mut said, mut unread) = (false, 0);
    for (number, id) in &all[parts(pages, all.len())?] {
        text.push_str(&format!("[page {number}]\n"));
        match page(&document, *id) {
            Some(page) => {
                said |= !page.trim().is_empty();
                text.push_str(page.trim());
            }
            None => {
                unread += 1;
                text.push_str("[this page cannot be read]");
            }
        }
        text.push_str("\n\n");
        if text.len() > MOST_TEXT {
            break;
        }
    }
    if !said {
        return Err(or_locked(if unread > 0 { Failure::Broken } else { Failure::NoText }));
    }
    let cut = cut(&mut text, MOST_TEXT);
    Ok(Reading::Text { kind: Kind::Pdf, parts: all.len(), text, cut })
}

/// The text of a page; nothing where it cannot be read.
fn page(document: &Document, id: ObjectId) -> Option<String> {
    let fonts = document.get_page_fonts(id).ok()?.into_iter();
    let encodings: BTreeMap<Vec<u8>, Encoding<'_>> = fonts
        .filter_map(|(name, font)| Some((name, font.get_font_encoding_with_limit(document, MOST).ok()?)))
        .collect();
    let content = Content::decode(&document.get_page_content_with_limit(id, MOST).ok()?).ok()?;
    let (mut pen, mut encoding) = (Pen::default(), None);
    for operation in &content.operations {
        let operands = operation.operands.as_slice();
        let at = |at: usize| operands.get(at).and_then(number).unwrap_or_default();
        match operation.operator.as_str() {
            "Tf" => encoding = operands.first().and_then(|name| encodings.get(name.as_name().ok()?)),
            "TL" => pen.leading = at(0),
            "BT" => pen.move_to(0.0),
            "Td" => pen.move_to(pen.height + at(1)),
            "TD" => {
                pen.leading = -at(1);
                pen.move_to(pen.height + at(1));
            }
            "Tm" => pen.move_to(at(5)),
            "T*" => pen.next_line(),
            "Tj" => pen.write(encoding, operands),
            "TJ" => {
                let parts = operands.first().and_then(|parts| parts.as_array().ok());
                pen.write(encoding, parts.map(|parts| parts.as_slice()).unwrap_or_default());
            }
            "'" => {
                pen.next_line();
                pen.write(encoding, operands);
            }
            "\"" => {
                pen.next_line();
                pen.write(encoding, operands.get(2..).unwrap_or_default());
            }
            _ => {}
        }
    }
    Some(pen.text)
}

fn number(object: &Object) -> Option<f64> {
    match object {
        Object::Integer(number) => Some(*number as f64),
        Object::Real(number) => Some(f64::from(*number)),
        _ => None,
    }
}

/// What writes a page.
#[derive(Default)]
struct Pen {
    text: String,
    /// Where it is.
    height: f64,
    /// Where it wrote last.
    line: Option<f64>,
    /// How far the next line is.
    leading: f64,
    /// Whether it was moved since.
    is_moved: bool,
}

impl Pen {
    fn move_to(&mut self, height: f64) {
        self.height = height;
        self.is_moved = true;
    }

    fn next_line(&mut self) {
        let leading = if self.leading == 0.0 { 2.0 * APART } else { self.leading };
        self.move_to(self.height - leading);
    }

    /// Writes strings, and the gaps between them.
    fn write(&mut self, encoding: Option<&Encoding<'_>>, parts: &[Object]) {
        for part in parts {
            match (part, encoding) {
                (Object::String(bytes, _), Some(encoding)) => {
                    if let Ok(said) = Document::decode_text(encoding, bytes)
                        && said != UNKNOWN
                    {
                        self.say(&said);
                    }
                }
                _ if number(part).is_some_and(|gap| gap < GAP) => self.part(' '),
                _ => {}
            }
        }
    }

    fn say(&mut self, said: &str) {
        match self.line {
            Some(line) if (line - self.height).abs() > APART => self.part('\n'),
            Some(_) if self.is_moved => self.part(' '),
            _ => {}
        }
        self.text.push_str(said);
        (self.line, self.is_moved) = (Some(self.height), false);
    }

    /// Parts what was written from what follows.
    fn part(&mut self, sign: char) {
        let written = self.text.trim_end_matches(' ').len();
        if sign == '\n' {
            self.text.truncate(written);
        }
        if !self.text.is_empty() && !self.text.ends_with([' ', '\n']) {
            self.text.push(sign);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic)]

    use super::text;
    use crate::extract::{Failure, Kind, Reading};

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

    /// The content of a page that says so.
    fn says(words: &str) -> String {
        format!("BT /F1 12 Tf 20 200 Td ({words}) Tj ET")
    }

    #[test]
    fn pages_are_told_apart_and_taken_by_their_numbers() {
        let file = pdf(&[&says("Total 12.50"), &says("Page two"), &says("The end")], "");
        let Ok(Reading::Text { kind, parts, text: all, cut }) = text(&file, None) else { panic!("no text") };
        assert_eq!((kind, parts, cut), (Kind::Pdf, 3, false));
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

    #[test]
    fn what_has_no_text_to_give_says_why() {
        assert_eq!(text(&pdf(&["q 300 0 0 300 0 0 cm Q"], ""), None), Err(Failure::NoText));
        let locked = pdf(&["\x01\x02\x03"], "/Encrypt << /Filter /Unknown /V 9 >>");
        assert_eq!(text(&locked, None), Err(Failure::Locked));
        let whole = pdf(&[&says("x")], "");
        assert_eq!(text(&whole[..whole.len() / 4], None), Err(Failure::Broken));
        assert_eq!(text(b"%PDF-1.7\nnothing of it", None), Err(Failure::Broken));
    }
}
