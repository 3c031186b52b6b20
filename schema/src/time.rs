//! stub
use jiff::civil::{Date, DateTime, Time};
/// d
pub fn parse_date(s: &str) -> Result<Date, String> { s.parse().map_err(|e: jiff::Error| e.to_string()) }
/// d
pub fn parse_datetime(s: &str) -> Result<DateTime, String> { s.parse().map_err(|e: jiff::Error| e.to_string()) }
/// d
pub fn parse_time(s: &str) -> Result<Time, String> { s.parse().map_err(|e: jiff::Error| e.to_string()) }
/// d
pub fn format_date(d: Date) -> String { d.to_string() }
/// d
pub fn format_datetime(d: DateTime) -> String { d.to_string() }
/// d
pub fn format_time(d: Time) -> String { d.to_string() }
