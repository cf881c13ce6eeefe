//! The configuration file, `hookyard.toml`: read, checked as a whole, and turned into settings.
//!
//! Every problem in the file is reported in one go, each with its line and with what to do about it. A
//! setting that is unknown or has no effect is a problem too: a typing error must not pass for a setting.
//!
//! Command-line flags and environment variables that override a setting are not this module's business;
//! what depends on them, such as [`Server::check`], is checked after they had their say.
//!
//! **Invariant:** no message holds a secret, and `Debug` of a [`Config`] shows none.
//!
//! - `declared`: sources, destinations and connections, and how they fit together. `alert`: who is told of issues.
//!   `auth`, `order`, `rules`: parts of them.
//! - `settings`: everything else. `shown`: how the API shows it.
//! - `table`, `expand`, `size`: reading single values. `problem`: what comes out where that
//!   fails.

mod alert;
mod auth;
mod declared;
mod expand;
mod order;
mod problem;
mod rules;
mod settings;
mod shown;
mod size;
mod table;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hookyard_alert::settings::Settings as Alerts;
use hookyard_api::live::Limits as Live;
use hookyard_api::server::Logins;
use hookyard_ingest::limits::Limits;
use hookyard_model::secret::Secret;
use hookyard_route::limits::Limits as VerificationLimits;
use hookyard_store::bookmarks::Settings as Bookmarks;
use hookyard_store::catalog::Declared;
use hookyard_store::idempotency::Settings as Idempotency;
use hookyard_store::issues::Settings as Issues;
use hookyard_store::search::Settings as Search;
use hookyard_store::series::Settings as Series;
use hookyard_transform::limits::{EngineLimits, Limits as RunLimits};
use ipnet::IpNet;
use toml::de::DeTable;

pub(crate) use expand::expand;
pub(crate) use problem::{ConfigErrors, Problem};

use table::{Reader, Table};

/// Everything a configuration file says, with the defaults for what it does not say.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Config {
    /// Listeners, data directory, shutdown.
    pub(crate) server: Server,
    /// The bounds of ingest.
    pub(crate) limits: Limits,
    /// How the journal is kept.
    pub(crate) storage: Storage,
    /// The bounds of verification with keys that have to be fetched.
    pub(crate) verification: VerificationLimits,
    /// How much of what is fetched is kept.
    pub(crate) verification_cache: VerificationCache,
    /// What transformations may take.
    pub(crate) transformations: Transformations,
    /// How deliveries are made.
    pub(crate) delivery: Delivery,
    /// How much work people's looks at history may be.
    pub(crate) search: Search,
    /// How much people may keep as bookmarks.
    pub(crate) bookmarks: Bookmarks,
    /// From when on something is an issue.
    pub(crate) issues: Issues,
    /// How long people are told of them.
    pub(crate) alerts: Alerts,
    /// Logins, the audit log, and calls that are repeated.
    pub(crate) access: Access,
    /// The bounds of live streams.
    pub(crate) live: Live,
    /// How much of what was counted is kept.
    pub(crate) series: Series,
    /// When the process says that it is not well.
    pub(crate) health: Health,
    /// How the process logs.
    pub(crate) log: Log,
    declared: Declared,
}

/// `[server]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    /// Address of the public listener.
    pub(crate) public: SocketAddr,
    /// Address of the admin listener.
    pub(crate) admin: SocketAddr,
    /// What the URLs that providers are given begin with, without a closing slash.
    pub(crate) public_url: Option<String>,
    /// What the admin listener asks for; none to ask for nothing.
    pub(crate) admin_key: Option<Secret>,
    /// Where everything durable lives. A relative path of the file is taken from the file's directory.
    pub(crate) data_dir: PathBuf,
    /// How long a shutdown waits for attempts that are under way.
    pub(crate) shutdown_grace: Duration,
    /// Certificate of the public listener; none for plain HTTP.
    pub(crate) tls: Option<ServerTls>,
}

