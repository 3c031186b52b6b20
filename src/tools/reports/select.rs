//! What of a report's table is wanted: its levels, order and columns.

use erpnext_schema::{Rule, Violation, nearest};
use serde_json::{Map, Value, json};

use super::run::RunArgs;
use crate::shape::report::Table;

/// What lists the names of columns.
pub(crate) const COLUMNS: &str = "run_report without columns and order_by shows them.";

/// What was not asked for by name and is told beside the rows, if at all.
#[derive(Default)]
pub(super) struct LeftOut {
    /// The columns without a value.
    empty: Vec<String>,
    /// What all rows say alike.
    alike: Map<String, Value>,
}

impl LeftOut {
    /// Tells of it in the answer.
    pub fn note(self, result: &mut Map<String, Value>) {
        if !self.empty.is_empty() {
            result.insert("empty_columns".to_owned(), json!(self.empty));
        }
        if !self.alike.is_empty() {
            result.insert("same_in_every_row".to_owned(), Value::Object(self.alike));
        }
    }
}

/// Keeps of a report what was asked for; where no columns were, those that tell a row from others.
///
/// # Errors
/// Everything that is wrong with what was asked.
pub(super) fn select(table: &mut Table, args: &RunArgs) -> Result<LeftOut, Vec<Violation>> {
    let mut violations = Vec::new();
    if let Some(levels) = args.levels
        && !table.cut_below(levels.max(1))
    {
        let message = "no row of this report stands below another".to_owned();
        violations.push(Violation { path: "levels".to_owned(), rule: Rule::Value, message, nearest: None });
    }
    if let Some(order) = args.order_by.as_deref() {
        let order = order.trim();
        let directed = order.rsplit_once(' ').filter(|(_, word)| ["asc", "desc"].contains(&&*word.to_lowercase()));
        let (name, direction) = directed.unwrap_or((order, "asc"));
        if !table.sort(name.trim(), direction.eq_ignore_ascii_case("desc")) {
            violations.push(unknown(table, "order_by", name));
        }
    }
    let alike = table.alike();
    let left_out = match args.columns.as_deref() {
        None => {
            let (empty, alike) = (table.leave_out_empty(), table.leave_out_alike());
            // Without rows nothing is said of them.
            if args.totals_only { LeftOut::default() } else { LeftOut { empty, alike } }
        }
        Some(wanted) => {
            violations.extend(keep(table, wanted).err());
            LeftOut::default()
        }
    };
    table.settle(&alike);
    if violations.is_empty() { Ok(left_out) } else { Err(violations) }
}

/// Keeps the columns that are wanted.
///
/// # Errors
/// The first name that is none.
pub(crate) fn keep(table: &mut Table, wanted: &[String]) -> Result<(), Violation> {
    let kept = table.keep(wanted);
    kept.map_err(|at| unknown(table, &format!("columns[{at}]"), wanted.get(at).map_or("", String::as_str)))
}

fn unknown(table: &Table, path: &str, name: &str) -> Violation {
    let names: Vec<&str> = table.columns.iter().map(|column| column.field.as_str()).collect();
    Violation {
        path: path.to_owned(),
        rule: Rule::UnknownField,
        message: format!("{name}: no such column; the report has: {}", names.join(", ")),
        nearest: nearest(name, names).map(str::to_owned),
    }
}
