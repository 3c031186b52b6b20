//! The types of a struct's fields, and what each is on the wire.

use std::fmt;
use std::marker::PhantomData;

use jiff::civil::{Date, DateTime, Time};
use serde_json::{Number, Value};

use super::{Reader, Slot, Writer};
use crate::time;

/// A value that a field of the struct holds as `Option`.
pub trait Scalar: Sized {
    /// What it is, for errors.
    const RULE: &'static str;

    /// Reads it; `None` where the site sent a stand-in that says nothing.
    ///
    /// # Errors
    /// The value itself, where it is something else.
    fn from_wire(value: Value) -> Result<Option<Self>, Value>;

    /// As the site takes it.
    fn to_wire(&self) -> Value;
}

impl Scalar for String {
    const RULE: &'static str = "text";

    /// Names of DocTypes that number their documents come as numbers, and mean the text.
    fn from_wire(value: Value) -> Result<Option<Self>, Value> {
        match value {
            Value::String(text) => Ok(Some(text)),
            Value::Number(number) => Ok(Some(number.to_string())),
            other => Err(other),
        }
    }

    fn to_wire(&self) -> Value {
        Value::from(self.as_str())
    }
}

impl Scalar for bool {
    const RULE: &'static str = "0 or 1";

    fn from_wire(value: Value) -> Result<Option<Self>, Value> {
        match (&value, number(&value).and_then(|number| number.as_u64())) {
            (Value::Bool(set), _) => Ok(Some(*set)),
            (_, Some(bit @ 0..=1)) => Ok(Some(bit == 1)),
            _ => Err(value),
        }
    }

    fn to_wire(&self) -> Value {
        Value::from(u8::from(*self))
    }
}

impl Scalar for i64 {
    const RULE: &'static str = "a whole number";

    fn from_wire(value: Value) -> Result<Option<Self>, Value> {
        number(&value).and_then(|number| number.as_i64().or_else(|| whole(number.as_f64()?))).map(Some).ok_or(value)
    }

    fn to_wire(&self) -> Value {
        Value::from(*self)
    }
}

impl Scalar for f64 {
    const RULE: &'static str = "a number";

    /// A whole number that a double does not hold exactly is refused rather than changed.
    fn from_wire(value: Value) -> Result<Option<Self>, Value> {
        let exact = |number: Number| match number.as_i64() {
            Some(whole) => exact(whole),
            None => number.as_f64(),
        };
        number(&value).and_then(exact).map(Some).ok_or(value)
    }

    /// What JSON has no number for becomes text, so that a check of the document refuses it: null would say
    /// nothing.
    fn to_wire(&self) -> Value {
        Number::from_f64(*self).map_or_else(|| Value::from(self.to_string()), Value::Number)
    }
}

/// Beyond it not every whole number is a double.
const EXACT: i64 = 1 << 53;

fn exact(whole: i64) -> Option<f64> {
    #[allow(clippy::cast_precision_loss, reason = "none is lost within the bounds")]
    (-EXACT..=EXACT).contains(&whole).then_some(whole as f64)
}

fn whole(number: f64) -> Option<i64> {
    #[allow(clippy::cast_possible_truncation, reason = "compared again afterwards")]
    let whole = number as i64;
    exact(whole).filter(|back| back.to_bits() == number.to_bits()).map(|_| whole)
}

/// A number, which Singles and the echo of a write may send as text (H13).
fn number(value: &Value) -> Option<Number> {
    match value {
        Value::Number(number) => Some(number.clone()),
        Value::String(text) => serde_json::from_str(text).ok(),
        _ => None,
    }
}

macro_rules! time_scalars {
    ($($ty:ident: $parse:ident, $format:ident, $rule:literal;)*) => {$(
        impl Scalar for $ty {
            const RULE: &'static str = $rule;

            fn from_wire(value: Value) -> Result<Option<Self>, Value> {
                value.as_str().and_then(|text| time::$parse(text).ok()).map(Some).ok_or(value)
            }

            fn to_wire(&self) -> Value {
                Value::from(time::$format(*self))
            }
        }
    )*};
}

time_scalars! {
    Date: parse_date, format_date, "a date as YYYY-MM-DD";
    DateTime: parse_datetime, format_datetime, "a date and time as YYYY-MM-DD HH:MM:SS";
    Time: parse_time, format_time, "a time as HH:MM:SS";
}

/// A date, or a date and a time: of a field that is the one in one version and the other in another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DateOrDateTime {
    /// Without a time.
    Date(Date),
    /// With a time.
    DateTime(DateTime),
}