/// `[server.tls]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerTls {
    /// PEM file with the certificate chain.
    pub(crate) cert: PathBuf,
    /// PEM file with the private key.
    pub(crate) key: PathBuf,
}

/// `[storage]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Storage {
    /// Size at which a journal segment is finished, in bytes.
    pub(crate) segment_bytes: u32,
    /// Age at which a journal segment is finished.
    pub(crate) segment_age: Duration,
    /// How long requests are kept; none for ever.
    pub(crate) retention: Option<Duration>,
    /// Free space below which requests are refused, in bytes.
    pub(crate) reserve_bytes: u64,
}

/// The part of `[verification]` that bounds the memory of fetched keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct VerificationCache {
    /// Most documents.
    pub(crate) keys_max: usize,
    /// Most bytes.
    pub(crate) bytes_max: usize,
}

/// `[transformations]`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Transformations {
    /// What one run may take.
    pub(crate) limits: RunLimits,
    /// What all of them may take together.
    pub(crate) engine: EngineLimits,
    /// Requests of one source that go through code at the same time.
    pub(crate) at_a_time_max: usize,
}

/// `[delivery]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Delivery {
    /// Networks that deliveries may reach although the outgoing guard would refuse them.
    pub(crate) allow_networks: Vec<IpNet>,
    /// Events that one lane keeps in memory.
    pub(crate) lane_events_max: usize,
    pub(crate) lane_keys_max: usize,
    pub(crate) latest_keys_max: usize,
    /// Bytes of requests that all lanes together keep in memory.
    pub(crate) lanes_bytes_max: usize,
    /// How much of an answer's body is kept, in bytes.
    pub(crate) response_body_bytes_max: usize,
}

/// `[access]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    /// The bounds of logins, and of guessing keys.
    pub(crate) logins: Logins,
    /// How long entries of the audit log are kept; none for ever.
    pub(crate) audit_retention: Option<Duration>,
    /// How many are.
    pub(crate) audit_entries_max: u64,
    /// What is kept of calls with an idempotency key.
    pub(crate) idempotency: Idempotency,
}

/// `[health]`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Health {
    /// Age of the oldest undelivered event from which `/readyz` fails; none for never.
    pub(crate) undelivered_age_max: Option<Duration>,
}

/// `[log]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Log {
    /// The form of a line.
    pub(crate) format: LogFormat,
    /// The least important lines that are written.
    pub(crate) level: tracing::Level,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// The admin listener would be open to everybody, or nearly so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AdminKeyError {
    /// It is reachable from other machines and asks for nothing.
    #[error(
        "the admin address {0} can be reached from other machines, so it needs a key: set `admin_key` under \
         `[server]` (or HOOKYARD_ADMIN_KEY), or make an API key while it listens on 127.0.0.1"
    )]
    Missing(SocketAddr),
    /// It could be guessed.
    #[error(
        "the admin key is shorter than {0} characters: take a longer one, as `openssl rand -hex 24` prints"
    )]
    Short(usize),
}

const ADMIN_KEY_CHARS_MIN: usize = 16;

