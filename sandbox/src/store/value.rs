//! Values on their way into a column and out of it: where the site coerces (H12) and refuses (500).

use erpnext_schema::{FieldDef, FieldKind, Shape, time};
use serde_json::{Number, Value, json};

use super::Sql;
use crate::doc::{cint, display, flt};
use crate::error::{SiteError, exc};

/// The value as the column keeps it.
///
/// # Errors
/// What the site's database refuses with status 500: a bad date, an offset, NaN.
pub fn to_sql(field: &FieldDef, value: &Value) -> Result<Sql, SiteError> {
    let shape = field.kind.shape();
    let empty = value.is_null() || value.as_str().is_some_and(str::is_empty);
    Ok(match shape {
        Shape::Bool => Sql::Integer(i64::from(cint(value) != 0)),
        Shape::Int => Sql::Integer(cint(value)),
        Shape::Float if value.is_null() && field.kind == FieldKind::Duration => Sql::Null,
        // The only number that the site does not read itself.
        Shape::Float if field.kind == FieldKind::Duration && !empty && is_no_number(value) => {
            let text = format!("(1265, \"Data truncated for column '{}' at row 1\")", field.fieldname);
            return Err(SiteError::new(exc::TRUNCATED, text));
        }
        Shape::Float => Sql::Real(decimal(field, value)?),
        Shape::Date | Shape::Datetime | Shape::Time if empty => Sql::Null,
        Shape::Date | Shape::Datetime | Shape::Time => Sql::Text(moment(field, value)?),
        _ if value.is_null() => Sql::Null,
        _ => Sql::Text(display(value)),
    })
}

/// The value for a column of its own, which holds no number of more than twelve digits before the point. What is compared
/// may be any, and a Single keeps texts.
///
/// # Errors
/// As [`to_sql`], and a number that is too large.
pub fn to_column(field: &FieldDef, value: &Value) -> Result<Sql, SiteError> {
    let sql = to_sql(field, value)?;
    let is_decimal = matches!(field.kind, FieldKind::Currency | FieldKind::Float | FieldKind::Percent);
    match sql {
        Sql::Real(number) if is_decimal && field.length <= 21 && number.abs() >= 1e12 => {
            let text = format!("(1264, \"Out of range value for column '{}' at row 1\")", field.fieldname);
            Err(SiteError::new(exc::TRUNCATED, text))
        }
        sql => Ok(sql),
    }
}

fn is_no_number(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.trim().parse::<f64>().is_err())
}

fn decimal(field: &FieldDef, value: &Value) -> Result<f64, SiteError> {
    let number = flt(value);
    if !number.is_finite() {
        return Err(SiteError::new(exc::PROGRAMMING, "nan can not be used with MySQL"));
    }
    // Columns of decimals keep nine places; a rating is between 0 and 1.
    let number = if field.kind == FieldKind::Rating { number.clamp(0.0, 1.0) } else { number };
    let scaled = number * 1e9;
    Ok(if scaled.abs() < 9e15 { scaled.round() / 1e9 } else { number })
}

fn moment(field: &FieldDef, value: &Value) -> Result<String, SiteError> {
    let text = display(value);
    let text = text.trim();
    let read = match field.kind.shape() {
        Shape::Date => match time::parse_date(text) {
            Ok(date) => Ok(time::format_date(date)),
            Err(error) => time::parse_datetime(text).map(|m| time::format_date(m.date())).map_err(|_| error),
        },
        Shape::Datetime => match time::parse_datetime(text) {
            Ok(moment) => Ok(time::format_datetime(moment)),
            Err(error) => {
                time::parse_date(text).map(|d| format!("{} 00:00:00", time::format_date(d))).map_err(|_| error)
            }
        },
        _ => time::parse_time(text).map(time::format_time),
    };
    read.map_err(|_| {
        let kind = field.kind.as_str().to_lowercase();
        SiteError::database(format!("(1292, \"Incorrect {kind} value: '{text}' for column `{}`\")", field.fieldname))
    })
}

/// The column's value as the site sends it; `None` for a column that no field stands behind.
pub fn from_sql(field: Option<&FieldDef>, value: Sql) -> Value {
    let shape = field.map(|field| field.kind.shape());
    match value {
        Sql::Null | Sql::Blob(_) => Value::Null,
        Sql::Integer(number) if shape == Some(Shape::Float) => json!(number_as_float(number)),
        Sql::Integer(number) => json!(number),
        Sql::Real(number) => Number::from_f64(number).map_or(Value::Null, Value::Number),
        // H27: hours come unpadded.
        Sql::Text(text) if shape == Some(Shape::Time) => json!(text.strip_prefix('0').unwrap_or(&text)),
        Sql::Text(text) => Value::String(text),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a sum of a column of decimals")]
fn number_as_float(number: i64) -> f64 {
    number as f64
}
