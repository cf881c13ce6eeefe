//! A request to this process's own public listener, over a connection like anybody's.
//!
//! The guard is not asked: the address is the one that the listener is bound to, and nobody who calls can name
//! another. Inside TLS the listener is known by the very certificate that it was given, whatever names stand there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsError, SignatureScheme, pki_types,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// How long it may take, everything together.
const TIME_MAX: Duration = Duration::from_secs(30);
/// How much of the answer's body is read, in bytes; what is longer is none of ours.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// The own public listener; cheap to clone.
#[derive(Clone)]
pub struct Own {
    address: SocketAddr,
    tls: Option<TlsConnector>,
}

/// What it answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The body.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[error("the public listener at {address} does not answer: {cause}")]
pub struct Unanswered {
    /// Where it listens.
    pub address: SocketAddr,
    /// What went wrong.
    pub cause: String,
}

impl std::fmt::Debug for Own {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Own").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Own {
    /// The listener at this address, which shows this certificate where it speaks TLS.
    ///
    /// # Errors
    /// Where TLS cannot be spoken at all.
    pub fn new(
        listening: SocketAddr,
        certificate: Option<CertificateDer<'static>>,
    ) -> Result<Self, TlsError> {
        let tls = certificate.map(pinned).transpose()?;
        Ok(Self { address: reachable(listening), tls })
    }

    /// Sends a request in origin form, with its `Host`, and reads the answer.
    ///
    /// # Errors
    /// [`Unanswered`] where there is none, or not in time.
    pub async fn send(&self, request: Request<Full<Bytes>>) -> Result<Answer, Unanswered> {
        let unanswered = |cause: String| Unanswered { address: self.address, cause };
        let sending = tokio::time::timeout(TIME_MAX, self.exchange(request));
        match sending.await {
            Ok(answered) => answered.map_err(|error| unanswered(error.to_string())),
            Err(_elapsed) => Err(unanswered(format!("{} s are over", TIME_MAX.as_secs()))),
        }
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Answer, AnyError> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        match &self.tls {
            None => over(stream, request).await,
            Some(tls) => {
                let name = ServerName::IpAddress(self.address.ip().into());
                over(tls.connect(name, stream).await?, request).await
            }
        }
    }
}

type AnyError = Box<dyn std::error::Error + Send + Sync>;

async fn over<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Answer, AnyError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let exchange = async {
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await?.to_bytes();
        Ok(Answer { status: head.status, body })
    };
    let mut connection = std::pin::pin!(connection);
    let mut exchange = std::pin::pin!(exchange);
    tokio::select! {
        biased;
        answered = &mut exchange => answered,
        ended = &mut connection => {
            ended?;
            exchange.await
        }
    }
}

/// What listens on every address is reached on the one of this machine.
fn reachable(listening: SocketAddr) -> SocketAddr {
    let address = match listening.ip() {
        IpAddr::V4(address) if address.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(address) if address.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        address => address,
    };
    SocketAddr::new(address, listening.port())
}

fn pinned(certificate: CertificateDer<'static>) -> Result<TlsConnector, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Pinned { certificate, provider: Arc::clone(&provider) };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Takes one certificate, from whoever proves to have its key.
#[derive(Debug)]
struct Pinned {
    certificate: CertificateDer<'static>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &pki_types::ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        if *shown == self.certificate {
            return Ok(ServerCertVerified::assertion());
        }
        Err(TlsError::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_listens_everywhere_is_reached_on_this_machine() {
        for (listening, reached) in [
            ("0.0.0.0:4400", "127.0.0.1:4400"),
            ("[::]:4400", "[::1]:4400"),
            ("192.0.2.7:80", "192.0.2.7:80"),
        ] {
            assert_eq!(reachable(listening.parse().unwrap()), reached.parse().unwrap());
        }
    }
}
