//! What is on disk: everything, encrypted where it is secret, and refused where it is not as it was written.

use hookyard_model::access::Scope;
use hookyard_model::connection::DisableCause;
use hookyard_model::destination::HttpVersion;
use hookyard_model::order::Order;
use hookyard_model::pacing::{Rate, RateUnit};
use hookyard_model::rule::{Delay, Rule};
use hookyard_model::source::Answer;

use super::*;
use crate::history::Page;

async fn filled() -> Fixture {
    let fixture = Fixture::new();
    let github = fixture.source("github").await;
    fixture.later();
    let mut second = source("second");
    second.token = Some("known-token".to_owned());
    second.public_url = Some("https://hooks.example.com/second".to_owned());
    second.methods = Vec::new();
    second.answer = Some(Answer { status: 202, content_type: Some("text/plain".into()), body: "ta".into() });
    second.verification.secrets.push(Secret::new("another-verification-secret"));
    fixture.catalog.create_source(fixture.project(), second).await.unwrap();
    let api = fixture.destination("api").await;
    let mut audit = destination("audit");
    audit.reach = Reach::Http(Http {
        append_path: true,
        timeout: Duration::from_millis(1500),
        http_version: HttpVersion::Two,
        auth: Auth::Basic { username: "auditor".into(), password: Secret::new("open sesame 4711") },
        ..Http::at("https://example.com/webhooks")
    });
    audit.signing_secrets = vec![Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")];
    audit.pacing.rate = Some(Rate { limit: 7, per: RateUnit::Hour, burst: 2 });
    audit.pacing.disable_after = None;
    audit.paused = Some(true);
    let audit = fixture.catalog.create_destination(fixture.project(), audit).await.unwrap();
    fixture.catalog.create_destination(fixture.project(), pulled("pulled")).await.unwrap();
    let first = fixture.connection("first", github.id, api.id).await;
    fixture.later();
    fixture.catalog.note_failing(api.id, Some(START)).await.unwrap();
    let mut custom = connection("custom", github.id, audit.id);
    custom.retry = Retry::on(Schedule::Custom(vec![Duration::from_secs(1), Duration::from_millis(1)]));
    custom.enabled = false;
    fixture.catalog.create_connection(fixture.project(), custom).await.unwrap();
    fixture.catalog.disable_connection(first.id, DisableCause::DestinationGone).await.unwrap();
    fixture
}

#[tokio::test]
async fn everything_is_there_again_after_a_reopening() {
    let fixture = filled().await;
    let before = fixture.catalog.snapshot();
    let fixture = fixture.reopened();
    let after = fixture.catalog.snapshot();
    assert_eq!(content(&before), content(&after));
    assert_eq!((after.sources.len(), after.destinations.len(), after.connections.len()), (2, 3, 2));
    let audit = after.destination_named(fixture.project(), "audit").unwrap();
    assert_eq!(audit.reach.http().unwrap().http_version, HttpVersion::Two);
    let pulled = after.destination_named(fixture.project(), "pulled").unwrap();
    assert_eq!(pulled.reach, Reach::Pull(Pull { lease: Duration::from_millis(90_001) }));

    let newest = after.connections.keys().map(|id| id.0).max().unwrap();
    let id = fixture.source("third").await.id;
    assert!(id.0 > newest, "ids go on after those of the run before");
}

#[tokio::test]
async fn a_new_catalog_holds_the_default_project_only() {
    let fixture = Fixture::new();
    let snapshot = fixture.catalog.snapshot();
    let [project] = snapshot.projects.as_slice() else { panic!("{:?}", snapshot.projects) };
    assert_eq!((project.name.as_str(), project.id), ("default", snapshot.default_project));
    assert_eq!(project.created_at, START);
    assert!(snapshot.sources.is_empty() && snapshot.destinations.is_empty());
    let before = snapshot.default_project;
    assert_eq!(fixture.reopened().project(), before);
}

#[tokio::test]
async fn secrets_are_nowhere_in_plain_text() {
    let fixture = filled().await;
    let generated =
        fixture.catalog.snapshot().destination_named(fixture.project(), "api").unwrap().signing_secrets[0]
            .secret
            .expose()
            .to_owned();
    let mut files = 0;
    let mut all = Vec::new();
    for entry in std::fs::read_dir(fixture.directory.path()).unwrap() {
        all.extend(std::fs::read(entry.unwrap().path()).unwrap());
        files += 1;
    }
    assert!(files >= 2, "database and write-ahead log");
    let holds = |text: &str| all.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("known-token") && holds("x-signature"), "what is not secret is found by this search");
    for secret in [
        "verification-secret",
        "open sesame",
        "auditor",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        &generated,
        &generated[6..20],
    ] {
        assert!(!holds(secret), "{secret}");
    }
    let shown = format!("{:?} {:?}", fixture.catalog, fixture.catalog.snapshot());
    assert!(!shown.contains("open sesame"), "{shown}");
    assert!(!shown.contains("verification-secret") && !shown.contains(&generated));
}

