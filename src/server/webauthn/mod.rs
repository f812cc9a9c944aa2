//! Verification of passkeys (W3C Web Authentication Level 3, §7.1 and §7.2), with the signatures of `ring`.
//!
//! Attestation is "none": nothing is asked of the make of a device. So the key is taken as the browser gives it
//! (`getPublicKey()`, §5.2.1), and no CBOR is read. Whoever forges a registration only harms their own account.

mod authenticator_data;
mod client_data;
mod public_key;
#[cfg(test)]
mod tests;
mod verdict;

pub use public_key::PublicKey;
pub use verdict::{Refusal, Standing};

use ring::digest::{SHA256, digest};

/// The site that passkeys belong to.
#[derive(Debug, Clone, Copy)]
pub struct Site<'a> {
    /// `https://family.example`, with a port if it is not the scheme's own (RFC 6454 §6.2).
    pub origin: &'a str,
    /// Its host (§5.1.2 "RP ID").
    pub rp_id: &'a str,
}

/// What a browser sends when it has made a passkey.
#[derive(Debug, Clone, Copy)]
pub struct Registration<'a> {
    pub client_data: &'a [u8],
    pub authenticator_data: &'a [u8],
    pub credential_id: &'a [u8],
    /// SubjectPublicKeyInfo (RFC 5280 §4.1.2.7).
    pub public_key: &'a [u8],
}

/// What a browser sends when it has used a passkey.
#[derive(Debug, Clone, Copy)]
pub struct Assertion<'a> {
    pub client_data: &'a [u8],
    pub authenticator_data: &'a [u8],
    pub signature: &'a [u8],
}

/// The challenge that the browser answered. The caller knows whether it made it (§7.2 step 13). Nothing else of the
/// data is checked here.
pub fn challenge_of(client_data: &[u8]) -> Result<String, Refusal> {
    Ok(client_data::ClientData::parse(client_data)?.challenge)
}

/// Checks a new passkey (§7.1 steps 6 to 19, 26). `challenge` is base64url.
pub fn check_registration(
    site: Site<'_>,
    challenge: &str,
    registration: &Registration<'_>,
) -> Result<(Standing, PublicKey), Refusal> {
    client_data::ClientData::parse(registration.client_data)?.check("webauthn.create", challenge, site.origin)?;
    let data = authenticator_data::AuthenticatorData::parse(registration.authenticator_data)?;
    let standing = data.check(site.rp_id)?;
    // A credential id has at most 1023 bytes (§7.1 step 25).
    let is_this = data.credential_id.is_some_and(|id| id == registration.credential_id);
    if !is_this || registration.credential_id.is_empty() || registration.credential_id.len() > 1023 {
        return Err(Refusal::CredentialId);
    }
    Ok((standing, PublicKey::parse(registration.public_key).ok_or(Refusal::Key)?))
}

/// Checks that a passkey was used for this site and this challenge, by its verified person (§7.2 steps 10 to 18), and
/// not who that is: nothing is signed by a passkey that the caller does not know.
pub fn check_site(site: Site<'_>, challenge: &str, assertion: &Assertion<'_>) -> Result<Standing, Refusal> {
    client_data::ClientData::parse(assertion.client_data)?.check("webauthn.get", challenge, site.origin)?;
    authenticator_data::AuthenticatorData::parse(assertion.authenticator_data)?.check(site.rp_id)
}

/// Checks the use of a passkey (§7.2 steps 10 to 21). `challenge` is base64url. The caller compares the counter.
pub fn check_assertion(
    site: Site<'_>,
    challenge: &str,
    key: &PublicKey,
    assertion: &Assertion<'_>,
) -> Result<Standing, Refusal> {
    let standing = check_site(site, challenge, assertion)?;
    let mut signed = assertion.authenticator_data.to_vec();
    signed.extend_from_slice(digest(&SHA256, assertion.client_data).as_ref());
    if key.verifies(&signed, assertion.signature) { Ok(standing) } else { Err(Refusal::Signature) }
}

/// Whether a counter went back or stood still, which two copies of a passkey do (§7.2 step 22). 0 counts nothing.
pub fn is_counter_back(known: u32, now: u32) -> bool {
    (known > 0 || now > 0) && now <= known
}
