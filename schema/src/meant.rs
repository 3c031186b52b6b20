//! What a value in another form was meant to be. Nothing where it could be two things: a wrong amount or day that a
//! message proposes would be stored.

use crate::time::{format_date, format_datetime, parse_date, parse_datetime};

/// Signs and codes that may stand on either side of an amount.
const CURRENCIES: &str = " $ € £ ¥ ₹ ₺ ₽ ₩ ₫ ฿ ₱ ₦ ₪ r$ rs rs. kr fr. aed aud bdt brl cad chf cny czk dkk egp eur gbp \
                          hkd idr ils inr jpy kes krw lkr mxn myr ngn nok npr nzd php pkr pln qar rub sar sek sgd thb \
                          try uah usd vnd zar ";
/// What stands between groups of digits, besides a comma and a point.
const SPACES: [char; 5] = [' ', '_', '\'', '\u{a0}', '\u{202f}'];

pub(crate) fn meant_bool(text: &str) -> Option<&'static str> {
    match text.trim().to_lowercase().as_str() {
        "yes" | "true" | "1" | "on" => Some("true"),
        "no" | "false" | "0" | "off" | "" => Some("false"),
        _ => None,
    }
}

/// `"1,234.50"`, `"1.234,50"` and `"€ 1234,5"` as 1234.5.
pub fn meant_number(text: &str) -> Option<String> {
    let text = without_currency(text);
    let (sign, text) = match text.strip_prefix(['-', '−']) {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let text = without_currency(text);
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | ',')) {
        return None;
    }
    let number = text.parse::<f64>().ok().or_else(|| grouped(text))?;
    number.is_finite().then(|| (sign * number).to_string())
}

fn without_currency(text: &str) -> &str {
    let text = text.trim();
    let known = |part: &str| {
        let part = part.trim().to_lowercase();
        !part.is_empty() && !part.contains(' ') && CURRENCIES.contains(&format!(" {part} "))
    };
    let number = |c: char| c.is_ascii_digit() || matches!(c, '-' | '−' | '+');
    let (Some(first), Some(last)) = (text.find(number), text.rfind(|c: char| c.is_ascii_digit())) else { return text };
    let (before, after) = (&text[..first], &text[last + 1..]);
    let text = if known(after) { &text[..=last] } else { text };
    if known(before) { text[first..].trim() } else { text.trim() }
}

