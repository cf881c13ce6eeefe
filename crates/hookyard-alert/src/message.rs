//! What is said of an issue.

use std::sync::Arc;

use hookyard_model::alert::Alert;
use hookyard_model::clock::Timestamp;
use hookyard_model::id::IssueId;
use hookyard_model::issue::Kind;
use hookyard_store::alerts::{News, Telling};
use hookyard_store::catalog::Snapshot;
use hookyard_store::issues::{Issue, State};

use crate::wire::rfc3339;

/// One message.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// The same whenever it is sent again, so that a receiver knows it.
    pub(crate) id: String,
    /// What machines know it by.
    pub(crate) r#type: &'static str,
    /// When what it tells of happened.
    pub(crate) happened_at: Timestamp,
    pub(crate) alert: Arc<Alert>,
    pub(crate) issue: Issue,
    /// How often the issue opened since this alert told it.
    pub(crate) openings: u64,
    names: Names,
}

/// What people know by their names.
#[derive(Clone, Debug, Default)]
struct Names {
    connection: Option<String>,
    source: Option<String>,
    destination: Option<String>,
}

impl Message {
    /// What an alert has to tell, with names as they are now.
    pub(crate) fn of(telling: &Telling, snapshot: &Snapshot) -> Self {
        let Telling { alert, issue, news, happened_at, openings, number, .. } = telling;
        let connection = issue.connection.and_then(|id| snapshot.connections.get(&id));
        let source = issue.source.and_then(|id| snapshot.sources.get(&id));
        let destination = issue.destination.and_then(|id| snapshot.destinations.get(&id));
        Self {
            id: format!("{}-{}-{number}-{}", alert.id, issue.id, news.name()),
            r#type: match news {
                News::Opened => "issue.opened",
                News::Reopened => "issue.reopened",
                News::Resolved => "issue.resolved",
            },
            happened_at: *happened_at,
            alert: Arc::clone(alert),
            issue: issue.clone(),
            openings: *openings,
            names: Names {
                connection: connection.map(|it| it.name.clone()),
                source: source.map(|it| it.name.clone()),
                destination: destination.map(|it| it.name.clone()),
            },
        }
    }

    /// A sample, to see whether it arrives.
    pub(crate) fn sample(alert: &Arc<Alert>, now: Timestamp) -> Self {
        let issue = Issue {
            id: IssueId(0),
            project: alert.project,
            kind: alert.on.first().copied().unwrap_or(Kind::Delivery),
            cause: "sample".to_owned(),
            connection: None,
            source: None,
            destination: None,
            state: State::Open,
            count: 1,
            reopened: 0,
            first_seen_at: now,
            last_seen_at: now,
            sample: None,
            acknowledged_at: None,
            resolved: None,
        };
        Self {
            id: format!("{}-test-{}", alert.id, now.us()),
            r#type: "alert.test",
            happened_at: now,
            alert: Arc::clone(alert),
            issue,
            openings: 1,
            names: Names::default(),
        }
    }

    /// One line that says what has happened.
    pub(crate) fn headline(&self) -> String {
        let what = match self.r#type {
            "issue.opened" => "Issue opened",
            "issue.reopened" => "Issue opened again",
            "issue.resolved" => "Issue resolved",
            _ => return format!("A test of the alert {}: nothing has happened", self.alert.name),
        };
        format!("{what}: {}", self.summary())
    }

    fn summary(&self) -> String {
        fn or_deleted(name: Option<&String>) -> &str {
            name.map_or("what was deleted meanwhile", String::as_str)
        }
        let Names { connection, source, destination } = &self.names;
        let cause = &self.issue.cause;
        match self.issue.kind {
            Kind::Delivery => format!("events of {} fail ({cause})", or_deleted(connection.as_ref())),
            Kind::Transform => format!("the transformation of {} fails", or_deleted(connection.as_ref())),
            Kind::Rejected => format!("requests of {} are rejected ({cause})", or_deleted(source.as_ref())),
            Kind::Backpressure => format!("events of {} wait too long", or_deleted(destination.as_ref())),
            Kind::Disabled => format!("{} is disabled ({cause})", or_deleted(connection.as_ref())),
        }
    }

    /// What there is to know besides, each with its label.
    pub(crate) fn details(&self) -> Vec<(&'static str, String)> {
        let Self { issue, names, .. } = self;
        if self.r#type == "alert.test" {
            let told = issue_kinds(&self.alert);
            return vec![("Alert", self.alert.name.clone()), ("Tells of", told)];
        }
        let mut details = vec![("Kind", issue.kind.name().to_owned()), ("Cause", issue.cause.clone())];
        let named = [
            ("Connection", &names.connection),
            ("Source", &names.source),
            ("Destination", &names.destination),
        ];
        details.extend(named.into_iter().filter_map(|(label, name)| Some((label, name.clone()?))));
        let seen = if issue.count == 1 { "once".to_owned() } else { format!("{} times", issue.count) };
        details.push(("Seen", seen));
        if self.openings > 1 {
            details.push(("Opened", format!("{} times since this was told last", self.openings)));
        }
        details.push(("First seen", rfc3339(issue.first_seen_at)));
        details.push(("Last seen", rfc3339(issue.last_seen_at)));
        if let Some((at, by)) = issue.resolved {
            details.push(("Resolved", format!("{} by {}", rfc3339(at), by.name())));
        }
        if let Some(event) = issue.sample_event() {
            details.push(("Event", event.to_string()));
        } else if let Some(request) = issue.sample {
            details.push(("Request", request.to_string()));
        }
        details.push(("Issue", issue.id.to_string()));
        details.push(("Alert", self.alert.name.clone()));
        details
    }
}

fn issue_kinds(alert: &Alert) -> String {
    alert.on.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
}
