//! The id of a request that cannot be parsed, so that it can be answered: looked for in the bytes as they come, without
//! keeping them.

use serde::de::IgnoredAny;

/// The longest key or id that is kept, in bytes.
const LONGEST: usize = 256;

/// Looks for the `id` of the outermost object.
#[derive(Default)]
pub struct Skim {
    depth: usize,
    /// Within quotes; whether the next byte is escaped.
    text: Option<bool>,
    /// The bytes of the last text or number of the outermost object, as they stand there.
    token: Vec<u8>,
    /// Whether the token is the value of `id`.
    is_id: bool,
    id: Option<String>,
}

impl Skim {
    /// Takes the next bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.take(*byte));
    }

    /// The id as it stands there, where one was found: a text or a number, of whatever size.
    pub fn id(self) -> Option<String> {
        self.id
    }

    fn take(&mut self, byte: u8) {
        if let Some(is_escaped) = self.text {
            self.keep(byte);
            self.text = match byte {
                b'"' if !is_escaped => None,
                b'\\' => Some(!is_escaped),
                _ => Some(false),
            };
            return;
        }
        match byte {
            b'"' => {
                self.text = Some(false);
                self.token.clear();
                self.keep(byte);
            }
            b'{' | b'[' => {
                self.depth += 1;
                (self.is_id, self.token) = (false, Vec::new());
            }
            b':' if self.depth == 1 => {
                self.is_id = self.token == b"\"id\"";
                self.token.clear();
            }
            b',' | b'}' | b']' => {
                if self.depth == 1 && self.is_id && self.id.is_none() {
                    self.id = id(&self.token);
                }
                self.depth -= usize::from(byte != b',' && self.depth > 0);
                self.is_id = false;
                self.token.clear();
            }
            byte if byte.is_ascii_whitespace() => {}
            _ => self.keep(byte),
        }
    }

    fn keep(&mut self, byte: u8) {
        if self.depth == 1 && self.token.len() < LONGEST {
            self.token.push(byte);
        }
    }
}

/// The token, if it is one that an id may be.
fn id(token: &[u8]) -> Option<String> {
    let is_whole = token.len() < LONGEST && serde_json::from_slice::<IgnoredAny>(token).is_ok();
    let is_id = is_whole && matches!(token.first(), Some(b'"' | b'-' | b'0'..=b'9'));
    is_id.then(|| String::from_utf8(token.to_vec()).ok())?
}

#[cfg(test)]
mod tests {
    use super::Skim;

    fn id(line: &str) -> Option<String> {
        let mut skim = Skim::default();
        // In pieces, as a long line comes.
        line.as_bytes().chunks(3).for_each(|piece| skim.add(piece));
        skim.id()
    }

    #[test]
    fn the_id_is_found_wherever_it_stands_and_whatever_else_is_broken() {
        let number = Some("7".to_owned());
        for line in [
            r#"{"jsonrpc":"2.0","id":7,"method":"x","params":{"a":"\ud800"}}"#,
            r#"{"params":{"id":1,"a":[{"id":2}],"s":"\",\"id\":3"},"n":1e400, "id" : 7 }"#,
            r#"{"id":7,"params":[[[["#,
            r#"{"params":{"a":tru},"id":7}"#,
        ] {
            assert_eq!(id(line), number, "{line}");
        }
        for exact in ["\"a-1\"", "\"\\ud800\"", "1.5", "-7", "1e400", "123456789012345678901234567890"] {
            assert_eq!(id(&format!(r#"{{"x":1,"id":{exact}}}"#)).as_deref(), Some(exact));
        }
    }

    #[test]
    fn what_is_no_id_is_none() {
        let long = format!(r#"{{"id":"{}"}}"#, "x".repeat(1_000));
        for line in [
            "",
            "x",
            r#"{"id":null}"#,
            r#"{"id":{"id":7}}"#,
            r#"{"a":{"id":7}}"#,
            r#"["id",7]"#,
            r#""id":7,"#,
            r#"{"id":7x}"#,
            &long,
        ] {
            assert_eq!(id(line), None, "{line}");
        }
    }
}
