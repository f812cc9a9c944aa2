//! Transactions that the server ends so that another can go on.

use super::{Beside, until_waiting};
use crate::{
    server::storage::seeds::CHILDREN,
    tests::{
        app::TestApp,
        storage::databases::{TestDatabase, on_postgres},
    },
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_the_server_ends_in_a_deadlock_is_run_again() {
    on_postgres(async |db: TestDatabase| {
        let app = TestApp::start_with_database(db.database.clone()).await;
        let pair = app.pair().await;
        let mut beside = Beside::connect(&db.url).await;
        // The server ends the transaction that looks for the deadlock: the request.
        beside.run("SET deadlock_timeout = '1min'; BEGIN").await;
        beside.run(&format!("UPDATE persons SET name = name WHERE name = '{}'", CHILDREN[0].0)).await;

        let (answer, ()) = tokio::join!(pair.parent.answer(pair.id, "골목에서 놀았지"), async {
            // The answer holds the pair and waits for the person.
            until_waiting(&db.url, 1).await;
            beside.run("UPDATE pairs SET paused_until = paused_until").await;
            beside.run("COMMIT").await;
        });

        assert_eq!(answer.status(), 200);
        let today = pair.parent.today(pair.id).await;
        assert!(today.question.expect("a question").own().is_some(), "the answer is there");
        let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
        super::until("the deadlock is counted", async || Beside::connect(&db.url).await.count(deadlocks).await == 1)
            .await;
    })
    .await;
}
