//! The headers that every answer has, unless it sets them itself.

use axum::{
    http::{HeaderName, HeaderValue},
    response::Response,
};

/// The policy of answers that are not app pages. Only the service worker runs under it: a worker loads its parts and
/// fetches under the policy of its own script.
const PLAIN_POLICY: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; \
    font-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// A response that may be stored sets `cache-control` itself.
pub const FIXED_HEADERS: [(&str, &str); 6] = [
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("content-security-policy", PLAIN_POLICY),
    ("cross-origin-opener-policy", "same-origin"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=(), payment=()"),
];

/// Adds the headers that an answer has not set.
pub async fn add<B>(mut response: Response<B>) -> Response<B> {
    for (name, value) in FIXED_HEADERS {
        response.headers_mut().entry(HeaderName::from_static(name)).or_insert_with(|| HeaderValue::from_static(value));
    }
    response
}
