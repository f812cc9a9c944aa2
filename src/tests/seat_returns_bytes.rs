//! Tests that a person who gets a seat back reads nothing that is not the seat's. Two apps differ only in what the
//! person before wrote where no card has opened, how often they edited it, and in their other pair: the new person must
//! get the same bytes from both, before and after the seat has moved.

use super::{
    app::{Browser, FeedStream, TestApp, TestPair},
    keepsakes::entries,
    reveal::masked,
    seat_returns::{invite_back, join_new},
};
use crate::{
    api::ApiError,
    domain::{EventKind, Millis, RETURN_WAITS_MS},
    paths,
    server::storage::seeds::{CHILDREN, PARENTS},
};

const PLAIN: &[&str] = &["하나"];
const RICH: &[&str] = &["아주 길고 다른 글이에요.", "또 고친 글 🌙", "세 번째로 고친, 훨씬 더 긴 글이에요."];
const OF_CARD: &str = "열린카드의글";

struct World {
    app: TestApp,
    pair: TestPair,
    elsewhere: TestPair,
    newcomer: Browser,
    line: FeedStream,
    texts: &'static [&'static str],
}

impl World {
    /// A pair with a card, a shelved question and today's question, both answered by the parent alone.
    async fn new(texts: &'static [&'static str]) -> Self {
        let app = TestApp::start_with(11).await;
        let pair = app.pair().await;
        let elsewhere = app.pair_of(app.person(CHILDREN[1].0).await, pair.parent.clone()).await;
        pair.answer_both(OF_CARD).await;
        app.advance(Millis::DAY);
        app.tick_at(21, 0).await;
        for browser in [&pair.parent, &elsewhere.parent] {
            let id = if std::ptr::eq(browser, &pair.parent) { pair.id } else { elsewhere.id };
            for text in texts {
                browser.answer(id, text).await;
            }
        }
        let (question, _) = pair.parent.question(pair.id).await;
        app.run_sql(&format!("UPDATE daily_questions SET shelved_at = opened_at WHERE id = '{question}'")).await;
        for _ in 0..2 {
            app.advance(Millis::DAY);
            app.tick_at(21, 0).await;
        }
        for text in texts {
            pair.parent.answer(pair.id, text).await;
        }
        let code = invite_back(&pair.child, pair.id).await;
        let newcomer = join_new(&app, &code).await;
        let line = newcomer.listen_after(0).await;
        Self { app, pair, elsewhere, newcomer, line, texts }
    }

    async fn moves(&self) {
        self.app.wait(RETURN_WAITS_MS).await;
    }

    /// Everything that the new person can ask for.
    async fn seen(&self) -> Vec<String> {
        let (newcomer, pair) = (&self.newcomer, self.pair.id);
        let mut seen = Vec::new();
        let tails = ["", "/today", "/archive", "/settings", "/settings/us", "/return", "/invite"];
        let of_pair = tails.into_iter().map(|tail| format!("/p/{pair}{tail}"));
        let own = ["/", "/settings", "/settings/sign-in", "/inbox", "/devices"].map(str::to_owned);
        let elsewhere = [paths::today(self.elsewhere.id), paths::archive(self.elsewhere.id)];
        for path in of_pair.chain(own).chain(elsewhere) {
            let response = newcomer.get(&path).await;
            let status = response.status();
            seen.push(format!("{path} {status} {}", masked(newcomer, &response.text().await.expect("a page"))));
        }
        for question in self.app.read_sql("SELECT id FROM daily_questions ORDER BY id").await {
            let card = newcomer.get(&paths::card(pair, question.parse().expect("an id"))).await;
            seen.push(masked(newcomer, &card.text().await.expect("a page")));
            let fields = [("daily_question", question.as_str()), ("version", "1"), ("body", "하나")];
            for verb in ["submit_answer", "take_back_answer", "restore_answer", "swap_question"] {
                let known = verb != "submit_answer" || seen.last().is_some_and(|seen| !seen.contains(OF_CARD));
                if known {
                    seen.push(newcomer.post(verb, &fields).await.text().await.expect("a body"));
                }
            }
        }
        let today = newcomer.post("today", &[("pair", &pair.to_string())]).await;
        seen.push(today.text().await.expect("a body"));
        for path in [paths::COPY_OF_ALL.to_owned(), paths::copy_of(pair)] {
            let copy = newcomer.get(&path).await;
            if copy.status().is_success() {
                seen.extend(entries(copy).await.into_iter().map(|(name, text)| format!("{name}\n{text}")));
            }
        }
        seen
    }

    async fn told(&mut self) -> String {
        self.newcomer.post("change_name", &[("name", PARENTS[3].0)]).await;
        while self.line.next_event().await.kind != EventKind::NameChanged {}
        let told = self.line.raw.lines().filter(|line| !line.starts_with("retry")).collect::<Vec<_>>().join("\n");
        told.replace("event: ping\ndata: {}\n\n", "")
    }
}

