//! The two ways to change a child table: single rows of it, or the whole table anew.

use serde_json::{Map, Value};

use crate::nearest;
use crate::value::{Rule, Violation, quoted, whole_number};

/// A change of a child table as it is written in the data of an update.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum TableChange<'a> {
    /// `{"patch": […], "add": […], "remove": […]}`: all else stays as it is.
    Edits {
        /// Rows that the table has, each with the columns to change.
        patch: &'a [Value],
        /// New rows, which come last.
        add: &'a [Value],
        /// Rows to take away, each a name, an `idx` or an object as [`RowKey`] reads it.
        remove: &'a [Value],
    },
    /// `[…]` or `{"rows": […]}`: the rows of the table from then on, in their order.
    Whole {
        /// Rows with a `name` are rows that the table has, and keep the columns that are not given; others are new.
        rows: &'a [Value],
        /// `"replace": true`: rows that are not listed may go with all that they hold.
        replace: bool,
    },
}

const PARTS: [&str; 5] = ["patch", "add", "remove", "rows", "replace"];
const FORM: &str = r#"expected {"patch": […], "add": […], "remove": […]} or the whole table as a list of rows"#;

impl<'a> TableChange<'a> {
    /// Reads a table's value; `path` is its place.
    ///
    /// # Errors
    /// What is wrong with its form, not with its rows.
    pub fn read(path: &str, value: &'a Value) -> Result<Self, Violation> {
        let broken = |at: &str, message: String| Violation::new(format!("{path}{at}"), Rule::Value, message);
        let parts = match value {
            Value::Array(rows) => return Ok(Self::Whole { rows, replace: false }),
            Value::Object(parts) => parts,
            Value::Null => return Err(broken("", format!("{FORM}, found null; an empty list empties the table"))),
            other => return Err(broken("", format!("{FORM}, found {}", quoted(other)))),
        };
        if let Some(key) = parts.keys().find(|key| !PARTS.contains(&key.as_str())) {
            let violation = broken("", format!("{FORM}, found the key {key:?}"));
            return Err(violation.nearest(nearest(key, PARTS)));
        }
        let list = |key: &str| match parts.get(key) {
            None | Some(Value::Null) => Ok(&[][..]),
            Some(Value::Array(list)) => Ok(list.as_slice()),
            Some(other) => Err(broken(&format!(".{key}"), format!("expected a list, found {}", quoted(other)))),
        };
        if let Some(replace) = parts.get("replace").filter(|replace| !replace.is_boolean()) {
            return Err(broken(".replace", format!("expected true or false, found {}", quoted(replace))));
        }
        let (patch, add, remove) = (list("patch")?, list("add")?, list("remove")?);
        let edits = patch.len() + add.len() + remove.len() > 0;
        match parts.get("rows") {
            Some(Value::Array(_)) if edits => {
                Err(broken("", "rows is the whole table: patch, add and remove have no place beside it".to_owned()))
            }
            Some(Value::Array(rows)) => {
                Ok(Self::Whole { rows, replace: parts.get("replace").is_some_and(|replace| *replace == true) })
            }
            Some(other) => Err(broken(".rows", format!("expected a list, found {}", quoted(other)))),
            None if !edits => Err(broken("", format!("{FORM}; there is nothing in it to change"))),
            None if parts.contains_key("replace") => {
                Err(broken(".replace", "belongs to rows, the whole table anew".to_owned()))
            }
            None => Ok(Self::Edits { patch, add, remove }),
        }
    }
}

/// Which row of a stored table is meant: the one that fits all that is given.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct RowKey<'a> {
    /// Its name.
    pub name: Option<&'a Value>,
    /// Its number, from 1 on.
    pub idx: Option<u64>,
    /// Values of its columns.
    pub matching: Option<&'a Map<String, Value>>,
}

impl<'a> RowKey<'a> {
    /// The key that a patch of a row begins with, or an object that names a row to remove.
    ///
    /// # Errors
    /// What is wrong, with the key that it is in, empty where there is none.
    pub fn of(row: &'a Map<String, Value>) -> Result<Self, (&'static str, String)> {
        let mut key = Self::default();
        match row.get("name") {
            None => {}
            Some(name @ Value::Number(_)) => key.name = Some(name),
            Some(name @ Value::String(text)) if !text.trim().is_empty() => key.name = Some(name),
            Some(other) => return Err(("name", format!("expected the name of a row, found {}", quoted(other)))),
        }
        match row.get("idx") {
            None => {}
            Some(idx) => key.idx = Some(number(idx).map_err(|message| ("idx", message))?),
        }
        // A column may be called match too.
        match row.get("match") {
            Some(Value::Object(matching)) if matching.is_empty() => {
                return Err(("match", "expected at least one column with its value".to_owned()));
            }
            Some(Value::Object(matching)) => key.matching = Some(matching),
            _ => {}
        }
        if key == Self::default() {
            return Err((
                "",
                r#"which row is meant? give its "name", its "idx" or "match": {column: value}"#.to_owned(),
            ));
        }
        Ok(key)
    }

