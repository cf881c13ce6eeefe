//! What is around a value in a body: how it is described. `finish` puts these descriptions where they are used, as
//! they are no schemas of their own.

use std::borrow::Cow;
use std::marker::PhantomData;

use utoipa::__dev::ComposeSchema;
use utoipa::ToSchema;
use utoipa::openapi::schema::{AnyOfBuilder, Object, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};

use crate::merge::Field;

/// `null` goes back to the default.
impl<T: ComposeSchema> ComposeSchema for Field<T> {
    fn compose(generics: Vec<RefOr<Schema>>) -> RefOr<Schema> {
        or_null(inner::<T>(generics))
    }
}

impl<T: ToSchema + ComposeSchema> ToSchema for Field<T> {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Field")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        T::schemas(schemas);
    }
}

/// Fields that can create something: some of them have to be given then.
pub(crate) trait Create: ToSchema {
    /// Those.
    const NEEDED: &'static [&'static str];

    /// The forms that such a body can have, where there are several; `all` are the fields.
    fn forms(all: Object) -> RefOr<Schema> {
        all.into()
    }
}

/// A body that creates what the fields `T` change.
pub(crate) struct Creating<T>(PhantomData<T>);

impl<T: Create + ComposeSchema> ComposeSchema for Creating<T> {
    fn compose(_: Vec<RefOr<Schema>>) -> RefOr<Schema> {
        match T::compose(Vec::new()) {
            RefOr::T(Schema::Object(mut object)) => {
                object.required = T::NEEDED.iter().map(|name| (*name).to_owned()).collect();
                T::forms(object)
            }
            other => other,
        }
    }
}

impl<T: Create + ComposeSchema> ToSchema for Creating<T> {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Creating")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        T::schemas(schemas);
    }
}

/// The form of an object that the field `tag` says: with these fields beside it, and no others.
pub(crate) fn form(all: &Object, tag: &str, value: &str, fields: &[&str]) -> Object {
    let mut form = all.clone();
    form.properties.retain(|name, _| fields.contains(&name.as_str()));
    let word = ObjectBuilder::new().schema_type(Type::String).enum_values(Some([value]));
    form.properties.insert(tag.to_owned(), word.into());
    form.required.retain(|name| form.properties.contains_key(name));
    form
}

/// Bytes of any kind.
pub(crate) enum Bytes {}

impl ComposeSchema for Bytes {
    fn compose(_: Vec<RefOr<Schema>>) -> RefOr<Schema> {
        let bytes = ObjectBuilder::new().schema_type(Type::String);
        bytes.content_media_type("application/octet-stream").into()
    }
}

impl ToSchema for Bytes {}

fn inner<T: ComposeSchema>(generics: Vec<RefOr<Schema>>) -> RefOr<Schema> {
    generics.into_iter().next().unwrap_or_else(|| T::compose(Vec::new()))
}

/// The same, or `null`.
fn or_null(schema: RefOr<Schema>) -> RefOr<Schema> {
    let with_null = |known: &SchemaType| match known {
        SchemaType::Type(one) => Some(SchemaType::Array(vec![one.clone(), Type::Null])),
        SchemaType::Array(_) | SchemaType::AnyValue => None,
    };
    match schema {
        RefOr::T(Schema::Object(mut object)) if object.enum_values.is_none() => {
            if let Some(nullable) = with_null(&object.schema_type) {
                object.schema_type = nullable;
            }
            RefOr::T(Schema::Object(object))
        }
        RefOr::T(Schema::Array(mut array)) => {
            if let Some(nullable) = with_null(&array.schema_type) {
                array.schema_type = nullable;
            }
            RefOr::T(Schema::Array(array))
        }
        other => {
            let null = ObjectBuilder::new().schema_type(Type::Null);
            AnyOfBuilder::new().item(other).item(null).into()
        }
    }
}
