//! The providers beside Web Push that this installation has credentials for, and which of them refuse those now.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use super::{apns::Apns, fcm::Fcm};
use crate::domain::Provider;

/// `None` is a provider that the settings leave out.
#[derive(Default)]
pub struct Native {
    pub fcm: Option<Fcm>,
    pub apns: Option<Apns>,
}

impl Native {
    pub fn has(&self, provider: Provider) -> bool {
        match provider {
            Provider::WebPush => true,
            Provider::Fcm => self.fcm.is_some(),
            Provider::Apns => self.apns.is_some(),
            Provider::Later => false,
        }
    }
}

/// The providers that refuse our credentials, with the last cause. Held in memory, so that each cause is logged once.
#[derive(Default)]
pub(super) struct Refusals {
    causes: Mutex<HashMap<String, &'static str>>,
}

impl Refusals {
    /// Remembers that `origin` refuses us. Returns whether this cause is new.
    pub fn note(&self, origin: &str, cause: &'static str) -> bool {
        let mut causes = self.causes.lock().unwrap_or_else(PoisonError::into_inner);
        causes.insert(origin.to_owned(), cause) != Some(cause)
    }

    /// Forgets it, because `origin` accepted a message.
    pub fn forget(&self, origin: &str) {
        self.causes.lock().unwrap_or_else(PoisonError::into_inner).remove(origin);
    }
}
