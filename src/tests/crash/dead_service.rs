//! A push service is dead for an hour: it refuses connections, then accepts them and never answers, then answers 503.
//! The devices of another service get their pushes meanwhile, as if nothing had happened.

use std::collections::BTreeMap;

use reqwest::StatusCode;
use umbba::domain::Millis;

use super::{
    node::{Data, Member, Node, seed},
    push_service::{Answer, PushService},
    wait_until,
};

const SEOUL: i64 = 9 * Millis::HOUR;
/// Requests to a dead service in an hour. Twelve devices try at once; then one tries after each pause, which is 30 s at
/// first and grows to five minutes.
const MOST_ATTEMPTS: i64 = 60;

/// The states of a delivery that is still to be sent.
const WAITING: &str = "IN ('pending', 'leased', 'retry')";

/// Tells each member's devices something: that a new recovery code was made. Nothing mutes or delays it.
async fn tell_all(node: &Node, members: &[Member]) {
    for member in members {
        assert_eq!(node.post(member, "renew_recovery", &[]).await.expect("an answer").0, StatusCode::OK);
    }
}

async fn number(data: &Data, sql: &str) -> i64 {
    data.database.read_sql(&format!("SELECT CAST(({sql}) AS TEXT)")).await[0].parse().expect("a number")
}

/// Moves the clock in steps of half a minute, and lets the outbox do what is due. No step is made while a push is on
/// its way, because its lease would end.
async fn pass_minutes(data: &Data, node: &Node, minutes: usize) {
    for _ in 0..2 * minutes {
        node.say("clock +30s").await.expect("the clock is set");
        node.say("tick").await.expect("a tick");
        wait_until(async || number(data, "SELECT COUNT(*) FROM deliveries WHERE state = 'leased'").await == 0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_service_that_is_dead_for_an_hour_loses_nothing_and_delays_nobody_else() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let data = &Data::new("dead-service").await;
    // An address of its own, so that no other test takes the port while nobody listens.
    let [.., high, low] = std::process::id().to_be_bytes();
    let home = format!("127.77.{high}.{}", low.clamp(1, 254));
    let free = std::net::TcpListener::bind(format!("{home}:0")).expect("a port").local_addr().expect("an address");
    let alive = PushService::start().await;
    let members = seed(data, "").await;
    let node = Node::start(data, &format!("{},{free}", alive.host)).await;
    // Noon, where no quiet hours delay anything.
    let noon = (node.now().await.0 + SEOUL).div_euclid(Millis::DAY) * Millis::DAY - SEOUL + 36 * Millis::HOUR;
    node.clock_to(Millis(noon)).await;
    let (mut at_dead, mut at_alive) = (Vec::new(), Vec::new());
    for (number, member) in members.iter().enumerate() {
        let (host, side) =
            if number % 2 == 0 { (free.to_string(), &mut at_dead) } else { (alive.host.clone(), &mut at_alive) };
        node.subscribe_at(member, &format!("http://{host}/push/{}", member.device)).await;
        side.push(member.clone());
    }
    let of_dead = |columns: &str, state: &str| {
        format!(
            "SELECT {columns} FROM deliveries JOIN push_subscriptions ON push_subscriptions.id = subscription_id \
             WHERE origin = 'http://{free}' AND state {state}"
        )
    };
    node.say("tick").await.expect("a tick");
    let attempts_before = number(data, &of_dead("COALESCE(SUM(attempts), 0)", "<> ''")).await;
    let told_before = alive.take().len();
    let waiting_before = number(data, &of_dead("COUNT(*)", WAITING)).await;

    // It refuses connections for twenty minutes.
    tell_all(&node, &members).await;
    wait_until(async || alive.arrived().len() >= at_alive.len()).await;
    pass_minutes(data, &node, 20).await;
    assert_eq!(number(data, &of_dead("COUNT(*)", WAITING)).await, waiting_before + at_dead.len() as i64);

    // It accepts connections and never answers.
    let dead = PushService::start_at(&free.to_string()).await;
    dead.answer_always(Some(Answer::Hang));
    node.say("clock +600s").await.expect("the clock is set");
    wait_until(async || dead.requests() > 0).await;
    // Few, so that they are all told long before the ten seconds are over that each try takes.
    tell_all(&node, &at_alive[..2]).await;
    wait_until(async || alive.arrived().len() >= at_alive.len() + 2).await;
    let hanging = number(data, &of_dead("COUNT(*)", "= 'leased'")).await;
    assert!(hanging > 0, "the other service's devices do not wait for the answer of this one");

    // It answers 503. What is of no use after a minute ends.
    dead.answer_always(Some(Answer::Status(503)));
    let device =
        data.database.read_sql(&format!("SELECT id FROM push_subscriptions WHERE origin = 'http://{free}'")).await;
    let owner = "SELECT endpoint FROM push_subscriptions WHERE id = ";
    let endpoint = &data.database.read_sql(&format!("{owner}'{}'", device[0])).await[0];
    let tester = at_dead.iter().find(|member| endpoint.ends_with(&member.device)).expect("its member");
    let tested = node.post(tester, "test_device", &[("device", &device[0])]).await.expect("an answer");
    assert_eq!(tested.0, StatusCode::OK);
    wait_until(async || number(data, &of_dead("COUNT(*)", "= 'leased'")).await == 0).await;
    pass_minutes(data, &node, 30).await;
    assert_eq!(number(data, &of_dead("COUNT(*)", "= 'expired'")).await, 1, "the test notification");
    let attempts = number(data, &of_dead("COALESCE(SUM(attempts), 0)", "<> ''")).await - attempts_before;
    println!("{attempts} attempts in an hour, {} requests since it listens", dead.requests());
    assert!(attempts <= MOST_ATTEMPTS && attempts >= at_dead.len() as i64, "{attempts} attempts");

    // It works again.
    dead.answer_always(None);
    pass_minutes(data, &node, 15).await;
    wait_until(async || number(data, &of_dead("COUNT(*)", WAITING)).await == 0).await;
    let mut arrived: BTreeMap<String, usize> = BTreeMap::new();
    for push in dead.take().into_iter().filter(|push| push.title.contains("복구 코드")) {
        *arrived.entry(push.device).or_default() += 1;
    }
    assert_eq!(arrived.len(), at_dead.len(), "every device got it: {arrived:?}");
    assert!(arrived.values().all(|times| *times == 1), "once: {arrived:?}");
    assert_eq!(alive.take().len(), at_alive.len() + 2, "nothing came twice; {told_before} before");
}
