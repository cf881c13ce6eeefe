//! A destination's authentication on the wire: `{"kind": …}` and that kind's settings, all of them texts. The
//! settings that are secrets come in and are never shown.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use hookyard_model::auth::{Auth, AuthError, Mtls, Value};
use hookyard_outgoing::identity::Identity;
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Serialize, Serializer};
use utoipa::__dev::ComposeSchema;
use utoipa::ToSchema;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, OneOfBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};

use crate::problem::{Kind, Problem};

/// An authentication as it is shown: its kind, and what of it is no secret; `null` where there is none.
#[derive(Debug)]
pub(super) struct AuthView(Auth);

impl ComposeSchema for AuthView {
    fn compose(_: Vec<RefOr<Schema>>) -> RefOr<Schema> {
        let kinds = Auth::KINDS.iter().map(|(kind, _)| *kind).filter(|kind| *kind != "none");
        let kind = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(kinds));
        let shown = ObjectBuilder::new()
            .property("kind", kind)
            .required("kind")
            .additional_properties(Some(ObjectBuilder::new().schema_type(Type::String)));
        let about =
            "An authentication: its kind, and those of its settings that are no secrets; `null` for none.";
        let none = ObjectBuilder::new().schema_type(Type::Null);
        OneOfBuilder::new().item(shown).item(none).description(Some(about)).into()
    }
}

impl ToSchema for AuthView {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Auth")
    }
}

impl AuthView {
    pub(super) fn new(auth: &Auth) -> Self {
        Self(auth.clone())
    }
}

impl Serialize for AuthView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 == Auth::None {
            return serializer.serialize_none();
        }
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", self.0.kind())?;
        for (name, value) in self.0.settings() {
            if let Value::Shown(text) = value {
                map.serialize_entry(name, &text)?;
            }
        }
        map.end()
    }
}

/// What a body says about an authentication.
// No `Debug`: it holds secrets.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct AuthFields(BTreeMap<String, Option<String>>);

impl ComposeSchema for AuthFields {
    /// One form for each kind, and one that changes settings of the present kind.
    fn compose(_: Vec<RefOr<Schema>>) -> RefOr<Schema> {
        let setting = || ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::String, Type::Null]));
        let with = |object: ObjectBuilder, names: &[&str]| {
            let object = names.iter().fold(object, |object, name| object.property(*name, setting()));
            object.additional_properties(Some(AdditionalProperties::FreeForm(false)))
        };
        let mut forms = OneOfBuilder::new();
        for (kind, settings) in Auth::KINDS {
            let kind = ObjectBuilder::new().schema_type(Type::String).enum_values(Some([kind]));
            let object = ObjectBuilder::new().property("kind", kind).required("kind");
            forms = forms.item(with(object, settings));
        }
        let all: BTreeSet<&str> =
            Auth::KINDS.iter().flat_map(|(_, settings)| settings.iter().copied()).collect();
        let all: Vec<&str> = all.into_iter().collect();
        let description = "An authentication: its kind, and the settings of that kind. Without a kind, settings of the present one change.";
        forms.item(with(ObjectBuilder::new(), &all)).description(Some(description)).into()
    }
}

impl ToSchema for AuthFields {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("AuthFields")
    }
}

impl AuthFields {
    /// The authentication that results. Settings merge into those of the same kind; another kind begins with
    /// none.
    ///
    /// # Errors
    /// A kind or setting that is unknown, missing, or cannot be used.
    pub(super) fn onto(mut self, current: &Auth) -> Result<Auth, Problem> {
        let kind = match self.0.remove("kind") {
            Some(Some(kind)) => kind,
            Some(None) => {
                return Err(Problem::invalid_field("auth.kind", "`auth` itself is `null` for none"));
            }
            None if *current == Auth::None => return Err(Problem::missing_field("auth.kind")),
            None => current.kind().to_owned(),
        };
        let mut settings = BTreeMap::new();
        if kind == current.kind() {
            let now = current.settings().into_iter();
            settings.extend(now.map(|(name, value)| (name.to_owned(), value.expose().to_owned())));
        }
        for (name, value) in self.0 {
            match value {
                Some(value) => drop(settings.insert(name, value)),
                None => drop(settings.remove(&name)),
            }
        }
        let auth = Auth::read(&kind, &settings).map_err(|error| explain(&error))?;
        if let Auth::Mtls(Mtls { certificate, key, ca }) = &auth {
            Identity::parse(certificate, key.expose(), ca.as_deref())
                .map_err(|error| Problem::invalid_field(&format!("auth.{}", error.setting()), error))?;
        }
        Ok(auth)
    }
}

