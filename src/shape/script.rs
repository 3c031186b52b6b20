//! The filters of a report as its script for the desk states them: a list of object literals, read without running
//! anything. What is computed is kept as its source.

use serde_json::{Map, Value, json};

/// How deep literals may stand in each other.
const DEEPEST: usize = 20;

/// The objects of the first `filters: […]` in a script that has any; a value that is computed is `{"code": source}`.
pub fn filters(script: &str) -> Vec<Map<String, Value>> {
    let mut reader = Reader { rest: script, depth: 0 };
    while let Some(at) = reader.rest.find("filters") {
        reader.rest = &reader.rest[at + "filters".len()..];
        reader.rest = reader.rest.trim_start_matches(['"', '\'']);
        reader.space();
        if (reader.take(':') || reader.take('=')) && {
            reader.space();
            reader.rest.starts_with('[')
        } {
            // What is no list of literals does not hide what stands in it or behind it.
            let (rest, depth) = (reader.rest, reader.depth);
            let Some(Value::Array(found)) = reader.literal() else {
                (reader.rest, reader.depth) = (rest, depth);
                continue;
            };
            let objects = found.into_iter().filter_map(|entry| match entry {
                Value::Object(entry) if entry.contains_key("fieldname") => Some(entry),
                _ => None,
            });
            let objects: Vec<_> = objects.collect();
            // A list of anything else was a comment, or another's filters.
            if !objects.is_empty() {
                return objects;
            }
        }
    }
    Vec::new()
}

