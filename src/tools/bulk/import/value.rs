//! What a cell means to its field: the value as an argument would be given, where only one can be meant.

use erpnext_schema::{FieldDef, Shape, Violation, check_value};
use serde_json::{Number, Value};

/// The value of a cell; nothing of an empty one, so that the site fills in its default. What the field does not take
/// stays the text that it is, and the check of the document tells it.
///
/// # Errors
/// A number that could be two.
pub(super) fn value(field: &FieldDef, cell: &str, semicolons: bool) -> Result<Option<Value>, String> {
    let text = cell.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let shape = field.kind.shape();
    Ok(Some(match shape {
        Shape::Int | Shape::Float if could_be_two(text, semicolons) => {
            return Err(format!(
                "{text:?} could be two numbers: write no mark between thousands, and not just three decimals"
            ));
        }
        Shape::Int | Shape::Float | Shape::Bool => meant(field, text),
        Shape::Secret => Value::from(cell),
        // Texts of one line and names: space around them comes from the file.
        Shape::Text if field.kind.default_length().is_some() => Value::from(unguarded(text)),
        Shape::Text => Value::from(unguarded(cell)),
        _ => Value::from(text),
    }))
}

/// A number or a flag as it is meant, where the field would take it in another form only.
fn meant(field: &FieldDef, text: &str) -> Value {
    let given = Value::from(text);
    if text.parse::<Number>().is_ok() {
        return given;
    }
    match check_value(field, field.fieldname, &given) {
        Err(Violation { nearest: Some(nearest), .. }) => nearest.parse().unwrap_or(given),
        _ => given,
    }
}

/// Whether the only mark in a number may begin its decimals or part its thousands: `1,234`. A point begins decimals,
/// unless the file is one of those that have `;` between cells because they have commas in numbers.
fn could_be_two(text: &str, semicolons: bool) -> bool {
    let number = text.trim_matches(|c: char| !c.is_ascii_digit());
    let Some((whole, rest)) = number.split_once([',', '.']) else { return false };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    (semicolons || number.contains(','))
        && (1..=3).contains(&whole.len())
        && rest.len() == 3
        && digits(whole)
        && digits(rest)
        && !whole.starts_with('0')
}

/// Without the `'` that keeps spreadsheets from taking a text for a formula.
fn unguarded(text: &str) -> &str {
    let is_formula = |rest: &&str| rest.starts_with(|c: char| matches!(c, '=' | '+' | '-' | '@') || c.is_control());
    text.strip_prefix('\'').filter(is_formula).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use erpnext_schema::{FieldDef, FieldKind};
    use serde_json::{Value, json};

    use super::value;

    fn of(kind: FieldKind, cell: &str, semicolons: bool) -> Option<Value> {
        value(&FieldDef::new("f", kind, "F"), cell, semicolons).unwrap_or_else(|told| Some(json!([told])))
    }

    #[test]
    fn a_number_is_read_where_it_can_be_one_only() {
        for (cell, semicolons, number) in [
            ("1,234.50", false, json!(1234.5)),
            ("1.234,50", true, json!(1234.5)),
            ("1,234,567", false, json!(1_234_567.0)),
            ("12,5", true, json!(12.5)),
            ("€ 12,50", true, json!(12.5)),
            ("1.234", false, json!("1.234")),
            ("0.125", true, json!("0.125")),
            (" 7 ", false, json!("7")),
            ("seven", false, json!("seven")),
        ] {
            let found = of(FieldKind::Currency, cell, semicolons);
            let same = found.as_ref().and_then(Value::as_f64) == number.as_f64();
            assert!(
                same && found.as_ref().is_some_and(|found| found.is_number() || *found == number),
                "{cell}: {found:?}"
            );
        }
        for (cell, semicolons) in
            [("1,234", false), ("1,234", true), ("1.234", true), ("-1.234", true), ("$1,234", false)]
        {
            let found = of(FieldKind::Float, cell, semicolons);
            assert!(found.is_some_and(|found| found[0].to_string().contains("could be two numbers")), "{cell}");
        }
        // A share of five stars is not guessed from a number of them.
        assert_eq!(of(FieldKind::Rating, "4", false), Some(json!("4")));
        assert_eq!(of(FieldKind::Int, "1.5k", false), Some(json!("1.5k")));
    }

    #[test]
    fn flags_texts_and_nothing_are_what_they_are_in_a_spreadsheet() {
        assert_eq!(of(FieldKind::Check, "Yes", false), Some(json!(true)));
        assert_eq!(of(FieldKind::Check, "0", false), Some(json!("0")));
        assert_eq!(of(FieldKind::Check, "maybe", false), Some(json!("maybe")));
        assert_eq!(of(FieldKind::Data, " '+49 30 1 ", false), Some(json!("+49 30 1")));
        assert_eq!(of(FieldKind::Data, "'tis", false), Some(json!("'tis")));
        assert_eq!(of(FieldKind::Code, "  x", false), Some(json!("  x")));
        assert_eq!(of(FieldKind::Date, " 2026-12-24 ", false), Some(json!("2026-12-24")));
        assert_eq!(of(FieldKind::Link, "  ", false), None);
    }
}
