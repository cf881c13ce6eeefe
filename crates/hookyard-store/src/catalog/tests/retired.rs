//! Secrets that were taken away: how many are kept, how long, and of whom.

use super::*;

async fn with_secrets(fixture: &Fixture, id: SourceId, secrets: &[&str]) {
    let mut new = source("a");
    new.verification.secrets = secrets.iter().map(|text| Secret::new(*text)).collect();
    let known = Arc::clone(&fixture.catalog.snapshot().sources[&id]);
    fixture.catalog.update_source(fixture.project(), known, new).await.unwrap();
}

async fn retired(fixture: &Fixture, id: SourceId) -> Vec<String> {
    let retired = fixture.catalog.retired_secrets(id).await.unwrap();
    retired.iter().map(|one| one.secret.expose().to_owned()).collect()
}

#[tokio::test]
async fn the_last_four_are_kept_sealed_newest_first_and_over_a_reopening() {
    let fixture = Fixture::new();
    let (a, b) = (fixture.source("a").await.id, fixture.source("b").await.id);
    assert!(retired(&fixture, a).await.is_empty());
    for step in 0..6 {
        with_secrets(
            &fixture,
            a,
            &[&format!("secret-number-{step}"), &format!("secret-number-{}", step + 1)],
        )
        .await;
        fixture.later();
    }
    let expected = ["secret-number-4", "secret-number-3", "secret-number-2", "secret-number-1"];
    assert_eq!(retired(&fixture, a).await, expected);
    assert!(retired(&fixture, b).await.is_empty());
    let bytes = std::fs::read(fixture.file().with_extension("sqlite-wal")).unwrap();
    assert!(!bytes.windows(13).any(|window| window == b"secret-number"));
    let fixture = fixture.reopened();
    assert_eq!(retired(&fixture, a).await, expected);
    with_secrets(&fixture, a, &["last"]).await;
    assert_eq!(retired(&fixture, a).await[..2], ["secret-number-6", "secret-number-5"]);
}

#[tokio::test]
async fn after_thirty_days_they_are_gone_also_from_the_file() {
    let fixture = Fixture::new();
    let a = fixture.source("a").await.id;
    with_secrets(&fixture, a, &["new"]).await;
    assert_eq!(fixture.catalog.retired_secrets(a).await.unwrap()[0].retired_at, START);
    fixture.clock.advance(Duration::from_secs(30 * 24 * 3600));
    assert_eq!(retired(&fixture, a).await, ["verification-secret"]);
    fixture.clock.advance(Duration::from_secs(1));
    assert!(retired(&fixture, a).await.is_empty());
    fixture.source("b").await;
    let rows: i64 = rusqlite::Connection::open(fixture.file())
        .unwrap()
        .query_row("SELECT count(*) FROM retired_secrets", [], |row| row.get(0))
        .unwrap();
    assert_eq!(rows, 0);
}

#[tokio::test]
async fn a_deleted_source_takes_them_along() {
    let fixture = Fixture::new();
    let a = fixture.source("a").await.id;
    with_secrets(&fixture, a, &["new"]).await;
    fixture.catalog.delete_source(fixture.project(), a).await.unwrap();
    assert!(retired(&fixture, a).await.is_empty());
}
