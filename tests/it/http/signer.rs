//! A key of an identity provider, and tokens that it signs. The unit tests of the provider's tokens have it too.

#![allow(clippy::unwrap_used)]

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
    RsaPublicKeyComponents,
};
use serde_json::{Value, json};

/// A private key and its name.
pub struct Signer {
    id: String,
    pair: Pair,
}

enum Pair {
    Rsa(Box<RsaKeyPair>),
    P256(Box<EcdsaKeyPair>),
    Ed25519(Box<Ed25519KeyPair>),
}

pub fn encoded(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

impl Signer {
    /// One that signs by this algorithm.
    pub fn new(algorithm: &str, id: &str) -> Self {
        let random = SystemRandom::new();
        let pair = match algorithm {
            "RS256" => {
                let pair = RsaKeyPair::from_pkcs8(include_bytes!("certificates/provider.pk8"));
                Pair::Rsa(Box::new(pair.unwrap()))
            }
            "ES256" => {
                let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, made.as_ref(), &random);
                Pair::P256(Box::new(pair.unwrap()))
            }
            _ => {
                let made = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
                Pair::Ed25519(Box::new(Ed25519KeyPair::from_pkcs8(made.as_ref()).unwrap()))
            }
        };
        Self { id: id.to_owned(), pair }
    }

    fn algorithm(&self) -> &'static str {
        match self.pair {
            Pair::Rsa(_) => "RS256",
            Pair::P256(_) => "ES256",
            Pair::Ed25519(_) => "EdDSA",
        }
    }

    /// What the provider publishes of it.
    pub fn public(&self) -> Value {
        let mut told = match &self.pair {
            Pair::Rsa(pair) => {
                let RsaPublicKeyComponents { n, e } = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public());
                json!({"kty": "RSA", "n": encoded(n), "e": encoded(e)})
            }
            Pair::P256(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                json!({"kty": "EC", "crv": "P-256", "x": encoded(x), "y": encoded(y)})
            }
            Pair::Ed25519(pair) => json!({"kty": "OKP", "crv": "Ed25519", "x": encoded(pair.public_key().as_ref())}),
        };
        (told["kid"], told["use"], told["alg"]) = (json!(self.id), json!("sig"), json!(self.algorithm()));
        told
    }

    /// A token of these claims.
    pub fn token(&self, claims: &Value) -> String {
        let header = json!({"alg": self.algorithm(), "kid": self.id, "typ": "JWT"});
        self.signed(&header.to_string(), &claims.to_string())
    }

    /// A token whose parts are these, whatever they are.
    pub fn signed(&self, header: &str, claims: &str) -> String {
        let signed = format!("{}.{}", encoded(header), encoded(claims));
        let (random, message) = (SystemRandom::new(), signed.as_bytes());
        let signature = match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
                signature
            }
            Pair::P256(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        };
        format!("{signed}.{}", encoded(signature))
    }
}
