//! API keys: recognised by their text, which is kept nowhere; rotated with an overlap; ended.

use hookyard_model::access::{API_KEYS_MAX, Scope};

use super::*;

fn new(name: &str, scope: Scope) -> NewApiKey {
    NewApiKey { name: name.to_owned(), scope, expires_at: None }
}

impl Fixture {
    async fn api_key(&self, name: &str, scope: Scope) -> GeneratedKey {
        self.catalog.create_api_key(self.project(), new(name, scope)).await.unwrap()
    }

    /// The name of the key that has this text now.
    fn admitted(&self, text: &Secret) -> Option<String> {
        let snapshot = self.catalog.snapshot();
        snapshot.api_key_of(text.expose(), self.clock.now()).map(|key| key.name.clone())
    }
}

#[tokio::test]
async fn a_key_is_recognised_by_its_text_also_after_a_reopening() {
    let fixture = Fixture::new();
    let ci = fixture.api_key("ci", Scope::Operate).await;
    let other = fixture.api_key("other", Scope::Read).await;
    let fixture = fixture.reopened();
    assert_eq!(fixture.admitted(&ci.text).as_deref(), Some("ci"));
    assert_eq!(fixture.admitted(&other.text).as_deref(), Some("other"));
    assert_eq!(fixture.catalog.snapshot().api_keys[&ci.key.id], ci.key);
    assert!(ci.text.expose().ends_with(&ci.key.hint) && ci.key.hint.len() == 4);
    // One bit of the random part, and the right random part under another key's id.
    let mut altered = ci.text.expose().to_owned();
    let last = if altered.pop() == Some('0') { '1' } else { '0' };
    altered.push(last);
    let mixed = format!("{}{}", &other.text.expose()[..17], &ci.text.expose()[17..]);
    for wrong in [altered, mixed, String::new(), "hky_".to_owned()] {
        assert_eq!(fixture.admitted(&Secret::new(wrong.clone())), None, "{wrong}");
    }
}

#[tokio::test]
async fn the_text_of_a_key_is_nowhere_on_disk() {
    let fixture = Fixture::new();
    let key = fixture.api_key("ci", Scope::Admin).await;
    let rotated = fixture.catalog.rotate_api_key(fixture.project(), key.key.id, Duration::from_secs(9));
    let rotated = rotated.await.unwrap();
    let mut all = Vec::new();
    for entry in std::fs::read_dir(fixture.directory.path()).unwrap() {
        all.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    let holds = |text: &str| all.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds(&key.key.name) && holds(&key.key.hint), "what is not secret is found by this search");
    for text in [&key.text, &rotated.text] {
        assert!(!holds(text.expose()) && !holds(&text.expose()[20..40]), "{}", text.expose());
    }
    let shown = format!("{:?} {key:?}", fixture.catalog.snapshot());
    assert!(!shown.contains(&key.text.expose()[20..]), "{shown}");
}

#[tokio::test]
async fn a_rotated_text_is_taken_until_the_overlap_is_over() {
    let fixture = Fixture::new();
    let first = fixture.api_key("ci", Scope::Operate).await;
    let rotate = |overlap| {
        fixture.catalog.rotate_api_key(fixture.project(), first.key.id, Duration::from_secs(overlap))
    };
    let second = rotate(60).await.unwrap();
    assert_eq!(
        (fixture.admitted(&first.text), fixture.admitted(&second.text)),
        (Some("ci".into()), Some("ci".into()))
    );
    assert_eq!(
        second.key.previous.as_ref().unwrap().until,
        fixture.clock.now().plus(Duration::from_secs(60))
    );
    let fixture_now = fixture.clock.now();
    fixture.later();
    assert!(fixture.clock.now() > fixture_now);
    assert_eq!((fixture.admitted(&first.text), fixture.admitted(&second.text)), (None, Some("ci".into())));

    // Without an overlap, and one rotation further, the older ones are gone at once.
    let third = rotate(60).await.unwrap();
    let fourth = rotate(0).await.unwrap();
    assert_eq!((fixture.admitted(&second.text), fixture.admitted(&third.text)), (None, None));
    assert_eq!(fixture.admitted(&fourth.text).as_deref(), Some("ci"));
    assert_eq!(fourth.key.previous, None);
    let refused = rotate(31 * 24 * 3600).await.unwrap_err();
    assert!(matches!(refused, WriteError::Invalid { setting: "overlap_ms", .. }), "{refused}");
}

