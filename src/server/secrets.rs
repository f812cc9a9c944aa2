//! The server's key, and everything that is derived from it or hashed with it.

use std::{
    fs,
    io::{self, ErrorKind},
    net::IpAddr,
    path::Path,
    sync::Arc,
};

use ring::{digest, hmac};

use super::{key_file, random::Random};
use crate::domain::{
    HandOverCode, InvitationCode, InvitationId, Millis, NotificationId, PersonId, RecoveryCode, SubscriptionId,
};

/// The key file cannot be read or made; the sentence says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SecretsError(String);

/// HMAC-SHA-256 (RFC 2104, FIPS 180-4) under the server's key. A stolen database alone does not reveal a code.
#[derive(Clone)]
pub struct Secrets {
    key: Arc<hmac::Key>,
}

impl Secrets {
    /// Reads `secret.key` of the data folder (64 hex digits), making it with mode 0600 when it is missing.
    pub fn load(data_dir: &Path, random: &Random) -> Result<Self, SecretsError> {
        let file = data_dir.join("secret.key");
        let text = read_or_make(&file, random)
            .map_err(|error| SecretsError(format!("cannot read or make {}: {error}", file.display())))?;
        Self::of_text(&file, &text)
    }

    /// As `load`, but a missing file is an error.
    pub fn read(data_dir: &Path) -> Result<Self, SecretsError> {
        let file = data_dir.join("secret.key");
        let text = std::fs::read_to_string(&file)
            .map_err(|error| SecretsError(format!("cannot read {}: {error}", file.display())))?;
        Self::of_text(&file, &text)
    }

    fn of_text(file: &Path, text: &str) -> Result<Self, SecretsError> {
        let key = unhex(text.trim()).filter(|key| key.len() == 32);
        let key = key.ok_or_else(|| {
            SecretsError(format!("{} does not hold 64 hex digits; restore it from your backup", file.display()))
        })?;
        Ok(Self::from_key(&key))
    }

    pub fn from_key(key: &[u8]) -> Self {
        Self { key: Arc::new(hmac::Key::new(hmac::HMAC_SHA256, key)) }
    }

    fn mac(&self, purpose: &str, value: &str) -> String {
        hex(hmac::sign(&self.key, format!("{purpose}\0{value}").as_bytes()).as_ref())
    }

    /// Tells whether two nodes have the same key, and nothing else of the key.
    pub fn fingerprint(&self) -> String {
        self.mac("fingerprint", "")
    }

    /// The session token that follows this one. It is the same at every call, and computing it takes both the key and
    /// the token before.
    pub fn next_token(&self, token: &str) -> String {
        self.mac("session", token)
    }

    /// The secret that a one-time step makes for the holder of its key. It is the same at every call, and different for
    /// each purpose, step and thing made.
    pub fn attempt(&self, purpose: &str, step: &str, key: &str, made: &str) -> String {
        self.mac(&format!("attempt-{purpose}"), &format!("{step}\0{made}\0{key}"))
    }

    pub fn invitation_hash(&self, code: &InvitationCode) -> String {
        self.mac("invitation", code.as_str())
    }

    pub fn recovery_hash(&self, code: &RecoveryCode) -> String {
        self.mac("recovery", code.as_str())
    }

    /// The stored form of eight digits. They have 10⁸ values, so anybody with a copy of the database could search
    /// through a plain hash, slow or salted, within their ten minutes. The key is not in the database, and without it
    /// there is nothing to search with.
    pub fn hand_over_hash(&self, code: &HandOverCode) -> String {
        self.mac("hand-over", code.as_str())
    }

    /// The stored form of a client address. The database contains no readable address.
    pub fn address_hash(&self, address: IpAddr) -> String {
        self.mac("address", &address.to_string())
    }

    /// The ticket for a browser that gave a right invitation code: `id.until.mark.mac`. The mark is random, so that no
    /// two browsers have the same ticket.
    pub fn ticket(&self, invitation: InvitationId, until: Millis, mark: u64) -> String {
        let note = format!("{invitation}.{}.{mark:016x}", until.0);
        let mac = self.mac("ticket", &note);
        format!("{note}.{mac}")
    }

    /// The invitation of a ticket; `None` if the ticket is not ours or has expired at `now`.
    pub fn read_ticket(&self, ticket: &str, now: Millis) -> Option<InvitationId> {
        let (note, mac) = ticket.rsplit_once('.')?;
        let mac = unhex(mac)?;
        hmac::verify(&self.key, format!("ticket\0{note}").as_bytes(), &mac).ok()?;
        // Tickets of earlier releases have two parts.
        let mut parts = note.split('.');
        let (invitation, until) = (parts.next()?, parts.next()?);
        let until: i64 = until.parse().ok()?;
        (now.0 < until && Millis(until).is_believed_at(now)).then(|| invitation.parse().ok()).flatten()
    }
}

/// Bytes of a challenge: its time, a random mark, and half of a MAC.
const CHALLENGE: usize = 8 + 16 + 16;

impl Secrets {
    /// A challenge for an authenticator (W3C Web Authentication §13.4.3). Only the server makes it and reads its time.
    pub fn challenge(&self, purpose: &str, now: Millis, mark: [u8; 16]) -> [u8; CHALLENGE] {
        let mut challenge = [0; CHALLENGE];
        challenge[..8].copy_from_slice(&now.0.to_be_bytes());
        challenge[8..24].copy_from_slice(&mark);
        let mac = self.challenge_mac(purpose, &challenge[..24]);
        challenge[24..].copy_from_slice(&mac.as_ref()[..16]);
        challenge
    }

