//! TLS for the tests' servers: a certificate for `127.0.0.1` and `localhost` by an authority of our own. Both are valid
//! from 2020 to 2120; the authority's private key was not kept.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio::net::TcpStream;
use tokio_rustls::{LazyConfigAcceptor, server::TlsStream};

pub const AUTHORITY_PEM: &str = include_str!("tls_authority.pem");

/// Trusts the tests' authority alone.
pub fn roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(AUTHORITY_PEM.as_bytes()).expect("a certificate")).expect("an authority");
    roots
}

/// The server's side of TLS. Clones share what was seen.
#[derive(Clone)]
pub struct ServerTls {
    config: Arc<ServerConfig>,
    /// What each client offered (ALPN, RFC 7301).
    offered: Arc<Mutex<Vec<Vec<String>>>>,
}

impl ServerTls {
    /// Agrees to one of these protocols; a client that offers none of them is refused.
    pub fn speaking(protocols: &[&str]) -> Self {
        let certificate = CertificateDer::from_pem_slice(include_bytes!("tls_server.pem")).expect("a certificate");
        let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls_server_key.pem")).expect("a key");
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .expect("a certificate of this key");
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        Self { config: Arc::new(config), offered: Arc::default() }
    }

    pub async fn accept(&self, socket: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let start = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), socket).await?;
        let offered = start.client_hello().alpn().into_iter().flatten().map(String::from_utf8_lossy);
        let offered = offered.map(std::borrow::Cow::into_owned).collect();
        self.offered.lock().unwrap_or_else(PoisonError::into_inner).push(offered);
        start.into_stream(self.config.clone()).await
    }

    /// The protocols that each client offered, in the order of the connections.
    pub fn offered(&self) -> Vec<Vec<String>> {
        self.offered.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
