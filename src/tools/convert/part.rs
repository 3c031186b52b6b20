//! A part of what a document makes: some rows, or less of them; a smaller payment.

use erpnext_schema::{Rule, Violation, rows, rows_mut, whole_number};
use serde_json::{Map, Value, json};

use crate::document::amounts::{is_above, money, number, number_or_zero, stated_number, told};
use crate::tools::payment::{put_amount, spread};

/// The table whose rows are kept.
pub const ITEMS: &str = "items";

/// Keeps of the draft's items only those that are named, each by `idx` or by an `item_code` that one row has, with the
/// quantity that is given. A column that the caller may not see, as `shows` tells, neither names a row nor bounds anything: a
/// refusal would tell it.
///
/// # Errors
/// All that is wrong: a row that does not exist or is named twice, a quantity above what is left.
pub fn keep_rows(
    doc: &mut Map<String, Value>,
    asked: &[Map<String, Value>],
    shows: &dyn Fn(&str) -> bool,
) -> Result<(), Vec<Violation>> {
    // A row's name is seen wherever its table is.
    if !shows("name") {
        let message = format!("{ITEMS} may not be read here; leave it out for all rows");
        return Err(vec![Violation::new("rows", Rule::NotPermitted, message)]);
    }
    let items: Vec<Map<String, Value>> = doc.get(ITEMS).into_iter().flat_map(rows).cloned().collect();
    let (mut kept, mut violations) = (Vec::<(usize, Option<f64>)>::new(), Vec::new());
    let mut wrong = |path: String, message: String| {
        violations.push(Violation::new(path, Rule::Value, message));
    };
    if items.is_empty() {
        wrong("rows".to_owned(), "what is made has no items".to_owned());
    } else if asked.is_empty() {
        wrong("rows".to_owned(), "is empty; leave it out for all rows".to_owned());
    }
    for (i, row) in asked.iter().enumerate() {
        match meant(&items, i, row, shows, &mut wrong) {
            Some((at, _)) if kept.iter().any(|(other, _)| *other == at) => {
                wrong(format!("rows[{i}]"), format!("row {} is named twice", at + 1));
            }
            meant => kept.extend(meant),
        }
    }
    if !violations.is_empty() {
        return Err(violations);
    }
    kept.sort_unstable_by_key(|(at, _)| *at);
    let mut at = 0;
    if let Some(Value::Array(items)) = doc.get_mut(ITEMS) {
        items.retain(|_| {
            at += 1;
            kept.iter().any(|(kept, _)| *kept == at - 1)
        });
    }
    for (row, (_, qty)) in doc.get_mut(ITEMS).into_iter().flat_map(rows_mut).zip(kept) {
        if let Some(qty) = qty {
            set_quantity(row, qty);
        }
    }
    Ok(())
}

/// The place of the row that is asked for, and the quantity that it is to have; what is wrong with either is said.
fn meant(
    items: &[Map<String, Value>],
    i: usize,
    row: &Map<String, Value>,
    shows: &dyn Fn(&str) -> bool,
    wrong: &mut dyn FnMut(String, String),
) -> Option<(usize, Option<f64>)> {
    let path = |key: &str| format!("rows[{i}].{key}");
    for key in row.keys().filter(|key| !matches!(key.as_str(), "idx" | "item_code" | "qty")) {
        let message = "no such key; a row is named by idx or item_code, and has qty, as [{\"idx\": 1, \"qty\": 2}]; rows that \
                       are not named are left out";
        wrong(path(key), message.to_owned());
    }
    let given = |key: &&str| row.get(*key).is_some_and(|value| !value.is_null());
    let withheld: Vec<&str> = ["item_code", "qty"].into_iter().filter(|key| !shows(key)).filter(given).collect();
    if !withheld.is_empty() {
        for key in withheld {
            wrong(path(key), format!("{key} of what is made may not be read here; name whole rows, by idx"));
        }
        return None;
    }
    let at = found(items, row, shows("item_name")).map_err(|message| wrong(format!("rows[{i}]"), message)).ok()?;
    let left = number_or_zero(&items[at], "qty").abs();
    let qty = row.get("qty").filter(|qty| !qty.is_null());
    let qty = qty.map(|qty| stated_number(qty).unwrap_or_default());
    match qty {
        Some(qty) if qty <= 0.0 || !qty.is_finite() => wrong(path("qty"), "expected a number above 0".to_owned()),
        Some(qty) if is_above(qty, left) => {
            wrong(path("qty"), format!("{} is more than the {left} that are left", told(qty)));
        }
        _ => {}
    }
    Some((at, qty))
}

/// The number of a row, if only as a text.
fn number_of_row(idx: &Value) -> Result<i64, String> {
    let number = idx.as_number().and_then(whole_number).or_else(|| idx.as_str()?.trim().parse().ok());
    number.ok_or_else(|| "idx: expected the number of a row, from 1 on".to_owned())
}

