//! `umbba push check` tries the credentials of FCM and APNs without reaching anybody.

use super::{failure::Failure, native::native_of};
use crate::{
    domain::{ApnsEnvironment, Millis, Urgency},
    server::{
        clock::Clock,
        config::Settings,
        push::{
            Native, PushHosts, PushOutcome,
            apns::{Apns, ApnsMessage},
            fcm::{Fcm, FcmMessage, FcmTarget},
            native_payload,
        },
    },
};

/// A registration that no device has.
const NO_REGISTRATION: &str = "umbba-push-check-no-such-registration-token";
/// A device token that no device has: 32 zero bytes.
const NO_DEVICE: &str = "0000000000000000000000000000000000000000000000000000000000000000";
const CHECK_ID: &str = "00000000-0000-4000-8000-000000000000";

/// What trying a provider's credentials gave.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Checked {
    Good,
    Bad(String),
    Unknown(String),
}

/// The meaning of the answer to a message for a device that does not exist: who says that the device is unknown has
/// accepted the credentials.
fn read(outcome: PushOutcome) -> Checked {
    match outcome {
        PushOutcome::Accepted { .. } | PushOutcome::Gone { .. } => Checked::Good,
        PushOutcome::Held { status, cause } => Checked::Bad(match status {
            Some(status) => format!("{cause} (status {status})"),
            None => cause.to_owned(),
        }),
        PushOutcome::Rejected { status, cause } => Checked::Bad(format!("{cause} (status {status})")),
        PushOutcome::Refused(error) => Checked::Bad(error.to_string()),
        PushOutcome::RetryAfter { status, cause, .. } => Checked::Unknown(match status {
            Some(status) => format!("{cause} (status {status})"),
            None => cause.to_owned(),
        }),
    }
}

pub(super) async fn check_fcm(fcm: &Fcm, now: Millis) -> Checked {
    let message = FcmMessage {
        target: FcmTarget::Token(NO_REGISTRATION),
        data: native_payload::withdrawal("check", 0),
        drawn: None,
        ttl_s: 0,
        urgency: Urgency::Normal,
    };
    read(fcm.send(&message, true, now.0).await)
}

pub(super) async fn check_apns(apns: &Apns, now: Millis) -> Checked {
    let payload = serde_json::json!({ "aps": {} });
    let message = ApnsMessage {
        token: NO_DEVICE,
        environment: ApnsEnvironment::Production,
        payload: &payload,
        collapse_id: "check",
        id: CHECK_ID,
        expires_at_s: 0,
        urgency: Urgency::Normal,
        renewed_at: now,
    };
    read(apns.send(&message, now.0).await.outcome)
}

/// Tries the credentials of every configured provider. Fails when one of them is refused or cannot be reached.
pub(super) async fn check(settings: &Settings) -> Result<(), Failure> {
    let native = natives(settings)?;
    let now = Clock::System.now();
    let mut failed = Vec::new();
    let mut say = |name: String, checked: Checked| match checked {
        Checked::Good => println!("{name}: the credentials are accepted"),
        Checked::Bad(cause) => failed.push(format!("{name} refuses us: {cause}")),
        Checked::Unknown(cause) => failed.push(format!("{name} gave no answer that says anything: {cause}; try again")),
    };
    match &native.fcm {
        Some(fcm) => say(format!("FCM, project {}", fcm.project()), check_fcm(fcm, now).await),
        None => println!("FCM: disabled (FCM_SERVICE_ACCOUNT is not set)"),
    }
    match &native.apns {
        Some(apns) => say(format!("APNs, bundle id {}", apns.topic()), check_apns(apns, now).await),
        None => println!("APNs: disabled (APNS_KEY is not set)"),
    }
    if failed.is_empty() { Ok(()) } else { Err(Failure(failed.join("; "))) }
}

pub(super) fn natives(settings: &Settings) -> Result<Native, Failure> {
    let hosts = PushHosts::parse(&settings.push_allowed_hosts, &settings.push_extra_hosts, settings.is_production())
        .map_err(Failure)?;
    native_of(settings, &hosts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::native::{NativeProviders, fake_apple::apns_error, fake_google::fcm_error, h2_server::Reply};

    async fn start() -> (NativeProviders, Fcm, Apns, Millis) {
        let clock = Clock::manual(Millis(1_795_860_000_000));
        let providers = NativeProviders::start(&clock).await;
        let Native { fcm, apns } = providers.native();
        (providers, fcm.expect("a sender"), apns.expect("a sender"), clock.now())
    }

    #[tokio::test]
    async fn credentials_are_good_where_only_the_device_is_unknown_and_nobody_is_reached() {
        let (providers, fcm, apns, now) = start().await;
        assert_eq!(check_fcm(&fcm, now).await, Checked::Good);
        providers.google.answer_next(fcm_error(404, "NOT_FOUND", "UNREGISTERED"));
        assert_eq!(check_fcm(&fcm, now).await, Checked::Good);
        providers.apple.know_only(&[]);
        providers.sandbox.know_only(&[]);
        assert_eq!(check_apns(&apns, now).await, Checked::Good);
        assert!(providers.google.take().is_empty() && providers.apple.take().is_empty(), "nobody is reached");
        assert_eq!(providers.violations(), Vec::<String>::new());
    }

    #[tokio::test]
    async fn refused_credentials_and_a_wrong_clock_are_named_and_silence_is_no_verdict() {
        let (providers, fcm, apns, now) = start().await;
        providers.google.answer_next(fcm_error(403, "PERMISSION_DENIED", "PERMISSION_DENIED"));
        assert!(matches!(check_fcm(&fcm, now).await, Checked::Bad(_)));
        providers.apple.answer_next(apns_error(403, "InvalidProviderToken"));
        assert!(matches!(check_apns(&apns, now).await, Checked::Bad(_)));
        providers.google.answer_next(Reply::status(503, ""));
        assert!(matches!(check_fcm(&fcm, now).await, Checked::Unknown(_)));
        let (_providers, fcm, apns, now) = start().await;
        let late = now.plus(2 * Millis::HOUR);
        for checked in [check_fcm(&fcm, late).await, check_apns(&apns, late).await] {
            let Checked::Bad(cause) = checked else { panic!("{checked:?}") };
            assert!(cause.contains("clock"), "{cause}");
        }
    }
}
