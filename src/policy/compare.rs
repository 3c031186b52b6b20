//! Values compared as the site's database compares them.

use std::cmp::Ordering;

use serde_json::{Value, json};

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::Bool(on) => Some(if *on { 1.0 } else { 0.0 }),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A value as a text.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// What is the same in every text that the database takes for the same.
pub fn fold(text: &str) -> String {
    text.trim_end().to_lowercase()
}

/// Whether a value is this.
pub fn equal(value: &Value, operand: &Value) -> bool {
    compare(value, operand) == Some(Ordering::Equal)
}

/// Numbers by size, texts (dates too) by their letters; nothing compares with an empty field.
pub fn compare(value: &Value, operand: &Value) -> Option<Ordering> {
    match (value, operand) {
        (Value::Null, Value::String(text)) if text.trim().is_empty() => Some(Ordering::Equal),
        (Value::String(value), Value::String(operand)) => Some(fold(value).cmp(&fold(operand))),
        (value, operand) => number(value)?.partial_cmp(&number(operand)?),
    }
}

/// A moment as its day, where the operand is a day: `between` has whole days.
pub fn day(value: &Value, operand: &Value) -> Value {
    match (value.as_str(), operand.as_str()) {
        (Some(moment), Some(day)) if day.len() == 10 && moment.len() > 10 && moment.is_char_boundary(10) => {
            json!(&moment[..10])
        }
        _ => value.clone(),
    }
}

/// SQL's pattern: `%` for any text, `_` for one character, `\` before one that stands for itself.
pub fn like(pattern: &str, text: &str) -> bool {
    let mut tokens = Vec::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        tokens.push(match c {
            '%' => Token::Any,
            '_' => Token::One,
            '\\' => Token::Char(chars.next().unwrap_or('\\')),
            c => Token::Char(c),
        });
    }
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut token) = (0, 0);
    // Where the last `%` was, and up to where it reaches so far.
    let mut star: Option<(usize, usize)> = None;
    while at < text.len() {
        match tokens.get(token) {
            Some(Token::Any) => {
                star = Some((token, at));
                token += 1;
            }
            Some(Token::One) => (at, token) = (at + 1, token + 1),
            Some(Token::Char(c)) if *c == text[at] => (at, token) = (at + 1, token + 1),
            _ => match star {
                Some((any, reached)) => {
                    star = Some((any, reached + 1));
                    (at, token) = (reached + 1, any + 1);
                }
                None => return false,
            },
        }
    }
    tokens[token..].iter().all(|token| *token == Token::Any)
}

#[derive(PartialEq)]
enum Token {
    Any,
    One,
    Char(char),
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::like;

    proptest! {
        #[test]
        fn like_is_what_a_regular_expression_says(pattern in "[ab%_]{0,8}", text in "[ab]{0,10}") {
            let regex = pattern.replace('%', ".*").replace('_', ".");
            let regex = regex_lite::Regex::new(&format!("^{regex}$")).unwrap();
            prop_assert_eq!(like(&pattern, &text), regex.is_match(&text));
        }
    }
}
