//! The answer of a report as one table: columns that are objects or texts, rows that are objects or lists, and the total
//! row apart from the others (H53).

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// A column.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Column {
    /// What its values are called.
    pub field: String,
    /// What stands above it.
    pub label: String,
    /// The fieldtype; `Data` where the report does not say.
    pub kind: String,
    /// The DocType of a Link, the field that names it of a Dynamic Link, the currency's field of money.
    pub options: String,
}

/// What a report answered.
#[derive(Default, Debug)]
pub struct Table {
    /// The columns.
    pub columns: Vec<Column>,
    /// A value for each column.
    pub rows: Vec<Vec<Value>>,
    /// The row that adds the others up.
    pub total: Option<Vec<Value>>,
    /// The figures above the table, as label and value.
    pub summary: Vec<(String, Value)>,
    /// The DocTypes whose documents it names.
    pub doctypes: BTreeSet<String>,
}

impl Table {
    /// Reads what `query_report.run` answered.
    pub fn read(answer: &Map<String, Value>) -> Self {
        let list = |key: &str| answer.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let columns: Vec<Column> = list("columns").iter().map(column).collect();
        let raw = list("result");
        let linked = columns.iter().flat_map(|column| match column.kind.as_str() {
            "Link" => vec![column.options.clone()],
            "Dynamic Link" => {
                let at = columns.iter().position(|other| other.field == column.options);
                let named = |row: &Value| match row {
                    Value::Array(row) => row.get(at?)?.as_str().map(str::to_owned),
                    row => row.get(&column.options)?.as_str().map(str::to_owned),
                };
                raw.iter().filter_map(named).collect()
            }
            _ => Vec::new(),
        });
        let doctypes = linked.filter(|doctype| !doctype.is_empty()).collect();
        // Rows may all be lists: then the last is the total only where the report says that it adds one.
        let adds = answer.get("add_total_row").is_some_and(|adds| *adds != Value::Bool(false) && *adds != 0);
        let totalled = raw.last().is_some_and(Value::is_array) && (adds || raw.first().is_some_and(Value::is_object));
        let (raw, total) = match raw.split_last() {
            Some((total, rows)) if totalled => (rows, Some(cells(&columns, total))),
            _ => (raw, None),
        };
        // Reports set their parts apart with empty objects.
        let rows = raw.iter().filter(|row| row.as_object().is_none_or(|row| !row.is_empty()));
        let rows = rows.map(|row| cells(&columns, row)).collect();
        let figure = |entry: &Value| Some((entry.get("label")?.as_str()?.to_owned(), entry.get("value")?.clone()));
        let summary = list("report_summary").iter().filter_map(figure).collect();
        Self { columns, rows, total, summary, doctypes }
    }

    /// Takes out the columns that are withheld, and gives their labels. The figures above the table go with them: what
    /// they are made of is not known.
    pub fn withhold(&mut self, withheld: impl Fn(&Column) -> bool) -> Vec<String> {
        let keep: Vec<bool> = self.columns.iter().map(|column| !withheld(column)).collect();
        let labels = self.columns.iter().zip(&keep).filter(|(_, keep)| !**keep).map(|(column, _)| column.label.clone());
        let labels: Vec<String> = labels.collect();
        if labels.is_empty() {
            return labels;
        }
        let kept = |at: usize| keep.get(at).copied().unwrap_or(false);
        let mut at = 0..;
        self.columns.retain(|_| at.next().is_some_and(kept));
        for row in self.rows.iter_mut().chain(self.total.as_mut()) {
            let mut at = 0..;
            row.retain(|_| at.next().is_some_and(kept));
        }
        self.summary.clear();
        labels
    }
}

/// A row's cells in the order of the columns.
fn cells(columns: &[Column], row: &Value) -> Vec<Value> {
    let cell = |(at, column): (usize, &Column)| {
        let value = match row {
            Value::Object(row) => row.get(&column.field),
            row => row.get(at),
        };
        value.cloned().unwrap_or_default()
    };
    columns.iter().enumerate().map(cell).collect()
}