/// The place of the row that is meant; `by_title` its item may be named by what it is called.
fn found(items: &[Map<String, Value>], row: &Map<String, Value>, by_title: bool) -> Result<usize, String> {
    let at = row.get("idx").filter(|idx| !idx.is_null()).map(number_of_row).transpose()?;
    let code = row.get("item_code").and_then(Value::as_str);
    let is = |item: &Map<String, Value>| {
        let has = |column: &str| item.get(column).and_then(Value::as_str);
        let title = has("item_name").filter(|_| by_title);
        has("item_code") == code || title.zip(code).is_some_and(|(title, code)| title.eq_ignore_ascii_case(code))
    };
    match (at, code) {
        (None, None) => Err("which row? name it by idx or item_code".to_owned()),
        (Some(at), _) => {
            let place = usize::try_from(at).unwrap_or(0);
            let there = place.checked_sub(1).filter(|place| *place < items.len());
            let place = there.ok_or_else(|| format!("there is no row {at}; what is made has {}", items.len()))?;
            match code {
                Some(code) if !is(&items[place]) => Err(format!("row {at} is not of {code}")),
                _ => Ok(place),
            }
        }
        (None, Some(code)) => {
            let mut places = (0..items.len()).filter(|place| is(&items[*place]));
            match (places.next(), places.next()) {
                (Some(place), None) => Ok(place),
                (Some(_), Some(_)) => Err(format!("several rows are of {code}: name one by idx")),
                (None, _) => {
                    let codes = items.iter().filter_map(|item| item.get("item_code")?.as_str());
                    Err(format!("no row is of {code}; there are {}", codes.collect::<Vec<_>>().join(", ")))
                }
            }
        }
    }
}

/// Sets a quantity, and what the site holds against it; a return's is below 0.
fn set_quantity(row: &mut Map<String, Value>, qty: f64) {
    let signed = if number_or_zero(row, "qty") < 0.0 { -qty } else { qty };
    let factor = number(row, "conversion_factor").filter(|factor| *factor > 0.0).unwrap_or(1.0);
    for (column, value) in [("qty", signed), ("received_qty", signed), ("stock_qty", signed * factor)] {
        if column == "qty" || row.contains_key(column) {
            row.insert(column.to_owned(), json!(value));
        }
    }
    // The site works these out of rate and quantity.
    for column in ["amount", "base_amount", "net_amount", "base_net_amount", "received_stock_qty"] {
        row.remove(column);
    }
}

