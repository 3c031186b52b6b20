//! JSON that is written as long as it is no longer than it may be.

use std::io;

use serde_json::Value;

/// The value's JSON, if it is no longer than that many bytes.
pub fn written(value: &Value, most: usize) -> Option<String> {
    let mut written = Written { json: Vec::with_capacity(most.min(4 << 10)), most };
    serde_json::to_writer(&mut written, value).ok()?;
    String::from_utf8(written.json).ok()
}

/// Takes so many bytes, and no more.
struct Written {
    json: Vec<u8>,
    most: usize,
}

impl io::Write for Written {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        self.write_all(more).map(|()| more.len())
    }

    fn write_all(&mut self, more: &[u8]) -> io::Result<()> {
        if more.len() > self.most - self.json.len() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.json.extend_from_slice(more);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
