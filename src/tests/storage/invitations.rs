//! Invitations: when they expire, and who accepts one.

use super::{
    databases::TestDatabase,
    fixtures::{NOW, id, together},
};
use crate::{
    domain::{InvitationId, Relation},
    server::storage::{
        Database,
        invitations::{self, Invitation},
    },
};

on_both_databases! {
    an_invitation_reads_back_and_runs_until_it_ends,
    an_invitation_is_worth_nothing_after_its_time,
    of_two_at_once_exactly_one_takes_an_invitation,
}

async fn an_invitation_reads_back_and_runs_until_it_ends(db: TestDatabase) {
    let pair = together(&db).await.pair.id;
    let relation = Some(Relation::Other("큰이모".into()));
    let invitation = Invitation {
        id: InvitationId(id()),
        pair_id: pair,
        returns: None,
        relation,
        name: "순자".into(),
        created_at: NOW,
        expires_at: NOW.plus(100),
        ended_at: None,
    };
    commit!(db, |tx| invitations::insert(&mut tx, &invitation, "code").await.expect("an invitation"));
    assert_eq!(read!(db, |tx| invitations::lookup_by_code(&mut tx, "code").await), Some(invitation.clone()));
    assert_eq!(read!(db, |tx| invitations::lookup_by_code(&mut tx, "other").await), None);
    assert_eq!(read!(db, |tx| invitations::lookup(&mut tx, invitation.id).await), Some(invitation.clone()));
    assert_eq!(
        read!(db, |tx| invitations::lookup_running(&mut tx, pair, NOW.plus(99)).await),
        Some(invitation.clone())
    );
    assert_eq!(read!(db, |tx| invitations::lookup_running(&mut tx, pair, NOW.plus(100)).await), None, "expired");

    let renewed = Invitation {
        id: InvitationId(id()),
        returns: None,
        relation: None,
        name: String::new(),
        created_at: NOW.plus(1),
        ..invitation.clone()
    };
    commit!(db, |tx| {
        assert_eq!(invitations::end_all(&mut tx, pair, NOW.plus(1)).await.expect("an answer"), 1);
        invitations::insert(&mut tx, &renewed, "renewed").await.expect("an invitation");
    });
    assert_eq!(read!(db, |tx| invitations::lookup_running(&mut tx, pair, NOW.plus(2)).await), Some(renewed));
    let ended = read!(db, |tx| invitations::lookup(&mut tx, invitation.id).await).expect("kept");
    assert_eq!((ended.ended_at, ended.is_open(NOW.plus(2))), (Some(NOW.plus(1)), false));
}

async fn an_invitation_is_worth_nothing_after_its_time(db: TestDatabase) {
    let pair = together(&db).await.pair.id;
    let invitation = Invitation {
        id: InvitationId(id()),
        pair_id: pair,
        returns: None,
        relation: None,
        name: String::new(),
        created_at: NOW,
        expires_at: NOW.plus(100),
        ended_at: None,
    };
    commit!(db, |tx| invitations::insert(&mut tx, &invitation, "code").await.expect("an invitation"));
    assert!(!commit!(db, |tx| invitations::take(&mut tx, invitation.id, NOW.plus(100)).await.expect("an answer")));
    assert!(commit!(db, |tx| invitations::take(&mut tx, invitation.id, NOW.plus(99)).await.expect("an answer")));
    assert!(!commit!(db, |tx| invitations::take(&mut tx, invitation.id, NOW.plus(99)).await.expect("an answer")));
}

async fn of_two_at_once_exactly_one_takes_an_invitation(db: TestDatabase) {
    let pair = together(&db).await.pair.id;
    for round in 0..5 {
        let invitation = Invitation {
            id: InvitationId(id()),
            pair_id: pair,
            returns: None,
            relation: None,
            name: String::new(),
            created_at: NOW,
            expires_at: NOW.plus(100),
            ended_at: None,
        };
        commit!(db, |tx| invitations::insert(&mut tx, &invitation, &format!("code-{round}"))
            .await
            .expect("an invitation"));
        let take = |db: Database| {
            tokio::spawn(async move {
                let mut tx = db.begin().await.expect("a transaction");
                let is_taken = invitations::take(&mut tx, invitation.id, NOW).await.expect("an answer");
                tx.commit().await.expect("a commit");
                is_taken
            })
        };
        let (one, two) = tokio::join!(take(db.database.clone()), take(db.database.clone()));
        assert_ne!(one.expect("no panic"), two.expect("no panic"), "round {round}");
    }
}
