//! Times with an offset, which the site cannot take: converted to its zone, and the answer says so.

use erpnext_schema::{Children, DocTypeDef, FieldDef, Shape, time};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::DocTypeCall;
use crate::context::Session;
use crate::error::ToolError;
use crate::site;

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
            let mut walk = Walk { children: &children, zone, found: Vec::new() };
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
            let mut walk = Walk { children: &children, zone, found: Vec::new() };
            let mut data = given.clone();
            walk.data(self.def, &mut data);
            (data, walk.found)
        };
        in_zone(self.session, found).await
    }
}

/// One time as the site writes it, with what is said of it where it had an offset.
///
/// # Errors
/// That the zone is not known.
pub async fn local(session: &Session<'_>, argument: &str, text: &str) -> Result<String, ToolError> {
    in_zone(session, |zone| {
        let mut value = json!(text);
        let mut walk = Walk { children: &|_| None, zone, found: Vec::new() };
        walk.moment(argument, Shape::Datetime, &mut value);
        (value.as_str().unwrap_or(text).to_owned(), walk.found)
    })
    .await
}

/// Walks twice where the first walk finds times with an offset: only then the zone is asked for.
async fn in_zone<T>(
    session: &Session<'_>,
    walk: impl Fn(Option<&TimeZone>) -> (T, Vec<String>),
) -> Result<T, ToolError> {
    let (as_given, found) = walk(None);
    if found.is_empty() {
        return Ok(as_given);
    }
    let name = session.zone().await;
    let Some(zone) = name.and_then(|name| TimeZone::get(name).ok()) else {
        return Err(ToolError::refused(
            format!("{}: a time with an offset, and the site's time zone is not known.", found.join(", ")),
            "Give the time as the clocks of the site show it, without an offset.",
        ));
    };
    let (converted, found) = walk(Some(&zone));
    let said = found.into_iter().map(|found| format!("{found} ({})", name.unwrap_or_default()));
    said.for_each(site::note);
    Ok(converted)
}

struct Walk<'a> {
    children: Children<'a>,
    /// Where it is not known, times are found and not converted.
    zone: Option<&'a TimeZone>,
    found: Vec<String>,
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
                let field = parts.iter().take(2).enumerate().find_map(|(at, part)| {
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
            None => def.field(name),
            Some((table, column)) => (self.children)(def.field(table)?.target()?)?.field(column),
        }
    }

    /// The fields of a document, and the rows of its tables wherever they stand.
    fn data(&mut self, def: &'static DocTypeDef, data: &mut Map<String, Value>) {
        for (key, value) in data {
            let Some(field) = def.field(key) else { continue };
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
            Value::Array(values) => values.iter_mut().for_each(|value| self.moment(name, shape, value)),
            Value::Object(values) => values.values_mut().for_each(|value| self.moment(name, shape, value)),
            Value::String(text) if matches!(shape, Shape::Date | Shape::Datetime) => {
                let Some(moment) = time::instant(text) else { return };
                let Some(here) = self.zone.map(|zone| written(moment, zone, shape)) else {
                    return self.found.push(name.to_owned());
                };
                self.found.push(format!("{name}: {text} is {here} on the site's clocks"));
                *text = here;
            }
            _ => {}
        }
    }
}

fn written(moment: Timestamp, zone: &TimeZone, shape: Shape) -> String {
    let here = time::local(moment, zone);
    if shape == Shape::Date { time::format_date(here.date()) } else { time::format_datetime(here) }
}
