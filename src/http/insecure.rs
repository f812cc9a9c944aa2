//! On plain http from another device the browser drops our cookies. Saying so beats asking for the name again and
//! again.

use axum::{
    extract::Request,
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::pages;
use crate::request::Visitor;

/// Answers pages with one that says what is wrong; everything else goes on.
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
