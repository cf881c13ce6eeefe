//! What the process was started with.

use hookyard_api::server::Options;
use hookyard_api::settings::Setting;
use serde_json::json;

use crate::harness::Server;

#[tokio::test]
async fn settings_are_shown_with_their_defaults() {
    let setting = |name, value: &str| Setting {
        section: "limits",
        name,
        value: value.to_owned(),
        default: "10MiB".to_owned(),
    };
    let settings = vec![setting("body_bytes_max", "10MiB"), setting("header_bytes_max", "1MiB")];
    let server = Server::with(Options {
        settings,
        data_directory: "/var/lib/hookyard".to_owned(),
        public_url: Some("https://hooks.example".to_owned()),
        ..Options::default()
    })
    .await;
    let shown = server.get("/api/v1/settings").await.ok();
    let expected = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "started_at": "2027-01-15T08:00:00.000Z",
        "data_directory": "/var/lib/hookyard",
        "public_url": "https://hooks.example",
        "settings": [
            {"section": "limits", "name": "body_bytes_max", "value": "10MiB", "default": "10MiB", "is_default": true},
            {"section": "limits", "name": "header_bytes_max", "value": "1MiB", "default": "10MiB", "is_default": false},
        ],
    });
    assert_eq!(shown, expected);
}
