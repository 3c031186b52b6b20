//! What is wrong with the rows of a file, each rule once with the rows that break it.

use std::collections::BTreeSet;

use erpnext_schema::Violation;
use serde_json::{Value, json};

use crate::tools::bulk::MOST_PROBLEMS as MOST;

/// How many rows are named of one.
const MOST_ROWS: usize = 10;

/// What was found, in the order of the rows.
#[derive(Default)]
pub(super) struct Problems {
    /// The first of them.
    first: Vec<Problem>,
    /// How many others there are.
    others: usize,
    /// The lines of the rows that have any.
    lines: BTreeSet<u64>,
}

struct Problem {
    /// The title of the column, or the field that no column is for; nothing of a row as a whole.
    column: String,
    message: String,
    lines: Vec<u64>,
}

impl Problems {
    /// Adds one of the row that begins at a line.
    pub fn add(&mut self, line: u64, column: &str, message: String) {
        self.lines.insert(line);
        let is_full = self.first.len() == MOST;
        match self.first.iter_mut().find(|known| known.column == column && known.message == message) {
            Some(known) => known.lines.push(line),
            None if is_full => self.others += 1,
            None => self.first.push(Problem { column: column.to_owned(), message, lines: vec![line] }),
        }
    }

    /// The same of a rule that was broken.
    pub fn add_violation(&mut self, line: u64, column: &str, violation: &Violation) {
        let message = match &violation.nearest {
            Some(nearest) => format!("{}; did you mean {nearest}?", violation.message),
            None => violation.message.clone(),
        };
        self.add(line, column, message);
    }

    /// Whether one of the rows at these lines has any.
    pub fn has_any(&self, lines: &[u64]) -> bool {
        lines.iter().any(|line| self.lines.contains(line))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Whether there are as many as are told.
    pub fn is_full(&self) -> bool {
        self.first.len() == MOST
    }

    /// How many rows have any.
    pub fn rows(&self) -> usize {
        self.lines.len()
    }

    /// As data: the first, and how many others there are.
    pub fn told(&self) -> Vec<Value> {
        let told = self.first.iter().map(|problem| {
            let mut told = json!({
                "column": problem.column,
                "problem": problem.message,
                "rows": &problem.lines[..problem.lines.len().min(MOST_ROWS)],
            });
            if let more @ 1.. = problem.lines.len().saturating_sub(MOST_ROWS) {
                told["more_rows"] = json!(more);
            }
            told
        });
        let others = (self.others > 0).then(|| json!({"others": self.others}));
        told.chain(others).collect()
    }

    /// As lines of a text.
    pub fn lines(&self) -> String {
        let mut text = String::new();
        for Problem { column, message, lines } in &self.first {
            let named: Vec<String> = lines.iter().take(MOST_ROWS).map(u64::to_string).collect();
            let rows = if lines.len() == 1 { "row" } else { "rows" };
            let more = match lines.len().saturating_sub(MOST_ROWS) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let column = if column.is_empty() { String::new() } else { format!(", {column}") };
            text.push_str(&format!("\n- {rows} {}{more}{column}: {message}", named.join(", ")));
        }
        if self.others > 0 {
            text.push_str(&format!("\n- and {} more", self.others));
        }
        text
    }
}
