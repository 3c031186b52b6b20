//! What the recorded site gave another name or another moment than ours, learned from pairs of answers and put into
//! the requests that follow.

use std::collections::HashMap;

use serde_json::Value;

/// From the recorded text to ours.
#[derive(Default)]
pub struct Names {
    ours: HashMap<String, String>,
}

impl Names {
    /// Whether two texts mean the same: equal, mapped, or of one shape where the site throws dice or asks the clock; the
    /// latter are learned.
    pub fn same(&mut self, recorded: &str, ours: &str) -> bool {
        if recorded == ours && !self.ours.contains_key(recorded)
            || self.ours.get(recorded).is_some_and(|known| known == ours)
        {
            return true;
        }
        let alike = is_moment(recorded) && is_moment(ours)
            || is_hash(recorded) && is_token(ours)
            || is_series(recorded) && shape(recorded) == shape(ours)
            || is_clock(recorded) && is_clock(ours);
        if alike {
            self.ours.insert(recorded.to_owned(), ours.to_owned());
        }
        alike
    }

    /// Whether two names of child rows mean the same: drawn ones are learned, with a digit or without.
    pub fn same_row(&mut self, recorded: &str, ours: &str) -> bool {
        let drawn = is_token(recorded) && is_token(ours);
        if drawn && recorded != ours {
            self.ours.insert(recorded.to_owned(), ours.to_owned());
        }
        drawn || self.same(recorded, ours)
    }

    /// A recorded path with our names in it.
    pub fn in_path(&self, target: &str) -> String {
        self.replace(target)
    }

    /// A recorded body with our names in it.
    pub fn in_body(&self, sent: &[u8]) -> Vec<u8> {
        match serde_json::from_slice::<Value>(sent) {
            Ok(value) if value.is_object() => self.in_value(value).to_string().into_bytes(),
            _ => std::str::from_utf8(sent).map_or_else(|_| sent.to_vec(), |text| self.replace(text).into_bytes()),
        }
    }

    fn in_value(&self, value: Value) -> Value {
        match value {
            Value::Object(object) => object.into_iter().map(|(key, value)| (key, self.in_value(value))).collect(),
            Value::Array(list) => list.into_iter().map(|value| self.in_value(value)).collect(),
            Value::String(text) => Value::from(match self.ours.get(&text) {
                Some(ours) => ours.clone(),
                None if text.starts_with(['[', '{']) => self.replace(&text),
                None => text,
            }),
            other => other,
        }
    }

    fn replace(&self, text: &str) -> String {
        let names = self.ours.iter().filter(|(recorded, _)| is_token(recorded) || is_series(recorded));
        let mut names: Vec<(&String, &String)> = names.filter(|(recorded, _)| text.contains(*recorded)).collect();
        // The longest first, and each only once: ours may be what another one was recorded as.
        names.sort_by_key(|(recorded, _)| std::cmp::Reverse((recorded.len(), *recorded)));
        let mark = |at: usize| format!("\u{1}{at}\u{2}");
        let marked = names.iter().enumerate();
        let text = marked.fold(text.to_owned(), |text, (at, (recorded, _))| text.replace(*recorded, &mark(at)));
        names.iter().enumerate().fold(text, |text, (at, (_, ours))| text.replace(&mark(at), ours))
    }
}

/// Ten letters and digits, as hash naming makes them, which no word is taken for.
fn is_hash(text: &str) -> bool {
    is_token(text) && text.bytes().any(|byte| byte.is_ascii_digit())
}

/// Ten letters and digits: a drawn name may by chance be without a digit.
fn is_token(text: &str) -> bool {
    text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// `SAL-ORD-2026-00001` and its like.
fn is_series(text: &str) -> bool {
    let digits = text.bytes().rev().take_while(u8::is_ascii_digit).count();
    (digits == 5 || shape(text).contains("-#####-")) && text.contains('-') && !text.contains(' ')
}

fn shape(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_digit() { '#' } else { c }).collect()
}

/// A date and time with microseconds.
fn is_moment(text: &str) -> bool {
    matches!(&*shape(text), "####-##-## ##:##:##.######" | "####-##-## ##:##:##")
}

/// A time of day with microseconds: nobody types one.
fn is_clock(text: &str) -> bool {
    matches!(
        &*shape(text),
        "##:##:##.######" | "#:##:##.######" | "##:##:#.######" | "##:#:##.######" | "##:#:#.######"
    )
}
