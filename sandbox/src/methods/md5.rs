//! MD5: the hash by which the site knows that two uploads hold the same bytes.

use ::md5::{Digest, Md5};

/// The digest as 32 hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::hex;

    #[test]
    fn the_digests_are_those_of_the_rfc_and_of_the_recorded_files() {
        assert_eq!(hex(b""), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(hex(b"message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
        assert_eq!(hex("1234567890".repeat(8).as_bytes()), "57edf4a22be3c955ac49da2e2107b67a");
        assert_eq!(hex(b"hello"), "5d41402abc4b2a76b9719d911017c592");
        assert_eq!(hex(b"hello file"), "cf0be5077e7ed25a944c353d77df0f10");
    }
}
