//! `clientDataJSON` (W3C Web Authentication Level 3, §5.8.1).

use serde::Deserialize;

use super::verdict::Refusal;

/// Browsers write more members, and may write others later: they are skipped.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientData {
    r#type: String,
    /// base64url without padding.
    pub challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
    top_origin: Option<String>,
}

impl ClientData {
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        // §5.8.1.1: UTF-8 decode without a byte order mark.
        serde_json::from_slice(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)).map_err(|_| Refusal::ClientData)
    }

    /// §7.1 steps 7 to 11, §7.2 steps 12 to 15.
    pub fn check(&self, expected_type: &str, challenge: &str, origin: &str) -> Result<(), Refusal> {
        if self.r#type != expected_type {
            return Err(Refusal::Type);
        }
        if self.challenge != challenge {
            return Err(Refusal::Challenge);
        }
        if self.origin != origin {
            return Err(Refusal::Origin);
        }
        if self.cross_origin || self.top_origin.is_some() {
            return Err(Refusal::CrossOrigin);
        }
        Ok(())
    }
}
