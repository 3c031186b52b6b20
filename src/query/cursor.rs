//! Cursors: where the next page of a list begins, bound to the list that it belongs to.

use std::fmt::Display;
use std::str::FromStr;

use erpnext_schema::Fingerprint;

/// The cursor of the page that begins at `start`, in the list that `query` describes.
pub fn write(start: impl Display, query: &str) -> String {
    format!("{start}-{}", Fingerprint::default().file("query", query).hex())
}

/// Where the page begins; nothing where the cursor is of another list or made up.
pub fn read<T: FromStr + Display>(cursor: &str, query: &str) -> Option<T> {
    let (start, _) = cursor.rsplit_once('-')?;
    let start = start.parse().ok()?;
    (write(&start, query) == cursor).then_some(start)
}

#[cfg(test)]
mod tests {
    use super::{read, write};

    #[test]
    fn a_cursor_is_good_for_its_own_list_only() {
        let cursor = write(40, "Customer by name");
        assert_eq!(read(&cursor, "Customer by name"), Some(40));
        assert_eq!(read::<u64>(&cursor, "Customer by territory"), None);
        assert_eq!(read::<u64>("60-0123", "Customer by name"), None);
        assert_eq!(read::<u64>("", "Customer by name"), None);
    }
}
