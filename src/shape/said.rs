//! A message of the site: its text, and what it sets off, which most often is a name.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::html::{self, Part, Parts};

/// The most places of one message that are kept.
const MOST: usize = 500;
/// How many elements are looked into that stand in each other.
const DEEPEST: usize = 4;
/// The elements that set something off.
const ELEMENTS: [&str; 5] = ["a", "b", "em", "i", "strong"];

/// What the site said, before anybody decided how much of it a caller may read.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Said {
    /// Plain text on one line, up to where a traceback begins.
    pub text: String,
    /// What stands in bold or in a link.
    pub set_off: Vec<String>,
    /// The documents that it links to: DocType, as the address has it (`sales-invoice`), and name.
    pub documents: Vec<(String, String)>,
}

impl Said {
    /// Reads a message, which may be HTML.
    pub fn of(message: &str) -> Self {
        let text = html::fold(&html::to_text(message));
        let text = text.split("Traceback (most recent call").next().unwrap_or_default().trim_end().to_owned();
        let (mut set_off, mut documents, mut open) = (Vec::new(), Vec::new(), Vec::<(String, String)>::new());
        for part in Parts(message) {
            let closed = match &part {
                Part::Tag { name, whole } if ELEMENTS.contains(&name.as_str()) && !whole.starts_with("</") => {
                    documents.extend(document(whole));
                    if open.len() < DEEPEST {
                        open.push((name.clone(), String::new()));
                    }
                    continue;
                }
                Part::Tag { name, .. } => open.iter().rposition(|(opened, _)| opened == name),
                Part::Text(_) => None,
            };
            let piece: Cow<'_, str> = match part {
                Part::Text(text) => text,
                Part::Tag { name, .. } if html::BLOCKS.contains(&name.as_str()) => " ".into(),
                Part::Tag { .. } => "".into(),
            };
            if let Some((_, inside)) = closed.map(|at| open.remove(at)) {
                set_off.push(html::fold(&inside).trim().to_owned());
            } else {
                open.iter_mut().for_each(|(_, inside)| inside.push_str(&piece));
            }
        }
        set_off.retain(|inside| !inside.is_empty());
        set_off.truncate(MOST);
        documents.truncate(MOST);
        Self { text, set_off, documents }
    }
}

/// The document behind `<a href="/app/sales-invoice/NAME">`, or `"/app/Form/Sales Invoice/NAME">`; version 16 says `desk`.
fn document(tag: &str) -> Option<(String, String)> {
    let (_, address) = tag.split_once("href=")?;
    let address = address.get(1..)?.split(['"', '\'']).next()?;
    let (_, path) = address.split_once("/app/").or_else(|| address.split_once("/desk/"))?;
    let (doctype, name) = path.strip_prefix("Form/").unwrap_or(path).split_once('/')?;
    let decoded = |part: &str| Some(html::to_text(&percent_decode_str(part).decode_utf8().ok()?));
    Some((decoded(doctype)?, decoded(name)?))
}

#[cfg(test)]
mod tests {
    use super::Said;

    #[test]
    fn what_is_bold_or_a_link_is_set_off_and_documents_are_those_that_it_links_to() {
        let said = Said::of(
            "Order <a href=\"/app/sales-order/SO%201\"><b>SO 1</b></a> of <strong>A &amp; B</strong> &lt;5&gt;\nTraceback (most recent call last): x",
        );
        assert_eq!(said.text, "Order SO 1 of A & B <5>");
        assert_eq!(said.set_off, ["SO 1", "SO 1", "A & B"]);
        assert_eq!(said.documents, [("sales-order".to_owned(), "SO 1".to_owned())]);
        let said = Said::of("<a href=\"http://localhost/desk/Form/Sales Order/SO-2\">SO-2</a>");
        assert_eq!(said.documents, [("Sales Order".to_owned(), "SO-2".to_owned())]);
    }
}
