//! What the site refuses of a value of the right type: a text that is not in its field's format, and a number that its
//! column does not hold. Filters may compare with anything.

use serde_json::Value;

use crate::value::{Rule, Violation, quoted};
use crate::{FieldDef, FieldKind, Options};

/// The largest number of a column of integers, unless its length makes it a larger one.
const MOST: u64 = 2_147_483_647;
/// The longest that such a column is.
const INT_LENGTH: u32 = 11;
/// What a column of decimals does not hold: it has 21 places, nine of them behind the point.
const TOO_MUCH: f64 = 1e12;
/// The longest that such a column is.
const DECIMAL_LENGTH: u32 = 21;
/// Users that are no addresses, and stand where addresses do.
const USERS: [&str; 2] = ["Administrator", "Guest"];

/// Fields that were of another type once: the site checks no format of theirs.
const UNCHECKED: [(&str, &str); 2] = [("Warehouse", "mobile_no"), ("Warehouse", "phone_no")];

/// Gives the value back where the site takes it.
///
/// # Errors
/// What the site would refuse.
pub(crate) fn check_format(doctype: &str, field: &FieldDef, path: &str, value: Value) -> Result<Value, Violation> {
    if UNCHECKED.contains(&(doctype, field.fieldname)) {
        return Ok(value);
    }
    let expected = match (field.kind, field.options, &value) {
        (FieldKind::Int, _, Value::Number(number)) if field.length <= INT_LENGTH => {
            let fits = number.as_i64().is_none_or(|number| number.unsigned_abs() <= MOST);
            (!fits).then_some("a whole number from -2147483647 to 2147483647")
        }
        (FieldKind::Currency | FieldKind::Float | FieldKind::Percent, _, Value::Number(number))
            if field.length <= DECIMAL_LENGTH =>
        {
            let fits = number.as_f64().is_none_or(|number| number.abs() < TOO_MUCH);
            (!fits).then_some("a number with at most 12 digits before the point")
        }
        (FieldKind::Data, Options::Format("Email"), Value::String(text)) => {
            (!are_addresses(text)).then_some("an e-mail address such as name@example.com")
        }
        (FieldKind::Data, Options::Format("Phone"), Value::String(text)) => {
            (!is_phone(text)).then_some("a phone number of digits, spaces and + - ( ) only")
        }
        (FieldKind::Data, Options::Format("URL"), Value::String(text)) => {
            (!is_url(text)).then_some("an address such as https://example.com")
        }
        _ => None,
    };
    match expected {
        Some(expected) => {
            let message = format!("expected {expected}, found {}", quoted(&value));
            Err(Violation::new(path, Rule::Value, message))
        }
        None => Ok(value),
    }
}

/// Several stand with commas between; a name in quotes may hold one itself.
fn are_addresses(text: &str) -> bool {
    let mut parts = text.split([',', '\n']).map(str::trim).filter(|part| !part.is_empty());
    text.contains('"') || parts.all(is_address)
}

/// `a@example.com` or `A <a@example.com>`.
fn is_address(text: &str) -> bool {
    let address = text.split_once('<').map_or(text, |(_, address)| address.trim_end_matches('>'));
    let parts = address.split_once('@').filter(|(user, _)| !user.is_empty());
    let has_host = parts.is_some_and(|(_, host)| host.contains('.') && host.split('.').all(|part| !part.is_empty()));
    USERS.contains(&text)
        || text.contains("undisclosed-recipient")
        || has_host && !address.contains(char::is_whitespace)
}

fn is_phone(text: &str) -> bool {
    text.trim().chars().all(|c| c.is_ascii_digit() || " +-_()#,*.".contains(c))
}

/// With a scheme, or within the site.
fn is_url(text: &str) -> bool {
    let text = text.trim();
    text.is_empty() || text.contains("://") || text.starts_with('/')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn is_taken(kind: FieldKind, format: &'static str, value: Value) -> bool {
        let options = if format.is_empty() { Options::None } else { Options::Format(format) };
        check_format("", &FieldDef { options, ..FieldDef::new("f", kind, "F") }, "f", value).is_ok()
    }

    #[test]
    fn addresses_numbers_and_links_that_the_site_refuses_are_refused() {
        for (format, taken, refused) in [
            (
                "Email",
                &["", "a@b.example", "A B <a@b.example>, c@d.example", "Guest"][..],
                &["a@b", "x", "a b@c.d"][..],
            ),
            ("Phone", &["", "+353 1 555 0100", "(0)69-12"][..], &["call me", "abc"][..]),
            ("URL", &["", "https://a.example", "/files/a.png"][..], &["a.example"][..]),
        ] {
            for (values, is_right) in [(taken, true), (refused, false)] {
                for value in values {
                    assert_eq!(is_taken(FieldKind::Data, format, json!(value)), is_right, "{format}: {value}");
                }
            }
        }
        assert!(is_taken(FieldKind::Data, "", json!("x")));
    }

    #[test]
    fn an_amount_fits_its_column() {
        for kind in [FieldKind::Currency, FieldKind::Float, FieldKind::Percent] {
            for (number, is_right) in [(999_999_999_999.99, true), (1e12, false), (-1e12, false), (1e300, false)] {
                assert_eq!(is_taken(kind, "", json!(number)), is_right, "{kind:?} {number}");
            }
            let wide = FieldDef { length: 30, ..FieldDef::new("f", kind, "F") };
            assert!(check_format("", &wide, "f", json!(1e12)).is_ok());
        }
        assert!(is_taken(FieldKind::Duration, "", json!(1e12)));
    }

    #[test]
    fn a_whole_number_fits_its_column() {
        for (number, is_right) in [(2_147_483_647_i64, true), (2_147_483_648, false), (-99_999_999_999, false)] {
            assert_eq!(is_taken(FieldKind::Int, "", json!(number)), is_right, "{number}");
        }
        let long = FieldDef { length: 20, ..FieldDef::new("f", FieldKind::Int, "F") };
        assert!(check_format("", &long, "f", json!(99_999_999_999_i64)).is_ok());
    }
}
