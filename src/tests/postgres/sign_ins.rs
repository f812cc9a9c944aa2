//! Sign-ins that wait for a person while the deletion of the account is asked for.

use super::{Beside, bounded, until_waiting};
use crate::{
    api::ApiError,
    reads::{self, HandOverView},
    server::storage::seeds::CHILDREN,
    tests::{
        app::{Browser, TestApp},
        authenticator::{Authenticator, post},
        identities::{agreed, finish},
    },
};

/// What the deletion writes, in a transaction that began before the sign-in.
const DELETION: &str = "INSERT INTO deletions (person_id, asked_at, due_at)
    SELECT id, (SELECT MAX(created_at) FROM sessions), 9000000000000 FROM persons;
    DELETE FROM sessions; COMMIT";

/// Lets a sign-in wait for the person until a deletion has been committed. Returns what came of the sign-in.
async fn past_a_deletion<T>(app: &TestApp, sign_in: impl Future<Output = T>) -> T {
    let mut deletion = Beside::connect(app.database_url()).await;
    deletion.run("BEGIN; UPDATE persons SET name = name").await;
    let deleting = async {
        until_waiting(app.database_url(), 1).await;
        deletion.run(DELETION).await;
    };
    bounded("the sign-in", async { tokio::join!(sign_in, deleting).0 }).await
}

/// The numbers of sessions and of deletions.
async fn left(app: &TestApp) -> Vec<String> {
    app.read_sql(
        "SELECT CAST((SELECT COUNT(*) FROM sessions) AS TEXT) || ' ' || CAST((SELECT COUNT(*) FROM deletions) AS TEXT)",
    )
    .await
}

async fn is_in(browser: &Browser) -> bool {
    browser.get("/settings").await.status() == 200
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_that_waits_for_a_deletion_takes_it_back() {
    let (app, issuer) = TestApp::start_with_issuer().await;
    if !app.is_postgres() {
        return;
    }
    let person = app.person(CHILDREN[0].0).await;
    let code = person.recovery_code();
    let mut passkey = Authenticator::add(&person).await;
    let back = agreed(&person, &issuer, "/signin/with/club?link=yes").await;
    finish(&person, &back).await.expect("linked");

    let browser = app.visitor();
    let fields = [("code", code.as_str())];
    assert_eq!(past_a_deletion(&app, browser.post("sign_in", &fields)).await.status(), 200);
    assert_eq!((left(&app).await, is_in(&browser).await), (vec!["1 0".to_owned()], true), "by the code");

    let browser = app.visitor();
    let fields = passkey.used(&browser, "begin_passkey_sign_in").await.expect("a challenge");
    assert_eq!(past_a_deletion(&app, post(&browser, "sign_in_by_passkey", &fields)).await, Ok(()));
    assert_eq!((left(&app).await, is_in(&browser).await), (vec!["1 0".to_owned()], true), "by the passkey");

    let browser = app.visitor();
    let back = agreed(&browser, &issuer, "/signin/with/club").await;
    assert_eq!(past_a_deletion(&app, finish(&browser, &back)).await.as_deref(), Ok("/"));
    assert_eq!((left(&app).await, is_in(&browser).await), (vec!["1 0".to_owned()], true), "by the provider");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hand_over_that_waits_for_a_deletion_signs_nobody_in() {
    let app = TestApp::start().await;
    if !app.is_postgres() {
        return;
    }
    let person = app.person(CHILDREN[0].0).await;
    assert_eq!(person.post("make_hand_over", &[]).await.status(), 200);
    let digits =
        person.cookies.lock().expect("cookies")["__Host-hand-over"].split_once('.').expect("id.code").1.to_owned();
    let phone = app.visitor();
    assert_eq!(phone.post("ask_hand_over", &[("code", &digits)]).await.status(), 200);
    let Ok(HandOverView::Asked { id, .. }) = person.read(reads::hand_over()).await else { panic!("nobody asks") };
    assert_eq!(person.post("confirm_hand_over", &[("hand_over", &id.to_string())]).await.status(), 200);
    let link = person.post("lead_out", &[]).await.headers()["location"].to_str().expect("a path").to_owned();

    let refused = past_a_deletion(&app, phone.refused("enter_hand_over", &[])).await;

    assert_eq!(refused, (422, ApiError::CodeWrong));
    let token = link.trim_start_matches("/hand-over/");
    assert_eq!(phone.refused("take_hand_over", &[("token", token)]).await, (422, ApiError::CodeWrong));
    assert_eq!(left(&app).await, ["0 1"]);
}
