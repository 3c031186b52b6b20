//! The answer of a report as one table: columns that are objects or texts, rows that are objects or lists, and the total
//! row apart from the others (H53).

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::alike::beside;
use crate::entry::{compare, is_nothing, rounded};
use crate::policy::Called;

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
    /// The currency of money, where all rows have the same.
    pub currency: Option<String>,
}

impl Column {
    fn is_number(&self) -> bool {
        matches!(self.kind.as_str(), "Int" | "Float" | "Currency" | "Percent")
    }

    /// Whether it has amounts whose currencies stand in one of these columns.
    fn is_in(&self, currencies: &[Self]) -> bool {
        self.kind == "Currency" && currencies.iter().any(|column| column.field == self.options)
    }

    /// What the report calls it.
    pub(crate) fn called<'a>(&'a self, report: &'a str) -> Called<'a> {
        // One that a person added in the desk has its DocType behind the name of the field, where another is called so.
        let name = self.field.split_once('-').map_or(self.field.as_str(), |(name, _)| name);
        Called { report, name, label: &self.label, is_number: self.is_number(), is_filter: false }
    }
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
    /// The columns of which it has no sum, since the rows have amounts in several currencies.
    pub mixed: Vec<String>,
    /// The figures above the table, as label and value.
    pub summary: Vec<(String, Value)>,
    /// The DocTypes whose documents it names.
    pub doctypes: BTreeSet<String>,
}

impl Table {
    /// Reads what `query_report.run` answered.
    pub(crate) fn read(answer: &Map<String, Value>) -> Self {
        let list = |key: &str| answer.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let mut columns: Vec<Column> = list("columns").iter().map(column).collect();
        let raw = list("result");
        // Which row stands below which is in no column.
        let is_below = |row: &Value| row.get(LEVEL).and_then(Value::as_f64).is_some_and(|level| level > 0.0);
        if raw.iter().any(is_below) && columns.iter().all(|column| column.field != LEVEL) {
            columns.push(Column {
                field: LEVEL.into(),
                label: "Level".into(),
                kind: "Int".into(),
                options: String::new(),
                currency: None,
            });
        }
        let linked = columns.iter().flat_map(|column| match column.kind.as_str() {
            "Link" => vec![column.options.clone()],
            "Dynamic Link" => Vec::from_iter(beside(column, &columns, raw)),
            _ => Vec::new(),
        });
        // A column that a person added in the desk names the DocType whose field it is.
        let added = list("columns").iter().filter_map(|raw| raw.get("doctype")?.as_str().map(str::to_owned));
        let doctypes = linked.chain(added).filter(|doctype| !doctype.is_empty()).collect();
        // Rows may all be lists: then the last is the total only where the report says that it adds one.
        let adds = answer.get("add_total_row").is_some_and(|adds| *adds != Value::Bool(false) && *adds != 0);
        let totalled = raw.last().is_some_and(Value::is_array) && (adds || raw.first().is_some_and(Value::is_object));
        let (raw, total) = match raw.split_last() {
            Some((total, rows)) if totalled => (rows, Some(cells(&columns, total))),
            _ => (raw, None),
        };
        let at = total_at(raw).filter(|_| total.is_none());
        let total = total.or_else(|| Some(cells(&columns, raw.get(at?)?)));
        // What a report sums up itself, it has made one currency of; the site adds up whatever there is, and makes of shares
        // their average.
        let is_mixed = |column: &Column| column.is_in(&columns) && beside(column, &columns, raw).len() > 1;
        let mixed: Vec<&Column> = columns.iter().filter(|column| totalled && is_mixed(column)).collect();
        let is_share = |column: &Column| totalled && column.kind == "Percent";
        let adds_up = |column: &Column| is_summed(column) && !is_share(column) && !mixed.contains(&column);
        let total = total.map(|mut total| {
            let sums = columns.iter().zip(&mut total).filter(|(column, _)| !adds_up(column));
            sums.for_each(|(_, sum)| *sum = Value::Null);
            total
        });
        let mixed = mixed.into_iter().map(|column| column.field.clone()).collect();
        // Reports set their parts apart with empty objects.
        let rows = raw.iter().enumerate().filter(|(i, _)| Some(*i) != at);
        let rows = rows.filter(|(_, row)| row.as_object().is_none_or(|row| !row.is_empty()));
        let rows = rows.map(|(_, row)| cells(&columns, row)).collect();
        let figure = |entry: &Value| Some((entry.get("label")?.as_str()?.to_owned(), entry.get("value")?.clone()));
        let summary = list("report_summary").iter().filter_map(figure).collect();
        Self { columns, rows, total, mixed, summary, doctypes }
    }

