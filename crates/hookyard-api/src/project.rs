//! Which project a call is about: the one place that decides it.
//!
//! There is one project, `default`, so every call is about that one.

use std::convert::Infallible;
use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Path};
use hookyard_model::id::ProjectId;
use http::request::Parts;

use crate::problem::{Kind, Problem};
use crate::server::Shared;

/// The project of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InProject(pub(crate) ProjectId);

impl FromRequestParts<Arc<Shared>> for InProject {
    type Rejection = Infallible;

    async fn from_request_parts(_parts: &mut Parts, api: &Arc<Shared>) -> Result<Self, Infallible> {
        Ok(Self(api.store.catalog().snapshot().default_project))
    }
}

/// The id in the path of a call; text that is no such id names nothing, so it is not found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Id<T>(pub(crate) T);

impl<S, T> FromRequestParts<S> for Id<T>
where
    S: Send + Sync,
    T: FromStr,
    T::Err: Display,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let not_found = |detail: String| Problem::new(Kind::NotFound, detail);
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| not_found("the id in the path is not text".to_owned()))?;
        text.parse().map(Self).map_err(|error: T::Err| not_found(error.to_string()))
    }
}
