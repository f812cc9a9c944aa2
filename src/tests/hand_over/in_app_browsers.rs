//! Tests of the link that leads out of an app's built-in browser, also when another person's phone opens it.

use reqwest::StatusCode;

use super::{
    KAKAOTALK, OVER, cookie, end_session_of, lead_out, location, make, post_as, read, second_browser, sessions, take,
};
use crate::{
    api::ApiError,
    domain::{EventKind, WAY_OUT_LIFE_MS},
    reads,
    server::storage::seeds::{CHILDREN, PARENTS},
    tests::app::TestApp,
};

#[tokio::test]
async fn in_an_app_s_browser_the_way_out_takes_the_person_along() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let today = format!("/p/{}/today", pair.id);
    assert!(!pair.child.page(&today).await.contains("기본 브라우저로 열기"), "an ordinary browser has no need of it");
    let inside = async |path: &str| pair.child.get_as(path, KAKAOTALK).await.text().await.expect("a page");
    for path in [today.as_str(), "/settings/sign-in", "/keep"] {
        assert!(inside(path).await.contains("기본 브라우저로 열기"), "{path}");
    }
    let mut line = pair.child.listen(pair.id).await;

    let made = post_as(&pair.child, "lead_out", "", KAKAOTALK).await;
    let link = location(&made);
    let way: String = read(made).await;

    let escaped: String = url::form_urlencoded::byte_serialize(format!("{}{link}", app.url).as_bytes()).collect();
    assert_eq!(way, format!("kakaotalk://web/openExternal?url={escaped}"));
    assert!(inside(&link).await.contains(&way), "without a script it is a link on the next page");
    let browser = app.visitor();
    assert!(browser.page(&link).await.contains("여기서 이어 쓰기"));
    let taken = take(&browser, &link).await;
    assert_eq!((taken.status(), location(&taken)), (StatusCode::OK, "/".to_owned()));
    assert!(browser.page("/").await.contains(&format!("{} 님, 어서 오세요", CHILDREN[0].0)), "whose it is, afterwards");
    line.hears(EventKind::HandOverUsed).await;
    assert_eq!(sessions(&pair.child).await.len(), 2);
    assert_eq!(take(&browser, &lead_out(&pair.child).await).await.status(), StatusCode::OK);
    assert_eq!(sessions(&pair.child).await.len(), 2, "a person who is in already gets no second session");
}

#[tokio::test]
async fn a_way_out_is_good_once_for_two_minutes_and_the_last_one_only() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let refused = async |link: &str| {
        let response = take(&app.visitor(), link).await;
        let status = response.status().as_u16();
        (status, read::<ApiError>(response).await)
    };
    let expired = lead_out(&person).await;
    app.advance(WAY_OUT_LIFE_MS);
    assert_eq!(refused(&expired).await, OVER);
    let replaced = lead_out(&person).await;
    let link = lead_out(&person).await;
    assert_eq!(refused(&replaced).await, OVER);
    app.advance(WAY_OUT_LIFE_MS - 1);

    let both = [app.visitor(), app.visitor()];
    let (one, two) = tokio::join!(take(&both[0], &link), take(&both[1], &link));

    let mut statuses = [one.status().as_u16(), two.status().as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 422], "of two at once exactly one");
    for wrong in [link.as_str(), "/hand-over/", "/hand-over/zz", "/hand-over/12345678"] {
        assert_eq!(refused(wrong).await, OVER, "{wrong}");
    }
    let page = app.visitor().submit("take_hand_over", &[("token", "zz")]).await;
    assert_eq!(page.status(), 422);
    assert!(page.text().await.expect("a page").contains("이미 쓰였거나 2분이 지났어요."));
}

#[tokio::test]
async fn digits_are_no_link_and_a_link_is_no_digits() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let (code, link) = (make(&person).await, lead_out(&person).await);
    assert_eq!(take(&app.visitor(), &code).await.status(), 422);
    assert_eq!(person.post("withdraw_hand_over", &[]).await.status(), StatusCode::OK);
    assert_eq!(take(&app.visitor(), &link).await.status(), StatusCode::OK, "each runs by itself");
    let dead = lead_out(&person).await;
    let keeper = second_browser(&app, &person).await;
    end_session_of(&person, &keeper).await;
    assert_eq!(take(&app.visitor(), &dead).await.status(), 422, "and ends with the session that made it");
}

#[tokio::test]
async fn somebody_else_s_phone_is_sent_to_the_invitation_which_has_name_and_relation_ready() {
    let app = TestApp::start().await;
    let child = app.person(CHILDREN[0].0).await;
    let pair = child.start_pair("child").await;
    let page = child.page("/hand-over").await;
    assert!(page.contains("다른 사람의 휴대폰인가요?") && page.contains(&format!("/p/{pair}/invite")));

    let fields = [("pair", pair.to_string()), ("relation", "mother".into()), ("name", PARENTS[0].0.into())];
    child.post("invite", &fields.each_ref().map(|(name, value)| (*name, value.as_str()))).await;
    let code = cookie(&child, "__Host-invitation")
        .and_then(|value| value.split_once('.').map(|(_, code)| code.to_owned()))
        .expect("a code");
    let phone = app.visitor();
    assert_eq!(phone.post("check_invitation", &[("code", &code)]).await.status(), StatusCode::OK);
    let page = phone.page("/join/confirm").await;
    let mother = page.split("<input").find(|input| input.contains("value=\"mother\"")).expect("the choice");
    assert!(mother.split('>').next().is_some_and(|tag| tag.contains("checked")), "the relation is chosen");
    assert!(page.contains(&format!("value=\"{}\"", PARENTS[0].0)), "the name is filled in");
    assert_eq!(phone.get("/settings").await.status(), 401, "and nobody is signed in as the child");
}

#[tokio::test]
async fn a_stranger_has_no_hand_over_and_signing_out_forgets_the_digits() {
    let app = TestApp::start().await;
    assert_eq!(app.visitor().get("/hand-over").await.status(), 401);
    assert_eq!(app.visitor().read(reads::hand_over()).await, Err(ApiError::SignedOut));
    for endpoint in ["make_hand_over", "withdraw_hand_over", "lead_out"] {
        assert_eq!(app.visitor().refused(endpoint, &[]).await, (401, ApiError::SignedOut), "{endpoint}");
    }
    assert!(app.visitor().page("/signin").await.contains("/signin/digits"));
    let person = app.person(CHILDREN[0].0).await;
    make(&person).await;
    assert_eq!(person.post("sign_out", &[]).await.status(), StatusCode::OK);
    assert_eq!(cookie(&person, "__Host-hand-over"), None);
}
