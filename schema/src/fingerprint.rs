//! One number over many texts, to tell whether the snapshot and what was generated from it still belong together.

/// FNV-1a over names and texts: stable across machines and releases, not meant against an attacker.
#[derive(Clone, Copy, Debug)]
pub struct Fingerprint(u64);

impl Default for Fingerprint {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fingerprint {
    /// Adds one file; the order of the files counts.
    #[must_use]
    pub fn file(self, name: &str, text: &str) -> Self {
        let bytes = name.bytes().chain([0]).chain(text.bytes()).chain([0]);
        Self(bytes.fold(self.0, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)))
    }

    /// Sixteen hexadecimal digits.
    pub fn hex(self) -> String {
        format!("{:016x}", self.0)
    }
}
