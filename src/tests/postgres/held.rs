//! Rows and connections that somebody holds.

use std::time::Duration;

use futures::future::join_all;

use super::{Beside, bounded, readyz, until, until_waiting};
use crate::{
    domain::Millis,
    server::storage::{
        schedule,
        seeds::{CHILDREN, PARENTS},
    },
    tests::{
        app::TestApp,
        storage::databases::{TestDatabase, on_postgres},
    },
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_an_idle_transaction_holds_stops_only_those_who_want_it() {
    on_postgres(async |db: TestDatabase| {
        let app = TestApp::start_with_database(db.database.clone()).await;
        let held = app.pair().await;
        let others = app.pair_of(app.person(CHILDREN[1].0).await, app.person(PARENTS[1].0).await).await;
        let (id, version) = held.parent.question(held.id).await;
        let mut operator = Beside::connect(&db.url).await;
        operator.run("BEGIN").await;
        operator.run(&format!("UPDATE persons SET name = name WHERE name = '{}'", CHILDREN[0].0)).await;

        let wanting = join_all(
            (0..20)
                .flat_map(|_| [&held.parent, &held.child])
                .map(|member| bounded("an answer to who wants the row", member.answer_to(id, version, "기다려요"))),
        );
        let others = async {
            until_waiting(&db.url, 2).await;
            for page in [format!("/p/{}", others.id), "/settings".to_owned()] {
                assert_eq!(others.parent.get(&page).await.status(), 200, "{page}");
            }
            assert_eq!(others.parent.answer(others.id, "우리는 괜찮아요").await.status(), 200);
            assert_eq!(others.child.answer(others.id, "여기도요").await.status(), 200);
            assert_eq!(readyz(&app).await, 200);
        };
        let (answers, ()) = tokio::join!(wanting, others);

        let statuses: Vec<u16> = answers.iter().map(|answer| answer.status().as_u16()).collect();
        assert!(statuses.iter().all(|status| *status == 503), "{statuses:?}");
        operator.run("ROLLBACK").await;
        assert_eq!(held.parent.answer(held.id, "이제 돼요").await.status(), 200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_all_connections_are_used_up_a_page_says_so_soon_and_the_jobs_go_on() {
    on_postgres(async |db: TestDatabase| {
        let app = TestApp::start_with_database(db.database.clone()).await;
        let pair = app.pair().await;
        let page = format!("/p/{}", pair.id);
        let (id, version) = pair.child.question(pair.id).await;
        // A quarter of sixteen belongs to the jobs.
        let held = join_all((0..12).map(|_| db.read())).await;
        assert!(held.iter().all(Result::is_ok));

        let (refused, ready) = tokio::join!(bounded("a page", pair.child.get(&page)), readyz(&app));

        assert_eq!(refused.status(), 503);
        assert!(refused.headers().contains_key("retry-after"));
        assert!(refused.text().await.expect("a page").contains("지금은 열리지 않아요"));
        assert_eq!(ready, 503);
        assert_eq!(bounded("an answer", pair.child.answer_to(id, version, "글")).await.status(), 503);
        let jobs = db.for_jobs();
        jobs.begin().await.expect("a transaction of a job").commit().await.expect("a commit");

        drop(held);
        assert_eq!(pair.child.get(&page).await.status(), 200);
        until("ready again", async || readyz(&app).await == 200).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_due_pairs_of_a_node_that_fell_silent_are_opened_by_another_node_soon() {
    on_postgres(async |db: TestDatabase| {
        let app = TestApp::start_with_database(db.database.clone()).await;
        let pair = app.pair().await;
        pair.answer_both("글").await;
        // The first question was today's.
        app.tick_at(21, 0).await;
        app.advance(Millis::DAY);
        // The other node is stopped in the middle of an opening: its connection stays open.
        let mut silent = db.second_node().await.for_jobs().begin().await.expect("a transaction");
        let held = schedule::find_due(&mut silent, app.state.clock.now(), 500).await.expect("the due pairs");
        assert_eq!(held, [pair.id]);

        let opening = async {
            while app.tick().await == 0 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        // The server ends the transaction after 8 s. The rest is for a busy machine.
        let opened = tokio::time::timeout(Duration::from_secs(25), opening).await;

        assert!(opened.is_ok(), "the server ends the silent transaction");
        assert_eq!(pair.child.today(pair.id).await.question.expect("a question").number, 2);
        assert!(silent.commit().await.is_err(), "the silent node finds out when it goes on");
    })
    .await;
}
