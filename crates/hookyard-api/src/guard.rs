//! Who may speak to the admin listener at all, and for what; asked before anything else, also for unknown paths.
//!
//! ```text
//!   Host ─► Origin ─► endpoint's access ─► key, session, or this machine ─► scope ─► the call, with its caller
//! ```
//! Two threats, two answers:
//! - *A stranger on the network*: where a key is needed, every call shows one (`Bearer`, `Basic` with the key as
//!   password, or the cookie of a session). Without an admin key the binary listens on loopback only, or has API keys.
//! - *A web page in the operator's browser*, which can reach loopback and has the browser's remembered `Basic`
//!   password and its cookies: a call from another origin is refused (`Origin`, `Sec-Fetch-Site`), with or without a
//!   key. A page that re-binds its own name to 127.0.0.1 is of the same origin, but its `Host` gives it away; where
//!   a key is needed it fails for want of the key, and a session is taken only under the name it was begun with.
//!
//! - `origin`: names of hosts and origins. `forwarded`: who called, where a proxy stands in between. `credentials`: what a
//!   call shows. `key`: the admin key.
//! - `failures`: wrong guesses of it. `sessions`: logins of the dashboard. `pass`: until when all that lets somebody in.

pub(crate) mod credentials;
mod failures;
mod forwarded;
mod key;
mod origin;
pub(crate) mod pass;
mod sessions;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hookyard_model::access::{Actor, ApiKey, Scope, key_claimed};
use hookyard_model::clock::{Clock, Timestamp};
use hookyard_model::secret::Secret;
use hookyard_store::catalog::key_digest;
use hookyard_store::store::Store;
use http::{HeaderMap, HeaderValue, Method, Uri, header};

use crate::caller::Caller;
use crate::dashboard;
use crate::endpoints::{self, Access, Endpoint};
use crate::problem::{Kind, Problem};
use crate::server::Logins;
use credentials::Shown;
use failures::Failures;
use forwarded::Proxies;
use key::AdminKey;
use origin::Authority;
use pass::{Ground, Pass};
use sessions::{BegunWith, Sessions};

/// The address that a call comes from: at first of the other end of its connection, and behind the guard of whoever called
/// a proxy there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Remote(pub(crate) IpAddr);

/// The rule for the calls of one listener.
#[derive(Debug)]
pub(crate) struct Guard {
    key: Option<AdminKey>,
    listener: SocketAddr,
    store: Store,
    clock: Clock,
    failures: Failures,
    proxies: Proxies,
    sessions: Sessions,
    public_url: Option<String>,
}

/// A login that succeeded.
#[derive(Debug)]
pub(crate) struct LoggedIn {
    /// Who it is.
    pub(crate) caller: Caller,
    /// When it ends.
    pub(crate) ends_at: Timestamp,
    /// The cookie to set.
    pub(crate) cookie: String,
}

/// Somebody whose key is right.
struct Known {
    actor: Actor,
    scope: Scope,
    ground: Ground,
    /// What a session is begun with.
    begun_with: BegunWith,
}