#[tokio::test]
async fn a_key_ends_when_its_time_has_come_or_it_is_deleted() {
    let fixture = Fixture::new();
    let expires_at = Some(fixture.clock.now().plus(Duration::from_secs(60)));
    let ending = NewApiKey { expires_at, ..new("ending", Scope::Read) };
    let ending = fixture.catalog.create_api_key(fixture.project(), ending).await.unwrap();
    let lasting = fixture.api_key("lasting", Scope::Read).await;
    assert_eq!(fixture.admitted(&ending.text).as_deref(), Some("ending"));
    fixture.later();
    assert_eq!(fixture.admitted(&ending.text), None);
    fixture.catalog.delete_api_key(fixture.project(), lasting.key.id).await.unwrap();
    assert_eq!(fixture.admitted(&lasting.text), None);
    let fixture = fixture.reopened();
    assert_eq!((fixture.admitted(&lasting.text), fixture.admitted(&ending.text)), (None, None));

    let past = NewApiKey { expires_at, ..new("past", Scope::Read) };
    let refused = fixture.catalog.create_api_key(fixture.project(), past).await.unwrap_err();
    assert!(matches!(refused, WriteError::Invalid { setting: "expires_at", .. }), "{refused}");
    // One whose end has come can still be renamed, and be given more time.
    let renamed = NewApiKey { expires_at, ..new("renamed", Scope::Read) };
    fixture.catalog.update_api_key(fixture.project(), ending.key.id, renamed).await.unwrap();
    fixture
        .catalog
        .update_api_key(fixture.project(), ending.key.id, new("again", Scope::Admin))
        .await
        .unwrap();
    assert_eq!(fixture.admitted(&ending.text).as_deref(), Some("again"));
}

#[tokio::test]
async fn names_are_free_and_keys_are_bounded() {
    let fixture = Fixture::new();
    let first = fixture.api_key("first", Scope::Read).await;
    let taken =
        fixture.catalog.create_api_key(fixture.project(), new("first", Scope::Read)).await.unwrap_err();
    assert!(matches!(taken, WriteError::NameTaken { noun: Noun::ApiKey, .. }), "{taken}");
    for number in 1..API_KEYS_MAX {
        fixture.api_key(&format!("key-{number}"), Scope::Read).await;
    }
    let many = fixture.catalog.create_api_key(fixture.project(), new("more", Scope::Read)).await.unwrap_err();
    assert_eq!(many, WriteError::TooManyApiKeys);
    fixture.catalog.delete_api_key(fixture.project(), first.key.id).await.unwrap();
    fixture.api_key("more", Scope::Read).await;
}

#[tokio::test]
async fn uses_are_known_at_once_and_written_at_most_once_a_minute() {
    let fixture = Fixture::new();
    let key = fixture.api_key("ci", Scope::Read).await;
    let id = key.key.id;
    assert_eq!(fixture.catalog.api_key_used_at(id), None);
    let version = fixture.catalog.snapshot().version;
    let written = async |fixture: &Fixture, expected: Timestamp| {
        let found = || -> Option<i64> {
            let database = fixture.catalog.shared.database.lock().unwrap();
            database.query_row("SELECT last_used_at_us FROM api_keys", [], |row| row.get(0)).unwrap()
        };
        while found() != Some(expected.us().cast_signed()) {
            tokio::task::yield_now().await;
        }
    };
    let first = fixture.clock.now();
    fixture.catalog.note_api_key_use(id);
    written(&fixture, first).await;
    fixture.clock.advance(Duration::from_secs(59));
    fixture.catalog.note_api_key_use(id);
    assert_eq!(fixture.catalog.api_key_used_at(id), Some(fixture.clock.now()));
    assert!(fixture.clock.now() > first);
    fixture.clock.advance(Duration::from_secs(1));
    let third = fixture.clock.now();
    fixture.catalog.note_api_key_use(id);
    // The second was not written, or it would have been before the third.
    written(&fixture, third).await;
    assert_eq!(fixture.catalog.snapshot().version, version, "a use is no change of the configuration");
    let fixture = fixture.reopened();
    assert_eq!(fixture.catalog.api_key_used_at(id), Some(third));
}
