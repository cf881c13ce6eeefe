//! The floor of ingest: bare hyper that reads a body and answers 200. It verifies and stores nothing.

use std::convert::Infallible;
use std::net::SocketAddr;

use anyhow::Context;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::ACKNOWLEDGEMENT;

/// What the server is told.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Where to listen.
    #[arg(long)]
    listen: SocketAddr,
}

/// Serves until it is killed.
///
/// # Errors
/// When it cannot listen.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    super::two_workers()?.block_on(async {
        let listener =
            TcpListener::bind(args.listen).await.with_context(|| format!("listen on {}", args.listen))?;
        loop {
            let (stream, _) = listener.accept().await.context("accept a connection")?;
            stream.set_nodelay(true).context("prepare a connection")?;
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)));
        }
    })
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let _body = request.into_body().collect().await.map(|body| body.to_bytes());
    Ok(Response::new(Full::new(Bytes::from_static(ACKNOWLEDGEMENT))))
}
