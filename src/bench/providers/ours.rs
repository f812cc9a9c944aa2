//! Our senders, used as the outbox uses them: six batches at once, and the 250 messages of a batch at the same time.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures::{StreamExt, stream};
use umbba::{
    domain::{ApnsEnvironment, Locale, Millis, NotificationKind, PairId},
    server::{
        clock::Clock,
        push::{
            PushOutcome,
            apns::{Apns, ApnsMessage, ApnsUrls},
            apns_token::ApnsAccount,
            fcm::{Fcm, FcmMessage, FcmTarget, FcmUrls},
            fcm_account::ServiceAccount,
            native_payload,
            payload::{self, Envelope},
        },
    },
};
use uuid::Uuid;

use super::{
    MEASURED, Sent, WARM_UP,
    keys::{KEY_ID, Keys, TEAM, TOPIC},
};

const BATCH: usize = 250;
const BATCHES: usize = 6;
const DAY_S: u32 = 24 * 60 * 60;
/// A Firebase installation id.
const FID: &str = "cfYdv2tpQ9mJlOeWk8Rx1Z";
const DEVICE: &str = "740f4707bebcf74f9b7c25d48e3358945f6aa01da5ddb387462c7eaf61bb78ad";

fn url(port: u16, path: &str) -> Result<reqwest::Url, String> {
    format!("https://127.0.0.1:{port}/{path}").parse().map_err(|_| "no URL".to_owned())
}

pub fn fcm(keys: &Keys, port: u16) -> Result<Arc<Fcm>, String> {
    let account = ServiceAccount::read(&keys.account).map_err(|error| error.to_string())?;
    let urls = FcmUrls { api: url(port, "")?, token: url(port, "token")? };
    Ok(Arc::new(Fcm::new(super::client(keys)?, account, &urls)))
}

pub fn apns(keys: &Keys, port: u16) -> Result<Arc<Apns>, String> {
    let account = ApnsAccount::read(&keys.apns_key, KEY_ID, TEAM, TOPIC).map_err(|error| error.to_string())?;
    let urls = ApnsUrls { production: url(port, "")?, sandbox: url(port, "")? };
    Ok(Arc::new(Apns::new(super::client(keys)?, account, &urls)))
}

pub async fn run_fcm(fcm: Arc<Fcm>) -> Result<Sent, String> {
    run(move || {
        let fcm = fcm.clone();
        async move { send_fcm(&fcm).await }
    })
    .await
}

pub async fn run_apns(apns: Arc<Apns>) -> Result<Sent, String> {
    run(move || {
        let apns = apns.clone();
        async move { send_apns(&apns).await }
    })
    .await
}

async fn run<F: Future<Output = PushOutcome> + Send + 'static>(
    send: impl Fn() -> F + Clone + Send + Sync + 'static,
) -> Result<Sent, String> {
    let (warm, _) = batches(WARM_UP, send.clone()).await?;
    let (counted, took) = batches(MEASURED, send).await?;
    Ok(Sent { per_second: counted as f64 / took.as_secs_f64(), accepted: warm + counted })
}

/// Sends until the time is over. Returns the accepted messages and the time until the last answer.
async fn batches<F: Future<Output = PushOutcome> + Send + 'static>(
    time: Duration,
    send: impl Fn() -> F + Clone + Send + Sync + 'static,
) -> Result<(u64, Duration), String> {
    let begun = Instant::now();
    let lanes = (0..BATCHES).map(|_| {
        let send = send.clone();
        tokio::spawn(async move {
            let mut accepted = 0;
            while begun.elapsed() < time {
                let mut outcomes = std::pin::pin!(stream::iter((0..BATCH).map(|_| send())).buffer_unordered(BATCH));
                while let Some(outcome) = outcomes.next().await {
                    let PushOutcome::Accepted { .. } = outcome else { return Err(format!("{outcome:?}")) };
                    accepted += 1;
                }
            }
            Ok(accepted)
        })
    });
    let mut accepted = 0;
    for lane in lanes.collect::<Vec<_>>() {
        accepted += lane.await.map_err(|error| error.to_string())??;
    }
    Ok((accepted, begun.elapsed()))
}

const KIND: NotificationKind = NotificationKind::Question;
const PAIR: PairId = PairId(0x018f_3c1a_7b2d_7abc_8def_0123_4567_89ab);
const TITLE: &str = "오늘의 질문이 왔어요";
const TEXT: &str = "엄마와의 오늘 질문: 어릴 때 가장 오래 기억에 남은 여름 방학";

/// The fields of a message that differ between two messages.
struct Ids {
    notification: String,
    subscription: String,
    receipt: String,
    tag: String,
    path: String,
    now: Millis,
}

impl Ids {
    fn new() -> Self {
        let (notification, subscription) = (Uuid::now_v7(), Uuid::now_v7());
        Self {
            notification: notification.to_string(),
            subscription: subscription.to_string(),
            receipt: notification.simple().to_string(),
            tag: subscription.simple().to_string(),
            path: payload::path(KIND, Some(PAIR), None),
            now: Clock::System.now(),
        }
    }

    fn envelope(&self) -> Envelope<'_> {
        Envelope {
            public_url: "https://umbba.family.example",
            path: &self.path,
            id: &self.notification,
            subscription: &self.subscription,
            receipt: &self.receipt,
            tag: &self.tag,
            unread: 3,
            sent_at: self.now,
        }
    }
}

async fn send_fcm(fcm: &Fcm) -> PushOutcome {
    let ids = Ids::new();
    let message = FcmMessage {
        target: FcmTarget::Fid(FID),
        data: native_payload::fcm_data(KIND, Locale::Ko, TITLE, TEXT, &ids.envelope()),
        drawn: None,
        ttl_s: DAY_S,
        urgency: KIND.urgency(),
    };
    fcm.send(&message, false, ids.now.0).await
}

async fn send_apns(apns: &Apns) -> PushOutcome {
    let ids = Ids::new();
    let payload = native_payload::apns_payload(KIND, Some(PAIR), Locale::Ko, TITLE, TEXT, &ids.envelope());
    let message = ApnsMessage {
        token: DEVICE,
        environment: ApnsEnvironment::Production,
        payload: &payload,
        collapse_id: &ids.tag,
        id: &ids.notification,
        expires_at_s: ids.now.0 / Millis::SECOND + i64::from(DAY_S),
        urgency: KIND.urgency(),
        renewed_at: Millis(0),
    };
    apns.send(&message, ids.now.0).await.outcome
}
