//! Which field each column of a file is for: the one that the caller says, else that of this name, else of this label.
//! A column of a child table is called `items.item_code`, `Items: Item Code`, or `Item Code (Items)` as the desk has it.

use erpnext_schema::{
    CHILD_STANDARD_FIELDS, DayOrders, DocTypeDef, FieldDef, Rule, STANDARD_FIELDS, Shape, Violation, flag, nearest,
    nearest_field,
};
use serde_json::{Map, Value, json};

use super::sheet::Sheet;
use crate::policy::FieldRule;

/// The columns of a file, in its order.
#[derive(Debug)]
pub(super) struct Columns(Vec<Column>);

#[derive(Debug)]
struct Column {
    title: String,
    /// None of one that is left out.
    target: Option<Target>,
}

/// What the cells of a column are for: a field of the document, or a column of one of its tables.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    pub table: Option<&'static FieldDef>,
    pub field: &'static FieldDef,
}

impl Target {
    /// `customer`, or `items.qty`.
    pub fn path(&self) -> String {
        let field = self.field.fieldname;
        self.table.map_or_else(|| field.to_owned(), |table| format!("{}.{field}", table.fieldname))
    }
}

impl Columns {
    /// What the columns that are not left out are for, each with its number.
    pub fn targets(&self) -> impl Iterator<Item = (usize, Target)> + '_ {
        self.0.iter().enumerate().filter_map(|(at, column)| Some((at, column.target?)))
    }

    /// The fields that a document gets, its tables as `items.qty`.
    pub fn paths(&self) -> Vec<String> {
        self.targets().map(|(_, target)| target.path()).collect()
    }

    /// The title of the column that is for a field, or the field's name where none is.
    pub fn title<'a>(&'a self, path: &'a str) -> &'a str {
        let is_its = |column: &&Column| column.target.is_some_and(|target| target.path() == path);
        self.0.iter().find(is_its).map_or(path, |column| &column.title)
    }

    /// In which order the days of a file are written, as far as its columns of days show it.
    pub fn day_orders(&self, sheet: &Sheet) -> DayOrders {
        let is_day = |target: &Target| matches!(target.field.kind.shape(), Shape::Date | Shape::Datetime);
        let days: Vec<usize> = self.targets().filter(|(_, target)| is_day(target)).map(|(at, _)| at).collect();
        let mut orders = DayOrders::default();
        let cells = sheet.rows.iter().flat_map(|row| days.iter().filter_map(|at| row.cells.get(*at)));
        cells.for_each(|cell| orders.learn(cell));
        orders
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Whether a row with these cells fills nothing of a document but rows of its tables.
    pub fn fill_tables_only(&self, cells: &[String]) -> bool {
        let is_filled = |at: usize| cells.get(at).is_some_and(|cell| !cell.trim().is_empty());
        let mut has_tables = false;
        for (at, target) in self.targets() {
            match target.table {
                Some(_) => has_tables = true,
                None if is_filled(at) => return false,
                None => {}
            }
        }
        has_tables
    }

    /// Whether one is for the document itself.
    pub fn has_own(&self) -> bool {
        self.targets().any(|(_, target)| target.table.is_none())
    }

    /// Title by title the field, null of a column that is left out.
    pub fn told(&self) -> Map<String, Value> {
        let told = self.0.iter().filter(|column| !column.title.is_empty());
        told.map(|column| (column.title.clone(), json!(column.target.map(|target| target.path())))).collect()
    }
}

