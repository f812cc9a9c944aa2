//! A provider's public keys (RFC 7517) and the two signatures that are accepted (RFC 7518 §3.3, §3.4).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::signature::{ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;
use serde_json::Value;

use super::refusal::Refusal;

/// Providers publish two to five keys.
const MOST_KEYS: usize = 50;

/// The algorithms of RFC 7518 that are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    Rs256,
    Es256,
}

impl Algorithm {
    /// `None` for all others, `none` and the HS family among them.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "RS256" => Some(Self::Rs256),
            "ES256" => Some(Self::Es256),
            _ => None,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Material {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// An uncompressed point (SEC 1 §2.3.3).
    P256(Vec<u8>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    kid: Option<String>,
    material: Material,
}

/// The keys that sign a provider's ID tokens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys(Vec<Key>);

#[derive(Deserialize)]
struct StoredSet {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Stored {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Keys {
    /// Reads a set of keys. A key of another kind or purpose is left out (RFC 7517 §5).
    pub fn parse(bytes: &[u8]) -> Result<Self, &'static str> {
        let set: StoredSet = serde_json::from_slice(bytes).map_err(|_| "the keys are not a set of keys")?;
        Ok(Self(set.keys.into_iter().take(MOST_KEYS).filter_map(Key::parse).collect()))
    }

    /// Checks a signature. Without a key id there must be one key of the kind.
    pub fn verify(
        &self,
        algorithm: Algorithm,
        kid: Option<&str>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Refusal> {
        let fits = |key: &&Key| key.algorithm() == algorithm && (kid.is_none() || key.kid.as_deref() == kid);
        let mut fitting = self.0.iter().filter(fits);
        let key = fitting.next().ok_or(Refusal::KeyUnknown)?;
        if fitting.next().is_some() {
            return Err(Refusal::KeyUnknown);
        }
        let verified = match &key.material {
            Material::Rsa { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
            Material::P256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature),
        };
        verified.map_err(|_| Refusal::Signature)
    }
}

impl Key {
    fn parse(value: Value) -> Option<Self> {
        let stored: Stored = serde_json::from_value(value).ok()?;
        let bytes = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_deref()?).ok();
        let material = match (stored.kty.as_str(), stored.crv.as_deref()) {
            ("RSA", _) => Material::Rsa { n: bytes(&stored.n)?, e: bytes(&stored.e)? },
            ("EC", Some("P-256")) => {
                let (x, y) = (bytes(&stored.x)?, bytes(&stored.y)?);
                if x.len() != 32 || y.len() != 32 {
                    return None;
                }
                Material::P256([&[4], x.as_slice(), y.as_slice()].concat())
            }
            _ => return None,
        };
        let key = Self { kid: stored.kid, material };
        let is_for_this = stored.purpose.is_none_or(|purpose| purpose == "sig")
            && stored.alg.is_none_or(|alg| alg == key.algorithm().word());
        is_for_this.then_some(key)
    }

    fn algorithm(&self) -> Algorithm {
        match self.material {
            Material::Rsa { .. } => Algorithm::Rs256,
            Material::P256(_) => Algorithm::Es256,
        }
    }
}
