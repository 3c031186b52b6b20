//! HTML as the desk's editors write it and its formats print it, to Markdown: headings, emphasis, lists, links, tables.

use super::html::{BLOCKS, Part, Parts, fold};

/// What stands for an image, which Markdown here does not carry.
pub const IMAGE: &str = "[image]";

/// The HTML as Markdown. Text without mark-up only has its white space folded. What Markdown has no mark for is text.
pub fn from_html(html: &str) -> String {
    let mut page = Page::default();
    for part in Parts(html) {
        match part {
            Part::Text(text) => page.text(&text),
            Part::Tag { name, whole } if whole.starts_with("</") => page.close(&name),
            Part::Tag { name, whole } => page.open(&name, whole),
        }
    }
    page.end_table();
    page.end_line();
    let mut written = String::with_capacity(html.len());
    for (at, (kind, line)) in page.lines.iter().enumerate() {
        if let Some((before, _)) = at.checked_sub(1).and_then(|before| page.lines.get(before)) {
            written.push_str(if parts(*before, *kind) { "\n\n" } else { "\n" });
        }
        written.push_str(line);
    }
    written
}

/// What a line of Markdown belongs to.
#[derive(Clone, Copy, PartialEq)]
enum Block {
    Text,
    Heading,
    Item,
    Quotation,
    /// With the number of the table, as one may follow another.
    Table(usize),
}

/// Whether a line of the second would be taken for one of the first without an empty line between them.
fn parts(before: Block, after: Block) -> bool {
    let runs_on = matches!(before, Block::Item | Block::Quotation | Block::Table(_)) && after != Block::Heading;
    before != after && (runs_on || matches!(after, Block::Table(_)))
}

/// What was written of a text, and what of it is open.
#[derive(Default)]
struct Page {
    lines: Vec<(Block, String)>,
    line: String,
    /// What stands before the text of the line: `## `, `- `.
    mark: &'static str,
    /// Whether a label has ended and its value is still to come.
    label: bool,
    /// What stands before the items of the lists that are open.
    lists: Vec<&'static str>,
    /// Where the links that are open lead to.
    links: Vec<Option<String>>,
    quotations: usize,
    /// How many tables are open; what is in the inner ones is text of the outermost.
    tables: usize,
    /// The rows of the outermost table that is open.
    rows: Vec<Row>,
    in_cell: bool,
    in_code: bool,
}

#[derive(Default)]
struct Row {
    cells: Vec<String>,
    /// How many of the cells are headings.
    headings: usize,
}

