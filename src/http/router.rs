//! The whole HTTP surface on one page.

use std::path::Path;

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, Version, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use leptos::prelude::{provide_context, use_context, use_nonce};
use leptos_axum::ResponseOptions;
use tower_http::{
    catch_panic::CatchPanicLayer,
    csrf::CsrfLayer,
    request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer},
    services::ServeDir,
    set_header::SetResponseHeaderLayer,
    trace::TraceLayer,
};

use super::{assets, forms, health, insecure, keep, live, pages, session, shortcuts};
use crate::{
    api::{ApiError, HomeView, Refused, SharedText, convert},
    app::{self, PageFrame},
    domain::{Locale, TextSize},
    paths,
    request::Visitor,
    server::{
        counters, secrets,
        security::SecurityEvent,
        services::{guard, reading},
        state::AppState,
    },
    text,
};

/// All doors of the app. `site_root` holds the built browser half and the files of `public/`.
pub fn router(state: AppState, site_root: &Path) -> Router {
    // Leptos renders on this runtime; a second call (tests) finds it set already.
    let _ = any_spawner::Executor::init_tokio();
    let personal = Router::new()
        .route("/events", get(live::events))
        .route("/api/{*endpoint}", post(server_function))
        .route(paths::SHARE, get(page).post(shared))
        .route(paths::SHORTCUT_TODAY, get(shortcuts::today))
        .route(paths::SHORTCUT_ARCHIVE, get(shortcuts::archive))
        // Every other address is a page; the app itself says "not found".
        .fallback(page)
        .with_state(state.clone());
    // A refused form renders its page anew, so forms must stand before the routing.
    let personal = Router::new()
        .fallback_service(personal)
        .layer(middleware::from_fn_with_state(state.clone(), forms::answer))
        .layer(middleware::from_fn(insecure::explain))
        .layer(middleware::from_fn_with_state(state.clone(), session::recognise));

    // What is the same for everybody stands outside the session: no cookie is read for it, and none is set.
    Router::new()
        .route("/livez", get(health::livez))
        .route("/readyz", get(health::readyz))
        .merge(assets::pkg(site_root, &state.site.build, &state.site.builds))
        .with_state(state.clone())
        .fallback_service(personal)
        .layer(middleware::from_fn_with_state(
            ServeDir::new(site_root).precompressed_br().precompressed_gzip(),
            assets::public_or_next,
        ))
        // Other sites may link to us, never post to us (Sec-Fetch-Site, else Origin; GET changes nothing here).
        .layer(CsrfLayer::new())
        .layer(middleware::from_fn_with_state(state.clone(), say_cross_site))
        .layer(middleware::map_response(session::forbid_storing))
        .layer(middleware::map_response(later))
        .layer(CatchPanicLayer::custom(|_| pages::broken(Locale::Ko).into_response()))
        // What may be kept says so itself.
        .layer(fixed_header("cache-control", "no-store"))
        .layer(fixed_header("x-content-type-options", "nosniff"))
        .layer(fixed_header("referrer-policy", "same-origin"))
        .layer(fixed_header("content-security-policy", PLAIN_POLICY))
        .layer(fixed_header("cross-origin-opener-policy", "same-origin"))
        .layer(fixed_header("permissions-policy", "camera=(), microphone=(), geolocation=(), payment=()"))
        .layer(TraceLayer::new_for_http().make_span_with(|request: &Request| {
            // By route only: paths may hold codes, queries cursors.
            tracing::info_span!("request", method = %request.method(), route = route_of(request.uri().path()))
        }))
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
        .layer(middleware::from_fn(well_formed))
        .layer(middleware::from_fn(count))
}

/// Refuses what names no host, or two: what stands before us may have looked at the other (RFC 9112 §3.2). A request's
/// id is ours.
async fn well_formed(mut request: Request, next: Next) -> Response {
    let hosts = request.headers().get_all(header::HOST).iter().count();
    if hosts > 1 || (hosts == 0 && request.version() == Version::HTTP_11) {
        return (StatusCode::BAD_REQUEST, "a request names one host\n").into_response();
    }
    request.headers_mut().remove("x-request-id");
    next.run(request).await
}

/// Every 503 says when to try again.
async fn later(mut response: Response) -> Response {
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().entry(header::RETRY_AFTER).or_insert(HeaderValue::from_static("2"));
    }
    response
}

/// Counts what was answered, for `GET /metrics`.
async fn count(request: Request, next: Next) -> Response {
    let route = route_of(request.uri().path());
    let response = next.run(request).await;
    counters::request(route, response.status().as_u16());
    response
}

/// What may be logged of a path: its route, without codes and ids.
fn route_of(path: &str) -> &'static str {
    let mut parts = path.split('/').skip(1);
    match (parts.next().unwrap_or_default(), parts.nth(1)) {
        ("", _) => "/",
        ("api", _) => "/api/{endpoint}",
        ("events", _) => "/events",
        ("join", _) => "/join/{code}",
        ("hand-over", _) => "/hand-over/{token}",
        ("pkg", _) => "/pkg/{file}",
        ("p", Some("today")) => "/p/{pair}/today",
        ("p", Some("archive")) => "/p/{pair}/archive",
        ("p", Some("cards")) => "/p/{pair}/cards/{id}",
        ("p", Some("settings")) => "/p/{pair}/settings",
        ("p", Some("invite")) => "/p/{pair}/invite",
        ("p", _) => "/p/{pair}",
        (
            "start" | "signin" | "recovery" | "settings" | "inbox" | "devices" | "terms" | "privacy" | "today"
            | "archive",
            _,
        ) => "/{page}",
        ("livez" | "readyz", _) => "/health",
        _ => "/{other}",
    }
}

