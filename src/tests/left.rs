//! Tests of how a closed pair shows the member who left it.

use super::app::TestApp;
use crate::paths;

#[tokio::test]
async fn a_closed_pair_shows_the_former_member_as_they_were() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    pair.answer_both("글").await;
    let rename = async |name: &str| assert_eq!(pair.child.post("change_name", &[("name", name)]).await.status(), 200);
    rename("떠나기전").await;
    assert_eq!(
        pair.parent.today(pair.id).await.pair.other.expect("the child").name,
        "떠나기전",
        "a running pair follows"
    );
    assert_eq!(
        pair.child.post("leave_pair", &[("pair", &pair.id.to_string()), ("confirmed", "yes")]).await.status(),
        200
    );
    let heard = pair.parent.today(pair.id).await.as_of;

    rename("나중이름").await;

    let closed = pair.parent.today(pair.id).await;
    assert_eq!(closed.as_of, heard, "and the other does not hear of it");
    assert_eq!(closed.pair.other.expect("the child").name, "떠나기전");
    for page in [paths::today(pair.id), paths::archive(pair.id), "/".into(), "/inbox".into()] {
        assert!(!pair.parent.page(&page).await.contains("나중이름"), "{page}");
    }
    assert!(pair.child.page("/settings/me").await.contains("나중이름"), "their own page has it");
}
