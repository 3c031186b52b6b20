//! Days and times in a form that the site cannot take and that can mean one thing only: those with an offset, "today",
//! another order of day and year. They become those of the site's clocks, and the answer says so. A day that could be two
//! is read as those beside it in the call are written.

use erpnext_schema::{Children, DayOrders, DocTypeDef, FieldDef, Shape, labelled_field, time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde_json::{Map, Value, json};

use super::DocTypeCall;
use crate::context::Session;
use crate::error::ToolError;
use crate::site;

const TIMESPAN: &str = "timespan";

impl DocTypeCall<'_> {
    /// Filters whose times are those of the site's zone.
    ///
    /// # Errors
    /// That the zone is not known.
    pub(crate) async fn local_filters(&self, given: Option<&Value>) -> Result<Option<Value>, ToolError> {
        let Some(given) = given else { return Ok(None) };
        let catalog = self.session.catalog;
        let children = |child: &str| catalog.known(child);
        let found = |zone: Option<&TimeZone>| {
            let mut walk = Walk { children: &children, zone, found: Found::default() };
            let mut filters = given.clone();
            walk.filters(self.def, &mut filters);
            (filters, walk.found)
        };
        Ok(Some(in_zone(self.session, found).await?))
    }

    /// Data whose times are those of the site's zone.
    ///
    /// # Errors
    /// That the zone is not known.
    pub(crate) async fn local_data(&self, given: &Map<String, Value>) -> Result<Map<String, Value>, ToolError> {
        let catalog = self.session.catalog;
        let children = |child: &str| catalog.known(child);
        let found = |zone: Option<&TimeZone>| {
            let mut walk = Walk { children: &children, zone, found: Found::default() };
            let mut data = given.clone();
            walk.data(self.def, &mut data);
            (data, walk.found)
        };
        in_zone(self.session, found).await
    }
}

/// Learns from the texts of a call in which order its days are written; not from those of fields that are no days.
pub fn learn_orders<'v>(
    values: impl Iterator<Item = &'v Value>,
    def: Option<&'static DocTypeDef>,
    children: Children<'_>,
) {
    fn learn(orders: &mut DayOrders, def: Option<&'static DocTypeDef>, children: Children<'_>, value: &Value) {
        match value {
            Value::String(text) => orders.learn(text),
            Value::Array(values) => values.iter().for_each(|value| learn(orders, def, children, value)),
            Value::Object(values) => {
                for (key, value) in values {
                    match def.and_then(|def| def.field(key)) {
                        Some(table) if table.kind.is_table() => {
                            learn(orders, table.rows_of().and_then(children), children, value);
                        }
                        Some(field) if !matches!(field.kind.shape(), Shape::Date | Shape::Datetime) => {}
                        _ => learn(orders, def, children, value),
                    }
                }
            }
            _ => {}
        }
    }
    let mut orders = DayOrders::default();
    values.for_each(|value| learn(&mut orders, def, children, value));
    site::learn_days(orders);
}

/// One time as the site writes it, with what is said of it where it had an offset.
///
/// # Errors
/// That the zone is not known.
pub async fn local(session: &Session<'_>, argument: &str, text: &str) -> Result<String, ToolError> {
    in_zone(session, |zone| {
        let mut value = json!(text);
        let mut walk = Walk { children: &|_| None, zone, found: Found::default() };
        walk.moment(argument, Shape::Datetime, &mut value);
        (value.as_str().unwrap_or(text).to_owned(), walk.found)
    })
    .await
}

/// Values of which some are days, with those as the site writes them.
///
/// # Errors
/// That the zone is not known.
pub async fn local_days(
    session: &Session<'_>,
    given: Map<String, Value>,
    is_day: impl Fn(&str) -> bool,
) -> Result<Map<String, Value>, ToolError> {
    let days: Vec<String> = given.keys().filter(|name| is_day(name)).cloned().collect();
    if days.is_empty() {
        return Ok(given);
    }
    in_zone(session, |zone| {
        let mut walk = Walk { children: &|_| None, zone, found: Found::default() };
        let mut given = given.clone();
        for (name, value) in given.iter_mut().filter(|(name, _)| days.contains(name)) {
            walk.moment(name, Shape::Date, value);
        }
        (given, walk.found)
    })
    .await
}

/// Walks twice where the first walk finds what only the zone tells: only then it is asked for.
async fn in_zone<T>(session: &Session<'_>, walk: impl Fn(Option<&TimeZone>) -> (T, Found)) -> Result<T, ToolError> {
    let (mut read, mut found) = walk(None);
    if !found.unread.is_empty() {
        let name = session.zone().await;
        let Some(zone) = name.and_then(|name| TimeZone::get(name).ok()) else {
            return Err(ToolError::refused(
                format!(
                    "{}: which time is meant is not known, since the site's time zone is not.",
                    found.unread.join(", ")
                ),
                "Give the day or time as the clocks of the site show it, without an offset: YYYY-MM-DD, or YYYY-MM-DD HH:MM:SS.",
            ));
        };
        (read, found) = walk(Some(&zone));
        for (_, said) in &mut found.here {
            *said = format!("{said} ({})", name.unwrap_or_default());
        }
    }
    found.here.into_iter().chain(found.meant).for_each(|(name, said)| site::note_of(&name, &said));
    Ok(read)
}

/// What a walk finds to read otherwise than it was given.
#[derive(Default)]
struct Found {
    /// The names of what only the zone tells, where it is not known.
    unread: Vec<String>,
    /// What is said of times that are those of the site's clocks.
    here: Vec<(String, String)>,
    /// What is said of days and times in another form.
    meant: Vec<(String, String)>,
}

