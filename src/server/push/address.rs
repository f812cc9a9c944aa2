//! The address of a device at FCM or APNs, as a shell registers it and as it is stored. It is a capability: nobody but
//! the provider and this installation knows it, and it is never logged.

use super::fcm::FcmTarget;
use crate::domain::Provider;

/// A Firebase installation id (firebase-js-sdk, `VALID_FID_PATTERN`): 22 characters of base64url, the first one `c` to
/// `f`.
const FID_LENGTH: usize = 22;
/// Registration tokens have 140 to 200 characters today. Google names no limit.
const TOKEN_LENGTH: std::ops::RangeInclusive<usize> = 32..=1_024;
/// Device tokens have 32 bytes today; Apple reserves the right to longer ones, of at most 100 bytes.
const APNS_BYTES: std::ops::RangeInclusive<usize> = 32..=100;

/// Why an address is refused. The variants contain nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error("no provider that shells register with")]
    Provider,
    #[error("neither a fid nor a token")]
    Kind,
    #[error("neither production nor sandbox")]
    Environment,
    #[error("not the letters or the length of this provider's addresses")]
    Address,
}

/// The address of a device.
#[derive(Clone, PartialEq, Eq)]
pub enum DeviceAddress {
    Fcm {
        project: String,
        registration: Registration,
    },
    Apns {
        /// The bundle id.
        topic: String,
        /// The device token in lower-case hex.
        token: String,
    },
}

/// What FCM knows a device by: exactly one of the two.
#[derive(Clone, PartialEq, Eq)]
pub enum Registration {
    Fid(String),
    Token(String),
}

impl DeviceAddress {
    /// Checks what a shell registers with FCM. `kind` is `fid` or `token`.
    pub fn fcm(project: &str, kind: &str, address: &str) -> Result<Self, AddressError> {
        let is_base64url = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let registration = match kind {
            "fid" => {
                let is_fid = address.len() == FID_LENGTH
                    && address.starts_with(['c', 'd', 'e', 'f'])
                    && address.bytes().all(is_base64url);
                is_fid.then(|| Registration::Fid(address.to_owned()))
            }
            "token" => {
                let is_token = TOKEN_LENGTH.contains(&address.len())
                    && address.bytes().all(|byte| is_base64url(byte) || byte == b':');
                is_token.then(|| Registration::Token(address.to_owned()))
            }
            _ => return Err(AddressError::Kind),
        };
        let registration = registration.ok_or(AddressError::Address)?;
        Ok(Self::Fcm { project: project.to_owned(), registration })
    }

    /// Checks what a shell registers with APNs.
    pub fn apns(topic: &str, address: &str) -> Result<Self, AddressError> {
        let is_token = address.len().is_multiple_of(2)
            && APNS_BYTES.contains(&(address.len() / 2))
            && address.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_token {
            return Err(AddressError::Address);
        }
        Ok(Self::Apns { topic: topic.to_owned(), token: address.to_ascii_lowercase() })
    }

    pub fn provider(&self) -> Provider {
        match self {
            Self::Fcm { .. } => Provider::Fcm,
            Self::Apns { .. } => Provider::Apns,
        }
    }

    /// The stored form, which is unique: `fcm:PROJECT:fid:ID`, `fcm:PROJECT:token:TOKEN` or `apns:BUNDLE:TOKEN`.
    pub fn to_stored(&self) -> String {
        match self {
            Self::Fcm { project, registration: Registration::Fid(fid) } => format!("fcm:{project}:fid:{fid}"),
            Self::Fcm { project, registration: Registration::Token(token) } => format!("fcm:{project}:token:{token}"),
            Self::Apns { topic, token } => format!("apns:{topic}:{token}"),
        }
    }

    /// Reads the stored form. Of projects and bundle ids it checks nothing, because the settings did.
    pub fn from_stored(text: &str) -> Option<Self> {
        let (provider, rest) = text.split_once(':')?;
        match provider {
            // A domain-scoped project id contains a colon, and so does a token: the kind stands between them.
            "fcm" => [":fid:", ":token:"].into_iter().find_map(|kind| {
                let (project, address) = rest.split_once(kind)?;
                Self::fcm(project, kind.trim_matches(':'), address).ok()
            }),
            "apns" => rest.rsplit_once(':').and_then(|(topic, token)| Self::apns(topic, token).ok()),
            _ => None,
        }
    }
}

impl Registration {
    pub fn target(&self) -> FcmTarget<'_> {
        match self {
            Self::Fid(fid) => FcmTarget::Fid(fid),
            Self::Token(token) => FcmTarget::Token(token),
        }
    }

    /// The name of the registration in a URL.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Fid(text) | Self::Token(text) => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FID: &str = "cIb2kYxTQ0-7sLw_9aZxQe";
    const TOKEN: &str = "dGhpcw:APA91bHun4MxP5egoKMwt2KZFBaFUH-1RYqx_0123456789abcdefghijklmnopqrstuvwxyz";
    const HEX: &str = "00FC13adff785122b4ad28809a3420982341241421348097878e577c991de8f0";

    #[test]
    fn the_stored_form_reads_back() {
        let addresses = [
            DeviceAddress::fcm("family", "fid", FID),
            DeviceAddress::fcm("example.com:family", "token", TOKEN),
            DeviceAddress::apns("family.umbba.app", HEX),
        ];
        for address in addresses {
            let address = address.map_err(|error| error.to_string()).expect("an address");
            assert!(DeviceAddress::from_stored(&address.to_stored()) == Some(address));
        }
        for foreign in ["", "fcm", "fcm:family", "fcm:family:fid:", "apns:a.b:12", "https://push.example/1"] {
            assert!(DeviceAddress::from_stored(foreign).is_none(), "{foreign}");
        }
    }

    #[test]
    fn other_letters_and_impossible_lengths_are_refused() {
        let long = "a".repeat(1_025);
        let fcm = [("fid", ""), ("fid", "cIb2"), ("fid", "zIb2kYxTQ0-7sLw_9aZxQe"), ("fid", "cIb2kYxTQ0-7sLw_9aZxQ/")];
        for (kind, address) in fcm.into_iter().chain([("token", "short"), ("token", long.as_str())]) {
            assert_eq!(DeviceAddress::fcm("family", kind, address).err(), Some(AddressError::Address), "{address}");
        }
        let spaced = format!("{TOKEN} ");
        assert_eq!(DeviceAddress::fcm("family", "token", &spaced).err(), Some(AddressError::Address));
        assert_eq!(DeviceAddress::fcm("family", "", TOKEN).err(), Some(AddressError::Kind));
        for address in ["", "00fc", &HEX[1..], &HEX.replace('0', "g"), &HEX.repeat(4)] {
            assert_eq!(DeviceAddress::apns("a.b", address).err(), Some(AddressError::Address), "{address}");
        }
    }

    #[test]
    fn one_token_in_two_cases_is_one_device() {
        let stored = |text: &str| DeviceAddress::apns("a.b", text).map(|address| address.to_stored());
        assert_eq!(stored(HEX), stored(&HEX.to_ascii_lowercase()));
    }
}
