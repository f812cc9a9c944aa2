//! The server's identity at push services (RFC 8292): the key pairs of `DATA_DIR/vapid.json` and the tokens signed with
//! them. A subscription stays bound to the public key it was made with, so old keys stay in the file when a new one is
//! made.

use std::{
    collections::HashMap,
    fmt, fs,
    io::ErrorKind,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    digest,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde::{Deserialize, Serialize};

use crate::server::key_file;

const FILE: &str = "vapid.json";
/// Push services refuse more than 24 h (RFC 8292 §2).
const LIFETIME_MS: i64 = 12 * HOUR_MS;
/// A token with less than this left is replaced, so that no token expires on its way.
const RENEW_MS: i64 = HOUR_MS;
const HOUR_MS: i64 = 3_600_000;
/// Limits the memory that invented origins can take. There are only a handful of push services.
const MOST_TOKENS: usize = 1000;
/// `{"typ":"JWT","alg":"ES256"}`
const JWT_HEADER: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9";

/// The key file cannot be read or written; the sentence says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct VapidError(String);

/// One key pair on P-256.
pub struct VapidKey {
    id: String,
    public_text: String,
    created_at: i64,
    pkcs8: String,
    pair: EcdsaKeyPair,
}

#[derive(Serialize, Deserialize)]
struct StoredKey {
    /// Epoch ms.
    created_at: i64,
    /// PKCS #8 v1 in base64url.
    pkcs8: String,
}

impl VapidKey {
    fn parse(stored: StoredKey) -> Option<Self> {
        let pkcs8 = URL_SAFE_NO_PAD.decode(&stored.pkcs8).ok()?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8, &SystemRandom::new()).ok()?;
        let public = pair.public_key().as_ref();
        let hash = digest::digest(&digest::SHA256, public);
        let id = hash.as_ref()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        Some(Self {
            id,
            public_text: URL_SAFE_NO_PAD.encode(public),
            created_at: stored.created_at,
            pkcs8: stored.pkcs8,
            pair,
        })
    }

    /// The first 16 hex digits of SHA-256 over the public key's 65 bytes.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What a browser takes as `applicationServerKey`: base64url without padding, 87 characters.
    pub fn public_text(&self) -> &str {
        &self.public_text
    }
}

/// All key pairs, newest first. There is at least one.
#[derive(Clone)]
pub struct VapidKeys(Arc<[VapidKey]>);

impl VapidKeys {
    /// Reads the key file and removes the access of other users to it. `None` if there is no file.
    pub fn load(data_dir: &Path) -> Result<Option<Self>, VapidError> {
        let file = data_dir.join(FILE);
        if file.exists() {
            close_to_others(&file);
        }
        Self::read(data_dir)
    }

    /// Reads the key file and changes nothing. `None` if there is no file.
    pub fn read(data_dir: &Path) -> Result<Option<Self>, VapidError> {
        let file = data_dir.join(FILE);
        let bytes = match fs::read(&file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(VapidError(format!("cannot read {}: {error}", file.display()))),
        };
        // The parser's message would quote the file and so a key.
        let keys = Self::parse(&bytes).ok_or_else(|| {
            VapidError(format!(
                "{} does not hold VAPID keys; restore it from your backup, or remove it, and every device has to \
                 allow notifications again",
                file.display()
            ))
        })?;
        Ok(Some(keys))
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let stored: Vec<StoredKey> = serde_json::from_slice(bytes).ok()?;
        let keys: Arc<[VapidKey]> = stored.into_iter().map(VapidKey::parse).collect::<Option<_>>()?;
        (!keys.is_empty()).then_some(Self(keys))
    }

    /// Reads the keys, or makes the first one. `now_ms` is epoch ms.
    pub fn load_or_make(data_dir: &Path, now_ms: i64) -> Result<Self, VapidError> {
        let _held = Self::hold(data_dir)?;
        match Self::load(data_dir)? {
            Some(keys) => Ok(keys),
            None => Self::add(data_dir, now_ms),
        }
    }

    /// Makes a key and writes it to the file before the existing ones. `now_ms` is epoch ms.
    pub fn make(data_dir: &Path, now_ms: i64) -> Result<Self, VapidError> {
        let _held = Self::hold(data_dir)?;
        Self::add(data_dir, now_ms)
    }

    /// Locks the data folder, so that two processes that write the file do not lose each other's key. The lock ends
    /// with the returned file.
    fn hold(data_dir: &Path) -> Result<fs::File, VapidError> {
        let folder = fs::File::open(data_dir)
            .map_err(|error| VapidError(format!("cannot write {}: {error}", data_dir.join(FILE).display())))?;
        // On a file system without locks the operator has to run one command at a time.
        let _ = folder.lock();
        Ok(folder)
    }