/// Makes the payment one over this amount, which its references share in their order.
///
/// # Errors
/// That it is no payment, is one between currencies, or pays more than is open.
pub fn pay(doc: &mut Map<String, Value>, amount: f64) -> Result<(), Violation> {
    let wrong = |message: String, nearest: Option<f64>| Violation {
        path: "amount".to_owned(),
        rule: Rule::Value,
        message,
        nearest: nearest.map(|amount| amount.to_string()),
    };
    if amount <= 0.0 || !amount.is_finite() {
        return Err(wrong("expected a number above 0".to_owned(), None));
    }
    let Some(Value::Array(references)) = doc.get("references").filter(|_| doc.contains_key("paid_amount")) else {
        return Err(wrong("is for payments; rows makes a part of other documents".to_owned(), None));
    };
    if doc.get("paid_from_account_currency") != doc.get("paid_to_account_currency") {
        let message = "the accounts have two currencies: give paid_amount and received_amount in data".to_owned();
        return Err(wrong(message, None));
    }
    let rows: Vec<_> = references.iter().filter_map(Value::as_object).cloned().collect();
    // What is paid back for a credit note is allocated below 0.
    let back = rows.iter().any(|row| number_or_zero(row, "allocated_amount") < 0.0);
    let turned = |rows: Vec<Map<String, Value>>| -> Vec<Map<String, Value>> {
        let turn = |mut row: Map<String, Value>| {
            let allocated = -number_or_zero(&row, "allocated_amount");
            row.insert("allocated_amount".to_owned(), json!(allocated));
            row
        };
        if back { rows.into_iter().map(turn).collect() } else { rows }
    };
    let rows = turned(rows);
    let open = money(rows.iter().map(|row| number_or_zero(row, "allocated_amount")).sum());
    let (rows, rest) = spread(rows, amount);
    if rest > 0.0 {
        let message = format!("{} is more than the {open} that is open; record_payment takes an advance", told(amount));
        return Err(wrong(message, Some(open)));
    }
    doc.insert("references".to_owned(), turned(rows).into_iter().map(Value::Object).collect());
    put_amount(doc, amount, amount, 0.0);
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::{keep_rows, pay};

    fn doc(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn draft() -> Map<String, Value> {
        doc(json!({"items": [
            {"item_code": "A", "qty": 5.0, "stock_qty": 10.0, "conversion_factor": 2.0, "amount": 50.0},
            {"item_code": "B", "qty": -3.0},
            {"item_code": "B", "qty": 1.0},
        ]}))
    }

    #[test]
    fn only_the_rows_that_are_named_stay_with_their_quantities() {
        let mut made = draft();
        let asked = [doc(json!({"idx": 2, "qty": 1})), doc(json!({"item_code": "A", "qty": 2}))];
        keep_rows(&mut made, &asked, &|_| true).unwrap();
        let a = json!({"item_code": "A", "qty": 2.0, "stock_qty": 4.0, "conversion_factor": 2.0});
        assert_eq!(made["items"], json!([a, {"item_code": "B", "qty": -1.0}]));
    }

    #[test]
    fn a_row_is_named_by_the_title_of_its_item_where_that_may_be_read() {
        let desk = |qty: f64| json!({"item_code": "A", "item_name": "Oak Desk", "qty": qty});
        let made = || doc(json!({"items": [desk(5.0), {"item_code": "B", "qty": 1.0}]}));
        let asked = [doc(json!({"item_code": "oak desk", "qty": 2}))];
        let mut kept = made();
        keep_rows(&mut kept, &asked, &|_| true).unwrap();
        assert_eq!(kept["items"], json!([desk(2.0)]));
        let told = keep_rows(&mut made(), &asked, &|column| column != "item_name").unwrap_err();
        assert!(told[0].to_string().contains("no row is of oak desk"), "{}", told[0]);
    }

    #[test]
    fn rows_that_cannot_be_meant_are_told_all_at_once() {
        let asked = [
            json!({"idx": 4}),
            json!({"item_code": "B"}),
            json!({"item_code": "C"}),
            json!({"idx": 1, "qty": 6}),
            json!({"idx": 1}),
            json!({"idx": 3, "qty": 0, "rate": 1}),
            json!({}),
        ]
        .map(doc);
        let told = keep_rows(&mut draft(), &asked, &|_| true).unwrap_err();
        let told = told.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        for wanted in [
            "no row 4",
            "several rows are of B",
            "no row is of C; there are A, B, B",
            "6 is more than the 5",
            "row 1 is named twice",
            "rows[5].rate",
            "above 0",
            "which row?",
        ] {
            assert!(told.contains(wanted), "{wanted}: {told}");
        }
    }

    #[test]
    fn a_whole_number_is_one_however_it_is_written_and_a_huge_one_is_told_in_short() {
        for idx in [json!(2), json!(2.0), json!("2")] {
            let mut made = draft();
            keep_rows(&mut made, &[doc(json!({"idx": idx}))], &|_| true).unwrap();
            assert_eq!(made["items"], json!([{"item_code": "B", "qty": -3.0}]), "{idx}");
        }
        for (asked, wanted) in [
            (json!({"idx": 1.5}), "expected the number of a row"),
            (json!({"idx": -1, "item_code": "A"}), "there is no row -1"),
            (json!({"idx": 1, "qty": 1e308}), "1e308 is more than the 5"),
        ] {
            let told = keep_rows(&mut draft(), &[doc(asked)], &|_| true).unwrap_err();
            assert!(told[0].message.contains(wanted) && told[0].message.len() < 100, "{told:?}");
        }
    }

    #[test]
    fn what_is_withheld_of_rows_names_none_and_bounds_no_quantity() {
        let told = |asked: Value, hidden: &str| {
            let told = keep_rows(&mut draft(), &[doc(asked)], &|column| column != hidden).unwrap_err();
            told.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        };
        for (there, not, hidden) in [
            (json!({"item_code": "A"}), json!({"item_code": "Z"}), "item_code"),
            (json!({"idx": 1, "item_code": "A"}), json!({"idx": 1, "item_code": "Z"}), "item_code"),
            (json!({"idx": 1, "qty": 5}), json!({"idx": 1, "qty": 6}), "qty"),
            (json!({"idx": 1}), json!({"idx": 4}), "name"),
        ] {
            assert_eq!(told(there.clone(), hidden), told(not, hidden), "{there}");
        }
        let mut made = draft();
        keep_rows(&mut made, &[doc(json!({"idx": 2}))], &|column| column == "name").unwrap();
        assert_eq!(made["items"], json!([{"item_code": "B", "qty": -3.0}]));
    }

    #[test]
    fn a_smaller_payment_is_shared_in_order_also_when_it_goes_back() {
        let payment = |sign: f64| {
            doc(
                json!({"paid_amount": 80.0, "received_amount": 80.0, "source_exchange_rate": 1.0, "target_exchange_rate": 1.0,
                "references": [{"allocated_amount": 30.0 * sign}, {"allocated_amount": 50.0 * sign}]}),
            )
        };
        for sign in [1.0, -1.0] {
            let mut made = payment(sign);
            pay(&mut made, 45.0).unwrap();
            assert_eq!(
                made["references"],
                json!([{"allocated_amount": 30.0 * sign}, {"allocated_amount": 15.0 * sign}])
            );
            assert_eq!((&made["paid_amount"], &made["base_received_amount"]), (&json!(45.0), &json!(45.0)));
        }
        assert!(pay(&mut payment(1.0), 81.0).unwrap_err().to_string().contains("more than the 80 that is open"));
        assert!(pay(&mut draft(), 1.0).unwrap_err().to_string().contains("is for payments"));
    }
}
