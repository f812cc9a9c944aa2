//! The budget of writes that all nodes share.

use futures::future::join_all;

use super::{
    databases::TestDatabase,
    fixtures::{NOW, Together, together},
};
use crate::{domain::Millis, server::storage::write_budgets};

on_both_databases!(nodes_share_one_budget_and_it_comes_back, a_row_from_a_wrong_clock_blocks_nobody);

const BURST: u32 = 8;
const EVERY_MS: i64 = 5 * Millis::SECOND;

async fn nodes_share_one_budget_and_it_comes_back(db: TestDatabase) {
    let Together { parent, child, .. } = together(&db).await;
    let nodes = [db.second_node().await, db.second_node().await];
    let take = async |node: usize, person, now| {
        commit!(nodes[node], |tx| write_budgets::take(&mut tx, person, BURST, EVERY_MS, now).await.expect("a count"))
    };
    let at_once = join_all((0..20).map(|number| take(number % 2, parent.id, NOW))).await;
    assert_eq!(at_once.into_iter().filter(|is_taken| *is_taken).count(), BURST as usize);
    assert!(take(0, child.id, NOW).await, "each person has a budget");
    assert!(!take(1, parent.id, NOW.plus(EVERY_MS - 1)).await);
    assert!(take(0, parent.id, NOW.plus(EVERY_MS)).await);
    assert!(!take(1, parent.id, NOW.plus(EVERY_MS)).await);
    for node in nodes {
        node.close().await;
    }
}

async fn a_row_from_a_wrong_clock_blocks_nobody(db: TestDatabase) {
    let parent = together(&db).await.parent.id;
    let take =
        async |now| commit!(db, |tx| write_budgets::take(&mut tx, parent, 1, EVERY_MS, now).await.expect("a count"));
    assert!(take(NOW.plus(Millis::DAY)).await);
    assert!(take(NOW).await, "the clock was set right");
    assert!(!take(NOW).await);
}
