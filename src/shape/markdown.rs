//! HTML as the desk's editors write it, to Markdown and back: headings, emphasis, lists, links, tables.

use std::borrow::Cow;

use pulldown_cmark::{Event, Options, Parser, html};

use super::html::{BLOCKS, Part, Parts, fold};

/// What stands for an image, which Markdown here does not carry.
pub const IMAGE: &str = "[image]";

/// Elements by which a text is known to be HTML.
const ELEMENTS: [&str; 30] = [
    "a",
    "b",
    "blockquote",
    "br",
    "code",
    "div",
    "em",
    "font",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "li",
    "ol",
    "p",
    "pre",
    "s",
    "span",
    "strong",
    "sub",
    "sup",
    "table",
    "u",
    "ul",
    "section",
];

/// Whether the text is HTML already.
pub fn is_html(text: &str) -> bool {
    // One that is escaped is none.
    let tags = text.replace("\\<", "");
    Parts(&tags).any(|part| matches!(part, Part::Tag { name, .. } if ELEMENTS.contains(&name.as_str())))
}

/// Markdown as HTML, each line a line for its readers. HTML, and text that says nothing in Markdown, stay as they are.
pub fn to_html(text: &str) -> Cow<'_, str> {
    if is_html(text) {
        return text.into();
    }
    let events = Parser::new_ext(text, Options::ENABLE_TABLES).map(|event| match event {
        Event::SoftBreak => Event::HardBreak,
        Event::Html(tag) | Event::InlineHtml(tag) => Event::Text(tag),
        other => other,
    });
    let events: Vec<Event<'_>> = events.collect();
    let plain = |event: &Event<'_>| match event {
        Event::Text(text) => Some(text.to_string()),
        _ => None,
    };
    if let [Event::Start(_), within @ .., Event::End(_)] = events.as_slice()
        && within.iter().map(plain).collect::<Option<String>>().is_some_and(|all| all == text.trim())
    {
        return text.into();
    }
    let mut written = String::with_capacity(text.len() * 2);
    html::push_html(&mut written, events.into_iter());
    written.replace("<br />\n", "<br>").replace("<hr />", "<hr>").trim_end().to_owned().into()
}

/// Whether HTML holds what its Markdown does not carry, and what a change by Markdown would lose.
pub fn holds_images(html: &str) -> bool {
    Parts(html).any(|part| matches!(part, Part::Tag { name, .. } if name == "img"))
}

/// The HTML as Markdown. Text without mark-up only has its white space folded.
pub fn from_html(html: &str) -> String {
    let mut raw = String::with_capacity(html.len());
    let mut lists: Vec<&str> = Vec::new();
    let mut links: Vec<Option<String>> = Vec::new();
    // The cells of the row that is open, and whether its table had one before.
    let (mut cells, mut is_later_row) = (0, false);
    let mut quotations = 0_usize;
    for part in Parts(html) {
        let (name, whole) = match part {
            Part::Text(text) => {
                push_text(&mut raw, &text);
                continue;
            }
            Part::Tag { name, whole } => (name, whole),
        };
        let closes = whole.starts_with("</");
        match (name.as_str(), closes) {
            ("b" | "strong", _) => raw.push_str("**"),
            ("i" | "em", _) => raw.push('*'),
            ("code", _) => raw.push('`'),
            ("ul", false) => lists.push("- "),
            ("ol", false) => lists.push("1. "),
            ("ul" | "ol", true) => {
                lists.pop();
                raw.push('\n');
                raw.push(END);
                raw.push('\n');
            }
            ("li", false) => {
                let bullet = attribute(whole, "data-list").as_deref() == Some("bullet");
                raw.push('\n');
                raw.push_str(if bullet { "- " } else { lists.last().unwrap_or(&"- ") });
            }
            ("a", false) => {
                let href = attribute(whole, "href").filter(|href| leads_somewhere(href));
                raw.push_str(if href.is_some() { "[" } else { "" });
                links.push(href);
            }
            ("a", true) => {
                if let Some(href) = links.pop().flatten() {
                    raw.push_str(&format!("]({href})"));
                }
            }
            ("table", _) => {
                raw.push('\n');
                raw.push(END);
                raw.push('\n');
                is_later_row = false;
            }
            ("tr", false) => {
                raw.push_str("\n|");
                cells = 0;
            }
            // What a cell holds stays on its line.
            ("p" | "div" | "br", _) if cells > 0 => raw.push(' '),
            ("td" | "th", false) => {
                raw.push(' ');
                cells += 1;
            }
            ("td" | "th", true) => raw.push_str(" |"),
            ("tr", true) => {
                if !is_later_row && cells > 0 {
                    raw.push_str("\n|");
                    raw.push_str(&" --- |".repeat(cells));
                }
                raw.push('\n');
                (cells, is_later_row) = (0, true);
            }
            ("img", _) => raw.push_str(IMAGE),
            ("blockquote", false) => {
                quotations += 1;
                raw.push_str("\n> ");
            }
            ("blockquote", true) => {
                quotations = quotations.saturating_sub(1);
                raw.push('\n');
                raw.push(END);
                raw.push('\n');
            }
            ("h1" | "h2" | "h3" | "h4" | "h5" | "h6", false) => {
                raw.push('\n');
                raw.push_str(&"######"[..usize::from(name.as_bytes()[1] - b'0')]);
                raw.push(' ');
            }
            (block, _) if BLOCKS.contains(&block) => {
                raw.push('\n');
                raw.push_str(if quotations > 0 { "> " } else { "" });
            }
            _ => {}
        }
    }
    let mut lines: Vec<String> = Vec::new();
    for line in raw.lines() {
        // Of an end only that is left which keeps the next line out of what ended.
        let ended = line.contains(END);
        let line = fold(&line.replace(END, " ")).replace("****", "");
        match line.as_str() {
            "" if ended && lines.last().is_some_and(|last| !last.is_empty()) => lines.push(String::new()),
            "" | "-" | "1." | ">" | "|" => {}
            _ => lines.push(line),
        }
    }
    // A list within a list ends where the outer one goes on.
    let mut told: Vec<String> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let is_item = |line: &String| line.starts_with("- ") || line.starts_with("1. ");
        let within = line.is_empty() && lines.get(at + 1).is_none_or(is_item);
        if !within {
            told.push(line.clone());
        }
    }
    told.join("\n")
}

