//! What is judged.

use http::HeaderMap;

/// A request as it arrived, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The method as sent, for example `POST`.
    pub method: &'a str,
    /// The request target as sent: path and query.
    pub target: &'a str,
    /// All headers.
    pub headers: &'a HeaderMap,
    /// The body as sent, before any parsing; after removal of the transfer coding, but not of a
    /// content coding.
    pub body: &'a [u8],
    /// The URL that is registered with the provider, up to and including the source's token; what
    /// follows the token in the target follows it there too.
    pub public_url: Option<&'a str>,
}
