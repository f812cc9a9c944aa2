//! A provider that is down delays its own devices, and no others. What waited comes once when the provider is back.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::StatusCode;
use tracing_subscriber::fmt::MakeWriter;

use super::{
    fake_apple::apns_error,
    fake_google::{PROJECT, fcm_error},
    h2_server::Reply,
    matrix::Family,
    three_devices::{ALL, Heard, fid, providers},
};
use crate::{
    domain::{Millis, SubscriptionId},
    tests::push_service::Answer,
};

/// How a provider fails.
#[derive(Debug, Clone, Copy)]
enum Down {
    Unavailable,
    Hanging,
    Throttled,
}

impl Family {
    /// Makes one provider fail, or all work again.
    fn fail(&self, provider: &str, how: Option<Down>) {
        let only = |name: &str| how.filter(|_| provider == name);
        self.service.answer_always(only("web_push").map(|how| match how {
            Down::Unavailable => Answer::Status(503),
            Down::Hanging => Answer::Hang,
            Down::Throttled => Answer::Later(429, 60),
        }));
        self.native.google.answer_always(only("fcm").map(|how| match how {
            Down::Unavailable => fcm_error(503, "UNAVAILABLE", "UNAVAILABLE"),
            Down::Hanging => Reply::Hang,
            Down::Throttled => fcm_error(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"),
        }));
        self.native.apple.answer_always(only("apns").map(|how| match how {
            Down::Unavailable => apns_error(503, "ServiceUnavailable"),
            Down::Hanging => Reply::Hang,
            Down::Throttled => apns_error(429, "TooManyRequests"),
        }));
    }

    /// Tells the child something: the mother moves the push time.
    async fn news(&self, time: &str) {
        self.act(&self.mother, "change_push_time", &[("push_time", time), ("zone", "Asia/Seoul")]).await;
    }

    /// What is sent over the next `millis`, at every second of them.
    async fn sent_within(&self, millis: i64) -> Vec<Heard> {
        let mut all = self.sent().await;
        for _ in 0..millis / Millis::SECOND {
            self.app.advance(Millis::SECOND);
            all.extend(self.sent().await);
        }
        all
    }
}

/// Each provider fails in this way for a while.
async fn each_fails(how: Down) {
    let family = Family::together().await;
    for provider in ALL {
        // A new day has room for counted notifications.
        family.app.advance(Millis::DAY);
        family.fail(provider, Some(how));
        family.news("20:00").await;
        let others: Vec<_> = ALL.into_iter().filter(|other| *other != provider).collect();
        assert_eq!(providers(&family.sent().await), others, "{how:?}: the others are not delayed");
        family.fail(provider, None);
        family.app.advance(20 * Millis::MINUTE);
        assert_eq!(providers(&family.sent().await), [provider], "{how:?}: late");
        family.app.advance(20 * Millis::MINUTE);
        assert_eq!(family.sent().await, [], "{how:?}: once");
        family.news("21:00").await;
        assert_eq!(providers(&family.sent().await), ALL, "{how:?}: afterwards all is as before");
    }
}

#[tokio::test]
async fn a_provider_that_is_unavailable_delays_its_own_devices_alone() {
    each_fails(Down::Unavailable).await;
}

#[tokio::test]
async fn a_provider_that_hangs_delays_its_own_devices_alone() {
    each_fails(Down::Hanging).await;
}

#[tokio::test]
async fn a_provider_that_asks_for_a_pause_delays_its_own_devices_alone() {
    each_fails(Down::Throttled).await;
}

#[tokio::test]
async fn what_waits_for_a_provider_comes_within_seconds_when_it_answers_again() {
    for provider in ALL {
        let family = Family::together().await;
        family.fail(provider, Some(Down::Unavailable));
        family.answer(&family.mother).await;
        // Attempt by attempt the wait grows to a quarter of an hour.
        for _ in 0..8 {
            family.sent().await;
            family.app.advance(16 * Millis::MINUTE);
        }
        family.sent().await;
        family.fail(provider, None);
        family.nudge().await;
        let late = family.sent_within(12 * Millis::SECOND).await;
        let mine: Vec<_> = late.into_iter().filter(|heard| heard.provider == provider).collect();
        assert_eq!(mine.len(), 2, "{provider}: the nudge, and what waited: {mine:#?}");
    }
}

#[tokio::test]
async fn failures_at_one_provider_pause_no_other() {
    let family = Family::together().await;
    for name in ["tablet", "watch"] {
        let shell = family.app.visitor();
        let code = family.child.web.recovery_code();
        assert_eq!(shell.post("sign_in", &[("code", &code)]).await.status(), StatusCode::OK);
        assert_eq!(shell.register("fcm", "fid", &fid(name), "").await.status(), StatusCode::OK);
    }
    family.sent().await;
    family.fail("fcm", Some(Down::Unavailable));
    for time in ["20:00", "21:00"] {
        family.news(time).await;
        assert_eq!(providers(&family.sent().await), ["apns", "web_push"]);
    }
    let (breaker, device) = (family.app.state.push.breaker(), SubscriptionId(1));
    let is_paused = |origin: &str| breaker.blocked_until(origin, device, family.app.state.clock.moment()).is_some();
    assert!(is_paused(&format!("fcm:{PROJECT}")), "six failures at three devices");
    for other in ["https://fcm.googleapis.com", &format!("http://{}", family.service.host), "127.0.0.1"] {
        assert!(!is_paused(other), "{other}");
    }
    family.answer(&family.mother).await;
    assert_eq!(providers(&family.sent().await), ["apns", "web_push"]);
    let sql = "SELECT DISTINCT s.provider FROM deliveries d JOIN push_subscriptions s ON s.id = d.subscription_id
               WHERE d.reason = 'origin paused'";
    assert_eq!(family.app.read_sql(sql).await, ["fcm"]);

    family.fail("fcm", None);
    family.app.advance(15 * Millis::MINUTE);
    let late = family.sent_within(15 * Millis::SECOND).await;
    let told: std::collections::BTreeSet<_> =
        late.iter().map(|heard| (heard.device.clone(), heard.title.clone())).collect();
    assert!(late.iter().all(|heard| heard.provider == "fcm"), "{late:#?}");
    // The earlier change of the push time is superseded.
    assert_eq!((late.len(), told.len()), (6, 6), "each device gets each once: {late:#?}");
}

/// A log in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Log {
    /// How often a provider was said to refuse our credentials.
    fn alarms(&self) -> usize {
        let log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&log).lines().filter(|line| line.contains("refuses our credentials")).count()
    }
}

