//! FCM and APNs: a Google and an Apple of our own over HTTP/2, the senders against them, the app with devices there,
//! and independent programs that read our tokens and drive our servers.

mod account;
mod announcements;
mod apns_errors;
mod apns_sends;
mod broken_off;
mod devices;
mod driven;
pub mod fake_apple;
pub mod fake_google;
mod fcm_errors;
mod fcm_sends;
mod goaways;
pub mod h2_server;
mod http1;
mod matrix;
mod outages;
mod outcomes;
mod over_tls;
pub mod three_devices;
pub mod tls;
mod tokens_read;
mod topics;
mod wrong_clocks;

use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::Url;
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};

use crate::{
    domain::Millis,
    server::{
        clock::Clock,
        push::{
            Native, PushHosts,
            apns::{Apns, ApnsUrls},
            apns_token::ApnsAccount,
            client,
            fcm::{Fcm, FcmUrls},
            fcm_account::ServiceAccount,
        },
    },
};
use fake_apple::{FakeApple, KEY_ID, TEAM, TOPIC};
use fake_google::FakeGoogle;
use h2_server::{FakeClock, H2Server};

/// Makes the `.p8` text of a new key, and its public part.
fn apple_key() -> (String, Vec<u8>) {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a key");
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).expect("a key");
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(pkcs8.as_ref()));
    (pem, pair.public_key().as_ref().to_vec())
}

/// A Google and both of Apple's services, whose clock is the app's.
#[derive(Clone)]
pub struct NativeProviders {
    pub google: FakeGoogle,
    pub apple: FakeApple,
    pub sandbox: FakeApple,
    /// Google, Apple's production and its sandbox.
    urls: [String; 3],
    key: String,
}

impl NativeProviders {
    pub async fn start(clock: &Clock) -> Self {
        let (key, public) = apple_key();
        let (google, google_server) = FakeGoogle::start(0).await;
        let (apple, apple_server) = FakeApple::start(0, public.clone()).await;
        let (sandbox, sandbox_server) = FakeApple::start(0, public).await;
        let urls = [google_server, apple_server, sandbox_server].map(|server: H2Server| server.url());
        let providers = Self { google, apple, sandbox, urls, key };
        let app = clock.clone();
        providers.follow(Arc::new(move || app.now().0.div_euclid(Millis::SECOND)));
        providers
    }

    fn follow(&self, clock: FakeClock) {
        self.google.follow(clock.clone());
        self.apple.follow(clock.clone());
        self.sandbox.follow(clock);
    }

    /// Lets the providers know the right time, which is the app's time now and does not follow its jumps.
    pub fn know_the_time(&self, clock: &Clock) {
        let (clock, ahead) = (clock.clone(), clock.now().since(Millis(clock.moment().0)));
        self.follow(Arc::new(move || (clock.moment().0 + ahead).div_euclid(Millis::SECOND)));
    }

    /// The senders of an app that has credentials for both.
    pub fn native(&self) -> Native {
        let url = |at: usize| Url::parse(&self.urls[at]).expect("a URL");
        let hosts = PushHosts::parse("", "", true).expect("hosts");
        let client = || client::http2(hosts.clone(), Duration::from_secs(5)).expect("a client");
        let account = ServiceAccount::parse(&FakeGoogle::account_json()).expect("an account");
        let fcm = Fcm::new(client(), account, &FcmUrls { token: url(0).join("token").expect("a path"), api: url(0) });
        let account = ApnsAccount::parse(&self.key, KEY_ID, TEAM, TOPIC).expect("an account");
        let apns = Apns::new(client(), account, &ApnsUrls { production: url(1), sandbox: url(2) });
        Native { fcm: Some(fcm), apns: Some(apns) }
    }

    /// What a client did that the documentation of the providers forbids.
    pub fn violations(&self) -> Vec<String> {
        [self.google.violations(), self.apple.violations(), self.sandbox.violations()].concat()
    }
}
