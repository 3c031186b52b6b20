//! The text of a DOCX: paragraphs as lines, the cells of a table's row parted by tabs; then its headers, footers and notes.
//! Comments are no part of it.

use std::collections::BTreeSet;
use std::io::{Cursor, Read};

use html_escape::decode_html_entities;
use zip::ZipArchive;

use super::archive::{DOCUMENT, failure, open};
use super::child::cut;
use super::{Failure, FileFormat, MOST_TEXT, Reading};

/// How the files begin that hold what stands outside of the body.
const BESIDE: [&str; 4] = ["header", "footer", "footnotes", "endnotes"];

/// The text of a document.
///
/// # Errors
/// That it is broken, or has none.
pub(super) fn text(bytes: &[u8]) -> Result<Reading, Failure> {
    let mut zip = open(bytes)?;
    let mut text = plain_of(&mut zip, DOCUMENT)?;
    let names = zip.file_names_raw().filter_map(|name| std::str::from_utf8(name).ok());
    let beside = names.filter_map(|name| name.strip_prefix("word/")?.strip_suffix(".xml"));
    let beside = beside.filter(|name| BESIDE.iter().any(|begins| name.starts_with(begins)));
    let beside: BTreeSet<String> = beside.map(str::to_owned).collect();
    for name in beside {
        let more = plain_of(&mut zip, &format!("word/{name}.xml"))?;
        if !more.trim().is_empty() {
            text.push_str(&format!("\n[{name}]\n{}\n", more.trim()));
        }
    }
    if text.trim().is_empty() {
        return Err(Failure::NoText);
    }
    let cut = cut(&mut text, MOST_TEXT);
    Ok(Reading::Text { kind: FileFormat::Docx, parts: 1, text, cut })
}

/// The text of one file.
fn plain_of(zip: &mut ZipArchive<Cursor<&[u8]>>, name: &str) -> Result<String, Failure> {
    let mut xml = String::new();
    zip.by_name(name).map_err(|error| failure(&error))?.read_to_string(&mut xml).map_err(|_| Failure::Broken)?;
    plain(&xml).ok_or(Failure::Broken)
}

/// What stands in the text runs of WordprocessingML; nothing where a tag has no end.
fn plain(xml: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = xml;
    // What stands between the tags is text only in a run of text, and is nothing in what other programs get instead, or
    // where it was before somebody moved it.
    let (mut in_run, mut properties, mut instead) = (false, 0usize, 0usize);
    while let Some(begins) = rest.find('<') {
        if in_run && instead == 0 {
            out.push_str(&decode_html_entities(&rest[..begins]));
        }
        rest = &rest[begins..];
        if let Some(after) = rest.strip_prefix("<!--") {
            rest = &after[after.find("-->")? + 3..];
            continue;
        }
        if let Some(after) = rest.strip_prefix("<![CDATA[") {
            let end = after.find("]]>")?;
            if in_run && instead == 0 {
                out.push_str(&after[..end]);
            }
            rest = &after[end + 3..];
            continue;
        }
        let end = tag_end(rest)?;
        let tag = &rest[1..end];
        rest = &rest[end + 1..];
        let is_whole = tag.ends_with('/');
        let (closes, name) = tag.strip_prefix('/').map_or((false, tag), |name| (true, name));
        let name = name.split(|c: char| c.is_whitespace() || c == '/').next().unwrap_or_default();
        let name = name.rsplit(':').next().unwrap_or_default();
        match (name, closes) {
            ("Fallback" | "moveFrom", false) if !is_whole => instead += 1,
            ("Fallback" | "moveFrom", true) => instead = instead.saturating_sub(1),
            // The tabs of a paragraph's properties are stops, not signs.
            ("pPr", false) if !is_whole => properties += 1,
            ("pPr", true) => properties = properties.saturating_sub(1),
            _ if instead > 0 || properties > 0 => {}
            ("t", closes) => in_run = !closes && !is_whole,
            ("tab", false) => out.push('\t'),
            ("br" | "cr", false) => out.push('\n'),
            ("noBreakHyphen", false) => out.push('-'),
            ("p", closes) if closes || is_whole => out.push('\n'),
            ("tc", true) => part(&mut out, '\n', '\t'),
            ("tr", true) => part(&mut out, '\t', '\n'),
            _ => {}
        }
    }
    Some(out)
}

