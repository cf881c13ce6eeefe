//! The command line: what a person types, and what they are told.

use std::collections::BTreeMap;
use std::process::Command;

use crate::gateway::{OPEN_SOURCE, Yard, leg};
use crate::process::Process;
use crate::sink::{OK, Sink};

#[tokio::test]
async fn check_says_that_a_good_file_is_right() {
    let sink = Sink::start(OK).await;
    let yard = Yard::to(&sink);
    yard.write_config();
    let checked = yard.run(&["check", "--config", "hookyard.toml"]).await;
    assert!(checked.status.success(), "{checked:?}");
    assert!(checked.stdout.ends_with(": 1 source, 1 destination, 1 connection"), "{checked:?}");
    assert!(!yard.data_dir().exists(), "checking starts nothing");
}

#[tokio::test]
async fn check_says_all_that_is_wrong_each_with_its_line() {
    let yard = Yard::new("");
    let config = "[server]\npublik = \"127.0.0.1:0\"\nshutdown_grace = \"soon\"\n\n\
                  [[source]]\nname = \"a\"\nprovider = \"gitub\"\n\n\
                  [[source]]\nname = \"a\"\nsecrets = [\"${NOT_THERE}\"]\n\n\
                  [[connection]]\nsource = \"a\"\ndestination = \"nowhere\"\n";
    std::fs::write(yard.path().join("bad.toml"), config).unwrap();
    for args in [["check", "--config", "bad.toml"], ["serve", "--config", "bad.toml"]] {
        let checked = yard.run(&args).await;
        assert_eq!(checked.status.code(), Some(1), "{checked:?}");
        for (line, word) in [
            (2, "publik"),
            (3, "shutdown_grace"),
            (7, "gitub"),
            (10, "`a`"),
            (11, "NOT_THERE"),
            (15, "nowhere"),
        ] {
            let place = format!("bad.toml:{line}: ");
            let told = checked.stderr.lines().any(|told| told.contains(&place) && told.contains(word));
            assert!(told, "nothing about {word} in line {line}:\n{}", checked.stderr);
        }
    }
}

#[tokio::test]
async fn check_refuses_what_serve_refuses_and_takes_the_same_flags() {
    let yard = Yard::new("");
    let config =
        "[[source]]\nname = \"sms\"\ntoken = \"sms\"\nprovider = \"twilio\"\nsecrets = [\"s3cr3t\"]\n";
    std::fs::write(yard.path().join("sms.toml"), config).unwrap();
    for command in ["check", "serve"] {
        let refused = yard.run(&[command, "--config", "sms.toml"]).await;
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
        let told = "source `sms`: provider `twilio` signs the URL: set `public_url`";
        assert!(refused.stderr.contains(told), "{refused:?}");
    }
    let flags = ["check", "--config", "sms.toml", "--public-url", "https://hooks.example.com"];
    let checked = yard.run(&flags).await;
    assert!(checked.status.success(), "{checked:?}");
    assert!(checked.stdout.contains("1 source, 0 destinations, 0 connections"), "{checked:?}");
    let open = yard.run(&[&flags[..], &["--admin", "0.0.0.0:4401"]].concat()).await;
    assert!(!open.status.success() && open.stderr.contains("admin_key"), "{open:?}");
    assert!(!yard.data_dir().exists(), "checking starts nothing");
}

#[tokio::test]
async fn a_file_that_is_at_hand_is_read_without_being_named() {
    let yard = Yard::new("");
    std::fs::write(yard.path().join("hookyard.toml"), "[[source]]\nname = \"a\"\nprovider = \"gitub\"\n")
        .unwrap();
    for command in ["check", "serve"] {
        let refused = yard.run(&[command]).await;
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
        assert!(refused.stderr.contains("hookyard.toml:3: "), "{refused:?}");
    }
}

