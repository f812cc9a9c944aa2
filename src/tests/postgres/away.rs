//! A server that is away: silent, or ending every connection.

use super::{
    bounded, readyz,
    relay::{Relay, Relays},
    until,
};
use crate::{
    server::storage::{Database, Opening},
    tests::{
        app::TestApp,
        storage::databases::{TestDatabase, on_postgres},
    },
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_server_is_away_requests_are_told_soon_and_afterwards_all_is_well() {
    on_postgres(async |db: TestDatabase| {
        let relay = Relay::start(&db.url).await;
        let database = Database::open(&relay.url, Opening::AsIs).await.expect("the database through the relay");
        let app = TestApp::start_with_database(database.clone()).await;
        let pair = app.pair().await;
        let (page, (id, version)) = (format!("/p/{}", pair.id), pair.child.question(pair.id).await);

        for away in [Relays::Nothing, Relays::Ends, Relays::Nothing] {
            relay.set(away);
            let loads = futures::future::join_all((0..24).map(|_| bounded("a page", pair.child.get(&page))));
            let answer = bounded("an answer", pair.parent.answer_to(id, version, "골목"));
            let (loads, answer, ready) = tokio::join!(loads, answer, readyz(&app));
            let statuses: Vec<u16> = loads.iter().map(|load| load.status().as_u16()).collect();
            assert!(statuses.iter().all(|status| *status == 503), "{away:?}: {statuses:?}");
            assert_eq!((answer.status().as_u16(), ready), (503, 503), "{away:?}");

            relay.set(Relays::All);
            until("a page again", async || pair.child.get(&page).await.status() == 200).await;
            until("ready again", async || readyz(&app).await == 200).await;
        }

        assert_eq!(pair.parent.answer(pair.id, "골목").await.status(), 200);
        database.close().await;
    })
    .await;
}
