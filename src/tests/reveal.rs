//! Tests that nobody sees the other member's answer before answering. Two apps differ only in the other member's text,
//! its length and its number of edits: the waiting member must get the same bytes from both after any sequence of
//! actions.

use super::app::{Browser, FeedStream, TestApp, TestPair, rounds};
use crate::{
    api::ApiError,
    domain::{EventKind, PairId},
    reads,
    server::{
        random::Random,
        storage::seeds::{CHILDREN, PARENTS},
    },
};

/// The texts that the hidden member writes; they differ between the two apps.
struct Words {
    texts: &'static [&'static str],
}

const PLAIN: Words = Words { texts: &["하나"] };
const RICH: Words = Words {
    texts: &[
        "아주 길고 다른 글이에요.\n줄도 바뀌어요. <b>&amp;</b>",
        "또 고친 글 🌙",
        "세 번째로 고친, 훨씬 더 긴 글이고 끝이 없을 것만 같아요.",
    ],
};

struct World {
    app: TestApp,
    pair: TestPair,
    stranger: TestPair,
    line: FeedStream,
    words: &'static Words,
}

impl World {
    async fn new(seed: u64, words: &'static Words) -> Self {
        let app = TestApp::start_with(seed).await;
        let pair = app.pair().await;
        let stranger = app.pair_of(app.person(CHILDREN[1].0).await, app.person(PARENTS[1].0).await).await;
        let line = pair.child.listen(pair.id).await;
        Self { app, pair, stranger, line, words }
    }

    /// Does one step of a history. The same number does the same in both apps.
    async fn act(&mut self, step: u64) {
        match step % 9 {
            // The hidden member writes, and edits once for each further text.
            0..=2 => {
                for text in self.words.texts {
                    self.pair.parent.answer(self.pair.id, text).await;
                }
            }
            3 => {
                // The waiting member lets a day pass.
                self.app.tick_at(21, 0).await;
            }
            4 => {
                let (id, version) = self.pair.child.question(self.pair.id).await;
                self.pair
                    .child
                    .post("swap_question", &[("daily_question", &id.to_string()), ("version", &version.to_string())])
                    .await;
            }
            5 => {
                self.stranger.parent.answer(self.stranger.id, "낯선 글").await;
                self.stranger.child.answer(self.stranger.id, "낯선 답").await;
            }
            6 => {
                let pair = self.pair.id.to_string();
                self.pair
                    .parent
                    .post(
                        "change_push_time",
                        &[
                            ("pair", &pair),
                            ("push_time", if step.is_multiple_of(2) { "21:00" } else { "20:30" }),
                            ("zone", "Asia/Seoul"),
                        ],
                    )
                    .await;
            }
            7 => {
                let pair = self.pair.id.to_string();
                self.pair
                    .parent
                    .post(
                        "change_relation",
                        &[
                            ("pair", &pair),
                            ("relation", "other"),
                            ("relation_word", if step.is_multiple_of(2) { "엄마" } else { "마마" }),
                        ],
                    )
                    .await;
            }
            _ => {
                let (id, _) = self.pair.parent.question(self.pair.id).await;
                self.pair.parent.post("move_on", &[("daily_question", &id.to_string())]).await;
            }
        }
    }

    /// Returns everything that the waiting member can request.
    async fn seen(&self) -> Vec<String> {
        let (child, pair) = (&self.pair.child, self.pair.id);
        let mut seen = Vec::new();
        for path in [
            format!("/p/{pair}/today"),
            format!("/p/{pair}/archive"),
            format!("/p/{pair}/settings"),
            "/".to_owned(),
            "/settings".to_owned(),
        ] {
            seen.push(masked(child, &child.page(&path).await));
        }
        let question = child.today(pair).await.question.map(|question| question.id.to_string()).unwrap_or_default();
        seen.push(format!("{:?}", child.read(reads::archive(pair, None, 1)).await));
        if let Ok(id) = question.parse() {
            seen.push(format!("{:?}", child.read(reads::card(pair, id)).await));
        }
        seen.push(format!("{:?}", child.read(reads::pair_settings(pair)).await));
        for (endpoint, fields) in [
            ("today", vec![("pair", pair.to_string())]),
            ("submit_answer", vec![("daily_question", question), ("version", "1".to_owned()), ("body", String::new())]),
        ] {
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            seen.push(child.post(endpoint, &fields).await.text().await.expect("a body"));
        }
        seen
    }

    /// Returns everything that the waiting member's feed carried, up to a final event that both apps send.
    async fn told(&mut self) -> String {
        self.pair.child.post("change_name", &[("name", CHILDREN[2].0)]).await;
        while self.line.next_event().await.kind != EventKind::NameChanged {}
        let told = self.line.raw.lines().filter(|line| !line.starts_with("retry")).collect::<Vec<_>>().join("\n");
        // A heartbeat may be sent in one app and not in the other.
        told.replace("event: ping\ndata: {}\n\n", "")
    }
}