#[tokio::test]
async fn the_new_person_gets_the_same_bytes_whatever_the_person_before_wrote() {
    let (mut one, mut two) = (World::new(PLAIN).await, World::new(RICH).await);
    assert_eq!(one.pair.id, two.pair.id, "twins");
    let before = (one.seen().await, two.seen().await);
    assert_eq!(before.0, before.1, "while the seat waits");
    assert!(before.1.iter().all(|bytes| !bytes.contains(OF_CARD)), "nothing of the pair before the seat moves");
    one.moves().await;
    two.moves().await;

    let after = (one.seen().await, two.seen().await);

    assert_eq!(after.0, after.1, "after the seat moved");
    assert!(after.1.iter().any(|bytes| bytes.contains("archive.json") && bytes.contains(OF_CARD)), "else no proof");
    let parent = two.app.read_sql("SELECT person_id FROM former_members").await.remove(0);
    let mut secrets = RICH.to_vec();
    let elsewhere = two.elsewhere.id.to_string();
    let sessions = two.app.read_sql(&format!("SELECT id FROM sessions WHERE person_id = '{parent}'")).await;
    let code = two.pair.parent.recovery_code();
    secrets.extend([parent.as_str(), code.as_str()]);
    secrets.extend(sessions.iter().map(String::as_str));
    for bytes in &after.1 {
        for secret in &secrets {
            assert!(!bytes.contains(secret), "{secret} of the person before in {bytes}");
        }
        // The address that was asked for stands in the answer that it is not found.
        assert!(bytes.contains(" 404 ") || !bytes.contains(&elsewhere), "the other pair in {bytes}");
    }
    assert_eq!(one.told().await, two.told().await, "the live line");
}

#[tokio::test]
async fn the_worlds_differ_once_the_card_opens() {
    let (one, two) = (World::new(PLAIN).await, World::new(RICH).await);
    for world in [&one, &two] {
        world.moves().await;
        world.pair.child.answer(world.pair.id, "딸의 글").await;
        let last = world.texts.last().expect("a text");
        assert!(world.newcomer.page(&paths::today(world.pair.id)).await.contains(last));
    }
    assert_ne!(one.seen().await, two.seen().await, "else the test above would prove nothing");
}

#[tokio::test]
async fn the_copy_of_the_person_before_holds_the_pair_until_the_seat_moves() {
    let world = World::new(RICH).await;
    let parent = &world.pair.parent;
    let text = async || {
        let copy = entries(parent.get(paths::COPY_OF_ALL).await).await;
        copy.into_iter().map(|(_, text)| text).collect::<String>()
    };
    assert!(text().await.contains(OF_CARD));
    world.moves().await;
    let after = text().await;
    assert!(!after.contains(OF_CARD) && !after.contains(&world.pair.id.to_string()));
    assert!(after.contains(RICH[2]), "the other pair is theirs");
    assert_eq!(parent.get(&paths::copy_of(world.pair.id)).await.status(), 410);
}

#[tokio::test]
async fn a_new_inviter_does_not_take_a_sealed_answer_into_a_pair_with_somebody_else() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    pair.child.answer(pair.id, OF_CARD).await;
    let code = invite_back(&pair.parent, pair.id).await;
    let newcomer = join_new(&app, &code).await;
    app.wait(RETURN_WAITS_MS).await;
    let again = [("pair", &*pair.id.to_string()), ("confirmed", "yes")];
    assert_eq!(newcomer.refused("start_again", &again).await, (409, ApiError::AnswerSealed));
    assert_eq!(app.read_sql("SELECT id FROM pairs").await.len(), 1, "nothing has changed");
}
