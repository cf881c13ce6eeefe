//! Templates and values of a description, made ready for one source: the settings' names of headers
//! put in, and what the source lacks said at once instead of at the first request.

use http::HeaderName;

use crate::adapters;
use crate::configuration::ConfigError;
use crate::settings::Settings;
use crate::template::{Name, Part, Place, Template, Value};

/// A source, as far as a scheme is compiled for it.
#[derive(Clone, Copy)]
pub(crate) struct Site<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) secrets: &'a [&'a str],
    pub(crate) public_url: Option<&'a str>,
}

impl Site<'_> {
    /// A template, taken apart and made ready.
    pub(crate) fn template(&self, text: &str) -> Result<Template, ConfigError> {
        let mut template = Template::parse(text).map_err(|why| self.bad_description(why))?;
        self.parts(&mut template.parts)?;
        Ok(template)
    }

    /// A value, taken apart and made ready.
    pub(crate) fn value(&self, text: &str) -> Result<Value, ConfigError> {
        let mut value = Value::parse(text).map_err(|why| self.bad_description(why))?;
        self.ready(&mut value)?;
        Ok(value)
    }

    /// The provider's name.
    pub(crate) fn provider(&self) -> &'static str {
        &self.settings.provider().name
    }

    /// The error for a description that asks for something that does not exist.
    pub(crate) fn bad_description(&self, why: impl Into<String>) -> ConfigError {
        ConfigError::BadDescription { provider: self.provider(), why: why.into() }
    }

    fn parts(&self, parts: &mut [Part]) -> Result<(), ConfigError> {
        for part in parts {
            match part {
                Part::Text(_) => {}
                Part::Value(value) => self.ready(value)?,
                Part::Optional(parts) => self.parts(parts)?,
            }
        }
        Ok(())
    }

    fn ready(&self, value: &mut Value) -> Result<(), ConfigError> {
        match &mut value.place {
            Place::Header(name) => self.header_name(name),
            Place::Adapter(name) if adapters::needs_url(name) && self.public_url.is_none() => {
                Err(ConfigError::NoPublicUrl { provider: self.provider() })
            }
            Place::Url | Place::BaseUrl | Place::Host if self.public_url.is_none() => {
                Err(ConfigError::NoPublicUrl { provider: self.provider() })
            }
            _ => Ok(()),
        }
    }

    /// Puts the setting's value for its name, so that refusals name the header itself.
    fn header_name(&self, name: &mut Name) -> Result<(), ConfigError> {
        let Name::Setting(setting) = name else { return Ok(()) };
        let Some(text) = self.settings.get(setting) else { return Ok(()) };
        match HeaderName::from_bytes(text.as_bytes()) {
            Ok(header) => {
                *name = Name::Fixed(header);
                Ok(())
            }
            Err(_) => Err(self.settings.bad(setting, "that is not the name of a header")),
        }
    }
}