/// Puts one sign in the place of another at the end.
fn part(out: &mut String, ends: char, sign: char) {
    if out.ends_with(ends) {
        out.pop();
    }
    out.push(sign);
}

/// Where the tag at the beginning ends; a `>` in a quoted value does not end it.
fn tag_end(xml: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in xml.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{plain, text};
    use crate::extract::archive::DOCUMENT;
    use crate::extract::archive::tests::packed;
    use crate::extract::{Failure, FileFormat, Reading};

    #[test]
    fn paragraphs_are_lines_and_the_cells_of_a_row_are_parted_by_tabs() {
        let xml = r#"<?xml version="1.0"?><w:document xmlns:w="x>y"><w:body>
            <w:p><w:pPr><w:tabs><w:tab w:val="left"/></w:tabs></w:pPr>
            <w:r><w:t xml:space="preserve">Total &amp; </w:t></w:r>
            <w:r><w:t>tax &lt;19&#160;%&gt;</w:t><w:br/><w:t>due</w:t><w:tab/><w:t>now</w:t></w:r></w:p>
            <w:p/><!-- <w:t>no</w:t> --><w:p><w:r><w:delText>gone</w:delText><w:instrText>PAGE</w:instrText></w:r></w:p>
            <mc:AlternateContent><mc:Choice><w:p><w:t>box</w:t></w:p></mc:Choice>
            <mc:Fallback><w:p><w:t>box</w:t></w:p></mc:Fallback></mc:AlternateContent>
            <w:tbl><w:tr><w:tc><w:p><w:t>Bolt</w:t></w:p></w:tc><w:tc><w:p><w:t>4</w:t></w:p></w:tc></w:tr>
            <w:tr><w:tc><w:p><w:t/></w:p></w:tc><w:tc><w:p><w:t><![CDATA[<5>]]></w:t></w:p></w:tc></w:tr></w:tbl>
            </w:body></w:document>"#;
        let wanted = "Total & tax <19\u{a0}%>\ndue\tnow\n\n\nbox\nBolt\t4\n\t<5>\n";
        assert_eq!(plain(xml).as_deref(), Some(wanted));
        assert_eq!(plain("<w:t>x</w:t><w:p a=\""), None);
    }

    #[test]
    fn what_was_moved_stands_where_it_is_now() {
        let xml = "<w:p><w:pPr><w:rPr><w:moveFrom w:id=\"1\"/></w:rPr></w:pPr><w:moveFromRangeStart w:id=\"2\"/>\
                   <w:moveFrom w:id=\"3\"><w:r><w:t>moved</w:t></w:r></w:moveFrom><w:moveFromRangeEnd w:id=\"2\"/>\
                   <w:r><w:t>stays</w:t></w:r></w:p>\
                   <w:p><w:moveTo w:id=\"4\"><w:r><w:t>moved</w:t></w:r></w:moveTo></w:p>";
        assert_eq!(plain(xml).as_deref(), Some("stays\nmoved\n"));
    }

    #[test]
    fn a_document_is_read_from_its_zip() {
        let document = |xml: &str| packed(&[("[Content_Types].xml", ""), (DOCUMENT, xml)]);
        let read = text(&document("<w:p><w:r><w:t>Hello</w:t></w:r></w:p>"));
        assert_eq!(
            read,
            Ok(Reading::Text { kind: FileFormat::Docx, parts: 1, text: "Hello\n".to_owned(), cut: false })
        );
        assert_eq!(text(&document("<w:p><w:drawing/></w:p>")), Err(Failure::NoText));
        let run = |text: &str| format!("<w:p><w:r><w:t>{text}</w:t></w:r></w:p>");
        let (body, note, empty) = (run("Due in 30 days"), run("Of the month's end"), "<w:p/>");
        let beside = [
            (DOCUMENT, body.as_str()),
            ("word/footnotes.xml", note.as_str()),
            ("word/header1.xml", empty),
            ("word/comments.xml", note.as_str()),
        ];
        let Ok(Reading::Text { text: read, .. }) = text(&packed(&beside)) else { unreachable!() };
        assert_eq!(read, "Due in 30 days\n\n[footnotes]\nOf the month's end\n");
        assert_eq!(text(&document("<w:p><w:t>cut <w:x")), Err(Failure::Broken));
    }
}
