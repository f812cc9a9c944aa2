//! The router: the layers around the routes (`routes`), and the handlers of pages and server functions.

use std::{path::Path, sync::Arc};

use axum::{
    Extension, Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderValue, Method, StatusCode, Version, header},
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
    trace::TraceLayer,
};
use tracing::Instrument;

use super::{
    assets, fixed_headers, forms, health, insecure, keep, keepsake, live, pages,
    routes::{self, ROUTES, Route, Target},
    server_function,
    session::{self, PageReads},
    shortcuts, upload, with_provider,
};
use crate::{
    api::{ApiError, HomeView, Refused, SharedText, Shell, convert},
    app::{self, Heads, PageFrame},
    domain::{Locale, TextSize},
    request::Visitor,
    server::{
        clock::Stopwatch,
        counters, secrets,
        security::SecurityEvent,
        services::{
            guard,
            reader::{self, Home, Reader},
        },
        state::AppState,
    },
    text,
};

/// The router of the app. `site_root` holds the built browser half and the files of `public/`.
pub fn router(state: AppState, site_root: &Path) -> Router {
    // Leptos renders on this runtime. A second call (in tests) finds it set already.
    let _ = any_spawner::Executor::init_tokio();
    let [personal, public] = [true, false]
        .map(|personal| ROUTES.iter().filter(|route| route.is_personal() == personal).fold(Router::new(), add));
    // Every other path is a page; the app renders "not found" itself.
    let heads = Extension(Arc::new(Heads::default()));
    let personal = personal.fallback(page).layer(heads).with_state(state.clone());
    // A refused form is answered by rendering its page, so the layer of forms is outside the routing.
    let personal = Router::new()
        .fallback_service(personal)
        .layer(middleware::from_fn_with_state(state.clone(), forms::answer))
        .layer(middleware::from_fn(insecure::explain))
        .layer(middleware::from_fn_with_state(state.clone(), session::recognise));

    // Public routes are outside the session layer: no cookie is read or set for them.
    public
        .merge(assets::pkg(site_root, &state.site.build, &state.site.builds))
        .with_state(state.clone())
        .fallback_service(personal)
        .layer(middleware::from_fn_with_state(
            ServeDir::new(site_root).precompressed_br().precompressed_gzip(),
            assets::public_or_next,
        ))
        // Other sites may link here but not post (Sec-Fetch-Site, else Origin). GET changes nothing.
        .layer(CsrfLayer::new())
        .layer(middleware::from_fn_with_state(state.clone(), explain_cross_site))
        .layer(middleware::map_response(session::forbid_storing))
        .layer(middleware::map_response(add_retry_after))
        .layer(CatchPanicLayer::custom(|_| pages::broken(Locale::Ko).into_response()))
        .layer(middleware::map_response(fixed_headers::add))
        .layer(TraceLayer::new_for_http().make_span_with(|request: &Request| {
            let id = request.headers().get("x-request-id").and_then(|id| id.to_str().ok());
            // Only the route's name: paths may hold codes, and queries cursors.
            let route = routes::name_of(request.uri().path());
            tracing::info_span!("request", request.id = id, method = %request.method(), route)
        }))
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
        .layer(middleware::from_fn(refuse_malformed))
        .layer(middleware::from_fn(count_request))
}

/// Adds a route to a router.
fn add(router: Router<AppState>, route: &Route) -> Router<AppState> {
    match route.target {
        Target::Feed => router.route(route.path, get(live::events)),
        Target::ServerFunction => router.route(route.path, post(server_function::run)),
        Target::Share => router.route(route.path, get(page).post(shared)),
        Target::ShortcutToday => router.route(route.path, get(shortcuts::today)),
        Target::ShortcutArchive => router.route(route.path, get(shortcuts::archive)),
        Target::CopyOfAll => router.route(route.path, get(keepsake::of_all)),
        Target::Copy => router.route(route.path, get(keepsake::of_pair)),
        Target::WithProvider => router.route(route.path, get(with_provider::begin)),
        Target::Upload => {
            let limit = DefaultBodyLimit::max(upload::MOST_READ);
            router.route(route.path, post(upload::upload).layer(limit))
        }
        Target::Livez => router.route(route.path, get(health::livez)),
        Target::Readyz => router.route(route.path, get(health::readyz)),
        // Pages are the fallback, and `assets::pkg` has the routes of the builds.
        Target::Page | Target::Build => router,
    }
}