/// The columns of a file for new documents of a DocType, whose child tables are known by `children`; `given` names the
/// fields of some, or leaves them out.
///
/// # Errors
/// Every column that is for no field that may be set, or for one that an earlier column is for.
pub(super) fn of(
    def: &'static DocTypeDef,
    children: &dyn Fn(&str) -> Option<&'static DocTypeDef>,
    rule: &FieldRule,
    sheet: &Sheet,
    given: &Map<String, Value>,
) -> Result<Columns, Vec<Violation>> {
    let open = open(def, children, rule);
    let (mut columns, mut found): (Vec<Column>, Vec<Violation>) = (Vec::new(), Vec::new());
    for (at, title) in sheet.header.iter().enumerate() {
        let meant = match given.get(title) {
            Some(given) => named(def, &open, title, given),
            None if title.is_empty() => unnamed(sheet, at),
            None => titled(def, &open, title),
        };
        let target = meant.unwrap_or_else(|violation| {
            found.push(violation);
            None
        });
        if let Some(path) = target.map(|target| target.path()) {
            let earlier = columns.iter().find(|column| column.target.is_some_and(|known| known.path() == path));
            found.extend(earlier.map(|earlier| {
                wrong(title, Rule::Value, format!("is for {path}, and so is column {:?}", earlier.title), None)
            }));
        }
        columns.push(Column { title: title.clone(), target });
    }
    for title in given.keys().filter(|title| !sheet.header.contains(title)) {
        let near = nearest(title, sheet.header.iter().map(String::as_str)).map(str::to_owned);
        let (path, message) = (format!("mapping.{title}"), "the file has no such column".to_owned());
        found.push(Violation { path, rule: Rule::Value, message, nearest: near });
    }
    if found.is_empty() { Ok(Columns(columns)) } else { Err(found) }
}

/// What a column may be for: what a new document, or a row of it, may be given, and one cell can hold.
fn open(
    def: &'static DocTypeDef,
    children: &dyn Fn(&str) -> Option<&'static DocTypeDef>,
    rule: &FieldRule,
) -> Vec<Target> {
    let fits = |field: &FieldDef| {
        let holds = field.kind.holds_value() && !field.kind.is_table();
        holds && field.flags & (flag::STANDARD | flag::VIRTUAL) == 0
    };
    let is_own = |field: &&'static FieldDef| match field.fieldname {
        "name" => def.is_named_by_creator(),
        _ => fits(field) && rule.may_write(*field),
    };
    let own = def.all_fields().filter(is_own).map(|field| Target { table: None, field });
    let rows = def.known_tables(children).flat_map(|(table, child)| {
        let columns = child.fields.iter().filter(move |column| fits(column) && rule.may_write_child(table, *column));
        columns.map(move |field| Target { table: Some(table), field })
    });
    own.chain(rows).collect()
}

/// What the caller says of a column.
fn named(def: &DocTypeDef, open: &[Target], title: &str, given: &Value) -> Result<Option<Target>, Violation> {
    match given {
        Value::Null => Ok(None),
        Value::String(name) if name.trim().is_empty() => Ok(None),
        Value::String(name) => {
            let target = open.iter().find(|target| target.path() == name.trim()).copied();
            target.map(Some).ok_or_else(|| unknown(def, open, title, name.trim()))
        }
        _ => Err(wrong(
            title,
            Rule::Value,
            "mapping names a field, or is empty to leave the column out".to_owned(),
            None,
        )),
    }
}

/// The field of that name or label.
fn titled(def: &DocTypeDef, open: &[Target], title: &str) -> Result<Option<Target>, Violation> {
    if let Some(target) = open.iter().find(|target| target.path() == title).copied() {
        return Ok(Some(target));
    }
    let parts = parts(title);
    let of_tables = |is: fn(&FieldDef, &str) -> bool| -> Vec<Target> {
        let fits = |target: &&Target| {
            let is_its =
                |table: &FieldDef, (of, column): &(&str, &str)| is_called(table, of) && is(target.field, column);
            target.table.is_some_and(|table| parts.iter().any(|parts| is_its(table, parts)))
        };
        open.iter().filter(fits).copied().collect()
    };
    let is_own = |target: &&Target| target.table.is_none() && is_labelled(target.field, title);
    let mut found: Vec<Target> = open.iter().filter(is_own).copied().collect();
    for is in [is_named, is_labelled] {
        if found.is_empty() {
            found = of_tables(is);
        }
    }
    match found.as_slice() {
        [target] => Ok(Some(*target)),
        [] => Err(unknown(def, open, title, title)),
        several => {
            let names = several.iter().map(Target::path).collect::<Vec<_>>().join(", ");
            let message = format!("several fields have that label: {names}; say in mapping which it is for");
            Err(wrong(title, Rule::Value, message, None))
        }
    }
}

