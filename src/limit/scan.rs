//! JSON that is read where it stands: of what is passed by, no more is found than its end.

use std::borrow::Cow;

use serde_json::Value;

use super::memory::end_of_text;

/// A way through JSON. It ends at what is no JSON, where that is looked at: of a value that is skipped, only brackets and
/// quotes are.
#[derive(Debug)]
pub struct Scan<'j> {
    json: &'j str,
    at: usize,
}

/// A value as it stands there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found<'j> {
    /// A text without escapes: what stands between its quotes.
    Text(&'j str),
    /// The JSON of any other value.
    Json(&'j str),
}

impl Found<'_> {
    /// The value; none where it is no JSON.
    pub fn parsed(self) -> Option<Value> {
        match self {
            Self::Text(text) => Some(Value::from(text)),
            Self::Json(json) => serde_json::from_str(json).ok(),
        }
    }
}

impl<'j> Scan<'j> {
    /// From the beginning of this JSON.
    pub fn new(json: &'j str) -> Self {
        Self { json, at: 0 }
    }

    /// Whether nothing follows.
    pub fn is_over(&mut self) -> bool {
        self.ahead().is_none()
    }

    /// Passes the next value.
    pub fn value(&mut self) -> Option<Found<'j>> {
        let first = self.ahead()?;
        let start = self.at;
        match first {
            b'"' => {
                if self.pass_text()? {
                    let text = self.json.get(start + 1..self.at - 1)?;
                    // Seen without a branch for each character.
                    let has_control = text.bytes().fold(false, |any, byte| any | (byte < b' '));
                    return (!has_control).then_some(Found::Text(text));
                }
            }
            b'{' | b'[' => self.pass_nested()?,
            _ => self.pass_plain(),
        }
        self.json.get(start..self.at).filter(|json| !json.is_empty()).map(Found::Json)
    }

    /// Passes an object: `take` is given each key, and passes the value behind it.
    pub fn entries(&mut self, mut take: impl FnMut(&mut Self, Cow<'j, str>) -> Option<()>) -> Option<()> {
        self.pass(b'{')?;
        if self.passes(b'}') {
            return Some(());
        }
        loop {
            let key = self.text()?;
            self.pass(b':')?;
            take(self, key)?;
            if self.passes(b'}') {
                return Some(());
            }
            self.pass(b',')?;
        }
    }

    /// Passes a list: `take` passes each of its values.
    pub fn elements(&mut self, mut take: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.pass(b'[')?;
        if self.passes(b']') {
            return Some(());
        }
        loop {
            take(self)?;
            if self.passes(b']') {
                return Some(());
            }
            self.pass(b',')?;
        }
    }

    fn text(&mut self) -> Option<Cow<'j, str>> {
        match self.value()? {
            Found::Text(text) => Some(Cow::Borrowed(text)),
            Found::Json(json) => serde_json::from_str::<String>(json).ok().map(Cow::Owned),
        }
    }

    /// The next sign that is no blank.
    fn ahead(&mut self) -> Option<u8> {
        loop {
            match *self.json.as_bytes().get(self.at)? {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                sign => return Some(sign),
            }
        }
    }

    /// Whether that sign is the next; it is passed.
    fn passes(&mut self, sign: u8) -> bool {
        let is_next = self.ahead() == Some(sign);
        self.at += usize::from(is_next);
        is_next
    }

    fn pass(&mut self, sign: u8) -> Option<()> {
        self.passes(sign).then_some(())
    }

    /// Passes a text; whether it has no escapes.
    fn pass_text(&mut self) -> Option<bool> {
        let json = self.json.as_bytes();
        let mut end = end_of_text(json, self.at + 1)?;
        let is_plain = json.get(end) == Some(&b'"');
        while json.get(end) != Some(&b'"') {
            // Behind a backslash stands one sign at least.
            end = end_of_text(json, end + 2)?;
        }
        self.at = end + 1;
        Some(is_plain)
    }

    /// Passes a list or an object.
    fn pass_nested(&mut self) -> Option<()> {
        let json = self.json.as_bytes();
        let mut open = 0_usize;
        loop {
            match *json.get(self.at)? {
                b'"' => {
                    self.pass_text()?;
                    continue;
                }
                b'{' | b'[' => open += 1,
                b'}' | b']' => open -= 1,
                _ => {}
            }
            self.at += 1;
            if open == 0 {
                return Some(());
            }
        }
    }

    /// Passes what is no text and has no parts.
    fn pass_plain(&mut self) {
        let is_inside = |sign: &&u8| !matches!(**sign, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
        let rest = self.json.as_bytes().get(self.at..).unwrap_or_default();
        self.at += rest.iter().take_while(is_inside).count();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use super::{Found, Scan};

    fn read(scan: &mut Scan<'_>, depth: usize) -> Option<Value> {
        let mut object = Map::new();
        let mut list = Vec::new();
        let mut one = None;
        let rest = scan.json[scan.at..].trim_start();
        if depth > 0 && rest.starts_with('{') {
            scan.entries(|scan, key| {
                object.insert(key.into_owned(), read(scan, depth - 1)?);
                Some(())
            })?;
            one = Some(Value::Object(object));
        } else if depth > 0 && rest.starts_with('[') {
            scan.elements(|scan| {
                list.push(read(scan, depth - 1)?);
                Some(())
            })?;
            one = Some(Value::Array(list));
        }
        match one {
            Some(value) => Some(value),
            None => scan.value()?.parsed(),
        }
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "[\"\\\\a{}\\[\\],:/ü\\x00-\\x20]{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 60, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec(("[\"\\\\a{]{0,3}", inner), 0..6)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_found_is_what_stands_there(value in any_value(), depth in 0_usize..5, is_pretty in any::<bool>()) {
            let json = if is_pretty { serde_json::to_string_pretty(&value).unwrap() } else { value.to_string() };
            let mut scan = Scan::new(&json);
            prop_assert_eq!(read(&mut scan, depth), Some(value));
            prop_assert!(scan.is_over());
        }

        #[test]
        fn whatever_is_scanned_the_scan_ends(json in "[\"\\\\a{}\\[\\],: \nü1]{0,30}") {
            let mut scan = Scan::new(&json);
            if read(&mut scan, 3).is_some() && scan.is_over() {
                prop_assert!(serde_json::from_str::<Value>(&json).is_ok(), "{}", json);
            }
        }
    }

    #[test]
    fn what_is_no_json_is_not_passed() {
        for json in [
            "",
            " ",
            "{",
            "[",
            "\"",
            "\"\\\"",
            "\"a\n\"",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{\"\t\":1}",
            "{1:2}",
            "[1,]",
            "[,1]",
            "[1 2]",
        ] {
            let mut scan = Scan::new(json);
            assert!(read(&mut scan, 2).is_none(), "{json}");
        }
        let mut scan = Scan::new("{} {");
        assert_eq!((scan.value(), scan.is_over()), (Some(Found::Json("{}")), false));
        assert_eq!(Scan::new(r#" "a\"b" "#).value().unwrap().parsed(), Some(json!("a\"b")));
    }
}
