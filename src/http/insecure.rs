//! Plain http from another device: the browser would drop our `Secure` cookies, so every form would ask again. A page
//! explains it instead.

use axum::{
    extract::Request,
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::pages;
use crate::request::Visitor;

/// Answers a browser on plain http with the page that explains it. Other requests go on.
pub async fn explain(request: Request, next: Next) -> Response {
    let visitor = request.extensions().get::<Visitor>();
    if let Some(visitor) = visitor.filter(|visitor| !visitor.is_secure && wants_html(request.headers())) {
        return pages::insecure(StatusCode::FORBIDDEN, visitor.locale).into_response();
    }
    next.run(request).await
}

/// Whether a browser asks for a page to show.
pub fn wants_html(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|accept| accept.contains("text/html"))
}
