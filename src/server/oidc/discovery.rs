//! A provider's description of itself (OpenID Connect Discovery 1.0 §3).

use serde::Deserialize;

/// The parts of the description that are used.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Discovery {
    issuer: String,
    pub authorization_endpoint: String,
    pub token_endpoint: String,
    pub jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl Discovery {
    /// The address of the description (§4.1).
    pub fn address(issuer: &str) -> String {
        format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'))
    }

    /// Reads a description. Its issuer must be exactly the one that was asked (§4.3).
    pub fn parse(bytes: &[u8], issuer: &str) -> Result<Self, &'static str> {
        let found: Self = serde_json::from_slice(bytes).map_err(|_| "the description is not complete")?;
        if found.issuer == issuer { Ok(found) } else { Err("the description is of another issuer") }
    }

    /// Whether the secret is sent in the body. Without a list the header is the default (§3).
    pub fn takes_secret_in_body(&self) -> bool {
        self.token_endpoint_auth_methods_supported.iter().any(|method| method == "client_secret_post")
    }

    /// Whether every answer names its issuer (RFC 9207 §2.3).
    pub fn names_issuer(&self) -> bool {
        self.authorization_response_iss_parameter_supported
    }
}
