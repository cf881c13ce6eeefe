//! What must hold of a request beside its signature: that it is meant for this source.
//!
//! Looked at before the signature, so that no key is fetched for what is somebody else's. What is looked at
//! is part of what is signed; the description sees to that.

use crate::condition::Condition;
use crate::configuration::ConfigError;
use crate::definition;
use crate::engine::prepare::Site;
use crate::read::{Reader, Why};
use crate::template::{Place, Template};
use crate::verdict::Refusal;

/// Conditions that must all hold.
#[derive(Debug)]
pub(crate) struct Required(Vec<Condition>);

impl Required {
    pub(crate) fn new(conditions: &[definition::Condition], site: &Site<'_>) -> Result<Self, ConfigError> {
        for text in
            conditions.iter().flat_map(|condition| condition.equals.iter().chain(&condition.listed_in))
        {
            let template = Template::parse(text).map_err(|why| site.bad_description(why))?;
            for value in template.values() {
                // With an empty setting an empty value would do.
                if let Place::Setting(name) = &value.place
                    && site.settings.get(name).is_none_or(|text| text.trim().is_empty())
                {
                    return Err(site
                        .settings
                        .missing(name, "what the provider signs must be for this source"));
                }
            }
        }
        let conditions = conditions.iter().map(Condition::new).collect::<Result<_, _>>();
        conditions.map(Self).map_err(|why| site.bad_description(why))
    }

    pub(crate) fn check(&self, reader: &Reader<'_>) -> Result<(), Refusal> {
        for condition in &self.0 {
            if condition.holds(reader) {
                continue;
            }
            let place = condition.value.place.clone();
            return Err(match reader.value(&condition.value) {
                Err(unreadable) if unreadable.why == Why::Missing => Refusal::ValueMissing { place },
                Err(unreadable) => unreadable.into(),
                Ok(_) => Refusal::CredentialWrong { place },
            });
        }
        Ok(())
    }
}
