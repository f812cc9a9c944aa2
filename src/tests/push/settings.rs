//! Tests of the settings that hold pushes back: switches, quiet hours, and details on the lock screen.

use reqwest::StatusCode;

use super::{inbox, next_opens, subscribed, told};
use crate::{api::ApiError, domain::Millis};

#[tokio::test]
async fn a_muted_nudge_lies_in_the_inbox_and_looks_the_same_to_the_sender() {
    let (app, service, pair) = subscribed().await;
    let switches = [
        ("pair", pair.id.to_string()),
        ("question", "yes".into()),
        ("answer", "yes".into()),
        ("reminder", "yes".into()),
        ("news", "yes".into()),
    ];
    let switches: Vec<(&str, &str)> = switches.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(pair.parent.post("change_switches", &switches).await.status(), StatusCode::OK);
    pair.child.answer(pair.id, "놀이터요").await;
    app.deliver().await;
    service.take();
    let (id, _) = pair.child.question(pair.id).await;
    assert_eq!(pair.child.post("nudge", &[("daily_question", &id.to_string())]).await.status(), StatusCode::OK);
    assert!(pair.child.today(pair.id).await.has_nudged);
    app.deliver().await;
    assert!(told(&service).is_empty());
    assert_eq!(inbox(&pair.parent).await, ["콕! 민지가 두드렸어요", "민지가 답했어요"]);
}

#[tokio::test]
async fn quiet_hours_hold_everything_but_an_on_time_question() {
    let (app, service, pair) = subscribed().await;
    pair.answer_both("첫 기억").await;
    app.deliver().await;
    service.take();
    let minute = [("pair", pair.id.to_string()), ("push_time", "23:00".into()), ("zone", "Asia/Seoul".into())];
    let minute: Vec<(&str, &str)> = minute.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(pair.parent.post("change_push_time", &minute).await.status(), StatusCode::OK);
    app.deliver().await;
    assert_eq!(told(&service), ["child: 질문이 오는 시간이 바뀌었어요 / 엄마가 밤 11시로 바꾸었어요."]);
    next_opens(&app, 23).await;
    app.advance(Millis::MINUTE);
    app.deliver().await;
    assert_eq!(told(&service).len(), 2, "the question comes at its time");
    pair.child.answer(pair.id, "밤에 쓴 답").await;
    app.deliver().await;
    assert!(told(&service).is_empty(), "an answer waits for the morning");
    app.advance(8 * Millis::HOUR + 30 * Millis::MINUTE);
    app.deliver().await;
    assert_eq!(told(&service).len(), 1);
    assert_eq!(inbox(&pair.parent).await[0], "민지가 답했어요");
}

#[tokio::test]
async fn quiet_hours_that_cover_the_day_are_refused() {
    let (_app, _service, pair) = subscribed().await;
    for (from, to) in [("00:00", "23:59"), ("09:00", "09:00")] {
        let fields = [("quiet", "yes"), ("quiet_from", from), ("quiet_to", to)];
        assert_eq!(pair.child.refused("change_quiet_hours", &fields).await, (422, ApiError::QuietTooLong));
    }
    assert_eq!(
        pair.child
            .refused("change_quiet_hours", &[("quiet", "yes"), ("quiet_from", "25:00"), ("quiet_to", "07:00")])
            .await
            .0,
        422
    );
    let page = pair.child.page(&format!("/p/{}/settings/notifications", pair.id)).await;
    assert!(page.contains("22:30") && page.contains("07:30"), "nothing changed");
}

#[tokio::test]
async fn a_lock_screen_that_hides_details_says_only_that_there_is_news() {
    let (app, service, pair) = subscribed().await;
    assert_eq!(pair.parent.post("change_quiet_hours", &[("hides_details", "yes")]).await.status(), StatusCode::OK);
    pair.child.answer(pair.id, "하나").await;
    app.deliver().await;
    assert_eq!(told(&service), ["parent: 엄빠도 어렸다 / 새 소식이 있어요"]);
}
