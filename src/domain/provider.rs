//! The providers that notifications are sent through.

use serde::{Deserialize, Serialize};

/// A family of push services. The word is stored and never renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Provider {
    /// Browsers and installed web apps (RFC 8030).
    WebPush,
    /// Firebase Cloud Messaging, HTTP v1: an Android shell.
    Fcm,
    /// Apple Push Notification service: an iOS shell.
    Apns,
    /// A provider of a later release. This release sends nothing to it.
    Later,
}

impl Provider {
    pub fn word(self) -> &'static str {
        match self {
            Self::WebPush => "web_push",
            Self::Fcm => "fcm",
            Self::Apns => "apns",
            Self::Later => "later",
        }
    }

    pub fn from_stored(word: &str) -> Self {
        [Self::WebPush, Self::Fcm, Self::Apns]
            .into_iter()
            .find(|provider| provider.word() == word)
            .unwrap_or(Self::Later)
    }
}

/// Which of Apple's two services knows a device token. The word is stored and never renamed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum ApnsEnvironment {
    #[default]
    Production,
    /// Apps that were installed from Xcode.
    Sandbox,
}

impl ApnsEnvironment {
    pub fn other(self) -> Self {
        match self {
            Self::Production => Self::Sandbox,
            Self::Sandbox => Self::Production,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Sandbox => "sandbox",
        }
    }

    /// A word that is not known counts as production; the other service is tried when this one refuses the token.
    pub fn from_stored(word: &str) -> Self {
        if word == Self::Sandbox.word() { Self::Sandbox } else { Self::Production }
    }
}
