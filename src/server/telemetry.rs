//! Logging: one line per fact, JSON in production. Lines never contain bodies, names, tokens, codes, cookies or links.

use tracing::Subscriber;
use tracing_subscriber::{EnvFilter, filter::filter_fn, fmt, prelude::*, registry::LookupSpan};

use super::{config::AppEnv, counters};
use crate::spans::{self, Spans};

/// Starts logging to standard error, and the sending of spans to the collector at `collector`, if any. `filter` is a
/// `tracing` directive such as `info` or `umbba=debug`. Spans that wait are sent when the returned value is dropped.
pub fn start(env: AppEnv, filter: &str, collector: Option<&str>) -> Option<Spans> {
    let (spans, failure) = match collector.map(spans::layer).transpose() {
        Ok(spans) => (spans, None),
        Err(failure) => (None, Some(failure)),
    };
    let (spans, sending) = spans.unzip();
    let registry = filtered(filter).with(spans);
    let layer = fmt::layer().with_writer(std::io::stderr);
    // A second call (in tests) keeps the first subscriber.
    let _ = match env {
        AppEnv::Production => registry.with(layer.json()).try_init(),
        AppEnv::Development | AppEnv::Test => registry.with(layer.compact()).try_init(),
    };
    count_panics();
    if let Some(failure) = failure {
        tracing::error!("spans cannot be sent: {failure}");
    }
    sending
}

/// The filter of lines that must never be written.
fn filtered(filter: &str) -> impl Subscriber + for<'span> LookupSpan<'span> + Send + Sync {
    let wanted = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    // The cross-site check of tower-http logs the whole path, which may contain a code.
    let has_no_paths = filter_fn(|metadata| !metadata.target().starts_with("tower_http::csrf"));
    tracing_subscriber::registry().with(wanted).with(has_no_paths)
}

/// Counts every panic of requests and background tasks, then calls the previous hook.
fn count_panics() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        counters::PANICS.add();
        report(panic);
    }));
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("the log").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Log {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    #[test]
    fn the_cross_site_check_never_logs_a_path() {
        use tower::{Service, ServiceExt, service_fn};
        for filter in ["trace", "tower_http=trace", "tower_http::csrf=trace", "tower_http::csrf::service=trace"] {
            let log = Log::default();
            let subscriber = filtered(filter).with(fmt::layer().with_writer(log.clone()));
            tracing::subscriber::with_default(subscriber, || {
                tracing::error!(target: "tower_http", "said");
                let answer = service_fn(async |_: axum::extract::Request| {
                    Ok::<_, std::convert::Infallible>(axum::response::Response::new(axum::body::Body::empty()))
                });
                let mut service =
                    tower::ServiceBuilder::new().layer(tower_http::csrf::CsrfLayer::new()).service(answer);
                let request = axum::http::Request::post("/join/ABCDE-12345").header("sec-fetch-site", "cross-site");
                let request = request.body(axum::body::Body::empty()).expect("a request");
                let answering = async { service.ready().await.expect("ready").call(request).await.expect("an answer") };
                let response = futures::executor::block_on(answering);
                assert_eq!(response.status(), 403);
            });
            let text = String::from_utf8(log.0.lock().expect("the log").clone()).expect("text");
            assert!(!text.contains("ABCDE"), "{filter}: {text}");
            if !filter.contains("csrf") {
                assert!(text.contains("said"), "{filter}: {text}");
            }
        }
    }

    #[test]
    fn a_panic_is_counted_wherever_it_happens() {
        count_panics();
        let before = counters::PANICS.count();
        let task = std::thread::spawn(|| std::panic::resume_unwind(Box::new("quiet")));
        assert!(task.join().is_err(), "resumed panics call no hook");
        let task = std::thread::spawn(|| assert_eq!(1, 2, "a panic of this test"));
        assert!(task.join().is_err());
        assert_eq!(counters::PANICS.count(), before + 1);
    }
}