/// Reads JavaScript's literals.
struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Reader<'a> {
    /// White space and comments.
    fn space(&mut self) {
        loop {
            self.rest = self.rest.trim_start();
            let end = match self.rest.get(..2) {
                Some("//") => self.rest.find('\n'),
                Some("/*") => self.rest.find("*/").map(|end| end + 2),
                _ => return,
            };
            self.rest = end.map_or("", |end| &self.rest[end..]);
        }
    }

    fn take(&mut self, what: char) -> bool {
        let rest = self.rest.strip_prefix(what);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// One value, up to what ends it; nothing at the end of the text.
    fn value(&mut self) -> Option<Value> {
        self.space();
        let start = self.rest;
        let literal = self.literal();
        self.space();
        // A literal that goes on is part of an expression.
        match literal {
            Some(value) if self.rest.starts_with([',', '}', ']']) => Some(value),
            _ => {
                self.rest = start;
                let source = self.source()?;
                Some(json!({ "code": source }))
            }
        }
    }

    fn literal(&mut self) -> Option<Value> {
        if self.depth > DEEPEST {
            return None;
        }
        self.depth += 1;
        let value = match self.rest.chars().next()? {
            '{' => self.object(),
            '[' => self.array(),
            '"' | '\'' | '`' => self.text().map(Value::from),
            _ => self.translated().or_else(|| self.word()),
        };
        self.depth -= 1;
        value
    }

    /// `__("Text")`, also with arguments for what stands in it.
    fn translated(&mut self) -> Option<Value> {
        self.rest = self.rest.strip_prefix("__(")?;
        self.space();
        let text = self.text()?;
        let end = self.rest.find(')')?;
        self.rest = &self.rest[end + 1..];
        Some(Value::from(text))
    }

    fn word(&mut self) -> Option<Value> {
        let end = self
            .rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')))
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        let value = match word {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" | "undefined" => Value::Null,
            number => serde_json::from_str::<serde_json::Number>(number).ok()?.into(),
        };
        self.rest = rest;
        Some(value)
    }

    fn text(&mut self) -> Option<String> {
        let quote = self.rest.chars().next().filter(|quote| matches!(quote, '"' | '\'' | '`'))?;
        let mut text = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => match chars.next()?.1 {
                    'n' => text.push('\n'),
                    't' => text.push('\t'),
                    other => text.push(other),
                },
                c if c == quote => {
                    self.rest = &self.rest[at + c.len_utf8()..];
                    return Some(text);
                }
                c => text.push(c),
            }
        }
        None
    }

    fn array(&mut self) -> Option<Value> {
        self.take('[');
        let mut list = Vec::new();
        loop {
            self.space();
            if self.take(']') {
                return Some(Value::Array(list));
            }
            list.push(self.value()?);
            self.space();
            if !self.take(',') && !self.rest.starts_with(']') {
                return None;
            }
        }
    }

    fn object(&mut self) -> Option<Value> {
        self.take('{');
        let mut object = Map::new();
        loop {
            self.space();
            if self.take('}') {
                return Some(Value::Object(object));
            }
            let key = match self.text() {
                Some(key) => key,
                None => {
                    let end = self.rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$')))?;
                    let (key, rest) = self.rest.split_at(end);
                    self.rest = rest;
                    key.to_owned()
                }
            };
            self.space();
            let value = if self.take(':') { self.value()? } else { json!({ "code": self.source()? }) };
            object.insert(key, value);
            self.space();
            if !self.take(',') && !self.rest.starts_with('}') {
                return None;
            }
        }
    }

    /// The source up to the comma or bracket that ends an expression; what stands in brackets and quotes belongs to it.
    fn source(&mut self) -> Option<&'a str> {
        let whole = self.rest;
        let mut open = 0usize;
        loop {
            match self.rest.chars().next()? {
                '"' | '\'' | '`' => {
                    self.text()?;
                    continue;
                }
                '/' if self.rest.starts_with("//") || self.rest.starts_with("/*") => {
                    self.space();
                    continue;
                }
                '(' | '[' | '{' => open += 1,
                ')' | ']' | '}' if open > 0 => open -= 1,
                ',' | '}' | ']' if open == 0 => {
                    let source = &whole[..whole.len() - self.rest.len()];
                    return (!source.is_empty()).then(|| source.trim());
                }
                _ => {}
            }
            let mut chars = self.rest.chars();
            chars.next();
            self.rest = chars.as_str();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::filters;

    #[test]
    fn literals_are_read_and_what_is_computed_is_kept_as_source() {
        let script = r#"
            // filters: ["not these"]
            site.reports["Some Report"] = {
                filters: [
                    { fieldname: "company", label: __("Company"), fieldtype: "Link", options: "Company", reqd: 1,
                      default: site.defaults.get("Company"), },
                    { "fieldname": 'based_on', options: ["Due Date", "Posting Date"], default: "Due Date", /* why not */ hidden: false },
                    { fieldname: "party", get_query: () => { return { filters: { a: [1, "}"] } }; }, on_change() { this.go(); } },
                    { label: "No fieldname" },
                    { fieldname: "range", default: "30, 60", width: -1.5 },
                ],
                formatter: function (value) { return value; },
            };"#;
        let found: Vec<Value> = filters(script).into_iter().map(Value::Object).collect();
        assert_eq!(found.len(), 4, "{found:?}");
        assert_eq!(
            found[0],
            json!({"fieldname": "company", "label": "Company", "fieldtype": "Link", "options": "Company", "reqd": 1,
                "default": {"code": "site.defaults.get(\"Company\")"}})
        );
        assert_eq!(found[1]["options"], json!(["Due Date", "Posting Date"]));
        assert_eq!((&found[1]["hidden"], &found[2]["fieldname"]), (&json!(false), &json!("party")));
        assert_eq!((&found[3]["default"], &found[3]["width"]), (&json!("30, 60"), &json!(-1.5)));
    }

    #[test]
    fn a_script_without_a_list_has_no_filters() {
        for script in
            ["", "filters: get_filters()", "filters: [", "filters: [{fieldname: \"a\"", "filters", "filters: [{,}]"]
        {
            assert!(filters(script).is_empty(), "{script}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken(text in "(filters|: |\\[|\\]|\\{|\\}|,|\"|'|`|__\\(|\\)|fieldname|\\\\|//|/\\*|\n|\\PC){0,60}") {
            filters(&text);
        }
    }
}
