//! Bytes of a text, of which eight are looked at in one step.

const EACH: u64 = 0x0101_0101_0101_0101;

/// Whether there is a byte of a kind: of eight, `found` leaves a bit where one is, and none where none is. A space is of none.
pub fn has(bytes: &[u8], found: impl Fn(u64) -> u64) -> bool {
    let (eights, rest) = bytes.as_chunks::<8>();
    let mut last = [b' '; 8];
    last[..rest.len()].copy_from_slice(rest);
    let last = found(u64::from_ne_bytes(last));
    // To the end without a branch: most texts have none.
    eights.iter().fold(last, |all, eight| all | found(u64::from_ne_bytes(*eight))) != 0
}

/// A bit where a byte is less than that, which is at most 128, and none where none is.
pub const fn less(bytes: u64, than: u8) -> u64 {
    bytes.wrapping_sub(EACH * than as u64) & !bytes & (EACH * 0x80)
}

/// The same where a byte is that one.
pub const fn equal(bytes: u64, byte: u8) -> u64 {
    less(bytes ^ (EACH * byte as u64), 1)
}

/// The same where a byte is none of ASCII.
pub const fn beyond_ascii(bytes: u64) -> u64 {
    bytes & (EACH * 0x80)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A kind of bytes: of eight at once, and of one.
    type Kind = (fn(u64) -> u64, fn(u8) -> bool);

    #[test]
    fn a_byte_is_found_wherever_it_stands_among_whatever_others() {
        let kinds: [Kind; 4] = [
            (|bytes| less(bytes, 0x20), |byte| byte < 0x20),
            (|bytes| equal(bytes, b'"'), |byte| byte == b'"'),
            (|bytes| equal(bytes, 0x7f), |byte| byte == 0x7f),
            (beyond_ascii, |byte| byte > 0x7f),
        ];
        for (found, is) in kinds {
            for byte in 0..=255 {
                for (length, place) in [(1, 0), (7, 3), (8, 0), (8, 7), (20, 5), (20, 15), (20, 19)] {
                    for other in [b' ', b'!', b'~'] {
                        let mut text = vec![other; length];
                        text[place] = byte;
                        assert_eq!(has(&text, found), is(byte), "{byte} at {place} of {length}");
                    }
                }
            }
        }
    }
}
