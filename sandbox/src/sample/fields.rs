//! Documents by the names of their fields: `fields! { customer: "Umber Gallery", qty: 2 }`.

use erpnext_schema::time;
use jiff::civil::{Date, DateTime, Time};
use serde_json::Value;

use crate::doc::Doc;

/// A document or a row of these fields; `status` alone is `status: status`.
macro_rules! fields {
    (@value $field:ident) => { $field };
    (@value $field:ident $value:expr) => { $value };
    ($($field:ident $(: $value:expr)?),* $(,)?) => {{
        let mut doc = $crate::doc::Doc::new();
        $(doc.insert(
            stringify!($field).trim_start_matches("r#").to_owned(),
            $crate::sample::fields::Stored::stored(fields!(@value $field $($value)?)),
        );)*
        doc
    }};
}

/// A value as a document holds it; a Check is 0 or 1, a date is text.
pub trait Stored {
    fn stored(self) -> Value;
}

macro_rules! stored {
    ($($ty:ty: |$value:ident| $stored:expr;)*) => {
        $(impl Stored for $ty { fn stored(self) -> Value { let $value = self; $stored } })*
    };
}

stored! {
    &str: |text| Value::from(text);
    String: |text| Value::from(text);
    bool: |on| Value::from(u8::from(on));
    i64: |number| Value::from(number);
    f64: |number| Value::from(number);
    Date: |day| Value::from(time::format_date(day));
    DateTime: |moment| Value::from(time::format_datetime(moment));
    Time: |time| Value::from(time::format_time(time));
    Vec<Doc>: |rows| rows.into_iter().map(Value::Object).collect();
}

impl<T: Stored> Stored for Option<T> {
    fn stored(self) -> Value {
        self.map_or(Value::Null, T::stored)
    }
}
