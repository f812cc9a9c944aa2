//! Randomness as a value that is passed in: the system's in production, a seeded one in tests.

use std::sync::{Arc, Mutex, PoisonError};

use ring::rand::{SecureRandom, SystemRandom};
use uuid::Builder;

use crate::domain::Millis;

#[derive(Clone)]
pub enum Random {
    System(SystemRandom),
    /// SplitMix64: repeatable, and unfit for secrets.
    Seeded(Arc<Mutex<u64>>),
}

impl Random {
    pub fn system() -> Self {
        Self::System(SystemRandom::new())
    }

    pub fn seeded(seed: u64) -> Self {
        Self::Seeded(Arc::new(Mutex::new(seed)))
    }

    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0u8; N];
        match self {
            Self::System(random) => {
                random.fill(&mut bytes).expect("the operating system gives random bytes or nothing here is safe")
            }
            Self::Seeded(state) => {
                let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
                for byte in &mut bytes {
                    *byte = splitmix(&mut state).to_be_bytes()[0];
                }
            }
        }
        bytes
    }

    pub fn number(&self) -> u64 {
        u64::from_be_bytes(self.bytes())
    }

    /// Makes a UUIDv7 (RFC 9562 §5.7) of the given time.
    pub fn id(&self, now: Millis) -> u128 {
        let millis = u64::try_from(now.0).unwrap_or(0);
        Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid().as_u128()
    }
}

fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut value = *state;
    value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}
