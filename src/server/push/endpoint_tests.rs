//! Hostile endpoints and addresses, each with the error that refuses it.

use super::{EndpointError::*, *};

fn hosts() -> PushHosts {
    PushHosts::parse("push.family.example", "127.0.0.1:4000, localhost:4001, [::1]:4002, 127.0.0.1:80", false)
        .expect("hosts")
}

fn refusal(text: &str) -> Option<EndpointError> {
    Endpoint::parse(text, &hosts()).err()
}

#[test]
fn a_hostile_endpoint_is_refused_with_its_reason() {
    let cases = [
        // no URL, or one that a parser would repair
        ("", Malformed),
        ("fcm.googleapis.com/fcm/send/x", Malformed),
        ("//fcm.googleapis.com/fcm/send/x", Malformed),
        ("https://", Malformed),
        ("https:fcm.googleapis.com/x", Malformed),
        ("https:/fcm.googleapis.com/x", Malformed),
        ("https:///fcm.googleapis.com/x", Malformed),
        ("https:////fcm.googleapis.com/x", Malformed),
        ("https:\\\\fcm.googleapis.com\\x", Malformed),
        ("https://evil.example\\@fcm.googleapis.com/x", Malformed),
        ("https://fcm.googleapis.com\\.evil.example/x", Malformed),
        (" https://fcm.googleapis.com/x", Malformed),
        ("https://fcm.googleapis.com/x ", Malformed),
        ("https://fcm.googleapis.com/a b", Malformed),
        ("https://fcm.goo\tgleapis.com/x", Malformed),
        ("https://fcm.googleapis.com/x\r\nHost: evil.example", Malformed),
        ("https://fcm.googleapis.com/\0", Malformed),
        ("\u{feff}https://fcm.googleapis.com/x", Malformed),
        ("https://fcm%2egoogleapis.com/x", Malformed),
        ("https://%66cm.googleapis.com/x", Malformed),
        ("https://fcm.googleapis.com:/x", Malformed),
        ("https://fcm.googleapis.com:0443/x", Malformed),
        ("https://fcm.googleapis.com:443443/x", Malformed),
        ("https://fcm.googleapis.com:-443/x", Malformed),
        ("https://fcm.googleapis.com%00.evil.example/x", Malformed),
        ("https://[::1/x", Malformed),
        ("https://256.256.256.256/x", Malformed),
        // look-alikes
        ("https://fcm.googleapıs.com/x", Malformed),
        ("https://fcm.gооgleapis.com/x", Malformed),
        ("https://ｆｃｍ.googleapis.com/x", Malformed),
        ("https://fcm。googleapis。com/x", Malformed),
        ("https://web.push.аpple.com/x", Malformed),
        ("https://fcm.xn--googleaps-ipb.com/x", UnknownHost),
        // schemes
        ("http://fcm.googleapis.com/x", NotHttps),
        ("HTTP://fcm.googleapis.com/x", NotHttps),
        ("http://fcm.googleapis.com:443/x", NotHttps),
        ("http://push.family.example/x", NotHttps),
        ("ws://fcm.googleapis.com/x", NotHttps),
        ("ftp://fcm.googleapis.com/x", NotHttps),
        ("file:///etc/passwd", NotHttps),
        ("file://fcm.googleapis.com/x", NotHttps),
        ("gopher://fcm.googleapis.com/x", NotHttps),
        ("javascript:alert(1)//fcm.googleapis.com", NotHttps),
        ("data:text/plain,https://fcm.googleapis.com/", NotHttps),
        ("blob:https://fcm.googleapis.com/x", NotHttps),
        ("view-source:https://fcm.googleapis.com/x", NotHttps),
        ("httpss://fcm.googleapis.com/x", NotHttps),
        // user names
        ("https://user@fcm.googleapis.com/x", UserInfo),
        ("https://user:word@fcm.googleapis.com/x", UserInfo),
        ("https://:word@fcm.googleapis.com/x", UserInfo),
        ("https://@fcm.googleapis.com/x", UserInfo),
        ("https://:@fcm.googleapis.com/x", UserInfo),
        ("https://fcm.googleapis.com@evil.example/x", UserInfo),
        ("https://fcm.googleapis.com:443@169.254.169.254/x", UserInfo),
        ("https://fcm.googleapis.com%2f@evil.example/x", UserInfo),
        // ports
        ("https://fcm.googleapis.com:80/x", Port),
        ("https://fcm.googleapis.com:8443/x", Port),
        ("https://fcm.googleapis.com:0/x", Port),
        ("https://fcm.googleapis.com:22/x", Port),
        ("https://127.0.0.1:4000/x", Port),
        // addresses in every spelling
        ("https://127.0.0.1/x", IpLiteral),
        ("https://127.0.0.1./x", IpLiteral),
        ("https://127.1/x", IpLiteral),
        ("https://2130706433/x", IpLiteral),
        ("https://0x7f000001/x", IpLiteral),
        ("https://0x7f.0.0.1/x", IpLiteral),
        ("https://0177.0.0.1/x", IpLiteral),
        ("https://017700000001/x", IpLiteral),
        ("https://0/x", IpLiteral),
        ("https://169.254.169.254/latest/meta-data", IpLiteral),
        ("https://169.254.169.254/fcm.googleapis.com/x", IpLiteral),
        ("https://8.8.8.8/x", IpLiteral),
        ("https://%31%32%37.0.0.1/x", IpLiteral),
        ("https://[::1]/x", IpLiteral),
        ("https://[::]/x", IpLiteral),
        ("https://[::ffff:127.0.0.1]/x", IpLiteral),
        ("https://[::ffff:7f00:1]/x", IpLiteral),
        ("https://[64:ff9b::7f00:1]/x", IpLiteral),
        ("https://[fd00::1]:443/x", IpLiteral),
        ("https://[2606:4700::1111]/x", IpLiteral),
        // unknown hosts, also ones that resemble the known
        ("https://evil.example/fcm.googleapis.com/x", UnknownHost),
        ("https://evil.example/?https://fcm.googleapis.com/x", UnknownHost),
        ("https://evil.example#@fcm.googleapis.com/", UnknownHost),
        ("https://evil.example/x.google.com/", UnknownHost),
        ("https://fcm.googleapis.com.evil.example/x", UnknownHost),
        ("https://evilfcm.googleapis.com/x", UnknownHost),
        ("https://evil.fcm.googleapis.com/x", UnknownHost),
        ("https://googleapis.com/x", UnknownHost),
        ("https://android.googleapis.com/gcm/send/x", UnknownHost),
        ("https://fcm.googleapis.com./x", UnknownHost),
        ("https://fcm.googleapis.com../x", UnknownHost),
        ("https://.fcm.googleapis.com/x", UnknownHost),
        ("https://fcm..googleapis.com/x", UnknownHost),
        ("https://evilpush.apple.com/x", UnknownHost),
        ("https://push.apple.com/x", UnknownHost),
        ("https://.push.apple.com/x", UnknownHost),
        ("https://a..push.apple.com/x", UnknownHost),
        ("https://a{b}.push.apple.com/x", UnknownHost),
        ("https://a'b.push.apple.com/x", UnknownHost),
        ("https://web.push.apple.com./x", UnknownHost),
        ("https://web-push.apple.com/x", UnknownHost),
        ("https://web.push.apple.com.evil.example/x", UnknownHost),
        ("https://evilnotify.windows.com/x", UnknownHost),
        ("https://notify.windows.com/x", UnknownHost),
        ("https://db5.wns.windows.com/x", UnknownHost),
        ("https://push.services.mozilla.com/x", UnknownHost),
        ("https://evil.updates.push.services.mozilla.com/x", UnknownHost),
        ("https://www.google.com/x", UnknownHost),
        ("https://below.push.family.example/x", UnknownHost),
        ("https://family.example/x", UnknownHost),
        ("https://localhost/x", UnknownHost),
        ("https://localhost./x", UnknownHost),
        ("https://intern/x", UnknownHost),
        // fragments
        ("https://fcm.googleapis.com/x#y", Fragment),
        ("https://fcm.googleapis.com/x#", Fragment),
        ("http://127.0.0.1:4000/x#y", Fragment),
        // URLs that are similar to the extra hosts
        ("http://127.0.0.1:4001/x", NotHttps),
        ("http://127.0.0.2:4000/x", NotHttps),
        ("http://localhost:4000/x", NotHttps),
        ("http://localhost.:4001/x", NotHttps),
        ("http://evil.localhost:4001/x", NotHttps),
        ("http://[::1]:4000/x", NotHttps),
        ("http://[::ffff:127.0.0.1]:4000/x", NotHttps),
        ("https://localhost:4001/x", Port),
        ("http://user@127.0.0.1:4000/x", UserInfo),
        ("http://0x7f.1:4000/x", Malformed),
        ("http://2130706433:4000/x", Malformed),
        ("http:127.0.0.1:4000/x", Malformed),
        ("ws://127.0.0.1:4000/x", NotHttps),
    ];
    for (text, expected) in cases {
        assert_eq!(refusal(text), Some(expected), "{text:?}");
    }
}

