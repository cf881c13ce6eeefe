//! From a URL's host to the addresses a connection may be made to.
//!
//! The guard judges every address that comes out of here, also one that is written in the URL; the
//! connection is then made to that address and no other look-up happens in between.

use std::collections::HashMap;
use std::net::SocketAddr;

use hookyard_model::attempt::{DeliveryError, ErrorKind};

use crate::endpoint::{Endpoint, Host};
use crate::guard::{Blocked, Guard};

/// The endpoint's permitted addresses in the resolver's order (of names in `hosts`: the one there), at most `addresses_max`, at least one.
///
/// # Errors
/// [`ErrorKind::Dns`] where there is no address, [`ErrorKind::AddressRefused`] where none is permitted.
pub(crate) async fn permitted(
    endpoint: &Endpoint,
    hosts: &HashMap<String, SocketAddr>,
    guard: &Guard,
    addresses_max: usize,
) -> Result<Vec<SocketAddr>, DeliveryError> {
    let found = match &endpoint.host {
        Host::Address(address) => vec![SocketAddr::new(*address, endpoint.port)],
        Host::Name(name) => match hosts.get(&**name) {
            Some(address) => vec![*address],
            None => look_up(name, endpoint.port).await?,
        },
    };
    let mut permitted = Vec::new();
    let mut refused = None;
    for address in found {
        match guard.check(address.ip()) {
            Ok(()) if permitted.len() < addresses_max => permitted.push(address),
            Ok(()) => {}
            Err(blocked) => {
                refused.get_or_insert((address, blocked));
            }
        }
    }
    match refused {
        Some((address, blocked)) if permitted.is_empty() => Err(refuse(&endpoint.host, address, blocked)),
        _ => Ok(permitted),
    }
}

async fn look_up(name: &str, port: u16) -> Result<Vec<SocketAddr>, DeliveryError> {
    let dns = |detail| DeliveryError { kind: ErrorKind::Dns, detail };
    let found = tokio::net::lookup_host((name, port)).await;
    let found =
        found.map_err(|error| dns(format!("the name `{name}` does not resolve: {}", cause(&error))))?;
    let found: Vec<SocketAddr> = found.collect();
    if found.is_empty() {
        return Err(dns(format!("the name `{name}` has no addresses")));
    }
    Ok(found)
}

/// The resolver's own words, without what the standard library puts before them.
fn cause(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.rsplit_once("information: ").map_or(text.clone(), |(_, cause)| cause.to_owned())
}

fn refuse(host: &Host, address: SocketAddr, blocked: Blocked) -> DeliveryError {
    let who = match host {
        Host::Name(name) => format!("`{name}` resolves to {}", address.ip()),
        Host::Address(address) => address.to_string(),
    };
    DeliveryError {
        kind: ErrorKind::AddressRefused,
        detail: format!("{who}: {blocked}; to allow it, add the network to delivery.allow_networks"),
    }
}
