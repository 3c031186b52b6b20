//! The keys of an identity provider, read from what it publishes (RFC 7517). Each has the one algorithm that its kind is for, so
//! that no token can choose another.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde_json::Value;

use crate::config::Algorithm;

/// The most keys that are read.
const MOST: usize = 64;

/// A public key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Key {
    /// Its name in the header of tokens.
    pub id: String,
    public: Public,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Public {
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// A point, uncompressed.
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

/// The keys of a set with which tokens are verified here.
pub fn keys(set: &Value) -> Vec<Key> {
    stated(set).filter_map(Key::read).take(MOST).collect()
}

/// Whether it is a set of keys, of which there may be none.
pub fn is_set(told: &Value) -> bool {
    told["keys"].is_array()
}

/// Whether a key would do if it had a name.
pub fn has_nameless(set: &Value) -> bool {
    stated(set).any(|told| told["kid"].as_str().is_none() && Public::read(told).is_some())
}

fn stated(set: &Value) -> impl Iterator<Item = &Value> {
    set["keys"].as_array().into_iter().flatten()
}

impl Public {
    /// One that is for verifying, by the algorithm of its kind.
    fn read(told: &Value) -> Option<Self> {
        let text = |name: &str| told[name].as_str();
        let bytes = |name: &str| BASE64_URL_SAFE_NO_PAD.decode(text(name)?).ok();
        let coordinate = |name: &str| bytes(name).filter(|bytes| bytes.len() == 32);
        let public = match (text("kty")?, text("crv")) {
            ("RSA", _) => Self::Rsa { modulus: number(bytes("n")?), exponent: number(bytes("e")?) },
            ("EC", Some("P-256")) => Self::P256([vec![4], coordinate("x")?, coordinate("y")?].concat()),
            ("OKP", Some("Ed25519")) => Self::Ed25519(coordinate("x")?),
            _ => return None,
        };
        let signs = told.get("use").is_none_or(|purpose| purpose == "sig")
            && told
                .get("key_ops")
                .is_none_or(|all| all.as_array().is_some_and(|all| all.iter().any(|one| one == "verify")))
            && told.get("alg").is_none_or(|algorithm| algorithm == public.algorithm().as_str());
        signs.then_some(public)
    }

    fn algorithm(&self) -> Algorithm {
        match self {
            Self::Rsa { .. } => Algorithm::Rs256,
            Self::P256(_) => Algorithm::Es256,
            Self::Ed25519(_) => Algorithm::EdDsa,
        }
    }
}

impl Key {
    fn read(told: &Value) -> Option<Self> {
        Some(Self { id: told["kid"].as_str()?.to_owned(), public: Public::read(told)? })
    }

    /// The algorithm that its kind is for.
    pub fn algorithm(&self) -> Algorithm {
        self.public.algorithm()
    }

    /// Whether its owner signed this.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let verified = match &self.public {
            Public::Rsa { modulus, exponent } => RsaPublicKeyComponents { n: modulus, e: exponent }.verify(
                &RSA_PKCS1_2048_8192_SHA256,
                message,
                signature,
            ),
            Public::P256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature),
            Public::Ed25519(point) => UnparsedPublicKey::new(&ED25519, point).verify(message, signature),
        };
        verified.is_ok()
    }
}

/// A number without zeros before it.
fn number(bytes: Vec<u8>) -> Vec<u8> {
    bytes.into_iter().skip_while(|byte| *byte == 0).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_keys_that_sign_by_an_algorithm_of_their_kind_are_read() {
        let point = "A".repeat(43);
        let good = json!({"kid": "1", "kty": "OKP", "crv": "Ed25519", "x": point, "use": "sig", "alg": "EdDSA"});
        assert_eq!(keys(&json!({"keys": [good]})).len(), 1);
        for (name, value) in [
            ("kid", Value::Null),
            ("kty", json!("oct")),
            ("crv", json!("X25519")),
            ("x", json!("AAAA")),
            ("x", json!("not base64!")),
            ("use", json!("enc")),
            ("key_ops", json!(["sign"])),
            ("alg", json!("HS256")),
            ("alg", json!("RS256")),
        ] {
            let mut bad = good.clone();
            bad[name] = value.clone();
            let set = json!({"keys": [bad]});
            assert!(keys(&set).is_empty() && has_nameless(&set) == (name == "kid"), "{name}: {value}");
        }
        assert!(keys(&json!({"keys": "none"})).is_empty() && keys(&Value::Null).is_empty());
        assert_eq!(keys(&json!({"keys": vec![good; MOST + 1]})).len(), MOST);
    }
}
