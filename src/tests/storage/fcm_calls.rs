//! Calls to FCM: one for each device and topic, claimed with a lease, and replaced by a newer wish.

use super::{
    databases::TestDatabase,
    fixtures::{NOW, id, signed_in},
};
use crate::{
    domain::{AnnouncementId, ApnsEnvironment, FcmAct, Millis, Provider, SubscriptionId},
    server::storage::{
        fcm_calls::{self, NewCall},
        recipients,
        subscriptions::{self, NewAddress, Subscription},
        topics,
    },
};

on_both_databases! {
    a_newer_wish_replaces_an_older_one_and_waits_for_a_call_under_way,
    a_call_is_claimed_once_and_again_after_its_lease,
    a_device_has_its_topic_and_the_one_it_waits_for,
}

const ADDRESS: &str = "fcm:family:fid:cIb2kYxTQ0-7sLw_9aZxQe";
const LEASE: Millis = Millis(NOW.0 + 60_000);

pub(super) fn wish(act: FcmAct) -> NewCall {
    let (address, topic) = (ADDRESS.to_owned(), "news-ko".to_owned());
    NewCall { act, address, topic, announcement: None, expires_at: NOW.plus(Millis::DAY) }
}

async fn a_newer_wish_replaces_an_older_one_and_waits_for_a_call_under_way(db: TestDatabase) {
    let subscribe = [wish(FcmAct::Subscribe)];
    commit!(db, |tx| fcm_calls::insert(&mut tx, &subscribe, NOW).await.expect("a wish"));
    let claimed = commit!(db, |tx| fcm_calls::claim(&mut tx, NOW, LEASE, 9).await.expect("a claim"));
    assert_eq!(
        claimed.iter().map(|call| (call.act(), call.attempts)).collect::<Vec<_>>(),
        [(Some(FcmAct::Subscribe), 1)]
    );
    commit!(db, |tx| fcm_calls::insert(&mut tx, &subscribe, NOW).await.expect("the same wish"));
    assert_eq!(read!(db, |tx| fcm_calls::next_send(&mut tx).await), Some(LEASE), "the same wish changes nothing");

    commit!(db, |tx| fcm_calls::insert(&mut tx, &[wish(FcmAct::Unsubscribe)], NOW).await.expect("another wish"));
    assert!(!commit!(db, |tx| fcm_calls::end(&mut tx, &claimed[0], LEASE).await.expect("an answer")));
    commit!(db, |tx| fcm_calls::postpone(&mut tx, &claimed[0], LEASE, NOW).await.expect("an answer"));
    assert_eq!(read!(db, |tx| fcm_calls::next_send(&mut tx).await), Some(LEASE.plus(1)));
    let later = LEASE.plus(1);
    let claimed = commit!(db, |tx| fcm_calls::claim(&mut tx, later, later.plus(9), 9).await.expect("a claim"));
    assert_eq!(claimed[0].act(), Some(FcmAct::Unsubscribe));
    assert!(commit!(db, |tx| fcm_calls::end(&mut tx, &claimed[0], later.plus(9)).await.expect("an end")));
    assert_eq!(read!(db, |tx| fcm_calls::next_send(&mut tx).await), None);
}

async fn a_call_is_claimed_once_and_again_after_its_lease(db: TestDatabase) {
    commit!(db, |tx| fcm_calls::insert(&mut tx, &[wish(FcmAct::Subscribe)], NOW).await.expect("a wish"));
    let claim = async |now: Millis, until: Millis| {
        commit!(db, |tx| fcm_calls::claim(&mut tx, now, until, 9).await.expect("a claim"))
    };
    assert_eq!(claim(NOW, LEASE).await.len(), 1);
    assert_eq!(claim(NOW, LEASE).await.len(), 0);
    let again = claim(LEASE, LEASE.plus(9)).await;
    assert_eq!(again[0].attempts, 2);
    commit!(db, |tx| fcm_calls::postpone(&mut tx, &again[0], LEASE.plus(9), LEASE.plus(5)).await.expect("a wait"));
    assert_eq!(read!(db, |tx| fcm_calls::next_send(&mut tx).await), Some(LEASE.plus(5)));
    assert_eq!(claim(LEASE.plus(5), LEASE.plus(99)).await.len(), 1);
}

async fn a_device_has_its_topic_and_the_one_it_waits_for(db: TestDatabase) {
    let (person, session) = signed_in(&db).await;
    let address = NewAddress {
        provider: Provider::Fcm,
        endpoint: ADDRESS.to_owned(),
        origin: "fcm:family".into(),
        environment: ApnsEnvironment::Production,
        p256dh: String::new(),
        auth: String::new(),
        key_id: String::new(),
    };
    let new = Subscription::new(SubscriptionId(id()), (person.id, session), address, "전화".into(), NOW);
    let device = async || read!(db, |tx| topics::lookup(&mut tx, new.id).await).expect("the device");
    commit!(db, for person.id, |tx| {
        subscriptions::insert(&mut tx, &new).await.expect("a device");
        fcm_calls::insert(&mut tx, &[wish(FcmAct::Subscribe)], NOW).await.expect("a wish");
    });
    let before = device().await;
    assert_eq!((before.topic.as_str(), before.awaited.as_str(), before.wanted()), ("", "news-ko", Some("news-ko")));
    commit!(db, |tx| topics::subscribed(&mut tx, ADDRESS, "news-ko", NOW.plus(7)).await.expect("a topic"));
    let reached = read!(db, |tx| topics::find_reached(&mut tx).await);
    assert_eq!(reached.iter().map(|one| one.topic.as_str()).collect::<Vec<_>>(), ["news-ko"]);
    let recipients = read!(db, |tx| recipients::find(&mut tx, &[(person.id, None)]).await);
    let found = &recipients[&(person.id, None)].devices[0];
    assert_eq!((found.id, found.topic.as_str(), found.topic_at), (new.id, "news-ko", Some(NOW.plus(7))));
    let of_session = read!(db, |tx| topics::find_of_session(&mut tx, session).await);
    assert_eq!(of_session, read!(db, |tx| topics::find_of(&mut tx, person.id).await));
    assert_eq!(read!(db, |tx| topics::find_idle(&mut tx, NOW).await), of_session);
    assert_eq!(read!(db, |tx| topics::find_idle(&mut tx, NOW.plus(-1)).await), []);
    commit!(db, |tx| topics::leave(&mut tx, &of_session[0], NOW).await.expect("no topic"));
    assert_eq!(device().await.topic, "");
    let message =
        NewCall { act: FcmAct::TopicSend, announcement: Some(AnnouncementId(id())), ..wish(FcmAct::TopicSend) };
    let refused = {
        let mut tx = db.begin().await.expect("a transaction");
        fcm_calls::insert(&mut tx, &[message], NOW).await
    };
    assert!(refused.is_err(), "a message belongs to an announcement");
}
