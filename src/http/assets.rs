//! The files of the built site and of the build before it. Files under a build's path never change and are cached for
//! ever; all others are revalidated.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

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

use crate::paths;

const LISTING: &str = "files.json";
/// This build and the one before.
const BUILDS_KEPT: usize = 2;
const HALF: &str = "half-";

/// A short hash of the files in `target/site`. Pages and the feed name it, and asset paths contain it.
pub fn build_name(site_root: &Path) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    let mut built = Vec::new();
    list(&site_root.join("pkg"), "pkg/", &mut built);
    built.sort_unstable();
    for file in built.iter().map(String::as_str).chain(["service-worker.js"]) {
        context.update(&fs::read(site_root.join(file)).unwrap_or_default());
    }
    context.update(env!("CARGO_PKG_VERSION").as_bytes());
    context.finish().as_ref().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// Serves `/pkg/BUILD/FILE` of this build and of those in `builds` (`keep_build`). The files of older builds are gone;
/// a page of such a build reloads itself. `files.json` lists a build's files for the service worker, which stores all
/// of them or none.
pub fn pkg<S: Clone + Send + Sync + 'static>(site_root: &Path, build: &str, builds: &Path) -> Router<S> {
    let names = listed(site_root, build);
    let listing = get(move || std::future::ready(axum::Json(names.clone())));
    let compressed = |folder: PathBuf| {
        ServeDir::new(folder).append_index_html_on_directories(false).precompressed_br().precompressed_gzip()
    };
    let router = Router::new()
        .route(&paths::asset(build, LISTING), listing)
        .nest_service(&format!("/pkg/{build}"), compressed(site_root.join("pkg")))
        .nest_service("/pkg", compressed(builds.to_owned()));
    router.layer(middleware::map_response(|mut response: Response| async move {
        if response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED {
            response
                .headers_mut()
                .insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
        }
        response
    }))
}

/// The URL paths of a build's files.
fn listed(site_root: &Path, build: &str) -> Vec<String> {
    let mut names = Vec::new();
    list(&site_root.join("pkg"), "", &mut names);
    names.sort_unstable();
    names.iter().map(|name| paths::asset(build, name)).collect()
}

/// Copies this build's files to `builds` and removes all but the latest two builds. A page that was sent just before
/// the server was replaced, or by a node that was not replaced yet, still finds its files.
pub fn keep_build(site_root: &Path, builds: &Path, build: &str) -> io::Result<()> {
    let folder = builds.join(build);
    if !folder.exists() {
        // Renamed when complete, so that a crash leaves no partial build. Another process would copy the same files.
        let half = builds.join(format!("{HALF}{build}"));
        copy(&site_root.join("pkg"), &half)?;
        fs::rename(&half, &folder)?;
    }
    // Written at every start: its modification time shows which builds ran last.
    fs::write(folder.join(LISTING), serde_json::to_vec(&listed(site_root, build))?)?;
    let mut kept = Vec::new();
    for entry in fs::read_dir(builds)? {
        let folder = entry?.path();
        // A build that is being copied has no listing yet.
        if let Ok(listing) = fs::metadata(folder.join(LISTING)) {
            kept.push((folder.ends_with(build), listing.modified()?, folder));
        }
    }
    kept.sort_unstable();
    let old = kept.len().saturating_sub(BUILDS_KEPT);
    kept.drain(..old).try_for_each(|(_, _, folder)| fs::remove_dir_all(folder))
}

/// Copies a folder with everything below it.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

/// Lists every file below a folder, without the compressed copies.
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

/// Answers with the file of `public/` that has this name. Without one the request goes on to the pages.
pub async fn public_or_next(
    axum::extract::State(public): axum::extract::State<Arc<ServeDir>>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    let is_file = path.rsplit('/').next().is_some_and(|name| name.contains('.'))
        && !path.starts_with("/pkg/")
        && !path.starts_with("/api/");
    if !is_file {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let asked = Request::from_parts(parts.clone(), axum::body::Body::empty());
    let Ok(response) = tower::ServiceExt::oneshot(ServeDir::clone(&public), asked).await;
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

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use tower::ServiceExt;

    use super::*;

    fn site(root: &Path, script: &str) -> String {
        fs::create_dir_all(root.join("pkg/snippets")).expect("a folder");
        fs::write(root.join("pkg/umbba.js"), script).expect("a file");
        fs::write(root.join("pkg/umbba.js.br"), "packed").expect("a file");
        fs::write(root.join("pkg/snippets/live.js"), script).expect("a file");
        build_name(root)
    }

    #[tokio::test]
    async fn the_files_of_the_release_before_are_still_there() {
        let folder = std::env::temp_dir().join(format!("umbba-builds-{}", uuid::Uuid::now_v7()));
        let (root, builds) = (folder.join("site"), folder.join("builds"));
        let names = ["one", "two", "three"].map(|script| {
            let build = site(&root, script);
            keep_build(&root, &builds, &build).expect("kept");
            // Started once more, it is kept all the same, and nothing older comes back.
            keep_build(&root, &builds, &build).expect("kept");
            // A release later: files written in one moment have one age.
            for folder in fs::read_dir(&builds).expect("a folder") {
                let listing = fs::File::options()
                    .write(true)
                    .open(folder.expect("an entry").path().join(LISTING))
                    .expect("a list");
                let age = listing.metadata().and_then(|listing| listing.modified()).expect("an age");
                listing.set_modified(age - std::time::Duration::from_secs(60)).expect("aged");
            }
            build
        });
        let [first, second, third] = &names;
        let router = pkg::<()>(&root, third, &builds);
        let get = async |path: String| {
            let request = Request::get(&path).body(Body::empty()).expect("a request");
            let response = router.clone().oneshot(request).await.expect("an answer");
            let (status, kept) = (response.status(), response.headers().get(header::CACHE_CONTROL).cloned());
            let body = axum::body::to_bytes(response.into_body(), 1 << 16).await.expect("a body");
            (status, kept, String::from_utf8(body.to_vec()).expect("text"))
        };
        for (build, script) in [(third, "three"), (second, "two")] {
            let (status, kept, text) = get(paths::asset(build, "snippets/live.js")).await;
            assert_eq!((status, text.as_str()), (StatusCode::OK, script));
            assert!(kept.is_some_and(|kept| kept.to_str().is_ok_and(|kept| kept.contains("immutable"))));
            let (_, _, listing) = get(paths::asset(build, LISTING)).await;
            let listing = serde_json::from_str::<Vec<String>>(&listing).expect("a list");
            assert_eq!(listing, [paths::asset(build, "snippets/live.js"), paths::asset(build, "umbba.js")]);
        }
        assert_eq!(get(paths::asset(first, "umbba.js")).await.0, StatusCode::NOT_FOUND);
        assert_eq!(get("/pkg/../secret.key".into()).await.0, StatusCode::NOT_FOUND);
        assert_eq!(fs::read_dir(&builds).expect("a folder").count(), BUILDS_KEPT);
        fs::remove_dir_all(&folder).expect("removed");
    }
}
