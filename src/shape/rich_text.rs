//! Markdown as the HTML that the desk's editors keep.

use std::borrow::Cow;

use pulldown_cmark::{Event, Options, Parser, html};

use super::html::{Part, Parts};

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

#[cfg(test)]
mod tests {
    use super::to_html;
    use crate::shape::markdown::from_html;

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
            "<ul><li><p>a</p><p>b</p></li></ul><h3>c</h3><table><tr><td>d | e</td></tr></table><table><tr><td>f</td></tr></table>",
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
}