    /// Takes out the columns without a value in any row, and gives their names.
    pub(crate) fn leave_out_empty(&mut self) -> Vec<String> {
        let says = |at: usize| self.rows.iter().any(|row| row.get(at).is_some_and(|value| !is_nothing(value)));
        let empty: Vec<Column> =
            self.columns.iter().enumerate().filter(|(at, _)| !says(*at)).map(|(_, column)| column.clone()).collect();
        if self.rows.is_empty() || empty.len() == self.columns.len() {
            return Vec::new();
        }
        self.retain(|column| !empty.contains(column));
        empty.into_iter().map(|column| column.field).collect()
    }

    /// Keeps these columns only, in this order.
    ///
    /// # Errors
    /// The place of a name that is no column.
    pub(crate) fn keep(&mut self, names: &[String]) -> Result<(), usize> {
        let at = |name: &String| self.columns.iter().position(|column| column.field == *name);
        let mut places = Vec::new();
        for (i, name) in names.iter().enumerate() {
            places.push(at(name).ok_or(i)?);
        }
        let pick = |row: &Vec<Value>| places.iter().map(|at| row.get(*at).cloned().unwrap_or_default()).collect();
        self.rows = self.rows.iter().map(pick).collect();
        self.total = self.total.as_ref().map(pick);
        self.columns = places.iter().filter_map(|at| self.columns.get(*at).cloned()).collect();
        Ok(())
    }

    /// Sorts the rows by a column; whether there is one of that name.
    pub(crate) fn sort(&mut self, name: &str, descending: bool) -> bool {
        let Some(at) = self.columns.iter().position(|column| column.field == name) else { return false };
        self.rows.sort_by(|one, other| {
            let order = compare(one.get(at).unwrap_or(&Value::Null), other.get(at).unwrap_or(&Value::Null));
            if descending { order.reverse() } else { order }
        });
        true
    }

    /// Leaves out the rows that stand that deep or deeper; whether rows stand below others here at all.
    pub(crate) fn cut_below(&mut self, levels: u64) -> bool {
        let Some(at) = self.columns.iter().position(|column| column.field == LEVEL) else { return false };
        #[expect(clippy::cast_precision_loss, reason = "levels are few")]
        let above = |row: &Vec<Value>| row.get(at).and_then(Value::as_f64).unwrap_or_default() < levels as f64;
        self.rows.retain(above);
        true
    }

    pub(super) fn retain(&mut self, keep: impl Fn(&Column) -> bool) {
        let keep: Vec<bool> = self.columns.iter().map(keep).collect();
        let kept = |at: usize| keep.get(at).copied().unwrap_or(false);
        let mut at = 0..;
        self.columns.retain(|_| at.next().is_some_and(kept));
        for row in self.rows.iter_mut().chain(self.total.as_mut()) {
            let mut at = 0..;
            row.retain(|_| at.next().is_some_and(kept));
        }
    }

    /// Takes out the columns that are withheld, and gives their labels. The figures above the table go with them: what
    /// they are made of is not known. So do the sums of amounts whose currencies are withheld.
    pub(crate) fn withhold(&mut self, withheld: impl Fn(&Column) -> bool) -> Vec<String> {
        let hidden: Vec<Column> = self.columns.iter().filter(|column| withheld(column)).cloned().collect();
        if hidden.is_empty() {
            return Vec::new();
        }
        for (column, sum) in self.columns.iter().zip(self.total.iter_mut().flatten()) {
            if column.is_in(&hidden) {
                *sum = Value::Null;
                self.mixed.retain(|field| *field != column.field);
            }
        }
        self.retain(|column| !withheld(column));
        self.summary.clear();
        hidden.into_iter().map(|column| column.label).collect()
    }
}

/// What tells how deep a row stands below others.
const LEVEL: &str = "indent";

/// Where the total stands among the rows that a report computes at its end: ERPNext quotes the labels of such rows. After
/// the total of a ledger comes its closing balance.
fn total_at(rows: &[Value]) -> Option<usize> {
    let computed = rows.iter().enumerate().rev().map_while(|(at, row)| Some((at, computed_label(row)?)));
    computed.filter(|(_, label)| label.starts_with("'Total")).map(|(at, _)| at).next()
}

