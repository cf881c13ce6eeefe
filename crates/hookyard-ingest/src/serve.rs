//! The accept loop: takes connections, turns away those over the limit, follows the catalog, and ends.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::answer;
use crate::connection;
use crate::ingest::Ingest;
use crate::linger::Linger;

/// Most connections over the limit that are told so at a time; the others are closed without a word.
const FAREWELLS_MAX: usize = 128;
/// How long to wait before accepting again when the process is out of file descriptors.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

impl Ingest {
    /// Accepts connections until `shutdown` turns true or its sender is gone; then closes the listener,
    /// lets the requests under way finish, and returns when the last connection is closed.
    ///
    /// How long that may take is the caller's decision: dropping this future cuts what is still open.
    pub async fn serve(
        self,
        listener: TcpListener,
        tls: Option<Arc<ServerConfig>>,
        shutdown: watch::Receiver<bool>,
    ) {
        let tls = tls.map(TlsAcceptor::from);
        let mut stop = pin!(connection::stopping(shutdown.clone()));
        let mut catalog = self.shared.sources.changes();
        let mut connections = JoinSet::new();
        let mut farewells = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok(_) if self.is_full(&connections) && tls.is_some() => {
                        self.shared.metrics.turned_away.inc();
                    }
                    Ok((stream, _)) if self.is_full(&connections) => {
                        self.shared.metrics.turned_away.inc();
                        if farewells.len() < FAREWELLS_MAX {
                            farewells.spawn(turn_away(stream));
                        }
                    }
                    Ok(accepted) => self.take(accepted, &mut connections, tls.clone(), shutdown.clone()),
                    Err(error) => pause_after(error).await,
                },
                Some(_) = connections.join_next() => {}
                Some(_) = farewells.join_next() => {}
                Ok(()) = catalog.changed() => self.shared.sources.refresh(),
                () = stop.as_mut() => break,
            }
        }
        drop(listener);
        while connections.join_next().await.is_some() {}
    }

    fn is_full(&self, connections: &JoinSet<()>) -> bool {
        connections.len() >= self.shared.limits.connections_max
    }

    fn take(
        &self,
        accepted: (TcpStream, SocketAddr),
        connections: &mut JoinSet<()>,
        tls: Option<TlsAcceptor>,
        shutdown: watch::Receiver<bool>,
    ) {
        connections.spawn(connection::serve(Arc::clone(&self.shared), accepted, tls, shutdown));
    }
}

/// Answers without reading a request. Errors mean that nobody is there to be told.
async fn turn_away(mut stream: TcpStream) {
    if stream.write_all(answer::TOO_MANY_CONNECTIONS).await.is_ok() && stream.shutdown().await.is_ok() {
        let mut linger = Linger::default();
        std::future::poll_fn(|cx| linger.poll(&mut stream, cx)).await;
    }
}

/// Most errors concern the one connection that was about to be accepted. Running out of descriptors or
/// memory does not pass by trying again at once.
async fn pause_after(error: io::Error) {
    let concerns_one = matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    );
    if !concerns_one {
        tracing::warn!(%error, "cannot accept connections; raise the limit of open files if this persists");
        tokio::time::sleep(EXHAUSTED_PAUSE).await;
    }
}