#[tokio::test]
async fn another_key_is_refused_and_changes_nothing() {
    let fixture = filled().await;
    let before = content(&fixture.catalog.snapshot());
    let Fixture { directory, clock, catalog } = fixture;
    drop(catalog);
    let error = open(&directory, &clock, 2).unwrap_err();
    assert!(matches!(error, OpenError::WrongKey { .. }), "{error}");
    assert!(error.to_string().contains("secrets.key"), "{error}");
    assert_eq!(content(&open(&directory, &clock, 1).unwrap().snapshot()), before);
}

#[tokio::test]
async fn secrets_moved_to_another_row_or_table_are_refused() {
    for swap in [
        "UPDATE sources SET secrets = (SELECT secrets FROM sources WHERE name = 'second') WHERE name = 'github'",
        "UPDATE sources SET secrets = (SELECT signing_secrets FROM destinations LIMIT 1)",
        "UPDATE destinations SET signing_secrets = (SELECT key_check FROM catalog)",
        "UPDATE destinations SET auth = (SELECT auth FROM destinations WHERE name = 'audit')",
        "UPDATE sources SET secrets = x''",
    ] {
        let error = filled()
            .await
            .reopened_after(|database| {
                database.execute(swap, []).unwrap();
            })
            .unwrap_err();
        assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains("cannot be decrypted"), "{error}");
    }
}

#[tokio::test]
async fn unknown_values_are_named_with_their_row() {
    for (edit, named) in [
        ("UPDATE connections SET retry = '{\"cubic_v9\":{}}' WHERE name = 'first'", "cubic_v9"),
        ("UPDATE connections SET disabled_cause = 'bored' WHERE name = 'first'", "bored"),
        ("UPDATE sources SET methods = 'POST'", "methods"),
        ("UPDATE sources SET settings = '[]'", "settings"),
        ("UPDATE projects SET name = 'renamed'", "default"),
        ("UPDATE destinations SET signing_ends = '[true]'", "signing secrets"),
    ] {
        let error = filled()
            .await
            .reopened_after(|database| {
                database.execute(edit, []).unwrap();
            })
            .unwrap_err();
        assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains(named), "{error}");
    }
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_alone() {
    let error = Fixture::new()
        .reopened_after(|database| database.pragma_update(None, "user_version", 99).unwrap())
        .unwrap_err();
    assert!(matches!(error, OpenError::TooNew { found: 99, known: 10, .. }), "{error}");
}

#[tokio::test]
async fn a_damaged_file_is_reported_as_such() {
    let fixture = filled().await;
    let path = fixture.file();
    let Fixture { directory, clock, catalog } = fixture;
    drop(catalog);
    let whole = std::fs::read(&path).unwrap();
    assert!(whole.len() > 3 * 4096);

    let mut headless = whole.clone();
    headless[..100].fill(0x55);
    let mut holed = whole.clone();
    holed[4096..].fill(0xAA);
    for damaged in [headless, holed, whole[..whole.len() / 2].to_vec()] {
        std::fs::write(&path, damaged).unwrap();
        let error = open(&directory, &clock, 1).unwrap_err();
        assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
        assert!(error.to_string().contains("catalog.sqlite"), "{error}");
    }
    std::fs::write(&path, whole).unwrap();
    open(&directory, &clock, 1).unwrap();
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("missing");
    let ids = Arc::new(Generator::new(0));
    let audit = audit::Settings::default();
    let error = Catalog::open(&missing, key(1), Clock::manual(START), ids, audit).unwrap_err();
    assert!(matches!(error, OpenError::Unreadable { .. }), "{error}");
    assert!(error.to_string().contains("missing/catalog.sqlite"), "{error}");
}

#[tokio::test]
async fn a_change_that_cannot_be_committed_leaves_no_trace() {
    let fixture = filled().await;
    let before = content(&fixture.catalog.snapshot());
    // Another process holds the write lock longer than the catalog waits; here it waits not at all.
    fixture.catalog.shared.database.lock().unwrap().busy_timeout(Duration::ZERO).unwrap();
    let intruder = rusqlite::Connection::open(fixture.file()).unwrap();
    intruder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = fixture.catalog.create_source(fixture.project(), source("late")).await.unwrap_err();
    assert!(matches!(refused, WriteError::Storage(_)), "{refused}");
    assert_eq!(content(&fixture.catalog.snapshot()), before);

    intruder.execute_batch("ROLLBACK").unwrap();
    fixture.source("late").await;
    assert_eq!(fixture.reopened().catalog.snapshot().sources.len(), 3);
}

