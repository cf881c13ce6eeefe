//! A bare connection, for what speaks another protocol than HTTP: guarded like every other one, and encrypted from its
//! beginning or later, when both sides have agreed to that.

use std::sync::Arc;

use hookyard_model::attempt::{DeliveryError, ErrorKind};
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{ADDRESSES_MAX, Connector, connect};
use crate::endpoint::Endpoint;
use crate::stage::Stage;
use crate::{resolve, tls};

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
        *stage = Stage::Resolving;
        let addresses = resolve::permitted(endpoint, &self.0.hosts, self.guard(), ADDRESSES_MAX).await?;
        let (stream, _) = connect(&addresses, deadline, stage).await?;
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
        let builder = ClientConfig::builder_with_provider(Arc::new(tls::provider()));
        let builder =
            builder.with_safe_default_protocol_versions().map_err(|error| fail(error.to_string()))?;
        let config = builder.with_root_certificates(roots).with_no_client_auth();
        let connector = TlsConnector::from(Arc::new(config));
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
