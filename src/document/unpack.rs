//! Tables that are written otherwise than they are taken, where only one thing can be meant: JSON in a string, one row where
//! rows go.

use std::borrow::Cow;

use erpnext_schema::{DocTypeDef, Purpose};
use serde_json::{Map, Value, json};

use crate::query::packed::unpack;

/// The parts of a change of a table that are lists.
const LISTS: [&str; 4] = ["patch", "add", "remove", "rows"];

/// The data with its tables as they are taken. A field that is no table keeps a text as it is: it may well be JSON.
pub fn tables<'a>(def: &DocTypeDef, purpose: Purpose, data: &'a Map<String, Value>) -> Cow<'a, Map<String, Value>> {
    let mut unpacked = Cow::Borrowed(data);
    for (key, value) in data.iter().filter(|(key, _)| def.table(key).is_some()) {
        let mut table = value.clone();
        unpack_table(purpose, &mut table);
        if table != *value {
            unpacked.to_mut().insert(key.clone(), table);
        }
    }
    unpacked
}

fn unpack_table(purpose: Purpose, table: &mut Value) {
    unpack(table);
    match table {
        Value::Array(rows) => rows.iter_mut().for_each(unpack),
        // A new document has no rows yet that an object could change: it is one.
        Value::Object(row) if purpose == Purpose::Create && !row.is_empty() && !has_parts(row) => {
            *table = json!([table.take()]);
        }
        Value::Object(parts) => {
            for list in LISTS {
                let Some(part) = parts.get_mut(list) else { continue };
                unpack(part);
                match part {
                    Value::Array(rows) => rows.iter_mut().for_each(unpack),
                    Value::Object(_) => *part = json!([part.take()]),
                    // A row to remove is named by a text or a number.
                    Value::String(_) | Value::Number(_) if list == "remove" => *part = json!([part.take()]),
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

fn has_parts(row: &Map<String, Value>) -> bool {
    LISTS.iter().any(|list| row.contains_key(*list))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use erpnext_schema::Purpose::{Create, Update};
    use erpnext_schema::Version;
    use serde_json::json;

    use super::tables;

    #[test]
    fn a_table_is_taken_in_every_form_that_means_one_thing() {
        let def = erpnext_doctypes::get(Version::V15, "Sales Order").unwrap();
        let row = json!({"item_code": "SKU-1", "qty": 1});
        for (purpose, given, taken) in [
            (Create, json!([row]), json!([row])),
            (Create, json!(row.to_string()), json!([row])),
            (Create, row.clone(), json!([row])),
            (Create, json!([row.to_string()]), json!([row])),
            (Create, json!("no JSON"), json!("no JSON")),
            (Update, row.clone(), row.clone()),
            (Update, json!({"patch": {"name": "r1", "qty": 2}}), json!({"patch": [{"name": "r1", "qty": 2}]})),
            (Update, json!({"add": [row.to_string()]}), json!({"add": [row]})),
            (Update, json!("{\"remove\": \"r1\"}"), json!({"remove": ["r1"]})),
            (Update, json!({"remove": 2, "add": row}), json!({"remove": [2], "add": [row]})),
        ] {
            let data = json!({"items": given, "terms": "[1]"});
            let unpacked = tables(def, purpose, data.as_object().unwrap());
            assert_eq!(unpacked["items"], taken, "{given}");
            assert_eq!(unpacked["terms"], "[1]", "a text is a text");
        }
    }
}
