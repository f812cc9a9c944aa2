//! A relay between the app and PostgreSQL that can stop forwarding, as a network or a machine does.

use std::sync::Arc;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tests) enum Relays {
    /// Bytes in both directions.
    All,
    /// Nothing: connections stay open and are silent.
    Nothing,
    /// Ends every connection and each new one.
    Ends,
}

pub(in crate::tests) struct Relay {
    /// The address of the database through the relay.
    pub(in crate::tests) url: String,
    mode: Arc<watch::Sender<Relays>>,
}

/// The two ends of one connection.
trait Stream: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin {}
impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin> Stream for T {}

impl Relay {
    /// Listens on a free port in front of the server that `url` names, by TCP or with a socket in `host`.
    pub(in crate::tests) async fn start(url: &str) -> Self {
        let mut through = url::Url::parse(url).expect("an address");
        let socket = through.query_pairs().find(|(name, _)| name == "host").map(|(_, folder)| folder.into_owned());
        let (host, port) = (through.host_str().unwrap_or("localhost").to_owned(), through.port().unwrap_or(5432));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let own = listener.local_addr().expect("an address").port();
        through.set_query(None);
        through
            .set_host(Some("127.0.0.1"))
            .and_then(|()| through.set_port(Some(own)).map_err(|()| url::ParseError::InvalidPort))
            .expect("an address");
        let mode = Arc::new(watch::channel(Relays::All).0);
        let sender = mode.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server: Box<dyn Stream> = match &socket {
                    Some(folder) => match UnixStream::connect(format!("{folder}/.s.PGSQL.{port}")).await {
                        Ok(server) => Box::new(server),
                        Err(_) => continue,
                    },
                    None => match TcpStream::connect((host.as_str(), port)).await {
                        Ok(server) => Box::new(server),
                        Err(_) => continue,
                    },
                };
                tokio::spawn(relay(client, server, sender.subscribe()));
            }
        });
        Self { url: through.into(), mode }
    }

    pub(in crate::tests) fn set(&self, mode: Relays) {
        self.mode.send_replace(mode);
    }
}

async fn relay(client: TcpStream, server: Box<dyn Stream>, mut mode: watch::Receiver<Relays>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = tokio::io::split(server);
    let (mut asked, mut answered) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    loop {
        let now = *mode.borrow_and_update();
        let is_relaying = now == Relays::All;
        if now == Relays::Ends {
            return;
        }
        tokio::select! {
            changed = mode.changed() => if changed.is_err() { return },
            read = from_client.read(&mut asked), if is_relaying => match read {
                Ok(1..) if to_server.write_all(&asked[..read.unwrap_or_default()]).await.is_ok() => {}
                _ => return,
            },
            read = from_server.read(&mut answered), if is_relaying => match read {
                Ok(1..) if to_client.write_all(&answered[..read.unwrap_or_default()]).await.is_ok() => {}
                _ => return,
            },
        }
    }
}
