//! Every route in one table. It gives `router` its endpoints, log and metrics the name of a route, `keep` the pages
//! that a device may store, and `form_page` the pages that a refused form may return to.

use crate::paths;

/// What answers a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    Feed,
    ServerFunction,
    Share,
    ShortcutToday,
    ShortcutArchive,
    /// The copy that a person keeps, of all pairs or of one (`keepsake`).
    CopyOfAll,
    Copy,
    /// A copy that a person hands in (`upload`).
    Upload,
    /// A page of the app (`app_page`).
    Page,
    /// The way to a provider of accounts (`with_provider`).
    WithProvider,
    Livez,
    Readyz,
    /// Files of a build (`assets::pkg`).
    Build,
}

pub struct Route {
    /// In axum's syntax.
    pub path: &'static str,
    /// The name in log and metrics. It holds no code, id or token of the path.
    pub name: &'static str,
    pub target: Target,
    /// Whether a device may store the page for times without a network.
    is_stored: bool,
    /// Whether the page shows nothing but what the session layer reads (`tests/statements.rs` counts).
    is_plain: bool,
    /// How many bytes `path` has before its first parameter.
    literal: usize,
}

const fn endpoint(path: &'static str, name: &'static str, target: Target) -> Route {
    Route { path, name, target, is_stored: false, is_plain: false, literal: literal_of(path) }
}

const fn literal_of(path: &str) -> usize {
    let mut rest = path.as_bytes();
    while let [first, after @ ..] = rest
        && *first != b'{'
    {
        rest = after;
    }
    path.len() - rest.len()
}

const fn page(path: &'static str, name: &'static str) -> Route {
    endpoint(path, name, Target::Page)
}

/// A page for which the session layer has read everything.
const fn plain_page(path: &'static str, name: &'static str) -> Route {
    Route { is_plain: true, ..page(path, name) }
}

/// A page of questions and answers, or the list of one's pairs.
const fn stored_page(path: &'static str, name: &'static str) -> Route {
    Route { is_stored: true, ..page(path, name) }
}

pub const ROUTES: &[Route] = &[
    endpoint("/events", "/events", Target::Feed),
    endpoint("/api/{*endpoint}", "/api/{endpoint}", Target::ServerFunction),
    endpoint(paths::SHARE, "/{other}", Target::Share),
    endpoint(paths::SHORTCUT_TODAY, "/{page}", Target::ShortcutToday),
    endpoint(paths::SHORTCUT_ARCHIVE, "/{page}", Target::ShortcutArchive),
    endpoint(paths::COPY_OF_ALL, "/keep/copy", Target::CopyOfAll),
    endpoint("/keep/copy/{pair}", "/keep/copy", Target::Copy),
    endpoint("/signin/with/{provider}", "/signin/with", Target::WithProvider),
    endpoint(paths::UPLOAD, "/keep/upload", Target::Upload),
    endpoint("/livez", "/health", Target::Livez),
    endpoint("/readyz", "/health", Target::Readyz),
    endpoint("/pkg/{*file}", "/pkg/{file}", Target::Build),
    Route { is_plain: true, ..stored_page("/", "/") },
    page("/start", "/{page}"),
    plain_page("/signin", "/{page}"),
    plain_page("/signin/digits", "/{page}"),
    plain_page("/signin/digits/{code}", "/{page}"),
    plain_page("/signin/wait", "/{page}"),
    page("/signin/with/{provider}/callback", "/signin/with"),
    page("/signin/with/{provider}/new", "/signin/with"),
    page("/hand-over", "/hand-over/{token}"),
    plain_page("/hand-over/{token}", "/hand-over/{token}"),
    page("/recovery", "/{page}"),
    plain_page("/settings", "/{page}"),
    plain_page("/settings/us", "/{page}"),
    plain_page("/settings/me", "/{page}"),
    page("/settings/notifications", "/{page}"),
    page("/settings/sign-in", "/{page}"),
    plain_page("/settings/help", "/{page}"),
    page("/settings/ways-in", "/{page}"),
    page("/settings/other-device", "/{page}"),
    page("/settings/delete", "/{page}"),
    plain_page("/goodbye", "/{page}"),
    page("/inbox", "/{page}"),
    page("/keep", "/{page}"),
    page("/devices", "/{page}"),
    plain_page("/terms", "/{page}"),
    plain_page("/privacy", "/{page}"),
    plain_page("/join", "/join/{code}"),
    plain_page("/join/confirm", "/join/{code}"),
    plain_page("/join/{code}", "/join/{code}"),
    stored_page("/p/{pair}", "/p/{pair}"),
    stored_page("/p/{pair}/today", "/p/{pair}/today"),
    page("/p/{pair}/invite", "/p/{pair}/invite"),
    page("/p/{pair}/return", "/p/{pair}/return"),
    stored_page("/p/{pair}/archive", "/p/{pair}/archive"),
    stored_page("/p/{pair}/cards/{card}", "/p/{pair}/cards/{id}"),
    stored_page("/p/{pair}/seasons/{number}", "/p/{pair}"),
    plain_page("/p/{pair}/settings", "/p/{pair}/settings"),
    page("/p/{pair}/settings/us", "/p/{pair}/settings"),
    plain_page("/p/{pair}/settings/me", "/p/{pair}/settings"),
    page("/p/{pair}/settings/notifications", "/p/{pair}/settings"),
    page("/p/{pair}/settings/sign-in", "/p/{pair}/settings"),
    plain_page("/p/{pair}/settings/help", "/p/{pair}/settings"),
];

