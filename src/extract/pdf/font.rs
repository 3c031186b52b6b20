//! A font of a PDF: what its codes say, and how wide their glyphs are.

use std::collections::BTreeMap;

use lopdf::{Dictionary, Document, Encoding, Object};

use super::{MOST, number};

/// Fonts of signs that are no letters, whatever their codes would say elsewhere.
const SIGNS: [&[u8]; 2] = [b"Symbol", b"ZapfDingbats"];

/// A font.
pub(super) struct Font {
    codes: Codes,
    /// What the file says that codes stand for.
    unicode: Option<Encoding<'static>>,
    /// Widths by the first and the last code that have them, in parts of the size.
    widths: BTreeMap<u32, (u32, f64)>,
    /// That of all other codes; none where the file does not say it.
    other: Option<f64>,
}

/// How a string is codes, and what these say where the file does not.
enum Codes {
    /// A byte each.
    Bytes(Vec<Option<String>>),
    /// Two bytes each, which are UTF-16 or only numbers.
    Pairs { utf16: bool },
    /// Of a length that is not known.
    Other,
}

/// A glyph that was written.
pub(super) struct Glyph {
    /// Nothing where it cannot be read.
    pub text: Option<String>,
    /// How far it goes, in parts of the size.
    pub width: f64,
    /// Whether the space between words is added to it.
    pub parts_words: bool,
}

impl Font {
    /// A font of a document.
    pub fn of(document: &Document, font: &Dictionary) -> Self {
        let is_composite = name(document, font, b"Subtype").is_some_and(|name| name == b"Type0");
        let unicode = font.get(b"ToUnicode").ok().and_then(|map| unicode(document, map));
        if is_composite {
            let of = font.get_deref(b"DescendantFonts", document).and_then(Object::as_array).ok();
            let of = of.and_then(|fonts| document.dereference(fonts.first()?).ok()?.1.as_dict().ok());
            let codes = match name(document, font, b"Encoding") {
                Some(b"Identity-H" | b"Identity-V") => Codes::Pairs { utf16: false },
                Some(name) if is_utf16(name) => Codes::Pairs { utf16: true },
                _ => Codes::Other,
            };
            let widths = of.and_then(|of| of.get_deref(b"W", document).ok()?.as_array().ok());
            let other = of.and_then(|of| number(of.get_deref(b"DW", document).ok()?)).unwrap_or(1000.0) / 1000.0;
            let widths = widths.map(|widths| composite(document, widths)).unwrap_or_default();
            return Self { codes, unicode, widths, other: Some(other) };
        }
        let widths = simple(document, font);
        let held = document.get_dict_in_dict(font, b"FontDescriptor");
        let missing = held.ok().and_then(|held| number(held.get_deref(b"MissingWidth", document).ok()?));
        let other = (!widths.is_empty()).then(|| missing.unwrap_or_default() / 1000.0);
        Self { codes: Codes::Bytes(table(document, font)), unicode, widths, other }
    }

    /// Whether the widths are only guessed.
    pub fn is_guessed(&self) -> bool {
        self.other.is_none()
    }

    /// What a string writes.
    pub fn glyphs<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = Glyph> + 'a {
        let length = match self.codes {
            Codes::Bytes(_) => 1,
            Codes::Pairs { .. } => 2,
            Codes::Other => bytes.len().max(1),
        };
        bytes.chunks(length).map(move |code| {
            let text = self.text(code);
            let width = self.width(code, text.as_deref());
            Glyph { text, width, parts_words: code == b" " }
        })
    }

    fn text(&self, code: &[u8]) -> Option<String> {
        let said = self.unicode.as_ref().and_then(|map| map.bytes_to_string(code).ok());
        let said = said.filter(|said| !said.is_empty() && !said.contains(char::REPLACEMENT_CHARACTER));
        said.or_else(|| match (&self.codes, code) {
            (Codes::Bytes(table), [byte]) => table.get(usize::from(*byte)).cloned().flatten(),
            (Codes::Pairs { utf16: true }, [high, low]) => {
                char::from_u32(u32::from(u16::from_be_bytes([*high, *low]))).map(String::from)
            }
            _ => None,
        })
    }

    fn width(&self, code: &[u8], text: Option<&str>) -> f64 {
        if matches!(self.codes, Codes::Other) {
            return text.map_or(0.0, |text| text.chars().count() as f64 * self.other.unwrap_or(1.0));
        }
        let code = code.iter().fold(0u32, |code, byte| code << 8 | u32::from(*byte));
        let stated = self.widths.range(..=code).next_back().filter(|(_, (last, _))| code <= *last);
        stated.map(|(_, (_, width))| *width).or(self.other).unwrap_or_else(|| guess(text.unwrap_or_default()))
    }
}

/// The name that a dictionary has under a key.
fn name<'a>(document: &'a Document, of: &'a Dictionary, key: &[u8]) -> Option<&'a [u8]> {
    of.get_deref(key, document).ok()?.as_name().ok()
}

/// Whether that encoding is UTF-16, as `UniGB-UCS2-H` and `UniJIS-UTF16-V` are.
fn is_utf16(encoding: &[u8]) -> bool {
    let has = |part: &[u8]| encoding.windows(part.len()).any(|some| some == part);
    encoding.starts_with(b"Uni") && (has(b"-UCS2-") || has(b"-UTF16-"))
}

/// What the library makes of a font that has these entries.
fn encoding<'a>(document: &'a Document, font: &'a Dictionary) -> Option<Encoding<'a>> {
    font.get_font_encoding_with_limit(document, MOST).ok()
}

fn font_with(key: &str, value: Object) -> Dictionary {
    Dictionary::from_iter([("Type", Object::Name(b"Font".to_vec())), (key, value)])
}