    /// When a challenge was made; `None` if it is not ours or for another purpose.
    pub fn read_challenge(&self, purpose: &str, challenge: &[u8]) -> Option<Millis> {
        let (note, shown) = challenge.split_at_checked(24)?;
        let mac = self.challenge_mac(purpose, note);
        let differs = shown.iter().zip(mac.as_ref()).fold(0, |differs, (a, b)| differs | (a ^ b));
        let at = i64::from_be_bytes(note[..8].try_into().ok()?);
        (shown.len() == 16 && differs == 0).then_some(Millis(at))
    }

    fn challenge_mac(&self, purpose: &str, note: &[u8]) -> hmac::Tag {
        hmac::sign(&self.key, &[format!("challenge\0{purpose}\0").as_bytes(), note].concat())
    }

    /// The 16 bytes under which an authenticator stores the passkeys of a person. They tell nothing of the person.
    pub fn user_handle(&self, person: PersonId) -> [u8; 16] {
        let mac = hmac::sign(&self.key, format!("user-handle\0{person}").as_bytes());
        std::array::from_fn(|at| mac.as_ref()[at])
    }

    /// The receipt that authorises a device to report about one notification, and nothing else.
    pub fn receipt(&self, notification: NotificationId, subscription: SubscriptionId) -> String {
        self.mac("receipt", &format!("{notification}.{subscription}"))[..32].to_owned()
    }

    /// Whether a receipt is ours, compared in constant time.
    pub fn is_receipt(&self, receipt: &str, notification: NotificationId, subscription: SubscriptionId) -> bool {
        let expected = self.receipt(notification, subscription);
        receipt.len() == expected.len()
            && receipt.bytes().zip(expected.bytes()).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
    }

    /// The `Topic` under which a newer push replaces an undelivered one (RFC 8030 §5.4): 32 characters that name
    /// nobody.
    pub fn push_topic(&self, subscription: SubscriptionId, slot: &str) -> String {
        self.mac("topic", &format!("{subscription}.{slot}"))[..32].to_owned()
    }
}

/// A session token: 256 bits, in hex.
pub fn new_token(random: &Random) -> String {
    hex(&random.bytes::<32>())
}

/// Whether a text has the form of a session token. Other texts need no look-up in the database.
pub fn is_token(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The stored form of a session token. A token is random, so a plain SHA-256 is enough.
pub fn token_hash(token: &str) -> String {
    hex(digest::digest(&digest::SHA256, token.as_bytes()).as_ref())
}

pub fn new_invitation_code(random: &Random) -> InvitationCode {
    InvitationCode::from_random(random.bytes())
}

pub fn new_hand_over_code(random: &Random) -> HandOverCode {
    HandOverCode::from_random(random.number())
}

pub fn new_recovery_code(random: &Random) -> RecoveryCode {
    RecoveryCode::from_random(random.bytes())
}

/// Makes the key file. Of two first starts at the same time one makes the key, and both read it.
fn read_or_make(file: &Path, random: &Random) -> io::Result<String> {
    match fs::read_to_string(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        read => return read,
    }
    match key_file::write_new(file, &hex(&random.bytes::<32>())) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        made => made?,
    }
    fs::read_to_string(file)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_starts_at_the_same_time_have_one_key() {
        let folder = std::env::temp_dir().join(format!("umbba-secrets-{}", uuid::Uuid::now_v7()));
        fs::create_dir_all(&folder).expect("a folder");
        let random = Random::system();
        let start = || Secrets::load(&folder, &random).expect("a key").next_token("a");
        let tokens: Vec<String> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
            starts.into_iter().map(|start| start.join().expect("no panic")).collect()
        });
        assert!(tokens.iter().all(|token| *token == tokens[0]), "{tokens:?}");
        fs::remove_dir_all(&folder).expect("removed");
    }

    #[test]
    fn a_challenge_is_of_use_for_its_purpose_alone() {
        let secrets = Secrets::from_key(&[7; 32]);
        let challenge = secrets.challenge("sign-in", Millis(100), [5; 16]);
        assert_eq!(secrets.read_challenge("sign-in", &challenge), Some(Millis(100)));
        assert_eq!(secrets.read_challenge("add", &challenge), None);
        assert_eq!(Secrets::from_key(&[8; 32]).read_challenge("sign-in", &challenge), None);
        for at in 0..challenge.len() {
            let mut changed = challenge;
            changed[at] ^= 1;
            assert_eq!(secrets.read_challenge("sign-in", &changed), None, "{at}");
            assert_eq!(secrets.read_challenge("sign-in", &challenge[..at]), None, "{at}");
        }
    }

    #[test]
    fn a_ticket_is_good_until_its_time_and_cannot_be_made_up() {
        let secrets = Secrets::from_key(&[7; 32]);
        let ticket = secrets.ticket(InvitationId(5), Millis(100), 7);
        assert_eq!(secrets.read_ticket(&ticket, Millis(99)), Some(InvitationId(5)));
        assert_eq!(secrets.read_ticket(&ticket, Millis(100)), None);
        assert_eq!(Secrets::from_key(&[8; 32]).read_ticket(&ticket, Millis(99)), None);
        assert_eq!(secrets.read_ticket(&ticket.replace(".100.", ".200."), Millis(99)), None);
        assert_eq!(secrets.read_ticket("é.é", Millis(99)), None);
        assert_ne!(secrets.ticket(InvitationId(5), Millis(100), 8), ticket, "of each browser its own");
    }
}
