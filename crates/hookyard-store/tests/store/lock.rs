//! One data directory, one store.

use hookyard_store::store::{OpenError, Store};

use crate::harness::*;

#[tokio::test]
async fn a_second_store_is_refused_until_the_first_is_gone() {
    let yard = Yard::new();
    let store = yard.open();
    let error = Store::open(yard.options.clone()).unwrap_err();
    assert!(matches!(error, OpenError::Locked { .. }));
    let text = error.to_string();
    assert!(text.contains(&format!("process {}", std::process::id())), "{text}");
    assert!(text.contains("choose another data directory"), "{text}");
    let clone = store.clone();
    drop(store);
    assert!(Store::open(yard.options.clone()).is_err(), "a clone still has it");
    drop(clone);
    yard.open();
}