    /// An entry of `remove`: a text is a name, a number an `idx`.
    ///
    /// # Errors
    /// As [`RowKey::of`].
    pub fn of_removed(entry: &'a Value) -> Result<Self, (&'static str, String)> {
        match entry {
            Value::String(text) if !text.trim().is_empty() => Ok(Self { name: Some(entry), ..Self::default() }),
            Value::Number(_) => Ok(Self { idx: Some(number(entry).map_err(|why| ("", why))?), ..Self::default() }),
            Value::Object(row) => Self::of(row),
            other => {
                Err(("", format!("expected a row's name, its number or {{\"match\": …}}, found {}", quoted(other))))
            }
        }
    }

    /// Whether a key of a patch says which row is meant, and is no column to change.
    pub fn is_part(key: &str, value: &Value) -> bool {
        matches!(key, "name" | "idx") || key == "match" && value.is_object()
    }
}

fn number(idx: &Value) -> Result<u64, String> {
    let whole = idx.as_number().and_then(whole_number).and_then(|idx| u64::try_from(idx).ok());
    whole
        .filter(|idx| *idx > 0)
        .ok_or_else(|| format!("expected the number of a row, from 1 on, found {}", quoted(idx)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn the_number_of_a_row_is_whole_however_it_is_written() {
        assert_eq!((number(&json!(2)), number(&json!(2.0))), (Ok(2), Ok(2)));
        assert!([json!(0), json!(1.5), json!(-1), json!("2")].iter().all(|idx| number(idx).is_err()));
    }

    #[test]
    fn a_table_is_read_in_either_form() {
        let rows = [json!({"qty": 1})];
        let whole = |replace| Ok(TableChange::Whole { rows: &rows, replace });
        assert_eq!(TableChange::read("t", &json!(rows)), whole(false));
        assert_eq!(TableChange::read("t", &json!({"rows": rows})), whole(false));
        assert_eq!(TableChange::read("t", &json!({"rows": rows, "replace": true})), whole(true));
        assert_eq!(
            TableChange::read("t", &json!({"patch": rows, "remove": null})),
            Ok(TableChange::Edits { patch: &rows, add: &[], remove: &[] })
        );
    }

    #[test]
    fn what_is_no_form_is_told_with_its_place() {
        let told = |value: Value| TableChange::read("t", &value).unwrap_err().to_string();
        says(&told(json!(null)), &["t: expected", "an empty list empties the table"]);
        says(&told(json!({"patches": []})), &["the key \"patches\"", "did you mean patch?"]);
        says(&told(json!({"name": "r1", "qty": 9})), &["the key \"name\""]);
        says(&told(json!({})), &["nothing in it to change"]);
        says(&told(json!({"add": {}})), &["t.add: expected a list"]);
        says(&told(json!({"rows": [], "add": [1]})), &["rows is the whole table"]);
        says(&told(json!({"rows": [], "replace": 1})), &["t.replace: expected true or false"]);
        says(&told(json!({"add": [1], "replace": true})), &["t.replace: belongs to rows"]);
    }

    fn says(text: &str, wanted: &[&str]) {
        for part in wanted {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn a_row_is_named_in_three_ways_together_or_alone() {
        let row = json!({"name": "r1", "idx": 2, "match": {"a": 1}, "qty": 9});
        let key = RowKey::of(row.as_object().unwrap()).unwrap();
        assert_eq!((key.name, key.idx, key.matching.unwrap().len()), (Some(&json!("r1")), Some(2), 1));
        assert_eq!(RowKey::of_removed(&json!("r1")).unwrap().name, Some(&json!("r1")));
        assert_eq!(RowKey::of_removed(&json!(3)).unwrap().idx, Some(3));
        for wrong in [json!(0), json!(-1), json!(1.5), json!(""), json!(null), json!({}), json!({"match": {}})] {
            assert!(RowKey::of_removed(&wrong).is_err(), "{wrong}");
        }
    }
}
