//! Where in the text of a configuration each key stands.

use super::error::ConfigError;

/// Gives each error the lines on which its key stands in the text, and puts them in its order; what stands nowhere comes last.
pub(super) fn locate(errors: &mut [ConfigError], text: &str) {
    let mut found = Vec::new();
    let mut scan = Scan { rest: text.char_indices().peekable(), text, line: 1 };
    scan.value(String::new(), &mut found);
    for error in errors.iter_mut().filter(|error| !error.place.is_empty()) {
        error.lines = found.iter().filter(|(path, _)| *path == error.place).map(|(_, line)| *line).collect();
        error.lines.dedup();
    }
    errors.sort_by_key(|error| error.lines.first().copied().unwrap_or(usize::MAX));
}

/// Goes over text that parsed as JSON; on any other it ends early.
struct Scan<'a> {
    rest: std::iter::Peekable<std::str::CharIndices<'a>>,
    text: &'a str,
    line: usize,
}

impl Scan<'_> {
    /// The next character that is no space.
    fn peek(&mut self) -> Option<char> {
        while let Some((_, c)) = self.rest.peek().copied() {
            match c {
                '\n' => self.line += 1,
                '\u{feff}' => {}
                c if c.is_ascii_whitespace() => {}
                c => return Some(c),
            }
            self.rest.next();
        }
        None
    }

    fn take(&mut self, wanted: char) -> bool {
        self.peek() == Some(wanted) && self.rest.next().is_some()
    }

    fn value(&mut self, path: String, found: &mut Vec<(String, usize)>) {
        match self.peek() {
            Some('{') => {
                self.rest.next();
                while self.peek() == Some('"') {
                    let key = self.string();
                    let path = super::json::join(&path, &key);
                    found.push((path.clone(), self.line));
                    if !self.take(':') {
                        return;
                    }
                    self.value(path, found);
                    if !self.take(',') {
                        break;
                    }
                }
                self.take('}');
            }
            Some('[') => {
                self.rest.next();
                for at in 0.. {
                    if self.peek().is_none_or(|c| c == ']') {
                        break;
                    }
                    let path = format!("{path}[{at}]");
                    found.push((path.clone(), self.line));
                    self.value(path, found);
                    if !self.take(',') {
                        break;
                    }
                }
                self.take(']');
            }
            Some('"') => drop(self.string()),
            _ => while self.rest.next_if(|(_, c)| c.is_ascii_alphanumeric() || "+-.".contains(*c)).is_some() {},
        }
    }

    /// The text of a string, which begins here.
    fn string(&mut self) -> String {
        let start = self.rest.peek().map_or(self.text.len(), |(at, _)| *at);
        self.rest.next();
        while let Some((at, c)) = self.rest.next() {
            match c {
                '\\' => drop(self.rest.next()),
                '"' => return serde_json::from_str(&self.text[start..=at]).unwrap_or_default(),
                _ => {}
            }
        }
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::{ConfigError, locate};

    #[test]
    fn a_key_is_found_on_its_line_one_that_stands_twice_on_both_and_errors_come_in_the_order_of_the_file() {
        let text = "\u{feff}{\n  \"a\": {\"b\\\"\": [1,\n    {\"c\": \"x\\\\\"}], \"d\": null},\n  \"e\": -1.5e3,\n  \"e\": true\n}";
        let mut errors: Vec<ConfigError> =
            ["f", "a", "e", "a.b\"[1].c", "a.d", ""].map(|place| ConfigError::new(place, "")).into();
        locate(&mut errors, text);
        let lines: Vec<&[usize]> = errors.iter().map(|error| error.lines.as_slice()).collect();
        assert_eq!(lines, [&[2][..], &[3], &[3], &[4, 5], &[], &[]]);
        let places: Vec<&str> = errors.iter().map(|error| error.place.as_str()).collect();
        assert_eq!(places, ["a", "a.b\"[1].c", "a.d", "e", "f", ""]);
    }
}
