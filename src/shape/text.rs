//! Text that came from documents, as a model may see it: nothing in it that a reader would not see, and no more than is
//! useful.

use std::borrow::Cow;

use serde_json::Value;

use super::page::grouped;

/// Shows every character that would not be seen, or that would show the others in another order, as `⟨U+202E⟩`.
///
/// Joiners (U+200C, U+200D) stay: names in many languages, and emoji, are written with them.
pub fn visible(text: &str) -> Option<String> {
    has_hidden(text).then(|| {
        let shown = |c: char| if is_hidden(c) { format!("⟨U+{:04X}⟩", u32::from(c)) } else { c.to_string() };
        text.chars().map(shown).collect()
    })
}

fn has_hidden(text: &str) -> bool {
    // Most text is decided here, without a branch for each character.
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\n' | b'\t' | b'\r');
    !text.as_bytes().iter().fold(true, |all, byte| all & is_plain(byte)) && text.contains(is_hidden)
}

/// Whether a character is not seen, or shows others in another order. What ends a line is seen.
pub fn is_hidden(c: char) -> bool {
    match c {
        '\n' | '\t' | '\r' | ' '..='~' => false,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' => true,
        '\u{180b}'..='\u{180f}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' => true,
        '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' => true,
        '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}' => true,
        c => c.is_control(),
    }
}

/// Whether a value whose JSON this is holds only what is seen.
pub fn is_visible(json: &str) -> bool {
    let mut rest = json;
    // What stands for a character that would not be seen: `\u0007`, `\b` and `\f`.
    while let Some(at) = rest.find('\\') {
        if matches!(rest.as_bytes().get(at + 1), Some(b'u' | b'b' | b'f')) {
            return false;
        }
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    !has_hidden(json)
}

/// Shows every text in a value so, keys included.
pub fn make_visible(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some(shown) = visible(text) {
                *text = shown;
            }
        }
        Value::Array(values) => values.iter_mut().for_each(make_visible),
        Value::Object(map) => {
            map.values_mut().for_each(make_visible);
            if map.keys().any(|key| has_hidden(key)) {
                let entries = std::mem::take(map).into_iter();
                *map = entries.map(|(key, value)| (visible(&key).unwrap_or(key), value)).collect();
            }
        }
        _ => {}
    }
}

/// The text that was shown so by [`visible`]; nothing where none was.
pub fn as_stored(shown: &str) -> Option<String> {
    const MARK: &str = "⟨U+";
    if !shown.contains('⟨') {
        return None;
    }
    let mut stored = String::new();
    let mut rest = shown;
    while let Some((before, after)) = rest.split_once(MARK) {
        let code = after.split_once('⟩');
        let hidden =
            code.and_then(|(code, _)| char::from_u32(u32::from_str_radix(code, 16).ok()?)).filter(|c| is_hidden(*c));
        stored.push_str(before);
        match (hidden, code) {
            (Some(hidden), Some((_, after))) => {
                stored.push(hidden);
                rest = after;
            }
            _ => {
                stored.push_str(MARK);
                rest = after;
            }
        }
    }
    stored.push_str(rest);
    (stored != shown).then_some(stored)
}

/// The same for every text in a value.
pub fn make_stored(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some(stored) = as_stored(text) {
                *text = stored;
            }
        }
        Value::Array(values) => values.iter_mut().for_each(make_stored),
        Value::Object(map) => map.values_mut().for_each(make_stored),
        _ => {}
    }
}

/// The text, or its first `most` characters and an ellipsis.
pub fn shortened(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

/// The first `most` characters and how many are missing, where the text is longer.
pub fn cut(text: &str, most: usize) -> Option<String> {
    if text.len() <= most {
        return None;
    }
    let (end, _) = text.char_indices().nth(most)?;
    let left = u64::try_from(text[end..].chars().count()).unwrap_or(u64::MAX);
    Some(format!("{}… [{} more characters]", text[..end].trim_end(), grouped(left)))
}

/// Whether the text is one that was cut so.
pub fn is_cut(text: &str) -> bool {
    let number = |text: &str| text.ends_with(|c: char| c.is_ascii_digit()) && !text.contains(char::is_alphabetic);
    let cut = text.trim_end().strip_suffix(" more characters]").and_then(|text| text.rsplit_once("… ["));
    cut.is_some_and(|(_, left)| number(left))
}

/// Whether a text holds a name that is no part of another: PO-1 is none in PO-10, nor in PO-1-1.
pub fn holds_name(text: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '/');
    text.match_indices(name).any(|(at, _)| {
        let (before, rest) = text.split_at(at);
        let after = rest.strip_prefix(name).unwrap_or_default();
        !before.ends_with(is_part) && !after.starts_with(is_part)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::{as_stored, cut, holds_name, is_cut, make_visible, visible};

    #[test]
    fn a_name_within_another_is_not_named() {
        for said in ["linked with Purchase Order PO-1", "<b>PO-1</b> is linked.", "PO-1.", "PO-10, PO-1"] {
            assert!(holds_name(said, "PO-1"), "{said}");
        }
        for said in ["linked with Purchase Order PO-10", "PO-1-1", "APO-1", "none"] {
            assert!(!holds_name(said, "PO-1"), "{said}");
        }
    }

    #[test]
    fn what_would_not_be_seen_is_shown() {
        assert_eq!(visible("pay \u{202e}reversed\u{202c} now").as_deref(), Some("pay ⟨U+202E⟩reversed⟨U+202C⟩ now"));
        assert_eq!(visible("a\u{0}b\u{7f}\u{200b}\u{e0041}").as_deref(), Some("a⟨U+0000⟩b⟨U+007F⟩⟨U+200B⟩⟨U+E0041⟩"));
        for plain in ["line\nline\ttab", "ünï — «x» ₹5", "می\u{200c}خواهم", "👩\u{200d}🔧"] {
            assert_eq!(visible(plain), None);
        }
        let mut value = json!({"a\u{feff}": ["x\u{1b}[31m"]});
        make_visible(&mut value);
        assert_eq!(value, json!({"a⟨U+FEFF⟩": ["x⟨U+001B⟩[31m"]}));
    }

    #[test]
    fn a_long_text_says_how_much_of_it_is_missing() {
        assert_eq!(cut("äöü", 3), None);
        assert_eq!(cut(&"ä".repeat(1503), 3).as_deref(), Some("äää… [1,500 more characters]"));
        let was_cut = cut(&"ä".repeat(1503), 3).is_some_and(|text| is_cut(&text));
        assert!(was_cut && !is_cut("and 3 more characters]"));
    }

    #[test]
    fn what_is_shown_is_taken_for_what_is_stored() {
        for stored in ["A\u{200f}B", "\u{202e}", "plain", "a ⟨U+0041⟩ b", "⟨U+", "⟨U+200F"] {
            let shown = visible(stored);
            assert_eq!(as_stored(shown.as_deref().unwrap_or(stored)).as_deref().unwrap_or(stored), stored);
        }
        assert_eq!(as_stored("A⟨U+200F⟩B").as_deref(), Some("A\u{200f}B"));
    }

    proptest! {
        #[test]
        fn nothing_hidden_is_left(text in any::<String>()) {
            let shown = visible(&text).unwrap_or(text);
            prop_assert!(visible(&shown).is_none());
        }
    }
}
