//! Dates and times as Frappe writes them, read with or without padding (H27) and written byte for byte alike (H9).

use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use crate::meant::could_be;

/// Reads `YYYY-MM-DD`; month and day may be unpadded.
///
/// # Errors
/// Another form, or a day that the calendar does not have.
pub fn parse_date(text: &str) -> Result<Date, BadTime> {
    date(text).ok_or_else(|| BadTime { text: text.to_owned(), rule: "a date as YYYY-MM-DD" })
}

/// Reads `YYYY-MM-DD HH:MM[:SS[.ffffff]]`, the two parts held together by a space or `T`. A zone or offset is
/// refused: the site answers 500 to it, and its times are those of its own zone.
///
/// # Errors
/// Another form, or a moment that calendar and clock do not have.
pub fn parse_datetime(text: &str) -> Result<DateTime, BadTime> {
    let parts = text.split_once([' ', 'T']).and_then(|(day, hour)| Some(date(day)?.to_datetime(time(hour)?)));
    parts
        .ok_or_else(|| BadTime { text: text.to_owned(), rule: "a date and time as YYYY-MM-DD HH:MM:SS without a zone" })
}

/// Reads `HH:MM[:SS[.ffffff]]`; every part may be unpadded.
///
/// # Errors
/// Another form, or a time that the clock does not have.
pub fn parse_time(text: &str) -> Result<Time, BadTime> {
    time(text).ok_or_else(|| BadTime { text: text.to_owned(), rule: "a time as HH:MM:SS" })
}

/// The moment that a text with `Z`, `UTC` or an offset names; nothing where it has none.
pub fn instant(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    match text.strip_suffix("UTC") {
        Some(clock) => format!("{}Z", clock.trim_end()).parse().ok(),
        None => text.parse().ok(),
    }
}

/// That moment as the clocks of the zone show it.
pub fn local(moment: Timestamp, zone: &TimeZone) -> DateTime {
    zone.to_datetime(moment)
}

/// `YYYY-MM-DD`.
pub fn format_date(date: Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day())
}

/// `YYYY-MM-DD HH:MM:SS`, with six digits of microseconds where there are any.
pub fn format_datetime(moment: DateTime) -> String {
    format!("{} {}", format_date(moment.date()), format_time(moment.time()))
}

/// `HH:MM:SS`, with six digits of microseconds where there are any.
pub fn format_time(time: Time) -> String {
    let clock = format!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second());
    match time.subsec_nanosecond() / 1000 {
        0 => clock,
        micros => format!("{clock}.{micros:06}"),
    }
}

fn date(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let year = parts.next().filter(|year| year.len() == 4).and_then(|year| digits(year, 4))?;
    let (month, day) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    if parts.next().is_some() || year == 0 {
        return None;
    }
    Date::new(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?).ok()
}

fn time(text: &str) -> Option<Time> {
    let mut parts = text.splitn(3, ':');
    let (hour, minute) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let (second, fraction) = match parts.next() {
        None => ("0", "0"),
        Some(seconds) => seconds.split_once('.').unwrap_or((seconds, "0")),
    };
    let nanos = digits(fraction, 6)? * 10_i32.pow(9 - u32::try_from(fraction.len()).ok()?);
    Time::new(hour.try_into().ok()?, minute.try_into().ok()?, digits(second, 2)?.try_into().ok()?, nanos).ok()
}

/// A number of one digit up to the given count of them, and nothing else.
fn digits(text: &str, most: usize) -> Option<i32> {
    let plain = (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// A text that is no date or time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BadTime {
    /// What was given.
    pub text: String,
    /// What was wanted.
    pub rule: &'static str,
}

impl fmt::Display for BadTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not {}{}", self.text, self.rule, could_be(&self.text))
    }
}

impl std::error::Error for BadTime {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn unpadded_forms_are_read_and_written_padded() {
        assert_eq!(format_date(parse_date("2026-1-5").unwrap()), "2026-01-05");
        assert_eq!(format_time(parse_time("1:02:03").unwrap()), "01:02:03");
        assert_eq!(format_time(parse_time("7:5").unwrap()), "07:05:00");
        assert_eq!(format_time(parse_time("07:49:08.6").unwrap()), "07:49:08.600000");
        assert_eq!(format_datetime(parse_datetime("2026-10-03T9:48").unwrap()), "2026-10-03 09:48:00");
    }

    #[test]
    fn what_no_calendar_or_clock_has_is_refused_with_the_rule() {
        for text in ["", "2026-02-30", "26-01-05", "2026-1", "2026-1-5-1", "0000-00-00", "+026-01-05", "2026-01-05 "] {
            assert!(parse_date(text).is_err(), "{text}");
        }
        for text in ["", "25:00:00", "1", "1:60", "-1:00:00", "01:02:03.", "01:02:03.1234567", "1 day, 2:00:00"] {
            assert!(parse_time(text).is_err(), "{text}");
        }
        for text in ["2026-01-05", "2026-01-05 10:00:00Z", "2026-01-05T10:00:00+02:00", "2026-01-05  10:00"] {
            assert!(parse_datetime(text).is_err(), "{text}");
        }
        let error = parse_date("5.1.2026").unwrap_err().to_string();
        assert_eq!(error, "\"5.1.2026\" is not a date as YYYY-MM-DD; it may be 2026-01-05 or 2026-05-01");
    }

    #[test]
    fn a_time_with_an_offset_is_a_moment_and_one_without_is_none() {
        let zone = TimeZone::fixed(jiff::tz::Offset::constant(5));
        for text in
            ["2026-11-28T21:00:00Z", "2026-11-28 21:00 UTC", "2026-11-28T23:30:00+02:30", "2026-11-28 16:00-05:00"]
        {
            let here = instant(text).map(|moment| format_datetime(local(moment, &zone)));
            assert_eq!(here.as_deref(), Some("2026-11-29 02:00:00"), "{text}");
        }
        for text in ["2026-11-28 21:00:00", "2026-11-28", "21:00Z", "UTC", "", "soon"] {
            assert_eq!(instant(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_frappe_writes_comes_back_byte_for_byte(
            (year, month, day) in (1..=9999_i16, 1..=12_i8, 1..=28_i8),
            (hour, minute, second, micros) in (0..24_i8, 0..60_i8, 0..60_i8, prop_oneof![Just(0), 0..1_000_000_i32]),
        ) {
            let mut written = format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}");
            if micros > 0 {
                written.push_str(&format!(".{micros:06}"));
            }
            prop_assert_eq!(format_datetime(parse_datetime(&written).unwrap()), written);
        }

        #[test]
        fn no_text_makes_parsing_fail_otherwise_than_by_an_error(text in "[0-9T:. -]{0,30}|.{0,30}") {
            let _ = (parse_date(&text), parse_datetime(&text), parse_time(&text));
        }
    }
}