/// A column as an object, or as `Label:Fieldtype/Options:Width`.
fn column(raw: &Value) -> Column {
    let text = |key: &str| raw.get(key).and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    let (label, field, kind, options) = match raw {
        Value::String(raw) => {
            let mut parts = raw.split(':');
            let label = parts.next().unwrap_or_default().to_owned();
            let (kind, options) = parts
                .next()
                .unwrap_or_default()
                .split_once('/')
                .unwrap_or_else(|| (raw.split(':').nth(1).unwrap_or_default(), ""));
            (label, String::new(), kind.to_owned(), options.to_owned())
        }
        _ => (text("label"), text("fieldname"), text("fieldtype"), text("options")),
    };
    let field = if field.is_empty() { scrubbed(&label) } else { field };
    Column { label: if label.is_empty() { field.clone() } else { label }, field, kind: fieldtype(&kind), options }
}

/// The name that Frappe makes of a label.
fn scrubbed(label: &str) -> String {
    label.replace([' ', '-'], "_").to_lowercase()
}

/// Reports write fieldtypes in any case.
fn fieldtype(kind: &str) -> String {
    let same = |known: &&erpnext_schema::FieldKind| known.as_str().eq_ignore_ascii_case(kind);
    let known = erpnext_schema::FieldKind::ALL.iter().find(same);
    known.map_or_else(|| if kind.is_empty() { "Data" } else { kind }.to_owned(), |known| known.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value, json};

    use super::Table;

    fn read(answer: Value) -> Table {
        Table::read(answer.as_object().unwrap())
    }

    #[test]
    fn columns_are_objects_or_texts_and_rows_objects_or_lists() {
        let table = read(json!({
            "columns": ["Customer:Link/Customer:120", "Net-Total:Currency/currency:80", "Remark", {"label": "Due", "fieldname": "due", "fieldtype": "date"}],
            "result": [["A", 5, "x", "2026-11-24"], {"customer": "B", "net_total": 7}],
        }));
        let columns: Vec<_> =
            table.columns.iter().map(|c| (c.field.as_str(), c.kind.as_str(), c.options.as_str())).collect();
        assert_eq!(
            columns,
            [
                ("customer", "Link", "Customer"),
                ("net_total", "Currency", "currency"),
                ("remark", "Data", ""),
                ("due", "Date", "")
            ]
        );
        assert_eq!(
            table.rows,
            [json!(["A", 5, "x", "2026-11-24"]), json!(["B", 7, null, null])]
                .map(|row| row.as_array().unwrap().clone())
        );
        assert_eq!(table.doctypes.into_iter().collect::<Vec<_>>(), ["Customer"]);
    }

    #[test]
    fn the_total_row_stands_apart_and_empty_rows_go() {
        let columns =
            json!([{"fieldname": "party", "fieldtype": "Dynamic Link", "options": "party_type"}, {"fieldname": "due"}]);
        let rows = json!([{"party": "A", "party_type": "Customer", "due": 5}, {}, ["Total", 5]]);
        let table = read(json!({"columns": columns, "result": rows}));
        assert_eq!((table.rows.len(), table.total), (1, json!(["Total", 5]).as_array().cloned()));
        assert!(table.doctypes.contains("Customer"), "also through a column that is not shown");
        let texts =
            json!({"columns": ["Party Type", "Party:Dynamic Link/party_type:80"], "result": [["Supplier", "B"]]});
        assert!(read(texts).doctypes.contains("Supplier"), "also where rows are lists");
        let lists = json!([["A", 5], ["Total", 5]]);
        assert_eq!(read(json!({"columns": columns, "result": lists, "add_total_row": 1})).rows.len(), 1);
        assert_eq!(read(json!({"columns": columns, "result": lists, "add_total_row": 0})).rows.len(), 2);
    }

    #[test]
    fn a_withheld_column_goes_from_every_row_and_takes_the_figures_with_it() {
        let answer = json!({
            "columns": [{"fieldname": "a", "label": "A"}, {"fieldname": "b", "label": "B"}], "result": [{"a": 1, "b": 2}, [3, 4]],
            "report_summary": [{"label": "Sum", "value": 3}, {"type": "separator", "value": "-"}],
        });
        let mut table = read(answer);
        assert_eq!(table.summary, [("Sum".to_owned(), json!(3))]);
        assert_eq!(table.withhold(|column| column.field == "a"), ["A"]);
        assert_eq!((table.rows, table.total), (vec![vec![json!(2)]], Some(vec![json!(4)])));
        assert!(table.summary.is_empty());
    }
}