#[tokio::test]
async fn an_admin_address_that_others_reach_needs_a_key() {
    let yard = Yard::new("");
    let args = ["serve", "--public", "127.0.0.1:0", "--admin", "0.0.0.0:0", "--data-dir", "data"];
    let refused = yard.run(&args).await;
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(refused.stderr.contains("0.0.0.0:0") && refused.stderr.contains("admin_key"), "{refused:?}");
    assert!(!yard.data_dir().exists(), "it refuses before it makes anything");
}

#[tokio::test]
async fn with_a_key_calls_show_it() {
    let mut yard = Yard::new(OPEN_SOURCE);
    yard.env.insert("HOOKYARD_ADMIN_KEY".to_owned(), "a key that nobody guesses".to_owned());
    let gateway = yard.start().await;
    assert_eq!(gateway.call("GET", "/api/v1/requests", "").await.status, 401);
    assert_eq!(gateway.call("GET", "/metrics", "").await.status, 401);
    assert_eq!(gateway.call("GET", "/healthz", "").await.status, 200);
    let key = [("Authorization", "Bearer a key that nobody guesses")];
    let answer = crate::client::ask_once("GET", "/api/v1/requests", gateway.admin, &key, b"").await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn what_is_written_to_a_file_has_no_colours() {
    let yard = Yard::new(OPEN_SOURCE);
    let args = ["serve", "--public", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data-dir", "data"];
    let process = Process::start(yard.path(), &args, &BTreeMap::new());
    process.stderr.containing("hookyard takes webhooks").await;
    process.terminate();
    let ended = process.ended().await;
    assert!(!ended.stderr.contains('\x1b'), "{ended:?}");
}

#[tokio::test]
async fn dev_prints_a_line_that_works_when_it_is_pasted() {
    let mut sink = Sink::start(OK).await;
    let yard = Yard::new("");
    let url = sink.url();
    let args = ["dev", "--to", &url, "--public", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
    let process = Process::start(yard.path(), &args, &BTreeMap::new());
    let line = process.stdout.containing("curl ").await;
    let path = std::env::var_os("PATH").unwrap();
    let pasted = tokio::task::spawn_blocking(move || {
        Command::new("sh").args(["-c", line.trim()]).env_clear().env("PATH", path).output().unwrap()
    });
    let pasted = pasted.await.unwrap();
    assert!(pasted.status.success(), "{pasted:?}");
    let id = serde_json::from_slice::<serde_json::Value>(&pasted.stdout).unwrap()["request_id"].clone();
    let delivery = sink.next().await;
    assert_eq!(String::from_utf8(delivery.body).unwrap(), "{\"hello\":\"yard\"}");
    let told = process.stdout.containing("  out  ").await;
    assert!(told.starts_with(id.as_str().unwrap()) && told.contains("attempt 1: 200"), "{told}");
    process.terminate();
    assert!(process.ended().await.status.success());
}

#[tokio::test]
async fn what_cannot_start_says_why() {
    let sink = Sink::start(OK).await;
    let yard = Yard::new(format!("{OPEN_SOURCE}{}", leg("out", &sink, "", "")));
    yard.write_config();
    let taken = sink.address.to_string();
    let args = ["serve", "--config", "hookyard.toml", "--public", &taken];
    let refused = yard.run(&args).await;
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(refused.stderr.contains(&taken) && refused.stderr.contains("--public"), "{refused:?}");
    let missing = yard.run(&["serve", "--config", "missing.toml"]).await;
    assert!(missing.stderr.contains("missing.toml") && missing.status.code() == Some(1), "{missing:?}");
    let nowhere = yard.run(&["reindex", "--data-dir", "nowhere"]).await;
    assert!(nowhere.stderr.contains("nowhere") && nowhere.status.code() == Some(1), "{nowhere:?}");
}

#[tokio::test]
async fn providers_are_listed_and_explained() {
    let yard = Yard::new("");
    let list = yard.run(&["providers"]).await;
    assert!(list.status.success() && list.stderr.is_empty(), "{list:?}");
    for words in
        [["stripe ", "Stripe", "HMAC-SHA256"], ["zoom ", "Zoom", "+ handshake"], ["none ", "No ", "unsigned"]]
    {
        let told = list.stdout.lines().any(|line| words.iter().all(|word| line.contains(word)));
        assert!(told, "{words:?} in {}", list.stdout);
    }
    let zoom = yard.run(&["providers", "zoom"]).await;
    for words in [
        "Zoom (zoom)",
        "secret token",
        "tolerance_s",
        "HMAC-SHA256 of `v0:",
        "url_validation: POST",
        "Confidence\n  high",
    ] {
        assert!(zoom.stdout.contains(words), "{words} in {}", zoom.stdout);
    }
    let json = yard.run(&["providers", "zoom", "--json"]).await;
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((&json["name"], &json["schemes"][0]["kind"]), (&"zoom".into(), &"HMAC-SHA256".into()));
    let all = yard.run(&["providers", "--json"]).await;
    let all: Vec<serde_json::Value> = serde_json::from_str(&all.stdout).unwrap();
    assert_eq!(all.len(), hookyard_providers::providers().count());
    let unknown = yard.run(&["providers", "strippe"]).await;
    assert_eq!(unknown.status.code(), Some(1), "{unknown:?}");
    assert!(unknown.stderr.contains("did you mean `stripe`"), "{unknown:?}");
}

#[tokio::test]
async fn sign_prints_a_line_that_is_accepted_when_it_is_pasted() {
    let secret = "it's a $ecret `of` \\\"mine\"";
    let mut yard = Yard::new("");
    for (name, settings) in
        [("github", ""), ("stripe", ""), ("trello", ""), ("mailgun", "scheme = \"routes\"")]
    {
        yard.declared.push_str(&format!(
            "[[source]]\nname = \"{name}\"\ntoken = \"{name}\"\nprovider = \"{name}\"\nsecrets = [{}]\n\
             [source.settings]\n{settings}\n",
            serde_json::to_string(&secret.replace('$', "$$")).unwrap()
        ));
    }
    yard.server.push_str("public_url = \"https://hooks.example.com\"\n");
    let gateway = yard.start().await;
    std::fs::write(yard.path().join("body.json"), "@{\"it's\":\"a \\u00e4 %s\"}").unwrap();
    yard.env.insert("HOOKYARD_SECRET".to_owned(), secret.to_owned());
    for (name, more) in [
        ("github", &["--body", "body.json"][..]),
        ("stripe", &[]),
        ("trello", &[]),
        ("mailgun", &["--setting", "scheme=routes"]),
    ] {
        let url = format!("https://hooks.example.com/{name}");
        // What the provider was given, and where this gateway listens.
        let to = format!("http://{}/{name}", gateway.public);
        let args = [&["sign", name, "--url", &url, "--to", &to][..], more].concat();
        let signed = yard.run(&args).await;
        assert!(signed.status.success(), "{signed:?}");
        assert!(!signed.stdout.contains("ecret"), "the secret itself is not printed: {}", signed.stdout);
        let line = signed.stdout.trim().to_owned();
        let path = std::env::var_os("PATH").unwrap();
        let pasted = tokio::task::spawn_blocking(move || {
            Command::new("sh").args(["-c", &line]).env_clear().env("PATH", path).output().unwrap()
        });
        let pasted = pasted.await.unwrap();
        let told = String::from_utf8(pasted.stdout).unwrap();
        assert!(pasted.status.success() && told.contains("request_id"), "{name}: {told}\n{}", signed.stdout);
    }
    let refused = yard.run(&["sign", "sendgrid", "--url", "https://hooks.example.com/x"]).await;
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let refused = yard.run(&["sign", "no-such"]).await;
    assert!(refused.stderr.contains("no provider `no-such`"), "{refused:?}");
}
