//! What a person is asked to approve: every character visible, and Markdown shown as it is written, so that no link, no
//! picture and no markup of a document's text stands between the person and what would be done.

use serde_json::{Map, Value};

use super::visible;

/// The text as plain text, also where it is rendered as Markdown, as JSON or not: links fall apart, and no tag begins.
pub fn plain(text: &str) -> String {
    let text = visible(text).unwrap_or_else(|| text.to_owned());
    if !text.contains([']', '<']) {
        return text;
    }
    let mut plain = String::with_capacity(text.len() + 8);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match (c, rest.peek()) {
            (']', Some('(' | '[' | ':')) => plain.push_str("] "),
            ('<', Some(next)) if next.is_ascii_alphabetic() || matches!(next, '/' | '!') => plain.push('⟨'),
            _ => plain.push(c),
        }
    }
    plain
}

/// The same for every text in a value, keys included.
pub fn plain_map(map: Map<String, Value>) -> Map<String, Value> {
    map.into_iter().map(|(key, value)| (plain(&key), plain_value(value))).collect()
}

fn plain_value(value: Value) -> Value {
    match value {
        Value::String(text) => plain(&text).into(),
        Value::Array(values) => values.into_iter().map(plain_value).collect(),
        Value::Object(map) => plain_map(map).into(),
        scalar => scalar,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{plain, plain_value};

    #[test]
    fn nothing_of_a_text_is_rendered_or_hidden() {
        for (text, shown) in [
            ("pay \u{202e}000,1", "pay ⟨U+202E⟩000,1"),
            ("tag\u{e0041}\u{200b}", "tag⟨U+E0041⟩⟨U+200B⟩"),
            ("[Approve](https://evil.example)", "[Approve] (https://evil.example)"),
            ("![](https://evil.example/x.png)", "![] (https://evil.example/x.png)"),
            ("<a href=x>ok</a> <https://evil.example>", "⟨a href=x>ok⟨/a> ⟨https://evil.example>"),
            ("[x][1]\n[1]: https://evil.example", "[x] [1]\n[1] : https://evil.example"),
            ("12.5 < 30 * [x] = #1", "12.5 < 30 * [x] = #1"),
        ] {
            assert_eq!(plain(text), shown);
        }
        assert_eq!(plain_value(json!({"<k": [{"a": "[x](y)"}], "n": 5})), json!({"⟨k": [{"a": "[x] (y)"}], "n": 5}));
    }
}
