//! Markdown as the HTML that the desk's editors keep.

use std::borrow::Cow;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd, html};

use super::html::{Part, Parts};

/// Elements by which a text is HTML, except for the Markdown between them.
const BLOCKS: [&str; 16] =
    ["blockquote", "div", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "section", "table", "ul"];
/// Elements that stand within a line, of Markdown too.
const INLINE: [&str; 14] = ["a", "b", "br", "code", "em", "font", "i", "img", "s", "span", "strong", "sub", "sup", "u"];

/// Whether the text has one of these elements.
fn holds(text: &str, elements: &[&str]) -> bool {
    // One that is escaped is none.
    let tags = text.replace("\\<", "");
    Parts(&tags).any(|part| matches!(part, Part::Tag { name, .. } if elements.contains(&name.as_str())))
}

/// Markdown as HTML, each line a line for its readers. HTML, and text that says nothing in Markdown, stay as they are.
pub fn to_html(text: &str) -> Cow<'_, str> {
    if !holds(text, &BLOCKS) {
        converted(text, &INLINE)
    } else if stands_apart(text) {
        converted(text, &[&BLOCKS[..], &INLINE[..]].concat())
    } else {
        text.into()
    }
}

/// Whether each element of HTML is whole in a block of its own, so that what stands between those is Markdown.
fn stands_apart(text: &str) -> bool {
    Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter().all(|(event, range)| match event {
        Event::Start(Tag::HtmlBlock) => is_whole(&text[range]),
        // Lines of HTML may be indented.
        Event::Start(Tag::CodeBlock(CodeBlockKind::Indented)) => !holds(&text[range], &BLOCKS),
        Event::InlineHtml(tag) => !holds(&tag, &BLOCKS),
        _ => true,
    })
}

/// Whether all that begins in the HTML ends there.
fn is_whole(html: &str) -> bool {
    let mut open: Vec<String> = Vec::new();
    for part in Parts(html) {
        match part {
            Part::Tag { name, .. } if name == "hr" || !BLOCKS.contains(&name.as_str()) => {}
            Part::Tag { name, whole } if !whole.starts_with("</") => open.push(name),
            Part::Tag { name, .. } if open.pop() != Some(name.clone()) => return false,
            _ => {}
        }
    }
    open.is_empty()
}

/// Markdown as HTML: tags in it become text, and an image becomes its description, since readers would fetch it.
pub fn without_tags(text: &str) -> String {
    match converted(text, &[]) {
        Cow::Borrowed(plain) => html_escape::encode_text(plain).into_owned(),
        Cow::Owned(html) => html,
    }
}

/// Markdown as HTML, with these tags of its own.
fn converted<'t>(text: &'t str, tags: &[&str]) -> Cow<'t, str> {
    let parser = Parser::new_ext(text, Options::ENABLE_TABLES);
    // The address of a link that is defined apart is shown by nothing.
    if parser.reference_definitions().iter().next().is_some() {
        return text.into();
    }
    let is_image = |event: &Event<'_>| matches!(event, Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image));
    let events = parser.into_offset_iter().filter(|(event, _)| !tags.is_empty() || !is_image(event));
    let mut is_html = false;
    let events = events.map(|(event, range)| match event {
        Event::SoftBreak => Event::HardBreak,
        Event::Start(Tag::HtmlBlock) => {
            is_html = holds(&text[range], tags);
            Event::Start(Tag::HtmlBlock)
        }
        Event::Html(tag) if !is_html => Event::Text(tag),
        Event::InlineHtml(tag) if !holds(&tag, tags) => Event::Text(tag),
        other => other,
    });
    let events: Vec<Event<'_>> = events.collect();
    if holds(text, tags) && !events.iter().any(is_marked) || !events.iter().any(says_something) {
        return text.into();
    }
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

/// Whether a text says something in Markdown by this. Lines of HTML may be indented.
fn is_marked(event: &Event<'_>) -> bool {
    match event {
        Event::Start(tag) => !matches!(tag, Tag::Paragraph | Tag::HtmlBlock | Tag::CodeBlock(CodeBlockKind::Indented)),
        Event::Code(_) | Event::Rule => true,
        _ => false,
    }
}

/// Whether a reader sees something of this.
fn says_something(event: &Event<'_>) -> bool {
    match event {
        Event::Text(_) | Event::Code(_) | Event::Html(_) | Event::InlineHtml(_) | Event::Rule => true,
        Event::Start(tag) => matches!(tag, Tag::Image { .. }),
        _ => false,
    }
}

/// Whether HTML holds what its Markdown does not carry, and what a change by Markdown would lose.
pub fn holds_images(html: &str) -> bool {
    Parts(html).any(|part| matches!(part, Part::Tag { name, .. } if name == "img"))
}

#[cfg(test)]
mod tests {
    use super::{to_html, without_tags};
    use crate::shape::markdown::from_html;

    #[test]
    fn tags_of_a_text_that_may_have_none_are_text() {
        assert_eq!(without_tags("a < b & c"), "a &lt; b &amp; c");
        assert_eq!(
            without_tags("**a** <b>b</b> `<c>`"),
            "<p><strong>a</strong> &lt;b&gt;b&lt;/b&gt; <code>&lt;c&gt;</code></p>"
        );
        assert_eq!(without_tags("1 < 2\nb"), "<p>1 &lt; 2<br>b</p>");
        assert_eq!(without_tags("![a](https://x.example/a.png)"), "<p>a</p>");
        assert_eq!(without_tags("![](https://x.example/a.png)"), "![](https://x.example/a.png)");
        assert!(!without_tags("<div><span class=\"mention\">x</span></div>").contains("<div"));
    }

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
        for html in ["<p>a</p>\n- b", "net 2 * 3 * 4<br>snake_case_name <b>x</b>", "one<br>\n    two"] {
            assert_eq!(to_html(html), html);
        }
        let mixed = to_html("# T\n\n- **a** <b>b</b><br>c");
        assert_eq!(mixed, "<h1>T</h1>\n<ul>\n<li><strong>a</strong> <b>b</b><br>c</li>\n</ul>");
        assert!(to_html("| a |\n| --- |\n| 1<br>2 |").contains("<td>1<br>2</td>"));
        assert!(to_html("| a | b |\n| --- | --- |\n| 1 | 2 |").contains("<td>1</td>"));
    }

    #[test]
    fn markdown_between_elements_of_html_becomes_html_and_they_stay() {
        let table = "<table>\n<tr><td>1 &amp; *2*</td></tr>\n</table>";
        let titled = format!("# T\n\n{table}\n\n**b**");
        for (mixed, html) in [
            ("<p>a</p>\n\n- b", "<p>a</p>\n<ul>\n<li>b</li>\n</ul>".to_owned()),
            (titled.as_str(), format!("<h1>T</h1>\n{table}\n<p><strong>b</strong></p>")),
            ("use `<p>`", "<p>use <code>&lt;p&gt;</code></p>".to_owned()),
        ] {
            assert_eq!(to_html(mixed), html);
            let read = from_html(&html);
            assert_eq!(from_html(&to_html(&read)), read, "{html}");
            assert_eq!(to_html(&html), html, "what is HTML stays");
        }
        // What stands within an element is no Markdown, and none is taken for it.
        for html in [
            "<div>\n\n- b\n\n</div>",
            "<table>\n\n    <tr><td>**1**</td></tr>\n\n</table>",
            "one <p>two</p> **three**",
            "<p>one\n\n# two",
            "<div>one</div>\n\ntwo\n\n<p>3</p>",
        ] {
            assert_eq!(to_html(html), html);
        }
    }
}
