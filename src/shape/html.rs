//! HTML as the site writes it, to plain text.

use std::borrow::Cow;

use html_escape::decode_html_entities;

/// Elements that end a line.
pub(super) const BLOCKS: [&str; 20] = [
    "address",
    "blockquote",
    "br",
    "dd",
    "details",
    "div",
    "dt",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "li",
    "p",
    "pre",
    "summary",
    "table",
    "tr",
];

/// Elements whose content is not text.
const OPAQUE: [&str; 2] = ["script", "style"];

/// A piece of HTML.
pub(super) enum Part<'a> {
    /// With its entities decoded. A `<` that opens no tag is text, so that `a < b` and plain text pass unharmed.
    Text(Cow<'a, str>),
    /// A tag, or a comment, whose name is empty.
    Tag {
        /// In lower case.
        name: String,
        /// With its brackets and attributes.
        whole: &'a str,
    },
}

/// The pieces of `html` in their order, without what is no text.
pub(super) struct Parts<'a>(pub &'a str);

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        let text = self.0;
        let first = text.chars().next()?;
        if let Some((name, after)) = tag(text) {
            let whole = &text[..text.len() - after.len()];
            self.0 = if OPAQUE.contains(&name.as_str()) { after_closing(after, &name) } else { after };
            return Some(Part::Tag { name, whole });
        }
        let begun = first.len_utf8();
        let end = text[begun..].find('<').map_or(text.len(), |at| begun + at);
        self.0 = &text[end..];
        Some(Part::Text(decode_html_entities(&text[..end])))
    }
}

/// The text of `html`: tags and comments gone, entities decoded, white space folded, one line per block.
pub fn to_text(html: &str) -> String {
    let mut raw = String::with_capacity(html.len());
    for part in Parts(html) {
        match part {
            Part::Text(text) => raw.push_str(&text),
            Part::Tag { name, .. } if BLOCKS.contains(&name.as_str()) => raw.push('\n'),
            Part::Tag { name, .. } if matches!(name.as_str(), "td" | "th") => raw.push(' '),
            Part::Tag { .. } => {}
        }
    }
    raw.lines().map(fold).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// `text` on one line, each run of white space one space.
pub fn fold(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The lower-case name of the tag or comment that `text` begins with, and what follows it.
fn tag(text: &str) -> Option<(String, &str)> {
    let inside = text.strip_prefix('<')?;
    if let Some(comment) = inside.strip_prefix("!--") {
        return Some((String::new(), comment.split_once("-->").map_or("", |(_, after)| after)));
    }
    let name = inside.strip_prefix('/').unwrap_or(inside);
    if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '!') {
        return None;
    }
    let mut quote = None;
    let mut end = None;
    for (at, c) in inside.char_indices() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '>') => {
                end = Some(at);
                break;
            }
            // Another tag begins: this was none.
            (None, '<') => break,
            // A quote opens a value only after `=`; elsewhere it is an apostrophe in broken mark-up.
            (None, '"' | '\'') if inside[..at].trim_end().ends_with('=') => quote = Some(c),
            _ => {}
        }
    }
    let end = end?;
    let name = name.chars().take_while(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let opens = !inside.starts_with('/');
    let name = if opens || !OPAQUE.contains(&name.as_str()) { name } else { String::new() };
    Some((name, &inside[end + 1..]))
}

/// What follows the closing tag of an element whose content is not text.
fn after_closing<'a>(text: &'a str, name: &str) -> &'a str {
    let closing = format!("</{name}");
    let found = text
        .char_indices()
        .find(|(at, _)| text.get(*at..at + closing.len()).is_some_and(|there| there.eq_ignore_ascii_case(&closing)));
    found.map_or("", |(at, _)| text[at..].split_once('>').map_or("", |(_, after)| after))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::to_text;

    #[test]
    fn tags_go_and_their_text_stays() {
        assert_eq!(to_text("Value for <strong>n_int</strong> is bad"), "Value for n_int is bad");
        assert_eq!(to_text(r#"You must <a href="/app/x?a>b" target='_blank'> Cancel </a> it"#), "You must Cancel it");
        assert_eq!(to_text("one<br>two<p>three</p>four"), "one\ntwo\nthree\nfour");
        assert_eq!(to_text("<tr><td>a</td><td>b</td></tr>"), "a b");
    }

    #[test]
    fn scripts_styles_and_comments_go_with_their_content() {
        assert_eq!(to_text("a<script>if (x < 1) alert('</b>')</SCRIPT >b"), "ab");
        assert_eq!(to_text("a<style>p > b {}</style>b<!-- <b>no</b> -->c"), "abc");
        assert_eq!(to_text("a<script>never closed"), "a");
    }

    #[test]
    fn text_that_only_looks_like_markup_stays() {
        let text = "Name cannot contain '<', '>' & a < b, 5<6 &nope; &";
        assert_eq!(to_text(text), text);
    }

    #[test]
    fn broken_markup_costs_no_more_than_its_length() {
        let begun = Instant::now();
        for piece in ["<a ", "&", "<a x=\"", "<!--", "<script>", "</", "&#"] {
            to_text(&piece.repeat(200_000));
        }
        // Seconds at most; by the square of the length it would be an hour.
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    }

    #[test]
    fn entities_are_decoded_once() {
        assert_eq!(to_text("a &amp;lt; b &#39;c&#x27; &euro;5&nbsp;x"), "a &lt; b 'c' €5 x");
        assert_eq!(to_text("&#0; &#xD800; &#99999999;"), "&#0; &#xD800; &#99999999;");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_taken(text in "\\PC*") {
            to_text(&text);
        }

        #[test]
        fn text_without_markup_only_has_its_white_space_folded(text in "[^<&]*") {
            let folded: Vec<_> = text.split_whitespace().collect();
            let out = to_text(&text);
            assert_eq!(out.split_whitespace().collect::<Vec<_>>(), folded);
        }
    }
}