/// The map of codes that a font has. The library looks at it only where there is no encoding.
fn unicode(document: &Document, map: &Object) -> Option<Encoding<'static>> {
    let font = font_with("ToUnicode", map.clone());
    let encoding = encoding(document, &font)?;
    match encoding {
        Encoding::UnicodeMapEncoding(map) => Some(Encoding::UnicodeMapEncoding(map)),
        _ => None,
    }
}

/// What each byte says: by the encoding that is named, and by the names of glyphs that differ from it.
fn table(document: &Document, font: &Dictionary) -> Vec<Option<String>> {
    let stated = font.get_deref(b"Encoding", document).ok();
    let differing = stated.and_then(|stated| stated.as_dict().ok());
    let base = match differing {
        Some(differing) => name(document, differing, b"BaseEncoding"),
        None => stated.and_then(|stated| stated.as_name().ok()),
    };
    let called = name(document, font, b"BaseFont").unwrap_or_default();
    // A subset is called ABCDEF+Symbol.
    let is_signs = SIGNS.contains(&called.rsplit(|byte| *byte == b'+').next().unwrap_or_default());
    let mut table = match base {
        None if is_signs => vec![None; 256],
        base => named_encoding(document, base.unwrap_or(b"StandardEncoding")),
    };
    let differences = differing.and_then(|of| of.get_deref(b"Differences", document).ok()?.as_array().ok());
    let mut code = 0usize;
    for difference in differences.into_iter().flatten() {
        match document.dereference(difference) {
            Ok((_, Object::Integer(at))) => code = usize::try_from(*at).unwrap_or(usize::MAX),
            Ok((_, Object::Name(glyph))) => {
                if let Some(said) = table.get_mut(code) {
                    *said = glyph_called(document, glyph);
                }
                code = code.saturating_add(1);
            }
            _ => {}
        }
    }
    table
}

fn named_encoding(document: &Document, name: &[u8]) -> Vec<Option<String>> {
    let font = font_with("Encoding", Object::Name(name.to_vec()));
    let encoding = encoding(document, &font);
    let said = |byte| encoding.as_ref()?.bytes_to_string(&[byte]).ok().filter(|said| !said.is_empty());
    (0..=u8::MAX).map(said).collect()
}

/// What a glyph of that name says: `eacute`, `uni20AC`, `a.alt`; nothing where the name says nothing.
fn glyph_called(document: &Document, name: &[u8]) -> Option<String> {
    let name = name.split(|byte| *byte == b'.').next().filter(|name| !name.is_empty())?;
    let text = std::str::from_utf8(name).ok()?;
    let hex = text.strip_prefix("uni").or_else(|| text.strip_prefix('u')).filter(|hex| (4..=6).contains(&hex.len()));
    if let Some(c) = hex.and_then(|hex| char::from_u32(u32::from_str_radix(hex, 16).ok()?)) {
        return Some(c.into());
    }
    // One whose only difference is that glyph, at a code that says nothing otherwise.
    let differences = Object::Array(vec![Object::Integer(0), Object::Name(name.to_vec())]);
    let differing = Dictionary::from_iter([("Type", Object::Name(b"Encoding".to_vec())), ("Differences", differences)]);
    let font = font_with("Encoding", Object::Dictionary(differing));
    let encoding = encoding(document, &font)?;
    encoding.bytes_to_string(&[0]).ok().filter(|said| !said.is_empty())
}

/// The widths of a font of one byte.
fn simple(document: &Document, font: &Dictionary) -> BTreeMap<u32, (u32, f64)> {
    let at = |key: &[u8]| font.get_deref(key, document).ok();
    // Only glyphs that are drawings have a measure of their own.
    let scale = at(b"FontMatrix").and_then(|matrix| number(matrix.as_array().ok()?.first()?)).unwrap_or(0.001);
    let first = at(b"FirstChar").and_then(number).unwrap_or_default() as u32;
    let widths = at(b"Widths").and_then(|widths| widths.as_array().ok());
    let widths = (first..=255).zip(widths.into_iter().flatten());
    widths.filter_map(|(code, width)| Some((code, (code, value(document, width)? * scale)))).collect()
}

/// The widths of a font of many glyphs: `first [width width]` and `first last width`.
fn composite(document: &Document, stated: &[Object]) -> BTreeMap<u32, (u32, f64)> {
    let mut widths = BTreeMap::new();
    let mut rest = stated;
    while let [first, second, after @ ..] = rest {
        let Some(first) = value(document, first).map(|first| first as u32) else { break };
        if let Ok((_, Object::Array(each))) = document.dereference(second) {
            for (code, width) in (first..=u32::MAX).zip(each) {
                widths.extend(value(document, width).map(|width| (code, (code, width / 1000.0))));
            }
            rest = after;
        } else {
            let [width, after @ ..] = after else { break };
            let (Some(last), Some(width)) = (value(document, second), value(document, width)) else { break };
            widths.insert(first, (last as u32, width / 1000.0));
            rest = after;
        }
    }
    widths
}

/// The number that an object or what it refers to is.
fn value(document: &Document, object: &Object) -> Option<f64> {
    number(document.dereference(object).ok()?.1)
}

/// About how wide a text is in Helvetica: the fonts that every reader has come without widths.
fn guess(text: &str) -> f64 {
    let width = |c| match c {
        ' ' | ',' | '.' | ':' | ';' | '!' | '/' | 'I' | 'f' | 't' => 0.278,
        'i' | 'j' | 'l' | '\'' | '|' => 0.222,
        '(' | ')' | '-' | 'r' => 0.333,
        'm' | 'w' | 'M' | 'W' | '%' => 0.83,
        c if c.is_uppercase() => 0.69,
        _ => 0.54,
    };
    text.chars().map(width).sum()
}
