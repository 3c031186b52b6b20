//! What leaves this program or is kept is sealed: nobody else reads it, nobody changes it, and it is good for one purpose.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The system has no randomness to give.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the system gives no random numbers")]
pub struct NoRandomness;

/// Seals and opens.
pub struct Sealer {
    key: LessSafeKey,
    random: SystemRandom,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealer").finish_non_exhaustive()
    }
}

impl Sealer {
    /// With this key, else with one of its own.
    ///
    /// # Errors
    /// No randomness.
    pub fn new(key: Option<[u8; 32]>) -> Result<Self, NoRandomness> {
        let random = SystemRandom::new();
        let key = match key {
            Some(key) => key,
            None => {
                let mut key = [0; 32];
                random.fill(&mut key).map_err(|_| NoRandomness)?;
                key
            }
        };
        let key = UnboundKey::new(&AES_256_GCM, &key).map_err(|_| NoRandomness)?;
        Ok(Self { key: LessSafeKey::new(key), random })
    }

    /// Seals a value for a purpose: bytes that no two times are the same.
    ///
    /// # Errors
    /// No randomness.
    pub fn seal(&self, purpose: &str, value: &impl Serialize) -> Result<Vec<u8>, NoRandomness> {
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).map_err(|_| NoRandomness)?;
        let mut text = serde_json::to_vec(value).map_err(|_| NoRandomness)?;
        let aad = Aad::from(purpose.as_bytes());
        let nonced = Nonce::assume_unique_for_key(nonce);
        self.key.seal_in_place_append_tag(nonced, aad, &mut text).map_err(|_| NoRandomness)?;
        Ok([nonce.as_slice(), &text].concat())
    }

    /// What was sealed for this purpose; none for anything else.
    pub fn open<T: DeserializeOwned>(&self, purpose: &str, sealed: &[u8]) -> Option<T> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = text.to_vec();
        let plain = self.key.open_in_place(nonce, Aad::from(purpose.as_bytes()), &mut text).ok()?;
        serde_json::from_slice(plain).ok()
    }

    /// The same as text for addresses and forms.
    ///
    /// # Errors
    /// No randomness.
    pub fn seal_text(&self, purpose: &str, value: &impl Serialize) -> Result<String, NoRandomness> {
        Ok(BASE64_URL_SAFE_NO_PAD.encode(self.seal(purpose, value)?))
    }

    /// What such a text holds.
    pub fn open_text<T: DeserializeOwned>(&self, purpose: &str, text: &str) -> Option<T> {
        self.open(purpose, &BASE64_URL_SAFE_NO_PAD.decode(text).ok()?)
    }

    /// A text that nobody guesses: 256 bits.
    ///
    /// # Errors
    /// No randomness.
    pub fn secret(&self) -> Result<String, NoRandomness> {
        let mut bytes = [0; 32];
        self.random.fill(&mut bytes).map_err(|_| NoRandomness)?;
        Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }
}

/// The SHA-256 of a text: secrets are known by it, and kept nowhere.
pub fn hash(text: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    hash
}

/// The challenge that a verifier answers (PKCE, S256).
pub fn challenge(verifier: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(hash(verifier))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_its_key_for_its_purpose_and_unchanged() {
        let (one, other) = (Sealer::new(Some([7; 32])).unwrap(), Sealer::new(None).unwrap());
        let sealed = one.seal("grant", &"canary").unwrap();
        assert!(!String::from_utf8_lossy(&sealed).contains("canary"));
        assert_ne!(sealed, one.seal("grant", &"canary").unwrap());
        assert_eq!(one.open::<String>("grant", &sealed).as_deref(), Some("canary"));
        assert_eq!(Sealer::new(Some([7; 32])).unwrap().open::<String>("grant", &sealed).as_deref(), Some("canary"));
        assert_eq!(one.open::<String>("code", &sealed), None);
        assert_eq!(other.open::<String>("grant", &sealed), None);
        for at in [0, NONCE_LEN, sealed.len() - 1] {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(one.open::<String>("grant", &changed), None);
        }
        assert_eq!(one.open::<String>("grant", b"short"), None);
    }

    #[test]
    fn a_challenge_is_that_of_the_specification() {
        // RFC 7636, appendix B.
        assert_eq!(
            challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }
}