/// The middleware: refuses, or lets pass with the caller and the endpoint among the extensions.
pub(crate) async fn check(
    State(guard): State<Arc<Guard>>,
    path: Option<MatchedPath>,
    mut request: Request,
    next: Next,
) -> Response {
    let peer = request.extensions().get::<Remote>().map(|remote| remote.0);
    let remote = peer.map(|peer| guard.proxies.caller(peer, request.headers()));
    let call = Call {
        method: request.method(),
        uri: request.uri(),
        headers: request.headers(),
        path: path.as_ref().map(MatchedPath::as_str),
        remote,
    };
    match guard.admit(&call).await {
        Ok(Admitted { caller, endpoint }) => {
            let extensions = request.extensions_mut();
            remote.map(|remote| extensions.insert(Remote(remote)));
            caller.map(|caller| extensions.insert(caller));
            endpoint.map(|endpoint| extensions.insert(endpoint));
            extensions.insert(guard);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

/// What the guard looks at of a call.
#[derive(Clone, Copy, Debug)]
struct Call<'a> {
    method: &'a Method,
    uri: &'a Uri,
    headers: &'a HeaderMap,
    /// As the router has it; none where it has no such path.
    path: Option<&'a str>,
    remote: Option<IpAddr>,
}

/// A call that may go on.
#[derive(Debug, PartialEq)]
struct Admitted {
    caller: Option<Caller>,
    endpoint: Option<&'static Endpoint>,
}

impl Guard {
    /// The rule for a listener at this address.
    pub(crate) fn new(
        admin_key: Option<&Secret>,
        listener: SocketAddr,
        (store, clock): (Store, Clock),
        logins: &Logins,
        public_url: Option<String>,
    ) -> Self {
        Self {
            key: admin_key.map(AdminKey::new),
            listener,
            store,
            clock,
            failures: Failures::new(logins.failures_per_minute_max, logins.failure_delay),
            proxies: Proxies::new(logins.trusted_proxies.clone()),
            sessions: Sessions::new(logins.session_lifetime, logins.sessions_max),
            public_url,
        }
    }

    /// Whether a call that shows nothing is refused. Otherwise it is somebody on this machine, who may do everything.
    pub(crate) fn is_key_needed(&self) -> bool {
        self.key.is_some() || !self.listener.ip().is_loopback()
    }

    async fn admit(&self, call: &Call<'_>) -> Result<Admitted, Problem> {
        let host = single(call.headers, &header::HOST).and_then(Authority::parse);
        if !self.is_key_needed() {
            self.check_host(call.uri, host.as_ref())?;
        }
        // The dashboard's files may be linked to from anywhere, and are no secret.
        if dashboard::is_dashboards(call.uri.path()) {
            return Ok(Admitted { caller: None, endpoint: None });
        }
        check_origin(call.headers, host.as_ref())?;
        let endpoint = call.path.and_then(|path| endpoints::find(call.method, path));
        let access = match (call.path, endpoint) {
            (_, Some(endpoint)) => endpoint.access,
            // What is not there is told to whoever may look at anything.
            (None, None) => Access::Scope(Scope::Read),
            (Some(path), None) if endpoints::has_path(path) => Access::Scope(Scope::Read),
            (Some(path), None) => return Err(Problem::internal(&format!("{path} has no scope"))),
        };
        if access == Access::Open {
            return Ok(Admitted { caller: None, endpoint });
        }
        let mut caller = self.caller(call, host.as_ref()).await?;
        if let Access::Scope(needed) = access {
            let Some(known) = &mut caller else { return Err(unauthorized(call.headers)) };
            if !known.scope.covers(needed) {
                return Err(Problem::scope_missing(needed, known.scope));
            }
            known.pass.needed = needed;
        }
        if let (Some(caller), Some(endpoint)) = (&mut caller, endpoint) {
            caller.action = endpoint.action();
        }
        Ok(Admitted { caller, endpoint })
    }

    /// Where no key is needed, the caller has to know this listener by a name that no stranger can re-bind.
    fn check_host(&self, uri: &Uri, host: Option<&Authority>) -> Result<(), Problem> {
        // In absolute form the target's authority is the one that counts (RFC 9112, section 3.2.2).
        let target = uri.authority().map(|authority| Authority::parse(authority.as_str()));
        let target_allowed = match target {
            None => true,
            Some(target) => target.is_some_and(|target| target.is_local(self.listener)),
        };
        if target_allowed && host.is_some_and(|host| host.is_local(self.listener)) {
            return Ok(());
        }
        let detail = format!(
            "without an admin key this listener answers only for localhost, 127.0.0.1, [::1] and {}: use one \
             of them, or set an admin key",
            self.listener
        );
        Err(Problem::new(Kind::HostNotAllowed, detail))
    }

    /// Who calls; none where that is not shown and is needed.
    async fn caller(&self, call: &Call<'_>, host: Option<&Authority>) -> Result<Option<Caller>, Problem> {
        let known = match credentials::key(call.headers) {
            Shown::Key(text) => {
                let known = self.known(&text, call).await?;
                Some((known, None))
            }
            Shown::Unreadable => return Err(unauthorized(call.headers)),
            Shown::Nothing => self.session(call, host)?,
        };
        let caller = |(known, ends_at): (Known, _)| {
            self.caller_of((known.actor, known.scope, known.ground), call.remote, ends_at)
        };
        let everything = (Actor::Local, Scope::Admin, Ground::Lasting);
        let local = || (!self.is_key_needed()).then(|| self.caller_of(everything, call.remote, None));
        Ok(known.map(caller).or_else(local))
    }

    fn caller_of(
        &self,
        (actor, scope, ground): (Actor, Scope, Ground),
        remote: Option<IpAddr>,
        session_ends_at: Option<Timestamp>,
    ) -> Caller {
        let needs_api_keys = self.is_key_needed() && self.key.is_none();
        let pass = Pass { ground, needed: Scope::Read };
        Caller { actor, scope, remote, pass, session_ends_at, needs_api_keys, action: None }
    }

    /// Whose key this is.
    async fn known(&self, text: &str, call: &Call<'_>) -> Result<Known, Problem> {
        if let Some(known) = self.known_unguessable(text) {
            return Ok(known);
        }
        if key_claimed(text).is_some() {
            return Err(unauthorized(call.headers));
        }
        self.known_guess(text, call).await
    }

    /// The key with this text, where it is one that nobody guesses.
    fn known_unguessable(&self, text: &str) -> Option<Known> {
        key_claimed(text)?;
        let snapshot = self.store.catalog().snapshot();
        if let Some(key) = snapshot.api_key_of(text, self.clock.now()) {
            self.store.catalog().note_api_key_use(key.id);
            return Some(Known::of(key, Ground::Key(key.id, key_digest(text))));
        }
        self.key.as_ref().filter(|key| key.is(text)).map(|_| Known::admin())
    }

    /// The same of one that a person may have chosen: a wrong one counts, and is answered late.
    async fn known_guess(&self, text: &str, call: &Call<'_>) -> Result<Known, Problem> {
        let guess = self.failures.admit(call.remote, self.clock.now()).map_err(Problem::too_many_failures)?;
        if self.key.as_ref().is_some_and(|key| key.is(text)) {
            return Ok(Known::admin());
        }
        guess.failed(self.clock.now()).await;
        Err(unauthorized(call.headers))
    }

    /// Who has begun the session of a call's cookie. One that has ended is none.
    fn session(
        &self,
        call: &Call<'_>,
        host: Option<&Authority>,
    ) -> Result<Option<(Known, Option<Timestamp>)>, Problem> {
        let now = self.clock.now();
        for token in credentials::session_tokens(call.headers) {
            let token = key_digest(token);
            let Some(session) = self.sessions.find(&token, now) else { continue };
            if session.host.as_deref() != host.map(Authority::host) {
                let detail = "the session was begun under another host name: log in under this one";
                return Err(Problem::new(Kind::HostNotAllowed, detail));
            }
            let Some(known) = self.still_known(session.begun_with, now) else { continue };
            check_same_origin(call)?;
            return Ok(Some((Known { ground: Ground::Session(token), ..known }, Some(session.ends_at))));
        }
        Ok(None)
    }

    /// Who has the key that a session was begun with, as far as it is still the same.
    fn still_known(&self, begun_with: BegunWith, now: Timestamp) -> Option<Known> {
        let BegunWith::ApiKey(id, digest) = begun_with else { return Some(Known::admin()) };
        let catalog = self.store.catalog();
        let snapshot = catalog.snapshot();
        let key = snapshot.api_keys.get(&id).filter(|key| key.digest == digest && key.is_valid_at(now))?;
        catalog.note_api_key_use(id);
        Some(Known::of(key, Ground::Key(id, digest)))
    }

    /// Begins a session for whoever has this key.
    ///
    /// # Errors
    /// The key is wrong, which counts, or too many were.
    pub(crate) async fn log_in(
        &self,
        key: &Secret,
        headers: &HeaderMap,
        remote: Option<IpAddr>,
    ) -> Result<LoggedIn, Problem> {
        let (method, uri) = (Method::POST, Uri::default());
        let call = Call { method: &method, uri: &uri, headers, path: None, remote };
        let known = match self.known_unguessable(key.expose()) {
            Some(known) => known,
            None => self.known_guess(key.expose(), &call).await?,
        };
        let host = single(headers, &header::HOST).and_then(Authority::parse);
        let is_https = self.is_https(headers, host.as_ref());
        let now = self.clock.now();
        self.log_out(headers);
        let host = host.map(|host| host.host().to_owned());
        let begun = self.sessions.begin(known.begun_with, host, now);
        let (token, ends_at) = begun.map_err(|error| Problem::internal(&error))?;
        let ground = Ground::Session(key_digest(&token));
        let caller = self.caller_of((known.actor, known.scope, ground), remote, Some(ends_at));
        let cookie = cookie(&token, ends_at.since(now).as_secs(), is_https);
        Ok(LoggedIn { caller, ends_at, cookie })
    }

    /// Ends the session of these cookies; says what the cookie is to become.
    pub(crate) fn log_out(&self, headers: &HeaderMap) -> String {
        for token in credentials::session_tokens(headers) {
            self.sessions.end(token);
        }
        let host = single(headers, &header::HOST).and_then(Authority::parse);
        cookie("", 0, self.is_https(headers, host.as_ref()))
    }

    /// Whether the browser speaks HTTPS, as far as is known: this listener does not, but what is in front of it may.
    fn is_https(&self, headers: &HeaderMap, host: Option<&Authority>) -> bool {
        let has = |name: &str, wanted: &str| {
            let mut lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
            lines.any(|line| line.to_ascii_lowercase().contains(wanted))
        };
        let is_public = || {
            let authority = self.public_url.as_deref()?.strip_prefix("https://")?.split('/').next()?;
            Some(Authority::parse(authority)?.host() == host?.host())
        };
        has("origin", "https://")
            || has("x-forwarded-proto", "https")
            || has("forwarded", "proto=https")
            || is_public().unwrap_or(false)
    }
}

impl Known {
    const fn admin() -> Self {
        let (ground, begun_with) = (Ground::Lasting, BegunWith::AdminKey);
        Self { actor: Actor::AdminKey, scope: Scope::Admin, ground, begun_with }
    }

    fn of(key: &ApiKey, ground: Ground) -> Self {
        Self {
            actor: Actor::ApiKey { id: key.id, name: key.name.clone() },
            scope: key.scope,
            ground,
            begun_with: BegunWith::ApiKey(key.id, key.digest),
        }
    }
}

/// No script sees it, no other site has it sent, and it goes to this host only.
fn cookie(token: &str, age_s: u64, is_https: bool) -> String {
    let secure = if is_https { "; Secure" } else { "" };
    format!("{}={token}; Path=/; Max-Age={age_s}; HttpOnly; SameSite=Strict{secure}", credentials::COOKIE)
}

fn check_origin(headers: &HeaderMap, host: Option<&Authority>) -> Result<(), Problem> {
    let foreign_fetch = headers
        .get_all("sec-fetch-site")
        .iter()
        .any(|site| site.as_bytes() != b"same-origin" && site.as_bytes() != b"none");
    let foreign_origin = headers.contains_key(header::ORIGIN)
        && !single(headers, &header::ORIGIN).is_some_and(|origin| origin::is_same(origin, host));
    if foreign_fetch || foreign_origin {
        let detail = "a page of another origin sent this call: only pages of this listener may";
        return Err(Problem::new(Kind::OriginNotAllowed, detail));
    }
    Ok(())
}

/// A browser adds the cookie by itself, so a call that changes something has to prove that a page of this listener sent
/// it. Every browser says so; what it says was checked before.
fn check_same_origin(call: &Call<'_>) -> Result<(), Problem> {
    let is_safe = [Method::GET, Method::HEAD, Method::OPTIONS].contains(call.method);
    let is_proven = call.headers.contains_key(header::ORIGIN)
        || call.headers.get("sec-fetch-site").is_some_and(|site| site.as_bytes() == b"same-origin");
    if is_safe || is_proven {
        return Ok(());
    }
    let detail = "with a session, a call that changes something has to say where it comes from: send `Origin`, or a key \
                  in `Authorization` instead";
    Err(Problem::new(Kind::OriginNotAllowed, detail))
}

/// Of a page's own calls the browser is not asked for a password: it would put its dialogue over the page's.
pub(crate) fn unauthorized(headers: &HeaderMap) -> Problem {
    let detail = "send `Authorization: Bearer` with a key, or Basic with the key as password, or log in";
    let is_pages = headers.get("sec-fetch-dest").is_some_and(|dest| dest.as_bytes() == b"empty");
    let challenge = match is_pages {
        true => HeaderValue::from_static("Bearer"),
        false => HeaderValue::from_static("Basic realm=\"hookyard\", charset=\"UTF-8\", Bearer"),
    };
    Problem::new(Kind::Unauthorized, detail).and_header(header::WWW_AUTHENTICATE, challenge)
}

/// The value of a header that stands there exactly once.
pub(crate) fn single<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    if values.next().is_some() {
        return None;
    }
    value.to_str().ok()
}

#[cfg(test)]
mod tests;