fn explain(error: &AuthError) -> Problem {
    let field = format!("auth.{}", error.setting());
    match error {
        AuthError::Unknown { .. } => Problem::with_field(Kind::UnknownField, &field, error.to_string()),
        AuthError::Missing { .. } => Problem::missing_field(&field),
        AuthError::UnknownKind { .. } | AuthError::Invalid { .. } => Problem::invalid_field(&field, error),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn after(current: &Auth, change: Json) -> Result<Auth, (Kind, Option<String>)> {
        let fields: AuthFields = serde_json::from_value(change).unwrap();
        fields.onto(current).map_err(|problem| (problem.kind(), problem.field().map(str::to_owned)))
    }

    fn shown(auth: &Auth) -> Json {
        serde_json::to_value(AuthView::new(auth)).unwrap()
    }

    #[test]
    fn settings_merge_within_a_kind_and_secrets_are_never_shown() {
        let first = json!({"kind": "oauth2", "token_url": "https://a.test/", "client_id": "me",
                           "client_secret": "hunter2", "scope": "a"});
        let auth = after(&Auth::None, first).unwrap();
        let view = |scope: Option<&str>| {
            let mut view = json!({"kind": "oauth2", "token_url": "https://a.test/", "client_id": "me",
                                  "client_auth": "basic"});
            if let Some(scope) = scope {
                view["scope"] = json!(scope);
            }
            view
        };
        assert_eq!(shown(&auth), view(Some("a")));
        let auth = after(&auth, json!({"scope": "b"})).unwrap();
        assert_eq!(shown(&auth), view(Some("b")));
        let auth = after(&auth, json!({"kind": "oauth2", "scope": null})).unwrap();
        assert_eq!(shown(&auth), view(None));
        let Auth::OAuth2(oauth2) = &auth else { panic!("{auth:?}") };
        assert_eq!(oauth2.client_secret.expose(), "hunter2");

        let auth = after(&auth, json!({"kind": "bearer", "token": "t"})).unwrap();
        assert_eq!(shown(&auth), json!({"kind": "bearer"}));
        assert_eq!(shown(&after(&auth, json!({"kind": "none"})).unwrap()), Json::Null);
    }

    #[test]
    fn what_does_not_fit_is_refused_by_name() {
        let bearer = after(&Auth::None, json!({"kind": "bearer", "token": "t"})).unwrap();
        for (change, kind, field) in [
            (json!({"kind": "digest"}), Kind::InvalidField, "auth.kind"),
            (json!({"kind": null}), Kind::InvalidField, "auth.kind"),
            (json!({"kind": "basic"}), Kind::MissingField, "auth.username"),
            (json!({"token": null}), Kind::MissingField, "auth.token"),
            (json!({"token": "a b"}), Kind::InvalidField, "auth.token"),
            (json!({"tokne": "t"}), Kind::UnknownField, "auth.tokne"),
            (json!({"kind": "basic", "username": "a", "token": "t"}), Kind::UnknownField, "auth.token"),
            (
                json!({"kind": "mtls", "certificate": "-----BEGIN X-----", "key": "-----BEGIN X-----"}),
                Kind::InvalidField,
                "auth.certificate",
            ),
        ] {
            assert_eq!(after(&bearer, change.clone()), Err((kind, Some(field.to_owned()))), "{change}");
        }
        assert_eq!(
            after(&Auth::None, json!({"token": "t"})),
            Err((Kind::MissingField, Some("auth.kind".to_owned())))
        );
    }
}
