//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};

/// The configuration file where none is named.
pub(crate) const CONFIG_FILE: &str = "hookyard.toml";

/// The webhook gateway: every webhook in, made durable, delivered.
#[derive(Debug, Parser)]
#[command(name = "hookyard", version)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the gateway with a configuration file.
    Serve(ServeArgs),
    /// Run the gateway on this machine for trying things out: no configuration, loopback only.
    Dev(DevArgs),
    /// Check a configuration file and say everything that is wrong with it.
    Check(CheckArgs),
    /// List the providers whose webhooks can be verified, or explain one: what to paste where, and how it signs.
    Providers(ProvidersArgs),
    /// Print a request as a provider would send it, signed, as a curl command.
    Sign(SignArgs),
    /// Print the description of the API (OpenAPI 3.1, JSON), as `/api/v1/openapi.json` serves it.
    Openapi,
    /// Print the configuration of a running gateway as a document.
    Export(ExportArgs),
    /// Say what applying a document would change at a running gateway; nothing is changed.
    Plan(PlanArgs),
    /// Make the configuration of a running gateway what a document says; shows the plan first.
    Apply(ApplyArgs),
    /// Make the index anew from the journal, and report what of the journal is damaged.
    Reindex(ReindexArgs),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ServeArgs {
    /// The configuration file; by default `hookyard.toml`, where there is one. Without one, the defaults hold and
    /// everything is configured by the API.
    #[arg(long, env = "HOOKYARD_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) overrides: Overrides,
}

/// What the command line and the environment say over the file.
#[derive(Debug, ClapArgs)]
pub(crate) struct Overrides {
    /// Where everything durable lives; overrides the file.
    #[arg(long, env = "HOOKYARD_DATA_DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Address that webhooks arrive at; overrides the file.
    #[arg(long, env = "HOOKYARD_PUBLIC")]
    pub(crate) public: Option<SocketAddr>,
    /// What the URLs that providers are given begin with, for example https://hooks.example.com; overrides
    /// the file.
    #[arg(long, env = "HOOKYARD_PUBLIC_URL")]
    pub(crate) public_url: Option<String>,
    /// Address of the API and the metrics; overrides the file.
    #[arg(long, env = "HOOKYARD_ADMIN")]
    pub(crate) admin: Option<SocketAddr>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct DevArgs {
    /// Deliver what arrives at the printed URL to this one, for example http://localhost:3000/webhooks.
    #[arg(long)]
    pub(crate) to: Option<String>,
    /// What the URLs that providers are given begin with, for example a tunnel's https://abc.example.
    #[arg(long)]
    pub(crate) public_url: Option<String>,
    /// Where everything durable lives.
    #[arg(long, default_value = "hookyard-data")]
    pub(crate) data_dir: PathBuf,
    /// Address that webhooks arrive at.
    #[arg(long, default_value = "127.0.0.1:4400")]
    pub(crate) public: SocketAddr,
    /// Address of the API and the metrics.
    #[arg(long, default_value = "127.0.0.1:4401")]
    pub(crate) admin: SocketAddr,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct CheckArgs {
    /// The configuration file.
    #[arg(long, env = "HOOKYARD_CONFIG", default_value = CONFIG_FILE)]
    pub(crate) config: PathBuf,
    #[command(flatten)]
    pub(crate) overrides: Overrides,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ReindexArgs {
    /// Where everything durable lives. No other Hookyard may be using it.
    #[arg(long, env = "HOOKYARD_DATA_DIR", default_value = "hookyard-data")]
    pub(crate) data_dir: PathBuf,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ProvidersArgs {
    /// The provider to explain.
    pub(crate) name: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct SignArgs {
    /// The provider's name, as `hookyard providers` lists it.
    pub(crate) provider: String,
    /// The source's secret; without one, the example that `hookyard providers` shows.
    #[arg(long, env = "HOOKYARD_SECRET", hide_env_values = true)]
    pub(crate) secret: Option<String>,
    /// A private key (PKCS#8, PEM), for providers that sign with one.
    #[arg(long)]
    pub(crate) private_key: Option<PathBuf>,
    /// A file with the body; without one, an example.
    #[arg(long)]
    pub(crate) body: Option<PathBuf>,
    /// The topic that the request is to be of, for example `push`.
    #[arg(long)]
    pub(crate) topic: Option<String>,
    /// The source's URL, as the provider knows it.
    #[arg(long)]
    pub(crate) url: Option<String>,
    /// Where the command sends to instead, for example http://127.0.0.1:4400/TOKEN while `--url` is signed.
    #[arg(long)]
    pub(crate) to: Option<String>,
    /// A setting of the source, like `scheme=v2`; may be given several times.
    #[arg(long)]
    pub(crate) setting: Vec<String>,
}

/// Which gateway is spoken to, and as whom.
#[derive(Debug, ClapArgs)]
pub(crate) struct Gateway {
    /// The gateway's admin listener.
    #[arg(long, env = "HOOKYARD_API_URL", default_value = "http://127.0.0.1:4401")]
    pub(crate) api_url: String,
    /// The admin key, or an API key; better given in the environment, where nobody else sees it.
    #[arg(long, env = "HOOKYARD_API_KEY", hide_env_values = true)]
    pub(crate) api_key: Option<String>,
    /// Send the key over `http` to another machine, where whoever is in between can read it.
    #[arg(long)]
    pub(crate) allow_plain_http: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ExportArgs {
    /// Print JSON instead of TOML.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) gateway: Gateway,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) wanted: Wanted,
    /// Print the plan as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// End with status 2 where there is something to change.
    #[arg(long)]
    pub(crate) exit_code: bool,
    #[command(flatten)]
    pub(crate) gateway: Gateway,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ApplyArgs {
    #[command(flatten)]
    pub(crate) wanted: Wanted,
    /// Do not ask.
    #[arg(long)]
    pub(crate) yes: bool,
    /// Print what was done as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) gateway: Gateway,
}

/// What is wanted of the configuration.
#[derive(Debug, ClapArgs)]
pub(crate) struct Wanted {
    /// The document, TOML or JSON; `-` for standard input.
    #[arg(short, long)]
    pub(crate) file: PathBuf,
    /// Delete what is not in the document, other than what the configuration file declares.
    #[arg(long)]
    pub(crate) prune: bool,
    /// Cancel undelivered events of connections that are deleted.
    #[arg(long, requires = "prune")]
    pub(crate) cancel_events: bool,
}
