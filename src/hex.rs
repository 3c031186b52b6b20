//! Bytes as hexadecimal digits, two for each, and their SHA-256 so written.

use std::fmt::Write as _;

use ring::digest::{SHA256, digest};

/// The bytes in lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut digits, byte| {
        // Writing into a text does not fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

/// The SHA-256 of the bytes, in 64 hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex(digest(&SHA256, bytes).as_ref())
}

#[cfg(test)]
mod tests {
    use super::hex;

    #[test]
    fn a_byte_has_two_digits_whatever_it_is() {
        assert_eq!(hex(&[0, 10, 255]), "000aff");
        assert_eq!(hex(&[]), "");
    }
}
