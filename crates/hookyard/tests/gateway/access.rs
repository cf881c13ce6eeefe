//! Keys, the audit log and the settings, with the real binary.

use serde_json::{Value, json};

use crate::client::{Answer, ask_once};
use crate::gateway::{Gateway, OPEN_SOURCE, Yard};
use crate::process::Process;

async fn with_key(gateway: &Gateway, key: &str, path: &str) -> Answer {
    let bearer = format!("Bearer {key}");
    ask_once("GET", path, gateway.admin, &[("Authorization", &bearer)], b"").await
}

/// Starts the yard's gateway with an admin address that others reach.
async fn beyond_loopback(yard: &Yard) -> Gateway {
    yard.write_config();
    let args = ["serve", "--config", "hookyard.toml", "--admin", "0.0.0.0:0"];
    let process = Process::start(yard.path(), &args, &yard.env);
    let line = process.stderr.containing("hookyard takes webhooks").await;
    let line: Value = serde_json::from_str(&line).unwrap();
    let port = |name: &str| line[name].as_str().unwrap().rsplit(':').next().unwrap().parse().unwrap();
    let address = |name: &str| std::net::SocketAddr::from(([127, 0, 0, 1], port(name)));
    Gateway { public: address("public"), admin: address("admin"), process }
}

#[tokio::test]
async fn an_api_key_opens_an_admin_address_that_others_reach() {
    let yard = Yard::new(OPEN_SOURCE);
    let gateway = yard.start().await;
    let made = gateway.call("POST", "/api/v1/api_keys", r#"{"name":"ops","scope":"admin"}"#).await.json();
    let (id, key) = (made["id"].as_str().unwrap(), made["key_generated"].as_str().unwrap());
    gateway.stop().await;

    let gateway = beyond_loopback(&yard).await;
    assert_eq!(gateway.call("GET", "/api/v1/sources", "").await.status, 401);
    assert_eq!(with_key(&gateway, key, "/api/v1/sources").await.status, 200);
    assert_eq!(with_key(&gateway, key, &format!("/api/v1/api_keys/{id}")).await.json()["name"], "ops");
    let ended = gateway.stop().await;
    assert!(!ended.stderr.contains(&key[20..]), "{ended:?}");

    let gateway = yard.start().await;
    assert_eq!(gateway.call("DELETE", &format!("/api/v1/api_keys/{id}"), "").await.status, 204);
    gateway.stop().await;
    let args = ["serve", "--config", "hookyard.toml", "--admin", "0.0.0.0:0"];
    let refused = yard.run(&args).await;
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(refused.stderr.contains("0.0.0.0:0") && refused.stderr.contains("API key"), "{refused:?}");
}

#[tokio::test]
async fn the_log_of_who_did_what_outlives_the_process() {
    let yard = Yard::new(OPEN_SOURCE);
    let gateway = yard.start().await;
    let body = r#"{"name":"made","provider":"none"}"#;
    assert_eq!(gateway.call("POST", "/api/v1/sources", body).await.status, 201);
    gateway.process.kill();
    let gateway = yard.start().await;
    let entries = gateway.get("/api/v1/audit_entries").await;
    let told: Vec<_> =
        entries["data"].as_array().unwrap().iter().map(|it| (&it["actor"]["type"], &it["action"])).collect();
    let (local, file, create) = (json!("local"), json!("file"), json!("source.create"));
    assert_eq!(told, [(&local, &create), (&file, &create)], "a file that is as before changes nothing");
    let shown = &entries["data"][0]["changes"];
    assert!(
        shown.as_array().unwrap().iter().any(|it| it["field"] == "name" && it["to"] == "made"),
        "{shown}"
    );
}

#[tokio::test]
async fn the_settings_are_those_of_the_file() {
    let mut yard = Yard::new(OPEN_SOURCE);
    yard.settings.push_str("[access]\naudit_retention = \"30d\"\n");
    yard.server.push_str("admin_key = \"an admin key of the file\"\n");
    let gateway = yard.start().await;
    let shown = with_key(&gateway, "an admin key of the file", "/api/v1/settings").await;
    assert!(!shown.text().contains("an admin key of the file"));
    let shown = shown.json();
    let changed: Vec<_> =
        shown["settings"].as_array().unwrap().iter().filter(|it| it["is_default"] == false).collect();
    let changed: Vec<_> =
        changed.iter().map(|it| (it["name"].as_str().unwrap(), it["value"].as_str().unwrap())).collect();
    for expected in [("audit_retention", "30d"), ("admin_key", "set"), ("format", "json")] {
        assert!(changed.contains(&expected), "{changed:?}");
    }
    assert!(shown["data_directory"].as_str().unwrap().ends_with("data"), "{shown}");
}
