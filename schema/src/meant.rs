//! What a value in another form was meant to be. Nothing where it could be two things: a wrong amount or day that a
//! message proposes would be stored.

use std::collections::BTreeSet;

use crate::time::{format_date, format_datetime, parse_date, parse_datetime, parse_time};

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

/// In which order day and month stand before the year, by the mark between them, as far as it is known.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct DayOrders {
    /// The marks with which the day was first, and those with which the month was.
    seen: BTreeSet<(char, bool)>,
}

impl DayOrders {
    /// Takes in what a text shows that is a day in one order alone.
    pub fn learn(&mut self, text: &str) {
        let day = day_of(text);
        // The number of a part may be written so, too.
        let year = day.get(day.len().saturating_sub(4)..).unwrap_or_default();
        let is_of_now = year.starts_with("19") || year.starts_with("20");
        let Some((mark, readings)) = readings(day).filter(|_| is_of_now) else { return };
        if let [Some(_), None] | [None, Some(_)] = readings {
            self.seen.insert((mark, readings[0].is_some()));
        }
    }

    /// Takes in what others show.
    pub fn extend(&mut self, others: Self) {
        self.seen.extend(others.seen);
    }

    /// `"31.12.2026"`, `"20261231"` and `"2026-12-31T10:00:00"` as 2026-12-31; `"5.6.2026"` where the order is known.
    pub fn date(&self, text: &str) -> Option<String> {
        let day = day_of(text);
        if day.len() == 8 && digits(day) && (day.starts_with("19") || day.starts_with("20")) {
            return parse_date(&format!("{}-{}-{}", &day[..4], &day[4..6], &day[6..])).ok().map(format_date);
        }
        match readings(day) {
            Some((mark, [Some(one), Some(other)])) if one != other => {
                self.is_day_first(mark).map(|is_day_first| if is_day_first { one } else { other })
            }
            Some((_, [one, other])) => one.or(other),
            None => {
                let (_, [year, month, day]) = parts(day)?;
                parse_date(&format!("{year}-{month}-{day}")).ok().map(format_date)
            }
        }
    }

    /// The same with the time of day, midnight where there is none. A time with an offset is another one in the site's zone,
    /// which is not known here.
    pub fn datetime(&self, text: &str) -> Option<String> {
        let Some((day, clock)) = text.trim().split_once([' ', 'T']) else {
            return self.date(text).map(|day| format!("{day} 00:00:00"));
        };
        parse_datetime(&format!("{} {clock}", self.date(day)?)).ok().map(format_datetime)
    }

    /// Nothing where both orders were seen, or none.
    fn is_day_first(&self, mark: char) -> Option<bool> {
        let [day, month] = [true, false].map(|is_day_first| self.seen.contains(&(mark, is_day_first)));
        (day != month).then_some(day)
    }
}

/// A day in another form, by itself.
pub fn meant_date(text: &str) -> Option<String> {
    DayOrders::default().date(text)
}

/// A day with a time in another form, by itself.
pub fn meant_datetime(text: &str) -> Option<String> {
    DayOrders::default().datetime(text)
}

/// What is said behind a text that could be two days; nothing of another.
pub fn could_be(text: &str) -> String {
    match readings(day_of(text)) {
        Some((_, [Some(one), Some(other)])) if one != other => format!("; it may be {one} or {other}"),
        _ => String::new(),
    }
}

/// The day in a text that has nothing but a time beside it.
fn day_of(text: &str) -> &str {
    let text = text.trim();
    match text.split_once([' ', 'T']) {
        // No longer text is a time, and none is copied to find that out.
        Some((day, clock)) if clock.len() <= 15 && parse_time(clock).is_ok() => day,
        _ => text,
    }
}

/// The mark in a day whose year is last, and which day it is with the day first, and with the month.
fn readings(day: &str) -> Option<(char, [Option<String>; 2])> {
    let (mark, [a, b, year]) = parts(day).filter(|(_, [.., year])| year.len() == 4)?;
    let date = |month: &str, day: &str| parse_date(&format!("{year}-{month}-{day}")).ok().map(format_date);
    Some((mark, [date(b, a), date(a, b)]))
}

/// The numbers of a day, and the mark between them.
fn parts(day: &str) -> Option<(char, [&str; 3])> {
    if day.len() > 10 {
        return None;
    }
    let mark = day.chars().find(|c| matches!(c, '.' | '/' | '-'))?;
    let mut parts = day.split(mark);
    let three = [parts.next()?, parts.next()?, parts.next()?];
    parts.next().is_none().then_some((mark, three))
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
    fn a_day_that_could_be_two_is_read_as_those_beside_it_with_the_same_mark() {
        let read = |beside: &[&str], text: &str| {
            let mut orders = DayOrders::default();
            beside.iter().for_each(|text| orders.learn(text));
            orders.date(text)
        };
        for (beside, text, day) in [
            (&["31.10.2026"][..], "1.10.2026", Some("2026-10-01")),
            (&["10/31/2026", "2026-12-31", "5/5/2026"][..], "1/10/2026", Some("2026-01-10")),
            (&["31.10.2026 10:00"][..], "01.10.2026 9:30", Some("2026-10-01")),
            (&["31/10/2026"][..], "1.10.2026", None),
            (&["31.10.1400", "10.31.1234"][..], "1.10.2026", None),
            (&["31.10.2026", "10.31.2026"][..], "1.10.2026", None),
            (&["31.10.2026 or so", "32.10.2026", "2.3.2026", ""][..], "1.10.2026", None),
        ] {
            assert_eq!(read(beside, text).as_deref(), day, "{beside:?} {text}");
        }
        assert_eq!(could_be("1.10.2026"), "; it may be 2026-10-01 or 2026-01-10");
        assert_eq!(["31.10.2026", "5.5.2026", "2026-01-10", "soon"].map(could_be), [""; 4]);
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
