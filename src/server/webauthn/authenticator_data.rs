//! `authenticatorData` (W3C Web Authentication Level 3, §6.1).

use ring::digest::{SHA256, digest};

use super::verdict::{Refusal, Standing};

/// Bits of the flags.
const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKUP_STATE: u8 = 1 << 4;
const ATTESTED: u8 = 1 << 6;
const EXTENSIONS: u8 = 1 << 7;

pub struct AuthenticatorData<'a> {
    rp_id_hash: &'a [u8],
    flags: u8,
    sign_count: u32,
    /// Where the data is of a new passkey.
    pub credential_id: Option<&'a [u8]>,
}

impl<'a> AuthenticatorData<'a> {
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Refusal> {
        Self::read(bytes).ok_or(Refusal::AuthenticatorData)
    }

    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (rp_id_hash, rest) = bytes.split_at_checked(32)?;
        let ([flags], rest) = rest.split_first_chunk()?;
        let (count, rest) = rest.split_first_chunk()?;
        let mut credential_id = None;
        if flags & ATTESTED != 0 {
            // §6.5.1: AAGUID, length, credential id, and the key in COSE form, which `getPublicKey()` has translated.
            let (_aaguid, rest) = rest.split_at_checked(16)?;
            let (length, rest) = rest.split_first_chunk()?;
            let (id, key) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
            if key.is_empty() {
                return None;
            }
            credential_id = Some(id);
        } else if flags & EXTENSIONS == 0 && !rest.is_empty() {
            return None;
        }
        Some(Self { rp_id_hash, flags: *flags, sign_count: u32::from_be_bytes(*count), credential_id })
    }

    /// §7.1 steps 13 to 19, §7.2 steps 16 to 20. A passkey is the only proof at a sign-in, so its user is always
    /// verified.
    pub fn check(&self, rp_id: &str) -> Result<Standing, Refusal> {
        if self.rp_id_hash != digest(&SHA256, rp_id.as_bytes()).as_ref() {
            return Err(Refusal::RpId);
        }
        let has = |flag| self.flags & flag != 0;
        if !has(USER_PRESENT) {
            return Err(Refusal::NoPresence);
        }
        if !has(USER_VERIFIED) {
            return Err(Refusal::NoVerification);
        }
        if has(BACKUP_STATE) && !has(BACKUP_ELIGIBLE) {
            return Err(Refusal::Backup);
        }
        Ok(Standing { sign_count: self.sign_count, is_synced: has(BACKUP_ELIGIBLE), is_backed_up: has(BACKUP_STATE) })
    }
}