/// What would be taken for a tag when it comes back is escaped.
fn push_text(raw: &mut String, text: &str) {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        raw.push_str(before);
        raw.push_str(if after.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!') {
            "\\<"
        } else {
            "<"
        });
        rest = after;
    }
    raw.push_str(rest);
}

/// Stands where a list, a table or a quotation ends.
const END: char = '\u{1}';

/// Whether it is worth showing: an address, not a script.
fn leads_somewhere(href: &str) -> bool {
    let plain = !href.contains(|c: char| c.is_whitespace() || c.is_control() || c == ')');
    plain && ["http://", "https://", "mailto:", "tel:", "/"].iter().any(|start| href.starts_with(start))
}

/// The value of an attribute of a tag, where it stands in quotes.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, after) = tag.split_once(&format!(" {name}="))?;
    let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (value, _) = after[1..].split_once(quote)?;
    Some(value.replace("&amp;", "&"))
}

#[cfg(test)]
mod tests {
    use super::{from_html, to_html};

    #[test]
    fn what_was_read_is_the_same_to_a_reader_when_it_is_written_back() {
        for html in [
            "<div class=\"ql-editor read-mode\"><p>One <strong>two</strong></p><p><br></p><p>three</p></div>",
            "<h2>Terms</h2><ul><li>net 30</li><li><em>no</em> refund</li></ul>end",
            "<ol><li data-list=\"bullet\">a</li></ol><p>x</p><ol><li data-list=\"ordered\">b</li></ol>",
            "see <a href=\"https://x.example/a?b=1&amp;c=2\">here</a> &amp; there, a &lt; b",
            "<p>x</p><table><tr><th>a</th><th>b</th></tr><tr><td><p>1</p></td><td>2</td></tr></table><p>y</p>",
            "<blockquote>said</blockquote><p>and 2 * 3 * 4, snake_case_name</p>",
            "<p>write &lt;b&gt;x&lt;/b&gt; here</p>",
            "plain text",
        ] {
            let read = from_html(html);
            assert_eq!(from_html(&to_html(&read)), read, "{html}");
        }
        assert_eq!(to_html("one\ntwo"), "<p>one<br>two</p>");
        assert_eq!(to_html("call <b>him</b>"), "call <b>him</b>");
        assert_eq!(to_html("a < b, 5 & 6"), "a < b, 5 & 6");
        assert!(to_html("| a | b |\n| --- | --- |\n| 1 | 2 |").contains("<td>1</td>"));
    }

    #[test]
    fn what_the_editors_write_is_readable() {
        for (html, wanted) in [
            (
                "<div class=\"ql-editor read-mode\"><p>One <strong>two</strong></p><p><br></p><p>three</p></div>",
                "One **two**\nthree",
            ),
            (
                "<h2>Terms</h2><ul><li>net 30</li><li><em>no</em> refund</li></ul>end",
                "## Terms\n- net 30\n- *no* refund\n\nend",
            ),
            ("<ol><li data-list=\"bullet\">a</li></ol><ol><li data-list=\"ordered\">b</li></ol>", "- a\n1. b"),
            (
                "see <a href=\"https://x.example/a?b=1&amp;c=2\" rel=\"x\">here</a>",
                "see [here](https://x.example/a?b=1&c=2)",
            ),
            ("<a href=\"javascript:alert(1)\">x</a><script>y</script>", "x"),
            (
                "x<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>y",
                "x\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\ny",
            ),
            ("<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>", "- a\n- b\n- c"),
            ("plain text, a < b &amp; c", "plain text, a < b & c"),
            ("<b></b>x<img src=\"/files/a.png\">", "x[image]"),
        ] {
            assert_eq!(from_html(html), wanted, "{html}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_taken(text in "(<|>|/|a|li|h1|td|\"|href=|&|;|\\PC){0,60}") {
            from_html(&text);
        }
    }
}