#[tokio::test]
async fn a_lasting_refusal_is_said_once_and_again_after_a_recovery() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(log.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let family = Family::together().await;
    let denied = fcm_error(403, "PERMISSION_DENIED", "PERMISSION_DENIED");
    for (round, times) in [["20:00", "19:00"], ["18:00", "17:00"]].into_iter().enumerate() {
        family.app.advance(Millis::DAY);
        family.native.google.answer_always(Some(denied.clone()));
        for time in times {
            family.news(time).await;
            assert_eq!(providers(&family.sent().await), ["apns", "web_push"]);
            family.app.advance(6 * Millis::MINUTE);
            assert_eq!(family.sent().await, []);
        }
        assert_eq!(log.alarms(), round + 1, "many deliveries, one alarm");
        family.native.google.answer_always(None);
        family.app.advance(6 * Millis::MINUTE);
        assert_eq!(providers(&family.sent().await), ["fcm"], "the last news alone is still true");
    }
    family.native.google.answer_always(Some(denied));
    family.news("21:00").await;
    family.sent().await;
    let moved = fcm_error(404, "NOT_FOUND", "");
    family.native.google.answer_always(Some(moved));
    family.app.advance(6 * Millis::MINUTE);
    family.sent().await;
    assert_eq!(log.alarms(), 4, "another cause is another alarm");
}
