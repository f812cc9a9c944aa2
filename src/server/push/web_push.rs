//! Message encryption for Web Push: RFC 8291 on the `aes128gcm` content coding of RFC 8188. The push service cannot
//! read the message.

use std::fmt;

use base64::{
    DecodeSliceError, Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::URL_SAFE_NO_PAD},
};
use ring::{
    aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    agreement::{self, ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey},
    hkdf,
    rand::{SecureRandom, SystemRandom},
};

/// The longest plaintext of one message, in bytes: a body of 4096 without header, delimiter and tag (RFC 8291 §4).
pub const MAX_PLAINTEXT: usize = 3993;
/// Plaintext and delimiter are padded to a multiple of this many bytes, so that the length of a body reveals little
/// about its text.
pub const STEP: usize = 256;

const PUBLIC_KEY: usize = 65;
const AUTH: usize = 16;
const SALT: usize = 16;
const TAG: usize = 16;
/// Salt, record size, the length of the key id, and as the key id the sender's public key (RFC 8188 §2.1).
const HEADER: usize = SALT + 4 + 1 + PUBLIC_KEY;
const RECORD_SIZE: u32 = 4096;
/// Ends the plaintext of the last record; zeros follow (RFC 8188 §2).
const LAST_DELIMITER: u8 = 2;

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);

/// Why a subscription's keys cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("a key of the subscription is not base64url")]
    Encoding,
    #[error("a key of the subscription has the wrong length")]
    Length,
    #[error("the public key of the subscription is no point of P-256")]
    Point,
}

/// Why a message cannot be encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EncryptError {
    #[error("the message is longer than {MAX_PLAINTEXT} bytes")]
    TooLong,
    #[error("the receiver's public key is no point of P-256")]
    Point,
    #[error("the operating system gives no random bytes")]
    Random,
}

/// The two keys of a subscription: the receiver's public key (an uncompressed point of P-256) and its shared secret.
#[derive(Clone, PartialEq, Eq)]
pub struct ReceiverKeys {
    p256dh: [u8; PUBLIC_KEY],
    auth: [u8; AUTH],
}

impl ReceiverKeys {
    /// Reads what `PushSubscription.toJSON()` gives, in either alphabet of RFC 4648, with or without padding.
    pub fn parse(p256dh: &str, auth: &str) -> Result<Self, KeyError> {
        let keys = Self::stored(p256dh, auth)?;
        // ring checks whether the point is on the curve during an agreement only (NIST SP 800-56A §5.6.2.3).
        let probe = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new()).map_err(|_| KeyError::Point)?;
        agreement::agree_ephemeral(probe, &keys.public_key(), |_| ()).map_err(|_| KeyError::Point)?;
        Ok(keys)
    }

    /// Reads stored keys, which `parse` accepted before. The point is not checked again, because the check takes three
    /// quarters of the time of an encryption, which includes it.
    pub fn stored(p256dh: &str, auth: &str) -> Result<Self, KeyError> {
        Ok(Self { p256dh: decode(p256dh)?, auth: decode(auth)? })
    }

    /// base64url without padding, 87 characters.
    pub fn p256dh_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.p256dh)
    }

    /// base64url without padding, 22 characters.
    pub fn auth_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.auth)
    }

    fn public_key(&self) -> UnparsedPublicKey<&[u8]> {
        UnparsedPublicKey::new(&ECDH_P256, &self.p256dh)
    }
}

/// Prints nothing of the keys: anybody who has them can write to the device.
impl fmt::Debug for ReceiverKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceiverKeys").finish_non_exhaustive()
    }
}

fn decode<const N: usize>(text: &str) -> Result<[u8; N], KeyError> {
    let engine = if text.contains(['+', '/']) { STANDARD } else { URL_SAFE };
    let mut bytes = [0; N];
    match engine.decode_slice(text, &mut bytes) {
        Ok(length) if length == N => Ok(bytes),
        Ok(_) | Err(DecodeSliceError::OutputSliceTooSmall) => Err(KeyError::Length),
        Err(DecodeSliceError::DecodeError(_)) => Err(KeyError::Encoding),
    }
}