#[tokio::test]
async fn a_full_disk_refuses_the_change_and_nothing_else() {
    let fixture = filled().await;
    let before = content(&fixture.catalog.snapshot());
    let set_pages_max = |pages: u32| {
        let database = fixture.catalog.shared.database.lock().unwrap();
        let _: i64 =
            database.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |row| row.get(0)).unwrap();
    };
    set_pages_max(1); // SQLite takes the present size where that is larger.
    let mut large = source("large");
    large.verification.settings.insert("filler".to_owned(), "x".repeat(100_000));
    let refused = fixture.catalog.create_source(fixture.project(), large).await.unwrap_err();
    assert!(refused.to_string().contains("full"), "{refused}");
    assert_eq!(content(&fixture.catalog.snapshot()), before);
    set_pages_max(1_000_000);
    fixture.source("large").await;
    assert_eq!(fixture.reopened().catalog.snapshot().sources.len(), 3);
}

/// The database that `filled` left behind at schema version 1, as text.
#[tokio::test]
async fn a_database_of_the_first_version_is_read_for_ever() {
    let directory = tempfile::tempdir().unwrap();
    let database = rusqlite::Connection::open(directory.path().join("catalog.sqlite")).unwrap();
    database.execute_batch(include_str!("../fixtures/catalog_v1.sql")).unwrap();
    drop(database);
    let snapshot = open(&directory, &Clock::manual(START), 1).unwrap().snapshot();
    let project = snapshot.default_project;
    assert_eq!((snapshot.sources.len(), snapshot.destinations.len(), snapshot.connections.len()), (2, 2, 2));

    let second = snapshot.source_named(project, "second").unwrap();
    assert_eq!(second.token, "known-token");
    assert_eq!(second.public_url, None);
    assert_eq!(second.verification.provider, "github");
    let secrets: Vec<_> = second.verification.secrets.iter().map(Secret::expose).collect();
    assert_eq!(secrets, ["verification-secret", "another-verification-secret"]);
    assert_eq!(second.verification.settings["header"], "x-signature");
    assert_eq!(second.answer.as_ref().unwrap().status, 202);
    assert_eq!(second.created_at, START.plus(Duration::from_secs(60)));
    let audit = snapshot.destination_named(project, "audit").unwrap();
    let http = audit.reach.http().unwrap();
    assert_eq!((http.append_path, http.timeout), (true, Duration::from_millis(1500)));
    assert_eq!(http.http_version, HttpVersion::Auto);
    let [signing] = audit.signing_secrets.as_slice() else { panic!("{audit:?}") };
    assert_eq!(signing.secret, Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
    assert_eq!((signing.public_key, signing.ends_at, &http.auth), (None, None, &Auth::None));
    let first = snapshot.connection_named(project, "first").unwrap();
    assert_eq!(first.disabled.as_ref().unwrap().cause, DisableCause::DestinationGone);
    let custom = snapshot.connection_named(project, "custom").unwrap();
    assert_eq!(
        custom.retry,
        Retry::on(Schedule::Custom(vec![Duration::from_secs(1), Duration::from_millis(1)]))
    );
    assert_eq!((custom.source, custom.destination), (first.source, audit.id));
}

/// The same at schema version 2, where a source has a URL of its own and a secret was taken away.
#[tokio::test]
async fn a_database_of_the_second_version_is_read_for_ever() {
    let directory = tempfile::tempdir().unwrap();
    let database = rusqlite::Connection::open(directory.path().join("catalog.sqlite")).unwrap();
    database.execute_batch(include_str!("../fixtures/catalog_v2.sql")).unwrap();
    drop(database);
    let catalog = open(&directory, &Clock::manual(START), 1).unwrap();
    let snapshot = catalog.snapshot();
    assert_eq!((snapshot.sources.len(), snapshot.destinations.len(), snapshot.connections.len()), (2, 2, 2));
    let second = snapshot.source_named(snapshot.default_project, "second").unwrap();
    assert_eq!(second.token, "known-token");
    assert_eq!(second.public_url.as_deref(), Some("https://hooks.example.com/second"));
    assert_eq!(second.verification.secrets, [Secret::new("verification-secret")]);
    let retired = catalog.retired_secrets(second.id).await.unwrap();
    let [retired] = retired.as_slice() else { panic!("{} secrets", retired.len()) };
    assert_eq!(retired.secret, Secret::new("another-verification-secret"));
    assert_eq!(retired.retired_at, START.plus(Duration::from_secs(180)));
    assert_eq!(snapshot.source_named(snapshot.default_project, "github").unwrap().public_url, None);
}

/// At schema version 6: authentication, pacing, rules with their secrets, and orders.
#[tokio::test]
async fn a_database_of_the_sixth_version_is_read_for_ever() {
    let directory = tempfile::tempdir().unwrap();
    let database = rusqlite::Connection::open(directory.path().join("catalog.sqlite")).unwrap();
    database.execute_batch(include_str!("../fixtures/catalog_v6.sql")).unwrap();
    drop(database);
    let snapshot = open(&directory, &Clock::manual(START), 1).unwrap().snapshot();
    let project = snapshot.default_project;
    assert_eq!((snapshot.sources.len(), snapshot.destinations.len(), snapshot.connections.len()), (2, 2, 4));
    let audit = snapshot.destination_named(project, "audit").unwrap();
    let auth = &audit.reach.http().unwrap().auth;
    let Auth::Basic { username, password } = auth else { panic!("{auth:?}") };
    assert_eq!((username.as_str(), password.expose()), ("auditor", "open sesame 4711"));
    assert_eq!(audit.pacing.rate, Some(Rate { limit: 7, per: RateUnit::Hour, burst: 2 }));
    assert!(audit.pacing.disable_after.is_none() && audit.paused_at.is_some());
    let ruled = snapshot.connection_named(project, "ruled").unwrap();
    let [filter, deduplicate, stale, delay, transform] = ruled.rules.as_slice() else { panic!("{ruled:?}") };
    assert_eq!(*filter, Rule::Filter { condition: r#"{"body":{"type":"push"}}"#.to_owned() });
    let window = Duration::from_secs(60);
    assert_eq!(*deduplicate, Rule::Deduplicate { by: vec!["/body/id".to_owned()], window });
    assert_eq!(*stale, Rule::Stale { older_than: Some(Duration::from_secs(3600)), latest: None });
    assert_eq!(*delay, Rule::Delay(Delay::For(Duration::from_secs(5))));
    let Rule::Transform { code, env } = transform else { panic!("{transform:?}") };
    assert_eq!(code, "addHandler('transform', (request) => request)");
    assert_eq!(env["TOKEN"].expose(), "an environment's secret");
    let fields = ["/body/customer/id", "/headers/x-shop"].map(str::to_owned);
    assert_eq!(ruled.order, Order::Key(fields.into()));
    assert_eq!(snapshot.connection_named(project, "strict").unwrap().order, Order::Destination);
}

/// At schema version 10: API keys, one of them rotated and one with an end, and the audit log.
#[tokio::test]
async fn a_database_of_the_tenth_version_is_read_for_ever() {
    let directory = tempfile::tempdir().unwrap();
    let database = rusqlite::Connection::open(directory.path().join("catalog.sqlite")).unwrap();
    database.execute_batch(include_str!("../fixtures/catalog_v10.sql")).unwrap();
    drop(database);
    let rotated_at = START.plus(Duration::from_secs(60));
    let catalog = open(&directory, &Clock::manual(rotated_at), 1).unwrap();
    let snapshot = catalog.snapshot();
    let key_of = |text: &str, now| snapshot.api_key_of(text, now).map(|key| key.name.clone());
    let before = "hky_03nfc9c00000106rr9pms86s9hbgpv1aqnbq8kwd6yjsrws7qscwejpxdbb040r24";
    let now = "hky_03nfc9c000001f73bhfmpewswte85fvbtyt1fsd8yxp426dxy7pw57w5tkxrcd0x4";
    let ending = "hky_03nfcgpc00000dww7ws9kd3rq9838t14yr4167p9c57whdpz5csn32gc8mgngb03s";
    assert_eq!(key_of(now, rotated_at).as_deref(), Some("ci"));
    assert_eq!(key_of(before, rotated_at).as_deref(), Some("ci"));
    assert_eq!(key_of(before, rotated_at.plus(Duration::from_secs(3600))), None);
    assert_eq!(key_of(ending, rotated_at).as_deref(), Some("ending"));
    assert_eq!(key_of(ending, rotated_at.plus(Duration::from_secs(86_400))), None);
    let ci = snapshot.api_key_named(snapshot.default_project, "ci").unwrap();
    assert_eq!((ci.scope, ci.hint.as_str()), (Scope::Operate, "d0x4"));
    assert_eq!(catalog.api_key_used_at(ci.id), Some(rotated_at));

    let page = Page { before: None, limit: 10 };
    let entries = catalog.audit_entries(audit::Filter::default(), page).await.unwrap();
    let actions: Vec<_> = entries.iter().map(|it| (it.actor_type.as_str(), it.action.as_str())).collect();
    let expected =
        [("system", "source.create"), ("api_key", "api_key.create"), ("api_key", "api_key.create")];
    assert_eq!(actions, expected);
    assert_eq!(entries[2].changes[0].to, "ci");
    assert_eq!(entries[2].remote.as_deref(), Some("10.0.0.1"));
}
