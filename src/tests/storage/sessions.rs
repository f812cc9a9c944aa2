//! Sessions: lookup by token, rotation, use, and the end.

use super::{
    databases::TestDatabase,
    fixtures::{NOW, id, sign_up, waiting_delivery},
};
use crate::{
    domain::{Millis, PersonId, SessionId},
    server::storage::{delivery_context, persons, prune, sessions, subscriptions},
};

on_both_databases! {
    a_session_opens_by_its_token_until_it_idles,
    after_a_rotation_the_token_before_lives_until_the_new_one_was_shown,
    a_retired_token_is_told_of_once_until_the_next_is_retired,
    sessions_are_listed_by_use_and_ended_by_their_owner_alone,
    ending_a_session_takes_its_subscription_along,
}

async fn a_session_opens_by_its_token_until_it_idles(db: TestDatabase) {
    let session = SessionId(id());
    let person = commit!(db, |tx| {
        let person = sign_up(&mut tx, "순자").await;
        sessions::insert(&mut tx, session, person.id, "hash", "Chrome, Android", NOW).await.expect("a session");
        person
    });
    let found = read!(db, |tx| sessions::lookup(&mut tx, "hash", NOW.plus(-1), NOW).await).expect("the session");
    let expected = sessions::Session {
        id: session,
        device: "Chrome, Android".into(),
        created_at: NOW,
        rotated_at: NOW,
        last_used_at: NOW,
        proved_at: None,
    };
    assert_eq!((found.session, found.person), (expected, person));
    assert!(read!(db, |tx| sessions::lookup(&mut tx, "hash", NOW, NOW).await).is_none(), "not used since");
    assert!(read!(db, |tx| sessions::lookup(&mut tx, "other", NOW.plus(-1), NOW).await).is_none());

    commit!(db, |tx| sessions::touch(&mut tx, session, "here", NOW.plus(10)).await.expect("touched"));
    let found = read!(db, |tx| sessions::lookup(&mut tx, "hash", NOW, NOW.plus(10)).await).expect("the session");
    assert_eq!((found.session.last_used_at, found.session.rotated_at), (NOW.plus(10), NOW));
    let was_at = async |person: PersonId, place: &str| read!(db, |tx| sessions::was_at(&mut tx, person, place).await);
    assert!(
        was_at(found.person.id, "here").await
            && !was_at(found.person.id, "there").await
            && !was_at(PersonId(id()), "here").await
    );
}

async fn after_a_rotation_the_token_before_lives_until_the_new_one_was_shown(db: TestDatabase) {
    let session = SessionId(id());
    let person = commit!(db, |tx| {
        let person = sign_up(&mut tx, "순자").await;
        sessions::insert(&mut tx, session, person.id, "old", "d", NOW).await.expect("a session");
        person
    });
    let later = NOW.plus(30 * Millis::DAY);
    assert!(commit!(db, |tx| sessions::rotate(&mut tx, session, "new", NOW, later).await.expect("an answer")));
    assert!(
        !commit!(db, |tx| sessions::rotate(&mut tx, session, "newer", NOW, later).await.expect("an answer")),
        "another request was faster"
    );
    let look = async |token: &str, at: Millis| {
        let found = read!(db, |tx| sessions::lookup(&mut tx, token, NOW, at).await)?;
        assert_eq!((&found.person, found.session.id, found.session.rotated_at), (&person, session, later));
        Some((found.token_hash != token, found.is_rotating))
    };
    let weeks_later = later.plus(20 * Millis::DAY);
    assert_eq!(look("old", weeks_later).await, Some((true, true)), "the answer with the new one may have been lost");
    assert_eq!(look("new", weeks_later).await, Some((false, true)));
    assert_eq!(look("newer", later).await, None);

    let until = weeks_later.plus(Millis::MINUTE);
    commit!(db, |tx| sessions::settle(&mut tx, session, "old", until.plus(-Millis::DAY))
        .await
        .expect("of an earlier rotation"));
    commit!(db, |tx| sessions::settle(&mut tx, session, "new", until).await.expect("settled"));
    commit!(db, |tx| sessions::settle(&mut tx, session, "new", until.plus(Millis::DAY)).await.expect("settled"));
    assert_eq!(look("old", until.plus(-1)).await, Some((true, false)));
    assert_eq!(look("old", until).await, None);
    assert_eq!(look("new", until).await, Some((false, false)));
}

