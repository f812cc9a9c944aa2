//! A test browser with its own cookies that uses the app over HTTP.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use reqwest::{Client, Response, StatusCode, header, redirect};
use serde::de::DeserializeOwned;

use super::{FeedStream, PATIENCE, Running};
use crate::{
    api::{ApiError, TodayView},
    domain::{DailyQuestionId, PairId},
    tests::push_service::{self, PushService},
};

/// A browser with cookies of its own.
#[derive(Clone)]
pub struct Browser {
    client: Client,
    pub url: String,
    pub cookies: Arc<Mutex<BTreeMap<String, String>>>,
    /// The address that a proxy would report.
    pub address: Arc<Mutex<String>>,
    pub(super) running: Running,
}

impl Browser {
    pub(super) fn new(url: &str, running: Running) -> Self {
        // The `reqwest` crate is built without a TLS provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().redirect(redirect::Policy::none()).build().expect("a client");
        Self {
            client,
            url: url.to_owned(),
            cookies: Arc::default(),
            address: Arc::new(Mutex::new("203.0.113.7".into())),
            running,
        }
    }

    pub fn cookie_line(&self) -> String {
        self.cookies
            .lock()
            .expect("cookies")
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join("; ")
    }

    pub(super) fn keep_cookies(&self, headers: &header::HeaderMap) {
        let mut cookies = self.cookies.lock().expect("cookies");
        for line in headers.get_all(header::SET_COOKIE) {
            let line = line.to_str().expect("a cookie in ASCII");
            for part in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
                assert!(line.contains(part), "{line} lacks {part}");
            }
            let (name, value) = line.split(';').next().and_then(|pair| pair.split_once('=')).expect("name=value");
            if line.contains("Max-Age=0") {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// The recovery code in the cookie of this browser.
    pub fn recovery_code(&self) -> String {
        let cookies = self.cookies.lock().expect("cookies");
        cookies["__Host-recovery"].split_once('.').expect("whose it is, and the code").1.to_owned()
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Response {
        let address = self.address.lock().expect("an address").clone();
        let request =
            request.header(header::COOKIE, self.cookie_line()).header("x-forwarded-for", address).timeout(PATIENCE);
        let response = request.send().await.expect("an answer");
        self.keep_cookies(response.headers());
        response
    }

    pub async fn get(&self, path: &str) -> Response {
        self.send(self.client.get(format!("{}{path}", self.url)).header(header::ACCEPT, "text/html")).await
    }

    /// Gets a page with another User-Agent.
    pub async fn get_as(&self, path: &str, agent: &str) -> Response {
        self.send(
            self.client
                .get(format!("{}{path}", self.url))
                .header(header::ACCEPT, "text/html")
                .header(header::USER_AGENT, agent),
        )
        .await
    }

    pub async fn page(&self, path: &str) -> String {
        let response = self.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.text().await.expect("a page")
    }

    /// Posts as the browser half's code does.
    pub async fn post(&self, endpoint: &str, fields: &[(&str, &str)]) -> Response {
        self.send_form(endpoint, fields, "application/json").await
    }

    /// Posts as a browser posts a form without JavaScript.
    pub async fn submit(&self, endpoint: &str, fields: &[(&str, &str)]) -> Response {
        self.send_form(endpoint, fields, "text/html,application/xhtml+xml").await
    }

    async fn send_form(&self, endpoint: &str, fields: &[(&str, &str)], accept: &str) -> Response {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send_body(endpoint, body.into_bytes(), accept, &[]).await
    }

    pub async fn send_body(
        &self,
        endpoint: &str,
        body: Vec<u8>,
        accept: &str,
        headers: &[(&'static str, &str)],
    ) -> Response {
        self.send_to(&format!("/api/{endpoint}"), body, accept, headers).await
    }

    pub async fn send_to(&self, path: &str, body: Vec<u8>, accept: &str, headers: &[(&'static str, &str)]) -> Response {
        let mut request = self.client.post(format!("{}{path}", self.url)).body(body);
        request =
            request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").header(header::ACCEPT, accept);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request).await
    }

    /// Hands in a copy as the form of `/keep` does (RFC 7578). `whose`: for whom the page was drawn.
    pub async fn upload(&self, whose: &str, file: &[u8]) -> Response {
        let part = |head: &str| format!("--part\r\ncontent-disposition: form-data; {head}\r\n\r\n");
        let head = format!("{}{whose}\r\n{}", part("name=\"whose\""), part("name=\"copy\"; filename=\"a.zip\""));
        let body = [head.as_bytes(), file, b"\r\n--part--\r\n"].concat();
        let request = self.client.post(format!("{}/keep/upload", self.url)).body(body);
        let request = request.header(header::CONTENT_TYPE, "multipart/form-data; boundary=part");
        self.send(request.header(header::ACCEPT, "text/html")).await
    }

    pub async fn ask<T: DeserializeOwned>(&self, endpoint: &str, fields: &[(&str, &str)]) -> Result<T, ApiError> {
        let response = self.post(endpoint, fields).await;
        let is_ok = response.status().is_success();
        let bytes = response.bytes().await.expect("a body");
        if is_ok {
            Ok(serde_json::from_slice(&bytes).expect("a view"))
        } else {
            Err(serde_json::from_slice(&bytes).expect("a code"))
        }
    }

    /// Subscribes this browser at a push service.
    pub async fn subscribe(&self, service: &PushService, device: &str) -> Response {
        let keys = push_service::keys();
        let key: String = self.ask("push_key", &[]).await.expect("a key");
        let endpoint = service.endpoint(device);
        self.post(
            "subscribe",
            &[("endpoint", &endpoint), ("p256dh", &keys.p256dh), ("auth", &keys.auth), ("key", &key)],
        )
        .await
    }

    /// Registers this browser, which is a shell, with FCM or APNs.
    pub async fn register(&self, provider: &str, kind: &str, address: &str, environment: &str) -> Response {
        let fields = [("provider", provider), ("kind", kind), ("address", address), ("environment", environment)];
        self.post("register_device", &fields).await
    }

    pub async fn refused(&self, endpoint: &str, fields: &[(&str, &str)]) -> (u16, ApiError) {
        let response = self.post(endpoint, fields).await;
        let status = response.status().as_u16();
        (status, serde_json::from_slice(&response.bytes().await.expect("a body")).expect("a code"))
    }

    pub async fn today(&self, pair: PairId) -> TodayView {
        self.ask("today", &[("pair", &pair.to_string())]).await.expect("the today page")
    }

    pub async fn question(&self, pair: PairId) -> (DailyQuestionId, u32) {
        let question = self.today(pair).await.question.expect("a question");
        (question.id, question.version)
    }

    pub async fn answer(&self, pair: PairId, text: &str) -> Response {
        let (id, version) = self.question(pair).await;
        self.answer_to(id, version, text).await
    }

    pub async fn answer_to(&self, id: DailyQuestionId, version: u32, text: &str) -> Response {
        self.post(
            "submit_answer",
            &[("daily_question", &id.to_string()), ("version", &version.to_string()), ("body", text)],
        )
        .await
    }

    pub async fn start_pair(&self, role: &str) -> PairId {
        let fields = [
            ("role", role),
            ("parent_relation", "mother"),
            ("child_relation", "daughter"),
            ("push_time", "21:00"),
            ("zone", "Asia/Seoul"),
        ];
        let response = self.post("start_pair", &fields).await;
        assert_eq!(response.status(), StatusCode::OK);
        let location = response.headers()[header::LOCATION].to_str().expect("a path").to_owned();
        location.split('/').nth(2).and_then(|id| id.parse().ok()).expect("a pair in the path")
    }

    /// Makes an invitation. Returns its code.
    pub async fn invite(&self, pair: PairId) -> String {
        assert_eq!(self.post("invite", &[("pair", &pair.to_string())]).await.status(), StatusCode::OK);
        let cookies = self.cookies.lock().expect("cookies");
        cookies["__Host-invitation"].split_once('.').expect("id.code").1.to_owned()
    }

    /// Checks a code and joins with it.
    pub async fn join(&self, code: &str, relation: &str) {
        assert_eq!(self.post("check_invitation", &[("code", code)]).await.status(), StatusCode::OK, "the code");
        assert_eq!(self.post("join", &[("relation", relation)]).await.status(), StatusCode::OK, "joining");
    }

    /// Opens the feed after every event so far.
    pub async fn listen(&self, pair: PairId) -> FeedStream {
        let as_of = self.today(pair).await.as_of;
        self.listen_after(as_of).await
    }

    pub async fn listen_after(&self, cursor: i64) -> FeedStream {
        let response =
            self.events(&format!("after={cursor}"), &[("accept", "text/event-stream")]).await.expect("a stream");
        assert_eq!(response.status(), StatusCode::OK, "the feed");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        FeedStream::of(response)
    }

    /// Asks for the feed. The response may stay open. Returns an error while the server is down.
    pub async fn events(&self, query: &str, headers: &[(&str, &str)]) -> reqwest::Result<Response> {
        let mut request =
            self.client.get(format!("{}/events?{query}", self.url)).header(header::COOKIE, self.cookie_line());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await
    }
}