#[test]
fn an_endpoint_of_a_known_service_is_taken_in_its_one_spelling() {
    let same = |text: &'static str| (text, text);
    let cases = [
        same("https://fcm.googleapis.com/fcm/send/dF-x_9:APA91b"),
        same("https://fcm.googleapis.com/wp/dF-x_9:APA91b"),
        same("https://jmt17.google.com/fcm/send/x"),
        same("https://updates.push.services.mozilla.com/wpush/v2/gAAAAABm"),
        same("https://web.push.apple.com/QGuQyavXutnMH"),
        same("https://api.push.apple.com/3/x"),
        same("https://a.b.push.apple.com/x"),
        same("https://wns2-par02p.notify.windows.com/w/?token=BQYAAAD%2f%2f"),
        same("https://db5.sub.notify.windows.com/?token=a@b:c"),
        same("https://push.family.example/wpush/v2/x"),
        same("https://fcm.googleapis.com/a/%2e%2e%2Fx?https://evil.example/@"),
        ("https://fcm.googleapis.com:443/x", "https://fcm.googleapis.com/x"),
        ("HTTPS://FCM.GoogleAPIs.com/Fcm/X", "https://fcm.googleapis.com/Fcm/X"),
        ("https://PUSH.family.EXAMPLE:443/x", "https://push.family.example/x"),
        ("https://fcm.googleapis.com", "https://fcm.googleapis.com/"),
        ("https://fcm.googleapis.com?x", "https://fcm.googleapis.com/?x"),
        same("http://127.0.0.1:4000/x"),
        same("http://localhost:4001/x?y"),
        same("http://[::1]:4002/x"),
        ("http://127.0.0.1:80/x", "http://127.0.0.1/x"),
        same("http://127.0.0.1/x"),
    ];
    for (text, stored) in cases {
        assert_eq!(Endpoint::parse(text, &hosts()).as_ref().map(Endpoint::as_str), Ok(stored), "{text}");
    }
}

