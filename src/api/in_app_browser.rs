//! What a page is opened in, by its `User-Agent`. In-app browsers (KakaoTalk, Instagram, …): how they are recognised,
//! and how a page leaves them. An in-app browser does not share its cookies with the device's own browser. Native
//! shells: a WebView around this app (`docs/SHELL.md`), which a page never leaves.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What a shell appends to the `User-Agent` of its WebView, before the version of the bridge.
const SHELL_MARK: &str = "UmbbaShell/";

/// A native shell, by the system that it runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shell {
    Android,
    Apple,
}

impl Shell {
    /// Recognises a shell by its `User-Agent`.
    pub fn of(user_agent: &str) -> Option<Self> {
        let is_android = user_agent.contains("Android");
        user_agent.contains(SHELL_MARK).then_some(if is_android { Self::Android } else { Self::Apple })
    }
}

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
        let in_app = if Shell::of(user_agent).is_some() {
            InApp::No
        } else if user_agent.contains("KAKAOTALK") {
            InApp::KakaoTalk
        } else if OTHERS.iter().any(|mark| user_agent.contains(mark)) {
            InApp::Other
        } else {
            InApp::No
        };
        // Only our own pages that need no session are opened in the other browser.
        let is_ours = ["/join", "/hand-over/", "/signin"].iter().any(|start| path.starts_with(start))
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

    #[test]
    fn a_shell_is_known_by_its_suffix_and_is_not_left() {
        const ANDROID: &str = "Mozilla/5.0 (Linux; Android 15; SM-S931N Build/AP3A.240905.015.A2; wv) \
            AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/142.0.7444.102 Mobile Safari/537.36";
        const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 \
            (KHTML, like Gecko) Mobile/15E148";
        // A WKWebView on an iPad asks for desktop pages by default.
        const IPAD: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)";
        for (agent, shell) in [(ANDROID, Shell::Android), (IPHONE, Shell::Apple), (IPAD, Shell::Apple)] {
            assert_eq!(Shell::of(agent), None, "a WebView of any other app: {agent}");
            let agent = format!("{agent} UmbbaShell/1");
            assert_eq!(Shell::of(&agent), Some(shell), "{agent}");
            let browser = InAppBrowser::of(&agent, "https://family.example", "/join");
            assert_eq!((browser.in_app, browser.open_in_browser.as_str()), (InApp::No, ""), "{agent}");
        }
        // Whatever else a shell's maker or the phone adds to it, a page is not led out of a shell.
        let both = format!("{ANDROID} Line/15.1 UmbbaShell/1");
        assert_eq!(InAppBrowser::of(&both, "https://family.example", "/join").in_app, InApp::No);
    }
}