/// The body of a push message, at most 4096 bytes, with a key pair and a salt of its own.
pub fn encrypt(random: &dyn SecureRandom, keys: &ReceiverKeys, plaintext: &[u8]) -> Result<Vec<u8>, EncryptError> {
    if plaintext.len() > MAX_PLAINTEXT {
        return Err(EncryptError::TooLong);
    }
    let mut salt = [0; SALT];
    random.fill(&mut salt).map_err(|_| EncryptError::Random)?;
    let sender = EphemeralPrivateKey::generate(&ECDH_P256, random).map_err(|_| EncryptError::Random)?;
    let sender_public = sender.compute_public_key().expect("a key that was just made has a public half");
    let padding = padding(plaintext.len());
    agreement::agree_ephemeral(sender, &keys.public_key(), |ecdh_secret| {
        seal(ecdh_secret, keys, sender_public.as_ref(), &salt, plaintext, padding)
    })
    .map_err(|_| EncryptError::Point)
}

/// How many zeros follow the delimiter: up to the next step, as far as the body's 4096 bytes allow.
fn padding(plaintext: usize) -> usize {
    let content = plaintext + 1;
    content.next_multiple_of(STEP).min(MAX_PLAINTEXT + 1) - content
}

/// Builds the header and the single record. It is pure, so that a test can compare it with RFC 8291's appendix.
fn seal(
    ecdh_secret: &[u8],
    keys: &ReceiverKeys,
    sender_public: &[u8],
    salt: &[u8; SALT],
    plaintext: &[u8],
    padding: usize,
) -> Vec<u8> {
    let content = plaintext.len() + 1 + padding;
    let mut body = Vec::with_capacity(HEADER + content + TAG);
    body.extend_from_slice(salt);
    body.extend_from_slice(&RECORD_SIZE.to_be_bytes());
    body.push(PUBLIC_KEY as u8);
    body.extend_from_slice(sender_public);
    body.extend_from_slice(plaintext);
    body.push(LAST_DELIMITER);
    body.resize(HEADER + content, 0);

    let (cek, nonce) = content_keys(&input_key(ecdh_secret, keys, sender_public), salt);
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &cek).expect("AES-128 takes 16 bytes"));
    // The only record has number 0, which leaves the nonce as it is (RFC 8188 §2.3).
    let nonce = Nonce::assume_unique_for_key(nonce);
    let tag = key
        .seal_in_place_separate_tag(nonce, Aad::empty(), &mut body[HEADER..])
        .expect("4 KiB are far below what AES-GCM takes");
    body.extend_from_slice(tag.as_ref());
    body
}

/// IKM: both public keys and the shared secret mixed into what was agreed (RFC 8291 §3.4).
fn input_key(ecdh_secret: &[u8], keys: &ReceiverKeys, sender_public: &[u8]) -> [u8; 32] {
    let prk_key = hkdf::Salt::new(hkdf::HKDF_SHA256, &keys.auth).extract(ecdh_secret);
    expand(&prk_key, &[b"WebPush: info\0", &keys.p256dh, sender_public])
}

/// The content encryption key and the nonce of one message (RFC 8188 §2.2, §2.3).
fn content_keys(input_key: &[u8; 32], salt: &[u8; SALT]) -> ([u8; 16], [u8; 12]) {
    let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(input_key);
    (expand(&prk, &[b"Content-Encoding: aes128gcm\0"]), expand(&prk, &[b"Content-Encoding: nonce\0"]))
}

fn expand<const N: usize>(key: &hkdf::Prk, info: &[&[u8]]) -> [u8; N] {
    struct Length(usize);
    impl hkdf::KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }

    let mut bytes = [0; N];
    let filled = key.expand(info, Length(N)).and_then(|okm| okm.fill(&mut bytes));
    filled.expect("HKDF gives up to 8160 bytes, exactly as many as asked for");
    bytes
}

#[cfg(test)]
#[path = "web_push_tests.rs"]
mod tests;
