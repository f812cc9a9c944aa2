//! Tests that a page that is being looked at replaces a push.

use reqwest::StatusCode;

use super::{recovery, subscribed};
use crate::{
    domain::{EventKind, Millis},
    reads::{self, InboxView},
};

#[tokio::test]
async fn a_page_that_is_looked_at_saves_that_browser_the_push_and_no_other() {
    let (app, service, pair) = subscribed().await;
    let tablet = app.visitor();
    let code = recovery(&pair.parent).await;
    tablet.post("sign_in", &[("code", &code)]).await;
    tablet.subscribe(&service, "tablet").await;
    app.deliver().await;
    service.take();
    let mut line = pair.parent.listen(pair.id).await;
    pair.child.answer(pair.id, "하나").await;
    let event = line.next_event().await;
    assert_eq!(
        (event.kind, event.unread),
        (EventKind::AnswerSubmitted, Some(3)),
        "the new recovery code, its use, and this"
    );
    app.deliver().await;
    assert_eq!(
        service.take().into_iter().map(|push| push.device).collect::<Vec<_>>(),
        ["tablet"],
        "the open page has five seconds to say so"
    );
    assert_eq!(pair.parent.post("seen_live", &[("seq", &event.seq.to_string())]).await.status(), StatusCode::OK);
    app.advance(6 * Millis::SECOND);
    app.deliver().await;
    assert!(service.take().is_empty());
}

#[tokio::test]
async fn a_page_that_sleeps_gets_its_push_after_five_seconds() {
    let (app, service, pair) = subscribed().await;
    let _line = pair.parent.listen(pair.id).await;
    pair.child.answer(pair.id, "하나").await;
    app.deliver().await;
    assert!(service.take().is_empty());
    app.advance(5 * Millis::SECOND);
    app.deliver().await;
    assert_eq!(service.take().len(), 1);
}

#[tokio::test]
async fn reading_the_inbox_moves_live_to_the_other_devices() {
    let (_app, _service, pair) = subscribed().await;
    pair.child.answer(pair.id, "하나").await;
    let mut line = pair.parent.listen(pair.id).await;
    let inbox: InboxView = pair.parent.read(reads::inbox()).await.expect("an inbox");
    assert_eq!(inbox.unread, 1);
    assert_eq!(pair.parent.post("read_inbox", &[("seq", &inbox.as_of.to_string())]).await.status(), StatusCode::OK);
    let event = line.next_event().await;
    assert_eq!((event.kind, event.unread), (EventKind::InboxChanged, Some(0)));
}