fn computed_label(row: &Value) -> Option<&str> {
    let mut labels = row.as_object()?.values().filter_map(Value::as_str);
    labels.find(|label| label.len() > 2 && label.starts_with('\'') && label.ends_with('\''))
}

/// Whether the sum of a column says something: the site adds up ages and rates too.
fn is_summed(column: &Column) -> bool {
    let mut words = column.field.split(|c: char| !c.is_alphanumeric());
    !column.is_number() || !words.any(|word| matches!(word, "age" | "days" | "rate" | "price" | "indent"))
}

/// A row's cells in the order of the columns.
fn cells(columns: &[Column], row: &Value) -> Vec<Value> {
    let cell = |(at, column): (usize, &Column)| {
        let value = match row {
            Value::Object(row) => row.get(&column.field),
            row => row.get(at),
        };
        value.cloned().map(rounded).unwrap_or_default()
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
    let label = if label.is_empty() { field.clone() } else { label };
    Column { label, field, kind: fieldtype(&kind), options, currency: None }
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
    fn rows_below_others_keep_their_level_and_a_computed_total_stands_apart() {
        let columns = json!([{"fieldname": "account"}, {"fieldname": "debit", "fieldtype": "Currency"}]);
        let rows = json!([
            {"account": "Assets", "debit": 5, "indent": 0.0}, {"account": "Cash", "debit": 5, "indent": 1.0}, {},
            {"account": "'Total'", "debit": 5},
        ]);
        let mut table = read(json!({"columns": columns, "result": rows}));
        assert_eq!(table.columns[2].field, "indent");
        assert_eq!(table.rows[1], json!(["Cash", 5, 1.0]).as_array().unwrap().clone());
        assert_eq!(table.total, json!(["'Total'", 5, null]).as_array().cloned());
        assert!(table.cut_below(1));
        assert_eq!(table.rows.len(), 1);
        let flat = json!([{"account": "Cash", "debit": 5}, {"account": "'Profit'", "debit": 5}]);
        let mut table = read(json!({"columns": columns, "result": flat}));
        assert!(!table.cut_below(1));
        assert_eq!((table.rows.len(), table.total), (2, None));
    }

    #[test]
    fn the_total_of_a_ledger_stands_apart_from_its_opening_and_closing() {
        let columns = json!([{"fieldname": "account"}, {"fieldname": "debit", "fieldtype": "Currency"}]);
        let rows = json!([
            {"account": "'Opening'", "debit": 0.1}, {"account": "Cash", "debit": 0.30000000000000004},
            {"account": "'Total'", "debit": 0.3}, {"account": "'Closing (Opening + Total)'", "debit": 0.4},
        ]);
        let table = read(json!({"columns": columns, "result": rows}));
        assert_eq!(table.total, json!(["'Total'", 0.3]).as_array().cloned());
        assert_eq!(table.rows.len(), 3);
        assert_eq!(table.rows[1], json!(["Cash", 0.3]).as_array().unwrap().clone());
    }

    #[test]
    fn ages_and_rates_have_no_total() {
        let columns = json!([
            {"fieldname": "party"}, {"fieldname": "age", "fieldtype": "Int"}, {"fieldname": "valuation_rate", "fieldtype": "Currency"},
            {"fieldname": "outstanding", "fieldtype": "Currency"},
        ]);
        let rows = json!([{"party": "A", "age": 30, "valuation_rate": 2, "outstanding": 5}, ["", 30, 2, 5]]);
        let table = read(json!({"columns": columns, "result": rows, "add_total_row": true}));
        assert_eq!(table.total, json!(["", null, null, 5]).as_array().cloned());
    }

    #[test]
    fn columns_are_chosen_sorted_by_and_left_out_where_they_are_empty() {
        let columns = json!([{"fieldname": "a"}, {"fieldname": "b"}, {"fieldname": "c"}]);
        let answer = json!({"columns": columns, "result": [{"a": "x", "b": 1, "c": 0}, {"a": "y", "b": 2, "c": null}]});
        let mut table = read(answer.clone());
        assert!(table.sort("b", true) && !table.sort("d", true));
        assert_eq!(table.leave_out_empty(), ["c"]);
        assert_eq!(table.rows, [json!(["y", 2]), json!(["x", 1])].map(|row| row.as_array().unwrap().clone()));
        assert_eq!(table.keep(&["b".to_owned(), "d".to_owned()]), Err(1));
        assert_eq!(table.keep(&["b".to_owned()]), Ok(()));
        assert_eq!(table.rows, [vec![json!(2)], vec![json!(1)]]);
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