impl Config {
    /// Reads and checks the file at `path`; `env` gives the value of an environment variable.
    ///
    /// # Errors
    /// [`ConfigErrors`] with all that is wrong in the file, or that it cannot be read.
    pub(crate) fn load(path: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigErrors> {
        let text = std::fs::read_to_string(path).map_err(|error| ConfigErrors::unreadable(path, &error))?;
        let directory = path.parent().unwrap_or(Path::new(""));
        Self::parse(&text, directory, env)
            .map_err(|problems| ConfigErrors { path: path.to_owned(), problems })
    }

    /// All that the file declares.
    pub(crate) fn declared(&self) -> Declared {
        self.declared.clone()
    }

    /// Whether every source that needs its URL knows it, now that the command line has been read.
    ///
    /// # Errors
    /// A sentence that names the source.
    pub(crate) fn check_urls(&self) -> Result<(), String> {
        declared::check_urls(&self.declared, self.server.public_url.as_deref())
    }

    fn parse(
        text: &str,
        directory: &Path,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Vec<Problem>> {
        let (document, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            return Err(problem::from_syntax(text, &errors));
        }
        let mut reader = Reader::new(env);
        let mut file = Table::root(document.into_inner());
        let (verification, verification_cache) =
            settings::verification(file.table(&mut reader, "verification"), &mut reader);
        let config = Self {
            server: settings::server(file.table(&mut reader, "server"), &mut reader, directory),
            limits: settings::limits(file.table(&mut reader, "limits"), &mut reader),
            storage: settings::storage(file.table(&mut reader, "storage"), &mut reader),
            verification,
            verification_cache,
            transformations: settings::transformations(
                file.table(&mut reader, "transformations"),
                &mut reader,
            ),
            delivery: settings::delivery(file.table(&mut reader, "delivery"), &mut reader),
            search: settings::search(file.table(&mut reader, "search"), &mut reader),
            bookmarks: settings::bookmarks(file.table(&mut reader, "bookmarks"), &mut reader),
            issues: settings::issues(file.table(&mut reader, "issues"), &mut reader),
            alerts: settings::alerts(file.table(&mut reader, "alerts"), &mut reader),
            access: settings::access(file.table(&mut reader, "access"), &mut reader),
            live: settings::live(file.table(&mut reader, "live"), &mut reader),
            series: settings::series(file.table(&mut reader, "series"), &mut reader),
            health: settings::health(file.table(&mut reader, "health"), &mut reader),
            log: settings::log(file.table(&mut reader, "log"), &mut reader),
            declared: declared::read(&mut file, &mut reader, directory),
        };
        file.finish(&mut reader);
        if reader.found.is_empty() { Ok(config) } else { Err(problem::in_order(text, reader.found)) }
    }
}

impl Default for Config {
    /// What an empty file says, read from the working directory.
    fn default() -> Self {
        Self {
            server: Server::default(),
            limits: Limits::default(),
            storage: Storage::default(),
            verification: VerificationLimits::default(),
            verification_cache: VerificationCache::default(),
            transformations: Transformations::default(),
            delivery: Delivery::default(),
            search: Search::default(),
            bookmarks: Bookmarks::default(),
            issues: Issues::default(),
            alerts: Alerts::default(),
            access: Access::default(),
            live: Live::default(),
            series: Series::default(),
            health: Health::default(),
            log: Log::default(),
            declared: Declared::default(),
        }
    }
}

impl Server {
    /// Makes sure that nobody unknown can use the admin listener. To be asked once everything that can
    /// override the file has done so. Where there is no admin key, API keys will do ([`Self::check_api_keys`]),
    /// as far as there can be any.
    ///
    /// # Errors
    /// [`AdminKeyError`] where a key is missing or too short.
    pub(crate) fn check(&self) -> Result<(), AdminKeyError> {
        match &self.admin_key {
            None if !self.admin.ip().is_loopback() && !hookyard_store::store::is_there(&self.data_dir) => {
                Err(AdminKeyError::Missing(self.admin))
            }
            Some(key) if key.expose().chars().count() < ADMIN_KEY_CHARS_MIN => {
                Err(AdminKeyError::Short(ADMIN_KEY_CHARS_MIN))
            }
            _ => Ok(()),
        }
    }

    /// The same once the API keys are known, of which there has to be one that is taken where there is no admin key.
    ///
    /// # Errors
    /// [`AdminKeyError::Missing`] where there is none.
    pub(crate) fn check_api_keys(&self, has_api_key: bool) -> Result<(), AdminKeyError> {
        match self.admin_key.is_some() || self.admin.ip().is_loopback() || has_api_key {
            true => Ok(()),
            false => Err(AdminKeyError::Missing(self.admin)),
        }
    }
}
