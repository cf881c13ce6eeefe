//! Configuration as a document, from the command line: exported, planned, applied, and the same at another gateway.

use std::fs;

use crate::gateway::{Gateway, Yard};

const DOCUMENT: &str = r#"
[[sources]]
name = "github"
provider = "github"
secrets = ["${GITHUB_SECRET}"]
methods = ["POST"]

[[destinations]]
name = "shop"
url = "https://shop.example/hooks"
timeout_ms = 5000

[[destinations]]
name = "jobs"
type = "pull"

[[connections]]
name = "opened"
source = "github"
destination = "shop"
order = { by = "key", fields = ["/body/id"] }

[[connections.rules]]
type = "filter"
body = { action = "opened", amount = { "$gte" = 1.5 } }

[[connections.rules]]
type = "transform"
code = "export default (request) => ({ ...request, path: `/${request.body.id}` })"
env = { KEY = "a-secret-of-${SLACK_PATH}" }

[[connections]]
name = "all"
source = "github"
destination = "jobs"

[[alerts]]
name = "chat"
on = ["delivery"]
connections = ["opened"]
channel = { type = "slack", url = "https://slack.example/${SLACK_PATH}" }
"#;

/// A gateway without a configuration of its own, and where its API is.
async fn gateway(yard: &Yard) -> (Gateway, String) {
    let gateway = yard.start().await;
    let url = format!("http://{}", gateway.admin);
    (gateway, url)
}

fn yard() -> Yard {
    let mut yard = Yard::new("");
    yard.env.insert("GITHUB_SECRET".to_owned(), "a-secret-of-github".to_owned());
    yard.env.insert("SLACK_PATH".to_owned(), "T0/B0/a-secret-of-slack".to_owned());
    yard
}

#[tokio::test]
async fn what_is_exported_changes_nothing_and_makes_the_same_elsewhere() {
    let yard = yard();
    fs::write(yard.path().join("yard.toml"), DOCUMENT).unwrap();
    let (gateway, url) = gateway(&yard).await;
    let file = ["-f", "yard.toml", "--api-url", url.as_str()];
    let run = async |command: &str, more: &[&str]| yard.run(&[&[command], &file[..], more].concat()).await;

    let planned = run("plan", &["--exit-code"]).await;
    assert_eq!(planned.status.code(), Some(2), "{planned:?}");
    assert!(planned.stdout.starts_with("+ source github\n    methods: [\"POST\"]\n"), "{planned:?}");
    assert!(planned.stdout.contains("\n6 to create, 0 to update, 0 to delete;"), "{planned:?}");
    let unasked = run("apply", &[]).await;
    assert_eq!(unasked.status.code(), Some(1), "{unasked:?}");
    assert!(unasked.stderr.contains("--yes"), "{unasked:?}");
    assert!(gateway.all("/api/v1/sources").await.is_empty());

    let applied = run("apply", &["--yes"]).await;
    assert!(applied.status.success(), "{applied:?}");
    assert_eq!(applied.stdout.matches("whsec_").count(), 2, "{applied:?}");
    assert_eq!(gateway.all("/api/v1/connections").await.len(), 2);
    let again = run("plan", &["--exit-code"]).await;
    assert_eq!(
        (again.status.code(), again.stdout.as_str()),
        (Some(0), "nothing to change; 6 as in the document")
    );

    for (name, flags) in [("exported.toml", &[][..]), ("exported.json", &["--json"])] {
        let exported = yard.run(&[&["export", "--api-url", &url], flags].concat()).await;
        assert!(exported.status.success() && !exported.stdout.contains("a-secret-of"), "{exported:?}");
        fs::write(yard.path().join(name), &exported.stdout).unwrap();
        let planned = yard.run(&["plan", "-f", name, "--api-url", &url, "--exit-code", "--prune"]).await;
        assert_eq!(planned.status.code(), Some(0), "{planned:?}\n{}", exported.stdout);
        let applied = yard.run(&["apply", "-f", name, "--api-url", &url]).await;
        assert!(applied.status.success(), "{applied:?}");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn what_is_wrong_is_said_with_its_place() {
    let yard = yard();
    let (gateway, url) = gateway(&yard).await;
    for (document, told) in [
        ("[[sources]]\nname = \"a\"\nprovider = \"gitub\"\n", "`sources[0].provider`"),
        ("[[sources]]\nname = \"a\"\ncolour = 1\n", "`sources[0].colour` is not a field here"),
        (
            "[[sources]]\nname = \"${NOT_SET}\"\n",
            "sources[0].name: the environment variable `NOT_SET` is not set",
        ),
        ("[[sources]\n", "yard.toml"),
        ("[[connections]]\nname = \"c\"\nsource = \"a\"\ndestination = \"b\"\n", "there is no source `a`"),
    ] {
        fs::write(yard.path().join("yard.toml"), document).unwrap();
        for command in [&["plan"][..], &["apply", "--yes"]] {
            let refused = yard.run(&[command, &["-f", "yard.toml", "--api-url", &url]].concat()).await;
            assert_eq!(refused.status.code(), Some(1), "{refused:?}");
            assert!(refused.stderr.contains(told), "{told} in {refused:?}");
        }
    }
    gateway.stop().await;
    let refused = yard.run(&["export", "--api-url", &url]).await;
    assert!(refused.stderr.contains("is Hookyard running there?"), "{refused:?}");
    let key = ["export", "--api-url", "http://hooks.example.com", "--api-key", "a-key-of-somebody"];
    let refused = yard.run(&key).await;
    assert!(refused.stderr.contains("unencrypted") && !refused.stderr.contains("a-key-of"), "{refused:?}");
}