async fn a_retired_token_is_told_of_once_until_the_next_is_retired(db: TestDatabase) {
    let session = SessionId(id());
    let person = commit!(db, |tx| {
        let person = sign_up(&mut tx, "순자").await;
        sessions::insert(&mut tx, session, person.id, "first", "d", NOW).await.expect("a session");
        person
    });
    let told = async |token: &str, at: Millis| {
        let mut tx = db.begin().await.expect("a transaction");
        persons::lock(&mut tx, [person.id]).await.expect("the person's row");
        let told = sessions::report_retired_once(&mut tx, person.id, token, at).await.expect("an answer");
        tx.commit().await.expect("a commit");
        told
    };
    for (at, tokens) in [(NOW.plus(1), ["first", "second"]), (NOW.plus(9), ["second", "third"])] {
        commit!(db, |tx| sessions::rotate(&mut tx, session, tokens[1], NOW.plus(8), at).await.expect("an answer"));
        assert_eq!(told(tokens[0], at).await, None, "the fresh one was not shown yet");
        commit!(db, |tx| sessions::settle(&mut tx, session, tokens[1], at.plus(2)).await.expect("settled"));
        assert_eq!((told(tokens[0], at.plus(1)).await, told(tokens[1], at.plus(2)).await), (None, None));
        assert_eq!(read!(db, |tx| sessions::lookup_retired(&mut tx, tokens[0], at.plus(2)).await), Some(person.id));
        assert_eq!(told(tokens[0], at.plus(2)).await, Some(session));
        assert_eq!(told(tokens[0], at.plus(2)).await, None, "told already");
        assert_eq!(read!(db, |tx| sessions::lookup_retired(&mut tx, tokens[0], at.plus(2)).await), None);
    }
    assert_eq!(read!(db, |tx| sessions::find_persons(&mut tx).await), [person.id]);
    assert!(
        !read!(db, |tx| sessions::lookup(&mut tx, "third", NOW, NOW.plus(20)).await).expect("the session").is_shown
    );
    commit!(db, |tx| sessions::show(&mut tx, session, NOW.plus(9)).await.expect("shown"));
    assert!(read!(db, |tx| sessions::lookup(&mut tx, "third", NOW, NOW.plus(20)).await).expect("the session").is_shown);
}

async fn sessions_are_listed_by_use_and_ended_by_their_owner_alone(db: TestDatabase) {
    let ids = [SessionId(id()), SessionId(id()), SessionId(id())];
    let (person, stranger) = commit!(db, |tx| {
        let (person, stranger) = (sign_up(&mut tx, "순자").await, sign_up(&mut tx, "영호").await);
        for (at, session) in ids.into_iter().enumerate() {
            sessions::insert(&mut tx, session, person.id, &format!("hash-{at}"), "d", NOW.plus(at as i64))
                .await
                .expect("a session");
        }
        (person, stranger)
    });
    let listed = read!(db, |tx| sessions::find_of(&mut tx, person.id).await);
    assert_eq!(listed.iter().map(|session| session.id).collect::<Vec<_>>(), [ids[2], ids[1], ids[0]]);

    assert!(
        !commit!(db, for stranger.id, |tx| sessions::delete(&mut tx, stranger.id, ids[1]).await.expect("an answer")),
        "not a stranger's to end"
    );
    assert!(commit!(db, for person.id, |tx| sessions::delete(&mut tx, person.id, ids[1]).await.expect("an answer")));
    assert!(
        !commit!(db, for person.id, |tx| sessions::delete(&mut tx, person.id, ids[1]).await.expect("an answer")),
        "ended already"
    );
    assert!(!read!(db, |tx| sessions::exists(&mut tx, ids[1]).await));
    assert!(read!(db, |tx| sessions::exists(&mut tx, ids[0]).await));

    assert_eq!(
        commit!(db, |tx| prune::batch(&mut tx, &prune::SESSIONS, NOW).await.expect("an answer")),
        1,
        "only the one nobody used since"
    );
    assert_eq!(read!(db, |tx| sessions::find_of(&mut tx, person.id).await).len(), 1);
}

async fn ending_a_session_takes_its_subscription_along(db: TestDatabase) {
    let told = waiting_delivery(&db).await;
    let person = read!(db, |tx| delivery_context::load(&mut tx, &[told]).await)[0].as_ref().expect("a context").person;
    let subscription =
        read!(db, |tx| subscriptions::lookup_for(&mut tx, person, told.subscription).await).expect("a subscription");
    assert!(
        commit!(db, for person, |tx| sessions::delete(&mut tx, person, subscription.session).await.expect("ended"))
    );
    assert_eq!(read!(db, |tx| subscriptions::find_of(&mut tx, person).await), []);
}