/// Refuses a request with no `Host`, or with two: a proxy may have checked the other one (RFC 9112 §3.2). Removes the
/// client's request id, because this server sets its own.
async fn refuse_malformed(mut request: Request, next: Next) -> Response {
    let hosts = request.headers().get_all(header::HOST).iter().count();
    if hosts > 1 || (hosts == 0 && request.version() == Version::HTTP_11) {
        return (StatusCode::BAD_REQUEST, "a request names one host\n").into_response();
    }
    request.headers_mut().remove("x-request-id");
    next.run(request).await
}

/// Adds `Retry-After` to every 503.
async fn add_retry_after(mut response: Response) -> Response {
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().entry(header::RETRY_AFTER).or_insert(HeaderValue::from_static("2"));
    }
    response
}

/// Counts the answers by route and status, and how long they take to begin, for `GET /metrics`.
async fn count_request(request: Request, next: Next) -> Response {
    let (route, watch) = (routes::name_of(request.uri().path()), Stopwatch::start());
    let response = next.run(request).await;
    counters::request(route, response.status().as_u16(), watch.elapsed());
    response
}

/// Gives the empty 403 of the CSRF layer a page or a code.
async fn explain_cross_site(State(state): State<AppState>, request: Request, next: Next) -> Response {
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

/// Renders a page completely on the server, with a policy and nonce of its own.
async fn page(State(state): State<AppState>, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD")]).into_response();
    }
    // The session layer has begun the page's reads, unless this page is the answer to a form.
    let (database, home) = match request.extensions().get::<PageReads>() {
        Some(reads) => (reads.database.clone(), reads.home.clone()),
        None => (state.database.for_page(), None),
    };
    let state = AppState { database, ..state };
    let visitor = request.extensions().get::<Visitor>();
    let (home, read) = match header_of(&state, visitor, home).await {
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
        shell: visitor.and_then(|visitor| Shell::of(&visitor.user_agent)),
        shared: request.extensions().get::<SharedText>().cloned().unwrap_or_default(),
        heads: request.extensions().get::<Arc<Heads>>().cloned().unwrap_or_default(),
    };
    let (path, person, build) = (request.uri().path().to_owned(), frame.person, frame.build.clone());
    let (lifecycle, database) = (state.lifecycle.clone(), state.database.clone());
    let context = move || {
        provide_context(state.clone());
        provide_context(frame.clone());
        if let Some(home) = &read {
            provide_context(home.clone());
        }
        set_page_policy();
    };
    // A browser that goes away drops this handler, but not the job. Leptos renders in tasks of its own, and those panic
    // when the page's owner is disposed in the middle of it.
    let rendering = leptos_axum::render_app_async_with_context(context, app::shell)(request);
    let rendering = async move {
        let response = rendering.await;
        database.end_page();
        response
    };
    let mut response = match lifecycle.spawn_job(rendering.in_current_span()).await {
        Ok(response) => response.into_response(),
        Err(ended) => match ended.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        },
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store, private"));
    keep::mark(&mut response, &path, person, &build);
    response
}

/// `POST /share`, the manifest's share target without a service worker: renders the page that shows the text, and
/// stores nothing. It is a POST so that the text is in no URL and in no proxy's log.
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

/// The person and the pairs that every page's header shows. The page's feed starts at `as_of`.
async fn header_of(
    state: &AppState,
    visitor: Option<&Visitor>,
    home: Option<Arc<Home>>,
) -> Result<(HomeView, Option<Arc<Home>>), ApiError> {
    let Some(found) = visitor.and_then(|visitor| visitor.session.as_ref()) else {
        return Ok((HomeView { name: None, pairs: Vec::new(), as_of: 0, unread: 0, answers: 0, waits_in: None }, None));
    };
    let here = reader::home_of(state, &Reader { person: found.person.clone(), home }).await?;
    let pairs = here.pairs.iter().map(|pair| convert::pair_link(pair, found.person.id)).collect();
    let name = Some(found.person.name.as_str().to_owned());
    let answers = here.recovery.answers_given;
    Ok((HomeView { name, pairs, as_of: here.as_of, unread: here.unread, answers, waits_in: here.waits_in }, Some(here)))
}

/// Sets the policy of an app page: our own files, and inline scripts with the nonce of this answer.
fn set_page_policy() {
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
