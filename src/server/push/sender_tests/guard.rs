//! Which endpoints and addresses are connected to, also when a name changes its address.

use super::*;

#[tokio::test]
async fn an_endpoint_off_the_list_is_refused_before_any_lookup() {
    let sink = Sink::status(201).await;
    let names = Names::new([vec!["127.0.0.1"]]);
    let sender = PushSender::with_resolver(no_hosts(), names.clone()).expect("a sender");

    for (endpoint, error) in [
        (sink.endpoint(), EndpointError::NotHttps),
        ("https://evil.example/push".into(), EndpointError::UnknownHost),
        ("https://127.0.0.1/push".into(), EndpointError::IpLiteral),
        ("https://localhost/push".into(), EndpointError::UnknownHost),
        (format!("https://fcm.googleapis.com:{}/push", sink.address.port()), EndpointError::Port),
    ] {
        assert_eq!(sender.send(message(&endpoint)).await, PushOutcome::Refused(GuardError::Endpoint(error)));
    }

    assert_eq!((sink.connections(), names.asked().len()), (0, 0));
}

#[tokio::test]
async fn a_name_with_one_address_that_is_not_public_is_refused_whole() {
    for answer in [
        vec!["127.0.0.1"],
        vec!["10.0.0.1"],
        vec!["169.254.169.254"],
        vec!["::1"],
        vec!["::ffff:127.0.0.1"],
        vec!["64:ff9b::7f00:1"],
        vec!["8.8.8.8", "127.0.0.1"],
        vec!["2606:4700::1111", "fd00::1", "8.8.8.8"],
    ] {
        let names = Names::new([answer.clone()]);
        let sender = PushSender::with_resolver(no_hosts(), names.clone()).expect("a sender");
        let outcome = sender.send(message("https://fcm.googleapis.com/fcm/send/x")).await;
        assert_eq!(outcome, PushOutcome::Refused(GuardError::NotPublic), "{answer:?}");
        assert_eq!(names.asked(), ["fcm.googleapis.com"]);
    }
}

#[tokio::test]
async fn a_name_without_addresses_is_tried_again_later() {
    for answers in [vec![], vec![vec![]]] {
        let sender = PushSender::with_resolver(no_hosts(), Names::new(answers)).expect("a sender");
        assert_eq!(sender.send(message("https://fcm.googleapis.com/fcm/send/x")).await, failure("dns"));
    }
}

#[tokio::test]
async fn a_name_that_turns_private_is_never_followed_there() {
    let public = Sink::start([plain(201, "connection: close\r\n")]).await;
    let port = public.address.port();
    let private = Sink::start_at(&format!("127.0.0.2:{port}"), [plain(201, "")]).await;
    let names = Names::new([vec!["127.0.0.1"], vec!["127.0.0.2"]]);
    let sender = worldly(names.clone());

    assert_eq!(post(&sender, "rebound.example", port).await, PushOutcome::Accepted { status: 201 });
    assert_eq!(names.asked().len(), 1, "what was judged is connected to: nothing asks twice");
    for _ in 0..3 {
        assert_eq!(post(&sender, "rebound.example", port).await, PushOutcome::Refused(GuardError::NotPublic));
    }

    assert_eq!((public.connections(), private.connections()), (1, 0));
}

#[tokio::test]
async fn a_kept_connection_stays_with_its_judged_address_and_its_name() {
    let public = Sink::status(201).await;
    let port = public.address.port();
    let private = Sink::start_at(&format!("127.0.0.2:{port}"), [plain(201, "")]).await;
    let names = Names::new([vec!["127.0.0.1"], vec!["127.0.0.2"]]);
    let sender = worldly(names.clone());

    for _ in 0..3 {
        assert_eq!(post(&sender, "one.example", port).await, PushOutcome::Accepted { status: 201 });
    }
    assert_eq!((public.connections(), names.asked().len()), (1, 1));

    assert_eq!(
        post(&sender, "two.example", port).await,
        PushOutcome::Refused(GuardError::NotPublic),
        "another name has no part in it"
    );
    assert_eq!(names.asked(), ["one.example", "two.example"]);
    assert_eq!((public.connections(), private.connections()), (1, 0));
}

#[tokio::test]
async fn localhost_is_connected_to_only_by_its_exact_port() {
    let sink = Sink::status(201).await;
    let other = Sink::status(201).await;
    let hosts = PushHosts::parse("", &format!("localhost:{}", sink.address.port()), false).expect("hosts");
    let names = Names::new([]);
    let sender = PushSender::with_resolver(hosts, names.clone()).expect("a sender");
    let endpoint = |port: u16| format!("http://localhost:{port}/push");

    assert_eq!(sender.send(message(&endpoint(sink.address.port()))).await, PushOutcome::Accepted { status: 201 });
    let refused = PushOutcome::Refused(GuardError::Endpoint(EndpointError::NotHttps));
    assert_eq!(sender.send(message(&endpoint(other.address.port()))).await, refused);
    assert_eq!(sender.send(message(&sink.endpoint())).await, refused, "127.0.0.1 is another host");

    assert_eq!((other.connections(), names.asked().len()), (0, 0));
}
