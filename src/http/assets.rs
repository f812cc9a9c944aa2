//! Files of the built site. What the build names in its path never changes; everything else is asked for again.

use std::{fs, path::Path};

use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use ring::digest;
use tower_http::services::ServeDir;

use crate::{paths, server::state::AppState};

/// A short name of what is in `target/site`: pages and streams tell it, asset paths carry it.
pub fn build_name(site_root: &Path) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    let mut built = Vec::new();
    list(&site_root.join("pkg"), "pkg/", &mut built);
    built.sort_unstable();
    let others = ["service-worker.js", "worker/keep.js", "worker/push.js"];
    for file in built.iter().map(String::as_str).chain(others) {
        context.update(&fs::read(site_root.join(file)).unwrap_or_default());
    }
    context.update(env!("CARGO_PKG_VERSION").as_bytes());
    context.finish().as_ref().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// `/pkg/BUILD/FILE`, for this build only: an old page's files are gone and it is told to load itself again.
/// `files.json` lists them for the service worker, which keeps a build whole or not at all.
pub fn pkg(site_root: &Path, build: &str) -> Router<AppState> {
    let files = ServeDir::new(site_root.join("pkg")).precompressed_br().precompressed_gzip();
    let mut names = Vec::new();
    list(&site_root.join("pkg"), "", &mut names);
    names.sort_unstable();
    let names = names.iter().map(|name| paths::asset(build, name)).collect::<Vec<_>>();
    let listing = get(move || std::future::ready(axum::Json(names.clone())));
    let router = Router::new().route(&paths::asset(build, "files.json"), listing).nest_service(&format!("/pkg/{build}"), files);
    router.layer(middleware::map_response(|mut response: Response| async move {
        if response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED {
            response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
        }
        response
    }))
}

/// Every file below a folder, but those that are another packed.
fn list(folder: &Path, below: &str, names: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = format!("{below}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            list(&entry.path(), &format!("{name}/"), names);
        } else if !name.ends_with(".br") && !name.ends_with(".gz") {
            names.push(name);
        }
    }
}

/// A file of `public/` if there is one of that name, else the request goes on to the pages.
pub async fn public_or_next(axum::extract::State(public): axum::extract::State<ServeDir>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_file = path.rsplit('/').next().is_some_and(|name| name.contains('.')) && !path.starts_with("/pkg/") && !path.starts_with("/api/");
    if !is_file {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let asked = Request::from_parts(parts.clone(), axum::body::Body::empty());
    let Ok(response) = tower::ServiceExt::oneshot(public, asked).await;
    if response.status() == StatusCode::NOT_FOUND || response.status() == StatusCode::METHOD_NOT_ALLOWED {
        return next.run(Request::from_parts(parts, body)).await;
    }
    let mut response = response.into_response();
    let kept = if path_is_font(&parts) { "public, max-age=604800" } else { "no-cache" };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
    response
}

fn path_is_font(parts: &axum::http::request::Parts) -> bool {
    parts.uri.path().starts_with("/fonts/")
}