#[test]
fn an_endpoint_has_at_most_2048_bytes() {
    let start = "https://fcm.googleapis.com/";
    let longest = format!("{start}{}", "x".repeat(2_048 - start.len()));
    assert_eq!(refusal(&longest), None);
    assert_eq!(refusal(&format!("{longest}x")), Some(TooLong));
    assert_eq!(refusal(&"é".repeat(1_025)), Some(TooLong));
}

#[test]
fn the_origin_has_a_port_only_when_it_is_not_the_schemes_own() {
    let origin = |text: &str| Endpoint::parse(text, &hosts()).expect("an endpoint").origin();
    assert_eq!(origin("https://FCM.googleapis.com:443/a?b"), "https://fcm.googleapis.com");
    assert_eq!(origin("http://127.0.0.1:4000/a"), "http://127.0.0.1:4000");
    assert_eq!(origin("http://[::1]:4002/a"), "http://[::1]:4002");
    assert_eq!(origin("http://127.0.0.1:80/a"), "http://127.0.0.1");
}

#[test]
fn what_is_logged_of_an_endpoint_is_its_origin() {
    let endpoint =
        Endpoint::parse("https://fcm.googleapis.com/fcm/send/secret?token=secret", &hosts()).expect("an endpoint");
    assert_eq!(format!("{endpoint:?}"), r#"Endpoint("https://fcm.googleapis.com")"#);
    for error in [TooLong, Malformed, NotHttps, UserInfo, Port, IpLiteral, UnknownHost, Fragment] {
        assert!(error.to_string().starts_with("the endpoint"));
    }
}

#[test]
fn a_setting_that_cannot_be_used_names_itself() {
    for part in [
        "push.family.example:443",
        "https://push.family.example",
        "push.family.example/x",
        "push.family.example.",
        "*.family.example",
        "family",
        "a..b",
        ".family.example",
        "127.0.0.1",
        "0x7f.1",
        "[::1]",
        "localhost",
        "push.localhost",
        "user@push.family.example",
        "푸시.example",
        "push%2efamily.example",
        "push.family.example;other.example",
    ] {
        let sentence = PushHosts::parse(&format!("fine.example, {part}"), "", false).expect_err(part);
        assert!(sentence.starts_with("PUSH_ALLOWED_HOSTS ") && sentence.ends_with(&format!(": {part}")), "{sentence}");
    }
    for part in [
        "127.0.0.1",
        "localhost",
        "localhost:0",
        "localhost:65536",
        "localhost:04000",
        "localhost:4000/",
        "localhost:4000?x",
        "http://localhost:4000",
        "user@localhost:4000",
        "localhost.:4000",
        "push.localhost:4000",
        "0x7f.1:4000",
        "0.0.0.0:4000",
        "10.0.0.1:4000",
        "169.254.169.254:80",
        "[::]:4000",
        "[::ffff:127.0.0.1]:4000",
        "push.family.example:4000",
        ":4000",
    ] {
        let sentence = PushHosts::parse("", &format!("127.0.0.1:1, {part}"), false).expect_err(part);
        assert!(sentence.starts_with("PUSH_EXTRA_HOSTS ") && sentence.ends_with(&format!(": {part}")), "{sentence}");
    }
}

#[test]
fn production_has_no_extra_hosts_and_keeps_every_check_of_the_allowed() {
    let sentence = PushHosts::parse("", "localhost:4000", true).expect_err("refused");
    assert!(sentence.starts_with("PUSH_EXTRA_HOSTS "), "{sentence}");

    let hosts = PushHosts::parse(" Push.Family.example ,, other.example,", " , ", true).expect("hosts");
    assert!(!hosts.has_localhost());
    let refusal = |text: &str| Endpoint::parse(text, &hosts).err();
    assert_eq!(refusal("https://push.family.example/x"), None);
    assert_eq!(refusal("https://other.example/x"), None);
    assert_eq!(refusal("https://fcm.googleapis.com/x"), None);
    assert_eq!(refusal("http://push.family.example/x"), Some(NotHttps));
    assert_eq!(refusal("https://push.family.example:8443/x"), Some(Port));
    assert_eq!(refusal("http://localhost:4000/x"), Some(NotHttps));
}

#[test]
fn only_the_open_internet_is_public() {
    let closed = "0.0.0.0 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 127.0.0.0 127.0.0.1 \
        127.255.255.255 169.254.0.0 169.254.169.254 169.254.255.255 172.16.0.0 172.31.255.255 192.0.0.0 192.0.0.255 \
        192.0.2.0 192.0.2.255 192.88.99.0 192.88.99.255 192.168.0.0 192.168.255.255 198.18.0.0 198.19.255.255 \
        198.51.100.0 198.51.100.255 203.0.113.0 203.0.113.255 224.0.0.0 239.255.255.255 240.0.0.0 255.255.255.254 \
        255.255.255.255 :: ::1 ::2 ::7f00:1 ::8.8.8.8 ::ffff:0.0.0.0 ::ffff:127.0.0.1 ::ffff:10.0.0.1 \
        ::ffff:169.254.169.254 ::ffff:192.168.1.1 ::ffff:255.255.255.255 ::ffff:0:8.8.8.8 64:ff9b:: \
        64:ff9b::8.8.8.8 64:ff9b::7f00:1 64:ff9b:1:: 64:ff9b:1:ffff:ffff:ffff:ffff:ffff 100:: \
        100::ffff:ffff:ffff:ffff 1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 2001:: 2001::1 \
        2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1 2001:10:: 2001:1f:ffff:ffff:ffff:ffff:ffff:ffff 2001:20::1 \
        2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff 2001:db8:: 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff 2002:: \
        2002:7f00:1::1 2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff 3fff:: 3fff:fff:ffff:ffff:: 4000:: 5f00:: \
        5f00:ffff:: fc00:: fd00::1 fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff fe80:: fe80::1 febf:: fec0:: feff:: \
        ff00:: ff02::1 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
    let open = "1.0.0.0 1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 \
        169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.0.3.0 192.88.98.255 192.88.100.0 \
        192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 198.51.99.255 198.51.101.0 203.0.112.255 203.0.114.0 \
        223.255.255.255 ::ffff:8.8.8.8 2000:: 2001:200:: 2001:4860:4860::8888 2001:db7:ffff:: 2001:db9:: 2003:: \
        2606:4700::1111 2a00:1450:4001::1 3ffe:: 3fff:1000:: 3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
    for (addresses, expected) in [(closed, false), (open, true)] {
        for address in addresses.split_whitespace() {
            assert_eq!(is_public(address.parse().expect(address)), expected, "{address}");
        }
    }
}
