//! HTML as the desk's editors write it, to Markdown: headings, emphasis, lists, links, tables by lines.

use super::html::{BLOCKS, Part, Parts, fold};

/// The HTML as Markdown. Text without mark-up only has its white space folded.
pub fn from_html(html: &str) -> String {
    let mut raw = String::with_capacity(html.len());
    let mut lists: Vec<&str> = Vec::new();
    let mut links: Vec<Option<String>> = Vec::new();
    for part in Parts(html) {
        let (name, whole) = match part {
            Part::Text(text) => {
                raw.push_str(&text);
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
            ("td" | "th", true) => raw.push_str(" | "),
            ("img", _) => raw.push_str("[image]"),
            ("blockquote", false) => raw.push_str("\n> "),
            ("h1" | "h2" | "h3" | "h4" | "h5" | "h6", false) => {
                raw.push('\n');
                raw.push_str(&"######"[..usize::from(name.as_bytes()[1] - b'0')]);
                raw.push(' ');
            }
            (block, _) if BLOCKS.contains(&block) => raw.push('\n'),
            _ => {}
        }
    }
    let lines = raw.lines().map(fold).map(|line| line.replace("****", "").trim_end_matches(" |").to_owned());
    lines.filter(|line| !matches!(line.as_str(), "" | "-" | "1." | ">")).collect::<Vec<_>>().join("\n")
}

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
    use super::from_html;

    #[test]
    fn what_the_editors_write_is_readable() {
        for (html, wanted) in [
            (
                "<div class=\"ql-editor read-mode\"><p>One <strong>two</strong></p><p><br></p><p>three</p></div>",
                "One **two**\nthree",
            ),
            (
                "<h2>Terms</h2><ul><li>net 30</li><li><em>no</em> refund</li></ul>end",
                "## Terms\n- net 30\n- *no* refund\nend",
            ),
            ("<ol><li data-list=\"bullet\">a</li></ol><ol><li data-list=\"ordered\">b</li></ol>", "- a\n1. b"),
            (
                "see <a href=\"https://x.example/a?b=1&amp;c=2\" rel=\"x\">here</a>",
                "see [here](https://x.example/a?b=1&c=2)",
            ),
            ("<a href=\"javascript:alert(1)\">x</a><script>y</script>", "x"),
            ("<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>", "a | b\n1 | 2"),
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
