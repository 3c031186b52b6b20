//! Some of many: rows under columns that are named once, and how many of how many they are. A page's size is never given
//! for a count.

use serde_json::{Map, Value};

use super::sizes::{at_most, length};

/// The columns, and a list of values for each row; null where a row has none.
pub fn table(columns: &[String], rows: Vec<Map<String, Value>>) -> (Value, Vec<Value>) {
    let cells =
        |mut row: Map<String, Value>| columns.iter().map(|column| row.remove(column).unwrap_or_default()).collect();
    (columns.iter().map(String::as_str).collect(), rows.into_iter().map(cells).collect())
}

/// How many there are in words: `all 3`, `20 of 1,506`, `21 to 40 of 1,506`, `20, more follow`.
///
/// `before` is how many stand before them, `total` how many there are in all, where that is known.
pub fn shown(before: u64, here: u64, total: Option<u64>, more: bool) -> String {
    let last = before + here;
    // Without more to follow, the last of these is the last of all.
    let total = total.or_else(|| (!more && (here > 0 || before == 0)).then_some(last));
    let which =
        if before == 0 || here == 0 { grouped(here) } else { format!("{} to {}", grouped(before + 1), grouped(last)) };
    match total {
        Some(0) => "none".to_owned(),
        Some(total) if before == 0 && here >= total => format!("all {}", grouped(here)),
        Some(total) => format!("{which} of {}", grouped(total.max(last))),
        None if more => format!("{which}, more follow"),
        None => "none".to_owned(),
    }
}

/// The number with a comma after the thousands.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How many of the values fit into that many bytes of JSON; at least one.
pub fn how_many(values: &[Value], bytes: usize) -> usize {
    // Most are far below.
    if values.iter().map(|value| at_most(value) + 1).sum::<usize>() <= bytes {
        return values.len();
    }
    let mut used = 0;
    let fits = values.iter().take_while(|value| {
        used += length(value) + 1;
        used <= bytes
    });
    fits.count().max(1).min(values.len())
}

/// Drops the rows for which there is no room in so many bytes of JSON, beside their columns.
pub fn cut_rows(columns: &Value, rows: &mut Vec<Value>, bytes: usize) {
    rows.truncate(how_many(rows, bytes.saturating_sub(length(columns))));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{how_many, shown};

    #[test]
    fn a_number_that_is_not_all_says_so() {
        for (of, wanted) in [
            ((0, 3, None, false), "all 3"),
            ((0, 0, None, false), "none"),
            ((0, 20, None, true), "20, more follow"),
            ((0, 20, Some(1506), true), "20 of 1,506"),
            ((20, 20, Some(1506), true), "21 to 40 of 1,506"),
            ((20, 20, None, true), "21 to 40, more follow"),
            ((1500, 6, None, false), "1,501 to 1,506 of 1,506"),
            ((20, 0, None, false), "none"),
            // What was counted may have changed meanwhile.
            ((0, 20, Some(19), true), "all 20"),
        ] {
            assert_eq!(shown(of.0, of.1, of.2, of.3), wanted, "{of:?}");
        }
    }

    #[test]
    fn one_value_is_there_even_where_none_fits() {
        let values = [json!("aaaa"), json!("bbbb"), json!("cccc")];
        assert_eq!([0, 7, 14, 99].map(|bytes| how_many(&values, bytes)), [1, 1, 2, 3]);
        assert_eq!(how_many(&[], 0), 0);
    }
}
