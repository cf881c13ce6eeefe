//! Rotation: the old secret signs until its end and not a moment longer, whatever happens in between.

use hookyard_model::destination::OVERLAP_MAX;

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

/// Which secrets sign now, and when they end, in hours since the start.
fn signing(fixture: &Fixture) -> Vec<(String, Option<u64>)> {
    let now = fixture.clock.now();
    let destination = Arc::clone(fixture.catalog.snapshot().destinations.values().next().unwrap());
    let ends_at_h = |it: &SigningSecret| it.ends_at.map(|end| end.since(START).as_secs() / 3600);
    let signing = destination.signing_secrets.iter().filter(|it| it.signs_at(now));
    signing.map(|it| (it.secret.expose().to_owned(), ends_at_h(it))).collect()
}

/// Has a new secret sign, and returns it.
async fn rotate(fixture: &Fixture, algorithm: SigningAlgorithm, overlap: Duration) -> String {
    let id = *fixture.catalog.snapshot().destinations.keys().next().unwrap();
    let new = algorithm.new_secret().unwrap();
    fixture.catalog.rotate_signing_secret(fixture.project(), id, new.clone(), overlap).await.unwrap();
    new.expose().to_owned()
}

#[tokio::test]
async fn a_secret_that_is_rotated_out_signs_until_its_end_across_restarts() {
    let fixture = Fixture::new();
    let first = fixture.destination("d").await.signing_secrets[0].secret.expose().to_owned();
    fixture.clock.advance(HOUR);
    let second = rotate(&fixture, SigningAlgorithm::Ed25519, 24 * HOUR).await;
    fixture.clock.advance(HOUR);
    let third = rotate(&fixture, SigningAlgorithm::Hmac, HOUR).await;
    let all = [(third.clone(), None), (second.clone(), Some(3)), (first.clone(), Some(25))];
    assert_eq!(signing(&fixture), all);
    assert_eq!(fixture.catalog.drop_ended_signing_secrets().await, Ok(0));

    let fixture = fixture.reopened();
    assert_eq!(signing(&fixture), all);
    fixture.clock.advance(HOUR - Duration::from_micros(1));
    assert_eq!(signing(&fixture), all);
    fixture.clock.advance(Duration::from_micros(1));
    let rest = [(third.clone(), None), (first.clone(), Some(25))];
    assert_eq!(signing(&fixture), rest);
    // It signs no more, though nobody has come to drop it.
    let stored = |fixture: &Fixture| {
        fixture.catalog.snapshot().destinations.values().next().unwrap().signing_secrets.len()
    };
    assert_eq!(stored(&fixture), 3);
    assert_eq!(fixture.catalog.drop_ended_signing_secrets().await, Ok(1));
    assert_eq!((stored(&fixture), signing(&fixture)), (2, rest.to_vec()));

    let fixture = fixture.reopened();
    fixture.clock.advance(24 * HOUR);
    assert_eq!(fixture.catalog.drop_ended_signing_secrets().await, Ok(1));
    assert_eq!(fixture.catalog.drop_ended_signing_secrets().await, Ok(0));
    let fixture = fixture.reopened();
    assert_eq!((stored(&fixture), signing(&fixture)), (1, vec![(third, None)]));
}

#[tokio::test]
async fn no_overlap_ends_the_old_secret_at_once_and_other_changes_keep_the_ends() {
    let fixture = Fixture::new();
    let made = fixture.destination("d").await;
    let second = rotate(&fixture, SigningAlgorithm::Hmac, Duration::ZERO).await;
    assert_eq!(signing(&fixture), [(second.clone(), None)]);
    let third = rotate(&fixture, SigningAlgorithm::Ed25519, HOUR).await;
    let change = NewDestination { concurrency: 1, ..destination("d") };
    fixture.catalog.update_destination(fixture.project(), made.id, change).await.unwrap();
    assert_eq!(signing(&fixture), [(third.clone(), None), (second.clone(), Some(1))]);
    let public_key = fixture.catalog.snapshot().destinations[&made.id].signing_secrets[0].public_key;
    assert!(public_key.is_some());

    // A list that is given is the whole list, without an end.
    let given = NewDestination { signing_secrets: vec![Secret::new(second.as_str())], ..destination("d") };
    fixture.catalog.update_destination(fixture.project(), made.id, given).await.unwrap();
    assert_eq!(signing(&fixture), [(second, None)]);
}

#[tokio::test]
async fn what_cannot_be_rotated_is_refused_and_changes_nothing() {
    let fixture = Fixture::new();
    let made = fixture.destination("d").await;
    let before = content(&fixture.catalog.snapshot());
    let good = || SigningAlgorithm::Hmac.new_secret().unwrap();
    let rotate =
        |id, secret, overlap| fixture.catalog.rotate_signing_secret(fixture.project(), id, secret, overlap);
    let error = rotate(made.id, good(), OVERLAP_MAX + HOUR).await.unwrap_err();
    assert!(error.to_string().contains("`overlap_ms`: it must be at most 30 days"), "{error}");
    let error = rotate(made.id, Secret::new("hunter2"), HOUR).await.unwrap_err();
    assert!(error.to_string().contains("`whsec_`") && !error.to_string().contains("hunter2"), "{error}");
    let error = rotate(DestinationId(7), good(), HOUR).await.unwrap_err();
    assert_eq!(error, WriteError::NotFound { noun: Noun::Destination });
    assert_eq!(content(&fixture.catalog.snapshot()), before);

    for _ in 0..15 {
        rotate(made.id, good(), HOUR).await.unwrap();
    }
    let error = rotate(made.id, good(), HOUR).await.unwrap_err();
    assert!(error.to_string().contains("16 secrets sign already"), "{error}");
    rotate(made.id, good(), Duration::ZERO).await.unwrap();
    fixture.clock.advance(HOUR);
    rotate(made.id, good(), HOUR).await.unwrap();

    let mut declared = Declared::default();
    declared.destinations.push(destination("d"));
    fixture.catalog.apply_file(fixture.project(), declared).await.unwrap();
    let error = rotate(made.id, good(), HOUR).await.unwrap_err();
    assert!(matches!(error, WriteError::ManagedByFile { .. }), "{error}");
}
