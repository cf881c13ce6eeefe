//! One field of a body under JSON merge patch (RFC 7396): absent keeps, `null` resets, a value sets.
//!
//! Creating reads the same bodies: there, absent and `null` both mean the default.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::problem::Problem;

/// What a body says about a field. Needs `#[serde(default)]` where it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Field<T> {
    /// Nothing: it stays as it is.
    #[default]
    Keep,
    /// `null`: back to the default.
    Reset,
    /// A new value.
    Set(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Reset, Self::Set))
    }
}

/// For the description of bodies, which asks what a field is where nothing is said: nothing. A value, which may be a
/// secret, never comes out.
impl<T> Serialize for Field<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_none()
    }
}

impl<T> Field<T> {
    /// The new value, where there is one.
    pub(crate) const fn given(&self) -> Option<&T> {
        match self {
            Self::Keep | Self::Reset => None,
            Self::Set(value) => Some(value),
        }
    }

    /// The field's value after this change.
    pub(crate) fn over(self, current: T, default: T) -> T {
        match self {
            Self::Keep => current,
            Self::Reset => default,
            Self::Set(value) => value,
        }
    }

    /// The value of a field that can be absent.
    pub(crate) fn over_option(self, current: Option<T>) -> Option<T> {
        match self {
            Self::Keep => current,
            Self::Reset => None,
            Self::Set(value) => Some(value),
        }
    }

    /// The value of a field without a default; `current` is none while a resource is being created.
    ///
    /// # Errors
    /// A missing field where there is no value, an invalid one for `null` over a value.
    pub(crate) fn required(self, current: Option<T>, name: &str) -> Result<T, Problem> {
        match (self, current) {
            (Self::Set(value), _) | (Self::Keep, Some(value)) => Ok(value),
            (Self::Keep | Self::Reset, None) => Err(Problem::missing_field(name)),
            (Self::Reset, Some(_)) => Err(Problem::invalid_field(
                name,
                "it has no default to go back to: give a value or leave it out",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Fields {
        name: Field<String>,
    }

    impl Default for Fields {
        fn default() -> Self {
            Self { name: Field::Keep }
        }
    }

    #[test]
    fn absent_null_and_value_differ() {
        for (body, expected) in [
            ("{}", Field::Keep),
            (r#"{"name":null}"#, Field::Reset),
            (r#"{"name":"a"}"#, Field::Set("a".to_owned())),
        ] {
            assert_eq!(serde_json::from_str::<Fields>(body).unwrap().name, expected, "{body}");
        }
    }
}
