//! Names with `*` in them: which of the site's names a list in the configuration means.

use std::fmt;

/// A name in which each `*` stands for any text. Everything else stands for itself, upper and lower case apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pattern(String);

impl Pattern {
    /// The pattern that a text writes.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Whether it means one name alone.
    pub fn is_name(&self) -> bool {
        !self.0.contains('*')
    }

    /// Whether the name is meant.
    pub fn matches(&self, name: &str) -> bool {
        let Some((first, rest)) = self.0.split_once('*') else { return self.0 == name };
        let Some(mut left) = name.strip_prefix(first) else { return false };
        let mut parts = rest.split('*').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                return left.ends_with(part);
            }
            match left.find(part) {
                Some(at) => left = &left[at + part.len()..],
                None => return false,
            }
        }
        true
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn a_star_stands_for_any_text_and_the_rest_for_itself() {
        let holds = [
            ("*", ""),
            ("*", "Stock Ledger"),
            ("Stock*", "Stock Ledger"),
            ("*Ledger", "General Ledger"),
            ("A*c*e", "Accounts Receivable"),
            ("Accounts *able", "Accounts Payable"),
            ("Stock Ledger", "Stock Ledger"),
        ];
        for (pattern, name) in holds {
            assert!(Pattern::new(pattern).matches(name), "{pattern} means {name}");
        }
        let fails = [
            ("Stock*", "stock ledger"),
            ("Stock", "Stock Ledger"),
            ("*Ledger", "Ledger Summary"),
            ("ab*ba", "aba"),
            ("", "Stock Ledger"),
        ];
        for (pattern, name) in fails {
            assert!(!Pattern::new(pattern).matches(name), "{pattern} does not mean {name}");
        }
    }
}
