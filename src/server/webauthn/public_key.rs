//! Public keys as SubjectPublicKeyInfo (RFC 5280 §4.1.2.7), of the three algorithms that are asked for (RFC 8812 §2,
//! RFC 9053 §2).

use ring::signature::{ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

/// AlgorithmIdentifiers with their tags and lengths: id-ecPublicKey with prime256v1 (RFC 5480 §2.1.1), rsaEncryption
/// with NULL (RFC 3279 §2.3.1), id-Ed25519 (RFC 8410 §3).
const P256: &[u8] = b"\x30\x13\x06\x07\x2A\x86\x48\xCE\x3D\x02\x01\x06\x08\x2A\x86\x48\xCE\x3D\x03\x01\x07";
const RSA: &[u8] = b"\x30\x0D\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x01\x01\x05\x00";
const EDWARDS: &[u8] = b"\x30\x05\x06\x03\x2B\x65\x70";

const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;

/// Longest key that is stored: RSA with 8,192 bits.
const LONGEST: usize = 1_200;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Es256,
    Rs256,
    EdDsa,
}

/// A key of one of the algorithms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    algorithm: Algorithm,
    /// The key in the form that `ring` takes: the content of the bit string.
    bytes: Vec<u8>,
}

impl PublicKey {
    /// Reads SubjectPublicKeyInfo in DER. `None` for any other key and for other bytes.
    pub fn parse(der: &[u8]) -> Option<Self> {
        if der.len() > LONGEST {
            return None;
        }
        let (info, rest) = value(der, SEQUENCE)?;
        let known = [(P256, Algorithm::Es256), (RSA, Algorithm::Rs256), (EDWARDS, Algorithm::EdDsa)];
        let (bits, algorithm) = known.iter().find_map(|(id, algorithm)| Some((info.strip_prefix(*id)?, *algorithm)))?;
        let (content, after) = value(bits, BIT_STRING)?;
        let (unused, key) = content.split_first()?;
        if !rest.is_empty() || !after.is_empty() || *unused != 0 {
            return None;
        }
        let has_its_form = match algorithm {
            // An uncompressed point (SEC 1 §2.3.3).
            Algorithm::Es256 => key.len() == 65 && key[0] == 4,
            Algorithm::EdDsa => key.len() == 32,
            // RSAPublicKey (RFC 8017 §A.1.1), of at least 2,048 bits.
            Algorithm::Rs256 => value(key, SEQUENCE).is_some_and(|(_, rest)| rest.is_empty()) && key.len() >= 256,
        };
        has_its_form.then(|| Self { algorithm, bytes: key.to_vec() })
    }

    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = self.bytes.as_slice();
        match self.algorithm {
            Algorithm::Es256 => UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key).verify(message, signature),
            Algorithm::Rs256 => UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key).verify(message, signature),
            Algorithm::EdDsa => UnparsedPublicKey::new(&ED25519, key).verify(message, signature),
        }
        .is_ok()
    }
}

/// The content of a DER value with this tag, and what follows it (X.690 §8.1). Lengths up to two bytes.
fn value(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7F => (usize::from(*first), rest),
        0x81 => {
            let (byte, rest) = rest.split_first()?;
            (usize::from(*byte), rest)
        }
        0x82 => {
            let (bytes, rest) = rest.split_first_chunk()?;
            (usize::from(u16::from_be_bytes(*bytes)), rest)
        }
        _ => return None,
    };
    (*found == tag).then_some(())?;
    rest.split_at_checked(length)
}