    fn add(data_dir: &Path, now_ms: i64) -> Result<Self, VapidError> {
        let old = Self::load(data_dir)?;
        let file = data_dir.join(FILE);
        let fails = |error: &dyn fmt::Display| VapidError(format!("cannot write {}: {error}", file.display()));

        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .map_err(|_| fails(&"the operating system gives no random bytes"))?;
        let fresh = StoredKey { created_at: now_ms, pkcs8: URL_SAFE_NO_PAD.encode(pkcs8) };
        let kept = old.iter().flat_map(|keys| keys.stored());
        let text = text_of(&[fresh].into_iter().chain(kept).collect::<Vec<_>>());

        let written = if old.is_some() { key_file::replace(&file, &text) } else { key_file::write_new(&file, &text) };
        match written {
            // Another process wrote the file first: both use its key.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                return Self::load(data_dir)?.ok_or_else(|| fails(&"another process writes to it at the same time"));
            }
            written => written.map_err(|error| fails(&error))?,
        }
        Self::parse(text.as_bytes()).ok_or_else(|| fails(&"a key that was just made cannot be read"))
    }

    fn stored(&self) -> impl Iterator<Item = StoredKey> {
        self.0.iter().map(|key| StoredKey { created_at: key.created_at, pkcs8: key.pkcs8.clone() })
    }

    /// The text of the key file with the private keys, for a backup.
    pub fn export(&self) -> String {
        text_of(&self.stored().collect::<Vec<_>>())
    }

    /// Id, public key and creation time (epoch ms) of each key, newest first.
    pub fn list(&self) -> impl Iterator<Item = (&str, &str, i64)> {
        self.0.iter().map(|key| (key.id.as_str(), key.public_text.as_str(), key.created_at))
    }

    /// The key that new subscriptions are made with.
    pub fn current(&self) -> &VapidKey {
        &self.0[0]
    }

    pub fn by_id(&self, id: &str) -> Option<&VapidKey> {
        self.0.iter().find(|key| key.id == id)
    }
}

/// Prints the ids of the keys alone.
impl fmt::Debug for VapidKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(VapidKey::id)).finish()
    }
}

fn text_of(keys: &[StoredKey]) -> String {
    let text = serde_json::to_string_pretty(keys).expect("numbers and strings are always JSON");
    text + "\n"
}

fn close_to_others(file: &Path) {
    let is_open = fs::metadata(file).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0);
    if is_open {
        // A secret that is mounted read-only keeps its mode; its keys work all the same.
        let _ = fs::set_permissions(file, fs::Permissions::from_mode(0o600));
    }
}

/// Signs tokens for push services. A token is valid for a whole origin, so it is cached: signing takes a third of the
/// time of an encryption.
#[derive(Clone)]
pub struct Signer(Arc<Inner>);

struct Inner {
    keys: VapidKeys,
    subject: String,
    /// By origin and key id.
    tokens: Mutex<HashMap<(String, String), Token>>,
}

struct Token {
    header: String,
    made_at: i64,
    expires_at: i64,
}

impl Token {
    fn is_good(&self, now_ms: i64) -> bool {
        // After the clock was set back, the push service would see a lifetime of more than 24 h.
        self.made_at <= now_ms && self.expires_at - now_ms >= RENEW_MS
    }
}

impl Signer {
    pub fn new(keys: VapidKeys, subject: String) -> Self {
        Self(Arc::new(Inner { keys, subject, tokens: Mutex::default() }))
    }

    /// The `Authorization` header for a message to `origin` (scheme, host, and port where it is not the default, in
    /// ASCII) under the key its subscription was made with; `None` if that key is not ours.
    pub fn authorization(&self, random: &SystemRandom, origin: &str, key_id: &str, now_ms: i64) -> Option<String> {
        let key = self.0.keys.by_id(key_id)?;
        let place = (origin.to_owned(), key_id.to_owned());
        let mut tokens = self.0.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = tokens.get(&place).filter(|token| token.is_good(now_ms)) {
            return Some(token.header.clone());
        }

        let expires_at = now_ms + LIFETIME_MS;
        let header = self.header(random, origin, key, expires_at / 1000);
        if tokens.len() >= MOST_TOKENS {
            tokens.clear();
        }
        tokens.insert(place, Token { header: header.clone(), made_at: now_ms, expires_at });
        Some(header)
    }

    fn header(&self, random: &SystemRandom, origin: &str, key: &VapidKey, expires_at_s: i64) -> String {
        let claims = serde_json::json!({ "aud": origin, "exp": expires_at_s, "sub": self.0.subject }).to_string();
        let signed = format!("{JWT_HEADER}.{}", URL_SAFE_NO_PAD.encode(claims));
        let signature = key
            .pair
            .sign(random, signed.as_bytes())
            .expect("the operating system gives random bytes or nothing here is safe");
        format!("vapid t={signed}.{}, k={}", URL_SAFE_NO_PAD.encode(signature), key.public_text)
    }
}

#[cfg(test)]
#[path = "vapid_tests.rs"]
mod tests;
