//! The router: the layers around the routes (`routes`).

use std::{path::Path, sync::Arc};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderValue, Method, StatusCode, Version, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use tower::ServiceBuilder;
use tower_http::{
    catch_panic::CatchPanicLayer,
    csrf::CsrfLayer,
    request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer},
    services::ServeDir,
    trace::TraceLayer,
};

use super::{
    app_page, assets, fixed_headers, forms, health, insecure, keepsake, live, pages,
    routes::{self, ROUTES, Route, Target},
    server_function, session, shortcuts, upload, with_provider,
};
use crate::{
    api::ApiError,
    domain::Locale,
    server::{clock::Stopwatch, counters, security::SecurityEvent, services::guard, state::AppState},
    text,
};

/// The router of the app. `site_root` holds the built browser half and the files of `public/`.
pub fn router(state: AppState, site_root: &Path) -> Router {
    // Leptos renders on this runtime. A second call (in tests) finds it set already.
    let _ = any_spawner::Executor::init_tokio();
    let [personal, public] = [true, false]
        .map(|personal| ROUTES.iter().filter(|route| route.is_personal() == personal).fold(Router::new(), add));
    let personal = app_page::add(personal).with_state(state.clone());
    // The layers get the state behind one pointer, because each request clones it for each of them.
    let layer_state = Arc::new(state.clone());
    // A refused form is answered by rendering its page, so the layer of forms is outside the routing.
    let personal = Router::new().fallback_service(personal).layer(
        ServiceBuilder::new()
            .layer(middleware::from_fn_with_state(layer_state.clone(), session::recognise))
            .layer(middleware::from_fn(insecure::explain))
            .layer(middleware::from_fn_with_state(layer_state.clone(), forms::answer)),
    );

    // Public routes are outside the session layer: no cookie is read or set for them.
    public
        .merge(assets::pkg(site_root, &state.site.build, &state.site.builds))
        .with_state(state)
        .fallback_service(personal)
        .layer(
            // From the outside to the inside.
            ServiceBuilder::new()
                .layer(middleware::from_fn(count_request))
                .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
                .layer(PropagateRequestIdLayer::x_request_id())
                .layer(TraceLayer::new_for_http().make_span_with(|request: &Request| {
                    let id = request.headers().get("x-request-id").and_then(|id| id.to_str().ok());
                    // Only the route's name: paths may hold codes, and queries cursors.
                    let route = routes::name_of(request.uri().path());
                    tracing::info_span!("request", request.id = id, method = %request.method(), route)
                }))
                .layer(middleware::map_response(fixed_headers::add))
                .layer(CatchPanicLayer::custom(|_| pages::broken(Locale::Ko).into_response()))
                .layer(middleware::map_response(add_retry_after))
                .layer(middleware::map_response(session::forbid_storing))
                .layer(middleware::from_fn_with_state(layer_state, explain_cross_site))
                // Other sites may link here but not post (Sec-Fetch-Site, else Origin). GET changes nothing.
                .layer(CsrfLayer::new())
                .layer(middleware::from_fn_with_state(
                    Arc::new(ServeDir::new(site_root).precompressed_br().precompressed_gzip()),
                    assets::public_or_next,
                )),
        )
}

/// Adds a route to a router.
fn add(router: Router<AppState>, route: &Route) -> Router<AppState> {
    match route.target {
        Target::Feed => router.route(route.path, get(live::events)),
        Target::ServerFunction => router.route(route.path, post(server_function::run)),
        Target::Share => router.route(route.path, post(app_page::share)),
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
        // `app_page` has the routes of the pages, and `assets::pkg` has the routes of the builds.
        Target::Page | Target::Build => router,
    }
}

/// The answer to a request with no `Host`, or with two: a proxy may have checked the other one (RFC 9112 §3.2).
fn refuse_malformed(request: &Request) -> Option<Response> {
    let hosts = request.headers().get_all(header::HOST).iter().count();
    let is_malformed = hosts > 1 || (hosts == 0 && request.version() == Version::HTTP_11);
    is_malformed.then(|| (StatusCode::BAD_REQUEST, "a request names one host\n").into_response())
}

/// Adds `Retry-After` to every 503.
async fn add_retry_after(mut response: Response) -> Response {
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().entry(header::RETRY_AFTER).or_insert(HeaderValue::from_static("2"));
    }
    response
}

/// Counts the answers by route and status, and how long they take to begin, for `GET /metrics`. Removes the client's
/// request id, because this server sets its own.
async fn count_request(mut request: Request, next: Next) -> Response {
    let (route, watch) = (routes::name_of(request.uri().path()), Stopwatch::start());
    request.headers_mut().remove("x-request-id");
    let response = match refuse_malformed(&request) {
        Some(refusal) => refusal,
        None => next.run(request).await,
    };
    counters::request(route, response.status().as_u16(), watch.elapsed());
    response
}

/// Gives the empty 403 of the CSRF layer a page or a code.
async fn explain_cross_site(State(state): State<Arc<AppState>>, request: Request, next: Next) -> Response {
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
