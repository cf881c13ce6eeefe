//! How events get to a destination, on the wire: what only one type of destination has.

use std::time::Duration;

use hookyard_model::auth::Auth;
use hookyard_model::destination::{Http, HttpVersion, LEASE_DEFAULT, Pull, Reach, TIMEOUT_DEFAULT};

use super::auth::AuthFields;
use crate::merge::Field;
use crate::problem::Problem;

/// What a body says that only a destination of type `http` has.
// No `Debug`: it holds secrets.
pub(super) struct OfHttp {
    pub(super) url: Field<String>,
    pub(super) append_path: Field<bool>,
    pub(super) timeout_ms: Field<u64>,
    pub(super) http_version: Field<String>,
    pub(super) auth: Field<AuthFields>,
}

/// What a body says that only a destination of type `pull` has.
pub(super) struct OfPull {
    pub(super) lease_ms: Field<u64>,
}

impl OfHttp {
    /// The endpoint that results.
    ///
    /// # Errors
    /// A missing URL, or an authentication that cannot be read.
    pub(super) fn onto(self, current: Option<&Http>) -> Result<Http, Problem> {
        let url = self.url.required(current.map(|it| it.url.clone()), "url")?;
        let timeout = match self.timeout_ms {
            Field::Keep => current.map_or(TIMEOUT_DEFAULT, |it| it.timeout),
            Field::Reset => TIMEOUT_DEFAULT,
            Field::Set(ms) => Duration::from_millis(ms),
        };
        let auth = match (self.auth, current) {
            (Field::Set(fields), current) => fields.onto(current.map_or(&Auth::None, |it| &it.auth))?,
            (Field::Keep, Some(current)) => current.auth.clone(),
            (Field::Keep, None) | (Field::Reset, _) => Auth::None,
        };
        let append_path = self.append_path.over(current.is_some_and(|it| it.append_path), false);
        let http_version = http_version(self.http_version, current)?;
        Ok(Http { url, append_path, timeout, http_version, auth })
    }

    /// Refuses all of it.
    pub(super) fn refuse(&self) -> Result<(), Problem> {
        refuse_of_pull(&self.url, "url")?;
        refuse_of_pull(&self.append_path, "append_path")?;
        refuse_of_pull(&self.timeout_ms, "timeout_ms")?;
        refuse_of_pull(&self.http_version, "http_version")?;
        refuse_of_pull(&self.auth, "auth")
    }
}

impl OfPull {
    /// What consumers are given that results.
    pub(super) fn onto(self, current: Option<&Reach>) -> Pull {
        let current = match current {
            Some(Reach::Pull(pull)) => *pull,
            Some(Reach::Http(_)) | None => Pull::default(),
        };
        let lease = match self.lease_ms {
            Field::Keep => current.lease,
            Field::Reset => LEASE_DEFAULT,
            Field::Set(ms) => Duration::from_millis(ms),
        };
        Pull { lease }
    }

    /// Refuses all of it.
    pub(super) fn refuse(&self) -> Result<(), Problem> {
        let reason =
            "only a destination of type `pull` has it: leave it out, or make one with `\"type\": \"pull\"`";
        refuse(&self.lease_ms, "lease_ms", reason)
    }
}

fn http_version(said: Field<String>, current: Option<&Http>) -> Result<HttpVersion, Problem> {
    let default = HttpVersion::default().name().to_owned();
    let before = current.map_or(HttpVersion::default(), |it| it.http_version).name().to_owned();
    let reason = "expected `auto`, `1.1` or `2`, as a text";
    HttpVersion::from_name(&said.over(before, default))
        .ok_or_else(|| Problem::invalid_field("http_version", reason))
}

/// Refuses what a destination of type `pull` does not have.
pub(super) fn refuse_of_pull<T>(field: &Field<T>, name: &str) -> Result<(), Problem> {
    refuse(
        field,
        name,
        "a destination of type `pull` does not have it, as nothing is sent to it: leave it out",
    )
}

fn refuse<T>(field: &Field<T>, name: &str, reason: &str) -> Result<(), Problem> {
    match field {
        Field::Keep => Ok(()),
        Field::Reset | Field::Set(_) => Err(Problem::invalid_field(name, reason)),
    }
}
