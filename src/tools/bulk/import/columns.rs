//! Which field each column of a file is for: the one that the caller says, else that of this name, else of this label.

use erpnext_schema::{DocTypeDef, FieldDef, Rule, Violation, flag, nearest, nearest_field};
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
    field: Option<&'static FieldDef>,
}

impl Columns {
    /// The fields of the columns that are not left out, each with the number of its column.
    pub fn fields(&self) -> impl Iterator<Item = (usize, &'static FieldDef)> + '_ {
        self.0.iter().enumerate().filter_map(|(at, column)| Some((at, column.field?)))
    }

    /// The title of the column that a field has, or the field's name where it has none.
    pub fn title<'a>(&'a self, field: &'a str) -> &'a str {
        let is_its = |column: &&Column| column.field.is_some_and(|known| known.fieldname == field);
        self.0.iter().find(is_its).map_or(field, |column| &column.title)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Title by title the field, null of a column that is left out.
    pub fn told(&self) -> Map<String, Value> {
        let told = self.0.iter().filter(|column| !column.title.is_empty());
        told.map(|column| (column.title.clone(), json!(column.field.map(|field| field.fieldname)))).collect()
    }
}

/// The columns of a file for new documents of a DocType; `given` names the fields of some, or leaves them out.
///
/// # Errors
/// Every column that is for no field that may be set, or for one that an earlier column is for.
pub(super) fn of(
    def: &'static DocTypeDef,
    rule: &FieldRule,
    sheet: &Sheet,
    given: &Map<String, Value>,
) -> Result<Columns, Vec<Violation>> {
    let open: Vec<&'static FieldDef> = def.all_fields().filter(|field| is_open(def, rule, field)).collect();
    let (mut columns, mut found): (Vec<Column>, Vec<Violation>) = (Vec::new(), Vec::new());
    for (at, title) in sheet.header.iter().enumerate() {
        let meant = match given.get(title) {
            Some(given) => named(def, &open, title, given),
            None if title.is_empty() => unnamed(sheet, at),
            None => titled(def, &open, title),
        };
        let field = meant.unwrap_or_else(|violation| {
            found.push(violation);
            None
        });
        if let Some(field) = field {
            let earlier =
                columns.iter().find(|column| column.field.is_some_and(|known| known.fieldname == field.fieldname));
            found.extend(earlier.map(|earlier| {
                let message = format!("is for {}, and so is column {:?}", field.fieldname, earlier.title);
                wrong(title, Rule::Value, message, None)
            }));
        }
        columns.push(Column { title: title.clone(), field });
    }
    for title in given.keys().filter(|title| !sheet.header.contains(title)) {
        let near = nearest(title, sheet.header.iter().map(String::as_str)).map(str::to_owned);
        let (path, message) = (format!("mapping.{title}"), "the file has no such column".to_owned());
        found.push(Violation { path, rule: Rule::Value, message, nearest: near });
    }
    if found.is_empty() { Ok(Columns(columns)) } else { Err(found) }
}

/// Whether a column may be for the field: what a new document may be given, and one cell can hold.
fn is_open(def: &DocTypeDef, rule: &FieldRule, field: &FieldDef) -> bool {
    if field.fieldname == "name" {
        return def.is_named_by_creator();
    }
    let holds = field.kind.holds_value() && !field.kind.is_table();
    holds && field.flags & (flag::STANDARD | flag::VIRTUAL) == 0 && rule.may_write(field)
}

/// What the caller says of a column.
fn named(
    def: &DocTypeDef,
    open: &[&'static FieldDef],
    title: &str,
    given: &Value,
) -> Result<Option<&'static FieldDef>, Violation> {
    match given {
        Value::Null => Ok(None),
        Value::String(name) if name.trim().is_empty() => Ok(None),
        Value::String(name) => {
            let field = open.iter().find(|field| field.fieldname == name.trim()).copied();
            field.map(Some).ok_or_else(|| unknown(def, open, title, name.trim()))
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
fn titled(def: &DocTypeDef, open: &[&'static FieldDef], title: &str) -> Result<Option<&'static FieldDef>, Violation> {
    if let Some(field) = open.iter().find(|field| field.fieldname == title).copied() {
        return Ok(Some(field));
    }
    let folded = fold(title);
    let labelled: Vec<&'static FieldDef> =
        open.iter().filter(|field| !folded.is_empty() && fold(field.label) == folded).copied().collect();
    match labelled.as_slice() {
        [field] => Ok(Some(*field)),
        [] => Err(unknown(def, open, title, title)),
        several => {
            let names = several.iter().map(|field| field.fieldname).collect::<Vec<_>>().join(", ");
            let message = format!("several fields have that label: {names}; say in mapping which it is for");
            Err(wrong(title, Rule::Value, message, None))
        }
    }
}

/// A column without a title, which is one only if it holds something.
fn unnamed(sheet: &Sheet, at: usize) -> Result<Option<&'static FieldDef>, Violation> {
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

fn unknown(def: &DocTypeDef, open: &[&'static FieldDef], title: &str, name: &str) -> Violation {
    let is_table =
        def.fields.iter().any(|field| field.kind.is_table() && (field.fieldname == name || field.label == name));
    let (message, near) = if is_table {
        (
            "is a table, and the rows of tables are not imported: make these documents by create_bulk_documents"
                .to_owned(),
            None,
        )
    } else {
        let near = nearest_field(name, open.iter().copied()).map(str::to_owned);
        (format!("no field of {} that may be set has that name or label", def.name), near)
    };
    wrong(title, Rule::UnknownField, message, near)
}

fn wrong(title: &str, rule: Rule, message: String, nearest: Option<String>) -> Violation {
    Violation { path: format!("column {title:?}"), rule, message, nearest }
}

/// In small letters, without blanks.
fn fold(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}