impl Route {
    /// Whether the route is behind the session layer: its answer may depend on who asks.
    pub fn is_personal(&self) -> bool {
        !matches!(self.target, Target::Livez | Target::Readyz | Target::Build)
    }

    /// `path` neither begins nor ends with a slash.
    fn matches(&self, path: &str) -> bool {
        // Most routes differ from the path here already.
        if !self.path.get(1..self.literal).is_some_and(|literal| path.starts_with(literal.trim_end_matches('/'))) {
            return false;
        }
        let mut parts = segments(path);
        for wanted in segments(self.path) {
            if wanted.starts_with("{*") {
                return true;
            }
            if !parts.next().is_some_and(|part| wanted.starts_with('{') || wanted == part) {
                return false;
            }
        }
        parts.next().is_none()
    }
}

fn segments(path: &str) -> std::str::Split<'_, char> {
    path.trim_matches('/').split('/')
}

fn lookup(path: &str) -> Option<&'static Route> {
    let path = path.trim_matches('/');
    ROUTES.iter().find(|route| route.matches(path))
}

/// The route of `path`. A path without one belongs to the first route with the same first segment.
fn nearest(path: &str) -> Option<&'static Route> {
    let first = path.split('/').nth(1);
    lookup(path).or_else(|| ROUTES.iter().find(|route| route.path.split('/').nth(1) == first))
}

/// What may be logged of a path: the name of its route.
pub fn name_of(path: &str) -> &'static str {
    nearest(path).map_or("/{other}", |route| route.name)
}

/// Whether a device may store the page at `path`.
pub fn is_stored(path: &str) -> bool {
    lookup(path).is_some_and(|route| route.is_stored)
}

/// Whether the page at `path` needs no read beside those of the session layer.
pub fn is_plain(path: &str) -> bool {
    lookup(path).is_some_and(|route| route.is_plain)
}

/// Whether `GET path` renders a page. Shortcuts redirect, and a redirect cannot show why a form was refused.
pub fn is_page(path: &str) -> bool {
    nearest(path).is_none_or(|route| matches!(route.target, Target::Page | Target::Share))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::served::PAGES;

    #[test]
    fn no_code_in_a_path_reaches_the_log() {
        for (path, route) in [
            ("/join/ABCDE-12345", "/join/{code}"),
            ("/hand-over/0a1b2c3d", "/hand-over/{token}"),
            ("/signin/digits/1234-5678", "/{page}"),
            ("/p/01a20359-39ae-7b93-921b-5f70d4c4f248/today", "/p/{pair}/today"),
            ("/anything/else", "/{other}"),
        ] {
            assert_eq!(name_of(path), route, "{path}");
        }
    }

    #[test]
    fn only_questions_answers_and_the_list_of_pairs_may_be_kept() {
        for kept in ["/", "/p/1", "/p/1/today", "/p/1/archive", "/p/1/cards/2", "/p/1/seasons/3"] {
            assert!(is_stored(kept), "{kept}");
        }
        let never = "/p/1/return /start /signin /recovery /settings /inbox /keep /keep/copy /keep/copy/1 \
            /devices /terms /privacy /join /join/confirm \
            /join/ABCDE /signin/digits /signin/digits/1234-5678 /signin/wait /hand-over /hand-over/0a1b /p/1/invite \
            /p/1/settings /events /api/today";
        for never in never.split(' ') {
            assert!(!is_stored(never), "{never}");
        }
    }

    #[test]
    fn every_page_of_the_app_has_a_row_and_every_row_of_a_page_has_one() {
        for (path, _) in PAGES {
            assert!(lookup(path).is_some_and(|route| route.is_personal() && is_page(path)), "{path}: http/routes.rs");
        }
        for Route { path, .. } in ROUTES.iter().filter(|route| route.target == Target::Page) {
            assert!(PAGES.iter().any(|(page, _)| page == path), "{path}: pages/served/routes.rs");
        }
    }
}
