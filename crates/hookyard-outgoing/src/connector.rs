//! Making a connection: resolve, judge, connect, and TLS where the URL asks for it.

mod socket;

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hookyard_model::attempt::{DeliveryError, ErrorKind};
use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::endpoint::Endpoint;
use crate::exchange::AnswerLimits;
use crate::guard::Guard;
use crate::http1::OpenConnection;
use crate::identity::Identity;
use crate::stage::Stage;
use crate::stream::Stream;
use crate::tls::{Offer, Tls};

/// How many addresses of one name are tried.
const ADDRESSES_MAX: usize = 4;
/// How long an address is waited for, at most, while there is another to try: a lost SYN is sent again after one
/// and after three seconds, so more than this means that nobody answers.
const FALLBACK_AFTER: Duration = Duration::from_secs(3);

/// Makes connections; cheap to clone.
#[derive(Clone)]
pub struct Connector(Arc<Shared>);

struct Shared {
    guard: Guard,
    limits: AnswerLimits,
    tls: Arc<Tls>,
    /// Names that the resolver is not asked for.
    hosts: Arc<HashMap<String, SocketAddr>>,
}

impl Connector {
    /// A connector that trusts the machine's root certificates.
    pub fn new(guard: Guard, limits: AnswerLimits) -> Self {
        Self::with_extra_roots(guard, limits, Vec::new())
    }

    /// A connector that trusts these certificates besides the machine's.
    pub fn with_extra_roots(guard: Guard, limits: AnswerLimits, roots: Vec<CertificateDer<'static>>) -> Self {
        let tls = Arc::new(Tls::new(roots));
        Self(Arc::new(Shared { guard, limits, tls, hosts: Arc::default() }))
    }

    /// The same, but these names lead to these addresses and ports, and the resolver is not asked for
    /// them. For tests; the guard judges such an address like any other.
    #[must_use]
    pub fn with_hosts(&self, hosts: HashMap<String, SocketAddr>) -> Self {
        let Shared { guard, limits, tls, .. } = &*self.0;
        let (guard, tls) = (guard.clone(), Arc::clone(tls));
        Self(Arc::new(Shared { guard, limits: *limits, tls, hosts: Arc::new(hosts) }))
    }

    /// The same with other limits and another guard; TLS sessions and roots are shared.
    #[must_use]
    pub fn with(&self, guard: Guard, limits: AnswerLimits) -> Self {
        let Shared { tls, hosts, .. } = &*self.0;
        Self(Arc::new(Shared { guard, limits, tls: Arc::clone(tls), hosts: Arc::clone(hosts) }))
    }

    /// The root certificates that are trusted.
    ///
    /// # Errors
    /// [`ErrorKind::Tls`] where there are none.
    pub async fn roots(&self) -> Result<Arc<RootCertStore>, DeliveryError> {
        self.0.tls.roots().await
    }

    /// Judges every address before a connection is made to it.
    pub fn guard(&self) -> &Guard {
        &self.0.guard
    }

    /// How much of answers is read and kept.
    pub fn limits(&self) -> &AnswerLimits {
        &self.0.limits
    }

    /// Opens a connection of HTTP/1.1; whoever calls puts a time limit on it. `identity` is who we are where TLS
    /// asks; `stage` says how far it came.
    ///
    /// # Errors
    /// [`ErrorKind::Dns`], [`ErrorKind::AddressRefused`], [`ErrorKind::Connect`], [`ErrorKind::Tls`] or
    /// [`ErrorKind::Protocol`].
    pub async fn open(
        &self,
        endpoint: &Arc<Endpoint>,
        identity: Option<&Identity>,
        deadline: Instant,
        stage: &mut Stage,
    ) -> Result<OpenConnection, DeliveryError> {
        let stream = self.reach(endpoint, identity, Offer::Http1, deadline, stage).await?;
        OpenConnection::start(stream, Arc::clone(endpoint), self.limits()).await
    }

    /// Makes a connection, over which nothing has been said yet but in TLS.
    ///
    /// # Errors
    /// [`ErrorKind::Dns`], [`ErrorKind::AddressRefused`], [`ErrorKind::Connect`] or [`ErrorKind::Tls`].
    pub(crate) async fn reach(
        &self,
        endpoint: &Endpoint,
        identity: Option<&Identity>,
        offer: Offer,
        deadline: Instant,
        stage: &mut Stage,
    ) -> Result<Stream, DeliveryError> {
        let (stream, address) = self.connect(endpoint, deadline, stage).await?;
        // Requests are written whole, so waiting for more to send only adds delay.
        stream
            .set_nodelay(true)
            .map_err(|error| refuse(format!("connection to {address} broke: {error}")))?;
        let Some(name) = &endpoint.tls else { return Ok(Stream::plain(stream)) };
        *stage = Stage::Handshaking(address);
        Ok(Stream::tls(self.0.tls.connect(stream, name, identity, offer).await?))
    }

    /// Connects to the first permitted address that accepts.
    async fn connect(
        &self,
        endpoint: &Endpoint,
        deadline: Instant,
        stage: &mut Stage,
    ) -> Result<(TcpStream, SocketAddr), DeliveryError> {
        *stage = Stage::Resolving;
        let addresses =
            crate::resolve::permitted(endpoint, &self.0.hosts, self.guard(), ADDRESSES_MAX).await?;
        connect(&addresses, deadline, stage).await
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared { guard, limits, .. } = &*self.0;
        out.debug_struct("Connector").field("guard", guard).field("limits", limits).finish_non_exhaustive()
    }
}

/// Connects to the first address that accepts, in order.
async fn connect(
    addresses: &[SocketAddr],
    deadline: Instant,
    stage: &mut Stage,
) -> Result<(TcpStream, SocketAddr), DeliveryError> {
    let mut failures = Vec::new();
    for (place, address) in addresses.iter().enumerate() {
        *stage = Stage::Connecting(*address);
        let connecting = TcpStream::connect(address);
        let others = addresses.len().saturating_sub(place + 1);
        let connected = if others == 0 {
            // The attempt's own timeout ends this one.
            Ok(connecting.await)
        } else {
            let left = deadline.saturating_duration_since(Instant::now());
            let share = left / u32::try_from(others + 1).unwrap_or(u32::MAX);
            timeout(share.min(FALLBACK_AFTER), connecting).await
        };
        match connected {
            Ok(Ok(stream)) => return Ok((stream, *address)),
            Ok(Err(error)) => failures.push(explain(&error, *address)),
            Err(_) => failures.push(format!("{address} did not answer")),
        }
    }
    Err(refuse(failures.join("; ")))
}

fn explain(error: &io::Error, address: SocketAddr) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => format!("connection refused by {address}"),
        io::ErrorKind::HostUnreachable => format!("the host {address} is unreachable"),
        io::ErrorKind::NetworkUnreachable => format!("this machine has no route to {address}"),
        io::ErrorKind::TimedOut => format!("{address} did not answer"),
        _ => format!("connecting to {address} failed: {error}"),
    }
}

fn refuse(detail: String) -> DeliveryError {
    DeliveryError { kind: ErrorKind::Connect, detail }
}
