//! Query parameters, read strictly: an unknown, repeated or unreadable one is an error that names it.

use std::convert::Infallible;
use std::fmt::Display;
use std::str::FromStr;

use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::list::{Cursor, LIMIT_DEFAULT, LIMIT_MAX};
use crate::problem::{Kind, Problem};

/// The parameters of a call, before they are read.
#[derive(Debug)]
pub(crate) struct Query(String);

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.uri.query().unwrap_or_default().to_owned()))
    }
}

impl Query {
    /// Reads the parameters with `read`; what it does not ask for is unknown.
    ///
    /// # Errors
    /// Those of `read`, and a parameter that is unknown or stands there twice.
    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&mut Parameters) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let mut parameters = Parameters { given: Vec::new(), known: Vec::new() };
        for (name, value) in form_urlencoded::parse(self.0.as_bytes()) {
            if parameters.given.iter().any(|(earlier, _)| *earlier == name) {
                let detail = format!("`{name}` is given more than once: give it once");
                return Err(Problem::with_field(Kind::DuplicateParameter, &name, detail));
            }
            parameters.given.push((name.into_owned(), value.into_owned()));
        }
        let read = read(&mut parameters);
        match parameters.given.first() {
            Some((unknown, _)) if read.is_ok() => Err(parameters.unknown(unknown)),
            _ => read,
        }
    }
}

/// The parameters that have not been asked for yet.
#[derive(Debug)]
pub(crate) struct Parameters {
    given: Vec<(String, String)>,
    known: Vec<&'static str>,
}

impl Parameters {
    /// The parameter of this name, where it is given.
    ///
    /// # Errors
    /// A value that cannot be read.
    pub(crate) fn optional<T>(&mut self, name: &'static str) -> Result<Option<T>, Problem>
    where
        T: FromStr,
        T::Err: Display,
    {
        self.with(name, |text| text.parse().map_err(|error: T::Err| error.to_string()))
    }

    /// The parameter of this name, read by `parse`, whose error is readable after "`name`: ".
    ///
    /// # Errors
    /// A value that cannot be read.
    pub(crate) fn with<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, Problem> {
        self.known.push(name);
        let Some(place) = self.given.iter().position(|(given, _)| given == name) else {
            return Ok(None);
        };
        let (_, text) = self.given.swap_remove(place);
        parse(&text).map(Some).map_err(|reason| {
            Problem::with_field(Kind::InvalidParameter, name, format!("`{name}`: {reason}"))
        })
    }

    /// The parameters `limit` and, under the name `cursor`, the last id of the page before.
    ///
    /// # Errors
    /// A value that cannot be read.
    pub(crate) fn cursor<Id>(&mut self, cursor: &'static str) -> Result<Cursor<Id>, Problem>
    where
        Id: FromStr,
        Id::Err: Display,
    {
        let limit = self.with("limit", |text| match text.parse() {
            Ok(limit @ 1..=LIMIT_MAX) => Ok(limit),
            _ => Err(format!("expected a number from 1 to {LIMIT_MAX}")),
        })?;
        Ok(Cursor { past: self.optional(cursor)?, limit: limit.unwrap_or(LIMIT_DEFAULT) })
    }

    fn unknown(&self, name: &str) -> Problem {
        let detail = if self.known.is_empty() {
            format!("`{name}` is not a parameter here: this call takes none")
        } else {
            format!("`{name}` is not a parameter here: this call takes {}", self.known.join(", "))
        };
        Problem::with_field(Kind::UnknownParameter, name, detail)
    }
}

/// For calls that take no parameters.
#[derive(Debug)]
pub(crate) struct NoQuery;

impl<S: Sync> FromRequestParts<S> for NoQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        Query(parts.uri.query().unwrap_or_default().to_owned()).read(|_| Ok(Self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Refused = (Kind, Option<String>);

    fn read(query: &str) -> Result<(Cursor<u32>, Option<bool>), Refused> {
        Query(query.to_owned())
            .read(|query| Ok((query.cursor("after")?, query.optional("flag")?)))
            .map_err(|problem| (problem.kind(), problem.field().map(str::to_owned)))
    }

    #[test]
    fn what_is_asked_for_is_read() {
        assert_eq!(read(""), Ok((Cursor { past: None, limit: 50 }, None)));
        assert_eq!(read("flag=true&limit=7&after=9"), Ok((Cursor { past: Some(9), limit: 7 }, Some(true))));
        assert_eq!(read("%66lag=false"), Ok((Cursor { past: None, limit: 50 }, Some(false))));
    }

    #[test]
    fn everything_else_is_refused_by_name() {
        for (query, kind, field) in [
            ("flags=true", Kind::UnknownParameter, "flags"),
            ("flag", Kind::InvalidParameter, "flag"),
            ("flag=1", Kind::InvalidParameter, "flag"),
            ("limit=0", Kind::InvalidParameter, "limit"),
            ("limit=251", Kind::InvalidParameter, "limit"),
            ("limit=-1", Kind::InvalidParameter, "limit"),
            ("limit=1&limit=1", Kind::DuplicateParameter, "limit"),
            ("x=1&x=1", Kind::DuplicateParameter, "x"),
            ("after=", Kind::InvalidParameter, "after"),
        ] {
            assert_eq!(read(query), Err((kind, Some(field.to_owned()))), "{query}");
        }
    }
}
