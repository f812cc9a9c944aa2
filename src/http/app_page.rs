//! The pages of the app: their routes, and how one is rendered.

use std::sync::Arc;

use axum::{
    Extension, Router,
    body::Body,
    extract::{RawPathParams, Request, State, rejection::RawPathParamsRejection},
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{MethodRouter, any},
};
use http_body_util::BodyExt;
use leptos::prelude::{provide_context, use_context, use_nonce};
use leptos_axum::ResponseOptions;
use tracing::Instrument;

use super::{forms, keep, pages, session::PageReads};
use crate::{
    api::{ApiError, HomeView, Refused, SharedText, Shell, convert},
    app::{self, Address, Heads, NOT_FOUND, PAGES, PageFrame, View},
    domain::{Locale, TextSize},
    paths,
    request::Visitor,
    server::{
        secrets,
        services::reader::{self, Home, Reader},
        state::AppState,
    },
};

/// Adds a route for each page. Every other address shows that there is no such page.
pub fn add(router: Router<AppState>) -> Router<AppState> {
    let router = PAGES.iter().fold(router, |router, (path, view)| {
        // A path that ends with a slash is the same page.
        let router = if *path == "/" { router } else { router.route(&format!("{path}/"), page_of(*view)) };
        router.route(path, page_of(*view))
    });
    router.fallback(page_of(NOT_FOUND)).layer(Extension(Arc::new(Heads::default())))
}

/// The route of a page.
fn page_of(view: View) -> MethodRouter<AppState> {
    any(move |state, params, request| page(view, state, params, request))
}

type Params = Result<RawPathParams, RawPathParamsRejection>;

/// Renders a page completely on the server, with a policy and nonce of its own.
async fn page(view: View, State(state): State<AppState>, params: Params, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD")]).into_response();
    }
    // The session layer has begun the page's reads, unless this page is the answer to a form.
    let (database, home) = match request.extensions().get::<PageReads>() {
        Some(reads) => (reads.database.clone(), reads.home.clone()),
        None => (state.database.for_page(false), None),
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
        view,
        address: Address {
            path_and_query: request.uri().path_and_query().map(ToString::to_string).unwrap_or_default(),
            // A parameter that is no text is missing, and the page says so.
            params: params.iter().flatten().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        },
        home,
        attempt: secrets::new_token(&state.random),
        refused: request.extensions().get::<Refused>().cloned(),
        shell: visitor.and_then(|visitor| Shell::of(&visitor.user_agent)),
        shared: request.extensions().get::<SharedText>().cloned().unwrap_or_default(),
        heads: request.extensions().get::<Arc<Heads>>().cloned().unwrap_or_default(),
    };
    let (path, person, build) = (request.uri().path().to_owned(), frame.person, frame.build.clone());
    let locale = frame.locale;
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
        // The page is rendered. As one piece it is sent with its length, and the reactive owner ends here.
        let (parts, body) = response.into_parts();
        match body.collect().await {
            Ok(html) => Response::from_parts(parts, Body::from(html.to_bytes())),
            Err(_) => pages::broken(locale).into_response(),
        }
    };
    let mut response = match lifecycle.spawn_job(rendering.in_current_span()).await {
        Ok(response) => response,
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
pub async fn share(state: State<AppState>, params: Params, request: Request) -> Response {
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
    let view = PAGES.iter().find(|(path, _)| *path == paths::SHARE).map_or(NOT_FOUND, |(_, view)| *view);
    page(view, state, params, Request::from_parts(parts, Body::empty())).await
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
