//! Parameters by name, from a query or a form.

use std::collections::BTreeMap;

/// The parameters of one request.
#[derive(Default)]
pub struct Form {
    pairs: BTreeMap<String, String>,
    twice: bool,
}

impl Form {
    /// Reads `a=1&b=2`.
    pub fn parse(text: &str) -> Self {
        let mut form = Self::default();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let plain = |part: &str| {
                let part = part.replace('+', " ");
                percent_encoding::percent_decode_str(&part).decode_utf8_lossy().into_owned()
            };
            form.twice |= form.pairs.insert(plain(name), plain(value)).is_some();
        }
        form
    }

    /// A parameter; one without a value counts as not sent.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Whether one was sent twice: two readers could take two values for it.
    pub fn has_one_twice(&self) -> bool {
        self.twice
    }
}
