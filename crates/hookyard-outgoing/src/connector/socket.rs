//! A bare connection, for what speaks another protocol than HTTP: guarded like every other one, and encrypted from its
//! beginning or later, when both sides have agreed to that.

use hookyard_model::attempt::{DeliveryError, ErrorKind};
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::client::TlsStream;

use super::Connector;
use crate::endpoint::Endpoint;
use crate::stage::Stage;
use crate::tls;

impl Connector {
    /// Opens a connection without TLS, also where the endpoint names a certificate; whoever calls puts a time limit on
    /// it. `stage` says how far it came.
    ///
    /// # Errors
    /// [`ErrorKind::Dns`], [`ErrorKind::AddressRefused`] or [`ErrorKind::Connect`].
    pub async fn dial(
        &self,
        endpoint: &Endpoint,
        deadline: Instant,
        stage: &mut Stage,
    ) -> Result<TcpStream, DeliveryError> {
        let (stream, _) = self.connect(endpoint, deadline, stage).await?;
        Ok(stream)
    }

    /// Takes a connection through the handshake; no protocol is named in it.
    ///
    /// # Errors
    /// [`ErrorKind::Tls`] where there are no root certificates, or the handshake or the certificate does not hold.
    pub async fn secure(
        &self,
        stream: TcpStream,
        name: &ServerName<'static>,
    ) -> Result<TlsStream<TcpStream>, DeliveryError> {
        let fail = |detail: String| DeliveryError { kind: ErrorKind::Tls, detail };
        let roots = self.roots().await?;
        let connector = tls::connector(roots, |builder| builder.with_no_client_auth())?;
        let connected = connector.connect(name.clone(), stream).await;
        connected.map_err(|error| match inner(&error) {
            Some(rustls::Error::InvalidMessage(_)) => {
                fail("the server does not speak TLS on this port, or not yet".to_owned())
            }
            _ => fail(tls::explain(&error, name)),
        })
    }
}

fn inner(error: &std::io::Error) -> Option<&rustls::Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}