impl Page {
    fn open(&mut self, name: &str, whole: &str) {
        match name {
            "table" => {
                self.tables += 1;
                if self.tables == 1 {
                    self.end_line();
                }
            }
            "tr" if self.tables == 1 => {
                self.in_cell = false;
                self.rows.push(Row::default());
            }
            "td" | "th" if self.tables == 1 => {
                self.in_cell = true;
                if self.rows.is_empty() {
                    self.rows.push(Row::default());
                }
                if let Some(row) = self.rows.last_mut() {
                    row.cells.push(String::new());
                    row.headings += usize::from(name == "th");
                }
            }
            "ul" => self.lists.push("- "),
            "ol" => self.lists.push("1. "),
            "li" => {
                self.break_at(name);
                let bullet = attribute(whole, "data-list").as_deref() == Some("bullet");
                self.mark = if bullet { "- " } else { self.lists.last().unwrap_or(&"- ") };
            }
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.break_at(name);
                self.mark = &"###### "[usize::from(b'6' - name.as_bytes()[1])..];
            }
            "blockquote" => {
                self.break_at(name);
                self.quotations += 1;
            }
            "a" => {
                let href = attribute(whole, "href").filter(|href| leads_somewhere(href));
                self.push(if href.is_some() { "[" } else { "" });
                self.links.push(href);
            }
            "img" => self.push(IMAGE),
            _ => self.mark_or_break(name),
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "table" => {
                self.tables = self.tables.saturating_sub(1);
                if self.tables == 0 {
                    self.end_table();
                }
            }
            "td" | "th" if self.tables == 1 => self.in_cell = false,
            "ul" | "ol" => {
                self.lists.pop();
                self.break_at("li");
            }
            "blockquote" => {
                self.break_at(name);
                self.quotations = self.quotations.saturating_sub(1);
            }
            "a" => {
                if let Some(href) = self.links.pop().flatten() {
                    self.push(&format!("]({href})"));
                }
            }
            "label" if !self.in_cell && !self.line.trim().is_empty() => {
                self.line.truncate(self.line.trim_end().trim_end_matches(':').len());
                self.line.push_str(": ");
                self.label = true;
            }
            _ => self.mark_or_break(name),
        }
    }

    /// Emphasis is written alike before and after its text.
    fn mark_or_break(&mut self, name: &str) {
        match name {
            "b" | "strong" => self.push("**"),
            "i" | "em" => self.push("*"),
            "code" => {
                self.push("`");
                self.in_code = !self.in_code;
            }
            _ => self.break_at(name),
        }
    }

    /// What ends a line ends a word in a cell.
    fn break_at(&mut self, name: &str) {
        if !BLOCKS.contains(&name) && !matches!(name, "td" | "th") {
        } else if self.tables > 0 {
            self.push(" ");
        } else if !self.label {
            self.end_line();
        }
    }

    /// The text of the site. What would be taken for a tag when it comes back is escaped, but in code, where nothing is.
    fn text(&mut self, text: &str) {
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('<') {
            self.push(before);
            let opens = after.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!');
            self.push(if opens && !self.in_code { "\\<" } else { "<" });
            rest = after;
        }
        self.push(rest);
        self.label &= text.trim().is_empty();
    }

    fn push(&mut self, text: &str) {
        match self.rows.last_mut().and_then(|row| row.cells.last_mut()) {
            Some(cell) if self.in_cell => cell.push_str(text),
            _ => self.line.push_str(text),
        }
    }

    fn end_line(&mut self) {
        self.label = false;
        let line = told(&std::mem::take(&mut self.line));
        // The mark waits for its text: an item may begin with a paragraph.
        if line.is_empty() {
            return;
        }
        let mark = std::mem::take(&mut self.mark);
        let block = match mark {
            _ if self.quotations > 0 => Block::Quotation,
            "" => Block::Text,
            heading if heading.starts_with('#') => Block::Heading,
            _ => Block::Item,
        };
        let quoted = if self.quotations > 0 { "> " } else { "" };
        self.lines.push((block, format!("{quoted}{mark}{line}")));
    }

    /// Rows of a heading and its value are labels. Else the first row stands for the headings, as Markdown knows no table
    /// without them.
    fn end_table(&mut self) {
        (self.tables, self.in_cell) = (0, false);
        let mut rows = std::mem::take(&mut self.rows);
        for cell in rows.iter_mut().flat_map(|row| &mut row.cells) {
            *cell = told(cell).replace('|', "\\|");
        }
        rows.retain(|row| row.cells.iter().any(|cell| !cell.is_empty()));
        self.end_line();
        let labels = rows.iter().all(|row| (row.headings, row.cells.len()) == (1, 2));
        let block = if labels { Block::Text } else { Block::Table(self.lines.len()) };
        for (at, row) in rows.iter().enumerate() {
            let line = match row.cells.as_slice() {
                [label, value] if labels => format!("{}: {value}", label.trim_end_matches(':')),
                cells => format!("| {} |", cells.join(" | ")),
            };
            self.lines.push((block, line));
            if at == 0 && !labels {
                self.lines.push((block, format!("|{}", "---|".repeat(row.cells.len()))));
            }
        }
    }
}

/// A line or a cell as it is written: on one line, without emphasis of nothing.
fn told(text: &str) -> String {
    let line = fold(text).replace("****", "");
    if line.bytes().all(|byte| byte == b'*') { String::new() } else { line }
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
                "x\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\ny",
            ),
            ("<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>", "- a\n- b\n- c"),
            ("plain text, a < b &amp; c", "plain text, a < b & c"),
            ("<b></b>x<img src=\"/files/a.png\">", "x[image]"),
            ("<ul><li><p>a</p></li><li> <b><p>b</p></b></li></ul>", "- a\n- b"),
        ] {
            assert_eq!(from_html(html), wanted, "{html}");
        }
    }

    #[test]
    fn what_the_site_prints_is_readable() {
        for (html, wanted) in [
            (
                "<div><h2>Sales Order A&amp;B</h2><div><label>Customer</label></div><div> ACME </div><ul><li>one</li></ul>\
                 <table><thead><tr><th>Item</th><th>Qty</th></tr></thead>\
                 <tr><td><div>Chair</div><p>oak | ash</p></td><td>3</td></tr></table><p>end</p></div>",
                "## Sales Order A&B\nCustomer: ACME\n- one\n\n| Item | Qty |\n|---|---|\n| Chair oak \\| ash | 3 |\n\nend",
            ),
            (
                "<table><tr><td>a</td><td><table><tr><td>b</td><td>c</td></tr></table></td></tr></table>",
                "| a | b c |\n|---|---|",
            ),
            ("<table><tr><th>Total</th><td>5</td></tr><tr><th>Paid</th><td>2</td></tr></table>", "Total: 5\nPaid: 2"),
            ("a<script>x</script><style>y</style><!-- z -->b", "ab"),
            ("<table><tr><td>never closed", "| never closed |\n|---|"),
            ("<h1>A</h1>x<h3>B</h3>", "# A\nx\n### B"),
        ] {
            assert_eq!(from_html(html), wanted, "{html}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_taken(text in "(<|>|/|a|li|h1|td|\"|href=|&|;|\\PC){0,60}") {
            from_html(&text);
        }

        #[test]
        fn any_markup_is_taken(html in "(<(/?(table|tr|td|th|li|ul|a|blockquote|h1|p|label|br|b))>|[a-z&|: ]{0,3}){0,40}") {
            from_html(&html);
        }
    }
}
