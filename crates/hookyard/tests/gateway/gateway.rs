//! A data directory with its configuration, and the gateway that runs in it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::client::{Answer, Client, ask_once, request};
use crate::process::{Ended, Process, within};
use crate::sink::Sink;

/// A directory that gateways run in, one after the other.
pub(crate) struct Yard {
    directory: TempDir,
    /// Lines of the configuration's `[server]`.
    pub(crate) server: String,
    /// The configuration's other tables of settings.
    pub(crate) settings: String,
    /// Sources, destinations and connections.
    pub(crate) declared: String,
    pub(crate) env: BTreeMap<String, String>,
}

/// A running gateway.
pub(crate) struct Gateway {
    pub(crate) process: Process,
    pub(crate) public: SocketAddr,
    pub(crate) admin: SocketAddr,
}

/// Deliveries to sinks need it: they listen on loopback.
pub(crate) const LOOPBACK: &str = "[delivery]\nallow_networks = [\"127.0.0.0/8\", \"::1/128\"]\n";

/// A source `in` that takes everything at `/in`.
pub(crate) const OPEN_SOURCE: &str = "[[source]]\nname = \"in\"\ntoken = \"in\"\n";

/// A destination and the connection that leads there from the source `in`; further lines for both.
pub(crate) fn leg(name: &str, sink: &Sink, destination: &str, connection: &str) -> String {
    format!(
        "[[destination]]\nname = \"{name}\"\nurl = \"{}\"\n{destination}\n\
         [[connection]]\nsource = \"in\"\ndestination = \"{name}\"\n{connection}\n",
        sink.url()
    )
}

impl Yard {
    pub(crate) fn new(declared: impl Into<String>) -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            server: "data_dir = \"data\"\n".to_owned(),
            settings: LOOPBACK.to_owned(),
            declared: declared.into(),
            env: BTreeMap::new(),
        }
    }

    /// A source that takes everything, joined to one sink.
    pub(crate) fn to(sink: &Sink) -> Self {
        Self::new(format!("{OPEN_SOURCE}{}", leg("out", sink, "", "")))
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.path().join("data")
    }

    /// Writes the configuration file as it is now.
    pub(crate) fn write_config(&self) {
        let Self { server, settings, declared, .. } = self;
        let config = format!(
            "[server]\npublic = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n{server}\n\
             [log]\nformat = \"json\"\n{settings}\n{declared}"
        );
        std::fs::write(self.path().join("hookyard.toml"), config).unwrap();
    }

    /// Starts a gateway with the configuration as it is now; it takes connections when this returns.
    pub(crate) async fn start(&self) -> Gateway {
        self.write_config();
        let process = self.spawn();
        let line = process.stderr.containing("hookyard takes webhooks").await;
        let line: Value = serde_json::from_str(&line).unwrap();
        let address = |name: &str| line[name].as_str().unwrap().parse().unwrap();
        Gateway { public: address("public"), admin: address("admin"), process }
    }

    /// Starts a gateway that may not come to take connections.
    pub(crate) fn spawn(&self) -> Process {
        Process::start(self.path(), &["serve", "--config", "hookyard.toml"], &self.env)
    }

    /// Runs another subcommand to its end.
    pub(crate) async fn run(&self, args: &[&str]) -> Ended {
        Process::run(self.path(), args, &self.env).await
    }

    /// The journal's segments, oldest first.
    pub(crate) fn segments(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.data_dir().join("journal")).unwrap();
        let mut segments: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        segments.retain(|path| path.extension().is_some_and(|extension| extension == "segment"));
        segments.sort();
        segments
    }
}

impl Gateway {
    /// A connection to the public address.
    pub(crate) async fn client(&self) -> Client {
        Client::connect(self.public).await.unwrap()
    }

    /// Sends a webhook to the source `in`, which has to take it.
    pub(crate) async fn take(&self, body: &[u8]) -> String {
        ask_once("POST", "/in", self.public, &[], body).await.request_id()
    }

    /// Sends a webhook.
    pub(crate) async fn post(&self, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        ask_once("POST", target, self.public, headers, body).await
    }

    /// A call to the admin address.
    pub(crate) async fn call(&self, method: &str, path: &str, body: &str) -> Answer {
        let headers = [("Content-Type", "application/json")];
        ask_once(method, path, self.admin, &headers[..usize::from(!body.is_empty())], body.as_bytes()).await
    }

    /// `GET` of JSON from the admin address.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.call("GET", path, "").await;
        assert_eq!(answer.status, 200, "GET {path}: {}", answer.text());
        answer.json()
    }

    /// Asks again and again, until the answer is as wanted.
    pub(crate) async fn get_until(&self, path: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        let search = async {
            let mut client = Client::connect(self.admin).await.unwrap();
            loop {
                let answer = client.ask(&request("GET", path, self.admin, &[], b"")).await.unwrap();
                last = answer.json();
                if wanted(&last) {
                    return;
                }
            }
        };
        within(&format!("{path}: {what}"), search).await;
        last
    }

    /// Waits until `/readyz` says so.
    pub(crate) async fn ready(&self) {
        self.get_until("/readyz", "ready", |it| it["status"] == "ready").await;
    }

    /// The one event of a request, once it is in this state.
    pub(crate) async fn event_in(&self, request: &str, state: &str) -> Value {
        let path = format!("/api/v1/events?request_id={request}");
        let list = self.get_until(&path, state, |list| list["data"][0]["state"] == state).await;
        assert_eq!(list["data"].as_array().unwrap().len(), 1, "{list}");
        list["data"][0].clone()
    }

    /// All attempts of an event, oldest first.
    pub(crate) async fn attempts(&self, event: &Value) -> Vec<Value> {
        let path = format!("/api/v1/events/{}/attempts", event["id"].as_str().unwrap());
        self.get(&path).await["data"].as_array().unwrap().clone()
    }

    /// All rows of a list, over all its pages.
    pub(crate) async fn all(&self, path: &str) -> Vec<Value> {
        let (mut rows, mut before) = (Vec::new(), String::new());
        loop {
            let page = self.get(&format!("{path}?limit=250{before}")).await;
            rows.extend(page["data"].as_array().unwrap().iter().cloned());
            match page["next"].as_str() {
                Some(next) => before = format!("&before={next}"),
                None => return rows,
            }
        }
    }

    /// Asks it to stop, and waits until it has, in good order.
    pub(crate) async fn stop(self) -> Ended {
        self.process.terminate();
        let ended = self.process.ended().await;
        assert!(ended.status.success(), "{ended:?}");
        ended
    }
}
