//! In-app browsers (KakaoTalk, Instagram, …): how they are recognised, and how a page leaves them. An in-app browser
//! does not share its cookies with the device's own browser.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InApp {
    No,
    KakaoTalk,
    Other,
}

/// The browser that a page is opened in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InAppBrowser {
    pub in_app: InApp,
    /// The address that opens the page in the device's own browser. Empty if only the menu of the app can do that.
    pub open_in_browser: String,
}

impl InAppBrowser {
    /// Recognises the browser by its `User-Agent`. `path` is the path of the page.
    pub fn of(user_agent: &str, public_url: &str, path: &str) -> Self {
        const OTHERS: [&str; 6] = ["NAVER(inapp", "Instagram", "FBAN", "FBAV", "Line/", "DaumApps"];
        let in_app = if user_agent.contains("KAKAOTALK") {
            InApp::KakaoTalk
        } else if OTHERS.iter().any(|mark| user_agent.contains(mark)) {
            InApp::Other
        } else {
            InApp::No
        };
        // Only our own pages that need no session are opened in the other browser.
        let is_ours = ["/join", "/hand-over/"].iter().any(|start| path.starts_with(start))
            && path.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-'));
        let target = if is_ours { format!("{public_url}{path}") } else { format!("{public_url}/join") };
        let open_in_browser = match in_app {
            InApp::KakaoTalk => format!("kakaotalk://web/openExternal?url={}", utf8_percent_encode(&target, &RESERVED)),
            InApp::Other if user_agent.contains("Android") => {
                let (scheme, rest) = target.split_once("://").unwrap_or(("https", target.as_str()));
                format!("intent://{rest}#Intent;scheme={scheme};end")
            }
            InApp::Other | InApp::No => String::new(),
        };
        Self { in_app, open_in_browser }
    }
}

/// The characters to percent-encode in a part of a URL: all but the unreserved ones (RFC 3986 §2.3).
const RESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_s_browser_is_known_and_shown_the_way_out() {
        let kakao = InAppBrowser::of(
            "Mozilla/5.0 (Linux; Android 14) KAKAOTALK 11.0",
            "https://family.example",
            "/join/ABCDE-12345",
        );
        assert_eq!(kakao.in_app, InApp::KakaoTalk);
        assert_eq!(
            kakao.open_in_browser,
            "kakaotalk://web/openExternal?url=https%3A%2F%2Ffamily.example%2Fjoin%2FABCDE-12345"
        );
        let other = InAppBrowser::of(
            "Mozilla/5.0 (Linux; Android 14) Instagram 300",
            "https://family.example",
            "//evil.example/join",
        );
        assert_eq!(other.open_in_browser, "intent://family.example/join#Intent;scheme=https;end");
        let handed = InAppBrowser::of(
            "Mozilla/5.0 (Linux; Android 14) Instagram 300",
            "https://family.example",
            "/hand-over/0a1b",
        );
        assert_eq!(handed.open_in_browser, "intent://family.example/hand-over/0a1b#Intent;scheme=https;end");
        assert_eq!(InAppBrowser::of("Mozilla/5.0 Chrome/150", "https://family.example", "/join").in_app, InApp::No);
    }
}
