//! The providers there are, as the build script found them in `catalogue/`.
//!
//! A description is parsed when it is first asked for, and once. Looking a name up parses no other.

use std::sync::OnceLock;

use crate::configuration::ConfigError;
use crate::definition::Provider;

/// Names and descriptions, sorted by name; written by the build script.
static DESCRIPTIONS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/catalogue.rs"));

static PARSED: OnceLock<Box<[OnceLock<Option<Provider>>]>> = OnceLock::new();

/// The provider with this name.
pub fn provider(name: &str) -> Option<&'static Provider> {
    let index = DESCRIPTIONS.binary_search_by(|(known, _)| (*known).cmp(name)).ok()?;
    at(index)
}

/// The provider with this name, or an error that names those there are.
pub(crate) fn find(name: &str) -> Result<&'static Provider, ConfigError> {
    provider(name).ok_or_else(|| ConfigError::unknown_provider(name))
}

/// All providers, sorted by name. Parses those that nobody has asked for yet.
pub fn providers() -> impl Iterator<Item = &'static Provider> {
    (0..DESCRIPTIONS.len()).filter_map(at)
}

/// The names of all providers, sorted.
pub fn provider_names() -> impl Iterator<Item = &'static str> {
    DESCRIPTIONS.iter().map(|(name, _)| *name)
}

fn at(index: usize) -> Option<&'static Provider> {
    let parsed = PARSED.get_or_init(|| DESCRIPTIONS.iter().map(|_| OnceLock::new()).collect());
    let (_, description) = DESCRIPTIONS.get(index)?;
    parsed.get(index)?.get_or_init(|| serde_json::from_str(description).ok()).as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_description_parses_and_is_found_by_its_name() {
        assert_eq!(providers().count(), DESCRIPTIONS.len());
        for name in provider_names() {
            assert_eq!(provider(name).unwrap().name, name);
        }
        assert!(provider("no-such-provider").is_none());
        assert!(std::ptr::eq(provider("github").unwrap(), provider("github").unwrap()));
    }
}
