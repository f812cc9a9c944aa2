//! The page to which a refused form returns.

use axum::http::{HeaderName, Uri, header, request::Parts};
use leptos::server_fn::ServerFn;

use super::routes;
use crate::{
    api::{
        AskHandOver, CheckInvitation, ConfirmHandOver, EnterHandOver, FinishSignInWith, Join, MakeHandOver,
        RefuseHandOver, SignIn, SignUp, StartPair, TakeHandOver, WithdrawHandOver,
    },
    domain::DailyQuestionId,
    paths,
    request::Visitor,
    server::{services::reading, state::AppState},
};

/// The page of a form: its `from` field, else the path of the Referer, else the page that usually has this form.
pub async fn page_of(state: &AppState, parts: &Parts, fields: &[(String, String)]) -> String {
    let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    if let Some(page) = field("from").and_then(own_page).or_else(|| referer(parts)) {
        return page;
    }
    match parts.uri.path() {
        SignIn::PATH => return paths::sign_in(),
        CheckInvitation::PATH => return paths::join(),
        Join::PATH => return paths::join_confirm(),
        SignUp::PATH | StartPair::PATH => return paths::start(),
        AskHandOver::PATH => return paths::digits(),
        EnterHandOver::PATH => return paths::wait(),
        MakeHandOver::PATH | WithdrawHandOver::PATH | ConfirmHandOver::PATH | RefuseHandOver::PATH => {
            return paths::hand_over();
        }
        TakeHandOver::PATH => return paths::hand_over_with("over"),
        FinishSignInWith::PATH => return paths::sign_in_with_callback(field("provider").unwrap_or_default()),
        _ => {}
    }
    let person = parts
        .extensions
        .get::<Visitor>()
        .and_then(|visitor| visitor.session.as_ref())
        .map(|found| found.person.clone());
    let question = field("daily_question").and_then(|id| id.parse::<DailyQuestionId>().ok());
    if let (Some(person), Some(question)) = (person, question)
        && let Ok(pair) = reading::pair_of_question(state, &person, question).await
    {
        return paths::today(pair);
    }
    paths::home()
}

/// `text` if it is a path of a page here. That page is rendered; nothing redirects to it.
fn own_page(text: &str) -> Option<String> {
    const MOST: usize = 512;
    let is_path = text.starts_with('/') && !text.starts_with("//") && text.len() <= MOST;
    let uri = text.parse::<Uri>().ok().filter(|uri| is_path && uri.authority().is_none())?;
    routes::is_page(uri.path()).then(|| uri.to_string())
}

/// The page that the Referer names, if it is on this host.
fn referer(parts: &Parts) -> Option<String> {
    // Either side may omit the default port (RFC 9110 §4.2.3).
    let bare = |host: &str| host.trim_end_matches(":443").trim_end_matches(":80").to_ascii_lowercase();
    let text = |name: &HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let referer = text(&header::REFERER)?.parse::<Uri>().ok()?;
    let host = text(&header::HOST).or_else(|| parts.uri.authority().map(|authority| authority.as_str()))?;
    // Browsers that hide the path send only the origin, which names no page.
    let path = referer.path_and_query().filter(|path| path.as_str() != "/")?;
    let is_ours = referer.authority().is_some_and(|authority| bare(authority.as_str()) == bare(host));
    own_page(path.as_str()).filter(|_| is_ours)
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, extract::Request};

    use super::*;

    #[test]
    fn only_an_own_path_that_is_a_page_is_come_back_to() {
        for page in
            ["/", "/start", "/join/ABCDE-12345", "/p/1/archive?section=school&page=2", "/settings?saved=change_name"]
        {
            assert_eq!(own_page(page).as_deref(), Some(page));
        }
        let long = format!("/{}", "a".repeat(600));
        let never = [
            "",
            "start",
            "//evil.example/p",
            "https://evil.example/p",
            "/api/sign_out",
            "/api",
            "/events?after=1",
            "/pkg/1/umbba.js",
            "/a b",
            "/a\r\nb",
            &long,
        ];
        for never in never {
            assert_eq!(own_page(never), None, "{never:?}");
        }
    }

    #[test]
    fn a_referer_counts_when_it_is_of_this_host_however_its_port_is_written() {
        let named = |uri: &str, host: Option<&str>, referer_is: &str| {
            let mut request = Request::post(uri).header(header::REFERER, referer_is);
            if let Some(host) = host {
                request = request.header(header::HOST, host);
            }
            referer(&request.body(Body::empty()).expect("a request").into_parts().0)
        };
        let page = "https://family.example/settings";
        assert_eq!(named("/api/change_name", Some("family.example"), page).as_deref(), Some("/settings"));
        assert_eq!(named("/api/change_name", Some("family.example:443"), page).as_deref(), Some("/settings"));
        assert_eq!(
            named("https://family.example/api/change_name", None, page).as_deref(),
            Some("/settings"),
            "HTTP/2's :authority"
        );
        assert_eq!(
            named("/api/change_name", Some("localhost:3000"), "http://localhost:3000/start").as_deref(),
            Some("/start")
        );
        assert_eq!(
            named("/api/change_name", Some("family.example"), "https://family.example/"),
            None,
            "an origin alone"
        );
        assert_eq!(named("/api/change_name", Some("family.example"), "https://evil.example/settings"), None);
        assert_eq!(named("/api/change_name", Some("family.example:8443"), page), None);
    }
}
