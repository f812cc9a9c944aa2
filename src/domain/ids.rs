//! Typed identifiers. All but `SubmissionId` are UUIDv7 (RFC 9562 §5.7), made on the server, shown as lower-case text.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The text is not a UUID of 36 characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id")]
pub struct IdError;

fn parse_uuid(text: &str) -> Result<u128, IdError> {
    let bytes = text.as_bytes();
    if bytes.len() != 36 {
        return Err(IdError);
    }
    let mut value = 0u128;
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 8 | 13 | 18 | 23) {
            if *byte != b'-' {
                return Err(IdError);
            }
            continue;
        }
        let digit = (*byte as char).to_digit(16).ok_or(IdError)?;
        value = value << 4 | u128::from(digit);
    }
    Ok(value)
}

fn write_uuid(value: u128, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let hex = format!("{value:032x}");
    write!(f, "{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

macro_rules! id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u128);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_uuid(self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_uuid(self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                parse_uuid(text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    };
}

id!(
    /// An account.
    PersonId
);
id!(
    /// What the operator tells everybody.
    AnnouncementId
);
id!(
    /// One parent and one child who answer together.
    PairId
);
id!(
    /// A question opened for a pair.
    DailyQuestionId
);
id!(
    /// A signed-in browser.
    SessionId
);
id!(
    /// An invitation to the empty seat of a pair.
    InvitationId
);
id!(
    /// A passkey of a person.
    PasskeyId
);
id!(
    /// An account at a provider that signs a person in.
    IdentityId
);
id!(
    /// A proof that a session asks another device for.
    ProofRequestId
);
id!(
    /// A hand-over to another device of the same person.
    HandOverId
);

id!(
    /// An inbox entry of one person.
    NotificationId
);
id!(
    /// One submission of an answer, named by the browser that sends it: an idempotency key.
    SubmissionId
);
id!(
    /// A push subscription of a browser (RFC 8030).
    SubscriptionId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_what_it_writes() {
        let text = "018f3c1a-7b2d-7abc-8def-0123456789ab";
        assert_eq!(text.parse::<PairId>().map(|id| id.to_string()).as_deref(), Ok(text));
    }

    #[test]
    fn anything_else_is_no_id() {
        for text in ["", "1", "018f3c1a-7b2d-7abc-8def-0123456789a", "018f3c1a_7b2d-7abc-8def-0123456789ab", "가나다"]
        {
            assert_eq!(text.parse::<PairId>(), Err(IdError), "{text}");
        }
    }
}
