//! `mail-server.py` as a process.

use std::path::Path;

use serde_json::{Value, json};

use crate::process::LineProcess;

/// A running mail server, which keeps what it is sent. Can be shared between threads.
#[derive(Debug)]
pub struct MailServer {
    process: LineProcess,
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
}

/// How connections to a mail server are encrypted.
#[derive(Clone, Copy, Debug)]
pub enum Security<'a> {
    /// They are not.
    None,
    /// After `STARTTLS`, without which it takes nothing; with the PEM files of a certificate and its key.
    StartTls(&'a Path, &'a Path),
    /// From the first byte on, with the same.
    Tls(&'a Path, &'a Path),
}

impl MailServer {
    /// Starts a server that takes emails from whoever logs in like this; none for everybody.
    ///
    /// # Panics
    /// Where Python or the packages are not there, or the server does not start.
    pub fn start(security: Security<'_>, login: Option<(&str, &str)>) -> Self {
        let process = LineProcess::start("mail-server.py");
        let (name, files) = match security {
            Security::None => ("none", None),
            Security::StartTls(certificate, key) => ("starttls", Some((certificate, key))),
            Security::Tls(certificate, key) => ("tls", Some((certificate, key))),
        };
        let answer = process.ask(&json!({
            "ask": "start",
            "security": name,
            "user": login.map(|(user, _)| user),
            "password": login.map(|(_, password)| password),
            "certificate": files.map(|(certificate, _)| certificate),
            "key": files.map(|(_, key)| key),
        }));
        match answer.get("port").and_then(Value::as_u64).and_then(|port| port.try_into().ok()) {
            Some(port) => Self { process, port },
            None => panic!("the mail server does not start: {answer}"),
        }
    }

    /// The next email, once it is there: `from`, `to`, `message`, `user`, `is_encrypted`. Blocks.
    ///
    /// # Panics
    /// Where none comes within a minute.
    pub fn next(&self) -> Value {
        let answer = self.process.ask(&json!({ "ask": "next" }));
        assert!(answer.get("error").is_none(), "no email comes: {answer}");
        answer
    }

    /// Has every email be answered so from now on, like `550 no`; none to take them.
    pub fn refuse(&self, reply: Option<&str>) {
        self.process.ask(&json!({ "ask": "refuse", "reply": reply }));
    }
}
