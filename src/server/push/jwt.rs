//! JSON Web Tokens (RFC 7519) in the compact form of RFC 7515 §3.1, signed with RS256 or ES256 (RFC 7518 §3.3, §3.4).
//! FCM exchanges an RS256 token for an access token; APNs takes an ES256 token with every request.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use rustls::pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
use serde_json::{Value, json};

/// Why a private key cannot sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwtKeyError {
    #[error("it holds no private key in PEM (PKCS #8, \"BEGIN PRIVATE KEY\")")]
    Pem,
    #[error("its private key is not RSA with 2048 to 8192 bits")]
    NotRsa,
    #[error("its private key is not on the curve P-256")]
    NotP256,
}

enum Pair {
    Rsa(Box<RsaKeyPair>),
    Ecdsa(Box<EcdsaKeyPair>),
}

/// A private key with the header of the tokens it signs.
pub struct JwtKey {
    pair: Pair,
    /// base64url of the JOSE header.
    header: String,
}

impl JwtKey {
    /// Reads an RSA key from PEM. `kid` becomes the header's key id if there is one.
    pub fn rs256(pem: &str, kid: Option<&str>) -> Result<Self, JwtKeyError> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| JwtKeyError::Pem)?;
        let pair = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).map_err(|_| JwtKeyError::NotRsa)?;
        Ok(Self::new(Pair::Rsa(Box::new(pair)), "RS256", kid))
    }

    /// Reads a P-256 key from PEM, as Apple's `.p8` files hold it.
    pub fn es256(pem: &str, kid: &str) -> Result<Self, JwtKeyError> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| JwtKeyError::Pem)?;
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.secret_pkcs8_der(), &SystemRandom::new())
                .map_err(|_| JwtKeyError::NotP256)?;
        Ok(Self::new(Pair::Ecdsa(Box::new(pair)), "ES256", Some(kid)))
    }

    fn new(pair: Pair, algorithm: &str, kid: Option<&str>) -> Self {
        let mut header = json!({ "alg": algorithm, "typ": "JWT" });
        if let Some(kid) = kid {
            header["kid"] = kid.into();
        }
        Self { pair, header: URL_SAFE_NO_PAD.encode(header.to_string()) }
    }

    /// Signs a set of claims. The result is header, claims and signature in base64url, separated by dots.
    pub fn sign(&self, random: &SystemRandom, claims: &Value) -> String {
        let signed = format!("{}.{}", self.header, URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = self.signature(random, signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn signature(&self, random: &SystemRandom, message: &[u8]) -> Vec<u8> {
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                // PKCS #1 v1.5 draws no random bytes for the signature itself, only for blinding.
                pair.sign(&RSA_PKCS1_SHA256, random, message, &mut signature)
                    .expect("a signature is as long as its modulus");
                signature
            }
            Pair::Ecdsa(pair) => {
                let signature = pair.sign(random, message);
                signature.expect("the operating system gives random bytes or nothing here is safe").as_ref().to_vec()
            }
        }
    }
}

/// Prints the header alone.
impl fmt::Debug for JwtKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtKey").field("header", &self.header).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "jwt_tests.rs"]
mod tests;
