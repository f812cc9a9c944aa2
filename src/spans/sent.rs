//! Sends spans to a collector: OTLP over HTTP with protobuf bodies (the OpenTelemetry protocol). Built with the feature
//! `otlp`. What a span holds is what log lines hold: ids, routes and counts, never people's words.

use std::{fmt, time::Duration};

use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use tokio::runtime::Handle;
use tracing::Subscriber;
use tracing_subscriber::{Layer, filter::filter_fn, registry::LookupSpan};

/// How long the collector may take for one batch. Spans that it does not take are lost.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The sending of spans. When it is dropped, the spans that wait are sent.
pub struct Spans(SdkTracerProvider);

impl Drop for Spans {
    fn drop(&mut self) {
        let _ = self.0.shutdown_with_timeout(TIMEOUT);
    }
}

/// The layer that sends our own spans to `endpoint`, the base URL of a collector, from the runtime that is entered.
/// `Err` says why it cannot.
pub fn layer<S>(endpoint: &str) -> Result<(Box<dyn Layer<S> + Send + Sync>, Spans), String>
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    // The first provider stays. A collector over plain http needs none, but the client asks for one all the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().timeout(TIMEOUT).build().map_err(|error| error.to_string())?;
    let runtime = Handle::try_current().map_err(|error| error.to_string())?;
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .with_http_client(Client { client, runtime })
        .build()
        .map_err(|error| error.to_string())?;
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(Resource::builder().with_service_name("umbba").build())
        .build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("umbba"));
    // The spans of libraries would tell of the sending itself, and so without end.
    let ours = layer.with_filter(filter_fn(|metadata| metadata.target().starts_with("umbba")));
    Ok((Box::new(ours), Spans(provider)))
}

/// Our HTTP client. Batches are sent from a thread outside of the runtime, which waits for it.
struct Client {
    client: reqwest::Client,
    runtime: Handle,
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Client")
    }
}

#[async_trait::async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let request = request.try_into()?;
        let (status, body) = self.runtime.block_on(async {
            let answer = self.client.execute(request).await?;
            Ok::<_, reqwest::Error>((answer.status(), answer.bytes().await?))
        })?;
        let mut response = Response::new(body);
        *response.status_mut() = status;
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::{Router, body::Bytes as Body, http::Uri};
    use tracing_subscriber::prelude::*;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn our_spans_reach_the_collector_and_those_of_libraries_do_not() {
        let taken: Arc<Mutex<Vec<(String, Body)>>> = Arc::default();
        let kept = Arc::clone(&taken);
        let collector = Router::new().fallback(move |uri: Uri, body: Body| async move {
            kept.lock().expect("a list").push((uri.path().to_owned(), body));
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}/", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, collector).await });

        let (layer, spans) = layer(&endpoint).expect("a layer");
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            tracing::info_span!("request", request.id = "the-id-of-this-request").in_scope(|| {
                tracing::info!("said in it");
            });
            tracing::info_span!(target: "hyper", "of a library").in_scope(|| {});
        });
        tokio::task::spawn_blocking(move || drop(spans)).await.expect("all is sent");

        let taken = taken.lock().expect("a list");
        let [(path, body)] = &taken[..] else { panic!("{} batches", taken.len()) };
        let holds = |text: &str| body.windows(text.len()).any(|part| part == text.as_bytes());
        assert_eq!(path, "/v1/traces");
        assert!(holds("the-id-of-this-request") && holds("said in it") && holds("umbba"));
        assert!(!holds("of a library"));
    }
}
