//! HTML as the site prints it, to Markdown: headings, lists, tables, and a label on the line of its value.

use super::html::{BLOCKS, Part, Parts, fold};

/// The Markdown of `html`. What Markdown has no mark for is text.
pub fn of_html(html: &str) -> String {
    let mut page = Page::default();
    for part in Parts(html) {
        match part {
            Part::Text(text) => page.text(&text),
            Part::Tag { name, whole } if whole.starts_with("</") => page.close(&name),
            Part::Tag { name, .. } => page.open(&name),
        }
    }
    page.end_table();
    page.end_line();
    page.lines.join("\n")
}

#[derive(Default)]
struct Page {
    lines: Vec<String>,
    line: String,
    /// What stands before the text of the line: `## `, `- `.
    mark: &'static str,
    /// Whether a label has ended and its value is still to come.
    label: bool,
    /// How many tables are open; what is in the inner ones is text of the outermost.
    tables: usize,
    rows: Vec<Row>,
    in_cell: bool,
}

#[derive(Default)]
struct Row {
    cells: Vec<String>,
    /// How many of the cells are headings.
    headings: usize,
}

impl Page {
    fn open(&mut self, name: &str) {
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
            _ => {
                self.break_at(name);
                self.mark = match name {
                    "h1" => "# ",
                    "h2" => "## ",
                    "h3" => "### ",
                    "h4" | "h5" | "h6" => "#### ",
                    "li" => "- ",
                    _ => self.mark,
                };
            }
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
            "label" if !self.in_cell && !self.line.trim().is_empty() => {
                self.line.truncate(self.line.trim_end().trim_end_matches(':').len());
                self.line.push_str(": ");
                self.label = true;
            }
            _ => self.break_at(name),
        }
    }

    /// What ends a line ends a word in a cell.
    fn break_at(&mut self, name: &str) {
        if !BLOCKS.contains(&name) && !matches!(name, "td" | "th") {
        } else if self.tables > 0 {
            self.text(" ");
        } else if !self.label {
            self.end_line();
        }
    }

    fn text(&mut self, text: &str) {
        match self.rows.last_mut().and_then(|row| row.cells.last_mut()) {
            Some(cell) if self.in_cell => cell.push_str(text),
            _ => {
                self.line.push_str(text);
                self.label &= text.trim().is_empty();
            }
        }
    }

    fn end_line(&mut self) {
        self.label = false;
        let line = fold(&std::mem::take(&mut self.line));
        let mark = std::mem::take(&mut self.mark);
        if !line.is_empty() {
            if mark.starts_with('#') && !self.lines.is_empty() {
                self.lines.push(String::new());
            }
            self.lines.push(format!("{mark}{line}"));
        }
    }

    /// Under a row of headings a table, else a line a row.
    fn end_table(&mut self) {
        (self.tables, self.in_cell) = (0, false);
        let mut rows = std::mem::take(&mut self.rows);
        for cell in rows.iter_mut().flat_map(|row| &mut row.cells) {
            *cell = fold(cell).replace('|', "\\|");
        }
        rows.retain(|row| row.cells.iter().any(|cell| !cell.is_empty()));
        self.end_line();
        let headed = rows.first().is_some_and(|row| row.headings == row.cells.len() && row.cells.len() > 1);
        for (at, row) in rows.iter().enumerate() {
            self.lines.push(match (headed, row.cells.as_slice()) {
                (true, cells) => format!("| {} |", cells.join(" | ")),
                (false, [heading, value]) if row.headings == 1 => format!("{heading}: {value}"),
                (false, cells) => cells.join(" | "),
            });
            if headed && at == 0 {
                self.lines.push(format!("|{}", "---|".repeat(row.cells.len())));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::of_html;

    #[test]
    fn headings_lists_labels_and_tables_stay_what_they_are() {
        let html = "<div><h2>Sales <b>Order</b> A&amp;B</h2><div><label>Customer</label></div><div> ACME </div>\
                    <ul><li>one</li><li>two</li></ul><table><thead><tr><th>Item</th><th>Qty</th></tr></thead>\
                    <tr><td><div>Chair</div><p>oak | ash</p></td><td>3</td></tr></table><p>end</p></div>";
        let expected = "## Sales Order A&B\nCustomer: ACME\n- one\n- two\n| Item | Qty |\n|---|---|\n| Chair oak \\| ash | 3 |\nend";
        assert_eq!(of_html(html), expected);
    }

    #[test]
    fn tables_without_a_heading_row_are_lines_and_inner_tables_are_text() {
        let html = "<table><tr><th>Total</th><td>5</td></tr><tr><td>a</td><td><table><tr><td>b</td><td>c</td></tr></table></td></tr></table>";
        assert_eq!(of_html(html), "Total: 5\na | b c");
        assert_eq!(of_html("a<script>x</script><style>y</style><!-- z -->b"), "ab");
        assert_eq!(of_html("<table><tr><td>never closed"), "never closed");
        assert_eq!(of_html("<h1>A</h1>x<h3>B</h3>"), "# A\nx\n\n### B");
    }

    proptest::proptest! {
        #[test]
        fn any_markup_is_taken(html in "(<(/?(table|tr|td|th|li|h1|p|label|br|b))>|[a-z&|: ]{0,3}){0,40}") {
            of_html(&html);
        }
    }
}
