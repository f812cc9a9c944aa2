//! A relay between a node and PostgreSQL that stops forwarding and goes on later. No connection breaks meanwhile, as
//! when a switch or a firewall drops everything in between.

use std::path::{Path, PathBuf};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, UnixStream},
    sync::watch,
    task::JoinHandle,
};

pub struct Relay {
    pub port: u16,
    forwards: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Relay {
    /// Starts a relay to the server's socket in `folder`.
    pub async fn to(folder: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let (forwards, watched) = watch::channel(true);
        let socket = folder.join(".s.PGSQL.5432");
        let accepting = tokio::spawn(accept(listener, socket, watched));
        Self { port, forwards, accepting }
    }

    pub fn forward(&self, forwards: bool) {
        self.forwards.send_replace(forwards);
    }
}

async fn accept(listener: TcpListener, socket: PathBuf, forwards: watch::Receiver<bool>) {
    while let Ok((node, _)) = listener.accept().await {
        let (socket, forwards) = (socket.clone(), forwards.clone());
        tokio::spawn(async move {
            let Ok(server) = UnixStream::connect(socket).await else { return };
            let ((from_node, to_node), (from_server, to_server)) = (node.into_split(), server.into_split());
            tokio::select! {
                () = pump(from_node, to_server, forwards.clone()) => {}
                () = pump(from_server, to_node, forwards) => {}
            }
        });
    }
}

async fn pump(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mut forwards: watch::Receiver<bool>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        if forwards.wait_for(|forwards| *forwards).await.is_err() || to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
