//! Announcements: whom they reach, in which order, and how far each has come.

use super::{
    databases::TestDatabase,
    fixtures::{NOW, id, person_named, sign_up, waiting_delivery},
};
use crate::{
    domain::{AnnouncementId, AnnouncementText, Channel, Locale, Muted, Provider},
    server::storage::{
        announcements::{self, Announcement, Reach},
        notifications, persons,
    },
};

on_both_databases! {
    persons_are_told_in_order_and_late_ones_are_not,
    a_reach_counts_persons_and_devices_apart_from_the_muted,
    what_a_person_mutes_holds_for_all_their_pairs,
}

fn announcement() -> Announcement {
    let text = |text: &str| AnnouncementText::parse(text).expect("a text");
    let id = AnnouncementId(id());
    Announcement {
        id, ko: text("소식"), en: text("News"), with_topic: true, created_at: NOW, expires_at: NOW.plus(9)
    }
}

async fn persons_are_told_in_order_and_late_ones_are_not(db: TestDatabase) {
    let new = announcement();
    let mut told = commit!(db, |tx| {
        announcements::insert(&mut tx, &new).await.expect("an announcement");
        let mut ids = Vec::new();
        for name in ["순자", "민지", "민준"] {
            ids.push(sign_up(&mut tx, name).await.id);
        }
        let late = person_named("늦은");
        let late = persons::NewPerson { person: &late, consent_version: "v1", recovery_hash: "l", now: NOW.plus(1) };
        persons::insert(&mut tx, late).await.expect("a person");
        ids
    });
    told.sort();
    let (found, up_to) = commit!(db, |tx| announcements::lock_unfinished(&mut tx, new.id).await.expect("an answer"))
        .expect("unfinished");
    assert_eq!((&found, up_to.as_str()), (&new, ""));
    let first = read!(db, |tx| announcements::find_next(&mut tx, &new, &up_to, 2).await);
    assert_eq!(first, [(told[0], Locale::Ko), (told[1], Locale::Ko)]);
    commit!(db, |tx| announcements::advance(&mut tx, new.id, told[1]).await.expect("progress"));
    let (_, up_to) = commit!(db, |tx| announcements::lock_unfinished(&mut tx, new.id).await.expect("an answer"))
        .expect("unfinished");
    let rest = read!(db, |tx| announcements::find_next(&mut tx, &new, &up_to, 2).await);
    assert_eq!(rest, [(told[2], Locale::Ko)]);
    assert_eq!(read!(db, |tx| announcements::find_unfinished(&mut tx).await), [new.id]);
    commit!(db, |tx| announcements::finish(&mut tx, new.id, NOW).await.expect("an end"));
    assert_eq!(read!(db, |tx| announcements::find_unfinished(&mut tx).await), []);
    assert_eq!(commit!(db, |tx| announcements::lock_unfinished(&mut tx, new.id).await.expect("an answer")), None);
}

async fn a_reach_counts_persons_and_devices_apart_from_the_muted(db: TestDatabase) {
    waiting_delivery(&db).await;
    let reach = read!(db, |tx| announcements::reach(&mut tx).await);
    assert_eq!(reach, Reach { persons: 2, muted: 0, devices: vec![(Provider::WebPush, 1)] });
    let everybody = read!(db, |tx| announcements::find_next(&mut tx, &announcement(), "", 9).await);
    let muted = Muted::new(vec![Channel::Announcement]);
    for (person, _) in everybody {
        assert!(commit!(db, for person, |tx| notifications::mute(&mut tx, person, &muted).await.expect("a change")));
        assert!(!commit!(db, for person, |tx| notifications::mute(&mut tx, person, &muted).await.expect("no change")));
    }
    let reach = read!(db, |tx| announcements::reach(&mut tx).await);
    assert_eq!(reach, Reach { persons: 2, muted: 2, devices: Vec::new() });
}

async fn what_a_person_mutes_holds_for_all_their_pairs(db: TestDatabase) {
    let super::fixtures::Together { parent, pair, .. } = super::fixtures::together(&db).await;
    let nudge = Muted::new(vec![Channel::Nudge]);
    let announcement = Muted::new(vec![Channel::Announcement]);
    commit!(db, in pair.id, |tx| {
        notifications::update_member(&mut tx, parent.id, pair.id, &nudge, true).await.expect("switches");
        persons::lock(&mut tx, [parent.id]).await.expect("the person's row");
        notifications::mute(&mut tx, parent.id, &announcement).await.expect("a switch");
    });
    let muted = async |about| {
        let found = read!(db, |tx| notifications::preferences(&mut tx, &[(parent.id, about)]).await);
        found.into_iter().next().expect("preferences").1.muted
    };
    assert_eq!(muted(Some(pair.id)).await, Muted::new(vec![Channel::Nudge, Channel::Announcement]));
    assert_eq!(muted(None).await, announcement);
}
