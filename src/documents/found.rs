//! A document as people find it: by its name, or by the title that stands over it.

use erpnext_schema::collation;
use serde_json::{Value, json};

/// A document, as people find it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// Its name, which links take.
    pub name: String,
    /// Its title, where it has one of its own.
    pub title: Option<String>,
}

impl Found {
    /// The two as a result shows them.
    pub fn shown(&self) -> Value {
        match self.own_title() {
            Some(title) => json!({"name": self.name, "title": title}),
            None => json!({"name": self.name}),
        }
    }

    /// The title, where the name does not begin with it.
    fn own_title(&self) -> Option<&str> {
        let begins = |title: &&str| self.name.strip_prefix(*title).is_some_and(|rest| rest.starts_with(" - "));
        self.title.as_deref().filter(|title| !begins(title))
    }

    /// The name, with the title beside it.
    pub fn with_title(&self) -> String {
        match self.own_title() {
            Some(title) => format!("{:?} ({title})", self.name),
            None => format!("{:?}", self.name),
        }
    }

    /// Whether the text is its name or title, as the site's database compares.
    pub fn is_called(&self, text: &str) -> bool {
        self.is_named(text) || self.title.as_ref().is_some_and(|title| same(title, text))
    }

    /// Whether a word of its name or title begins so.
    pub fn has_word(&self, word: &str) -> bool {
        let words = |text: &str| text.split(|c: char| !c.is_alphanumeric()).map(collation::fold).collect::<Vec<_>>();
        let word = collation::fold(word);
        let texts = [Some(&self.name), self.title.as_ref()].into_iter().flatten();
        texts.flat_map(|text| words(text)).any(|own| own.starts_with(&word))
    }

    /// Whether the text is its name.
    pub fn is_named(&self, text: &str) -> bool {
        same(&self.name, text)
    }
}

fn same(a: &str, b: &str) -> bool {
    collation::same(a.trim(), b.trim())
}

#[cfg(test)]
mod tests {
    use super::Found;

    #[test]
    fn words_are_those_that_the_database_takes_for_the_same() {
        let found = Found { name: "CUST-1".to_owned(), title: Some("Café Straße".to_owned()) };
        assert!(["cafe", "CAFÉ", "Strasse", "cust"].iter().all(|word| found.has_word(word)));
        assert!(!found.has_word("fé"));
    }
}
