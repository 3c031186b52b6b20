//! Writing JSON up to a length that it may not pass: the same bytes as serde_json, in fewer and larger pieces.

use std::fmt::Write as _;

use serde_json::Value;

use super::LARGE;

/// The value's JSON, if it is no longer than that many bytes.
pub fn written(value: &Value, most: usize) -> Option<String> {
    // What may be large is not moved again and again while it grows: room that is not used takes no memory.
    let room = if most > LARGE { 8 * LARGE } else { 4 << 10 };
    let mut json = String::with_capacity(most.min(room));
    write(value, &mut json, most)?;
    Some(json)
}

/// Writes a value behind what is written already.
pub fn append(value: &Value, json: &mut String) {
    // Nothing is too long.
    let _ = write(value, json, usize::MAX);
}

/// The same for a text.
pub fn append_text(text: &str, json: &mut String) {
    let _ = quote(text, json, usize::MAX);
}

fn write(value: &Value, json: &mut String, most: usize) -> Option<()> {
    match value {
        Value::Null => json.push_str("null"),
        Value::Bool(true) => json.push_str("true"),
        Value::Bool(false) => json.push_str("false"),
        Value::Number(number) => write!(json, "{number}").ok()?,
        Value::String(text) => quote(text, json, most)?,
        Value::Array(list) => {
            json.push('[');
            for (at, value) in list.iter().enumerate() {
                if at > 0 {
                    json.push(',');
                }
                write(value, json, most)?;
            }
            json.push(']');
        }
        Value::Object(map) => {
            json.push('{');
            for (at, (key, value)) in map.iter().enumerate() {
                if at > 0 {
                    json.push(',');
                }
                quote(key, json, most)?;
                json.push(':');
                write(value, json, most)?;
            }
            json.push('}');
        }
    }
    (json.len() <= most).then_some(())
}

fn quote(text: &str, json: &mut String, most: usize) -> Option<()> {
    // A text is written at once: one that is too long is not.
    if text.len() + 2 > most.saturating_sub(json.len()) {
        return None;
    }
    if has_special(text.as_bytes()) {
        json.push_str(&serde_json::to_string(text).ok()?);
        return Some(());
    }
    json.reserve(text.len() + 2);
    json.push('"');
    json.push_str(text);
    json.push('"');
    Some(())
}

/// Whether JSON writes one of the bytes otherwise than it stands there. Most texts have none, and are short: eight bytes are
/// looked at in one step.
fn has_special(text: &[u8]) -> bool {
    const EACH: u64 = 0x0101_0101_0101_0101;
    // A bit is left where a byte is less than that, and none where none is.
    let less = |bytes: u64, than: u64| bytes.wrapping_sub(EACH * than) & !bytes & (EACH * 0x80);
    let is_special = |bytes: [u8; 8]| {
        let bytes = u64::from_ne_bytes(bytes);
        let is = |byte: u8| less(bytes ^ (EACH * u64::from(byte)), 1);
        (less(bytes, 0x20) | is(b'"') | is(b'\\')) != 0
    };
    let (eights, rest) = text.as_chunks::<8>();
    let mut last = [b' '; 8];
    last[..rest.len()].copy_from_slice(rest);
    is_special(last) || eights.iter().any(|eight| is_special(*eight))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::written;

    fn any_value() -> impl Strategy<Value = Value> {
        let number = prop_oneof![any::<i64>().prop_map(Value::from), any::<u64>().prop_map(Value::from)];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            number,
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            "[\"\\\\a/\\x00-\\x20\\x7f-\\xa0]{0,9}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((any::<String>(), inner), 0..6)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_is_what_serde_json_writes_and_ends_where_it_would_be_longer(value in any_value()) {
            let json = value.to_string();
            prop_assert_eq!(written(&value, json.len()), Some(json.clone()));
            prop_assert_eq!(written(&value, json.len() - 1), None);
        }
    }
}