struct Walk<'a> {
    children: Children<'a>,
    /// Where it is not known, what takes it is found and not converted.
    zone: Option<&'a TimeZone>,
    found: Found,
}

impl Walk<'_> {
    /// `{"field": …}`, `["field", …]`, `["DocType", "field", …]`, and lists of them.
    fn filters(&mut self, def: &'static DocTypeDef, filters: &mut Value) {
        match filters {
            Value::Object(entries) => {
                for (name, value) in entries {
                    if let Some(field) = self.named(def, name) {
                        self.moment(name, field.kind.shape(), value);
                    }
                }
            }
            Value::Array(parts) if parts.first().is_some_and(Value::is_string) => {
                if parts.iter().any(is_timespan) {
                    return;
                }
                // The DocType that stands before the field may be the label of another, as in Employee.
                let of = usize::from(parts.len() == 4 && parts[0] == def.name);
                let field = parts.iter().enumerate().take(2).skip(of).find_map(|(at, part)| {
                    let name = part.as_str()?;
                    Some((at, name.to_owned(), self.named(def, name)?))
                });
                let Some((at, name, field)) = field else { return };
                for value in parts.iter_mut().skip(at + 1) {
                    self.moment(&name, field.kind.shape(), value);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.filters(def, item)),
            _ => {}
        }
    }

    fn named(&self, def: &'static DocTypeDef, name: &str) -> Option<&'static FieldDef> {
        match name.split_once('.') {
            None => listed(def, name),
            Some((table, column)) => listed((self.children)(def.field(table)?.target()?)?, column),
        }
    }

    /// The fields of a document, and the rows of its tables wherever they stand.
    fn data(&mut self, def: &'static DocTypeDef, data: &mut Map<String, Value>) {
        for (key, value) in data {
            let Some(field) = def.field(key).or_else(|| labelled_field(key, def.fields)) else { continue };
            match field.rows_of().and_then(self.children) {
                Some(child) => self.rows(child, value),
                None => self.moment(key, field.kind.shape(), value),
            }
        }
    }

    fn rows(&mut self, child: &'static DocTypeDef, value: &mut Value) {
        match value {
            Value::Array(rows) => rows.iter_mut().for_each(|row| self.rows(child, row)),
            Value::Object(row) => {
                self.data(child, row);
                // `patch`, `add` and `match` hold rows too.
                let parts = row.iter_mut().filter(|(key, _)| child.field(key).is_none());
                parts.for_each(|(_, part)| self.rows(child, part));
            }
            _ => {}
        }
    }

    /// The times in a value of a field of that shape.
    fn moment(&mut self, name: &str, shape: Shape, value: &mut Value) {
        match value {
            Value::Array(values) if values.iter().any(is_timespan) => {}
            Value::Object(values) if values.keys().any(|key| key.eq_ignore_ascii_case(TIMESPAN)) => {}
            Value::Array(values) => values.iter_mut().for_each(|value| self.moment(name, shape, value)),
            Value::Object(values) => values.values_mut().for_each(|value| self.moment(name, shape, value)),
            Value::String(text) if matches!(shape, Shape::Date | Shape::Datetime) => {
                let Some(in_utc) = here(text, &TimeZone::UTC, shape) else {
                    let Some(meant) = meant(text, shape) else { return };
                    self.found.meant.push((name.to_owned(), format!("{text} is read as {meant}")));
                    *text = meant;
                    return;
                };
                let Some(zone) = self.zone else { return self.found.unread.push(name.to_owned()) };
                let here = here(text, zone, shape).unwrap_or(in_utc);
                self.found.here.push((name.to_owned(), format!("{text} is {here} on the site's clocks")));
                *text = here;
            }
            _ => {}
        }
    }
}

/// The field that a filter names, by its label too.
pub(super) fn listed(def: &'static DocTypeDef, name: &str) -> Option<&'static FieldDef> {
    def.field(name).or_else(|| labelled_field(name, def.all_fields().filter(|field| field.in_lists())))
}

/// What only the zone tells, as the site writes it: a time with an offset, a day by its word.
fn here(text: &str, zone: &TimeZone, shape: Shape) -> Option<String> {
    if let Some(moment) = time::instant(text) {
        return Some(written(moment, zone, shape));
    }
    let days: i64 = match text.trim().to_ascii_lowercase().as_str() {
        "yesterday" => -1,
        "today" => 0,
        "tomorrow" => 1,
        _ => return None,
    };
    time::local(Timestamp::now(), zone).date().checked_add(days.days()).ok().map(time::format_date)
}

/// A day or time in another form than the site's, as the site writes it.
fn meant(text: &str, shape: Shape) -> Option<String> {
    let is_day = shape == Shape::Date;
    if time::parse_date(text).is_ok() || !is_day && time::parse_datetime(text).is_ok() {
        return None;
    }
    let orders = site::day_orders();
    // A day alone is all of it where a field is compared with it.
    if is_day || !text.contains(':') { orders.date(text) } else { orders.datetime(text) }
}

/// Whether a part of a filter is the operator that takes words for days itself.
fn is_timespan(part: &Value) -> bool {
    part.as_str().is_some_and(|word| word.eq_ignore_ascii_case(TIMESPAN))
}

fn written(moment: Timestamp, zone: &TimeZone, shape: Shape) -> String {
    let here = time::local(moment, zone);
    if shape == Shape::Date { time::format_date(here.date()) } else { time::format_datetime(here) }
}