/// Replaces the nonces, which are new for every response, and the ports, which differ between the two apps.
pub(super) fn masked(browser: &Browser, html: &str) -> String {
    let html = html.replace(browser.url.as_str(), "URL");
    let mut masked = String::new();
    let mut rest = html.as_str();
    while let Some(at) = rest.find("nonce=\"") {
        let (before, after) = rest.split_at(at + 7);
        masked.push_str(before);
        rest = after.split_once('"').map_or("", |(_, rest)| rest);
    }
    masked + rest
}

async fn both_worlds(seed: u64) {
    let random = Random::seeded(seed);
    let (mut one, mut two) = (World::new(seed, &PLAIN).await, World::new(seed, &RICH).await);
    assert_eq!(one.pair.id, two.pair.id, "twins");
    for _ in 0..12 {
        let step = random.number();
        one.act(step).await;
        two.act(step).await;
        let (seen_one, seen_two) = (one.seen().await, two.seen().await);
        assert_eq!(seen_one, seen_two, "seed {seed}, step {}", step % 9);
        for bytes in &seen_two {
            for word in RICH.texts.iter().flat_map(|text| text.lines()) {
                assert!(!bytes.contains(word), "seed {seed}: the other's words before mine");
            }
        }
    }
    assert_eq!(one.told().await, two.told().await, "seed {seed}: the live line");
}

#[tokio::test]
async fn the_waiting_member_sees_the_same_bytes_whatever_the_other_wrote() {
    // Each round starts two whole apps, so this test runs a tenth of the usual rounds.
    for seed in 0..u64::from(rounds().div_ceil(10)) {
        both_worlds(seed).await;
    }
}

#[tokio::test]
async fn the_two_worlds_differ_once_both_have_answered() {
    let (one, two) = (World::new(1, &PLAIN).await, World::new(1, &RICH).await);
    for world in [&one, &two] {
        for text in world.words.texts {
            world.pair.parent.answer(world.pair.id, text).await;
        }
        world.pair.child.answer(world.pair.id, "나의 답").await;
    }
    assert_ne!(one.seen().await, two.seen().await, "else the test above would prove nothing");
}

#[tokio::test]
async fn an_id_of_another_pair_is_not_found_anywhere() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    pair.answer_both("우리의 글").await;
    let (question, _) = pair.child.question(pair.id).await;
    let stranger = app.pair_of(app.person(CHILDREN[1].0).await, app.person(PARENTS[1].0).await).await.child;
    let not_found = async |browser: &Browser, error: ApiError| {
        assert_eq!(browser.read(reads::archive(pair.id, None, 1)).await, Err(error));
        assert_eq!(browser.read(reads::card(pair.id, question)).await, Err(error));
        assert_eq!(browser.read(reads::season(pair.id, 1)).await, Err(error));
        assert_eq!(browser.read(reads::pair_settings(pair.id)).await, Err(error));
        assert_eq!(browser.read(reads::invitation(pair.id)).await, Err(error));
    };
    not_found(&stranger, ApiError::NotFound).await;
    not_found(&app.visitor(), ApiError::SignedOut).await;
    let (id, question) = (pair.id.to_string(), question.to_string());

    for path in pages_of(pair.id, &question) {
        assert_eq!(stranger.get(&path).await.status(), 404, "{path}");
        assert_eq!(app.visitor().get(&path).await.status(), 401, "{path}");
    }
    for (endpoint, fields) in [
        ("today", vec![("pair", id.as_str())]),
        ("submit_answer", vec![("daily_question", &question), ("version", "1"), ("body", "나쁜 글")]),
        ("swap_question", vec![("daily_question", &question), ("version", "1")]),
        ("move_on", vec![("daily_question", &question)]),
        ("change_push_time", vec![("pair", &id), ("push_time", "10:00"), ("zone", "Asia/Seoul")]),
        ("change_relation", vec![("pair", &id), ("relation", "son")]),
        ("pause_pair", vec![("pair", &id), ("until", "2026-12-01")]),
        ("resume_pair", vec![("pair", &id)]),
        ("leave_pair", vec![("pair", &id), ("confirmed", "yes")]),
        ("start_again", vec![("pair", &id), ("confirmed", "yes")]),
        ("invite", vec![("pair", &id)]),
        ("withdraw_invitation", vec![("pair", &id)]),
    ] {
        assert_eq!(stranger.post(endpoint, &fields).await.status(), 404, "{endpoint}");
        assert_eq!(app.visitor().post(endpoint, &fields).await.status(), 401, "{endpoint}");
    }
}

fn pages_of(pair: PairId, question: &str) -> Vec<String> {
    ["", "/today", "/archive", "/settings", "/invite", "/seasons/1"]
        .into_iter()
        .map(|tail| format!("/p/{pair}{tail}"))
        .chain([format!("/p/{pair}/cards/{question}")])
        .collect()
}