impl Scalar for DateOrDateTime {
    const RULE: &'static str = "a date, or a date and time";

    fn from_wire(value: Value) -> Result<Option<Self>, Value> {
        match Date::from_wire(value) {
            Ok(date) => Ok(date.map(Self::Date)),
            Err(value) => DateTime::from_wire(value).map(|moment| moment.map(Self::DateTime)),
        }
    }

    fn to_wire(&self) -> Value {
        match self {
            Self::Date(date) => date.to_wire(),
            Self::DateTime(moment) => moment.to_wire(),
        }
    }
}

impl Scalar for Value {
    const RULE: &'static str = "JSON in a string";

    /// The site sends JSON in a string (H27); what is no string is taken as it is.
    fn from_wire(value: Value) -> Result<Option<Self>, Value> {
        match &value {
            Value::String(text) => serde_json::from_str(text).map(Some).map_err(|_| value),
            _ => Ok(Some(value)),
        }
    }

    fn to_wire(&self) -> Value {
        Value::from(self.to_string())
    }
}

/// A password: written, never read back, and not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A secret to be written.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Scalar for Secret {
    const RULE: &'static str = "text";

    /// What the site sends in place of a password is asterisks.
    fn from_wire(value: Value) -> Result<Option<Self>, Value> {
        match value {
            Value::String(text) if text.bytes().all(|byte| byte == b'*') => Ok(None),
            Value::String(text) => Ok(Some(Self(text))),
            other => Err(other),
        }
    }

    fn to_wire(&self) -> Value {
        Value::from(self.0.as_str())
    }
}

/// A DocType as what a Link points to.
pub trait Target {
    /// Its name.
    const DOCTYPE: &'static str;
}

/// The values of a Select as an enum.
pub trait Choice: Copy + 'static {
    /// Every value, in the site's order.
    const ALL: &'static [Self];

    /// The value on the wire.
    fn as_str(self) -> &'static str;
}

macro_rules! texts {
    ($($name:ident $doc:literal)*) => {$(
        #[doc = $doc]
        pub struct $name<T> {
            text: Option<String>,
            of: PhantomData<fn() -> T>,
        }

        impl<T> $name<T> {
            fn new(text: Option<String>) -> Self {
                Self { text, of: PhantomData }
            }
        }

        impl<T> Default for $name<T> {
            fn default() -> Self {
                Self::new(None)
            }
        }

        impl<T> Clone for $name<T> {
            fn clone(&self) -> Self {
                Self::new(self.text.clone())
            }
        }

        impl<T> PartialEq for $name<T> {
            fn eq(&self, other: &Self) -> bool {
                self.text == other.text
            }
        }

        impl<T> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.text.fmt(f)
            }
        }

        // Both are the text inside: one instance of the helper serves them all.
        impl<T> Slot for $name<T> {
            #[inline(always)]
            fn fill(&mut self, reader: &mut Reader<'_>) {
                self.text.fill(reader);
            }

            #[inline(always)]
            fn emit(&self, writer: &mut Writer) {
                self.text.emit(writer);
            }
        }
    )*};
}

texts! {
    Link "The name of a document of the DocType `T`, or nothing."
    Select "One of the values `T`, or one that the site has beyond them, or nothing. Only values of `T` can be put in."
}

impl<T: Target> Link<T> {
    /// The document's name.
    pub fn get(&self) -> Option<&str> {
        self.text.as_deref().filter(|text| !text.is_empty())
    }

    /// The DocType it points to.
    pub fn target(&self) -> &'static str {
        T::DOCTYPE
    }
}

impl<T: Target> From<&str> for Link<T> {
    fn from(name: &str) -> Self {
        Self::new(Some(name.to_owned()))
    }
}

impl<T: Target> From<String> for Link<T> {
    fn from(name: String) -> Self {
        Self::new(Some(name))
    }
}

impl<T: Choice> Select<T> {
    /// The value; as text where the site has it beyond the snapshot.
    pub fn get(&self) -> Option<Result<T, &str>> {
        let text = self.text()?;
        Some(T::ALL.iter().copied().find(|choice| choice.as_str() == text).ok_or(text))
    }

    /// Whether it is this value.
    pub fn is(&self, choice: T) -> bool {
        self.text.as_deref() == Some(choice.as_str())
    }

    /// The value on the wire.
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref().filter(|text| !text.is_empty())
    }
}

impl<T: Choice> From<T> for Select<T> {
    fn from(choice: T) -> Self {
        Self::new(Some(choice.as_str().to_owned()))
    }
}
