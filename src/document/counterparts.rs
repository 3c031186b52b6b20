//! Fields that people give and the site works out of others: a new document has them where the site reads them.

use std::borrow::Cow;

use erpnext_schema::{DocTypeDef, Purpose};
use serde_json::{Map, Value, json};

/// Fields in which the form of a Contact shows one row of a table, and which are emptied where there is no such row: the
/// field, the table, the column, and the flag of the row that is shown.
const SHOWN: [(&str, &str, &str, &str); 3] = [
    ("email_id", "email_ids", "email_id", "is_primary"),
    ("mobile_no", "phone_nos", "phone", "is_primary_mobile_no"),
    ("phone", "phone_nos", "phone", "is_primary_phone"),
];
/// Amounts of a row of a Journal Entry in the company's currency, and in that of the account, which the site reads.
const AMOUNTS: [(&str, &str); 2] = [("debit", "debit_in_account_currency"), ("credit", "credit_in_account_currency")];

/// The data with such fields where the site reads them.
pub fn moved<'a>(def: &DocTypeDef, purpose: Purpose, data: &'a Map<String, Value>) -> Cow<'a, Map<String, Value>> {
    match def.name {
        "Contact" if purpose == Purpose::Create => shown_to_rows(data),
        // Without several currencies the site takes no account in another one: both amounts are the same.
        "Journal Entry" if purpose == Purpose::Create && !is_set(data, "multi_currency") => amounts_of_accounts(data),
        _ => Cow::Borrowed(data),
    }
}

fn shown_to_rows(data: &Map<String, Value>) -> Cow<'_, Map<String, Value>> {
    let mut moved = Cow::Borrowed(data);
    for (field, table, column, primary) in SHOWN {
        let is_given = |value: &&Value| value.as_str().is_some_and(|text| !text.trim().is_empty());
        let Some(value) = data.get(field).filter(is_given).filter(|_| !data.contains_key(table)) else { continue };
        let doc = moved.to_mut();
        doc.shift_remove(field);
        if let Some(rows) = doc.entry(table).or_insert_with(|| json!([])).as_array_mut() {
            rows.push(json!({column: value, primary: 1}));
        }
    }
    moved
}

fn amounts_of_accounts(data: &Map<String, Value>) -> Cow<'_, Map<String, Value>> {
    let mut moved = Cow::Borrowed(data);
    let Some(rows) = data.get("accounts").and_then(Value::as_array) else { return moved };
    for (at, row) in rows.iter().enumerate() {
        for (given, read) in AMOUNTS {
            let (Some(amount), other) = (row.get(given), row.get(read)) else { continue };
            if other.is_some_and(|other| other.as_f64() != amount.as_f64()) {
                continue;
            }
            if let Some(Value::Object(row)) = moved.to_mut().get_mut("accounts").and_then(|rows| rows.get_mut(at)) {
                row.insert(read.to_owned(), amount.clone());
                row.shift_remove(given);
            }
        }
    }
    moved
}

fn is_set(data: &Map<String, Value>, field: &str) -> bool {
    data.get(field)
        .is_some_and(|value| !matches!(value, Value::Null | Value::Bool(false)) && value.as_f64() != Some(0.0))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use erpnext_schema::Purpose::{Create, Update};
    use erpnext_schema::Version;
    use serde_json::{Value, json};

    use super::moved;

    #[test]
    fn what_the_site_works_out_is_given_where_it_reads_it_if_one_thing_can_be_meant() {
        let entry = |rows: Value| json!({"accounts": rows});
        let plain = entry(
            json!([{"account": "A", "debit": 5}, {"account": "B", "credit": 5, "credit_in_account_currency": 5.0}]),
        );
        let read = entry(
            json!([{"account": "A", "debit_in_account_currency": 5}, {"account": "B", "credit_in_account_currency": 5}]),
        );
        let several = json!({"multi_currency": true, "accounts": [{"debit": 5}]});
        let two = entry(json!([{"debit": 5, "debit_in_account_currency": 4}]));
        let contact = json!({"first_name": "Ann", "email_id": "ann@example.com", "phone": "1", "mobile_no": "2"});
        let rows = json!({"first_name": "Ann", "email_ids": [{"email_id": "ann@example.com", "is_primary": 1}],
            "phone_nos": [{"phone": "2", "is_primary_mobile_no": 1}, {"phone": "1", "is_primary_phone": 1}]});
        let both = json!({"email_id": "ann@example.com", "email_ids": []});
        let empty = json!({"first_name": "Ann", "email_id": "", "phone": null});
        for (doctype, purpose, given, taken) in [
            ("Journal Entry", Create, &plain, &read),
            ("Journal Entry", Update, &plain, &plain),
            ("Journal Entry", Create, &several, &several),
            ("Journal Entry", Create, &two, &two),
            ("Contact", Create, &contact, &rows),
            ("Contact", Update, &contact, &contact),
            ("Contact", Create, &both, &both),
            ("Contact", Create, &empty, &empty),
            ("Customer", Create, &contact, &contact),
        ] {
            let def = erpnext_doctypes::get(Version::V15, doctype).unwrap();
            assert_eq!(json!(*moved(def, purpose, given.as_object().unwrap())), *taken, "{doctype} {given}");
        }
    }
}