/// For answers that are no app page: nothing runs in them but the service worker, which loads its parts and fetches
/// under its own script's policy.
const PLAIN_POLICY: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; \
    font-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

fn fixed_header(name: &'static str, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(HeaderName::from_static(name), HeaderValue::from_static(value))
}

/// The bare 403 of the CSRF layer becomes a sentence.
async fn say_cross_site(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let locale = super::client::locale(request.headers());
    let is_browser = insecure::wants_html(request.headers());
    let is_write = request.method() == Method::POST;
    let response = next.run(request).await;
    let is_bare = response.status() == StatusCode::FORBIDDEN && !response.headers().contains_key(header::CONTENT_TYPE);
    if !(is_write && is_bare) {
        return response;
    }
    guard::note(&state, SecurityEvent::CrossSite);
    if is_browser {
        return pages::refused(
            StatusCode::FORBIDDEN,
            locale,
            ApiError::CrossSite.page_sentence(text::page_words(locale)),
        )
        .into_response();
    }
    (StatusCode::FORBIDDEN, axum::Json(ApiError::CrossSite)).into_response()
}

/// Server functions, with what their bodies ask for.
async fn server_function(State(state): State<AppState>, request: Request) -> Response {
    let context = move || provide_context(state.clone());
    let mut response = leptos_axum::handle_server_fns_with_context(context, request).await.into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Every page: rendered whole on the server, with its own policy and nonce.
async fn page(State(state): State<AppState>, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD")]).into_response();
    }
    let visitor = request.extensions().get::<Visitor>();
    let home = match home(&state, visitor).await {
        Ok(home) => home,
        Err(error) => {
            let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            return pages::unavailable(status, visitor.map_or(Locale::default(), |visitor| visitor.locale))
                .into_response();
        }
    };
    let frame = PageFrame {
        locale: visitor.map_or(Locale::default(), |visitor| visitor.locale),
        text_size: visitor
            .and_then(|visitor| visitor.session.as_ref())
            .map_or(TextSize::default(), |found| found.person.text_size),
        build: state.site.build.clone(),
        public_url: state.site.public_url.as_str().to_owned(),
        person: visitor.and_then(|visitor| visitor.session.as_ref()).map(|found| found.person.id),
        address: request.uri().path_and_query().map(ToString::to_string).unwrap_or_default(),
        home,
        attempt: secrets::new_token(&state.random),
        refused: request.extensions().get::<Refused>().cloned(),
        shared: request.extensions().get::<SharedText>().cloned().unwrap_or_default(),
    };
    let (path, person, build) = (request.uri().path().to_owned(), frame.person, frame.build.clone());
    let context = move || {
        provide_context(state.clone());
        provide_context(frame.clone());
        secure();
    };
    let mut response = leptos_axum::render_app_async_with_context(context, app::shell)(request).await.into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store, private"));
    keep::mark(&mut response, &path, person, &build);
    response
}

/// `POST /share`, the manifest's share target, where no service worker takes it: the page that shows the text once
/// more. A post, so that nobody's words stand in an address or in a proxy's log. It changes nothing.
async fn shared(state: State<AppState>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let locale = parts.extensions.get::<Visitor>().map(|visitor| visitor.locale).unwrap_or_default();
    let held = match forms::read(&parts, body).await {
        Ok(held) => held,
        Err(error) => return forms::refuse(error, locale),
    };
    let fields = url::form_urlencoded::parse(&held.bytes).collect::<Vec<_>>();
    let part = |name: &str| {
        fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    };
    parts
        .extensions
        .insert(SharedText(["title", "text", "url"].into_iter().filter_map(part).collect::<Vec<_>>().join("\n")));
    parts.method = Method::GET;
    page(state, Request::from_parts(parts, axum::body::Body::empty())).await
}

/// Who is here and with whom: every page's head shows it, and its live line goes on from `as_of`.
async fn home(state: &AppState, visitor: Option<&Visitor>) -> Result<HomeView, ApiError> {
    let Some(found) = visitor.and_then(|visitor| visitor.session.as_ref()) else {
        return Ok(HomeView { name: None, pairs: Vec::new(), as_of: 0, unread: 0, answers: 0 });
    };
    let here = reading::home(state, &found.person).await?;
    let pairs = here.pairs.iter().map(|pair| convert::pair_link(pair, found.person.id)).collect();
    let name = Some(found.person.name.as_str().to_owned());
    Ok(HomeView { name, pairs, as_of: here.as_of, unread: here.unread, answers: here.answers })
}

/// The policy of an app page: our own files, and the scripts that carry this answer's nonce.
fn secure() {
    let (Some(response), Some(nonce)) = (use_context::<ResponseOptions>(), use_nonce()) else {
        return;
    };
    let policy = format!(
        "default-src 'self'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; \
         img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; \
         object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_in_a_path_reaches_the_log() {
        for (path, route) in [
            ("/join/ABCDE-12345", "/join/{code}"),
            ("/hand-over/0a1b2c3d", "/hand-over/{token}"),
            ("/signin/digits/1234-5678", "/{page}"),
            ("/p/01a20359-39ae-7b93-921b-5f70d4c4f248/today", "/p/{pair}/today"),
            ("/anything/else", "/{other}"),
        ] {
            assert_eq!(route_of(path), route, "{path}");
        }
    }
}
