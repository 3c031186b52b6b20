//! The text of a PDF, page by page, in the order in which a page writes it.

mod font;
mod pen;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::rc::Rc;

use lopdf::content::{Content, Operation};
use lopdf::{Dictionary, Document, LoadOptions, Object, ObjectId, Stream};

use super::child::{cut, parts};
use super::{Failure, FileFormat, MOST_TEXT, Reading};
use font::Font;
use pen::{Matrix, Pen};

/// The most that one stream of it may unpack to, and all that one page writes, in bytes.
const MOST: usize = 64 << 20;
/// What a PDF that needs a password has.
const ENCRYPTED: &[u8] = b"/Encrypt";
/// How deep forms lie in forms at most.
const DEEPEST: usize = 8;
/// What a form costs beside its bytes: a page may draw an empty one without end.
const OF_A_FORM: usize = 4 << 10;
/// The most levels of a tree of pages.
const MOST_LEVELS: usize = 64;

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
    let mut reader = Reader { document: &document, fonts: HashMap::new(), pen: Pen::default(), left: MOST };
    for (number, id) in &all[parts(pages, all.len())?] {
        text.push_str(&format!("[page {number}]\n"));
        match reader.page(*id) {
            Some(Pen { text: page, lost, .. }) => {
                let page = page.trim();
                said |= !page.is_empty();
                text.push_str(page);
                if lost {
                    text.push_str(if page.is_empty() { "" } else { "\n" });
                    text.push_str("[some text of this page cannot be read]");
                }
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
    Ok(Reading::Text { kind: FileFormat::Pdf, parts: all.len(), text, cut })
}

/// What reads a document.
struct Reader<'d> {
    document: &'d Document,
    fonts: HashMap<ObjectId, Rc<Font>>,
    pen: Pen,
    /// How much the page may still write, in bytes.
    left: usize,
}

impl<'d> Reader<'d> {
    /// A page as it is written; nothing where it cannot be read.
    fn page(&mut self, id: ObjectId) -> Option<Pen> {
        (self.pen, self.left) = (Pen::default(), MOST);
        let content = self.document.get_page_content_with_limit(id, MOST).ok()?;
        self.left -= content.len().min(MOST);
        let resources = self.resources(id);
        self.draw(&content, &resources, 0);
        Some(std::mem::take(&mut self.pen))
    }

    /// Where a page finds what it names: its own resources, then those that it inherits.
    fn resources(&self, page: ObjectId) -> Vec<&'d Dictionary> {
        let mut found: Vec<&'d Dictionary> = Vec::new();
        let mut node = self.document.get_dictionary(page).ok();
        for _ in 0..MOST_LEVELS {
            let Some(of) = node else { break };
            found.extend(self.document.get_dict_in_dict(of, b"Resources"));
            let above = of.get(b"Parent").and_then(Object::as_reference);
            node = above.and_then(|above| self.document.get_dictionary(above)).ok();
        }
        found
    }

    fn draw(&mut self, content: &[u8], resources: &[&'d Dictionary], depth: usize) {
        let whole = Content::decode_strict(content);
        // What comes after something that nobody may write is lost.
        self.pen.lost |= whole.is_err();
        let Ok(content) = whole.or_else(|_| Content::decode(content)) else { return };
        for operation in &content.operations {
            self.do_one(operation, resources, depth);
        }
    }

    fn do_one(&mut self, operation: &Operation, resources: &[&'d Dictionary], depth: usize) {
        let operands = operation.operands.as_slice();
        let at = |at: usize| operands.get(at).and_then(number).unwrap_or_default();
        let matrix = || [at(0), at(1), at(2), at(3), at(4), at(5)];
        let document = self.document;
        let named = |kind: &[u8]| {
            let name = operands.first()?.as_name().ok()?;
            resources.iter().copied().find_map(|of| document.get_dict_in_dict(of, kind).ok()?.get(name).ok())
        };
        let pen = &mut self.pen;
        match operation.operator.as_str() {
            "q" => pen.keep(),
            "Q" => pen.give_back(),
            "cm" => pen.transform(matrix()),
            "Tf" => {
                pen.state.size = at(1);
                let font = named(b"Font");
                self.pen.state.font = font.and_then(|font| self.font(font));
            }
            "Tc" => pen.state.spacing = at(0),
            "Tw" => pen.state.word_spacing = at(0),
            "Tz" => pen.state.stretch = at(0) / 100.0,
            "TL" => pen.state.leading = at(0),
            "Ts" => pen.state.rise = at(0),
            "BT" => pen.begin(),
            "Td" => pen.go(at(0), at(1)),
            "TD" => {
                pen.state.leading = -at(1);
                pen.go(at(0), at(1));
            }
            "Tm" => pen.place(matrix()),
            "T*" => pen.next_line(),
            "Tj" => write(pen, operands),
            "TJ" => {
                let parts = operands.first().and_then(|parts| parts.as_array().ok());
                write(pen, parts.map(|parts| parts.as_slice()).unwrap_or_default());
            }
            "'" => {
                pen.next_line();
                write(pen, operands);
            }
            "\"" => {
                (pen.state.word_spacing, pen.state.spacing) = (at(0), at(1));
                pen.next_line();
                write(pen, operands.get(2..).unwrap_or_default());
            }
            "Do" => match named(b"XObject").map(|drawn| document.dereference(drawn)) {
                Some(Ok((_, Object::Stream(drawn)))) => self.form(drawn, resources, depth),
                _ => pen.lost = true,
            },
            _ => {}
        }
    }

    /// Writes what a form has; a picture has nothing.
    fn form(&mut self, form: &'d Stream, resources: &[&'d Dictionary], depth: usize) {
        let subtype = form.dict.get_deref(b"Subtype", self.document).and_then(Object::as_name);
        if subtype.is_ok_and(|subtype| subtype != b"Form") {
            return;
        }
        let content = form.get_plain_content_with_limit(self.left).ok();
        let left = content.as_ref().and_then(|content| self.left.checked_sub(content.len() + OF_A_FORM));
        let (Some(content), Some(left), true) = (content, left, depth < DEEPEST) else {
            self.pen.lost = true;
            return;
        };
        self.left = left;
        let matrix = form.dict.get_deref(b"Matrix", self.document).and_then(Object::as_array).ok();
        let matrix: Option<Vec<f64>> = matrix.and_then(|matrix| matrix.iter().map(number).collect());
        let matrix = matrix.and_then(|matrix| Matrix::try_from(matrix).ok());
        let own = self.document.get_dict_in_dict(&form.dict, b"Resources").ok();
        let resources: Vec<&'d Dictionary> = own.into_iter().chain(resources.iter().copied()).collect();
        // It gives back no more than it kept.
        let (state, kept) = (self.pen.state.clone(), std::mem::take(&mut self.pen.kept));
        if let Some(matrix) = matrix {
            self.pen.transform(matrix);
        }
        self.draw(&content, &resources, depth + 1);
        (self.pen.state, self.pen.kept) = (state, kept);
    }

    /// The font that is named, read once.
    fn font(&mut self, named: &'d Object) -> Option<Rc<Font>> {
        let (id, font) = self.document.dereference(named).ok()?;
        if let Some(known) = id.and_then(|id| self.fonts.get(&id)) {
            return Some(known.clone());
        }
        let font = Rc::new(Font::of(self.document, font.as_dict().ok()?));
        self.fonts.extend(id.map(|id| (id, font.clone())));
        Some(font)
    }
}

/// Writes strings, and the gaps between them.
fn write(pen: &mut Pen, parts: &[Object]) {
    for part in parts {
        match part {
            Object::String(bytes, _) => pen.write(bytes),
            part => pen.back(number(part).unwrap_or_default()),
        }
    }
}

fn number(object: &Object) -> Option<f64> {
    match object {
        Object::Integer(number) => Some(*number as f64),
        Object::Real(number) => Some(f64::from(*number)),
        _ => None,
    }
}
