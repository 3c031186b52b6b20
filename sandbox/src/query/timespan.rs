//! The days that a span such as `last month` covers.

use jiff::ToSpan as _;
use jiff::civil::Date;

/// Its first and last day; `None` for words that are no span.
pub fn days(today: Date, span: &str) -> Option<(Date, Date)> {
    let (which, unit) = span.split_once(' ').unwrap_or((span, "day"));
    let step = match which {
        "last" => -1_i64,
        "next" => 1,
        "yesterday" if unit == "day" => -1,
        "tomorrow" if unit == "day" => 1,
        "today" if unit == "day" => 0,
        "this" if unit != "day" => 0,
        _ => return None,
    };
    let days = |days: i64| today.saturating_add(days.days());
    let (from, to) = match unit {
        "week" => {
            let first = days(7 * step - i64::from(today.weekday().to_sunday_zero_offset()));
            (first, first.saturating_add(6.days()))
        }
        "month" => {
            let month = today.first_of_month().saturating_add(step.months());
            (month, month.last_of_month())
        }
        "quarter" => {
            let into = i64::from((today.month() - 1) % 3);
            let first = today.first_of_month().saturating_add((3 * step - into).months());
            (first, first.saturating_add(2.months()).last_of_month())
        }
        "year" => {
            let year = today.saturating_add(step.years());
            (year.first_of_year(), year.last_of_year())
        }
        "7 days" => (days(7 * step.min(0)), days(7 * step.max(0))),
        "30 days" => (days(30 * step.min(0)), days(30 * step.max(0))),
        "6 months" => {
            (today.saturating_add((6 * step.min(0)).months()), today.saturating_add((6 * step.max(0)).months()))
        }
        "day" => (days(step), days(step)),
        _ => return None,
    };
    Some((from, to))
}