/// A number whose digits are grouped, or that has a decimal comma.
fn grouped(text: &str) -> Option<f64> {
    let decimal = |at: &usize| {
        let (mark, rest) = (&text[*at..=*at], &text[at + 1..]);
        text.matches(mark).count() == 1 && digits(rest) && (mark == "." || rest.len() < 3)
    };
    let at = text.rfind(['.', ',']).filter(decimal);
    let (whole, rest) = at.map_or((text, "0"), |at| (&text[..at], &text[at + 1..]));
    let Some(mark) = whole.chars().find(|c| !c.is_ascii_digit()) else {
        return format!("{whole}.{rest}").parse().ok().filter(|_| digits(whole));
    };
    let mut groups = whole.split(mark).rev();
    let (last, rest_of_groups) = (groups.next()?, groups.collect::<Vec<_>>());
    let (first, middle) = rest_of_groups.split_last()?;
    // Lakh and crore are written in groups of two.
    let even = |size: usize| (1..=size).contains(&first.len()) && middle.iter().all(|group| group.len() == size);
    let fits = (mark == ',' || mark == '.' || SPACES.contains(&mark))
        && last.len() == 3
        && (even(3) || mark == ',' && even(2))
        && !first.starts_with('0')
        && whole.split(mark).all(digits);
    fits.then(|| format!("{}.{rest}", whole.replace(mark, "")).parse().ok())?
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `"31.12.2026"`, `"20261231"` and `"2026-12-31T10:00:00"` as 2026-12-31.
pub fn meant_date(text: &str) -> Option<String> {
    let text = text.trim();
    let day = match text.split_once([' ', 'T']) {
        Some((day, _)) if meant_datetime(text).is_some() => day,
        _ => text,
    };
    if day.len() == 8 && digits(day) && (day.starts_with("19") || day.starts_with("20")) {
        return parse_date(&format!("{}-{}-{}", &day[..4], &day[4..6], &day[6..])).ok().map(format_date);
    }
    let mark = day.chars().find(|c| matches!(c, '.' | '/' | '-'))?;
    let parts: Vec<&str> = day.split(mark).collect();
    let [a, b, c] = parts[..] else { return None };
    let above = |text: &str| text.parse::<u8>().is_ok_and(|number| number > 12);
    let (year, month, day) = match (a.len(), c.len()) {
        (4, _) => (a, b, c),
        (_, 4) if above(a) || a == b => (c, b, a),
        (_, 4) if above(b) => (c, a, b),
        _ => return None,
    };
    parse_date(&format!("{year}-{month}-{day}")).ok().map(format_date)
}

/// The same with the time of day, midnight where there is none. A time with an offset is another one in the site's zone,
/// which is not known here.
pub fn meant_datetime(text: &str) -> Option<String> {
    let Some((day, clock)) = text.trim().split_once([' ', 'T']) else {
        return meant_date(text).map(|day| format!("{day} 00:00:00"));
    };
    parse_datetime(&format!("{} {clock}", meant_date(day)?)).ok().map(format_datetime)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_people_write_is_read_for_what_it_is() {
        for (text, number) in [
            ("450,00", "450"),
            ("12,5", "12.5"),
            ("-0,5", "-0.5"),
            ("1.234,56", "1234.56"),
            ("1.234.567,8", "1234567.8"),
            ("1.234.567", "1234567"),
            ("1,234", "1234"),
            ("1,234.50", "1234.5"),
            ("1,234,567", "1234567"),
            ("12,34,567.50", "1234567.5"),
            ("1.234", "1.234"),
            ("1 234,50", "1234.5"),
            ("1'234.50", "1234.5"),
            ("10_000", "10000"),
            (" 12.5 ", "12.5"),
            ("€ 1.234,56", "1234.56"),
            ("1,234.50 EUR", "1234.5"),
            ("-$5", "-5"),
            ("₹ -5", "-5"),
            ("Rs. 5", "5"),
            ("1e3", "1000"),
        ] {
            assert_eq!(meant_number(text).as_deref(), Some(number), "{text}");
        }
    }

    #[test]
    fn a_number_that_could_be_two_is_not_guessed() {
        for text in [
            "1.5k",
            "12.5abc",
            "3 Nos",
            "5 to 6",
            "15%",
            "0,123",
            "1234,567",
            "1.234,567",
            "1,2,3",
            "1,2345",
            "1 23",
            "1,234.567.890",
            "",
            "-",
            ".",
            ",",
            "nan",
            "inf",
            "1e999",
            "0x10",
            "5 kg",
        ] {
            assert_eq!(meant_number(text), None, "{text}");
        }
    }

    #[test]
    fn a_day_in_another_form_is_read_only_where_it_can_be_one() {
        for text in ["31.12.2026", "31/12/2026", "12/31/2026", "20261231", "2026/12/31", "2026-12-31T10:00:00"] {
            assert_eq!(meant_date(text).as_deref(), Some("2026-12-31"), "{text}");
        }
        assert_eq!(meant_date("5/5/2026").as_deref(), Some("2026-05-05"));
        for text in ["5/6/2026", "05.06.2026", "32.12.2026", "31.12.26", "99999999", "2026-02-30", "soon", "T", "-"] {
            assert_eq!(meant_date(text), None, "{text}");
        }
    }

    #[test]
    fn a_moment_in_another_form_is_read_only_where_it_has_no_offset() {
        for text in ["2026-12-31T10:00:00", "31.12.2026 10:00"] {
            assert_eq!(meant_datetime(text).as_deref(), Some("2026-12-31 10:00:00"), "{text}");
        }
        assert_eq!(meant_datetime("2026-12-31").as_deref(), Some("2026-12-31 00:00:00"));
        for text in [
            "2026-12-31T10:00:00Z",
            "2026-12-31T10:00:00+05:30",
            "2026-12-31 10:00 UTC",
            "5/6/2026 10:00",
            "2026-12-31Tx",
            "",
            "  ",
        ] {
            assert_eq!(meant_datetime(text), None, "{text}");
        }
    }
}
