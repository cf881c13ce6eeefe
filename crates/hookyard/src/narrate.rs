//! What `hookyard dev` prints: how to begin, then a line for each request and each attempt.

use std::net::SocketAddr;
use std::path::Path;

use hookyard_model::attempt::{Attempt, Outcome};
use hookyard_model::event::EventState;
use hookyard_model::request::{Head, Request, Verdict};
use hookyard_store::live::Happening;
use hookyard_store::store::Store;

use crate::log::say;

/// The first thing a newcomer reads.
pub(crate) fn welcome(url: &str, admin: SocketAddr, to: Option<&str>, data_dir: &Path) -> String {
    let destination = match to {
        Some(to) => format!("What comes there is delivered to {to}, and retried until it arrives."),
        None => {
            "They are kept and shown here. To have them delivered to your service as well, start with\n\n  \
                 make run TO=http://localhost:3000/webhooks      (hookyard dev --to …)"
                .to_owned()
        }
    };
    let dashboard = match hookyard_api::dashboard::is_built() {
        true => format!("Dashboard:  http://{admin}"),
        false => {
            "Dashboard:  not in this build; with Node.js 20 or newer, `make run` builds it too".to_owned()
        }
    };
    format!(
        "Hookyard takes webhooks at\n\n  {url}\n\nTry it:\n\n  \
         curl -d '{{\"hello\":\"yard\"}}' {url}\n\n{destination}\n\n\
         {dashboard}\n\
         API:        http://{admin}/api/v1 (this machine only)\n\
         Data:       {}\n\
         Deliveries to this machine (127.0.0.0/8, ::1) are allowed in this mode; other private networks are not.\n\
         Stop with Ctrl-C; nothing is lost.\n",
        data_dir.display()
    )
}

/// Prints what happens until it is aborted.
pub(crate) async fn happenings(store: Store) {
    let mut live = store.live();
    loop {
        for happening in live.next().await {
            match happening {
                Happening::Request(it) => say(request(&it)),
                Happening::Attempt(it) => say(attempt(&it)),
                Happening::Refused { request, cause, detail } => {
                    say(format!("{request}  no   {}: {}", cause.name(), printable(&detail)));
                }
            }
        }
    }
}

fn request(request: &Request) -> String {
    let line = Head::parse(&request.head).map_or_else(
        |_unparsed| "a request".to_owned(),
        |head| format!("{} {}", printable(head.method), printable(head.target)),
    );
    match &request.verdict {
        Verdict::Accepted(_) => {
            format!("{}  in   {line}  {} bytes, on disk", request.id, request.body_bytes)
        }
        Verdict::Pending => {
            let bytes = request.body_bytes;
            format!(
                "{}  in   {line}  {bytes} bytes, on disk; to be verified with a key from the provider",
                request.id
            )
        }
        Verdict::Handshake { detail } => format!("{}  ask  {line}  {}", request.id, printable(detail)),
        Verdict::Rejected { cause, detail } => {
            format!("{}  no   {line}  {}: {}", request.id, cause.name(), printable(detail))
        }
    }
}

fn attempt(attempt: &Attempt) -> String {
    let outcome = match &attempt.outcome {
        Outcome::Response(response) => response.status.to_string(),
        Outcome::Error(error) => format!("{}: {}", error.kind.name(), printable(&error.detail)),
        Outcome::Acknowledged => "acknowledged".to_owned(),
    };
    let next = match attempt.state {
        EventState::Successful => String::new(),
        EventState::Scheduled => {
            let wait = attempt.due_at.since(attempt.started_at);
            format!(", next try in {:.0} s", wait.as_secs_f64())
        }
        state => format!(", {}", state.name()),
    };
    format!(
        "{}  out  attempt {}: {outcome} in {:.1} ms{next}",
        attempt.id.event.request,
        attempt.id.number,
        attempt.duration.as_secs_f64() * 1_000.0
    )
}

/// Text from outside without control characters, which could rewrite the terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(200).collect()
}