/// The pairs of a table and a column that a title may mean, by each form in which people write them.
fn parts(title: &str) -> Vec<(&str, &str)> {
    let before = ['.', ':'].into_iter().filter_map(|sign| title.split_once(sign));
    let behind =
        title.strip_suffix(')').and_then(|title| title.rsplit_once('(')).map(|(column, table)| (table, column));
    before.chain(behind).collect()
}

fn is_called(field: &FieldDef, text: &str) -> bool {
    is_named(field, text) || is_labelled(field, text)
}

fn is_named(field: &FieldDef, text: &str) -> bool {
    field.fieldname == text.trim()
}

fn is_labelled(field: &FieldDef, text: &str) -> bool {
    let folded = fold(text);
    !folded.is_empty() && fold(field.label) == folded
}

/// A column without a title, which is one only if it holds something.
fn unnamed(sheet: &Sheet, at: usize) -> Result<Option<Target>, Violation> {
    let holds = |cells: &[String]| cells.get(at).is_some_and(|cell| !cell.trim().is_empty());
    match sheet.rows.iter().find(|row| holds(&row.cells)) {
        None => Ok(None),
        Some(row) => {
            let message = format!(
                "is column {} of the file: it has no title, and row {} holds something there",
                at + 1,
                row.line
            );
            Err(wrong("", Rule::Value, message, None))
        }
    }
}

fn unknown(def: &DocTypeDef, open: &[Target], title: &str, name: &str) -> Violation {
    if let Some(table) = def.tables().find(|table| is_called(table, name)) {
        let example = those_of(open, Some(table))
            .next()
            .map_or_else(String::new, |target| format!(", such as {}", target.path()));
        let message = format!("is a table: its cells go into the columns of its rows{example}");
        return wrong(title, Rule::UnknownField, message, None);
    }
    if let Some(why) = kept(def, name) {
        return wrong(title, Rule::UnknownField, format!("{why}: mapping {} leaves it out", json!({title: ""})), None);
    }
    let message = format!("no field of {} that may be set has that name or label", def.name);
    let parts = parts(name);
    let in_table = parts.iter().find_map(|(table, column)| {
        let table = def.tables().find(|field| is_called(field, table))?;
        let near = nearest_field(column.trim(), those_of(open, Some(table)).map(|target| target.field))?;
        Some(format!("{}.{near}", table.fieldname))
    });
    let of_itself = those_of(open, None);
    let near = in_table.or_else(|| nearest_field(name, of_itself.map(|target| target.field)).map(str::to_owned));
    wrong(title, Rule::UnknownField, message, near)
}

/// Why nobody sets what a file that the desk exported has in such a column: the names of its documents and rows, and who
/// wrote them when.
fn kept(def: &DocTypeDef, name: &str) -> Option<&'static str> {
    let find = |fields: &'static [FieldDef], name: &str| fields.iter().find(|field| is_called(field, name));
    if let Some(field) = find(STANDARD_FIELDS, name) {
        return Some(match field.fieldname {
            "name" => {
                "names documents that exist, and an import makes others (update_bulk_documents changes those that exist)"
            }
            _ => "is kept by the site",
        });
    }
    let is_kept = |(table, column): (&str, &str)| {
        def.tables().any(|field| is_called(field, table)) && find(CHILD_STANDARD_FIELDS, column).is_some()
    };
    parts(name).into_iter().any(is_kept).then_some("is kept by the site")
}

/// Those of one table, or of the document itself.
fn those_of<'a>(open: &'a [Target], table: Option<&'static FieldDef>) -> impl Iterator<Item = &'a Target> {
    let table = table.map(|table| table.fieldname);
    open.iter().filter(move |target| target.table.map(|table| table.fieldname) == table)
}

fn wrong(title: &str, rule: Rule, message: String, nearest: Option<String>) -> Violation {
    Violation { path: format!("column {title:?}"), rule, message, nearest }
}

/// In small letters, without blanks.
fn fold(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}
