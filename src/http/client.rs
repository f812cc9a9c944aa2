//! What the headers say about the client: its address, its browser and language, and whether it would return a `Secure`
//! cookie.

use std::net::{IpAddr, Ipv4Addr};

use axum::{
    extract::ConnectInfo,
    http::{HeaderMap, header, request::Parts},
};

use super::listener::Peer;
use crate::{
    domain::Locale,
    server::{services::DeviceName, state::Site},
};

/// The client's address: the right-most hop that is not one of our proxies.
pub fn address(parts: &Parts, site: &Site) -> IpAddr {
    let peer =
        parts.extensions.get::<ConnectInfo<Peer>>().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |info| info.0.address.ip());
    // A hop that is not UTF-8 must not hide the hops that our own proxies added after it.
    let forwarded: Vec<_> = parts
        .headers
        .get_all("x-forwarded-for")
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    let forwarded: Vec<&str> = forwarded.iter().map(AsRef::as_ref).collect();
    site.trusted_proxies.client(peer, &forwarded)
}

/// Whether the browser will send a `Secure` cookie back: over https, or to its own machine.
pub fn is_secure(parts: &Parts, site: &Site) -> bool {
    if site.public_url.is_https() {
        // TLS ends at the proxy in front of us.
        return true;
    }
    let host = parts.headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let name = host
        .rsplit_once(':')
        .map_or(host, |(name, port)| if port.bytes().all(|b| b.is_ascii_digit()) { name } else { host });
    let name = name.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

pub fn user_agent(headers: &HeaderMap) -> String {
    let agent =
        headers.get(header::USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes())).unwrap_or_default();
    agent.chars().take(400).collect()
}

/// The name of a device as its person sees it: system and browser.
pub fn device(user_agent: &str) -> DeviceName {
    let find = |marks: &[(&str, &'static str)]| {
        marks.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
    };
    let browser = find(&[
        ("UmbbaShell", "엄빠도 어렸다"),
        ("KAKAOTALK", "KakaoTalk"),
        ("NAVER", "Naver"),
        ("SamsungBrowser", "Samsung Internet"),
        ("Edg", "Edge"),
        ("Whale", "Whale"),
        ("OPR", "Opera"),
        ("Firefox", "Firefox"),
        ("FxiOS", "Firefox"),
        ("CriOS", "Chrome"),
        ("Chrome", "Chrome"),
        ("Safari", "Safari"),
    ]);
    let system = find(&[
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "Mac"),
        ("CrOS", "Chromebook"),
        ("Linux", "Linux"),
    ]);
    let name = match (system, browser) {
        (Some(system), Some(browser)) => format!("{system} · {browser}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => "?".to_owned(),
    };
    DeviceName(name)
}

/// The language of a request without a session: of our two the one with the highest weight, of equal weights the one
/// named first (RFC 9110 §12.5.4). Korean when the header names neither, unless it refuses Korean.
pub fn locale(headers: &HeaderMap) -> Locale {
    let lines: Vec<_> = headers
        .get_all(header::ACCEPT_LANGUAGE)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    let (mut best, mut others, mut named) = ((0.0, None), 0.0, Vec::new());
    for range in lines.iter().flat_map(|line| line.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let tag = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = quality(parts);
        match Locale::from_tag(tag.split('-').next().unwrap_or_default()) {
            Some(locale) => {
                named.push(locale);
                if weight > best.0 {
                    best = (weight, Some(locale));
                }
            }
            // `*` stands for every language that is not named.
            None if tag == "*" => others = weight,
            None => {}
        }
    }
    let unnamed = [Locale::Ko, Locale::En].into_iter().find(|locale| !named.contains(locale));
    if others > best.0 { unnamed } else { best.1 }.or(unnamed).unwrap_or_default()
}

/// The weight in the parameters of a range (RFC 9110 §12.4.2): 1 without one, 0 when it cannot be parsed.
pub fn quality<'a>(mut parameters: impl Iterator<Item = &'a str>) -> f32 {
    let weight = parameters.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    let weight = weight.map_or(Some(1.0), |weight| weight.trim().parse::<f32>().ok());
    weight.filter(|weight| (0.0..=1.0).contains(weight)).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_named_in_a_few_words() {
        let phone = "Mozilla/5.0 (Linux; Android 14; SM-S911N) AppleWebKit/537.36 (KHTML, like Gecko) \
            SamsungBrowser/24.0 Chrome/117.0 Mobile Safari/537.36";
        assert_eq!(device(phone).0, "Android · Samsung Internet");
        let shell = "Mozilla/5.0 (Linux; Android 14; SM-S911N Build/UP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) \
            Version/4.0 Chrome/130.0 Mobile Safari/537.36 UmbbaShell/1";
        assert_eq!(device(shell).0, "Android · 엄빠도 어렸다");
        assert_eq!(device("").0, "?");
    }

    #[test]
    fn the_language_of_the_highest_weight_is_taken() {
        let mut headers = HeaderMap::new();
        assert_eq!(locale(&headers), Locale::Ko);
        for (wanted, expected) in [
            ("fr-FR,en-GB;q=0.8,ko;q=0.5", Locale::En),
            ("ko;q=0.5,en;q=0.8", Locale::En),
            ("ko, en", Locale::Ko),
            ("en, ko", Locale::En),
            ("EN-us; q=0.9, KO; Q=1.0", Locale::Ko),
            ("en;q=0", Locale::Ko),
            ("en;q=0, ko;q=0.1", Locale::Ko),
            ("ko;q=0", Locale::En),
            ("ko;q=0, en;q=0", Locale::Ko),
            ("fr, *;q=0.5", Locale::Ko),
            ("ko;q=0.2, *;q=0.5", Locale::En),
            ("ko;q=0, *", Locale::En),
            ("en;q=2, ko;q=0.1", Locale::Ko),
            ("en;q=nan, ko;q=0.1", Locale::Ko),
            ("english, korean", Locale::Ko),
            ("", Locale::Ko),
            (",;q=,;,", Locale::Ko),
        ] {
            headers.insert(header::ACCEPT_LANGUAGE, wanted.parse().expect("a header"));
            assert_eq!(locale(&headers), expected, "{wanted}");
        }
        headers.insert(header::ACCEPT_LANGUAGE, "ko;q=0.5".parse().expect("a header"));
        headers.append(header::ACCEPT_LANGUAGE, "en".parse().expect("a header"));
        assert_eq!(locale(&headers), Locale::En, "on a line of its own");
    }
}
