//! What a test reads with the cookies of a browser: its session, and the reads of pages through the session layer.

use std::{
    future::Future,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{StatusCode, header},
    middleware,
};
use leptos::{
    prelude::{Owner, provide_context},
    reactive::computed::ScopedFuture,
};
use tokio::sync::oneshot;
use tower::ServiceExt;

use super::{Browser, TestApp};
use crate::{
    api::ApiError,
    http,
    server::{services::sessions, storage::sessions::Found},
};

impl TestApp {
    /// The session of a browser that is signed in, with its person.
    pub async fn session_of(&self, browser: &Browser) -> Found {
        let token = browser.cookies.lock().expect("cookies")["__Host-session"].clone();
        let found = sessions::recognise(&self.state, &token, [127, 0, 0, 1].into()).await.expect("a look");
        found.expect("a session").found
    }
}

impl Browser {
    /// Runs a function of `crate::reads` as it runs behind a page of this browser.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl Future<Output = Result<T, ApiError>> + Send + 'static,
    ) -> Result<T, ApiError> {
        let state = self.running.lock().expect("the state").clone();
        let address = self.address.lock().expect("an address").clone();
        let request = Request::get("/").header(header::COOKIE, self.cookie_line()).header("x-forwarded-for", address);
        let (give, found) = oneshot::channel();
        let once = Mutex::new(Some((read, give)));
        let context = state.clone();
        let page = move |request: Request| {
            let (read, give) = once.lock().expect("a read").take().expect("one request");
            let context = context.clone();
            async move {
                let owner = Owner::new();
                let scoped = owner.with(|| {
                    provide_context(context);
                    provide_context(request.into_parts().0);
                    ScopedFuture::new(read)
                });
                assert!(give.send(scoped.await).is_ok(), "the test waits");
                StatusCode::OK
            }
        };
        let page = Arc::new(page);
        let router = Router::new()
            .fallback(move |request: Request| page(request))
            .layer(middleware::from_fn_with_state(Arc::new(state), http::recognise));
        let response = router.oneshot(request.body(Body::empty()).expect("a request")).await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK, "a database that answers");
        self.keep_cookies(response.headers());
        found.await.expect("the read ran")
    }
}
