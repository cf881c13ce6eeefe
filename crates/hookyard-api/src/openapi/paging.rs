//! The parameters `limit` and `after` or `before`, as [`crate::query::Parameters::cursor`] reads them.

use std::marker::PhantomData;

use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Required, Schema};
use utoipa::{IntoParams, PartialSchema};

use crate::list::{LIMIT_DEFAULT, LIMIT_MAX};

/// A list that begins with the oldest, whose cursors are of the schema `Id`.
pub(crate) struct OldestFirst<Id>(PhantomData<Id>);

/// A list that begins with the newest.
pub(crate) struct NewestFirst<Id>(PhantomData<Id>);

impl<Id: PartialSchema> IntoParams for OldestFirst<Id> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![limit(), cursor("after", Id::schema())]
    }
}

impl<Id: PartialSchema> IntoParams for NewestFirst<Id> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![limit(), cursor("before", Id::schema())]
    }
}

fn limit() -> Parameter {
    let schema = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1))
        .maximum(Some(LIMIT_MAX))
        .default(Some(LIMIT_DEFAULT.into()));
    parameter("limit", "At most so many rows.", schema.into())
}

fn cursor(name: &str, id: RefOr<Schema>) -> Parameter {
    parameter(name, "`next` of the page before.", id)
}

fn parameter(name: &str, description: &str, schema: RefOr<Schema>) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(schema))
        .build()
}
