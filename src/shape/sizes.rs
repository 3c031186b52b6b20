//! How large values are as JSON, and how small they can be made.

use serde_json::{Map, Value};

use super::row_texts::{DOCUMENT, RowTexts, TableText};
use crate::limit::scan::{Found, Scan};

/// The least that is left of a text that is cut, in characters.
pub(super) const LEAST: usize = 200;
/// Room for the end of a text that was cut, in bytes.
pub(super) const MARK: usize = 40;

/// How long a value's JSON is, in bytes.
pub fn length(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(true) => 4,
        Value::Bool(false) => 5,
        Value::Number(number) => number.as_u64().map_or_else(|| number.to_string().len(), digits),
        Value::String(text) => quoted(text),
        Value::Array(list) => list.iter().map(|value| length(value) + 1).sum::<usize>().max(1) + 1,
        Value::Object(map) => map.iter().map(|(key, value)| beside(key) + length(value)).sum::<usize>().max(1) + 1,
    }
}

/// No less than [`length`], without looking at every letter.
pub fn at_most(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 25,
        Value::String(text) => 6 * text.len() + 2,
        Value::Array(list) => list.iter().map(|value| at_most(value) + 1).sum::<usize>() + 2,
        Value::Object(map) => map.iter().map(|(key, value)| 6 * key.len() + 4 + at_most(value)).sum::<usize>() + 2,
    }
}

fn digits(number: u64) -> usize {
    number.checked_ilog10().map_or(1, |ten| ten as usize + 1)
}

/// How large a value is, and how small it can be made, in bytes of JSON.
pub(super) struct Part<'t> {
    pub size: usize,
    pub floor: usize,
    pub parts: Vec<Part<'t>>,
    /// The JSON of a row that is written already.
    pub row: Option<&'t str>,
}

impl<'t> Part<'t> {
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Array(list) => Self::list(list.iter().map(Self::of).collect()),
            Value::Object(map) => Self::object(map, |_, value| Self::of(value)),
            Value::String(text) => Self::text(text),
            Value::Null | Value::Bool(_) | Value::Number(_) => Self::fixed(length(value)),
        }
    }

    /// The same of an answer of whose document some rows are written.
    pub fn of_answer(answer: &Value, rows: &'t RowTexts) -> Self {
        let of_field = |key: &str, value: &Value| rows.of(key).map_or_else(|| Self::of(value), Self::table);
        match answer {
            Value::Object(answer) => Self::object(answer, |key, value| match value {
                Value::Object(document) if key == DOCUMENT => Self::object(document, of_field),
                _ => Self::of(value),
            }),
            _ => Self::of(answer),
        }
    }

    fn fixed(size: usize) -> Self {
        Self { size, floor: size, parts: Vec::new(), row: None }
    }

    fn text(text: &str) -> Self {
        let size = quoted(text);
        // None has more characters than bytes.
        let end = if text.len() > LEAST { text.char_indices().nth(LEAST) } else { None };
        let floor = end.map_or(size, |(end, _)| quoted(&text[..end]) + MARK);
        Self { floor: floor.min(size), ..Self::fixed(size) }
    }

    fn list(parts: Vec<Self>) -> Self {
        Self::whole(parts.len() + 2, 1, parts)
    }

    fn object(map: &Map<String, Value>, of: impl Fn(&str, &Value) -> Self) -> Self {
        let around = map.keys().map(|key| beside(key)).sum::<usize>() + 2;
        let first = map.keys().next().map_or(0, |key| beside(key));
        Self::whole(around, first, map.iter().map(|(key, value)| of(key, value)).collect())
    }

    /// The whole of parts, by what stands around them, and around the first: a comma, and for one of an object its key and a
    /// colon.
    fn whole(around: usize, first: usize, parts: Vec<Self>) -> Self {
        let size = around + parts.iter().map(|part| part.size).sum::<usize>();
        // One entry is left in any case.
        let floor = parts.first().map_or(size, |part| part.floor + first + 2);
        Self { size, floor, parts, row: None }
    }

    fn table(table: &'t TableText) -> Self {
        let unread = (0..table.unread()).map(|_| Self::fixed(length(&Value::Null)));
        Self::list(table.rows().map(Self::row).chain(unread).collect())
    }

    fn row(json: &'t str) -> Self {
        let mut first = None;
        // Nothing behind the first entry says how small it can be made.
        let _ = Scan::new(json).entries(|scan, key| {
            first = scan.value().map(|value| (beside(&key), value));
            None
        });
        let Some((beside, value)) = first else { return Self { row: Some(json), ..Self::fixed(json.len()) } };
        let least = match value {
            Found::Text(text) => Self::text(text).floor,
            Found::Json(json) => serde_json::from_str(json).map_or(json.len(), |value: Value| Self::of(&value).floor),
        };
        Self { size: json.len() + 1, floor: least + beside + 2, parts: Vec::new(), row: Some(json) }
    }
}

/// The bytes of an object's key, and of what stands around it and its value.
pub(super) fn beside(key: &str) -> usize {
    quoted(key) + 2
}

/// The bytes of a text in JSON.
pub(super) fn quoted(text: &str) -> usize {
    let more = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 1,
        0..0x20 => 5,
        _ => 0,
    };
    // Most texts have none of them, which is seen without a branch for each character.
    let is_special = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    let specials = || text.bytes().map(more).sum::<usize>();
    let any = text.bytes().fold(false, |any, byte| any | is_special(byte));
    text.len() + 2 + if any { specials() } else { 0 }
}

/// What each part may take: as it is where it is small, and the large ones alike. Nothing, if all of them do not fit at
/// their smallest.
pub(super) fn shares(parts: &[Part<'_>], room: usize) -> Option<Vec<usize>> {
    let at = |level: usize| parts.iter().map(move |part| part.size.min(level.max(part.floor)));
    if at(0).sum::<usize>() > room {
        return None;
    }
    let (mut fits, mut over) = (0, parts.iter().map(|part| part.size).max().unwrap_or(0) + 1);
    while over - fits > 1 {
        let level = fits.midpoint(over);
        if at(level).sum::<usize>() <= room { fits = level } else { over = level }
    }
    Some(at(fits).collect())
}

/// How many of its first parts a list keeps: as many as fit where none is given more than half the room.
pub(super) fn head(parts: &[Part<'_>], most: usize) -> usize {
    let mut used = 2;
    let fit = parts.iter().take_while(|part| {
        used += part.size.min(part.floor.max(most / 2)) + 1;
        used <= most
    });
    fit.count().max(1)
}
